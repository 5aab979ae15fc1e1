"""The derivative of a sum or product of chains, as a sum of signed terms that are kept in logarithms.

One walk serves symbols and numbers alike: `Ops` says what a link, a number and a logarithm are. A term is
sign * exp(logs) * factors, where the logs come from monotone links, whose log|slope| the table has in stable form, and
the factors from parts of either sign.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import sympy as sp

from symbij.calculus.affine import factor_of, is_affine
from symbij.calculus.chain import Link
from symbij.calculus.parts import Folded, ProductPart, RawChain, SumPart
from symbij.formula.functions import logaddexp


class Ops(Protocol):
    """Arithmetic on values that support + and *."""

    def link(self, item: Link, u: Any) -> tuple[Any, Any]:
        """Value of a link and log|slope|."""

    def folded(self, item: Folded, u: Any) -> tuple[Any, Any]:
        """Value of a folded function and its slope."""

    def number(self, expr: sp.Expr) -> Any:
        """A parameter expression as a value."""

    def log_abs(self, value: Any) -> Any: ...

    def exp(self, value: Any) -> Any: ...

    def log_add(self, a: Any, b: Any) -> Any:
        """log(exp(a) + exp(b))."""

    def log_add_product(self, total: Any, log: Any, factors: tuple[Any, ...]) -> Any:
        """log(exp(total) + exp(log)*|product of the factors|), accurate also where it is close to zero."""

    def log1p_abs(self, value: Any) -> Any:
        """log|1 + value|."""


@dataclass(frozen=True)
class Term:
    """sign*exp(logs)*factors; `varies` tells whether it depends on the variable at all."""

    sign: sp.Expr
    logs: Any
    factors: tuple[Any, ...] = ()
    varies: bool = False

    def log_abs(self, ops: Ops) -> Any:
        total = self.logs
        for factor in self.factors:
            total = total + ops.log_abs(factor)
        return total

    def value(self, ops: Ops) -> Any:
        total = ops.number(self.sign) * ops.exp(self.logs)
        for factor in self.factors:
            total = total * factor
        return total


def walk(raw: RawChain, u: Any, ops: Ops) -> tuple[Any, tuple[Term, ...]]:
    """Value of a chain of parts at `u`, and the terms whose sum is its derivative."""
    terms: tuple[Term, ...] = (Term(sp.S.One, ops.number(sp.S.Zero)),)
    for item in raw:
        if isinstance(item, (SumPart, ProductPart)):
            u, terms = _walk_part(item, u, terms, ops)
        elif isinstance(item, Folded):
            u, slope = ops.folded(item, u)
            terms = tuple(replace(t, factors=(*t.factors, slope), varies=True) for t in terms)
        else:
            assert isinstance(item, Link)
            u, log_slope = ops.link(item, u)
            sign = sp.sign(item.sign({}))
            affine = is_affine(item)
            terms = tuple(
                replace(t, sign=t.sign * sign, logs=t.logs + log_slope, varies=t.varies or not affine) for t in terms
            )
    return u, terms


def value_of(raw: RawChain, u: sp.Expr) -> sp.Expr:
    """The value of a chain of parts as an expression, without its derivative."""
    for item in raw:
        if isinstance(item, (SumPart, ProductPart)):
            parts = [value_of(term, u) for term in item.terms]
            u = sp.Add(*parts) if isinstance(item, SumPart) else sp.Mul(*parts)
        else:
            u = item.forward(u)  # type: ignore[union-attr]
    return u


def _walk_part(part: SumPart | ProductPart, u: Any, outer: tuple[Term, ...], ops: Ops) -> tuple[Any, tuple[Term, ...]]:
    """A sum or product, whose argument has the derivative `outer`."""
    walked = [walk(raw, u, ops) for raw in part.terms]
    value = walked[0][0]
    for other, _ in walked[1:]:
        value = value + other if isinstance(part, SumPart) else value * other
    made: list[Term] = []
    for i, (_, terms) in enumerate(walked):
        if isinstance(part, ProductPart):
            for j, (factor, _) in enumerate(walked):
                if j != i:
                    sign, log = _log_of(part.terms[j], u, ops)
                    terms = tuple(
                        replace(t, factors=(*t.factors, factor), varies=True)
                        if log is None
                        else replace(t, sign=t.sign * sign, logs=t.logs + log, varies=True)
                        for t in terms
                    )
        made += terms
    combined = tuple(
        Term(o.sign * t.sign, o.logs + t.logs, (*o.factors, *t.factors), o.varies or t.varies)
        for o in outer
        for t in made
    )
    return value, combined


def _log_of(raw: RawChain, u: Any, ops: Ops) -> tuple[sp.Expr, Any]:
    """Sign and log|value| of a factor that is an exponential times a number, so that it cannot overflow."""
    sign, scale = sp.S.One, sp.S.One
    links = list(raw)
    while links and isinstance(links[-1], Link) and links[-1].name in ("scale", "divide"):
        scale = scale * factor_of(links.pop())
    if not links or getattr(links[-1], "name", "") != "exp":
        return sign, None
    inner, _ = walk(tuple(links[:-1]), u, ops)
    if scale == 1:
        return sign, inner
    return sp.sign(scale), inner + ops.number(sp.log(sp.Abs(scale)))


def log_slope(terms: tuple[Term, ...], aligned: bool, ops: Ops) -> Any:
    """log|sum of the terms|: of terms of one sign without cancellation, of others relative to what does not vary."""
    if aligned:
        first, *others = sorted(terms, key=lambda t: len(t.factors))
        total = first.log_abs(ops)
        for term in others:
            if term.factors and not first.factors:
                total = ops.log_add_product(total, term.logs, term.factors)
            else:
                total = ops.log_add(total, term.log_abs(ops))
        return total
    constant = [t for t in terms if not t.varies]
    varying = [t.value(ops) for t in terms if t.varies]
    rest = varying[0]
    for value in varying[1:]:
        rest = rest + value
    if not constant:
        return ops.log_abs(rest)
    base = constant[0].value(ops)
    for term in constant[1:]:
        base = base + term.value(ops)
    return ops.log_abs(base) + ops.log1p_abs(rest / base)


def slope(terms: tuple[Term, ...], ops: Ops) -> Any:
    """The sum of the terms."""
    total = terms[0].value(ops)
    for term in terms[1:]:
        total = total + term.value(ops)
    return total


class Symbolic:
    """`Ops` on expressions."""

    def link(self, item: Link, u: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        v = item.forward(u)
        return v, item.log_det_u(u, v)

    def folded(self, item: Folded, u: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        return item.forward(u), item.slope(u)

    def number(self, expr: sp.Expr) -> sp.Expr:
        return sp.sympify(expr)

    def log_abs(self, value: sp.Expr) -> sp.Expr:
        return sp.log(sp.Abs(value))

    def exp(self, value: sp.Expr) -> sp.Expr:
        return sp.exp(value)

    def log_add(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return logaddexp(a, b)

    def log_add_product(self, total: sp.Expr, log: sp.Expr, factors: tuple[sp.Expr, ...]) -> sp.Expr:
        return logaddexp(total, log + sp.Add(*(sp.log(sp.Abs(f)) for f in factors)))

    def log1p_abs(self, value: sp.Expr) -> sp.Expr:
        return sp.log(sp.Abs(1 + value))


SYMBOLIC = Symbolic()
