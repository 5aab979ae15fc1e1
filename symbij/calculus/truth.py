"""Numbers from definitions: expressions evaluated with mpmath, precision raised until the rounded double settles."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import mpmath
import sympy as sp

from symbij.formula.functions import expand_definitions

MAX_PRECISION = 20_000


@functools.lru_cache(maxsize=512)
def _compiled(expr: sp.Expr, names: tuple[str, ...]) -> object:
    symbols = {s.name: s for s in expr.free_symbols}
    arguments = [symbols.get(n, sp.Symbol(n)) for n in names]
    return sp.lambdify(arguments, expand_definitions(expr), modules=[_GUARDED, "mpmath"])


def _guarded(
    function: Callable[[mpmath.mpf], mpmath.mpf], far: Callable[[mpmath.mpf], mpmath.mpf]
) -> Callable[..., object]:
    """`function`, replaced by `far` where its value would have more exponent bits than any computation here needs."""

    def call(u: mpmath.mpf) -> mpmath.mpf:
        return far(u) if isinstance(u, mpmath.mpf) and mpmath.isfinite(u) and abs(u) > HUGE else function(u)

    return call


HUGE = mpmath.mpf(2) ** 40
_INF = mpmath.mpf("inf")
_GUARDED = {
    "exp": _guarded(mpmath.exp, lambda u: _INF if u > 0 else mpmath.mpf(0)),
    "sinh": _guarded(mpmath.sinh, lambda u: _INF if u > 0 else -_INF),
    "cosh": _guarded(mpmath.cosh, lambda u: _INF),
}


def evaluate(expr: sp.Expr, values: Mapping[str, object], precision: int) -> mpmath.mpf:
    """`expr` at `values` with `precision` bits of working precision; NaN where it is not real or not defined."""
    names = tuple(sorted(values))
    function = _compiled(expr, names)
    with mpmath.workprec(precision):
        try:
            result = function(*(mpmath.mpf(values[n]) for n in names))  # type: ignore[operator]
        except (ValueError, ZeroDivisionError, OverflowError, TypeError, MemoryError, mpmath.libmp.NoConvergence):
            return mpmath.mpf("nan")
        if isinstance(result, mpmath.mpc):
            return mpmath.mpf("nan") if result.imag != 0 else result.real
        return mpmath.mpf(result)


def constant(expr: sp.Expr) -> float:
    """The double closest to an expression without symbols."""
    if expr.is_Rational:
        return float(expr)
    return float(settled(expr, {}))


def settled(expr: sp.Expr, values: Mapping[str, object], start: int = 2400) -> mpmath.mpf:
    """`expr` at `values`, with precision doubled until two rounded doubles in a row agree.

    The start is beyond the 1075 bits by which the smallest double is below 1, and their square, so that a tiny term
    that is added to an ordinary one cannot be lost at two precisions in a row.
    """
    precision = start
    previous = evaluate(expr, values, precision)
    while precision < MAX_PRECISION:
        precision *= 2
        current = evaluate(expr, values, precision)
        if mpmath.isnan(current) and mpmath.isnan(previous):
            return current
        if float(current) == float(previous):
            return current
        previous = current
    raise ArithmeticError(f"{expr} does not settle at {dict(values)}")
