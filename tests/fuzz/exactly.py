"""Programs run at raised precision: tells an answer that lost its digits from one that is wrong in principle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.calculus.truth import evaluate
from symbij.formula import functions as fn
from symbij.program.ir import Op, Program
from tests.fuzz.interpret import doubles, ordinals
from tests.fuzz.points import doubles_between
from tests.fuzz.words import WORDS, exp

_PRECISIONS = (2600, 4600)
_FAR = mpf(2) ** 70  # beyond which these functions are at their limits
_LIMITS: dict[str, tuple[mpf, mpf]] = {
    name: (mpf(below), mpf(above))
    for name, below, above in [
        ("exp", 0, "inf"), ("expm1", -1, "inf"), ("tanh", -1, 1), ("sigmoid", 0, 1), ("erf", -1, 1), ("erfc", 2, 0),
        ("ndtr", 0, 1), ("sinh", "-inf", "inf"), ("cosh", "inf", "inf"),
    ]
}  # fmt: skip

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "neg": lambda a: -a,
    "div": lambda a, b: a / b if b else mpf("inf") * a, "select": lambda c, a, b: a if c else b,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "ne": lambda a, b: a != b, "max": max, "min": min, "abs": abs, "sign": mpmath.sign, "floor": mpmath.floor,
    "pow": lambda u, p: u**p, "powr": lambda u, p: u**p if u else u, "rootr": lambda u, p: u ** (1 / p) if u else u,
    "odd_root": lambda u, n: mpmath.sign(u) * abs(u) ** (1 / n) if u else u, "logcosh": lambda u: mpmath.log(
        (exp(u) + exp(-u)) / 2), "loghypot1": lambda u: mpmath.log(1 + u * u) / 2,
    "mills": lambda u: exp(u * u / 2) * WORDS["ndtr"].value(-u), "ndtri_exp": lambda v: WORDS["ndtri"].value(exp(v)),
    "logaddexp": lambda a, b: max(a, b) + mpmath.log1p(exp(-abs(a - b))),
}  # fmt: skip


def run_exactly(program: Program, x: float, parameters: Sequence[float]) -> mpf | None:
    """The only output of `program` at x, computed with some thousand bits; None where that does not give a number."""
    for precision in _PRECISIONS:
        with mpmath.workprec(precision):
            inputs = dict(zip(program.inputs, map(mpf, [x, *parameters]), strict=True))
            try:
                (found,) = _outputs(program, inputs)
            except (ArithmeticError, ValueError, TypeError, KeyError, MemoryError, mpmath.libmp.NoConvergence):
                continue
            if mpmath.isfinite(found):
                return found
    return None


def _outputs(program: Program, inputs: dict[str, mpf]) -> list[Any]:
    made: list[Any] = []
    for op in program.ops:
        if op.name == "input":
            made.append(inputs[op.data])
        elif op.name == "const":
            made.append(mpf(op.data))
        else:
            made.append(_operation(op, [made[i] for i in op.args]))
    return [made[i] for i in program.outputs]


def _operation(op: Op, a: list[Any]) -> Any:
    if op.name == "root":
        return _root(op.data.program, *a)
    if op.name in _LIMITS and abs(a[0]) > _FAR:
        return _LIMITS[op.name][int(a[0] > 0)]
    if op.name in _ARITHMETIC:
        return _ARITHMETIC[op.name](*a)
    if op.name in WORDS:
        return WORDS[op.name].value(a[0]) if mpmath.isfinite(a[0]) and WORDS[op.name].defined(a[0]) else mpf("nan")
    symbols = sp.symbols(f"u:{len(a)}", real=True)
    return evaluate(
        fn.OWN_FUNCTIONS[op.name].definition(*symbols),
        {s.name: v for s, v in zip(symbols, a, strict=True)},
        mpmath.mp.prec,
    )


def _root(program: Program, y: mpf, lo: mpf, hi: mpf, *parameters: mpf) -> mpf:
    """The u in (lo, hi) with f(u) = y, by bisection over the doubles and then Newton's method."""

    def at(u: mpf) -> list[mpf]:
        return _outputs(program, dict(zip(program.inputs, [u, *parameters], strict=True)))

    first, last = (int(ordinals(np.float64(v))) for v in doubles_between(lo, hi))
    with mpmath.workprec(mpmath.mp.prec * 3 // 5):
        signs = [at(mpf(float(doubles(np.int64(first + (last - first) * k // 8)))))[1] for k in range(1, 8)]
        rising = sum(mpmath.sign(s) for s in signs if not mpmath.isnan(s)) >= 0
        while last - first > 1:
            middle = (first + last) // 2
            u = mpf(float(doubles(np.int64(middle))))
            value = at(u)[0]
            below = u < 0 if mpmath.isnan(value) else (value < y) == rising
            first, last = (middle, last) if below else (first, middle)
    u = mpf(float(doubles(np.int64(last))))
    for _ in range(6):
        value, slope = at(u)
        u -= (value - y) / slope
    return u
