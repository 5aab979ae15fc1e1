"""The logistic function, softplus and their relatives, each from one exponential and one logarithm at most.

Where a logarithm is taken of a sum 1 + z, the rounding error of the sum goes along, so that log(1 + z) is relatively
accurate for small z and for large.
"""

from __future__ import annotations

import math

from symbij.kernels.elementary.exponential import (
    LN2,
    LN2_HI,
    LN2_LO,
    LN2_REST,
    exp,
    exp_and_expm1,
    exp_down,
    exp_sum,
    expm1_down,
    expm1_extended,
)
from symbij.kernels.elementary.logarithm import (
    log1p,
    log1p_unit,
    log_core,
    log_either,
    log_extended,
    log_parts,
    over_complement,
)
from symbij.kernels.values import Real, copysign, fma, greater, lesser, quick_two_sum, select, two_sum


def sigmoid(u: Real) -> Real:
    """1/(1 + exp(-u))."""
    if u.code.single:
        e = exp(lesser(u, 40.0))
        return e / (1.0 + e)
    e = exp_down(-abs(u))
    return select(u < 0.0, e, 1.0) / (1.0 + e)


def logit(u: Real) -> Real:
    """log(u/(1 - u)), for 0 <= u <= 1."""
    if u.code.single:
        return log_core(u / (1.0 - u))
    # with the rounding errors of 1 - u and of the quotient the logarithm keeps its digits about u = 1/2
    return log_core(*over_complement(u, u))


def _logit_extended(u: Real) -> tuple[Real, Real]:
    """log(u/(1 - u)) as a sum of two doubles, for 0 <= u <= 1."""
    rest, rest_error = two_sum(1.0, -u)
    high, low = log_extended(u)
    other, other_low = log_extended(rest)
    total, error = two_sum(high, -other)
    return total, select(abs(total) < math.inf, error + (low - other_low - rest_error / rest), 0.0)


def _sigmoid_extended(u: Real, low: Real) -> Real:
    """1/(1 + exp(-u - low)), where `low` is of the size of the rounding error of u."""
    far = abs(u) > 746.0
    size = select(far, 746.0, abs(u))
    e = exp_sum(-size, select(far, 0.0, -copysign(1.0, u) * low))
    return select(u < 0.0, e, 1.0) / (1.0 + e) + select(u.differs(u), math.nan, 0.0)


def logit_affine(u: Real, a: Real, b: Real) -> Real:
    """1/(1 + exp(-a log(u/(1 - u)) - b)): where that is u^a exp(b), the logarithm needs more digits than it has."""
    high, low = _logit_extended(u)
    product = a * high
    total, error = two_sum(product, b)
    finite = abs(total) < math.inf
    return _sigmoid_extended(total, select(finite, error + fma(a, low, fma(a, high, -product)), 0.0))


def logit_affine_inverse(u: Real, a: Real, b: Real) -> Real:
    """1/(1 + exp((b - log(u/(1 - u)))/a))."""
    high, low = _logit_extended(u)
    total, error = two_sum(high, -b)
    quotient = total / a
    finite = abs(total) < math.inf
    return _sigmoid_extended(quotient, select(finite, (fma(-quotient, a, total) + (error + low)) / a, 0.0))


def softplus(u: Real) -> Real:
    """log(1 + exp(u))."""
    return greater(u, 0.0) + log1p_unit(exp_down(-abs(u)))


def softplus_inverse(v: Real) -> Real:
    """log(exp(v) - 1), for v >= 0."""
    return _log_of_expm1(v, v)


def _log_of_expm1(v: Real, tiny: Real, doublings: Real | float = 0.0) -> Real:
    """v + log(1 - exp(-v)), with 1 - exp(-v) = tiny 2^doublings where v < 1e-290."""
    # about the zero at ln 2: 1 - exp(-v) = (1 - expm1(-y))/2 with y = v - ln 2
    zero = abs(v - LN2) < 0.02
    x = select(zero, ((v - LN2_HI) - LN2_LO) - LN2_REST, v)
    small = v < 1e-290
    if v.code.single:
        m = expm1_down(-x)
        log = log_core(select(zero, 1.0 - m, select(small, tiny, -m)), doublings=doublings)
        return x + log
    m, m_error = expm1_extended(-x)
    total, error = quick_two_sum(1.0, -m)
    k, step, r, p = log_parts(
        select(zero, total, select(small, tiny, -m)), select(zero, error - m_error, select(small, 0.0, -m_error))
    )
    n = k + doublings
    return (x + fma(n, LN2_HI, step)) + (r + fma(r * r, p, n * LN2_LO))


def softplus_scaled(u: Real, h: Real) -> Real:
    """h log(1 + exp(u/h)), without overflow of u/h."""
    t = u / h
    lifted = exp_sum(greater(-abs(t), -1101.0), doublings=512.0)  # which keeps its digits until h has multiplied it
    ordinary = select(t > 0.0, u, 0.0) + h * log1p_unit(lifted * 2.0**-512)
    return select(t < -600.0, h * lifted * 2.0**-512, ordinary)


def softplus_scaled_inverse(v: Real, h: Real) -> Real:
    """h log(exp(v/h) - 1), without over- or underflow of v/h."""
    t = v / h
    tiny = t < 1e-290  # t may have lost digits
    log = _log_of_expm1(t, v * 2.0**512 / h, select(tiny, -512.0, 0.0))
    return select(t > 700.0, v, h * log)


def soft_clip(u: Real, low: Real, high: Real, h: Real) -> Real:
    """low b + high a with b = sp(c - sp(t))/sp(c), a = 1 - b; c = (high - low)/h, t = (u - low)/h, sp = softplus."""
    # with t' = (u - high)/h: c - sp(t) = -t' - sp(-t), and a sp(c) = sp(t) - sp(t' - sp(-c)), which cancels only where
    # a is close to 1. Well between the ends sp(t) = t + sp(-t) and sp(c) = c + sp(-c) leave a small difference from u.
    width = high - low
    c, t, t_high = width / h, (u - low) / h, (u - high) / h
    total, rest = softplus(c), softplus(-c)
    rise, fall = softplus(t), softplus(t_high - rest)
    foot = softplus(-t)
    b = softplus(select(t < 0.0, c - rise, -t_high - foot)) / total
    a = select(t_high < 0.0, (rise - fall) / total, 1.0 - b)
    a, b = select(t.equals(math.inf), 1.0, a), select(t.equals(math.inf), 0.0, b)
    between = (c > 2.0) & (t > 0.0) & (t_high < 0.0)
    return select(between, u + (width * (foot - fall) - (u - low) * rest) / total, low * b + high * a)


def soft_clip_inverse(v: Real, low: Real, high: Real, h: Real) -> Real:
    """The u with soft_clip(u, low, high, h) = v, as v and what is left, from the nearer end."""
    # with c and t as above and s = a sp(c): exp(t) = (exp(s) - 1) (1 + exp(-c))/(1 - exp(-c) (exp(s) - 1)); and with
    # s = b sp(c): exp(t) = exp(r) - 1, r = c - log(exp(s) - 1). In both cases h s = |v - end| (1 + sp(-c)/c).
    width = high - low
    c = width / h
    total, rest = softplus(c), softplus(-c)
    below, above = v - low, high - v
    from_high = abs(above) < abs(below)
    distance = select(from_high, above, below)
    s = distance / width * total
    tiny = s < 1e-290
    lifted = distance * 2.0**512 / width * total
    e, m = exp_and_expm1(-s)
    one, error = quick_two_sum(1.0, -e)
    near = s < LN2
    log = log_core(  # log(1 - exp(-s))
        select(tiny, lifted, select(near, -m, one)), select(near, 0.0, error), doublings=select(tiny, -512.0, 0.0)
    )
    start = exp_down(-abs(c))
    from_low = log + (rest - log1p(-(exp(lesser(s, 700.0 + c) - c) - start)))
    r = greater(c - (s + log), 0.0)
    e, m = exp_and_expm1(-r)
    one, error = quick_two_sum(1.0, -e)
    near = r < LN2
    beyond = log_core(select(near, -m, one), select(near, 0.0, error)) - log
    outside = distance * (rest / c)
    return v + select(from_high, h * beyond - outside, h * from_low + outside)


def sigmoid_increment(u: Real, c: Real) -> Real:
    """s(u + c) - s(c), with s the sigmoid."""
    # -expm1(-u) s(u + c) s(-c) for u >= 0; the function is odd in (u, c) together
    up = u >= 0.0
    size = -expm1_down(-abs(u)) * sigmoid(select(up, u + c, -u - c)) * select(up, sigmoid(-c), sigmoid(c))
    # tiny u, where products could lose digits: the slope at zero
    return select(abs(u) < 1e-290, u * (sigmoid(c) * sigmoid(-c)), copysign(size, u))


def sigmoid_increment_inverse(v: Real, c: Real) -> Real:
    """logit(v + s(c)) - c, with s the sigmoid."""
    # log1p(v/(l (h - v))) with l = s(c), h = 1 - l = s(-c), for v >= 0; odd in (v, c) together. Where l underflows
    # against v this is log(v/(h - v)) + softplus(-c), and softplus(-c) = -c there.
    up = v >= 0.0
    lower, upper = sigmoid(c), sigmoid(-c)
    a = abs(v)
    near, far = select(up, lower, upper), select(up, upper, lower)
    apart = a > 1e300 * near
    z = a / (select(apart, 1.0, near) * (far - a))
    log = log_either(apart, z) + select(apart, abs(c), 0.0)
    return select(a < 1e-290, v / (lower * upper), copysign(log, v)) + select(far < a, math.nan, 0.0)


def sigmoid_step(u: Real, s: Real) -> Real:
    """tanh(u/2)/(2 tanh(s/2)), less sign(u s)/2 where |u| > ln 2; for |u| <= |s|."""
    # with e = exp(-|u|), q = exp(-|s|): (1 - e)/(1 + e) (1 + q)/(1 - q)/2, and less 1/2: (q - e)/((1 + e) (1 - q))
    a = abs(u)
    e, m = exp_and_expm1(-a)
    q, q_less_one = exp_and_expm1(-abs(s))
    scale = copysign(1.0, s) / -q_less_one
    size = select(a <= LN2, m * (-0.5 * (1.0 + q) * scale), (q - e) * scale) / (1.0 + e)
    return copysign(1.0, u) * size


def sigmoid_between(u: Real, low: Real, high: Real) -> Real:
    """low s(-u) + high s(u), with s the sigmoid."""
    e = exp_down(-abs(u))
    larger = 1.0 / (1.0 + e)
    smaller = e * larger
    up = u > 0.0
    return low * select(up, smaller, larger) + high * select(up, larger, smaller)


def logit_between(v: Real, low: Real, high: Real) -> Real:
    """log((v - low)/(high - v))."""
    a, b = v - low, high - v
    # near the middle (v - low)/(high - v) = 1 + (2v - (low + high))/(high - v), whose numerator does not round there
    apart = (abs(a) > 2.0 * abs(b)) | (abs(b) > 2.0 * abs(a))
    z = select(apart, a, 2.0 * v - (low + high)) / b
    return log_either(apart, select(b.equals(0.0), math.inf, z))  # high - high is 0.0, whichever end is the larger
