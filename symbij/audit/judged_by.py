"""The formula that a subject is judged by: given, its own, or traced from its code; derived, or refuted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy as sp

from symbij.audit.probes import ends_at
from symbij.audit.subject import Ends, Subject
from symbij.audit.traced import implied_relations, trace_subject, traced_formula, why_not_traced
from symbij.bijectors.derived import DerivedBijector, bijector, declare
from symbij.errors import DomainError, NotBijectiveError, ParameterError, ShapeError
from symbij.formula.constraints import Constraint, as_constraint, negative, positive, real
from symbij.formula.formula import Formula, make_formula


@dataclass(frozen=True)
class Judge:
    """The class derived from a formula, and values of its parameters; or why there is none.

    `given`: whether someone said that this is the formula. `fold`: the error that refuted it. `doubt`: in words, why
    there is a formula and no derivation, or neither. `relations` and `constraints`: what parameters are meant to be, by
    the code and by the user. `stated`: the given formula that nothing is derived from, and for events its `domain`.
    """

    cls: type[DerivedBijector] | None = None
    given: bool = False
    text: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    fold: NotBijectiveError | None = None
    doubt: str = ""
    stated: Formula | None = None
    domain: Ends | None = None
    relations: tuple[sp.Basic, ...] = ()
    constraints: Mapping[str, Constraint] = field(default_factory=lambda: MappingProxyType({}))


def judge_of(
    original: Any, subject: Subject, formula: Any, domain: tuple[Any, Any] | None, parameters: Mapping[str, Any],
    constraints: Mapping[str, Any],
) -> Judge:  # fmt: skip
    """The judge of a subject. Raises `FormulaSyntaxError` and `ParameterError` for a given formula."""
    held = {**subject.parameters, **parameters}
    meant = _meant(constraints, held)
    found = _judge(original, subject, formula, domain, held, meant)
    unused = [n for n in subject.unused if not (found.given and n in found.parameters)]
    if unused:  # a slip of the pen
        raise ParameterError(
            f"{subject.name}: a value is given for '{unused[0]}', which is neither an argument of the functions nor a "
            "parameter of the formula"
        )
    code = trace_subject(subject)
    return replace(found, constraints=meant, relations=tuple(implied_relations(subject, code, found.given)))


def _meant(constraints: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Constraint]:
    """What the user says of parameters, which has to be true of the values that they have."""
    meant = {n: as_constraint(n, c) for n, c in constraints.items()}
    for name, constraint in meant.items():
        if name not in held:
            raise ParameterError(
                f"constraint given for '{name}', which is no parameter with a value "
                f"(parameters: {', '.join(held) or 'none'}); give parameters={{'{name}': ...}}"
            )
        constraint.check("constraints", name, np.asarray(held[name], dtype=float))
    return meant


def _judge(
    original: Any, subject: Subject, formula: Any, domain: tuple[Any, Any] | None, held: Mapping[str, Any],
    meant: Mapping[str, Constraint],
) -> Judge:  # fmt: skip
    if subject.event_ndims:
        return _of_components(formula, domain, held, meant)
    if formula is None and isinstance(original, DerivedBijector):
        return Judge(type(original), True, type(original).formula.text, dict(original._parameters))
    if isinstance(formula, DerivedBijector):  # with values of its own, but for those given
        own = {n: held.get(n, v) for n, v in formula._parameters.items()}
        return Judge(type(formula), True, type(formula).formula.text, own)
    if isinstance(formula, type) and issubclass(formula, DerivedBijector):
        return Judge(formula, True, formula.formula.text, _values(formula.formula, held))
    if formula is not None:
        stated = make_formula(formula, domain=domain)
        return _derived(formula, stated, domain, True, _values(stated, held), meant)
    where = _declared(subject) if domain is None else domain
    found = traced_formula(subject, where)
    if found is None:
        return Judge(parameters=held, doubt=f"a black box: {why_not_traced(subject, where)}")
    return _derived(found, found, where, False, _values(found, held), meant)


def _of_components(
    formula: Any, domain: tuple[Any, Any] | None, held: Mapping[str, Any], meant: Mapping[str, Constraint]
) -> Judge:
    """The judge of a map of events: a formula, if one is given, is that of each component."""
    doubt = "it maps events of several numbers"
    if formula is None:
        return Judge(parameters=held, doubt=doubt)
    if isinstance(formula, DerivedBijector):  # with values of its own, but for those given
        own = {n: held.get(n, v) for n, v in formula._parameters.items()}
        return Judge(type(formula), True, type(formula).formula.text, own)
    if isinstance(formula, type) and issubclass(formula, DerivedBijector):
        found = Judge(formula, True, formula.formula.text)
        stated = formula.formula
    else:
        stated = make_formula(formula, domain=domain)
        values = _values(stated, held)
        numbers = {n: np.ravel(np.asarray(v, dtype=float))[0] for n, v in values.items() if np.size(v)}
        found = _derived(formula, stated, domain, True, numbers, meant) if len(numbers) == len(values) else Judge()
    values = _values(stated, held)
    ends = None
    if found.cls is not None and not any(np.ndim(v) for v in values.values()):
        ends = ends_at(found.cls.derivation.domain, {n: np.asarray(v, dtype=float) for n, v in values.items()})
    return Judge(None, True, stated.text, {**held, **values}, None, doubt, stated, ends)


def _declared(subject: Subject) -> tuple[float, float] | None:
    """The domain that a subject declares, if it is a part of the reals."""
    ends = subject.domain
    return None if ends is None or (np.isinf(ends.lo) and np.isinf(ends.hi)) else (ends.lo, ends.hi)


def _values(formula: Formula, held: Mapping[str, Any]) -> dict[str, Any]:
    """A value for every parameter of the formula."""
    missing = [p.name for p in formula.parameters if p.name not in held]
    if missing:
        raise ParameterError(
            f"{formula.text}: no value for parameter '{missing[0]}', and the subject holds none of that name "
            f"(it holds: {', '.join(held) or 'none'}); give parameters={{'{missing[0]}': ...}}"
        )
    return {p.name: held[p.name] for p in formula.parameters}


def _derived(
    source: Any, formula: Formula, domain: Any, given: bool, values: Mapping[str, Any], meant: Mapping[str, Constraint]
) -> Judge:
    """The judge made of a formula, by the weakest assumption on its parameters under which it can be derived."""
    fold: NotBijectiveError | None = None
    reason = ""
    for constraints in _assumptions(formula, values, given, meant):
        try:
            cls = _class_of(source, formula, domain, constraints)
            cls(**values)
        except NotBijectiveError as error:
            fold = error if error.witness is not None else fold
            reason = reason or " ".join(str(error).split())
            continue
        except (DomainError, ParameterError, ShapeError) as error:
            if given and isinstance(error, ShapeError):
                raise
            reason = reason or " ".join(str(error).split())
            continue
        return Judge(cls, given, formula.text, values)
    return Judge(None, given, formula.text, values, fold, reason, formula if given else None)


def _assumptions(
    formula: Formula, values: Mapping[str, Any], given: bool, meant: Mapping[str, Constraint]
) -> Iterator[dict[str, Constraint]]:
    """Constraints to try on the parameters: what traced code implies (it excludes other values, right as it may be),
    any real numbers, then numbers of the sign that they have. What the user says of a parameter is kept by all."""
    tried: list[dict[str, Constraint]] = [] if given else [{p.name: p.constraint for p in formula.parameters}]
    tried.append({p.name: real for p in formula.parameters})
    tried.append({p.name: _sign_of(values[p.name]) for p in formula.parameters})
    seen: list[dict[str, Constraint]] = []
    for constraints in tried:
        constraints |= {n: c for n, c in meant.items() if n in constraints}
        if constraints not in seen:
            seen.append(constraints)
            yield constraints


def _sign_of(value: Any) -> Constraint:
    array = np.asarray(value, dtype=float)
    return positive if np.all(array > 0) else negative if np.all(array < 0) else real


def _class_of(
    source: Any, formula: Formula, domain: Any, constraints: Mapping[str, Constraint]
) -> type[DerivedBijector]:
    if isinstance(source, Formula):
        made = make_formula(source.expr, domain=domain, constraints=dict(constraints))
        cls = declare(made, "Formula")
        cls.derivation  # noqa: B018  derived here, where what it raises is understood
        return cls
    return bijector(source, domain=domain, **constraints)
