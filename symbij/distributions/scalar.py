"""Laws on the real line, each given by its distribution function: a bijector from the library, and so derived.

The log-density is the log-derivative of the distribution function, the quantiles are its inverse, and the survival
function is a formula of its own, so that neither tail cancels.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from symbij.bijectors.derived import DerivedBijector
from symbij.bijectors.fused import BoundStage
from symbij.bijectors.library.distribution_functions import (
    LogisticCDF,
    LogisticSurvival,
    NormalCDF,
    NormalSurvival,
    UniformCDF,
    UniformSurvival,
)
from symbij.bijectors.variable import value_of
from symbij.distributions.base import Distribution
from symbij.distributions.density import BaseDensity
from symbij.kernels.broadcast import broadcast_shape


class ScalarDistribution(Distribution):
    """A law whose distribution function is the bijector class `cdf_class`."""

    cdf_class: ClassVar[type[DerivedBijector]]
    survival_class: ClassVar[type[DerivedBijector]]

    def __init__(self, *args: Any, validate_args: bool = True, name: str | None = None, **kwargs: Any) -> None:
        bijector = self.cdf_class(*args, validate_args=validate_args, **kwargs)
        super().__init__(name=name, parameters=bijector.parameters)

    def _bound(self, cls: type[DerivedBijector]) -> DerivedBijector:
        return cls(**self._parameters, validate_args=False)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return broadcast_shape(self.name, [value_of(v).shape for v in self._parameters.values()])

    def _density(self) -> BaseDensity:
        return BaseDensity(BoundStage(self.cdf_class.derivation, False, tuple(self._parameters.values())))

    def _cdf(self, x: np.ndarray) -> np.ndarray:
        return self._outside(self._bound(self.cdf_class)._transform(x, True, False)[0], x, below=0.0, above=1.0)

    def _survival(self, x: np.ndarray) -> np.ndarray:
        return self._outside(self._bound(self.survival_class)._transform(x, True, False)[0], x, below=1.0, above=0.0)

    def _outside(self, p: np.ndarray, x: np.ndarray, below: float, above: float) -> np.ndarray:
        """Probabilities at points below and above the support, where the bijector is not defined."""
        lo, hi = self._support()
        return np.where(x < lo, below, np.where(x > hi, above, p)).astype(p.dtype)

    def _quantile(self, p: np.ndarray) -> np.ndarray:
        return self._bound(self.cdf_class)._inverse_transform(p, True, False)[0]

    def _quantile_from_above(self, p: np.ndarray) -> np.ndarray:
        return self._bound(self.survival_class)._inverse_transform(p, True, False)[0]

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        return self._bound(self.cdf_class)._support()

    def _sample_to(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.asarray(self._draw(rng, {k: value_of(v) for k, v in self._parameters.items()}, shape))

    def _draw(self, rng: np.random.Generator, values: dict[str, np.ndarray], size: tuple[int, ...]) -> np.ndarray:
        raise NotImplementedError


class Normal(ScalarDistribution):
    """p(x) = exp(-((x - loc)/scale)²/2) / (scale √(2π)).

    Shapes: `loc` and `scale` broadcast to `batch_shape`; events are scalars. Raises `ParameterError` for scale <= 0.
    Source: Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1, chapter 13.
    """

    cdf_class = NormalCDF
    survival_class = NormalSurvival

    def _draw(self, rng: np.random.Generator, values: dict[str, np.ndarray], size: tuple[int, ...]) -> np.ndarray:
        return rng.normal(values["loc"], values["scale"], size)


class Uniform(ScalarDistribution):
    """p(x) = 1/(high - low) for low <= x <= high, else 0.

    Shapes: `low` and `high` broadcast to `batch_shape`; events are scalars. Raises `ParameterError` for high <= low.
    Source: Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2, chapter 26.
    """

    cdf_class = UniformCDF
    survival_class = UniformSurvival

    def _draw(self, rng: np.random.Generator, values: dict[str, np.ndarray], size: tuple[int, ...]) -> np.ndarray:
        return rng.uniform(values["low"], values["high"], size)


class Logistic(ScalarDistribution):
    """p(x) = exp(-z)/(scale (1 + exp(-z))²) with z = (x - loc)/scale.

    Shapes: `loc` and `scale` broadcast to `batch_shape`; events are scalars. Raises `ParameterError` for scale <= 0.
    Source: Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 2, chapter 23.
    """

    cdf_class = LogisticCDF
    survival_class = LogisticSurvival

    def _draw(self, rng: np.random.Generator, values: dict[str, np.ndarray], size: tuple[int, ...]) -> np.ndarray:
        return rng.logistic(values["loc"], values["scale"], size)
