"""`measure`: the accuracy of a derived bijector, or of any functions said to compute the same, against the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbij.accuracy.doubles import rounded, ulp_error
from symbij.accuracy.reference import OPERATIONS, Reference, Sample, find_reference
from symbij.accuracy.result import Accuracy, Measured, OperationAccuracy, Undecided
from symbij.bijectors.base import Bijector
from symbij.bijectors.derived import DerivedBijector, declare
from symbij.calculus.derivation import Derivation
from symbij.errors import ParameterError, ShapeError, UsageError

POINTS = 60
TRIES = 1000  # draws of parameters that must meet the conditions between them

Operation = Callable[[np.ndarray], Any]


def measure(
    derivation: Derivation,
    parameters: Mapping[str, Any] | None = None,
    operations: Mapping[str, Operation] | None = None,
    *,
    points: int = POINTS,
    seed: int = 0,
    precision: int | None = None,
    progress: bool | None = None,
) -> Accuracy:
    """Errors in ulp of forward, forward_log_det, inverse and inverse_log_det, at about `points` doubles each.

    The truth is mpmath's, from the definition of the formula alone: preimages are verified by a sign change, log-dets
    are differentiated from the definition, and precision is raised from `precision` bits (None: chosen for the
    formula) until the rounded double settles. Points are doubles of the domain and of the codomain at all scales,
    near their ends too.

    `parameters` maps names to values; those left out get their default, or a value drawn from their constraint with
    `seed`. Arrays broadcast against each other, and every element is measured as a case of its own.

    `operations` maps some of the four names to functions from an array of points to an array of results; without it,
    symbij's own kernels are measured. `progress`: whether to show a bar; None shows it on a terminal only.

    Raises `ParameterError` for unknown or forbidden parameters, `UsageError` for other names of operations.
    """
    if points < 1:
        raise UsageError(f"points must be at least 1, got {points!r}")
    for name in operations or ():
        if name not in OPERATIONS:
            raise UsageError(f"unknown operation {name!r}; known: {', '.join(OPERATIONS)}")
    cls = class_of(derivation)
    values, drawn = complete_parameters(cls, parameters or {}, seed)
    cases = _cases(values)
    if operations is not None and len(cases) > 1:
        raise UsageError("functions are measured at one set of parameters: give numbers, not arrays")
    parts = []
    for case in cases:
        reference = find_reference(derivation, case, points, seed, precision=precision, progress=progress)
        parts.append(judge(reference, own_operations(cls(**case)) if operations is None else operations))
    together = {
        name: OperationAccuracy(
            tuple(_renumbered(p, i) for i, part in enumerate(parts) for p in part.operations[name].points),
            tuple(_renumbered(u, i) for i, part in enumerate(parts) for u in part.operations[name].undecided),
        )
        for name in parts[0].operations
    }
    return Accuracy(parts[0].formula, tuple(cases), together, drawn, seed)


def judge(reference: Reference, operations: Mapping[str, Operation]) -> Accuracy:
    """The errors of `operations` at the samples of a reference; operations that are not given are left out."""
    judged = {}
    for name in OPERATIONS:
        if name in operations:
            judged[name] = _judged(name, reference.samples[name], operations[name])
    return Accuracy(reference.formula, (reference.parameters,), judged)


def own_operations(bijector: Bijector) -> dict[str, Operation]:
    """The four operations of a bijector of ours."""
    return {
        "forward": bijector.forward,
        "forward_log_det": bijector.forward_log_det_jacobian,
        "inverse": bijector.inverse,
        "inverse_log_det": bijector.inverse_log_det_jacobian,
    }


def complete_parameters(
    cls: type[DerivedBijector], given: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A value for every parameter that meets all conditions, and the names of those drawn at random."""
    listed = cls._parameter_list
    unknown = [n for n in given if n not in {p.name for p in listed}]
    if unknown:
        known = ", ".join(p.name for p in listed) or "none"
        raise ParameterError(f"{cls.__name__} has no parameter '{unknown[0]}' (parameters: {known})")
    fixed = {p.name: given.get(p.name, p.default) for p in listed}
    free = [p for p in listed if fixed[p.name] is None]
    rng = np.random.default_rng(seed)
    for _ in range(TRIES if free else 1):
        values = fixed | {p.name: p.constraint.sample(rng) for p in free}
        try:
            cls(**values)
        except ParameterError as error:
            refused = error
            continue
        return values, tuple(p.name for p in free)
    raise refused


def class_of(derivation: Derivation) -> type[DerivedBijector]:
    """A class with this derivation, which is not worked out again."""
    cls = declare(derivation.formula, "Formula")
    cls._made_derivation = derivation  # type: ignore[attr-defined]
    return cls


def _cases(values: Mapping[str, Any]) -> list[dict[str, float]]:
    """One set of numbers for every element of the parameters, broadcast against each other."""
    names = list(values)
    try:
        arrays = np.broadcast_arrays(*(np.asarray(values[n], dtype=float) for n in names))
    except ValueError as error:
        raise ShapeError(f"the parameters do not broadcast: {error}") from None
    if not names:
        return [{}]
    return [{n: float(a) for n, a in zip(names, row, strict=True)} for row in zip(*map(np.ravel, arrays), strict=True)]


def _judged(name: str, samples: tuple[Sample, ...], operation: Operation) -> OperationAccuracy:
    decided = [s for s in samples if not s.reason]
    undecided = tuple(Undecided(s.at, s.reason) for s in samples if s.reason)
    with np.errstate(all="ignore"):  # what overflows is seen in the results
        got = np.asarray(operation(np.array([s.at for s in decided])), dtype=float)
    if got.shape not in ((len(decided),), ()):
        raise ShapeError(f"{name} returned shape {got.shape} for {len(decided)} points")
    got = np.broadcast_to(got, (len(decided),))  # a constant log-det may come as one number
    measured = (
        Measured(s.at, s.x, float(g), rounded(s.truth), ulp_error(float(g), s.truth), s.kappa)
        for s, g in zip(decided, got, strict=True)
    )
    return OperationAccuracy(tuple(measured), undecided)


def _renumbered(part: Any, case: int) -> Any:
    return part if not case else type(part)(**{**vars(part), "case": case})
