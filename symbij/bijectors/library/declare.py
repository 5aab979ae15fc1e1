"""`declared`: one library class from one forward formula."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbij.bijectors.declaration import Parameter, key_of
from symbij.bijectors.derived import DerivedBijector, declare_parts
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
