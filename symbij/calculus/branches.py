"""Maps that take several inputs to one output: their domain split into parts, on each of which they are one-to-one.

Every folded function of the chain (`u**2`, `abs`, `cosh`, `sin`, ...) is replaced by each of its branches in turn, the
domain being cut back to what leads into that branch; a chain without folded functions proves as usual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, cmp_to_key
from itertools import combinations, pairwise

import sympy as sp

from symbij.calculus import refute
from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.derivation import TOO_LARGE, Derivation, starting_domain
from symbij.calculus.domain import Within, preimage, prove
from symbij.calculus.half_periods import PERIODIC, TooManyBranches, half_periods
from symbij.calculus.intervals import contains, union_of
from symbij.calculus.parts import Folded, ProductPart, RawChain, SumPart
from symbij.calculus.proof import Folds, OutsideDomain, Proof, Turns, Undefined, Unproved
from symbij.calculus.recognise import NotChain, recognise
from symbij.calculus.rules import simplify_chain
from symbij.calculus.turning import split_at_turns
from symbij.errors import DomainError, NotBijectiveError
from symbij.formula.formula import Formula
from symbij.formula.interval import Interval
from symbij.formula.printing import text_of
from symbij.formula.vocabulary import NONZERO

Conditions = tuple[tuple[sp.Basic, str], ...]
_Task = tuple[RawChain, Interval, Conditions]  # a chain to split on an interval, and what was assumed on the way


@dataclass(frozen=True, eq=False)
class BranchedDerivation:
    """A formula with the parts of its domain on which it is one-to-one, from left to right, each a `Derivation`."""

    formula: Formula
    branches: tuple[Derivation, ...]
    conditions: Conditions

    @property
    def variable(self) -> sp.Symbol:
        return self.formula.variable

    @property
    def forward(self) -> sp.Expr:
        """y as an expression in x."""
        return self.formula.expr

    @property
    def inverse(self) -> tuple[sp.Expr, ...]:
        """x as an expression in y, on each branch."""
        return tuple(d.inverse for d in self.branches)

    @property
    def forward_log_det(self) -> tuple[sp.Expr, ...]:
        """log|dy/dx| as an expression in x, on each branch."""
        return tuple(d.forward_log_det for d in self.branches)

    @property
    def inverse_log_det(self) -> tuple[sp.Expr, ...]:
        """log|dx/dy| as an expression in y, on each branch."""
        return tuple(d.inverse_log_det for d in self.branches)

    @cached_property
    def domain(self) -> Interval:
        """From the first branch to the last."""
        first, last = self.branches[0].domain, self.branches[-1].domain
        return Interval(first.lo, last.hi, first.lo_open, last.hi_open)

    @cached_property
    def codomain(self) -> Interval:
        """The smallest interval that holds the branches' codomains; what it maps onto is `image`."""
        found = [d.codomain for d in self.branches]
        lo, hi = sp.Min(*(c.lo for c in found)), sp.Max(*(c.hi for c in found))
        return Interval(
            lo, hi, all(c.lo_open for c in found if c.lo == lo), all(c.hi_open for c in found if c.hi == hi)
        )

    @cached_property
    def image(self) -> tuple[Interval, ...]:
        """The intervals whose union it maps onto, from left to right; apart unless that depends on parameters."""
        return union_of([d.codomain for d in self.branches], self.formula.bounds)

    @cached_property
    def gaps(self) -> tuple[tuple[Interval, Interval], ...]:
        """Neighbouring branches that are not known to touch."""
        bounds = self.formula.bounds
        domains = [d.domain for d in self.branches]
        return tuple((a, b) for a, b in pairwise(domains) if not _same(a.hi, b.lo, bounds))

    def __str__(self) -> str:
        from symbij.calculus.render import branches_as_text

        return branches_as_text(self)

    def latex(self) -> str:
        """The derivation as LaTeX, for `align*`."""
        from symbij.calculus.render import branches_as_latex

        return branches_as_latex(self)

    def _repr_latex_(self) -> str:
        return "$$" + self.latex() + "$$"


def derive_branches(formula: Formula) -> BranchedDerivation:
    """Split the domain of `formula` into the parts on which it is one-to-one, and derive what follows on each.

    Raises `NotBijectiveError` if a part cannot be proved one-to-one or there are infinitely many, and `DomainError` if
    the formula is not defined on its domain, or its values are too large to be written down.
    """
    try:
        return _derive_branches(formula)
    except (MemoryError, OverflowError):
        raise DomainError(f"{formula.text}: {TOO_LARGE}") from None


def _derive_branches(formula: Formula) -> BranchedDerivation:
    signed, extra = _with_known_signs(formula)
    x, bounds = signed.variable, signed.bounds
    try:
        chain = recognise(signed.expr, x)
        start, conditions, _ = starting_domain(signed, bounds)
        proofs = _split(chain, start, bounds)
    except NotChain as stuck:
        raise NotBijectiveError(
            f"{formula.text}: its branches could not be derived: symbij has no way to invert {stuck.part}; "
            "write the formula so that the variable stands once"
        ) from None
    except (Unproved, TooManyBranches) as reason:
        raise NotBijectiveError(f"{formula.text}: its branches could not be derived: {reason}") from None
    if not proofs:
        raise DomainError(f"{formula.text}: is defined nowhere on {start}")
    ordered = sorted(proofs, key=cmp_to_key(lambda a, b: _order(a.domain, b.domain, bounds)))
    conditions = (*conditions, *extra)
    branches = tuple(_derived(signed, proof, conditions) for proof in ordered)
    together = list(dict.fromkeys(c for d in branches for c in d.conditions))
    found = BranchedDerivation(formula, branches, tuple(together))
    if formula.domain is not None:
        _check_covered(found, formula.domain)
    return found


def _split(chain: RawChain, start: Interval, bounds: Bounds) -> list[Proof]:
    """Proofs of `chain` on the parts of `start` that are one-to-one and on which it is defined."""
    done: list[Proof] = []
    waiting: list[_Task] = [(chain, start, ())]
    while waiting:
        chain, start, conditions = waiting.pop()
        place = next((i for i, item in enumerate(chain) if isinstance(item, (Folded, SumPart, ProductPart))), None)
        try:
            if place is None:
                proof = prove(chain, start, bounds)
                done.append(replace(proof, conditions=tuple(dict.fromkeys((*conditions, *proof.conditions)))))
            elif isinstance(chain[place], Folded):
                waiting += [(part, start, conditions) for part in _chosen(chain, place, start, bounds)]
            else:
                waiting += [(*task, (*conditions, *own)) for *task, own in _sum_split(chain, place, start, bounds)]
        except Undefined:
            continue
        except OutsideDomain as outside:
            raise Unproved(
                f"'{outside.item}' receives values in {outside.got}, and is defined on {outside.needed} only"
            ) from None
    _check_possible([c for proof in done for c in proof.conditions])
    return done


def _check_possible(conditions: list[tuple[sp.Basic, str]]) -> None:
    """Refuse conditions e >= 0 and -e >= 0, which hold together at e = 0 only: each branch was proved for parameters of
    its own, and together they are the branches of no map."""
    sides = [relation.lhs for relation, _ in conditions if isinstance(relation, (sp.Ge, sp.Gt)) and relation.rhs == 0]
    for a, b in combinations(dict.fromkeys(sides), 2):
        ratio = sp.cancel(a / b)
        if ratio.is_number and ratio.is_negative:
            raise Unproved(
                f"they depend on the sign of {a}, and are not the same on both sides of zero; constrain the "
                "parameters, for example as positive or negative"
            )


def _chosen(chain: RawChain, place: int, start: Interval, bounds: Bounds) -> list[RawChain]:
    """The chain with each branch in turn instead of the folded function that stands at `place`."""
    before, item, after = chain[:place], chain[place], chain[place + 1 :]
    assert isinstance(item, Folded)
    image = prove(before, start, bounds).codomain
    for where, links in item.branches:
        if contains(replace(where, lo_open=False, hi_open=False), image, bounds):
            return [(*before, *links, *after)]
    branches = item.branches
    if item.name in PERIODIC:
        branches = half_periods(item, image, bounds)
    return [(*before, Within(where), *links, *after) for where, links in branches]


def _sum_split(chain: RawChain, place: int, start: Interval, bounds: Bounds) -> list[_Task]:
    """What is left to do for a chain with a sum: it is settled, on the conditions of its proof, or `start` is split
    where it turns or one of its terms folds."""
    try:
        proof = prove(chain[: place + 1], start, bounds)
    except (Folds, Unproved) as doubt:
        if isinstance(doubt, Turns) and doubt.places and not place:
            ends = (start.lo, *doubt.places, start.hi)
            opens = (start.lo_open, *(False for _ in doubt.places), start.hi_open)
            parts = [Interval(*pairs) for pairs in zip(ends, ends[1:], opens, opens[1:], strict=False)]
        else:
            turned = None if place else split_at_turns(chain[0], start, bounds)
            parts = _fold_parts(doubt, start, bounds) if turned is None else turned
        return [(chain, part, ()) for part in parts]
    return [((*proof.links, *chain[place + 1 :]), proof.domain, proof.conditions)]


def _fold_parts(doubt: Folds | Unproved, start: Interval, bounds: Bounds) -> list[Interval]:
    """The parts of `start` that lead into one branch each of the term that folds. Raises `doubt` if no term does."""
    fold = doubt.fold if isinstance(doubt, Turns) else doubt
    if not isinstance(fold, Folds):
        raise doubt
    parts = sorted(fold.parts, key=cmp_to_key(lambda a, b: _order(a, b, bounds)))
    touching = all(_same(a.hi, b.lo, bounds) for a, b in pairwise(parts))
    whole = parts and _same(parts[0].lo, start.lo, bounds) and _same(parts[-1].hi, start.hi, bounds)
    if not (touching and whole) or start in parts:
        raise Unproved(
            f"'{fold.folded.name}' receives values in {fold.image}, and the parts of {start} on which it is "
            "monotone could not be found"
        )
    return parts


def _derived(formula: Formula, proof: Proof, conditions: Conditions) -> Derivation:
    """The derivation on one branch."""
    kept = [(item, image) for item, image in zip(proof.links, proof.images, strict=True) if type(item) is not Within]
    links, images = tuple(item for item, _ in kept), tuple(image for _, image in kept)
    part = replace(formula, domain=proof.domain)
    _check_requirements(part, proof, proof.domain)
    stable = simplify_chain(links)
    refute.check_chain(part, stable, proof.domain)
    together = (*conditions, *(c for c in proof.conditions if c not in conditions))
    return Derivation(part, links, stable, proof.domain, proof.codomain, proof.sign, together, images)


def _check_requirements(formula: Formula, proof: Proof, domain: Interval) -> None:
    """Refuse what the user's own words need and the chain does not: `sqrt(x)**2` needs x >= 0, as x does not."""
    x, bounds = formula.variable, formula.bounds
    values, value = [], x
    for link in proof.links:
        values.append((value, link.domain(bounds)))
        value = link.forward(value)
    for need in formula.requirements:
        if need.interval is NONZERO or not need.expr.has(x):
            continue
        if any(contains(need.interval, where, bounds) and sp.expand(v - need.expr) == 0 for v, where in values):
            continue
        if need.expr.is_positive or (need.expr.is_nonnegative and not need.interval.lo_open):
            continue
        try:
            within = preimage(recognise(need.expr, x), need.interval, bounds, domain)
        except (NotChain, Folds, Unproved, OutsideDomain):
            within = None
        if within is None or not contains(within, Interval(domain.lo, domain.hi), bounds):
            raise DomainError(
                f"{formula.text}: it is not clear that it is defined on all of {domain}: "
                f"{text_of(need.expr)} must lie in {need.interval}; give a smaller domain=(lo, hi)"
            )


def _check_covered(found: BranchedDerivation, given: Interval) -> None:
    """Refuse a domain that was asked for and of which the formula certainly leaves out a part."""
    bounds = found.formula.bounds
    ends = [(given.lo, found.domain.lo), (found.domain.hi, given.hi), *((a.hi, b.lo) for a, b in found.gaps)]
    for left, right in ends:
        infinite = [bool(e.is_infinite) for e in (left, right)]
        missing = left != right if any(infinite) else sign_of(sp.expand(right - left), bounds) == 1
        if missing:
            parts = ", ".join(str(d.domain) for d in found.branches)
            raise DomainError(
                f"{found.formula.text}: is not defined on all of the given domain {given}, only on {parts}"
            )


def _order(a: Interval, b: Interval, bounds: Bounds) -> int:
    """-1 if `a` lies to the left of `b`."""
    for end_a, end_b in ((a.lo, b.lo), (a.hi, b.hi)):
        if end_a == end_b:
            continue
        if end_a == -sp.oo or end_b == sp.oo:
            return -1
        if end_b == -sp.oo or end_a == sp.oo:
            return 1
        sign = sign_of(sp.expand(end_a - end_b), bounds)
        if sign is not None and sign != 0:
            return sign
    if _same(a.hi, b.lo, bounds):
        return -1
    if _same(b.hi, a.lo, bounds):
        return 1
    raise Unproved(f"the order of the branches on {a} and {b} depends on parameters; constrain them")


def _same(a: sp.Expr, b: sp.Expr, bounds: Bounds) -> bool:
    if a.is_infinite or b.is_infinite:
        return bool(a == b)
    return bool(a == b or sign_of(sp.expand(a - b), bounds) == 0)


_EVEN = (sp.Abs, sp.cosh, sp.cos)


def _with_known_signs(formula: Formula) -> tuple[Formula, Conditions]:
    """`formula` with |a| g(x) + sign(a) b for a g(x) + b inside even functions, where the sign of `a` is not known.

    The value is the same, to the last bit, and which part of x leads into which branch no longer depends on `a`. The
    condition that a is not 0, which every scaling has, is returned and assumed.
    """
    x, bounds = formula.variable, formula.bounds
    nonzero = {
        p.symbol: sp.Symbol(p.name, real=True, nonzero=True) for p in formula.parameters if not p.symbol.is_nonzero
    }
    used: set[sp.Symbol] = set()

    def known(argument: sp.Expr) -> sp.Expr:
        free, rest = argument.as_independent(x, as_Add=True)
        factor, inner = rest.as_independent(x, as_Add=False)
        if factor.is_number or sign_of(factor, bounds) is not None:
            return argument
        size = sp.Abs(factor.xreplace(nonzero))
        if not size.is_positive:
            return argument
        used.update(factor.free_symbols & set(nonzero))
        return size * inner + sp.sign(factor.xreplace(nonzero)) * free

    def is_even(node: sp.Basic) -> bool:
        return node.has(x) and (
            isinstance(node, _EVEN) or (isinstance(node, sp.Pow) and node.exp.is_Integer and node.exp % 2 == 0)
        )

    expr = formula.expr.replace(is_even, lambda node: node.func(known(node.args[0]), *node.args[1:]))
    if expr == formula.expr:
        return formula, ()
    swap = {old: new for old, new in nonzero.items() if old in used}
    signed = replace(
        formula,
        expr=expr.xreplace(swap),
        parameters=tuple(replace(p, symbol=swap.get(p.symbol, p.symbol)) for p in formula.parameters),
        requirements=tuple(
            replace(r, expr=r.expr.xreplace(swap), interval=r.interval.subs(swap) if swap else r.interval)
            if r.interval is not NONZERO
            else r
            for r in formula.requirements
        ),
        domain=None if formula.domain is None else formula.domain.subs(swap),
    )
    return signed, tuple((sp.Ne(old, 0), f"{old} must not be 0") for old in swap)
