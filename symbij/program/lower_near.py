"""Lowering of the series that stand for a sum next to a point where its terms cancel."""

from __future__ import annotations

from symbij.calculus.cores import Near
from symbij.program.ir import Builder, Var
from symbij.program.lower import repeated_product


def near_centre(near: Near, u: Var, value: Var, b: Builder) -> Var:
    """`value`, the sum at `u`, by the series next to its centre."""
    if near.value is None:
        return value
    inside, t = _from_centre(near, u, b)
    power, coefficients = near.value
    return b.select(inside, b.mul(repeated_product(t, power, b), _polynomial(coefficients, t, b)), value)


def log_slope_near_centre(near: Near, u: Var, log_slope: Var, b: Builder) -> Var:
    """`log_slope`, log|f'(u)|, likewise."""
    if near.slope is None:
        return log_slope
    inside, t = _from_centre(near, u, b)
    power, coefficients = near.slope
    rest = b.call("log", b.call("abs", _polynomial(coefficients, t, b)))
    size = b.call("abs", t)
    return b.select(inside, b.add(b.mul(b.const(float(power)), b.call("log", size)), rest), log_slope)


def slope_near_centre(near: Near, u: Var, size: Var, b: Builder) -> Var:
    """`size`, |f'(u)|, likewise."""
    if near.slope is None:
        return size
    inside, t = _from_centre(near, u, b)
    power, coefficients = near.slope
    return b.select(inside, b.call("abs", b.mul(repeated_product(t, power, b), _polynomial(coefficients, t, b))), size)


def _from_centre(near: Near, u: Var, b: Builder) -> tuple[Var, Var]:
    """Whether `u` is next to the centre, and how far it is from there; what is not selected stays moderate."""
    t = b.sub(u, b.const(near.centre))
    inside = b.compare("lt", b.call("abs", t), b.const(near.radius))
    return inside, b.select(inside, t, b.const(near.radius))


def _polynomial(coefficients: tuple[float, ...], t: Var, b: Builder) -> Var:
    """Horner's form, in t^2 where every other coefficient is zero."""
    even = not any(coefficients[1::2])
    step = b.mul(t, t) if even else t
    used = coefficients[:: 2 if even else 1]
    total = b.const(used[-1])
    for a in used[-2::-1]:
        total = b.add(b.mul(total, step), b.const(a))
    return total
