"""Structural bijectors: chains and inverses of other bijectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symbij.bijectors.base import Bijector
from symbij.bijectors.fused import BoundStage, FusedTransform
from symbij.errors import UsageError
from symbij.kernels.broadcast import broadcast_shape
from symbij.kernels.run import Out


class Invert(Bijector):
    """y = f⁻¹(x) for the bijector f: forward and inverse, and their log-dets, exchange places.

    `Invert(Invert(b)) is b`. Shapes: those of `bijector`, the other way. Raises `UsageError` for anything but a
    bijector.
    """

    def __new__(cls, bijector: Bijector | None = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(bijector, Invert) and not (args or kwargs):
            return bijector.bijector
        return super().__new__(cls)

    def __init__(self, bijector: Bijector, validate_args: bool = False, name: str | None = None) -> None:
        if not isinstance(bijector, Bijector):
            raise UsageError(f"Invert needs a bijector, got {type(bijector).__name__}")
        _refuse_many_to_one("Invert", bijector, "its branches[k] are bijectors, which can be inverted")
        super().__init__(
            validate_args=validate_args,
            forward_min_event_ndims=bijector.inverse_min_event_ndims,
            inverse_min_event_ndims=bijector.forward_min_event_ndims,
            is_constant_jacobian=bijector.is_constant_jacobian,
            name=name or f"invert_{bijector.name}",
            parameters={"bijector": bijector},
        )
        self.bijector = bijector

    def _children(self) -> list[tuple[str, Any]]:
        return [("", self.bijector)]  # transparent in paths: bijector.a, inverted or not

    def _stages(self) -> tuple[BoundStage, ...] | None:
        inner = self.bijector._stages()
        return None if inner is None else tuple(s.flipped() for s in reversed(inner))

    def _transform(self, x: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self.bijector._inverse_transform(x, value, log_det, out)

    def _inverse_transform(self, y: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self.bijector._transform(y, value, log_det, out)

    def _forward_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.bijector._inverse_event_shape(shape)

    def _inverse_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.bijector._forward_event_shape(shape)

    def _batch_shape(self, event_ndims: int) -> tuple[int, ...]:
        return self.bijector._batch_shape(event_ndims)

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        return self.bijector._range()

    def _range(self) -> tuple[np.ndarray, np.ndarray]:
        return self.bijector._support()

    def _increasing(self) -> np.ndarray | None:
        return self.bijector._increasing()


class Chain(Bijector):
    """y = f1(f2(...(fn(x)))) for `bijectors=[f1, f2, ..., fn]`: the last is applied first.

    log|det dy/dx| is the sum of the steps' log-dets at the values that reach them. Neighbours that are derived from
    formulas are compiled together into one kernel. An empty chain is the identity. Shapes: events have as many axes as
    the most demanding step needs; elementwise log-dets are summed over them. Raises `UsageError` for anything but
    bijectors.
    """

    def __init__(
        self, bijectors: Sequence[Bijector] = (), validate_args: bool = False, name: str | None = None
    ) -> None:
        if isinstance(bijectors, Bijector) or not isinstance(bijectors, Iterable):
            got = type(bijectors).__name__
            raise UsageError(
                f"Chain needs a list of bijectors, got {got}; write Chain([f, g]), of which g is applied first"
            )
        bijectors = list(bijectors)
        for item in bijectors:
            if not isinstance(item, Bijector):
                raise UsageError(f"Chain needs bijectors, got {type(item).__name__}")
            _refuse_many_to_one("Chain", item, "write one formula, or transform a law by one map after the other")
        forward, inverse = _min_event_ndims(bijectors)
        super().__init__(
            validate_args=validate_args,
            forward_min_event_ndims=forward,
            inverse_min_event_ndims=inverse,
            is_constant_jacobian=all(b.is_constant_jacobian for b in bijectors),
            name=name or ("chain_of_" + "_of_".join(b.name for b in bijectors) if bijectors else "identity_chain"),
            parameters={"bijectors": bijectors},
        )
        self.bijectors = bijectors

    def _children(self) -> list[tuple[str, Any]]:
        return [(str(i), b) for i, b in enumerate(self.bijectors)]

    def _stages(self) -> tuple[BoundStage, ...] | None:
        parts = [b._stages() for b in reversed(self.bijectors)]
        if any(p is None for p in parts):
            return None
        return tuple(stage for part in parts for stage in part)  # type: ignore[union-attr]

    def _parts(self) -> list[tuple[Bijector | FusedTransform, int, int]]:
        """Steps in order of application, with the event axes they mix before and after: a kernel for each run of
        derived maps, the bijector itself for all others."""
        if "_cache" not in self.__dict__:
            parts: list[tuple[Bijector | FusedTransform, int, int]] = []
            run: list[BoundStage] = []
            for item in reversed(_flatten(self.bijectors)):
                stages = item._stages()
                if stages is not None:
                    run += stages
                    continue
                if run:
                    parts.append((FusedTransform.of(self.name, run), 0, 0))
                    run = []
                parts.append((item, item.forward_min_event_ndims, item.inverse_min_event_ndims))
            if run or not parts:
                parts.append((FusedTransform.of(self.name, run), 0, 0))
            self._cache = parts
            if len(parts) == 1 and isinstance(parts[0][0], FusedTransform):
                self._cached_shortcuts = parts[0][0].shortcuts
        return self._cache

    def _transform(self, x: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self._through(x, self._parts(), False, value, log_det, out)

    def _inverse_transform(self, y: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self._through(y, self._parts()[::-1], True, value, log_det, out)

    def _through(
        self, x: np.ndarray, parts: list[Any], inverse: bool, value: bool, log_det: bool, out: Out
    ) -> list[np.ndarray]:
        if len(parts) == 1 and isinstance(parts[0][0], FusedTransform):
            return parts[0][0](x, inverse, value, log_det, out)
        minimum = self.inverse_min_event_ndims if inverse else self.forward_min_event_ndims
        event_ndims = minimum  # of the current value: a step may change the number of axes of an event
        total: Any = np.asarray(0.0, x.dtype)
        for index, (part, before, after) in enumerate(parts):
            if inverse:
                before, after = after, before
            need_value = value or index + 1 < len(parts)
            if isinstance(part, FusedTransform):
                results = part(x, inverse, need_value, log_det)
            else:
                results = (part._inverse_transform if inverse else part._transform)(x, need_value, log_det)
            if log_det:
                reduced = self._sum_events(results[-1], x, before, event_ndims - before)
                total = reduced if index == 0 else total + reduced
            if need_value:
                x = results[0]
            event_ndims += after - before
        return [x] * value + [total] * log_det

    def _sum_events(self, log_det: np.ndarray, x: np.ndarray, mixed: int, extra: int) -> np.ndarray:
        """`log_det` of a step, summed over the axes that are batch axes to the step but event axes to the chain."""
        if extra <= 0:
            return log_det
        batch = x.shape[: x.ndim - mixed]
        full = np.broadcast_to(log_det, np.broadcast_shapes(log_det.shape, batch))
        return full.sum(axis=tuple(range(full.ndim - extra, full.ndim)))

    def _forward_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for item in reversed(self.bijectors):
            shape = item._forward_event_shape(shape)
        return shape

    def _inverse_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for item in self.bijectors:
            shape = item._inverse_event_shape(shape)
        return shape

    def _batch_shape(self, event_ndims: int) -> tuple[int, ...]:
        return broadcast_shape(self.name, [b._batch_shape(event_ndims) for b in self.bijectors])

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        return _pulled_back([b for b in self.bijectors])

    def _range(self) -> tuple[np.ndarray, np.ndarray]:
        return _pulled_back([Invert(b) for b in reversed(self.bijectors)])

    def _increasing(self) -> np.ndarray | None:
        product: Any = np.bool_(True)
        for item in self.bijectors:
            increasing = item._increasing()
            if increasing is None:
                return None
            product = product == increasing
        return product


def _refuse_many_to_one(owner: str, bijector: Bijector, advice: str) -> None:
    if not bijector.is_injective:
        what = f"{owner} needs one-to-one maps, and {bijector.name} takes several inputs to one output"
        raise UsageError(f"{what}; {advice}")


def _flatten(bijectors: Sequence[Bijector]) -> list[Bijector]:
    flat: list[Bijector] = []
    for item in bijectors:
        flat += _flatten(item.bijectors) if type(item) is Chain else [item]
    return flat


def _min_event_ndims(bijectors: Sequence[Bijector]) -> tuple[int, int]:
    """Smallest number of event axes at the input and at the output of a chain, so that each step gets enough."""
    change = 0  # axes gained from the input of the chain to the input of the step
    needed = 0
    for item in reversed(bijectors):
        needed = max(needed, item.forward_min_event_ndims - change)
        change += item.inverse_min_event_ndims - item.forward_min_event_ndims
    return needed, needed + change


def _pulled_back(bijectors: Sequence[Bijector]) -> tuple[np.ndarray, np.ndarray]:
    """The set of inputs of f1∘f2∘... on which every step is defined, as an elementwise interval."""
    lo, hi = np.float64(-np.inf), np.float64(np.inf)
    for item in bijectors:  # from the last applied to the first: intersect with its codomain, then go back through it
        bottom, top = item._range()
        lo, hi = np.maximum(lo, bottom), np.minimum(hi, top)
        stages = item._stages()
        if stages is None:
            lo, hi = item._support()
            continue
        a, b = (np.asarray(item.inverse(np.asarray(end, dtype=float))) for end in (lo, hi))
        domain_lo, domain_hi = item._support()
        a, b = np.where(np.isnan(a), np.nan, np.minimum(a, b)), np.maximum(a, b)
        lo = np.where(np.isnan(a), domain_lo, np.maximum(a, domain_lo))
        hi = np.where(np.isnan(b), domain_hi, np.minimum(b, domain_hi))
    return lo, hi
