"""Sums next to a point where their terms cancel: a polynomial there in place of the sum.

x - sin(x) is x^3/6 - x^5/120 + ... next to 0, of which doubles keep no digit: both terms round first. So a sum without
parameters gets its Taylor polynomial at a point c where it vanishes to a higher order than its terms do, or its slope
does: t^m (a_0 + a_1 t + ...) for t = x - c, on |t| < r, where what is cut off is less than half a rounding.
"""

from __future__ import annotations

from dataclasses import replace

import mpmath
import sympy as sp

from symbij.calculus.chain import Chain
from symbij.calculus.cores import POINT, MonotoneCore, Near
from symbij.calculus.parts import SumPart
from symbij.calculus.slopes import value_of
from symbij.calculus.truth import evaluate
from symbij.formula.interval import Interval

DEGREE = 30  # beyond the lowest power
LAST = DEGREE + 8
_BITS = 320  # to which Taylor's coefficients are found
_ZERO = mpmath.mpf(2) ** -150  # below which one is none
_BESIDE = mpmath.mpf(2) ** -60
_NOT_SMOOTH = (sp.Piecewise, sp.Abs, sp.sign, sp.DiracDelta, sp.Max, sp.Min, sp.floor, sp.Derivative)
_LARGEST_RADIUS, _SMALLEST_RADIUS = 1.0, 2.0**-10


def with_series(links: Chain) -> Chain:
    """The links with the polynomials of sums whose terms cancel somewhere."""
    return tuple(_with_series(item) if isinstance(item, MonotoneCore) else item for item in links)


def _with_series(core: MonotoneCore) -> MonotoneCore:
    if not isinstance(core.part, SumPart) or core.derivative is not None:
        return core
    terms = [value_of(raw, POINT) for raw in core.part.terms]
    if any(term.free_symbols - {POINT} or term.diff(POINT).has(*_NOT_SMOOTH) for term in terms):
        return core
    found = next((near for c in _candidates(core.where) if (near := _near(terms, c, core.where)) is not None), None)
    return core if found is None else replace(core, near=found)


def _candidates(where: Interval) -> list[sp.Expr]:
    """Doubles at which terms are likely to cancel: zero, and the ends of the domain."""
    ends = [end for end in (where.lo, where.hi) if end.is_Rational and sp.Rational(float(end)) == end]
    inside = where.lo.is_number and where.hi.is_number and where.lo < 0 < where.hi
    return [*([sp.S.Zero] if inside else []), *ends]


def _may_cancel(terms: list[sp.Expr], c: sp.Expr, where: Interval) -> bool:
    """Whether value or slope is small beside that of a term very close to `c`, where all terms have values."""
    side = 1 if c < where.hi else -1
    for of in (terms, [term.diff(POINT) for term in terms]):
        if not all(mpmath.isfinite(evaluate(e, {POINT.name: float(c)}, _BITS)) for e in of):
            return False
        with mpmath.workprec(_BITS):
            values = [evaluate(e, {POINT.name: mpmath.mpf(float(c)) + side * _BESIDE}, _BITS) for e in of]
            if abs(mpmath.fsum(values)) < max(map(abs, values)) / 1000:
                return True
    return False


def _near(terms: list[sp.Expr], c: sp.Expr, where: Interval) -> Near | None:
    if not _may_cancel(terms, c, where):
        return None
    parts = [found for term in terms if (found := _coefficients(term, c)) is not None]
    if len(parts) < len(terms):
        return None
    with mpmath.workprec(_BITS):
        total = [mpmath.fsum(column) for column in zip(*parts, strict=True)]
        total = [a if abs(a) > _ZERO else mpmath.mpf(0) for a in total]
    orders, slopes = ([_order(p[first:]) for p in parts] for first in (0, 1))
    order = _order(total)
    steepness = _order(total[1:])
    if order is None or steepness is None:
        return None
    cancels = order > min(o for o in orders if o is not None)
    flattens = steepness > min(o for o in slopes if o is not None)
    if not (cancels or flattens):
        return None
    value = total[order : order + DEGREE]
    with mpmath.workprec(_BITS):
        slope = [(k + 1) * a for k, a in enumerate(total[1:])][steepness : steepness + DEGREE]
    whole = sp.Add(*terms)
    steep = whole.diff(POINT)
    radius = _LARGEST_RADIUS
    while radius >= _SMALLEST_RADIUS:
        at = [c + s * sp.Rational(radius) for s in (1, -1)]
        places = [x for x in at if _inside(x, where)]
        if places and all(_close(whole, x, c, order, value) and _close(steep, x, c, steepness, slope) for x in places):
            forms = [
                (power, _rounded(coefficients, radius)) if needed else None
                for needed, power, coefficients in ((cancels, order, value), (flattens, steepness, slope))
            ]
            return Near(float(c), radius, *forms)
        radius /= 2
    return None


def _inside(x: sp.Expr, where: Interval) -> bool:
    return bool(where.lo <= x <= where.hi)


def _coefficients(term: sp.Expr, c: sp.Expr) -> list[mpmath.mpf] | None:
    """Taylor's coefficients of a term, None where it has none at `c`."""
    with mpmath.workprec(_BITS):
        try:
            found = mpmath.taylor(lambda x: evaluate(term, {POINT.name: x}, mpmath.mp.prec), mpmath.mpf(float(c)), LAST)
        except (ValueError, ZeroDivisionError, ArithmeticError):
            return None
        if not all(mpmath.isfinite(a) for a in found):
            return None
        return found


def _order(coefficients: list[mpmath.mpf]) -> int | None:
    """The lowest power that occurs."""
    return next((k for k, a in enumerate(coefficients) if abs(a) > _ZERO), None)


def _close(whole: sp.Expr, x: sp.Expr, c: sp.Expr, power: int, coefficients: list[mpmath.mpf]) -> bool:
    """Whether what is cut off of a series at `x` is less than a sixteenth of a rounding."""
    with mpmath.workprec(_BITS):
        t = mpmath.mpf(float(x - c))
        value = evaluate(whole, {POINT.name: float(x)}, _BITS)
        kept = mpmath.polyval(coefficients[::-1], t) * t**power
        return bool(abs(kept - value) <= mpmath.mpf(2) ** -57 * abs(value))


def _rounded(coefficients: list[mpmath.mpf], radius: float) -> tuple[float, ...]:
    """The coefficients as doubles, without those that add nothing."""
    sizes = [float(abs(a)) * radius**k for k, a in enumerate(coefficients)]
    last = max(k for k, size in enumerate(sizes) if size > 2.0**-60 * sizes[0])
    return tuple(float(a) for a in coefficients[: last + 1])
