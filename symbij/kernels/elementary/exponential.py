"""exp and its nearest relatives: range reduction to half an octave around zero, one polynomial, a scale by bits.

x = k ln 2 + r with |r| <= ln(2)/2, k whole; expm1(r) = r + r^2 q(r); exp(x) = 2^k (1 + expm1(r)).
"""

from __future__ import annotations

import math

from symbij.kernels.coefficients.exponential import EXP, EXP_SINGLE
from symbij.kernels.values import (
    ROUNDER,
    Real,
    copysign,
    fma,
    greater,
    lesser,
    polynomial,
    quick_two_sum,
    scaled,
    select,
    split,
    two_sum,
)

LOG2_E = 1.4426950408889634
LN2_HI = 0.6931471803691238  # with 21 trailing zero bits, so that its product with k is exact
LN2_LO = 1.9082149292705877e-10
LN2_REST = 1.1612227229362532e-26  # what the two leave of ln 2
LN2 = 0.6931471805599453
_HIGHEST, _LOWEST = 710.0, -746.0  # beyond these exp overflows, or is zero


def reduced(x: Real, extra: Real | None = None) -> tuple[Real, Real, Real]:
    """k, r and expm1(r) - r, for x + extra = k ln 2 + r."""
    k = fma(x, LOG2_E, ROUNDER) - ROUNDER
    if x.code.single:
        r = fma(k, -LN2, x) if extra is None else fma(k, -LN2, x) + extra
        return k, r, r * r * polynomial(r, EXP_SINGLE)
    high = fma(k, -LN2_HI, x)
    low = k * -LN2_LO if extra is None else fma(k, -LN2_LO, extra)
    r = high + low
    rest = low - (r - high)  # what rounding took from r
    return k, r, fma(r * r, polynomial(r, EXP), rest)


def exp(x: Real) -> Real:
    """exp(x)."""
    return exp_sum(lesser(greater(x, _LOWEST), _HIGHEST))


def exp_down(x: Real) -> Real:
    """exp(x), for x <= 0."""
    return exp_sum(greater(x, _LOWEST))


def exp_sum(x: Real, extra: Real | None = None, doublings: float = 0.0) -> Real:
    """exp(x + extra) 2^doublings for x that is at most a little beyond where that is 0 or infinite, and |extra| of the
    size of the rounding error of x."""
    k, r, q = reduced(x, extra)
    return scaled(1.0 + (r + q), k + doublings if doublings else k)


def exp_times(u: Real, c: Real) -> Real:
    """c exp(u), without over- or underflow of the exponential."""
    return exp_sum_times(u, None, c)


def exp_sum_times(x: Real, extra: Real | None, c: Real) -> Real:
    """c exp(x + extra), with |extra| of the size of the rounding error of x."""
    inside = lesser(greater(x, -1500.0), 1500.0)
    k, r, q = reduced(inside, None if extra is None else select(abs(x) < 1500.0, extra, 0.0))
    exponent, mantissa = split(abs(c))
    together = lesser(greater(k + exponent, -2000.0), 2000.0)
    p = r + q
    return copysign(scaled(fma(mantissa, p, mantissa), together), c)


def expm1_halved(x: Real, halvings: int, extra: Real | None = None) -> Real:
    """(exp(x + extra) - 1)/2^halvings, which does not overflow where the result does not; not for subnormal x."""
    k, r, q = reduced(lesser(greater(x, -60.0), _HIGHEST + 0.5 * halvings), extra)
    scale = scaled(x.code.real(1.0), k - (1.0 + halvings))  # a factor of two is left for last: 2^1024 is infinite
    return fma(scale, r + q, scale - 0.5 ** (1 + halvings)) * 2.0


def expm1(x: Real) -> Real:
    """exp(x) - 1."""
    return select(abs(x) < 2.0**-54, x, expm1_halved(x, 0))


def expm1_sum(x: Real, extra: Real) -> Real:
    """exp(x + extra) - 1, with |extra| of the size of the rounding error of x, and of no account if x is infinite."""
    inside = select((x > -60.0) & (x < 710.0), extra, 0.0)
    return select(abs(x) < 2.0**-54, x, expm1_halved(x, 0, inside))


def expm1_scaled(u: Real, c: Real) -> Real:
    """(exp(c u) - 1)/c, and u at c = 0; overflows only where the result does."""
    t = c * u
    # with c = m 2^e: (2^(k - e) (1 + expm1(r)) - 2^-e)/m, its powers of two moved away from the ends of the range
    exponent, mantissa = split(abs(c))
    k, r, q = reduced(lesser(greater(t, -60.0), 1500.0))
    n = lesser(greater(k - exponent, -1150.0), 1085.0)
    lift = select(n < 0.0, 64.0, -64.0)
    down = scaled(t.code.real(1.0), lesser(greater(lift - exponent, -1150.0), 1020.0))
    scale = scaled(t.code.real(1.0), n + lift)
    size = fma(scale, r + q, scale - down) / mantissa * select(n < 0.0, 2.0**-64, 2.0**64)
    # t that is tiny, or has underflowed
    return select((abs(t) < 2.0**-54) | c.equals(0.0), u, select(c < 0.0, -size, size))


# (k + 2)! below 1: as many terms as |u| <= 1 needs
_REST = tuple(1.0 / math.factorial(k + 2) for k in range(17))


def expm1_rest(u: Real) -> Real:
    """(exp(u) - 1 - u)/u^2, and 1/2 at 0."""
    near = abs(u) <= 1.0
    series = polynomial(select(near, u, 0.0), _REST)
    away = select(near, 1.0, u)
    large = away > 600.0  # where u^2 and u count for nothing beside exp(u), and its overflow is not the result's
    ratio = (expm1(select(large, 1.0, away)) - away) / away / away
    far = exp_times(lesser(away, 1500.0), 1.0 / away) / away
    return select(near, series, select(large, far, ratio))


def expm1_down(x: Real) -> Real:
    """exp(x) - 1, for x <= 0; not for subnormal x."""
    k, r, q = reduced(greater(x, -60.0))
    scale = scaled(x.code.real(1.0), k)
    return fma(scale, r + q, scale - 1.0)


def exp_and_expm1(x: Real, extra: Real | None = None) -> tuple[Real, Real]:
    """exp(x + extra) and exp(x + extra) - 1, for x <= 0; the second not for subnormal x."""
    k, r, q = reduced(greater(x, _LOWEST), extra)
    p = r + q
    scale = scaled(x.code.real(1.0), k)
    return scaled(1.0 + p, k), fma(scale, p, scale - 1.0)


def expm1_extended(x: Real) -> tuple[Real, Real]:
    """exp(x) - 1 as a sum of two doubles, the second about as large as the rounding error of the first; for |x| up to
    700, not subnormal."""
    k, r, q = reduced(lesser(greater(x, -60.0), 700.0))
    p, p_low = quick_two_sum(r, q)
    scale = scaled(x.code.real(1.0), k)
    high, low = two_sum(scale - 1.0, scale * p)
    return high, fma(scale, p_low, low)
