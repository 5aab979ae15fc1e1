"""docs/accuracy.md from what was measured."""

from __future__ import annotations

import importlib.metadata
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symbij.accuracy.reference import OPERATIONS
from symbij.accuracy.result import BOUNDS, Measured, OperationAccuracy
from tests.accuracy.cases import Case
from tests.accuracy.reasons import reason_of

AIM = BOUNDS[0]
PACKAGES = {"TFP": "tensorflow-probability", "PyTorch": "torch", "numpyro": "numpyro", "scipy": "scipy"}
SHORT = {"forward": "forward", "forward_log_det": "its log-det", "inverse": "inverse",
         "inverse_log_det": "its log-det"}  # fmt: skip

_HOW = """
Written by `{command}`. Every class of the library at several sets of parameters, ordinary and awkward ones, and the
bijectors of other libraries for the same maps, all in double precision at the same points, about {points} for each
operation: doubles of the domain (for inverses: exact doubles of the codomain) uniform over their ordinals, near the
ends, at sizes at which functions overflow or saturate, and where the map does something. Ends that belong to the domain
are points of symbij's, but of no other library's. The truth is mpmath's, from the definition of the formula: preimages
are verified by a sign change, log-dets differentiated from the definition, precision raised until the rounded double
settles.
"""
_WHAT = """
Errors are in units in the last place of the true result, divided by κ: the larger of 1 and the condition number with
respect to x (or y) and all parameters. ∞ stands for NaN or infinity where the true result is a finite double. A pair is
one operation of one bijector with one set of parameters; it is within a bound if all of its points are. TensorFlow and
JAX take subnormal numbers for zero, which costs TFP and numpyro some pairs; subnormal points and results count for all.
"""


@dataclass(frozen=True)
class Pair:
    """One operation of one case, as one library computes it."""

    library: str
    case: Case
    operation: str
    accuracy: OperationAccuracy

    @property
    def key(self) -> tuple[str, int, str]:
        return self.case.name, self.case.index, self.operation

    @property
    def worst(self) -> float:
        return self.accuracy.worst_conditioned


def page(pairs: Sequence[Pair], left_out: Sequence[str], command: str, points: int) -> str:
    """The whole page. `left_out`: what was not compared, and why."""
    libraries = list(dict.fromkeys(p.library for p in pairs))
    lines = [
        "# Accuracy",
        "",
        *_paragraph(_HOW.format(command=command, points=points)),
        "",
        *_paragraph(_WHAT),
        "",
        *_versions(libraries),
        "",
        "## Pairs within bounds",
        "",
        *_summary(pairs, libraries),
        "",
        "## The worst error of each bijector, over all its parameter sets",
        "",
        *_by_class(pairs, libraries),
        "",
        f"## symbij beyond {AIM} ulp/κ",
        "",
        *_exceptions([p for p in pairs if p.library == "symbij"]),
        "",
        "## Not compared",
        "",
        *(_bullets(left_out) or ["Nothing was left out."]),
        "",
        *_undecided([p for p in pairs if p.library == "symbij"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _versions(libraries: Sequence[str]) -> list[str]:
    found = [f"{name} {importlib.metadata.version(PACKAGES[name])}" for name in libraries if name in PACKAGES]
    return [f"Compared with {', '.join(found)}."] if found else []


def _summary(pairs: Sequence[Pair], libraries: Sequence[str]) -> list[str]:
    """Shares of pairs for every library, and of symbij on the pairs that the library has."""
    rows = []
    own = {p.key: p for p in pairs if p.library == "symbij"}
    for library in libraries:
        theirs = [p for p in pairs if p.library == library]
        rows.append(_shares(library, theirs))
        if library != "symbij":
            rows.append(_shares("symbij on the same pairs", [own[p.key] for p in theirs if p.key in own]))
    heading = ["library", "pairs", *(f"≤ {b}" for b in BOUNDS), "pairs with wrong NaN/inf", "wrong NaN/inf, of points"]
    return _markdown([heading, *rows])


def _shares(name: str, pairs: Sequence[Pair]) -> list[str]:
    def share(holds: Callable[[Pair], bool]) -> str:
        count = sum(map(holds, pairs))
        return f"{math.floor(1000 * count / len(pairs)) / 10:g}%" if pairs else "-"

    wrong, points = sum(p.accuracy.wrong_nonfinite for p in pairs), sum(len(p.accuracy.points) for p in pairs)
    within = [share(lambda p, b=bound: p.worst <= b) for bound in BOUNDS]  # type: ignore[misc]
    return [name, str(len(pairs)), *within, str(sum(p.accuracy.wrong_nonfinite > 0 for p in pairs)),
            f"{wrong} of {points}"]  # fmt: skip


def _by_class(pairs: Sequence[Pair], libraries: Sequence[str]) -> list[str]:
    worst: dict[tuple[str, str, str], float] = {}
    for p in pairs:
        key = (p.case.name, p.operation, p.library)
        worst[key] = max(worst.get(key, 0.0), p.worst)
    rows = []
    for name in dict.fromkeys(p.case.name for p in pairs):
        for operation in OPERATIONS:
            cells = [_number(worst.get((name, operation, library))) for library in libraries]
            rows.append([name if operation == "forward" else "", SHORT[operation], *cells])
    return _markdown([["bijector", "operation", *libraries], *rows])


def _exceptions(pairs: Sequence[Pair]) -> list[str]:
    bad = sorted((p for p in pairs if not p.worst <= AIM), key=lambda p: (p.case.name, p.case.index))
    if not bad:
        return [f"None: all {len(pairs)} pairs are within {AIM} ulp/κ."]
    rows = [["bijector", "operation", "ulp/κ", "at", "got", "truth", "κ", f"points beyond {AIM}", "reason"]]
    for p in bad:
        point: Measured = p.accuracy.worst(1)[0]
        beyond = sum(not q.conditioned <= AIM for q in p.accuracy.points)
        rows.append([str(p.case), p.operation, _number(p.worst), repr(point.at), repr(point.got), repr(point.truth),
                     _number(max(1.0, point.kappa)), f"{beyond} of {len(p.accuracy.points)}",
                     reason_of(*p.key, point)])  # fmt: skip
    return _markdown(rows)


def _undecided(pairs: Sequence[Pair]) -> list[str]:
    lines = []
    for p in pairs:
        reasons = {u.reason for u in p.accuracy.undecided}
        for reason in sorted(reasons):
            at = [u.at for u in p.accuracy.undecided if u.reason == reason]
            shown = ", ".join(map(repr, at[:4])) + (f" and {len(at) - 4} more" if len(at) > 4 else "")
            lines.append(f"{p.case} {p.operation} at {shown}: {reason}")
    if not lines:
        return ["At every point there was a truth to compare with."]
    return ["Points without a truth to compare with, in no library's figures:", "", *_bullets(lines)]


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def _bullets(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if not math.isfinite(value):
        return "∞"
    return f"{value:.2g}" if value < 100 else f"{value:.0f}" if value < 1e5 else f"{value:.0e}"


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]
