"""The pytest plugin and `symbij.testing`, in runs of pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from symbij.errors import AuditError, UsageError
from symbij.testing import assert_bijector, bijector_tests

pytest_plugins = ["pytester"]

# Given by name where symbij is not installed, but only on the path.
INSTALLED = any(e.value == "symbij.pytest_plugin" for e in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "symbij.pytest_plugin"]
SUBJECTS = """
import numpy as np

def forward(x):
    return np.sinh(x)

def inverse(y):
    return np.arcsinh(y)

def log_det(x):
    return np.log(np.cosh(x))

def wrong_log_det(x):
    return -np.log(np.cosh(x))

small = dict(domain=(-5, 5))
right = dict(forward=forward, inverse=inverse, forward_log_det=log_det, **small)
wrong = dict(forward=forward, inverse=inverse, forward_log_det=wrong_log_det, **small)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with bijectors to test."""
    pytester.makepyfile(flows=SUBJECTS)
    pytester.syspathinsert()
    return pytester


def test_fixture(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import flows

        def test_right(assert_bijector):
            assert assert_bijector(**flows.right).ok

        def test_wrong(assert_bijector):
            assert_bijector(**flows.wrong)
        """
    )
    result = project.runpytest(*PLUGIN, "--bijector-report", "reports")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AuditError: * FAILED*", "*FAIL*log-det*", "*report of the audit*", "*.html*"])
    assert "audit/run.py" not in result.stdout.str()  # no frames of ours
    (report,) = (project.path / "reports").iterdir()
    assert report.name == "test_fixture-test_wrong.html"
    assert "<!DOCTYPE html>" in report.read_text(encoding="utf-8")


def test_all_bijectors_in_one_line_each(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import flows
        from symbij.testing import bijector_tests

        test_bijectors = bijector_tests({"right": flows.right, "map": flows.forward, "wrong": flows.wrong})
        """
    )
    result = project.runpytest(*PLUGIN, "-v", "--bijector-report=reports")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*test_bijectors?right?*PASSED*", "*test_bijectors?wrong?*FAILED*"])
    assert len(list((project.path / "reports").iterdir())) == 1


def test_no_report_is_written_unless_asked_for(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import flows
        from symbij.testing import assert_bijector

        def test_wrong():
            assert_bijector(**flows.wrong)
        """
    )
    before = {p.name for p in project.path.iterdir()}
    project.runpytest(*PLUGIN).assert_outcomes(failed=1)
    assert {p.name for p in project.path.iterdir()} - before <= {".pytest_cache", "__pycache__"}


def test_other_failures_are_left_alone(project: pytest.Pytester) -> None:
    project.makepyfile("def test_other():\n    assert 1 == 2\n")
    project.runpytest(*PLUGIN, "--bijector-report=reports").assert_outcomes(failed=1)
    assert not (project.path / "reports").exists()


def test_the_plugin_loads_nothing_heavy() -> None:
    code = (
        "import sys, symbij.pytest_plugin; heavy = {'sympy', 'numba', 'matplotlib', 'scipy', 'pandas', 'numpy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plugin_is_declared() -> None:
    project_file = Path(__file__).parents[1] / "pyproject.toml"
    if project_file.exists():
        assert '[project.entry-points.pytest11]\nsymbij = "symbij.pytest_plugin"' in project_file.read_text()


def test_assert_bijector_returns_the_report_or_raises() -> None:
    space: dict[str, dict[str, object]] = {}
    exec(SUBJECTS, space)
    assert assert_bijector(**space["right"]).ok
    with pytest.raises(AssertionError, match="FAILED") as caught:
        assert_bijector(**space["wrong"])
    assert isinstance(caught.value, AuditError)
    assert not caught.value.report.ok


@pytest.mark.parametrize("given", [{}, [1], None])
def test_bijector_tests_takes_a_dict(given: object) -> None:
    with pytest.raises(UsageError, match="takes a dict of names"):
        bijector_tests(given)  # type: ignore[arg-type]
