"""Where results are wrong, in words: "x > 18.4"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from symbij.audit.comparison import Comparison, compare

STEPS = 40  # points between the last right and the first wrong one, and as many again between those found


def missing(c: Comparison) -> np.ndarray:
    """Which results are NaN or infinite where the truth is finite."""
    return ~np.isfinite(c.got) & np.isfinite(c.expected)


def wrong(c: Comparison) -> np.ndarray:
    """Which results are off by more than rounding explains, missing or not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(c.excess > 1)


Kind = Callable[[Comparison], np.ndarray]


def around(c: Comparison, k: int, kind: Kind = wrong) -> np.ndarray:
    """The points of one kind next to point `k`, without gaps."""
    bad = kind(c) | (np.arange(c.at.size) == k)
    order = np.argsort(c.at, kind="stable")
    place = int(np.flatnonzero(order == k)[0])
    inside = np.zeros(c.at.size, dtype=bool)
    for step in (-1, 1):
        i = place
        while 0 <= i < order.size and (bad[order[i]] or np.isnan(c.excess[order[i]])):
            inside[order[i]] = bad[order[i]]
            i += step
    return inside


def region_of(c: Comparison, k: int, kind: Kind = wrong) -> str:
    """The range of inputs around the point `k` in which all that were tried are of one kind."""
    name = "y" if c.operation.startswith("inverse") else "x"
    inside = around(c, k, kind)
    good = ~kind(c) & ~np.isnan(c.excess) & ~inside
    at = float(c.at[k])
    below, above = c.at[good & (c.at < at)], c.at[good & (c.at > at)]
    first, last = (float(np.max(below)) if below.size else None), (float(np.min(above)) if above.size else None)
    lowest, highest = float(np.min(c.at[inside])), float(np.max(c.at[inside]))
    if last is None:
        return f"all {name}" if first is None else f"{name} > {_edge(c, first, lowest, kind):.3g}"
    if first is None:
        return f"{name} < {_edge(c, last, highest, kind):.3g}"
    if first < 0 < last and abs(at) <= max(-first, last):
        return f"|{name}| < {max(abs(_edge(c, first, lowest, kind)), abs(_edge(c, last, highest, kind))):.3g}"
    return f"{_edge(c, first, lowest, kind):.6g} < {name} < {_edge(c, last, highest, kind):.6g}"


def _edge(c: Comparison, good: float, bad: float, kind: Kind) -> float:
    """About where, on the way from a right point to a wrong one, results become wrong."""
    if c.case.truth.shape:
        return good
    for _ in range(2):
        ratio = good / bad if bad else 0.0
        if ratio > 0 and not 0.1 < ratio < 10:
            points = np.sign(good) * np.geomspace(abs(good), abs(bad), STEPS)
        else:
            points = np.linspace(good, bad, STEPS)
        between = compare(c.case, c.operation, points, c.tolerance)
        found = np.zeros(0, bool) if isinstance(between, str) else kind(between)
        if not found.any() or found[0]:
            break
        first = int(np.argmax(found))
        good, bad = float(points[first - 1]), float(points[first])
    return bad
