"""Laws of maps that take several inputs to one output, against scipy.stats, mpmath and their own invariants."""

from __future__ import annotations

import copy
import functools
import pickle
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import integrate

import symbij as sb

TURN = 2 * np.pi
P = np.array([1e-12, 1e-5, 0.01, 0.1, 0.5, 0.9, 0.999, 1 - 1e-10])


def folding(formula: str, domain: Any = None, parameters: dict[str, Any] | None = None, **constraints: Any) -> Any:
    return declared(formula, domain, tuple(constraints.items()))(**(parameters or {}))


@functools.cache
def declared(formula: str, domain: Any, constraints: tuple[tuple[str, Any], ...]) -> Any:
    return sb.bijector(formula, many_to_one=True, domain=domain, **dict(constraints))


class Cosh:
    """The law of cosh(X) for a normal X, from the definition: P(cosh X <= y) = 2 Phi(acosh y) - 1."""

    def logpdf(self, y: Any) -> Any:
        with np.errstate(all="ignore"):
            x = np.arccosh(y)
            return np.where(y < 1, -np.inf, np.log(2) + st.norm.logpdf(x) - np.log(y - 1) / 2 - np.log(y + 1) / 2)

    def cdf(self, y: Any) -> Any:
        return 2 * st.norm.cdf(np.arccosh(np.maximum(y, 1.0))) - 1

    def sf(self, y: Any) -> Any:
        return 2 * st.norm.sf(np.arccosh(np.maximum(y, 1.0)))

    def ppf(self, p: Any) -> Any:
        return np.cosh(st.norm.isf((1 - p) / 2))


HALF_LINE = np.array([-1.0, -1e-9, 1e-6, 0.01, 0.3, 1.0, 2.5, 7.0, 30.0])
LAWS: dict[str, tuple[Any, Any, np.ndarray]] = {
    "chi2": (lambda: folding("x**2")(sb.Normal(0.0, 1.0)), st.chi2(1), HALF_LINE),
    "ncx2": (lambda: folding("(x - m)**2/s", None, {"m": -0.7, "s": 2.0}, s=sb.positive)(sb.Normal(0.8, 1.0)),
             st.ncx2(1, 2.25, scale=0.5), HALF_LINE),
    "foldnorm": (lambda: folding("abs(x)")(sb.Normal(0.7, 1.0)), st.foldnorm(0.7), HALF_LINE),
    "foldcauchy": (lambda: folding("abs(x)")(sb.bijector("tan(x)", domain=("-pi/2", "pi/2"))()(
        sb.Uniform(-np.pi / 2, np.pi / 2))), st.foldcauchy(0.0), HALF_LINE),
    "halflogistic": (lambda: folding("abs(x)")(sb.Logistic(0.0, 1.0)), st.halflogistic(), HALF_LINE),
    "levy": (lambda: folding("1/x**2")(sb.Normal(0.0, 1.0)), st.levy(), HALF_LINE[3:]),
    "gamma": (lambda: sb.Scale(-0.5)(folding("-x**2")(sb.Normal(0.0, 1.0))), st.gamma(0.5), HALF_LINE),
    "arcsine": (lambda: folding("sin(x)", (0, TURN))(sb.Uniform(0.0, TURN)), st.arcsine(-1, 2),
                np.linspace(-1.19, 1.21, 21)),
    "arcsine_of_cosine": (lambda: folding("cos(x)", (0, "7*pi"))(sb.Uniform(0.0, 7 * np.pi)), st.arcsine(-1, 2),
                          np.linspace(-1.19, 1.21, 21)),
    "cauchy": (lambda: folding("tan(x)", ("-pi", "pi"))(sb.Uniform(-np.pi, np.pi)), st.cauchy(),
               np.linspace(-5.3, 6.1, 20)),
    "one_over_cauchy": (lambda: folding("1/x")(folding("tan(x)", ("-pi", "pi"))(sb.Uniform(-np.pi, np.pi))),
                        st.cauchy(), np.linspace(-5.3, 6.1, 20)),
    "cosh": (lambda: folding("cosh(x)")(sb.Normal(0.0, 1.0)), Cosh(), 1.0 + HALF_LINE),
    "lognormal_squared": (lambda: folding("log(x)**2")(sb.Exp()(sb.Normal(0.0, 1.0))), st.chi2(1), HALF_LINE),
    "exponential": (lambda: sb.Scale(0.5)(folding("x**2")(sb.Normal(0.0, 1.0))), st.gamma(0.5), HALF_LINE),
}  # fmt: skip


@pytest.fixture(params=LAWS, ids=list(LAWS))
def law(request: pytest.FixtureRequest) -> tuple[sb.Distribution, Any, np.ndarray]:
    make, reference, y = LAWS[request.param]
    return make(), reference, y


def test_against_scipy(law: tuple[sb.Distribution, Any, np.ndarray]) -> None:
    ours, reference, y = law
    np.testing.assert_allclose(ours.log_prob(y), reference.logpdf(y), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.prob(y), np.exp(reference.logpdf(y)), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(ours.cdf(y), reference.cdf(y), rtol=1e-10, atol=3e-16)
    np.testing.assert_allclose(ours.survival_function(y), reference.sf(y), rtol=1e-10, atol=3e-16)
    p = P[2:-1]
    np.testing.assert_allclose(ours.quantile(p), reference.ppf(p), rtol=1e-9, atol=1e-12)


def test_samples_follow_the_law(law: tuple[sb.Distribution, Any, np.ndarray]) -> None:
    ours, reference, _ = law
    draws = ours.sample(4000, seed=5)
    assert draws.shape == (4000,)
    assert st.kstest(draws, reference.cdf).pvalue > 1e-3
    assert st.kstest(draws, ours.cdf).pvalue > 1e-3
    lo, hi = ours._support()
    assert np.all((draws >= lo) & (draws <= hi))


def test_ends_and_nan(law: tuple[sb.Distribution, Any, np.ndarray]) -> None:
    ours, _, _ = law
    lo, hi = ours._support()
    assert np.isnan(ours.log_prob(np.nan))
    assert np.isnan(ours.cdf(np.nan))
    assert np.all(np.isnan(ours.quantile([np.nan, -0.1, 1.1])))
    np.testing.assert_array_equal(ours.quantile([0.0, 1.0]), [lo, hi])
    np.testing.assert_array_equal(ours.cdf([lo, hi]), [0.0, 1.0])
    np.testing.assert_array_equal(ours.survival_function([lo, hi]), [1.0, 0.0])
    if np.isfinite(lo):
        assert ours.log_prob(lo - 1.0) == -np.inf
        assert ours.cdf(lo - 1.0) == 0.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: folding("x**2")(sb.Normal(0.5, 1.3)),
        lambda: folding("abs(x)")(sb.SinhArcsinh(0.3, 1.2)(sb.Normal(0.0, 1.0))),
        lambda: folding("sin(x)", (-4, 4))(sb.Uniform(-4.0, 4.0)),
        lambda: folding("exp(-x**2)")(sb.Normal(0.5, 1.0)),
        lambda: folding("log1p((a*x)**2)", None, {"a": -3.0})(sb.Logistic(0.2, 1.0)),
        lambda: folding("(x**2 - 1)**2")(sb.Normal(0.2, 0.9)),
        lambda: folding("x**2 + x**4")(sb.Normal(0.2, 0.9)),
        lambda: sb.Mixture(
            sb.Categorical(probs=[0.3, 0.7]), [folding("cosh(x)")(sb.Normal(0.0, 1.0)), sb.Normal(2.0, 1.0)]
        ),
    ],
)  # fmt: skip
def test_density_integrates_to_one_and_to_the_distribution_function(make: Any) -> None:
    """In pieces between quantiles and the places where branches meet, where the density may have poles."""
    law = make()
    ends = [float(law.quantile(p)) for p in (1e-9, 0.1, 0.3, 0.5, 0.7, 0.9, 1 - 1e-9)]
    branches = law.parameters["bijector"].branches if "bijector" in law.parameters else ()
    jumps = (-1.0, 0.0, 1.0, *(float(end) for branch in branches for end in branch._range()))
    cuts = sorted({*ends, *(e for e in jumps if ends[0] < e < ends[-1])})
    total = 0.0
    for a, b in pairwise(cuts):
        part = integral(law, a, b)
        assert part == pytest.approx(float(law.cdf(b) - law.cdf(a)), abs=2e-7)
        total += part
    assert total == pytest.approx(1.0 - 2e-9, abs=1e-6)


def integral(law: sb.Distribution, a: float, b: float) -> float:
    """The integral of the density over (a, b), substituted so that inverse square roots at both ends are tame."""
    middle = (a + b) / 2
    left, _ = integrate.fixed_quad(lambda t: law.prob(a + t * t) * 2 * t, 0.0, np.sqrt(middle - a), n=300)
    right, _ = integrate.fixed_quad(lambda t: law.prob(b - t * t) * 2 * t, 0.0, np.sqrt(b - middle), n=300)
    return left + right


def test_tails_of_chi_square_are_relative() -> None:
    """Where differences of the normal distribution function would cancel."""
    law = folding("x**2")(sb.Normal(0.0, 1.0))
    for y in (1e-300, 1e-30, 1e-12, 1e-6, 1e-3, 0.2, 3.0, 50.0, 700.0):
        with mpmath.workdps(60):
            below, above = (float(f(mpmath.sqrt(mpmath.mpf(y) / 2))) for f in (mpmath.erf, mpmath.erfc))
        assert law.cdf(y) == pytest.approx(below, rel=1e-13)
        assert law.survival_function(y) == pytest.approx(above, rel=1e-12)
    p = np.array([1e-100, 1e-10, 1e-3, 0.5, 0.99])
    np.testing.assert_allclose(law.cdf(law.quantile(p)), p, rtol=1e-13)


@settings(max_examples=40, deadline=None)
@given(some.floats(1e-6, 1 - 1e-6), some.floats(-3, 3), some.floats(0.1, 5))
def test_quantile_inverts_cdf(p: float, loc: float, scale: float) -> None:
    law = folding("cosh(x)")(sb.Normal(loc, scale))
    y = law.quantile(p)
    assert law.cdf(y) == pytest.approx(p, rel=1e-9, abs=4 * float(law.prob(y)) * np.spacing(y))


def test_density_where_branches_meet_or_end() -> None:
    assert folding("abs(x)")(sb.Normal(0.7, 1.0)).log_prob(0.0) == pytest.approx(st.foldnorm(0.7).logpdf(0.0))
    assert folding("-abs(x)")(sb.Normal(0.7, 1.0)).log_prob(0.0) == pytest.approx(st.foldnorm(0.7).logpdf(0.0))
    circle = folding("sin(x)", (0, "2*pi"))(sb.Uniform(0.0, TURN))
    assert circle.prob(0.0) == pytest.approx(1 / np.pi)  # sin is 0 at 0, pi and 2 pi, of which the ends make one
    squared = folding("x**2")(sb.Uniform(1.0, 2.0))  # no mass near 0, where the derivative vanishes
    np.testing.assert_array_equal(squared.log_prob([0.0, 0.5, 4.5]), -np.inf)
    assert squared._support() == (1.0, 4.0)
    assert squared.cdf(2.25) == pytest.approx(0.5)


def test_shapes() -> None:
    parabola = sb.bijector("(x - m)**2", many_to_one=True)(m=[0.0, 1.0, 2.0])
    law = parabola(sb.Normal([[0.0], [1.0]], 1.0))
    assert law.batch_shape == (2, 3)
    draws = law.sample(5, seed=0)
    assert draws.shape == (5, 2, 3)
    assert law.log_prob(draws).shape == law.cdf(draws).shape == law.quantile(np.full((5, 1, 1), 0.3)).shape == (5, 2, 3)
    np.testing.assert_allclose(law.cdf(1.7)[1, 2], st.ncx2(1, 1.0).cdf(1.7), rtol=1e-12)
    events = sb.TransformedDistribution(sb.Normal(0.0, 1.0), folding("x**2"), event_shape=[4])
    y = events.sample(3, seed=1)
    assert y.shape == (3, 4)
    np.testing.assert_allclose(events.log_prob(y), st.chi2(1).logpdf(y).sum(-1), rtol=1e-12)
    with pytest.raises(sb.UsageError, match="events of shape"):
        events.cdf(y)
    single = folding("x**2")(sb.Normal(0.0, 1.0)).log_prob(np.float32([0.5, 2.0]))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, st.chi2(1).logpdf([0.5, 2.0]), rtol=1e-6)


def test_of_a_law_that_is_not_made_of_formulas() -> None:
    class Doubled(sb.Bijector):
        def _forward(self, x: np.ndarray) -> np.ndarray:
            return 2.0 * x

        def _inverse(self, y: np.ndarray) -> np.ndarray:
            return y / 2.0

        def _forward_log_det_jacobian(self, x: np.ndarray) -> np.ndarray:
            return np.log(2.0)

    law = folding("x**2")(Doubled()(sb.Normal(0.0, 1.0)))
    y = np.array([-1.0, 0.3, 2.0, np.nan])
    np.testing.assert_allclose(law.log_prob(y), [-np.inf, *st.chi2(1, scale=4).logpdf(y[1:3]), np.nan], rtol=1e-12)
    np.testing.assert_allclose(law.cdf(y[:3]), st.chi2(1, scale=4).cdf(y[:3]), rtol=1e-12)


def test_copies_and_pickles() -> None:
    law = folding("x**2")(sb.Normal(0.0, 1.0))
    for same in (copy.copy(law), copy.deepcopy(law), pickle.loads(pickle.dumps(law))):
        assert type(same) is type(law)
        assert same.log_prob(0.7) == law.log_prob(0.7)
    assert isinstance(law, sb.TransformedDistribution)


def test_mass_where_the_map_is_not_defined() -> None:
    outside = folding("sqrt(x**2 - 1)")
    with pytest.raises(sb.DomainError, match="between -1 and 1"):
        outside(sb.Normal(0.0, 1.0))
    law = outside(sb.Uniform(2.0, 3.0))
    np.testing.assert_allclose(law._support(), np.sqrt([3.0, 8.0]))
    with pytest.raises(sb.DomainError, match="mass"):
        folding("sin(x)", (0, 3))(sb.Normal(0.0, 1.0))
    with pytest.raises(sb.UsageError, match="scalar laws"):
        folding("x**2")(sb.ScaleMatvecDiag([1.0, 2.0])(sb.Normal(0.0, 1.0), event_shape=[2]))


def test_fit_of_a_folded_normal_law() -> None:
    data = np.abs(np.random.default_rng(3).normal(1.2, 0.8, 3000))
    law = folding("abs(x)")(sb.Normal(sb.Variable(0.5), sb.Variable(1.0)))
    result = sb.fit(law, data, method="lbfgs")
    shape, _, scale = st.foldnorm.fit(data, floc=0)
    assert result.parameters["distribution.loc"] == pytest.approx(shape * scale, rel=1e-3)
    assert result.parameters["distribution.scale"] == pytest.approx(scale, rel=1e-3)
    assert result.log_likelihood == pytest.approx(st.foldnorm(shape, 0, scale).logpdf(data).sum(), rel=1e-6)


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_fit_of_a_map_with_parameters(method: str) -> None:
    """The parameters of the map itself, where its branches, their ends and the support depend on them."""
    truth = sb.bijector("b + s*(x - m)**2", many_to_one=True, s=sb.positive)
    data = truth(b=-1.0, s=0.5, m=1.5)(sb.Normal(0.0, 1.0)).sample(4000, seed=2)
    start = truth(b=-1.0, s=sb.Variable(1.0), m=sb.Variable(0.8))(sb.Normal(0.0, 1.0))
    result = sb.fit(start, data, method=method, seed=0, **({} if method == "lbfgs" else {"learning_rate": 0.01}))
    assert result.parameters["bijector.s"] == pytest.approx(0.5, abs=0.05)
    assert result.parameters["bijector.m"] == pytest.approx(1.5, abs=0.1)
    expected = st.ncx2(1, result.parameters["bijector.m"] ** 2, loc=-1.0, scale=result.parameters["bijector.s"])
    assert result.log_likelihood == pytest.approx(expected.logpdf(data).sum(), rel=1e-8)


def test_fit_next_to_the_top_of_sine() -> None:
    """Branches that do not reach a y leave no NaN in the gradient."""
    data = np.random.default_rng(0).normal(0.4, 0.6, 2000)
    data = np.sin(data[np.abs(data) < 3.0])
    base = sb.Normal(sb.Variable(0.0), sb.Variable(1.0))
    law = sb.TransformedDistribution(base, folding("sin(x)", (-9, 9)), validate_args=False)  # as good as all its mass
    result = sb.fit(law, data, method="lbfgs")
    assert result.converged
    assert result.parameters["distribution.loc"] == pytest.approx(0.4, abs=0.1)
    assert result.parameters["distribution.scale"] == pytest.approx(0.6, abs=0.1)
