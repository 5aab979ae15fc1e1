"""Powers, fractions and the functions that only compare."""

from __future__ import annotations

import math

from symbij.kernels.elementary.exponential import exp, exp_sum
from symbij.kernels.elementary.logarithm import log_core, log_extended
from symbij.kernels.values import Real, copysign, floor, fma, greater, lesser, select


def power_of_nonnegative(u: Real, p: Real) -> Real:
    """u^p = exp(p log u), for u >= 0; 1 for p = 0."""
    # log u is infinite at 0 and infinity, and so are p log u and its exponential, as they should be
    if u.code.single:
        size = exp(p * log_core(u))
    else:
        high, low = log_extended(u)
        product = p * high
        size = _exp_extended(product, fma(p, low, fma(p, high, -product)))
    return select(p.equals(0.0), 1.0, size)


def root_of_nonnegative(u: Real, p: Real) -> Real:
    """u^(1/p) = exp(log(u)/p), for u >= 0."""
    if u.code.single:
        return exp(log_core(u) / p)
    high, low = log_extended(u)
    quotient = high / p
    return _exp_extended(quotient, (fma(-quotient, p, high) + low) / p)


def _exp_extended(high: Real, low: Real) -> Real:
    """exp(high + low), where `low` is of the size of the rounding error of `high`."""
    inside = lesser(greater(high, -746.0), 710.0)
    return exp_sum(inside, select(abs(high) < 746.0, low, 0.0))


def power(u: Real, p: Real) -> Real:
    """u^p; for u < 0 and whole p only. Ends as in C: 1 for p = 0 or u = 1, whatever the other is."""
    a = abs(u)
    size = power_of_nonnegative(a, p)
    whole = floor(p).equals(p)
    odd = whole & (2.0 * floor(0.5 * p)).differs(p) & (abs(p) < 2.0**53)
    # a negative base: the sign of its odd powers, and nothing real for powers that are not whole
    undefined = (u < 0.0) & (a < math.inf) & ~whole & (abs(p) < math.inf)
    result = select(undefined, math.nan, select(odd, copysign(size, u), size))
    one = p.equals(0.0) | u.equals(1.0) | (a.equals(1.0) & abs(p).equals(math.inf))
    return select(one, 1.0, result)


def softsign(u: Real) -> Real:
    """u/(1 + |u|)."""
    a = abs(u)
    return select(a.equals(math.inf), copysign(1.0, u), u / (1.0 + a))


def softsign_inverse(u: Real) -> Real:
    """u/(1 - |u|), for |u| <= 1."""
    a = abs(u)
    return select(a > 1.0, math.nan, u / (1.0 - a))


def moebius(u: Real, a: Real, b: Real, c: Real, d: Real) -> Real:
    """(a u + b)/(c u + d)."""
    large = abs(u) > 1.0  # divided by u, which may overflow when multiplied, or be infinite
    v = 1.0 / u
    up = select(large, fma(b, v, a), fma(a, u, b))
    down = select(large, fma(d, v, c), fma(c, u, d))
    return up / down


def maximum(a: Real, b: Real) -> Real:
    """The larger of two numbers; NaN if one is."""
    return select((a > b) | a.differs(a), a, b)


def minimum(a: Real, b: Real) -> Real:
    """The smaller of two numbers; NaN if one is."""
    return select((a < b) | a.differs(a), a, b)


def sign(u: Real) -> Real:
    """-1, 0 or 1."""
    return select(u > 0.0, 1.0, select(u < 0.0, -1.0, u + 0.0))  # -0.0 + 0.0 is 0.0
