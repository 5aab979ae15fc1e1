"""Distributions against scipy.stats, and their own invariants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import integrate

import symbij as sb

X = np.concatenate([np.linspace(-30, 30, 121), [-1e3, 1e3, 1e-300]])
P = np.concatenate([np.linspace(0, 1, 41), [1e-300, 1e-16, 1 - 1e-16]])

SCALAR: dict[str, tuple[Any, Any]] = {
    "normal": (lambda: sb.Normal(0.3, 1.7), st.norm(0.3, 1.7)),
    "uniform": (lambda: sb.Uniform(-1.5, 2.0), st.uniform(-1.5, 3.5)),
    "logistic": (lambda: sb.Logistic(-1.0, 0.4), st.logistic(-1.0, 0.4)),
    "lognormal": (lambda: sb.Exp()(sb.Normal(0.2, 0.5)), st.lognorm(0.5, scale=np.exp(0.2))),
    "mirrored": (lambda: sb.Scale(-2.0)(sb.Logistic(0.0, 1.0)), st.logistic(0.0, 2.0)),
    "gumbel": (lambda: sb.Invert(sb.GumbelCDF(0.5, 2.0))(sb.Uniform(0.0, 1.0)), st.gumbel_r(0.5, 2.0)),
    "johnson": (lambda: sb.Invert(sb.Chain([sb.Scale(1.5), sb.bijector("asinh(x)")()]))(sb.Normal(0.0, 1.0)),
                st.johnsonsu(0.0, 1.5)),
}  # fmt: skip


@pytest.fixture(params=SCALAR, ids=list(SCALAR))
def pair(request: pytest.FixtureRequest) -> tuple[sb.Distribution, Any]:
    make, reference = SCALAR[request.param]
    return make(), reference


def test_against_scipy(pair: tuple[sb.Distribution, Any]) -> None:
    ours, reference = pair
    np.testing.assert_allclose(ours.log_prob(X), reference.logpdf(X), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(ours.prob(X), reference.pdf(X), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(ours.cdf(X), reference.cdf(X), rtol=1e-10, atol=1e-300)
    # through a uniform base the upper tail passes 1 - p, which keeps an absolute accuracy only
    through_uniform = isinstance(getattr(ours, "distribution", None), sb.Uniform)
    atol = 2e-16 if through_uniform else 1e-300
    np.testing.assert_allclose(ours.survival_function(X), reference.sf(X), rtol=1e-10, atol=atol)
    np.testing.assert_allclose(ours.quantile(P), reference.ppf(P), rtol=1e-10, atol=1e-13)


def test_nan_stays_nan_and_outside_is_zero(pair: tuple[sb.Distribution, Any]) -> None:
    ours, _ = pair
    assert np.isnan(ours.log_prob(np.nan))
    assert np.isnan(ours.quantile(np.nan))
    assert np.isnan(ours.quantile(1.5))
    lo, hi = ours._support()
    if np.isfinite(lo):
        assert ours.log_prob(lo - 1.0) == -np.inf
        assert ours.cdf(lo - 1.0) == 0.0
        assert ours.survival_function(lo - 1.0) == 1.0
    if np.isfinite(hi):
        assert ours.cdf(hi + 1.0) == 1.0


def test_samples_follow_the_law(pair: tuple[sb.Distribution, Any]) -> None:
    ours, reference = pair
    draws = ours.sample(4000, seed=11)
    assert draws.shape == (4000,)
    assert st.kstest(draws, reference.cdf).pvalue > 1e-3
    np.testing.assert_array_equal(draws, ours.sample((4000,), seed=np.random.default_rng(11)))


@settings(max_examples=40, deadline=None)
@given(some.floats(0.001, 0.999), some.floats(-3, 3), some.floats(0.1, 5))
def test_quantile_inverts_cdf(p: float, loc: float, scale: float) -> None:
    dist = sb.SinhArcsinh(0.3, 1.2)(sb.Normal(loc, scale))
    assert dist.cdf(dist.quantile(p)) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sb.Invert(sb.Cubic(0.56, -0.42))(sb.Normal(0.0, 1.0)),
        lambda: sb.Mixture(sb.Categorical(probs=[0.2, 0.8]), [sb.Normal(-1.0, 0.5), sb.Logistic(2.0, 0.3)]),
        lambda: sb.Invert(sb.bijector("a*x + k*tanh(x/s)", a=sb.positive, k=sb.positive, s=sb.positive)(0.5, 2.0, 0.3))(
            sb.Normal(0.0, 1.0)
        ),
        lambda: sb.Softplus()(sb.Normal(0.0, 1.0)),
    ],
)
def test_density_integrates_to_one(make: Any) -> None:
    dist = make()
    lo, hi = float(dist.quantile(1e-13)), float(dist.quantile(1 - 1e-13))
    breaks = [float(dist.quantile(p)) for p in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)]
    total, _ = integrate.quad(lambda x: float(dist.prob(x)), lo, hi, points=breaks, limit=400)
    assert total == pytest.approx(1.0, abs=1e-8)


def test_mixture() -> None:
    mixture = sb.Mixture(
        cat=sb.Categorical(probs=[0.45, 0.55]), components=[sb.Normal(loc=2.3, scale=0.4), sb.Normal(-0.8, 0.4)]
    )
    expected = 0.45 * st.norm(2.3, 0.4).pdf(X) + 0.55 * st.norm(-0.8, 0.4).pdf(X)
    np.testing.assert_allclose(mixture.prob(X), expected, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(mixture.cdf(mixture.quantile(P[1:40])), P[1:40], rtol=1e-12)
    draws = mixture.sample((3, 20000), seed=2)
    assert draws.shape == (3, 20000)
    assert np.mean(draws > 1.0) == pytest.approx(0.45, abs=0.01)


def test_mixture_of_batches_and_of_transforms() -> None:
    wide = sb.Mixture(
        sb.Categorical(logits=np.log([[0.3, 0.7], [0.5, 0.5]])), [sb.Normal([0.0, 1.0], 1.0), sb.Normal(3.0, 2.0)]
    )
    assert wide.batch_shape == (2,)
    assert wide.sample(5, seed=0).shape == (5, 2)
    expected = np.log(0.3 * st.norm(0, 1).pdf(0.7) + 0.7 * st.norm(3, 2).pdf(0.7))
    assert wide.log_prob(0.7)[0] == pytest.approx(expected, rel=1e-12)
    nested = sb.Exp()(
        sb.Mixture(sb.Categorical(probs=[0.5, 0.5]), [sb.Normal(0.0, 1.0), sb.Exp()(sb.Normal(0.0, 0.3))])
    )
    by_hand = 0.5 * st.norm.pdf(np.log(2.0)) / 2.0 + 0.5 * st.lognorm(0.3).pdf(np.log(2.0)) / 2.0
    assert nested.prob(2.0) == pytest.approx(by_hand, rel=1e-12)


def test_mixture_of_vectors() -> None:
    parts = [sb.ScaleMatvecDiag([1.0, s])(sb.Normal(0.0, 1.0), event_shape=[2]) for s in (0.5, 2.0)]
    mixture = sb.Mixture(sb.Categorical(probs=[0.25, 0.75]), parts)
    point = np.array([0.3, -1.2])
    expected = 0.25 * st.multivariate_normal(cov=np.diag([1.0, 0.25])).pdf(point) + 0.75 * st.multivariate_normal(
        cov=np.diag([1.0, 4.0])
    ).pdf(point)
    assert mixture.prob(point) == pytest.approx(expected, rel=1e-12)
    assert mixture.sample((7, 3), seed=0).shape == (7, 3, 2)


def test_categorical() -> None:
    law = sb.Categorical(probs=[0.2, 0.0, 0.8])
    np.testing.assert_allclose(law.log_prob([0, 1, 2, 3, 0.5]), [np.log(0.2), -np.inf, np.log(0.8), -np.inf, -np.inf])
    np.testing.assert_allclose(law.cdf([-1, 0, 1.5, 9]), [0, 0.2, 0.2, 1.0])
    draws = law.sample(10000, seed=0)
    assert set(np.unique(draws)) == {0, 2}
    assert np.mean(draws == 2) == pytest.approx(0.8, abs=0.02)
    for wrong in ({}, {"probs": [0.5, 0.6]}, {"probs": [0.5, -0.5, 1.0]}, {"logits": [0.0, np.nan]}):
        with pytest.raises(sb.ParameterError):
            sb.Categorical(**wrong)


def test_shapes() -> None:
    base = sb.Normal(0.0, 1.0)
    vector = sb.TransformedDistribution(base, sb.Exp(), batch_shape=[2], event_shape=[3])
    assert (vector.batch_shape, vector.event_shape) == ((2,), (3,))
    draws = vector.sample((4, 5), seed=0)
    assert draws.shape == (4, 5, 2, 3)
    assert vector.log_prob(draws).shape == (4, 5, 2)
    assert len(np.unique(draws)) == draws.size, "draws are independent along every axis"
    np.testing.assert_allclose(vector.log_prob(draws), st.lognorm(1.0).logpdf(draws).sum(-1))
    pairs = sb.Cubic([1.0, -2.0], [-1.0, 0.4])(base)
    assert pairs.batch_shape == (2,)
    assert pairs.sample(7, seed=0).shape == (7, 2)
    assert pairs.log_prob(np.zeros((7, 1))).shape == (7, 2)
    up, down = pairs.cdf([0.3, 0.3])
    assert up == pytest.approx(st.norm.cdf(np.cbrt(0.3) + 1.0))
    assert down == pytest.approx(st.norm.sf((np.cbrt(0.3) - 0.4) / -2.0))


def test_fused_equals_parts() -> None:
    chain = sb.Chain([sb.Shift(0.3), sb.Softplus(), sb.SinhArcsinh(0.2, 1.4), sb.Scale(-1.5)])
    dist = chain(sb.Logistic(0.1, 0.7))
    y = dist.sample(200, seed=3)
    by_hand = sb.Logistic(0.1, 0.7).log_prob(chain.inverse(y)) + chain.inverse_log_det_jacobian(y)
    np.testing.assert_allclose(dist.log_prob(y), by_hand, rtol=1e-12, atol=1e-12)


def test_hand_written_bijector_in_a_distribution() -> None:
    class Doubled(sb.Bijector):
        def _forward(self, x: np.ndarray) -> np.ndarray:
            return -2.0 * x

        def _inverse(self, y: np.ndarray) -> np.ndarray:
            return -y / 2.0

        def _forward_log_det_jacobian(self, x: np.ndarray) -> np.ndarray:
            return np.log(2.0)  # a scalar, as constant Jacobians are often written

    dist = Doubled()(sb.Normal(1.0, 1.0))
    reference = st.norm(-2.0, 2.0)
    np.testing.assert_allclose(dist.log_prob(X[:-1]), reference.logpdf(X[:-1]), rtol=1e-12)
    np.testing.assert_allclose(dist.cdf(X), reference.cdf(X), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(dist.quantile([0.1, 0.9]), reference.ppf([0.1, 0.9]), rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: sb.Invert(sb.Exp())(sb.Normal(0.0, 1.0)), sb.DomainError, "mass"),
        (lambda: sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(sb.Exp()), event_shape=[2]),
         sb.DomainError, "mass"),
        (lambda: sb.ScaleMatvecDiag([1.0, 2.0])(sb.Normal(0.0, 1.0)), sb.ShapeError, "event_shape"),
        (lambda: sb.Normal(0.0, -1.0), sb.ParameterError, "scale"),
        (lambda: sb.Uniform(1.0, 1.0), sb.ParameterError, "high"),
        (lambda: sb.Normal(0.0), None, ""),
        (lambda: sb.Normal(0.0, 1.0).sample(-1), sb.ParameterError, "negative"),
        (lambda: sb.Normal(0.0, 1.0).log_prob("a"), sb.DataError, "value"),
        (lambda: sb.Mixture(sb.Categorical(probs=[1.0]), []), sb.UsageError, "components"),
        (lambda: sb.TransformedDistribution(sb.Exp(), sb.Exp()), sb.UsageError, "distribution"),
    ],
)  # fmt: skip
def test_errors(make: Any, error: type[Exception] | None, words: str) -> None:
    if error is None:
        make()
        return
    with pytest.raises(error, match=words):
        make()
