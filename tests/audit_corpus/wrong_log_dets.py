"""Right maps with wrong log-dets: signs, factors, terms, directions."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import symbij as sb
from tests.audit_corpus.entry import Array, Entry


class SignedExp:
    """y = exp(x), with the log-det that the formula of a density suggests at first sight."""

    def forward(self, x: Array) -> Array:
        return np.exp(x)

    def inverse(self, y: Array) -> Array:
        return np.log(y)

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return -x


def invert_numerically(y: Array) -> Array:
    """The x with x + x**3 = y, by Newton's method from outside, where it converges monotonically."""
    x = np.cbrt(y)
    for _ in range(60):
        x = x - (x + x**3 - y) / (1 + 3 * x**2)
    return x


class BackwardSum:
    """y = (x - loc)/scale, whose combined call subtracts the log-det where it should add it."""

    def __init__(self, loc: float, scale: float) -> None:
        self.loc, self.scale = loc, scale

    def forward(self, x: Array) -> Array:
        return (x - self.loc) / self.scale

    def inverse(self, y: Array) -> Array:
        return y * self.scale + self.loc

    def forward_log_det_jacobian(self, x: Array) -> Array:
        return np.full_like(x, -np.log(self.scale))

    def forward_and_log_det(self, x: Array) -> tuple[Array, Array]:
        return self.forward(x), np.full_like(x, np.log(self.scale))


class Precision(sb.Bijector):
    """The precision of a standard deviation: y = x**-2 for x > 0."""

    def __init__(self) -> None:
        super().__init__(forward_min_event_ndims=0)

    def _forward(self, x: Array) -> Array:
        return x**-2.0

    def _inverse(self, y: Array) -> Array:
        return 1 / np.sqrt(y)

    def _forward_log_det_jacobian(self, x: Array) -> Array:
        return np.log(2.0) - np.log(x)  # of the standard deviation, not of the precision


def cubic() -> dict[str, Any]:
    return {
        "forward": lambda x, a, b: (a * x + b) ** 3,
        "inverse": lambda y, a, b: (np.cbrt(y) - b) / a,
        "forward_log_det": lambda x, a, b: np.log(3.0) + np.log(np.abs(a)) + 3.0 * np.log(np.abs(a * x + b)),
        "parameters": {"a": 1.5, "b": -1.0},
        "formula": "(a*x + b)**3",
    }


ENTRIES = (
    Entry(
        "exp with the log-det of the other direction",
        lambda: {"subject": SignedExp()},
        mpmath.exp,
        (-2.0, 0.7, 3.0),
        (("wrong sign",),),
        "forward_log_det",
        "log-det",
        "pytorch/pytorch#62404",  # Double sign error at density transformations
        "the report itself mistook the convention; who follows it writes this",
    ),
    Entry(
        "numeric inverse that keeps the sign of the forward log-det",
        lambda: {
            "forward": lambda x: x + x**3,
            "inverse": invert_numerically,
            "forward_log_det": lambda x: np.log1p(3 * x**2),
            "inverse_log_det": lambda y: np.log1p(3 * invert_numerically(y) ** 2),
        },
        lambda x: x + x**3,
        (-2.0, 0.7, 3.0),
        (("wrong sign",),),
        "inverse_log_det",
        "log-det",
        "danielward27/flowjax#208",  # Wrong logdet sign in NumericalInverse
        "its test used a map whose log-det is 0",
    ),
    Entry(
        "standardisation with both directions switched",
        lambda: {
            "forward": lambda x, m, s: (x - m) / s,
            "inverse": lambda y, m, s: y * s + m,
            "forward_log_det": lambda x, m, s: np.log(np.abs(s)) + 0 * x,
            "inverse_log_det": lambda y, m, s: -np.log(np.abs(s)) + 0 * y,
            "parameters": {"m": 0.5, "s": 2.5},
            "formula": "(x - m)/s",
        },
        lambda x, m, s: (x - m) / s,
        (-2.0, 0.7),
        (("wrong sign",),),
        "forward_log_det",
        "log-det",
        "bayesflow-org/bayesflow#471",  # Fixed Jacobian computation of standardize transform
        "the two log-dets agree with each other",
    ),
    Entry(
        "one log-det for both directions",
        lambda: {
            "forward": lambda x: 0.25 * x + 0.375,
            "inverse": lambda y: (y - 0.375) / 0.25,
            "forward_log_det": lambda x: np.full_like(x, np.log(0.25)),
            "inverse_log_det": lambda y: np.full_like(y, np.log(0.25)),
        },
        lambda x: x / 4 + mpmath.mpf(3) / 8,
        (-2.0, 0.7),
        (("wrong sign",),),
        "inverse_log_det",
        "log-det",
        "Information-Fusion-Lab-Umass/NuX#10",  # Should log determinant be adjusted for some of the flows in affine.py?
    ),
    Entry(
        "cubic with three times the logarithm",
        cubic,
        lambda x, a, b: (a * x + b) ** 3,
        (-2.0, 0.4, 3.0),
        (("factor 3 instead of 2",),),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "cube without its factor 3",
        lambda: {"forward": lambda x: x**3, "inverse": np.cbrt, "forward_log_det": lambda x: 2 * np.log(np.abs(x))},
        lambda x: x**3,
        (-2.0, 0.7),
        (("missing factor 3",),),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "tanh from a logistic function, with one of two factors 2",
        lambda: {
            "forward": np.tanh,
            "inverse": np.arctanh,
            "forward_log_det": lambda x: np.log(2.0) - 2 * x - 2 * np.log1p(np.exp(-2 * x)),
            "formula": "tanh(x)",
        },
        mpmath.tanh,
        (-1.0, 0.7),
        (("missing factor 2",),),
        "forward_log_det",
        "log-det",
        "pytorch/pytorch#19785",  # [Update transforms.py]: Add TanhTransform
        "the review builds tanh from a sigmoid between two affine maps, each of which has a factor 2",
    ),
    Entry(
        "decimal logarithm with a decimal log-det",
        lambda: {
            "forward": np.log10,
            "inverse": lambda y: 10.0**y,
            "forward_log_det": lambda x: -np.log10(x) - np.log10(np.log(10.0)),
            "formula": "log10(x)",
        },
        lambda x: mpmath.log(x) / mpmath.log(10),
        (0.2, 0.7, 30.0),
        (("base 10",),),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "decimal logarithm as if it were the natural one",
        lambda: {
            "forward": np.log10,
            "inverse": lambda y: 10.0**y,
            "forward_log_det": lambda x: -np.log(x),
            "domain": (0.0, np.inf),
        },
        lambda x: mpmath.log(x) / mpmath.log(10),
        (0.2, 0.7, 30.0),
        (("log(10)",), ("factor 2.30259",)),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "falling exponential with log of the derivative",
        lambda: {
            "forward": lambda x: np.exp(-x),
            "inverse": lambda y: -np.log(y),
            "forward_log_det": lambda x: np.log(-np.exp(-x)),
        },
        lambda x: mpmath.exp(-x),
        (-2.0, 0.7),
        (("NaN", "without abs"),),
        "forward_log_det",
        "log-det",
        "aesara-devs/aeppl#111",  # Default transform log_jac_det doesn't take the absolute value of the determinant
    ),
    Entry(
        "logistic function with its derivative as the log-det",
        lambda: {
            "forward": lambda x: 1 / (1 + np.exp(-x)),
            "inverse": lambda y: np.log(y) - np.log1p(-y),
            "forward_log_det": lambda x: np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2,
        },
        lambda x: 1 / (1 + mpmath.exp(-x)),
        (-2.0, 0.7),
        (("not its logarithm",),),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "sinh with the log-det at its output",
        lambda: {
            "forward": np.sinh,
            "inverse": np.arcsinh,
            "forward_log_det": lambda x: np.log(np.cosh(np.sinh(x))),
            "formula": "sinh(x)",
        },
        mpmath.sinh,
        (-2.0, 0.7),
        (("output",),),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "sinh with the log-det of asinh",
        lambda: {
            "forward": np.sinh,
            "inverse": np.arcsinh,
            "forward_log_det": lambda x: -0.5 * np.log1p(x**2),
            "formula": "sinh(x)",
        },
        mpmath.sinh,
        (-2.0, 0.7),
        (("log-det of the inverse",),),
        "forward_log_det",
        "log-det",
    ),
    Entry(
        "combined call that subtracts the log-det",
        lambda: {"subject": BackwardSum(0.5, 2.5)},
        lambda x: (x - mpmath.mpf(0.5)) / mpmath.mpf(2.5),
        (-2.0, 0.7),
        (("forward_and_log_det", "disagrees"), ("wrong sign",)),
        "combined",
        "parameters",
        "VincentStimper/normalizing-flows#27",  # Issue while computing the flow.forward function
    ),
    Entry(
        "precision with the log-det of the standard deviation",
        lambda: {"subject": Precision(), "formula": "x**(-2)", "domain": (0.0, np.inf)},
        lambda x: x**-2,
        (0.2, 0.7, 3.0),
        (("factor -1 instead of -3",),),
        "forward_log_det",
        "log-det",
        "aknandi/disaggregation#60",  # Fix jacob
        "adjusted by log(sd) rather than by log(tau)",
    ),
    Entry(
        "exp without any log-det",
        lambda: {
            "forward": np.exp,
            "inverse": np.log,
            "forward_log_det": lambda x: np.zeros_like(x),
            "formula": "exp(x)",
        },
        mpmath.exp,
        (-2.0, 0.7),
        (("missing",),),
        "forward_log_det",
        "log-det",
        "blackjax-devs/blackjax#750",  # first example in quickstart.md missing Jacobian adjustment
    ),
    Entry(
        "softplus with a constant log-det",
        lambda: {
            "forward": lambda x: np.logaddexp(0.0, x),
            "inverse": lambda y: y + np.log(-np.expm1(-y)),
            "forward_log_det": lambda x: np.full_like(x, -np.log(2.0)),
        },
        lambda x: mpmath.log1p(mpmath.exp(x)),
        (-2.0, 0.7),
        (("missing",), ("constant",)),
        "forward_log_det",
        "log-det",
        "lockwo/distreqx#67",  # Add Exp and Softplus
        "its review found the log-det declared constant; here it is that at 0",
    ),
    Entry(
        "leaky ReLU with the log-det of ReLU",
        lambda: {
            "forward": lambda x: np.where(x < 0, 0.1 * x, x),
            "inverse": lambda y: np.where(y < 0, 10.0 * y, y),
            "forward_log_det": lambda x: np.where(x < 0, -np.inf, 0.0),
        },
        lambda x: x / 10 if x < 0 else x,
        (-2.0, -0.7),
        (("infinite", "x < "),),
        "forward_log_det",
        "log-det",
        "MachineLearningLifeScience/stochman#10",  # nnh.leakyrelu seems incorrect
    ),
    Entry(
        "planar step through a leaky ReLU whose slope counts twice",
        lambda: {
            "forward": lambda x: x + 0.5 * np.where(2 * x + 1 < 0, 0.2 * (2 * x + 1), 2 * x + 1),
            "inverse": lambda y: np.where(y < -0.5, (y - 0.1) / 1.2, (y - 0.5) / 2.0),
            "forward_log_det": lambda x: np.where(2 * x + 1 < 0, np.log(1 + 0.2 * 0.2), np.log(2.0)),
        },
        lambda x: x + (2 * x + 1) / (10 if 2 * x + 1 < 0 else 2),
        (-2.0, -0.7),
        (("x < -0.",),),
        "forward_log_det",
        "log-det",
        "danielward27/flowjax#169",  # Implementing inverse in Planar flow
        "right for positive activations, the only ones that its tests reached",
    ),
)
