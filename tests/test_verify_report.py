"""What is seen of an audit: text, HTML, plain data, pictures, the error; from reports made by hand."""

from __future__ import annotations

import json
import math
import pickle
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from mpmath import mpf

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.plain import plain
from symbij.audit.report import Report
from symbij.errors import AuditError, SymbijError, UsageError

matplotlib.use("Agg")

EVIL = "<script>alert('a & b')</script> $x_1$ {0}"
WITNESS = Witness("forward_log_det", 0.5, 1.25, np.float64(2.5), 4.5e15, 0.5, {"a": np.array([1.0, -2.0])})
FAILED = Check("log-det", "forward log-det", Status.FAIL, "missing factor 3", WITNESS,
               ((-1e300, 0.2), (0.0, math.inf), (0.5, 4e15), (3.0, math.nan), (1e-300, 0.0)))  # fmt: skip
CHECKS = (
    Check("round trip", "inverse of forward", Status.PASS, errors=((1.0, 0.5), (2.0, 1.5))),
    Check("symbolic", "forward is the formula", Status.PROVED),
    FAILED,
    Check("multivariate", "triangular", Status.SKIPPED, "elementwise"),
    Check("multivariate", "Jacobian", Status.SKIPPED, "elementwise"),
    Check("measure", "integral", Status.SKIPPED, "no log-det"),
)
REPORT = Report("Cubic", "numpy functions", "(a*x + b)**3", CHECKS, {"a": 1.5, "b": np.array([1.0, 2.0])}, 7, 1.234)
GOOD = replace(REPORT, checks=(*CHECKS[:2], *CHECKS[3:]))


def test_text_tells_the_verdict_then_failures_then_the_rest() -> None:
    lines = str(REPORT).splitlines()
    assert lines[0] == "Cubic (numpy functions): 1 passed, 1 proved, 1 FAILED, 3 skipped in 1.2 s"
    assert lines[1] == "  formula (a*x + b)**3, a = 1.5, b = [1., 2.], seed 7"
    text = "\n".join(lines[2:])
    order = ["FAIL    log-det: forward log-det: missing factor 3", "forward_log_det at 0.5: got 1.25, expected 2.5",
             "symbolic", "PROVED  forward is the formula", "round trip", "PASS    inverse of forward", "skipped",
             "multivariate: triangular, Jacobian (elementwise)"]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.count("missing factor 3") == 1


def test_text_without_failures_formula_or_checks() -> None:
    assert "FAIL" not in str(GOOD)
    assert "1 passed, 1 proved, 3 skipped" in GOOD.verdict
    assert str(Report("f", "", "", ())).splitlines() == ["f: nothing was checked in 0.0 s", "  no formula, seed 0"]
    assert repr(REPORT) == f"<Report {REPORT.verdict}>"


def test_ok_and_raise_if_failed() -> None:
    assert GOOD.ok
    assert GOOD.raise_if_failed() is GOOD
    assert not REPORT.ok
    assert REPORT.failures == (FAILED,)
    with pytest.raises(AuditError, match=r"1 FAILED(.|\n)*missing factor 3(.|\n)*got 1\.25, expected 2\.5") as caught:
        REPORT.raise_if_failed()
    assert caught.value.report is REPORT
    assert isinstance(caught.value, SymbijError)
    assert isinstance(caught.value, AssertionError)
    assert "inverse of forward" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_plain_data_survives_strict_json() -> None:
    told = json.loads(json.dumps(REPORT.to_dict(), allow_nan=False))
    assert told == REPORT.to_dict()
    assert (told["ok"], told["parameters"], told["seed"]) == (False, {"a": 1.5, "b": [1.0, 2.0]}, 7)
    failed = told["checks"][2]
    assert failed["status"] == "FAIL"
    assert failed["errors"] == [[-1e300, 0.2], [0.0, "inf"], [0.5, 4e15], [3.0, "nan"], [1e-300, 0.0]]
    assert failed["witness"] == {
        "operation": "forward_log_det", "at": 0.5, "got": 1.25, "expected": 2.5, "ulp": 4.5e15, "relative": 0.5,
        "parameters": {"a": [1.0, -2.0]},
    }  # fmt: skip
    wrong_shape = replace(REPORT, checks=(replace(FAILED, witness=Witness("forward", (1,), "shape (2,)")),))
    assert wrong_shape.to_dict()["checks"][0]["witness"]["ulp"] is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5), (np.int64(3), 3), (np.array(-np.inf), "-inf"), (mpf("0.25"), 0.25), (True, True),
        (np.bool_(True), True), ({1: (2.0, None)}, {"1": [2.0, None]}), (Status.FAIL, "FAIL"), (1 + 2j, "(1+2j)"),
        (np.array([["a", "b"]]), [["a", "b"]]), (object, str(object)),
    ],
)  # fmt: skip
def test_plain(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)
    assert type(plain(value)) is type(expected)


class _Tags(HTMLParser):
    """The tags of a page, checked to be closed in order."""

    VOID = frozenset({"meta", "br", "path", "use", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def _tags(html: str) -> set[str]:
    parser = _Tags()
    parser.feed(html)
    assert not parser.open
    return parser.seen


def test_page_needs_no_other_file_and_has_pictures(tmp_path: Path) -> None:
    path = REPORT.save_html(tmp_path / "report.html")
    html = path.read_text(encoding="utf-8")
    assert html == REPORT.to_html()  # nothing in it is random
    assert {"html", "svg", "table"} <= _tags(html)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", html)
    svg = html[html.index("<svg") : html.index("</svg>") + len("</svg>")]
    ElementTree.fromstring(svg)
    for part in ("1 FAILED", "missing factor 3", "got 1.25, expected 2.5", "forward is the formula", "elementwise"):
        assert part in html
    assert "<svg" not in GOOD._repr_html_()
    assert "<svg" not in replace(GOOD, checks=CHECKS[3:]).to_html()


def test_text_of_users_is_escaped() -> None:
    check = Check(EVIL, EVIL, Status.FAIL, EVIL, Witness(EVIL, EVIL, EVIL, EVIL), ((1.0, 2.0),))
    report = Report(EVIL, EVIL, EVIL, (check, replace(check, status=Status.SKIPPED)), {EVIL: EVIL})
    for html in (report.to_html(), report._repr_html_()):
        assert "script" not in _tags(html)
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    assert EVIL in str(report)


def test_plot_has_axes_for_each_check_with_errors() -> None:
    axes = REPORT.plot()
    assert [a.get_title() for a in axes] == ["round trip: inverse of forward", "log-det: forward log-det"]
    assert all(a.get_yscale() == "log" for a in axes)
    line = axes[0].get_lines()[-1].get_ydata()[0]
    assert line == REPORT.tolerated_ulp == 2.0**26
    assert replace(REPORT, dtype="float32").tolerated_ulp == pytest.approx(2**11.5)
    dots, crosses = axes[1].get_lines()[:2]
    assert (len(dots.get_xdata()), len(crosses.get_xdata())) == (3, 2)
    assert np.all(np.diff(dots.get_xdata()[[0, 2, 1]]) > 0)  # places keep the order of the inputs
    with pytest.raises(UsageError, match="nothing to draw"):
        replace(GOOD, checks=()).plot()
    matplotlib.pyplot.close("all")
