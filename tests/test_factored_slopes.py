"""Products of polynomials and exponentials whose slope has fewer terms than the product rule gives."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb

# formula, domain, points next to zeros of the slope and far from them
CASES = {
    "(x - 1)*exp(x)": ((0, "oo"), [1e-300, 1e-20, 1e-10, 1e-3, 1.0, 30.0, 709.0]),
    "(x**2 - 2*x + 2)*exp(x)": (None, [-30.0, -1.0, -1e-12, 1e-300, 1e-7, 0.5, 20.0]),
    "(x - 1)*exp(2*x)": (("1/2", "oo"), [0.5 + 2.0**-50, 0.5 + 1e-9, 0.7, 3.0]),
    "x*exp(-x**2/2)": ((-1, 1), [-1 + 2.0**-53, -0.5, 1e-30, 0.3, 1 - 1e-9]),
    "(2 - x)*exp(-x/2)": ((4, "oo"), [4 + 2.0**-49, 4.001, 9.0, 300.0]),
}


@pytest.mark.parametrize("text", CASES)
def test_log_det_next_to_a_zero_of_the_slope(text: str) -> None:
    domain, points = CASES[text]
    made = sb.bijector(text, domain=domain)()
    x = np.array(points)
    formula = eval(f"lambda x: {text}", {"exp": mpmath.exp})  # a test's own text
    got, back = made.forward_log_det_jacobian(x), made.inverse_log_det_jacobian(made.forward(x))
    for at, log_det, inverse in zip(points, got, back, strict=True):
        with mpmath.workdps(1000):
            steep = mpmath.diff(formula, mpf(at), h=mpf(10) ** -450)
            true = mpmath.log(abs(steep))
            bend = mpmath.diff(formula, mpf(at), 2, h=mpf(10) ** -300)
            moved = abs(bend / steep * mpf(at))  # of the log-det, by a relative change of x
            lost = abs(bend / steep * formula(mpf(at)) / steep)  # and by one of y
            assert abs(mpf(float(log_det)) - true) <= 2.0**-51 * max(1, abs(true), moved)
            if lost < 1e10 and abs(formula(mpf(at))) < 1e308:
                assert abs(mpf(float(inverse)) + true) <= 2.0**-50 * max(1, abs(true), moved + lost)


def test_the_slope_is_printed_in_factors() -> None:
    derivation = sb.bijector("(x - 1)*exp(x)", domain=(0, "oo")).derivation
    assert str(derivation.forward_log_det) == "x + log(Abs(x))"
