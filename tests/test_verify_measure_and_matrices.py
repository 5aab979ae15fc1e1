"""Change of measure, Jacobian matrices and other parameters: right subjects pass, wrong ones are told what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from symbij.audit.checks import measure, multivariate, parameters
from symbij.audit.finding import Status
from symbij.audit.probes import SETS, parameter_sets
from symbij.audit.subject import REALS, Ends, Subject
from symbij.bijectors.derived import bijector
from tests.verify_settings import L, affine, cubic, failures, setting, stick_breaking, subject, triangular


def of(forward: Any, inverse: Any, forward_log_det: Any, inverse_log_det: Any, **fields: Any) -> Subject:
    return subject(forward=forward, inverse=inverse, forward_log_det=forward_log_det,
                   inverse_log_det=inverse_log_det, **fields)  # fmt: skip


ELEMENTWISE: dict[str, tuple[Callable[[], Subject], Ends, Ends | None]] = {
    "affine": (affine, REALS, None),
    "cubic": (cubic, REALS, None),
    "decreasing": (lambda: affine(parameters={"a": -0.3, "b": 2.0}), REALS, None),
    "log": (lambda: of(np.log, np.exp, lambda x: -np.log(x), lambda y: y), Ends(0.0), None),
    "logit": (
        lambda: of(
            special.logit, special.expit, lambda x: -np.log(x) - np.log1p(-x),
            lambda y: -np.logaddexp(0, y) - np.logaddexp(0, -y),
        ),
        Ends(0.0, 1.0), None,
    ),
    "leaky ReLU": (
        lambda: of(
            lambda x: np.where(x > 0, x, 0.1 * x), lambda y: np.where(y > 0, y, y / 0.1),
            lambda x: np.where(x > 0, 0.0, np.log(0.1)), lambda y: np.where(y > 0, 0.0, -np.log(0.1)),
        ),
        REALS, None,
    ),
    "Gumbel's distribution function": (
        lambda: of(
            lambda x: np.exp(-np.exp(-x)), lambda y: -np.log(-np.log(y)), lambda x: -np.exp(-x) - x,
            lambda y: -np.log(-np.log(y)) - np.log(y),
        ),
        REALS, Ends(0.0, 1.0),
    ),
    "saturating": (
        lambda: of(
            lambda x: special.ndtr(5 * x), lambda y: special.ndtri(y) / 5,
            lambda x: np.log(5 / np.sqrt(2 * np.pi)) - 12.5 * x * x,
            lambda y: -np.log(5 / np.sqrt(2 * np.pi)) + special.ndtri(y) ** 2 / 2,
        ),
        REALS, Ends(0.0, 1.0),
    ),
    "far from the origin": (
        lambda: of(lambda x: x + 1e8, lambda y: y - 1e8, np.zeros_like, np.zeros_like), REALS, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_densities_of_right_maps_integrate_to_one(name: str) -> None:
    make, domain, codomain = ELEMENTWISE[name]
    found = list(measure.check(setting(make(), domain=domain, codomain=codomain)))
    assert len(found) == 2
    assert failures(iter(found)) == []
    if name != "saturating":  # whose images cannot be told apart on a part of the domain
        assert all(c.status is Status.PASS for c in found), found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inverse_log_det": lambda y, a, b: np.log(3.0) - np.log(a) + 0 * y}, "integrates to 3, not 1"),
        ({"inverse_log_det": lambda y, a, b: np.log(a) + 0 * y}, "integrates to 6.25, not 1"),
        ({"forward_log_det": lambda x, a, b: -np.log(a) + 0 * x}, "integrates to 6.25, not 1"),
        ({"forward_log_det": lambda x, a, b: 0 * x}, "integrates to 2.5, not 1"),
        ({"forward_log_det": lambda x, a, b: np.log(a) + 0.1 * x, "inverse": lambda y, a, b: y}, "integrates to"),
    ],
)
def test_densities_of_wrong_log_dets_do_not(changes: dict[str, Any], words: str) -> None:
    found = failures(measure.check(setting(affine(**changes))))
    assert any(words in text for text in found), found


def planar() -> Subject:
    """x + u*tanh(w.x), without an inverse."""
    w, u = np.array([0.5, -1.0, 0.3]), np.array([0.4, 0.2, 0.9])

    def log_det(x: np.ndarray) -> np.ndarray:
        return np.log(np.abs(1 + (w @ u) / np.cosh(x @ w) ** 2))

    return subject(forward=lambda x: x + u * np.tanh(x @ w)[..., None], forward_log_det=log_det, event_ndims=1)


def positive_diagonal() -> Subject:
    """Lower triangular matrices to such with a positive diagonal, by exp; as vectors of three in, matrices out."""

    def forward(x: np.ndarray) -> np.ndarray:
        y = np.zeros((*x.shape[:-1], 2, 2))
        y[..., 0, 0], y[..., 1, 0], y[..., 1, 1] = np.exp(x[..., 0]), x[..., 1], np.exp(x[..., 2])
        return y

    def inverse(y: np.ndarray) -> np.ndarray:
        return np.stack([np.log(y[..., 0, 0]), y[..., 1, 0], np.log(y[..., 1, 1])], axis=-1)

    return subject(forward=forward, inverse=inverse, event_ndims=1, inverse_event_ndims=2,
                   forward_log_det=lambda x: x[..., 0] + x[..., 2],
                   inverse_log_det=lambda y: -np.log(y[..., 0, 0]) - np.log(y[..., 1, 1]))  # fmt: skip


def inverse_stick_breaking() -> Subject:
    right = stick_breaking()
    assert right.forward is not None
    return subject(forward=right.inverse, inverse=right.forward, forward_log_det=right.inverse_log_det,
                   inverse_log_det=right.forward_log_det, event_ndims=1)  # fmt: skip


@pytest.mark.parametrize("make", [triangular, stick_breaking, planar, positive_diagonal, inverse_stick_breaking])
def test_right_maps_of_events_pass(make: Callable[[], Subject]) -> None:
    audit = setting(make())
    found = [*multivariate.check(audit), *measure.check(audit)]
    assert failures(iter(found)) == []
    assert found[0].status is Status.PASS


def test_what_is_seen_of_the_matrix_is_told() -> None:
    assert next(multivariate.check(setting(triangular()))).diagnosis == "the Jacobian is lower triangular"
    found = next(multivariate.check(setting(stick_breaking()))).diagnosis
    assert "the Jacobian is 4 by 3: the first 3 outputs" in found
    assert "inputs are points of a simplex" in next(multivariate.check(setting(inverse_stick_breaking()))).diagnosis


def _log_slopes(x: np.ndarray) -> np.ndarray:
    u = x @ L.T
    return np.log(4.0) - 2 * np.logaddexp(u, -u) + np.log(np.abs(np.diag(L)))


def _inverse_terms(x: np.ndarray) -> np.ndarray:
    """Log-diagonal of the inverse map's Jacobian at x, an output."""
    return -np.log(np.abs(np.diag(L))) - np.log1p(-(np.tanh(x) ** 2))


WRONG_EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "term left out": (
        {"forward_log_det": lambda x: _log_slopes(x)[..., [0, 2]].sum(-1)}, "misses the diagonal term 2 of 3",
    ),
    "term twice": (
        {"forward_log_det": lambda x: _log_slopes(x)[..., [0, 1, 1, 2]].sum(-1)}, "diagonal term 2 of 3 twice",
    ),
    "sign": ({"forward_log_det": lambda x: -_log_slopes(x).sum(-1)}, "wrong sign"),
    "inverse sign": ({"inverse_log_det": lambda y: np.log(1.4) + np.sum(np.log1p(-(y**2)), axis=-1)}, "wrong sign"),
    "determinant": ({"forward_log_det": lambda x: np.exp(_log_slopes(x).sum(-1))}, "not its logarithm"),
    "average": ({"forward_log_det": lambda x: _log_slopes(x).mean(-1)}, "averaged over event dimensions"),
    "factor": ({"forward_log_det": lambda x: _log_slopes(x).sum(-1) - np.log(2)}, "missing factor 2"),
    "multiple": ({"forward_log_det": lambda x: 1.5 * _log_slopes(x).sum(-1)}, "1.5 times what it should be"),
    "not summed": ({"forward_log_det": _log_slopes}, "not summed over event dimensions"),
    "NaN": ({"forward_log_det": lambda x: np.log(np.prod(np.diag(L))) + 0 * x[..., 0]}, "NaN"),
    "transposed": ({"inverse": lambda y: np.arctanh(y) @ np.linalg.inv(L)}, "inverse(forward(x)) is not x"),
    "another branch": (
        {
            "forward": lambda x: np.concatenate([x[..., :1] ** 2, x[..., 1:]], axis=-1),
            "inverse": lambda y: np.concatenate([np.sqrt(y[..., :1]), y[..., 1:]], axis=-1),
            "forward_log_det": lambda x: np.log(2 * np.abs(x[..., 0])),
            "inverse_log_det": lambda y: -np.log(2 * np.sqrt(y[..., 0])),
        },
        "inverse gives another branch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_EVENTS)
def test_wrong_maps_of_events_are_told(name: str) -> None:
    changes, words = WRONG_EVENTS[name]
    found = failures(multivariate.check(setting(triangular(**changes))))
    assert any(words in text for text in found), found


def test_the_log_det_of_the_other_map() -> None:
    wrong = of(
        lambda x: np.sinh(x), lambda y: np.arcsinh(y), lambda x: np.sum(-np.log1p(x * x) / 2, axis=-1),
        lambda y: np.sum(-np.log1p(y * y) / 2, axis=-1), event_ndims=1,
    )  # fmt: skip
    found = failures(multivariate.check(setting(wrong)))
    assert found == [
        "forward log-det and Jacobian matrix: log-det is the log-det of the inverse; the Jacobian is diagonal"
    ]


def test_wrong_log_dets_of_events_integrate_to_something_else() -> None:
    found = failures(measure.check(setting(triangular(inverse_log_det=lambda y: -np.sum(np.log1p(-(y**2)), axis=-1)))))
    assert len(found) == 1
    assert 1.3 < float(found[0].split("integrates to ")[1].split(",")[0]) < 1.5  # 1.4 but for chance


def test_other_parameters_of_right_subjects_pass() -> None:
    for make in (affine, cubic):
        others = ({"a": -1.5}, {"a": 1e-8, "b": 2.0}, {"a": 1e4}, {"a": 1 + 1e-9}, {"b": 0.0})
        assert failures(parameters.check(setting(make(), *others))) == []


@pytest.mark.parametrize(
    ("changes", "other", "words"),
    [
        ({"forward_log_det": lambda x, a, b: np.log(a) + 0 * x}, {"a": -2.0}, "a enters without abs, with a=-2.0"),
        ({"inverse_log_det": lambda y, a, b: np.log(a) + 0 * y}, {"a": 2.0}, "wrong sign"),
        ({"forward_log_det": lambda x, a, b: 0 * x}, {"a": 3.0}, "off by -log|a|"),
        ({"inverse": lambda y, a, b: (y - b) / abs(a)}, {"a": -2.0}, "inverse(forward(x)) is not x, with a=-2.0"),
        ({"inverse": lambda y, a, b: y / a}, {"b": 1.0}, "inverse(forward(x)) is not x"),
    ],
)
def test_faults_at_other_parameters_are_told(changes: dict[str, Any], other: dict[str, float], words: str) -> None:
    neutral = affine(parameters={"a": 1.0, "b": 0.0}, **changes)
    found = failures(parameters.check(setting(neutral, other)))
    assert any(words in text for text in found), found


def test_arrays_of_parameters() -> None:
    wrong = affine(forward_log_det=lambda x, a, b: np.log(np.abs(np.ravel(a)[0])) + 0 * (a * x))
    assert "arrays of parameters (a, b) differs" in failures(parameters.check(setting(wrong, {"a": 2.0})))[0]

    def forward(x: np.ndarray, a: float, b: float) -> np.ndarray:
        return a * x + b if a > 0 else b - abs(a) * x

    refused = list(parameters.check(setting(affine(forward=forward))))[1]
    assert refused.status is Status.SKIPPED
    assert "refused" in refused.diagnosis


def test_parameters_to_try_meet_the_formula() -> None:
    derivation = bijector("(a*x + b)**3", a="nonzero").derivation
    found = parameter_sets(cubic(), derivation, REALS, 0)
    assert len(found) == SETS
    assert found[0] == {"a": 1.5, "b": -1.0}
    assert any(f["a"] < 0 for f in found)
    assert all(f["a"] != 0 for f in found)
    derivation = bijector("x + k*tanh(x)").derivation  # with the condition k >= -1
    waves = subject({"k": 0.5}, forward=lambda x, k: x + k * np.tanh(x))
    found = parameter_sets(waves, derivation, REALS, 3)
    assert all(f["k"] >= -1 for f in found)
    assert len(found) > 3


def test_parameters_of_black_boxes_keep_their_sign_and_the_map_one_to_one() -> None:
    waves = subject({"a": 0.9}, forward=lambda x, a: x + a * np.sin(x))
    assert [f["a"] for f in parameter_sets(waves, None, REALS, 0)] == [0.9, pytest.approx(0.549)]
    assert parameter_sets(subject({"n": 3}, forward=lambda x, n: x**n), None, REALS, 0) == [{"n": 3}]
    found = parameter_sets(affine(parameters={"a": -2.0, "b": 0.5}), None, REALS, 0)
    assert all(f["a"] < 0 < f["b"] for f in found)
    assert len(found) == 5
