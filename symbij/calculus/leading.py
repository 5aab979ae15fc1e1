"""Leading terms of rational functions far out, where their numerators and denominators leave the range of doubles.

Beyond a power of two, the first that will do, f(x) = c x^k (1 + r) with |r| < 2^-54, and its derivative likewise:
to the last digit of a double both are what the leading coefficients make of x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from symbij.calculus.cores import POINT, MonotoneCore
from symbij.calculus.degrees import degree_at_most

_BITS_OF_ONE, _BITS_OF_RANGE = 54, 900  # what 1 + r rounds off, and what all powers that are computed stay below
_MOST = 14  # the sum of the degrees up to which the powers of that range reach beyond such r


@dataclass(frozen=True)
class Monomial:
    """c x^k."""

    coefficient: sp.Rational
    power: int


@dataclass(frozen=True)
class Change:
    """An expression in x, and its leading term."""

    exact: sp.Expr
    leading: Monomial


@dataclass(frozen=True)
class Leading:
    """Of f, of f', and where f' tends to a number: what is left of f' next to that, relative to it."""

    beyond: float  # the |x| from which on they hold
    value: Monomial
    slope: Monomial
    change: Change | None


@lru_cache(maxsize=512)
def leading_terms(core: MonotoneCore) -> Leading | None:
    """Of a core that is a rational function without parameters, whose terms may be oo - oo or oo*0 far out."""
    if core.aligned or not (core.where.lo.is_infinite or core.where.hi.is_infinite):
        return None
    f = core.forward(POINT)
    if f.free_symbols != {POINT} or not 1 < degree_at_most(f, POINT) <= _MOST or not f.is_rational_function(POINT):
        return None
    n, d = (sp.Poly(e, POINT) for e in sp.fraction(sp.together(f)))
    most = n.degree() + d.degree() + 1
    if most > _MOST or not all(p.domain.is_ZZ or p.domain.is_QQ for p in (n, d)):
        return None
    over, under = n.diff(POINT) * d - n * d.diff(POINT), d**2
    if over.is_zero:
        return None
    slope, exact = _leading(over, under), [n, d, over]
    change = None
    if slope.power == 0 and not (rest := over - slope.coefficient * under).is_zero:
        scale = slope.coefficient * under
        change = Change(sp.factor(rest.as_expr()) / sp.factor(scale.as_expr()), _leading(rest, scale))
        exact.append(rest)
    for bits in range(_BITS_OF_ONE, _BITS_OF_RANGE // most + 1):
        if all(_is_its_leading_term(p, bits) for p in exact):
            return Leading(2.0**bits, _leading(n, d), slope, change)
    return None


def _leading(over: sp.Poly, under: sp.Poly) -> Monomial:
    return Monomial(over.LC() / under.LC(), over.degree() - under.degree())


def _is_its_leading_term(poly: sp.Poly, bits: int) -> bool:
    """Whether that is true from 2^bits on, up to a relative error of 2^-(_BITS_OF_ONE + 2)."""
    n = poly.degree()
    others = sum((abs(c) * sp.Rational(2) ** (bits * (k - n)) for (k,), c in poly.terms() if k < n), sp.S.Zero)
    return bool(others < abs(poly.LC()) / 2 ** (_BITS_OF_ONE + 2))
