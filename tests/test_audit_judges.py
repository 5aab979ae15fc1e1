"""What a subject is judged by: its formula, constraints and relations that its code implies, its faults when read."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

import symbij as sb
from symbij.audit import Status


class Positive:
    """shift + scale*x, for positive scales."""

    def __init__(self, shift: float = 0.3, scale: float = 1.7) -> None:
        self.shift, self.scale = shift, scale

    def forward(self, x: Any) -> Any:
        return self.shift + self.scale * x

    def inverse(self, y: Any) -> Any:
        return (y - self.shift) / self.scale

    def forward_log_det(self, x: Any) -> Any:
        return np.log(self.scale) + 0 * x


class Falling(Positive):
    """shift - scale*x, for positive scales."""

    def forward(self, x: Any) -> Any:
        return self.shift - self.scale * x

    def inverse(self, y: Any) -> Any:
        return (self.shift - y) / self.scale


class Bounds:
    """lo + (hi - lo)*sigmoid(x), for lo < hi."""

    def __init__(self, lo: float = -1.0, hi: float = 2.0) -> None:
        self.lo, self.hi = lo, hi

    def forward(self, x: Any) -> Any:
        return self.lo + (self.hi - self.lo) / (1 + np.exp(-x))

    def inverse(self, y: Any) -> Any:
        return np.log(y - self.lo) - np.log(self.hi - y)

    def forward_log_det(self, x: Any) -> Any:
        return np.log(self.hi - self.lo) - np.logaddexp(0, x) - np.logaddexp(0, -x)

    def inverse_log_det(self, y: Any) -> Any:
        return np.log(self.hi - self.lo) - np.log(y - self.lo) - np.log(self.hi - y)


class Standardised:
    """(x - lo)/(hi - lo), for lo < hi."""

    def __init__(self, lo: float = -1.0, hi: float = 2.0) -> None:
        self.lo, self.hi = lo, hi

    def forward(self, x: Any) -> Any:
        return (x - self.lo) / (self.hi - self.lo)

    def inverse(self, y: Any) -> Any:
        return self.lo + (self.hi - self.lo) * y

    def forward_log_det(self, x: Any) -> Any:
        return -np.log(self.hi - self.lo) + 0 * x


@pytest.mark.parametrize(
    ("subject", "options"),
    [
        (Positive(), {}),
        (Falling(), {}),
        (Bounds(), {}),
        (Standardised(), {}),
        (Positive(), {"formula": "shift + scale*x", "constraints": {"scale": sb.positive}}),
        (Bounds(), {"formula": "lo + (hi - lo)*sigmoid(x)"}),
        (Standardised(), {"formula": "(x - lo)/(hi - lo)"}),
    ],
    ids=["scale", "falling", "bounds", "standardised", "constraint", "bounds by formula", "standardised by formula"],
)
def test_code_is_not_tried_with_parameters_that_it_excludes(subject: Any, options: dict[str, Any]) -> None:
    report = sb.verify(subject, **options)
    assert report.ok, report
    proved = [c.name for c in report.checks if c.status is Status.PROVED]
    assert "inverse(forward(x)) = x" in proved
    assert any("log-det" in name for name in proved)


def test_a_formula_without_constraints_allows_all_signs() -> None:
    report = sb.verify(Positive(), formula="shift + scale*x")
    assert any("scale enters without abs" in c.diagnosis for c in report.failures), report


def test_a_parameter_that_its_code_excludes_is_a_fault_where_the_subject_has_it() -> None:
    report = sb.verify(Positive(scale=-2.0))
    assert any("NaN where scale < 0" in c.diagnosis for c in report.failures), report


def test_constraints_are_of_parameters_and_of_their_values() -> None:
    functions = {
        "forward": lambda x, a: a * x,
        "inverse": lambda y, a: y / a,
        "forward_log_det": lambda x, a: np.log(a),
    }
    right = {"formula": "a*x", "parameters": {"a": 1.5}}
    assert not sb.verify(**functions, **right).ok
    assert sb.verify(**functions, **right, constraints={"a": sb.positive}).ok
    assert sb.verify(**functions, **right, constraints={"a": "positive"}).ok
    with pytest.raises(sb.ParameterError, match="constraint given for 'b'"):
        sb.verify(**functions, **right, constraints={"b": sb.positive})
    with pytest.raises(sb.ParameterError, match="'a' must be negative"):
        sb.verify(**functions, **right, constraints={"a": sb.negative})
    with pytest.raises(sb.UsageError, match=r"constraints=\{\.\.\.\}"):
        sb.verify(**functions, formula="a*x", parameters={"a": sb.positive})


def test_black_boxes_keep_to_constraints() -> None:
    seen = []

    def forward(x: Any, p: float) -> Any:
        seen.append(float(np.max(p)))
        return np.array([math.tan(v * p) for v in np.ravel(x)]).reshape(np.shape(x))

    options = {"parameters": {"p": 0.9}, "domain": (-1.0, 1.0)}
    sb.verify(forward, **options, constraints={"p": sb.interval(0.0, 1.0)})
    others = {c for c in seen if c != 0.9}
    assert 0.9 * 0.61 in others
    assert max(seen) < 1


def boxed(function: Any) -> Any:
    """A function whose code cannot be run with symbols."""
    return lambda x, **parameters: function(
        np.frombuffer(np.asarray(x, float).tobytes()).reshape(x.shape), **parameters
    )


UNDERIVED = "log(x + exp(x))"  # no closed form of the end of its domain


@pytest.mark.parametrize("wrap", [boxed, lambda f: f], ids=["black box", "traced"])
@pytest.mark.parametrize("formula", [UNDERIVED, "log(x) + sqrt(-x)"], ids=["underived", "nowhere defined"])
def test_a_formula_that_cannot_be_derived_is_compared_with(formula: str, wrap: Any) -> None:
    report = sb.verify(forward=wrap(lambda x: 5 * x), inverse=wrap(lambda y: y / 5), formula=formula)
    found = [c for c in report.failures if c.name == "forward against the stated formula"]
    assert len(found) == 1, report
    assert found[0].witness is not None
    x = found[0].witness.at
    assert found[0].witness.got == 5 * x
    if formula == UNDERIVED:
        assert found[0].witness.expected == pytest.approx(math.log(x + math.exp(x)))
    else:
        assert "the formula has no value" in found[0].diagnosis


@pytest.mark.parametrize("wrap", [boxed, lambda f: f], ids=["black box", "traced"])
def test_code_that_is_a_formula_that_cannot_be_derived(wrap: Any) -> None:
    report = sb.verify(
        forward=wrap(lambda x: np.log(x + np.exp(x))),
        forward_log_det=wrap(lambda x: np.log((1 + np.exp(x)) / (x + np.exp(x)))),
        formula=UNDERIVED,
    )
    stated = {c.name: c.status for c in report.checks if "against the stated formula" in c.name}
    assert list(stated.values()) == [Status.PASS, Status.PASS], report
    assert not [c for c in report.failures if c.group in ("symbolic", "values", "log-det", "parameters")], report


@pytest.mark.parametrize(
    ("functions", "formula"),
    [
        ((np.exp, np.log, lambda x: x.sum(-1)), "exp(x)"),
        ((np.log, np.exp, lambda y: -np.log(y).sum(-1)), "log(x)"),
        ((lambda x, a: a * x, lambda y, a: y / a, lambda x, a: np.log(np.abs(a)).sum(-1) + 0 * x[..., 0]), "a*x"),
    ],
)
def test_a_formula_of_events_is_that_of_each_component(functions: Any, formula: str) -> None:
    given = dict(zip(("forward", "inverse", "forward_log_det"), functions, strict=True))
    given |= {"parameters": {"a": np.array([1.5, -2.0, 3.0])}} if "a*" in formula else {}
    report = sb.verify(**given, event_ndims=1, formula=formula)
    assert report.ok, report
    passed = [c.name for c in report.checks if "stated" in c.name and c.status is Status.PASS]
    assert passed == ["forward against the stated formula", "forward log-det against the stated formula"]


def test_wrong_components_of_events() -> None:
    right = {"event_ndims": 1, "formula": "exp(x)", "inverse": lambda y: np.log(y) / 2}
    twice = sb.verify(lambda x: np.exp(2 * x), forward_log_det=lambda x: np.sum(2 * x + np.log(2), axis=-1), **right)
    assert [c.name for c in twice.failures] == [
        "forward against the stated formula",
        "forward log-det against the stated formula",
    ]
    with pytest.raises(sb.UsageError, match=r"'a' has the shape \(3, 3\)"):
        sb.verify(lambda x, a: x @ a, formula="a*x", parameters={"a": np.eye(3) + 1}, event_ndims=1)


class Scaled:
    """a*x"""

    def __init__(self, a: float = 2.0) -> None:
        self.a = a

    def forward(self, x: Any) -> Any:
        return self.a * x

    def inverse(self, y: Any) -> Any:
        return y / self.a


class BadDomain(Scaled):
    @property
    def domain(self) -> Any:
        raise RuntimeError("out of order")


class BadParameters(Scaled):
    @property
    def parameters(self) -> Any:
        raise RuntimeError("out of order")


class BadNames(Scaled):
    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


class LeavesByName(Scaled):
    def __getattr__(self, name: str) -> Any:
        sys.exit(3)


@pytest.mark.parametrize("kind", [BadDomain, BadParameters, BadNames, LeavesByName])
def test_attributes_that_raise_are_no_error_of_the_audit(kind: type) -> None:
    report = sb.verify(kind())
    assert report.ok, report
    assert report.parameters == {"a": 2.0}


class Leaving(Scaled):
    def inverse(self, y: Any) -> Any:
        sys.exit(0)


@pytest.mark.parametrize(
    "report",
    [
        lambda: sb.verify(Leaving()),
        lambda: sb.verify(np.exp, inverse=Leaving().inverse),
        lambda: sb.verify(np.exp, inverse=Leaving().inverse, formula="exp(x)"),
    ],
)
def test_code_that_exits_is_told(report: Any) -> None:
    assert any("raised SystemExit" in c.diagnosis for c in report().failures)


class BoxCox:
    """(x^c - 1)/c, and its limit at c = 0; arrays of c are refused by `if`."""

    def __init__(self, c: float = 0.5) -> None:
        self.c = c

    def forward(self, x: Any) -> Any:
        return (x**self.c - 1) / self.c if self.c != 0 else np.log(x)

    def inverse(self, y: Any) -> Any:
        return (1 + self.c * y) ** (1 / self.c) if self.c != 0 else np.exp(y)


class BoxCoxOfNumbers(BoxCox):
    def forward(self, x: Any) -> Any:
        return math.expm1(self.c * math.log(x)) / self.c if self.c != 0 else math.log(x)


def one_number(x: float, c: float) -> float:
    return math.expm1(c * math.log(x)) / c if c != 0 else math.log(x)


@pytest.mark.parametrize("subject", [BoxCox(), BoxCoxOfNumbers(), one_number], ids=["object", "of numbers", "function"])
def test_code_for_single_parameters_is_not_tried_with_arrays_of_them(subject: Any) -> None:
    report = sb.verify(subject, domain=(0.0, math.inf), **({"parameters": {"c": 0.5}} if subject is one_number else {}))
    arrays = next(c for c in report.checks if c.name == "arrays of parameters")
    assert arrays.status is Status.SKIPPED, report
    assert "refused" in arrays.diagnosis
    assert report.ok, report


def test_where_a_formula_is_written_as_nought_by_nought_code_need_not_know_its_limit() -> None:
    functions = {
        "forward": lambda x, c: np.expm1(c * np.log(x)) / c,
        "inverse": lambda y, c: np.exp(np.log1p(c * y) / c),
    }
    for formula in ("(x**c - 1)/c", "expm1(c*log(x))/c"):
        report = sb.verify(**functions, formula=formula, parameters={"c": 0.5}, domain=(0.0, math.inf))
        assert report.ok, report


def test_nearly_special_parameters_are_told() -> None:
    report = sb.verify(
        lambda x, c: (x**c - 1) / c, formula="(x**c - 1)/c", parameters={"c": 0.5}, domain=(0.0, math.inf)
    )
    assert report.failures
    assert all("nearly special: c" in c.diagnosis for c in report.failures), report
