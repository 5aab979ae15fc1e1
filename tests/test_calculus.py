"""What follows from a formula: chain form, domains, proof and refusal, inverses, derivation text."""

from __future__ import annotations

import itertools
import math
import random

import mpmath
import numpy as np
import pytest
import scipy.special
import sympy as sp
from mpmath import mpf
from truth import Forward, numeric, plain, real

import symbij as sb
from symbij.calculus.cores import MonotoneCore
from symbij.calculus.derivation import Derivation
from symbij.calculus.floor import FloorCore
from symbij.calculus.truth import settled
from symbij.formula.interval import REALS
from symbij.formula.parser import names_in


def derivation(text: str, **kwargs: object) -> Derivation:
    return sb.bijector(text, **kwargs).derivation


def names(text: str, **kwargs: object) -> list[str]:
    return [link.name for link in derivation(text, **kwargs).chain]


@pytest.mark.parametrize(
    ("texts", "chain"),
    [
        (["sigmoid(x)", "1/(1 + exp(-x))", "exp(x)/(1 + exp(x))", "(1 + tanh(x/2))/2", "1 - sigmoid(-x)",
          "1/2 + tanh(x/2)/2"], ["sigmoid"]),
        (["softplus(x)", "log(1 + exp(x))", "log1p(exp(x))", "log(exp(x) + 1)"], ["softplus"]),
        (["tanh(x)", "2*sigmoid(2*x) - 1", "(exp(2*x) - 1)/(exp(2*x) + 1)",
          "(exp(x) - exp(-x))/(exp(x) + exp(-x))"], ["tanh"]),
        (["expm1(x)", "exp(x) - 1", "-(1 - exp(x))"], ["expm1"]),
        (["log1p(x)", "log(1 + x)", "log(x + 1)"], ["log1p"]),
        (["softplus_inverse(x)", "log(exp(x) - 1)", "log(expm1(x))"], ["softplus_inverse"]),
        (["x/(1 + abs(x))", "softsign(x)"], ["softsign"]),
        (["x/(1 - abs(x))", "softsign_inverse(x)"], ["softsign_inverse"]),
        (["x", "logit(sigmoid(x))", "log(exp(x))", "(x**(1/3))**3"], []),
        (["1/2 + erf(x/sqrt(2))/2", "ndtr(x)", "1 - ndtr(-x)"], ["ndtr"]),
        (["exp(-x)", "1/exp(x)", "exp(x)**-1"], ["scale", "exp"]),
    ],
    ids=lambda value: value[0] if value and isinstance(value, list) else "",
)  # fmt: skip
def test_equal_formulas_have_the_same_chain(texts: list[str], chain: list[str]) -> None:
    for text in texts:
        assert names(text) == chain, text


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("1 - exp(-x)", "expm1"),
        ("1 - exp(-a*x)", "expm1"),
        ("a*exp(x) - a", "expm1"),
        ("log(1 + a*x)", "log1p"),
        ("1 - (1 - x**p)**q", "complement_power"),
        ("(1 + x)**p - 1", "pow_1p_m1"),
        ("log(1 + exp(a*x + b))", "softplus"),
        ("(exp(x) - 1)/(exp(x) + 1)", "tanh"),
    ],
)
def test_stable_forms(text: str, uses: str) -> None:
    constraints = {n: sb.positive for n in names_in(text) if n != "x"}
    domain = (0, 1) if "p" in constraints else None
    assert uses in names(text, domain=domain, **constraints)


@pytest.mark.parametrize(
    ("text", "domain", "codomain", "direction"),
    [
        ("log(x)", "(0, ∞)", "ℝ", "increasing"),
        ("sqrt(x)", "[0, ∞)", "[0, ∞)", "increasing"),
        ("1/(1 + exp(-x))", "ℝ", "(0, 1)", "increasing"),
        ("exp(-x)", "ℝ", "(0, ∞)", "decreasing"),
        ("log(x - 2)", "(2, ∞)", "ℝ", "increasing"),
        ("log(2 - x)", "(-∞, 2)", "ℝ", "decreasing"),
        ("exp(log(x))", "(0, ∞)", "(0, ∞)", "increasing"),
        ("atanh(2*x)", "(-1/2, 1/2)", "ℝ", "increasing"),
        ("acosh(x)", "[1, ∞)", "[0, ∞)", "increasing"),
        ("asin(x)", "[-1, 1]", "[-pi/2, pi/2]", "increasing"),
        ("acos(x)", "[-1, 1]", "[0, pi]", "decreasing"),
        ("log(log(x))", "(1, ∞)", "ℝ", "increasing"),
        ("cbrt(x)", "ℝ", "ℝ", "increasing"),
        ("x**(1/3)", "[0, ∞)", "[0, ∞)", "increasing"),
        ("x**3", "ℝ", "ℝ", "increasing"),
        ("sqrt(1 - x)", "(-∞, 1]", "[0, ∞)", "decreasing"),
        ("logit((x + 1)/2)", "(-1, 1)", "ℝ", "increasing"),
        ("ndtri(x)", "(0, 1)", "ℝ", "increasing"),
        ("exp(-exp(-x))", "ℝ", "(0, 1)", "increasing"),
        ("x + log(x)", "(0, ∞)", "ℝ", "increasing"),
        ("-x - x**3", "ℝ", "ℝ", "decreasing"),
    ],
)
def test_natural_domains(text: str, domain: str, codomain: str, direction: str) -> None:
    d = derivation(text)
    assert (str(d.domain), str(d.codomain), d.direction) == (domain, codomain, direction)


@pytest.mark.parametrize(
    ("text", "domain", "codomain", "direction"),
    [
        ("x**2", (0, "oo"), "[0, ∞)", "increasing"),
        ("x**2", ("-oo", 0), "[0, ∞)", "decreasing"),
        ("x**2", ("-oo", -1), "[1, ∞)", "decreasing"),
        ("1/x", sb.positive, "(0, ∞)", "decreasing"),
        ("1/x", (1, 2), "[1/2, 1]", "decreasing"),
        ("1/x", ("-oo", 0), "(-∞, 0)", "decreasing"),
        ("cosh(x)", ("-oo", 0), "[1, ∞)", "decreasing"),
        ("sin(x)", (-1, 1), "[-sin(1), sin(1)]", "increasing"),
        ("abs(x)", (0, "oo"), "[0, ∞)", "increasing"),
        ("x/(1 + x)", (0, "oo"), "[0, 1)", "increasing"),
        ("exp(x)", ("-oo", 0), "(0, 1]", "increasing"),
    ],
)
def test_given_domains(text: str, domain: object, codomain: str, direction: str) -> None:
    d = derivation(text, domain=domain)
    assert (str(d.codomain), d.direction) == (codomain, direction)


REFUSED = [
    "x**2", "cosh(x)", "x - tanh(2*x)", "sin(x)", "x**3 - x", "x**4 + x", "abs(x)", "x*exp(x)", "exp(x) - x",
    "x + sin(2*x)", "cos(x)", "x - 3*sigmoid(4*x)", "exp(-x**2)", "x**2 + a*x", "sin(x) + a",
    "1/(1 + x**2)", "x - 2*softsign(x)", "max(x, 0)", "where(x > 0, x, -x)", "x*exp(-x)", "(x - 1)*(x - 2)*(x - 3)",
    "x**3 - 1e-3*x",
    "(x**3 - x)/(x**2 + 1)",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refusals_come_with_true_witnesses(text: str) -> None:
    with pytest.raises(sb.NotBijectiveError) as caught:
        sb.bijector(text)
    error = caught.value
    assert text in str(error)
    if error.witness is None:
        assert "no proof" in str(error) or "not proved" in str(error)
        return
    x1, x2, y = error.witness
    assert abs(x1 - x2) > 1e-9
    formula = sb.formula.formula.make_formula(text)
    f = Forward(formula.expr, formula.variable, {p.symbol: error.parameters[p.name] for p in formula.parameters})
    with mpmath.workprec(200):
        first, second = f.value(mpf(x1)), f.value(mpf(x2))
        scale = max(1, abs(first))
        assert abs(first - second) < mpf(10) ** -8 * scale
        assert abs(first - mpf(y)) < mpf(10) ** -8 * scale
        # not two neighbours on a flat piece: between them the function really goes elsewhere
        between = [f.value(mpf(x1) + (mpf(x2) - mpf(x1)) * k / 16) for k in range(1, 16)]
        flat = text.startswith("max")
        assert flat or max(abs(v - first) for v in between) > mpf(10) ** -9


@pytest.mark.parametrize(
    "text", ["x**2", "cosh(x)", "x**3 - x", "abs(x)", "cos(x)", "exp(-x**2)", "sin(x)", "x - tanh(2*x)"]
)
def test_clear_folds_do_get_a_witness(text: str) -> None:
    with pytest.raises(sb.NotBijectiveError) as caught:
        sb.bijector(text)
    assert caught.value.witness is not None
    assert "not one-to-one" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["1/x", "1/(x - 1)", "x/(x - 2)", "(x + 1)/(x - 1)", "1/(exp(x) - 1)", "1/x**3", "1/(a*x + b)"]
)
def test_poles(text: str) -> None:
    with pytest.raises(sb.NotBijectiveError) as caught:
        sb.bijector(text)
    assert "pole" in str(caught.value)
    assert "domain" in str(caught.value)


def test_domains_that_leave_the_formula() -> None:
    for text, domain in [("log(x)", (-1, 1)), ("sqrt(x)", (-2, "oo")), ("atanh(x)", (0, 2)), ("acosh(x)", (0, 5))]:
        with pytest.raises(sb.DomainError):
            sb.bijector(text, domain=domain)
    with pytest.raises(sb.SymbijError):
        sb.bijector("log(x) + log(-x)")
    with pytest.raises(sb.SymbijError):
        sb.bijector("acosh(tanh(x))")


def test_parameter_conditions() -> None:
    affine = sb.bijector("a*x + b")
    assert affine.derivation.direction == "increasing if a > 0, decreasing if a < 0"
    with pytest.raises(sb.ParameterError, match="a"):
        affine(0.0, 1.0)
    difference = sb.bijector("(a - b)*x")
    with pytest.raises(sb.ParameterError, match="b"):
        difference(2.0, 2.0)
    assert difference(3.0, 2.0).forward(1.0) == 1.0
    with pytest.raises(sb.ParameterError):
        sb.bijector("x**p", domain=(0, "oo"))(0.0)
    uniform = sb.bijector("(x - low)/(high - low)", domain=("low", "high"))
    with pytest.raises(sb.ParameterError):
        uniform(2.0, 2.0)
    base = sb.bijector("b**x", b=sb.positive)
    with pytest.raises(sb.ParameterError):
        base(1.0)
    assert base(0.5).forward(2.0) == pytest.approx(0.25, rel=1e-15)
    assert base(0.5).inverse(0.25) == pytest.approx(2.0, rel=1e-15)
    assert list(base([0.5, 2.0])._increasing()) == [False, True]


SUMS = [
    ("x + exp(x)", {}, None),
    ("x**3 + x", {}, None),
    ("x + a*tanh(x)", {"a": 2.0}, None),
    ("exp(x) - exp(-x) + sinh(x/2)", {}, None),
    ("x + log(x)", {}, (0, "oo")),
    ("a*x + b*x**3 + c*x**5", {"a": 1.0, "b": 0.5, "c": 2.0}, None),
    ("softplus(a*x) + sigmoid(x)", {"a": 3.0}, None),
    ("-x - exp(x)", {}, None),
    ("sqrt(x) + x**2", {}, (0, "oo")),
]


@pytest.mark.parametrize(("text", "parameters", "domain"), SUMS)
def test_sums_of_monotone_maps(text: str, parameters: dict[str, float], domain: object) -> None:
    cls = sb.bijector(text, domain=domain, **dict.fromkeys(parameters, sb.positive))
    assert any(isinstance(link, MonotoneCore) for link in cls.derivation.chain)
    made = cls(**parameters)
    formula = cls.formula
    f = Forward(formula.expr, formula.variable, {p.symbol: parameters[p.name] for p in formula.parameters}, 800)
    ends = (mpf(0), mpf("inf")) if domain else (mpf("-inf"), mpf("inf"))
    points = [0.01, 0.7, 3.0, 30.0] if domain else [-30.0, -2.0, -0.01, 0.0, 0.3, 4.0, 20.0]
    for y in made.forward(np.array(points)):
        got = made.inverse(y)
        x, sensitivity, log_det, _ = f.inverse(y, f.preimage(y, float(got), *ends))
        assert abs(mpf(float(got)) - x) <= 1e-14 * (abs(x) + sensitivity) + 1e-300
        assert made.inverse_log_det_jacobian(y) == pytest.approx(float(log_det), rel=1e-12, abs=1e-13)


def test_floor_core() -> None:
    d = derivation("floor(x) + frac(x)**3")
    assert any(isinstance(link, FloorCore) for link in d.chain)
    made = sb.bijector("floor(x) + frac(x)**3")()
    x = np.array([-2.75, -0.5, 0.25, 7.5])
    y = np.floor(x) + (x - np.floor(x)) ** 3
    np.testing.assert_allclose(made.forward(x), y, rtol=1e-15)
    np.testing.assert_allclose(made.inverse(y), x, rtol=1e-14)
    np.testing.assert_allclose(made.forward_log_det_jacobian(x), np.log(3) + 2 * np.log(x - np.floor(x)), rtol=1e-13)
    for folded in ("floor(x)", "floor(x) + 2*frac(x)", "floor(x) - frac(x)", "floor(x) + frac(x)**2 - frac(x)/2"):
        with pytest.raises(sb.SymbijError):
            sb.bijector(folded)


def test_text_and_latex_of_a_derivation() -> None:
    cls = sb.bijector("(a*x + b)**3", a=sb.nonzero)
    text = str(cls.derivation)
    for piece in ("(a*x + b)**3", "a nonzero", "b real", "domain", "codomain", "increasing if a > 0", "proved",
                  "inverse", "cbrt(y)", "log|det J|", "odd_power"):  # fmt: skip
        assert piece in text
    latex = cls.derivation.latex()
    for piece in (r"\begin{aligned}", r"f^{-1}(y)", r"\log", r"\sqrt[3]{y}", r"\end{aligned}"):
        assert piece in latex
    assert cls.derivation._repr_latex_().startswith("$$")
    assert latex.count("{") == latex.count("}")
    assert "f_inverse(" in str(derivation("x + exp(x)"))
    assert [s.name for s in cls.derivation.steps] == ["scale", "shift", "odd_power"]


@pytest.mark.parametrize(
    "name", ["u", "v", "y", "c", "p", "n", "r", "t", "d", "h", "s", "low", "high", "x0", "P", "i", "j", "INV"]
)
def test_names_used_inside_work_as_parameters(name: str) -> None:
    made = sb.bijector(f"exp({name}*x) + {name}*x**3", **{name: sb.positive})(0.5)
    plain_one = sb.bijector("exp(q*x) + q*x**3", q=sb.positive)(0.5)
    assert made.forward(1.3) == plain_one.forward(1.3)
    assert made.inverse(2.0) == plain_one.inverse(2.0)
    assert made.inverse_log_det_jacobian(2.0) == plain_one.inverse_log_det_jacobian(2.0)
    chained = sb.bijector(f"log(1 + exp({name}*x + 1)) - {name}", **{name: sb.positive})(0.5)
    assert chained.inverse(chained.forward(0.7)) == pytest.approx(0.7, rel=1e-14)
    assert chained.inverse_log_det_jacobian(chained.forward(0.7)) == pytest.approx(
        -chained.forward_log_det_jacobian(0.7), rel=1e-13
    )
    power = sb.bijector(f"(x**{name} + 1)**3", domain=(0, "oo"), **{name: sb.positive})(0.5)
    assert power.forward(4.0) == pytest.approx(27.0, rel=1e-15)
    assert power.inverse(27.0) == pytest.approx(4.0, rel=1e-14)


def test_truth_settles_on_true_values() -> None:
    x = sp.Symbol("x", real=True)
    functions = sb.functions
    assert float(settled(functions.softplus(x).expr, {"x": -500.0})) == pytest.approx(math.exp(-500.0), rel=1e-12)
    assert float(settled(functions.ndtr(x).expr, {"x": -36.0})) == pytest.approx(4.182624065796629e-284, rel=1e-9)
    assert float(settled(sp.log(functions.ndtr(x).expr), {"x": -30.0})) == pytest.approx(
        scipy.special.log_ndtr(-30.0), rel=1e-12
    )


# Random formulas: whatever is proved must be monotone, and no formula may raise anything but errors of this package.
ONE = ["exp", "log", "sinh", "tanh", "sigmoid", "softplus", "cbrt", "sqrt", "atan", "asinh", "expm1", "log1p",
       "softsign", "ndtr", "abs", "logit", "square", "floor", "frac", "erf", "sin", "cosh"]  # fmt: skip


def random_formula(rnd: random.Random, depth: int) -> str:
    def number() -> str:
        return rnd.choice(["1", "2", "1/2", "-1", "0.3", "a", "b", "pi", "-2"])

    if depth == 0:
        return rnd.choice(["x", "x", "x", number()])
    kind = rnd.random()
    if kind < 0.4:
        return f"{rnd.choice(ONE)}({random_formula(rnd, depth - 1)})"
    if kind < 0.8:
        inner = random_formula(rnd, rnd.randint(0, depth - 1))
        return f"({random_formula(rnd, depth - 1)}{rnd.choice('++-*/')}{inner})"
    if kind < 0.95:
        return f"({random_formula(rnd, depth - 1)})**{rnd.choice(['2', '3', '(1/3)', '0.5', '-1', 'a'])}"
    return f"{number()}**{random_formula(rnd, depth - 1)}"


@pytest.mark.parametrize("seed", range(8))
def test_random_formulas_are_proved_rightly_or_refused(seed: int) -> None:
    rnd = random.Random(seed)
    rng = np.random.default_rng(seed)
    proved = 0
    for _ in range(60):
        text = random_formula(rnd, rnd.randint(1, 3))
        domain = rnd.choice([None, None, (0, "oo"), (1, 2)])
        constraints = {
            n: rnd.choice([sb.positive, sb.real, sb.nonzero, sb.negative]) for n in ("a", "b") if n in names_in(text)
        }
        try:
            cls = sb.bijector(text, domain=domain, **constraints)
            made = {p.symbol: round(p.constraint.sample(rng), 2) or 1.0 for p in cls.formula.parameters}
            cls(**{s.name: v for s, v in made.items()})
        except sb.SymbijError:
            continue
        proved += 1
        assert_monotone(cls.derivation, made, rng, f"{text} on {domain} with {made}")
    assert proved > 5


def assert_monotone(d: Derivation, parameters: dict[sp.Symbol, float], rng: np.random.Generator, what: str) -> None:
    symbols = list(parameters)
    values = [mpf(v) for v in parameters.values()]
    with mpmath.workprec(400):
        lo, hi = (real(numeric(plain(e), symbols)(*values)) for e in (d.domain.lo, d.domain.hi))
        assert lo < hi, f"{what}: proved on an empty domain"
        distances = [mpf(v) for v in np.sort(rng.exponential(2.0, 8))]
        if not mpmath.isinf(lo):
            points = [lo + (v if mpmath.isinf(hi) else (hi - lo) * v / 60) for v in distances]
        else:
            points = [(hi if not mpmath.isinf(hi) else mpf(8)) - v for v in reversed(distances)]
        f = numeric(plain(d.formula.expr), [d.variable, *symbols])
        try:
            images = [real(f(x, *values)) for x in points if lo < x < hi]
        except (OverflowError, ZeroDivisionError):
            return
        sign = d.sign if isinstance(d.sign, int) else int(mpmath.sign(real(numeric(plain(d.sign), symbols)(*values))))
        assert not any(map(mpmath.isnan, images)), f"{what}: not defined on all of {d.domain}"
        finite = [y for y in images if not mpmath.isinf(y)]
        assert all((b - a) * sign >= 0 for a, b in itertools.pairwise(finite)), f"{what}: not monotone"


def test_a_quotient_by_a_root_is_refused_or_proved_where_it_is_defined() -> None:
    """u/sqrt(a + b*u**2) is defined on one side of its poles only; x**2/(x**2 - 1) between them too."""
    line = sb.bijector("(c*x + d)/sqrt(1 + (c*x + d)**2)")
    assert line.derivation.domain == REALS
    assert line(c=2.0, d=0.5).inverse(0.1) == pytest.approx((0.1 / math.sqrt(0.99) - 0.5) / 2, rel=1e-15)
    with pytest.raises(sb.NotBijectiveError):
        sb.bijector("x**2/(x**2 - 1)")
    assert sb.bijector("x**2/(x**2 - 1)", domain=(0, 0.5))().inverse(-1 / 3) == pytest.approx(0.5, rel=1e-15)
    left = sb.bijector("x/sqrt(x**2 - 1)", domain=("-oo", -2))()
    assert left.forward(-5.0) == pytest.approx(-5 / math.sqrt(24), rel=1e-15)
    far = sb.bijector("sqrt(x)*sqrt(x + 1)")()
    assert far.inverse(far.forward(1e200)) == pytest.approx(1e200, rel=1e-15)
