"""The larger or smaller of several maps that all rise or all fall: monotone wherever they cross.

With all of them increasing, max(f, g)(x) <= y if and only if x <= min(f_inverse(y), g_inverse(y)); of decreasing maps
it is x >= max(f_inverse(y), g_inverse(y)); of a minimum the other way round. So nobody has to know where they cross.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbij.calculus.chain import Chain, Core, chain_forward, chain_log_det, invert_chain
from symbij.formula.interval import Interval


@dataclass(frozen=True)
class ExtremeCore(Core):
    """The largest (or smallest) of `chains` on the interval `where`."""

    chains: tuple[Chain, ...]
    sources: tuple[Interval, ...]  # on which each chain is defined; it counts as constant beyond
    ranges: tuple[Interval, ...]  # onto which each chain maps its source
    largest: bool
    direction: int
    where: Interval
    image: Interval
    # Ends that some of the ranges share, whether these are upper ends, and all chains less that end in a form that
    # keeps its digits next to it: the values themselves are equal there long before the maps are.
    beside: tuple[tuple[sp.Expr, bool, tuple[Chain, ...]], ...] = ()

    @property
    def name(self) -> str:  # type: ignore[override]
        return "largest" if self.largest else "smallest"

    def ends(self, k: int) -> tuple[sp.Expr, sp.Expr]:
        """The values of chain k at the lower and the upper end of its source."""
        found = self.ranges[k]
        return (found.lo, found.hi) if self.direction > 0 else (found.hi, found.lo)

    def forward(self, u: sp.Expr) -> sp.Expr:
        values = [chain_forward(c, _within(u, s)) for c, s in zip(self.chains, self.sources, strict=True)]
        return sp.Max(*values) if self.largest else sp.Min(*values)

    def inverse(self) -> ExtremeCore:
        return ExtremeCore(
            tuple(invert_chain(c) for c in self.chains), self.ranges, self.sources,
            self.largest if self.direction < 0 else not self.largest, self.direction, self.image, self.where,
        )  # fmt: skip

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        points = [_within(u, s) for s in self.sources]
        value, total = chain_forward(self.chains[0], points[0]), chain_log_det(self.chains[0], points[0])
        for chain, at in zip(self.chains[1:], points[1:], strict=True):
            other = chain_forward(chain, at)
            better = sp.Gt(other, value) if self.largest else sp.Lt(other, value)
            total = sp.Piecewise((chain_log_det(chain, at), better), (total, True))
            value = sp.Max(value, other) if self.largest else sp.Min(value, other)
        return total

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return -self.inverse().log_det_u(v, u)

    def conditions(self) -> tuple[sp.Expr, ...]:
        return tuple(c for chain in self.chains for item in chain for c in item.conditions())


def _within(u: sp.Expr, where: Interval) -> sp.Expr:
    if where.lo.is_finite is not False:
        u = sp.Max(u, where.lo)
    return u if where.hi.is_finite is False else sp.Min(u, where.hi)
