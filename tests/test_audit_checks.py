"""Single checks of an audit: what each of them has to notice, and what it must not blame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symbij as sb
from symbij.audit.checks import round_trip
from symbij.audit.kinks import places
from symbij.audit.traced import X

Function = Callable[[np.ndarray], Any]


def opaque(function: Function) -> Function:
    """The same function as a black box: it cannot be run with symbols."""

    def called(x: Any) -> Any:
        return function(np.array(np.asarray(x).tolist(), dtype=np.asarray(x).dtype))

    return called


def expit(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


@pytest.mark.parametrize(
    "function",
    [lambda x: 2 * x + 1, np.exp, np.tanh, expit, np.arctan],
    ids=["affine", "exp", "tanh", "expit", "arctan"],
)
@pytest.mark.parametrize("wrap", [lambda f: f, opaque], ids=["traced", "opaque"])
def test_roundings_of_single_precision_are_no_folds(function: Function, wrap: Callable[[Function], Function]) -> None:
    report = sb.verify(forward=wrap(function), dtype="float32")
    assert report.ok, report


@pytest.mark.parametrize("function", [np.sign, np.floor, lambda x: np.maximum(x, 0)], ids=["sign", "floor", "relu"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_flat_stretches_are_told(function: Function, dtype: str) -> None:
    report = sb.verify(forward=opaque(function), dtype=dtype)
    assert any("not one-to-one" in c.diagnosis for c in report.failures), report


@pytest.mark.parametrize("wrap", [lambda f: f, opaque], ids=["traced", "opaque"])
def test_a_constant_is_not_one_to_one(wrap: Callable[[Function], Function]) -> None:
    report = sb.verify(forward=wrap(lambda x: 0 * x + 1.0))
    assert any(c.diagnosis.startswith("constant: not one-to-one") for c in report.failures), report


@pytest.mark.parametrize(
    ("function", "domain"),
    [
        (lambda x: np.interp(x, [-1.0, 0.0, 2.0], [-2.0, 0.0, 1.0]), (-1, 2)),
        (lambda x: x - 1 + 1, None),
        (lambda x: x + np.exp(x) - 1, None),
    ],
    ids=["interp", "added and subtracted", "cancelling"],
)
def test_cancellation_is_no_fold(function: Function, domain: Any) -> None:
    report = sb.verify(forward=opaque(function), domain=domain)
    assert not any("not one-to-one" in c.diagnosis for c in report.failures), report


def test_two_different_inputs_are_told_of_a_fold() -> None:
    report = sb.verify(forward=opaque(lambda x: x**3 - x))
    told = [c.witness for c in report.failures if "not one-to-one" in c.diagnosis]
    assert told
    first, second = told[0].at
    assert abs(first - second) > 0.1
    assert first**3 - first == pytest.approx(second**3 - second, abs=1e-2)


@pytest.mark.parametrize(
    ("forward", "inverse", "domain"),
    [
        (lambda x: 1 / x, lambda y: 1 / y, (0, np.inf)),
        (lambda x: 1 / x, lambda y: 1 / y, (-np.inf, 0)),
        (lambda x: -np.log1p(-x), lambda y: -np.expm1(-y), (0, 1)),
        (lambda x: 1 / (1 - x), lambda y: 1 - 1 / y, (-np.inf, 1)),
        (lambda x: -np.expm1(-x), lambda y: -np.log1p(-y), (0, np.inf)),
        (lambda x: -np.expm1(-np.expm1(x)), lambda y: np.log1p(-np.log1p(-y)), (0, np.inf)),
    ],
    ids=["1/x", "1/x of x < 0", "-log(1 - x)", "1/(1 - x)", "saturating", "saturating twice"],
)
def test_a_black_box_is_not_asked_outside_of_its_unknown_codomain(
    forward: Function, inverse: Function, domain: Any
) -> None:
    report = sb.verify(forward=opaque(forward), inverse=opaque(inverse), domain=domain)
    assert report.ok, report


def test_a_black_box_whose_inverse_leaves_the_domain_fails() -> None:
    report = sb.verify(forward=opaque(lambda x: x**2), inverse=opaque(lambda y: -np.sqrt(y)), domain=(0, np.inf))
    assert any("leaves its domain" in c.diagnosis for c in report.failures), report


@pytest.mark.parametrize("wrap", [lambda f: f, opaque], ids=["traced", "opaque"])
def test_round_trips_through_outputs_that_have_been_rounded_to_an_end_are_not_judged(
    wrap: Callable[[Function], Function],
) -> None:
    report = sb.verify(
        forward=wrap(lambda x: np.exp(-np.exp(-x))), inverse=wrap(lambda y: -np.log(-np.log(y))),
        forward_log_det=wrap(lambda x: -x - np.exp(-x)),
    )  # fmt: skip
    assert not [c for c in report.failures if c.group == "round trip"], report


def test_an_error_beside_zero_is_told_without_units_in_the_last_place() -> None:
    report = sb.verify(forward=lambda x: x, inverse=lambda y: y, forward_log_det=lambda x: x * 0 + 0.001)
    told = [str(c.witness) for c in report.failures if c.witness is not None and c.witness.expected == 0]
    assert told
    assert not any("ulp" in text or "nan" in text for text in told), report


def test_no_witness_without_an_input() -> None:
    def throwing(x: np.ndarray) -> np.ndarray:
        raise ZeroDivisionError("of the subject's own")

    report = sb.verify(forward=throwing, inverse=lambda y: y)
    assert report.failures
    assert not any("at []" in str(c.witness) for c in report.failures), report


class Affine:
    """a*x + b, with parameters of any shapes."""

    def __init__(self, a: np.ndarray, b: np.ndarray) -> None:
        self.a, self.b = a, b

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.a * x + self.b

    def inverse(self, y: np.ndarray) -> np.ndarray:
        return (y - self.b) / self.a


def dividing(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / 0)


def not_a_number(x: np.ndarray) -> np.ndarray:
    return x * np.nan


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"forward": opaque(not_a_number), "inverse": opaque(np.exp)}, "no finite value"),
        ({"forward": opaque(not_a_number), "inverse": opaque(not_a_number)}, "no finite value"),
        ({"forward": dividing, "inverse": np.exp}, "raised ZeroDivisionError"),
        ({"forward": dividing, "inverse": np.exp, "event_ndims": 1}, "raised ZeroDivisionError"),
        ({"forward": not_a_number, "inverse": not_a_number, "event_ndims": 1}, "no finite value"),
        ({"subject": Affine(np.ones(2), np.ones(3))}, "raised ValueError"),
    ],
    ids=["NaN", "NaN both ways", "raising", "raising for events", "NaN for events", "parameters that do not fit"],
)
def test_a_map_that_never_works_fails(made: dict[str, Any], words: str) -> None:
    report = sb.verify(**made)
    told = [c.diagnosis for c in report.failures if c.name == "forward gives numbers"]
    assert told, report
    assert words in told[0], report


@pytest.mark.parametrize(
    "made",
    [
        {"subject": Affine(np.ones(2), np.array([0.5, -1.0]))},
        {"forward": opaque(np.arcsin), "inverse": opaque(np.sin), "domain": (-1, 1)},
        {"forward": opaque(np.log), "inverse": opaque(np.exp)},
        {"forward": lambda x: x @ np.eye(5), "inverse": lambda y: y @ np.eye(5), "event_ndims": 1},
        {"forward": lambda x: np.arccosh(x), "inverse": lambda y: np.cosh(y), "event_ndims": 1},
    ],
    ids=["arrays of parameters", "arcsin", "log", "events of five numbers", "events of numbers beyond 1"],
)
def test_a_map_that_works_on_its_domain_alone_passes(made: dict[str, Any]) -> None:
    report = sb.verify(**made)
    assert report.ok, report


@pytest.mark.parametrize("points", [0, -3])
def test_an_audit_needs_points(points: int) -> None:
    with pytest.raises(sb.UsageError, match="at least one point"):
        sb.verify(forward=np.exp, points=points)


def test_the_first_line_tells_of_checks_that_broke_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(setting: Any) -> Any:
        raise IndexError("of the check's own")

    monkeypatch.setattr(round_trip, "check", broken)
    report = sb.verify(forward=np.exp, inverse=np.log)
    assert report.ok
    assert "1 of these could not be finished" in str(report).splitlines()[0]


@pytest.mark.parametrize(
    ("forward", "inverse", "formula", "domain"),
    [
        (np.exp, lambda y: np.log(np.abs(y)), "exp(x)", None),
        (np.tanh, lambda y: 0.5 * np.log(np.abs((1 + y) / (1 - y))), "tanh(x)", None),
        (lambda x: x**2, lambda y: np.sqrt(np.abs(y)), "x**2", (0, np.inf)),
    ],
    ids=["exp", "tanh", "square"],
)
def test_an_inverse_that_makes_up_inputs_fails(forward: Function, inverse: Function, formula: str, domain: Any) -> None:
    report = sb.verify(forward=forward, inverse=inverse, formula=formula, domain=domain)
    assert any("which is no value of the map" in c.diagnosis for c in report.failures), report


@pytest.mark.parametrize(
    ("forward", "inverse", "formula", "domain"),
    [
        (np.sqrt, lambda y: y**2, "sqrt(x)", None),
        (np.exp, np.log, "exp(x)", None),
        (lambda x: np.sqrt(2 * x + 1), lambda y: (y**2 - 1) / 2, "sqrt(2*x + 1)", None),
        (lambda x: 1 / x, lambda y: 1 / y, "1/x", (0, np.inf)),
        (
            expit,
            lambda y: np.log(np.clip(y, 1e-300, 1)) - np.log1p(-np.clip(y, 0, 1 - 2**-53)),
            "1/(1 + exp(-x))",
            None,
        ),
    ],
    ids=["y**2", "log", "(y**2 - 1)/2", "1/y", "clipped"],
)
def test_an_inverse_may_have_values_beyond_the_codomain(
    forward: Function, inverse: Function, formula: str, domain: Any
) -> None:
    report = sb.verify(forward=forward, inverse=inverse, formula=formula, domain=domain)
    assert report.ok, report


def from_far_of(x: np.ndarray) -> np.ndarray:
    s = 1 / (1 + np.exp(-x))
    return np.log(s) + np.log(1 - s)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            {"forward": lambda x: x**3, "inverse": lambda y: np.where(np.abs(y) > 200, -1, 1) * np.cbrt(y)},
            "comes back with the other sign",
        ),
        (
            {"forward": expit, "inverse": lambda y: -np.log(1 / np.clip(y, 1e-6, 1 - 1e-6) - 1)},
            "is clipped: -13.8155",
        ),
        ({"forward": lambda x: np.log(1 + np.exp(x))}, "infinite for x > 709.8"),
        ({"forward": lambda x: np.logaddexp(0, x), "inverse": lambda y: np.log(np.expm1(y))}, "inverse is infinite"),
        ({"forward": expit, "forward_log_det": from_far_of}, "infinite for x < -709.8"),
    ],
    ids=["another branch", "clipped", "forward overflows", "inverse overflows", "log-det overflows"],
)
def test_black_boxes_that_are_wrong_far_out_fail(made: dict[str, Function], words: str) -> None:
    report = sb.verify(**{name: opaque(f) for name, f in made.items()})
    assert any(words in c.diagnosis for c in report.failures), report


def test_black_boxes_that_overflow_in_single_precision_only_are_told() -> None:
    report = sb.verify(forward=opaque(lambda x: np.log(np.exp(np.minimum(x, 500)) + 1) + np.maximum(x - 500, 0)))
    assert [c.diagnosis for c in report.failures] == [
        "in single precision forward is infinite, and not in double precision"
    ], report


@pytest.mark.parametrize(
    "made",
    [
        {"forward": np.exp, "inverse": np.log, "forward_log_det": lambda x: x, "inverse_log_det": lambda y: -np.log(y)},
        {"forward": np.sinh, "inverse": np.arcsinh, "forward_log_det": lambda x: np.log(np.cosh(x))},
        {"forward": lambda x: np.logaddexp(0, x), "inverse": lambda y: y + np.log(-np.expm1(-y))},
        {"forward": expit, "forward_log_det": lambda x: -np.logaddexp(0, x) - np.logaddexp(0, -x)},
        {"forward": lambda x: np.exp(-np.exp(-x)), "inverse": lambda y: -np.log(-np.log(y))},
        {"forward": np.tanh, "inverse": np.arctanh},
        {"forward": lambda x: x**3, "inverse": np.cbrt},
        {"forward": np.arctan, "inverse": np.tan},
    ],
    ids=["exp", "sinh", "softplus", "expit", "gumbel", "tanh", "cube", "arctan"],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_black_boxes_pass_far_out(made: dict[str, Function], dtype: str) -> None:
    report = sb.verify(**{name: opaque(f) for name, f in made.items()}, dtype=dtype)
    assert report.ok, report


def two_slopes(x: np.ndarray) -> np.ndarray:
    return np.where(x > 3.7, 2 * x - 3.7, x)


def back_of_two_slopes(place: float) -> Function:
    return lambda y: np.where(y > place, (y + 3.7) / 2, y)


def log_slope_of_two(place: float) -> Function:
    return lambda x: np.where(x > place, np.log(2.0), 0.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"inverse": back_of_two_slopes(3.7001)},
        {"forward_log_det": log_slope_of_two(3.703)},
        {"forward_log_det": opaque(log_slope_of_two(3.7003))},
    ],
    ids=["inverse", "log-det", "log-det that cannot be traced"],
)
def test_both_sides_of_a_kink_are_tried(changed: dict[str, Function]) -> None:
    right = {"forward": two_slopes, "inverse": back_of_two_slopes(3.7), "forward_log_det": log_slope_of_two(3.7)}
    report = sb.verify(**right)
    assert report.ok, report
    assert not sb.verify(**{**right, **changed}).ok


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_code_with_kinks_passes(dtype: str) -> None:
    report = sb.verify(
        forward=lambda x: np.where(x < 0.3, 0.1 * x, x - 0.27), inverse=lambda y: np.where(y < 0.03, 10 * y, y + 0.27),
        forward_log_det=lambda x: np.where(x <= 0.3, np.log(0.1), 0 * x).astype(x.dtype), dtype=dtype,
    )  # fmt: skip
    assert report.ok, report


def test_places_of_kinks() -> None:
    a = sp.Symbol("a", real=True)
    expr = sp.Piecewise((X, a * X < 3), (2 * X, True)) + sp.Abs(X - 1) + sp.Max(X, a, X**3 - 2)
    root = 1.5213797068045676  # x**3 = x + 2
    assert sorted(places(expr, {"a": 2.0})) == pytest.approx([1.0, 1.5, root, 4 ** (1 / 3), 2.0])
    assert places(sp.log(sp.Abs(X)), {}, corners=False) == []
