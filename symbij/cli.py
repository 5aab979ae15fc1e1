"""The command line: `symbij derive`, `symbij accuracy`, `symbij fit`, and `symbij verify` of cli_verify.py.

Exit codes: 0 good; 1 the mathematics says no (not one-to-one, data outside the support); 2 wrong use.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

import symbij
from symbij.cli_verify import verify
from symbij.errors import DataError, DomainError, NotBijectiveError, SymbijError

BASES = ("normal", "logistic", "uniform")


class _Errors(click.Group):
    """Turns symbij's errors into one message and an exit code; anything else is a defect and shows its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SymbijError as error:
            click.echo(f"symbij: {error}", err=True)
            ctx.exit(1 if isinstance(error, (NotBijectiveError, DomainError, DataError)) else 2)


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version=symbij.__version__, prog_name="symbij")
def main() -> None:
    """Compile formulas into bijectors: derive their inverses and log-Jacobians, and fit densities with them."""


main.add_command(verify)

_PARAM_HELP = "Constraint and start of parameters: a,k=positive  w=unit  b=real:0.5  c=0.1 (a start alone)."
_DOMAIN_HELP = "Domain of x, such as 0,oo or low,high."


@main.command(context_settings={"ignore_unknown_options": True})  # a formula may begin with a minus
@click.argument("formula")
@click.option("--param", "params", multiple=True, metavar="NAME=CONSTRAINT[:START]", help=_PARAM_HELP)
@click.option("--domain", metavar="LO,HI", help=_DOMAIN_HELP)
@click.option("--latex", is_flag=True, help="Print the derivation as LaTeX.")
@click.option("--many-to-one", is_flag=True, help="Split the domain into parts on which FORMULA is one-to-one.")
def derive(formula: str, params: tuple[str, ...], domain: str | None, latex: bool, many_to_one: bool) -> None:
    """Prove that FORMULA is one-to-one in x; print its inverse and log-det-Jacobians."""
    from symbij.calculus.branches import derive_branches
    from symbij.calculus.derivation import derive as derive_one

    made = _formula(formula, params, domain)[0]
    derivation = derive_branches(made) if many_to_one else derive_one(made)
    click.echo(derivation.latex() if latex else str(derivation))


_VALUE_HELP = "Value of parameters, with their constraint or without: a=1.5  k=positive:2  a,b=real. Others are drawn."


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("formula")
@click.option("--param", "params", multiple=True, metavar="NAME=[CONSTRAINT:]VALUE", help=_VALUE_HELP)
@click.option("--domain", metavar="LO,HI", help=_DOMAIN_HELP)
@click.option("--points", type=click.IntRange(min=1), default=60, show_default=True, help="Points of each operation.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of points and drawn parameters."
)
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="PNG", help="Write a picture of errors over the domain."
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def accuracy(
    formula: str, params: tuple[str, ...], domain: str | None, points: int, seed: int, plot: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Measure what is computed for FORMULA, forward and back, against mpmath: errors in units in the last place."""
    _check_folder(plot)
    made, values = _formula(formula, params, domain)
    from symbij.accuracy.measure import measure
    from symbij.calculus.derivation import derive as derive_formula

    progress = False if quiet else None
    result = measure(derive_formula(made), values, points=points, seed=seed, progress=progress)
    click.echo(str(result))
    if plot is not None:
        _write_plot(result, plot)


@main.command()
@click.argument("csv", type=click.Path(path_type=Path))
@click.option("--column", required=True, help="Column of the table that holds the data.")
@click.option("--formula", required=True, help="Map from the data to the base distribution, in x and parameters.")
@click.option("--base", type=click.Choice(BASES), default="normal", show_default=True, help="Law of the mapped data.")
@click.option("--param", "params", multiple=True, metavar="NAME=CONSTRAINT[:START]", help=_PARAM_HELP)
@click.option("--domain", metavar="LO,HI", help=_DOMAIN_HELP)
@click.option("--method", type=click.Choice(["lbfgs", "adam"]), default="lbfgs", show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the data (adam) or iterations (lbfgs).")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-2,
    show_default=True,
    help="Step size of adam.",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=128, show_default=True, help="Minibatch of adam.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), metavar="PNG", help="Write a picture of data and density.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def fit(
    csv: Path, column: str, formula: str, base: str, params: tuple[str, ...], domain: str | None, method: str,
    epochs: int | None, learning_rate: float, batch_size: int, seed: int, plot: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Fit the density of a column of a CSV file: FORMULA maps the data x to a standard base distribution.

    Parameters without a start are searched for: many starting points are drawn, the best are refined.
    """
    _check_folder(plot)
    data = _column(csv, column)
    made, starts = _formula(formula, params, domain)
    from symbij.bijectors.derived import declare
    from symbij.fitting.search import best_of_starts

    cls = declare(made, "Formula")
    derivation = str(cls.derivation)
    if not made.parameters:
        raise click.UsageError("the formula has no parameters to fit")
    click.echo(derivation)
    click.echo("")
    result = best_of_starts(
        cls, base, data, starts, seed=seed, method=method, epochs=epochs, learning_rate=learning_rate,
        batch_size=batch_size, progress=False if quiet else None,
    )  # fmt: skip
    click.echo(f"{len(data)} values of '{column}' from {csv.name}; base: {base}")
    click.echo(str(result))
    if plot is not None:
        _write_plot(result, plot, column)


def _formula(formula: str, params: tuple[str, ...], domain: str | None) -> tuple[Any, dict[str, float]]:
    """The formula, and the starting values that were given. Loads no more than sympy, so that refusals are quick."""
    from symbij.formula.constraints import NAMED
    from symbij.formula.formula import make_formula

    constraints: dict[str, Any] = {}
    starts: dict[str, float] = {}
    for text in params:
        names, equals, wish = text.partition("=")
        if not equals or not names or not wish:
            raise click.UsageError(f"--param {text!r}: expected NAME=CONSTRAINT, NAME=CONSTRAINT:START or NAME=START")
        kind, _, start = wish.partition(":")
        if kind not in NAMED and not start:
            kind, start = "", kind
        if kind and kind not in NAMED:
            raise click.UsageError(f"--param {text!r}: unknown constraint '{kind}'; known: {', '.join(NAMED)}")
        for name in (n.strip() for n in names.split(",")):
            if kind:
                constraints[name] = NAMED[kind]
            if start:
                try:
                    starts[name] = float(start)
                except ValueError:
                    raise click.UsageError(
                        f"--param {text!r}: {start!r} is neither a constraint ({', '.join(NAMED)}) nor a number"
                    ) from None
    ends = None
    if domain is not None:
        lo, comma, hi = domain.partition(",")
        if not comma:
            raise click.UsageError(f"--domain {domain!r}: expected LO,HI")
        ends = (lo, hi)
    made = make_formula(formula, domain=ends, constraints=constraints)
    unknown = [n for n in starts if n not in {p.name for p in made.parameters}]
    if unknown:
        raise click.UsageError(f"--param {unknown[0]}: the formula has no such parameter")
    return made, starts


def _column(path: Path, column: str) -> Any:
    """One numeric column of a CSV file."""
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise click.UsageError(f"no file {str(path)!r}") from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise click.UsageError(f"cannot read {str(path)!r} as CSV: {error}") from None
    if column not in table.columns:
        raise click.UsageError(f"{path.name} has no column {column!r}; it has: {', '.join(map(str, table.columns))}")
    values = table[column]
    if values.empty:
        raise click.UsageError(f"{path.name} has no rows")
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise click.UsageError(f"column {column!r} of {path.name} is not numeric: it holds {values.dtype}")
    return values.to_numpy(dtype=float)


def _check_folder(plot: Path | None) -> None:
    if plot is not None and not plot.parent.is_dir():
        raise click.UsageError(f"--plot: there is no folder {str(plot.parent)!r}")


def _write_plot(result: Any, path: Path, xlabel: str | None = None) -> None:
    """The picture of a result, whose first Axes get the label `xlabel`."""
    import matplotlib

    matplotlib.use("Agg")
    axes = result.plot()
    first = axes if hasattr(axes, "set_xlabel") else axes[0]
    if xlabel is not None:
        first.set_xlabel(xlabel)
    try:
        first.figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"cannot write the plot to {str(path)!r}: {error}") from None
    click.echo(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
