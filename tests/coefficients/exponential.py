"""exp(r) = 1 + r + r^2 q(r) on half an octave to either side of zero, for exp, expm1 and all that is made of them."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit

HALF_LN2 = "0.34657359027997265471"  # ln(2)/2


def _quotient(r: mpf) -> mpf:
    if abs(r) < mpf("1e-12"):
        return mpf(1) / 2 + r / 6
    return (mpmath.expm1(r) - r) / r**2


def _sensitivity(r: mpf) -> mpf:
    """Of expm1(r), relative to its value."""
    return r**2 / mpmath.expm1(r) if r else r


FITS = [
    Fit("EXP", _quotient, "-" + HALF_LN2, HALF_LN2, 10, _sensitivity, fixed=(0.5,)),
    Fit("EXP_SINGLE", _quotient, "-" + HALF_LN2, HALF_LN2, 5, _sensitivity, fixed=(0.5,)),
]
