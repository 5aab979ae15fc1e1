"""`python -m tests.benchmarks [group ...]`: run the benchmarks, print them, and write docs/benchmarks.md."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import click

from tests.benchmarks import report
from tests.benchmarks.machine import Others
from tests.benchmarks.measure import Effort
from tests.benchmarks.peers import limit_cores, skipped
from tests.benchmarks.progress import Progress
from tests.benchmarks.results import Result

DOCS = Path(__file__).parents[2] / "docs"

# group → (module, arguments of its `run` in front of those that all share, one tuple for each call)
GROUPS: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "elementwise": ("elementwise", (("float64",), ("float32",))),
    "float64": ("elementwise", (("float64",),)),
    "float32": ("elementwise", (("float32",),)),
    "likelihood": ("likelihood", ((),)),
    "training": ("training", ((),)),
    "small": ("small", ((),)),
    "startup": ("startup", ((),)),
    "chains": ("chains", ((),)),
    "memory": ("memory", ((),)),
    "limits": ("limits", ((),)),
}
ALL = tuple(name for name in GROUPS if not name.startswith("float"))


@click.command(help=f"Run the benchmarks; groups: {', '.join(GROUPS)} (default: all).")
@click.argument("groups", nargs=-1, type=click.Choice(list(GROUPS)), metavar="[GROUP]...")
@click.option("--quick", is_flag=True, help="Small arrays and few rounds: to see that it runs, not how fast.")
@click.option("--only", type=click.Choice(["peers", "symbij"]), help="Let the peers, or symbij, run alone.")
@click.option(
    "--write/--no-write",
    default=None,
    help="Whether to write benchmarks.md and its picture (default: after a full run of everything).",
)
@click.option("--docs", type=click.Path(path_type=Path), default=DOCS, help="The folder to write to.")
def main(groups: tuple[str, ...], quick: bool, only: str | None, write: bool | None, docs: Path) -> None:
    limit_cores()  # before any library counts them
    effort = Effort.quick() if quick else Effort()
    notes, others = skipped(only), Others()
    if quick:
        notes.append("A quick run: the numbers say little.")
    for line in notes:
        click.echo(line)
    results: list[Result] = []
    for group in groups or ALL:
        module, calls = GROUPS[group]
        run: Callable[..., Result] = importlib.import_module(f"tests.benchmarks.{module}").run
        for arguments in calls:
            result = run(*arguments, effort, only, Progress(group))
            click.echo(report.printed(result))
            results.append(result)
    if others.share() > 0.05:
        notes.append(f"Others used {others.share():.0%} of the machine meanwhile: do not trust the numbers.")
        click.echo(f"\n{notes[-1]}")
    bars = report.bars_table(results)
    if bars.rows:
        click.echo("\n" + report.as_text(bars))
    if write or (write is None and not (groups or quick or only)):  # so that no partial page replaces a full one
        for path in report.write(results, notes, docs):
            click.echo(f"wrote {path}")


if __name__ == "__main__":
    main()
