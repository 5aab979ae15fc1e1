"""The rules for functions that nearly undo each other: what they make, that both say the same, and what that gains."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf
from truth import diff, numeric, plain, real

from symbij.bijectors.derived import bijector
from symbij.calculus.chain import chain_forward, chain_log_det, chain_log_det_from_output
from symbij.calculus.rules import simplify_chain
from tests.test_rules_sigmoid import BOUND, NEGATE, Rule, S, X, chain, errors

RULES: dict[str, Rule] = {
    "log(u/(1 - u))": Rule(
        chain(NEGATE, ("moebius", -1, 0, 1, 1), "log"), chain("logit"), (1e-320, 0.3, 0.999), gains=False
    ),
    "exp(logit)": Rule(chain("logit", "exp"), chain("softsign_inverse"), (1e-300, 0.3, 0.999)),
    "exp(-logit)": Rule(
        chain("logit", NEGATE, "exp"), chain("odds_against"), (1e-300, 0.3, 0.999)
    ),
    "sigmoid(log)": Rule(chain("log", "sigmoid"), chain("softsign"), (1e-300, 0.3, 1e200)),
    "sigmoid(log1p)": Rule(
        chain("log1p", "sigmoid"), chain(("shift", 1), "softsign"), (-0.999999999, 1e-9, 1e200), gains=False
    ),
    "expm1(softplus)": Rule(chain("softplus", "expm1"), chain("exp"), (-700.0, 0.3, 700.0), gains=False),
    "exp(softplus)": Rule(
        chain("softplus", "exp"), chain("exp", ("shift", 1)), (-30.0, 0.3, 700.0), gains=False
    ),
    "exp(-softplus)": Rule(
        chain("softplus", NEGATE, "exp"), chain(NEGATE, "sigmoid"), (-700.0, 0.3, 700.0), gains=False
    ),
    "expm1(-softplus)": Rule(
        chain("softplus", NEGATE, "expm1"), chain("sigmoid", NEGATE), (-700.0, 0.3, 30.0), gains=False
    ),
    "log1p(-exp)": Rule(chain("exp", NEGATE, "log1p"), chain(NEGATE, "log1mexp"), (-800.0, -0.3, -1e-300)),
    "log(-expm1)": Rule(chain("expm1", NEGATE, "log"), chain(NEGATE, "log1mexp"), (-40.0, -0.3, -1e-300)),
    "logit(exp)": Rule(
        chain("exp", "logit"), chain(NEGATE, "softplus_inverse", NEGATE), (-800.0, -0.3, -1e-30)
    ),
    "ndtri(exp)": Rule(chain("exp", "ndtri"), chain("ndtri_exp"), (-800.0, -0.3, -1e-30)),
    "atanh(exp)": Rule(chain("exp", "atanh"), chain("log_tanh_inverse"), (-700.0, -0.3, -1e-30)),
    "erfinv(exp)": Rule(chain("exp", "erfinv"), chain("log_erf_inverse"), (-700.0, -0.3, -1e-30)),
    "(1 + exp)**p": Rule(
        chain("exp", ("shift", 1), ("power", S)), chain("softplus", ("scale", S), "exp"), (-30.0, 0.3, 800.0),
        values={S: 0.25},
    ),
    "log(2 + exp)": Rule(
        chain("exp", ("shift", 2), "log"),
        chain(("shift", -sp.log(2)), "softplus", ("shift", sp.log(2))), (-30.0, 0.3, 800.0),
    ),
    "log1p(1 + 3*exp)": Rule(
        chain("exp", ("scale", 3), ("shift", 1), "log1p"),
        chain(("shift", sp.log(sp.Rational(3, 2))), "softplus", ("shift", sp.log(2))), (-30.0, 0.3, 800.0),
    ),
    "sigmoid**p": Rule(
        chain("sigmoid", ("power", S)), chain(NEGATE, "softplus", ("scale", -S), "exp"), (-900.0, 0.3, 30.0),
        values={S: 0.25},
    ),
    "1/sigmoid": Rule(
        chain("sigmoid", "reciprocal"), chain(NEGATE, "exp", ("shift", 1)), (-700.0, 0.3, 700.0), gains=False
    ),
    "exp**3": Rule(chain("exp", ("odd_power", 3)), chain(("scale", 3), "exp"), (-200.0, 0.3, 200.0), gains=False),
    "cbrt(exp)": Rule(chain("exp", ("odd_root", 3)), chain(("divide", 3), "exp"), (-2000.0, 0.3, 2000.0)),
    "(u**3)**5": Rule(
        chain(("odd_power", 3), ("odd_power", 5)), chain(("odd_power", 15)), (-1e15, 0.3, 1e-15), gains=False
    ),
    "(u**p)**3": Rule(
        chain(("power", S), ("odd_power", 3)), chain(("power", 3 * S)), (1e-15, 0.3, 1e15), gains=False,
        values={S: 2.5},
    ),
    "acosh(1 + u)": Rule(chain(("shift", 1), "acosh"), chain("acosh_1p"), (1e-20, 0.3, 1e200)),
    "atanh(u - 1)": Rule(
        chain(("shift", -1), "atanh"), chain(("divide", 2), "logit", ("divide", 2)), (1e-300, 0.3, 1.9)
    ),
    "erfinv(1 - u)": Rule(chain(NEGATE, ("shift", 1), "erfinv"), chain("erfcinv"), (1e-300, 0.3, 1.9)),
    "logit(1 - 3*u)": Rule(
        chain(("scale", -3), ("shift", 1), "logit"), chain(("scale", 3), "logit", NEGATE), (1e-300, 0.1, 0.3)
    ),
    "ndtri(1 - u)": Rule(chain(NEGATE, ("shift", 1), "ndtri"), chain("ndtri", NEGATE), (1e-300, 0.3, 0.9)),
    "erfcinv(2 - u)": Rule(chain(NEGATE, ("shift", 2), "erfcinv"), chain("erfcinv", NEGATE), (1e-300, 0.3, 1.9)),
    "logit((u - 1)/(s - 1))": Rule(
        chain(("divide", S - 1), ("shift", -1 / (S - 1)), "logit"), chain(("moebius_beside_pole", 1, -1, -1, S), "log"),
        (1.000001, 1.3, 2.499), gains=False, values={S: 2.5},
    ),
    "atanh((2*u - s - 1)/(s - 1))": Rule(
        chain(("scale", 2 / (S - 1)), ("shift", -(S + 1) / (S - 1)), "atanh"),
        chain(("moebius_beside_pole", 1, -1, -1, S), "log", ("divide", 2)), (1.000001, 1.3, 2.499), gains=False,
        values={S: 2.5},
    ),
    "u/(u + 3)": Rule(
        chain(("moebius", 2, 0, 1, 3)), chain(("moebius_from_zero", 2, 1, 3)), (1e-300, 0.3, 1e300), gains=False
    ),
    "1/(2/u + s)": Rule(
        chain("reciprocal", ("scale", 2), ("shift", S), "reciprocal"), chain(("moebius_from_zero", 1, S, 2)),
        (1e-300, 0.3, 1e300), gains=False, values={S: 2.5},
    ),
    "exp(asinh)": Rule(
        chain("asinh", "exp"), chain(("hyperbola_root", sp.S.Half, -sp.S.Half, 0, 1)), (-1e100, 0.3, 1e200)
    ),
    "cosh - 1": Rule(chain("cosh", ("shift", -1)), chain("cosh_m1"), (1e-20, 0.3, 700.0)),
    "atan(sinh)": Rule(
        chain("sinh", "atan"), chain("gudermann"), (-700.0, 1e-300, 0.3, 30.0),
        gains=False,
    ),
    "asinh(tan)": Rule(
        chain("tan", "asinh"), chain("gudermann_inverse"), (-1.5, 1e-300, 0.3, 1.57),
        gains=False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_rewriting(name: str) -> None:
    assert simplify_chain(RULES[name].left) == RULES[name].right


@pytest.mark.parametrize("name", RULES)
def test_both_sides_are_the_same_map(name: str) -> None:
    """Value and log|derivative|, the latter from either side."""
    rule = RULES[name]
    exact = {symbol: sp.Rational(value) for symbol, value in rule.values.items()}

    def function(expr: sp.Expr) -> object:
        return numeric(plain(expr.subs(exact)), [X])

    before = plain(chain_forward(rule.left, X).subs(exact))
    value, slope = function(before), function(diff(before, X))
    forward = function(chain_forward(rule.right, X))
    from_input = function(chain_log_det(rule.right, X))
    from_output = function(chain_log_det_from_output(rule.right, X))
    with mpmath.workprec(6000):
        for point in rule.points:
            x = mpf(point)
            y, log_det = real(value(x)), mpmath.log(abs(real(slope(x))))
            for got, wanted in ((forward(x), y), (from_input(x), log_det), (from_output(y), log_det)):
                assert abs(real(got) - wanted) < mpf(2) ** -700 * max(1, abs(wanted)), f"{name} at {point}"


@pytest.mark.parametrize("name", RULES)
def test_what_a_rule_gains(name: str) -> None:
    rule = RULES[name]
    assert max(errors(rule.right, rule)) <= BOUND
    assert (max(errors(rule.left, rule)) > BOUND) == rule.gains


INVERSES = {
    "exp(-logit(x))": (lambda y: 1 / (1 + y), (1e-300, 1e-20, 1e-7, 3.0, 1e300)),
    "atan(sinh(x))": (lambda y: mpmath.asinh(mpmath.tan(y)), (1e-300, 0.3, 1.5707963267947, 1.5707963267948966)),
    "asinh(tan(x))": (lambda y: mpmath.atan(mpmath.sinh(y)), (1e-300, 0.3, 29.9, 700.0)),
}


@pytest.mark.parametrize("text", INVERSES)
def test_inverses_of_joined_functions(text: str) -> None:
    inverse, points = INVERSES[text]
    domain = ("-pi/2", "pi/2") if "tan(x)" in text else None
    made = bijector(text, domain=domain)()
    for y in points:
        with mpmath.workprec(3000):
            truth = inverse(mpf(y))
            log_det = mpmath.log(abs(mpmath.diff(inverse, mpf(y), h=mpf(2) ** -1200)))
            values = float(truth), float(log_det)
        assert made.inverse(y) == pytest.approx(values[0], rel=5e-16, abs=0)
        assert made.inverse_log_det_jacobian(y) == pytest.approx(values[1], rel=1e-15, abs=1e-320)


@pytest.mark.parametrize("text", ["x/(1 - x)", "x/(1 + x)", "2*x/(2 + x)", "1/(1/x + 1)", "3*x/(3 - 2*x)"])
def test_log_det_of_moebius_maps_that_start_with_slope_one(text: str) -> None:
    made = bijector(text, domain=(0, 1))()
    rate = {"x/(1 - x)": -1, "2*x/(2 + x)": mpf(1) / 2, "3*x/(3 - 2*x)": -mpf(2) / 3}.get(text, 1)
    for x in (1e-300, 1e-30, 1e-8, 0.3, 0.9):
        with mpmath.workprec(3000):
            expected = -2 * mpmath.log1p(rate * mpf(x))
            back = 2 * mpmath.log1p(-rate * mpf(x))  # at y = x, of du/dv = 1/(1 - k v)**2 upside down
            assert abs(mpf(float(made.forward_log_det_jacobian(x))) - expected) <= mpf(2) ** -50 * abs(expected)
            if x < made.derivation.codomain.hi:
                assert abs(mpf(float(made.inverse_log_det_jacobian(x))) + back) <= mpf(2) ** -50 * abs(back)


@pytest.mark.parametrize(("a", "k"), [(1, 3), (5, 3), (99, 3), (7, 0.1)])
def test_moebius_maps_next_to_pole_and_limit(a: float, k: float) -> None:
    """Of a*x/(k + x), where the quotients of parameters are rounded."""
    made = bijector("a*x/(k + x)", domain=("-k", "oo"), a="positive", k="positive")(a=a, k=k)
    x = np.array([np.nextafter(-k, 0), -k * (1 - 2.0**-40), 1e-300, 1e20, 1e300])
    y = np.array([-1e300, np.nextafter(a, 0), a * (1 - 2.0**-40), 1e-300])
    with mpmath.workprec(3000):
        for at, value, size in zip(x, made.forward(x), made.forward_log_det_jacobian(x), strict=True):
            below = mpf(k) + mpf(float(at))
            assert abs(mpf(float(value)) - a * mpf(float(at)) / below) <= mpf(2) ** -51 * abs(value)
            truth = mpmath.log(mpf(a) * mpf(k)) - 2 * mpmath.log(below)
            assert abs(mpf(float(size)) - truth) <= mpf(2) ** -50 * max(1, abs(truth))
        for at, size in zip(y, made.inverse_log_det_jacobian(y), strict=True):
            truth = mpmath.log(mpf(a) * mpf(k)) - 2 * mpmath.log(mpf(a) - mpf(float(at)))
            assert abs(mpf(float(size)) - truth) <= mpf(2) ** -50 * max(1, abs(truth))
    assert made.forward_log_det_jacobian(-k) == np.inf
    assert made.inverse_log_det_jacobian(a) == np.inf
    assert made.inverse(a) == np.inf
