"""The shape of an event that a subject fixes without saying so, found by calling it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbij.audit.subject import Subject

_FEW = (2, 3)  # a map that takes events of both lengths has none of its own
_OTHERS = (1, *range(4, 17))


def with_event_shape(subject: Subject) -> Subject:
    """The subject with its `event_shape`, where its maps take events of one length only."""
    ndims = subject.event_ndims
    if not ndims or subject.event_shape is not None or not (subject.has("forward") or subject.has("inverse")):
        return subject
    few = [n for n in _FEW if _takes(subject, n)]
    if len(few) == len(_FEW):
        return subject
    sizes = {n for v in subject.parameters.values() for n in np.shape(v)[-1:] if n not in _FEW}
    found = [n for n in sorted(sizes) if _takes(subject, n)] or few or [n for n in _OTHERS if _takes(subject, n)][:1]
    return replace(subject, event_shape=(found[-1],) * ndims) if found else subject


def _takes(subject: Subject, length: int) -> bool:
    """Whether the map takes an event of this length, and not by stretching it to its own."""
    ndims = subject.event_ndims
    shape = (length,) * ndims
    values = np.linspace(0.25, 0.5, length**ndims).reshape(shape)
    values = values + np.eye(length) if ndims == 2 else values
    operation = "forward" if subject.has("forward") else "inverse"
    outcome = subject.call(operation, values)
    if not outcome.parts or outcome.problem:
        return False
    after = subject.inverse_event_ndims if subject.inverse_event_ndims is not None else ndims
    if after != ndims:
        return True
    got = outcome.value.shape[len(outcome.value.shape) - ndims :]
    return len(got) == ndims and not (length == 1 and max(got) > 1)
