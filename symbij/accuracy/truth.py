"""Truth: values of the *forward formula* and of what follows from it, to hundreds of bits.

Nothing here uses the package's inverses, log-dets or chains. A preimage is found by a sign change of the forward
formula, a log-det by differentiating the formula's plain definition. Working precision is raised until the rounded
double settles; it starts at 2400 bits because exp(-745) alone needs 1075 bits to be seen beside a 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import diff, has_corners, has_erf, numeric, plain, real
from symbij.accuracy.doubles import MAX, from_ordinal, ordinal, rounded

PRECISION = 2400
PRECISION_WITH_ERF = 1200  # enough to see exp(-745) beside a 1; erfc takes five times as long with 2400
MAX_PRECISION = 30_000
LOW_PRECISION = 200  # to find about where a preimage is


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
        self,
        expr: sp.Expr,
        variable: sp.Symbol,
        parameters: Mapping[sp.Symbol, float],
        start: int | None = PRECISION,
    ) -> None:
        f = plain(expr)
        start = start or (PRECISION_WITH_ERF if has_erf(f) else PRECISION)
        self.start = start
        # A preimage is verified by a sign change within this relative distance: one that sees single steps of a floor
        # at the largest doubles, or else one that needs few digits of values close to zero.
        self.exact_bits = start * 5 // 8 if f.has(sp.floor) else start * 3 // 10
        self.parameters = {s: mpf(float(v)) for s, v in parameters.items()}
        symbols = [variable, *self.parameters]
        slope = diff(f, variable)
        self._has_corners = has_corners(f)
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
        """x, its sensitivity, log|dx/dy| and its sensitivity, at `y` with the preimage `x`."""
        self._resolve(x, y)
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
        if not slope and self._has_corners:  # the sign is 0 at its own zero, unlike on either side
            beside = x + (abs(x) or 1) * mpf(2) ** (-mpmath.mp.prec // 2)
            slope, *rest = (real(v) for v in self._all(*self._at(beside))[1:])
        count = len(self.parameters)
        return f, slope, rest[:count], rest[count:]

    def slope_jumps(self, x: mpf) -> bool:
        """Whether the slopes to the left and to the right of `x` differ: there is no derivative at a corner."""
        if not self._has_corners:
            return False
        jumps = []
        with mpmath.workprec(self.start):
            # from near by too: within a little of x = 1e200 a floor takes many steps
            for bits in (self.start // 5, self.start * 3 // 5):
                step = (abs(x) or mpf(2) ** -(self.start // 4)) * mpf(2) ** -bits
                left, right = (real(self._newton(*self._at(x + d))[1]) for d in (-step, step))
                jumps.append(abs(right - left) > max(abs(left), abs(right)) * mpf(2) ** -100)
        return all(jumps)

    def limit_at(self, x: mpf, towards: mpf) -> mpf:
        """log|dy/dx| as the variable goes to `x` from the side of `towards`, where it is infinite.

        Where the slope goes like a power of the distance, its logarithm changes in proportion to the digits by which
        the distance shrinks; anything else raises `ArithmeticError`. `x` need not be known better than a preimage is.
        """
        sizes = []
        unit = self.exact_bits // 15
        for bits in (unit, 3 * unit, 9 * unit):
            with mpmath.workprec(self.start + 2 * bits + 2200):
                distance = mpf(2) ** -bits * (abs(x) or mpf(2) ** -1074)
                slope = real(self._newton(*self._at(x + distance * (1 if towards > x else -1)))[1])
                sizes.append(mpmath.log(abs(slope)) if slope else mpf("-inf"))
        first, second = sizes[1] - sizes[0], sizes[2] - sizes[1]
        if abs(second) > mpf(2) ** -20 and abs(second - 3 * first) < abs(second) / 50:
            return mpf("inf") * mpmath.sign(second)
        raise ArithmeticError("the limit of the slope is not clear")

    def _resolve(self, x: mpf, y: float) -> None:
        """Raise `OutOfReach` unless the slope at a preimage `x` is as good as known.

        `preimage` verified x to `exact_bits` bits; where that is not enough (a step of 1 at x = 1e300), x is
        verified to more bits here, which Newton's last step has usually given it.
        """
        with mpmath.workprec(self.start):
            for bits in dict.fromkeys((self.exact_bits, self.start * 5 // 8)):
                near = abs(x) * mpf(2) ** -bits
                # thirds as well: whole steps of 2^k see one and the same fraction of x
                offsets = (-near, -near / 3, mpf(0), near / 3, near)
                around = [tuple(real(v) for v in self._newton(*self._at(x + d))) for d in offsets]
                if around[2][0] == y:  # exactly
                    return
                if bits > self.exact_bits and (around[0][0] > y) == (around[-1][0] > y):
                    break
                slopes = [slope for _, slope in around if not mpmath.isnan(slope)]  # one side may be outside the domain
                if max(slopes) - min(slopes) <= max(map(abs, slopes)) * mpf(2) ** -70:
                    return
            raise OutOfReach("the slope needs more digits of the preimage")

    def preimage(self, y: float, guess: float | None, lo: mpf, hi: mpf) -> mpf:
        """The x in (lo, hi) with f(x) = y, verified by a sign change of f - y; `guess` says where to look first.

        Raises `OutOfReach` where x is too large, too small or too close to an end of the domain for any precision.
        """
        with mpmath.workprec(self.start):
            target = mpf(y)
            if lo < 0 < hi and self.value(mpf(0)) == target:  # next to a flat spot at 0 all values look like this one
                return mpf(0)
            if guess is None:
                guess = self.nearest(target, lo, hi, LOW_PRECISION)
                around = (self.value(mpf(from_ordinal(ordinal(guess) + k))) > target for k in (-1, 1))
                if len(set(around)) == 1:
                    guess = self.nearest(target, lo, hi, self.start)
            below, above = self._bracket(target, guess, lo, hi)
            x = self._polish(target, below, above, mpf(guess))
            near = abs(x) * mpf(2) ** -self.exact_bits
            left, right = (self.value(x + d) - target for d in (-near, near))
            changes = left == 0 or right == 0 or (left > 0) != (right > 0)
            if mpmath.isnan(left) or mpmath.isnan(right) or (near and not changes):
                raise ArithmeticError("the sign does not change at what was found")
            return x

    def nearest(self, y: mpf, lo: mpf, hi: mpf, precision: int) -> float:
        """A double next to the x in (lo, hi) with f(x) = y, by bisection over the doubles."""
        with mpmath.workprec(precision):
            first, last = (ordinal(d) for d in _doubles_inside(lo, hi))
            rising = self.value(mpf(from_ordinal(last))) > self.value(mpf(from_ordinal(first)))
            while last - first > 1:
                middle = (first + last) // 2
                above = self.value(mpf(from_ordinal(middle))) > y
                first, last = (first, middle) if above == rising else (middle, last)
            return from_ordinal(first)

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
        outer = inner

        def passed() -> bool:
            return (self.value(outer) < y) != (upwards == increasing)

        if mpmath.isinf(end) or end == 0:
            while not passed():
                inner, outer = outer, outer * abs(outer)
                if abs(mpmath.mag(outer)) > 2**40:
                    raise OutOfReach("the preimage is too large or too small to resolve")
        elif self._diverges(end):
            distance = abs(end - inner) / abs(end)
            while not passed():
                inner, outer = outer, end * (1 + distance * mpmath.sign(inner - end) * mpmath.sign(end))
                distance = distance**2 if distance < mpf(1) / 4 else distance / 2
                if distance < mpf(2) ** (64 - self.exact_bits):
                    raise OutOfReach("the preimage is too close to an end of the domain to resolve")
        else:
            outer = end
        for exact in (inner, outer):
            if self.value(exact) == y:
                return exact, exact
        return (inner, outer) if upwards else (outer, inner)

    def _diverges(self, x: mpf) -> bool:
        try:
            return not mpmath.isfinite(self.value(x))
        except (ZeroDivisionError, ValueError):
            return True

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
        """The root in the bracket: by Newton's method from the guess on, else by bisection and Newton's steps."""
        if a == b:
            return a
        tiny = mpf(2) ** -(self.exact_bits + 60)
        guess = guess if a < guess < b else (a + b) / 2
        found = self._newton_from(guess, y, a, b, tiny)
        return self._safeguarded(guess, y, a, b, tiny) if found is None else found

    def _newton_from(self, x: mpf, y: mpf, a: mpf, b: mpf, tiny: mpf) -> mpf | None:
        """Plain Newton steps, a dozen of which are enough from the nearest double on; None if they leave (a, b)."""
        for _ in range(20):
            f, slope = (real(v) for v in self._newton(*self._at(x)))
            if f == y:
                return x
            step = x - (f - y) / slope if slope else mpf("nan")
            if not a < step < b:
                return None
            if abs(step - x) <= abs(step) * tiny:
                return self._to_the_last_digits(step, abs(step - x), y, a, b)
            x = step
        return None

    def _to_the_last_digits(self, x: mpf, size: mpf, y: mpf, a: mpf, b: mpf) -> mpf:
        """Newton's steps from the root x on, as long as each is much smaller than the one before, which was `size`."""
        for _ in range(4):
            f, slope = (real(v) for v in self._newton(*self._at(x)))
            step = (f - y) / slope if slope else mpf(0)
            if not step or abs(step) > size * mpf(2) ** -20 or not a < x - step < b:
                break
            x, size = x - step, abs(step)
        return x

    def _safeguarded(self, x: mpf, y: mpf, a: mpf, b: mpf, tiny: mpf) -> mpf:
        rising = self.value(b) > y
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
                big, small = max(abs(a), abs(b)), min(abs(a), abs(b))
                same_sign = (a > 0) == (b > 0)
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
