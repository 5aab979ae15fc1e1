"""Maps of vectors with wrong log-dets or inverses."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from tests.audit_corpus.entry import Array, Entry

TRIANGLE = np.array([[2.0, 0.0, 0.0], [0.5, 3.0, 0.0], [-1.0, 0.25, 0.5]])
FLIPPED = np.array([[2.0, 0.0, 0.0], [0.5, -3.0, 0.0], [-1.0, 0.25, 0.5]])
ORDER = np.array([1, 2, 0])  # not its own inverse
POINTS = ((0.3, -0.7, 1.1), (-1.5, 0.2, 0.4))


def triangular(matrix: Array, log_det: float) -> dict[str, Any]:
    """y = matrix @ x with a log-det that is stated."""
    return {
        "forward": lambda x: x @ matrix.T,
        "inverse": lambda y: np.linalg.solve(matrix, y[..., None])[..., 0],
        "forward_log_det": lambda x: np.full(x.shape[:-1], log_det),
        "event_ndims": 1,
    }


def mp_linear(matrix: Array) -> Any:
    return lambda x: [sum(mpmath.mpf(float(m)) * v for m, v in zip(row, x, strict=True)) for row in matrix]


def mp_softmax(x: list[mpmath.mpf]) -> list[mpmath.mpf]:
    powers = [mpmath.exp(v) for v in (*x, 0)]
    return [p / sum(powers) for p in powers]


def log_softmax(x: Array) -> Array:
    padded = np.concatenate([x, np.zeros((*x.shape[:-1], 1))], axis=-1)
    top = padded.max(axis=-1, keepdims=True)
    return padded - top - np.log(np.exp(padded - top).sum(axis=-1, keepdims=True))


def sum_of_logs(numbers: Array) -> float:
    with np.errstate(all="ignore"):
        return float(np.log(numbers).sum())


def log_of_product(numbers: Array) -> float:
    with np.errstate(all="ignore"):
        return float(np.log(np.prod(numbers)))


ENTRIES = (
    Entry(
        "triangular matrix without its first diagonal element",
        lambda: triangular(TRIANGLE, float(np.log(np.diag(TRIANGLE)[1:]).sum())),
        mp_linear(TRIANGLE),
        POINTS,
        (("diagonal term 1",),),
        "forward_log_det",
        "multivariate",
        "tpapp/TransformVariables.jl#103",  # Problems in calculating the log absolute Jacobian determinant ...
    ),
    Entry(
        "triangular matrix with a negative diagonal",
        lambda: triangular(FLIPPED, sum_of_logs(np.diag(FLIPPED))),
        mp_linear(FLIPPED),
        POINTS,
        (("NaN",),),
        "forward_log_det",
        "multivariate",
        "gradientinstitute/aboleth#136",  # Further investigate the log determinant calculation in distributions.py
    ),
    Entry(
        "log of a determinant that overflows",
        lambda: triangular(1e200 * TRIANGLE, log_of_product(1e200 * np.diag(TRIANGLE))),
        mp_linear(1e200 * TRIANGLE),
        POINTS,
        (("overflows",), ("infinite",)),
        "forward_log_det",
        "multivariate",
        "vislearn/FrEIA#22",  # potrf is now called cholesky
        "its discussion: log(det(M)) overflows where the sum of logarithms does not",
    ),
    Entry(
        "triangular matrix with the log-det of its inverse",
        lambda: triangular(TRIANGLE, float(-np.log(np.diag(TRIANGLE)).sum())),
        mp_linear(TRIANGLE),
        POINTS,
        (("wrong sign",),),
        "forward_log_det",
        "multivariate",
        "ikostrikov/pytorch-flows#16",  # Need minus sign in reverse log density computation
    ),
    Entry(
        "scaled vector with the log-det of one component",
        lambda: {
            "forward": lambda x: 1.75 * x,
            "inverse": lambda y: y / 1.75,
            "forward_log_det": lambda x: np.full(x.shape[:-1], np.log(1.75)),
            "event_ndims": 1,
        },
        lambda x: [mpmath.mpf(1.75) * v for v in x],
        POINTS,
        (("dimensions",),),
        "forward_log_det",
        "multivariate",
        "tensorflow/probability#238",  # log determinant is wrong
        "a constant log-det not multiplied by the number of dimensions",
    ),
    Entry(
        "permutation inverted by itself",
        lambda: {
            "forward": lambda x: x[..., ORDER],
            "inverse": lambda y: y[..., ORDER],
            "forward_log_det": lambda x: np.zeros(x.shape[:-1]),
            "event_ndims": 1,
        },
        lambda x: [x[k] for k in ORDER],
        POINTS,
        (("inverse(forward(x))",),),
        "inverse",
        "multivariate",
        "",
        "right for swaps",
    ),
    Entry(
        "simplex from softmax without the last component's share",
        lambda: {
            "forward": lambda x: np.exp(log_softmax(x)),
            "inverse": lambda y: np.log(y[..., :-1]) - np.log(y[..., -1:]),
            "forward_log_det": lambda x: log_softmax(x)[..., :-1].sum(axis=-1),
            "event_ndims": 1,
        },
        mp_softmax,
        POINTS,
        (("log-det",), ("Jacobian",)),
        "forward_log_det",
        "multivariate",
        "pymc-devs/pymc#4129",  # Simple stick breaking
        "an earlier attempt had a mistake in the determinant of its Jacobian",
    ),
)
