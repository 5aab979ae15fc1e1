"""Bijectors: the base class, the library of formulas, chains and inverses. Imported when first used."""

from __future__ import annotations

from symbij.lazy import lazy_names as _lazy_names

_MODULES = {
    "symbij.bijectors.base": ("Bijector",),
    "symbij.bijectors.derived": ("DerivedBijector", "bijector"),
    "symbij.bijectors.library.distribution_functions": (
        "CauchyCDF", "FrechetCDF", "GeneralizedExtremeValueCDF", "GeneralizedPareto", "GompertzCDF", "GumbelCDF",
        "KumaraswamyCDF", "LogLogisticCDF", "LogisticCDF", "LogisticSurvival", "MoyalCDF", "NormalCDF",
        "NormalSurvival", "ParetoCDF", "RayleighCDF", "ShiftedGompertzCDF", "UniformCDF", "UniformSurvival",
        "WeibullCDF",
    ),
    "symbij.bijectors.library.elementary": (
        "Arcsinh", "Cubic", "Exp", "Expm1", "Identity", "Log", "Log1p", "Logit", "Power", "Reciprocal", "Scale",
        "Shift", "Sigmoid", "Sinh", "SoftClip", "Softfloor", "Softplus", "Softsign", "Square", "Tanh",
    ),
    "symbij.bijectors.library.pieces": ("ELU", "LaplaceCDF", "LeakyReLU", "SymmetricLog", "YeoJohnson"),
    "symbij.bijectors.library.shapes": (
        "BoxCox", "JohnsonSB", "JohnsonSU", "LambertWSkew", "LambertWTail", "PowerTransform", "SinhArcsinh",
        "TanhShift", "TukeyGH",
    ),
    "symbij.bijectors.library.vectors": (
        "BernsteinPolynomial", "LogisticMixtureCDF", "MixtureCDF", "PCHIP", "RationalQuadraticSpline",
    ),
    "symbij.bijectors.linear": ("ScaleMatvecDiag", "ScaleMatvecLinearOperator", "ScaleMatvecTriL"),
    "symbij.bijectors.many_to_one": ("ManyToOneBijector",),
    "symbij.bijectors.structure": ("Chain", "Invert"),
    "symbij.bijectors.variable": ("Variable",),
    "symbij.bijectors.vector": ("VectorBijector",),
}  # fmt: skip

__all__ = [name for names in _MODULES.values() for name in names]
__getattr__, __dir__ = _lazy_names(__name__, globals(), _MODULES)
