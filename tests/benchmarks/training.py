"""Training the cubic flow: 10,000 observations, 10 epochs of minibatches of 128 by Adam, as in the example.

The bare loops take the same 790 steps over the same data in the same order, which is that of the draws in every epoch,
and must arrive at the same parameters. The whole fits shuffle the data for each epoch; symbij's also checks them, and
finds the losses and makes the result.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks import flows
from tests.benchmarks.measure import Contender, Effort, measure
from tests.benchmarks.peers import JAX, SYMBIJ, TORCH, available, symbij_threads
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Bar, Result, Spread, Table, ratio_rows

SIZE, EPOCHS, BATCH, RATE = 10_000, 10, 128, 1e-3
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7
UNROLL = 3  # of JAX's inner scan: the fastest of 1, 2, 3, 6 and 13

LOOP, FIT = "symbij, the loop", "symbij.fit, all of it"
SCAN, SCAN_SHUFFLED = "JAX lax.scan", "JAX lax.scan, with shuffling"
TORCH_LOOP, TFP = "PyTorch loop", "TFP, tf.function"


def shuffled(x: np.ndarray) -> np.ndarray:
    """The data of each epoch, shuffled."""
    rng = np.random.default_rng(1)
    return np.stack([x[rng.permutation(x.size)] for _ in range(EPOCHS)])


def symbij_loop(x: np.ndarray) -> Callable[[], np.ndarray]:
    """The compiled epochs, without the shuffling, checks and result of `sb.fit`."""
    from symbij.fitting.optimise import adam

    objective = flows.objective_of(flows.symbij_cubic())
    data, rng = objective.prepare(x), np.random.default_rng(0)

    def call() -> np.ndarray:
        state = adam(
            objective, data, None, epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, shuffle=False, rng=rng,
            progress=False,
        )  # fmt: skip
        return flows.by_name(objective, state.theta)

    return call


def symbij_fit(x: np.ndarray) -> Callable[[], Any]:
    """`sb.fit` from the data to the result."""
    import symbij as sb

    distribution = flows.symbij_cubic()
    return lambda: sb.fit(distribution, x, epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, seed=0, progress=False)


def jax_scan() -> Callable[[Any, Any], Any]:
    """One jitted function for the whole training: a scan over epochs of a scan over minibatches, Adam by hand.

    The last minibatch of an epoch is shorter, as it is for everybody: it is a step behind the inner scan.
    """
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    gradient = jax.grad(flows.jax_cubic)
    full = SIZE // BATCH

    def step(state: Any, x: Any) -> tuple[Any, None]:
        theta, m, v, power1, power2 = state
        g = gradient(theta, x)
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g * g
        power1, power2 = power1 * BETA1, power2 * BETA2
        theta = theta - RATE * (m / (1 - power1)) / (jnp.sqrt(v / (1 - power2)) + EPSILON)
        return (theta, m, v, power1, power2), None

    def epoch(state: Any, x: Any) -> tuple[Any, None]:
        state, _ = jax.lax.scan(step, state, x[: full * BATCH].reshape(full, BATCH), unroll=UNROLL)
        return step(state, x[full * BATCH :]) if SIZE % BATCH else (state, None)

    @jax.jit
    def train(start: Any, data: Any) -> Any:
        one = jnp.ones(())
        state = (start, jnp.zeros_like(start), jnp.zeros_like(start), one, one)
        return jax.lax.scan(epoch, state, data)[0][0]

    return train


def jax_loop(epochs: np.ndarray) -> Callable[[], np.ndarray]:
    """The training in JAX, to the end."""
    import jax.numpy as jnp

    train = jax_scan()
    start, data = jnp.asarray(flows.CUBIC_START, dtype=jnp.float64), jnp.asarray(epochs)
    return lambda: np.asarray(train(start, data).block_until_ready())


def jax_fit(x: np.ndarray) -> Callable[[], np.ndarray]:
    """The same with the shuffling, by numpy: JAX's own permutations take several times as long as the training."""
    import jax.numpy as jnp

    train = jax_scan()
    start = jnp.asarray(flows.CUBIC_START, dtype=jnp.float64)
    return lambda: np.asarray(train(start, jnp.asarray(shuffled(x))).block_until_ready())


def torch_loop(epochs: np.ndarray) -> Callable[[], np.ndarray]:
    """The usual loop; one thread, since a minibatch is small."""
    import torch

    minibatches = [part for epoch in torch.from_numpy(epochs) for part in torch.split(epoch, BATCH)]

    def call() -> np.ndarray:
        theta = torch.tensor(flows.CUBIC_START, dtype=torch.float64, requires_grad=True)
        adam = torch.optim.Adam([theta], lr=RATE, betas=(BETA1, BETA2), eps=EPSILON, fused=True)
        for x in minibatches:
            adam.zero_grad(set_to_none=True)
            flows.torch_cubic(theta, x).backward()
            adam.step()
        return theta.detach().numpy()

    return call


def tfp_loop(epochs: np.ndarray) -> Callable[[], np.ndarray]:
    """The tutorial's way: TransformedDistribution, Keras' Adam, and a train step in a `tf.function`."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    keras = importlib.import_module("tf_keras") if importlib.util.find_spec("tf_keras") else tf.keras
    a, b = (tf.Variable(value, dtype=tf.float64) for value in flows.CUBIC_START)

    class Cubic(tfp.bijectors.Bijector):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(forward_min_event_ndims=0, dtype=tf.float64)

        def _forward(self, x: Any) -> Any:
            return (a * x + b) ** 3

        def _inverse(self, y: Any) -> Any:
            return (tf.sign(y) * tf.abs(y) ** (1 / 3) - b) / a

        def _forward_log_det_jacobian(self, x: Any) -> Any:
            return tf.math.log(tf.abs(3 * a)) + 2 * tf.math.log(tf.abs(a * x + b))

    normal = tfp.distributions.Normal(tf.zeros((), tf.float64), tf.ones((), tf.float64))
    density = tfp.distributions.TransformedDistribution(normal, tfp.bijectors.Invert(Cubic()))
    minibatches = [tf.constant(part) for epoch in epochs for part in np.split(epoch, range(BATCH, SIZE, BATCH))]
    adam = keras.optimizers.Adam(learning_rate=RATE, beta_1=BETA1, beta_2=BETA2, epsilon=EPSILON)
    adam.build([a, b])
    state = adam.variables() if callable(adam.variables) else adam.variables
    start = [tf.identity(variable) for variable in state]

    @tf.function
    def step(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(density.log_prob(x))
        adam.apply_gradients(zip(tape.gradient(loss, [a, b]), [a, b], strict=True))

    def call() -> np.ndarray:
        for variable, value in zip((a, b), flows.CUBIC_START, strict=True):
            variable.assign(value)
        for variable, value in zip(state, start, strict=True):
            variable.assign(value)
        for x in minibatches:
            step(x)
        return np.array([a.numpy(), b.numpy()])

    return call


def run(effort: Effort, only: str | None, progress: Progress) -> Result:
    """Everybody's training, against symbij's loop and symbij's whole fit."""
    result = Result(
        "training",
        f"{EPOCHS} epochs over {SIZE:,} float64 observations in minibatches of {BATCH} by Adam, compiled beforehand: "
        f"{EPOCHS * -(-SIZE // BATCH)} steps.",
    )
    names, x = available(only), flows.two_modes(SIZE)
    epochs = np.tile(x, (EPOCHS, 1))
    loops: dict[str, Callable[[], np.ndarray]] = {}
    fits: dict[str, Callable[[], Any]] = {}
    if SYMBIJ in names:
        loops[LOOP], fits[FIT] = symbij_loop(x), symbij_fit(x)
    if JAX in names:
        loops[SCAN], fits[SCAN_SHUFFLED] = jax_loop(epochs), jax_fit(x)
    if TORCH in names:
        loops[TORCH_LOOP] = torch_loop(epochs)
    if only != "symbij" and importlib.util.find_spec("tensorflow_probability"):
        loops[TFP] = tfp_loop(epochs)
    elif only != "symbij":
        result.remarks.append("TFP is skipped: tensorflow_probability is not installed.")
    _check(loops)
    slow = effort if effort.rounds <= 5 else Effort(rounds=7, turn=effort.turn)
    calls = loops | fits
    contenders = [Contender(n, c, _before(n)) for n, c in progress.over(list(calls.items()), lambda item: item[0])]
    times = measure(contenders, slow)
    result.tables.append(
        Table(
            "Milliseconds for the training: median [quartiles]",
            ["contender", "ms"],
            [[name, Spread.of(found).scaled(1e3)] for name, found in times.items()],
        )
    )
    _judge(result, times)
    return result


def _before(name: str) -> Callable[[], None] | None:
    if name in (LOOP, FIT):
        return symbij_threads(2)
    if name != TORCH_LOOP:
        return None

    def one_thread() -> None:
        import torch

        torch.set_num_threads(1)

    return one_thread


def _check(loops: dict[str, Callable[[], np.ndarray]]) -> None:
    """All loops arrive at the same parameters."""
    found = {name: call() for name, call in loops.items()}
    for name, theta in found.items():
        # Keras adds epsilon at another place, and the log-det, singular at a*x + b = 0, magnifies what that changes.
        tolerance = 1e-2 if name == TFP else 1e-6
        np.testing.assert_allclose(theta, next(iter(found.values())), rtol=tolerance, err_msg=name)


def _judge(result: Result, times: dict[str, np.ndarray]) -> None:
    pairs = [(LOOP, SCAN), (LOOP, TORCH_LOOP), (LOOP, TFP), (FIT, SCAN_SHUFFLED), (FIT, TORCH_LOOP), (FIT, TFP)]
    pairs = [pair for pair in pairs if set(pair) <= set(times)]
    if not pairs:
        return
    rows, medians = ratio_rows({"training": times}, pairs)
    body = [[fast, slow, spread] for (fast, slow), spread in zip(pairs, rows[0][1:], strict=True)]
    result.tables.append(Table("How many times faster symbij is: median [quartiles]", ["", "than", "times"], body))
    for (fast, slow), bound in {(LOOP, SCAN): 2.0, (LOOP, TFP): 2000.0}.items():
        if (fast, slow) in medians:
            result.bars.append(Bar.at_least(f"training: {fast}, over {slow}", medians[fast, slow][0], bound))
