"""Bijectors under test: one line for one bijector, or for all of a project.

    from symbij.testing import assert_bijector, bijector_tests

    def test_cubic():
        assert_bijector(Cubic(1.0, -1.0), formula="(a*x + b)**3")

    test_bijectors = bijector_tests({                        # one test for each
        "cubic": dict(subject=Cubic(1.0, -1.0), formula="(a*x + b)**3"),
        "softfloor": Softfloor(0.5),
    })

Under pytest, `assert_bijector` is a fixture as well, and `--bijector-report DIR` writes an HTML report of each failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbij.audit.report import Report
from symbij.errors import UsageError

__all__ = ["assert_bijector", "bijector_tests"]


def assert_bijector(subject: Any = None, **kwargs: Any) -> Report:
    """Audit `subject` as `sb.verify(subject, **kwargs)` does, and return the report.

    Raises `AuditError`, which is an `AssertionError`, if a check failed; its message tells each failure, with a
    diagnosis and a witness.
    """
    __tracebackhide__ = True  # pytest shows the line that called
    from symbij.audit import verify

    return verify(subject, **kwargs).raise_if_failed()


def bijector_tests(subjects: Mapping[str, Any]) -> Callable[[Any], None]:
    """A pytest function with one case for each of the `subjects`, to be assigned to a name that begins with `test`.

    Each is what `sb.verify` takes: the thing to audit, or a dict of its arguments (`subject=`, `formula=`, ...).
    """
    import pytest

    if not isinstance(subjects, Mapping) or not subjects:
        raise UsageError(f"bijector_tests takes a dict of names and subjects, got {subjects!r}")
    calls = {n: dict(s) if isinstance(s, Mapping) else {"subject": s} for n, s in subjects.items()}

    @pytest.mark.parametrize("audited", [pytest.param(call, id=name) for name, call in calls.items()])
    def test_bijector(audited: dict[str, Any]) -> None:
        assert_bijector(**audited)

    return test_bijector
