"""Runs of derived maps through one kernel: the stages of a chain with their parameter values."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbij.bijectors.variable import value_of
from symbij.calculus.derivation import Derivation
from symbij.kernels.broadcast import pack
from symbij.kernels.run import Out, Runner
from symbij.program.ir import Program
from symbij.program.operations import Stage, flip, transform_program


@dataclass(frozen=True)
class BoundStage:
    """A derived map, forwards or inverted, with the values of its parameters (numbers, arrays or variables)."""

    derivation: Derivation
    inverted: bool
    values: tuple[Any, ...]

    def flipped(self) -> BoundStage:
        return BoundStage(self.derivation, not self.inverted, self.values)


def named_stages(bound: Sequence[BoundStage], prefix: str = "s") -> tuple[tuple[Stage, ...], list[tuple[str, Any]]]:
    """The stages with a program input for each of their parameters, and (input, value) in order."""
    stages, inputs = [], []
    for index, stage in enumerate(bound):
        names = tuple(f"{prefix}{index}_{k}" for k in range(len(stage.values)))
        stages.append(Stage(stage.derivation, stage.inverted, names))
        inputs += zip(names, stage.values, strict=True)
    return tuple(stages), inputs


@functools.lru_cache(maxsize=4096)
def _program(shape: tuple[tuple[Derivation, bool], ...], inverse: bool, value: bool, log_det: bool) -> Program:
    bound = [BoundStage(d, inverted, tuple(d.formula.parameters)) for d, inverted in shape]
    stages, inputs = named_stages(bound)
    return transform_program(flip(stages) if inverse else stages, tuple(n for n, _ in inputs), value, log_det)


class FusedTransform:
    """The map through a sequence of stages, compiled on first use, its parameters packed once."""

    def __init__(self, owner: str, bound: Sequence[BoundStage]) -> None:
        self.owner = owner
        self._shape = tuple((s.derivation, s.inverted) for s in bound)
        self._packed, self._batch = pack(owner, [value_of(v) for s in bound for v in s.values])
        self._runners: dict[tuple[bool, bool, bool], Runner] = {}

    def runner(self, inverse: bool, value: bool, log_det: bool) -> Runner:
        """What computes value, log-det or both, in that order, from arrays."""
        key = (inverse, value, log_det)
        found = self._runners.get(key)
        if found is None:
            program = _program(self._shape, inverse, value, log_det)
            found = self._runners[key] = Runner(self.owner, program, self._packed, self._batch)
        return found

    def __call__(self, x: np.ndarray, inverse: bool, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self.runner(inverse, value, log_det)(x, out)
