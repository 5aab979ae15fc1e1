"""Arguments of a bijector's constructor as values of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbij.bijectors.declaration import Parameter
from symbij.errors import ParameterError, did_you_mean
from symbij.kernels.broadcast import as_float_array


def by_name(
    owner: str, parameters: Sequence[Parameter], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments by name, in the order of the parameters, defaults filled in. Raises `ParameterError`."""
    names = [p.name for p in parameters]
    listed = ", ".join(names) or "none"
    if len(args) > len(names):
        raise ParameterError(f"{owner} takes {len(names)} parameter(s) ({listed}), got {len(args)}")
    given = dict(zip(names, args, strict=False))
    for key, value in kwargs.items():
        if key not in names:
            raise ParameterError(f"{owner} has no parameter '{key}' (parameters: {listed}){_hint_at(key, names)}")
        if key in given:
            raise ParameterError(f"{owner}: parameter '{key}' was given twice")
        given[key] = value
    values = {}
    for p in parameters:
        value = given.get(p.name)
        if value is None:
            value = p.default
        if value is None:
            raise ParameterError(f"{owner}: parameter '{p.name}' is missing (parameters: {listed})")
        values[p.name] = value
    return values


def _hint_at(key: str, names: list[str]) -> str:
    if key in ("e", "pi"):
        from symbij.formula.hints import why_no_name

        return f"; '{key}' cannot be one: {why_no_name(key)}"
    return did_you_mean(key, [*names, "validate_args", "name"])


def fixed(owner: str, name: str, value: Any) -> np.ndarray:
    """A parameter's value as an array of doubles that cannot be written to."""
    try:
        array = np.array(as_float_array(value, f"{owner}: parameter '{name}'"), dtype=np.float64)
    except ValueError as error:
        raise ParameterError(str(error)) from None
    array.setflags(write=False)
    return array


def shown(values: dict[str, np.ndarray]) -> str:
    """Values of parameters as text for messages."""
    return ", ".join(f"{k} = {np.array2string(v, precision=6, threshold=6)}" for k, v in values.items())
