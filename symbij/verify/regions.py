"""Where results are wrong, in words: "x > 18.4"."""

from __future__ import annotations

import numpy as np

from symbij.verify.comparison import Comparison, compare

STEPS = 40  # points between the last right and the first wrong one, and as many again between those found


def region_of(c: Comparison, k: int, bad: np.ndarray | None = None) -> str:
    """The range of inputs around the wrong point `k` in which all that were tried are wrong."""
    name = "y" if c.operation.startswith("inverse") else "x"
    bad = (c.excess > 1) if bad is None else bad
    bad = bad | (np.arange(bad.size) == k)
    good = ~bad & ~np.isnan(c.excess)
    at = float(c.at[k])
    below, above = c.at[good & (c.at < at)], c.at[good & (c.at > at)]
    first, last = (float(np.max(below)) if below.size else None), (float(np.min(above)) if above.size else None)
    # the wrong points next to the right ones
    lowest = float(np.min(c.at[bad & (c.at > first) & (c.at <= at)])) if first is not None else at
    highest = float(np.max(c.at[bad & (c.at < last) & (c.at >= at)])) if last is not None else at
    if last is None:
        return f"all {name}" if first is None else f"{name} > {_edge(c, first, lowest):.3g}"
    if first is None:
        return f"{name} < {_edge(c, last, highest):.3g}"
    if first < 0 < last and abs(at) <= max(-first, last):
        return f"|{name}| < {max(abs(_edge(c, first, lowest)), abs(_edge(c, last, highest))):.3g}"
    return f"{_edge(c, first, lowest):.6g} < {name} < {_edge(c, last, highest):.6g}"


def _edge(c: Comparison, good: float, bad: float) -> float:
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
        wrong = np.zeros(0, bool) if isinstance(between, str) else between.excess > 1
        if not wrong.any() or wrong[0]:
            break
        first = int(np.argmax(wrong))
        good, bad = float(points[first - 1]), float(points[first])
    return bad
