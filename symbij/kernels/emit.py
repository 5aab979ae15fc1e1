"""Program → LLVM instructions: loops over vectors of `LANES` numbers, written out rather than left to an optimiser.

A loop takes `LANES` elements at a time. Where fewer are left, the same instructions work on a small buffer beside the
arrays, so that every element gets the same arithmetic wherever it stands, and results do not depend on how the work is
divided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from symbij.kernels.elementary import FUNCTIONS
from symbij.kernels.root import find_root
from symbij.kernels.values import F64, I1, I64, Bool, Code, Int, Real, fma, select
from symbij.program.ir import Op, Program

LANES = 8
BLOCK = 1024  # elements that are summed before sums are combined pairwise

_COMPARISONS: dict[str, Callable[[Real, Real], Bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "ne": lambda a, b: a.differs(b),
}

Emitted = dict[int, Any]


class Emitter:
    """Appends the operations of one program, as single numbers outside a loop and as vectors inside."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.varying = program.depends_on("x")
        self.uses = [0] * len(program.ops)
        for op in program.ops:
            for a in op.args:
                self.uses[a] += 1
        for a in program.outputs:
            self.uses[a] += 1

    def hoisted(self, code: Code, inputs: dict[str, Real]) -> Emitted:
        """The values that do not depend on x."""
        return self._operations(code, {}, inputs, lambda index: not self.varying[index])

    def inside(self, code: Code, known: Emitted, inputs: dict[str, Real]) -> Emitted:
        """All values, given those already `known`."""
        return self._operations(code, dict(known), inputs, lambda index: index not in known)

    def frontier(self) -> list[int]:
        """The values independent of x, constants and inputs aside, that those depending on it need."""
        needed = {a for op, varies in zip(self.program.ops, self.varying, strict=True) if varies for a in op.args}
        needed |= set(self.program.outputs)
        return sorted(i for i in needed if not self.varying[i] and self.program.ops[i].name != "const")

    def _operations(self, code: Code, made: Emitted, inputs: dict[str, Real], wanted: Callable[[int], bool]) -> Emitted:
        for index, op in enumerate(self.program.ops):
            if wanted(index):
                made[index] = self._operation(code, op, made, inputs)
        return made

    def _operation(self, code: Code, op: Op, made: Emitted, inputs: dict[str, Real]) -> Any:
        a = [made[i] for i in op.args]
        match op.name:
            case "input":
                return inputs[op.data]
            case "const":
                return code.real(op.data)
            case "add" | "sub":
                return self._sum(op, a, made)
            case "mul":
                return a[0] * a[1]
            case "div":
                return a[0] / a[1]
            case "neg":
                return -a[0]
            case "select":
                return select(*a)
            case "root":
                return find_root(Emitter(op.data.program).evaluate, *a)
            case "odd_root" if self.program.ops[op.args[1]] == Op("const", (), 3.0):
                return FUNCTIONS["cbrt"](a[0])
            case name if name in _COMPARISONS:
                return _COMPARISONS[name](*a)
            case name:
                return FUNCTIONS[name](*a)

    def _sum(self, op: Op, a: list[Real], made: Emitted) -> Real:
        """a + b or a - b; with a product that nothing else needs, in one rounding."""
        for place, index in enumerate(op.args):
            factor = self.program.ops[index]
            if factor.name == "mul" and self.uses[index] == 1 and all(i in made for i in factor.args):
                x, y = (made[i] for i in factor.args)
                if op.name == "add":
                    return fma(x, y, a[1 - place])
                return fma(x, y, -a[1]) if place == 0 else fma(-x, y, a[0])
        return a[0] + a[1] if op.name == "add" else a[0] - a[1]

    def evaluate(self, x: Real, parameters: Sequence[Real]) -> list[Real]:
        """The outputs at `x`, in line."""
        inputs = dict(zip(self.program.inputs, [x, *parameters], strict=True))
        made = self._operations(x.code, {}, inputs, lambda _: True)
        return [made[i] for i in self.program.outputs]


class Lanes:
    """Loads and stores of whole vectors from arrays of doubles or floats, and the buffers that stand in at the end."""

    def __init__(self, builder: ir.IRBuilder, element: Any, count: Any) -> None:
        self.builder, self.element, self.count = builder, element, count
        self.whole = builder.and_(count, _int(-LANES))
        self.left = builder.sub(count, self.whole)
        self.buffers: list[tuple[Any, Any]] = []

    def source(self, data: Any) -> Callable[[Any], Any]:
        """Where the elements from an index on are read: in the array `data`, or in a buffer with its last elements,
        the last of them repeated."""
        b = self.builder
        buffer = cgutils.alloca_once(b, self.element, size=LANES)
        some = b.icmp_signed(">", self.left, _int(0))
        with b.if_then(some, likely=False):
            last = b.sub(self.count, _int(1))
            for lane in range(LANES):
                place = b.add(self.whole, _int(lane))
                place = b.select(b.icmp_signed(">", place, last), last, place)
                b.store(b.load(b.gep(data, [place])), b.gep(buffer, [_int(lane)]))
        return self._switch(data, buffer)

    def target(self, data: Any) -> Callable[[Any], Any]:
        """Where the elements from an index on are written; what ends up in the buffer is moved by `finish`."""
        buffer = cgutils.alloca_once(self.builder, self.element, size=LANES)
        self.buffers.append((data, buffer))
        return self._switch(data, buffer)

    def _switch(self, data: Any, buffer: Any) -> Callable[[Any], Any]:
        b = self.builder

        def at(index: Any) -> Any:
            within = b.icmp_signed("<", index, self.whole)
            return b.select(within, b.gep(data, [index]), buffer)

        return at

    def finish(self) -> None:
        """Move results from the buffers to the ends of the arrays."""
        b = self.builder
        for data, buffer in self.buffers:
            with cgutils.for_range(b, self.left) as loop:
                b.store(b.load(b.gep(buffer, [loop.index])), b.gep(data, [b.add(self.whole, loop.index)]))

    def load(self, code: Code, pointer: Any) -> Real:
        """A vector of numbers from `pointer` on."""
        b = self.builder
        loaded = b.load(b.bitcast(pointer, ir.VectorType(self.element, LANES).as_pointer()))
        loaded.align = self.width
        return Real(loaded if self.element is F64 else b.fpext(loaded, code.type_of(F64)), code)

    def store(self, value: Real, pointer: Any) -> None:
        """Write a vector of numbers from `pointer` on."""
        b = self.builder
        kind = ir.VectorType(self.element, LANES)
        stored = b.store(
            value.ir if self.element is F64 else b.fptrunc(value.ir, kind), b.bitcast(pointer, kind.as_pointer())
        )
        stored.align = self.width

    @property
    def width(self) -> int:
        return 8 if self.element is F64 else 4


def splat(code: Code, value: Any) -> Any:
    """A single number or truth value in every lane of `code`."""
    b = code.builder
    element = {Bool: I1, Int: I64, Real: F64}[type(value)]
    undefined = ir.Constant(code.type_of(element), ir.Undefined)
    first = b.insert_element(undefined, value.ir, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return type(value)(b.shuffle_vector(first, undefined, zeros), code)


def _vector_code(builder: ir.IRBuilder, single: bool) -> Code:
    return Code(builder, LANES, single)


def uniform_loop(
    builder: ir.IRBuilder, program: Program, single: bool, count: Any, x: Any, p: Any, outs: Sequence[Any]
) -> None:
    """out_k[i] = output k at x[i], for i < count, with parameters p[0], p[1], ..."""
    emitter = Emitter(program)
    outer, inner = Code(builder, 0, False), _vector_code(builder, single)
    inputs = {name: Real(builder.load(builder.gep(p, [_int(k)])), outer) for k, name in enumerate(program.inputs[1:])}
    known = {i: splat(inner, v) for i, v in emitter.hoisted(outer, inputs).items()}
    _loop(builder, single, count, x, outs, lambda code, index, u: _outputs(emitter, code, known, {"x": u}))


def single_point(builder: ir.IRBuilder, program: Program, x: Any, parameters: Sequence[float]) -> list[Any]:
    """The outputs at one number x, without a loop."""
    code = Code(builder)
    values = Emitter(program).evaluate(Real(x, code), [code.real(p) for p in parameters])
    return [v.ir for v in values]


def varying_loop(
    builder: ir.IRBuilder,
    program: Program,
    single: bool,
    count: Any,
    x: Any,
    p: Any,
    row: Any,
    outs: Sequence[Any],
) -> None:
    """out_k[i] = output k at x[i], with parameters p[0, i], p[1, i], ..., of which a row has `row` numbers, at least
    `count` and a multiple of LANES."""
    emitter = Emitter(program)

    def body(code: Code, index: Any, u: Real) -> list[Real]:
        inputs = {name: _parameter(code, p, row, k, index) for k, name in enumerate(program.inputs[1:])}
        return _outputs(emitter, code, {}, {"x": u} | inputs)

    _loop(builder, single, count, x, outs, body)


def periodic_loop(
    builder: ir.IRBuilder,
    program: Program,
    single: bool,
    count: Any,
    x: Any,
    p: Any,
    row: Any,
    start: Any,
    work: Any,
    outs: Sequence[Any],
) -> None:
    """As `varying_loop`, with parameters p[k, (start + i) mod row]. What depends on parameters alone is computed once,
    into work[k, :row]. `start` is a multiple of LANES."""
    emitter = Emitter(program)
    frontier = emitter.frontier()
    step = _int(LANES)
    with cgutils.for_range_slice(builder, _int(0), row, step) as (index, _):
        code = _vector_code(builder, single)
        inputs = {name: _parameter(code, p, row, k, index) for k, name in enumerate(program.inputs[1:])}
        made = emitter.hoisted(code, inputs)
        for k, i in enumerate(frontier):
            value = made[i] if isinstance(made[i], Real) else select(made[i], 1.0, 0.0)
            place = builder.gep(work, [builder.add(builder.mul(_int(k), row), index)])
            stored = builder.store(value.ir, builder.bitcast(place, code.type_of(F64).as_pointer()))
            stored.align = 8
    booleans = {i for i in frontier if program.ops[i].name in _COMPARISONS}
    place = cgutils.alloca_once_value(builder, start)

    def body(code: Code, _: Any, u: Real) -> list[Real]:
        at = builder.load(place)
        known: Emitted = {i: _parameter(code, work, row, k, at) for k, i in enumerate(frontier)}
        known |= {i: known[i] > 0.5 for i in booleans}
        known |= {i: code.real(op.data) for i, op in enumerate(program.ops) if op.name == "const"}
        after = builder.add(at, step)
        builder.store(builder.select(builder.icmp_signed("<", after, row), after, _int(0)), place)
        made = dict(known)
        for i, op in enumerate(program.ops):
            if emitter.varying[i]:
                made[i] = emitter._operation(code, op, made, {"x": u})
        return [made[i] for i in program.outputs]

    _loop(builder, single, count, x, outs, body)


def frontier_size(program: Program) -> int:
    """The number of rows of `work` in `periodic_loop`."""
    return len(Emitter(program).frontier())


def _parameter(code: Code, p: Any, row: Any, k: int, index: Any) -> Real:
    b = code.builder
    pointer = b.gep(p, [b.add(b.mul(_int(k), row), index)])
    loaded = b.load(b.bitcast(pointer, code.type_of(F64).as_pointer()))
    loaded.align = 8
    return Real(loaded, code)


def _outputs(emitter: Emitter, code: Code, known: Emitted, inputs: dict[str, Real]) -> list[Real]:
    made = emitter.inside(code, known, inputs)
    return [made[i] for i in emitter.program.outputs]


def _loop(
    builder: ir.IRBuilder,
    single: bool,
    count: Any,
    x: Any,
    outs: Sequence[Any],
    body: Callable[[Code, Any, Real], list[Real]],
) -> None:
    lanes = Lanes(builder, ir.FloatType() if single else F64, count)
    source = lanes.source(x)
    targets = [lanes.target(out) for out in outs]
    with cgutils.for_range_slice(builder, _int(0), count, _int(LANES)) as (index, _):
        code = _vector_code(builder, single)
        values = body(code, index, lanes.load(code, source(index)))
        for value, target in zip(values, targets, strict=True):
            lanes.store(value, target(index))
    lanes.finish()


def block_sums_loop(builder: ir.IRBuilder, program: Program, count: Any, x: Any, p: Sequence[Any], sums: Any) -> None:
    """sums[0, k] = sum of output k over x[0], ..., x[count - 1], with parameters *p[0], *p[1], ...

    Lane l of a block of BLOCK elements sums elements l, l + LANES, ... in order, then lanes are added pairwise, then
    blocks: the order is fixed, and rounding errors grow with BLOCK/LANES and the logarithm of the rest. `sums` has a
    row for every block.
    """
    emitter = Emitter(program)
    outer, inner = Code(builder, 0, False), _vector_code(builder, False)
    inputs = {name: Real(builder.load(q), outer) for name, q in zip(program.inputs[1:], p, strict=True)}
    known = {i: splat(inner, v) for i, v in emitter.hoisted(outer, inputs).items()}
    lanes = Lanes(builder, F64, count)
    source = lanes.source(x)
    outputs = len(program.outputs)
    order = ir.Constant(ir.VectorType(I64, LANES), list(range(LANES)))
    totals = [cgutils.alloca_once(builder, inner.type_of(F64)) for _ in range(outputs)]
    with cgutils.for_range_slice(builder, _int(0), count, _int(BLOCK)) as (block, number):
        end = builder.add(block, _int(BLOCK))
        end = builder.select(builder.icmp_signed("<", end, count), end, count)
        for total in totals:
            builder.store(inner.constant(F64, 0.0), total)
        with cgutils.for_range_slice(builder, block, end, _int(LANES)) as (index, _):
            code = _vector_code(builder, False)
            values = _outputs(emitter, code, known, {"x": lanes.load(code, source(index))})
            left = splat(code, Int(builder.sub(count, index), code))
            inside = Bool(builder.icmp_signed("<", order, left.ir), code)
            for value, total in zip(values, totals, strict=True):
                builder.store(builder.fadd(builder.load(total), select(inside, value, 0.0).ir), total)
        for k, total in enumerate(totals):
            builder.store(_across(builder, builder.load(total)), _entry(builder, sums, number, outputs, k))
    _pairwise(builder, sums, builder.sdiv(builder.add(count, _int(BLOCK - 1)), _int(BLOCK)), outputs)


def _pairwise(builder: ir.IRBuilder, sums: Any, blocks: Any, outputs: int) -> None:
    """Add rows of `sums` into row 0: neighbours first, then sums of two, of four, ..."""
    before = builder.block
    check, body, after = (builder.append_basic_block(n) for n in ("pairs", "pairs.body", "pairs.end"))
    builder.branch(check)
    builder.position_at_end(check)
    distance = builder.phi(I64)
    builder.cbranch(builder.icmp_signed("<", distance, blocks), body, after)
    builder.position_at_end(body)
    doubled = builder.shl(distance, _int(1))
    with cgutils.for_range_slice(builder, _int(0), builder.sub(blocks, distance), doubled) as (row, _):
        for k in range(outputs):
            place = _entry(builder, sums, row, outputs, k)
            other = builder.load(_entry(builder, sums, builder.add(row, distance), outputs, k))
            builder.store(builder.fadd(builder.load(place), other), place)
    distance.add_incoming(_int(1), before)
    distance.add_incoming(doubled, builder.block)
    builder.branch(check)
    builder.position_at_end(after)


def _entry(builder: ir.IRBuilder, sums: Any, row: Any, outputs: int, k: int) -> Any:
    return builder.gep(sums, [builder.add(builder.mul(row, _int(outputs)), _int(k))])


def _int(value: int) -> Any:
    return ir.Constant(I64, value)


def _across(builder: ir.IRBuilder, vector: Any) -> Any:
    """The sum of the lanes, added pairwise."""
    parts = [builder.extract_element(vector, ir.Constant(ir.IntType(32), lane)) for lane in range(LANES)]
    while len(parts) > 1:
        parts = [builder.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]
