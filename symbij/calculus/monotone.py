"""Proofs that a sum or product of chains is monotone, and on which condition on its parameters.

In order, the first that succeeds:
1. all terms of the derivative have one sign (on either side of the zeros of their factors);
2. f' = c0 + c1 g(x) with the exact range [m, M] of g known: f' has one sign if and only if both ends of it have;
3. a quadratic or a hyperbola, whose derivative is monotone: its signs at both ends;
4. a polynomial or rational derivative: no root of odd order inside the domain; of a quadratic, its discriminant;
5. interval arithmetic with subdivision of the domain;
6. on a part of the line, 2. with the range on all of it: a condition that suffices.
A derivative that vanishes at single points only, as that of an analytic function does, leaves the function strictly
monotone. Where the derivative certainly has both signs the formula is refuted, with a point of either sign.
"""

from __future__ import annotations

import math

import sympy as sp

from symbij.calculus.affine import factor_of, is_affine, leading_run
from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import Link
from symbij.calculus.closed_forms import by_ends
from symbij.calculus.cores import POINT
from symbij.calculus.degrees import is_of_low_degree
from symbij.calculus.enclose import Box, box_of, enclosure, ranges_of
from symbij.calculus.parts import Folded, ProductPart, RawChain, SumPart
from symbij.calculus.polynomials import by_polynomial
from symbij.calculus.proof import Monotone, Turns
from symbij.calculus.slopes import SYMBOLIC, Term, slope, value_of, walk
from symbij.calculus.truth import evaluate
from symbij.formula.functions import log1p, logcosh
from symbij.formula.interval import Interval

MOST_BOXES = 400
_X = POINT


def prove_monotone(part: SumPart | ProductPart, where: Interval, bounds: Bounds) -> Monotone | None:
    """A proof that `part` is strictly monotone on `where`, or None. Raises `Turns` if it certainly is not."""
    _, terms = walk((part,), _X, SYMBOLIC)
    box = box_of(where, ranges_of(bounds))
    attempts = [_by_range, by_ends, by_polynomial]
    if value_of((part,), _X).free_symbols == {_X}:
        attempts.reverse()  # of a formula without parameters, polynomials know where it turns, if it does
    found = _by_signs(part, terms, box, bounds)
    for attempt in attempts:
        found = found or attempt(part, where, bounds)
    found = found or _by_subdivision(terms, where, box, bounds)
    return found or _by_range(part, where, bounds, sufficient=True)


def _by_signs(part: SumPart | ProductPart, terms: tuple[Term, ...], box: Box, bounds: Bounds) -> Monotone | None:
    """All terms have the same sign, which may be that of a parameter."""
    cuts = sorted({c for c in (0.0, *_zeros(part)) if box[0] < c < box[1]})
    signs: set[sp.Expr] = set()
    for lo, hi in zip([box[0], *cuts], [*cuts, box[1]], strict=True):
        ranges = {**ranges_of(bounds), _X: (lo, hi)}
        for term in terms:
            sign: sp.Expr = _plain_sign(term.sign, bounds)
            for factor in term.factors:
                sign = sign * _sign_on(factor, ranges, bounds)
            signs.add(_plain_sign(sign, bounds))
    signs.discard(sp.S.Zero)
    if len(signs) != 1 or (sign := signs.pop()) is sp.nan:
        return None
    direction = int(sign) if sign.is_number else sign
    return Monotone(direction, True, (), "all terms of the derivative have one sign")


def _plain_sign(expr: sp.Expr, bounds: Bounds) -> sp.Expr:
    known = sign_of(expr, bounds)
    return expr if known is None else sp.Integer(known)


def _sign_on(factor: sp.Expr, ranges: dict[sp.Symbol, Box], bounds: Bounds) -> sp.Expr:
    """The sign of a factor on a box, as a number or a parameter expression; NaN if it is not constant."""
    lo, hi = enclosure(factor, ranges)
    if lo >= 0.0:
        return sp.S.One
    if hi <= 0.0:
        return sp.S.NegativeOne
    free, varying = factor.as_independent(_X, as_Add=False)
    if free != 1:
        inner = _sign_on(varying, ranges, bounds)
        return sp.nan if inner is sp.nan else _plain_sign(free, bounds) * inner
    return sp.nan


def _zeros(part: SumPart | ProductPart) -> list[float]:
    """Places where a factor without parameters vanishes: candidates at which signs may change."""
    found = []
    for raw in part.terms:
        value = value_of(raw, _X)
        if value.free_symbols != {_X} or not is_of_low_degree(value, _X) or not value.is_polynomial(_X):
            continue
        if sp.degree(value, _X) in (1, 2):
            found += [float(r) for r in sp.Poly(value, _X).nroots() if r.is_real]
    return found


# Rows whose derivative has these bounds when its argument runs over all of the line, and where the largest is attained.
_SLOPE_RANGES: dict[str, tuple[sp.Expr, sp.Expr]] = {
    "tanh": (sp.S.Zero, sp.S.One),
    "sigmoid": (sp.S.Zero, sp.Rational(1, 4)),
    "softplus": (sp.S.Zero, sp.S.One),
    "softsign": (sp.S.Zero, sp.S.One),
    "atan": (sp.S.Zero, sp.S.One),
    "asinh": (sp.S.Zero, sp.S.One),
    "sinh": (sp.S.One, sp.oo),
    "exp": (sp.S.Zero, sp.oo),
    "expm1": (sp.S.Zero, sp.oo),
    "ndtr": (sp.S.Zero, 1 / sp.sqrt(2 * sp.pi)),
    "erf": (sp.S.Zero, 2 / sp.sqrt(sp.pi)),
    "sin": (sp.S.NegativeOne, sp.S.One),
    "cos": (sp.S.NegativeOne, sp.S.One),
    "cosh": (-sp.oo, sp.oo),
    "odd_power": (sp.S.Zero, sp.oo),
}


def _by_range(
    part: SumPart | ProductPart, where: Interval, bounds: Bounds, sufficient: bool = False
) -> Monotone | None:
    """f' = c0 + c1*g with the range of g: of two terms, one affine and one a single row of an affine argument.

    On a part of the line the range is a bound that need not be attained: a condition that follows is `sufficient` only.
    """
    if not isinstance(part, SumPart):
        return None
    constant: sp.Expr = sp.S.Zero
    found: tuple[sp.Expr, sp.Expr, sp.Expr] | None = None
    for raw in part.terms:
        summand = _coefficient_and_range(raw)
        if summand is None:
            return None
        if summand[1] == summand[2]:
            constant = constant + summand[0]
        elif found is not None:
            return None
        else:
            found = summand
    if found is None:
        return None
    c, low, high = found
    log_form = _log_slope_of_tanh(part, constant, c)
    ends = [constant + c * end if end.is_finite else c * sp.sign(end) for end in (low, high)]
    ends = [sp.factor(sp.expand(e)) for e in ends]
    signs = [sign_of(e, bounds) for e in ends]
    why = "so that the derivative, which lies between these two values, has one sign"
    if not where.is_reals and ({-1, 1} <= set(signs) or (None in signs and not sufficient)):
        return None
    if -1 in signs and 1 in signs:
        raise Turns(_signed_points(part))
    if signs[0] is not None and signs[1] is not None:
        total = signs[0] + signs[1]
        return None if total == 0 else Monotone(1 if total > 0 else -1, False, (), _RANGE_PROOF, None, log_form)
    known = next((s for s in signs if s in (1, -1)), None)
    if known is not None:  # the other end must not have the other sign
        other = ends[signs.index(None)]
        condition = (sp.Ge(known * other, 0), f"{known * other} >= 0, {why}")
        return Monotone(known, False, (condition,), _RANGE_PROOF, None, log_form)
    product = sp.expand(ends[0] * ends[1])
    if 0 in signs:  # f' between 0 and c*M: the direction is the sign of the other end
        other = ends[1 - signs.index(0)]
        return Monotone(other, False, (), _RANGE_PROOF, None, log_form)
    condition = (sp.Ge(product, 0), f"{product} >= 0, {why}")
    direction = sp.expand(ends[0] + ends[1])
    return Monotone(sign_of(direction, bounds) or direction, False, (condition,), _RANGE_PROOF, None, log_form)


def _log_slope_of_tanh(part: SumPart, a: sp.Expr, c: sp.Expr) -> sp.Expr | None:
    """log|a + c (1 - t^2)| for t = tanh, where a and c may have opposite signs and nearly cancel: the same is
    |a + c| + |c| t^2 then, of which t^2 may underflow where a + c = 0. None if tanh does not occur."""
    for raw in part.terms:
        names = [getattr(item, "name", "") for item in raw]
        if "tanh" in names and a != 0:
            inner = value_of(raw[: names.index("tanh")], _X)
            t, share = sp.Abs(sp.tanh(inner)), c / a * sp.exp(-2 * logcosh(inner))
            rest = sp.Abs(sp.expand(a + c))
            least = sp.Float("1e-290")
            left = sp.Piecewise((1, rest > 0), (t, True))  # what is not selected must not be singular: its slope counts
            steep = sp.Piecewise((sp.Abs(c), share < 0), (1, True))
            alone = sp.log(sp.Piecewise((rest, rest > 0), (1, True))) if rest != 0 else sp.S.Zero
            bottom = sp.Piecewise((alone, rest > 0), (sp.log(steep) + 2 * sp.log(left), True))
            size = rest + sp.Abs(c) * t**2
            opposite = sp.Piecewise((sp.log(sp.Max(size, least)), size > least), (bottom, True))
            same = sp.log(sp.Abs(a)) + log1p(sp.Max(share, -sp.Rational(3, 4)))
            return sp.Piecewise((same, share > -sp.Rational(1, 2)), (opposite, True))
    return None


_RANGE_PROOF = "the derivative is bounded by its values where its one varying part is smallest and largest"


def _coefficient_and_range(raw: RawChain) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """The slope of a chain as a coefficient times something with a known range, of which both ends are approached on
    all of the line."""
    coefficient: sp.Expr = sp.S.One
    low = high = sp.S.One
    for item in raw:
        if is_affine(item):
            if item.name != "shift":
                coefficient = coefficient * factor_of(item)  # type: ignore[arg-type]
            continue
        if low != high or not isinstance(item, (Link, Folded)):
            return None
        if item.name not in _SLOPE_RANGES:
            return None
        low, high = _SLOPE_RANGES[item.name]
    return coefficient, low, high


def _by_subdivision(terms: tuple[Term, ...], where: Interval, box: Box, bounds: Bounds) -> Monotone | None:
    """Interval arithmetic on ever smaller boxes; unbounded ones are cut off at powers of two."""
    derivative = slope(terms, SYMBOLIC)
    signs: dict[int, float] = {}
    parameters = ranges_of(bounds)
    exact = not (derivative.free_symbols - {_X}) and where.lo.is_number and where.hi.is_number
    queue = [box]
    for _ in range(MOST_BOXES):
        if not queue:
            break
        lo, hi = queue.pop(0)
        low, high = enclosure(derivative, {**parameters, _X: (lo, hi)})
        if low >= 0.0 and high > 0.0:
            signs.setdefault(1, _middle(lo, hi))
        elif high <= 0.0 and low < 0.0:
            signs.setdefault(-1, _middle(lo, hi))
        else:
            middle = _middle(lo, hi)
            if not lo < middle < hi or hi - lo < 1e-12 * max(1.0, abs(lo)):
                return None
            if exact:  # where the derivative is, for certain, is cheap to know at one point
                at = float(evaluate(derivative, {"x": middle}, 200))
                if abs(at) > 1e-40:
                    signs.setdefault(1 if at > 0 else -1, middle)
            queue += [(lo, middle), (middle, hi)]
        if len(signs) == 2 and exact:
            raise Turns((signs[1], signs[-1]))
    if queue or len(signs) != 1:
        return None
    return Monotone(next(iter(signs)), False, (), "the derivative has one sign, by interval arithmetic on subdivisions")


def _middle(lo: float, hi: float) -> float:
    if math.isinf(lo) and math.isinf(hi):
        return 0.0
    if math.isinf(hi):
        return max(1.0, 2.0 * abs(lo)) if lo >= 0 else 0.0
    if math.isinf(lo):
        return -max(1.0, 2.0 * abs(hi)) if hi <= 0 else 0.0
    return lo + (hi - lo) / 2


def _centre(raw: RawChain) -> float | None:
    """Where the first row that is not affine receives zero: there its slope is largest."""
    end = -leading_run(raw).pre  # type: ignore[arg-type]
    return float(end) if end.is_number else None


def _signed_points(part: SumPart | ProductPart) -> tuple[float, float]:
    """A point where the derivative is positive and one where it is negative, or the same point twice."""
    _, terms = walk((part,), _X, SYMBOLIC)
    derivative = slope(terms, SYMBOLIC)
    if derivative.free_symbols - {_X}:
        return (0.0, 0.0)
    found: dict[bool, float] = {}
    centres = {0.0, *(c for raw in part.terms if (c := _centre(raw)) is not None)}
    for size in (0.0, *(10.0 ** (k * side) for k in range(13) for side in (1, -1))):
        for x in (c + s for c in sorted(centres) for s in (size, -size)):
            value = float(evaluate(derivative, {"x": x}, 400))
            if not math.isnan(value) and value != 0:
                found.setdefault(value > 0, x)
    return found.get(True, 0.0), found.get(False, 0.0)
