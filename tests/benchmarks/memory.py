"""Large arrays: memory at the peak of a call with `out=`, and throughput beside that of 10⁶ elements."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.cases import BY_KEY
from tests.benchmarks.machine import free_memory
from tests.benchmarks.measure import Effort
from tests.benchmarks.peers import NUMPY, SYMBIJ, available
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table
from tests.benchmarks.workers import CLEAR, call

SIZE = 100_000_000
NEEDED = 4 * 2**30  # bytes
ROOM = 100.0  # MB that a call may take beside its arrays
CALLS = ("exp_forward", "gumbel_forward", "sinh_arcsinh_forward", "kumaraswamy_log_det")
MEGABYTE = 1e6


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """A call at a time in a process of its own; numpy's exp shows what the machine's memory allows."""
    size = SIZE // 10 if effort.scale < 1 else SIZE
    result = Result(
        "memory",
        f"A call with `out=` on {size:,} float64 elements, in a process of its own. Beside its arrays: resident memory "
        "at the peak of the call, less input, output and what the process with its libraries held before they were "
        "made; times are compared with those of 10⁶ elements, which stay in the cache of many machines.",
    )
    if not CLEAR.exists():
        result.remarks.append("Skipped: the system does not report the peak of a process's memory.")
        return result
    if free_memory() < NEEDED:
        result.remarks.append("Skipped: less than 4 GiB of memory are free.")
        return result
    names = available(only)
    items = [(SYMBIJ, key) for key in CALLS if SYMBIJ in names] + [(NUMPY, "exp_forward")] * (NUMPY in names)
    header = ["call", "process, MB", "arrays, MB", "beside its arrays, MB", "ns, 10⁶", f"ns, {size:.0e}", "slower"]
    table = Table("Memory and time per element", header)
    for name, key in progress.over(items, lambda item: f"{item[0]} {item[1]}"):
        found = call("memory", name, key, size, max(3, effort.rounds // 3))
        beside = (found["peak"] - found["process"] - found["arrays"]) / MEGABYTE
        few, many = np.array(found["few"]), np.array(found["many"])
        slower = Spread.of(many / few)
        title = f"{name}, {BY_KEY[key].title}"
        table.rows.append(
            [title, found["process"] / MEGABYTE, found["arrays"] / MEGABYTE, beside, Spread.of(few).scaled(1e9),
             Spread.of(many).scaled(1e9), slower]
        )  # fmt: skip
        if name == SYMBIJ:
            result.bars.append(Bar.at_most(f"memory beside the arrays, {BY_KEY[key].title}", beside, ROOM, " MB"))
            result.bars.append(Bar.at_most(f"time per element over that of 10⁶, {title}", slower.median, 1.1))
    result.tables.append(table)
    return result
