"""Sums and quotients in which the variable stands twice, with a formula for the inverse: what it is, how accurate."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf

import symbij as sb
from symbij.calculus.cores import MonotoneCore

P = sb.positive
HALF = (0, "oo")
# formula, domain, constraints; the rows it becomes; x as a formula in y
FORMS: list[tuple[str, Any, dict[str, Any], list[str], str]] = [
    ("x**2 + x", HALF, {}, ["quadratic"], "(sqrt(1 + 4*y) - 1)/2"),
    ("x**2 - x", (0, 0.5), {}, ["quadratic"], "(1 - sqrt(1 + 4*y))/2"),
    ("a*x**2 + b*x + c", HALF, {"a": P, "b": P}, ["quadratic"], "(sqrt(b**2 + 4*a*(y - c)) - b)/(2*a)"),
    ("x**2 + b*x", ("-b/2", "oo"), {}, ["quadratic"], "(sqrt(b**2 + 4*y) - b)/2"),
    ("x*(2*x + 3)", HALF, {}, ["quadratic"], "(sqrt(9 + 8*y) - 3)/4"),
    ("x - k/x", HALF, {"k": P}, ["hyperbola"], "(y + sqrt(y**2 + 4*k))/2"),
    ("x - 1/x", ("-oo", 0), {}, ["scale", "hyperbola"], "(y - sqrt(y**2 + 4))/2"),
    ("x + 1/x", (1, "oo"), {}, ["hyperbola"], "(y + sqrt(y**2 - 4))/2"),
    ("x + 1/x", (0, 1), {}, ["hyperbola"], "(y - sqrt(y**2 - 4))/2"),
    ("exp(2*x) + exp(x)", None, {}, ["exp_quadratic"], "log((sqrt(1 + 4*y) - 1)/2)"),
    ("exp(-x) + 3*exp(-2*x)", None, {}, ["scale", "exp_quadratic"], "-log((sqrt(1 + 12*y) - 1)/6)"),
    ("a*exp(x) - b*exp(-x)", None, {"a": P, "b": P}, ["exp_hyperbola"], "log((y + sqrt(y**2 + 4*a*b))/(2*a))"),
    ("sinh(x) + exp(x)", None, {}, ["exp_hyperbola"], "log((y + sqrt(y**2 + 3))/3)"),
    ("log(1 + exp(x) + exp(2*x))", None, {}, ["exp_quadratic", "log1p"], "log((sqrt(4*exp(y) - 3) - 1)/2)"),
    ("log(x)**2 + log(x)", (1, "oo"), {}, ["log", "quadratic"], "exp((sqrt(1 + 4*y) - 1)/2)"),
    ("x + sqrt(x)", None, {}, ["sum"], "((sqrt(1 + 4*y) - 1)/2)**2"),
    ("x**(2*a) + x**a", HALF, {"a": P}, ["sum"], "((sqrt(1 + 4*y) - 1)/2)**(1/a)"),
    ("x + sqrt(x**2 + c)", None, {"c": P}, ["hyperbola_root"], "(y - c/y)/2"),
    ("sqrt(x**2 + 4) - x", None, {}, ["scale", "hyperbola_root"], "(4/y - y)/2"),
    ("log(a*x + 7 + sqrt((a*x + 7)**2 + 1))", None, {"a": P}, ["shift", "asinh_scaled"], "(sinh(y) - 7)/a"),
    ("x/sqrt(4 + x**2)", None, {}, ["divide", "asinh", "tanh"], "2*y/sqrt(1 - y**2)"),
    ("x/sqrt(a + b*x**2)", None, {"a": P, "b": P}, ["asinh_scaled", "tanh", "divide"], "y*sqrt(a)/sqrt(1 - b*y**2)"),
    ("(x - c)/sqrt(a**2 + (x - c)**2)", None, {"a": P}, ["shift", "asinh_scaled", "tanh"], "c + a*y/sqrt(1 - y**2)"),
    ("x/sqrt(a - b*x**2)", None, {"a": P, "b": P}, ["scale", "atanh", "sinh_scaled"], "y*sqrt(a)/sqrt(1 + b*y**2)"),
    ("x/sqrt(x**2 - 4)", (2, "oo"), {}, ["divide", "acosh", "tanh", "reciprocal"], "2*y/sqrt(y**2 - 1)"),
    ("sqrt(1 - x)*sqrt(1 + x)/x", (0, 1), {}, ["atanh", "sinh", "reciprocal"], "1/sqrt(1 + y**2)"),
    ("x/(1 + x**4)**(1/4)", None, {}, ["softsign_power"], "y/(1 - y**4)**(1/4)"),
    ("x/(2 + 3*x**4)**(1/4)", None, {}, ["scale", "softsign_power", "scale"], "2**(1/4)*y/(1 - 3*y**4)**(1/4)"),
    ("x/(1 + abs(x)**k)**(1/k)", None, {"k": P}, ["softsign_power"], "y/(1 - abs(y)**k)**(1/k)"),
    ("x**3/sqrt(1 + x**6)", None, {}, ["odd_power", "softsign_power"], "(y**2/(1 - y**2))**(1/6)"),
    ("x/(1 - x**4)**(1/4)", (0, 1), {}, ["softsign_power_inverse"], "y/(1 + y**4)**(1/4)"),
    ("x**n/(k**n + x**n)", HALF, {"n": P, "k": P}, ["pow_quotient", "softsign"], "k*(y/(1 - y))**(1/n)"),
    ("sqrt(x)/(1 + sqrt(x))", HALF, {}, ["power", "softsign"], "(y/(1 - y))**2"),
    ("(x**2 - 1)/(x**2 + 1)", HALF, {}, ["power", "moebius"], "sqrt((1 + y)/(1 - y))"),
    ("log((1 + x)/(1 - x))/2", (-1, 1), {}, ["atanh"], "tanh(y)"),
    ("log((2 + x)/(6 - 3*x))", (-2, 2), {}, ["divide", "atanh", "scale", "shift"], "2*tanh((y + log(3))/2)"),
    ("log(x + sqrt(x**2 - 1))", (1, "oo"), {}, ["acosh"], "cosh(y)"),
    ("sinh(x)/cosh(x)", None, {}, ["tanh"], "atanh(y)"),
    ("x**3 + p*x", None, {"p": P}, ["sum"], "2*sqrt(p/3)*sinh(asinh(3*sqrt(3)*y/(2*p**(3/2)))/3)"),
]


@pytest.mark.parametrize(("text", "domain", "constraints", "names", "inverse"), FORMS)
def test_inverse_formula(text: str, domain: Any, constraints: dict[str, Any], names: list[str], inverse: str) -> None:
    d = sb.bijector(text, domain=domain, **constraints).derivation
    assert d.status == "proved"
    assert [item.name for item in d.chain] == names
    symbols = {s.name: s for s in [*d.forward.free_symbols, d.output]}
    expected = sp.sympify(inverse, locals=symbols)  # a constant of this file
    numbers = {s: sp.Rational(7, 5) for name, s in symbols.items() if name not in ("x", "y")}
    x = sp.Rational(23, 10) if domain != (0, 0.5) else sp.Rational(1, 5)
    if domain == (0, 1) or (d.domain.hi.subs(numbers) == 1):
        x = sp.Rational(3, 5)
    if domain == ("-oo", 0):
        x = -x
    y = d.forward.subs(numbers).subs(d.variable, x)
    for formula in (expected, d.inverse):
        assert abs(sp.N(formula.subs(numbers).subs(d.output, y), 60) - x) < 1e-50


MEASURED: list[tuple[str, Any, dict[str, Any], dict[str, float]]] = [
    ("x**2 + x", HALF, {}, {}),
    ("x**2 - 2*x + 1.0625", (1, "oo"), {}, {}),
    ("x**2/3 - x/7", ("3/14", "oo"), {}, {}),
    ("a*x**2 + b*x", HALF, {"a": P, "b": P}, {"a": 1e-150, "b": 1e150}),
    ("a*x**2 + b*x", HALF, {"a": P, "b": P}, {"a": 1e200, "b": 3e-9}),
    ("x**2 + b*x", ("-b/2", "oo"), {}, {"b": -3e5}),
    ("x - k/x", HALF, {"k": P}, {"k": 1e200}),
    ("x - k/x", HALF, {"k": P}, {"k": 1e-200}),
    ("x + 1/x", (1, "oo"), {}, {}),
    ("exp(2*x) + exp(x)", None, {}, {}),
    ("exp(2*x) + exp(x) - 2", None, {}, {}),
    ("exp(2*x) - exp(x)", HALF, {}, {}),
    ("a*exp(2*x) + b*exp(x)", None, {"a": P, "b": P}, {"a": 1e-30, "b": 1e10}),
    ("a*exp(x) - b*exp(-x)", None, {"a": P, "b": P}, {"a": 1e200, "b": 1e-100}),
    ("exp(x) - 1.001*exp(-x)", None, {}, {}),
    ("sinh(x) + exp(x)", None, {}, {}),
    ("x**4 + x**2", HALF, {}, {}),
    ("x + sqrt(x**2 + c)", None, {"c": P}, {"c": 0.3}),
    ("x + sqrt(x**2 + c)", None, {"c": P}, {"c": 1e200}),
    ("x**3 + p*x", None, {"p": P}, {"p": 0.3}),
    ("x/(1 + x**4)**(1/4)", None, {}, {}),
    ("x**n/(k**n + x**n)", HALF, {"n": P, "k": P}, {"n": 2.5, "k": 3.0}),
    ("sqrt(x)/(1 + sqrt(x))", HALF, {}, {}),
    ("log((1 + x)/(1 - x))/2", (-1, 1), {}, {}),
    ("log((2 + x)/(6 - 3*x))", (-2, 2), {}, {}),
    ("log(x + sqrt(x**2 - 1))", (1, "oo"), {}, {}),
    ("x/(1 + abs(x)**k)**(1/k)", None, {"k": P}, {"k": 2.7}),
    ("x/(1 + abs(x)**k)**(1/k)", None, {"k": P}, {"k": 0.3}),
]
PROMPT = [pytest.param(*m, marks=[] if k % 4 == 0 else pytest.mark.slow) for k, m in enumerate(MEASURED)]


@pytest.mark.parametrize(("text", "domain", "constraints", "values"), PROMPT)
def test_accuracy(text: str, domain: Any, constraints: dict[str, Any], values: dict[str, float]) -> None:
    measured = sb.bijector(text, domain=domain, **constraints).derivation.accuracy(values, points=16)
    assert measured.worst_conditioned <= 4.0, str(measured)


@pytest.mark.slow
def test_accuracy_of_an_inverse_through_a_root() -> None:
    measured = sb.bijector("x + sqrt(x)").derivation.accuracy(points=16).operations
    assert measured["forward"].worst_conditioned <= 4.0
    assert measured["inverse"].worst_conditioned <= 4.0
    assert measured["inverse_log_det"].wrong_nonfinite == 0


def test_parameters_decide_about_the_proof() -> None:
    cls = sb.bijector("exp(2*x) + b*exp(x)", b=sb.real)
    assert cls(b=2.0)(0.0) == 3.0
    with pytest.raises(sb.ParameterError, match="b"):
        cls(b=-2.0)


@pytest.mark.parametrize(
    ("text", "start"),
    [("(x + 1)**3 - x**3", 0), ("(x + 1)**4 - x**4", 0), ("x**3 - (x - 1)**3", 0.5), ("exp(1 - (x + 1)**3 + x**3)", 0)],
)
def test_highest_powers_that_cancel(text: str, start: float) -> None:
    made = sb.bijector(text, domain=(start, "oo"))()
    x = sp.Symbol("x")
    value = sp.sympify(text)  # a constant of this file
    for point in (0.6, 3.0, 1e10, 1e30, 1e60):
        y = float(value.subs(x, sp.Rational(point)).n(400))
        log_det = float(sp.log(abs(value.diff(x))).subs(x, sp.Rational(point)).n(400))
        assert made.forward(point) == pytest.approx(y, rel=2e-14, abs=0)
        assert made.forward_log_det_jacobian(point) == pytest.approx(log_det, rel=1e-15)
        if y:
            assert made.inverse(y) == pytest.approx(point, rel=1e-14)


def test_a_quadratic_that_a_parameter_makes_linear() -> None:
    made = sb.bijector("a*x**2 + b*x", domain=HALF, b=P)(a=0.0, b=2.0)
    y = np.array([0.0, 1e-300, 3.0, 1e300, np.inf])
    np.testing.assert_array_equal(made.inverse(y), y / 2)
    np.testing.assert_allclose(made.inverse_log_det_jacobian(y[:-1]), np.full(4, -math.log(2.0)), rtol=1e-15)
    with pytest.raises(sb.ParameterError):
        sb.bijector("a*x**2 + b*x", domain=HALF, b=P)(a=-1.0, b=2.0)


@pytest.mark.parametrize("text", ["x**2 + x", "x + 1/x", "exp(2*x) - exp(x)", "exp(x) + exp(-x)/2"])
def test_what_turns_is_refused(text: str) -> None:
    with pytest.raises(sb.NotBijectiveError):
        sb.bijector(text)


def test_a_cubic_keeps_its_numeric_inverse_beside_the_formula() -> None:
    cls = sb.bijector("x**3 + 3*x**2 + 4*x")
    assert any(isinstance(item, MonotoneCore) for item in cls.derivation.chain)
    assert "Newton" in str(cls.derivation)
    assert "sinh(asinh(" in str(cls.derivation.inverse)
    made = cls()
    y = np.array([-1e300, -8.0, -1e-300, 0.0, 5e-324, 8.0, 1e300])
    for at, got in zip(y, made.inverse(y), strict=True):
        with mpmath.workprec(3000):
            w = 3 * mpmath.sqrt(3) * (mpf(float(at)) + 2) / 2
            truth = 2 / mpmath.sqrt(3) * mpmath.sinh(mpmath.asinh(w) / 3) - 1
            assert abs(mpf(float(got)) - truth) <= 4 * math.ulp(float(truth))


def test_ends_and_infinities() -> None:
    b = sb.bijector("exp(2*x) + exp(x)")()
    np.testing.assert_array_equal(b.inverse(np.array([0.0, np.inf])), [-np.inf, np.inf])
    q = sb.bijector("x**2 - 2*x", domain=(1, "oo"))()
    np.testing.assert_array_equal(q.inverse(np.array([-1.0, 0.0, np.inf])), [1.0, 2.0, np.inf])
    assert q.forward_log_det_jacobian(1.0) == -np.inf
    assert q.inverse_log_det_jacobian(-1.0) == np.inf
    assert np.isnan(q.inverse(np.nan))


def test_parameters_are_trained_through_the_inverse() -> None:
    cls = sb.bijector("a*exp(x) - b*exp(-x)", a=P, b=P)
    x = cls(a=2.0, b=0.5).inverse(np.random.default_rng(0).normal(size=4000))
    law = sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(cls(a=sb.Variable(1.0), b=sb.Variable(1.0))))
    result = sb.fit(law, x, method="lbfgs")
    assert result.converged
    assert sorted(result.parameters.values()) == pytest.approx([0.5, 2.0], rel=0.1)


# Coefficients that are fractions: multiplied by their common denominator, the largest values must not overflow.
NEAR_THE_LARGEST = [
    ("0.3333333333333333*x**2 + 0.1234567*x", HALF, "-0.1234567", "0.3333333333333333", 0),
    ("0.7*x**2 + 0.3*x", HALF, "-0.3", "0.7", 0),
    ("0.7*x**2 + 0.3*x + 1/3", HALF, "-0.3", "0.7", "1/3"),
    ("0.123456789*exp(2*x) + exp(x)/3", None, "-1/3", "0.123456789", 0),
]


@pytest.mark.parametrize(("text", "domain", "minus_b", "a", "c"), NEAR_THE_LARGEST)
def test_inverse_near_the_largest_double(text: str, domain: Any, minus_b: str, a: str, c: Any) -> None:
    made = sb.bijector(text, domain=domain)()
    for y in (1.0, 1e298, 1e302, 1e307, 1.7e308):
        with mpmath.workprec(2000):
            a_, b_, w = (mpmath.mpf(sp.Rational(n).p) / sp.Rational(n).q for n in (a, minus_b, c))
            discriminant = mpmath.sqrt(b_**2 + 4 * a_ * (mpf(y) - w))
            root = (b_ + discriminant) / (2 * a_)
            truth, slope = (mpmath.log(root), discriminant * root) if "exp" in text else (root, discriminant)
            log_det = float(-mpmath.log(slope))
        assert made.inverse(y) == pytest.approx(float(truth), rel=1e-15)
        assert made.inverse_log_det_jacobian(y) == pytest.approx(log_det, rel=1e-15)
