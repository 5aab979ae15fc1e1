"""Hyperbolic functions and their inverses, through expm1 and log1p: relative accuracy near zero and no overflow before
the result's.

With e = exp(-2a), m = e - 1, a = |u|: tanh a = -m/(1 + e) = 1 - 2e/(1 + e)
with q = expm1(a)/2:                 sinh a = q + q/(2q + 1)
with e = exp(a)/2:                   cosh a = e + 1/(4e)
asinh a = log1p(a + a^2/(1 + sqrt(1 + a^2))), acosh(1 + t) = log1p(t + sqrt(t (2 + t))), and both log(2a) for large a;
atanh a = log1p(2a/(1 - a))/2

With a stretch c of the argument or of the value, u/c may overflow, where asinh(u/c) = log|u| - log|c| + log 2; and
sinh(v) may, where c sinh(v) does not.
"""

from __future__ import annotations

import math

from symbij.kernels.elementary.exponential import LN2, exp_and_expm1, exp_sum, expm1_down, expm1_halved
from symbij.kernels.elementary.logarithm import log1p, log1p_unit, log_core, over_complement
from symbij.kernels.elementary.logarithmic import loghypot1
from symbij.kernels.values import (
    Real,
    copysign,
    fma,
    greater,
    lesser,
    quick_two_sum,
    scaled,
    select,
    split,
    sqrt,
    two_product,
    two_sum,
)

_LARGE = 2.0**28  # from here on 1 + a^2 is a^2 to within rounding
_TINY_SINGLE = 2.0**-14  # the same for a result of 24 bits
_TINY = 2.0**-28  # up to here an odd function with slope 1 is u to within rounding


def tanh(u: Real) -> Real:
    """(exp(u) - exp(-u))/(exp(u) + exp(-u))."""
    a = abs(u)
    if u.code.single:
        m = expm1_down(-2.0 * a)
        return select(a < _TINY, u, copysign(m / (2.0 + m), u))
    e, m = exp_and_expm1(-2.0 * a)
    low = a < 0.55
    ratio = select(low, -m, 2.0 * e) / (1.0 + e)
    return select(a < _TINY, u, copysign(select(low, ratio, 1.0 - ratio), u))


def sinh(u: Real) -> Real:
    """(exp(u) - exp(-u))/2."""
    q = expm1_halved(abs(u), 1)
    rest = select(q < 2.0**60, q / fma(2.0, q, 1.0), 0.0)
    return select(abs(u) < _TINY, u, copysign(q + rest, u))


def cosh(u: Real) -> Real:
    """(exp(u) + exp(-u))/2."""
    e = exp_sum(lesser(abs(u), 711.0), doublings=-1.0)
    return e + 0.25 / e


def asinh(u: Real) -> Real:
    """log(u + sqrt(u^2 + 1))."""
    a = abs(u)
    if u.code.single:
        log = _log_or_log_doubled(a + sqrt(fma(a, a, 1.0)), a)
        return select(a < _TINY_SINGLE, u, copysign(log, u))
    log = _log1p_or_log_doubled(*quick_two_sum(a, a * a / (1.0 + sqrt(fma(a, a, 1.0)))), a)
    return select(a < _TINY, u, copysign(log, u))


def acosh(u: Real) -> Real:
    """log(u + sqrt(u^2 - 1)), for u >= 1."""
    t = u - 1.0
    if u.code.single:
        return select(u < 1.0, math.nan, _log_or_log_doubled(u + sqrt(t * (u + 1.0)), u))
    square, square_low = two_product(t, t + 2.0)
    root = sqrt(square)
    root_low = select(root > 0.0, (fma(-root, root, square) + square_low) / (2.0 * root), 0.0)
    z, z_low = two_sum(t, root)
    return select(u < 1.0, math.nan, _log1p_or_log_doubled(z, z_low + root_low, u))


def _log1p_or_log_doubled(
    z: Real, z_low: Real, a: Real, lifted: Real | None = None, doublings: Real | float = 0.0
) -> Real:
    """log(1 + z + z_low), or log(2 a) for large a = lifted 2^doublings."""
    large = a > _LARGE
    total, error = two_sum(1.0, z)
    rest, more = select(large, 0.0, error + z_low), select(large, 1.0, 0.0) + doublings
    return log_core(select(large, a if lifted is None else lifted, total), rest, more)


def _log_or_log_doubled(z: Real, a: Real) -> Real:
    """log(z), or log(2 a) for large a."""
    large = a > _LARGE
    return log_core(select(large, a, z), doublings=select(large, 1.0, 0.0))


def atanh(u: Real) -> Real:
    """log((1 + u)/(1 - u))/2, for |u| <= 1."""
    a = abs(u)
    if u.code.single:
        log = log_core((1.0 + a) / (1.0 - a))  # of a negative number beyond 1
        return select(a < _TINY_SINGLE, u, copysign(0.5 * log, u))
    z, z_error = over_complement(2.0 * a, a)
    total, error = two_sum(1.0, z)
    log = log_core(total, error + z_error)
    return select(a < _TINY, u, copysign(0.5 * log, u) + select(a > 1.0, math.nan, 0.0))


_FAR = 1e300  # beyond, a quotient may be about to overflow
_LIFT = 1000  # doublings by which it is lowered


def asinh_scaled(u: Real, c: Real, h: Real) -> Real:
    """h asinh(u/c), without over- or underflow of u/c."""
    t = u / c
    size = abs(t)
    far = size > _FAR
    lifted = select(far, abs(u) * 2.0**-_LIFT / abs(c), size)
    log = _log1p_or_log_doubled(
        *quick_two_sum(size, size * size / (1.0 + sqrt(fma(size, size, 1.0)))), size, lifted, select(far, _LIFT, 0.0)
    )
    result = h * copysign(log, t)
    # up to here asinh(t) is t, which may have lost digits
    return select(size < _TINY, select(abs(u) < 1.0, u * (h / c), h * t), result)


def sinh_scaled(u: Real, c: Real, h: Real) -> Real:
    """c sinh(u/h), without overflow of sinh."""
    t = u / h
    size = abs(t)
    # sinh is exp/2 to within rounding; in two factors, as the product may be an ordinary number
    far = c * exp_sum(lesser(greater(size, 600.0), 1420.0), doublings=-1.0 - _LIFT) * 2.0**_LIFT
    result = select(size > 700.0, copysign(1.0, t) * far, c * sinh(t))
    return select(size < _TINY, select(abs(u) < 1.0, u * (c / h), c * t), result)


def loghypot1_scaled(u: Real, c: Real) -> Real:
    """log(sqrt(1 + (u/c)^2)), without overflow of u/c."""
    t = u / c
    far = abs(t) > _FAR
    near = loghypot1(select(far, 1.0, t))
    return select(far, log_core(abs(u) * 2.0**-_LIFT / abs(c), doublings=float(_LIFT)), near)


def loghypot(u: Real, c: Real) -> Real:
    """log(sqrt(u^2 + c^2)), for numbers that are not both zero."""
    a, b = abs(u), abs(c)
    larger, smaller = select(a < b, b, a), select(a < b, a, b)
    k, m = split(larger)
    rest = scaled(smaller, select(abs(k) < math.inf, -k, 0.0))
    square, low = two_product(m, m)
    other, other_low = two_product(rest, rest)
    total, error = two_sum(square, other)
    return 0.5 * log_core(total, error + (low + other_low), doublings=2.0 * k)


def log1msq(u: Real) -> Real:
    """log(1 - u^2), for |u| <= 1."""
    square, low = two_product(u, u)
    total, error = quick_two_sum(1.0, -square)
    # 1 - u^2 is total + error - low, and total may be as small as the two
    total, error = quick_two_sum(total, error - low)
    small = abs(u) < _TINY
    return select(small, -square, log_core(total, error)) + select(abs(u) > 1.0, math.nan, 0.0)


def logcosh_inverse(v: Real) -> Real:
    """acosh(exp(v)) = v + log(1 + sqrt(1 - exp(-2 v))), for v >= 0."""
    root = sqrt(select(v < 1e-290, 2.0 * v, -expm1_down(-2.0 * v)))
    return v + log1p_unit(root) + select(v < 0.0, math.nan, 0.0)


def log1p_tanh(u: Real) -> Real:
    """log(1 + tanh(u)) = log(2) - softplus(-2 u), of which the latter does where tanh(u) is about to round to -1."""
    below = u < -0.25
    far = lesser(u, -0.25)
    tail = exp_sum(greater(2.0 * far, -746.0))
    return select(below, fma(2.0, far, LN2) - log1p_unit(tail), log1p(tanh(greater(u, -0.25))))


def atanh_expm1(v: Real) -> Real:
    """atanh(exp(v) - 1) = (v - log(2 - exp(v)))/2: the latter where exp(v) - 1 is about to round to -1."""
    below = v < -0.5
    far = lesser(v, -0.5)
    tail = 0.5 * exp_sum(greater(far, -746.0))
    m = expm1_halved(greater(v, -0.5), 0)
    near = select(abs(v) < _TINY, v, atanh(m))
    return select(below, 0.5 * ((far - LN2) - log1p(-tail)), near)
