"""Peephole rules: adjacent links that together equal a more stable, or a shorter, sequence.

The rules work on a chain whose domain is already known, so none of them needs to care where it is defined. A maximal
run of shift, scale and divide links is read as one affine map; most rules look at the run before or after a function:

    exp, then s*u - s              =  expm1, then s*u                  (no cancellation at 0)
    u + 1, then log                =  log1p
    exp, then log1p                =  softplus
    expm1, then log                =  softplus_inverse
    exp, then 1/(1 + u)            =  sigmoid of -u
    sigmoid, then 2s*u - s         =  tanh of u/2, then s*u
    u + c, sigmoid, v - sigmoid(c) =  sigmoid_increment(c)
    (u + 1)**p - 1                 =  expm1(p*log1p(u))
    s*u**p - s                     =  s*expm1(p*log(u))
    sigmoid - 1                    =  -sigmoid of -u                   (ndtr likewise)
    tanh + 1                       =  2*sigmoid of 2*u                 (erf + 1 = 2*ndtr of sqrt(2)*u)
    f, then its inverse            =  nothing
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbij.calculus.chain import Chain, Link, RowLink, SumCore, link
from symbij.formula import functions as fn

_AFFINE = ("shift", "scale", "divide")


@dataclass(frozen=True)
class _Run:
    """v = scale*u + shift, and equally scale*(u + pre)."""

    scale: sp.Expr
    shift: sp.Expr
    pre: sp.Expr
    links: Chain


def simplify_chain(chain: Chain) -> Chain:
    """Apply the rules until none applies; inner chains of cores included."""
    links = list(_simplify_inside(chain))
    for _ in range(20 * (len(links) + 1)):  # every rule shortens the chain or moves to a stabler function
        merged = _merge_affine(links)
        changed = _apply_once(merged)
        if changed is None:
            return tuple(_stable_parameters(item) for item in merged)
        links = changed
    raise AssertionError(f"the rewriting of {[item.name for item in chain]} does not end")


def _simplify_inside(chain: Chain) -> Chain:
    return tuple(
        SumCore(tuple(simplify_chain(t) for t in item.terms), item.direction, item.where, item.image)
        if isinstance(item, SumCore)
        else item
        for item in chain
    )


def _is(item: Link | None, name: str) -> bool:
    return isinstance(item, RowLink) and item.row.name == name


def _merge_affine(links: list[Link]) -> list[Link]:
    """Join neighbours of the same kind, and drop those that do nothing."""
    out: list[Link] = []
    for item in links:
        if out and _is(item, "shift") and _is(out[-1], "shift"):
            item = link("shift", out.pop().args[0] + item.args[0])  # type: ignore[attr-defined]
        elif out and _affine(item) and _affine(out[-1]) and not (_is(item, "shift") or _is(out[-1], "shift")):
            factor = _factor(out.pop()) * _factor(item)
            numerator, denominator = sp.fraction(factor)
            item = (
                link("divide", denominator / numerator)
                if numerator in (1, -1) and denominator != 1
                else link("scale", factor)
            )
        if _does_nothing(item):
            continue
        out.append(item)
    return out


def _does_nothing(item: Link) -> bool:
    if not isinstance(item, RowLink):
        return False
    if item.row.name == "shift":
        return item.args[0] == 0
    if item.row.name in ("scale", "divide", "power", "odd_power", "odd_root"):
        return item.args[0] == 1
    return False


def _affine(item: Link) -> bool:
    return isinstance(item, RowLink) and item.row.name in _AFFINE


def _factor(item: Link) -> sp.Expr:
    assert isinstance(item, RowLink)
    return item.args[0] if item.row.name == "scale" else 1 / item.args[0]


def _run(links: list[Link]) -> _Run:
    scale, shift, pre = sp.S.One, sp.S.Zero, sp.S.Zero
    for item in links:
        assert isinstance(item, RowLink)
        if item.row.name == "shift":
            shift = shift + item.args[0]
            pre = pre + item.args[0] / scale
        else:
            scale, shift = scale * _factor(item), shift * _factor(item)
    return _Run(scale, shift, pre, tuple(links))


def _before(links: list[Link], i: int) -> _Run:
    """The affine run that ends right before position `i`."""
    j = i
    while j > 0 and _affine(links[j - 1]):
        j -= 1
    return _run(links[j:i])


def _after(links: list[Link], i: int) -> _Run:
    """The affine run that starts right after position `i`."""
    j = i + 1
    while j < len(links) and _affine(links[j]):
        j += 1
    return _run(links[i + 1 : j])


def _scale(factor: sp.Expr) -> list[Link]:
    return [] if factor == 1 else [link("scale", factor)]


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    return a == b or sp.expand(a - b) == 0


def _apply_once(links: list[Link]) -> list[Link] | None:
    for i in reversed(range(len(links))):  # from the outside in: 1 - (1 - x**p)**q needs its outer rule first
        item = links[i]
        if not isinstance(item, RowLink):
            continue
        following = links[i + 1] if i + 1 < len(links) else None
        if isinstance(following, RowLink) and not _affine(item) and following == item.inverse():
            return links[:i] + links[i + 2 :]
        before, after = _before(links, i), _after(links, i)
        head, tail = links[: i - len(before.links)], links[i + 1 + len(after.links) :]
        rule = _RULES.get(item.row.name)
        middle = rule(item, before, after, tail) if rule else None
        if middle is not None:
            return [*head, *middle]
    return None


def _rule_exp(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
    if after.links and _same(after.pre, sp.Integer(-1)):
        return [*before.links, link("expm1"), *_scale(after.scale), *tail]
    if not after.links and tail and _is(tail[0], "log1p"):
        return [*before.links, link("softplus"), *tail[1:]]
    if tail and _is(tail[0], "reciprocal") and after.scale == 1 and after.shift == 1:
        return [*before.links, link("scale", -1), link("sigmoid"), *tail[1:]]
    if not after.links and tail and _is(tail[0], "power"):
        return [*before.links, link("scale", tail[0].args[0]), link("exp"), *tail[1:]]  # type: ignore[attr-defined]
    if not after.links and tail and _is(tail[0], "reciprocal"):
        return [*before.links, link("scale", -1), link("exp"), *tail[1:]]
    return None


def _rule_expm1(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
    if not after.links and tail and _is(tail[0], "log"):
        return [*before.links, link("softplus_inverse"), *tail[1:]]
    return None


def _rule_log(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
    if before.links and _same(before.shift, sp.Integer(1)):
        return [*_scale(before.scale), link("log1p"), *after.links, *tail]
    if tail and _is(tail[0], "exp") and after.links and after.shift == 0:
        return [*before.links, link("power", after.scale), *tail[1:]]
    return None


def _rule_sigmoid(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
    if after.links and _same(after.pre, -sp.Rational(1, 2)):
        return [*before.links, link("divide", 2), link("tanh"), *_scale(after.scale / 2), *tail]
    if after.links and _same(after.pre, sp.Integer(-1)):
        return [*before.links, link("scale", -1), link("sigmoid"), *_scale(-after.scale), *tail]
    if before.shift != 0 and _same(after.pre, -fn.sigmoid(before.shift)):
        return [*_scale(before.scale), link("sigmoid_increment", before.shift), *_scale(after.scale), *tail]
    return None


def _rule_ndtr(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
    if after.links and _same(after.pre, sp.Integer(-1)):
        return [*before.links, link("scale", -1), link("ndtr"), *_scale(-after.scale), *tail]
    return None


def _symmetric(doubled: str, factor: sp.Expr) -> object:
    """Rule for an odd function f with values in (-1, 1): f(u) + 1 = 2 F(factor*u), and f(u) - 1 = -2 F(-factor*u)."""

    def rule(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
        for side in (1, -1):
            if after.links and _same(after.pre, sp.Integer(side)):
                return [
                    *before.links,
                    link("scale", side * factor),
                    link(doubled),
                    *_scale(2 * side * after.scale),
                    *tail,
                ]
        return None

    return rule


def _rule_power(item: RowLink, before: _Run, after: _Run, tail: Chain) -> list[Link] | None:
    exponent = item.args[0]
    if after.links and _same(after.pre, sp.Integer(-1)):
        if before.links and _same(before.shift, sp.Integer(1)):
            return [
                *_scale(before.scale),
                link("log1p"),
                link("scale", exponent),
                link("expm1"),
                *_scale(after.scale),
                *tail,
            ]
        if not before.links:
            return [link("log"), link("scale", exponent), link("expm1"), *_scale(after.scale), *tail]
    if not after.links and tail and _is(tail[0], "log"):
        return [*before.links, link("log"), link("scale", exponent), *tail[1:]]
    if not after.links and tail and _is(tail[0], "power"):
        return [*before.links, link("power", exponent * tail[0].args[0]), *tail[1:]]  # type: ignore[attr-defined]
    return None


_RULES = {
    "exp": _rule_exp,
    "expm1": _rule_expm1,
    "log": _rule_log,
    "sigmoid": _rule_sigmoid,
    "power": _rule_power,
    "ndtr": _rule_ndtr,
    "tanh": _symmetric("sigmoid", sp.Integer(2)),
    "erf": _symmetric("ndtr", sp.sqrt(2)),
}


def _stable_parameters(item: Link) -> Link:
    """Parameter expressions that cancel, in a form that does not: s(z) - s(-z) = tanh(z/2)."""
    if not isinstance(item, RowLink) or not any(a.has(fn.sigmoid) for a in item.args):
        return item
    return RowLink(item.row, tuple(a.replace(lambda e: isinstance(e, sp.Add), _sigmoid_difference) for a in item.args))


def _sigmoid_difference(expr: sp.Add) -> sp.Expr:
    for term in expr.args:
        if isinstance(term, fn.sigmoid):
            mirrored = -fn.sigmoid(-term.args[0])
            if mirrored in expr.args:
                return expr - term - mirrored + sp.tanh(term.args[0] / 2)
    return expr
