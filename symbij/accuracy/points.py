"""Where to measure: doubles of an interval at every scale, close to its ends, and where a map does something."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import mpmath
import numpy as np
from mpmath import mpf

from symbij.accuracy.doubles import from_ordinal, ordinal, rounded

# Sizes of arguments at which elementary functions overflow, saturate or change over, and sizes in between.
TAILS = [5e-324, 1e-310, 1e-300, 1e-100, 1e-20, 1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.5, 2.5, 4.0, 6.0, 9.0, 15.0, 20.0,
         30.0, 36.0, 37.5, 40.0, 100.0, 300.0, 700.0, 709.0, 740.0, 1e3, 1e5, 1e10, 1e17, 1e100, 1e200, 1e300,
         1.7e308]  # fmt: skip


def uniform_ordinals(lo: mpf, hi: mpf, count: int, seed: int | np.random.Generator) -> list[float]:
    """Doubles of the open interval, uniform over all the doubles in it."""
    rng = np.random.default_rng(seed)
    first, last = (ordinal(max(-1.7e308, min(1.7e308, rounded(e)))) for e in (lo, hi))
    return [from_ordinal(first + int((last - first) * u)) for u in rng.uniform(0, 1, count)]


def inside(points: Iterable[float], lo: mpf, hi: mpf) -> list[float]:
    """Those of the `points` that lie in the open interval, each once, in order."""
    return sorted({float(p) for p in points if math.isfinite(p) and lo < mpf(p) < hi})


def near_ends(lo: mpf, hi: mpf, dense: bool) -> list[float]:
    """Points at every scale of distance from finite ends, and the first doubles inside them."""
    points: list[float] = []
    width = _width(lo, hi)
    for end, sign in _finite_ends(lo, hi):
        points += [
            rounded(end + sign * width * mpf(10) ** -k)
            for k in (range(0, 320, 7) if dense else (1, 2, 4, 8, 12, 16, 50, 300))
        ]
        points += _first_doubles(end, sign, 3)
    return points


def spread(
    lo: mpf, hi: mpf, count: int, middles: Sequence[tuple[float, float]], rng: np.random.Generator
) -> list[float]:
    """`count` doubles of (lo, hi): over all ordinals, close to finite ends, of special sizes, and around `middles`.

    `middles` are pairs (center, width), around which the map is expected to do something. Fewer come back only where
    the interval holds fewer doubles.
    """
    quarter = -(-count // 4)
    ends = _finite_ends(lo, hi)
    points = [0.0]
    for end, sign in ends:
        points += _first_doubles(end, sign, 3)
        exponents = [*rng.uniform(0, 17, quarter // 2), *rng.uniform(17, 320, max(1, quarter // 4))]
        points += [rounded(end + sign * _width(lo, hi) * mpf(10) ** -mpf(k)) for k in exponents]
    sizes = rng.choice(TAILS, quarter if not ends else quarter // 2, replace=False)
    points += [float(s * sign) for s, sign in zip(sizes, rng.choice([-1.0, 1.0], len(sizes)), strict=True)]
    if len(ends) == 2:
        points += [rounded(lo + (hi - lo) * mpf(float(u))) for u in rng.uniform(0, 1, quarter)]
    for k in rng.integers(0, len(middles), quarter):
        center, width = middles[k]
        points.append(float(center + width * rng.normal(0, 3)))
    special = inside(points, lo, hi)
    most = 3 * count // 4
    if len(special) > most:
        special = [special[i] for i in sorted(rng.choice(len(special), most, replace=False))]
    return filled([0.0, *special], lo, hi, count, rng)


def filled(points: Iterable[float], lo: mpf, hi: mpf, count: int, rng: np.random.Generator) -> list[float]:
    """The `points` inside (lo, hi) in order, with others, uniform over ordinals, that make them `count`."""
    found = set(inside(points, lo, hi))
    for _ in range(20):
        missing = count - len(found)
        if missing <= 0:
            break
        found |= set(inside(uniform_ordinals(lo, hi, missing, rng), lo, hi))
    return sorted(found)


def images(points: Sequence[float], value: Callable[[mpf], mpf], precision: int) -> list[float]:
    """The rounded values of a map at `points`; those that cannot be computed are left out."""
    found = []
    for p in points:
        with mpmath.workprec(precision):
            try:
                found.append(rounded(value(mpf(p))))
            except (ArithmeticError, ValueError, TypeError):
                continue
    return found


def middles_of(parameters: Iterable[float]) -> list[tuple[float, float]]:
    """Places and widths at which a formula of these parameters is likely to do something.

    A parameter may be a place, a width, or the reciprocal of one; the quotient of two may be a place.
    """
    sizes = [p for p in parameters if math.isfinite(p)]
    centers = dict.fromkeys([0.0, *sizes])
    for a in sizes:
        centers |= dict.fromkeys(-b / a for b in sizes if b != a and a)
    widths = dict.fromkeys([1.0, *map(abs, sizes), *(1 / abs(p) for p in sizes if p)])
    return [(c, w) for c in centers for w in widths if math.isfinite(c) and 0 < w < math.inf]


def _width(lo: mpf, hi: mpf) -> mpf:
    return mpf(1) if mpmath.isinf(lo) or mpmath.isinf(hi) else hi - lo


def _finite_ends(lo: mpf, hi: mpf) -> list[tuple[mpf, int]]:
    """The finite ends, each with the direction that leads inside."""
    return [(end, sign) for end, sign in ((lo, 1), (hi, -1)) if not mpmath.isinf(end)]


def _first_doubles(end: mpf, sign: int, count: int) -> list[float]:
    points = [rounded(end)]
    while len(points) < count:
        points.append(math.nextafter(points[-1], sign * math.inf))
    return points
