"""The tables of what becomes of values that under- or overflow, each entry against mpmath from the row's definition."""

from __future__ import annotations

from collections.abc import Iterator

import mpmath
import pytest
import sympy as sp
from mpmath import mpf
from test_normal_tail import log_tail
from test_table import ROW_PARAMETERS
from truth import diff, numeric, plain, real

from symbij.calculus.chain import RowLink
from symbij.calculus.row import U, V
from symbij.calculus.table import ROWS
from symbij.program.far_forms import FAR, PASSED, SIZES

# which only passes infinity on, and what the tests of tails below look at
NEVER_OF_DOUBLES = {("softplus_scaled", 1), ("log_ndtr", 1), ("log_erf_inverse", 0)}
BEYOND_MPMATH = {"softplus", "logcosh", "logcosh_inverse", "softplus_inverse", "softplus_scaled_inverse"}
QUANTILES = {"ndtri": 1, "erfcinv": 1, "log_erf_inverse": -1, "ndtri_exp": -1}  # with the sign of their inputs
BITS = 9000  # beyond the 7200 by which exp(-5000) is below 1
NORMAL, LARGEST = mpf(2) ** -1022, mpf(2) ** 1024
OWN_PARAMETERS = {
    "scale": [("-7/5",)], "divide": [("-7/5",)], "odd_power": [("3",)], "odd_root": [("3",)],
    "softplus_scaled": [("7/5",), ("-1/2",)], "softplus_scaled_inverse": [("7/5",), ("-1/2",)],
}  # fmt: skip
SIZES_OF_DOUBLES = ("5e-324", "1e-308", "1e-200", "20", "50", "750", "5000", "1e155", "1e308")
DOUBLES = [f"{s}{u}" for s in ("", "-") for u in SIZES_OF_DOUBLES]
NEAR = mpf(10) ** -150  # of leading orders, next to what they leave out


def arguments(name: str) -> list[tuple[sp.Expr, ...]]:
    row = ROWS[name]
    default = [("7/5",) * len(row.parameters)]
    sets = OWN_PARAMETERS.get(name) or ROW_PARAMETERS.get(name) or default
    return [tuple(sp.Rational(a) for a in args) for args in (sets if row.parameters else [()])]


def formula(name: str, text: str, args: tuple[sp.Expr, ...]) -> object:
    return numeric(plain(ROWS[name].formula(text, U, V, args)), [U, V])


def inside(name: str, args: tuple[sp.Expr, ...], candidates: list[mpf]) -> Iterator[mpf]:
    domain = RowLink(ROWS[name], args).domain({})
    lo, hi = (mpf(str(sp.N(e, 50)).replace("oo", "inf")) for e in (domain.lo, domain.hi))
    return (u for u in candidates if lo < u < hi)


def is_huge(name: str, args: tuple[sp.Expr, ...], u: mpf) -> bool:
    """Whether the value is beyond what mpmath can write down: a repeated exponential of large numbers."""
    return name in ("exp_exp", "expm1_exp") and u / mpf(args[1].p) * args[1].q > 60


def of_values(name: str, k: int, args: tuple[sp.Expr, ...], candidates: list[mpf], text: str) -> int:
    """Compare `text` with log|f| at those candidates where |f| is below the normal doubles, or beyond the largest."""
    f, main = numeric(plain(ROWS[name].formula(ROWS[name].forward, U, V, args)), [U]), formula(name, text, args)
    met = 0
    for u in inside(name, args, candidates):
        if is_huge(name, args, u):
            continue
        value = abs(real(f(u)))
        if not value or mpmath.isinf(value) or not (value < NORMAL if k == 0 else value > LARGEST):
            continue
        met += 1
        got, expected = real(main(u, mpmath.log(abs(u)))), mpmath.log(value)
        assert abs(got - expected) <= NEAR * max(1, abs(expected)), f"{name}{args} at {mpmath.nstr(u, 8)}"
    return met


@pytest.mark.parametrize(("name", "k"), [(n, k) for n, pair in SIZES.items() for k in (0, 1) if pair[k]])
def test_sizes(name: str, k: int) -> None:
    """Of doubles: entries for the functions that leave the range of doubles, checked where they do."""
    if (name, k) in NEVER_OF_DOUBLES:
        return
    main, _, rest = SIZES[name][k]  # type: ignore[misc]
    with mpmath.workprec(BITS):
        candidates = [mpf(u) for u in DOUBLES]
        met = sum(of_values(name, k, args, candidates, f"{main} + {rest}") for args in arguments(name))
    assert met


@pytest.mark.parametrize(("name", "k"), [(n, k) for n, pair in PASSED.items() for k in (0, 1) if pair[k]])
def test_passed(name: str, k: int) -> None:
    """Of values beyond the doubles: what is passed on."""
    main, times, rest = PASSED[name][k]  # type: ignore[misc]
    with mpmath.workprec(BITS):
        candidates = [s * mpmath.exp(size) for s in (1, -1) for size in (-2500, -800, 800, 2500)]
        met = 0
        for args in arguments(name):
            met += of_values(name, k, args, candidates, f"{main} + {rest}")
            v, factor = mpf(-900), formula(name, times, args)
            form = formula(name, main, args)
            moved = real(form(mpf(3), v + 1)) - real(form(mpf(3), v))
            assert abs(moved - real(factor(mpf(3), v))) < NEAR, f"{name}: {times} is not what {main} takes v by"
    assert met or name in BEYOND_MPMATH or SIZES.get(name, (None, None))[k]  # exponentials of exp(800)


@pytest.mark.parametrize(("name", "k"), [(n, k) for n, pair in FAR.items() for k in (0, 1) if pair[k]])
def test_far(name: str, k: int) -> None:
    """Of inputs beyond the doubles: the value, to leading order, and log|derivative|."""
    value, times, rest = FAR[name][k]  # type: ignore[misc]
    if (name, k) in FAR_TAILS or (name in QUANTILES and k == 0):
        return  # see below
    met = 0
    with mpmath.workprec(BITS):
        sizes = (-1500, -800) if k == 0 else (800, 1500)
        for args in arguments(name):
            definition = plain(ROWS[name].formula(ROWS[name].forward, U, V, args))
            f, slope = numeric(definition, [U]), numeric(diff(definition, U), [U])
            for u in inside(name, args, [s * mpmath.exp(size) for s in (1, -1) for size in sizes]):
                met += 1
                v, what = mpmath.log(abs(u)), f"{name}{args} at {mpmath.nstr(u, 8)}"
                if value is not None:
                    got, expected = real(formula(name, value, args)(u, v)), real(f(u))
                    assert abs(got - expected) <= near(name) * abs(expected), what
                got = real(formula(name, f"({times})*v + {rest}", args)(u, v))
                expected = mpmath.log(abs(real(slope(u))))
                assert abs(got - expected) <= near(name) * max(1, abs(expected)), what
    assert met


FAR_TAILS = {("log_ndtr", 1), ("ndtri_exp", 1)}


def test_far_tails() -> None:
    """log(Phi) of -exp(800), and back, by the asymptotic series."""
    with mpmath.workprec(BITS):
        value, slope = log_tail(mpmath.exp(800))
        _, times, rest = FAR["log_ndtr"][1]  # type: ignore[misc]
        got = real(formula("log_ndtr", f"({times})*v + {rest}", ())(-mpmath.exp(800), mpf(800)))
        assert abs(got - mpmath.log(slope)) < NEAR
        main, _, rest = SIZES["log_ndtr"][1]  # type: ignore[misc]
        got = real(formula("log_ndtr", f"{main} + {rest}", ())(-mpmath.exp(800), mpf(800)))
        assert abs(got - mpmath.log(-value)) < NEAR
        u, v = value, mpmath.log(-value)
        text, times, rest = FAR["ndtri_exp"][1]  # type: ignore[misc]
        assert abs(real(formula("ndtri_exp", text, ())(u, v)) / -mpmath.exp(800) - 1) < NEAR  # type: ignore[arg-type]
        assert abs(real(formula("ndtri_exp", f"({times})*v + {rest}", ())(u, v)) + mpmath.log(slope)) < NEAR


@pytest.mark.parametrize("name", QUANTILES)
def test_far_quantiles(name: str) -> None:
    """Of exp(-800): mpmath takes minutes to invert the error function there, so that a quantile z of the logarithm is
    chosen first, and the entry's value inverted."""
    value, times, rest = FAR[name][0]  # type: ignore[misc]
    back = ROWS[ROWS[name].inverse]
    definition = plain(back.formula(back.forward, U, V, ()))
    f, slope = numeric(definition, [U]), numeric(diff(definition, U), [U])
    with mpmath.workprec(BITS):
        v = log_tail(mpf(40))[0] + (mpmath.log(2) if "log(2))" in value else 0)
        u = QUANTILES[name] * mpmath.exp(v)
        got, log_det = (
            real(formula(name, t.replace("ndtri_exp(v - log(2))", "(-40)").replace("ndtri_exp(v)", "(-40)"), ())(u, v))
            for t in (value, f"({times})*v + {rest}")
        )
        assert abs(real(f(got)) / u - 1) < NEAR
        assert abs(log_det + mpmath.log(abs(real(slope(got))))) < NEAR


def test_size_of_a_quantile_next_to_zero() -> None:
    main, _, rest = SIZES["log_erf_inverse"][0]  # type: ignore[misc]
    with mpmath.workprec(BITS):
        u = mpf(-750)
        x = mpmath.exp(real(formula("log_erf_inverse", f"{main} + {rest}", ())(u, mpmath.log(750))))
        assert abs(mpmath.log(mpmath.erf(x)) - u) < NEAR


def near(name: str) -> mpf:
    return mpf(10) ** -20 if name == "lambertw" else NEAR
