"""Every peephole rule by itself: the links it makes, and that they are the same map, to hundreds of bits."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from mpmath import mpf
from truth import diff, numeric, plain, real

import symbij as sb
from symbij.calculus.chain import Link, chain_forward, chain_log_det, chain_log_det_from_output, link
from symbij.calculus.rules import simplify_chain

P, Q, S, A = (sp.Symbol(n, positive=True) for n in "pqsa")
VALUES = {P: sp.Rational(7, 5), Q: sp.Rational(2, 3), S: sp.Rational(3, 2), A: sp.Rational(5, 7)}
X = sp.Symbol("x", real=True)
MINUS = link("scale", -1)

# What a rule takes, what it makes of it, and points of its domain.
RULES: dict[str, tuple[tuple[Link, ...], list[str], tuple[str, ...]]] = {
    "u^p - 1": ((link("power", P), link("shift", -1)), ["pow_m1"], ("0.01", "0.7", "1.3", "8")),
    "s - s u^p": ((link("power", P), link("scale", -S), link("shift", S)), ["pow_m1", "scale"], ("0.01", "0.7", "8")),
    "(c u)^p - 1": (
        (link("scale", A), link("power", P), link("shift", -1)), ["scale", "pow_m1"], ("0.01", "0.7", "8"),
    ),
    "(1 + u)^p - 1": (
        (link("shift", 1), link("power", P), link("shift", -1)), ["pow_1p_m1"], ("-0.7", "0.01", "3"),
    ),
    "log(1 - u^p)": (
        (link("power", P), MINUS, link("shift", 1), link("log")), ["log_1m_pow"], ("0.01", "0.5", "0.99"),
    ),
    "log(1 - (1 - u)^p)": (
        (MINUS, link("shift", 1), link("power", P), MINUS, link("shift", 1), link("log")),
        ["scale", "log1p", "scale", "log1mexp"], ("1e-300", "0.01", "0.5", "0.99"),
    ),
    "1 - (1 - u^p)^q": (
        (link("power", P), MINUS, link("shift", 1), link("power", Q), MINUS, link("shift", 1)),
        ["complement_power"], ("0.01", "0.5", "0.99"),
    ),
    "(s/u)^p": ((link("reciprocal"), link("scale", S), link("power", P)), ["pow_quotient"], ("0.01", "0.5", "7")),
    "1 - (s/u)^p": (
        (link("reciprocal"), link("scale", S), link("power", P), MINUS, link("shift", 1)),
        ["log_quotient", "scale", "expm1", "scale"], ("1.6", "3", "7"),
    ),
    "1/u^p": ((link("power", P), link("reciprocal")), ["power"], ("0.01", "0.5", "7")),
    "log(u/s)": ((link("divide", S), link("log")), ["log_quotient"], ("0.01", "0.5", "7")),
    "(u/s)^p": ((link("divide", S), link("power", P)), ["pow_quotient"], ("0.01", "0.5", "7")),
    "exp(p log(u/s))": (
        (link("divide", S), link("log"), link("scale", P), link("exp")), ["pow_quotient"], ("0.01", "0.5", "7"),
    ),
    "u^2/(2 s^2)": ((link("power", 2), link("divide", 2 * S**2)), ["pow_quotient", "divide"], ("0.01", "0.5", "7")),
    "exp(-a exp(u))": ((link("exp"), link("scale", -A), link("exp")), ["exp_exp"], ("-3", "0.1", "2")),
    "exp(-exp(u/s))": ((link("divide", S), link("exp"), MINUS, link("exp")), ["exp_exp"], ("-3", "0.1", "2")),
    "1 - exp(-a exp(u))": (
        (link("exp"), link("scale", -A), link("exp"), MINUS, link("shift", 1)),
        ["expm1_exp", "scale"], ("-3", "0.1", "2"),
    ),
    "1 - exp(-a (exp(u) - 1))": (
        (link("exp"), link("shift", -1), link("scale", -A), link("exp"), MINUS, link("shift", 1)),
        ["expm1_expm1", "scale"], ("-3", "0.1", "2"),
    ),
    "log(1 + a (exp(u) - 1))": ((link("expm1"), link("scale", A), link("log1p")), ["log1p_expm1"], ("-3", "0.1", "2")),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    raw, expected, points = RULES[name]
    chain = simplify_chain(raw)
    assert [item.name for item in chain] == expected

    def function(expr: sp.Expr, symbol: sp.Symbol = X) -> object:
        return numeric(plain(expr.subs(VALUES)), [symbol])

    before = plain(chain_forward(raw, X).subs(VALUES))
    value, slope = numeric(before, [X]), numeric(diff(before, X), [X])
    forms = (
        function(chain_forward(chain, X)),
        function(chain_log_det(chain, X)),
        function(chain_log_det_from_output(chain, X)),
    )
    with mpmath.workprec(1200):
        for text in points:
            x = mpf(text)
            y, log_det = real(value(x)), mpmath.log(abs(real(slope(x))))
            for got, wanted in zip((forms[0](x), forms[1](x), forms[2](y)), (y, log_det, log_det), strict=True):
                assert abs(real(got) - wanted) < mpf(2) ** -700 * max(1, abs(wanted)), f"{name} at {text}"


def test_log1p_of_multiples_of_expm1() -> None:
    """Through the overflow of the exponential, in both directions."""
    made = sb.bijector("log1p(2*expm1(x))")()
    for point in (-0.69, -1e-300, 0.3, 39.0, 41.0, 709.0, 800.0, 1e6):
        with mpmath.workprec(3000):
            u = mpf(point)
            y = mpmath.log(2) + u + mpmath.log(1 - mpmath.exp(-u) / 2) if point < 1e5 else mpmath.log(2) + u
            log_det = -mpmath.log(1 - mpmath.exp(-u) / 2) if point < 1e5 else mpf(0)
        assert float(made.forward(point)) == pytest.approx(float(y), rel=1e-14)
        assert float(made.forward_log_det_jacobian(point)) == pytest.approx(float(log_det), rel=1e-14)
        assert float(made.inverse(float(y))) == pytest.approx(point, rel=1e-12)
