"""Terms of log-dets in words: what they look like, and what is wrong with their factors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import sympy as sp

from symbij.accuracy.definition import PlainAbs
from symbij.formula.printing import FormulaPrinter


def of_term(text: str, now: sp.Expr, right: sp.Expr, of: str = "") -> str:
    """What is wrong with the factor of a term, that is zero where the term is missing; `of` tells of what."""
    if now == 0:
        return f"missing the term {times(right)}{text}{of and f' of {of}'}"
    where = of and f" in {of}"
    if right == 0:
        return f"the term {times(now)}{text} is one too many{where}"
    if now == -right:
        return f"the term {text} has the wrong sign: factor {_number(now)} instead of {_number(right)}{where}"
    return f"the term {text} has factor {_number(now)} instead of {_number(right)}{where}"


def times(factor: sp.Expr | float) -> str:
    """A factor as it stands before a term."""
    return {1: "", -1: "-"}.get(factor, f"{_number(factor)}*")


def _number(value: sp.Expr | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def bars(expr: sp.Expr, names: Mapping[sp.Symbol, sp.Symbol] = MappingProxyType({})) -> str:
    """An expression as its user would write it: log|u| for log(Abs(u)), with the user's `names`."""
    return _Bars().doprint(expr.xreplace(dict(names)))


class _Bars(FormulaPrinter):
    def _print_log(self, expr: sp.log) -> str:
        inner = self._print(expr.args[0])
        return f"log{inner}" if isinstance(expr.args[0], (sp.Abs, PlainAbs)) else f"log({inner})"

    def _print_Abs(self, expr: sp.Abs) -> str:
        return f"|{self._print(expr.args[0])}|"

    _print_PlainAbs = _print_Abs
