"""Bijectors with vector parameters: how vectors are given, what they broadcast to, sums over them, training."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import stats

import symbij as sb
from symbij.bijectors.vector import MAX_SIZE
from symbij.errors import FormulaSyntaxError, NotBijectiveError, ParameterError, ShapeError, UsageError

WEIGHTS, LOCS, SCALES = [0.3, 0.5, 0.2], [-1.0, 0.5, 4.0], [0.5, 1.0, 2.0]
X = np.array([-3.0, -0.4, 0.0, 1.7, 6.0])
Tanhs = sb.bijector("sum(w*tanh((x - m)/s)) + b*x", w=sb.vector(sb.positive), m=sb.vector(), s=sb.vector(sb.positive),
                    b=sb.positive)  # fmt: skip


def cdf(x: np.ndarray, weights: Any = WEIGHTS, locs: Any = LOCS, scales: Any = SCALES) -> np.ndarray:
    """The mixture's distribution function by scipy, components along the last axis."""
    w = np.asarray(weights) / np.sum(weights, axis=-1, keepdims=True)
    return np.sum(w * stats.norm.cdf(np.asarray(x)[..., None], locs, scales), axis=-1)


def pdf(x: np.ndarray) -> np.ndarray:
    """The mixture's density by scipy."""
    return np.sum(np.array(WEIGHTS) * stats.norm.pdf(x[..., None], LOCS, SCALES), axis=-1) / sum(WEIGHTS)


def test_mixture_is_scipys() -> None:
    mixture = sb.MixtureCDF(WEIGHTS, LOCS, SCALES)
    y, log_det = mixture.forward_and_log_det(X)
    np.testing.assert_allclose(y, cdf(X), rtol=1e-14)
    np.testing.assert_allclose(log_det, np.log(pdf(X)), rtol=1e-13)
    np.testing.assert_allclose(mixture.inverse(y), X, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(mixture.inverse_log_det_jacobian(y), -np.log(pdf(X)), rtol=1e-11)


def test_logistic_mixture_is_scipys() -> None:
    mixture = sb.LogisticMixtureCDF(WEIGHTS, LOCS, SCALES)
    parts = stats.logistic.cdf(X[:, None], LOCS, SCALES)
    np.testing.assert_allclose(mixture(X), parts @ WEIGHTS / sum(WEIGHTS), rtol=1e-14)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_bernstein_terms_are_laws_of_order_statistics(degree: int) -> None:
    weights = np.arange(1.0, degree + 1.0)
    x = np.array([0.0, 1e-8, 0.2, 0.5, 0.93, 1.0])
    j = np.arange(1, degree + 1)
    expected = stats.beta.cdf(x[:, None], j, degree - j + 1) @ weights / weights.sum()
    polynomial = sb.BernsteinPolynomial(weights)
    np.testing.assert_allclose(polynomial(x), expected, rtol=1e-14)
    np.testing.assert_allclose(polynomial.inverse(expected), x, rtol=1e-12)
    slope = stats.beta.pdf(x[1:-1, None], j, degree - j + 1) @ weights / weights.sum()
    np.testing.assert_allclose(polynomial.forward_log_det_jacobian(x[1:-1]), np.log(slope), rtol=1e-12, atol=1e-14)


# The ways to give a vector.


@pytest.mark.parametrize(
    "locs",
    [
        tuple(LOCS),
        np.array(LOCS),
        np.array(LOCS, dtype=np.float32),
        sb.Variable(LOCS),
        [sb.Variable(v) for v in LOCS],
        [sb.Variable(-1.0), 0.5, np.float64(4.0)],
        [np.array(v) for v in LOCS],
    ],
    ids=["tuple", "array", "float32", "variable", "variables", "mixed", "arrays without axes"],
)
def test_ways_to_give_a_vector(locs: Any) -> None:
    mixture = sb.MixtureCDF(WEIGHTS, locs, SCALES)
    np.testing.assert_array_equal(mixture(X), sb.MixtureCDF(WEIGHTS, LOCS, SCALES)(X))
    assert isinstance(mixture, sb.MixtureCDF)
    assert mixture.name == "mixture_cdf"


def test_leading_axes_broadcast() -> None:
    locs = np.array(LOCS) + np.array([[0.0], [1.0]])  # (2, 3)
    mixture = sb.MixtureCDF(WEIGHTS, locs, SCALES)
    assert mixture(0.5).shape == (2,)
    got = mixture(X[:, None])
    np.testing.assert_allclose(got, cdf(np.broadcast_to(X[:, None], (5, 2)), locs=locs), rtol=1e-14)
    for k in range(2):
        np.testing.assert_array_equal(got[:, k], sb.MixtureCDF(WEIGHTS, locs[k], SCALES)(X))
    assert sb.TransformedDistribution(sb.Uniform(), sb.Invert(mixture)).batch_shape == (2,)
    with pytest.raises(ShapeError):
        mixture(np.zeros(3))


def test_a_component_that_varies() -> None:
    varies = [np.array([-1.0, 0.0]), 0.5, 4.0]
    same = np.array([[-1.0, 0.5, 4.0], [0.0, 0.5, 4.0]])
    np.testing.assert_array_equal(
        sb.MixtureCDF(WEIGHTS, varies, SCALES)(0.3), sb.MixtureCDF(WEIGHTS, same, SCALES)(0.3)
    )
    np.testing.assert_array_equal(sb.MixtureCDF(WEIGHTS, varies, SCALES).locs, same)
    trained = sb.MixtureCDF(WEIGHTS, [*varies[:2], sb.Variable(4.0)], SCALES)
    np.testing.assert_array_equal(trained(0.3), sb.MixtureCDF(WEIGHTS, same, SCALES)(0.3))


def test_different_lengths() -> None:
    with pytest.raises(ParameterError, match=r"'weights' has 3 component\(s\), so that 'locs' must have 3; it has 2"):
        sb.MixtureCDF(WEIGHTS, [0.0, 1.0], SCALES)
    with pytest.raises(ParameterError, match="'scales' must have 3; it has 2"):
        sb.MixtureCDF(WEIGHTS, LOCS, [sb.Variable(1.0), 2.0])
    with pytest.raises(ParameterError, match=r"of_size\(2\) was given parameters of size 3"):
        sb.MixtureCDF.of_size(2)(WEIGHTS, LOCS, SCALES)


@pytest.mark.parametrize(
    ("locs", "message"),
    [
        (1.0, "'locs' is a vector and needs an axis of components"),
        (sb.Variable(1.0), "'locs' is a vector and needs an axis of components"),
        ("abc", "parameter 'locs'"),
        ([0.0, "b", 1.0], "parameter 'locs'"),
        ([0.0, np.nan, 1.0], r"'locs\[..., 1\]' must be real and finite"),
        ([sb.Variable(0.0), np.inf, 1.0], r"'locs\[..., 1\]' must be real and finite"),
        ([np.zeros(2), np.zeros(3), 0.0], "components of 'locs' do not broadcast"),
        ([sb.Variable(0.0), "b", 1.0], r"parameter 'locs\[1\]'"),
    ],
    ids=str,
)
def test_values_that_are_refused(locs: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        sb.MixtureCDF(WEIGHTS, locs, SCALES)


def test_constraints_name_the_component() -> None:
    with pytest.raises(ParameterError, match=r"'weights\[..., 1\]' must be positive, got -1.0"):
        sb.MixtureCDF([1.0, -1.0], [0.0, 1.0], [1.0, 1.0])
    sb.MixtureCDF([1.0, -0.5], [0.0, 1.0], [1.0, 1.0], validate_args=False)


def test_arguments() -> None:
    assert str(inspect.signature(sb.MixtureCDF)) == "(weights, locs, scales, *, validate_args=True, name=None)"
    assert sb.MixtureCDF(weights=WEIGHTS, scales=SCALES, locs=LOCS, name="mine").name == "mine"
    with pytest.raises(ParameterError, match="parameter 'scales' is missing"):
        sb.MixtureCDF(WEIGHTS, LOCS)
    with pytest.raises(ParameterError, match="no parameter 'loc'"):
        sb.MixtureCDF(WEIGHTS, loc=LOCS)
    with pytest.raises(ParameterError, match="takes 3 parameter"):
        sb.MixtureCDF(WEIGHTS, LOCS, SCALES, 1.0)


@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1, 2.0, True])
def test_sizes_that_are_refused(size: Any) -> None:
    with pytest.raises(ParameterError):
        sb.MixtureCDF.of_size(size)


# The class, its members and its instances.


def test_members_are_made_once() -> None:
    member = sb.MixtureCDF.of_size(3)
    mixture = sb.MixtureCDF(WEIGHTS, LOCS, SCALES)
    assert type(mixture) is member is sb.MixtureCDF.of_size(np.int64(3)) is member.of_size(3)
    assert member.of_size(2) is sb.MixtureCDF.of_size(2)
    assert issubclass(member, sb.MixtureCDF)
    assert member(WEIGHTS, LOCS, SCALES) == mixture
    assert sb.MixtureCDF(WEIGHTS[:2], LOCS[:2], SCALES[:2]) != mixture


def test_derivation_belongs_to_a_size() -> None:
    mixture = sb.MixtureCDF(WEIGHTS, LOCS, SCALES)
    assert mixture.derivation is sb.MixtureCDF.of_size(3).derivation
    names = [p.name for p in mixture.derivation.formula.parameters]
    assert names == [f"{v}_{k}" for v in ("weights", "locs", "scales") for k in range(3)]
    assert mixture.derivation.status == "proved"
    for attribute in ("derivation", "formula"):
        with pytest.raises(UsageError, match=r"MixtureCDF.of_size\(n\)"):
            getattr(sb.MixtureCDF, attribute)


def test_parameters_are_the_vectors() -> None:
    mixture = sb.MixtureCDF(WEIGHTS, sb.Variable(LOCS), [1.0, sb.Variable(2.0), 3.0])
    assert list(mixture.parameters) == ["weights", "locs", "scales"]
    np.testing.assert_array_equal(mixture.weights, WEIGHTS)
    assert len(mixture.scales) == 3
    assert len(mixture.trainable_variables) == 2
    shown = "MixtureCDF(weights=[0.3 0.5 0.2], locs=Variable([-1.   0.5  4. ]), scales=[1., Variable(2.), 3.])"
    assert repr(mixture) == shown
    with pytest.raises(UsageError, match="cannot be changed"):
        mixture.weights = [1.0]
    with pytest.raises(ValueError, match="read-only"):
        mixture.weights[0] = 2.0


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))],
                         ids=["copy", "deepcopy", "pickle"])  # fmt: skip
def test_copies(make: Any) -> None:
    mixture = sb.MixtureCDF(WEIGHTS, LOCS, SCALES)
    assert make(mixture) == mixture
    trained = sb.MixtureCDF(WEIGHTS, [sb.Variable(v) for v in LOCS], SCALES)
    np.testing.assert_array_equal(make(trained)(X), mixture(X))
    own = Tanhs([1.0, 2.0], [0.0, 1.0], [1.0, 1.0], 0.5)
    np.testing.assert_array_equal(make(own)(X), own(X))
    assert type(make(own)) is type(make(own))


def test_chains_and_inverses() -> None:
    mixture = sb.MixtureCDF(WEIGHTS, LOCS, SCALES)
    chain = sb.Chain([sb.Invert(sb.NormalCDF()), mixture])
    z, log_det = chain.forward_and_log_det(X)
    np.testing.assert_allclose(z, stats.norm.ppf(cdf(X)), rtol=1e-12)
    np.testing.assert_allclose(log_det, np.log(pdf(X)) - stats.norm.logpdf(z), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(chain.inverse(z), X, rtol=1e-10, atol=1e-12)
    assert len(chain._parts()) == 1  # one kernel


# Formulas of users.


def test_formula_in_text() -> None:
    w, m, s = np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.4, 2.0])
    bijector = Tanhs(w, m, s, 0.5)
    expected = np.sum(w * np.tanh((X[:, None] - m) / s), axis=-1) + 0.5 * X
    np.testing.assert_allclose(bijector(X), expected, rtol=1e-14)
    np.testing.assert_allclose(bijector.inverse(expected), X, rtol=1e-12, atol=1e-14)
    assert bijector.b == 0.5
    assert "shape (..., n), positive" in (Tanhs.__doc__ or "")
    assert "b: positive" in (Tanhs.__doc__ or "")


def test_sums_in_sums_have_their_own_components() -> None:
    nested = sb.bijector("sum(w/sum(w)*tanh(x/s)) + x", w=sb.vector(sb.positive), s=sb.vector(sb.positive))
    w, s = np.array([1.0, 3.0]), np.array([0.5, 2.0])
    expected = np.sum(w / w.sum() * np.tanh(X[:, None] / s), axis=-1) + X
    np.testing.assert_allclose(nested(w, s)(X), expected, rtol=1e-14)


def test_vectors_with_an_offset() -> None:
    """Slopes at the inner knots: one less than there are pieces; two sums over vectors of different lengths."""
    mapped = sb.bijector("sum(w)*x + sum(exp(d*x))", w=sb.vector(sb.positive), d=sb.vector(sb.positive, offset=-1))
    bijector = mapped([1.0, 2.0, 3.0], [0.5, 0.7])
    np.testing.assert_allclose(bijector(X), 6 * X + np.exp(0.5 * X) + np.exp(0.7 * X), rtol=1e-14)
    with pytest.raises(ParameterError, match=r"'w' has 3 component\(s\), so that 'd' must have 2; it has 3"):
        mapped([1.0, 2.0, 3.0], [0.5, 0.7, 0.1])
    with pytest.raises(FormulaSyntaxError, match="over 'w' with 2 and 'd' with 3 components"):
        sb.bijector("sum(w*d*x)", w=sb.vector(sb.positive), d=sb.vector(sb.positive, offset=1))


def test_ends_of_the_domain_can_be_sums() -> None:
    power = sb.bijector("(x/sum(w))**3", domain=(0, "sum(w)"), w=sb.vector(sb.positive))
    bijector = power([1.0, 2.5])
    np.testing.assert_array_equal(bijector._support()[1], 3.5)
    np.testing.assert_allclose(bijector(7.0 / 4.0), 0.125, rtol=1e-15)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("sum(w*x) + w", "'w' is a vector, and has a meaning inside sum"),
        ("w*x", "'w' is a vector, and has a meaning inside sum"),
        ("sum(w) + sum(x)", "has none in it"),
        ("sum(w, x)", "takes one argument"),
        ("sum(*w)", "takes one argument"),
        ("sum()*w", "takes one argument"),
        ("sum(w*x", "cannot read the formula"),
        ("sum(w > x)", "a comparison cannot be used as a number"),
        ("sum(w*" * 30 + "x" + ")" * 30, "more than 20000 parts when its sums are written out"),
    ],
)
def test_formulas_that_are_refused(formula: str, message: str) -> None:
    with pytest.raises(FormulaSyntaxError, match=message):
        sb.bijector(formula, w=sb.vector(sb.positive))


def test_errors_point_into_the_text() -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        sb.bijector("x + w", w=sb.vector())
    assert caught.value.column == 4


def test_declarations_that_are_refused() -> None:
    with pytest.raises(ParameterError, match="'v', which is not a parameter of the formula"):
        sb.bijector("sum(w*x)", w=sb.vector(sb.positive), v=sb.vector())
    with pytest.raises(ParameterError, match="'w_0' is both a parameter and the name of a component"):
        sb.bijector("sum(w*x) + w_0", w=sb.vector(sb.positive))
    with pytest.raises(ParameterError, match="'of_size' cannot be the name of a parameter"):
        sb.bijector("sum(of_size*x)", of_size=sb.vector(sb.positive))
    with pytest.raises(NotBijectiveError):
        sb.bijector("sum(w*x**2)", w=sb.vector(sb.positive))
    with pytest.raises(ParameterError, match="offset must be a whole number"):
        sb.vector(sb.positive, offset=0.5)
    with pytest.raises(ParameterError, match="constraint of parameter"):
        sb.vector("none such")
    with pytest.raises(FormulaSyntaxError, match="has none in it"):
        sb.bijector("sum(x)")


def test_functions_have_no_vectors() -> None:
    def mapped(x: Any, w: sb.vector(sb.positive)) -> Any:  # type: ignore[valid-type]
        return x * w

    with pytest.raises(ParameterError, match="only a formula in text can have"):
        sb.bijector(mapped)
    with pytest.raises(FormulaSyntaxError, match="need a formula in text"):
        sb.bijector(lambda x, w: x * w, w=sb.vector())


# Training.


def draws(count: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    which = rng.random(count) < 0.3
    return np.where(which, rng.normal(-2.0, 0.5, count), rng.normal(1.5, 1.0, count))


def law(weights: Any, locs: Any, scales: Any) -> sb.TransformedDistribution:
    """The law whose distribution function is the mixture's."""
    return sb.TransformedDistribution(sb.Uniform(), sb.Invert(sb.MixtureCDF(weights, locs, scales)))


@pytest.mark.parametrize("whole", [True, False], ids=["one variable", "a list of variables"])
def test_fit(whole: bool) -> None:
    data = draws(2000)
    locs, scales = ([0.0, 1.0], [1.0, 1.0])
    if whole:
        dist = law([1.0, sb.Variable(1.0)], sb.Variable(locs), sb.Variable(scales))
    else:
        dist = law([1.0, sb.Variable(1.0)], [sb.Variable(v) for v in locs], [sb.Variable(v) for v in scales])
    result = sb.fit(dist, data, method="lbfgs")
    assert result.converged
    fitted = result.distribution.bijector.bijector
    assert isinstance(fitted, sb.MixtureCDF)
    assert ("bijector.locs" in result.parameters) == whole
    assert ("bijector.locs.0" in result.parameters) != whole
    locs, scales = (np.array([float(v) for v in np.ravel(getattr(fitted, k))]) for k in ("locs", "scales"))
    weights = np.array([float(v) for v in fitted.weights])
    np.testing.assert_allclose(np.sort(locs), [-2.0, 1.5], atol=0.1)
    np.testing.assert_allclose(scales[np.argsort(locs)], [0.5, 1.0], atol=0.1)
    # the maximum: scipy's likelihood there is no smaller than beside it
    best = -np.mean(np.log(scipy_density(data, weights, locs, scales)))
    assert best == pytest.approx(-result.log_likelihood / data.size, rel=1e-10)
    for k in range(2):
        for step in (-0.05, 0.05):
            beside = locs + step * np.eye(2)[k]
            assert -np.mean(np.log(scipy_density(data, weights, beside, scales))) > best
    assert [float(v) for v in np.ravel(dist.trainable_variables[0])] == [1.0]  # what was given is left alone


def scipy_density(x: np.ndarray, weights: np.ndarray, locs: np.ndarray, scales: np.ndarray) -> np.ndarray:
    return stats.norm.pdf(x[:, None], locs, scales) @ weights / weights.sum()


def test_fit_of_a_batch() -> None:
    """A variable of shape (2, 2): two laws of two components each, trained at once."""
    data = np.stack([draws(500), draws(500) + 1.0], axis=-1)
    start = sb.Variable([[-1.0, 1.0], [0.0, 2.0]])
    result = sb.fit(law([0.3, 0.7], start, [0.5, 1.0]), data, method="lbfgs")
    locs = result.parameters["bijector.locs"]
    np.testing.assert_allclose(locs, [[-2.0, 1.5], [-1.0, 2.5]], atol=0.15)
    for k in range(2):
        alone = sb.fit(law([0.3, 0.7], sb.Variable(start.value[k]), [0.5, 1.0]), data[:, k], method="lbfgs")
        np.testing.assert_allclose(alone.parameters["bijector.locs"], locs[k], rtol=1e-4)


def test_programs_come_from_the_disk(tmp_path: Any) -> None:
    """A second process computes the same without deriving anything."""
    code = (
        "import symbij as sb, sys, symbij.calculus.derivation as d; "
        "made = []; plain = d.derive; d.derive = lambda f: made.append(1) or plain(f); "
        "T = sb.bijector('sum(w*tanh(x)) + x', w=sb.vector(sb.positive)); "
        "print(sb.LogisticMixtureCDF([1., 2.], [0., 1.], [1., 2.])(0.3), T([1., 2.])(0.5), len(made))"
    )
    outputs = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "SYMBIJ_CACHE_DIR": str(tmp_path)},
        )  # fmt: skip
        outputs.append(done.stdout.split())
    assert outputs[0][:2] == outputs[1][:2]
    assert int(outputs[0][2]) > 0
    assert int(outputs[1][2]) == 0
