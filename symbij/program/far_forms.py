"""What functions make of values that under- or overflow, by logarithms: the tables that `lower_far` reads.

`SIZES` holds log|f(u)| of the functions that can leave the range of normal doubles, and `PASSED` the same of those that
pass such values on. `FAR` holds what functions make of an input that has left it: value and log|derivative| by its
logarithm, to leading order, which is exact there to far more digits than doubles have.

In the formulas `u` is the input of the function and `v` is log|u|.
"""

from __future__ import annotations

# log|f(u)| where it is below the normal doubles, and where it is infinite; None: it never is, or it is not known. Each
# is a main part, and an offset that sums of logarithms add last: next to 1e80 nothing would be left of it. The formulas
# are that of the main part, what an offset of log|u| is multiplied by, and what is added to it.
Log = tuple[str, str, str]
_SAME: Log = ("v", "1", "0")
_OF_EXP: Log = ("u", "0", "0")
_OF_SINH: Log = ("logcosh(u)", "0", "0")  # as its log-det, which is to cancel it, is rounded
_OF_NDTR: Log = ("-u**2/2", "0", "log(mills(abs(u)))")  # of the smaller tail, likewise
_OF_ERFC: Log = ("-u**2", "0", "log(2*mills(sqrt(2)*abs(u)))")
_OF_POWER: Log = ("p*v", "p", "0")
_OF_ODD_POWER: Log = ("n*v", "n", "0")
_OF_ROOT: Log = ("v/p", "1/p", "0")
_HALF_SQUARE: Log = ("2*v", "2", "-log(2)")
_RECIPROCAL_OF: Log = ("-v", "-1", "0")
_OF_CAUCHY: Log = ("-v", "-1", "log(abs(c)) - log(pi)")
_OF_QUOTIENT: Log = ("p*v", "p", "-p*log(s)")
_OF_PRODUCT: Log = ("v/p", "1/p", "log(s)")
_OF_EXP_TIMES: Log = ("u", "0", "log(c)")
_OF_EXP_EXP: Log = ("exp_times(u/s, a)", "0", "0")
SIZES: dict[str, tuple[Log | None, Log | None]] = {
    "exp": (_OF_EXP, _OF_EXP),
    "expm1": (None, _OF_EXP),
    "exp_times": (_OF_EXP_TIMES, _OF_EXP_TIMES),
    "exp_exp": (_OF_EXP_EXP, _OF_EXP_EXP),
    "expm1_exp": (("u/s", "0", "log(abs(a))"), _OF_EXP_EXP),
    "sigmoid": (("-softplus(-u)", "0", "0"), None),
    "softplus": (_OF_EXP, None),
    "softplus_scaled": (("u/h", "0", "log(abs(h))"), _SAME),
    "ndtr": (_OF_NDTR, None),
    "log_ndtr": (_OF_NDTR, _HALF_SQUARE),
    "erfc": (_OF_ERFC, None),
    "log_erf": (_OF_ERFC, None),
    "log_erf_inverse": (("u", "0", "log(pi)/2 - log(2)"), None),
    "log_tanh": (("-2*u", "0", "log(2)"), None),
    "log_tanh_inverse": (_OF_EXP, None),
    "cauchy": (_OF_CAUCHY, None),
    "cauchy_inverse": (None, _OF_CAUCHY),
    "sinh": (None, _OF_SINH),
    "sinh_scaled": (None, ("logcosh(u/h)", "0", "log(abs(c))")),
    "sinh_stretched": (None, ("logcosh(u/h)", "0", "log(abs(h))")),
    "cosh": (None, ("u", "0", "-log(2)")),
    "cosh_m1": (_HALF_SQUARE, ("u", "0", "-log(2)")),
    "logcosh": (_HALF_SQUARE, None),
    "xexp": (None, ("u + v", "1", "0")),
    "power": (_OF_POWER, _OF_POWER),
    "odd_power": (_OF_ODD_POWER, _OF_ODD_POWER),
    "pow_m1": (None, _OF_POWER),
    "pow_1p_m1": (None, _OF_POWER),
    "root_1p_m1": (None, _OF_ROOT),
    "pow_quotient": (_OF_QUOTIENT, _OF_QUOTIENT),
    "root_times": (_OF_PRODUCT, _OF_PRODUCT),
    "log_1m_pow": (_OF_POWER, None),
    "root_1m_exp": (_OF_ROOT, None),
    "complement_power": (("p*v", "p", "log(q)"), None),
    "complement_root": (("v/p", "1/p", "-log(q)/p"), None),
    "reciprocal": (_RECIPROCAL_OF, _RECIPROCAL_OF),
    "reciprocal_beside_pole": (_RECIPROCAL_OF, _RECIPROCAL_OF),
    "odds_against": (None, _RECIPROCAL_OF),
    "odds_against_inverse": (_RECIPROCAL_OF, None),
    "versin": (_HALF_SQUARE, None),
    "quadratic": (None, ("2*v", "2", "log(abs(a + b/u))")),
    "hyperbola": (None, ("abs(v)", "sign(v)", "where(v > 0, log(abs(a + b/u/u)), log(abs(b + a*u*u)))")),
    "exp_quadratic": (None, ("2*u", "0", "log(abs(a))")),
    "exp_hyperbola": (None, ("abs(u)", "0", "where(u > 0, log(abs(a)), log(abs(b)))")),
}

# the same of functions that pass a logarithm on, if there is one of their input
_TIMES_A: Log = ("v", "1", "log(abs(a))")
_OVER_A: Log = ("v", "1", "-log(abs(a))")
_ROOT_OF: Log = ("v/n", "1/n", "0")
PASSED: dict[str, tuple[Log | None, Log | None]] = {
    "scale": (_TIMES_A, _TIMES_A),
    "divide": (_OVER_A, _OVER_A),
    "shift": (None, _SAME),
    "odd_root": (_ROOT_OF, _ROOT_OF),
    "expm1": (_SAME, _OF_EXP),
    "sinh": (_SAME, _OF_SINH),
    "softplus": (_OF_EXP, _SAME),
    "logcosh": (_HALF_SQUARE, _SAME),
    "logcosh_inverse": (("v/2", "1/2", "log(2)/2"), _SAME),
    "asinh_scaled": (("v", "1", "log(abs(h)) - log(abs(c))"), None),
    "sinh_scaled": (("v", "1", "log(abs(c)) - log(abs(h))"), ("logcosh(u/h)", "0", "log(abs(c))")),
    "sinh_stretched": (_SAME, ("logcosh(u/h)", "0", "log(abs(h))")),
    "erf": (("v", "1", "log(2) - log(pi)/2"), None),
    "erfinv": (("v", "1", "log(pi)/2 - log(2)"), None),
    "versin_inverse": (("v/2", "1/2", "log(2)/2"), None),
    "acosh_1p": (("v/2", "1/2", "log(2)/2"), None),
    "softplus_inverse": (None, _SAME),
    "softplus_scaled_inverse": (None, _SAME),
    "xexp": (_SAME, ("u + v", "1", "0")),
    "pow_1p_m1": (("v", "1", "log(abs(p))"), _OF_POWER),
    "root_1p_m1": (("v", "1", "-log(abs(p))"), _OF_ROOT),
    **{name: (_SAME, None) for name in (
        "tanh", "atanh", "asinh", "asinh_stretched", "sin", "asin", "tan", "atan", "log1p", "softsign",
        "softsign_inverse", "softsign_power", "softsign_power_inverse", "lambertw", "log1p_tanh", "atanh_expm1",
        "gudermann", "gudermann_inverse",
    )},
}  # fmt: skip

# of an input below the normal doubles, and of an infinite one: the value (None: as it is) and log|derivative|, which is
# the second formula times v plus the third one
Far = tuple[str | None, str, str]
_POWER: Far = ("exp(p*v)", "p - 1", "log(abs(p))")
_POWER_M1: Far = ("expm1(p*v)", "p - 1", "log(abs(p))")
_LOG_OF_LOG: Far = ("s*log(v/a)", "-1", "log(abs(s)) - log(abs(v))")
_ODD_POWER: Far = (None, "n - 1", "log(n)")
_ODD_ROOT: Far = ("sign(u)*exp(v/n)", "1/n - 1", "-log(n)")
_ODD_ROOT_NEAR_ZERO: Far = ("where(1/u > 0, exp(v/n), -exp(v/n))", "1/n - 1", "-log(n)")  # a zero has a sign
_QUOTIENT: Far = ("exp(p*(v - log(s)))", "p - 1", "log(abs(p)) - p*log(s)")
_PRODUCT: Far = ("exp(v/p + log(s))", "1/p - 1", "log(s) - log(abs(p))")
_RECIPROCAL: Far = ("exp(-v)", "-2", "0")
_LOG_ROW: Far = ("v", "-1", "0")
_LOG_QUOTIENT: Far = ("v - log(c)", "-1", "0")
_ROOT_OF_TWICE: Far = ("exp((v + log(2))/2)", "-1/2", "-log(2)/2")
_SLOPE_OF_SQUARE: Far = (None, "1", "0")
# ndtri and erfcinv of their smaller tail, by ndtri_exp of its logarithm
_TAIL: Far = ("ndtri_exp(v)", "-1", "log(mills(abs(ndtri_exp(v)))) + log(2*pi)/2")
_HALF_TAIL: Far = (
    "-ndtri_exp(v - log(2))/sqrt(2)",
    "-1",
    "log(2*mills(abs(ndtri_exp(v - log(2))))) - log(2) + log(pi)/2",
)
# Lambert's w, w + log(w) = v, by two of Newton's steps from v - log(v), which is off by 1/100 at most for v > 700;
# beyond 1e25 it is v
_W = "(v - log(v))"
for _ in range(2):
    _W = f"({_W}*((1 + v - log({_W}))/(1 + {_W})))"
# where the output and the slope have one sign it is a*exp(u) that is large, elsewhere b*exp(-u)
_HYPERBOLA_ROOT = "where(u*s > 0, where(u*a > 0, v - log(abs(a)), log(abs(b)) - v), log(abs(b)) - v)"
_OF_MOEBIUS = (None, "-2", "log(abs(a*d - b*c)) - 2*log(abs(c))")
FAR: dict[str, tuple[Far | None, Far | None]] = {
    "power": (_POWER, _POWER),
    "odd_power": (_ODD_POWER, _ODD_POWER),
    "odd_root": (_ODD_ROOT_NEAR_ZERO, _ODD_ROOT),
    "pow_m1": (_POWER_M1, _POWER_M1),
    "root_1p": (None, ("exp(v/p)", "1/p - 1", "-log(abs(p))")),
    "pow_1p_m1": (None, _POWER_M1),
    "root_1p_m1": (None, ("expm1(v/p)", "1/p - 1", "-log(abs(p))")),
    "pow_quotient": (_QUOTIENT, _QUOTIENT),
    "root_times": (_PRODUCT, _PRODUCT),
    "log_1m_pow": ((None, "p - 1", "log(p)"), None),
    "root_1m_exp": (("exp(v/p)", "1/p - 1", "-log(p)"), None),
    "complement_power": (("exp(p*v + log(q))", "p - 1", "log(p) + log(q)"), None),
    "complement_root": (("exp((v - log(q))/p)", "1/p - 1", "-log(q)/p - log(p)"), None),
    "reciprocal": (_RECIPROCAL, _RECIPROCAL),
    "reciprocal_beside_pole": (
        ("where(1/u > 0, exp(-v), -exp(-v))", "-2", "0"),
        ("where(u > 0, exp(-v), -exp(-v))", "-2", "0"),
    ),
    "odds_against": (_RECIPROCAL, None),
    "odds_against_inverse": (None, _RECIPROCAL),
    **dict.fromkeys(("moebius", "moebius_inverse", "moebius_beside_pole"), (None, _OF_MOEBIUS)),
    "moebius_from_zero": (None, (None, "-2", "log(abs(a*d)) - 2*log(abs(c))")),
    "log": (_LOG_ROW, _LOG_ROW),
    "log1p": (None, _LOG_ROW),
    "log_quotient": (_LOG_QUOTIENT, _LOG_QUOTIENT),
    "log_log": (_LOG_OF_LOG, _LOG_OF_LOG),
    "log_log1p": (
        ("s*(v - log(abs(a)))", "-1", "log(abs(s))"),
        _LOG_OF_LOG,
    ),
    "cosh": (_SLOPE_OF_SQUARE, None),
    "logcosh": (_SLOPE_OF_SQUARE, None),
    "logcosh_inverse": (_ROOT_OF_TWICE, None),
    "log_tanh": (("v", "-1", "0"), None),
    "log_tanh_inverse": (("(log(2) - v)/2", "-1", "-log(2)"), None),
    "quadratic": (None, (None, "1", "log(2) + log(abs(a))")),
    "quadratic_root": (None, ("s*sign(a)*exp((v - log(abs(a)))/2)", "-1/2", "-log(2) - log(abs(a))/2")),
    "hyperbola": (("b*exp(-v)", "-2", "log(abs(b))"), (None, "0", "log(abs(a))")),
    "hyperbola_root": (
        None,
        (
            f"exp({_HYPERBOLA_ROOT})",
            "where(u*s > 0, where(u*a > 0, 0, -2), -2)",
            "where(u*s > 0, where(u*a > 0, -log(abs(a)), log(abs(b))), log(abs(b)))",
        ),
    ),
    "exp_quadratic_root": (None, ("(v - log(abs(a)))/2", "-1", "-log(2)")),
    "exp_hyperbola_root": (None, (_HYPERBOLA_ROOT, "-1", "0")),
    "asinh": (None, ("sign(u)*(v + log(2))", "-1", "0")),
    "asinh_scaled": (None, ("h*sign(c)*sign(u)*(v - log(abs(c)) + log(2))", "-1", "log(abs(h))")),
    "asinh_stretched": (None, ("abs(h)*sign(u)*(v - log(abs(h)) + log(2))", "-1", "log(abs(h))")),
    "acosh": (None, ("v + log(2)", "-1", "0")),
    "acosh_1p": (_ROOT_OF_TWICE, ("v + log(2)", "-1", "0")),
    "cosh_m1": (_SLOPE_OF_SQUARE, None),
    "softsign": (None, (None, "-2", "0")),
    "softsign_power": (None, (None, "-p - 1", "0")),
    "atan": (None, (None, "-2", "0")),
    "cauchy": (None, (None, "-2", "log(abs(c)) - log(pi)")),
    "cauchy_inverse": (("-sign(c)*exp(log(abs(c)) - log(pi) - v)", "-2", "log(abs(c)) - log(pi)"), None),
    "logit": (_LOG_ROW, None),
    "softplus_inverse": (_LOG_ROW, None),
    "softplus_scaled_inverse": (("h*(v - log(abs(h)))", "-1", "log(abs(h))"), None),
    "cos": (_SLOPE_OF_SQUARE, None),
    "versin": (_SLOPE_OF_SQUARE, None),
    "versin_inverse": (_ROOT_OF_TWICE, None),
    "vercos": (_SLOPE_OF_SQUARE, None),
    "vercos_inverse": ((None, "-1/2", "-log(2)/2"), None),
    "lambertw": (None, (f"where(v < 1e25, {_W}, v)", "-1", f"where(v < 1e25, -log1p(1/{_W}), -1/v)")),
    "ndtri": (_TAIL, None),
    "erfcinv": (_HALF_TAIL, None),
    "log_erf": (("v + log(2) - log(pi)/2", "-1", "0"), None),
    "log_erf_inverse": (_HALF_TAIL, None),
    # log(Phi(u)) = -u^2/2 far down; from a value next to 0 u is that of the other tail
    "log_ndtr": (None, (None, "where(u < 0, 1, -exp(v))", "0")),
    "ndtri_exp": (
        ("-ndtri_exp(v)", "-1", "log(mills(abs(ndtri_exp(v)))) + log(2*pi)/2"),
        ("-exp((v + log(2))/2)", "-1/2", "-log(2)/2"),
    ),
}
