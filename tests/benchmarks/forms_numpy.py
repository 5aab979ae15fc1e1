"""The cases in numpy and scipy, in place: `form(x, out, work)` leaves the result in `out`; `work` is scratch memory.

Fewer passes over memory are what makes numpy fast, so each line is one pass and none allocates. `reference` is the
same formulas in float64 and written plainly; every contender is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy import abs as absolute
from numpy import add, divide, exp, expm1, log, log1p, multiply, negative, subtract
from scipy import special

from tests.benchmarks.cases import PARAMETERS

Form = Callable[[np.ndarray, np.ndarray, np.ndarray], None]
LOG2 = float(np.log(2.0))
EXPONENT = PARAMETERS["power"][0]
NDTR_LOC, NDTR_SCALE = PARAMETERS["ndtr"]
SKEW, TAIL = PARAMETERS["sinh_arcsinh"]
LOC, SCALE = PARAMETERS["gumbel"]
A, B = PARAMETERS["kumaraswamy"]
TEMPERATURE = PARAMETERS["softfloor"][0]
SLOPE, INTERCEPT = PARAMETERS["cubic"]
# Python floats: a numpy scalar would turn the arithmetic of float32 into that of float64.
LOG_TAIL, LOG_SCALE = float(np.log(TAIL)), float(np.log(SCALE))
LOG_AB, LOG_3SLOPE = float(np.log(A * B)), float(np.log(3 * abs(SLOPE)))

# (sigmoid(c/t) - sigmoid(-1/2t)) / (sigmoid(1/2t) - sigmoid(-1/2t)) = 1/2 + tanh(c/2t) / (2 tanh(1/4t))
STEP_HEIGHT = float(0.5 / np.tanh(0.25 / TEMPERATURE))
STEP_LOW = float(0.5 + special.expit(-0.5 / TEMPERATURE))
STEP_LOG_DET = float(-np.log(TEMPERATURE * np.tanh(0.25 / TEMPERATURE)))


def sigmoid_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    exp(negative(x, out), out)
    np.reciprocal(add(out, 1, out), out)


def sigmoid_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """-|x| - 2 log1p(exp(-|x|))"""
    negative(absolute(x, work), work)
    log1p(exp(work, out), out)
    subtract(work, multiply(out, 2, out), out)


def sigmoid_inverse_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """-log(x (1 - x))"""
    multiply(subtract(1, x, out), x, out)
    negative(log(out, out), out)


def softplus_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """max(x, 0) + log1p(exp(-|x|))"""
    exp(negative(absolute(x, out), out), out)
    add(log1p(out, out), np.maximum(x, 0, work), out)


def softplus_inverse(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """x + log(-expm1(-x))"""
    negative(expm1(negative(x, out), out), out)
    add(log(out, out), x, out)


def softplus_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """min(x, 0) - log1p(exp(-|x|))"""
    exp(negative(absolute(x, out), out), out)
    subtract(np.minimum(x, 0, work), log1p(out, out), out)


def _logcosh(out: np.ndarray, work: np.ndarray) -> None:
    """out = log cosh(out) + log 2"""
    absolute(out, out)
    exp(multiply(out, -2, work), work)
    add(out, log1p(work, work), out)


def tanh_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    np.copyto(out, x)
    _logcosh(out, work)
    multiply(subtract(out, LOG2, out), -2, out)


def ndtr_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    multiply(subtract(x, NDTR_LOC, out), 1 / NDTR_SCALE, out)
    special.ndtr(out, out)


def ndtr_inverse(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    special.ndtri(x, out)
    add(multiply(out, NDTR_SCALE, out), NDTR_LOC, out)


def sinh_arcsinh_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    multiply(add(np.arcsinh(x, out), SKEW, out), TAIL, out)
    np.sinh(out, out)


def sinh_arcsinh_inverse(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    subtract(multiply(np.arcsinh(x, out), 1 / TAIL, out), SKEW, out)
    np.sinh(out, out)


def sinh_arcsinh_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """log cosh((asinh(x) + s) t) - log1p(x²)/2 + log t"""
    multiply(add(np.arcsinh(x, out), SKEW, out), TAIL, out)
    _logcosh(out, work)
    log1p(multiply(x, x, work), work)
    subtract(out, multiply(work, 0.5, work), out)
    add(out, LOG_TAIL - LOG2, out)


def gumbel_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    exp(multiply(subtract(LOC, x, out), 1 / SCALE, out), out)
    exp(negative(out, out), out)


def gumbel_inverse(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    log(negative(log(x, out), out), out)
    add(multiply(out, -SCALE, out), LOC, out)


def gumbel_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    multiply(subtract(LOC, x, work), 1 / SCALE, work)
    subtract(work, exp(work, out), out)
    subtract(out, LOG_SCALE, out)


def kumaraswamy_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """-expm1(b log1p(-exp(a log x)))"""
    exp(multiply(log(x, out), A, out), out)
    multiply(log1p(negative(out, out), out), B, out)
    negative(expm1(out, out), out)


def kumaraswamy_inverse(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """exp(log(-expm1(log1p(-x)/b))/a)"""
    multiply(log1p(negative(x, out), out), 1 / B, out)
    log(negative(expm1(out, out), out), out)
    exp(multiply(out, 1 / A, out), out)


def kumaraswamy_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """log(ab) + (a - 1) log x + (b - 1) log1p(-exp(a log x))"""
    log(x, work)
    exp(multiply(work, A, out), out)
    multiply(log1p(negative(out, out), out), B - 1, out)
    add(out, multiply(work, A - 1, work), out)
    add(out, LOG_AB, out)


def softfloor_forward(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    subtract(x, 0.5, out)
    np.floor(out, work)
    subtract(subtract(out, work, out), 0.5, out)
    np.tanh(multiply(out, 0.5 / TEMPERATURE, out), out)
    add(add(multiply(out, STEP_HEIGHT, out), STEP_LOW, out), work, out)


def softfloor_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """The log-det of a sigmoid at the distance to the middle of the step, and a constant."""
    subtract(x, 0.5, out)
    subtract(subtract(out, np.floor(out, work), out), 0.5, out)
    multiply(absolute(out, out), -1 / TEMPERATURE, out)
    log1p(exp(out, work), work)
    subtract(out, multiply(work, 2, work), out)
    add(out, STEP_LOG_DET, out)


def cubic_inverse(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    multiply(subtract(np.cbrt(x, out), INTERCEPT, out), 1 / SLOPE, out)


def cubic_log_det(x: np.ndarray, out: np.ndarray, work: np.ndarray) -> None:
    """2 log|a x + b| + log(3|a|)"""
    absolute(add(multiply(x, SLOPE, out), INTERCEPT, out), out)
    multiply(log(out, out), 2, out)
    add(out, LOG_3SLOPE, out)


FORMS: dict[str, Form] = {
    "exp_forward": lambda x, out, work: exp(x, out),
    "log_forward": lambda x, out, work: log(x, out),
    "sigmoid_forward": sigmoid_forward,
    "sigmoid_inverse": lambda x, out, work: log(divide(x, subtract(1, x, out), out), out),
    "sigmoid_log_det": sigmoid_log_det,
    "sigmoid_inverse_log_det": sigmoid_inverse_log_det,
    "softplus_forward": softplus_forward,
    "softplus_inverse": softplus_inverse,
    "softplus_log_det": softplus_log_det,
    "tanh_forward": lambda x, out, work: np.tanh(x, out),
    "tanh_log_det": tanh_log_det,
    "power_forward": lambda x, out, work: np.power(x, EXPONENT, out),
    "ndtr_forward": ndtr_forward,
    "ndtr_inverse": ndtr_inverse,
    "sinh_arcsinh_forward": sinh_arcsinh_forward,
    "sinh_arcsinh_inverse": sinh_arcsinh_inverse,
    "sinh_arcsinh_log_det": sinh_arcsinh_log_det,
    "gumbel_forward": gumbel_forward,
    "gumbel_inverse": gumbel_inverse,
    "gumbel_log_det": gumbel_log_det,
    "kumaraswamy_forward": kumaraswamy_forward,
    "kumaraswamy_inverse": kumaraswamy_inverse,
    "kumaraswamy_log_det": kumaraswamy_log_det,
    "softfloor_forward": softfloor_forward,
    "softfloor_log_det": softfloor_log_det,
    "cubic_inverse": cubic_inverse,
    "cubic_log_det": cubic_log_det,
}
