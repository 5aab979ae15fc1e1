"""Slopes of polynomials times exponentials in factors: (p exp(q))' = (p' + p q') exp(q).

The slope of (x - 1) exp(x) is exp(x) + (x - 1) exp(x), of which nothing is left next to 0; it is x exp(x).
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from symbij.calculus.cores import POINT
from symbij.calculus.degrees import degree_at_most
from symbij.calculus.parts import ProductPart, SumPart
from symbij.calculus.proof import Monotone
from symbij.calculus.slopes import value_of

_HIGHEST = 12  # degree of the polynomials whose factors are looked for


def with_factored_slope(part: SumPart | ProductPart, found: Monotone) -> Monotone:
    """`found` with the slope in factors, if `part` is a polynomial times exponentials of polynomials, without
    parameters, and the factors are linear: each is as accurate as its zero allows."""
    if found.aligned or found.derivative is not None or found.log_derivative is not None:
        return found
    if not isinstance(part, ProductPart):
        return found
    polynomial, exponent = sp.S.One, sp.S.Zero
    for term in part.terms:
        for factor in sp.Mul.make_args(value_of(term, POINT)):
            if isinstance(factor, sp.exp):
                exponent = exponent + factor.exp
            else:
                polynomial = polynomial * factor
    if exponent == 0 or any(not _is_plain(expr) for expr in (polynomial, exponent)):
        return found
    constant, factors = sp.factor_list(sp.diff(polynomial, POINT) + polynomial * sp.diff(exponent, POINT), POINT)
    if any(sp.degree(base, POINT) > 1 for base, _ in factors):
        return found
    steep = constant * sp.exp(exponent) * sp.Mul(*(base**n for base, n in factors))
    log = exponent + sp.log(sp.Abs(constant)) + sp.Add(*(n * sp.log(sp.Abs(base)) for base, n in factors))
    return replace(found, derivative=steep, log_derivative=log)


def _is_plain(expr: sp.Expr) -> bool:
    """Whether an expression is a polynomial with rational coefficients of a degree that is not high."""
    if not expr.is_polynomial(POINT) or expr.free_symbols - {POINT} or degree_at_most(expr, POINT) > _HIGHEST:
        return False
    return all(c.is_Rational for c in sp.Poly(expr, POINT).coeffs())
