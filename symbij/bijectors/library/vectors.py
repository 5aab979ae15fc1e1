"""Maps with vector parameters: distribution functions of mixtures, polynomials in Bernstein form."""

from __future__ import annotations

import math

from symbij.bijectors.library.declare import declared_vector
from symbij.formula.constraints import positive, real, vector

MixtureCDF = declared_vector(
    "MixtureCDF",
    "sum(weights*ndtr((x - locs)/scales))/sum(weights)",
    "The distribution function of a mixture of normal laws, ℝ → (0, 1). The weights need not add up to 1.",
    weights=vector(positive),
    locs=vector(),
    scales=vector(positive),
)
LogisticMixtureCDF = declared_vector(
    "LogisticMixtureCDF",
    "sum(weights*sigmoid((x - locs)/scales))/sum(weights)",
    "The distribution function of a mixture of logistic laws, ℝ → (0, 1) (Ho et al. 2019, Flow++). The weights "
    "need not add up to 1.",
    weights=vector(positive),
    locs=vector(),
    scales=vector(positive),
)


def _bernstein(n: int) -> str:
    """Term k has all the weights up to the k-th as its factor: these sums are the Bernstein coefficients, which rise
    from 0 to the sum of all weights."""
    names = [f"weights_{k}" for k in range(n)]
    terms = [f"{math.comb(n, k)}*x**{k}*(1 - x)**{n - k}*({' + '.join(names[:k])})" for k in range(1, n + 1)]
    return f"({' + '.join(terms)})/({' + '.join(names)})"


BernsteinPolynomial = declared_vector(
    "BernsteinPolynomial",
    _bernstein,
    "A polynomial of degree n, increasing from [0, 1] onto [0, 1] (Ramasinghe et al. 2021); term j is the distribution "
    "function of the j-th smallest of n draws from the uniform law. Proved for degrees up to 12.",
    text="sum over j = 1..n of weights_j * I_j(x), divided by the sum of the weights, where I_j(x) = "
    "sum over k = j..n of binomial(n, k) x^k (1 - x)^(n - k)",
    domain=(0, 1),
    weights=vector(positive),
)
RationalQuadraticSpline = declared_vector(
    "RationalQuadraticSpline",
    "rational_quadratic_spline(x, bin_widths, bin_heights, knot_slopes, range_min)",
    "Rational quadratic between knots at range_min + cumsum(bin_widths), with slopes `knot_slopes` at the inner ones, "
    "of slope 1 beyond, ℝ → ℝ (Gregory & Delbourgo 1982; Durkan et al. 2019); TensorFlow Probability's.",
    bin_widths=vector(positive),
    bin_heights=vector(positive),
    knot_slopes=vector(positive, offset=-1),
    range_min=(real, -1.0),
)
PCHIP = declared_vector(
    "PCHIP",
    "pchip(x, bin_widths, bin_heights, range_min)",
    "The monotone cubic interpolant of the points (range_min + cumsum(bin_widths), range_min + cumsum(bin_heights)) "
    "between the first and the last of them (Fritsch & Butland 1984; scipy.interpolate.PchipInterpolator).",
    bin_widths=vector(positive),
    bin_heights=vector(positive),
    range_min=(real, 0.0),
)
