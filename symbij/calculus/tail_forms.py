"""Formulas for the table's rows of heavy tails, of u exp(c u), and of scaled powers.

With d >= 0 and v = u exp(d u^2/2), w = d u^2 has the property w exp(w) = d v^2. So w = W(d v^2) and u = v exp(-w/2); of
size sqrt(w/d), which is better conditioned where w is large. About a place m and with a width h,
m + (u - m) exp(e) = u + (u - m) expm1(e), in which nothing cancels where m is large.

What a where() does not select must be finite, since in a gradient its derivative is multiplied by zero. The guards are
added: sympy would take the reciprocal of a where() apart, and lower that of zero.
"""

from __future__ import annotations

import sympy as sp

from symbij.formula.interval import Interval


def _inverse(z: str, w: str, place: str, width: str, near: str) -> str:
    return f"where({w} > 1, {place} + {width}*sign({z})*sqrt(max({w}, 1)/(d + where({w} > 1, 0, 1))), {near})"


def _log_slope(w: str) -> str:
    return f"({w})/2 + log1p({w})"


_W, _W_OF_V = (f"lambertw_times_square({letter}, d)" for letter in "uv")
HEAVY = "u*exp(times_square(u, d)/2)"
HEAVY_U, HEAVY_V = _log_slope("times_square(u, d)"), _log_slope(_W_OF_V)
LIGHT = _inverse("u", _W, "0", "1", f"u*exp(-{_W}/2)")
LIGHT_U, LIGHT_V = f"-({_log_slope(_W)})", f"-({_log_slope('times_square(v, d)')})"

_W, _W_OF_V = (f"lambertw_times_square(({letter} - m)/h, d)" for letter in "uv")
HEAVY_ABOUT = "u + multiple(u - m, expm1(times_square((u - m)/h, d)/2))"
HEAVY_ABOUT_U, HEAVY_ABOUT_V = _log_slope("times_square((u - m)/h, d)"), _log_slope(_W_OF_V)
LIGHT_ABOUT = _inverse("(u - m)", _W, "m", "h", f"u + multiple(u - m, expm1(-{_W}/2))")
LIGHT_ABOUT_U, LIGHT_ABOUT_V = f"-({_log_slope(_W)})", f"-({_log_slope('times_square((v - m)/h, d)')})"

# u exp(c u) for c > 0
_C = sp.Symbol("c", real=True)
XEXP_DOMAIN, XEXP_RANGE = (Interval(end / _C, sp.oo, lo_open=False) for end in (sp.S.NegativeOne, -sp.exp(-1)))
_W, _W_OF_V = (f"lambertw_times({letter}, c)" for letter in "uv")
XEXP_U, XEXP_V = "c*u + log1p_product(u, c)", f"{_W_OF_V} + log1p({_W_OF_V})"
XEXP_INVERSE = f"where({_W} > 1, {_W}/c, u*exp(-{_W}))"
XEXP_INVERSE_U, XEXP_INVERSE_V = f"-{_W} - log1p({_W})", "-c*v - log1p_product(v, c)"

# ((1 + u)^c - 1)/c, which is log(1 + u) at c = 0: through exact powers where the exponent is large
_AWAY = "(c + where(abs(c) > 1/8, 0, 1))"
POWER_SCALED = f"where(abs(c) > 1/4, pow_1p_m1(u, {_AWAY})/{_AWAY}, expm1_scaled(log1p(u), c))"
_LARGE = "(c + where(c > 1/8, 0, 1 - c))"
_ROOT = f"root_1p_m1({_AWAY}*min(max(u, -1e300), 1e300), {_AWAY})"
_LARGE_ROOT = f"rootr(max(u, 1), {_LARGE})*rootr({_LARGE}, {_LARGE})"  # of c u, which may overflow
ROOT_SCALED = f"where(abs(c) > 1/4, where(u < 1e300, {_ROOT}, {_LARGE_ROOT}), expm1(log1p_scaled(u, c)))"
