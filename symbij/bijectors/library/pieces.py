"""Maps with other formulas on either side of a point."""

from __future__ import annotations

from symbij.bijectors.library.declare import declared
from symbij.formula.constraints import positive, real

LeakyReLU = declared(
    "LeakyReLU",
    "where(x > 0, x, alpha*x)",
    "x above 0 and `alpha` times x below, ℝ → ℝ (Maas et al. 2013); TensorFlow Probability's LeakyReLU.",
    alpha=(positive, 0.2),
)
ELU = declared(
    "ELU",
    "where(x > 0, x, alpha*(exp(x) - 1))",
    "The exponential linear unit, ℝ → (-alpha, ∞) (Clevert et al. 2016).",
    alpha=(positive, 1.0),
)
SymmetricLog = declared(
    "SymmetricLog",
    "sign(x)*log(1 + abs(x))",
    "A logarithm of both signs, ℝ → ℝ: the identity near 0 (Webber 2013).",
)
LaplaceCDF = declared(
    "LaplaceCDF",
    "where(x < loc, exp((x - loc)/scale)/2, 1 - exp(-(x - loc)/scale)/2)",
    "The distribution function of the Laplace law, ℝ → (0, 1).",
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
YeoJohnson = declared(
    "YeoJohnson",
    "where(x >= 0, ((1 + x)**lmbda - 1)/lmbda, -((1 - x)**(2 - lmbda) - 1)/(2 - lmbda))",
    "The transformation of Yeo & Johnson (2000), defined for both signs; its limits log(1 + x) at lmbda = 0 and "
    "-log(1 - x) at lmbda = 2.",
    lmbda=(real, 1.0),
)
