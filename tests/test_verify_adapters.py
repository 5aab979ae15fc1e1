"""Functions, symbij's own bijectors and plain objects as subjects of an audit."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

import symbij as sb
from symbij.audit.adapters import adapt
from symbij.audit.subject import REALS, Ends, Subject
from symbij.errors import UsageError
from symbij.formula.tracer import Traced

X = np.array([-1.5, -0.25, 0.4, 2.0])


def agrees(subject: Subject, operation: str, x: Any, expected: Any) -> None:
    outcome = subject.call(operation, x)
    assert not outcome.problem
    np.testing.assert_allclose(outcome.value, expected, rtol=1e-13)


class Cubic(sb.Bijector):
    """y = (a x + b)^3, by hand."""

    def __init__(self, a: Any, b: Any, name: str = "cubic") -> None:
        super().__init__(forward_min_event_ndims=0, parameters=dict(locals()), name=name)
        self.a, self.b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)

    def _forward(self, x: Any) -> Any:
        return (self.a * x + self.b) ** 3

    def _inverse(self, y: Any) -> Any:
        return (np.cbrt(y) - self.b) / self.a

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return np.log(3.0) + np.log(np.abs(self.a)) + 2.0 * np.log(np.abs(self.a * x + self.b))


class Logged(Cubic):
    """Keeps log|a| beside a, so that another a on a copy would leave the old logarithm."""

    def __init__(self, a: Any, b: Any) -> None:
        super().__init__(a, b)
        self.log_a = np.log(abs(a))

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        return np.log(3.0) + self.log_a + 2.0 * np.log(np.abs(self.a * x + self.b))


class Plain:
    """y = a x + b with the names that plain classes use."""

    domain = (-5.0, 5.0)

    def __init__(self, a: float, b: float = 0.0) -> None:
        self.a, self._b = a, b

    def forward(self, x: Any) -> Any:
        return self.a * x + self._b

    def inverse(self, y: Any) -> Any:
        return (y - self._b) / self.a

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return np.log(np.abs(self.a)) + 0.0 * (x + y)


class Flow:
    """Value and log-det at once, one log-det for each event of three numbers."""

    scale = np.array([1.0, 2.0, 3.0])

    def forward(self, x: Any) -> Any:
        return x * self.scale, np.full(x.shape[:-1], np.log(6.0))

    def inverse(self, z: Any) -> Any:
        return z / self.scale, np.full(z.shape[:-1], -np.log(6.0))


def test_functions_take_those_parameters_they_have_arguments_for() -> None:
    subject = adapt(
        lambda x, a, b: a * x + b,
        inverse=lambda y, b, a: (y - b) / a,
        forward_log_det=lambda x, a: np.log(abs(a)) + 0.0 * x,
        parameters={"a": -2.0, "b": 1},
    )
    agrees(subject, "forward", X, -2.0 * X + 1.0)
    agrees(subject, "inverse", X, (X - 1.0) / -2.0)
    agrees(subject, "forward_log_det", X, np.full(4, math.log(2.0)))
    assert subject.parameters == {"a": -2.0, "b": 1.0}
    assert (subject.kind, subject.event_ndims, subject.inverse_log_det) == ("functions", 0, None)
    assert subject.rebuilt is not None
    agrees(subject.rebuilt({"a": 3.0}), "forward", X, 3.0 * X + 1.0)
    agrees(subject, "forward", X, -2.0 * X + 1.0)
    with pytest.raises(UsageError, match="no parameter c"):
        subject.rebuilt({"c": 1.0})
    assert subject.traceable["inverse"](5.0, a=2.0, b=1.0) == 2.0


def test_defaults_of_functions_are_parameters_where_they_agree() -> None:
    def forward(x: Any, a: float = 2.0, b: float = 1.0) -> Any:
        return a * x + b

    def inverse(y: Any, a: float = 2.0, b: float = 3.0) -> Any:
        return (y - b) / a

    subject = adapt(forward=forward, inverse=inverse)
    assert subject.parameters == {"a": 2.0}
    agrees(subject, "inverse", X, (X - 3.0) / 2.0)


def test_a_log_det_may_take_both_sides() -> None:
    seen = []

    def log_det(x: Any, y: Any) -> Any:
        seen.append((x, y))
        return y - x

    both = {"forward": np.exp, "inverse": np.log}
    agrees(adapt(**both, forward_log_det=log_det), "forward_log_det", X, np.exp(X) - X)
    agrees(adapt(**both, forward_log_det=lambda y, x: y - x), "forward_log_det", X, np.exp(X) - X)
    agrees(adapt(**both, forward_log_det=lambda u, v: v - u), "forward_log_det", X, np.exp(X) - X)
    y = np.exp(X)
    agrees(adapt(**both, inverse_log_det=lambda x, y: y - x), "inverse_log_det", y, y - X)
    agrees(adapt(**both, inverse_log_det=lambda y, x: y - x), "inverse_log_det", y, y - X)
    assert seen
    with pytest.raises(UsageError, match=r"takes \(x, y\), for which forward is needed"):
        adapt(inverse=np.log, forward_log_det=log_det)


def test_functions_of_one_number_are_called_for_each() -> None:
    subject = adapt(math.exp, inverse=lambda y: math.log(y) if y < 2.0 else math.log(y) + 0.0)
    agrees(subject, "forward", X[:, None], np.exp(X)[:, None])
    agrees(subject, "inverse", [0.0, 1.0, 3.0], [np.nan, 0.0, math.log(3.0)])
    agrees(adapt(lambda x, a: math.exp(a * x), parameters={"a": 2.0}), "forward", 0.5, math.e)


def test_ufuncs_partials_and_callables_are_functions() -> None:
    agrees(adapt(np.exp, inverse=np.log), "inverse", [1.0, 2.0], np.log([1.0, 2.0]))
    agrees(adapt(functools.partial(lambda a, x: a * x, 3.0)), "forward", X, 3.0 * X)
    assert adapt(forward=Plain(2.0).forward).parameters == {}


def test_functions_are_traceable_with_symbols() -> None:
    import sympy as sp

    x, a = sp.Symbol("x", real=True), sp.Symbol("a", real=True)
    subject = adapt(lambda x, a: np.exp(a * x), forward_log_det=lambda x, y, a: np.log(a * y), parameters={"a": 2.0})
    traced = subject.traceable["forward_log_det"](Traced(x, []), a=Traced(a, []))
    assert sp.simplify(traced.expr - sp.log(a * sp.exp(a * x))) == 0


def test_calls_that_cannot_be_meant() -> None:
    with pytest.raises(UsageError, match="nothing to audit"):
        adapt()
    with pytest.raises(UsageError, match="given twice"):
        adapt(np.exp, forward=np.exp)
    with pytest.raises(UsageError, match=r"needs b; give parameters=\{'b': ...\}"):
        adapt(lambda x, a, b: a * x + b, parameters={"a": 1.0})
    with pytest.raises(UsageError, match="takes no argument"):
        adapt(lambda: 1.0)
    with pytest.raises(UsageError, match="inverse must be a function, got int"):
        adapt(np.exp, inverse=3)
    with pytest.raises(UsageError, match="'a' must be a number"):
        adapt(lambda x, a: x, parameters={"a": "two"})
    with pytest.raises(UsageError, match="floating-point"):
        adapt(np.exp, dtype=int)
    with pytest.raises(UsageError, match="whole number"):
        adapt(np.exp, event_ndims=-1)
    with pytest.raises(UsageError, match="empty"):
        adapt(np.exp, domain=(1.0, 0.0))
    with pytest.raises(UsageError, match=r"a dict is not recognised as a bijector.*forward, transform.*forward="):
        adapt({"forward": np.exp})
    with pytest.raises(UsageError, match=r"the class Plain is not recognised.*give an instance"):
        adapt(Plain)


def test_domains_as_users_write_them() -> None:
    assert adapt(np.log, domain=(0, "oo")).domain == Ends(0.0, math.inf)
    assert adapt(np.log, domain=("-b/a", "oo")).domain is None  # only a derivation knows what the end is
    assert adapt(np.log, domain=Ends(0.0, 1.0, False, False)).domain == Ends(0.0, 1.0, False, False)
    assert adapt(Plain(2.0)).domain == Ends(-5.0, 5.0)
    assert adapt(Plain(2.0), domain=(0.0, 1.0)).domain == Ends(0.0, 1.0)


def test_a_derived_bijector() -> None:
    subject = adapt(sb.Sigmoid(low=-1.0, high=sb.Variable(2.0)))
    assert (subject.kind, subject.name) == ("symbij bijector", "Sigmoid")
    assert (subject.domain, subject.codomain) == (REALS, Ends(-1.0, 2.0))
    assert subject.parameters == {"low": -1.0, "high": 2.0}
    truth = -1.0 + 3.0 / (1.0 + np.exp(-X))
    agrees(subject, "forward", X, truth)
    value, log_det = subject.call("forward_and_log_det", X).parts
    np.testing.assert_allclose(value, truth, rtol=1e-14)
    np.testing.assert_allclose(log_det, subject.call("forward_log_det", X).value, rtol=1e-14)
    assert subject.rebuilt is not None
    assert subject.rebuilt({"high": 5.0}).codomain == Ends(-1.0, 5.0)
    assert not subject.traceable


def test_events_of_derived_bijectors_are_summed_over() -> None:
    subject = adapt(sb.Exp(), event_ndims=1)
    assert (subject.event_ndims, subject.event_shape) == (1, None)
    agrees(subject, "forward_log_det", X, X.sum())
    matrix = adapt(sb.ScaleMatvecTriL(np.array([[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [1.0, 1.0, 0.5]])))
    assert (matrix.event_ndims, matrix.event_shape) == (1, (3,))
    agrees(matrix, "forward_log_det", np.ones(3), math.log(3.0))
    assert matrix.rebuilt is not None
    agrees(matrix.rebuilt({"scale_tril": np.eye(3)}), "forward_log_det", np.ones(3), 0.0)


def test_chains_and_inverses_hold_the_parameters_of_their_parts() -> None:
    chain = adapt(sb.Chain([sb.Shift(1.0), sb.Scale(2.0), sb.Exp()]))
    assert chain.parameters == {"shift": 1.0, "scale": 2.0}
    assert chain.codomain is not None
    assert (chain.codomain.lo, chain.codomain.lo_open) == (1.0, False)
    assert chain.rebuilt is not None
    agrees(chain.rebuilt({"scale": -1.0}), "forward", X, 1.0 - np.exp(X))
    inverted = adapt(sb.Invert(sb.Softplus(hinge_softness=2.0, low=0.5)))
    assert inverted.domain == Ends(0.5, math.inf)
    assert inverted.rebuilt is not None
    agrees(inverted.rebuilt({"low": 1.0}), "inverse", 0.0, 1.0 + 2.0 * math.log(2.0))
    twice = adapt(sb.Chain([sb.Shift(1.0), sb.Exp(), sb.Shift(2.0)]))
    assert twice.parameters == {}  # one name for two parameters says nothing


def test_many_to_one_is_refused() -> None:
    square = sb.bijector("x**2", many_to_one=True)()
    with pytest.raises(UsageError, match="branches"):
        adapt(square)


def test_a_hand_written_bijector() -> None:
    subject = adapt(Cubic(1.5, -1.0))
    assert subject.kind == "hand-written symbij bijector"
    assert subject.parameters == {"a": 1.5, "b": -1.0}
    assert (subject.domain, subject.codomain) == (None, None)
    agrees(subject, "forward", X, (1.5 * X - 1.0) ** 3)
    assert subject.rebuilt is not None
    agrees(subject.rebuilt({"a": -2.0}), "inverse", 8.0, -1.5)
    assert set(subject.traceable) == {"forward", "inverse", "forward_log_det"}
    assert not subject.has("inverse_log_det")  # the base class makes one of the forward log-det; it is nobody's claim


@pytest.mark.parametrize("kind", [Cubic, Logged])
def test_hand_written_bijectors_are_traceable_with_their_parameters(kind: Any) -> None:
    import sympy as sp

    x, a, b = sp.symbols("x a b", positive=True)
    subject = adapt(kind(1.5, -1.0))
    traced = {"a": Traced(a, []), "b": Traced(b, [])}
    function = subject.traceable["forward_log_det"]
    if kind is Logged:  # the constructor takes np.asarray(a, dtype=float): it cannot be traced, and is not guessed at
        with pytest.raises((TypeError, UsageError)):
            function(Traced(x, []), **traced)
        return
    found = function(Traced(x, []), **traced)
    difference = sp.simplify(getattr(found, "expr", found) - sp.log(3 * a * (a * x + b) ** 2))
    assert abs(float(difference)) < 1e-15  # np.log(3.0) is a number to the trace


def test_attributes_that_are_not_what_the_constructor_took_are_no_parameters() -> None:
    class Exponentiated(Plain):
        def __init__(self, a: float) -> None:
            super().__init__(math.exp(a))

    subject = adapt(Exponentiated(0.5))
    assert (dict(subject.parameters), subject.rebuilt) == ({}, None)
    agrees(subject, "forward", X, math.exp(0.5) * X)


def test_a_plain_object() -> None:
    subject = adapt(Plain(-3.0, 1.0))
    assert (subject.kind, subject.parameters) == ("object", {"a": -3.0, "b": 1.0})
    agrees(subject, "forward_log_det", X, np.full(4, math.log(3.0)))
    assert subject.rebuilt is not None
    agrees(subject.rebuilt({"b": 2.0}), "forward", X, -3.0 * X + 2.0)
    assert subject.traceable["forward"](1.0, a=5.0) == 6.0
    formula_names = adapt(Plain(-3.0, 1.0), parameters={"slope": -3.0})
    assert formula_names.rebuilt is None
    assert formula_names.parameters == {"a": -3.0, "b": 1.0, "slope": -3.0}


def test_an_object_that_returns_pairs() -> None:
    subject = adapt(Flow())
    assert (subject.event_ndims, subject.event_shape) == (1, (3,))
    x = np.ones((2, 3))
    agrees(subject, "forward", x, x * Flow.scale)
    agrees(subject, "inverse_log_det", x, np.full(2, -math.log(6.0)))
    assert len(subject.call("inverse_and_log_det", x).parts) == 2


def test_functions_take_the_place_of_those_of_an_object() -> None:
    subject = adapt(Plain(2.0), inverse=lambda y, a: y / a + 1.0, forward_log_det=lambda x, y: y - x)
    agrees(subject, "forward", X, 2.0 * X)
    agrees(subject, "inverse", X, X / 2.0 + 1.0)
    agrees(subject, "forward_log_det", X, X)
    assert subject.rebuilt is not None
    agrees(subject.rebuilt({"a": 4.0}), "inverse", X, X / 4.0 + 1.0)
    derived = adapt(sb.Exp(), inverse=np.log1p)
    assert derived.inverse_and_log_det is None
    agrees(derived, "inverse", 1.0, math.log(2.0))


def test_a_fault_of_the_subject_is_told_and_not_raised() -> None:
    class Broken:
        def forward(self, x: Any) -> Any:
            raise RuntimeError("out of order")

        def inverse(self, y: Any) -> Any:
            y[...] = 0.0
            return y

    subject = adapt(Broken())
    assert subject.call("forward", X).problem == "raised RuntimeError: out of order"
    assert subject.call("inverse", X).problem == "changed its input in place"


def test_objects_with_state_come_as_they_are() -> None:
    class Remembering(Plain):
        def __init__(self, a: float) -> None:
            super().__init__(a)
            self._last = None

        def inverse(self, y: Any) -> Any:
            self._last = y if self._last is None else self._last
            return self._last / self.a

    thing = Remembering(2.0)
    thing.inverse(X)
    subject = adapt(thing)
    assert subject.rebuilt is not None  # what is private and was None at first is state, not a parameter
    assert subject.parameters == {"a": 2.0}
    agrees(subject, "inverse", X, X / 2.0)
