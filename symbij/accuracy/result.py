"""`Accuracy`: how far what was computed is from the truth, operation by operation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BOUNDS = (4, 16, 1000)  # ulp times the condition number
SHOWN = 3  # worst points of an operation in the printed table


@dataclass(frozen=True)
class Measured:
    """One result: computed `got` at the double `at`, where the true result rounds to `truth`.

    `x` is the point of the domain, `kappa` the condition number with respect to the input and all parameters, `ulp` the
    error in units in the last place of the truth; `conditioned` is ulp / max(1, kappa).
    """

    at: float
    x: float
    got: float
    truth: float
    ulp: float
    kappa: float
    case: int = 0

    @property
    def conditioned(self) -> float:
        if self.wrong_nonfinite:
            return math.inf
        return self.ulp / max(1.0, self.kappa) if math.isfinite(self.ulp) else self.ulp

    @property
    def wrong_nonfinite(self) -> bool:
        """Whether NaN or infinity came where the true result is a finite double."""
        return math.isfinite(self.truth) and not math.isfinite(self.got)


@dataclass(frozen=True)
class Undecided:
    """A point at which there is no truth to compare with, and why."""

    at: float
    reason: str
    case: int = 0


@dataclass(frozen=True)
class OperationAccuracy:
    """All points of one operation."""

    points: tuple[Measured, ...]
    undecided: tuple[Undecided, ...] = ()

    @property
    def worst_ulp(self) -> float:
        return max((p.ulp for p in self.points), default=math.nan)

    @property
    def worst_conditioned(self) -> float:
        """The largest error in ulp / max(1, kappa); infinite if NaN or infinity came for a finite number."""
        return max((p.conditioned for p in self.points), default=math.nan)

    @property
    def wrong_nonfinite(self) -> int:
        return sum(p.wrong_nonfinite for p in self.points)

    def share_within(self, bound: float) -> float:
        """The share of points whose error is at most `bound` ulp times max(1, kappa)."""
        if not self.points:
            return math.nan
        return sum(p.conditioned <= bound for p in self.points) / len(self.points)

    def worst(self, count: int = 5) -> tuple[Measured, ...]:
        """The points with the largest error in ulp / max(1, kappa), the worst first."""
        return tuple(sorted(self.points, key=lambda p: p.conditioned, reverse=True)[:count])


@dataclass(frozen=True, eq=False)
class Accuracy:
    """Errors of the operations of one formula against mpmath's truth.

    `operations` maps forward, forward_log_det, inverse and inverse_log_det to their points. `parameters` holds a set of
    values for every measured case; those named in `drawn` were drawn at random with `seed`.
    """

    formula: str
    parameters: tuple[Mapping[str, float], ...]
    operations: Mapping[str, OperationAccuracy]
    drawn: tuple[str, ...] = ()
    seed: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def worst_conditioned(self) -> float:
        """The largest error of all operations, in ulp / max(1, kappa)."""
        return max((o.worst_conditioned for o in self.operations.values() if o.points), default=math.nan)

    @property
    def wrong_nonfinite(self) -> int:
        """How often NaN or infinity came where the true result is a finite double."""
        return sum(o.wrong_nonfinite for o in self.operations.values())

    def to_dict(self) -> dict[str, Any]:
        """The numbers of the printed table, of plain types."""
        return {
            "formula": self.formula,
            "parameters": [dict(p) for p in self.parameters],
            "drawn": list(self.drawn),
            "seed": self.seed,
            "operations": {
                name: {
                    "points": len(o.points),
                    "worst_ulp": o.worst_ulp,
                    "worst_conditioned": o.worst_conditioned,
                    "within": {str(b): o.share_within(b) for b in BOUNDS},
                    "wrong_nonfinite": o.wrong_nonfinite,
                    "undecided": [{"at": u.at, "reason": u.reason, "case": u.case} for u in o.undecided],
                    "worst": [
                        {"at": p.at, "got": p.got, "truth": p.truth, "ulp": p.ulp, "kappa": p.kappa, "case": p.case}
                        for p in o.worst()
                    ],
                }
                for name, o in self.operations.items()
            },
        }

    def plot(self, ax: Any = None) -> Any:
        """Errors over the domain, one colour for an operation, with a line at 4; returns the Axes."""
        from symbij.plotting import plot_accuracy

        return plot_accuracy(self, ax)

    def __str__(self) -> str:
        heading = ["operation", "points", "worst ulp", "worst ulp/κ", *(f"≤ {b}" for b in BOUNDS), "wrong NaN/inf",
                   "undecided"]  # fmt: skip
        rows = [
            [
                name,
                str(len(o.points)),
                f"{o.worst_ulp:.3g}",
                f"{o.worst_conditioned:.3g}",
                *(_percent(o.share_within(b)) for b in BOUNDS),
                str(o.wrong_nonfinite),
                str(len(o.undecided)),
            ]
            for name, o in self.operations.items()
        ]
        lines = [f"y = {self.formula}", *self._given(), "", *_aligned([heading, *rows])]
        worst = [line for name, o in self.operations.items() for line in self._worst_lines(name, o)]
        if worst:
            lines += ["", f"worst points beyond {BOUNDS[0]} ulp/κ, with κ = max(1, condition number)", *worst]
        return "\n".join([*lines, *self._undecided_lines()])

    def _given(self) -> list[str]:
        if not any(self.parameters):
            return []
        shown = [", ".join(f"{k} = {v!r}" for k, v in p.items()) for p in self.parameters]
        drawn = f"; drawn with seed {self.seed}: {', '.join(self.drawn)}" if self.drawn else ""
        if len(shown) == 1:
            return [f"{shown[0]}{drawn}"]
        return [f"{len(shown)} sets of parameters{drawn}", *(f"  [{i}] {s}" for i, s in enumerate(shown))]

    def _worst_lines(self, name: str, operation: OperationAccuracy) -> list[str]:
        variable = "x" if name.startswith("forward") else "y"
        return [
            f"  {name}{self._case(p.case)} at {variable} = {p.at!r}: {p.got!r}, truth {p.truth!r} "
            f"({p.ulp:.3g} ulp, κ = {max(1.0, p.kappa):.3g})"
            for p in operation.worst(SHOWN)
            if not p.conditioned <= BOUNDS[0]
        ]

    def _undecided_lines(self) -> list[str]:
        lines = [
            f"  {name}{self._case(u.case)} at {u.at!r}: {u.reason}"
            for name, o in self.operations.items()
            for u in o.undecided[:SHOWN]
        ]
        return ["", "undecided, as there is no truth to compare with", *lines] if lines else []

    def _case(self, case: int) -> str:
        return f" [{case}]" if len(self.parameters) > 1 else ""


def _percent(share: float) -> str:
    """A share in percent; 100% only if it is all."""
    if math.isnan(share):
        return "-"
    return f"{share:.0%}" if share == 1.0 else f"{math.floor(1000 * share) / 10:.1f}%"


def _aligned(rows: list[list[str]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(c.ljust(w) if not i else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
