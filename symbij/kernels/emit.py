"""Programs → LLVM instructions, operation by operation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from llvmlite import ir
from numba.core.registry import cpu_target

from symbij.kernels.elementary import CALLED
from symbij.kernels.root import find_root
from symbij.kernels.values import F64, I1, I32, I64, Bool, Code, Int, Real, fma, select
from symbij.program.ir import Op, Program
from symbij.program.passes import contracted

LANES = 16  # numbers in a vector
COMPARISONS = ("lt", "le", "gt", "ge", "ne")
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "fma": fma,
    "fms": lambda a, b, c: fma(a, b, -c),
    "fnma": lambda a, b, c: fma(-a, b, c),
    "select": select,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "ne": lambda a, b: a.differs(b),
}

Emitted = dict[int, Any]  # values by the number of their operation


class Emitter:
    """Appends the operations of a program, as single numbers outside a loop and as vectors inside."""

    def __init__(self, program: Program) -> None:
        self.program = contracted(program)
        self.ops = self.program.ops
        self.varying = self.program.depends_on("x")

    def parameters_only(self) -> list[int]:
        """The operations that do not depend on x."""
        return [i for i, varies in enumerate(self.varying) if not varies]

    def frontier(self) -> list[int]:
        """The values independent of x, constants aside, that those depending on x need."""
        needed = {a for op, varies in zip(self.ops, self.varying, strict=True) if varies for a in op.args}
        needed |= set(self.program.outputs)
        return sorted(i for i in needed if not self.varying[i] and self.ops[i].name != "const")

    def append(self, code: Code, known: Emitted, inputs: dict[str, Real], ops: Iterable[int]) -> Emitted:
        """`known` and the values of the operations `ops`."""
        made = dict(known)
        for index in ops:
            op = self.ops[index]
            if op.name == "input":
                made[index] = inputs[op.data]
            elif op.name == "const":
                made[index] = code.real(op.data)
            else:
                made[index] = self.operation(index, [made[i] for i in op.args])
        return made

    def operation(self, index: int, a: list[Any]) -> Any:
        """The value of an operation on the values `a`."""
        op = self.ops[index]
        if op.name == "root":
            return find_root(Emitter(op.data.program).evaluate, *a)
        if op.name == "odd_root" and self.ops[op.args[1]] == Op("const", (), 3.0):
            return CALLED["cbrt"](a[0])
        return (_ARITHMETIC.get(op.name) or CALLED[op.name])(*a)

    def evaluate(self, x: Real, parameters: Sequence[Real]) -> list[Real]:
        """The outputs at `x`, in line."""
        inputs = dict(zip(self.program.inputs, [x, *parameters], strict=True))
        made = self.append(x.code, {}, inputs, range(len(self.ops)))
        return [made[i] for i in self.program.outputs]


def single_point(builder: ir.IRBuilder, program: Program, x: Any, parameters: Sequence[float]) -> list[Any]:
    """The outputs at one number x, without a loop."""
    code = Code(builder)
    values = Emitter(program).evaluate(Real(x, code), [code.real(p) for p in parameters])
    return [v.ir for v in values]


def vector_code(builder: ir.IRBuilder, single: bool) -> Code:
    """Code for vectors of LANES numbers."""
    return Code(builder, LANES, single, has_avx512())


@functools.lru_cache(maxsize=1)
def has_avx512() -> bool:
    """Whether machine code is made for a processor with these instructions on eight doubles."""
    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    return {"+avx512f", "+avx512dq"} <= set(features.split(","))


def splat(code: Code, value: Any) -> Any:
    """A single number, whole number or truth value in every lane of `code`."""
    b = code.builder
    kind = code.type_of({Bool: I1, Int: I64, Real: F64}[type(value)])
    undefined = ir.Constant(kind, ir.Undefined)
    first = b.insert_element(undefined, value.ir, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, LANES), [0] * LANES)
    return type(value)(b.shuffle_vector(first, undefined, zeros), code)
