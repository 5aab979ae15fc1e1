"""Linear maps: what a diagonal, a triangular and a full matrix do to points, and the normal laws they make of noise.

    python examples/linear_maps.py --out linear_maps.png

Top: points of the unit square, each in a colour of its own, before and after three maps of the plane. Middle: points
of the four-dimensional unit cube under a batch of two triangular matrices, seen in two of their planes. Bottom:
independent standard normals that triangular matrices make correlated, one law and batches of two.
"""

from __future__ import annotations

import argparse
import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

import symbij as sb
from symbij.linalg import LinearOperatorFullMatrix

SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
COLOURS = ("#2b6cb0", "#dd6b20")  # of the two members of a batch

PLANE_MAPS = {
    "ScaleMatvecDiag\n[1.5, −0.5]": sb.ScaleMatvecDiag([1.5, -0.5]),
    "ScaleMatvecTriL\n[[−1, 0], [−1, −1]]": sb.ScaleMatvecTriL([[-1, 0], [-1, -1]]),
    "ScaleMatvecLinearOperator\n[[0.5, 1.5], [1.5, 0.5]]": sb.ScaleMatvecLinearOperator(
        LinearOperatorFullMatrix([[0.5, 1.5], [1.5, 0.5]])
    ),
}

# Two matrices at once: every map below has batch shape [2].
TRIL_2 = np.array([[[1.0, 0.0], [0.8, 0.6]], [[0.5, 0.0], [-1.0, 0.4]]])
TRIL_4 = np.array(
    [
        [[1.0, 0.0, 0.0, 0.0], [0.7, 0.6, 0.0, 0.0], [0.1, 0.1, 1.2, 0.0], [0.1, 0.0, -0.9, 0.5]],
        [[-0.6, 0.0, 0.0, 0.0], [-0.4, 1.2, 0.0, 0.0], [0.1, -0.1, 0.7, 0.0], [0.0, 0.1, 0.7, -0.7]],
    ]
)


def colours_of(points: np.ndarray) -> np.ndarray:
    """A colour for every point of the unit square: hue along the first axis, lightness along the second."""
    across, up = points.T
    return hsv_to_rgb(np.stack([0.85 * across, 1.0 - 0.6 * up, 0.6 + 0.4 * up], axis=-1))


def draw_cloud(ax: Axes, title: str, before: np.ndarray, after: np.ndarray, outline: np.ndarray | None = None) -> None:
    """Every point where it was (faint, in the dashed unit square), where it is now, and its way between them."""
    colours = colours_of(before)
    ax.add_collection(
        LineCollection(list(np.stack([before, after], axis=1)), colors=colours, alpha=0.10, linewidths=0.7)
    )
    ax.scatter(*before.T, c=colours, s=7, alpha=0.25, linewidths=0)
    ax.scatter(*after.T, c=colours, s=11, linewidths=0, zorder=3)
    ax.plot(*SQUARE.T, color="0.6", linewidth=1.0, linestyle=(0, (4, 3)))
    if outline is not None:
        ax.plot(*outline.T, color="0.2", linewidth=1.2, zorder=4)
    ax.set_title(title)
    ax.set_aspect("equal", adjustable="datalim")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MultipleLocator(0.5))


def draw_plane_maps(axes: np.ndarray, size: int, rng: np.random.Generator) -> None:
    x = rng.uniform(size=(size, 2))
    draw_cloud(axes[0], "before\nthe unit square", x, x, SQUARE)
    for ax, (title, bijector) in zip(axes[1:], PLANE_MAPS.items(), strict=True):
        y, log_det = bijector.forward_and_log_det(x)
        draw_cloud(ax, f"{title},  |det| = {np.exp(log_det[0]):.2f}", x, y, bijector(SQUARE))


def draw_batch_of_maps(axes: np.ndarray, size: int, rng: np.random.Generator) -> None:
    bijector = sb.ScaleMatvecTriL(TRIL_4)
    x = rng.uniform(size=(size, 1, 4))  # the same points for both matrices
    y = bijector(x)  # (size, 2, 4)
    panels = [(member, plane) for member in (0, 1) for plane in (0, 2)]
    for ax, (member, plane) in zip(axes, panels, strict=True):
        title = f"4×4 triangular, matrix {member + 1} of 2\naxes {plane + 1} and {plane + 2}"
        draw_cloud(ax, title, x[:, 0, plane : plane + 2], y[:, member, plane : plane + 2])


def draw_density(ax: Axes, title: str, distribution: sb.Distribution, size: int) -> None:
    """Samples and lines of equal density of one two-dimensional law, or of a batch of two."""
    side = np.linspace(-3.5, 3.5, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1)  # (201, 201, 2)
    members = math.prod(distribution.batch_shape)
    density = distribution.prob(grid[:, :, None, :])  # one for every member of the batch
    samples = distribution.sample(size, seed=0).reshape(size, members, 2)
    for member, colour in zip(range(members), COLOURS, strict=False):
        ax.scatter(*samples[:, member].T, color=colour, s=7, alpha=0.45, linewidths=0)
        peak = density[..., member].max()
        levels = peak * np.exp(-0.5 * np.array([2.5, 1.75, 1.0, 0.4]) ** 2)
        ax.contour(side, side, density[..., member], levels=levels, colors=colour, linewidths=1.1)
    ax.set_title(title)
    ax.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal")


def draw_samples(axes: np.ndarray, distribution: sb.Distribution) -> None:
    """Four-dimensional samples, each a line over the four axes, the likelier the darker."""
    samples = distribution.sample(100, seed=0)  # (100, 2, 4)
    log_prob = distribution.log_prob(samples)  # (100, 2)
    rank = log_prob.argsort(axis=0).argsort(axis=0) / (len(samples) - 1)
    for member, (ax, colour) in enumerate(zip(axes, COLOURS, strict=True)):
        for line, height in zip(samples[:, member], rank[:, member], strict=True):
            ax.plot(range(1, 5), line, color=colour, alpha=0.1 + 0.6 * height**3, linewidth=1.0)
        ax.set_title(f"4-dimensional normal {member + 1} of 2\nsamples {samples.shape}, a line each")
        ax.set(xticks=range(1, 5), xlim=(1, 4), ylim=(-3.5, 3.5), xlabel="axis")


def main(out: str | None = None, size: int = 500) -> Figure:
    """The figure, also written to the file `out`; `size` is the number of points of a cloud."""
    rng = np.random.default_rng(0)
    normal = sb.Normal(0.0, 1.0)
    one = sb.ScaleMatvecTriL(TRIL_2[0])(normal, event_shape=[2])
    two = sb.TransformedDistribution(normal, sb.ScaleMatvecTriL(TRIL_2), batch_shape=[2], event_shape=[2])
    four = sb.TransformedDistribution(normal, sb.ScaleMatvecTriL(TRIL_4), batch_shape=[2], event_shape=[4])

    style = {"axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 9.5, "font.size": 9}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(14, 11), layout="constrained")
        axes = figure.subplots(3, 4)
        draw_plane_maps(axes[0], size, rng)
        draw_batch_of_maps(axes[1], size, rng)
        draw_density(axes[2, 0], "2-dimensional normal\nbatch shape ()", one, size)
        draw_density(axes[2, 1], "2-dimensional normals\nbatch shape (2,)", two, size)
        draw_samples(axes[2, 2:], four)
        if out:
            figure.savefig(out, dpi=150)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="linear_maps.png", help="file for the picture (default: %(default)s)")
    main(parser.parse_args().out)
