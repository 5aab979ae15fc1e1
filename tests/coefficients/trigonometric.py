"""sin and tan of an angle counted in half and quarter turns, asin and atan as odd functions near zero.

sin(pi f) = f (3 - 4 z) + f p(z), z = f^2, up to a quarter turn to either side.

tan(pi f/2) = f (pi/2 + z a(z))/(1 + z b(z)), z = f^2, up to an eighth of a turn: a and b come from interpolation at
Chebyshev points, b is rounded, and a is then fitted to tan times the rounded denominator. The first coefficient of a
is rounded beforehand, so that the others make up for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
from mpmath import mpf

from tests.coefficients.remez import DIGITS, Fit

HIGHEST = "0.25"  # of z: f, and the argument of asin and atan, goes up to 1/2
Function = Callable[[mpf], mpf]


def _sine(z: mpf) -> mpf:
    """sin(pi f)/f."""
    f = mpmath.sqrt(z)
    return mpmath.sinpi(f) / f


def _tangent(z: mpf) -> mpf:
    """tan(pi f/2)/f."""
    f = mpmath.sqrt(z)
    return mpmath.tan(mpmath.pi * f / 2) / f


def _polynomial(coefficients: Sequence[float | mpf]) -> Function:
    return lambda z: mpmath.polyval([mpf(c) for c in reversed(coefficients)], z)


def _rounded(coefficients: Sequence[mpf]) -> tuple[float, ...]:
    return tuple(float(c) for c in coefficients)


def _interpolated(above: int, below: int) -> tuple[mpf, list[mpf]]:
    """The first coefficient of a, and all of the denominator, for `above` and `below` coefficients in a and b."""
    with mpmath.workdps(DIGITS):
        count, half = above + below, mpf(HIGHEST) / 2
        nodes = [half - half * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
        rows = [[z**j for j in range(1, above + 1)] + [-_tangent(z) * z**j for j in range(1, below + 1)] for z in nodes]
        right = [_tangent(z) - mpmath.pi / 2 for z in nodes]
        solution = list(mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(right)))
        return solution[0], [mpf(1), *solution[above:]]


FIRST, DENOMINATOR = _interpolated(3, 4)
_, DENOMINATOR_SINGLE = _interpolated(2, 2)


def _denominator(z: mpf) -> mpf:
    return _polynomial(_rounded(DENOMINATOR))(z)


def _numerator_single(z: mpf) -> mpf:
    return _tangent(z) * _polynomial(_rounded(DENOMINATOR_SINGLE))(z)


def _rest(function: Function) -> Function:
    """p with function(x) = x + x^3 p(x^2)."""

    def rest(z: mpf) -> mpf:
        x = mpmath.sqrt(z)
        return (function(x) - x) / x**3

    return rest


def _sensitivity(function: Function) -> Function:
    """Of function(x) to p, relative to its value."""

    def sensitivity(z: mpf) -> mpf:
        x = mpmath.sqrt(z)
        return x**3 / function(x)

    return sensitivity


def _known(name: str, coefficients: list[mpf]) -> Fit:
    """Coefficients of a denominator, which the numerator is fitted to as rounded: their error does not matter."""
    return Fit(name, _polynomial(coefficients), "0", HIGHEST, len(coefficients) - 1, fixed=_rounded(coefficients))


FITS = [
    Fit("SINE", lambda z: _sine(z) - 3 + 4 * z, "0", HIGHEST, 8, lambda z: 1 / _sine(z)),
    Fit("SINE_SINGLE", _sine, "0", HIGHEST, 5, lambda z: 1 / _sine(z)),
    Fit(
        "TANGENT",
        lambda z: (_tangent(z) * _denominator(z) - mpmath.pi / 2) / z,
        "0",
        HIGHEST,
        2,
        lambda z: z / (_tangent(z) * _denominator(z)),
        (float(FIRST),),
    ),
    _known("TANGENT_DENOMINATOR", DENOMINATOR),
    Fit("TANGENT_SINGLE", _numerator_single, "0", HIGHEST, 2, lambda z: 1 / _numerator_single(z)),
    _known("TANGENT_SINGLE_DENOMINATOR", DENOMINATOR_SINGLE),
    Fit("ARCSINE", _rest(mpmath.asin), "0", HIGHEST, 12, _sensitivity(mpmath.asin), (1 / 6,)),
    Fit("ARCSINE_SINGLE", _rest(mpmath.asin), "0", HIGHEST, 5, _sensitivity(mpmath.asin)),
    Fit("ARCTANGENT", _rest(mpmath.atan), "0", HIGHEST, 11, _sensitivity(mpmath.atan), (-1 / 3,)),
    Fit("ARCTANGENT_SINGLE", _rest(mpmath.atan), "0", HIGHEST, 5, _sensitivity(mpmath.atan)),
]
