"""Peephole rules around the hyperbolic, normal and circular functions; `rules.py` applies them after its own.

a*(u + s), asinh, then k*v     =  asinh_scaled(1/a, k) of u + s    (a*u may over- or underflow; a is a parameter)
sinh, then c*v                 =  sinh_scaled(c, 1)                (sinh may overflow where the product does not)
cosh, then log                 =  logcosh
tanh, then log1p               =  log1p_tanh                       (tanh saturates at -1)
expm1, then atanh              =  atanh_expm1
tanh, then log                 =  log_tanh
logit, then a*w + b, sigmoid   =  logit_affine(a, b)               (far below zero w has lost digits of u**a)
erf, then log                  =  log_erf                          (so does erf at 1, on the way back)
ndtr, then 2*v                 =  erfc of -u/sqrt(2)               (half of the smallest number is none)
ndtr - 1/2                     =  erf of u/sqrt(2), halved
erfc - 1                       =  -erf
erfc - 2                       =  -erfc of -u
cos - 1                        =  -versin                          (2*sin(u/2)**2)
cos + 1                        =  vercos                           (2*cos(u/2)**2)
u/h, atan, + pi/2              =  pi*cauchy(h)                     (atan - pi/2 = -pi*cauchy of -u)
w - pi/2, then tan             =  cauchy_inverse(1) of w/pi        (w + pi/2: minus that of -w)
softplus, c - v, softplus      =  soft_clip(low, high, h), where u = (x - low)/h, c = (high - low)/h and an affine
                                  map brings the result from low to high
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbij.calculus.affine import Run, is_row, leading_run, scaled, shifted
from symbij.calculus.chain import Chain, Link, RowLink, link
from symbij.calculus.simplified import is_zero, simplified
from symbij.formula import functions as fn

Rule = Callable[[RowLink, Run, Run, Chain], "list[Link] | None"]


def _is(tail: Chain, name: str) -> bool:
    return bool(tail) and is_row(tail[0], name)


def _same(a: sp.Expr, b: sp.Expr | int) -> bool:
    return a == b or sp.expand(a - b) == 0


def _followed(by: str, whole: str) -> Rule:
    """f, then the function `by` = the function `whole`."""

    def rule(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
        if not after.links and _is(tail, by):
            return [*before.links, link(whole), *tail[1:]]
        return None

    return rule


def _added(constant: sp.Expr, whole: Chain) -> Rule:
    """f + constant = `whole`."""

    def rule(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
        if after.links and _same(after.pre, constant):
            return [*before.links, *whole, *scaled(after.scale), *tail]
        return None

    return rule


def _stretched(name: str, argument: sp.Expr, value: sp.Expr) -> list[Link]:
    """value*f(u/argument)."""
    if _same(argument, value):  # whose logarithms cancel in its log-det
        return [link(f"{name}_stretched", value)]
    return [link(f"{name}_scaled", argument, value)]


def _asinh(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not before.scale.free_symbols:
        return None
    return [*shifted(before.pre), *_stretched("asinh", 1 / before.scale, after.scale), *shifted(after.shift), *tail]


def _sinh(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not after.scale.free_symbols:
        return None
    if _same(after.scale * before.scale, 1):  # the same stretch before: it may over- or underflow as well
        inside = [*shifted(before.pre), link("sinh_stretched", after.scale)]
    else:
        inside = [*before.links, link("sinh_scaled", after.scale, 1)]
    return [*inside, *shifted(after.shift), *tail]


def _doubled_ndtr(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.scale in (2, -2):
        return [
            *before.links, link("divide", -sp.sqrt(2)), link("erfc"), *scaled(after.scale / 2), *shifted(after.shift),
            *tail,
        ]  # fmt: skip
    return None


def _logit(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.links and _is(tail, "sigmoid"):
        return [*before.links, link("logit_affine", after.scale, after.shift), *tail[1:]]
    return None


def _atan(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    for side in (1, -1):
        if after.links and _same(after.pre, side * sp.pi / 2):
            inner = [*shifted(before.pre), *scaled(sp.Integer(side))]
            return [*inner, link("cauchy", 1 / before.scale), *scaled(side * sp.pi * after.scale), *tail]
    return None


def _tan(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    for side in (1, -1):
        if before.links and _same(before.shift, -side * sp.pi / 2):
            inner = scaled(side * before.scale / sp.pi)
            return [*inner, link("cauchy_inverse", 1), *scaled(side), *after.links, *tail]
    return None


def _soft_clip(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not (after.scale == -1 and _is(tail, "softplus") and before.scale.is_positive):
        return None
    ends = leading_run(tail[1:])
    scale, shift = ends.scale, ends.shift
    low, high, width = -before.pre, shift, 1 / before.scale
    total = fn.softplus(simplified((high - low) / width))
    ends_meet = is_zero(shift + scale * fn.softplus(after.shift) - low)
    if not ends_meet or not is_zero(after.shift - total.args[0]):
        return None
    return [link("soft_clip", low, high, width), *tail[1 + len(ends.links) :]]


_NEGATE = link("scale", -1)

SIGMOID_RULES: dict[str, tuple[Rule, ...]] = {
    "asinh": (_asinh,),
    "sinh": (_sinh,),
    "cosh": (_followed("log", "logcosh"),),
    "tanh": (_followed("log1p", "log1p_tanh"), _followed("log", "log_tanh")),
    "logit": (_logit,),
    "expm1": (_followed("atanh", "atanh_expm1"),),
    "erf": (_followed("log", "log_erf"),),
    "ndtr": (
        _doubled_ndtr,
        _added(-sp.Rational(1, 2), (link("divide", sp.sqrt(2)), link("erf"), link("divide", 2))),
    ),
    "erfc": (
        _added(sp.Integer(-1), (link("erf"), _NEGATE)),
        _added(sp.Integer(-2), (_NEGATE, link("erfc"), _NEGATE)),
    ),
    "cos": (_added(sp.Integer(-1), (link("versin"), _NEGATE)), _added(sp.Integer(1), (link("vercos"),))),
    "atan": (_atan,),
    "tan": (_tan,),
    "softplus": (_soft_clip,),
}


def joined_logs(expr: sp.Expr) -> sp.Expr:
    """A parameter-only sum with log(f(p)) and log(p) joined to log(f(p)*p): where the two nearly cancel, as in
    log(t) - log(sinh(t)) for a small t, the product keeps the digits that the sum of the logarithms loses."""
    signs = {term: term.as_coeff_Mul() for term in sp.Add.make_args(expr)}
    logs = {term: (sign, log.args[0]) for term, (sign, log) in signs.items() if sign in (1, -1) and log.func == sp.log}
    involved = {
        symbol
        for _, inner in logs.values()
        if any(not isinstance(f, sp.Abs) for f in inner.atoms(sp.Function))
        for symbol in inner.free_symbols
    }
    group = [term for term, (_, inner) in logs.items() if inner.free_symbols & involved]
    if len(group) < 2:
        return expr
    product = sp.Mul(*(logs[term][1] ** logs[term][0] for term in group))
    return sp.Add(*(term for term in signs if term not in group), sp.log(product))
