"""Proof of bijectivity: domain, codomain and direction of a chain, worked out link by link.

Every link is strictly monotone and continuous on its domain, so the chain is too, and it maps an interval onto the
interval between the images of its ends. What is left to settle is where each link is defined: where the image of the
links before it sticks out, the domain is cut back (if it is ours to choose) or refused (if the user gave it).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace

import sympy as sp

from symbij.calculus.affine import leading_run
from symbij.calculus.assumed import assume
from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import Chain, Link, by_sign, invert_chain, link, sign_factor
from symbij.calculus.half_periods import branches_on
from symbij.calculus.intervals import apart, contains, end_inside
from symbij.calculus.parts import FloorPart, Folded, PiecePart, ProductPart, RawChain, SplinePart, SumPart
from symbij.calculus.proof import Folds, OutsideDomain, Proof, Turns, Undefined, Unproved
from symbij.calculus.row import U
from symbij.calculus.rules import floor_core
from symbij.calculus.settle import settle
from symbij.calculus.spline import settle_spline
from symbij.formula.interval import NONNEGATIVE, REALS, Interval
from symbij.formula.printing import text_of

MAX_END_SIZE = 200  # operations in an end of a domain


# Cuts made so far: position in the chain, side of the image, bound → the end of the domain that was moved, and where
# its image now is at that position. By construction it is exactly there, whatever sympy makes of the round trip.
_Cuts = dict[tuple[int, str, sp.Expr], tuple[str, sp.Expr]]


@dataclass
class _Walk:
    bounds: Bounds
    may_cut: bool
    lo: sp.Expr
    hi: sp.Expr
    lo_open: bool
    hi_open: bool
    at_lo: sp.Expr = sp.nan  # image of the lower and of the upper end of the domain, so far
    at_hi: sp.Expr = sp.nan
    sign: int | sp.Expr = 1
    links: list[Link] = field(default_factory=list)
    images: list[Interval] = field(default_factory=list)
    conditions: list[tuple[sp.Basic, str]] = field(default_factory=list)
    cuts: _Cuts = field(default_factory=dict)
    cut: bool = False
    assumed: bool = False  # whether the user vouches for cores that nobody could prove

    def image(self) -> Interval:
        """The interval that the links so far map the domain onto, its ends in order."""
        lo = by_sign(self.sign, self.at_lo, self.at_hi)
        hi = by_sign(self.sign, self.at_hi, self.at_lo)
        flipped = self.sign == -1
        lo_open, hi_open = (self.hi_open, self.lo_open) if flipped else (self.lo_open, self.hi_open)
        if self.sign not in (1, -1):  # which end is which depends on parameters: the closure covers both cases
            lo_open = hi_open = lo_open and hi_open
        return Interval(lo, hi, lo_open, hi_open)


PARTS_OF_PARTS = 2  # how often a part of a folded domain may be reduced to a part of its own


def prove(
    chain: RawChain, start: Interval, bounds: Bounds, may_cut: bool = True, assumed: bool = False, depth: int = 0
) -> Proof:
    """Domain, codomain, direction and resolved links of `chain` on `start`.

    Where the chain is not defined, `start` is cut back if that is allowed; where it folds, `start` is reduced to one of
    the parts if the chain is defined on no other (`log(x/(1 - x))` is, on one side of the pole only). Raises `Folds`,
    `Unproved` or `OutsideDomain`.
    """
    try:
        return _prove_on_all(chain, start, bounds, may_cut, assumed)
    except Folds as fold:
        found = _only_part(chain, fold, start, bounds, depth) if may_cut and depth < PARTS_OF_PARTS else None
        if found is None:
            raise
        return found


def _only_part(chain: RawChain, fold: Folds, start: Interval, bounds: Bounds, depth: int) -> Proof | None:
    """The proof on the one part of a folded domain on which the chain is defined, if it is defined on none of the
    others. A part on which it is defined and not monotone counts as well: then there is no such part."""
    if not fold.folded.complete or len(fold.parts) != len(fold.folded.branches) or start in fold.parts:
        return None
    proofs = []
    for part in fold.parts:
        try:
            proofs.append(prove(chain, part, bounds, depth=depth + 1))
        except Undefined:
            continue
        except (Folds, Unproved, OutsideDomain):
            return None
    return proofs[0] if len(proofs) == 1 else None


def _prove_on_all(chain: RawChain, start: Interval, bounds: Bounds, may_cut: bool, assumed: bool) -> Proof:
    """The proof on `start` less what has to be cut off at its ends."""
    cuts: _Cuts = {}
    for _ in range(4 * len(chain) + 8):  # every cut moves an end of the domain, and each link can ask for two
        walk = _Walk(bounds, may_cut, start.lo, start.hi, start.lo_open, start.hi_open, cuts=cuts, assumed=assumed)
        walk.at_lo, walk.at_hi = start.lo, start.hi
        for item in chain:
            _step(walk, item)
            if walk.cut:
                break
        if not walk.cut:
            image = walk.image()
            _check_not_empty(start, bounds)
            _check_in_order(image, bounds)
            return Proof(tuple(walk.links), start, image, walk.sign, tuple(walk.conditions), tuple(walk.images))
        start = Interval(walk.lo, walk.hi, walk.lo_open, walk.hi_open)
    raise Unproved("the domain could not be settled")


def preimage(chain: RawChain, target: Interval, bounds: Bounds, start: Interval = REALS) -> Interval:
    """The largest interval inside `start` that `chain` maps into `target`; all the line beyond `start` is left open."""
    try:
        found = prove((*chain, Within(target)), start, bounds).domain
    except Folds:
        found = _around_vertex(chain, target, bounds)
        if found is None:
            raise
    lo = (found.lo, found.lo_open) if found.lo != start.lo else (-sp.oo, True)
    hi = (found.hi, found.hi_open) if found.hi != start.hi else (sp.oo, True)
    return Interval(lo[0], hi[0], lo[1], hi[1])


def _around_vertex(chain: RawChain, target: Interval, bounds: Bounds) -> Interval | None:
    """The interval around its vertex that an even function maps into `target`, as sqrt(1 - u**2) needs it."""
    run = leading_run(chain)  # type: ignore[arg-type]
    rest = chain[len(run.links) :]
    if not rest or not isinstance(rest[0], Folded) or rest[0].formula.subs(U, -U) != rest[0].formula:
        return None
    half = prove((*rest, Within(target)), NONNEGATIVE, bounds).domain
    if half.lo != 0 or half.lo_open:
        return None
    if half.hi.is_infinite:
        return REALS
    centre, reach = -run.pre, half.hi / sp.Abs(run.scale)
    return Interval(centre - reach, centre + reach, half.hi_open, half.hi_open)


class Within(Link):
    """The identity on an interval: a link that only asks to be inside it."""

    name = "within"

    def __init__(self, interval: Interval) -> None:
        self.interval = interval

    def forward(self, u: sp.Expr) -> sp.Expr:
        return u

    def inverse(self) -> Link:
        return self

    def sign(self, bounds: Bounds) -> int:
        return 1

    def domain(self, bounds: Bounds) -> Interval:
        return self.interval

    def codomain(self, bounds: Bounds) -> Interval:
        return self.interval


def _step(walk: _Walk, item: Link | Folded | SumPart | ProductPart | PiecePart | SplinePart | FloorPart) -> None:
    image = walk.image()
    if isinstance(item, Folded):
        branch = _branch(item, image, walk.bounds)
        if branch is None:
            branch = _beside_pole(walk, item)
        if branch is None:
            raise Folds(item, image, _parts(walk, item))
        for part in branch:
            _step(walk, part)
        return
    if isinstance(item, SplinePart):
        item, conditions = settle_spline(item.spline, walk.bounds, prove)
        walk.conditions.extend(c for c in conditions if c not in walk.conditions)
    if isinstance(item, FloorPart):
        item = floor_core(_prove_step(walk, item))
    if isinstance(item, (SumPart, ProductPart, PiecePart)):
        _settle_part(walk, item)
        return
    _fit_into(walk, item, image)
    if walk.cut:
        return
    for expr in item.conditions():
        if sign_of(expr, walk.bounds) in (None, 0) and not expr.is_nonzero:
            expr = sp.Mul(*(f for f in sp.Mul.make_args(expr) if not f.is_nonzero))
            condition = (sp.Ne(expr, 0), f"{text_of(expr)} must not be 0")
            if expr.is_zero:
                raise Unproved(f"{text_of(expr)} is zero, so the formula is constant")
            if condition[0] != sp.true and condition not in walk.conditions:
                walk.conditions.append(condition)
    walk.at_lo = _plain(item.value_at_end(walk.at_lo, walk.bounds))
    walk.at_hi = _plain(item.value_at_end(walk.at_hi, walk.bounds))
    walk.sign = _plain_sign(walk.sign * item.sign(walk.bounds))
    walk.links.append(item)
    walk.images.append(walk.image())


def _plain(end: sp.Expr) -> sp.Expr:
    """`end`, as a number if it is a quotient of parameters that is one, as (a - b)/(b - a) is."""
    if not end.free_symbols or end.is_polynomial() or not end.is_rational_function() or end.count_ops() > MAX_END_SIZE:
        return end
    reduced = sp.cancel(end)
    return reduced if reduced.is_number else end


def _plain_sign(sign: int | sp.Expr) -> int | sp.Expr:
    """A product of signs, as a number where the parameters in it cancel, as those of (b - a)**2 do."""
    if isinstance(sign, int) or not (plain := sign_factor(sign)).is_number:
        return sign
    return sign_of(plain) or sign


def _prove_step(walk: _Walk, part: FloorPart) -> Chain:
    """The links of g, proved increasing from 0 to 1 on one unit step."""
    try:
        proof = prove(part.g, Interval(0, 1, False, False), walk.bounds, may_cut=False)
    except Folds as fold:
        raise Unproved(f"the step between two integers is not increasing: '{fold.folded.name}' folds it") from None
    except Turns as turns:
        raise Unproved(f"the step between two integers is not increasing: {turns}") from None
    except OutsideDomain as outside:
        raise Unproved(
            f"the step between two integers is not defined: '{outside.item}' leaves {outside.needed}"
        ) from None
    walk.conditions.extend(c for c in proof.conditions if c not in walk.conditions)
    return proof.links  # monotone, and increasing since g(0) = 0 < g(1) = 1


def _settle_part(walk: _Walk, part: SumPart | ProductPart | PiecePart) -> None:
    """Walk on through the core that `part` is on the interval that reaches it."""
    image = walk.image()

    def prover(chain: RawChain, where: Interval, bounds: Bounds, may_cut: bool) -> Proof:
        # what the user vouches for is the whole, or each piece of it, not every term
        return prove(chain, where, bounds, may_cut, walk.assumed and isinstance(part, PiecePart))

    try:
        settled = settle(part, image, walk.bounds, prover)
    except Folds as fold:  # its parts are parts of what reaches the core, which is x only if nothing comes before
        if walk.assumed and not isinstance(part, PiecePart):
            settled = assume(part, image, walk.bounds)
        else:
            raise Folds(fold.folded, fold.image, () if walk.links else fold.parts) from None
    except Unproved as reason:
        if not walk.assumed or isinstance(part, PiecePart) or isinstance(reason, Undefined):
            raise
        settled = assume(part, image, walk.bounds)
    if settled.cut is not None:
        _fit_into(walk, Within(settled.cut), image)
        if not walk.cut:
            raise Unproved(f"it is not clear that '{part.name}' is defined on {image}")
        return
    walk.conditions.extend(c for c in settled.conditions if c not in walk.conditions)
    for item in settled.links:
        _step(walk, item)


def _branch(item: Folded, image: Interval, bounds: Bounds) -> Chain | None:
    """The links of the branch that covers `image`. A closed end of it on an open end of the branch is left to the first
    link, which opens it."""
    for where, links in (*item.branches, *branches_on(item, image, bounds)):
        if contains(replace(where, lo_open=False, hi_open=False), image, bounds):
            return links
    return None


def _beside_pole(walk: _Walk, item: Folded) -> Chain | None:
    """The reciprocal on an interval with ends of one sign, on the condition that their parameters make it so."""
    ends = (walk.at_lo, walk.at_hi)
    known = {sign_of(end, walk.bounds) for end in ends}
    if item.name != "reciprocal" or any(end.is_infinite for end in ends) or known >= {1, -1} or 0 in known:
        return None
    condition = sp.Gt(sp.factor(walk.at_lo * walk.at_hi), 0)
    if condition == sp.false:
        return None
    reason = f"{condition.lhs} > 0, so that the pole lies outside the domain"
    if (condition, reason) not in walk.conditions:
        walk.conditions.append((condition, reason))
    return (link("reciprocal_beside_pole"),)


def _parts(walk: _Walk, item: Folded) -> tuple[Interval, ...]:
    """The parts of the domain that lead into one branch each of a folded function, as far as they can be found."""
    found = []
    for where, _ in branches_on(item, walk.image(), walk.bounds):
        with contextlib.suppress(Unproved, Folds, OutsideDomain):
            chain = (*walk.links, Within(where))
            found.append(prove(chain, Interval(walk.lo, walk.hi, walk.lo_open, walk.hi_open), walk.bounds).domain)
    return tuple(found)


def _fit_into(walk: _Walk, item: Link, image: Interval) -> None:
    """Make sure that `image` lies in the domain of `item`, cutting back the domain of the walk if allowed."""
    needed = item.domain(walk.bounds)
    if apart(image, needed, walk.bounds):
        raise Undefined(f"the formula is defined nowhere: '{item.name}' receives {image}, and is defined on {needed}")
    for side in ("lo", "hi"):
        key = (len(walk.links), side, getattr(needed, side))
        if key in walk.cuts:
            _restore(walk, key)
            continue
        inside = end_inside(image, needed, side, walk.bounds)
        if inside:
            continue
        end, bound = getattr(image, side), getattr(needed, side)
        is_open = getattr(needed, side + "_open")
        at_same_point = end == bound  # only open against closed
        # where an infinite end was given, a bound that is infinite for some parameters only is the domain's end
        unlimited = end.is_infinite and isinstance(bound, sp.Piecewise) and inside is None
        if not walk.may_cut and not at_same_point and not unlimited:
            if inside is False:
                raise OutsideDomain(item.name, needed, image)
            outward = (end - bound) if side == "lo" else (bound - end)
            walk.conditions.append((sp.Ge(outward, 0), f"{outward} >= 0, so that '{item.name}' is defined"))
            continue
        _cut(walk, side, end, bound, is_open, undecided=inside is None)


def _cut(walk: _Walk, side: str, end: sp.Expr, bound: sp.Expr, is_open: bool, undecided: bool) -> None:
    """Move the end of the domain that leads to `side` of the image back to where the image reaches `bound`."""
    if walk.sign not in (1, -1):
        raise Unproved(
            f"the domain depends on the sign of {walk.sign}: constrain its parameters as positive or negative, "
            "or give domain=(lo, hi)"
        )
    target = bound
    if undecided:
        target = sp.Max(end, bound) if side == "lo" else sp.Min(end, bound)
    image = target
    for item in invert_chain(tuple(walk.links)):
        target = item.value_at_end(target, walk.bounds)
    if target.count_ops() > MAX_END_SIZE:
        raise Unproved("the ends of its domain are too large as formulas; give domain=(lo, hi)")
    moved = "lo" if (side == "lo") == (walk.sign == 1) else "hi"
    if moved == "lo":
        walk.lo, walk.lo_open = target, is_open
    else:
        walk.hi, walk.hi_open = target, is_open
    walk.cuts[len(walk.links), side, bound] = moved, image
    walk.cut = True


def _restore(walk: _Walk, key: tuple[int, str, sp.Expr]) -> None:
    """Set the image of an end that was cut at this place, unless the same end was cut again later."""
    moved, image = walk.cuts[key]
    latest = [k for k, (end, _) in walk.cuts.items() if end == moved][-1]
    if latest == key and moved == "lo":
        walk.at_lo = image
    elif latest == key:
        walk.at_hi = image


def _check_not_empty(domain: Interval, bounds: Bounds) -> None:
    if (
        domain.lo in (domain.hi, sp.oo)
        or domain.hi == -sp.oo
        or sign_of(sp.expand(domain.hi - domain.lo), bounds) in (0, -1)
    ):
        raise Undefined(f"the formula is defined nowhere: its domain {domain} is empty")


def _check_in_order(image: Interval, bounds: Bounds) -> None:
    """Refuse a codomain that is no interval: of a strictly monotone map, one of its ends is wrong then. Ends that are
    equal to many digits only are those of a map that is nearly level."""
    if image.lo in (image.hi, sp.oo) or image.hi == -sp.oo or sign_of(sp.expand(image.hi - image.lo), bounds) == -1:
        raise Unproved(f"its values at the ends of its domain, {image.lo} and {image.hi}, are not those of such a map")
