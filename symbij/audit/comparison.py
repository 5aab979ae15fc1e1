"""Results of a subject beside the truth: where they differ by more than rounding explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symbij.accuracy.doubles import rounded
from symbij.audit.finding import Witness
from symbij.audit.setting import Case
from symbij.audit.truth import FormulaTruth, error_of

SMALLEST, MIDDLE = 1e-9, 1e-2  # sizes of inputs: of the smallest that are tried, and where ordinary ones begin
FEW = 3  # points where the exact truth takes long
EXTREME = 1e4  # size of points that are only put to the exact truth if they are suspicious: exp(1e10) takes long
TRIED = 4  # suspicious points that are put to the exact truth before the subject is believed


@dataclass(frozen=True, eq=False)
class Comparison:
    """One operation at points `at` (flat; `index` into arrays of parameters): what came, what was expected.

    `excess` is the error over what is tolerated: beyond 1 it is suspicious; infinite where a number is missing.
    """

    case: Case
    operation: str
    at: np.ndarray
    got: np.ndarray
    expected: np.ndarray
    excess: np.ndarray
    indices: tuple[tuple[int, ...], ...]
    tolerance: float

    def confirmed(self) -> tuple[Witness, int] | None:
        """The worst point that the exact truth confirms to be wrong, and its position; None if there is none.

        Suspicion rests on derived kernels and on estimates of condition numbers; the verdict does not.
        """
        worst = np.where(np.isnan(self.excess), 0.0, self.excess)
        with np.errstate(divide="ignore"):  # of numbers that are missing, those at the most ordinary points first
            order = np.lexsort((np.abs(np.log(np.abs(self.at) + 1e-300)), -worst))
        suspects = [int(k) for k in order if self.excess[k] > 1]
        # the worst ones, and some of the others: what is infinite at the ends of a domain may be right there
        for k in dict.fromkeys([*suspects[:TRIED], *suspects[TRIED :: max(1, len(suspects) // TRIED)][:TRIED]]):
            found = self._witness(k)
            if found is not None:
                return found, k
        return None

    def sampled(self, count: int) -> tuple[Witness, int] | None:
        """The same of a few points spread over all of them, suspicious or not: trust in no kernel is needed there.

        Kernels are derived from the formula, and may lose digits where the subject does, by the same cancellation. So
        the points lie at all ordinary scales, most of them where subjects are used. How many there are is a matter of
        the formula alone, so that no report depends on how fast it is made.
        """
        truth = self.case.truth
        if not isinstance(truth, FormulaTruth):
            return None
        if truth.is_slow:
            count = min(count, FEW)
        size = np.abs(self.at)
        sides = [side for side in (self.at < 0, self.at > 0) if side.any()]
        found: list[int] = []
        for lo, hi, share in ((MIDDLE, EXTREME, 2), (SMALLEST, MIDDLE, 1)):
            inside = [np.flatnonzero(side & (size < hi) & (size >= lo)) for side in sides]
            inside = [i for i in inside if i.size]
            for usable in inside:
                scales = -(-count * share // (3 * len(inside)))
                middles = np.log(lo) + (np.arange(scales) + 0.5) / scales * np.log(hi / lo)
                distances = np.abs(np.log(size[usable]) - middles[:, np.newaxis])
                found += usable[np.argmin(distances, axis=1)].tolist()
        for k in dict.fromkeys(found):
            witness = self._witness(k)
            if witness is not None:
                return witness, k
        return None

    def _witness(self, k: int) -> Witness | None:
        at, got = float(self.at[k]), float(self.got[k])
        truth = self.case.truth
        if not isinstance(truth, FormulaTruth):
            return self._told(at, got, float(self.expected[k]))
        sample = truth.exact(self.operation, at, self.indices[k])
        if sample.reason:
            return None
        relative, conditioned = error_of(sample, self.operation, got)
        with np.errstate(over="ignore"):
            expected = float(np.asarray(rounded(sample.truth)).astype(self.case.subject.dtype))
        if not conditioned > self.tolerance or (np.isinf(expected) and (got == expected or np.isnan(got))):
            return None
        tiny = float(np.finfo(self.case.subject.dtype).tiny)
        if abs(expected) < tiny and abs(got) <= tiny:  # subnormal numbers have fewer digits, or none in some libraries
            return None
        return self._told(at, got, expected, relative)

    def _told(self, at: float, got: float, expected: float, relative: float | None = None) -> Witness:
        with np.errstate(all="ignore"):
            if relative is None:
                relative = abs(got - expected) / abs(expected) if expected else np.inf
            unit = float(np.spacing(np.asarray(abs(expected), dtype=self.case.subject.dtype)))
            ulp = abs(got - expected) / unit if np.isfinite(unit) and expected else np.nan
        return Witness(self.operation, at, got, expected, float(ulp), float(relative), dict(self.case.changed))

    def errors(self) -> tuple[tuple[float, float], ...]:
        """(input, error in ulp over the condition number) for plots."""
        in_ulp = self.excess * (self.tolerance / float(np.finfo(self.case.subject.dtype).eps))
        return tuple((float(a), float(e)) for a, e in zip(self.at, in_ulp, strict=True) if not np.isnan(e))


def compare(case: Case, operation: str, at: np.ndarray, tolerance: float) -> Comparison | str:
    """The subject's results at points beside the expected ones; text says why there are none."""
    shape = case.grid_shape(at)
    outcome = case.call(operation, at)
    if not outcome.parts:
        return outcome.problem
    try:
        got = np.broadcast_to(np.asarray(outcome.value, dtype=float), shape)
    except ValueError:
        return f"returned shape {outcome.value.shape}, expected {shape}"
    expected = case.truth.expected(operation, case.grid(at))
    values = np.broadcast_to(expected.values, shape)
    allowed = np.broadcast_to(expected.tolerance(tolerance), shape)
    return Comparison(
        case, operation, np.broadcast_to(case.grid(at), shape).ravel(), got.ravel(), values.ravel(),
        _excess(got, values, allowed, case.subject.dtype).ravel(),
        tuple(tuple(map(int, i)) for i in np.ndindex(*shape[1:])) * at.size, tolerance,
    )  # fmt: skip


def _excess(got: np.ndarray, expected: np.ndarray, allowed: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """|got - expected| / allowed; 0 for equal infinities, infinite for a missing number, NaN where none is expected."""
    with np.errstate(all="ignore"):
        allowed = np.fmax(allowed, np.finfo(dtype).tiny)
        excess = np.abs(got - expected) / allowed
        excess = np.where(np.isfinite(expected) & ~np.isfinite(got), np.inf, excess)
        excess = np.where(np.isinf(expected), np.where((got == expected) | np.isnan(got), 0.0, np.inf), excess)
        excess = np.where(np.isinf(expected) & np.isfinite(got) & (np.abs(got) > np.finfo(dtype).max / 2), 0.0, excess)
        return np.where(np.isnan(expected), np.nan, excess)
