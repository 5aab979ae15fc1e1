"""Programs run with numpy and scipy, operation by operation, where compiling each of thousands would take too long.

The arithmetic is that of the program; its functions are scipy's, or evaluated from their definitions with mpmath. So a
difference from the compiled kernel is a matter of a few roundings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import scipy.special as special
import sympy as sp

from symbij.calculus.truth import settled
from symbij.errors import SymbijError
from symbij.formula import functions as fn
from symbij.program.ir import Op, Program

Array = np.ndarray
LN2 = math.log(2.0)


class NoInterpretation(Exception):
    """A program has an operation that is not known here."""


def _extended_power(u: Array, p: Array) -> Array:
    return np.power(np.asarray(u, np.longdouble), np.asarray(p, np.longdouble)).astype(float)


def _root_of_order(u: Array, n: Array) -> Array:
    return (np.sign(u) * np.power(np.abs(u).astype(np.longdouble), 1 / np.asarray(n, np.longdouble))).astype(float)


def _softplus_inverse(u: Array) -> Array:
    return u + np.log(-np.expm1(-u))


def _softsign(u: Array) -> Array:
    return np.where(np.isinf(u), np.sign(u), u / (1 + np.abs(u)))


def _log1mexp(u: Array) -> Array:
    return np.where(u < LN2, np.log(-np.expm1(-u)), np.log1p(-np.exp(-u)))


def _logcosh(u: Array) -> Array:
    a = np.abs(u)
    return np.where(a < 1, np.log1p(2 * np.sinh(np.minimum(a, 1) / 2) ** 2), a + np.log1p(np.exp(-2 * a)) - LN2)


def _sigmoid_increment(u: Array, c: Array) -> Array:
    up = -np.expm1(-u) * special.expit(u + c) * special.expit(-c)
    down = np.expm1(u) * special.expit(-u - c) * special.expit(c)
    return np.where(u > 0, up, down)


def _log1p_tanh(u: Array) -> Array:
    return np.where(np.abs(u) < 1, np.log1p(np.tanh(u)), LN2 - np.logaddexp(0.0, -2 * u))


def _log_ndtr(u: Array) -> Array:
    """Above 0 from ndtr(-u), with the square that scipy rounds split into an exact one and a small rest."""
    coarse = np.round(np.clip(u, 0, 40) * 16) / 16
    rest = np.exp(-(u - coarse) * (u + coarse) / 2)
    tail = special.erfcx(u / math.sqrt(2.0)) / 2 * np.exp(-coarse * coarse / 2) * rest
    return np.where(u > 0, np.log1p(-tail), special.log_ndtr(u))


def _ndtri_exp(v: Array) -> Array:
    """scipy's, with two of Newton's steps far down, where it stops early: a relative error of 7e-13 at -2e5."""
    u = special.ndtri_exp(v)
    for _ in range(2):
        size = np.clip(-u, 0, 1e100)
        mills = special.erfcx(size / math.sqrt(2.0)) / 2
        residual = (np.log(mills) - v) - size * size / 2
        step = np.where((v < -30) & (v > -1e30), residual * mills * math.sqrt(2 * math.pi), 0.0)
        u = u - step
    return u


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "ne": np.not_equal,
    "select": np.where, "max": np.maximum, "min": np.minimum, "abs": np.abs, "floor": np.floor,
    "sign": lambda u: np.sign(u) + 0.0,
    "exp": np.exp, "log": np.log, "expm1": np.expm1, "log1p": np.log1p, "sqrt": np.sqrt, "cbrt": np.cbrt,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "ndtr": special.ndtr, "ndtri": special.ndtri,
    "log_ndtr": _log_ndtr, "ndtri_exp": _ndtri_exp, "erfcinv": special.erfcinv,
    "mills": lambda u: special.erfcx(u / math.sqrt(2.0)) / 2, "lgamma": special.gammaln, "digamma": special.digamma,
    "lambertw": lambda u: np.where(np.isinf(u), u, np.real(special.lambertw(u))),
    "pow": lambda u, p: np.where(p == 0, 1.0, _extended_power(u, p)), "powr": _extended_power,
    "rootr": lambda u, p: _extended_power(u, 1 / np.asarray(p, np.longdouble)), "odd_root": _root_of_order,
    "sigmoid": special.expit, "logit": special.logit, "softplus": lambda u: np.logaddexp(0.0, u),
    "softplus_inverse": _softplus_inverse, "softsign": _softsign,
    "softsign_inverse": lambda u: np.where(np.abs(u) > 1, np.nan, u / (1 - np.abs(u))),
    "softplus_scaled": lambda u, h: h * np.logaddexp(0.0, u / h),
    "softplus_scaled_inverse": lambda v, h: h * _softplus_inverse(v / h),
    "sigmoid_increment": _sigmoid_increment,
    "sigmoid_increment_inverse": lambda v, c: np.log1p(v / special.expit(c)) - np.log1p(-v / special.expit(-c)),
    "log1mexp": _log1mexp, "logcosh": _logcosh, "log1p_tanh": _log1p_tanh, "logaddexp": np.logaddexp,
    "loghypot1": lambda u: np.where(np.abs(u) > 1e150, np.log(np.abs(u)), 0.5 * np.log1p(np.square(u))),
}  # fmt: skip


def run(program: Program, x: Array, parameters: Sequence[float]) -> list[Array]:
    """The outputs of `program` at the points `x`."""
    inputs = dict(zip(program.inputs, [x, *parameters], strict=True))
    with np.errstate(all="ignore"):
        return [np.broadcast_to(v, np.shape(x)) for v in _outputs(program, inputs)]


def _outputs(program: Program, inputs: dict[str, Any]) -> list[Array]:
    made: list[Any] = []
    for op in program.ops:
        if op.name == "input":
            made.append(np.asarray(inputs[op.data], float))
        elif op.name == "const":
            made.append(np.float64(op.data))
        else:
            made.append(_operation(op, [made[i] for i in op.args]))
    return [made[i] for i in program.outputs]


def _operation(op: Op, arguments: list[Array]) -> Array:
    if op.name == "root":
        return _root(op.data.program, *arguments)
    if op.name in FUNCTIONS:
        return FUNCTIONS[op.name](*arguments)
    if op.name in fn.OWN_FUNCTIONS:
        return _from_definition(op.name, arguments)
    raise NoInterpretation(op.name)


def _from_definition(name: str, arguments: list[Array]) -> Array:
    symbols = sp.symbols(f"u:{len(arguments)}", real=True)
    expr = fn.OWN_FUNCTIONS[name].definition(*symbols)
    arrays = np.broadcast_arrays(*arguments)
    result = np.empty(arrays[0].shape)
    for index in np.ndindex(result.shape):
        values = {s.name: float(a[index]) for s, a in zip(symbols, arrays, strict=True)}
        result[index] = _defined(name, expr, values)
    return result


def _defined(name: str, expr: sp.Expr, values: dict[str, float]) -> float:
    if any(math.isnan(v) for v in values.values()):
        return math.nan
    first, *rest = values.values()
    if name == "moebius" and math.isinf(first):
        return rest[0] / rest[2]
    if math.isinf(first):  # a limit, taken far out
        values = values | {"u0": math.copysign(1e300, first)}
    try:
        return float(settled(expr, values))
    except (ArithmeticError, SymbijError, mpmath.libmp.NoConvergence):
        return math.nan


def _root(program: Program, y: Array, lo: Array, hi: Array, *parameters: Array) -> Array:
    """The u in (lo, hi) with f(u) = y by bisection over the doubles in between."""
    y, lo, hi, *parameters = np.broadcast_arrays(y, lo, hi, *parameters)  # type: ignore[assignment]

    def at(u: Array) -> list[Array]:
        names = program.inputs
        return _outputs(program, dict(zip(names, [u, *parameters], strict=True)))

    first, last = (
        ordinals(np.where(np.isinf(lo), -np.finfo(float).max, lo)),
        ordinals(np.where(np.isinf(hi), np.finfo(float).max, hi)),
    )
    slopes = np.stack([np.asarray(at(doubles(_between(first, last, k, 8)))[1] + 0 * y) for k in range(1, 8)])
    known = np.nan_to_num(np.sign(slopes), nan=0.0)
    rising = known.sum(axis=0) >= 0
    for _ in range(66):
        middle = _between(first, last, 1, 2)
        u = doubles(middle)
        value = np.asarray(at(u)[0] + 0 * y)
        below = np.where(np.isnan(value), u < 0, (value < y) == rising)
        first, last = np.where(below, middle, first), np.where(below, last, middle)
    here, beside = (np.asarray(at(doubles(end))[0] + 0 * y) for end in (last, first))
    at_lo, at_hi = np.isfinite(lo) & (first == ordinals(lo)), np.isfinite(hi) & (last == ordinals(hi))
    finite, near = np.isfinite(here) & np.isfinite(beside), np.where(np.isfinite(here), here, beside)
    # an end is not in the domain; elsewhere f may jump from what is not y
    found = finite | (np.isfinite(near) & (at_lo | at_hi | (near / y >= 0.999999)))
    inner, upper = doubles(np.where(at_hi & ~np.isfinite(here), first, last)), (y > 0) == rising
    return np.where(np.isnan(y), y, np.where(np.isinf(y), np.where(upper, hi, lo), np.where(found, inner, np.nan)))


def _between(first: Array, last: Array, k: int, n: int) -> Array:
    return first + (last // n - first // n) * k + ((last % n - first % n) * k) // n


def ordinals(value: Array) -> Array:
    """Numbers of doubles from zero to `value`."""
    bits = np.asarray(value, float).view(np.int64)
    return np.where(bits >= 0, bits, -(bits & 0x7FFF_FFFF_FFFF_FFFF))


def doubles(number: Array) -> Array:
    """Inverse of `ordinals`."""
    size = np.abs(np.asarray(number, np.int64)).view(np.float64)
    return np.where(np.asarray(number) < 0, -size, size)
