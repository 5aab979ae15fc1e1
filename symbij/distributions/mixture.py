"""Categorical laws, and mixtures of laws weighted by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax

from symbij.bijectors.variable import Pick, Variable, value_of
from symbij.distributions.base import Distribution
from symbij.distributions.density import Density, MixedDensity
from symbij.errors import ParameterError, ShapeError, UsageError
from symbij.kernels.broadcast import as_float_array, broadcast_shape

_BISECTIONS = 1100  # enough to separate any two doubles


class Categorical(Distribution):
    """P(X = k) = probs[k], or softmax(logits)[k]; events are the integers 0 .. K-1.

    Shapes: the last axis of `probs` or `logits` holds the K categories, the others are `batch_shape`. Logits can be
    trained. Raises `ParameterError` for probabilities that are negative or do not sum to 1, and for NaN.
    """

    def __init__(self, logits: Any = None, probs: Any = None, *, name: str | None = None) -> None:
        if (logits is None) == (probs is None):
            raise ParameterError("Categorical needs either logits or probs")
        if isinstance(probs, Variable):
            raise ParameterError(
                "Categorical: probs cannot be trained, since they must sum to 1; train logits=Variable(...)"
            )
        key, given = ("probs", probs) if logits is None else ("logits", logits)
        value = (
            given if isinstance(given, Variable) else as_float_array(given, f"Categorical: {key}").astype(np.float64)
        )
        array = value_of(value)
        if array.ndim < 1 or array.shape[-1] < 1:
            raise ShapeError(f"Categorical: {key} needs an axis of categories, got shape {array.shape}")
        if key == "probs" and (np.any(~(array >= 0)) or not np.allclose(array.sum(-1), 1.0, rtol=1e-6, atol=1e-6)):
            raise ParameterError(f"Categorical: probs must be non-negative and sum to 1, got {array.tolist()}")
        if key == "logits" and np.any(np.isnan(array)):
            raise ParameterError("Categorical: logits contain NaN")
        super().__init__(name=name, parameters={key: value})
        self.num_categories = array.shape[-1]

    def _logits(self) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(value_of(self._parameters["probs"])) if "probs" in self._parameters else value_of(self.logits)

    def probabilities(self) -> np.ndarray:
        """Probabilities of the categories, over the last axis."""
        return softmax(self._logits(), axis=-1)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._logits().shape[:-1]

    def _log_prob(self, x: np.ndarray) -> np.ndarray:
        runner = self._log_density_runner()
        if runner is not None:
            return runner(x)[0]
        logs = log_softmax(self._logits(), axis=-1)
        shape = broadcast_shape(self.name, [x.shape, logs.shape[:-1]])
        index = np.broadcast_to(x, shape)
        valid = (index >= 0) & (index < self.num_categories) & (index == np.floor(index))
        safe = np.where(valid, index, 0).astype(int)
        picked = np.take_along_axis(np.broadcast_to(logs, (*shape, self.num_categories)), safe[..., None], -1)[..., 0]
        return np.where(valid, picked, -np.inf)

    def _sample_to(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        cumulative = np.cumsum(self.probabilities(), axis=-1)
        u = rng.random(shape) * cumulative[..., -1]
        return (u[..., None] >= cumulative).sum(-1)

    def _cdf(self, x: np.ndarray) -> np.ndarray:
        cumulative = np.cumsum(self.probabilities(), axis=-1)
        k = np.clip(np.floor(x), -1, self.num_categories - 1).astype(int)
        shape = broadcast_shape(self.name, [x.shape, cumulative.shape[:-1]])
        full = np.broadcast_to(cumulative, (*shape, self.num_categories))
        picked = np.take_along_axis(full, np.broadcast_to(np.maximum(k, 0), shape)[..., None], -1)[..., 0]
        return np.where(np.isnan(x), np.nan, np.where(k < 0, 0.0, picked))


class Mixture(Distribution):
    """p(x) = sum over k of P(cat = k) * components[k].p(x).

    Shapes: batch shapes of `cat` and of the components broadcast; components share one event shape. Quantiles are found
    by bisection. Raises `ShapeError` if the number of components is not that of categories or event shapes differ.
    """

    def __init__(self, cat: Categorical, components: Sequence[Distribution], *, name: str | None = None) -> None:
        components = list(components)
        if not isinstance(cat, Categorical):
            raise UsageError(f"Mixture: cat must be a Categorical, got {type(cat).__name__}")
        if not components or any(not isinstance(c, Distribution) for c in components):
            raise UsageError("Mixture: components must be a non-empty list of distributions")
        if len(components) != cat.num_categories:
            raise ShapeError(
                f"Mixture: cat has {cat.num_categories} categories, but there are {len(components)} components"
            )
        events = {c.event_shape for c in components}
        if len(events) != 1:
            raise ShapeError(f"Mixture: components differ in event_shape: {sorted(events)}")
        super().__init__(name=name, parameters={"cat": cat, "components": components})

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return broadcast_shape(self.name, [self.cat.batch_shape, *(c.batch_shape for c in self.components)])

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self.components[0].event_shape

    def _density(self) -> Density | None:
        parts = [c._density() if not c.event_shape else None for c in self.components]
        if any(p is None for p in parts):
            return None
        source = self.cat.parameters.get("logits", self.cat._logits())
        return MixedDensity(tuple(Pick(source, k) for k in range(len(parts))), tuple(parts))  # type: ignore[arg-type]

    def _log_prob(self, x: np.ndarray) -> np.ndarray:
        runner = self._log_density_runner()
        if runner is not None:
            return runner(x)[0]
        logs = np.stack(np.broadcast_arrays(*(c.log_prob(x) for c in self.components)), axis=-1)
        return np.asarray(logsumexp(logs + log_softmax(self.cat._logits(), axis=-1), axis=-1))

    def _sample_to(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        events = len(self.event_shape)
        which = self.cat._sample_to(shape[: len(shape) - events], rng)
        which = which.reshape(which.shape + (1,) * events)
        result = np.zeros(shape)
        for k, component in enumerate(self.components):
            result = np.where(which == k, component._sample_to(shape, rng), result)
        return result

    def _weighted(self, values: list[np.ndarray]) -> np.ndarray:
        weights = self.cat.probabilities()
        return np.asarray(sum(weights[..., k] * v for k, v in enumerate(values)))

    def _cdf(self, x: np.ndarray) -> np.ndarray:
        return self._weighted([c._cdf(x) for c in self.components])

    def _survival(self, x: np.ndarray) -> np.ndarray:
        return self._weighted([c._survival(x) for c in self.components])

    def _quantile(self, p: np.ndarray) -> np.ndarray:
        """By bisection between the smallest and the largest quantile of the components, to the last bit."""
        ends = np.broadcast_arrays(*(c._quantile(p) for c in self.components))
        lo, hi = np.minimum.reduce(ends), np.maximum.reduce(ends)
        for _ in range(_BISECTIONS):
            middle = 0.5 * lo + 0.5 * hi
            if np.all((middle <= lo) | (middle >= hi) | np.isnan(middle) | np.isinf(middle)):
                break
            below = self._cdf(middle) < p
            lo, hi = np.where(below, middle, lo), np.where(below, hi, middle)
        return hi

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        ends = [c._support() for c in self.components]
        lows, highs = zip(*ends, strict=True)
        return np.minimum.reduce(np.broadcast_arrays(*lows)), np.maximum.reduce(np.broadcast_arrays(*highs))
