"""Which failures of an audit are causes, and which only follow from others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from symbij.audit.finding import GROUPS, WORKS, Check, Status
from symbij.audit.subject import OPERATIONS

LAST_RESORTS = (
    "is not what the formula says", "is not log|d forward/dx|", "is not -log|d forward/dx| at the preimage",
    "is NaN where the truth is finite", "is infinite where the truth is finite", "does not lead back: it is not",
    "does not lead back everywhere: it is not",
)  # fmt: skip
"""How a symbolic diagnosis begins that says that something is wrong, and not what."""

_STATE = ("same input, same result", "no state between calls", "each event by itself", "log-det first on a new object")
_CALLS = ("dtype", "inputs unchanged", "combined calls")
_MAPS = ("forward", "inverse")
_BY_SYMBOLS = {
    "forward is the formula": ("forward",), "inverse(forward(x)) = x": _MAPS,
    "forward log-det = log|d forward/dx|": ("forward", "forward_log_det"),
    "inverse log-det = -log|d forward/dx|": ("forward", "inverse_log_det"),
}  # fmt: skip
_CONSEQUENCES = ("symbolic", "values", "log-det", "round trip", "tails", "one-to-one", "measure")


def causes_first(failures: Iterable[Check]) -> tuple[Check, ...]:
    """Failures in the order in which they should be mended: calls and shapes, state, maps, folds, log-dets, and what
    follows from those. A failure that says no more than that something is wrong comes after those that say what."""
    return tuple(sorted(failures, key=_rank))


def _rank(check: Check) -> tuple[int, int]:
    group = GROUPS.index(check.group) if check.group in GROUPS else len(GROUPS)
    vague = check.group == "symbolic" and check.diagnosis.startswith(LAST_RESORTS)
    if check.group == "parameters" and check.name.startswith("shapes of "):
        rank = 0
    elif check.group == "parameters" and check.name in (*_STATE, *_CALLS):
        rank = 1
    elif check.group == "one-to-one" and check.name == "the formula":
        rank = 2
    elif check.name.startswith("forward is the formula") or check.name.startswith("forward against"):
        rank = 3 if not vague else 6
    elif check.group == "one-to-one" and "not one-to-one" in check.diagnosis:
        rank = 4
    elif vague:
        rank = 6
    elif check.group == "measure":
        rank = 7  # an integral over everything else
    else:
        rank = 5
    return rank, group


def without_consequences(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks, where failures that follow from a wrong shape or from state are skipped: whatever they said of an
    operation's numbers ("off by 2.1 everywhere") would be said of the calls that happened to be made."""
    checks = tuple(checks)
    shapes, state = {}, {}
    for check in checks:
        if check.status is not Status.FAIL or check.group != "parameters" or check.witness is None:
            continue
        # Ordinary calls are flat batches: what is wrong for a single number or an empty array alone is no
        # fault of theirs.
        if check.name.startswith("shapes of ") and np.ndim(check.witness.at) and np.size(check.witness.at):
            shapes[check.witness.operation] = check
        elif check.name in _STATE:
            state[check.witness.operation] = check
    if not shapes and not state:
        return checks
    if state:  # what one call leaves behind, any other may find
        state = dict.fromkeys(OPERATIONS, next(iter(state.values()))) | state
    return tuple(_skipped_for(c, shapes, state) for c in checks)


def _skipped_for(check: Check, shapes: dict[str, Check], state: dict[str, Check]) -> Check:
    """The check, or in place of a failure that follows from others a note that it was not judged."""
    if check.status is not Status.FAIL or check.group not in _CONSEQUENCES or check.name == WORKS:
        return check
    known = state if check.group == "symbolic" else {**shapes, **state}  # symbols have no shapes
    cause = next((known[op] for op in _operations(check) if op in known), None)
    if cause is None:
        return check
    why = f"not judged, since '{cause.name}' failed"
    return replace(check, status=Status.SKIPPED, diagnosis=why, witness=None, errors=())


def _operations(check: Check) -> tuple[str, ...]:
    """The operations that a check calls."""
    if check.group == "symbolic":
        return _BY_SYMBOLS.get(check.name, ())
    if check.group == "measure":
        return ("forward", "forward_log_det", "inverse", "inverse_log_det")
    if check.group == "round trip":
        return _MAPS if "log-det" not in check.name else ("forward", "forward_log_det", "inverse_log_det")
    operation = "" if check.witness is None else check.witness.operation
    if "differences of its map" in check.name or check.group == "tails":
        return operation, operation.removesuffix("_log_det")
    return (operation,)
