"""Pictures: bijectors, densities and fits. Every function returns matplotlib Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from symbij.errors import UsageError

if TYPE_CHECKING:
    from symbij.accuracy.result import Accuracy
    from symbij.audit.report import Report
    from symbij.bijectors.base import Bijector
    from symbij.distributions.base import Distribution
    from symbij.fitting.result import FitResult

BEFORE, AFTER, DATA, VALIDATION = "#9aa5b1", "#c2410c", "#dbe4ee", "#2563eb"
POINTS = 801
LONGEST_TITLE = 50  # characters over one of several Axes
OPERATION_COLOURS = {"forward": "#2563eb", "forward_log_det": "#0d9488", "inverse": "#c2410c",
                     "inverse_log_det": "#9333ea"}  # fmt: skip
AIM = 4.0  # ulp times the condition number: the accuracy that is aimed at


def _axes(ax: Any, count: int = 1, size: tuple[float, float] = (6.4, 4.0)) -> Any:
    """The given Axes, or `count` new ones in a figure of their own."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, made = plt.subplots(
        1, count, figsize=(size[0] * (1 if count == 1 else 0.75 * count), size[1]), layout="constrained"
    )
    for one in np.atleast_1d(made):
        one.spines[["top", "right"]].set_visible(False)
    return made


def _inner_range(lo: np.ndarray, hi: np.ndarray, width: float = 4.0) -> tuple[float, float]:
    """A finite stretch inside (lo, hi) to draw over."""
    bottom, top = float(np.max(lo)), float(np.min(hi))
    if np.isfinite(bottom) and np.isfinite(top):
        margin = 1e-3 * (top - bottom)
        return bottom + margin, top - margin
    if np.isfinite(bottom):
        return bottom + 1e-3 * width, bottom + width
    if np.isfinite(top):
        return top - width, top - 1e-3 * width
    return -width, width


def _columns(values: np.ndarray, points: int) -> np.ndarray:
    """Values with the points along the first axis and one column for every batch element."""
    values = np.asarray(values)
    return values.reshape(points, -1)


def plot_bijector(bijector: Bijector, x: Any = None, axes: Any = None) -> Any:
    """Forward map, inverse and log-det of an elementwise bijector, side by side."""
    if bijector.forward_min_event_ndims:
        raise UsageError(
            f"{bijector.name} maps events of {bijector.forward_min_event_ndims} axes; only elementwise maps are drawn"
        )
    axes = _axes(axes, 3)
    grid = np.linspace(*_inner_range(*bijector._support()), POINTS) if x is None else np.sort(np.ravel(x))
    batch = bijector._batch_shape(0)
    column = grid.reshape((-1,) + (1,) * len(batch))
    y, log_det = (_columns(v, grid.size) for v in bijector.forward_and_log_det(column))
    axes[0].plot(grid, y, lw=1.8)
    axes[0].set(title="forward", xlabel="x", ylabel="y")
    axes[1].plot(y, np.broadcast_to(grid[:, None], y.shape), lw=1.8)
    axes[1].set(title="inverse", xlabel="y", ylabel="x")
    axes[2].plot(grid, np.where(np.isfinite(log_det), log_det, np.nan), lw=1.8)
    axes[2].set(title="log|det J|", xlabel="x")
    axes[0].figure.suptitle(bijector.name, fontsize=11)
    return axes


def density_range(dist: Distribution) -> tuple[float, float]:
    """From the 0.1% to the 99.9% quantile, with a margin."""
    lo, hi = np.min(dist.quantile(1e-3)), np.max(dist.quantile(1 - 1e-3))
    margin = 0.08 * (hi - lo)
    bottom, top = dist._support()
    return float(max(lo - margin, np.min(bottom))), float(min(hi + margin, np.max(top)))


def plot_distribution(dist: Distribution, x: Any = None, ax: Any = None) -> Any:
    """The density of a scalar distribution, one line for every batch element."""
    if dist.event_shape:
        raise UsageError(f"{dist.name} has events of shape {dist.event_shape}; only scalar densities are drawn")
    ax = _axes(ax)
    grid = np.linspace(*density_range(dist), POINTS) if x is None else np.sort(np.ravel(x))
    density = _columns(dist.prob(grid.reshape((-1,) + (1,) * len(dist.batch_shape))), grid.size)
    ax.plot(grid, density, lw=1.8, color=AFTER if density.shape[1] == 1 else None)
    if density.shape[1] == 1:
        ax.fill_between(grid, density[:, 0], color=AFTER, alpha=0.12, lw=0)
    ax.set(xlabel="x", ylabel="density", title=dist.name)
    ax.set_ylim(bottom=0)
    return ax


def plot_fit(result: FitResult, axes: Any = None) -> Any:
    """Histogram of the data with the density before and after the fit, and the losses."""
    if result.distribution.event_shape or result.distribution.batch_shape not in ((), (1,)):
        raise UsageError("only fits of a single scalar density are drawn")
    axes = _axes(axes, 2)
    data = np.ravel(result.data)
    span = np.ptp(data) or 1.0
    low, high = result.distribution._support()
    grid = np.linspace(
        max(data.min() - 0.1 * span, float(np.min(low))), min(data.max() + 0.1 * span, float(np.max(high))), POINTS
    )
    bins = int(np.clip(2.5 * data.size ** (1 / 3), 10, 120))
    axes[0].hist(data, bins=bins, density=True, color=DATA, edgecolor="white", lw=0.4, label=f"data (n = {data.size})")
    axes[0].plot(grid, _on(result.initial, grid), color=BEFORE, lw=1.4, ls="--", label="before")
    after = _on(result.distribution, grid)
    axes[0].plot(grid, after, color=AFTER, lw=2.0, label="fitted")
    heights = axes[0].containers[0].datavalues
    axes[0].set_ylim(0, 1.25 * max(np.max(heights), np.nanmax(np.where(np.isfinite(after), after, np.nan))))
    axes[0].set(xlabel="x", ylabel="density")
    axes[0].legend(frameon=False)
    steps = np.arange(1, len(result.history["train"]) + 1)
    axes[1].plot(steps, result.history["train"], color=AFTER, lw=1.8, label="train")
    if "validation" in result.history:
        axes[1].plot(steps, result.history["validation"], color=VALIDATION, lw=1.4, ls="--", label="validation")
    axes[1].set(xlabel="epoch", ylabel="mean of -log p")
    axes[1].legend(frameon=False)
    return axes


def _on(dist: Distribution, grid: np.ndarray) -> np.ndarray:
    return np.ravel(dist.prob(grid))


def plot_accuracy(accuracy: Accuracy, ax: Any = None) -> Any:
    """Errors in ulp / max(1, condition number) over the domain; crosses on top where the error is infinite."""
    ax = _axes(ax)
    shown = {name: [p for p in o.points if np.isfinite(p.x)] for name, o in accuracy.operations.items()}
    axis = _Symlog(np.array([p.x for points in shown.values() for p in points]))
    errors = np.array([p.conditioned for points in shown.values() for p in points])
    top = 30 * max(AIM, *errors[np.isfinite(errors)], 1.0)
    for name, points in shown.items():
        x, error = axis.place(np.array([p.x for p in points])), np.array([p.conditioned for p in points])
        good = np.isfinite(error)
        colour = OPERATION_COLOURS[name]
        ax.plot(x[good], np.maximum(error[good], 1e-3), ".", ms=5, alpha=0.8, color=colour, label=name)
        if not good.all():
            ax.plot(x[~good], np.full(np.sum(~good), top), "x", ms=6, color=colour, clip_on=False)
    ax.axhline(AIM, color=BEFORE, lw=1.0, ls="--")
    ax.set_xticks(*axis.ticks())
    ax.set_yscale("log")
    ax.set_ylim(5e-4, top)
    ax.set(xlabel="x", ylabel="error, ulp / max(1, condition number)", title=f"y = {accuracy.formula}")
    ax.legend(frameon=False, fontsize=8, ncols=4, loc="upper center", handletextpad=0.1)
    return ax


def plot_audit(report: Report, axes: Any = None) -> Any:
    """Errors in ulp / condition number over the inputs, one of the Axes for each check that measured some; a line where
    errors become failures, crosses on top where the error is infinite or NaN."""
    checks = [c for c in report.checks if c.errors]
    if not checks:
        raise UsageError(f"no check of {report.subject} measured errors; there is nothing to draw")
    axes = np.atleast_1d(_axes(axes, len(checks)))
    for ax, check in zip(axes, checks, strict=True):
        x, error = (np.array(column, dtype=float) for column in zip(*check.errors, strict=True))
        x, error = x[np.isfinite(x)], error[np.isfinite(x)]
        good = np.isfinite(error)
        top = 30 * max([report.tolerated_ulp, *error[good]])
        axis = _Symlog(x)
        place = axis.place(x)
        colour = AFTER if check.status == "FAIL" else VALIDATION
        ax.plot(place[good], np.maximum(error[good], 1e-3), ".", ms=5, alpha=0.8, color=colour)
        if not good.all():
            ax.plot(place[~good], np.full(np.sum(~good), top), "x", ms=6, color=colour, clip_on=False)
        ax.axhline(report.tolerated_ulp, color=BEFORE, lw=1.0, ls="--")
        ax.set_xticks(*axis.ticks())
        ax.set_yscale("log")
        ax.set_ylim(5e-4, top)
        ax.set(xlabel="input", ylabel="error, ulp / condition number")
        title = f"{check.group}: {check.name}"
        title = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 3] + "..."
        ax.set_title(title, fontsize=9, parse_math=False)
    return axes


class _Symlog:
    """A symmetric logarithmic axis for doubles of all sizes; matplotlib's own overflows over more than 308 decades."""

    def __init__(self, x: np.ndarray) -> None:
        sizes = np.abs(x[x != 0])
        self.low, self.high = np.min(x, initial=0.0), np.max(x, initial=0.0)
        # decades from zero on which are drawn as one step
        self.first = float(np.floor(np.log10(np.quantile(sizes, 0.05)))) if sizes.size else -1.0

    def place(self, x: np.ndarray) -> np.ndarray:
        """Decades beyond the first one, with the sign of x; 0 at x = 0."""
        with np.errstate(divide="ignore"):
            return np.sign(x) * np.maximum(0.0, np.log10(np.abs(x)) - self.first + 1)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Places of some powers of ten, and of zero, with their labels."""
        found = {0.0: "0"}
        ends = [end for end in (self.low, self.high) if end]
        decades = {end: np.arange(self.first + 1, np.log10(abs(end)) + 0.01) for end in ends}
        stride = 1 + sum(exponents.size for exponents in decades.values()) // 8
        stride = stride if stride < 10 else 20 * -(-stride // 20)
        for end, exponents in decades.items():
            for k in exponents[exponents % stride == 0]:  # counted from 10^0, so that 1 is marked if it is in sight
                place = k - self.first + 1
                if place >= 0.4 * stride:  # not over the mark of zero
                    sign = "-" if end < 0 else ""
                    found[float(np.sign(end) * place)] = f"${sign}10^{{{int(k)}}}$"
        return list(found), list(found.values())
