"""`Setting`: what all checks of one audit share: the subject, what it is said to compute, where it is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

from symbij.accuracy.points import middles_of, spread
from symbij.audit.kinks import STEPS, Kinks, both_sides
from symbij.audit.subject import Ends, Outcome, Subject
from symbij.audit.truth import BlackBoxTruth, FormulaTruth, Truth
from symbij.bijectors.derived import DerivedBijector
from symbij.calculus.derivation import Derivation
from symbij.formula.formula import Formula

# Relative errors beyond this power of the dtype's epsilon, over the condition number, are failures: half of its digits.
TOLERATED = 0.5
# Points come this close to the range of the dtype: there, a product with an ordinary parameter is no fault yet.
MARGIN = 1e-8
CENTRAL = 24  # points where a map is ordinary
COARSE = STEPS[:2]  # distances from kinks that are ordinary


@dataclass(frozen=True, eq=False)
class Case:
    """The subject at one set of parameters, with the truth there and the points to try.

    `changed` are the parameters that differ from those that the subject came with; empty for the subject itself.
    """

    subject: Subject
    cls: type[DerivedBijector] | None
    parameters: Mapping[str, Any]
    changed: Mapping[str, Any]
    declared: tuple[Ends, Ends | None]
    points: int
    seed: int
    kinks: Kinks | None = None

    @cached_property
    def truth(self) -> Truth:
        """What the formula says, or the subject's own differences."""
        if self.cls is None:
            return BlackBoxTruth(self.subject, *self.declared)
        return FormulaTruth(self.cls, self.parameters)

    @property
    def domain(self) -> Ends:
        return self.truth.ends()[0]

    @property
    def codomain(self) -> Ends:
        return self.truth.ends()[1]

    @cached_property
    def central(self) -> np.ndarray:
        """Inputs at which nothing is extreme, in order."""
        rng = np.random.default_rng(self.seed)
        lo, hi = self.domain.lo, self.domain.hi
        if np.isfinite(lo) and np.isfinite(hi):
            found = lo + (hi - lo) * rng.uniform(0.02, 0.98, CENTRAL)
        elif np.isfinite(lo):
            found = lo + np.exp(rng.normal(0.0, 1.0, CENTRAL))
        elif np.isfinite(hi):
            found = hi - np.exp(rng.normal(0.0, 1.0, CENTRAL))
        else:
            middles = _moderate(self._middles)
            centers, widths = np.array(middles)[rng.integers(0, len(middles), CENTRAL)].T
            found = centers + widths * rng.normal(0.0, 1.5, CENTRAL)
        found = np.concatenate([found, self._beside(COARSE, False)])
        return np.unique(self.rounded(found[(found > lo) & (found < hi)]))

    @cached_property
    def inputs(self) -> np.ndarray:
        """Inputs everywhere in the domain: at all scales, close to its ends, where functions overflow; in order."""
        return self._everywhere(self.domain, np.concatenate([self.central, self.rounded(self._beside(STEPS, True))]))

    @cached_property
    def outputs(self) -> np.ndarray:
        """Points of the codomain, likewise, with the images of the inputs; these alone if the codomain is unknown."""
        images = self.images(self.inputs)
        if not self.knows_codomain:
            return np.unique(images[np.isfinite(images)])
        return self._everywhere(self.codomain, np.concatenate([images[np.isfinite(images)], self._beside_images]))

    @property
    def knows_codomain(self) -> bool:
        """Whether the codomain follows from a formula, or is declared: that of a black box is taken to be all reals."""
        return self.cls is not None or self.declared[1] is not None

    @cached_property
    def central_outputs(self) -> np.ndarray:
        """The images of the central inputs."""
        images = self.images(self.central)
        return np.unique(images[np.isfinite(images)])

    def images(self, inputs: np.ndarray) -> np.ndarray:
        """Images of inputs inside the codomain, by the formula if there is one, as numbers of the subject's dtype."""
        if isinstance(self.truth, FormulaTruth):
            found = self.truth.values("forward", self.grid(inputs))
        else:
            found = self.call("forward", inputs).numbers(self.grid_shape(inputs))
        found = self.rounded(np.ravel(found))
        return found[(found > self.codomain.lo) & (found < self.codomain.hi)]

    def true_images(self, inputs: np.ndarray) -> np.ndarray:
        """The images of inputs by the formula, one for each (the first of those for arrays of parameters)."""
        assert isinstance(self.truth, FormulaTruth)
        return self.truth.values("forward", self.grid(inputs)).reshape(inputs.size, -1)[:, 0]

    def call(self, operation: str, at: np.ndarray) -> Outcome:
        """The subject's results at points, laid out so that arrays of parameters broadcast against them."""
        return self.subject.call(operation, self.grid(at))

    def grid(self, at: np.ndarray) -> np.ndarray:
        """Points along the first axis, with an axis of one for each axis of the parameters."""
        return at.reshape(-1, *(1 for _ in self.truth.shape))

    def grid_shape(self, at: np.ndarray) -> tuple[int, ...]:
        """The shape of the results at points."""
        return (at.size, *self.truth.shape)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Values as numbers of the subject's dtype, held in doubles; those that its library flushes are left out."""
        with np.errstate(all="ignore"):
            found = np.asarray(values, dtype=float).astype(self.subject.dtype).astype(float)
        if self.subject.flushes_subnormals:
            found = found[(found == 0) | (np.abs(found) >= np.finfo(self.subject.dtype).tiny)]
        return found

    def _beside(self, steps: tuple[float, ...], code: bool) -> np.ndarray:
        """Inputs on both sides of all kinks."""
        found = [] if self.kinks is None else self.kinks.inputs(self.parameters, code)
        return both_sides(found, self.domain, self.subject.dtype, steps)

    @cached_property
    def _beside_images(self) -> np.ndarray:
        """Outputs on both sides of the kinks of the inverse, which may lie anywhere: code clips close to the ends."""
        found = [] if self.kinks is None else self.kinks.outputs(self.parameters)
        return self.rounded(both_sides(found, self.codomain, self.subject.dtype))

    def _everywhere(self, ends: Ends, others: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(self.seed + 1)
        found = spread(mpmath.mpf(ends.lo), mpmath.mpf(ends.hi), self.points, self._middles, rng)
        together = np.unique(np.concatenate([self.rounded(np.array(found)), others]))
        with np.errstate(over="ignore"):
            largest = float(np.finfo(self.subject.dtype).max) * MARGIN
            smallest = float(np.finfo(self.subject.dtype).tiny) / MARGIN
        size = np.abs(together)
        usable = (size <= largest) & ((size >= smallest) | (together == 0))
        return together[(together > ends.lo) & (together < ends.hi) & usable]

    @property
    def _middles(self) -> list[tuple[float, float]]:
        numbers = [float(v) for value in self.parameters.values() for v in np.ravel(np.asarray(value, dtype=float))[:3]]
        return middles_of(numbers)


@dataclass(frozen=True, eq=False)
class Setting:
    """One audit. `cls` is the class derived from the formula, which was `given` by the user or traced; None for a
    black box. `cases` begins with the subject as it came, and goes on with other parameters where it can be had with
    them. `doubt` says why there is no derivation where there is a formula; that formula, if it is a given one, is
    `stated`.
    """

    subject: Subject
    cls: type[DerivedBijector] | None
    given: bool
    cases: tuple[Case, ...]
    points: int
    seed: int
    doubt: str = ""
    stated: Formula | None = None

    @property
    def derivation(self) -> Derivation | None:
        """What follows from the formula."""
        return None if self.cls is None else self.cls.derivation

    @property
    def own(self) -> Case:
        """The subject as it came."""
        return self.cases[0]

    @property
    def epsilon(self) -> float:
        """Distance from 1 to the next number of the subject's dtype."""
        return float(np.finfo(self.subject.dtype).eps)

    @property
    def tolerance(self) -> float:
        """The largest relative error, over the condition number, that is not held against a subject."""
        return self.epsilon**TOLERATED

    def rng(self) -> np.random.Generator:
        """A generator that starts anew for every check, so that no check depends on the others."""
        return np.random.default_rng(self.seed)


def _moderate(middles: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those places and widths at which nothing is extreme."""
    return [(c, w) for c, w in middles if abs(c) <= 1e3 and 1e-3 <= w <= 1e3] or [(0.0, 1.0)]
