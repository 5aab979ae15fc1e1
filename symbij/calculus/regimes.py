"""Two forms of one map where a value would saturate between two links.

tanh(u) has no digits left below 1 that acos could read: acos(tanh(20)) is 0 in doubles, and 4e-9 in truth. Next to that
end the pair is acos(1 - w) = versin_inverse(w) of the distance w = 1 - tanh(u) = 2 sigmoid(-2 u), of which no digit is
lost. Elsewhere the links are right as they are. So a function that levels off at an end, affine maps that carry this
end onto one where the next function is singular, and that function become a `PiecewiseCore` of two forms, or three.

`DISTANCES` holds the distance of each function to an end, `FROM_END` each singular function of the distance to an end.
A shift that carries the end to 0 is such a place by itself: what is left there is the distance times the scale. A power
in between keeps the distance: that of v**n to 1 is 1 - (1 - w)**n, or (1 + w)**n - 1 if v comes from above.

The other place where digits are lost is the middle of a distribution function, before a quantile: ndtri(sigmoid(u)) is
0 for tiny u, since sigmoid(u) is 1/2. `FROM_MIDDLE` holds t = 2 f(u) - 1, `TO_MIDDLE` each quantile of (1 + t)/2.
Every piece is compared with the links that it replaces where it begins; what differs is left as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import mpmath
import sympy as sp

from symbij.calculus.affine import leading_run, scaled
from symbij.calculus.chain import Chain, Link, RowLink, chain_forward, combined_sign, link, scaling
from symbij.calculus.cores import MonotoneCore, PiecewiseCore
from symbij.calculus.extremes import ExtremeCore
from symbij.calculus.from_end import FROM_END, below
from symbij.calculus.parts import ProductPart, RawChain, SumPart, with_terms
from symbij.calculus.rules import simplify_chain
from symbij.calculus.truth import evaluate
from symbij.formula.interval import POSITIVE, REALS, Interval

_HALF = sp.Rational(1, 2)
_BELOW_LOG2 = Interval(-sp.oo, sp.log(2))


@dataclass(frozen=True)
class Distance:
    """|f(u) - end| as a chain, to be used beyond the point `start` (above it if `side` is 1, below it if -1)."""

    end: int | sp.Expr
    side: int
    start: sp.Expr
    chain: Chain
    upper: bool  # whether the end is approached from below, f(u) < end
    before: tuple[str, ...] = ()  # the functions that it serves; all, if none is named


_BEYOND_ONE = (link("shift", 1), link("reciprocal"))
_FLIP = link("scale", -1)

_POWERS = ("power", "odd_power", "odd_root", "reciprocal")
_ARCS = ("acos", "asin", "atanh", "erfinv", "logit", "ndtri", "vercos_inverse", "versin_inverse")

# 1 - tanh(u) = 2 sigmoid(-2 u), 1 - u/(1 + u) = 1/(1 + u), 1 + expm1(u) = exp(u)
DISTANCES: dict[str, tuple[Distance, ...]] = {
    "exp": (Distance(1, 1, -_HALF, (link("expm1"), _FLIP), True, _ARCS),),
    "sigmoid": (Distance(1, 1, sp.S.One, (_FLIP, link("sigmoid")), True),),
    "ndtr": (Distance(1, 1, sp.S.One, (_FLIP, link("ndtr")), True),),
    "tanh": (
        Distance(-1, -1, -_HALF, (link("scale", 2), link("sigmoid"), link("scale", 2)), False),
        Distance(1, 1, _HALF, (link("scale", -2), link("sigmoid"), link("scale", 2)), True),
    ),
    "erf": (Distance(-1, -1, -_HALF, (_FLIP, link("erfc")), False), Distance(1, 1, _HALF, (link("erfc"),), True)),
    "erfc": (Distance(2, -1, -_HALF, (_FLIP, link("erfc")), True),),
    "expm1": (Distance(-1, -1, -_HALF, (link("exp"),), False),),
    "softsign": (
        Distance(-1, -1, -sp.S.One, (_FLIP, *_BEYOND_ONE), False),
        Distance(1, 1, sp.S.One, _BEYOND_ONE, True),
    ),
}

_LOG_ERFC = (link("scale", -sp.sqrt(2)), link("log_ndtr"), link("shift", sp.log(2)))
_LOG_1M_ERF = (link("erf"), _FLIP, link("log1p"))

# 2 f(u) - 1 of distribution functions f, and quantiles of (1 + t)/2
FROM_MIDDLE: dict[str, Chain] = {
    "sigmoid": (link("divide", 2), link("tanh")),
    "ndtr": (link("divide", sp.sqrt(2)), link("erf")),
}
TO_MIDDLE: dict[str, Chain] = {
    "logit": (link("atanh"), link("scale", 2)),
    "ndtri": (link("erfinv"), link("scale", sp.sqrt(2))),
}


def split_regimes(chain: Chain) -> Chain:
    """The chain, simplified, with every pair of links that would saturate in the forms that do not."""
    links = [_inside(item) for item in chain]
    made: list[Link] = []
    i = 0
    while i < len(links):
        found = _pair(links, i)
        if found is None:
            made.append(links[i])
            i += 1
        else:
            core, length = found
            made.append(core)
            i += length
    return tuple(made)


def _inside(item: Link) -> Link:
    if isinstance(item, MonotoneCore):
        return replace(item, part=with_terms(item.part, tuple(_inside_raw(t) for t in item.part.terms)))
    if isinstance(item, PiecewiseCore):
        return replace(item, pieces=tuple(split_regimes(p) for p in item.pieces))
    if isinstance(item, ExtremeCore):
        return replace(item, chains=tuple(split_regimes(c) for c in item.chains), beside=_beside_ends(item))
    return item


def _beside_ends(core: ExtremeCore) -> tuple[tuple[sp.Expr, bool, tuple[Chain, ...]], ...]:
    """What each chain is less an end that ranges share, where that does not saturate as the chain itself does; and
    whether that is their upper end."""
    found = []
    for upper, ends in ((False, [r.lo for r in core.ranges]), (True, [r.hi for r in core.ranges])):
        for end in dict.fromkeys(ends):
            if ends.count(end) < 2 or end.is_infinite or end.is_zero or end.has(sp.Piecewise):
                continue
            plain = [simplify_chain((*c, link("shift", -end))) for c in core.chains]
            made = tuple(split_regimes(c) for c in plain)
            if any(any(isinstance(item, PiecewiseCore) for item in c) or c[-1].name != "shift" for c in made):
                found.append((end, upper, made))
    return tuple(found)


def _inside_raw(raw: RawChain) -> RawChain:
    if all(isinstance(item, Link) for item in raw):
        return split_regimes(raw)  # type: ignore[arg-type]
    return tuple(
        with_terms(item, tuple(_inside_raw(t) for t in item.terms))
        if isinstance(item, (SumPart, ProductPart))
        else item
        for item in raw
    )


def _pair(links: list[Link], i: int) -> tuple[PiecewiseCore, int] | None:
    """The core that stands for the links from `i` on, and how many they are."""
    if [item.name for item in links[i : i + 2]] == ["erfc", "log"]:  # log(1 - erf(u)) around 0, its tail beyond
        level = sp.log(sp.erfc(_HALF))
        return PiecewiseCore((_LOG_1M_ERF, _LOG_ERFC), (_HALF,), (level,), (True,), -1, REALS, _BELOW_LOG2), 2
    if [item.name for item in links[i : i + 2]] == ["shift", "asin"]:
        beside = _asin_beside_one(links[i], links[i + 1])
        if beside is not None:
            return beside, 2
    distances, j = _distances(links[i : i + 2])
    j += i
    while j < len(links) and links[j].name in _POWERS and distances:
        distances, j = _of_power(distances, links[j]), j + 1
    between = leading_run(links[j:])
    j += len(between.links)
    following = links[j] if j < len(links) else None
    for last in (following, None):
        length = j - i + (last is not None)
        core = _core(tuple(links[i : i + length]), distances, between.scale, between.shift, last)
        if core is not None:
            return core, length
    return None


def _asin_beside_one(shift: Link, asin: Link) -> PiecewiseCore | None:
    """asin(u - 1), of a small u from u itself; and asin(1 + u)."""
    amount = shift.args[0] if isinstance(shift, RowLink) else sp.S.NaN
    if amount not in (1, -1):
        return None
    to_end = FROM_END["asin", int(amount)]
    whole = (shift, asin)
    if amount == -1:
        pieces, at, where = (to_end, whole), _HALF, Interval(sp.S.Zero, sp.Integer(2), False, False)
    else:
        pieces, at, where = (whole, (_FLIP, *to_end)), -_HALF, Interval(sp.Integer(-2), sp.S.Zero, False, False)
    return PiecewiseCore(pieces, (at,), (chain_forward(whole, at),), (True,), 1, where, asin.codomain({}))


def _distances(links: list[Link]) -> tuple[tuple[Distance, ...], int]:
    """Those of the first link, of `DISTANCES` or by its parameters, or of both; and of how many links they are."""
    of_log = [item.name for item in links] == ["log", "sigmoid_between"]  # 1/(1 + u), which is no exponential
    item = links[-1] if of_log else links[0]
    if isinstance(item, RowLink) and item.name in ("shift", "pow_m1") and not _has_symbols((item,)):
        return _of_arithmetic(item), 1
    if item.name != "sigmoid_between" or not isinstance(item, RowLink) or _has_symbols((item,)):
        return DISTANCES.get(links[0].name, ()), 1
    low, high = item.args
    width = abs(high - low)
    size, rises = scaled(width), bool(high > low)
    if of_log:
        ends = (
            Distance(low, -1, 1 / _at_least_one(width), (link("softsign"), *size), not rises),
            Distance(high, 1, _at_least_one(width), (*_BEYOND_ONE, *size), rises),
        )
    else:
        start = _at_least_one(sp.log(width))
        ends = (
            Distance(low, -1, -start, (link("sigmoid"), *size), not rises),
            Distance(high, 1, start, (_FLIP, link("sigmoid"), *size), rises),
        )
    return ends, 1 + of_log


def _of_arithmetic(item: RowLink) -> tuple[Distance, ...]:
    """Of c + u to c on either side of u = 0, and of u**p - 1 to -1."""
    amount = item.args[0]
    if item.name == "shift":
        return Distance(amount, -1, _HALF, (), False), Distance(amount, 1, -_HALF, (_FLIP,), True)
    return (Distance(-sp.S.One, -1, _HALF, (link("power", amount),), False),) if amount.is_positive else ()


def _at_least_one(number: sp.Expr) -> sp.Expr:
    """A whole number >= 1 and >= `number`: a start beyond which the distance to an end is less than 1."""
    return sp.Max(sp.S.One, sp.ceiling(number))


def _of_power(distances: tuple[Distance, ...], power: Link) -> tuple[Distance, ...]:
    """The same of a power: 1 - (1 - w)**n below 1 and (1 + w)**n - 1 above it, and likewise at -1 if n is odd.

    Below 0, n brings what is above 1 below it: 1 - (1 + w)**n.
    """
    if not isinstance(power, RowLink):
        return ()
    exponent = power.args[0] if power.args else -sp.S.One
    if power.name == "odd_root":
        exponent = 1 / exponent
    if not exponent.is_number or exponent.is_zero:
        return ()
    ends = (1, -1) if power.name != "power" else (1,)
    found = (_of_power_beside(d, exponent) for d in distances if d.end in ends)
    return tuple(d for d in found if d is not None)


def _of_power_beside(distance: Distance, exponent: sp.Expr) -> Distance | None:
    outside = distance.upper != (distance.end > 0)  # where |f| > 1
    if outside:
        flip = () if exponent.is_positive else (_FLIP,)
        chain: Chain = (*distance.chain, link("log1p"), *scaled(exponent), link("expm1"), *flip)
    elif exponent.is_positive:
        chain = (*distance.chain, link("complement_power", 1, exponent))
    else:
        return None  # which nothing comes to from there
    upper = distance.upper if exponent.is_positive else not distance.upper
    return replace(distance, chain=chain, upper=upper)


def _core(
    whole: Chain, distances: tuple[Distance, ...], scale: sp.Expr, shift: sp.Expr, last: Link | None
) -> PiecewiseCore | None:
    direction = combined_sign(whole, {})
    if not isinstance(direction, int):
        return None
    pieces: list[Chain] = [whole]
    breaks: list[sp.Expr] = []
    if last is not None and len(whole) == 2 and whole[0].name in FROM_MIDDLE and last.name in TO_MIDDLE:
        middle = simplify_chain((*FROM_MIDDLE[whole[0].name], *TO_MIDDLE[last.name]))
        if _same(middle, whole, -sp.S.One, 1):
            pieces.append(middle)
            breaks.append(-sp.S.One)
    for distance in distances:
        rest = _from_distance(distance, scale, sp.expand(scale * distance.end + shift), shift, last)
        if rest is None or (distance.before and (last is None or last.name not in distance.before)):
            continue
        piece = simplify_chain(_log_of_tail(_log_first((*distance.chain, *rest), distance.start)))
        if not _same(piece, whole, distance.start, distance.side):
            continue
        at = 0 if distance.side < 0 else len(pieces)
        pieces.insert(at, piece)
        breaks.insert(min(at, len(breaks)), distance.start)
    if len(breaks) == 2 and breaks[0] > breaks[1]:  # c + u on both sides of u = 0, in the form that takes both
        near = next((p for p in (pieces[0], pieces[-1]) if any(item.name == "log1p" for item in p)), None)
        if near is None or not (_same(near, whole, breaks[0], -1) and _same(near, whole, breaks[1], 1)):
            return None
        pieces, breaks = [whole, near, whole], breaks[::-1]
    levels = tuple(chain_forward(whole, point) for point in breaks)
    if not breaks or not all(_is_number(level) for level in levels):
        return None
    return PiecewiseCore(
        tuple(pieces), tuple(breaks), levels, (True,) * len(breaks), direction, whole[0].domain({}),
        whole[-1].codomain({}),
    )  # fmt: skip


def _from_distance(
    distance: Distance, scale: sp.Expr, reached: sp.Expr, shift: sp.Expr, last: Link | None
) -> Chain | None:
    """What follows the distance to the end, which affine maps carry to `reached`; None where nothing is lost."""
    if last is None:
        stays = shift != 0 and reached == 0
        return (scaling(-scale if distance.upper else scale),) if stays else None
    if not isinstance(last, RowLink) or not (scale.is_positive or scale.is_negative):
        return None
    size = scaled(abs(scale))
    own = FROM_END.get((last.name, int(reached))) if reached.is_Integer else None
    if own is not None:
        if below(reached) != (distance.upper == bool(scale.is_positive)):
            return None
        return (*size, *own) if not scale.free_symbols else None  # which could lead out of the domain before the break
    if reached == 0 and shift != 0 and last.domain({}).lo == 0 and last.domain({}).hi == POSITIVE.hi:
        return (*size, last)
    return None


def _same(piece: Chain, whole: Chain, start: sp.Expr, side: int) -> bool:
    """Whether two chains agree to 30 digits at `start` and a step of 1/4 or less beyond it.

    What is written above of ends and distances is algebra by hand: where it were wrong, so would be all values there.
    """
    for point in (start, start + side * sp.Min(1, abs(start)) / 4):
        a, b = (chain_forward(chain, point) for chain in (piece, whole))
        values = {s.name: mpmath.mpf(1) for s in a.free_symbols | b.free_symbols}
        left, right = (evaluate(expr, values, 200) for expr in (a, b))
        if not abs(left - right) <= mpmath.mpf(10) ** -30 * abs(right):
            return False
    return True


def _log_first(piece: Chain, start: sp.Expr) -> Chain:
    """log(s*f(u)) as log(f(u)) + log(s), for which there are rules, where s*f(u) < 9/10 keeps it from cancelling."""
    for k in range(1, len(piece) - 1):
        factor, after = piece[k], piece[k + 1]
        if factor.name not in ("scale", "divide") or after.name != "log":
            continue
        value = (
            evaluate(chain_forward(piece[: k + 1], start), {}, 200) if not _has_symbols(piece[: k + 1]) else mpmath.inf
        )
        if value < mpmath.mpf("0.9"):
            size = factor.forward(sp.S.One)
            return _log_first((*piece[:k], after, link("shift", sp.log(size)), *piece[k + 2 :]), start)
    return piece


def _log_of_tail(piece: Chain) -> Chain:
    """log(erfc(u)) = log(2) + log_ndtr(-sqrt(2) u), which are of different size in the tail, u > 1/2."""
    for k in range(len(piece) - 1):
        if (piece[k].name, piece[k + 1].name) == ("erfc", "log"):
            return (*piece[:k], *_LOG_ERFC, *piece[k + 2 :])
    return piece


def _has_symbols(chain: Chain) -> bool:
    return any(arg.free_symbols for item in chain if isinstance(item, RowLink) for arg in item.args)


def _is_number(level: sp.Expr) -> bool:
    values = {s.name: mpmath.mpf(1) for s in level.free_symbols}
    return bool(mpmath.isfinite(evaluate(level, values, 200)))
