"""Derivatives of black boxes by differences, each with an estimate of its error.

A polynomial of degree 7 is fitted to 17 values in windows of many sizes around a point. What the fit leaves over is the
noise of the function (however it came about) and what no polynomial describes (kinks, jumps, windows that are too
wide); times the amplification of the fit it is the error of the slope. The window with the smallest error gives the
slope, and windows that disagree beyond their errors raise it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from symbij.audit.subject import REALS, Ends

DEGREE = 7
NODES = 17
NOISE = 30.0  # times eps: what a fit leaves over of a function that is computed as well as possible
SAFETY = 4.0  # what the residual of a fit may hide
RATIO = 8.0  # between the sizes of windows
# Sizes of windows: of their own, relative to |x|, and relative to the distance to the nearest finite end. The first
# ones serve most functions; the others are tried where these do not give at least `ENOUGH` digits.
FIRST = ((0.5, RATIO**-1 / 2, RATIO**-2 / 2), (RATIO**-1, RATIO**-2), (0.6, 0.6 / RATIO))
OTHERS = (
    (4.0, 32.0, 256.0, RATIO**-3, RATIO**-4),
    (0.5, *(RATIO**-k for k in range(3, 12))),
    (0.6 * RATIO**-2, 0.6 * RATIO**-3),
)
ENOUGH = 100.0  # times the square root of eps, over which the second round is made: eps**0.5 / 100
SEEN = 1 / 16  # windows of this size show what a map does between whole numbers
SMOOTH = 1e-4  # what a fit may leave over, of all that a function changes by in a window; more in single precision
CERTAIN = 0.25  # relative error of a slope beyond which its logarithm says nothing
_COSINES = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)[::-1]

Function = Callable[[np.ndarray], Any]


def log_slope(
    f: Function, xs: np.ndarray, ends: Ends = REALS, dtype: Any = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """log|f'(x)| at every x, and estimates of their errors; infinite errors where the slope is not found.

    See `slope`. Near a zero of f' the error is that of the logarithm: it is infinite where the slope may vanish.
    """
    found, error = slope(f, xs, ends, dtype)
    with np.errstate(all="ignore"):
        relative = error / np.abs(found)
        logs = np.log(np.abs(found))
    certain = relative < CERTAIN
    return np.where(certain, logs, np.nan), np.where(certain, relative / (1 - CERTAIN), np.inf)


def slope(f: Function, xs: np.ndarray, ends: Ends = REALS, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """f'(x) at every x of an array, and estimates of the errors; NaN and inf where it is not found.

    `f` is elementwise: it takes arrays of the shape of `xs`, with leading axes or flattened where it can, and returns
    NaN where it has no value. It is called inside `ends` only, with numbers of `dtype`.
    """
    xs = np.asarray(xs, dtype=dtype).astype(float)
    found, error = np.full(xs.shape, np.nan), np.full(xs.shape, np.inf)
    if not xs.size:
        return found, error
    kept: list[tuple[np.ndarray, ...]] = []
    for sizes in (FIRST, OTHERS):
        windows = _Windows(xs, _half_widths(xs, ends, sizes), ends, dtype)
        values = _evaluated(f, windows.nodes, xs.shape)
        slopes, errors, rough = windows.fit(values[..., np.newaxis])
        repeated = np.any(np.diff(values, axis=1) == 0, axis=1)  # a map that is one-to-one, seen through roundings
        errors = np.where(repeated, np.inf, errors[..., 0])
        kept.append((slopes[..., 0], errors, windows.radius, rough[..., 0]))
        found, error = _best(*(np.concatenate(part) for part in zip(*kept, strict=True)))
        with np.errstate(all="ignore"):
            if np.all(error < np.abs(found) * np.sqrt(_epsilon(dtype)) / ENOUGH):
                break
    # Where neighbouring numbers are far apart, what happens between whole numbers (steps, waves) cannot be seen.
    unseen = np.spacing(np.abs(xs).astype(dtype)) > SEEN * _smooth(_epsilon(dtype))
    return np.where(unseen, np.nan, found), np.where(unseen, np.inf, error)


def jacobian(f: Function, x: np.ndarray, ends: Ends = REALS, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian matrices of f at points x, and estimates of the errors of all entries; inf where not found.

    `f` takes a batch of vectors, shape (any, n), to a batch of vectors (any, m), NaN where it has no value. `x` has
    shape (points, n); the result has shape (points, m, n). `ends` bounds every component of x.
    """
    x = np.asarray(x, dtype=dtype).astype(float)
    n = x.shape[1]
    own = (0.5, RATIO**-1 / 2, RATIO**-2 / 2, RATIO**-3)
    sizes = (own, (RATIO**-1, RATIO**-2, RATIO**-3), (0.6, 0.6 / RATIO))
    windows = _Windows(x, _half_widths(x, ends, sizes), ends, dtype)
    moved = np.broadcast_to(x[:, np.newaxis, :], (*windows.nodes.shape, n)).copy()
    for j in range(n):
        moved[..., j, j] = windows.nodes[..., j]
    results = np.asarray(f(moved.reshape(-1, n)), dtype=float)
    values = results.reshape(*windows.nodes.shape, -1)
    slopes, errors, rough = windows.fit(values)
    radius = np.broadcast_to(windows.radius[..., np.newaxis], slopes.shape)
    found, error = _best(slopes, errors, radius, rough)
    return np.swapaxes(found, 1, 2), np.swapaxes(error, 1, 2)


def log_determinant(matrices: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log|det| of matrices of shape (points, n, n) whose entries have these errors, and its error; inf if uncertain."""
    logs, sizes = np.full(len(matrices), np.nan), np.full(len(matrices), np.inf)
    for k, (matrix, error) in enumerate(zip(matrices, errors, strict=True)):
        if not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(error))):
            continue
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            continue
        first_order = float(np.sum(np.abs(inverse.T) * error))  # d log|det J| = tr(inverse(J) dJ)
        if first_order < CERTAIN:
            logs[k] = np.linalg.slogdet(matrix)[1]
            sizes[k] = first_order / (1 - CERTAIN)
    return logs, sizes


class _Windows:
    """Nodes around points in windows of given half-widths, and the fits of polynomials to values there."""

    def __init__(self, xs: np.ndarray, half_widths: np.ndarray, ends: Ends, dtype: Any) -> None:
        kind = np.dtype(dtype).type
        finfo = np.finfo(kind)
        lo, hi = _inner_ends(ends, kind)
        with np.errstate(all="ignore"):
            left = np.maximum(xs - half_widths, max(lo, -float(finfo.max) / 4))
            right = np.minimum(xs + half_widths, min(hi, float(finfo.max) / 4))
            center, radius = left / 2 + right / 2, right / 2 - left / 2
            # Windows of a few numbers only say nothing.
            spacing = np.spacing(np.maximum(np.abs(left), np.abs(right)).astype(kind)).astype(float)
            self.usable = (radius > NODES * spacing) & np.isfinite(radius) & (left <= xs) & (xs <= right)
            center, radius = np.where(self.usable, center, xs), np.where(self.usable, radius, 0.0)
            nodes = center[:, np.newaxis] + radius[:, np.newaxis] * _COSINES.reshape(1, -1, *[1] * xs.ndim)
            self.nodes = np.clip(nodes.astype(kind).astype(float), left[:, np.newaxis], right[:, np.newaxis])
        self.nodes = np.where(self.usable[:, np.newaxis], self.nodes, xs)
        self.radius = np.where(self.usable, radius, 1.0)
        self.nodes_scaled = (self.nodes - center[:, np.newaxis]) / self.radius[:, np.newaxis]
        self.xs_scaled = (xs - center) / self.radius
        self.epsilon = float(finfo.eps)

    def fit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slopes and their errors from values of shape (windows, nodes, points..., outputs), and what is not smooth."""
        last = np.moveaxis(values, 1, -2)  # windows, points..., nodes, outputs
        nodes = np.moveaxis(self.nodes_scaled, 1, -1)
        with np.errstate(all="ignore"):
            largest = np.max(np.abs(last), axis=-2)
            differences = last - last[..., NODES // 2 : NODES // 2 + 1, :]
            size = np.max(np.abs(differences), axis=-2)
            usable = self.usable[..., np.newaxis] & np.isfinite(largest) & np.isfinite(size)
            scale = np.where(usable & (size > 0), size, 1.0)
            scaled = np.where(usable[..., np.newaxis, :], differences / scale[..., np.newaxis, :], 0.0)
            basis = chebyshev.chebvander(nodes, DEGREE)
            basis = np.where(self.usable[..., np.newaxis, np.newaxis], basis, _NOMINAL)
            inverse = np.linalg.pinv(basis)
            weights = np.einsum("...k,...kn->...n", _derivatives(self.xs_scaled), inverse)
            slopes = np.einsum("...n,...nm->...m", weights, scaled)
            residual = np.max(np.abs(scaled - basis @ (inverse @ scaled)), axis=-2)
            noise = SAFETY * residual + self.epsilon * (largest / scale + 1)
            errors = np.sum(np.abs(weights), axis=-1)[..., np.newaxis] * noise
            factor = scale / self.radius[..., np.newaxis]
            smooth = residual < _smooth(self.epsilon)
            errors = np.where(usable & smooth & ~np.isnan(errors), errors * factor, np.inf)
            rough = usable & ~smooth & (residual > NOISE * self.epsilon * (largest / scale + 1))
            return np.where(usable, slopes * factor, np.nan), errors, rough


_NOMINAL = chebyshev.chebvander(_COSINES, DEGREE)


def _derivatives(t: np.ndarray) -> np.ndarray:
    """Derivatives of the Chebyshev polynomials at t, along a new last axis."""
    columns = [chebyshev.chebval(t, chebyshev.chebder(np.eye(DEGREE + 1)[k])) for k in range(DEGREE + 1)]
    return np.stack([np.broadcast_to(c, np.shape(t)) for c in columns], axis=-1)


def _half_widths(
    xs: np.ndarray, ends: Ends, sizes: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
) -> np.ndarray:
    own, relative, to_the_end = (np.array(s).reshape(-1, *[1] * xs.ndim) for s in sizes)
    with np.errstate(all="ignore"):
        distance = np.minimum(xs - ends.lo, ends.hi - xs)
    near = np.where(np.isfinite(distance) & (distance > 0), distance, np.abs(xs))
    parts = [np.broadcast_to(own, (len(own), *xs.shape)), relative * np.abs(xs)]
    if np.isfinite(ends.lo) or np.isfinite(ends.hi):
        parts.append(to_the_end * near)
    return np.concatenate(parts)


def _inner_ends(ends: Ends, kind: Any) -> tuple[float, float]:
    """The outermost numbers of a type that belong to the interval."""
    lo, hi = kind(ends.lo), kind(ends.hi)
    if np.isfinite(lo) and (lo < ends.lo or (lo == ends.lo and ends.lo_open)):
        lo = np.nextafter(lo, kind(np.inf))
    if np.isfinite(hi) and (hi > ends.hi or (hi == ends.hi and ends.hi_open)):
        hi = np.nextafter(hi, kind(-np.inf))
    return float(lo), float(hi)


def _evaluated(f: Function, nodes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Values at nodes of shape (windows, nodes, *shape): in one call where the function takes that, else in many."""
    together = nodes.reshape(-1, *shape) if len(shape) > 1 else nodes.reshape(-1)
    try:
        values = np.asarray(f(together), dtype=float)
    except Exception:  # the function may take arrays of the points' own shape only
        values = np.empty(0)
    if values.shape == together.shape and np.any(np.isfinite(values)):
        return values.reshape(nodes.shape)
    rows = nodes.reshape(-1, *shape)
    return np.stack([np.broadcast_to(np.asarray(f(row), dtype=float), shape) for row in rows]).reshape(nodes.shape)


def _best(
    slopes: np.ndarray, errors: np.ndarray, radius: np.ndarray, rough: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The slope with the smallest error over the first axis; the error covers all windows that disagree with it.

    It is infinite where a smaller window, of no less than `SEEN`, shows a kink or a wave that this one smooths over.
    """
    index = np.argmin(errors, axis=0)[np.newaxis]
    best, error, width = (np.take_along_axis(a, index, 0)[0] for a in (slopes, errors, radius))
    with np.errstate(all="ignore"):
        apart = np.abs(slopes - best)
        disagree = np.isfinite(errors) & (apart > errors + error)
        worst = np.max(np.where(disagree, apart, 0.0), axis=0)
    hidden = np.any(rough & (radius < width) & (radius > SEEN / 2), axis=0)
    error = np.where(hidden, np.inf, np.maximum(error, worst))
    return np.where(np.isfinite(error), best, np.nan), error


def _smooth(epsilon: float) -> float:
    return max(SMOOTH, 3 * float(np.sqrt(epsilon)))


def _epsilon(dtype: Any) -> float:
    return float(np.finfo(np.dtype(dtype)).eps)
