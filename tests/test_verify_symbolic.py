"""The symbolic checks of the audit: what is proved, what is refuted and with which words, what is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from symbij.audit.checks import symbolic
from symbij.audit.finding import Check, Status
from symbij.audit.subject import Ends, Subject
from symbij.audit.traced import traced_formula, why_not_traced
from symbij.calculus.derivation import Derivation, derive
from symbij.errors import SymbijError
from symbij.formula.formula import make_formula


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time for proofs on a machine that is busy."""
    monkeypatch.setattr(symbolic, "SECONDS", 60.0)
    monkeypatch.setattr(symbolic, "SECONDS_EACH", 20.0)


@dataclass(frozen=True)
class Stand:
    """As much of a `Setting` as the symbolic checks look at."""

    subject: Subject
    derivation: Derivation | None
    given: bool
    parameters: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 2.0**-26
    stated: None = None

    @property
    def own(self) -> Stand:
        return self

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(0)


Operations = tuple[Callable[..., Any] | None, ...]


def subject_of(*operations: Callable[..., Any] | None, domain: Ends | None = None, **parameters: Any) -> Subject:
    names = ("forward", "inverse", "forward_log_det", "inverse_log_det")
    held = {n: f for n, f in zip(names, operations, strict=False) if f is not None}
    return Subject("subject", "functions", **held, parameters=parameters, traceable=held, domain=domain)


def checks_of(
    *operations: Callable[..., Any] | None,
    formula: str | None = None,
    domain: tuple[float, float] | None = None,
    constraints: dict[str, Any] | None = None,
    declared: Ends | None = None,
    **parameters: Any,
) -> dict[str, Check]:
    """The checks by the first words of their names."""
    subject = subject_of(*operations, domain=declared, **parameters)
    meant = (
        make_formula(formula, domain=domain, constraints=constraints)
        if formula is not None
        else traced_formula(subject, domain)
    )
    try:
        derivation = None if meant is None else derive(meant)
    except SymbijError:
        derivation = None
    found = list(symbolic.check(Stand(subject, derivation, formula is not None, parameters)))  # type: ignore[arg-type]
    assert [c.name.split(" =")[0] for c in found] == [
        "forward is the formula",
        "inverse(forward(x))",
        "forward log-det",
        "inverse log-det",
    ]
    assert all(c.group == "symbolic" for c in found)
    return dict(zip(("forward", "inverse", "forward_log_det", "inverse_log_det"), found, strict=True))


def cubic(x: Any, a: Any, b: Any) -> Any:
    return (a * x + b) ** 3


def cubic_inverse(y: Any, a: Any, b: Any) -> Any:
    return (np.cbrt(y) - b) / a


def cubic_inverse_by_sign(y: Any, a: Any, b: Any) -> Any:
    y = np.asarray(y, dtype=float)
    return (np.sign(y) * np.abs(y) ** (1 / 3) - b) / a


def cubic_log_det(x: Any, a: Any, b: Any) -> Any:
    return np.log(3) + np.log(np.abs(a)) + 2.0 * np.log(np.abs(a * x + b))


def cubic_log_det_wrong(x: Any, a: Any, b: Any) -> Any:
    return np.log(3) + np.log(np.abs(a)) + 3.0 * np.log(np.abs(a * x + b))


def cubic_inverse_log_det(y: Any, a: Any, b: Any) -> Any:
    return -cubic_log_det(cubic_inverse(y, a, b), a, b)


CUBIC = {"formula": "(a*x + b)**3", "a": 1.0, "b": -1.0}


@pytest.mark.parametrize("inverse", [cubic_inverse, cubic_inverse_by_sign])
def test_the_hand_written_cubic_is_proved(inverse: Callable[..., Any]) -> None:
    found = checks_of(cubic, inverse, cubic_log_det, cubic_inverse_log_det, **CUBIC)
    assert {c.status for c in found.values()} == {Status.PROVED}, found
    assert "for all x and all a, b" in found["inverse"].diagnosis


def test_the_cubic_with_a_wrong_factor_is_refuted() -> None:
    found = checks_of(cubic, cubic_inverse, cubic_log_det_wrong, cubic_inverse_log_det, **CUBIC)
    assert [c.status for c in found.values()] == [Status.PROVED, Status.PROVED, Status.FAIL, Status.PROVED]
    failed = found["forward_log_det"]
    assert failed.diagnosis == "the term log|a*x + b| has factor 3 instead of 2"
    witness = failed.witness
    assert witness is not None
    assert not witness.parameters
    with mpmath.workdps(40):  # the truth by mpmath's own differentiation of the definition
        true = mpmath.log(abs(mpmath.diff(lambda x: (x - 1) ** 3, mpmath.mpf(witness.at))))
    assert witness.expected == pytest.approx(float(true), rel=1e-15)
    assert witness.got == pytest.approx(cubic_log_det_wrong(witness.at, 1.0, -1.0), rel=1e-14)


WRONG_LOG_DETS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "no 3": (lambda x, a, b: cubic_log_det(x, a, b) - np.log(3), ("missing factor 3",)),
    "3 twice": (lambda x, a, b: cubic_log_det(x, a, b) + np.log(3), ("factor 3 too many",)),
    "no a": (lambda x, a, b: cubic_log_det(x, a, b) - np.log(np.abs(a)), ("off by log|a|", "missing")),
    "no abs": (lambda x, a, b: np.log(3) + np.log(a) + 2 * np.log(np.abs(a * x + b)), ("log|a|", "without abs")),
    "no abs of x": (lambda x, a, b: np.log(3 * np.abs(a)) + 2 * np.log(a * x + b), ("a*x + b < 0", "without abs")),
    "sign": (lambda x, a, b: -cubic_log_det(x, a, b), ("wrong sign",)),
    "no log": (lambda x, a, b: 3 * a * (a * x + b) ** 2, ("not its logarithm",)),
    "base 10": (lambda x, a, b: cubic_log_det(x, a, b) / np.log(10), ("base 10",)),
    "base 2": (lambda x, a, b: np.log2(np.abs(3 * a * (a * x + b) ** 2)), ("base 2",)),
    "inverse": (cubic_inverse_log_det, ("is the log-det of the inverse",)),
    "output": (lambda x, a, b: cubic_log_det(cubic(x, a, b), a, b), ("at the output",)),
    "half": (lambda x, a, b: cubic_log_det(x, a, b) / 2, ("is 1/2 times what it should be",)),
}


@pytest.mark.parametrize("name", WRONG_LOG_DETS)
def test_wrong_log_dets_are_named(name: str) -> None:
    wrong, words = WRONG_LOG_DETS[name]
    found = checks_of(cubic, None, wrong, None, **CUBIC)["forward_log_det"]
    assert found.status == Status.FAIL
    assert all(w in found.diagnosis for w in words), found
    assert found.witness is not None


def test_wrong_inverse_log_dets_are_named() -> None:
    def judged(wrong: Callable[..., Any]) -> str:
        found = checks_of(cubic, None, None, wrong, **CUBIC)["inverse_log_det"]
        assert found.status == Status.FAIL
        assert found.witness is not None
        # the true value at the double y, by the inverse function theorem
        x = np.cbrt(found.witness.at) + 1
        assert found.witness.expected == pytest.approx(-cubic_log_det(x, 1.0, -1.0), rel=1e-12)
        return found.diagnosis

    assert "wrong sign" in judged(lambda y, a, b: -cubic_inverse_log_det(y, a, b))
    assert "log-det of the forward map" in judged(cubic_log_det)
    assert "missing factor 3" in judged(lambda y, a, b: cubic_inverse_log_det(y, a, b) + np.log(3))
    assert "at the output" in judged(lambda y, a, b: -cubic_log_det(y, a, b))


WRONG_INVERSES: dict[str, tuple[Callable[..., Any], str]] = {
    "branch": (lambda y, a, b: (np.abs(y) ** (1 / 3) - b) / a, "another branch"),
    "nan": (lambda y, a, b: (y ** (1 / 3) - b) / a, "NaN"),
    "forward": (cubic, "forward map once more"),
    "scaled": (lambda y, a, b: 2 * cubic_inverse(y, a, b), "2 times x"),
    "shifted": (lambda y, a, b: cubic_inverse(y, a, b) + 0.5, "off by 1/2"),
    "other": (lambda y, a, b: (np.cbrt(y) - b) * a, "does not lead back"),
}


@pytest.mark.parametrize("name", WRONG_INVERSES)
def test_wrong_inverses_are_named(name: str) -> None:
    wrong, words = WRONG_INVERSES[name]
    found = checks_of(cubic, wrong, **{**CUBIC, "a": 1.5})["inverse"]
    assert found.status == Status.FAIL
    assert words in found.diagnosis, found


def test_a_forward_map_that_is_not_the_formula_is_refuted() -> None:
    found = checks_of(lambda x, a, b: (a * x - b) ** 3, **CUBIC)["forward"]
    assert found.status == Status.FAIL
    assert "not what the formula says" in found.diagnosis
    found = checks_of(lambda x, a, b: (a * x + b) ** 3 + 1, **CUBIC)["forward"]
    assert "off by 1" in found.diagnosis


def softplus(x: Any) -> Any:
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def masked(x: Any) -> Any:
    out = np.empty_like(x)
    right = x > 0
    out[right] = np.log1p(x[right])
    out[~right] = -np.log1p(-x[~right])
    return out


RIGHT: dict[str, tuple[Operations, dict[str, Any]]] = {
    "sigmoid": (
        (
            special.expit,
            special.logit,
            lambda x: -np.logaddexp(0, -x) - np.logaddexp(0, x),
            lambda y: -np.log(y) - np.log1p(-y),
        ),
        {},
    ),
    "softplus": (
        (softplus, lambda y: y + np.log(-np.expm1(-y)), lambda x: -softplus(-x), lambda y: -np.log(-np.expm1(-y))),
        {},
    ),
    "tanh": (
        (np.tanh, np.arctanh, lambda x: 2 * (np.log(2) - x - softplus(-2 * x)), lambda y: -np.log1p(-(y**2))),
        {},
    ),
    "normal": (
        (
            special.ndtr,
            special.ndtri,
            lambda x: -(x**2) / 2 - 0.5 * np.log(2 * np.pi),
            lambda y: special.ndtri(y) ** 2 / 2 + 0.9189385332046727,
        ),
        {},
    ),
    "log": ((np.log, np.exp, lambda x: -np.log(x), lambda y: y), {}),
    "affine": (
        (
            lambda x, loc, scale: loc + scale * x,
            lambda y, loc, scale: (y - loc) / scale,
            lambda x, loc, scale: np.full(x.shape, np.log(scale)),
            lambda y, loc, scale: np.broadcast_to(-np.log(scale), y.shape),
        ),
        {"loc": 1.0, "scale": 2.0},
    ),
    "gumbel": (
        (
            lambda x, loc, scale: np.exp(-np.exp(-(x - loc) / scale)),
            lambda y, loc, scale: loc - scale * np.log(-np.log(y)),
            lambda x, loc, scale: -(x - loc) / scale - np.exp(-(x - loc) / scale) - np.log(scale),
            lambda y, loc, scale: np.log(scale) - np.log(y) - np.log(-np.log(y)),
        ),
        {"loc": 0.1, "scale": 2.0},
    ),
    "leaky": (
        (
            lambda x, c: np.where(x > 0, x, c * x),
            lambda y, c: np.where(y > 0, y, y / c),
            lambda x, c: np.where(x > 0, 0.0, np.log(c)),
            lambda y, c: -np.where(y > 0, 0.0, np.log(c)),
        ),
        {"c": 0.3},
    ),
    "masked": (
        (
            masked,
            lambda y: np.sign(y) * np.expm1(np.abs(y)),
            lambda x: -np.log1p(np.abs(x)),
            lambda y: np.abs(y),
        ),
        {},
    ),
    "kumaraswamy": (
        (
            lambda x, p, q: 1 - (1 - x**p) ** q,
            lambda y, p, q: (1 - (1 - y) ** (1 / q)) ** (1 / p),
            lambda x, p, q: np.log(p) + np.log(q) + (p - 1) * np.log(x) + (q - 1) * np.log1p(-(x**p)),
        ),
        {
            "formula": "1 - (1 - x**p)**q",
            "constraints": {"p": "positive", "q": "positive"},
            "domain": (0, 1),
            "p": 2.0,
            "q": 3.5,
        },
    ),
    "box-cox": (
        (
            lambda x, lam: np.where(lam == 0, np.log(x), (x**lam - 1) / np.where(lam == 0, 1.0, lam)),
            lambda y, lam: np.where(lam == 0, np.exp(y), (lam * y + 1) ** (1 / np.where(lam == 0, 1.0, lam))),
            lambda x, lam: (lam - 1) * np.log(x),
        ),
        {"lam": 0.5, "domain": (0, np.inf)},
    ),
    "ill-conditioned": (
        (
            lambda x: (x - 1e8) ** 3,
            lambda y: np.cbrt(y) + 1e8,
            lambda x: np.log(3) + 2 * np.log(np.abs(x - 1e8)),
        ),
        {},
    ),
    "sinh-arcsinh": (
        (
            lambda x, s, t: np.sinh((np.arcsinh(x) + s) * t),
            lambda y, s, t: np.sinh(np.arcsinh(y) / t - s),
            lambda x, s, t: np.log(np.cosh((np.arcsinh(x) + s) * t)) + np.log(t) - 0.5 * np.log1p(x**2),
        ),
        {"s": 0.3, "t": 1.7},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_is_proved(name: str) -> None:
    operations, options = RIGHT[name]
    found = checks_of(*operations, **options)
    statuses = [c.status for c in found.values()]
    assert Status.FAIL not in statuses, found
    first = [Status.PROVED] if "formula" in options else [Status.SKIPPED]
    assert statuses == first + [Status.PROVED] * (len(operations) - 1) + [Status.SKIPPED] * (4 - len(operations)), found


def test_a_special_case_of_a_parameter_is_looked_at() -> None:
    operations, options = RIGHT["box-cox"]
    wrong = lambda y, lam: np.where(lam == 0, np.exp(-y), (lam * y + 1) ** (1 / np.where(lam == 0, 1.0, lam)))  # noqa: E731
    found = checks_of(operations[0], wrong, **options)["inverse"]
    assert found.status == Status.FAIL
    assert found.witness is not None
    assert found.witness.parameters == {"lam": 0.0}


def test_code_that_branches_on_a_parameter_is_proved_for_its_value() -> None:
    def forward(x: Any, a: float) -> Any:
        return a * x if a > 0 else a * x + 1

    found = checks_of(forward, lambda y, a: y / a, lambda x, a: np.log(a), a=2.5)
    assert found["inverse"].status == Status.PROVED
    assert "a = 2.5 only" in found["inverse"].diagnosis


def test_a_parameter_whose_logarithm_is_taken_is_positive_unless_a_formula_says_otherwise() -> None:
    operations, options = RIGHT["affine"]
    found = checks_of(*operations, formula="loc + scale*x", **options)
    assert found["inverse"].status == Status.PROVED
    assert found["forward_log_det"].status == Status.FAIL
    assert "scale enters without abs" in found["forward_log_det"].diagnosis
    witness = found["forward_log_det"].witness
    assert witness is not None
    assert witness.parameters["scale"] < 0
    assert math.isnan(witness.got)
    found = checks_of(*operations, formula="loc + scale*x", constraints={"scale": "positive"}, **options)
    assert {c.status for c in found.values()} == {Status.PROVED}


def test_another_branch_is_told() -> None:
    found = checks_of(np.square, np.sqrt, lambda x: np.log(2) + np.log(np.abs(x)), declared=Ends())
    assert found["inverse"].diagnosis == "gives another branch for negative x"
    assert found["forward_log_det"].status != Status.FAIL


def test_approximations_are_neither_proved_nor_refuted() -> None:
    found = checks_of(lambda x: 3.14159265 * x, None, lambda x: np.log(np.pi))["forward_log_det"]
    assert found.status == Status.PASS
    assert "9 digits" in found.diagnosis
    found = checks_of(lambda x: x * np.log(0.7), None, lambda x: np.log(-np.log(0.7)))["forward_log_det"]
    assert found.status == Status.PASS  # a double that stands for nothing famous


def test_nothing_is_said_of_what_cannot_be_traced() -> None:
    for operations in ((np.sum, np.sum), (lambda x: x.mean(), None), (lambda x: [x, x], None)):
        assert {c.status for c in checks_of(*operations).values()} == {Status.SKIPPED}
    subject = subject_of(np.sum)
    assert traced_formula(subject) is None
    assert "numpy.sum" in why_not_traced(subject)
