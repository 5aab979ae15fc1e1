"""exp and its nearest relatives: range reduction to half an octave around zero, one polynomial, a scale by bits.

x = k ln 2 + r with |r| <= ln(2)/2, k whole; expm1(r) = r + r^2 q(r); exp(x) = 2^k (1 + expm1(r)).
"""

from __future__ import annotations

from symbij.kernels.coefficients.exponential import EXP, EXP_SINGLE
from symbij.kernels.values import (
    ROUNDER,
    Real,
    fma,
    greater,
    lesser,
    polynomial,
    quick_two_sum,
    scaled,
    select,
    two_sum,
)

LOG2_E = 1.4426950408889634
LN2_HI = 0.6931471803691238  # with 21 trailing zero bits, so that its product with k is exact
LN2_LO = 1.9082149292705877e-10
LN2_REST = 1.1612227229362532e-26  # what the two leave of ln 2
LN2 = 0.6931471805599453
_HIGHEST, _LOWEST = 710.0, -746.0  # beyond these exp overflows, or is zero


def _reduced(x: Real, extra: Real | None = None) -> tuple[Real, Real, Real]:
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
    k, r, q = _reduced(x, extra)
    return scaled(1.0 + (r + q), k + doublings if doublings else k)


def expm1_halved(x: Real, halvings: int) -> Real:
    """(exp(x) - 1)/2^halvings, which does not overflow where the result does not; not for subnormal x."""
    k, r, q = _reduced(lesser(greater(x, -60.0), _HIGHEST + 0.5 * halvings))
    scale = scaled(x.code.real(1.0), k - (1.0 + halvings))  # a factor of two is left for last: 2^1024 is infinite
    return fma(scale, r + q, scale - 0.5 ** (1 + halvings)) * 2.0


def expm1(x: Real) -> Real:
    """exp(x) - 1."""
    return select(abs(x) < 2.0**-54, x, expm1_halved(x, 0))


def expm1_down(x: Real) -> Real:
    """exp(x) - 1, for x <= 0; not for subnormal x."""
    k, r, q = _reduced(greater(x, -60.0))
    scale = scaled(x.code.real(1.0), k)
    return fma(scale, r + q, scale - 1.0)


def exp_and_expm1(x: Real) -> tuple[Real, Real]:
    """exp(x) and exp(x) - 1, for x <= 0; the second not for subnormal x."""
    k, r, q = _reduced(greater(x, _LOWEST))
    p = r + q
    scale = scaled(x.code.real(1.0), k)
    return scaled(1.0 + p, k), fma(scale, p, scale - 1.0)


def expm1_extended(x: Real) -> tuple[Real, Real]:
    """exp(x) - 1 as a sum of two doubles, the second about as large as the rounding error of the first; for |x| up to
    700, not subnormal."""
    k, r, q = _reduced(lesser(greater(x, -60.0), 700.0))
    p, p_low = quick_two_sum(r, q)
    scale = scaled(x.code.real(1.0), k)
    high, low = two_sum(scale - 1.0, scale * p)
    return high, fma(scale, p_low, low)
