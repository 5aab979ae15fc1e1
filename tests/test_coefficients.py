"""The coefficients in the package are those that the script computes, and are as good as they claim."""

from __future__ import annotations

import itertools
import math

import mpmath
import pytest

from symbij.kernels.coefficients import logarithm
from tests.coefficients.__main__ import FAMILIES, HERE, TARGET, fits, written
from tests.coefficients.remez import fitted


@pytest.mark.parametrize("family", FAMILIES)
def test_coefficients_are_reproduced(family: str) -> None:
    assert (TARGET / f"{family}.py").read_text() == written(family)
    assert (HERE / f"{family}.py").exists()


def test_one_coefficient_more_is_better() -> None:
    """Remez's exchange converges: every degree gains what the distance of the singularities promises."""
    (fit,) = (f for f in fits("exponential") if f.name == "EXP_SINGLE")
    errors = [
        fitted(type(fit)(fit.name, fit.function, fit.lo, fit.hi, degree, fit.weight, fit.fixed))[1]
        for degree in (2, 3, 4, 5)
    ]
    assert all(8 < a / b < 128 for a, b in itertools.pairwise(errors))


@pytest.mark.parametrize("steps", ["MANTISSA", "UNIT"])
def test_tables_of_logarithms_are_accurate(steps: str) -> None:
    """w = exp(-L) to within 2^-14 of the spacing of doubles at w, and L is a multiple of 2^-42."""
    pairs = zip(getattr(logarithm, f"{steps}_INVERSE"), getattr(logarithm, f"{steps}_LOG"), strict=True)
    with mpmath.workprec(200):
        for w, step in pairs:
            assert abs(mpmath.mpf(w) - mpmath.exp(-mpmath.mpf(step))) < math.ulp(w) * 2.0**-14
            assert (step * 2.0**42).is_integer()
