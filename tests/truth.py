"""The truth that tests compare with is the one that `symbij.accuracy` measures with: mpmath, from definitions alone."""

from __future__ import annotations

from symbij.accuracy.definition import diff, numeric, plain, real
from symbij.accuracy.doubles import EPS, MAX, from_ordinal, ordinal, rounded, ulp, ulp_error
from symbij.accuracy.truth import MAX_PRECISION, PRECISION, Forward, OutOfReach, at, settled

__all__ = [
    "EPS",
    "MAX",
    "MAX_PRECISION",
    "PRECISION",
    "Forward",
    "OutOfReach",
    "at",
    "diff",
    "from_ordinal",
    "numeric",
    "ordinal",
    "plain",
    "real",
    "rounded",
    "settled",
    "ulp",
    "ulp_error",
]
