"""Hidden state: results that depend on other calls, on the rest of the batch, or on a call before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.inputs import Pool, pool_of
from symbij.audit.probes import rebuilt
from symbij.audit.setting import Setting
from symbij.audit.subject import COMBINED, OPERATIONS, Subject

GROUP = "parameters"
COUNT = 5  # as in the checks of shapes: some libraries compile anew for every shape
ULPS = 4.0  # by which a result may change when it is computed again: an iteration may start elsewhere
NAMES = (
    "same input, same result", "no state between calls", "each event by itself", "log-det first on a new object",
    "combined calls",
)  # fmt: skip


def check(setting: Setting) -> Iterator[Check]:
    """Calls repeated, interleaved, permuted, one by one, on a new object, and both results at once."""
    subject = setting.subject
    pool = pool_of(subject, (setting.own.domain, setting.own.codomain), 2 * COUNT, setting.rng())
    if isinstance(pool, str):
        for name in NAMES:
            yield Check(GROUP, name, Status.SKIPPED, pool)
        return
    calls = _Calls(subject, pool, setting)
    if not calls.operations:
        for name in NAMES:
            yield Check(GROUP, name, Status.SKIPPED, "no operation returns numbers")
        return
    yield calls.repeated()
    yield calls.interleaved()
    yield calls.alone()
    yield calls.on_a_new_object()
    yield calls.combined()


class _Calls:
    """A subject with two batches of inputs, `first` and `second`."""

    def __init__(self, subject: Subject, pool: Pool, setting: Setting) -> None:
        self.subject, self.pool = subject, pool
        self.strict = ULPS * setting.epsilon
        self.loose = setting.tolerance
        self.rng = setting.rng()
        self._fresh: dict[str, np.ndarray | None] = {}
        known = [op for op in OPERATIONS if subject.has(op) and pool.of(op) is not None]
        self.operations = [op for op in known if self.value(op, self.second(op)) is not None]

    def first(self, operation: str) -> np.ndarray:
        return self.pool.arranged(operation, slice(COUNT), (COUNT,))

    def second(self, operation: str) -> np.ndarray:
        return self.pool.arranged(operation, slice(COUNT, None), (COUNT,))

    def value(self, operation: str, given: np.ndarray, subject: Subject | None = None) -> np.ndarray | None:
        """The result as doubles, or None."""
        outcome = (subject or self.subject).call(operation, given)
        return np.asarray(outcome.value, dtype=float) if outcome.parts else None

    def fresh(self, operation: str) -> np.ndarray | None:
        """The result for the second inputs, right after a call of the map itself for them, if it remembers that."""
        if operation not in self._fresh:
            partner = _map_of(operation)
            if self.subject.has(partner) and partner != operation:
                self.value(partner, self.second(operation))
            self._fresh[operation] = self.value(operation, self.second(operation))
        return self._fresh[operation]

    def repeated(self) -> Check:
        name, note = NAMES[0], ""
        for op in self.operations:
            one, two = self.fresh(op), self.value(op, self.second(op))
            if not _close(one, two, self.strict):
                text = f"state left from another call: {op} gives another result for the same input"
                return self._failed(name, text, op, self.second(op), two, one)
            if not np.array_equal(one, two, equal_nan=True):  # type: ignore[arg-type]
                note = f"the last bits of {op} change from call to call"
        return Check(GROUP, name, Status.PASS, note)

    def agree(self, operation: str, a: np.ndarray | None, b: np.ndarray | None) -> bool:
        """Whether two results are the same but for rounding; errors of log-dets are relative to 1 at least."""
        return _close(a, b, self.loose, 1.0 if operation.endswith("log_det") else 0.0)

    def interleaved(self) -> Check:
        for op in self.operations:
            expected = self.fresh(op)
            for other in self.operations:
                for shorter in (False, True)[: 1 + (other == _map_of(op))]:
                    given = self.first(other)
                    self.value(other, given[:1] if shorter else given)
                    got = self.value(op, self.second(op))
                    if not self.agree(op, expected, got):
                        text = f"state left from another call: {op} changes after {other} of another input"
                        return self._failed(NAMES[1], text, op, self.second(op), got, expected)
        return Check(GROUP, NAMES[1], Status.PASS)

    def alone(self) -> Check:
        """Batches in another order, and events one by one: nothing may depend on the neighbours in a batch."""
        order = self.rng.permutation(COUNT)
        for op in self.operations:
            given = self.second(op)
            whole = self.fresh(op)
            if whole is None or whole.ndim == 0 or len(whole) != COUNT:
                continue  # a constant, or a shape that is judged elsewhere
            permuted = self.value(op, given[order])
            if not self.agree(op, whole[order], permuted):
                text = f"state left from another call, or from neighbours: {op} of a permuted batch is not permuted"
                return self._failed(NAMES[2], text, op, given[order], permuted, whole[order])
            single, expected = self.value(op, given[1:2]), whole[1:2]
            if single is not None and single.ndim and not self.agree(op, expected, single):
                text = f"{op} of one event differs from the same event in a batch"
                return self._failed(NAMES[2], text, op, given[1:2], single, expected)
        return Check(GROUP, NAMES[2], Status.PASS)

    def on_a_new_object(self) -> Check:
        name = NAMES[3]
        if self.subject.rebuilt is None:
            return Check(GROUP, name, Status.SKIPPED, "the subject cannot be made anew")
        for op in self.operations:
            new = rebuilt(self.subject, dict(self.subject.parameters))
            if new is None:
                return Check(GROUP, name, Status.SKIPPED, "the subject cannot be made anew")
            expected = self.fresh(op)
            outcome = new.call(op, self.second(op))
            if not outcome.parts:
                new.call(_map_of(op), self.second(op))
                if not new.call(op, self.second(op)).parts:
                    return Check(GROUP, name, Status.SKIPPED, "the subject made anew does not work")
                text = f"state left from another call is needed: {op} on a new object {outcome.problem}"
                witness = Witness(op, self.second(op), outcome.problem, expected)
                return Check(GROUP, name, Status.FAIL, text, witness)
            got = np.asarray(outcome.value, dtype=float)
            if not self.agree(op, expected, got):
                text = f"state left from another call: {op} is another one on a new object"
                return self._failed(name, text, op, self.second(op), got, expected)
        return Check(GROUP, name, Status.PASS)

    def combined(self) -> Check:
        """Value and log-det at once against the separate calls; log-dets to an absolute error."""
        name, tried = NAMES[4], False
        for both in COMBINED:
            direction = both.removesuffix("_and_log_det")
            if not self.subject.has(both) or self.pool.of(direction) is None:
                continue
            given = self.second(direction)
            outcome = self.subject.call(both, given)
            if not outcome.parts:
                return Check(
                    GROUP, name, Status.FAIL, f"{both} {outcome.problem}", Witness(both, given, outcome.problem)
                )
            for part, op in zip(outcome.parts, (direction, f"{direction}_log_det"), strict=True):
                if op not in self.operations:
                    continue
                tried = True
                expected, got = self.value(op, given), np.asarray(part, dtype=float)
                assert expected is not None
                shape = expected.shape if got.ndim == 0 else got.shape
                if expected.ndim == 0:
                    expected = np.broadcast_to(expected, shape)
                if not self.agree(op, expected, np.broadcast_to(got, shape)):
                    return self._failed(name, f"{both} disagrees with {op}", both, given, got, expected)
        if not tried:
            return Check(GROUP, name, Status.SKIPPED, "there are none")
        return Check(GROUP, name, Status.PASS)

    def _failed(
        self,
        name: str,
        text: str,
        operation: str,
        given: np.ndarray,
        got: np.ndarray | None,
        expected: np.ndarray | None,
    ) -> Check:
        """A failure, with the worst event as its witness where shapes allow that."""
        if got is None or expected is None or got.shape != expected.shape or not got.ndim or len(got) != len(given):
            return Check(GROUP, name, Status.FAIL, text, Witness(operation, given, got, expected))
        apart = np.where(got == expected, 0.0, np.abs(got - expected))
        k = int(np.argmax(np.where(np.isnan(apart), np.inf, apart).reshape(len(got), -1).max(axis=1)))
        return Check(
            GROUP, name, Status.FAIL, text, Witness(operation, _number(given[k]), _number(got[k]), _number(expected[k]))
        )


def _map_of(operation: str) -> str:
    """The map whose log-det an operation is, or the operation itself."""
    return "inverse" if operation.startswith("inverse") else "forward"


def _close(a: np.ndarray | None, b: np.ndarray | None, tolerance: float, floor: float = 0.0) -> bool:
    """Whether two results are equal to a relative tolerance, the size of the whole result counting too."""
    if a is None or b is None:
        return a is b
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        finite = np.where(np.isfinite(a), np.abs(a), 0.0)
        size = np.maximum(finite, max(float(np.max(finite, initial=0.0)) * 1e-3, floor))
        equal = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= tolerance * size)
    return bool(np.all(equal))


def _number(value: np.ndarray) -> float | np.ndarray:
    return float(value) if np.ndim(value) == 0 else np.squeeze(value)
