"""A log-det written as an expression beside the derivative it belongs to, compared with many digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import diff, numeric, plain
from symbij.accuracy.doubles import rounded
from symbij.accuracy.truth import settled
from symbij.formula.formula import Formula
from symbij.formula.interval import REALS, Interval

SETS = 6  # of parameters
START_BITS = 300
TOLERANCE = 1e-8  # relative, and absolute for numbers below 1: constants written with eight digits are taken
_EPS = 2.0**-52
_TRIES = 40
# What mpmath raises where there is no value.
NO_VALUE = (ArithmeticError, ValueError, TypeError, MemoryError, mpmath.libmp.NoConvergence)


@dataclass(frozen=True)
class Mismatch:
    """A point at which the expression is not what it should be."""

    at: float
    got: float
    expected: float
    ulp: float
    relative: float
    parameters: Mapping[str, float]


@dataclass(frozen=True)
class Point:
    """What is compared at one double `x`: log|df/dx| and the jacobian, NaN where it has no real value."""

    x: float
    log_slope: mpf
    slope: mpf
    got: mpf
    values: Mapping[sp.Symbol, mpf]


@dataclass(frozen=True)
class Comparison:
    """All points; for each direction the first-rate mismatch (None if there is none) and how many points agree."""

    points: tuple[Point, ...]
    mismatch: Mapping[str, Mismatch | None]
    agreeing: Mapping[str, int]

    @property
    def count(self) -> int:
        return len(self.points)


def compare(
    formula: Formula, jacobian: sp.Expr, output: sp.Symbol, domain: Interval | None,
    conditions: Iterable[tuple[sp.Basic, str]], given: Mapping[str, float], points: int, seed: int,
) -> Comparison:  # fmt: skip
    """The `jacobian`, in x or in the `output`, beside log|df/dx| at about `points` points: at the `given` parameters,
    and at others drawn from their constraints, all of which meet the `conditions`."""
    rng = np.random.default_rng(seed)
    f = plain(formula.expr)
    slope = diff(f, formula.variable)
    added = plain(jacobian).xreplace({output: f})
    further = sorted(added.free_symbols - {formula.variable, *(p.symbol for p in formula.parameters)}, key=str)
    symbols = [formula.variable, *(p.symbol for p in formula.parameters), *further]
    of_slope, of_added = numeric(slope, symbols), numeric(added, symbols)
    found = []
    for trial in range(SETS if symbols[1:] else 1):
        values = _parameters(formula, further, tuple(conditions), given if not trial else {}, given, rng)
        if values is None:
            continue
        for x in _inputs(domain or formula.domain or REALS, values, -(-points // SETS) if symbols[1:] else points, rng):
            here = [mpf(x), *values.values()]
            derivative = _value(of_slope, here)
            if derivative is not None and derivative != 0 and mpmath.isfinite(derivative):
                got = _value(of_added, here)
                with mpmath.workprec(START_BITS):
                    log_slope = mpmath.log(abs(derivative))
                found.append(Point(x, log_slope, derivative, mpf("nan") if got is None else got, values))
    wrong = {d: [(p, _mismatch(p, sign)) for p in found] for d, sign in (("forward", 1), ("inverse", -1))}
    worst = {d: max((m for _, m in all_ if m is not None), key=_severity, default=None) for d, all_ in wrong.items()}
    return Comparison(tuple(found), worst, {d: sum(m is None for _, m in all_) for d, all_ in wrong.items()})


def _severity(mismatch: Mismatch) -> tuple[bool, float]:
    """Wrong numbers at simple inputs tell more than NaN, and than those far out."""
    return (not math.isnan(mismatch.got), -abs(math.log(abs(mismatch.at) or 1.0)))


def _mismatch(point: Point, sign: int) -> Mismatch | None:
    expected = sign * point.log_slope
    with mpmath.workprec(START_BITS):
        error = abs(point.got - expected)
        if error <= TOLERANCE * max(mpf(1), abs(expected)):
            return None
        relative = rounded(error / abs(expected)) if expected else math.inf
    values = {s.name: float(v) for s, v in point.values.items()}
    return Mismatch(point.x, rounded(point.got), rounded(expected), relative / _EPS, relative, values)


def _value(function: Callable[..., Any], here: list[mpf]) -> mpf | None:
    try:
        return settled(lambda: [function(*here)], START_BITS)[0]
    except NO_VALUE:
        return None


def _parameters(
    formula: Formula, further: Iterable[sp.Symbol], conditions: tuple[tuple[sp.Basic, str], ...],
    fixed: Mapping[str, float], given: Mapping[str, float], rng: np.random.Generator,
) -> dict[sp.Symbol, mpf] | None:  # fmt: skip
    """Values that meet all conditions: the `fixed` ones, the others drawn; None if none are found."""
    for _ in range(_TRIES):
        values = {p.symbol: fixed.get(p.name, p.constraint.sample(rng)) for p in formula.parameters}
        for symbol in further:
            size = float(rng.lognormal(0.0, 0.7))
            signed = size if symbol.is_positive else -size if symbol.is_negative else size * rng.choice([-1, 1])
            values[symbol] = fixed.get(symbol.name, given.get(symbol.name, signed))
        exact = {s: sp.Rational(float(v)) for s, v in values.items()}
        domain = formula.domain
        ends = () if domain is None else (domain.lo.subs(exact), domain.hi.subs(exact))
        if all(r.subs(exact) == True for r, _ in conditions) and (not ends or ends[0] < ends[1]):  # noqa: E712
            return {s: mpf(float(v)) for s, v in values.items()}
    return None


def _inputs(domain: Interval, values: Mapping[sp.Symbol, mpf], count: int, rng: np.random.Generator) -> list[float]:
    """Doubles of ordinary sizes inside the domain, some of them close to its finite ends."""
    at = {s: sp.Rational(float(v)) for s, v in values.items()}
    lo, hi = (float(end.subs(at)) for end in (domain.lo, domain.hi))
    if math.isinf(lo) and math.isinf(hi):
        found = rng.choice([-1.0, 1.0], count) * 10.0 ** rng.uniform(-2, 1.5, count)
    elif math.isinf(hi):
        found = lo + 10.0 ** rng.uniform(-2, 1.5, count)
    elif math.isinf(lo):
        found = hi - 10.0 ** rng.uniform(-2, 1.5, count)
    else:
        found = lo + (hi - lo) / (1 + 10.0 ** rng.uniform(-2, 2, count))
    return [float(x) for x in found if lo < x < hi]
