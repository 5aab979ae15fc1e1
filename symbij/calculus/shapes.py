"""Functions written out in other words: softsign, quotients by roots of sums of powers, asinh, acosh and logits."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbij.calculus import repeated
from symbij.calculus.affine import scaled, shifted
from symbij.calculus.chain import link
from symbij.calculus.closed_forms import plus_root
from symbij.calculus.folded import COTH_ACOSH, RECIPROCAL, XEXP
from symbij.calculus.parts import RawChain

Recognise = Callable[[sp.Expr, sp.Symbol], RawChain]  # `recognise.recognise`, for what stands inside


def known_shape(expr: sp.Expr, x: sp.Symbol, recognise: Recognise) -> RawChain | None:
    """Named functions written out: softsign, tanh-like quotients by other names, u*exp(u)."""
    if isinstance(expr, sp.Mul) and (joined := repeated.with_one_root(expr, x)) != expr:
        return recognise(joined, x)
    if isinstance(expr, sp.Mul) and len(expr.args) == 2:
        for u, other in (expr.args, expr.args[::-1]):
            if u.is_Pow and other.is_Pow and u.exp.is_Integer and u.exp > 1 and other.exp == -u.exp:  # (a/b)^n
                t = sp.Dummy("t", real=True)
                return (*recognise(u.base / other.base, x), *recognise(t**u.exp, t))
            if (ratio := repeated.ratio_of_functions(u, other)) is not None:
                return recognise(ratio, x)
            size = sp.Abs(u) if other.has(sp.Abs) else sp.nan  # sympy's recurs without end on some quotients
            if other == 1 / (1 + size):
                return (*recognise(u, x), link("softsign"))
            if other == 1 / (1 - size):
                return (*recognise(u, x), link("softsign_inverse"))
            if isinstance(other, sp.exp):
                rate, spread = (sp.cancel(other.args[0] / u**k) for k in (1, 2))
                if not rate.has(x):  # u exp(c u) = c u exp(c u)/c
                    return (*recognise(u, x), *scaled(rate), XEXP, *scaled(1 / rate))
                if not spread.has(x) and spread.is_nonnegative:
                    return (*recognise(u, x), link("heavy_tail", 2 * spread))
            chain = _over_hypotenuse(u, other, x, recognise) or _over_power_sum(u, other, x, recognise)
            if chain is not None:
                return chain
    return None


def log_shape(u: sp.Expr, x: sp.Symbol, recognise: Recognise) -> RawChain | None:
    """log((t - z)/(p - t)) as logit or atanh, of which nothing cancels where it vanishes; log(t + sqrt(t^2 - 1)), which
    is negative for t < 0, as acosh."""
    if isinstance(u, sp.Add):
        if (joined := repeated.log_of_sum(u, x)) is not None:
            return recognise(joined, x)
        for root in u.args:
            if (
                root.is_Pow
                and root.exp == sp.S.Half
                and (u - root).has(x)
                and sp.expand(root.base - (u - root) ** 2) == -1
            ):
                return (*recognise(u - root, x), link("acosh"))
        return None
    if not sp.fraction(u)[1].has(x):
        return None
    for t in repeated.candidates(u, x):
        dummy = sp.Dummy("t", real=True)
        quotient = repeated.in_terms_of(u, t, dummy, x)
        if t == u or isinstance(t, sp.exp) or quotient.has(x):
            continue
        found = repeated.log_of_quotient(quotient, dummy)
        if found is not None:
            zero, pole, factor = found
            if zero == -pole:
                links = (*scaled(1 / pole), link("atanh"), link("scale", 2))
            else:
                links = (*shifted(-zero), *scaled(1 / (pole - zero)), link("logit"))
            return (*recognise(t, x), *links, *shifted(sp.log(factor)))
    return None


def with_hypotenuse(expr: sp.Add, x: sp.Symbol, recognise: Recognise) -> RawChain | None:
    """k*(u + sqrt(u^2 + c)) for c > 0, which is k*exp(asinh(u)) for c = 1; k*u is all of the sum beside the root."""
    for term in expr.args:
        k, root = term.as_independent(x, as_Add=False)
        if not (root.is_Pow and root.exp == sp.S.Half):
            continue
        u = sp.expand((expr - term) / k)
        beside = sp.expand(root.base - u**2)
        if beside.is_positive and not beside.has(x):
            inner = (link("asinh"), link("exp")) if beside == 1 and k.is_positive else (plus_root(beside),)
            return (*recognise(u, x), *inner, *scaled(k))
    return None


def _over_hypotenuse(u: sp.Expr, other: sp.Expr, x: sp.Symbol, recognise: Recognise) -> RawChain | None:
    """t^n/(a + b t^2)^(n/2), or one over it, where w = t sqrt|b/a| makes the quotient, but for a factor, a power of

    tanh(asinh(w)) for a > 0 and b > 0, sinh(atanh(w)) for b < 0, 1/tanh(acosh(w)) for a < 0.
    """
    t, n = (u.base, u.exp) if u.is_Pow and u.exp.is_Integer else (u, sp.S.One)
    if not (other.is_Pow and other.exp == -n / 2):
        return None
    n, last = abs(n), () if n > 0 else (RECIPROCAL,)
    w = sp.Dummy("t", real=True)
    squared = other.base.xreplace({t: w, t**2: w**2})
    if squared.has(x):
        slope = t.diff(x)
        if slope.has(x):
            return None
        squared = other.base.subs(x, (w - t.subs(x, 0)) / slope)
    try:
        poly = sp.Poly(squared, w)
    except sp.PolynomialError:
        return None
    a, b = sp.factor(poly.coeff_monomial(1)), sp.factor(poly.coeff_monomial(w**2))
    if poly.degree() != 2 or poly.coeff_monomial(w) != 0 or poly.free_symbols_in_domain & {x}:
        return None
    quotient: RawChain
    if a.is_positive and b.is_positive:
        quotient = (link("asinh"), link("tanh"))
    elif other.exp.is_Integer:  # a rational function, which is defined on the other side of its poles too
        return None
    elif a.is_positive and b.is_negative:
        quotient = (link("atanh"), link("sinh"))
    elif a.is_negative and b.is_positive:
        quotient = (COTH_ACOSH,)
    else:
        return None
    a, b = abs(a), abs(b)
    outer = recognise(w**n, w) if n > 1 else ()
    return (*recognise(t, x), *scaled(sp.sqrt(b) / sp.sqrt(a)), *quotient, *outer, *scaled(b ** (-n / 2)), *last)


def _over_power_sum(u: sp.Expr, other: sp.Expr, x: sp.Symbol, recognise: Recognise) -> RawChain | None:
    """u/(a + b |u|^p)^(1/p) for a > 0, or one over it: for p = 1 and a = b = 1 a softsign, for b < 0 its inverse."""
    last: RawChain = ()
    if u.is_Pow and u.exp.could_extract_minus_sign():
        u, other, last = 1 / u, 1 / other, (RECIPROCAL,)
    if not (other.is_Pow and other.exp.is_negative and isinstance(other.base, sp.Add) and not other.exp.has(x)):
        return None
    p = -1 / other.exp
    a, rest = other.base.as_independent(x, as_Add=True)
    b, power = rest.as_independent(x, as_Add=False)
    if not (a.is_positive and (b.is_positive or b.is_negative)):
        return None
    on_half_line: RawChain = ()
    if power != sp.Abs(u) ** p:
        if power != u**p:
            return None
        on_half_line = (link("power", 1),)  # where alone the power is that of |u|
    by = abs(b) ** (1 / p)
    row = link("softsign_power" if b.is_positive else "softsign_power_inverse", p)
    return (*recognise(u, x), *on_half_line, *scaled(by / a ** (1 / p)), row, *scaled(1 / by), *last)
