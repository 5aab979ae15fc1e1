"""The picture of the elementwise cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tests.benchmarks.peers import JAX, NUMEXPR, NUMPY, SYMBIJ, SYMBIJ_ONE, TORCH, C
from tests.benchmarks.results import Result

# symbij in two shades of one dark colour, the peers in light ones that stay apart for colour-blind readers.
COLOURS = {
    SYMBIJ: "#0b3c7f",
    SYMBIJ_ONE: "#5b8fd6",
    JAX: "#e69f00",
    TORCH: "#d55e00",
    NUMEXPR: "#cc79a7",
    NUMPY: "#999999",
    C: "#009e73",
}


def draw(results: Sequence[Result], path: Path) -> None:
    """Bars of nanoseconds per element on a logarithmic scale, a panel for each result."""
    with matplotlib.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 9}):
        figure = Figure(figsize=(16, 4.6 * len(results)), layout="constrained")
        panels = figure.subplots(len(results), 1, squeeze=False)[:, 0]
        for axes, result in zip(panels, results, strict=True):
            names = [n for n in COLOURS if any(n in found for found in result.series.values())]
            width = 0.84 / len(names)
            for place, name in enumerate(names):
                points = [(k, found[name]) for k, found in enumerate(result.series.values()) if name in found]
                where = [k + (place - (len(names) - 1) / 2) * width for k, _ in points]
                axes.bar(where, [ns for _, ns in points], width, color=COLOURS[name], label=name)
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.grid(axis="y", color="#e5e7eb", lw=0.7)
            axes.set_axisbelow(True)
            axes.set_xticks(range(len(result.series)), list(result.series), rotation=35, ha="right")
            axes.set_xlim(-0.6, len(result.series) - 0.4)
            axes.set_ylabel("ns per element")
            axes.set_title(result.name, loc="left")
        panels[0].legend(ncols=len(COLOURS), frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0))
        figure.savefig(path, dpi=100)
