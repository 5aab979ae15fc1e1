"""scipy's laws whose distribution (or survival) function is one of our classes, and its Box-Cox transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats

from tests.accuracy.operations import Array, Operations, Parameters, of_law

LAWS: dict[str, Callable[[Parameters], Any]] = {
    "NormalCDF": lambda p: stats.norm(p["loc"], p["scale"]),
    "LogisticCDF": lambda p: stats.logistic(p["loc"], p["scale"]),
    "GumbelCDF": lambda p: stats.gumbel_r(p["loc"], p["scale"]),
    "UniformCDF": lambda p: stats.uniform(p["low"], p["high"] - p["low"]),
    "CauchyCDF": lambda p: stats.cauchy(p["loc"], p["scale"]),
    "LaplaceCDF": lambda p: stats.laplace(p["loc"], p["scale"]),
    "MoyalCDF": lambda p: stats.moyal(p["loc"], p["scale"]),
    "RayleighCDF": lambda p: stats.rayleigh(scale=p["scale"]),
    "WeibullCDF": lambda p: stats.weibull_min(p["concentration"], scale=p["scale"]),
    "FrechetCDF": lambda p: stats.invweibull(p["concentration"], p["loc"], p["scale"]),
    "GompertzCDF": lambda p: stats.gompertz(p["concentration"], scale=1 / p["rate"]),
    "GeneralizedExtremeValueCDF": lambda p: stats.genextreme(-p["concentration"], p["loc"], p["scale"]),
    "GeneralizedPareto": lambda p: stats.genpareto(p["concentration"], p["loc"], p["scale"]),
    "LogLogisticCDF": lambda p: stats.fisk(p["concentration"], scale=p["scale"]),
    "ParetoCDF": lambda p: stats.pareto(p["concentration"], scale=p["scale"]),
}
SURVIVAL = {"NormalSurvival": "NormalCDF", "LogisticSurvival": "LogisticCDF", "UniformSurvival": "UniformCDF"}


def operations(name: str, parameters: Parameters) -> Operations | None:
    """The operations of scipy's law for our class `name`, or None if it has none."""
    exact = {k: np.asarray(v, dtype=np.float64)[()] for k, v in parameters.items()}
    if name == "BoxCox":
        power = next(iter(exact.values()))
        return {"forward": lambda x: special.boxcox(x, power), "inverse": lambda y: special.inv_boxcox(y, power)}
    if name in SURVIVAL:
        law = LAWS[SURVIVAL[name]](exact)
        return of_law(_same, law.sf, law.isf, law.logpdf)
    if name in LAWS:
        law = LAWS[name](exact)
        return of_law(_same, law.cdf, law.ppf, law.logpdf)
    return None


def _same(at: Array) -> Array:
    return at
