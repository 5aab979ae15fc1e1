"""Terms of a sum that together are one function of the variable, so that nothing is left to cancel or to saturate.

    a*expm1(u) + a                        =  a*exp(u)
    a*softplus(u) - a*softplus(-u)        =  a*u                  (softplus, log1p(exp), log(sigmoid), log(1 - sigmoid))
    a*softplus(u) - a*u                   =  a*softplus(-u)
    a*log(u) - a*log(1 - u)               =  a*logit(u)
    a*log(1 + u) - a*log(1 - u)           =  2*a*atanh(u)
    a*cosh(u)**2 - a*sinh(u)**2           =  a                    (sin and cos likewise)
    (x + a)**3 - x**3                     =  3*a*x**2 + 3*a**2*x + a**3        (polynomials; the highest power cancels)

Both sides are defined for the same u; requirements on it come from the user's own words.
"""

from __future__ import annotations

import sympy as sp

from symbij.formula import functions as fn

_MOST_DEGREE = 12  # of powers that are multiplied out


def joined_terms(expr: sp.Add, x: sp.Symbol) -> sp.Expr | None:
    """The sum with such terms joined, or None if there are none."""
    joined = expr
    if expr.has(fn.expm1):
        joined = joined.replace(lambda part: isinstance(part, sp.Add), lambda part: _joined_expm1(part, x))
    if isinstance(joined, sp.Add):
        joined = _joined_squares(joined, x)
    if isinstance(joined, sp.Add):
        joined = _joined_logs(_joined_softplus(joined, x), x)
    return None if joined == expr or not joined.has(x) else joined


def _joined_squares(expr: sp.Add, x: sp.Symbol) -> sp.Expr:
    for first, second, sign in ((sp.cosh, sp.sinh, -1), (sp.sin, sp.cos, 1)):
        for term in expr.args:
            factor, square = term.as_independent(x, as_Add=False)
            if square.is_Pow and square.exp == 2 and isinstance(square.base, first):
                other = sign * factor * second(square.base.args[0]) ** 2
                if other in expr.args:
                    rest = expr - term - other + factor
                    return _joined_squares(rest, x) if isinstance(rest, sp.Add) else rest
    return expr


def without_powers_that_cancel(expr: sp.Add, x: sp.Symbol) -> sp.Expr | None:
    """A polynomial multiplied out, if it is of a lower degree than one of its terms; else None."""
    if not expr.is_polynomial(x) or not any(inner.has(x) for inner in expr.atoms(sp.Add) - {expr}):
        return None
    if any(power.exp > _MOST_DEGREE for power in expr.atoms(sp.Pow) if power.has(x)):
        return None
    whole = sp.collect(sp.expand(expr), x)
    degrees = [sp.degree(term, x) for term in (whole, *expr.args) if term.has(x)]
    return whole if whole.has(x) and degrees[0] < max(degrees) else None


def _joined_expm1(expr: sp.Expr, x: sp.Symbol) -> sp.Expr:
    terms = sp.Add.make_args(expr)
    for term in terms:
        factor, function = term.as_independent(x, as_Add=False)
        if isinstance(function, fn.expm1) and factor in terms:
            return _joined_expm1(expr - term - factor + factor * sp.exp(function.args[0]), x)
    return expr


def _as_softplus(function: sp.Expr) -> tuple[int, sp.Expr] | None:
    """Sign and argument, if the function is a softplus or minus one."""
    if isinstance(function, fn.softplus):
        return 1, function.args[0]
    if isinstance(function, sp.log):
        inner = function.args[0]
    elif isinstance(function, fn.log1p):
        inner = 1 + function.args[0]
    else:
        return None
    if isinstance(inner, fn.sigmoid):
        return -1, -inner.args[0]
    rest = inner - 1
    if isinstance(rest, sp.exp):
        return 1, rest.args[0]
    if isinstance(-rest, fn.sigmoid):
        return -1, (-rest).args[0]
    return None


def _joined_softplus(expr: sp.Expr, x: sp.Symbol) -> sp.Expr:
    found, rest = [], []
    for term in sp.Add.make_args(expr):
        factor, function = term.as_independent(x, as_Add=False)
        known = _as_softplus(function)
        if known is None:
            rest.append(term)
        else:
            found.append((factor * known[0], known[1]))
    if not found or len(found) + len(rest) < 2:
        return expr
    best, fewest = expr, _size(found, rest, x)
    for turned, (factor, u) in enumerate(found):
        others = [term for k, term in enumerate(found) if k != turned]
        total = _added([*others, (factor, -u)])
        linear = sp.Add.make_args(sp.Add(*rest) + sp.expand(factor * u))
        size = _size(total, list(linear), x)
        if size < fewest:
            best, fewest = sp.Add(*(a * fn.softplus(w) for a, w in total), *linear), size
    return best if best is expr else _joined_softplus(best, x)


def _added(terms: list[tuple[sp.Expr, sp.Expr]]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Terms factor*softplus(u) with the factors of the same u added up."""
    totals: dict[sp.Expr, sp.Expr] = {}
    for factor, u in terms:
        same = next((w for w in totals if w == u or sp.expand(w - u) == 0), u)
        totals[same] = sp.expand(totals.get(same, sp.S.Zero) + factor)
    return [(factor, u) for u, factor in totals.items() if factor != 0]


def _size(found: list[tuple[sp.Expr, sp.Expr]], rest: list[sp.Expr], x: sp.Symbol) -> tuple[int, int]:
    return len(found), len(found) + sum(term.has(x) for term in rest)


def _joined_logs(expr: sp.Expr, x: sp.Symbol) -> sp.Expr:
    terms = sp.Add.make_args(expr)
    logs = []
    for term in terms:
        factor, function = term.as_independent(x, as_Add=False)
        if isinstance(function, sp.log):
            logs.append((term, factor, function.args[0]))
        elif isinstance(function, fn.log1p):
            logs.append((term, factor, 1 + function.args[0]))
    for first, factor, u in logs:
        for second, other, w in logs:
            if factor + other != 0 or first is second:
                continue
            together = sp.expand(u + w)
            if together == 1 and u.count_ops() <= w.count_ops():
                return _joined_logs(expr - first - second + factor * fn.logit(u), x)
            if together == 2 and factor.could_extract_minus_sign() <= other.could_extract_minus_sign():
                return _joined_logs(expr - first - second + 2 * factor * sp.atanh(u - 1), x)
    return expr
