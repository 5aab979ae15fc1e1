"""Every bijector of the library against the truth of its forward formula: within 4 ulp times the condition number."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from library_cases import DEFINITIONS, KNOWN_LIMITS, LIMITS, PARAMETERS, SMALLEST_OUTPUT, START
from mpmath import mpf
from truth import EPS, PRECISION, Forward, OutOfReach, real, rounded, ulp_error
from truth import at as evaluate

from symbij.accuracy.points import TAILS, inside, near_ends, uniform_ordinals
from symbij.bijectors.library import ALL
from symbij.formula.parser import parse

BOUND = 4.0

CASES = [(name, index) for name, sets in PARAMETERS.items() for index in range(len(sets))]
# Truth takes its time: one set of each class is tried always, the others with the slow tests.
PROMPT = [pytest.param(*c, marks=pytest.mark.slow) if c[1] >= 1 else pytest.param(*c) for c in CASES]
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
        formula = type(self.bijector).formula  # of as many components as there are, where parameters are vectors
        given = self.bijector._values()
        values = {p.symbol: float(given[p.name]) for p in formula.parameters}
        self.start = START.get(self.name, PRECISION)
        expr, varied = formula.expr, dict(values)
        for parameter, value, limit in LIMITS.get(self.name, ()):
            if self.bijector.parameters[parameter] == value:
                # the formula's limit, in which this parameter has no part; it is left out of the sensitivity
                symbols = {s.name: s for s in [formula.variable, *values]}
                expr = parse(limit, symbols)[0]
                varied.pop(symbols[parameter])
        self.truth = Forward(expr, formula.variable, varied, self.start)
        self.values = values
        derivation = self.bijector.derivation
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
        p = {k: float(np.mean(v)) for k, v in self.bijector.parameters.items()}
        if self.name == "Cubic":
            return abs(1 / p["a"]), -p["b"] / p["a"]
        if self.name == "Softplus":
            return abs(p["hinge_softness"]), 0.0
        if self.name == "LambertWTail":
            return p["scale"], p["shift"]
        if "locs" in p:
            return p["scales"], p["locs"]
        if "bin_widths" in p:
            width = float(np.sum(self.bijector.parameters["bin_widths"]))
            return width / 4, p["range_min"] + width / 2
        return p.get("scale", 1.0) if self.name != "Scale" else 1.0, p.get("loc", 0.0)


@functools.cache
def case(name: str, index: int) -> Case:
    return Case(name, index)


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
    return inside([p for p in points if abs(p) >= SMALLEST_OUTPUT.get(c.name, 0.0)], *reached(c))


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
    found, truths = [], []
    for y, guess in zip(points, guesses, strict=True):
        with contextlib.suppress(OutOfReach):  # the logarithm's inverse at 1e300
            truths.append(c.truth.inverse(y, c.truth.preimage(y, float(guess), *c.domain)))
            found.append(y)
    assert found
    return found, truths


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
        if offset and c.truth.slope_jumps(mpf(p) if going_forward else t[0]):
            continue  # at a corner there is no derivative
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
@pytest.mark.parametrize(("name", "index"), PROMPT)
def test_accuracy(name: str, index: int, operation: str) -> None:
    check_within_limits(name, index, operation, dense=False)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("name", "index"), CASES)
def test_accuracy_on_many_points(name: str, index: int, operation: str) -> None:
    check_within_limits(name, index, operation, dense=True)


def check_within_limits(name: str, index: int, operation: str, dense: bool) -> None:
    """`check`, where a failure that is known is expected."""
    try:
        check(name, index, operation, dense)
    except AssertionError:
        reason = KNOWN_LIMITS.get((name, operation)) or KNOWN_LIMITS.get((name, index, operation))
        if reason is None:
            raise
        pytest.xfail(reason)


@pytest.mark.parametrize("name", SMALLEST_OUTPUT)
def test_outputs_too_small_for_accuracy_have_finite_preimages(name: str) -> None:
    for index in range(len(PARAMETERS[name])):
        bijector = case(name, index).bijector
        x, log_det = bijector.inverse_and_log_det(np.array([5e-324, 1e-320, 1e-310]))
        assert np.all(np.isfinite(x))
        assert np.all(np.isfinite(log_det))
        assert np.all(np.diff(x) >= 0)


@pytest.mark.parametrize(("name", "index"), PROMPT)
def test_formula_is_that_of_the_literature(name: str, index: int) -> None:
    c = case(name, index)
    unit, center = c.scale_and_center()
    parameters = {
        k: [mpf(float(e)) for e in v] if np.ndim(v) else mpf(float(v)) for k, v in c.bijector.parameters.items()
    }
    lo, hi = c.domain
    width = hi - lo if mpmath.isfinite(lo) and mpmath.isfinite(hi) else mpf(unit)
    points = [center + unit * shift for shift in (-7.3, -1.0, -0.25, 0.0, 0.4, 2.0, 11.0)]
    points += [end + s * width * f for end, s in ((lo, 1), (hi, -1)) if mpmath.isfinite(end) for f in (0.01, 0.3, 0.9)]
    inner = [mpf(x) for x in points if lo < x < hi]
    assert len(inner) >= 3
    with mpmath.workprec(1600):
        for x in inner:
            expected = DEFINITIONS[name](x, **parameters)
            assert abs(real(c.truth.value(x)) - expected) <= mpf(10) ** -100 * max(1, abs(expected))
