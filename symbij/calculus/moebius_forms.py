"""Formulas for the table's Moebius maps v = (a u + b)/(c u + d).

dv/du = (a d - b c)/(c u + d)^2, and c u + d = (a d - b c)/(a - c v). With c > 0, the side beyond the pole is that of
c u + d > 0; a map on the other side is one of -u beyond its own pole.
"""

from __future__ import annotations

import sympy as sp

from symbij.formula.interval import Interval

PARAMETERS = ("a", "b", "c", "d")
LOG_DETS = ("log(abs(a*d - b*c)) - 2*log(abs(c*u + d))", "2*log(abs(a - c*v)) - log(abs(a*d - b*c))")

_A, _B, _C, _D = sp.symbols(PARAMETERS, real=True)
_RISES = sp.Gt(_A * _D - _B * _C, 0)
BEYOND_POLE = Interval(-_D / _C, sp.oo)
BEYOND_LIMIT = Interval(sp.Piecewise((-sp.oo, _RISES), (_A / _C, True)), sp.Piecewise((_A / _C, _RISES), (sp.oo, True)))

# v = a u/(c u + d) with d > 0, on its side of the pole, which 0 lies on: there c u + d is next to d
FROM_ZERO_PARAMETERS = ("a", "c", "d")
FROM_ZERO_LOG_DETS = (
    "where(abs(c*u) < d/2, log(abs(a/d)) - 2*log1p(c*u/d), log(abs(a*d)) - 2*log(abs(c*u + d)))",
    "where(abs(c*v) < abs(a)/2, log(abs(a/d)) + 2*log1p(-c*v/a), 2*log(abs(a - c*v)) - log(abs(a*d)))",
)


def _side_of_zero(rate: sp.Expr) -> Interval:
    """Where 1 + rate*u > 0."""
    rises, end = sp.Gt(rate, 0), -1 / rate
    return Interval(sp.Piecewise((end, rises), (-sp.oo, True)), sp.Piecewise((sp.oo, rises), (end, True)))


FROM_ZERO, FROM_ZERO_RANGE = _side_of_zero(_C / _D), _side_of_zero(-_C / _A)
