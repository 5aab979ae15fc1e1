"""What a kernel's loop consists of, read from its machine code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Packed arithmetic on floating-point numbers; moves, shuffles, logic and integer arithmetic are left out.
FLOATING = re.compile(
    r"v(add|sub|mul|div|sqrt|min|max|range|reduce|rndscale|round|getexp|getmant|scalef|fixupimm|cmp\w*|cvt\w*"
    r"|fn?m(add|sub)\d+|fmaddsub\d+|fmsubadd\d+|rcp\w*|rsqrt\w*)p[sd]2?\w*$"
)
MOVE = re.compile(r"v?p?(mov|broadcast|insert|extract|gather|prefetch|zero)|kmov|vbroadcast")
REGISTER = re.compile(r"%([xyz])mm\d+")
WIDTHS = {"x": 16, "y": 32, "z": 64}  # bytes
LABEL = re.compile(r"^(\.?\w[\w.$]*):")
JUMP = re.compile(r"^j\w+\s+(\.?\w[\w.$]*)$")


@dataclass(frozen=True)
class Instructions:
    """Vector instructions in one pass through a loop, or a sequence of loops, and the elements that a pass makes."""

    floating: int  # packed floating-point arithmetic; a fused multiply-add is one
    vector: int  # all on vector registers but moves
    elements: int
    lanes: int  # numbers in a register

    @property
    def operations(self) -> float:
        """Floating-point operations per element."""
        return self.floating * self.lanes / self.elements


def innermost_loops(lines: list[str]) -> list[list[str]]:
    """The instructions of the loops that hold no other loop: from a label to the last jump back to it."""
    labels: dict[str, int] = {}
    spans: dict[int, int] = {}
    for position, line in enumerate(lines):
        label = LABEL.match(line)
        if label:
            labels[label[1]] = position
            continue
        jump = JUMP.match(line)
        if jump and jump[1] in labels:
            spans[labels[jump[1]]] = position
    inner = [
        (start, end)
        for start, end in spans.items()
        if not any(start < other and stop <= end for other, stop in spans.items() if other != start)
    ]
    return [lines[start : end + 1] for start, end in inner]


def _stores(line: str) -> str | None:
    """The register that an instruction stores to an array, or to a buffer on the stack; not one that is spilled."""
    if not line.startswith(("vmovup", "vmovap", "vmovnt", "vmovdq")):
        return None
    source, _, target = line.partition(", ")
    return source if "mm" in source and "(" in target and "(%rsp)" not in target else None


def count(loop: list[str], itemsize: int) -> Instructions | None:
    """The vector instructions of a loop, or None if it stores no vectors."""
    floating = vector = elements = lanes = 0
    for line in loop:
        name = line.split(None, 1)[0]
        registers = REGISTER.findall(line)
        if not registers:
            continue
        lane = max(WIDTHS[r] for r in registers) // itemsize
        stored = _stores(line)
        if stored:
            elements += lane
            lanes = max(lanes, lane)
        elif not MOVE.match(name) and not name.endswith(("sd", "ss")):
            vector += 1
            floating += bool(FLOATING.match(name))
    return Instructions(floating, vector, elements, lanes) if elements else None


def all_loops(assembly: str, lanes: int, itemsize: int = 8) -> Instructions | None:
    """The innermost loops that store vectors, together: the segments that a kernel runs one after the other. Each pass
    through one of them makes `lanes` elements."""
    lines = [line.split("#", 1)[0].strip() for line in assembly.splitlines()]
    counted = [found for loop in innermost_loops([line for line in lines if line]) if (found := count(loop, itemsize))]
    if not counted:
        return None
    register = max(c.lanes for c in counted)
    return Instructions(sum(c.floating for c in counted), sum(c.vector for c in counted), lanes, register)


def instruction_count(bijector: Any, operation: str, dtype: str = "float64") -> Instructions | None:
    """Instructions in the loop of the kernel for one operation of a derived bijector, or None if that cannot be told.

    The kernel must be compiled by this process: one loaded from the cache is without its assembly.
    """
    try:
        from symbij.kernels.compile import uniform
        from symbij.kernels.emit import LANES
    except ImportError:  # these are internals, which may move; the benchmarks do without the count then
        return None
    log_det = operation.endswith("log_det")
    program = bijector._fused().runner(operation.startswith("inverse"), not log_det, log_det).program
    dispatcher: Any = uniform(program, dtype == "float32")
    found = [all_loops(text, LANES, 4 if dtype == "float32" else 8) for text in dispatcher.inspect_asm().values()]
    return next((one for one in found if one is not None), None)
