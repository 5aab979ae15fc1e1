"""What is true of a map at one set of parameters: of its formula, or of a black box by its own differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from symbij.accuracy.definition import numeric, real
from symbij.accuracy.doubles import EPS, rounded
from symbij.accuracy.reference import Finder, Sample
from symbij.audit.differences import log_slope
from symbij.audit.extremes import plainly
from symbij.audit.subject import Ends, Subject
from symbij.bijectors.derived import DerivedBijector
from symbij.formula import functions as fn

NUDGE = 2.0**-26  # relative change of an input that shows how much a result depends on it
SMALLEST = 5e-324
PRECISION = 200  # bits
_SLOW = (sp.erf, sp.erfc, sp.erfinv, sp.LambertW, sp.floor, fn.ndtr, fn.ndtri, fn.log_ndtr, fn.ndtri_exp)
_METHODS = {
    "forward": "forward", "forward_log_det": "forward_log_det_jacobian",
    "inverse": "inverse", "inverse_log_det": "inverse_log_det_jacobian",
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """True results. `sensitivity`: sum over all inputs of |input * d result / d input|, by which a result changes for a
    relative change of its inputs. `uncertainty`: how much the values themselves may be off."""

    values: np.ndarray
    sensitivity: np.ndarray
    uncertainty: np.ndarray

    def tolerance(self, relative: float) -> np.ndarray:
        """The largest error that is explained by inputs and result being known to `relative` only."""
        with np.errstate(all="ignore"):
            size = np.fmax(np.abs(self.values), self.sensitivity)
        return relative * size + 10 * self.uncertainty


class FormulaTruth:
    """The truth of a formula: quickly by the derived kernels, and exactly, one point at a time, by mpmath."""

    def __init__(self, cls: type[DerivedBijector], parameters: Mapping[str, Any]) -> None:
        self.derivation = cls.derivation
        self.parameters = {p.name: parameters[p.name] for p in cls.formula.parameters if p.name in parameters}
        self._class = cls
        self.bijector: DerivedBijector = cls(**self.parameters)
        self.shape = self.bijector._batch_shape(0)
        self._exact: dict[tuple[int, ...], Finder] = {}
        self._samples: dict[tuple[bool, float, tuple[int, ...]], dict[str, Sample]] = {}

    def knows(self, operation: str) -> bool:
        """Whether there is a truth for this operation."""
        return operation in _METHODS

    def values(self, operation: str, at: np.ndarray) -> np.ndarray:
        """The results of the derived kernels."""
        return np.asarray(getattr(self.bijector, _METHODS[operation])(at), dtype=float)

    def expected(self, operation: str, at: np.ndarray) -> Expected:
        """The results of the derived kernels, and how they depend on the inputs."""
        with np.errstate(all="ignore"):
            values = self.values(operation, at)
            total = np.abs(self.values(operation, at * (1 + NUDGE)) - values)
            for other in self._nudged:
                total = total + np.abs(np.asarray(getattr(other, _METHODS[operation])(at), dtype=float) - values)
            sensitivity = total / NUDGE
        if operation.endswith("log_det"):  # its exponential is what matters: an error of 1e-16 is none, also beside 0
            sensitivity = np.fmax(sensitivity, 1.0)
        return Expected(values, np.where(np.isfinite(sensitivity), sensitivity, 0.0), np.zeros(np.shape(values)))

    @cached_property
    def _nudged(self) -> list[DerivedBijector]:
        """The bijector with each parameter changed a little."""
        found = []
        for name, value in self.parameters.items():
            changed = {**self.parameters, name: np.asarray(value, dtype=float) * (1 + NUDGE)}
            found.append(self._class(**changed, validate_args=False))
        return found

    def exact(self, operation: str, at: float, index: tuple[int, ...] = ()) -> Sample:
        """The truth at one double, from the definition of the formula alone; `index` into arrays of parameters."""
        inverse = operation.startswith("inverse")
        key = (inverse, at, index)  # both results of a direction come at once
        if key in self._samples:
            return self._samples[key][operation]
        if index not in self._exact:
            arrays = {k: np.broadcast_to(v, self.shape) for k, v in self.bijector._values().items()}
            self._exact[index] = Finder(self.derivation, {k: float(v[index]) for k, v in arrays.items()}, None)
        finder = self._exact[index]
        self._samples[key] = finder.going_back(at) if inverse else finder.going_forward(at)
        return self._samples[key][operation]

    @cached_property
    def is_slow(self) -> bool:
        """Whether the exact truth takes long: of integrals, and of functions that are found by iteration."""
        return self.derivation.formula.expr.has(*_SLOW)

    def has_preimage(self, y: float) -> bool:
        """Whether the formula of the inverse is a real number at y, inside the codomain or not; True if in doubt.

        Code that computes y**2 is right to do so for negative y too, while log(y) has no value there.
        """
        derivation = self.derivation
        symbols = [derivation.output, *(p.symbol for p in derivation.formula.parameters)]
        try:
            held = [mpmath.mpf(float(np.ravel(self.parameters[s.name])[0])) for s in symbols[1:]]
            function = numeric(plainly(derivation.inverse), symbols)
        except Exception:  # it may have no such form
            return True
        with mpmath.workprec(PRECISION):
            try:
                return not mpmath.isnan(real(function(mpmath.mpf(y), *held)))
            except (ArithmeticError, ValueError):
                return False
            except Exception:
                return True

    def ends(self) -> tuple[Ends, Ends]:
        """Domain and codomain at these parameters; the widest of them for arrays of parameters."""
        return tuple(
            Ends(float(np.min(lo)), float(np.max(hi)), bool(interval.lo_open), bool(interval.hi_open))
            for (lo, hi), interval in (
                (self.bijector._support(), self.derivation.domain),
                (self.bijector._range(), self.derivation.codomain),
            )
        )  # type: ignore[return-value]


class BlackBoxTruth:
    """What follows from a subject's own maps: log-dets from differences of what it computes."""

    def __init__(self, subject: Subject, domain: Ends, codomain: Ends | None) -> None:
        self.subject = subject
        self.shape: tuple[int, ...] = ()
        self._ends = (domain, codomain or Ends())

    def knows(self, operation: str) -> bool:
        """Whether there is a truth for this operation: the maps themselves are taken as they are."""
        return operation.endswith("log_det") and self.subject.has(operation.removesuffix("_log_det"))

    def expected(self, operation: str, at: np.ndarray) -> Expected:
        """log|slope| of the subject's map, by extrapolated differences with an estimate of their error."""
        name = operation.removesuffix("_log_det")
        ends = self._ends[name == "inverse"]
        values, error = log_slope(lambda points: self.subject.call(name, points).numbers(points.shape), at, ends)
        return Expected(values, np.ones(values.shape), error)

    def ends(self) -> tuple[Ends, Ends]:
        """Domain and codomain, declared or assumed."""
        return self._ends


Truth = FormulaTruth | BlackBoxTruth


def error_of(sample: Sample, operation: str, got: float) -> tuple[float, float]:
    """(relative error, relative error over the condition number) of `got`; infinite where a number is missing.

    Errors of log-dets are relative to 1 at least: their exponentials are what matters.
    """
    truth = rounded(sample.truth)
    if got == truth or (np.isnan(got) and np.isnan(truth)):
        return 0.0, 0.0
    if not np.isfinite(got) or not np.isfinite(truth):
        return float("inf"), float("inf")
    difference = abs(mpmath.mpf(got) - sample.truth)
    relative = float(difference / abs(sample.truth)) if sample.truth else float("inf")
    if sample.truth:
        allowed = abs(sample.truth) * max(1.0, sample.kappa)
    else:  # then the condition number is in units of the smallest double
        allowed = mpmath.mpf(SMALLEST) / EPS * max(1.0, sample.kappa)
    if operation.endswith("log_det"):
        allowed = max(allowed, mpmath.mpf(1))
    return relative, float(difference / allowed)
