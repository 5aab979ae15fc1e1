"""Every float32 elementary function of one argument on all 2^32 inputs: `python -m tests.exhaustive [NAME ...]`.

The error is measured in units in the last place of the float32 result, against the same function in double: numpy's
where numpy has it, else symbij's own double kernel (which other tests compare with mpmath). Takes about half a minute a
function. With all functions, writes docs/float32.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import click
import numba
import numpy as np
from tqdm import tqdm

from symbij.kernels.elementary import FUNCTIONS
from tests.kernel_calls import arity, kernel

PAGE = Path(__file__).parents[1] / "docs" / "float32.md"
CHUNK = 1 << 18  # stays in cache
NAMES = [n for n in FUNCTIONS if arity(n) == 1]
NUMPY = {n: n for n in ("exp", "expm1", "log", "log1p", "sqrt", "sinh", "cosh", "tanh", "sin", "cos", "tan", "cbrt")}
NUMPY |= {n: f"arc{n[1:]}" for n in ("asinh", "acosh", "atanh", "asin", "acos", "atan")}
NUMPY |= {"abs": "abs", "floor": "floor", "sign": "sign"}
LIMIT = 2.0**128  # results from here on round to infinity

BOUND = 2.0  # ulp


def reference(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """The function in double."""
    if name in NUMPY:
        return getattr(np, NUMPY[name])  # type: ignore[no-any-return]
    return lambda x: kernel(name, x)


@numba.njit(error_model="numpy")
def worst(got: np.ndarray, expected: np.ndarray) -> tuple[float, int, int]:
    """The largest error in ulp, where it is, and the number of errors above one half by more than 2^-10."""
    largest, place, above = -1.0, 0, 0
    for i in range(got.size):
        g, e = np.float64(got[i]), expected[i]
        if e != e or g != g:
            error = 0.0 if (e != e and g != g) else math.inf
        elif abs(e) >= LIMIT * (1.0 - 2.0**-25):
            error = 0.0 if g == math.copysign(math.inf, e) else math.inf
        elif abs(g) == math.inf:
            error = math.inf
        elif e == 0.0:  # the sign counts too
            error = 0.0 if g == 0.0 and math.copysign(1.0, g) == math.copysign(1.0, e) else math.inf
        else:
            _, exponent = math.frexp(e)
            error = abs(g - e) / 2.0 ** max(exponent - 24, -149)
        if error > largest:
            largest, place = error, i
        if error > 0.5 + 2.0**-10:
            above += 1
    return largest, place, above


def check(name: str) -> tuple[float, float, float]:
    """The largest error over all inputs, the input, and the share of errors above 0.501 ulp."""
    truth = reference(name)
    largest, at, above = -1.0, 0.0, 0
    for start in tqdm(range(0, 1 << 32, CHUNK), desc=name, leave=False, disable=None):
        x = np.arange(start, start + CHUNK, dtype=np.int64).astype(np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            error, place, count = worst(kernel(name, x), truth(x.astype(np.float64)))
        above += count
        if error > largest:
            largest, at = error, float(x[place])
    return largest, at, above / 2**32


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def main(names: tuple[str, ...]) -> None:
    """Check the functions NAMES, or all."""
    bad = []
    for name in names or NAMES:
        error, at, share = check(name)
        source = "numpy" if name in NUMPY else "symbij's double kernel"
        record(name, f"| {name} | {error:.4f} | {at!r} | {share:.1e} | {source} |")
        click.echo(f"{name:18s} {error:8.4f} ulp at {at!r}, {share:.2e} of them above 0.501")
        if not error <= BOUND:
            bad.append(name)
    if bad:
        raise click.ClickException(f"above {BOUND} ulp: {', '.join(bad)}")


def record(name: str, line: str) -> None:
    """Put the line of a function into the table, in place of an older one."""
    known = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    rows = {cells[1].strip(): row for row in known if len(cells := row.split("|")) == 7}
    rows[name] = line
    PAGE.write_text("\n".join([*HEADING, *(rows[n] for n in NAMES if n in rows), ""]), encoding="utf-8")


HEADING = [
    "# float32: every function on every input",
    "",
    "Written by `python -m tests.exhaustive`: each elementary function of one argument on all 2³² float32 inputs,",
    "with NaN, infinities, zeros and subnormals. Kernels for float32 read floats, compute in double with shorter",
    "polynomials, and round once at the end. `lgamma` and `digamma` of negative numbers have an absolute accuracy",
    "only: the errors in their rows are at their zeros between poles.",
    "",
    "| function | largest error, ulp | at | share above 0.501 | compared with |",
    "|---|---|---|---|---|",
]


if __name__ == "__main__":
    main()
