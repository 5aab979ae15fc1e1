"""What audits say: causes first, nothing said of numbers that calls have spoiled, digits that kernels lose as well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import symbij as sb
from symbij.audit.famous import name_of
from symbij.audit.finding import Status


def first_failure(**subject: object) -> str:
    return sb.verify(**subject).failures[0].diagnosis  # type: ignore[arg-type]


CANCELLING: dict[str, tuple[Callable[..., object], tuple[float, float]]] = {
    "expm1 with a half taken away": (
        lambda x: 0.5 - 0.5 * np.sign(x) * np.expm1(-np.abs(x)), (-np.inf, np.inf)
    ),
    "x - sin(x)": (lambda x: x - np.sin(x), (0.0, np.inf)),
    "sinh(x) - x": (lambda x: np.sinh(x) - x, (0.0, np.inf)),
}  # fmt: skip


@pytest.mark.parametrize("name", CANCELLING)
def test_code_that_cancels_as_its_derived_kernel_does(name: str) -> None:
    """Without the exact truth of points at which kernel and code agree, these pass in double precision."""
    forward, domain = CANCELLING[name]
    report = sb.verify(forward=forward, domain=domain)
    assert any(c.name == "forward at all scales" and "cancels" in c.diagnosis for c in report.failures), report


def test_numbers_of_wrong_shapes_are_not_judged() -> None:
    report = sb.verify(
        forward=np.exp, inverse=np.log, forward_log_det=lambda x: np.sum(np.atleast_1d(x)), formula="exp(x)"
    )
    assert "summed over batch" in report.failures[0].diagnosis
    judged = next(c for c in report.checks if c.name == "forward log-det against the formula")
    assert judged.status is Status.SKIPPED
    assert "shapes of forward_log_det" in judged.diagnosis
    assert not any("missing" in c.diagnosis or "everywhere" in c.diagnosis for c in report.failures)


def test_a_missing_term_is_said_to_be_missing() -> None:
    assert first_failure(forward=np.exp, forward_log_det=lambda x: 0 * x, formula="exp(x)") == "missing the term x"
    assert "one too many" in first_failure(forward=np.exp, forward_log_det=lambda x: x + np.arctan(x), formula="exp(x)")


def test_lost_digits_are_no_other_branch() -> None:
    report = sb.verify(
        forward=lambda x: np.asarray(np.sinh(x)).astype(np.float32).astype(float), inverse=np.arcsinh, formula="sinh(x)"
    )
    assert not report.ok
    assert not any("branch" in c.diagnosis for c in report.failures), report


@pytest.mark.parametrize(
    ("value", "tolerance", "name"),
    [(np.sqrt(2 * np.pi), 1e-5, "sqrt(2*pi)"), (1.5, 1e-8, "3/2"), (np.e, 1e-12, "e"), (8.60111, 1e-5, ""),
     (2 * np.pi, 1e-12, "2*pi"), (1.0000003, 1e-12, "")],
)  # fmt: skip
def test_names_of_constants(value: float, tolerance: float, name: str) -> None:
    assert name_of(value, tolerance) == name
