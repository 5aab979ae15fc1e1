"""Polynomials for the cube root, Lambert's function, lgamma and digamma; see symbij/kernels/elementary/special.py."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
from mpmath import mpf

from tests.coefficients.remez import Fit

GUARD = 90  # digits where two nearly equal numbers are subtracted


def _inverse_cube_root(e: mpf) -> mpf:
    """The factor that corrects y with a y^3 = 1 - e."""
    return (1 - e) ** (-mpf(1) / 3)


def _branch(p: mpf) -> mpf:
    """Lambert's w with e u + 1 = p^2/2."""
    with mpmath.workdps(GUARD):
        return mpmath.re(mpmath.lambertw((p * p / 2 - 1) / mpmath.e))


def _near(p: mpf) -> mpf:
    return (_branch(p) + 1) / p


def _ratio(p: mpf) -> mpf:
    return mpmath.exp(-_branch(p))


def _ratio_weight(p: mpf) -> mpf:
    """The step that follows amplifies relative errors of w where 1 + w is small."""
    return max(1 / (1 + _branch(p)), mpf(1) / 2) / _ratio(p)


def _large(s: mpf) -> mpf:
    x = mpmath.exp(s)
    return mpmath.re(mpmath.lambertw(mpmath.exp(x))) - x + s


def _large_weight(s: mpf) -> mpf:
    """Relative error of w, of which the step that follows forgives more for large w."""
    w = mpmath.re(mpmath.lambertw(mpmath.exp(mpmath.exp(s))))
    return 1 / (w * (1 + w) ** mpf("0.25"))


def _log_quotient(f: mpf) -> mpf:
    return mpmath.log1p(f) / f


def _lgamma_quotient(t: mpf) -> mpf:
    return mpmath.loggamma(2 + t) / t


def _lgamma_tail(v: mpf) -> mpf:
    """u times what Stirling's formula lacks, for u^2 = 1/v."""
    with mpmath.workdps(GUARD):
        u = 1 / mpmath.sqrt(v)
        stirling = (u - mpf(1) / 2) * mpmath.log(u) - u + mpmath.log(2 * mpmath.pi) / 2
        return (mpmath.loggamma(u) - stirling) * u


def _lgamma_sensitivity(v: mpf) -> mpf:
    u = 1 / mpmath.sqrt(v)
    return 1 / (u * mpmath.loggamma(u))


def _sine(z: mpf) -> mpf:
    r = mpmath.sqrt(z)
    return mpmath.sinpi(r) / (mpmath.pi * r)


def _cotangent(z: mpf) -> mpf:
    r = mpmath.sqrt(z)
    return (1 - z) / (1 - 4 * z) * mpmath.pi * r * mpmath.cot(mpmath.pi * r)


with mpmath.workdps(GUARD):
    ROOT = mpmath.findroot(mpmath.digamma, mpf("1.4616321449683623"))
ROOT_HI = float(ROOT)


def _digamma_quotient(t: mpf) -> mpf:
    y = ROOT_HI + t
    return mpmath.digamma(y) * y * (y + 1) / (y - ROOT)


def _digamma_tail(v: mpf) -> mpf:
    with mpmath.workdps(GUARD):
        u = 1 / mpmath.sqrt(v)
        return (mpmath.digamma(u) - mpmath.log(u) + 1 / (2 * u)) / v


def _digamma_sensitivity(v: mpf) -> mpf:
    return v / mpmath.digamma(1 / mpmath.sqrt(v))


def _inverse(function: Callable[[mpf], mpf]) -> Callable[[mpf], mpf]:
    """The weight for the relative error of the function itself."""
    return lambda x: 1 / function(x)


E_SQUARED = "4.0972"  # p at u = e
LGAMMA_SPLIT, DIGAMMA_SPLIT = str(1 / 4.25**2), str(1 / 3.0**2)
_LGAMMA_ROOTS = (_lgamma_quotient, "-0.75", "0.25")
_LGAMMA_TAIL = (_lgamma_tail, "0", LGAMMA_SPLIT)
_DIGAMMA_ROOT = (_digamma_quotient, 1 - ROOT_HI, 3 - ROOT_HI)
_DIGAMMA_TAIL = (_digamma_tail, "0", DIGAMMA_SPLIT)

FITS = [
    Fit("INVERSE_CUBE_ROOT", _inverse_cube_root, "-0.1025", "0.1025", 6, _inverse(_inverse_cube_root), fixed=(1.0,)),
    Fit("LAMBERT_NEAR", _near, "0", "0.5", 14, lambda p: p / _branch(p)),
    Fit("LAMBERT_NEAR_SINGLE", _near, "0", "0.5", 7, lambda p: p / _branch(p)),
    Fit("LAMBERT_RATIO", _ratio, "0.5", E_SQUARED, 8, _ratio_weight),
    Fit("LAMBERT_LARGE", _large, "-0.0002", "6.566", 6, _large_weight),
    Fit("ROUGH_LOG", _log_quotient, "-0.2929", "0.41422", 4, lambda f: abs(f)),
    Fit("LGAMMA_ROOTS", *_LGAMMA_ROOTS, 20, _inverse(_lgamma_quotient)),
    Fit("LGAMMA_ROOTS_SINGLE", *_LGAMMA_ROOTS, 10, _inverse(_lgamma_quotient)),
    Fit("LGAMMA_TAIL", *_LGAMMA_TAIL, 7, _lgamma_sensitivity),
    Fit("LGAMMA_TAIL_SINGLE", *_LGAMMA_TAIL, 2, _lgamma_sensitivity),
    Fit("SINE", _sine, "0", "0.25", 8, _inverse(_sine), fixed=(1.0,)),
    Fit("SINE_SINGLE", _sine, "0", "0.25", 5, _inverse(_sine), fixed=(1.0,)),
    Fit("COTANGENT", _cotangent, "0", "0.25", 9, fixed=(1.0,)),
    Fit("COTANGENT_SINGLE", _cotangent, "0", "0.25", 5, fixed=(1.0,)),
    Fit("DIGAMMA_ROOT", *_DIGAMMA_ROOT, 19, _inverse(_digamma_quotient)),
    Fit("DIGAMMA_ROOT_SINGLE", *_DIGAMMA_ROOT, 10, _inverse(_digamma_quotient)),
    Fit("DIGAMMA_TAIL", *_DIGAMMA_TAIL, 10, _digamma_sensitivity),
    Fit("DIGAMMA_TAIL_SINGLE", *_DIGAMMA_TAIL, 4, _digamma_sensitivity),
]
