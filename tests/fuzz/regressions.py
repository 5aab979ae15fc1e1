"""Formulas that random testing found something wrong with: the tests examine each of them again."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fuzz.grammar import Domain, Fuzzed


@dataclass(frozen=True)
class Regression:
    """A formula, what was wrong with it, and the kinds of outcome that are right."""

    text: str
    wrong: str
    right: tuple[str, ...] = ("closed form", "numeric inverse")
    domain: Domain | None = None
    constraints: dict[str, str] = field(default_factory=dict)

    def fuzzed(self) -> Fuzzed:
        """As the fuzzer takes it."""
        return Fuzzed(-1, 0, "regression", self.text, self.constraints, self.domain)


REGRESSIONS: tuple[Regression, ...] = ()
