"""A log-det written as an expression beside the derivative it belongs to, compared with many digits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import diff, numeric, plain
from symbij.accuracy.doubles import rounded
from symbij.accuracy.truth import settled
from symbij.calculus.derivation import Derivation, derive
from symbij.errors import SymbijError
from symbij.formula.constraints import negative, nonzero, positive
from symbij.formula.formula import Formula, make_formula
from symbij.formula.interval import REALS, Interval

SETS = 6  # of parameters
START_BITS = 300
TOLERANCE = 1e-8  # relative, and absolute for numbers below 1: constants written with eight digits are taken
_EPS = 2.0**-52
_TRIES = 40
# What mpmath raises where there is no value.
_NO_VALUE = (ArithmeticError, ValueError, TypeError, MemoryError, mpmath.libmp.NoConvergence)


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
    """All points; for each direction the mismatch that tells most (None if there is none) and how many points agree."""

    points: tuple[Point, ...]
    mismatch: Mapping[str, Mismatch | None]
    agreeing: Mapping[str, int]

    @property
    def count(self) -> int:
        return len(self.points)


def compare(
    formula: Formula, jacobian: sp.Expr, output: sp.Symbol, derivation: Derivation | None, given: Mapping[str, float],
    points: int, seed: int, relations: Sequence[sp.Basic] = (),
) -> Comparison:  # fmt: skip
    """The `jacobian`, in x or in the `output`, beside log|df/dx| at about `points` points: at the `given` parameters,
    and at others drawn from their constraints, where all `relations` hold."""
    rng = np.random.default_rng(seed)
    f = plain(formula.expr)
    slope = diff(f, formula.variable)
    added = plain(jacobian).xreplace({output: f})
    further = sorted(added.free_symbols - {formula.variable, *(p.symbol for p in formula.parameters)}, key=str)
    symbols = [formula.variable, *(p.symbol for p in formula.parameters), *further]
    of_value, of_slope, of_added = (numeric(e, symbols) for e in (f, slope, added))
    found = []
    for trial in range(SETS if symbols[1:] else 1):
        conditions = [*(r for r, _ in (derivation.conditions if derivation else ())), *relations]
        values = _parameters(formula, further, conditions, given, trial, rng)
        if values is None:
            continue
        domain = derivation.domain if derivation else _domain(formula, values)
        for x in _inputs(domain, values, -(-points // SETS) if symbols[1:] else points, rng):
            here = [mpf(x), *values.values()]
            derivative = value_at(of_slope, here)
            if derivative != 0 and mpmath.isfinite(derivative) and mpmath.isfinite(value_at(of_value, here)):
                got = value_at(of_added, here)
                with mpmath.workprec(START_BITS):
                    log_slope = mpmath.log(abs(derivative))
                found.append(Point(x, log_slope, derivative, got, values))
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


def value_at(function: Callable[..., Any], here: Sequence[mpf]) -> mpf:
    """A value whose rounded double has settled; NaN where there is no real one."""
    try:
        return settled(lambda: [function(*here)], START_BITS)[0]
    except _NO_VALUE:
        return mpf("nan")


def _parameters(
    formula: Formula, further: Sequence[sp.Symbol], conditions: Sequence[sp.Basic],
    given: Mapping[str, float], trial: int, rng: np.random.Generator,
) -> dict[sp.Symbol, mpf] | None:  # fmt: skip
    """Values that meet all conditions, None if none are found: those `given` at first, later others in their order of
    size (lower < upper), with all signs that their constraints allow."""
    constraints = {p.symbol: p.constraint for p in formula.parameters}
    constraints |= {s: positive if s.is_positive else negative if s.is_negative else nonzero for s in further}
    for _ in range(_TRIES):
        values = {}
        for k, (symbol, constraint) in enumerate(constraints.items()):
            value = constraint.sample(rng)
            if constraint.hi == -constraint.lo and symbol.name not in given:
                value = math.copysign(value, 1 if (trial >> k) % 2 else -1)
            values[symbol] = given[symbol.name] if symbol.name in given and not trial else value
        exact = {s: sp.Rational(float(v)) for s, v in values.items()}
        domain = formula.domain
        ends = () if domain is None else (domain.lo.subs(exact), domain.hi.subs(exact))
        valid = all(r.subs(exact) == True for r in conditions)  # noqa: E712  sympy's own truth value
        if valid and (not ends or ends[0] < ends[1]) and _ordered_as(given, values):
            return {s: mpf(float(v)) for s, v in values.items()}
    return None


def at_values(formula: Formula, values: Mapping[sp.Symbol, Any]) -> Formula:
    """A formula with numbers in the place of its parameters."""
    numbers = {p.symbol: sp.Rational(float(values[p.symbol])) for p in formula.parameters}
    ends = None
    if formula.domain is not None:
        ends = formula.domain.lo.subs(numbers), formula.domain.hi.subs(numbers)
    return replace(make_formula(formula.expr.xreplace(numbers), domain=ends), text=formula.text)


def _domain(formula: Formula, values: Mapping[sp.Symbol, Any]) -> Interval:
    """The domain at one set of parameters, where none is known for all of them."""
    try:
        return derive(at_values(formula, values)).domain
    except SymbijError:
        return formula.domain or REALS


def _ordered_as(given: Mapping[str, float], values: Mapping[sp.Symbol, float]) -> bool:
    """Whether no two values stand in the opposite order of those given."""
    pairs = [(given[s.name], v) for s, v in values.items() if s.name in given]
    return all((a - b) * (u - v) >= 0 for (a, u), (b, v) in itertools.combinations(pairs, 2))


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
