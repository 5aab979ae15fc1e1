"""The pytest plugin: a fixture `assert_bijector`, and `--bijector-report DIR` for reports of audits that failed.

It is loaded whenever pytest starts where symbij is installed, so it imports nothing heavy before a test needs it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

_LONGEST_NAME = 150  # characters of a file's name


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of this plugin."""
    parser.getgroup("symbij").addoption(
        "--bijector-report",
        metavar="DIR",
        default=None,
        help="write an HTML report of each bijector whose audit fails into DIR",
    )


@pytest.fixture(scope="session")
def assert_bijector() -> Callable[..., Any]:
    """`symbij.testing.assert_bijector`: audits a bijector, fails the test if a check fails, and returns the report."""
    from symbij.testing import assert_bijector as audit

    return audit


@pytest.hookimpl(hookwrapper=True)  # the old kind of wrapper, which every version of pytest knows
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Write the report of a failed audit, and say where, whichever way the test came to it."""
    outcome = yield
    folder = item.config.getoption("--bijector-report")
    errors = sys.modules.get("symbij.errors")  # not loaded: no audit has been made
    if folder is None or call.excinfo is None or errors is None:
        return
    error = call.excinfo.value
    if isinstance(error, errors.AuditError) and error.report is not None:
        path = Path(folder) / _file_name(item.nodeid)
        path.parent.mkdir(parents=True, exist_ok=True)
        outcome.get_result().sections.append(("report of the audit", str(error.report.save_html(path))))


def _file_name(test: str) -> str:
    """The id of a test as the name of a file."""
    return re.sub(r"[^\w.\-]+", "-", test.replace(".py::", "-")).strip("-")[-_LONGEST_NAME:] + ".html"
