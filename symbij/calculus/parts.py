"""What recognition finds: chains whose parts may fold, or hold the variable several times. Nothing is proved yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from symbij.calculus.chain import Chain, Link
from symbij.calculus.row import U
from symbij.formula.interval import Interval
from symbij.formula.splines import Spline


@dataclass(frozen=True)
class Folded:
    """A function that is monotone on several intervals; the domain decides which branch is meant.

    `branches` pairs each interval with the links that equal the function there; they are `complete` if together they
    cover all of its domain. `formula` is the function of the symbol `U`.
    """

    name: str
    branches: tuple[tuple[Interval, Chain], ...]
    formula: sp.Expr
    complete: bool = False
    everywhere: bool = True  # whether it is defined on all of the line

    def forward(self, u: sp.Expr) -> sp.Expr:
        return self.formula.subs(U, u)

    def slope(self, u: sp.Expr) -> sp.Expr:
        """The derivative at `u`, of either sign."""
        return self.formula.diff(U).subs(U, u)


@dataclass(frozen=True)
class SumPart:
    """A sum. A proof that it is monotone makes it a `MonotoneCore`."""

    terms: tuple[RawChain, ...]
    name: str = "sum"


@dataclass(frozen=True)
class ProductPart:
    """A product. A proof that it is monotone makes it a `MonotoneCore`."""

    terms: tuple[RawChain, ...]
    name: str = "product"


@dataclass(frozen=True)
class PiecePart:
    """An expression with other formulas on either side of some points: a Piecewise, Abs, sign, Max or Min."""

    expr: sp.Expr
    variable: sp.Symbol
    name: str = "pieces"


@dataclass(frozen=True)
class FloorPart:
    """floor(u) + g(frac(u)) as recognised: nothing is known of g but g(0) = 0 and g(1) = 1. A proof makes it a
    `FloorCore`."""

    g: RawChain
    name: str = "floor"


@dataclass(frozen=True)
class SplinePart:
    """A spline as recognised. A proof for one bin makes it a `SplineCore`."""

    spline: Spline
    name: str = "spline"


RawChain = tuple[Link | Folded | SumPart | ProductPart | PiecePart | SplinePart | FloorPart, ...]


def with_terms(part: SumPart | ProductPart, terms: tuple[RawChain, ...]) -> SumPart | ProductPart:
    """The same part of other terms."""
    return replace(part, terms=terms)
