"""Shapes, dtypes and hidden state of hand-written subjects: right ones pass, wrong ones are told what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symbij.audit.checks import shapes, state
from symbij.audit.finding import Status
from symbij.audit.subject import Ends, Subject
from tests.verify_settings import affine, cubic, failures, setting, stick_breaking, subject, triangular


def softplus() -> Subject:
    return subject(
        forward=lambda x: np.logaddexp(0, x),
        inverse=lambda y: y + np.log(-np.expm1(-y)),
        forward_log_det=lambda x: -np.logaddexp(0, -x),
        inverse_log_det=lambda y: -np.log(-np.expm1(-y)),
    )


def scaled_by_arrays() -> Subject:
    return affine(parameters={"a": np.array([1.0, -2.0]), "b": 0.5})


def constant_log_det() -> Subject:
    return affine(forward_log_det=lambda x, a, b: np.log(abs(a)), inverse_log_det=lambda y, a, b: -np.log(abs(a)))


def single() -> Subject:
    return affine(dtype=np.dtype(np.float32), forward_log_det=lambda x, a, b: np.full_like(x, np.log(a)),
                  inverse_log_det=lambda y, a, b: np.full_like(y, -np.log(a)))  # fmt: skip


def elementwise_by_event() -> Subject:
    one = softplus()
    assert one.forward_log_det is not None
    summed = one.forward_log_det
    return subject(forward=one.forward, inverse=one.inverse, event_ndims=1,
                   forward_log_det=lambda x: np.sum(summed(x), axis=-1))  # fmt: skip


RIGHT = [
    affine, cubic, softplus, scaled_by_arrays, constant_log_det, single, triangular, stick_breaking,
    elementwise_by_event,
]  # fmt: skip


@pytest.mark.parametrize("make", RIGHT)
def test_right_subjects_pass(make: Callable[[], Subject]) -> None:
    audit = setting(make(), codomain=Ends(0.0) if make is softplus else None)
    assert failures(shapes.check(audit)) == []
    assert failures(state.check(audit)) == []


def _in_place(x: np.ndarray, a: float, b: float) -> np.ndarray:
    x *= a
    x += b
    return x


WRONG_SHAPES: dict[str, tuple[Callable[[], Subject], str]] = {
    "not summed": (
        lambda: triangular(forward_log_det=lambda x: np.log(1 - np.tanh(x) ** 2)),
        "not summed over event dimensions",
    ),
    "summed over the batch": (
        lambda: cubic(forward_log_det=lambda x, a, b: np.sum(np.log(3 * a * (a * x + b) ** 2))),
        "summed over batch dimensions",
    ),
    "summed over the last axis": (
        lambda: cubic(forward_log_det=lambda x, a, b: np.sum(np.log(3 * a * (a * x + b) ** 2), axis=-1)),
        "summed over batch dimensions",
    ),
    "a constant, summed over the batch": (
        lambda: affine(forward_log_det=lambda x, a, b: np.sum(np.log(a) + 0 * x)),
        "summed over batch dimensions",
    ),
    "an axis is kept": (
        lambda: triangular(inverse_log_det=lambda y: np.sum(np.log1p(-(y**2)), axis=-1, keepdims=True)),
        "returned shape (5, 1), expected (5,)",
    ),
    "flattened": (lambda: affine(forward=lambda x, a, b: np.ravel(a * x + b)), "returned shape (6,), expected (2, 3)"),
    "numbers only": (lambda: affine(forward=lambda x, a, b: a * float(x) + b), "raised TypeError"),
    "no empty arrays": (
        lambda: affine(forward=lambda x, a, b: a * x + b + 0 * np.max(x)),
        "for an empty array",
    ),
    "digits are lost": (
        lambda: affine(forward=lambda x, a, b: (a * x + b).astype(np.float32)),
        "dtype not kept: forward returns float32 for float64",
    ),
    "whole numbers": (lambda: affine(inverse=lambda y, a, b: np.round(y).astype(int)), "dtype not kept"),
    "promoted": (
        lambda: affine(dtype=np.dtype(np.float32), forward=lambda x, a, b: a * x.astype(float) + b),
        "dtype not kept: forward returns float64 for float32",
    ),
    "in place": (lambda: affine(forward=_in_place), "forward changed its input in place"),
}


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_wrong_shapes_are_told(name: str) -> None:
    make, words = WRONG_SHAPES[name]
    found = failures(shapes.check(setting(make())))
    assert any(words in text for text in found), found


def _remembering(what: str) -> Subject:
    """A cubic whose log-det, or value, is that of another call."""
    kept: dict[Any, Any] = {}

    def forward(x: np.ndarray, a: float, b: float) -> np.ndarray:
        kept["x"] = x.copy()
        return (a * x + b) ** 3

    def stale(x: np.ndarray, a: float, b: float) -> np.ndarray:
        return np.log(3 * np.abs(a)) + 2 * np.log(np.abs(a * kept["x"] + b))

    def by_shape(x: np.ndarray, a: float, b: float) -> np.ndarray:
        return kept.setdefault(x.shape, np.log(3 * np.abs(a)) + 2 * np.log(np.abs(a * x + b)))

    def by_sum(x: np.ndarray, a: float, b: float) -> np.ndarray:
        key = (x.shape, float(np.round(np.sum(x), 9)))
        return kept.setdefault(key, np.log(3 * np.abs(a)) + 2 * np.log(np.abs(a * x + b)))

    def counting(x: np.ndarray, a: float, b: float) -> np.ndarray:
        kept["n"] = kept.get("n", 0) + 1
        return (a * x + b) ** 3 + 1e-3 * kept["n"]

    def by_the_batch(x: np.ndarray, a: float, b: float) -> np.ndarray:
        return (a * (x - np.mean(x)) + b) ** 3

    return {
        "stale": lambda: cubic(forward=forward, forward_log_det=stale),
        "by shape": lambda: cubic(forward_log_det=by_shape),
        "by sum": lambda: cubic(forward_log_det=by_sum),
        "counting": lambda: cubic(forward=counting),
        "by the batch": lambda: cubic(forward=by_the_batch),
    }[what]()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("stale", "state left from another call: forward_log_det changes after forward of another input"),
        ("by shape", "state left from another call"),
        ("by sum", "permuted batch"),
        ("counting", "forward gives another result for the same input"),
        ("by the batch", "one event differs from the same event in a batch"),
    ],
)
def test_state_is_found(what: str, words: str) -> None:
    found = failures(state.check(setting(_remembering(what))))
    assert any(words in text for text in found), found


def test_a_log_det_that_needs_a_call_before() -> None:
    class Map:
        def __init__(self) -> None:
            self.x: np.ndarray | None = None

        def forward(self, x: np.ndarray) -> np.ndarray:
            self.x = x
            return x**3

        def log_det(self, x: np.ndarray) -> np.ndarray:
            if self.x is None:
                raise RuntimeError("call forward first")
            return np.log(3) + 2 * np.log(np.abs(x))

    def make(values: object) -> Subject:
        held = Map()
        return Subject("map", "object", held.forward, forward_log_det=held.log_det, rebuilt=make)

    found = failures(state.check(setting(make({}))))
    assert found == [
        "log-det first on a new object: state left from another call is needed: "
        "forward_log_det on a new object raised RuntimeError: call forward first"
    ]


def test_combined_calls_agree_with_the_separate_ones() -> None:
    right = cubic()
    forward, log_det = right.forward, right.forward_log_det
    assert forward is not None
    assert log_det is not None
    good = subject(forward=forward, forward_log_det=log_det, forward_and_log_det=lambda x: (forward(x), log_det(x)))
    wrong = subject(forward=forward, forward_log_det=log_det, forward_and_log_det=lambda x: (forward(x), -log_det(x)))
    single = subject(forward=forward, forward_log_det=log_det, forward_and_log_det=lambda x: forward(x))
    assert failures(state.check(setting(good))) == []
    assert failures(state.check(setting(wrong))) == [
        "combined calls: forward_and_log_det disagrees with forward_log_det"
    ]
    assert "expected the pair" in failures(state.check(setting(single)))[0]


def test_what_cannot_be_tried_is_skipped_with_a_reason() -> None:
    nothing = subject(forward=lambda x: np.full(x.shape[:-1], np.nan), event_ndims=1)
    for module in (shapes, state):
        found = list(module.check(setting(nothing)))
        assert found
        assert all(c.status is Status.SKIPPED and c.diagnosis for c in found)
