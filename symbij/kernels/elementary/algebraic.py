"""Powers, fractions and the functions that only compare."""

from __future__ import annotations

import math

from symbij.kernels.elementary.powers import power_of_nonnegative
from symbij.kernels.values import Real, copysign, floor, fma, select


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
    up, down = fma(a, u, b), fma(c, u, d)
    within = (abs(up) < math.inf) & (abs(down) < math.inf)
    v = 1.0 / u  # only where multiples of u overflow, or it is infinite: next to a pole its rounding would be all
    return select(within, up, fma(b, v, a)) / select(within, down, fma(d, v, c))


def maximum(a: Real, b: Real) -> Real:
    """The larger of two numbers; NaN if one is."""
    return select((a > b) | a.differs(a), a, b)


def minimum(a: Real, b: Real) -> Real:
    """The smaller of two numbers; NaN if one is."""
    return select((a < b) | a.differs(a), a, b)


def sign(u: Real) -> Real:
    """-1, 0 or 1."""
    return select(u > 0.0, 1.0, select(u < 0.0, -1.0, u + 0.0))  # -0.0 + 0.0 is 0.0


def times_square(u: Real, d: Real) -> Real:
    """d u^2, of which u^2 alone may over- or underflow; 0 for d = 0."""
    return select(d.equals(0.0) & u.equals(u), 0.0, (d * u) * u)
