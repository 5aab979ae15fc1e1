"""`adapt`: whatever is to be audited becomes a `Subject`; other libraries are imported only for objects of theirs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbij.audit.adapters.ends import asked_ends
from symbij.audit.adapters.event_shape import with_event_shape
from symbij.audit.adapters.functions import from_functions
from symbij.audit.adapters.holding import hint, number
from symbij.audit.adapters.objects import from_object, unrecognised
from symbij.audit.adapters.own import from_bijector
from symbij.audit.subject import COMBINED, OPERATIONS, Subject
from symbij.bijectors.base import Bijector
from symbij.errors import UsageError

__all__ = ["adapt"]


def adapt(
    subject: Any = None,
    *,
    forward: Callable[..., Any] | None = None,
    inverse: Callable[..., Any] | None = None,
    forward_log_det: Callable[..., Any] | None = None,
    inverse_log_det: Callable[..., Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    event_ndims: int | None = None,
    dtype: Any = None,
    domain: Any = None,
) -> Subject:
    """One face for all that can be audited.

    `subject` is a symbij bijector, a transform of PyTorch, Pyro or numpyro, a bijector of TFP, a bijection of FlowJAX,
    an object with recognisable method names, or a function: the forward map. The four functions take the place of the
    subject's, or stand alone; they are called as f(x, **parameters), with those parameters they have arguments for.
    `parameters` of an object are names that the formula uses and the object does not tell; with one of them the object
    cannot be made again. `event_ndims` is raised to what the subject mixes. `dtype` is that of the subject's own
    numbers, float64 if it has none.

    Raises `UsageError` for what cannot be recognised, and for a function that needs what was not given.
    """
    given = {
        "forward": forward, "inverse": inverse, "forward_log_det": forward_log_det, "inverse_log_det": inverse_log_det,
    }  # fmt: skip
    asked = None if dtype is None else _dtype(dtype)
    ends = asked_ends(domain)
    ndims = _event_ndims(event_ndims)
    values = dict(parameters or {})
    if subject is None or _is_function(subject):
        if subject is not None:
            if forward is not None:
                raise UsageError("the forward map was given twice: as the subject and as forward=")
            given["forward"] = subject
        if all(f is None for f in given.values()):
            raise UsageError("nothing to audit: give a bijector, or functions as forward=, inverse=, forward_log_det=")
        found = from_functions(given, values, ndims or 0, asked or np.dtype(np.float64), ends)
        return with_event_shape(found)
    found = _from_any(subject, ndims, asked)
    found = _with_parameters(found, values)
    if any(f is not None for f in given.values()):
        found = _overridden(found, given)
    return with_event_shape(replace(found, domain=ends) if ends is not None else found)


def _from_any(subject: Any, event_ndims: int | None, dtype: np.dtype[Any] | None) -> Subject:
    if isinstance(subject, Bijector):
        return from_bijector(subject, event_ndims, dtype)
    if inspect.isclass(subject):
        raise UsageError(unrecognised(subject))
    for cls in type(subject).__mro__:
        library, name = cls.__module__, cls.__name__
        if library.startswith("torch.distributions") and name == "Transform":
            from symbij.audit.adapters.torch_transforms import from_torch

            return from_torch(subject, event_ndims, dtype)
        if library.startswith("numpyro.distributions") and name == "Transform":
            from symbij.audit.adapters.jax_transforms import from_numpyro

            return from_numpyro(subject, event_ndims, dtype)
        if library.startswith("flowjax") and name == "AbstractBijection":
            from symbij.audit.adapters.jax_transforms import from_flowjax

            return from_flowjax(subject, event_ndims, dtype)
        if library.startswith("tensorflow_probability") and name == "Bijector":
            from symbij.audit.adapters.tfp_bijectors import from_tfp

            return from_tfp(subject, cls, event_ndims, dtype)
    return from_object(subject, event_ndims, dtype)


def _is_function(subject: Any) -> bool:
    return inspect.isroutine(subject) or isinstance(subject, (np.ufunc, np.vectorize, functools.partial))


def _with_parameters(found: Subject, given: Mapping[str, Any]) -> Subject:
    """The subject with the values that the user says the names of the formula have."""
    values = {}
    for name, value in given.items():
        numeric = number(value)
        if numeric is None:
            raise UsageError(
                f"the parameter '{name}' must be a number or an array of numbers, got {value!r}{hint(value)}"
            )
        values[name] = numeric
    if not values:
        return found
    held = found.parameters
    rebuild = found.rebuilt if values.keys() <= held.keys() else None

    def rebuilt(new: Mapping[str, Any]) -> Subject:
        assert rebuild is not None
        return rebuild({**values, **new})

    return replace(found, parameters={**held, **values}, rebuilt=rebuilt if rebuild is not None else None)


def _overridden(found: Subject, given: Mapping[str, Callable[..., Any] | None]) -> Subject:
    """The subject with functions in place of some of its operations; combined calls of those are left out."""
    functions = {k: f for k, f in given.items() if f is not None}
    for k in OPERATIONS:  # a log-det that takes (x, y) may need an operation that the subject keeps
        if k not in functions and found.has(k) and not k.endswith("log_det"):
            functions[k] = _kept(found, k)
    taken = from_functions(functions, found.parameters, found.event_ndims, found.dtype, found.domain)
    operations = {k: getattr(taken, k) for k in given if given[k] is not None}
    combined = {k: None for k in COMBINED if any(o.startswith(k.partition("_")[0]) for o in operations)}
    rebuild = found.rebuilt

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert rebuild is not None
        return _overridden(rebuild(values), given)

    return replace(
        found,
        traceable={
            **{k: f for k, f in found.traceable.items() if k not in operations},
            **{k: f for k, f in taken.traceable.items() if k in operations},
        },
        rebuilt=rebuilt if rebuild is not None else None,
        **operations,
        **combined,
    )


def _kept(found: Subject, operation: str) -> Callable[[Any], Any]:
    function = getattr(found, operation)
    return lambda x: function(x)


def _dtype(dtype: Any) -> np.dtype[Any]:
    name = getattr(dtype, "as_numpy_dtype", None) or (str(dtype).rpartition(".")[2] if "torch" in str(dtype) else dtype)
    try:
        found = np.dtype(name)
    except TypeError:
        found = np.dtype(object)
    if found.kind != "f":
        raise UsageError(f"dtype must be a floating-point dtype, got {dtype!r}")
    return found


def _event_ndims(event_ndims: Any) -> int | None:
    if event_ndims is None:
        return None
    if isinstance(event_ndims, bool) or not isinstance(event_ndims, (int, np.integer)) or event_ndims < 0:
        raise UsageError(f"event_ndims must be a whole number from 0, got {event_ndims!r}")
    return int(event_ndims)
