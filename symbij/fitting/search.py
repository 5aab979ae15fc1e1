"""A fit from nothing but a formula: starting values are drawn at random, the best of them refined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symbij.bijectors.derived import DerivedBijector
from symbij.bijectors.structure import Invert
from symbij.bijectors.variable import Variable
from symbij.distributions.base import Distribution
from symbij.distributions.scalar import Logistic, Normal, Uniform
from symbij.distributions.transformed import TransformedDistribution
from symbij.errors import DataError, ParameterError
from symbij.fitting.fit import checked_finite, fit, refuse
from symbij.fitting.objective import Objective
from symbij.fitting.result import FitResult
from symbij.formula.constraints import Constraint
from symbij.kernels.broadcast import as_float_array

BASES: dict[str, tuple[type[Distribution], tuple[float, float]]] = {
    "normal": (Normal, (0.0, 1.0)),
    "logistic": (Logistic, (0.0, 1.0)),
    "uniform": (Uniform, (0.0, 1.0)),
}
DRAWS, REFINED = 2000, 8
_POLISH = {"adam": 200, "lbfgs": 1000}


def best_of_starts(
    cls: type[DerivedBijector],
    base: str,
    data: Any,
    starts: dict[str, float],
    *,
    seed: int = 0,
    method: str = "lbfgs",
    epochs: int | None = None,
    **options: Any,
) -> FitResult:
    """Fit the law of the data x for which `cls` maps x to the base law; parameters in `starts` start there.

    `DRAWS` starting points are drawn on the scale of the data and judged by their likelihood, the best `REFINED` of
    them are refined by `fit`, and the best fit is returned. Nothing is searched if every parameter has a start.
    """
    array = checked_finite(as_float_array(data, "data"), "data")
    parameters = cls.formula.parameters
    for p in parameters:
        if p.name in starts:
            p.constraint.check(cls.__name__, p.name, np.asarray(starts[p.name]))
    free = [p for p in parameters if p.name not in starts]
    domain = cls.derivation.domain
    if not (domain.lo.free_symbols or domain.hi.free_symbols):
        _check_domain(array, float(domain.lo), float(domain.hi))
    if not free:
        return fit(
            _model(cls, base, starts), array, method=method, epochs=epochs or _POLISH[method], seed=seed, **options
        )
    found: list[FitResult] = []
    for _, values in _ranked(cls, base, array, starts, np.random.default_rng(seed)):
        try:
            model = _model(cls, base, values)
        except ParameterError:  # a condition between parameters fails there
            continue
        try:
            found.append(fit(model, array, method=method, epochs=epochs or _POLISH[method], seed=seed, **options))
        except DataError:  # the gradient is not finite there
            continue
        if len(found) == REFINED:
            break
    if not found:
        raise DataError(
            f"no starting values were found at which the likelihood is finite ({DRAWS} tried): the data may lie "
            "outside the support for all of them; check the base and the domain, or give starts with --param name=start"
        )
    return max(found, key=lambda r: r.log_likelihood)


def _ranked(
    cls: type[DerivedBijector], base: str, data: np.ndarray, starts: dict[str, float], rng: np.random.Generator
) -> list[tuple[float, dict[str, float]]]:
    """Random starting values at which the loss is finite, the smallest loss first."""
    scale = _Scale(data)
    parameters = cls.formula.parameters
    draws = [
        {p.name: starts[p.name] if p.name in starts else scale.draw(p.constraint, rng) for p in parameters}
        for _ in range(DRAWS)
    ]
    model = _model(cls, base, draws[0], validate=False)
    objective = Objective(model, model._trainable_density())
    prepared = objective.prepare(data)
    order = [objective.variables.index(v) for v in model.trainable_variables]
    names = list(draws[0])
    ranked = []
    for values in draws:
        raw = [
            float(objective.bijectors[v].inverse(values[n]))
            for v, n in zip(model.trainable_variables, names, strict=True)
        ]
        theta = np.empty(len(raw))
        theta[order] = raw
        loss = objective.loss(theta, prepared)[0]
        if math.isfinite(loss):
            ranked.append((loss, values))
    return sorted(ranked, key=lambda item: item[0])


def _check_domain(data: np.ndarray, lo: float, hi: float) -> None:
    refuse(
        (data < lo) | (data > hi),
        data,
        f"data lies outside the domain [{lo:g}, {hi:g}] of the formula",
        "its density is zero there",
    )


def _model(
    cls: type[DerivedBijector], base: str, values: dict[str, float], validate: bool = True
) -> TransformedDistribution:
    law, standard = BASES[base]
    bijector = cls(**{k: Variable(v) for k, v in values.items()}, validate_args=validate)
    return TransformedDistribution(law(*standard), Invert(bijector), validate_args=validate)


class _Scale:
    """Random parameter values of the sizes that formulas of this data would need: places, widths and their inverses."""

    def __init__(self, data: np.ndarray) -> None:
        finite = data[np.isfinite(data)]
        self.values = finite if finite.size else np.zeros(1)
        self.width = float(np.std(self.values)) or 1.0
        self.middle = float(np.mean(self.values))

    def draw(self, constraint: Constraint, rng: np.random.Generator) -> float:
        if math.isfinite(constraint.lo) and math.isfinite(constraint.hi):
            return constraint.sample(rng)
        size = float(rng.lognormal(0.0, 1.0)) * float(rng.choice([1.0, self.width, 1.0 / self.width]))
        if math.isfinite(constraint.lo):
            return constraint.lo + size
        if math.isfinite(constraint.hi):
            return constraint.hi - size
        place = float(rng.choice(self.values))
        return float(rng.choice([size, -size, place, -place, place / self.width, -place / self.width, -self.middle]))
