"""The straight-line program: a list of operations in single-assignment form, built without ever repeating one.

`Builder` hash-conses: asking twice for the same operation on the same operands gives the same value, which is all
the common-subexpression elimination there is. A `Program` is the frozen result.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Op(NamedTuple):
    """`name` applied to earlier values. `data` is the number of a constant, the name of an input, or a sub-program."""

    name: str
    args: tuple[int, ...] = ()
    data: Any = None


@dataclass(frozen=True, eq=False)
class Program:
    """Operations in order; `outputs` are indices into them. Inputs are `x` and then the parameters, by name.

    Programs are equal if their keys are, which tell 0.0 from -0.0.
    """

    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[int, ...]

    @functools.cached_property
    def key(self) -> str:
        """A digest of the content, by which kernels are cached."""
        ops = [
            (op.name, op.args, op.data.program.key if isinstance(op.data, RootSolver) else repr(op.data))
            for op in self.ops
        ]
        return hashlib.sha256(repr((ops, self.inputs, self.outputs)).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def depends_on(self, name: str) -> list[bool]:
        """For every operation, whether the input `name` reaches it."""
        reached: list[bool] = []
        for op in self.ops:
            reached.append((op.name == "input" and op.data == name) or any(reached[a] for a in op.args))
        return reached


class Var:
    """A value in a builder. Operators append operations."""

    __slots__ = ("builder", "index")

    def __init__(self, builder: Builder, index: int) -> None:
        self.builder = builder
        self.index = index

    def __add__(self, other: Var | float) -> Var:
        return self.builder.add(self, self.builder.lift(other))

    def __radd__(self, other: float) -> Var:
        return self.builder.add(self.builder.lift(other), self)

    def __sub__(self, other: Var | float) -> Var:
        return self.builder.sub(self, self.builder.lift(other))

    def __rsub__(self, other: float) -> Var:
        return self.builder.sub(self.builder.lift(other), self)

    def __mul__(self, other: Var | float) -> Var:
        return self.builder.mul(self, self.builder.lift(other))

    def __rmul__(self, other: float) -> Var:
        return self.builder.mul(self.builder.lift(other), self)

    def __truediv__(self, other: Var | float) -> Var:
        return self.builder.div(self, self.builder.lift(other))

    def __rtruediv__(self, other: float) -> Var:
        return self.builder.div(self.builder.lift(other), self)

    def __neg__(self) -> Var:
        return self.builder.neg(self)


class Size(NamedTuple):
    """log|value| where the value is below the normal doubles, and where it is infinite, as far as it is known; each as
    a main part and an offset."""

    low: tuple[Var, Var] | None
    high: tuple[Var, Var] | None


class Builder:
    """Appends operations, folding constants and neutral elements where that changes no rounding."""

    def __init__(self, accurate: bool = False) -> None:
        self.accurate = accurate  # whether last digits are worth more operations; not where it is to be differentiated
        self.sizes: dict[int, Size] = {}  # of values that may leave the range of normal doubles
        self.ops: list[Op] = []
        self._known: dict[Any, int] = {}
        self.inputs: list[str] = []
        self.bound: dict[str, Var] = {}  # inputs that are themselves computed, such as a constrained parameter

    def emit(self, name: str, *args: Var, data: Any = None) -> Var:
        op = Op(name, tuple(a.index for a in args), data)
        key = (name, op.args, data.program.key if isinstance(data, RootSolver) else repr(data))  # repr: 0.0 is not -0.0
        if key not in self._known:
            self._known[key] = len(self.ops)
            self.ops.append(op)
        return Var(self, self._known[key])

    def input(self, name: str) -> Var:
        if name in self.bound:
            return self.bound[name]
        if name not in self.inputs:
            self.inputs.append(name)
        return self.emit("input", data=name)

    def const(self, value: float) -> Var:
        return self.emit("const", data=float(value))

    def lift(self, value: Var | float) -> Var:
        return value if isinstance(value, Var) else self.const(value)

    def value_of(self, v: Var) -> float | None:
        op = self.ops[v.index]
        return op.data if op.name == "const" else None

    def add(self, a: Var, b: Var) -> Var:
        x, y = self.value_of(a), self.value_of(b)
        if x is not None and y is not None:
            return self.const(x + y)
        if x == 0:
            return b
        if y == 0:
            return a
        if self.ops[b.index].name == "neg":
            return self.sub(a, Var(self, self.ops[b.index].args[0]))
        return self.emit("add", a, b)

    def sub(self, a: Var, b: Var) -> Var:
        x, y = self.value_of(a), self.value_of(b)
        if x is not None and y is not None:
            return self.const(x - y)
        if y == 0:
            return a
        if x == 0:
            return self.neg(b)
        if self.ops[b.index].name == "neg":
            return self.add(a, Var(self, self.ops[b.index].args[0]))
        return self.emit("sub", a, b)

    def mul(self, a: Var, b: Var) -> Var:
        x, y = self.value_of(a), self.value_of(b)
        if x is not None and y is not None:
            return self.const(x * y)
        for value, other in ((x, b), (y, a)):
            if value == 1:
                return other
            if value == -1:
                return self.neg(other)
        return self.emit("mul", a, b)

    def div(self, a: Var, b: Var) -> Var:
        x, y = self.value_of(a), self.value_of(b)
        if x is not None and y:
            return self.const(x / y)
        if y == 1:
            return a
        if y == -1:
            return self.neg(a)
        if y is not None and math.frexp(y)[0] in (0.5, -0.5) and math.isfinite(1 / y):
            return self.mul(a, self.const(1 / y))  # a power of two: exact
        return self.emit("div", a, b)

    def neg(self, a: Var) -> Var:
        x = self.value_of(a)
        if x is not None:
            return self.const(-x)
        if self.ops[a.index].name == "neg":
            return Var(self, self.ops[a.index].args[0])
        return self.emit("neg", a)

    def select(self, condition: Var, yes: Var, no: Var) -> Var:
        if yes.index == no.index:
            return yes
        test = self.ops[condition.index]
        if (test.name, self.ops[test.args[1]].data) in (("lt", -math.inf), ("gt", math.inf)):
            return no  # nothing is beyond infinity
        return self.emit("select", condition, yes, no)

    def compare(self, kind: str, a: Var, b: Var) -> Var:
        """`kind` is one of lt, le, gt, ge, ne."""
        return self.emit(kind, a, b)

    def call(self, name: str, *args: Var) -> Var:
        """An elementary function by the name of its kernel."""
        return self.emit(name, *args)

    def finish(self, outputs: list[Var], inputs: tuple[str, ...]) -> Program:
        """The program, without the operations that no output needs."""
        return without_unused(self.ops, inputs, tuple(v.index for v in outputs))


def without_unused(ops: Sequence[Op], inputs: tuple[str, ...], outputs: tuple[int, ...]) -> Program:
    """The program of those operations that an output needs."""
    needed: set[int] = set()
    stack = list(outputs)
    while stack:
        index = stack.pop()
        if index not in needed:
            needed.add(index)
            stack.extend(ops[index].args)
    order = sorted(needed)
    place = {old: new for new, old in enumerate(order)}
    kept = tuple(Op(op.name, tuple(place[a] for a in op.args), op.data) for op in (ops[index] for index in order))
    return Program(kept, inputs, tuple(place[index] for index in outputs))


@dataclass(frozen=True)
class RootSolver:
    """Data of a `root` operation, whose operands are y, lo, hi and the parameters: the u in (lo, hi) with f(u) = y.

    `program` computes f(u) and f'(u) from the inputs x (which is u) and p0, p1, ...
    """

    program: Program


def inline(program: Program, builder: Builder, values: dict[str, Var]) -> list[Var]:
    """Append `program` to `builder` with its inputs bound to `values`; returns its outputs."""
    made: list[Var] = []
    for op in program.ops:
        if op.name == "input":
            made.append(values[op.data])
        elif op.name == "const":
            made.append(builder.const(op.data))
        else:
            made.append(builder.emit(op.name, *(made[a] for a in op.args), data=op.data))
    return [made[i] for i in program.outputs]
