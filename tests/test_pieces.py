"""Maps with other formulas on either side of a point: continuity, order, ownership of the break, values, gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symbij as sb
from symbij.bijectors import ELU, LaplaceCDF, LeakyReLU, SymmetricLog, YeoJohnson

X = np.array([-30.0, -2.5, -1.0, -0.3, -1e-9, -0.0, 0.0, 1e-9, 0.2, 1.0, 1.7, 3.0, 40.0])

# One map written in several ways, and in numpy.
FORMS: list[tuple[str, list[str], Callable[[np.ndarray], np.ndarray]]] = [
    (
        "slope 1 and 3",
        ["where(x > 0, x, 3*x)", "where(x <= 0, 3*x, x)", "2*x - abs(x)", "min(x, 3*x)", "x*(2 - sign(x))",
         "where(0 < x, x, 3*x)"],
        lambda x: np.where(x > 0, x, 3 * x),
    ),
    ("sum with abs", ["x + abs(x)/2", "max(1.5*x, x/2)"], lambda x: x + np.abs(x) / 2),
    ("falling", ["where(x > 1, 1 - x, 2 - 2*x)", "max(1 - x, 2 - 2*x)"], lambda x: np.where(x > 1, 1 - x, 2 - 2 * x)),
    (
        "three pieces",
        ["where(x < -1, 2*x + 1, where(x < 1, x, 2*x - 1))", "where(abs(x) < 1, x, 2*x - sign(x))",
         "max(x, 2*x - 1) + min(x, 2*x + 1) - x"],
        lambda x: np.where(np.abs(x) < 1, x, 2 * x - np.sign(x)),
    ),
    ("nested abs", ["2*x + abs(abs(x) - 1)"], lambda x: 2 * x + np.abs(np.abs(x) - 1)),
    ("a shifted break", ["where(2*x - 3 > 0, 4*x - 3, 2*x)"], lambda x: np.where(x > 1.5, 4 * x - 3, 2 * x)),
    ("odd square", ["sign(x)*x**2", "x*abs(x)", "where(x < 0, -x**2, x**2)"], lambda x: np.sign(x) * x**2),
]  # fmt: skip
CASES = [(text, reference) for _, texts, reference in FORMS for text in texts]


@pytest.mark.parametrize(("text", "reference"), CASES, ids=[text for text, _ in CASES])
def test_forms(text: str, reference: Callable[[np.ndarray], np.ndarray]) -> None:
    bijector = sb.bijector(text)()
    y, log_det = bijector.forward_and_log_det(X)
    np.testing.assert_allclose(y, reference(X), rtol=1e-14, atol=1e-14)
    inner = np.array([-7.0, -0.6, 0.4, 1.2, 5.0])
    h = 1e-6
    slope = (reference(inner + h) - reference(inner - h)) / (2 * h)
    np.testing.assert_allclose(bijector.forward_log_det_jacobian(inner), np.log(np.abs(slope)), rtol=1e-7, atol=1e-7)
    back, inverse_log_det = bijector.inverse_and_log_det(y)
    np.testing.assert_allclose(back, X, rtol=1e-13, atol=1e-13)
    finite = np.isfinite(log_det)
    np.testing.assert_allclose(inverse_log_det[finite], -log_det[finite], rtol=1e-7, atol=1e-12)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("where(x > 0, x + 1, x)", {}, "it jumps from 0 to 1 at 0"),
    ("where(x > 0, x + a, x)", {}, "one-to-one"),
    ("where(x > 0, x + a, x)", {"a": sb.positive}, "at 0"),
    ("where(x > 0, x, -x)", {}, "one-to-one"),
    ("x + 2*abs(x)", {}, "one-to-one"),
    ("where(x > 0, x, a*x)", {}, ""),
    ("where(x > 0, x, 0)", {}, "one-to-one"),
    ("max(x, 0)", {}, "one-to-one"),
    ("where(x < a, x, 2*x - a) + where(x < b, x, 2*x - b)", {}, "order"),
]


@pytest.mark.parametrize(("text", "parameters", "message"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_what_is_no_bijection_is_refused(text: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(sb.SymbijError) as caught:
        sb.bijector(text, **parameters)
    assert message in str(caught.value)


def test_a_break_may_be_a_parameter() -> None:
    bent = sb.bijector("where(x < a, x, 2*x - a)")(a=[-1.0, 0.5])
    x = np.array([[-3.0], [-1.0], [0.0], [0.5], [4.0]])
    a = np.array([-1.0, 0.5])
    np.testing.assert_array_equal(bent.forward(x), np.where(x < a, x, 2 * x - a))
    np.testing.assert_array_equal(bent.inverse(bent.forward(x)), x * np.ones(2))


def test_order_of_breaks_known_from_constraints() -> None:
    two = sb.bijector("where(x < a, x, where(x < a + w, 2*x - a, 3*x - 2*a - w))", w=sb.positive)(a=0.5, w=1.5)
    x = np.array([-1.0, 0.5, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(two.forward(x), [-1.0, 0.5, 1.5, 3.5, 6.5], rtol=1e-15)
    np.testing.assert_allclose(two.inverse(two.forward(x)), x, rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "at_break"),
    [
        ("where(x > 0, x, 3*x)", math.log(3.0)),
        ("where(x >= 0, x, 3*x)", 0.0),
        ("where(x < 0, 3*x, x)", 0.0),
        ("where(x <= 0, 3*x, x)", math.log(3.0)),
        ("where(-x < 0, x, 3*x)", math.log(3.0)),
        ("where(-x <= 0, x, 3*x)", 0.0),
        ("where(x > 0, -x, -3*x)", math.log(3.0)),
        ("where(x >= 0, -x, -3*x)", 0.0),
    ],
)
def test_the_break_belongs_to_the_piece_whose_condition_holds(text: str, at_break: float) -> None:
    bijector = sb.bijector(text)()
    assert bijector.forward_log_det_jacobian(0.0) == pytest.approx(at_break, abs=1e-15)
    assert bijector.inverse_log_det_jacobian(0.0) == pytest.approx(-at_break, abs=1e-15)


def test_a_branch_is_defined_where_it_is_meant() -> None:
    """log(x) and sqrt(-x) are not evaluated, nor required, outside their branches."""
    bijector = sb.bijector("where(x > 1, log(x), x - 1)")()
    y, log_det = bijector.forward_and_log_det(np.array([-5.0, 0.0, 1.0, math.e, 1e300]))
    np.testing.assert_allclose(y, [-6.0, -1.0, 0.0, 1.0, math.log(1e300)], rtol=1e-15)
    np.testing.assert_allclose(log_det, [0.0, 0.0, 0.0, -1.0, -math.log(1e300)], rtol=1e-15)
    np.testing.assert_allclose(bijector.inverse([-6.0, 0.0, 1.0, 700.0]), [-5.0, 1.0, math.e, math.exp(700.0)])
    roots = sb.bijector("where(x < 0, -sqrt(-x), sqrt(x))")()
    np.testing.assert_array_equal(roots.forward([-4.0, 0.0, 9.0]), [-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(roots.inverse([-2.0, 0.0, 3.0]), [-4.0, 0.0, 9.0])


def test_what_is_not_selected_does_not_overflow() -> None:
    """exp(x) of the left branch of ELU, and both of Laplace's exponentials, far on the other side."""
    np.testing.assert_array_equal(ELU(0.3).forward([1e3, 1e300]), [1e3, 1e300])
    np.testing.assert_array_equal(ELU(0.3).forward_log_det_jacobian([1e3, -1e300]), [0.0, math.log(0.3) - 1e300])
    far = LaplaceCDF(scale=1e-3)
    np.testing.assert_array_equal(far.forward([-1e3, 1e3]), [0.0, 1.0])
    log_det = far.forward_log_det_jacobian(np.array([-1e3, 1e3]))
    np.testing.assert_allclose(log_det, np.full(2, -1e6 - math.log(2e-3)), rtol=1e-15)


MAPS: dict[str, Callable[[], sb.Bijector]] = {
    "LeakyReLU": lambda: LeakyReLU(sb.Variable(0.7)),
    "Invert(ELU)": lambda: sb.Invert(ELU(sb.Variable(0.7))),
    "YeoJohnson": lambda: YeoJohnson(sb.Variable(0.6)),
    "SymmetricLog": lambda: sb.Shift(sb.Variable(0.2))(SymmetricLog()),
    "three pieces": lambda: sb.bijector("where(x < -a, 2*x + a, where(x < a, x, 2*x - a))", a=sb.positive)(
        a=sb.Variable(0.8)
    ),
    "a log on one side": lambda: sb.bijector("where(x > 0, log(1 + a*x), a*x)", a=sb.positive)(a=sb.Variable(0.8)),
}
ABOUT_BREAKS = np.array([-700.0, -2.0, -0.8, -1e-8, 0.0, 1e-8, 0.8, 2.0, 700.0])


@pytest.mark.parametrize("name", MAPS)
def test_gradients_are_finite_on_both_sides(name: str) -> None:
    """In a fit of x with data at the breaks and far out: what is not selected has no part in the gradient."""
    distribution = sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(MAPS[name]()))
    x = np.maximum(ABOUT_BREAKS, -0.6) if name == "Invert(ELU)" else ABOUT_BREAKS  # values of ELU
    result = sb.fit(distribution, x, epochs=1)
    assert all(np.all(np.isfinite(v)) for v in result.parameters.values())


def test_a_fit_through_pieces_finds_the_slopes() -> None:
    """Of laws with different widths on the two sides the maximum-likelihood slope is known: for `n` data below 0 with
    sum of squares `s`, log(alpha)*n - alpha**2*s/2 is largest at sqrt(n/s)."""
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, 4000)
    x = np.where(x > 0, x, 2.5 * x)
    below = x[x <= 0]
    best = math.sqrt(len(below) / np.sum(below**2))
    distribution = sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(LeakyReLU(sb.Variable(0.9))))
    result = sb.fit(distribution, x, method="lbfgs")
    (alpha,) = result.parameters.values()
    assert float(alpha) == pytest.approx(best, rel=1e-5)


def test_derivations_show_the_pieces() -> None:
    derivation = type(LeakyReLU()).derivation
    assert "Piecewise" in str(derivation.forward) or "where" in str(derivation.forward)
    assert derivation.direction == "increasing"
    assert sb.bijector("where(x > 1, 1 - x, 2 - 2*x)").derivation.direction == "decreasing"


def test_pieces_inside_chains() -> None:
    """A piecewise map between others, and the inverse of one."""
    bijector = sb.bijector("exp(a*where(x > 0, x, 3*x) + b)", a=sb.nonzero)(a=[-0.5, 2.0], b=0.3)
    x = np.array([[-1.5], [0.0], [2.0]])
    a = np.array([-0.5, 2.0])
    y, log_det = bijector.forward_and_log_det(x)
    np.testing.assert_allclose(y, np.exp(a * np.where(x > 0, x, 3 * x) + 0.3), rtol=1e-14)
    slope = np.where(x > 0, 1, 3)
    expected = np.log(np.abs(a) * slope) + a * x * slope + 0.3
    np.testing.assert_allclose(log_det, expected, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(bijector.inverse(y), x * np.ones(2), rtol=1e-13, atol=1e-15)
    around = sb.Chain([sb.Invert(LeakyReLU(0.3)), LeakyReLU(0.3)])
    np.testing.assert_allclose(around.forward(X), X, rtol=1e-15)
