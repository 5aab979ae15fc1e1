"""Removable singularities in a parameter: quotients by c that have a limit at c = 0 become functions continuous there.

    (exp(c*u) - 1)/c, expm1(c*u)/c       =  expm1_scaled(u, c)          → u
    (u**c - 1)/c                         =  expm1_scaled(log(u), c)     → log(u)
    log(1 + c*u)/c, log1p(c*u)/c         =  log1p_scaled(u, c)          → u
    (1 + c*u)**(m/c)                     =  exp(m*log1p_scaled(u, c))   → exp(m*u)

Here c is a symbol or an expression of parameters, such as 2 - lmbda. The rewriting changes no value where the formula
was defined; it adds the limit at c = 0, and keeps the digits that the formula as written loses for small c.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from symbij.calculus.simplified import is_zero
from symbij.formula import functions as fn
from symbij.formula.formula import Formula
from symbij.formula.vocabulary import NONZERO, Requirement


@dataclass(frozen=True)
class Continued:
    """`formula` rewritten, and the parameter expressions at whose zeros it is now defined by its limit."""

    formula: Formula
    limits: tuple[sp.Expr, ...]


def continued(formula: Formula) -> Continued:
    """The formula with its removable singularities in the parameters removed."""
    x = formula.variable
    expr = continue_expression(formula.expr, x)
    carried = [(node.args[0], node.args[1]) for node in expr.atoms(fn.log1p_scaled) if node.args[0].has(x)]
    centres = sorted({c for node in expr.atoms(fn.log1p_scaled, fn.expm1_scaled) for c in [node.args[1]]}, key=str)
    removed = [c for c in centres if _defined_at_zero(expr, c)] if expr != formula.expr else []
    requirements: list[Requirement] = []
    limits: list[sp.Expr] = []
    for need in formula.requirements:
        if need.interval is NONZERO and not need.expr.has(x):
            rest = need.expr
            for c in removed:
                quotient = sp.cancel(rest / c)
                if not _shares_symbols(sp.denom(quotient), c):
                    rest = quotient
                    if c.is_nonzero is None and c not in limits:
                        limits.append(c)
            if rest.is_number:
                continue
            need = replace(need, expr=rest)
        elif need.interval.hi == sp.oo and any(is_zero(need.expr - need.interval.lo - 1 - c * u) for u, c in carried):
            continue  # the row log1p_scaled is defined there and nowhere else
        if need not in requirements:
            requirements.append(need)
    return Continued(replace(formula, expr=expr, requirements=tuple(requirements)), tuple(limits))


def continue_expression(expr: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """`expr` with the quotients of the table above, in parameter expressions free of `x`, replaced."""
    if not expr.args or not expr.has(x):
        return expr
    if isinstance(expr, sp.Piecewise):
        return sp.Piecewise(*((continue_expression(value, x), condition) for value, condition in expr.args))
    args = [continue_expression(a, x) if isinstance(a, sp.Expr) else a for a in expr.args]
    if any(new is not old for new, old in zip(args, expr.args, strict=True)):
        expr = expr.func(*args)
    if isinstance(expr, sp.Mul):
        return _product(expr, x)
    if isinstance(expr, sp.Pow):
        return _power(expr, x)
    return _written_out(expr, x) if isinstance(expr, sp.Add) else expr


def _product(expr: sp.Mul, x: sp.Symbol) -> sp.Expr:
    """1/c times one of the functions, with whatever other factors."""
    for c in _divisors(expr, x):
        for factor in expr.args:
            found = _over(factor, c) if factor.has(x) else None
            if found is not None:
                return continue_expression(found * (expr / factor * c), x)
    return expr


def _written_out(expr: sp.Add, x: sp.Symbol) -> sp.Expr:
    """u**c/c - 1/c, as a sum of two terms."""
    if len(expr.args) == 2:
        for c in _divisors(sp.Mul(*expr.args), x):
            found = _over(sp.Add(*(a * c for a in expr.args)), c)
            if found is not None:
                return found
    return expr


def _over(factor: sp.Expr, c: sp.Expr) -> sp.Expr | None:
    """factor/c as a function that is continuous at c = 0, if it is one of the quotients."""
    if isinstance(factor, fn.expm1):
        u = _without(factor.args[0], c)
        return None if u is None else fn.expm1_scaled(u, c)
    if isinstance(factor, (sp.log, fn.log1p)):
        inside = factor.args[0] - 1 if isinstance(factor, sp.log) else factor.args[0]
        u = _without(inside, c)
        return None if u is None else fn.log1p_scaled(u, c)
    if isinstance(factor, sp.Add) and len(factor.args) == 2:
        for one, other in (factor.args, factor.args[::-1]):
            size, power = one.as_independent(sp.exp, sp.Pow, as_Add=False)
            if size == -other and isinstance(power, (sp.exp, sp.Pow)):
                base, exponent = power.as_base_exp() if isinstance(power, sp.Pow) else (sp.E, power.args[0])
                u = _without(exponent, c)
                if u is not None:
                    return size * fn.expm1_scaled(u if base == sp.E else u * sp.log(base), c)
    return None


def _power(expr: sp.Pow, x: sp.Symbol) -> sp.Expr:
    """(1 + c*u)**(m/c)."""
    base, exponent = expr.args
    if exponent.has(x) or base == sp.E:
        return expr
    for c in _divisors(exponent, x):
        u, m = _without(base - 1, c), exponent * c
        if u is not None and not _shares_symbols(sp.denom(sp.together(m)), c):
            return sp.exp(m * fn.log1p_scaled(u, c))
    return expr


def _divisors(expr: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Factors of the denominator that are made of parameters."""
    without_x = sp.Mul(*(f for f in sp.Mul.make_args(expr) if not f.has(x)))  # of a tower it takes sympy for ever
    denominator = sp.fraction(without_x, exact=True)[1]
    factors = [f.base if isinstance(f, sp.Pow) else f for f in sp.Mul.make_args(denominator)]
    return [f for f in factors if f.free_symbols and not f.has(x)]


def _without(expr: sp.Expr, c: sp.Expr) -> sp.Expr | None:
    """expr/c, if c is a factor of `expr`."""
    for quotient in (expr / c, sp.cancel(expr / c)):
        if not _shares_symbols(sp.denom(sp.together(quotient)), c):
            return quotient
    return None


def _shares_symbols(expr: sp.Expr, c: sp.Expr) -> bool:
    return bool(expr.free_symbols & c.free_symbols)


def _defined_at_zero(expr: sp.Expr, c: sp.Expr) -> bool:
    """Whether nothing in `expr` is undefined where c = 0."""
    symbol = min(c.free_symbols, key=str)
    if not (c.is_polynomial(symbol) and sp.degree(c, symbol) == 1):
        return False
    plain = sp.Dummy("plain", real=True)  # a constraint that excludes the zero must not hide it
    at_zero = sp.solve(c.xreplace({symbol: plain}), plain)
    if len(at_zero) != 1:
        return False
    value = expr.xreplace({symbol: plain}).subs(plain, at_zero[0])
    return not value.has(sp.zoo, sp.nan, sp.oo, -sp.oo)
