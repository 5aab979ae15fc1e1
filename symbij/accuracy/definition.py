"""Formulas in plain elementary functions, their derivatives, and both as functions of mpmath numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.formula import functions as fn

# What mpmath and the definitions raise where they have no value.
NO_VALUE = (ArithmeticError, ValueError, TypeError, MemoryError, mpmath.libmp.NoConvergence)
_BEYOND = mpf(2) ** 1100  # past the range of a double, and of its reciprocal


class PlainSign(sp.Function):
    """The sign, whose derivative is zero wherever it has one."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.Integer(0)


class PlainAbs(sp.Function):
    """The absolute value. sympy differentiates its own to unevaluated parts where it cannot prove an argument real."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return PlainSign(self.args[0])


class NormalCDF(sp.Function):
    """The normal law's distribution function. sympy would turn erfc(-u) into 2 - erfc(u), which cancels."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)


def plain(expr: sp.Expr) -> sp.Expr:
    """`expr` in elementary functions whose derivatives, written out by sympy, do not cancel to nothing.

    tanh' = 1 - tanh^2 vanishes at any working precision for large arguments; the derivative of 1 - 2/(1 + exp(2u))
    does not.
    """
    expr = expr.replace(fn.ndtr, NormalCDF).replace(fn.log_ndtr, lambda u: sp.log(NormalCDF(u)))
    u = sp.Wild("u")
    if expr.has(NormalCDF):
        expr = expr.replace(1 - NormalCDF(u), NormalCDF(-u))  # the same number, without the cancellation
    expr = fn.expand_definitions(expr).replace(sp.Abs, PlainAbs).replace(sp.sign, PlainSign)
    expr = expr.replace(sp.Max, lambda *args: _extreme(args, sp.Ge))
    expr = expr.replace(sp.Min, lambda *args: _extreme(args, sp.Le))
    return expr.replace(sp.tanh, lambda u: 1 - 2 / (1 + sp.exp(2 * u)))


def _extreme(args: Sequence[sp.Expr], better: type[sp.Rel]) -> sp.Expr:
    """The largest or smallest of `args`, with a derivative inside each piece."""
    first, *others = args
    for other in others:
        first = sp.Piecewise((first, better(first, other)), (other, True), evaluate=False)
    return first


def diff(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Derivative away from jumps and corners: floor counts as a constant, and the sign as well."""
    steps = {s: sp.Dummy(f"step{i}", real=True) for i, s in enumerate(expr.atoms(sp.floor))}
    back = {d: s for s, d in steps.items()}
    result = expr.xreplace(steps).diff(symbol).doit().xreplace(back)
    return result.replace(lambda e: isinstance(e, sp.DiracDelta), lambda e: sp.Integer(0))


def _exp(u: mpf) -> mpf:
    """exp, with a limit where the result would take forever and lies far outside the range of doubles."""
    if abs(u) > _BEYOND:
        return mpf("inf") if u > 0 else mpf(0)
    return mpmath.exp(u)


def _sinh(u: mpf) -> mpf:
    return mpf("inf") * mpmath.sign(u) if abs(u) > _BEYOND else mpmath.sinh(u)


def _cosh(u: mpf) -> mpf:
    return mpf("inf") if abs(u) > _BEYOND else mpmath.cosh(u)


def _erfc(u: mpf) -> mpf:
    # mpmath fails from 1e150 on, where exp(-u^2) and its logarithm are far outside the range of doubles
    limit = mpf(10) ** 100
    return mpf(2) if u < -limit else mpf(0) if u > limit else mpmath.erfc(u)


def _normal_cdf(u: mpf) -> mpf:
    return _erfc(-u / mpmath.sqrt(2)) / 2


_OWN: dict[str, Callable[[mpf], mpf]] = {
    "exp": _exp, "sinh": _sinh, "cosh": _cosh, "erfc": _erfc, "NormalCDF": _normal_cdf, "PlainAbs": abs,
    "PlainSign": mpmath.sign,
}  # fmt: skip


def numeric(expr: sp.Expr | Sequence[sp.Expr], symbols: Sequence[sp.Symbol]) -> Callable[..., Any]:
    """A function of mpmath numbers."""
    if isinstance(expr, sp.Expr):
        return sp.lambdify(list(symbols), expr, modules=[_OWN, "mpmath"])
    shared = sp.lambdify(list(symbols), expr, modules=[_OWN, "mpmath"], cse=True)
    if not any(e.has(sp.Piecewise) for e in expr):
        return shared

    def guarded(*values: Any) -> Any:
        try:
            return shared(*values)
        except ZeroDivisionError:  # what pieces share is computed first, and need not be defined in all of them
            return sp.lambdify(list(symbols), expr, modules=[_OWN, "mpmath"])(*values)

    return guarded


def real(value: Any) -> mpf:
    """A real mpmath number; NaN for a complex one."""
    if isinstance(value, mpmath.mpc):
        return value.real if value.imag == 0 else mpf("nan")
    return mpmath.mpf(value)


def number_at(function: Callable[..., Any], at: Sequence[mpf]) -> mpf:
    """The real number that a function of mpmath numbers has at a point; NaN where it has none."""
    try:
        return real(function(*at))
    except NO_VALUE:
        return mpmath.mpf("nan")


def has_erf(expr: sp.Expr) -> bool:
    """Whether a plain expression has a function that takes mpmath long."""
    return expr.has(NormalCDF, sp.erf, sp.erfc)


def has_corners(expr: sp.Expr) -> bool:
    """Whether a plain expression has functions whose slope may jump."""
    return expr.has(sp.Piecewise, sp.floor, PlainAbs, PlainSign)
