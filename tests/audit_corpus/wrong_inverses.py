"""Right maps with wrong inverses: branches, clipping, parameters in the wrong place."""

from __future__ import annotations

import mpmath
import numpy as np

from tests.audit_corpus.entry import Array, Entry


def bulge(x: Array) -> Array:
    """Linear outside (-1, 1), a parabola inside that meets it in both ends."""
    return np.where(np.abs(x) < 1, x + 0.25 * (1 - x * x), x)


class SignedLog:
    """y = sign(x) log(1 + |x|); a minus sign that binds more loosely than it seems."""

    def forward(self, x: Array) -> Array:
        return np.sign(x) * np.log1p(np.abs(x))

    def inverse(self, y: Array) -> Array:
        return np.where(y < 0, -(-np.exp(-y) - 1.0), np.expm1(y))

    def forward_log_det_jacobian(self, x: Array) -> Array:
        return -np.log1p(np.abs(x))


ENTRIES = (
    Entry(
        "signed square, inverted by the square root alone",
        lambda: {
            "forward": lambda x: x * np.abs(x),
            "inverse": lambda y: np.sqrt(np.abs(y)),
            "forward_log_det": lambda x: np.log(2.0) + np.log(np.abs(x)),
            "formula": "x*abs(x)",
        },
        lambda x: x * abs(x),
        (-2.0, -0.7),
        (("another branch",),),
        "inverse",
        "round trip",
        "aesara-devs/aeppl#210",  # Add support for power transforms
        "positive support where the sign is ambiguous",
    ),
    Entry(
        "signed logarithm whose inverse misplaces a minus",
        lambda: {"subject": SignedLog()},
        lambda x: mpmath.sign(x) * mpmath.log1p(abs(x)),
        (-2.0, -0.7),
        (("y < ",), ("x < ",)),
        "inverse",
        "round trip",
        "grafana/augurs#528",  # fix inverse Yeo-Johnson to faithfully invert the forward transform
    ),
    Entry(
        "softplus whose inverse has beta outside",
        lambda: {
            "forward": lambda x, beta: np.logaddexp(0.0, beta * x) / beta,
            "inverse": lambda y, beta: y + np.log(beta * -np.expm1(-beta * y)) / beta,
            "forward_log_det": lambda x, beta: -np.logaddexp(0.0, -beta * x),
            "parameters": {"beta": 1.0},
            "formula": "log(1 + exp(beta*x))/beta",
        },
        lambda x, beta: mpmath.log1p(mpmath.exp(beta * x)) / beta,
        (-2.0, 0.7),
        (("with beta=",),),
        "inverse",
        "parameters",
        "bayesflow-org/bayesflow#764",  # Fix NumPy inverse_softplus for non-unit beta
        "right for beta = 1",
        {"beta": 2.5},
    ),
    Entry(
        "tanh with a clipped inverse",
        lambda: {
            "forward": np.tanh,
            "inverse": lambda y: np.arctanh(np.clip(y, -0.999, 0.999)),
            "forward_log_det": lambda x: -2 * (np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2.0)),
            "formula": "tanh(x)",
        },
        mpmath.tanh,
        (-6.0, 7.0),
        (("clipped",),),
        "inverse",
        "tails",
        "HorizonRobotics/alf#463",  # Stable tanh bijector
    ),
    Entry(
        "logit clamped to 20",
        lambda: {
            "forward": lambda x: np.clip(np.log(x) - np.log1p(-x), -20.0, 20.0),
            "inverse": lambda y: 1 / (1 + np.exp(-y)),
            "forward_log_det": lambda x: -np.log(x) - np.log1p(-x),
            "domain": (0.0, 1.0),
        },
        lambda x: mpmath.log(x / (1 - x)),
        (1e-10, 1e-12),
        (("clipped",), ("not one-to-one", "-20")),
        "forward",
        "one-to-one",
        "manuhuth/NoLimits.jl#167",  # logit_forward's hard clamp to [-20, 20] is invisible ...
    ),
    Entry(
        "linear tails that the inverse forgets",
        lambda: {
            "forward": bulge,
            "inverse": lambda y: 2.0 - 2.0 * np.sqrt(1.25 - y),
            "forward_log_det": lambda x: np.where(np.abs(x) < 1, np.log1p(-0.5 * x), 0.0),
        },
        lambda x: x + (1 - x * x) / 4 if abs(x) < 1 else x,
        (-3.0, 2.0),
        (("inverse", "NaN"),),
        "inverse",
        "round trip",
        "pyro-ppl/pyro#3139",  # quadratic spline ... does not consider outside_interval input at reverse
    ),
    Entry(
        "affine map whose inverse subtracts after dividing",
        lambda: {
            "forward": lambda x, a, b: a * x + b,
            "inverse": lambda y, a, b: y / a - b,
            "forward_log_det": lambda x, a, b: np.log(np.abs(a)) + 0 * x,
            "parameters": {"a": 1.0, "b": 0.7},
            "formula": "a*x + b",
        },
        lambda x, a, b: a * x + b,
        (-2.0, 0.6),
        (("with a=",),),
        "inverse",
        "parameters",
        note="right for a = 1",
        shown_with={"a": 2.0, "b": 0.7},
    ),
)
