"""Removable singularities in a parameter: which formulas are continued, and values and gradients at the limit."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from truth import Forward, ulp_error

import symbij as sb
from symbij.calculus.derivation import Derivation
from symbij.kernels.run import Runner
from symbij.program.adjoint import gradient
from symbij.program.ir import Builder


def derivation(text: str, **constraints: object) -> Derivation:
    return sb.bijector(text, **constraints).derivation


@pytest.mark.parametrize(
    ("text", "constraints", "chain", "limits"),
    [
        ("(x**a - 1)/a", {}, ["log", "expm1_scaled"], ["a"]),
        ("x**a/a - 1/a", {}, ["log", "expm1_scaled"], ["a"]),
        ("(1 - x**(-a))/a", {}, ["log", "scale", "expm1_scaled", "scale"], ["a"]),
        ("((1 + x)**(2 - a) - 1)/(2 - a)", {}, ["pow_1p_scaled"], ["2 - a"]),
        ("(exp(a*x) - 1)/a", {}, ["expm1_scaled"], ["a"]),
        ("expm1(a*x)/a", {}, ["expm1_scaled"], ["a"]),
        ("b*expm1(a*(x + 1))/a", {"b": sb.positive}, ["shift", "expm1_scaled", "scale"], ["a"]),
        ("log(1 + a*x)/a", {}, ["log1p_scaled"], ["a"]),
        ("log1p(a*x)/a + b", {}, ["log1p_scaled", "shift"], ["a"]),
        ("(1 + a*x)**(1/a)", {}, ["log1p_scaled", "exp"], ["a"]),
        ("(1 + a*(x - m)/s)**(-1/a)", {"s": sb.positive}, ["shift", "divide", "log1p_scaled", "scale", "exp"], ["a"]),
        ("(1 + a*x)**(1/a)", {"a": sb.positive}, ["log1p_scaled", "exp"], []),
        ("(x**a - 1)/a", {"a": sb.positive}, ["log", "expm1_scaled"], []),
        # nothing to continue: the limit is not finite, or the parameter divides elsewhere too
        ("(x**a - 2)/a", {"a": sb.positive}, ["power", "shift", "divide"], []),
        ("expm1(a*x)/a + 1/a", {}, ["expm1_scaled", "shift"], []),
        ("expm1(x)/a", {}, ["expm1", "divide"], []),
    ],
)
def test_what_is_continued(text: str, constraints: dict[str, object], chain: list[str], limits: list[str]) -> None:
    d = derivation(text, **constraints)
    assert [item.name for item in d.chain] == chain
    assert [str(c) for c in d.limits] == limits
    for c in limits:
        assert f"{c} = 0 by the limit" in str(d)


def test_where_the_formula_stays_undefined_zero_is_refused() -> None:
    with pytest.raises(sb.ParameterError):
        sb.bijector("expm1(a*x)/a + 1/a")(0.0)
    with pytest.raises(sb.ParameterError):
        sb.bijector("(x**a - 1)/a", a=sb.positive)(0.0)
    with pytest.raises(sb.ParameterError):
        sb.bijector("(x**a - 1)/(a*b)")(0.5, 0.0)
    assert sb.bijector("(x**a - 1)/(a*b)")(0.0, 2.0).forward(3.0) == pytest.approx(np.log(3.0) / 2, rel=1e-15)


def test_the_forward_map_is_printed_as_written() -> None:
    d = derivation("(x**a - 1)/a")
    assert str(d.forward) == "(x**a - 1)/a"


@pytest.mark.parametrize("c", [0.0, 1e-300, -1e-18, 1e-9, -0.3, 2.0])
@pytest.mark.parametrize(
    ("text", "at_zero"),
    [
        ("(x**c - 1)/c", mpmath.log),
        ("(1 + c*x)**(1/c)", mpmath.exp),
        ("log(1 + c*x)/c", lambda x: x),
        ("expm1(c*x)/c", lambda x: x),
    ],
)
def test_values_about_the_limit(text: str, at_zero: object, c: float) -> None:
    made = sb.bijector(text)(c)
    formula = type(made).formula
    (parameter,) = formula.parameters
    for x in (0.2, 1.0, 1.3):
        if c == 0.0:
            with mpmath.workprec(300):
                truth, sensitivity = at_zero(mpf(x)), mpf(0)
        else:
            truth, sensitivity, *_ = Forward(formula.expr, formula.variable, {parameter.symbol: c}).forward(x)
        condition = max(1.0, float(abs(sensitivity / truth))) if truth else 1.0
        assert ulp_error(float(made.forward(x)), truth) <= 4 * condition
        assert float(made.inverse(made.forward(x))) == pytest.approx(x, rel=1e-14)
        assert float(made.inverse_log_det_jacobian(made.forward(x))) == pytest.approx(
            -float(made.forward_log_det_jacobian(x)), rel=1e-14, abs=1e-15
        )


@pytest.mark.parametrize("name", ["expm1_scaled", "log1p_scaled"])
@pytest.mark.parametrize("c", [0.0, 1e-300, -1e-17, 1e-9, -1e-3, 0.3, -0.9, 40.0])
@pytest.mark.parametrize("u", [0.7, -0.02, 1e-8])
def test_gradients_about_the_limit(name: str, u: float, c: float) -> None:
    """Both partial derivatives, against series: u + c u^2/2 + c^2 u^3/6 + ... and u - c u^2/2 + c^2 u^3/3 - ..."""
    b = Builder()
    inputs = [b.input("x"), b.input("c")]
    program = b.finish(gradient(b, b.call(name, *inputs), inputs), ("x", "c"))
    got = [float(v[0]) for v in Runner("g", program, np.array([[c]]), ())(np.array([u]))]
    with mpmath.workprec(1500):
        t, x = mpf(c) * mpf(u), mpf(u)
        if t <= -1 and name == "log1p_scaled":
            return
        if c == 0.0:
            expected = [mpf(1), x**2 / 2 if name == "expm1_scaled" else -(x**2) / 2]
        elif name == "expm1_scaled":
            expected = [mpmath.exp(t), (x * mpmath.exp(t) - mpmath.expm1(t) / c) / c]
        else:
            expected = [1 / (1 + t), (x / (1 + t) - mpmath.log(1 + t) / c) / c]
        for g, e in zip(got, expected, strict=True):
            assert ulp_error(g, e) <= 16 * max(1.0, float(abs(t)) * (1.0 if t > -0.5 else 40.0))


def test_training_may_start_at_the_limit() -> None:
    """The likelihood of a Box-Cox transformed normal law is smooth at lmbda = 0: from there to where it is largest."""
    x = np.exp(np.random.default_rng(0).normal(size=400)) ** 0.8
    law = sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(sb.bijectors.BoxCox(sb.Variable(0.0))))
    fitted = sb.fit(law, x, method="lbfgs").distribution
    assert np.mean(fitted.log_prob(x)) >= np.mean(law.log_prob(x))
    assert np.all(np.isfinite(fitted.log_prob(x)))


@pytest.mark.parametrize("words", ["expm1_scaled(a*x, c)", "log1p_scaled(x + a, c)", "exp(-log1p_scaled(x, a) + c)"])
def test_the_limits_are_words(words: str) -> None:
    made = sb.bijector(words, a=sb.positive)(0.7, 0.0)
    assert made.inverse(made.forward(0.3)) == pytest.approx(0.3, rel=1e-14)
