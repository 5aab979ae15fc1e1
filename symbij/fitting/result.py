"""`FitResult`: what a fit found."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbij.bijectors.tree import walk
from symbij.distributions.base import Distribution
from symbij.fitting.objective import Objective, Prepared

_NO_INFORMATION, _INVOLVED = 1e-7, 1e-4  # relative eigenvalue of the Hessian; weight on its eigenvector
_STEP = 6e-6  # central differences of an exact gradient: about the cube root of the machine epsilon


@dataclass(frozen=True, eq=False)
class FitResult:
    """The fitted `distribution` and how it was found; the distribution that went in is left as it was.

    `parameters` maps the dotted path of every trained parameter to its value. `history` holds a training loss (mean of
    -log p) for every epoch or iteration, and a validation loss if validation data were given.
    """

    distribution: Distribution
    parameters: dict[str, Any]
    history: dict[str, list[float]]
    converged: bool
    message: str
    log_likelihood: float
    initial: Distribution
    data: np.ndarray = field(repr=False)
    _objective: Objective = field(repr=False)
    _prepared: Prepared = field(repr=False)
    _theta: np.ndarray = field(repr=False)

    @functools.cached_property
    def standard_errors(self) -> dict[str, Any]:
        """Standard errors from the observed information at the fitted values, by path; NaN where it is not positive.

        The Hessian of the log-likelihood in raw values is taken by central differences of the exact gradient, inverted,
        and carried to the parameters by the delta method. It means what it says at a maximum only: see `converged`.
        """
        theta, objective = self._theta, self._objective
        n = objective.count(self._prepared)
        hessian = np.empty((theta.size, theta.size))
        for k in range(theta.size):
            step = np.zeros_like(theta)
            step[k] = _STEP * max(1.0, abs(theta[k]))
            upper, lower = (objective.loss(theta + s, self._prepared)[1] for s in (step, -step))
            hessian[k] = (upper - lower) * n / (2 * step[k])
        hessian = (hessian + hessian.T) / 2
        errors = _errors_from(hessian)
        by_variable = {}
        for variable in objective.variables:
            start = objective.offset(variable)
            part = slice(start, start + variable.value.size)
            raw = theta[part].reshape(variable.shape)
            slope = np.exp(np.asarray(objective.bijectors[variable].forward_log_det_jacobian(raw)))
            by_variable[variable] = errors[part].reshape(variable.shape) * slope
        return {path: _number(by_variable[v]) for path, v in walk(self.initial) if v in by_variable}

    def plot(self, axes: Any = None) -> Any:
        """The data's histogram with the density before and after, and the losses; returns the two Axes."""
        from symbij.plotting import plot_fit

        return plot_fit(self, axes)

    def __str__(self) -> str:
        errors = self.standard_errors
        width = max(map(len, self.parameters), default=0)
        lines = [
            f"  {path:<{width}}  {_shown(value)}  ± {_shown(errors[path])}" for path, value in self.parameters.items()
        ]
        state = "converged" if self.converged else "not converged"
        return "\n".join([f"log-likelihood {self.log_likelihood:.6g} ({state}: {self.message})", *lines])


def _number(value: np.ndarray) -> Any:
    return float(value) if value.ndim == 0 else value


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else np.array2string(np.asarray(value), precision=5, threshold=8)


def _errors_from(hessian: np.ndarray) -> np.ndarray:
    """Square roots of the diagonal of the inverse; NaN for elements that a direction without information involves.

    Scaled to a unit diagonal first, so that what counts as no information does not depend on units.
    """
    size = np.sqrt(np.abs(np.diag(hessian)))
    if not np.all(np.isfinite(hessian)) or not np.all(size > 0):
        return np.full(len(hessian), np.nan)
    eigenvalues, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    if eigenvalues[0] < -_NO_INFORMATION:
        return np.full(len(hessian), np.nan)
    empty = eigenvalues < _NO_INFORMATION
    variances = (vectors[:, ~empty] ** 2 / eigenvalues[~empty]).sum(axis=1)
    involved = (np.abs(vectors[:, empty]) > _INVOLVED).any(axis=1)
    return np.where(involved, np.nan, np.sqrt(variances) / size)
