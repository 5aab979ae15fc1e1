"""Of the normal distribution: Mills' ratio and the inverse of the tail as quotients of polynomials; erf by itself.

A quotient is found in two steps. Weighted least squares of f(x) D(x) - N(x), repeated with the weights that the last D
and the last errors give (Sanathanan and Koerner 1963; Lawson 1961), comes near to the best N and D. D is then rounded
to doubles, and N is fitted to f D by Remez's exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit

POINTS = 110
ROUNDS = 12
MILLS_SLOPE = mpf("2.25")
NDTRI_POLE, NDTRI_LEVEL, ERFINV_LEVEL = mpf("0.3125"), mpf("1.4375"), mpf("1.015625")
SHIFT = mpf("0.6875")  # under the square root in the inverse: a little below ln 2


def _tail(u: mpf) -> mpf:
    return mpmath.erfc(u / mpmath.sqrt(2)) / 2


def _mills(u: mpf) -> mpf:
    """exp(u^2/2) Phi(-u)."""
    return mpmath.exp(u * u / 2) * _tail(u)


def _excess(u: mpf) -> mpf:
    """(2 + MILLS_SLOPE u) times Mills' ratio is 1 + u times this."""
    return ((2 + MILLS_SLOPE * u) * _mills(u) - 1) / u


def _excess_sensitivity(u: mpf) -> mpf:
    """Of Mills' ratio, relative to its value."""
    return u / ((2 + MILLS_SLOPE * u) * _mills(u))


@cache
def _slope(r: mpf) -> mpf:
    """x/w with Phi(-x) = exp(-w)/2 and r = sqrt(w + SHIFT), by Newton's method on the concave log Phi(-x)."""
    w = r * r - SHIFT
    if w < mpf("1e-20"):
        return mpmath.sqrt(mpmath.pi / 2)
    x = mpmath.sqrt(2 * w)
    for _ in range(60):
        tail = _tail(x)
        step = (mpmath.log(2 * tail) + w) * tail / mpmath.npdf(x)
        x += step
        if abs(step) < abs(x) * mpf("1e-28"):
            break
    return x / w


def _level(r: mpf) -> mpf:
    """(r + NDTRI_POLE) x/w, which changes little."""
    return _slope(r) * (r + NDTRI_POLE)


def _log_erfc(x: mpf) -> mpf:
    return mpmath.log(mpmath.erfc(x))


def _quotient(
    name: str,
    function: Callable[[mpf], mpf],
    weight: Callable[[mpf], mpf],
    range_: tuple[mpf, mpf],
    centre: float,
    degrees: tuple[int, int],
) -> list[Fit]:
    """The fits of numerator and denominator; points are spread as suits a function of (x - centre)/(x + centre)."""
    lo, hi = range_
    with mpmath.workdps(110):
        a, b = (lo - centre) / (lo + centre), (hi - centre) / (hi + centre)
        moved = [(a + b) / 2 + (b - a) / 2 * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * POINTS)) for i in range(POINTS)]
        points = [centre * (1 + t) / (1 - t) for t in moved]
        with mpmath.workdps(60):
            values, weights = [function(x) for x in points], [weight(x) for x in points]
        exact = _denominator(points, values, weights, *degrees)
    rounded = tuple(float(c) for c in exact)

    def below(x: mpf) -> mpf:
        return mpmath.polyval(rounded[::-1], x)

    ends = mpmath.nstr(lo, 16), mpmath.nstr(hi, 16)
    return [
        Fit(f"{name}_ABOVE", lambda x: function(x) * below(x), *ends, degrees[0], lambda x: weight(x) / below(x)),
        Fit(
            f"{name}_BELOW",
            lambda x: mpmath.polyval(exact[::-1], x),
            *ends,
            degrees[1],
            lambda x: 1 / below(x),
            rounded,
        ),
    ]


def _denominator(points: list[mpf], values: list[mpf], weights: list[mpf], above: int, below: int) -> list[mpf]:
    """Coefficients of the best denominator found; the first is 1."""
    last, lawson = [mpf(1)] * len(points), [mpf(1)] * len(points)
    best, least = [mpf(1)], mpf("inf")
    for turn in range(ROUNDS):
        rows, right = [], []
        for x, f, w, d, more in zip(points, values, weights, last, lawson, strict=True):
            scale = w / d * more
            powers = [scale * x**i for i in range(max(above, below) + 1)]
            rows.append(powers[: above + 1] + [-f * p for p in powers[1 : below + 1]])
            right.append(scale * f)
        solution = list(mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(right)))
        numerator, denominator = solution[: above + 1], [mpf(1), *solution[above + 1 :]]
        last = [mpmath.polyval(denominator[::-1], x) for x in points]
        errors = [
            abs(w * (f - mpmath.polyval(numerator[::-1], x) / d))
            for x, f, w, d in zip(points, values, weights, last, strict=True)
        ]
        if max(errors) < least:
            best, least = denominator, max(errors)
        if turn >= 3:
            lawson = [more * mpmath.sqrt(e / max(errors) + mpf("0.01")) for more, e in zip(lawson, errors, strict=True)]
    return best


def _inverse(name: str, largest: int, centre: float, degrees: tuple[int, int], factor: mpf | int = 1) -> list[Fit]:
    """x/w for w up to `largest`, times `factor`."""
    ends = (mpmath.sqrt(SHIFT), mpmath.sqrt(largest + SHIFT))
    return _quotient(name, lambda r: factor * _slope(r), lambda r: 1 / (factor * _slope(r)), ends, centre, degrees)


def _inverse_rest(
    name: str, largest: int, centre: float, degrees: tuple[int, int], level: mpf, factor: mpf | int = 1
) -> list[Fit]:
    """What (r + NDTRI_POLE) x/w, times `factor`, exceeds `level` by, for w up to `largest`."""
    ends = (mpmath.sqrt(SHIFT), mpmath.sqrt(largest + SHIFT))
    return _quotient(
        name, lambda r: factor * _level(r) - level, lambda r: 1 / (factor * _level(r)), ends, centre, degrees
    )


def _erf_ratio(z: mpf) -> mpf:
    x = mpmath.sqrt(z)
    return mpmath.erf(x) / x


def _erf_fits(suffix: str, small: int, large: int) -> list[Fit]:
    def sensitivity(x: mpf) -> mpf:
        """Of erf, relative to its value; a little more far out, so that the exponent stays negative there."""
        return mpmath.erfc(x) / mpmath.erf(x) + mpf(2) ** -62

    return [
        Fit(f"ERF{suffix}", lambda z: _erf_ratio(z) - 1, "0", "1.265625", small, lambda z: 1 / _erf_ratio(z)),
        Fit(f"LOG_ERFC{suffix}", _log_erfc, "1.125", "6", large, sensitivity),
    ]


with mpmath.workdps(60):
    HALF_ROOT = mpmath.sqrt(mpf(1) / 2)
    FITS = [
        *_quotient("MILLS", _excess, _excess_sensitivity, (mpf(0), mpf(39)), 4, (9, 10)),
        *_quotient("MILLS_SINGLE", _mills, lambda u: 1 / _mills(u), (mpf(0), mpf(39)), 3, (5, 6)),
        *_inverse_rest("NDTRI", 744, 2, (11, 11), NDTRI_LEVEL),
        *_inverse("NDTRI_SINGLE", 744, 2, (6, 6)),
        *_inverse_rest("ERFINV", 37, 1, (8, 9), ERFINV_LEVEL, HALF_ROOT),
        *_inverse("ERFINV_SINGLE", 37, 1, (5, 5), HALF_ROOT),
        *_erf_fits("", 12, 15),
        *_erf_fits("_SINGLE", 7, 6),
    ]
