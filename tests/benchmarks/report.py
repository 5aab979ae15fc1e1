"""The results on the terminal and in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.machine import description
from tests.benchmarks.results import Result, Table

INTRODUCTION = """# Benchmarks

symbij beside numpy, JAX (jitted, x64), PyTorch, numexpr and C (gcc -O3 -march=native -ffast-math with libmvec). Every
peer runs the stable expression that an expert in it would write, fused, jitted or in preallocated memory where it
allows that, with the same number of threads. All results are compared with each other before they are timed. Contenders
take turns in one process; a ratio is taken between neighbours in time, and medians with [quartiles] over the rounds are
shown.

`python -m tests.benchmarks` from the root of the repository runs everything and writes this page; the names of groups
run those alone.
"""


def _plain(text: str) -> str:
    return text.replace("**", "")


def as_text(table: Table) -> str:
    """A table in columns for the terminal."""
    lines = [[_plain(c) for c in row] for row in [table.header, *table.cells()]]
    widths = [max(len(row[k]) for row in lines) for k in range(len(table.header))]
    text = [
        "  ".join(c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in lines
    ]
    return "\n".join([table.title, *(f"  {line.rstrip()}" for line in text)])


def as_markdown(table: Table) -> str:
    """A table for a page."""
    head = "| " + " | ".join(table.header) + " |"
    rule = "|---|" + "---:|" * (len(table.header) - 1)
    body = ["| " + " | ".join(row) + " |" for row in table.cells()]
    return "\n".join([f"**{table.title}**", "", head, rule, *body])


def bars_table(results: Sequence[Result]) -> Table:
    """Every figure to reach, and whether it was."""
    rows = [[bar.what, bar.target, bar.reached, "yes" if bar.holds else "**no**"] for r in results for bar in r.bars]
    return Table("Figures to reach", ["measure", "bar", "measured", "holds"], rows)


def printed(result: Result) -> str:
    """One group for the terminal."""
    parts = [f"\n== {result.name} ==\n{result.about}"]
    parts += [as_text(table) for table in result.tables]
    if result.bars:
        parts.append(as_text(bars_table([result])))
    parts += [f"note: {remark}" for remark in result.remarks]
    return "\n\n".join(parts)


def page(results: Sequence[Result], notes: Sequence[str], picture: str | None) -> str:
    """The page with all groups."""
    parts = [INTRODUCTION.rstrip(), "\n".join(f"- {line}" for line in [*description(), *notes])]
    bars = bars_table(results)
    if bars.rows:
        parts.append(as_markdown(bars))
    if picture:
        parts.append(f"![Time per element of every case in every contender, on a logarithmic scale]({picture})")
    for result in results:
        parts.append(f"## {result.name[0].upper()}{result.name[1:]}\n\n{result.about}")
        parts += [as_markdown(table) for table in result.tables]
        parts += result.remarks
    return "\n\n".join(parts) + "\n"


def write(results: Sequence[Result], notes: Sequence[str], folder: Path) -> list[Path]:
    """Write the page and, if there is something to draw, its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    picture = None
    drawable = [result for result in results if result.series]
    if drawable:
        from tests.benchmarks.plot import draw

        picture = "images/benchmarks.png"
        (folder / "images").mkdir(exist_ok=True)
        draw(drawable, folder / picture)
        written.append(folder / picture)
    target = folder / "benchmarks.md"
    target.write_text(page(results, notes, picture), encoding="utf-8")
    return [target, *written]
