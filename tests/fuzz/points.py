"""Parameter values and points at which a derived map is looked at."""

from __future__ import annotations

import math
import random

import numpy as np
from mpmath import mpf

from tests.fuzz.interpret import doubles, ordinals

MAX = float(np.finfo(float).max)
SIMPLE = {"real": (0.0, 1.0, -1.0), "positive": (1.0, 2.0), "negative": (-1.0, -2.0), "nonzero": (1.0, -1.0)}


def parameter_values(constraints: dict[str, str], rng: random.Random, simple: bool) -> dict[str, float]:
    """A value for each parameter: a whole number that is apt to be special, or an ordinary one."""
    return {name: _one(kind, rng, simple) for name, kind in constraints.items()}


def _one(kind: str, rng: random.Random, simple: bool) -> float:
    if kind == "unit":
        return 0.5 if simple else round(rng.uniform(0.05, 0.95), 3)
    if simple:
        return rng.choice(SIMPLE[kind])
    size = round(math.exp(rng.gauss(0.0, 0.8)), 3) or 1.0
    if kind == "positive":
        return size
    return -size if kind == "negative" or rng.random() < 0.5 else size


def inside(lo: mpf, hi: mpf, rng: random.Random, many: int = 12) -> list[float]:
    """Doubles strictly between `lo` and `hi`: ordinary ones, uniform over the doubles, and close to the ends."""
    first, last = doubles_between(lo, hi)
    if first > last:
        return []
    points = [_clip(_ordinary(first, last, lo, hi, rng), first, last) for _ in range(many // 2 - 1)]
    low, high = int(ordinals(np.float64(first))), int(ordinals(np.float64(last)))
    points += [float(doubles(np.int64(rng.randint(low, high)))) for _ in range(3)]
    for end, towards, sign in ((first, lo, 1), (last, hi, -1)):
        if abs(towards) == math.inf:
            points.append(-sign * rng.choice([20.0, 50.0, 700.0, 1e4]))
            continue
        points.append(end)
        span = max(abs(end), 1e-300) if abs(hi - lo) == math.inf else float(hi - lo)
        points.append(end + sign * span * 10.0 ** -rng.uniform(2, 13))
    return sorted({p for p in points if first <= p <= last})


def _clip(value: float, lo: float, hi: float) -> float:
    return min(max(value, lo), hi)


def _ordinary(first: float, last: float, lo: mpf, hi: mpf, rng: random.Random) -> float:
    if abs(lo) != math.inf and abs(hi) != math.inf:
        share = rng.random()
        return first * (1 - share) + last * share
    if abs(lo) != math.inf:
        return first + rng.expovariate(0.5)
    if abs(hi) != math.inf:
        return last - rng.expovariate(0.5)
    return rng.gauss(0.0, 2.0)


def grid(lo: mpf, hi: mpf, many: int = 36) -> list[float]:
    """Increasing doubles strictly between `lo` and `hi`, dense where formulas do something."""
    first, last = doubles_between(lo, hi)
    if first > last:
        return []
    if abs(lo) != math.inf and abs(hi) != math.inf:
        shares = [(k + 0.5) / many for k in range(many)]
        points = [first * (1 - s) + last * s for s in shares]
    else:
        steps = [*np.linspace(0.06, 5.0, many // 2), *np.geomspace(6.0, 300.0, many // 4)]
        if abs(lo) != math.inf:
            points = [first + s for s in steps]
        elif abs(hi) != math.inf:
            points = [last - s for s in steps]
        else:
            points = [*(-s for s in steps), *(s + 0.013 for s in steps)]
    return sorted({float(p) for p in points if first <= p <= last})


def doubles_between(lo: mpf, hi: mpf) -> tuple[float, float]:
    """The smallest and the largest double strictly between `lo` and `hi`."""
    first = -MAX if lo < -MAX else float(lo)
    last = MAX if hi > MAX else float(hi)
    while not first > lo:
        first = math.nextafter(first, math.inf)
    while not last < hi:
        last = math.nextafter(last, -math.inf)
    return first, last
