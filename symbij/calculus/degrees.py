"""Degrees of polynomials that are not multiplied out: what is of a high one is left as it is written."""

from __future__ import annotations

import sympy as sp

_MOST_TO_EXPAND = 40


def is_of_low_degree(expr: sp.Expr, x: sp.Symbol) -> bool:
    """Whether the polynomials in `expr` can be multiplied out, and their roots isolated, in no time."""
    return degree_at_most(expr, x) <= _MOST_TO_EXPAND


def degree_at_most(expr: sp.Expr, x: sp.Symbol) -> int:
    """A bound of the degrees of the polynomials that `expr` is made of by sums, products and whole powers, found
    without multiplying it out."""
    if not expr.has(x):
        return 0
    if isinstance(expr, sp.Add):
        return max(degree_at_most(a, x) for a in expr.args)
    if isinstance(expr, sp.Mul):
        return sum(degree_at_most(a, x) for a in expr.args)
    if expr.is_Pow and expr.exp.is_Integer:
        return abs(int(expr.exp)) * degree_at_most(expr.base, x)
    return max([1, *(degree_at_most(a, x) for a in expr.args)])
