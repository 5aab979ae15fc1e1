"""`fit`: maximum likelihood for the variables of a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbij.bijectors.tree import substitute, walk
from symbij.bijectors.variable import Variable
from symbij.distributions.base import Distribution, as_generator
from symbij.errors import DataError, ParameterError, ShapeError, UsageError
from symbij.fitting.objective import Objective
from symbij.fitting.optimise import adam, check_start, lbfgs
from symbij.fitting.result import FitResult, _number
from symbij.kernels.broadcast import as_float_array, broadcast_shape

DEFAULT_EPOCHS = {"adam": 100, "lbfgs": 1000}


def fit(
    dist: Distribution,
    data: Any,
    validation: Any = None,
    *,
    method: str = "adam",
    epochs: int | None = None,
    batch_size: int | None = 128,
    learning_rate: float = 1e-3,
    shuffle: bool = True,
    seed: int | np.random.Generator | None = None,
    progress: bool | None = None,
) -> FitResult:
    """Minimise the mean of -log p(data) over the `Variable`s in `dist`.

    `data` has observations along its first axis. `method` is "adam" (minibatches of `batch_size`, None for all data at
    once; `epochs` passes, 100 by default) or "lbfgs" (all data; at most `epochs` iterations, 1000 by default).
    Parameters stay inside their constraints. `progress` None shows a bar on a terminal. Ctrl-C returns the best so far.

    Raises `DataError` for NaN or data outside the support (with the count and the first index) and `UsageError` if
    there is nothing to train or the density is not made of formulas.
    """
    if not isinstance(dist, Distribution):
        raise UsageError(f"fit needs a distribution first, got {type(dist).__name__}")
    if method not in DEFAULT_EPOCHS:
        raise ParameterError(f"method must be 'adam' or 'lbfgs', got {method!r}")
    if not dist.trainable_variables:
        raise UsageError(f"{dist.name} has nothing to train; give a parameter as sb.Variable(start)")
    density = dist._trainable_density()
    epochs = DEFAULT_EPOCHS[method] if epochs is None else _positive_int("epochs", epochs)
    if not isinstance(learning_rate, (int, float)) or not 0 < learning_rate < np.inf:
        raise ParameterError(f"learning_rate must be a positive number, got {learning_rate!r}")
    objective = Objective(dist, density)
    train_data = checked_data(dist, data, "data")
    prepared = objective.prepare(train_data)
    held_out = None if validation is None else objective.prepare(checked_data(dist, validation, "validation data"))
    if dist._density() is not None:  # a hand-written part is judged by its traced form alone, in check_start
        at_start = np.asarray(dist.log_prob(train_data))
        where = "its density is zero or infinite there; remove it or choose other starting values"
        refuse(~np.isfinite(at_start), at_start, "data has no finite log-density at the starting values", where)
    check_start(objective, prepared)
    if method == "adam":
        state = adam(
            objective, prepared, held_out, epochs=epochs,
            batch_size=prepared.x.shape[1] if batch_size is None else _positive_int("batch_size", batch_size),
            learning_rate=float(learning_rate), shuffle=shuffle, rng=as_generator(seed), progress=progress,
        )  # fmt: skip
    else:
        state = lbfgs(objective, prepared, held_out, epochs=epochs, progress=progress)
    values = objective.values(state.theta)
    fitted = substitute(dist, {v: Variable(value, v.name) for v, value in values.items()})
    history = {"train": state.train} | ({"validation": state.validation} if validation is not None else {})
    return FitResult(
        distribution=fitted,
        parameters={path: _number(values[v]) for path, v in _first_paths(dist)},
        history=history,
        converged=state.converged,
        message=state.message,
        log_likelihood=-objective.loss(state.theta, prepared)[0] * objective.count(prepared),
        initial=dist,
        data=train_data,
        _objective=objective,
        _prepared=prepared,
        _theta=state.theta,
    )


def _first_paths(dist: Distribution) -> list[tuple[str, Variable]]:
    """Every variable once, with the first path that leads to it."""
    paths: dict[Variable, str] = {}
    for path, variable in walk(dist):
        paths.setdefault(variable, path)
    return [(path, variable) for variable, path in paths.items()]


def checked_data(dist: Distribution, data: Any, what: str) -> np.ndarray:
    """`data` as an array of floats, all finite and inside the support of `dist`."""
    array = checked_finite(as_float_array(data, what), what)
    events = dist.event_shape
    if events and array.shape[-len(events) :] != events:
        raise ShapeError(f"{what} of shape {array.shape} does not end in the event shape {events} of {dist.name}")
    lo, hi = dist._support()
    broadcast_shape(f"{dist.name}: {what} and parameters", [array.shape, lo.shape, hi.shape])
    outside = (array < lo) | (array > hi)
    span = f"[{np.min(lo):g}, {np.max(hi):g}]"
    refuse(outside, array, f"{what} lies outside the support {span} of {dist.name}", "its density is zero there")
    return array


def checked_finite(array: np.ndarray, what: str) -> np.ndarray:
    """`array`, which must have observations and be free of NaN and infinities."""
    if array.ndim == 0 or array.shape[0] == 0:
        raise DataError(f"{what} must have at least one observation along its first axis, got shape {array.shape}")
    refuse(~np.isfinite(array), array, f"{what} holds NaN or infinite values", "remove them before fitting")
    return array


def refuse(bad: np.ndarray, array: np.ndarray, problem: str, advice: str) -> None:
    """Raise `DataError` with the count and the first index of the elements that are `bad`."""
    if not bad.any():
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    shape = array if array.shape == bad.shape else np.broadcast_to(array, bad.shape)
    index = first[0] if len(first) == 1 else first
    raise DataError(
        f"{problem}: {int(bad.sum())} of {bad.size}, first at index {index} (value {float(shape[first])!r}); {advice}"
    )


def _positive_int(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or int(value) != value or value < 1:
        raise ParameterError(f"{name} must be a positive integer, got {value!r}")
    return int(value)
