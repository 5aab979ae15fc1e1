"""Wrong for some parameters only, or consistent with itself and not with its formula."""

from __future__ import annotations

import mpmath
import numpy as np

import symbij as sb
from tests.audit_corpus.entry import Array, Entry


class Affine(sb.Bijector):
    """y = a x + b, written for positive a."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__(forward_min_event_ndims=0)
        self.a, self.b = a, b

    def _forward(self, x: Array) -> Array:
        return self.a * x + self.b

    def _inverse(self, y: Array) -> Array:
        return (y - self.b) / self.a

    def _forward_log_det_jacobian(self, x: Array) -> Array:
        return np.log(self.a) + 0.0 * x


def box_cox(x: Array, c: float) -> Array:
    """Takes every c below a threshold for 0, negative ones too."""
    return np.log(x) if c < 1e-19 else np.expm1(c * np.log(x)) / c


def box_cox_inverse(y: Array, c: float) -> Array:
    return np.exp(y) if c < 1e-19 else np.exp(np.log1p(c * y) / c)


ENTRIES = (
    Entry(
        "affine map with the logarithm of its scale",
        lambda: {"subject": Affine(1.5, 0.3), "formula": "a*x + b"},
        lambda x: -1.5 * x + mpmath.mpf(0.3),
        (-2.0, 0.7),
        (("NaN", "without abs"),),
        "forward_log_det",
        "parameters",
        "bayesiains/nflows#64",  # allow negative scale in PointwiseAffineTransform
        "right for positive scales",
        {"subject": Affine(-1.5, 0.3)},
    ),
    Entry(
        "power with the logarithm of its exponent",
        lambda: {
            "forward": lambda x, p: x**p,
            "inverse": lambda y, p: y ** (1 / p),
            "forward_log_det": lambda x, p: np.log(p) + (p - 1) * np.log(x),
            "parameters": {"p": 2.0},
            "formula": "x**p",
            "domain": (0.0, np.inf),
        },
        lambda x, p: x**p,
        (0.3, 5.0),
        (("p enters without abs",),),
        "forward_log_det",
        "parameters",
        "pytorch/pytorch#104501",  # Add inverse gamma distribution and fix `sign` bug in PowerTransform
        "the sign of the exponent is ignored",
        {"p": -1.7},
    ),
    Entry(
        "power without its exponent in the log-det",
        lambda: {
            "forward": lambda x, p: x**p,
            "inverse": lambda y, p: y ** (1 / p),
            "forward_log_det": lambda x, p: (p - 1) * np.log(x),
            "parameters": {"p": 1.0},
            "formula": "x**p",
            "domain": (0.0, np.inf),
        },
        lambda x, p: x**p,
        (0.3, 5.0),
        (("log|p|",),),
        "forward_log_det",
        "parameters",
        "pytorch/pytorch#96494",  # The sign of torch.distributions.transforms.PowerTransform seems to be incorrect
        "right for the exponent 1",
        {"p": 2.5},
    ),
    Entry(
        "scaled tanh that is off by its scale",
        lambda: {
            "forward": lambda x, a: a * np.tanh(x / a),
            "inverse": lambda y, a: a * np.arctanh(y / a),
            "forward_log_det": lambda x, a: (
                np.log(np.abs(a)) - 2 * (np.abs(x / a) + np.log1p(np.exp(-2 * np.abs(x / a))) - np.log(2.0))
            ),
            "parameters": {"a": 1.0},
            "formula": "a*tanh(x/a)",
        },
        lambda x, a: a * mpmath.tanh(x / a),
        (-2.0, 0.7),
        (("log|a|",),),
        "forward_log_det",
        "parameters",
        note="the scale inside takes away what the scale outside adds",
        shown_with={"a": 3.0},
    ),
    Entry(
        "Box-Cox that takes negative exponents for 0",
        lambda: {
            "forward": box_cox,
            "inverse": box_cox_inverse,
            "forward_log_det": lambda x, c: (max(c, 0.0) - 1) * np.log(x),
            "parameters": {"c": 0.5},
            "formula": "(x**c - 1)/c",
            "domain": (0.0, np.inf),
        },
        lambda x, c: (x**c - 1) / c,
        (0.3, 5.0),
        (("with c=-", "not what the formula says"),),
        "forward",
        "parameters",
        "scikit-learn/scikit-learn#12522",  # [MRG] Fixes to YeoJohnson transform
        "lambda was taken to lie in [0, 2]",
        {"c": -0.5},
    ),
    Entry(
        "exponent off by one, consistently",
        lambda: {
            "forward": lambda x: np.exp(x + 1),
            "inverse": lambda y: np.log(y) - 1,
            "forward_log_det": lambda x: x + 1,
            "inverse_log_det": lambda y: -np.log(y),
            "formula": "exp(x) - 1",
        },
        mpmath.expm1,
        (-2.0, 0.7),
        (("not what the formula says",),),
        "forward",
        "values",
        "pymc-devs/pymc#6826",  # Derive logprob for exp2, log2, log10, log1p, expm1, ...
        "all four functions agree with each other",
    ),
    Entry(
        "Cauchy distribution function with six digits of pi",
        lambda: {
            "forward": lambda x: 0.5 + np.arctan(x) / 3.14159,
            "inverse": lambda y: np.tan(3.14159 * (y - 0.5)),
            "forward_log_det": lambda x: -np.log(3.14159) - 2 * np.log(np.hypot(1.0, x)),
            "formula": "1/2 + atan(x)/pi",
        },
        lambda x: mpmath.mpf(1) / 2 + mpmath.atan(x) / mpmath.pi,
        (-1e7, -1e8),
        (("codomain",), ("digits",)),
        "forward",
        "one-to-one",
        note="leaves [0, 1] in both tails",
    ),
    Entry(
        "logistic scale in place of its variance",
        lambda: {
            "forward": lambda x, s: 1 / (1 + np.exp(-x / s**2)),
            "inverse": lambda y, s: s**2 * (np.log(y) - np.log1p(-y)),
            "forward_log_det": lambda x, s: (
                -2 * np.log(np.abs(s)) - np.logaddexp(0.0, x / s**2) - np.logaddexp(0.0, -x / s**2)
            ),
            "parameters": {"s": 1.0},
            "formula": "sigmoid(x/s)",
        },
        lambda x, s: 1 / (1 + mpmath.exp(-x / s)),
        (-2.0, 0.7),
        (("with s=", "not what the formula says"),),
        "forward",
        "parameters",
        note="consistent with itself, and right for s = 1",
        shown_with={"s": 2.0},
    ),
)
