"""What a run of the fuzzer says: shares of outcomes, and every problem with what it takes to see it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.fuzz.check import Problem
from tests.fuzz.grammar import Fuzzed
from tests.fuzz.outcome import Outcome

OUTCOMES = ("closed form", "numeric inverse", "refuted", "pole", "unproved", "rejected", "failed")


def summary(outcomes: Sequence[Outcome]) -> str:
    """Shares of outcomes over all formulas and by the way they were made; numbers of problems; times."""
    kinds = sorted({o.fuzzed.kind for o in outcomes})
    lines = [f"{'':24}{'all':>8}" + "".join(f"{k:>13}" for k in kinds)]
    for name in OUTCOMES:
        row = [sum(o.kind == name for o in outcomes)]
        row += [sum(o.kind == name and o.fuzzed.kind == k for o in outcomes) for k in kinds]
        lines.append(f"{name:24}{row[0]:8}" + "".join(f"{count:13}" for count in row[1:]))
    total = len(outcomes)
    seconds = sorted(o.seconds for o in outcomes)
    lines.append(f"\n{total} formulas, {sum(o.compared for o in outcomes)} numbers compared")
    if seconds:
        lines.append(f"derivation: median {seconds[total // 2]:.2f} s, longest {seconds[-1]:.1f} s of processor time")
    by_formula: Counter[str] = Counter()
    for outcome in outcomes:
        by_formula.update({p.kind for p in outcome.problems})
    lines += ["", "formulas with at least one problem of a kind:"]
    lines += [f"  {count:6} ({count / total:6.2%})  {kind}" for kind, count in by_formula.most_common()]
    lines.append(f"\nformulas with a failure: {sum(bool(o.failures) for o in outcomes)}")
    return "\n".join(lines)


def listed(outcomes: Sequence[Outcome]) -> str:
    """Every problem, by kind, the shortest formulas first."""
    by_kind: dict[str, list[tuple[Fuzzed, Problem]]] = {}
    for outcome in outcomes:
        for problem in outcome.problems:
            by_kind.setdefault(problem.kind, []).append((outcome.fuzzed, problem))
    parts = []
    for kind in sorted(by_kind):
        parts.append(f"\n## {kind}\n")
        for fuzzed, problem in sorted(by_kind[kind], key=lambda pair: len(pair[0].text)):
            parts.append(f"{fuzzed.seed}:{fuzzed.number} [{fuzzed.kind}] {fuzzed}")
            parts.append("    " + _details(problem))
    return "\n".join(parts)


def _details(p: Problem) -> str:
    parts = [p.operation] if p.operation else []
    if p.parameters:
        parts.append(", ".join(f"{k}={v!r}" for k, v in p.parameters.items()))
    for label, value in (("at", p.point), ("got", p.got), ("expected", p.expected)):
        if value is not None:
            parts.append(f"{label} {value!r}" if not isinstance(value, str) else f"{label} {value}")
    if p.times > 1:
        parts.append(f"and {p.times - 1} more like it")
    if p.note:
        parts.append(p.note.replace("\n", "\n      "))
    return "; ".join(parts)
