"""Towers of exponentials and powers, whose values nobody can write down, and constants of many digits: none takes
long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import symbij as sb
from symbij.calculus.bounds import sign_of
from symbij.calculus.simplified import is_zero, simplified
from symbij.formula.too_large import TooLarge, require_writable

SECONDS = 10.0


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS


def tower(function: str, height: int, inner: str = "x") -> str:
    return f"{function}(" * height + inner + ")" * height


@pytest.mark.parametrize(
    ("formula", "domain"),
    [
        *((tower("exp", n), None) for n in (8, 10, 14, 20, 40)),
        (tower("exp", 10), (0, 1)),
        ("x + " + tower("exp", 10), None),
        ("x - " + tower("exp", 10), None),
        (f"max(x, {tower('exp', 10)})", None),
        ("exp(-" * 41 + "x" + ")" * 41, None),
        (tower("sinh", 10), (1, 2)),
        (tower("expm1", 10), (1, "oo")),
        (tower("cosh", 10), (0, "oo")),
        (tower("log", 10), None),
        (tower("log", 20), None),
        ("(((((x**1000)**1000)**1000)**1000)**1000)", (2, "oo")),
        ("(((((x**0.5)**1000.5)**1000)**1000.5)**1000)", (2, "oo")),
        ("2**2**2**2**2**2**2**2**x", None),
        ("x**x**x**x**x**x**x", (2, 3)),
        ("exp(x**x**x**x**x)", (3, "oo")),
    ],
)
def test_too_large_to_be_written_down(formula: str, domain: Any) -> None:
    with pytest.raises(sb.DomainError, match="too large, or too deeply nested"):
        sb.bijector(formula, domain=domain)


def test_branches_and_floors_of_towers() -> None:
    for formula, many_to_one in ((tower("cosh", 9), True), ("floor(x) + " + tower("exp", 6, "x - floor(x)"), False)):
        with pytest.raises(sb.DomainError, match="too large, or too deeply nested"):
            sb.bijector(formula, many_to_one=many_to_one)


def test_whole_numbers_of_many_digits_as_text() -> None:
    derivation = sb.bijector("(x**1000 + 1)**1000", domain=(2, "oo")).derivation
    assert "e+301029" in str(derivation.codomain)  # 2**1000000 = 9.9e301029


@pytest.mark.parametrize(
    "formula", ["x + " + tower("exp", 10, "5"), "x*" + tower("expm1", 6, "5"), "x + sinh(exp(exp(exp(exp(9)))))"]
)
def test_constants_beyond_the_range_of_doubles(formula: str) -> None:
    with pytest.raises(sb.FormulaSyntaxError, match="beyond the range of a double"):
        sb.bijector(formula)


@pytest.mark.parametrize(
    ("function", "height", "value"),
    [
        ("sigmoid", 20, lambda u: 1 / (1 + mpmath.exp(-u))),
        ("softplus", 20, lambda u: mpmath.log1p(mpmath.exp(u))),
        ("softsign", 30, lambda u: u / (1 + abs(u))),
        ("ndtr", 12, mpmath.ncdf),
        ("tanh", 20, mpmath.tanh),
        ("log1p", 20, mpmath.log1p),
    ],
)
def test_towers_that_stay_small(function: str, height: int, value: Any) -> None:
    """Their codomains are towers themselves, with the values that mpmath gives."""
    codomain = sb.bijector(tower(function, height)).derivation.codomain
    limits = {"sigmoid": (0, 1), "softplus": (0, None), "softsign": (-1, 1), "ndtr": (0, 1), "tanh": (-1, 1)}
    with mpmath.workdps(30):
        for end, limit in zip((codomain.lo, codomain.hi), limits.get(function, (None, None)), strict=True):
            expected = limit
            if limit is None:
                assert end.is_infinite
                continue
            for _ in range(height - 1):
                expected = value(mpmath.mpf(expected))
            np.testing.assert_allclose(float(end.evalf(30)), float(expected), rtol=1e-15)


@pytest.mark.parametrize(("function", "height"), [("sinh", 10), ("asinh", 20), ("atan", 20), ("expm1", 10)])
def test_towers_through_zero(function: str, height: int) -> None:
    """All are x + O(x^2), so next to 0 they are x to the last digits."""
    made = sb.bijector(tower(function, height))
    assert made.derivation.sign == 1
    assert made.derivation.domain.is_reals


def test_powers_of_powers() -> None:
    assert sb.bijector("(((((x**1000)**1000)**1000)**1000)**1000)", domain=(0, "oo")).derivation.sign == 1
    found = sb.bijector("exp(1000*exp(1000*x))", domain=(1, 2)).derivation.codomain
    assert found.lo == sp.exp(1000 * sp.exp(1000))


HLG = "where(x <= 1/12, sqrt(3*x), 0.17883277*log(12*x - 0.28466892) + 0.55991073)"


def test_a_transfer_function_with_its_published_constants_jumps() -> None:
    """By mpmath: log(0.71533108)*0.17883277 + 0.55991073 is not 1/2, but next to it."""
    with mpmath.workdps(50):
        upper = mpmath.mpf("0.17883277") * mpmath.log(1 - mpmath.mpf("0.28466892")) + mpmath.mpf("0.55991073")
        assert 0 < abs(upper - 0.5) < 1e-7
    with pytest.raises(sb.NotBijectiveError, match=r"it jumps from 0\.5 to"):
        sb.bijector(HLG, domain=(0, 1))


def test_a_transfer_function_whose_pieces_meet() -> None:
    offset = "0.5 - 0.17883277*log(1 - 0.28466892)"
    made = sb.bijector(HLG.replace("0.55991073", f"({offset})"), domain=(0, 1))()
    x = np.array([0.0, 0.01, 1 / 12, 0.1, 0.5, 1.0])
    expected = [
        float(mpmath.sqrt(3 * v) if v <= 1 / 12 else
              mpmath.mpf("0.17883277") * mpmath.log((12 * mpmath.mpf(v) - mpmath.mpf("0.28466892"))
                                                    / (1 - mpmath.mpf("0.28466892"))) + 0.5)
        for v in x
    ]  # fmt: skip
    np.testing.assert_allclose(made(x), expected, rtol=1e-14)
    np.testing.assert_allclose(made.inverse(made(x)), x, rtol=1e-14)


@pytest.mark.parametrize(
    "formula",
    [
        "where(x <= 0.0031308, 12.92*x, 1.055*x**(1/2.4) - 0.055)",
        "where(x < 0.018053968510807, 4.5*x, 1.09929682680944*x**0.45 - 0.09929682680944)",
        "where(x > 0.010591, 0.247190*log10(5.555556*x + 0.052272) + 0.385537, 5.367655*x + 0.092809)",
    ],
)
def test_other_transfer_functions_jump_too(formula: str) -> None:
    with pytest.raises(sb.NotBijectiveError, match="it jumps from"):
        sb.bijector(formula, domain=(0, 1))


def test_pieces_with_parameters_meet_whatever_the_digits() -> None:
    formula = (
        "where(x <= b, x/b, 0.17883277*log(12.3456*x/b - 0.28466892) + 1 - 0.17883277*log(12.0609310 + 0.00000008))"
    )
    made = sb.bijector(formula, b=sb.positive, domain=(0, "oo"))(b=2.0)
    np.testing.assert_allclose(made.inverse(made([0.5, 2.0, 7.0])), [0.5, 2.0, 7.0], rtol=1e-14)


def test_zero_by_value_and_by_algebra() -> None:
    a = sp.Symbol("a", positive=True)
    c = sp.Rational("0.17883277")
    assert is_zero(sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6)) is True
    assert is_zero(sp.log(c) * c + sp.Rational("0.30780000")) is False
    assert is_zero(c * sp.log(a**2) - 2 * c * sp.log(a)) is True
    assert is_zero(c * sp.log(c * a) - c * sp.log(a)) is not True
    assert simplified(c * sp.log(a) + c * sp.log(c)).equals(c * sp.log(c * a))


def test_sizes() -> None:
    big = sp.exp(sp.exp(sp.exp(9)))
    require_writable(big)
    require_writable(1 / big)
    for beyond in (sp.exp(big), sp.sinh(sp.exp(big)), sp.exp(-big), sp.exp(2, evaluate=False) ** big):
        with pytest.raises(TooLarge):
            require_writable(beyond)
    assert sign_of(sp.exp(-sp.exp(-sp.exp(-sp.exp(-sp.exp(-1))))) - sp.Rational(1, 2)) == 1


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("1e6*log(x) + 1", (2, 3)),
        ("log(x)/0.0009 - 3", (1e-300, 1)),
        ("sqrt(2 + " * 12 + "x" + ")" * 12, (0, 1)),
        ("where(x < 1, pi*((x + sqrt(2))**2 - 3 - 2*sqrt(2)), x - 1)", (0, "oo")),  # both are 0 at 1
    ],
)
def test_what_is_small_enough(text: str, domain: tuple[object, object]) -> None:
    made = sb.bijector(text, domain=domain)()
    x = np.array([0.25, 0.5, 0.75]) if domain[0] != 2 else np.array([2.25, 2.75])
    np.testing.assert_allclose(made.inverse(made.forward(x)), x, rtol=1e-7)  # 4**12 roundings of nested roots


def test_numbers_that_are_zero() -> None:
    root = sp.sqrt(5 + 2 * sp.sqrt(6)) - sp.sqrt(2) - sp.sqrt(3)
    assert is_zero(sp.pi * root)
    assert is_zero(root**3)
    assert is_zero(sp.pi * (root + sp.exp(-800))) is False
