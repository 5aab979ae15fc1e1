"""The programs behind a bijector's methods: a sequence of stages, lowered one after the other into one program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp

from symbij.calculus.derivation import Derivation
from symbij.formula.interval import Interval
from symbij.program.ir import Builder, Program, Var
from symbij.program.logarithms import with_one_logarithm
from symbij.program.lower import Env, Lowered, lower, lower_chain, lower_inverse
from symbij.program.passes import unrounded

X = "x"
_ROUNDINGS = 2.0**-50


@dataclass(frozen=True)
class Stage:
    """One derived map of a chain, forwards or inverted; `names` are the program inputs of its parameters."""

    derivation: Derivation
    inverted: bool
    names: tuple[str, ...]

    def flipped(self) -> Stage:
        return Stage(self.derivation, not self.inverted, self.names)

    @property
    def source(self) -> Interval:
        return self.derivation.codomain if self.inverted else self.derivation.domain

    @property
    def target(self) -> Interval:
        return self.derivation.domain if self.inverted else self.derivation.codomain


def flip(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages of the inverse map."""
    return tuple(s.flipped() for s in reversed(stages))


def transform_program(stages: Sequence[Stage], parameters: tuple[str, ...], value: bool, log_det: bool) -> Program:
    """The program of the map through `stages`: its value, its log|derivative|, or both, in that order."""
    b = Builder(accurate=True)
    x = b.input(X)
    result = lower_stages(stages, x, b)
    outputs = [result.value] * value
    if log_det:
        outputs.append(with_one_logarithm(b, result.log_det, x, result.value))
    return unrounded(b.finish(outputs, (X, *parameters)))


def lower_stages(stages: Sequence[Stage], u: Var, b: Builder) -> Lowered:
    """Value and log|derivative| after all stages, from the input `u`; NaN outside a stage's source interval."""
    total = b.const(0.0)
    for stage in stages:
        env = stage_env(stage, b)
        closure = replace(stage.source, lo_open=False, hi_open=False)  # at an open end the map has its limit
        for condition in interval_conditions(u, closure, env, b, leeway=True):
            u = b.select(condition, u, b.const(float("nan")))
        step = (lower_inverse if stage.inverted else lower_chain)(stage.derivation.chain, env, u, b)
        total = b.add(total, step.log_det)
        u = _clamped(step.value, stage, env, b)
    return Lowered(u, total)


def lower_pullback(stages: Sequence[Stage], y: Var, b: Builder) -> tuple[Lowered, list[Var]]:
    """Like `lower_stages`, without NaN: returns also the conditions under which `y` is inside every source interval.

    Outside, the computation goes on from a point inside: a result that is not selected must still be finite, since in
    the reverse sweep its derivative is multiplied by zero.
    """
    total = b.const(0.0)
    inside: list[Var] = []
    for stage in stages:
        env = stage_env(stage, b)
        conditions = interval_conditions(y, stage.source, env, b)
        y = at_safe_point(y, conditions, stage.source, env, b)
        inside += conditions
        step = (lower_inverse if stage.inverted else lower_chain)(stage.derivation.chain, env, y, b)
        total = b.add(total, step.log_det)
        y = step.value
    return Lowered(y, total), inside


def at_safe_point(u: Var, conditions: list[Var], where: Interval, env: Env, b: Builder) -> Var:
    """`u` where the conditions hold, else a point inside `where`."""
    if not conditions:
        return u
    ends = [None if e.is_infinite and e.is_number else lower(e, env, b) for e in (where.lo, where.hi)]
    lo, hi = ends
    inside = 0.5 * (lo + hi) if lo is not None and hi is not None else (lo + 1.0 if lo is not None else hi - 1.0)  # type: ignore[operator]
    for condition in conditions:
        u = b.select(condition, u, inside)
    return u


def interval_conditions(u: Var, where: Interval, env: Env, b: Builder, leeway: bool = False) -> list[Var]:
    """The comparisons that say that `u` lies in `where`; they fail for NaN.

    With `leeway`, ends that take several roundings to compute, or a function, are moved outwards by as much.
    """
    made = []
    ends = ((where.lo, "gt" if where.lo_open else "ge", -1.0), (where.hi, "lt" if where.hi_open else "le", 1.0))
    for end, kind, outwards in ends:
        if end.is_infinite and end.is_number:
            continue
        bound = lower(end, env, b)
        size = -end if end.could_extract_minus_sign() else end
        if leeway and size.free_symbols and (size.count_ops() > 1 or size.has(sp.Function)):  # one rounding keeps order
            bound = bound + b.call("abs", bound) * (outwards * _ROUNDINGS)
        made.append(b.compare(kind, u, bound))
    return made


def stage_env(stage: Stage, b: Builder) -> Env:
    """The inputs of a stage, by the symbols of its parameters."""
    symbols = [p.symbol for p in stage.derivation.formula.parameters]
    return {s: b.input(n) for s, n in zip(symbols, stage.names, strict=True)}


def _clamped(v: Var, stage: Stage, env: Env, b: Builder) -> Var:
    """`v`, which rounding may have carried past a finite end of its codomain, brought back to it.

    A function of the table stays inside its range, which may be wider than that of the map on a given domain; a last
    step of arithmetic, as in `low + (high - low)*1`, can overshoot the end by one unit in the last place.
    """
    chain = stage.derivation.chain
    last = (chain[0].inverse() if stage.inverted else chain[-1]) if chain else None
    if last is None:
        return v
    own = None if last.name in ARITHMETIC else last.codomain({})
    for side, kind in (("lo", "lt"), ("hi", "gt")):
        end = getattr(stage.target, side)
        # an end that is computed from parameters may be less accurate than the value
        passed = own is None or (end.is_number and end != getattr(own, side))
        if passed and not end.has(sp.oo):
            bound = lower(end, env, b)
            v = b.select(b.compare(kind, v, bound), bound, v)
    return v


ARITHMETIC = ("shift", "scale", "divide", "sigmoid_between")
