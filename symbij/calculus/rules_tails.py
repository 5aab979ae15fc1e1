"""Peephole rules for maps of tails, in which a shift or factor before is undone after.

    u - m, u/h, heavy_tail(d), h*v, v + m    =  heavy_tail_about(m, h, d)   (no cancellation where m is large)
    c*u, u*exp(u), v/c                       =  xexp_scaled(c)              (c*u may underflow) for c > 0
    log1p, then (exp(c*u) - 1)/c             =  pow_1p_scaled(c)

Each takes what the rules of `rules_power` take.
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus.affine import Run
from symbij.calculus.chain import Chain, Link, RowLink, link


def _rule_heavy_tail(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    width = after.scale
    if not before.links or width * before.scale != 1 or sp.expand(after.shift + before.pre) != 0:
        return None
    return [link("heavy_tail_about", after.shift, width, item.args[0]), *tail]


def _rule_xexp(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    rate = before.scale
    if rate == 1 or not rate.is_positive or before.shift != 0 or after.shift != 0 or after.scale * rate != 1:
        return None
    return [link("xexp_scaled", rate), *tail]


def _rule_log1p(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.links or not tail or not isinstance(tail[0], RowLink) or tail[0].row.name != "expm1_scaled":
        return None
    return [*before.links, link("pow_1p_scaled", tail[0].args[0]), *tail[1:]]


TAIL_RULES = {"heavy_tail": _rule_heavy_tail, "xexp": _rule_xexp, "log1p": _rule_log1p}
