"""Subjects written by hand, and the settings of their audits, for the tests of single checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from symbij.audit.finding import Check, Status
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import REALS, Ends, Subject

NAMES = ("forward", "inverse", "forward_log_det", "inverse_log_det", "forward_and_log_det", "inverse_and_log_det")


def subject(parameters: Mapping[str, Any] | None = None, **fields: Any) -> Subject:
    """A subject of functions f(x, **parameters), which can be had with other parameters."""
    functions = {name: fields.pop(name) for name in NAMES if name in fields}

    def make(values: Mapping[str, Any]) -> Subject:
        bound = {name: _bound(f, values) for name, f in functions.items()}
        return Subject(**{"name": "hand", "kind": "functions", "forward": None, "parameters": dict(values),
                          "rebuilt": make if parameters else None, **bound, **fields})  # fmt: skip

    return make(parameters or {})


def setting(of: Subject, *others: Mapping[str, Any], domain: Ends = REALS, codomain: Ends | None = None) -> Setting:
    """The audit of a black box, with `others` as further sets of parameters."""

    def case(changed: Mapping[str, Any]) -> Case:
        values = {**of.parameters, **changed}
        held = of.rebuilt(values) if changed and of.rebuilt else of
        return Case(held, None, values, changed, (domain, codomain), 40, 0)

    return Setting(of, None, False, (case({}), *map(case, others)), 40, 0)


def failures(checks: Iterator[Check]) -> list[str]:
    """Diagnoses of the failed checks."""
    return [f"{c.name}: {c.diagnosis}" for c in checks if c.status is Status.FAIL]


def affine(**changes: Any) -> Subject:
    """a*x + b with the right inverse and log-dets, but for `changes`."""
    return subject(**{
        "parameters": {"a": 2.5, "b": -0.7},
        "forward": lambda x, a, b: a * x + b,
        "inverse": lambda y, a, b: (y - b) / a,
        "forward_log_det": lambda x, a, b: np.log(np.abs(a)) + np.zeros_like(x),
        "inverse_log_det": lambda y, a, b: -np.log(np.abs(a)) + np.zeros_like(y),
        **changes,
    })  # fmt: skip


def cubic(**changes: Any) -> Subject:
    """(a*x + b)**3 with the right inverse and log-dets, but for `changes`."""

    def log_det(x: np.ndarray, a: float, b: float) -> np.ndarray:
        return np.log(3.0) + np.log(np.abs(a)) + 2.0 * np.log(np.abs(a * x + b))

    return subject(**{
        "parameters": {"a": 1.5, "b": -1.0},
        "forward": lambda x, a, b: (a * x + b) ** 3,
        "inverse": lambda y, a, b: (np.cbrt(y) - b) / a,
        "forward_log_det": log_det,
        "inverse_log_det": lambda y, a, b: -np.log(3.0) - np.log(np.abs(a)) - 2.0 / 3.0 * np.log(np.abs(y)),
        **changes,
    })  # fmt: skip


L = np.array([[1.0, 0.0, 0.0], [0.3, -0.7, 0.0], [0.2, 0.1, 2.0]])


def triangular(**changes: Any) -> Subject:
    """tanh of a lower triangular matrix times x, for vectors of three."""
    return subject(**{
        "forward": lambda x: np.tanh(x @ L.T),
        "inverse": lambda y: np.arctanh(y) @ np.linalg.inv(L).T,
        "forward_log_det": lambda x: (
            np.log(0.7 * 2.0) + np.sum(np.log(4.0) - 2 * np.logaddexp(x @ L.T, -(x @ L.T)), axis=-1)
        ),
        "inverse_log_det": lambda y: -np.log(1.4) - np.sum(np.log1p(-(y**2)), axis=-1),
        "event_ndims": 1,
        **changes,
    })  # fmt: skip


def stick_breaking(**changes: Any) -> Subject:
    """Vectors of n to points of a simplex of n + 1, by breaking a stick."""

    def shares(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        offset = np.log(np.arange(x.shape[-1], 0, -1.0))
        z = 1 / (1 + np.exp(-(x - offset)))
        left = np.cumprod(1 - z, axis=-1)
        return z, left

    def forward(x: np.ndarray) -> np.ndarray:
        z, left = shares(x)
        before = np.concatenate([np.ones_like(left[..., :1]), left[..., :-1]], axis=-1)
        return np.concatenate([z * before, left[..., -1:]], axis=-1)

    def inverse(y: np.ndarray) -> np.ndarray:
        left = 1 - np.cumsum(y[..., :-1], axis=-1)
        before = np.concatenate([np.ones_like(left[..., :1]), left[..., :-1]], axis=-1)
        z = y[..., :-1] / before
        return np.log(z / (1 - z)) + np.log(np.arange(z.shape[-1], 0, -1.0))

    def log_det(x: np.ndarray) -> np.ndarray:
        z, left = shares(x)
        before = np.concatenate([np.ones_like(left[..., :1]), left[..., :-1]], axis=-1)
        return np.sum(np.log(z) + np.log1p(-z) + np.log(before), axis=-1)

    return subject(**{"forward": forward, "inverse": inverse, "forward_log_det": log_det,
                      "inverse_log_det": lambda y: -log_det(inverse(y)), "event_ndims": 1, **changes})  # fmt: skip


def _bound(function: Callable[..., Any], values: Mapping[str, Any]) -> Callable[[np.ndarray], Any]:
    return lambda x: function(x, **values)
