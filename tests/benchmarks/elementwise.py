"""Elementwise kernels: time per element of 10⁶ elements, float64 and float32."""

from __future__ import annotations

from tests.benchmarks.cases import CASES
from tests.benchmarks.measure import Effort, measure, spinning_remark
from tests.benchmarks.peers import (
    JAX,
    NUMEXPR,
    NUMPY,
    SYMBIJ,
    SYMBIJ_ONE,
    TORCH,
    C,
    available,
    check,
    entry,
)
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table, geometric_mean, ratio_rows, summary_rows

PAIRS = ((SYMBIJ, JAX), (SYMBIJ, TORCH), (SYMBIJ, NUMEXPR), (SYMBIJ, NUMPY), (SYMBIJ_ONE, C))
# (geometric mean over JAX, minimum over JAX, geometric mean over C); the float32 row names JAX alone.
BARS = {"float64": (5.0, 1.2, 1.2), "float32": (2.0, None, None)}


def run(dtype: str, effort: Effort, only: str | None, progress: Progress) -> Result:
    """Every case in every contender."""
    names = available(only)
    result = Result(
        f"elementwise {dtype}",
        f"One operation of one bijector on {effort.size:,} elements of {dtype}. JAX, PyTorch, numexpr and symbij have "
        "two threads, numpy and C one; C is compared with symbij on one thread.",
    )
    times = {}
    for case in progress.over(CASES, lambda case: f"{case.title} {dtype}"):
        x = case.points(dtype, effort.size)
        entries = {name: made for name in names if (made := entry(name, case, x)) is not None}
        check(case, entries, x)
        times[case.title] = measure([e.contender for e in entries.values()], effort)
    nanoseconds = {
        case: {name: Spread.of(t).scaled(1e9 / effort.size) for name, t in found.items()}
        for case, found in times.items()
    }
    result.series = {case: {name: s.median for name, s in found.items()} for case, found in nanoseconds.items()}
    result.tables.append(
        Table(
            "Nanoseconds per element: median [quartiles]",
            ["case", *names],
            [[case, *(found.get(name) for name in names)] for case, found in nanoseconds.items()],
        )
    )
    pairs = [pair for pair in PAIRS if set(pair) <= set(names)]
    if pairs:
        rows, medians = ratio_rows(times, pairs)
        header = ["case", *(f"{slow} / {fast}" for fast, slow in pairs)]
        result.tables.append(
            Table("How many times faster symbij is: median [quartiles]", header, rows + summary_rows(medians, pairs))
        )
        _judge(result, medians, dtype)
    result.remarks.append(spinning_remark())
    return result


def _judge(result: Result, medians: dict[tuple[str, str], list[float]], dtype: str) -> None:
    over_jax, least, over_c = BARS[dtype]
    if medians.get((SYMBIJ, JAX)):
        found = medians[SYMBIJ, JAX]
        result.bars.append(Bar.at_least(f"{dtype} kernels over JAX, geometric mean", geometric_mean(found), over_jax))
        if least:
            result.bars.append(Bar.at_least(f"{dtype} kernels over JAX, the least of them", min(found), least))
    if over_c and medians.get((SYMBIJ_ONE, C)):
        mean = geometric_mean(medians[SYMBIJ_ONE, C])
        result.bars.append(Bar.at_least(f"{dtype} kernels over C, one thread each, geometric mean", mean, over_c))
