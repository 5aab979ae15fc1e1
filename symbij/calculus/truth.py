"""Numbers from definitions: expressions evaluated with mpmath, precision raised until the rounded double settles."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import mpmath
import sympy as sp

from symbij.errors import DomainError
from symbij.formula import functions as fn
from symbij.formula.functions import expand_definitions
from symbij.formula.printing import text_of
from symbij.formula.too_large import is_writable

MAX_PRECISION = 20_000


@functools.lru_cache(maxsize=512)
def _compiled(expr: sp.Expr, names: tuple[str, ...]) -> object:
    symbols = {s.name: s for s in expr.free_symbols}
    arguments = [symbols.get(n, sp.Symbol(n)) for n in names]
    # sympy turns the erfc(-u/sqrt(2)) of their definition into 2 - erfc(u/sqrt(2)), without digits in the lower tail
    expr = expr.replace(fn.ndtr, _NDTR).replace(fn.log_ndtr, lambda u: sp.log(_NDTR(u)))
    own: dict[str, Callable[..., object]] = {}
    if _depth(expr) > _DEEP:
        own = {kind.__name__: _by_definition(kind, len(kind_args)) for kind, kind_args in _own_functions(expr).items()}
    else:
        expr = expand_definitions(expr)
    expr, roots = _without_roots(expr)
    if expr.has(sp.zoo, sp.nan):  # as the definition of log1p has at -1
        return lambda *_: mpmath.nan
    return sp.lambdify(arguments, _with_guarded_powers(expr), modules=[roots, own, _GUARDED, "mpmath"])


def _with_guarded_powers(expr: sp.Expr) -> sp.Expr:
    return expr.replace(lambda e: e.is_Pow and e.exp.free_symbols and e.base != sp.E, lambda e: _POWER(*e.args))


# How deep functions may stand in one another to be written out, in which each may double the length.
_DEEP = 4


def _depth(expr: sp.Expr) -> int:
    """How deep functions that sympy lacks stand in one another."""
    inner = max(map(_depth, expr.args), default=0)
    return inner + isinstance(expr, fn.SymbijFunction)


def _own_functions(expr: sp.Expr) -> dict[type, tuple[sp.Expr, ...]]:
    return {type(e): e.args for e in expr.atoms(fn.SymbijFunction)}


@functools.cache
def _by_definition(kind: type, count: int) -> Callable[..., object]:
    arguments = sp.symbols(f"d:{count}", real=True)
    definition = expand_definitions(kind.definition(*arguments))  # type: ignore[attr-defined]
    return sp.lambdify(arguments, _with_guarded_powers(definition), modules=[_GUARDED, "mpmath"])


def _without_roots(expr: sp.Expr) -> tuple[sp.Expr, dict[str, Callable[[object], object]]]:
    """`expr` with functions in place of algebraic numbers, and what computes these at the precision in use."""
    found = sorted(expr.atoms(sp.CRootOf), key=str)
    stands = {root: sp.Function(f"algebraic_{k}", real=True)(0) for k, root in enumerate(found)}
    computes = {f"algebraic_{k}": lambda _, root=root: mpmath.mpf(root.evalf(mpmath.mp.dps + 5)) for k, root in
                enumerate(found)}  # fmt: skip
    return expr.xreplace(stands), computes


def _guarded(
    function: Callable[[mpmath.mpf], mpmath.mpf], far: Callable[[mpmath.mpf], mpmath.mpf]
) -> Callable[..., object]:
    """`function`, replaced by `far` where its value would have more exponent bits than any computation here needs."""

    def call(u: mpmath.mpf) -> mpmath.mpf:
        return far(u) if isinstance(u, mpmath.mpf) and mpmath.isfinite(u) and abs(u) > HUGE else function(u)

    return call


HUGE = mpmath.mpf(2) ** 40
_INF = mpmath.mpf("inf")
_FAR_TAIL = mpmath.mpf(2) ** 20  # beyond which the asymptotic series of erfc has all digits that are ever asked for
_NO_TAIL = mpmath.mpf(2) ** 500


def _erfc(u: mpmath.mpf) -> mpmath.mpf:
    """erfc, for large arguments by exp(-u^2)/(u sqrt(pi)) (1 - 1/(2 u^2) + 1*3/(2 u^2)^2 - ...): mpmath's own function
    takes seconds there, or raises."""
    if not isinstance(u, mpmath.mpf) or not mpmath.isfinite(u) or abs(u) < _FAR_TAIL:
        return mpmath.erfc(u)
    if abs(u) > _NO_TAIL or u < 0:
        return mpmath.mpf(0 if u > 0 else 2)
    term = total = mpmath.mpf(1)
    k = 0
    while abs(term) > mpmath.mpf(2) ** (-mpmath.mp.prec - 10):
        k += 1
        term *= -(2 * k - 1) / (2 * u * u)
        total += term
    return mpmath.exp(-u * u) / (u * mpmath.sqrt(mpmath.pi)) * total


def _power(base: mpmath.mpf, exponent: mpmath.mpf) -> object:
    """base**exponent, infinite or zero where mpmath would take for ever over its exponent."""
    if isinstance(base, mpmath.mpf) and isinstance(exponent, mpmath.mpf) and base > 0 and base != 1:
        size = exponent * mpmath.log(base)
        if mpmath.isfinite(size) and abs(size) > HUGE:
            return _INF if size > 0 else mpmath.mpf(0)
    return base**exponent


_POWER = sp.Function("guarded_power", real=True)
_NDTR = sp.Function("normal_cdf", real=True)
_GUARDED = {
    "guarded_power": _power,
    "normal_cdf": lambda u: _erfc(-u / mpmath.sqrt(2)) / 2,
    "erf": _guarded(mpmath.erf, mpmath.sign),
    "erfc": _erfc,
    "exp": _guarded(mpmath.exp, lambda u: _INF if u > 0 else mpmath.mpf(0)),
    "sinh": _guarded(mpmath.sinh, lambda u: _INF if u > 0 else -_INF),
    "cosh": _guarded(mpmath.cosh, lambda u: _INF),
}


def evaluate(expr: sp.Expr, values: Mapping[str, object], precision: int) -> mpmath.mpf:
    """`expr` at `values` with `precision` bits of working precision; NaN where it is not real or not defined."""
    if expr.has(sp.zoo, sp.nan) or not (expr.free_symbols or is_writable(expr)):
        return mpmath.mpf("nan")
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
    """`expr` at `values`, with precision doubled until two rounded doubles agree, whatever was NaN between them: at an
    end of a domain rounding decides at each precision whether there is a number. Raises `DomainError`.

    The start is beyond the 1075 bits by which the smallest double is below 1, and their square, so that a tiny term
    that is added to an ordinary one cannot be lost at two precisions in a row.
    """
    precision = start
    previous = number = evaluate(expr, values, precision)  # the last one, and the last one that is a number
    while precision < MAX_PRECISION:
        precision *= 2
        current = evaluate(expr, values, precision)
        if mpmath.isnan(current) and mpmath.isnan(previous):
            return current
        if not mpmath.isnan(number) and float(current) == float(number):
            return current
        previous, number = current, number if mpmath.isnan(current) else current
    raise DomainError(f"the value of {text_of(expr)} does not settle{f' at {dict(values)}' if values else ''}")
