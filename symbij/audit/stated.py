"""A stated formula that nothing is derived from, held against what the subject computes.

Formulas without a derivation (no proof that they are one-to-one, no inverse) and those of events, whose components they
map one by one. Values and log-dets come from mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import PlainAbs, diff, number_at, numeric
from symbij.accuracy.doubles import rounded, ulp_error
from symbij.audit.claims import defined_where
from symbij.audit.extremes import plainly
from symbij.audit.finding import Check, Status, Witness
from symbij.audit.inputs import find_events
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import WORDS
from symbij.errors import UsageError
from symbij.formula.formula import Formula

BITS = 300
EVENTS = 6
MOST = 96  # numbers that are compared, for each set of parameters
FEWEST = 3
GROUP = "values"  # and the other groups of what is compared
NUDGE = mpf(2) ** -26
NAMES = {
    "forward": "forward against the stated formula",
    "inverse": "the stated formula at inverse(y)",
    "forward_log_det": "forward log-det against the stated formula",
}


@dataclass(frozen=True)
class Stated:
    """A formula as functions of x and its parameters: f(x) and log|f'(x)|, NaN where they are not defined."""

    names: tuple[str, ...]
    value: Callable[..., Any]
    log_slope: Callable[..., Any]
    defined: Callable[[list[mpf]], bool]

    @staticmethod
    def of(formula: Formula) -> Stated:
        """The functions of a formula."""
        symbols = [formula.variable, *(p.symbol for p in formula.parameters)]
        expr = plainly(formula.expr)
        log_slope = sp.log(PlainAbs(diff(expr, formula.variable)))
        functions = (numeric(e, symbols) for e in (expr, log_slope))
        return Stated(
            tuple(p.name for p in formula.parameters), *functions, defined_where(formula.requirements, symbols)
        )

    def at(self, function: Callable[..., Any], here: Sequence[float]) -> tuple[mpf, mpf]:
        """A result, and its sensitivity: by how much it changes for relative changes of all inputs."""
        with mpmath.workprec(BITS):
            at = [mpf(float(v)) for v in here]
            if not all(mpmath.isfinite(v) for v in at) or not self.defined(at):
                return mpf("nan"), mpf(0)
            found = number_at(function, at)
            total = mpf(0)
            for k, v in enumerate(at):
                moved = number_at(function, [*at[:k], v * (1 + NUDGE), *at[k + 1 :]])
                total += abs(moved - found) / NUDGE if mpmath.isfinite(moved) else 0
            return found, total


def check(setting: Setting) -> Iterator[Check]:
    """Values, and log-dets summed over events; nothing where there is no stated formula, or one that was derived."""
    if setting.stated is None or setting.cls is not None:
        return
    stated = Stated.of(setting.stated)
    for operation in NAMES:
        yield _check(setting, stated, operation)


def _check(setting: Setting, stated: Stated, operation: str) -> Check:
    group = "log-det" if operation.endswith("log_det") else "values"
    name, count = NAMES[operation], 0
    if not setting.subject.has(operation):
        return Check(group, name, Status.SKIPPED, f"it has no {WORDS[operation]}")
    if operation == "inverse" and setting.subject.event_ndims:
        return Check(group, name, Status.SKIPPED, "the round trip shows it")
    for case in setting.cases:
        whole = case.subject.event_ndims > 0
        rows = _events(setting, case, operation) if whole else _numbers(stated, case, operation)
        if isinstance(rows, str):
            return Check(group, name, Status.SKIPPED, rows)
        xs, got = rows
        found = _compared(setting, stated, case, operation, xs, got)
        if isinstance(found, Check):
            return found
        count += found
        if case is setting.own and count < FEWEST:
            if operation == "forward" and not count and np.count_nonzero(np.isfinite(got)) >= FEWEST:
                text = f"the formula has no value at any of {xs.size} inputs, where the subject has some"
                ease = np.abs(np.log(np.abs(np.ravel(xs)) + 1e-300))  # of reading the number
                k = int(np.argmin(np.where(np.isfinite(np.ravel(got)), ease, np.inf)))
                witness = Witness(operation, float(np.ravel(xs)[k]), float(np.ravel(got)[k]), "no real number")
                return Check(group, name, Status.FAIL, text, witness)
            return Check(group, name, Status.SKIPPED, "too few points at which the formula has a value")
    return Check(group, name, Status.PASS, f"at {count} points")


def _numbers(stated: Stated, case: Case, operation: str) -> tuple[np.ndarray, np.ndarray] | str:
    """Inputs and results, with the axes of arrays of parameters behind; for an inverse, its results and its inputs.

    Inputs beyond the central ones are taken where there is a result: whether there is one is no question of values.
    """
    shape = np.broadcast_shapes(*(np.shape(v) for v in case.parameters.values()))
    size = np.abs(case.inputs)
    at = np.union1d(case.central, case.inputs[(size < 1e3) & (size > 1e-3)])
    at = at[:: max(1, -(-at.size * int(np.prod(shape, dtype=int)) // MOST))]
    central = np.isin(at, case.central)
    if operation == "inverse":
        if shape:
            return "its parameters are arrays"
        images = [stated.at(stated.value, [x, *(case.parameters[n] for n in stated.names)])[0] for x in at]
        at = case.rounded(np.array([rounded(y) for y in images if mpmath.isfinite(y)]))
        at = np.unique(at[np.isfinite(at)])
        central = np.ones(at.shape, bool)
    arranged = at.reshape(-1, *(1 for _ in shape))
    outcome = case.subject.call(operation, arranged)
    if not outcome.parts:
        return f"{operation.replace('_', ' ')} {outcome.problem}"
    got = outcome.numbers((at.size, *shape))
    kept = central | np.all(np.isfinite(got), axis=tuple(range(1, got.ndim)))
    got, everywhere = got[kept], np.broadcast_to(arranged, got.shape)[kept]
    return (got, everywhere) if operation == "inverse" else (everywhere, got)


def _events(setting: Setting, case: Case, operation: str) -> tuple[np.ndarray, np.ndarray] | str:
    events = find_events(case.subject, case.domain, EVENTS, setting.rng())
    if isinstance(events, str):
        return events
    return events.points, events.results(operation, events.points)


def _compared(
    setting: Setting, stated: Stated, case: Case, operation: str, xs: np.ndarray, got: np.ndarray
) -> Check | int:
    """How many points agree, or the failure at the worst one."""
    log_det, name = operation.endswith("log_det"), NAMES[operation]
    function = stated.log_slope if log_det else stated.value
    group = "log-det" if log_det else "values"
    if not log_det and got.shape != xs.shape:
        text = f"maps events of shape {xs.shape[1:]} to shape {got.shape[1:]}: the formula maps each component"
        return Check(group, name, Status.FAIL, text, Witness(operation, xs[0], got[0], f"shape {xs.shape[1:]}"))
    if log_det and case.subject.event_ndims and got.shape != xs.shape[:1]:
        return Check(group, name, Status.FAIL, "log-det not summed over event dimensions",
                     Witness(operation, xs[0], got[0], "one number"))  # fmt: skip
    values = _spread(stated, case, xs.shape[1:])
    worst: tuple[float, Witness] | None = None
    count = 0
    for k in range(len(xs)):
        each = [stated.at(function, [x, *(v[i] for v in values)]) for i, x in np.ndenumerate(xs[k])]
        if log_det and case.subject.event_ndims:
            each = [(mpmath.fsum(e for e, _ in each), mpmath.fsum(max(s, 1) for _, s in each))]
        far = [_excess(setting, e, s, float(n), log_det) for (e, s), n in zip(each, np.ravel(got[k]), strict=True)]
        count += sum(not np.isnan(f) for f in far)
        index = int(np.argmax(np.nan_to_num(far, nan=-1.0, posinf=np.inf)))
        # of all that are wrong, a number tells more than none
        if far[index] > 1 and (
            worst is None or (np.isfinite(far[index]), far[index]) > (np.isfinite(worst[0]), worst[0])
        ):
            worst = far[index], _witness(case, operation, xs[k], got[k], [e for e, _ in each], index)
    if worst is None:
        return count
    assert setting.stated is not None
    witness = worst[1]
    text = {
        "forward": f"forward is not {setting.stated.text}",
        "inverse": f"is not y: {setting.stated.text} is not undone",
    }
    told = text.get(operation, f"forward log-det is not that of {setting.stated.text}")
    if np.ndim(witness.got) == 0 and not np.isfinite(witness.got) and operation != "inverse":
        told += f": it is {witness.got:g}, where the truth is finite"
    return Check(group, name, Status.FAIL, told, witness)


def _excess(setting: Setting, expected: mpf, sensitivity: mpf, got: float, log_det: bool) -> float:
    """How far beyond what is tolerated a result is; above 1 is wrong. NaN where there is no truth."""
    if not mpmath.isfinite(expected) or abs(expected) > float(np.finfo(setting.subject.dtype).max):
        return float("nan")
    if not np.isfinite(got):
        return float("inf")
    allowed = 10 * setting.tolerance * max(mpf(1 if log_det else 0), abs(expected), sensitivity)
    error = abs(mpf(got) - expected)
    return float(error / allowed) if allowed else float("inf") if error else 0.0


def _witness(case: Case, operation: str, xs: Any, got: Any, expected: list[mpf], index: int) -> Witness:
    number, truth = float(np.ravel(got)[index]), expected[index]
    known = np.isfinite(number) and truth != 0
    errors = (ulp_error(number, truth), float(abs(number - truth) / abs(truth))) if known else (np.nan, np.nan)
    if operation == "inverse":  # what was compared is an input of the inverse with the formula at its result
        return Witness("formula(inverse(y))", number, rounded(truth), number, *errors, dict(case.changed))
    if case.subject.event_ndims:
        whole = np.reshape([rounded(e) for e in expected], np.shape(got))
        return Witness(operation, xs, got, whole if whole.ndim else float(whole), *errors, dict(case.changed))
    return Witness(operation, float(np.ravel(xs)[index]), number, rounded(truth), *errors, dict(case.changed))


def _spread(stated: Stated, case: Case, shape: tuple[int, ...]) -> list[np.ndarray]:
    """The parameters of the formula, one for each component."""
    found = []
    for name in stated.names:
        value = np.asarray(case.parameters[name], dtype=float)
        try:
            found.append(np.broadcast_to(value, shape))
        except ValueError:
            raise UsageError(
                f"a formula maps each component of an event by itself, but its parameter '{name}' has the shape "
                f"{value.shape}, for events of shape {shape}; leave formula= out"
            ) from None
    return found
