"""Truth for the tests: values of the *forward formula* and of what follows from it, to hundreds of bits.

Nothing here uses the package's inverses, log-dets or chains. A preimage is found by a sign change of the forward
formula, a log-det by differentiating the formula's plain definition. Working precision is raised until the rounded
double settles; it starts at 2400 bits because exp(-745) alone needs 1075 bits to be seen beside a 1.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.formula import functions as fn

PRECISION = 2400
MAX_PRECISION = 30_000
EPS = 2.0**-52
MAX = np.finfo(np.float64).max
_BEYOND = mpf(2) ** 1100  # past the range of a double, and of its reciprocal


def ordinal(value: float) -> int:
    """Number of doubles between zero and `value`, negative for negative values."""
    bits = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def from_ordinal(number: int) -> float:
    """Inverse of `ordinal`."""
    size = struct.unpack("<d", struct.pack("<q", abs(number)))[0]
    return -size if number < 0 else size


def rounded(value: mpf) -> float:
    """The nearest double; infinite beyond the range of doubles, and subnormals rounded once."""
    if mpmath.isnan(value):
        return math.nan
    if mpmath.isinf(value) or abs(value) >= mpf(2) ** 1024:
        return math.inf if value > 0 else -math.inf
    if abs(value) < mpf(2) ** -1022:
        with mpmath.workprec(200):
            return float(mpmath.nint(value * mpf(2) ** 1074)) * 2.0**-1074
    return float(value)


def ulp(truth: mpf) -> float:
    """Distance between doubles at the size of `truth`."""
    size = min(abs(rounded(truth)), MAX)
    return math.ulp(size)


def ulp_error(got: float, truth: mpf) -> float:
    """|got - truth| in units in the last place of the truth; 0 for the matching infinity, inf for NaN."""
    if mpmath.isnan(truth):
        return 0.0 if math.isnan(got) else math.inf
    if math.isnan(got):
        return math.inf
    target = rounded(truth)
    if got == target:
        return 0.0 if math.isinf(target) else float(abs(mpf(got) - truth) / ulp(truth))
    if math.isinf(got) and math.isinf(target):
        return math.inf
    if math.isinf(got):
        got = math.copysign(MAX, got) * (1.0 + 0.0)
        return 1.0 + float(abs(mpf(got) - truth) / ulp(truth))
    if math.isinf(target):
        return float(min(abs(mpf(got) - mpmath.sign(truth) * mpf(2) ** 1024) / mpf(2) ** 971, mpf(10) ** 300))
    return float(min(abs(mpf(got) - truth) / ulp(truth), mpf(10) ** 300))


class _Sign(sp.Function):
    """The sign, whose derivative is zero wherever it has one."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.Integer(0)


class _Abs(sp.Function):
    """The absolute value. sympy differentiates its own to unevaluated parts where it cannot prove an argument real."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return _Sign(self.args[0])


class _NormalCDF(sp.Function):
    """The normal law's distribution function. sympy would turn erfc(-u) into 2 - erfc(u), which cancels."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)


def plain(expr: sp.Expr) -> sp.Expr:
    """`expr` in elementary functions whose derivatives, written out by sympy, do not cancel to nothing.

    tanh' = 1 - tanh^2 vanishes at any working precision for large arguments; the derivative of 1 - 2/(1 + exp(2u))
    does not.
    """
    expr = expr.replace(fn.ndtr, _NormalCDF).replace(fn.log_ndtr, lambda u: sp.log(_NormalCDF(u)))
    u = sp.Wild("u")
    expr = expr.replace(1 - _NormalCDF(u), _NormalCDF(-u))  # the same number, without the cancellation
    expr = fn.expand_definitions(expr).replace(sp.Abs, _Abs).replace(sp.sign, _Sign)
    return expr.replace(sp.tanh, lambda u: 1 - 2 / (1 + sp.exp(2 * u)))


def diff(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Derivative away from jumps and corners: floor counts as a constant, and the slope of max as well."""
    steps = {s: sp.Dummy(f"step{i}", real=True) for i, s in enumerate(expr.atoms(sp.floor))}
    back = {d: s for s, d in steps.items()}
    result = expr.xreplace(steps).diff(symbol).doit().xreplace(back)
    return result.replace(lambda e: isinstance(e, sp.DiracDelta), lambda e: sp.Integer(0))


def _exp(u: mpf) -> mpf:
    """exp, with a limit where the result would take forever and lies far outside the range of doubles."""
    if abs(u) > _BEYOND:
        return mpf("inf") if u > 0 else mpf(0)
    return mpmath.exp(u)


def _erfc(u: mpf) -> mpf:
    # mpmath fails from 1e150 on, where exp(-u^2) and its logarithm are far outside the range of doubles
    limit = mpf(10) ** 100
    return mpf(2) if u < -limit else mpf(0) if u > limit else mpmath.erfc(u)


def _normal_cdf(u: mpf) -> mpf:
    return _erfc(-u / mpmath.sqrt(2)) / 2


def numeric(expr: sp.Expr | Sequence[sp.Expr], symbols: Sequence[sp.Symbol]) -> Callable[..., Any]:
    """A function of mpmath numbers."""
    modules = [{"exp": _exp, "erfc": _erfc, "_NormalCDF": _normal_cdf, "_Abs": abs, "_Sign": mpmath.sign}, "mpmath"]
    return sp.lambdify(list(symbols), expr, modules=modules, cse=not isinstance(expr, sp.Expr))


def real(value: Any) -> mpf:
    """A real mpmath number; NaN for a complex one."""
    if isinstance(value, mpmath.mpc):
        return value.real if value.imag == 0 else mpf("nan")
    return mpmath.mpf(value)


def settled(function: Callable[[], Any], start: int = PRECISION) -> list[mpf]:
    """The numbers that `function` computes, at the precision at which all their rounded doubles settle."""
    previous = None
    precision = start
    while precision < MAX_PRECISION:
        with mpmath.workprec(precision):
            current = [real(v) for v in function()]
        doubles = [rounded(v) for v in current]
        if previous is not None and all(a == b or (a != a and b != b) for a, b in zip(doubles, previous, strict=True)):
            return current
        previous = doubles
        precision = precision * 3 // 2
    raise ArithmeticError("the value does not settle")


def at(expr: sp.Expr, values: Mapping[sp.Symbol, Any], start: int = PRECISION) -> mpf:
    """`expr` at exact `values`, settled."""
    function = numeric(plain(expr), list(values))
    return settled(lambda: [function(*(mpf(v) for v in values.values()))], start)[0]


class OutOfReach(ArithmeticError):
    """A preimage of more bits than any precision here has."""


class Forward:
    """The forward formula y = f(x; p) at fixed, exact parameters, with its derivatives.

    `sensitivity` is the sum over x (or y) and all parameters of |input * d out / d input|; divided by |out| it is the
    condition number.
    """

    def __init__(
        self, expr: sp.Expr, variable: sp.Symbol, parameters: Mapping[sp.Symbol, float], start: int = PRECISION
    ) -> None:
        self.start = start
        self.exact_bits = start * 3 // 10  # a preimage is verified by a sign change within this relative distance
        self.parameters = {s: mpf(float(v)) for s, v in parameters.items()}
        symbols = [variable, *self.parameters]
        f = plain(expr)
        slope = diff(f, variable)
        self._f = numeric(f, symbols)
        self._newton = numeric([f, slope], symbols)
        partials = [diff(f, s) for s in self.parameters]
        seconds = [diff(slope, s) for s in symbols]
        self._all = numeric([f, slope, *partials, *seconds], symbols)

    def _at(self, x: mpf) -> tuple[mpf, ...]:
        return (x, *self.parameters.values())

    def value(self, x: mpf) -> mpf:
        return real(self._f(*self._at(x)))

    def forward(self, x: float) -> tuple[mpf, mpf, mpf, mpf]:
        """y, its sensitivity, log|dy/dx| and its sensitivity, at `x`."""
        return tuple(settled(lambda: self._forward(mpf(x)), self.start))  # type: ignore[return-value]

    def _forward(self, x: mpf) -> list[mpf]:
        f, slope, partials, seconds = self._derivatives(x)
        log_det = mpmath.log(abs(slope)) if slope else mpf("-inf")
        inputs = [x, *self.parameters.values()]
        sensitivity = sum(abs(v * d) for v, d in zip(inputs, [slope, *partials], strict=True))
        of_log_det = sum(abs(v * d / slope) for v, d in zip(inputs, seconds, strict=True)) if slope else mpf("inf")
        return [f, sensitivity, log_det, of_log_det]

    def inverse(self, y: float, x: mpf) -> tuple[mpf, mpf, mpf, mpf]:
        """x, its sensitivity, log|dx/dy| and its sensitivity, at `y` with the exact preimage `x`."""
        return tuple(settled(lambda: self._inverse(mpf(y), x), self.start))  # type: ignore[return-value]

    def _inverse(self, y: mpf, x: mpf) -> list[mpf]:
        _, slope, partials, seconds = self._derivatives(x)
        if not slope:
            return [x, mpf("inf"), mpf("inf"), mpf("inf")]
        inputs = [y, *self.parameters.values()]
        moves = [1 / slope, *(-p / slope for p in partials)]  # dx/dy and dx/dp, by the implicit function theorem
        along, *direct = (s / slope for s in seconds)
        turns = [along * m + d for m, d in zip(moves, [mpf(0), *direct], strict=True)]
        sensitivity = sum(abs(v * m) for v, m in zip(inputs, moves, strict=True))
        of_log_det = sum(abs(v * t) for v, t in zip(inputs, turns, strict=True))
        return [x, sensitivity, -mpmath.log(abs(slope)), of_log_det]

    def _derivatives(self, x: mpf) -> tuple[mpf, mpf, list[mpf], list[mpf]]:
        f, slope, *rest = (real(v) for v in self._all(*self._at(x)))
        count = len(self.parameters)
        return f, slope, rest[:count], rest[count:]

    def preimage(self, y: float, guess: float, lo: mpf, hi: mpf) -> mpf:
        """The x in (lo, hi) with f(x) = y, verified by a sign change of f - y; `guess` says where to look first.
        Raises `OutOfReach` where x is too large, too small or too close to an end of the domain for any precision."""
        with mpmath.workprec(self.start):
            target = mpf(y)
            below, above = self._bracket(target, guess, lo, hi)
            x = self._polish(target, below, above, mpf(guess))
            for end in (lo, hi):
                if end and mpmath.isfinite(end) and abs(x - end) <= abs(end) * mpf(2) ** (64 - self.exact_bits):
                    raise OutOfReach
            near = abs(x) * mpf(2) ** -self.exact_bits
            left, right = (self.value(x + d) - target for d in (-near, near))
            if near and not (left == 0 or right == 0 or (left > 0) != (right > 0)):
                raise ArithmeticError(f"no preimage of {y!r} between {below} and {above}")
            return x

    def _bracket(self, y: mpf, guess: float, lo: mpf, hi: mpf) -> tuple[mpf, mpf]:
        """Two points, close to the guess if it is good, between which f - y changes sign."""
        first, last = _doubles_inside(lo, hi)
        if not first <= guess <= last:
            guess = (
                first
                if guess < first
                else last
                if guess > last
                else from_ordinal((ordinal(first) + ordinal(last)) // 2)
            )
        step = 1
        while True:
            a, b = (max(ordinal(first), ordinal(guess) - step), min(ordinal(last), ordinal(guess) + step))
            left, right = mpf(from_ordinal(a)), mpf(from_ordinal(b))
            at_left, at_right = self.value(left) - y, self.value(right) - y
            if at_left == 0:
                return left, left
            if at_right == 0:
                return right, right
            if (at_left > 0) != (at_right > 0):
                return self._away_from_zero(y, left, right)
            if a == ordinal(first) and b == ordinal(last):
                return self._beyond(y, left, right, lo, hi)
            step *= 16

    def _beyond(self, y: mpf, left: mpf, right: mpf, lo: mpf, hi: mpf) -> tuple[mpf, mpf]:
        """The preimage lies between the outermost doubles and the ends of the domain."""
        increasing = self.value(right) > self.value(left)
        upwards = (self.value(right) < y) == increasing
        inner, end = (right, hi) if upwards else (left, lo)
        if mpmath.isinf(end) or end == 0:
            outer = inner
            while (self.value(outer) < y) == (upwards == increasing):
                inner, outer = outer, outer * abs(outer)
                if abs(mpmath.mag(outer)) > 2**40:
                    raise OutOfReach
        else:
            outer = end
        return (inner, outer) if upwards else (outer, inner)

    def _away_from_zero(self, y: mpf, a: mpf, b: mpf) -> tuple[mpf, mpf]:
        """The bracket (a, b) made so that both ends have the same sign, unless the root is zero itself."""
        if a > 0 or b < 0:
            return a, b
        at_zero = self.value(mpf(0)) - y
        if at_zero == 0:
            return mpf(0), mpf(0)
        side = b if (self.value(b) > y) != (at_zero > 0) else a
        if side == 0:
            return a, b
        while True:
            nearer = side * abs(side) if abs(side) < mpf(2) ** -100 else side * mpf(2) ** -200
            if abs(nearer) < mpf(2) ** -200_000:
                raise ArithmeticError("the preimage is too close to zero to resolve")
            if (self.value(nearer) > y) == (at_zero > 0):
                return (nearer, side) if side > 0 else (side, nearer)
            side = nearer

    def _polish(self, y: mpf, a: mpf, b: mpf, guess: mpf) -> mpf:
        """Newton's method inside the bracket, from the guess on; bisection where it does not help."""
        for end in (a, b):
            if self.value(end) == y:
                return end
        rising = self.value(b) > y
        x, tiny = guess if a < guess < b else (a + b) / 2, mpf(2) ** -(self.exact_bits + 60)
        for _ in range(4000):
            f, slope = (real(v) for v in self._newton(*self._at(x)))
            if f == y:
                return x
            if (f > y) == rising:
                b = x
            else:
                a = x
            width = b - a
            if width <= abs(x) * tiny:
                return x
            big, small = max(abs(a), abs(b)), min(abs(a), abs(b))
            same_sign = (a > 0) == (b > 0)
            if (
                same_sign and small and mpmath.mag(big) - mpmath.mag(small) > 64
            ):  # Newton's steps may crawl over decades
                x = mpmath.sign(a) * mpmath.sqrt(big) * mpmath.sqrt(small)
                continue
            step = x - (f - y) / slope if slope else mpf("nan")
            if a < step < b:
                if abs(step - x) <= abs(step) * tiny:
                    return step
                # Newton's point, moved across the root when it converges from one side, so that the bracket shrinks
                f_step = self.value(step) - y
                other = step + (step - x) * mpf(2) ** -20
                if a < other < b and abs(step - x) < width / 4:
                    x = other if (f_step > 0) == (f > y) else step
                else:
                    x = step if abs(step - x) > width / 1024 else (a + b) / 2
            else:
                x = mpmath.sign(a) * mpmath.sqrt(big * small) if same_sign and big > 4 * small > 0 else (a + b) / 2
        raise ArithmeticError("no convergence")


def _doubles_inside(lo: mpf, hi: mpf) -> tuple[float, float]:
    """The smallest and the largest double strictly between `lo` and `hi`."""
    first = -MAX if mpmath.isinf(lo) else rounded(lo)
    last = MAX if mpmath.isinf(hi) else rounded(hi)
    while not mpf(first) > lo:
        first = math.nextafter(first, math.inf)
    while not mpf(last) < hi:
        last = math.nextafter(last, -math.inf)
    return first, last
