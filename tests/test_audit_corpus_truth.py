"""The corpus itself: correct bijectors agree with mpmath's definition and derivative of them, wrong ones do not."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from tests.audit_corpus import RIGHT, WRONG
from tests.audit_corpus.entry import OPERATIONS, Entry, find_operation

DIGITS = 120
# A correct one may be off by this, relative to the larger of the result and what a relative change of the input makes
# of it; log-dets relative to 1 at least, since densities add them up.
TOLERATED = 1e-10
WRONG_BEYOND = 1e-7  # the square root of the roundoff is 1.5e-8
SCALES = 12  # inputs of each sign, spread over orders of magnitude
SMALLEST = 1e-30
SMALLEST_NORMAL = float(np.finfo(float).tiny)


@pytest.fixture(autouse=True)
def _precision() -> Any:
    with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
        yield


def _named(entry: Entry) -> str:
    return entry.name.replace(" ", "-")


def _with_fault(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `make()` gives and the parameters to call it with, those that bring the fault out if there are any."""
    made = {**entry.make()}
    shown = dict(entry.shown_with)
    if "subject" in shown:
        made["subject"] = shown.pop("subject")
    return made, {**made.get("parameters", {}), **shown}


class Truth:
    """What the definition of an elementwise map says at one input: value, log|derivative|, their sensitivity."""

    def __init__(self, entry: Entry, parameters: dict[str, Any], x: float) -> None:
        exact = {k: mpf(v) for k, v in parameters.items()}
        self.f = lambda u: entry.definition(u, **exact)
        self.x = mpf(x)

    def log_det(self, x: mpf) -> mpf:
        return mpmath.log(abs(mpmath.diff(self.f, x, h=abs(x) * mpf(10) ** -40 or None)))

    def of(self, operation: str) -> tuple[float, mpf, mpf] | None:
        """Input, true result, and how much the result changes relative to a relative change of the input."""
        if not operation.startswith("inverse"):
            value = self.f(self.x) if operation == "forward" else self.log_det(self.x)
            return float(self.x), value, abs(self.x * self._slope(operation, self.x))
        y = float(self.f(self.x))
        if not np.isfinite(y) or abs(y) < np.finfo(float).tiny:
            return None
        x = self._preimage(mpf(y))
        if x is None:
            return None
        steep = mpf(y) / mpmath.exp(self.log_det(x))
        if abs(steep) > abs(x) * mpf(10) ** 15:
            return None  # no digit of the input is left in the rounded output
        if operation == "inverse":
            return y, x, abs(steep)
        return y, -self.log_det(x), abs(steep * self._slope("forward_log_det", x))

    def _slope(self, operation: str, x: mpf) -> mpf:
        f = self.f if operation == "forward" else self.log_det
        h = abs(x) * mpf(10) ** -20
        return (f(x + h) - f(x - h)) / (2 * h)

    def _preimage(self, y: mpf) -> mpf | None:
        """The exact input of a rounded output, by Newton's method from the input that it came from."""
        x = self.x
        for _ in range(30):
            try:
                step = (self.f(x) - y) / mpmath.diff(self.f, x, h=abs(x) * mpf(10) ** -40)
            except (ZeroDivisionError, ValueError):
                return None
            if not isinstance(step, mpf) or abs(step) > abs(x) / 2:
                return None  # y was rounded to an end of the codomain, or nearly
            x -= step
            if abs(step) < abs(x) * mpf(10) ** -50:
                return x
        return None


def _inputs(entry: Entry) -> list[float]:
    sizes = np.geomspace(SMALLEST, entry.reach, SCALES)
    lo, hi = entry.make().get("domain", (-np.inf, np.inf))
    spread = [float(s) for s in np.concatenate([-sizes, sizes]) if lo < s < hi]
    return [*map(float, entry.inputs), *spread]


@pytest.mark.parametrize("entry", [e for e in RIGHT if not e.event_ndims], ids=_named)
def test_correct_maps_of_numbers_agree_with_their_definition(entry: Entry) -> None:
    made = entry.make()
    parameters = made.get("parameters", {})
    compared = dict.fromkeys(OPERATIONS, 0)
    for x in _inputs(entry):
        for operation in OPERATIONS:
            call = find_operation(made, operation, parameters)
            try:
                truth = None if call is None else Truth(entry, parameters, x).of(operation)
            except (OverflowError, TypeError, ValueError):  # the input is not in the domain
                truth = None
            if truth is None or not isinstance(truth[1], mpf) or not np.isfinite(float(truth[1])):
                continue
            at, value, change = truth
            got = float(np.broadcast_to(call(np.array([at])), 1)[0])
            scale = max(abs(value), 1) if operation.endswith("log_det") else abs(value)
            assert abs(got - value) <= TOLERATED * (scale + change) + SMALLEST_NORMAL, (
                operation,
                at,
                got,
                float(value),
            )
            compared[operation] += 1
    assert all(n >= 3 for k, n in compared.items() if find_operation(made, k, parameters) is not None), compared


@pytest.mark.parametrize("entry", [e for e in WRONG if e.fault in OPERATIONS and not e.event_ndims], ids=_named)
def test_wrong_maps_of_numbers_differ_from_their_definition(entry: Entry) -> None:
    made, parameters = _with_fault(entry)
    call = find_operation(made, entry.fault, parameters)
    assert call is not None
    for x in entry.inputs:
        truth = Truth(entry, {} if "subject" in made else parameters, x).of(entry.fault)
        assert truth is not None
        at, value, change = truth
        got = float(np.ravel(call(np.array([at])))[0])
        assert not abs(got - value) <= WRONG_BEYOND * max(abs(value), change), (at, got, float(value))


@pytest.mark.parametrize("entry", [e for e in WRONG if e.fault == "fold"], ids=_named)
def test_folds_are_not_one_to_one(entry: Entry) -> None:
    made, parameters = _with_fault(entry)
    low, high = (Truth(entry, parameters, x) for x in entry.inputs)
    slopes = [mpmath.diff(t.f, t.x) for t in (low, high)]
    assert slopes[0] * slopes[1] < 0 or low.f(low.x) == high.f(high.x)
    call = find_operation(made, "forward", parameters)
    assert call is not None
    got = call(np.array(entry.inputs, dtype=float))
    assert np.allclose(got, [float(t.f(t.x)) for t in (low, high)])  # it is what it is said to be


@pytest.mark.parametrize("entry", [e for e in RIGHT if e.event_ndims], ids=_named)
def test_correct_maps_of_vectors_agree_with_their_definition(entry: Entry) -> None:
    made = entry.make()
    for x in entry.inputs:
        y, log_det = _vector_truth(entry, x)
        for batch in ((), (2,), (2, 3)):
            at = np.broadcast_to(np.array(x), (*batch, len(x))).copy()
            image = np.broadcast_to(np.array(y, dtype=float), (*batch, len(y))).copy()
            expected = {"forward": image, "inverse": at, "forward_log_det": log_det, "inverse_log_det": -log_det}
            for operation in OPERATIONS:
                call = find_operation(made, operation, {})
                if call is None:
                    continue
                got = np.asarray(call(image if operation.startswith("inverse") else at))
                assert got.shape == (batch if operation.endswith("det") else expected[operation].shape)
                assert np.allclose(got, expected[operation], rtol=1e-12, atol=1e-12), operation


@pytest.mark.parametrize("entry", [e for e in WRONG if e.fault in OPERATIONS and e.event_ndims], ids=_named)
def test_wrong_maps_of_vectors_differ_from_their_definition(entry: Entry) -> None:
    made = entry.make()
    for x in entry.inputs:
        y, log_det = _vector_truth(entry, x)
        call = find_operation(made, entry.fault, {})
        assert call is not None
        inverse = entry.fault.startswith("inverse")
        got = call(np.array(y, dtype=float) if inverse else np.array(x))
        expected = x if entry.fault == "inverse" else log_det
        assert not np.allclose(got, expected, rtol=1e-3)
        forward = find_operation(made, "forward", {})
        assert forward is not None
        assert np.allclose(forward(np.array(x)), np.array(y, dtype=float))


def _vector_truth(entry: Entry, x: tuple[float, ...]) -> tuple[list[mpf], float]:
    """The image of x, and log|det| of the Jacobian of as many components of it as x has."""
    exact = [mpf(v) for v in x]
    y = entry.definition(exact)
    n, h = len(x), mpf(10) ** -40
    jacobian = mpmath.matrix(n, n)
    for k in range(n):
        up, down = ([v + (s * h if k == j else 0) for j, v in enumerate(exact)] for s in (1, -1))
        high, low = entry.definition(up), entry.definition(down)
        for i in range(n):
            jacobian[i, k] = (high[i] - low[i]) / (2 * h)
    return y, float(mpmath.log(abs(mpmath.det(jacobian))))


def _call(entry: Entry, operation: str) -> Any:
    made = entry.make()
    found = find_operation(made, operation, made.get("parameters", {}))
    assert found is not None
    return found


@pytest.mark.parametrize("entry", [e for e in WRONG if e.fault == "state"], ids=_named)
def test_stateful_ones_depend_on_other_calls_or_elements(entry: Entry) -> None:
    a, b = np.array([0.3, 1.7, -0.6]), np.array([2.5, -1.0, 0.25])
    differs = False
    for operation in ("forward", "forward_log_det"):
        made = entry.make()
        alone = np.array(_call(entry, operation)(a.copy()))
        forward, shared = find_operation(made, "forward", {}), find_operation(made, operation, {})
        assert forward is not None
        assert shared is not None
        forward(b.copy())
        differs |= not np.allclose(alone, shared(a.copy()))
        differs |= not np.allclose(alone[:1], _call(entry, operation)(a[:1].copy()))
    assert differs


@pytest.mark.parametrize("entry", [e for e in WRONG if e.fault == "shape"], ids=_named)
def test_misshapen_ones_return_another_shape(entry: Entry) -> None:
    x = np.array([[0.3, 1.7, -0.6], [2.5, -1.0, 0.25]])
    assert np.shape(_call(entry, "forward_log_det")(x)) != x.shape[: x.ndim - entry.event_ndims]


def test_other_faults_are_there() -> None:
    faults = {e.fault: e for e in WRONG if e.fault in ("dtype", "input", "combined")}
    x = np.array([0.3, 1.7, -0.6])
    assert _call(faults["dtype"], "forward_log_det")(x).dtype == np.float32
    changed = x.copy()
    _call(faults["input"], "forward")(changed)
    assert not np.array_equal(changed, x)
    subject = faults["combined"].make()["subject"]
    assert np.all(subject.forward_and_log_det(x)[1] == -subject.forward_log_det_jacobian(x))
    assert {e.fault for e in WRONG} <= {*OPERATIONS, "fold", "state", "shape", *faults}
