"""Inverses of sums next to ends where they are infinitely steep, at which doubles do not resolve the preimage."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from symbij import bijector

BITS = 3000


def _bisect(f: object, y: mpf, lo: mpf, hi: mpf) -> mpf:
    """t in (lo, hi) with f(t) = y for an increasing f, by bisection on the logarithm of t."""
    for _ in range(400):
        middle = mpmath.sqrt(lo * hi)
        lo, hi = (middle, hi) if f(middle) < y else (lo, middle)  # type: ignore[operator]
    return lo


# formula, its domain and parameters; f and log f' of the distance t to the steep end; outputs next to it
CASES = {
    "x + log1p(x)": (
        None, {}, lambda t: t - 1 + mpmath.log(t), lambda t: mpmath.log(1 + 1 / t), (-0.5, -5.0, -38.0, -50.0, -690.0)
    ),
    "1/(1 - x) + x": (
        ("-oo", 1), {}, lambda t: 1 / t + 1 - t, lambda t: mpmath.log(1 + t**-2), (5.0, 1e10, 1e16, 1e30, 1e200)
    ),
    "x + atanh(x)": (
        None, {}, lambda t: 1 - t + mpmath.atanh(1 - t), lambda t: mpmath.log(1 + 1 / (t * (2 - t))), (2.5, 19.0, 200.0)
    ),
    "x + b*log(x - a)": (
        ("a", "oo"), {"a": 2.5, "b": 0.75}, lambda t: mpf(2.5) + t + mpf(0.75) * mpmath.log(t),
        lambda t: mpmath.log(1 + mpf(0.75) / t), (-5.0, -38.0, -500.0)
    ),
    "x + b*log(x - a), a < 0": (
        ("a", "oo"), {"a": -2.5, "b": 0.75}, lambda t: mpf(-2.5) + t + mpf(0.75) * mpmath.log(t),
        lambda t: mpmath.log(1 + mpf(0.75) / t), (-5.0, -38.0, -500.0)
    ),
    "x + asin(x)": (
        None, {}, lambda t: 1 - t + mpmath.asin(1 - t), lambda t: mpmath.log(1 + (t * (2 - t)) ** mpf(-0.5)),
        (1.5, 2.5, 2.57079632, 2.5707963267)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_inverse_log_det_next_to_a_steep_end(name: str) -> None:
    domain, parameters, f, log_slope, outputs = CASES[name]
    b = bijector(name.split(",")[0], domain=domain, **({"b": "positive"} if parameters else {}))(**parameters)
    got = b.inverse_log_det_jacobian(np.array(outputs))
    with mpmath.workprec(BITS):
        sign = 1 if f(mpf(2) ** -20) < f(mpf(2) ** -10) else -1
        for y, value in zip(outputs, got, strict=True):
            t = _bisect(lambda t: sign * f(t), sign * mpf(y), mpf(2) ** -3000, mpf(1))
            truth = -log_slope(t)
            step = mpf(2) ** -80
            moved = -log_slope(_bisect(lambda t: sign * f(t), sign * mpf(y) * (1 + step), mpf(2) ** -3000, mpf(1)))
            condition = max(1, abs((moved - truth) / step / truth))
            assert abs(mpf(float(value)) - truth) <= 4 * mpf(2) ** -53 * 2 * condition * abs(truth), (y, value, truth)


def test_the_inverse_is_undone() -> None:
    b = bijector("x + log1p(x)")()
    x = np.array([-1 + 2.0**-53, -1 + 1e-12, -0.9, -0.76, -0.75, -0.74, 0.0, 1e-300, 3.0, 1e300])
    np.testing.assert_allclose(b.inverse(b.forward(x)), x, rtol=4e-16, atol=0)


@pytest.mark.parametrize(
    ("text", "domain", "parameters", "y", "x"),
    [
        ("x + log(x - a)", ("a", "oo"), {"a": 1e100}, 1.2e100, 1.2e100),
        ("x + (x - 1)**(1/p)", (1, "oo"), {"p": 0.01}, 1.0001, 1.0001),  # steep for p > 1 only
        ("x + exp(-(x - 1)**(-30))", (1, "oo"), {}, 1 + 1e-11, 1 + 1e-11),  # whose inner power alone is
        ("x - b*(x - 1)**(-p)", (1, "oo"), {"b": 1e-300, "p": 0.5}, 1.5, 1.5),
    ],
)
def test_beside_charts(
    text: str, domain: tuple[object, object], parameters: dict[str, float], y: float, x: float
) -> None:
    """What a chart must not take: outputs that it does not reach, ends that are not steep."""
    b = bijector(text, domain=domain, **{name: "positive" for name in parameters if name != "a"})(**parameters)
    assert b.inverse(y) == pytest.approx(x, rel=4e-16, abs=0)
    assert b.forward(x) == pytest.approx(y, rel=4e-16, abs=0)
