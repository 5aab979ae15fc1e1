"""Intervals as users and libraries declare them, read as `Ends`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symbij.audit.subject import REALS, Ends
from symbij.errors import UsageError
from symbij.formula.infinity import infinite

# Constraint classes of PyTorch and numpyro by name: whether they have a lower and an upper bound, and whether those are
# open. A class is looked up with its bases, the most derived first.
_CONSTRAINTS: dict[str, tuple[bool | None, bool | None]] = {
    "Positive": (True, None), "Nonnegative": (False, None), "SoftplusPositive": (True, None),
    "GreaterThanEq": (False, None), "GreaterThan": (True, None), "LessThanEq": (None, False), "LessThan": (None, True),
    "HalfOpenInterval": (False, True), "OpenInterval": (True, True), "Circular": (False, False),
    "UnitInterval": (False, False), "Interval": (False, False),
}  # fmt: skip
_ALL_REALS = ("Real", "RealVector", "RealMatrix")


def asked_ends(domain: Any) -> Ends | None:
    """The interval of a user's `domain=`: `Ends`, or a pair of numbers or "oo" (open ends).

    None if an end is a formula: only what is derived can tell its value. Raises `UsageError` for anything else.
    """
    if domain is None or isinstance(domain, Ends):
        return domain
    if hasattr(domain, "lo") and hasattr(domain, "hi"):
        domain = (domain.lo, domain.hi)
    if not isinstance(domain, (tuple, list)) or len(domain) != 2:
        raise UsageError(f"domain must be a pair (lo, hi) of numbers or 'oo', got {domain!r}")
    try:
        lo, hi = (float(end) if infinite(end) is None else infinite(end) for end in domain)
    except (TypeError, ValueError):
        return None
    if not lo < hi:
        raise UsageError(f"the domain ({domain[0]}, {domain[1]}) is empty")
    return Ends(lo, hi)


def declared_ends(lo: Any, hi: Any, lo_open: bool = True, hi_open: bool = True) -> Ends | None:
    """The interval with these ends; of arrays the part common to all elements; None where that is empty."""
    try:
        low, high = float(np.max(np.asarray(lo, dtype=float))), float(np.min(np.asarray(hi, dtype=float)))
    except (TypeError, ValueError):
        return None
    if not low < high:
        return None
    return Ends(low, high, lo_open or math.isinf(low), hi_open or math.isinf(high))


def constraint_ends(constraint: Any) -> Ends | None:
    """The interval of a constraint of PyTorch or numpyro, elementwise; None for other sets."""
    while hasattr(constraint, "base_constraint"):
        constraint = constraint.base_constraint
    for name in (c.__name__.lstrip("_") for c in type(constraint).__mro__):
        if name in _ALL_REALS:
            return REALS
        if name in _CONSTRAINTS:
            lo_open, hi_open = _CONSTRAINTS[name]
            lo = -np.inf if lo_open is None else _number(getattr(constraint, "lower_bound", np.nan))
            hi = np.inf if hi_open is None else _number(getattr(constraint, "upper_bound", np.nan))
            return declared_ends(lo, hi, lo_open is not False, hi_open is not False)
    return None


def _number(bound: Any) -> Any:
    return bound.detach().cpu().numpy() if hasattr(bound, "detach") else bound
