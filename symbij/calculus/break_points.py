"""Inputs on both sides of every point at which a chain changes its formula: to compare each of its pieces there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import sympy as sp

from symbij.calculus.chain import Chain, Core, Link
from symbij.calculus.cores import MonotoneCore, PiecewiseCore
from symbij.calculus.extremes import ExtremeCore


def points_beside_breaks(chain: Chain) -> list[sp.Expr]:
    """Inputs of the chain, one on each side of each break of a `PiecewiseCore` in it, as expressions of parameters.

    A break further down the chain is carried back to an input by the links before it, where these have inverses.
    """
    found = (back for before, core in _cores(chain, ()) for point in _beside(core) for back in _input(before, point))
    return list(dict.fromkeys(found))


def _cores(chain: Chain, before: Chain) -> Iterator[tuple[Chain, PiecewiseCore]]:
    """Every core of pieces, also within other cores, and the links from the input up to it."""
    for item in chain:
        if isinstance(item, PiecewiseCore):
            yield before, item
        for inner in _inner(item):
            yield from _cores(inner, before)
        before = (*before, item)


def _inner(item: Link) -> list[Chain]:
    """The chains that a core applies to its own input."""
    if isinstance(item, PiecewiseCore):
        return list(item.pieces)
    if isinstance(item, ExtremeCore):
        return list(item.chains)
    if isinstance(item, MonotoneCore):
        return [term for term in item.part.terms if all(isinstance(part, Link) for part in term)]  # type: ignore[misc]
    return []


def _beside(core: PiecewiseCore) -> list[sp.Expr]:
    """A point in each piece next to each of its breaks: half a unit away, or halfway to the next break."""
    breaks = core.breaks
    gaps = [sp.Min(1, b - a) / 2 for a, b in pairwise(breaks)]
    outer = [_outer_step(breaks[0], core.where.lo), _outer_step(core.where.hi, breaks[-1])]
    below, above = [outer[0], *gaps], [*gaps, outer[1]]
    sides = zip(breaks, below, above, strict=True)
    return [point for at, down, up in sides for point in (at - down, at + up)]


def _outer_step(high: sp.Expr, low: sp.Expr) -> sp.Expr:
    """Half a unit, or halfway to the end of the domain."""
    return sp.S.Half if sp.S(high - low).is_infinite else sp.Min(1, high - low) / 2


def _input(before: Chain, point: sp.Expr) -> list[sp.Expr]:
    """The input that the links `before` map to `point`, if they all have an inverse that can be written down."""
    if any(isinstance(item, Core) and not isinstance(item, PiecewiseCore) for item in before):
        return []
    for item in reversed(before):
        image = item.codomain({})
        if sp.Gt(point, image.lo) == False or sp.Lt(point, image.hi) == False:  # noqa: E712  (sympy booleans)
            return []
        point = item.inverse().forward(point)
    return [point]
