"""What is wrong with a log-det that is written as an expression, in one of two directions: one plain line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp

from symbij.accuracy.definition import plain
from symbij.audit.claims import Point, digits_of, slope_of
from symbij.audit.explain_formula import Truth, explanations, values_at
from symbij.audit.explain_formula import is_close as close
from symbij.audit.stan_compare import START_BITS, Comparison
from symbij.audit.stan_said import Said
from symbij.audit.traced import X
from symbij.calculus.derivation import Derivation


@dataclass(frozen=True)
class Explanation:
    """One line, and the direction that it is about: empty for none in particular."""

    text: str
    direction: str = ""


def explain(said: Said, derivation: Derivation | None, found: Comparison, wanted: Sequence[str]) -> Explanation:
    """What is wrong with the jacobian, said to be a log-det in one of the `wanted` directions.

    It is that of `explain_formula`, which comes first in the order of trial, of whichever direction.
    """
    for other in ("forward", "inverse"):
        if other not in wanted and found.mismatch[other] is None:
            return Explanation(f"is {said.meaning(other)}: the sign is that of the other direction")
    told = []
    with mpmath.workprec(START_BITS):
        for direction in wanted:
            points = _points(said, found, direction)
            text = _of_other_variable(said, points, direction)
            if text:
                return Explanation(text, direction)
            first = next(explanations(said.claim(direction), points, _truth(said, derivation, direction), False,
                                      said.words(direction)), None)  # fmt: skip
            told += [(*first, direction)] if first else []
    if not told:
        return Explanation("is another function")
    _, text, direction = min(told, key=lambda t: t[0])
    return Explanation(text, direction)


def _points(said: Said, found: Comparison, direction: str) -> list[Point]:
    points = []
    for p in found.points:
        expected = p.log_slope if direction == "forward" else -p.log_slope
        values = {X: p.x, **{s: float(v) for s, v in p.values.items()}}
        digits = digits_of(p.got, expected, 1) if mpmath.isfinite(p.got) else 0.0
        points.append(Point(values, p.got, expected, digits, True))
    return points


def _truth(said: Said, derivation: Derivation | None, direction: str) -> Truth:
    """The truth of a direction as if it were that of a map with log-dets of this sign."""
    forward = said.formula.expr.xreplace({said.formula.variable: X})
    slope = slope_of(forward)
    terms = sp.S.Zero if derivation is None else derivation.forward_log_det.xreplace({derivation.variable: X})
    return Truth(forward, slope, terms) if direction == "forward" else Truth(forward, 1 / slope, -terms)


def _of_other_variable(said: Said, points: list[Point], direction: str) -> str:
    """The right function, of the output where the input is written or the other way round; empty for others."""
    x, y = said.formula.variable, said.output
    for written, meant in ((x, y), (y, x)):
        other = y if written == x else x
        if not said.jacobian.has(written) or said.jacobian.has(other):
            continue
        expr = said.jacobian.xreplace({written: meant}).xreplace({y: said.formula.expr}).xreplace({x: X})
        values = values_at(plain(expr), points)
        if all(close(v, p.expected, said.words(direction).close) for v, p in zip(values, points, strict=True)):
            name = said.meaning(direction)
            return f"is {name} as a function of {said.shown[meant]}, but is written with {said.shown[written]}"
    return ""
