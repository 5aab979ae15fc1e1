"""Expressions as text in the words that formulas are read in."""

from __future__ import annotations

import sympy as sp
from sympy.printing.str import StrPrinter


class FormulaPrinter(StrPrinter):
    """sympy's own text, but for Euler's number, which is `e` in formulas: `E` may be a parameter."""

    def _print_Exp1(self, expr: sp.Basic) -> str:
        return "e"


def text_of(expr: sp.Basic) -> str:
    """`expr` as text."""
    return FormulaPrinter().doprint(expr)
