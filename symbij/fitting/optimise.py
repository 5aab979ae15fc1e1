"""Optimisers over raw parameter values. Both keep the best values seen, and stop in good order on Ctrl-C."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize
from tqdm import tqdm

from symbij.errors import DataError
from symbij.fitting.objective import Objective, Prepared

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
    totals, grad = np.empty((len(data.slot) + 1, data.x.shape[0])), np.empty_like(theta)
    skipped = 0
    bar = tqdm(total=epochs, desc="adam", unit="epoch", disable=_disabled(progress))
    try:
        for _ in range(epochs):
            x = np.ascontiguousarray(data.x[:, rng.permutation(data.x.shape[1])]) if shuffle else data.x
            train, missed = objective.epoch(
                x, data.packed, data.slot, theta, m, v, powers, batch_size, learning_rate, BETA1, BETA2, EPSILON, keep,
                totals, grad,
            )  # fmt: skip
            skipped += missed
            held_out = None if validation is None else objective.loss(theta, validation)[0]
            state.record(theta, float(train), held_out)
            bar.update()
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
    """Limited-memory BFGS on the full data, by scipy; an epoch is one iteration."""
    state = Progress(objective.start())
    worst = 0.0
    bar = tqdm(total=epochs, desc="lbfgs", unit="iteration", disable=_disabled(progress))

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal worst
        value, grad = objective.loss(theta, data)
        if not (math.isfinite(value) and np.all(np.isfinite(grad))):
            # a step out of the region where the likelihood is finite: a wall for the line search to turn back from
            return 1e3 * (1.0 + abs(worst)), np.zeros_like(theta)
        worst = max(worst, abs(value))
        return value, grad

    def after(intermediate_result: optimize.OptimizeResult) -> None:
        theta = intermediate_result.x
        held_out = None if validation is None else objective.loss(theta, validation)[0]
        state.record(theta, float(intermediate_result.fun), held_out)
        bar.update()
        bar.set_postfix(loss=f"{intermediate_result.fun:.5f}", refresh=False)

    try:
        found = optimize.minimize(
            loss, state.theta, jac=True, method="L-BFGS-B", callback=after,
            options={"maxiter": epochs, "maxfun": 20 * epochs, "ftol": 1e-13, "gtol": 1e-7},
        )  # fmt: skip
    except KeyboardInterrupt:
        state.interrupted("iterations")
        return state
    finally:
        bar.close()
    state.theta = found.x
    state.converged = bool(found.success)
    state.message = str(found.message)
    if not state.train:
        state.record(found.x, float(found.fun), None if validation is None else objective.loss(found.x, validation)[0])
    return state


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
