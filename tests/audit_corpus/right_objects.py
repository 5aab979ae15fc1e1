"""Correct maps of numbers as objects: PyTorch's and TFP's names of methods, and subclasses of `Bijector`."""

from __future__ import annotations

import mpmath
import numpy as np

import symbij as sb
from tests.audit_corpus.entry import Array, Entry
from tests.audit_corpus.right_scalars import LOG2, log_cosh, softplus


def logistic(x: Array) -> Array:
    """1/(1 + exp(-x)) without overflow."""
    falling = np.exp(-np.abs(x))
    return np.where(x < 0, falling, 1.0) / (1 + falling)


class Affine(sb.Bijector):
    """y = scale x + shift for scales of both signs."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__(forward_min_event_ndims=0)
        self.scale, self.shift = scale, shift

    def _forward(self, x: Array) -> Array:
        return self.scale * x + self.shift

    def _inverse(self, y: Array) -> Array:
        return (y - self.shift) / self.scale

    def _forward_log_det_jacobian(self, x: Array) -> Array:
        return np.log(np.abs(self.scale)) + 0.0 * x


class TanhTransform:
    """y = tanh(x), with the log-det from softplus that several libraries use."""

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def inverse(self, y: Array) -> Array:
        return np.arctanh(y)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return 2.0 * (LOG2 - x - softplus(-2.0 * x))


class SigmoidTransform:
    """y = 1/(1 + exp(-x))."""

    def forward(self, x: Array) -> Array:
        return logistic(x)

    def inverse(self, y: Array) -> Array:
        return np.log(y) - np.log1p(-y)

    def forward_log_det_jacobian(self, x: Array) -> Array:
        return -softplus(x) - softplus(-x)

    def inverse_log_det_jacobian(self, y: Array) -> Array:
        return -np.log(y) - np.log1p(-y)


class CheckedCache(sb.Bijector):
    """y = sinh(x), which keeps its last input and output and uses them for that very input only."""

    def __init__(self) -> None:
        super().__init__(forward_min_event_ndims=0)
        self.known: tuple[Array, Array] | None = None

    def _forward(self, x: Array) -> Array:
        if self.known is None or not np.array_equal(self.known[0], x):
            self.known = np.array(x), np.sinh(x)
        return self.known[1].copy()

    def _inverse(self, y: Array) -> Array:
        return np.arcsinh(y)

    def _forward_log_det_jacobian(self, x: Array) -> Array:
        return log_cosh(x)


class SoftRounding:
    """Floor(x) made smooth: y = k + g(x - k) around the integer k nearest to x, temperature 0.3.

    On a unit step it is (sigmoid((p - 1/2)/t) - sigmoid(-1/(2t))) / (1 - 2 sigmoid(-1/(2t))); the difference is
    written as sigmoid(u) sigmoid(-v) (1 - exp(v - u)), and both halves of a step are measured from their edge.
    """

    temperature = 0.3
    low = -0.5 / temperature
    span = float(1 - 2 * logistic(np.asarray(low)))
    rest = float(logistic(np.asarray(-low)))

    def forward(self, x: Array) -> Array:
        k = np.rint(x)
        d = np.abs(x - k) / self.temperature
        return k + np.copysign(logistic(self.low + d) * self.rest * -np.expm1(-d) / self.span, x - k)

    def inverse(self, y: Array) -> Array:
        k = np.rint(y)
        c = np.abs(y - k) * self.span
        grown = c * np.exp(-self.low)
        return k + np.copysign(-self.temperature * np.log1p(-(c + grown) / (self.rest + grown)), y - k)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        u = self.low + np.abs(x - np.rint(x)) / self.temperature
        return -softplus(u) - softplus(-u) - np.log(self.temperature * self.span)


def mp_soft_rounding(x: mpmath.mpf) -> mpmath.mpf:
    t = mpmath.mpf(0.3)
    edge, p = 1 / (1 + mpmath.exp(1 / (2 * t))), x - mpmath.floor(x)
    return mpmath.floor(x) + (1 / (1 + mpmath.exp((mpmath.mpf(1) / 2 - p) / t)) - edge) / (1 - 2 * edge)


ENTRIES = (
    Entry(
        "tanh",
        lambda: {"subject": TanhTransform(), "formula": "tanh(x)"},
        mpmath.tanh,
        (-5.0, 0.4, 9.0),
        note="its log-det is right to an absolute error of 1e-16, as densities need it, not relative to itself near 0",
    ),
    Entry(
        "logistic function",
        lambda: {"subject": SigmoidTransform(), "formula": "sigmoid(x)"},
        lambda x: 1 / (1 + mpmath.exp(-x)),
        (-700.0, 0.4, 9.0),
        reach=700.0,
    ),
    Entry(
        "affine map that falls",
        lambda: {"subject": Affine(-2.5, 0.75), "formula": "scale*x + shift"},
        lambda x: -2.5 * x + 0.75,
        (-2.0, 0.4, 1e10),
    ),
    Entry("soft floor", lambda: {"subject": SoftRounding()}, mp_soft_rounding, (-2.3, 0.4, 7.8), reach=50.0),
    Entry("sinh with a cache", lambda: {"subject": CheckedCache()}, mpmath.sinh, (-20.0, 0.4, 5.0), reach=700.0),
)
