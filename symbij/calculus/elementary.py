"""The function symbols that kernels compute, with their derivatives, for the reverse sweep and the lowering."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from symbij.calculus.row import U, V
from symbij.formula.parser import parse
from symbij.formula.vocabulary import WORDS


@dataclass(frozen=True)
class Elementary:
    """A function symbol that kernels compute: its derivative with respect to each argument, in stable form.

    Arguments are `u`, `c`, `d`, `p` and `q` in this order, the value is `v`. The kernel of the same name computes it.
    """

    name: str
    derivatives: tuple[str, ...]

    def partials(self, args: tuple[sp.Expr, ...], v: sp.Expr) -> tuple[sp.Expr, ...]:
        values = {V: v} | dict(zip(ARGUMENTS, args, strict=False))
        return tuple(derivative.xreplace(values) for derivative in self._parsed)

    @cached_property
    def _parsed(self) -> tuple[sp.Expr, ...]:
        symbols = {"v": V} | {s.name: s for s in ARGUMENTS}
        return tuple(parse(text, symbols, internal=True)[0] for text in self.derivatives)


ARGUMENTS = (U, *(sp.Symbol(name, real=True) for name in "cdpq"))

# Of soft_clip at (u, low, high, h) = (u, c, d, p): b is softplus(w)/softplus(width/h), w = width/h - softplus(t)
_CLIP = {
    "steep": "sigmoid((d - c)/p - softplus((X - c)/p))/softplus((d - c)/p)",
    "foot": "(d - Y)/(d - c)*sigmoid((d - c)/p)/softplus((d - c)/p)",
}
_CLIP_PARTIALS = [
    "(d - c)/p*{steep}*sigmoid((X - c)/p)",
    "(d - Y)/(d - c) + (d - c)/p*({steep}*sigmoid((c - X)/p) - {foot})",
    "(Y - c)/(d - c) - (d - c)/p*({steep} - {foot})",
    "-(d - c)/p*({steep}*(sigmoid((X - c)/p)*(X - c)/p - (d - c)/p) + {foot}*(d - c)/p)",
]
_CLIP_FORWARD = [t.format(**_CLIP).replace("X", "u").replace("Y", "v") for t in _CLIP_PARTIALS]
_SLOPE, *_OTHERS = (t.format(**_CLIP).replace("X", "v").replace("Y", "u") for t in _CLIP_PARTIALS)
_CLIP_INVERSE = [f"1/({_SLOPE})", *(f"-({other})/({_SLOPE})" for other in _OTHERS)]

# With t the root of c*t + d/t + p = u and z = c - d/t^2 the slope there
_T = "hyperbola_root(u, c, d, p, q)"
_HYPERBOLA_BACK = [
    text.replace("t", _T)
    for text in (
        "-2*d*exp(2*v)/t**3",
        "2*d*exp(2*v)/t**2 - 1/(c - d/t**2)",
        "2*d*exp(2*v)/t**4 + 1/(c*t**2 - d)",
        "2*d*exp(2*v)/t**3",
    )
]

# With x the root of c*exp(2x) + d*exp(x) + p = u: K is d log|slope|/dx, Z the slope over exp(x)
_WITH_ROOT = {
    "X": "exp_quadratic_root(u, c, d, p, q)",
    "K": "(1 + 2*c/(2*c + d*exp(-X)))",
    "Z": "(2*c*exp(X) + d)",
}
_EXP_QUADRATIC_BACK = [
    text.replace("K", _WITH_ROOT["K"]).replace("Z", _WITH_ROOT["Z"]).replace("X", _WITH_ROOT["X"])
    for text in ("-K*exp(-X)/Z", "(K*exp(X) - 2*exp(X))/Z", "(K - 1)/Z", "K*exp(-X)/Z")
]

ELEMENTARY: dict[str, Elementary] = {
    name: Elementary(name, tuple(derivatives))
    for name, *derivatives in [
        ("exp", "v"),
        ("log", "1/u"),
        ("expm1", "exp(u)"),
        ("log1p", "1/(1 + u)"),
        ("sqrt", "1/(2*v)"),
        ("sigmoid", "sigmoid(u)*sigmoid(-u)"),
        ("logit", "1/(u*(1 - u))"),
        ("softplus", "sigmoid(u)"),
        ("softplus_inverse", "-1/expm1(-u)"),
        ("softplus_scaled", "sigmoid(u/c)", "(v - u*sigmoid(u/c))/c"),
        ("softplus_scaled_inverse", "-1/expm1(-u/c)", "(v + u/expm1(-u/c))/c"),
        ("sigmoid_increment", "sigmoid(u + c)*sigmoid(-u - c)",
         "sigmoid(u + c)*sigmoid(-u - c) - sigmoid(c)*sigmoid(-c)"),
        ("sigmoid_increment_inverse", "1/(sigmoid(v + c)*sigmoid(-v - c))",
         "sigmoid(c)*sigmoid(-c)/(sigmoid(v + c)*sigmoid(-v - c)) - 1"),
        ("sigmoid_step", "sigmoid(u)*sigmoid(-u)/tanh(c/2)", "-tanh(u/2)/(4*sinh(c/2)**2)"),
        ("sigmoid_between", "(d - c)*sigmoid(u)*sigmoid(-u)", "sigmoid(-u)", "sigmoid(u)"),
        ("logit_between", "1/(u - c) + 1/(d - u)", "-1/(u - c)", "-1/(d - u)"),
        ("moebius", "(c*q - d*p)/(p*u + q)**2", "u/(p*u + q)", "1/(p*u + q)", "-u*v/(p*u + q)", "-v/(p*u + q)"),
        ("logit_affine", "c*sigmoid(c*logit(u) + d)*sigmoid(-c*logit(u) - d)/(u*(1 - u))",
         "logit(u)*sigmoid(c*logit(u) + d)*sigmoid(-c*logit(u) - d)",
         "sigmoid(c*logit(u) + d)*sigmoid(-c*logit(u) - d)"),
        ("logit_affine_inverse", "sigmoid((logit(u) - d)/c)*sigmoid((d - logit(u))/c)/(c*u*(1 - u))",
         "(d - logit(u))/c**2*sigmoid((logit(u) - d)/c)*sigmoid((d - logit(u))/c)",
         "-sigmoid((logit(u) - d)/c)*sigmoid((d - logit(u))/c)/c"),
        ("soft_clip", *_CLIP_FORWARD),
        ("soft_clip_inverse", *_CLIP_INVERSE),
        ("logtanhc", "2/sinh(2*u) - 1/u"),
        ("log1mexp", "1/expm1(u)"),
        ("logcosh", "tanh(u)"),
        ("loghypot1", "u/(1 + u**2)"),
        ("tanh", "1 - v**2"),
        ("atanh", "1/(1 - u**2)"),
        ("sinh", "cosh(u)"),
        ("asinh", "1/sqrt(1 + u**2)"),
        ("cosh", "sinh(u)"),
        ("acosh", "1/(sqrt(u - 1)*sqrt(u + 1))"),
        ("softsign", "(1 - abs(v))**2"),
        ("softsign_inverse", "(1 + abs(v))**2"),
        ("ndtr", "exp(-u**2/2 - log(2*pi)/2)"),
        ("ndtri", "exp(v**2/2 + log(2*pi)/2)"),
        ("log_ndtr", "where(u < 0, 1/(sqrt(2*pi)*mills(abs(u))), exp(-u**2/2 - log(2*pi)/2 - v))"),
        ("ndtri_exp", "where(v < 0, sqrt(2*pi)*mills(abs(v)), exp(u + v**2/2 + log(2*pi)/2))"),
        ("erf", "2/sqrt(pi)*exp(-u**2)"),
        ("erfc", "-2/sqrt(pi)*exp(-u**2)"),
        ("erfinv", "sqrt(pi)/2*exp(v**2)"),
        ("log1msq", "-2*u/((1 - u)*(1 + u))"),
        ("asinh_scaled", "d/(c*sqrt(1 + (u/c)**2))", "-d*u/c/(c*sqrt(1 + (u/c)**2))", "v/d"),
        ("sinh_scaled", "c/d*cosh(u/d)", "v/c", "-c*u/d/d*cosh(u/d)"),
        ("loghypot", "u/(u**2 + c**2)", "c/(u**2 + c**2)"),
        ("loghypot1_scaled", "u/c/(1 + (u/c)**2)/c", "-(u/c)**2/(1 + (u/c)**2)/c"),
        ("logcosh_inverse", "1/tanh(v)"),
        ("log1p_tanh", "2*sigmoid(-2*u)"),
        ("atanh_expm1", "1/(2 - exp(u))"),
        ("cauchy", "1/(pi*(1 + (u/c)**2))/c", "-u/c/(pi*(1 + (u/c)**2))/c"),
        ("cauchy_inverse", "pi*c*(1 + (v/c)**2)", "v/c"),
        ("versin", "sin(u)"),
        ("versin_inverse", "1/sqrt(u*(2 - u))"),
        ("mills", "u*v - 1/sqrt(2*pi)"),
        ("erfcinv", "-sqrt(pi)/2*exp(v**2)"),
        ("sin", "cos(u)"),
        ("cos", "-sin(u)"),
        ("tan", "1 + v**2"),
        ("asin", "1/sqrt((1 - u)*(1 + u))"),
        ("acos", "-1/sqrt((1 - u)*(1 + u))"),
        ("atan", "1/(1 + u**2)"),
        ("abs", "sign(u)"),
        ("sign", "0"),
        ("floor", "0"),
        ("lambertw", "exp(-v)/(1 + v)"),
        ("lambertw_times", "where(v < 1, c*exp(-v)/(1 + v), v/(u*(1 + v)))",
         "where(v < 1, u*exp(-v)/(1 + v), v/(c*(1 + v)))"),
        ("lambertw_times_square", "where(v < 1, 2*c*u*exp(-v)/(1 + v), 2*v/(u*(1 + v)))",
         "where(v < 1, u**2*exp(-v)/(1 + v), v/(c*(1 + v)))"),
        ("log1p_product", "c/(1 + c*u)", "u/(1 + c*u)"),
        ("times_square", "2*c*u", "u**2"),
        ("quadratic", "2*c*u + d", "u**2", "u", "1"),
        ("quadratic_root", "1/(2*c*v + d)", "-v**2/(2*c*v + d)", "-v/(2*c*v + d)", "-1/(2*c*v + d)", "0"),
        ("quadratic_log_slope", "2*c/(2*c*u + d)", "2*u/(2*c*u + d)", "1/(2*c*u + d)"),
        ("quadratic_root_log_slope", "-2*c*exp(2*v)", "-2*(u - p)*exp(2*v)", "-d*exp(2*v)", "2*c*exp(2*v)"),
        ("hyperbola", "c - d/u**2", "u", "1/u", "1"),
        ("hyperbola_root", "1/(c - d/v**2)", "-v/(c - d/v**2)", "-1/(v*(c - d/v**2))", "-1/(c - d/v**2)", "0"),
        ("hyperbola_log_slope", "2*d/(u*(c*u**2 - d))", "1/(c - d/u**2)", "-1/(c*u**2 - d)"),
        ("hyperbola_root_log_slope", *_HYPERBOLA_BACK, "0"),
        ("exp_quadratic", "exp(u)*(2*c*exp(u) + d)", "exp(2*u)", "exp(u)", "1"),
        ("exp_quadratic_root", "exp(-v)/(2*c*exp(v) + d)", "-1/(2*c + d*exp(-v))", "-1/(2*c*exp(v) + d)",
         "-exp(-v)/(2*c*exp(v) + d)", "0"),
        ("exp_quadratic_log_slope", "1 + 2*c/(2*c + d*exp(-u))", "2/(2*c + d*exp(-u))", "1/(2*c*exp(u) + d)"),
        ("exp_quadratic_root_log_slope", *_EXP_QUADRATIC_BACK, "0"),
        ("exp_hyperbola", "c*exp(u) - d*exp(-u)", "exp(u)", "exp(-u)", "1"),
        ("exp_hyperbola_root", "1/(c*exp(v) - d*exp(-v))", "-1/(c - d*exp(-2*v))", "-1/(c*exp(2*v) - d)",
         "-1/(c*exp(v) - d*exp(-v))", "0"),
        ("exp_hyperbola_log_slope", "1 + 2*d/(c*exp(2*u) - d)", "1/(c - d*exp(-2*u))", "-1/(c*exp(2*u) - d)"),
        ("exp_hyperbola_root_log_slope", "-(u - p)*exp(2*v)", "2*d*exp(2*v)", "2*c*exp(2*v)", "(u - p)*exp(2*v)"),
        # exp(u - v) where v is finite: both arguments may be -oo
        ("logaddexp", "where(v > -1e308, exp(u - v), 0)", "where(v > -1e308, exp(c - v), 0)"),
        ("max", "where(u >= c, 1, 0)", "where(u >= c, 0, 1)"),
        ("min", "where(u <= c, 1, 0)", "where(u <= c, 0, 1)"),
        ("pow", "c*u**(c - 1)", "v*log(u)"),
        ("powr", "c*powr(u, c - 1)", "v*log(u)"),
        ("rootr", "v/(c*u)", "-v*log(u)/c**2"),
        ("odd_root", "v/(c*u)", "-v*log(abs(u))/c**2"),
        ("pow_m1", "c*powr(u, c - 1)", "(1 + v)*log(u)"),
        ("root_1p", "v/(c*(1 + u))", "-v*log1p(u)/c**2"),
        ("pow_1p_m1", "c*(1 + v)/(1 + u)", "(1 + v)*log1p(u)"),
        ("root_1p_m1", "(1 + v)/(c*(1 + u))", "-(1 + v)*log1p(u)/c**2"),
        ("pow_quotient", "c*v/u", "v*log_quotient(u, d)", "-c*v/d"),
        ("root_times", "v/(c*u)", "-v*log(u)/c**2", "v/d"),
        ("log_1m_pow", "-c/(u*expm1(-c*log(u)))", "-log(u)/expm1(-c*log(u))"),
        ("root_1m_exp", "-v/(c*expm1(-u))", "-v*log1mexp(-u)/c**2"),
        ("complement_power", "c*d*powr(u, c - 1)*exp((d - 1)*log_1m_pow(u, c))",
         "d*powr(u, c)*log(u)*exp((d - 1)*log_1m_pow(u, c))", "(v - 1)*log_1m_pow(u, c)"),
        ("complement_root", "v/(c*d*(1 - u)*expm1(-log1p(-u)/d))", "-v*log(v)/c",
         "v*log1p(-u)/(c*d**2*expm1(-log1p(-u)/d))"),
        ("multiple", "c", "u"),
        ("log_quotient", "1/u", "-1/c"),
        ("exp_times", "v", "exp(u)"),
        ("expm1_scaled", "exp(c*u)", "where(c*u > -40, u*(u*exp_times(c*u, expm1_rest(-c*u))), 1/c**2)"),
        ("expm1_rest", "(1 + (u - 2)*v)/u"),
        ("log1p_scaled", "exp(-c*v)", "-v*(v*expm1_rest(-c*v))"),
    ]
}  # fmt: skip

# The name of the kernel that computes a sympy function.
KERNEL_NAME: dict[type, str] = {
    WORDS[name].build: name for name in ELEMENTARY if name in WORDS and isinstance(WORDS[name].build, type)
} | {sp.log: "log"}
