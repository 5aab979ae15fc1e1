"""`Subject`: whatever is audited, behind one face: functions from numpy arrays to numpy arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OPERATIONS = ("forward", "inverse", "forward_log_det", "inverse_log_det")
WORDS = {"forward": "forward", "inverse": "inverse", "forward_log_det": "forward log-det",
         "inverse_log_det": "inverse log-det"}  # fmt: skip
COMBINED = ("forward_and_log_det", "inverse_and_log_det")
FAULTS = (Exception, SystemExit)  # what code of others may raise, that is told; not the interrupt of the keyboard
SHOWN_IN_MESSAGES = 160  # characters of what a subject raised


@dataclass(frozen=True)
class Ends:
    """The interval that a subject says its inputs or outputs come from, elementwise."""

    lo: float = -np.inf
    hi: float = np.inf
    lo_open: bool = True
    hi_open: bool = True

    def __contains__(self, value: float) -> bool:
        above = value > self.lo if self.lo_open else value >= self.lo
        return above and (value < self.hi if self.hi_open else value <= self.hi)

    def __str__(self) -> str:
        return f"{'(' if self.lo_open else '['}{self.lo:g}, {self.hi:g}{')' if self.hi_open else ']'}"


REALS = Ends()


@dataclass(frozen=True, eq=False)
class Subject:
    """A map written by hand, its inverse and log-dets: each a function of a numpy array, or None if it has none.

    Shapes: the rightmost `event_ndims` axes of an input are one event (0: elementwise), the other axes are batch axes.
    A log-det has one number for every event. `forward_and_log_det` and `inverse_and_log_det` return both at once.

    `parameters` are the values that the subject holds, by name. `rebuilt(values)` makes the same subject with other
    values of (some of) them, and is None where that is impossible. `traceable` maps names of operations to functions of
    plain numpy-style Python, called as `function(x, **parameters)`, that may be run with symbols. `event_shape` is
    the shape of one event where the subject fixes it. `flushes_subnormals`: whether the library behind takes
    subnormal numbers for zero. `unused` are names of given parameters that no function takes.
    """

    name: str
    kind: str
    forward: Callable[[np.ndarray], Any] | None
    inverse: Callable[[np.ndarray], Any] | None = None
    forward_log_det: Callable[[np.ndarray], Any] | None = None
    inverse_log_det: Callable[[np.ndarray], Any] | None = None
    forward_and_log_det: Callable[[np.ndarray], Any] | None = None
    inverse_and_log_det: Callable[[np.ndarray], Any] | None = None
    event_ndims: int = 0
    inverse_event_ndims: int | None = None
    event_shape: tuple[int, ...] | None = None
    domain: Ends | None = None
    codomain: Ends | None = None
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float64))
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rebuilt: Callable[[Mapping[str, Any]], Subject] | None = None
    traceable: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    flushes_subnormals: bool = False
    unused: tuple[str, ...] = ()

    def has(self, operation: str) -> bool:
        """Whether the subject has this operation."""
        return getattr(self, operation) is not None

    def call(self, operation: str, values: Any) -> Outcome:
        """What an operation returns for an array, which is copied first; whatever it raises is caught and told."""
        array = np.array(values, dtype=self.dtype)
        before = array.copy()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                returned = getattr(self, operation)(array)
                pair = operation in COMBINED
                parts = tuple(np.asarray(r) for r in returned) if pair else (np.asarray(returned),)
        except FAULTS as error:  # whatever a subject raises is its own fault, and is reported
            return Outcome((), f"raised {type(error).__name__}: {_short(error)}")
        if pair and len(parts) != 2:
            return Outcome((), f"returned {len(parts)} values, expected the pair of value and log-det")
        for part in parts:
            if part.dtype.kind not in "fiub":
                return Outcome((), f"returned {part.dtype} values, expected real numbers")
        changed = not np.array_equal(array, before, equal_nan=True)
        return Outcome(parts, "changed its input in place" if changed else "")


@dataclass(frozen=True)
class Outcome:
    """What a call returned: one array, or two for a combined one; `problem` says what was wrong with the call."""

    parts: tuple[np.ndarray, ...]
    problem: str = ""

    @property
    def value(self) -> np.ndarray:
        return self.parts[0]

    def numbers(self, shape: tuple[int, ...]) -> np.ndarray:
        """The (first) result as doubles of a shape that it broadcasts to; NaN everywhere if there is none."""
        if not self.parts:
            return np.full(shape, np.nan)
        try:
            return np.broadcast_to(np.asarray(self.value, dtype=float), shape)
        except ValueError:
            return np.full(shape, np.nan)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= SHOWN_IN_MESSAGES else text[: SHOWN_IN_MESSAGES - 3] + "..."
