"""The terms that log-dets are sums of, as numbers at the points of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symbij.audit.comparison import Comparison
from symbij.audit.setting import Setting
from symbij.audit.terms_in_words import bars
from symbij.audit.truth import FormulaTruth


@dataclass(frozen=True, eq=False)
class Term:
    """A term in words and as numbers; `factor` is the one it has in the true log-det, None if it is not part of it."""

    text: str
    factor: float | None
    values: np.ndarray


def terms_of(setting: Setting, c: Comparison) -> Iterator[Term]:
    """The terms of the true log-det, and others that are often confused with them."""
    variable = "y" if c.operation.startswith("inverse") else "x"
    own = list(_of_formula(setting, c))
    yield from own
    with np.errstate(all="ignore"):
        yield Term(f"log|{variable}|", None, np.log(np.abs(c.at)))
        yield Term("log|f'|", -1.0 if variable == "y" else 1.0, -c.expected if variable == "y" else c.expected)
        yield Term(variable, None, c.at)
        name = "inverse" if variable == "y" else "forward"
        image = c.case.call(name, np.unique(c.at)).numbers(np.unique(c.at).shape) if not c.case.truth.shape else None
        if image is not None:
            image = image[np.searchsorted(np.unique(c.at), c.at)]
            other = "x" if variable == "y" else "y"
            yield Term(f"log|{other}|", None, np.log(np.abs(image)))
            yield Term(other, None, image)
        yield Term(f"{variable}**2", None, c.at**2)


def _of_formula(setting: Setting, c: Comparison) -> Iterator[Term]:
    """Those terms of the derived log-det that depend on the variable."""
    if not isinstance(c.case.truth, FormulaTruth) or setting.derivation is None or c.case.truth.shape:
        return
    derivation = setting.derivation
    inverse = c.operation.startswith("inverse")
    variable = derivation.output if inverse else derivation.variable
    expr = derivation.inverse_log_det if inverse else derivation.forward_log_det
    values = {p.symbol: c.case.truth.parameters.get(p.name) for p in derivation.formula.parameters}
    for term in sp.Add.make_args(sp.expand(expr)):
        if variable not in term.free_symbols:
            continue
        factor, rest = term.as_coeff_Mul()
        try:
            with np.errstate(all="ignore"):
                numbers = sp.lambdify([variable, *values], rest, modules="numpy")(c.at, *values.values())
                numbers = np.asarray(numbers, dtype=float)
        except (NameError, TypeError, ValueError, AttributeError):  # functions that numpy does not have
            continue
        if numbers.shape == c.at.shape:
            yield Term(bars(rest), float(factor), numbers)
