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
WeibullCDF = declared(
    "WeibullCDF",
    "1 - exp(-(x/scale)**concentration)",
    "The distribution function of the Weibull law (Weibull 1951), [0, ∞) → [0, 1).",
    scale=(positive, 1.0),
    concentration=(positive, 1.0),
)
FrechetCDF = declared(
    "FrechetCDF",
    "exp(-((x - loc)/scale)**(-concentration))",
    "The distribution function of the Fréchet law (Fréchet 1927), (loc, ∞) → (0, 1).",
    loc=(real, 0.0),
    scale=(positive, 1.0),
    concentration=(positive, 1.0),
)
RayleighCDF = declared(
    "RayleighCDF",
    "1 - exp(-x**2/(2*scale**2))",
    "The distribution function of the Rayleigh law (Rayleigh 1880), [0, ∞) → [0, 1).",
    domain=(0, "oo"),
    scale=(positive, 1.0),
)
GompertzCDF = declared(
    "GompertzCDF",
    "1 - exp(-concentration*(exp(rate*x) - 1))",
    "The distribution function of the Gompertz law (Gompertz 1825), [0, ∞) → [0, 1).",
    domain=(0, "oo"),
    concentration=positive,
    rate=positive,
)
KumaraswamyCDF = declared(
    "KumaraswamyCDF",
    "1 - (1 - x**concentration1)**concentration0",
    "The distribution function of the law of Kumaraswamy (1980), [0, 1] → [0, 1].",
    domain=(0, 1),
    concentration1=(positive, 1.0),
    concentration0=(positive, 1.0),
)
GeneralizedExtremeValueCDF = declared(
    "GeneralizedExtremeValueCDF",
    "exp(-(1 + concentration*(x - loc)/scale)**(-1/concentration))",
    "The distribution function of the generalized extreme value law (Jenkinson 1955), from where "
    "1 + concentration*(x - loc)/scale > 0 onto (0, 1); at concentration = 0 its limit, that of the Gumbel law.",
    loc=(real, 0.0),
    scale=(positive, 1.0),
    concentration=(real, 0.0),
)
GeneralizedPareto = declared(
    "GeneralizedPareto",
    "1 - (1 + concentration*(x - loc)/scale)**(-1/concentration)",
    "The distribution function of the generalized Pareto law (Pickands 1975); at concentration = 0 its limit, the "
    "exponential law's. TensorFlow Probability's bijector of this name is another map, from ℝ onto the support.",
    domain=("loc", "oo"),
    loc=(real, 0.0),
    scale=(positive, 1.0),
    concentration=(real, 0.0),
)
LogLogisticCDF = declared(
    "LogLogisticCDF",
    "1/(1 + (x/scale)**(-concentration))",
    "The distribution function of the log-logistic law (Fisk 1961), (0, ∞) → (0, 1).",
    scale=(positive, 1.0),
    concentration=(positive, 1.0),
)
ParetoCDF = declared(
    "ParetoCDF",
    "1 - (scale/x)**concentration",
    "The distribution function of the Pareto law (Pareto 1896), [scale, ∞) → [0, 1).",
    domain=("scale", "oo"),
    scale=(positive, 1.0),
    concentration=(positive, 1.0),
)
ShiftedGompertzCDF = declared(
    "ShiftedGompertzCDF",
    "(1 - exp(-rate*x))*exp(-exp(-rate*x)/concentration)",
    "The distribution function of the shifted Gompertz law, [0, ∞) → [0, 1) (Bemmaor 1994), with the concentration as "
    "TensorFlow Probability computes with it: the reciprocal of Bemmaor's.",
    domain=(0, "oo"),
    concentration=positive,
    rate=positive,
)
