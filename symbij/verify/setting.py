"""`Setting`: what all checks of one audit share: the subject, what it is said to compute, where it is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symbij.accuracy.reference import Reference, find_reference
from symbij.calculus.derivation import Derivation
from symbij.verify.subject import Ends, Subject

# Errors beyond this many roundings times the condition number are failures: half of the digits of the number format.
TOLERATED = 0.5


@dataclass(frozen=True, eq=False)
class Case:
    """The subject at one set of parameters, and the formula's truth there, found on first use.

    `changed` are the parameters that differ from those that the subject came with; empty for the subject itself.
    """

    subject: Subject
    derivation: Derivation | None
    parameters: Mapping[str, Any]
    changed: Mapping[str, Any]
    points: int
    seed: int

    @cached_property
    def reference(self) -> Reference:
        """Points of all four operations, with the truth of the formula at them."""
        assert self.derivation is not None
        return find_reference(self.derivation, self.parameters, self.points, self.seed)


@dataclass(frozen=True, eq=False)
class Setting:
    """One audit. `derivation` is that of the formula, `given` by the user or traced; None for a black box.

    `domain` and `codomain` are the intervals to judge by: asked for, declared by the subject, or derived. `cases`
    begins with the subject as it came, and goes on with other parameters where it can be had with them.
    """

    subject: Subject
    derivation: Derivation | None
    given: bool
    domain: Ends
    codomain: Ends | None
    cases: tuple[Case, ...]
    points: int
    seed: int

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
