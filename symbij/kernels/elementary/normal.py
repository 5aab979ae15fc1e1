"""The normal distribution function, its tails and its inverse, and the error functions.

Mills' ratio M(u) = exp(u^2/2) Phi(-u), u >= 0, is about 1/(2 + c u), c = 9/4 (Shepherd and Laframboise 1981 use the
like for erfc): (2 + c u) M(u) = 1 + u N(u)/D(u) differs from 1 by 0.11 at most, so that rounding errors of N and D
hardly matter in M = (D + u N)/((2 + c u) D). With exp(-u^2/2) = 2^k (1 + p),

    Phi(-u) = 2^k (D + (u N + (D + u N) p)) / ((2 + c u) D),

of which the sum, the divisor and the quotient are corrected by their rounding errors. The other tail is the complement;
whichever sign u has, nothing cancels.

The inverse: for the smaller tail q let w = -log(2 q) and r = sqrt(w + b). As a function of w, the x with Phi(-x) = q is
analytic near all w > -log 2, where q = 1; b a little below log 2 keeps the root's own singularity away, and makes x/w
close to a rational function of r. x (r + a)/w lies between 1.418 and 1.463 for a = 5/16, so that
x = w (l D + N)/((r + a) D), with l between the two, again feels little of the rounding errors of N and D.

erf(x) is x + x P(x^2) up to 1.125. Beyond, it is 1 - exp(L(x)) with a polynomial L for log(erfc(x)), which may be the
less accurate the smaller erfc is.
"""

from __future__ import annotations

import math

from symbij.kernels.coefficients.exponential import EXP, EXP_SINGLE
from symbij.kernels.coefficients.normal import (
    ERF,
    ERF_SINGLE,
    ERFINV_ABOVE,
    ERFINV_BELOW,
    ERFINV_SINGLE_ABOVE,
    ERFINV_SINGLE_BELOW,
    LOG_ERFC,
    LOG_ERFC_SINGLE,
    MILLS_ABOVE,
    MILLS_BELOW,
    MILLS_SINGLE_ABOVE,
    MILLS_SINGLE_BELOW,
    NDTRI_ABOVE,
    NDTRI_BELOW,
    NDTRI_SINGLE_ABOVE,
    NDTRI_SINGLE_BELOW,
)
from symbij.kernels.elementary.exponential import LN2, LN2_HI, LN2_LO, LOG2_E, expm1
from symbij.kernels.elementary.logarithm import log_core
from symbij.kernels.values import ROUNDER, Real, copysign, fma, lesser, polynomial, real_of_bits, select, sqrt

_LIFT = 128  # powers of two are lifted by so much until last, which keeps them normal numbers
_SWITCH = 1.125  # where erf changes its method
_NDTRI_SHIFT, _NDTRI_POLE = 0.6875, 0.3125  # b, a
_NDTRI_LEVEL, _ERFINV_LEVEL = 1.4375, 1.015625  # l; erfinv has a factor of sqrt(1/2)
_MILLS_SLOPE = 2.25  # c
_SQRT2 = 1.4142135623730951
_NDTRI_LARGEST = 743.75  # -log(2 q) for tails q that are doubles
_LOG_2PI, _ROOT_2PI = 1.8378770664093453, 2.5066282746310002
_INVERSE_ROOT_2PI = 0.3989422804014327
_MILLS_SERIES = (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0)
_ERFC_SLOPE, _ERFC_SLOPE_LOW = 1.590990257669732, 3.0020828301799294e-17  # c/sqrt(2)


def _exp_minus(h: Real, h_low: Real | None = None) -> tuple[Real, Real]:
    """2^(k + _LIFT) and p with exp(-h - h_low) = 2^k (1 + p), for 0 <= h < 790; without `h_low` p is not corrected."""
    magic = ROUNDER + 1023 + _LIFT
    shifted = fma(h, -LOG2_E, magic)
    k = shifted - magic
    scale = real_of_bits(shifted.bits() << 52)  # the exponent's bits are the whole number's
    if h.code.single:
        r = fma(k, -LN2, -h)
        return scale, fma(r * r, polynomial(r, EXP_SINGLE), r)
    high = fma(k, -LN2_HI, -h)
    if h_low is None:
        r = fma(k, -LN2_LO, high)
        return scale, fma(r * r, polynomial(r, EXP), r)
    low = fma(k, -LN2_LO, -h_low)
    r = high + low
    return scale, r + fma(r * r, polynomial(r, EXP), (high - r) + low)


def _ratio(v: Real, slope: Real, slope_low: Real) -> tuple[Real, Real, Real, Real | None]:
    """d, v n, the divisor and its error: Mills' ratio of v is (d + v n)/divisor for slope + slope_low = 2 + c v.

    Half the slope gives twice the ratio, except at the lower grade, where there is no slope.
    """
    if v.code.single:
        return polynomial(v, MILLS_SINGLE_ABOVE), v.code.real(0.0), polynomial(v, MILLS_SINGLE_BELOW), None
    d = polynomial(v, MILLS_BELOW)
    divisor = slope * d
    return d, v * polynomial(v, MILLS_ABOVE), divisor, fma(slope_low, d, fma(slope, d, -divisor))


def _divided(total: Real, total_low: Real | None, divisor: Real, divisor_low: Real | None) -> Real:
    """(total + total_low)/(divisor + divisor_low); plainly total/divisor at the lower grade."""
    if divisor_low is None:
        return total / divisor
    inverse = 1.0 / divisor
    quotient = total * inverse
    left = fma(-quotient, divisor_low, fma(-quotient, divisor, total))
    return fma(left if total_low is None else left + total_low, inverse, quotient)


def _tail(v: Real, slope: Real, slope_low: Real, h: Real, h_low: Real) -> Real:
    """exp(-h - h_low) times the quotient of `_ratio`."""
    d, rest, divisor, divisor_low = _ratio(v, slope, slope_low)
    scale, p = _exp_minus(h, h_low)
    if v.code.single:
        return fma(d, p, d) / divisor * scale * 2.0**-_LIFT
    rest = fma(d + rest, p, rest)
    total = d + rest
    return _divided(total, (d - total) + rest, divisor, divisor_low) * scale * 2.0**-_LIFT


def _normal_tail(u: Real) -> Real:
    """Phi(-|u|)."""
    v = lesser(abs(u), 39.0)
    slope = fma(v, _MILLS_SLOPE, 2.0)
    half = 0.5 * v
    h = half * v
    return _tail(v, slope, fma(v, _MILLS_SLOPE, 2.0 - slope), h, fma(half, v, -h))


def ndtr(u: Real) -> Real:
    """Phi(u) = erfc(-u/sqrt(2))/2."""
    tail = _normal_tail(u)
    return select(u > 0.0, 1.0 - tail, tail)


def erfc(u: Real) -> Real:
    """1 - erf(u) = 2 Phi(-sqrt(2) u)."""
    x = lesser(abs(u), 28.0)
    h = x * x
    slope = fma(x, _ERFC_SLOPE, 1.0)
    slope_low = fma(x, _ERFC_SLOPE_LOW, fma(x, _ERFC_SLOPE, 1.0 - slope))
    tail = _tail(x * _SQRT2, slope, slope_low, h, fma(x, x, -h))
    if u.code.single:  # there is no slope to take the factor
        tail = 2.0 * tail
    return select(u < 0.0, 2.0 - tail, tail)


def mills(u: Real) -> Real:
    """exp(u^2/2) Phi(-u), for u >= 0: Mills' ratio over sqrt(2 pi)."""
    v = lesser(u, 38.0)
    slope = fma(v, _MILLS_SLOPE, 2.0)
    d, rest, divisor, divisor_low = _ratio(v, slope, fma(v, _MILLS_SLOPE, 2.0 - slope))
    ratio = _divided(d + rest, None, divisor, divisor_low)
    inverse = 1.0 / u  # beyond, the asymptotic series 1/u (1 - 1/u^2 + 3/u^4 - 15/u^6 ...)
    far = polynomial(inverse * inverse, _MILLS_SERIES) * (_INVERSE_ROOT_2PI * inverse)
    return select(u > 38.0, far, ratio) + select(u < 0.0, math.nan, 0.0)


def erf(u: Real) -> Real:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to u."""
    x = lesser(abs(u), 6.0)  # beyond, 1 - erf is less than half an ulp
    single = u.code.single
    scale, p = _exp_minus(-polynomial(x, LOG_ERFC_SINGLE if single else LOG_ERFC))
    scale = scale * 2.0**-_LIFT
    large = copysign((1.0 - scale) - scale * p, u)
    small = fma(u, polynomial(u * u, ERF_SINGLE if single else ERF), u)
    return select(x > _SWITCH, large, small)


def log_ndtr(u: Real) -> Real:
    """log(Phi(u)): log(M(-u)) - u^2/2 below zero, where both have the same sign, and log(1 - Phi(-u)) above."""
    below = u < 0.0
    # M is as good as 1/u long before its polynomials overflow, and u^2/2 is what counts there
    v = lesser(abs(u), select(below, 1e9, 39.0))
    slope = fma(v, _MILLS_SLOPE, 2.0)
    d, rest, divisor, divisor_low = _ratio(v, slope, fma(v, _MILLS_SLOPE, 2.0 - slope))
    above = d + rest
    half = 0.5 * v
    h = half * v
    scale, p = _exp_minus(h, fma(half, v, -h))
    # the quotient is Mills' ratio, or all of the tail but its power of two
    quotient = _divided(select(below, above, d + fma(above, p, rest)), None, divisor, divisor_low)
    tail = quotient * scale * 2.0**-_LIFT
    total = 1.0 - tail
    result = log_core(select(below, quotient, total), select(below, 0.0, (1.0 - total) - tail))
    return select(below, fma(-0.5 * u, u, result), -abs(result))  # -0.0 where it underflows


def _inverse(w: Real, level: float, above: tuple[float, ...], below: tuple[float, ...]) -> Real:
    """w (l D + N)/((r + a) D), or w N/D at the lower grade."""
    r = sqrt(w + _NDTRI_SHIFT)
    n, d = polynomial(r, above), polynomial(r, below)
    if w.code.single:
        return w * (n / d)
    total, factor = fma(d, level, n), r + _NDTRI_POLE
    divisor = factor * d
    inverse = 1.0 / divisor
    quotient = total * inverse
    left = fma(-quotient, fma(factor, d, -divisor), fma(-quotient, divisor, total))
    return fma(w, quotient, w * (left * inverse))


def _at_ends(q: Real, inside: Real) -> Real:
    """`inside` for tails q > 0, infinity for zero, NaN for what is none."""
    return select(q > 0.0, inside, select(q.equals(0.0), math.inf, math.nan))


def ndtri(u: Real) -> Real:
    """The x with Phi(x) = u."""
    q = lesser(u, 1.0 - u)
    single = u.code.single
    coefficients = (NDTRI_SINGLE_ABOVE, NDTRI_SINGLE_BELOW) if single else (NDTRI_ABOVE, NDTRI_BELOW)
    return copysign(_at_ends(q, _inverse(-log_core(2.0 * q), _NDTRI_LEVEL, *coefficients)), u - 0.5)


def ndtri_exp(u: Real) -> Real:
    """The x with log(Phi(x)) = u.

    From the tail as `ndtri` is, of which the lower one is not exponentiated. Beyond the smallest double's logarithm
    x = -a, where a^2/2 - log(M(a)) = -u: two of Newton's steps from a^2 = t - log(t), t = -2 u - log(2 pi). Where the
    square of x has no digits below its logarithm, x = -sqrt(-2 u).
    """
    single = u.code.single
    below = u < -LN2
    w = select(below, -(u + LN2_HI) - LN2_LO, -log_core(-2.0 * expm1(u)))
    coefficients = (NDTRI_SINGLE_ABOVE, NDTRI_SINGLE_BELOW) if single else (NDTRI_ABOVE, NDTRI_BELOW)
    size = _inverse(lesser(w, _NDTRI_LARGEST), _NDTRI_LEVEL, *coefficients)
    s = -u
    t = fma(2.0, lesser(s, 1e300), -_LOG_2PI)
    a = sqrt(t - log_core(t))
    for _ in range(2):
        m = mills(a)
        left = fma(0.5 * a, a, -s) - log_core(m)
        a = fma(-left * m, _ROOT_2PI, a)
    size = select(w > _NDTRI_LARGEST, select(s > 1e30, _SQRT2 * sqrt(s), a), size)
    inside = select(below, -size, size)
    return select(u < 0.0, inside, select(u.equals(0.0), math.inf, math.nan))


def erfinv(u: Real) -> Real:
    """The x with erf(x) = u."""
    size = abs(u)
    q = 1.0 - size  # twice the tail
    w = -log_core(q, (1.0 - q) - size)
    coefficients = (ERFINV_SINGLE_ABOVE, ERFINV_SINGLE_BELOW) if u.code.single else (ERFINV_ABOVE, ERFINV_BELOW)
    return copysign(_at_ends(q, _inverse(w, _ERFINV_LEVEL, *coefficients)), u)


def erfcinv(u: Real) -> Real:
    """The x with erfc(x) = u."""
    q = lesser(u, 2.0 - u)  # twice the tail
    # tails are smaller than erfinv's coefficients are made for
    coefficients = (NDTRI_SINGLE_ABOVE, NDTRI_SINGLE_BELOW) if u.code.single else (NDTRI_ABOVE, NDTRI_BELOW)
    inside = _inverse(-log_core(q), _NDTRI_LEVEL, *coefficients)
    return copysign(_at_ends(q, inside * (1.0 / _SQRT2)), 1.0 - u)
