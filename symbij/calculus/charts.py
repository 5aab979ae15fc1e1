"""Sums next to an end of their domain at which they are infinitely steep, through the function that makes them so.

log(1 + x) + x at y = -50 has its preimage 1e-22 beyond -1, where doubles have nothing to say about 1 + x, of which the
slope there is made. As a function of u = log(1 + x), the sum is u + expm1(u), and u is close to -49: so next to the
end, what is solved is that, and x and the log-derivative come from u. A `Chart` is such a function and the sum after
it.
"""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import sympy as sp

from symbij.calculus.chain import Chain, Link, RowLink, chain_forward, chain_log_det, combined_sign, invert_chain
from symbij.calculus.cores import POINT, Chart, MonotoneCore, PiecewiseCore
from symbij.calculus.extremes import ExtremeCore
from symbij.calculus.parts import RawChain, SumPart
from symbij.calculus.regimes import split_regimes
from symbij.calculus.rules import simplify_chain
from symbij.calculus.truth import evaluate
from symbij.formula.interval import Interval

_BITS = 1000
_STEPS = (mpmath.mpf(10) ** -20, mpmath.mpf(10) ** -40)
_STEEPER = 5  # log|slope| grows by so much, at least, from the first of these steps to the second
_SAMPLES = (0.02, 0.3, 1.25, 7.0)  # sizes of parameters for which it must
# How far a chart reaches, relative to the end: beyond, x resolves the distance to the end to half of its digits, which
# a first-order correction makes all of them; and at an end that a parameter makes zero.
_REACH, _LEAST = sp.Rational(1, 2**20), sp.Rational(1, 2**100)


def with_charts(chain: Chain) -> Chain:
    """The chain, its sums with charts of their steep ends."""
    return tuple(_with_charts(item) for item in chain)


def _with_charts(item: Link) -> Link:
    if isinstance(item, PiecewiseCore):
        return replace(item, pieces=tuple(with_charts(piece) for piece in item.pieces))
    if isinstance(item, ExtremeCore):
        return replace(item, chains=tuple(with_charts(chain) for chain in item.chains))
    if not isinstance(item, MonotoneCore) or not isinstance(item.part, SumPart) or item.closed:
        return item
    if not isinstance(item.direction, int):
        return item
    found = [chart for side in ("lo", "hi") if (chart := _chart(item, side)) is not None]
    return replace(item, charts=tuple(found)) if found else item


def _chart(core: MonotoneCore, side: str) -> Chart | None:
    """The chart of the lower or the upper end, if the core is infinitely steep there, and that end is not zero."""
    end = getattr(core.where, side)
    if end.is_infinite or end.is_zero:
        return None
    inward = 1 if side == "lo" else -1
    functions = list(dict.fromkeys(f for term in core.part.terms if (f := _steep_prefix(term, end, inward))))
    if not functions or _growth(core.log_det_u(POINT, POINT), end, inward) <= _STEEPER:
        return None
    function = max(functions, key=lambda f: _growth(chain_log_det(f, POINT), end, inward))
    sign = combined_sign(function, {})
    if not isinstance(sign, int):
        return None
    at = end + inward * _reach(core.where, end)
    ends: tuple[sp.Expr, sp.Expr] = (_image(function, end), chain_forward(function, at))
    levels = (core.image.lo if (side == "lo") == (core.direction > 0) else core.image.hi, core.forward(at))
    if any(value.has(sp.nan, sp.zoo) for value in (*ends, *levels)):
        return None
    direction = core.direction * sign
    terms = tuple((*invert_chain(function), *term) for term in core.part.terms)
    beyond = MonotoneCore(
        SumPart(terms), direction, _between(*ends, inward * sign), _between(*levels, inward * core.direction),
        core.aligned, core.proof,
    )  # fmt: skip
    return Chart(levels[1], inward * core.direction > 0, (*function, *split_regimes(simplify_chain((beyond,)))))


def _between(outer: sp.Expr, inner: sp.Expr, sign: int) -> Interval:
    return Interval(outer, inner, True, False) if sign > 0 else Interval(inner, outer, False, True)


def _reach(where: Interval, end: sp.Expr) -> sp.Expr:
    """How far from the end its chart goes."""
    reach = _REACH * sp.Abs(end) + (0 if end.is_nonzero else _LEAST)
    width = where.hi - where.lo
    return reach if width.is_infinite else sp.Min(reach, width / 4)


def _image(function: Chain, end: sp.Expr) -> sp.Expr:
    for item in function:
        end = item.value_at_end(end, {})
    return end


def _steep_prefix(term: RawChain, end: sp.Expr, inward: int) -> Chain:
    """The first links of a term that together are infinitely steep at the end; none, if there are no such."""
    links: list[Link] = []
    for item in term:
        if not isinstance(item, RowLink):
            break
        links.append(item)
        if _growth(chain_log_det(tuple(links), POINT), end, inward) > _STEEPER:
            return tuple(links)
    return ()


def _growth(log_slope: sp.Expr, end: sp.Expr, inward: int) -> float:
    """By how much a log|slope| grows towards the end, for any values of the parameters; -oo where that is not known."""
    names = sorted((log_slope.free_symbols | end.free_symbols) - {POINT}, key=lambda s: s.name)
    found = math.inf
    for sample in _SAMPLES if names else _SAMPLES[:1]:
        values = {s.name: mpmath.mpf(sample) * (8 + k) / (-8 if s.is_negative else 8) for k, s in enumerate(names)}
        with mpmath.workprec(_BITS):
            at = [evaluate(end, values, _BITS) + inward * step for step in _STEPS]
            first, second = (evaluate(log_slope, {**values, POINT.name: x}, _BITS) for x in at)
            found = min(found, float(second - first) if mpmath.isfinite(second - first) else -math.inf)
    return found
