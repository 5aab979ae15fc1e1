"""The function symbols that sympy lacks, each with its mathematical definition.

A symbol stays unevaluated (`log1p(x)` is never rewritten as `log(1 + x)`), because numerical stability lives in the
choice of the symbol. `definition` gives the meaning in plain elementary functions: it serves sympy's
differentiation and, evaluated at raised precision, is the truth that accuracy is measured against.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import sympy as sp

from symbij.formula.too_large import is_writable

HALF = sp.Rational(1, 2)
_FEWEST_BITS = 100  # in the two that sympy asks for, an argument next to the end of a domain lies beyond it


class SymbijFunction(sp.Function):
    """A real function of real arguments that keeps its name through every symbolic manipulation."""

    definition: Callable[..., sp.Expr]
    latex_name: str = ""
    range_sign: int = 0  # +1 if every value is positive, -1 if every value is negative
    sign_follows_argument = False  # whether f(u) has the sign of u

    @classmethod
    def eval(cls, *args: sp.Expr) -> sp.Expr | None:
        if len(args) == 1 and args[0].is_zero:
            return cls.definition(sp.Integer(0)) if cls.value_at_zero is None else cls.value_at_zero
        if len(args) == 1 and args[0].is_Rational and cls.definition(args[0]) == 0:
            return sp.S.Zero
        return None

    value_at_zero: sp.Expr | None = None

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(a.is_extended_real for a in self.args) else None

    def _eval_is_positive(self) -> bool | None:
        if self.range_sign:
            return self.range_sign > 0
        return self.args[0].is_positive if self.sign_follows_argument else None

    def _eval_is_negative(self) -> bool | None:
        if self.range_sign:
            return self.range_sign < 0
        return self.args[0].is_negative if self.sign_follows_argument else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        dummies = sp.symbols(f"d:{len(self.args)}", real=True)
        derivative = type(self).definition(*dummies).diff(dummies[argindex - 1])
        return derivative.subs(dict(zip(dummies, self.args, strict=True)), simultaneous=True)

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        if not self.free_symbols and not is_writable(self):
            return None
        try:
            for bits in (max(prec, _FEWEST_BITS), 8 * prec + 200, 8 * prec + 2000):
                value = _by_definition(self, -(-bits // _FEWEST_BITS) * _FEWEST_BITS)
                if value is None or (value != 0 and value.is_real is not False):
                    return value
        except (MemoryError, OverflowError):  # an exponential of an exponential: too large to be written down
            return None
        except ValueError:  # of mpmath, outside the domain
            return sp.nan
        return None  # log(1 + u) of a u that is lost beside 1: sympy would take a zero for the truth

    def _latex(self, printer: object, exp: str | None = None) -> str:
        name = self.latex_name or r"\operatorname{" + type(self).__name__.replace("_", r"\_") + "}"
        inner = ", ".join(printer._print(a) for a in self.args)  # type: ignore[attr-defined]
        power = f"^{{{exp}}}" if exp else ""
        return rf"{name}{power}\left({inner}\right)"


@functools.lru_cache(maxsize=4096)
def _by_definition(expr: SymbijFunction, bits: int) -> sp.Expr | None:
    """The value of a function, kept: sympy asks for that of an argument several times, for those of its arguments
    several times as often, and so on."""
    return type(expr).definition(*expr.args)._eval_evalf(bits)


def _declare(
    name: str,
    definition: Callable[..., sp.Expr],
    *,
    nargs: int = 1,
    at_zero: sp.Expr | int | None = None,
    latex: str = "",
    range_sign: int = 0,
    odd_sign: bool = False,
) -> type[SymbijFunction]:
    body = {
        "nargs": nargs,
        "definition": staticmethod(definition),
        "latex_name": latex,
        "range_sign": range_sign,
        "sign_follows_argument": odd_sign,
        "value_at_zero": None if at_zero is None else sp.sympify(at_zero),
        "__doc__": f"The function symbol `{name}`.",
        "__module__": __name__,
    }
    return type(name, (SymbijFunction,), body)


def _logistic(u: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-u))


expm1 = _declare("expm1", lambda u: sp.exp(u) - 1, at_zero=0, odd_sign=True)
log1p = _declare("log1p", lambda u: sp.log(1 + u), at_zero=0, odd_sign=True)
sigmoid = _declare("sigmoid", lambda u: 1 / (1 + sp.exp(-u)), at_zero=HALF, latex=r"\sigma", range_sign=1)
logit = _declare("logit", lambda u: sp.log(u / (1 - u)), at_zero=-sp.oo)
softplus = _declare("softplus", lambda u: sp.log(1 + sp.exp(u)), range_sign=1)
softplus_inverse = _declare("softplus_inverse", lambda u: sp.log(sp.exp(u) - 1), at_zero=-sp.oo)
softsign = _declare("softsign", lambda u: u / (1 + sp.Abs(u)), at_zero=0, odd_sign=True)
softsign_inverse = _declare("softsign_inverse", lambda u: u / (1 - sp.Abs(u)), at_zero=0)
log1mexp = _declare("log1mexp", lambda u: sp.log(1 - sp.exp(-u)), at_zero=-sp.oo)
logcosh = _declare("logcosh", lambda u: sp.log(sp.cosh(u)), at_zero=0)
loghypot1 = _declare("loghypot1", lambda u: sp.log(1 + u**2) / 2, at_zero=0)
ndtr = _declare("ndtr", lambda u: sp.erfc(-u / sp.sqrt(2)) / 2, at_zero=HALF, latex=r"\Phi", range_sign=1)
ndtri = _declare("ndtri", lambda u: sp.sqrt(2) * sp.erfinv(2 * u - 1), at_zero=-sp.oo, latex=r"\Phi^{-1}")
log_ndtr = _declare("log_ndtr", lambda u: sp.log(sp.erfc(-u / sp.sqrt(2)) / 2), range_sign=-1)
ndtri_exp = _declare("ndtri_exp", lambda v: sp.sqrt(2) * sp.erfinv(2 * sp.exp(v) - 1))
logaddexp = _declare("logaddexp", lambda a, b: sp.log(sp.exp(a) + sp.exp(b)), nargs=2)
lambertw = _declare("lambertw", lambda u: sp.LambertW(u), at_zero=0, latex="W", odd_sign=True)
lambertw_times = _declare("lambertw_times", lambda u, c: sp.LambertW(c * u), nargs=2)
lambertw_times_square = _declare("lambertw_times_square", lambda u, d: sp.LambertW(d * u**2), nargs=2)
log1p_product = _declare("log1p_product", lambda u, c: sp.log(1 + c * u), nargs=2)
times_square = _declare("times_square", lambda u, d: d * u**2, nargs=2)
quadratic = _declare("quadratic", lambda u, a, b, c: a * u**2 + b * u + c, nargs=4)
quadratic_root = _declare(
    "quadratic_root", lambda v, a, b, c, s: (sp.sign(s) * sp.sqrt(b**2 + 4 * a * (v - c)) - b) / (2 * a), nargs=5
)
quadratic_log_slope = _declare("quadratic_log_slope", lambda u, a, b: sp.log(sp.Abs(2 * a * u + b)), nargs=3)
quadratic_root_log_slope = _declare(
    "quadratic_root_log_slope", lambda v, a, b, c: -sp.log(b**2 + 4 * a * (v - c)) / 2, nargs=4
)
exp_quadratic = _declare("exp_quadratic", lambda u, a, b, c: a * sp.exp(2 * u) + b * sp.exp(u) + c, nargs=4)
exp_quadratic_root = _declare(
    "exp_quadratic_root", lambda v, a, b, c, s: sp.log(quadratic_root.definition(v, a, b, c, s)), nargs=5
)
exp_quadratic_log_slope = _declare(
    "exp_quadratic_log_slope", lambda u, a, b: u + sp.log(sp.Abs(2 * a * sp.exp(u) + b)), nargs=3
)
exp_quadratic_root_log_slope = _declare(
    "exp_quadratic_root_log_slope",
    lambda v, a, b, c, s: -sp.log(b**2 + 4 * a * (v - c)) / 2 - exp_quadratic_root.definition(v, a, b, c, s),
    nargs=5,
)
hyperbola = _declare("hyperbola", lambda u, a, b, c: a * u + b / u + c, nargs=4)
hyperbola_root = _declare(
    "hyperbola_root", lambda v, a, b, c, s: (v - c + sp.sign(s) * sp.sqrt((v - c) ** 2 - 4 * a * b)) / (2 * a), nargs=5
)
hyperbola_log_slope = _declare("hyperbola_log_slope", lambda u, a, b: sp.log(sp.Abs(a - b / u**2)), nargs=3)
hyperbola_root_log_slope = _declare(
    "hyperbola_root_log_slope",
    lambda v, a, b, c, s: -sp.log(sp.Abs(a - b / hyperbola_root.definition(v, a, b, c, s) ** 2)),
    nargs=5,
)
exp_hyperbola = _declare("exp_hyperbola", lambda u, a, b, c: a * sp.exp(u) + b * sp.exp(-u) + c, nargs=4)
exp_hyperbola_root = _declare(
    "exp_hyperbola_root", lambda v, a, b, c, s: sp.log(hyperbola_root.definition(v, a, b, c, s)), nargs=5
)
exp_hyperbola_log_slope = _declare(
    "exp_hyperbola_log_slope", lambda u, a, b: sp.log(sp.Abs(a * sp.exp(u) - b * sp.exp(-u))), nargs=3
)
exp_hyperbola_root_log_slope = _declare(
    "exp_hyperbola_root_log_slope", lambda v, a, b, c: -sp.log((v - c) ** 2 - 4 * a * b) / 2, nargs=4
)
sigmoid_increment = _declare("sigmoid_increment", lambda u, s: _logistic(u + s) - _logistic(s), nargs=2, odd_sign=True)
sigmoid_increment_inverse = _declare(
    "sigmoid_increment_inverse",
    lambda v, s: sp.log((v + _logistic(s)) / (_logistic(-s) - v)) - s,
    nargs=2,
)


sigmoid_step = _declare(
    "sigmoid_step",
    lambda u, s: (
        sp.tanh(u / 2) / (2 * sp.tanh(s / 2)) - sp.Piecewise((0, sp.Abs(u) < sp.log(2)), (sp.sign(u * s) / 2, True))
    ),
    nargs=2,
)
powr = _declare("powr", lambda u, p: u**p, nargs=2, range_sign=1)
rootr = _declare("rootr", lambda u, p: u ** (1 / p), nargs=2, range_sign=1)
softplus_scaled = _declare("softplus_scaled", lambda u, h: h * sp.log(1 + sp.exp(u / h)), nargs=2)
softplus_scaled_inverse = _declare("softplus_scaled_inverse", lambda v, h: h * sp.log(sp.exp(v / h) - 1), nargs=2)
sigmoid_between = _declare("sigmoid_between", lambda u, low, high: low * _logistic(-u) + high * _logistic(u), nargs=3)
logit_between = _declare("logit_between", lambda v, low, high: sp.log((v - low) / (high - v)), nargs=3)
log1msq = _declare("log1msq", lambda u: sp.log(1 - u**2), at_zero=0)
asinh_scaled = _declare("asinh_scaled", lambda u, c, h: h * sp.asinh(u / c), nargs=3)
sinh_scaled = _declare("sinh_scaled", lambda u, c, h: c * sp.sinh(u / h), nargs=3)
loghypot = _declare("loghypot", lambda u, c: sp.log(u**2 + c**2) / 2, nargs=2)
loghypot1_scaled = _declare("loghypot1_scaled", lambda u, c: sp.log(1 + (u / c) ** 2) / 2, nargs=2)
logcosh_inverse = _declare("logcosh_inverse", lambda v: sp.log(sp.exp(v) + sp.sqrt(sp.exp(2 * v) - 1)), at_zero=0)
log1p_tanh = _declare("log1p_tanh", lambda u: sp.log(2 / (1 + sp.exp(-2 * u))), at_zero=0, odd_sign=True)
atanh_expm1 = _declare("atanh_expm1", lambda v: sp.log(sp.exp(v) / (2 - sp.exp(v))) / 2, at_zero=0, odd_sign=True)
cauchy = _declare("cauchy", lambda u, c: HALF + sp.atan(u / c) / sp.pi, nargs=2, range_sign=1)
cauchy_inverse = _declare("cauchy_inverse", lambda v, c: -c * sp.cos(sp.pi * v) / sp.sin(sp.pi * v), nargs=2)
versin = _declare("versin", lambda u: 2 * sp.sin(u / 2) ** 2, at_zero=0)
versin_inverse = _declare("versin_inverse", lambda v: 2 * sp.asin(sp.sqrt(v / 2)), at_zero=0)
mills = _declare("mills", lambda u: sp.exp(u**2 / 2) * sp.erfc(u / sp.sqrt(2)) / 2, at_zero=HALF, range_sign=1)
logit_affine = _declare("logit_affine", lambda u, a, b: 1 / (1 + sp.exp(-a * sp.log(u / (1 - u)) - b)), nargs=3)
logit_affine_inverse = _declare(
    "logit_affine_inverse", lambda v, a, b: 1 / (1 + sp.exp((b - sp.log(v / (1 - v))) / a)), nargs=3
)
erfcinv = _declare("erfcinv", lambda v: sp.erfinv(1 - v), at_zero=sp.oo)
logtanhc = _declare("logtanhc", lambda u: sp.log(sp.tanh(u) / u), at_zero=0)


# Powers: of nonnegative numbers, and of sums and differences with 1 that a rounded power would lose
pow_m1 = _declare("pow_m1", lambda u, p: u**p - 1, nargs=2)
root_1p = _declare("root_1p", lambda u, p: (1 + u) ** (1 / p), nargs=2, range_sign=1)
pow_1p_m1 = _declare("pow_1p_m1", lambda u, p: (1 + u) ** p - 1, nargs=2)
root_1p_m1 = _declare("root_1p_m1", lambda u, p: (1 + u) ** (1 / p) - 1, nargs=2)
pow_quotient = _declare("pow_quotient", lambda u, p, s: (u / s) ** p, nargs=3, range_sign=1)
root_times = _declare("root_times", lambda u, p, s: s * u ** (1 / p), nargs=3, range_sign=1)
log_1m_pow = _declare("log_1m_pow", lambda u, p: sp.log(1 - u**p), nargs=2, range_sign=-1)
root_1m_exp = _declare("root_1m_exp", lambda u, p: (1 - sp.exp(u)) ** (1 / p), nargs=2, range_sign=1)
complement_power = _declare("complement_power", lambda u, p, q: 1 - (1 - u**p) ** q, nargs=3, range_sign=1)
complement_root = _declare(
    "complement_root", lambda u, p, q: (1 - (1 - u) ** (1 / q)) ** (1 / p), nargs=3, range_sign=1
)
log_quotient = _declare("log_quotient", lambda u, c: sp.log(u / c), nargs=2)
expm1_rest = _declare(
    "expm1_rest",
    lambda u: sp.Piecewise(((sp.exp(u) - 1 - u) / u**2, sp.Ne(u, 0)), (HALF, True)),
    at_zero=HALF,
    range_sign=1,
)


class exp_times(SymbijFunction):
    """c*exp(u)."""

    nargs = 2
    definition = staticmethod(lambda u, c: c * sp.exp(u))

    @classmethod
    def eval(cls, u: sp.Expr, c: sp.Expr) -> sp.Expr | None:
        return c * sp.exp(u) if c in (1, -1) else None


class multiple(SymbijFunction):
    """c*u, which is 0 for c = 0 also where u is infinite."""

    nargs = 2
    definition = staticmethod(lambda u, c: c * u)

    @classmethod
    def eval(cls, u: sp.Expr, c: sp.Expr) -> sp.Expr | None:
        return c * u if c.is_number else None


class _Continued(SymbijFunction):
    """A quotient of a function of c*u by c, which is u at c = 0: the limit, so that it is continuous there."""

    nargs = 2
    sign_follows_argument = True

    @classmethod
    def eval(cls, u: sp.Expr, c: sp.Expr) -> sp.Expr | None:
        return u if c.is_zero or u.is_zero else None


class expm1_scaled(_Continued):
    """(exp(c*u) - 1)/c, and u at c = 0."""

    definition = staticmethod(lambda u, c: sp.Piecewise(((sp.exp(c * u) - 1) / c, sp.Ne(c, 0)), (u, True)))


class log1p_scaled(_Continued):
    """log(1 + c*u)/c, and u at c = 0."""

    definition = staticmethod(lambda u, c: sp.Piecewise((sp.log(1 + c * u) / c, sp.Ne(c, 0)), (u, True)))


def _soft_clip(u: sp.Expr, low: sp.Expr, high: sp.Expr, h: sp.Expr) -> sp.Expr:
    def soft(t: sp.Expr) -> sp.Expr:
        return h * sp.log(1 + sp.exp(t / h))

    return high - (high - low) * soft(high - low - soft(u - low)) / soft(high - low)


def _soft_clip_inverse(v: sp.Expr, low: sp.Expr, high: sp.Expr, h: sp.Expr) -> sp.Expr:
    c = (high - low) / h
    fall = sp.exp((high - v) / (high - low) * sp.log(1 + sp.exp(c))) - 1
    return low + h * sp.log(sp.exp(c) / fall - 1)


soft_clip = _declare("soft_clip", _soft_clip, nargs=4)
soft_clip_inverse = _declare("soft_clip_inverse", _soft_clip_inverse, nargs=4)


class odd_root(SymbijFunction):
    """The real root of odd order n: `sign(u)*abs(u)**(1/n)`."""

    nargs = 2
    sign_follows_argument = True
    definition = staticmethod(lambda u, n: sp.sign(u) * sp.Abs(u) ** (1 / n))

    @classmethod
    def eval(cls, u: sp.Expr, n: sp.Expr) -> sp.Expr | None:
        if u.is_zero:
            return sp.Integer(0)
        if u.is_Rational and n.is_Integer:
            root = sp.Abs(u) ** (1 / n)
            return sp.sign(u) * root if root.is_Rational else None
        return None

    def _sympystr(self, printer: object) -> str:
        u, n = self.args
        inner = printer._print(u)  # type: ignore[attr-defined]
        return f"cbrt({inner})" if n == 3 else f"odd_root({inner}, {n})"

    def _latex(self, printer: object, exp: str | None = None) -> str:
        u, n = (printer._print(a) for a in self.args)  # type: ignore[attr-defined]
        root = rf"\sqrt[{n}]{{{u}}}"
        return root if exp is None else rf"\left({root}\right)^{{{exp}}}"


class moebius(SymbijFunction):
    """(a*u + b)/(c*u + d), and its limit a/c at infinite u."""

    nargs = 5
    definition = staticmethod(lambda u, a, b, c, d: (a * u + b) / (c * u + d))

    @classmethod
    def eval(cls, *args: sp.Expr) -> sp.Expr | None:
        return cls.definition(*args) if all(a.is_Rational for a in args) else None

    def _sympystr(self, printer: object) -> str:
        return printer._print(type(self).definition(*self.args))  # type: ignore[attr-defined]

    def _latex(self, printer: object, exp: str | None = None) -> str:
        text = printer._print(type(self).definition(*self.args))  # type: ignore[attr-defined]
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def cbrt(u: sp.Expr) -> sp.Expr:
    """The real cube root, of either sign."""
    return odd_root(u, sp.Integer(3))


OWN_FUNCTIONS: dict[str, type[SymbijFunction]] = {
    cls.__name__: cls
    for cls in (
        expm1, log1p, sigmoid, logit, softplus, softplus_inverse, softsign, softsign_inverse, log1mexp, logcosh,
        loghypot1, ndtr, ndtri, log_ndtr, ndtri_exp, logaddexp, lambertw, sigmoid_increment,
        sigmoid_increment_inverse, sigmoid_step, softplus_scaled, softplus_scaled_inverse, sigmoid_between,
        logit_between, logtanhc, odd_root, moebius, powr, rootr, pow_m1, root_1p, pow_1p_m1, root_1p_m1, pow_quotient,
        root_times, log_1m_pow, root_1m_exp,
        complement_power, complement_root, multiple, log_quotient, exp_times, expm1_rest, expm1_scaled, log1p_scaled,
        log1msq, asinh_scaled, sinh_scaled, loghypot1_scaled, loghypot, logcosh_inverse, log1p_tanh, atanh_expm1,
        cauchy, cauchy_inverse, versin, versin_inverse, mills, erfcinv, logit_affine, logit_affine_inverse, soft_clip,
        soft_clip_inverse, lambertw_times, lambertw_times_square, log1p_product, times_square,
        quadratic, quadratic_root, quadratic_log_slope, quadratic_root_log_slope, hyperbola, hyperbola_root,
        hyperbola_log_slope, hyperbola_root_log_slope, exp_quadratic, exp_quadratic_root, exp_quadratic_log_slope,
        exp_quadratic_root_log_slope, exp_hyperbola, exp_hyperbola_root, exp_hyperbola_log_slope,
        exp_hyperbola_root_log_slope,
    )
}  # fmt: skip


def expand_definitions(expr: sp.Expr) -> sp.Expr:
    """`expr` with every function symbol of this module replaced by its definition."""
    return expr.replace(lambda node: isinstance(node, SymbijFunction), lambda node: type(node).definition(*node.args))


# Functions whose definitions read better than their names: they exist for what a kernel can do about rounding.
_WRITTEN_OUT = (
    multiple, log_quotient, exp_times, powr, rootr, pow_m1, root_1p, pow_1p_m1, root_1p_m1, pow_quotient, root_times,
    log_1m_pow, root_1m_exp, complement_power, complement_root, moebius,
    quadratic, quadratic_root, quadratic_log_slope, quadratic_root_log_slope, hyperbola, hyperbola_root,
    hyperbola_log_slope, hyperbola_root_log_slope, exp_quadratic, exp_quadratic_root, exp_quadratic_log_slope,
    exp_quadratic_root_log_slope, exp_hyperbola, exp_hyperbola_root, exp_hyperbola_log_slope,
    exp_hyperbola_root_log_slope,
)  # fmt: skip


def written_out(expr: sp.Expr) -> sp.Expr:
    """`expr` for reading: functions of rounding replaced by their definitions."""
    return expr.replace(lambda node: isinstance(node, _WRITTEN_OUT), lambda node: type(node).definition(*node.args))
