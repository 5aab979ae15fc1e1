"""Functions that are monotone on several intervals, with the links that they are on each."""

from __future__ import annotations

import sympy as sp

from symbij.calculus.chain import Chain, link
from symbij.calculus.parts import Folded, ProductPart
from symbij.calculus.row import U
from symbij.formula.interval import NONNEGATIVE, POSITIVE, Interval

NONPOSITIVE = Interval(-sp.oo, 0, hi_open=False)
_NEGATIVE = Interval(-sp.oo, 0)


def folded(
    name: str,
    formula: sp.Expr,
    *branches: tuple[Interval, Chain],
    complete: bool = False,
    everywhere: bool = True,
) -> Folded:
    """The function `formula` of `U`, with an interval and the links there for each of its branches."""
    return Folded(name, branches, formula, complete, everywhere)


NEGATE = link("scale", -1)
FOLDED: dict[type, Folded] = {
    sp.Abs: folded("abs", sp.Abs(U), (NONNEGATIVE, ()), (NONPOSITIVE, (NEGATE,)), complete=True),
    sp.cosh: folded(
        "cosh", sp.cosh(U), (NONNEGATIVE, (link("cosh"),)), (NONPOSITIVE, (NEGATE, link("cosh"))), complete=True
    ),
    sp.sin: folded("sin", sp.sin(U), (link("sin").row.domain, (link("sin"),))),
    sp.cos: folded(
        "cos",
        sp.cos(U),
        (link("cos").row.domain, (link("cos"),)),
        (Interval(-sp.pi, 0, False, False), (NEGATE, link("cos"))),
    ),
    sp.tan: folded("tan", sp.tan(U), (link("tan").row.domain, (link("tan"),)), everywhere=False),
}
COTH_ACOSH = folded(
    "u/sqrt(u**2 - 1)",
    U / sp.sqrt(U**2 - 1),
    (Interval(1, sp.oo), (link("acosh"), link("tanh"), link("reciprocal"))),
    (Interval(-sp.oo, -1), (NEGATE, link("acosh"), link("tanh"), link("reciprocal"), NEGATE)),
    complete=True,
    everywhere=False,
)
XEXP = folded(
    "u*exp(u)",
    U * sp.exp(U),
    (link("xexp").row.domain, (link("xexp"),)),
    (Interval(-sp.oo, -1, hi_open=False), (ProductPart(((), (link("exp"),))),)),
    complete=True,
)
RECIPROCAL = folded(
    "reciprocal",
    1 / U,
    (POSITIVE, (link("reciprocal"),)),
    (_NEGATIVE, (NEGATE, link("reciprocal"), NEGATE)),
    complete=True,
    everywhere=False,
)
