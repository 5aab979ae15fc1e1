"""`TransformedDistribution`: the law of f(X) for a bijector f and a random X."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbij.bijectors.base import Bijector
from symbij.bijectors.traced import stages_by_tracing
from symbij.distributions.base import Distribution, as_shape
from symbij.distributions.density import Density, PulledBack
from symbij.errors import DomainError, ShapeError, UsageError
from symbij.kernels.broadcast import broadcast_shape


class TransformedDistribution(Distribution):
    """log p(y) = log p_X(f⁻¹(y)) + log|det d f⁻¹/dy|, for the law of Y = f(X).

    A scalar `distribution` is expanded to independent draws of the given `batch_shape` and `event_shape` before f is
    applied. Where every part is derived from formulas, inverse, log-det and base density are one kernel.

    If f takes several inputs to one output, the result is a `ManyToOneTransformed`, whose density is a sum.

    Raises `DomainError` if the law of X has mass where f is not defined.
    """

    def __new__(cls, distribution: Any = None, bijector: Any = None, *args: Any, **kwargs: Any) -> Any:
        if cls is TransformedDistribution and not getattr(bijector, "is_injective", True):
            from symbij.distributions.many_to_one import ManyToOneTransformed

            return super().__new__(ManyToOneTransformed)
        return super().__new__(cls)

    def __init__(
        self,
        distribution: Distribution,
        bijector: Bijector,
        batch_shape: Any = None,
        event_shape: Any = None,
        validate_args: bool = True,
        name: str | None = None,
    ) -> None:
        if not isinstance(distribution, Distribution):
            raise UsageError(f"TransformedDistribution needs a distribution first, got {type(distribution).__name__}")
        if not isinstance(bijector, Bijector):
            raise UsageError(f"TransformedDistribution needs a bijector second, got {type(bijector).__name__}")
        super().__init__(
            name=name or f"{bijector.name}({distribution.name})",
            parameters={"distribution": distribution, "bijector": bijector},
        )
        self.distribution = distribution
        self.bijector = bijector
        self._set_shapes(batch_shape, event_shape)
        if validate_args:
            self._check_support()

    def _set_shapes(self, batch_shape: Any, event_shape: Any) -> None:
        base, bijector = self.distribution, self.bijector
        given_event = None if event_shape is None else as_shape(event_shape, "event_shape")
        if given_event and base.event_shape:
            raise ShapeError(
                f"event_shape={given_event} can be given for a scalar distribution only; "
                f"{base.name} has events of shape {base.event_shape}"
            )
        if given_event is None and bijector.forward_min_event_ndims > len(base.event_shape):
            raise ShapeError(
                f"{bijector.name} needs events of {bijector.forward_min_event_ndims} axes, "
                f"but {base.name} has events of shape {base.event_shape}; give event_shape=[...]"
            )
        event = base.event_shape if given_event is None else given_event
        if bijector.forward_min_event_ndims > len(event):
            raise ShapeError(
                f"{bijector.name} needs events of {bijector.forward_min_event_ndims} axes, got event_shape={event}"
            )
        self._base_event = event
        self._event_shape = bijector._forward_event_shape(event)
        shapes = [base.batch_shape, bijector._batch_shape(len(event))]
        if given_event:  # parameters of a scalar base may vary along the event axes
            shapes[0] = broadcast_shape(self.name, [base.batch_shape, event])[: -len(event)]
        if batch_shape is not None:
            shapes.append(as_shape(batch_shape, "batch_shape"))
        self._batch_shape = broadcast_shape(self.name, shapes)

    def _check_support(self) -> None:
        if self.bijector.forward_min_event_ndims or self.distribution.event_shape:
            return
        lo, hi = self.distribution._support()
        bottom, top = self.bijector._support()
        slack = 1e-9 * np.maximum(1.0, np.abs(np.where(np.isfinite(bottom), bottom, 1.0)))
        slack_top = 1e-9 * np.maximum(1.0, np.abs(np.where(np.isfinite(top), top, 1.0)))
        if np.any(lo < bottom - slack) or np.any(hi > top + slack_top):
            raise DomainError(
                f"{self.distribution.name} lives on [{np.min(lo):g}, {np.max(hi):g}], "
                f"but {self.bijector.name} is defined on [{np.max(bottom):g}, {np.min(top):g}] only, "
                "so that part of its mass would be lost; transform it into that interval first"
            )

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._batch_shape

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self._event_shape

    def _density(self) -> Density | None:
        stages, base = self.bijector._stages(), self.distribution._density()
        if stages is None or base is None or self.distribution.event_shape:
            return None
        return PulledBack(base, stages)

    def _trainable_density(self) -> Density:
        if self.distribution.event_shape or self.bijector.forward_min_event_ndims:
            raise UsageError(f"{self.name} cannot be fitted yet: its bijector maps events of several numbers at once")
        return PulledBack(self.distribution._trainable_density(), stages_by_tracing(self.bijector))

    def _log_prob(self, y: np.ndarray) -> np.ndarray:
        events = len(self._event_shape)
        if y.ndim < events:
            raise ShapeError(f"{self.name}: value needs at least {events} axes for one event, got shape {y.shape}")
        runner = self._log_density_runner()
        if runner is not None:
            elementwise = runner(y)[0]
            full = broadcast_shape(self.name, [elementwise.shape, self._batch_shape + self._event_shape])
            elementwise = np.broadcast_to(elementwise, full)
            return elementwise.sum(axis=tuple(range(-events, 0))) if events else np.array(elementwise)
        x, log_det = self.bijector.inverse_and_log_det(y, event_ndims=events)
        base = np.asarray(self.distribution._log_prob(np.asarray(x)))
        missing = len(self._base_event) - len(self.distribution.event_shape)
        if missing:
            shape = np.broadcast_shapes(base.shape, np.shape(x))
            base = np.broadcast_to(base, shape).sum(axis=tuple(range(-missing, 0)))
        with np.errstate(invalid="ignore"):
            total = np.asarray(base + log_det)
        if not events:  # beyond the support, and at an infinite end of it, the parts have no sum
            lo, hi = self._support()
            total = np.where(((y <= lo) | (y >= hi)) & (np.isnan(total) | (y < lo) | (y > hi)), -np.inf, total)
        return np.array(np.broadcast_to(total, broadcast_shape(self.name, [total.shape, self._batch_shape])))

    def _sample_to(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        lead = shape[: len(shape) - len(self._event_shape)]
        return np.asarray(self.bijector.forward(self.distribution._sample_to(lead + self._base_event, rng)))

    def _is_increasing(self) -> np.ndarray:
        if self._event_shape:
            raise UsageError(
                f"{self.name} has events of shape {self._event_shape}: no distribution function or quantiles"
            )
        increasing = self.bijector._increasing()
        if increasing is None:  # a hand-written bijector does not say: compare two points
            ends = self.distribution._quantile(np.array(0.25)), self.distribution._quantile(np.array(0.75))
            increasing = np.asarray(self.bijector.forward(ends[1])) > np.asarray(self.bijector.forward(ends[0]))
        return np.asarray(increasing)

    def _cdf(self, y: np.ndarray) -> np.ndarray:
        return self._tail(y, lower=True)

    def _survival(self, y: np.ndarray) -> np.ndarray:
        return self._tail(y, lower=False)

    def _tail(self, y: np.ndarray, lower: bool) -> np.ndarray:
        increasing = self._is_increasing()
        x = np.asarray(self.bijector.inverse(y))
        base = self.distribution
        same, other = (base._cdf, base._survival) if lower else (base._survival, base._cdf)
        p = np.where(increasing, same(x), other(x))
        lo, hi = self._support()
        below, above = (0.0, 1.0) if lower else (1.0, 0.0)
        return np.where(y <= lo, below, np.where(y >= hi, above, p))

    def _quantile(self, p: np.ndarray) -> np.ndarray:
        base = self.distribution
        x = np.where(self._is_increasing(), base._quantile(p), base._quantile_from_above(p))
        return np.asarray(self.bijector.forward(x))

    def _quantile_from_above(self, p: np.ndarray) -> np.ndarray:
        base = self.distribution
        x = np.where(self._is_increasing(), base._quantile_from_above(p), base._quantile(p))
        return np.asarray(self.bijector.forward(x))

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        if self._event_shape:
            return np.float64(-np.inf), np.float64(np.inf)
        ends = [np.asarray(self.bijector.forward(np.asarray(e, dtype=float))) for e in self.distribution._support()]
        bottom, top = self.bijector._range()
        lo, hi = np.minimum(*ends), np.maximum(*ends)
        return np.where(np.isnan(lo), bottom, lo), np.where(np.isnan(hi), top, hi)
