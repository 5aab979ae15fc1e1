"""What the words of a formula mean, in mpmath: value, derivative and where they are defined.

Written from the definitions in mathematics, without a look at how symbij or sympy compute them. Derivatives are written
so that they do not cancel (1/cosh^2, not 1 - tanh^2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
from mpmath import mpf

LARGEST_MAGNITUDE = 6000  # exp(u) is computed for |u| < 2^6000: its exponent has that many bits
_FAR = mpf(10) ** 100


class Unknown(ArithmeticError):
    """The value cannot be computed here, which says nothing of the formula."""


@dataclass(frozen=True)
class Meaning:
    """value(u), derivative(u, value), and whether the word is defined at u."""

    value: Callable[[mpf], mpf]
    derivative: Callable[[mpf, mpf], mpf]
    defined: Callable[[mpf], bool] = lambda u: True


def exp(u: mpf) -> mpf:
    """e^u, as long as its exponent fits into memory."""
    if u and mpmath.mag(u) > LARGEST_MAGNITUDE:
        raise Unknown("too large an exponential")
    return mpmath.exp(u)


def sigmoid(u: mpf) -> mpf:
    """1/(1 + e^-u)."""
    return 1 / (1 + exp(-u)) if u > 0 else exp(u) / (1 + exp(u))


def _sigmoid_slope(u: mpf) -> mpf:
    small = exp(-abs(u))
    return small / (1 + small) ** 2


def _logit(u: mpf) -> mpf:
    if abs(4 * u - 2) < 1:
        return 2 * mpmath.atanh(2 * u - 1)
    return mpmath.log(u) - mpmath.log1p(-u)


def _softplus(u: mpf) -> mpf:
    return mpmath.log1p(exp(-abs(u))) + max(u, mpf(0))


def _softplus_inverse(u: mpf) -> mpf:
    return u + mpmath.log(-mpmath.expm1(-u))


def _log1mexp(u: mpf) -> mpf:
    return mpmath.log(-mpmath.expm1(-u)) if u < 1 else mpmath.log1p(-exp(-u))


def _erf(u: mpf) -> mpf:
    return mpmath.sign(u) if abs(u) > _FAR else mpmath.erf(u)


def _erfc(u: mpf) -> mpf:
    if u > _FAR:
        return exp(-u * u) / (u * mpmath.sqrt(mpmath.pi))
    if u < -_FAR:
        return mpf(2)
    return _erfc_tail(u) if u > 4 and mpmath.mp.prec > 400 else mpmath.erfc(u)


def _erfc_tail(u: mpf) -> mpf:
    """exp(-u^2)/sqrt(pi) divided by u + (1/2)/(u + (2/2)/(u + (3/2)/(u + ...))), in fixed point. (mpmath subtracts erf
    from 1 where its asymptotic series does not do.)"""
    bits = mpmath.mp.prec + 40
    terms, digits, x = 0, 0.0, float(u)
    while digits < bits:  # by which factor each level makes the error smaller
        terms += 1
        root = math.sqrt(x * x + 2 * terms)
        digits -= math.log2(2 * terms / (root + x) ** 2)
        if terms > 800:
            return mpmath.erfc(u)
    fixed = int(mpmath.ldexp(u, bits))
    value = fixed
    for n in range(terms, 0, -1):
        value = fixed + (n << (2 * bits)) // (2 * value)
    with mpmath.workprec(bits + 2 * max(0, mpmath.mag(u))):
        return exp(-u * u) / (mpmath.sqrt(mpmath.pi) * mpmath.ldexp(mpf(value), -bits))


def _ndtr(u: mpf) -> mpf:
    return _erfc(-u / mpmath.sqrt(2)) / 2


def _normal_density(u: mpf) -> mpf:
    return exp(-u * u / 2) / mpmath.sqrt(2 * mpmath.pi)


def _ndtri(p: mpf) -> mpf:
    """Newton's method on log ndtr(z) = log p, whose left side is concave, in the lower half."""
    if p > mpf(1) / 2:
        return -_ndtri(1 - p)
    if 2 * p == 1:
        return mpf(0)
    if p > mpf(1) / 4:  # near the median ndtr(z) - 1/2 = erf(z/sqrt 2)/2 keeps its digits
        return -mpmath.sqrt(2) * _erfinv(1 - 2 * p)
    target = mpmath.log(p)
    z = -mpmath.sqrt(-2 * target)

    def difference(z: mpf) -> tuple[mpf, mpf]:
        tail = _ndtr(z)
        return mpmath.log(tail) - target, _normal_density(z) / tail

    return _newton(difference, z)


def _erfinv(v: mpf) -> mpf:
    if v == 0:
        return v
    if abs(v) > mpf(1) / 2:
        tail = _ndtri((1 - abs(v)) / 2)
        return -mpmath.sign(v) * tail / mpmath.sqrt(2)
    slope = 2 / mpmath.sqrt(mpmath.pi)
    return _newton(lambda z: (mpmath.erf(z) - v, slope * exp(-z * z)), v / slope)


def _newton(function: Callable[[mpf], tuple[mpf, mpf]], z: mpf) -> mpf:
    """The root of a function that comes with its slope, from a start close by; precision is raised on the way."""
    full = mpmath.mp.prec
    precision = min(60, full)
    for _ in range(200):
        with mpmath.workprec(precision + 20):
            value, slope = function(z)
            step = value / slope
            z = z - step
        if abs(step) <= mpf(2) ** (-precision // 2) * abs(z):  # squared by the convergence of the method
            if precision == full:
                return +z
            precision = min(2 * precision, full)
    raise Unknown("Newton's method does not arrive")


def _lambertw(u: mpf) -> mpf:
    w = mpmath.lambertw(u)
    return w.real if isinstance(w, mpmath.mpc) else w


def _lambertw_slope(u: mpf, v: mpf) -> mpf:
    """1/(e^v (1 + v)), and for large u, of which v takes the logarithm, by u = v e^v."""
    return v / (u * (1 + v)) if u > 1 else 1 / (exp(v) * (1 + v))


def _cbrt(u: mpf) -> mpf:
    return mpmath.sign(u) * mpmath.cbrt(abs(u))


def _inside_one(u: mpf) -> bool:
    return abs(u) < 1


def _positive(u: mpf) -> bool:
    return u > 0


def _probability(u: mpf) -> bool:
    return 0 < u < 1


def _tanh(u: mpf) -> mpf:
    return mpmath.sign(u) * (-mpmath.expm1(-2 * abs(u))) / (1 + exp(-2 * abs(u)))


def _log_ndtr(u: mpf) -> mpf:
    return mpmath.log(_ndtr(u)) if u < 0 else mpmath.log1p(-_ndtr(-u))


_ROOT_PI = mpmath.sqrt  # of pi, taken at the precision in use

WORDS: dict[str, Meaning] = {
    "exp": Meaning(exp, lambda u, v: v),
    "expm1": Meaning(lambda u: mpmath.expm1(u) if abs(u) < 1 else exp(u) - 1, lambda u, v: exp(u)),
    "log": Meaning(mpmath.log, lambda u, v: 1 / u, _positive),
    "log2": Meaning(lambda u: mpmath.log(u) / mpmath.log(2), lambda u, v: 1 / (u * mpmath.log(2)), _positive),
    "log10": Meaning(mpmath.log10, lambda u, v: 1 / (u * mpmath.log(10)), _positive),
    "log1p": Meaning(mpmath.log1p, lambda u, v: 1 / (1 + u), lambda u: u > -1),
    "sqrt": Meaning(mpmath.sqrt, lambda u, v: 1 / (2 * v), lambda u: u >= 0),
    "square": Meaning(lambda u: u * u, lambda u, v: 2 * u),
    "cbrt": Meaning(_cbrt, lambda u, v: v / (3 * u)),
    "sigmoid": Meaning(sigmoid, lambda u, v: _sigmoid_slope(u)),
    "logit": Meaning(_logit, lambda u, v: 1 / (u * (1 - u)), _probability),
    "softplus": Meaning(_softplus, lambda u, v: sigmoid(u)),
    "softplus_inverse": Meaning(_softplus_inverse, lambda u, v: -1 / mpmath.expm1(-u), _positive),
    "softsign": Meaning(lambda u: u / (1 + abs(u)), lambda u, v: 1 / (1 + abs(u)) ** 2),
    "softsign_inverse": Meaning(lambda u: u / (1 - abs(u)), lambda u, v: 1 / (1 - abs(u)) ** 2, _inside_one),
    "log1mexp": Meaning(_log1mexp, lambda u, v: 1 / mpmath.expm1(u), _positive),
    "tanh": Meaning(_tanh, lambda u, v: 4 * _sigmoid_slope(2 * u)),
    "atanh": Meaning(mpmath.atanh, lambda u, v: 1 / ((1 - u) * (1 + u)), _inside_one),
    "sinh": Meaning(
        lambda u: mpmath.sinh(u) if abs(u) < 1 else (exp(u) - exp(-u)) / 2, lambda u, v: (exp(u) + exp(-u)) / 2
    ),
    "cosh": Meaning(
        lambda u: (exp(u) + exp(-u)) / 2, lambda u, v: mpmath.sinh(u) if abs(u) < 1 else (exp(u) - exp(-u)) / 2
    ),
    "asinh": Meaning(lambda u: mpmath.sign(u) * mpmath.asinh(abs(u)), lambda u, v: 1 / mpmath.sqrt(1 + u * u)),
    "acosh": Meaning(mpmath.acosh, lambda u, v: 1 / mpmath.sqrt((u - 1) * (u + 1)), lambda u: u >= 1),
    "sin": Meaning(mpmath.sin, lambda u, v: mpmath.cos(u)),
    "cos": Meaning(mpmath.cos, lambda u, v: -mpmath.sin(u)),
    "tan": Meaning(mpmath.tan, lambda u, v: 1 / mpmath.cos(u) ** 2),
    "asin": Meaning(mpmath.asin, lambda u, v: 1 / mpmath.sqrt((1 - u) * (1 + u)), lambda u: abs(u) <= 1),
    "acos": Meaning(mpmath.acos, lambda u, v: -1 / mpmath.sqrt((1 - u) * (1 + u)), lambda u: abs(u) <= 1),
    "atan": Meaning(mpmath.atan, lambda u, v: 1 / (1 + u * u)),
    "erf": Meaning(_erf, lambda u, v: 2 / _ROOT_PI(mpmath.pi) * exp(-u * u)),
    "erfc": Meaning(_erfc, lambda u, v: -2 / _ROOT_PI(mpmath.pi) * exp(-u * u)),
    "erfinv": Meaning(_erfinv, lambda u, v: _ROOT_PI(mpmath.pi) / 2 * exp(v * v), _inside_one),
    "ndtr": Meaning(_ndtr, lambda u, v: _normal_density(u)),
    "ndtri": Meaning(_ndtri, lambda u, v: 1 / _normal_density(v), _probability),
    "log_ndtr": Meaning(_log_ndtr, lambda u, v: _normal_density(u) / _ndtr(u)),
    "lambertw": Meaning(_lambertw, _lambertw_slope, lambda u: u >= -mpmath.exp(-1)),
}
