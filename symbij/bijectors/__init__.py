"""Bijectors: the base class, the library of formulas, chains and inverses. Imported when first used."""

from __future__ import annotations

from symbij.lazy import lazy_names as _lazy_names

_MODULES = {
    "symbij.bijectors.base": ("Bijector",),
    "symbij.bijectors.derived": ("DerivedBijector", "bijector"),
    "symbij.bijectors.library.distribution_functions": (
        "GumbelCDF", "LogisticCDF", "LogisticSurvival", "NormalCDF", "NormalSurvival", "UniformCDF", "UniformSurvival",
    ),
    "symbij.bijectors.library.elementary": (
        "Cubic", "Exp", "Identity", "Scale", "Shift", "Sigmoid", "Softfloor", "Softplus", "Tanh",
    ),
    "symbij.bijectors.library.shapes": ("SinhArcsinh",),
    "symbij.bijectors.library.vectors": ("BernsteinPolynomial", "LogisticMixtureCDF", "MixtureCDF"),
    "symbij.bijectors.linear": ("ScaleMatvecDiag", "ScaleMatvecLinearOperator", "ScaleMatvecTriL"),
    "symbij.bijectors.structure": ("Chain", "Invert"),
    "symbij.bijectors.variable": ("Variable",),
    "symbij.bijectors.vector": ("VectorBijector",),
}  # fmt: skip

__all__ = [name for names in _MODULES.values() for name in names]
__getattr__, __dir__ = _lazy_names(__name__, globals(), _MODULES)
