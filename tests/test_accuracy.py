"""Every bijector of the library against the truth of its forward formula: within 16 ulp times the condition number."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from library_cases import DEFINITIONS, KNOWN_LIMITS, PARAMETERS, START
from mpmath import mpf
from truth import EPS, PRECISION, Forward, from_ordinal, ordinal, real, rounded, ulp_error
from truth import at as evaluate

from symbij.bijectors.library import ALL

BOUND = 16.0

CASES = [(name, index) for name, sets in PARAMETERS.items() for index in range(len(sets))]
OPERATIONS = ("forward", "forward_log_det", "inverse", "inverse_log_det")


@dataclass
class Case:
    """One class at one set of parameters, with the truth of its formula and the ends of its domain and codomain."""

    name: str
    index: int

    def __post_init__(self) -> None:
        cls = ALL[self.name]
        self.given = PARAMETERS[self.name][self.index]
        self.bijector = cls(**self.given)
        formula = cls.formula
        values = {p.symbol: float(np.asarray(self.bijector.parameters[p.name])) for p in formula.parameters}
        self.start = START.get(self.name, PRECISION)
        self.truth = Forward(formula.expr, formula.variable, values, self.start)
        self.values = values
        derivation = cls.derivation
        self.domain = self._ends(derivation.domain)
        self.codomain = self._ends(derivation.codomain)

    def _ends(self, interval: object) -> tuple[mpf, mpf]:
        ends = []
        for end in (interval.lo, interval.hi):  # type: ignore[attr-defined]
            infinite = end.is_infinite and end.is_number
            ends.append(mpf("inf") * (1 if end > 0 else -1) if infinite else evaluate(end, self.values))
        return min(ends), max(ends)

    def scale_and_center(self) -> tuple[float, float]:
        """The size of x at which something happens, and where."""
        p = {k: float(np.asarray(v)) for k, v in self.bijector.parameters.items()}
        if self.name == "Cubic":
            return abs(1 / p["a"]), -p["b"] / p["a"]
        if self.name == "Softplus":
            return abs(p["hinge_softness"]), 0.0
        return p.get("scale", 1.0) if self.name != "Scale" else 1.0, p.get("loc", 0.0)


@functools.cache
def case(name: str, index: int) -> Case:
    return Case(name, index)


def uniform_ordinals(lo: mpf, hi: mpf, count: int, seed: int) -> list[float]:
    """Doubles of the open interval, uniform over all the doubles in it."""
    rng = np.random.default_rng(seed)
    first, last = (ordinal(max(-1.7e308, min(1.7e308, rounded(e)))) for e in (lo, hi))
    return [from_ordinal(first + int((last - first) * u)) for u in rng.uniform(0, 1, count)]


TAILS = [5e-324, 1e-310, 1e-300, 1e-100, 1e-20, 1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.5, 2.5, 4.0, 6.0, 9.0, 15.0, 20.0,
         30.0, 36.0, 37.5, 40.0, 100.0, 300.0, 700.0, 709.0, 740.0, 1e3, 1e5, 1e10, 1e17, 1e100, 1e200, 1e300,
         1.7e308]  # fmt: skip


def inside(points: list[float], lo: mpf, hi: mpf) -> list[float]:
    return sorted({float(p) for p in points if math.isfinite(p) and lo < mpf(p) < hi})


def near_ends(lo: mpf, hi: mpf, dense: bool) -> list[float]:
    """Points at every scale of distance from finite ends, and the first doubles inside them."""
    points: list[float] = []
    width = hi - lo if not (mpmath.isinf(lo) or mpmath.isinf(hi)) else mpf(1)
    for end, sign in ((lo, 1), (hi, -1)):
        if mpmath.isinf(end):
            continue
        points += [
            rounded(end + sign * width * mpf(10) ** -k)
            for k in (range(0, 320, 7) if dense else (1, 2, 4, 8, 12, 16, 50, 300))
        ]
        at = rounded(end)
        for _ in range(3):
            points.append(at)
            at = math.nextafter(at, sign * math.inf)
    return points


def domain_points(c: Case, dense: bool) -> list[float]:
    lo, hi = c.domain
    unit, center = c.scale_and_center()
    tails = TAILS if dense else [*TAILS[1::2], 5e-324, 37.5]
    points = [
        0.0,
        center,
        *(s * t for t in tails for s in (1, -1)),
        *(center + s * t * unit for t in tails for s in (1, -1)),
    ]
    points += near_ends(lo, hi, dense)
    points += uniform_ordinals(lo, hi, 400 if dense else 20, seed=1)
    rng = np.random.default_rng(2)
    points += [center + unit * v for v in rng.normal(0, 3, 400 if dense else 20)]
    return inside(points, lo, hi)


def reached(c: Case) -> tuple[mpf, mpf]:
    """The part of the codomain that points of the domain reach which the truth can still tell from its ends: a
    logarithm's value 1e10 has a preimage beyond 2^20000."""
    far, tiny = mpf(2) ** 20_000, mpf(2) ** -(c.start * 3 // 4)
    near = mpf(2) ** -(c.truth.exact_bits - 60)
    with mpmath.workprec(c.start):
        lo, hi = c.domain
        first = -far if mpmath.isinf(lo) else lo + max(tiny, near * abs(lo))
        last = far if mpmath.isinf(hi) else hi - max(tiny, near * abs(hi))
        ends = sorted(real(c.truth.value(end)) for end in (first, last))
    return max(ends[0], c.codomain[0]), min(ends[1], c.codomain[1])


def codomain_points(c: Case, dense: bool) -> list[float]:
    lo, hi = c.codomain
    tails = TAILS if dense else [*TAILS[1::3], 5e-324]
    points = [s * t for t in tails for s in (1, -1)] + near_ends(lo, hi, dense)
    points += uniform_ordinals(lo, hi, 300 if dense else 12, seed=3)
    rng = np.random.default_rng(4)
    unit, center = c.scale_and_center()
    with mpmath.workprec(c.start):
        xs = [
            x
            for x in (center + unit * v for v in rng.normal(0, 2, 200 if dense else 10))
            if c.domain[0] < x < c.domain[1]
        ]
        points += [rounded(c.truth.value(mpf(x))) for x in xs]
    return inside(points, *reached(c))


@functools.cache
def forward_truth(name: str, index: int, dense: bool) -> tuple[list[float], list[tuple[mpf, ...]]]:
    c = case(name, index)
    points = domain_points(c, dense)
    return points, [c.truth.forward(x) for x in points]


@functools.cache
def inverse_truth(name: str, index: int, dense: bool) -> tuple[list[float], list[tuple[mpf, ...]]]:
    c = case(name, index)
    points = codomain_points(c, dense)
    guesses = c.bijector.inverse(np.array(points))
    return points, [
        c.truth.inverse(y, c.truth.preimage(y, float(g), *c.domain)) for y, g in zip(points, guesses, strict=True)
    ]


def allowed(truth: mpf, sensitivity: mpf) -> float:
    """The error bound in ulp of the truth. Where the truth is zero, relative to the sensitivity instead."""
    if mpmath.isinf(truth):
        return 0.0
    if truth == 0:
        return BOUND * max(1.0, rounded(sensitivity * EPS / mpf(5e-324)))
    return BOUND * max(1.0, rounded(abs(sensitivity / truth)))


def check(name: str, index: int, operation: str, dense: bool) -> None:
    c = case(name, index)
    going_forward = operation.startswith("forward")
    points, truths = (forward_truth if going_forward else inverse_truth)(name, index, dense)
    method = {
        "forward": c.bijector.forward,
        "forward_log_det": c.bijector.forward_log_det_jacobian,
        "inverse": c.bijector.inverse,
        "inverse_log_det": c.bijector.inverse_log_det_jacobian,
    }[operation]
    got = method(np.array(points))
    offset = 2 if operation.endswith("log_det") else 0
    bad = []
    for p, g, t in zip(points, got, truths, strict=True):
        truth, sensitivity = t[offset], t[offset + 1]
        error, limit = ulp_error(float(g), truth), allowed(truth, sensitivity)
        if not error <= limit:
            report = f"at {p!r}: {float(g)!r}, truth {rounded(truth)!r}, {error:.4g} ulp > {limit:.4g}"
            bad.append((error / (limit or 1.0), report))
    worst = sorted(bad, reverse=True)[:6]
    assert not bad, f"{c.bijector!r}.{operation}: {len(bad)} of {len(points)} points\n" + "\n".join(m for _, m in worst)


def test_every_bijector_has_parameter_sets() -> None:
    assert set(PARAMETERS) == set(ALL)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("name", "index"), CASES)
def test_accuracy(name: str, index: int, operation: str) -> None:
    check(name, index, operation, dense=False)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("name", "index"), CASES)
def test_accuracy_on_many_points(name: str, index: int, operation: str) -> None:
    try:
        check(name, index, operation, dense=True)
    except AssertionError:
        reason = KNOWN_LIMITS.get((name, operation)) or KNOWN_LIMITS.get((name, index, operation))
        if reason is None:
            raise
        pytest.xfail(reason)


@pytest.mark.parametrize(("name", "index"), CASES)
def test_formula_is_that_of_the_literature(name: str, index: int) -> None:
    c = case(name, index)
    unit, center = c.scale_and_center()
    parameters = {k: mpf(float(np.asarray(v))) for k, v in c.bijector.parameters.items()}
    with mpmath.workprec(800):
        for shift in (-7.3, -1.0, -0.25, 0.0, 0.4, 2.0, 11.0):
            lo, hi = c.domain
            bounded = mpmath.isfinite(lo) and mpmath.isfinite(hi)
            x = lo + (hi - lo) / (1 + mpmath.exp(-mpf(shift))) if bounded else mpf(center + unit * shift)
            expected = DEFINITIONS[name](x, **parameters)
            assert abs(real(c.truth.value(x)) - expected) <= mpf(10) ** -200 * max(1, abs(expected))
