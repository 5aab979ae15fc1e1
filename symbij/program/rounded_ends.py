"""Values between two links that rounding carries to or past an end of what the next link takes, brought back.

An input inside the domain has an intermediate value inside the domain of the next link, e.g. v < 1 before atanh; in
doubles it may be 1, where atanh is infinite, or next to 1 on the other side, where there is none. Which of two ends is
meant tells the input E that is mapped to the end e exactly. Where E is no double, the value never is the end, and is
brought back to the last double inside; where E is a double, unless the input is E; where E is infinite or not known,
to the end itself.

What was brought back has a log-derivative then, but not the value that the end has. Where everything that follows is
finite at the end, as asin and acos are, the value of the end is the closer one: `with_values_at_ends`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symbij.calculus.affine import AFFINE
from symbij.calculus.chain import Core, Link, RowLink
from symbij.calculus.truth import constant, evaluate
from symbij.formula.interval import Interval
from symbij.program.ir import Builder, Var

# Rows whose inverses, beyond the end of what they take, come back from the other side.
WRAPPING = ("atan", "gudermann")

_BITS = 300
_CLOSE = 2.0**-150  # numbers of so many bits are the same if they differ by less, relative to 1 at least
_MOST_OPERATIONS = 12  # of a formula of parameters that is computed only to tell an end from its neighbour
_UNIT = 2.0**-54  # next to zero: the least that is left of a difference of two rounded numbers next to 1


@dataclass(frozen=True)
class Step:
    """A link as it is applied: forwards, or its inverse."""

    link: Link
    inverted: bool

    @property
    def source(self) -> Interval:
        return self.link.codomain({}) if self.inverted else self.link.domain({})

    @property
    def target(self) -> Interval:
        return self.link.domain({}) if self.inverted else self.link.codomain({})

    @property
    def affine(self) -> bool:
        return self.link.name in AFFINE

    def back(self, value: sp.Expr) -> sp.Expr | None:
        """The input that is mapped to `value`, or tends to it; None where there is no formula for it."""
        if self.inverted:
            return self.link.value_at_end(value, {})
        return None if isinstance(self.link, Core) else self.link.inverse().value_at_end(value, {})

    def onwards(self, value: sp.Expr) -> sp.Expr | None:
        """What `value` is mapped to, or tends to; None where there is no formula for it."""
        return Step(self.link, not self.inverted).back(value)


Moved = list[tuple[Var, sp.Expr]]  # conditions under which a value was brought back inside, and from which end


def kept_inside(
    v: Var,
    x: Var,
    path: Sequence[Step],
    step: Step,
    env: dict[sp.Symbol, Var],
    b: Builder,
    moved: Moved | None = None,
) -> Var:
    """`v`, which the steps of `path` made of `x`, inside the closure of what `step` takes; notes in `moved` what was
    brought further inside than to the end itself."""
    if not path or step.affine:
        return v
    given, source = v, step.source
    for end, sign in ((source.lo, -1), (source.hi, 1)):
        # an end that is infinite for some parameters would cost all the others more than it saves
        if end.is_infinite is not True and not end.has(sp.Piecewise) and _may_pass(path, step, end, sign):
            v = _before(v, x, path, step, end, sign, env, b, [] if moved is None else moved)
    if v is not given and given.index in b.sizes:
        b.sizes[v.index] = b.sizes[given.index]
    return v


def with_values_at_ends(
    value: Var, moved: Sequence[tuple[Moved, Sequence[Step]]], env: dict[sp.Symbol, Var], b: Builder
) -> Var:
    """`value`, with that of an end for what was moved inside from there, if the steps that follow are finite there."""
    from symbij.program.lower import lower  # which brings values back by the functions here

    for places, rest in moved:
        for condition, end in places:
            reached = _value_of_end(end, rest) if b.accurate else None
            if reached is not None and reached.free_symbols <= env.keys():
                given = value
                value = b.select(condition, lower(reached, env, b), value)
                if given.index in b.sizes:
                    b.sizes[value.index] = b.sizes[given.index]
    return value


def _value_of_end(end: sp.Expr, rest: Sequence[Step]) -> sp.Expr | None:
    """What the steps map `end` to; None if one of them is infinite there, or has no formula."""
    value: sp.Expr | None = end
    for step in rest:
        value = step.onwards(value)
        if value is None or value.has(sp.nan, sp.zoo, sp.Piecewise) or value.count_ops() > _MOST_OPERATIONS:
            return None
        if is_infinite(value) or (not value.free_symbols and not abs(_number(value)) < math.inf):
            return None
    return value


def _may_pass(path: Sequence[Step], step: Step, end: sp.Expr, sign: int) -> bool:
    """Whether rounding can carry a value past `end`, which a value without rounding does not pass."""
    run = _last_run(path)
    function = path[len(path) - len(run) - 1] if len(run) < len(path) else None
    if end.is_zero:
        if any(s.link.name == "shift" for s in run):
            return len(path) > 1 or not is_double(run[0].link.args[0])  # type: ignore[attr-defined]
        return function is not None and not _keeps_zero(function) and _rounds(path, run, end)
    if all(_is_sign(s) for s in run):
        if function is None:
            return False
        flips = sum(_flips(s) for s in run) % 2
        reached = function.target.hi if (sign > 0) != bool(flips) else function.target.lo
        if _same(-reached if flips else reached, end):
            return step.inverted and step.link.name in WRAPPING
        return _rounds(path, run, end)
    # a first product or quotient of x cannot pass an end, where its factor and the end are doubles
    return not (len(path) == 1 and path[0].link.name != "shift" and (end.free_symbols or _exact(path, end)))


def _rounds(path: Sequence[Step], run: Sequence[Step], end: sp.Expr) -> bool:
    """Whether the function before the last `run` may carry its own input past what it maps to `end`."""
    return len(path) > len(run) + 1 or not _exact(path, end)


def _before(
    v: Var,
    x: Var,
    path: Sequence[Step],
    step: Step,
    end: sp.Expr,
    sign: int,
    env: dict[sp.Symbol, Var],
    b: Builder,
    moved: Moved,
) -> Var:
    from symbij.program.lower import lower  # which brings values back by the functions here

    source = input_of(path, end)
    if source is not None and not source.free_symbols and _is_nan(_number(source)):
        return v  # no input leads there
    at_end = lower(end, env, b) if end.free_symbols else b.const(constant(end))
    inside = _inside(path, step, end, sign, at_end, b)
    beyond, past = ("gt", "ge") if sign > 0 else ("lt", "le")
    if source is None or inside is None or is_infinite(source):
        return b.select(b.compare(beyond, v, at_end), at_end, v)
    if source.free_symbols or is_double(source):
        if not b.accurate or source.count_ops() > _MOST_OPERATIONS or not source.free_symbols <= env.keys():
            return b.select(b.compare(beyond, v, at_end), at_end, v)
        inside = b.select(b.compare("ne", x, _meant(source, lower(source, env, b), b)), inside, at_end)
    outside = b.compare(past, v, _outside(step, end, sign, at_end, b))
    moved.append((outside, end))
    return b.select(outside, inside, v)


def _meant(source: sp.Expr, value: Var, b: Builder) -> Var:
    """The input that is mapped to an end, NaN where it is no double but rounds to one: a function other than a power
    gives none but 0 and 1 and -1."""
    if not source.has(sp.Function):
        return value
    plain = b.compare("ne", b.mul(value, value), b.call("abs", value))
    return b.select(plain, b.const(math.nan), value)


def _inside(path: Sequence[Step], step: Step, end: sp.Expr, sign: int, at_end: Var, b: Builder) -> Var | None:
    """The last double before `end`, next to zero the least that rounding leaves; None if that depends on parameters."""
    if end.free_symbols:
        return b.sub(at_end, b.mul(b.call("abs", at_end), b.const(sign * 1.5 * 2.0**-53)))
    if not end.is_zero:
        return b.const(math.nextafter(_first_outside(step, end, sign), -sign * math.inf))
    size = sp.S.One
    for affine in _last_run(path):
        (amount,) = affine.link.args  # type: ignore[attr-defined]
        if affine.link.name == "shift":
            size = abs(amount)
        else:
            size = size * abs(amount) if (affine.link.name == "scale") != affine.inverted else size / abs(amount)
    return None if size.free_symbols else b.const(-sign * _UNIT * constant(size))


def _outside(step: Step, end: sp.Expr, sign: int, at_end: Var, b: Builder) -> Var:
    """The first double that is not before `end`."""
    return at_end if end.free_symbols or end.is_zero else b.const(_first_outside(step, end, sign))


def _first_outside(step: Step, end: sp.Expr, sign: int) -> float:
    exact, near = _number(end), constant(end)
    if is_double(end) or ((exact - near) * sign > 0 and getattr(step.link, "args", ())):
        return near  # which the link, of parameters that are rounded, takes for the end
    while (exact - near) * sign > 0:
        near = math.nextafter(near, sign * math.inf)
    while (exact - math.nextafter(near, -sign * math.inf)) * sign < 0:
        near = math.nextafter(near, -sign * math.inf)
    return near


def _last_run(path: Sequence[Step]) -> list[Step]:
    """The affine links at the end of the path."""
    run: list[Step] = []
    for step in reversed(path):
        if not step.affine:
            break
        run.insert(0, step)
    return run


def _is_sign(step: Step) -> bool:
    """Whether a link changes the sign at most."""
    return isinstance(step.link, RowLink) and step.link.name != "shift" and abs(step.link.args[0]) == 1


def _flips(step: Step) -> bool:
    return bool(step.link.args[0] == -1)  # type: ignore[attr-defined]


def _keeps_zero(step: Step) -> bool:
    """Whether zero is mapped to zero, or is an end of what the map gives."""
    if any(end.is_zero for end in (step.target.lo, step.target.hi)):
        return True
    zero = step.back(sp.S.Zero)
    return zero is not None and bool(zero == 0)


def _exact(path: Sequence[Step], end: sp.Expr) -> bool:
    """Whether the input that is mapped to `end` is a double, as `end` is; taken for granted of parameters."""
    source = input_of(path, end)
    return is_double(end) and (source is None or bool(source.free_symbols) or is_double(source))


def input_of(path: Sequence[Step], end: sp.Expr) -> sp.Expr | None:
    """What the path maps to `end`, NaN if there is no such input, None if it is not known."""
    value: sp.Expr | None = end
    for step in reversed(path):
        if value is None or value.has(sp.nan, sp.zoo):
            return value
        if not value.free_symbols and not _in_closure(value, step.target):
            return sp.nan
        value = step.back(value)
    return value


def _in_closure(value: sp.Expr, where: Interval) -> bool:
    at, *ends = (sp.S(v) for v in (value, where.lo, where.hi))
    number = _number(at)
    lo, hi = (None if end.free_symbols else _number(end) for end in ends)
    if _is_nan(number):
        return False
    margin = _CLOSE * (1 + abs(number)) if abs(number) < math.inf else 0
    return (lo is None or bool(number >= lo - margin)) and (hi is None or bool(number <= hi + margin))


def _same(a: sp.Expr, c: sp.Expr) -> bool:
    if a == c:
        return True
    if a.free_symbols or c.free_symbols or is_infinite(a) or is_infinite(c):
        return False
    return bool(abs(_number(a) - _number(c)) <= _CLOSE * (1 + abs(_number(a))))


def is_infinite(expr: sp.Expr) -> bool:
    """Whether an expression is infinite for certain."""
    return bool(expr.is_infinite) or (not expr.free_symbols and bool(abs(_number(expr)) == math.inf))


def is_double(expr: sp.Expr) -> bool:
    """Whether a number is exactly a double; nothing is known of parameters."""
    if expr.free_symbols:
        return False
    value = _number(expr)
    if not abs(value) < math.inf:
        return False
    return bool(abs(value - float(value)) <= _CLOSE * abs(value))


def _is_nan(value: Any) -> bool:
    return bool(value != value)


@functools.lru_cache(maxsize=1024)
def _number(expr: sp.Expr) -> Any:
    """A number to `_BITS` bits; NaN where it is not real."""
    if expr.is_infinite:
        return math.inf if expr.is_extended_positive else -math.inf
    return evaluate(expr, {}, _BITS)
