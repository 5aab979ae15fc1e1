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
        return f"all {name}" if first is None else f"{name} > {_told(_edge(c, first, lowest, kind))}"
    if first is None:
        return f"{name} < {_told(_edge(c, last, highest, kind))}"
    if first < 0 < last and abs(at) <= max(-first, last):
        edges = [_edge(c, first, lowest, kind), _edge(c, last, highest, kind)]
        return f"|{name}| < {_told(max(edges, key=lambda e: abs(e[1])))}".replace("< -", "< ")
    return f"{_told(_edge(c, first, lowest, kind))} < {name} < {_told(_edge(c, last, highest, kind))}"


def _told(edge: tuple[float, float]) -> str:
    """An edge in as few digits as tell a right point from a wrong one, or in three where these are far apart."""
    good, bad = edge
    texts = [f"{bad:.{digits}g}" for digits in (3, 6, 9, 12, 17)]
    near = (t for t in texts if abs(float(t) - bad) <= max(abs(good - bad), 1e-12 * abs(bad)))
    return next(near, texts[-1])


def _edge(c: Comparison, good: float, bad: float, kind: Kind) -> tuple[float, float]:
    """About where, on the way from a right point to a wrong one, results become wrong: the last one and the first."""
    if c.case.truth.shape:
        return good, bad
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
    return good, bad
