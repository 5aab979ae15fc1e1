"""Program → source of a numba function. The source holds generated names and numbers only, never user text."""

from __future__ import annotations

import math

import numpy as np

from symbij.kernels import elementary
from symbij.kernels.elementary import FUNCTIONS
from symbij.program.ir import Op, Program

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "ne": "!="}

# The u in (lo, hi) with f(u) = y: Newton's method inside a bracket, bisection when its steps do not halve. While an
# end of the bracket is infinite it is searched for by doubling. It ends when no double is left inside the bracket, or
# Newton moves no more: the result is within rounding of a sign change of f(u) - y.
_ROOT_TEMPLATE = """
def {name}(y, lo, hi{parameters}):
    if y != y:
        return y
    u = 0.0
    if lo > -INF and hi < INF:
        u = 0.5 * (lo + hi)
    elif lo > -INF:
        u = lo + 1.0
    elif hi < INF:
        u = hi - 1.0
    f, slope = {function}(u{parameters})
    if f != f:
        return NAN
    rising = (slope > 0.0) if slope != 0.0 else True
    if not (abs(y) < INF):
        return hi if (y > 0.0) == rising else lo
    a, b = lo, hi
    step = 1.0
    while True:
        if f == y:
            return u
        if (f < y) == rising:
            a = u
            if b < INF:
                break
            u = u + step
        else:
            b = u
            if a > -INF:
                break
            u = u - step
        step *= 2.0
        if not (abs(u) < INF):
            return u
        f, slope = {function}(u{parameters})
    previous = INF
    for _ in range(300):
        candidate = u - (f - y) / slope
        moved = abs(candidate - u)
        if not (a < candidate < b) or moved > 0.5 * previous:
            # halve the number of doubles in the bracket rather than its width, so that tiny results are reached too
            low, high = a, b
            if low >= 0.0 and high > 4.0 * low:
                candidate = math.sqrt(max(low, 5e-324)) * math.sqrt(high)
            elif high <= 0.0 and low < 4.0 * high:
                candidate = -math.sqrt(max(-high, 5e-324)) * math.sqrt(-low)
            elif low < 0.0 and high > 0.0:
                candidate = 0.0
            else:
                candidate = 0.5 * low + 0.5 * high
            if not (a < candidate < b):
                candidate = 0.5 * low + 0.5 * high
            if not (a < candidate < b):
                return u
            moved = abs(candidate - u)
        elif candidate == u:
            return u
        previous = moved
        u = candidate
        f, slope = {function}(u{parameters})
        if f == y:
            return u
        if (f < y) == rising:
            a = u
        else:
            b = u
    return u
"""


class Source:
    """Collects the functions that a kernel consists of."""

    def __init__(self) -> None:
        self.helpers: list[str] = []
        self.lines: list[str] = []

    def write(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def body(self, program: Program, depth: int, hoisted: bool | None, load: dict[str, str]) -> None:
        """Lines for the operations of `program`; only those that do (not) depend on x if `hoisted` is False (True)."""
        varying = program.depends_on("x")
        for index, op in enumerate(program.ops):
            if hoisted is None or hoisted != varying[index]:
                self.write(depth, f"v{index} = {self._expression(op, load)}")

    def _expression(self, op: Op, load: dict[str, str]) -> str:
        a = [f"v{i}" for i in op.args]
        if op.name == "input":
            return load[op.data]
        if op.name == "const":
            return literal(op.data)
        if op.name in _INFIX:
            return f"{a[0]} {_INFIX[op.name]} {a[1]}"
        if op.name == "neg":
            return f"-{a[0]}"
        if op.name == "root":
            return f"{self._root(op.data.program)}({', '.join(a)})"
        return f"{FUNCTION_PREFIX}{op.name}({', '.join(a)})"

    def _root(self, program: Program) -> str:
        name = f"root_{program.key[:16]}"
        if not any(f"def {name}(" in h for h in self.helpers):
            inner = Source()
            parameters = program.inputs[1:]
            listed = "".join(f", {p}" for p in parameters)
            inner.write(0, f"def f_{name}(x{listed}):")
            inner.body(program, 1, None, {n: n for n in program.inputs})
            inner.write(1, f"return {', '.join(f'v{i}' for i in program.outputs)}")
            self.helpers += [*inner.helpers, "\n".join(inner.lines)]
            self.helpers.append(_ROOT_TEMPLATE.format(name=name, parameters=listed, function=f"f_{name}"))
        return name


FUNCTION_PREFIX = "fn_"


def literal(value: float) -> str:
    """A number as source text."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return repr(float(value))


def namespace() -> dict[str, object]:
    """The globals of generated code. Its module must be importable where a cached kernel is loaded."""
    return {"__name__": elementary.__name__, "math": math, "np": np, "INF": math.inf, "NAN": math.nan} | {
        FUNCTION_PREFIX + n: f for n, f in FUNCTIONS.items()
    }


def elementwise_source(program: Program) -> Source:
    """`kernel(x, P, out0, ...)`: for every row j of x[j, i], with parameters P[:, j], fill out*[j, i]."""
    source = Source()
    outs = [f"out{k}" for k in range(len(program.outputs))]
    source.write(0, f"def kernel(x, P, {', '.join(outs)}):")
    source.write(1, "rows, columns = x.shape")
    source.write(1, "for j in range(rows):")
    load = {name: f"P[{k}, j]" for k, name in enumerate(program.inputs[1:])} | {"x": "np.float64(x[j, i])"}
    source.body(program, 2, True, load)
    source.write(2, "for i in range(columns):")
    source.body(program, 3, False, load)
    for out, index in zip(outs, program.outputs, strict=True):
        source.write(3, f"{out}[j, i] = v{index}")
    return source


def sums_source(program: Program) -> Source:
    """`sums(x, P, start, stop, totals)`: totals[k, j] = sum of output k over x[j, start:stop].

    Summed in blocks of fixed size, so that rounding errors grow with the number of blocks rather than of elements and
    the result does not depend on how the work is divided.
    """
    source = Source()
    count = len(program.outputs)
    # Many scalar accumulators would each cost numba a pass over the whole function; an array costs a store per element.
    scalar = count <= SCALAR_SUMS
    part = [f"part{k}" if scalar else f"part[{k}]" for k in range(count)]
    source.write(0, "def sums(x, P, start, stop, totals):")
    source.write(1, "totals[:] = 0.0")
    if not scalar:
        source.write(1, f"part = np.empty({count})")
    source.write(1, "for j in range(x.shape[0]):")
    load = {name: f"P[{k}, j]" for k, name in enumerate(program.inputs[1:])} | {"x": "np.float64(x[j, i])"}
    source.body(program, 2, True, load)
    source.write(2, f"for block in range(start, stop, {BLOCK}):")
    if scalar:
        for name in part:
            source.write(3, f"{name} = 0.0")
    else:
        source.write(3, "part[:] = 0.0")
    source.write(3, f"for i in range(block, min(block + {BLOCK}, stop)):")
    source.body(program, 4, False, load)
    for name, index in zip(part, program.outputs, strict=True):
        source.write(4, f"{name} += v{index}")
    for k, name in enumerate(part):
        source.write(3, f"totals[{k}, j] += {name}")
    return source


SCALAR_SUMS = 16
BLOCK = 1024

# One epoch of Adam (Kingma & Ba 2015) over minibatches of columns of x. theta[slot[k, j]] is the raw value of
# parameter k for row j; rows of P beyond the trained ones are fixed. `keep` marks values that must not become zero. An
# observation is `events` rows.
EPOCH_SOURCE = """
def epoch(x, P, slot, theta, m, v, powers, batch, rate, beta1, beta2, eps, keep, totals, grad, events):
    trained, rows = slot.shape
    n = x.shape[1]
    loss = 0.0
    counted = 0.0
    skipped = 0
    start = 0
    while start < n:
        stop = min(start + batch, n)
        for k in range(trained):
            for j in range(rows):
                P[k, j] = theta[slot[k, j]]
        sums(x, P, start, stop, totals)
        grad[:] = 0.0
        value = 0.0
        for j in range(rows):
            value += totals[0, j]
            for k in range(trained):
                grad[slot[k, j]] += totals[k + 1, j]
        count = (stop - start) * rows / events
        finite = math.isfinite(value)
        for s in range(theta.size):
            finite = finite and math.isfinite(grad[s])
        if finite:
            loss += value
            counted += count
            powers[0] *= beta1
            powers[1] *= beta2
            for s in range(theta.size):
                g = grad[s] / count
                m[s] = beta1 * m[s] + (1.0 - beta1) * g
                v[s] = beta2 * v[s] + (1.0 - beta2) * g * g
                new = theta[s] - rate * (m[s] / (1.0 - powers[0])) / (math.sqrt(v[s] / (1.0 - powers[1])) + eps)
                if not (keep[s] and new == 0.0):
                    theta[s] = new
        else:
            skipped += 1
        start = stop
    return (loss / counted if counted > 0.0 else NAN), skipped
"""
