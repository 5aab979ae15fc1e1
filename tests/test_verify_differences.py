"""Derivatives by differences: the estimated errors cover the true ones, and kinks, jumps and plateaus are seen."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from symbij.audit.differences import jacobian, log_determinant, log_slope, slope
from symbij.audit.subject import REALS, Ends

# A function in numpy, the same in mpmath, its domain, and the share of ordinary points that must be found.
FUNCTIONS: dict[str, tuple[Callable[..., object], Callable[..., object], Ends]] = {
    "exp": (np.exp, mpmath.exp, REALS),
    "cubic": (lambda x: (1.3 * x - 0.7) ** 3, lambda x: (mpf(1.3) * x - mpf(0.7)) ** 3, REALS),
    "log": (np.log, mpmath.log, Ends(0.0)),
    "log1p, cancelling": (lambda x: np.log(1 + x), lambda x: mpmath.log(1 + x), Ends(-1.0)),
    "tanh": (np.tanh, mpmath.tanh, REALS),
    "logit": (lambda x: np.log(x) - np.log1p(-x), lambda x: mpmath.log(x / (1 - x)), Ends(0.0, 1.0)),
    "far away": (lambda x: x + 1e8, lambda x: x + 1e8, REALS),
    "there and back": (lambda x: (x + 1e8) - 1e8, lambda x: x, REALS),
    "narrow fold": (lambda x: x - 9e-4 * np.tanh(1e3 * x), lambda x: x - mpf(9e-4) * mpmath.tanh(1000 * x), REALS),
    "wave": (lambda x: x + 0.03 * np.sin(30 * x), lambda x: x + mpf(0.03) * mpmath.sin(30 * x), REALS),
    "gumbel": (lambda x: np.exp(-np.exp(-x)), lambda x: mpmath.exp(-mpmath.exp(-x)), REALS),
    "cube root": (np.cbrt, lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), REALS),
}


def points(ends: Ends) -> np.ndarray:
    rng = np.random.default_rng(1)
    if np.isfinite(ends.lo) and np.isfinite(ends.hi):
        near = 10.0 ** -rng.uniform(0, 12, 15)
        return np.concatenate([ends.lo + near / 2, ends.hi - near / 2, rng.uniform(ends.lo, ends.hi, 15)])
    if np.isfinite(ends.lo):
        return ends.lo + np.concatenate([10.0 ** rng.uniform(-12, 8, 30), rng.lognormal(size=15)])
    signs = rng.choice([-1, 1], 30)
    return np.concatenate([signs * 10.0 ** rng.uniform(-12, 12, 30), rng.normal(0, 1.5, 30), [0.0]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_is_within_the_estimate(name: str, dtype: type) -> None:
    f, exact, ends = FUNCTIONS[name]
    xs = points(ends).astype(dtype).astype(float)
    xs = xs[(xs > ends.lo) & (xs < ends.hi)]
    with np.errstate(all="ignore"):
        got, error = slope(lambda v: f(v.astype(dtype)), xs, ends, dtype)
    with mpmath.workdps(60):
        known = [k for k in range(len(xs)) if np.isfinite(error[k])]
        truth = {k: mpmath.diff(exact, mpf(xs[k]), h=mpf(10) ** -25) for k in known}
        for k in known:
            assert abs(mpf(got[k]) - truth[k]) <= error[k], xs[k]
    if dtype is np.float64:  # and slopes are found at most points
        ordinary = (np.abs(xs) > 1e-3) & (np.abs(xs) < 5)
        with np.errstate(all="ignore"):
            assert np.mean((error / np.abs(got))[ordinary] < 1e-5) > 0.9


def test_kinks_jumps_and_plateaus_have_no_slope() -> None:
    xs = np.array([0.0])
    assert np.isinf(log_slope(lambda x: np.where(x > 0, x, 0.1 * x), xs)[1])
    assert np.isinf(log_slope(lambda x: x + np.sign(x), xs)[1])
    assert np.isinf(log_slope(lambda x: np.clip(x, -1, 1), np.array([3.0]))[1])
    assert np.isinf(log_slope(lambda x: np.full_like(x, np.nan), xs)[1])
    assert np.isinf(log_slope(lambda x: x**3, xs)[1])  # the slope vanishes: no logarithm


def test_both_sides_of_a_kink_have_a_slope() -> None:
    xs = np.array([-1e-3, 1e-3])
    got, error = log_slope(lambda x: np.where(x > 0, x, 0.1 * x), xs)
    assert np.all(np.abs(got - [np.log(0.1), 0.0]) <= error)
    assert np.all(error < 1e-6)


def test_slopes_at_a_closed_end_are_one_sided() -> None:
    got, error = slope(np.exp, np.array([0.0, 1.0]), Ends(0.0, 1.0, lo_open=False, hi_open=False))
    assert np.all(np.abs(got - np.exp([0.0, 1.0])) <= error)
    assert np.all(error < 1e-6)


def test_functions_are_not_called_outside_the_ends() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        assert np.all((x > 0) & (x < 1))
        return np.log(x)

    slope(f, np.array([1e-300, 1e-9, 0.5, 1 - 1e-9]), Ends(0.0, 1.0))


def test_functions_that_take_one_shape_only() -> None:
    scale = np.array([1.0, 2.0, 3.0])

    def f(x: np.ndarray) -> np.ndarray:
        return scale * x if x.shape[-1:] == (3,) else np.full(x.shape, np.nan)

    got, _ = slope(f, np.ones((2, 3)))
    np.testing.assert_allclose(got, np.broadcast_to(scale, (2, 3)), rtol=1e-9)


def test_jacobian_of_vectors() -> None:
    matrix = np.array([[1.0, 0.5, 0.0], [0.3, -0.7, 0.2], [0.2, 0.1, 2.0], [1.0, 1.0, 1.0]])
    x = np.random.default_rng(0).normal(size=(5, 3))
    got, error = jacobian(lambda v: np.tanh(v @ matrix.T), x)
    with mpmath.workdps(40):
        for k in range(5):
            for i in range(4):
                u = mpmath.fsum(mpf(a) * mpf(b) for a, b in zip(matrix[i], x[k], strict=True))
                for j in range(3):
                    assert abs(mpf(got[k, i, j]) - mpf(matrix[i, j]) * mpmath.sech(u) ** 2) <= error[k, i, j]
    assert error.max() < 1e-10
    logs, errors = log_determinant(got[:, :3], error[:, :3])
    expected = np.linalg.slogdet(got[:, :3])[1]
    assert np.all(np.abs(logs - expected) <= errors)
    assert np.all(np.isinf(log_determinant(np.ones((1, 2, 2)), np.full((1, 2, 2), 1e-9))[1]))
