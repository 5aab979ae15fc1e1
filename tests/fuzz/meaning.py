"""The meaning of a formula's text: its value and derivative, from Python's syntax tree and mpmath alone.

Nothing of symbij is used: no parser, no simplification. Every value carries a bound of its rounding error, propagated
to first order, and the precision is raised until the error is negligible; so 1 + exp(-700) is not taken for 1 where a
logarithm follows.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import mpmath
from mpmath import mpf

from tests.fuzz.words import WORDS, Unknown, exp

PRECISIONS = (250, 500, 1000, 2200, 4500)
_SETTLED = mpf(2) ** -100  # error of a value, in relation to it
_SLOPE_SETTLED = mpf(2) ** -60
_NOTHING = mpf(10) ** -700  # as good as zero to a double, and to its logarithm's
_NAN = mpf("nan")


class Undefined(ArithmeticError):
    """The formula has no real value here."""


class Lost(ArithmeticError):
    """Rounding decides which way this goes: more digits are needed."""


@dataclass(frozen=True, slots=True)
class Jet:
    """A value, its derivative with respect to x (NaN where there is none), and a bound of the value's error."""

    v: mpf
    d: mpf
    e: mpf


_ZERO = mpf(0)


@functools.lru_cache(maxsize=4096)
def tree_of(text: str) -> ast.expr:
    """The syntax tree of a formula."""
    return ast.parse(text, mode="eval").body


def value_and_slope(text: str, values: Mapping[str, float | mpf]) -> tuple[mpf, mpf]:
    """f and f' at `values`, which are taken as exact. Raises `Undefined` where f is not defined, `Unknown` where it
    cannot be told."""
    tree = tree_of(text)
    for precision in PRECISIONS:
        first = _settled(tree, values, precision)
        if first is None:
            continue
        again = _settled(tree, values, precision + precision // 3)  # only values have error bounds; slopes must agree
        if again is not None and _alike(first.d, again.d):
            return again.v, again.d
    raise Unknown("does not settle")


def value(text: str, values: Mapping[str, float | mpf]) -> mpf:
    """f at `values`; see `value_and_slope`."""
    for precision in PRECISIONS:
        jet = _settled(tree_of(text), values, precision)
        if jet is not None:
            return jet.v
    raise Unknown("does not settle")


def _settled(tree: ast.expr, values: Mapping[str, float | mpf], precision: int) -> Jet | None:
    """f at this precision if that is enough for its value."""
    with mpmath.workprec(precision):
        try:
            jet = _Evaluation(values).at(tree)
        except Lost:
            return None
        except (OverflowError, MemoryError, ValueError, mpmath.libmp.NoConvergence) as error:
            raise Unknown(str(error)) from None
        settled = mpmath.isfinite(jet.v) and jet.e <= max(abs(jet.v) * _SETTLED, _NOTHING)
        return jet if settled else None


def rough(text: str, values: Mapping[str, float | mpf], precision: int = 200) -> Jet | None:
    """f at one precision, with its error bound; None where it is not defined or cannot be told."""
    with mpmath.workprec(precision):
        try:
            jet = _Evaluation(values).at(tree_of(text))
        except (ArithmeticError, MemoryError, ValueError, mpmath.libmp.NoConvergence):
            return None
    return jet if mpmath.isfinite(jet.v) and mpmath.isfinite(jet.e) else None


def _alike(a: mpf, b: mpf) -> bool:
    if mpmath.isnan(a) or mpmath.isnan(b):
        return bool(mpmath.isnan(a) and mpmath.isnan(b))
    if mpmath.isinf(a) or mpmath.isinf(b):
        return bool(a == b)
    return bool(abs(a - b) <= _SLOPE_SETTLED * abs(b))


class _Evaluation:
    """One evaluation at the precision in use."""

    def __init__(self, values: Mapping[str, float | mpf]) -> None:
        self.values = values
        self.unit = mpf(2) ** (2 - mpmath.mp.prec)

    def at(self, node: ast.expr) -> Jet:
        return getattr(self, "_" + type(node).__name__.lower())(node)  # type: ignore[no-any-return]

    def jet(self, v: mpf, d: mpf, e: mpf) -> Jet:
        return Jet(v, d, e + abs(v) * self.unit)

    def _constant(self, node: ast.Constant) -> Jet:
        exact = Fraction(repr(node.value))
        if exact.denominator == 1:
            return Jet(mpf(exact.numerator), _ZERO, _ZERO)
        return self.jet(mpf(exact.numerator) / exact.denominator, _ZERO, _ZERO)

    def _name(self, node: ast.Name) -> Jet:
        if node.id in self.values:
            return Jet(mpf(self.values[node.id]), mpf(int(node.id == "x")), _ZERO)
        return self.jet(+{"pi": mpmath.pi, "e": mpmath.e}[node.id], _ZERO, _ZERO)

    def _unaryop(self, node: ast.UnaryOp) -> Jet:
        u = self.at(node.operand)
        return Jet(-u.v, -u.d, u.e) if isinstance(node.op, ast.USub) else u

    def _binop(self, node: ast.BinOp) -> Jet:
        if isinstance(node.op, ast.Pow):
            return self.power(self.at(node.left), node.right)
        a, b = self.at(node.left), self.at(node.right)
        if isinstance(node.op, ast.Add):
            return self.jet(a.v + b.v, a.d + b.d, a.e + b.e)
        if isinstance(node.op, ast.Sub):
            return self.jet(a.v - b.v, a.d - b.d, a.e + b.e)
        if isinstance(node.op, ast.Mult):
            return self.jet(a.v * b.v, a.d * b.v + a.v * b.d, abs(a.v) * b.e + abs(b.v) * a.e + a.e * b.e)
        assert isinstance(node.op, ast.Div)
        if abs(b.v) <= b.e:
            raise Lost if b.e else Undefined
        v = a.v / b.v
        return self.jet(v, (a.d - v * b.d) / b.v, (a.e + abs(v) * b.e) / abs(b.v))

    def power(self, base: Jet, node: ast.expr) -> Jet:
        exact = exact_value(node)
        if exact is not None and exact.denominator == 1:
            return self.whole_power(base, exact.numerator)
        exponent = self.at(node)
        if base.v - base.e < 0 and base.v + base.e > 0:
            raise Lost
        if base.v < 0:
            raise Undefined
        if base.v == 0:
            if exponent.v <= 0:
                raise Undefined
            return Jet(_ZERO, _NAN, _ZERO)
        logarithm = mpmath.log(base.v)
        v = exp(exponent.v * logarithm)
        d = v * (exponent.v * base.d / base.v + (logarithm * exponent.d if exponent.d else 0))
        relative = abs(exponent.v) * base.e / base.v + abs(logarithm) * (exponent.e + abs(exponent.v) * self.unit)
        return self.jet(v, d, abs(v) * relative)

    def whole_power(self, base: Jet, n: int) -> Jet:
        if n == 0:
            return Jet(mpf(1), _ZERO, _ZERO)
        if n < 0 and abs(base.v) <= base.e:
            raise Lost if base.e else Undefined
        slope = n * base.v ** (n - 1) if base.v or n >= 1 else _NAN
        return self.jet(base.v**n, slope * base.d, abs(slope) * base.e + base.e**2)

    def _compare(self, node: ast.Compare) -> bool:
        a, b = self.at(node.left), self.at(node.comparators[0])
        difference, e = a.v - b.v, a.e + b.e
        if e and abs(difference) <= e:
            raise Lost
        kinds = {ast.Lt: difference < 0, ast.LtE: difference <= 0, ast.Gt: difference > 0, ast.GtE: difference >= 0}
        return bool(kinds[type(node.ops[0])])

    def _call(self, node: ast.Call) -> Jet:
        name = node.func.id  # type: ignore[attr-defined]
        if name == "where":
            return self.where(node)
        if name == "pow":
            return self.power(self.at(node.args[0]), node.args[1])
        arguments = [self.at(a) for a in node.args]
        special = getattr(self, "word_" + name, None)
        if special is not None:
            return special(*arguments)  # type: ignore[no-any-return]
        (u,) = arguments
        return self.word(name, u)

    def word(self, name: str, u: Jet) -> Jet:
        meaning = WORDS[name]
        inside = meaning.defined(u.v)
        if u.e and not (meaning.defined(u.v - u.e) == inside == meaning.defined(u.v + u.e)):
            raise Lost
        if not inside:
            raise Undefined
        v = meaning.value(u.v)
        try:
            slope = meaning.derivative(u.v, v)
        except ZeroDivisionError:
            slope = mpf("inf")
        if u.e and mpmath.isinf(slope):
            raise Lost
        error = abs(slope) * u.e if u.e else _ZERO
        return self.jet(v, slope * u.d if u.d else _ZERO, error)

    def where(self, node: ast.Call) -> Jet:
        condition, yes, no = node.args
        assert isinstance(condition, ast.Compare)
        chosen = self.at(yes if self._compare(condition) else no)
        left, right = self.at(condition.left), self.at(condition.comparators[0])
        return Jet(chosen.v, _NAN, chosen.e) if left.v == right.v else chosen  # no slope claimed at the joint

    def word_max(self, *arguments: Jet) -> Jet:
        best = arguments[0]
        for other in arguments[1:]:
            larger = best if best.v > other.v else other
            if abs(best.v - other.v) <= best.e + other.e:  # no slope is claimed where two of different slopes meet
                larger = Jet(larger.v, best.d if best.d == other.d else _NAN, best.e + other.e)
            best = larger
        return best

    def word_min(self, *arguments: Jet) -> Jet:
        largest = self.word_max(*(Jet(-a.v, -a.d, a.e) for a in arguments))
        return Jet(-largest.v, -largest.d, largest.e)

    def word_abs(self, u: Jet) -> Jet:
        sign = mpmath.sign(u.v)
        return Jet(abs(u.v), sign * u.d if abs(u.v) > u.e else (_NAN if u.d else _ZERO), u.e)

    def word_sign(self, u: Jet) -> Jet:
        if u.e and abs(u.v) <= u.e:
            raise Lost
        return Jet(mpmath.sign(u.v), _ZERO if u.v or not u.d else _NAN, _ZERO)

    def word_floor(self, u: Jet) -> Jet:
        v = mpmath.floor(u.v)
        if u.e and (u.v - v <= u.e or v + 1 - u.v <= u.e):
            raise Lost
        return Jet(v, _ZERO if u.v != v or not u.d else _NAN, _ZERO)

    def word_ceil(self, u: Jet) -> Jet:
        below = self.word_floor(Jet(-u.v, -u.d, u.e))
        return Jet(-below.v, below.d, below.e)

    def word_frac(self, u: Jet) -> Jet:
        below = self.word_floor(u)
        return self.jet(u.v - below.v, u.d + below.d, u.e)

    def word_logaddexp(self, a: Jet, b: Jet) -> Jet:
        big, small = (a, b) if a.v >= b.v else (b, a)
        ratio = exp(small.v - big.v)
        weight = ratio / (1 + ratio)
        v = big.v + mpmath.log1p(ratio)
        return self.jet(v, big.d * (1 - weight) + small.d * weight, a.e + b.e + abs(big.v) * self.unit)

    def word_log(self, u: Jet, base: Jet | None = None) -> Jet:
        top = self.word("log", u)
        if base is None:
            return top
        bottom = self.word("log", base)
        v = top.v / bottom.v
        return self.jet(v, (top.d - v * bottom.d) / bottom.v, (top.e + abs(v) * bottom.e) / abs(bottom.v))


def exact_value(node: ast.expr) -> Fraction | None:
    """The number that a part of a formula is, if it is arithmetic on numbers alone."""
    if isinstance(node, ast.Constant):
        return Fraction(repr(node.value))
    if isinstance(node, ast.UnaryOp):
        inner = exact_value(node.operand)
        return None if inner is None else (-inner if isinstance(node.op, ast.USub) else inner)
    if isinstance(node, ast.BinOp):
        a, b = exact_value(node.left), exact_value(node.right)
        if a is None or b is None:
            return None
        if isinstance(node.op, ast.Add):
            return a + b
        if isinstance(node.op, ast.Sub):
            return a - b
        if isinstance(node.op, ast.Mult):
            return a * b
        if isinstance(node.op, ast.Div) and b:
            return a / b
    return None


def as_double(number: mpf) -> float:
    """The nearest double; infinite beyond the largest."""
    if mpmath.isnan(number):
        return math.nan
    if abs(number) >= mpf(2) ** 1024:
        return math.copysign(math.inf, number)
    if abs(number) < mpf(2) ** -1022:
        with mpmath.workprec(200):
            return float(mpmath.nint(number * mpf(2) ** 1074)) * 2.0**-1074
    return float(number)
