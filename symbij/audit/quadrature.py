"""Integrals of what is known at any points, over panels, with an error estimate: nested Clenshaw-Curtis rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NODES = 9  # on each panel, with its ends; every other one makes the coarser rule
ROUNDS = 7
ENOUGH = 1e-6
CONVERGED = 0.02  # relative error of a panel that counts
WORST = 24  # panels that a round divides
PARTS = 4
# Ends of [-1, 1] and what lies between: abscissas at which polynomials are interpolated well.
_T = -np.cos(np.pi * np.arange(NODES) / (NODES - 1))

# An integrand: from nodes of shape (panels, NODES) to the integrand per unit of [-1, 1] there, same shape.
Integrand = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Integral:
    """An integral, the estimated error, and the panels left out: no number there, or no convergence."""

    value: float
    error: float
    unknown: tuple[tuple[float, float], ...]


def integrate(integrand: Integrand, edges: np.ndarray) -> Integral:
    """The integral over the panels between `edges`, in order; panels with large errors are divided, a few times.

    `integrand` is given the nodes of all panels at once and returns g(node) * (half the width of what is integrated
    over), so that it may integrate over something else than the nodes (see `against`).
    """
    lo, hi = edges[:-1], edges[1:]
    value, error, unknown = _panels(integrand, lo, hi)
    for _ in range(ROUNDS):
        doubtful = unknown | ~(error <= CONVERGED * np.abs(value))
        if np.sum(error[~unknown]) < ENOUGH and not np.any(unknown):
            break
        order = np.argsort(-np.where(unknown, np.inf, error), kind="stable")[:WORST]
        worst = order[doubtful[order] | (error[order] > 1e-3 * np.sum(error[~unknown]))]
        if not len(worst):
            break
        steps = np.linspace(0, 1, PARTS + 1)
        inner = lo[worst, None] + (hi - lo)[worst, None] * steps
        inner[:, -1] = hi[worst]
        parts = _panels(integrand, inner[:, :-1].ravel(), inner[:, 1:].ravel())
        kept = np.setdiff1d(np.arange(len(lo)), worst)
        lo = np.concatenate([lo[kept], inner[:, :-1].ravel()])
        hi = np.concatenate([hi[kept], inner[:, 1:].ravel()])
        value, error, unknown = (
            np.concatenate([a[kept], b]) for a, b in zip((value, error, unknown), parts, strict=True)
        )
    unknown = unknown | ((error > CONVERGED * np.abs(value)) & (error > ENOUGH / len(error)))
    left_out = tuple((float(a), float(b)) for a, b in zip(lo[unknown], hi[unknown], strict=True))
    return Integral(float(np.sum(value[~unknown])), float(np.sum(error[~unknown])), left_out)


def against(values: np.ndarray) -> np.ndarray:
    """Derivatives of values at the nodes of panels, per unit of [-1, 1]: for integrals of g df."""
    return values @ _DERIVATIVE.T


def _panels(integrand: Integrand, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    nodes = (lo[:, None] + hi[:, None]) / 2 + (hi - lo)[:, None] / 2 * _T
    nodes[:, 0], nodes[:, -1] = lo, hi
    with np.errstate(all="ignore"):
        values = integrand(nodes)
        fine, coarse = values @ _FINE, values[:, ::2] @ _COARSE
    unknown = ~np.all(np.isfinite(values), axis=1) | ~np.isfinite(fine)
    with np.errstate(all="ignore"):
        error = np.where(unknown, 0.0, np.abs(fine - coarse))
    return np.where(unknown, 0.0, fine), error, unknown


def _weights(t: np.ndarray) -> np.ndarray:
    """Weights that integrate all polynomials of degree < len(t) over [-1, 1] exactly."""
    basis = np.polynomial.legendre.legvander(t, len(t) - 1)
    return np.linalg.solve(basis.T, 2.0 * (np.arange(len(t)) == 0))


def _differentiation(t: np.ndarray) -> np.ndarray:
    """The matrix that takes values at t to the derivative of their polynomial there."""
    size = len(t)
    basis = np.polynomial.legendre.legvander(t, size - 1)
    slopes = np.stack(
        [np.polynomial.legendre.legval(t, np.polynomial.legendre.legder(np.eye(size)[k])) for k in range(size)], axis=1
    )
    return np.linalg.solve(basis.T, slopes.T).T


_FINE, _COARSE = _weights(_T), _weights(_T[::2])
_DERIVATIVE = _differentiation(_T)
