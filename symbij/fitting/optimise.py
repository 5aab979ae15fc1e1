"""Optimisers over raw parameter values. Both keep the best values seen, and stop in good order on Ctrl-C."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize
from tqdm import tqdm

from symbij.errors import DataError
from symbij.fitting.objective import Objective, Prepared
from symbij.kernels.compile import adam_epoch, address_of, block_sums
from symbij.kernels.run import scratch_for

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7  # Kingma & Ba 2015, with the epsilon of Keras
SETTLED = 1e-4  # relative change of the training loss over an epoch below which Adam counts as converged


@dataclass
class Progress:
    """What an optimiser leaves behind."""

    theta: np.ndarray
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    converged: bool = False
    message: str = ""
    best: np.ndarray | None = None
    best_loss: float = math.inf

    def record(self, theta: np.ndarray, train: float, validation: float | None) -> None:
        self.train.append(train)
        if validation is not None:
            self.validation.append(validation)
        judged = train if validation is None else validation
        if judged < self.best_loss:
            self.best_loss, self.best = judged, theta.copy()

    def interrupted(self, unit: str) -> None:
        """Keep the best values when the user has stopped the fit."""
        if self.best is not None:
            self.theta = self.best
        self.message = f"interrupted after {len(self.train)} {unit}; these are the best values so far"


def adam(
    objective: Objective,
    data: Prepared,
    validation: Prepared | None,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    shuffle: bool,
    rng: np.random.Generator,
    progress: bool | None,
) -> Progress:
    """Adam over minibatches; a whole epoch is one call of compiled code."""
    theta = objective.start()
    state = Progress(theta)
    keep = objective.nonzero()
    m, v, powers = np.zeros_like(theta), np.zeros_like(theta), np.ones(2)
    loss, epoch = block_sums(objective.program), adam_epoch()
    sums = address_of(loss)
    scratch, grad = scratch_for(min(batch_size, data.x.shape[1]), len(objective.program.outputs)), np.empty_like(theta)
    skipped = 0
    bar = tqdm(total=epochs, desc="adam", unit="epoch", disable=_disabled(progress))
    try:
        for _ in range(epochs):
            x = np.ascontiguousarray(data.x[:, rng.permutation(data.x.shape[1])]) if shuffle else data.x
            train, missed = epoch(
                sums, x, data.packed, data.slot, theta, m, v, powers, batch_size, learning_rate, BETA1, BETA2, EPSILON,
                keep, scratch, grad, float(math.prod(objective.distribution.event_shape)),
            )  # fmt: skip
            skipped += missed
            held_out = None if validation is None else objective.loss(theta, validation)[0]
            state.record(theta, float(train), held_out)
            bar.update()
            if not bar.disable:
                bar.set_postfix(loss=f"{train:.5f}", refresh=False)
    except KeyboardInterrupt:
        state.interrupted("epochs")
        return state
    finally:
        bar.close()
    if len(state.train) > 1:
        change = abs(state.train[-1] - state.train[-2]) / max(1.0, abs(state.train[-1]))
        state.converged = change < SETTLED
        state.message = f"{epochs} epochs; the training loss changed by {change:.1e} in the last one"
    else:
        state.message = f"{epochs} epoch"
    if skipped:
        state.message += f"; {skipped} minibatches were skipped, their loss or gradient was not finite"
    return state


def lbfgs(
    objective: Objective, data: Prepared, validation: Prepared | None, *, epochs: int, progress: bool | None
) -> Progress:
    """Limited-memory BFGS on the full data, by scipy; an epoch is one iteration.

    It works on raw values in units of their own size, and is restarted with new units, and with its memory of the
    curvature cleared, for as long as that helps: what it learnt far from the optimum can bring it to a halt too early.
    """
    state = Progress(objective.start())
    wall = 1.0
    bar = tqdm(total=epochs, desc="lbfgs", unit="iteration", disable=_disabled(progress))
    found: optimize.OptimizeResult | None = None
    units = np.ones_like(state.theta)

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal wall
        value, grad = objective.loss(z * units, data)
        if not (math.isfinite(value) and np.all(np.isfinite(grad))):
            # a step out of the region where the likelihood is finite: a wall for the line search to turn back from
            return 1e3 * wall, np.zeros_like(z)
        wall = max(wall, abs(value))
        return value, grad * units

    def after(intermediate_result: optimize.OptimizeResult) -> None:
        theta = intermediate_result.x * units
        held_out = None if validation is None else objective.loss(theta, validation)[0]
        state.record(theta, float(intermediate_result.fun), held_out)
        bar.update()
        bar.set_postfix(loss=f"{intermediate_result.fun:.5f}", refresh=False)

    try:
        before = math.inf
        while len(state.train) < epochs:
            units = np.maximum(1.0, np.abs(state.theta))
            left = epochs - len(state.train)
            found = optimize.minimize(
                loss, state.theta / units, jac=True, method="L-BFGS-B", callback=after,
                options={"maxiter": left, "maxfun": 20 * left, "ftol": 1e-13, "gtol": 1e-7},
            )  # fmt: skip
            state.theta = found.x * units
            if before - found.fun <= 1e-11 * max(1.0, abs(found.fun)) or found.nit == 0:
                break
            before = found.fun
    except KeyboardInterrupt:
        state.interrupted("iterations")
        return state
    finally:
        bar.close()
    if not state.train:
        value = objective.loss(state.theta, data)[0]
        state.record(state.theta, value, None if validation is None else objective.loss(state.theta, validation)[0])
    _judge(objective, data, state, epochs)
    return state


FLAT = 1e-4  # slope of the mean loss, per unit or per size of a parameter, below which a fit counts as converged


def _judge(objective: Objective, data: Prepared, state: Progress, epochs: int) -> None:
    """Whether the fit ended where the loss is flat, in words and as a flag."""
    _, grad = objective.loss(state.theta, data)
    slope = float(np.max(np.abs(grad) * np.maximum(1.0, np.abs(state.theta)), initial=0.0))
    state.converged = bool(slope <= FLAT and math.isfinite(slope))
    state.message = f"{len(state.train)} iterations; the loss is flat to {slope:.1e}"
    if not state.converged:
        reason = "the limit was reached" if len(state.train) >= epochs else "no step makes it smaller"
        state.message = f"{len(state.train)} iterations: {reason}, but its slope is {slope:.1e}, not zero"


def check_start(objective: Objective, data: Prepared) -> None:
    """Refuse to start where the loss is not finite, since no optimiser gets away from there."""
    value, grad = objective.loss(objective.start(), data)
    if not math.isfinite(value):
        raise DataError(
            f"the log-likelihood is not finite at the starting values ({-value:g} on average): some observation has "
            "density zero there; choose other starting values"
        )
    if not np.all(np.isfinite(grad)):
        raise DataError("the gradient is not finite at the starting values; choose other starting values")


def _disabled(progress: bool | None) -> bool | None:
    return None if progress is None else not progress  # None: tqdm shows the bar on a terminal only
