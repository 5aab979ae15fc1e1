"""The training objective: mean negative log-likelihood and its gradient, one kernel over the data.

Trained parameters are optimised through a raw value on the whole line; the library's own bijectors (Softplus, Sigmoid)
carry it into the parameter's constraint, inside the same kernel, so that the gradient is with respect to raw values.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbij.bijectors.base import Bijector
from symbij.bijectors.library.elementary import Identity, Sigmoid, Softplus
from symbij.bijectors.variable import Pick, Variable, value_of
from symbij.distributions.base import Distribution
from symbij.distributions.density import (
    Density,
    InputNames,
    constraints_of,
    lower_log_density,
    parameters_of,
    shape_of,
)
from symbij.errors import ShapeError, UsageError
from symbij.formula.constraints import Constraint
from symbij.kernels.broadcast import broadcast_shape
from symbij.kernels.run import total_sums
from symbij.program.adjoint import gradient
from symbij.program.ir import Builder, Program
from symbij.program.lower import lower_chain
from symbij.program.operations import X
from symbij.program.passes import economised


def constraining_bijector(constraint: Constraint) -> Bijector:
    """The map from the real line into `constraint` (nonzero values are trained as they are)."""
    lo, hi = constraint.lo, constraint.hi
    if math.isfinite(lo) and math.isfinite(hi):
        return Sigmoid(low=lo, high=hi)
    if math.isfinite(lo):
        return Softplus(low=lo)
    if math.isfinite(hi):
        return Softplus(hinge_softness=-1.0, low=hi)
    return Identity()


def combined(a: Constraint, b: Constraint) -> Constraint:
    """Both constraints at once, for a variable that stands in two places."""
    if a == b:
        return a
    return Constraint("interval", max(a.lo, b.lo), min(a.hi, b.hi), a.exclude_zero or b.exclude_zero)


@functools.lru_cache(maxsize=256)
def loss_program(
    shape: Any,
    trained: tuple[int, ...],
    constraints: tuple[Constraint, ...],
    count: int,
    neutral: tuple[tuple[int, float], ...] = (),
) -> Program:
    """-log p(x) and its gradient with respect to the raw values of the inputs numbered `trained`. Inputs that are
    always 0 or 1, as in a standard normal base, are `neutral`: arithmetic with them falls away."""
    b = Builder()
    all_names = InputNames().take(count)
    for k, value in neutral:
        b.bound[all_names[k]] = b.const(value)
    raws = []
    for k, constraint in zip(trained, constraints, strict=True):
        raw = b.input("raw_" + all_names[k])
        raws.append(raw)
        b.bound[all_names[k]] = _constrained(raw, constraint, b)
    log_p = lower_log_density(shape, b.input(X), b, InputNames())
    loss = b.neg(log_p)
    fixed = tuple(n for k, n in enumerate(all_names) if k not in set(trained))
    inputs = (X, *("raw_" + all_names[k] for k in trained), *fixed)
    return economised(b.finish([loss, *gradient(b, loss, raws)], inputs))


def _constrained(raw: Any, constraint: Constraint, b: Builder) -> Any:
    map_ = constraining_bijector(constraint)
    stage = map_._stages()[0]  # type: ignore[index]
    symbols = [p.symbol for p in stage.derivation.formula.parameters]
    env = {s: b.const(float(v)) for s, v in zip(symbols, stage.values, strict=True)}
    return lower_chain(stage.derivation.chain, env, raw, b).value


class Objective:
    """The loss of one distribution, as a function of the raw values `theta` of all its variables together."""

    def __init__(self, distribution: Distribution, density: Density) -> None:
        self.distribution = distribution
        values = list(parameters_of(density))
        limits = list(constraints_of(density))
        sources = [v.source if isinstance(v, Pick) else v for v in values]
        trained = [k for k, s in enumerate(sources) if isinstance(s, Variable)]
        fixed = [k for k in range(len(values)) if k not in set(trained)]
        self.variables: list[Variable] = list(dict.fromkeys(sources[k] for k in trained))
        stray = [v for v in distribution.trainable_variables if v not in self.variables]
        if stray:
            raise UsageError(f"{distribution.name}: {stray[0]!r} does not enter the density through a formula")
        self.constraints: dict[Variable, Constraint] = {}
        for k in trained:
            known = self.constraints.get(sources[k])
            self.constraints[sources[k]] = limits[k] if known is None else combined(known, limits[k])
        self.bijectors = {v: constraining_bijector(c) for v, c in self.constraints.items()}
        neutral = [(k, c) for k in fixed for c in (0.0, 1.0) if (v := value_of(values[k])).size and np.all(v == c)]
        program = loss_program(
            shape_of(density),
            tuple(trained),
            tuple(self.constraints[sources[k]] for k in trained),
            len(values),
            tuple(neutral),
        )
        self.program = program
        self.parameter_shape = broadcast_shape(distribution.name, [value_of(v).shape for v in values])
        self._values, self._trained, self._fixed = values, trained, fixed
        self._offsets = dict(zip(self.variables, np.cumsum([0, *(v.value.size for v in self.variables)]), strict=False))

    def offset(self, variable: Variable) -> int:
        """Where the elements of `variable` begin in theta."""
        return int(self._offsets[variable])

    def start(self) -> np.ndarray:
        """Raw values of the variables as they are."""
        parts = [np.asarray(self.bijectors[v].inverse(v.value), dtype=float).reshape(-1) for v in self.variables]
        return np.concatenate(parts) if parts else np.empty(0)

    def nonzero(self) -> np.ndarray:
        """Which elements of theta must not become exactly zero."""
        flags = [np.full(v.value.size, self.constraints[v].exclude_zero) for v in self.variables]
        return np.concatenate(flags) if flags else np.empty(0, bool)

    def values(self, theta: np.ndarray) -> dict[Variable, np.ndarray]:
        """The variables' values for raw values `theta`."""
        found = {}
        for v in self.variables:
            start = self._offsets[v]
            raw = theta[start : start + v.value.size].reshape(v.value.shape)
            found[v] = np.asarray(self.bijectors[v].forward(raw))
        return found

    def prepare(self, data: np.ndarray) -> Prepared:
        """The data as x[row, observation], with a row for every set of parameters, and the tables that go with it."""
        if math.prod(self.parameter_shape) == 1 and not self.distribution.event_shape:
            x, row_shape = data.reshape(1, -1), (1,) * len(self.parameter_shape)
        else:
            own = self.distribution.batch_shape + self.distribution.event_shape
            full = broadcast_shape(self.distribution.name, [data.shape, own])
            if len(full) <= len(own):
                wanted = ", ".join(map(str, own))
                raise ShapeError(
                    f"{self.distribution.name}: data of shape {data.shape} has no axis of observations in front of "
                    f"batch and event shape {own}; pass data of shape (n, {wanted})"
                )
            x, row_shape = np.broadcast_to(data, full).reshape(full[0], -1).T, full[1:]
        rows = math.prod(row_shape)
        slot = np.empty((len(self._trained), rows), dtype=np.int64)
        for place, k in enumerate(self._trained):
            value = self._values[k]
            source, pick = (value.source, value.index) if isinstance(value, Pick) else (value, ...)
            index = np.arange(source.value.size).reshape(source.value.shape) + self._offsets[source]
            slot[place] = np.broadcast_to(index if pick is ... else index[..., pick], row_shape).reshape(-1)
        packed = np.empty((len(self._values), rows))
        for place, k in enumerate(self._fixed):
            packed[len(slot) + place] = np.broadcast_to(value_of(self._values[k]), row_shape).reshape(-1)
        return Prepared(np.ascontiguousarray(x, dtype=np.float64), packed, slot)

    def loss(self, theta: np.ndarray, data: Prepared) -> tuple[float, np.ndarray]:
        """Mean of -log p over the data, and its gradient."""
        data.packed[: len(data.slot)] = theta[data.slot]
        totals = total_sums(self.program, data.x, data.packed)
        grad = np.zeros_like(theta)
        np.add.at(grad, data.slot, totals[1:])
        n = self.count(data)
        return float(totals[0].sum() / n), grad / n

    def count(self, data: Prepared) -> int:
        """The number of log-probabilities that the mean is over: observations times batch elements."""
        return data.x.size // math.prod(self.distribution.event_shape)


@dataclass
class Prepared:
    """Data x[row, observation]; P[k, row] with room for the trained inputs in front; slot[k, row]: which element of
    theta is trained input k of that row."""

    x: np.ndarray
    packed: np.ndarray
    slot: np.ndarray
