"""Values between two links that round to an end of what the next link takes, or past it.

Truth is mpmath's: forwards from the formula written with mpmath, backwards from its inverse, written likewise.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb

Function = Callable[[mpf], mpf]


def _next(value: float, steps: int, towards: float) -> list[float]:
    found = [value]
    for _ in range(steps):
        found.append(float(np.nextafter(found[-1], towards)))
    return found


def _inside(end: mpf, side: int, count: int = 5) -> list[float]:
    """The doubles closest to `end` above it (side 1) or below it (side -1)."""
    start = float(end)
    while not (mpf(start) - end) * side > 0:
        start = float(np.nextafter(start, side * math.inf))
    return _next(start, count - 1, side * math.inf)


FORWARDS: dict[str, tuple[Function, Function, int]] = {  # the function, the end of its domain, and on which side it is
    "-(lambertw(x*1.5))": (lambda x: -mpmath.lambertw(x * 3 / 2), lambda _: -2 * mpmath.exp(-1) / 3, 1),
    "sigmoid(lambertw(expm1(x))) + x": (
        lambda x: 1 / (1 + mpmath.exp(-mpmath.lambertw(mpmath.expm1(x)))) + x,
        lambda _: mpmath.log1p(-mpmath.exp(-1)), 1,
    ),
    "lambertw(0.1 + cbrt(x))": (
        lambda x: mpmath.lambertw(mpf(1) / 10 + mpmath.sign(x) * mpmath.cbrt(abs(x))),
        lambda _: -((mpmath.exp(-1) + mpf(1) / 10) ** 3), 1,
    ),
    "acos(2.7*log(x) + 1.7)": (
        lambda x: mpmath.acos(mpf(27) / 10 * mpmath.log(x) + mpf(17) / 10), lambda _: mpmath.exp(-1), 1,
    ),
    "atanh(1.22*log(x) + 2.41)": (
        lambda x: mpmath.atanh(mpf(122) / 100 * mpmath.log(x) + mpf(241) / 100),
        lambda _: mpmath.exp(-mpf(141) / 122), -1,
    ),
    "x + acos(-(0.45*log(x) + 2.7))": (
        lambda x: x + mpmath.acos(-(mpf(45) / 100 * mpmath.log(x) + mpf(27) / 10)), lambda _: mpmath.exp(-mpf(34) / 9),
        -1,
    ),
    "1.1*exp(x) + atanh(1.1*exp(x))": (
        lambda x: 11 * mpmath.exp(x) / 10 + mpmath.atanh(11 * mpmath.exp(x) / 10),
        lambda _: mpmath.log(mpf(10) / 11), -1,
    ),
    "erfinv(x*1.1)": (lambda x: mpmath.erfinv(11 * x / 10), lambda _: mpf(10) / 11, -1),
    "log(1.4 + cbrt(x))": (
        lambda x: mpmath.log(mpf(14) / 10 - mpmath.cbrt(-x)), lambda _: -(mpf(14) / 10) ** 3, 1,
    ),
    "logit(0.8*log(x) + 1.7)": (
        lambda x: -mpmath.log(1 / (mpf(8) / 10 * mpmath.log(x) + mpf(17) / 10) - 1),
        lambda _: mpmath.exp(-mpf(17) / 8), 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", FORWARDS)
def test_inputs_next_to_an_end_have_values(text: str) -> None:
    """Within what two roundings of x change f by: the condition number is infinite at the end."""
    f, end, side = FORWARDS[text]
    made = sb.bijector(text)()
    with mpmath.workprec(400):
        points = _inside(end(mpf(0)), side)
        values, log_dets = made.forward(np.array(points)), made.forward_log_det_jacobian(np.array(points))
        assert np.isfinite(values).all()
        assert np.isfinite(log_dets).all()
        for x, got in zip(points, values, strict=True):
            change = 8 * (abs(mpf(x)) + 1) * mpf(2) ** -53
            beside = f(mpf(x) + side * change)
            truth = f(mpf(x))
            # towards the end f may be infinite, so that only the order of magnitude of the distance is known
            assert abs(got - truth) <= 12 * abs(beside - truth) + 8 * abs(truth) * mpf(2) ** -53, (x, got, truth)


def _logit(v: mpf) -> mpf:
    return mpmath.log(v / (1 - v))


def _softplus(u: mpf) -> mpf:
    return mpmath.log1p(mpmath.exp(u))


BACKWARDS: dict[str, tuple[dict[str, float], float, Function]] = {  # parameters, an output, and the inverse
    "asinh(sigmoid(x) - a)": ({"a": 0.245}, 0.6971423814362352, lambda y: _logit(mpmath.sinh(y) + mpf(0.245))),
    "erfc(where(x > 0, tanh(x), x + 0.941*tanh(x)))": (
        {}, 0.15729920705028513, lambda y: mpmath.atanh(mpmath.erfinv(1 - y)),
    ),
    "softsign_inverse(sin(sin(tanh(x))))": (
        {}, -2.9311906662354894, lambda y: mpmath.atanh(mpmath.asin(mpmath.asin(y / (1 - y)))),
    ),
    "atanh(sin(1/(1 + exp(-(sigmoid(x))))))": (
        {}, 0.5222381032784403, lambda y: _logit(_logit(mpmath.asin(mpmath.tanh(y)))),
    ),
    "tan((acos(erfc((ndtr(10)) + (x))))**0.5)": (
        {}, 3.0432375729724264,
        lambda y: mpmath.erfinv(1 - mpmath.cos(mpmath.atan(y) ** 2)) - (1 - mpmath.erfc(10 / mpmath.sqrt(2)) / 2),
    ),
    "softplus_inverse(acos(tanh(expm1(x))))": (
        {}, 2.345041691805889, lambda y: mpmath.log1p(mpmath.atanh(mpmath.cos(_softplus(y)))),
    ),
    "softplus_inverse(2.64*sigmoid(x) - 0.3)": (
        {}, 2.2387115840449083, lambda y: _logit((_softplus(y) + mpf(3) / 10) / (mpf(264) / 100)),
    ),
    "softsign((exp(0.25*x + 1.075)/(1 + exp(0.25*x + 1.075))) - 0.25)": (
        {}, 0.42857142857142855, lambda y: (_logit(y / (1 - y) + mpf(1) / 4) - mpf(1075) / 1000) * 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", BACKWARDS)
def test_outputs_next_to_an_end_have_inputs(text: str) -> None:
    """The last y before an end rounds to the end between two links; its input is known to a few percent."""
    parameters, y, inverse = BACKWARDS[text]
    with mpmath.workdps(60):
        x = float(inverse(mpf(y)))
    made = sb.bijector(text)(**parameters)
    assert made.inverse(np.array([y]))[0] == pytest.approx(x, rel=0.15)
    assert np.isfinite(made.inverse_log_det_jacobian(np.array([y]))).all()


def test_the_end_itself_keeps_its_limit() -> None:
    for text, y in (("2*tanh(x) + 1", 3.0), ("exp(-exp(-(x)))", 1.0)):
        assert sb.bijector(text)().inverse(np.array([y]))[0] == math.inf
    made = sb.bijector("atanh(x/2 + 0.5)")()
    assert made.forward(np.array([1.0, -3.0])).tolist() == [math.inf, -math.inf]
    assert sb.bijector("asinh(sigmoid(x) - a)")(a=1.0).inverse(np.array([0.0]))[0] == math.inf


def test_outside_stays_outside() -> None:
    for text in FORWARDS:
        made = sb.bijector(text)()
        end = float(made.derivation.domain.lo if FORWARDS[text][2] > 0 else made.derivation.domain.hi)
        outside = end - FORWARDS[text][2] * 1e-12
        assert np.isnan(made.forward(np.array([outside]))[0]), text


@pytest.mark.parametrize(("kind", "ends"), [("erfinv", (-1, 1)), ("ndtri", (0, 1))])
def test_log_dets_at_the_very_ends_are_infinite(kind: str, ends: tuple[int, int]) -> None:
    assert (sb.bijector(f"{kind}(x)")().forward_log_det_jacobian(np.array(ends, float)) == math.inf).all()


@pytest.mark.parametrize(("kind", "ends"), [("erf", (-1, 1)), ("ndtr", (0, 1)), ("erfc", (0, 2))])
def test_inverse_log_dets_at_the_very_ends_are_infinite(kind: str, ends: tuple[int, int]) -> None:
    assert (sb.bijector(f"{kind}(x)")().inverse_log_det_jacobian(np.array(ends, float)) == math.inf).all()


@pytest.mark.parametrize("x", [700.0, 709.9, 720.0, 5e3, 1e22, 1e300])
def test_lambertw_of_what_overflows(x: float) -> None:
    """w = lambertw(exp(x)) solves w + log(w) = x."""
    made = sb.bijector("lambertw(exp(x))")()
    with mpmath.workprec(1200):
        w = mpf(x) - mpmath.log(x)
        for _ in range(40):
            w = w * (1 + mpf(x) - mpmath.log(w)) / (1 + w)
        got = made.forward(np.array([x]))[0]
        assert abs(got - w) <= 4 * abs(w) * mpf(2) ** -53
        log_det = made.forward_log_det_jacobian(np.array([x]))[0]
        assert abs(log_det + mpmath.log1p(1 / w)) <= mpf(10) ** -12 * min(1, 1 / w * 10**4)
    assert made.inverse(np.array([got]))[0] == pytest.approx(x, rel=1e-15)


BESIDE = {  # the map, and its derivative, of which nothing is left where 1 is added to the input
    "acos(1 - x)": (lambda x: mpmath.acos(1 - x), lambda x: -1 / mpmath.sqrt(x * (2 - x))),
    "acos(x/3 - 1)": (lambda x: mpmath.acos(x / 3 - 1), lambda x: -1 / mpmath.sqrt(x * (6 - x))),
    "asin(2*x - 1)": (lambda x: mpmath.asin(2 * x - 1), lambda x: 1 / mpmath.sqrt(x * (1 - x))),
    "asin(1 - 2*x)": (lambda x: mpmath.asin(1 - 2 * x), lambda x: -1 / mpmath.sqrt(x * (1 - x))),
    "exp(asin(x/3 - 1))": (
        lambda x: mpmath.exp(mpmath.asin(x / 3 - 1)),
        lambda x: mpmath.exp(mpmath.asin(x / 3 - 1)) / mpmath.sqrt(x * (6 - x)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", BESIDE)
def test_arcs_of_one_and_a_little(text: str) -> None:
    f, slope = BESIDE[text]
    made = sb.bijector(text)()
    x = np.array([1e-300, 1e-20, 0.1, 0.3, 0.5, 0.9, 0.999999])
    y, log_det = made.forward_and_log_det(x)
    with mpmath.workprec(3000):
        true = [f(mpf(v)) for v in x]
        steep = [slope(mpf(v)) for v in x]
        room = [float(2**-50 * (abs(t) + abs(v * s))) for t, s, v in zip(true, steep, x, strict=True)]
        sizes = [float(mpmath.log(abs(s))) for s in steep]
    assert (np.abs(y - np.array([float(t) for t in true])) <= room).all()
    np.testing.assert_allclose(log_det, sizes, rtol=1e-15, atol=1e-15)
    back = made.inverse(y)[2:]
    np.testing.assert_allclose(back, x[2:], rtol=4e-15)


@pytest.mark.parametrize(
    ("text", "x", "limit"),
    [
        ("acos(1/(1 + x**2)**3)", 1e-300, 0.0), ("asin(1/(1 + x**2)**3)", 1e-300, mpmath.pi / 2),
        ("sqrt(acos(1/(1 + x**2)**3))", 1e-300, 0.0), ("exp(asin(1/(1 + x**2)**3))", 1e-200, mpmath.exp(mpmath.pi / 2)),
    ],
)  # fmt: skip
def test_an_end_that_is_finite_keeps_its_value(text: str, x: float, limit: mpf) -> None:
    """Next to it the value is the end's, though the log-det takes an input inside; an infinite one is not reached."""
    made = sb.bijector(text, domain=(0, 1))()
    assert made.forward(x) == pytest.approx(float(limit), rel=1e-15, abs=1e-100)
    assert np.isfinite(made.forward_log_det_jacobian(x))
    assert np.isfinite(sb.bijector("log(acos(1/(1 + x**2)**3))", domain=(0, 1))().forward(1e-300))
