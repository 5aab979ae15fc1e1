"""log and its nearest relatives: x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2).

With s = f/(2 + f): log(1 + f) = log((1 + s)/(1 - s)) = 2 s + s^3 p(s^2) = f - f^2/2 + s (f^2/2 + s^2 p(s^2)), of
which the last form has its large terms exact or nearly so (the scheme of Sun's fdlibm).
"""

from __future__ import annotations

import math

from symbij.kernels.coefficients.logarithm import LOG, LOG_EXTENDED, LOG_SINGLE
from symbij.kernels.elementary.exponential import LN2_HI, LN2_LO, power_of_two
from symbij.kernels.values import (
    Bool,
    Int,
    Real,
    bits_of,
    fma,
    polynomial,
    quick_two_sum,
    real_of_bits,
    select,
    select_int,
    two_product,
    two_sum,
)

_SMALLEST_NORMAL = 2.0**-1022
_SQRT_HALF = 0.7071067811865476
_TWO_52 = 6755399441055744.0


def real_of_int(k: Int) -> Real:
    """A whole number of at most 51 bits as a double."""
    return real_of_bits(k + bits_of(_TWO_52)) - _TWO_52


def _split(u: Real) -> tuple[Int, Real]:
    """k and f with u = 2^k (1 + f), for u > 0."""
    tiny = u < _SMALLEST_NORMAL
    bits = select(tiny, u * 2.0**54, u).bits()
    k = (bits - bits_of(_SQRT_HALF)) >> 52
    f = real_of_bits(bits - (k << 52)) - 1.0
    return k - select_int(tiny, 54, 0), f


def log_core(
    u: Real, extra: Real | None = None, doublings: Real | float | None = None, single: bool | None = None
) -> Real:
    """log((u + extra) 2^doublings) for finite u > 0, where |extra| is at most of the size of u's rounding error.

    `single` overrides the grade of the code that is being written.
    """
    k, f = _split(u)
    if extra is not None:
        k_near = select_int(k > 1022, 1022, select_int(k < -1022, -1022, k))  # nearly: it matters little there
        f = f + extra * power_of_two(-k_near)
    n = real_of_int(k)
    if doublings is not None:
        n = n + doublings
    s = f / (2.0 + f)
    z = s * s
    if u.code.single if single is None else single:
        rest = z * polynomial(z, LOG_SINGLE)
        return fma(n, LN2_HI + LN2_LO, fma(s, rest - f, f))
    half_square = 0.5 * f * f
    rest = fma(s, fma(z, polynomial(z, LOG), half_square), n * LN2_LO)
    return fma(n, LN2_HI, f - (half_square - rest))


def log_or_end(base: Real, extra: Real | None = None, doublings: Real | float | None = None) -> Real:
    """As `log_core`, for any `base`: -inf at 0, inf at inf, NaN below 0."""
    return select(defined(base), log_core(base, extra, doublings), log_at_ends(base))


def defined(u: Real) -> Bool:
    """Where the logarithm is an ordinary number."""
    return (u > 0.0) & (u < math.inf)


def log_at_ends(u: Real) -> Real:
    """The logarithm where it is not an ordinary number: at 0, at infinity, of negative numbers and of NaN."""
    return select(u.equals(0.0), -math.inf, select(u < 0.0, math.nan, u))


def log(u: Real) -> Real:
    """log(u)."""
    return log_or_end(u)


def log1p(u: Real) -> Real:
    """log(1 + u)."""
    # below 2^-54 the logarithm is u itself, sign and all; 1 + u is infinite for infinite u only
    return select(abs(u) < 2.0**-54, u, log_or_end(*two_sum(1.0, u)))


def log_extended(u: Real) -> tuple[Real, Real]:
    """log(u) as a sum of two doubles with a relative error of about 2^-64, for finite u > 0."""
    k, f = _split(u)
    n = real_of_int(k)
    d, d_low = quick_two_sum(2.0, f)
    s = f / d
    s_low = (fma(-s, d, f) - s * d_low) / d
    z = s * s
    z_low = fma(s, s, -z) + 2.0 * s * s_low
    # s^3 (c0 + z q(z)): the first factor and c0 in two doubles each
    c0 = LOG_EXTENDED[0]
    cube, cube_low = two_product(s, z)
    cube_low = cube_low + fma(s, z_low, s_low * z)
    first, first_low = two_product(cube, c0)
    first_low = fma(cube_low, c0, first_low) + cube * z * polynomial(z, LOG_EXTENDED[1:])
    high, low = quick_two_sum(2.0 * s, first)
    low = low + (first_low + 2.0 * s_low)
    whole, whole_low = two_sum(n * LN2_HI, high)
    return quick_two_sum(whole, whole_low + (low + n * LN2_LO))
