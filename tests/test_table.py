"""The table of elementary functions: every row and every partial derivative against mpmath, from plain definitions."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from mpmath import mpf
from truth import diff, numeric, plain, real

from symbij.calculus.chain import RowLink
from symbij.calculus.elementary import ELEMENTARY
from symbij.calculus.row import Row, U, V
from symbij.calculus.table import ROWS
from symbij.formula.interval import Interval
from symbij.formula.vocabulary import WORDS

BITS = 800
CLOSE = mpf(2) ** -500

ROW_PARAMETERS: dict[str, list[tuple[str, ...]]] = {
    **{
        name: [("2", "1", "3", "5"), ("-1", "2", "1/2", "3")]
        for name in ("moebius", "moebius_inverse", "moebius_beside_pole")
    },
    **{
        name: [("2", "3", "-1", "1"), ("1/3", "-1", "0", "-1"), ("-2", "1", "7", "1")]
        for name in ("quadratic", "quadratic_root")
    },
    **{
        name: [("2", "3", "-1", "1"), ("1/3", "-1", "0", "-1"), ("2", "-1", "7", "1"), ("-2", "1", "7", "1")]
        for name in ("exp_quadratic", "exp_quadratic_root")
    },
    **{
        name: [
            ("2", "3", "-1", "1"),
            ("1/3", "5", "0", "-1"),
            ("1", "-2", "3", "1"),
            ("-2", "1", "7", "-1"),
            ("-2", "-1", "1", "1"),
        ]
        for name in ("hyperbola", "hyperbola_root", "exp_hyperbola", "exp_hyperbola_root")
    },
    "moebius_from_zero": [("2", "3", "5"), ("-1", "-1/2", "3")],
    "shift": [("3/10",), ("-5",)],
    "scale": [("17/10",), ("-1/3",)],
    "divide": [("17/10",), ("-1/3",)],
    "power": [("1/2",), ("3",), ("7/3",), ("-2",), ("-1/3",)],
    "odd_power": [("3",), ("7",)],
    "odd_root": [("3",), ("7",)],
    "sigmoid_increment": [("0",), ("2",), ("-5",)],
    "sigmoid_increment_inverse": [("0",), ("2",), ("-5",)],
    "softplus_scaled": [("1/2",), ("-3",)],
    "softplus_scaled_inverse": [("1/2",), ("-3",)],
    "sin_branch": [("1", "2"), ("-1", "-3")],
    "asin_branch": [("1", "2"), ("-1", "-3")],
    "cos_branch": [("1", "2"), ("-1", "-2")],
    "acos_branch": [("1", "2"), ("-1", "-2")],
    "tan_branch": [("2",), ("-3",)],
    "atan_branch": [("2",), ("-3",)],
    "sigmoid_between": [("-2", "3"), ("5", "-1/7")],
    "logit_between": [("-2", "3"), ("5", "-1/7")],
    **{name: [("2/3",), ("3/2",), ("-2",), ("-1/3",)] for name in ("pow_m1", "root_1p", "pow_1p_m1", "root_1p_m1")},
    **{name: [("2/3", "2"), ("3/2", "7"), ("-2", "2/3")] for name in ("pow_quotient", "root_times")},
    **{name: [("2/3",), ("3/2",), ("1",)] for name in ("log_1m_pow", "root_1m_exp")},
    **{name: [("2/3", "3/2"), ("3/2", "2/3"), ("1", "1")] for name in ("complement_power", "complement_root")},
    **{name: [("1/3",), ("-5/2",), ("0",)] for name in ("expm1_scaled", "log1p_scaled")},
    **{name: [("1/2",), ("-5/2",), ("0",), ("2",)] for name in ("pow_1p_scaled", "root_1p_scaled")},
    **{name: [("-1/3", "2", "1/7"), ("5", "1/3", "0")] for name in ("heavy_tail_about", "heavy_tail_about_inverse")},
    **{name: [("3/2",), ("3",), ("4",)] for name in ("softsign_power", "softsign_power_inverse")},
    "log1p_expm1": [("2",), ("1/3",), ("-5/2",)],
    **{name: [("1/3", "1"), ("-5/2", "4/3")] for name in ("exp_exp", "log_log", "expm1_exp", "log_log1p")},
    **{name: [("1/3",), ("-5/2",)] for name in ("expm1_expm1", "log1p_log1p")},
    "asinh_scaled": [("2", "1/3"), ("-1/2", "3")],
    "sinh_scaled": [("2", "1/3"), ("-1/2", "3")],
    "cauchy": [("1",), ("-3",)],
    "cauchy_inverse": [("1",), ("-3",)],
    "logit_affine": [("3", "1"), ("-1/2", "2")],
    "logit_affine_inverse": [("3", "1"), ("-1/2", "2")],
    "asinh_stretched": [("2",), ("-1/2",)],
    "sinh_stretched": [("2",), ("-1/2",)],
    "soft_clip": [("-2", "3", "1/2"), ("1", "3/2", "4")],
    "soft_clip_inverse": [("-2", "3", "1/2"), ("1", "3/2", "4")],
}


def cases() -> list[tuple[str, tuple[sp.Expr, ...]]]:
    made = []
    for name, row in ROWS.items():
        sets = ROW_PARAMETERS.get(name, [()] if not row.parameters else [("7/5",) * len(row.parameters)])
        made += [(name, tuple(sp.Rational(v) for v in values)) for values in sets]
    return made


CASES = cases()
IDS = [f"{name}-{'-'.join(map(str, args))}" for name, args in CASES]


def number(expr: sp.Expr) -> mpf:
    """The constant `expr`, at the working precision of the tests."""
    if expr in (sp.oo, -sp.oo):
        return mpf("inf") if expr == sp.oo else mpf("-inf")
    with mpmath.workprec(2 * BITS):
        return real(numeric(plain(expr), [])())


def ends(name: str, args: tuple[sp.Expr, ...], which: str) -> tuple[mpf, mpf]:
    interval: Interval = getattr(RowLink(ROWS[name], args), which)({})
    return number(interval.lo), number(interval.hi)


DOUBLE = ("exp_exp", "expm1_exp", "expm1_expm1")  # exponentials of exponentials, which soon are beyond any precision
DOUBLE_LOG = ("log_log", "log_log1p", "log1p_log1p")


def sample(lo: mpf, hi: mpf, name: str = "") -> list[mpf]:
    """Points strictly inside, ordinary and close to the ends."""
    if name in DOUBLE:
        return [mpf(t) for t in ("-4.2", "-1.3", "-0.01", "0.3", "1", "2.7")]
    fractions = [mpf(2) ** -40, mpf(1) / 97, mpf(1) / 5, mpf(1) / 2, mpf(2) / 3, mpf(89) / 97, 1 - mpf(2) ** -40]
    distances = [mpf(2) ** -40, mpf(1) / 9, mpf(1), mpf(7) / 3, mpf(11)]
    if mpmath.isinf(lo) and mpmath.isinf(hi):
        return [s * d + mpf(1) / 1024 for d in distances for s in (1, -1)]
    if mpmath.isinf(hi):
        return [lo + d for d in distances]
    if mpmath.isinf(lo):
        return [hi - d for d in distances]
    return [lo + (hi - lo) * f for f in fractions]


def definition(row: Row, args: tuple[sp.Expr, ...]) -> sp.Expr:
    return plain(row.formula(row.forward, U, V, args))


def assert_close(got: mpf, expected: mpf, what: str) -> None:
    assert abs(got - expected) <= CLOSE * max(1, abs(expected)), f"{what}: {got} instead of {expected}"


@pytest.mark.parametrize(("name", "args"), CASES, ids=IDS)
def test_inverse_row(name: str, args: tuple[sp.Expr, ...]) -> None:
    link = RowLink(ROWS[name], args)
    f, back = numeric(plain(link.forward(U)), [U]), numeric(plain(link.inverse().forward(U)), [U])
    with mpmath.workprec(BITS):
        for u in sample(*ends(name, args, "domain"), name):
            assert_close(real(back(f(u))), u, f"{name}: inverse of the value at {mpmath.nstr(u, 8)}")


@pytest.mark.parametrize(("name", "args"), CASES, ids=IDS)
def test_inverse_of_the_inverse(name: str, args: tuple[sp.Expr, ...]) -> None:
    twice = RowLink(ROWS[name], args).inverse().inverse()
    assert twice == RowLink(ROWS[name], args)


@pytest.mark.parametrize(("name", "args"), CASES, ids=IDS)
def test_log_derivatives(name: str, args: tuple[sp.Expr, ...]) -> None:
    row = ROWS[name]
    f = definition(row, args)
    slope = numeric(diff(f, U), [U])
    value = numeric(f, [U])
    forms = {
        which: numeric(plain(row.formula(getattr(row, which), U, V, args)), [U, V])
        for which in ("log_det_u", "log_det_v")
    }
    with mpmath.workprec(BITS):
        for u in sample(*ends(name, args, "domain"), name):
            expected = mpmath.log(abs(real(slope(u))))
            for which, form in forms.items():
                assert_close(real(form(u, value(u))), expected, f"{name}.{which} at {mpmath.nstr(u, 8)}")


@pytest.mark.parametrize(("name", "args"), CASES, ids=IDS)
def test_direction(name: str, args: tuple[sp.Expr, ...]) -> None:
    link = RowLink(ROWS[name], args)
    slope = numeric(diff(definition(link.row, args), U), [U])
    with mpmath.workprec(BITS):
        for u in sample(*ends(name, args, "domain"), name):
            assert mpmath.sign(real(slope(u))) == link.sign({})


@pytest.mark.parametrize(("name", "args"), CASES, ids=IDS)
def test_ends_map_to_ends(name: str, args: tuple[sp.Expr, ...]) -> None:
    """The limits at the ends of the domain are the ends of the codomain: approached, and never passed."""
    link = RowLink(ROWS[name], args)
    value = numeric(definition(link.row, args), [U])
    if name in ("reciprocal_beside_pole", "moebius_beside_pole"):
        pytest.skip("its ends lie on either side of its pole, as parameters say")
    lo, hi = ends(name, args, "domain")
    targets = ends(name, args, "codomain")
    if link.sign({}) == -1:
        targets = targets[::-1]
    with mpmath.workprec(2 * BITS):
        for end, target, inward in ((lo, targets[0], 1), (hi, targets[1], -1)):
            near = (
                -inward * mpf(10) ** 1000
                if mpmath.isinf(end)
                else end + inward * mpf(2) ** -(BITS if "affine" in name else BITS // 2)
            )
            if name in (
                "sinh",
                "cosh",
                "exp",
                "expm1",
                "xexp",
                "xexp_scaled",
                "softplus_inverse",
                "sigmoid",
                "tanh",
                "softplus",
                "expm1_scaled",
                "root_1m_exp",
                "exp_times",
                "exp_quadratic",
                "exp_hyperbola",
                "sinh_scaled",
                "sinh_stretched",
                "logcosh",
                "logcosh_inverse",
                "log1p_tanh",
                "atanh_expm1",
                "soft_clip",
                "log_ndtr",
            ) and mpmath.isinf(end):
                near = -inward * mpf(10) ** 4
            if name == "ndtri_exp" and mpmath.isinf(end):
                near = mpf(-500)
            if name in ("hyperbola_root", "exp_hyperbola_root") and mpmath.isinf(end):
                near = -inward * mpf(10) ** 200  # whose square has not yet swallowed what is left of it
            if name in DOUBLE:
                near = mpf(7) if inward == -1 else -(mpf(10) ** 4)
            v = real(value(near))
            if mpmath.isinf(target):
                # inverse error functions grow slowly, like the root of a logarithm
                assert v * mpmath.sign(target) > (4 if name in DOUBLE_LOG else 10), (
                    f"{name}: {mpmath.nstr(v, 8)} near {end}, which should go to {target}"
                )
            else:
                assert abs(v - target) < mpf(10) ** -50, (
                    f"{name}: goes to {mpmath.nstr(v, 8)} at {end}, not to {target}"
                )


# Points at which the partial derivatives are compared: (u,) or (u, c).
POINTS: dict[str, list[tuple[str, ...]]] = {
    "log": [("0.3",), ("5",)],
    "sqrt": [("0.3",), ("5",)],
    "logit": [("0.3",), ("0.9",)],
    "softplus_inverse": [("0.3",), ("5",)],
    "log1mexp": [("0.3",), ("5",)],
    "log1p": [("-0.7",), ("5",)],
    "atanh": [("-0.7",), ("0.2",)],
    "acosh": [("1.1",), ("5",)],
    "log1msq": [("-0.7",), ("0.2",)],
    "asinh_scaled": [("0.3", "2", "1.5"), ("-4", "-0.7", "3")],
    "sinh_scaled": [("0.3", "2", "1.5"), ("-4", "-0.7", "3")],
    "loghypot": [("0.3", "2"), ("-4", "-0.7")],
    "loghypot1_scaled": [("0.3", "2"), ("-4", "-0.7")],
    "logcosh_inverse": [("0.3",), ("5",)],
    "atanh_expm1": [("-2.3",), ("0.4",)],
    "cauchy": [("-2.3", "1.5"), ("0.4", "-2")],
    "cauchy_inverse": [("0.01", "1.5"), ("0.7", "-2")],
    "versin_inverse": [("0.01",), ("1.7",)],
    "logit_affine": [("0.3", "2", "-1"), ("0.9", "-0.5", "3")],
    "logit_affine_inverse": [("0.3", "2", "-1"), ("0.9", "-0.5", "3")],
    "mills": [("0.3",), ("5",)],
    "erfcinv": [("0.01",), ("1.7",)],
    "ndtri_exp": [("-5",), ("-0.01",)],
    "soft_clip": [("0.3", "-1", "2", "0.5"), ("-4", "0.5", "1", "3")],
    "soft_clip_inverse": [("0.3", "-1", "2", "0.5"), ("0.7", "0.5", "1", "3")],
    "softsign_inverse": [("-0.7",), ("0.2",)],
    "ndtri": [("0.01",), ("0.7",)],
    "erfinv": [("-0.9",), ("0.2",)],
    "asin": [("-0.7",), ("0.2",)],
    "acos": [("-0.7",), ("0.2",)],
    "lambertw": [("-0.3",), ("0.5",), ("20",)],
    "lambertw_times": [("-0.3", "0.5"), ("0.5", "3"), ("20", "0.7")],
    "lambertw_times_square": [("-0.3", "0.5"), ("0.5", "3"), ("20", "0.7")],
    "log1p_product": [("-0.3", "0.5"), ("0.5", "3"), ("20", "0.7")],
    "times_square": [("-0.3", "0.5"), ("20", "0.7")],
    "rootr": [("0.3", "2.5"), ("4", "-1.5")],
    "powr": [("0.3", "2.5"), ("4", "-1.5")],
    "pow": [("0.3", "2.5"), ("4", "-1.5")],
    "odd_root": [("0.3", "3"), ("-4", "5")],
    "sigmoid_increment": [("0.3", "2"), ("-4", "-3")],
    "sigmoid_increment_inverse": [("0.05", "2"), ("-0.01", "-3")],
    "sigmoid_step": [("0.3", "2"), ("-4", "5")],
    "softplus_scaled": [("0.3", "2"), ("-4", "-1.5")],
    "softplus_scaled_inverse": [("0.3", "2"), ("-4", "-1.5")],
    "moebius": [("0.3", "2", "1", "3", "5"), ("7", "-1", "2", "0.5", "3")],
    **{
        name: [("0.3", "2", "-3", "0.5"), ("-4", "-0.1", "1", "7")]
        for name in ("quadratic", "hyperbola", "exp_quadratic", "exp_hyperbola")
    },
    "quadratic_root": [("0.3", "2", "-3", "0.5", "1"), ("3", "2", "-3", "0.5", "-1")],
    **{
        name: [("0.3", "2", "-3", "0.5", "1"), ("9", "2", "3", "0.5", "-1")]
        for name in ("hyperbola_root", "hyperbola_root_log_slope", "exp_hyperbola_root")
    },
    **{
        name: [("0.3", "2", "-3", "0.5", "1"), ("0.1", "2", "-3", "0.5", "-1")]
        for name in ("exp_quadratic_root", "exp_quadratic_root_log_slope")
    },
    **{
        name: [("0.3", "2", "-3", "0.5"), ("3", "2", "-3", "0.5")]
        for name in ("quadratic_root_log_slope", "exp_hyperbola_root_log_slope")
    },
    **{
        name: [("0.3", "2", "-3"), ("-4", "-0.1", "1")]
        for name in ("quadratic_log_slope", "hyperbola_log_slope", "exp_quadratic_log_slope", "exp_hyperbola_log_slope")
    },
    "sigmoid_between": [("0.3", "-2", "3"), ("-4", "1", "0.5")],
    "logit_between": [("0.3", "-2", "3"), ("0.7", "1", "0.5")],
    "max": [("0.3", "2"), ("4", "2")],
    "min": [("0.3", "2"), ("4", "2")],
    "logaddexp": [("0.3", "2"), ("400", "2"), ("3", "3")],
    **{name: [("0.3", "2.5"), ("4", "-1.5")] for name in ("pow_m1", "root_1p", "pow_1p_m1", "root_1p_m1")},
    **{name: [("0.3", "2.5", "7"), ("4", "-1.5", "0.2")] for name in ("pow_quotient", "root_times")},
    "log_1m_pow": [("0.3", "2.5"), ("0.9", "0.2")],
    "root_1m_exp": [("-0.3", "2.5"), ("-5", "0.2")],
    **{name: [("0.3", "2.5", "7"), ("0.9", "0.2", "0.3")] for name in ("complement_power", "complement_root")},
    "multiple": [("0.3", "2.5"), ("4", "0")],
    "log_quotient": [("0.3", "2.5"), ("4", "0.1")],
    "exp_times": [("0.3", "2.5"), ("4", "-0.1")],
    "expm1_scaled": [("0.3", "2.5"), ("4", "-0.1"), ("-0.7", "0.001")],
    "log1p_scaled": [("0.3", "2.5"), ("4", "-0.1"), ("-0.7", "0.001")],
}
SYMBOLS = tuple(sp.Symbol(n, real=True) for n in "ucdpq")


@pytest.mark.parametrize("name", ELEMENTARY)
def test_partial_derivatives(name: str) -> None:
    row = ELEMENTARY[name]
    symbols = SYMBOLS[: len(row.derivatives)]
    built = WORDS[name].build(*symbols) if name != "pow" else symbols[0] ** symbols[1]
    f = plain(built)
    value = numeric(f, symbols)
    partials = [numeric(plain(p), [*symbols, V]) for p in row.partials(symbols, V)]
    with mpmath.workprec(BITS):
        for texts in POINTS.get(name, [("-2.3",), ("0.4",), ("6.3",)]):
            point = [mpf(t) for t in texts]
            assert len(point) == len(partials)
            for k, partial in enumerate(partials):

                def along(t: mpf, k: int = k, point: list[mpf] = point) -> mpf:
                    return value(*(t if i == k else p for i, p in enumerate(point)))

                expected = mpmath.diff(along, point[k])
                got = real(partial(*point, real(value(*point))))
                assert abs(got - expected) <= mpf(2) ** -200 * max(1, abs(expected)), (
                    f"d{name}/d{symbols[k]} at {texts}"
                )


def test_every_row_has_its_inverse() -> None:
    for name, row in ROWS.items():
        assert ROWS[row.inverse].inverse == name


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.mirror is not None])
def test_mirrors(name: str) -> None:
    """A row with its mirror's parameters is -f(-u)."""
    row = ROWS[name]
    symbols = tuple(row.symbols[p] for p in row.parameters)
    mirrored = tuple(row.formula(t, sp.S.One, sp.S.One, symbols) for t in row.mirror or ())
    u = row.symbols["u"]
    here = numeric(plain(row.formula(row.forward, u, u, mirrored)), [u, *symbols])
    there = numeric(plain(-row.formula(row.forward, u, u, symbols).subs(u, -u)), [u, *symbols])
    with mpmath.workprec(BITS):
        for point in ("-0.04", "0.01", "0.06"):
            values = (mpf(point), *[mpf("0.7")] * len(symbols))
            assert abs(real(here(*values)) - real(there(*values))) < mpf(2) ** -200
