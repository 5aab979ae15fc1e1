"""Chains of 1 to 64 sinh-arcsinh layers: time to compile, time to run, and gradient over value."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import numpy as np

from tests.benchmarks.measure import Effort
from tests.benchmarks.peers import JAX, SYMBIJ, available
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table
from tests.benchmarks.workers import call

LENGTHS = (1, 2, 4, 8, 16, 32, 64)
LONGEST_JAX = 32  # its compiler did not finish the gradient of 64 layers within 8 minutes, at 5.6 GB
SIZE = 100_000
SLACK = 1.25  # of a time that should be proportional to the number of layers


def _worker(contender: str, layers: int, size: int, rounds: int) -> dict[str, Any]:
    if contender == JAX:
        return call("chain_jax", layers, size, rounds)
    empty = tempfile.mkdtemp(prefix="benchmarks-")
    try:
        return call("chain_symbij", layers, size, rounds, SYMBIJ_CACHE_DIR=empty)
    finally:
        shutil.rmtree(empty)


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """Every length in a process of its own, with an empty cache."""
    quick = effort.scale < 1
    lengths, size = (LENGTHS[:4], SIZE // 10) if quick else (LENGTHS, SIZE)
    names = [name for name in (SYMBIJ, JAX) if name in available(only)]
    result = Result(
        "chains",
        f"The layered flow of the likelihood group, of 1 to {lengths[-1]} layers, each in a fresh process with an "
        f"empty cache. Value: log p at {size:,} float64 observations (JAX: its mean); gradient: the mean of -log p and "
        "its derivatives with respect to 3 parameters a layer.",
    )
    items = [(name, layers) for layers in lengths for name in names if name != JAX or layers <= LONGEST_JAX]
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for name, layers in progress.over(items, lambda item: f"{item[0]} {item[1]}"):
        found[name, layers] = _worker(name, layers, size, max(3, effort.rounds // 2))
    for layers in lengths:
        losses = [found[name, layers]["loss"] for name in names if (name, layers) in found]
        np.testing.assert_allclose(losses, losses[:1] * len(losses), rtol=1e-8, err_msg=f"{layers} layers")
    for name in names:
        table = Table(
            name,
            ["layers", "compile value, s", "compile gradient, s", "value, ns", "gradient, ns", "gradient / value"],
        )
        for layers in (n for n in lengths if (name, n) in found):
            one = found[name, layers]
            value, gradient = np.array(one["value"]), np.array(one["gradient"])
            per = 1e9 / size
            table.rows.append(
                [layers, one["compile_value"], one["compile_gradient"], Spread.of(value).scaled(per),
                 Spread.of(gradient).scaled(per), Spread.of(gradient / value)]
            )  # fmt: skip
        result.tables.append(table)
    if JAX in names and lengths[-1] > LONGEST_JAX:
        result.remarks.append(f"JAX stops at {LONGEST_JAX} layers: it did not compile {lengths[-1]} in 8 minutes.")
    if SYMBIJ in names:
        _judge(result, lengths, found)
    return result


def _judge(result: Result, lengths: tuple[int, ...], found: dict[tuple[str, int], dict[str, Any]]) -> None:
    """Time is linear in the number of layers if the longest chain costs no more than four times a quarter of it.

    The constant part, which short chains show, only makes that easier.
    """
    short, long = lengths[-3], lengths[-1]
    growth = long / short * SLACK
    for key, what in (
        ("compile_value", "time to compile the value"),
        ("compile_gradient", "time to compile the gradient"),
        ("value", "time to run the value"),
        ("gradient", "time to run the gradient"),
    ):
        times = [float(np.median(found[SYMBIJ, layers][key])) for layers in (short, long)]
        result.bars.append(Bar.at_most(f"chains: {what}, {long} layers over {short}", times[1] / times[0], growth))
    ratios = {
        layers: float(np.median(np.array(found[SYMBIJ, layers]["gradient"]) / np.array(found[SYMBIJ, layers]["value"])))
        for layers in lengths
    }
    worst = max(ratios, key=ratios.__getitem__)
    result.bars.append(Bar.at_most(f"chains: gradient over value, the worst at {worst} layers", ratios[worst], 3.0))
