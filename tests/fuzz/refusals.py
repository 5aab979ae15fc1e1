"""Refusals: is a witness one, and does a formula that was refused look one-to-one?"""

from __future__ import annotations

import itertools
import random

import mpmath
from mpmath import mpf

from symbij.errors import NotBijectiveError
from tests.fuzz.check import Problem
from tests.fuzz.grammar import Fuzzed
from tests.fuzz.meaning import Jet, rough, value
from tests.fuzz.points import grid, parameter_values
from tests.fuzz.words import Unknown


def check_witness(fuzzed: Fuzzed, error: NotBijectiveError) -> Problem | None:
    """f(x1) = f(x2) to as many digits as the witness has, for x1 and x2 in the domain."""
    assert error.witness is not None
    x1, x2, _ = error.witness
    parameters = dict(error.parameters)
    wrong = Problem("false witness", "", parameters, x1, x2, note=str(error)[:300])
    lo, hi = ends(fuzzed, parameters)
    if x1 == x2 or not all(lo <= x <= hi for x in (x1, x2)):
        wrong.note = "not two points of the domain: " + wrong.note
        return wrong
    try:
        y1 = value(fuzzed.text, {**parameters, "x": x1})
        y2 = value(fuzzed.text, {**parameters, "x": x2})
    except Unknown:
        return None
    except ArithmeticError:
        wrong.note = "f is not defined at one of them: " + wrong.note
        return wrong
    passed = y1 == y2 or _passes(fuzzed, parameters, x2, y1) or _passes(fuzzed, parameters, x1, y2)
    if passed and abs(y1 - y2) <= mpf(10) ** -8 * max(1, abs(y1)):
        return None
    wrong.expected = f"f(x1) = {mpmath.nstr(y1, 17)}, f(x2) = {mpmath.nstr(y2, 17)}"
    return wrong


def _passes(fuzzed: Fuzzed, parameters: dict[str, float], x: float, level: mpf) -> bool:
    """Whether f passes a level next to x, so that a rounded x stands for one where it is reached; or is not defined all
    around."""
    close = [rough(fuzzed.text, {**parameters, "x": x * (1 + s * 1e-8) + s * 1e-12}) for s in (-1, 1)]
    sides = [jet.v - level for jet in close if jet is not None]
    return len(sides) < 2 or min(sides) <= 0 <= max(sides)


def ends(fuzzed: Fuzzed, parameters: dict[str, float]) -> tuple[mpf, mpf]:
    """The domain that was asked for, the whole line if none was."""
    if fuzzed.domain is None:
        return mpf("-inf"), mpf("inf")
    return tuple(_end(e, parameters) for e in fuzzed.domain)  # type: ignore[return-value]


def _end(end: float | str, parameters: dict[str, float]) -> mpf:
    if isinstance(end, str) and end.endswith("oo"):
        return mpf("-inf") if end.startswith("-") else mpf("inf")
    return mpf(end) if not isinstance(end, str) else value(end, parameters)


def looks_one_to_one(fuzzed: Fuzzed) -> bool:
    """Whether the formula is strictly monotone on a grid, at three draws of parameters: so a refusal is a loss."""
    names = {e for e in fuzzed.domain or () if isinstance(e, str) and not e.endswith("oo")}
    if names - set(fuzzed.constraints):
        return False  # a domain of a parameter that the formula has lost, which is what the refusal says
    rng = random.Random(f"refused {fuzzed.seed} {fuzzed.number}")
    for draw in range(4 if fuzzed.constraints else 1):
        parameters = parameter_values(fuzzed.constraints, rng, simple=draw % 2 == 0)
        if draw == 0:
            parameters |= {k: 0.0 for k, kind in fuzzed.constraints.items() if kind == "real"}
        lo, hi = ends(fuzzed, parameters)
        if not lo < hi:
            continue
        jets = [rough(fuzzed.text, {**parameters, "x": x}, 400) for x in grid(lo, hi, 60)]
        if not _monotone(jets) or (fuzzed.domain is not None and None in jets):
            return False
    return True


def _monotone(values: list[Jet | None]) -> bool:
    """Strictly, on one unbroken stretch of at least four points."""
    defined = [i for i, jet in enumerate(values) if jet is not None]
    if len(defined) < 4 or defined[-1] - defined[0] != len(defined) - 1:
        return False
    jets = [values[i] for i in defined]
    rises = [b.v - a.v for a, b in itertools.pairwise(jets) if a is not None and b is not None]
    slopes = [jet.d for jet in jets if jet is not None and not mpmath.isnan(jet.d)]
    return all(r > 0 for r in rises + slopes) or all(r < 0 for r in rises + slopes)
