"""`Report`: all that an audit found, as text, HTML or plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from symbij.audit.causes import causes_first
from symbij.audit.finding import GROUPS, UNFINISHED, Check, Status, Witness
from symbij.audit.plain import plain
from symbij.errors import AuditError

_WORDS = {Status.PASS: "passed", Status.PROVED: "proved", Status.FAIL: "FAILED", Status.SKIPPED: "skipped"}


@dataclass(frozen=True)
class Report:
    """The checks of one subject. `ok`: none failed. `str(report)` is the whole report as text.

    `formula` is what it was compared with, given or traced; empty for a black box. `dtype` is the number format that
    the subject computes in, whose precision decides how large an error is a failure.
    """

    subject: str
    kind: str
    formula: str
    checks: tuple[Check, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    seconds: float = 0.0
    dtype: str = "float64"

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed, causes first."""
        return causes_first(c for c in self.checks if c.status == Status.FAIL)

    @property
    def tolerated_ulp(self) -> float:
        """The largest error, in ulp over the condition number, that is no failure: half of the digits of the dtype."""
        return float(np.finfo(self.dtype).eps) ** -0.5

    @property
    def verdict(self) -> str:
        """The report in one line."""
        counts = Counter(c.status for c in self.checks)
        told = ", ".join(f"{counts[s]} {word}" for s, word in _WORDS.items() if counts[s])
        if told and not (counts[Status.PASS] or counts[Status.PROVED] or counts[Status.FAIL]):
            told = f"nothing could be checked, {told}"
        unfinished = sum(c.diagnosis.startswith(UNFINISHED) for c in self.checks)
        told += f", {unfinished} of these could not be finished" if unfinished else ""
        return f"{self.title}: {told or 'nothing was checked'} in {self.seconds:.1f} s"

    @property
    def title(self) -> str:
        """What was audited."""
        return f"{self.subject} ({self.kind})" if self.kind else self.subject

    @property
    def setting(self) -> str:
        """What the subject was compared with, its parameters and the seed, in one line."""
        parts = [f"formula {self.formula}"] if self.formula else ["no formula"]
        parts += [f"{k} = {_short(v)}" for k, v in self.parameters.items()]
        return ", ".join([*parts, f"seed {self.seed}"])

    def groups(self) -> dict[str, tuple[Check, ...]]:
        """The checks by their groups, in the order in which they are told."""
        names = dict.fromkeys([*GROUPS, *(c.group for c in self.checks)])
        found = {name: tuple(c for c in self.checks if c.group == name) for name in names}
        return {name: checks for name, checks in found.items() if checks}

    def skipped(self) -> tuple[tuple[str, str, str], ...]:
        """What was not checked: (group, names of the checks, why), those of a group with one reason together."""
        why: dict[tuple[str, str], list[str]] = {}
        for check in self.checks:
            if check.status == Status.SKIPPED:
                why.setdefault((check.group, check.diagnosis), []).append(check.name)
        return tuple((group, ", ".join(names), reason) for (group, reason), names in why.items())

    def raise_if_failed(self) -> Report:
        """The report itself if it is `ok`; else raises `AuditError`, whose message tells the failures."""
        __tracebackhide__ = True  # pytest shows the line that called
        if self.ok:
            return self
        raise AuditError("\n".join([self.verdict, *_failure_lines(self.failures)]), self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON types. NaN and infinities become 'nan', 'inf' and '-inf', or None for an error."""
        return {
            "subject": self.subject,
            "kind": self.kind,
            "formula": self.formula,
            "parameters": plain(self.parameters),
            "dtype": self.dtype,
            "seed": self.seed,
            "seconds": self.seconds,
            "ok": self.ok,
            "checks": [_as_dict(check) for check in self.checks],
        }

    def plot(self, axes: Any = None) -> Any:
        """Errors over the domain, one of the Axes for each check that measured some; returns the array of Axes."""
        from symbij.plotting import plot_audit

        return plot_audit(self, axes)

    def to_html(self) -> str:
        """A page that needs no other file: the checks, and pictures of the errors over the domain."""
        from symbij.audit.html import page

        return page(self)

    def save_html(self, path: str | Path) -> Path:
        """Write `to_html()` to a file, and return where."""
        path = Path(path)
        path.write_text(self.to_html(), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        from symbij.audit.html import fragment

        return fragment(self)

    def __repr__(self) -> str:
        return f"<Report {self.verdict}>"

    def __str__(self) -> str:
        lines = [self.verdict, f"  {self.setting}"]
        if self.failures:
            lines += ["", *_failure_lines(self.failures)]
        for group, checks in self.groups().items():
            told = [c for c in checks if c.status in (Status.PASS, Status.PROVED)]
            if told:
                lines += ["", group, *(line for check in told for line in _lines(check))]
        skipped = [f"  {group}: {names}{f' ({why})' if why else ''}" for group, names, why in self.skipped()]
        return "\n".join([*lines, *(["", "skipped", *skipped] if skipped else [])])


def _failure_lines(failures: Iterable[Check]) -> list[str]:
    return [line for check in failures for line in _lines(check, f"{check.group}: ")]


def _lines(check: Check, prefix: str = "") -> list[str]:
    """A check as lines: what it is, its diagnosis, and the call that shows it."""
    told = f"  {check.status:<8}{prefix}{check.name}" + (f": {check.diagnosis}" if check.diagnosis else "")
    witness = [] if check.witness is None else str(check.witness).splitlines()
    return [told, *(f"          {line}" for line in witness)]


def _as_dict(check: Check) -> dict[str, Any]:
    return {
        "group": check.group,
        "name": check.name,
        "status": str(check.status),
        "diagnosis": check.diagnosis,
        "witness": None if check.witness is None else _witness(check.witness),
        "errors": [plain(e) for e in check.errors],
    }


def _witness(witness: Witness) -> dict[str, Any]:
    return {
        "operation": witness.operation,
        "at": plain(witness.at),
        "got": plain(witness.got),
        "expected": plain(witness.expected),
        "ulp": plain(witness.ulp) if witness.ulp == witness.ulp else None,
        "relative": plain(witness.relative) if witness.relative == witness.relative else None,
        "parameters": plain(witness.parameters),
    }


def _short(value: Any) -> str:
    """A parameter on one line: numbers as they are, arrays by their first elements."""
    if isinstance(value, np.ndarray) and value.ndim:
        return " ".join(np.array2string(value, precision=6, threshold=6, separator=", ").split())
    text = " ".join(str(plain(value)).split())
    return text if len(text) <= 60 else text[:57] + "..."
