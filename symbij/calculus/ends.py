"""Limits of sums and products at the ends of an interval."""

from __future__ import annotations

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import Link, by_sign
from symbij.calculus.parts import Folded, ProductPart, RawChain, SumPart
from symbij.calculus.patience import bounded
from symbij.calculus.slopes import value_of
from symbij.formula.functions import expand_definitions
from symbij.formula.interval import Interval

_X = sp.Symbol("x", real=True)


class _Oscillates(sp.Symbol):
    """Stands for values that stay bounded without a limit, as those of sin at infinity."""


OSCILLATES = _Oscillates("oscillates", real=True)


def limit_of(raw: RawChain, where: Interval, side: str, bounds: Bounds) -> sp.Expr | None:
    """The limit at the lower ("lo") or upper ("hi") end of `where`, or None if it is not found."""
    found = _limit(raw, getattr(where, side), bounds)
    if found is None:
        found = _general(raw, where, side)
    return None if found is OSCILLATES else found


def _limit(raw: RawChain, end: sp.Expr, bounds: Bounds) -> sp.Expr | None:
    """By the limits of the parts, where those decide."""
    for item in raw:
        if end is OSCILLATES:
            return None
        value: sp.Expr | None
        if isinstance(item, (SumPart, ProductPart)):
            parts = [_limit(term, end, bounds) for term in item.terms]
            value = (_sum if isinstance(item, SumPart) else _product)(parts, bounds)
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


def _sum(parts: list[sp.Expr | None], bounds: Bounds) -> sp.Expr | None:
    if None in parts:
        return None
    infinite = {p for p in parts if p.is_infinite}  # type: ignore[union-attr]
    if len(infinite) == 1:
        return infinite.pop()
    if infinite:
        return None
    return OSCILLATES if OSCILLATES in parts else sp.expand(sp.Add(*parts))  # type: ignore[arg-type]


def _product(parts: list[sp.Expr | None], bounds: Bounds) -> sp.Expr | None:
    if None in parts or OSCILLATES in parts:
        return None
    finite = [p for p in parts if not p.is_infinite]  # type: ignore[union-attr]
    if len(finite) == len(parts):
        return sp.Mul(*parts)  # type: ignore[arg-type]
    sign = sp.Integer(1)
    for part in parts:
        if part.is_infinite:  # type: ignore[union-attr]
            sign = sign * (1 if part == sp.oo else -1)
            continue
        known = sign_of(part, bounds)  # type: ignore[arg-type]
        if known in (None, 0):
            return None
        sign = sign * known
    return by_sign(int(sign), sp.oo, -sp.oo)


def _general(raw: RawChain, where: Interval, side: str) -> sp.Expr | None:
    value = expand_definitions(value_of(raw, _X))
    end = getattr(where, side)
    direction = "+" if side == "lo" else "-"
    found = bounded(lambda: sp.limit(value, _X, end, direction))
    if found is None or not isinstance(found, sp.Expr):
        return None
    if found.has(sp.Limit, sp.AccumBounds, sp.nan, sp.zoo, _X) or found.is_extended_real is False:
        return None
    return found
