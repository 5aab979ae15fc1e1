"""log((1 + s)/(1 - s)) = 2 s + s^3 p(s^2), where s = f/(2 + f) for a mantissa 1 + f between sqrt(1/2) and sqrt(2)."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit

LARGEST = "0.029437251522859414"  # s^2 at sqrt(2): (sqrt(2) - 1)^4


def _rest(z: mpf) -> mpf:
    s = mpmath.sqrt(z)
    return (2 * mpmath.atanh(s) - 2 * s) / s**3


def _sensitivity(z: mpf) -> mpf:
    """Of the logarithm, relative to its value."""
    s = mpmath.sqrt(z)
    return s**3 / (2 * mpmath.atanh(s))


FITS = [
    Fit("LOG", _rest, "0", LARGEST, 6, _sensitivity),
    Fit("LOG_EXTENDED", lambda z: _rest(z), "0", LARGEST, 8, _sensitivity, fixed=(2 / 3,)),
    Fit("LOG_SINGLE", _rest, "0", LARGEST, 2, _sensitivity),
]
