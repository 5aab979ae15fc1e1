"""Lowering of the larger or smaller of several maps."""

from __future__ import annotations

from symbij.calculus.extremes import ExtremeCore
from symbij.formula.interval import Interval
from symbij.program.ir import Builder, Var
from symbij.program.lower import Env, Lowered, lower, lower_chain, lower_inverse
from symbij.program.lower_far import logarithm, note_choice


def lower_extreme(core: ExtremeCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The value of the map that wins at `u`, and its log|derivative|.

    Where values round to an end that maps share, what is left to that end decides; where that underflows, as what tends
    to 0 does, its logarithm.
    """
    steps = [lower_chain(chain, env, u, b) for chain in core.chains]
    ends = [
        (lower(end, env, b), upper, [lower_chain(c, env, u, b).value for c in chains])
        for end, upper, chains in core.beside
    ]
    best, left = steps[0], [rests[0] for *_, rests in ends]
    for k, step in enumerate(steps[1:], start=1):
        lead = _lead(step.value, best.value, core.image.hi.is_zero, b)
        for (end, below, rests), rest in zip(ends, left, strict=True):
            near = b.compare("lt", b.call("abs", rest), b.call("abs", end) * 0.5)
            lead = b.select(near, _lead(rests[k], rest, below, b), lead)
        better = b.compare("gt" if core.largest else "lt", lead, b.const(0.0))
        best = Lowered(_chosen(better, step.value, best.value, b), b.select(better, step.log_det, best.log_det))
        left = [_chosen(better, rests[k], rest, b) for (*_, rests), rest in zip(ends, left, strict=True)]
    return best


def _lead(new: Var, old: Var, below_zero: bool | None, b: Builder) -> Var:
    """Above zero if `new` is the larger one, zero if they are the same; of two values that have both under- or
    overflowed, by their logarithms. A zero has the sign of what underflowed, or is `below_zero`, where values come to 0
    from below."""
    same = b.const(0.0)
    known = [b.sizes.get(value.index) for value in (new, old)]
    if any(known):
        log_new, log_old = (b.add(*logarithm(value, size, b)) for value, size in zip((new, old), known, strict=True))
        same = b.sub(log_new, log_old)
        same = b.select(b.compare("ne", log_new, log_old), same, b.const(0.0))
        signed = b.select(b.compare("lt", b.call("abs", new), b.const(1.0)), b.div(b.const(1.0), new), new)
        negative = b.compare("le", new, b.const(0.0)) if below_zero else b.compare("lt", signed, b.const(0.0))
        same = b.select(negative, b.neg(same), same)
    return b.select(b.compare("ne", new, old), b.sub(new, old), same)


def _chosen(condition: Var, new: Var, old: Var, b: Builder) -> Var:
    value = b.select(condition, new, old)
    note_choice(value, [condition], [new, old], b)
    return value


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
