"""The four operations out of what other libraries offer, on arrays of doubles.

Other libraries' own code computes everything; here it is only called. An inverse log-det is measured at exact doubles
y, so that a library which wants x gets its own inverse of y.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray
Operations = dict[str, Callable[[Array], Array]]
Parameters = Mapping[str, Any]


def of_transform(
    enter: Callable[[Array], Any], forward: Callable[[Any], Any], inverse: Callable[[Any], Any],
    log_det: Callable[[Any, Any], Any],
) -> Operations:  # fmt: skip
    """Of a transform with `log_abs_det_jacobian(x, y)`, as PyTorch and numpyro have it; `enter` makes their arrays."""

    def forward_log_det(x: Array) -> Array:
        there = enter(x)
        return np.asarray(log_det(there, forward(there)))

    def inverse_log_det(y: Array) -> Array:
        there = enter(y)
        return -np.asarray(log_det(inverse(there), there))

    return {
        "forward": lambda x: np.asarray(forward(enter(x))),
        "forward_log_det": forward_log_det,
        "inverse": lambda y: np.asarray(inverse(enter(y))),
        "inverse_log_det": inverse_log_det,
    }


def of_law(
    enter: Callable[[Array], Any], probability: Callable[[Any], Any], quantile: Callable[[Any], Any],
    log_density: Callable[[Any], Any],
) -> Operations:  # fmt: skip
    """Of a law's distribution function: the log-det is its log-density."""
    return of_transform(enter, probability, quantile, lambda x, _: log_density(x))
