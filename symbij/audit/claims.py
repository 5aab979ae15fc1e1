"""What traced code claims: that two expressions are equal wherever both are defined. Compared with mpmath, then proved.

A claim is refuted only by numbers: at a point inside the domain where the truth is real and finite, code and truth
evaluated to hundreds of bits differ by more than half of the digits of a double, and by far more than they would for a
rounding error in one of the constants that the code holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import NO_VALUE, diff, number_at, numeric
from symbij.audit.extremes import plainly
from symbij.audit.famous import is_plain, meaning
from symbij.audit.traced import X
from symbij.formula.formula import Parameter
from symbij.formula.interval import Interval
from symbij.formula.vocabulary import NONZERO, Requirement

BITS = (400, 2400)  # of working precision: the second where the first is lost to cancellation
DIGITS = 50
SETS = 6  # of parameters, the subject's own first
INPUTS = 5  # for each of them
INPUTS_ALONE = 16  # where there are no parameters to vary

Values = dict[sp.Symbol, float]


@dataclass(frozen=True)
class Claim:
    """`got`, which is defined where `needs` hold, equals `expected`, the truth, wherever that is `known`.

    Where both are logarithms their errors are absolute ones.
    """

    got: sp.Expr
    needs: tuple[Requirement, ...]
    expected: sp.Expr
    known: tuple[Requirement, ...] = ()
    logarithms: bool = False

    def at(self, values: Mapping[sp.Symbol, float]) -> Claim:
        """The claim with some of the parameters at their values."""
        change = {s: meaning(float(v)) for s, v in values.items()}
        return replace(
            self,
            got=self.got.xreplace(change),
            needs=replaced(self.needs, change),
            expected=self.expected.xreplace(change),
            known=replaced(self.known, change),
        )

    @property
    def difference(self) -> sp.Expr:
        return self.got - self.expected

    @property
    def symbols(self) -> list[sp.Symbol]:
        found = self.got.free_symbols | self.expected.free_symbols | {X}
        needs = (*self.needs, *self.known)
        return sorted(found.union(*(n.expr.free_symbols for n in needs)), key=lambda s: s.name)


def replaced(needs: Sequence[Requirement], change: Mapping[sp.Basic, sp.Expr]) -> tuple[Requirement, ...]:
    """Requirements with symbols replaced."""
    return tuple(
        Requirement(n.expr.xreplace(change), n.interval, tuple(c.xreplace(change) for c in n.under)) for n in needs
    )


@dataclass(frozen=True)
class Point:
    """What code and truth give at one point; `digits` are those to which they agree."""

    values: Values
    got: mpf
    expected: mpf
    digits: float
    refuted: bool


def slope_of(expr: sp.Expr) -> sp.Expr:
    """The derivative by x, away from kinks and jumps, in elementary functions."""
    return diff(plainly(expr), X)


def compare(claim: Claim, points: Sequence[Values], tolerance: float) -> list[Point]:
    """The claim at all those points at which the truth is finite."""
    loose = sorted((n for n in claim.difference.atoms(sp.Rational) if not is_plain(n)), key=sp.default_sort_key)
    stand = {n: sp.Dummy(f"c{k}", real=True) for k, n in enumerate(loose)}
    symbols = claim.symbols
    pair = [plainly(e).xreplace(stand) for e in (claim.got, claim.expected)]
    functions = [numeric(e, [*symbols, *stand.values()]) for e in pair]
    defined, known = defined_where(claim.needs, symbols), defined_where(claim.known, symbols)
    least = 1 if claim.logarithms else 0
    constants = [mpf(n.p) / n.q for n in loose]
    found = []
    for values in points:
        at = [mpf(values[s]) for s in symbols]
        point = _at(functions, defined, at, constants, values, tolerance, least) if known(at) else None
        if point is not None:
            found.append(point)
    return found


def _at(
    functions: list[Callable[..., Any]],
    defined: Callable[[list[mpf]], bool],
    at: list[mpf],
    constants: list[mpf],
    values: Values,
    tolerance: float,
    least: int,
) -> Point | None:
    got = expected = mpf("nan")
    digits = 0.0
    for bits in BITS:
        with mpmath.workprec(bits):
            expected = number_at(functions[1], [*at, *constants])
            if not mpmath.isfinite(expected):
                return None
            got = number_at(functions[0], [*at, *constants]) if defined(at) else mpf("nan")
            if not mpmath.isfinite(got):
                return Point(values, got, expected, 0.0, True)
            digits = digits_of(got, expected, least)
            if digits >= DIGITS:
                return Point(values, got, expected, digits, False)
    with mpmath.workprec(BITS[-1]):
        size = tolerance * max(least, abs(got), abs(expected))
        refuted = abs(got - expected) > size + 1000 * _wobble(functions, at, constants, got - expected)
    return Point(values, got, expected, digits, bool(refuted))


def _wobble(functions: list[Callable[..., Any]], at: list[mpf], constants: list[mpf], difference: mpf) -> mpf:
    """By how much the difference moves if constants of many digits, which are rounded, are off by a rounding."""
    total = mpf(0)
    for k, constant in enumerate(constants):
        moved = [*constants[:k], constant * (1 + mpf(2) ** -52), *constants[k + 1 :]]
        got, expected = (number_at(f, [*at, *moved]) for f in functions)
        total += abs(got - expected - difference) if mpmath.isfinite(got - expected) else mpf("inf")
    return total


def digits_of(got: mpf, expected: mpf, least: int) -> float:
    """The digits to which two numbers agree; errors of numbers below `least` are relative to it."""
    if got == expected:
        return math.inf
    return float(-mpmath.log10(abs(got - expected) / max(least, abs(expected), abs(got))))


def defined_where(needs: Sequence[Requirement], symbols: Sequence[sp.Symbol]) -> Callable[[list[mpf]], bool]:
    """Whether all requirements hold at a point: mpmath knows the logarithms of negative numbers, numpy does not."""
    tests = [
        (numeric(plainly(n.expr), symbols), n.interval, [sp.lambdify(list(symbols), plain_condition(c), "mpmath")
         for c in n.under])
        for n in needs if n.expr.free_symbols
    ]  # fmt: skip

    def holds(at: list[mpf]) -> bool:
        return all(_meets(number_at(f, at), interval) or not _all(under, at) for f, interval, under in tests)

    return holds


def plain_condition(condition: sp.Basic) -> sp.Basic:
    """A condition in plain elementary functions."""
    relations = condition.atoms(sp.core.relational.Relational)
    return condition.xreplace({r: r.func(plainly(r.lhs), plainly(r.rhs)) for r in relations})


def _all(conditions: Sequence[Callable[..., Any]], at: list[mpf]) -> bool:
    try:
        return all(bool(c(*at)) for c in conditions)
    except (*NO_VALUE, NameError):
        return False  # not known to be meant


def _meets(value: mpf, interval: Interval) -> bool:
    if interval is NONZERO:
        return value != 0
    lo, hi = (mpf("inf") * (1 if e > 0 else -1) if e.is_infinite else mpf(e.evalf(40)) for e in interval_ends(interval))
    return (value > lo or (value == lo and not interval.lo_open)) and (
        value < hi or (value == hi and not interval.hi_open)
    )


def interval_ends(interval: Interval) -> tuple[sp.Expr, sp.Expr]:
    """Both ends."""
    return interval.lo, interval.hi


def draw_points(
    parameters: Sequence[Parameter],
    own: Values,
    domain: Interval,
    allowed: Sequence[sp.Basic],
    rng: np.random.Generator,
    vary: bool,
) -> list[Values]:
    """Inputs inside the domain at the own parameters, and at others that meet their constraints and are `allowed`.

    They have few digits, so that a reader can repeat them, and are no round numbers, at which code may have kinks.
    """
    sets = [own]
    for _ in range(20 * SETS if vary and parameters else 0):
        drawn = {p.symbol: float(f"{p.constraint.sample(rng):.2g}") for p in parameters}
        if all(p.constraint.violation(np.array(drawn[p.symbol])) is None for p in parameters):
            sets.append({**own, **drawn})
        if len(sets) == 4 * SETS:
            break
    found: list[Values] = []
    used = 0
    for values in sets:
        if used == SETS:
            break
        inputs = (
            _inputs(values, domain, rng, INPUTS if len(sets) > 1 else INPUTS_ALONE)
            if values is own or _is_allowed(allowed, values)
            else []
        )
        used += bool(inputs)
        found.extend({**values, X: x} for x in inputs)
    return found


def _is_allowed(conditions: Sequence[sp.Basic], values: Values) -> bool:
    exact = {s: meaning(v) for s, v in values.items()}
    return all(c.xreplace(exact) == sp.true for c in conditions)


def _inputs(values: Values, domain: Interval, rng: np.random.Generator, count: int) -> list[float]:
    exact = {s: meaning(v) for s, v in values.items()}
    try:
        lo, hi = (float(end.xreplace(exact)) for end in interval_ends(domain))
    except (TypeError, ValueError, OverflowError):
        return []
    if not lo < hi:
        return []
    found = []
    for _ in range(count):
        step = float(np.exp(rng.normal(0.0, 1.2)))
        if math.isfinite(lo) and math.isfinite(hi):
            x = lo + (hi - lo) * float(rng.uniform(0.03, 0.97))
        elif math.isfinite(lo) or math.isfinite(hi):
            x = lo + step if math.isfinite(lo) else hi - step
        else:
            x = step * (1 if len(found) % 2 else -1)
        head, power = f"{x:.2e}".split("e")
        short = float(f"{head[:-1]}7e{power}")
        found.append(short if lo < short < hi else x)
    return found
