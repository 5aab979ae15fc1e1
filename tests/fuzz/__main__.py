"""`python -m tests.fuzz --count 10000 --seed 0`: derive random formulas and check what comes of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click
from tqdm import tqdm

from tests.fuzz import report, workers
from tests.fuzz.outcome import Outcome


@click.command(help=__doc__)
@click.option("--count", default=1000, help="How many formulas.")
@click.option("--seed", default=0, help="Formula n of a seed is always the same.")
@click.option("--first", default=0, help="The number of the first one.")
@click.option("--jobs", default=2, help="How many processes.")
@click.option("--draws", default=3, help="Sets of parameter values for each formula.")
@click.option("--report", "path", type=click.Path(path_type=Path), help="Where to write every problem.")
def main(count: int, seed: int, first: int, jobs: int, draws: int, path: Path | None) -> None:
    found: list[Outcome] = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["SYMBIJ_CACHE_DIR"] = cache  # so that nothing was derived before
        bar = tqdm(total=count, unit="formula")
        for outcome in workers.run(seed, range(first, first + count), jobs, draws=draws):
            found.append(outcome)
            bar.update()
            if outcome.failures:
                bar.set_postfix(failures=sum(bool(o.failures) for o in found))
            if path is not None and len(found) % 200 == 0:
                _write(path, found)
        bar.close()
    click.echo(report.summary(found))
    if path is not None:
        _write(path, found)
        click.echo(f"wrote {path}")
    raise SystemExit(1 if any(o.failures for o in found) else 0)


def _write(path: Path, found: list[Outcome]) -> None:
    found = sorted(found, key=lambda o: o.fuzzed.number)
    path.write_text(report.summary(found) + "\n" + report.listed(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
