"""log((1 + s)/(1 - s)) = 2 s + s^3 p(s^2), where s = f/(2 + f) for a mantissa 1 + f between 3/4 and 3/2, or a number
1 + f between 1 and 2."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit

LARGEST = "0.04"  # s^2 at f = 1/2
LARGEST_UNIT = "0.11111111111111111112"  # s^2 at f = 1


def _rest(z: mpf) -> mpf:
    s = mpmath.sqrt(z)
    return (2 * mpmath.atanh(s) - 2 * s) / s**3


def _sensitivity(z: mpf) -> mpf:
    """Of the logarithm, relative to its value."""
    s = mpmath.sqrt(z)
    return s**3 / (2 * mpmath.atanh(s))


FITS = [
    Fit("LOG", _rest, "0", LARGEST, 7, _sensitivity),
    Fit("LOG_EXTENDED", _rest, "0", LARGEST, 9, _sensitivity, fixed=(2 / 3,)),
    Fit("LOG_SINGLE", _rest, "0", LARGEST, 3, _sensitivity),
    Fit("LOG_UNIT", _rest, "0", LARGEST_UNIT, 9, _sensitivity),
    Fit("LOG_UNIT_SINGLE", _rest, "0", LARGEST_UNIT, 4, _sensitivity),
]
