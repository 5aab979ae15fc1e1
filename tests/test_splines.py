"""Splines against scipy, against the formula of the literature in numpy, at their knots and in their tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

import symbij as sb
from symbij.bijectors import PCHIP, RationalQuadraticSpline


def knots(start: float, steps: np.ndarray) -> np.ndarray:
    return start + np.concatenate([[0.0], np.cumsum(steps)])


def rational_quadratic(
    x: np.ndarray, widths: np.ndarray, heights: np.ndarray, slopes: np.ndarray, start: float
) -> tuple[np.ndarray, np.ndarray]:
    """Durkan et al. (2019), equations (4) and (5) as TensorFlow Probability has them: values and log-slopes, with slope
    1 at the outer knots and beyond."""
    xs, ys, d = knots(start, widths), knots(start, heights), np.concatenate([[1.0], slopes, [1.0]])
    k = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(widths) - 1)
    h, w, s = heights[k], widths[k], (heights / widths)[k]
    z = (x - xs[k]) / w
    curve = d[k + 1] + d[k] - 2 * s
    denominator = s + curve * z * (1 - z)
    y = ys[k] + h * (s * z**2 + d[k] * z * (1 - z)) / denominator
    slope = s**2 * (d[k + 1] * z**2 + 2 * s * z * (1 - z) + d[k] * (1 - z) ** 2) / denominator**2
    inside = (x >= xs[0]) & (x <= xs[-1])
    beyond = np.where(x < xs[0], x - xs[0] + ys[0], x - xs[-1] + ys[-1])
    return np.where(inside, y, beyond), np.where(inside, np.log(np.abs(slope)), 0.0)


def drawn(bins: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Widths, heights and inner slopes of very different sizes."""
    rng = np.random.default_rng(seed)
    return tuple(np.exp(rng.normal(0, 1.5, n)) for n in (bins, bins, bins - 1))  # type: ignore[return-value]


SIZES = pytest.mark.parametrize("bins", [1, 2, 5, 32])


def points(widths: np.ndarray, start: float, seed: int, outside: float = 0.0) -> np.ndarray:
    """Points between the first and the last knot (and beyond), without the knots."""
    rng = np.random.default_rng(seed)
    return start + widths.sum() * rng.uniform(-outside, 1 + outside, 400)


@SIZES
def test_rational_quadratic_is_that_of_the_literature(bins: int) -> None:
    widths, heights, slopes = drawn(bins, bins)
    bijector = RationalQuadraticSpline(widths, heights, slopes, -1.5)
    x = points(widths, -1.5, 1, 0.3)
    y, log_slope = rational_quadratic(x, widths, heights, slopes, -1.5)
    got, log_det = bijector.forward_and_log_det(x)
    scale = np.abs(heights).sum()
    np.testing.assert_allclose(got, y, rtol=1e-11, atol=1e-12 * scale)
    np.testing.assert_allclose(log_det, log_slope, rtol=1e-9, atol=1e-9)
    back, inverse_log_det = bijector.inverse_and_log_det(got)
    np.testing.assert_allclose(bijector.forward(back), got, rtol=1e-13, atol=1e-13 * scale)
    np.testing.assert_allclose(inverse_log_det, -log_slope, rtol=1e-6, atol=1e-6)


@SIZES
def test_pchip_is_that_of_scipy(bins: int) -> None:
    widths, heights, _ = drawn(bins, bins)
    xs, ys = knots(0.5, widths), knots(0.5, heights)
    reference = PchipInterpolator(xs, ys)
    bijector = PCHIP(widths, heights, 0.5)
    x = points(widths, 0.5, 2)
    y, log_det = bijector.forward_and_log_det(x)
    np.testing.assert_allclose(y, reference(x), rtol=1e-12, atol=1e-12 * ys[-1])
    np.testing.assert_allclose(np.exp(log_det), reference(x, 1), rtol=1e-8, atol=1e-10 * np.max(heights / widths))
    np.testing.assert_allclose(bijector.forward(bijector.inverse(y)), y, rtol=1e-13, atol=1e-13 * ys[-1])


def test_cubic_of_one_bin_is_a_line() -> None:
    bijector = PCHIP([2.0], [3.0])
    x = np.linspace(0, 2, 11)
    np.testing.assert_allclose(bijector.forward(x), 1.5 * x, rtol=1e-15)
    np.testing.assert_allclose(bijector.forward_log_det_jacobian(x), np.log(1.5), rtol=1e-14)


def test_end_slopes_of_pchip_are_cut_at_zero() -> None:
    """The one-sided difference of three points is negative at the left end here; scipy takes 0 for it too."""
    widths, heights = np.array([1.0, 1.0, 1.0]), np.array([0.1, 2.0, 1.0])
    assert (3 * heights[0] - heights[1]) / 2 < 0
    inside = PchipInterpolator(knots(0, widths), knots(0, heights))
    slopes = inside(knots(0, widths), 1)
    assert slopes[0] == 0.0
    bijector = PCHIP(widths, heights)
    assert bijector.forward_log_det_jacobian(0.0) == -np.inf
    x = np.linspace(0.01, 2.99, 50)
    curve = CubicHermiteSpline(knots(0, widths), knots(0, heights), slopes)
    np.testing.assert_allclose(bijector.forward(x), curve(x), rtol=1e-12)


def test_log_det_of_the_inverse_at_a_flat_end() -> None:
    """The end slope of (3*1 - 3)/2 is 0, and that of the inverse is infinite."""
    bijector = PCHIP([1.0, 1.0], [1.0, 3.0], range_min=-1.0)
    assert PchipInterpolator([-1.0, 0.0, 1.0], [-1.0, 0.0, 3.0])(-1.0, 1) == 0.0
    assert bijector.inverse_log_det_jacobian(-1.0) == np.inf
    assert PCHIP([1.0, 1.0], [3.0, 1.0], range_min=-1.0).inverse_log_det_jacobian(3.0) == np.inf


@pytest.mark.parametrize("bins", [1, 3, 32])
def test_knots_are_mapped_to_knots(bins: int) -> None:
    widths, heights, slopes = drawn(bins, 7)
    xs, ys = knots(-1.0, widths), knots(-1.0, heights)
    for bijector in (RationalQuadraticSpline(widths, heights, slopes), PCHIP(widths, heights, -1.0)):
        size = np.abs(ys).max()
        np.testing.assert_allclose(bijector.forward(xs[1:-1]), ys[1:-1], rtol=1e-13, atol=1e-14 * size)
        np.testing.assert_allclose(bijector.inverse(ys[1:-1]), xs[1:-1], rtol=1e-9, atol=1e-9)
        assert bijector.forward(xs[0]) == ys[0]
    slopes_there = np.exp(RationalQuadraticSpline(widths, heights, slopes).forward_log_det_jacobian(xs[1:-1]))
    np.testing.assert_allclose(slopes_there, slopes, rtol=1e-9)


def test_tails_have_slope_one() -> None:
    bijector = RationalQuadraticSpline([1.0, 2.0], [0.5, 1.0], [3.0], range_min=10.0)
    np.testing.assert_array_equal(bijector.forward([1e-100, -5.0, 9.0, 20.0, 1e300]), [1e-100, -5.0, 9.0, 18.5, 1e300])
    np.testing.assert_array_equal(bijector.forward_log_det_jacobian([1e-100, -5.0, 20.0, 1e300]), np.zeros(4))
    np.testing.assert_array_equal(bijector.inverse([1e-100, -5.0, 18.5]), [1e-100, -5.0, 20.0])
    np.testing.assert_array_equal(bijector.forward([-np.inf, np.inf]), [-np.inf, np.inf])


def test_pchip_ends_at_its_outer_knots() -> None:
    bijector = PCHIP([1.0, 2.0], [0.5, 1.0])
    assert np.all(np.isnan(bijector.forward(np.array([-0.1, 3.1]))))
    np.testing.assert_array_equal(bijector.forward([0.0, 3.0]), [0.0, 1.5])


positive_floats = st.floats(1e-3, 1e3)
vectors = st.integers(1, 4).flatmap(
    lambda n: st.tuples(
        *(st.lists(positive_floats, min_size=n, max_size=n) for _ in range(2)),
        st.lists(positive_floats, min_size=n - 1, max_size=n - 1),
    )
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(parameters=vectors, share=st.floats(-0.2, 1.2))
def test_round_trips(parameters: tuple[list[float], list[float], list[float]], share: float) -> None:
    widths, heights, slopes = (np.array(p) for p in parameters)
    made = [RationalQuadraticSpline(widths, heights, slopes), PCHIP(widths, heights, -1.0)]
    for bijector in made:
        if isinstance(bijector, PCHIP):
            share = min(max(share, 0.0), 1.0)
        y = -1.0 + heights.sum() * share
        y = min(y, float(bijector.forward(knots(-1.0, widths)[-1]))) if isinstance(bijector, PCHIP) else y
        x, log_det = bijector.inverse_and_log_det(y)
        slope = np.exp(-log_det)
        # a rounding of x moves y by slope times an ulp of x
        tolerance = 1e-12 * (abs(y) + heights.sum() + slope * (abs(x) + widths.sum()))
        assert abs(bijector.forward(x) - y) <= tolerance


def test_parameters_broadcast() -> None:
    widths = np.array([[1.0, 2.0], [0.5, 3.0]])
    bijector = RationalQuadraticSpline(widths, [1.0, 1.5], [0.7])
    x = np.linspace(-2, 4, 7)[:, None]
    y = bijector.forward(x)
    assert y.shape == (7, 2)
    for k in range(2):
        one = RationalQuadraticSpline(widths[k], [1.0, 1.5], [0.7])
        np.testing.assert_allclose(y[:, k], one.forward(x[:, 0]), rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: RationalQuadraticSpline([1.0, 2.0], [1.0], [1.0]), "'bin_heights' must have 2"),
        (lambda: RationalQuadraticSpline([1.0, 2.0], [1.0, 1.0], [1.0, 1.0]), "'knot_slopes' must have 1"),
        (lambda: RationalQuadraticSpline([1.0, -2.0], [1.0, 1.0], [1.0]), "bin_widths"),
        (lambda: RationalQuadraticSpline([1.0, 2.0], [1.0, 1.0], [0.0]), "knot_slopes"),
        (lambda: PCHIP([1.0, 2.0], [1.0, 0.0]), "bin_heights"),
        (lambda: PCHIP([1.0, 2.0], [1.0]), "'bin_heights' must have 2"),
        (lambda: PCHIP(1.0, 1.0), "needs an axis of components"),
    ],
)
def test_unusable_parameters(make: object, text: str) -> None:
    with pytest.raises(sb.ParameterError) as caught:
        make()  # type: ignore[operator]
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["RationalQuadraticSpline", "PCHIP"])
def test_gradients_are_finite_at_the_knots(name: str) -> None:
    """Data on the knots and, where there are any, in the tails."""
    widths, heights = sb.Variable([1.0, 2.0, 1.5]), sb.Variable([2.0, 1.0, 1.5])
    spline = (
        RationalQuadraticSpline(widths, heights, sb.Variable([0.7, 1.4]), -2.0)
        if name == "RationalQuadraticSpline"
        else PCHIP(widths, heights, -2.0)
    )
    base = sb.Normal(0.0, 1.0) if name == "RationalQuadraticSpline" else sb.Uniform(-2.0, 2.5)
    x = np.array([-1.0, 1.0, 0.3, *([-9.0, 9.0, -2.0] if name == "RationalQuadraticSpline" else [2.0])])
    result = sb.fit(sb.TransformedDistribution(base, sb.Invert(spline)), x, epochs=1)
    assert all(np.all(np.isfinite(v)) for v in result.parameters.values())
