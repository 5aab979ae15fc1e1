"""Bijections for which the user vouches: their direction, and what is refused all the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import symbij as sb

Definition = Callable[..., Any]
X = np.array([-5.0, -1.25, 0.3, 1.0, 2.5, 9.0])


def softplus(u: Any) -> Any:
    return mpmath.log1p(mpmath.exp(u))


def root(u: Any) -> Any:
    return mpmath.sqrt(u * u + 1)


# Formula, its definition, parameters for both directions: (increasing, decreasing).
DEFINITIONS: list[tuple[str, Definition, dict[str, float], dict[str, float]]] = [
    (
        "softplus(x - lo) - softplus(x - hi) + lo",
        lambda x, hi, lo: softplus(x - lo) - softplus(x - hi) + lo,
        {"lo": 0.5, "hi": 3.0},
        {"lo": 3.0, "hi": 0.0},
    ),
    (
        "sqrt((x - a)**2 + 1) - sqrt((x - b)**2 + 1) + c",
        lambda x, a, b, c: root(x - a) - root(x - b) + c,
        {"a": -0.75, "b": 1.5, "c": 0.25},
        {"a": 2.0, "b": -1.0, "c": -4.0},
    ),
    (
        "exp(sqrt((x - a)**2 + 1) - sqrt((x - b)**2 + 1))",
        lambda x, a, b: mpmath.exp(root(x - a) - root(x - b)),
        {"a": -0.75, "b": 1.5},
        {"a": 2.0, "b": -1.0},
    ),
    (
        "exp(-a*x)*(2 + tanh(x)/9)",
        lambda x, a: mpmath.exp(-a * x) * (2 + mpmath.tanh(x) / 9),
        {"a": -0.75},
        {"a": 0.5},
    ),
    (
        "2 - 3*(softplus(x - a) - softplus(x - b))",
        lambda x, a, b: 2 - 3 * (softplus(x - a) - softplus(x - b)),
        {"a": 2.0, "b": -1.0},
        {"a": -0.75, "b": 1.5},
    ),
]
EACH = [
    pytest.param(text, f, values, sign, id=f"{text} {'rises' if sign > 0 else 'falls'}")
    for text, f, up, down in DEFINITIONS
    for values, sign in ((up, 1), (down, -1))
]


@pytest.mark.parametrize(("text", "f", "values", "sign"), EACH)
def test_the_direction_is_that_of_the_parameters(text: str, f: Definition, values: dict[str, float], sign: int) -> None:
    bijector = sb.bijector(text, assume_bijective=True)(**values)
    with mpmath.workdps(40):
        exact = {k: mpmath.mpf(v) for k, v in values.items()}
        y = [f(mpmath.mpf(x), **exact) for x in X]
        log_det = [mpmath.log(abs(mpmath.diff(lambda t: f(t, **exact), x))) for x in X]
        outputs = np.array([float(v) for v in y])
        # of the doubles next to these outputs, as those are what is inverted
        back = [
            mpmath.findroot(lambda t, v=v: f(t, **exact) - mpmath.mpf(v), x) for v, x in zip(outputs, X, strict=True)
        ]
        inverse_log_det = [-mpmath.log(abs(mpmath.diff(lambda t: f(t, **exact), u))) for u in back]
    assert np.all(np.diff(outputs) * sign > 0)
    for got, true in (
        (bijector.forward(X), outputs),
        (bijector.forward_log_det_jacobian(X), log_det),
        (bijector.inverse(outputs), back),
        (bijector.inverse_log_det_jacobian(outputs), inverse_log_det),
    ):
        np.testing.assert_allclose(got, np.array(true, dtype=float), rtol=1e-12, atol=1e-13)


def test_one_batch_may_hold_both_directions() -> None:
    cls = sb.bijector("softplus(x - lo) - softplus(x - hi) + lo", assume_bijective=True)
    both = cls(lo=[3.0, 0.0], hi=[0.0, 3.0])
    np.testing.assert_allclose(both.inverse([1.0, 1.0]), [cls(3.0, 0.0).inverse(1.0), cls(0.0, 3.0).inverse(1.0)])
    assert np.isnan(both.inverse([-0.5, 3.5])).all()  # beyond hi and lo, which are its values far out
    x = np.array([1.5, 1.5])
    np.testing.assert_allclose(both.forward(x), [1.5, 1.5])


def test_the_derivation_says_on_what_the_direction_depends() -> None:
    cls = sb.bijector("softplus(x - lo) - softplus(x - hi) + lo", assume_bijective=True)
    derivation = cls.derivation
    assert derivation.direction == "increasing if hi - lo > 0, decreasing if hi - lo < 0"
    assert "hi - lo != 0" in str(derivation)
    with pytest.raises(sb.ParameterError, match="hi - lo must not be 0"):
        cls(lo=1.0, hi=1.0)
    derivation = sb.bijector("(softplus(x - a) - softplus(x - b))/(b - a)", assume_bijective=True).derivation
    assert (derivation.direction, str(derivation.codomain), len(derivation.conditions)) == ("increasing", "(0, 1)", 1)


@pytest.mark.parametrize(
    ("text", "parameters", "direction"),
    [
        ("softplus(x - a) - softplus(x - b)", {"a": (0, 1), "b": (2, 3)}, "increasing"),
        ("1/(softplus(x - a) - softplus(x - b) + 7)", {"a": (0, 1), "b": (2, 3)}, "decreasing"),
        ("3 - (softplus(x - a) - softplus(x - b))", {"a": (2, 3), "b": (0, 1)}, "increasing"),
        ("-2*(x + k*x/(1 + x**2))", {"k": (0, 8)}, "decreasing"),
    ],
)
def test_a_direction_that_all_parameters_share_is_stated(
    text: str, parameters: dict[str, tuple[float, float]], direction: str
) -> None:
    assert sb.bijector(text, assume_bijective=True, **parameters).derivation.direction == direction


def test_a_direction_that_is_rounding_is_refused() -> None:
    cls = sb.bijector("softplus(x - a) - softplus(x - b)", domain=(0, 1), assume_bijective=True)
    with pytest.raises(sb.ParameterError, match="more than rounding"):
        cls(-50.0, -60.0)  # where it rises by 1e-22
    assert cls(-1.0, 2.0).forward(1.0) > cls(-1.0, 2.0).forward(0.0)
    assert cls(2.0, -1.0).forward(1.0) < cls(2.0, -1.0).forward(0.0)


def test_a_direction_is_told_from_parameters_that_are_close() -> None:
    cls = sb.bijector(
        "sqrt(x + a) - sqrt(x + b)", domain=(0, "oo"), a=sb.positive, b=sb.positive, assume_bijective=True
    )
    assert cls.derivation.direction == "increasing if -a + b > 0, decreasing if -a + b < 0"
    a, b = 2.0, 2.0 + 2.0**-40  # whose square roots have few different digits
    for bijector in (cls(a, b), cls(b, a)):
        assert bijector.inverse(0.0) == math.inf
        assert bijector.inverse(bijector.forward(0.0)) == 0.0
    with mpmath.workdps(40):
        for first, second in ((1.0, 4.0), (4.0, 1.0)):
            true = [mpmath.sqrt(mpmath.mpf(x) + first) - mpmath.sqrt(mpmath.mpf(x) + second) for x in (0.5, 3, 40)]
            outputs = np.array(true, dtype=float)
            np.testing.assert_allclose(cls(first, second).forward([0.5, 3, 40]), outputs, rtol=1e-13)
            np.testing.assert_allclose(cls(first, second).inverse(outputs), [0.5, 3, 40], rtol=1e-12)


def test_distributions_follow_the_direction() -> None:
    cls = sb.bijector("softplus(x - lo) - softplus(x - hi) + lo", assume_bijective=True)
    for lo, hi in ((0.5, 3.0), (3.0, 0.5)):
        law = sb.TransformedDistribution(sb.Normal(0.0, 1.0), cls(lo=lo, hi=hi))
        at = np.array([0.75, 1.25, 2.0])
        grid = np.linspace(0.5, 2.999, 200_001)[1:]
        density = np.exp(law.log_prob(grid))
        total = np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))
        np.testing.assert_allclose(law.cdf(at), np.interp(at, grid[1:], total), atol=2e-4)


def test_the_other_way_between_the_ends_is_contradicted() -> None:
    with pytest.raises(sb.NotBijectiveError, match="not one-to-one"):
        sb.bijector("x**3 - x", assume_bijective=True)


REFUSED = [
    ("where(x > 0, x + 1, x)", None, ["from 0 to 1 at 0, up by 1", "if -1 is added to the one above"]),
    (
        "where(x <= 0.0031308, 12.92*x, 1.055*x**(1/2.4) - 0.055)",
        (0, 1),
        ["from 0.040449936 to 0.04044990748 at 0.0031308, down by 2.85173e-08", "it is not one-to-one"],
    ),
    ("where(x > 0, x + 1e-13, x) + 5", None, ["up by 1e-13", "its values are not an interval"]),
    ("where(x > 1, 3*x + 1e-15, x + 2)", None, ["from 3 to 3.000000000000001 at 1, up by 1e-15"]),
]


@pytest.mark.parametrize(("text", "domain", "words"), REFUSED, ids=[text for text, *_ in REFUSED])
@pytest.mark.parametrize("vouched", [False, True])
def test_a_jump_is_described(text: str, domain: Any, words: list[str], vouched: bool) -> None:
    with pytest.raises(sb.NotBijectiveError) as caught:
        sb.bijector(text, domain=domain, assume_bijective=vouched)
    assert "assume_bijective" not in str(caught.value)
    for part in words:
        assert part in str(caught.value)


def test_a_jump_is_mended_as_its_message_says() -> None:
    text = "where(x <= 0.0031308, 12.92*x, 1.055*x**(1/2.4) - 0.055 + ({}))"
    with pytest.raises(sb.NotBijectiveError) as caught:
        sb.bijector(text.format(0), domain=(0, 1))
    mend = str(caught.value).split("meet there if ")[1].split(" (about")[0]
    bijector = sb.bijector(text.format(mend), domain=(0, 1))()
    with mpmath.workdps(30):
        at = mpmath.mpf("0.0031308")
        gap = mpmath.mpf("12.92") * at - (mpmath.mpf("1.055") * at ** (1 / mpmath.mpf("2.4")) - mpmath.mpf("0.055"))
        true = mpmath.mpf("1.055") * mpmath.mpf(0.5) ** (1 / mpmath.mpf("2.4")) - mpmath.mpf("0.055") + gap
    assert bijector.forward(0.5) == pytest.approx(float(true), rel=1e-15)


@pytest.mark.parametrize("text", ["where(x > 0, x, a*x)", "log(softplus(x - a) - softplus(x - b))"])
def test_who_vouches_is_not_asked_to_vouch(text: str) -> None:
    with pytest.raises(sb.NotBijectiveError) as caught:
        sb.bijector(text, assume_bijective=True)
    assert "assume_bijective" not in str(caught.value)


@pytest.mark.parametrize("text", ["sqrt(x)", "log(x)", "sqrt(x) + x", "x + log(sqrt(x))", "3*log(x) - 1"])
@pytest.mark.parametrize("vouched", [False, True])
def test_a_domain_where_nothing_is_defined_is_an_error_of_the_domain(text: str, vouched: bool) -> None:
    with pytest.raises(sb.DomainError, match="defined nowhere") as caught:
        sb.bijector(text, domain=(-2, -1), assume_bijective=vouched)
    assert "assume_bijective" not in str(caught.value)
