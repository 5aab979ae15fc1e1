"""Quadratics a u^2 + b u + c and hyperbolas a u + b/u + c: values, roots, and logarithms of slopes.

What cancels is carried as the sum of two doubles, so that vertices and zeros keep their digits. With w = v - c the root
of a quadratic is that of a u^2 + b u - w, whose discriminant D = b^2 + 4 a w is the square of the slope; the root of a
hyperbola is that of a u^2 - w u + b, with D = w^2 - 4 a b the square of u times the slope. A root is taken in the one
of its two forms in which nothing cancels: (s sqrt(D) - B)/(2 A) or -2 C/(B + s sqrt(D)), where s is the sign of
2 A u + B. Squares would over- and underflow, so what they are made of carries its exponent beside it. So does the
exponential in a exp(2u) + b exp(u) + c and a exp(u) + b exp(-u) + c, of which exp(u) - 1 is kept beside 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from symbij.kernels.elementary.exponential import reduced
from symbij.kernels.elementary.logarithm import log_extended
from symbij.kernels.values import (
    Bool,
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

# the exponents that zero, below those of all squares of exponentials, and infinity are given
_NOTHING, _INFINITE = -30000.0, 3000.0


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
        nothing = self.high.equals(0.0)
        quotient = select(nothing, 0.0, self.high / other.high)  # also 0/0, at a vertex at zero
        rest = fma(-quotient, other.high, self.high) + (self.low - quotient * other.low)
        error = select(abs(quotient) < math.inf, select(nothing, 0.0, rest / other.high), 0.0)
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
        zero = self.high.equals(0.0)
        size, rest = abs(self.high), select(self.high < 0.0, -self.low, self.low)
        high, low = log_extended(select(zero, 1.0, size), select(zero, 0.0, rest), self.exponent)
        return select(zero, -math.inf, high + low)


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


def _root(a: _Wide, b: _Wide, c: _Wide, s: Real) -> tuple[_Wide, _Wide]:
    """The u with a u^2 + b u + c = 0 and 2 a u + b of the sign s, and 2 a u + b there."""
    size = (b * b + -(a * c).doubled(2.0)).root()
    slope = _choose(s < 0.0, -size, size)
    apart = s * b.high < 0.0
    return _choose(apart, slope + -b, -c.doubled()) / _choose(apart, a.doubled(), b + slope), slope


def _quadratic_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> tuple[_Wide, _Wide]:
    return _root(_wide(a), _wide(b), _difference(c, v), s)


def _hyperbola_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> tuple[_Wide, _Wide]:
    return _root(_wide(a), _difference(c, v), _wide(b), s)


def quadratic_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """The u with a u^2 + b u + c = v and 2 a u + b of the sign s."""
    root, _ = _quadratic_root(v, a, b, c, s)
    return select(abs(v).equals(math.inf), copysign(math.inf, s * v), root.value())


def quadratic_log_slope(u: Real, a: Real, b: Real) -> Real:
    """log|2 a u + b|."""
    size = ((_wide(a) * _wide(u)).doubled() + _wide(b)).log()
    return select(abs(u).equals(math.inf), math.inf, size)


def quadratic_root_log_slope(v: Real, a: Real, b: Real, c: Real) -> Real:
    """-log|2 a u + b| at the u with a u^2 + b u + c = v."""
    _, slope = _quadratic_root(v, a, b, c, v.code.real(1.0))
    return select(abs(v).equals(math.inf), -math.inf, -slope.log())


def hyperbola(u: Real, a: Real, b: Real, c: Real) -> Real:
    """a u + b/u + c."""
    rising, rising_low = two_product(a, u)
    falling = b / u
    falling_low = fma(-falling, u, b) / u
    inner, inner_low = two_sum(rising, falling)
    total, total_low = two_sum(inner, c)
    exact = total + (total_low + (inner_low + (rising_low + falling_low)))
    return select(abs(exact) < math.inf, exact, rising + falling + c)


def hyperbola_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """The u > 0 with a u + b/u + c = v and a - b/u^2 of the sign s."""
    end = select(s * v > 0.0, math.inf, 0.0)
    return select(abs(v).equals(math.inf), end, _hyperbola_root(v, a, b, c, s)[0].value())


def _hyperbola_slope(u: _Wide, a: Real, b: Real) -> Real:
    size = (_wide(a) + -(_wide(b) / (u * u))).log()
    return select(u.high.equals(0.0), math.inf, size)


def hyperbola_log_slope(u: Real, a: Real, b: Real) -> Real:
    """log|a - b/u^2|."""
    return _hyperbola_slope(_wide(u), a, b)


def hyperbola_root_log_slope(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """-log|a - b/u^2| at the u > 0 with a u + b/u + c = v."""
    root, slope = _hyperbola_root(v, a, b, c, s)
    # the same is log|(1 + w/(a u - b/u))/(2 a)|, which is better where that quotient is small
    ratio = _difference(v, c) / slope
    one = _Wide(v.code.real(1.0), v.code.real(0.0), v.code.real(0.0))
    middle = ((one + ratio) / _wide(a).doubled()).log()
    return select(abs(ratio.value()) < 0.5, middle, -_hyperbola_slope(root, a, b))


_BEYOND = 2000.0  # where one of two exponentials is all there is, whatever their factors


def _exponential(u: Real) -> tuple[_Wide, _Wide, Bool, Real]:
    """exp(u) as far as it matters beside numbers, exp(u) - 1 where that is small, whether it is, and by how much u is
    beyond what matters."""
    inside = lesser(greater(u, -_BEYOND), _BEYOND)
    k, r, q = reduced(inside)
    p, p_low = quick_two_sum(r, q)
    high, low = two_sum(1.0, p)
    return _Wide(high, low + p_low, k), _normal(p, p_low), k.equals(0.0), u - inside


def _normal(high: Real, low: Real) -> _Wide:
    exponent, m = split(abs(high))
    zero = high.equals(0.0)
    down = greater(lesser(-exponent, 2000.0), -2000.0)
    return _Wide(select(zero, 0.0, copysign(m, high)), scaled(low, down), select(zero, _NOTHING, exponent))


def _about_one(a: _Wide, b: _Wide, c: _Wide) -> tuple[_Wide, _Wide, _Wide]:
    """The coefficients of a t^2 + b t + c in powers of t - 1."""
    return a, a.doubled() + b, a + b + c


def _quadratic_of_exp(u: Real, a: _Wide, b: _Wide, c: _Wide) -> tuple[_Wide, _Wide]:
    """a exp(2u) + b exp(u) + c, and exp(u): in powers of exp(u) - 1 where that is small, since the sum may vanish
    there."""
    t, t_less_one, near, _ = _exponential(u)
    point = _choose(near, t_less_one, t)
    first, second, third = (_choose(near, n, f) for n, f in zip(_about_one(a, b, c), (a, b, c), strict=True))
    return (first * point + second) * point + third, t


def exp_quadratic(u: Real, a: Real, b: Real, c: Real) -> Real:
    """a exp(2u) + b exp(u) + c."""
    total, _ = _quadratic_of_exp(u, _wide(a), _wide(b), _wide(c))
    return total.value()


def _root_of_exp(a: _Wide, b: _Wide, c: _Wide, s: Real) -> tuple[_Wide, _Wide]:
    """The t > 0 with a t^2 + b t + c = 0 and 2 a t + b of the sign s, with all digits of t - 1, and 2 a t + b there."""
    root, slope = _root(a, b, c, s)
    less_one, near_slope = _root(*_about_one(a, b, c), s)
    size = root.value()
    near = (size > 0.75) & (size < 1.5)
    one = _Wide(size.code.real(1.0), size.code.real(0.0), size.code.real(0.0))
    return _choose(near, one + less_one, root), _choose(near, near_slope, slope)


def exp_quadratic_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """The u with a exp(2u) + b exp(u) + c = v and a slope of the sign s there."""
    root, _ = _root_of_exp(_wide(a), _wide(b), _difference(c, v), s)
    return select(abs(v).equals(math.inf), math.inf, root.log())


def _linear_of_exp(u: Real, a: _Wide, b: _Wide) -> tuple[_Wide, _Wide]:
    """a exp(u) + b, and exp(u)."""
    t, t_less_one, near, _ = _exponential(u)
    return a * _choose(near, t_less_one, t) + _choose(near, a + b, b), t


def _which(beyond: Real, above: Bool, below: Bool) -> Bool:
    return ((beyond > 0.0) & above) | ((beyond < 0.0) & below)


def exp_quadratic_log_slope(u: Real, a: Real, b: Real) -> Real:
    """log|2 a exp(2u) + b exp(u)|."""
    linear, t = _linear_of_exp(u, _wide(a).doubled(), _wide(b))
    size, beyond = (linear * t).log(), _exponential(u)[3]
    squared = _which(beyond, ~a.equals(0.0), b.equals(0.0))  # the term that is all there is
    return size + select(squared, 2.0 * beyond, beyond)


def exp_quadratic_root_log_slope(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """-log|2 a exp(2u) + b exp(u)| at the u with a exp(2u) + b exp(u) + c = v."""
    root, slope = _root_of_exp(_wide(a), _wide(b), _difference(c, v), s)
    return select(abs(v).equals(math.inf), -math.inf, -(root * slope).log())


def exp_hyperbola(u: Real, a: Real, b: Real, c: Real) -> Real:
    """a exp(u) + b exp(-u) + c."""
    total, t = _quadratic_of_exp(u, _wide(a), _wide(c), _wide(b))
    return (total / t).value()


def exp_hyperbola_root(v: Real, a: Real, b: Real, c: Real, s: Real) -> Real:
    """The u with a exp(u) + b exp(-u) + c = v and a slope of the sign s there."""
    root, _ = _root_of_exp(_wide(a), _difference(c, v), _wide(b), s)
    return select(abs(v).equals(math.inf), copysign(math.inf, s * v), root.log())


def exp_hyperbola_log_slope(u: Real, a: Real, b: Real) -> Real:
    """log|a exp(u) - b exp(-u)|."""
    nothing = _wide(u.code.real(0.0))
    total, t = _quadratic_of_exp(u, _wide(a), nothing, _wide(-b))
    beyond = _exponential(u)[3]
    falling = _which(beyond, a.equals(0.0), ~b.equals(0.0))  # the term that is all there is
    return (total / t).log() + select(falling, -beyond, beyond)


def exp_hyperbola_root_log_slope(v: Real, a: Real, b: Real, c: Real) -> Real:
    """-log|a exp(u) - b exp(-u)| at a u with a exp(u) + b exp(-u) + c = v."""
    _, slope = _hyperbola_root(v, a, b, c, c.code.real(1.0))
    return select(abs(v).equals(math.inf), -math.inf, -slope.log())
