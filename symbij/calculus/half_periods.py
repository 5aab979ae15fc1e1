"""The branches of sine, cosine and tangent that a finite interval meets: one for every half-period."""

from __future__ import annotations

import sympy as sp

from symbij.calculus.bounds import Bounds
from symbij.calculus.chain import Chain, link
from symbij.calculus.intervals import apart
from symbij.calculus.parts import Folded
from symbij.calculus.truth import evaluate
from symbij.formula.interval import Interval

PERIODIC = ("sin", "cos", "tan")
MAX_HALF_PERIODS = 64  # each is a branch, with code of its own
_PRECISION = 200

Branches = tuple[tuple[Interval, Chain], ...]


class TooManyBranches(Exception):
    """A periodic function meets more half-periods than can be listed: the reason, in words."""


def branches_on(folded: Folded, image: Interval, bounds: Bounds) -> Branches:
    """The branches of `folded` that can matter on `image`; half-periods are added where its ends are finite numbers."""
    if folded.name not in PERIODIC or not (_is_number(image.lo) and _is_number(image.hi)):
        return folded.branches
    try:
        return half_periods(folded, image, bounds)
    except TooManyBranches:
        return folded.branches


def half_periods(folded: Folded, image: Interval, bounds: Bounds) -> Branches:
    """All half-periods of `folded` that meet `image`, from left to right.

    With D the principal interval, u in D + k pi, the inverses are
        k pi + asin(v) for even k, k pi - asin(v) for odd k
        k pi + acos(v) for even k, (k + 1) pi - acos(v) for odd k, which is -acos(v) on [-pi, 0]
        k pi + atan(v)
    Raises `TooManyBranches` if `image` is infinite, long, or has ends that depend on parameters.
    """
    if not (_is_number(image.lo) and _is_number(image.hi)):
        infinite = image.lo.is_infinite or image.hi.is_infinite
        raise TooManyBranches(
            f"'{folded.name}' receives values in {image}, "
            + (
                "on which it has infinitely many branches; state a finite interval, for example domain=(0, 'pi')"
                if infinite
                else "so that the number of its branches depends on parameters; state a domain on which it does not"
            )
        )
    principal = link(folded.name).row.domain
    first, last = (
        int(sp.floor(evaluate((end - principal.lo) / sp.pi, {}, _PRECISION))) for end in (image.lo, image.hi)
    )
    if last - first >= MAX_HALF_PERIODS:
        raise TooManyBranches(
            f"'{folded.name}' receives values in {image}, on which it has {last - first + 1} branches, more than "
            f"{MAX_HALF_PERIODS}; state a shorter interval as domain=(lo, hi)"
        )
    found = []
    for k in range(first - 1, last + 2):  # the ends may be multiples of pi, where a rounded quotient can be off by one
        offset = k * sp.pi
        where = Interval(principal.lo + offset, principal.hi + offset, principal.lo_open, principal.hi_open)
        if not apart(where, image, bounds):
            found.append((where, _half_period(folded.name, k)))
    return tuple(found)


def _half_period(name: str, k: int) -> Chain:
    if name == "tan":
        return (link("tan_branch", k),) if k else (link("tan"),)
    if name == "cos":
        return (link("cos_branch", 1, k),) if k % 2 == 0 else (link("cos_branch", -1, k + 1),)
    return (link("sin_branch", -1 if k % 2 else 1, k),)


def _is_number(end: sp.Expr) -> bool:
    return bool(end.is_number and not end.is_infinite and not end.has(sp.nan))
