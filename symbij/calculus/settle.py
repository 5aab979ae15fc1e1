"""Parts as recognised → cores that are proved monotone on the interval that reaches them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import mpmath
import sympy as sp

from symbij.calculus.bounds import Bounds
from symbij.calculus.chain import Chain, Link, by_sign, chain_forward
from symbij.calculus.closed_forms import closed_form, shape_of, through_one
from symbij.calculus.cores import MonotoneCore, PiecewiseCore, links_of
from symbij.calculus.enclose import box_of, enclosure, lies_in, ranges_of
from symbij.calculus.ends import limit_of
from symbij.calculus.extremes import ExtremeCore
from symbij.calculus.factored import with_factored_slope
from symbij.calculus.intervals import contains
from symbij.calculus.monotone import prove_monotone
from symbij.calculus.near import with_series
from symbij.calculus.parts import Folded, PiecePart, ProductPart, RawChain, SumPart
from symbij.calculus.pieces import Piece, Unsplit, split
from symbij.calculus.polynomials import avoids_zero, prove_rational
from symbij.calculus.proof import Folds, Jumps, Monotone, OutsideDomain, Proof, Prover, Turns, Undefined, Unproved
from symbij.calculus.rules import simplify_chain
from symbij.calculus.simplified import is_zero, simplified
from symbij.calculus.slopes import value_of
from symbij.calculus.truth import evaluate
from symbij.formula.interval import REALS, Interval
from symbij.formula.printing import text_of

Conditions = tuple[tuple[sp.Basic, str], ...]
NO_ENDS = ("the values at the ends of its domain could not be found", "give domain=(lo, hi)")


@dataclass(frozen=True)
class Settled:
    """Links with the conditions of their proof; or, first, the interval to which the domain must be cut back."""

    links: Chain = ()
    conditions: Conditions = ()
    cut: Interval | None = None


def settle(part: SumPart | ProductPart | PiecePart, image: Interval, bounds: Bounds, prove: Prover) -> Settled:
    """The core that `part` is on `image`. Raises `Unproved`, `Folds`, `OutsideDomain` or `Turns`."""
    if isinstance(part, PiecePart):
        return _settle_pieces(part, image, bounds, prove)
    composed = through_one(part, image, bounds, prove)
    if composed is None:
        return _settle_terms(part, image, bounds, prove)
    g, proof = composed
    by_formula = Settled(proof.links, proof.conditions)
    if not g.is_Pow or isinstance(g, sp.exp):
        return by_formula
    # powers over- and underflow where their sum's slope does not: the formula serves for the inverse alone
    try:
        settled = _settle_terms(part, image, bounds, prove)
    except (Folds, Unproved):
        return by_formula
    if len(settled.links) != 1 or not isinstance(settled.links[0], MonotoneCore):
        return settled
    return replace(settled, links=(replace(settled.links[0], closed=simplify_chain(proof.links)),))


def _settle_terms(part: SumPart | ProductPart, image: Interval, bounds: Bounds, prove: Prover) -> Settled:
    """The core that a sum or product is, by what its terms are."""
    proofs: list[Proof] = []
    obstacle: Exception | None = None
    found = prove_rational(part, image, bounds)
    for opened in ({"hi_open": True}, {"lo_open": True}, {"lo_open": True, "hi_open": True}) if found is None else ():
        inside = replace(image, **opened)
        if image != inside and prove_rational(part, inside, bounds) is not None:
            return Settled(cut=inside)  # with a pole at an end
    if found is not None:
        core = MonotoneCore(part, found.direction, image, _codomain(part, image, found, bounds), found.aligned,
                            found.proof, found.derivative)  # fmt: skip
        return Settled(closed_form(core, bounds), found.conditions)
    for term in part.terms:
        try:
            proof = _prove_on(term, image, bounds, prove)
        except Folds as folds:
            _check_defined(term, image, bounds, prove)
            obstacle = obstacle or folds
            continue
        except Undefined:
            raise  # nor is the whole defined, whoever vouches for it
        except Unproved as unproved:
            _check_defined(term, image, bounds, prove)
            turns = isinstance(unproved, Turns)  # which does not say that the whole does
            obstacle = obstacle or (Unproved(f"'{part.name}' has a part that is not monotone") if turns else unproved)
            continue
        if not contains(proof.domain, image, bounds):
            return Settled(cut=proof.domain)
        proofs.append(proof)
    conditions = _union(proofs)
    signs = {p.sign for p in proofs}
    if isinstance(part, SumPart) and obstacle is None and len(signs) == 1:
        lo, hi = (_sum_of_ends([getattr(p.codomain, end) for p in proofs]) for end in ("lo", "hi"))
        lo_open, hi_open = (any(getattr(p.codomain, f"{end}_open") for p in proofs) for end in ("lo", "hi"))
        terms = tuple(p.links for p in proofs)
        core = MonotoneCore(
            SumPart(terms),
            signs.pop(),
            image,
            Interval(lo, hi, lo_open, hi_open),
            True,
            "a sum of maps that go one way",
        )
        return Settled(with_series(closed_form(core, bounds)), conditions)
    try:
        found = prove_monotone(part, image, bounds)
    except Turns as turns:
        turns.fold = obstacle if isinstance(obstacle, Folds) else None
        raise
    if found is None:
        raise obstacle or Unproved(
            _not_one_way(part, proofs), "give domain=(lo, hi)" if isinstance(part, ProductPart) else ""
        )
    codomain, own = _strict(part, _codomain(part, image, found, bounds), found.conditions)
    if isinstance(part, ProductPart) and found.aligned and len(proofs) == len(part.terms):
        part = ProductPart(tuple(p.links for p in proofs))  # unfolded, in rows that know their logarithms
    found = with_factored_slope(part, found)
    core = MonotoneCore(
        part, found.direction, image, codomain, found.aligned, found.proof, found.derivative, found.log_derivative
    )
    scales = (item for term in part.terms for item in links_of(term) if item.name == "scale")
    factors = {c for item in scales for whole in item.conditions() for c in (whole, *sp.Mul.make_args(whole))}
    kept = tuple(c for c in conditions if not (isinstance(c[0], sp.Ne) and c[0].lhs in factors))
    return Settled(with_series(closed_form(core, bounds)), (*kept, *own))


def _union(proofs: list[Proof]) -> Conditions:
    return tuple(dict.fromkeys(c for p in proofs for c in p.conditions))


def _not_one_way(part: SumPart | ProductPart, proofs: list[Proof]) -> str:
    if isinstance(part, ProductPart):
        return "the factors of the product are not proved to rise or to fall together"
    x = sp.Symbol("x", real=True)
    rising = [str(chain_forward(p.links, x)) for p in proofs if p.sign == 1]
    others = [str(chain_forward(p.links, x)) for p in proofs if p.sign != 1]
    return (
        "the terms of the sum are not all increasing or all decreasing "
        f"(increasing: {', '.join(rising) or 'none'}; decreasing or depending on parameters: {', '.join(others)}); "
        "constrain the parameters, for example as positive"
    )


def _prove_on(term: RawChain, image: Interval, bounds: Bounds, prove: Prover) -> Proof:
    try:
        return prove(term, image, bounds, False)
    except OutsideDomain:
        return prove(term, REALS, bounds, True)


def _sum_of_ends(ends: list[sp.Expr]) -> sp.Expr:
    infinite = [e for e in ends if e.is_infinite]
    return infinite[0] if infinite else sp.expand(sp.Add(*ends))


def _check_defined(raw: RawChain, image: Interval, bounds: Bounds, prove: Prover) -> None:
    """Make sure, by interval arithmetic, that a chain that folds is defined on `image`. Raises `Unproved`."""
    x = sp.Symbol("x", real=True)
    ranges = ranges_of(bounds)
    ranges[x] = box_of(image, ranges)
    value: sp.Expr = x
    for item in raw:
        lo, hi = box = enclosure(value, ranges)
        if isinstance(item, (SumPart, ProductPart)):
            for term in item.terms:
                try:
                    _prove_on(term, image, bounds, prove)
                except Undefined:
                    raise
                except (Folds, Unproved):
                    _check_defined(term, image, bounds, prove)
        elif isinstance(item, Folded):
            if not item.everywhere and lo <= 0.0 <= hi and not avoids_zero(value, image, bounds):
                raise Unproved(f"'{item.name}' receives {value}, which is not proved to avoid its pole")
        elif isinstance(item, Link):
            needed = item.domain(bounds)
            if not lies_in(box, needed, ranges):
                raise Unproved(f"'{item.name}' receives {value}, which is not proved to lie in {needed}")
        else:
            raise Unproved(f"'{item.name}' inside a sum or product")
        value = value_of((item,), value)


def _codomain(part: SumPart | ProductPart, image: Interval, found: Monotone, bounds: Bounds) -> Interval:
    x = sp.Symbol("x", real=True)
    value = value_of((part,), x)
    if image.is_reals and value.is_polynomial(x):
        return REALS  # monotone, so of odd degree
    at_lo, at_hi = (limit_of((part,), image, side, bounds) for side in ("lo", "hi"))
    if at_lo is None or at_hi is None:
        raise Unproved(*NO_ENDS)
    return codomain_between(image, found.direction, at_lo, at_hi)


def codomain_between(image: Interval, direction: int | sp.Expr, at_lo: sp.Expr, at_hi: sp.Expr) -> Interval:
    """The image of `image` under a map of this direction with these values at its ends."""
    lo, hi = by_sign(direction, at_lo, at_hi), by_sign(direction, at_hi, at_lo)
    lo_open, hi_open = image.lo_open, image.hi_open
    if direction == -1:
        lo_open, hi_open = hi_open, lo_open
    elif direction != 1:
        lo_open = hi_open = lo_open and hi_open
    return Interval(lo, hi, lo_open, hi_open)


def _strict(part: SumPart | ProductPart, codomain: Interval, conditions: Conditions) -> tuple[Interval, Conditions]:
    """A condition e >= 0 made e > 0 where the codomain depends on the sign of e, and the codomain for that case."""
    made = []
    shape = shape_of(part)
    is_quadratic = shape is not None and shape.name == "quadratic"  # whose closed form knows what it is for a = 0
    for relation, reason in conditions:
        if isinstance(relation, sp.Ge):
            strict = sp.Gt(relation.lhs, relation.rhs)
            known = {strict: sp.true}
            if not is_quadratic:
                known |= _signs_if_positive(relation.lhs - relation.rhs, codomain)
            lo, hi = (end.subs(known) for end in (codomain.lo, codomain.hi))
            if (lo, hi) != (codomain.lo, codomain.hi):
                codomain = Interval(lo, hi, codomain.lo_open, codomain.hi_open)
                relation, reason = strict, reason.replace(">=", ">")
        made.append((relation, reason))
    return codomain, tuple(made)


def _signs_if_positive(expr: sp.Expr, codomain: Interval) -> dict[sp.Expr, sp.Expr]:
    """The signs of multiples of `expr` in the ends of an interval, if that is positive."""
    found = {}
    for sign in codomain.lo.atoms(sp.sign) | codomain.hi.atoms(sp.sign):
        ratio = sp.cancel(sign.args[0] / expr)
        if ratio.is_number and ratio.is_nonzero:
            found[sign] = sp.sign(ratio)
    return found


def _settle_pieces(part: PiecePart, image: Interval, bounds: Bounds, prove: Prover) -> Settled:
    from symbij.calculus.recognise import NotChain, recognise

    try:
        pieces = split(part.expr, part.variable, image, bounds)
    except Unsplit as reason:
        settled = _settle_extreme(part, image, bounds, prove)
        if settled is None:
            raise Unproved(str(reason)) from None
        return settled
    proofs: list[Proof] = []
    for piece in pieces:
        if not piece.expr.has(part.variable):
            raise Unproved(f"it is constant, {piece.expr}, on {piece.where}")
        try:
            proof = _prove_on(recognise(piece.expr, part.variable), piece.where, bounds, prove)
        except NotChain as stuck:
            raise Unproved(f"symbij has no way to invert {stuck.part} on {piece.where}") from None
        except Folds as folds:
            raise Folds(folds.folded, folds.image, ()) from None
        if not contains(proof.domain, piece.where, bounds):
            cut = _outer_cut(piece, pieces, proof.domain, image)
            if cut is None:
                raise Unproved(f"{piece.expr} is defined on {proof.domain} only, and meant on {piece.where}")
            return Settled(cut=cut)
        proofs.append(proof)
    if len(proofs) == 1:
        return Settled(proofs[0].links, proofs[0].conditions)
    signs = {p.sign for p in proofs}
    if len(signs) != 1 or not signs <= {1, -1}:
        raise Unproved("its pieces are not all increasing or all decreasing, whatever the parameters")
    direction = int(signs.pop())
    levels = _levels(pieces, proofs, direction)
    first, last = (proofs[0], proofs[-1])[::direction]
    codomain = Interval(first.codomain.lo, last.codomain.hi, first.codomain.lo_open, last.codomain.hi_open)
    core = PiecewiseCore(
        tuple(p.links for p in proofs),
        tuple(piece.where.hi for piece in pieces[:-1]),
        levels,
        tuple(not piece.where.hi_open for piece in pieces[:-1]),
        direction,
        image,
        codomain,
    )
    return Settled((core,), _union(proofs))


def _settle_extreme(part: PiecePart, image: Interval, bounds: Bounds, prove: Prover) -> Settled | None:
    """A maximum or minimum of maps that all rise or all fall, wherever they cross."""
    from symbij.calculus.recognise import NotChain, recognise

    if not isinstance(part.expr, (sp.Max, sp.Min)):
        return None
    proofs = []
    for arg in part.expr.args:
        try:
            proofs.append(prove(recognise(arg, part.variable), image, bounds, False))
        except (NotChain, Folds, Unproved, OutsideDomain):
            return None
    signs = {p.sign for p in proofs}
    if len(signs) != 1 or not signs <= {1, -1}:
        return None
    ranges = tuple(p.codomain for p in proofs)
    codomain = Interval(
        part.expr.func(*(r.lo for r in ranges)),
        part.expr.func(*(r.hi for r in ranges)),
        any(r.lo_open for r in ranges),
        any(r.hi_open for r in ranges),
    )
    core = ExtremeCore(
        tuple(simplify_chain(p.links) for p in proofs), (image,) * len(proofs), ranges,
        isinstance(part.expr, sp.Max), int(signs.pop()), image, codomain,
    )  # fmt: skip
    return Settled((core,), _union(proofs))


def _outer_cut(piece: Piece, pieces: tuple[Piece, ...], domain: Interval, image: Interval) -> Interval | None:
    """Where the first or last piece is not defined at its outer end, the domain without that part."""
    if piece is pieces[0] and domain.lo != piece.where.lo:
        return replace(REALS, lo=domain.lo, lo_open=domain.lo_open)
    if piece is pieces[-1] and domain.hi != piece.where.hi:
        return replace(REALS, hi=domain.hi, hi_open=domain.hi_open)
    return None


def _levels(pieces: tuple[Piece, ...], proofs: list[Proof], direction: int) -> tuple[sp.Expr, ...]:
    """The values at the breaks, proved the same from both sides."""
    levels = []
    for piece, below, above in zip(pieces, proofs, proofs[1:], strict=False):
        left = below.codomain.hi if direction > 0 else below.codomain.lo
        right = above.codomain.lo if direction > 0 else above.codomain.hi
        equal = _equal(left, right)
        if equal is False:
            raise Jumps(_jump(left, right, piece.where.hi, direction))
        if equal is None:
            raise Unproved(f"it is not proved continuous at {piece.where.hi}, where it goes from {left} to {right}")
        levels.append(min(left, right, key=sp.count_ops))
    return tuple(levels)


def _jump(left: sp.Expr, right: sp.Expr, at: sp.Expr, direction: int) -> str:
    """A jump in words: where, from what to what, by how much, and what mends it."""
    below, above, place = (_decimals(e, left, right) for e in (left, right, at))
    text, gap = f"it jumps from {below} to {above} at {place}", "so its values are not an interval"
    if left.is_infinite or right.is_infinite:
        return f"{text}, {gap}"
    mend, about = simplified(left - right), ""
    if mend.is_number:
        up = -evaluate(mend, {}, 400)
        text += f", {'up' if up > 0 else 'down'} by {_short(abs(up))}"
        about = "" if mend.is_Integer else f" (about {_short(-up)})"
        if up * direction < 0:
            gap = f"though its pieces are {'increasing' if direction > 0 else 'decreasing'}: it is not one-to-one"
    return f"{text}, {gap}; its pieces meet there if {text_of(mend)}{about} is added to the one above"


def _short(value: mpmath.mpf) -> str:
    """Six digits, also of what is too small for a double."""
    return f"{float(value):.6g}" if float(value) else mpmath.nstr(value, 6)


def _decimals(expr: sp.Expr, *others: sp.Expr) -> str:
    """A number as a decimal, with more digits where fewer do not tell it from others."""
    if not expr.is_number or expr.is_infinite or expr.is_Integer:
        return text_of(expr)
    value, rest = evaluate(expr, {}, 400), [evaluate(e, {}, 400) for e in others if e.is_number and e != expr]
    plain = f"{float(value):.10g}"
    clash = any(plain == f"{float(e):.10g}" for e in rest)
    return mpmath.nstr(value, 17 if not any(float(value) == float(e) for e in rest) else 40) if clash else plain


def _equal(a: sp.Expr, b: sp.Expr) -> bool | None:
    """Whether two expressions of the parameters are the same; None if that cannot be told."""
    if a == b:
        return True
    if a.is_infinite or b.is_infinite:
        return False
    same = is_zero(a - b)
    if same is not None:
        return same
    symbols = sorted((a - b).free_symbols, key=str)
    for trial in range(3):
        values = {s.name: mpmath.mpf(trial + 2 + k) / 7 for k, s in enumerate(symbols)}
        value = evaluate(a - b, values, 400)
        if mpmath.isnan(value):
            return None
        if abs(value) > mpmath.mpf(2) ** -250:
            return False
    return None if symbols else True
