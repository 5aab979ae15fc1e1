"""Sums whose terms cancel next to a point: value, slope and inverse there keep their digits, by series."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
from mpmath import mpf

from symbij.bijectors.derived import bijector
from tests.fuzz.truth import Truth

HALF = (0, "oo")
EPS = 2.0**-52
# formula, domain, points
CANCEL: dict[str, tuple[Any, tuple[float, ...]]] = {
    "x - sin(x)": (None, (1e-100, 1e-10, -1e-3, 0.3, 0.999, 1.001)),
    "x - tanh(x)": (None, (1e-100, -1e-10, 1e-3, 0.24)),
    "exp(x) - 1 - x": (HALF, (1e-150, 1e-10, 1e-3, 0.3, 0.999)),
    "exp(x) - x": (HALF, (1e-3, 0.3, 0.999)),
    "exp(x) - exp(-x) + x**3": (None, (1e-300, -1e-17, 1e-8, 0.3)),
    "x - log1p(x)": (HALF, (1e-150, 1e-10, 1e-3, 0.2)),
    "x - sin(2*pi*x)/(2*pi)": ((0, 1), (1e-100, 1e-50, 1e-3, 0.1, 0.24)),
    "3*(x - atan(x))": (None, (1e-100, 1e-9, -0.2)),
    "cbrt(x - sin(x))": (None, (1e-90, 1e-9, -0.2)),
}


@pytest.mark.parametrize("text", CANCEL)
def test_sums_that_cancel_keep_their_digits(text: str) -> None:
    domain, points = CANCEL[text]
    made, truth = bijector(text, domain=domain)(), Truth(text, {})
    for x in points:
        value, slope = truth.at(x)
        log_det = truth.log_det(x)
        spread = float(abs(mpf(x) * slope / value))
        logs = EPS * max(4.0, 2 * abs(float(mpmath.log(abs(mpf(x))))))  # which cancel after a root
        assert made.forward(x) == pytest.approx(float(value), rel=2 * EPS * max(1.0, spread), abs=0)
        assert made.forward_log_det_jacobian(x) == pytest.approx(float(log_det), rel=4 * EPS, abs=logs)
        y = float(value)
        preimage = truth.preimage(y, x)
        assert made.inverse(y) == pytest.approx(float(preimage), rel=4 * EPS * max(1.0, 1 / spread), abs=0)
        back = float(-truth.log_det(preimage))
        assert made.inverse_log_det_jacobian(y) == pytest.approx(back, rel=8 * EPS * max(1.0, 1 / spread), abs=2 * logs)


def test_a_domain_narrower_than_the_series_has_one_too() -> None:
    made = bijector("x - sin(x)", domain=(0, 0.3))()
    assert made.forward(1e-9) == pytest.approx(1e-27 / 6, rel=2 * EPS, abs=0)


def test_series_end_where_the_terms_keep_their_digits() -> None:
    (core,) = bijector("x - sin(x)").derivation.chain
    near = core.near  # type: ignore[attr-defined]
    assert (near.centre, near.radius) == (0.0, 1.0)
    assert (near.value[0], near.slope[0]) == (3, 2)
    with mpmath.workprec(200):
        wanted = [mpmath.mpf(1) / 6, 0, -mpmath.mpf(1) / 120]
    assert [float(a) for a in wanted] == list(near.value[1][:3])


@pytest.mark.parametrize("text", ["x + tanh(x)", "x**3 + x", "x + exp(x)", "x + log(x)", "x + sqrt(x)"])
def test_sums_that_keep_their_digits_have_no_series(text: str) -> None:
    assert all(getattr(item, "near", None) is None for item in bijector(text).derivation.chain)
