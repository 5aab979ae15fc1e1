"""Lowering of floor cores: steps computed from the nearest edge or centre."""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy as sp

from symbij.calculus.chain import Chain
from symbij.calculus.floor import FloorCore
from symbij.formula import functions as fn
from symbij.program.ir import Builder, Var
from symbij.program.lower import Env, Lowered, lower, lower_chain, lower_inverse

# Height above or below an edge beyond which a step is computed from its centre: there the centre's cancellation, one
# unit of rounding in 1/32, is below the edge's, whose distance from x is rounded and enters with the slope of the step.
_CENTRAL = 1 / 32
_SIGMOID_CENTRAL = math.log(2.0)  # where the function `sigmoid_step` goes from the centre to the edge


def lower_floor(core: FloorCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The core at `u`, by the nearest edge of a step, or by the nearest centre where that is closer."""
    tail = lower(core.tail, env, b)
    nearest, r = _nearest(u, b)
    if core.centre is None:  # the edges are the integers
        step, log_det = _on_its_side(core, lower_chain, r, env, b)
        return Lowered(nearest + (step + tail), log_det)
    # the edges are the half-integers
    up = b.compare("ge", r, b.const(0.0))
    m = b.select(up, nearest, nearest - 1.0)
    if core.sigmoid is not None:  # one function does for edge and centre
        links, steepness = core.sigmoid
        w = lower_chain(links, env, r, b).value
        step = b.call("sigmoid_step", w, lower(steepness, env, b))
        central = b.compare("le", b.call("abs", w), b.const(_SIGMOID_CENTRAL))
        at_centre = lower_chain(core.centre, env, b.const(0.0), b).value
        value = b.select(central, nearest, m) + (step + b.select(central, at_centre, tail))
        return Lowered(value, lower_chain(core.centre, env, r, b).log_det)
    edge = r - b.select(up, b.const(0.5), b.const(-0.5))
    step, log_det = _on_its_side(core, lower_chain, edge, env, b)
    middle = lower_chain(core.centre, env, r, b)
    central = b.compare("gt", b.call("abs", step), b.const(_CENTRAL))
    value = b.select(central, nearest + middle.value, m + (step + tail))
    return Lowered(value, b.select(central, middle.log_det, log_det))


def _on_its_side(
    core: FloorCore, direction: Callable[[Chain, Env, Var, Builder], Lowered], r: Var, env: Env, b: Builder
) -> tuple[Var, Var]:
    """Value and log|derivative| at `r` of the chain for its side of an edge, or of its inverse."""
    upper = b.compare("ge", r, b.const(0.0))
    if core.symmetric:
        one = direction(core.above, env, b.select(upper, r, b.neg(r)), b)
        return b.select(upper, one.value, b.neg(one.value)), one.log_det
    # each chain computes on its own side only: what is not selected must be finite in the reverse sweep
    above = direction(core.above, env, b.select(upper, r, b.const(0.0)), b)
    below = direction(core.below, env, b.select(upper, b.const(0.0), r), b)
    return b.select(upper, above.value, below.value), b.select(upper, above.log_det, below.log_det)


def _nearest(u: Var, b: Builder) -> tuple[Var, Var]:
    """A whole number next to `u` and its distance from `u`, which is exact and at most 1/2."""
    whole = b.compare("ge", b.call("abs", u), b.const(2.0**52))  # where u + 1/2 rounds, or is infinite
    nearest = b.select(whole, u, b.call("floor", u + 0.5))
    return nearest, b.select(whole, b.const(0.0), u - nearest)


def lower_floor_inverse(core: FloorCore, env: Env, v: Var, b: Builder) -> Lowered:
    """The u that the core maps to `v`, and log|du/dv|; the chain is chosen by the place of v - tail in its step."""
    nearest, r = _nearest(v, b)
    at = r - lower(core.tail, env, b)  # not off v, of which the tail may be a small part
    m = b.call("floor", at + 0.5)
    s = at - m
    # r = 0 less a tail above zero is below the edge, also where the tail underflows
    side = b.select(b.compare("ne", r, b.const(0.0)), s, b.const(-1.0)) if core.tail_is_foot else s
    upper = b.compare("ge", side, b.const(0.0))
    if core.centre is None:
        edge, log_det = _on_its_side(core, lower_inverse, s, env, b)
        return Lowered((nearest + m) + edge, log_det)
    k = b.select(upper, m + 1.0, m)
    at_centre = lower_chain(core.centre, env, b.const(0.0), b).value
    if core.sigmoid is not None:
        value, log_det, central = _sigmoid_edge(core, nearest + k, r, s, upper, env, b)
    else:
        central = b.compare("gt", b.call("abs", s), b.const(_CENTRAL))
        edge, log_det = _on_its_side(core, lower_inverse, s, env, b)
        value = (nearest + (m + 0.5)) + edge
    middle = lower_inverse(core.centre, env, b.select(central, r - k, at_centre), b)
    value = b.select(central, (nearest + k) + middle.value, value)
    return Lowered(value, b.select(central, middle.log_det, log_det))


def _sigmoid_edge(
    core: FloorCore, centre: Var, r: Var, s: Var, upper: Var, env: Env, b: Builder
) -> tuple[Var, Var, Var]:
    """Near an edge of a sigmoid step the distance from its centre keeps its digits: w = log((1 - p)/p) for a height
    p = |s| tanh(steepness/2) + sigmoid(-steepness) over the foot of the sigmoid. The place, log|du/dv| there, and
    whether p > 1/4, where the centre does better."""
    links, steepness = core.sigmoid  # type: ignore[misc]
    steepness = sp.Abs(steepness)
    size, foot, largest = (lower(f, env, b) for f in (sp.tanh(steepness / 2), fn.sigmoid(-steepness), steepness))
    height = b.call("abs", s)
    p = size * height + foot
    central = b.compare("gt", p, b.const(0.25))
    p = b.select(central, b.const(0.25), p)
    # a foot that underflows is lifted
    deep = b.compare("lt", p, b.const(1e-290))
    lifted = (size * 2.0**_LIFT) * height + b.call("exp", _LIFT * math.log(2.0) - largest)
    w = b.call("log", (1.0 - p) / b.select(deep, lifted, p))
    w = w + b.select(deep, b.const(_LIFT * math.log(2.0)), b.const(0.0))
    if core.tail_is_foot:  # and so is |s| where r = 0
        at_foot = largest - b.call("log1p", size)
        w = b.select(deep, b.select(b.compare("ne", r, b.const(0.0)), w, at_foot), w)
    w = b.call("min", w, largest)
    log_det = (b.call("log", size) + w) - 2.0 * b.call("log1p", b.neg(p))
    u = lower_inverse(links, env, w, b)
    distance = b.call("abs", u.value)
    return b.select(upper, centre - distance, centre + distance), log_det + u.log_det, central


_LIFT = 1000.0  # doublings
