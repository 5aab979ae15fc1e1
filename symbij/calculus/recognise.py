"""Expression → chain form: peel off one function after the other until the bare variable is left.

A part in which the variable stands several times is first rewritten so that it stands once; what resists becomes a
core. Nothing here decides whether the result is one-to-one: folded functions stay folded until the domain is known.
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus import repeated
from symbij.calculus.affine import scaled
from symbij.calculus.chain import Link, link, scaling
from symbij.calculus.degrees import is_of_low_degree
from symbij.calculus.folded import FOLDED, NEGATE, NONPOSITIVE, RECIPROCAL, folded
from symbij.calculus.joined import joined_terms, without_powers_that_cancel
from symbij.calculus.parts import FloorPart, Folded, PiecePart, ProductPart, RawChain, SplinePart, SumPart
from symbij.calculus.pieces import switches
from symbij.calculus.row import U
from symbij.calculus.shapes import known_shape, log_shape, with_hypotenuse
from symbij.calculus.simplified import is_zero, simplified
from symbij.calculus.slopes import value_of
from symbij.calculus.table import ROW_OF_FUNCTION
from symbij.formula import functions as fn
from symbij.formula.interval import NONNEGATIVE
from symbij.formula.splines import Spline


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
        if (chain := with_hypotenuse(expr, x, recognise)) is not None:
            return chain
        free, rest = expr.as_independent(x, as_Add=True)
        if free != 0:
            return _shifted(recognise(rest, x), free, x)
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
    if isinstance(expr, sp.log) and (chain := log_shape(expr.args[0], x, recognise)) is not None:
        return chain
    if len(expr.args) == 1 and expr.func in FOLDED:
        return (*recognise(expr.args[0], x), FOLDED[expr.func])
    if len(expr.args) == 1 and expr.func in ROW_OF_FUNCTION:
        return (*recognise(expr.args[0], x), link(ROW_OF_FUNCTION[expr.func]))
    if isinstance(expr, sp.erfc):
        return (*recognise(expr.args[0], x), link("scale", -sp.sqrt(2)), link("ndtr"), link("scale", 2))
    return _several(expr, x)


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
        halves = ((NONNEGATIVE, (power,)), (NONPOSITIVE, (NEGATE, power)))
        links.append(folded(f"power {n}", U**n, *halves, complete=True))
    elif n > 1:
        links.append(link("odd_power", n))
    if exponent < 0:
        links.append(RECIPROCAL)
    return (*inner, *links)


def _known_shape(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    return known_shape(expr, x, recognise)


def _several(expr: sp.Expr, x: sp.Symbol) -> RawChain:
    """Parts in which `x` stands more than once."""
    for attempt in (_moebius, _known_shape, _floor_core, _pieces, _other_words, _sum_or_product):
        chain = attempt(expr, x)
        if chain is not None:
            return chain
    raise NotChain(expr)


def _moebius(expr: sp.Expr, x: sp.Symbol) -> RawChain | None:
    """(A t + B)/(C t + D) with t the variable, or a function of it, in every place where it stands."""
    for t in repeated.candidates(expr, x):
        dummy = sp.Dummy("t", positive=True if isinstance(t, sp.exp) else None, real=True)
        quotient = repeated.in_terms_of(expr, t, dummy, x)
        if t == expr or quotient.has(x) or not is_of_low_degree(quotient, dummy):
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
    if g.has(n) and (g := simplified(g)).has(n):
        return None
    start = g.subs(r, 0)
    if not is_zero(g.subs(r, 1) - start - 1):
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
    parts = expr.args if isinstance(expr, sp.Add) else _grouped(expr)
    if len(parts) == 1:
        return recognise(parts[0], x)
    terms = tuple(recognise(term, x) for term in parts)
    return (SumPart(terms) if isinstance(expr, sp.Add) else ProductPart(terms),)


def _grouped(expr: sp.Mul) -> tuple[sp.Expr, ...]:
    """The factors, of which exp(u) and 1/(c + exp(u)) are one: together they level off."""
    factors = list(expr.args)
    for e in [f for f in factors if isinstance(f, sp.exp)]:
        over = [f for f in factors if f.is_Pow and f.exp == -1 and f.base.is_Add and e in f.base.args]
        if over and len(factors) > 2:
            factors = [f for f in factors if f not in (e, over[0])] + [sp.Mul(e, over[0])]
    return tuple(factors)


def _shifted(chain: RawChain, free: sp.Expr, x: sp.Symbol) -> RawChain:
    """The chain, then + free: of a sum as part of the term that it takes to 0 at 0, as exp(x) - 1 in exp(x) - x - 1."""
    last = chain[0] if len(chain) == 1 else None
    shift = link("shift", free)
    if isinstance(last, SumPart):
        for k, term in enumerate(last.terms):
            if all(isinstance(item, Link) for item in term) and value_of(term, sp.S.Zero) == -free:
                return (SumPart((*last.terms[:k], (*term, shift), *last.terms[k + 1 :])),)
    return (*chain, shift)
