"""The words a formula may use, each with its number of arguments, its meaning and where it is defined.

Everything that builds an expression from user input (parser, tracer) goes through `apply`, so that the set on
which the user's words are defined is recorded before sympy simplifies them away (`exp(log(x))` needs x > 0).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from symbij.errors import FormulaSyntaxError
from symbij.formula import functions as fn
from symbij.formula.interval import NONNEGATIVE, POSITIVE, Interval
from symbij.formula.too_large import TooLarge, require_writable

MAX_INTEGER_POWER = 1000
MAX_NUMBER_DIGITS = 308  # of a numeric power: beyond that it is not a double


@dataclass(frozen=True)
class Requirement:
    """`expr` must lie in `interval` for the formula to be defined, wherever all relations `under` hold: those of the
    branch of a where() that it stands in."""

    expr: sp.Expr
    interval: Interval
    under: tuple[sp.Basic, ...] = ()


@dataclass(frozen=True)
class Word:
    """What a function name means: how to build it, with how many arguments, and where it is defined."""

    build: Callable[..., sp.Expr]
    arity: tuple[int, ...] = (1,)
    needs: Interval | None = None  # where the single argument must lie


def _where(condition: sp.Basic, yes: sp.Expr, no: sp.Expr) -> sp.Expr:
    if not isinstance(condition, sp.logic.boolalg.Boolean) or isinstance(condition, sp.Symbol):
        raise FormulaSyntaxError("the first argument of where() must be a comparison such as x > 0")
    return sp.Piecewise((yes, condition), (no, True))


def _log(u: sp.Expr, base: sp.Expr | None = None) -> sp.Expr:
    return sp.log(u) if base is None else sp.log(u) / sp.log(base)


_UNIT_CLOSED = Interval(-1, 1, False, False)
_UNIT_OPEN = Interval(-1, 1)
_PROBABILITY = Interval(0, 1)

WORDS: dict[str, Word] = {
    "exp": Word(sp.exp),
    "expm1": Word(fn.expm1),
    "log": Word(_log, (1, 2), POSITIVE),
    "log1p": Word(fn.log1p, needs=Interval(-1, sp.oo)),
    "log2": Word(lambda u: sp.log(u) / sp.log(2), needs=POSITIVE),
    "log10": Word(lambda u: sp.log(u) / sp.log(10), needs=POSITIVE),
    "sqrt": Word(sp.sqrt, needs=NONNEGATIVE),
    "square": Word(lambda u: u**2),
    "cbrt": Word(fn.cbrt),
    "abs": Word(sp.Abs),
    "sign": Word(sp.sign),
    "floor": Word(sp.floor),
    "ceil": Word(lambda u: -sp.floor(-u)),
    "frac": Word(lambda u: u - sp.floor(u)),
    "sin": Word(sp.sin),
    "cos": Word(sp.cos),
    "tan": Word(sp.tan),
    "asin": Word(sp.asin, needs=_UNIT_CLOSED),
    "acos": Word(sp.acos, needs=_UNIT_CLOSED),
    "atan": Word(sp.atan),
    "sinh": Word(sp.sinh),
    "cosh": Word(sp.cosh),
    "tanh": Word(sp.tanh),
    "asinh": Word(sp.asinh),
    "acosh": Word(sp.acosh, needs=Interval(1, sp.oo, lo_open=False)),
    "atanh": Word(sp.atanh, needs=_UNIT_OPEN),
    "sigmoid": Word(fn.sigmoid),
    "logit": Word(fn.logit, needs=_PROBABILITY),
    "softplus": Word(fn.softplus),
    "softplus_inverse": Word(fn.softplus_inverse, needs=POSITIVE),
    "softsign": Word(fn.softsign),
    "softsign_inverse": Word(fn.softsign_inverse, needs=_UNIT_OPEN),
    "log1mexp": Word(fn.log1mexp, needs=POSITIVE),
    "erf": Word(sp.erf),
    "erfc": Word(sp.erfc),
    "erfinv": Word(sp.erfinv, needs=_UNIT_OPEN),
    "ndtr": Word(fn.ndtr),
    "ndtri": Word(fn.ndtri, needs=_PROBABILITY),
    "log_ndtr": Word(fn.log_ndtr),
    "lambertw": Word(fn.lambertw, needs=Interval(-sp.exp(-1), sp.oo, lo_open=False)),
    "logaddexp": Word(fn.logaddexp, (2,)),
    "expm1_scaled": Word(fn.expm1_scaled, (2,)),
    "log1p_scaled": Word(fn.log1p_scaled, (2,)),
    "where": Word(_where, (3,)),
    "max": Word(sp.Max, (2, 3, 4)),
    "min": Word(sp.Min, (2, 3, 4)),
    "pow": Word(lambda u, p: power(u, p, []), (2,)),
}
# Those that are not words for users stand for forms that only the derivation arrives at.
INTERNAL_WORDS = frozenset(name for name in fn.OWN_FUNCTIONS if name not in WORDS)
for _name in INTERNAL_WORDS:
    WORDS[_name] = Word(fn.OWN_FUNCTIONS[_name], tuple(fn.OWN_FUNCTIONS[_name].nargs))
for _alias, _name in {
    "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "fabs": "abs", "Abs": "abs", "absolute": "abs", "maximum": "max", "minimum": "min",
    "Max": "max", "Min": "min", "expit": "sigmoid", "softplusinv": "softplus_inverse", "LambertW": "lambertw",
    "normcdf": "ndtr",
}.items():  # fmt: skip
    WORDS[_alias] = WORDS[_name]

# The sympy functions that a formula may consist of.
KNOWN_FUNCTIONS: frozenset[type] = frozenset(
    {w.build for w in WORDS.values() if isinstance(w.build, type)}
    | {sp.log, sp.floor, sp.Piecewise, sp.Max, sp.Min, sp.LambertW, fn.odd_root}
)

CONSTANTS: dict[str, sp.Expr] = {"pi": sp.pi, "e": sp.E}


def tagged(requirements: list[Requirement], start: int, condition: sp.Basic) -> None:
    """Make the requirements from `start` on hold only where `condition` does."""
    for i in range(start, len(requirements)):
        need = requirements[i]
        requirements[i] = Requirement(need.expr, need.interval, (*need.under, condition))


def apply(name: str, args: list[sp.Expr], requirements: list[Requirement]) -> sp.Expr:
    """The expression `name(*args)`; appends what it needs of its argument to `requirements`."""
    word = WORDS[name]
    if len(args) not in word.arity:
        wanted = " or ".join(map(str, word.arity))
        raise FormulaSyntaxError(f"{name}() takes {wanted} argument(s), got {len(args)}")
    if name == "pow":
        return power(args[0], args[1], requirements)
    if name == "log1p_scaled":
        requirements.append(Requirement(1 + args[1] * args[0], POSITIVE))
    if word.needs is not None:
        requirements.append(Requirement(args[0], word.needs))
    return _written(word.build(*args))


def power(base: sp.Expr, exponent: sp.Expr, requirements: list[Requirement]) -> sp.Expr:
    """`base**exponent` over the reals: integer powers anywhere, other powers where base >= 0 (or > 0)."""
    if base.is_zero and not exponent.is_positive:
        raise FormulaSyntaxError("a power of zero needs a positive exponent")
    if exponent.is_Integer:
        if abs(int(exponent)) > MAX_INTEGER_POWER:
            way_out = "" if base.is_number else "; for a base that is not negative write x**p with a parameter p"
            raise FormulaSyntaxError(
                f"the integer power {_short(exponent)} is beyond the limit of {MAX_INTEGER_POWER}{way_out}"
            )
        if base.is_Rational and abs(int(exponent)) * _digits(base) > MAX_NUMBER_DIGITS:
            raise FormulaSyntaxError(f"the power {_short(base)}**{exponent} is beyond the range of a double")
        if exponent < 0:
            requirements.append(Requirement(base, NONZERO))
    elif base.is_number and exponent.is_number and abs(float(exponent)) > MAX_INTEGER_POWER:
        raise FormulaSyntaxError(f"the power {_short(exponent)} is beyond the limit of {MAX_INTEGER_POWER}")
    elif base.is_negative:
        raise FormulaSyntaxError(
            f"the power {_short(exponent)} of a negative number is not real; use cbrt for odd roots"
        )
    elif not base.is_positive:
        requirements.append(Requirement(base, NONNEGATIVE if exponent.is_positive else POSITIVE))
    return _written(base**exponent)


def _written(value: sp.Expr) -> sp.Expr:
    try:
        if isinstance(value, sp.Expr):
            require_writable(value)
    except TooLarge:
        raise FormulaSyntaxError(f"the number {_short(value)} is beyond the range of a double") from None
    return value


def divide(numerator: sp.Expr, denominator: sp.Expr, requirements: list[Requirement]) -> sp.Expr:
    """`numerator/denominator`, whose denominator must not vanish."""
    if denominator.is_zero:
        raise FormulaSyntaxError("division by zero")
    requirements.append(Requirement(denominator, NONZERO))
    return numerator / denominator


NONZERO = Interval(sp.nan, sp.nan)  # a marker: the reals without zero, which is not one interval


def _digits(value: sp.Rational) -> int:
    return len(str(abs(value.p))) - 1 if value.q == 1 else max(len(str(abs(value.p))), len(str(value.q)))


def _short(value: sp.Expr) -> str:
    text = str(value)
    if len(text) <= 40:
        return text
    return f"{text[:8]}... ({len(text)} digits)" if value.is_Integer else f"{text[:37]}..."


def check_real(expr: sp.Expr) -> None:
    """Refuse an expression with a constant that is not a finite real double."""
    try:
        _check_real(expr)
    except ValueError as error:  # of sympy, for arguments outside the domain of a function
        raise FormulaSyntaxError(f"the formula holds a number that is not defined: {error}") from None


def _check_real(expr: sp.Expr) -> None:
    for node in sp.preorder_traversal(expr):
        if isinstance(node, sp.Expr) and node.is_extended_real is False:
            raise FormulaSyntaxError(f"the formula holds {_short(node)}, which is not a real number")
        if not (isinstance(node, sp.Expr) and node.is_number):
            continue
        _written(node)
        if node.is_finite is False or fn.expand_definitions(node).has(sp.nan, sp.zoo, sp.oo, sp.I):
            raise FormulaSyntaxError(f"the formula holds {_short(node)}, which is not a finite real number")
        if not node.is_Rational:
            size = abs(node.evalf(15))
            if not size.is_comparable:  # of a function outside of its domain
                raise FormulaSyntaxError(f"the formula holds {_short(node)}, which is not a real number")
            if not size < sys.float_info.max:
                raise FormulaSyntaxError(f"the number {_short(node)} is beyond the range of a double")
        if node.is_Rational and node != 0 and not 0 < abs(_as_double(node)) < float("inf"):
            raise FormulaSyntaxError(f"the number {_short(node)} is beyond the range of a double")


def _as_double(value: sp.Rational) -> float:
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return float("inf")
