"""What a derived map must compute at a point, from the text of its formula: values with their sensitivities.

A sensitivity is the sum over x (or y) and all parameters of |input * d out / d input|, by differences over steps far
below a double's digits; divided by |out| it is the condition number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mpmath
from mpmath import mpf

from tests.fuzz.meaning import Undefined, value_and_slope
from tests.fuzz.words import Unknown

_STEP = mpf(2) ** -70
_DIGITS = 400  # bits of arithmetic outside the formula


@dataclass(frozen=True)
class Truth:
    """A formula's text with exact parameter values."""

    text: str
    parameters: Mapping[str, float | mpf]

    def at(self, x: float | mpf) -> tuple[mpf, mpf]:
        """f and f'. Raises `Undefined` or `Unknown`."""
        return value_and_slope(self.text, {**self.parameters, "x": x})

    def log_det(self, x: float | mpf) -> mpf:
        """log|f'(x)|."""
        return log_size(self.at(x)[1])

    def preimage(self, y: float | mpf, near: float | mpf) -> mpf:
        """The x with f(x) = y, by Newton's method from a point whose value is within rounding of y."""
        with mpmath.workprec(_DIGITS):
            x = mpf(near)
            for _ in range(6):
                f, slope = self.at(x)
                if not slope or not mpmath.isfinite(slope):
                    raise Unknown("no slope")
                step = (y - f) / slope
                if not step:
                    return x
                if abs(step) > abs(x) / 2:
                    raise Unknown("too far for Newton's method")
                x += step
                if abs(step) < abs(x) * mpf(2) ** -60:
                    return x
            raise Unknown("Newton's method does not arrive")

    def sensitivity(self, out: Callable[[Truth, mpf], mpf], point: float | mpf) -> mpf:
        """Of `out` at `point` to the point and all parameters; infinite where it cannot be told."""
        with mpmath.workprec(_DIGITS):
            try:
                here = out(self, mpf(point))
                total = abs(out(self, mpf(point) * (1 + _STEP)) - here)
                for name, given in self.parameters.items():
                    moved = Truth(self.text, {**self.parameters, name: mpf(given) * (1 + _STEP)})
                    total += abs(out(moved, mpf(point)) - here)
            except (Undefined, Unknown):
                return mpf("inf")
            return total / _STEP


def log_size(slope: mpf) -> mpf:
    """log|slope|; raises `Unknown` where there is no slope."""
    if mpmath.isnan(slope):
        raise Unknown("no slope")
    with mpmath.workprec(_DIGITS):
        if mpmath.isinf(slope):
            return mpf("inf")
        return mpmath.log(abs(slope)) if slope else mpf("-inf")
