"""Programs run at raised precision: tells an answer that lost its digits from one that is wrong in principle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.calculus.truth import evaluate
from symbij.formula import functions as fn
from symbij.program.ir import Op, Program
from tests.fuzz.words import WORDS, exp

_PRECISION = 3000

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "neg": lambda a: -a,
    "div": lambda a, b: a / b if b else mpf("inf") * a, "select": lambda c, a, b: a if c else b,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "ne": lambda a, b: a != b, "max": max, "min": min, "abs": abs, "sign": mpmath.sign, "floor": mpmath.floor,
    "pow": lambda u, p: u**p, "powr": lambda u, p: u**p if u else u, "rootr": lambda u, p: u ** (1 / p) if u else u,
    "odd_root": lambda u, n: mpmath.sign(u) * abs(u) ** (1 / n) if u else u, "logcosh": lambda u: mpmath.log(
        (exp(u) + exp(-u)) / 2), "loghypot1": lambda u: mpmath.log(1 + u * u) / 2,
    "logaddexp": lambda a, b: max(a, b) + mpmath.log1p(exp(-abs(a - b))),
}  # fmt: skip


def run_exactly(program: Program, x: float, parameters: Sequence[float]) -> list[mpf | None]:
    """The outputs of `program` at x, computed with some thousand bits; None where that fails."""
    with mpmath.workprec(_PRECISION):
        inputs = dict(zip(program.inputs, map(mpf, [x, *parameters]), strict=True))
        try:
            return _outputs(program, inputs)
        except (ArithmeticError, ValueError, TypeError, KeyError, MemoryError, mpmath.libmp.NoConvergence):
            return [None] * len(program.outputs)


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
    if op.name in _ARITHMETIC:
        return _ARITHMETIC[op.name](*a)
    if op.name in WORDS:
        return WORDS[op.name].value(a[0]) if mpmath.isfinite(a[0]) and WORDS[op.name].defined(a[0]) else mpf("nan")
    symbols = sp.symbols(f"u:{len(a)}", real=True)
    return evaluate(
        fn.OWN_FUNCTIONS[op.name].definition(*symbols),
        {s.name: v for s, v in zip(symbols, a, strict=True)},
        _PRECISION,
    )


def _root(program: Program, y: mpf, lo: mpf, hi: mpf, *parameters: mpf) -> mpf:
    """The u in (lo, hi) with f(u) = y, by bisection and then Newton's method."""

    def at(u: mpf) -> list[mpf]:
        return _outputs(program, dict(zip(program.inputs, [u, *parameters], strict=True)))

    width = mpf(2) ** 1025
    lo, hi = max(lo, -width), min(hi, width)
    rising = at((lo + hi) / 2 if abs(lo) + abs(hi) < width else max(lo, min(hi, mpf(1) / 7)))[1] > 0
    for _ in range(1200):
        middle = (lo + hi) / 2
        if (at(middle)[0] < y) == rising:
            lo = middle
        else:
            hi = middle
        if hi - lo < abs(hi) / 2**40:
            break
    u = (lo + hi) / 2
    for _ in range(6):
        value, slope = at(u)
        u -= (value - y) / slope
    return u
