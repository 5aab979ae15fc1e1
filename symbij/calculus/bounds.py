"""Numeric bounds and signs of parameter expressions, from sympy's assumptions and the constraints' intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping

import sympy as sp

from symbij.calculus.truth import evaluate
from symbij.formula import functions as fn

Bounds = Mapping[sp.Symbol, tuple[float, float]]

_INCREASING = {sp.exp, sp.log, fn.sigmoid, fn.softplus, fn.expm1, fn.log1p, fn.ndtr, sp.tanh, sp.sinh, sp.asinh,
               sp.atan, sp.erf}  # fmt: skip


def sign_of(expr: sp.Expr, bounds: Bounds | None = None) -> int | None:
    """+1, -1 or 0 where the sign of `expr` is the same for all parameters, else None."""
    expr = sp.sympify(expr)
    if expr.is_positive or expr == sp.oo:
        return 1
    if expr.is_negative or expr == -sp.oo:
        return -1
    if expr.is_zero:
        return 0
    if expr.is_number:
        value = evaluate(expr, {}, 400)
        if math.isnan(value):
            return None
        return 0 if abs(value) < 2.0**-300 else (1 if value > 0 else -1)
    lo, hi = range_of(expr, bounds or {})
    if lo >= 0 and not (lo == hi == 0):
        return 1  # constraints are open intervals, so the bound itself is not attained
    if hi <= 0 and not (lo == hi == 0):
        return -1
    return None


def nonnegative(expr: sp.Expr, bounds: Bounds | None = None) -> bool | None:
    """Whether `expr` >= 0 for all parameters: True, False (never), or None (it depends)."""
    if expr.is_nonnegative:
        return True
    sign = sign_of(expr, bounds)
    return None if sign is None else sign >= 0


def range_of(expr: sp.Expr, bounds: Bounds) -> tuple[float, float]:
    """Bounds of `expr` by interval arithmetic. Only exactly representable arithmetic is relied on for signs:
    every rounding error is far below the margin by which a sign at 0 is decided, except at 0 itself, which is exact."""
    if expr.is_number:
        value = float(evaluate(expr, {}, 400))
        return value, value
    if isinstance(expr, sp.Symbol):
        if expr in bounds:
            return bounds[expr]
        return (0.0 if expr.is_positive else -math.inf), (0.0 if expr.is_negative else math.inf)
    if isinstance(expr, sp.Add):
        parts = [range_of(a, bounds) for a in expr.args]
        return sum(p[0] for p in parts), sum(p[1] for p in parts)
    if isinstance(expr, sp.Mul):
        lo, hi = 1.0, 1.0
        for a in expr.args:
            other = range_of(a, bounds)
            products = [_times(p, q) for p in (lo, hi) for q in other]
            lo, hi = min(products), max(products)
        return lo, hi
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        lo, hi = range_of(expr.base, bounds)
        if expr.exp == -1 and (lo >= 0 or hi <= 0):
            return _reciprocal(lo, hi)
        if expr.exp > 0 and lo >= 0:
            return lo ** int(expr.exp), hi ** int(expr.exp)
        if expr.exp.is_even:
            return 0.0, math.inf
    if expr.func in _INCREASING and expr.args[0].is_extended_real:
        lo, hi = range_of(expr.args[0], bounds)
        return _value(expr.func, lo), _value(expr.func, hi)
    return (0.0 if expr.is_nonnegative else -math.inf), (0.0 if expr.is_nonpositive else math.inf)


def _times(p: float, q: float) -> float:
    return 0.0 if p == 0 or q == 0 else p * q


def _reciprocal(lo: float, hi: float) -> tuple[float, float]:
    """Range of 1/u for u in the open interval (lo, hi), which does not contain zero."""
    if lo >= 0:
        return (0.0 if hi == math.inf else 1 / hi), (math.inf if lo == 0 else 1 / lo)
    return (-math.inf if hi == 0 else 1 / hi), (0.0 if lo == -math.inf else 1 / lo)


def _value(function: type[sp.Function], at: float) -> float:
    argument = {math.inf: sp.oo, -math.inf: -sp.oo}.get(at, sp.Float(at) if at else sp.Integer(0))
    result = fn.expand_definitions(function(argument))
    try:
        return float(sp.limit(result, sp.Dummy(), 0) if result.has(sp.nan) else result)
    except (TypeError, ValueError):
        return -math.inf if at < 0 else math.inf
