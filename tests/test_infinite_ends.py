"""Log-dets at and next to a finite end that is mapped to infinity."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb

BELOW_ONE = 1 - np.array([2.0**-53, 2.0**-52, 1e-14, 1e-8, 0.5])


@pytest.mark.parametrize(
    ("text", "constraints", "exponent"),
    [
        ("x**3/(1 + x**3)", {}, 3), ("x**2/(1 + x**2)", {}, 2), ("sqrt(x)/(1 + sqrt(x))", {}, 0.5),
        ("x**a/(1 + x**a)", {"a": 3.0}, 3), ("x**a/(1 + x**a)", {"a": 0.04}, 0.04),
        ("x**a/(1 + x**a)", {"a": 30.0}, 30),
        ("1/(1 + x**(-a))", {"a": 3.0}, 3),
    ],
)  # fmt: skip
def test_hill_functions_next_to_one(text: str, constraints: dict[str, float], exponent: float) -> None:
    """Also where x itself overflows, as for a = 1/25; at 1 itself log|dx/dy| is infinite."""
    made = sb.bijector(text, domain=(0, "oo"), **dict.fromkeys(constraints, sb.positive))(**constraints)
    got = made.inverse_log_det_jacobian(BELOW_ONE)
    with mpmath.workdps(60):
        a = mpf(exponent)
        for y, log_det in zip(BELOW_ONE, got, strict=True):
            odds = mpf(float(y)) / (1 - mpf(float(y)))
            true = (1 / a - 1) * mpmath.log(odds) - mpmath.log(a) - 2 * mpmath.log(1 - mpf(float(y)))
            assert abs(mpf(float(log_det)) - true) <= 2.0**-50 * max(1, abs(true))
    assert made.inverse(1.0) == math.inf
    assert made.inverse_log_det_jacobian(1.0) == math.inf
    assert math.isnan(made.inverse_log_det_jacobian(1.5))


def test_an_input_that_is_mapped_to_infinity() -> None:
    made = sb.bijector("cbrt(x/(1 - x))", domain=(0, 1))()
    assert made.forward(1.0) == math.inf
    assert made.forward_log_det_jacobian(1.0) == math.inf


@pytest.mark.parametrize("a", [0.25, 0.3])
def test_an_output_that_rounds_to_the_end_is_inside(a: float) -> None:
    """The end asinh(1 - a) of asinh(sigmoid(x) - a) is no double: none reaches it, and log|dx/dy| is finite at all."""
    made = sb.bijector("asinh(sigmoid(x) - a)", a=sb.real)(a=a)
    with mpmath.workdps(60):
        end = mpmath.asinh(1 - mpf(a))
        y = float(end)
        y = y if mpf(y) < end else math.nextafter(y, 0.0)
        p = mpmath.sinh(mpf(y)) + mpf(a)
        true = mpmath.log(mpmath.cosh(mpf(y))) - mpmath.log(p) - mpmath.log(1 - p)
    assert made.inverse_log_det_jacobian(y) == pytest.approx(float(true), abs=2.0)  # 1 - p is a rounding or less
