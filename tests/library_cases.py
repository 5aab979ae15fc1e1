"""Of each bijector of the library: parameters to try it at, its definition once more, its known limits."""

from __future__ import annotations

import itertools
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
                    {"skewness": 30.0, "tailweight": 0.05}, {"skewness": -2.0, "tailweight": 1e-8},
                    {"skewness": 0.5, "tailweight": 200.0}],
    "Expm1": [{}],
    "Log": [{}],
    "Log1p": [{}],
    "Reciprocal": [{}],
    "Square": [{}],
    "Power": [{"power": p} for p in (2.0, 0.5, 1.0, -1.3, 1e-8, 300.0, -1e-3)],
    "PowerTransform": [{"power": p} for p in (0.0, 0.5, 1.0, -0.7, 1e-10, 1e-300, 40.0)],
    "BoxCox": [{"lmbda": p} for p in (0.0, 1.0, 0.5, -2.0, 1e-10, -1e-300, 40.0)],
    "WeibullCDF": [{}, {"scale": 2.0, "concentration": 1.5}, {"scale": 1e-6, "concentration": 0.3},
                   {"scale": 1e200, "concentration": 20.0}, {"scale": 0.3, "concentration": 1e-3}],
    "FrechetCDF": [{}, {"loc": -1.5, "scale": 0.2, "concentration": 3.0}, {"scale": 1e-6, "concentration": 0.3},
                   {"loc": 1e3, "scale": 10.0, "concentration": 1e-3}, {"scale": 1e200, "concentration": 50.0}],
    "RayleighCDF": [{}, {"scale": 0.3}, {"scale": 1e-200}, {"scale": 1e180}],
    "GompertzCDF": [{"concentration": 0.7, "rate": 1.2}, {"concentration": 1e-5, "rate": 0.1},
                    {"concentration": 1e3, "rate": 50.0}, {"concentration": 1e-300, "rate": 1e-6},
                    {"concentration": 0.5, "rate": 1e20}],
    "KumaraswamyCDF": [{}, {"concentration1": 0.5, "concentration0": 0.5},
                       {"concentration1": 2.0, "concentration0": 3.0},
                       {"concentration1": 0.01, "concentration0": 100.0},
                       {"concentration1": 300.0, "concentration0": 0.02},
                       {"concentration1": 1.0, "concentration0": 7.5}],
    "GeneralizedExtremeValueCDF": [
        {}, {"concentration": 0.5}, {"loc": -1.5, "scale": 0.2, "concentration": -0.3},
        {"loc": 1e3, "scale": 10.0, "concentration": 1e-9}, {"scale": 1e-6, "concentration": -2.0},
        {"loc": 0.3, "concentration": -1e-300}],
    "GeneralizedPareto": [
        {}, {"concentration": 0.5}, {"loc": -1.5, "scale": 0.2, "concentration": -0.3},
        {"loc": 1e3, "scale": 10.0, "concentration": 1e-9}, {"scale": 1e-6, "concentration": -2.0},
        {"loc": 0.3, "concentration": -1e-300}, {"scale": 3.0, "concentration": 20.0}],
    "LogLogisticCDF": [{}, {"scale": 2.0, "concentration": 1.5}, {"scale": 1e-6, "concentration": 0.3},
                       {"scale": 1e200, "concentration": 20.0}],
    "ParetoCDF": [{}, {"scale": 2.0, "concentration": 1.5}, {"scale": 1e-6, "concentration": 0.3},
                  {"scale": 1e200, "concentration": 20.0}, {"scale": 0.3, "concentration": 1e-3}],
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
    "MixtureCDF": [{"weights": [2.0], "locs": [0.3], "scales": [1.5]},
                   {"weights": [0.3, 0.7], "locs": [-1.0, 2.0], "scales": [0.5, 1.5]},
                   {"weights": [1e-6, 1.0, 3.0], "locs": [-20.0, 0.0, 5.0], "scales": [0.1, 1e-3, 2.0]},
                   {"weights": [1e200, 3e199], "locs": [1e3, 1.1e3], "scales": [10.0, 1e-6]}],
    "LogisticMixtureCDF": [{"weights": [2.0], "locs": [0.3], "scales": [1.5]},
                           {"weights": [0.3, 0.7], "locs": [-1.0, 2.0], "scales": [0.5, 1.5]},
                           {"weights": [1e-6, 1.0, 3.0], "locs": [-20.0, 0.0, 5.0], "scales": [0.1, 1e-3, 2.0]},
                           {"weights": [1e200, 3e199], "locs": [1e3, 1.1e3], "scales": [10.0, 1e-6]}],
    "BernsteinPolynomial": [{"weights": w} for w in ([2.0], [0.3, 0.7], [1e-6, 1.0, 3.0, 0.5])],
    "TukeyGH": [{"g": 0.3, "h": 0.1}, {"g": 0.0, "h": 0.5}, {"g": -2.0, "h": 1e-3}, {"g": 1e-10, "h": 3.0},
                {"g": 5.0, "h": 1e-8}],
    "LambertWTail": [{"shift": 0.0, "scale": 1.0, "tailweight": 0.1}, {"shift": -1.5, "scale": 0.2, "tailweight": 2.5},
                     {"shift": 0.3, "scale": 2.0, "tailweight": 0.0}, {"shift": 1e3, "scale": 10.0, "tailweight": 1e-9},
                     {"shift": 0.1, "scale": 1e-6, "tailweight": 300.0}],
    "LambertWSkew": [{"skewness": s} for s in (1.0, 0.3, 1e-8, 40.0, 1e200)],
    "TanhShift": [{"k": k} for k in (0.5, -0.5, 3.0, -1.0, -0.999999, 1e6)],
    "SymmetricLog": [{}],
    "YeoJohnson": [{"lmbda": p} for p in (0.5, 0.0, 1.0, 2.0, -1.0, 3.0, 1e-10, 1.9999999)],
    "LeakyReLU": [{}, {"alpha": 3.0}, {"alpha": 1e-10}, {"alpha": 1e200}],
    "ELU": [{}, {"alpha": 0.3}, {"alpha": 1e-8}, {"alpha": 1e10}],
    "LaplaceCDF": [{}, {"loc": -1.5, "scale": 0.2}, {"loc": 1e3, "scale": 10.0}, {"loc": 0.1, "scale": 1e-6}],
    "ShiftedGompertzCDF": [{"concentration": 0.7, "rate": 1.2}, {"concentration": 1e5, "rate": 0.1},
                           {"concentration": 0.03, "rate": 3.0}, {"concentration": 2.0, "rate": 1e10}],
    "RationalQuadraticSpline": [
        {"bin_widths": [1.0, 2.0, 0.5], "bin_heights": [0.3, 1.0, 2.2], "knot_slopes": [0.7, 1.4]},
        {"bin_widths": [0.7, 0.7, 0.7], "bin_heights": [0.7, 0.7, 0.7], "knot_slopes": [1.0, 1.0], "range_min": 0.0},
        {"bin_widths": [1e-6, 1.0, 3.0], "bin_heights": [2.0, 1e-3, 1.0], "knot_slopes": [1e-4, 50.0],
         "range_min": 10.0},
        {"bin_widths": [2.0, 1e3], "bin_heights": [1e3, 1.0], "knot_slopes": [1e-8], "range_min": -1e3}],
    "PCHIP": [
        {"bin_widths": [1.0, 2.0, 0.5], "bin_heights": [0.3, 1.0, 2.2]},
        {"bin_widths": [2.0], "bin_heights": [3.0], "range_min": -1.0},
        {"bin_widths": [1e-6, 1.0, 3.0], "bin_heights": [2.0, 1e-3, 1.0], "range_min": 10.0},
        {"bin_widths": [1.0, 1.0, 1.0], "bin_heights": [1.0, 1e-6, 1.0]}],
}  # fmt: skip
# Bits to start with where fewer than usual do. erfc keeps its relative accuracy, and the definition holds nothing that
# cancels: few bits do, and it is slow.
START = {"NormalCDF": 500, "NormalSurvival": 500, "MixtureCDF": 500}

# Sums that are inverted numerically: terms below this are rounded to subnormal doubles, and so is the sum.
SMALLEST_OUTPUT = {
    "MixtureCDF": 2.0**-1022,
    "LogisticMixtureCDF": 2.0**-1022,
    "BernsteinPolynomial": 2.0**-1010,
    "ShiftedGompertzCDF": 2.0**-1010,
}

_LARGE_WEIGHTS = "log(1e200) and the logarithm of the sum of the weights cancel: 73 ulp, where 4 are the aim"
_FACTOR_OVERFLOWS = "one factor overflows before the product does, within a thousandth of the largest double"
_ROUNDED_X = "the log-det is taken at x rounded to a double, between which it changes by more than its condition number"

# What is known to fail, at or near the ends of the range of doubles; see docs/architecture.md.
KNOWN_LIMITS: dict[tuple[str | int, ...], str] = {
    ("LogisticMixtureCDF", 3, "inverse_log_det"): f"{_ROUNDED_X}; {_LARGE_WEIGHTS}",
    ("MixtureCDF", 3, "inverse_log_det"): f"{_ROUNDED_X}; {_LARGE_WEIGHTS}",
    ("MixtureCDF", 1, "inverse_log_det"): _ROUNDED_X,
    ("MixtureCDF", 2, "inverse_log_det"): _ROUNDED_X,
    ("BernsteinPolynomial", 2, "inverse_log_det"): _ROUNDED_X,
    ("TukeyGH", 2, "inverse"): _FACTOR_OVERFLOWS,
    ("TukeyGH", 2, "inverse_log_det"): _FACTOR_OVERFLOWS,
    ("TukeyGH", 4, "inverse"): _FACTOR_OVERFLOWS,
    ("TukeyGH", 3, "inverse_log_det"): f"{_ROUNDED_X}: 4.7 ulp",
    ("TukeyGH", 4, "inverse_log_det"): f"{_ROUNDED_X}: 8.6 ulp; {_FACTOR_OVERFLOWS}",
    ("YeoJohnson", 6, "forward"): "2 - lmbda is rounded, and is an exponent: 17 ulp",
    ("YeoJohnson", 6, "inverse"): "2 - lmbda is rounded, and is an exponent: 10 ulp",
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


def _exp(u: mpf) -> mpf:
    """exp, which mpmath computes for ever where its argument has thousands of digits before the point."""
    return mpmath.exp(u) if abs(u) < mpf(10) ** 60 else mpf(0) if u < 0 else mpf("inf")


# The limits at a value of a parameter at which the formula as written is 0/0: the truth there.
LIMITS: dict[str, tuple[tuple[str, float, str], ...]] = {
    "PowerTransform": (("power", 0.0, "exp(x)"),),
    "BoxCox": (("lmbda", 0.0, "log(x)"),),
    "GeneralizedExtremeValueCDF": (("concentration", 0.0, "exp(-exp(-(x - loc)/scale))"),),
    "GeneralizedPareto": (("concentration", 0.0, "1 - exp(-(x - loc)/scale)"),),
    "TukeyGH": (("g", 0.0, "x*exp(h*x**2/2)"),),
    "YeoJohnson": (
        ("lmbda", 0.0, "where(x >= 0, log(1 + x), -((1 - x)**2 - 1)/2)"),
        ("lmbda", 2.0, "where(x >= 0, ((1 + x)**2 - 1)/2, -log(1 - x))"),
    ),
}


def _gev(x: mpf, loc: mpf, scale: mpf, concentration: mpf) -> mpf:
    z = (x - loc) / scale
    if concentration == 0:
        return _exp(-_exp(-z))
    t = 1 + concentration * z
    return _exp(-(t ** (-1 / concentration))) if t > 0 else mpf("nan")


def _gpd(x: mpf, loc: mpf, scale: mpf, concentration: mpf) -> mpf:
    z = (x - loc) / scale
    if concentration == 0:
        return 1 - _exp(-z)
    t = 1 + concentration * z
    return 1 - t ** (-1 / concentration) if t > 0 else mpf("nan")


def _softclip(x: mpf, low: mpf, high: mpf, hinge_softness: mpf) -> mpf:
    def s(u: mpf) -> mpf:
        return hinge_softness * mpmath.log(1 + mpmath.exp(u / hinge_softness))

    return high - (high - low) * s(high - low - s(x - low)) / s(high - low)


def _mixture(cdf: Callable[[mpf], mpf], weights: Sequence[mpf], *shapes: Sequence[mpf]) -> mpf:
    """The weighted mean of the components' distribution functions."""
    return sum(w * cdf(*shape) for w, *shape in zip(weights, *shapes, strict=True)) / sum(weights)


def _bernstein(x: mpf, weights: Sequence[mpf]) -> mpf:
    """The order statistics' distribution functions are regularised incomplete beta functions."""
    n = len(weights)
    terms = [mpmath.betainc(j, n - j + 1, 0, x, regularized=True) for j in range(1, n + 1)]
    return sum(w * t for w, t in zip(weights, terms, strict=True)) / sum(weights)


def _yeo_johnson(x: mpf, lmbda: mpf) -> mpf:
    """Yeo & Johnson (2000), equation (2.1): four cases."""
    if x >= 0:
        return mpmath.log(x + 1) if lmbda == 0 else ((x + 1) ** lmbda - 1) / lmbda
    return -mpmath.log(1 - x) if lmbda == 2 else -((1 - x) ** (2 - lmbda) - 1) / (2 - lmbda)


def _lambert_tail(x: mpf, shift: mpf, scale: mpf, tailweight: mpf) -> mpf:
    """Goerg (2015), equation (1), of the standardised input."""
    u = (x - shift) / scale
    return u * mpmath.exp(tailweight / 2 * u**2) * scale + shift


def _laplace(x: mpf, loc: mpf, scale: mpf) -> mpf:
    return mpf(1) / 2 + mpmath.sign(x - loc) / 2 * (1 - _exp(-abs(x - loc) / scale))


def _knots(start: mpf, steps: Sequence[mpf]) -> list[mpf]:
    return [start + sum(steps[:k]) for k in range(len(steps) + 1)]


def _bin_of(x: mpf, knots: Sequence[mpf]) -> int:
    return min(max(sum(k <= x for k in knots) - 1, 0), len(knots) - 2)


def _rational_quadratic(
    x: mpf, bin_widths: Sequence[mpf], bin_heights: Sequence[mpf], knot_slopes: Sequence[mpf], range_min: mpf
) -> mpf:
    """Durkan et al. (2019), equation (4), with straight lines of slope 1 beyond the knots."""
    xs, ys = _knots(range_min, bin_widths), _knots(range_min, bin_heights)
    if not xs[0] <= x <= xs[-1]:
        return x - xs[0] + ys[0] if x < xs[0] else x - xs[-1] + ys[-1]
    d = [mpf(1), *knot_slopes, mpf(1)]
    k = _bin_of(x, xs)
    s = (ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k])
    xi = (x - xs[k]) / (xs[k + 1] - xs[k])
    top = (ys[k + 1] - ys[k]) * (s * xi**2 + d[k] * xi * (1 - xi))
    return ys[k] + top / (s + (d[k + 1] + d[k] - 2 * s) * xi * (1 - xi))


def _pchip(x: mpf, bin_widths: Sequence[mpf], bin_heights: Sequence[mpf], range_min: mpf) -> mpf:
    """The slopes of scipy's PchipInterpolator, and the cubic through two points with slopes there by its four
    conditions (de Boor 1978, chapter IV)."""
    xs, ys = _knots(range_min, bin_widths), _knots(range_min, bin_heights)
    h = [right - left for left, right in itertools.pairwise(xs)]
    m = [(top - bottom) / w for bottom, top, w in zip(ys, ys[1:], h, strict=False)]

    def end(h0: mpf, h1: mpf, m0: mpf, m1: mpf) -> mpf:
        d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
        return max(d, mpf(0))  # of data that rise the other guard of scipy, for secants of both signs, is idle

    if len(h) == 1:
        slopes = [m[0], m[0]]
    else:
        inner = []
        for k in range(1, len(h)):
            w1, w2 = 2 * h[k] + h[k - 1], h[k] + 2 * h[k - 1]
            inner.append(1 / ((w1 / m[k - 1] + w2 / m[k]) / (w1 + w2)))
        slopes = [end(h[0], h[1], m[0], m[1]), *inner, end(h[-1], h[-2], m[-1], m[-2])]
    k = _bin_of(x, xs)
    t = x - xs[k]
    c2 = (3 * m[k] - 2 * slopes[k] - slopes[k + 1]) / h[k]
    c3 = (slopes[k] + slopes[k + 1] - 2 * m[k]) / h[k] ** 2
    return ys[k] + slopes[k] * t + c2 * t**2 + c3 * t**3


DEFINITIONS = {
    "TukeyGH": lambda x, g, h: (x if g == 0 else (mpmath.exp(g * x) - 1) / g) * mpmath.exp(h * x**2 / 2),
    "LambertWTail": _lambert_tail,
    "LambertWSkew": lambda x, skewness: x * mpmath.exp(skewness * x),
    "TanhShift": lambda x, k: x + k * mpmath.tanh(x),
    "SymmetricLog": lambda x: mpmath.log(1 + x) if x >= 0 else -mpmath.log(1 - x),
    "YeoJohnson": _yeo_johnson,
    "LeakyReLU": lambda x, alpha: max(x, 0) + alpha * min(x, 0),
    "ELU": lambda x, alpha: x if x > 0 else alpha * (mpmath.exp(x) - 1),
    "LaplaceCDF": _laplace,
    "ShiftedGompertzCDF": lambda x, concentration, rate: (1 - _exp(-rate * x)) * _exp(-_exp(-rate * x) / concentration),
    "RationalQuadraticSpline": _rational_quadratic,
    "PCHIP": _pchip,
    "Expm1": lambda x: _exp(x) - 1,
    "Log": lambda x: mpmath.log(x),
    "Log1p": lambda x: mpmath.log(1 + x),
    "Reciprocal": lambda x: 1 / x,
    "Square": lambda x: x * x,
    "Power": lambda x, power: _exp(power * mpmath.log(x)),
    "PowerTransform": lambda x, power: _exp(x if power == 0 else mpmath.log(1 + power * x) / power),
    "BoxCox": lambda x, lmbda: mpmath.log(x) if lmbda == 0 else (x**lmbda - 1) / lmbda,
    "WeibullCDF": lambda x, scale, concentration: 1 - _exp(-((x / scale) ** concentration)),
    "FrechetCDF": lambda x, loc, scale, concentration: _exp(-(((x - loc) / scale) ** -concentration)),
    "RayleighCDF": lambda x, scale: 1 - _exp(-((x / scale) ** 2) / 2),
    "GompertzCDF": lambda x, concentration, rate: 1 - _exp(-concentration * (_exp(rate * x) - 1)),
    "KumaraswamyCDF": lambda x, concentration1, concentration0: 1 - (1 - x**concentration1) ** concentration0,
    "GeneralizedExtremeValueCDF": _gev,
    "GeneralizedPareto": _gpd,
    "LogLogisticCDF": lambda x, scale, concentration: 1 / (1 + (scale / x) ** concentration),
    "ParetoCDF": lambda x, scale, concentration: 1 - (scale / x) ** concentration,
    "Identity": lambda x: x,
    "Shift": lambda x, shift: x + shift,
    "Scale": lambda x, scale: scale * x,
    "Exp": lambda x: _exp(x),
    "Sigmoid": lambda x, low, high: low + (high - low) / (1 + _exp(-x)),
    "Softplus": lambda x, hinge_softness, low: low + hinge_softness * mpmath.log(1 + _exp(x / hinge_softness)),
    "Tanh": lambda x: mpmath.tanh(x),
    "Softfloor": _softfloor,
    "GumbelCDF": lambda x, loc, scale: _exp(-_exp(-(x - loc) / scale)),
    "NormalCDF": lambda x, loc, scale: mpmath.ncdf(x, loc, scale),
    "LogisticCDF": lambda x, loc, scale: 1 / (1 + _exp(-(x - loc) / scale)),
    "UniformCDF": lambda x, low, high: (x - low) / (high - low),
    "Cubic": lambda x, a, b: (a * x + b) ** 3,
    "NormalSurvival": lambda x, loc, scale: mpmath.ncdf(loc, x, scale),
    "LogisticSurvival": lambda x, loc, scale: 1 / (1 + _exp((x - loc) / scale)),
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
    "MixtureCDF": lambda x, weights, locs, scales: _mixture(lambda m, s: mpmath.ncdf(x, m, s), weights, locs, scales),
    "LogisticMixtureCDF": lambda x, weights, locs, scales: _mixture(
        lambda m, s: 1 / (1 + mpmath.exp(-(x - m) / s)), weights, locs, scales
    ),
    "BernsteinPolynomial": _bernstein,
}
