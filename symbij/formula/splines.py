"""Spline symbols: one formula for all bins, which the place of x chooses.

A spline of K bins has knots x0 < ... < xK, values y0 < ... < yK there and slopes d0, ..., dK. In a bin of width w and
height h the variable is t = (x - x_k)/w, from 0 to 1, and y = y_k + h*g(t), where g depends on the slopes at the two
ends in units of h/w: a = d_k*w/h and b = d_(k+1)*w/h.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import ClassVar

import sympy as sp

from symbij.formula.functions import SymbijFunction

T, A, B = sp.Symbol("t", real=True), sp.Symbol("a", positive=True), sp.Symbol("b", positive=True)


class Spline(SymbijFunction):
    """The value at x of the spline through all its knots, values and slopes: `cls(x, *knots, *values, *slopes)`."""

    bin_formula: ClassVar[sp.Expr]  # g(t) with the parameters a and b
    bin_bounds: ClassVar[tuple[float, float]]  # for which a and b it is proved monotone
    tails: ClassVar[bool]  # whether it goes on beyond its knots, with slope 1
    nargs = None

    @classmethod
    def eval(cls, *args: sp.Expr) -> None:
        return None

    @property
    def bins(self) -> int:
        return (len(self.args) - 4) // 3

    def _part(self, which: int) -> tuple[sp.Expr, ...]:
        size = self.bins + 1
        return self.args[1 + which * size : 1 + (which + 1) * size]

    @property
    def knots(self) -> tuple[sp.Expr, ...]:
        return self._part(0)

    @property
    def heights(self) -> tuple[sp.Expr, ...]:
        """The values at the knots."""
        return self._part(1)

    def shapes(self) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        """The parameters (a, b) of every bin."""
        x, y, d = self.knots, self.heights, self._part(2)
        shapes = []
        for k in range(self.bins):
            flat = sp.expand(x[k + 1] - x[k]) / sp.expand(y[k + 1] - y[k])
            a, b = (sp.Max(*(e * flat for e in slope.args)) if isinstance(slope, sp.Max) else slope * flat
                    for slope in (d[k], d[k + 1]))  # fmt: skip
            shapes.append((a, b))
        return tuple(shapes)

    @staticmethod
    def definition(*args: sp.Expr) -> sp.Expr:
        raise NotImplementedError  # by the classes below, which know their formula

    @classmethod
    def _defined(cls, *args: sp.Expr) -> sp.Expr:
        spline, u = cls(*args), args[0]
        x, y, shapes = spline.knots, spline.heights, spline.shapes()
        pieces: list[tuple[sp.Expr, sp.Basic]] = []
        if cls.tails:
            pieces.append((u - x[0] + y[0], sp.Lt(u, x[0])))
        for k, (a, b) in enumerate(shapes):
            t = (u - x[k]) / (x[k + 1] - x[k])
            g = cls.bin_formula.subs({T: t, A: a, B: b}, simultaneous=True)
            last = k == spline.bins - 1
            pieces.append((y[k] + (y[k + 1] - y[k]) * g, sp.Le(u, x[-1]) if last else sp.Lt(u, x[k + 1])))
        pieces.append((u - x[-1] + y[-1] if cls.tails else sp.nan, sp.true))
        return sp.Piecewise(*pieces)


class rational_quadratic_spline(Spline):
    """Monotone rational quadratic interpolation (Gregory & Delbourgo 1982; Durkan et al. 2019)."""

    bin_formula = T * (T + A * (1 - T)) / (T**2 + (A + B) * T * (1 - T) + (1 - T) ** 2)
    bin_bounds = (0.0, float("inf"))
    tails = True


class cubic_spline(Spline):
    """Cubic Hermite interpolation, monotone for slopes of up to three times the secants (Fritsch & Carlson 1980)."""

    bin_formula = T**2 * (3 - 2 * T) + A * T * (1 - T) ** 2 - B * T**2 * (1 - T)
    bin_bounds = (0.0, 3.0)
    tails = False


for _cls in (rational_quadratic_spline, cubic_spline):
    _cls.definition = staticmethod(_cls._defined)  # type: ignore[method-assign]


def _knots(start: sp.Expr, steps: Sequence[sp.Expr]) -> list[sp.Expr]:
    return list(itertools.accumulate(steps, initial=start))


def with_slopes(
    x: sp.Expr, widths: Sequence[sp.Expr], heights: Sequence[sp.Expr], slopes: Sequence[sp.Expr], start: sp.Expr
) -> sp.Expr:
    """The rational quadratic spline from (start, start) on, with the slopes at the inner knots; 1 at the outer ones."""
    one = sp.Integer(1)
    return rational_quadratic_spline(x, *_knots(start, widths), *_knots(start, heights), one, *slopes, one)


def through_points(x: sp.Expr, widths: Sequence[sp.Expr], heights: Sequence[sp.Expr], start: sp.Expr) -> sp.Expr:
    """The cubic spline (PCHIP) from (start, start) on. Each slope is the weighted harmonic mean of the secants beside
    it (Fritsch & Butland 1984), at the ends a one-sided difference of three points, or 0 if that is negative."""
    secants = [h / w for w, h in zip(widths, heights, strict=True)]
    if len(widths) == 1:
        slopes = [secants[0], secants[0]]
    else:
        inner = []
        for k in range(1, len(widths)):
            before, after = 2 * widths[k] + widths[k - 1], widths[k] + 2 * widths[k - 1]
            inner.append((before + after) / (before / secants[k - 1] + after / secants[k]))
        ends = []
        for near, next_one in ((0, 1), (-1, -2)):
            w, other = widths[near], widths[next_one]
            ends.append(sp.Max(0, ((2 * w + other) * secants[near] - w * secants[next_one]) / (w + other)))
        slopes = [ends[0], *inner, ends[1]]
    return cubic_spline(x, *_knots(start, widths), *_knots(start, heights), *slopes)


# What users call, with the kind of each argument: (word, numbers of components relative to the first vector).
SPLINE_WORDS: dict[str, tuple[Callable[..., sp.Expr], tuple[int | None, ...]]] = {
    "rational_quadratic_spline": (with_slopes, (None, 0, 0, -1, None)),
    "pchip": (through_points, (None, 0, 0, None)),
}
