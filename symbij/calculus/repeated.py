"""The one inner function of a quotient in which the variable stands several times, and the quotient as one of it."""

from __future__ import annotations

import sympy as sp

from symbij.formula import functions as fn


def in_power(p: sp.Poly, q: sp.Poly, t: sp.Expr, dummy: sp.Symbol) -> tuple[sp.Poly, sp.Poly, sp.Expr] | None:
    """Polynomials in t, which `dummy` stands for, as linear ones in a power of t, and that power. None if they are no
    such polynomials."""
    n = max(p.degree(), q.degree())
    if n < 1 or (n > 2 and isinstance(t, sp.exp)) or any(k not in (0, n) for poly in (p, q) for (k,) in poly.monoms()):
        return None
    linear = (sp.Poly(poly.coeff_monomial(dummy**n) * dummy + poly.coeff_monomial(1), dummy) for poly in (p, q))
    return (*linear, sp.exp(n * t.args[0]) if isinstance(t, sp.exp) else t**n)  # type: ignore[return-value]


def candidates(expr: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Candidates for the one inner function, exponentials first and the bare variable last."""
    exponentials = sorted({e for e in expr.atoms(sp.exp) if e.has(x)}, key=lambda e: (e.count_ops(), str(e)))
    applied = sorted({f for f in expr.atoms(sp.Function) if f.has(x) and not isinstance(f, (sp.exp, sp.floor))},
                     key=lambda f: (f.count_ops(), str(f)))  # fmt: skip
    powers = sorted({p for p in expr.atoms(sp.Pow) if p.base.has(x) and not p.exp.has(x) and not p.exp.is_Integer},
                    key=lambda p: (p.count_ops(), str(p)))  # fmt: skip
    return [*exponentials, *applied, *powers, x]


def in_terms_of(expr: sp.Expr, t: sp.Expr, dummy: sp.Symbol, x: sp.Symbol) -> sp.Expr:
    """`expr` with `t` replaced by `dummy`; if t = exp(h), exp(k h) is replaced by dummy**k as well."""
    if not isinstance(t, sp.exp):
        return expr.xreplace({t: dummy})
    ratios = {e: sp.cancel(e.args[0] / t.args[0]) for e in expr.atoms(sp.exp) if e.has(x)}
    return expr.xreplace({e: dummy**k for e, k in ratios.items() if k.is_Integer})


def log_of_quotient(quotient: sp.Expr, t: sp.Symbol) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """z, p and r > 0 with r (t - z)/(p - t) the quotient, whose logarithm is that of r and, with w = (t - z)/(p - z),
    logit(w), or 2 atanh(t/p) of z = -p. None if it is none."""
    numerator, denominator = sp.fraction(sp.cancel(sp.together(quotient)))
    if not (numerator.is_polynomial(t) and denominator.is_polynomial(t)):
        return None
    top, bottom = sp.Poly(numerator, t), sp.Poly(denominator, t)
    if top.degree() != 1 or bottom.degree() != 1:
        return None
    (a, b), (c, d) = top.all_coeffs(), bottom.all_coeffs()
    ratio = sp.cancel(-a / c)
    return (sp.cancel(-b / a), sp.cancel(-d / c), ratio) if ratio.is_positive else None


_RATIOS = ((sp.sinh, sp.cosh, sp.tanh), (sp.sin, sp.cos, sp.tan))


def ratio_of_functions(u: sp.Expr, other: sp.Expr) -> sp.Expr | None:
    """sinh(h)/cosh(h) and sin(h)/cos(h), given as two factors, in one word; or one over it."""
    for over, under, quotient in _RATIOS:
        if isinstance(u, over) and other == 1 / under(u.args[0]):
            return quotient(u.args[0])
        if isinstance(u, under) and other == 1 / over(u.args[0]):
            return 1 / quotient(u.args[0])
    return None


def with_one_root(expr: sp.Mul, x: sp.Symbol) -> sp.Expr:
    """(c - u)^p (c + u)^p as (c^2 - u^2)^p, and (u - c)^p (u + c)^p as (u^2 - c^2)^p."""
    roots = [f for f in expr.args if f.is_Pow and f.exp.is_Rational and not f.exp.is_Integer]
    for k, first in enumerate(roots):
        for second in roots[k + 1 :]:
            (b, u), (d, v) = (f.base.as_independent(x, as_Add=True) for f in (first, second))
            if first.exp == second.exp and ((u == -v and b == d) or (u == v and b == -d)):
                return expr / (first * second) * sp.expand(first.base * second.base) ** first.exp
    return expr


def log_of_exponentials(u: sp.Expr, v: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """log(exp(u) + exp(v)) as u + softplus(v - u), which neither over- nor underflows, where one of the two terms is
    constant, or both are seen to go the same way. None if there is no such form."""
    for first, second in ((u, v), (v, u)):
        beside = sp.expand(second - first)
        if not first.has(x) or not beside.has(x):
            return first + fn.softplus(beside) if first.has(x) or second.has(x) else None
        if not second.has(x):
            continue
        ways = [term.diff(x) for term in (first, beside)]
        if all(way.is_positive for way in ways) or all(way.is_negative for way in ways):
            return first + fn.softplus(beside)
    return None


def log_of_sum(total: sp.Add, x: sp.Symbol) -> sp.Expr | None:
    """The logarithm of a sum of two exponentials, with positive factors; None if it is none or has no such form."""
    if len(total.args) != 2:
        return None
    exponents = []
    for term in total.args:
        factor, power = term.as_independent(x, as_Add=False)
        if not isinstance(power, sp.exp) or not factor.is_positive:
            return None
        exponents.append(power.args[0] + sp.log(factor))
    return log_of_exponentials(*exponents, x)
