"""Small calls: arrays of one element, where the time is that of the way in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.cases import PARAMETERS
from tests.benchmarks.measure import Contender, Effort, measure
from tests.benchmarks.peers import JAX, NUMPY, SYMBIJ, TORCH, available, symbij_threads
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table

SCIPY = "scipy"
SLOPE, INTERCEPT = PARAMETERS["cubic"]
POINT = 0.7


def symbij_calls() -> dict[str, dict[str, Callable[[], Any]]]:
    """symbij's methods, with and without memory for the result."""
    import symbij as sb

    cubic, sigmoid = sb.Cubic(SLOPE, INTERCEPT), sb.Sigmoid()
    x, out = np.array([POINT]), np.empty(1)
    return {
        "cubic forward": {
            SYMBIJ: lambda: cubic.forward(x),
            f"{SYMBIJ}, out=": lambda: cubic.forward(x, out=out),
        },
        "cubic log-det": {SYMBIJ: lambda: cubic.forward_log_det_jacobian(x, event_ndims=0)},
        "sigmoid forward": {
            SYMBIJ: lambda: sigmoid.forward(x),
            f"{SYMBIJ}, out=": lambda: sigmoid.forward(x, out=out),
        },
    }


def torch_calls() -> dict[str, dict[str, Callable[[], Any]]]:
    """The transforms of torch.distributions."""
    import torch
    from torch.distributions import transforms

    cubic = transforms.ComposeTransform(
        [
            transforms.AffineTransform(INTERCEPT, SLOPE),
            transforms.PowerTransform(torch.tensor(3.0, dtype=torch.float64)),
        ]
    )
    sigmoid = transforms.SigmoidTransform()
    x = torch.tensor([POINT], dtype=torch.float64)
    y = cubic(x)

    return {
        "cubic forward": {TORCH: lambda: cubic(x)},
        "cubic log-det": {TORCH: lambda: cubic.log_abs_det_jacobian(x, y)},
        "sigmoid forward": {TORCH: lambda: sigmoid(x)},
    }


def numpy_calls() -> dict[str, dict[str, Callable[[], Any]]]:
    """Formulas by hand."""
    from scipy import special

    x = np.array([POINT])
    constant = float(np.log(3 * abs(SLOPE)))
    return {
        "cubic forward": {NUMPY: lambda: (SLOPE * x + INTERCEPT) ** 3},
        "cubic log-det": {NUMPY: lambda: constant + 2 * np.log(np.abs(SLOPE * x + INTERCEPT))},
        "sigmoid forward": {NUMPY: lambda: 1 / (1 + np.exp(-x)), SCIPY: lambda: special.expit(x)},
    }


def jax_calls() -> dict[str, dict[str, Callable[[], Any]]]:
    """Jitted functions on arrays that are JAX's already."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x = jnp.array([POINT])
    cubic = jax.jit(lambda x: (SLOPE * x + INTERCEPT) ** 3)
    log_det = jax.jit(lambda x: 2 * jnp.log(jnp.abs(SLOPE * x + INTERCEPT)) + float(np.log(3 * abs(SLOPE))))
    sigmoid = jax.jit(jax.nn.sigmoid)
    return {
        "cubic forward": {JAX: lambda: cubic(x).block_until_ready()},
        "cubic log-det": {JAX: lambda: log_det(x).block_until_ready()},
        "sigmoid forward": {JAX: lambda: sigmoid(x).block_until_ready()},
    }


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """Every call in every contender."""
    names = available(only)
    makers = {SYMBIJ: symbij_calls, TORCH: torch_calls, NUMPY: numpy_calls, JAX: jax_calls}
    calls: dict[str, dict[str, Callable[[], Any]]] = {}
    for name, make in makers.items():
        if name in names:
            for title, found in make().items():
                calls.setdefault(title, {}).update(found)
    result = Result("small calls", "Microseconds for one call on a float64 array of one element, compiled beforehand.")
    columns = list(dict.fromkeys(name for found in calls.values() for name in found))
    table = Table("Microseconds per call: median [quartiles]", ["call", *columns])
    for title in progress.over(list(calls)):
        values = {name: np.asarray(call()).item() for name, call in calls[title].items()}
        first = next(iter(values.values()))
        assert all(abs(v - first) < 1e-9 for v in values.values()), f"{title}: {values}"
        before = symbij_threads(2)
        contenders = [
            Contender(name, call, before if name.startswith(SYMBIJ) else None) for name, call in calls[title].items()
        ]
        times = measure(contenders, effort)
        table.rows.append([title, *(Spread.of(times[n]).scaled(1e6) if n in times else None for n in columns)])
        if SYMBIJ in times:
            mine = Spread.of(times[SYMBIJ]).median
            result.bars.append(Bar.at_most(f"one element, {title}", 1e6 * mine, 2.0, " µs"))
            if TORCH in times:
                ratio = Spread.of(times[SYMBIJ] / times[TORCH]).median
                result.bars.append(Bar.at_most(f"one element, {title}, relative to PyTorch's transform", ratio, 0.5))
    result.tables.append(table)
    return result
