"""Bijectors: the base class, the library of formulas, chains and inverses. Imported when first used."""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = {
    "base": ("Bijector",),
    "derived": ("DerivedBijector", "bijector"),
    "library": (
        "Cubic", "Exp", "GumbelCDF", "Identity", "LogisticCDF", "NormalCDF", "Scale", "Shift", "Sigmoid", "SinhArcsinh",
        "Softfloor", "Softplus", "Tanh", "UniformCDF",
    ),
    "linear": ("ScaleMatvecDiag", "ScaleMatvecLinearOperator", "ScaleMatvecTriL"),
    "structure": ("Chain", "Invert"),
    "variable": ("Variable",),
}  # fmt: skip
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symbij.bijectors' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"symbij.bijectors.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
