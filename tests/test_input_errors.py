"""Arguments that cannot be meant are refused where they are given, and the message says what to write instead."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import symbij as sb


@pytest.mark.parametrize("name", [3, "", " ", "two\nlines", b"bytes"])
def test_names_are_strings_that_can_be_printed(name: Any) -> None:
    with pytest.raises(sb.UsageError, match="name must be a string"):
        sb.bijector("x", name=name)


def test_any_other_name_is_shown() -> None:
    made = sb.bijector("a*x", name="My map", a=sb.positive)(a=2.0)
    assert repr(made) == "My map(a=2.)"
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made)


@pytest.mark.parametrize("switch", ["many_to_one", "assume_bijective"])
@pytest.mark.parametrize("value", ["yes", 1, None])
def test_switches_are_booleans(switch: str, value: Any) -> None:
    with pytest.raises(sb.UsageError, match=f"{switch} must be True or False"):
        sb.bijector("x", **{switch: value})


def test_vectors_are_not_for_maps_with_branches() -> None:
    with pytest.raises(sb.UsageError, match="vector"):
        sb.bijector("sum(w*x**2)", w=sb.vector(sb.positive), many_to_one=True)


@pytest.mark.parametrize("word", ["oo", "inf", "Inf", "infinity", "Infinity", "nan", "NaN"])
def test_infinity_is_no_number_of_a_formula(word: str) -> None:
    with pytest.raises(sb.FormulaSyntaxError, match=rf"'{word}' is no number.*'oo'"):
        sb.bijector(f"x + {word}")
    with pytest.raises(sb.FormulaSyntaxError, match="no number"):
        sb.bijector("x", domain=(0, f"2*{word}"))
    with pytest.raises(sb.FormulaSyntaxError, match="cannot be the name of a parameter"):
        sb.bijector(sb.functions.tanh(_symbol("x")) + _symbol(word))


def _symbol(name: str) -> Any:
    import sympy

    return sympy.Symbol(name)


def test_ends_of_domains_may_be_infinite() -> None:
    for end in ("oo", "inf", np.inf):
        assert str(sb.bijector("x", domain=(0, end)).derivation.domain) == "[0, ∞)"


def test_shapes_are_checked_when_parameters_are_bound() -> None:
    line = sb.bijector("a*x + b", name="Line", a=sb.nonzero)
    for a in ([1, 2], sb.Variable([1.0, 2.0])):
        with pytest.raises(sb.ShapeError, match=r"Line: .* a \(2,\), b \(3,\)"):
            line(a=a, b=[1, 2, 3])
    assert line(a=[[1], [2]], b=[1, 2, 3])(0.0).shape == (2, 3)
    total = sb.bijector("c*x + sum(w*x)", w=sb.vector(sb.positive), c=sb.positive)
    with pytest.raises(sb.ShapeError, match="do not broadcast"):
        total(w=np.ones((2, 4)), c=[1.0, 2.0, 3.0])
    assert total(w=np.ones((3, 4)), c=[1.0, 2.0, 3.0])(1.0).tolist() == [5.0, 6.0, 7.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("constraint", [sb.nonzero, sb.real])
def test_parameters_must_be_finite(constraint: Any, bad: float) -> None:
    with pytest.raises(sb.ParameterError, match="finite, got"):
        sb.bijector("a + x", a=constraint)(a=bad)


@pytest.mark.parametrize(
    ("formula", "hint"),
    [
        ("2x", r"write 2\*x"),
        ("3 x + 1", r"write 3\*x"),
        ("x + 1.5e3x", r"write 1.5e3\*x"),
        ("x(2)", r"write x\*\(2\)"),
        ("x + x(x + 1)", r"write x\*\(x \+ 1\)"),
        ("pi(x)", r"write pi\*\(x\)"),
        ("3(x)", r"for a product write \*"),
        ("(x + 1)(x + 2)", r"for a product write \*"),
        ("2*X", "case-sensitive, so that 'X' is a parameter"),
    ],
)
def test_messages_say_what_to_write(formula: str, hint: str) -> None:
    with pytest.raises(sb.FormulaSyntaxError, match=hint):
        sb.bijector(formula)


def test_a_domain_that_was_given_is_not_asked_for() -> None:
    text = "(1 + exp(x))*(40 - tanh(c*x))"
    with pytest.raises(sb.NotBijectiveError, match=r"together; give domain=\(lo, hi\)"):
        sb.bijector(text, c=(1.0, np.inf))
    with pytest.raises(sb.NotBijectiveError, match="together; if you know"):
        sb.bijector(text, c=(1.0, np.inf), domain=(-2, 2))


def test_a_domain_may_be_an_array() -> None:
    assert str(sb.bijector("x**3", domain=np.array([0, 1])).derivation.domain) == "[0, 1]"
    for bad in (np.array([0.0, 1.0, 2.0]), np.zeros((2, 2)), np.array(1.0)):
        with pytest.raises(sb.DomainError, match="pair"):
            sb.bijector("x**3", domain=bad)
