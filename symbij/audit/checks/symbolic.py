"""The symbolic proof: the formulas that a subject's code computes, compared with what they have to be.

The code is run with symbols (`audit/traced.py`), its claims are compared with the truth at random points to 50 digits
(`audit/claims.py`), and those that were not refuted are proved where that is possible (`audit/proof.py`). The truth
is the given formula and its derivative, or the traced forward map where none is given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import PlainAbs, diff, numeric, real
from symbij.accuracy.doubles import rounded, ulp_error
from symbij.audit.claims import BITS, DIGITS, Claim, Point, Values, compare, draw_points, replaced, slope_of
from symbij.audit.explain_formula import Truth, as_values, explain_inverse, explain_log_det, explain_value
from symbij.audit.extremes import plainly, with_own_functions
from symbij.audit.famous import meaning
from symbij.audit.finding import Check, Status, Witness
from symbij.audit.proof import is_zero
from symbij.audit.setting import Setting
from symbij.audit.traced import Code, Operation, X, implied_relations, trace_subject
from symbij.calculus.derivation import Derivation
from symbij.calculus.patience import bounded
from symbij.formula.formula import Formula, Parameter
from symbij.formula.interval import REALS, Interval
from symbij.formula.vocabulary import Requirement

GROUP = "symbolic"
NAMES = {
    "forward": "forward is the formula",
    "inverse": "inverse(forward(x)) = x",
    "forward_log_det": "forward log-det = log|d forward/dx|",
    "inverse_log_det": "inverse log-det = -log|d forward/dx|",
}
SECONDS = 1.2  # for all proofs of one audit
SECONDS_EACH = 0.6
MOST_OPERATIONS = 1500  # in a claim; beyond that everything takes too long
FEWEST = 3  # points at which code and truth must both be known, if anything is to be said


@dataclass(frozen=True)
class _Ground:
    """What all claims of one audit stand on."""

    setting: Setting
    code: Code
    truth: Truth
    known: tuple[Requirement, ...]
    parameters: tuple[Parameter, ...]
    own: Values
    held: Values  # those that are not varied
    domain: Interval
    trusted: bool  # whether the domain is known to be that of the subject
    conditions: tuple[sp.Basic, ...]


def check(setting: Setting) -> Iterator[Check]:
    """The four symbolic checks: the forward map, its inverse, both log-dets. Each PROVED, FAIL, PASS or SKIPPED."""
    subject = setting.subject
    if subject.event_ndims:
        yield from _skipped("for maps of single numbers only")
        return
    derivation = setting.derivation
    formula = _stated(setting)
    code = trace_subject(subject, formula if derivation is None else derivation.formula)
    if not code.operations:
        reasons = list(dict.fromkeys(code.failures.values()))
        yield from _skipped(reasons[0] if reasons else "there is no code to be run with symbols")
        return
    ground = _ground(setting, code)
    if isinstance(ground, str):
        yield from _skipped(ground)
        return
    deadline = time.monotonic() + SECONDS
    for name in NAMES:
        if name == "forward" and formula is None:
            yield Check(GROUP, NAMES[name], Status.SKIPPED, "no formula is given: the forward map is taken at its word")
        elif name not in code.operations:
            why = code.failures.get(name, f"there is no {name.replace('_', ' ').replace('log det', 'log-det')}")
            yield Check(GROUP, NAMES[name], Status.SKIPPED, why)
        else:
            try:
                yield _judged(ground, name, deadline)
            except Exception as error:  # of a general solver or printer, which may fail in any way
                why = f"could not be compared: {type(error).__name__}: {' '.join(str(error).split())[:100]}"
                yield Check(GROUP, NAMES[name], Status.SKIPPED, why)


def _skipped(why: str) -> Iterator[Check]:
    for name in NAMES.values():
        yield Check(GROUP, name, Status.SKIPPED, why)


def _ground(setting: Setting, code: Code) -> _Ground | str:
    derivation, subject = setting.derivation, setting.subject
    stated = _stated(setting)
    given = stated is not None
    if stated is not None:
        expr = stated.expr.xreplace({stated.variable: X})
        known = replaced(stated.requirements, {stated.variable: X})
        parameters = {p.name: p for p in stated.parameters}
    elif "forward" in code.operations:
        forward = code.operations["forward"]
        expr, known, parameters = forward.expr, forward.requirements, {}
    else:
        return f"no formula is given, and the forward map is not known as one: {code.failures.get('forward', '')}"
    parameters |= code.parameters
    numbers = {**setting.own.parameters, **subject.parameters}
    missing = [n for n in parameters if np.size(numbers.get(n, ())) == 0]
    if missing:
        return f"the parameter '{missing[0]}' of the formula has no value"
    own = {p.symbol: float(np.ravel(np.asarray(numbers[n], dtype=float))[0]) for n, p in parameters.items()}
    # Parameters vary only where the map is known to be one-to-one with others too, and where the subject has them.
    held = {p.symbol: own[p.symbol] for n, p in parameters.items() if derivation is None or n not in code.parameters}
    held |= (
        {parameters[n].symbol: v for op in code.operations.values() for n, v in op.fixed.items()} if not given else {}
    )
    conditions = [c for c, _ in derivation.conditions] if derivation is not None else []
    # What the code needs of its parameters is meant; beside a formula, only the order of several of them.
    conditions += implied_relations(subject, code, among_several=given)
    slope = slope_of(expr)
    free = tuple(p for p in parameters.values() if p.symbol not in held)
    return _Ground(
        setting, code, Truth(expr, slope, _terms_of(expr), _inverse(derivation)), known, free, own, held,
        _domain(setting), derivation is not None or subject.domain is not None, tuple(conditions),
    )  # fmt: skip


def _stated(setting: Setting) -> Formula | None:
    """The formula that someone said the map is, whether or not anything could be derived from it."""
    return setting.derivation.formula if setting.derivation is not None and setting.given else setting.stated


def _inverse(derivation: Derivation | None) -> sp.Expr | None:
    if derivation is None:
        return None
    found = bounded(lambda: derivation.inverse.xreplace({derivation.output: X}), seconds=0.2)
    return found if found is not None and not found.has(sp.nan) else None


def _terms_of(expr: sp.Expr) -> sp.Expr:
    """log|d expr/dx| as a sum, for words only."""

    def expanded() -> sp.Expr:
        slope = sp.factor_terms(diff(expr, X))
        total = sp.expand_log(sp.log(slope), force=True)
        return total.replace(
            lambda e: isinstance(e, sp.log) and not e.args[0].is_number, lambda e: sp.log(PlainAbs(e.args[0]))
        )

    found = bounded(expanded, seconds=0.2)
    return sp.S.Zero if found is None else found


def _domain(setting: Setting) -> Interval:
    """The derived domain, cut down to the one that the subject declares."""
    derivation, declared = setting.derivation, setting.subject.domain
    found = derivation.domain if derivation is not None else REALS
    if declared is None:
        return found
    lo, hi = found.lo, found.hi
    if not math.isinf(declared.lo) and (lo.is_infinite or (lo.is_number and declared.lo > lo)):
        lo = meaning(declared.lo)
    if not math.isinf(declared.hi) and (hi.is_infinite or (hi.is_number and declared.hi < hi)):
        hi = meaning(declared.hi)
    return Interval(lo, hi)


def _judged(ground: _Ground, name: str, deadline: float) -> Check:
    operation = ground.code.operations[name]
    fixed = {ground_symbol(ground, n): v for n, v in operation.fixed.items()}
    held = {**ground.held, **fixed}
    claim = bounded(_claim, ground, name, operation, seconds=SECONDS_EACH)
    if claim is None:
        return Check(GROUP, NAMES[name], Status.SKIPPED, "its formula is too long to be worked with")
    only = [s for s in sorted(held, key=str) if s in claim.symbols and s.name in ground.code.parameters]
    claim = claim.at(held)
    exact = {s: meaning(v) for s, v in held.items()}
    domain = Interval(ground.domain.lo.xreplace(exact), ground.domain.hi.xreplace(exact))
    conditions = tuple(c.xreplace(exact) for c in ground.conditions)
    conditions = tuple(c for c in conditions if c not in (sp.true, sp.false))
    free = tuple(p for p in ground.parameters if p.symbol not in held)
    if sum(e.count_ops() for e in (claim.got, claim.expected)) > MOST_OPERATIONS:
        return Check(GROUP, NAMES[name], Status.SKIPPED, "its formula is too long to be worked with")
    points = draw_points(free, ground.own, domain, conditions, ground.setting.rng(), bool(free))
    found = compare(claim, points, ground.setting.tolerance)
    if not ground.trusted:
        found = [p for p in found if mpmath.isfinite(p.got)]
    special = _special_cases(claim)
    for case in special:
        at_case = [{**p, **case} for p in points]
        found += [p for p in compare(claim.at(case), at_case, ground.setting.tolerance) if p.refuted]
    if len(found) < FEWEST:
        why = "no points were found at which both the code and the truth have values"
        return Check(GROUP, NAMES[name], Status.SKIPPED, why)
    if any(p.refuted for p in found):
        return _failed(ground, name, claim, found)
    holding = f", for {', '.join(f'{s} = {held[s]:g}' for s in only)} only" * bool(only)
    digits = min(p.digits for p in found)
    if digits >= DIGITS:
        bounds = {p.symbol: (p.constraint.lo, p.constraint.hi) for p in free}
        seconds = min(SECONDS_EACH, deadline - time.monotonic())
        claims = [claim, *(c for c in map(claim.at, special) if not c.expected.has(sp.nan, sp.zoo, sp.oo))]
        if seconds > 0 and bounded(_all_zero, claims, domain, bounds, conditions, seconds=seconds):
            return Check(GROUP, NAMES[name], Status.PROVED, _for_all(free, conditions) + holding)
    at = f"at {len(found)} random points and parameters" if free else f"at {len(found)} random points"
    agreed = f"agrees to {min(digits, DIGITS):.0f} digits {at}{holding}, no symbolic proof found"
    return Check(GROUP, NAMES[name], Status.PASS, agreed)


def _special_cases(claim: Claim) -> list[dict[sp.Symbol, float]]:
    """The values of parameters that the code treats on their own: where(c == 0, ...)."""
    found = []
    for node in sorted(claim.got.atoms(sp.Eq, sp.Ne), key=sp.default_sort_key):
        for symbol, value in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
            if symbol.is_Symbol and symbol != X and value.is_Rational:
                found.append({symbol: float(value)})
    return found


def _all_zero(claims: list[Claim], domain: Interval, bounds: Mapping, conditions: tuple[sp.Basic, ...]) -> bool:
    return all(
        is_zero(c.difference, c.needs, X, domain, {s: b for s, b in bounds.items() if s in c.symbols}, conditions)
        for c in claims
    )


def ground_symbol(ground: _Ground, name: str) -> sp.Symbol:
    """The symbol of a parameter of the code."""
    return ground.code.parameters[name].symbol


def _for_all(free: tuple[Parameter, ...], conditions: tuple[sp.Basic, ...]) -> str:
    text = "for all x"
    if free:
        text += " and all " + ", ".join(
            p.name if p.constraint.name == "real" else f"{p.constraint} {p.name}" for p in free
        )
    plain_conditions = [str(c) for c in conditions if not isinstance(c, sp.Ne)]
    return text + (f" with {' and '.join(plain_conditions)}" if plain_conditions else "")


def _claim(ground: _Ground, name: str, operation: Operation) -> Claim:
    truth = ground.truth
    if name == "forward":
        return Claim(operation.expr, operation.requirements, truth.forward, ground.known)
    log_det = sp.log(PlainAbs(with_own_functions(truth.slope)))
    if name == "forward_log_det":
        return Claim(operation.expr, operation.requirements, log_det, ground.known, logarithms=True)
    at_image = {X: truth.forward}
    got, needs = operation.expr.xreplace(at_image), replaced(operation.requirements, at_image)
    if name == "inverse":
        return Claim(got, needs, X, ground.known)
    return Claim(got, needs, -log_det, ground.known, logarithms=True)


def _failed(ground: _Ground, name: str, claim: Claim, points: list[Point]) -> Check:
    truth = replace(
        ground.truth,
        **{k: _held(getattr(ground.truth, k), ground.held) for k in ("forward", "slope", "log_det", "inverse")},
    )
    if name == "forward":
        why = explain_value(claim, points)
    elif name == "inverse":
        why = explain_inverse(claim, points, truth)
    else:
        why = explain_log_det(claim, points, truth, name == "inverse_log_det")
    wrong = [p for p in points if p.refuted]
    own = [p for p in wrong if all(p.values[s] == v for s, v in ground.own.items())]
    finite = [p for p in own or wrong if mpmath.isfinite(p.got)] or own or wrong
    point = max(finite, key=lambda p: abs(p.got - p.expected) if mpmath.isfinite(p.got) else mpf(0))
    return Check(GROUP, NAMES[name], Status.FAIL, why, _witness(ground, name, point, truth, own))


def _held(expr: sp.Expr | None, held: Mapping[sp.Symbol, float]) -> sp.Expr | None:
    return None if expr is None else expr.xreplace({s: meaning(v) for s, v in held.items()})


def _witness(ground: _Ground, name: str, point: Point, truth: Truth, own: list[Point]) -> Witness:
    """One call to repeat, at an input that is a double."""
    at, got, expected = point.values[X], point.got, point.expected
    if name.startswith("inverse"):
        at, got, expected = _at_double(ground, name, point, truth)
    relative = float(abs(got - expected) / abs(expected)) if expected and mpmath.isfinite(got) else math.nan
    ulp = ulp_error(rounded(got), expected) if expected and mpmath.isfinite(got) else math.nan
    changed = {} if point in own else as_values({s: v for s, v in point.values.items() if s not in ground.held})
    return Witness(name, at, rounded(got), rounded(expected), ulp, relative, changed)


def _at_double(ground: _Ground, name: str, point: Point, truth: Truth) -> tuple[float, mpf, mpf]:
    """The double y nearest to f(x), what the code gives there, and what is true there, at its exact preimage."""
    symbols = list(point.values)
    rest = [mpf(v) for s, v in point.values.items() if s != X]
    symbols.remove(X)
    forward, log_det, code = (
        numeric(plainly(e), [X, *symbols])
        for e in (truth.forward, -sp.log(PlainAbs(truth.slope)), _held(ground.code.operations[name].expr, ground.held))
    )
    with mpmath.workprec(BITS[0]):
        x = mpf(point.values[X])
        try:
            y = rounded(real(forward(x, *rest)))
            x = mpmath.findroot(lambda t: forward(t, *rest) - mpf(y), (x, x * (1 + mpf(2) ** -60)))
            expected = x if name == "inverse" else real(log_det(x, *rest))
            got = real(code(mpf(y), *rest)) if mpmath.isfinite(point.got) else point.got
            return y, got, expected
        except (ArithmeticError, ValueError, TypeError):
            return float(real(forward(mpf(point.values[X]), *rest))), point.got, point.expected
