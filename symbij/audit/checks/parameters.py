"""The subject with other parameters: is it still consistent with itself; and with arrays of them, as with numbers.

What a formula says at other parameters is asked elsewhere. Here the subject's maps are held against each other and its
log-dets against differences of its maps, so that black boxes are judged too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbij.audit.checks import multivariate
from symbij.audit.differences import log_slope
from symbij.audit.finding import Check, Status, Witness
from symbij.audit.inputs import ordinary
from symbij.audit.probes import LARGER, rebuilt
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import OPERATIONS

GROUP = "parameters"
OTHER, ARRAYS = "other parameters", "arrays of parameters"
POINTS = 10
MARGIN = 10.0
KNOWN = 1e-3  # error of a slope up to which a point is judged
SIMILAR = 1e-5


def check(setting: Setting) -> Iterator[Check]:
    """Every set of other parameters by itself, and two of them as an array."""
    if setting.cls is None or setting.subject.event_ndims:
        yield _others(setting)
    yield _arrays(setting)


def _others(setting: Setting) -> Check:
    if len(setting.cases) < 2:
        held = setting.subject.parameters
        why = "its parameters cannot be changed" if held else "no parameters are known"
        return Check(GROUP, OTHER, Status.SKIPPED, why)
    for case in setting.cases[1:]:
        fault = _events_fault(setting, case) if case.subject.event_ndims else _fault(setting, case)
        if fault is not None:
            return fault
    return Check(GROUP, OTHER, Status.PASS, f"{len(setting.cases) - 1} other sets of parameters")


def _events_fault(setting: Setting, case: Case) -> Check | None:
    """The first failure of a multivariate map with other parameters."""
    other = replace(setting, subject=case.subject, cases=(case,))
    for found in multivariate.check(other):
        if found.status is Status.FAIL:
            witness = found.witness and replace(found.witness, parameters=dict(case.changed))
            return Check(GROUP, OTHER, Status.FAIL, f"{found.name}: {found.diagnosis}{_with(case.changed)}", witness)
    return None


def _fault(setting: Setting, case: Case) -> Check | None:
    """The first thing in which maps and log-dets of an elementwise subject disagree, or None."""
    subject = case.subject
    if not subject.has("forward"):
        return None
    xs = ordinary(case.domain, (POINTS,), setting.rng(), subject.dtype)
    if case.truth.shape or case.call("forward", xs).numbers(xs.shape).shape != xs.shape:
        return None
    call = {op: subject.call(op, xs) for op in ("forward", "forward_log_det") if subject.has(op)}
    ys = call["forward"].numbers(xs.shape)
    found, error = _slopes(case, xs)
    judged = np.isfinite(ys) & (error < KNOWN)
    with np.errstate(all="ignore"):
        reach = np.abs(xs) + np.abs(ys) / np.exp(found)  # by which x changes for relative changes of x and y by 1
        # Images at which the map is too steep or too flat for doubles say nothing of the inverse.
        sharp = judged & (reach < np.maximum(np.abs(xs), 1e-3) / setting.tolerance)
    if subject.has("forward_log_det"):
        got = call["forward_log_det"].numbers(judged.shape)
        allowed = MARGIN * (setting.tolerance * np.maximum(1, np.abs(found)) + error)
        fault = _compared(case, "forward_log_det", xs, got, found, np.where(judged, allowed, np.inf))
        if fault is not None:
            return fault
    if subject.has("inverse") and np.any(sharp):
        back = subject.call("inverse", np.where(sharp, ys, ys[sharp][0])).numbers(ys.shape)
        with np.errstate(all="ignore"):
            excess = np.abs(back - xs) / (MARGIN * setting.tolerance * reach)
        excess = np.where(sharp, np.where(np.isfinite(back), excess, np.inf), 0.0)
        k = int(np.argmax(excess))
        if excess[k] > 1:
            text = f"inverse(forward(x)) is {'NaN' if np.isnan(back[k]) else 'not x'}{_with(case.changed)}"
            witness = Witness("inverse", ys[k], back[k], xs[k], parameters=dict(case.changed))
            return Check(GROUP, OTHER, Status.FAIL, text, witness)
    if subject.has("inverse_log_det") and np.any(sharp):
        there, error_there = _slopes(case, np.where(sharp, _moved(xs, reach, setting), xs))
        got = subject.call("inverse_log_det", np.where(sharp, ys, ys[sharp][0])).numbers(ys.shape)
        with np.errstate(all="ignore"):
            spread = np.abs(there - found) + error_there
            allowed = MARGIN * (setting.tolerance * np.maximum(1, np.abs(found)) + error + spread)
        return _compared(
            case, "inverse_log_det", ys, got, -found, np.where(sharp & ~np.isnan(allowed), allowed, np.inf)
        )
    return None


def _slopes(case: Case, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log|slope| of the forward map by differences, and errors."""
    subject = case.subject
    return log_slope(lambda at: subject.call("forward", at).numbers(at.shape), xs, case.domain, subject.dtype)


def _moved(xs: np.ndarray, reach: np.ndarray, setting: Setting) -> np.ndarray:
    """Inputs moved by as much as the rounding of images may move what they are inverted to, and well beyond."""
    return xs + MARGIN * setting.epsilon * reach


def _compared(
    case: Case, operation: str, at: np.ndarray, got: np.ndarray, expected: np.ndarray, allowed: np.ndarray
) -> Check | None:
    with np.errstate(all="ignore"):
        excess = np.where(np.isfinite(got), np.abs(got - expected) / allowed, np.inf)
    excess = np.where(np.isfinite(allowed), excess, 0.0)
    k = int(np.argmax(excess))
    if not excess[k] > 1:
        return None
    text = f"{operation}: {_explained(case, got, expected, allowed)}{_with(case.changed)}"
    witness = Witness(operation, at[k], got[k], expected[k], parameters=dict(case.changed))
    return Check(GROUP, OTHER, Status.FAIL, text, witness)


def _explained(case: Case, got: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> str:
    """A wrong log-det in words."""
    numbers = {
        n: float(v) for n, v in case.parameters.items() if np.ndim(v) == 0 and isinstance(v, (int, float, np.number))
    }
    known = np.isfinite(allowed)
    got, expected = got[known], expected[known]
    if np.any(np.isnan(got)):
        negative = [n for n, v in numbers.items() if v < 0 and n in case.changed]
        return f"NaN: parameter {negative[0]} enters without abs" if negative else "log-det is NaN"
    if np.any(np.isinf(got)):
        return "log-det is infinite"
    if np.all(np.abs(got + expected) <= SIMILAR * np.maximum(1, np.abs(expected))):
        return "log-det has the wrong sign"
    off = got - expected
    if len(off) > 1 and np.ptp(off) <= SIMILAR:
        for n, value in numbers.items():
            for power in (1, -1, 2, -2):
                with np.errstate(all="ignore"):
                    told = power * np.log(np.abs(value))
                if np.isfinite(told) and abs(told) > SIMILAR and abs(np.mean(off) - told) <= SIMILAR:
                    return f"log-det is off by {'-' if power < 0 else ''}{abs(power) if abs(power) > 1 else ''}log|{n}|"
        return f"log-det is off by {np.mean(off):.6g}: missing factor {np.exp(-np.mean(off)):.6g}"
    return "log-det disagrees with differences of the forward map"


def _with(changed: Mapping[str, Any]) -> str:
    return ", with " + ", ".join(f"{n}={v}" for n, v in changed.items()) if changed else ""


def _arrays(setting: Setting) -> Check:
    """Two sets of numbers as arrays of two: one column of results for each."""
    subject, own = setting.subject, setting.own
    names = [
        n for n, v in subject.parameters.items()
        if np.ndim(v) == 0 and isinstance(v, (float, np.floating)) and not isinstance(v, np.ndarray)
    ]  # fmt: skip
    if subject.event_ndims or not names or subject.rebuilt is None or own.truth.shape:
        return Check(GROUP, ARRAYS, Status.SKIPPED, "for elementwise maps whose parameters are numbers that can change")
    if len(setting.cases) > 1:
        second = dict(setting.cases[1].parameters)
    else:
        second = {**subject.parameters, **{n: subject.parameters[n] * LARGER for n in names}}
    first = dict(subject.parameters)
    both = {n: np.array([float(first[n]), float(second[n])]) if n in names else first[n] for n in first}
    second = {n: second[n] if n in names else first[n] for n in first}
    parts = [rebuilt(subject, first), rebuilt(subject, second)]
    whole = rebuilt(subject, both)
    if whole is None or parts[0] is None or parts[1] is None:
        return Check(GROUP, ARRAYS, Status.SKIPPED, "arrays of parameters are refused")
    xs = ordinary(own.domain, (POINTS,), setting.rng(), subject.dtype)
    ys = parts[0].call("forward", xs).numbers(xs.shape) if subject.has("forward") else None
    for operation in OPERATIONS:
        points = ys if operation.startswith("inverse") else xs
        if not subject.has(operation) or points is None:
            continue
        expected = np.stack([p.call(operation, points).numbers(xs.shape) for p in parts if p is not None], axis=1)
        outcome = whole.call(operation, points[:, np.newaxis])
        if not outcome.parts:
            return Check(GROUP, ARRAYS, Status.SKIPPED, f"arrays of parameters are refused: {outcome.problem}")
        got = outcome.numbers(expected.shape)
        with np.errstate(all="ignore"):
            wrong = ~(np.abs(got - expected) <= setting.tolerance * np.maximum(1.0, np.abs(expected)))
        wrong &= np.isfinite(expected)
        if np.any(wrong):
            k, j = (int(i) for i in np.argwhere(wrong)[0])
            text = f"{operation} with arrays of parameters ({', '.join(names)}) differs from one set at a time"
            if np.shape(outcome.value) not in ((POINTS, 2), ()) and np.isnan(got).all():
                shape = np.shape(outcome.value)
                text = f"{operation} returned shape {shape}, expected {expected.shape}, for arrays of parameters"
            witness = Witness(operation, points[k], got[k, j], expected[k, j], parameters=both)
            return Check(GROUP, ARRAYS, Status.FAIL, text, witness)
    return Check(GROUP, ARRAYS, Status.PASS)
