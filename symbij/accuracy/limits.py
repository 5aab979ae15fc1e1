"""Formulas at parameters where they are defined by a limit only, such as (x**c - 1)/c at c = 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import numeric, plain, real
from symbij.accuracy.truth import PRECISION

CLOSE = 500  # bits: a limit is compared with the formula at parameters 2^-500 from it
AGREE = 150  # bits to which the two must agree
_UNDEFINED = (ArithmeticError, ValueError, TypeError)


def at_parameters(
    expr: sp.Expr, variable: sp.Symbol, values: Mapping[sp.Symbol, float], probes: Sequence[float]
) -> sp.Expr:
    """`expr`, or its limit in one of the parameters if it is not defined at all of the `probes`.

    sympy's limit is taken if it agrees with the formula next to it; where none does, `expr` itself comes back.
    """
    if not values or all(_value(expr, variable, values, x, {}) is not None for x in probes):
        return expr
    for symbol, value in values.items():
        limit = _limit(expr, symbol, sp.Rational(value))
        if limit is not None and _agrees(limit, expr, variable, values, probes, symbol):
            return limit
    return expr


def _limit(expr: sp.Expr, symbol: sp.Symbol, value: sp.Rational) -> sp.Expr | None:
    """The limit inside each piece: sympy's own takes one piece for all."""
    if isinstance(expr, sp.Piecewise):
        pieces = [(_limit(e, symbol, value), condition) for e, condition in expr.args]
        return None if any(e is None for e, _ in pieces) else sp.Piecewise(*pieces)
    if expr.has(sp.Piecewise):
        return None
    try:
        found = sp.limit(plain(expr), symbol, value)
    except (NotImplementedError, ValueError, TypeError):
        return None
    return None if found.has(sp.oo, sp.zoo, sp.nan, sp.Limit, symbol) else found


def _agrees(
    limit: sp.Expr, expr: sp.Expr, variable: sp.Symbol, values: Mapping[sp.Symbol, float], probes: Sequence[float],
    symbol: sp.Symbol,
) -> bool:  # fmt: skip
    compared = 0
    for x in probes:
        there = _value(limit, variable, values, x, {})
        beside = _value(expr, variable, values, x, {symbol: mpf(2) ** -CLOSE})
        if there is None or beside is None:
            continue
        if abs(there - beside) > abs(there) * mpf(2) ** -AGREE:
            return False
        compared += 1
    return compared > 0


def _value(
    expr: sp.Expr, variable: sp.Symbol, values: Mapping[sp.Symbol, float], x: float, moved: Mapping[sp.Symbol, mpf]
) -> mpf | None:
    """`expr` at x and the values, some of them `moved` by a little; None where it has no finite real value."""
    with mpmath.workprec(PRECISION):
        point = [mpf(x), *(mpf(v) + moved.get(s, 0) for s, v in values.items())]
        try:
            found = real(numeric(plain(expr), [variable, *values])(*point))
        except _UNDEFINED:
            return None
        return found if mpmath.isfinite(found) else None
