"""Objects of PyTorch, numpyro, TFP and FlowJAX as subjects of an audit; each library where it is installed."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import symbij as sb
from symbij.audit.adapters import adapt
from symbij.audit.subject import REALS, Ends, Subject
from symbij.errors import UsageError

# what libraries warn of when they are first used is no matter of ours
pytestmark = [pytest.mark.filterwarnings(f"ignore::{w}") for w in ("DeprecationWarning", "FutureWarning")]

X = np.array([-1.5, -0.25, 0.4, 2.0])
POSITIVE = Ends(0.0, math.inf)


def library(name: str) -> Any:
    """A module, or the test skipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, exc_type=ImportError)


def agrees(subject: Subject, operation: str, x: Any, expected: Any, rtol: float = 1e-13) -> None:
    outcome = subject.call(operation, x)
    assert not outcome.problem
    assert outcome.value.dtype == subject.dtype
    np.testing.assert_allclose(outcome.value, np.asarray(expected), rtol=rtol)


class TestTorch:
    @pytest.fixture
    def transforms(self) -> Any:
        return library("torch.distributions.transforms")

    def test_all_four_operations(self, transforms: Any) -> None:
        subject = adapt(transforms.AffineTransform(1.0, -2.0))
        assert (subject.kind, subject.name) == ("PyTorch transform", "AffineTransform")
        assert (subject.domain, subject.codomain, subject.event_ndims) == (REALS, REALS, 0)
        agrees(subject, "forward", X, 1.0 - 2.0 * X)
        agrees(subject, "inverse", X, (1.0 - X) / 2.0)
        agrees(subject, "forward_log_det", X, np.full(4, math.log(2.0)))
        agrees(subject, "inverse_log_det", X, np.full(4, -math.log(2.0)))
        assert subject.rebuilt is not None
        agrees(subject.rebuilt({"scale": 4.0}), "forward", X, 1.0 + 4.0 * X)

    def test_dtype_is_that_of_the_parameters(self, transforms: Any) -> None:
        import torch

        power = transforms.PowerTransform(torch.tensor(0.1))
        subject = adapt(power)
        assert (subject.dtype, subject.domain) == (np.float32, POSITIVE)
        assert subject.parameters == {"exponent": float(np.float32(0.1))}
        wide = adapt(power, dtype=torch.float64)
        agrees(wide, "forward_log_det", 2.0, math.log(0.1) - 0.9 * math.log(2.0), rtol=1e-6)
        agrees(wide, "forward", 2.0, 2.0 ** float(np.float32(0.1)))

    def test_elementwise_transforms_side_by_side_map_events(self, transforms: Any) -> None:
        parts = [transforms.ExpTransform(), transforms.TanhTransform()]
        beside = transforms.CatTransform(parts, dim=-1, lengths=[1, 2])
        for right in (beside, beside.inv, transforms.StackTransform(parts, dim=-1)):
            subject = adapt(right)
            assert subject.event_ndims == 1
            report = sb.verify(right)
            assert report.ok, report
        for refused in (
            transforms.StackTransform(parts, dim=0),
            transforms.ComposeTransform([beside, transforms.ExpTransform()]),
        ):
            with pytest.raises(UsageError, match="one by one"):
                adapt(refused)

    def test_gradients_are_cut_off(self, transforms: Any) -> None:
        import torch

        loc = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        agrees(adapt(transforms.AffineTransform(loc, 2.0)), "forward", X, 1.0 + 2.0 * X)

    def test_parts_and_inverses(self, transforms: Any) -> None:
        affine, exp = transforms.AffineTransform(1.0, 2.0), transforms.ExpTransform()
        chain = adapt(transforms.ComposeTransform([affine, exp]))
        assert (chain.parameters, chain.codomain) == ({"loc": 1.0, "scale": 2.0}, POSITIVE)
        assert chain.rebuilt is not None
        agrees(chain.rebuilt({"scale": 3.0}), "inverse", np.exp(7.0), 2.0)
        inverse = adapt(affine.inv)
        assert inverse.name == "inverse of AffineTransform"
        assert inverse.rebuilt is not None
        agrees(inverse.rebuilt({"loc": 0.0}), "forward", X, X / 2.0)
        assert adapt(exp.inv).domain == POSITIVE

    def test_events(self, transforms: Any) -> None:
        import torch

        rows = np.stack([X, X + 1.0])
        asked = adapt(transforms.ExpTransform(), event_ndims=1)
        agrees(asked, "forward_log_det", rows, rows.sum(axis=-1))
        scale = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
        own = adapt(transforms.AffineTransform(0.0, scale, event_dim=1))
        assert (own.event_ndims, own.event_shape) == (1, (4,))
        agrees(own, "forward_log_det", rows, np.full(2, math.log(24.0)))
        sticks = adapt(transforms.StickBreakingTransform())
        assert (sticks.event_ndims, sticks.event_shape, sticks.domain) == (1, None, REALS)

    def test_the_cache_of_a_transform_stays(self, transforms: Any) -> None:
        transform = transforms.ExpTransform(cache_size=1)
        adapt(transform).call("forward", X)
        assert transform._cached_x_y[0] is not None

    def test_a_hand_written_transform(self, transforms: Any) -> None:
        import torch
        from torch.distributions import constraints

        class Above(transforms.Transform):
            bijective, domain = True, constraints.real
            codomain = constraints.greater_than(torch.tensor(2.0))

            def __init__(self, a: float) -> None:
                super().__init__()
                self.a = a

            def _call(self, x: Any) -> Any:
                return torch.exp(self.a * x) + 2.0

            def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
                return self.a * x + math.log(abs(self.a))

        subject = adapt(Above(-2.0))
        assert (subject.codomain, subject.parameters, subject.inverse) == (Ends(2.0, math.inf), {"a": -2.0}, None)
        assert "NotImplementedError" in subject.call("inverse_log_det", X).problem
        replaced = adapt(Above(-2.0), inverse=lambda y, a: torch.log(y - 2.0) / a)
        agrees(replaced, "inverse", 3.0, 0.0)

    def test_modules_and_functions(self, transforms: Any) -> None:
        import torch

        class Flow(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.log_scale = torch.nn.Parameter(torch.tensor([0.5, -0.5]))

            def forward(self, x: Any, context: Any = None) -> Any:
                return x * self.log_scale.exp(), self.log_scale.sum().expand(x.shape[:-1])

            def inverse(self, z: Any, context: Any = None) -> Any:
                return z * (-self.log_scale).exp(), -self.log_scale.sum().expand(z.shape[:-1])

        subject = adapt(Flow())
        assert (subject.kind, subject.dtype) == ("object (torch)", np.float32)
        assert (subject.event_ndims, subject.event_shape) == (1, (2,))
        agrees(subject, "forward", np.ones((3, 2)), np.ones((3, 2)) * np.exp([0.5, -0.5]), rtol=1e-6)
        agrees(adapt(torch.exp, inverse=torch.log), "forward", X, np.exp(X))


class TestNumpyro:
    @pytest.fixture
    def transforms(self) -> Any:
        return library("numpyro.distributions.transforms")

    def test_double_precision_without_the_global_setting(self, transforms: Any) -> None:
        import jax.numpy as jnp

        subject = adapt(transforms.AffineTransform(1.0, -2.0))
        assert (subject.kind, subject.flushes_subnormals) == ("numpyro transform", True)
        agrees(subject, "forward", X, 1.0 - 2.0 * X)
        agrees(subject, "inverse_log_det", X, np.full(4, -math.log(2.0)))
        value, log_det = subject.call("forward_and_log_det", X).parts
        np.testing.assert_allclose(value, 1.0 - 2.0 * X)
        np.testing.assert_allclose(log_det, np.full(4, math.log(2.0)))
        assert subject.rebuilt is not None
        agrees(subject.rebuilt({"scale": 4.0}), "forward", X, 1.0 + 4.0 * X)
        assert jnp.arange(2.0).dtype == np.float32

    def test_single_precision_parameters(self, transforms: Any) -> None:
        import jax.numpy as jnp

        transform = transforms.AffineTransform(jnp.array(1.0), jnp.array([2.0, 3.0]))
        agrees(adapt(transform), "forward", [1.0, 1.0], [3.0, 4.0], rtol=1e-6)
        agrees(adapt(transform, dtype=np.float64), "forward_log_det", [0.1, 0.1], np.log([2.0, 3.0]))

    def test_domains_and_events(self, transforms: Any) -> None:
        sigmoid = adapt(transforms.SigmoidTransform().inv)
        assert (sigmoid.domain, sigmoid.codomain) == (Ends(0.0, 1.0, False, False), REALS)
        agrees(sigmoid, "inverse", X, 1.0 / (1.0 + np.exp(-X)))
        rows = adapt(transforms.IndependentTransform(transforms.ExpTransform(), 1))
        agrees(rows, "forward_log_det", np.stack([X, X]), np.full(2, X.sum()))
        agrees(adapt(transforms.ExpTransform(), event_ndims=1), "forward_log_det", X, X.sum())


class TestTFP:
    @pytest.fixture
    def bijectors(self) -> Any:
        return library("tensorflow_probability").bijectors

    def test_all_four_operations(self, bijectors: Any) -> None:
        subject = adapt(bijectors.Scale(np.float64(-2.0)))
        assert (subject.kind, subject.dtype, subject.parameters) == ("TFP bijector", np.float64, {"scale": -2.0})
        agrees(subject, "forward", X, -2.0 * X)
        agrees(subject, "inverse", X, X / -2.0)
        agrees(subject, "forward_log_det", X, math.log(2.0))
        agrees(subject, "inverse_log_det", X, -math.log(2.0))
        agrees(adapt(bijectors.Exp(), event_ndims=1), "forward_log_det", X, X.sum())

    def test_plain_numbers_are_in_the_dtype_asked_for(self, bijectors: Any) -> None:
        bijector = bijectors.SinhArcsinh(0.5, 1.5)
        assert adapt(bijector).dtype == np.float32
        wide = adapt(bijector, dtype=np.float64)
        truth = np.sinh((np.arcsinh(X) + 0.5) * 1.5) * 2.0 / np.sinh(np.arcsinh(2.0) * 1.5)
        agrees(wide, "forward", X, truth)
        assert wide.rebuilt is not None
        agrees(wide.rebuilt({"skewness": 0.0, "tailweight": 1.0}), "forward", X, X)

    def test_classes_that_declare_no_dtype(self, bijectors: Any) -> None:
        power = bijectors.Power(0.3)
        assert adapt(power).dtype == np.float32
        agrees(adapt(power, dtype=np.float64), "forward", 2.0, 2.0**0.3)
        gumbel = adapt(bijectors.GumbelCDF(0.1, 2.0), dtype=np.float64)
        agrees(gumbel, "forward", X, np.exp(-np.exp(-(X - 0.1) / 2.0)))

    def test_parts(self, bijectors: Any) -> None:
        chain = adapt(bijectors.Chain([bijectors.Shift(np.float64(1.0)), bijectors.Scale(np.float64(2.0))]))
        assert chain.parameters == {"shift": 1.0, "scale": 2.0}
        assert chain.rebuilt is not None
        agrees(chain.rebuilt({"scale": 5.0}), "forward", X, 1.0 + 5.0 * X)
        inverse = adapt(bijectors.Invert(bijectors.Scale(np.float64(4.0))))
        agrees(inverse, "forward", X, X / 4.0)

    def test_an_inverse_is_worked_out_and_not_remembered(self, bijectors: Any) -> None:
        import tensorflow as tf

        class Wrong(bijectors.Bijector):
            def __init__(self, a: float, name: str = "wrong") -> None:
                parameters = dict(locals())
                self.a = tf.convert_to_tensor(a, dtype=tf.float64)
                super().__init__(forward_min_event_ndims=0, parameters=parameters, name=name)

            def _forward(self, x: Any) -> Any:
                return self.a * x

            def _inverse(self, y: Any) -> Any:
                return y * self.a

            def _forward_log_det_jacobian(self, x: Any) -> Any:
                return tf.math.log(tf.abs(self.a)) + 0.0 * x

        subject = adapt(Wrong(2.0))
        assert subject.parameters == {"a": 2.0}
        y = subject.call("forward", X).value
        agrees(subject, "inverse", y, 4.0 * X)


class TestFlowJAX:
    @pytest.fixture
    def bijections(self) -> Any:
        return library("flowjax.bijections")

    def test_events_are_mapped_over_batches(self, bijections: Any) -> None:
        scale = np.array([1.0, 2.0, 4.0])
        subject = adapt(bijections.Affine(np.ones(3), scale))
        assert (subject.kind, subject.dtype) == ("FlowJAX bijection", np.float32)
        assert (subject.event_ndims, subject.event_shape) == (1, (3,))
        batch = np.linspace(-1.0, 1.0, 24).reshape(2, 4, 3)
        agrees(subject, "forward", batch, 1.0 + scale * batch, rtol=1e-5)
        agrees(subject, "inverse_log_det", batch, np.full((2, 4), -math.log(8.0)), rtol=1e-6)
        assert subject.rebuilt is not None
        agrees(subject.rebuilt({"loc": np.zeros(3)}), "forward", batch, scale * batch, rtol=1e-5)

    def test_double_precision(self, bijections: Any) -> None:
        agrees(adapt(bijections.Exp()), "forward", X, np.exp(X))
        wide = adapt(bijections.Affine(1.0, 2.0), dtype=np.float64)
        agrees(wide, "forward_log_det", X, np.full(4, math.log(wide.parameters["scale"])))

    def test_empty_batches(self, bijections: Any) -> None:
        assert adapt(bijections.Exp()).call("forward", np.zeros((0, 2))).value.shape == (0, 2)

    def test_conditions_are_asked_for(self, bijections: Any) -> None:
        import jax

        bijection = bijections.MaskedAutoregressive(
            jax.random.key(0), transformer=bijections.Affine(), dim=2, cond_dim=1, nn_width=4, nn_depth=1
        )
        with pytest.raises(UsageError, match="needs a condition"):
            adapt(bijection)
