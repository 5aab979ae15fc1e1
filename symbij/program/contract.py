"""Products and sums → fused multiply-adds, which round once; quotients by parameters → products. Done on the program,
so that every kernel made of it computes the same."""

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


def without_quotients_by_parameters(program: Program) -> Program:
    """The program with x*(1/p) for x/p where p does not depend on x: one rounding more, and one division for all x."""
    varying = program.depends_on("x")
    b = Builder()
    made: list[Var] = []
    for op in program.ops:
        args = [made[a] for a in op.args]
        if op.name == "div" and varying[op.args[0]] and not varying[op.args[1]]:
            made.append(b.mul(args[0], b.div(b.const(1.0), args[1])))
        else:
            made.append(b.emit(op.name, *args, data=op.data))
    return b.finish([made[i] for i in program.outputs], program.inputs)
