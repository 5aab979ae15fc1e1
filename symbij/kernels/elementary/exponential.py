"""exp and its nearest relatives: range reduction to half an octave around zero, one polynomial, a scale by bits.

x = k ln 2 + r with |r| <= ln(2)/2, k whole; expm1(r) = r + r^2 q(r); exp(x) = 2^k (1 + expm1(r)).
"""

from __future__ import annotations

from symbij.kernels.coefficients.exponential import EXP, EXP_SINGLE
from symbij.kernels.values import (
    Int,
    Real,
    bits_of,
    fma,
    greater,
    lesser,
    polynomial,
    quick_two_sum,
    real_of_bits,
    select,
    two_sum,
)

LOG2_E = 1.4426950408889634
LN2_HI = 0.6931471803691238  # with 21 trailing zero bits, so that its product with k is exact
LN2_LO = 1.9082149292705877e-10
LN2_REST = 1.1612227229362532e-26  # what the two leave of ln 2
LN2 = 0.6931471805599453
_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number, which then stands in the low bits
_HIGHEST, _LOWEST = 710.0, -746.0  # beyond these exp overflows, or is zero


def _reduced(x: Real) -> tuple[Int, Real, Real]:
    """k, r and expm1(r) - r, for x = k ln 2 + r."""
    shifted = fma(x, LOG2_E, _MAGIC)
    k = shifted - _MAGIC
    high = fma(k, -LN2_HI, x)
    r = fma(k, -LN2_LO, high)
    if x.code.single:
        return shifted.bits() - bits_of(_MAGIC), r, r * r * polynomial(r, EXP_SINGLE)
    rest = fma(k, -LN2_LO, high - r)  # what rounding took from r
    return shifted.bits() - bits_of(_MAGIC), r, fma(r * r, polynomial(r, EXP), rest)


def power_of_two(k: Int) -> Real:
    """2^k for -1022 <= k <= 1023."""
    return real_of_bits((k << 52) + bits_of(1.0))


def exp(x: Real) -> Real:
    """exp(x)."""
    return exp_sum(x, None)


def exp_sum(x: Real, extra: Real | None, doublings: int = 0) -> Real:
    """exp(x + extra) 2^doublings, for |extra| of the size of the rounding error of x (it is left out where exp is 0 or
    infinite) and |doublings| of up to 512."""
    inside = lesser(greater(x, _LOWEST - LN2 * doublings), _HIGHEST - LN2 * doublings)
    k, r, q = _reduced(inside)
    if extra is not None:
        q = fma(select(abs(x) < -_LOWEST, extra, 0.0), 1.0 + (r + q), q)  # exp(r) extra
    p = r + q
    k = k + doublings
    half = k >> 1
    first = power_of_two(half)
    return fma(p, first, first) * power_of_two(k - half)


def expm1_halved(x: Real, halvings: int) -> Real:
    """(exp(x) - 1)/2^halvings, which does not overflow where the result does not; not for subnormal x."""
    inside = lesser(greater(x, -60.0), _HIGHEST + 0.5 * halvings)
    k, r, q = _reduced(inside)
    p = r + q
    scale = power_of_two(k - (1 + halvings))  # a factor of two is left for last: without it this may be 2^1024
    return fma(scale, p, scale - 0.5 ** (1 + halvings)) * 2.0


def expm1(x: Real) -> Real:
    """exp(x) - 1."""
    return select(abs(x) < 2.0**-54, x, expm1_halved(x, 0))


def exp_and_expm1(x: Real) -> tuple[Real, Real]:
    """exp(x) and exp(x) - 1, for x <= 0."""
    k, r, q = _reduced(greater(x, _LOWEST))
    p = r + q
    half = k >> 1
    first = power_of_two(half)
    second = power_of_two(k - half)
    scale = first * second
    return fma(p, first, first) * second, select(abs(x) < 2.0**-54, x, fma(scale, p, scale - 1.0))


def expm1_extended(x: Real) -> tuple[Real, Real]:
    """exp(x) - 1 as a sum of two doubles, the second about as large as the rounding error of the first; for |x| up to
    700, not subnormal."""
    k, r, q = _reduced(lesser(greater(x, -60.0), 700.0))
    p, p_low = quick_two_sum(r, q)
    scale = power_of_two(k)
    high, low = two_sum(scale - 1.0, scale * p)
    small = abs(x) < 2.0**-54
    return select(small, x, high), select(small, 0.0, fma(scale, p_low, low))
