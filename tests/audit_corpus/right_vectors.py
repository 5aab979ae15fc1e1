"""Correct maps of vectors."""

from __future__ import annotations

import mpmath
import numpy as np

from tests.audit_corpus.entry import Array, Entry
from tests.audit_corpus.wrong_vectors import (
    FLIPPED,
    ORDER,
    POINTS,
    log_softmax,
    mp_linear,
    mp_softmax,
    triangular,
)

WEIGHT = np.array([1.0, -0.5, 0.75])
STEP = np.array([0.5, 0.75, -0.25])  # WEIGHT @ STEP = -0.0625 > -1
BIAS = 0.25


class Planar:
    """y = x + u tanh(w.x + b), inverted along w by bisection and Newton's steps."""

    def forward(self, x: Array) -> Array:
        return x + STEP * np.tanh(x @ WEIGHT + BIAS)[..., None]

    def inverse(self, y: Array) -> Array:
        target, slope = y @ WEIGHT + BIAS, WEIGHT @ STEP
        low, high = target - 1.0, target + 1.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = middle + slope * np.tanh(middle) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        a = 0.5 * (low + high)
        for _ in range(3):
            a = a - (a + slope * np.tanh(a) - target) / (1 + slope * (1 - np.tanh(a) ** 2))
        return y - STEP * np.tanh(a)[..., None]

    def forward_log_det_jacobian(self, x: Array) -> Array:
        return np.log1p((WEIGHT @ STEP) * (1 - np.tanh(x @ WEIGHT + BIAS) ** 2))


class StickBreaking:
    """R^n to the simplex of n + 1 components: each takes its share of what is left of a stick."""

    def _offset(self, n: int) -> Array:
        return np.log(np.arange(n, 0, -1.0))

    def forward(self, x: Array) -> Array:
        u = x - self._offset(x.shape[-1])
        log_share, log_left = -np.logaddexp(0.0, -u), np.cumsum(-np.logaddexp(0.0, u), axis=-1)
        nothing = np.zeros((*x.shape[:-1], 1))
        return np.exp(np.concatenate([log_share, nothing], axis=-1) + np.concatenate([nothing, log_left], axis=-1))

    def inverse(self, y: Array) -> Array:
        left = np.cumsum(y[..., :0:-1], axis=-1)[..., ::-1]  # what is left after each component
        return np.log(y[..., :-1]) - np.log(left) + self._offset(y.shape[-1] - 1)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        u = x - self._offset(x.shape[-1])
        log_left = np.cumsum(-np.logaddexp(0.0, u), axis=-1)
        before = np.concatenate([np.zeros((*x.shape[:-1], 1)), log_left[..., :-1]], axis=-1)
        return (before - np.logaddexp(0.0, -u) - np.logaddexp(0.0, u)).sum(axis=-1)


def mp_stick_breaking(x: list[mpmath.mpf]) -> list[mpmath.mpf]:
    left, pieces = mpmath.mpf(1), []
    for k, v in enumerate(x):
        share = 1 / (1 + (len(x) - k) * mpmath.exp(-v))
        pieces.append(left * share)
        left -= pieces[-1]
    return [*pieces, left]


def mp_planar(x: list[mpmath.mpf]) -> list[mpmath.mpf]:
    bend = mpmath.tanh(sum(float(w) * v for w, v in zip(WEIGHT, x, strict=True)) + BIAS)
    return [v + float(u) * bend for v, u in zip(x, STEP, strict=True)]


ENTRIES = (
    Entry("planar flow", lambda: {"subject": Planar(), "event_ndims": 1}, mp_planar, POINTS),
    Entry(
        "triangular matrix with log of absolute values",
        lambda: triangular(FLIPPED, float(np.log(np.abs(np.diag(FLIPPED))).sum())),
        mp_linear(FLIPPED),
        POINTS,
    ),
    Entry(
        "simplex from softmax",
        lambda: {
            "forward": lambda x: np.exp(log_softmax(x)),
            "inverse": lambda y: np.log(y[..., :-1]) - np.log(y[..., -1:]),
            "forward_log_det": lambda x: log_softmax(x).sum(axis=-1),
            "event_ndims": 1,
        },
        mp_softmax,
        POINTS,
        note="the log-det of the map to all components but the last",
    ),
    Entry("stick breaking", lambda: {"subject": StickBreaking(), "event_ndims": 1}, mp_stick_breaking, POINTS),
    Entry(
        "ordered vector",
        lambda: {
            "forward": lambda x: np.cumsum(np.concatenate([x[..., :1], np.exp(x[..., 1:])], axis=-1), axis=-1),
            "inverse": lambda y: np.concatenate([y[..., :1], np.log(np.diff(y, axis=-1))], axis=-1),
            "forward_log_det": lambda x: x[..., 1:].sum(axis=-1),
            "event_ndims": 1,
        },
        lambda x: [x[0] + sum(mpmath.exp(v) for v in x[1 : k + 1]) for k in range(len(x))],
        POINTS,
    ),
    Entry(
        "exp of events",
        lambda: {
            "forward": np.exp,
            "inverse": np.log,
            "forward_log_det": lambda x: x.sum(axis=-1),
            "inverse_log_det": lambda y: -np.log(y).sum(axis=-1),
            "event_ndims": 1,
        },
        lambda x: [mpmath.exp(v) for v in x],
        POINTS,
    ),
    Entry(
        "permutation",
        lambda: {
            "forward": lambda x: x[..., ORDER],
            "inverse": lambda y: y[..., np.argsort(ORDER)],
            "forward_log_det": lambda x: np.zeros(x.shape[:-1]),
            "event_ndims": 1,
        },
        lambda x: [x[k] for k in ORDER],
        POINTS,
    ),
)
