"""log(tanh(u)/u) = z p(z) and log(cosh(u)) = z p(z) with z = u^2, for u of up to about 1."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit


def _quotient(function: Callable[[mpf], mpf], limit: mpf) -> Callable[[mpf], mpf]:
    """function(u)/z as a function of z = u^2."""

    def quotient(z: mpf) -> mpf:
        return function(mpmath.sqrt(z)) / z if z > mpf("1e-20") else limit

    return quotient


_LOGTANHC = _quotient(lambda u: mpmath.log(mpmath.tanh(u) / u), mpf(-1) / 3)
_LOGCOSH = _quotient(lambda u: mpmath.log(mpmath.cosh(u)), mpf(1) / 2)

FITS = [
    Fit("LOGTANHC", _LOGTANHC, "0", "1.44", 19, lambda z: 1 / _LOGTANHC(z)),
    Fit("LOGCOSH", _LOGCOSH, "0", "0.49", 12, lambda z: 1 / _LOGCOSH(z), fixed=(0.5,)),
    Fit("LOGCOSH_SINGLE", _LOGCOSH, "0", "0.49", 6, lambda z: 1 / _LOGCOSH(z), fixed=(0.5,)),
]
