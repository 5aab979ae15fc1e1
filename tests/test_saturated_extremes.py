"""Larger and smaller of maps where their values round to one: the log-det is that of the map which wins in truth."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb

# Each map as 1 - |f(u)| and log f'(u), for odd f from -1 to 1, or as log f(u) and log f'(u), both without cancellation.
Map = tuple[Callable[[mpf], mpf], Callable[[mpf], mpf]]
ODD: dict[str, Map] = {
    "erf(x)": (lambda u: mpmath.erfc(abs(u)), lambda u: mpmath.log(2 / mpmath.sqrt(mpmath.pi)) - u * u),
    "tanh(x)": (
        lambda u: 2 / (1 + mpmath.exp(2 * abs(u))),
        lambda u: mpmath.log(4) - 2 * abs(u) - 2 * mpmath.log1p(mpmath.exp(-2 * abs(u))),
    ),
    "x/(1 + abs(x))": (lambda u: 1 / (1 + abs(u)), lambda u: -2 * mpmath.log1p(abs(u))),
}
POWERS: dict[str, Map] = {
    "exp(x)": (lambda u: u, lambda u: u),
    "exp(2*x)": (lambda u: 2 * u, lambda u: 2 * u + mpmath.log(2)),
    "exp(3*x)": (lambda u: 3 * u, lambda u: 3 * u + mpmath.log(3)),
}
POINTS = np.array([-8e32, -1e17, -3e3, -50.0, -7.0, -0.3, 0.4, 6.0, 40.0, 2e3, 1e16, 5e30])


def _log_det_of_winner(maps: list[Map], u: float, size: Callable[[Map, mpf], mpf], largest: bool) -> mpf:
    at = mpf(u)
    winner = (max if largest else min)(maps, key=lambda m: size(m, at))
    return winner[1](at)


def _close(got: np.ndarray, true: list[mpf]) -> None:
    for a, t in zip(got, true, strict=True):
        assert abs(mpf(float(a)) - t) <= 2.0**-50 * max(1, abs(t))


@pytest.mark.parametrize("texts", [("erf(x)", "x/(1 + abs(x))"), ("tanh(x)", "x/(1 + abs(x))"), tuple(ODD)])
@pytest.mark.parametrize("name", ["max", "min"])
def test_log_det_where_values_round_to_the_end_that_they_share(name: str, texts: tuple[str, ...]) -> None:
    maps = [ODD[t] for t in texts]
    got = sb.bijector(f"{name}({', '.join(texts)})")().forward_log_det_jacobian(POINTS)
    with mpmath.workdps(60):
        # far out 1 - |f| is all there is: f itself would take 1e33 digits
        true = []
        for u in POINTS:
            outward = (name == "max") == (u > 0)
            order = min if outward else max  # by the distance to the end
            true.append(order(maps, key=lambda m, u=u: m[0](mpf(u)))[1](mpf(u)))
        _close(got, true)


@pytest.mark.parametrize(("name", "sign"), [("max", 1), ("min", 1), ("max", -1), ("min", -1)])
def test_log_det_where_values_under_and_overflow(name: str, sign: int) -> None:
    texts = list(POWERS)
    signed = texts if sign > 0 else [f"-{t}" for t in texts]
    points = np.array([-3e4, -1e3, -2.0, 3.0, 1e3, 3e4])
    got = sb.bijector(f"{name}({', '.join(signed)})")().forward_log_det_jacobian(points)
    true = [_log_det_of_winner(list(POWERS.values()), u, lambda m, at: sign * m[0](at), name == "max") for u in points]
    _close(got, true)


def test_an_end_that_is_a_parameter() -> None:
    cls = sb.bijector("max(a*erf(x), a*x/(1 + abs(x)))", a=sb.positive)
    got = cls(a=3.0).forward_log_det_jacobian(np.array([-8e32, -1e3, 1e3]))
    erf, soft = ODD["erf(x)"], ODD["x/(1 + abs(x))"]
    _close(got, [mpmath.log(3) + m[1](mpf(u)) for m, u in ((soft, -8e32), (soft, -1e3), (erf, 1e3))])


def test_of_two_values_that_underflow_below_zero_the_smaller_one_is_the_larger() -> None:
    got = sb.bijector("max(x**5, sinh(x)**7)")().forward_log_det_jacobian(np.array([-1e-70, -0.5, 0.5, 1e-70]))
    fifth, seventh = (lambda u: mpmath.log(5 * u**4)), (lambda u: mpmath.log(7 * mpmath.sinh(u) ** 6 * mpmath.cosh(u)))
    _close(got, [f(mpf(u)) for f, u in ((seventh, -1e-70), (seventh, -0.5), (fifth, 0.5), (fifth, 1e-70))])
