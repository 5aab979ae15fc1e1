"""Limits of sums and products at the ends of an interval."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import mpmath
import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import Link, by_sign
from symbij.calculus.intervals import signed_symbol
from symbij.calculus.parts import Folded, ProductPart, RawChain, SumPart
from symbij.calculus.patience import SECONDS, bounded
from symbij.calculus.simplified import simplified
from symbij.calculus.slopes import value_of
from symbij.calculus.truth import evaluate
from symbij.formula.functions import expand_definitions
from symbij.formula.interval import Interval

_X = sp.Symbol("x", real=True)
Combine = Callable[[list[sp.Expr], Bounds], "sp.Expr | None"]


class _Oscillates(sp.Symbol):
    """Stands for values that stay bounded without a limit, as those of sin at infinity."""


OSCILLATES = _Oscillates("oscillates", real=True)


def limit_of(raw: RawChain, where: Interval, side: str, bounds: Bounds, seconds: float = SECONDS) -> sp.Expr | None:
    """The limit at the lower ("lo") or upper ("hi") end of `where`, or None if it is not found."""
    found = _limit(raw, getattr(where, side), bounds)
    if found is None:
        found = _general(raw, where, side, seconds)
    return None if found is OSCILLATES else found


def _limit(raw: RawChain, end: sp.Expr, bounds: Bounds) -> sp.Expr | None:
    """By the limits of the parts, where those decide."""
    for item in raw:
        if end is OSCILLATES:
            return None
        value: sp.Expr | None
        if isinstance(item, (SumPart, ProductPart)):
            parts = [_limit(term, end, bounds) for term in item.terms]
            value = None if None in parts else _by_cases(parts, _sum if isinstance(item, SumPart) else _product, bounds)
        elif isinstance(item, Folded):
            value = _folded(item, end)
        else:
            assert isinstance(item, Link)
            value = item.value_at_end(end, bounds)
        if value is None or value.has(sp.nan, sp.zoo):
            return None
        end = value
    return end


def _folded(item: Folded, end: sp.Expr) -> sp.Expr | None:
    if end.is_infinite and item.name in ("sin", "cos"):
        return OSCILLATES
    return None if end.is_infinite and item.name == "tan" else item.forward(end)


def _by_cases(parts: list[sp.Expr], combine: Combine, bounds: Bounds) -> sp.Expr | None:
    """`combine` of the parts, of which some may be a choice by the sign of a parameter."""
    place = next((i for i, p in enumerate(parts) if isinstance(p, sp.Piecewise)), None)
    if place is None:
        return combine(parts, bounds)
    made = []
    for value, condition in parts[place].args:
        known = signed_symbol(condition)
        chosen = [value if i == place else p for i, p in enumerate(parts)]
        found = _by_cases([p.xreplace(known) for p in chosen], combine, bounds)
        if found is None:
            return None
        made.append((found.xreplace({new: old for old, new in known.items()}), condition))
    return made[0][0] if len({value for value, _ in made}) == 1 else sp.Piecewise(*made)


def _sum(parts: list[sp.Expr], bounds: Bounds) -> sp.Expr | None:
    infinite = {p for p in parts if p.is_infinite}
    if len(infinite) == 1:
        return infinite.pop()
    if infinite:
        return None
    return OSCILLATES if OSCILLATES in parts else sp.expand(sp.Add(*parts))


def _product(parts: list[sp.Expr], bounds: Bounds) -> sp.Expr | None:
    if OSCILLATES in parts:
        return None
    finite = [p for p in parts if not p.is_infinite]
    if len(finite) == len(parts):
        return sp.Mul(*parts)
    sign = sp.Integer(1)
    for part in parts:
        if part.is_infinite:
            sign = sign * (1 if part == sp.oo else -1)
            continue
        known = sign_of(part, bounds)
        if known in (None, 0):
            return None
        sign = sign * known
    return by_sign(int(sign), sp.oo, -sp.oo)


def _general(raw: RawChain, where: Interval, side: str, seconds: float) -> sp.Expr | None:
    """By sympy, whose limits of what cancels can be wrong: x + cosh(x)**2 - sinh(x)**2 tends to 1, it says."""
    value = expand_definitions(value_of(raw, _X))
    end = getattr(where, side)
    direction = "+" if side == "lo" else "-"
    for form in (lambda: value, lambda: simplified(value)):
        found = bounded(lambda form=form: sp.limit(form(), _X, end, direction), seconds=seconds)
        if found is None or not isinstance(found, sp.Expr):
            continue
        if found.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo, sp.I, _X) or found.is_extended_real is False:
            continue
        if not _refuted(value, found, where, side):
            return found
    return None


def _refuted(value: sp.Expr, limit: sp.Expr, where: Interval, side: str) -> bool:
    """Whether values on the way to an end show that they do not tend to `limit`, for a monotone function without
    parameters: that comes closer and closer to its limit. Rounding counts for nothing."""
    if value.free_symbols != {_X} or not (where.lo.is_number and where.hi.is_number):
        return False
    distances = []
    for x in _towards(where, side):
        at = evaluate(value, {"x": x}, _PRECISION)
        if not mpmath.isfinite(at):
            return False
        with mpmath.workprec(_PRECISION):
            far = at * (-1 if limit == sp.oo else 1) if limit.is_infinite else abs(at - evaluate(limit, {}, _PRECISION))
        distances.append(far)
    return any(b > a + abs(a) * _ROUNDING + _ROUNDING for a, b in pairwise(distances))


_PRECISION = 2000
_ROUNDING = mpmath.mpf(2) ** -100


def _towards(where: Interval, side: str) -> list[mpmath.mpf]:
    """Points of an interval with numbers as ends, on the way to one of these."""
    lo, hi = (evaluate(end, {}, _PRECISION) for end in (where.lo, where.hi))
    with mpmath.workprec(_PRECISION):
        if mpmath.isinf(lo) and mpmath.isinf(hi):
            start, sign = mpmath.mpf(0), 1 if side == "hi" else -1
        elif mpmath.isinf(lo) or mpmath.isinf(hi):
            start, sign = (hi, -1) if mpmath.isinf(lo) else (lo, 1)
        else:
            start, sign = lo, 1
        if mpmath.isinf(lo if side == "lo" else hi):
            return [start + sign * mpmath.mpf(size) for size in (5, 11, 23, 47, 95)]
        near, other = (lo, hi) if side == "lo" else (hi, lo)
        width = 1 if mpmath.isinf(other) else abs(other - near)
        inward = 1 if side == "lo" else -1
        return [near + inward * width * mpmath.mpf(2) ** -k for k in (2, 4, 8, 16, 32)]
