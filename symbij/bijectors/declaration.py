"""What is known of a formula once it has been derived, kept on disk: a later run of the same declaration needs neither
sympy nor the derivation until somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symbij.errors import SymbijError
from symbij.formula.constraints import Constraint, as_constraint
from symbij.kernels import cache
from symbij.program.ir import Program

if TYPE_CHECKING:
    from symbij.calculus.derivation import Derivation
    from symbij.formula.formula import Formula


@dataclass(frozen=True)
class Parameter:
    """A parameter as users see it."""

    name: str
    constraint: Constraint
    default: Any = None

    def describe(self) -> str:
        """What values it may take, in words."""
        return self.constraint.describe()


@dataclass(frozen=True)
class Facts:
    """What it takes to bind parameters. `unconditional`: their own constraints are all that must hold of them."""

    text: str
    parameters: tuple[Parameter, ...]
    constant_jacobian: bool
    unconditional: bool


def parameters_of(formula: Formula) -> tuple[Parameter, ...]:
    """The parameters of a formula, without their symbols."""
    return tuple(Parameter(p.name, p.constraint, p.default) for p in formula.parameters)


def facts_of(derivation: Derivation) -> Facts:
    """The facts behind a derivation."""
    formula, domain = derivation.formula, derivation.domain
    return Facts(
        text=formula.text or str(formula.expr),
        parameters=parameters_of(formula),
        constant_jacobian=all(link.name in ("shift", "scale", "divide") for link in derivation.chain),
        unconditional=not (derivation.conditions or domain.lo.free_symbols or domain.hi.free_symbols),
    )


def key_of(formula: Any, domain: Any, constraints: dict[str, Any]) -> str | None:
    """What identifies a declaration made of text and numbers alone; others are not kept."""
    ends = domain if isinstance(domain, (tuple, list)) else ()
    if not isinstance(formula, str) or not (domain is None or isinstance(domain, Constraint) or ends):
        return None
    if not all(isinstance(end, (str, int, float)) for end in ends):
        return None
    try:
        limits = sorted((name, repr(as_constraint(name, value))) for name, value in constraints.items())
    except SymbijError:
        return None  # whatever is wrong with it is said when the formula is made
    return f"declaration {(formula, repr(domain), limits)!r}"


def load_facts(key: str | None) -> Facts | None:
    """The facts kept under `key`, if there are any."""
    return None if key is None else cache.load(key)


def save_facts(key: str | None, facts: Facts) -> None:
    """Keep facts under `key`."""
    if key is not None:
        cache.save(key, facts)


def load_program(key: str | None, operation: tuple[bool, bool, bool]) -> Program | None:
    """The program of an operation (inverse, value, log_det) of a declaration, if it was kept."""
    return None if key is None else cache.load(f"{key} {operation}")


def save_program(key: str | None, operation: tuple[bool, bool, bool], program: Program) -> None:
    """Keep a program."""
    if key is not None:
        cache.save(f"{key} {operation}", program)
