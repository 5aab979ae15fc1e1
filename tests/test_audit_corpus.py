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
    said = [check.diagnosis for check in report.failures]
    assert entry.group in {check.group for check in report.failures}, report
    found = any(all(word in line for word in words) for words in entry.expected for line in said)
    assert found, f"expected one of {entry.expected}\n{report}"


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
