"""Values that under- or overflow between two links: the next link takes their logarithm instead.

ndtr(-50) is zero in doubles, so that of asin(ndtr(u))'s log-det -log1msq(v)/2 and the like nothing would be left; its
logarithm, log_ndtr(-50), is as good as any number. `far_forms` holds the logarithms of the values of functions, and
what functions make of them. Only programs that are not differentiated do this: in a reverse sweep the derivative of
what is not selected is multiplied by zero, and it may be infinite here.
"""

from __future__ import annotations

import math
from dataclasses import replace

import sympy as sp

from symbij.calculus.chain import RowLink
from symbij.calculus.parameter_forms import log_constant
from symbij.program.far_forms import FAR, PASSED, SIZES, Log
from symbij.program.ir import Builder, Size, Var
from symbij.program.lower import Env, Lowered, lower

NORMAL, LARGEST = 2.0**-1022, math.nextafter(math.inf, 0.0)
_IN, _LOG = sp.Dummy("u", real=True), sp.Dummy("v", real=True)


def by_logarithm(item: RowLink, env: Env, u: Var, step: Lowered, sign: int, b: Builder) -> Lowered:
    """`step`, which is `item` at `u`, with what the logarithm of `u` says where `u` itself is not known; notes the
    logarithm of the result. `sign` is -1 if the log-derivative of `step` is that of the inverse of `item`."""
    if not b.accurate:
        return step
    known = b.sizes.get(u.index)
    if known is not None:
        step = _far(item, env, u, known, step, sign, b)
    formulas = SIZES.get(item.name) if known is None else PASSED.get(item.name, SIZES.get(item.name))
    if formulas is None or (known is None and _is_root(item)) or b.value_of(step.value) is not None:
        return step
    log = logarithm(u, known, b)
    low, high = (None if pair is None else _pair(item, pair, env, u, log, b) for pair in formulas)
    if known is not None and item.name not in SIZES:  # which pass on what there is
        low, high = known.low and low, known.high and high
    if known is not None and item.name in ("scale", "divide") and abs(item.args[0]) != 1:
        step = replace(step, value=_back_in_range(step.value, u, known, low, high, b))
    if low is not None or high is not None:
        b.sizes[step.value.index] = Size(low, high)
    return step


def _back_in_range(
    value: Var, u: Var, known: Size, low: tuple[Var, Var] | None, high: tuple[Var, Var] | None, b: Builder
) -> Var:
    """`value`, a multiple of `u` with the logarithm `low` or `high` where `u` has left the range of normal doubles,
    computed from that logarithm where the multiple is within the range again."""
    size = b.call("abs", u)
    for log, (_, kind, bound) in zip((low, high), beyond_doubles(known), strict=True):
        if log is None:
            continue
        whole = b.add(*log)
        inside, magnitude = b.compare(kind, size, b.const(bound)), b.call("exp", whole)
        for relation, end in (("gt", NORMAL), ("lt", LARGEST)):
            magnitude = b.select(b.compare(relation, whole, b.const(math.log(end))), magnitude, b.call("abs", value))
        side = b.div(b.const(1.0), value) if kind == "lt" else value  # a zero has a sign
        signed = b.select(b.compare("gt", side, b.const(0.0)), magnitude, b.neg(magnitude))
        value = b.select(inside, signed, value)
    return value


def total_of(parts: list[Var], offsets: list[Var], b: Builder) -> Var:
    """The sum of the parts, and of the offsets last; with what each addition rounds away where there are offsets, since
    next to main parts that cancel, of 1e80, nothing would be left of the other parts."""
    total, rest = b.const(0.0), b.const(0.0)
    for part in parts:
        before, total = total, b.add(total, part)
        if offsets:
            back = b.sub(total, before)
            lost = b.add(b.sub(before, b.sub(total, back)), b.sub(part, back))
            finite = b.compare("lt", b.call("abs", total), b.const(math.inf))
            rest = b.add(rest, b.select(finite, lost, b.const(0.0)))
    for offset in offsets:
        rest = b.add(rest, offset)
    return b.add(total, rest)


def note_choice(value: Var, inside: list[Var], steps: list[Var], b: Builder) -> None:
    """Note the logarithm of a `value` that is that of one of `steps`, by conditions that hold up to one each."""
    sizes = [b.sizes.get(step.index, Size(None, None)) for step in steps]
    chosen: list[tuple[Var, Var] | None] = []
    for k in (0, 1):
        if all(size[k] is None for size in sizes):
            chosen.append(None)
            continue
        pairs = [size[k] or logarithm(step, None, b) for size, step in zip(sizes, steps, strict=True)]
        main, offset = pairs[-1]
        for condition, pair in zip(inside[::-1], pairs[-2::-1], strict=True):
            main, offset = b.select(condition, pair[0], main), b.select(condition, pair[1], offset)
        chosen.append((main, offset))
    if any(chosen):
        b.sizes[value.index] = Size(*chosen)


def _is_root(item: RowLink) -> bool:
    """Whether a power is a root, which leaves the range of doubles for no input."""
    return item.name == "power" and item.args[0].is_number and bool(abs(item.args[0]) <= 1)


def logarithm(u: Var, known: Size | None, b: Builder) -> tuple[Var, Var]:
    """log|u| as main part and offset, in the ways known."""
    size = b.call("abs", u)
    log, offset = b.call("log", size), b.const(0.0)
    for pair, kind, bound in beyond_doubles(known or Size(None, None)):
        if pair is not None:
            beyond = b.compare(kind, size, b.const(bound))
            log, offset = b.select(beyond, pair[0], log), b.select(beyond, pair[1], offset)
    return log, offset


def beyond_doubles(known: Size) -> tuple[tuple[tuple[Var, Var] | None, str, float], ...]:
    """What is known of a logarithm, and the comparison of a size that tells where it is needed."""
    return (known.low, "lt", NORMAL), (known.high, "gt", LARGEST)


def _far(item: RowLink, env: Env, u: Var, known: Size, step: Lowered, sign: int, b: Builder) -> Lowered:
    size = b.call("abs", u)
    for (log, kind, bound), formulas in zip(beyond_doubles(known), FAR.get(item.name, (None, None)), strict=True):
        if log is None or formulas is None:
            continue
        beyond = b.compare(kind, size, b.const(bound))
        whole = b.add(*log)
        value = step.value
        if formulas[0] is not None:
            value = b.select(beyond, _lower(item, formulas[0], env, u, whole, b), value)
        times, rest = (_lower(item, text, env, u, whole, b) for text in formulas[1:])
        main, offset = b.mul(times, log[0]), b.add(b.mul(times, log[1]), rest)
        if sign < 0:
            main, offset = b.neg(main), b.neg(offset)
        offset = b.sub(offset, lower(log_constant(step.constant), env, b))
        offset = b.select(beyond, offset, step.offset or b.const(0.0))
        step = Lowered(value, b.select(beyond, main, step.log_det), step.constant, offset)
    return step


def _pair(item: RowLink, texts: Log, env: Env, u: Var, log: tuple[Var, Var], b: Builder) -> tuple[Var, Var]:
    main, times, rest = (_lower(item, text, env, u, log[0], b) for text in texts)
    return main, rest if b.value_of(times) == 0 else b.add(b.mul(times, log[1]), rest)


def _lower(item: RowLink, text: str, env: Env, u: Var, log: Var, b: Builder) -> Var:
    return lower(item.row.formula(text, _IN, _LOG, item.args), env | {_IN: u, _LOG: log}, b)
