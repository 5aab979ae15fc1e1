"""log and its nearest relatives: x = 2^k m with 3/4 <= m < 3/2, and m w = 1 + r with a w from a table of 16 steps.

log(x) = k ln 2 + L + log(1 + r) with L = -log(w), where k ln 2 + L is exact but for a part that is added later, and
log(1 + r) = r + r^2 p(r). About x = 1 there are k = 0, w = 1 and L = 0, and r is x - 1.
"""

from __future__ import annotations

import math

from symbij.kernels.coefficients.logarithm import (
    LOG,
    LOG_EXTENDED,
    LOG_SINGLE,
    MANTISSA_INVERSE,
    MANTISSA_LOG,
    UNIT_INVERSE,
    UNIT_LOG,
)
from symbij.kernels.elementary.exponential import LN2, LN2_HI, LN2_LO
from symbij.kernels.lookup import looked_up
from symbij.kernels.values import (
    Bool,
    Int,
    Real,
    fma,
    greater,
    polynomial,
    quick_two_sum,
    scaled,
    select,
    split,
    two_product,
    two_sum,
)

_THIRD_LOW = 2.0**-54 / 3.0  # 1/3 less the double next to it


def _step(m: Real) -> Int:
    """The step of the table that m is in: the four leading bits after the point."""
    return m.bits().logical_shift(48)


def log_parts(u: Real, extra: Real | None = None) -> tuple[Real, Real, Real, Real]:
    """k, L, r and p with log(u + extra) = k ln 2 + L + r + r^2 p, where |extra| is at most of the size of u's rounding
    error; k is -inf at u = 0 and inf at inf, r NaN for u < 0."""
    k, m = split(u)
    w, step = looked_up(_step(m), MANTISSA_INVERSE, MANTISSA_LOG)
    r = fma(m, w, -1.0)
    if extra is not None:
        r = fma(select(abs(k) < 1030.0, scaled(extra, -k), 0.0), w, r)
    return k, step, r, polynomial(r, LOG_SINGLE if u.code.single else LOG)


def log_core(u: Real, extra: Real | None = None, doublings: Real | float | None = None) -> Real:
    """log((u + extra) 2^doublings), where |extra| is at most of the size of u's rounding error; -inf at u = 0, inf at
    inf, NaN for u < 0."""
    k, step, r, p = log_parts(u, extra)
    n = k if doublings is None else k + doublings
    if u.code.single:
        return fma(n, LN2, step) + fma(r * r, p, r)
    return fma(n, LN2_HI, step) + (r + fma(r * r, p, n * LN2_LO))


def log(u: Real) -> Real:
    """log(u)."""
    return log_core(u)


def log1p(u: Real) -> Real:
    """log(1 + u)."""
    if u.code.single:
        return select(abs(u) < 2.0**-27, u, log_core(1.0 + u))
    # below 2^-54 the logarithm is u itself, sign and all
    return select(abs(u) < 2.0**-54, u, log_core(*two_sum(1.0, u)))


def log_either(alone: Bool, z: Real) -> Real:
    """log(z) where `alone` holds, else log(1 + z), each relatively accurate."""
    total, error = two_sum(1.0, z)
    return log_core(select(alone, z, total), select(alone, 0.0, error))


def over_complement(a: Real, u: Real) -> tuple[Real, Real]:
    """a/(1 - u) and its rounding error, for |u| <= 1."""
    rest, rest_error = quick_two_sum(1.0, -u)
    inverse = 1.0 / rest
    quotient = a * inverse
    return quotient, (fma(-quotient, rest, a) - quotient * rest_error) * inverse


def log1p_unit(e: Real) -> Real:
    """log(1 + e), for 0 <= e <= 1."""
    # 1 + e without the last step up to 2, whose leading bits are those of 1
    w, step = looked_up(_step(fma(e, 1.0 - 2.0**-40, 1.0)), UNIT_INVERSE, UNIT_LOG)
    r = fma(e, w, w - 1.0)
    return step + fma(r * r, polynomial(r, LOG_SINGLE if e.code.single else LOG), r)


def quotient_parts(u: Real, c: Real) -> tuple[Real, Real, Real]:
    """q, its rounding error, and n with u/c = (q + error) 2^n, for u >= 0 and c > 0, without over- or underflow."""
    n, m = split(u)
    other, divisor = split(c)
    q = m / divisor
    return q, fma(-q, divisor, m) / divisor, n - other


def log_quotient(u: Real, c: Real) -> Real:
    """log(u/c), for u >= 0 and c >= 0, without over- or underflow of u/c."""
    return log_core(*quotient_parts(u, c))


def log1p_scaled(u: Real, c: Real) -> Real:
    """log(1 + c u)/c, and u at c = 0; without overflow of c u."""
    t, t_error = two_product(u, c)
    k, m = split(abs(u))
    other, factor = split(abs(c))
    large = t > 2.0**200  # where the product may be infinite, and 1 counts for nothing
    product, product_error = two_product(m, factor)
    total, error = two_sum(1.0, t)
    near, near_error = quick_two_sum(total, select(abs(t) < 2.0**60, error + t_error, 0.0))
    near = select(total.equals(0.0), greater(near, 0.0), near)  # at the end of the domain, which is rounded itself
    log = log_core(
        select(large, product, near), select(large, product_error, near_error), select(large, k + other, 0.0)
    )
    return select((abs(t) < 2.0**-54) | c.equals(0.0), u, log / c)


def log1p_product(u: Real, c: Real) -> Real:
    """log(1 + c u), with the rounding error of c u, which is all there is of 1 + c u where c u rounds to -1."""
    product, error = two_product(c, u)
    near = (product < -0.5) & (product > -2.0)
    total = select(near, 1.0 + product, 1.0)  # the sum is exact
    return select(near, log_core(total + error), log1p(product))


def log1p_extended(u: Real) -> tuple[Real, Real]:
    """log(1 + u) as a sum of two doubles, for u >= -1."""
    total, error = two_sum(1.0, u)
    high, low = log_extended(total)
    inside = abs(high) < math.inf
    return quick_two_sum(select(inside, high, 0.0), select(inside, low + error / total, high))


def log_extended(u: Real, extra: Real | None = None, doublings: Real | None = None) -> tuple[Real, Real]:
    """log((u + extra) 2^doublings) as a sum of two doubles with a relative error of about 2^-62, for u >= 0, where
    |extra| is at most of the size of u's rounding error."""
    n, m = split(u)
    w, step = looked_up(_step(m), MANTISSA_INVERSE, MANTISSA_LOG)
    product, product_low = two_product(m, w)
    r = product - 1.0  # exact
    square, square_low = two_product(r, r)
    r_low = fma(product_low, square - r, product_low)  # log(1 + r + low) = log(1 + r) + low (1 - r + r^2 - ...)
    cube, cube_low = two_product(square, r)
    third, *others = LOG_EXTENDED
    cubic, cubic_low = two_product(cube, third)
    others_sum = fma(r, polynomial(r, tuple(others)), _THIRD_LOW)
    cubic_low = cubic_low + fma(fma(square_low, r, cube_low), third, cube * others_sum)
    high, low = quick_two_sum(r, -0.5 * square)
    low = low + (cubic + (cubic_low + fma(-0.5, square_low, r_low)))
    if extra is not None:
        low = low + extra / u
    if doublings is not None:
        n = n + doublings
    whole, whole_low = two_sum(fma(n, LN2_HI, step), high)
    return quick_two_sum(whole, select(abs(n) < math.inf, whole_low + fma(n, LN2_LO, low), 0.0))
