"""Lowering of the larger or smaller of several maps."""

from __future__ import annotations

from symbij.calculus.extremes import ExtremeCore
from symbij.formula.interval import Interval
from symbij.program.ir import Builder, Var
from symbij.program.lower import Env, Lowered, lower, lower_chain, lower_inverse


def lower_extreme(core: ExtremeCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The value of the map that wins at `u`, and its log|derivative|."""
    return _best([lower_chain(chain, env, u, b) for chain in core.chains], core.largest, b)


def lower_extreme_inverse(core: ExtremeCore, env: Env, v: Var, b: Builder) -> Lowered:
    """The input whose value is `v`, and log|dv/du| there.

    At an end of the domain all maps may have the same preimage: it is that of the map whose values come closest to `v`.
    """
    inverse = core.inverse()
    steps, distances = [], []
    for k, chain in enumerate(core.chains):
        lowest, highest = inverse.ends(k)
        at, beyond = _inside(v, core.ranges[k], env, b)
        step = lower_inverse(chain, env, at, b)
        value = step.value
        for condition, end in zip(beyond, (lowest, highest), strict=True):
            if condition is not None:
                value = b.select(condition, lower(end, env, b), value)
        steps.append(Lowered(value, step.log_det))
        distances.append(b.call("abs", b.sub(v, at)))
    return _best(steps, inverse.largest, b, distances if b.accurate else None).reciprocal(b)


def _inside(v: Var, where: Interval, env: Env, b: Builder) -> tuple[Var, tuple[Var | None, Var | None]]:
    """`v`, or some point inside, and whether it was at or beyond the lower and the upper end. What is not selected must
    be finite, since in the reverse sweep its derivative is multiplied by zero; where there is no such sweep it is the
    end, since `v` may be next to it and round to it."""
    lo, hi = (None if end.is_infinite and end.is_number else lower(end, env, b) for end in (where.lo, where.hi))
    below = None if lo is None else b.compare("le", v, lo)
    above = None if hi is None else b.compare("ge", v, hi)
    if lo is not None and hi is not None:
        inside = 0.5 * (lo + hi)
    else:
        inside = lo + 1.0 if lo is not None else hi - 1.0 if hi is not None else v
    for condition, end in ((below, lo), (above, hi)):
        if condition is not None and end is not None:
            v = b.select(condition, end if b.accurate else inside, v)
    return v, (below, above)


def _best(steps: list[Lowered], largest: bool, b: Builder, distances: list[Var] | None = None) -> Lowered:
    """The step with the largest or smallest value; of those with the same value the one with the least distance."""
    value, log_det = steps[0].value, steps[0].log_det
    nearest = None if distances is None else distances[0]
    for k, step in enumerate(steps[1:], start=1):
        better = b.compare("gt" if largest else "lt", step.value, value)
        other = log_det
        if distances is not None and nearest is not None:
            closer, differs = b.compare("lt", distances[k], nearest), b.compare("ne", step.value, value)
            other = b.select(differs, log_det, b.select(closer, step.log_det, log_det))
            least = b.select(differs, nearest, b.select(closer, distances[k], nearest))
            nearest = b.select(better, distances[k], least)
        value, log_det = b.select(better, step.value, value), b.select(better, step.log_det, other)
    return Lowered(value, log_det)
