"""Of each bijector of the library: parameters to try it at, its definition once more, its known limits."""

from __future__ import annotations

import mpmath
from mpmath import mpf

# Parameter sets: ordinary ones first, then negative, small and large ones.
PARAMETERS: dict[str, list[dict[str, float]]] = {
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
                    {"skewness": 30.0, "tailweight": 0.05}, {"skewness": -2.0, "tailweight": 1e-8},
                    {"skewness": 0.5, "tailweight": 200.0}],
    "Logit": [{}],
    "Softsign": [{}],
    "Sinh": [{}],
    "Arcsinh": [{}, {"scale": 0.3}, {"scale": 1e-200}, {"scale": 1e200}],
    "SoftClip": [{"low": -1.0, "high": 1.0}, {"low": -2.0, "high": 0.5, "hinge_softness": 0.1},
                 {"low": 0.0, "high": 1.0, "hinge_softness": 1e-3}, {"low": -3.0, "high": 0.0, "hinge_softness": 1e4},
                 {"low": 1e-8, "high": 2e-8}, {"low": -1e10, "high": 3.0, "hinge_softness": 0.01}],
    "MoyalCDF": [{}, {"loc": -1.5, "scale": 0.2}, {"loc": 1e3, "scale": 10.0}, {"loc": 0.1, "scale": 1e-6}],
    "CauchyCDF": [{}, {"loc": -1.5, "scale": 0.2}, {"loc": 1e3, "scale": 10.0}, {"loc": 0.1, "scale": 1e-6},
                  {"scale": 1e250}],
    "JohnsonSU": [{"skewness": 0.0, "tailweight": 1.0}, {"skewness": -1.2, "tailweight": 2.5, "loc": 0.3, "scale": 0.4},
                  {"skewness": 20.0, "tailweight": 0.01, "loc": -1e4, "scale": 1e3},
                  {"skewness": -0.5, "tailweight": 300.0, "scale": 1e-8}],
    "JohnsonSB": [{"skewness": 0.0, "tailweight": 1.0}, {"skewness": -1.2, "tailweight": 2.5, "loc": 0.3, "scale": 0.4},
                  {"skewness": 20.0, "tailweight": 0.01, "loc": -1e4, "scale": 1e3},
                  {"skewness": -0.5, "tailweight": 300.0, "scale": 1e-8}],
}  # fmt: skip
# Bits to start with where fewer than usual do. erfc keeps its relative accuracy, and the definition holds nothing that
# cancels: few bits do, and it is slow.
START = {"NormalCDF": 500, "NormalSurvival": 500}

# What is known to fail on the dense grid, at or near the ends of the range of doubles; see docs/architecture.md.
KNOWN_LIMITS: dict[tuple[str | int, ...], str] = {
    ("GumbelCDF", "forward_log_det"): "(x - loc)/scale overflows, then u - exp(u) is inf - inf",
    ("Cubic", "forward_log_det"): "a*x overflows",
    ("NormalCDF", 3, "inverse_log_det"): "the logarithms of the tail and of the scale cancel",
    ("MoyalCDF", 3, "inverse_log_det"): "the logarithms of the tail and of the scale cancel",
    ("SinhArcsinh", 4, "inverse_log_det"): "log(tailweight) cancels with the logarithm of the factor",
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


def _softclip(x: mpf, low: mpf, high: mpf, hinge_softness: mpf) -> mpf:
    def s(u: mpf) -> mpf:
        return hinge_softness * mpmath.log(1 + mpmath.exp(u / hinge_softness))

    return high - (high - low) * s(high - low - s(x - low)) / s(high - low)


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
    "SinhArcsinh": lambda x, skewness, tailweight: (
        2 * mpmath.sinh((mpmath.asinh(x) + skewness) * tailweight) / mpmath.sinh(mpmath.asinh(2) * tailweight)
    ),
    "Logit": lambda x: mpmath.log(x / (1 - x)),
    "Softsign": lambda x: x / (1 + abs(x)),
    "Sinh": lambda x: mpmath.sinh(x),
    "Arcsinh": lambda x, scale: scale * mpmath.asinh(x / scale),
    "SoftClip": _softclip,
    "MoyalCDF": lambda x, loc, scale: mpmath.erfc(mpmath.exp(-(x - loc) / scale / 2) / mpmath.sqrt(2)),
    "CauchyCDF": lambda x, loc, scale: mpmath.atan2(scale, loc - x) / mpmath.pi,
    "JohnsonSU": lambda x, skewness, tailweight, loc, scale: skewness + tailweight * mpmath.asinh((x - loc) / scale),
    "JohnsonSB": lambda x, skewness, tailweight, loc, scale: (
        skewness + tailweight * mpmath.log((x - loc) / (loc + scale - x))
    ),
}
