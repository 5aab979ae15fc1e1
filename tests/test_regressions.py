"""Defects that reviews found, each kept from coming back."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats as st

import symbij as sb

V = sb.Variable


@pytest.mark.parametrize(
    "text", ["floor(x) + 3*frac(x) - 2*frac(x)**3", "x + x**4", "x*exp(x)", "sin(x)", "x + abs(x)", "floor(x)"]
)
def test_folds_are_not_cut_away_in_silence(text: str) -> None:
    with pytest.raises(sb.NotBijectiveError):
        sb.bijector(text)


@pytest.mark.parametrize("text", ["floor(x) + frac(x)**2", "floor(x) + sin(pi/2*frac(x))"])
def test_steps_with_folded_functions_in_them(text: str) -> None:
    b = sb.bijector(text)()
    x = np.array([-2.7, -0.2, 0.3, 1.5])
    np.testing.assert_allclose(b.inverse(b(x)), x, rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "domain", "x"),
    [
        ("1/x", (0, "oo"), 4.0),
        ("1/x", ("-oo", 0), -4.0),
        ("x/(1 - x)", (0, 1), 1e-20),
        ("log(x/(1 - x))", None, 1e-20),
        ("tan(x)", ("-pi/2", "pi/2"), 1.2),
        ("1 - 1/(1 + x)", (0, "oo"), 1e-20),
    ],
)
def test_poles_at_the_ends_of_domains(text: str, domain: Any, x: float) -> None:
    b = sb.bijector(text, domain=domain)()
    assert b.inverse(b(x)) == pytest.approx(x, rel=1e-14)
    assert b.forward_log_det_jacobian(x) == pytest.approx(-b.inverse_log_det_jacobian(b(x)), rel=1e-13, abs=1e-13)


def test_the_larger_of_two_natural_ends_counts() -> None:
    b = sb.bijector("log(x - a) + log(x - b)")
    assert b(a=2.0, b=1.0)(3.0) == pytest.approx(np.log(2.0))
    assert np.isnan(b(a=2.0, b=1.0)(1.5))


def test_rounding_past_an_end_comes_back() -> None:
    b = sb.bijector("0.2*ndtr(x) + 0.1")()
    assert np.isfinite(b.inverse(b(8.0)))
    assert np.isfinite(sb.Sigmoid(low=0.1, high=0.3).forward(50.0))


def test_numeric_inverse_reaches_tiny_and_infinite_values() -> None:
    b = sb.bijector("x**3 + x")()
    y = np.array([1e-300, -1e-300, 5e-324, 0.0, 2.0, 1e300, np.inf, -np.inf])
    np.testing.assert_allclose(b.inverse(y), [1e-300, -1e-300, 5e-324, 0.0, 1.0, 1e100, np.inf, -np.inf], rtol=1e-14)


def test_gradients_survive_the_branch_not_taken() -> None:
    mixed = sb.Mixture(
        sb.Categorical(logits=V([0.0, 0.0])), [sb.Normal(V(-1.0), 1.0), sb.Exp()(sb.Normal(V(0.0), 1.0))]
    )
    assert np.isfinite(sb.fit(mixed, [-1.0, 2.0, 3.0, 0.4], method="lbfgs").log_likelihood)
    boxes = sb.Mixture(sb.Categorical(logits=V([0.0, 0.0, 0.0])), [sb.Uniform(k, k + 1.0) for k in (0.0, 2.0, 4.0)])
    logits = sb.fit(boxes, [0.5, 2.5, 2.6, 4.1], method="lbfgs").parameters["cat.logits"]
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), [0.25, 0.5, 0.25], atol=1e-5)
    floors = sb.Softfloor(temperature=V(0.3))(sb.Normal(0.0, 1.0))
    assert np.isfinite(sb.fit(floors, floors.sample(50, seed=0), method="lbfgs", epochs=3).log_likelihood)


@pytest.mark.parametrize("offset", [100.0, 1e4, 1e6])
def test_lbfgs_finds_data_far_from_its_start(offset: float) -> None:
    x = np.random.default_rng(0).normal(0.0, 2.0, 1000) + offset
    result = sb.fit(sb.Normal(V(0.0), V(1.0)), x, method="lbfgs")
    assert result.converged
    assert result.parameters["loc"] == pytest.approx(x.mean(), rel=1e-7)
    assert result.parameters["scale"] == pytest.approx(x.std(), rel=1e-4)


def test_flat_is_what_converged_means() -> None:
    assert not sb.fit(sb.Normal(V(0.0), V(1.0)), [3.0] * 20, method="lbfgs").converged


def test_losses_are_per_observation() -> None:
    dist = sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Scale(scale=V(2.0)), event_shape=[3])
    x = np.random.default_rng(0).normal(0.0, 3.0, (400, 3))
    for method in ("adam", "lbfgs"):
        result = sb.fit(dist, x, method=method, epochs=40, learning_rate=0.05, seed=0)
        assert result.log_likelihood == pytest.approx(result.distribution.log_prob(x).sum(), rel=1e-12)
        assert result.history["train"][-1] == pytest.approx(-result.distribution.log_prob(x).mean(), rel=1e-3)
    with pytest.raises(sb.ShapeError, match="event shape"):
        sb.fit(dist, np.ones((10, 4)))


def test_parameter_dependent_supports_can_be_fitted() -> None:
    pareto = sb.bijector("1 - (b/x)**a", domain=("b", "oo"), a=sb.positive, b=sb.positive)
    dist = sb.Invert(pareto(a=V(1.0), b=1.0))(sb.Uniform(0.0, 1.0))
    x = st.pareto.rvs(2.0, size=500, random_state=0)
    assert sb.fit(dist, x, method="lbfgs").parameters["bijector.a"] == pytest.approx(1 / np.log(x).mean(), rel=1e-5)


def test_pickles_and_copies() -> None:
    made = sb.bijector("a*x + k*tanh(x)", a=sb.positive, k=sb.positive)(1.0, 2.0)
    chain = sb.Chain([sb.Exp(), made, sb.Invert(sb.Softfloor(0.3))])
    dist = chain(sb.Normal(0.0, V(1.0)))
    for thing in (made, chain, dist):
        for other in (pickle.loads(pickle.dumps(thing)), copy.copy(thing), copy.deepcopy(thing)):
            if isinstance(thing, sb.Bijector):
                assert other(0.3) == thing(0.3)
            else:
                assert other.log_prob(2.0) == thing.log_prob(2.0)


def test_what_is_given_is_not_changed() -> None:
    class Doubles(sb.Bijector):
        def _forward(self, x: np.ndarray) -> np.ndarray:
            x *= 2
            return x

    x = np.ones(3)
    with pytest.raises(ValueError, match="read-only"):
        Doubles()(x)
    assert x.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(sb.UsageError, match="cannot be changed"):
        sb.Scale(2.0).scale = 3.0
    with pytest.raises(sb.DataError, match="masked"):
        sb.Exp()(np.ma.masked_array([1.0, 2.0], mask=[False, True]))


@pytest.mark.parametrize("text", ["odd_root(x, 2)", "exp(1000)*x", "0**x", "Piecewise((x, x < 0))", "x + 1e-40000"])
def test_unsafe_words_and_constants_are_refused(text: str) -> None:
    with pytest.raises(sb.FormulaSyntaxError):
        sb.bijector(text)


def test_carets_count_characters() -> None:
    with pytest.raises(sb.FormulaSyntaxError) as caught:
        sb.bijector("μ*μ*x + foo(x)")
    formula, caret = str(caught.value).splitlines()[-2:]
    assert formula[caret.index("^") :].startswith("foo")


@pytest.mark.parametrize("temperature", [7e-4, 6.8e-4, 6.6e-4, 1e-4, 1e-6, 1e-300])
def test_steps_whose_foot_underflows(temperature: float) -> None:
    """f(x) = 0 where exp(-(1/2 - x)/t) is the foot exp(-1/(2t)): x = 1/2 - t log(2), and the log-det of the inverse is
    1/(2t) - log(2) + log(t) there (to within exp(-1/(2t)))."""
    b = sb.Softfloor(temperature)
    whole = np.array([0.0, 1.0, -3.0])
    np.testing.assert_allclose(b.inverse(whole), whole + (0.5 - temperature * np.log(2.0)), rtol=1e-15)
    log_det = 0.5 / temperature - np.log(2.0) + np.log(temperature)
    np.testing.assert_allclose(b.inverse_log_det_jacobian(whole), log_det, rtol=1e-14)
    if temperature > 1e-10:  # else x would need more digits than a double has
        y = np.random.default_rng(0).uniform(-3.0, 3.0, 1000)
        np.testing.assert_allclose(b(b.inverse(y)), y, rtol=1e-10)


def test_steps_at_whole_numbers_beyond_the_last_fraction_and_at_nan() -> None:
    b = sb.Softfloor(0.01)
    x = np.array([2.0**52 + 1, 2.0**52 + 2, -(2.0**52) - 1, np.inf, np.nan])
    centre = np.log(1.0 / (4.0 * 0.01))  # slope at a centre, to within exp(-50)
    np.testing.assert_allclose(b.forward_log_det_jacobian(x), [centre] * 4 + [np.nan], rtol=1e-14)
    assert np.isnan(b.inverse_log_det_jacobian(np.nan))
    np.testing.assert_array_equal(b(x)[3:], x[3:])


@pytest.mark.parametrize(("p", "y"), [(3.0, 1.6e-282), (1 / 3, 2e96), (0.1, 1e-30), (-3.7, 1e-300), (1.0000001, 1e300)])
def test_inverses_of_powers_do_not_round_the_exponent(p: float, y: float) -> None:
    power = sb.bijector("x**p", domain=(0, "oo"), p=sb.nonzero)(p=p)
    with mpmath.workprec(200):
        truth = float(mpmath.power(y, 1 / mpmath.mpf(p)))
    np.testing.assert_allclose(power.inverse(y), truth, rtol=3e-16)
