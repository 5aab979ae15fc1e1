"""Runs of derived maps through one kernel: the stages of a chain with their parameter values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbij.bijectors.variable import value_of
from symbij.kernels.broadcast import pack
from symbij.kernels.run import Out, Runner
from symbij.program.ir import Program

if TYPE_CHECKING:
    from symbij.calculus.derivation import Derivation
    from symbij.program.operations import Stage

Shape = tuple[tuple["Derivation", bool], ...]


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
    from symbij.program.operations import Stage

    stages: list[Stage] = []
    inputs: list[tuple[str, Any]] = []
    for index, stage in enumerate(bound):
        names = tuple(f"{prefix}{index}_{k}" for k in range(len(stage.values)))
        stages.append(Stage(stage.derivation, stage.inverted, names))
        inputs += zip(names, stage.values, strict=True)
    return tuple(stages), inputs


@functools.lru_cache(maxsize=4096)
def program_of(shape: Shape, inverse: bool, value: bool, log_det: bool) -> Program:
    """The program of a sequence of derived maps, each forwards or inverted; its inputs are x and all parameters."""
    from symbij.program.operations import flip, transform_program

    bound = [BoundStage(d, inverted, tuple(d.formula.parameters)) for d, inverted in shape]
    stages, inputs = named_stages(bound)
    return transform_program(flip(stages) if inverse else stages, tuple(n for n, _ in inputs), value, log_det)


# (inverse, value, log_det) → the method of a bijector that returns just that
_METHODS = {
    (False, True, False): "forward",
    (True, True, False): "inverse",
    (False, False, True): "forward_log_det_jacobian",
    (True, False, True): "inverse_log_det_jacobian",
}


class FusedTransform:
    """A transform with its parameters, compiled on first use; `programs` gives the program for each operation."""

    def __init__(self, owner: str, programs: Callable[[bool, bool, bool], Program], values: Sequence[Any]) -> None:
        self.owner = owner
        self._programs = programs
        self._packed, self._batch = pack(owner, [value_of(v) for v in values])
        self._runners: dict[tuple[bool, bool, bool], Runner] = {}
        self.shortcuts: dict[str, Callable[[Any], np.ndarray | None]] = {}  # for methods of the bijector

    @classmethod
    def of(cls, owner: str, bound: Sequence[BoundStage]) -> FusedTransform:
        """The map through a sequence of stages."""
        programs = functools.partial(program_of, tuple((s.derivation, s.inverted) for s in bound))
        return cls(owner, programs, [v for s in bound for v in s.values])

    def runner(self, inverse: bool, value: bool, log_det: bool) -> Runner:
        """What computes value, log-det or both, in that order, from arrays."""
        key = (inverse, value, log_det)
        found = self._runners.get(key)
        if found is None:
            found = self._runners[key] = Runner(self.owner, self._programs(*key), self._packed, self._batch)
            if key in _METHODS:
                self.shortcuts[_METHODS[key]] = found.at_once
        return found

    def __call__(self, x: np.ndarray, inverse: bool, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self.runner(inverse, value, log_det)(x, out)
