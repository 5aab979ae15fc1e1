"""What runs in processes of its own, since it is about a fresh process: `python -m tests.benchmarks.workers NAME ...`.

Each worker prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.measure import Contender, Effort, measure
from tests.benchmarks.peers import NUMPY, THREADS, limit_cores, symbij_threads

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def call(name: str, *arguments: Any, **environment: str) -> dict[str, Any]:
    """What a worker found, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.workers", name, *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[2:])} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _timed(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def chain_symbij(layers: str, size: str, rounds: str) -> dict[str, Any]:
    """Seconds to compile the density of a chain and its loss with gradient, and to run them, in symbij.

    The cache must be empty. What is derived and compiled once for all chains is done before: the formulas of the
    layers, and a density of one other layer.
    """
    import symbij as sb
    from tests.benchmarks import flows

    sb.set_num_threads(THREADS)
    x = np.random.default_rng(0).normal(0.0, 1.5, int(size))
    _ = flows.sinh_arcsinh().derivation, sb.Shift.derivation
    small = flows.symbij_cubic()
    objective = flows.objective_of(small)
    objective.loss(objective.start(), objective.prepare(x[:100]))
    small.log_prob(x[:100])

    begun = time.perf_counter()
    distribution = flows.symbij_layers(int(layers))
    distribution.log_prob(x[:100])
    compile_value = time.perf_counter() - begun
    begun = time.perf_counter()
    objective = flows.objective_of(distribution)
    theta = objective.start()
    objective.loss(theta, objective.prepare(x[:100]))
    compile_gradient = time.perf_counter() - begun
    prepared = objective.prepare(x)
    value = float(objective.loss(theta, prepared)[0])
    runs = (lambda: distribution.log_prob(x), lambda: objective.loss(theta, prepared))
    return _chain(compile_value, compile_gradient, value, runs, int(rounds))


def chain_jax(layers: str, size: str, rounds: str) -> dict[str, Any]:
    """The same in JAX: the mean of -log p, and it with its gradient."""
    import jax
    import jax.numpy as jnp

    from tests.benchmarks import flows

    jax.config.update("jax_enable_x64", True)
    x = jnp.asarray(np.random.default_rng(0).normal(0.0, 1.5, int(size)))
    theta = jnp.asarray(flows.layer_start(int(layers)))
    jax.block_until_ready(jax.jit(jax.value_and_grad(flows.jax_cubic))(jnp.ones(2), x))
    value, both = jax.jit(flows.jax_layers), jax.jit(jax.value_and_grad(flows.jax_layers))
    compile_value = _timed(lambda: jax.block_until_ready(value(theta, x)))
    compile_gradient = _timed(lambda: jax.block_until_ready(both(theta, x)))
    runs = (lambda: jax.block_until_ready(value(theta, x)), lambda: jax.block_until_ready(both(theta, x)))
    return _chain(compile_value, compile_gradient, float(value(theta, x)), runs, int(rounds))


def _chain(
    compile_value: float, compile_gradient: float, loss: float, runs: tuple[Callable[[], Any], ...], rounds: int
) -> dict[str, Any]:
    contenders = [Contender("value", runs[0]), Contender("gradient", runs[1])]
    times = {name: found.tolist() for name, found in measure(contenders, Effort(rounds=rounds)).items()}
    return {"compile_value": compile_value, "compile_gradient": compile_gradient, "loss": loss, **times}


def _status(key: str) -> int:
    """Bytes that the system reports for this process."""
    for line in STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return 1024 * int(line.split()[1])
    raise KeyError(key)


def memory(contender: str, key: str, size: str, rounds: str) -> dict[str, Any]:
    """Memory at the peak of one call with `out=` on a large float64 array, and its time beside that of 10⁶ elements."""
    from tests.benchmarks.cases import BY_KEY, bijector_of, operation_of

    case, n = BY_KEY[key], int(size)
    block = case.points("float64", 1_000_000)
    if contender == NUMPY:
        from tests.benchmarks.forms_numpy import FORMS

        form = FORMS[key]

        def run(x: np.ndarray, out: np.ndarray) -> None:
            form(x, out, out)  # only for forms that need no scratch memory

    else:
        symbij_threads(THREADS)()
        operation = operation_of(bijector_of(case.bijector), case.operation)

        def run(x: np.ndarray, out: np.ndarray) -> None:
            operation(x, out=out)

    few, few_out = block.copy(), np.empty_like(block)
    run(few, few_out)
    process = _status("VmRSS")
    x, out = np.empty(n), np.empty(n)
    for start in range(0, n, block.size):  # written to, so that the arrays are there before the call
        x[start : start + block.size] = block[: n - start]
    out.fill(0.0)
    CLEAR.write_text("5", encoding="utf-8")  # forgets the peak so far
    before = _status("VmRSS")
    run(x, out)
    peak = _status("VmHWM")
    contenders = [Contender("few", lambda: run(few, few_out)), Contender("many", lambda: run(x, out))]
    times = measure(contenders, Effort(rounds=int(rounds)))
    return {
        "process": process,
        "arrays": x.nbytes + out.nbytes,
        "before": before,
        "peak": peak,
        "few": (times["few"] / few.size).tolist(),
        "many": (times["many"] / n).tolist(),
    }


def instructions(*keys: str) -> dict[str, Any]:
    """Instructions in the compiled loop of every case."""
    from tests.benchmarks.assembly import instruction_count
    from tests.benchmarks.cases import BY_KEY, bijector_of

    found = {}
    for key in keys:
        case = BY_KEY[key]
        counted = instruction_count(bijector_of(case.bijector), case.operation)
        found[key] = None if counted is None else vars(counted)
    return found


WORKERS: dict[str, Callable[..., dict[str, Any]]] = {
    "chain_symbij": chain_symbij,
    "chain_jax": chain_jax,
    "memory": memory,
    "instructions": instructions,
}

if __name__ == "__main__":
    limit_cores()
    print(json.dumps(WORKERS[sys.argv[1]](*sys.argv[2:])))
