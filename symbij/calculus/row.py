"""`Row`: one strictly monotone elementary map, as the table describes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import sympy as sp

from symbij.formula.interval import REALS, Interval
from symbij.formula.parser import parse

U = sp.Symbol("u", real=True)
V = sp.Symbol("v", real=True)


@dataclass(frozen=True)
class Row:
    """One strictly monotone elementary map.

    `direction` is +1, -1, or a formula of the parameters with the sign of the derivative; the ends of `domain` and
    `codomain` may hold symbols of the parameters too.
    """

    name: str
    forward: str
    inverse: str  # name of the inverse row
    log_det_u: str
    log_det_v: str
    domain: Interval = REALS
    codomain: Interval = REALS
    direction: int | str = 1
    parameters: tuple[str, ...] = ()
    inverse_parameters: tuple[str, ...] = ()  # formulas of this row's parameters; default: the same
    nonzero: tuple[str, ...] = ()  # parameters that must not vanish
    mirror: tuple[str, ...] | None = None  # parameters with which the row is -f(-u); of an odd function: the same

    @cached_property
    def symbols(self) -> dict[str, sp.Symbol]:
        return {"u": U, "v": V} | {p: sp.Symbol(p, real=True) for p in self.parameters}

    def formula(self, text: str, u: sp.Expr, v: sp.Expr, args: tuple[sp.Expr, ...], plain: bool = False) -> sp.Expr:
        """A formula of this row with its letters filled in; `plain` leaves out what only serves rounding."""
        expr = _parsed(text, self.parameters)
        if plain:
            expr = _plain(expr)
        values = {U: u, V: v} | {self.symbols[p]: a for p, a in zip(self.parameters, args, strict=True)}
        return (
            expr.xreplace(values) if all(a.is_Symbol for a in values.values()) else expr.subs(values, simultaneous=True)
        )


@lru_cache(maxsize=1024)
def _plain(expr: sp.Expr) -> sp.Expr:
    """The same function with one regime for all, the last, which is exact, and without bounds that keep infinities
    away."""
    expr = expr.replace(sp.Piecewise, lambda *pieces: pieces[-1][0])
    return expr.replace(sp.Max, lambda *args: sp.Max(*(a for a in args if not (a.is_number and 0 < a < 1e-300))))


@lru_cache(maxsize=4096)
def _parsed(text: str, parameters: tuple[str, ...]) -> sp.Expr:
    symbols = {"u": U, "v": V} | {p: sp.Symbol(p, real=True) for p in parameters}
    return parse(text, symbols, internal=True)[0]
