"""Parameter expressions (ends of intervals, directions, conditions) evaluated at bound values with numpy."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import sympy as sp


@functools.lru_cache(maxsize=1024)
def _compiled(expr: sp.Basic, names: tuple[str, ...]) -> Any:
    import sympy as sp

    from symbij.formula.functions import expand_definitions

    symbols = {s.name: s for s in expr.free_symbols}
    arguments = [symbols.get(n, sp.Symbol(n)) for n in names]
    return sp.lambdify(arguments, expand_definitions(expr), modules=["scipy", "numpy"])


def numeric(expr: sp.Basic | int | float, values: dict[str, np.ndarray]) -> np.ndarray:
    """`expr` at `values`, elementwise."""
    import sympy as sp

    expr = sp.sympify(expr)
    with np.errstate(all="ignore"):
        arrays = {k: np.asarray(v, dtype=float) for k, v in values.items()}
        result = _compiled(expr, tuple(arrays))(*arrays.values())
    return np.asarray(result)
