"""What the groups of benchmarks hand to the report: tables, bars and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Spread:
        lower, median, upper = np.quantile(np.asarray(values, float), [0.25, 0.5, 0.75])
        return cls(float(median), float(lower), float(upper))

    def scaled(self, factor: float) -> Spread:
        return Spread(self.median * factor, self.lower * factor, self.upper * factor)

    def __str__(self) -> str:
        return f"{digits(self.median)} [{digits(self.lower)}, {digits(self.upper)}]"


def digits(value: float) -> str:
    """A number with three digits."""
    if not np.isfinite(value):
        return str(value)
    size = abs(value)
    if size >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"


def cell(value: Any) -> str:
    """What stands in a table for a value; None is what was not measured."""
    if value is None:
        return "–"
    return digits(value) if isinstance(value, float) else str(value)


@dataclass
class Table:
    """A table of numbers, spreads and words."""

    title: str
    header: list[str]
    rows: list[list[Any]] = field(default_factory=list)

    def cells(self) -> list[list[str]]:
        return [[cell(value) for value in row] for row in self.rows]


@dataclass(frozen=True)
class Bar:
    """A figure to reach, and what was measured."""

    what: str
    target: str
    reached: str
    holds: bool

    @classmethod
    def at_least(cls, what: str, value: float, bound: float, unit: str = "×") -> Bar:
        return cls(what, f"≥ {bound:g}{unit}", f"{digits(value)}{unit}", bool(value >= bound))

    @classmethod
    def at_most(cls, what: str, value: float, bound: float, unit: str = "×") -> Bar:
        return cls(what, f"≤ {bound:g}{unit}", f"{digits(value)}{unit}", bool(value <= bound))


@dataclass
class Result:
    """Everything that one group found. `series` is what the plot draws: case → contender → ns per element."""

    name: str
    about: str
    tables: list[Table] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    series: dict[str, dict[str, float]] = field(default_factory=dict)


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive numbers."""
    return float(np.exp(np.mean(np.log(values))))


def ratio_rows(
    times: dict[str, dict[str, np.ndarray]], pairs: Sequence[tuple[str, str]]
) -> tuple[list[list[Any]], dict[tuple[str, str], list[float]]]:
    """How many times faster the first of each pair is than the second, case by case.

    `times` is case → contender → seconds by round. A ratio is taken within each round, in which both ran one after the
    other, so that a drift of the machine cancels. Also returns the medians of the ratios by pair.
    """
    rows, medians = [], {pair: [] for pair in pairs}
    for case, found in times.items():
        row: list[Any] = [case]
        for fast, slow in pairs:
            if fast in found and slow in found:
                spread = Spread.of(found[slow] / found[fast])
                medians[fast, slow].append(spread.median)
                row.append(spread)
            else:
                row.append(None)
        rows.append(row)
    return rows, medians


def summary_rows(medians: dict[tuple[str, str], list[float]], pairs: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """The last two rows of a table of ratios: geometric mean and minimum."""
    mean = [geometric_mean(medians[p]) if medians[p] else None for p in pairs]
    least = [min(medians[p]) if medians[p] else None for p in pairs]
    return [["**geometric mean**", *mean], ["**minimum**", *least]]
