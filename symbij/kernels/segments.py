"""Cutting a long program into segments that are run one after the other over a small piece of the data.

A processor overlaps the work on several vectors as long as the instructions in between fit into its window of a few
hundred. A long chain of dependent operations does not, and then waits for most of its results. Run segment by
segment over a piece that stays in the first-level cache, each segment is short enough; values that later segments need
are kept in buffers.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from llvmlite import ir

from symbij.kernels.elementary import CALLED
from symbij.kernels.emit import LANES
from symbij.kernels.values import F64, Code, Real
from symbij.program.ir import Op, Program

LONGEST = 76  # instructions in a segment, unless a single operation has more
LARGEST_PIECE = 256  # elements
BUFFER_BYTES = 65536  # for all buffered values of a piece; they live on the stack


@dataclass(frozen=True)
class Segment:
    """Operations to run together, and which of their values later segments need."""

    ops: tuple[int, ...]
    stored: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Segments in order, the buffer of every stored value, the number of buffers, and the elements in a piece."""

    segments: tuple[Segment, ...]
    slot: dict[int, int]
    slots: int
    piece: int


def plan(program: Program, ops: list[int], wanted_last: tuple[int, ...]) -> Plan:
    """How to run the operations `ops`; the values `wanted_last` are wanted in the last segment."""
    groups: list[list[int]] = [[]]
    length = 0
    for index in ops:
        weight = instructions(program.ops[index])
        if weight > 1 and length and length + weight > LONGEST:
            groups.append([])
            length = 0
        groups[-1].append(index)
        length += weight
    made_in = {index: number for number, group in enumerate(groups) for index in group}
    last_use = {a: made_in[index] for index in ops for a in program.ops[index].args if a in made_in}  # in order
    last_use |= {a: len(groups) - 1 for a in wanted_last if a in made_in}
    segments = tuple(
        Segment(tuple(group), tuple(a for a in group if last_use.get(a, 0) > number))
        for number, group in enumerate(groups)
    )
    slot, slots = _slots(segments, last_use)
    piece = max(LANES, min(LARGEST_PIECE, BUFFER_BYTES // (8 * max(1, slots)) // LANES * LANES))
    return Plan(segments, slot, slots, piece)


def _slots(segments: tuple[Segment, ...], last_use: dict[int, int]) -> tuple[dict[int, int], int]:
    """A buffer for every stored value, shared by values that are not needed at the same time."""
    slot: dict[int, int] = {}
    free: list[int] = []
    held: list[int] = []
    slots = 0
    for number, segment in enumerate(segments):
        for a in segment.stored:
            if not free:
                free.append(slots)
                slots += 1
            slot[a] = free.pop()
            held.append(a)
        free += [slot[a] for a in held if last_use[a] == number]
        held = [a for a in held if last_use[a] > number]
    return slot, slots


def instructions(op: Op) -> int:
    """About how many instructions an operation takes."""
    if op.name == "root":
        return 10 * sum(instructions(inner) for inner in op.data.program.ops)
    if op.name == "div":
        return 6  # one, but it takes as long
    if op.name in ("input", "const"):
        return 0
    if op.name == "exponent":
        return 1  # most of it is the mantissa's too, and is written once
    return _instructions(op.name, len(op.args)) if op.name in CALLED else 1


@functools.lru_cache(maxsize=4096)
def seconds_per_element(program: Program) -> float:
    """About how long a program takes for one element, on one core, as measured with AVX-512."""
    varying = program.depends_on("x")
    count = sum(instructions(op) for op, varies in zip(program.ops, varying, strict=True) if varies)
    return 1e-10 + 1.7e-11 * count


@functools.lru_cache(maxsize=256)
def _instructions(name: str, arguments: int) -> int:
    """How many instructions an elementary function consists of, found by writing it."""
    function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), [F64] * arguments), "f")
    code = Code(ir.IRBuilder(function.append_basic_block()))
    CALLED[name](*(Real(a, code) for a in function.args))
    return sum(i.opname not in ("bitcast", "getelementptr") for b in function.blocks for i in b.instructions)
