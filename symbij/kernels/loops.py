"""Loops over vectors of LANES numbers, written out rather than left to an optimiser.

Where fewer than LANES elements are left at the end of an array, the same instructions work on a small buffer beside it,
so that every element gets the same arithmetic wherever it stands, and results do not depend on how work is divided.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from symbij.kernels.emit import COMPARISONS, LANES, Emitted, Emitter, splat, vector_code
from symbij.kernels.outline import outlined
from symbij.kernels.segments import Segment, plan
from symbij.kernels.values import F32, F64, I32, I64, Bool, Code, Int, Real, select
from symbij.program.ir import Program

IN_ONE_FUNCTION = 4  # segments; with more, each gets a function of its own
BLOCK = 1024  # elements that are summed before sums are combined pairwise

Fetch = Callable[[int, Any], Any]  # the value of operation i for the vector that begins at an index


class Lanes:
    """Loads and stores of vectors from arrays of `count` doubles or floats, with buffers that stand in at the end."""

    def __init__(self, code: Code, element: Any, count: Any) -> None:
        self.code, self.element, self.count = code, element, count
        self.whole = code.builder.and_(count, _int(-LANES))
        self.left = code.builder.sub(count, self.whole)
        self.buffers: list[tuple[Any, Any]] = []

    def source(self, data: Any) -> Callable[[Any], Real]:
        """Loads the vector that begins at an index of `data`; past the end, the last element is repeated."""
        b = self.code.builder
        buffer = cgutils.alloca_once(b, self.element, size=LANES)
        with b.if_then(b.icmp_signed(">", self.left, _int(0)), likely=False):
            last = b.sub(self.count, _int(1))
            for lane in range(LANES):
                place = b.add(self.whole, _int(lane))
                place = b.select(b.icmp_signed(">", place, last), last, place)
                b.store(b.load(b.gep(data, [place])), b.gep(buffer, [_int(lane)]))
        return lambda index: load(self.code, self._switch(data, buffer, index), self.element)

    def target(self, data: Any) -> Callable[[Any, Real], None]:
        """Stores the vector that begins at an index of `data`; what is past the end is dropped by `finish`."""
        buffer = cgutils.alloca_once(self.code.builder, self.element, size=LANES)
        self.buffers.append((data, buffer))
        return lambda index, value: store(self.code, value, self._switch(data, buffer, index), self.element)

    def _switch(self, data: Any, buffer: Any, index: Any) -> Any:
        b = self.code.builder
        return b.select(b.icmp_signed("<", index, self.whole), b.gep(data, [index]), buffer)

    def finish(self) -> None:
        """Move results from the buffers to the ends of the arrays."""
        b = self.code.builder
        for data, buffer in self.buffers:
            with cgutils.for_range(b, self.left) as loop:
                b.store(b.load(b.gep(buffer, [loop.index])), b.gep(data, [b.add(self.whole, loop.index)]))


def load(code: Code, pointer: Any, element: Any = F64) -> Real:
    """The vector of numbers from `pointer` on."""
    b = code.builder
    loaded = b.load(b.bitcast(pointer, code.type_of(element).as_pointer()))
    loaded.align = 8 if element is F64 else 4
    return Real(loaded if element is F64 else b.fpext(loaded, code.type_of(F64)), code)


def store(code: Code, value: Real, pointer: Any, element: Any = F64) -> None:
    """Write the vector of numbers from `pointer` on."""
    b = code.builder
    kind = code.type_of(element)
    stored = b.store(value.ir if element is F64 else b.fptrunc(value.ir, kind), b.bitcast(pointer, kind.as_pointer()))
    stored.align = 8 if element is F64 else 4


def uniform_loop(
    builder: ir.IRBuilder, program: Program, single: bool, count: Any, x: Any, p: Any, outs: Sequence[Any]
) -> None:
    """out_k[i] = output k at x[i], for i < count, with parameters p[0], p[1], ..."""
    emitter, code = Emitter(program), vector_code(builder, single)
    lanes = Lanes(code, F32 if single else F64, count)
    source = lanes.source(x)
    pointers = [builder.gep(p, [_int(k)]) for k in range(len(program.inputs) - 1)]
    _elementwise(emitter, lanes, outs, _hoisted(emitter, code, pointers), lambda _, index: source(index))


def varying_loop(
    builder: ir.IRBuilder, program: Program, single: bool, count: Any, x: Any, p: Any, row: Any, outs: Sequence[Any]
) -> None:
    """out_k[i] = output k at x[i], with parameters p[0, i], p[1, i], ..., of which a row has `row` numbers, at least
    `count` and a multiple of LANES."""
    emitter, code = Emitter(program), vector_code(builder, single)
    lanes = Lanes(code, F32 if single else F64, count)
    source = lanes.source(x)
    number = {name: k for k, name in enumerate(program.inputs[1:])}

    def fetch(op: int, index: Any) -> Real:
        name = emitter.ops[op].data
        return source(index) if name == "x" else load(code, _entry(builder, p, number[name], row, index))

    emitter.varying = [True] * len(emitter.ops)
    _elementwise(emitter, lanes, outs, {}, fetch)


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
    emitter, code = Emitter(program), vector_code(builder, single)
    frontier = {op: k for k, op in enumerate(emitter.frontier())}
    with cgutils.for_range_slice(builder, _int(0), row, _int(LANES)) as (index, _):
        inputs = {name: load(code, _entry(builder, p, k, row, index)) for k, name in enumerate(program.inputs[1:])}
        made = emitter.append(code, {}, inputs, emitter.parameters_only())
        for op, k in frontier.items():
            store(code, _number(made[op]), _entry(builder, work, k, row, index))
    lanes = Lanes(code, F32 if single else F64, count)
    source = lanes.source(x)

    def fetch(op: int, index: Any) -> Any:
        if op not in frontier:
            return source(index)
        value = load(code, _entry(builder, work, frontier[op], row, builder.srem(builder.add(start, index), row)))
        return _restored(emitter, op, value)

    _elementwise(emitter, lanes, outs, {}, fetch)


@functools.lru_cache(maxsize=4096)
def frontier_size(program: Program) -> int:
    """The number of rows of `work` in `periodic_loop`."""
    return len(Emitter(program).frontier())


def _hoisted(emitter: Emitter, code: Code, pointers: Sequence[Any]) -> Emitted:
    """What depends on parameters alone, as single numbers; `pointers` are where the parameters are."""
    outer = Code(code.builder)
    inputs = {n: Real(code.builder.load(q), outer) for n, q in zip(emitter.program.inputs[1:], pointers, strict=True)}
    made = emitter.append(outer, {}, inputs, emitter.parameters_only())
    return {i: made[i] for i in emitter.frontier()}


def _elementwise(emitter: Emitter, lanes: Lanes, outs: Sequence[Any], known: Emitted, fetch: Fetch) -> None:
    targets = [lanes.target(out) for out in outs]
    outputs = emitter.program.outputs

    def at_end(segment: Segment, last: bool, index: Any, value: Callable[[int], Any]) -> None:
        if last:  # results may go where the input is: they are stored when it is no longer needed
            for made, target in zip([value(i) for i in outputs], targets, strict=True):
                target(index, made)

    _run(emitter, lanes.code, (_int(0), lanes.count), known, fetch, outputs, at_end)
    lanes.finish()


def _run(
    emitter: Emitter,
    code: Code,
    limits: tuple[Any, Any],
    known: Emitted,
    fetch: Fetch,
    wanted_last: tuple[int, ...],
    at_end: Callable[[Segment, bool, Any, Callable[[int], Any]], None],
) -> None:
    """Loops over the vectors between `limits`, piece by piece and in each piece segment by segment. `at_end` is called
    at the end of every segment's body, with a function that gives the values of operations."""
    b, ops = code.builder, emitter.ops
    inside = [i for i, op in enumerate(ops) if emitter.varying[i] and op.name not in ("input", "const")]
    way = plan(emitter.program, inside, wanted_last)
    buffers = [cgutils.alloca_once(b, F64, size=way.piece) for _ in range(way.slots)]
    with cgutils.for_range_slice(b, limits[0], limits[1], _int(way.piece)) as (first, _):
        end = b.add(first, _int(way.piece))
        end = b.select(b.icmp_signed("<", end, limits[1]), end, limits[1])
        for number, segment in enumerate(way.segments):
            own = outlined(b, "segment") if len(way.segments) > IN_ONE_FUNCTION else contextlib.nullcontext()
            with own, cgutils.for_range_slice(b, first, end, _int(LANES)) as (index, _):
                made: Emitted = {}
                offset = b.sub(index, first)

                def value(i: int, made: Emitted = made, index: Any = index, offset: Any = offset) -> Any:
                    if i not in made:
                        if ops[i].name == "const":
                            made[i] = code.real(ops[i].data)
                        elif i in known:
                            made[i] = splat(code, known[i])
                        elif i in way.slot:
                            made[i] = _restored(emitter, i, load(code, b.gep(buffers[way.slot[i]], [offset])))
                        else:
                            made[i] = fetch(i, index)
                    return made[i]

                for i in segment.ops:
                    made[i] = emitter.operation(i, [value(a) for a in ops[i].args])
                for i in segment.stored:
                    store(code, _number(made[i]), b.gep(buffers[way.slot[i]], [offset]))
                at_end(segment, number == len(way.segments) - 1, index, value)


def _number(value: Any) -> Real:
    """A truth value as 1 or 0, as it is kept in memory."""
    return select(value, 1.0, 0.0) if isinstance(value, Bool) else value


def _restored(emitter: Emitter, op: int, value: Real) -> Any:
    return value > 0.5 if emitter.ops[op].name in COMPARISONS else value


def block_sums_loop(builder: ir.IRBuilder, program: Program, count: Any, x: Any, p: Sequence[Any], sums: Any) -> None:
    """sums[0, k] = sum of output k over x[0], ..., x[count - 1], with parameters *p[0], *p[1], ...

    Lane l of a block of BLOCK elements sums elements l, l + LANES, ... in order, then lanes are added pairwise, then
    blocks: the order is fixed, and rounding errors grow with BLOCK/LANES and the logarithm of the rest. `sums` has a
    row for every block.
    """
    emitter, code = Emitter(program), vector_code(builder, False)
    known = _hoisted(emitter, code, p)
    lanes = Lanes(code, F64, count)
    source = lanes.source(x)
    outputs = emitter.program.outputs
    order = ir.Constant(code.type_of(I64), list(range(LANES)))
    outside = {i for i, op in enumerate(emitter.ops) if not emitter.varying[i] or op.name == "input"}
    totals = [cgutils.alloca_once(builder, code.type_of(F64)) for _ in outputs]

    def at_end(segment: Segment, last: bool, index: Any, value: Callable[[int], Any]) -> None:
        made = set(segment.ops) | (outside if last else set())
        left = splat(code, Int(builder.sub(count, index), code))
        counted = Bool(builder.icmp_signed("<", order, left.ir), code)
        for output, total in zip(outputs, totals, strict=True):
            if output in made:
                added = select(counted, value(output), 0.0)
                builder.store(builder.fadd(builder.load(total), added.ir), total)

    with cgutils.for_range_slice(builder, _int(0), count, _int(BLOCK)) as (block, number):
        end = builder.add(block, _int(BLOCK))
        end = builder.select(builder.icmp_signed("<", end, count), end, count)
        for total in totals:
            builder.store(code.constant(F64, 0.0), total)
        _run(emitter, code, (block, end), known, lambda _, index: source(index), (), at_end)
        for k, total in enumerate(totals):
            builder.store(
                _across(builder, builder.load(total)), _entry(builder, sums, number, _int(len(outputs)), _int(k))
            )
    _pairwise(builder, sums, builder.sdiv(builder.add(count, _int(BLOCK - 1)), _int(BLOCK)), len(outputs))


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
            place = _entry(builder, sums, row, _int(outputs), _int(k))
            other = builder.load(_entry(builder, sums, builder.add(row, distance), _int(outputs), _int(k)))
            builder.store(builder.fadd(builder.load(place), other), place)
    distance.add_incoming(_int(1), before)
    distance.add_incoming(doubled, builder.block)
    builder.branch(check)
    builder.position_at_end(after)


def _entry(builder: ir.IRBuilder, table: Any, row: Any, columns: Any, column: Any) -> Any:
    """A pointer to table[row, column]."""
    row = _int(row) if isinstance(row, int) else row
    return builder.gep(table, [builder.add(builder.mul(row, columns), column)])


def _int(value: int) -> Any:
    return ir.Constant(I64, value)


def _across(builder: ir.IRBuilder, vector: Any) -> Any:
    """The sum of the lanes, added pairwise."""
    parts = [builder.extract_element(vector, ir.Constant(I32, lane)) for lane in range(LANES)]
    while len(parts) > 1:
        parts = [builder.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]
