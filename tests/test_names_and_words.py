"""Names that formulas, their parameters and `sb.bijector` know, and what is said of those that they do not know."""

from __future__ import annotations

import inspect
import math
import pickle
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import symbij as sb
from symbij.audit.adapters.ends import asked_ends
from symbij.audit.subject import Ends
from symbij.formula.infinity import infinite
from symbij.formula.printing import text_of


def test_the_letter_E_is_a_name_like_any_other() -> None:
    made = sb.bijector("e*x + E*x**3", E=sb.positive)(E=2.5)
    with mpmath.workdps(40):
        expected = float(mpmath.e * mpmath.mpf("0.7") + mpmath.mpf("2.5") * mpmath.mpf("0.7") ** 3)
        slope = float(mpmath.log(mpmath.e + mpmath.mpf("7.5") * mpmath.mpf("0.7") ** 2))
    assert made(0.7) == pytest.approx(expected, rel=1e-15)
    assert made.inverse(expected) == pytest.approx(0.7, rel=1e-15)
    assert made.forward_log_det_jacobian(0.7) == pytest.approx(slope, rel=1e-15)
    traced = sb.bijector(lambda x, E: E * x * np.e, E=sb.nonzero)
    assert traced(E=2.0)(1.0) == pytest.approx(2.0 * math.e, rel=1e-15)
    ends = sb.bijector("(x - E)/(e - E)", domain=("E", "e"), E=sb.interval(0, 2))(E=1.0)
    assert ends(math.e) == 1.0


@pytest.mark.parametrize("formula", ["e*x + E", "x**3 + e*x", "log(e*x)", "exp(e*E*x)", "E*(x - e)**3"])
def test_what_is_printed_can_be_read_again(formula: str) -> None:
    made = sb.bijector(formula, **({"E": sb.positive} if "E" in formula else {}))
    again = sb.bijector(text_of(made.formula.expr), **({"E": sb.positive} if "E" in formula else {}))
    assert again.formula.expr == made.formula.expr
    assert "E" in formula or "E" not in str(made.derivation)


def test_names_of_numbers_are_no_parameters() -> None:
    number = "it is Euler's number in formulas; choose another name"
    with pytest.raises(sb.ParameterError, match=f"'e', which cannot be a parameter: {number}"):
        sb.bijector("x - e*sin(x)", e=sb.unit)
    with pytest.raises(sb.ParameterError, match=r"'pi'.*the number pi in formulas"):
        sb.bijector("x + sum(w*x)", w=sb.vector(sb.positive), pi=sb.unit)
    with pytest.raises(sb.ParameterError, match=f"no parameter 'e'.*{number}"):
        sb.bijector("e*x + a")(a=1.0, e=2.0)
    with pytest.raises(sb.FormulaSyntaxError, match=f"'e' cannot be the name of a parameter: {number}"):
        sb.bijector(lambda x, e: e * x)
    with pytest.raises(sb.FormulaSyntaxError, match=r"'exp' cannot be .* it is a function"):
        sb.bijector(lambda x, exp: exp * x)


@pytest.mark.parametrize("word", ["oo", "inf", "INF", "infinity", "Infinity", " oo ", "∞"])
def test_infinity_in_words(word: str) -> None:
    for text, value in ((word, math.inf), (f"+{word.strip()}", math.inf), (f"-{word.strip()}", -math.inf)):
        assert infinite(text) == value
    assert str(sb.bijector("x", domain=(0, word)).derivation.domain) == "[0, ∞)"
    assert str(sb.bijector("x", domain=(f"-{word.strip()}", 0)).derivation.domain) == "(-∞, 0]"
    assert sb.interval(1, word) == sb.interval(1, math.inf)
    assert sb.interval(f"-{word.strip()}", 1) == sb.interval(-math.inf, 1)
    assert sb.bijector("a*x", a=(0, word))(a=2.0)(3.0) == 6.0
    assert asked_ends((0, word)) == Ends(0.0, math.inf)


@pytest.mark.parametrize("word", ["o", "infin", "nan", "2*oo", "", None, 3.0])
def test_what_is_not_infinite(word: Any) -> None:
    assert infinite(word) is None


@pytest.mark.parametrize("end", ["foo", "2*foo", "x", sp.Symbol("foo"), sp.Symbol("x") + 1])
def test_names_in_domains(end: Any) -> None:
    with pytest.raises(sb.SymbijError, match=r"end of the domain: unknown name '(foo|x)'.*of the parameters \(a, b\)"):
        sb.bijector("a*x + b", domain=(0, end), a=sb.positive)


def test_intervals_of_parameters_have_numbers_as_ends() -> None:
    with pytest.raises(sb.ParameterError, match="needs numbers or 'oo', got 1 and 'b'"):
        sb.interval(1, "b")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"domian": (0, 1)}, "domain"),
        ({"many_to_on": True}, "many_to_one"),
        ({"assume_bijectiv": True}, "assume_bijective"),
        ({"scael": sb.positive}, "scale"),
    ],
)
def test_close_names_are_suggested(wrong: dict[str, Any], right: str) -> None:
    (name,) = wrong
    with pytest.raises(sb.ParameterError, match=rf"'{name}'.*\(parameters: scale\); did you mean {right}\?"):
        sb.bijector("scale*x", **wrong)
    with pytest.raises(sb.ParameterError, match=rf"'{name}'.*did you mean {right}\?"):
        sb.bijector("sum(scale*x)", **{"scale": sb.vector(sb.positive), **wrong} | wrong)


def test_close_names_of_arguments_are_suggested() -> None:
    made = sb.bijector("scale*x", scale=sb.positive)
    with pytest.raises(sb.ParameterError, match=r"'scael'.*did you mean scale"):
        made(scael=2.0)
    with pytest.raises(sb.ParameterError, match=r"'validate_arg'.*did you mean validate_args"):
        made(scale=2.0, validate_arg=False)
    with pytest.raises(sb.ParameterError, match=r"\(parameters: scale\)$"):
        made(zzz=2.0)


def test_constraints_may_have_defaults() -> None:
    for _ in range(2):  # derived, then with what was kept
        made = sb.bijector("a*x + b", a=(sb.positive, 2.0))
        assert list(inspect.signature(made).parameters)[:2] == ["b", "a"]
        assert made(1.0)(3.0) == 7.0
        assert made(1.0, 5.0)(3.0) == 16.0
        assert sb.bijector("a*x + b", a=("positive", 4.0))(b=1.0)(3.0) == 13.0
        assert sb.bijector("a*x + b", a=sb.positive)(4.0, b=1.0)(3.0) == 13.0
        with pytest.raises(sb.ParameterError, match="'a' is missing"):
            sb.bijector("a*x + b", a=sb.positive)(b=1.0)
    assert pickle.loads(pickle.dumps(made(1.0)))(3.0) == 7.0
    assert sb.bijector(lambda x, a, b: a * x + b, a=(sb.positive, 2.0))(1.0)(3.0) == 7.0
    weighted = sb.bijector("c*x + sum(w*x)", w=sb.vector(sb.positive), c=(sb.positive, 2.0))
    assert weighted([1.0, 3.0])(1.0) == 6.0
    assert sb.bijector("a*x", a=(0, 2))(a=1.5)(2.0) == 3.0  # two numbers are an interval


@pytest.mark.parametrize("bad", [-1.0, 0, np.nan, [1.0, -2.0]])
def test_defaults_must_be_permitted(bad: Any) -> None:
    with pytest.raises(sb.ParameterError, match="Line: parameter 'a' must be positive"):
        sb.bijector("a*x + b", name="Line", a=(sb.positive, bad))
    with pytest.raises(sb.SymbijError, match="parameter 'a' must be float64"):
        sb.bijector("a*x + b", a=(sb.positive, sb.nonzero))


def test_what_has_no_name_has_one() -> None:
    made = sb.bijector("a*x + b", a=sb.positive)(a=1.0, b=0.0)
    assert type(made).__name__ == made.name == "FormulaBijector"
    assert sb.bijector("a*x + b", name="MyLine", a=sb.positive)(a=1.0, b=0.0).name == "my_line"
    assert sb.bijector("a*x", a=sb.positive)(a=1.0, name="own").name == "own"


def test_out_is_for_methods() -> None:
    made = sb.bijector("x**3")()
    with pytest.raises(sb.UsageError, match=r"out can be .*; write forward\(x, out=...\)"):
        made(1.0, out=np.zeros(()))
    with pytest.raises(sb.UsageError, match=r"transformed only$"):
        made(1.0, validate_args=True)


@pytest.mark.parametrize("given", [sb.bijector("x**3")(), 3, None])
def test_chains_take_lists(given: Any) -> None:
    with pytest.raises(sb.UsageError, match=rf"list of bijectors, got {type(given).__name__}; write Chain\(\[f, g\]\)"):
        sb.Chain(given)
    if isinstance(given, sb.Bijector):
        with pytest.raises(sb.UsageError, match="list of bijectors"):
            sb.Chain(given, given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("formula", "hint"),
    [
        ("x²", r"for a power write x\*\*2"),
        ("1 + a*x³", r"for a power write x\*\*3"),
        ("x⁻¹⁰", r"for a power write x\*\*\(-10\)"),
        ("(x + 1)²", r"for a power write \(...\)\*\*2"),
        ("y = x**3", "write the right-hand side only"),
        ("f(x) = x**3", "write the right-hand side only"),
        ("y == x**3", "write the right-hand side only"),
        ("|x|", r"write abs\(x\)"),
        ("1 + |x - 1|", r"write abs\(x\)"),
        ("2·x", r"write \* instead of '·'"),
        ("a·x + x", r"write \* instead of '·'"),
        ("2 × x", r"for × write \*"),
        ("x − 1", "for − write -"),
        ("√x", r"for √ write sqrt\(\.\.\.\)"),
        ("sin x", r"write sin\(x\)"),
        ("1 + a x", r"for a product write a\*x"),
        ("clip(x, 0, 1)", "unknown function 'clip'; did you mean max or min"),
        ("power(x, 3)", "unknown function 'power'; did you mean pow"),
        ("lgamma(x)", "unknown function 'lgamma'; see sb.functions"),
        ("x**1001", r"1001 is beyond the limit of 1000; .* write x\*\*p with a parameter p"),
    ],
)
def test_hints_at_what_is_meant(formula: str, hint: str) -> None:
    with pytest.raises(sb.FormulaSyntaxError, match=hint):
        sb.bijector(formula)


def test_the_way_out_of_large_powers() -> None:
    assert sb.bijector("x**p", domain=(0, "oo"), p=sb.positive)(1001.0)(1.001) == pytest.approx(
        float(mpmath.mpf(1.001) ** 1001), rel=1e-12
    )


def test_functions_that_are_listed_are_known_to_formulas() -> None:
    assert "lgamma" not in dir(sb.functions)
    assert {"max", "min", "pow", "lambertw"} <= set(dir(sb.functions))
