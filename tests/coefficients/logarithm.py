"""log(m) = log(1 + r) + L with r = m w - 1, where w = exp(-L) belongs to the step that m is in.

Steps are the numbers whose four leading bits after the point are the same: eight in [3/4, 1) and eight in [1, 3/2)
for a mantissa, sixteen in [1, 2) for a number 1 + e. In the steps beside 1, w = 1 and L = 0, so that results about
zero keep their digits. Elsewhere L is a number of few bits whose w is next to a double (accurate tables, Gal 1986).
Then log(1 + r) = r + r^2 p(r).
"""

from __future__ import annotations

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit, Table

GRID = 42  # L is a multiple of 2^-42: with it, k ln 2 (to 21 bits less) + L is exact
CLOSE = 14  # w is within 2^-14 of the spacing of doubles of a double
_SCALE = 120  # bits of the whole numbers in which exp(-L) is stepped along


def _accurate(lo: float, hi: float) -> tuple[float, float]:
    """w and L for the step from `lo` to `hi`: L as near as possible to log of its middle."""
    if 1.0 in (lo, hi):
        return 1.0, 0.0
    with mpmath.workprec(4 * _SCALE):
        first = int(mpmath.nint(mpmath.log((mpf(lo) + mpf(hi)) / 2) * 2**GRID))
        factors = [int(mpmath.nint(mpmath.exp(sign * mpf(2) ** -GRID) * 2**_SCALE)) for sign in (1, -1)]
        start = int(mpmath.nint(mpmath.exp(-mpf(first) / 2**GRID) * 2**_SCALE))
    below, above = start, start
    for distance in range(1 << 20):
        for w, step in ((above, first + distance), (below, first - distance)):
            dropped = w.bit_length() - 53
            if abs((w + (1 << (dropped - 1))) % (1 << dropped) - (1 << (dropped - 1))) < 1 << (dropped - CLOSE):
                return float(mpf(w) / 2**_SCALE), step / 2**GRID
        above, below = above * factors[1] >> _SCALE, below * factors[0] >> _SCALE
    raise AssertionError(f"no accurate point between {lo} and {hi}")


_MANTISSA = [_accurate(1 + j / 16, 1 + (j + 1) / 16) for j in range(8)]
_MANTISSA += [_accurate(j / 32 + 1 / 2, (j + 1) / 32 + 1 / 2) for j in range(8, 16)]
_UNIT = [_accurate(1 + j / 16, 1 + (j + 1) / 16) for j in range(16)]

TABLES = [
    Table("MANTISSA_INVERSE", tuple(w for w, _ in _MANTISSA), "w for the steps of a mantissa"),
    Table("MANTISSA_LOG", tuple(x for _, x in _MANTISSA), "L for the steps of a mantissa"),
    Table("UNIT_INVERSE", tuple(w for w, _ in _UNIT), "w for the steps between 1 and 2"),
    Table("UNIT_LOG", tuple(x for _, x in _UNIT), "L for the steps between 1 and 2"),
]


def _rest(r: mpf) -> mpf:
    return (mpmath.log1p(r) - r) / r**2


def _sensitivity(r: mpf) -> mpf:
    """Of the logarithm, relative to its value."""
    return r**2 / mpmath.log1p(r)


def _cubic_rest(r: mpf) -> mpf:
    return (mpmath.log1p(r) - r + r**2 / 2) / r**3


LEAST, LARGEST = "-0.03125", "0.0625"

FITS = [
    Fit("LOG", _rest, LEAST, LARGEST, 8, _sensitivity, fixed=(-0.5,)),
    Fit("LOG_SINGLE", _rest, LEAST, LARGEST, 4, _sensitivity),
    Fit("LOG_EXTENDED", _cubic_rest, LEAST, LARGEST, 9, lambda r: r**3 / mpmath.log1p(r), fixed=(1 / 3,)),
]
