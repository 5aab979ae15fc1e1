"""Intervals with symbolic ends, on which formulas are defined and into which they map."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbij.formula.printing import text_of
from symbij.formula.too_large import require_writable


@dataclass(frozen=True)
class Interval:
    """The set of reals between `lo` and `hi`; ends may be infinite or formulas of the parameters.
    Raises `TooLarge` for ends that cannot be written down."""

    lo: sp.Expr
    hi: sp.Expr
    lo_open: bool = True
    hi_open: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "lo", sp.sympify(self.lo))
        object.__setattr__(self, "hi", sp.sympify(self.hi))
        require_writable(self.lo)
        require_writable(self.hi)
        if self.lo.is_infinite:
            object.__setattr__(self, "lo_open", True)
        if self.hi.is_infinite:
            object.__setattr__(self, "hi_open", True)

    @property
    def is_reals(self) -> bool:
        return self.lo == -sp.oo and self.hi == sp.oo

    def subs(self, values: dict[sp.Expr, sp.Expr]) -> Interval:
        lo, hi = (end.subs(values, simultaneous=True) for end in (self.lo, self.hi))
        return Interval(lo, hi, self.lo_open, self.hi_open)

    def __str__(self) -> str:
        if self.is_reals:
            return "ℝ"
        left, right = "(["[not self.lo_open], ")]"[not self.hi_open]
        return f"{left}{_end(self.lo)}, {_end(self.hi)}{right}"

    def latex(self) -> str:
        if self.is_reals:
            return r"\mathbb{R}"
        left, right = "(["[not self.lo_open], ")]"[not self.hi_open]
        return rf"\left{left}{sp.latex(self.lo)},\ {sp.latex(self.hi)}\right{right}"


def _end(expr: sp.Expr) -> str:
    try:
        return {sp.oo: "∞", -sp.oo: "-∞"}.get(expr, text_of(expr))
    except ValueError:  # of Python, for whole numbers of thousands of digits
        return text_of(expr.evalf(15))


REALS = Interval(-sp.oo, sp.oo)
POSITIVE = Interval(0, sp.oo)
NONNEGATIVE = Interval(0, sp.oo, lo_open=False)
