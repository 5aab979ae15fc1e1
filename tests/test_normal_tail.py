"""The normal tail's quantile from a logarithm, over all doubles: the kernel and the fuzzer's interpretation of it."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from kernel_calls import kernel
from mpmath import mpf
from truth import from_ordinal, ordinal

from tests.fuzz.interpret import FUNCTIONS


def log_tail(a: mpf) -> tuple[mpf, mpf]:
    """log(Phi(-a)) and its derivative's size, for a > 5: by the asymptotic series beyond 1e4, which is exact there."""
    if a > 1e4:
        series = mpmath.fsum((-1) ** k * mpmath.fac2(2 * k - 1) / a ** (2 * k) for k in range(12))
        return -(a**2) / 2 - mpmath.log(2 * mpmath.pi) / 2 - mpmath.log(a) + mpmath.log(series), a / series
    tail = mpmath.erfc(a / mpmath.sqrt(2)) / 2
    return mpmath.log(tail), mpmath.exp(-(a**2) / 2) / mpmath.sqrt(2 * mpmath.pi) / tail


@pytest.mark.parametrize("function", [lambda v: kernel("ndtri_exp", v), FUNCTIONS["ndtri_exp"]])
@pytest.mark.parametrize(("lo", "hi"), [(-1e308, -1e30), (-1e30, -1e6), (-1e6, -744.0), (-744.0, -20.0)])
def test_quantile_of_a_logarithm(function: object, lo: float, hi: float) -> None:
    """Within 2 ulp at points uniform over the ordinals: the error by the residual, which Newton's step turns into one
    of the quantile."""
    numbers = np.random.default_rng(0).integers(ordinal(lo), ordinal(hi), 150)
    v = np.array([from_ordinal(int(n)) for n in numbers])
    with mpmath.workprec(1300):
        for at, found in zip(v, function(v), strict=True):  # type: ignore[operator]
            value, slope = log_tail(-mpf(float(found)))
            error = (value - mpf(float(at))) / slope
            assert abs(error) <= 2 * np.spacing(abs(found)), f"at {at}: {found}, off by {float(error)}"
