"""Expressions with corners: where Piecewise, Abs, sign, Max and Min change their formula, and the formulas between."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.simplified import is_zero
from symbij.formula.interval import Interval

SWITCHES = (sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min)
MOST_BREAKS = 64


class Unsplit(Exception):
    """The places where the formula changes could not be found: the reason, in words."""


@dataclass(frozen=True)
class Piece:
    """One formula on one interval, whose closed ends belong to it."""

    expr: sp.Expr
    where: Interval


def switches(expr: sp.Expr, x: sp.Symbol) -> bool:
    """Whether the expression has a corner or jump that depends on `x`."""
    return any(node.has(x) for node in expr.atoms(*SWITCHES))


def split(expr: sp.Expr, x: sp.Symbol, where: Interval, bounds: Bounds) -> tuple[Piece, ...]:
    """The pieces of `expr` on `where`, in order. Raises `Unsplit`."""
    points: list[tuple[sp.Expr, bool]] = []  # a break, and whether it belongs to the piece below it
    for difference, strict in _differences(expr, x):
        for zero in _zeros(difference, x, where, bounds):
            own = _belongs_below(difference, strict, x, zero)
            if not any(_same(zero, known) for known, _ in points):
                points.append((zero, own))
    inside = [p for p in points if _is_inside(p[0], where, bounds)]
    if len(inside) > MOST_BREAKS:
        raise Unsplit(f"it has more than {MOST_BREAKS} pieces")
    ordered = _sorted(inside, bounds)
    ends = [(where.lo, where.lo_open), *ordered, (where.hi, where.hi_open)]
    pieces = []
    for i, ((lo, lo_below), (hi, hi_below)) in enumerate(itertools.pairwise(ends)):
        lo_open = where.lo_open if i == 0 else lo_below
        hi_open = where.hi_open if i == len(ends) - 2 else not hi_below
        part = Interval(lo, hi, lo_open, hi_open)
        pieces.append(Piece(resolved(expr, x, part, bounds), part))
    return tuple(pieces)


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    return a == b or (bool(a.free_symbols) and is_zero(a - b) is True)


def _differences(expr: sp.Expr, x: sp.Symbol) -> list[tuple[sp.Expr, bool]]:
    """Expressions at whose zeros the formula changes; and whether the zero belongs to where they are negative."""
    found: dict[sp.Expr, bool] = {}
    for node in sorted(expr.atoms(*SWITCHES), key=sp.default_sort_key):
        if not node.has(x):
            continue
        if isinstance(node, (sp.Abs, sp.sign)):
            found.setdefault(node.args[0], False)
        elif isinstance(node, (sp.Max, sp.Min)):
            args = node.args
            for i, a in enumerate(args):
                for b in args[i + 1 :]:
                    found.setdefault(a - b, False)
        else:
            for _, condition in node.args:
                for relation in sorted(condition.atoms(sp.core.relational.Relational), key=sp.default_sort_key):
                    # lhs < rhs leaves the zero on the other side, lhs <= rhs keeps it
                    own = isinstance(relation, (sp.LessThan, sp.StrictGreaterThan))
                    found.setdefault(relation.lhs - relation.rhs, own)
    return list(found.items())


def _belongs_below(difference: sp.Expr, negative_side: bool, x: sp.Symbol, zero: sp.Expr) -> bool:
    """Whether a break belongs to the piece below it: to the side where the difference is negative, if so asked."""
    slope = difference.diff(x)
    rising = slope.is_nonnegative if not slope.has(x) else None
    return negative_side if rising or rising is None else not negative_side


def _zeros(difference: sp.Expr, x: sp.Symbol, where: Interval, bounds: Bounds) -> list[sp.Expr]:
    """All zeros of `difference` in `where`: of polynomials, and of what is a chain of monotone maps."""
    difference = difference.replace(sp.Abs, lambda u: u) if isinstance(difference, sp.Abs) else difference
    if not difference.has(x):
        return []
    if difference.has(*SWITCHES) and switches(difference, x):
        inner = split(difference, x, where, bounds)
        return [z for p in inner for z in _zeros(p.expr, x, p.where, bounds) if _is_inside(z, p.where, bounds)]
    if difference.is_polynomial(x):
        poly = sp.Poly(difference, x)
        if poly.degree() == 1:
            return [sp.factor_terms(-poly.coeff_monomial(1) / poly.coeff_monomial(x))]
        if poly.domain.is_Numerical:  # sympy isolates no roots where a coefficient is cosh(10)
            return list(dict.fromkeys(poly.real_roots()))
    return _zeros_of_chain(difference, x, where, bounds)


def _zeros_of_chain(difference: sp.Expr, x: sp.Symbol, where: Interval, bounds: Bounds) -> list[sp.Expr]:
    from symbij.calculus.chain import invert_chain
    from symbij.calculus.domain import Folds, OutsideDomain, Unproved, prove
    from symbij.calculus.recognise import NotChain, recognise

    try:
        proof = prove(recognise(difference, x), where, bounds)
    except (NotChain, Folds, OutsideDomain, Unproved):
        raise Unsplit(f"it is not clear where {difference} changes its sign") from None
    low, high = sign_of(proof.codomain.lo, bounds), sign_of(proof.codomain.hi, bounds)
    if low in (0, 1) or high in (0, -1):
        return []
    if low == -1 and high == 1:
        zero: sp.Expr = sp.S.Zero
        with contextlib.suppress(Unproved):
            for item in invert_chain(proof.links):
                zero = item.undone(zero)
            if not zero.has(sp.nan):
                return [zero]
    raise Unsplit(f"it is not clear where {difference} changes its sign")


def _is_inside(point: sp.Expr, where: Interval, bounds: Bounds) -> bool:
    for end, side in ((where.lo, 1), (where.hi, -1)):
        if end.is_infinite:
            continue
        sign = sign_of(sp.expand(point - end), bounds)
        if sign is None:
            raise Unsplit(f"it depends on the parameters whether {point} lies inside {where}")
        if sign != side:
            return False
    return True


def _sorted(points: list[tuple[sp.Expr, bool]], bounds: Bounds) -> list[tuple[sp.Expr, bool]]:
    ordered: list[tuple[sp.Expr, bool]] = []
    for point in points:
        place = 0
        for other, _ in ordered:
            sign = sign_of(sp.expand(point[0] - other), bounds)
            if sign is None:
                raise Unsplit(
                    f"the order of {other} and {point[0]} depends on the parameters; constrain them so that it is known"
                )
            place += sign > 0
        ordered.insert(place, point)
    return ordered


def resolved(expr: sp.Expr, x: sp.Symbol, where: Interval, bounds: Bounds) -> sp.Expr:
    """`expr` on an interval inside which nothing switches: every switch replaced by its formula there."""
    probe = _probe(where)

    def positive(difference: sp.Expr) -> bool:
        sign = sign_of(sp.expand(difference.subs(x, probe)), bounds)
        if sign is None:
            sign = sign_of(difference.subs(x, probe), bounds)
        if sign is None:
            raise Unsplit(f"the sign of {difference} on {where} depends on the parameters; constrain them")
        return sign > 0

    def one(node: sp.Expr) -> sp.Expr:
        if not node.has(x):
            return node
        if isinstance(node, sp.Abs):
            return node.args[0] if positive(node.args[0]) else -node.args[0]
        if isinstance(node, sp.sign):
            return sp.S.One if positive(node.args[0]) else sp.S.NegativeOne
        if isinstance(node, (sp.Max, sp.Min)):
            best = node.args[0]
            for other in node.args[1:]:
                if positive(other - best) == isinstance(node, sp.Max):
                    best = other
            return best
        for value, condition in node.args:  # type: ignore[union-attr]
            if holds(condition):
                return value
        raise Unsplit(f"no piece of {node} is meant on {where}")

    def holds(condition: sp.Basic) -> bool:
        if condition in (sp.true, sp.false):
            return bool(condition)
        if isinstance(condition, sp.And):
            return all(holds(c) for c in condition.args)
        if isinstance(condition, sp.Or):
            return any(holds(c) for c in condition.args)
        if isinstance(condition, sp.Not):
            return not holds(condition.args[0])
        if not condition.has(x):
            raise Unsplit(f"the condition {condition} depends on parameters alone")
        above = positive(condition.lhs - condition.rhs)
        return above == isinstance(condition, (sp.Gt, sp.Ge))

    def rebuilt(node: sp.Expr) -> sp.Expr:
        if not node.has(*SWITCHES):
            return node
        if isinstance(node, sp.Piecewise) and node.has(x):
            return rebuilt(one(node))
        args = [rebuilt(a) for a in node.args]
        node = node.func(*args) if tuple(args) != node.args else node
        return one(node) if isinstance(node, SWITCHES) else node

    return rebuilt(expr)


def _probe(where: Interval) -> sp.Expr:
    """A point inside the interval."""
    if where.lo.is_infinite and where.hi.is_infinite:
        return sp.Rational(127, 311)
    if where.hi.is_infinite:
        return where.lo + 1
    if where.lo.is_infinite:
        return where.hi - 1
    return (where.lo + where.hi) / 2
