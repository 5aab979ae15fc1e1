"""Peephole rules: adjacent links that together equal a more stable, or a shorter, sequence.

The rules work on a chain whose domain is already known, so none of them needs to care where it is defined. A maximal
run of shift, scale and divide links is read as one affine map; most rules look at the run before or after a function:

    exp, then s*u - s              =  expm1, then s*u                  (no cancellation at 0)
    u + 1, then log                =  log1p
    exp, then log1p                =  softplus                         (log, then softplus = log1p)
    expm1, then s*u + s            =  exp, then s*u
    log, then expm1                =  u - 1
    ndtr, then log                 =  log_ndtr
    expm1, then log                =  softplus_inverse
    exp, then 1/(1 + u)            =  sigmoid of -u
    sigmoid, then atanh            =  softplus of u + log(2), then v/2
    sigmoid, then log              =  -softplus of -u
    s/(c*u + d) + t                =  (t*c*u + (t*d + s))/(c*u + d)
    sigmoid, then 2s*u - s         =  tanh of u/2, then s*u
    u + c, sigmoid, v - sigmoid(c) =  sigmoid_increment(c)
    powers, and exponentials of exponentials: see rules_power.py; maps of tails: see rules_tails.py; functions that
    nearly undo each other: see rules_pairs.py
    u**p, then 1/(1 + v)           =  sigmoid of -p*log(u)
    u**p, then 1/v                 =  u**-p                            (1/v overflows where u does not)
    sigmoid - 1                    =  -sigmoid of -u                   (ndtr likewise)
    tanh + 1                       =  2*sigmoid of 2*u                 (erf + 1 = 2*ndtr of sqrt(2)*u)
    sigmoid, then s*v + t          =  sigmoid_between(t, s + t)
    u/h, softplus, h*v             =  softplus_scaled(h)
    f, then its inverse            =  nothing
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy as sp

from symbij.calculus import rules_power
from symbij.calculus.affine import Run, factor_of, is_affine, is_row, leading_run, run_of, scaled, shifted
from symbij.calculus.chain import Chain, Link, RowLink, link
from symbij.calculus.closed_forms import joined
from symbij.calculus.cores import MonotoneCore, PiecewiseCore
from symbij.calculus.floor import FloorCore
from symbij.calculus.parameter_forms import one_sided, parameter_form
from symbij.calculus.parts import ProductPart, RawChain, SumPart, with_terms
from symbij.calculus.rules_pairs import LATE_RULES, PAIR_RULES, Rule
from symbij.calculus.rules_sigmoid import SIGMOID_RULES
from symbij.calculus.rules_tails import TAIL_RULES
from symbij.calculus.spline import SplineCore
from symbij.formula import functions as fn

_HALF = sp.Rational(1, 2)


def simplify_chain(chain: Chain) -> Chain:
    """Apply the rules until none applies; inner chains of cores included."""
    links = list(_simplify_inside(chain))
    for _ in range(20 * (len(links) + 1)):  # every rule shortens the chain or moves to a stabler function
        merged = _join_floor(_merge_affine(links))
        changed = _apply_once(merged, _own_rules) or _apply_once(merged, lambda name: LATE_RULES.get(name, ()))
        if changed is None:
            return tuple(_stable_parameters(item) for item in joined(merged))
        links = changed
    raise AssertionError(f"the rewriting of {[item.name for item in chain]} does not end")


def _simplify_inside(chain: Chain) -> Chain:
    made: list[Link] = []
    for item in chain:
        if isinstance(item, MonotoneCore):
            item = replace(item, part=with_terms(item.part, tuple(_simplify_raw(t) for t in item.part.terms)))
        elif isinstance(item, PiecewiseCore):
            item = replace(item, pieces=tuple(simplify_chain(p) for p in item.pieces))
        elif isinstance(item, SplineCore):
            item = replace(item, g=simplify_chain(item.g))
        made.append(item)
    return tuple(made)


def _simplify_raw(raw: RawChain) -> RawChain:
    """The runs of links between folded functions and other parts in stable form."""
    made: list[Any] = []
    run: list[Link] = []
    for item in (*raw, None):
        if isinstance(item, Link):
            run.append(item)
            continue
        made += simplify_chain(tuple(run))
        run = []
        if isinstance(item, (SumPart, ProductPart)):
            item = with_terms(item, tuple(_simplify_raw(t) for t in item.terms))
        if item is not None:
            made.append(item)
    return tuple(made)


def floor_core(g: Chain, offset: sp.Expr = sp.S.Zero, tail: sp.Expr = sp.S.Zero) -> FloorCore:
    """The core floor(u + offset) + g(frac(u + offset)) + tail, with its increment chains."""
    above = simplify_chain(g)
    below = simplify_chain((link("shift", 1), *g, link("shift", -1)))
    centre = None
    if offset == -_HALF:
        centre = simplify_chain(_centred((link("shift", _HALF), *g, link("shift", tail - 1))))
    return FloorCore(g, above, below, centre, offset, tail)


def _centred(chain: Chain) -> Chain:
    """A chain through sigmoid(s*u) with nothing added to s*u: sigmoid = 1/2 + tanh of half/2, odd about u = 0."""
    links = _merge_affine(list(chain))
    for i, item in enumerate(links):
        before, after = _before(links, i), _after(links, i)
        if (
            is_row(item, "sigmoid")
            and before.shift == 0
            and len(before.links) == i
            and i + 1 + len(after.links) == len(links)
        ):
            constant = parameter_form(after.scale * (after.pre + _HALF))
            half_tanh = (link("divide", 2), link("tanh"), link("divide", 2))
            return (*scaled(before.scale), *half_tanh, *scaled(after.scale), link("shift", constant))
    return chain


def _join_floor(links: list[Link]) -> list[Link]:
    """Take a half-integer shift before, and any shift after, into a floor core."""
    for i, item in enumerate(links):
        if not isinstance(item, FloorCore) or item.inverted:
            continue
        before, after = links[:i], links[i + 1 :]
        offset, tail = item.offset, item.tail
        if before and is_row(before[-1], "shift"):
            whole = before[-1].args[0] + _HALF  # type: ignore[attr-defined]
            if whole.is_Integer and offset == 0:
                before, offset, tail = before[:-1], -_HALF, tail + whole
        if after and is_row(after[0], "shift"):
            tail = tail + after[0].args[0]  # type: ignore[attr-defined]
            after = after[1:]
        if (offset, tail) != (item.offset, item.tail):
            return [*before, floor_core(item.g, offset, tail), *after]
    return links


def _merge_affine(links: list[Link]) -> list[Link]:
    """Join neighbours of the same kind, and drop those that do nothing."""
    out: list[Link] = []
    for item in links:
        if out and is_row(item, "shift") and is_row(out[-1], "shift"):
            item = link("shift", out.pop().args[0] + item.args[0])  # type: ignore[attr-defined]
        elif out and is_affine(item) and is_affine(out[-1]) and not (is_row(item, "shift") or is_row(out[-1], "shift")):
            factor = factor_of(out.pop()) * factor_of(item)
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


def _before(links: list[Link], i: int) -> Run:
    """The affine run that ends right before position `i`."""
    j = i
    while j > 0 and is_affine(links[j - 1]):
        j -= 1
    return run_of(links[j:i])


def _after(links: list[Link], i: int) -> Run:
    """The affine run that starts right after position `i`."""
    return leading_run(links[i + 1 :])


def _same(a: sp.Expr, b: sp.Expr) -> bool:
    if a == b:
        return True
    if a.has(fn.sigmoid) or b.has(fn.sigmoid):
        return one_sided(a - b) == 0
    return sp.expand(a - b) == 0


def _own_rules(name: str) -> tuple[Rule, ...]:
    own = _RULES.get(name)
    return (*((own,) if own else ()), *SIGMOID_RULES.get(name, ()), *PAIR_RULES.get(name, ()))


def _apply_once(links: list[Link], rules: Callable[[str], tuple[Rule, ...]]) -> list[Link] | None:
    # exponentials first, since log(1 - exp(u)) must become log(-expm1(u)); then from the outside in, since
    # 1 - (1 - x**p)**q needs its outer rule first
    order = sorted(reversed(range(len(links))), key=lambda k: not is_row(links[k], "exp"))
    for i in order:
        item = links[i]
        if not isinstance(item, RowLink):
            continue
        following = links[i + 1] if i + 1 < len(links) else None
        if isinstance(following, RowLink) and not is_affine(item) and following == item.inverse():
            return links[:i] + links[i + 2 :]
        before, after = _before(links, i), _after(links, i)
        head, tail = links[: i - len(before.links)], links[i + 1 + len(after.links) :]
        for rule in rules(item.row.name):
            middle = rule(item, before, after, tail)
            if middle is not None:
                return [*head, *middle]
    return None


def _rule_exp(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.links and _same(after.pre, sp.Integer(-1)):
        return [*before.links, link("expm1"), *scaled(after.scale), *tail]
    if not after.links and tail and is_row(tail[0], "log1p"):
        return [*before.links, link("softplus"), *tail[1:]]
    if tail and is_row(tail[0], "reciprocal") and after.scale == 1 and after.shift == 1:
        return [*before.links, link("scale", -1), link("sigmoid"), *tail[1:]]
    if not after.links and tail and is_row(tail[0], "power"):
        return [*before.links, link("scale", tail[0].args[0]), link("exp"), *tail[1:]]  # type: ignore[attr-defined]
    if not after.links and tail and is_row(tail[0], "reciprocal"):
        return [*before.links, link("scale", -1), link("exp"), *tail[1:]]
    return rules_power.rule_inner_exp(item, before, after, tail)


def _rule_expm1(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not after.links and tail and is_row(tail[0], "log"):
        return [*before.links, link("softplus_inverse"), *tail[1:]]
    if after.links and _same(after.pre, sp.Integer(1)):
        return [*before.links, link("exp"), *scaled(after.scale), *tail]
    return rules_power.rule_inner_exp(item, before, after, tail)


def _rule_log(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if before.links and _same(before.shift, sp.Integer(1)):
        return [*scaled(before.scale), link("log1p"), *after.links, *tail]
    if not after.links and tail and is_row(tail[0], "softplus"):
        return [*before.links, link("log1p"), *tail[1:]]
    if not after.links and tail and is_row(tail[0], "expm1"):
        return [*before.links, link("shift", -1), *tail[1:]]
    if tail and is_row(tail[0], "exp") and after.links and after.shift == 0:
        return [*before.links, link("power", after.scale), *tail[1:]]
    return rules_power.rule_log(item, before, after, tail)


def _rule_sigmoid(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not after.links and tail and is_row(tail[0], "log"):
        return [*before.links, link("scale", -1), link("softplus"), link("scale", -1), *tail[1:]]
    if not after.links and tail and is_row(tail[0], "atanh"):  # (1 + s)/(1 - s) = 1 + 2 exp(u)
        return [*before.links, link("shift", sp.log(2)), link("softplus"), link("divide", 2), *tail[1:]]
    if after.links and _same(after.pre, -sp.Rational(1, 2)):
        return [*before.links, link("divide", 2), link("tanh"), *scaled(after.scale / 2), *tail]
    if after.links and _same(after.pre, sp.Integer(-1)):
        return [*before.links, link("scale", -1), link("sigmoid"), *scaled(-after.scale), *tail]
    if before.shift != 0 and _same(after.pre, -fn.sigmoid(before.shift)):
        return [*scaled(before.scale), link("sigmoid_increment", before.shift), *scaled(after.scale), *tail]
    if after.shift != 0:
        ends = (after.shift, sp.expand(after.scale + after.shift))
        return [*before.links, link("sigmoid_between", *ends), *tail]
    return None


def _rule_reciprocal(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if before.shift == 0 or after.shift == 0:
        return rules_power.rule_reciprocal(item, before, after, tail)
    # s/(c*u + d) + t = (t*c*u + t*d + s)/(c*u + d): where t*d + s vanishes, nothing is left to cancel
    flip = before.scale.is_negative  # so that what comes lies beyond the pole
    c = -before.scale if flip else before.scale
    a, b = after.shift * c, sp.factor(after.shift * before.shift + after.scale)
    name = "moebius" if c.is_positive and item.row.name == "reciprocal" else "moebius_beside_pole"
    return [*scaled(sp.S.NegativeOne if flip else sp.S.One), link(name, a, b, c, before.shift), *tail]


def _rule_ndtr(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.links and _same(after.pre, sp.Integer(-1)):
        return [*before.links, link("scale", -1), link("ndtr"), *scaled(-after.scale), *tail]
    if not after.links and tail and is_row(tail[0], "log"):
        return [*before.links, link("log_ndtr"), *tail[1:]]
    return None


def _rule_log_ndtr(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not after.links and tail and is_row(tail[0], "exp"):
        return [*before.links, link("ndtr"), *tail[1:]]
    return None


def _symmetric(doubled: str, factor: sp.Expr) -> Rule:
    """Rule for an odd function f with values in (-1, 1): f(u) + 1 = 2 F(factor*u), and f(u) - 1 = -2 F(-factor*u)."""

    def rule(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
        for side in (1, -1):
            if after.links and _same(after.pre, sp.Integer(side)):
                return [
                    *before.links,
                    link("scale", side * factor),
                    link(doubled),
                    *scaled(2 * side * after.scale),
                    *tail,
                ]
        return None

    return rule


def _rule_softplus(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if (
        before.scale not in (1, -1) and after.scale * before.scale == 1
    ):  # the same factor before and after: it may over- or underflow
        width = after.scale
        inside, outside = before.shift * width, after.pre * width
        return [*shifted(inside), link("softplus_scaled", width), *shifted(outside), *tail]
    return None


_RULES: dict[str, Rule] = {
    "exp": _rule_exp,
    "expm1": _rule_expm1,
    "log": _rule_log,
    "sigmoid": _rule_sigmoid,
    "softplus": _rule_softplus,
    "power": rules_power.rule_power,
    "pow_m1": rules_power.rule_pow_m1,
    "log_quotient": rules_power.rule_log_quotient,
    "reciprocal": _rule_reciprocal,
    "reciprocal_beside_pole": _rule_reciprocal,
    "ndtr": _rule_ndtr,
    "log_ndtr": _rule_log_ndtr,
    "tanh": _symmetric("sigmoid", sp.Integer(2)),
    "erf": _symmetric("ndtr", sp.sqrt(2)),
    **TAIL_RULES,
}


def _stable_parameters(item: Link) -> Link:
    if not isinstance(item, RowLink):
        return item
    return RowLink(item.row, tuple(parameter_form(a) for a in item.args))
