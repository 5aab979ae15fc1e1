"""What is wrong with a log-det that is written as an expression: one plain line."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import sympy as sp
from mpmath import mpf
from sympy.printing.str import StrPrinter

from symbij.accuracy.definition import numeric, plain
from symbij.audit.stan_compare import START_BITS, Comparison, Point, value_at
from symbij.calculus.derivation import Derivation
from symbij.formula.formula import Formula
from symbij.formula.functions import expand_definitions

_CLOSE = 1e-8
_FACTORS = (1, -1, 2, -2, 3, -3, Fraction(1, 2), Fraction(-1, 2))  # of the log of a parameter, in the order of trial
_CONSTANTS = {"pi": mpmath.pi, "2*pi": 2 * mpmath.pi, "sqrt(pi)": mpmath.sqrt(mpmath.pi),
              "sqrt(2*pi)": mpmath.sqrt(2 * mpmath.pi), "sqrt(2)": mpmath.sqrt(2), "e": mpmath.e}  # fmt: skip
_LARGEST = 1000  # numerator and denominator of a factor that is told as a fraction


@dataclass(frozen=True)
class Explanation:
    """One line, and the direction that it is about: empty for none in particular."""

    text: str
    direction: str = ""


def explain(
    formula: Formula, jacobian: sp.Expr, output: sp.Symbol, derivation: Derivation | None, found: Comparison,
    wanted: Sequence[str], meaning: Callable[[str], str], names: Mapping[sp.Symbol, sp.Symbol],
) -> Explanation:  # fmt: skip
    """What is wrong with the `jacobian`, said to be a log-det in one of the `wanted` directions.

    `meaning` names the log-det of a direction, `names` are the user's names of symbols that have another one here.
    """
    with mpmath.workprec(START_BITS):
        for other in ("forward", "inverse"):
            if other not in wanted and found.mismatch[other] is None:
                return Explanation(f"is {meaning(other)}: the sign is that of the other direction")
        finite = [p for p in found.points if mpmath.isfinite(p.got)]
        signs = {d: 1 if d == "forward" else -1 for d in wanted}
        if not finite:
            return Explanation("is not a real number anywhere")
        for direction, sign in signs.items():
            if len(finite) < found.count and _all_close((p.got, sign * p.log_slope) for p in finite):
                return Explanation(_where_missing(found.points, meaning("forward"), names), direction)
        told = _Explainer(formula, jacobian, output, derivation, finite, names)
        for way in (told.without_log, told.other_variable, told.constant, told.of_parameters, told.multiple, told.term):
            for direction, sign in signs.items():
                for text in way(sign, meaning(direction)):
                    return Explanation(text, direction)
        return Explanation("is another function")


class _Explainer:
    """Tries one explanation after the other on the points at which the jacobian is a number."""

    def __init__(
        self, formula: Formula, jacobian: sp.Expr, output: sp.Symbol, derivation: Derivation | None,
        points: list[Point], names: Mapping[sp.Symbol, sp.Symbol],
    ) -> None:  # fmt: skip
        self.formula, self.jacobian, self.output, self.derivation = formula, jacobian, output, derivation
        self.points, self.names = points, names
        self.symbols = [formula.variable, *points[0].values]

    def without_log(self, sign: int, name: str) -> Iterator[str]:
        """The derivative where its log should be."""
        inner = name.removeprefix("log|").removesuffix("|")
        values = [(p.got, p.slope**sign) for p in self.points]
        if _all_close(values) or _all_close((g, abs(v)) for g, v in values):
            yield f"is {inner}, without its log"

    def other_variable(self, sign: int, name: str) -> Iterator[str]:
        """The right function, of the output where the input is written or the other way round."""
        x = self.formula.variable
        for written, meant in ((x, self.output), (self.output, x)):
            other = {x: self.output, self.output: x}[written]
            if not self.jacobian.has(written) or self.jacobian.has(other):
                continue
            expr = self.jacobian.xreplace({written: meant}).xreplace({self.output: self.formula.expr})
            if _all_close((g, sign * p.log_slope) for g, p in zip(self._values(expr), self.points, strict=True)):
                yield f"is {name} as a function of {self.names[meant]}, but is written with {self.names[written]}"

    def constant(self, sign: int, name: str) -> Iterator[str]:
        """A factor that is missing or too many."""
        off = self._off(sign)
        if _all_close((d, off[0]) for d in off):
            yield f"{_factor(off[0])} (beside {name})"

    def of_parameters(self, sign: int, name: str) -> Iterator[str]:
        """Terms of the parameters alone."""
        off = self._off(sign)
        sets = {tuple(p.values.items()): d for p, d in zip(self.points, off, strict=True)}
        if not self.symbols[1:] or not _all_close(
            (d, sets[tuple(p.values.items())]) for p, d in zip(self.points, off, strict=True)
        ):
            return
        for shown, sizes in self._sizes():
            for k in _FACTORS:
                times = mpf(k.numerator) / k.denominator
                rest = [d - times * mpmath.log(size) for size, d in zip(sizes, off, strict=True)]
                if not _all_close((r, rest[0]) for r in rest):
                    continue
                term = f"{'' if abs(k) == 1 else f'{abs(k)}*'}log|{shown}|"
                more = "" if abs(rest[0]) < _CLOSE else f", and {_factor(rest[0])}"
                yield f"{'missing' if k < 0 else 'too many by'} the term {term}{more} (beside {name})"
        yield f"off by a term of the parameters alone (beside {name})"

    def _sizes(self) -> Iterator[tuple[str, list[mpf]]]:
        """Absolute values of parameters, of their differences and sums, where none is zero."""
        shown = {s: str(self.names.get(s, s)) for s in self.symbols[1:]}
        single = [(name, {s: 1}) for s, name in shown.items()]
        both = [(f"{shown[b]} {'-' if f < 0 else '+'} {shown[a]}", {a: f, b: 1})
                for f in (-1, 1) for a, b in itertools.combinations(shown, 2)]  # fmt: skip
        for name, factors in [*single, *both]:
            sizes = [abs(mpmath.fsum(f * p.values[s] for s, f in factors.items())) for p in self.points]
            if all(sizes):
                yield name, sizes

    def term(self, sign: int, name: str) -> Iterator[str]:
        """One term of the log-det that is missing or has another factor."""
        if self.derivation is None:
            return
        off = self._off(sign)
        x = self.formula.variable
        for term in sp.Add.make_args(sp.expand(self.derivation.forward_log_det)):
            factor, rest = term.as_coeff_Mul()
            if not rest.has(x) or not factor.is_Rational:
                continue
            pairs = [
                (d, r) for d, r in zip(off, self._values(rest), strict=True) if mpmath.isfinite(r) and abs(r) > 0.01
            ]
            if len(pairs) < 3 or not _all_close((d / r, pairs[0][0] / pairs[0][1]) for d, r in pairs):
                continue
            extra = Fraction(float(pairs[0][0] / pairs[0][1])).limit_denominator(_LARGEST)
            right = sign * Fraction(int(factor.p), int(factor.q))
            shown = bars(rest, self.names)
            if right + extra == 0:
                yield f"missing the term {_times(right)}{shown} of {name}"
            else:
                yield f"the term {shown} has factor {right + extra} instead of {right} in {name}"

    def multiple(self, sign: int, name: str) -> Iterator[str]:
        """A multiple of the right log-det."""
        pairs = [(p.got, sign * p.log_slope) for p in self.points if abs(p.log_slope) > 0.01]
        if len(pairs) >= 3 and _all_close((g / t, pairs[0][0] / pairs[0][1]) for g, t in pairs):
            yield f"is {_number(pairs[0][0] / pairs[0][1])} times {name}"

    def _off(self, sign: int) -> list[mpf]:
        return [p.got - sign * p.log_slope for p in self.points]

    def _values(self, expr: sp.Expr) -> list[mpf]:
        function = numeric(plain(expr), self.symbols)
        return [value_at(function, [mpf(p.x), *p.values.values()]) for p in self.points]


def _all_close(pairs: Iterator[tuple[mpf, mpf]] | Sequence[tuple[mpf, mpf]]) -> bool:
    return all(abs(a - b) <= _CLOSE * max(mpf(1), abs(b)) for a, b in pairs)


def _where_missing(points: Sequence[Point], name: str, names: Mapping[sp.Symbol, sp.Symbol]) -> str:
    """Where a jacobian that is right elsewhere is not a number."""
    slope = name.removeprefix("log|").removesuffix("|")
    missing = [p for p in points if not mpmath.isfinite(p.got)]
    finite = [p for p in points if mpmath.isfinite(p.got)]
    for symbol in points[0].values:
        if all(p.values[symbol] < 0 for p in missing) and all(p.values[symbol] > 0 for p in finite):
            shown = names.get(symbol, symbol)
            return f"is not a real number where {shown} < 0: parameter {shown} enters without abs"
    if all(p.slope < 0 for p in missing) and all(p.slope > 0 for p in finite):
        return f"is not a real number where {slope} < 0: abs is missing"
    return "is not a real number at some inputs, and right at the others"


def _factor(log: mpf) -> str:
    """A constant in a log-det as the factor of the derivative that it is the log of."""
    size = mpmath.exp(abs(log))
    whole = Fraction(float(size)).limit_denominator(_LARGEST)
    shown = next((n for n, v in _CONSTANTS.items() if abs(size - v) < _CLOSE * v), "")
    if (
        not shown
        and whole.numerator <= _LARGEST
        and abs(size - mpf(whole.numerator) / whole.denominator) < _CLOSE * size
    ):
        shown = str(whole)
    if not shown:
        return f"off by the constant {mpmath.nstr(log, 6)}"
    return f"missing factor {shown}" if log < 0 else f"factor {shown} too many"


def _number(value: mpf) -> str:
    near = Fraction(float(value)).limit_denominator(_LARGEST)
    return str(near) if abs(value - mpf(near.numerator) / near.denominator) < _CLOSE else mpmath.nstr(value, 6)


def _times(factor: Fraction) -> str:
    return {1: "", -1: "-"}.get(factor, f"{factor}*")  # type: ignore[call-overload]


def bars(expr: sp.Expr, names: Mapping[sp.Symbol, sp.Symbol]) -> str:
    """An expression as text, with bars for absolute values, the user's names, and no words that only symbij has."""
    return _Bars().doprint(expand_definitions(expr).xreplace(dict(names)))


class _Bars(StrPrinter):
    def _print_log(self, expr: sp.log) -> str:
        inner = self._print(expr.args[0])
        return f"log{inner}" if isinstance(expr.args[0], sp.Abs) else f"log({inner})"

    def _print_Abs(self, expr: sp.Abs) -> str:
        return f"|{self._print(expr.args[0])}|"
