"""Hand-written bijectors, right and wrong, that an audit has to tell apart.

The wrong ones make the faults of public reports anew; each cites its report by repository and number. The code is
written for this corpus.
"""

from __future__ import annotations

from tests.audit_corpus import (
    right_objects,
    right_scalars,
    right_vectors,
    wrong_calls,
    wrong_folds,
    wrong_inverses,
    wrong_log_dets,
    wrong_parameters,
    wrong_tails,
    wrong_vectors,
)
from tests.audit_corpus.entry import Entry

WRONG: tuple[Entry, ...] = (
    *wrong_log_dets.ENTRIES,
    *wrong_inverses.ENTRIES,
    *wrong_tails.ENTRIES,
    *wrong_parameters.ENTRIES,
    *wrong_folds.ENTRIES,
    *wrong_calls.ENTRIES,
    *wrong_vectors.ENTRIES,
)
RIGHT: tuple[Entry, ...] = (*right_scalars.ENTRIES, *right_objects.ENTRIES, *right_vectors.ENTRIES)
ENTRIES: tuple[Entry, ...] = WRONG + RIGHT
