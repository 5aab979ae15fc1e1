"""Of each bijector of the library: parameters to try it at, its definition once more, its known limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
from mpmath import mpf

# Parameter sets: ordinary ones first, then negative, small and large ones.
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "Identity": [{}],
    "Shift": [{"shift": 0.3}, {"shift": -2.5}, {"shift": 1e-300}, {"shift": 1e300}],
    "Scale": [{"scale": 1.7}, {"scale": -0.3}, {"scale": 1e-200}, {"scale": -1e200}],
    "Exp": [{}],
    "Sigmoid": [{}, {"low": -3.0, "high": 5.0}, {"low": 2.0, "high": -1.0}, {"low": 1e-8, "high": 3e-8},
                {"low": -1e10, "high": 1.0}],
    "Softplus": [{}, {"hinge_softness": -0.7, "low": 0.5}, {"hinge_softness": 1e-3, "low": -2.0},
                 {"hinge_softness": 1e6}],
    "Tanh": [{}],
    "Softfloor": [{"temperature": t} for t in (0.05, 0.1, 0.2, 0.5, 1.0, 1e-3, 20.0, 1e4)],
    "GumbelCDF": [{}, {"loc": -1.5, "scale": 0.2}, {"loc": 1e3, "scale": 10.0}, {"loc": 0.1, "scale": 1e-6}],
    "NormalCDF": [{}, {"loc": -1.5, "scale": 0.2}, {"loc": 1e3, "scale": 10.0}, {"loc": 0.1, "scale": 1e-6}],
    "LogisticCDF": [{}, {"loc": -1.5, "scale": 0.2}, {"loc": 1e3, "scale": 10.0}, {"loc": 0.1, "scale": 1e-6}],
    "UniformCDF": [{}, {"low": -3.0, "high": 5.0}, {"low": 1e-9, "high": 1e-8}, {"low": -1e200, "high": 1e200}],
    "NormalSurvival": [{}, {"loc": 1e3, "scale": 10.0}],
    "LogisticSurvival": [{}, {"loc": 1e3, "scale": 10.0}],
    "UniformSurvival": [{}, {"low": -3.0, "high": 5.0}, {"low": 1e-9, "high": 1e-8}],
    "Cubic": [{"a": 1.0, "b": 0.0}, {"a": -2.0, "b": 0.4}, {"a": 1e-5, "b": 1.0}, {"a": 3e4, "b": -1e4}],
    "SinhArcsinh": [{}, {"skewness": -1.2, "tailweight": 0.5}, {"skewness": 0.7, "tailweight": 2.5},
                    {"skewness": 30.0, "tailweight": 0.05}],
    "MixtureCDF": [{"weights": [2.0], "locs": [0.3], "scales": [1.5]},
                   {"weights": [0.3, 0.7], "locs": [-1.0, 2.0], "scales": [0.5, 1.5]},
                   {"weights": [1e-6, 1.0, 3.0], "locs": [-20.0, 0.0, 5.0], "scales": [0.1, 1e-3, 2.0]},
                   {"weights": [1e200, 3e199], "locs": [1e3, 1.1e3], "scales": [10.0, 1e-6]}],
    "LogisticMixtureCDF": [{"weights": [2.0], "locs": [0.3], "scales": [1.5]},
                           {"weights": [0.3, 0.7], "locs": [-1.0, 2.0], "scales": [0.5, 1.5]},
                           {"weights": [1e-6, 1.0, 3.0], "locs": [-20.0, 0.0, 5.0], "scales": [0.1, 1e-3, 2.0]},
                           {"weights": [1e200, 3e199], "locs": [1e3, 1.1e3], "scales": [10.0, 1e-6]}],
    "BernsteinPolynomial": [{"weights": w} for w in ([2.0], [0.3, 0.7], [1e-6, 1.0, 3.0, 0.5])],
}  # fmt: skip
# Bits to start with where fewer than usual do. erfc keeps its relative accuracy, and the definition holds nothing that
# cancels: few bits do, and it is slow.
START = {"NormalCDF": 500, "NormalSurvival": 500, "MixtureCDF": 500}

# Sums that are inverted numerically: terms below this are rounded to subnormal doubles, and so is the sum.
SMALLEST_OUTPUT = {"MixtureCDF": 2.0**-1022, "LogisticMixtureCDF": 2.0**-1022, "BernsteinPolynomial": 2.0**-1010}

_LARGE_WEIGHTS = "log(1e200) and the logarithm of the sum of the weights cancel: 73 ulp, where 4 are the aim"
_ROUNDED_X = "the log-det is taken at x rounded to a double, between which it changes by more than its condition number"

# What is known to fail, at or near the ends of the range of doubles; see docs/architecture.md.
KNOWN_LIMITS: dict[tuple[str | int, ...], str] = {
    ("GumbelCDF", "forward_log_det"): "(x - loc)/scale overflows, then u - exp(u) is inf - inf",
    ("NormalCDF", "forward_log_det"): "u**2 overflows before it is halved",
    ("NormalSurvival", "forward_log_det"): "u**2 overflows before it is halved",
    ("Cubic", "forward_log_det"): "a*x overflows",
    ("LogisticMixtureCDF", 3, "forward_log_det"): _LARGE_WEIGHTS,
    ("LogisticMixtureCDF", 3, "inverse_log_det"): f"{_ROUNDED_X}; {_LARGE_WEIGHTS}",
    ("MixtureCDF", 3, "inverse_log_det"): f"{_ROUNDED_X}; {_LARGE_WEIGHTS}",
    ("MixtureCDF", 1, "inverse_log_det"): _ROUNDED_X,
    ("MixtureCDF", 2, "inverse_log_det"): _ROUNDED_X,
    ("MixtureCDF", 0, "inverse_log_det"): "ndtri(y)**2/2: 4.8 ulp",
    ("BernsteinPolynomial", 2, "forward_log_det"): "rising and falling terms of the slope: 8 ulp",
    ("BernsteinPolynomial", 2, "inverse_log_det"): _ROUNDED_X,
    ("NormalCDF", 3, "inverse_log_det"): "z**2/2 and log(scale) cancel at scale 1e-6: 62 ulp, where 51 are allowed",
}


# The formulas of the library once more, written directly in mpmath from the literature: a slip of the pen in the
# library's text would otherwise be its own truth.
def _softfloor(x: mpf, temperature: mpf) -> mpf:
    def s(u: mpf) -> mpf:
        return 1 / (1 + mpmath.exp(-u))

    half = mpf(1) / 2
    whole = mpmath.floor(x - half)
    fraction = x - half - whole
    low, high = s(-half / temperature), s(half / temperature)
    return whole + (s((fraction - half) / temperature) - low) / (high - low) + low


def _mixture(cdf: Callable[[mpf], mpf], weights: Sequence[mpf], *shapes: Sequence[mpf]) -> mpf:
    """The weighted mean of the components' distribution functions."""
    return sum(w * cdf(*shape) for w, *shape in zip(weights, *shapes, strict=True)) / sum(weights)


def _bernstein(x: mpf, weights: Sequence[mpf]) -> mpf:
    """The order statistics' distribution functions are regularised incomplete beta functions."""
    n = len(weights)
    terms = [mpmath.betainc(j, n - j + 1, 0, x, regularized=True) for j in range(1, n + 1)]
    return sum(w * t for w, t in zip(weights, terms, strict=True)) / sum(weights)


DEFINITIONS = {
    "Identity": lambda x: x,
    "Shift": lambda x, shift: x + shift,
    "Scale": lambda x, scale: scale * x,
    "Exp": lambda x: mpmath.exp(x),
    "Sigmoid": lambda x, low, high: low + (high - low) / (1 + mpmath.exp(-x)),
    "Softplus": lambda x, hinge_softness, low: low + hinge_softness * mpmath.log(1 + mpmath.exp(x / hinge_softness)),
    "Tanh": lambda x: mpmath.tanh(x),
    "Softfloor": _softfloor,
    "GumbelCDF": lambda x, loc, scale: mpmath.exp(-mpmath.exp(-(x - loc) / scale)),
    "NormalCDF": lambda x, loc, scale: mpmath.ncdf(x, loc, scale),
    "LogisticCDF": lambda x, loc, scale: 1 / (1 + mpmath.exp(-(x - loc) / scale)),
    "UniformCDF": lambda x, low, high: (x - low) / (high - low),
    "Cubic": lambda x, a, b: (a * x + b) ** 3,
    "NormalSurvival": lambda x, loc, scale: mpmath.ncdf(loc, x, scale),
    "LogisticSurvival": lambda x, loc, scale: 1 / (1 + mpmath.exp((x - loc) / scale)),
    "UniformSurvival": lambda x, low, high: (high - x) / (high - low),
    "SinhArcsinh": lambda x, skewness, tailweight: mpmath.sinh((mpmath.asinh(x) + skewness) * tailweight),
    "MixtureCDF": lambda x, weights, locs, scales: _mixture(lambda m, s: mpmath.ncdf(x, m, s), weights, locs, scales),
    "LogisticMixtureCDF": lambda x, weights, locs, scales: _mixture(
        lambda m, s: 1 / (1 + mpmath.exp(-(x - m) / s)), weights, locs, scales
    ),
    "BernsteinPolynomial": _bernstein,
}
