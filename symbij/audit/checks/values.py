"""Values and log-dets beside the truth: at ordinary points, in the tails, in single precision, at other parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from symbij.audit.comparison import Comparison, compare
from symbij.audit.diagnose import explain, explain_tail
from symbij.audit.finding import Check, Status, Witness
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import OPERATIONS, WORDS

GROUP = "values"  # of what is in none of the others
MODERATE = 1e-30  # size of images, and its reciprocal, between which a map is judged at other parameters
EXACT, MORE = 2, 12  # ordinary points, and those at all scales, that are put to the exact truth whatever kernels say
NOTHING = "the truth is known at none of the points tried"


def check(setting: Setting) -> Iterator[Check]:
    """Groups "values" and "log-det" at ordinary points, "tails" everywhere, "parameters" with others."""
    if setting.subject.event_ndims:
        return
    broken: set[str] = set()
    for operation in OPERATIONS:
        found = _ordinary(setting, setting.own, operation)
        if found.status == Status.FAIL:
            broken.add(operation)
        yield found
    for operation in OPERATIONS:
        yield _tails(setting, setting.own, operation, broken)
    yield from _single_precision(setting, broken)
    if setting.cls is not None:  # those of black boxes are held against themselves elsewhere
        for operation in OPERATIONS:
            yield _other_parameters(setting, operation, broken)


def _group(operation: str) -> str:
    return "log-det" if operation.endswith("log_det") else GROUP


def _name(setting: Setting, operation: str) -> str:
    source = "the formula" if setting.cls is not None else "differences of its map"
    return f"{WORDS[operation]} against {source}"


def _skipped(setting: Setting, case: Case, operation: str) -> str:
    """Why an operation is not compared; empty if it is."""
    if not setting.subject.has(operation):
        return f"it has no {WORDS[operation]}"
    if not case.truth.knows(operation):
        return "a black box: there is no formula to compare with"
    return ""


def _points(case: Case, operation: str, everywhere: bool) -> np.ndarray:
    if operation.startswith("inverse"):
        return case.outputs if everywhere else case.central_outputs
    return case.inputs if everywhere else case.central


def _ordinary(setting: Setting, case: Case, operation: str) -> Check:
    group, name = _group(operation), _name(setting, operation)
    why = _skipped(setting, case, operation)
    if why:
        return Check(group, name, Status.SKIPPED, why)
    return _compared(setting, case, operation, False, group, name)


def _tails(setting: Setting, case: Case, operation: str, broken: set[str]) -> Check:
    name = f"{WORDS[operation]} at all scales"
    why = _skipped(setting, case, operation)
    if not why and operation in broken:
        why = "wrong at ordinary points already"
    if why:
        return Check("tails", name, Status.SKIPPED, why)
    return _compared(setting, case, operation, True, "tails", name)


def _compared(setting: Setting, case: Case, operation: str, everywhere: bool, group: str, name: str) -> Check:
    """The results at ordinary points, or `everywhere`, beside the truth."""
    comparison = compare(case, operation, _points(case, operation, everywhere), setting.tolerance)
    if isinstance(comparison, str):
        return Check(group, name, Status.FAIL, comparison, _call(case, operation))
    found = comparison.confirmed() or comparison.sampled(MORE if everywhere else EXACT)
    if found is None and np.isnan(comparison.excess).all():
        return Check(group, name, Status.SKIPPED, NOTHING)
    if found is None:
        return Check(group, name, Status.PASS, errors=comparison.errors())
    witness, k = found
    diagnosis = explain_tail(setting, comparison, k) if everywhere else explain(setting, comparison)
    return Check(group, name, Status.FAIL, diagnosis, witness, comparison.errors())


def _single_precision(setting: Setting, broken: set[str]) -> Iterator[Check]:
    """The same in float32, for subjects that compute in the precision of their input."""
    name = "in single precision"
    if setting.subject.dtype != np.float64 or setting.cls is None:
        yield Check("tails", name, Status.SKIPPED, "it computes in one precision, or is a black box")
        return
    subject = replace(setting.subject, dtype=np.dtype(np.float32))
    case = replace(setting.own, subject=subject)
    tolerance = float(np.finfo(np.float32).eps) ** 0.5
    for operation in OPERATIONS:
        if operation in broken or _skipped(setting, case, operation):
            continue
        at = _points(case, operation, True)
        outcome = case.call(operation, at)
        if not outcome.parts or outcome.value.dtype != np.float32:
            continue
        comparison = compare(case, operation, at, tolerance)
        found = None if isinstance(comparison, str) else comparison.confirmed()
        if isinstance(comparison, Comparison) and found is not None:
            witness, k = found
            diagnosis = f"in single precision {explain_tail(setting, comparison, k)}"
            yield Check("tails", f"{WORDS[operation]} {name}", Status.FAIL, diagnosis, witness)
            return
    yield Check("tails", name, Status.PASS)


def _other_parameters(setting: Setting, operation: str, broken: set[str]) -> Check:
    name = f"{WORDS[operation]} at other parameters"
    why = _skipped(setting, setting.own, operation)
    others = setting.cases[1:]
    if not why and not others:
        why = "it holds no parameters that can be changed"
    if not why and operation in broken:
        why = "wrong with its own parameters already"
    if why:
        return Check("parameters", name, Status.SKIPPED, why)
    for case in others:
        points = _points(case, operation, False)
        if operation.startswith("forward"):  # where the image is extreme, so is the point
            points = points[_moderate(case.true_images(points))]
        else:
            points = points[_moderate(points)]
        if not points.size:
            continue
        comparison = compare(case, operation, points, setting.tolerance)
        at = ", ".join(f"{k}={float(np.ravel(v)[0]):g}" for k, v in case.changed.items())
        if isinstance(comparison, str):
            return Check("parameters", name, Status.FAIL, f"with {at}: {comparison}", _call(case, operation))
        found = comparison.confirmed()
        if found is not None:
            diagnosis = f"with {at}: {explain(setting, comparison)}"
            return Check("parameters", name, Status.FAIL, diagnosis, found[0], comparison.errors())
    return Check("parameters", name, Status.PASS, f"{len(others)} other sets of parameters")


def _moderate(images: np.ndarray) -> np.ndarray:
    size = np.abs(images)
    return (size < 1 / MODERATE) & (size > MODERATE)


def _call(case: Case, operation: str) -> Witness:
    """A witness for a call that did not work at all."""
    at = _points(case, operation, False)
    return Witness(operation, case.grid(at[:1]), "no result", parameters=dict(case.changed))
