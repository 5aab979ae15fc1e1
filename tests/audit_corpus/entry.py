"""`Entry`: one hand-written bijector of the corpus, what is wrong with it, and how to call it without an audit."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

import symbij as sb

Array = np.ndarray
OPERATIONS = ("forward", "inverse", "forward_log_det", "inverse_log_det")
METHODS = {
    "forward": ("forward",),
    "inverse": ("inverse",),
    "forward_log_det": ("forward_log_det_jacobian",),
    "inverse_log_det": ("inverse_log_det_jacobian",),
}


@dataclass(frozen=True)
class Entry:
    """A hand-written bijector: `make()` gives the arguments of `verify`, anew each time, the object as "subject".

    `expected` lists alternatives, each a tuple of words that stand together in the diagnosis of one failed check; it
    is empty for a correct bijector. `group` names the checks that should notice. `source` is the public report whose
    fault is made anew here, "owner/repository#number", or empty for a classic.

    `definition` is what the map should be, for mpmath's numbers (of vectors: lists of numbers), with the parameters as
    keywords. `inputs` are points to compare it at. `fault` says what differs from it there: an operation, or "fold",
    "state", "shape", "dtype", "input" (which is changed), "codomain"; empty for correct bijectors. `shown_with` are the
    parameters that bring the fault out, where it does not show with those of `make()`. `reach` bounds the size of
    inputs at which a correct bijector is compared.
    """

    name: str
    make: Callable[[], dict[str, Any]]
    definition: Callable[..., Any]
    inputs: tuple[Any, ...]
    expected: tuple[tuple[str, ...], ...] = ()
    fault: str = ""
    group: str = ""
    source: str = ""
    note: str = ""
    shown_with: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reach: float = 1e4

    @property
    def correct(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.expected

    @property
    def event_ndims(self) -> int:
        """The number of axes that make one event."""
        return self.make().get("event_ndims", 0)


def find_operation(made: Mapping[str, Any], name: str, parameters: Mapping[str, Any]) -> Callable[[Array], Any] | None:
    """One operation of what `make()` returned, as a function of an array; None if there is none.

    The corpus is called by this, not by the code under test, where it is compared with mpmath.
    """
    subject = made.get("subject")
    if subject is None:
        function = made.get(name)
        if function is None:
            return None
        if not isinstance(function, np.ufunc) and "y" in list(inspect.signature(function).parameters)[1:]:
            return lambda x: function(x, made["forward"](x, **parameters), **parameters)
        return lambda x: function(x, **parameters)
    if isinstance(subject, sb.Bijector) and name.endswith("log_det"):
        method = getattr(subject, METHODS[name][0])
        return lambda x: method(x, event_ndims=made.get("event_ndims", 0))
    if name == "forward_log_det" and hasattr(subject, "log_abs_det_jacobian"):
        return lambda x: subject.log_abs_det_jacobian(x, subject.forward(x))
    return next((getattr(subject, m) for m in METHODS[name] if hasattr(subject, m)), None)
