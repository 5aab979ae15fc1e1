"""Where a formula, or code, goes over from one piece to another: the places whose two sides both have to be tried."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from symbij.accuracy.definition import numeric, real
from symbij.audit.extremes import plainly
from symbij.audit.subject import Ends, Subject
from symbij.audit.traced import Code, X, trace_subject
from symbij.bijectors.derived import DerivedBijector
from symbij.calculus.patience import bounded

FAR = 1e3  # size beyond which a place is none of ordinary size
MOST = 6  # places, for each side of a map
SECONDS = 0.2  # for all of them
GRID = np.sinh(np.linspace(-5, 5, 61))  # between these a condition that is not affine may change once
BISECTIONS = 60
STEPS = (1e-3, 1e-5, 1e-7, 1e-9)  # relative distances from a place
UNSEEN = 16  # roundings of a place within which code may take the other side


@dataclass(frozen=True, eq=False)
class Kinks:
    """The places of one subject: of its formula and of its code, as far as that can be run with symbols."""

    subject: Subject
    cls: type[DerivedBijector] | None

    def inputs(self, parameters: Mapping[str, Any], code: bool) -> list[float]:
        """Places among the inputs x: of the formula, and if asked of the `code`, which may clip far out."""
        if self.cls is None:
            return []
        formula = self.cls.formula
        found = [(formula.expr.xreplace({formula.variable: X}), True)]
        found += self._of_code("forward", "forward_log_det") if code else []
        return self._places(found, parameters)

    def outputs(self, parameters: Mapping[str, Any]) -> list[float]:
        """Places among the outputs y, of the code of the inverse; images of the inputs' places are tried anyway."""
        return self._places(self._of_code("inverse", "inverse_log_det"), parameters)

    def _of_code(self, *names: str) -> list[tuple[sp.Expr, bool]]:
        """The formulas of operations, and whether corners of theirs are kinks: log|x| in a log-det has none."""
        operations = self._code.operations if self._code is not None else {}
        return [(operations[n].expr, not n.endswith("log_det")) for n in names if n in operations]

    @cached_property
    def _code(self) -> Code | None:
        if self.cls is None or not self.subject.traceable:
            return None
        return trace_subject(self.subject, self.cls.formula)

    def _places(self, exprs: list[tuple[sp.Expr, bool]], parameters: Mapping[str, Any]) -> list[float]:
        held = {n: float(np.ravel(np.asarray(v, dtype=float))[0]) for n, v in parameters.items() if np.size(v)}
        found = bounded(lambda: [p for e, corners in exprs for p in places(e, held, corners)], seconds=SECONDS) or []
        return sorted({p for p in found if abs(p) <= FAR})[:MOST]


def places(expr: sp.Expr, parameters: Mapping[str, float], corners: bool = True) -> list[float]:
    """The numbers X at which conditions in `expr` change, and with `corners` maxima, minima and absolute values."""
    values = {s: sp.Float(parameters[s.name], 17) for s in expr.free_symbols if s.name in parameters}
    found: list[float] = []
    for difference in dict.fromkeys(_differences(expr, corners)):
        at = difference.xreplace(values)
        if at.free_symbols == {X}:
            found += _zeros(at)
    return [p for p in found if math.isfinite(p)]


def _differences(expr: sp.Expr, corners: bool) -> list[sp.Expr]:
    found = [r.lhs - r.rhs for r in expr.atoms(sp.core.relational.Relational)]
    if corners:
        found += [node.args[0] for node in expr.atoms(sp.Abs, sp.sign)]
        found += [a - b for node in expr.atoms(sp.Max, sp.Min) for a, b in itertools.combinations(node.args, 2)]
    return sorted((e for e in found if e.has(X)), key=sp.default_sort_key)


def _zeros(expr: sp.Expr) -> list[float]:
    if expr.is_polynomial(X) and sp.degree(expr, X) == 1:
        poly = sp.Poly(expr, X)
        return [float(-poly.coeff_monomial(1) / poly.coeff_monomial(X))]
    function = numeric(plainly(expr), [X])
    signs = [_sign(function, x) for x in GRID]
    found = []
    for k in range(len(GRID) - 1):
        if signs[k] * signs[k + 1] >= 0:
            found += [float(GRID[k])] if signs[k] == 0 else []
            continue
        a, b = float(GRID[k]), float(GRID[k + 1])
        for _ in range(BISECTIONS):
            middle = a / 2 + b / 2
            a, b = (middle, b) if _sign(function, middle) == signs[k] else (a, middle)
        found.append(b)
    return found


def _sign(function: Callable[..., Any], x: float) -> float:
    """The sign of a difference; NaN where it has no value."""
    try:
        return float(mpmath.sign(real(function(mpmath.mpf(x)))))
    except (ArithmeticError, ValueError, TypeError):
        return math.nan


def both_sides(found: list[float], ends: Ends, dtype: Any, steps: tuple[float, ...] = STEPS) -> np.ndarray:
    """Points on both sides of places, inside an interval; none so close that rounding decides on which side it is."""
    sizes = np.maximum(np.abs(np.array(found)), 1.0)[:, np.newaxis]
    steps_ = np.array(steps)
    steps_ = steps_[steps_ > UNSEEN * float(np.finfo(dtype).eps)]
    points = np.ravel(np.array(found)[:, np.newaxis] + sizes * np.concatenate([-steps_, steps_]))
    return points[(points > ends.lo) & (points < ends.hi)]
