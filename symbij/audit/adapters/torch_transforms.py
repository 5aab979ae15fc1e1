"""`torch.distributions.transforms.Transform` (and its subclasses elsewhere, Pyro's too) as a `Subject`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbij.audit.adapters.backends import torch_backend
from symbij.audit.adapters.ends import constraint_ends
from symbij.audit.adapters.holding import arrays_by, dtype_of, held_tensors, holding, in_dtype
from symbij.audit.subject import FAULTS, Ends, Subject
from symbij.errors import UsageError


def from_torch(transform: Any, event_ndims: int | None, dtype: np.dtype[Any] | None) -> Subject:
    """t(x), t.inv(y), t.log_abs_det_jacobian(x, t(x)) and t.inv.log_abs_det_jacobian(y, t.inv(y)), as users write them.

    The object itself is called, with whatever cache it has; log-dets are summed over event axes asked for beyond its
    own, as `TransformedDistribution` does. Elementwise transforms side by side (`CatTransform`, `StackTransform`) map
    events along their axis, and their log-dets, which are elementwise, are summed over it. Raises `UsageError` for such
    ones of other transforms, and inside another transform: their shapes cannot be told.
    """
    from torch.distributions.transforms import Transform

    domain, codomain = declared(transform, "domain"), declared(transform, "codomain")
    forward_ndims, inverse_ndims = event_dim(domain), event_dim(codomain)
    extra = max(0, (event_ndims or 0) - forward_ndims)
    axes = side_by_side(transform)
    if axes:
        forward_ndims, inverse_ndims = 0, 0
        extra = max(event_ndims or 0, axes)
    own = dtype_of(_tensors(transform))
    backend = torch_backend()
    held = holding(transform, Transform, unwrapped, cast=arrays_by(backend.enter))
    if dtype not in (None, own) and held.make is not None:
        assert dtype is not None
        held = holding(transform, Transform, unwrapped, cast=arrays_by(backend.enter, in_dtype(dtype)))
        assert held.make is not None
        transform = held.make(held.values)

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert held.make is not None
        return from_torch(held.make({**held.values, **values}), event_ndims, dtype)

    def operation(known: bool, function: Callable[..., Any], summed: int = 0) -> Callable[[np.ndarray], Any] | None:
        return add_up(backend.wrap(function), summed) if known else None

    there, back = defines(transform, Transform, "_call", "__call__"), defines(transform, Transform, "_inverse", "inv")
    log_det = defines(inner(transform), Transform, "log_abs_det_jacobian")

    return Subject(
        name=title(transform),
        kind="PyTorch transform",
        forward=operation(there, lambda x: transform(x)),
        inverse=operation(back, lambda y: transform.inv(y)),
        forward_log_det=operation(log_det, lambda x: transform.log_abs_det_jacobian(x, transform(x)), extra),
        inverse_log_det=operation(log_det, lambda y: transform.inv.log_abs_det_jacobian(y, transform.inv(y)), extra),
        event_ndims=forward_ndims + extra,
        inverse_event_ndims=inverse_ndims + extra,
        event_shape=getattr(transform, "in_shape", None),
        domain=_common(transform) if axes else ends_of(domain),
        codomain=None if axes else ends_of(codomain),
        dtype=dtype or own,
        parameters=held.values,
        rebuilt=rebuilt if held.make is not None else None,
    )


def side_by_side(transform: Any) -> int:
    """How many axes, from the right, hold transforms side by side; 0 for any other transform."""
    from torch.distributions.transforms import CatTransform, StackTransform, Transform

    kinds = (CatTransform, StackTransform)
    found = inner(transform)
    if not isinstance(found, kinds):
        if any(isinstance(p, kinds) for p in _within(found, Transform)):
            raise UsageError(f"{title(transform)} holds transforms side by side: audit its parts one by one")
        return 0
    parts = _within(found, Transform)
    if found.dim >= 0 or any(isinstance(p, kinds) or event_dim(declared(p, "domain")) for p in parts):
        raise UsageError(
            f"{title(transform)}: its parts are to be elementwise, along an axis counted from the right (dim=-1); "
            "audit its transforms one by one"
        )
    return -int(found.dim)


def _common(transform: Any) -> Ends:
    """The interval from which all transforms side by side take inputs."""
    from torch.distributions.transforms import Transform

    found = inner(transform)
    side = "domain" if found is transform else "codomain"
    ends = [ends_of(declared(p, side)) or Ends() for p in _within(found, Transform)]
    lo, hi = max(e.lo for e in ends), min(e.hi for e in ends)
    if not lo < hi:
        raise UsageError(f"{title(transform)}: its parts take different inputs; audit its transforms one by one")
    return Ends(lo, hi)


def _within(transform: Any, base: type) -> list[Any]:
    """The transforms that one is made of, and those that they are made of."""
    found: list[Any] = []
    for value in held_tensors(transform):
        # an inverse that was asked for is kept, and leads back
        if isinstance(value, base) and inner(value) is not transform:
            found += [inner(value), *_within(inner(value), base)]
    return found


def declared(transform: Any, name: str) -> Any:
    """The constraint that is the domain or codomain; None where the transform cannot say."""
    try:
        return getattr(transform, name)
    except FAULTS:  # properties of hand-written transforms may raise anything
        return None


def event_dim(constraint: Any) -> int:
    """The number of axes of an event of a constraint; 0 where it does not say."""
    try:
        return int(getattr(constraint, "event_dim", 0))
    except FAULTS:  # a dependent constraint raises NotImplementedError
        return 0


def ends_of(constraint: Any) -> Ends | None:
    """The interval of a constraint of PyTorch or numpyro, or None."""
    return None if constraint is None else constraint_ends(constraint)


def unwrapped(transform: Any) -> tuple[Any, Callable[[Any], Any]] | None:
    """What an inverse is the inverse of, and how to invert; None for other transforms."""
    if type(transform).__name__ != "_InverseTransform":
        return None
    return transform._inv, lambda other: other.inv


def inner(transform: Any) -> Any:
    """What an inverse is the inverse of; any other transform itself."""
    split = unwrapped(transform)
    return transform if split is None else split[0]


def defines(transform: Any, base: type, *methods: str) -> bool:
    """Whether a transform overrides one of these methods of its base class."""
    return any(getattr(type(transform), m, None) is not getattr(base, m, None) for m in methods)


def title(transform: Any) -> str:
    """The name of the class; of an inverse, that of what is inverted."""
    split = unwrapped(transform)
    return f"inverse of {title(split[0])}" if split is not None else type(transform).__name__


def add_up(function: Callable[[np.ndarray], Any], axes: int) -> Callable[[np.ndarray], Any]:
    """A log-det summed over its rightmost axes; one that lacks them is left alone."""

    def summed(x: np.ndarray) -> Any:
        value = np.asarray(function(x))
        return value.sum(axis=tuple(range(-axes, 0))) if value.ndim >= axes else value

    return summed if axes else function


def _tensors(transform: Any) -> list[Any]:
    found: list[Any] = []
    for value in held_tensors(transform):
        if type(value).__module__.startswith("torch.distributions"):
            found += [v for v in held_tensors(value) if v is not transform]
        found.append(value)
    if hasattr(transform, "state_dict"):
        found += transform.state_dict().values()
    return found
