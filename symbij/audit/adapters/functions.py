"""Plain Python functions as a `Subject`: a forward map, its inverse and log-dets, written with any array library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbij.audit.adapters.backends import NUMPY, elementwise, find_backend, takes_one_number
from symbij.audit.adapters.holding import hint, number
from symbij.audit.subject import OPERATIONS, Ends, Subject
from symbij.errors import UsageError

# Names of an argument after the first that stand for the other side of the map; a log-det may take both.
_INPUTS = ("x", "inputs", "input")
_OUTPUTS = ("y", "z", "outputs", "output", "fx", "value")
_OTHER_SIDE = {"forward_log_det": "forward", "inverse_log_det": "inverse"}


@dataclass(frozen=True)
class Arguments:
    """What a function takes: its variables in order (one or two), its parameters, their defaults, whether any more."""

    variables: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: Mapping[str, Any]
    more: bool


def arguments_of(operation: str, function: Callable[..., Any], parameters: Mapping[str, Any]) -> Arguments:
    """How to call `function`, by the names of its arguments. Raises `UsageError` if that cannot be told."""
    if isinstance(function, np.ufunc):
        return Arguments(("x",), (), {}, False)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return Arguments(("x",), (), {}, False)
    listed = list(signature.parameters.values())
    positional = [a for a in listed if a.kind in (a.POSITIONAL_ONLY, a.POSITIONAL_OR_KEYWORD)]
    more = any(a.kind == a.VAR_KEYWORD for a in listed)
    if not positional:
        if any(a.kind == a.VAR_POSITIONAL for a in listed):
            return Arguments(("x",), (), {}, more)
        raise UsageError(f"{operation} must be a function of x, but {_named(function)}{signature} takes no argument")
    first, rest = positional[0], [a for a in listed if a is not positional[0]]
    rest = [a for a in rest if a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)]
    variables: tuple[str, ...] = (first.name,)
    if operation in _OTHER_SIDE and rest and rest[0] in positional and rest[0].name not in parameters:
        second = rest[0]
        if second.name in (*_INPUTS, *_OUTPUTS) or (second.default is second.empty and len(positional) == 2):
            variables, rest = (first.name, second.name), rest[1:]
    missing = [a.name for a in rest if a.default is a.empty and a.name not in parameters]
    if missing:
        given = ", ".join(f"'{n}': ..." for n in missing)
        raise UsageError(
            f"{operation}: {_named(function)}{signature} needs {', '.join(missing)}; give parameters={{{given}}}"
        )
    defaults = {a.name: v for a in rest if a.default is not a.empty and (v := number(a.default)) is not None}
    return Arguments(variables, tuple(a.name for a in rest), defaults, more)


def from_functions(
    given: Mapping[str, Callable[..., Any] | None],
    parameters: Mapping[str, Any],
    event_ndims: int,
    dtype: np.dtype[Any],
    domain: Ends | None,
) -> Subject:
    """A `Subject` of the functions of `OPERATIONS` in `given`.

    A function is called as f(x, **those of the parameters that it has arguments for). Numbers that are defaults of
    arguments are parameters too, where all functions agree on them. A log-det may also take (x, y).
    """
    functions = {k: f for k in OPERATIONS if (f := given.get(k)) is not None}
    for operation, function in functions.items():
        if not callable(function):
            raise UsageError(f"{operation} must be a function, got {type(function).__name__}")
    taken = {k: arguments_of(k, f, parameters) for k, f in functions.items()}
    unused = tuple(n for n in parameters if not any(a.more or n in a.parameters for a in taken.values()))
    values = {k: _value(k, v) for k, v in parameters.items()}
    held = {**_defaults(taken.values()), **{k: v for k, v in values.items() if k not in unused}}
    plain = {k: _call_by_name(k, functions, taken) for k in functions}
    bound = {k: _with(f, held) for k, f in plain.items()}
    backends = {k: find_backend(f, dtype) for k, f in bound.items()}
    name = _named(next(iter(functions.values()))) if functions else "functions"
    subject = Subject(
        name=name,
        kind="functions",
        forward=None,
        event_ndims=event_ndims,
        domain=domain,
        dtype=dtype,
        parameters=held,
        traceable={k: f for k, f in plain.items() if backends[k] is NUMPY},
        flushes_subnormals=any(b.flushes_subnormals for b in backends.values()),
        unused=unused,
    )
    scalar = {k for k, f in bound.items() if backends[k] is NUMPY and not event_ndims and takes_one_number(f, dtype)}
    numeric = {k: elementwise(f) if k in scalar else backends[k].wrap(f) for k, f in plain.items()}
    return _bound(subject, numeric, held, bool(scalar))


def _bound(
    subject: Subject, functions: Mapping[str, Callable[..., Any]], held: Mapping[str, Any], scalar: bool
) -> Subject:
    """The functions at values of the parameters; `scalar`: whether any is written for one number at a time."""

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        unknown = values.keys() - held.keys()
        if unknown:
            raise UsageError(f"{subject.name} has no parameter {', '.join(sorted(unknown))}")
        arrays = [k for k, v in values.items() if np.ndim(v) > np.ndim(held[k])]
        if scalar and arrays:
            raise UsageError(f"{subject.name} is written for one number at a time: '{arrays[0]}' cannot be an array")
        return _bound(subject, functions, {**held, **{k: _value(k, v) for k, v in values.items()}}, scalar)

    operations: dict[str, Any] = {k: _with(f, held) for k, f in functions.items()}
    return replace(subject, parameters=held, rebuilt=rebuilt if held else None, **operations)


def _with(function: Callable[..., Any], parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    return lambda x: function(x, **parameters)


def _call_by_name(
    operation: str, functions: Mapping[str, Callable[..., Any]], taken: Mapping[str, Arguments]
) -> Callable[..., Any]:
    """The function of an operation, called as f(x, **parameters) with all parameters of all the functions."""
    function, arguments = functions[operation], taken[operation]
    other = _OTHER_SIDE.get(operation, "")
    if len(arguments.variables) == 2 and other not in functions:
        shown = ", ".join(arguments.variables)
        raise UsageError(f"{operation} takes ({shown}), for which {other} is needed: give {other}=...")

    def called(x: Any, **parameters: Any) -> Any:
        own = {k: v for k, v in parameters.items() if arguments.more or k in arguments.parameters}
        if len(arguments.variables) == 1:
            return function(x, **own)
        y = _call_by_name(other, functions, taken)(x, **parameters)
        return function(y, x, **own) if _other_side_first(operation, function, arguments) else function(x, y, **own)

    return called


def _other_side_first(operation: str, function: Callable[..., Any], arguments: Arguments) -> bool:
    """Whether the first of two arguments is not what the operation is asked at, but the other side of the map.

    x is the input and y the output of the forward map, whatever their order; only log_abs_det_jacobian(x, y) of an
    inverse transform means its own input and output.
    """
    first, second = arguments.variables
    if operation == "forward_log_det":
        return first in _OUTPUTS and second in _INPUTS
    return first in _INPUTS and second in _OUTPUTS and _named(function) != "log_abs_det_jacobian"


def _defaults(taken: Any) -> dict[str, Any]:
    """Defaults that no two functions disagree on."""
    found: dict[str, list[Any]] = {}
    for arguments in taken:
        for name in arguments.parameters:
            found.setdefault(name, []).append(arguments.defaults.get(name))
    return {k: v[0] for k, v in found.items() if all(w is not None and np.array_equal(v[0], w) for w in v)}


def _value(name: str, value: Any) -> Any:
    found = number(value)
    if found is None:
        raise UsageError(f"the parameter '{name}' must be a number or an array of numbers, got {value!r}{hint(value)}")
    return found


def _named(function: Callable[..., Any]) -> str:
    function = getattr(function, "func", function)  # of a functools.partial
    return getattr(function, "__name__", type(function).__name__)
