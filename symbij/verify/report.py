"""`Report`: all that an audit found, as text, HTML or plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symbij.verify.finding import Check, Status


@dataclass(frozen=True)
class Report:
    """The checks of one subject. `ok`: none failed. `str(report)` is the whole report as text.

    `formula` is what it was compared with, given or traced; empty for a black box.
    """

    subject: str
    kind: str
    formula: str
    checks: tuple[Check, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(c for c in self.checks if c.status == Status.FAIL)
