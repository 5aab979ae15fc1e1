"""A sample of random formulas, the regressions they led to, and the evaluator that says what formulas mean."""

from __future__ import annotations

import ast
import math

import mpmath
import pytest
from mpmath import mpf

from symbij.bijectors.derived import bijector
from symbij.errors import NotBijectiveError
from tests.fuzz import workers
from tests.fuzz.check import Checker
from tests.fuzz.grammar import Fuzzed, make
from tests.fuzz.meaning import Undefined, value_and_slope
from tests.fuzz.outcome import examine
from tests.fuzz.refusals import check_witness, looks_one_to_one
from tests.fuzz.regressions import REGRESSIONS, Regression
from tests.fuzz.report import listed
from tests.fuzz.words import WORDS, Unknown

SAMPLE = 40


def test_a_sample_of_formulas(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """None hangs, crashes, gives a wrong answer or is refused with a false witness."""
    monkeypatch.setenv("SYMBIJ_CACHE_DIR", str(tmp_path))
    outcomes = list(workers.run(2026, range(SAMPLE), jobs=2, compile_every=0, draws=2))
    assert len(outcomes) == SAMPLE
    failed = [o for o in outcomes if o.failures]
    assert not failed, listed(failed)


@pytest.mark.parametrize("regression", REGRESSIONS, ids=lambda r: r.text)
def test_regressions(regression: Regression) -> None:
    outcome = examine(regression.fuzzed())
    assert outcome.kind in regression.right, outcome.message
    assert not outcome.failures, listed([outcome])


def test_formulas_depend_on_seed_and_number_alone() -> None:
    first = [make(3, n) for n in range(50)]
    assert first == [make(3, n) for n in range(50)]
    assert first != [make(4, n) for n in range(50)]
    assert len({f.text for f in first}) > 40
    for formula in first:
        assert len(formula.constraints) <= 3
        assert "x" in {n.id for n in ast.walk(ast.parse(formula.text)) if isinstance(n, ast.Name)}


@pytest.mark.parametrize("name", sorted(WORDS))
def test_slopes_of_words(name: str) -> None:
    """The derivative written down for a word is that of its value, by central differences at 500 bits."""
    word = WORDS[name]
    with mpmath.workprec(500):
        step = mpf(2) ** -120
        for u in map(mpf, (-2.7, -0.999, -0.3, -1e-8, 1e-30, 0.1, 0.4, 0.6, 0.99, 1.5, 3.7)):
            h = step * abs(u)
            if not all(word.defined(p) for p in (u - h, u, u + h)):
                continue
            truth = (word.value(u + h) - word.value(u - h)) / (2 * h)
            assert abs(word.derivative(u, word.value(u)) - truth) <= mpf(2) ** -200 * abs(truth), (name, u)


@pytest.mark.parametrize(
    ("name", "mate"), [("ndtri", "ndtr"), ("erfinv", "erf"), ("lambertw", ""), ("logit", "sigmoid")]
)
def test_inverse_words(name: str, mate: str) -> None:
    with mpmath.workprec(300):
        for p in map(mpf, (1e-300, 1e-20, 0.01, 0.25, 0.3, 0.5, 0.7, 0.999)):
            v = WORDS[name].value(p)
            back = WORDS[mate].value(v) if mate else v * mpmath.exp(v)
            assert abs(back - p) <= mpf(2) ** -270 * p


def test_meaning_raises_its_precision() -> None:
    values, slopes = zip(*(value_and_slope("log(1 + exp(x))", {"x": x}) for x in (-700.0, -1e5)), strict=True)
    assert values[0] == pytest.approx(math.exp(-700.0), rel=1e-12)
    assert abs(values[1]) < mpf(10) ** -700
    assert slopes[0] == pytest.approx(math.exp(-700.0), rel=1e-12)
    assert value_and_slope("x**(1/3)", {"x": 8.0})[0] == pytest.approx(2.0)
    assert value_and_slope("where(x > 0, x, 2*x)", {"x": -1.0}) == (-2, 2)
    with pytest.raises(Undefined):
        value_and_slope("log(x)", {"x": -1.0})
    with pytest.raises(Unknown):
        value_and_slope("log(x**2 - x**2)", {"x": 0.1})


@pytest.mark.parametrize(
    ("seed", "number"), [(0, 1), (0, 3)], ids=str
)  # sqrt(x) and asinh(lambertw(x)), whose monotone look is known
def test_monotone_formulas_look_one_to_one(seed: int, number: int) -> None:
    assert looks_one_to_one(make(seed, number))


@pytest.mark.parametrize(
    ("derived", "meant", "kinds"),
    [
        ("exp(x)", "exp(x)", set()),
        ("exp(x)", "1.000001*exp(x)", {"forward", "inverse"}),
        ("x**3 + x", "x**3 + 1.0001*x", {"forward", "forward_log_det", "inverse", "inverse_log_det"}),
        ("tanh(x)", "-tanh(x)", {"wrong direction", "forward", "inverse"}),
        ("log(x)", "log(x - 1)", {"not defined in its domain", "forward"}),
        ("sigmoid(x)", "2*sigmoid(x)", {"value outside its codomain", "forward"}),
        ("x", "x + sin(2*x)", {"not one-to-one", "wrong direction", "forward"}),
    ],
)
def test_the_checker_sees_what_is_wrong(derived: str, meant: str, kinds: set[str]) -> None:
    """A map derived from one formula, checked against another one."""
    found = Checker(Fuzzed(0, 0, "planted", meant), bijector(derived), compiled=False).run(1)
    seen = {p.operation if p.kind == "wrong value" else p.kind for p in found.problems}
    assert kinds <= seen if kinds else not seen, (seen, found.problems)


def test_the_checker_of_witnesses() -> None:
    def refusal(x1: float, x2: float) -> NotBijectiveError:
        return NotBijectiveError("", (x1, x2, 0.0), {})

    square = Fuzzed(0, 0, "planted", "x**2 - x", domain=(-2, 3))
    assert check_witness(square, refusal(0.0, 1.0)) is None
    for pair in ((0.0, 1.001), (1.0, 1.0), (-3.0, 4.0)):
        assert check_witness(square, refusal(*pair)) is not None
