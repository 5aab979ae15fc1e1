"""Shapes and number formats: one result for every input, one log-det for every event, numbers of the input's dtype."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.inputs import Pool, pool_of
from symbij.audit.setting import Setting
from symbij.audit.subject import OPERATIONS, Outcome, Subject

GROUP = "parameters"
BATCHES: tuple[tuple[int, ...], ...] = ((5,), (2, 3), (), (0,))
COUNT = 10
NOT_SUMMED = "not summed over event dimensions"
SUMMED = "summed over batch dimensions"


def check(setting: Setting) -> Iterator[Check]:
    """Shapes of all operations for single events, batches and empty arrays; dtypes; inputs that are left alone."""
    subject = setting.subject
    pool = pool_of(subject, (setting.own.domain, setting.own.codomain), COUNT, setting.rng())
    if isinstance(pool, str):
        for name in ("shapes", "dtype", "inputs unchanged"):
            yield Check(GROUP, name, Status.SKIPPED, pool)
        return
    for operation in OPERATIONS:
        if subject.has(operation):
            yield _shapes(subject, operation, pool)
    yield _dtypes(subject, pool)
    yield _unchanged(subject, pool)


def _shapes(subject: Subject, operation: str, pool: Pool) -> Check:
    name = f"shapes of {operation}"
    points = pool.of(operation)
    if points is None:
        return Check(GROUP, name, Status.SKIPPED, "no inputs are known")
    notes = []
    for batch, expanded in ((b, e) for b in BATCHES for e in (True, False) if e or (pool.held and b)):
        size = int(np.prod(batch, dtype=int))
        given = pool.arranged(operation, slice(size) if batch else 0, batch, expanded=expanded)
        outcome = subject.call(operation, given)
        expected = _expected_shape(subject, operation, pool, batch)
        if not expanded and operation != "forward" and not _broadcasting(subject, pool, batch):
            continue  # then its parameters may be no batch at all
        if not expanded and operation == "forward" and not outcome.parts:
            notes.append(f"inputs of shape {given.shape} do not broadcast against the parameters")
            continue
        if not outcome.parts:
            what = "an empty array" if 0 in batch else f"an input of shape {given.shape}"
            what += "" if expanded else ", which the forward map broadcasts against its parameters"
            diagnosis = f"{operation} {outcome.problem} for {what}"
            return Check(GROUP, name, Status.FAIL, diagnosis, Witness(operation, given, outcome.problem))
        got = np.shape(outcome.value)
        if got == expected:
            continue
        if not batch and got == (1,) and not subject.parameters and not subject.event_ndims:
            notes.append("a number comes back with shape (1,)")  # perhaps by a parameter that we do not see
            continue
        fault = _fault(subject, operation, pool, outcome, batch, given.shape, expected)
        if fault:
            witness = Witness(operation, given, f"shape {got}", f"shape {expected}")
            return Check(GROUP, name, Status.FAIL, fault, witness)
    return Check(GROUP, name, Status.PASS, "; ".join(notes))


def _broadcasting(subject: Subject, pool: Pool, batch: tuple[int, ...]) -> bool:
    """Whether the forward map takes inputs with axes of one where its parameters have others."""
    if pool.x is None or not subject.has("forward"):
        return False
    size = int(np.prod(batch, dtype=int))
    return bool(subject.call("forward", pool.arranged("forward", slice(size), batch, expanded=False)).parts)


def _expected_shape(subject: Subject, operation: str, pool: Pool, batch: tuple[int, ...]) -> tuple[int, ...]:
    if operation.endswith("log_det"):
        return batch + pool.held
    out = pool.of("forward" if operation == "inverse" else "inverse")
    event = out.shape[1:] if out is not None else pool.of(operation).shape[1:]  # type: ignore[union-attr]
    return batch + pool.held + event


def _fault(
    subject: Subject,
    operation: str,
    pool: Pool,
    outcome: Outcome,
    batch: tuple[int, ...],
    given: tuple[int, ...],
    expected: tuple[int, ...],
) -> str:
    """What is wrong with a shape that is not the expected one; empty for a constant log-det that broadcasts to it."""
    got = outcome.value.shape
    plain = f"returned shape {got}, expected {expected}"
    if not operation.endswith("log_det"):
        return f"{operation} {plain}"
    event = pool.of(operation).shape[1:]  # type: ignore[union-attr]
    if event and got and len(got) == len(expected) + len(event) and got[-len(event) :] == event:
        return f"log-det {NOT_SUMMED}: {operation} {plain}"
    if event and got and len(expected) < len(got) <= len(given):
        return f"log-det {NOT_SUMMED} as it should be: {operation} {plain}"
    singles = [subject.call(operation, pool.arranged(operation, k, ())) for k in range(int(np.prod(batch, dtype=int)))]
    numbers = np.array([s.numbers(pool.held) for s in singles if s.parts and s.value.shape in ((), pool.held)])
    value = np.asarray(outcome.value, dtype=float)
    if len(numbers) > 1 and len(numbers) == len(singles):
        with np.errstate(all="ignore"):
            constant = bool(np.all(np.abs(numbers - numbers[0]) <= 1e-6 * np.maximum(1, np.abs(numbers[0]))))
            total = np.sum(numbers, axis=0)
            is_total = bool(
                np.all(np.abs(np.sum(value) - np.sum(total)) <= 1e-6 * np.maximum(1, np.abs(np.sum(total))))
            )
        if constant and _broadcasts(got, expected) and np.allclose(value, numbers[0], rtol=1e-6, atol=1e-6):
            return ""
        if is_total or len(got) < len(expected):
            return f"log-det {SUMMED}: {operation} {plain}"
    elif _broadcasts(got, expected) and len(singles) < 2:
        return ""  # seen with the larger batches
    return f"{operation} {plain}"


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def _dtypes(subject: Subject, pool: Pool) -> Check:
    """Results have the dtype of the input. Doubles from single floats are numpy's rule where parameters are doubles."""
    name = "dtype"
    wide = any(getattr(v, "dtype", None) == np.float64 for v in subject.parameters.values())
    for operation in OPERATIONS:
        if not subject.has(operation) or pool.of(operation) is None:
            continue
        given = pool.arranged(operation, slice(5), (5,))
        outcome = subject.call(operation, given)
        if not outcome.parts or outcome.value.ndim == 0 or outcome.value.dtype == subject.dtype:
            continue
        got = outcome.value.dtype
        if got.kind == "f" and got.itemsize > subject.dtype.itemsize and wide:
            continue
        loses = got.kind != "f" or got.itemsize < subject.dtype.itemsize
        diagnosis = f"dtype not kept: {operation} returns {got} for {subject.dtype}"
        diagnosis += ", digits are lost" if loses else ""
        return Check(GROUP, name, Status.FAIL, diagnosis, Witness(operation, given, str(got), str(subject.dtype)))
    return Check(GROUP, name, Status.PASS)


def _unchanged(subject: Subject, pool: Pool) -> Check:
    name = "inputs unchanged"
    for operation in OPERATIONS:
        if not subject.has(operation) or pool.of(operation) is None:
            continue
        given = pool.arranged(operation, slice(5), (5,))
        outcome = subject.call(operation, given)
        if outcome.parts and outcome.problem:
            return Check(
                GROUP, name, Status.FAIL, f"{operation} {outcome.problem}", Witness(operation, given, "changed")
            )
    return Check(GROUP, name, Status.PASS)
