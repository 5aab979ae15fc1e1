"""Ordinary inputs for a subject: numbers of an interval, and events (vectors, matrices) that a map accepts.

Nothing is extreme here: these inputs serve checks that ask how a subject behaves, not how accurate it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbij.audit.subject import Ends, Subject

TRIED = 10  # events with which a kind of events is tried
NEAR = 1e-3  # relative distance within which an event is said to have come back
EVENT_SHAPES: dict[int, tuple[tuple[int, ...], ...]] = {
    0: ((),),
    1: ((3,), (4,), (2,), (6,), (1,)),
    2: ((3, 3), (2, 2), (2, 3)),
    3: ((2, 2, 2), (1, 4, 4)),
}


def ordinary(ends: Ends, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float64) -> np.ndarray:
    """Different numbers of ordinary size inside an interval, in random order, exact in `dtype`."""
    if np.isfinite(ends.lo) and np.isfinite(ends.hi):
        found = ends.lo + (ends.hi - ends.lo) * rng.uniform(0.05, 0.95, shape)
    elif np.isfinite(ends.lo):
        found = ends.lo + rng.lognormal(0.0, 0.7, shape)
    elif np.isfinite(ends.hi):
        found = ends.hi - rng.lognormal(0.0, 0.7, shape)
    else:
        found = rng.normal(0.0, 1.3, shape)
    return np.asarray(found, dtype=dtype).astype(float)


@dataclass(frozen=True, eq=False)
class Events:
    """Events that a subject accepts. `free` are their coordinates, of which they have as many as dimensions.

    `lift` makes events from rows of coordinates. `kind` names the set that the events come from; empty for all of the
    real space (or the box that the domain is). `held` is the batch shape that the subject's parameters give results.
    """

    subject: Subject
    shape: tuple[int, ...]
    free: np.ndarray
    lift: Callable[[np.ndarray], np.ndarray]
    kind: str
    held: tuple[int, ...]

    @property
    def points(self) -> np.ndarray:
        """The events, one a row."""
        return self.lift(self.free)

    def results(self, operation: str, events: np.ndarray) -> np.ndarray:
        """Results for events, one a row, by the first of the parameters in a batch. NaN if there is none."""
        return results(self.subject, operation, events, events.ndim - 1, self.held)


def results(
    subject: Subject, operation: str, events: np.ndarray, event_ndims: int, held: tuple[int, ...]
) -> np.ndarray:
    """What an operation gives for a batch of events (batch, *event), as doubles; shape (batch,) of NaN if nothing."""
    count, event = events.shape[0], events.shape[1:]
    arranged = np.broadcast_to(events.reshape(count, *(1 for _ in held), *event), (count, *held, *event))
    outcome = subject.call(operation, arranged)
    if not outcome.parts:
        return np.full(count, np.nan)
    value = np.asarray(outcome.value, dtype=float)
    if value.ndim == 0 or (count != 1 and value.shape[0] != count):
        try:
            value = np.broadcast_to(value, (count, *value.shape[1:]))
        except ValueError:
            return np.full(count, np.nan)
    return value[(slice(None), *(0 for _ in held))] if value.ndim > len(held) else value


def find_events(subject: Subject, domain: Ends, count: int, rng: np.random.Generator) -> Events | str:
    """Events of a shape and kind that the forward map accepts, or why there are none.

    Vectors and matrices without constraints are preferred: they are taken if one of them comes back from the inverse,
    so that an inverse that is wrong here and there is not taken for a constrained domain. Else ordered vectors,
    simplices, lower triangular, positive definite matrices and Cholesky factors of correlations are tried.
    """
    reason, fallback = "the forward map has no finite values for events of the shapes tried", None
    for shape in _shapes(subject):
        for kind, free, lift in _kinds(shape, domain, max(count, TRIED), rng, subject.dtype):
            events = lift(free)
            outcome = subject.call("forward", events[0])
            if not outcome.parts:
                reason = f"forward of an event of shape {shape} {outcome.problem}"
                break
            ndims = subject.inverse_event_ndims
            held = _held(np.shape(outcome.value), subject.event_ndims if ndims is None else ndims)
            found = Events(subject, shape, free[:count], lift, kind, held)
            images = found.results("forward", events)
            if images.ndim == 1 and subject.event_ndims > 0 and not np.any(np.isfinite(images)):
                continue
            if not np.all(np.isfinite(images)):
                continue
            if not subject.has("inverse") or np.any(came_back(events, found.results("inverse", images))):
                return found
            fallback = fallback or found
        if fallback is not None:
            return fallback
    return reason


@dataclass(frozen=True, eq=False)
class Pool:
    """Inputs x and y of the maps of a subject, one event a row, and the batch shape that its parameters have."""

    x: np.ndarray | None
    y: np.ndarray | None
    held: tuple[int, ...]
    kind: str = ""

    def of(self, operation: str) -> np.ndarray | None:
        """The inputs of an operation."""
        return self.y if operation.startswith("inverse") else self.x

    def arranged(self, operation: str, rows: Any, batch: tuple[int, ...], *, expanded: bool = True) -> np.ndarray:
        """Inputs of a batch shape, the same for all parameters: repeated for them, or with axes of one."""
        points = self.of(operation)
        assert points is not None
        ones = tuple(1 for _ in self.held) if batch else ()
        found = np.reshape(points[rows], (*batch, *ones, *points.shape[1:]))
        return np.broadcast_to(found, (*batch, *self.held, *points.shape[1:])) if expanded and batch else found


def pool_of(subject: Subject, ends: tuple[Ends, Ends | None], count: int, rng: np.random.Generator) -> Pool | str:
    """Inputs for all operations: x in the domain, y their images; or why there are none."""
    if subject.event_ndims:
        found = find_events(subject, ends[0], count, rng) if subject.has("forward") else "there is no forward map"
        if isinstance(found, str):
            return found
        return Pool(found.points, found.results("forward", found.points), found.held, found.kind)
    first = "forward" if subject.has("forward") else "inverse"
    points = ordinary(ends[0] if first == "forward" else ends[1] or Ends(), (count,), rng, subject.dtype)
    outcome = subject.call(first, points[0])
    held = np.shape(outcome.value) if outcome.parts else ()
    if held == (1,) and not any(np.ndim(v) for v in subject.parameters.values()):
        held = ()  # made of a number by the map, not by its parameters
    images: np.ndarray | None = results(subject, first, points, 0, held)
    if images is None or images.shape != points.shape or not np.all(np.isfinite(images)):
        codomain = ends[1] if first == "forward" else ends[0]
        images = None if codomain is None else ordinary(codomain, (count,), rng, subject.dtype)
    return Pool(points, images, held) if first == "forward" else Pool(images, points, held)


def came_back(events: np.ndarray, back: np.ndarray, near: float = NEAR) -> np.ndarray:
    """Which events a round trip led back to."""
    if back.shape != events.shape:
        return np.zeros(len(events), dtype=bool)
    axes = tuple(range(1, events.ndim))
    with np.errstate(all="ignore"):
        size = np.max(np.abs(events), axis=axes, initial=1e-3)
        return np.asarray(np.max(np.abs(back - events), axis=axes, initial=0.0) <= near * size)


def _shapes(subject: Subject) -> list[tuple[int, ...]]:
    """Shapes of events to try: the subject's own, those of its parameters, small ones."""
    if subject.event_shape is not None:
        return [subject.event_shape]
    ndims = subject.event_ndims
    held = [np.shape(v)[-ndims:] for v in subject.parameters.values() if 0 < ndims <= np.ndim(v)]
    return list(dict.fromkeys([*held, *EVENT_SHAPES.get(ndims, ())]))


def _held(shape: tuple[int, ...], event_ndims: int) -> tuple[int, ...]:
    return shape[: max(0, len(shape) - event_ndims)]


Kind = tuple[str, np.ndarray, Callable[[np.ndarray], np.ndarray]]


def _kinds(shape: tuple[int, ...], domain: Ends, count: int, rng: np.random.Generator, dtype: Any) -> Iterator[Kind]:
    """Kinds of events of a shape: a name, coordinates of some, and how events are made of coordinates."""
    size = int(np.prod(shape, dtype=int))
    plain = ordinary(domain, (count, size), rng, dtype)

    def reshaped(free: np.ndarray) -> np.ndarray:
        return free.reshape(-1, *shape)

    yield "", plain, reshaped
    if len(shape) == 1 and size > 1:
        yield "ordered vectors", np.sort(plain, axis=1), reshaped
        shares = rng.dirichlet(np.full(size, 3.0), count)[:, :-1]
        yield "points of a simplex", _as(shares, dtype), _simplex
    if len(shape) == 2 and shape[0] == shape[1]:
        d = shape[0]
        lower, strict = np.tril_indices(d), np.tril_indices(d, -1)
        factors = np.zeros((count, d, d))
        factors[(slice(None), *lower)] = rng.normal(0.0, 0.7, (count, len(lower[0])))
        factors[:, range(d), range(d)] = rng.lognormal(0.0, 0.4, (count, d))
        yield "lower triangular matrices", _as(factors[(slice(None), *lower)], dtype), _filled(d, lower, False)
        products = factors @ np.swapaxes(factors, 1, 2)
        yield "positive definite matrices", _as(products[(slice(None), *lower)], dtype), _filled(d, lower, True)
        if d > 1:
            cosines = rng.uniform(-0.8, 0.8, (count, len(strict[0]))) / np.sqrt(d - 1)
            yield "Cholesky factors of correlation matrices", _as(cosines, dtype), _correlation(d, strict)


def _as(values: np.ndarray, dtype: Any) -> np.ndarray:
    return np.asarray(values, dtype=dtype).astype(float)


def _simplex(free: np.ndarray) -> np.ndarray:
    return np.concatenate([free, 1 - np.sum(free, axis=1, keepdims=True)], axis=1)


def _filled(d: int, places: Any, symmetric: bool) -> Callable[[np.ndarray], np.ndarray]:
    def lift(free: np.ndarray) -> np.ndarray:
        matrices = np.zeros((len(free), d, d))
        matrices[(slice(None), *places)] = free
        if symmetric:
            matrices = matrices + np.swapaxes(np.tril(matrices, -1), 1, 2)
        return matrices

    return lift


def _correlation(d: int, strict: Any) -> Callable[[np.ndarray], np.ndarray]:
    def lift(free: np.ndarray) -> np.ndarray:
        matrices = _filled(d, strict, False)(free)
        with np.errstate(all="ignore"):
            matrices[:, range(d), range(d)] = np.sqrt(1 - np.sum(matrices**2, axis=2))
        return matrices

    return lift
