"""Code run with symbols, what its doubles mean, and proofs by cases of signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symbij.audit.famous import meaning
from symbij.audit.proof import is_zero, sign_in
from symbij.audit.subject import Ends, Subject
from symbij.audit.traced import X, trace_subject, traced_formula, why_not_traced
from symbij.formula import functions as fn
from symbij.formula.interval import POSITIVE, REALS, Interval
from symbij.formula.vocabulary import Requirement

A, B = sp.symbols("a b", real=True)


def subject_of(forward: Callable[..., Any], **parameters: Any) -> Subject:
    return Subject("subject", "functions", forward, parameters=parameters, traceable={"forward": forward})


def test_a_traced_forward_map_is_a_formula() -> None:
    def forward(x: Any, a: Any, b: Any) -> Any:
        return a * np.exp(np.log(x)) + b * np.sqrt(2 * np.pi)

    subject = subject_of(forward, a=1.5, b=2.0)
    formula = traced_formula(subject)
    assert formula is not None
    assert why_not_traced(subject) == ""
    assert formula.expr == A * X + B * sp.sqrt(2 * sp.pi)
    assert {p.name for p in formula.parameters} == {"a", "b"}
    assert Requirement(X, POSITIVE) in formula.requirements  # log(x), whatever sympy makes of exp(log(x))
    assert traced_formula(subject, Ends(1.0, 2.0)).domain == Interval(1, 2, False, False)  # type: ignore[union-attr]


def test_whole_exponents_and_counts_keep_their_values() -> None:
    code = trace_subject(subject_of(lambda x, n: x**n, n=3.0))
    assert code.operations["forward"].expr == X**3
    assert code.operations["forward"].fixed == {"n": 3.0}
    assert trace_subject(subject_of(lambda x, n: x**n, n=3)).operations["forward"].expr == X**3


def test_tracing_leaves_numpy_as_it_was() -> None:
    before = np.asarray, np.array
    code = trace_subject(subject_of(lambda x: {}[np.asarray(x)]))
    assert "KeyError" in code.failures["forward"] or not code.operations
    assert (np.asarray, np.array) == before


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 3, sp.Rational(1, 3)),
        (0.1, sp.Rational(1, 10)),
        (-2.0, sp.Integer(-2)),
        (math.pi, sp.pi),
        (math.log(2), sp.log(2)),
        (0.5 * math.log(2 * math.pi), sp.log(2 * sp.pi) / 2),
        (1 / math.sqrt(2 * math.pi), 1 / sp.sqrt(2 * sp.pi)),
        (math.sqrt(2), sp.sqrt(2)),
        (math.e, sp.E),
        (1e-300, sp.Rational(1, 10**300)),
        (0.123456789012345, sp.Rational("0.123456789012345")),
    ],
)
def test_doubles_mean_constants(value: float, expected: sp.Expr) -> None:
    assert sp.simplify(meaning(value) - expected) == 0


def test_proofs_refuse_what_is_not_so() -> None:
    def shown(expr: sp.Expr, domain: Interval = REALS) -> bool:
        return is_zero(expr, (), X, domain, {})

    assert shown(sp.Abs(X) * sp.sign(X) - X)
    assert shown(fn.odd_root(X**3, sp.Integer(3)) - X)
    assert shown(sp.log(sp.Abs(X * (X - 1))) - sp.log(sp.Abs(X)) - sp.log(sp.Abs(X - 1)))
    assert not shown(sp.Abs(X) - X)
    assert shown(sp.Abs(X) - X, POSITIVE)
    assert not shown(sp.Max(X, 0) - X)
    assert not shown(sp.atan(sp.tan(X)) - X)  # has the derivative 0
    assert not shown(sp.atan(1 / X) + sp.atan(X) - sp.pi / 2)
    assert not shown(sp.Piecewise((0, X < 5), (X - 5, True)))
    assert not shown(sp.log(sp.Abs(X)) + sp.Rational(1, 10**20))
    assert not is_zero(sp.S.Zero, [Requirement(X, POSITIVE)], X, REALS, {})
    assert is_zero(sp.S.Zero, [Requirement(X, POSITIVE, (X > 1,))], X, REALS, {})


def test_signs_of_differences() -> None:
    p, q = sp.symbols("p q", positive=True)
    assert sign_in(1 - sp.exp(-p)) == 1
    assert sign_in(1 - (1 - sp.exp(-p)) ** q) == 1
    assert sign_in(sp.exp(p) - sp.exp(-p)) == 1
    assert sign_in(1 - sp.tanh(X)) == 1
    assert sign_in(p**2 + 2 * p * q + q**2) == 1
    assert sign_in(p - q) is None
    assert sign_in(sp.exp(p) - 2) is None
