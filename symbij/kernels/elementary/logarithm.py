"""log and its nearest relatives: x = 2^k (1 + f) with 3/4 <= 1 + f < 3/2.

With s = f/(2 + f): log(1 + f) = log((1 + s)/(1 - s)) = 2 s + s^3 p(s^2) = f - f^2/2 + s (f^2/2 + s^2 p(s^2)), of
which the last form has its large terms exact or nearly so (the scheme of Sun's fdlibm).
"""

from __future__ import annotations

import math

from symbij.kernels.coefficients.logarithm import LOG, LOG_EXTENDED, LOG_SINGLE, LOG_UNIT, LOG_UNIT_SINGLE
from symbij.kernels.elementary.exponential import LN2_HI, LN2_LO
from symbij.kernels.values import (
    Bool,
    Real,
    fma,
    polynomial,
    quick_two_sum,
    scaled,
    select,
    split,
    two_product,
    two_sum,
)


def log_core(
    u: Real, extra: Real | None = None, doublings: Real | float | None = None, single: bool | None = None
) -> Real:
    """log((u + extra) 2^doublings), where |extra| is at most of the size of u's rounding error; -inf at u = 0, inf at
    inf, NaN for u < 0. `single` overrides the grade of the code that is being written.
    """
    k, m = split(u)
    f = m - 1.0
    if extra is not None:
        f = f + select(abs(k) < 1030.0, scaled(extra, -k), 0.0)
    n = k if doublings is None else k + doublings
    s = f / (2.0 + f)
    z = s * s
    if u.code.single if single is None else single:
        return fma(n, LN2_HI + LN2_LO, fma(s, z * polynomial(z, LOG_SINGLE) - f, f))
    half_square = 0.5 * f * f
    rest = fma(s, fma(z, polynomial(z, LOG), half_square), n * LN2_LO)
    return fma(n, LN2_HI, f - (half_square - rest))


def log(u: Real) -> Real:
    """log(u)."""
    return log_core(u)


def log1p(u: Real) -> Real:
    """log(1 + u)."""
    # below 2^-54 the logarithm is u itself, sign and all
    return select(abs(u) < 2.0**-54, u, log_core(*two_sum(1.0, u)))


def log_either(alone: Bool, z: Real, z_error: Real | None = None) -> Real:
    """log(z) where `alone` holds, else log(1 + z), each relatively accurate; `z_error` is of the size of z's rounding
    error."""
    total, error = two_sum(1.0, z)
    extra = select(alone, 0.0, error)
    return log_core(select(alone, z, total), extra if z_error is None else extra + z_error)


def log1p_unit(e: Real) -> Real:
    """log(1 + e), for 0 <= e <= 1."""
    s = e / (2.0 + e)
    z = s * s
    if e.code.single:
        return fma(s, z * polynomial(z, LOG_UNIT_SINGLE) - e, e)
    half_square = 0.5 * e * e
    return e - (half_square - s * fma(z, polynomial(z, LOG_UNIT), half_square))


def log_extended(u: Real) -> tuple[Real, Real]:
    """log(u) as a sum of two doubles with a relative error of about 2^-62, for u >= 0."""
    n, m = split(u)
    f = m - 1.0
    d, d_low = quick_two_sum(2.0, f)
    inverse = 1.0 / d
    s = f * inverse
    s_low = (fma(-s, d, f) - s * d_low) * inverse
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
    return quick_two_sum(whole, select(abs(n) < math.inf, whole_low + (low + n * LN2_LO), 0.0))
