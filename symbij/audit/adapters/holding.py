"""The parameters that an object holds, and the same object made again with other values of them."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbij.audit.subject import FAULTS
from symbij.formula.constraints import Constraint

# Arguments of constructors that are numbers and still no parameters of a map.
_STRUCTURAL = frozenset({
    "axis", "bins", "cache_size", "dim", "dims", "dtype", "event_dim", "event_ndims", "features",
    "forward_min_event_ndims", "hidden", "in_shape", "inverse_min_event_ndims", "knots", "length", "lengths",
    "max_iter", "maxiter", "n", "name", "num_bins", "out_shape", "reinterpreted_batch_ndims", "seed", "shape", "tol",
    "validate_args",
})  # fmt: skip
_CHANGE = 2.0**-10  # relative change of a parameter that tells what depends on it
_ROUNDING = 1e-6  # relative difference that storing a parameter in another form (its logarithm) may make

Unwrapped = tuple[Any, Callable[[Any], Any]]
Cast = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Holding:
    """The numeric parameters of an object by name, and how to make it with (some) others; None where that fails.

    `attributes` are the names under which the object keeps them, where it keeps them as attributes.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    make: Callable[[Mapping[str, Any]], Any] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def asked(thing: Any, name: str, default: Any = None) -> Any:
    """An attribute of an object of others, whose properties and `__getattr__` may raise anything: then the default."""
    try:
        return getattr(thing, name, default)
    except FAULTS:
        return default


def number(value: Any) -> Any:
    """`value` as a float or an array of doubles; None if it is no number."""
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return None
    if asked(value, "detach") is not None:
        value = value.detach().cpu().numpy()
    elif isinstance(value, (list, tuple)):
        if not value or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value):
            return None
    elif not isinstance(value, (int, float, np.number, np.ndarray)) and asked(value, "__array__") is None:
        return None
    try:
        array = np.asarray(value)
    except FAULTS:  # objects that look like arrays and are none
        return None
    if array.dtype.kind not in "fiu":
        return None
    array = array.astype(np.float64)
    return array if array.ndim else float(array)


def hint(value: Any) -> str:
    """What to do with a constraint that was given as a value."""
    return "; what it may be goes into constraints={...}" if isinstance(value, (Constraint, tuple)) else ""


def holding(
    thing: Any,
    base: type | None = None,
    unwrap: Callable[[Any], Unwrapped | None] | None = None,
    fixed: Mapping[str, Any] | None = None,
    view: Callable[[Any], Any] | None = None,
    cast: Cast | None = None,
) -> Holding:
    """What the arguments of its constructor say of `thing`, and of the parts it is made of (of class `base`).

    An argument is found in the mapping `thing.parameters`, or as the attribute of its name or that with a leading
    underscore. It counts as found only if an object made with what was found is the same: an attribute that only
    bears the name of an argument is not taken for it. `unwrap` splits a wrapper into what it wraps and a function that
    wraps again; `fixed` are arguments given to the constructor in any case; `view` is what `thing` has gone through
    since it was made; `cast` makes an argument of the value of a parameter and the argument as it was.
    """
    cast = cast or like
    split = unwrap(thing) if unwrap is not None else None
    if split is not None:
        inner, wrap = split
        held = holding(inner, base, unwrap, fixed, view, cast)
        make = held.make
        return Holding(held.values, None if make is None else lambda new: wrap(make(new)))
    found, attributes, complete = _arguments(thing, fixed or {})
    values: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for name, value in found.items():
        if base is not None and (inner := _parts(value, base)):
            parts[name] = [holding(p, base, unwrap, None, view, cast) for p in inner]
        elif name not in _STRUCTURAL and (numeric := number(value)) is not None:
            values[name] = numeric
    own = frozenset(values)
    names = [n for held in parts.values() for h in held for n in h.values]
    for held in parts.values():
        for h in held:
            values |= {k: v for k, v in h.values.items() if names.count(k) == 1 and k not in own}
    if not complete:
        return Holding(values, None, attributes)

    def make_again(new: Mapping[str, Any]) -> Any:
        arguments = dict(found)
        for name in own & new.keys():
            arguments[name] = cast(new[name], found[name])
        for name, held in parts.items():
            made = [_made(h, p, new, values) for h, p in zip(held, _parts(found[name], base), strict=True)]
            arguments[name] = made if isinstance(found[name], (list, tuple)) else made[0]
        return type(thing)(**arguments)

    try:
        again = make_again(values)
        if not _same(vars(again if view is None else view(again)), vars(thing)):
            return Holding()
    except FAULTS:  # an object that cannot be made again may still hold what it says
        return Holding(values, None, attributes)
    return Holding(values, make_again, attributes)


def _made(held: Holding, part: Any, new: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    mine = {k: v for k, v in new.items() if k in held.values and k in known}
    return held.make(mine) if held.make is not None and mine else part


def _arguments(thing: Any, fixed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], bool]:
    """The constructor's arguments that are found, the attributes they are found at, and whether none is missing."""
    try:
        listed = inspect.signature(type(thing)).parameters
        if all(a.kind in (a.VAR_POSITIONAL, a.VAR_KEYWORD) for a in listed.values()):  # of a metaclass or of __new__
            _, *rest = inspect.signature(type(thing).__init__).parameters.items()
            listed = dict(rest)  # type: ignore[assignment]
    except (TypeError, ValueError):
        return {}, {}, False
    told = asked(thing, "parameters")
    told = told if isinstance(told, Mapping) else {}
    found: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    complete = True
    for name, argument in listed.items():
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        if argument.kind == argument.POSITIONAL_ONLY:
            complete = False
        if name in fixed:
            found[name] = fixed[name]
            continue
        attribute = next((a for a in (name, f"_{name}") if _has(thing, a)), None)
        if attribute is not None:
            attributes[name] = attribute
        optional = argument.default is not argument.empty
        if optional and argument.default is not None and told.get(name, name) is None:
            continue  # what a base class was told, which is not what this class takes
        if name in told:
            found[name] = told[name]
        elif attribute is not None:
            found[name] = asked(thing, attribute)
        elif not optional:
            complete = False
    return found, attributes, complete


def _has(thing: Any, attribute: str) -> bool:
    missing = object()
    value = asked(thing, attribute, missing)
    return value is not missing and not inspect.ismethod(value)


def _parts(value: Any, base: type | None) -> list[Any]:
    """`value` as a list of objects of class `base`; empty if it is something else."""
    if base is None:
        return []
    if isinstance(value, base):
        return [value]
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, base) for v in value):
        return list(value)
    return []


def like(new: Any, original: Any) -> Any:
    """The value `new` as what `original` is: a tensor of the same library and dtype, an array, a number."""
    array = np.asarray(new, dtype=np.float64)
    library = type(original).__module__.partition(".")[0]
    if hasattr(original, "new_tensor"):
        return original.detach().new_tensor(array)
    if library in ("jax", "jaxlib"):
        import jax.numpy as jnp

        return jnp.asarray(array, dtype=original.dtype)
    if library in ("tensorflow", "tensorflow_probability") and hasattr(original, "dtype"):
        return array.astype(getattr(original.dtype, "as_numpy_dtype", original.dtype))
    if isinstance(original, (np.ndarray, np.floating)) and original.dtype.kind == "f":
        return array.astype(original.dtype) if array.ndim or isinstance(original, np.ndarray) else float(array)
    return array if array.ndim else float(array)


def arrays_by(enter: Callable[[np.ndarray], Any], cast: Cast = like) -> Cast:
    """`cast`, but arrays in place of what was a number as arrays of a library."""

    def casted(new: Any, original: Any) -> Any:
        plain = isinstance(original, (int, float)) and np.ndim(new) > 0
        return enter(np.asarray(new, dtype=np.float64)) if plain else cast(new, original)

    return casted


def in_dtype(dtype: np.dtype[Any]) -> Cast:
    """Arguments as arrays and tensors of a dtype, whatever they were; numbers stay numbers."""

    def cast(new: Any, original: Any) -> Any:
        if hasattr(original, "new_tensor"):
            import torch

            return torch.as_tensor(np.asarray(new, dtype=dtype))
        if type(original).__module__.partition(".")[0] in ("jax", "jaxlib"):
            import jax.numpy as jnp

            return jnp.asarray(np.asarray(new, dtype=dtype))
        return np.asarray(new, dtype=dtype) if isinstance(original, np.ndarray) else like(new, original)

    return cast


def _same(a: Any, b: Any, depth: int = 0) -> bool:
    """Whether two objects hold the same numbers. What is private and still None in the fresh object `a` is its state
    after calls, and does not count."""
    first, second = number(a), number(b)
    if first is not None or second is not None:
        if first is None or second is None:
            return False
        p, q = np.asarray(first), np.asarray(second)
        return p.shape == q.shape and np.allclose(p, q, rtol=_ROUNDING, atol=0.0, equal_nan=True)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        names = [k for k in b if not (isinstance(k, str) and k.startswith("_") and (a.get(k) is None or "cache" in k))]
        return all(k in a and _same(a[k], b[k], depth + 1) for k in names)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_same(p, q, depth + 1) for p, q in zip(a, b, strict=True))
    return type(a) is type(b)


def dtype_of(values: Iterable[Any]) -> np.dtype[Any]:
    """The common dtype of the tensors and arrays among `values`; float64 if there is none."""
    found = []
    for value in values:
        name = asked(value, "dtype")
        name = asked(name, "name") or str(name).rpartition(".")[2]
        if name in ("float16", "float32", "float64"):
            found.append(np.dtype(name))
    return np.result_type(*found) if found else np.dtype(np.float64)


def held_tensors(thing: Any) -> list[Any]:
    """The attributes of an object, and the elements of those that are lists, to look for tensors in."""
    flat: list[Any] = []
    for value in asked(thing, "__dict__", {}).values():
        flat += value if isinstance(value, (list, tuple)) else [value]
    return flat


def traceable(
    thing: Any, held: Holding, methods: Mapping[str, Callable[[Any], Callable[..., Any]]]
) -> dict[str, Callable[..., Any]]:
    """The methods of an object as functions of the variable and the parameters; `methods` finds them in a copy of it.

    The parameters are put on a copy of the object. That is done only where it does the same as making the object with
    them: not if the constructor works out more than it keeps. Then the object is made with what comes.
    """
    if held.values and held.make is None:
        return {}
    by_copy = _sound(thing, held)

    def function(method: Callable[[Any], Callable[..., Any]]) -> Callable[..., Any]:
        def traced(x: Any, **parameters: Any) -> Any:
            mine = {k: v for k, v in parameters.items() if k in held.values}
            clone = _replaced(thing, held, mine) if by_copy or not mine else type(thing)(**{**held.values, **mine})
            return method(clone)(x)

        return traced

    return {operation: function(method) for operation, method in methods.items()}


def _replaced(thing: Any, held: Holding, new: Mapping[str, Any]) -> Any:
    clone = copy.copy(thing)
    for name, value in new.items():
        if name in held.attributes:
            clone.__dict__[held.attributes[name]] = value
    told = clone.__dict__.get("_parameters")
    if isinstance(told, Mapping):
        clone.__dict__["_parameters"] = {**told, **new}
    return clone


def _sound(thing: Any, held: Holding) -> bool:
    """Whether putting parameters on a copy gives what the constructor gives, seen from a small change of each."""
    if held.make is None:
        return not held.values
    for name, value in held.values.items():
        changed = {name: np.asarray(value) * (1.0 + _CHANGE) + _CHANGE * (np.asarray(value) == 0.0)}
        if name not in held.attributes or held.attributes[name] not in vars(thing):
            return False
        try:
            if not _same(vars(held.make(changed)), vars(_replaced(thing, held, changed))):
                return False
        except FAULTS:  # a constructor may refuse the changed value
            return False
    return True
