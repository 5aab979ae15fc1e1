"""Lowering of cores: sums and products with their numeric inverses, pieces, steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy as sp

from symbij.calculus.chain import Chain, Link
from symbij.calculus.cores import POINT, MonotoneCore, NumericInverse, OnInterval, PiecewiseCore
from symbij.calculus.extremes import ExtremeCore
from symbij.calculus.floor import FloorCore
from symbij.calculus.parts import Folded
from symbij.calculus.slopes import log_slope, slope, walk
from symbij.calculus.spline import SplineCore, steps
from symbij.calculus.truth import evaluate, settled
from symbij.formula.splines import A, B
from symbij.program.adjoint import gradient
from symbij.program.ir import Builder, RootSolver, Var
from symbij.program.lower import (
    Env,
    Lowered,
    by_sign_of,
    lower,
    lower_chain,
    lower_inverse,
    lower_link,
    lower_link_inverse,
)
from symbij.program.lower_charts import inverse_by_charts
from symbij.program.lower_extremes import lower_extreme, lower_extreme_inverse
from symbij.program.lower_far import NORMAL, note_choice
from symbij.program.lower_far_parts import preimage_far_out, with_far_parts
from symbij.program.lower_floor import lower_floor, lower_floor_inverse
from symbij.program.lower_leading import leading_value_and_size, with_leading_terms
from symbij.program.lower_near import log_slope_near_centre, near_centre, slope_near_centre
from symbij.program.rounded_ends import Step, kept_inside

_IN = sp.Dummy("u", real=True)


class _Numeric:
    """`Ops` on values of a program."""

    def __init__(self, env: Env, b: Builder) -> None:
        self.env, self.b = env, b
        self.paths: dict[int, tuple[Var, tuple[Step, ...]]] = {}  # of values, from where and by which links they came

    def link(self, item: Link, u: Var) -> tuple[Var, Var]:
        start, path = self.paths.get(u.index, (u, ()))
        at = Step(item, False)
        step = lower_link(item, self.env, kept_inside(u, start, path, at, self.env, self.b), self.b)
        self.paths[step.value.index] = start, (*path, at)
        rest = lower(step.constant, self.env, self.b)
        rest = rest if step.offset is None else self.b.add(rest, step.offset)
        return step.value, self.b.add(step.log_det, rest)

    def folded(self, item: Folded, u: Var) -> tuple[Var, Var]:
        inner = self.env | {_IN: u}
        return lower(item.forward(_IN), inner, self.b), lower(item.slope(_IN), inner, self.b)

    def number(self, expr: sp.Expr) -> Var:
        return lower(expr, self.env, self.b)

    def log_abs(self, value: Var) -> Var:
        return self.b.call("log", self.b.call("abs", value))

    def exp(self, value: Var) -> Var:
        return self.b.const(1.0) if self.b.value_of(value) == 0 else self.b.call("exp", value)

    def log_add(self, a: Var, b: Var) -> Var:
        return self.b.call("logaddexp", a, b)

    def log_add_product(self, total: Var, log: Var, factors: tuple[Var, ...]) -> Var:
        # Where the product is the smaller term, relative to the larger one and without its logarithm, which is -oo
        # where a factor is zero. Neither way may be singular where the other is taken.
        b = self.b
        ratio = b.call("exp", b.sub(log, total))
        for factor in factors:
            ratio = b.mul(ratio, b.call("abs", factor))
        smaller = b.compare("lt", ratio, b.const(1.0))
        beside = b.add(total, b.call("log1p", b.select(smaller, ratio, b.const(0.0))))
        for factor in factors:
            log = b.add(log, self._log_abs_of_factor(smaller, factor))
        return b.select(smaller, beside, b.call("logaddexp", total, log))

    def _log_abs_of_factor(self, without: Var, factor: Var) -> Var:
        """log|factor|, 0 where the factor is left out; also where an exponential overflows."""
        b, op = self.b, self.b.ops[factor.index]
        one = b.const(1.0)
        if op.name != "expm1_scaled" or not b.accurate:
            return self.log_abs(b.select(without, one, factor))
        u, c = (Var(b, a) for a in op.args)
        exponent, rate = b.mul(c, u), b.select(b.compare("ne", c, b.const(0.0)), c, one)
        far = b.compare("gt", exponent, b.const(600.0))
        near = self.log_abs(b.select(without, one, b.select(far, one, factor)))
        return b.select(far, b.select(without, b.const(0.0), b.sub(exponent, self.log_abs(rate))), near)

    def log1p_abs(self, value: Var) -> Var:
        b = self.b
        return b.call("log1p", b.select(b.compare("lt", value, b.const(-1.0)), -2.0 - value, value))


def lower_monotone(core: MonotoneCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The sum or product at `u`."""
    step = _lower_monotone(core, env, u, b)
    return with_far_parts(core.part, env, u, step, b) if core.aligned else step


def _lower_monotone(core: MonotoneCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The sum or product at `u`, none of whose parts has left the range of doubles."""
    step = _by_terms(core, env, u, b)
    if core.near is not None:
        value = near_centre(core.near, u, step.value, b)
        step = Lowered(value, log_slope_near_centre(core.near, u, step.log_det, b))
    return with_leading_terms(core, u, step, b)


def _by_terms(core: MonotoneCore, env: Env, u: Var, b: Builder) -> Lowered:
    ops = _Numeric(env, b)
    value, terms = walk((core.part,), u, ops)
    if core.log_derivative is not None:
        return Lowered(value, lower(core.log_derivative, env | {POINT: u}, b))
    if core.derivative is not None:
        return Lowered(value, ops.log_abs(lower(core.derivative, env | {POINT: u}, b)))
    return Lowered(value, log_slope(terms, core.aligned, ops))


def lower_monotone_inverse(core: MonotoneCore, env: Env, v: Var, b: Builder) -> Lowered:
    """The u that the core maps to `v`, and log|dv/du| there."""
    return inverse_by_charts(core.charts, env, v, b, lambda at: _inverse_inside(core, env, at, b))


def _inverse_inside(core: MonotoneCore, env: Env, v: Var, b: Builder) -> Lowered:
    found = lower_inverse(core.closed, env, v, b) if core.closed else None
    u = found.value if found is not None else preimage_far_out(core, env, _lower_root(core, env, v, b), v, b)
    log_det = _log_det_at_preimage(core, env, u, v, b)
    if found is not None:  # an input that underflows has lost its slope
        log_det = b.select(b.compare("lt", b.call("abs", u), b.const(1e-290)), b.neg(found.log_det), log_det)
    return Lowered(u, log_det)


def _log_det_at_preimage(core: MonotoneCore, env: Env, u: Var, v: Var, b: Builder) -> Var:
    """log|f'| at the preimage of `v`, of which `u` is the rounded value."""
    if not b.accurate:
        return _lower_monotone(core, env, u, b).log_det
    at = _off_zero(core, u, b)
    here = _lower_monotone(core, env, at, b)
    change = _beyond_rounding(core, env, here, at, v, b)
    if at is not u:
        change = b.select(
            b.compare("lt", b.call("abs", at), b.const(NORMAL)), _beyond_subnormal(core, env, here, at, v, b), change
        )
    return _flat_at_ends(core, env, b.add(here.log_det, change), v, b)


def _flat_at_ends(core: MonotoneCore, env: Env, log_det: Var, v: Var, b: Builder) -> Var:
    """`log_det`, and -oo at the values of those ends of the domain where f' is zero: of what is left of a slope such
    as exp(u) - 1 next to zero no limit can be told."""
    lo, hi = core.image.lo, core.image.hi
    for end, increasing, decreasing in ((core.where.lo, lo, hi), (core.where.hi, hi, lo)):
        if _is_flat_at(core, end):
            level = by_sign_of(core.direction, lower(increasing, env, b), lower(decreasing, env, b), env, b)
            log_det = b.select(b.compare("ne", v, level), log_det, b.const(-math.inf))
    return log_det


def _is_flat_at(core: MonotoneCore, end: sp.Expr) -> bool:
    """Whether the slope at a number is zero, as far as its formula without parameters tells."""
    expr = core.forward(_IN)
    if not end.is_number or end.is_infinite or not expr.free_symbols <= {_IN}:
        return False
    slope_there = expr.diff(_IN).xreplace({_IN: end})
    if slope_there.has(sp.nan, sp.zoo, sp.oo, sp.Derivative, sp.Subs):
        return False
    return bool(abs(evaluate(slope_there, {}, 2000)) < 2.0**-1000)


_SMALLEST = 5e-324


def _off_zero(core: MonotoneCore, u: Var, b: Builder) -> Var:
    """`u`, or the double next to zero where u is zero, an end of the domain that the preimage itself does not reach."""
    if core.where.lo == 0:
        return b.call("max", u, b.const(_SMALLEST))
    return b.call("min", u, b.const(-_SMALLEST)) if core.where.hi == 0 else u


def _beyond_subnormal(core: MonotoneCore, env: Env, here: Lowered, u: Var, v: Var, b: Builder) -> Var:
    """What log|f'| changes by from `u` to the preimage next to zero, of which subnormal numbers have hardly a digit.

    There f' is close to c u^s, and f to f(u) + u f'(u) ((u*/u)^(1 + s) - 1)/(1 + s): solved for log(u*/u), times s.
    """
    steps = 40
    far = _lower_monotone(core, env, b.mul(u, b.const(2.0**steps)), b).log_det
    s = b.mul(b.sub(far, here.log_det), b.const(1 / (steps * math.log(2))))
    sign = lower(sp.sign(core.direction) * (1 if core.where.lo == 0 else -1), env, b)
    size = b.call("exp", b.add(here.log_det, b.call("log", b.call("abs", u))))  # u f'
    ratio = b.div(b.sub(v, here.value), b.mul(sign, size))
    power = b.add(s, b.const(1.0))
    power = b.select(b.compare("lt", b.call("abs", power), b.const(1e-12)), b.const(0.0), power)  # a logarithm
    left = b.div(v, here.value)  # of a pure power, where it is small: 1 + power*ratio would have lost it
    left = b.select(b.compare("ge", left, b.const(0.0)), left, b.const(1.0))
    small = b.compare("lt", left, b.const(0.5))
    known = b.compare("lt", b.call("abs", v), b.const(math.inf))  # the preimage of an infinity is 0
    # no way may be singular where another is taken
    direct = b.div(b.call("log", b.select(small, left, b.const(1.0))), power)
    moved = b.call("log1p_scaled", b.select(small, b.const(0.0), b.select(known, ratio, b.const(0.0))), power)
    shift = b.select(known, b.select(small, direct, moved), b.const(-math.inf))
    shift = b.select(b.compare("ne", v, _value_at_zero(core, env, b)), shift, b.const(-math.inf))
    flat = b.compare("lt", b.call("abs", s), b.const(1e-12))
    return b.select(flat, b.const(0.0), b.mul(s, shift))


def _value_at_zero(core: MonotoneCore, env: Env, b: Builder) -> Var:
    """What the core tends to at zero, an end of its domain."""
    lo, hi = (lower(end, env, b) for end in (core.image.lo, core.image.hi))
    return by_sign_of(core.direction, *((lo, hi) if core.where.lo == 0 else (hi, lo)), env, b)


def _beyond_rounding(core: MonotoneCore, env: Env, here: Lowered, u: Var, v: Var, b: Builder) -> Var:
    """What log|f'| changes by from `u`, the nearest double, to the preimage itself, which is (v - f(u))/f'(u) further:
    a law far from zero and narrow has few doubles, and log|f'| changes much from one to the next."""
    (steepness,) = gradient(b, here.log_det, [u])
    size = b.mul(lower(sp.sign(core.direction), env, b), b.call("exp", here.log_det))
    change = b.mul(steepness, b.div(b.sub(v, here.value), size))
    small = b.compare("lt", b.call("abs", change), b.const(2.0**-10))  # beyond that f(u) is all rounding, or infinite
    return b.select(small, change, b.const(0.0))


def _lower_root(core: MonotoneCore, env: Env, v: Var, b: Builder) -> Var:
    """The u with f(u) = v, as one `root` operation that carries f and f' as a sub-program."""
    symbols = sorted({s for s in _parameter_symbols(core) if s in env}, key=lambda s: s.name)
    names = tuple(f"p{i}" for i in range(len(symbols)))
    inner = Builder(b.accurate)
    u = inner.input("x")
    inner_env = {s: inner.input(n) for s, n in zip(symbols, names, strict=True)}
    ops = _Numeric(inner_env, inner)
    value, terms = walk((core.part,), u, ops)
    if core.derivative is not None:
        size = inner.call("abs", lower(core.derivative, inner_env | {POINT: u}, inner))
    elif core.aligned:
        size = inner.call("exp", log_slope(terms, True, ops))
    else:
        size = inner.call("abs", slope(terms, ops))
    value, size = leading_value_and_size(core, u, value, size, inner)
    if core.near is not None:
        value = near_centre(core.near, u, value, inner)
        size = slope_near_centre(core.near, u, size, inner)
    sign = core.direction if isinstance(core.direction, int) else None
    direction = inner.const(sign) if sign else inner.call("sign", lower(core.direction, inner_env, inner))
    size = inner.select(inner.compare("ge", size, inner.const(0.0)), size, inner.const(0.0))  # it may be oo - oo
    steep = inner.mul(direction, size)  # of the right sign also where it is zero
    program = inner.finish([value, steep], ("x", *names))
    lo, hi = (lower(end, env, b) for end in (core.where.lo, core.where.hi))
    u = b.emit("root", v, lo, hi, *(env[s] for s in symbols), data=RootSolver(program))
    # an end of the image is reached at the end of the domain only, though rounding makes f reach it earlier
    for end, kind, increasing, decreasing in ((core.image.lo, "le", lo, hi), (core.image.hi, "ge", hi, lo)):
        if not (end.is_infinite and end.is_number):
            at_end = by_sign_of(core.direction, increasing, decreasing, env, b)
            u = b.select(b.compare(kind, v, lower(end, env, b)), at_end, u)
    return _rounded_to_zero(core, env, u, v, b) if b.accurate else u


def _rounded_to_zero(core: MonotoneCore, env: Env, u: Var, v: Var, b: Builder) -> Var:
    """`u`, or zero where that is the end of the domain and closer to the preimage of `v` than the double next to it.

    The bound is f(s) - (f(2 s) - f(s)) for the smallest double s: where f is like a logarithm there, that is f(s/2).
    """
    side = 1.0 if core.where.lo == 0 else -1.0
    if 0 not in (core.where.lo, core.where.hi):
        return u
    if core.forward(_IN).free_symbols - {_IN} and not _image_of_zero(core).is_infinite:
        return u  # a bound that each call would compute, for outputs next to a finite end only
    near, next_one = (_value_at(core, env, side * size, b) for size in (_SMALLEST, 2 * _SMALLEST))
    bound = b.sub(near, b.sub(next_one, near))
    zero = b.const(math.copysign(0.0, side))
    below, above = (b.select(b.compare(kind, v, bound), zero, u) for kind in ("lt", "gt"))
    return by_sign_of(core.direction, *((below, above) if side > 0 else (above, below)), env, b)


def _image_of_zero(core: MonotoneCore) -> sp.Expr:
    """What the core tends to at zero, an end of its domain; NaN if its direction depends on parameters."""
    if not isinstance(core.direction, int):
        return sp.nan
    return core.image.lo if (core.where.lo == 0) == (core.direction > 0) else core.image.hi


def _value_at(core: MonotoneCore, env: Env, u: float, b: Builder) -> Var:
    """The core at a number, from its formula if no parameters are in it."""
    expr = core.forward(_IN)
    if expr.free_symbols <= {_IN}:
        return b.const(float(settled(expr, {_IN.name: u})))  # not of a fraction, whose powers are long
    return walk((core.part,), b.const(u), _Numeric(env, b))[0]


def _parameter_symbols(core: MonotoneCore) -> set[Any]:
    found = core.forward(_IN).free_symbols - {_IN}
    if not isinstance(core.direction, int):
        found |= core.direction.free_symbols
    return found


def lower_pieces(core: PiecewiseCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The piece that `u` belongs to. Each piece computes on its own interval only: what is not selected must not
    overflow, since in the reverse sweep its derivative is multiplied by zero."""
    return _chosen(core, core.pieces, env, u, b, lower_chain)


def lower_pieces_inverse(core: PiecewiseCore, env: Env, v: Var, b: Builder) -> Lowered:
    """The input of the piece that `v` belongs to, and log|dv/du| there."""
    inverted = core.inverted
    return _chosen(inverted, core.pieces[:: core.direction], env, v, b, lower_inverse).reciprocal(b)


def _chosen(core: PiecewiseCore, pieces: tuple[Chain, ...], env: Env, u: Var, b: Builder, along: Any) -> Lowered:
    breaks = [lower(point, env, b) for point in core.breaks]
    inside = [b.compare("le" if own else "lt", u, point) for point, own in zip(breaks, core.below, strict=True)]
    made = []
    for k, piece in enumerate(pieces):
        at = u if k == len(breaks) else b.select(inside[k], u, breaks[k])
        at = b.select(inside[k - 1], breaks[k - 1], at) if k > 0 else at
        if u.index in b.sizes:
            b.sizes[at.index] = b.sizes[u.index]  # of what has left the range of doubles, as no break has
        made.append(along(piece, env, at, b))
    value, log_det = made[-1].value, made[-1].log_det
    for condition, step in zip(inside[::-1], made[-2::-1], strict=True):
        value, log_det = b.select(condition, step.value, value), b.select(condition, step.log_det, log_det)
    note_choice(value, inside, [step.value for step in made], b)
    return Lowered(value, log_det)


def _floor(core: FloorCore, env: Env, u: Var, b: Builder) -> Lowered:
    return (lower_floor_inverse if core.inverted else lower_floor)(core, env, u, b)


def _floor_inverse(core: FloorCore, env: Env, v: Var, b: Builder) -> Lowered:
    return (lower_floor if core.inverted else lower_floor_inverse)(core, env, v, b).reciprocal(b)


def _numeric_inverse(item: NumericInverse, env: Env, u: Var, b: Builder) -> Lowered:
    return lower_link_inverse(item.core, env, u, b).reciprocal(b)


def _core_again(item: NumericInverse, env: Env, v: Var, b: Builder) -> Lowered:
    return lower_link(item.core, env, v, b).reciprocal(b)


def lower_spline(core: SplineCore, env: Env, u: Var, b: Builder) -> Lowered:
    """The spline at `u`: the numbers of its bin are chosen first, so that one bin is computed."""
    x, y = ([lower(e, env, b) for e in ends] for ends in (core.knots, core.values))
    widths, heights = ([lower(e, env, b) for e in steps(ends)] for ends in (core.knots, core.values))
    shapes = [[lower(e, env, b) for e in shape] for shape in core.shapes]
    steep = [b.call("log", h / w) for w, h in zip(widths, heights, strict=True)]
    table = [(x[k], widths[k], y[k], heights[k], *shapes[k], steep[k]) for k in range(len(shapes))]
    chosen = list(table[0])
    for k in range(1, len(table)):
        beyond = b.compare("ge", u, x[k])
        chosen = [b.select(beyond, new, old) for new, old in zip(table[k], chosen, strict=True)]
    left, width, bottom, height, shape_a, shape_b, log_steep = chosen
    below, above = b.compare("lt", u, x[0]), b.compare("gt", u, x[-1])
    inside = b.select(below, x[0], b.select(above, x[-1], u))
    t = b.call("min", (inside - left) / width, b.const(1.0))
    along = lower_inverse if core.inverted else lower_chain
    step = along(core.g, env | {A: shape_a, B: shape_b}, t, b)
    value, log_det = bottom + height * step.value, log_steep + step.log_det
    if core.tails:
        # what the knots and the values have in common is taken away before anything is rounded
        drops = [lower(sp.expand(core.values[k] - core.knots[k]), env, b) for k in (0, -1)]
        value = b.select(below, u + drops[0], b.select(above, u + drops[1], value))
        log_det = b.select(below, b.const(0.0), b.select(above, b.const(0.0), log_det))
    return Lowered(value, log_det)


def lower_spline_inverse(core: SplineCore, env: Env, v: Var, b: Builder) -> Lowered:
    """The u that the spline maps to `v`, and log|dv/du| there."""
    return lower_spline(core.inverse(), env, v, b).reciprocal(b)  # type: ignore[arg-type]


def _row(core: OnInterval, env: Env, u: Var, b: Builder) -> Lowered:
    return lower_link(core.link, env, u, b)


def _row_inverse(core: OnInterval, env: Env, v: Var, b: Builder) -> Lowered:
    return lower_link_inverse(core.link, env, v, b)


# The lowering of each core, and that of its inverse.
CORES: dict[type[Link], tuple[Callable[..., Lowered], Callable[..., Lowered]]] = {
    MonotoneCore: (lower_monotone, lower_monotone_inverse),
    OnInterval: (_row, _row_inverse),
    NumericInverse: (_numeric_inverse, _core_again),
    SplineCore: (lower_spline, lower_spline_inverse),
    PiecewiseCore: (lower_pieces, lower_pieces_inverse),
    ExtremeCore: (lower_extreme, lower_extreme_inverse),
    FloorCore: (_floor, _floor_inverse),
}
