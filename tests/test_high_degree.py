"""Powers of high degree, in a time that does not grow with it; and limits of what cancels."""

from __future__ import annotations

import time
from typing import Any

import mpmath
import numpy as np
import pytest

import symbij as sb

SECONDS = 10.0  # some times more than it takes on a machine with nothing else to do


@pytest.mark.parametrize(
    ("formula", "domain", "is_one_to_one"),
    [
        ("(x + 1)**1000 - x", (0, "oo"), True),
        ("(x + 1)**1000 - x", (0, 2), True),
        ("(x + 1)**1000 - x", None, False),
        ("x**1000 + x**2", None, False),
        ("x**1000 + x**2", (0, "oo"), True),
        ("x**200 + x**2", (0, 2), True),
        ("x**999 - x**3 + x", None, False),
        ("x**999 + x**3", None, True),
        ("x**x**x", None, False),
    ],
)
def test_takes_seconds(formula: str, domain: Any, is_one_to_one: bool) -> None:
    start = time.perf_counter()
    if is_one_to_one:
        made = sb.bijector(formula, domain=domain)()
        np.testing.assert_allclose(made.inverse(made(0.5)), 0.5, rtol=1e-14)
    else:
        with pytest.raises(sb.NotBijectiveError):
            sb.bijector(formula, domain=domain)
    assert time.perf_counter() - start < SECONDS


def test_many_to_one_of_high_degree() -> None:
    with pytest.raises(sb.NotBijectiveError):
        sb.bijector("(x + 1)**1000 - x", many_to_one=True)
    folding = sb.bijector("x**1000 + x**2", many_to_one=True)()
    np.testing.assert_allclose(folding.inverse(folding(0.7)), [-0.7, 0.7], rtol=1e-14)


@pytest.mark.parametrize(
    ("formula", "square"),
    [("x + cosh(x)**2 - sinh(x)**2", 1), ("x + 3*sinh(x)**2 - 3*cosh(x)**2", -3), ("x + sin(2*x)**2 + cos(2*x)**2", 1)],
)
def test_squares_that_join(formula: str, square: int) -> None:
    made = sb.bijector(formula)
    assert made.derivation.codomain.is_reals
    x = np.array([-800.0, -3.0, 0.0, 1e-3, 2.0, 700.0, 1e300])
    np.testing.assert_array_equal(made()(x), x + square)


def test_a_constant_is_no_bijector() -> None:
    for text in ("cosh(x)**2 - sinh(x)**2", "sin(x)**2 + cos(x)**2"):
        with pytest.raises(sb.NotBijectiveError):
            sb.bijector(text)


def test_wrong_limits_of_the_general_solver_are_refuted() -> None:
    """sympy says that x - sinh(x)**2 + cosh(x)**2 tends to 1."""
    import sympy as sp

    from symbij.calculus.ends import _refuted
    from symbij.formula.interval import REALS

    x = sp.Symbol("x", real=True)
    value = x - sp.sinh(x) ** 2 + sp.cosh(x) ** 2
    assert _refuted(value, sp.Integer(1), REALS, "hi")
    assert _refuted(value, -sp.oo, REALS, "hi")
    assert not _refuted(value, sp.oo, REALS, "hi")
    assert not _refuted(value, -sp.oo, REALS, "lo")
    assert not _refuted(sp.atan(x), sp.pi / 2, REALS, "hi")


@pytest.mark.parametrize("x", [0.5, 3.0, 40.0])
def test_a_power_of_a_power_is_evaluated_or_infinite(x: float) -> None:
    import sympy as sp

    from symbij.calculus.truth import evaluate

    u = sp.Symbol("x", real=True)
    value = evaluate(u**u**u, {"x": x}, 100)
    assert value == mpmath.inf if x > 10 else mpmath.isfinite(value)
    assert evaluate(u ** -(u**u), {"x": 40.0}, 100) == 0
