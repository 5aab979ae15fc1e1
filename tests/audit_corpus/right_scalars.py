"""Correct maps of numbers as plain functions, written for all of their domain."""

from __future__ import annotations

import mpmath
import numpy as np
from scipy.special import ndtr, ndtri

from tests.audit_corpus.entry import Array, Entry

LOG2 = float(np.log(2.0))
LOG_ROOT_TAU = 0.5 * float(np.log(2 * np.pi))
LOWER = 6.5


def softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def softplus_inverse(y: Array) -> Array:
    return y + np.log(-np.expm1(-y))


def log_cosh(x: Array) -> Array:
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - LOG2


def box_cox(x: Array, c: float) -> Array:
    power = np.where(c == 0, 1.0, c)
    return np.where(c == 0, np.log(x), np.expm1(power * np.log(x)) / power)


def box_cox_log_inverse(y: Array, c: float) -> Array:
    power = np.where(c == 0, 1.0, c)
    return np.where(c == 0, y, np.log1p(power * y) / power)


def almost_folded(x: Array) -> Array:
    return x - 0.999e-3 * np.tanh(1000 * x)


def almost_folded_log_det(x: Array) -> Array:
    return np.log1p(-0.999 / np.cosh(np.minimum(np.abs(1000 * x), 700.0)) ** 2)


def almost_folded_inverse(y: Array) -> Array:
    """By bisection, then Newton's steps."""
    low, high = y - 1e-3, y + 1e-3
    for _ in range(70):
        middle = 0.5 * (low + high)
        below = almost_folded(middle) < y
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    x = 0.5 * (low + high)
    for _ in range(30):  # each step adds 13 digits near 0
        x = x - (almost_folded(x) - y) * np.exp(-almost_folded_log_det(x))
    return x


def cubic_inverse(y: Array) -> Array:
    """The x with x + x**3 = y, in closed form."""
    return 2 / np.sqrt(3.0) * np.sinh(np.arcsinh(1.5 * np.sqrt(3.0) * y) / 3)


ENTRIES = (
    Entry(
        "cubic",
        lambda: {
            "forward": lambda x, a, b: (a * x + b) ** 3,
            "inverse": lambda y, a, b: (np.cbrt(y) - b) / a,
            "forward_log_det": lambda x, a, b: np.log(3.0) + np.log(np.abs(a)) + 2.0 * np.log(np.abs(a * x + b)),
            "parameters": {"a": 1.5, "b": -1.0},
            "formula": "(a*x + b)**3",
        },
        lambda x, a, b: (a * x + b) ** 3,
        (-2.0, 0.4, 3.0),
        note="the cubic of the tour",
    ),
    Entry(
        "softplus",
        lambda: {
            "forward": softplus,
            "inverse": softplus_inverse,
            "forward_log_det": lambda x: -softplus(-x),
            "inverse_log_det": lambda y: -np.log(-np.expm1(-y)),
            "formula": "softplus(x)",
        },
        lambda x: mpmath.log1p(mpmath.exp(x)),
        (-700.0, 0.4, 900.0),
    ),
    Entry(
        "softplus as a black box",
        lambda: {"forward": softplus, "inverse": softplus_inverse, "forward_log_det": lambda x: -softplus(-x)},
        lambda x: mpmath.log1p(mpmath.exp(x)),
        (-700.0, 0.4, 900.0),
    ),
    Entry(
        "symmetric logarithm",
        lambda: {
            "forward": lambda x: np.sign(x) * np.log1p(np.abs(x)),
            "inverse": lambda y: np.sign(y) * np.expm1(np.abs(y)),
            "forward_log_det": lambda x: -np.log1p(np.abs(x)),
            "inverse_log_det": np.abs,
            "formula": "sign(x)*log(1 + abs(x))",
        },
        lambda x: mpmath.sign(x) * mpmath.log1p(abs(x)),
        (-2e20, 0.4, 1e-20),
    ),
    Entry(
        "Box-Cox",
        lambda: {
            "forward": box_cox,
            "inverse": lambda y, c: np.exp(box_cox_log_inverse(y, c)),
            "forward_log_det": lambda x, c: (c - 1) * np.log(x),
            "inverse_log_det": lambda y, c: (1 - c) * box_cox_log_inverse(y, c),
            "parameters": {"c": 0.5},
            "domain": (0.0, np.inf),
            "formula": "(x**c - 1)/c",
        },
        lambda x, c: (x**c - 1) / c,
        (1e-5, 0.4, 3e5),
    ),
    Entry(
        "Box-Cox near 0",
        lambda: {
            "forward": box_cox,
            "inverse": lambda y, c: np.exp(box_cox_log_inverse(y, c)),
            "forward_log_det": lambda x, c: (c - 1) * np.log(x),
            "parameters": {"c": 1e-12},
            "domain": (0.0, np.inf),
        },
        lambda x, c: (x**c - 1) / c,
        (1e-5, 0.4, 3e5),
    ),
    Entry(
        "sinh-arcsinh",
        lambda: {
            "forward": lambda x, s, t: np.sinh(t * np.arcsinh(x) + s),
            "inverse": lambda y, s, t: np.sinh((np.arcsinh(y) - s) / t),
            "forward_log_det": lambda x, s, t: (
                np.log(np.abs(t)) + log_cosh(t * np.arcsinh(x) + s) - np.log(np.hypot(1.0, x))
            ),
            "parameters": {"s": 0.4, "t": 1.3},
            "formula": "sinh(t*asinh(x) + s)",
        },
        lambda x, s, t: mpmath.sinh(t * mpmath.asinh(x) + s),
        (-1e100, 0.4, 1e5),
    ),
    Entry(
        "Gumbel distribution function",
        lambda: {
            "forward": lambda x: np.exp(-np.exp(-x)),
            "inverse": lambda y: -np.log(-np.log(y)),
            "forward_log_det": lambda x: -x - np.exp(-x),
            "inverse_log_det": lambda y: -np.log(y) - np.log(-np.log(y)),
            "formula": "exp(-exp(-x))",
        },
        lambda x: mpmath.exp(-mpmath.exp(-x)),
        (-6.0, 0.4, 30.0),
        reach=6.0,
    ),
    Entry(
        "cube root",
        lambda: {
            "forward": np.cbrt,
            "inverse": lambda y: y**3,
            "forward_log_det": lambda x: -np.log(3.0) - 2 / 3 * np.log(np.abs(x)),
            "formula": "cbrt(x)",
        },
        lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
        (-2e20, 0.4, 1e-20),
    ),
    Entry(
        "leaky ReLU",
        lambda: {
            "forward": lambda x: np.where(x < 0, 0.125 * x, x),
            "inverse": lambda y: np.where(y < 0, 8.0 * y, y),
            "forward_log_det": lambda x: np.where(x < 0, np.log(0.125), 0.0),
            "formula": "where(x < 0, 0.125*x, x)",
        },
        lambda x: x / 8 if x < 0 else x,
        (-2.0, 0.4),
    ),
    Entry(
        "two slopes as a black box",
        lambda: {
            "forward": lambda x: np.where(x < 1.5, x, 3.0 * x - 3.0),
            "inverse": lambda y: np.where(y < 1.5, y, (y + 3.0) / 3.0),
            "forward_log_det": lambda x: np.where(x < 1.5, 0.0, np.log(3.0)),
        },
        lambda x: x if x < 1.5 else 3 * x - 3,
        (-2.0, 0.4, 7.0),
    ),
    Entry(
        "falling power",
        lambda: {
            "forward": lambda x, p: x**p,
            "inverse": lambda y, p: y ** (1 / p),
            "forward_log_det": lambda x, p: np.log(np.abs(p)) + (p - 1) * np.log(x),
            "inverse_log_det": lambda y, p: (1 / p - 1) * np.log(y) - np.log(np.abs(p)),
            "parameters": {"p": -1.75},
            "formula": "x**p",
            "domain": (0.0, np.inf),
        },
        lambda x, p: x**p,
        (1e-5, 0.4, 3e5),
    ),
    Entry(
        "cube far from 0",
        lambda: {
            "forward": lambda x: (x - 1e8) ** 3,
            "inverse": lambda y: np.cbrt(y) + 1e8,
            "forward_log_det": lambda x: np.log(3.0) + 2 * np.log(np.abs(x - 1e8)),
            "formula": "(x - 1e8)**3",
        },
        lambda x: (x - 10**8) ** 3,
        (-2.0, 100000000.25, 3e9),
        note="ill-conditioned near 1e8, and right",
    ),
    Entry(
        "lower bound",
        lambda: {
            "forward": lambda x: np.log(x - LOWER),
            "inverse": lambda y: np.exp(y) + LOWER,
            "forward_log_det": lambda x: -np.log(x - LOWER),
            "inverse_log_det": lambda y: y,
            "formula": "log(x - 6.5)",
            "domain": (LOWER, np.inf),
        },
        lambda x: mpmath.log(x - LOWER),
        (LOWER + 2.0**-40, 8.0, 3e9),
    ),
    Entry(
        "softsign",
        lambda: {
            "forward": lambda x: x / (1 + np.abs(x)),
            "inverse": lambda y: y / (1 - np.abs(y)),
            "forward_log_det": lambda x: -2 * np.log1p(np.abs(x)),
            "inverse_log_det": lambda y: -2 * np.log1p(-np.abs(y)),
            "formula": "x/(1 + abs(x))",
        },
        lambda x: x / (1 + abs(x)),
        (-2e10, 0.4, 7.0),
    ),
    Entry(
        "Weibull distribution function",
        lambda: {
            "forward": lambda x: -np.expm1(-((x / 2.0) ** 1.5)),
            "inverse": lambda y: 2.0 * (-np.log1p(-y)) ** (2 / 3),
            "forward_log_det": lambda x: np.log(0.75) + 0.5 * np.log(x / 2.0) - (x / 2.0) ** 1.5,
            "domain": (0.0, np.inf),
        },
        lambda x: -mpmath.expm1(-((x / 2) ** mpmath.mpf(1.5))),
        (1e-20, 0.4, 15.0),
        reach=15.0,
    ),
    Entry(
        "cubic with a closed inverse",
        lambda: {
            "forward": lambda x: x + x**3,
            "inverse": cubic_inverse,
            "forward_log_det": lambda x: 2 * np.log(np.hypot(1.0, np.sqrt(3.0) * x)),
            "inverse_log_det": lambda y: -2 * np.log(np.hypot(1.0, np.sqrt(3.0) * cubic_inverse(y))),
            "formula": "x + x**3",
        },
        lambda x: x + x**3,
        (-2e10, 0.4, 7.0),
    ),
    Entry(
        "normal distribution function",
        lambda: {
            "forward": ndtr,
            "inverse": ndtri,
            "forward_log_det": lambda x: -0.5 * x * x - LOG_ROOT_TAU,
            "inverse_log_det": lambda y: 0.5 * ndtri(y) ** 2 + LOG_ROOT_TAU,
            "formula": "ndtr(x)",
        },
        lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
        (-20.0, 0.4, 5.0),
        reach=30.0,
    ),
    Entry(
        "shift with one log-det for all",
        lambda: {"forward": lambda x: x + 0.75, "inverse": lambda y: y - 0.75, "forward_log_det": lambda x: 0.0},
        lambda x: x + 0.75,
        (-20.0, 0.4, 5.0),
        note="a constant log-det as one number, which broadcasts",
    ),
    Entry(
        "almost a fold",
        lambda: {
            "forward": almost_folded,
            "inverse": almost_folded_inverse,
            "forward_log_det": almost_folded_log_det,
            "formula": "x - 0.000999*tanh(1000*x)",
        },
        lambda x: x - mpmath.mpf("0.000999") * mpmath.tanh(1000 * x),
        (-20.0, 1e-4, 5.0),
        note="its slope is 0.001 at 0",
    ),
)
