"""Terms of a sum that are joined into one function: what becomes of them, and that it is the same map."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from mpmath import mpf
from truth import diff, numeric, plain, real

from symbij.bijectors.derived import bijector
from symbij.calculus.chain import chain_forward

A = sp.Symbol("a", positive=True)

# A formula, what it becomes, its domain, points of it.
JOINED: dict[str, tuple[list[str], tuple[float, float], tuple[float, ...]]] = {
    "log(sigmoid(x)) - log(1 - sigmoid(x))": ([], (-mpmath.inf, mpmath.inf), (-800.0, -1e-9, 0.3)),
    "a*log(sigmoid(-x)) - a*log1p(-sigmoid(-x))": (["scale"], (-mpmath.inf, mpmath.inf), (-1e-9, 30.0)),
    "softplus(x**3) - x**3": (["odd_power", "scale", "softplus"], (-mpmath.inf, mpmath.inf), (-3.0, 1e-5, 12.0)),
    "log1p(exp(x)) - x + 2": (["scale", "softplus", "shift"], (-mpmath.inf, mpmath.inf), (-3.0, 40.0)),
    "x - log(1 + exp(x))": (["scale", "softplus", "scale"], (-mpmath.inf, mpmath.inf), (-3.0, 40.0)),
    "a*expm1(x) + a": (["exp", "scale"], (-mpmath.inf, mpmath.inf), (-300.0, 3.0)),
    "1 + expm1(x) + sqrt((1 + expm1(x))**2 + 1)": (["exp", "hyperbola_root"], (-mpmath.inf, mpmath.inf), (-90.0, 3.0)),
    "log(x) - log(1 - x)": (["logit"], (0.0, 1.0), (1e-300, 0.5 + 1e-9, 0.9)),
    "a*log(x) - a*log1p(-x)": (["logit", "scale"], (0.0, 1.0), (1e-300, 0.5 + 1e-9, 0.9)),
    "logaddexp(x, 2*x)": (["sum"], (-mpmath.inf, mpmath.inf), (-800.0, -0.3, 800.0)),
    "logaddexp(x, x + 1)": (["shift"], (-mpmath.inf, mpmath.inf), (-800.0, 800.0)),
    "log(2*exp(-x) + exp(-3*x))": (["sum", "shift"], (-mpmath.inf, mpmath.inf), (-800.0, -0.3, 90.0)),
    "log1p(x) - log(1 - x)": (["atanh", "scale"], (-1.0, 1.0), (1e-300, 0.5, -0.9)),
    "log(1 - x) - log(1 + x)": (["atanh", "scale"], (-1.0, 1.0), (1e-300, 0.5, -0.9)),
}


@pytest.mark.parametrize("text", JOINED)
def test_terms_are_joined(text: str) -> None:
    names, ends, points = JOINED[text]
    made = bijector(text, **({"a": "positive"} if "a*" in text else {}))
    derivation = made.derivation
    assert [item.name for item in derivation.chain] == names
    assert tuple(mpf(str(e).replace("oo", "inf")) for e in (derivation.domain.lo, derivation.domain.hi)) == ends

    x = derivation.variable
    parameters = {p: sp.Rational(7, 5) for p in derivation.formula.expr.free_symbols - {x}}
    truth = plain(derivation.formula.expr.subs(parameters))
    value, slope = numeric(truth, [x]), numeric(diff(truth, x), [x])
    chain = numeric(plain(chain_forward(derivation.chain, x).subs(parameters)), [x])
    bound = made(**{p.name: 1.4 for p in parameters})
    with mpmath.workprec(4000):
        for point in points:
            y, log_det = real(value(mpf(point))), mpmath.log(abs(real(slope(mpf(point)))))
            assert abs(real(chain(mpf(point))) - y) < mpf(2) ** -700 * abs(y)
            assert float(bound.forward(point)) == pytest.approx(float(y), rel=3e-15, abs=0)
            got = float(bound.forward_log_det_jacobian(point))
            assert got == pytest.approx(float(log_det), rel=3e-15, abs=3e-16)
