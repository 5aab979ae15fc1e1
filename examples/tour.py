"""A tour of bijectors, in statements that also run on TensorFlow Probability when its imports take the place of ours.

    python examples/tour.py --out tour.png

    from symbij import bijectors as tfb                      from tensorflow_probability import bijectors as tfb
    from symbij import distributions as tfd                  from tensorflow_probability import distributions as tfd

A chain of a scale and a shift, soft floors, distribution functions of Gumbel laws, a cubic written by hand with its
inverse and log-det, and two laws made from the normal by bijectors. The last step is symbij's own: the same cubic from
its formula alone.
"""

from __future__ import annotations

import argparse

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symbij import bijector, nonzero
from symbij import bijectors as tfb
from symbij import distributions as tfd

COLOURS = ("#c2410c", "#2563eb", "#15803d", "#7c3aed", "#0e7490", "#111827")


class Cubic(tfb.Bijector):
    """y = (a x + b)³ with its inverse and log-det written by hand."""

    def __init__(self, a, b, validate_args=False, name="cubic"):
        self.a = np.asarray(a, dtype="float32")
        self.b = np.asarray(b, dtype="float32")
        super().__init__(validate_args=validate_args, forward_min_event_ndims=0, name=name)

    def _forward(self, x):
        return (self.a * x + self.b) ** 3

    def _inverse(self, y):
        return (np.sign(y) * np.abs(y) ** (1 / 3) - self.b) / self.a

    def _forward_log_det_jacobian(self, x):
        return np.log(3.0 * np.abs(self.a)) + 2.0 * np.log(np.abs(self.a * x + self.b))


def panel(
    ax: Axes, title: str, x: np.ndarray, y: np.ndarray, labels: list[str], xlabel: str = "x", ylabel: str = "y"
) -> None:
    """One line for every column of `y`."""
    for column, (label, colour) in enumerate(zip(labels, COLOURS, strict=False)):
        ax.plot(np.ravel(x), y[:, column], color=colour, lw=1.8, label=label)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, fontsize=8)


def chain(ax: Axes) -> None:
    scale_and_shift = tfb.Chain([tfb.Shift(3.0), tfb.Scale(2.0)])  # the last is applied first
    x = np.linspace(-2.0, 2.0, 101, dtype="float32")
    y = scale_and_shift.forward(x)
    log_det = scale_and_shift.forward_log_det_jacobian(x, event_ndims=0)
    assert np.allclose(y, 2.0 * x + 3.0)
    assert np.allclose(scale_and_shift.inverse(y), x, atol=1e-6)
    assert np.allclose(log_det, np.log(2.0))
    panel(ax, "Chain([Shift(3), Scale(2)])", x, y[:, None], ["forward"])
    ax.plot(y, scale_and_shift.inverse(y), color=COLOURS[1], lw=1.8, label="inverse")
    ax.axline((0, 0), slope=1, color="0.8", lw=0.8, zorder=0)
    ax.legend(frameon=False, fontsize=8)


def soft_floors(ax: Axes) -> None:
    softfloor = tfb.Softfloor(temperature=[0.2, 0.1])
    x = np.linspace(-2.0, 3.0, 100, dtype="float32")[:, np.newaxis]
    y = softfloor.forward(x)
    assert x.shape == (100, 1)
    assert y.shape == (100, 2)  # a column for every temperature
    panel(ax, "Softfloor(temperature)", x, y, ["0.2", "0.1"])
    ax.step(x[:, 0], np.floor(x[:, 0]), color="0.75", lw=0.9, where="post", zorder=0)


def gumbel_cdfs(ax: Axes) -> None:
    loc = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0], dtype="float32")
    scale = np.array([2.0, 2.0, 3.0, 4.0, 2.0, 0.6], dtype="float32")
    gumbel = tfb.GumbelCDF(loc=loc, scale=scale)
    x = np.linspace(-5.0, 20.0, 1000, dtype="float32")[:, np.newaxis]
    y = gumbel.forward(x)
    assert y.shape == (1000, 6)
    panel(ax, "GumbelCDF(loc, scale)", x, y, [f"{m:g}, {s:g}" for m, s in zip(loc, scale, strict=True)])


def cubics(axes: tuple[Axes, Axes, Axes]) -> None:
    cubic = Cubic([1.0, -2.0], [-1.0, 0.4])
    x = np.linspace(-2.0, 2.5, 500, dtype="float32")[:, np.newaxis]
    y = np.linspace(-10.0, 10.0, 500, dtype="float32")[:, np.newaxis]
    labels = ["(x − 1)³", "(−2x + 0.4)³"]
    panel(axes[0], "Cubic: forward", x, cubic.forward(x), labels)
    panel(axes[1], "Cubic: inverse", y, cubic.inverse(y), labels, xlabel="y", ylabel="x")
    log_det = cubic.forward_log_det_jacobian(x, event_ndims=0)
    panel(axes[2], "Cubic: log|det J|", x, log_det, labels, ylabel="log|dy/dx|")


def derived_cubic() -> None:
    """What symbij adds: the inverse and both log-dets follow from the formula, and agree with those written by hand."""
    derived = bijector("(a*x + b)**3", a=nonzero)([1.0, -2.0], [-1.0, 0.4])
    by_hand = Cubic([1.0, -2.0], [-1.0, 0.4])
    x = np.linspace(-4.0, 4.0, 500, dtype="float32")[:, np.newaxis]
    y = derived.forward(x)
    assert np.allclose(y, by_hand.forward(x), rtol=1e-5, atol=1e-5)
    assert np.allclose(derived.inverse(y), by_hand.inverse(y), atol=1e-5)
    assert np.allclose(
        derived.forward_log_det_jacobian(x, event_ndims=0),
        by_hand.forward_log_det_jacobian(x, event_ndims=0),
        rtol=1e-3,
    )


def histogram(ax: Axes, title: str, distribution: tfd.Distribution, size: int, ends: tuple[float, float]) -> None:
    """Draws from a law under its density."""
    draws = np.asarray(distribution.sample((size,), seed=0))
    x = np.linspace(*ends, 400, dtype="float32")
    ax.hist(draws, bins=np.linspace(*ends, 61), density=True, color="#dbe4ee", edgecolor="white", lw=0.3)
    ax.plot(x, distribution.prob(x), color=COLOURS[0], lw=1.8)
    ax.set(title=title, xlabel="y", ylabel="density")


def laws(axes: tuple[Axes, Axes], size: int) -> None:
    normal = tfd.Normal(loc=0.0, scale=1.0)
    exp = tfb.Exp()
    log_normal = exp(tfd.Normal(loc=0.0, scale=0.5))
    histogram(axes[0], "exp(Normal(0, 0.5)): log-normal", log_normal, size, (0.01, 5.0))
    inverted_cubic = tfb.Invert(Cubic(1.0, 0.4))
    two_modes = inverted_cubic(normal)
    histogram(axes[1], "Invert(Cubic(1, 0.4))(Normal(0, 1))", two_modes, size, (-2.2, 1.4))


def main(out: str | None = None, size: int = 10_000) -> Figure:
    """The figure, also written to the file `out`; `size` is the number of draws from each law."""
    with matplotlib.rc_context({"axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10}):
        figure = Figure(figsize=(12.5, 6.2), layout="constrained")
        axes = figure.subplots(2, 4)
        chain(axes[0, 0])
        soft_floors(axes[0, 1])
        gumbel_cdfs(axes[0, 2])
        cubics((axes[0, 3], axes[1, 0], axes[1, 1]))
        laws((axes[1, 2], axes[1, 3]), size)
        derived_cubic()
        if out:
            figure.savefig(out, dpi=90)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="tour.png", help="file for the picture (default: %(default)s)")
    parser.add_argument("--size", type=int, default=10_000, help="number of draws from each law (default: %(default)s)")
    arguments = parser.parse_args()
    main(arguments.out, arguments.size)
