"""Parameters to try a subject with: not the neutral ones at which faults hide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import sympy as sp

from symbij.audit.inputs import find_events, ordinary
from symbij.audit.subject import FAULTS, OPERATIONS, Ends, Subject
from symbij.bijectors.numeric import numeric
from symbij.calculus.derivation import Derivation
from symbij.errors import SymbijError
from symbij.formula.constraints import Constraint
from symbij.formula.interval import Interval

SETS = 8  # at most, with the parameters that the subject came with
TRIES = 40  # draws until values meet constraints and conditions
SPECIAL = (0.0, 1.0, 2.0, -1.0)
NEARLY_SPECIAL = (1e-11, 1 + 1e-9)
EXTREME = (1e-8, 1e4)
LARGER, SMALLER = 1.37, 0.61  # factors where nothing is known of what a parameter may be
POINTS = 200

Values = dict[str, Any]


Meant = Callable[[Values], bool]


def allowing(constraints: Mapping[str, Constraint], relations: Sequence[sp.Basic]) -> Meant:
    """Whether values are meant: within constraints, and with all relations between them."""

    def meant(values: Values) -> bool:
        arrays = {n: np.asarray(v, dtype=float) for n, v in values.items()}
        if any(c.violation(arrays[n]) is not None for n, c in constraints.items() if n in arrays):
            return False
        return _hold(relations, arrays)

    return meant


def _hold(relations: Iterable[sp.Basic], arrays: Mapping[str, np.ndarray]) -> bool:
    try:
        return all(bool(np.all(np.asarray(numeric(r, dict(arrays)), dtype=bool))) for r in relations)
    except (TypeError, ValueError, ArithmeticError, NameError):
        return False


def parameter_sets(
    subject: Subject, derivation: Derivation | None, domain: Ends, seed: int, meant: Meant = lambda _: True,
    given: bool = True,
) -> list[Values]:  # fmt: skip
    """Sets of parameters for a subject, at most eight; the first is that which it came with.

    With a formula: generic values for all parameters, negative ones, special ones (0, 1, 2, -1), nearly special ones,
    tiny and large ones, each as far as constraints and conditions allow. Of a black box only real numbers are changed,
    without change of sign and by moderate factors, and only where the map stays finite and one-to-one. All have to be
    `meant`. Code whose formula is not `given` is only tried where it computes anything: it may exclude the rest.
    """
    own = dict(subject.parameters)
    if not own or subject.rebuilt is None:
        return [own]
    rng = np.random.default_rng(seed)
    candidates = _allowed(derivation, own, rng, meant) if derivation is not None else _scaled(own, subject.event_ndims)
    found = [own]
    for values in candidates:
        if len(found) == SETS:
            break
        if any(_same(values, f) for f in found) or not meant(values):
            continue
        if _accepted(subject, derivation, values, domain, seed, given):
            found.append(values)
    return found


def rebuilt(subject: Subject, values: Mapping[str, Any]) -> Subject | None:
    """The subject with other parameters, or None if it refuses them."""
    if subject.rebuilt is None:
        return None
    try:
        return subject.rebuilt(values)
    except FAULTS:  # constructors refuse values in their own ways
        return None


def ends_at(interval: Interval, values: Mapping[str, Any]) -> Ends | None:
    """An interval of a derivation at numbers for the parameters; None where it has no ends there."""
    try:
        lo, hi = (float(numeric(end, dict(values))) for end in (interval.lo, interval.hi))
    except (TypeError, ValueError, ArithmeticError, NameError):
        return None
    if not lo < hi:
        return None
    return Ends(lo, hi, bool(interval.lo_open), bool(interval.hi_open))


def _allowed(derivation: Derivation, own: Values, rng: np.random.Generator, meant: Meant) -> Iterator[Values]:
    """Sets that the formula allows, the most telling ones first."""
    constraints = {p.name: p.constraint for p in derivation.formula.parameters if p.name in own}
    names = [n for n in constraints if np.ndim(own[n]) == 0]

    def permitted(values: Values) -> bool:
        arrays = {n: np.asarray(v, dtype=float) for n, v in values.items() if n in constraints}
        if any(constraints[n].violation(v) is not None for n, v in arrays.items()):
            return False
        if not _hold((r for r, _ in derivation.conditions), arrays) or not meant(values):
            return False
        return bool(np.ndim(next(iter(arrays.values()), 0)) or ends_at(derivation.domain, arrays) is not None)

    def drawn(change: Callable[[str, float], float], only: str | None = None) -> Iterator[Values]:
        """One set with every parameter (or `only` one) drawn, then changed, if one is found that is permitted."""
        for _ in range(TRIES):
            values = dict(own)
            for n in names:
                value = round(constraints[n].sample(rng), 3)
                values[n] = change(n, value) if only is None or n == only else value
            if permitted(values):
                yield values
                return

    def chosen(choices: tuple[float, ...], name: str) -> Iterator[Values]:
        for value in rng.permutation(choices):
            yield from drawn(lambda _n, _v, value=float(value): value, name)  # type: ignore[misc]

    def first(sets: Iterator[Values]) -> Iterator[Values]:
        found = next(sets, None)
        if found is not None:
            yield found

    if not names:
        return
    yield from drawn(lambda _, value: value)
    some = [n for n in names if constraints[n].lo < 0]
    yield from first(chain(drawn(lambda _, v: -abs(v)), *(drawn(lambda _, v: -abs(v), n) for n in some)))
    turns = [names[k % len(names)] for k in rng.permutation(max(3, len(names)))]
    for value in NEARLY_SPECIAL:
        yield from first(chosen((value,), turns[0]))
    yield from first(chosen(SPECIAL, turns[1]))
    yield from first(chosen(EXTREME, turns[2]))
    for n in names:
        yield from chosen((*SPECIAL, *NEARLY_SPECIAL, *EXTREME), n)


def _scaled(own: Values, event_ndims: int) -> Iterator[Values]:
    """Sets in which real numbers are a little larger or smaller; whole numbers may be counts, arrays have structure."""
    names = [n for n, v in own.items() if isinstance(v, (float, np.floating)) and math.isfinite(v) and v != 0]
    if not names:
        return
    for factor in (LARGER, SMALLER):
        yield {**own, **{n: own[n] * factor for n in names}}
    if len(names) > 1 and event_ndims == 0:
        mixed = {n: own[n] * (LARGER, SMALLER)[k % 2] for k, n in enumerate(names)}
        yield {**own, **mixed}
        yield {**own, **{n: own[n] * LARGER * SMALLER * own[n] / mixed[n] for n in names}}


def _accepted(
    subject: Subject, derivation: Derivation | None, values: Values, domain: Ends, seed: int, given: bool
) -> bool:
    """Whether the subject can be had with these values and, for a black box, still computes a map there.

    With a formula a map that breaks down is to be reported, but not where the formula as it is written breaks down as
    well (0/0, continued by its limit); without, the values may be what it was not made for.
    """
    other = rebuilt(subject, values)
    if other is None:
        return False
    if derivation is not None:
        arrays = {n: np.asarray(v, dtype=float) for n, v in values.items()}
        undefined = bool(derivation.limits) and not _hold((sp.Ne(e, 0) for e in derivation.limits), arrays)
        if given and not undefined:
            return True
        ends = ends_at(derivation.domain, arrays) if not any(np.ndim(v) for v in values.values()) else domain
        return _computes(other, ends or domain, ("forward",) if given else OPERATIONS, seed)
    name = "forward" if other.has("forward") else "inverse"
    if not other.has(name):
        return False
    rng = np.random.default_rng(seed)
    if other.event_ndims:
        return not isinstance(find_events(other, other.domain or domain, 4, rng), str)
    ends = (other.domain or domain) if name == "forward" else (other.codomain or Ends())
    points = np.sort(ordinary(ends, (POINTS,), rng, other.dtype))
    images = other.call(name, points).numbers(points.shape)
    steps = np.diff(images)
    return bool(np.all(np.isfinite(images)) and (np.all(steps >= 0) or np.all(steps <= 0)) and np.any(steps))


def _computes(subject: Subject, domain: Ends, operations: Sequence[str], seed: int) -> bool:
    """Whether each operation has a number anywhere at ordinary inputs; inverses at their images."""
    if not subject.has("forward"):
        return True
    axes = max((np.ndim(v) for v in subject.parameters.values()), default=0)
    points = ordinary(domain, (POINTS,), np.random.default_rng(seed), subject.dtype).reshape(-1, *[1] * axes)
    images = subject.call("forward", points)
    if not images.parts or not np.any(np.isfinite(images.value)):
        return False
    for name in operations:
        if subject.has(name):
            outcome = subject.call(name, images.value if name.startswith("inverse") else points)
            if not outcome.parts or np.all(np.isnan(outcome.value)):
                return False
    return True


def _same(a: Values, b: Values) -> bool:
    try:
        return all(bool(np.all(np.asarray(a[n] == b[n]))) for n in a)
    except (ValueError, TypeError, KeyError, SymbijError):
        return False
