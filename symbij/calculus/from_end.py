"""Functions that are singular at an end of their domain, as functions of the distance w to that end.

Next to its end 1, atanh has a digit only for every one that 1 - w has: as a function of w it has all of them.
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus.chain import Chain, link

_NEGATE = link("scale", -1)
_FROM_POLE = (link("reciprocal"), link("shift", -1))
# By the function and the end: atanh(1 - w) = -logit(w/2)/2, acos(1 - w) = versin_inverse(w) = vercos_inverse(2 - w),
# asin(1 - w) = pi/2 - versin_inverse(w)
FROM_END: dict[tuple[str, int], Chain] = {
    ("atanh", 1): (link("divide", 2), link("logit"), link("divide", -2)),
    ("atanh", -1): (link("divide", 2), link("logit"), link("divide", 2)),
    ("erfinv", 1): (link("erfcinv"),),
    ("erfinv", -1): (link("erfcinv"), _NEGATE),
    ("erfcinv", 2): (link("erfcinv"), _NEGATE),
    ("acos", 1): (link("versin_inverse"),),
    ("acos", -1): (link("versin_inverse"), _NEGATE, link("shift", sp.pi)),
    ("asin", 1): (link("versin_inverse"), _NEGATE, link("shift", sp.pi / 2)),
    ("asin", -1): (link("versin_inverse"), link("shift", -sp.pi / 2)),
    ("versin_inverse", 2): (link("versin_inverse"), _NEGATE, link("shift", sp.pi)),
    ("vercos_inverse", 2): (link("versin_inverse"),),
    ("logit", 1): (link("logit"), _NEGATE),
    ("ndtri", 1): (link("ndtri"), _NEGATE),
    ("log1p", -1): (link("log"),),
    # on the half of its domain next to that end
    ("softsign_inverse", 1): _FROM_POLE,
    ("softsign_inverse", -1): (*_FROM_POLE, _NEGATE),
}


def below(end: sp.Expr) -> bool:
    """Whether the functions of `FROM_END` come to this end from below."""
    return bool(end > 0)
