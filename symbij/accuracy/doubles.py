"""Doubles: their order, the nearest one to a number of any precision, errors in units in the last place."""

from __future__ import annotations

import math
import struct

import mpmath
import numpy as np
from mpmath import mpf

EPS = 2.0**-52
MAX = float(np.finfo(np.float64).max)


def ordinal(value: float) -> int:
    """Number of doubles between zero and `value`, negative for negative values."""
    bits = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def from_ordinal(number: int) -> float:
    """Inverse of `ordinal`."""
    size = struct.unpack("<d", struct.pack("<q", abs(number)))[0]
    return -size if number < 0 else size


def rounded(value: mpf) -> float:
    """The nearest double; infinite beyond the range of doubles, and subnormals rounded once."""
    if mpmath.isnan(value):
        return math.nan
    if mpmath.isinf(value) or abs(value) >= mpf(2) ** 1024:
        return math.inf if value > 0 else -math.inf
    if abs(value) < mpf(2) ** -1022:
        with mpmath.workprec(value.man_exp[0].bit_length() + 10):
            return float(mpmath.nint(mpmath.ldexp(value, 1074))) * 2.0**-1074
    return float(value)


def ulp(truth: mpf) -> float:
    """Distance between doubles at the size of `truth`."""
    size = min(abs(rounded(truth)), MAX)
    return math.ulp(size)


def ulp_error(got: float, truth: mpf) -> float:
    """|got - truth| in units in the last place of the truth; 0 for the matching infinity, inf for NaN."""
    if mpmath.isnan(truth):
        return 0.0 if math.isnan(got) else math.inf
    if math.isnan(got):
        return math.inf
    target = rounded(truth)
    if got == target:
        return 0.0 if math.isinf(target) else float(abs(mpf(got) - truth) / ulp(truth))
    if math.isinf(got) and math.isinf(target):
        return math.inf
    if math.isinf(got):
        return 1.0 + float(abs(mpf(math.copysign(MAX, got)) - truth) / ulp(truth))
    if math.isinf(target):
        return float(min(abs(mpf(got) - mpmath.sign(truth) * mpf(2) ** 1024) / mpf(2) ** 971, mpf(10) ** 300))
    return float(min(abs(mpf(got) - truth) / ulp(truth), mpf(10) ** 300))
