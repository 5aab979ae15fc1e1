"""The program behind the forward methods of a map with several branches."""

from __future__ import annotations

from collections.abc import Sequence

from symbij.calculus.derivation import Derivation
from symbij.program.ir import Builder, Program
from symbij.program.lower import lower
from symbij.program.operations import Stage, X, lower_stages, stage_env


def branches_program(branches: Sequence[Derivation], names: tuple[str, ...], value: bool, log_det: bool) -> Program:
    """The value of the branch in which x lies, its log|derivative|, or both, in that order; NaN between branches.

    `branches` stand from left to right, with the same parameters, whose inputs are `names`.
    """
    b = Builder()
    x = b.input(X)
    stages = [Stage(d, False, names) for d in branches]
    results = [lower_stages((stage,), x, b) for stage in stages]
    chosen = results[-1]
    y, fldj = chosen.value, chosen.log_det
    for stage, result in zip(stages[-2::-1], results[-2::-1], strict=True):
        end = lower(stage.derivation.domain.hi, stage_env(stage, b), b)
        here = b.compare("le", x, end)
        y, fldj = b.select(here, result.value, y), b.select(here, result.log_det, fldj)
    return b.finish([y] * value + [fldj] * log_det, (X, *names))
