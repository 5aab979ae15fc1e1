"""One formula from its text to its outcome: derived, refused or failed, and everything that is wrong about it."""

from __future__ import annotations

import contextlib
import signal
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from symbij.bijectors.derived import bijector
from symbij.errors import (
    DerivationError,
    DomainError,
    FormulaSyntaxError,
    NotBijectiveError,
    ParameterError,
    SymbijError,
)
from tests.fuzz.check import OPERATIONS, Checker, Problem
from tests.fuzz.grammar import Fuzzed
from tests.fuzz.refusals import check_witness, looks_one_to_one

DERIVATION_LIMIT = 10.0  # seconds of processor time
CHECK_LIMIT = 30.0
FAILURES = ("crash", "hang", "wrong value", "wrong direction", "not one-to-one", "false witness",
            "bad domain", "bad codomain", "not defined in its domain", "value outside its codomain",
            "inverse outside the domain")  # fmt: skip


@dataclass
class Outcome:
    """What became of one formula. `kind` is one of: closed form, numeric inverse, refuted, pole, unproved, rejected
    (syntax, domain or parameters), failed."""

    fuzzed: Fuzzed
    kind: str
    message: str = ""
    seconds: float = 0.0
    checking: float = 0.0
    compared: int = 0
    draws: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def failures(self) -> list[Problem]:
        """The problems that nobody could excuse."""
        return [p for p in self.problems if p.kind in FAILURES]


class OutOfTime(BaseException):
    """The time is up. Not an `Exception`, so that nobody catches it by the way."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` after so many seconds of processor time."""

    def stop(*_: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)  # again and again, in case it is swallowed
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def examine(fuzzed: Fuzzed, compiled: bool = False, draws: int = 3) -> Outcome:
    """Derive the formula and check what comes of it."""
    start = time.process_time()
    cls, error = None, None
    try:
        with limited(DERIVATION_LIMIT):
            cls = bijector(fuzzed.text, domain=fuzzed.domain, **fuzzed.constraints)
            _ = cls.derivation
            for operation in OPERATIONS.values():  # what the first call of a method waits for, but for compilation
                cls._program(*operation)
    except OutOfTime:
        where = traceback.format_exc()
        return Outcome(fuzzed, "failed", where, DERIVATION_LIMIT, problems=[Problem("hang", note=_place(where))])
    except SymbijError as caught:
        error = caught
    except Exception as caught:
        where = traceback.format_exc()
        note = f"{type(caught).__name__}: {str(caught)[:200]}"
        return Outcome(fuzzed, "failed", where, problems=[Problem("crash", note=note)])
    outcome = Outcome(fuzzed, "", str(error or ""), time.process_time() - start)
    start = time.process_time()
    try:
        with limited(CHECK_LIMIT):
            if cls is None:
                _refused(outcome, error)
            else:
                _derived(outcome, cls, compiled, draws)
    except OutOfTime:
        outcome.problems.append(Problem("checked in part only", note="the check took too long"))
    except SymbijError as caught:
        outcome.problems.append(Problem("crash", note=f"after derivation: {type(caught).__name__}: {caught}"[:300]))
    except Exception:
        where = traceback.format_exc()
        outcome.problems.append(Problem("crash", note="after derivation: " + where[-1500:]))
    outcome.checking = time.process_time() - start
    return outcome


def _place(trace: str) -> str:
    """The innermost line of the package in a traceback."""
    lines = [line.strip() for line in trace.splitlines() if "symbij/" in line and "tests" not in line]
    return lines[-1] if lines else "outside the package"


def _refused(outcome: Outcome, error: SymbijError | None) -> None:
    fuzzed = outcome.fuzzed
    if isinstance(error, DerivationError):
        outcome.kind = "failed"
        outcome.problems.append(Problem("crash", note=f"DerivationError: {error}"[:400]))
        return
    if isinstance(error, NotBijectiveError):
        if error.witness is not None:
            outcome.kind = "refuted"
            problem = check_witness(fuzzed, error)
            if problem is not None:
                outcome.problems.append(problem)
        else:
            outcome.kind = "pole" if "pole" in str(error) else "unproved"
    elif isinstance(error, (DomainError, FormulaSyntaxError, ParameterError)):
        outcome.kind = "rejected"
    else:
        outcome.kind = "failed"
        outcome.problems.append(Problem("crash", note=f"{type(error).__name__}: {error}"[:400]))
        return
    if fuzzed.simple:
        outcome.problems.append(Problem("refused though simple", note=str(error)[:300]))
    elif outcome.kind in ("unproved", "rejected") and looks_one_to_one(fuzzed):
        outcome.problems.append(Problem("refused though it looks one-to-one", note=str(error)[:300]))


def _derived(outcome: Outcome, cls: Any, compiled: bool, draws: int) -> None:
    derivation = cls.derivation
    numeric = any(type(link).__name__ in ("SumCore", "NumericInverse") or _has_root(link) for link in derivation.chain)
    numeric = numeric or any(op.name == "root" for op in cls._program(True, True, False).ops)
    outcome.kind = "numeric inverse" if numeric else "closed form"
    found = Checker(outcome.fuzzed, cls, compiled).run(draws)
    outcome.problems += found.problems
    outcome.compared, outcome.draws = found.compared, found.draws


def _has_root(link: Any) -> bool:
    return "numeric" in str(getattr(link, "name", "")).lower()
