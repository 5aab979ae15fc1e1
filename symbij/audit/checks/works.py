"""Whether the forward map gives numbers at all: where it does not, no other check has anything to compare."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symbij.audit.finding import WORKS, Check, Status, Witness
from symbij.audit.inputs import EVENT_SHAPES, find_events, ordinary
from symbij.audit.setting import Setting
from symbij.audit.subject import OPERATIONS, Ends, Outcome, Subject
from symbij.errors import SymbijError

GROUP = "values"
COUNT = 24  # of events, and of single numbers where a whole array is refused
# Errors that no shape or value of an event explains: it is the code that fails.
OF_THE_CODE = ("ZeroDivisionError", "NameError", "UnboundLocalError", "AttributeError", "ImportError",
               "ModuleNotFoundError", "NotImplementedError")  # fmt: skip


def check(setting: Setting) -> Iterator[Check]:
    """One check: the forward map returns a finite number for some input of its domain."""
    subject = setting.subject
    if not subject.has("forward"):
        first = next((op for op in OPERATIONS if subject.has(op)), None)
        yield Check(GROUP, WORKS, Status.SKIPPED, "it has no forward map" if first else "it has no maps")
    elif subject.event_ndims:
        yield _of_events(setting)
    else:
        yield _of_numbers(setting)


def _of_numbers(setting: Setting) -> Check:
    subject, case = setting.subject, setting.own
    try:
        inputs = np.concatenate([case.central, case.inputs])
        calls = [case.grid(inputs), *inputs[:COUNT]]
    except SymbijError:  # parameters of which no formula can be made: they may not fit each other
        inputs = ordinary(case.declared[0], (COUNT,), setting.rng(), subject.dtype)
        calls = [inputs, *inputs]
    problem = ""
    for at in calls:
        outcome = subject.call("forward", at)
        if _finite(outcome):
            return _everywhere(setting)
        problem = problem or ("" if outcome.parts else outcome.problem)
    if problem:
        return Check(
            GROUP, WORKS, Status.FAIL, f"forward {problem}, for every input", Witness("forward", inputs[0], problem)
        )
    got = float(np.ravel(np.asarray(subject.call("forward", inputs[0]).numbers(())))[0])
    why = f"forward has no finite value at any of {inputs.size} inputs"
    return Check(GROUP, WORKS, Status.FAIL, why, Witness("forward", float(inputs[0]), got, "a finite number"))


def _everywhere(setting: Setting) -> Check:
    """Whether there is a number at every ordinary input, where an interval is given that is not all of the line."""
    case = setting.own
    given = case.declared[0]
    if setting.cls is not None or (np.isinf(given.lo) and np.isinf(given.hi)) or case.truth.shape:
        return Check(GROUP, WORKS, Status.PASS)
    at = ordinary(given, (COUNT,), setting.rng(), setting.subject.dtype)
    got = setting.subject.call("forward", at).numbers(at.shape)
    if not np.isnan(got).any() or np.isnan(got).all():
        return Check(GROUP, WORKS, Status.PASS)
    k = int(np.argmax(np.isnan(got)))
    witness = Witness("forward", float(at[k]), float(got[k]), "a number")
    return Check(GROUP, WORKS, Status.FAIL, f"forward is NaN inside of its domain {given}", witness)


def _of_events(setting: Setting) -> Check:
    """Events may be of a shape or a kind that nobody told: only what cannot come from that is a failure."""
    subject, domain = setting.subject, setting.own.domain
    found = find_events(subject, domain, COUNT, setting.rng())
    if not isinstance(found, str):
        return Check(GROUP, WORKS, Status.PASS)
    shapes = (
        [subject.event_shape] if subject.event_shape is not None else list(EVENT_SHAPES.get(subject.event_ndims, ()))
    )
    problems, shown, answered = [], None, False
    for shape in shapes:
        for event in _sizes(shape, domain, setting.rng(), subject):
            outcome = subject.call("forward", event)
            if _finite(outcome):
                return Check(GROUP, WORKS, Status.PASS)
            answered |= bool(outcome.parts)
            shown = event if shown is None or outcome.parts else shown
            problems += [] if outcome.parts else [outcome.problem]
    if answered:
        why, got = "forward has no finite value for events of any size tried", "no finite number"
        return Check(GROUP, WORKS, Status.FAIL, why, Witness("forward", shown, got, "finite numbers"))
    if problems and len(set(problems)) == 1 and any(f"raised {name}:" in problems[0] for name in OF_THE_CODE):
        why = f"forward {problems[0]}, for events of every shape tried"
        return Check(GROUP, WORKS, Status.FAIL, why, Witness("forward", shown, problems[0]))
    return Check(GROUP, WORKS, Status.SKIPPED, found)


def _sizes(shape: tuple[int, ...], domain: Ends, rng: np.random.Generator, subject: Subject) -> list[np.ndarray]:
    """Events of one shape from all parts of the domain: of mixed and of one sign, small and large."""
    plain = [ordinary(domain, shape, rng, subject.dtype) for _ in range(4)]
    size = [np.abs(plain[0]), -np.abs(plain[1]), 1 + np.abs(plain[2]), -1 - np.abs(plain[3])]
    tried = [*plain, *size, *(s * 0.1 for s in plain), *(s * 10 for s in plain), np.zeros(shape), np.ones(shape)]
    inside = [e for e in tried if np.all((e > domain.lo) & (e < domain.hi))]
    return [np.asarray(e, dtype=subject.dtype).astype(float) for e in inside]


def _finite(outcome: Outcome) -> bool:
    return bool(outcome.parts) and bool(np.any(np.isfinite(np.asarray(outcome.value, dtype=float))))
