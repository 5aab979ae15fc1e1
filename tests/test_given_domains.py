"""Domains between two parameters: their width is positive, which the proof may use and binding checks."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from symbij import bijector
from symbij.errors import ParameterError

FORMULAS = {
    "log((x - a)/(b - x))": lambda x, a, b: mpmath.log((x - a) / (b - x)),
    "log(x - a) - log(b - x)": lambda x, a, b: mpmath.log((x - a) / (b - x)),
    "logit((x - a)/(b - a))": lambda x, a, b: mpmath.log((x - a) / (b - x)),
    "atanh((2*x - a - b)/(b - a))": lambda x, a, b: mpmath.log((x - a) / (b - x)) / 2,
    "((x - a)/(b - a))**2": lambda x, a, b: ((x - a) / (b - a)) ** 2,
}


def _sensitivity(function: Callable[..., mpf], at: list[mpf]) -> mpf:
    """What roundings of the result and of all inputs come to, relative to one rounding."""
    here, step = function(*at), mpf(2) ** -70
    moved = (function(*(v * (1 + step) if k == i else v for k, v in enumerate(at))) for i in range(len(at)))
    return abs(here) + sum(abs(m - here) for m in moved) / step


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (-3.0, -1.5), (0.1, 1e6)])
def test_maps_of_an_interval_between_parameters(formula: str, a: float, b: float) -> None:
    f = FORMULAS[formula]
    cls = bijector(formula, domain=("a", "b"))
    assert str(cls.derivation.domain) in ("(a, b)", "[a, b]")
    bound = cls(a=a, b=b)
    x = a + (b - a) * np.array([1e-9, 0.125, 0.3, 0.625, 0.999])

    def log_slope(x: mpf, a: mpf, b: mpf) -> mpf:
        return mpmath.log(mpmath.diff(lambda t: f(t, a, b), x))

    with mpmath.workprec(400):
        for point, y, size in zip(x, bound.forward(x), bound.forward_log_det_jacobian(x), strict=True):
            at = [mpf(float(v)) for v in (point, a, b)]
            for function, got in ((f, y), (log_slope, size)):
                assert abs(mpf(float(got)) - function(*at)) <= mpf(2) ** -53 * 8 * _sensitivity(function, at)
    np.testing.assert_allclose(bound.inverse(bound.forward(x)), x, rtol=1e-12)


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_empty_domain_is_refused(formula: str) -> None:
    with pytest.raises(ParameterError, match="empty"):
        bijector(formula, domain=("a", "b"))(a=2.0, b=1.0)
