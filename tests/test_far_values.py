"""Maps whose inner values under- or overflow: everything there comes from logarithms, and is compared with mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from symbij.bijectors.derived import bijector
from tests.fuzz.truth import Truth
from tests.fuzz.words import Unknown

FAR: dict[str, tuple[float, ...]] = {
    "asin(ndtr(x))": (-50.0, -39.0, -3.0),
    "acos(ndtr(2*x))": (20.0, 12.0),
    "atanh(erf(x))": (50.0, 27.5, 3.0, -45.0),
    "asinh(atanh(erf(log(x))))": (6.8e19, 5.0),
    "log1p(0.5*exp(x))": (10000.0, 720.0, 3.0),
    "asinh(0.1*(0.25*expm1(x) + 1))": (720.0, 5e10, 3.0),
    "softsign(x**3)": (1e107, -1e150, 0.5),
    "softsign(sinh(x))": (-800.0, -1e10, 0.5),
    "exp(asinh(log1p(sinh(x))))": (2e153, 1e5, 0.5),
    "cbrt(log1p(exp(-x)))": (800.0, 1e10, 0.5),
    "softplus_inverse(sigmoid(3*x + abs(x)/2))": (-1e11, -400.0, -3.0, 5.0),
    "cbrt(x**5)": (1e107, -1e150, 1e-107),
    "1/(2 + exp(x))**(1/8)": (1000.0, 5000.0, 0.5),
    "atan(min(x, sinh(x)))": (-800.0, -0.5),
    "cbrt(1/sinh(x))": (1000.0, 2100.0, 3.0),
    "cosh(exp(x))": (-1000.0, -800.0, 2.0),
    "cosh(erfc(x))": (30.0, 3.0),
    "log(cosh(exp(x)))": (-1000.0, -3.0),
    "cbrt(asinh(cbrt(log_ndtr(x))))": (700.0, 39.0, 30.0, -3.0),
    "(log_ndtr(log(x)))**3": (6.2e92, 1e17, 3.0),
    "cbrt(cbrt(log_ndtr(lambertw(x))))": (1e200, 1e30, 3.0),
    "log(-log_ndtr(x))": (700.0, 38.3, 1e100, -3.0),
    "asinh(log_ndtr(x)**5)": (700.0, 38.3, 3.0),
    "acosh(1 + exp(x))": (-1000.0, -30.0, 4.0, 800.0),
    "logit(ndtr(x))": (5e-126, -1e-10, 0.3, 1.1, -3.0),
    "ndtri(sigmoid(x))": (5e-126, -1e-10, 0.3, 1.1, 20.0),
    "acos(exp(x/2))": (-3.3e-204, -1e-10, -3.0),
    "log1p(acos((1 + sigmoid(log(x)))/2))": (6.9e106, 3.0),
    "asin(tanh(2 - x/2)**3)": (-50.0, 20.0, 4.5),
    "asin((x/(1 + abs(x)))**3)": (2.9e45, -1e20, 3.0),
    "atan(softsign_inverse(ndtr(x)**3))": (20.0, 3.0, -2.0),
    "lambertw(exp(x))": (1000.0, 3000.0, 3.0),
    "atan(x*exp(x))": (800.0, 3.0),
    "asin(exp(-exp(-x)))": (-7.0, -20.0, 3.0),
    "log(1 + x + x**2)": (1e200, 1e160, 3.0),
    "sqrt(x**2 + x)": (1e200, 1e160, 3.0),
    "log(x + 1/x)": (1e200, 3.0),
    # sums and products of which a term is infinite, though neither f nor log|f'| is
    "x**5 - x**3 + x": (1e60, 1e62, 1e78, 1e104, -1e200, 1e300, 3.0),
    "x**2/(1 + x)": (1e68, 1e154, 1e155, 1e200, 1e308, 3.0),
    "(x**3 + x)/(1 + x**2/2)": (1e103, -1e200, 3.0),
    "asinh(x**5 - x**3 + x)": (1e61, 1e62, -1e100, 1e300, 3.0),
    "asinh(exp(x) + x**3)": (-1.3e104, -1e150, 800.0, 3.0),
    "asinh(x**3 - exp(-x))": (1.3e104, 1e150, -800.0, 3.0),
    # from infinite values to their preimages
    "asinh(x**3 + x)": (4.8e102, 1e110, -1e200, 1e300, 3.0),
    "log1p(x**5 + x)": (1e61, 1e63, 1e200, 1e307, 3.0),
    "asinh((x**3 + x)**3)": (1e30, 1e40, -1e200, 3.0),
    "asinh(-sinh(2*x) - x)": (300.0, 360.0, -3000.0, 3.0),
    "cbrt(x**5 + x)": (1e61, 1e63, -1e100, 3.0),
}
DOMAIN: dict[str, tuple[object, object]] = {
    "log(1 + x + x**2)": (0, "oo"),
    "sqrt(x**2 + x)": (0, "oo"),
    "log(x + 1/x)": (1, "oo"),
    "x**2/(1 + x)": (0, "oo"),
    "log1p(x**5 + x)": (0, "oo"),
    "cbrt(1/sinh(x))": (0, "oo"),
    "cbrt(cbrt(log_ndtr(lambertw(x))))": (0, "oo"),
    "atan(x*exp(x))": (0, "oo"),
    "log1p(acos((1 + sigmoid(log(x)))/2))": (0, "oo"),
}


@pytest.mark.parametrize("text", FAR)
def test_inner_values_beyond_the_doubles(text: str) -> None:
    made, truth = bijector(text, domain=DOMAIN.get(text))(), Truth(text, {})
    for x in FAR[text]:
        value, slope = truth.at(x)
        log_det, y = float(truth.log_det(x)), float(value)
        spread = float(abs(mpf(x) * slope / value)) if value else 1.0
        # the exponential of a logarithm costs as many roundings as the logarithm is large
        digits = 2e-15 * max(1.0, spread, *(abs(float(mpmath.log(abs(v)))) / 4 for v in (value, mpf(x))))
        assert made.forward(x) == pytest.approx(y, rel=digits, abs=0)
        # -u**2 of erf(u) cancels in the log-det of its inverse hyperbolic tangent: 2500 at u = 50
        assert made.forward_log_det_jacobian(x) == pytest.approx(log_det, rel=1e-14, abs=2e-12)
        if spread < 1e-12 or not np.isfinite(y):
            continue  # levelled off
        try:
            preimage = truth.preimage(y, x)
        except Unknown:
            continue  # the rounding of y is too much for Newton's method
        assert made.inverse(y) == pytest.approx(float(preimage), rel=digits / min(1.0, spread), abs=0)
        back = float(-truth.log_det(preimage))
        assert made.inverse_log_det_jacobian(y) == pytest.approx(back, rel=1e-13 * max(1.0, 1 / spread), abs=2e-12)


# where a multiple of a value beyond the doubles is none beyond them
BACK_AGAIN: dict[str, tuple[float, ...]] = {
    "log1p(1e-308*x**3)": (1e103, 1e110, -1e102, 3.0),
    "atan(1e-308*x**3)": (1e103, -1e103, 1e150, 3.0),
    "asinh(x**3*1e308)": (1e-110, -1e-109, 3.0),
    "atan(x**3/1e-308)": (1e-110, -1e-109, 3.0),
}


@pytest.mark.parametrize("text", BACK_AGAIN)
def test_multiples_of_values_beyond_the_doubles(text: str) -> None:
    made, truth = bijector(text)(), Truth(text, {})
    for x in BACK_AGAIN[text]:
        value, slope = truth.at(x)
        digits = 4e-13 * min(1.0, float(abs(mpf(x) * slope / value)))  # as the logarithm of 1e308 is rounded
        assert made.forward(x) == pytest.approx(float(value), rel=max(digits, 1e-15), abs=0)
        assert made.forward_log_det_jacobian(x) == pytest.approx(float(truth.log_det(x)), rel=2e-15)


# sums and products of which a part is beyond the doubles; the domain is the positive half-line
PARTS: dict[str, tuple[float, ...]] = {
    "asinh(cosh(x)*(1 + x))": (1e4, 710.0, 3.0),
    "x**10*sigmoid(x)": (5e-324, 1e-100, 1e-33, 3.0),
    "cbrt(ndtr(x)*x**2)": (5e-324, 1e-170, 3.0),
    "atan(x**2*exp(x - 10))": (1e4, 720.0, 3.0),
    "asinh(x**3 + 3*x + 2)": (1e300, 1e150, 3.0),
    "asinh(sinh(x) + exp(x))": (1e4, 800.0, 3.0),
    "softsign(x + exp(x))": (1e3, 3.0),
    "log1p(exp(3*x) + 2*exp(1.5*x))": (1e4, 300.0, 3.0),
}


@pytest.mark.parametrize("text", PARTS)
def test_parts_beyond_the_doubles(text: str) -> None:
    made, truth = bijector(text, domain=(0, "oo"))(), Truth(text, {})
    for x in PARTS[text]:
        value = float(truth.at(x)[0])
        size = max(1.0, abs(np.log(abs(value) or 1.0)))  # of the logarithm that the value is the exponential of
        assert made.forward(x) == pytest.approx(value, rel=1e-15 * size, abs=0)
        assert made.forward_log_det_jacobian(x) == pytest.approx(float(truth.log_det(x)), rel=1e-14, abs=2e-12)


ENDS = (  # a map, the method, an end of the domain, and the limit there
    ("x**2*exp(x)", "forward_log_det_jacobian", 0.0, -np.inf),
    ("x**2*exp(x)", "forward_log_det_jacobian", np.inf, np.inf),
    ("1/(exp(x) + x**2)", "forward", np.inf, 0.0),
    ("asinh(x**3 + x)", "forward", np.inf, np.inf),
    ("x**3 + x", "forward_log_det_jacobian", np.inf, np.inf),
)


@pytest.mark.parametrize(("text", "method", "end", "limit"), ENDS)
def test_limits_at_the_very_ends(text: str, method: str, end: float, limit: float) -> None:
    """Where the logarithm of a part is infinite itself, it says no more than the part does."""
    assert getattr(bijector(text, domain=(0, "oo"))(), method)(end) == limit


def test_limits_at_the_lower_end_of_the_line() -> None:
    assert bijector("exp(x)*ndtr(x)")().forward_log_det_jacobian(-np.inf) == -np.inf
    assert bijector("asinh(x**3 + x)")().forward(-np.inf) == -np.inf
