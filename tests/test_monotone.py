"""Proofs that sums and products are monotone, their conditions on parameters, and what the user vouches for."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import symbij as sb
from symbij.calculus.enclose import enclosure
from symbij.calculus.truth import evaluate
from symbij.formula.formula import make_formula


@pytest.mark.parametrize(
    ("text", "domain", "conditions", "good", "bad"),
    [
        ("x + k*tanh(x)", None, ["k + 1 >= 0"], {"k": -1.0}, {"k": -1.0000001}),
        ("a*x + sin(x)", None, ["a**2 - 1 >= 0"], {"a": -1.0}, {"a": 0.999}),
        ("x + k*tanh(x)", (0, "oo"), ["k + 1 >= 0"], {"k": -1.0}, {"k": -1.0000001}),
        ("a*x + exp(x)", None, ["a > 0"], {"a": 0.1}, {"a": 0.0}),
        ("a*x + x**3", None, ["a >= 0"], {"a": 0.0}, {"a": -1e-9}),
        ("a*x**3 + b*x**2 + c*x", None, ["12*a*c - 4*b**2 >= 0", "Ne(3*a, 0)"], {"a": 1.0, "b": 3.0, "c": 3.0},
         {"a": 1.0, "b": 3.1, "c": 3.0}),
        ("(a*x + b)/(c*x + d)", (0, 1), ["d*(c + d) > 0"], {"a": 1.0, "b": 2.0, "c": 1.0, "d": 1.0},
         {"a": 1.0, "b": 2.0, "c": -2.0, "d": 1.0}),
    ],
)  # fmt: skip
def test_conditions_are_derived_and_checked(
    text: str, domain: object, conditions: list[str], good: dict[str, float], bad: dict[str, float]
) -> None:
    cls = sb.bijector(text, domain=domain)
    assert set(conditions) <= {str(relation) for relation, _ in cls.derivation.conditions}
    made = cls(**good)
    x = np.array([0.1, 0.4, 0.9])
    np.testing.assert_allclose(made.inverse(made.forward(x)), x, rtol=1e-9)
    with pytest.raises(sb.ParameterError, match="condition"):
        cls(**bad)


@pytest.mark.parametrize("domain", [None, (0, 1), (0, "2*pi"), (-1, "oo")])
def test_a_proof_for_the_line_serves_for_a_part_of_it(domain: object) -> None:
    """Kepler's equation with an eccentricity below 1."""
    cls = sb.bijector("x - k*sin(x)", domain=domain, k=sb.unit)
    assert cls.derivation.conditions == ()
    x = np.array([0.1, 0.4, 0.9])
    np.testing.assert_allclose(cls(k=0.99).inverse(cls(k=0.99).forward(x)), x, rtol=1e-14)


@pytest.mark.parametrize(
    ("ends", "open_at"), [((-1, 1), (True, True)), ((0, 1), (False, True)), ((-1, 0.5), (True, False))]
)
def test_a_pole_at_an_end_opens_the_domain_there(ends: tuple[float, float], open_at: tuple[bool, bool]) -> None:
    cls = sb.bijector("x/(1 - x**2)", domain=ends)
    domain = cls.derivation.domain
    assert (domain.lo, domain.hi, domain.lo_open, domain.hi_open) == (*map(sp.nsimplify, ends), *open_at)
    x = np.linspace(*ends, 7)[1:-1]
    np.testing.assert_allclose(cls().inverse(cls().forward(x)), x, rtol=1e-14)
    y = np.array([-3.0, 0.25, 1e9])[slice(int(ends[0] == 0), 3 - int(ends[1] < 1))]
    np.testing.assert_allclose(cls().inverse(y), 2 * y / (1 + np.sqrt(1 + 4 * y * y)), rtol=1e-14)


def test_an_assumed_bijection_says_so() -> None:
    text = "x + k*x/(1 + x**2)"
    with pytest.raises(sb.NotBijectiveError, match="assume_bijective"):
        sb.bijector(text, k=(0, 8))
    cls = sb.bijector(text, k=(0, 8), assume_bijective=True)
    assert cls.derivation.status == "assumed"
    assert "assumed" in str(cls.derivation)
    x = np.array([-7.0, 0.1, 2.0, 30.0])
    np.testing.assert_allclose(cls(0.9).inverse(cls(0.9).forward(x)), x, rtol=1e-14)


def test_who_vouches_for_a_folded_map_is_contradicted() -> None:
    with pytest.raises(sb.NotBijectiveError, match="not one-to-one"):
        sb.bijector("x**3 - x", assume_bijective=True)


def test_a_fold_narrower_than_any_grid_is_refused_by_proof() -> None:
    for text in ("x - 1.001e-3*tanh(1000*x)", "x - 1.0000001e-6*tanh(1e6*(x - 0.123456))"):
        with pytest.raises(sb.NotBijectiveError, match="not one-to-one") as caught:
            sb.bijector(text)
        x1, x2, _ = caught.value.witness
        assert x1 != x2
    assert sb.bijector("x - 1e-3*tanh(1000*x)").derivation.status == "proved"


PROVED = [
    ("x**5 - x**3 + x", None, "ℝ", "ℝ"),
    ("x - sin(x)", None, "ℝ", "ℝ"),
    ("x**x", (1, "oo"), "[1, ∞)", "[1, ∞)"),
    ("x/(1 + x**2)", (-1, 1), "[-1, 1]", "[-1/2, 1/2]"),
    ("exp(x)*(x**2 + 1)", None, "ℝ", "(0, ∞)"),
    ("1/(x - 1)**2 + x", (1, 2), "(1, 2]", "[3, ∞)"),
    ("sinh(x)*cosh(x)", None, "ℝ", "ℝ"),
    ("logaddexp(x, 2*x)", None, "ℝ", "ℝ"),
    ("exp(x) + x - tanh(x)", None, "ℝ", "ℝ"),
    ("x - 0.9*sin(x)", None, "ℝ", "ℝ"),
    ("(1 - exp(-x))*exp(-2*exp(-x))", (0, "oo"), "[0, ∞)", "[0, 1)"),
]


@pytest.mark.parametrize(("text", "where", "domain", "codomain"), PROVED)
def test_proofs(text: str, where: object, domain: str, codomain: str) -> None:
    cls = sb.bijector(text, domain=where)
    d = cls.derivation
    assert d.status == "proved"
    assert (str(d.domain), str(d.codomain)) == (domain, codomain)
    made = cls()
    lo, hi = (float(e) if e.is_finite else math.copysign(4.0, e) for e in (d.domain.lo, d.domain.hi))
    x = np.linspace(lo, hi, 23)[1:-1]
    y = made.forward(x)
    formula = make_formula(text)
    for a, b, ld in zip(x, y, made.forward_log_det_jacobian(x), strict=True):
        assert b == pytest.approx(float(evaluate(formula.expr, {"x": a}, 200)), rel=1e-14)
        with mpmath.workprec(200):
            slope = mpmath.diff(lambda t: evaluate(formula.expr, {"x": t}, 400), mpmath.mpf(a))
            assert ld == pytest.approx(float(mpmath.log(abs(slope))), rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(made.forward(made.inverse(y)), y, rtol=1e-14, atol=1e-300)


X = sp.Symbol("x", real=True)
EXPRESSIONS = [
    X**2 - 3 * X, sp.exp(-X) * X, sp.tanh(X) - X / 7, sp.cos(3 * X) + sp.sin(X), sp.log(1 + X**2), sp.atan(X) ** 3,
    1 / (1 + sp.exp(X)), sp.Abs(X - 1) * sp.cosh(X), sb.formula.functions.softplus(X) - X / 2, sp.sqrt(1 + X**2) - X,
    sp.Max(X, X**3) - sp.Min(X, 1), sb.formula.functions.logcosh(X) + sb.formula.functions.ndtr(X),
]  # fmt: skip


@given(st.sampled_from(EXPRESSIONS), st.floats(-30, 30), st.floats(0, 20), st.floats(0, 1))
def test_an_enclosure_contains_every_value(expr: sp.Expr, lo: float, width: float, place: float) -> None:
    hi = lo + width
    low, high = enclosure(expr, {X: (lo, hi)})
    inside = min(max(lo + place * (hi - lo), lo), hi)
    value = evaluate(expr, {"x": inside}, 300)
    assert low <= value <= high


@pytest.mark.parametrize(
    ("text", "constraints", "values"),
    [
        ("max(x + 10*tanh(x), 2*x)", {}, {}),
        ("min(sigmoid(x), ndtr(a*x) + b*tanh(x))", {"a": "positive", "b": "positive"}, {"a": 0.4, "b": 0.2}),
        ("max(-exp(x) - x, -sinh(x) - a*x)", {"a": "positive"}, {"a": 0.7}),
    ],
)
def test_extremes_of_maps_that_go_one_way(text: str, constraints: dict[str, str], values: dict[str, float]) -> None:
    """max and min, increasing and decreasing, also where the inverse of one of them is not defined; and back."""
    cls = sb.bijector(text, **{k: getattr(sb, v) for k, v in constraints.items()})
    expr, x = cls.derivation.forward, cls.derivation.variable
    points = np.array([-11.0, -3.0, -0.4, 0.3, 2.0, 9.0])
    y, log_det = cls(**values).forward_and_log_det(points)
    back, back_log_det = cls(**values).inverse_and_log_det(y)
    for at, got, slope, again, inverse in zip(points, y, log_det, back, back_log_det, strict=True):
        truth = evaluate(expr, {x.name: at, **values}, 400)
        with mpmath.workprec(400):
            step = mpmath.mpf(2) ** -150
            steep = (evaluate(expr, {x.name: at + step, **values}, 400) - truth) / step
            size = mpmath.log(abs(steep))
        assert float(got) == pytest.approx(float(truth), rel=1e-15)
        assert float(slope) == pytest.approx(float(size), abs=1e-14)
        conditioned = 1e-15 * max(1.0, abs(float(truth / steep / at)))
        assert float(again) == pytest.approx(at, rel=8 * conditioned)
        assert float(inverse) == pytest.approx(-float(size), abs=1e-14 + 100 * conditioned)
