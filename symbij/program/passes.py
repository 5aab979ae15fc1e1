"""Programs → programs that compute the same with less. Done on programs, so that every kernel made of one computes the
same."""

from __future__ import annotations

from symbij.program.ir import Builder, Op, Program, Var, without_unused


def contracted(program: Program) -> Program:
    """The program with `fma` (a b + c), `fms` (a b - c) and `fnma` (c - a b) in place of sums with a product that
    nothing else needs. A product of parameters stays outside the loop over x."""
    varying = program.depends_on("x")
    uses = [0] * len(program.ops)
    for index in (*(a for op in program.ops for a in op.args), *program.outputs):
        uses[index] += 1
    made: list[Op] = []
    for index, op in enumerate(program.ops):
        made.append(op)
        if op.name not in ("add", "sub"):
            continue
        for place, name in enumerate(("fma", "fma") if op.name == "add" else ("fms", "fnma")):
            product = op.args[place]
            if program.ops[product].name == "mul" and uses[product] == 1 and varying[product] == varying[index]:
                made[index] = Op(name, (*program.ops[product].args, op.args[1 - place]))
                break
    return without_unused(made, program.inputs, program.outputs)


def unrounded(program: Program) -> Program:
    """The program with log1p(u) in place of log(1 + u): next to u = 0 the sum has lost the digits of u."""
    made: list[Op] = []
    for op in program.ops:
        other = _beside(program, op.args[0], 1.0) if op.name == "log" else None
        made.append(op if other is None else Op("log1p", (other,)))
    return without_unused(made, program.inputs, program.outputs)


def _beside(program: Program, index: int, number: float) -> int | None:
    """The other term of a sum of which one is this number, whatever zero was added to it for the sign of zero."""
    op = program.ops[index]
    if op.name != "add":
        return None
    for term, other in (op.args, op.args[::-1]):
        if program.ops[term].name == "const":
            data = program.ops[term].data
            return other if data == number else _beside(program, other, number) if data == 0.0 else None
    return None


def economised(program: Program) -> Program:
    """The program with fewer divisions and exponentials, for a few roundings more.

    x*(1/p) for x/p where p does not depend on x (and is not subnormal, when 1/p would be infinite). Where sinh(u) is at
    hand, cosh(u) = sqrt(1 + sinh(u)^2), tanh(u) = sinh(u)/cosh(u) and log(cosh(u)) = log(1 + sinh(u)^2)/2.
    """
    varying = program.depends_on("x")
    b = Builder()
    made: list[Var] = []
    sinh: dict[int, Var] = {}  # by the operation of the argument
    for op in program.ops:
        args = [made[a] for a in op.args]
        if op.name == "div" and varying[op.args[0]] and not varying[op.args[1]]:
            value = b.mul(args[0], b.div(b.const(1.0), args[1]))
        elif op.name in ("cosh", "tanh", "logcosh") and op.args[0] in sinh:
            s = sinh[op.args[0]]
            value = b.call("loghypot1", s) if op.name == "logcosh" else _hypot1(s, b)
            if op.name == "tanh":
                value = b.div(s, value)
        else:
            value = b.emit(op.name, *args, data=op.data)
        if op.name == "sinh":
            sinh[op.args[0]] = value
        made.append(value)
    return b.finish([made[i] for i in program.outputs], program.inputs)


def _hypot1(s: Var, b: Builder) -> Var:
    """sqrt(1 + s^2)."""
    size = b.call("abs", s)
    moderate = b.compare("lt", size, b.const(_SQUARED))
    return b.select(moderate, b.call("sqrt", b.add(b.mul(s, s), b.const(1.0))), size)


_SQUARED = 1e150  # up to here squares do not overflow
