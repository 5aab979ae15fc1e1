"""Invariants of every bijector: those of the library, chains, inverses, and one written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import symbij as sb
from symbij.bijectors.library import ALL


class ByHand(sb.Bijector):
    """y = x^3 + shift, in plain numpy."""

    def __init__(self, shift: Any, name: str | None = None) -> None:
        super().__init__(forward_min_event_ndims=0, parameters={"shift": shift}, name=name)
        self.shift = np.asarray(shift, dtype=float)

    def _forward(self, x: np.ndarray) -> np.ndarray:
        return x**3 + self.shift

    def _inverse(self, y: np.ndarray) -> np.ndarray:
        return np.cbrt(y - self.shift)

    def _forward_log_det_jacobian(self, x: np.ndarray) -> np.ndarray:
        return np.log(3.0) + 2.0 * np.log(np.abs(x)) + 0.0 * self.shift


# How each bijector is made for a batch of two, and points inside its domain.
PAIR: dict[str, dict[str, Any]] = {
    "Shift": {"shift": [0.5, -2.0]},
    "Scale": {"scale": [1.5, -0.3]},
    "Sigmoid": {"low": [-1.0, 3.0], "high": [2.0, 0.5]},
    "Softplus": {"hinge_softness": [0.7, -1.3], "low": [0.0, 0.4]},
    "Softfloor": {"temperature": [0.2, 0.7]},
    "GumbelCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "NormalCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "LogisticCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "UniformCDF": {"low": [-5.0, -4.0], "high": [5.0, 6.0]},
    "NormalSurvival": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "LogisticSurvival": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "UniformSurvival": {"low": [-5.0, -4.0], "high": [5.0, 6.0]},
    "Cubic": {"a": [1.0, -2.0], "b": [-1.0, 0.4]},
    "MixtureCDF": {"weights": [[1.0, 2.0], [0.5, 0.1]], "locs": [-0.5, 1.0], "scales": [[1.0, 0.8], [0.7, 2.5]]},
    "LogisticMixtureCDF": {"weights": [[1.0, 2.0], [0.5, 0.1]], "locs": [-0.5, 1.0], "scales": [1.0, 0.8]},
    "BernsteinPolynomial": {"weights": [[1.0, 2.0, 0.3], [0.5, 0.1, 0.4]]},
    "Power": {"power": [0.7, -2.0]},
    "PowerTransform": {"power": [0.0, 0.3]},
    "BoxCox": {"lmbda": [0.0, -0.4]},
    "WeibullCDF": {"scale": [1.0, 2.5], "concentration": [1.0, 0.6]},
    "FrechetCDF": {"loc": [0.0, -1.0], "scale": [1.0, 2.5], "concentration": [1.5, 0.6]},
    "RayleighCDF": {"scale": [1.0, 2.5]},
    "GompertzCDF": {"concentration": [0.5, 0.02], "rate": [0.3, 1.1]},
    "KumaraswamyCDF": {"concentration1": [0.5, 2.0], "concentration0": [1.0, 0.7]},
    "GeneralizedExtremeValueCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5], "concentration": [0.0, 0.2]},
    "GeneralizedPareto": {"loc": [0.0, -1.0], "scale": [1.0, 2.5], "concentration": [0.0, -0.3]},
    "LogLogisticCDF": {"scale": [1.0, 2.5], "concentration": [1.5, 0.6]},
    "ParetoCDF": {"scale": [0.1, 0.2], "concentration": [1.5, 0.6]},
    "SinhArcsinh": {"skewness": [0.0, -0.4], "tailweight": [0.8, 1.3]},
    "Arcsinh": {"scale": [0.4, 2.5]},
    "SoftClip": {"low": [-2.0, -1.0], "high": [2.0, 3.0], "hinge_softness": [0.5, 2.0]},
    "MoyalCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "CauchyCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "JohnsonSU": {"skewness": [0.0, -0.4], "tailweight": [0.8, 1.3], "loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "JohnsonSB": {"skewness": [0.0, -0.4], "tailweight": [0.8, 1.3], "loc": [-2.0, -5.0], "scale": [5.0, 9.0]},
    "TukeyGH": {"g": [0.0, -0.4], "h": [0.2, 1.3]},
    "LambertWTail": {"shift": [0.0, 1.0], "scale": [1.0, 2.5], "tailweight": [0.0, 0.3]},
    "LambertWSkew": {"skewness": [0.2, 0.4]},
    "TanhShift": {"k": [-0.6, 2.0]},
    "YeoJohnson": {"lmbda": [0.0, 2.0]},
    "LeakyReLU": {"alpha": [0.2, 3.0]},
    "ELU": {"alpha": [0.5, 2.0]},
    "LaplaceCDF": {"loc": [0.0, 1.0], "scale": [1.0, 2.5]},
    "ShiftedGompertzCDF": {"concentration": [0.5, 1.3], "rate": [0.3, 1.1]},
    "RationalQuadraticSpline": {
        "bin_widths": [[1.0, 2.0, 0.7], [0.5, 1.3, 2.5]],
        "bin_heights": [[0.5, 1.3, 2.1], [1.0, 0.9, 1.2]],
        "knot_slopes": [0.7, 1.4],
    },
    "PCHIP": {"bin_widths": [1.5, 1.0, 1.5], "bin_heights": [[1.0, 2.5, 0.8], [0.4, 0.5, 2.3]], "range_min": -2.0},
}
MAKERS: dict[str, Callable[[], sb.Bijector]] = {
    name: (lambda cls=cls, name=name: cls(**PAIR.get(name, {}))) for name, cls in ALL.items()
}
MAKERS |= {f"Invert({name})": (lambda make=make: sb.Invert(make())) for name, make in list(MAKERS.items())}
MAKERS |= {
    "Chain": lambda: sb.Chain([sb.Shift([1.0, 2.0]), sb.Exp(), sb.Scale(-0.4)]),
    "Chain of Inverts": lambda: sb.Chain(
        [sb.Invert(sb.Exp()), sb.Shift(0.3), sb.Softplus(), sb.Invert(sb.Sigmoid()), sb.NormalCDF()]
    ),
    "Invert(Chain)": lambda: sb.Invert(sb.Chain([sb.Tanh(), sb.Cubic([0.4, -0.6], 0.3)])),
    "Chain of Chains": lambda: sb.Chain(
        [sb.Chain([sb.Scale(2.0), sb.Softfloor(0.4)]), sb.Chain([]), sb.Shift([0.2, 0.3])]
    ),
    "by hand": lambda: ByHand([0.5, -1.0]),
    "Invert(by hand)": lambda: sb.Invert(ByHand([0.5, -1.0])),
    "Chain with one by hand": lambda: sb.Chain([sb.Sigmoid(), ByHand([0.5, -1.0]), sb.Scale(0.5)]),
    "empty Chain": lambda: sb.Chain([]),
    "sum inverted numerically": lambda: sb.bijector("exp(a*x) + x + b", a=sb.positive)([0.7, 2.0], [0.0, 1.0]),
}  # fmt: skip
NAMES = list(MAKERS)
_MADE: dict[str, sb.Bijector] = {}


def made(name: str) -> sb.Bijector:
    """One instance of each, so that its kernels are compiled once."""
    if name not in _MADE:
        _MADE[name] = MAKERS[name]()
    return _MADE[name]


X = np.array([[-1.7, 0.83], [-0.6, -0.45], [0.37, 1.9]])  # of shape (3, 2), clear of jumps and of zero derivatives


# How points of the line are brought into the domain, where that is not the line.
INTO_DOMAIN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **dict.fromkeys(
        ("Log", "Reciprocal", "Square", "Power", "BoxCox", "WeibullCDF", "FrechetCDF", "RayleighCDF", "GompertzCDF",
         "GeneralizedPareto", "LogLogisticCDF", "ParetoCDF", "ShiftedGompertzCDF"),
        lambda x: np.exp(x / 2),
    ),
    "Log1p": lambda x: np.expm1(x / 2),
    "KumaraswamyCDF": lambda x: 1 / (1 + np.exp(-x)),
}  # fmt: skip


def inputs(name: str) -> np.ndarray:
    """Points in the domain of the bijector, of shape (3, 2)."""
    bijector = made(name)
    if name.startswith("Invert(") and name != "Invert(by hand)":
        inner = bijector.bijector  # type: ignore[attr-defined]
        name = name.removeprefix("Invert(").removesuffix(")")
        return np.asarray(inner.forward(inputs(name) if name in ALL else inside(inner, X)))
    if name == "Logit":
        return 0.25 * X + 0.5
    return INTO_DOMAIN[name](X) if name in INTO_DOMAIN else inside(bijector, X)


def inside(bijector: sb.Bijector, x: np.ndarray) -> np.ndarray:
    """Points of [-2, 2] carried into the domain if that is bounded and does not hold them."""
    lo, hi = bijector._support()
    bounded = np.all(np.isfinite(lo)) and np.all(np.isfinite(hi))
    return lo + (hi - lo) * (x + 2.0) / 4.0 if bounded and (np.any(x.min() < lo) or np.any(x.max() > hi)) else x


def batch(name: str) -> tuple[int, ...]:
    """The shape of the parameters: (2,) or ()."""
    return np.shape(made(name).forward(inputs(name)[0, 0]))


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name: str) -> None:
    bijector, x = made(name), inputs(name)
    y = bijector.forward(x)
    assert np.all(np.isfinite(y))
    np.testing.assert_allclose(bijector.inverse(y), x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(bijector.forward(bijector.inverse(y)), y, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_combined_calls_equal_separate_ones(name: str) -> None:
    """Up to the last bits: the compiler is free to fuse a product and a sum in one kernel and not in another."""
    bijector, x = made(name), inputs(name)
    same = {"rtol": 1e-15, "atol": 1e-15}
    y, fldj = bijector.forward_and_log_det(x)
    np.testing.assert_allclose(y, bijector.forward(x), **same)
    np.testing.assert_allclose(fldj, bijector.forward_log_det_jacobian(x), **same)
    back, ildj = bijector.inverse_and_log_det(y)
    np.testing.assert_allclose(back, bijector.inverse(y), **same)
    np.testing.assert_allclose(ildj, bijector.inverse_log_det_jacobian(y), **same)
    np.testing.assert_array_equal(bijector(x), bijector.forward(x))


@pytest.mark.parametrize("name", NAMES)
def test_log_dets_are_opposite_and_match_differences(name: str) -> None:
    bijector, x = made(name), inputs(name)
    y, fldj = bijector.forward_and_log_det(x)
    np.testing.assert_allclose(bijector.inverse_log_det_jacobian(y), -fldj * np.ones_like(y), rtol=1e-7, atol=1e-9)
    h = 1e-6 * np.maximum(np.abs(x), 1e-3)
    if name.startswith("Invert(UniformCDF") or name.startswith("Invert(UniformSurvival"):
        h = 1e-4 * np.abs(x)
    slope = (bijector.forward(x + h) - bijector.forward(x - h)) / ((x + h) - (x - h))
    np.testing.assert_allclose(fldj * np.ones_like(slope), np.log(np.abs(slope)), rtol=1e-5, atol=1e-5)
    increasing = bijector._increasing()
    if increasing is not None:
        np.testing.assert_array_equal(np.broadcast_to(increasing, slope.shape), slope > 0)


@pytest.mark.parametrize("name", NAMES)
def test_shapes(name: str) -> None:
    bijector, x = made(name), inputs(name)
    scalar = bijector.forward(x[0, 0])
    assert np.shape(scalar) == batch(name)
    assert bijector.forward(np.empty((0, 1))).shape == (0, *(batch(name) or (1,)))
    if not batch(name):
        assert bijector.forward(np.empty(0)).shape == (0,)
        assert np.isscalar(scalar)
    column = bijector.forward(x[:, :1])
    assert column.shape == (3, *(batch(name) or (1,)))
    np.testing.assert_array_equal(column[1], bijector.forward(x[1, :1]))
    log_det = bijector.forward_log_det_jacobian(x[:, :1])
    assert np.broadcast_shapes(log_det.shape, column.shape) == column.shape
    for view in (np.asfortranarray(x), x[::-1], np.repeat(x, 2, axis=0)[::2]):
        np.testing.assert_array_equal(bijector.forward(view), bijector.forward(np.ascontiguousarray(view)))
    if batch(name) and "hand" not in name:
        with pytest.raises(sb.ShapeError):
            bijector.forward(np.zeros((2, 3)))


@pytest.mark.parametrize("name", NAMES)
def test_event_ndims(name: str) -> None:
    bijector, x = made(name), inputs(name)
    y, elementwise = bijector.forward_and_log_det(x)
    full = np.broadcast_to(elementwise, y.shape)
    np.testing.assert_allclose(
        bijector.forward_log_det_jacobian(x, event_ndims=1), full.sum(-1), rtol=1e-14, atol=1e-14
    )
    np.testing.assert_allclose(
        bijector.forward_log_det_jacobian(x, event_ndims=2), full.sum((-1, -2)), rtol=1e-14, atol=1e-13
    )
    inverse = np.broadcast_to(bijector.inverse_log_det_jacobian(y), y.shape)
    np.testing.assert_allclose(
        bijector.inverse_log_det_jacobian(y, event_ndims=1), inverse.sum(-1), rtol=1e-14, atol=1e-14
    )
    value, summed = bijector.inverse_and_log_det(y, event_ndims=2)
    assert value.shape == y.shape
    assert np.shape(summed) == ()
    for bad in (3, -1):
        with pytest.raises(sb.ShapeError):
            bijector.forward_log_det_jacobian(x, event_ndims=bad)


@pytest.mark.parametrize("name", [n for n in NAMES if "hand" not in n])
def test_dtypes(name: str) -> None:
    bijector, x = made(name), inputs(name)
    single = x.astype(np.float32)
    for method in ("forward", "forward_log_det_jacobian"):
        got = getattr(bijector, method)(single)
        assert got.dtype == np.float32
        expected = getattr(bijector, method)(single.astype(np.float64))
        np.testing.assert_array_equal(got, expected.astype(np.float32))  # computed in double, rounded once
    y = bijector.forward(x)
    assert bijector.inverse(y.astype(np.float32)).dtype == np.float32
    assert bijector.forward(np.array([1, 0])).dtype == np.float64
    swapped = x.astype(">f8")
    np.testing.assert_array_equal(bijector.forward(swapped), bijector.forward(x))


UNUSABLE = {"bool": True, "complex": 1j, "text": "0.5", "none": None, "ragged": [[1.0], [1.0, 2.0]], "object": object()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_data(name: str, bad: Any) -> None:
    with pytest.raises(sb.DataError) as caught:
        made(name).forward(bad)
    assert made(name).name in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_nan_goes_through(name: str) -> None:
    if "hand" in name:
        return
    assert np.all(np.isnan(made(name).forward(np.nan)))
    assert np.all(np.isnan(made(name).inverse(np.nan)))
    if name not in ("Identity", "Invert(Identity)", "empty Chain"):
        constant = np.isfinite(made(name).forward_log_det_jacobian(np.array([np.nan, np.nan])))
        assert np.all(constant) or not np.any(constant)


@pytest.mark.parametrize("name", NAMES)
def test_invert(name: str) -> None:
    bijector = made(name)
    inverse = sb.Invert(bijector)
    assert sb.Invert(inverse) == bijector
    if not isinstance(bijector, sb.Invert):
        assert sb.Invert(inverse) is bijector
    x = inputs(name)
    y = bijector.forward(x)
    np.testing.assert_array_equal(inverse.forward(y), bijector.inverse(y))
    np.testing.assert_array_equal(inverse.inverse_log_det_jacobian(x), bijector.forward_log_det_jacobian(x))


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_not_changed(name: str) -> None:
    x = inputs(name).copy()
    before = x.copy()
    y = np.asarray(made(name).forward(x))
    again = y.copy()
    made(name).inverse(y)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(y, again)
    assert not np.shares_memory(x, y)


def test_chain_equality_and_calls() -> None:
    shift, scale = sb.Shift(2.0), sb.Scale([1.0, 2.0])
    assert shift(scale) == sb.Chain([shift, scale])
    assert sb.Chain([sb.Shift(2.0), sb.Scale([1.0, 2.0])]) == sb.Chain([shift, scale])
    assert sb.Chain([scale, shift]) != sb.Chain([shift, scale])
    assert sb.Shift(2.0) == shift
    assert sb.Shift(2.5) != shift
    assert sb.Invert(shift) == sb.Invert(sb.Shift(2.0))
    assert hash(sb.Chain([shift, scale])) == hash(shift(scale))


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("Invert(")])
def test_a_chain_with_the_inverse_is_the_identity(name: str) -> None:
    x = inputs(name)
    around = sb.Chain([sb.Invert(made(name)), made(name)])
    y, log_det = around.forward_and_log_det(x)
    np.testing.assert_allclose(y, x * np.ones(batch(name) or 1), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(log_det, np.zeros_like(log_det), atol=1e-7)


@pytest.mark.parametrize("name", ALL)
def test_outside_the_domain_is_nan(name: str) -> None:
    bijector = made(name)
    lo, hi = (np.broadcast_to(e, batch(name)) for e in bijector._range())
    for end, outward in ((np.minimum(lo, hi), -1.0), (np.maximum(lo, hi), 1.0)):
        got = np.broadcast_to(bijector.inverse(end + outward), np.shape(end))
        assert np.all(np.isnan(got[np.isfinite(end)]))


@pytest.mark.parametrize("name", ALL)
def test_ends_of_the_domain_map_to_ends_of_the_codomain(name: str) -> None:
    bijector = made(name)
    lo, hi = bijector._support()
    bottom, top = (np.broadcast_to(e, batch(name)) for e in bijector._range())
    increasing = np.broadcast_to(bijector._increasing(), batch(name))
    bottom, top = np.minimum(bottom, top), np.maximum(bottom, top)
    np.testing.assert_allclose(bijector.forward(lo), np.where(increasing, bottom, top), rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(bijector.forward(hi), np.where(increasing, top, bottom), rtol=1e-15, atol=1e-15)


finite = st.floats(-30, 30, allow_nan=False)


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("Invert(Uniform")])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(x=finite)
@example(x=0.0)
@example(x=-0.5)
@example(x=1.0)
def test_inverse_undoes_forward(name: str, x: float) -> None:
    """Where the slope is not so extreme that doubles cannot carry the value, inverse(forward(x)) is x."""
    bijector = made(name)
    if "Chain" in name:
        x /= 6  # between two steps a value may come closer to 1 than doubles can tell
    with np.errstate(all="ignore"):
        y, fldj = bijector.forward_and_log_det(x)
        y, fldj = np.atleast_1d(y), np.broadcast_to(fldj, np.shape(np.atleast_1d(y)))
        inverse, ildj = (np.atleast_1d(v) for v in bijector.inverse_and_log_det(y))
        nearby = bijector.forward_log_det_jacobian(x + 1e-5 * max(abs(x), 1e-3))
    # a rounding of y moves x by eps |y| / f'(x), and the log-det by the change of log f' over that distance
    with np.errstate(all="ignore"):
        moved = 1e-15 * np.abs(y) / np.exp(fldj)
    usable = np.isfinite(y) & np.isfinite(fldj) & (moved < 1e-6 * max(abs(x), 1e-3)) & (np.abs(fldj) < 300)
    assert not np.any(np.isnan(y) & np.isfinite(np.atleast_1d(bijector.forward(x)))), "NaN inside the domain"
    np.testing.assert_allclose(inverse[usable], np.full(inverse.shape, x)[usable], rtol=1e-4, atol=1e-6)
    smooth = usable & (np.abs(fldj - nearby) < 1e-2)
    np.testing.assert_allclose(ildj[smooth], -fldj[smooth], rtol=1e-2, atol=1e-2)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    a=st.floats(0.01, 100).flatmap(lambda v: st.sampled_from([v, -v])),
    b=st.floats(-100, 100),
    x=st.lists(st.floats(-1e3, 1e3), min_size=0, max_size=5),
)
def test_parameters_broadcast_like_numpy(a: float, b: float, x: list[float]) -> None:
    one, array = sb.Cubic(a, b), np.array(x)
    many = sb.Cubic(np.array([[a], [2 * a]]), b)
    got = many.forward(array)
    assert got.shape == (2, len(x))
    np.testing.assert_array_equal(got[0], one.forward(array))
