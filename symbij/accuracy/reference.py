"""Points to measure at, and the truth of the four operations there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import sympy as sp
from mpmath import mpf
from tqdm import tqdm

from symbij.accuracy import points as where
from symbij.accuracy.definition import NO_VALUE
from symbij.accuracy.doubles import EPS, rounded
from symbij.accuracy.limits import at_parameters
from symbij.accuracy.truth import LOW_PRECISION, Forward, settled
from symbij.accuracy.truth import at as evaluate
from symbij.calculus.derivation import Derivation
from symbij.errors import ParameterError
from symbij.formula.interval import Interval

OPERATIONS = ("forward", "forward_log_det", "inverse", "inverse_log_det")
KEPT_BITS = 160  # of a truth: errors are measured in units of the 53rd bit


@dataclass(frozen=True)
class Sample:
    """The true result of an operation at the double `at`, with its condition number with respect to all inputs.

    `x` is the double nearest to the point of the domain. Where there is no truth to compare with, it is NaN and
    `reason` says why. `is_end`: whether the point is a closed end of the domain or codomain.
    """

    at: float
    x: float
    truth: mpf
    kappa: float
    reason: str = ""
    is_end: bool = False


@dataclass(frozen=True)
class Reference:
    """Samples of every operation of one formula at one set of parameters."""

    formula: str
    parameters: Mapping[str, float]
    samples: Mapping[str, tuple[Sample, ...]]

    def to_json(self) -> str:
        """The reference as text; the truths keep all their bits."""
        samples = {
            k: [[s.at, s.x, _dump(s.truth), s.kappa, s.reason, s.is_end] for s in v] for k, v in self.samples.items()
        }
        return json.dumps({"formula": self.formula, "parameters": dict(self.parameters), "samples": samples})

    def without_ends(self) -> Reference:
        """The samples inside the domain and codomain alone: others may not count the same ends in."""
        inner = {k: tuple(s for s in v if not s.is_end) for k, v in self.samples.items()}
        return Reference(self.formula, self.parameters, inner)

    @staticmethod
    def from_json(text: str) -> Reference:
        """The reference that `to_json` wrote."""
        read = json.loads(text)
        samples = {
            k: tuple(Sample(at, x, _load(truth), *rest) for at, x, truth, *rest in v)
            for k, v in read["samples"].items()
        }
        return Reference(read["formula"], read["parameters"], samples)


def find_reference(
    derivation: Derivation,
    parameters: Mapping[str, float],
    points: int = 60,
    seed: int = 0,
    *,
    precision: int | None = None,
    progress: bool | None = False,
) -> Reference:
    """The truth of the formula behind `derivation`, at about `points` points for each operation.

    Points x: doubles of the domain at all scales and close to its ends, and preimages of such doubles of the codomain.
    Points y: doubles of the codomain, and rounded images; each is taken as exact, and its preimage found. `precision`
    is the number of bits to start with, chosen for the formula if None. `progress`: whether to show a bar; None shows
    it on a terminal only.
    """
    finder = Finder(derivation, parameters, precision)
    rng = np.random.default_rng(seed)
    middles = where.middles_of(finder.values)
    few = -(-points // 4)
    # Places of the codomain need no parameters: near finite ends and at special sizes is where maps onto it are hard.
    targets = where.spread(*finder.codomain, few, [(0.0, 1.0)], rng)
    ys = where.spread(*finder.codomain, points - few, middles, rng)
    xs = where.spread(*finder.domain, points - few, middles, rng)
    bar = tqdm(total=2 * points + few, desc="truth", unit="point", disable=None if progress is None else not progress)
    with bar:
        found = []
        for y in targets:
            found.append(finder.near_preimage(y))
            bar.update()
        xs = sorted({*where.filled([*xs, *found], *finder.domain, points, rng), *finder.closed_ends})
        ordinary = [xs[i] for i in sorted(rng.choice(len(xs), min(few, len(xs)), replace=False))]
        images = where.images(ordinary, finder.forward.value, finder.forward.start)
        ys = where.filled([*ys, *images], *finder.codomain, points, rng)
        ys = sorted({*ys, *finder.closed_ends_of_codomain})
        samples: dict[str, list[Sample]] = {name: [] for name in OPERATIONS}
        bar.total = len(xs) + len(ys) + len(targets)
        for point in xs:
            for name, sample in finder.going_forward(point).items():
                samples[name].append(replace(sample, is_end=point in finder.closed_ends))
            bar.update()
        for point in ys:
            for name, sample in finder.going_back(point).items():
                samples[name].append(replace(sample, is_end=point in finder.closed_ends_of_codomain))
            bar.update()
    text = derivation.formula.text or str(derivation.formula.expr)
    return Reference(text, dict(parameters), {k: tuple(v) for k, v in samples.items()})


class Finder:
    """The forward formula at fixed parameters, with what is known of its domain and codomain there."""

    def __init__(self, derivation: Derivation, parameters: Mapping[str, float], precision: int | None) -> None:
        formula = derivation.formula
        missing = [p.name for p in formula.parameters if p.name not in parameters]
        if missing:
            raise ParameterError(f"{formula.text}: no value for parameter '{missing[0]}'")
        values = {p.symbol: float(parameters[p.name]) for p in formula.parameters}
        self.values = list(values.values())
        self.domain, self.closed_ends = _ends(derivation.domain, values)
        expr = at_parameters(formula.expr, formula.variable, values, _probes(*self.domain))
        self.forward = Forward(expr, formula.variable, values, precision)
        self.codomain, self.closed_ends_of_codomain = _ends(derivation.codomain, values)

    def near_preimage(self, y: float) -> float:
        """A double close to the preimage of y; NaN if none is found."""
        try:
            return self.forward.nearest(mpf(y), *self.domain, LOW_PRECISION)
        except NO_VALUE:
            return math.nan

    def going_forward(self, x: float) -> dict[str, Sample]:
        """The samples at the point x of the domain."""
        exact = mpf(x)
        return self._samples("forward", x, exact, lambda: self.forward.forward(x), lambda: self._value(exact))

    def going_back(self, y: float) -> dict[str, Sample]:
        """The samples at the point y of the codomain."""
        try:
            x = self._preimage(y)
        except NO_VALUE as error:
            none = _undecided(y, math.nan, f"no preimage was found: {error}"[:120])
            return {"inverse": none, "inverse_log_det": none}
        return self._samples("inverse", y, x, lambda: self.forward.inverse(y, x), lambda: x)

    def _samples(
        self,
        name: str,
        at: float,
        x: mpf,
        everything: Callable[[], tuple[mpf, mpf, mpf, mpf]],
        value_alone: Callable[[], mpf],
    ) -> dict[str, Sample]:
        """The samples of a value and of a log-det, the latter by its limit where the derivative is not a number."""
        near = rounded(x)
        try:
            value, sensitivity, log_det, of_log_det = everything()
            if not any(map(mpmath.isnan, (value, log_det))):
                first = _sample(at, near, value, sensitivity)
                if self.forward.slope_jumps(x):
                    corner = _undecided(at, near, "a corner, where there is no derivative")
                    return {name: first, f"{name}_log_det": corner}
                return {name: first, f"{name}_log_det": _sample(at, near, log_det, of_log_det)}
        except NO_VALUE:
            pass
        sign = 1 if name == "forward" else -1
        return {
            name: _tried(at, near, value_alone),
            f"{name}_log_det": _tried(at, near, lambda: sign * self._limit(x)),
        }

    def _value(self, x: mpf) -> mpf:
        return settled(lambda: [self.forward.value(x)], self.forward.start)[0]

    def _limit(self, x: mpf) -> mpf:
        lo, hi = self.domain
        return self.forward.limit_at(x, hi if x == lo else lo)

    def _preimage(self, y: float) -> mpf:
        if y in self.closed_ends_of_codomain:
            for end in self.closed_ends:
                if self._value(mpf(end)) == y:
                    return mpf(end)
        return self.forward.preimage(y, None, *self.domain)


def _probes(lo: mpf, hi: mpf) -> list[float]:
    """A few ordinary doubles of the domain."""
    width = mpf(1) if mpmath.isinf(lo) or mpmath.isinf(hi) else (hi - lo) / 8
    start = lo if mpmath.isfinite(lo) else hi - 8 * width if mpmath.isfinite(hi) else mpf(-3)
    return where.inside([rounded(start + width * mpf(k) * mpf("0.9")) for k in range(1, 8)], lo, hi)


def _ends(interval: Interval, values: Mapping[sp.Symbol, float]) -> tuple[tuple[mpf, mpf], list[float]]:
    """Both ends of an interval at these parameters, and the closed ends that are doubles."""
    ends, closed = [], []
    for end, is_open in ((interval.lo, interval.lo_open), (interval.hi, interval.hi_open)):
        infinite = end.is_infinite and end.is_number
        ends.append(mpf("inf") * (1 if end > 0 else -1) if infinite else evaluate(end, values))
        if not is_open and mpmath.isfinite(ends[-1]) and mpf(rounded(ends[-1])) == ends[-1]:
            closed.append(rounded(ends[-1]))
    return (min(ends), max(ends)), closed


def _sample(at: float, x: float, truth: mpf, sensitivity: mpf) -> Sample:
    with mpmath.workprec(KEPT_BITS):
        return Sample(at, x, +truth, condition(truth, sensitivity))


def _undecided(at: float, x: float, reason: str) -> Sample:
    return Sample(at, x, mpf("nan"), math.nan, reason)


def _tried(at: float, x: float, truth: Callable[[], mpf]) -> Sample:
    """A sample without condition number, so that it is judged as a well conditioned one."""
    try:
        found = truth()
    except NO_VALUE as error:
        return _undecided(at, x, str(error)[:120] or type(error).__name__)
    if mpmath.isnan(found):
        return _undecided(at, x, "the formula has no real value")
    return _sample(at, x, found, mpf(0))


def condition(truth: mpf, sensitivity: mpf) -> float:
    """The condition number; where the truth is zero, in units of the smallest double, in which errors are counted."""
    if mpmath.isinf(truth) or mpmath.isnan(sensitivity):
        return 1.0
    if truth == 0:
        return rounded(sensitivity * EPS / mpf(5e-324))
    return rounded(abs(sensitivity / truth))


def _dump(value: mpf) -> str:
    if not mpmath.isfinite(value):
        return str(value)
    sign, mantissa, exponent, _ = value._mpf_
    return f"{-int(mantissa) if sign else int(mantissa)}:{int(exponent)}"


def _load(text: str) -> mpf:
    mantissa, colon, exponent = text.partition(":")
    if not colon:
        return mpf(text)
    with mpmath.workprec(2 * KEPT_BITS):
        return mpmath.ldexp(mpf(int(mantissa)), int(exponent))
