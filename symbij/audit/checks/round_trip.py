"""A map and its inverse undo each other, and so do their log-dets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.setting import Case, Setting
from symbij.audit.truth import NUDGE

GROUP = "round trip"
ORDINARY = 1e6  # sizes of inputs and outputs beyond which the checks against the truth alone decide
NEARLY = 1e-4  # relative error up to which what comes back is the same number with fewer digits


def check(setting: Setting) -> Iterator[Check]:
    """Round trips at ordinary points: in the tails they blame right code, and miss half of what is wrong."""
    if setting.subject.event_ndims:
        return
    case = setting.own
    yield _there_and_back(setting, case, "forward", "inverse", case.central)
    yield _there_and_back(setting, case, "inverse", "forward", case.central_outputs)
    yield _log_dets(setting, case)


def _there_and_back(setting: Setting, case: Case, first: str, second: str, at: np.ndarray) -> Check:
    name = f"{second}({first}({'x' if first == 'forward' else 'y'}))"
    missing = next((n for n in (first, second) if not setting.subject.has(n)), None)
    if missing:
        return Check(GROUP, name, Status.SKIPPED, f"it has no {missing}")
    if not at.size:
        return Check(GROUP, name, Status.SKIPPED, f"there is no {'x' if first == 'forward' else 'y'} to start from")
    shape = case.grid_shape(at)
    out = case.call(first, at)
    if not out.parts:
        return Check(GROUP, name, Status.FAIL, f"{first} {out.problem}", Witness(first, at, "no result"))
    middle = out.numbers(shape)
    returned = case.subject.call(second, middle)
    if not returned.parts:
        return Check(GROUP, name, Status.FAIL, f"{second} {returned.problem}", Witness(second, middle, "no result"))
    back = returned.numbers(shape)
    points = np.broadcast_to(case.grid(at), shape)
    with np.errstate(all="ignore"):
        # a rounding of what is between, seen from the input
        sensitivity = _sensitivity(case, second, middle, back)
        allowed = setting.tolerance * np.fmax(np.abs(points), sensitivity)
        error = np.abs(back - points) / np.fmax(allowed, np.finfo(setting.subject.dtype).tiny)
        usable = np.isfinite(middle) & (np.abs(middle) < ORDINARY) & (np.abs(points) < ORDINARY)
        usable &= _resolved(case, first, points, middle) & _inside(case, first, middle)
        error = np.where(usable, np.where(np.isfinite(back), error, np.inf), 0.0)
    if not (error > 1).any():
        return Check(GROUP, name, Status.PASS)
    k = np.unravel_index(int(np.argmax(error)), shape)
    x, got = float(points[k]), float(back[k])
    witness = Witness(name, x, got, x, float(abs(got - x) / np.spacing(abs(x) or 1.0)), abs(got - x) / (abs(x) or 1.0))
    wrong = error > 1
    diagnosis = _why(case, second, points[wrong], back[wrong], middle[wrong])
    return Check(GROUP, name, Status.FAIL, diagnosis, witness)


def _resolved(case: Case, operation: str, points: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Where images tell an input from those on both sides: not where they have saturated or underflowed."""
    below, above = (case.subject.call(operation, points * (1 + s)).numbers(points.shape) for s in (-NUDGE, NUDGE))
    return ((below != images) & (above != images)) | (points == 0)


def _inside(case: Case, operation: str, images: np.ndarray) -> np.ndarray:
    """Where images are none of the ends that they should be apart from: there they have been rounded to them."""
    ends = case.codomain if operation == "forward" else case.domain
    return ~((images == ends.lo) & ends.lo_open | (images == ends.hi) & ends.hi_open)


def _sensitivity(case: Case, operation: str, at: np.ndarray, results: np.ndarray) -> np.ndarray:
    """By how much results change for a relative change of their inputs, on that side where they change more."""
    found = np.zeros(results.shape)
    for step in (-NUDGE, NUDGE):
        moved = case.subject.call(operation, at * (1 + step)).numbers(results.shape)
        found = np.fmax(found, np.abs(moved - results) / NUDGE)
    return np.where(np.isfinite(found), found, 0.0)


def _why(case: Case, second: str, x: np.ndarray, back: np.ndarray, middle: np.ndarray) -> str:
    """What kind of wrong input came back."""
    if np.isnan(back).any():
        return f"{second} is NaN at values that {'forward' if second == 'inverse' else 'inverse'} returns"
    if np.allclose(back, -x, rtol=1e-6, atol=0):
        return "gives another branch: the input comes back with the other sign"
    if x.size > 2 and np.ptp(middle) == 0:
        return f"forward maps different inputs to {middle[0]:.6g}" if second == "inverse" else "inverse is constant"
    with np.errstate(all="ignore"):
        lost = float(np.max(np.abs(back - x) / np.maximum(np.abs(x), np.finfo(float).tiny)))
    if lost < NEARLY:
        return f"loses digits: the {'input' if second == 'inverse' else 'output'} has {-np.log10(lost):.0f} left"
    if second == "inverse":
        again = case.subject.call("forward", back).numbers(back.shape)
        if np.allclose(again, middle, rtol=1e-6, atol=1e-300):
            return "gives another branch: forward is not one-to-one, or inverse leaves its domain"
    if x.size > 2 and np.ptp(back) == 0:
        return f"is clipped: {back[0]:.6g} comes back from different inputs"
    return "the two do not undo each other"


def _log_dets(setting: Setting, case: Case) -> Check:
    name = "forward and inverse log-det cancel"
    subject = setting.subject
    missing = next((n for n in ("forward", "forward_log_det", "inverse_log_det") if not subject.has(n)), None)
    if missing:
        return Check(GROUP, name, Status.SKIPPED, f"it has no {missing.replace('_', ' ')}")
    at, shape = case.central, case.grid_shape(case.central)
    forward = case.call("forward", at).numbers(shape)
    first = case.call("forward_log_det", at).numbers(shape)
    second = subject.call("inverse_log_det", forward).numbers(shape)
    with np.errstate(all="ignore"):
        size = 1 + np.fmax(np.abs(first), _sensitivity(case, "inverse_log_det", forward, second))
        error = np.abs(first + second) / (10 * setting.tolerance * size)
        error = np.where(np.isfinite(forward) & np.isfinite(first), np.where(np.isfinite(second), error, np.inf), 0.0)
        usable = _resolved(case, "forward", np.broadcast_to(case.grid(at), shape), forward)
        error = np.where(usable & _inside(case, "forward", forward), error, 0.0)
    if not (error > 1).any():
        return Check(GROUP, name, Status.PASS)
    k = np.unravel_index(int(np.argmax(error)), shape)
    x = float(np.broadcast_to(case.grid(at), shape)[k])
    got, expected = float(second[k]), -float(first[k])
    witness = Witness(f"inverse_log_det at forward({x!r})", float(forward[k]), got, expected,
                      relative=abs(got - expected) / (abs(expected) or 1.0))  # fmt: skip
    same = np.allclose(first, second, rtol=1e-6)
    why = "the inverse log-det is the forward one: it has the wrong sign" if same else "they do not add up to zero"
    return Check(GROUP, name, Status.FAIL, why, witness)
