"""The library: bijectors that are one formula each. Inverses and log-dets are derived, none is written here."""

from __future__ import annotations

from typing import Any

from symbij.bijectors.derived import DerivedBijector, declare
from symbij.formula.constraints import nonzero, positive
from symbij.formula.formula import Formula, make_formula


def _library(name: str, formula: str, doc: str, *, defaults: dict[str, float] | None = None, order: str = "",
             domain: Any = None, **constraints: Any) -> type[DerivedBijector]:  # fmt: skip
    """Declare `formula`; `order` lists the parameters where it differs from their order in the formula."""
    made = make_formula(formula, domain=domain, constraints=constraints)
    by_name = {p.name: p for p in made.parameters}
    parameters = tuple(by_name[n] for n in (order.split() or by_name))
    if defaults:
        parameters = tuple(type(p)(p.name, p.symbol, p.constraint, defaults.get(p.name)) for p in parameters)
    made = Formula(made.text, made.expr, made.variable, parameters, made.requirements, made.domain)
    cls = declare(made, name, f"y = {made.text}\n\n{doc}")
    cls._in_library = True
    return cls


Identity = _library("Identity", "x", "The identity on ℝ.")
Shift = _library("Shift", "x + shift", "Translation by `shift`.")
Scale = _library("Scale", "scale*x", "Multiplication by `scale`, which must not be zero.", scale=nonzero)
Exp = _library("Exp", "exp(x)", "The exponential, ℝ → (0, ∞).")
Sigmoid = _library(
    "Sigmoid",
    "low + (high - low)*sigmoid(x)",
    "The logistic function 1/(1 + exp(-x)), rescaled from (0, 1) to (low, high).",
    defaults={"low": 0.0, "high": 1.0},
)
Softplus = _library(
    "Softplus",
    "low + hinge_softness*softplus(x/hinge_softness)",
    "A smooth max(x, 0) with a corner of width `hinge_softness`, ℝ → (low, ∞) (mirrored for a negative softness).",
    defaults={"hinge_softness": 1.0, "low": 0.0},
    order="hinge_softness low",
    hinge_softness=nonzero,
)
Tanh = _library("Tanh", "tanh(x)", "The hyperbolic tangent, ℝ → (-1, 1).")
Softfloor = _library(
    "Softfloor",
    "floor(x - 1/2) + (sigmoid((frac(x - 1/2) - 1/2)/temperature) - sigmoid(-1/(2*temperature)))"
    "/(sigmoid(1/(2*temperature)) - sigmoid(-1/(2*temperature))) + sigmoid(-1/(2*temperature))",
    "A differentiable floor, ℝ → ℝ: it approaches floor(x) for small temperatures and the identity for large ones. "
    "The forward map is that of TensorFlow Probability's Softfloor.",
    temperature=positive,
)
GumbelCDF = _library(
    "GumbelCDF",
    "exp(-exp(-(x - loc)/scale))",
    "The distribution function of the Gumbel law (Gumbel 1935), ℝ → (0, 1).",
    defaults={"loc": 0.0, "scale": 1.0},
    scale=positive,
)
_STANDARD = {"loc": 0.0, "scale": 1.0}
_UNIT = {"low": 0.0, "high": 1.0}

NormalCDF = _library(
    "NormalCDF",
    "ndtr((x - loc)/scale)",
    "The distribution function of the normal law, ℝ → (0, 1).",
    defaults=_STANDARD,
    scale=positive,
)
NormalSurvival = _library(
    "NormalSurvival",
    "1 - ndtr((x - loc)/scale)",
    "The survival function of the normal law.",
    defaults=_STANDARD,
    scale=positive,
)
LogisticCDF = _library(
    "LogisticCDF",
    "sigmoid((x - loc)/scale)",
    "The distribution function of the logistic law, ℝ → (0, 1).",
    defaults=_STANDARD,
    scale=positive,
)
LogisticSurvival = _library(
    "LogisticSurvival",
    "1 - sigmoid((x - loc)/scale)",
    "The survival function of the logistic law.",
    defaults=_STANDARD,
    scale=positive,
)
UniformCDF = _library(
    "UniformCDF",
    "(x - low)/(high - low)",
    "The distribution function of the uniform law on [low, high].",
    defaults=_UNIT,
    domain=("low", "high"),
)
UniformSurvival = _library(
    "UniformSurvival",
    "(high - x)/(high - low)",
    "The survival function of the uniform law.",
    defaults=_UNIT,
    order="low high",
    domain=("low", "high"),
)
Cubic = _library(
    "Cubic", "(a*x + b)**3", "The cube of an affine map, ℝ → ℝ; the derivative vanishes where a*x + b = 0.", a=nonzero
)
SinhArcsinh = _library(
    "SinhArcsinh",
    "sinh((asinh(x) + skewness)*tailweight)",
    "Skews and changes the tails of a law, ℝ → ℝ (Jones & Pewsey 2009).",
    defaults={"skewness": 0.0, "tailweight": 1.0},
    tailweight=positive,
)

ALL: dict[str, type[DerivedBijector]] = {
    cls.__name__: cls
    for cls in (Identity, Shift, Scale, Exp, Sigmoid, Softplus, Tanh, Softfloor, GumbelCDF, NormalCDF, LogisticCDF,
                UniformCDF, NormalSurvival, LogisticSurvival, UniformSurvival, Cubic, SinhArcsinh)
}  # fmt: skip
