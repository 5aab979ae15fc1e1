"""Quadratics a u^2 + b u + c and hyperbolas a u + b/u + c: values, roots, and logarithms of slopes.

What cancels is carried as the sum of two doubles, so that vertices and zeros keep their digits. With w = v - c the root
of a quadratic is that of a u^2 + b u - w, whose discriminant D = b^2 + 4 a w is the square of the slope; the root of a
hyperbola is that of a u^2 - w u + b, with D = w^2 - 4 a b the square of u times the slope. A root is taken in the one of
its two forms in which nothing cancels: (s sqrt(D) - B)/(2 A) or -2 C/(B + s sqrt(D)), where s is the sign of 2 A u + B.
Squares would over- and underflow, so what they are made of carries its exponent beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from symbij.kernels.elementary.logarithm import log_extended
from symbij.kernels.values import (
    Real,
    copysign,
    floor,
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

_NOTHING, _INFINITE = -3000.0, 3000.0  # the exponents that zero and infinity are given


@dataclass
class _Wide:
    """(high + low) 2^exponent."""

    high: Real
    low: Real
    exponent: Real

    def __add__(self, other: _Wide) -> _Wide:
        top = greater(self.exponent, other.exponent)
        a, b = self._shifted(top), other._shifted(top)
        total, error = two_sum(a.high, b.high)
        high, low = quick_two_sum(total, error + (a.low + b.low))
        return _Wide(high, low, select(high.equals(0.0), _NOTHING, top))

    def _shifted(self, top: Real) -> _Wide:
        down = greater(self.exponent - top, -2000.0)
        return _Wide(scaled(self.high, down), scaled(self.low, down), top)

    def __mul__(self, other: _Wide) -> _Wide:
        product, error = two_product(self.high, other.high)
        error = fma(self.high, other.low, fma(self.low, other.high, error))
        return _Wide(*quick_two_sum(product, error), self.exponent + other.exponent)

    def __truediv__(self, other: _Wide) -> _Wide:
        quotient = self.high / other.high
        rest = fma(-quotient, other.high, self.high) + (self.low - quotient * other.low)
        error = select(abs(quotient) < math.inf, rest / other.high, 0.0)
        return _Wide(*quick_two_sum(quotient, error), self.exponent - other.exponent)

    def __neg__(self) -> _Wide:
        return _Wide(-self.high, -self.low, self.exponent)

    def doubled(self, times: float = 1.0) -> _Wide:
        """The number times a power of two."""
        return _Wide(self.high, self.low, self.exponent + times)

    def value(self) -> Real:
        """The nearest double."""
        return scaled(self.high + self.low, lesser(greater(self.exponent, -2000.0), 2000.0))

    def root(self) -> _Wide:
        """The square root; that of 0 for negative numbers, which only rounding of a value at the vertex brings."""
        half = floor(0.5 * self.exponent)
        odd = self.exponent - 2.0 * half + 1.0  # 1 or 2
        negative = self.high < 0.0
        high, low = select(negative, 0.0, odd * self.high), select(negative, 0.0, odd * self.low)
        root = sqrt(high)
        error = (fma(-root, root, high) + low) / (2.0 * root)
        return _Wide(*quick_two_sum(root, select(root > 0.0, error, 0.0)), half)

    def log(self) -> Real:
        """log|number|."""
        high, low = log_extended(abs(self.high), select(self.high < 0.0, -self.low, self.low), self.exponent)
        return high + low


def _choose(condition: object, yes: _Wide, no: _Wide) -> _Wide:
    return _Wide(*(select(condition, getattr(yes, f), getattr(no, f)) for f in ("high", "low", "exponent")))  # type: ignore[arg-type]


def _wide(u: Real) -> _Wide:
    exponent, m = split(abs(u))
    zero = u.equals(0.0)
    exponent = greater(lesser(exponent, _INFINITE), _NOTHING)
    return _Wide(select(zero, u, copysign(m, u)), u.code.real(0.0), exponent)


def _difference(v: Real, c: Real) -> _Wide:
    """v - c."""
    return _wide(v) + _wide(-c)


def quadratic(u: Real, a: Real, b: Real, c: Real) -> Real:
    """a u^2 + b u + c."""
    product, product_low = two_product(a, u)
    inner, inner_low = two_sum(product, b)
    value, value_low = two_product(inner, u)
    total, total_low = two_sum(value, c)
    plain = fma(fma(a, u, b), u, c)
    exact = total + (total_low + fma(inner_low + product_low, u, value_low))
    return select(abs(exact) < math.inf, exact, plain)


def _discriminant(v: Real, a: Real, b: Real, c: Real) -> tuple[_Wide, _Wide]:
    w, linear = _difference(v, c), _wide(b)
    return w, linear * linear + (_wide(a) * w).doubled(2.0)


def quadratic_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """The u with a u^2 + b u + c = v and 2 a u + b of the sign s."""
    w, discriminant = _discriminant(v, a, b, c)
    slope = discriminant.root()
    slope = _choose(s < 0.0, -slope, slope)
    linear = _wide(b)
    apart = s * b < 0.0
    root = _choose(apart, slope + -linear, w.doubled()) / _choose(apart, _wide(a).doubled(), linear + slope)
    result = select(w.high.equals(0.0) & ~apart, 0.0, root.value())
    return select(abs(v).equals(math.inf), copysign(math.inf, s * v), result)


def quadratic_log_slope(u: Real, a: Real, b: Real) -> Real:
    """log|2 a u + b|."""
    size = ((_wide(a) * _wide(u)).doubled() + _wide(b)).log()
    return select(abs(u).equals(math.inf), math.inf, size)


def quadratic_root_log_slope(v: Real, a: Real, b: Real, c: Real) -> Real:
    """-log|2 a u + b| at the u with a u^2 + b u + c = v."""
    _, discriminant = _discriminant(v, a, b, c)
    log = select(discriminant.high < 0.0, -math.inf, discriminant.log())
    return select(abs(v).equals(math.inf), -math.inf, -0.5 * log)


def hyperbola(u: Real, a: Real, b: Real, c: Real) -> Real:
    """a u + b/u + c."""
    rising, rising_low = two_product(a, u)
    falling = b / u
    falling_low = fma(-falling, u, b) / u
    inner, inner_low = two_sum(rising, falling)
    total, total_low = two_sum(inner, c)
    exact = total + (total_low + (inner_low + (rising_low + falling_low)))
    return select(abs(exact) < math.inf, exact, rising + falling + c)


def _hyperbola_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> _Wide:
    w, leading, last = _difference(v, c), _wide(a), _wide(b)
    slope = (w * w + -(leading * last).doubled(2.0)).root()
    slope = _choose(s < 0.0, -slope, slope)
    along = s * w.high > 0.0
    return _choose(along, w + slope, last.doubled()) / _choose(along, leading.doubled(), w + -slope)


def hyperbola_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """The u > 0 with a u + b/u + c = v and a - b/u^2 of the sign s."""
    end = select(s * v > 0.0, math.inf, 0.0)
    return select(abs(v).equals(math.inf), end, _hyperbola_root(v, a, b, c, s).value())


def _hyperbola_slope(u: _Wide, a: Real, b: Real) -> Real:
    size = (_wide(a) + -(_wide(b) / (u * u))).log()
    return select(u.high.equals(0.0), math.inf, size)


def hyperbola_log_slope(u: Real, a: Real, b: Real) -> Real:
    """log|a - b/u^2|."""
    return _hyperbola_slope(_wide(u), a, b)


def hyperbola_root_log_slope(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """-log|a - b/u^2| at the u > 0 with a u + b/u + c = v."""
    return -_hyperbola_slope(_hyperbola_root(v, a, b, c, s), a, b)
