"""Negative log-likelihood with its gradient, over all data at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks import flows
from tests.benchmarks.measure import Contender, Effort, measure, spinning_remark
from tests.benchmarks.peers import JAX, SYMBIJ, SYMBIJ_ONE, THREADS, TORCH, available, symbij_threads
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table, ratio_rows

LAYERS = 4
PAIRS = ((SYMBIJ, JAX), (SYMBIJ, TORCH), (SYMBIJ_ONE, JAX))
BARS = {JAX: 5.0, TORCH: 15.0}


@dataclass(frozen=True)
class Loss:
    """What is timed, and the value and gradient that it computes."""

    call: Callable[[], Any]
    value: float
    gradient: np.ndarray


def symbij_loss(distribution: Any, x: np.ndarray) -> Loss:
    """symbij's loss and gradient at the starting values."""
    objective = flows.objective_of(distribution)
    prepared, theta = objective.prepare(x), objective.start()
    value, gradient = objective.loss(theta, prepared)
    return Loss(lambda: objective.loss(theta, prepared), value, flows.by_name(objective, gradient))


def jax_loss(function: Callable[..., Any], start: np.ndarray, x: np.ndarray) -> Loss:
    """The same by `value_and_grad`, jitted."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    compiled = jax.jit(jax.value_and_grad(function))
    theta, points = jnp.asarray(start), jnp.asarray(x)
    value, gradient = compiled(theta, points)
    return Loss(lambda: jax.block_until_ready(compiled(theta, points)), float(value), np.asarray(gradient).ravel())


def torch_loss(function: Callable[..., Any], start: np.ndarray, x: np.ndarray) -> Loss:
    """The same by autograd."""
    import torch

    torch.set_num_threads(THREADS)
    theta = torch.tensor(start, requires_grad=True)
    points = torch.from_numpy(x)

    def call() -> tuple[float, np.ndarray]:
        value = function(theta, points)
        (gradient,) = torch.autograd.grad(value, theta)
        return value.item(), gradient.numpy()

    value, gradient = call()
    return Loss(call, value, gradient.ravel())


def losses(flow: str, x: np.ndarray, names: list[str]) -> dict[str, Loss]:
    """The loss of a flow in every contender, compared with each other."""
    cubic = flow == "cubic"
    start = np.array(flows.CUBIC_START) if cubic else flows.layer_start(LAYERS)
    made: dict[str, Loss] = {}
    if SYMBIJ in names:
        distribution = flows.symbij_cubic() if cubic else flows.symbij_layers(LAYERS)
        made[SYMBIJ] = made[SYMBIJ_ONE] = symbij_loss(distribution, x)
    if JAX in names:
        made[JAX] = jax_loss(flows.jax_cubic if cubic else flows.jax_layers, start, x)
    if TORCH in names:
        made[TORCH] = torch_loss(flows.torch_cubic if cubic else flows.torch_layers, start, x)
    first = next(iter(made.values()))
    for name, loss in made.items():
        np.testing.assert_allclose(loss.value, first.value, rtol=1e-9, err_msg=f"{name}: {flow}")
        np.testing.assert_allclose(loss.gradient, first.gradient, rtol=1e-6, atol=1e-9, err_msg=f"{name}: {flow}")
    return made


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """Both flows."""
    names = [name for name in available(only) if name in (SYMBIJ, SYMBIJ_ONE, JAX, TORCH)]
    result = Result(
        "likelihood",
        f"Mean of -log p and its gradient with respect to all parameters, over {effort.size:,} float64 observations: "
        f"symbij's objective, JAX's jitted `value_and_grad`, PyTorch's autograd. The cubic flow has 2 parameters, the "
        f"flow of {LAYERS} sinh-arcsinh layers with a shift each has {3 * LAYERS}.",
    )
    data = {"cubic": flows.two_modes(effort.size), "layers": np.random.default_rng(0).normal(0.0, 1.5, effort.size)}
    titles = {"cubic": "cubic flow", "layers": f"{LAYERS}-layer sinh-arcsinh flow"}
    times = {}
    for flow in progress.over(list(titles), titles.__getitem__):
        contenders = [
            Contender(
                name,
                loss.call,
                symbij_threads(THREADS if name == SYMBIJ else 1) if name in (SYMBIJ, SYMBIJ_ONE) else None,
            )
            for name, loss in losses(flow, data[flow], names).items()
        ]
        times[titles[flow]] = measure(contenders, effort)
    result.tables.append(
        Table(
            "Nanoseconds per observation: median [quartiles]",
            ["flow", *names],
            [[f, *(Spread.of(found[n]).scaled(1e9 / effort.size) for n in names)] for f, found in times.items()],
        )
    )
    pairs = [pair for pair in PAIRS if set(pair) <= set(names)]
    if pairs:
        rows, _ = ratio_rows(times, pairs)
        header = ["flow", *(f"{slow} / {fast}" for fast, slow in pairs)]
        result.tables.append(Table("How many times faster symbij is: median [quartiles]", header, rows))
        for row in rows:
            for (fast, slow), ratio in zip(pairs, row[1:], strict=True):
                if fast == SYMBIJ:
                    result.bars.append(
                        Bar.at_least(f"{row[0]}, value and gradient, over {slow}", ratio.median, BARS[slow])
                    )
    result.remarks.append(spinning_remark())
    return result
