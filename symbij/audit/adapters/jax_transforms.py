"""Transforms of numpyro and bijections of FlowJAX as a `Subject`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbij.audit.adapters.backends import in_few_sizes, jax_backend
from symbij.audit.adapters.holding import arrays_by, dtype_of, holding, in_dtype, like
from symbij.audit.adapters.torch_transforms import (
    add_up,
    declared,
    defines,
    ends_of,
    event_dim,
    inner,
    title,
    unwrapped,
)
from symbij.audit.subject import FAULTS, Subject
from symbij.errors import UsageError


def from_numpyro(transform: Any, event_ndims: int | None, dtype: np.dtype[Any] | None) -> Subject:
    """t(x), t.inv(y), t.log_abs_det_jacobian(x, t(x)) and the inverse's, and the call with intermediates."""
    from numpyro.distributions.transforms import Transform

    own = dtype_of(_leaves(transform))
    dtype = dtype or own
    backend = jax_backend(dtype)
    with backend.context():
        cast = arrays_by(backend.enter, like if dtype == own else in_dtype(dtype))
        held = holding(transform, Transform, unwrapped, cast=cast)
        transform = held.make(held.values) if dtype != own and held.make is not None else transform
    domain, codomain = declared(transform, "domain"), declared(transform, "codomain")
    forward_ndims, inverse_ndims = event_dim(domain), event_dim(codomain)
    extra = max(0, (event_ndims or 0) - forward_ndims)

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert held.make is not None
        with backend.context():
            other = held.make({**held.values, **values})
        return from_numpyro(other, event_ndims, dtype)

    def both(x: Any) -> tuple[Any, Any]:
        y, intermediates = transform.call_with_intermediates(x)
        return y, transform.log_abs_det_jacobian(x, y, intermediates)

    def summed_pair(x: np.ndarray) -> tuple[Any, Any]:
        y, log_det = backend.wrap(both)(x)
        return y, add_up(lambda _: log_det, extra)(x)

    log_det = defines(inner(transform), Transform, "log_abs_det_jacobian")
    back = inner(transform) is not transform or defines(transform, Transform, "_inverse")
    fldj = add_up(backend.wrap(lambda x: transform.log_abs_det_jacobian(x, transform(x))), extra)
    ildj = add_up(backend.wrap(lambda y: transform.inv.log_abs_det_jacobian(y, transform.inv(y))), extra)
    few = _in_few_sizes(forward_ndims + extra, held.values)
    return Subject(
        name=title(transform),
        kind="numpyro transform",
        forward=few(backend.wrap(lambda x: transform(x))),
        inverse=few(backend.wrap(lambda y: transform.inv(y))) if back else None,
        forward_log_det=few(fldj) if log_det else None,
        inverse_log_det=few(ildj) if log_det else None,
        forward_and_log_det=few(summed_pair) if log_det else None,
        event_ndims=forward_ndims + extra,
        inverse_event_ndims=inverse_ndims + extra,
        domain=ends_of(domain),
        codomain=ends_of(codomain),
        dtype=dtype,
        parameters=held.values,
        rebuilt=rebuilt if held.make is not None else None,
        flushes_subnormals=True,
    )


def from_flowjax(bijection: Any, event_ndims: int | None, dtype: np.dtype[Any] | None) -> Subject:
    """transform, inverse and the two calls that return a log-det too, mapped over batch axes.

    A bijection has a fixed `shape`, which is that of one event. Raises `UsageError` if it needs a condition.
    """
    from flowjax.bijections import AbstractBijection
    from paramax import unwrap

    name = type(bijection).__name__
    if getattr(bijection, "cond_shape", None) is not None:
        raise UsageError(
            f"{name} needs a condition of shape {bijection.cond_shape}; give functions that fix one: "
            "forward=lambda x: bijection.transform(x, condition)"
        )
    own = dtype_of(_leaves(bijection))
    dtype = dtype or own
    backend = jax_backend(dtype)
    if dtype != own:
        with backend.context():
            bijection = _leaves_in(bijection, dtype)
    shape = tuple(bijection.shape)
    extra = max(0, (event_ndims or 0) - len(shape))
    with backend.context():
        held = holding(unwrap(bijection), AbstractBijection, view=unwrap)

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert held.make is not None
        with backend.context():
            other = held.make({**held.values, **values})
        return from_flowjax(other, event_ndims, dtype)

    def mapped(method: Callable[..., Any], part: int | None = None) -> Callable[[np.ndarray], Any]:
        function = backend.wrap(_over_batches(method, shape))

        def called(x: np.ndarray) -> Any:
            returned = function(x)
            if part == 0 or not isinstance(returned, tuple):
                return returned
            value, log_det = returned
            log_det = add_up(lambda _: log_det, extra)(x)
            return (value, log_det) if part is None else log_det

        return called

    few = _in_few_sizes(len(shape) + extra, held.values)
    return Subject(
        name=name,
        kind="FlowJAX bijection",
        forward=few(mapped(bijection.transform, 0)),
        inverse=few(mapped(bijection.inverse, 0)),
        forward_log_det=few(mapped(bijection.transform_and_log_det, 1)),
        inverse_log_det=few(mapped(bijection.inverse_and_log_det, 1)),
        forward_and_log_det=few(mapped(bijection.transform_and_log_det)),
        inverse_and_log_det=few(mapped(bijection.inverse_and_log_det)),
        event_ndims=len(shape) + extra,
        event_shape=shape if not extra and shape else None,
        dtype=dtype,
        parameters=held.values,
        rebuilt=rebuilt if held.make is not None else None,
        flushes_subnormals=True,
    )


def _in_few_sizes(event_ndims: int, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    """`in_few_sizes` for elementwise maps with plain numbers for parameters; other maps are called as they are."""
    plain = not event_ndims and not any(np.ndim(v) for v in parameters.values())
    return in_few_sizes if plain else lambda function: function


def _over_batches(method: Callable[..., Any], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """`method` of one event for any batch axes before the event's."""
    import jax

    def called(x: Any) -> Any:
        ndims = len(shape)
        batch = x.shape[: x.ndim - ndims]
        if not batch:
            return method(x)
        flat = x.reshape((math.prod(batch), *x.shape[x.ndim - ndims :]))
        returned = jax.vmap(method)(flat)
        return jax.tree_util.tree_map(lambda r: r.reshape((*batch, *r.shape[1:])), returned)

    return called


def _leaves_in(bijection: Any, dtype: np.dtype[Any]) -> Any:
    import jax

    def cast(leaf: Any) -> Any:
        floating = isinstance(leaf, jax.Array) and np.dtype(leaf.dtype).kind == "f"
        return leaf.astype(dtype) if floating else leaf

    return jax.tree_util.tree_map(cast, bijection)


def _leaves(thing: Any) -> list[Any]:
    import jax

    try:
        return jax.tree_util.tree_leaves(thing)
    except FAULTS:  # a hand-written transform need not be a pytree
        return list(vars(thing).values())
