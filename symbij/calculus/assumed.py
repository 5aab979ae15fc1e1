"""Cores that nobody could prove monotone, and for which the user vouches: only their direction is left to be found.

It is that of the values at the ends of the interval, f(hi) - f(lo), which is the same for all parameters, or an
expression of these whose sign decides where they are bound.
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus.bounds import INCREASING, Bounds, sign_of
from symbij.calculus.chain import sign_factor
from symbij.calculus.cores import ASSUMED, POINT, MonotoneCore
from symbij.calculus.ends import limit_of
from symbij.calculus.parts import ProductPart, SumPart
from symbij.calculus.patience import bounded
from symbij.calculus.proof import Unproved
from symbij.calculus.settle import NO_ENDS, Conditions, Settled, codomain_between
from symbij.calculus.slopes import value_of
from symbij.formula.interval import REALS, Interval
from symbij.formula.printing import text_of

Direction = int | sp.Expr
# A difference below this multiple of its terms is as likely to be their rounding: of such a sign nothing is made.
_ROUNDING = sp.Rational(1, 2**45)
_SECONDS = 5.0  # for a limit, without which nothing is known of the map


def assume(part: SumPart | ProductPart, image: Interval, bounds: Bounds) -> Settled:
    """The core that `part` is if it is monotone, as the user says. Raises `Unproved` if its direction is not found."""
    value = sp.expand(value_of((part,), POINT))
    if image.is_reals and value.is_polynomial(POINT):
        direction, codomain = _of_polynomial(value, bounds), REALS
    else:
        at_lo, at_hi = (limit_of((part,), image, side, bounds, _SECONDS) for side in ("lo", "hi"))
        if at_lo is None or at_hi is None:
            raise Unproved(*NO_ENDS)
        direction = _by_ends(at_lo, at_hi, bounds)
        codomain = codomain_between(image, direction, _by_cases(at_lo), _by_cases(at_hi))
    core = MonotoneCore(part, direction, image, codomain, False, ASSUMED)
    return Settled((core,), _conditions(direction))


def _of_polynomial(value: sp.Expr, bounds: Bounds) -> Direction:
    """The direction of a polynomial on all of the line, by any two of its values if not by its leading coefficient."""
    known = sign_of(sp.LC(value, POINT), bounds)
    if known in (1, -1):
        return int(known)
    return _sign(value.subs(POINT, 1) - value.subs(POINT, -1), bounds)


def _by_ends(at_lo: sp.Expr, at_hi: sp.Expr, bounds: Bounds) -> Direction:
    """The direction from the one value to the other."""
    choices = [end for end in (at_lo, at_hi) if isinstance(end, sp.Piecewise)]
    if choices:
        return _by_choices(at_lo, at_hi, choices, bounds)
    infinite = [s for end, side in ((at_hi, 1), (at_lo, -1)) if (s := _of_infinity(end, side, bounds)) is not None]
    if not infinite:
        return _sign(at_hi - at_lo, bounds)
    known = {s for s in infinite if isinstance(s, int)}
    if len(known) == 2:
        raise Unproved(f"its values at both ends of its domain are {text_of(at_lo)}")
    return known.pop() if known else infinite[0]


def _by_choices(at_lo: sp.Expr, at_hi: sp.Expr, choices: list[sp.Piecewise], bounds: Bounds) -> Direction:
    """The direction where values at ends are one of two, by the sign of one parameter."""
    conditions = {condition for end in choices for _, condition in end.args[:-1]}
    condition = conditions.pop()
    if conditions or any(len(end.args) != 2 for end in choices) or not isinstance(condition, (sp.Gt, sp.Lt)):
        raise _undecided()
    first, second = (
        _by_ends(*(end.args[k][0] if end in choices else end for end in (at_lo, at_hi)), bounds) for k in (0, 1)
    )
    if not isinstance(first, int) or not isinstance(second, int):
        raise _undecided()
    return first if first == second else sign_factor(first * (condition.gts - condition.lts))


def _of_infinity(end: sp.Expr, side: int, bounds: Bounds) -> Direction | None:
    """The direction of a map with an infinite value at its upper (+1) or lower end (-1); None if that is finite."""
    if end in (sp.oo, -sp.oo):
        return side if end == sp.oo else -side
    if not end.has(sp.oo, -sp.oo):
        return None
    sign = _factor_of_infinity(end)
    if sign is None:
        raise _undecided()
    return _sign(side * sign, bounds)


def _factor_of_infinity(end: sp.Expr) -> sp.Expr | None:
    """The e of oo*e or oo*sign(e)."""
    factors = sp.Mul.make_args(end)
    rest = sp.Mul(*(f for f in factors if f not in (sp.oo, -sp.oo))) * (-1 if -sp.oo in factors else 1)
    return None if rest.has(sp.oo, -sp.oo) else rest.replace(sp.sign, lambda u: u)


def _by_cases(end: sp.Expr) -> sp.Expr:
    """oo*sign(e) as a choice, as the ends of intervals are written."""
    sign = _factor_of_infinity(end) if end.has(sp.oo) and end not in (sp.oo, -sp.oo) and end.is_Mul else None
    return end if sign is None else sp.Piecewise((sp.oo, sign > 0), (-sp.oo, True))


def _sign(difference: sp.Expr, bounds: Bounds) -> Direction:
    """The sign of a difference of two values, as a number or a plain expression of that sign."""
    if difference.has(sp.Piecewise):
        raise _undecided()
    difference = sp.expand(difference)
    factored = bounded(sp.factor, difference)
    for form in (difference, factored):
        known = None if form is None else sign_of(form, bounds)
        if known == 0:
            raise Unproved("its values at both ends of its domain are the same")
        if known is not None:
            return known
    number, rest = _without_functions(difference if factored is None else factored).as_coeff_Mul()
    return sp.sign(number) * sign_factor(rest)


def _without_functions(difference: sp.Expr) -> sp.Expr:
    """u - v for f(u) - f(v) with an increasing f: of the same sign, and exact in doubles if u and v are parameters."""
    if isinstance(difference, sp.Add) and len(difference.args) == 2:
        for first, second in (difference.args, difference.args[::-1]):
            pair = first, -second
            if all(p.func in INCREASING for p in pair) and first.func == pair[1].func:
                return _without_functions(pair[0].args[0] - pair[1].args[0])
            if all(p.is_Pow and p.base.is_nonnegative and p.exp.is_positive for p in pair) and first.exp == pair[1].exp:
                return _without_functions(pair[0].base - pair[1].base)
    return difference


def _undecided() -> Unproved:
    return Unproved("its direction depends on its parameters; constrain them, for example as positive")


def _conditions(direction: Direction) -> Conditions:
    """That a direction is one: not zero, and not what rounding has left of terms that cancel."""
    found = []
    for factor in () if isinstance(direction, int) else sp.Mul.make_args(direction):
        if factor.is_nonzero:
            continue
        if _is_rounded_well(factor):
            reason = f"{text_of(factor)} must not be 0, as its sign is the direction of the map"
            found.append((sp.Ne(factor, 0), reason))
            continue
        size = sp.Add(*map(sp.Abs, sp.Add.make_args(factor)))
        reason = f"{text_of(factor)} must differ from 0 by more than rounding, as its sign is the direction of the map"
        found.append((sp.Gt(sp.Abs(factor), _ROUNDING * size), reason))
    return tuple(found)


def _is_rounded_well(expr: sp.Expr) -> bool:
    """Whether an expression in doubles has the sign that it has: a symbol, or the difference of two."""
    if not isinstance(expr, sp.Add):
        return True
    return len(expr.args) == 2 and all(a.is_Symbol or (-a).is_Symbol or _is_double(a) for a in expr.args)


def _is_double(expr: sp.Expr) -> bool:
    return bool(expr.is_Rational) and sp.Rational(float(expr)) == expr
