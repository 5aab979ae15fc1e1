"""Where a sum of two terms turns: a t^2 + b t at t = -b/(2a) and a t + b/t at t = +-sqrt(b/a), for t = x or one
function of it."""

from __future__ import annotations

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import invert_chain
from symbij.calculus.closed_forms import in_one_function
from symbij.calculus.degrees import is_of_low_degree
from symbij.calculus.domain import prove
from symbij.calculus.parts import ProductPart, SumPart
from symbij.calculus.proof import Folds, OutsideDomain, Unproved
from symbij.calculus.recognise import NotChain, recognise
from symbij.calculus.slopes import value_of
from symbij.formula.interval import Interval

_X = sp.Symbol("x", real=True)


def split_at_turns(part: SumPart | ProductPart, start: Interval, bounds: Bounds) -> list[Interval] | None:
    """The parts of `start` between the places where `part` turns or has a pole, from left to right; None if it has not
    one of the two shapes, or none of these places lies inside. Raises `Unproved` if parameters decide about that."""
    expr = value_of((part,), _X)
    if not is_of_low_degree(expr, _X):
        return None
    expr = sp.expand(expr)
    g, outer, t = in_one_function(expr, _X) or (_X, expr, _X)
    turns = _turns(outer, t, bounds)
    if not turns:
        return None
    try:
        inner = prove(recognise(g, _X), start, bounds, may_cut=False)
    except (Folds, Unproved, OutsideDomain, NotChain):
        return None
    if inner.sign not in (1, -1) or inner.conditions:
        return None
    places = [turn for turn in turns if _is_inside(turn, inner.codomain, bounds)][:: inner.sign]
    if not places:
        return None
    poles = [False, *(place is _POLE for place in places), False]
    for item in invert_chain(inner.links):
        places = [item.value_at_end(place, bounds) for place in places]
    ends = (start.lo, *places, start.hi)
    opens = [start.lo_open, *poles[1:-1], start.hi_open]
    return [Interval(*pairs) for pairs in zip(ends, ends[1:], opens, opens[1:], strict=False)]


_POLE = sp.S.Zero


def _turns(outer: sp.Expr, t: sp.Symbol, bounds: Bounds) -> list[sp.Expr]:
    """Where `outer` turns or has its pole, in order."""
    found: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(outer)):
        coefficient, power = term.as_independent(t, as_Add=False)
        base, exponent = power.as_base_exp()
        if power != 1 and base != t:
            return []
        exponent = sp.S.Zero if power == 1 else exponent
        found[exponent] = found.get(exponent, sp.S.Zero) + coefficient
    found.pop(sp.S.Zero, None)
    if set(found) == {1, 2}:
        a, b = found[sp.Integer(2)], found[sp.Integer(1)]
        if sign_of(a, bounds) in (None, 0):
            raise Unproved(f"their directions depend on the sign of {a}; constrain it as positive or negative")
        return [sp.cancel(-b / (2 * a))]
    if set(found) == {1, -1}:
        ratio = sp.cancel(found[sp.Integer(-1)] / found[sp.Integer(1)])
        turns = sign_of(ratio, bounds) == 1
        return [-sp.sqrt(ratio), _POLE, sp.sqrt(ratio)] if turns else [_POLE]
    return []


def _is_inside(place: sp.Expr, image: Interval, bounds: Bounds) -> bool:
    """Whether a place lies between the ends of an interval, without these."""
    for end, inward in ((image.lo, 1), (image.hi, -1)):
        if end.is_infinite:
            continue
        sign = sign_of(sp.expand(inward * (place - end)), bounds)
        if sign is None:
            raise Unproved(
                f"whether it turns at {place} depends on whether that lies in {image}; constrain the parameters, for "
                "example as positive or negative"
            )
        if sign <= 0:
            return False
    return True
