"""Every kernel against mpmath, in ulp, and at NaN, infinities, signed zeros and subnormals against numpy and scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import scipy.special
import sympy as sp
from kernel_calls import kernel
from mpmath import mpf
from truth import Forward, from_ordinal, ordinal, rounded, settled, ulp_error

from symbij.calculus.elementary import ELEMENTARY
from symbij.formula.vocabulary import WORDS
from symbij.kernels.elementary import FUNCTIONS

SYMBOLS = tuple(sp.Symbol(n, real=True) for n in "ucdpq")

# Kernels. Bounds in ulp of the true value: 2, or 4 for the hardest. Those marked as conditioned hold times the
# condition number: functions of several arguments, and of one close to a zero at an irrational point or a branch point.
ULP: dict[str, float] = {
    "exp": 1, "log": 1, "sqrt": 0.5, "expm1": 1.5, "log1p": 1, "sin": 2, "cos": 2, "tan": 2, "asin": 2, "acos": 2,
    "atan": 2, "sinh": 2, "cosh": 1.5, "tanh": 2, "asinh": 2, "acosh": 2, "atanh": 2, "erf": 2, "erfc": 2, "erfinv": 4,
    "ndtr": 2, "ndtri": 4, "log_ndtr": 4, "sigmoid": 2, "softplus": 2, "softplus_inverse": 2, "logit": 2, "logcosh": 2,
    "loghypot1": 2, "softsign": 2, "softsign_inverse": 2, "log1mexp": 2, "cbrt": 1, "lambertw": 4,
    "abs": 0, "sign": 0, "floor": 0, "max": 0, "min": 0, "odd_root": 2, "pow": 2, "powr": 2, "rootr": 2,
    "lgamma": 4, "digamma": 4, "pow_m1": 2, "root_1p": 2, "pow_1p_m1": 2, "root_1p_m1": 2, "pow_quotient": 2,
    "root_times": 2, "log_1m_pow": 2, "multiple": 0.5, "log_quotient": 2, "exp_times": 2,
    "expm1_rest": 4,
    "log1msq": 2, "logcosh_inverse": 2, "log1p_tanh": 3,
    "times_square": 1.5,
    "versin": 3, "versin_inverse": 2, "mills": 2, "erfcinv": 4,
}  # fmt: skip
CONDITIONED: dict[str, float] = {
    "ndtri_exp": 4,
    "logaddexp": 2, "sigmoid_increment": 4, "sigmoid_increment_inverse": 4, "sigmoid_between": 4, "logit_between": 4,
    "sigmoid_step": 4, "softplus_scaled": 4, "softplus_scaled_inverse": 4, "moebius": 4, "logtanhc": 4,
    "expm1_scaled": 2, "log1p_scaled": 2, "complement_power": 4, "complement_root": 4, "root_1m_exp": 2,
    "logit_affine": 4, "logit_affine_inverse": 4, "cauchy": 2, "cauchy_inverse": 2, "atanh_expm1": 2,
    "asinh_scaled": 4, "sinh_scaled": 4, "loghypot": 2, "loghypot1_scaled": 2, "soft_clip": 4, "soft_clip_inverse": 4,
    "lambertw_times": 4, "lambertw_times_square": 4, "log1p_product": 2,
    "quadratic": 1, "quadratic_root": 2, "quadratic_log_slope": 1, "quadratic_root_log_slope": 1,
    "hyperbola": 1, "hyperbola_root": 2, "hyperbola_log_slope": 1, "hyperbola_root_log_slope": 1,
    "exp_quadratic": 1, "exp_quadratic_root": 2, "exp_quadratic_log_slope": 1, "exp_quadratic_root_log_slope": 1,
    "exp_hyperbola": 1, "exp_hyperbola_root": 2, "exp_hyperbola_log_slope": 1, "exp_hyperbola_root_log_slope": 1,
}  # fmt: skip
# Kernels that formulas do not reach, with their definitions.
OUTSIDE_TABLE = {"cbrt": mpmath.cbrt, "lgamma": mpmath.loggamma, "digamma": mpmath.digamma}
INF, NAN = math.inf, math.nan
KERNEL_DOMAIN = {
    "log": (0, INF), "sqrt": (0, INF), "logit": (0, 1), "softplus_inverse": (0, INF), "log1mexp": (0, INF),
    "log1p": (-1, INF),
    "atanh": (-1, 1), "acosh": (1, INF), "softsign_inverse": (-1, 1), "ndtri": (0, 1), "erfinv": (-1, 1),
    "asin": (-1, 1), "acos": (-1, 1), "cbrt": (0, INF), "lgamma": (0, INF), "digamma": (0, INF),
    "lambertw": (-0.36787944117144233, INF), "pow": (0, INF),
    "powr": (0, INF),
    "rootr": (0, INF), "pow_m1": (0, INF), "root_1p": (-1, INF), "pow_1p_m1": (-1, INF), "root_1p_m1": (-1, INF),
    "pow_quotient": (0, INF), "root_times": (0, INF), "log_1m_pow": (0, 1), "root_1m_exp": (-INF, 0),
    "complement_power": (0, 1), "complement_root": (0, 1), "log_quotient": (0, INF),
    "log1msq": (-1, 1), "logcosh_inverse": (0, INF), "atanh_expm1": (-INF, 0.6931471805599453),
    "cauchy_inverse": (0, 1), "logit_affine": (0, 1),
    "logit_affine_inverse": (0, 1), "versin": (0, 3.141592653589793), "versin_inverse": (0, 2), "mills": (0, 2000.0),
    "erfcinv": (0, 2), "ndtri_exp": (-INF, 0),
}  # fmt: skip
INVERSE_OF = {
    "erfcinv": "erfc",
    "ndtri": "ndtr",
    "erfinv": "erf",
    "ndtri_exp": "log_ndtr",
}  # their truth is found by solving, which is faster than their definition
NOT_ELEMENTARY = {"select"}


def kernel_points(name: str, count: int = 12) -> list[float]:
    lo, hi = KERNEL_DOMAIN.get(name, (-INF, INF))
    rng = np.random.default_rng(0)
    first, last = (ordinal(max(-1e308, min(1e308, end))) for end in (lo, hi))
    points = [from_ordinal(first + int((last - first) * u)) for u in rng.uniform(0, 1, count)]
    middle = (
        0.0078, 0.01, 0.0305, 0.061, 0.1, 0.3, 0.45, 0.5, 0.55, 0.693, 0.9, 0.97, 1.0, 1.0018, 1.03, 1.062, 1.1, 1.5,
        3.0, 8.0, 20.0, 37.0, 100.0, 700.0, 745.0,
    )  # fmt: skip
    points += [s * m for m in middle for s in (1, -1)]
    for size in (0.3, 1.0, 10.0):
        points += list(rng.normal(0, size, count))
    for end, inward in ((lo, 1), (hi, -1)):
        if math.isfinite(end):
            points += [end + inward * 10.0**-k for k in range(0, 18, 3)] + [math.nextafter(end, inward * INF)]
    if name in ("ndtr", "log_ndtr", "erf", "erfc"):
        points = [p for p in points if abs(p) < 1e90]
    if name == "ndtri_exp":  # the truth is found by way of log_ndtr
        points = [p for p in points if 1e-100 < abs(p) < 1e180]
    return sorted({float(p) for p in points if lo < p < hi})


QUADRATICS = [
    (1.0, 1.0, 0.0), (1.0, -2.0, 1.0), (-3.0, 0.7, 1.3), (0.5, -0.5, 0.0), (1e-200, 1e200, 3.0), (1e200, -1e-200, 1e-3),
    (1.0, 1e9, -1e9), (1e-300, 1e-300, 0.0), (7.0, 0.0, 2.0), (1.1, 1e-160, -1e160),
]  # fmt: skip


OTHERS = {
    **{name: [(0.5,), (-1.3,), (3.0,), (40.7,)] for name in ("pow_m1", "root_1p", "pow_1p_m1", "root_1p_m1")},
    **{name: [(0.5, 3e-200), (-1.3, 7.0), (40.7, 1e300)] for name in ("pow_quotient", "root_times")},
    **{name: [(0.5,), (1.3,), (1e-3,), (40.7,)] for name in ("log_1m_pow", "root_1m_exp")},
    **{name: [(0.5, 0.5), (1.3, 20.0), (1e-2, 3.0)] for name in ("complement_power", "complement_root")},
    "multiple": [(0.5,), (-1e200,)],
    "log_quotient": [(0.5,), (3e-310,), (1.7e308,)],
    "exp_times": [(0.5,), (-3e-310,), (1.7e308,)],
    **{name: [(0.5,), (-3.0,), (1e-310,), (-1e-5,), (1e200,)] for name in ("expm1_scaled", "log1p_scaled")},
    "rootr": [(0.5,), (-1.3,), (3.0,), (40.7,)],
    "powr": [(0.5,), (-1.3,), (3.0,), (40.7,)],
    "pow": [(0.5,), (-1.3,), (3.0,), (40.7,)],
    "odd_root": [(3.0,), (5.0,), (9.0,)],
    "sigmoid_increment": [(-30.0,), (-2.5,), (0.0,), (7.0,)],
    "sigmoid_increment_inverse": [(-30.0,), (-2.5,), (0.0,), (7.0,)],
    "sigmoid_step": [(0.01,), (0.5,), (1.0,), (-10.0,), (800.0,)],
    "softplus_scaled": [(1.0,), (-0.7,), (1e-3,), (1e6,)],
    "softplus_scaled_inverse": [(1.0,), (-0.7,), (1e-3,), (1e6,)],
    "asinh_scaled": [(1.0, 1.0), (-0.7, 3.0), (1e-200, 1e-200), (1e200, 1e200)],
    "sinh_scaled": [(1.0, 1.0), (-0.7, 3.0), (1e-200, 1e-200), (1e200, 1e200), (1e-250, 1.0)],
    "logit_affine": [(3.0, 1.0), (-0.7, 2.0), (1.0, 0.0), (0.01, -30.0)],
    "logit_affine_inverse": [(3.0, 1.0), (-0.7, 2.0), (1.0, 0.0), (0.3, -30.0)],
    "cauchy": [(1.0,), (-0.7,), (1e-200,), (1e200,)],
    "cauchy_inverse": [(1.0,), (-0.7,), (1e-200,), (1e200,)],
    "loghypot": [(1.0,), (-0.7,), (1e-200,), (1e200,)],
    "loghypot1_scaled": [(1.0,), (-0.7,), (1e-200,), (1e200,)],
    "soft_clip": [(-1.0, 1.0, 1.0), (0.0, 1.0, 0.01), (-3.0, 0.0, 50.0), (-1e10, 3.0, 0.01)],
    "soft_clip_inverse": [(-1.0, 1.0, 1.0), (0.0, 1.0, 0.01), (-3.0, 0.0, 50.0), (-1e10, 3.0, 0.01)],
    "moebius": [(1.0, 0.0, 1.0, 2.0), (-1.0, 2.0, 0.5, 3.0), (0.0, 1.0, 1.0, -0.31)],
    "lambertw_times": [(1.0,), (0.3,), (1e-200,), (1e200,)],
    "lambertw_times_square": [(1.0,), (0.3,), (1e-200,), (1e200,)],
    "log1p_product": [(1.0,), (0.3,), (-1e-200,), (1e10,)],
    "times_square": [(1.0,), (-0.3,), (1e-200,), (1e200,)],
    **{exp + name: QUADRATICS for exp in ("", "exp_") for name in ("quadratic", "hyperbola")},
    **{
        f"{exp}{name}_log_slope": [q[:2] for q in QUADRATICS]
        for exp in ("", "exp_")
        for name in ("quadratic", "hyperbola")
    },
    **{
        f"{exp}{name}_root": [(*q, s) for q in QUADRATICS for s in (1.0, -1.0)]
        for exp in ("", "exp_")
        for name in ("quadratic", "hyperbola")
    },
    **dict.fromkeys(("quadratic_root_log_slope", "exp_hyperbola_root_log_slope"), QUADRATICS),
    **{
        name: [(*q, s) for q in QUADRATICS for s in (1.0, -1.0)]
        for name in ("hyperbola_root_log_slope", "exp_quadratic_root_log_slope")
    },
    "sigmoid_between": [(0.0, 1.0), (-2.0, 3.0), (3.0, -1.0), (-1e10, 1.0)],
    "logit_between": [(0.0, 1.0), (-2.0, 3.0), (3.0, -1.0), (-1e10, 1.0)],
}


def quadratic_points(name: str, others: tuple[float, ...]) -> list[float]:
    """Points all over the domain, and beside zeros and vertices."""
    exponential, kind = name.startswith("exp_"), name.removeprefix("exp_")
    a, b, c = mpf(others[0]), mpf(others[1]), mpf(others[2] if len(others) > 2 else 0.0)
    hyperbola, back = kind.startswith("hyperbola"), "root" in kind
    if back and hyperbola:
        special = [c + s * 2 * mpmath.sqrt(a * b) for s in (1, -1)] if a * b > 0 else [c]
    elif back:
        special = [c - b * b / (4 * a), c, a + b + c]
    else:
        special = [mpmath.sqrt(abs(b / a))] if hyperbola else [-b / (2 * a), -b / a]
        if exponential:
            special = [mpmath.log(p) for p in special if p > 0]
    steps = (0.0, 1e-15, -1e-15, 1e-9, -1e-9, 1e-4, 0.3, -0.3)
    ordinary = [*kernel_points(name, 8), *(s * t for t in (1e-200, 1e-20, 1e20, 1e200) for s in (1, -1))]
    points = [p for p in [*ordinary, *(float(p) * (1 + d) for p in special for d in steps)] if math.isfinite(p) and p]
    if not back:
        slope = {"quadratic_log_slope": lambda u: 2 * a * u + b, "hyperbola_log_slope": lambda u: a * u * u - b}
        if exponential:
            points = [u for u in points if abs(u) < 2e4]
        return [u for u in points if kind not in slope or slope[kind](mpmath.exp(u) if exponential else mpf(u))]
    s = others[3] if len(others) > 3 else 1.0
    inside = []
    with mpmath.workprec(9000):
        for v in points:
            w = mpf(v) - c
            first, second = (w * w, -4 * a * b) if hyperbola else (b * b, 4 * a * w)
            if first + second <= 0 or abs(second) < first * mpf(2) ** -600:
                continue  # of which the definition keeps no digits
            root = ((w if hyperbola else -b) + s * mpmath.sqrt(first + second)) / (2 * a)
            if root > 0 or not (exponential or hyperbola):
                inside.append(v)
    return inside


# Beside the steps of the table of logarithms, where |p log(u)| is large.
POWERS = [(u, s * 690.0 / abs(math.log(u))) for u in (0.96870087, 0.9688, 1.0584543, 1.06279, 1.126) for s in (1, -1)]


def arguments(name: str) -> list[tuple[float, ...]]:
    """Points at which a function of several arguments is tested."""
    made: list[tuple[float, ...]] = []
    for others in OTHERS.get(name, [(-700.0,), (-2.5,), (0.0,), (7.0,)]):
        if name == "sigmoid_increment_inverse":  # its first argument is a difference of two sigmoids
            ends = [-1 / (1 + math.exp(-others[0])), 1 / (1 + math.exp(others[0]))]
            first = [f * end for end in ends for f in (1e-300, 1e-12, 0.01, 0.3, 0.8, 0.99)]
        elif name == "sigmoid_step":
            largest = abs(others[0])
            near = (1e-300, 1e-10, 0.3, 0.69, math.log(2.0), 0.7, 2.0, largest / 2, largest)
            first = [s * p for p in near if p <= largest for s in (1, -1)]
        elif name == "softplus_scaled_inverse":
            first = [math.copysign(p, others[0]) for p in kernel_points("softplus_inverse", 5)]
        elif name in ("logit_between", "soft_clip_inverse"):
            lo, hi = min(others[:2]), max(others[:2])
            first = [lo + (hi - lo) * f for f in (1e-14, 1e-5, 0.1, 0.49, 0.5, 0.7, 0.999999)]
            first += [math.nextafter(lo, hi), math.nextafter(hi, lo), *(p for p in (1e-300, 0.1, -0.7) if lo < p < hi)]
        elif name == "expm1_scaled":
            first = [p / others[0] for p in (*kernel_points("expm1", 5), 720.0) if math.isfinite(p / others[0])]
        elif name == "log1p_scaled":
            first = [p / others[0] for p in kernel_points("log1p", 5) if math.isfinite(p / others[0])]
            first = [p for p in first if mpf(p) * mpf(others[0]) > -1]
        elif name in ("lambertw_times", "log1p_product"):
            least = -1.0 if name == "log1p_product" else -0.3678794411714423
            first = [p for p in (*kernel_points(name, 5), -1.0 / others[0]) if mpf(p) * mpf(others[0]) > least]
        elif name.removeprefix("exp_").startswith(("quadratic", "hyperbola")):
            first = quadratic_points(name, others)
        else:
            first = [p for p in kernel_points(name, 5) if name != "moebius" or others[2] * p + others[3] != 0]
        made += [(p, *others) for p in first]
    if name in ("pow", "powr", "rootr"):
        made += [(u, 1.0 / p if name == "rootr" else p) for u, p in POWERS]
    return made


def truths_of(name: str, points: list[tuple[float, ...]], got: np.ndarray) -> list[tuple[mpf, mpf]]:
    """The value at every point with its sensitivity: sum of |input * derivative|."""
    if name in OUTSIDE_TABLE:
        return [(settled(lambda u=u: [OUTSIDE_TABLE[name](mpf(u))])[0], mpf(1)) for (u,) in points]
    if name in INVERSE_OF:
        forward = Forward(WORDS[INVERSE_OF[name]].build(SYMBOLS[0]), SYMBOLS[0], {}, 800)
        ends = mpf("-inf"), mpf("inf")
        pairs = zip(points, got, strict=True)
        return [forward.inverse(u, forward.preimage(u, float(g), *ends))[:2] for (u,), g in pairs]
    symbols = SYMBOLS[: len(points[0])]
    built = symbols[0] ** symbols[1] if name == "pow" else WORDS[name].build(*symbols)
    by_others = {p[1:]: Forward(built, symbols[0], dict(zip(symbols[1:], p[1:], strict=True))) for p in points}
    return [by_others[others].forward(u)[:2] for u, *rest in points for others in [tuple(rest)]]


NAMES = [n for n in FUNCTIONS if n not in NOT_ELEMENTARY]


@pytest.mark.parametrize("name", NAMES)
def test_kernel_in_ulp(name: str) -> None:
    check_kernel(name, every=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_kernel_in_ulp_at_all_points(name: str) -> None:
    check_kernel(name, every=1)


def check_kernel(name: str, every: int) -> None:
    assert (name in ELEMENTARY) != (name in OUTSIDE_TABLE)
    several = name in ELEMENTARY and len(ELEMENTARY[name].derivatives) > 1
    points = (arguments(name) if several else [(p,) for p in kernel_points(name, 40)])[::every]
    got = kernel(name, *np.array(points).T)
    bad = []
    for point, value, (truth, sensitivity) in zip(points, got, truths_of(name, points, got), strict=True):
        limit = ULP.get(name, math.inf)
        if name in CONDITIONED:
            limit = CONDITIONED[name] * (max(1.0, rounded(abs(sensitivity / truth))) if truth else INF)
        error = ulp_error(float(value), truth)
        if not error <= limit:
            what = f"{name}{point} = {value!r}, truth {rounded(truth)!r}, {error:.4g} ulp > {limit:.4g}"
            bad.append((error / (limit or 1), what))
    assert not bad, f"{len(bad)} of {len(points)} points\n" + "\n".join(m for _, m in sorted(bad, reverse=True)[:6])


def test_every_kernel_has_a_bound() -> None:
    assert set(FUNCTIONS) - NOT_ELEMENTARY == ULP.keys() | CONDITIONED.keys()


SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 5e-324, -5e-324, 1e-310, -1.0, 1.0, 2.0, -2.0]
LIKE_NUMPY = {
    n: getattr(np, n)
    for n in ("exp", "log", "expm1", "log1p", "sqrt", "sinh", "cosh", "tanh", "sin", "cos", "tan", "floor")
}
LIKE_NUMPY |= {n: getattr(np, "arc" + n[1:]) for n in ("asinh", "acosh", "atanh", "asin", "acos", "atan")} | {
    "abs": np.abs,
    "sign": np.sign,
}
LIKE_NUMPY |= {n: getattr(scipy.special, n) for n in ("logit", "ndtri", "erf", "erfc")}
LIKE_NUMPY |= {"sigmoid": scipy.special.expit, "softplus": lambda u: np.logaddexp(u, 0.0)}
LIMITS: dict[str, list[tuple[float, float]]] = {
    "erfinv": [(NAN, NAN), (1.0, INF), (-1.0, -INF), (0.0, 0.0), (-0.0, -0.0), (5e-324, 5e-324), (2.0, NAN)],
    "ndtr": [(NAN, NAN), (INF, 1.0), (-INF, 0.0), (0.0, 0.5), (-0.0, 0.5), (5e-324, 0.5), (-39.0, 0.0)],
    "log_ndtr": [(NAN, NAN), (INF, -0.0), (-INF, -INF), (0.0, -math.log(2.0)), (-1e200, -INF), (-1e150, -5e299)],
    "ndtri_exp": [
        (NAN, NAN),
        (-INF, -INF),
        (0.0, INF),
        (0.5, NAN),
        (-5e299, -1e150),
        (-1.7e308, -1.8439088914585775e154),
        (-5e-324, -scipy.special.ndtri(5e-324)),
        (-1e-200, -scipy.special.ndtri(1e-200)),
    ],
    "cbrt": [(NAN, NAN), (INF, INF), (-INF, -INF), (0.0, 0.0), (-0.0, -0.0), (-27.0, -3.0), (1e-300, 1e-100)],
    "lgamma": [
        (NAN, NAN),
        (INF, INF),
        (0.0, INF),
        (-0.0, INF),
        (1.0, 0.0),
        (2.0, 0.0),
        (-1.0, INF),
        (3.0, math.log(2.0)),
    ],
    "digamma": [(NAN, NAN), (INF, INF), (0.0, -INF), (-0.0, INF), (-1.0, NAN), (1.0, -0.5772156649015329)],
    "softplus_inverse": [(NAN, NAN), (INF, INF), (0.0, -INF), (-1.0, NAN)],
    "log1mexp": [(NAN, NAN), (0.0, -INF), (-1.0, NAN)],
    "logcosh": [(NAN, NAN), (INF, INF), (-INF, INF), (0.0, 0.0), (-0.0, 0.0), (5e-324, 0.0)],
    "loghypot1": [(NAN, NAN), (INF, INF), (-INF, INF), (0.0, 0.0), (-0.0, 0.0), (5e-324, 0.0)],
    "softsign": [(NAN, NAN), (INF, 1.0), (-INF, -1.0), (0.0, 0.0), (-0.0, -0.0), (5e-324, 5e-324)],
    "softsign_inverse": [(NAN, NAN), (1.0, INF), (-1.0, -INF), (0.0, 0.0), (-0.0, -0.0), (5e-324, 5e-324), (2.0, NAN)],
    "lambertw": [(NAN, NAN), (INF, INF), (0.0, 0.0), (-0.0, -0.0), (5e-324, 5e-324), (-1.0, NAN), (-INF, NAN)],
}


@pytest.mark.parametrize("name", [*LIKE_NUMPY, *LIMITS])
def test_special_values(name: str) -> None:
    if name in LIMITS:
        points, expected = np.array(LIMITS[name]).T
    else:
        points = np.array(SPECIAL)
        with np.errstate(all="ignore"):
            expected = LIKE_NUMPY[name](points)
    got = kernel(name, points)
    for p, g, e in zip(points, got, expected, strict=True):
        same = (math.isnan(g) and math.isnan(e)) or g == e or (math.isfinite(g) and abs(g - e) <= 2 * math.ulp(e))
        assert same, f"{name}({p!r}) = {g!r}, expected {e!r}"
        assert math.isnan(e) or math.copysign(1.0, g) == math.copysign(1.0, e), f"{name}({p!r}) = {g!r}, not {e!r}"


@pytest.mark.parametrize(
    ("name", "reference"), [("logaddexp", np.logaddexp), ("pow", np.power), ("max", np.maximum), ("min", np.minimum)]
)
def test_special_values_of_two_arguments(name: str, reference: Callable[..., np.ndarray]) -> None:
    values = [NAN, INF, -INF, 0.0, 5e-324, 1.0, 2.0, -1.0, -2.0]
    u, c = (a.reshape(-1) for a in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = reference(u, c)
    got = kernel(name, u, c)
    for a, b, g, e in zip(u, c, got, expected, strict=True):
        same = (math.isnan(g) and math.isnan(e)) or g == e or (math.isfinite(g) and abs(g - e) <= 2 * math.ulp(e))
        assert same, f"{name}({a!r}, {b!r}) = {g!r}, expected {e!r}"


def test_slopes_of_one_exponential_alone() -> None:
    """log|2 a exp(2u) + b exp(u)| and log|a exp(u) - b exp(-u)| where one of the coefficients is zero."""
    u = np.array([-1e10, -3000.0, -2000.5, -3.0, 0.25, 3.0, 2000.5, 3000.0, 1e10])
    zero, some = np.zeros(u.shape), np.full(u.shape, 0.75)
    for name, a, b, factor, rate in (
        ("exp_quadratic_log_slope", some, zero, 1.5, 2),
        ("exp_quadratic_log_slope", zero, some, 0.75, 1),
        ("exp_hyperbola_log_slope", some, zero, 0.75, 1),
        ("exp_hyperbola_log_slope", zero, some, 0.75, -1),
    ):
        with mpmath.workprec(200):
            truth = [float(mpmath.log(factor) + rate * mpf(float(p))) for p in u]
        np.testing.assert_allclose(kernel(name, u, a, b), truth, rtol=4e-16, err_msg=name)


@pytest.mark.parametrize("s", [1.0, -1.0])
def test_root_of_a_quadratic_that_is_linear(s: float) -> None:
    v = np.array([-1e300, -3.0, 0.0, 1e-300, 2.0, 1e300])
    zero, b, c, side = (np.full(v.shape, k) for k in (0.0, 2.0 * s, 1.0, s))
    np.testing.assert_allclose(kernel("quadratic_root", v, zero, b, c, side), (v - 1.0) / (2 * s), rtol=3e-16)
    np.testing.assert_allclose(kernel("quadratic_root_log_slope", v, zero, b, c), np.full(v.shape, -math.log(2.0)))


def test_odd_root_of_special_values() -> None:
    points = np.array([NAN, INF, -INF, 0.0, -0.0, 5e-324, -8.0, 27.0, 1e300])
    got = kernel("odd_root", points, np.full(points.shape, 3.0))
    assert math.isnan(got[0])
    np.testing.assert_array_max_ulp(got[1:6], np.cbrt(points[1:6]), 1)
    assert math.copysign(1.0, got[4]) == -1.0
    np.testing.assert_array_equal(got[6:8], [-2.0, 3.0])
