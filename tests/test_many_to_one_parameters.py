"""Branches that depend on parameters: what is claimed holds for all parameters that can be bound."""

from __future__ import annotations

import functools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import integrate

import symbij as sb

NEGATIVE = sb.interval(-math.inf, 0.0)
ANY, UP, DOWN = (-3.0, 3.0), (0.1, 3.0), (-3.0, -0.1)
# formula, constraints, the range that the test draws each parameter from, and the number of branches
FOLDING: dict[str, tuple[str, dict[str, Any], dict[str, tuple[float, float]], int]] = {
    "parabola": ("x**2 + a*x", {}, {"a": ANY}, 2),
    "product": ("x*(x - a)", {}, {"a": ANY}, 2),
    "scaled": ("2*(x**2 + a*x)", {}, {"a": ANY}, 2),
    "with_constant": ("x**2 + a*x + b", {}, {"a": ANY, "b": ANY}, 2),
    "leading": ("c*x**2 + a*x + b", {"c": sb.positive}, {"a": ANY, "b": ANY, "c": UP}, 2),
    "leading_down": ("c*x**2 + a*x", {"c": NEGATIVE}, {"a": ANY, "c": DOWN}, 2),
    "half_line": ("x**2 + a*x", {"domain": (0, "oo"), "a": NEGATIVE}, {"a": DOWN}, 2),
    "no_turn": ("x**2 + a*x", {"domain": (0, "oo")}, {"a": UP}, 1),
    "quartic": ("x**4 + a*x**2", {}, {"a": UP}, 2),
    "double_well": ("x**4 + a*x**2", {"a": NEGATIVE}, {"a": DOWN}, 4),
    "sextic": ("x**6 + a*x**3", {}, {"a": ANY}, 2),
    "cubic": ("x**3 + a*x", {}, {"a": UP}, 1),
    "exponentials": ("exp(2*x) + a*exp(x)", {}, {"a": UP}, 1),
    "dip": ("exp(2*x) + a*exp(x)", {"a": NEGATIVE}, {"a": DOWN}, 2),
    "hyperbola": ("x + a/x", {"a": sb.positive}, {"a": UP}, 4),
    "rising_hyperbola": ("x + a/x", {}, {"a": DOWN}, 2),
    "catenary": ("exp(x) + a*exp(-x)", {"a": sb.positive}, {"a": UP}, 2),
    "bell": ("exp(-(x**2 + a*x))", {}, {"a": ANY}, 2),
    "squared": ("(x**2 + a*x)**2", {}, {"a": (0.1, 3.0)}, 4),
    "wave": ("x + k*sin(x)", {}, {"k": (-1.0, 1.0)}, 1),
}


@functools.cache
def declared(name: str) -> Any:
    formula, constraints, _, _ = FOLDING[name]
    return sb.bijector(formula, many_to_one=True, **constraints)


@pytest.mark.parametrize("name", FOLDING)
def test_number_of_branches(name: str) -> None:
    assert len(declared(name).derivation.branches) == FOLDING[name][3]


@pytest.mark.parametrize("name", FOLDING)
@settings(max_examples=30, deadline=None)
@given(data=some.data())
def test_every_input_is_among_the_preimages_of_its_output(name: str, data: some.DataObject) -> None:
    """To the digits that its condition number leaves; and every preimage is mapped to y."""
    drawn = {k: data.draw(some.floats(*between), k) for k, between in FOLDING[name][2].items()}
    low = 0.0 if "domain" in FOLDING[name][1] else -4.0
    x = data.draw(some.floats(low, 4.0).filter(lambda v: v == 0 or abs(v) > 1e-3), "x")
    if "/x" in FOLDING[name][0] and x == 0:
        return
    made = declared(name)(**drawn)
    y = float(made(x))
    found = np.array(made.inverse(y), dtype=float)
    assert np.nanmin(np.abs(found - x)) < 1e-6 * max(1.0, abs(x))  # half of the digits, as where it turns
    reached = found[~np.isnan(found)]
    np.testing.assert_allclose(made(reached), y, rtol=1e-11, atol=1e-11)
    outside = np.isnan(np.array(made.inverse(math.nan), dtype=float))
    assert outside.all()


@pytest.mark.parametrize("name", FOLDING)
@pytest.mark.parametrize("seed", [0, 1])
def test_all_real_roots_are_found(name: str, seed: int) -> None:
    """Their number is that of the sign changes of f - y on a fine grid, counted in mpmath's arithmetic."""
    rng = np.random.default_rng(seed)
    drawn = {k: round(float(rng.uniform(*between)), 3) for k, between in FOLDING[name][2].items()}
    made = declared(name)(**drawn)
    low = 0.0 if "domain" in FOLDING[name][1] else -6.0
    for x in rng.uniform(low, 4.0, 6):
        y = float(made(x))
        with mpmath.workdps(30):
            names = {"exp": mpmath.exp, "sin": mpmath.sin, **{k: mpmath.mpf(v) for k, v in drawn.items()}}
            code = compile(FOLDING[name][0], "formula", "eval")
            grid = [mpmath.mpf(low) + (k + mpmath.mpf(1) / 3) / 50 for k in range(500 if low else 300)]
            signs = [mpmath.sign(eval(code, names | {"x": t}) - y) for t in grid]  # the test's own text
        changes = [k for k in range(len(signs) - 1) if signs[k] != signs[k + 1]]
        if "/x" in FOLDING[name][0]:  # where the sign changes at the pole there is no root
            changes = [k for k in changes if not grid[k] < 0 < grid[k + 1]]
        found = np.array(made.inverse(y), dtype=float)
        inside = np.unique(found[(found > float(grid[0])) & (found < float(grid[-1]))])
        assert len(inside) == len(changes), (drawn, x)


@pytest.mark.parametrize("a", [-2.5, -1e-3, 0.0, 1.0, 3.0])
def test_density_of_a_parabola_integrates_to_one(a: float) -> None:
    law = declared("parabola")(a=a)(sb.Normal(0.3, 1.0))
    bottom = -a * a / 4
    mass, _ = integrate.quad(lambda t: float(law.prob(bottom + t * t)) * 2 * t, 0.0, 9.0, limit=200)
    assert mass == pytest.approx(1.0, abs=1e-8)
    assert math.isnan(declared("parabola")(a=a).inverse(bottom - 0.1)[0])


@pytest.mark.parametrize(
    ("name", "a"), [("quartic", -1.0), ("cubic", -0.5), ("exponentials", -2.0), ("rising_hyperbola", 0.5),
                    ("rising_hyperbola", 0.0), ("no_turn", -1.0)],
)  # fmt: skip
def test_conditions_are_enforced_at_binding(name: str, a: float) -> None:
    assert declared(name).derivation.conditions
    with pytest.raises(sb.ParameterError, match="condition"):
        declared(name)(a=a)


@pytest.mark.parametrize(
    ("formula", "constraints", "message"),
    [
        ("x**2 + a*x", {"domain": (0, 1)}, "turns at -a/2"),
        ("c*x**2 + a*x", {}, "sign of c"),
        ("x**4 + a*x", {}, "could not be derived"),
        ("x**2 + a*x**3", {}, "could not be derived"),
        ("cosh(x) + a*x", {}, "could not be derived"),
        ("x**2 + a*abs(x)", {}, "could not be derived"),
    ],
)  # fmt: skip
def test_what_is_not_proved_for_all_parameters_is_refused(
    formula: str, constraints: dict[str, Any], message: str
) -> None:
    with pytest.raises(sb.NotBijectiveError, match=message):
        sb.bijector(formula, many_to_one=True, **constraints)
