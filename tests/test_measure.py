"""Measuring itself: truths at corners and ends, wrong functions found out, nothing dropped, results to be read."""

from __future__ import annotations

import dataclasses
import json
import math

import matplotlib as mpl
import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symbij as sb
from symbij.accuracy import truth as truth_module
from symbij.accuracy.definition import numeric, plain, real
from symbij.accuracy.doubles import MAX, from_ordinal, ordinal, rounded, ulp_error
from symbij.accuracy.limits import at_parameters
from symbij.accuracy.measure import judge, measure
from symbij.accuracy.points import spread
from symbij.accuracy.reference import OPERATIONS, Reference, find_reference
from symbij.accuracy.truth import Forward, OutOfReach
from symbij.calculus.derivation import Derivation, derive
from symbij.formula.formula import make_formula
from symbij.formula.parser import parse

mpl.use("Agg")


def derived(text: str, domain: tuple[object, object] | None = None, **constraints: object) -> Derivation:
    return derive(make_formula(text, domain=domain, constraints=constraints))


def forward_of(text: str, **values: float) -> Forward:
    formula = make_formula(text)
    return Forward(formula.expr, formula.variable, {p.symbol: values[p.name] for p in formula.parameters}, 600)


EXP = derived("exp(x)")
RIGHT = {"forward": np.exp, "forward_log_det": lambda x: x, "inverse": np.log, "inverse_log_det": lambda y: -np.log(y)}


# --- doubles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 5e-324, -5e-324, 1.0, -1.5, MAX, -MAX, 2.2250738585072014e-308])
def test_ordinals_count_doubles(value: float) -> None:
    assert from_ordinal(ordinal(value)) == value
    if value < MAX:
        assert ordinal(math.nextafter(value, math.inf)) == ordinal(value) + 1


@pytest.mark.parametrize(
    ("got", "truth", "error"),
    [
        (1.0, mpf(1), 0.0),
        (math.nextafter(1.0, 2.0), mpf(1), 1.0),
        (math.inf, mpf(10) ** 400, 0.0),
        (-math.inf, mpf(10) ** 400, math.inf),
        (math.nan, mpf(1), math.inf),
        (0.0, mpf(2) ** -1074, 1.0),
        (0.0, mpf("nan"), math.inf),
        (MAX, mpf("inf"), 1.0),
    ],
)
def test_errors_in_ulp(got: float, truth: mpf, error: float) -> None:
    assert ulp_error(got, truth) == error


def test_subnormals_are_rounded_once() -> None:
    with mpmath.workprec(3000):
        just_above_half = mpf(2) ** -1075 * (1 + mpf(2) ** -200)
        assert rounded(just_above_half) == 5e-324
        assert rounded(mpf(2) ** -1075) == 0.0  # to even


# --- truth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "x", "value", "slope"),
    [
        ("where(x < 0, 2*x, x**3)", -1.5, -3, 2),
        ("where(x < 0, 2*x, x**3)", 2.0, 8, 12),
        ("max(x, 3*x - 4, 5*x - 20)", 9.0, 25, 5),
        ("min(x, 3*x - 4)", 1.0, -1, 3),
        ("x + abs(x)/2", -3.0, -1.5, 0.5),
        ("x + sign(x)", 2.0, 3, 1),
        ("floor(x) + (x - floor(x))**2", 2.5, 2.25, 1),
        ("-abs(x)*x", -2.0, 4, -4),
    ],
)
def test_truth_inside_pieces(text: str, x: float, value: float, slope: float) -> None:
    got = forward_of(text).forward(x)
    assert got[0] == value
    assert got[2] == pytest.approx(math.log(abs(slope)), abs=1e-15)


@pytest.mark.parametrize(
    ("text", "x", "jumps"),
    [
        ("x + abs(x)/2", 0.0, True),
        ("x + abs(x)/2", 5e-324, False),
        ("max(x, 3*x - 4)", 2.0, True),
        ("x/(1 + abs(x))", 0.0, False),
        ("where(x < 1, x, 2*x - 1)", 1.0, True),
        ("where(x < 1, x, x**2/2 + 1/2)", 1.0, False),
        ("x**3", 0.0, False),
    ],
)
def test_corners_are_recognised(text: str, x: float, jumps: bool) -> None:
    assert forward_of(text).slope_jumps(mpf(x)) == jumps


def test_sensitivities_are_those_of_numerical_derivatives() -> None:
    values = {"a": 1.5, "b": -0.3}
    f = forward_of("exp(a*x + b)/(1 + x**2)", **values)
    inputs = [0.7, 1.5, -0.3]

    def value(*inputs: mpf) -> mpf:
        x, a, b = inputs
        return mpmath.exp(a * x + b) / (1 + x**2)

    def log_det(*inputs: mpf) -> mpf:
        return mpmath.log(abs(mpmath.diff(lambda x: value(x, *inputs[1:]), inputs[0])))

    y, of_y, slope, of_slope = f.forward(0.7)
    with mpmath.workprec(400):
        inputs = [mpf(v) for v in inputs]
        for out, sensitivity, function in ((y, of_y, value), (slope, of_slope, log_det)):
            assert abs(out - function(*inputs)) < mpf(10) ** -20
            orders = [tuple(int(i == k) for i in range(3)) for k in range(3)]
            expected = sum(abs(v * mpmath.diff(function, inputs, n)) for v, n in zip(inputs, orders, strict=True))
            assert abs(sensitivity - expected) < mpf(10) ** -12 * expected


@pytest.mark.parametrize(
    ("text", "lo", "hi", "y"),
    [
        ("log(1 + exp(x))", "-inf", "inf", 1e-300),
        ("log(1 + exp(x))", "-inf", "inf", 1e300),
        ("exp(-exp(-x))", "-inf", "inf", 1 - 2.0**-53),
        ("exp(-exp(-x))", "-inf", "inf", 1e-320),
        ("-x**3 - x", "-inf", "inf", 7.0),
        ("ndtr(x)", "-inf", "inf", 1e-310),
        ("x**2", "0", "inf", 1e-320),
        ("where(x < 0, 2*x, x)", "-inf", "inf", -7.0),
    ],
)
def test_preimages_are_found_without_a_guess(text: str, lo: str, hi: str, y: float) -> None:
    formula = make_formula(text)
    f = Forward(formula.expr, formula.variable, {}, None)
    x = f.preimage(y, None, mpf(lo), mpf(hi))
    with mpmath.workprec(4000):
        assert abs(f.value(x) / y - 1) < mpf(2) ** -150


@pytest.mark.parametrize(
    ("text", "domain", "y"), [("log(x)", "0", 1e300), ("log(x)", "0", -1e300), ("-log(1 - x)", None, 1e5)]
)
def test_preimages_out_of_reach_are_said_to_be(text: str, domain: str | None, y: float) -> None:
    formula = make_formula(text)
    f = Forward(formula.expr, formula.variable, {}, None)
    with pytest.raises(OutOfReach):
        f.preimage(y, None, mpf(domain or "-inf"), mpf("inf" if domain else 1))


@pytest.mark.parametrize(
    ("text", "values", "limit"),
    [
        ("(1 + x*c)**(1/c)", {"c": 0.0}, "exp(x)"),
        ("(x**c - 1)/c", {"c": 0.0}, "log(x)"),
        ("exp(-(1 + c*(x - m)/s)**(-1/c))", {"c": 0.0, "m": 0.25, "s": 2.0}, "exp(-exp(-(x - m)/s))"),
        ("where(x >= 0, ((x + 1)**c - 1)/c, -((1 - x)**(2 - c) - 1)/(2 - c))", {"c": 0.0},
         "where(x >= 0, log(1 + x), x - x**2/2)"),
        ("where(x >= 0, ((x + 1)**c - 1)/c, -((1 - x)**(2 - c) - 1)/(2 - c))", {"c": 2.0},
         "where(x >= 0, x + x**2/2, -log(1 - x))"),
        ("c*x + 1/s", {"c": 0.0, "s": 2.0}, "1/s"),
    ],
)  # fmt: skip
def test_limits_in_parameters(text: str, values: dict[str, float], limit: str) -> None:
    formula = make_formula(text)
    exact = {p.symbol: values[p.name] for p in formula.parameters}
    found = at_parameters(formula.expr, formula.variable, exact, [0.3, 0.7, 1.9])
    expected = parse(limit, {s.name: s for s in [formula.variable, *exact]})[0]
    symbols = [formula.variable, *exact]
    with mpmath.workprec(300):
        for x in (0.01, 0.6, 3.0):
            got, truth = (
                real(numeric(plain(e), symbols)(mpf(x), *map(mpf, exact.values()))) for e in (found, expected)
            )
            assert abs(got - truth) <= abs(truth) * mpf(2) ** -250


def test_what_has_no_limit_stays_undefined() -> None:
    formula = make_formula("x/c")
    (c,) = (p.symbol for p in formula.parameters)
    assert at_parameters(formula.expr, formula.variable, {c: 0.0}, [0.3, 0.7]) == formula.expr


def test_no_preimage_is_an_error() -> None:
    with pytest.raises(ArithmeticError):
        forward_of("exp(x)").preimage(-1.0, None, mpf("-inf"), mpf("inf"))


# --- points ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lo", "hi"), [("-inf", "inf"), ("0", "inf"), ("0", "1"), ("-3", "1e-300"), ("1", "1.001")])
def test_points_lie_inside_and_reach_the_ends(lo: str, hi: str) -> None:
    low, high = mpf(lo), mpf(hi)
    points = spread(low, high, 80, [(0.0, 1.0)], np.random.default_rng(0))
    assert len(points) >= 75
    assert points == sorted(set(points))
    assert all(low < p < high for p in points)
    for end in (low, high):
        if not mpmath.isinf(end):
            assert min(abs(p - end) for p in points) < mpf("1e-12")
    again = spread(low, high, 80, [(0.0, 1.0)], np.random.default_rng(0))
    assert points == again


# --- measuring -------------------------------------------------------------------------------------------------------


def test_right_functions_are_within_four_ulp() -> None:
    result = measure(EXP, operations=RIGHT, points=40)
    assert tuple(result.operations) == OPERATIONS
    for operation in result.operations.values():
        assert len(operation.points) >= 40
        assert not operation.undecided
    assert result.worst_conditioned <= 4
    assert result.wrong_nonfinite == 0


def test_wrong_functions_are_found_out() -> None:
    def a_little_wrong(x: np.ndarray) -> np.ndarray:
        return np.exp(x) * (1 + 100 * np.finfo(float).eps)

    def undefined_above_one(y: np.ndarray) -> np.ndarray:
        return np.where(y > 1, np.nan, np.log(y))

    result = measure(EXP, operations={"forward": a_little_wrong, "inverse": undefined_above_one}, points=60)
    assert list(result.operations) == ["forward", "inverse"]
    forward, inverse = result.operations["forward"], result.operations["inverse"]
    assert 80 < forward.worst_conditioned < 220
    assert forward.share_within(4) < 0.6 < forward.share_within(1000) == 1.0
    above = sum(p.at > 1 for p in inverse.points)
    assert inverse.wrong_nonfinite == above > 5
    assert inverse.worst_conditioned == math.inf
    assert inverse.share_within(1000) == 1 - above / len(inverse.points)
    assert all(math.isnan(p.got) for p in inverse.worst(above))
    assert not math.isnan(inverse.worst(above + 1)[-1].got)
    text = str(result)
    assert f"{above}" in text
    assert "inverse at y =" in text


def test_swapped_sign_of_a_log_det_is_found_out() -> None:
    result = measure(EXP, operations={"inverse_log_det": np.log}, points=30)
    assert result.operations["inverse_log_det"].share_within(1000) < 0.2


def test_the_condition_number_excuses_what_it_should() -> None:
    shift = derived("x + a")
    exact = measure(shift, {"a": 1 / 3}, {"forward": lambda x: x + 1 / 3}, points=40)
    assert exact.worst_conditioned <= 1
    rounded_parameter = 1 / 3 * (1 + 2e-16)
    perturbed = measure(shift, {"a": 1 / 3}, {"forward": lambda x: x + rounded_parameter}, points=40)
    assert perturbed.worst_conditioned <= 4


def test_constant_log_dets_may_come_as_one_number() -> None:
    result = measure(derived("2*x"), operations={"forward_log_det": lambda x: np.log(2.0)}, points=20)
    assert result.worst_conditioned <= 1


@pytest.mark.parametrize(
    ("text", "domain", "constraints", "values"),
    [
        ("(high - x)/(high - low)", ("low", "high"), {}, {"low": -3.0, "high": 5.0}),  # falls; ends are parameters
        ("sqrt(x)", None, {}, {}),
        ("-exp(-x)", None, {}, {}),
        ("sigmoid(x)", None, {}, {}),
        ("x/(1 + abs(x))", None, {}, {}),
    ],
)
def test_own_kernels(text: str, domain: object, constraints: dict[str, object], values: dict[str, float]) -> None:
    result = derived(text, domain, **constraints).accuracy(values, points=30)  # type: ignore[arg-type]
    assert result.worst_conditioned <= 4, str(result)
    assert not any(o.undecided for o in result.operations.values())


def test_closed_ends_are_measured() -> None:
    reference = find_reference(derived("sqrt(x)"), {}, 20)
    at_zero = {name: s for name, samples in reference.samples.items() for s in samples if s.at == 0}
    assert set(at_zero) == set(OPERATIONS)
    assert at_zero["forward"].truth == 0
    assert at_zero["forward_log_det"].truth == math.inf
    assert at_zero["inverse"].truth == 0
    assert at_zero["inverse_log_det"].truth == -math.inf


def test_corners_are_undecided() -> None:
    bent = dataclasses.replace(derived("x"), formula=make_formula("x + abs(x)/2"))
    reference = find_reference(bent, {}, 20)
    assert [s.at for s in reference.samples["forward"] if s.reason] == []
    assert [s.at for s in reference.samples["forward_log_det"] if s.reason] == [0.0]
    result = judge(reference, {"forward_log_det": lambda x: np.where(x < 0, np.log(0.5), np.log(1.5))})
    assert [u.at for u in result.operations["forward_log_det"].undecided] == [0.0]
    assert result.worst_conditioned <= 1
    assert "corner" in str(result)


def test_truths_that_do_not_settle_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_module, "MAX_PRECISION", 4000)
    result = measure(EXP, operations=RIGHT, points=20, precision=3000)
    for name, operation in result.operations.items():
        assert len(operation.points) + len(operation.undecided) >= 20
        assert bool(operation.points) == (name == "inverse")  # a preimage is verified by its sign change
    assert "undecided" in str(result)


def test_parameters_are_drawn_from_their_constraints_until_conditions_hold() -> None:
    derivation = derived("low + (high - low)*sigmoid(x/s)", None, s="positive")
    result = derivation.accuracy({"low": 3.0}, points=10, seed=4)
    (values,) = result.parameters
    assert values["low"] == 3.0
    assert values["s"] > 0
    assert set(result.drawn) == {"high", "s"}
    assert "drawn with seed 4" in str(result)
    assert derivation.accuracy({"low": 3.0}, points=10, seed=4).parameters == result.parameters
    assert derivation.accuracy({"low": 3.0}, points=10, seed=5).parameters != result.parameters
    uniform = derived("(x - low)/(high - low)", ("low", "high"))
    for seed in range(4):
        (values,) = uniform.accuracy(points=2, seed=seed).parameters
        assert values["low"] < values["high"]


def test_arrays_of_parameters_are_cases() -> None:
    result = derived("a*x + b", None, a="nonzero").accuracy({"a": [1.0, -2.0, 1e-300], "b": 0.5}, points=10)
    assert [p["a"] for p in result.parameters] == [1.0, -2.0, 1e-300]
    assert {p.case for p in result.operations["forward"].points} == {0, 1, 2}
    assert "3 sets of parameters" in str(result)


def test_references_survive_being_written() -> None:
    reference = find_reference(derived("exp(a*x)", None, a="nonzero"), {"a": 1e-3}, 15)
    read = Reference.from_json(reference.to_json())
    assert read.parameters == {"a": 1e-3}
    for name in OPERATIONS:
        assert [dataclasses.astuple(s) for s in read.samples[name]] == [
            dataclasses.astuple(s) for s in reference.samples[name]
        ]


def test_result_as_plain_numbers() -> None:
    result = measure(EXP, operations=RIGHT, points=20)
    read = json.loads(json.dumps(result.to_dict()))
    assert read["formula"] == "exp(x)"
    forward = read["operations"]["forward"]
    assert forward["within"]["4"] == 1.0
    assert forward["points"] == len(result.operations["forward"].points)
    assert forward["worst_conditioned"] == result.operations["forward"].worst_conditioned


def test_plot() -> None:
    broken = {**RIGHT, "inverse": lambda y: np.where(y > 1, np.nan, np.log(y))}
    ax = measure(EXP, operations=broken, points=20).plot()
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(OPERATIONS)
    assert any(line.get_marker() == "x" and line.get_xdata().size > 2 for line in ax.lines)
    assert ax.get_ylim()[1] > 4
    labels = [t.get_text() for t in ax.get_xticklabels()]
    assert "0" in labels
    assert any("10^" in label for label in labels)
    assert ax.get_title() == "y = exp(x)"
    mpl.pyplot.close(ax.figure)


def test_refusals() -> None:
    with pytest.raises(sb.UsageError, match="unknown operation 'backwards'"):
        measure(EXP, operations={"backwards": np.exp})
    with pytest.raises(sb.UsageError, match="at least 1"):
        measure(EXP, points=0)
    with pytest.raises(sb.ParameterError, match="no parameter 'q'"):
        EXP.accuracy({"q": 1.0})
    with pytest.raises(sb.ParameterError, match="positive"):
        derived("a*x", None, a="positive").accuracy({"a": -1.0})
    with pytest.raises(sb.UsageError, match="numbers, not arrays"):
        measure(derived("x + a"), {"a": [1.0, 2.0]}, RIGHT)
    with pytest.raises(sb.ShapeError, match="broadcast"):
        derived("a*x + b", None, a="nonzero").accuracy({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]})
    with pytest.raises(sb.ShapeError, match="shape"):
        measure(EXP, operations={"forward": lambda x: np.ones((3, 2))})
