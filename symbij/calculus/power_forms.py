"""Ends of domains and log-derivatives, as text, of the rows for powers and for exponentials of exponentials.

They stand in a module of their own for their length; the rows that use them are in `table.py`.
"""

from __future__ import annotations

import re

import sympy as sp

from symbij.formula.functions import expm1, log1p
from symbij.formula.interval import Interval

A, EXPONENT = sp.Symbol("a", real=True), sp.Symbol("c", real=True)
UNIT = Interval(0, 1, False, False)
POLE = -1 / EXPONENT  # where 1 + c*u vanishes
BESIDE_POLE = Interval(
    sp.Piecewise((POLE, EXPONENT > 0), (-sp.oo, True)), sp.Piecewise((POLE, EXPONENT < 0), (sp.oo, True))
)
FROM_MINUS_ONE = Interval(-1, sp.oo, lo_open=False)
EXP_EXP = Interval(sp.Piecewise((1, A > 0), (0, True)), sp.Piecewise((sp.oo, A > 0), (1, True)))
EXPM1_EXP = Interval(sp.Piecewise((0, A > 0), (-1, True)), sp.Piecewise((sp.oo, A > 0), (0, True)))
EXPM1_EXPM1 = Interval(sp.Piecewise((expm1(-A), A > 0), (-1, True)), sp.Piecewise((sp.oo, A > 0), (expm1(-A), True)))

# log|d/du exp(a exp(u/s))| from the value: one logarithm, where a small s would make two cancel
EXP_EXP_V = "log_quotient(v, abs(s)/abs(log(v)))"
EXPM1_EXP_V = "log_quotient(1 + v, abs(s)/abs(log1p(v)))"

LOG1P_EXPM1 = "log1p(a*expm1(u))"
LOG1P_EXPM1_U = "where(a > 0, where(u > 0, -log1p((1/a - 1)*exp(-u)), log(abs(a)) + u - v), log(abs(a)) + u - v)"
LOG1P_EXPM1_DOMAIN = Interval(
    sp.Piecewise((log1p(-1 / A), A > 1), (-sp.oo, True)), sp.Piecewise((log1p(-1 / A), A < 0), (sp.oo, True))
)
LOG1P_EXPM1_CODOMAIN = Interval(
    sp.Piecewise((sp.Piecewise((log1p(-A), A < 1), (-sp.oo, True)), A > 0), (-sp.oo, True)),
    sp.Piecewise((log1p(-A), A < 0), (sp.oo, True)),
)

# log|d/du u^p| from u, and from v = u^p; at u = 0 (v = 0) with the limit, which is finite for p = 1
POWER_U = (
    "where(abs(p) < 1/2, log_quotient(abs(p), u) + p*log(max(u, 4.94e-324)), log(abs(p)) + multiple(log(u), p - 1))"
)
POWER_V = (
    "where(abs(p) > 2, log_quotient(v, 1/abs(p)) - log(max(v, 4.94e-324))/p, log(abs(p)) + multiple(log(v), (p - 1)/p))"
)
# the same of (u/s)^p
QUOTIENT_U = (
    "where(u <= 0, log_quotient(abs(p), s) + multiple(log(u), p - 1), log_quotient(abs(p), u) + p*log_quotient(u, s))"
)
QUOTIENT_V = (
    "where(abs(p) > 2, log_quotient(v, s/abs(p)) - log(max(v, 4.94e-324))/p,"
    " log_quotient(abs(p), s) + multiple(log(v), (p - 1)/p))"
)
# the same of u^p - 1, of (1 + u)^p - 1 and of (1 + u)^(1/p) - 1
LESS_ONE_V = "log(abs(p)) + multiple(log1p(v), (p - 1)/p)"
PLUS_ONE_U = "log(abs(p)) + multiple(log1p(u), p - 1)"
COMPLEMENT_U = f"{POWER_U} + log(q) + multiple(log_1m_pow(u, p), q - 1)"
COMPLEMENT_V = (
    "log(p) + log(q) + multiple(where(v < 1e-290, log_quotient(v, q), log1mexp(-log1p(-v)/q)), (p - 1)/p)"
    " + multiple(log1p(-v), (q - 1)/q)"
)

# u/(1 + |u|^p)^(1/p) of p > 0, a softsign for p = 1, and back: no power is large, nor singular where the other is taken
_SMALL_U, _LARGE_U = "abs(where(abs(u) > 1, 1, u))**p", "max(abs(u), 1)**(-p)"
SOFTSIGN_POWER = f"where(abs(u) > 1, sign(u)/(1 + {_LARGE_U})**(1/p), u/(1 + {_SMALL_U})**(1/p))"
SOFTSIGN_POWER_INVERSE = "u*exp(-log_1m_pow(abs(u), p)/p)"
SOFTSIGN_POWER_U = (
    f"where(abs(u) > 1, -(1 + 1/p)*log1p({_LARGE_U}) - (1 + p)*log(max(abs(u), 1)), -(1 + 1/p)*log1p({_SMALL_U}))"
)
SOFTSIGN_POWER_V = "(1 + 1/p)*log_1m_pow(abs(v), p)"


def inverted(log_det: str) -> str:
    """The log|derivative| of the inverse: its input is the output, and the other way round."""
    swapped = re.sub(r"\b[uv]\b", lambda letter: {"u": "v", "v": "u"}[letter[0]], log_det)
    return f"-({swapped})"
