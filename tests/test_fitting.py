"""Fitting: gradients, optimisers, constraints, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import symbij as sb
from symbij.fitting import optimise
from symbij.fitting.objective import Objective, constraining_bijector


def cubic_model(a: float = 0.25, b: float = -0.1) -> sb.TransformedDistribution:
    return sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(sb.Cubic(a=sb.Variable(a), b=sb.Variable(b))))


def two_modes(n: int, seed: int) -> np.ndarray:
    return sb.Mixture(sb.Categorical(probs=[0.45, 0.55]), [sb.Normal(2.3, 0.4), sb.Normal(-0.8, 0.4)]).sample(
        n, seed=seed
    )


V = sb.Variable
Sum = {"a": sb.positive, "k": sb.positive, "s": sb.positive}

MODELS: dict[str, Any] = {
    "cubic": lambda: cubic_model(),
    "normal": lambda: sb.Normal(V(0.3), V(1.2)),
    "logistic": lambda: sb.Logistic(V(0.3), V(1.2)),
    "chain": lambda: sb.Chain([sb.Shift(V(0.2)), sb.Scale(V(-1.3)), sb.SinhArcsinh(V(0.1), V(0.9))])(
        sb.Normal(0.0, V(1.1))
    ),
    "softfloor": lambda: sb.Chain([sb.Scale(V(1.3)), sb.Softfloor(V(0.6))])(sb.Normal(0.1, 1.0)),
    "sum": lambda: sb.Invert(sb.bijector("a*x + b + k*tanh((x - m)/s)", **Sum)(V(0.7), V(0.1), V(0.5), V(0.2), V(0.4)))(
        sb.Normal(0.0, 1.0)
    ),
    "root": lambda: sb.bijector("a*x + k*tanh(x/s)", **Sum)(V(0.7), V(0.5), V(0.4))(sb.Normal(0.0, 1.0)),
    "steep end": lambda: sb.bijector("b*x + log(x - 0.6)", b=sb.positive)(V(0.7))(
        sb.Chain([sb.Shift(0.6), sb.Exp()])(sb.Normal(V(-1.5), V(1.0)))
    ),
    "steep end at zero": lambda: (
        lambda a: sb.bijector("x + b*log(x - a)", domain=("a", "oo"), b=sb.positive)(a=a, b=V(0.7))(
            sb.Chain([sb.Shift(a), sb.Exp()])(sb.Normal(V(-1.5), V(1.0)))
        )
    )(V(0.0)),
    "mixture": lambda: sb.Mixture(
        sb.Categorical(logits=V([0.2, -0.1])), [sb.Normal(V(2.0), V(0.5)), sb.Logistic(V(-1.0), V(0.7))]
    ),
    "unit": lambda: sb.Invert(sb.bijector("logit(w*sigmoid(x) + (1 - w)*sigmoid(2*x + 1))", w=sb.unit)(V(0.3)))(
        sb.Logistic(0.0, 1.0)
    ),
    "shared": lambda: (lambda v: sb.Chain([sb.Scale(v), sb.SinhArcsinh(0.1, v)])(sb.Normal(0.0, 1.0)))(V(1.1)),
    "power": lambda: sb.bijector("x**p", p=sb.positive)(V(1.3))(sb.Exp()(sb.Normal(V(0.1), 0.5))),
}


@pytest.mark.parametrize("name", MODELS)
def test_gradient_against_differences(name: str) -> None:
    dist = MODELS[name]()
    x = dist.sample(400, seed=1)
    objective = Objective(dist, dist._trainable_density())
    data, theta = objective.prepare(x), objective.start()
    loss, grad = objective.loss(theta, data)
    assert loss == pytest.approx(-np.mean(dist.log_prob(x)), rel=1e-12)
    for k in range(theta.size):
        h = 1e-3 * max(1.0, abs(theta[k]))
        steps = [objective.loss(theta + np.eye(theta.size)[k] * s * h, data)[0] for s in (-2, -1, 1, 2)]
        difference = (steps[0] - 8 * steps[1] + 8 * steps[2] - steps[3]) / (12 * h)
        assert grad[k] == pytest.approx(difference, rel=2e-6, abs=2e-7), f"element {k}"


@pytest.mark.parametrize("method", ["adam", "lbfgs"])
def test_normal_reaches_the_closed_form(method: str) -> None:
    x = st.norm(3.0, 0.7).rvs(2000, random_state=0)
    result = sb.fit(sb.Normal(V(2.0), V(1.0)), x, method=method, epochs=60, learning_rate=0.02, batch_size=100, seed=0)
    tolerance = 1e-6 if method == "lbfgs" else 0.05
    assert result.parameters["loc"] == pytest.approx(x.mean(), abs=tolerance)
    assert result.parameters["scale"] == pytest.approx(x.std(), abs=tolerance)
    if method == "lbfgs":
        assert result.converged
        assert result.standard_errors["loc"] == pytest.approx(x.std() / np.sqrt(2000), rel=1e-5)
        assert result.standard_errors["scale"] == pytest.approx(x.std() / np.sqrt(4000), rel=1e-4)
        assert result.log_likelihood == pytest.approx(st.norm(x.mean(), x.std()).logpdf(x).sum(), rel=1e-10)


def test_nothing_is_changed_by_a_fit() -> None:
    dist = cubic_model()
    before = [v.value.copy() for v in dist.trainable_variables]
    result = sb.fit(dist, two_modes(500, 0), epochs=2, seed=0)
    assert [float(v) for v in dist.trainable_variables] == [float(b) for b in before]
    assert result.distribution is not dist
    assert list(result.parameters) == ["bijector.a", "bijector.b"]
    fitted = {float(v) for v in result.distribution.trainable_variables}
    assert fitted == set(result.parameters.values())
    with pytest.raises(ValueError, match="read-only"):
        dist.trainable_variables[0].value[...] = 1.0


def test_seeds_reproduce() -> None:
    x = two_modes(1000, 0)
    first, second = (sb.fit(cubic_model(), x, epochs=3, seed=7) for _ in range(2))
    assert first.parameters == second.parameters
    assert first.history == second.history
    assert sb.fit(cubic_model(), x, epochs=3, seed=8).parameters != first.parameters


def test_history_and_validation() -> None:
    result = sb.fit(cubic_model(), two_modes(1000, 0), validation=two_modes(300, 1), epochs=5, seed=0)
    assert len(result.history["train"]) == len(result.history["validation"]) == 5
    expected = -np.mean(result.distribution.log_prob(two_modes(300, 1)))
    assert result.history["validation"][-1] == pytest.approx(expected, rel=1e-12)
    assert "log-likelihood" in str(result)


def test_constraints_hold() -> None:
    x = st.expon.rvs(size=300, random_state=0) + 1e-3
    cls = sb.bijector("exp(k*log(x)/n + c)", k=sb.positive, n=sb.interval(1, 2), c=sb.negative)
    result = sb.fit(
        sb.Invert(cls(V(0.5), V(1.5), V(-0.3)))(sb.Exp()(sb.Normal(0.0, 1.0))), x, epochs=50, learning_rate=0.3, seed=0
    )
    assert result.parameters["bijector.k"] > 0
    assert 1 < result.parameters["bijector.n"] < 2
    assert result.parameters["bijector.c"] < 0


@pytest.mark.parametrize("constraint", [sb.real, sb.positive, sb.negative, sb.unit, sb.nonzero, sb.interval(-3, 7)])
def test_constraining_bijectors(constraint: Any) -> None:
    raw = np.linspace(-30, 30, 61)
    values = constraining_bijector(constraint).forward(raw)
    assert np.all(values >= constraint.lo)
    assert np.all(values <= constraint.hi)
    inside = values[(values > constraint.lo) & (values < constraint.hi)]
    np.testing.assert_allclose(
        constraining_bijector(constraint).forward(constraining_bijector(constraint).inverse(inside)), inside
    )


def test_batch_of_fits() -> None:
    x = np.stack(
        [st.norm(m, s).rvs(800, random_state=i) for i, (m, s) in enumerate([(0, 1), (4, 0.5), (-2, 2)])], axis=1
    )
    result = sb.fit(sb.Normal(V([0.0, 1.0, 0.0]), V([1.0, 1.0, 1.0])), x, method="lbfgs")
    np.testing.assert_allclose(result.parameters["loc"], x.mean(0), atol=1e-5)
    np.testing.assert_allclose(result.parameters["scale"], x.std(0), atol=1e-5)
    adam = sb.fit(
        sb.Normal(V([0.0, 1.0, 0.0]), V([1.0, 1.0, 1.0])), x, epochs=60, learning_rate=0.05, batch_size=80, seed=1
    )
    np.testing.assert_allclose(adam.parameters["loc"], x.mean(0), atol=0.15)


def test_hand_written_bijector_trains_like_the_derived_one() -> None:
    class Cubic(sb.Bijector):
        def __init__(self, a: Any, b: Any) -> None:
            super().__init__(forward_min_event_ndims=0, name="cubic")
            self.a, self.b = a, b

        def _forward(self, x: np.ndarray) -> np.ndarray:
            return np.power(self.a * x + self.b, 3)

        def _inverse(self, y: np.ndarray) -> np.ndarray:
            return (np.sign(y) * np.power(np.abs(y), 1 / 3) - self.b) / self.a

        def _forward_log_det_jacobian(self, x: np.ndarray) -> np.ndarray:
            return np.log(3.0 * np.abs(self.a)) + 2.0 * np.log(np.abs(self.a * x + self.b))

    x = two_modes(2000, 3)
    derived = sb.fit(cubic_model(), x, epochs=5, seed=0)
    by_hand = sb.fit(sb.Invert(Cubic(V(0.25), V(-0.1)))(sb.Normal(0.0, 1.0)), x, epochs=5, seed=0)
    assert by_hand.parameters == pytest.approx(derived.parameters, rel=1e-9)


def test_interruption_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    class Stops(optimise.tqdm):
        def update(self, n: float = 1) -> None:
            calls.append(n)
            if len(calls) == 4:
                raise KeyboardInterrupt

    monkeypatch.setattr(optimise, "tqdm", Stops)
    result = sb.fit(cubic_model(), two_modes(2000, 0), epochs=50, seed=0)
    assert "interrupted" in result.message
    assert not result.converged
    assert len(result.history["train"]) == 4
    assert result.history["train"][-1] < result.history["train"][0]
    assert result.parameters["bijector.a"] > 0.25
    calls.clear()
    assert "interrupted" in sb.fit(cubic_model(), two_modes(2000, 0), method="lbfgs").message


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sb.fit(sb.Normal(0.0, 1.0), [1.0]), sb.UsageError, "nothing to train"),
        (lambda: sb.fit(cubic_model(), [1.0, np.nan, 2.0, np.inf]), sb.DataError, "2 of 4, first at index 1"),
        (lambda: sb.fit(sb.Exp()(sb.Normal(V(0.0), 1.0)), [1.0, 2.0, -3.0]), sb.DataError, "1 of 3, first at index 2"),
        (lambda: sb.fit(cubic_model(), [1.0], validation=[np.nan]), sb.DataError, "validation"),
        (lambda: sb.fit(cubic_model(), []), sb.DataError, "at least one"),
        (lambda: sb.fit(cubic_model(), ["a"]), sb.DataError, "data"),
        (lambda: sb.fit(cubic_model(), [1.0], method="sgd"), sb.ParameterError, "method"),
        (lambda: sb.fit(cubic_model(), [1.0], epochs=0), sb.ParameterError, "epochs"),
        (lambda: sb.fit(cubic_model(), [1.0], batch_size=2.5), sb.ParameterError, "batch_size"),
        (lambda: sb.fit(cubic_model(), [1.0], learning_rate=-1), sb.ParameterError, "learning_rate"),
        (lambda: sb.fit("x", [1.0]), sb.UsageError, "distribution"),
        (lambda: sb.fit(cubic_model(1.0, -1.0), [1.0, 2.0]), sb.DataError, "starting values"),
        (lambda: sb.fit(sb.ScaleMatvecDiag([1.0, 2.0])(sb.Normal(V(0.0), 1.0), event_shape=[2]), np.zeros((3, 2))),
         sb.UsageError, "cannot be fitted"),
    ],
)  # fmt: skip
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_untraceable_code_is_refused_with_the_way_out() -> None:
    class Odd(sb.Bijector):
        def _forward(self, x: np.ndarray) -> np.ndarray:
            return np.array([float(v) for v in np.atleast_1d(x)])

        _inverse = _forward

        def _forward_log_det_jacobian(self, x: np.ndarray) -> float:
            return 0.0

    with pytest.raises(sb.UsageError, match=r"sb\.bijector"):
        sb.fit(Odd()(sb.Normal(V(0.0), 1.0)), [1.0, 2.0])
