"""Every error that symbij raises on purpose; all derive from `SymbijError`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class SymbijError(Exception):
    """Base of all errors raised by symbij."""


class FormulaSyntaxError(SymbijError):
    """A formula could not be read; the message quotes it with a caret under the offending token."""

    def __init__(self, problem: str, text: str = "", column: int | None = None) -> None:
        self.problem = problem
        self.text = text
        self.column = column
        super().__init__(problem + _quoted(text, column))


class NotBijectiveError(SymbijError):
    """A formula is not one-to-one on its domain, or could not be proved to be.

    `witness` is `(x1, x2, y)` with `f(x1) = f(x2) = y` when the formula was refuted, else `None`.
    `parameters` holds the parameter values at which the witness was found.
    """

    def __init__(
        self,
        message: str,
        witness: tuple[float, float, float] | None = None,
        parameters: dict[str, float] | None = None,
    ) -> None:
        self.witness = witness
        self.parameters = parameters or {}
        super().__init__(message)


class DerivationError(SymbijError):
    """What was derived disagrees with the formula: a defect of symbij, caught before anything was made of it."""


class DomainError(SymbijError):
    """A domain is empty, malformed, or leaves the set on which the formula is defined."""


class ParameterError(SymbijError, ValueError):
    """A parameter is missing, unknown, of the wrong type, or violates its constraint."""


class ShapeError(SymbijError, ValueError):
    """Shapes do not broadcast, or an event has the wrong number of dimensions."""


class DataError(SymbijError, ValueError):
    """Data holds NaN, lies outside a density's support, or has an unusable dtype."""


class AuditError(SymbijError, AssertionError):
    """A check of an audit failed; `report` is the whole `symbij.audit.report.Report`."""

    def __init__(self, message: str, report: Any = None) -> None:
        self.report = report
        super().__init__(message)


class UsageError(SymbijError, TypeError):
    """A call that cannot be meant: an unsupported operation or combination of arguments."""


class MissingDependencyError(SymbijError, ImportError):
    """An optional dependency is needed and not installed; the message says how to install it."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """ "; did you mean ...?" with those of the `known` names that are close to the one that was given, or nothing."""
    close = difflib.get_close_matches(given, dict.fromkeys(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _quoted(text: str, column: int | None) -> str:
    """The formula with a caret under `column`, cut to a window so that long formulas stay readable."""
    if not text:
        return ""
    line = text.replace("\n", " ")
    if column is None:
        return "\n    " + (line if len(line) <= 100 else line[:97] + "...")
    start = max(0, column - 60)
    stop = min(len(line), start + 100)
    head = "..." if start else ""
    tail = "..." if stop < len(line) else ""
    return f"\n    {head}{line[start:stop]}{tail}\n    {' ' * (len(head) + column - start)}^"
