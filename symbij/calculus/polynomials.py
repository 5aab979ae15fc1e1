"""Proofs that polynomials and quotients of them are monotone: real roots, discriminants, Bernstein coefficients."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.cores import POINT
from symbij.calculus.degrees import is_of_low_degree
from symbij.calculus.parts import ProductPart, SumPart
from symbij.calculus.patience import bounded
from symbij.calculus.proof import Monotone, Turns
from symbij.calculus.slopes import value_of
from symbij.formula.interval import Interval

MOST_DEGREE = 12


def _if_polynomial(function: Callable[..., Monotone | None]) -> Callable[..., Monotone | None]:
    """None where sympy does not take a coefficient for one, as tan(a) beside a, or where it isolates no roots."""

    @functools.wraps(function)
    def found(*args: Any) -> Monotone | None:
        try:
            return function(*args)
        except (sp.PolynomialError, NotImplementedError):
            return None

    return found


@_if_polynomial
def prove_rational(part: SumPart | ProductPart, where: Interval, bounds: Bounds) -> Monotone | None:
    """A proof by Bernstein coefficients that a quotient of polynomials is monotone on a finite interval. It also gives
    a form of the derivative that does not cancel."""
    if where.lo.is_infinite or where.hi.is_infinite:
        return None
    value = value_of((part,), POINT)
    if not is_of_low_degree(value, POINT) or not value.is_rational_function(POINT):
        return None
    n, d = (sp.Poly(e, POINT) for e in sp.fraction(sp.together(value)))
    if max(n.degree(), d.degree()) < 2 or not avoids_zero(d.as_expr(), where, bounds):
        return None
    slope = n.diff(POINT) * d - n * d.diff(POINT)  # over the square of d
    form = None
    if slope.degree() <= MOST_DEGREE and d.degree() <= MOST_DEGREE // 2:
        over = _bernstein_form(_bernstein_coefficients(slope, where), where)
        form = over / _bernstein_form(_bernstein_coefficients(d, where), where) ** 2
    return _by_bernstein(slope, where, bounds, form)


@_if_polynomial
def by_polynomial(part: SumPart | ProductPart, where: Interval, bounds: Bounds) -> Monotone | None:
    """The derivative is a rational function, but for positive factors such as exponentials."""
    value = value_of((part,), POINT)
    if not is_of_low_degree(value, POINT):
        return None
    derivative = value.diff(POINT)
    if not derivative.is_rational_function(POINT):
        factored = bounded(sp.factor, derivative)
        if factored is None:
            return None
        derivative = sp.Mul(*(f for f in sp.Mul.make_args(factored) if not f.is_positive))
        if not derivative.is_rational_function(POINT):
            return None
    quotient = sp.fraction(sp.cancel(sp.together(derivative)))
    derivative = sp.Poly(quotient[0] * quotient[1], POINT)  # of the sign of the quotient
    if not derivative.free_symbols_in_domain and where.lo.is_number and where.hi.is_number:
        return _by_real_roots(derivative, where)
    if derivative.degree() == 2:
        a, b, c = derivative.all_coeffs()
        condition = sp.expand(4 * a * c - b**2)
        known = sign_of(condition, bounds)
        if known in (0, 1):
            return Monotone(_direction(a, bounds), False, (), "the derivative has no real roots")
        if known is None and where.is_reals and value.is_polynomial(POINT):
            reason = f"{condition} >= 0, so that the quadratic derivative does not change its sign"
            conditions: list[tuple[sp.Basic, str]] = [(sp.Ge(condition, 0), reason)]
            if not a.is_nonzero:
                conditions.append((sp.Ne(a, 0), f"{a} must not be 0"))
            return Monotone(_direction(a, bounds), False, tuple(conditions), "a quadratic derivative")
    form = _quotient_form(*quotient, where, bounds) if value.is_rational_function(POINT) else None
    return _by_bernstein(derivative, where, bounds, form)


def _direction(expr: sp.Expr, bounds: Bounds) -> int | sp.Expr:
    return sign_of(expr, bounds) or primitive(expr)


def _by_real_roots(derivative: sp.Poly, where: Interval) -> Monotone:
    """The sign of a polynomial with numbers as coefficients changes only at its real roots of odd multiplicity."""
    roots = [r for r, multiplicity in _real_roots(derivative) if multiplicity % 2 and where.lo < r < where.hi]
    if roots:
        first = float(sp.N(roots[0], 30))
        others = [float(sp.N(r, 30)) for r in roots[1:]]
        lo = float(where.lo) if where.lo.is_finite else min(first - 1.0, 2.0 * first)
        hi = others[0] if others else float(where.hi) if where.hi.is_finite else max(first + 1.0, 2.0 * first)
        raise Turns(((lo + first) / 2, (first + hi) / 2), tuple(roots))
    inside = _inside(where)
    return Monotone(int(sp.sign(derivative.eval(inside))), False, (), "the derivative has no root of odd order")


def _real_roots(poly: sp.Poly) -> list[tuple[sp.Expr, int]]:
    if poly.degree() == 0:
        return []
    found: dict[sp.Expr, int] = {}
    for factor, multiplicity in poly.factor_list()[1]:
        for interval_root in sp.Poly(factor, poly.gen).real_roots():
            found[interval_root] = found.get(interval_root, 0) + multiplicity
    return sorted(found.items(), key=lambda item: float(sp.N(item[0], 20)))


def _inside(where: Interval) -> sp.Expr:
    """A rational point inside an interval with numbers as ends, away from special places."""
    if where.lo.is_infinite and where.hi.is_infinite:
        return sp.Rational(127, 311)
    if where.hi.is_infinite:
        return where.lo + sp.Rational(127, 311)
    if where.lo.is_infinite:
        return where.hi - sp.Rational(127, 311)
    return where.lo + (where.hi - where.lo) * sp.Rational(127, 311)


def _by_bernstein(derivative: sp.Poly, where: Interval, bounds: Bounds, form: sp.Expr | None) -> Monotone | None:
    """On a finite interval: a polynomial whose Bernstein coefficients have one sign has it too.

    So has one with bounded parameters, in each of which it is linear, that has it at all corners of their box.
    """
    n = derivative.degree()
    if where.lo.is_infinite or where.hi.is_infinite or n > MOST_DEGREE:
        return None
    coefficients = _bernstein_coefficients(derivative, where)
    signs = {sign_of(b, bounds) for b in coefficients} - {0}
    if len(signs) == 1 and None not in signs:
        proof = "the Bernstein coefficients of the derivative have one sign"
        return Monotone(signs.pop(), True, (), proof, form)  # type: ignore[arg-type]
    parameters = sorted(derivative.free_symbols_in_domain, key=str)
    ranges = [bounds.get(s, (-math.inf, math.inf)) for s in parameters]
    linear = all(all(sp.degree(c, s) <= 1 for c in coefficients if c.has(s)) for s in parameters)
    if len(parameters) > 4 or not linear or not all(math.isfinite(e) for r in ranges for e in r):
        return None
    found = set()
    for corner in itertools.product(*ranges):
        at = dict(zip(parameters, map(sp.nsimplify, corner), strict=True))
        try:
            found.add(_by_real_roots(sp.Poly(derivative.as_expr().subs(at), POINT), where).direction)
        except Turns:
            return None
    if len(found) != 1:
        return None
    return Monotone(found.pop(), False, (), "the derivative has one sign at all corners of its parameters", form)


def _bernstein_coefficients(poly: sp.Poly, where: Interval) -> list[sp.Expr]:
    n = poly.degree()
    t = sp.Dummy("t")
    moved = sp.Poly(poly.as_expr().subs(POINT, where.lo + (where.hi - where.lo) * t), t)
    power = [moved.coeff_monomial(t**k) for k in range(n + 1)]
    return [
        sp.factor(sp.expand(sum(sp.Rational(math.comb(k, i), math.comb(n, i)) * power[i] for i in range(k + 1))))
        for k in range(n + 1)
    ]


def _quotient_form(numerator: sp.Expr, denominator: sp.Expr, where: Interval, bounds: Bounds) -> sp.Expr | None:
    """A quotient of polynomials in Bernstein form, if the denominator's coefficients have one sign."""
    if where.lo.is_infinite or where.hi.is_infinite:
        return None
    over, under = (_bernstein_coefficients(sp.Poly(e, POINT), where) for e in (numerator, denominator))
    if len({sign_of(b, bounds) for b in under} - {0}) != 1:
        return None
    return _bernstein_form(over, where) / _bernstein_form(under, where)


def _bernstein_form(coefficients: list[sp.Expr], where: Interval) -> sp.Expr:
    """The polynomial of these Bernstein coefficients, of which no term changes its sign inside `where`."""
    n, width = len(coefficients) - 1, where.hi - where.lo
    below, above = ((POINT - where.lo) / width, (where.hi - POINT) / width)
    return sp.Add(*(b * math.comb(n, k) * below**k * above ** (n - k) for k, b in enumerate(coefficients)))


def primitive(expr: sp.Expr) -> sp.Expr:
    """The same without a positive number as factor."""
    number, rest = sp.expand(expr).as_coeff_Mul()
    return rest if number > 0 else -rest


def avoids_zero(expr: sp.Expr, where: Interval, bounds: Bounds) -> bool:
    """Whether the Bernstein coefficients of a polynomial show that it has no zero on a finite interval: they have one
    sign, but for zeros inside and at ends that do not belong to the interval."""
    if where.lo.is_infinite or where.hi.is_infinite or not expr.is_polynomial(POINT):
        return False
    poly = sp.Poly(expr, POINT)
    if poly.degree() > MOST_DEGREE:
        return False
    signs = [sign_of(b, bounds) for b in _bernstein_coefficients(poly, where)]
    if (signs[0] == 0 and not where.lo_open) or (signs[-1] == 0 and not where.hi_open):
        return False
    return set(signs) - {0} in ({1}, {-1})
