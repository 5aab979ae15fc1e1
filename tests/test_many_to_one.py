"""Maps that take several inputs to one output: their branches, preimages and log-dets."""

from __future__ import annotations

import math
import pickle
from typing import Any

import mpmath
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as some
from mpmath import mpf
from truth import EPS, Forward, ordinal, rounded, ulp_error

import symbij as sb
from symbij.bijectors.many_to_one import ManyToOneBijector
from symbij.cli import main

TURN = 6.283185307179586
BOUND = 4.0
LOOSER = {  # not the branches, but chains that are the same for one-to-one maps
    "log1p": (8.0, 1e90, "the log-det is a sum of logarithms that partly cancel"),
    "double_well": (40.0, 1e3, "x**2 - 1 is expm1(2*log(x)), which loses digits with the size of log(x)"),
    "outside": (40.0, 3.0, "the log-det is a sum of logarithms that cancel, the more the larger x"),
}

# formula, domain and constraints, parameters, the branches' domains
CASES: dict[str, tuple[str, dict[str, Any], dict[str, float], list[str]]] = {
    "square": ("x**2", {}, {}, ["(-∞, 0]", "[0, ∞)"]),
    "abs": ("abs(x)", {}, {}, ["(-∞, 0]", "[0, ∞)"]),
    "cosh": ("cosh(x)", {}, {}, ["(-∞, 0]", "[0, ∞)"]),
    "fourth": ("x**4", {}, {}, ["(-∞, 0]", "[0, ∞)"]),
    "sine": ("sin(x)", {"domain": ("-pi", "pi")}, {}, ["[-pi, -pi/2]", "[-pi/2, pi/2]", "[pi/2, pi]"]),
    "cosine": ("cos(x)", {"domain": ("-pi", "2*pi")}, {}, ["[-pi, 0]", "[0, pi]", "[pi, 2*pi]"]),
    "tangent": ("tan(x)", {"domain": (0, "2*pi")}, {}, ["[0, pi/2)", "(pi/2, 3*pi/2)", "(3*pi/2, 2*pi]"]),
    "shifted_sine": ("sin(x - m)", {"domain": ("m", "m + pi")}, {"m": -7.3}, ["[m, m + pi/2]", "[m + pi/2, m + pi]"]),
    "inverse_square": ("1/x**2", {}, {}, ["(-∞, 0)", "(0, ∞)"]),
    "reciprocal": ("1/x", {}, {}, ["(-∞, 0)", "(0, ∞)"]),
    "parabola": ("(x - m)**2/s", {"s": sb.positive}, {"m": 0.3, "s": 1.7}, ["(-∞, m]", "[m, ∞)"]),
    "parabola_either_way": ("(x - m)**2/s", {"s": sb.nonzero}, {"m": 1e4, "s": -1e-3}, ["(-∞, m]", "[m, ∞)"]),
    "any_slope": ("(a*x + b)**2", {}, {"a": -2.0, "b": 1.0},
                  ["(-∞, -b*sign(a)/Abs(a)]", "[-b*sign(a)/Abs(a), ∞)"]),
    "bell": ("exp(-x**2)", {}, {}, ["(-∞, 0]", "[0, ∞)"]),
    "log1p": ("log1p((a*x)**2)", {}, {"a": -3.0}, ["(-∞, 0]", "[0, ∞)"]),
    "log": ("log(x**2)", {}, {}, ["(-∞, 0)", "(0, ∞)"]),
    "log_squared": ("log(x)**2", {}, {}, ["(0, 1]", "[1, ∞)"]),
    "double_well": ("(x**2 - 1)**2", {}, {}, ["(-∞, -1]", "[-1, 0]", "[0, 1]", "[1, ∞)"]),
    "outside": ("sqrt(x**2 - 1)", {}, {}, ["(-∞, -1]", "[1, ∞)"]),
    "sum": ("x**2 + x**4", {}, {}, ["(-∞, 0]", "[0, ∞)"]),
    "cubic": ("x**3 - 3*x", {}, {}, ["(-∞, -1]", "[-1, 1]", "[1, ∞)"]),
    "secant": ("1/cos(x)", {"domain": (0, "pi")}, {}, ["[0, pi/2)", "(pi/2, pi]"]),
    "hyperbolic": ("x/sqrt(x**2 - 1)", {}, {}, ["(-∞, -1)", "(1, ∞)"]),
    "lambert": ("x*exp(-x)", {}, {}, ["(-∞, 1]", "[1, ∞)"]),
    "one_to_one": ("x**3", {}, {}, ["ℝ"]),
}  # fmt: skip


@pytest.fixture(params=CASES, ids=list(CASES))
def made(request: pytest.FixtureRequest) -> tuple[str, ManyToOneBijector]:
    return request.param, build(request.param)


def build(name: str) -> ManyToOneBijector:
    formula, declaration, parameters, _ = CASES[name]
    return sb.bijector(formula, many_to_one=True, name="Folding", **declaration)(**parameters)


def test_branches(made: tuple[str, ManyToOneBijector]) -> None:
    name, folding = made
    derivation = type(folding).derivation
    assert [str(d.domain) for d in derivation.branches] == CASES[name][3]
    assert len(folding.branches) == len(derivation.branches)
    text = str(derivation)
    assert text.count("log|det J| of the inverse") == len(derivation.branches)
    assert all(f"branch {k}: {d.domain} → {d.codomain}" in text for k, d in enumerate(derivation.branches, 1))
    assert derivation.latex().startswith("\\begin{aligned}")


def points_of(folding: ManyToOneBijector, k: int, count: int, farthest: float) -> list[float]:
    """Doubles inside branch k, at all scales up to `farthest` and close to its ends."""
    lo, hi = (float(np.clip(e, -farthest, farthest)) for e in folding.branches[k]._support())
    rng = np.random.default_rng(k)
    spread = [lo + (hi - lo) * float(u) for u in rng.uniform(0.001, 0.999, count)]
    middle = 0.5 * (max(lo, -10.0) + min(hi, 10.0))
    near = [middle + float(d) for d in rng.normal(0.0, 1.0, count)]
    scales = [e + s * 10.0 ** float(t) for e in (lo, hi) for s in (1, -1) for t in rng.uniform(-12, 1, count // 4)]
    return sorted({p for p in (*spread, *near, *scales) if lo < p < hi})


def within(got: float, truth: mpf, sensitivity: mpf, bound: float) -> bool:
    if mpmath.isinf(truth) or abs(truth) < mpf(10) ** -290 or mpmath.isinf(sensitivity):
        return True
    return ulp_error(got, truth) <= bound * max(1.0, rounded(abs(sensitivity / truth)))


def test_against_the_formula(made: tuple[str, ManyToOneBijector]) -> None:
    """Forward map, log-dets and preimages against mpmath, within 4 ulp times the condition number."""
    name, folding = made
    bound, farthest, _ = LOOSER.get(name, (BOUND, 1e90, ""))
    bad = []
    for k, (branch, derivation) in enumerate(zip(folding.branches, folding.derivation.branches, strict=True)):
        values = {p.symbol: CASES[name][2][p.name] for p in derivation.formula.parameters}
        truth = Forward(derivation.formula.expr, derivation.variable, values, 600)
        x = np.array(points_of(folding, k, 24, farthest))
        y, log_det = folding.forward_and_log_det(x)
        np.testing.assert_array_equal(y, folding.forward(x))
        for point, value, slope in zip(x, y, log_det, strict=True):
            exact = truth.forward(float(point))
            if not within(value, exact[0], exact[1], bound):
                bad.append(("value", point, value, rounded(exact[0])))
            if not within(slope, exact[2], exact[3], bound):
                bad.append(("log-det", point, slope, rounded(exact[2])))
        inner = np.isfinite(y) & (y != 0) & (np.abs(x) < 1e30)
        if name == "sum":  # the root of a sum is found to an absolute accuracy where its terms underflow
            inner &= np.abs(x) > 1e-100
        for target, start in zip(y[inner], x[inner], strict=True):
            lo, hi = (mpf(float(e)) for e in branch._support())
            try:
                root = truth.preimage(float(target), float(start), lo, hi)
            except ArithmeticError:  # rounding carried y out of the range of the branch
                continue
            exact = truth.inverse(float(target), root)
            got, slope = branch.inverse(target), branch.inverse_log_det_jacobian(target)
            if not within(got, exact[0], exact[1], bound):
                bad.append(("inverse", target, got, rounded(exact[0])))
            if not within(slope, exact[2], exact[3], bound):
                bad.append(("inverse log-det", target, slope, rounded(exact[2])))
    assert not bad, bad[:6]


@settings(max_examples=200, deadline=None)
@given(some.sampled_from(sorted(CASES)), some.floats(0.0, 1.0), some.integers(0, 3))
@example("log_squared", 0.9999999999999999, 0)
def test_round_trips(name: str, share: float, which: int) -> None:
    """Every preimage of f(x) maps back to f(x), and x is among them."""
    folding = BUILT.setdefault(name, build(name))
    branch = folding.branches[which % len(folding.branches)]
    lo, hi = (float(np.clip(e, -30.0, 30.0)) if name != "parabola_either_way" else float(np.clip(e, 9e3, 2e4))
              for e in branch._support())  # fmt: skip
    x = lo + share * (hi - lo)
    y, log_det = folding.forward_and_log_det(x)
    if not math.isfinite(y) or not math.isfinite(log_det) or y == 0.0:  # exp(-900) is 0, and has no preimage
        return
    preimages, log_dets = folding.inverse_and_log_det(y)
    found = [p for p in preimages if not math.isnan(p)]
    assert found
    inverse_condition = abs(y) * math.exp(min(-log_det, 700.0)) * EPS * 100 + abs(x) * EPS * 100
    away = min(abs(p - x) for p in found)
    # next to where branches meet, x is the square root of what is left of y
    assert away <= inverse_condition or away <= 2e-7 * max(1.0, abs(x)), (x, y, preimages)
    for p, slope in zip(preimages, log_dets, strict=True):
        if math.isnan(p):
            assert math.isnan(slope)
            continue
        if math.isinf(p):  # beyond the largest double
            continue
        back, steepness = folding.forward_and_log_det(p)
        steepest = max(steepness, -slope)  # p may have rounded to where the map is flat
        step = math.exp(min(steepest, 700.0)) * abs(p) * EPS * 100 if math.isfinite(steepest) else 0.0
        assert abs(back - y) <= step + abs(y) * EPS * 100 + 1e-13 * (name == "double_well"), (p, back, y)
    assert list(folding.inverse(y)) == pytest.approx(list(preimages), nan_ok=True)


BUILT: dict[str, ManyToOneBijector] = {}


def test_values_of_the_square() -> None:
    square = sb.bijector("x**2", many_to_one=True, name="Square")()
    left, right = square.inverse([4.0, 0.0, -1.0])
    np.testing.assert_array_equal(left, [-2.0, 0.0, np.nan])
    np.testing.assert_array_equal(right, [2.0, 0.0, np.nan])
    for log_det in square.inverse_log_det_jacobian([4.0, 1e-300]):
        np.testing.assert_allclose(log_det, -np.log(2.0) - np.log([4.0, 1e-300]) / 2, rtol=1e-15)
    np.testing.assert_array_equal(square([-3.0, 3.0]), [9.0, 9.0])
    assert square.forward_log_det_jacobian([[-3.0, 3.0]], event_ndims=1) == pytest.approx(2 * np.log(6.0))
    assert square.inverse(np.float32(4.0))[0].dtype == np.float32
    assert not square.is_injective
    assert sb.Exp().is_injective
    assert repr(square) == "Square()"
    assert [type(b).__name__ for b in square.branches] == ["SquareBranch1", "SquareBranch2"]
    assert sb.Invert(square.branches[0])(9.0) == -3.0
    assert np.isnan(square(np.nan))


def test_domain_that_ends_inside_a_branch() -> None:
    part = sb.bijector("x**2", many_to_one=True, domain=(-1, 2))()
    np.testing.assert_array_equal(part([-1.5, -1.0, 2.0, 2.5]), [np.nan, 1.0, 4.0, np.nan])
    np.testing.assert_array_equal(part.inverse([0.25, 2.25, 5.0]), [[-0.5, np.nan, np.nan], [0.5, 1.5, np.nan]])


def test_parameters_broadcast() -> None:
    parabola = sb.bijector("(a*x + b)**2", many_to_one=True)
    both = parabola(a=[-2.0, 3.0], b=1.0)
    np.testing.assert_allclose(both(both.inverse([[4.0], [25.0]])), np.broadcast_to([[4.0], [25.0]], (2, 2, 2)))
    assert both(0.0).shape == (2,)
    same = pickle.loads(pickle.dumps(both))
    np.testing.assert_array_equal(same.inverse(4.0), both.inverse(4.0))
    assert type(same).__bases__ == (ManyToOneBijector,)
    with pytest.raises(sb.ParameterError, match="a must not be 0"):
        parabola(a=0.0, b=1.0)
    wells = sb.bijector("(x**2 - a)**2", many_to_one=True)(a=[-1.0, 1.0])  # one well or two
    two = np.array(wells.inverse(0.25))[:, 1]
    np.testing.assert_allclose(two, [-np.sqrt(1.5), -np.sqrt(0.5), np.sqrt(0.5), np.sqrt(1.5)])
    np.testing.assert_array_equal(np.isnan(wells.inverse(4.0))[:, 0], [False, True, True, False])


def test_next_to_where_branches_meet() -> None:
    """The rounded place where two branches meet may lie on either side of the true one."""
    parabola = sb.bijector("(a*x + b)**2", many_to_one=True)
    rng = np.random.default_rng(0)
    for a, b in rng.normal(size=(50, 2)):
        bound = parabola(a=a, b=b)
        x = -b / a
        x = np.array([np.nextafter(np.nextafter(x, s), s) for s in (-np.inf, np.inf)] + [np.nextafter(x, 9.0), x])
        assert not np.any(np.isnan(bound.forward_log_det_jacobian(x)))
    sine = sb.bijector("sin(x)", many_to_one=True, domain=(0, TURN))()
    assert sine(math.pi) == math.sin(math.pi)
    assert sine.forward_log_det_jacobian(math.pi / 2) == pytest.approx(math.log(math.cos(math.pi / 2)), rel=1e-15)


@pytest.mark.parametrize(
    ("formula", "declaration", "error", "words"),
    [
        ("sin(x)", {}, sb.NotBijectiveError, r"infinitely many branches; state a finite interval"),
        ("sin(1/x)", {}, sb.NotBijectiveError, "infinitely many"),
        ("sin(x)", {"domain": (0, 1e6)}, sb.NotBijectiveError, "318311 branches"),
        ("sin(w*x)", {"domain": (0, 1), "w": sb.positive}, sb.NotBijectiveError, "depends on parameters"),
        ("x**4 + a*x", {}, sb.NotBijectiveError, "branches could not be derived"),
        ("log(sin(x))", {"domain": (0, TURN)}, sb.DomainError, "not defined on all of the given domain"),
        ("sqrt(x**2 - 1)", {"domain": (-2, 2)}, sb.DomainError, "not defined on all of the given domain"),
        ("log(x**2 - 5)", {"domain": (-1, 1)}, sb.DomainError, "nowhere"),
    ],
)  # fmt: skip
def test_what_is_refused(formula: str, declaration: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        sb.bijector(formula, many_to_one=True, **declaration)


@pytest.mark.parametrize(("formula", "declaration"), [("x**2", {}), ("1/x", {}), ("cos(x)", {"domain": (-1, 1)})])
def test_refusals_of_folds_say_what_else_to_do(formula: str, declaration: dict[str, Any]) -> None:
    with pytest.raises(sb.NotBijectiveError, match="with many_to_one=True"):
        sb.bijector(formula, **declaration)


def test_not_in_chains() -> None:
    square = sb.bijector("x**2", many_to_one=True, name="Square")()
    for make in (
        lambda: sb.Invert(square),
        lambda: sb.Exp()(square),
        lambda: square(sb.Exp()),
        lambda: sb.Chain([square]),
    ):
        with pytest.raises(sb.UsageError, match="square takes several inputs to one output"):
            make()
    with pytest.raises(sb.ShapeError, match="event_ndims=0"):
        square.inverse_log_det_jacobian([1.0], event_ndims=1)


def test_requirements_of_the_user_hold_on_every_branch() -> None:
    folding = sb.bijector("(sqrt(x)**2 - 1)**2", many_to_one=True)
    assert [str(d.domain) for d in folding.derivation.branches] == ["[0, 1]", "[1, ∞)"]


def test_half_periods_serve_one_to_one_maps_too() -> None:
    falling = sb.bijector("sin(x)", domain=("pi/2", "3*pi/2"))()
    assert falling.inverse(0.5) == pytest.approx(math.pi - math.asin(0.5), rel=1e-15)
    assert ordinal(falling(3.0)) == pytest.approx(ordinal(math.sin(3.0)), abs=1)


def test_as_a_decorator_and_on_the_command_line() -> None:
    @sb.bijector(many_to_one=True)
    def Energy(x: Any, k: sb.positive = 2.0) -> Any:
        """k x²/2."""
        return k * x**2 / 2

    assert Energy()(3.0) == 9.0
    np.testing.assert_allclose(Energy(k=8.0).inverse(1.0), [-0.5, 0.5])
    result = CliRunner().invoke(main, ["derive", "x**2", "--many-to-one"])
    assert result.exit_code == 0
    assert "branch 2: [0, ∞) → [0, ∞), increasing" in result.output


@pytest.mark.parametrize(
    ("text", "options", "image"),
    [
        ("x**2/(1 - x**2)", {}, "(-∞, -1) ∪ [0, ∞)"),
        ("1/x", {}, "(-∞, 0) ∪ (0, ∞)"),
        ("1/cos(x)", {"domain": (0, "pi")}, "(-∞, -1] ∪ [1, ∞)"),
        ("a*x**2/(b - x**2)", {"a": sb.positive, "b": sb.positive}, "(-∞, -a) ∪ [0, ∞)"),
        ("a + 1/(x**2 - 1)", {}, "(-∞, a - 1] ∪ (a, ∞)"),
        ("x**2", {}, "[0, ∞)"),
        ("tan(x)", {"domain": (0, "2*pi")}, "ℝ"),
    ],
)
def test_codomain_is_the_union_of_the_branches_images(text: str, options: dict[str, Any], image: str) -> None:
    derivation = sb.bijector(text, many_to_one=True, **options).derivation
    assert " ∪ ".join(map(str, derivation.image)) == image
    assert f"codomain     {image}" in str(derivation).splitlines()
    assert all(where.latex() in derivation.latex() for where in derivation.image)


def test_nothing_is_mapped_into_a_gap_of_the_codomain() -> None:
    """x**2/(1 - x**2) = y means x**2 = y/(1 + y), which is negative for -1 < y < 0."""
    made = sb.bijector("x**2/(1 - x**2)", many_to_one=True)()
    law = sb.TransformedDistribution(sb.Normal(0.0, 1.0), made)
    gap = np.array([-1e-300, -0.3, -0.5, -1 + 2.0**-53])
    assert np.isnan(made.inverse(gap)).all()
    assert np.isnan(made.inverse_log_det_jacobian(gap)).all()
    assert (law.log_prob(gap) == -np.inf).all()
    for y in (-7.5, -1.25, 0.4, 30.0):
        with mpmath.workdps(40):
            square = mpf(y) / (1 + mpf(y))
            # dx/dy = 1/(2 x (1 + y)^2), on both sides of zero
            size = mpmath.sqrt(square)
            expected = mpmath.log(2 * mpmath.npdf(size) / (2 * size * (1 + mpf(y)) ** 2))
        assert law.log_prob(y) == pytest.approx(float(expected), rel=1e-13)
