"""Start-up: a fresh Python from nothing to the first result of a formula."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.measure import Effort
from tests.benchmarks.peers import JAX, NUMPY, SYMBIJ, TORCH, available
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table

CODE = {
    "Python alone": "pass",
    NUMPY: "import numpy as np; x = np.float64(0.5); print((2.0*x + 1.0)**3)",
    JAX: "import jax; jax.config.update('jax_enable_x64', True); "
    "cubic = jax.jit(lambda x, a, b: (a*x + b)**3); print(cubic(0.5, 2.0, 1.0))",
    TORCH: "import torch; x = torch.tensor(0.5, dtype=torch.float64); print((2.0*x + 1.0)**3)",
    SYMBIJ: "import symbij as sb; "
    "Cubic = sb.bijector('(a*x + b)**3', a=sb.nonzero); print(Cubic(a=2.0, b=1.0).forward(0.5))",
}
WARM, COLD = f"{SYMBIJ}, warm cache", f"{SYMBIJ}, cold cache"


def seconds(code: str, cache: Path | None = None) -> float:
    """Wall time of `python -c code`."""
    environment = dict(os.environ)
    if cache is not None:
        environment["SYMBIJ_CACHE_DIR"] = str(cache)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    spent = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    assert code == "pass" or float(done.stdout.split("(")[-1].split(",")[0].strip(" )\n")) == 8.0, done.stdout
    return spent


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """Every start several times, in turns."""
    names = available(only)
    starts = {name: code for name, code in CODE.items() if name in names or name == "Python alone"}
    if SYMBIJ in starts:
        code = starts.pop(SYMBIJ)
        starts |= {WARM: code, COLD: code}
    rounds = max(2, round(9 * effort.scale))
    times: dict[str, list[float]] = {name: [] for name in starts}
    warm = Path(tempfile.mkdtemp(prefix="benchmarks-"))
    try:
        for name, code in starts.items():  # fills the cache, compiles Python's byte code, reads files into memory
            seconds(code, warm if name == WARM else None)
        for _ in progress.over(range(rounds)):
            for name, code in starts.items():
                if name == COLD:
                    empty = Path(tempfile.mkdtemp(prefix="benchmarks-"))
                    times[name].append(seconds(code, empty))
                    shutil.rmtree(empty)
                else:
                    times[name].append(seconds(code, warm if name == WARM else None))
    finally:
        shutil.rmtree(warm)
    result = Result(
        "start-up",
        f"Seconds for `python -c`, from nothing to the printed value of (a*x + b)**3 at a point, {rounds} times each, "
        "in turns. symbij's cold cache is an empty folder, so that it derives and compiles; JAX compiles each time.",
    )
    rows = [[name, Spread.of(found)] for name, found in times.items()]
    result.tables.append(Table("Seconds: median [quartiles]", ["start", "s"], rows))
    if {WARM, JAX} <= set(times):
        for name, bound in ((WARM, 1.0), (COLD, 2.0)):
            ratio = float(np.median(np.array(times[name]) / np.array(times[JAX])))
            result.bars.append(Bar.at_most(f"start-up, {name}, relative to JAX", ratio, bound))
    return result
