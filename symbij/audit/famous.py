"""Doubles that stand for a famous constant: what `np.log(2)`, `np.pi` or `1/3` in someone's code mean.

A number in numpy code is a double. One within a rounding of 1/3, pi, log(2), sqrt(2*pi), ... is read as the constant
itself, since that is what its author computed it from; every other number is read as the decimal that prints as it.
Both move a number by less than 1e-15 of its size, so that nothing is ever refuted for a difference of that order.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import mpmath
import sympy as sp

_LARGEST_DENOMINATOR = 1000
_ROUNDING = 2.0**-52
_DIGITS = 30


@functools.cache
def _constants() -> dict[float, sp.Expr]:
    """Famous constants and their simple multiples, by their doubles and the neighbours of these."""
    multiples = [sp.Rational(p, q) for p in (1, 2, 3, 4, 6, 8) for q in (1, 2, 3, 4, 6, 8) if math.gcd(p, q) == 1]
    found: dict[float, sp.Expr] = {}
    with mpmath.workdps(_DIGITS):
        for base, value in _seeds():
            for k in multiples:
                double = float(value * k.p / k.q)
                for near in (double, math.nextafter(double, math.inf), math.nextafter(double, -math.inf)):
                    found.setdefault(near, k * base)
    return found


@functools.cache
def _seeds() -> tuple[tuple[sp.Expr, mpmath.mpf], ...]:
    """Famous constants and one over them, with their values."""
    two_pi = 2 * sp.pi
    roots = [sp.sqrt(n) for n in (2, 3, 5, 6, 7, 10)] + [sp.sqrt(sp.pi), sp.sqrt(two_pi)]
    logs = [sp.log(n) for n in (2, 3, 5, 6, 7, 10, 20, 100)] + [sp.log(sp.pi), sp.log(two_pi)]
    others = [sp.pi, sp.pi**2, sp.E, sp.EulerGamma, sp.GoldenRatio, sp.log(sp.Rational(3, 2))]
    logs += [sp.log(sp.log(2))]
    seeds = [*others, two_pi, *roots, *logs]
    with mpmath.workdps(_DIGITS):
        sizes = [mpmath.mpf(seed.evalf(_DIGITS)) for seed in seeds]
        both = list(zip(seeds, sizes, strict=True))
        return (*both, *((1 / s, 1 / v) for s, v in both))


@functools.lru_cache(maxsize=4096)
def meaning(value: float) -> sp.Expr:
    """The exact number that a finite double in code stands for."""
    if value == 0:
        return sp.S.Zero
    if value.is_integer():
        return sp.Integer(int(value))
    simple = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    if abs(float(simple) - value) <= _ROUNDING * abs(value) / 2:
        return sp.Rational(simple.numerator, simple.denominator)
    constant = _constants().get(abs(value))
    if constant is not None:
        return constant if value > 0 else -constant
    return sp.Rational(repr(value))


def name_of(value: float | mpmath.mpf, tolerance: float) -> str:
    """The simple number or famous constant that a positive one is to a relative tolerance, in words; "" if none is.

    The looser the tolerance, the simpler a number has to be to count as meant.
    """
    largest = min(_LARGEST_DENOMINATOR, max(1, int((0.001 / tolerance) ** 0.5)))
    simple = Fraction(float(value)).limit_denominator(largest)
    if simple and max(simple.numerator, simple.denominator) <= _LARGEST_DENOMINATOR:
        near = mpmath.mpf(simple.numerator) / simple.denominator
        if abs(near - value) <= tolerance * near:
            return str(simple)
    for constant, size in _seeds():
        if abs(size - value) <= tolerance * size:
            return "e" if constant == sp.E else str(constant).replace("sqrt(2)*sqrt(pi)", "sqrt(2*pi)")
    return ""


def is_plain(number: sp.Rational) -> bool:
    """Whether a number is one that people write down, not the digits of a double that was computed."""
    return number.q <= 10**8 and abs(number.p) <= 10**12
