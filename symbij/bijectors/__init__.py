"""Bijectors: the base class, the library of formulas, chains and inverses."""

from symbij.bijectors.base import Bijector
from symbij.bijectors.derived import DerivedBijector, bijector
from symbij.bijectors.library import (
    Cubic,
    Exp,
    GumbelCDF,
    Identity,
    LogisticCDF,
    NormalCDF,
    Scale,
    Shift,
    Sigmoid,
    SinhArcsinh,
    Softfloor,
    Softplus,
    Tanh,
    UniformCDF,
)
from symbij.bijectors.linear import ScaleMatvecDiag, ScaleMatvecLinearOperator, ScaleMatvecTriL
from symbij.bijectors.structure import Chain, Invert
from symbij.bijectors.variable import Variable

__all__ = [
    "Bijector", "Chain", "Cubic", "DerivedBijector", "Exp", "GumbelCDF", "Identity", "Invert", "LogisticCDF",
    "NormalCDF", "Scale", "ScaleMatvecDiag", "ScaleMatvecLinearOperator", "ScaleMatvecTriL", "Shift", "Sigmoid",
    "SinhArcsinh", "Softfloor", "Softplus", "Tanh", "UniformCDF", "Variable", "bijector",
]  # fmt: skip
