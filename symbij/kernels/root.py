"""Solving f(u) = y inside a bracket, in all lanes at once: Newton's method, safeguarded by bisection."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from symbij.kernels.values import F64, I1, I64, Bool, Code, Real, copysign, greater, lesser, select, sqrt

LARGEST = 1.7976931348623157e308
SAME = 0.999999  # f/y next to where f overflows, if that is where it reaches y
MOST_STEPS = 1400  # doubling from 1 to the largest double, then halving what is in the bracket


def find_root(
    function: Callable[[Real, Sequence[Real]], list[Real]], y: Real, lo: Real, hi: Real, *parameters: Real
) -> Real:
    """The u in (lo, hi) with f(u) = y, where `function` gives f and f' and f is monotone.

    Newton's steps as long as they stay in the bracket and halve; otherwise the bracket is halved. While an end of the
    bracket is infinite it is searched for by doubling. It ends when no double is left inside the bracket, or Newton
    moves no more: the result is within rounding of a sign change of f(u) - y. NaN where f jumps there from values that
    are not y to an infinite one, because something in it overflows.
    """
    code = y.code

    def step(state: list[Any]) -> list[Any]:
        u, a, b, f_a, f_b, width, previous, _, active = state
        f, slope = function(u, parameters)
        rising = copysign(1.0, slope) > 0.0
        below = ~((f < y) ^ rising)
        hit = f.equals(y)
        a, b = select(below, u, a), select(below | hit, b, u)
        f_a, f_b = select(below, f, f_a), select(below | hit, f_b, f)
        unbounded = (below & b.equals(math.inf)) | (~below & a.equals(-math.inf))
        doubled = lesser(greater(select(below, u + width, u - width), -LARGEST), LARGEST)
        newton = u - (f - y) / slope
        far = abs(newton - u)
        good = (newton > a) & (newton < b) & (far <= 0.5 * previous)
        middle = _halfway(a, b)
        candidate = select(unbounded, doubled, select(good, newton, middle))
        stays = candidate.equals(u) | ~((unbounded & (abs(candidate) < math.inf)) | ((candidate > a) & (candidate < b)))
        going = active & ~hit & ~stays & f.equals(f)
        at_end = ~((y > 0.0) ^ rising)
        moved = select(unbounded, math.inf, abs(candidate - u))
        # a lane that has arrived keeps what it has, except that beyond the largest double there is only infinity
        beyond = active & unbounded & stays & abs(u).equals(LARGEST) & ~hit
        result = select(beyond, copysign(math.inf, u), u)
        other = select(below, f_b, f_a)
        jumps = (abs(f).equals(math.inf) & ~(other / y >= SAME)) | (abs(other).equals(math.inf) & ~(f / y >= SAME))
        overflows = active & ~hit & jumps
        result = select((active & f.differs(f)) | overflows, math.nan, result)
        return [
            select(going, candidate, result),
            a,
            b,
            f_a,
            f_b,
            select(unbounded, 2.0 * width, width),
            moved,
            at_end,
            going,
        ]

    ordinary = abs(y) < math.inf
    # a step that moves away from an end, however large that is
    width = greater(2.0**-50 * _finite_end(lo, hi), 1.0)
    unknown = code.real(math.nan)
    start = [_first(lo, hi, width), lo, hi, unknown, unknown, width, code.real(math.inf), ordinary, ordinary]
    u, *_, at_upper_end, _ = repeat(code, start, step, MOST_STEPS)
    return select(y.differs(y), y, select(abs(y).equals(math.inf), select(at_upper_end, hi, lo), u))


def _finite_end(lo: Real, hi: Real) -> Real:
    """The size of the finite end of a half-line, 0 if there is none."""
    return select(lo > -math.inf, abs(lo), select(hi < math.inf, abs(hi), 0.0))


def _first(lo: Real, hi: Real, width: Real) -> Real:
    """A point inside the bracket."""
    both = (lo > -math.inf) & (hi < math.inf)
    beside = select(lo > -math.inf, lo + width, select(hi < math.inf, hi - width, 0.0))
    return select(both, 0.5 * lo + 0.5 * hi, beside)


def _halfway(a: Real, b: Real) -> Real:
    """Between a and b: where they are of one sign and far apart, so that the number of doubles on either side is
    alike, since tiny results must be reached too."""
    arithmetic = 0.5 * a + 0.5 * b
    upward = sqrt(greater(a, 5e-324)) * sqrt(b)
    downward = -sqrt(greater(-b, 5e-324)) * sqrt(-a)
    geometric = select(a >= 0.0, upward, downward)
    spread = ((a >= 0.0) & (b > 4.0 * a)) | ((b <= 0.0) & (a < 4.0 * b))
    across = (a < 0.0) & (b > 0.0)
    candidate = select(spread, geometric, select(across, 0.0, arithmetic))
    return select((candidate > a) & (candidate < b), candidate, arithmetic)


def repeat(code: Code, start: list[Any], step: Callable[[list[Any]], list[Any]], most: int) -> list[Any]:
    """The state after `step` was applied as long as its last part, the lanes still active, is not all false."""
    b = code.builder
    before = b.block
    body, after = b.append_basic_block("repeat"), b.append_basic_block("repeated")
    b.branch(body)
    b.position_at_end(body)
    count = b.phi(I64)
    count.add_incoming(ir.Constant(I64, 0), before)
    phis = []
    for value in start:
        phi = b.phi(code.type_of(I1 if isinstance(value, Bool) else F64))
        phi.add_incoming(value.ir, before)
        phis.append(phi)
    state = step([type(v)(phi, code) for v, phi in zip(start, phis, strict=True)])
    last = b.block
    for phi, value in zip(phis, state, strict=True):
        phi.add_incoming(value.ir, last)
    counted = b.add(count, ir.Constant(I64, 1))
    count.add_incoming(counted, last)
    again = b.and_(_any(code, state[-1]), b.icmp_signed("<", counted, ir.Constant(I64, most)))
    b.cbranch(again, body, after)
    b.position_at_end(after)
    return state


def _any(code: Code, active: Bool) -> Any:
    if not code.lanes:
        return active.ir
    packed = code.builder.bitcast(active.ir, ir.IntType(code.lanes))
    return code.builder.icmp_unsigned("!=", packed, ir.Constant(packed.type, 0))
