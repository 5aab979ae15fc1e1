"""symbij compiles formulas into bijectors: proved one-to-one, inverted, differentiated, lowered to fast kernels.

    import symbij as sb

    Cubic = sb.bijector("(a*x + b)**3", a=sb.nonzero)
    cubic = Cubic(a=2.0, b=1.0)
    y, log_det = cubic.forward_and_log_det(x)

Names are imported when first used, so that `import symbij` is immediate.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES: dict[str, tuple[str, ...]] = {
    "symbij.errors": (
        "SymbijError", "FormulaSyntaxError", "NotBijectiveError", "DerivationError", "DomainError", "ParameterError",
        "ShapeError",
        "DataError", "UsageError", "MissingDependencyError",
    ),
    "symbij.formula.constraints": ("real", "positive", "negative", "nonzero", "unit", "interval"),
    "symbij.bijectors": (
        "Bijector", "Variable", "bijector", "Chain", "Invert", "Identity", "Shift", "Scale", "Exp", "Sigmoid",
        "Softplus", "Tanh", "Softfloor", "GumbelCDF", "NormalCDF", "LogisticCDF", "UniformCDF", "Cubic", "SinhArcsinh",
        "ScaleMatvecDiag", "ScaleMatvecTriL", "ScaleMatvecLinearOperator",
    ),
    "symbij.distributions": (
        "Distribution", "Normal", "Uniform", "Logistic", "Categorical", "Mixture", "TransformedDistribution",
    ),
    "symbij.fitting": ("fit", "FitResult"),
    "symbij.jit": ("jitted",),
    "symbij.kernels.threads": ("set_num_threads", "get_num_threads"),
}  # fmt: skip
_SUBMODULES = ("bijectors", "distributions", "fitting", "functions", "linalg", "plotting")
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *_HOME, *_SUBMODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"symbij.{name}")
    else:
        raise AttributeError(f"module 'symbij' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
