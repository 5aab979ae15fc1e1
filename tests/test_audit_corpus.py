"""Every wrong bijector of the corpus fails its audit with the right diagnosis, no correct one fails."""

from __future__ import annotations

import re

import pytest

import symbij as sb
from tests.audit_corpus import ENTRIES, RIGHT, WRONG
from tests.audit_corpus.entry import Entry

FEWEST, FEWEST_WRONG, FEWEST_CITED = 48, 30, 25


def _named(entry: Entry) -> str:
    return entry.name.replace(" ", "-")


@pytest.mark.parametrize("entry", WRONG, ids=_named)
def test_a_wrong_bijector_fails_with_its_diagnosis(entry: Entry) -> None:
    made = entry.make()
    report = sb.verify(made.pop("subject", None), **made)
    assert not report.ok, f"not noticed: {entry.name}\n{report}"
    assert entry.group in {check.group for check in report.failures}, report
    own = [check for k, check in enumerate(report.failures) if k == 0 or check.group == entry.group]
    found = any(all(word in check.diagnosis for word in words) for words in entry.expected for check in own)
    assert found, f"expected one of {entry.expected}\n{report}"


def test_causes_are_told_first() -> None:
    """State and shapes before the numbers that they spoil, folds before what comes of them, integrals last."""
    first = {
        "a map that counts its calls": "state left from another call",
        "normalised by the batch": "state left from another call",
        "log-det reduced to one number": "summed over batch",
        "elementwise log-det summed over the batch": "same event in a batch",
        "square with a square root": "not one-to-one",
        "sine on the line": "not one-to-one",
        "two lines that overlap": "not one-to-one",
        "exp without any log-det": "missing",
        "planar step through a leaky ReLU whose slope counts twice": "x < -0.5",
    }
    for entry in WRONG:
        if entry.name in first:
            made = entry.make()
            failures = sb.verify(made.pop("subject", None), **made).failures
            assert first.pop(entry.name) in failures[0].diagnosis, entry.name
            assert not any("everywhere" in f.diagnosis for f in failures), entry.name
            integrals = [f.group == "measure" for f in failures]
            assert integrals == sorted(integrals), entry.name
    assert not first


@pytest.mark.parametrize("entry", RIGHT, ids=_named)
def test_a_correct_bijector_passes(entry: Entry) -> None:
    made = entry.make()
    report = sb.verify(made.pop("subject", None), **made)
    assert report.ok, f"a false alarm: {entry.name}\n{report}"


def test_the_corpus_is_large_enough_and_cites_public_reports() -> None:
    assert len(ENTRIES) >= FEWEST
    assert len(WRONG) >= FEWEST_WRONG
    assert all(entry.correct for entry in RIGHT)
    assert not any(entry.correct for entry in WRONG)
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    cited = [entry.source for entry in ENTRIES if entry.source]
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", source) for source in cited)
    assert len(set(cited)) >= FEWEST_CITED
