"""Domains and codomains of the table's rows for quadratics and hyperbolas, on the side of the vertex that `s` says."""

from __future__ import annotations

import sympy as sp

from symbij.formula.interval import Interval

_A, _B, _C, _S = (sp.Symbol(name, real=True) for name in "abcs")

# a u^2 + b u + c where 2 a u + b has the sign of s
_VERTEX, _LEVEL = -_B / (2 * _A), _C - _B**2 / (4 * _A)
_ABOVE = sp.Gt(_A * _S, 0)
QUADRATIC_DOMAIN = Interval(
    sp.Piecewise((_VERTEX, _ABOVE), (-sp.oo, True)), sp.Piecewise((sp.oo, _ABOVE), (_VERTEX, True)), False, False
)
_OPENS_UP = sp.Gt(_A, 0)
QUADRATIC_RANGE = Interval(
    sp.Piecewise((_LEVEL, _OPENS_UP), (-sp.oo, True)), sp.Piecewise((sp.oo, _OPENS_UP), (_LEVEL, True)), False, False
)

# a exp(2u) + b exp(u) + c likewise, whose vertex is one if a and b have different signs
_BENT = sp.Lt(_A * _B, 0)
_BENT_ABOVE, _BENT_BELOW = sp.And(_BENT, _ABOVE), sp.And(_BENT, _A * _S < 0)
_LOG_VERTEX = sp.log(sp.Abs(_VERTEX))
EXP_QUADRATIC_DOMAIN = Interval(
    sp.Piecewise((_LOG_VERTEX, _BENT_ABOVE), (-sp.oo, True)), sp.Piecewise((_LOG_VERTEX, _BENT_BELOW), (sp.oo, True))
)
_FIRST = sp.Piecewise((_LEVEL, _BENT_ABOVE), (_C, True))
_LAST = sp.Piecewise((_LEVEL, _BENT_BELOW), (sp.oo, _OPENS_UP), (-sp.oo, True))
_RISES = sp.Gt(_S, 0)
EXP_QUADRATIC_RANGE = Interval(
    sp.Piecewise((_FIRST, _RISES), (_LAST, True)), sp.Piecewise((_LAST, _RISES), (_FIRST, True))
)

# a u + b/u + c for u > 0 where a - b/u^2 has the sign of s: it turns if a and b have the same sign
_TURN = sp.sqrt(sp.Abs(_B / _A))
_TURNS_BELOW, _TURNS_ABOVE = (sp.And(_A * _B > 0, relation) for relation in (_A * _S > 0, _A * _S < 0))
HYPERBOLA_DOMAIN = Interval(
    sp.Piecewise((_TURN, _TURNS_BELOW), (0, True)), sp.Piecewise((_TURN, _TURNS_ABOVE), (sp.oo, True)), False, False
)
_REACH = 2 * sp.sqrt(sp.Abs(_A * _B))
HYPERBOLA_RANGE = Interval(
    sp.Piecewise((_C + _REACH, sp.And(_A > 0, _B > 0)), (-sp.oo, True)),
    sp.Piecewise((_C - _REACH, sp.And(_A < 0, _B < 0)), (sp.oo, True)),
    False,
    False,
)
EXP_HYPERBOLA_DOMAIN = Interval(
    sp.Piecewise((sp.log(_TURN), _TURNS_BELOW), (-sp.oo, True)),
    sp.Piecewise((sp.log(_TURN), _TURNS_ABOVE), (sp.oo, True)),
)
