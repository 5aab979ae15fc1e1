"""Order of intervals whose ends may depend on parameters."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.enclose import enclosure, ranges_of
from symbij.formula.interval import Interval


def apart(a: Interval, b: Interval, bounds: Bounds) -> bool:
    """Whether one interval certainly lies beyond the other, but for an end point."""
    for lower, upper in ((a.hi, b.lo), (b.hi, a.lo)):
        if lower.is_infinite or upper.is_infinite:
            if lower == -sp.oo or upper == sp.oo:
                return True
        elif sign_of(sp.expand(upper - lower), bounds) in (0, 1):
            return True
    return False


def end_inside(inner: Interval, outer: Interval, side: str, bounds: Bounds) -> bool | None:
    """Whether the end of `inner` on `side` does not stick out of `outer`; None if that depends on parameters."""
    a, b = getattr(inner, side), getattr(outer, side)
    if b.is_infinite:
        return True
    if isinstance(a, sp.Piecewise):
        answers = {end_inside(replace(inner, **{side: e}), outer, side, bounds) for e, _ in a.args}
        return answers.pop() if len(answers) == 1 else None
    if a == b:
        return getattr(inner, side + "_open") or not getattr(outer, side + "_open")
    if isinstance(b, sp.Piecewise):
        answers = {
            end_inside(*(replace(i, **{side: _assuming(e, c)}) for i, e in ((inner, a), (outer, piece))), side, bounds)
            for piece, c in b.args
        }
        return answers.pop() if len(answers) == 1 else None
    if a.is_infinite and a.is_number:  # b is not, though sympy may not know: erfinv(-exp(-1))
        return bool((a == sp.oo) == (side == "lo"))
    choices = _choices(a, sp.Max if side == "lo" else sp.Min)
    if len(choices) > 1:  # the larger of several lower ends is inside if one of them is
        answers = [end_inside(replace(inner, **{side: e}), outer, side, bounds) for e in choices]
        return True if True in answers else (None if None in answers else False)
    difference = (a - b) if side == "lo" else (b - a)
    sign = sign_of(sp.expand(difference), bounds)
    if sign is None and difference.has(sp.tanh, sp.erf) and enclosure(difference, ranges_of(bounds))[0] >= 0.0:
        return True
    return None if sign is None else sign > 0 or (sign == 0)


def _assuming(expr: sp.Expr, condition: sp.Basic) -> sp.Expr:
    """`expr` with the sign that `condition` gives a parameter."""
    return expr.xreplace(signed_symbol(condition))


def signed_symbol(condition: sp.Basic) -> dict[sp.Symbol, sp.Symbol]:
    """The symbol whose sign `condition` says, and one of that sign to stand for it."""
    if isinstance(condition, sp.StrictGreaterThan) and condition.lhs.is_Symbol and condition.rhs == 0:
        return {condition.lhs: sp.Dummy(condition.lhs.name, positive=True)}
    if isinstance(condition, sp.StrictLessThan) and condition.lhs.is_Symbol and condition.rhs == 0:
        return {condition.lhs: sp.Dummy(condition.lhs.name, negative=True)}
    return {}


def _choices(expr: sp.Expr, kind: type) -> tuple[sp.Expr, ...]:
    """The candidates of `expr` if it is a maximum (or minimum), or one plus a constant."""
    rest, chosen = sp.S.Zero, None
    for term in sp.Add.make_args(expr):
        if isinstance(term, kind) and chosen is None:
            chosen = term
        else:
            rest = rest + term
    return (expr,) if chosen is None else tuple(a + rest for a in chosen.args)


def contains(outer: Interval, inner: Interval, bounds: Bounds) -> bool:
    """Whether `inner` certainly lies in `outer`."""
    return all(end_inside(inner, outer, side, bounds) is True for side in ("lo", "hi"))


def intersect(a: Interval, b: Interval, bounds: Bounds) -> Interval:
    """The points of both intervals; ends whose order depends on parameters become a maximum or minimum."""
    ends: dict[str, sp.Expr | bool] = {}
    for side, extreme in (("lo", sp.Max), ("hi", sp.Min)):
        in_a, in_b = end_inside(b, a, side, bounds), end_inside(a, b, side, bounds)
        chosen = b if in_a else a
        ends[side] = getattr(chosen, side)
        ends[side + "_open"] = getattr(chosen, side + "_open")
        if not in_a and not in_b and None in (in_a, in_b):
            ends[side] = extreme(getattr(a, side), getattr(b, side))
            ends[side + "_open"] = getattr(a, side + "_open") or getattr(b, side + "_open")
    return Interval(**ends)  # type: ignore[arg-type]


def union_of(intervals: list[Interval], bounds: Bounds) -> tuple[Interval, ...]:
    """The same set as intervals that neither overlap nor touch, as far as that is known, lower ones first."""
    left = list(dict.fromkeys(intervals))
    done: list[Interval] = []
    while left:
        current = left.pop(0)
        for other in left:
            joined = _joined(current, other, bounds)
            if joined is not None:
                left.remove(other)
                left.insert(0, joined)
                break
        else:
            place = next((k for k, d in enumerate(done) if _order(current.hi, d.lo, bounds) in (-1, 0)), len(done))
            done.insert(place, current)
    return tuple(done)


def _joined(a: Interval, b: Interval, bounds: Bounds) -> Interval | None:
    """The union of two intervals if it certainly is one."""
    for inner, outer in ((a, b), (b, a)):
        if contains(outer, inner, bounds):
            return outer
    lo, hi = _order(a.lo, b.lo, bounds), _order(a.hi, b.hi, bounds)
    if lo is None or hi is None:
        return None
    for low, high in ((a, b), (b, a)):
        gap = _order(low.hi, high.lo, bounds)
        if gap is None or gap < 0 or (gap == 0 and low.hi_open and high.lo_open):
            return None
    bottom, top = (a if lo < 0 else b), (a if hi > 0 else b)
    lo_open = bottom.lo_open and (lo != 0 or a.lo_open)
    hi_open = top.hi_open and (hi != 0 or a.hi_open)
    return Interval(bottom.lo, top.hi, lo_open, hi_open)


def _order(a: sp.Expr, b: sp.Expr, bounds: Bounds) -> int | None:
    """-1, 0 or 1 as a is less than, the same as or greater than b; None if that is not known."""
    if a == b:
        return 0
    for end, sign in ((a, 1), (b, -1)):
        if end.is_infinite and end.is_number:
            return sign if end == sp.oo else -sign
        if end.is_infinite is None and end.has(sp.oo):
            return None
    return sign_of(sp.expand(a - b), bounds)
