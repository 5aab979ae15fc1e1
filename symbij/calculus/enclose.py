"""Interval arithmetic in doubles, rounded outwards: what an expression can be while its symbols range over intervals.

What it returns contains every value; it may contain more. Undefined places make the result the whole line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

import mpmath
import sympy as sp

from symbij.calculus.bounds import Bounds
from symbij.calculus.truth import evaluate
from symbij.formula import functions as fn
from symbij.formula.interval import Interval

Box = tuple[float, float]
EVERYTHING: Box = (-math.inf, math.inf)
_BITS = 120
_MARGIN = 2.0**-50  # relative; far above the rounding of one operation

# Increasing functions with the interval on which they are defined and their limits there.
_RISING: dict[type, tuple[float, float, float, float]] = {
    sp.exp: (-math.inf, math.inf, 0.0, math.inf),
    fn.expm1: (-math.inf, math.inf, -1.0, math.inf),
    sp.log: (0.0, math.inf, -math.inf, math.inf),
    fn.log1p: (-1.0, math.inf, -math.inf, math.inf),
    fn.sigmoid: (-math.inf, math.inf, 0.0, 1.0),
    fn.logit: (0.0, 1.0, -math.inf, math.inf),
    fn.softplus: (-math.inf, math.inf, 0.0, math.inf),
    fn.softplus_inverse: (0.0, math.inf, -math.inf, math.inf),
    fn.softsign: (-math.inf, math.inf, -1.0, 1.0),
    fn.softsign_inverse: (-1.0, 1.0, -math.inf, math.inf),
    fn.log1mexp: (0.0, math.inf, -math.inf, 0.0),
    fn.ndtr: (-math.inf, math.inf, 0.0, 1.0),
    fn.ndtri: (0.0, 1.0, -math.inf, math.inf),
    fn.log_ndtr: (-math.inf, math.inf, -math.inf, 0.0),
    fn.ndtri_exp: (-math.inf, 0.0, -math.inf, math.inf),
    fn.lambertw: (-0.36787944117144233, math.inf, -1.0, math.inf),
    sp.tanh: (-math.inf, math.inf, -1.0, 1.0),
    sp.atanh: (-1.0, 1.0, -math.inf, math.inf),
    sp.sinh: (-math.inf, math.inf, -math.inf, math.inf),
    sp.asinh: (-math.inf, math.inf, -math.inf, math.inf),
    sp.acosh: (1.0, math.inf, 0.0, math.inf),
    sp.atan: (-math.inf, math.inf, -1.5707963267948968, 1.5707963267948968),
    sp.asin: (-1.0, 1.0, -1.5707963267948968, 1.5707963267948968),
    sp.erf: (-math.inf, math.inf, -1.0, 1.0),
    sp.erfinv: (-1.0, 1.0, -math.inf, math.inf),
}
# Even functions that rise on the right, with their value at zero.
_EVEN: dict[type, float] = {sp.cosh: 1.0, fn.logcosh: 0.0, fn.loghypot1: 0.0, sp.Abs: 0.0}


def enclosure(expr: sp.Expr, ranges: Mapping[sp.Symbol, Box]) -> Box:
    """An interval that contains all values of `expr`."""
    if expr.is_number:
        return _number(expr)
    if isinstance(expr, sp.Symbol):
        return ranges.get(expr, (0.0 if expr.is_nonnegative else -math.inf, 0.0 if expr.is_nonpositive else math.inf))
    if isinstance(expr, sp.Add):
        lo = hi = 0.0
        for arg in expr.args:
            a, b = enclosure(arg, ranges)
            lo, hi = _added(lo, a, -math.inf), _added(hi, b, math.inf)
        return EVERYTHING if math.isnan(lo) or math.isnan(hi) else (lo, hi)
    if isinstance(expr, sp.Mul):
        box = (1.0, 1.0)
        for arg in expr.args:
            box = _times(box, enclosure(arg, ranges))
        return box
    if isinstance(expr, sp.Pow):
        return _power(expr, ranges)
    args = [enclosure(a, ranges) for a in expr.args]
    kind = expr.func
    if kind in _RISING and len(args) == 1:
        return _rising(kind, args[0])
    if kind in _EVEN:
        lo, hi = args[0]
        near = 0.0 if lo <= 0.0 <= hi else min(abs(lo), abs(hi))
        far = max(abs(lo), abs(hi))
        if kind is sp.Abs:
            return near, far
        return (_EVEN[kind] if near == 0.0 else _value(kind, near)[0], _value(kind, far)[1])
    if kind is fn.logaddexp:
        ends = [_log_add(args[0][side], args[1][side]) for side in (0, 1)]
        return _outward(*ends)
    if kind in (sp.Max, sp.Min):
        choose = max if kind is sp.Max else min
        return choose(a for a, _ in args), choose(b for _, b in args)
    if kind in (sp.sin, sp.cos):
        return _wave(kind, args[0])
    if kind is sp.erfc:
        lo, hi = _rising(sp.erf, args[0])
        return _outward(1.0 - hi, 1.0 - lo)
    if kind is sp.sign:
        lo, hi = args[0]
        return (1.0 if lo > 0 else 0.0 if lo == 0 else -1.0, -1.0 if hi < 0 else 0.0 if hi == 0 else 1.0)
    if isinstance(expr, fn.SymbijFunction) and expr.sign_follows_argument:
        lo, hi = args[0]
        return (0.0 if lo >= 0 else -math.inf, 0.0 if hi <= 0 else math.inf)
    if isinstance(expr, fn.SymbijFunction) and expr.range_sign:
        return (0.0, math.inf) if expr.range_sign > 0 else (-math.inf, 0.0)
    return EVERYTHING


def ranges_of(bounds: Bounds) -> dict[sp.Symbol, Box]:
    """The ranges of the parameters, by their constraints."""
    return {s: (float(lo), float(hi)) for s, (lo, hi) in bounds.items() if isinstance(s, sp.Symbol)}


def box_of(where: Interval, ranges: Mapping[sp.Symbol, Box]) -> Box:
    """Doubles around an interval, whatever the parameters."""
    return enclosure(where.lo, ranges)[0], enclosure(where.hi, ranges)[1]


def lies_in(box: Box, where: Interval, ranges: Mapping[sp.Symbol, Box]) -> bool:
    """Whether a box certainly lies in an interval, whatever the parameters."""
    lo, hi = box
    least, most = enclosure(where.lo, ranges)[1], enclosure(where.hi, ranges)[0]
    above = lo > least or (lo == least and (not where.lo_open or bool(where.lo.is_infinite)))
    return above and (hi < most or (hi == most and (not where.hi_open or bool(where.hi.is_infinite))))


def _added(a: float, b: float, towards: float) -> float:
    """a + b, moved outwards unless it is exact."""
    total = a + b
    if math.isinf(total) or math.isnan(total):
        return total
    back = total - a
    return total if (a - (total - back)) + (b - back) == 0.0 else math.nextafter(total, towards)


def _outward(lo: float, hi: float) -> Box:
    if math.isnan(lo) or math.isnan(hi):
        return EVERYTHING
    return math.nextafter(lo - abs(lo) * _MARGIN, -math.inf) if lo else lo, (
        math.nextafter(hi + abs(hi) * _MARGIN, math.inf) if hi else hi
    )


@lru_cache(maxsize=4096)
def _number(expr: sp.Expr) -> Box:
    if expr.is_infinite:
        value = math.inf if expr.is_extended_positive else -math.inf
        return value, value
    if expr.is_Integer and abs(int(expr)) < 2**53:
        return float(expr), float(expr)
    value = float(evaluate(expr, {}, _BITS))
    return EVERYTHING if math.isnan(value) else _outward(value, value)


def _times(a: Box, b: Box) -> Box:
    if a in _UNITS or b in _UNITS:  # exact
        lo, hi = sorted((0.0 if a[k] == 0.0 or b[k] == 0.0 else a[k] * b[k]) for k in (0, 1))
        return lo, hi
    pairs = [(p, q) for p in a for q in b]
    lo = min(_product(p, q, -1.0) for p, q in pairs)
    return _outward(lo, max(_product(p, q, 1.0) for p, q in pairs))


def _product(p: float, q: float, side: float) -> float:
    """p*q, with 0*inf = 0; what underflows is kept off zero on the side asked for."""
    if p == 0.0 or q == 0.0:
        return 0.0
    product = p * q
    if product == 0.0 and math.copysign(1.0, product) == side:
        return math.copysign(5e-324, side)
    return product


_UNITS = ((1.0, 1.0), (-1.0, -1.0))


def _power(expr: sp.Pow, ranges: Mapping[sp.Symbol, Box]) -> Box:
    lo, hi = enclosure(expr.base, ranges)
    exponent = expr.exp
    if exponent.is_Integer:
        n = abs(int(exponent))
        if n % 2 == 0:
            near = 0.0 if lo <= 0.0 <= hi else min(abs(lo), abs(hi))
            far = max(abs(lo), abs(hi))
            lo, hi = near, far
        box = _outward(_raised(lo, n, -1.0), _raised(hi, n, 1.0))
        if exponent > 0:
            return box
        lo, hi = box
        if lo < 0.0 < hi or (lo == 0.0 and hi == 0.0):
            return EVERYTHING
        return _outward(1.0 / hi if hi else -math.inf, 1.0 / lo if lo else math.inf)
    if lo < 0.0:
        return EVERYTHING if expr.base.is_nonnegative is not True else (0.0, math.inf)
    log = _rising(sp.log, (lo, hi))
    low, high = _times(log, enclosure(exponent, ranges))
    return _rising(sp.exp, (low, high))


def _raised(value: float, n: int, side: float) -> float:
    try:
        power = value**n
    except OverflowError:
        return math.inf if value > 0 or n % 2 == 0 else -math.inf
    if power == 0.0 and value != 0.0 and math.copysign(1.0, power) == side:
        return math.copysign(5e-324, side)
    return power


def _rising(kind: type, box: Box) -> Box:
    first, last, lowest, highest = _RISING[kind]
    lo, hi = box
    if hi < first or lo > last:
        return EVERYTHING
    low = lowest if lo <= first else max(lowest, _value(kind, lo)[0])
    high = highest if hi >= last else min(highest, _value(kind, hi)[1])
    return low, high


@cache
def _mp(kind: type) -> Callable[[mpmath.mpf], mpmath.mpf]:
    u = sp.Symbol("u", real=True)
    expr = kind(u)
    return lambda value: evaluate(expr, {"u": value}, _BITS)


def _value(kind: type, at: float) -> Box:
    """A function at one number, rounded down and up."""
    if math.isinf(at) and kind in _EVEN:
        return math.inf, math.inf
    value = _mp(kind)(mpmath.mpf(at))
    if mpmath.isnan(value):
        return EVERYTHING
    rounded = float(value)
    if at in (0.0, 1.0) and value == rounded:
        return rounded, rounded
    return _outward(rounded, rounded) if rounded else (-5e-324, 5e-324) if value else (0.0, 0.0)


def _wave(kind: type, box: Box) -> Box:
    lo, hi = box
    if not hi - lo < 6.0 or abs(lo) > 1e9:
        return -1.0, 1.0
    ends = [_value(kind, lo), _value(kind, hi)]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    shift = 0.0 if kind is sp.cos else 0.25  # sin peaks at a quarter of a turn
    turns = (lo / (2 * math.pi) - shift - 1e-9, hi / (2 * math.pi) - shift + 1e-9)
    if math.floor(turns[1]) > math.floor(turns[0]) or turns[0] == math.floor(turns[0]):
        high = 1.0
    if math.floor(turns[1] + 0.5) > math.floor(turns[0] + 0.5):
        low = -1.0
    return max(low, -1.0), min(high, 1.0)


def _log_add(a: float, b: float) -> float:
    big, small = max(a, b), min(a, b)
    if math.isinf(big) or math.isinf(small):
        return big
    return big + math.log1p(math.exp(small - big))
