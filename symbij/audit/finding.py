"""`Check`: what one check of an audit found."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

WORKS = "forward gives numbers"  # the check without which no other has anything to compare
UNFINISHED = "the check could not be finished"  # begins the reason of a skipped check that broke down


class Status(str, enum.Enum):
    """How a check ended. PROVED: true for all inputs, shown symbolically. PASS: true at every point that was tried."""

    PASS = "PASS"
    FAIL = "FAIL"
    PROVED = "PROVED"
    SKIPPED = "SKIPPED"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Witness:
    """One call that anyone can repeat: what the `operation` gave `at` an input, and what is true.

    `ulp` is the error in units in the last place of what is expected, `relative` the relative error; both NaN where a
    number says nothing. `parameters` are those of the subject when they are not the ones it came with.
    """

    operation: str
    at: Any
    got: Any
    expected: Any = None
    ulp: float = math.nan
    relative: float = math.nan
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"{self.operation} at {_show(self.at)}: got {_show(self.got)}"
        if self.expected is not None:
            text += f", expected {_show(self.expected)}"
        if math.isfinite(self.ulp) and self.ulp:
            relative = f", relative error {self.relative:.2g}" if math.isfinite(self.relative) else ""
            text += f" ({self.ulp:.2g} ulp{relative})"
        if self.parameters:
            text += f", with {', '.join(f'{k}={_show(v)}' for k, v in self.parameters.items())}"
        return text


@dataclass(frozen=True)
class Check:
    """The outcome of one check: its status, one line of diagnosis (why, where it was skipped), the worst witness.

    `group` is one of `GROUPS`. `errors` holds (input, error in ulp over the condition number) of every point, for
    plots.
    """

    group: str
    name: str
    status: Status
    diagnosis: str = ""
    witness: Witness | None = None
    errors: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        text = f"{self.status.value:<8}{self.name}"
        text += f": {self.diagnosis}" if self.diagnosis else ""
        return text + (f"\n        {self.witness}" if self.witness is not None else "")


GROUPS = ("symbolic", "values", "log-det", "round trip", "one-to-one", "tails", "parameters", "measure", "multivariate")


def _show(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return np.array2string(value, precision=17, threshold=8, separator=", ", max_line_width=10_000)
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return str(value)
