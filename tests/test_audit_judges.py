"""What a subject is judged by: its formula, constraints and relations that its code implies, its faults when read."""

from __future__ import annotations

import math
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
