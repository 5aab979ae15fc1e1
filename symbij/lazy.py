"""Names of a package that are imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Attribute = Callable[[str], Any]


def lazy_names(
    package: str, names: dict[str, Any], modules: Mapping[str, Sequence[str]], submodules: Sequence[str] = ()
) -> tuple[Attribute, Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package with the namespace `names`: `modules` says which names each module
    defines, `submodules` are names of modules of the package itself."""
    home = {name: module for module, defined in modules.items() for name in defined}

    def attribute(name: str) -> Any:
        if name in home:
            value = getattr(importlib.import_module(home[name]), name)
        elif name in submodules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        names[name] = value
        return value

    return attribute, lambda: sorted(names["__all__"])
