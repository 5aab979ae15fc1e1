"""A normal law pushed through a trained cubic becomes a law with two modes.

    python examples/cubic_mixture.py --out cubic_mixture.png

The data are draws from 0.45·N(2.3, 0.4) + 0.55·N(-0.8, 0.4). The density is that of X in (a·X + b)³ = Z for a standard
normal Z, with a and b trained by Adam. A table shows a and b for every seed of the draws and of the minibatches, the
picture the fit of the first seed. The loss need not fall in every epoch: the log-det is singular at a·x + b = 0, so an
observation close to that point makes one step jump.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import symbij as sb

TRUTH = sb.Mixture(sb.Categorical(probs=[0.45, 0.55]), [sb.Normal(2.3, 0.4), sb.Normal(-0.8, 0.4)])


def density() -> sb.Distribution:
    """The density to train: Invert(Cubic) of a standard normal, from a = 0.25 and b = -0.1."""
    cubic = sb.Cubic(a=sb.Variable(0.25), b=sb.Variable(-0.1))
    return sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(cubic))


def train(seed: int, epochs: int = 10, size: int = 10_000) -> sb.FitResult:
    """Draw `size` observations and a tenth as many for validation, and fit the density to them."""
    rng = np.random.default_rng(seed)
    return sb.fit(
        density(),
        TRUTH.sample(size, seed=rng),
        validation=TRUTH.sample(size // 10, seed=rng),
        method="adam",
        learning_rate=0.001,
        batch_size=128,
        epochs=epochs,
        seed=rng,
        progress=False,
    )


def draw(result: sb.FitResult) -> Figure:
    """Data against the density before and after training with the law they come from, and the losses."""
    with matplotlib.rc_context({"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 4), layout="constrained")
        axes = figure.subplots(1, 2, width_ratios=(3, 2))
        result.plot(axes)
        ends = axes[0].get_xlim()
        x = np.linspace(*ends, 500)
        axes[0].plot(x, TRUTH.prob(x), color="#111827", lw=1.0, ls=":", label="law of the data")
        a, b = result.parameters["bijector.a"], result.parameters["bijector.b"]
        axes[0].set_xlim(*ends)
        axes[0].set_title(f"({a:.3f} x {'+' if b >= 0 else '−'} {abs(b):.3f})³ is standard normal")
        axes[1].set_title("losses")
        axes[0].legend(frameon=False)
    return figure


def main(out: str | None = None, seeds: Sequence[int] = range(10), epochs: int = 10, size: int = 10_000) -> Figure:
    """The figure of the first fit, also written to the file `out`; prints the fitted a and b of every seed."""
    results = [train(seed, epochs, size) for seed in seeds]
    fitted = np.array([[r.parameters["bijector.a"], r.parameters["bijector.b"]] for r in results])
    print("  seed         a         b   validation loss")
    for seed, (a, b), result in zip(seeds, fitted, results, strict=True):
        print(f"{seed:6d}  {a:8.4f}  {b:8.4f}  {result.history['validation'][-1]:16.4f}")
    a, b = np.median(fitted, axis=0)
    print(f"median  {a:8.4f}  {b:8.4f}")
    figure = draw(results[0])
    if out:
        figure.savefig(out, dpi=110)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="cubic_mixture.png", help="file for the picture (default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)), help="seeds (default: 0 to 9)")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the data (default: %(default)s)")
    parser.add_argument("--size", type=int, default=10_000, help="number of training draws (default: %(default)s)")
    arguments = parser.parse_args()
    main(arguments.out, arguments.seeds, arguments.epochs, arguments.size)
