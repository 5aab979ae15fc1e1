"""Counterexamples: two inputs with one output. Sampling can refute a formula; it never proves one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy as sp

from symbij.calculus.break_points import points_beside_breaks
from symbij.calculus.chain import Chain, chain_forward
from symbij.calculus.truth import evaluate
from symbij.errors import DerivationError
from symbij.formula.formula import Formula
from symbij.formula.interval import Interval
from symbij.formula.vocabulary import NONZERO, Requirement

PRECISION = 100
TRIALS = 12
MOST_SWITCHES = 3


@dataclass(frozen=True)
class Witness:
    """Two inputs with one output, and a part of the line on which the formula looks monotone, if one was seen."""

    x1: float
    x2: float
    y: float
    parameters: dict[str, float]
    monotone_part: str | None


def find_witness(formula: Formula) -> Witness | None:
    """Two different inputs that the formula maps to the same output, or None if the search finds none."""
    rng = np.random.default_rng(0)
    for trial in range(TRIALS if formula.parameters else 1):
        parameters = _sample(formula, rng, trial)
        witness = _search(formula, parameters)
        if witness is not None:
            return witness
    return None


def _sample(formula: Formula, rng: np.random.Generator, trial: int) -> dict[str, float]:
    """Parameter values inside their constraints; simple ones first."""
    values = {}
    for p in formula.parameters:
        simple = 1.0 if trial == 0 else -1.0
        values[p.name] = (
            simple
            if trial < 2 and p.constraint.violation(np.array(simple)) is None
            else round(p.constraint.sample(rng), 3)
        )
    return values


def _grid(formula: Formula, parameters: dict[str, float]) -> list[float]:
    lo, hi = -math.inf, math.inf
    if formula.domain is not None:
        lo, hi = (float(evaluate(end, parameters, PRECISION)) for end in (formula.domain.lo, formula.domain.hi))
    if not lo < hi:
        return []
    if math.isfinite(lo) and math.isfinite(hi):
        points = list(np.linspace(lo, hi, 81)[1:-1])
    else:
        steps = np.concatenate([np.linspace(0.0, 5.0, 41), np.geomspace(6, 1e3, 12)])
        if math.isfinite(lo):
            points = list(lo + steps[1:])
        elif math.isfinite(hi):
            points = list(hi - steps[1:][::-1])
        else:
            points = [*(-steps[:0:-1]), *steps]
    return [float(p) for p in points]


def _search(formula: Formula, parameters: dict[str, float]) -> Witness | None:
    def f(x: float) -> mpmath.mpf:  # not a double: next to where it levels off all doubles are one
        values = {**parameters, formula.variable.name: x}
        if not all(_holds(need, values) for need in formula.requirements):
            return mpmath.nan
        return evaluate(formula.expr, values, PRECISION)

    grid = _grid(formula, parameters)
    values = [f(x) for x in grid]
    flat = _flat_stretch(formula, parameters, grid, values)
    if flat is not None:
        return Witness(*flat, parameters, None)
    turns = [
        i for i in range(1, len(grid) - 1) if _turns(*values[i - 1 : i + 2]) and _surely(formula, parameters, grid, i)
    ]
    if not turns:
        return None
    # beyond the last turn the formula looks monotone, if that is not just where the grid ends
    settled = formula.domain is None and turns[-1] < len(grid) - 12
    monotone_part = f"({grid[turns[-1] + 1]:.6g}, 'oo')" if settled else None
    plain = _coincidence({x: float(y) for x, y in zip(grid, values, strict=True)})
    if plain is not None and _equal(formula, parameters, *plain[:2]):
        return Witness(*plain, parameters, monotone_part)
    for i in turns:
        a, c = values[i - 1], values[i + 1]
        level = a if abs(values[i] - a) <= abs(c - values[i]) else c  # attained on both sides of the turn
        left = grid[i - 1] if level == a else _solve(f, grid[i - 1], grid[i], level)
        right = grid[i + 1] if level == c else _solve(f, grid[i], grid[i + 1], level)
        if left is None or right is None:
            continue
        # a jump passes a level without attaining it, and a low turn has many values that are nearly equal
        tolerance = min(1e-9 * max(1.0, abs(level)), 1e-3 * abs(values[i] - level))
        if abs(f(left) - level) < tolerance and abs(f(right) - level) < tolerance and right - left > 1e-6:
            return Witness(left, right, float(level), parameters, monotone_part)
    return None


def contradiction(formula: Formula, sign: int | sp.Expr, codomain: Interval) -> dict[str, float] | None:
    """Parameters for which a formula assumed to be monotone goes the other way than `sign` says, or leaves `codomain`;
    None if none are found among a few."""
    rng = np.random.default_rng(0)
    for trial in range(TRIALS if formula.parameters else 1):
        parameters = _sample(formula, rng, trial)
        values = _first_and_last(formula, parameters)
        if values is None:
            continue
        first, last = values
        expected = sign if isinstance(sign, int) else mpmath.sign(evaluate(sign, parameters, PRECISION))
        lo, hi = (evaluate(end, parameters, 4 * PRECISION) for end in (codomain.lo, codomain.hi))
        if expected not in (1, -1) or not lo < hi:
            continue
        with mpmath.workprec(4 * PRECISION):
            rounding = mpmath.mpf(2) ** -PRECISION * max(abs(first), abs(last), 1)
            if (last - first) * expected < -rounding or min(values) < lo - rounding or max(values) > hi + rounding:
                return parameters
    return None


def _first_and_last(formula: Formula, parameters: dict[str, float]) -> tuple[mpmath.mpf, mpmath.mpf] | None:
    """The values at the first and at the last point of the grid that has one."""
    values = []
    for x in _grid(formula, parameters):
        at = {**parameters, formula.variable.name: x}
        if all(_holds(need, at) for need in formula.requirements):
            value = evaluate(formula.expr, at, 4 * PRECISION)
            values += [value] if mpmath.isfinite(value) else []
    return (values[0], values[-1]) if len(values) > 1 else None


def _holds(need: Requirement, values: dict[str, float]) -> bool:
    """Whether the formula is defined at `values` as far as this requirement goes."""
    if not all(_true(relation, values) for relation in need.under):
        return True
    value = evaluate(need.expr, values, PRECISION)
    if need.interval is NONZERO:
        return bool(value != 0)
    lo, hi = (evaluate(end, values, PRECISION) for end in (need.interval.lo, need.interval.hi))
    above = value > lo if need.interval.lo_open else value >= lo
    return bool(above and (value < hi if need.interval.hi_open else value <= hi))


def _true(relation: sp.Basic, values: dict[str, float]) -> bool:
    """Whether a relation, or a combination of relations, holds at `values`."""
    if isinstance(relation, sp.And):
        return all(_true(r, values) for r in relation.args)
    if isinstance(relation, sp.Or):
        return any(_true(r, values) for r in relation.args)
    if relation in (sp.true, sp.false):
        return bool(relation)
    difference = evaluate(relation.lhs - relation.rhs, values, PRECISION)
    return bool(relation.func(sp.Float(difference, 50), 0))


def _turns(a: mpmath.mpf, b: mpmath.mpf, c: mpmath.mpf) -> bool:
    """Whether three values in a row go up and then down, or down and then up, without a jump in between."""
    return all(map(math.isfinite, (a, b, c))) and (b - a) * (c - b) < 0 and max(abs(b - a), abs(c - b)) < 1e6


def _surely(formula: Formula, parameters: dict[str, float], grid: list[float], i: int) -> bool:
    """Whether the formula turns at the grid's point `i` in more digits too, by more than these digits may err."""
    at = [evaluate(formula.expr, {**parameters, formula.variable.name: x}, 4 * PRECISION) for x in grid[i - 1 : i + 2]]
    least = max(map(abs, at)) * mpmath.mpf(2) ** (-2 * PRECISION)
    return _turns(*at) and min(abs(at[1] - at[0]), abs(at[2] - at[1])) > least


def _flat_stretch(
    formula: Formula, parameters: dict[str, float], grid: list[float], values: list[mpmath.mpf]
) -> tuple[float, float, float] | None:
    """Two neighbours between which the formula is constant: of equal numbers one may still be larger by less than
    rounding, but not where the branches that are taken at both do not depend on the variable any more."""
    if formula.parameters and len(set(values)) == 1:
        return None  # constant for these parameters, which says nothing of others
    if not formula.expr.has(*_SWITCHES):
        return None
    stretches = zip(grid, grid[1:], values, values[1:], strict=False)
    for x1, x2, y1, y2 in sorted(stretches, key=lambda s: abs(s[0])):
        if y1 == y2 and math.isfinite(y1):
            first, second = (_taken(formula.expr, {**parameters, formula.variable.name: x}) for x in (x1, x2))
            if first == second and not first.has(formula.variable):
                return x1, x2, float(y1)
    return None


_SWITCHES = (sp.Piecewise, sp.Max, sp.Min, sp.Abs, sp.sign, sp.floor)


def _taken(expr: sp.Expr, values: dict[str, float]) -> sp.Expr:
    """`expr` with the branches that are taken at `values` in place of everything that switches."""
    if not expr.has(*_SWITCHES):
        return expr
    if isinstance(expr, sp.Piecewise):
        return next((_taken(e, values) for e, condition in expr.args if _true(condition, values)), sp.nan)
    if isinstance(expr, (sp.Max, sp.Min)):
        best = (max if isinstance(expr, sp.Max) else min)(expr.args, key=lambda e: evaluate(e, values, PRECISION))
        return _taken(best, values)
    if isinstance(expr, (sp.Abs, sp.sign, sp.floor)):
        inner = evaluate(expr.args[0], values, PRECISION)
        if isinstance(expr, sp.floor):
            return sp.Integer(int(mpmath.floor(inner))) if mpmath.isfinite(inner) else sp.nan
        sign = sp.Integer(int(mpmath.sign(inner))) if not mpmath.isnan(inner) else sp.nan
        return sign * _taken(expr.args[0], values) if isinstance(expr, sp.Abs) else sign
    return expr.func(*(_taken(e, values) for e in expr.args))


def _equal(formula: Formula, parameters: dict[str, float], x1: float, x2: float) -> bool:
    """Whether the values are equal beyond the digits and the range of doubles, in which both may have become 0; so may
    they in some hundred bits, if they are differences such as 1 - ndtr(27)."""
    for precision in (4 * PRECISION, 40 * PRECISION):
        y1, y2 = (evaluate(formula.expr, {**parameters, formula.variable.name: x}, precision) for x in (x1, x2))
        if not abs(y1 - y2) <= mpmath.mpf(2) ** (-precision // 2) * max(abs(y1), abs(y2)):
            return False
    return True


def _coincidence(values: dict[float, float]) -> tuple[float, float, float] | None:
    """Two small whole numbers with exactly the same value, which make the plainest witness."""
    seen: dict[float, float] = {}
    for x in sorted((x for x in values if x == int(x) and abs(x) <= 5), key=lambda x: (abs(x) == 0, abs(x), x)):
        y = values[x]
        if math.isfinite(y) and y in seen:
            return (*sorted((seen[y], x)), y)  # type: ignore[return-value]
        seen[y] = x
    return None


def _solve(f: Callable[[float], mpmath.mpf], lo: float, hi: float, level: mpmath.mpf) -> float | None:
    """x in [lo, hi] with f(x) = level, by bisection on a continuous stretch."""
    at_lo, at_hi = f(lo) - level, f(hi) - level
    if at_lo == 0:
        return lo
    if at_hi == 0:
        return hi
    if at_lo * at_hi > 0:
        return None
    for _ in range(200):
        middle = (lo + hi) / 2
        if middle in (lo, hi):
            break
        value = f(middle) - level
        if value == 0:
            return middle
        if (value > 0) == (at_hi > 0):
            hi = middle
        else:
            lo = middle
    return (lo + hi) / 2


def around_turn(formula: Formula, p: float, q: float) -> Witness | None:
    """Two inputs with one output on either side of a turn between `p` and `q`, where slopes have different signs."""
    if p == q or formula.parameters:
        return None
    x = formula.variable.name

    def f(at: mpmath.mpf) -> mpmath.mpf:
        return evaluate(formula.expr, {x: at}, 4 * PRECISION)

    with mpmath.workprec(4 * PRECISION):
        a, c = mpmath.mpf(min(p, q)), mpmath.mpf(max(p, q))
        tiny = (c - a) * mpmath.mpf(2) ** -200

        def rises(at: mpmath.mpf) -> bool:
            return bool(f(at + tiny) > f(at))

        left = rises(a)
        if rises(c) == left:
            return None
        inner, outer = a, c
        for _ in range(120):  # to where the slope changes its sign
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if rises(middle) == left else (inner, middle)
        for k in range(60):  # close enough to that turn the formula is monotone on both sides of it
            x1, x2 = (inner - (inner - a) / 2**k, inner + (c - inner) / 2**k)
            level = f(x1) if (f(x1) < f(x2)) != left else f(x2)
            low, high = _solved(f, x1, inner, level), _solved(f, inner, x2, level)
            if low is not None and high is not None and low < high:
                return Witness(float(low), float(high), float(level), {}, None)
    return None


def _solved(
    f: Callable[[mpmath.mpf], mpmath.mpf], lo: mpmath.mpf, hi: mpmath.mpf, level: mpmath.mpf
) -> mpmath.mpf | None:
    """x in [lo, hi] with f(x) = level, by bisection at the working precision; None where f jumps past it."""
    at_lo, at_hi = f(lo) - level, f(hi) - level
    nearly = max(abs(at_lo), abs(at_hi)) * mpmath.mpf(2) ** -60
    if at_lo == 0 or at_hi == 0:
        return lo if at_lo == 0 else hi
    if (at_lo > 0) == (at_hi > 0):
        return None
    for _ in range(300):
        middle = (lo + hi) / 2
        off = f(middle) - level
        if mpmath.isnan(off):  # f is not defined all the way
            return None
        if (off > 0) == (at_hi > 0):
            hi = middle
        else:
            lo = middle
    return middle if abs(f(middle) - level) <= nearly else None


def check_chain(formula: Formula, chain: Chain, domain: Interval) -> None:
    """Compare the chain with the formula it came from at a few points, to 25 digits, and in each piece of it.

    Recognition uses general algebra (`cancel`, `simplify`); nothing of it is believed unchecked. A mismatch is a
    defect of symbij, not of the formula, and never passed on as a result.
    """
    rng = np.random.default_rng(1)
    rebuilt = _in_steps(chain, formula.variable)
    beside = points_beside_breaks(chain)
    checked = 0
    for trial in range(8):
        parameters = _sample(formula, rng, trial + 2)
        try:
            ends = [
                float(evaluate(e, parameters, PRECISION)) if e.is_finite is not False else float(e)
                for e in (domain.lo, domain.hi)
            ]
        except TypeError:
            continue
        if not ends[0] < ends[1]:
            continue  # empty for these parameters
        known = _agree_at(formula, rebuilt, {**parameters, formula.variable.name: _inside(*ends, rng)})
        if not known:
            continue
        if checked == 0:
            for expr in beside:
                point = evaluate(expr, parameters, PRECISION)
                if ends[0] < point < ends[1]:
                    _agree_at(formula, rebuilt, {**parameters, formula.variable.name: float(point)})
        checked += 1
        if checked == 3:
            return


def _in_steps(chain: Chain, x: sp.Symbol) -> list[sp.Expr]:
    """The chain as expressions of `x`, to be evaluated one after the other: one, if it does not switch between forms
    again and again, which sympy would write out in all combinations."""
    steps = [item.forward(x) for item in chain]
    return steps if sum(step.has(sp.Piecewise) for step in steps) > MOST_SWITCHES else [chain_forward(chain, x)]


def _agree_at(formula: Formula, rebuilt: list[sp.Expr], values: dict[str, float]) -> bool:
    """Whether the formula and what it was made into have values there; raises DerivationError if these differ."""
    precision = 3 * PRECISION
    while True:
        expected = evaluate(formula.expr, values, precision)
        got = values[formula.variable.name]
        for step in rebuilt:
            got = evaluate(step, {**values, formula.variable.name: got}, precision)
        differ = abs(expected - got) > 1e-25 * max(1, abs(expected))
        if not differ or precision > 100 * PRECISION:
            break
        precision *= 6  # an inner function may level off: ndtr(18) is 1 to 72 digits
    if not (math.isfinite(expected) and math.isfinite(got)):
        return False
    if differ:
        raise DerivationError(
            f"{formula.text}: the derived form gives {mpmath.nstr(got, 17)} at {values}, the formula "
            f"{mpmath.nstr(expected, 17)}; please report this formula"
        )
    return True


def _inside(lo: float, hi: float, rng: np.random.Generator) -> float:
    if math.isfinite(lo) and math.isfinite(hi):
        return float(rng.uniform(lo, hi))
    if math.isfinite(lo):
        return lo + float(rng.exponential())
    if math.isfinite(hi):
        return hi - float(rng.exponential())
    return float(rng.normal())
