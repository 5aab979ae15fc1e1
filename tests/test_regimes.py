"""Pairs of links that would saturate: the two tables of `regimes`, and what becomes of formulas, against mpmath."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf
from truth import numeric, plain, real

import symbij as sb
from symbij.calculus import regimes
from symbij.calculus.break_points import points_beside_breaks
from symbij.calculus.chain import RowLink, chain_forward, chain_log_det, link
from symbij.calculus.cores import PiecewiseCore
from symbij.calculus.regimes import DISTANCES, FROM_END, FROM_MIDDLE, TO_MIDDLE, Distance, split_regimes
from symbij.calculus.rules import simplify_chain

U = sp.Symbol("u", real=True)
BITS = 2000


def close(a: mpf, b: mpf, scale: mpf) -> bool:
    return bool(abs(a - b) <= mpf(2) ** -(BITS // 2) * abs(scale))


@pytest.mark.parametrize("name", DISTANCES)
def test_distances(name: str) -> None:
    """Each chain is |f(u) - end| on its side, and small far out, where the end is."""
    f = numeric(plain(link(name).forward(U)), [U])
    for distance in DISTANCES[name]:
        assert isinstance(distance, Distance)
        g = numeric(plain(chain_forward(distance.chain, U)), [U])
        with mpmath.workprec(BITS):
            inwards = (0, mpf(1) / 7, mpf(1) / 3, mpf("0.49999")) if name == "exp" else (0, mpf(1) / 7, 1, 5, 20)
            for step in inwards:  # exp reaches 1 at 0
                u = mpf(distance.start.p) / distance.start.q + distance.side * step
                expected = abs(real(f(u)) - distance.end)
                assert (real(f(u)) < distance.end) == distance.upper or expected == 0
                assert close(real(g(u)), expected, expected)
            assert expected < mpf("0.3") * abs(real(f(mpf(0) if name != "exp" else mpf(-9))) - distance.end)


@pytest.mark.parametrize("name", FROM_MIDDLE)
@pytest.mark.parametrize("following", TO_MIDDLE)
def test_middles(name: str, following: str) -> None:
    """One of the two chains is 2 f(u) - 1, the other the quantile of (1 + t)/2."""
    f, g = (numeric(plain(chain_forward(c, U)), [U]) for c in ((link(name),), FROM_MIDDLE[name]))
    q, h = (numeric(plain(chain_forward(c, U)), [U]) for c in ((link(following),), TO_MIDDLE[following]))
    with mpmath.workprec(BITS):
        for u in map(mpf, ("-0.9", "-1e-30", "0.3", "0.99")):
            t = 2 * real(f(u)) - 1
            assert close(real(g(u)), t, t)
            assert close(real(h(t)), real(q((1 + t) / 2)), t)


@pytest.mark.parametrize(
    "chain",
    [
        (link("tanh"), link("odd_power", 3), link("asin")),
        (link("softsign"), link("odd_power", 5), link("scale", -1), link("acos")),
        (link("ndtr"), link("power", sp.Rational(5, 2)), link("softsign_inverse")),
        (link("sigmoid_between", sp.Rational(1, 2), 1), link("acos")),
        (link("sigmoid_between", 1, -1), link("atanh")),
        (link("log"), link("sigmoid_between", -1, 1), link("asin")),
        (link("exp"), link("scale", -1), link("acos")),
        (link("exp"), link("odd_power", 3), link("asin")),
        (link("sigmoid_between", 1, 3), link("power", 3), link("shift", -1)),
        (link("sigmoid_between", -3, -1), link("odd_power", 3), link("shift", 1)),
        (link("sigmoid_between", 3, 1), link("power", sp.Rational(5, 2)), link("shift", -1)),
        (link("sigmoid_between", -7, 1), link("odd_power", 3), link("shift", -1), link("scale", -1), link("log")),
        (link("log"), link("sigmoid_between", 1, 40), link("power", 3), link("shift", -1), link("log")),
        (link("log"), link("sigmoid_between", -40, 1), link("odd_power", 3), link("shift", -1)),
    ],
    ids=lambda chain: " ".join(item.name for item in chain),
)
def test_pieces_are_the_links(chain: tuple[RowLink, ...]) -> None:
    """Each piece is the same function as the links together, on its own side and beyond."""
    (core,) = split_regimes(chain)
    assert isinstance(core, PiecewiseCore)
    assert len(core.pieces) > 1
    f = numeric(plain(chain_forward(chain, U)), [U])
    with mpmath.workprec(BITS):
        bounds = [mpf("-inf"), *(real(numeric(plain(b), [])()) for b in core.breaks), mpf("inf")]
        for u in map(mpf, ("-30", "-3", "-0.7", "-0.2", "0.2", "0.8", "1.5", "4", "40")):
            for piece, lo, hi in zip(core.pieces, bounds, bounds[1:], strict=False):
                outside = (chain[0].name == "exp" and u > 0) or (chain[0].name == "log" and u < 0)
                if lo <= u <= hi and not outside:
                    assert close(real(numeric(plain(chain_forward(piece, U)), [U])(u)), real(f(u)), mpf(1))


@pytest.mark.parametrize(("name", "end"), FROM_END)
def test_functions_of_the_distance_to_an_end(name: str, end: int) -> None:
    """Each chain at w is the function at the end less w, inwards."""
    f = numeric(plain(link(name).forward(U)), [U])
    g = numeric(plain(chain_forward(FROM_END[name, end], U)), [U])
    upper = (name, end) != ("log1p", -1) and end > 0
    with mpmath.workprec(BITS):
        for w in map(mpf, ("1e-30", "1e-5", "0.2", "0.7")):
            expected = real(f(end - w if upper else end + w))
            assert close(real(g(w)), expected, mpf(1))


TEXTS = [
    "acos(1 - exp(-x))", "atanh(sigmoid(x))", "acos(sigmoid(x))", "acos(tanh(x))", "asin(tanh(x))", "erfinv(tanh(x))",
    "asin(ndtr(x))", "log1p(tanh(x))", "log1p(erf(x))", "log1p(softsign(x))", "1 - softsign(x)", "log(erfc(x))",
    "softsign_inverse(tanh(x))", "ndtri(sigmoid(x))", "erfinv(x/sqrt(1 + x**2))", "acos(-erf(x))",
    "atanh(1 - 2*softsign(x))", "log(2 - 2*softsign(x))", "acos(exp(x/2))", "acos(ndtr(x)**3)",
    "log1p(acos((1 + sigmoid(log(x)))/2))", "asin(tanh(x)**3)", "(1 + 2*sigmoid(x))**3 - 1",
    "acos(1 - 2*softsign(x))", "acos(2*tanh(x) - 1)",
    "acos(1 - 2*exp(-x))", "(2*sigmoid(x) - 3)**3 + 1", "(3 - 2*sigmoid(x))**3 - 1",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("(x - 1)**3 + 1", lambda x: (x - 1) ** 3 + 1),
        ("(2*x - 1)**5 + 1", lambda x: (2 * x - 1) ** 5 + 1),
        ("cbrt(x - 1) + 1", lambda x: 1 - mpmath.cbrt(1 - x)),
        ("(1 + x)**3 - 1", lambda x: (x + 1) ** 3 - 1),
        ("log(1 - (1 - x)**p)", lambda x: mpmath.log(1 - (1 - x) ** mpf(1e-8))),
    ],
)
def test_both_sides_of_a_point_where_the_value_cancels(text: str, truth: Callable[[mpf], mpf]) -> None:
    made = sb.bijector(text, p="positive")(1e-8) if "p)" in text else sb.bijector(text)()
    x = np.array([-0.3, -0.12, -1e-10, 1e-300, 1e-10, 0.3, 0.9])
    x = x[x > 0] if "p)" in text else x
    with mpmath.workprec(3000):
        for at, got in zip(x, made.forward(x), strict=True):
            expected = truth(mpf(float(at)))
            # f' is of the size of f/x at most, and parameters are rounded
            assert abs(mpf(float(got)) - expected) <= 16 * mpf(2) ** -53 * abs(expected), (at, got)


def test_the_end_of_the_upper_half() -> None:
    made = sb.bijector("softsign_inverse(1 - x)")()
    np.testing.assert_array_equal(made.forward(np.array([0.5, 1.0, 1.5])), [1.0, 0.0, -1.0])


SLOW_TRUTH = {"erfinv(tanh(x))", "ndtri(sigmoid(x))", "erfinv(x/sqrt(1 + x**2))"}  # mpmath inverts erf by solving


@pytest.mark.parametrize("text", [pytest.param(t, marks=pytest.mark.slow) if t in SLOW_TRUTH else t for t in TEXTS])
def test_values_and_slopes(text: str) -> None:
    """To a few roundings times the condition number, from -21 to 21, and back."""
    cls = sb.bijector(text)
    x = np.array([v for v in (-21.0, -8.0, -1.5, -0.6, -0.3, 0.2, 0.7, 1.3, 4.0, 13.0, 21.0)])
    domain = cls.derivation.domain
    x = x[[bool(domain.lo < v) and bool(v < domain.hi) for v in x]]
    variable = cls.derivation.variable
    value = numeric(plain(cls.derivation.forward), [variable])
    slope = numeric(plain(cls.derivation.forward).diff(variable), [variable])
    y, log_det = cls().forward_and_log_det(x)
    back, back_log_det = cls().inverse_and_log_det(y)
    for at, got, got_log_det, again, inverse_log_det in zip(x, y, log_det, back, back_log_det, strict=True):
        with mpmath.workprec(6000):
            true, steep = real(value(mpf(at))), real(slope(mpf(at)))
            bend = real(slope(mpf(at) * (1 + mpf(2) ** -900)))
            moved = abs(mpmath.log(abs(bend / steep))) * mpf(2) ** 900  # of the log-det, by a relative change of x
            size = mpmath.log(abs(steep))
            rounding = abs(true / steep) + abs(at)  # what a rounding of y makes of x
            errors = {
                "forward": (got, true, max(abs(true), abs(at * steep))),
                "forward_log_det": (got_log_det, size, abs(size) + moved),
                "inverse": (again, mpf(at), rounding),
                "inverse_log_det": (inverse_log_det, -size, abs(size) + moved * rounding / abs(at)),
            }
            for what, (found, truth, scale) in errors.items():
                if "inverse" in what and rounding > 2**30 * abs(at):
                    continue  # a rounding of y moves x by too much
                units = float(abs(mpf(float(found)) - truth) / scale * 2**53)
                assert units < (24 if "log_det" in what else 8), f"{what} of {text} at {at}: {units:.3g} units"


def test_the_side_from_which_an_end_is_reached() -> None:
    """What is left of a power at an end above or below it, of which the logarithm has all digits."""
    points = (-60.0, -20.0, -4.0, 0.5)
    for text, truth in (
        ("log((1 + 2*sigmoid(x))**3 - 1)", lambda w: mpmath.log((1 + 2 * w) ** 3 - 1)),
        ("log(1 - (1 - 8*sigmoid(x))**3)", lambda w: mpmath.log(1 - (1 - 8 * w) ** 3)),
        ("log((1 + 9*sigmoid(x))**2.5 - 1)", lambda w: mpmath.log((1 + 9 * w) ** 2.5 - 1)),
    ):
        got = sb.bijector(text)().forward(np.array(points))
        with mpmath.workprec(400):
            expected = [float(truth(1 / (1 + mpmath.exp(-mpf(x))))) for x in points]
        np.testing.assert_allclose(got, expected, rtol=2e-15)


@pytest.mark.parametrize(
    ("names", "pieces"),
    [(("tanh", "asin"), 3), (("sigmoid", "ndtri"), 3), (("tanh", "atan"), 0), (("exp", "log1p"), 0)],
)
def test_what_is_split(names: tuple[str, str], pieces: int) -> None:
    """Only a function that saturates before one that is singular there; the pieces agree where they meet."""
    chain = split_regimes(tuple(link(n) for n in names))
    assert [isinstance(item, PiecewiseCore) for item in chain] == ([True] if pieces else [False, False])
    if pieces:
        core = chain[0]
        assert isinstance(core, PiecewiseCore)
        assert len(core.pieces) == pieces
        for at, left, right in zip(core.breaks, core.pieces, core.pieces[1:], strict=False):
            for form in (chain_forward, chain_log_det):
                a, b = (real(numeric(plain(form(p, U)), [U])(mpf(at.p) / at.q)) for p in (left, right))
                assert abs(a - b) < mpf(10) ** -12


def test_an_end_that_is_carried_elsewhere_is_let_alone() -> None:
    chain = simplify_chain((link("tanh"), link("scale", sp.Rational(1, 2)), link("atanh")))
    assert split_regimes(chain) == chain


def test_a_piece_that_is_another_function_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong entry of a table costs digits, not values."""
    monkeypatch.setitem(FROM_END, ("acos", -1), FROM_END["acos", 1])
    monkeypatch.setitem(TO_MIDDLE, "ndtri", TO_MIDDLE["logit"])
    (core,) = split_regimes((link("tanh"), link("acos")))
    assert isinstance(core, PiecewiseCore)
    assert len(core.pieces) == 2
    (core,) = split_regimes((link("sigmoid"), link("ndtri")))
    assert isinstance(core, PiecewiseCore)
    assert len(core.pieces) == 2


@pytest.mark.parametrize("text", ["acos(tanh(x))", "acos(tanh(2*x + a))", "x - acos(tanh(x))"])
def test_each_piece_is_compared_with_the_formula(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FROM_END, ("acos", -1), FROM_END["acos", 1])
    monkeypatch.setattr(regimes, "_same", lambda *_: True)
    with pytest.raises(sb.DerivationError, match="the derived form gives"):
        _ = sb.bijector(text + " + 0").derivation


@pytest.mark.parametrize(
    ("text", "count"),
    [("acos(tanh(x))", 3), ("where(x > 0, tanh(x), x + tanh(x)/2)", 2), ("x - acos(tanh(2*x))", 3), ("exp(x)", 0)],
)
def test_points_lie_in_every_piece(text: str, count: int) -> None:
    points = points_beside_breaks(sb.bijector(text).derivation.chain)
    assert len(points) == count
    assert sorted(points) == points
