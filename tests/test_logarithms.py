"""Log-dets with one logarithm: which programs get one, that nothing over- or underflows on the way, and that large
logarithms of opposite sign cancel before they are rounded."""

from __future__ import annotations

from collections.abc import Iterator

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb
from symbij.bijectors.fused import program_of
from symbij.bijectors.library import ALL
from symbij.distributions.density import log_density_program, shape_of
from symbij.fitting.objective import loss_program
from symbij.kernels.run import Runner
from symbij.program.ir import Builder, Program, Var
from symbij.program.logarithms import with_one_logarithm

LOGARITHMS = ("log", "log_scaled", "loghypot", "log_quotient")
POINTS = [5e-324, 1e-310, 3e-200, 0.3, 0.7499999, 0.75, 1.0, 1.4999999, 1.5, 2.0, 1e150, 1.7e308]


@pytest.fixture(autouse=True)
def digits() -> Iterator[None]:
    """Enough of them for logarithms that cancel."""
    with mpmath.workprec(300):
        yield


def log_det_program(name: str, inverse: bool, value: bool = False) -> Program:
    return program_of(((ALL[name].derivation, False),), inverse, value, True)


def logarithms(program: Program) -> int:
    """How many logarithms the loop over x takes."""
    varying = program.depends_on("x")
    return sum(op.name in LOGARITHMS and varies for op, varies in zip(program.ops, varying, strict=True))


def joined(log_det: Var, x: Var, names: tuple[str, ...] = ("x",)) -> Program:
    return log_det.builder.finish([with_one_logarithm(log_det.builder, log_det, x)], names)


def run(program: Program, x: list[float], parameters: list[float] | None = None) -> np.ndarray:
    packed = np.array([] if parameters is None else parameters, float).reshape(-1, 1)[: len(program.inputs) - 1]
    packed = packed if parameters is not None else np.empty((0, 1))
    return Runner("test", program, packed, ())(np.array(x))[0]


def assert_close(got: np.ndarray, truth: list[mpf], ulp: float = 4.0) -> None:
    for g, t in zip(got, truth, strict=True):
        assert abs(mpf(float(g)) - t) <= ulp * mpf(2) ** -53 * max(1, abs(t)), (float(g), t)


@pytest.mark.parametrize(("name", "count"), [("NormalCDF", 1), ("MoyalCDF", 1), ("SinhArcsinh", 1), ("MixtureCDF", 1)])
def test_inverse_log_dets_take_one_logarithm(name: str, count: int) -> None:
    derivation = ALL[name](weights=[1.0], locs=[0.0], scales=[1.0]).derivation if name == "MixtureCDF" else None
    program = program_of(((derivation, False),), True, False, True) if derivation else log_det_program(name, True)
    assert logarithms(program) == count


@pytest.mark.parametrize("name", ["Log", "Logit", "Sinh", "Square", "Reciprocal", "Exp", "Power"])
@pytest.mark.parametrize("inverse", [False, True])
def test_a_single_logarithm_stays(name: str, inverse: bool) -> None:
    assert "log_scaled" not in {op.name for op in log_det_program(name, inverse).ops}


def test_logarithms_that_the_value_needs_too_stay() -> None:
    """log(2 y) is the inverse of the left half, and minus its log-det."""
    assert logarithms(log_det_program("LaplaceCDF", True, value=True)) == 2


def test_losses_keep_logarithms_whose_derivatives_are_known() -> None:
    law = sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.SinhArcsinh(skewness=0.1, tailweight=0.5))
    shape = shape_of(law._density())
    assert "log_scaled" in {op.name for op in log_density_program(shape).ops}
    assert "log_scaled" not in {op.name for op in loss_program(shape, (), (), 4).ops}


def test_products_of_powers_neither_overflow_nor_underflow() -> None:
    b = Builder()
    x = b.input("x")
    other = x + 1e-320
    log_det = 4.0 * b.call("log", x) + 3.0 * b.call("log", other) - b.call("log", 0.25 * x)
    program = joined(log_det, x)
    assert logarithms(program) == 1
    truth = [4 * mpmath.log(v) + 3 * mpmath.log(mpf(v + 1e-320)) - mpmath.log(mpf(0.25 * v)) for v in POINTS[1:]]
    assert_close(run(program, POINTS[1:]), truth)


def test_ends_and_invalid_numbers_are_those_of_the_sum() -> None:
    b = Builder()
    x = b.input("x")
    plain = 2.0 * b.call("log", x) + b.call("log", 3.0 + x)
    numbers = [0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -5.0]
    expected = run(b.finish([plain], ("x",)), numbers)
    np.testing.assert_array_equal(run(joined(plain, x), numbers), expected)


@pytest.mark.parametrize("power", [1.0, 2.0, -1.0, 0.5, -1.5])
@pytest.mark.parametrize("c", [5e-324, 3e-200, 0.1, 1.0, 7.0, 1e300])
def test_the_logarithm_of_a_parameter_joins(power: float, c: float) -> None:
    b = Builder()
    x, parameter = b.input("x"), b.input("c")
    program = joined(power * b.call("log", x) - b.call("log", parameter), x, ("x", "c"))
    points = [p for p in (mpf(c) ** (1 / mpf(power)) * f for f in (1, 1.5, 100)) if 1e-300 < p < 1e300]
    xs = [float(p) for p in points] or [1.0]
    truth = [mpf(power) * mpmath.log(mpf(v)) - mpmath.log(mpf(c)) for v in xs]
    assert_close(run(program, xs, [c]), truth)


def test_a_choice_between_sums_has_one_logarithm() -> None:
    b = Builder()
    x = b.input("x")
    near = b.compare("lt", x, b.const(1.0))
    plain = b.select(near, b.call("log", x) - b.call("log", x + 1.0), x * x) + b.call("log", x + 2.0)
    program = joined(plain, x)
    assert logarithms(program) == 1
    xs = [1e-300, 0.2, 0.9, 1.1, 30.0]
    truth = [(mpmath.log(mpf(v) / (mpf(v) + 1)) if v < 1 else mpf(v) ** 2) + mpmath.log(mpf(v) + 2) for v in xs]
    assert_close(run(program, xs), truth)


@pytest.mark.parametrize("scale", [1e-6, 1e-150, 1e150])
def test_tails_of_narrow_and_wide_laws(scale: float) -> None:
    """d/dy of the quantile function is scale/phi(z); where it is about 1, two large logarithms cancel."""
    z = -mpmath.sqrt(2 * mpmath.log(1 / mpf(scale))) if scale < 1 else mpf(-1)
    y = float(mpmath.erfc(-z / mpmath.sqrt(2)) / 2)
    root = mpmath.findroot(lambda t: mpmath.erfc(-t / mpmath.sqrt(2)) / 2 / mpf(y) - 1, z)
    truth = mpmath.log(mpf(scale)) + root**2 / 2 + mpmath.log(2 * mpmath.pi) / 2
    got = sb.bijectors.NormalCDF(loc=0.0, scale=scale).inverse_log_det_jacobian(np.array([y]))
    assert_close(got, [truth], 6.0)


@pytest.mark.parametrize("a", [1e-100, 1e100])
def test_cubic_of_extreme_slope(a: float) -> None:
    x = float(1 / mpmath.sqrt(3 * mpf(a) ** 3))  # where the derivative 3 a (a x)^2 is 1
    got = sb.Cubic(a=a, b=0.0).forward_log_det_jacobian(np.array([x]))
    assert_close(got, [mpmath.log(3 * mpf(a) * (mpf(a) * mpf(x)) ** 2)])


def test_cubic_beside_the_largest_double() -> None:
    got = sb.Cubic(a=3e4, b=-1e4).forward_log_det_jacobian(np.array([1.7e308, -1.7e308]))
    truth = [mpmath.log(9e4 * (mpf(3e4) * s * mpf(1.7e308) - 10**4) ** 2) for s in (1, -1)]
    assert_close(got, truth)


def test_weights_of_a_mixture_cancel() -> None:
    """Weights count by their quotients, however large they are."""
    shapes = {"locs": [-1.0, 2.0], "scales": [0.5, 1.5]}
    x = np.linspace(-5.0, 8.0, 27)
    small, large = (
        sb.bijectors.LogisticMixtureCDF(weights=[0.5 * s, 1.5 * s], **shapes).forward_log_det_jacobian(x)
        for s in (1.0, 2.0**600)
    )
    np.testing.assert_allclose(large, small, rtol=1e-15, atol=4e-16)


def test_parameters_cancel_among_each_other() -> None:
    chain = sb.Chain([sb.Scale(scale=2.0**600), sb.Scale(scale=0.3 * 2.0**-600)])
    got = chain.forward_log_det_jacobian(np.array([1.0]))
    assert_close(got, [mpmath.log(mpf(0.3))], 2.0)


@pytest.mark.parametrize("x", [1e-300, 1e-20, 1e-8, 0.3, 1e300])
def test_the_logarithm_of_one_plus_a_number_keeps_the_number(x: float) -> None:
    made = sb.bijector("1/(1 + x)", domain=(0, "oo"))()
    with mpmath.workprec(2000):
        truth = float(-2 * mpmath.log(1 + mpf(x)))
    assert made.forward_log_det_jacobian(x) == pytest.approx(truth, rel=3e-16, abs=0)
