"""`declared`: one library class from one forward formula; `declared_vector`: one from a formula for each size."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbij.bijectors.declaration import Parameter, key_of
from symbij.bijectors.derived import DerivedBijector, declare_parts
from symbij.bijectors.vector import Family, VectorBijector, declare_family, vector_or_scalar
from symbij.formula.constraints import Constraint

if TYPE_CHECKING:
    from symbij.formula.formula import Formula


def declared(
    name: str, formula: str, doc: str, *, domain: Any = None, above_zero: tuple[str, ...] = (), **parameters: Any
) -> type[DerivedBijector]:
    """The class called `name` for y = `formula`.

    Every parameter is given, in the order of the constructor's arguments, as its constraint or as (constraint,
    default); `above_zero` are formulas of the parameters that must be positive, which is checked when values are
    bound. Nothing is parsed or derived before the class is used.
    """
    listed = []
    for parameter, given in parameters.items():
        constraint, default = given if isinstance(given, tuple) else (given, None)
        listed.append(Parameter(parameter, constraint, default))
    make = functools.partial(_formula, formula, domain, above_zero, tuple(listed))
    cls = declare_parts(make, formula, tuple(listed), name, f"y = {formula}\n\n{doc}")
    cls._in_library = True
    key = key_of(formula, domain, {p.name: p.constraint for p in listed})
    cls._key = f"{key} in the order {list(parameters)}" + (f" above zero {above_zero}" if above_zero else "")
    return cls


def declared_vector(
    name: str,
    formula: str | Callable[[int], str],
    doc: str,
    *,
    text: str | None = None,
    domain: Any = None,
    **parameters: Any,
) -> type[VectorBijector]:
    """The class called `name` for y = `formula`, in which sum(...) goes over vector parameters, or a function of the
    number of components makes the text (`text` then says it in words).

    Every parameter is given, in the order of the constructor's arguments, as its constraint or as (constraint,
    default); a vector by `vector(constraint)`. Nothing is parsed or derived before the class is used.
    """
    listed = tuple(
        vector_or_scalar(key, *(given if isinstance(given, tuple) else (given,))) for key, given in parameters.items()
    )
    shown = text or (formula if isinstance(formula, str) else formula(3))
    cls = declare_family(Family(formula, domain, listed), name, shown, f"y = {shown}\n\n{doc}")
    cls._in_library = True
    return cls


def _formula(text: str, domain: Any, above_zero: tuple[str, ...], parameters: tuple[Parameter, ...]) -> Formula:
    from symbij.formula.formula import make_formula
    from symbij.formula.interval import POSITIVE
    from symbij.formula.parser import parse
    from symbij.formula.vocabulary import Requirement

    constraints: dict[str, Constraint] = {p.name: p.constraint for p in parameters}
    formula = make_formula(text, domain=domain, constraints=constraints, order=tuple(constraints))
    symbols = {p.name: p.symbol for p in formula.parameters}
    needs = tuple(Requirement(parse(condition, symbols)[0], POSITIVE) for condition in above_zero)
    return replace(formula, requirements=(*formula.requirements, *needs))
