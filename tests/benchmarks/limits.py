"""Distance to the limits of the machine: what a kernel must at least take, for its bytes and for its arithmetic."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks.assembly import Instructions
from tests.benchmarks.cases import BY_KEY, CASES, Case
from tests.benchmarks.forms_c import library
from tests.benchmarks.measure import Contender, Effort, measure
from tests.benchmarks.peers import SYMBIJ, SYMBIJ_ONE, C, available, check, entry, missing
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Result, Spread, Table
from tests.benchmarks.workers import call

ROUNDS = 100_000  # of the loop of multiply-adds
COPY, ARITHMETIC = "copy", "multiply-adds"


def micro_benchmarks(size: int) -> tuple[list[Contender], int]:
    """Loops that move as many bytes, and do as much arithmetic, as one core can; and multiply-adds in the second."""
    compiled = library("limits.c")
    real, whole, pointer = ctypes.c_double, ctypes.c_long, ctypes.c_void_p
    compiled.scaled_copy.argtypes = [pointer, pointer, whole, real]
    compiled.multiply_adds.argtypes, compiled.multiply_adds.restype = [whole, real, real], real
    x, out = np.ones(size), np.empty(size)
    pointers = [array.ctypes.data_as(pointer) for array in (x, out)]
    count = ROUNDS * compiled.chains() * compiled.lanes()
    return [
        Contender(COPY, partial(compiled.scaled_copy, *pointers, size, 1.5)),
        Contender(ARITHMETIC, partial(compiled.multiply_adds, ROUNDS, 0.5, 1.0)),
    ], count


def counted(cases: tuple[Case, ...]) -> dict[str, Instructions]:
    """Instructions of each kernel, from a process that compiles them all: the cache keeps no assembly."""
    found: dict[str, Any] = call("instructions", *(case.key for case in cases), SYMBIJ_CACHE_DIR="off")
    return {key: Instructions(**one) for key, one in found.items() if one is not None}


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """Every case on one thread, in turns with the micro-benchmarks."""
    result = Result(
        "limits",
        f"symbij on one thread, {effort.size:,} float64 elements. A kernel reads and writes 16 bytes an element, at "
        "best as fast as a loop in C that copies an array of that size; and it does the floating-point operations that "
        "stand in its compiled loop (a multiply-add is one, so is a division, though it takes longer), at best as fast "
        "as a loop of nothing but independent multiply-adds. The floor is the longer of the two times.",
    )
    if SYMBIJ not in available(only):
        result.remarks.append("Skipped: this group is about symbij.")
        return result
    if missing(C):
        result.remarks.append(f"Skipped: {missing(C)}.")
        return result
    micro, adds = micro_benchmarks(effort.size)
    operations = counted(CASES)
    header = [
        "kernel",
        "ns",
        "ns to copy",
        "operations",
        "all instructions",
        "ns for them",
        "floor, ns",
        "times the floor",
    ]
    table = Table("Nanoseconds per element on one core: medians [quartiles]", header)
    bandwidths, rates = [], []
    for case in progress.over(CASES, lambda case: case.title):
        x = case.points("float64", effort.size)
        made = entry(SYMBIJ_ONE, case, x)
        assert made is not None
        check(case, {SYMBIJ_ONE: made}, x)
        times = measure([made.contender, *micro], effort)
        mine, copy = times[SYMBIJ_ONE] * (1e9 / x.size), times[COPY] * (1e9 / x.size)
        rate = adds / times[ARITHMETIC]
        bandwidths.append(16 / np.median(copy))
        rates.append(np.median(rate) / 1e9)
        found = operations.get(case.key)
        work = None if found is None else 1e9 * found.operations / rate
        floor = copy if work is None else np.maximum(copy, work)
        table.rows.append(
            [case.title, Spread.of(mine), float(np.median(copy)),
             None if found is None else found.operations,
             None if found is None else found.vector * found.lanes / found.elements,
             None if work is None else float(np.median(work)), float(np.median(floor)), Spread.of(mine / floor)]
        )  # fmt: skip
    result.tables.append(table)
    result.remarks.append(
        f"One core copies {np.median(bandwidths):.1f} GB/s (read and written) at this size and does "
        f"{np.median(rates):.1f} thousand million multiply-adds a second."
    )
    if len(operations) < len(BY_KEY):
        result.remarks.append("Where operations are missing, the compiled loop could not be read or is not vectorised.")
    return result
