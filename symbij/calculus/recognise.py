"""Expression → chain form: peel off one function after the other until the bare variable is left.

A part in which the variable stands several times is first rewritten so that it stands once; what resists becomes a
core. Nothing here decides whether the result is one-to-one: folded functions stay folded until the domain is known.
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus import repeated
from symbij.calculus.affine import scaled, shifted
from symbij.calculus.chain import Chain, Link, link, scaling
from symbij.calculus.closed_forms import plus_root
from symbij.calculus.joined import joined_terms, without_powers_that_cancel
from symbij.calculus.parts import FloorPart, Folded, PiecePart, ProductPart, RawChain, SplinePart, SumPart
from symbij.calculus.pieces import switches
from symbij.calculus.row import U
from symbij.calculus.table import ROW_OF_FUNCTION
from symbij.formula import functions as fn
from symbij.formula.interval import NONNEGATIVE, POSITIVE, Interval
from symbij.formula.splines import Spline

_NONPOSITIVE = Interval(-sp.oo, 0, hi_open=False)
_NEGATIVE = Interval(-sp.oo, 0)


class NotChain(Exception):
    """The expression has no chain form that symbij knows; `part` is where it got stuck."""

    def __init__(self, part: sp.Expr) -> None:
        self.part = part
        super().__init__(str(part))


def recognise(expr: sp.Expr, x: sp.Symbol) -> RawChain:
    """The links that lead from `x` to `expr`, first applied first. Raises `NotChain`."""
    if expr == x:
        return ()
    if isinstance(expr, sp.Add):
        joined = joined_terms(expr, x)
        if joined is None:
            joined = without_powers_that_cancel(expr, x)
        if joined is not None:
            return recognise(joined, x)
        if (chain := _with_hypotenuse(expr, x)) is not None:
            return chain
        free, rest = expr.as_independent(x, as_Add=True)
        if free != 0:
            return (*recognise(rest, x), link("shift", free))
        return _several(expr, x)
    if isinstance(expr, sp.Mul):
        free, rest = expr.as_independent(x, as_Add=False)
        if free != 1:
            return (*recognise(rest, x), scaling(free))
        return _several(expr, x)
    if isinstance(expr, sp.Pow):
        return _power(expr, x)
    if isinstance(expr, sp.exp):
        return (*recognise(expr.args[0], x), link("exp"))
    if isinstance(expr, fn.odd_root) and not expr.args[1].has(x):
        return (*recognise(expr.args[0], x), link("odd_root", expr.args[1]))
    if isinstance(expr, Spline):
        return (*recognise(expr.args[0], x), SplinePart(expr))
    if isinstance(expr, (fn.expm1_scaled, fn.log1p_scaled)) and not expr.args[1].has(x):
        return (*recognise(expr.args[0], x), link(expr.func.__name__, expr.args[1]))
    if isinstance(expr, sp.log) and (chain := _log(expr.args[0], x)) is not None:
        return chain
    if len(expr.args) == 1 and expr.func in FOLDED:
        return (*recognise(expr.args[0], x), FOLDED[expr.func])
    if len(expr.args) == 1 and expr.func in ROW_OF_FUNCTION:
        return (*recognise(expr.args[0], x), link(ROW_OF_FUNCTION[expr.func]))
    if isinstance(expr, sp.erfc):
        return (*recognise(expr.args[0], x), link("scale", -sp.sqrt(2)), link("ndtr"), link("scale", 2))
    return _several(expr, x)


def _folded(
    name: str,
    formula: sp.Expr,
    *branches: tuple[Interval, Chain],
    complete: bool = False,
    everywhere: bool = True,
) -> Folded:
    return Folded(name, branches, formula, complete, everywhere)


_NEGATE = link("scale", -1)
FOLDED: dict[type, Folded] = {
    sp.Abs: _folded("abs", sp.Abs(U), (NONNEGATIVE, ()), (_NONPOSITIVE, (_NEGATE,)), complete=True),
    sp.cosh: _folded(
        "cosh", sp.cosh(U), (NONNEGATIVE, (link("cosh"),)), (_NONPOSITIVE, (_NEGATE, link("cosh"))), complete=True
    ),
    sp.sin: _folded("sin", sp.sin(U), (link("sin").row.domain, (link("sin"),))),
    sp.cos: _folded(
        "cos",
        sp.cos(U),
        (link("cos").row.domain, (link("cos"),)),
        (Interval(-sp.pi, 0, False, False), (_NEGATE, link("cos"))),
    ),
    sp.tan: _folded("tan", sp.tan(U), (link("tan").row.domain, (link("tan"),)), everywhere=False),
}
_XEXP = _folded("u*exp(u)", U * sp.exp(U), (link("xexp").row.domain, (link("xexp"),)))
RECIPROCAL = _folded(
    "reciprocal",
    1 / U,
    (POSITIVE, (link("reciprocal"),)),
    (_NEGATIVE, (_NEGATE, link("reciprocal"), _NEGATE)),
    complete=True,
    everywhere=False,
)


def _power(expr: sp.Expr, x: sp.Symbol) -> RawChain:
    base, exponent = expr.args
    if base.has(x) and exponent.has(x):
        return _several(expr, x)
    if exponent.has(x):  # c**g(x) = exp(g(x) log c)
        return (*recognise(exponent, x), scaling(sp.log(base)), link("exp"))
    inner = recognise(base, x)
    if not exponent.is_Integer:
        return (*inner, link("power", exponent))
    n = abs(int(exponent))
    links: list[Link | Folded] = []
    if n % 2 == 0:
        power = link("power", n)
        halves = ((NONNEGATIVE, (power,)), (_NONPOSITIVE, (_NEGATE, power)))
        links.append(_folded(f"power {n}", U**n, *halves, complete=True))
    elif n > 1:
        links.append(link("odd_power", n))
    if exponent < 0:
        links.append(RECIPROCAL)
    return (*inner, *links)


def _several(expr: sp.Expr, x: sp.Symbol) -> RawChain:
    """Parts in which `x` stands more than once."""
    for attempt in (_moebius, _known_shape, _floor_core, _pieces, _other_words, _sum_or_product):
        chain = attempt(expr, x)
        if chain is not None:
            return chain
    raise NotChain(expr)


def _known_shape(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
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
                    return (*recognise(u, x), *scaled(rate), _XEXP, *scaled(1 / rate))
                if not spread.has(x) and spread.is_nonnegative:
                    return (*recognise(u, x), link("heavy_tail", 2 * spread))
            chain = _over_hypotenuse(u, other, x) or _over_power_sum(u, other, x)
            if chain is not None:
                return chain
    return None


def _log(u: sp.Expr, x: sp.Symbol) -> RawChain | None:
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


def _with_hypotenuse(expr: sp.Add, x: sp.Symbol) -> RawChain | None:
    """u + sqrt(u^2 + c) for c > 0, which is exp(asinh(u)) for c = 1; u is all of the sum beside the root."""
    for term in expr.args:
        side = -1 if term.could_extract_minus_sign() else 1
        root, u = side * term, expr - term
        if not (root.is_Pow and root.exp == sp.S.Half and root.base.has(x)):
            continue
        beside = sp.expand(root.base - u**2)
        if not beside.is_positive or beside.has(x):
            continue
        if side > 0 and beside == 1:
            return (*recognise(u, x), link("asinh"), link("exp"))
        return (*recognise(side * u, x), plus_root(beside), *((scaling(sp.Integer(side)),) if side < 0 else ()))
    return None


def _over_hypotenuse(u: sp.Expr, other: sp.Expr, x: sp.Symbol) -> RawChain | None:
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
    elif a.is_positive and b.is_negative:
        quotient = (link("atanh"), link("sinh"))
    elif a.is_negative and b.is_positive:
        quotient = (link("acosh"), link("tanh"), link("reciprocal"))
    else:
        return None
    a, b = abs(a), abs(b)
    outer = recognise(w**n, w) if n > 1 else ()
    return (*recognise(t, x), *scaled(sp.sqrt(b) / sp.sqrt(a)), *quotient, *outer, *scaled(b ** (-n / 2)), *last)


def _over_power_sum(u: sp.Expr, other: sp.Expr, x: sp.Symbol) -> RawChain | None:
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


def _moebius(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    """(A t + B)/(C t + D) with t the variable, or a function of it, in every place where it stands."""
    for t in repeated.candidates(expr, x):
        dummy = sp.Dummy("t", positive=True if isinstance(t, sp.exp) else None, real=True)
        quotient = repeated.in_terms_of(expr, t, dummy, x)
        if t == expr or quotient.has(x):
            continue
        numerator, denominator = sp.fraction(sp.cancel(sp.together(quotient)))
        try:
            p, q = sp.Poly(numerator, dummy), sp.Poly(denominator, dummy)
        except sp.PolynomialError:
            continue
        if isinstance(t, sp.exp) and (chain := _hyperbolic(p, q, t.args[0], dummy, x)) is not None:
            return chain
        found = repeated.in_power(p, q, t, dummy)
        if found is None:
            continue
        p, q, t = found
        a, b = p.coeff_monomial(dummy), p.coeff_monomial(1)
        c, d = q.coeff_monomial(dummy), q.coeff_monomial(1)
        if (
            t.is_Pow and not t.exp.is_Integer and (c / d).is_positive and (a == 0 or b == 0)
        ):  # a/c*softsign(c/d*t), of a = 0 through 1/t
            t, ratio, size = (t, c / d, a / c) if b == 0 else (1 / t, d / c, b / d)
            return (*_multiple_of_power(t, ratio, x), link("softsign"), *scaled(size))
        inner = recognise(t, x)
        if c == 0:
            return (*inner, scaling(a / d), link("shift", b / d))
        if isinstance(t, sp.exp) and (c / d).is_positive:
            # with t = exp(h): (A t + B)/(C t + D) = B/D + (A/C - B/D) sigmoid(h + log(C/D)), free of overflow
            step = sp.cancel(a / c - b / d)
            return (*inner[:-1], link("shift", sp.log(c / d)), link("sigmoid"), scaling(step), link("shift", b / d))
        step = sp.cancel((b * c - a * d) / c)
        return (*inner, scaling(c), link("shift", d), RECIPROCAL, scaling(step), link("shift", a / c))
    return None


def _multiple_of_power(t: sp.Pow, factor: sp.Expr, x: sp.Symbol) -> RawChain:
    """factor*u**p, as (u*s)**p if s**p = factor for an s without roots."""
    s = sp.powdenest(factor ** (1 / t.exp))
    if any(not power.exp.is_Integer for power in s.atoms(sp.Pow)):
        return (*recognise(t, x), *scaled(factor))
    return (*recognise(t.base, x), *scaled(s), link("power", t.exp))


def _hyperbolic(p: sp.Poly, q: sp.Poly, h: sp.Expr, t: sp.Symbol, x: sp.Symbol) -> RawChain | None:
    """A (t -+ 1/t) + B with t = exp(h): 2 A sinh(h) or 2 A cosh(h), and B."""
    if p.degree() != 2 or q.degree() != 1 or q.coeff_monomial(1) != 0:
        return None
    rising, constant, falling = (p.coeff_monomial(t**k) / q.coeff_monomial(t) for k in (2, 1, 0))
    if rising == -falling:
        function: Link | Folded = link("sinh")
    elif rising == falling:
        function = FOLDED[sp.cosh]
    else:
        return None
    tail = (link("shift", constant),) if constant != 0 else ()
    return (*recognise(h, x), function, scaling(2 * rising), *tail)


def _floor_core(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    """floor(h) + g(frac(h)) up to scale and shift, with h = x + constant up to sign and scale."""
    floors = [f for f in expr.atoms(sp.floor) if f.has(x)]
    if len(floors) != 1:
        return None
    inside = floors[0].args[0]
    slope = inside.diff(x)
    if slope.has(x):
        t = sp.Dummy("t", real=True)
        outside = expr.xreplace({inside: t})
        return None if outside.has(x) else (*recognise(inside, x), *recognise(outside, t))
    if inside.has(sp.floor):
        return None
    offset = inside.subs(x, 0)
    n, r = sp.Dummy("n", real=True), sp.Dummy("r", real=True)
    substituted = expr.xreplace({floors[0]: n}).subs(x, (n + r - offset) / slope)
    whole = sp.expand(substituted, power_base=False, power_exp=False, log=False, multinomial=False, basic=False)
    step = sp.expand(whole.diff(n))
    if step.has(n, r) or step == 0:
        return None
    g = sp.expand(whole / step) - n
    if g.has(n) and (g := sp.simplify(g)).has(n):
        return None
    start = g.subs(r, 0)
    if sp.simplify(g.subs(r, 1) - start - 1) != 0:
        return None
    try:
        links = recognise(g - start, r)
    except NotChain:
        return None
    core = FloorPart(links)
    outer = (link("shift", offset),) if offset != 0 else ()
    inner = (scaling(slope),) if slope != 1 else ()
    tail = (link("shift", start),) if start != 0 else ()
    return (*inner, *outer, core, *tail, *((scaling(step),) if step != 1 else ()))


def _pieces(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    """Other formulas on either side of some points. Where those are is decided where the domain is known."""
    return (PiecePart(expr, x),) if switches(expr, x) else None


def _other_words(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    """The same in words of which a chain can be made: u**v as exp(v*log(u)), logaddexp(u, v) as v + softplus(u - v)."""
    if isinstance(expr, sp.Pow):
        return (*recognise(expr.exp * sp.log(expr.base), x), link("exp"))
    if isinstance(expr, fn.logaddexp):
        joined = repeated.log_of_exponentials(*expr.args, x)
        return recognise(sp.log(sp.Add(*map(sp.exp, expr.args))) if joined is None else joined, x)
    return None


def _sum_or_product(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    """A sum or product of chains. Whether it is monotone is decided where the domain is known."""
    if not isinstance(expr, (sp.Add, sp.Mul)):
        return None
    terms = tuple(recognise(term, x) for term in expr.args)
    return (SumPart(terms) if isinstance(expr, sp.Add) else ProductPart(terms),)
