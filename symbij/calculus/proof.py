"""What a proof of bijectivity establishes, and the ways in which it can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from symbij.calculus.bounds import Bounds
from symbij.calculus.chain import Chain
from symbij.calculus.parts import Folded, RawChain
from symbij.formula.interval import Interval


class Folds(Exception):
    """The chain is not one-to-one on the domain: `folded` folds the interval `image` that reaches it.

    `parts` are the intervals of x that lead into one branch each.
    """

    def __init__(self, folded: Folded, image: Interval, parts: tuple[Interval, ...]) -> None:
        self.folded = folded
        self.image = image
        self.parts = parts
        super().__init__(folded.name)

    @property
    def suggestion(self) -> Interval | None:
        return self.parts[0] if self.parts else None


class Unproved(Exception):
    """No proof: the reason, in words, and what helps if no domain was given."""

    def __init__(self, reason: str, advice: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}; {advice}" if advice else reason)


class Undefined(Unproved):
    """The chain is defined nowhere on the domain."""


class Jumps(Unproved):
    """The formula is not continuous: pieces of it do not meet."""


class Turns(Unproved):
    """The derivative has different signs at the two `points`; where they are known, its sign changes at `places`."""

    def __init__(self, points: tuple[float, float], places: tuple[sp.Expr, ...] = ()) -> None:
        self.points = points
        self.places = places
        self.fold: Folds | None = None  # of a term, if one folds
        where = "" if points[0] == points[1] else f": at {points[0]:.6g} and at {points[1]:.6g}"
        super().__init__(f"its derivative has both signs{where}")


class OutsideDomain(Exception):
    """The given domain leaves the set on which a link is defined."""

    def __init__(self, item: str, needed: Interval, got: Interval) -> None:
        self.item = item
        self.needed = needed
        self.got = got
        super().__init__(item)


@dataclass(frozen=True)
class Proof:
    """What the walk along the chain establishes."""

    links: Chain
    domain: Interval
    codomain: Interval
    sign: int | sp.Expr
    conditions: tuple[tuple[sp.Basic, str], ...] = ()
    images: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Monotone:
    """A proof: the direction, whether all terms of the derivative agree in sign, conditions, and how it was found."""

    direction: int | sp.Expr
    aligned: bool
    conditions: tuple[tuple[sp.Basic, str], ...] = ()
    proof: str = ""
    derivative: sp.Expr | None = None  # of x, where there is a form of it that does not cancel
    log_derivative: sp.Expr | None = None  # log|derivative| likewise


Prover = Callable[[RawChain, Interval, Bounds, bool], Proof]  # chain, where, bounds, whether the domain may be cut back
