"""The eruptions of Old Faithful: real data with two modes, described by one formula with six parameters.

    python examples/old_faithful.py --out old_faithful.png

The density is that of X in f(X) = Z for a standard normal Z and

    f(x) = a·sinh((x − m)/s) + k·tanh((x − n)/t),

which is increasing, being a sum of increasing maps: steep where eruptions are many, flat where they are few. The
picture shows how f carries the observed law of X (above) to the standard normal law (to the right). A mixture of two
normals, which has five parameters, is fitted to the same data for comparison.

Data: durations in minutes of 272 eruptions, as published in W. Härdle (1991), Smoothing Techniques with Implementation
in S, Springer, and distributed with R as `faithful`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import symbij as sb

DATA = Path(__file__).resolve().parent / "data" / "faithful.csv"
FORMULA = "a*sinh((x - m)/s) + k*tanh((x - n)/t)"
INK, FIT, RIVAL, BARS = "#1f2937", "#c2410c", "#2563eb", "#dbe4ee"

SinhTanh = sb.bijector(FORMULA, name="SinhTanh", a=sb.positive, s=sb.positive, k=sb.positive, t=sb.positive)


def formula_density() -> sb.Distribution:
    """The law of x for which f(x) is standard normal; f starts flat near 3 minutes, with a second bend above."""
    start = {"a": 0.05, "m": 3.0, "s": 0.5, "k": 0.5, "n": 4.0, "t": 0.5}
    f = SinhTanh(**{name: sb.Variable(value) for name, value in start.items()})
    return sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(f), name="sinh-tanh")


def two_normals() -> sb.Distribution:
    """A mixture of two normals, all of whose parameters are trained."""
    components = [sb.Normal(sb.Variable(2.0), sb.Variable(0.5)), sb.Normal(sb.Variable(4.3), sb.Variable(0.5))]
    return sb.Mixture(sb.Categorical(logits=sb.Variable([0.0, 0.0])), components)


def report(formula: sb.FitResult, mixture: sb.FitResult, seed: int) -> None:
    """Print the derivation, both fits, and what draws from the fitted law say."""
    print(SinhTanh.derivation)
    print(f"\n{formula.data.size} eruptions: f(x) is standard normal")
    print(formula)
    print("\na mixture of two normals")
    for path, value in mixture.parameters.items():
        print(f"  {path:<18}  {np.round(value, 4)}")
    print(f"\nlog-likelihood: {formula.log_likelihood:.1f} (formula), {mixture.log_likelihood:.1f} (two normals)")
    draws = formula.distribution.sample(100_000, seed=seed)
    print(f"eruptions shorter than 3 minutes: {np.mean(formula.data < 3):.3f} of the data, "
          f"{np.mean(draws < 3):.3f} of 100,000 draws, probability {formula.distribution.cdf(3.0):.3f}")  # fmt: skip


def draw_densities(ax: Axes, formula: sb.FitResult, mixture: sb.FitResult, x: np.ndarray) -> None:
    """Histogram and rug of the data under both fitted densities."""
    data = formula.data
    ax.hist(data, bins=np.arange(1.5, 5.3, 0.125), density=True, color=BARS, edgecolor="white", lw=0.5)
    ax.plot(data, np.full(data.size, -0.022), "|", color=INK, alpha=0.35, ms=7, mew=0.7)
    density = formula.distribution.prob(x)
    ax.fill_between(x, density, color=FIT, alpha=0.13, lw=0)
    ax.plot(x, density, color=FIT, lw=2.4, label=f"formula, log-likelihood −{-formula.log_likelihood:.1f}")
    ax.plot(
        x, mixture.distribution.prob(x), color=RIVAL, lw=1.3, ls=(0, (5, 2)),
        label=f"two normals, −{-mixture.log_likelihood:.1f}",
    )  # fmt: skip
    ax.set_ylim(-0.05, None)
    ax.set_ylabel("density")
    ax.legend(frameon=False, loc="upper center", fontsize=9)
    ax.tick_params(labelbottom=False)


def draw_map(ax: Axes, result: sb.FitResult, x: np.ndarray) -> None:
    """The fitted f, with lines that carry equal shares of probability from one axis to the other."""
    f = sb.Invert(result.distribution.bijector)
    z = sb.Normal(0.0, 1.0).quantile(np.linspace(0.05, 0.95, 19))
    for level, place in zip(z, f.inverse(z), strict=True):
        ax.plot([place, place, x[-1]], [4.0, level, level], color=FIT, alpha=0.25, lw=0.8)
    ax.plot(x, f(x), color=FIT, lw=2.4)
    ax.set(xlabel="duration x of an eruption, minutes", ylabel="f(x)")
    ax.text(
        0.98, 0.06, r"$f(x)=a\,\sinh\frac{x-m}{s}+k\,\tanh\frac{x-n}{t}$", transform=ax.transAxes, ha="right", size=14,
    )  # fmt: skip


def draw_base(ax: Axes, result: sb.FitResult) -> None:
    """The data after f, against the standard normal density."""
    z = np.linspace(-3.2, 3.2, 400)
    ax.hist(
        sb.Invert(result.distribution.bijector)(result.data), bins=np.arange(-3.25, 3.5, 0.25), density=True,
        orientation="horizontal", color=BARS, edgecolor="white", lw=0.5,
    )  # fmt: skip
    ax.plot(sb.Normal(0.0, 1.0).prob(z), z, color=INK, lw=1.6)
    ax.set_xlabel("density of f(x)")
    ax.set_title("standard normal", fontsize=9, color=INK)
    ax.tick_params(labelleft=False)


def main(out: str | None = None, seed: int = 0) -> Figure:
    """The figure, also written to the file `out`; `seed` is that of the draws from the fitted law."""
    data = np.genfromtxt(DATA, delimiter=",", skip_header=1)[:, 1]
    formula = sb.fit(formula_density(), data, method="lbfgs", progress=False)
    mixture = sb.fit(two_normals(), data, method="lbfgs", progress=False)
    report(formula, mixture, seed)

    x = np.linspace(1.3, 5.35, 600)
    with matplotlib.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 10}):
        figure = Figure(figsize=(9.2, 7.2), layout="constrained")
        axes = figure.subplots(
            2, 2, sharex="col", sharey="row", width_ratios=(4, 1), height_ratios=(1.25, 1), squeeze=False
        )
        axes[0, 1].set_axis_off()
        draw_densities(axes[0, 0], formula, mixture, x)
        draw_map(axes[1, 0], formula, x)
        draw_base(axes[1, 1], formula)
        axes[1, 0].set(xlim=(x[0], x[-1]), ylim=(-3.3, 3.3))
        axes[0, 0].set_title("Old Faithful: 272 eruptions", loc="left", fontweight="bold")
        if out:
            figure.savefig(out, dpi=110)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="old_faithful.png", help="file for the picture (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default: %(default)s)")
    arguments = parser.parse_args()
    main(arguments.out, arguments.seed)
