"""The core floor(u) + g(frac(u)): steps of which each is the same map of a unit interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from symbij.calculus.bounds import Bounds
from symbij.calculus.chain import Core, Link, chain_forward, chain_log_det, invert_chain
from symbij.formula import functions as fn
from symbij.formula.interval import REALS, Interval


@dataclass(frozen=True)
class FloorCore(Core):
    """f(u) = floor(u + offset) + g(frac(u + offset)) + tail, with g increasing from g(0) = 0 to g(1) = 1.

    Computed from the distance r to the nearest edge or centre of a step, which is exact, through chains that do not
    cancel there (E is the edge, an integer less `offset`; m = E + offset):
        `above`:  f = m + above(r) + tail,      u = E + r, r >= 0, above(r) = g(r)
        `below`:  f = m + below(r) + tail,      u = E + r, r < 0,  below(r) = g(1 + r) - 1
        `centre`: f = k + centre(r),            u = k + r, k an integer; only if `offset` is -1/2:
                                                centre(r) = g(1/2 + r) - 1 + tail
    Since f - tail maps the step [m, m + 1) onto itself, the inverse knows from y - tail which chain to take.
    """

    g: tuple[Link, ...]
    above: tuple[Link, ...]
    below: tuple[Link, ...]
    centre: tuple[Link, ...] | None = None
    offset: sp.Expr = sp.S.Zero
    tail: sp.Expr = sp.S.Zero
    inverted: bool = False
    name: str = "floor"

    def forward(self, u: sp.Expr) -> sp.Expr:
        before, after = (-self.tail, -self.offset) if self.inverted else (self.offset, self.tail)
        whole = sp.floor(u + before)
        links = invert_chain(self.g) if self.inverted else self.g
        return whole + chain_forward(links, u + before - whole) + after

    def inverse(self) -> Link:
        return replace(self, inverted=not self.inverted)

    @cached_property
    def symmetric(self) -> bool:
        """Whether below(r) = -above(-r), so that one chain does for both."""
        return tuple(link.mirror() for link in self.above) == self.below

    @cached_property
    def sigmoid(self) -> tuple[tuple[Link, ...], sp.Expr] | None:
        """Links and a steepness s if, with w = links(r), centre(r) = tanh(w/2)/(2 tanh(s/2)) + tail - 1/2."""
        places = [i for i, item in enumerate(self.above) if item.name == "sigmoid_increment"]
        if self.centre is None or not self.symmetric or len(places) != 1:
            return None
        others = self.above[: places[0]], self.above[places[0] + 1 :]
        if any(item.name not in ("scale", "divide") for part in others for item in part):
            return None
        return others[0], -self.above[places[0]].args[0]  # type: ignore[attr-defined]

    @property
    def tail_is_foot(self) -> bool:
        """Whether `tail` is what is left of the sigmoid of a step at its edge."""
        return self.sigmoid is not None and self.tail == fn.sigmoid(-self.sigmoid[1])

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        before = -self.tail if self.inverted else self.offset
        links = invert_chain(self.g) if self.inverted else self.g
        return chain_log_det(links, u + before - sp.floor(u + before))

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return -self.inverse().log_det_u(v, u)

    def sign(self, bounds: Bounds) -> int | sp.Expr:
        return 1

    def domain(self, bounds: Bounds) -> Interval:
        return REALS

    def codomain(self, bounds: Bounds) -> Interval:
        return REALS

    def conditions(self) -> tuple[sp.Expr, ...]:
        return tuple(c for link in self.g for c in link.conditions())
