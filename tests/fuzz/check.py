"""One derived map against the meaning of its formula's text."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from symbij.calculus.truth import evaluate
from symbij.errors import ParameterError
from tests.fuzz.exactly import run_exactly
from tests.fuzz.grammar import Fuzzed
from tests.fuzz.interpret import NoInterpretation, run
from tests.fuzz.meaning import Undefined, as_double, rough
from tests.fuzz.points import grid, inside, parameter_values
from tests.fuzz.truth import Truth, log_size
from tests.fuzz.words import Unknown

WRONG = 1e-9  # an error beyond this, times the sensitivity, is a wrong answer
INACCURATE = 1000 * 2.0**-53
VERDICTS = {True: "loses its digits", False: "wrong value", None: "undecided"}  # of an answer that is far off
FOR_WANT = "for want of digits or range"
OPERATIONS = {  # name: (inverse, value, log_det)
    "forward": (False, True, False),
    "forward_log_det": (False, False, True),
    "inverse": (True, True, False),
    "inverse_log_det": (True, False, True),
}


@dataclass
class Problem:
    """Something that is not as it should be, with what it takes to see it again."""

    kind: str
    operation: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    point: float | None = None
    got: Any = None
    expected: Any = None
    note: str = ""
    times: int = 1


@dataclass
class Checked:
    """What checking a derived map gave: problems, and how many numbers were compared."""

    problems: list[Problem] = field(default_factory=list)
    compared: int = 0
    draws: int = 0


class Checker:
    """Compares one class of bijectors with its formula."""

    def __init__(self, fuzzed: Fuzzed, cls: Any, compiled: bool) -> None:
        self.fuzzed, self.cls, self.compiled = fuzzed, cls, compiled
        self.rng = random.Random(f"points {fuzzed.seed} {fuzzed.number}")
        self.found = Checked()
        self.judged: dict[str, list[bool | None]] = {}
        names = [p.name for p in cls._parameter_list]
        self.constraints = {name: fuzzed.constraints.get(name, "real") for name in names}

    def run(self, draws: int) -> Checked:
        """Check at `draws` sets of parameter values that satisfy the derived conditions."""
        wanted = draws if self.constraints else 1
        for attempt in range(6 * wanted):
            parameters = parameter_values(self.constraints, self.rng, simple=attempt % 3 == 2)
            try:
                bound = self.cls(**parameters)
            except ParameterError:
                continue
            _Draw(self, parameters, bound).run()
            self.found.draws += 1
            if self.found.draws == wanted or len(self.found.problems) > 20:
                break
        return self.found


class _Draw:
    """The checks at one set of parameter values."""

    def __init__(self, checker: Checker, parameters: dict[str, float], bound: Any) -> None:
        self.checker, self.parameters, self.bound = checker, parameters, bound
        self.fuzzed, self.rng = checker.fuzzed, checker.rng
        self.truth = Truth(self.fuzzed.text, parameters)
        derivation = bound.derivation
        self.domain = [self.number(e) for e in (derivation.domain.lo, derivation.domain.hi)]
        self.codomain = [self.number(e) for e in (derivation.codomain.lo, derivation.codomain.hi)]
        self.sign = (
            derivation.sign if isinstance(derivation.sign, int) else int(mpmath.sign(self.number(derivation.sign)))
        )

    def number(self, expr: Any) -> mpf:
        """A parameter expression of the derivation at these values."""
        if expr.is_infinite and expr.is_number:
            return mpf("inf") if expr.is_extended_positive else mpf("-inf")
        return evaluate(expr, self.parameters, 2000)

    def report(self, kind: str, operation: str = "", point: Any = None, got: Any = None, expected: Any = None,
               note: str = "") -> None:  # fmt: skip
        again = [p for p in self.checker.found.problems if (p.kind, p.operation) == (kind, operation)]
        if again:
            again[0].times += 1
            return
        shown = None if expected is None else mpmath.nstr(expected, 17) if isinstance(expected, mpf) else expected
        self.checker.found.problems.append(
            Problem(kind, operation, self.parameters, None if point is None else float(point),
                    None if got is None else float(got), shown, note)
        )  # fmt: skip

    def run(self) -> None:
        lo, hi = self.domain
        if not lo < hi:
            self.report("bad domain", note=f"({lo}, {hi})")
            return
        points = inside(lo, hi, self.rng)
        values: list[tuple[float, mpf, mpf]] = []
        for x in points:
            try:
                values.append((x, *self.truth.at(x)))
            except Undefined:
                if not self._is_hole(x):
                    self.report("not defined in its domain", point=x)
            except Unknown:
                continue
        self.check_direction(values)
        self.check_one_to_one()
        self.check_ends()
        self.check_codomain(values)
        ways: list[tuple[str, Callable[[str, Sequence[float]], np.ndarray]]] = [("", self.interpreted)]
        if self.checker.compiled:
            ways.append((" (compiled)", self.computed))
        for suffix, compute in ways:
            try:
                self.check_forward(values, compute, suffix)
                self.check_inverse(values, compute, suffix)
                self.check_outputs(compute, suffix)
            except NoInterpretation:
                if not self.checker.compiled:
                    ways.append((" (compiled)", self.computed))

    def _is_hole(self, x: float) -> bool:
        """Whether the formula is undefined at x alone, as x/x is at 0."""
        for near in (x * (1 - 1e-9) - 1e-300, x * (1 + 1e-9) + 1e-300):
            if rough(self.fuzzed.text, {**self.parameters, "x": near}) is None:
                return False
        return True

    # what the derivation says

    def check_direction(self, values: list[tuple[float, mpf, mpf]]) -> None:
        for x, _, slope in values:
            if mpmath.isnan(slope) or not slope:
                continue
            if (slope > 0) != (self.sign > 0):
                self.report("wrong direction", point=x, got=self.sign, expected=slope)
                return

    def check_one_to_one(self) -> None:
        before = None
        for x in grid(*self.domain):
            jet = rough(self.fuzzed.text, {**self.parameters, "x": x})
            if jet is None:
                continue
            if before is not None:
                rise = (jet.v - before[1].v) * self.sign
                if rise < -2 * (jet.e + before[1].e) and (jet.e + before[1].e) < mpf(10) ** -20 * abs(jet.v):
                    self.report("not one-to-one", point=x, got=before[0], note="f falls between these two inputs")
                    return
            before = (x, jet)

    def check_ends(self) -> None:
        """Beyond a finite end that the user did not ask for, the formula must not be defined."""
        given = self.checker.cls.formula.domain
        asked = [] if given is None else [self.number(given.lo), self.number(given.hi)]
        for end, outward in zip(self.domain, (-1, 1), strict=True):
            if mpmath.isinf(end) or end in asked:
                continue
            with mpmath.workprec(200):
                size = max(abs(end), mpf(1))
                beyond = [end + outward * size * step for step in (mpf(10) ** -12, mpf(10) ** -4, mpf(1) / 50)]
            if given is not None and not all(asked[0] < b < asked[1] for b in beyond):
                continue
            if all(rough(self.fuzzed.text, {**self.parameters, "x": b}) is not None for b in beyond):
                self.report("defined beyond its domain", point=end, note=f"domain {self.bound.derivation.domain}")

    def check_codomain(self, values: list[tuple[float, mpf, mpf]]) -> None:
        lo, hi = self.codomain
        for x, y, _ in values:
            if not (lo <= y <= hi or min(abs(y - lo), abs(y - hi)) <= mpf(10) ** -60 * abs(y)):
                self.report("value outside its codomain", "forward", x, expected=y, note=f"({lo}, {hi})"[:200])
                return

    # what the programs compute

    def interpreted(self, operation: str, points: Sequence[float]) -> np.ndarray:
        program = self.checker.cls._program(*OPERATIONS[operation])
        return run(program, np.array(points, float), [self.parameters[n] for n in self.checker.constraints])[0]

    def computed(self, operation: str, points: Sequence[float]) -> np.ndarray:
        method = operation if "log_det" not in operation else operation + "_jacobian"
        return np.asarray(getattr(self.bound, method)(np.array(points, float)))

    def check_forward(self, values: list[tuple[float, mpf, mpf]], compute: Any, suffix: str) -> None:
        known = [(x, y, slope) for x, y, slope in values if math.isfinite(as_double(y))]
        if not known:
            return
        points = [x for x, _, _ in known]
        for (x, y, _), got in zip(known, compute("forward", points), strict=True):
            self.compare("forward" + suffix, x, got, y, lambda t, p: t.at(p)[0])
        for (x, _, slope), got in zip(known, compute("forward_log_det", points), strict=True):
            if not mpmath.isnan(slope) and slope and mpmath.isfinite(slope):
                truth = log_size(slope)
                self.compare("forward_log_det" + suffix, x, got, truth, lambda t, p: t.log_det(p))

    def check_inverse(self, values: list[tuple[float, mpf, mpf]], compute: Any, suffix: str) -> None:
        lo, hi = self.codomain
        known = []
        for x, value, slope in values:
            y = as_double(value)
            if not math.isfinite(y) or not lo < y < hi or not slope or not mpmath.isfinite(slope):
                continue
            with mpmath.workprec(400):
                if abs(y / (x * slope) if x else mpf(1)) > 2.0**40:
                    continue  # a rounding of y moves x by more than there is to compare
            try:
                known.append((y, x, self.truth.preimage(y, x)))
            except (Undefined, Unknown):
                continue
        if not known:
            return
        outputs = [y for y, _, _ in known]

        def solved(near: float) -> Callable[[Truth, mpf], mpf]:
            return lambda t, p: t.preimage(p, near)

        def slope_there(near: float) -> Callable[[Truth, mpf], mpf]:
            return lambda t, p: -t.log_det(t.preimage(p, near))

        for (y, x, truth), got in zip(known, compute("inverse", outputs), strict=True):
            self.compare("inverse" + suffix, y, got, truth, solved(x))
        for (y, x, truth), got in zip(known, compute("inverse_log_det", outputs), strict=True):
            try:
                log_det = -self.truth.log_det(truth)
            except (Undefined, Unknown):
                continue
            if mpmath.isfinite(log_det):
                self.compare("inverse_log_det" + suffix, y, got, log_det, slope_there(x))

    def check_outputs(self, compute: Any, suffix: str) -> None:
        """Inverses of points all over the codomain: is there an input for each?"""
        if self.codomain[0] == self.codomain[1]:
            return  # closer than can be told, as ndtr(10000) and 1
        if not self.codomain[0] < self.codomain[1]:
            self.report("bad codomain", note=f"({self.codomain[0]}, {self.codomain[1]})"[:200])
            return
        outputs = [y for y in inside(*self.codomain, self.rng, 6) if 1e-200 < abs(y) < 1e200]
        if not outputs:
            return
        lo, hi = self.domain
        for y, got in zip(outputs, compute("inverse", outputs), strict=True):
            self.checker.found.compared += 1
            if math.isnan(got):
                exact = self.exactly("inverse", y)
                found = exact is not None and self.solves(y, exact)
                self.report("not finite", "inverse" + suffix, y, got, exact, FOR_WANT if found else "")
                continue
            if abs(got) > 1e300:
                continue  # its inverse may be beyond the doubles
            x = mpf(float(got))
            if not lo <= x <= hi:
                if min(abs(x - lo), abs(x - hi)) > 1e-9 * abs(x):
                    self.report("inverse outside the domain", "inverse" + suffix, y, got)
                continue
            self._check_solves(y, got, suffix)

    def _check_solves(self, y: float, got: float, suffix: str) -> None:
        """f - y must change its sign close to the inverse that was computed."""
        if self.solves(y, mpf(float(got))) is False:
            exact = self.exactly("inverse", y)
            right = None if exact is None else self.solves(y, exact) is not False
            self.report(VERDICTS[right], "inverse" + suffix, y, got, exact, "f there is not y")

    def solves(self, y: float, x: mpf) -> bool | None:
        """Whether f is y within rounding of the inputs at x; None where that cannot be told."""
        width = 1e-9
        with mpmath.workprec(400):
            try:
                _, slope = self.truth.at(x)
                if slope and mpmath.isfinite(slope) and x:
                    moved = self.truth.sensitivity(lambda t, p: t.at(p)[0], x) + abs(y)
                    width *= max(1.0, float(min(abs(moved / (x * slope)), mpf(10) ** 20)))
            except (Undefined, Unknown, OverflowError):
                return None
            if width > 1e-3 or mpmath.isnan(slope) or not mpmath.isfinite(x):
                return None
            lo, hi = self.domain
            ends = (max(x - width * abs(x) - mpf(10) ** -320, lo), min(x + width * abs(x) + mpf(10) ** -320, hi))
            if ends[0] == lo or ends[1] == hi:
                return None
            sides = []
            for end in ends:
                jet = rough(self.fuzzed.text, {**self.parameters, "x": end}, 2600)  # atanh(tanh(700)) takes 2050
                if jet is None:
                    return None
                sides.append((jet.v - y) * self.sign)
            return bool(sides[0] <= 0 <= sides[1])

    def compare(self, operation: str, point: float, got: float, truth: mpf, out: Callable[[Truth, mpf], mpf]) -> None:
        """Report what differs by more than the rounding of the inputs and some more of the arithmetic explains."""
        self.checker.found.compared += 1
        target = as_double(truth)
        if not math.isfinite(target) or got == target:
            return
        if not math.isfinite(got):
            right = self.right_in_principle(operation, point, truth, abs(truth))
            self.report("not finite", operation, point, got, truth, FOR_WANT if right else "")
            return
        with mpmath.workprec(400):
            error = abs(mpf(float(got)) - truth)
            # a slope next to 1 is known to some hundred bits after the point
            floor = mpf(10) ** -60 if "log_det" in operation else mpf(2) ** -1070
            if error <= INACCURATE * abs(truth) + floor:
                return
            size = abs(truth) + self.truth.sensitivity(out, point)
            if error <= INACCURATE * size + floor:
                return
            negligible = mpf(10) ** -12 if "log_det" in operation else mpf(0)
            kind = "inaccurate"
            if error > WRONG * size + negligible:
                kind = VERDICTS[self.right_in_principle(operation, point, truth, size)]
            note = f"{mpmath.nstr(error / (size + floor) * 2**53, 3)} roundings times the condition number"
        self.report(kind, operation, point, got, truth, note)

    def right_in_principle(self, operation: str, point: float, truth: mpf, size: mpf) -> bool | None:
        """Whether the program would give the truth, had its numbers more digits (asked twice, and then believed); None
        where the digits tried were not enough."""
        judged = self.checker.judged.setdefault(operation, [])
        if len(judged) >= 2:
            return judged[-1]
        exact = self.exactly(operation, point)
        negligible = mpf(10) ** -12 if "log_det" in operation else mpf(0)
        judged.append(None if exact is None else bool(abs(exact - truth) <= WRONG * size + negligible))
        return judged[-1]

    def exactly(self, operation: str, point: float) -> mpf | None:
        """What the program of an operation gives at raised precision."""
        program = self.checker.cls._program(*OPERATIONS[operation.split(" ")[0]])
        return run_exactly(program, point, [self.parameters[n] for n in self.checker.constraints])
