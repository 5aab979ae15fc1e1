"""Distribution functions of named laws, from their support to (0, 1), and survival functions."""

from __future__ import annotations

from symbij.bijectors.library.declare import declared
from symbij.formula.constraints import positive, real

GumbelCDF = declared(
    "GumbelCDF",
    "exp(-exp(-(x - loc)/scale))",
    "The distribution function of the Gumbel law (Gumbel 1935), ℝ → (0, 1).",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
NormalCDF = declared(
    "NormalCDF",
    "ndtr((x - loc)/scale)",
    "The distribution function of the normal law, ℝ → (0, 1).",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
NormalSurvival = declared(
    "NormalSurvival",
    "1 - ndtr((x - loc)/scale)",
    "The survival function of the normal law.",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
LogisticCDF = declared(
    "LogisticCDF",
    "sigmoid((x - loc)/scale)",
    "The distribution function of the logistic law, ℝ → (0, 1).",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
LogisticSurvival = declared(
    "LogisticSurvival",
    "1 - sigmoid((x - loc)/scale)",
    "The survival function of the logistic law.",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
MoyalCDF = declared(
    "MoyalCDF",
    "erfc(exp(-(x - loc)/(2*scale))/sqrt(2))",
    "The distribution function of the Moyal law (Moyal 1955), ℝ → (0, 1), as TensorFlow Probability's MoyalCDF.",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
CauchyCDF = declared(
    "CauchyCDF",
    "1/2 + atan((x - loc)/scale)/pi",
    "The distribution function of the Cauchy law, ℝ → (0, 1): that of TensorFlow Probability's `Cauchy(loc, scale)`, "
    "which has no bijector of the name.",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
UniformCDF = declared(
    "UniformCDF",
    "(x - low)/(high - low)",
    "The distribution function of the uniform law on [low, high].",
    domain=("low", "high"),
    low=(real, 0.0),
    high=(real, 1.0),
)
UniformSurvival = declared(
    "UniformSurvival",
    "(high - x)/(high - low)",
    "The survival function of the uniform law.",
    domain=("low", "high"),
    low=(real, 0.0),
    high=(real, 1.0),
)
