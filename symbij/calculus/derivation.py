"""`Derivation`: everything that follows from a formula, and `derive`, which works it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.evalf import PrecisionExhausted

from symbij.calculus import refute
from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import (
    Chain,
    Link,
    chain_forward,
    chain_log_det,
    chain_log_det_from_output,
    invert_chain,
)
from symbij.calculus.charts import with_charts
from symbij.calculus.continuation import continued
from symbij.calculus.cores import ASSUMED, MonotoneCore, PiecewiseCore
from symbij.calculus.domain import preimage, prove
from symbij.calculus.enclose import box_of, enclosure, lies_in, ranges_of
from symbij.calculus.half_periods import PERIODIC
from symbij.calculus.intervals import contains, intersect
from symbij.calculus.pieces import Unsplit, split
from symbij.calculus.proof import Folds, Jumps, OutsideDomain, Proof, Turns, Undefined, Unproved
from symbij.calculus.recognise import NotChain, recognise
from symbij.calculus.regimes import split_regimes
from symbij.calculus.rules import simplify_chain
from symbij.calculus.truth import constant
from symbij.errors import DomainError, NotBijectiveError
from symbij.formula.formula import Formula
from symbij.formula.functions import written_out
from symbij.formula.interval import REALS, Interval
from symbij.formula.printing import text_of
from symbij.formula.vocabulary import NONZERO, Requirement

if TYPE_CHECKING:
    from symbij.accuracy.result import Accuracy


@dataclass(frozen=True)
class Step:
    """One link of the chain: its name, what it computes, the interval it leads to, its log|derivative|."""

    name: str
    value: sp.Expr
    image: Interval
    direction: str
    log_det: sp.Expr


@dataclass(frozen=True, eq=False)
class Derivation:
    """A formula proved one-to-one, with its inverse and log-det-Jacobians.

    `chain` is the stable chain form that kernels are made from; `raw` the chain as recognised, on which the proof
    rests. `sign` is +1, -1 or an expression with the sign of the derivative. `conditions` are relations between
    parameters, checked when values are bound, each with its reason.
    """

    formula: Formula
    raw: Chain
    chain: Chain
    domain: Interval
    codomain: Interval
    sign: int | sp.Expr
    conditions: tuple[tuple[sp.Basic, str], ...]
    images: tuple[Interval, ...]
    status: str = "proved"  # "assumed" of code that was traced and not proved
    limits: tuple[sp.Expr, ...] = ()  # parameter expressions to whose zeros the formula is continued by its limit

    @property
    def variable(self) -> sp.Symbol:
        return self.formula.variable

    @property
    def output(self) -> sp.Symbol:
        """The symbol of the output: y, unless a parameter has that name."""
        taken = {p.name for p in self.formula.parameters}
        return sp.Symbol(next(n for n in ("y", "y_out", "y_output", "y_") if n not in taken), real=True)

    @property
    def forward(self) -> sp.Expr:
        """y as an expression in x."""
        return self.formula.expr

    @cached_property
    def inverse(self) -> sp.Expr:
        """x as an expression in y."""
        return written_out(chain_forward(invert_chain(self.chain), self.output))

    @cached_property
    def forward_log_det(self) -> sp.Expr:
        """log|dy/dx| as an expression in x, a sum of logs. (As computed, but for regimes that serve rounding alone.)"""
        return written_out(chain_log_det(self.chain, self.variable))

    @cached_property
    def inverse_log_det(self) -> sp.Expr:
        """log|dx/dy| as an expression in y, in output forms: no detour through a rounded x."""
        return -written_out(chain_log_det_from_output(self.chain, self.output))

    @property
    def direction(self) -> str:
        """'increasing', 'decreasing', or by which sign."""
        return describe_sign(self.sign)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        value: sp.Expr = self.variable
        steps = []
        for item, image in zip(self.raw, self.images, strict=True):
            output = item.forward(value)
            steps.append(
                Step(
                    item.name,
                    output,
                    image,
                    describe_sign(item.sign(self.formula.bounds)),
                    item.log_det_u(value, output),
                )
            )
            value = output
        return tuple(steps)

    def __str__(self) -> str:
        from symbij.calculus.render import as_text

        return as_text(self)

    def latex(self) -> str:
        """The derivation as LaTeX, for `align*`."""
        from symbij.calculus.render import as_latex

        return as_latex(self)

    def accuracy(self, parameters: Mapping[str, Any] | None = None, points: int = 60, seed: int = 0) -> Accuracy:
        """Errors in ulp of the four operations, as computed, against mpmath's truth from the formula's definition.

        See `symbij.accuracy.measure.measure`. Parameters that are left out are drawn from their constraints.
        """
        from symbij.accuracy.measure import measure

        return measure(self, parameters, points=points, seed=seed)

    def _repr_latex_(self) -> str:
        return "$$" + self.latex() + "$$"


def describe_sign(sign: int | sp.Expr) -> str:
    """A direction in words."""
    if sign == 1:
        return "increasing"
    if sign == -1:
        return "decreasing"
    return f"increasing if {text_of(sign)} > 0, decreasing if {text_of(sign)} < 0"


TOO_LARGE = "some of its values are too large, or too deeply nested, to be written down"


def derive(formula: Formula) -> Derivation:
    """Prove that `formula` is one-to-one and derive what follows.

    Raises `NotBijectiveError` (refuted with a witness, or not proved) and `DomainError` (an empty domain, one on which
    the formula is not defined, or one where its values are too large to be written down).
    """
    try:
        return _derive(formula)
    except PrecisionExhausted:
        raise NotBijectiveError(
            f"{formula.text}: no proof that it is one-to-one: a floor in it takes more digits than can be computed"
        ) from None
    except (MemoryError, OverflowError):
        raise DomainError(f"{formula.text}: {TOO_LARGE}") from None


def _derive(formula: Formula) -> Derivation:
    x, bounds = formula.variable, formula.bounds_with_domain
    continuation = continued(formula)
    try:
        chain = recognise(continuation.formula.expr, x)
        start, conditions, unresolved = starting_domain(continuation.formula, bounds)
        try:
            proof = prove(chain, start, bounds, may_cut=formula.domain is None)
        except (Folds, Unproved) as doubt:
            if not formula.assumed or isinstance(doubt, Turns) or refute.find_witness(formula) is not None:
                raise
            proof = prove(chain, start, bounds, formula.domain is None, assumed=True)
            _check_against_values(formula, proof)
    except NotChain as stuck:
        _refute(formula, None)
        raise NotBijectiveError(
            f"{formula.text}: no proof that it is one-to-one: symbij has no way to invert {stuck.part}; "
            "write the formula so that the variable stands once, or as a sum of increasing maps"
        ) from None
    except Folds as fold:
        _refute(formula, fold.suggestion, _branches_hint(fold))
        raise NotBijectiveError(_fold_message(formula, fold)) from None
    except Turns as turns:
        _refute(formula, None, near=turns.points)
        raise NotBijectiveError(f"{formula.text} is not one-to-one: {turns}; give a domain=(lo, hi)") from None
    except Undefined as nowhere:
        raise DomainError(f"{formula.text}: {nowhere}") from None
    except Jumps as jump:
        _refute(formula, None)
        raise NotBijectiveError(f"{formula.text}: {jump}") from None
    except Unproved as reason:
        _refute(formula, None)
        why = reason.reason if formula.domain else reason  # with no advice to give one
        flag = "" if formula.assumed else "; if you know that it is, pass assume_bijective=True"
        raise NotBijectiveError(f"{formula.text}: no proof that it is one-to-one: {why}{flag}") from None
    except OutsideDomain as outside:
        raise DomainError(
            f"{formula.text}: on the domain {formula.domain}, '{outside.item}' receives values in {outside.got}, "
            f"but is defined on {outside.needed} only; give a smaller domain=(lo, hi)"
        ) from None
    unresolved = [need for need in unresolved if not _certainly_inside(need, formula, proof.domain)]
    unresolved += [n for n in formula.requirements if n.under and not _holds_where_meant(n, formula, proof.domain)]
    if unresolved:
        need = unresolved[0]
        raise DomainError(
            f"{formula.text}: it is not clear where it is defined: {text_of(need.expr)} must lie in {need.interval}; "
            "write the formula so that the variable stands once there"
        )
    stable = with_charts(split_regimes(simplify_chain(proof.links)))
    reasons = dict(reversed((*conditions, *proof.conditions)))  # of each condition the first
    conditions = tuple(reversed(reasons.items()))
    refute.check_chain(formula, stable, proof.domain)
    for end in (proof.domain.lo, proof.domain.hi, proof.codomain.lo, proof.codomain.hi):
        if end.is_number and not end.is_infinite:
            constant(end)  # as every program asks: what is too large to be written down is met here
    assumed = any(map(_is_assumed, proof.links))
    return Derivation(
        formula, proof.links, stable, proof.domain, proof.codomain, proof.sign, conditions, proof.images,
        "assumed" if assumed else "proved", continuation.limits,
    )  # fmt: skip


def _check_against_values(formula: Formula, proof: Proof) -> None:
    """Refuse a formula whose values contradict those at the ends of its domain: it turns, or those are wrong."""
    parameters = refute.contradiction(formula, proof.sign, proof.codomain)
    if parameters is not None:
        at = "".join(f", {k} = {v:.6g}" for k, v in parameters.items())
        raise NotBijectiveError(
            f"{formula.text}: by its values at the ends of its domain it is {describe_sign(proof.sign)}, onto "
            f"{proof.codomain}; those in between contradict that{' with' + at[1:] if at else ''}"
        )


def _is_assumed(item: Link) -> bool:
    if isinstance(item, PiecewiseCore):
        return any(_is_assumed(part) for piece in item.pieces for part in piece)
    return isinstance(item, MonotoneCore) and item.proof == ASSUMED


def starting_domain(
    formula: Formula, bounds: Bounds
) -> tuple[Interval, tuple[tuple[sp.Basic, str], ...], list[Requirement]]:
    """The domain to prove the formula on: the user's, or what the user's own words need; parameter conditions; and what
    could not be resolved."""
    natural = REALS
    unresolved: list[Requirement] = []
    conditions: list[tuple[sp.Basic, str]] = []
    for need in formula.requirements:
        if not need.expr.has(formula.variable):
            if need.under:
                continue  # needed on one branch only, where its links ask for it
            conditions.extend(_parameter_condition(formula, need.expr, need.interval))
            continue
        if need.interval is NONZERO or need.under:
            continue  # a pole that matters is a reciprocal link, and met there; branches are looked at piece by piece
        try:
            chain = recognise(need.expr, formula.variable)
            within = preimage(chain, need.interval, bounds, formula.domain or REALS)
            natural = intersect(within, natural, bounds)
        except (NotChain, Folds, Unproved, OutsideDomain):
            if not _certainly_inside(need, formula, formula.domain or REALS):
                unresolved.append(need)
    given = formula.domain
    if given is None:
        return natural, tuple(conditions), unresolved
    if not contains(natural, Interval(given.lo, given.hi), bounds):
        for end, outer, outward in (
            (given.lo, natural.lo, given.lo - natural.lo),
            (given.hi, natural.hi, natural.hi - given.hi),
        ):
            if outer.is_infinite or end == outer:
                continue
            if end.is_infinite or (not outward.free_symbols and sign_of(outward) in (-1, None)):
                raise DomainError(f"{formula.text}: is defined on {natural}, not on all of the given domain {given}")
            if outward.free_symbols:
                conditions.append((sp.Ge(outward, 0), f"the domain must lie in {natural}"))
    width = given.hi - given.lo
    if not width.is_infinite and width.free_symbols and sign_of(width, formula.bounds) != 1:
        conditions.append((sp.Gt(width, 0), f"the domain {given} must not be empty"))
    return intersect(given, natural, bounds), tuple(conditions), unresolved


def _certainly_inside(need: Requirement, formula: Formula, domain: Interval) -> bool:
    """Whether interval arithmetic shows that a requirement holds on all of a domain."""
    ranges = ranges_of(formula.bounds)
    box = enclosure(need.expr, {**ranges, formula.variable: box_of(domain, ranges)})
    return lies_in(box, need.interval, ranges)


def _holds_where_meant(need: Requirement, formula: Formula, domain: Interval) -> bool:
    """Whether a requirement holds on the part of `domain` on which its branch is meant."""
    x, bounds = formula.variable, formula.bounds
    if need.interval is NONZERO or not need.expr.has(x):
        return True  # poles and parameters are met where the branch is proved
    try:
        where_meant = sp.Piecewise((x, sp.And(*need.under)), (2 * x, True))
        regions = [piece.where for piece in split(where_meant, x, domain, bounds) if piece.expr == x]
        chain = recognise(need.expr, x)
        return all(contains(preimage(chain, need.interval, bounds, r), r, bounds) for r in regions)
    except (Unsplit, NotChain, Folds, Unproved, OutsideDomain):
        return _certainly_inside(need, formula, domain)


def _parameter_condition(formula: Formula, expr: sp.Expr, interval: Interval) -> list[tuple[sp.Basic, str]]:
    """Relations that keep a parameter expression where the function applied to it is defined."""
    if interval is NONZERO:
        return [] if expr.is_nonzero else [(sp.Ne(expr, 0), f"{text_of(expr)} must not be 0")]
    found = []
    for bound, above, is_open in ((interval.lo, True, interval.lo_open), (interval.hi, False, interval.hi_open)):
        if bound.is_infinite:
            continue
        difference = expr - bound if above else bound - expr
        if difference.is_positive or (not is_open and difference.is_nonnegative):
            continue
        if difference.is_negative:
            raise DomainError(
                f"{formula.text}: is defined for no values of the parameters: {text_of(expr)} never lies in {interval}"
            )
        relation = sp.Gt(difference, 0) if is_open else sp.Ge(difference, 0)
        found.append((relation, f"{text_of(expr)} must lie in {interval}"))
    return found


def _refute(
    formula: Formula, suggestion: Interval | None, branches: str = "", near: tuple[float, float] | None = None
) -> None:
    """Raise `NotBijectiveError` with two inputs that map to one output, if a search finds them; `near` are two points
    where the derivative has different signs."""
    witness = (refute.around_turn(formula, *near) if near else None) or refute.find_witness(formula)
    if witness is None:
        return
    x1, x2, y = witness.x1, witness.x2, witness.y
    at = "".join(f", {k} = {v:.6g}" for k, v in witness.parameters.items())
    part = _domain_text(suggestion) if suggestion else witness.monotone_part
    hint = f"restrict it, for example domain={part}" if part else "give a domain=(lo, hi) on which it is monotone"
    domain = formula.domain or "its natural domain"
    raise NotBijectiveError(
        f"{formula.text} is not one-to-one on {domain}: "
        f"f({x1:.6g}) = f({x2:.6g}) = {y:.6g}{' with' + at[1:] if at else ''}; {hint}{branches}",
        (x1, x2, y),
        witness.parameters,
    )


def _domain_text(interval: Interval) -> str:
    lo, hi = (
        {sp.oo: "'oo'", -sp.oo: "'-oo'"}.get(e, str(e) if e.is_Rational else f"'{text_of(e)}'")
        for e in (interval.lo, interval.hi)
    )
    return f"({lo}, {hi})"


def _branches_hint(fold: Folds) -> str:
    """The other way out, where all branches of the folded function are known."""
    finite = not (fold.image.lo.is_infinite or fold.image.hi.is_infinite)
    known = fold.folded.complete or (fold.folded.name in PERIODIC and finite)
    return ", or take all branches with many_to_one=True" if known else ""


def _fold_message(formula: Formula, fold: Folds) -> str:
    if fold.folded.name == "reciprocal":
        side = _domain_text(fold.suggestion) if fold.suggestion else "(lo, hi)"
        return (
            f"{formula.text}: has a pole inside its domain (a denominator ranges over {fold.image}), so it is not "
            f"continuous there; choose one side of the pole, for example domain={side}{_branches_hint(fold)}"
        )
    hint = f", for example domain={_domain_text(fold.suggestion)}" if fold.suggestion else ""
    return (
        f"{formula.text}: not one-to-one, or not proved to be: '{fold.folded.name}' receives values in {fold.image}, "
        f"on which it is not monotone; restrict the domain{hint}{_branches_hint(fold)}"
    )
