"""Densities as programs: base density, inverse and log-det of a transform in one straight-line program.

A distribution that can be lowered says so with a `Density`: what its log-density is made of, as a tree of base laws,
transforms and mixtures. The tree's shape decides the program; its parameter values are inputs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symbij.bijectors.fused import BoundStage
from symbij.bijectors.variable import value_of
from symbij.formula.constraints import Constraint, real
from symbij.kernels.broadcast import pack
from symbij.kernels.run import Runner
from symbij.program.ir import Builder, Program, Var
from symbij.program.logarithms import with_one_logarithm
from symbij.program.lower import lower, lower_chain
from symbij.program.operations import Stage, X, at_safe_point, flip, interval_conditions, lower_pullback, stage_env

if TYPE_CHECKING:
    from symbij.calculus.derivation import Derivation


@dataclass(frozen=True)
class BaseDensity:
    """The density whose distribution function is a derived bijector: log p = log|cdf'|."""

    cdf: BoundStage


@dataclass(frozen=True)
class PulledBack:
    """The density of f(X): log p(f⁻¹(y)) + log|(f⁻¹)'(y)|, for the stages of f."""

    base: Density
    stages: tuple[BoundStage, ...]


@dataclass(frozen=True)
class MixedDensity:
    """log sum of exp(logit + log p) over the components, less the log-sum-exp of the logits."""

    logits: tuple[Any, ...]
    components: tuple[Density, ...]


@dataclass(frozen=True)
class SummedDensity:
    """The density of f(X) for f with several branches: log of the sum over the preimages x_k of y of
    p(x_k) |dx_k/dy|. The branches, from left to right, have the same parameters."""

    base: Density
    branches: tuple[BoundStage, ...]


Density = BaseDensity | PulledBack | MixedDensity | SummedDensity


def parameters_of(density: Density) -> Iterator[Any]:
    """Parameter values in the order in which `log_density_program` numbers its inputs."""
    match density:
        case BaseDensity(cdf):
            yield from cdf.values
        case PulledBack(base, stages):
            for stage in stages:
                yield from stage.values
            yield from parameters_of(base)
        case SummedDensity(base, branches):
            yield from branches[0].values
            yield from parameters_of(base)
        case MixedDensity(logits, components):
            yield from logits
            for component in components:
                yield from parameters_of(component)


def constraints_of(density: Density) -> Iterator[Constraint]:
    """The constraint of every parameter, in the order of `parameters_of`."""
    match density:
        case BaseDensity(cdf):
            yield from (p.constraint for p in cdf.derivation.formula.parameters)
        case PulledBack(base, stages):
            for stage in stages:
                yield from (p.constraint for p in stage.derivation.formula.parameters)
            yield from constraints_of(base)
        case SummedDensity(base, branches):
            yield from (p.constraint for p in branches[0].derivation.formula.parameters)
            yield from constraints_of(base)
        case MixedDensity(logits, components):
            yield from (real for _ in logits)
            for component in components:
                yield from constraints_of(component)


def shape_of(density: Density) -> Any:
    """What the program depends on: the tree without parameter values, hashable."""
    match density:
        case BaseDensity(cdf):
            return ("base", cdf.derivation)
        case PulledBack(base, stages):
            return ("pulled", tuple((s.derivation, s.inverted) for s in stages), shape_of(base))
        case SummedDensity(base, branches):
            return ("summed", tuple(s.derivation for s in branches), shape_of(base))
        case MixedDensity(_, components):
            return ("mixed", tuple(shape_of(c) for c in components))
    raise TypeError(type(density).__name__)


class InputNames:
    """Hands out input names in order."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def take(self, count: int) -> tuple[str, ...]:
        names = tuple(f"q{len(self.given) + i}" for i in range(count))
        self.given += names
        return names


def lower_log_density(shape: Any, x: Var, b: Builder, names: InputNames) -> Var:
    """log p(x) for a density of this shape; -inf outside its support, NaN for NaN."""
    match shape:
        case ("base", derivation):
            stage = Stage(derivation, False, names.take(len(derivation.formula.parameters)))
            env = stage_env(stage, b)
            inside = interval_conditions(x, derivation.domain, env, b)
            safe = at_safe_point(x, inside, derivation.domain, env, b)
            result = lower_chain(derivation.chain, env, safe, b).log_det
        case ("pulled", items, base):
            stages = [Stage(d, inverted, names.take(len(d.formula.parameters))) for d, inverted in items]
            pulled, inside = lower_pullback(flip(stages), x, b)
            result = lower_log_density(base, pulled.value, b, names) + pulled.log_det
        case ("mixed", components):
            logits = [b.input(n) for n in names.take(len(components))]
            terms = [lg + lower_log_density(c, x, b, names) for lg, c in zip(logits, components, strict=True)]
            result = _log_sum_exp(terms, b) - _log_sum_exp(logits, b)
            return result
        case ("summed", derivations, base):
            result = _log_sum_exp(_branch_terms(derivations, base, x, b, names), b)
            return b.select(b.compare("ne", x, x), x, result)
        case _:
            raise TypeError(shape)
    for condition in inside:
        result = b.select(condition, result, b.const(float("-inf")))
    return b.select(b.compare("ne", x, x), x, result) if inside else result


def _branch_terms(derivations: tuple[Derivation, ...], base: Any, y: Var, b: Builder, names: InputNames) -> list[Var]:
    """log of p(x) |dx/dy| on each branch; -inf on those that do not reach y.

    Where branches meet, all of them have the same preimage of y, which must not count twice if the others end there: a
    branch counts at the lower end of its codomain, at the upper end only if none reaches further. So the density is
    continuous from the right, and at its upper end from the left.
    """
    own = names.take(len(derivations[0].formula.parameters))
    before = len(names.given)
    nothing = b.const(float("-inf"))
    highest = sp.Max(*(d.codomain.hi for d in derivations))
    terms = []
    for derivation in derivations:
        del names.given[before:]  # the base has the same parameters for all branches
        stage = Stage(derivation, False, own)
        pulled, inside = lower_pullback(flip([stage]), y, b)
        log_p = lower_log_density(base, pulled.value, b, names)
        term = b.select(b.compare("ne", log_p, nothing), log_p + pulled.log_det, nothing)  # -inf and +inf: no mass
        for condition in inside:
            term = b.select(condition, term, nothing)
        if derivation.codomain.hi != highest:
            hi, top = (lower(e, stage_env(stage, b), b) for e in (derivation.codomain.hi, highest))
            at_top = b.select(b.compare("ge", y, top), term, nothing)
            term = b.select(b.compare("lt", y, hi), term, at_top)
        terms.append(term)
    return terms


def _log_sum_exp(terms: list[Var], b: Builder) -> Var:
    total = terms[0]
    for term in terms[1:]:
        total = b.call("logaddexp", total, term)
    return total


@functools.lru_cache(maxsize=1024)
def log_density_program(shape: Any) -> Program:
    """The program of log p(x)."""
    b = Builder()
    names = InputNames()
    x = b.input(X)
    result = with_one_logarithm(b, lower_log_density(shape, x, b, names), x)
    return b.finish([result], (X, *names.given))


def log_density_runner(owner: str, density: Density) -> Runner:
    """What computes log p(x), elementwise, with one kernel."""
    packed, batch = pack(owner, [value_of(v) for v in parameters_of(density)])
    return Runner(owner, log_density_program(shape_of(density)), packed, batch)
