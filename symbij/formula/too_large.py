"""Numbers too large to be written down: exp(exp(exp(exp(9)))) is a short formula, and its value takes for ever.

sympy asks for the value of any number whose sign it wants to know, and mpmath's exponential needs as many digits as its
argument has before the point. So what builds a number from given ones asks here first.
"""

from __future__ import annotations

import functools

import mpmath
import sympy as sp
from mpmath import mpf

MOST_BITS_OF_EXPONENT = 2**16  # an exponential takes milliseconds of that many, and minutes of a few million
MOST_BITS_OF_INTEGER = 2**20
DEEPEST = 10  # powers in exponents of powers: sympy's time for the value doubles with each
_BITS = 60


class TooLarge(OverflowError):
    """A number, or a number that it is made of, is too large, too close to zero, or nested too deeply."""


def require_writable(expr: sp.Expr) -> None:
    """Raise `TooLarge` for a number that cannot be written down; expressions with symbols are let pass."""
    if expr.is_Atom or expr.free_symbols:
        return
    if not is_writable(expr):
        raise TooLarge("a number")


def require_writable_power(base: sp.Expr, exponent: sp.Expr) -> None:
    """Raise `TooLarge` if a power of numbers cannot be written down; sympy writes one of a rational number down as soon
    as it is asked for it."""
    if base.is_Rational and exponent.is_Rational and abs(int(exponent)) * _length(base) > MOST_BITS_OF_INTEGER:
        raise TooLarge("a power")


def require_writable_exponential(u: sp.Expr) -> None:
    """Raise `TooLarge` if exp(u) is a power of a rational number that cannot be written down, as exp(n*log(2)) is."""
    for term in sp.Add.make_args(u):
        for factor in sp.Mul.make_args(term):
            if isinstance(factor, sp.log):
                require_writable_power(factor.args[0], term / factor)


def powers_in_powers(expr: sp.Basic) -> int:
    """How deep powers that are not rational stand in one another."""
    inner = max(map(powers_in_powers, expr.args), default=0)
    return inner + (isinstance(expr, sp.exp) or (isinstance(expr, sp.Pow) and not expr.exp.is_Rational))


def _length(value: sp.Rational) -> int:
    """How many bits one factor adds to a power of `value`."""
    return 0 if abs(value) == 1 else max(int(value.p).bit_length(), int(value.q).bit_length())


@functools.lru_cache(maxsize=4096)
def is_writable(expr: sp.Expr) -> bool:
    """Whether a number can be written down, with all that it is made of."""
    if powers_in_powers(expr) > DEEPEST:
        return False
    try:
        with mpmath.workprec(_BITS):
            _roughly(expr, {})
    except TooLarge:
        return False
    except (ArithmeticError, ValueError, TypeError, MemoryError, RecursionError, mpmath.libmp.NoConvergence):
        return True  # not a number at all, which is for others to find
    return True


def _roughly(expr: sp.Expr, known: dict[sp.Expr, mpf]) -> mpf:
    """About the value of a number. Raises `TooLarge` at the first number inside it that cannot be written down."""
    if expr in known:
        return known[expr]
    if expr.is_Rational:
        value = mpf(int(expr.p)) / int(expr.q)
    elif isinstance(expr, sp.NumberSymbol):
        value = expr._to_mpmath(_BITS)
    elif isinstance(expr, sp.Float):
        value = mpf(expr)
    elif isinstance(expr, sp.Add):
        value = mpmath.fsum(_roughly(a, known) for a in expr.args)
    elif isinstance(expr, sp.Mul):
        value = mpmath.fprod([_roughly(a, known) for a in expr.args])
    elif isinstance(expr, sp.exp):
        value = mpmath.exp(_small_enough(_roughly(expr.exp, known)))
    elif isinstance(expr, sp.Pow):
        value = _power(expr, known)
    else:
        value = _function(expr, [_roughly(a, known) for a in expr.args if isinstance(a, sp.Expr)])
    known[expr] = value
    return value


def _power(expr: sp.Pow, known: dict[sp.Expr, mpf]) -> mpf:
    base, exponent = (_roughly(a, known) for a in expr.args)
    if base == 0:
        return mpf(0) if exponent > 0 else mpf("inf")
    size = mpmath.exp(_small_enough(exponent * mpmath.log(abs(base))))
    return -size if base < 0 and exponent == int(exponent) and int(exponent) % 2 else size


def _function(expr: sp.Expr, args: list[mpf]) -> mpf:
    if len(args) != 1:
        definition = getattr(expr, "definition", None)
        return _defined(type(expr), args) if definition else max(args, key=abs, default=mpf(1))
    u = args[0]
    if isinstance(expr, (sp.sinh, sp.cosh)):
        return getattr(mpmath, expr.func.__name__)(_small_enough(u))
    if isinstance(expr, sp.log):
        return mpmath.log(abs(u)) if u else mpf("-inf")
    if isinstance(expr, sp.Abs):
        return abs(u)
    if isinstance(expr, sp.erfc) and abs(u) < mpf(2) ** (MOST_BITS_OF_EXPONENT // 2 - 1):
        return mpmath.exp(-u * u) if u > 0 else mpf(2)
    if isinstance(expr, sp.floor) and abs(u) > mpf(2) ** MOST_BITS_OF_INTEGER:
        raise TooLarge("the digits of a whole number")
    if type(expr).__name__ in ("ndtr", "log_ndtr"):  # which sympy defines by what is left of 1
        tail = mpmath.erfc(-u / mpmath.sqrt(2)) / 2
        return tail if type(expr).__name__ == "ndtr" else mpmath.log(tail)
    if hasattr(expr, "definition"):
        return _defined(type(expr), args)
    return u if abs(u) > 1 else mpf(1)  # of the other functions none grows faster


def _defined(kind: type, args: list[mpf]) -> mpf:
    definition, arguments = _definition(kind, len(args))
    return _roughly(definition, dict(zip(arguments, args, strict=True)))


@functools.cache
def _definition(kind: type, count: int) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    arguments = tuple(sp.Dummy(real=True) for _ in range(count))
    return kind.definition(*arguments), arguments  # type: ignore[attr-defined]


def _small_enough(u: mpf) -> mpf:
    """An argument of an exponential, which may be infinite: so is what comes of it then, and takes no digits."""
    if mpmath.isfinite(u) and mpmath.mag(u) > MOST_BITS_OF_EXPONENT:
        raise TooLarge("the argument of an exponential")
    return u
