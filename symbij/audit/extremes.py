"""Formulas for mpmath, with maxima and minima as functions of their own.

As Piecewise, a maximum inside the condition of another one makes sympy solve inequalities for seconds.
"""

from __future__ import annotations

import functools

import sympy as sp

from symbij.accuracy.definition import NormalCDF, PlainAbs, PlainSign, plain
from symbij.formula.functions import ndtr


class Larger(sp.Function):
    """The larger of two numbers; its slope is that of the one which it is."""

    nargs = 2
    _imp_ = staticmethod(max)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        a, b = self.args
        return sp.Piecewise((2 - argindex, a >= b), (argindex - 1, True))


class Smaller(sp.Function):
    """The smaller of two numbers."""

    nargs = 2
    _imp_ = staticmethod(min)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        a, b = self.args
        return sp.Piecewise((2 - argindex, a <= b), (argindex - 1, True))


def plainly(expr: sp.Expr) -> sp.Expr:
    """`expr` in elementary functions that mpmath computes, as `plain` has it."""
    expr = expr.replace(sp.Max, lambda *args: functools.reduce(Larger, args))
    return plain(expr.replace(sp.Min, lambda *args: functools.reduce(Smaller, args)))


def with_own_functions(expr: sp.Expr) -> sp.Expr:
    """A derivative of what `plainly` gave, in sympy's and symbij's own functions again."""
    expr = expr.replace(Larger, sp.Max).replace(Smaller, sp.Min)
    return expr.replace(PlainAbs, sp.Abs).replace(PlainSign, sp.sign).replace(NormalCDF, ndtr)
