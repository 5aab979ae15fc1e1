"""`verify_stan`: a transform and its Jacobian adjustment, written as expressions in Stan's language."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from keyword import kwlist
from typing import Any

import numpy as np
import sympy as sp

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.proof import is_zero
from symbij.audit.report import Report
from symbij.audit.stan_compare import Comparison, at_values, compare
from symbij.audit.stan_explain import explain
from symbij.audit.stan_said import Said
from symbij.audit.stan_words import name_in_formulas, translated
from symbij.audit.traced import X
from symbij.calculus.derivation import Derivation, derive
from symbij.calculus.patience import bounded
from symbij.errors import DomainError, NotBijectiveError, ParameterError, UsageError
from symbij.formula.constraints import Constraint, as_constraint, negative, positive, real
from symbij.formula.formula import Formula, make_formula
from symbij.formula.parser import names_in, parse
from symbij.formula.vocabulary import Requirement

POINTS = 60
SECONDS = 2.0  # for a proof
DIRECTIONS = ("auto", "forward", "inverse")
_NAME = "the jacobian expression"
SCALES = ("sigma", "tau", "scale", "sd")  # what Stan programs call parameters that are declared positive
_LONGEST = 100  # characters of the right expression, where it is told


def verify_stan(
    transform: str,
    jacobian: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    domain: tuple[Any, Any] | None = None,
    direction: str = "auto",
    points: int = POINTS,
    seed: int = 0,
) -> Report:
    """Audit y = transform(x) with the `jacobian` that a Stan program adds to target for it.

    The jacobian may be log|dy/dx| (`direction="forward"`: x is the parameter, and the density is stated for y) or
    log|dx/dy| (`"inverse"`: y is the parameter, and the density is stated for x), as an expression in x or in y; "auto"
    takes either, and says which it is. A transform may be written in y instead, as in exp(y) + lower; then x is its
    output, and log|dx/dy| is the forward direction. Statements (`target += ...;`) are taken as well.

    `parameters` are values, constraints (`sb.positive`), or pairs of both by name. Others are real numbers; those with
    a value alone keep its sign. A logarithm of a difference, log(U - L), is taken to mean L < U, and log(sigma) that a
    scale (sigma, tau, scale, sd) is positive, unless `parameters` say otherwise; log(a) is wrong for negative a. The
    jacobian is compared with the derivative of the transform symbolically, and with many digits at `points` points and
    several values of the parameters.

    Raises `FormulaSyntaxError` for what is no expression, `ParameterError` and `UsageError` for wrong arguments. Stan's
    conventions: Stan Reference Manual, "Constraint transforms", and Stan User's Guide, "Reparameterization and change
    of variables".
    """
    if direction not in DIRECTIONS:
        raise UsageError(f"direction must be one of {', '.join(DIRECTIONS)}, got {direction!r}")
    started = time.perf_counter()
    said = _read(transform, jacobian, dict(parameters or {}), domain)
    checks = tuple(_checks(said, direction, points, seed))
    return Report(
        subject=f"jacobian {jacobian.strip()}",
        kind="Stan expressions",
        formula=f"{said.target} = {transform.strip()}",
        checks=checks,
        parameters=said.users(said.values),
        seed=seed,
        seconds=time.perf_counter() - started,
    )


def _read(transform: str, jacobian: str, parameters: dict[str, Any], domain: tuple[Any, Any] | None) -> Said:
    """The formula of the transform, in x whatever its input is called, and the jacobian in its symbols."""
    names = names_in(translated(transform, {}).text)
    source, target = ("y", "x") if "y" in names and "x" not in names else ("x", "y")
    if source not in names:
        raise UsageError(f"the transform {transform.strip()!r} depends neither on x nor on y")
    if target in names:
        raise UsageError(f"the transform {transform.strip()!r} holds both x and y: write it in its input alone")
    renamed = {} if source == "x" else {"x": "y", "y": "x"}
    forward, adjustment = translated(transform, renamed), translated(jacobian, renamed)
    known = {name_in_formulas(name): wish for name, wish in parameters.items()}
    own = [n for n in names_in(forward.text) if n != "x"]
    further = [n for n in names_in(adjustment.text) if n not in ("x", "y", *own)]
    strange = [n for n in known if n not in (*own, *further)]
    if strange:
        raise ParameterError(
            f"'{strange[0]}' is no parameter of the transform (parameters: {', '.join(own) or 'none'})"
        )
    constraints, values = {}, {}
    for name, wish in known.items():
        constraint, value = _wish(name, wish)
        constraints[name] = constraint
        if value is not None:
            values[name] = value
    supposed = [n for n in _positive(forward.text, adjustment.text) if n in SCALES and n not in known]
    constraints |= dict.fromkeys(supposed, positive)
    formula = make_formula(forward.text, domain=domain, constraints={k: v for k, v in constraints.items() if k in own})
    formula = replace(formula, text=transform.strip())
    output = sp.Symbol("y", real=True)
    symbols = {p.name: p.symbol for p in formula.parameters} | {"x": formula.variable, "y": output}
    symbols |= {n: constraints.get(n, real).symbol(n) for n in further}
    shown = {formula.variable: sp.Symbol(source), output: sp.Symbol(target)}
    shown |= {symbols[name_in_formulas(n)]: sp.Symbol(n) for n in kwlist if name_in_formulas(n) in symbols}
    added, needs = parse(adjustment.text, symbols)
    relations = _orders((*formula.requirements, *needs), {formula.variable, output}, symbols, values)
    return Said(
        formula, added, tuple(needs), output, source, target, values,
        (*forward.notes, *adjustment.notes), shown, relations, tuple(supposed),
    )  # fmt: skip


def _positive(*texts: str) -> list[str]:
    """Names whose logarithm is taken as they stand."""
    found: list[str] = []
    for text in texts:
        symbols = {n: real.symbol(n) for n in names_in(text)}
        needs = parse(text, symbols)[1]
        found += [n.expr.name for n in needs if n.expr.is_Symbol and n.interval.lo == 0 and not n.under]
    return list(dict.fromkeys(found))


def _orders(
    needs: Sequence[Requirement], variables: set[sp.Symbol], symbols: Mapping[str, sp.Symbol],
    values: Mapping[str, float],
) -> tuple[sp.Basic, ...]:  # fmt: skip
    """Relations such as U - L > 0 that logarithms of parameters need, if the values given do not contradict."""
    numbers = {symbols[n]: sp.Rational(v) for n, v in values.items()}
    found = []
    for need in needs:
        several = need.expr.free_symbols
        linear = all(not sp.diff(need.expr, s).free_symbols for s in several)
        if len(several) > 1 and linear and not several & variables and need.interval.lo == 0 and not need.under:
            relation = sp.Gt(need.expr, 0)
            if sp.false not in (relation, relation.subs(numbers)) and relation != sp.true:
                found.append(relation)
    return tuple(dict.fromkeys(found))


def _wish(name: str, wish: Any) -> tuple[Constraint, float | None]:
    """The constraint and the value that are meant for a parameter."""
    if isinstance(wish, (Constraint, str)):
        return as_constraint(name, wish), None
    constraint, value = wish if isinstance(wish, tuple) else (None, wish)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"parameter '{name}' must be a number or a constraint, got {wish!r}") from None
    if not math.isfinite(number):
        raise ParameterError(f"parameter '{name}' must be finite, got {number}")
    if constraint is None:
        return (positive if number > 0 else negative if number < 0 else real), number
    limits = as_constraint(name, constraint)
    if not _allows(limits, number):
        raise ParameterError(f"parameter '{name}' must be {limits.describe()}, got {number}")
    return limits, number


def _allows(constraint: Constraint, value: float) -> bool:
    """Whether a constraint allows a value."""
    return constraint.violation(np.asarray(value)) is None


def _checks(said: Said, direction: str, points: int, seed: int) -> Iterator[Check]:
    derivation, proof = _derived(said.formula)
    if derivation is None and said.values and all(p.name in said.values for p in said.formula.parameters):
        # What holds for some relations between the parameters only may be seen at numbers.
        at = {p.symbol: said.values[p.name] for p in said.formula.parameters}
        proof = _derived(at_values(said.formula, at), " at the values given")[1]
    yield proof
    _check_given(said, derivation)
    if proof.status != Status.FAIL:
        found = compare(said.formula, said.jacobian, said.output, derivation, said.values, points, seed,
                        said.relations)  # fmt: skip
        yield from _compared(said, direction, found, derivation)


def _check_given(said: Said, derivation: Derivation | None) -> None:
    """Raise `ParameterError` for values that the transform is not one-to-one at."""
    values = {p.symbol: sp.Rational(said.values[p.name]) for p in said.formula.parameters if p.name in said.values}
    for relation, why in derivation.conditions if derivation else ():
        if relation.subs(values) == False:  # noqa: E712  sympy's own truth value
            raise ParameterError(f"{said.formula.text}: {why}")


def _derived(formula: Formula, where: str = "") -> tuple[Derivation | None, Check]:
    name = "the transform is one-to-one" + where
    try:
        derivation = derive(formula)
    except NotBijectiveError as error:
        line = " ".join(str(error).split())
        if error.witness is None:
            return None, Check("one-to-one", name, Status.SKIPPED, line)
        x1, x2, y = error.witness
        witness = Witness("the transform", x2, y, f"another value than at {x1!r}", parameters=error.parameters)
        return None, Check("one-to-one", name, Status.FAIL, line, witness)
    except DomainError as error:
        return None, Check("one-to-one", name, Status.FAIL, " ".join(str(error).split()))
    return derivation, Check("one-to-one", name, Status.PROVED, f"{derivation.direction} on {derivation.domain}")


def _proved(said: Said, derivation: Derivation, direction: str) -> bool:
    """Whether the jacobian is shown to be the log-det of a direction, for all inputs and parameters."""
    formula, domain = said.formula, derivation.domain
    claim = said.claim(direction)
    bounds = {p.symbol: (p.constraint.lo, p.constraint.hi) for p in formula.parameters}
    conditions = [*(c for c, _ in derivation.conditions), sp.Lt(domain.lo, domain.hi)]
    # What the jacobian asks of parameters alone, such as upper > lower of log(upper - lower), holds where it is used:
    # that it is no number for others was seen by numbers, or not meant.
    conditions += [sp.Gt(n.expr, n.interval.lo) for n in claim.needs if not n.expr.has(X) and n.interval.lo == 0]
    conditions = [c for c in conditions if c != sp.true]
    return is_zero(claim.difference, claim.needs, X, domain, bounds, conditions)


def _compared(said: Said, direction: str, found: Comparison, derivation: Derivation | None) -> Iterator[Check]:
    wanted = ("forward", "inverse") if direction == "auto" else (direction,)
    asked = " or ".join(said.meaning(d) for d in wanted)
    if not found.count:
        yield Check("log-det", _NAME, Status.SKIPPED, "no point was found at which the transform has a derivative")
        return
    matching = [d for d in wanted if found.mismatch[d] is None]
    if matching:
        told = "; ".join(f"is {said.meaning(d)}, {said.use(d)}" for d in matching) + said.where
        if derivation is not None and bounded(_proved, said, derivation, matching[0], seconds=SECONDS):
            yield Check("symbolic", f"{_NAME}, for all {said.source}", Status.PROVED, told)
        else:
            yield Check("symbolic", f"{_NAME}, for all {said.source}", Status.SKIPPED, "no proof was found")
        yield Check("log-det", f"{_NAME}, at {found.count} points", Status.PASS, told)
        return
    # Where nothing explains it, what is told is the error of the direction with more points that agree.
    nearest = max(wanted, key=lambda d: found.agreeing[d])
    why = explain(said, derivation, found, wanted)
    chosen = why.direction or nearest
    worst = found.mismatch[chosen]
    assert worst is not None
    told = [f"expected {asked}: {why.text}", *said.notes]
    if derivation is not None:
        sign = 1 if chosen == "forward" else -1
        right = said.words(chosen).shown(sign * derivation.forward_log_det)
        told += [f"{said.meaning(chosen)} is {right}"] if len(right) <= _LONGEST else []
    witness = Witness(
        said.meaning(chosen), worst.at, worst.got, worst.expected, worst.ulp, worst.relative,
        said.users(worst.parameters),
    )  # fmt: skip
    yield Check("log-det", f"{_NAME}, at {found.count} points", Status.FAIL, "; ".join(told), witness)
