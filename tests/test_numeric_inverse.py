"""Numeric inverses at the ends of what doubles hold: preimages that are subnormal, and terms that overflow."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb

SUBNORMAL = {  # a formula, outputs whose preimages are subnormal or less, and log|dx/dy| there, from the leading term
    "(1 + x)*x**0.1": ((4.67e-33, 1e-40, 1e-300), lambda y: mpmath.log(10) + 9 * mpmath.log(y)),
    "x + 1.5 + 3*log(x)": ((-2232.5, -2200.0, -3000.0, -1e17), lambda y: (y - 1.5) / 3 - mpmath.log(3)),
    "sinh(x) - x**-0.1": ((-1e32, -1e33, -1e300), lambda y: mpmath.log(10) - 11 * mpmath.log(-y)),
    "x + x**3 + sqrt(x)": ((1e-161, 2e-163, 1e-200), lambda y: mpmath.log(2) + mpmath.log(y)),
}


@pytest.mark.parametrize("text", SUBNORMAL)
def test_log_dets_where_the_preimage_has_no_digits(text: str) -> None:
    outputs, log_det = SUBNORMAL[text]
    made = sb.bijector(text, domain=(0, "oo"))()
    got = made.inverse_log_det_jacobian(np.array(outputs))
    np.testing.assert_allclose(got, [float(log_det(mpf(y))) for y in outputs], rtol=1e-13)
    assert made.inverse_log_det_jacobian(np.float64(-np.inf if "log" in text or "-0.1" in text else 0.0)) == -np.inf


def test_a_term_that_overflows_gives_no_wrong_inverse() -> None:
    """log_ndtr(x) is -oo below -1.9e154, where its cube root is not, and all but nothing of the sum."""
    made = sb.bijector("4*x + cbrt(log_ndtr(x) + 1)")()
    np.testing.assert_allclose(made.inverse(np.array([-1e155, -1e250])), [-2.5e154, -2.5e249], rtol=1e-15)
    x = np.array([-1e153, -2.0, 5.0, 1e300])
    np.testing.assert_allclose(made.inverse(made.forward(x)), x, rtol=1e-15)


def test_inverses_next_to_where_the_map_itself_overflows() -> None:
    made = sb.bijector("exp(x) + x")()
    y = np.array([1e300, 1.79e308, np.finfo(float).max])
    np.testing.assert_allclose(made.inverse(y), np.log(y), rtol=1e-15)


@pytest.mark.parametrize(("text", "side"), [("x + erf(x) + 1.5*log(x)", 1), ("x + erf(x) - 1.5*log(-x)", -1)])
def test_preimages_below_the_smallest_double_are_zero(text: str, side: int) -> None:
    """f is 1.5*log(x) next to zero, so that the preimage is exp(y/1.5)."""
    made = sb.bijector(text)()
    outputs = [-3.25e46, -1e4, 1.5 * math.log(5e-324) - 1.1, 1.5 * math.log(5e-324) - 0.9, 1.5 * math.log(2e-323)]
    got = made.inverse(side * np.array(outputs))
    assert got.tolist() == [side * float(mpmath.exp(mpf(y) / mpf("1.5"))) for y in outputs]
    assert np.signbit(got).all() == (side < 0)


@pytest.mark.parametrize(
    ("text", "domain", "level"),
    [
        ("exp(x) - x", (0, "oo"), 1.0), ("exp(x) - 1 - x", (0, "oo"), 0.0), ("(x - 1)*exp(x)", (0, "oo"), -1.0),
        ("x - log1p(x)", (0, "oo"), 0.0), ("cosh(x) + x**2", (0, "oo"), 1.0), ("x - log(x)", (1, "oo"), 1.0),
        ("exp(x) - x", ("-oo", 0), 1.0), ("log1p(x) - x", (0, "oo"), 0.0),
    ],
)  # fmt: skip
def test_inverse_log_dets_where_the_map_begins_flat(text: str, domain: tuple[object, object], level: float) -> None:
    """f'(a) = 0 at the end a of the domain, so that the inverse is infinitely steep at f(a)."""
    made = sb.bijector(text, domain=domain)()
    assert made.inverse_log_det_jacobian(level) == math.inf
    assert math.isfinite(made.inverse_log_det_jacobian(level + (-0.5 if text == "log1p(x) - x" else 0.5)))


def test_inverse_log_dets_where_the_map_begins_steep_enough() -> None:
    assert sb.bijector("cosh(x) + x", domain=(0, "oo"))().inverse_log_det_jacobian(1.0) == pytest.approx(0.0, abs=1e-15)


def test_the_other_branch_of_lambert_w() -> None:
    """x exp(-x) = y for x > 1 is x = -W_{-1}(-y)."""
    made = sb.bijector("x*exp(-x)", domain=(1, "oo"))()
    y = np.array([1e-300, 1e-30, 0.01, 0.3, 0.36, 0.3678])
    got, log_det = made.inverse_and_log_det(y)
    with mpmath.workprec(400):
        for at, x, size in zip(y, got, log_det, strict=True):
            truth = -mpmath.lambertw(-mpf(float(at)), -1).real
            condition = max(1, abs(1 / (1 - truth)))
            assert abs(mpf(float(x)) - truth) <= 4 * mpf(2) ** -52 * condition * truth
            slope = -mpmath.log((truth - 1) * mpmath.exp(-truth))
            assert abs(mpf(float(size)) - slope) <= 4 * mpf(2) ** -52 * condition**2 * max(1, slope)
    assert made.inverse(0.5) != made.inverse(0.5)  # NaN above 1/e
