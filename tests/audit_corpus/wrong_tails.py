"""Right in the middle, wrong in a tail: overflow, cancellation, clipping."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from tests.audit_corpus.entry import Array, Entry

LOWER = 6.5


def softplus(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log1p(mpmath.exp(x))


def logistic(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


def softplus_with(forward: Any, inverse: Any) -> dict[str, Any]:
    return {
        "forward": forward,
        "inverse": inverse,
        "forward_log_det": lambda x: -np.logaddexp(0.0, -x),
        "formula": "softplus(x)",
    }


def stable_inverse(y: Array) -> Array:
    return y + np.log(-np.expm1(-y))


def box_cox(x: Array, c: float) -> Array:
    return np.log(x) if c == 0 else (x**c - 1) / c


def box_cox_inverse(y: Array, c: float) -> Array:
    return np.exp(y) if c == 0 else (c * y + 1) ** (1 / c)


class Tanh:
    """y = tanh(x) with the textbook's log-det."""

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def inverse(self, y: Array) -> Array:
        return np.arctanh(y)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return np.log(1 - y**2)


ENTRIES = (
    Entry(
        "softplus by its definition",
        lambda: softplus_with(lambda x: np.log(1 + np.exp(x)), stable_inverse),
        softplus,
        (-40.0, 1000.0),
        (("overflows", "x > 7"),),
        "forward",
        "tails",
        "sims1253/bayesfam#31",  # Softplus transforms and softplusnormal overflow or cancel on valid inputs
    ),
    Entry(
        "inverse softplus by its definition",
        lambda: softplus_with(lambda x: np.logaddexp(0.0, x), lambda y: np.log(np.expm1(y))),
        softplus,
        (750.0, 1000.0),
        (("overflows", "y > 7"),),
        "inverse",
        "tails",
        "pyro-ppl/numpyro#919",  # adding Softplus transform
    ),
    Entry(
        "softplus with the right tail mended",
        lambda: softplus_with(lambda x: x + np.log(1 + 1 / np.exp(x)), stable_inverse),
        softplus,
        (-40.0, -745.0),
        (("x < -",),),
        "forward",
        "tails",
        "rushter/MLAlgorithms#30",  # Fix for Numeric Overflow of softplus implementation
        "the change mends large arguments and breaks small ones",
    ),
    Entry(
        "tanh with the textbook's log-det",
        lambda: {"subject": Tanh(), "formula": "tanh(x)"},
        mpmath.tanh,
        (-25.0, 18.0),
        (("cancels",),),
        "forward_log_det",
        "tails",
        "google-deepmind/distrax#7",  # Tanh numerical instability
    ),
    Entry(
        "tanh with a small number inside its log-det",
        lambda: {
            "forward": np.tanh,
            "inverse": np.arctanh,
            "forward_log_det": lambda x: np.log(1 - np.tanh(x) ** 2 + 1e-6),
            "formula": "tanh(x)",
        },
        mpmath.tanh,
        (-9.0, 2.0),
        (("log|f'|",), ("clipped",)),
        "forward_log_det",
        "log-det",
        "rail-berkeley/rlkit#37",  # Use stable implementation of tanh's inverse log determinant Jacobian
    ),
    Entry(
        "atanh by its definition",
        lambda: {
            "forward": np.tanh,
            "inverse": lambda y: 0.5 * np.log((1 + y) / (1 - y)),
            "forward_log_det": lambda x: -2 * (np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2.0)),
            "formula": "tanh(x)",
        },
        mpmath.tanh,
        (3e-12, -7e-13),
        (("cancels",),),
        "inverse",
        "tails",
    ),
    Entry(
        "logistic function with a log-det from reciprocals",
        lambda: {
            "forward": lambda x: 1 / (1 + np.exp(-x)),
            "inverse": lambda y: np.log(y) - np.log1p(-y),
            "forward_log_det": lambda x, y: -np.log(1 / y + 1 / (1 - y)),
            "formula": "sigmoid(x)",
        },
        logistic,
        (30.0, 40.0),
        (("cancels",),),
        "forward_log_det",
        "tails",
        "pytorch/pytorch#19802",  # [Update transforms.py] Fix numerically instability of SigmoidTransform
    ),
    Entry(
        "clipped logistic function",
        lambda: {
            "forward": lambda x: np.clip(1 / (1 + np.exp(-x)), 1e-6, 1 - 1e-6),
            "inverse": lambda y: np.log(y) - np.log1p(-y),
            "forward_log_det": lambda x: -np.logaddexp(0.0, x) - np.logaddexp(0.0, -x),
            "formula": "sigmoid(x)",
        },
        logistic,
        (-30.0, -20.0),
        (("clipped",),),
        "forward",
        "tails",
        "facebookincubator/flowtorch#108",  # Issue with log_prob and composing sigmoid bijectors
    ),
    Entry(
        "lower bound whose inverse log-det goes through the bounded value",
        lambda: {
            "forward": lambda x: np.log(x - LOWER),
            "inverse": lambda y: np.exp(y) + LOWER,
            "forward_log_det": lambda x: -np.log(x - LOWER),
            "inverse_log_det": lambda y: np.log((np.exp(y) + LOWER) - LOWER),
            "formula": "log(x - 6.5)",
        },
        lambda x: mpmath.log(x - LOWER),
        ("6.500000000017", "6.50000000000003"),
        (("cancels",),),
        "inverse_log_det",
        "tails",
        "TuringLang/Bijectors.jl#375",  # Truncated logabsdetjac forward / inverse inconsistency
    ),
    Entry(
        "Box-Cox with the logarithm at exactly 0 only",
        lambda: {
            "forward": box_cox,
            "inverse": box_cox_inverse,
            "forward_log_det": lambda x, c: (c - 1) * np.log(x),
            "parameters": {"c": 0.5},
            "formula": "(x**c - 1)/c",
            "domain": (0.0, np.inf),
        },
        lambda x, c: (x**c - 1) / c,
        (0.3, 5.0),
        (("with c=", "cancels"), ("with c=", "formula"), ("with c=", "digits")),
        "forward",
        "parameters",
        "grafana/augurs#534",  # stabilise the forward Yeo-Johnson transform near lambda 0 and 2
        shown_with={"c": 1e-10},
    ),
)
