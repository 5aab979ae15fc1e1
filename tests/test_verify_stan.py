"""Transforms and Jacobian adjustments as Stan expressions: right ones are proved, wrong ones explained."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import sympy as sp

from symbij.audit.finding import Status
from symbij.audit.report import Report
from symbij.audit.stan import verify_stan
from symbij.audit.stan_words import translated
from symbij.errors import FormulaSyntaxError, ParameterError, UsageError
from symbij.formula.constraints import positive, real
from symbij.formula.parser import parse

# The constraint transforms of Stan's Reference Manual with the log of the absolute derivative given there, which is
# that of x, the constrained variable, by y; then usual changes of variables from the User's Guide. (transform,
# jacobian, direction that it is, arguments)
RIGHT: list[tuple[str, str, str, dict[str, Any]]] = [
    ("exp(y) + lower", "y", "log|dx/dy|", {}),
    ("upper - exp(y)", "y", "log|dx/dy|", {}),
    ("lower + (upper - lower) * inv_logit(y)", "log(upper - lower) + log_inv_logit(y) + log1m_inv_logit(y)",
     "log|dx/dy|", {"parameters": {"lower": 0, "upper": 1}}),
    ("offset + multiplier * y", "log(multiplier)", "log|dx/dy|", {"parameters": {"multiplier": positive}}),
    ("tanh(y)", "log1m(square(tanh(y)))", "log|dx/dy|", {}),
    ("tanh(y)", "log(4) + 2 * (y - log1p_exp(2 * y))", "log|dx/dy|", {}),
    ("log(x - lower)", "-log(x - lower)", "log|dy/dx|", {"parameters": {"lower": 0}}),
    ("log(x - lower)", "y", "log|dx/dy|", {}),
    ("log(x)", "target += -log(x);", "log|dy/dx|", {}),
    ("logit(x)", "-log(x) - log1m(x)", "log|dy/dx|", {}),
    ("inv(x)", "-2 * log(x)", "log|dy/dx|", {"domain": (0, math.inf)}),
    ("square(x)", "log(2) + log(x)", "log|dy/dx|", {"domain": (0, math.inf)}),
    ("(a*x + b)^3", "log(3) + log(abs(a)) + 2*log(fabs(a*x + b))", "log|dy/dx|", {}),
    ("(x^lambda - 1) / lambda", "(lambda - 1) * log(x)", "log|dy/dx|", {"parameters": {"lambda": 0.5}}),
    ("Phi(x)", "-0.5 * x^2 - 0.5 * log(2 * pi())", "log|dy/dx|", {}),
    ("inv_cloglog(x)", "x - exp(x)", "log|dy/dx|", {}),
    ("sqrt(x)", "-1.0/2 * log(x) - log(2)", "log|dy/dx|", {}),
    ("sinh(x)", "log(cosh(x))", "log|dy/dx|", {}),
    ("x + exp(x)", "log1p_exp(x)", "log|dy/dx|", {}),
]  # fmt: skip
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("log(x - lower)", "log(x - lower)", {"direction": "forward"}, "is log|dx/dy|: the sign is that of the other"),
    ("exp(y) + lower", "-y", {"direction": "forward"}, "is log|dy/dx|: the sign is that of the other"),
    ("log(x)", "-x", {}, "is log|dy/dx| as a function of y, but is written with x"),
    ("exp(x)", "exp(x)", {}, "is dy/dx, not its logarithm"),
    ("(a*x + b)^3", "log(abs(a)) + 2*log(abs(a*x + b))", {}, "missing factor 3"),
    ("x / (2*pi())", "log(2*pi())", {"direction": "forward"}, "the sign is that of the other direction"),
    ("(a*x + b)^3", "log(3) + 2*log(abs(a*x + b))", {}, "missing the term log|a|"),
    ("(a*x + b)^3", "log(3) + log(a) + 2*log(abs(a*x + b))", {}, "a < 0: parameter a enters without abs"),
    ("(a*x + b)^3", "log(3) + log(abs(a)) + 3*log(abs(a*x + b))", {}, "log|a*x + b| has factor 3 instead of 2"),
    ("x^lambda", "log(lambda) + lambda*log(x)", {"parameters": {"lambda": 0.5}}, "missing the term -log(x)"),
    ("lower + (upper - lower)*inv_logit(y)", "log_inv_logit(y) + log1m_inv_logit(y)",
     {"parameters": {"lower": 0, "upper": 1}}, "missing the term log|upper - lower|"),
    ("logit((x - lower)/(upper - lower))", "-log(x - lower) - log(upper - x)",
     {"parameters": {"lower": 0, "upper": 1}}, "missing the term log|upper - lower|"),
    ("exp(x)", "log(x - 10)", {"domain": (0, 1)}, "not a real number anywhere"),
    ("x^3 - x^2/3 + x", "log(3*x^2 - 2*x/3 + 1) + x", {}, "the term x is one too many"),
    ("x^3 - x^2/3 + x", "x * sin(x)", {}, "is another function"),
    ("sqrt(x)", "-1/2 * log(x) - log(2)", {}, "-1/2 is 0 in Stan, where integers divide to integers"),
    ("sinh(x)", "2 * log(cosh(x)) + log(2)", {}, ""),
    ("tanh(x)", "3 * log1m(square(tanh(x)))", {}, "is 3 times log|dy/dx|"),
]  # fmt: skip


def check(report: Report, name: str) -> Any:
    return next(c for c in report.checks if name in c.name)


@pytest.mark.parametrize(("transform", "jacobian", "meaning", "arguments"), RIGHT)
def test_right_ones_are_proved(transform: str, jacobian: str, meaning: str, arguments: dict[str, Any]) -> None:
    report = verify_stan(transform, jacobian, **arguments)
    assert report.ok, str(report)
    assert all(c.status in (Status.PASS, Status.PROVED) for c in report.checks), str(report)
    told = check(report, "points").diagnosis
    assert f"is {meaning}, right where" in told
    assert report.seconds < 3


@pytest.mark.parametrize(("transform", "jacobian", "arguments", "diagnosis"), WRONG)
def test_wrong_ones_fail_with_the_diagnosis(
    transform: str, jacobian: str, arguments: dict[str, Any], diagnosis: str
) -> None:
    report = verify_stan(transform, jacobian, **arguments)
    (failed,) = report.failures
    assert diagnosis in failed.diagnosis, failed.diagnosis
    assert failed.witness is not None
    assert not any(c.status == Status.PROVED for c in report.checks if "jacobian" in c.name)


def test_the_witness_is_a_call_that_can_be_repeated() -> None:
    (failed,) = verify_stan("exp(x)", "2*x + a", parameters={"a": 0.25}).failures
    witness = failed.witness
    assert witness is not None
    assert witness.operation == "log|dy/dx|"
    assert witness.got == pytest.approx(2 * witness.at + witness.parameters["a"], rel=1e-15)
    assert witness.expected == pytest.approx(witness.at, rel=1e-15)
    assert "expected log|dy/dx| or log|dx/dy|" in failed.diagnosis
    assert "log|dy/dx| is x" in failed.diagnosis


def test_direction_is_asked_for_and_told() -> None:
    for direction, right in (("auto", True), ("inverse", True), ("forward", False)):
        report = verify_stan("log(x)", "log(x)", direction=direction)
        assert report.ok is right
    (failed,) = report.failures
    assert failed.diagnosis.startswith("expected log|dy/dx|: ")
    told = check(verify_stan("log(x)", "log(x)"), "points").diagnosis
    assert told == "is log|dx/dy|, right where y is the parameter and a density is stated for x"
    both = check(verify_stan("x + a", "0"), "points").diagnosis
    assert "log|dy/dx|" in both
    assert "log|dx/dy|" in both


def test_a_transform_that_is_not_one_to_one_is_refuted() -> None:
    (failed,) = verify_stan("square(x)", "log(2) + log(abs(x))").failures
    assert "not one-to-one" in failed.diagnosis
    assert failed.witness is not None
    (failed,) = verify_stan("log(x)", "-log(x)", domain=(-1, 1)).failures
    assert "is defined on (0, ∞)" in failed.diagnosis


def test_values_keep_their_signs_and_their_order() -> None:
    """A jacobian without abs is right for the parameters that the user has."""
    assert verify_stan("a*x", "log(a)", parameters={"a": 1.5}).ok
    assert verify_stan("a*x", "log(-a)", parameters={"a": -1.5}).ok
    assert verify_stan("a*x", "log(a)", parameters={"a": positive}).ok
    assert not verify_stan("a*x", "log(a)").ok
    assert verify_stan("(u - l)*x", "log(u - l)", parameters={"l": 0, "u": 1}).ok
    assert not verify_stan("(u - l)*x", "log(u - l)", parameters={"l": 1, "u": 0}).ok


def test_the_order_and_the_signs_that_names_mean_are_supposed() -> None:
    for transform, jacobian in (
        ("log((x - L)/(U - x))", "log(U - L) - log(x - L) - log(U - x)"),
        ("L + (U - L)*inv_logit(x)", "log(U - L) + log_inv_logit(x) + log1m_inv_logit(x)"),
        ("(x - L)/(U - L)", "-log(U - L)"),
    ):
        report = verify_stan(transform, jacobian)
        assert report.ok, report
        assert "where -L + U > 0" in check(report, "points").diagnosis
        assert verify_stan(transform, jacobian, parameters={"L": -1, "U": 2}).ok
        (failed, *_) = verify_stan(transform, f"2*({jacobian})").failures
        assert failed.witness is not None
        assert failed.witness.parameters["L"] < failed.witness.parameters["U"]
    report = verify_stan("mu + sigma*x", "log(sigma)")
    assert report.ok, report
    assert "where sigma > 0" in check(report, "points").diagnosis
    assert [c.status.name for c in report.checks] == ["PROVED", "PROVED", "PASS"]
    assert not verify_stan("mu + sigma*x", "2*log(sigma)").ok
    assert not verify_stan("mu + sigma*x", "log(sigma)", parameters={"sigma": real}).ok
    assert not verify_stan("L + (U - L)*inv_logit(x)", "log(U - L) + x", parameters={"L": -1, "U": 2}).ok


def test_neutral_values_hide_nothing() -> None:
    assert not verify_stan("a*x", "0", parameters={"a": 1}).ok
    assert not verify_stan("(u - l)*x", "0", parameters={"l": 0, "u": 1}).ok


@pytest.mark.parametrize(
    ("arguments", "error", "part"),
    [
        (("log(x", "x"), FormulaSyntaxError, "was never closed"),
        (("foo(x)", "x"), FormulaSyntaxError, "unknown function 'foo'"),
        (("log(x)", "().__class__"), FormulaSyntaxError, "not allowed"),
        (("log(x)", "__import__('os').system('id')"), FormulaSyntaxError, "plain name"),
        (("log(x)", ""), FormulaSyntaxError, "non-empty"),
        (("-2*x", "log(-2)"), FormulaSyntaxError, "which is not a real number"),
        (("log(a)", "x"), UsageError, "depends neither on x nor on y"),
        (("x + y", "x"), UsageError, "holds both x and y"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(arguments: tuple[str, str], error: type[Exception], part: str) -> None:
    with pytest.raises(error, match=re.escape(part)):
        verify_stan(*arguments)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match="direction must be one of"):
        verify_stan("log(x)", "x", direction="backward")
    with pytest.raises(ParameterError, match="'q' is no parameter"):
        verify_stan("log(x)", "x", parameters={"q": 1})
    with pytest.raises(ParameterError, match="must be positive"):
        verify_stan("a*x", "log(a)", parameters={"a": (positive, -1.0)})
    with pytest.raises(ParameterError, match="a must not be 0"):
        verify_stan("a*x + b", "log(abs(a))", parameters={"a": 0})
    with pytest.raises(ParameterError, match="must be finite"):
        verify_stan("a*x", "log(a)", parameters={"a": math.nan})


# Stan's functions by their definitions in the Functions Reference, in sympy's own words.
U, V = sp.symbols("u v", positive=True)
DEFINITIONS: dict[str, sp.Expr] = {
    "inv(u)": 1 / U, "inv_sqrt(u)": 1 / sp.sqrt(U), "inv_square(u)": 1 / U**2, "exp2(u)": 2**U,
    "inv_logit(u)": 1 / (1 + sp.exp(-U)), "log_inv_logit(u)": -sp.log(1 + sp.exp(-U)),
    "log1m_inv_logit(u)": -sp.log(1 + sp.exp(U)), "log1p_exp(u)": sp.log(1 + sp.exp(U)), "log1m(u - 1)": sp.log(2 - U),
    "log1m_exp(-u)": sp.log(1 - sp.exp(-U)), "log_sum_exp(u, v)": sp.log(sp.exp(U) + sp.exp(V)),
    "log_diff_exp(v, u)": sp.log(sp.exp(V) - sp.exp(U)), "inv_cloglog(u)": 1 - sp.exp(-sp.exp(U)),
    "Phi(u)": (1 + sp.erf(U / sp.sqrt(2))) / 2, "inv_Phi(u/2)": sp.sqrt(2) * sp.erfinv(U - 1),
    "Phi_approx(u)": 1 / (1 + sp.exp(-sp.Float("0.07056", 30) * U**3 - sp.Float("1.5976", 30) * U)),
    "std_normal_lcdf(u)": sp.log((1 + sp.erf(U / sp.sqrt(2))) / 2),
    "std_normal_lpdf(u)": sp.log(sp.exp(-(U**2) / 2) / sp.sqrt(2 * sp.pi)), "lambert_w0(u)": sp.LambertW(U),
    "fmax(u, v)": sp.Max(U, V), "fmin(u, v)": sp.Min(U, V), "fma(u, v, 3)": U * V + 3,
    "hypot(u, v)": sp.sqrt(U**2 + V**2),
    "lmultiply(u, v)": U * sp.log(V), "multiply_log(u, v)": U * sp.log(V), "pi()": sp.pi, "e()": sp.E,
    "sqrt2()": sp.sqrt(2), "log2()": sp.log(2), "log10()": sp.log(10), "log2(u)": sp.log(U, 2), "fabs(-u)": U,
    "pow(u, 2)": U**2, "u^v": U**V, "-u^2": -(U**2), "7/2*u": 3 * U, "-7/2*u": -3 * U, "(3 + 4)/2.0": sp.Rational(7, 2),
    "2*u/4": U / 2, "inv(u + v)^2": (U + V) ** -2, "real z = exp(u);": sp.exp(U), "jacobian += u ;": U,
}  # fmt: skip


@pytest.mark.parametrize("text", DEFINITIONS)
def test_words_of_stan_mean_what_its_manual_says(text: str) -> None:
    at = {U: sp.Rational(13, 10), V: sp.Rational(17, 10)}
    got = parse(translated(text, {}).text, {"u": U, "v": V})[0]
    from symbij.formula.functions import expand_definitions

    error = (expand_definitions(got) - DEFINITIONS[text]).subs(at).evalf(30)
    assert abs(error) < 1e-20, (got, DEFINITIONS[text])
