"""Objects that hold parameters form a tree: bijectors in chains in distributions. Walking it and rebuilding it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from symbij.bijectors.variable import Variable


class Node:
    """Something with parameters. Subclasses with other than plain attributes override `_children`."""

    def _children(self) -> list[tuple[str, Any]]:
        """Labelled parts that may hold variables; an empty label adds nothing to the path."""
        return [(k.lstrip("_"), v) for k, v in vars(self).items() if not k.startswith(("_cache", "_parameters"))]

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The variables of this object and of everything it holds, each once."""
        return tuple(dict.fromkeys(v for _, v in walk(self)))

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle holds: everything but compiled kernels and packed parameters."""
        return {k: v for k, v in self.__dict__.items() if not k.startswith("_cache")}

    def __copy__(self) -> Any:
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__getstate__())
        return clone

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        clone = memo[id(self)] = object.__new__(type(self))
        clone.__dict__.update(copy.deepcopy(self.__getstate__(), memo))
        return clone


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Variable]]:
    """(dotted path, variable) for every variable under `value`."""
    if isinstance(value, Variable):
        yield path, value
    elif isinstance(value, Node):
        for label, child in value._children():
            yield from walk(child, _join(path, label))
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from walk(child, _join(path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield from walk(child, _join(path, str(index)))


def substitute(value: Any, new: dict[Variable, Any], made: dict[int, Any] | None = None) -> Any:
    """A copy of `value` in which every variable that is a key of `new` is replaced; the original is left alone.

    What is one object in the original is one object in the copy (`made` remembers by identity).
    """
    made = {} if made is None else made
    if isinstance(value, Variable):
        return new.get(value, value)
    if isinstance(value, Node):
        if id(value) not in made:
            clone = made[id(value)] = copy.copy(value)
            for key, part in list(vars(clone).items()):
                clone.__dict__[key] = substitute(part, new, made)
        return made[id(value)]
    if isinstance(value, dict):
        return {k: substitute(v, new, made) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [substitute(v, new, made) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _join(path: str, label: str) -> str:
    return f"{path}.{label}" if path and label else path or label
