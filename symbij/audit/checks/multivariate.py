"""Maps of vectors and matrices: log-dets against the Jacobian matrix by differences, round trips, triangularity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from symbij.audit.differences import jacobian, log_determinant
from symbij.audit.finding import Check, Status, Witness
from symbij.audit.inputs import Events, came_back, find_events
from symbij.audit.setting import Setting
from symbij.audit.subject import REALS, Ends

GROUP = "multivariate"
POINTS = 5
MARGIN = 10.0  # times the estimated error of a difference, and times the tolerance, before anything is a fault
SIMILAR = 1e-4  # relative agreement with a wrong formula that makes it the diagnosis
NAMES = ("forward log-det and Jacobian matrix", "inverse log-det and Jacobian matrix", "round trip of events")


def check(setting: Setting) -> Iterator[Check]:
    """The two log-dets against log|det| of the Jacobian matrix by differences, and inverse after forward."""
    subject = setting.subject
    if not subject.event_ndims:
        for name in NAMES:
            yield Check(GROUP, name, Status.SKIPPED, "the map is elementwise")
        return
    if not subject.has("forward"):
        for name in NAMES:
            yield Check(GROUP, name, Status.SKIPPED, "there is no forward map")
        return
    events = find_events(subject, setting.own.domain, POINTS, setting.rng())
    if isinstance(events, str):
        known = subject.event_shape is not None
        yield Check(GROUP, NAMES[0], Status.FAIL if known else Status.SKIPPED, events)
        for name in NAMES[1:]:
            yield Check(GROUP, name, Status.SKIPPED, events)
        return
    matrices = Matrices.of(events, setting.own.domain)
    yield _forward(setting, matrices)
    yield _inverse(setting, matrices)
    yield _round_trip(setting, matrices)


@dataclass(frozen=True, eq=False)
class Convention:
    """log|det| at every point by one convention, with errors; `matrices` are the square ones that it comes from."""

    logs: np.ndarray
    errors: np.ndarray
    matrices: np.ndarray | None
    rows: np.ndarray | None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Matrices:
    """Jacobian matrices at some events, from the free coordinates of inputs to all numbers of outputs."""

    events: Events
    ends: Ends
    images: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    conventions: tuple[Convention, ...]

    @staticmethod
    def of(events: Events, domain: Ends, free: np.ndarray | None = None) -> Matrices:
        """By differences at the events, or at other coordinates."""
        subject = events.subject
        free = events.free if free is None else free
        ends = REALS if events.kind else domain
        images = events.results("forward", events.lift(free))

        def numbers(rows: np.ndarray) -> np.ndarray:
            found = events.results("forward", events.lift(rows))
            return found.reshape(len(rows), -1)

        values, errors = jacobian(numbers, free, ends, subject.dtype)
        return Matrices(events, ends, images, values, errors, _conventions(values, errors, images.shape[1:]))

    @property
    def note(self) -> str:
        """What is known of the matrices, for people."""
        parts = [f"inputs are {self.events.kind}"] if self.events.kind else []
        first = self.conventions[0]
        if first.name:
            parts.append(first.name)
        if first.matrices is not None and first.matrices.shape[1] > 1:
            parts += [text for text in (_triangularity(first.matrices),) if text]
        return "; ".join(parts)


def _conventions(values: np.ndarray, errors: np.ndarray, shape: tuple[int, ...]) -> tuple[Convention, ...]:
    """The determinants that may be meant: of the square matrix, or of parts of one that is not square."""
    outputs, inputs = values.shape[1:]
    found = []

    def add(rows: np.ndarray, columns: np.ndarray, name: str) -> None:
        part = values[:, rows][:, :, columns], errors[:, rows][:, :, columns]
        found.append(Convention(*log_determinant(*part), part[0], rows, name))

    if outputs == inputs:
        add(np.arange(outputs), np.arange(inputs), "")
        return tuple(found)
    if outputs < inputs:
        name = f"the Jacobian is {outputs} by {inputs}: with respect to the first {outputs} inputs"
        add(np.arange(outputs), np.arange(outputs), name)
        return tuple(found)
    size = f"the Jacobian is {outputs} by {inputs}: "
    if len(shape) == 2 and shape[0] == shape[1]:
        numbering = np.arange(outputs).reshape(shape)
        for k in (0, -1):
            places = numbering[np.tril_indices(shape[0], k)]
            if len(places) == inputs:
                add(places, np.arange(inputs), size + f"the outputs {'on and ' if not k else ''}below the diagonal")
    add(np.arange(inputs), np.arange(inputs), size + f"the first {inputs} outputs")
    with np.errstate(all="ignore"):
        squared = np.swapaxes(values, 1, 2) @ values
        squared_errors = 2 * np.swapaxes(np.abs(values), 1, 2) @ errors
    squared_errors = squared_errors + np.swapaxes(squared_errors, 1, 2)
    finite = np.isfinite(squared).all(axis=(1, 2)) & np.isfinite(squared_errors).all(axis=(1, 2))
    squared = np.where(finite[:, None, None], squared, np.nan)
    logs, sizes = log_determinant(squared, squared_errors)
    found.append(Convention(logs / 2, sizes / 2, None, None, size + "the volume on the surface of outputs"))
    return tuple(found)


def _triangularity(matrices: np.ndarray) -> str:
    size = np.max(np.abs(matrices), axis=(1, 2), keepdims=True)
    zero = np.abs(matrices) <= 1e-7 * size
    above, below = (np.all(zero | ~mask) for mask in (_above(matrices), np.swapaxes(_above(matrices), 0, 1)))
    kind = {(True, True): "diagonal", (True, False): "lower triangular", (False, True): "upper triangular"}
    text = kind.get((bool(above), bool(below)))
    return f"the Jacobian is {text}" if text else ""


def _above(matrices: np.ndarray) -> np.ndarray:
    return np.triu(np.ones(matrices.shape[1:], dtype=bool), 1)


def _forward(setting: Setting, matrices: Matrices) -> Check:
    name, events = NAMES[0], matrices.events
    if not setting.subject.has("forward_log_det"):
        return Check(GROUP, name, Status.SKIPPED, "there is no forward log-det")
    got = events.results("forward_log_det", events.points)
    spread = np.zeros(len(events.free))
    return _judged(setting, name, "forward_log_det", events.points, got, matrices, 1, spread)


def _inverse(setting: Setting, matrices: Matrices) -> Check:
    """The inverse log-det at images, minus the log-det of the forward map at the inputs that they come from.

    What the rounding of the images does to it is seen from the Jacobian at the inputs that they are inverted to.
    """
    name, events, subject = NAMES[1], matrices.events, setting.subject
    if not subject.has("inverse_log_det"):
        return Check(GROUP, name, Status.SKIPPED, "there is no inverse log-det")
    got = events.results("inverse_log_det", matrices.images)
    spread = np.zeros(len(events.free))
    if subject.has("inverse") and not events.kind:
        back = events.results("inverse", matrices.images)
        if np.all(came_back(events.points, back)):
            there = Matrices.of(events, matrices.ends, back.reshape(events.free.shape)).conventions[0]
            known = np.isfinite(there.logs) & np.isfinite(matrices.conventions[0].logs)
            spread = np.where(known, np.abs(there.logs - matrices.conventions[0].logs), 0.0)
    return _judged(setting, name, "inverse_log_det", matrices.images, got, matrices, -1, spread)


def _judged(
    setting: Setting,
    name: str,
    operation: str,
    inputs: np.ndarray,
    got: np.ndarray,
    matrices: Matrices,
    sign: int,
    spread: np.ndarray,
) -> Check:
    conventions = [c for c in matrices.conventions if np.any(np.isfinite(c.errors))]
    if not conventions:
        return Check(GROUP, name, Status.SKIPPED, "differences give no Jacobian matrix with a determinant here")
    first = conventions[0]
    if got.ndim > 1:
        total = np.sum(got.reshape(len(got), -1), axis=1)
        text = f"returned shape {got.shape} for {len(got)} events"
        if np.all(_wrong(setting, total, first, sign, spread) <= 1) or got.shape == inputs.shape:
            text = "log-det not summed over event dimensions"
        return Check(GROUP, name, Status.FAIL, text, Witness(operation, inputs[0], got[0], sign * first.logs[0]))
    for convention in conventions:
        excess = _wrong(setting, got, convention, sign, spread)
        if np.all(excess <= 1):
            note = matrices.note if convention is matrices.conventions[0] else convention.name
            return Check(GROUP, name, Status.PASS, note)
    excess = _wrong(setting, got, first, sign, spread)
    k = int(np.argmax(excess))
    expected = sign * first.logs
    text = explain(got, expected, first, sign) or _of_the_other_map(operation, got, matrices, inputs)
    text = text or "disagrees with the Jacobian matrix by differences"
    relative = abs(got[k] - expected[k]) / abs(expected[k]) if expected[k] else np.nan
    witness = Witness(operation, inputs[k], float(got[k]), float(expected[k]), relative=float(relative))
    return Check(GROUP, name, Status.FAIL, "; ".join(t for t in (text, matrices.note) if t), witness)


def _wrong(setting: Setting, got: np.ndarray, truth: Convention, sign: int, spread: np.ndarray) -> np.ndarray:
    """How far beyond what is tolerated log-dets are; above 1 is wrong. 0 where differences do not decide."""
    expected = sign * truth.logs
    with np.errstate(all="ignore"):
        allowed = MARGIN * (setting.tolerance * np.maximum(1, np.abs(expected)) + truth.errors + spread)
        excess = np.abs(got - expected) / allowed
    excess = np.where(np.isfinite(got), excess, np.inf)
    return np.where(np.isfinite(truth.errors), excess, 0.0)


def explain(got: np.ndarray, expected: np.ndarray, truth: Convention, sign: int) -> str:
    """A wrong log-det in words; empty if it is like nothing known."""
    known = np.isfinite(truth.errors) & np.isfinite(expected)
    got, expected = got[known], expected[known]
    if np.any(np.isnan(got)):
        return "log-det is NaN"
    if np.any(np.isinf(got)):
        return "log-det is infinite"

    def like(other: np.ndarray) -> bool:
        with np.errstate(all="ignore"):
            return bool(np.all(np.abs(got - other) <= SIMILAR * np.maximum(1, np.abs(other))))

    if like(-expected):
        return "log-det has the wrong sign: it is the log-det of the inverse"
    with np.errstate(all="ignore"):
        if like(np.exp(expected)):
            return "is the determinant, not its logarithm"
    if truth.matrices is not None:
        n = truth.matrices.shape[1]
        with np.errstate(all="ignore"):
            diagonal = np.log(np.abs(np.diagonal(truth.matrices, axis1=1, axis2=2)))[known] * sign
        if like(np.sum(diagonal, axis=1)):
            return "log-det of the diagonal alone: the Jacobian is not triangular"
        for k in range(n):
            if like(expected - diagonal[:, k]):
                return f"log-det misses the diagonal term {k + 1} of {n}"
        for k in range(n):
            if like(expected + diagonal[:, k]):
                return f"log-det counts the diagonal term {k + 1} of {n} twice"
        if n > 1 and like(expected / n):
            return "log-det is averaged over event dimensions, not summed"
    off = got - expected
    if len(off) > 1 and np.ptp(off) <= SIMILAR:
        return f"log-det is off by {np.mean(off):.6g} everywhere: missing factor {np.exp(-sign * np.mean(off)):.6g}"
    with np.errstate(all="ignore"):
        ratio = got / expected
    if len(ratio) > 1 and np.all(np.isfinite(ratio)) and np.ptp(ratio) <= SIMILAR:
        return f"log-det is {np.mean(ratio):.4g} times what it should be"
    return ""


def _of_the_other_map(operation: str, got: np.ndarray, matrices: Matrices, inputs: np.ndarray) -> str:
    """Whether a log-det is that of the other map, at this map's input."""
    events = matrices.events
    if events.kind or matrices.images.shape != events.points.shape:
        return ""
    at = inputs
    if operation == "forward_log_det":
        if not events.subject.has("inverse"):
            return ""
        at = events.results("inverse", inputs)
    if at.shape != events.points.shape or not np.all(np.isfinite(at)):
        return ""
    other = Matrices.of(events, matrices.ends, at.reshape(events.free.shape)).conventions[0]
    logs = -other.logs if operation == "forward_log_det" else other.logs
    known = np.isfinite(other.errors)
    with np.errstate(all="ignore"):
        same = np.abs(got - logs)[known] <= SIMILAR * np.maximum(1, np.abs(logs[known]))
    if not np.any(known) or not np.all(same):
        return ""
    return f"log-det is the log-det of the {'inverse' if operation == 'forward_log_det' else 'forward map'}"


def _round_trip(setting: Setting, matrices: Matrices) -> Check:
    name, events = NAMES[2], matrices.events
    if not setting.subject.has("inverse"):
        return Check(GROUP, name, Status.SKIPPED, "there is no inverse")
    points = events.points
    back = events.results("inverse", matrices.images)
    if back.shape != points.shape:
        text = f"inverse gives shape {back.shape[1:]} for an event of shape {points.shape[1:]}"
        return Check(GROUP, name, Status.FAIL, text, Witness("inverse", matrices.images[0], back[:1], points[0]))
    axes = tuple(range(1, points.ndim))
    with np.errstate(all="ignore"):
        error = np.max(np.abs(back - points), axis=axes)
    size = np.max(np.abs(points), axis=axes) + _reach(matrices)
    excess = np.where(np.isfinite(error), error / (MARGIN * setting.tolerance * size), np.inf)
    k = int(np.argmax(excess))
    if excess[k] <= 1:
        return Check(GROUP, name, Status.PASS, f"inputs are {events.kind}" if events.kind else "")
    again = events.results("forward", back)
    text = "inverse(forward(x)) is not x"
    if np.any(np.isnan(back)):
        text = "inverse is NaN"
    elif again.shape == matrices.images.shape and came_back(matrices.images, again)[k]:
        text = "inverse gives another branch: another input with the same output"
    return Check(GROUP, name, Status.FAIL, text, Witness("inverse", matrices.images[k], back[k], points[k]))


def _reach(matrices: Matrices) -> np.ndarray:
    """By how much inputs change for a relative change of the outputs by 1: the condition of the round trip."""
    first = matrices.conventions[0]
    found = np.zeros(len(matrices.images))
    if first.matrices is None or first.rows is None:
        return found
    outputs = matrices.images.reshape(len(found), -1)[:, first.rows]
    for k, matrix in enumerate(first.matrices):
        if np.isfinite(first.errors[k]):
            found[k] = np.max(np.abs(np.linalg.inv(matrix)) @ np.abs(outputs[k]))
    return found
