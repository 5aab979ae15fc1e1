"""Lowering of the leading terms that stand for a rational function far out, where its own terms are oo - oo or oo*0."""

from __future__ import annotations

import math

import sympy as sp

from symbij.calculus.cores import POINT, MonotoneCore
from symbij.calculus.leading import Leading, Monomial, leading_terms
from symbij.program.ir import Builder, Size, Var
from symbij.program.lower import Lowered, lower
from symbij.program.lower_far import LARGEST


def with_leading_terms(core: MonotoneCore, u: Var, step: Lowered, b: Builder) -> Lowered:
    """`step`, the function at `u`, also far out; notes the logarithm of the value."""
    leading = leading_terms(core)
    if leading is None or not b.accurate:
        return step
    beyond = _is_beyond(leading, u, b)
    log = b.call("log", b.call("abs", u))
    value = b.select(beyond, _power(leading.value, u, b), step.value)
    if leading.value.power > 0:
        plain = b.call("log", b.call("abs", value))
        main = b.select(beyond, b.mul(b.const(float(leading.value.power)), log), plain)
        offset = b.select(beyond, _log_coefficient(leading.value, b), b.const(0.0))
        b.sizes[value.index] = Size(None, (main, offset))
    slope = _log_coefficient(leading.slope, b)
    if leading.slope.power != 0:
        slope = b.add(b.mul(b.const(float(leading.slope.power)), log), slope)
    plain_slope = step.log_det
    if leading.change is not None:
        excess = lower(leading.change.exact, {POINT: u}, b)
        close = b.add(slope, b.call("log1p", excess))
        plain_slope = b.select(b.compare("lt", b.call("abs", excess), b.const(0.5)), close, plain_slope)
        slope = b.add(slope, _power(leading.change.leading, u, b))
    return Lowered(value, b.select(beyond, slope, plain_slope), step.constant, step.offset)


def leading_value_and_size(core: MonotoneCore, u: Var, value: Var, size: Var, b: Builder) -> tuple[Var, Var]:
    """`value` and `size`, f and |f'| at `u`, also far out."""
    leading = leading_terms(core)
    if leading is None or not b.accurate:
        return value, size
    beyond = _is_beyond(leading, u, b)
    slope = b.call("abs", _power(leading.slope, u, b))
    return b.select(beyond, _power(leading.value, u, b), value), b.select(beyond, slope, size)


def _is_beyond(leading: Leading, u: Var, b: Builder) -> Var:
    return b.compare("gt", b.call("abs", u), b.const(leading.beyond))


def _power(of: Monomial, u: Var, b: Builder) -> Var:
    """c u^k, multiplied up from c: u^k alone, or a part of it, may overflow or underflow where all of it does not."""
    value = b.const(float(of.coefficient))
    base = u if of.power > 0 else b.div(b.const(1.0), u)
    for _ in range(abs(of.power)):
        value = b.mul(value, base)
    return value


def _log_coefficient(of: Monomial, b: Builder) -> Var:
    return b.const(math.log(abs(sp.Float(of.coefficient, 30))))


def preimage_by_leading_term(
    leading: Leading, direction: int | sp.Expr, u: Var, v: Var, known: tuple[Var, Var], b: Builder
) -> Var:
    """`u`, the preimage of `v`, also where `v` is infinite, of `known` logarithm."""
    if leading.value.power < 2 or not isinstance(direction, int):
        return u  # it is infinite too
    log = b.sub(b.add(*known), _log_coefficient(leading.value, b))
    size = b.call("exp", b.div(log, b.const(float(leading.value.power))))
    signed = b.select(b.compare("gt", v, b.const(0.0)), b.const(float(direction)), b.const(-float(direction)))
    return b.select(b.compare("gt", b.call("abs", v), b.const(LARGEST)), b.mul(signed, size), u)
