"""Best polynomial approximation in the largest weighted error: Remez's exchange on a grid of Chebyshev points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import mpmath
from mpmath import mpf

DIGITS = 50
POINTS_PER_COEFFICIENT = 40


def _one(_: mpf) -> mpf:
    return mpf(1)


@dataclass(frozen=True)
class Fit:
    """Coefficients c of weight(x) * (f(x) - sum of c[i] x^i) with the smallest maximum over [lo, hi].

    The first of them can be `fixed` beforehand (as exact doubles). `weight` is usually the sensitivity of the final
    result, so that the error printed is the relative error of that result.
    """

    name: str
    function: Callable[[mpf], mpf]
    lo: float | str
    hi: float | str
    degree: int
    weight: Callable[[mpf], mpf] = field(default=_one)
    fixed: tuple[float, ...] = ()


@dataclass(frozen=True)
class Table:
    """Numbers that are looked up."""

    name: str
    values: tuple[float, ...]
    remark: str


def fitted(fit: Fit) -> tuple[tuple[float, ...], float]:
    """The coefficients as doubles, and the largest weighted error of the polynomial with these rounded coefficients."""
    with mpmath.workdps(DIGITS):
        lo, hi = mpf(fit.lo), mpf(fit.hi)
        known = [mpf(c) for c in fit.fixed]
        free = range(len(known), fit.degree + 1)
        unknowns = len(free) + 1
        count = POINTS_PER_COEFFICIENT * unknowns
        # interior points: at the ends a function may be a limit
        grid = [(lo + hi) / 2 - (hi - lo) / 2 * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
        weights = [fit.weight(x) for x in grid]
        target = [(fit.function(x) - mpmath.polyval(known[::-1], x)) if known else fit.function(x) for x in grid]
        chosen = [(2 * i + 1) * count // (2 * unknowns) for i in range(unknowns)]
        solution: list[mpf] = []
        for _ in range(30):
            rows = [[grid[j] ** i for i in free] + [(-1) ** r / weights[j]] for r, j in enumerate(chosen)]
            solution = list(mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix([target[j] for j in chosen])))[:-1]
            shifted = ([mpf(0)] * len(known) + solution)[::-1]
            errors = [w * (t - mpmath.polyval(shifted, x)) for w, t, x in zip(weights, target, grid, strict=True)]
            extremes = _alternating(errors, unknowns)
            if extremes is None or extremes == chosen:
                break
            chosen = extremes
        result = tuple(fit.fixed) + tuple(float(c) for c in solution)
        exact = [mpf(c) for c in reversed(result)]
        true = [t + (mpmath.polyval(known[::-1], x) if known else 0) for t, x in zip(target, grid, strict=True)]
        worst = max(abs(w * (t - mpmath.polyval(exact, x))) for w, t, x in zip(weights, true, grid, strict=True))
        return result, float(worst)


def _alternating(errors: list[mpf], wanted: int) -> list[int] | None:
    """Places of the largest errors of alternating sign, `wanted` of them; None if there are not so many."""
    places: list[int] = []
    for j, e in enumerate(errors):
        if places and (e > 0) == (errors[places[-1]] > 0):
            if abs(e) > abs(errors[places[-1]]):
                places[-1] = j
        else:
            places.append(j)
    while len(places) > wanted:
        if len(places) == wanted + 1:  # one too many: an end goes, so that signs still alternate
            places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
        else:  # the smallest goes, with its smaller neighbour
            k = min(range(len(places)), key=lambda i: abs(errors[places[i]]))
            if k in (0, len(places) - 1):
                places.pop(k)
            else:
                other = k - 1 if abs(errors[places[k - 1]]) < abs(errors[places[k + 1]]) else k + 1
                for i in sorted((k, other), reverse=True):
                    places.pop(i)
    return places if len(places) == wanted else None
