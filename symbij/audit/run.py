"""`verify`: audit a map, its inverse and its log-dets, whoever wrote them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbij.audit import stated
from symbij.audit.adapters import adapt
from symbij.audit.causes import without_consequences
from symbij.audit.checks import CHECKS
from symbij.audit.finding import GROUPS, UNFINISHED, Check, Status, Witness
from symbij.audit.judged_by import Judge, judge_of
from symbij.audit.kinks import Kinks
from symbij.audit.probes import NEARLY_SPECIAL, allowing, parameter_sets, rebuilt
from symbij.audit.report import Report
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import FAULTS, REALS, Subject
from symbij.errors import NotBijectiveError, SymbijError, UsageError

POINTS = 128  # inputs at all scales, for each operation


def verify(
    subject: Any = None,
    *,
    formula: Any = None,
    forward: Callable[..., Any] | None = None,
    inverse: Callable[..., Any] | None = None,
    forward_log_det: Callable[..., Any] | None = None,
    inverse_log_det: Callable[..., Any] | None = None,
    domain: tuple[Any, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    constraints: Mapping[str, Any] | None = None,
    event_ndims: int | None = None,
    dtype: Any = None,
    points: int = POINTS,
    seed: int = 0,
) -> Report:
    """Whether y = f(x), x = f^-1(y), log|dy/dx| and log|dx/dy| are what they should be: a `Report` of many checks.

    `subject`: a symbij bijector, a PyTorch, numpyro, TFP or FlowJAX transform, a plain function (the forward map), or
    any object with methods of recognisable names; the four functions, of arrays, may also be given by themselves, and
    then replace those of the subject. `formula` is what the map is meant to be, as for `bijector`; without it, numpy
    code is traced to a formula, and any other subject is compared with differences of its own values. `domain=(lo, hi)`
    is where the map is meant. `parameters` are values for further arguments of the functions, and for the parameters
    of the formula; those that the subject holds are read from it. The subject is tried with other values as well, of
    which `constraints` says what they may be, as in {"a": sb.positive}; without it, any real numbers that a given
    formula allows, or, where none is given, all those that the code allows. `event_ndims` is the number of rightmost
    axes that one event has (default: what the subject says, or 0); a formula is then that of each component. `dtype`:
    the precision to audit in.

    Every check ends as PASS, PROVED (true for all inputs), FAIL or SKIPPED, with the worst point and one line that says
    what is wrong. Truth comes from the formula alone, by mpmath; whatever a subject does wrong is reported, not raised.

    Raises `UsageError` for a subject that cannot be read and for `points` below 1, `FormulaSyntaxError` for a formula
    that cannot, and `ParameterError` where the formula has parameters without a value or a constraint forbids a value.
    """
    start = time.perf_counter()
    if points < 1:
        raise UsageError(f"points = {points}: at least one point has to be tried")
    adapted = adapt(
        subject, forward=forward, inverse=inverse, forward_log_det=forward_log_det, inverse_log_det=inverse_log_det,
        parameters=parameters, event_ndims=event_ndims, dtype=dtype, domain=domain,
    )  # fmt: skip
    judge = judge_of(subject, adapted, formula, domain, dict(parameters or {}), dict(constraints or {}))
    with np.errstate(all="ignore"):  # what overflows is seen in the results
        setting = _setting(adapted, judge, points, seed)
        checks = without_consequences(sorted(_checks(setting, judge), key=lambda c: GROUPS.index(c.group)))
    return Report(
        subject=adapted.name,
        kind=adapted.kind,
        formula=judge.text,
        checks=checks,
        parameters=dict(adapted.parameters),
        seed=seed,
        seconds=time.perf_counter() - start,
        dtype=adapted.dtype.name,
    )


def _setting(subject: Subject, judge: Judge, points: int, seed: int) -> Setting:
    kinks = Kinks(subject, judge.cls)
    declared = (subject.domain or judge.domain or REALS, subject.codomain)

    def case(at: Subject, values: Mapping[str, Any], changed: Mapping[str, Any]) -> Case:
        return Case(at, judge.cls, values, changed, declared, points, seed, kinks)

    own = dict(judge.parameters)
    cases = [case(subject, own, {})]
    derivation = None if judge.cls is None else judge.cls.derivation
    meant = allowing(judge.constraints, judge.relations)
    for values in parameter_sets(subject, derivation, declared[0], seed, meant, judge.given)[1:]:
        changed = {k: v for k, v in values.items() if not np.array_equal(v, subject.parameters[k])}
        other = rebuilt(subject, values)
        if other is not None:
            # what it holds, which may be rounded
            held = {k: other.parameters.get(k, values.get(k, v)) for k, v in own.items()}
            cases.append(case(other, held, {k: other.parameters.get(k, v) for k, v in changed.items()}))
    return Setting(subject, judge.cls, judge.given, tuple(cases), points, seed, judge.doubt, judge.stated)


def _checks(setting: Setting, judge: Judge) -> Iterator[Check]:
    if judge.fold is not None:
        yield _of_fold(judge.fold)
    elif judge.doubt:
        yield Check("one-to-one", "the formula", Status.SKIPPED, judge.doubt)
    for module in (*CHECKS, stated):
        name = module.__name__.rpartition(".")[2].replace("_", " ")
        try:
            yield from map(_with_nearness, module.check(setting))
        except UsageError:  # a formula that cannot be meant
            raise
        except (SymbijError, ArithmeticError) as error:  # a truth that cannot be had is not the subject's fault
            yield Check(module.GROUP, name, Status.SKIPPED, f"no truth: {_short(error)}")
        except FAULTS as error:  # erratic results of a subject may break a check: that is told, not raised
            text = f"{UNFINISHED}: {type(error).__name__}: {_short(error)}"
            yield Check(module.GROUP, name, Status.SKIPPED, text)


def _with_nearness(check: Check) -> Check:
    """A failure close to a special value of a parameter says so: there the formula itself may cancel, as written."""
    if check.status is not Status.FAIL or check.witness is None:
        return check
    near = [n for n, v in check.witness.parameters.items() if np.ndim(v) == 0 and float(v) in NEARLY_SPECIAL]
    if not near:
        return check
    return replace(check, diagnosis=f"{check.diagnosis} (nearly special: {', '.join(near)})")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]


def _of_fold(fold: NotBijectiveError) -> Check:
    """The formula itself is not one-to-one."""
    text = " ".join(str(fold).split())
    witness = None
    if fold.witness is not None:
        x1, x2, y = fold.witness
        witness = Witness("forward", np.array([x1, x2]), np.array([y, y]), "two different values",
                          parameters=dict(fold.parameters))  # fmt: skip
    diagnosis = text if "not one-to-one" in text else f"not one-to-one: {text}"
    return Check("one-to-one", "the formula", Status.FAIL, diagnosis, witness)
