"""What the user says: the parser, the tracer, sympy input, constraints and domains, and how each refuses."""

from __future__ import annotations

import contextlib
import math
import time

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import symbij as sb
import symbij.functions as fn
from symbij.formula.constraints import NAMED, Constraint, as_constraint, interval
from symbij.formula.formula import Formula, make_formula
from symbij.formula.parser import MAX_DEPTH, MAX_LENGTH, names_in, parse
from symbij.formula.vocabulary import WORDS

X, A, B = sp.symbols("x a b", real=True)
SYMBOLS = {"x": X, "a": A, "b": B}


def expression(text: str) -> sp.Expr:
    return parse(text, SYMBOLS)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a*x + b", A * X + B),
        ("a + b*x", A + B * X),
        ("-x**2", -(X**2)),
        ("-x^2", -(X**2)),
        ("2**3**2", sp.Integer(512)),
        ("x^3^2", X**9),
        ("(x^3)^2", (X**3) ** 2),
        ("a/b/x", A / B / X),
        ("a - b - x", A - B - X),
        ("a*-x", -A * X),
        ("2*-x^2", -2 * X**2),
        ("+x", X),
        ("  x + 1 ", X + 1),
        ("1e-3*x", X / 1000),
        ("0.1*x", X / 10),
        ("1_000*x", 1000 * X),
        ("pi*x + e", sp.pi * X + sp.E),
        ("ln(x)", sp.log(X)),
        ("log(x, 2)", sp.log(X) / sp.log(2)),
        ("expit(x)", WORDS["sigmoid"].build(X)),
        ("pow(x, 3)", X**3),
        ("where(x > 0, x, 2*x)", sp.Piecewise((X, X > 0), (2 * X, True))),
        ("Piecewise((x, x > 0), (2*x, True))", sp.Piecewise((X, X > 0), (2 * X, True))),
    ],
)
def test_meaning(text: str, expected: sp.Expr) -> None:
    assert expression(text) == expected


def test_decimals_are_exact() -> None:
    assert expression("0.1 + 0.2") == sp.Rational(3, 10)


@pytest.mark.parametrize(
    ("text", "words", "under"),
    [
        ("a*x.real", "attribute access", "x.real"),
        ("a*x + foo", "unknown name 'foo'", "foo"),
        ("a*x^2 + foo", "unknown name 'foo'", "foo"),
        ("exq(x)", "did you mean exp", "exq"),
        ("x + (lambda: 1)", "lambda", "lambda"),
        ("x**1001", "1001", "1001"),
        ("x^2^1001", "", ""),
        ("x and a", "'and'/'or'", "x and"),
        ("not x", "Not", "not"),
        ("True*x", "True", "True"),
        ("x*False", "False", "False"),
        ("'a'*x", "'a'", "'a'"),
        ("x*f'{a}'", "string", "f'"),
        ("x[0]", "indexing", "x[0]"),
        ("x if x > 0 else a", "where", "x if"),
        ("(x, a)", "tuple", "("),
        ("[x]", "list", "["),
        ("x % 2", "Mod", "x %"),
        ("x // 2", "FloorDiv", "x //"),
        ("x @ a", "MatMult", "x @"),
        ("1j*x", "not a real number", "1j"),
        ("0 < x < 1", "single comparison", "0 <"),
        ("x + (a > b)", "comparison", "a > b"),
        ("exp", "needs arguments", "exp"),
        ("exp()", "argument", "exp"),
        ("exp(x, a, b)", "argument", "exp"),
        ("exp(x=a)", "keyword", "exp"),
        ("x/0", "division by zero", "x/0"),
        ("a*x/(b - b)", "division by zero", "a*x"),
        ("(a*x+", "cannot read", ""),
        ("a*x)", "cannot read", ""),
        ("a**", "cannot read", ""),
        ("3 x", "cannot read", ""),
        ("x = 3", "cannot read", ""),
        ("(y := x)", "assignment", "y"),
        ("exp(*x)", "starred", "*x"),
        ("__import__('os').system('id')", "plain name", "__import__"),
        ("().__class__", "attribute", "()"),
        ("where(x, a, b)", "comparison", "where"),
        ("1e999*x", "overflows", "1e999"),
        ("x > 0", "not a comparison", ""),
    ],
)
def test_refusals(text: str, words: str, under: str) -> None:
    with pytest.raises(sb.FormulaSyntaxError) as caught:
        expression(text)
    message = str(caught.value)
    assert words in message.splitlines()[0]
    assert text in message
    if under:
        quoted, caret = message.splitlines()[1:3]
        assert quoted[caret.index("^") :].startswith(under), message


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9",
        "x**(10**10)",
        "2**1000000*x",
        "x*10**400",
        "1" * 41 + "*x",
        "(-" * (MAX_DEPTH + 20) + "x" + ")" * (MAX_DEPTH + 20),
        "(" * 1000 + "x" + ")" * 1000,
        "-" * 2000 + "x",
        "exp(" * 150 + "x" + ")" * 150,
        "x" + "+x" * MAX_LENGTH,
        "+".join(["x*a"] * 600),
        "x**0.5**9999",
        "factorial(x)",
        "eval('x')",
        "\x00",
        "",
        "   ",
        "x\ny",
        "lambda x: x",
        "import os",
        "x; a",
        "#x",
        "log(0)*x",
        "x + 1/0",
        "sqrt(-1)*x",
        "x*(0/0)",
        "(-8)**(1/3)*x",
        "log(-1) + x",
    ],
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    start = time.process_time()
    with pytest.raises(sb.SymbijError):
        sb.bijector(text)
    assert time.process_time() - start < 2.0


WORDS_AND_SIGNS = [
    *"xab()+-*/^., 0123456789<>=!&|~@%[]{}'\"\\_:;\n\t\0é∞", "**", "exp", "log", "where", "sqrt", "1e308", "1e-400",
    "E", "pi", "lambda", "import", "True", "None", "if", "else", "__", "Piecewise", "max", "abs",
]  # fmt: skip
PIECES = st.lists(st.sampled_from(WORDS_AND_SIGNS), max_size=25).map("".join)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(PIECES, st.text(max_size=30)))
@example("x**x**x**x")
@example("exp(exp(exp(x)))")
@example("0**x")
@example("x**1e308")
@example("1e308**x")
@example("abs(x)**pi**e")
@example("a**-1e-400")
def test_random_text_raises_nothing_else(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(sb.SymbijError):
        formula = make_formula(text)
        assert formula.variable in formula.expr.free_symbols
    assert time.process_time() - start < 2.0


@settings(max_examples=200, deadline=None)
@given(a=st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(1.7976931348623157e308)
def test_numbers_are_read_as_python_reads_them(a: float) -> None:
    assert float(expression(f"({a!r})*x + x").coeff(X, 1) - 1) == a


def test_names_in_order() -> None:
    assert names_in("b + a*x + pi*exp(c)*a") == ["b", "a", "x", "c"]
    formula = make_formula("b + a*x")
    assert [p.name for p in formula.parameters] == ["b", "a"]


@pytest.mark.parametrize(
    "bad", ["validate_args", "name", "forward", "parameters", "self", "inverse", "dtype", "formula"]
)
def test_names_taken_by_every_bijector(bad: str) -> None:
    with pytest.raises(sb.SymbijError, match=bad):
        sb.bijector(f"x + {bad}")


def test_a_formula_needs_its_variable() -> None:
    with pytest.raises(sb.FormulaSyntaxError, match="variable"):
        make_formula("a + 1")
    with pytest.raises(sb.FormulaSyntaxError, match="variable"):
        make_formula("x - x + a")


def traced(function: object, **kwargs: object) -> Formula:
    return make_formula(function, **kwargs)


def test_tracing_numpy_and_functions() -> None:
    def formula(x, a, b):  # type: ignore[no-untyped-def]
        return (
            np.exp(a * x)
            + fn.sigmoid(b)
            + np.arcsinh(x)
            - np.square(x) / 2
            + np.negative(x) ** 3
            + np.where(x > 0, x, a)
        )

    expected = (
        sp.exp(A * X) + WORDS["sigmoid"].build(B) + sp.asinh(X) - X**2 / 2 - X**3 + sp.Piecewise((X, X > 0), (A, True))
    )
    assert traced(formula).expr == expected
    assert traced(lambda x: x + np.zeros_like(x)).expr == X == traced(lambda x: x + np.ones_like(x)).expr - 1


def test_tracing_mixes_numbers_of_every_kind() -> None:
    assert traced(lambda x: 2 * x + np.float64(0.5) - np.int64(3) + 1 / (x + 4)).expr == 2 * X - sp.Rational(
        5, 2
    ) + 1 / (X + 4)
    assert traced(lambda x: 2.0**x).expr == 2**X
    assert traced(lambda x: abs(x) + math.pi).expr == sp.Abs(X) + sp.Rational(repr(math.pi))


def test_defaults_and_annotations() -> None:
    @sb.bijector
    def Affine(x, a: sb.nonzero, b: sb.real = 2.0):  # type: ignore[no-untyped-def, valid-type]
        """Stretch and shift."""
        return a * x + b

    assert Affine.__name__ == "Affine"
    assert Affine.__doc__ == "Stretch and shift."
    assert Affine(3.0).forward(1.0) == 5.0
    assert Affine(3.0, b=1.0).forward(1.0) == 4.0
    with pytest.raises(sb.ParameterError, match=r"'a'.*nonzero"):
        Affine(0.0)


def test_another_name_for_the_variable() -> None:
    cls = sb.bijector(lambda t, scale: scale * t, scale=sb.positive)
    assert cls(2.0).forward(3.0) == 6.0
    assert str(cls.derivation.variable) == "t"


def branches(x, a):  # type: ignore[no-untyped-def]
    return x if x > 0 else a * x


def chained(x):  # type: ignore[no-untyped-def]
    return x * (0 < x < 1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (branches, "where"),
        (chained, "where"),
        (lambda x: math.exp(x), "math module"),
        (lambda x: np.sum(x), "numpy.sum"),
        (lambda x: np.heaviside(x, 0.5), "heaviside"),
        (lambda x: x + np.ones(3), "numbers only"),
        (lambda x: x + "a", "numbers only"),
        (lambda x: x + True, "numbers only"),
        (lambda x: x + None, "numbers only"),
        (lambda x: x + 1j, "."),
        (lambda x: x * float("nan"), "."),
        (lambda x: x * float("inf"), "."),
        (lambda x: np.add.reduce(x), "add"),
        (lambda x: "x", "one expression"),
        (lambda x: (x, x), "one expression"),
        (lambda x: None, "one expression"),
        (lambda x: 3.0, "constant"),
        (lambda *x: x[0], r"\*args"),
        (lambda: 1, "at least one argument"),
        (lambda x: x > 0, "one expression"),
        (lambda x: x / 0, "division by zero"),
        (lambda x: fn.exp(1.0) * x, "formulas being traced"),
    ],
)
def test_functions_that_cannot_be_traced(function: object, words: str) -> None:
    with pytest.raises(sb.SymbijError, match=words):
        traced(function)


def test_sympy_input() -> None:
    x, a = sp.symbols("x a")
    formula = make_formula(sp.exp(a * x) + sp.Float("0.5"), constraints={"a": sb.positive})
    assert formula.expr == sp.exp(sp.Symbol("a", positive=True) * X) + sp.Rational(1, 2)
    cls = sb.bijector(sp.log(x))
    assert str(cls.derivation.domain) == "(0, ∞)"
    with pytest.raises(sb.SymbijError):
        sb.bijector(sp.gamma(x))
    with pytest.raises(sb.SymbijError):
        sb.bijector(sp.I * x)
    with pytest.raises(sb.SymbijError):
        make_formula(3.5)


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        (sb.real, [-1e300, 0.0], [math.inf, math.nan]),
        (sb.positive, [1e-300, 5.0], [0.0, -1.0, math.inf, math.nan]),
        (sb.negative, [-1e-300], [0.0, 1.0, -math.inf]),
        (sb.nonzero, [-1e-300, 2.0], [0.0, -0.0, math.nan]),
        (sb.unit, [0.5], [0.0, 1.0, 2.0]),
        (sb.interval(-2, 3), [-1.9, 0.0], [-2.0, 3.0, 10.0]),
        (sb.interval(2, math.inf), [2.5], [2.0, math.inf]),
    ],
    ids=str,
)
def test_constraints(constraint: Constraint, good: list[float], bad: list[float]) -> None:
    cls = sb.bijector("x + q", q=constraint)
    for value in good:
        assert cls(value).forward(0.0) == value
    for value in bad:
        with pytest.raises(sb.ParameterError) as caught:
            cls(value)
        message = str(caught.value)
        assert "'q'" in message
        assert repr(value) in message
        assert str(constraint.name) in message
    with pytest.raises(sb.ParameterError, match=r"index \[1\]"):
        cls([good[0], bad[0]])
    rng = np.random.default_rng(0)
    assert all(constraint.violation(np.array(constraint.sample(rng))) is None for _ in range(200))


def test_constraints_by_other_names() -> None:
    assert as_constraint("q", "positive") is sb.positive
    assert as_constraint("q", (0, 2)) == interval(0, 2)
    assert set(NAMED) == {"real", "positive", "negative", "nonnegative", "nonzero", "unit"}
    for bad in ("prime", 3, None, (1, 2, 3), (2, 1), ("a", "b"), (math.nan, 1)):
        with pytest.raises(sb.SymbijError):
            as_constraint("q", bad)
    with pytest.raises(sb.ParameterError, match="'w'"):
        sb.bijector("x + q", w=sb.positive)


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ((0, "oo"), "[0, ∞)"),
        (("-oo", "oo"), "ℝ"),
        ((-math.inf, 2), "(-∞, 2]"),
        ((0.5, 2), "[1/2, 2]"),
        (sb.positive, "[0, ∞)"),
        (sb.unit, "[0, 1]"),
        (("q", "2*q + 1"), "[q, 2*q + 1]"),
        ((sp.Symbol("q"), sp.oo), "[q, ∞)"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_domains(domain: object, text: str) -> None:
    assert str(make_formula("x*q", domain=domain, constraints={"q": sb.positive}).domain) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "domain",
    [
        (1, 0),
        (1, 1),
        (math.nan, 1),
        (0,),
        (0, 1, 2),
        3,
        "positive",
        ("x", 2),
        ("foo", 2),
        (None, 1),
        sb.nonzero,
        ([], 1),
        (1j, 2),
    ],
    ids=str,
)
def test_bad_domains(domain: object) -> None:
    with pytest.raises(sb.SymbijError):
        make_formula("x*q", domain=domain)  # type: ignore[arg-type]
