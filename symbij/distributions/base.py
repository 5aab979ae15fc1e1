"""`Distribution`: the contract of all distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbij.bijectors.base import Bijector, delivered
from symbij.bijectors.tree import Node
from symbij.distributions.density import Density, log_density_runner
from symbij.errors import ParameterError, UsageError
from symbij.kernels.broadcast import as_float_array
from symbij.kernels.run import Runner


class Distribution(Node):
    """A probability law over events of shape `event_shape`, one for every index of `batch_shape`.

    `sample(n)` has shape (*n, *batch_shape, *event_shape); `log_prob(x)` broadcasts x against
    (*batch_shape, *event_shape) and sums over the event axes.
    """

    def __init__(self, *, name: str | None = None, parameters: dict[str, Any] | None = None) -> None:
        self.name = name or type(self).__name__
        self._parameters = dict(parameters or {})

    # What subclasses define.

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the set of laws that the parameters describe."""
        raise NotImplementedError

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one draw."""
        return ()

    def _sample_to(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws that fill `shape`, to whose trailing axes the parameters broadcast."""
        raise NotImplementedError

    def _log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p(x); a law whose density can be lowered need not define it."""
        runner = self._log_density_runner()
        if runner is None:
            raise NotImplementedError(f"{self.name} does not define _log_prob")
        return runner(x)[0]

    def _cdf(self, x: np.ndarray) -> np.ndarray:
        raise UsageError(f"{self.name} has no distribution function: its events have shape {self.event_shape}")

    def _survival(self, x: np.ndarray) -> np.ndarray:
        return 1.0 - self._cdf(x)

    def _quantile(self, p: np.ndarray) -> np.ndarray:
        raise UsageError(f"{self.name} has no quantiles: its events have shape {self.event_shape}")

    def _quantile_from_above(self, p: np.ndarray) -> np.ndarray:
        """The x that is exceeded with probability p."""
        return self._quantile(1.0 - p)

    def _density(self) -> Density | None:
        """The log-density as something to compile, or None if it cannot be lowered."""
        return None

    def _log_density_runner(self) -> Runner | None:
        """The compiled log-density, if it can be lowered; compiled and its parameters packed once."""
        if "_cache_runner" not in self.__dict__:
            density = self._density()
            self._cache_runner = None if density is None else log_density_runner(self.name, density)
        return self._cache_runner

    def _trainable_density(self) -> Density:
        """The log-density with its derivatives to be had, for fitting."""
        density = self._density()
        if density is None:
            raise UsageError(f"{self.name} cannot be fitted: part of its density is not made of formulas")
        return density

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the set that carries the law."""
        return np.float64(-np.inf), np.float64(np.inf)

    # What users call.

    def sample(self, sample_shape: Any = (), seed: int | np.random.Generator | None = None) -> np.ndarray:
        """Draws of shape (*sample_shape, *batch_shape, *event_shape); `seed` is an int or a numpy Generator."""
        shape = as_shape(sample_shape, "sample_shape") + self.batch_shape + self.event_shape
        return delivered(self.name, np.asarray(self._sample_to(shape, as_generator(seed))), None)

    def log_prob(self, value: Any, out: np.ndarray | None = None) -> np.ndarray:
        """log p(value): -inf outside the support. `out` takes an array to write the result to."""
        array = as_float_array(value, f"{self.name}: value")
        if type(self)._log_prob is Distribution._log_prob:
            runner = self._log_density_runner()
            if runner is not None:  # which can write to `out` itself
                return delivered(self.name, runner(array, None if out is None else [out])[0], out)
        return delivered(self.name, self._log_prob(array), out)

    def prob(self, value: Any) -> np.ndarray:
        """p(value)."""
        return np.exp(self.log_prob(value))

    def cdf(self, value: Any) -> np.ndarray:
        """P(X <= value)."""
        return delivered(self.name, self._cdf(as_float_array(value, f"{self.name}: value")), None)

    def survival_function(self, value: Any) -> np.ndarray:
        """P(X > value), without the cancellation of 1 - cdf."""
        return delivered(self.name, self._survival(as_float_array(value, f"{self.name}: value")), None)

    def quantile(self, value: Any) -> np.ndarray:
        """The x with cdf(x) = value, for value in [0, 1]; NaN elsewhere."""
        return delivered(self.name, self._quantile(as_float_array(value, f"{self.name}: value")), None)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters this distribution was made with, by name."""
        return dict(self._parameters)

    def transformed_by(self, bijector: Bijector, **kwargs: Any) -> Any:
        """The law of `bijector(X)`, which is what `bijector(distribution)` means."""
        from symbij.distributions.transformed import TransformedDistribution

        return TransformedDistribution(self, bijector, **kwargs)

    def plot(self, x: Any = None, ax: Any = None) -> Any:
        """The density over `x` (default: its central range); returns the Axes."""
        from symbij.plotting import plot_distribution

        return plot_distribution(self, x, ax)

    def _children(self) -> list[tuple[str, Any]]:
        return list(self._parameters.items())

    def __getattr__(self, name: str) -> Any:
        parameters = self.__dict__.get("_parameters", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_shape={self.batch_shape}, event_shape={self.event_shape})"


def as_shape(value: Any, what: str) -> tuple[int, ...]:
    """A shape given as an int, a sequence of ints or an array."""
    try:
        given = np.atleast_1d(np.asarray(value))
        shape = tuple(int(n) for n in given)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{what} must be an int or a sequence of ints, got {value!r}") from None
    if any(n != g for n, g in zip(shape, given, strict=True)):
        raise ParameterError(f"{what} must be whole numbers, got {value!r}")
    if any(n < 0 for n in shape):
        raise ParameterError(f"{what} must not be negative, got {shape}")
    return shape


def as_generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """The random generator meant by `seed`."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ParameterError(f"seed must be a non-negative int or a numpy Generator, got {seed!r}") from None
