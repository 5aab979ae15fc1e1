"""The table of elementary functions: each described once, and read by every pass.

A `Row` is a strictly monotone map v = f(u) of one variable, possibly with parameters. Its fields are formulas in
`u` (input), `v` (output) and the parameters. `log_det_u` is log|dv/du| for use on the way forward, when u is the exact
number; `log_det_v` is the same quantity for use on the way back, when v is. Both may use either letter, since in both
directions both are at hand; they differ in which one carries the rounding error.

Derivations of the less obvious stable forms, with s = sigmoid and sp = softplus:
    s'(u) = s(u) s(-u)                     log = -|u| - 2 sp(-|u|)          = log(v (1 - v))
    sp'(u) = s(u) = 1 - exp(-v)            log = -sp(-u)                    = log1mexp(v)
    cosh' = sinh u = exp(u) (1 - exp(-2u))/2 on u > 0
    tanh' = 1/cosh^2 = 1 - v^2             log = -2 logcosh(u)              = log1p(-v^2)
    sinh' = cosh = sqrt(1 + v^2)           log = logcosh(u)                 = loghypot1(v)
    ndtr' = phi(u), phi the normal density: log = -u^2/2 - log(2 pi)/2, with u = ndtri(v) on the way back
    s(u+c) - s(c) = -expm1(-u) s(u+c) s(-c): no cancellation for small u; its inverse is
        logit(v + s(c)) - c = log1p(v/s(c)) - log1p(-v/s(-c)); s'(w) = s(w) s(-w) = 1/(4 cosh(w/2)^2)
    u^p:                                   log|p| + (p - 1) log u, whose two terms cancel for small p and u near p,
        where they are log(|p|/u) + p log u instead; from v = u^p likewise for large p
    1 - (1 - u^p)^q:                       log p + (p - 1) log u + log q + (q - 1) log(1 - u^p)
    exp(-exp(u)):                          u - exp(u), with a bound on the first u that keeps inf - inf away
    v = low s(-u) + high s(u) is closest to an end by d = min(|v - low|, |high - v|); with w = |high - low|
        |v - low| |high - v| / w = d (w - d)/w,  log = log d + log1p(-d/w)
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus import moebius_forms as moebius
from symbij.calculus import quadratic_forms as sq
from symbij.calculus import tail_forms as tails
from symbij.calculus.power_forms import (
    BESIDE_POLE,
    COMPLEMENT_U,
    COMPLEMENT_V,
    EXP_EXP,
    EXP_EXP_V,
    EXPM1_EXP,
    EXPM1_EXP_V,
    EXPM1_EXPM1,
    FROM_MINUS_ONE,
    LESS_ONE_V,
    LOG1P_EXPM1,
    LOG1P_EXPM1_CODOMAIN,
    LOG1P_EXPM1_DOMAIN,
    LOG1P_EXPM1_U,
    PLUS_ONE_U,
    POWER_U,
    POWER_V,
    QUOTIENT_U,
    QUOTIENT_V,
    SOFTSIGN_POWER,
    SOFTSIGN_POWER_INVERSE,
    SOFTSIGN_POWER_U,
    SOFTSIGN_POWER_V,
    UNIT,
    inverted,
)
from symbij.calculus.row import Row
from symbij.formula.functions import sigmoid
from symbij.formula.interval import NONNEGATIVE, POSITIVE, REALS, Interval
from symbij.formula.vocabulary import WORDS

_P01 = Interval(0, 1)
_P11 = Interval(-1, 1)
_HALF_PI = Interval(-sp.pi / 2, sp.pi / 2)
_HALF_PI_CLOSED = Interval(-sp.pi / 2, sp.pi / 2, False, False)
_CLOSED11 = Interval(-1, 1, False, False)
_FROM_ONE = Interval(1, sp.oo, lo_open=False)
_P02 = Interval(0, 2)
_CLOSED02 = Interval(0, 2, False, False)
_HALF_TURN = Interval(0, sp.pi, False, False)
_NEGATIVE = Interval(-sp.oo, 0)
_BELOW_LOG2 = Interval(-sp.oo, sp.log(2))
_W_DOMAIN = Interval(-sp.exp(-1), sp.oo, lo_open=False)
_W_RANGE = Interval(-1, sp.oo, lo_open=False)

_LOW, _HIGH, _SHIFT, _WIDTH = (sp.Symbol(n, real=True) for n in ("low", "high", "c", "h"))
_BETWEEN = Interval(sp.Min(_LOW, _HIGH), sp.Max(_LOW, _HIGH))
_AROUND = Interval(-sigmoid(_SHIFT), sigmoid(-_SHIFT))
_BESIDE_ZERO = Interval(sp.Piecewise((0, _WIDTH > 0), (-sp.oo, True)), sp.Piecewise((sp.oo, _WIDTH > 0), (0, True)))

_SIGN, _TURN = (sp.Symbol(n, real=True) for n in ("s", "k"))
_AROUND_K_PI = Interval(_TURN * sp.pi - sp.pi / 2, _TURN * sp.pi + sp.pi / 2)
_AROUND_K_PI_CLOSED = Interval(_AROUND_K_PI.lo, _AROUND_K_PI.hi, False, False)
_BESIDE_K_PI = Interval(_TURN * sp.pi + (_SIGN - 1) * sp.pi / 2, _TURN * sp.pi + (_SIGN + 1) * sp.pi / 2, False, False)

_CLIP_LOG_DET = (
    "{sign}(where((high - low)/h > 0, log1p(softplus((low - high)/h)/((high - low)/h)), "
    "log(softplus((high - low)/h)) - log(abs((high - low)/h)))) + {sign}(softplus((low - high)/h)) "
    "+ {sign}(softplus((low - {x})/h)) + {sign}(softplus(({x} - high)/h - softplus((low - high)/h)))"
)

# Mills' ratio of what a where() may not select, kept from the logarithm of 0
_MILLS_U, _MILLS_V, _MILLS_2U, _MILLS_2V = (
    f"max(mills({at}), 1e-305)" for at in ("abs(u)", "abs(v)", "sqrt(2)*abs(u)", "sqrt(2)*abs(v)")
)

_ABCS = ("a", "b", "c", "s")

_ALL = [
    # affine
    Row("shift", "u + b", "shift", "0", "0", parameters=("b",), inverse_parameters=("-b",)),
    Row("scale", "a*u", "divide", "log(abs(a))", "log(abs(a))", direction="a", parameters=("a",), nonzero=("a",),
        mirror=("a",)),
    Row("divide", "u/a", "scale", "-log(abs(a))", "-log(abs(a))", direction="a", parameters=("a",), nonzero=("a",),
        mirror=("a",)),
    # powers
    Row("power", "u**p", "power", POWER_U, POWER_V, NONNEGATIVE, NONNEGATIVE, "p", ("p",), ("1/p",), ("p",)),
    Row("odd_power", "u**n", "odd_root", "log(n) + (n - 1)*log(abs(u))", "log(n) + (n - 1)/n*log(abs(v))",
        parameters=("n",)),
    Row("odd_root", "odd_root(u, n)", "odd_power", "-log(n) - (n - 1)/n*log(abs(u))", "-log(n) - (n - 1)*log(abs(v))",
        parameters=("n",)),
    Row("reciprocal", "1/u", "reciprocal", "-2*log(u)", "2*log(v)", POSITIVE, POSITIVE, -1),
    # on either side of its pole, where parameters decide which
    Row("reciprocal_beside_pole", "1/u", "reciprocal_beside_pole", "-2*log(abs(u))", "2*log(abs(v))", direction=-1),
    # a Moebius map beyond its pole, or where nobody knows on which side of it
    Row("moebius", "moebius(u, a, b, c, d)", "moebius_inverse", *moebius.LOG_DETS,
        moebius.BEYOND_POLE, moebius.BEYOND_LIMIT, "a*d - b*c", moebius.PARAMETERS),
    Row("moebius_inverse", "moebius(u, d, -b, -c, a)", "moebius", *map(inverted, reversed(moebius.LOG_DETS)),
        moebius.BEYOND_LIMIT, moebius.BEYOND_POLE, "a*d - b*c", moebius.PARAMETERS),
    Row("moebius_beside_pole", "moebius(u, a, b, c, d)", "moebius_beside_pole", *moebius.LOG_DETS,
        direction="a*d - b*c", parameters=moebius.PARAMETERS, inverse_parameters=("d", "-b", "-c", "a")),
    Row("moebius_from_zero", "moebius(u, a, 0, c, d)", "moebius_from_zero", *moebius.FROM_ZERO_LOG_DETS,
        moebius.FROM_ZERO, moebius.FROM_ZERO_RANGE, "a*d", moebius.FROM_ZERO_PARAMETERS, ("d", "-c", "a")),
    # (1 - u)/u of 0 < u < 1
    Row("odds_against", "(1 - u)/u", "odds_against_inverse", "-2*log(u)", "2*log1p(v)", _P01, POSITIVE, -1),
    Row("odds_against_inverse", "1/(1 + u)", "odds_against", "-2*log1p(u)", "2*log(v)", POSITIVE, _P01, -1),
    # powers beside 1, of quotients and of complements
    Row("pow_m1", "pow_m1(u, p)", "root_1p", POWER_U, LESS_ONE_V, NONNEGATIVE, FROM_MINUS_ONE, "p", ("p",),
        nonzero=("p",)),
    Row("root_1p", "root_1p(u, p)", "pow_m1", inverted(LESS_ONE_V), inverted(POWER_U), FROM_MINUS_ONE, NONNEGATIVE,
        "p", ("p",), nonzero=("p",)),
    Row("pow_1p_m1", "pow_1p_m1(u, p)", "root_1p_m1", PLUS_ONE_U, LESS_ONE_V, FROM_MINUS_ONE, FROM_MINUS_ONE, "p",
        ("p",), nonzero=("p",)),
    Row("root_1p_m1", "root_1p_m1(u, p)", "pow_1p_m1", inverted(LESS_ONE_V), inverted(PLUS_ONE_U), FROM_MINUS_ONE,
        FROM_MINUS_ONE, "p", ("p",), nonzero=("p",)),
    Row("pow_quotient", "pow_quotient(u, p, s)", "root_times", QUOTIENT_U, QUOTIENT_V, NONNEGATIVE, NONNEGATIVE, "p",
        ("p", "s"), nonzero=("p",)),
    Row("root_times", "root_times(u, p, s)", "pow_quotient", inverted(QUOTIENT_V), inverted(QUOTIENT_U),
        NONNEGATIVE, NONNEGATIVE, "p", ("p", "s"), nonzero=("p",)),
    Row("log_1m_pow", "log_1m_pow(u, p)", "root_1m_exp", f"{POWER_U} - v", "log(p) + (p - 1)/p*log1mexp(-v) - v",
        Interval(0, 1, lo_open=False), Interval(-sp.oo, 0, hi_open=False), -1, ("p",)),
    Row("root_1m_exp", "root_1m_exp(u, p)", "log_1m_pow", "-log(p) - (p - 1)/p*log1mexp(-u) + u",
        f"{inverted(POWER_U)} + u", Interval(-sp.oo, 0, hi_open=False), Interval(0, 1, lo_open=False), -1, ("p",)),
    Row("complement_power", "complement_power(u, p, q)", "complement_root", COMPLEMENT_U, COMPLEMENT_V, UNIT, UNIT,
        1, ("p", "q")),
    Row("complement_root", "complement_root(u, p, q)", "complement_power", inverted(COMPLEMENT_V),
        inverted(COMPLEMENT_U), UNIT, UNIT, 1, ("p", "q")),
    # continued to c = 0
    Row("expm1_scaled", "expm1_scaled(u, c)", "log1p_scaled", "c*u", "c*u", REALS, BESIDE_POLE, 1, ("c",),
        mirror=("-c",)),
    Row("log1p_scaled", "log1p_scaled(u, c)", "expm1_scaled", "-c*v", "-c*v", BESIDE_POLE, REALS, 1, ("c",),
        mirror=("-c",)),
    # logarithms of quotients, and exponentials of exponentials, whose log-dets would be inf - inf far out
    Row("log_quotient", "log_quotient(u, c)", "exp_times", "-log(u)", "-v - log(c)", POSITIVE, REALS, 1, ("c",)),
    Row("exp_times", "exp_times(u, c)", "log_quotient", "u + log(c)", "log(v)", REALS, POSITIVE, 1, ("c",)),
    Row("exp_exp", "exp(exp_times(u/s, a))", "log_log",
        "log(abs(a)) - log(abs(s)) + min(u/s, 3000) + exp_times(u/s, a)", EXP_EXP_V, REALS, EXP_EXP, "a*s",
        ("a", "s"), nonzero=("a", "s")),
    Row("log_log", "s*log(log(u)/a)", "exp_exp", inverted(EXP_EXP_V),
        "-log(abs(a)) + log(abs(s)) - min(v/s, 3000) - exp_times(v/s, a)", EXP_EXP, REALS, "a*s", ("a", "s"),
        nonzero=("a", "s")),
    Row("expm1_exp", "expm1(exp_times(u/s, a))", "log_log1p",
        "log(abs(a)) - log(abs(s)) + min(u/s, 3000) + exp_times(u/s, a)", EXPM1_EXP_V, REALS, EXPM1_EXP, "a*s",
        ("a", "s"), nonzero=("a", "s")),
    Row("log_log1p", "s*log(log1p(u)/a)", "expm1_exp", inverted(EXPM1_EXP_V),
        "-log(abs(a)) + log(abs(s)) - min(v/s, 3000) - exp_times(v/s, a)", EXPM1_EXP, REALS, "a*s", ("a", "s"),
        nonzero=("a", "s")),
    Row("expm1_expm1", "expm1(where(u > 40, exp_times(u, a), a*expm1(u)))", "log1p_log1p",
        "log(abs(a)) + min(u, 3000) + where(u > 40, exp_times(u, a), a*expm1(u))",
        "log(abs(a + log1p(v))) + log1p(v)", REALS, EXPM1_EXPM1, "a", ("a",), nonzero=("a",)),
    Row("log1p_log1p", "log1p(log1p(u)/a)", "expm1_expm1", "-log(abs(a + log1p(u))) - log1p(u)",
        "-log(abs(a)) - min(v, 3000) - where(v > 40, exp_times(v, a), a*expm1(v))", EXPM1_EXPM1, REALS, "a", ("a",),
        nonzero=("a",)),
    # log(1 + a (exp(u) - 1)), whose exponential may overflow
    Row("log1p_expm1", f"where(u > 40, where(a > 0, softplus(u + log(a)), {LOG1P_EXPM1}), {LOG1P_EXPM1})",
        "log1p_expm1", LOG1P_EXPM1_U,
        inverted(LOG1P_EXPM1_U.replace("log(abs(a))", "-log(abs(a))").replace("1/a", "a")),
        LOG1P_EXPM1_DOMAIN, LOG1P_EXPM1_CODOMAIN, "a", ("a",), ("1/a",), ("a",)),
    # exponentials and logarithms
    Row("exp", "exp(u)", "log", "u", "log(v)", REALS, POSITIVE),
    Row("log", "log(u)", "exp", "-log(u)", "-v", POSITIVE, REALS),
    Row("expm1", "expm1(u)", "log1p", "u", "log1p(v)", REALS, Interval(-1, sp.oo)),
    Row("log1p", "log1p(u)", "expm1", "-log1p(u)", "-v", Interval(-1, sp.oo), REALS),
    # logistic family
    Row("sigmoid", "sigmoid(u)", "logit", "-abs(u) - 2*softplus(-abs(u))", "log(v*(1 - v))", REALS, _P01),
    Row("logit", "logit(u)", "sigmoid", "-log(u*(1 - u))", "abs(v) + 2*softplus(-abs(v))", _P01, REALS),
    Row("softplus", "softplus(u)", "softplus_inverse", "-softplus(-u)", "log1mexp(v)", REALS, POSITIVE),
    Row("softplus_inverse", "softplus_inverse(u)", "softplus", "-log1mexp(u)", "softplus(-v)", POSITIVE, REALS),
    Row("log1mexp", "log1mexp(u)", "log1mexp_inverse", "-softplus_inverse(u)", "softplus_inverse(-v)", POSITIVE,
        _NEGATIVE),
    Row("log1mexp_inverse", "-log1mexp(-u)", "log1mexp", "-softplus_inverse(-u)", "softplus_inverse(v)", _NEGATIVE,
        POSITIVE),
    Row("softplus_scaled", "softplus_scaled(u, h)", "softplus_scaled_inverse", "-softplus(-u/h)", "-softplus(-u/h)",
        REALS, _BESIDE_ZERO, 1, ("h",), nonzero=("h",)),
    Row("softplus_scaled_inverse", "softplus_scaled_inverse(u, h)", "softplus_scaled",
        "softplus(-v/h)", "softplus(-v/h)", _BESIDE_ZERO, REALS, 1, ("h",), nonzero=("h",)),
    Row("sigmoid_increment", "sigmoid_increment(u, c)", "sigmoid_increment_inverse",
        "-2*logcosh((u + c)/2) - 2*log(2)", "-2*logcosh((u + c)/2) - 2*log(2)", REALS, _AROUND, parameters=("c",),
        mirror=("-c",)),
    Row("sigmoid_increment_inverse", "sigmoid_increment_inverse(u, c)", "sigmoid_increment",
        "2*logcosh((v + c)/2) + 2*log(2)", "2*logcosh((v + c)/2) + 2*log(2)", _AROUND, REALS, parameters=("c",),
        mirror=("-c",)),
    Row("sigmoid_between", "sigmoid_between(u, low, high)", "logit_between",
        "log(abs(high - low)) - abs(u) - 2*softplus(-abs(u))",
        "log(min(abs(v - low), abs(high - v))) + log1p(-min(abs(v - low), abs(high - v))/abs(high - low))",
        REALS, _BETWEEN, "high - low", ("low", "high")),
    Row("logit_between", "logit_between(u, low, high)", "sigmoid_between",
        "-log(min(abs(u - low), abs(high - u))) - log1p(-min(abs(u - low), abs(high - u))/abs(high - low))",
        "-log(abs(high - low)) + abs(v) + 2*softplus(-abs(v))",
        _BETWEEN, REALS, "high - low", ("low", "high")),
    # with c = (high - low)/h, t = (u - low)/h and sp = softplus the derivative is
    # c/sp(c) s(c) s(t) s(-t)/(1 - s(c) s(t)), where (1 - s(c) s(t)) (1 + exp(t)) = 1 + exp(t) s(-c)
    Row("soft_clip", "soft_clip(u, low, high, h)", "soft_clip_inverse", _CLIP_LOG_DET.format(x="u", sign="-"),
        _CLIP_LOG_DET.format(x="u", sign="-"), REALS, _BETWEEN, "high - low", ("low", "high", "h"), nonzero=("h",)),
    Row("soft_clip_inverse", "soft_clip_inverse(u, low, high, h)", "soft_clip", _CLIP_LOG_DET.format(x="v", sign=""),
        _CLIP_LOG_DET.format(x="v", sign=""), _BETWEEN, REALS, "high - low", ("low", "high", "h"), nonzero=("h",)),
    # sigmoid(a*logit(u) + b)
    Row("logit_affine", "logit_affine(u, a, b)", "logit_affine_inverse",
        "log(abs(a)) - log(u*(1 - u)) - abs(a*logit(u) + b) - 2*softplus(-abs(a*logit(u) + b))",
        "log(abs(a)) + log(v*(1 - v)) + abs((logit(v) - b)/a) + 2*softplus(-abs((logit(v) - b)/a))",
        _P01, _P01, "a", ("a", "b"), nonzero=("a",)),
    Row("logit_affine_inverse", "logit_affine_inverse(u, a, b)", "logit_affine",
        "-log(abs(a)) - log(u*(1 - u)) - abs((logit(u) - b)/a) - 2*softplus(-abs((logit(u) - b)/a))",
        "-log(abs(a)) + log(v*(1 - v)) + abs(a*logit(v) + b) + 2*softplus(-abs(a*logit(v) + b))",
        _P01, _P01, "a", ("a", "b"), nonzero=("a",)),
    # hyperbolic
    Row("tanh", "tanh(u)", "atanh", "-2*logcosh(u)", "log1msq(v)", REALS, _P11, mirror=()),
    Row("atanh", "atanh(u)", "tanh", "-log1msq(u)", "2*logcosh(v)", _P11, REALS, mirror=()),
    Row("sinh", "sinh(u)", "asinh", "logcosh(u)", "loghypot1(v)", mirror=()),
    Row("asinh", "asinh(u)", "sinh", "-loghypot1(u)", "-logcosh(v)", mirror=()),
    Row("cosh", "cosh(u)", "acosh", "u + log1mexp(2*u) - log(2)", "log(v - 1)/2 + log(v + 1)/2",
        NONNEGATIVE, _FROM_ONE),
    Row("acosh", "acosh(u)", "cosh", "-log(u - 1)/2 - log(u + 1)/2", "-v - log1mexp(2*v) + log(2)",
        _FROM_ONE, NONNEGATIVE),
    # cosh(u) - 1, and back
    Row("cosh_m1", "2*sinh(u/2)**2", "acosh_1p", "u + log1mexp(2*u) - log(2)", "log(v)/2 + log(v + 2)/2", NONNEGATIVE,
        NONNEGATIVE),
    Row("acosh_1p", "2*asinh(sqrt(u/2))", "cosh_m1", "-log(u)/2 - log(u + 2)/2", "-v - log1mexp(2*v) + log(2)",
        NONNEGATIVE, NONNEGATIVE),
    Row("asinh_scaled", "asinh_scaled(u, c, h)", "sinh_scaled",
        "log(abs(h)) - loghypot(u, c)", "log(abs(h)) - log(abs(c)) - logcosh(v/h)",
        direction="c*h", parameters=("c", "h"), nonzero=("c", "h"), mirror=("c", "h")),
    Row("sinh_scaled", "sinh_scaled(u, c, h)", "asinh_scaled",
        "log(abs(c)) - log(abs(h)) + logcosh(u/h)", "loghypot(v, c) - log(abs(h))",
        direction="c*h", parameters=("c", "h"), nonzero=("c", "h"), mirror=("c", "h")),
    Row("asinh_stretched", "asinh_scaled(u, h, h)", "sinh_stretched", "-loghypot1_scaled(u, h)", "-logcosh(v/h)",
        parameters=("h",), nonzero=("h",), mirror=("h",)),
    Row("sinh_stretched", "sinh_scaled(u, h, h)", "asinh_stretched", "logcosh(u/h)", "loghypot1_scaled(v, h)",
        parameters=("h",), nonzero=("h",), mirror=("h",)),
    Row("logcosh", "logcosh(u)", "logcosh_inverse", "log1mexp(2*u) - softplus(-2*u)", "log1mexp(2*v)/2",
        NONNEGATIVE, NONNEGATIVE),
    Row("logcosh_inverse", "logcosh_inverse(u)", "logcosh", "-log1mexp(2*u)/2", "softplus(-2*v) - log1mexp(2*v)",
        NONNEGATIVE, NONNEGATIVE),
    Row("log_tanh", "log1mexp(2*u) - softplus(-2*u)", "log_tanh_inverse", "2*log(2) - 2*u - log1mexp(4*u)",
        "log1mexp(-2*v) - v", POSITIVE, _NEGATIVE),
    Row("log_tanh_inverse", "where(u < -1/2, atanh(exp(u)), softplus(u)/2 - log1mexp(-u)/2)", "log_tanh",
        "u - log1mexp(-2*u)", "2*v + log1mexp(4*v) - 2*log(2)", _NEGATIVE, POSITIVE),
    Row("log1p_tanh", "log1p_tanh(u)", "atanh_expm1", "log1p_tanh(-u)", "log1p(-expm1(v))", REALS, _BELOW_LOG2),
    Row("atanh_expm1", "atanh_expm1(u)", "log1p_tanh", "-log1p(-expm1(u))", "-log1p_tanh(-v)", _BELOW_LOG2, REALS),
    # algebraic sigmoid
    Row("softsign", "softsign(u)", "softsign_inverse", "-2*log1p(abs(u))", "2*log1p(-abs(v))", REALS, _P11),
    Row("softsign_inverse", "softsign_inverse(u)", "softsign", "-2*log1p(-abs(u))", "2*log1p(abs(v))", _P11, REALS),
    Row("softsign_power", SOFTSIGN_POWER, "softsign_power_inverse", SOFTSIGN_POWER_U, SOFTSIGN_POWER_V, REALS, _P11, 1,
        ("p",), mirror=("p",)),
    Row("softsign_power_inverse", SOFTSIGN_POWER_INVERSE, "softsign_power", inverted(SOFTSIGN_POWER_V),
        inverted(SOFTSIGN_POWER_U), _P11, REALS, 1, ("p",), mirror=("p",)),
    # normal law
    Row("ndtr", "ndtr(u)", "ndtri", "-u**2/2 - log(2*pi)/2",
        f"where(abs(u) >= 1, log(min(v, 1 - v)) - log({_MILLS_U}), -u**2/2) - log(2*pi)/2", REALS, _P01),
    Row("ndtri", "ndtri(u)", "ndtr",
        f"where(abs(v) >= 1, log({_MILLS_V}) - log(min(u, 1 - u)), v**2/2) + log(2*pi)/2",
        "v**2/2 + log(2*pi)/2", _P01, REALS),
    Row("erf", "erf(u)", "erfinv", "log(2) - log(pi)/2 - u**2",
        f"where(abs(u) >= 1, log((1 - abs(v))/2) - log({_MILLS_2U}), -u**2) + log(2) - log(pi)/2", REALS, _P11),
    Row("erfinv", "erfinv(u)", "erf",
        f"where(abs(v) >= 1, log({_MILLS_2V}) - log((1 - abs(u))/2), v**2) - log(2) + log(pi)/2",
        "v**2 - log(2) + log(pi)/2", _P11, REALS),
    Row("erfc", "erfc(u)", "erfcinv", "log(2) - log(pi)/2 - u**2",
        f"where(abs(u) >= 1, log(min(v, 2 - v)) - log(2*{_MILLS_2U}), -u**2) + log(2) - log(pi)/2", REALS, _P02, -1),
    Row("erfcinv", "erfcinv(u)", "erfc",
        f"where(abs(v) >= 1, log(2*{_MILLS_2V}) - log(min(u, 2 - u)), v**2) - log(2) + log(pi)/2",
        "v**2 - log(2) + log(pi)/2", _P02, REALS, -1),
    # log(erf(u)) for u > 0, of which exp(v) may be about to round to 1
    Row("log_erf", "where(u < 1/2, log(erf(u)), log1p(-erfc(u)))", "log_erf_inverse", "log(2) - log(pi)/2 - u**2 - v",
        f"where(u >= 1, log(-expm1(v)/2) - log({_MILLS_2U}), -u**2) - v + log(2) - log(pi)/2",
        POSITIVE, _NEGATIVE),
    Row("log_erf_inverse", "where(u < -1/2, erfinv(exp(u)), erfcinv(-expm1(u)))", "log_erf",
        f"where(v >= 1, log({_MILLS_2V}) - log(-expm1(u)/2), v**2) + u - log(2) + log(pi)/2",
        "v**2 + u - log(2) + log(pi)/2", _NEGATIVE, POSITIVE),
    # log(ndtr(u)): phi(u)/Phi(u) is 1/(sqrt(2 pi) mills(-u)) below 0; above, phi(u) = Phi(-u)/(sqrt(2 pi) mills(u))
    # with Phi(-u) = 1 - exp(v)
    Row("log_ndtr", "log_ndtr(u)", "ndtri_exp",
        "where(u < 0, -log(mills(abs(u))), -u**2/2 - v) - log(2*pi)/2",
        "where(u < 0, -log(mills(abs(u))), where(u >= 1, log1mexp(-v) - log(mills(abs(u))) - v, -u**2/2 - v)) "
        "- log(2*pi)/2", REALS, _NEGATIVE),
    Row("ndtri_exp", "ndtri_exp(u)", "log_ndtr",
        "where(v < 0, log(mills(abs(v))), where(v >= 1, log(mills(abs(v))) - log1mexp(-u) + u, v**2/2 + u)) "
        "+ log(2*pi)/2", "where(v < 0, log(mills(abs(v))), v**2/2 + u) + log(2*pi)/2", _NEGATIVE, REALS),
    # circular, on one branch
    Row("sin", "sin(u)", "asin", "where(abs(v) < 3/4, log1msq(v)/2, log(cos(u)))", "log1msq(v)/2",
        _HALF_PI_CLOSED, _CLOSED11),
    Row("asin", "asin(u)", "sin", "-log1msq(u)/2", "where(abs(u) < 3/4, -log1msq(u)/2, -log(cos(v)))",
        _CLOSED11, _HALF_PI_CLOSED),
    Row("cos", "cos(u)", "acos", "where(abs(v) < 3/4, log1msq(v)/2, log(sin(u)))", "log1msq(v)/2",
        _HALF_TURN, _CLOSED11, -1),
    Row("acos", "acos(u)", "cos", "-log1msq(u)/2", "where(abs(u) < 3/4, -log1msq(u)/2, -log(sin(v)))",
        _CLOSED11, _HALF_TURN, -1),
    Row("versin", "versin(u)", "versin_inverse", "where(abs(v - 1) < 3/4, log1msq(v - 1)/2, log(sin(u)))",
        "where(abs(v - 1) < 3/4, log1msq(v - 1)/2, log(v)/2 + log(2 - v)/2)", _HALF_TURN, _CLOSED02),
    Row("versin_inverse", "versin_inverse(u)", "versin",
        "where(abs(u - 1) < 3/4, -log1msq(u - 1)/2, -log(u)/2 - log(2 - u)/2)",
        "where(abs(u - 1) < 3/4, -log1msq(u - 1)/2, -log(sin(v)))", _CLOSED02, _HALF_TURN),
    Row("vercos", "2*cos(u/2)**2", "vercos_inverse", "where(abs(v - 1) < 3/4, log1msq(v - 1)/2, log(sin(u)))",
        "where(abs(v - 1) < 3/4, log1msq(v - 1)/2, log(v)/2 + log(2 - v)/2)", _HALF_TURN, _CLOSED02, -1),
    Row("vercos_inverse", "where(u < 1, pi - versin_inverse(u), versin_inverse(2 - u))", "vercos",
        "where(abs(u - 1) < 3/4, -log1msq(u - 1)/2, -log(u)/2 - log(2 - u)/2)",
        "where(abs(u - 1) < 3/4, -log1msq(u - 1)/2, -log(sin(v)))", _CLOSED02, _HALF_TURN, -1),
    # the distribution function of Cauchy's law; for tiny tails 1/hypot(1, u/c) = sin(pi*v) is pi times the tail
    Row("cauchy", "cauchy(u, c)", "cauchy_inverse", "-2*loghypot1_scaled(u, c) - log(abs(c)) - log(pi)",
        "2*where(min(v, 1 - v) < 1e-20, log(min(v, 1 - v)) + log(pi), -loghypot1_scaled(u, c)) - log(abs(c)) - log(pi)",
        REALS, _P01, "c", ("c",), nonzero=("c",)),
    Row("cauchy_inverse", "cauchy_inverse(u, c)", "cauchy",
        "2*where(min(u, 1 - u) < 1e-20, -log(min(u, 1 - u)) - log(pi), loghypot1_scaled(v, c)) + log(abs(c)) + log(pi)",
        "2*loghypot1_scaled(v, c) + log(abs(c)) + log(pi)", _P01, REALS, "c", ("c",), nonzero=("c",)),
    Row("tan", "tan(u)", "atan", "2*loghypot1(v)", "2*loghypot1(v)", _HALF_PI, REALS),
    Row("atan", "atan(u)", "tan", "-2*loghypot1(u)", "-2*loghypot1(u)", REALS, _HALF_PI),
    # atan(sinh(u)), of which sinh may overflow
    Row("gudermann", "2*atan(tanh(u/2))", "gudermann_inverse", "-logcosh(u)", "-loghypot1(tan(v))", REALS, _HALF_PI,
        mirror=()),
    Row("gudermann_inverse", "asinh(tan(u))", "gudermann", "loghypot1(tan(u))", "logcosh(v)", _HALF_PI, REALS,
        mirror=()),
    # circular, on the other branches: around k pi, with s = -1 where k is odd; cos from k pi on, or up to it if s = -1.
    # log|cos| from sin where that is small, since next to 1 the cosine has no digits left
    Row("sin_branch", "sin(u)", "asin_branch", "where(abs(v) < 0.7, log1msq(v)/2, log(abs(cos(u))))",
        "log1msq(v)/2", _AROUND_K_PI_CLOSED, _CLOSED11, "s", ("s", "k")),
    Row("asin_branch", "k*pi + s*asin(u)", "sin_branch", "-log1msq(u)/2",
        "where(abs(u) < 0.7, -log1msq(u)/2, -log(abs(cos(v))))", _CLOSED11, _AROUND_K_PI_CLOSED, "s", ("s", "k")),
    Row("cos_branch", "cos(u)", "acos_branch", "where(abs(v) < 0.7, log1msq(v)/2, log(abs(sin(u))))",
        "log1msq(v)/2", _BESIDE_K_PI, _CLOSED11, "-s", ("s", "k")),
    Row("acos_branch", "k*pi + s*acos(u)", "cos_branch", "-log1msq(u)/2",
        "where(abs(u) < 0.7, -log1msq(u)/2, -log(abs(sin(v))))", _CLOSED11, _BESIDE_K_PI, "-s", ("s", "k")),
    Row("tan_branch", "tan(u)", "atan_branch", "2*loghypot1(v)", "2*loghypot1(v)", _AROUND_K_PI, REALS, 1, ("k",)),
    Row("atan_branch", "k*pi + atan(u)", "tan_branch", "-2*loghypot1(u)", "-2*loghypot1(u)", REALS, _AROUND_K_PI, 1,
        ("k",)),
    # Lambert W, principal branch, and scaled powers: see tail_forms.py
    Row("lambertw", "lambertw(u)", "xexp", "-v - log1p(v)", "-v - log1p(v)", _W_DOMAIN, _W_RANGE),
    Row("xexp", "u*exp(u)", "lambertw", "u + log1p(u)", "u + log1p(u)", _W_RANGE, _W_DOMAIN),
    Row("xexp_scaled", "u*exp(c*u)", "lambertw_scaled", tails.XEXP_U, tails.XEXP_V, tails.XEXP_DOMAIN,
        tails.XEXP_RANGE, 1, ("c",)),
    Row("lambertw_scaled", tails.XEXP_INVERSE, "xexp_scaled", tails.XEXP_INVERSE_U, tails.XEXP_INVERSE_V,
        tails.XEXP_RANGE, tails.XEXP_DOMAIN, 1, ("c",)),
    Row("heavy_tail", tails.HEAVY, "heavy_tail_inverse", tails.HEAVY_U, tails.HEAVY_V, parameters=("d",),
        mirror=("d",)),
    Row("heavy_tail_inverse", tails.LIGHT, "heavy_tail", tails.LIGHT_U, tails.LIGHT_V, parameters=("d",),
        mirror=("d",)),
    Row("heavy_tail_about", tails.HEAVY_ABOUT, "heavy_tail_about_inverse", tails.HEAVY_ABOUT_U, tails.HEAVY_ABOUT_V,
        parameters=("m", "h", "d"), nonzero=("h",), mirror=("-m", "h", "d")),
    Row("heavy_tail_about_inverse", tails.LIGHT_ABOUT, "heavy_tail_about", tails.LIGHT_ABOUT_U, tails.LIGHT_ABOUT_V,
        parameters=("m", "h", "d"), nonzero=("h",), mirror=("-m", "h", "d")),
    Row("pow_1p_scaled", tails.POWER_SCALED, "root_1p_scaled", "(c - 1)*log1p(u)", "(c - 1)*log1p_scaled(v, c)",
        Interval(-1, sp.oo), BESIDE_POLE, 1, ("c",)),
    Row("root_1p_scaled", tails.ROOT_SCALED, "pow_1p_scaled", "(1 - c)*log1p_scaled(u, c)", "(1 - c)*log1p(v)",
        BESIDE_POLE, Interval(-1, sp.oo), 1, ("c",)),
    # one side of a quadratic's or a hyperbola's vertex, where the slope has the sign of s; from v it is the root of a
    # discriminant
    Row("quadratic", "quadratic(u, a, b, c)", "quadratic_root", "quadratic_log_slope(u, a, b)",
        "-quadratic_root_log_slope(v, a, b, c)", sq.QUADRATIC_DOMAIN, sq.QUADRATIC_RANGE, "s", _ABCS),
    Row("quadratic_root", "quadratic_root(u, a, b, c, s)", "quadratic", "quadratic_root_log_slope(u, a, b, c)",
        "-quadratic_log_slope(v, a, b)", sq.QUADRATIC_RANGE, sq.QUADRATIC_DOMAIN, "s", _ABCS),
    Row("hyperbola", "hyperbola(u, a, b, c)", "hyperbola_root", "hyperbola_log_slope(u, a, b)",
        "-hyperbola_root_log_slope(v, a, b, c, s)", sq.HYPERBOLA_DOMAIN, sq.HYPERBOLA_RANGE, "s", _ABCS),
    Row("hyperbola_root", "hyperbola_root(u, a, b, c, s)", "hyperbola", "hyperbola_root_log_slope(u, a, b, c, s)",
        "-hyperbola_log_slope(v, a, b)", sq.HYPERBOLA_RANGE, sq.HYPERBOLA_DOMAIN, "s", _ABCS),
    # the same of exp(u)
    Row("exp_quadratic", "exp_quadratic(u, a, b, c)", "exp_quadratic_root", "exp_quadratic_log_slope(u, a, b)",
        "-exp_quadratic_root_log_slope(v, a, b, c, s)", sq.EXP_QUADRATIC_DOMAIN, sq.EXP_QUADRATIC_RANGE, "s", _ABCS),
    Row("exp_quadratic_root", "exp_quadratic_root(u, a, b, c, s)", "exp_quadratic",
        "exp_quadratic_root_log_slope(u, a, b, c, s)", "-exp_quadratic_log_slope(v, a, b)", sq.EXP_QUADRATIC_RANGE,
        sq.EXP_QUADRATIC_DOMAIN, "s", _ABCS),
    Row("exp_hyperbola", "exp_hyperbola(u, a, b, c)", "exp_hyperbola_root", "exp_hyperbola_log_slope(u, a, b)",
        "-exp_hyperbola_root_log_slope(v, a, b, c)", sq.EXP_HYPERBOLA_DOMAIN, sq.HYPERBOLA_RANGE, "s", _ABCS),
    Row("exp_hyperbola_root", "exp_hyperbola_root(u, a, b, c, s)", "exp_hyperbola",
        "exp_hyperbola_root_log_slope(u, a, b, c)", "-exp_hyperbola_log_slope(v, a, b)", sq.HYPERBOLA_RANGE,
        sq.EXP_HYPERBOLA_DOMAIN, "s", _ABCS),
]  # fmt: skip

# Rows that are defined at the lower end of their domain for positive exponents only.
POWERS = frozenset({"power", "pow_m1", "root_1p", "pow_1p_m1", "root_1p_m1", "pow_quotient", "root_times"})
ROWS: dict[str, Row] = {row.name: row for row in _ALL}

# A function symbol whose plain application is a row: exp(g(x)) peels off as the row "exp".
ROW_OF_FUNCTION: dict[type, str] = {sp.log: "log"} | {
    WORDS[name].build: name
    for name in ROWS
    if name in WORDS and isinstance(WORDS[name].build, type) and not ROWS[name].parameters
}
