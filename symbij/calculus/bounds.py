"""Signs of parameter expressions, from sympy's assumptions and by interval arithmetic over the constraints.

The arithmetic is exact on rational ends; values of functions are widened by far more than their rounding. A sign that
is claimed here is a theorem; where in doubt the answer is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import sympy as sp

from symbij.calculus.truth import evaluate
from symbij.formula import functions as fn
from symbij.formula.too_large import powers_in_powers, require_writable

Bounds = Mapping[sp.Expr, tuple[float, float]]  # of parameters, and of differences of them
End = Fraction | float  # a float only if infinite

_PRECISION = 400
_ZERO = mpmath.mpf(2) ** -300  # a constant of 400 bits below this is zero
_WIDENING = Fraction(1, 2**200)
_SAME_DIGITS = mpmath.mpf(2) ** -100
_DEEP = 3  # powers in powers of which sympy takes its time to find the sign
_MOST_BITS = 2**16  # of a whole number that is written down
_LARGE = Fraction(2 ** (_MOST_BITS - 1))

# Increasing functions, each with the interval on which it is defined.
INCREASING: dict[type, tuple[End, End]] = {
    f: (-math.inf, math.inf)
    for f in (sp.exp, fn.expm1, fn.sigmoid, fn.softplus, fn.ndtr, sp.tanh, sp.sinh, sp.asinh, sp.atan, sp.erf)
} | {sp.log: (Fraction(0), math.inf), fn.log1p: (Fraction(-1), math.inf)}
_AT_INFINITY: dict[type, tuple[End, End]] = {
    sp.exp: (Fraction(0), math.inf),
    fn.expm1: (Fraction(-1), math.inf),
    fn.sigmoid: (Fraction(0), Fraction(1)),
    fn.softplus: (Fraction(0), math.inf),
    fn.ndtr: (Fraction(0), Fraction(1)),
    sp.tanh: (Fraction(-1), Fraction(1)),
    sp.erf: (Fraction(-1), Fraction(1)),
}


@dataclass(frozen=True)
class Range:
    """Bounds of an expression. An end is open if it is certainly not attained."""

    lo: End
    hi: End
    lo_open: bool = True
    hi_open: bool = True

    @property
    def sign(self) -> int | None:
        if self.lo == self.hi == 0:
            return 0
        if self.lo > 0 or (self.lo == 0 and self.lo_open):
            return 1
        if self.hi < 0 or (self.hi == 0 and self.hi_open):
            return -1
        return None


_ANYTHING = Range(-math.inf, math.inf)
# Other functions, whatever their argument, as long as they are defined.
_BOUNDED: dict[type, Range] = {
    sp.acos: Range(Fraction(0), Fraction(4), lo_open=False),
    sp.asin: Range(Fraction(-2), Fraction(2)),
    sp.sin: Range(Fraction(-1), Fraction(1), False, False),
    sp.cos: Range(Fraction(-1), Fraction(1), False, False),
    sp.erfc: Range(Fraction(0), Fraction(2)),
    fn.softsign: Range(Fraction(-1), Fraction(1)),
    fn.lambertw: Range(Fraction(-1), math.inf, lo_open=False),
}


def sign_of(expr: sp.Expr, bounds: Bounds | None = None) -> int | None:
    """+1, -1 or 0 where the sign of `expr` is the same for all parameters, else None. Raises `TooLarge` for numbers
    that cannot be written down."""
    expr = sp.sympify(expr)
    require_writable(expr)
    if not expr.free_symbols and powers_in_powers(expr) > _DEEP:
        known = _sign_by_value(expr)
        if known is not None:
            return known
    if expr.is_positive or expr == sp.oo:
        return 1
    if expr.is_negative or expr == -sp.oo:
        return -1
    if expr.is_zero:
        return 0
    found = range_of(expr, bounds or {}).sign
    return found if found is not None else _sign_by_multiples(expr, bounds or {})


def _sign_by_value(expr: sp.Expr) -> int | None:
    """The sign of a number that has the same digits at two precisions."""
    rough, fine = (evaluate(expr, {}, precision) for precision in (_PRECISION, 2 * _PRECISION))
    if not mpmath.isfinite(rough) or not mpmath.isfinite(fine) or abs(rough - fine) >= abs(fine) * _SAME_DIGITS:
        return None
    return int(mpmath.sign(fine))


def _sign_by_multiples(expr: sp.Expr, bounds: Bounds) -> int | None:
    """The sign of a multiple of an expression whose sign is known by itself, such as b - a."""
    for known, (lo, hi) in bounds.items():
        if not known.is_Symbol and known.free_symbols <= expr.free_symbols:
            own = Range(_end(lo), _end(hi)).sign
            times = range_of(sp.cancel(expr / known), bounds).sign
            if own is not None and times is not None:
                return own * times
    return None


def range_of(expr: sp.Expr, bounds: Bounds) -> Range:
    """Bounds of `expr` over all values that the constraints allow."""
    if expr.is_number:
        return _constant(expr)
    if isinstance(expr, sp.Symbol):
        lo, hi = bounds.get(expr, (0.0 if expr.is_positive else -math.inf, 0.0 if expr.is_negative else math.inf))
        return Range(_end(lo), _end(hi))
    if isinstance(expr, sp.Add):
        parts = [range_of(a, bounds) for a in expr.args]
        return Range(
            sum(p.lo for p in parts), sum(p.hi for p in parts),
            any(p.lo_open for p in parts), any(p.hi_open for p in parts),
        )  # fmt: skip
    if isinstance(expr, sp.Mul):
        result = range_of(expr.args[0], bounds)
        for factor in expr.args[1:]:
            result = _product(result, range_of(factor, bounds))
        return result
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        base, n = range_of(expr.base, bounds), int(expr.exp)
        power = _ONE
        for _ in range(abs(n)):
            power = _product(power, base)
        if n % 2 == 0 and power.lo < 0:
            power = Range(Fraction(0), power.hi, base.sign is not None, power.hi_open)
        return _reciprocal(power) if n < 0 else power
    if expr.func in INCREASING:
        return _function(expr.func, range_of(expr.args[0], bounds))
    if expr.func in _BOUNDED:
        return _BOUNDED[expr.func]
    return Range(
        Fraction(0) if expr.is_nonnegative else -math.inf,
        Fraction(0) if expr.is_nonpositive else math.inf,
        False,
        False,
    )


_ONE = Range(Fraction(1), Fraction(1), False, False)


def _end(value: float) -> End:
    return value if math.isinf(value) else Fraction(value)


def _constant(expr: sp.Expr) -> Range:
    if expr.is_Rational:
        exact = Fraction(int(expr.p), int(expr.q))
        return Range(exact, exact, False, False)
    value = evaluate(expr, {}, _PRECISION)
    if mpmath.isnan(value):
        return _ANYTHING
    return Range(*_widened(value), False, False)


def _widened(value: mpmath.mpf) -> tuple[End, End]:
    """Rational bounds of a number known to many more digits than they are apart."""
    if mpmath.isinf(value):
        return float(value), float(value)
    if abs(value) < _ZERO:
        return Fraction(0), Fraction(0)
    sign, mantissa, exponent, bits = value._mpf_
    if exponent + bits > _MOST_BITS:
        return (-math.inf, -_LARGE) if sign else (_LARGE, math.inf)
    exact = Fraction(mantissa) * Fraction(2) ** exponent * (-1 if sign else 1)
    margin = abs(exact) * _WIDENING
    return exact - margin, exact + margin


def _times(p: End, q: End) -> End:
    return Fraction(0) if p == 0 or q == 0 else p * q


def _product(a: Range, b: Range) -> Range:
    ends = [_times(p, q) for p in (a.lo, a.hi) for q in (b.lo, b.hi)]
    lo, hi = min(ends), max(ends)
    never_zero = a.sign not in (None, 0) and b.sign not in (None, 0)
    either_open = (a.lo_open and a.hi_open) or (b.lo_open and b.hi_open)
    return Range(lo, hi, never_zero and (lo == 0 or either_open), never_zero and (hi == 0 or either_open))


def _reciprocal(r: Range) -> Range:
    if r.sign not in (1, -1):
        return _ANYTHING
    low, high = (Fraction(0) if math.isinf(end) else None if end == 0 else 1 / end for end in (r.hi, r.lo))
    return Range(
        -math.inf if low is None else low, math.inf if high is None else high,
        low in (None, 0) or r.hi_open, high in (None, 0) or r.lo_open,
    )  # fmt: skip


def _function(function: type, argument: Range) -> Range:
    lowest, highest = INCREASING[function]
    if argument.lo < lowest or argument.hi > highest:
        return _ANYTHING  # not defined everywhere
    lo = _limit(function, argument.lo, lowest, 0)
    hi = _limit(function, argument.hi, highest, 1)
    return Range(lo, hi, argument.lo_open or math.isinf(argument.lo), argument.hi_open or math.isinf(argument.hi))


def _limit(function: type, at: End, end_of_domain: End, side: int) -> End:
    """A bound of the function at an end of its argument: below it on side 0, above it on side 1."""
    if at == end_of_domain:
        return _AT_INFINITY.get(function, (-math.inf, math.inf))[side]
    if math.isinf(at):
        return -math.inf if side == 0 else math.inf
    value = evaluate(function(sp.Rational(at.numerator, at.denominator)), {}, _PRECISION)  # type: ignore[union-attr]
    if mpmath.isnan(value):
        return -math.inf if side == 0 else math.inf
    return _widened(value)[side]
