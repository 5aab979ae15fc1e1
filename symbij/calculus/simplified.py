"""sympy's `simplify`, kept from what it does not come back from.

It joins c*log(u) to log(u**c) and evaluates the power of numbers that this may be: 71533108**17883277 is one call,
which nothing interrupts. So numbers of many digits stand as symbols while it is at work, and two numbers are compared
by their values.
"""

from __future__ import annotations

import mpmath
import sympy as sp

from symbij.calculus.patience import bounded
from symbij.calculus.truth import evaluate
from symbij.formula.too_large import require_writable

_PLAIN = 1000  # numerators and denominators up to here are left for `simplify` to see
_PRECISIONS = (400, 3200)


def simplified(expr: sp.Expr) -> sp.Expr:
    """`expr` simplified; as it is, if that takes long or leads to powers that cannot be computed."""
    stands = _standing_for(expr)
    found = bounded(sp.simplify, expr.xreplace(stands))
    if found is None:
        return expr
    back = {symbol: number for number, symbol in stands.items()}
    if any(p.exp.has(*back) and not p.base.has(*(expr.free_symbols or {sp.oo})) for p in found.atoms(sp.Pow)):
        return expr
    return found.xreplace(back)


def is_zero(expr: sp.Expr) -> bool | None:
    """Whether an expression vanishes for all values of its symbols; None if that is not found.
    Raises `TooLarge` for numbers that cannot be written down."""
    if expr.is_Rational:
        return bool(expr == 0)
    require_writable(expr)
    if not expr.free_symbols:
        return _number_is_zero(expr)
    plain = bounded(sp.expand, expr)
    if plain == 0:
        return True
    return True if bounded(sp.simplify, expr.xreplace(_standing_for(expr))) == 0 else None


def _number_is_zero(expr: sp.Expr) -> bool | None:
    """Whether a number is zero, to more digits than numbers that differ have in common without being made to; for what
    differs from zero by less than 2^-1600 of its terms, it counts as that."""
    for precision in _PRECISIONS:
        value, size = evaluate(expr, {}, precision), _size(expr, precision)
        if mpmath.isnan(value) or not mpmath.isfinite(size):
            return None
        if abs(value) > size * mpmath.mpf(2) ** (-precision // 2):
            return False
    return True


def _size(expr: sp.Expr, precision: int) -> mpmath.mpf:
    """The size of what a number is made of, which rounding is relative to."""
    if isinstance(expr, sp.Add):
        return mpmath.fsum(_size(term, precision) for term in expr.args)
    if isinstance(expr, sp.Mul):
        return mpmath.fprod([_size(factor, precision) for factor in expr.args])
    if isinstance(expr, sp.Pow) and expr.exp.is_Rational and expr.exp > 0:
        return _size(expr.base, precision) ** (mpmath.mpf(int(expr.exp.p)) / int(expr.exp.q))
    return abs(evaluate(expr, {}, precision))


def _standing_for(expr: sp.Expr) -> dict[sp.Expr, sp.Symbol]:
    """Symbols of the same sign for the numbers of many digits in an expression with logarithms or powers of them."""
    if not expr.has(sp.log) and not any(_is_long(p.exp) for p in expr.atoms(sp.Pow)):
        return {}
    long = sorted(filter(_is_long, expr.atoms(sp.Rational)), key=sp.default_sort_key)
    return {n: sp.Dummy("n", positive=True) if n > 0 else sp.Dummy("n", negative=True) for n in long}


def _is_long(expr: sp.Expr) -> bool:
    return bool(expr.is_Rational) and max(abs(int(expr.p)), int(expr.q)) > _PLAIN
