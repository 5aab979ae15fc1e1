"""Cube roots, odd roots, Lambert's function, and the logarithm of the gamma function with its derivative.

cbrt(a): a third of the high half of the bits of a, subtracted from a constant, are the high half of y = a^(-1/3) up to
3.5 % (Kahan's trick, for the inverse root). With e = 1 - a y^3 the polynomial (1 - e)^(-1/3) makes y good to 2^-31
without a division, c = a y^2 is the root, and a Newton step c + (a - c^3) y^2/3 with the exact c^2 doubles its digits.

lambertw(u): with p^2/2 = e u + 1, w + 1 is p times a power series in p near the branch point, where that is the result.
Elsewhere a start w is good to 2^-13: u exp(-w) as a polynomial in p for u < e, and x - log x + d(log x) with x = log u
beyond, d a polynomial. The corrected w (1 + y) satisfies log(1 + y) + w y = z = log(u/w) - w, which three terms of the
inverse series solve to fourth order (Fritsch, Shafer and Crowley 1973 have a quotient in place of the series).

lgamma(u) = log|gamma(u)|: Stirling's formula for |u| >= 4.25. Below, log gamma(2 + t) = t p(t) for t within
[-3/4, 1/4] has both zeros as zeros of factors, and gamma(1 + u) = u gamma(u) brings all others there: products of u - k
under the logarithm. gamma(-a) gamma(a) = -pi/(a sin(pi a)) on the left.

digamma(u), the derivative: log u - 1/(2u) - q(1/u^2)/u^2 for u >= 3. Below, digamma(y) = (y - root) p(y)/(y (y + 1))
for y in [1, 3], which takes the two nearest poles out of p, and digamma(u) = digamma(1 + u) - 1/u. On the left
digamma(u) = digamma(1 - u) - pi cot(pi u). All fractions have a common denominator: there is one division.
"""

from __future__ import annotations

import math

from symbij.kernels.coefficients import special as c
from symbij.kernels.elementary.exponential import LN2, exp
from symbij.kernels.elementary.logarithm import log_core, log_extended
from symbij.kernels.values import (
    Int,
    Real,
    bits_of,
    copysign,
    floor,
    fma,
    greater,
    nearest,
    polynomial,
    real_of_bits,
    real_of_int,
    select,
    sqrt,
)

_E, _E_LO = 2.718281828459045, 1.4456468917292502e-16
_BRANCH = -0.36787944117144233  # -1/e
_HALF_LOG_2PI = 0.9189385332046727
_DIGAMMA_ROOT, _DIGAMMA_ROOT_LO = 1.4616321449683622, 9.549995429965697e-17
_THIRD = 0x55555556  # of 2^32
_INVERSE_CUBE_ROOT_BITS = 0x553EE968
_SQRT_HALF = 0.7071067811865476


def cbrt(u: Real) -> Real:
    """The real cube root of u."""
    size = abs(u)
    tiny = size < 2.0**-700  # a - c^3 would be subnormal
    a = select(tiny, size * 2.0**300, size)
    third: Int = (a.bits().logical_shift(32) * _THIRD).logical_shift(32)
    start = real_of_bits((_INVERSE_CUBE_ROOT_BITS - third) << 32)
    e = fma(-(a * start), start * start, 1.0)
    y = start * polynomial(e, c.INVERSE_CUBE_ROOT)
    root = (a * y) * y
    if not u.code.single:
        square = root * root
        rest = fma(-root, fma(root, root, -square), fma(-root, square, a))
        root = fma(rest, (y * y) * (1 / 3), root)
    return select(size < math.inf, copysign(root * select(tiny, 2.0**-100, 1.0), u), u)


def odd_root(u: Real, n: Real) -> Real:
    """The real n-th root of u, for odd n > 1."""
    size = abs(u)
    inverse = 1.0 / n
    if u.code.single:
        root = exp(log_core(size) * inverse)
    else:
        high, low = log_extended(size)
        quotient = high * inverse
        root = exp(quotient)
        root = fma(root, (fma(-quotient, n, high) + low) * inverse, root)
    return select((size > 0.0) & (size < math.inf), copysign(root, u), u)


def _rough_log(u: Real) -> Real:
    """log(u) up to 2^-16, for u >= 1."""
    bits = u.bits()
    k = (bits - bits_of(_SQRT_HALF)).logical_shift(52)
    f = real_of_bits(bits - (k << 52)) - 1.0
    return fma(real_of_int(k), LN2, f * polynomial(f, c.ROUGH_LOG))


def lambertw(u: Real) -> Real:
    """The w >= -1 with w exp(w) = u; NaN for u < -1/e."""
    p = sqrt(greater(2.0 * (fma(u, _E, 1.0) + u * _E_LO), 0.0))
    near = fma(p, polynomial(p, c.LAMBERT_NEAR_SINGLE if u.code.single else c.LAMBERT_NEAR), -1.0)
    x = _rough_log(u)
    s = _rough_log(x)
    middle = u < _E
    w = select(middle, u * polynomial(p, c.LAMBERT_RATIO), (x - s) + polynomial(s, c.LAMBERT_LARGE))
    inverse = 1.0 / w
    ratio = u * inverse
    h = 1.0 / (1.0 + w)
    if u.code.single:
        y = (log_core(ratio) - w) * h
        step = fma(y * y, 0.5 * h, y)
    else:
        rest = select(middle, fma(-ratio, w, u) * inverse, 0.0)  # of the division, too small to matter for w > 1
        y = (log_core(ratio, rest) - w) * h
        step = fma(y * y, fma(y, fma(0.5 * h, h, h * (-1 / 3)), 0.5 * h), y)
    result = select(p < 0.5, near, fma(w, step, w))
    result = select(u >= _BRANCH, result, math.nan)
    return select((abs(u) < 2.0**-54) | u.equals(math.inf), u, result)  # w = u - u^2 + ... near zero


def lambertw_times(u: Real, c: Real) -> Real:
    """W(c u), also where c u overflows; 0 for c = 0."""
    log_size = log_core(abs(u)) + log_core(abs(c))
    return select(c.equals(0.0) & u.equals(u), 0.0, _lambertw_beyond(c * u, log_size))


def lambertw_times_square(u: Real, d: Real) -> Real:
    """W(d u^2), for d >= 0, also where d u^2 overflows; 0 for d = 0."""
    log_size = 2.0 * log_core(abs(u)) + log_core(d)
    return select(d.equals(0.0) & u.equals(u), 0.0, _lambertw_beyond((d * u) * u, log_size))


def _lambertw_beyond(u: Real, log_u: Real) -> Real:
    """W(u), of which the logarithm alone serves where it is large: Newton's steps for w + log w = log u."""
    w = log_u - log_core(greater(log_u, 1.0))
    for _ in range(2):
        w = w * (1.0 + log_u - log_core(greater(w, 1.0))) / (1.0 + w)
    large = (u > 1e300) & (log_u < math.inf)
    return select(large, w, lambertw(u))


def lgamma(u: Real) -> Real:
    """log|gamma(u)|; infinite at zero and the negative whole numbers."""
    single = u.code.single
    left = u < -0.75
    a = select(left, -u, u)
    m = floor(a + 0.75)
    small, lower = m < 5.0, m < 2.0
    t = a - m
    roots = t * polynomial(t, c.LGAMMA_ROOTS_SINGLE if single else c.LGAMMA_ROOTS)
    # log gamma(a) = roots + log(product), or roots - log(product) where a is `lower`
    upper = select(m < 3.0, 1.0, (a - 1.0) * select(m < 4.0, 1.0, a - 2.0))
    product = select(lower, select(m < 1.0, abs(fma(a, a, a)), a), upper)
    # |a sin(pi a)|/pi
    r = abs(u - nearest(u))
    sine = r * polynomial(r * r, c.SINE_SINGLE if single else c.SINE)
    reflected = a * sine
    product = select(left, select(lower, sine, reflected * product), product)
    log_a = log_core(select(small, product, a))
    inverse = 1.0 / a
    tail = polynomial(inverse * inverse, c.LGAMMA_TAIL_SINGLE if single else c.LGAMMA_TAIL)
    stirling = fma(a - 0.5, log_a - 1.0, fma(tail, inverse, _HALF_LOG_2PI - 0.5))
    base = select(small, roots, stirling)
    far = select(left, -log_core(reflected), 0.0)
    result = select(left, -base, base) + select(small, select(left | lower, -log_a, log_a), far)
    result = select(r.equals(0.0) & (u <= 0.0), math.inf, result)
    return select(abs(u) < math.inf, result, abs(u))


def digamma(u: Real) -> Real:
    """The derivative of log gamma(u); infinite at zero (with the sign of -u), NaN at the negative whole numbers."""
    single = u.code.single
    left = u < 0.0
    b = select(left, 1.0 - u, u)
    small, below = b < 3.0, b < 1.0
    # digamma(y) = value/poles; digamma(b) has 1/b less below 1
    y = select(below, b + 1.0, b)
    t = y - _DIGAMMA_ROOT
    value = polynomial(t, c.DIGAMMA_ROOT_SINGLE if single else c.DIGAMMA_ROOT)
    value = fma(t, value, -_DIGAMMA_ROOT_LO * value)
    poles = fma(y, y, y)
    value = select(below, fma(value, b, -poles), value)
    bottom = select(small, select(below, b * poles, poles), b)
    # pi cot(pi u) = cotangent/(r (1 - r^2)), where the factor 1 - 4 r^2 keeps the zero at 1/2 accurate
    r = u - nearest(u)
    z = r * r
    cotangent = fma(-4.0 * r, r, 1.0) * polynomial(z, c.COTANGENT_SINGLE if single else c.COTANGENT)
    cotangent = select(left, cotangent, 0.0)
    other = select(left, fma(-z, r, r), 1.0)
    inverse = 1.0 / (bottom * other)
    v = inverse * other  # 1/b where b is large
    tail = polynomial(v * v, c.DIGAMMA_TAIL_SINGLE if single else c.DIGAMMA_TAIL)
    top = select(small, value, fma(tail, v, -0.5))
    result = fma(-cotangent, bottom, top * other) * inverse + select(small, 0.0, log_core(b))
    result = select(left & r.equals(0.0), math.nan, result)
    return select(u.equals(math.inf), u, result)
