"""Expressions of parameters alone in forms that do not cancel."""

from __future__ import annotations

import sympy as sp

from symbij.calculus.rules_sigmoid import joined_logs
from symbij.formula import functions as fn


def one_sided(expr: sp.Expr) -> sp.Expr:
    """`expr` as a fraction in lowest terms, with sigmoid(-z) written as 1 - sigmoid(z) so that the two can cancel."""

    def mirror(node: sp.Expr) -> sp.Expr:
        return 1 - fn.sigmoid(-node.args[0]) if node.args[0].could_extract_minus_sign() else node

    return sp.cancel(sp.together(expr.replace(lambda e: isinstance(e, fn.sigmoid), mirror)))


def parameter_form(expr: sp.Expr) -> sp.Expr:
    """A parameter expression that cancels, in a form that does not: a*s(z) + b with b = -a/2 is a/2*tanh(z/2)."""
    if not expr.has(fn.sigmoid):
        return expr
    plain = one_sided(expr)
    numerator, denominator = sp.fraction(plain)
    for node in plain.atoms(fn.sigmoid):
        halves = []
        for part in (numerator, denominator):
            slope = sp.expand(part).coeff(node)
            if slope.has(fn.sigmoid) or (slope == 0) != (not part.has(node)):
                return expr
            rest = sp.expand(part - slope * node)
            if slope != 0 and sp.expand(rest + slope / 2) != 0:
                return expr
            halves.append(slope / 2 * sp.tanh(node.args[0] / 2) if slope != 0 else part)
        return halves[0] / halves[1]
    return plain


def log_constant(expr: sp.Expr) -> sp.Expr:
    """The parameter-only part of a log-det as one expression: opposite logarithms cancel, log(tanh z) - log z joins."""
    expr = sp.expand(expr)
    for node in sorted(expr.atoms(sp.log), key=str):
        inner = node.args[0]
        factor = expr.coeff(node)
        if isinstance(inner, sp.tanh) and factor != 0:
            z = inner.args[0]
            rest = sp.expand(expr - factor * node)
            if sp.expand(sp.expand_log(rest + factor * sp.log(z), force=True)) == 0:
                return factor * fn.logtanhc(z)
    return joined_logs(expr)
