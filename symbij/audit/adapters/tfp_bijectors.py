"""Bijectors of TensorFlow Probability, on TensorFlow, JAX or numpy, as a `Subject`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbij.audit.adapters.backends import NUMPY, Backend, jax_backend, tensorflow_backend
from symbij.audit.adapters.holding import held_tensors, holding
from symbij.audit.subject import Subject
from symbij.errors import UsageError


def from_tfp(bijector: Any, base: type, event_ndims: int | None, dtype: np.dtype[Any] | None) -> Subject:
    """forward, inverse and both log-dets, with `event_ndims` at least the axes that the bijector mixes.

    TFP remembers pairs of input and output by the identity of tensors; each call gets a fresh one, so that the inverse
    is worked out, not remembered. Numbers that are of another dtype than asked for are given again in that dtype.
    """
    forward_ndims, inverse_ndims = bijector.forward_min_event_ndims, bijector.inverse_min_event_ndims
    try:
        forward_ndims, inverse_ndims = int(forward_ndims), int(inverse_ndims)
    except (TypeError, ValueError):
        raise UsageError(f"{bijector.name} maps structures of several arrays; audit its parts, one by one") from None
    extra = max(0, (event_ndims or 0) - forward_ndims)
    # a tensor that no argument of the constructor is behind (the power of Exp, which is a Power) binds nobody
    bound = bijector.dtype is not None or bool(holding(bijector, base, _unwrapped).values)
    own = _own_dtype(bijector, base) if bound else None
    dtype = dtype or own or np.dtype(np.float64)
    backend = _backend(base, dtype)
    with backend.context():
        held = holding(bijector, base, _unwrapped, cast=_in_dtype(dtype, backend))
    if own not in (None, dtype) and held.make is not None:
        with backend.context():
            bijector = held.make(held.values)

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert held.make is not None
        with backend.context():
            other = held.make({**held.values, **values})
        return from_tfp(other, base, event_ndims, dtype)

    def log_det(method: Callable[..., Any], ndims: int) -> Callable[[np.ndarray], Any]:
        return backend.wrap(lambda x: method(x, event_ndims=ndims))

    return Subject(
        name=type(bijector).__name__ if _unwrapped(bijector) is None else bijector.name,
        kind="TFP bijector",
        forward=backend.wrap(bijector.forward),
        inverse=backend.wrap(bijector.inverse),
        forward_log_det=log_det(bijector.forward_log_det_jacobian, forward_ndims + extra),
        inverse_log_det=log_det(bijector.inverse_log_det_jacobian, inverse_ndims + extra),
        event_ndims=forward_ndims + extra,
        inverse_event_ndims=inverse_ndims + extra,
        dtype=dtype,
        parameters=held.values,
        rebuilt=rebuilt if held.make is not None else None,
        flushes_subnormals=backend.flushes_subnormals,
    )


def _backend(base: type, dtype: np.dtype[Any]) -> Backend:
    if ".substrates.jax" in base.__module__:
        return jax_backend(dtype)
    return NUMPY if ".substrates.numpy" in base.__module__ else tensorflow_backend()


def _own_dtype(bijector: Any, base: type) -> np.dtype[Any] | None:
    """The dtype that a bijector declares, or that of its tensors or parts, as not every class declares one."""
    declared = bijector.dtype
    if declared is not None:
        return np.dtype(getattr(declared, "as_numpy_dtype", declared))
    for value in held_tensors(bijector):
        if isinstance(value, base):
            found = _own_dtype(value, base)
        else:
            dtype = getattr(value, "dtype", None)
            name = getattr(dtype, "name", str(dtype))
            found = np.dtype(name) if name in ("float32", "float64") else None
        if found is not None:
            return found
    return None


def _in_dtype(dtype: np.dtype[Any], backend: Backend) -> Callable[[Any, Any], Any]:
    """Tensors of the dtype even for plain numbers and arrays, which some classes take for float32."""
    return lambda new, original: backend.enter(np.asarray(new, dtype=dtype))


def _unwrapped(bijector: Any) -> tuple[Any, Callable[[Any], Any]] | None:
    if type(bijector).__name__ not in ("Invert", "_Invert"):
        return None
    return bijector.bijector, type(bijector)
