"""A transform and a jacobian as read from Stan's expressions, with the names that their user has for things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import PlainAbs
from symbij.audit.claims import Claim, replaced, slope_of
from symbij.audit.explain_formula import Words
from symbij.audit.extremes import with_own_functions
from symbij.audit.traced import X
from symbij.formula.formula import Formula
from symbij.formula.vocabulary import Requirement

CLOSE = mpf(10) ** -8  # constants written with eight digits are meant to be those that they are near


@dataclass(frozen=True)
class Said:
    """The expressions as read: `source` and `target` are the user's names of the transform's input and output, `shown`
    the user's names of all symbols that have another one here. `relations`: the order that the expressions suppose of
    their parameters; `supposed`: parameters that are supposed to be positive."""

    formula: Formula
    jacobian: sp.Expr
    needs: tuple[Requirement, ...]  # of the jacobian
    output: sp.Symbol
    source: str
    target: str
    values: Mapping[str, float]
    notes: tuple[str, ...]
    shown: Mapping[sp.Symbol, sp.Symbol]
    relations: tuple[sp.Basic, ...]
    supposed: tuple[str, ...]

    def meaning(self, direction: str) -> str:
        """What the jacobian is in a direction."""
        top, bottom = (self.target, self.source) if direction == "forward" else (self.source, self.target)
        return f"log|d{top}/d{bottom}|"

    def words(self, direction: str) -> Words:
        """How explanations call things, in a direction."""
        log_det = self.meaning(direction)
        slope = log_det.removeprefix("log|").removesuffix("|")
        return Words(log_det, slope, self.shown, close=CLOSE)

    def claim(self, direction: str) -> Claim:
        """That the jacobian is the log-det of a direction, in `X` alone."""
        forward = self.formula.expr.xreplace({self.formula.variable: X})
        inside = {self.formula.variable: X, self.output: forward}
        log_slope = sp.log(PlainAbs(with_own_functions(slope_of(forward))))
        expected = log_slope if direction == "forward" else -log_slope
        return Claim(self.jacobian.xreplace(inside), replaced(self.needs, inside), expected, logarithms=True)

    def use(self, direction: str) -> str:
        """When Stan's target needs the log-det of a direction."""
        parameter, stated = (self.source, self.target) if direction == "forward" else (self.target, self.source)
        return f"right where {parameter} is the parameter and a density is stated for {stated}"

    @property
    def where(self) -> str:
        """What the expressions suppose of parameters, in the user's names."""
        relations = [str(r.xreplace(self.shown)) for r in self.relations]
        told = [*relations, *(f"{n} > 0" for n in self.supposed)]
        return f", where {' and '.join(told)}" if told else ""

    def users(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values of parameters by the names that the user gave them."""
        names = {s.name: name.name for s, name in self.shown.items()}
        return {names.get(n, n): v for n, v in values.items()}
