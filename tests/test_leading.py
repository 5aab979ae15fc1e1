"""Leading terms of rational functions far out, against mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
import sympy as sp
from mpmath import mpf

from symbij.bijectors.derived import bijector
from symbij.calculus.cores import POINT, MonotoneCore
from symbij.calculus.leading import Leading, leading_terms

RATIONAL: dict[str, Any] = {
    "x**5 - x**3 + x": None,
    "x**2/(1 + x)": (0, "oo"),
    "(x**3 + x)/(1 + x**2/2)": None,
    "x**3/3 - x**2 + 3*x": None,
    "x**4/(2 + x)": (0, "oo"),
    "x**9 - x**5 + x": None,
}


def core_of(text: str, domain: Any) -> MonotoneCore:
    (core,) = (c for c in bijector(text, domain=domain).derivation.chain if isinstance(c, MonotoneCore))
    return core


def of(text: str, domain: Any) -> Leading:
    found = leading_terms(core_of(text, domain))
    assert found is not None
    return found


@pytest.mark.parametrize("text", RATIONAL)
def test_exact_from_there_on(text: str) -> None:
    """To a quarter of the spacing of doubles, from the first x on, where no power has overflown."""
    leading, f = of(text, RATIONAL[text]), sp.sympify(core_of(text, RATIONAL[text]).forward(POINT))
    with mpmath.workprec(3000):
        value, slope = (sp.lambdify(POINT, e, "mpmath") for e in (f, f.diff(POINT)))
        for x in (mpf(leading.beyond), 2 * mpf(leading.beyond), mpf("1e308")):
            for form, exact in ((leading.value, value(x)), (leading.slope, slope(x))):
                got = mpf(form.coefficient.p) / form.coefficient.q * x**form.power
                assert abs(got - exact) <= abs(exact) * mpf(2) ** -54


def test_what_is_left_of_a_slope_of_one() -> None:
    made = bijector("x**2/(1 + x)", domain=(0, "oo"))()
    for x in (0.5, 3.0, 1e4, 1e8, 1e16, 1e40, 1e70, 1e100, 1e150):
        with mpmath.workprec(3000):
            expected = float(mpmath.log1p(-1 / (1 + mpf(x)) ** 2))
            y = mpf(x) ** 2 / (1 + mpf(x))
            rounding = (float(y) - y) / y  # of the output, by which the log-det changes twice at the most
        assert made.forward_log_det_jacobian(x) == pytest.approx(expected, rel=1e-15, abs=0)
        digits = 1e-15 + 4 * abs(float(rounding))
        assert made.inverse_log_det_jacobian(float(y)) == pytest.approx(-expected, rel=digits, abs=0)
    assert of("x**2/(1 + x)", (0, "oo")).beyond < 1e70


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("x**3 + x", None),  # whose terms have one sign
        ("x**5 - x**3 + x", (-1, 2)),
        ("x - 2*exp(-x**2/9)", None),
        ("x**21 - x**3 + x", (1, "oo")),
    ],
)
def test_only_of_what_needs_them(text: str, domain: Any) -> None:
    assert leading_terms(core_of(text, domain)) is None


def test_coefficients_and_powers_that_only_fit_together() -> None:
    made = bijector("x**5/10**290 - x**3/10**290 + x/10**290")()
    for x in (1e110, -1e119):
        expected = float(mpf(x) ** 5 / mpf(10) ** 290)
        assert made.forward(x) == pytest.approx(expected, rel=2e-15, abs=0)
        assert made.inverse(expected) == pytest.approx(x, rel=1e-15, abs=0)
