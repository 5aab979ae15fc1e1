"""Lowering of the inverses of sums next to ends where they are infinitely steep."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbij.calculus.cores import Chart
from symbij.calculus.truth import settled
from symbij.program.ir import Builder, Var
from symbij.program.lower import Env, Lowered, lower, lower_inverse


def inverse_by_charts(
    charts: tuple[Chart, ...], env: Env, v: Var, b: Builder, inside: Callable[[Var], Lowered]
) -> Lowered:
    """The input for `v` and the log|slope| there: `inside`, and beyond the levels of charts by those; each way
    computes on its own outputs only."""
    levels = [_level(chart.level, env, b) for chart in charts]
    beyond = [b.compare("lt" if c.below else "gt", v, level) for c, level in zip(charts, levels, strict=True)]
    at = v
    for taken, level in zip(beyond, levels, strict=True):
        at = b.select(taken, level, at)
    found = inside(_sized(at, v, b))
    for chart, taken, level in zip(charts, beyond, levels, strict=True):
        there = lower_inverse(chart.chain, env, _sized(b.select(taken, v, level), v, b), b)
        value = b.select(taken, there.value, found.value)
        found = Lowered(value, b.select(taken, b.neg(there.log_det), found.log_det))
    return found


def _sized(chosen: Var, v: Var, b: Builder) -> Var:
    """`chosen`, which is `v` where that has left the range of doubles, as no level has."""
    if v.index in b.sizes:
        b.sizes[chosen.index] = b.sizes[v.index]
    return chosen


def _level(level: sp.Expr, env: Env, b: Builder) -> Var:
    return lower(level, env, b) if level.free_symbols else b.const(float(settled(level, {})))
