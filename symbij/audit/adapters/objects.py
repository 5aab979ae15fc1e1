"""Any object with recognisable methods as a `Subject`: classes in numpy, modules of PyTorch flows, distrax, ..."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from symbij.audit.adapters.backends import (
    NUMPY,
    Backend,
    backend_of_value,
    elementwise,
    find_backend,
    jax_backend,
    probe,
    takes_one_number,
    torch_backend,
)
from symbij.audit.adapters.ends import asked_ends
from symbij.audit.adapters.holding import asked, dtype_of, held_tensors, holding, traceable
from symbij.audit.subject import COMBINED, FAULTS, OPERATIONS, Ends, Subject
from symbij.errors import UsageError

FORWARD = ("forward", "transform", "_forward", "__call__", "call")
INVERSE = ("inverse", "inv", "inverse_transform", "invert", "_inverse", "backward")
FORWARD_LOG_DET = (
    "forward_log_det_jacobian", "log_abs_det_jacobian", "forward_log_det", "forward_log_abs_det_jacobian",
    "log_abs_det", "log_det_jacobian", "log_det", "log_jacobian", "log_det_jac", "logdet", "fldj",
    "_forward_log_det_jacobian",
)  # fmt: skip
INVERSE_LOG_DET = (
    "inverse_log_det_jacobian", "inverse_log_abs_det_jacobian", "inverse_log_det", "inverse_log_jacobian", "ildj",
    "_inverse_log_det_jacobian",
)  # fmt: skip
FORWARD_AND_LOG_DET = ("forward_and_log_det", "transform_and_log_det")
INVERSE_AND_LOG_DET = ("inverse_and_log_det",)
_OUTPUTS = ("y", "z", "outputs", "output", "fx")
# Shapes at which a module that returns value and log-det at once is tried: batches of vectors, then plain batches.
_PAIR_SHAPES = (*((4, n) for n in (2, 3, 1, *range(4, 17))), (4,), (4, 2, 2), (4, 3, 3))


class Methods:
    """The methods of an object that were recognised, as functions of one array of its library."""

    def __init__(self, thing: Any, event_ndims: int) -> None:
        self.thing = thing
        self.event_ndims = event_ndims
        self.names = {
            "forward": self._first(FORWARD), "inverse": self._first(INVERSE),
            "forward_log_det": self._first(FORWARD_LOG_DET), "inverse_log_det": self._first(INVERSE_LOG_DET),
            "forward_and_log_det": self._first(FORWARD_AND_LOG_DET),
            "inverse_and_log_det": self._first(INVERSE_AND_LOG_DET),
        }  # fmt: skip

    def _first(self, names: tuple[str, ...]) -> str | None:
        for name in names:
            if name == "__call__":
                if callable(self.thing):
                    return name
                continue
            # what a module of PyTorch has of its base class says nothing
            method = asked(self.thing, name)
            if callable(method) and not inspect.isclass(method):
                return name
        return None

    def __contains__(self, operation: str) -> bool:
        return self.names[operation] is not None

    def get(self, operation: str) -> Callable[[Any], Any] | None:
        """The method of an operation as a function of one array; None if the object has none."""
        name = self.names[operation]
        if name is None:
            return None
        # a module of PyTorch is called, which runs its hooks, and not its forward method
        method = self.thing if name == "forward" and _is_module(self.thing) else getattr(self.thing, name)
        needed = self._needed(operation, name)
        if not needed:
            return method

        def called(x: Any) -> Any:
            arguments = {}
            for argument, kind in needed.items():
                if kind == "event_ndims":
                    arguments[argument] = self.event_ndims
                else:
                    other = self.get("forward" if operation.startswith("forward") else "inverse")
                    assert other is not None
                    value = other(x)
                    arguments[argument] = value[0] if isinstance(value, tuple) else value
            return method(x, **arguments)

        return called

    def _needed(self, operation: str, name: str) -> Mapping[str, str]:
        """The arguments beside the first that a method needs, and what they are."""
        try:
            listed = list(inspect.signature(getattr(self.thing, name)).parameters.values())
        except FAULTS:
            return {}
        named = [a for a in listed if a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY)]
        rest = named[1:] if named and named[0] is listed[0] else []
        needed = {}
        for argument in rest:
            if argument.name == "event_ndims":
                needed[argument.name] = "event_ndims"
            elif argument.default is argument.empty:
                other = "forward" if operation.startswith("forward") else "inverse"
                sides = (*_OUTPUTS, "x") if "log_det" in operation else ()
                if argument.name not in sides or other not in self:
                    raise UsageError(
                        f"{type(self.thing).__name__}.{name} needs '{argument.name}'; give a function that fixes it: "
                        f"{operation}=lambda x: subject.{name}(x, {argument.name}=...)"
                    )
                needed[argument.name] = "other side"
        return needed


def from_object(
    thing: Any, event_ndims: int | None, dtype: np.dtype[Any] | None, scalar: Mapping[str, bool] | None = None
) -> Subject:
    """An object whose methods have names that bijectors' methods usually have.

    A forward method that returns a pair (as normalizing-flow modules do) is value and log-det in one. `scalar` says
    which methods take one number only, where that is known: arrays of parameters would make it seem so. Raises
    `UsageError` for an object without any of these methods.
    """
    title = type(thing).__name__ if not inspect.ismodule(thing) else thing.__name__
    methods = Methods(thing, event_ndims or 0)
    if not any(k in methods for k in ("forward", "inverse", "forward_and_log_det", "inverse_and_log_det")):
        raise UsageError(unrecognised(thing))
    wanted = dtype
    dtype = wanted or dtype_of(_tensors(thing))
    backend = _backend(thing, methods, dtype)
    operations: dict[str, Any] = {}
    single: dict[str, bool] = {}
    for name in methods.names:
        function = methods.get(name)
        if function is None:
            continue
        wrapped = backend.wrap(function)
        if backend is not NUMPY or event_ndims:
            single[name] = False
        else:
            single[name] = takes_one_number(function, dtype) if scalar is None else scalar.get(name, False)
        if single[name]:
            wrapped = elementwise(function)
        operations[name] = wrapped
    found_ndims, event_shape = _split_pairs(operations, dtype)
    for direction in ("forward", "inverse"):
        _complete(operations, direction)
    held = holding(thing)
    in_numpy = backend is NUMPY and not any(k in operations for k in COMBINED)
    by_hand = {k: partial(_method, k) for k in OPERATIONS if k in methods}

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert held.make is not None
        arrays = [n for n, v in values.items() if np.ndim(v) > np.ndim(held.values.get(n, 0.0))]
        if arrays and any(single.values()):
            raise UsageError(f"{title} is written for one number at a time: '{arrays[0]}' cannot be an array")
        return from_object(held.make({**held.values, **values}), event_ndims, wanted, single)

    return Subject(
        name=title,
        kind="object" if backend is NUMPY else f"object ({backend.name})",
        forward=operations.get("forward"),
        inverse=operations.get("inverse"),
        forward_log_det=operations.get("forward_log_det"),
        inverse_log_det=operations.get("inverse_log_det"),
        forward_and_log_det=operations.get("forward_and_log_det"),
        inverse_and_log_det=operations.get("inverse_and_log_det"),
        event_ndims=found_ndims if event_ndims is None else event_ndims,
        event_shape=event_shape if event_ndims in (None, found_ndims) else None,
        domain=_declared(thing, "domain"),
        codomain=_declared(thing, "codomain"),
        dtype=dtype,
        parameters=held.values,
        rebuilt=rebuilt if held.make is not None else None,
        traceable=traceable(thing, held, by_hand) if in_numpy else {},
        flushes_subnormals=backend.flushes_subnormals,
    )


def unrecognised(thing: Any) -> str:
    """What was looked for in an object and not found, and the way out."""
    title = f"the class {thing.__name__}" if inspect.isclass(thing) else f"a {type(thing).__name__}"
    advice = " (give an instance of it)" if inspect.isclass(thing) else ""
    return (
        f"{title} is not recognised as a bijector{advice}: it has none of the forward maps {', '.join(FORWARD)} and "
        f"none of the inverses {', '.join(INVERSE)}; give its functions instead: "
        "verify(forward=..., inverse=..., forward_log_det=..., inverse_log_det=...)"
    )


def _is_module(thing: Any) -> bool:
    return any(c.__module__ == "torch.nn.modules.module" for c in type(thing).__mro__)


def _backend(thing: Any, methods: Methods, dtype: np.dtype[Any]) -> Backend:
    if _is_module(thing):
        return torch_backend()
    if any(c.__module__.partition(".")[0] == "distrax" for c in type(thing).__mro__):
        return jax_backend(dtype)
    for tensor in _tensors(thing):
        found = backend_of_value(tensor, dtype)
        if found is not None:
            return found
    for operation in methods.names:
        function = methods.get(operation)
        if function is not None:
            return find_backend(function, dtype)
    return NUMPY


def _tensors(thing: Any) -> list[Any]:
    return [*thing.state_dict().values()] if _is_module(thing) else held_tensors(thing)


def _method(operation: str, thing: Any) -> Callable[..., Any]:
    found = Methods(thing, 0).get(operation)
    assert found is not None
    return found


def _split_pairs(operations: dict[str, Any], dtype: np.dtype[Any]) -> tuple[int, tuple[int, ...] | None]:
    """Methods that return (value, log-det) are taken apart. Returns the number of axes of an event that the shapes of
    the pair tell, and the shape of an event if only one works."""
    event_ndims, event_shape = 0, None
    for direction in ("forward", "inverse"):
        function = operations.get(direction)
        if function is None:
            continue
        pairs = [(s, r) for s in _PAIR_SHAPES[:3] if _is_pair(r := probe(function, s, dtype)[0])]
        if not pairs:
            pairs = [(s, r) for s in _PAIR_SHAPES[3:] if _is_pair(r := probe(function, s, dtype)[0])][:1]
        if pairs:
            if direction == "forward":
                shape, (_, log_det) = pairs[0]
                batch = np.ndim(log_det)
                event_ndims = len(shape) - batch if np.shape(log_det) == shape[:batch] else 0
                event_shape = shape[batch:] if event_ndims and len(pairs) == 1 else None
            operations.setdefault(f"{direction}_and_log_det", function)
            operations[direction] = _part(function, 0)
            operations.setdefault(f"{direction}_log_det", _part(function, 1))
    return event_ndims, event_shape


def _is_pair(returned: Any) -> bool:
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        return False
    return all(np.asarray(r).dtype.kind in "fiu" for r in returned)


def _complete(operations: dict[str, Any], direction: str) -> None:
    """Value and log-det alone from the call that returns both, where there is no other."""
    both = operations.get(f"{direction}_and_log_det")
    if both is not None:
        operations.setdefault(direction, _part(both, 0))
        operations.setdefault(f"{direction}_log_det", _part(both, 1))


def _part(function: Callable[[np.ndarray], Any], index: int) -> Callable[[np.ndarray], Any]:
    return lambda x: function(x)[index]


def _declared(thing: Any, name: str) -> Ends | None:
    declared = asked(thing, name)
    if not isinstance(declared, (tuple, list)):
        return None
    try:
        return asked_ends(declared)
    except UsageError:  # not meant as an interval
        return None
