"""Reverse derivative: one sweep over the operations from an output back to the inputs."""

from __future__ import annotations

from collections.abc import Iterable

from symbij.calculus.elementary import ARGUMENTS, ELEMENTARY
from symbij.calculus.row import V
from symbij.program.ir import Builder, Op, Var, inline
from symbij.program.lower import lower

_NO_DERIVATIVE = {"lt", "le", "gt", "ge", "ne", "input", "const"}


def gradient(b: Builder, output: Var, wrt: list[Var], held: Var | None = None) -> list[Var]:
    """d output / d w for every w in `wrt`, appended to the builder of `output`; `held` counts as a constant."""
    reached = _reached_by(b, wrt, output.index)
    wanted = {w.index for w in ([*wrt] if held is None else [*wrt, held])}
    adjoint: dict[int, Var] = {output.index: b.const(1.0)}
    for index in range(output.index, -1, -1):
        if index not in adjoint or not reached[index]:
            continue
        op = b.ops[index]
        if op.name in _NO_DERIVATIVE or (held is not None and index == held.index):
            continue
        for argument, share in _received(b, op, Var(b, index), adjoint[index], reached, wanted):
            if share is not None and reached[argument]:
                adjoint[argument] = b.add(adjoint[argument], share) if argument in adjoint else share
    zero = b.const(0.0)
    return [adjoint.get(w.index, zero) for w in wrt]


def _reached_by(b: Builder, wrt: list[Var], last: int) -> list[bool]:
    """For every operation up to `last`, whether it depends on any of `wrt`."""
    sources = {w.index for w in wrt}
    reached: list[bool] = []
    for index, op in enumerate(b.ops[: last + 1]):
        reached.append(index in sources or any(reached[a] for a in op.args))
    return reached


def _received(
    b: Builder, op: Op, value: Var, bar: Var, reached: list[bool], wanted: set[int]
) -> Iterable[tuple[int, Var | None]]:
    """Operations on whose values `op` depends, and what each receives when the adjoint of `op` is `bar`; adjoints of
    the operations `wanted` are needed."""
    inner = b.ops[op.args[0]]
    if op.name == "log" and inner.name == "abs" and op.args[0] not in wanted:  # log|u| has the derivative 1/u
        return [(inner.args[0], b.div(bar, Var(b, inner.args[0])))]
    return zip(op.args, _shares(b, op, value, bar, reached), strict=True)


def _shares(b: Builder, op: Op, value: Var, bar: Var, reached: list[bool]) -> list[Var | None]:
    """What each operand of `op` receives when the operation's own adjoint is `bar`."""
    args = [Var(b, a) for a in op.args]
    match op.name:
        case "add":
            return [bar, bar]
        case "sub":
            return [bar, b.neg(bar)]
        case "mul" if op.args[0] == op.args[1]:
            return [b.mul(b.mul(bar, b.const(2.0)), args[0]), None]
        case "mul":
            return [b.mul(bar, args[1]), b.mul(bar, args[0])]
        case "div":
            over = b.div(bar, args[1])
            return [over, b.neg(b.mul(over, value))]
        case "neg":
            return [b.neg(bar)]
        case "select":
            zero = b.const(0.0)
            return [None, b.select(args[0], bar, zero), b.select(args[0], zero, bar)]
        case "root":
            return _root_shares(b, op, value, bar)
    env = dict(zip(ARGUMENTS, args, strict=False)) | {V: value}
    partials = ELEMENTARY[op.name].partials(ARGUMENTS[: len(args)], V)
    return [
        None if partial == 0 or not reached[argument.index] else b.mul(bar, lower(partial, env, b))
        for partial, argument in zip(partials, args, strict=True)
    ]


def _root_shares(b: Builder, op: Op, value: Var, bar: Var) -> list[Var | None]:
    """Implicit function theorem: f(u; p) = y gives du/dy = 1/f'(u) and du/dp = -(df/dp)/f'(u)."""
    parameters = [Var(b, a) for a in op.args[3:]]
    names = [f"p{i}" for i in range(len(parameters))]
    at_root, slope = inline(op.data.program, b, {"x": value} | dict(zip(names, parameters, strict=True)))
    share = b.div(bar, slope)
    partials = gradient(b, at_root, parameters, held=value) if parameters else []
    return [share, None, None, *(b.neg(b.mul(share, p)) for p in partials)]
