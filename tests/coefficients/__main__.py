"""Writes symbij/kernels/coefficients/: `python -m tests.coefficients [family ...]` (all families without arguments)."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path

from tests.coefficients.remez import Fit, Table, fitted

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "symbij" / "kernels" / "coefficients"
FAMILIES = sorted(p.stem for p in HERE.glob("*.py") if p.stem not in ("__init__", "__main__", "remez"))


def fits(family: str) -> list[Fit]:
    """The approximations of one family."""
    return importlib.import_module(f"tests.coefficients.{family}").FITS


def tables(family: str) -> list[Table]:
    """The tables of one family."""
    return getattr(importlib.import_module(f"tests.coefficients.{family}"), "TABLES", [])


def written(family: str) -> str:
    """The source of the module with the coefficients of `family`."""
    lines = [
        f'"""Polynomial coefficients, by `python -m tests.coefficients {family}`; with their errors."""',
        "",
        "# fmt: off",
    ]
    for fit in fits(family):
        coefficients, error = fitted(fit)
        print(f"{family}: {fit.name} of degree {fit.degree}, error 2^{math.log2(error):.1f}")
        lines += ["", f"# on [{fit.lo}, {fit.hi}], error 2^{math.log2(error):.1f}", f"{fit.name} = ("]
        lines += [f"    {c!r}," for c in coefficients] + [")"]
    for table in tables(family):
        lines += ["", f"# {table.remark}", f"{table.name} = (", *(f"    {v!r}," for v in table.values), ")"]
    return "\n".join([*lines, "# fmt: on", ""])


if __name__ == "__main__":
    for name in sys.argv[1:] or FAMILIES:
        (TARGET / f"{name}.py").write_text(written(name))
