"""Lowering: sympy expressions and chains → operations of a `Builder`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from symbij.calculus.chain import Chain, FloorCore, Link, NumericInverse, SumCore
from symbij.calculus.rules import log_constant
from symbij.calculus.table import KERNEL_NAME
from symbij.calculus.truth import constant
from symbij.formula import functions as fn
from symbij.program.ir import Builder, RootSolver, Var

Env = dict[sp.Symbol, Var]

_RELATIONS = {sp.StrictLessThan: "lt", sp.LessThan: "le", sp.StrictGreaterThan: "gt", sp.GreaterThan: "ge", sp.Ne: "ne"}
_MULTIPLIED_OUT = 4  # integer powers up to this one are products: u*u*u is off by one rounding a factor at most


def lower(expr: sp.Expr, env: Env, b: Builder) -> Var:
    """The value of `expr` with its symbols bound by `env`."""
    expr = sp.sympify(expr)
    if isinstance(expr, sp.Symbol):
        return env[expr]
    if expr.is_infinite and expr.is_number:
        return b.const(float("inf") if expr.is_extended_positive else float("-inf"))
    if expr.is_number:
        return b.const(constant(expr))
    if isinstance(expr, sp.Add):
        return _lower_sum(expr, env, b)
    if isinstance(expr, sp.Mul):
        return _lower_product(expr, env, b)
    if isinstance(expr, sp.Pow):
        return _lower_power(expr.base, expr.exp, env, b)
    if isinstance(expr, sp.Piecewise):
        value = lower(expr.args[-1][0], env, b)
        if expr.args[-1][1] != True:  # noqa: E712  (a sympy boolean)
            value = b.select(lower_relation(expr.args[-1][1], env, b), value, b.const(float("nan")))
        for piece, condition in reversed(expr.args[:-1]):
            value = b.select(lower_relation(condition, env, b), lower(piece, env, b), value)
        return value
    if isinstance(expr, (sp.Max, sp.Min)):
        name = "max" if isinstance(expr, sp.Max) else "min"
        value, *rest = (lower(a, env, b) for a in expr.args)
        for other in rest:
            value = b.call(name, value, other)
        return value
    if isinstance(expr, sp.LambertW):
        return b.call("lambertw", lower(expr.args[0], env, b))
    if expr.func in KERNEL_NAME or isinstance(expr, (fn.odd_root, fn.moebius)):
        name = KERNEL_NAME.get(expr.func, expr.func.__name__)
        return b.call(name, *(lower(a, env, b) for a in expr.args))
    raise NotImplementedError(f"no kernel for {expr.func.__name__}")


def lower_relation(relation: sp.Basic, env: Env, b: Builder) -> Var:
    """The truth value of a comparison of two expressions."""
    return b.compare(_RELATIONS[type(relation)], lower(relation.lhs, env, b), lower(relation.rhs, env, b))


def _lower_sum(expr: sp.Add, env: Env, b: Builder) -> Var:
    """Positive terms first, so that negative ones are subtractions."""
    positive = [a for a in expr.args if not a.could_extract_minus_sign()]
    negative = [a for a in expr.args if a.could_extract_minus_sign()]
    if not positive:
        return b.neg(_lower_sum_of([-a for a in negative], env, b))
    total = _lower_sum_of(positive, env, b)
    for term in negative:
        total = b.sub(total, lower(-term, env, b))
    return total


def _lower_sum_of(terms: list[sp.Expr], env: Env, b: Builder) -> Var:
    total = lower(terms[0], env, b)
    for term in terms[1:]:
        total = b.add(total, lower(term, env, b))
    return total


def _lower_product(expr: sp.Mul, env: Env, b: Builder) -> Var:
    factor, square = expr.as_coeff_Mul()
    if isinstance(square, sp.Pow) and square.exp == 2 and 0 < abs(factor) < 1:  # u^2 may overflow where u^2/2 does not
        u = lower(square.base, env, b)
        half = b.mul(b.mul(u, b.const(float(abs(factor)))), u)
        return half if factor > 0 else b.neg(half)
    numerator, denominator = sp.fraction(expr, exact=True)
    if denominator != 1:
        return b.div(lower(numerator, env, b), lower(denominator, env, b))
    factors = list(expr.args)
    if factors[0].is_number and factors[0].is_negative and len(factors) > 1:
        return b.neg(lower(sp.Mul(-factors[0], *factors[1:]), env, b))
    total = lower(factors[0], env, b)
    for factor in factors[1:]:
        total = b.mul(total, lower(factor, env, b))
    return total


def _lower_power(base: sp.Expr, exponent: sp.Expr, env: Env, b: Builder) -> Var:
    u = lower(base, env, b)
    if exponent.is_negative and exponent.is_Rational:
        return b.div(b.const(1.0), _lower_power(base, -exponent, env, b))
    if exponent.is_Integer and exponent <= _MULTIPLIED_OUT:
        return _repeated_product(u, int(exponent), b)
    if exponent == sp.Rational(1, 2):
        return b.call("sqrt", u)
    if exponent.is_Rational and exponent.q > 1 and exponent.p <= _MULTIPLIED_OUT and exponent.q % 2 == 1:
        root = b.select(
            b.compare("ge", u, b.const(0.0)), b.call("odd_root", u, b.const(exponent.q)), b.const(float("nan"))
        )
        return _repeated_product(root, int(exponent.p), b)  # a rounded exponent would cost up to 100 ulp
    if base == _HALF_LINE:
        if exponent.is_Pow and exponent.exp == -1:
            return b.call("rootr", u, lower(exponent.base, env, b))  # whose exponent 1/p does not round
        return b.call("powr", u, lower(exponent, env, b))
    return b.call("pow", u, lower(exponent, env, b))


def _repeated_product(u: Var, n: int, b: Builder) -> Var:
    if n == 1:
        return u
    half = _repeated_product(u, n // 2, b)
    squared = b.mul(half, half)
    return b.mul(squared, u) if n % 2 else squared


@dataclass(frozen=True)
class Lowered:
    """Value and log|derivative| of a chain or link at a point; of a link, without the part `constant` of it that
    depends on parameters alone: the constants of a chain are added up symbolically, where opposite ones cancel."""

    value: Var
    log_det: Var
    constant: sp.Expr = sp.S.Zero

    def reciprocal(self, b: Builder) -> Lowered:
        """The same value with the log|derivative| of the opposite direction."""
        return Lowered(self.value, b.neg(self.log_det), -self.constant)


def lower_chain(chain: Chain, env: Env, u: Var, b: Builder) -> Lowered:
    """The chain at its input `u`, with its log|derivative| in input forms."""
    total, constant = b.const(0.0), sp.S.Zero
    for item in chain:
        step = lower_link(item, env, u, b)
        total, constant = b.add(total, step.log_det), constant + step.constant
        u = step.value
    return Lowered(u, b.add(total, lower(log_constant(constant), env, b)))


def lower_inverse(chain: Chain, env: Env, v: Var, b: Builder) -> Lowered:
    """The inverse of the chain at `v`, with its log|derivative| in output forms."""
    total, constant = b.const(0.0), sp.S.Zero
    for item in reversed(chain):
        step = lower_link_inverse(item, env, v, b)
        total, constant = b.sub(total, step.log_det), constant - step.constant
        v = step.value
    return Lowered(v, b.add(total, lower(log_constant(constant), env, b)))


# Inputs and outputs of links: never the same as a user's parameter.
_IN, _OUT, _HALF_LINE = sp.Dummy("u", real=True), sp.Dummy("v", real=True), sp.Dummy("u", nonnegative=True)


def lower_link(item: Link, env: Env, u: Var, b: Builder) -> Lowered:
    """Value of the link at `u` and log|dv/du|."""
    if isinstance(item, FloorCore):
        return (_lower_floor_inverse if item.inverted else _lower_floor)(item, env, u, b)
    if isinstance(item, SumCore):
        return _lower_sum_core(item, env, u, b)
    if isinstance(item, NumericInverse):
        return lower_link_inverse(item.core, env, u, b).reciprocal(b)
    u = _unsigned_zero(item, u, b)
    point = _HALF_LINE if item.name == "power" else _IN
    inner = env | {point: u}
    v = lower(item.forward(point), inner, b)
    return _with_log_det(v, item.log_det_u(point, _OUT), inner | {_OUT: v}, b)


def lower_link_inverse(item: Link, env: Env, v: Var, b: Builder) -> Lowered:
    """Input `u` of the link for its output `v`, and log|dv/du| there."""
    if isinstance(item, FloorCore):
        return (_lower_floor if item.inverted else _lower_floor_inverse)(item, env, v, b).reciprocal(b)
    if isinstance(item, SumCore):
        u = _lower_root(item, env, v, b)
        return Lowered(u, _lower_sum_core(item, env, u, b).log_det)
    if isinstance(item, NumericInverse):
        return lower_link(item.core, env, v, b)
    v = _unsigned_zero(item, v, b)
    inner = env | {_OUT: v}
    inverse = item.inverse()
    point = _HALF_LINE if inverse.name == "power" else _OUT
    u = lower(inverse.forward(point), inner | {point: v}, b)
    return _with_log_det(u, item.log_det_v(_IN, _OUT), inner | {_IN: u}, b)


def _unsigned_zero(item: Link, u: Var, b: Builder) -> Var:
    """`u`, with -0.0 made 0.0 where its reciprocal may be taken: on a half-line zero is its end, never approached from
    the other side. (Emitted as it is: the builder would drop the addition of zero.)"""
    return b.emit("add", u, b.const(0.0)) if item.name in ("power", "reciprocal") else u


def _with_log_det(value: Var, log_det: sp.Expr, env: Env, b: Builder) -> Lowered:
    constant, varying = sp.expand(log_det, deep=False).as_independent(_IN, _HALF_LINE, _OUT, as_Add=True)
    return Lowered(value, lower(varying, env, b), constant)


# Height above or below an edge beyond which a step is computed from its centre: there the centre's cancellation, one
# unit of rounding in 1/32, is below the edge's, whose distance from x is rounded and enters with the slope of the step.
_CENTRAL = 1 / 32
_SIGMOID_CENTRAL = math.log(2.0)  # where the function `sigmoid_step` goes from the centre to the edge


def _lower_floor(core: FloorCore, env: Env, u: Var, b: Builder) -> Lowered:
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


def _lower_floor_inverse(core: FloorCore, env: Env, v: Var, b: Builder) -> Lowered:
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


def _lower_sum_core(core: SumCore, env: Env, u: Var, b: Builder) -> Lowered:
    parts = [lower_chain(term, env, u, b) for term in core.terms]
    value, log_det = parts[0].value, parts[0].log_det
    for part in parts[1:]:
        value = b.add(value, part.value)
        log_det = b.call("logaddexp", log_det, part.log_det)
    return Lowered(value, log_det)


def _lower_root(core: SumCore, env: Env, v: Var, b: Builder) -> Var:
    """The u with f(u) = v, as one `root` operation that carries f and |f'| as a sub-program."""
    symbols = sorted({s for s in _parameter_symbols(core) if s in env}, key=lambda s: s.name)
    names = tuple(f"p{i}" for i in range(len(symbols)))
    inner = Builder()
    u = inner.input("x")
    inner_env = {s: inner.input(n) for s, n in zip(symbols, names, strict=True)}
    at_u = _lower_sum_core(core, inner_env, u, inner)
    sign = core.direction if isinstance(core.direction, int) else None
    direction = inner.const(sign) if sign else inner.call("sign", lower(core.direction, inner_env, inner))
    slope = inner.mul(direction, inner.call("exp", at_u.log_det))
    program = inner.finish([at_u.value, slope], ("x", *names))
    lo, hi = (lower(end, env, b) for end in (core.where.lo, core.where.hi))
    u = b.emit("root", v, lo, hi, *(env[s] for s in symbols), data=RootSolver(program))
    # an end of the image is reached at the end of the domain only, though rounding makes f reach it earlier
    for end, kind, increasing, decreasing in ((core.image.lo, "le", lo, hi), (core.image.hi, "ge", hi, lo)):
        if not (end.is_infinite and end.is_number):
            at_end = by_sign_of(core.direction, increasing, decreasing, env, b)
            u = b.select(b.compare(kind, v, lower(end, env, b)), at_end, u)
    return u


def by_sign_of(sign: int | sp.Expr, if_positive: Var, if_negative: Var, env: Env, b: Builder) -> Var:
    """One of two values, by the sign of a direction that may depend on parameters."""
    if isinstance(sign, int):
        return if_positive if sign > 0 else if_negative
    return b.select(b.compare("gt", lower(sign, env, b), b.const(0.0)), if_positive, if_negative)


def _parameter_symbols(core: SumCore) -> set[sp.Symbol]:
    found = core.forward(_IN).free_symbols - {_IN}
    if not isinstance(core.direction, int):
        found |= core.direction.free_symbols
    return found  # type: ignore[return-value]
