"""Black boxes far out: do inputs of all sizes come back, do results stay finite, in single precision too.

There is no formula to say what is true, so that only gross errors are failures: another input than the one that was
sent, though its image tells it from its neighbours; a result that is not finite beyond a point up to which it was of
ordinary size; a single-precision result that is far from the double one. Noise and lost digits are not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import OPERATIONS, WORDS

GROUP = "tails"
ROUND_TRIP = "inverse(forward(x)) at all scales"
FINITE = "{} stays finite"
SINGLE = "in single precision"
LINEAR = 0.2  # relative difference of the changes on both sides of an input, above which its image says little of it
LEAST, MOST = 3.0, 1e6  # sizes of inputs between which results may stop to be finite by overflow of a part of them
BISECTIONS = 80
GROSS = 0.1  # relative error that is told in single precision


def check(setting: Setting) -> Iterator[Check]:
    """For elementwise black boxes; a formula, where there is one, says more."""
    if setting.subject.event_ndims or setting.cls is not None:
        return
    yield _round_trip(setting, setting.own)
    for operation in ("forward", "forward_log_det"):
        if setting.subject.has(operation) and setting.subject.has("forward"):
            yield _stays_finite(setting.own, operation)
    yield _single_precision(setting)


def _round_trip(setting: Setting, case: Case) -> Check:
    subject = setting.subject
    missing = next((n for n in ("forward", "inverse") if not subject.has(n)), None)
    if missing:
        return Check(GROUP, ROUND_TRIP, Status.SKIPPED, f"it has no {missing}")
    step = setting.epsilon**0.25
    xs = case.inputs[case.inputs != 0]
    ys, below, above = (case.call("forward", case.rounded(xs * (1 + s))).numbers(xs.shape) for s in (0, -step, step))
    finfo = np.finfo(subject.dtype)
    with np.errstate(all="ignore"):
        down, up = ys - below, above - ys
        # where the image is as sure of its input as its neighbours are, and far enough from them
        usable = np.abs(up - down) <= LINEAR * np.minimum(np.abs(up), np.abs(down))
        usable &= np.minimum(np.abs(up), np.abs(down)) > setting.tolerance * np.abs(ys)
        usable &= (np.abs(ys) < np.sqrt(finfo.max)) & (np.abs(ys) > np.sqrt(finfo.tiny))
        usable &= (np.abs(xs) < np.sqrt(finfo.max)) & (np.abs(xs) > np.sqrt(finfo.tiny))
        if not usable.any():
            return Check(GROUP, ROUND_TRIP, Status.SKIPPED, "no image tells its input from its neighbours")
        xs, ys = xs[usable], ys[usable]
        back = case.call("inverse", ys).numbers(ys.shape)
        error = np.where(np.isfinite(back), np.abs(back - xs) / np.abs(xs), np.inf)
    if not (error > step).any():
        return Check(GROUP, ROUND_TRIP, Status.PASS)
    wrong = np.flatnonzero(error > step)
    k = int(wrong[np.argmin(np.abs(np.log(np.abs(xs[wrong]))))])  # the most ordinary one
    x, y, got = float(xs[k]), float(ys[k]), float(back[k])
    if not np.isfinite(got):
        why = f"inverse is {'NaN' if np.isnan(got) else 'infinite'} at values that forward returns"
    elif abs(got + x) <= step * abs(x):
        why = "gives another branch: the input comes back with the other sign"
    elif wrong.size > 2 and np.unique(back[wrong]).size <= 2:
        why = f"is clipped: {got:.6g} comes back from different inputs"
    else:
        why = "the two do not undo each other"
    return Check(GROUP, ROUND_TRIP, Status.FAIL, why, Witness("inverse", y, got, x, relative=float(error[k])))


def _stays_finite(case: Case, operation: str) -> Check:
    """Whether there is a place beyond which results are infinite or NaN, though they were of ordinary size before."""
    name = FINITE.format(WORDS[operation])
    largest = float(np.sqrt(np.finfo(case.subject.dtype).max))

    def results(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Results, and which of them should be numbers: log-dets where the map is one, maps where they are not NaN."""
        got = case.call(operation, at).numbers(at.shape)
        if operation == "forward":
            return got, ~np.isnan(got)
        return got, np.isfinite(case.call("forward", at).numbers(at.shape))

    for sign in (-1, 1):
        at = np.sort(sign * case.inputs[sign * case.inputs > 0]) * sign  # going outwards
        at = at[np.abs(at) < largest]
        got, meant = results(at)
        bad = ~np.isfinite(got)
        if at.size < 3 or bad.all() or not (bad[-2:] & meant[-2:]).all():
            continue
        last = int(np.flatnonzero(~bad)[-1])
        if not meant[last + 1 :].all():
            continue
        good, wrong = float(at[last]), float(at[last + 1])
        for _ in range(BISECTIONS):
            middle = case.rounded(np.array([good / 2 + wrong / 2]))
            if not middle.size or middle[0] in (good, wrong):
                break
            value, _ = results(middle)
            good, wrong = (float(middle[0]), wrong) if np.isfinite(value[0]) else (good, float(middle[0]))
        (edge, after), _ = results(np.array([good, wrong]))
        if LEAST < abs(wrong) < MOST and abs(edge) < largest:
            word = "NaN" if np.isnan(after) else "infinite"
            side = f"x {'>' if sign > 0 else '<'} {good:.4g}"
            witness = Witness(operation, wrong, float(after), f"about {edge:.6g}, as at {good!r}")
            return Check(GROUP, name, Status.FAIL, f"{word} for {side}, where it is no larger than {edge:.4g}", witness)
    return Check(GROUP, name, Status.PASS)


def _single_precision(setting: Setting) -> Check:
    """The same inputs in single and in double precision."""
    if setting.subject.dtype != np.float64:
        return Check(GROUP, f"black box {SINGLE}", Status.SKIPPED, "it computes in one precision")
    subject = replace(setting.subject, dtype=np.dtype(np.float32))
    case = replace(setting.own, subject=subject)
    for operation in OPERATIONS:
        if not subject.has(operation) or (operation.startswith("inverse") and not subject.has("forward")):
            continue
        at = case.outputs if operation.startswith("inverse") else case.inputs
        single = case.call(operation, at)
        if not at.size or not single.parts or single.value.dtype != np.float32:
            continue
        got, true = single.numbers(at.shape), setting.own.call(operation, at).numbers(at.shape)
        step = float(np.finfo(np.float32).eps)
        with np.errstate(all="ignore"):
            moved = [setting.own.call(operation, at * (1 + s)).numbers(at.shape) for s in (-4 * step, 4 * step)]
            spread = np.max([np.abs(m - true) for m in moved], axis=0)
            steady = (spread < GROSS**2 * np.maximum(1, np.abs(true))) & (np.abs(true) < 1e30)
            error = np.where(np.isfinite(got), np.abs(got - true) / np.maximum(1, np.abs(true)), np.inf)
            if operation.endswith("log_det"):  # of images that are numbers in single precision
                steady &= np.isfinite(case.call(operation.removesuffix("_log_det"), at).numbers(at.shape))
            error = np.where(steady & np.isfinite(true) & (np.abs(at) < 1e6) & (np.abs(at) > 1e-30), error, 0.0)
        if (error > GROSS).any():
            wrong = np.flatnonzero(error > GROSS)
            k = int(wrong[np.argmin(np.abs(np.log(np.abs(at[wrong]))))])
            word = WORDS[operation]
            kind = "is off by more than 10%"
            if not np.isfinite(got[k]):
                kind = "is NaN" if np.isnan(got[k]) else "is infinite"
            witness = Witness(operation, float(at[k]), float(got[k]), float(true[k]))
            text = f"{SINGLE} {word} {kind}, and not in double precision"
            return Check(GROUP, f"{word} {SINGLE}", Status.FAIL, text, witness)
    return Check(GROUP, f"black box {SINGLE}", Status.PASS)
