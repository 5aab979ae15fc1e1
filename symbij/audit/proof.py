"""Proofs that an expression is zero for all inputs and parameters, by cases of signs.

Each symbol is written by positive ones: x in (lo, oo) as lo + p, a real parameter as p or -p where its sign matters,
a*x + b as p or -p where its sign does. In each case absolute values, signs, conditions, maxima and odd roots are
resolved, and what is left is analytic. It is zero if all its partial derivatives are, which is a question of rational
functions (log|g| has the derivative g'/g on both sides of a zero of g), and if it is zero to 50 digits at some points.

A proof covers all points but isolated ones: where a parameter is zero, a denominator or the argument of log|.|.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp
from sympy.logic.boolalg import Boolean

from symbij.accuracy.definition import NO_VALUE, PlainAbs, numeric
from symbij.audit.extremes import plainly
from symbij.calculus.bounds import sign_of
from symbij.formula import functions as fn
from symbij.formula.interval import Interval
from symbij.formula.vocabulary import NONZERO, Requirement

MOST_CASES = 40
DIGITS = 50
_TRIES = 12


class LogAbs(sp.Function):
    """log|g|, whose derivative g'/g needs no sign."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return 1 / self.args[0]

    def _eval_is_extended_real(self) -> bool:
        return True


class _Stuck(Exception):
    """A sign that no case distinction here settles, or too many cases."""


@dataclass(frozen=True)
class _Claim:
    """`expr` is to be zero, `needs` to hold, wherever all `conditions` do."""

    expr: sp.Expr
    needs: tuple[Requirement, ...]
    conditions: tuple[Boolean, ...]

    def changed(self, symbol: sp.Symbol, value: sp.Expr) -> _Claim:
        change = {symbol: value}
        needs = tuple(
            Requirement(n.expr.xreplace(change), n.interval, tuple(c.xreplace(change) for c in n.under))
            for n in self.needs
        )
        return _Claim(self.expr.xreplace(change), needs, tuple(c.xreplace(change) for c in self.conditions))

    @property
    def symbols(self) -> set[sp.Symbol]:
        return set(self.expr.free_symbols).union(*(n.expr.free_symbols for n in self.needs))


def is_zero(
    expr: sp.Expr,
    needs: Sequence[Requirement],
    variable: sp.Symbol,
    domain: Interval,
    bounds: dict[sp.Symbol, tuple[float, float]],
    conditions: Sequence[Boolean] = (),
) -> bool:
    """Whether `expr` is shown to be zero, and defined, on the domain for all parameters within bounds and conditions.

    False where no proof is found, whatever is the reason. It may take long: `patience.bounded` limits its time.
    """
    claim = _Claim(without_pairs(expr), tuple(needs), tuple(conditions))
    claim = claim.changed(variable, _inside(claim, variable, domain) or variable)
    for symbol, (lo, hi) in bounds.items():
        inside = _within(sp.nsimplify(lo), sp.nsimplify(hi))
        if inside is not None:
            claim = claim.changed(symbol, inside)
    try:
        return _holds(claim, variable, itertools.count())
    except (_Stuck, RecursionError):
        return False


def _inside(claim: _Claim, variable: sp.Symbol, domain: Interval) -> sp.Expr | None:
    """The variable by a positive symbol."""
    parts = [claim.expr, *(n.expr for n in claim.needs)]
    powers = any(p.base == variable and not p.exp.is_Integer for e in parts for p in e.atoms(sp.Pow))
    if powers and (domain.lo, domain.hi) == (0, 1):
        return sp.exp(-sp.Dummy("p", positive=True))  # so that 1 - x**c is seen to be positive
    return _within(domain.lo, domain.hi)


def _within(lo: sp.Expr, hi: sp.Expr) -> sp.Expr | None:
    """A number between two ends, by a positive symbol; None if both are infinite."""
    p = sp.Dummy("p", positive=True)
    if lo.is_infinite and hi.is_infinite:
        return None
    if hi.is_infinite:
        return lo + p
    return hi - p if lo.is_infinite else (lo + hi * p) / (1 + p)


def _holds(claim: _Claim, variable: sp.Symbol, cases: itertools.count) -> bool:
    doubts: list[sp.Expr] = []
    settled = [_decided(c, doubts) for c in claim.conditions]
    if False in settled:
        return True  # nothing is claimed here
    if not doubts:
        for need in claim.needs:
            if _meets(need, doubts) is False:
                return False
        expr = _settle(claim.expr, doubts)
        if not doubts:
            if next(cases) >= MOST_CASES:
                raise _Stuck
            return _vanishes(expr)
    return all(_holds(case, variable, cases) for case in _cases(claim, doubts[0], variable))


def _meets(need: Requirement, doubts: list[sp.Expr]) -> bool | None:
    """Whether a requirement is met, but for isolated points; None where it is doubtful, or not meant."""
    under = [_decided(c, doubts) for c in need.under]
    if False in under or None in under or need.interval is NONZERO:
        return None
    for distance in (need.expr - need.interval.lo, need.interval.hi - need.expr):
        if distance.is_infinite or distance.is_nonnegative:
            continue
        sign = sign_in(_settle(distance, doubts))
        if sign is None:
            doubts.append(_settle(distance, doubts))
        elif sign < 0:
            return False
    return True


def _decided(condition: Boolean, doubts: list[sp.Expr]) -> bool | None:
    """Whether a condition holds in a case; adds what it depends on to the doubts where that is not known."""
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, sp.Not):
        inner = _decided(condition.args[0], doubts)
        return None if inner is None else not inner
    if isinstance(condition, sp.logic.boolalg.ITE):
        question, yes, no = condition.args
        answer = _decided(question, doubts)
        return None if answer is None else _decided(yes if answer else no, doubts)
    if isinstance(condition, (sp.And, sp.Or)):
        parts = [_decided(c, doubts) for c in condition.args]
        end = isinstance(condition, sp.Or)
        return end if end in parts else None if None in parts else not end
    if isinstance(condition, (sp.Eq, sp.Ne)):
        return isinstance(condition, sp.Ne)  # away from isolated points
    difference = _settle(condition.lhs - condition.rhs, doubts)
    sign = sign_in(difference)
    if sign is None:
        doubts.append(difference)
        return None
    greater = isinstance(condition, (sp.StrictGreaterThan, sp.GreaterThan))
    if sign == 0:
        return isinstance(condition, (sp.GreaterThan, sp.LessThan))
    return (sign > 0) == greater


def _settle(node: sp.Expr, doubts: list[sp.Expr]) -> sp.Expr:
    """`node` with its absolute values, conditions, ... resolved by signs; adds those that are unknown to the doubts."""
    if isinstance(node, sp.Piecewise):
        for value, condition in node.args:
            holds = _decided(condition, doubts)
            if holds is None:
                return node
            if holds:
                return _settle(value, doubts)
        return sp.nan
    if not node.args:
        return node
    if isinstance(node, sp.log) and isinstance(node.args[0], (sp.Abs, PlainAbs)):
        return LogAbs(_settle(node.args[0].args[0], doubts))
    args = [_settle(a, doubts) for a in node.args]
    if isinstance(node, sp.Pow):
        return _power(*args)
    if isinstance(node, (sp.Max, sp.Min)):
        return _extreme(node, args, doubts)
    if isinstance(node, (sp.Abs, sp.sign, fn.odd_root)):
        u = args[0]
        if isinstance(node, fn.odd_root):
            u, outside = _roots_out(u, args[1])
        sign = sign_in(u)
        if sign is None:
            doubts.append(u)
            return node
        if isinstance(node, fn.odd_root):
            return outside * sign * (sign * u) ** (1 / args[1])
        return sign * u if isinstance(node, sp.Abs) else sp.Integer(sign)
    return node if tuple(args) == node.args else node.func(*args)


def _power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """A power of powers taken together where that is right: sympy asks for more than it has to be told."""
    if exponent.is_Integer or not isinstance(base, (sp.Pow, sp.Mul)):
        return base**exponent
    parts = [f.as_base_exp() for f in sp.Mul.make_args(base)]
    if all(sign_in(b) == 1 for b, _ in parts):
        return sp.Mul(*(b ** (e * exponent) for b, e in parts))
    return base**exponent


def _extreme(node: sp.Expr, args: list[sp.Expr], doubts: list[sp.Expr]) -> sp.Expr:
    best = args[0]
    for other in args[1:]:
        sign = sign_in(best - other)
        if sign is None:
            doubts.append(best - other)
            return node
        if (sign < 0) == isinstance(node, sp.Max):
            best = other
    return best


def _roots_out(u: sp.Expr, n: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What is left under a root of odd order n, and what of it comes out: true for factors of either sign."""
    left, outside = [], []
    for factor in sp.Mul.make_args(sp.factor_terms(u) if u.is_Add else u):
        base, exponent = factor.as_base_exp()
        whole = exponent / n
        (outside if whole.is_Integer else left).append(base**whole if whole.is_Integer else factor)
    return sp.Mul(*left), sp.Mul(*outside)


def sign_in(expr: sp.Expr) -> int | None:
    """The sign of an expression of positive and real symbols, or None."""
    sign = sign_of(expr)
    if sign is not None or not expr.free_symbols:
        return sign
    total = 1
    for factor in _factors(expr):
        base, exponent = factor.as_base_exp()
        sign = sign_of(factor)
        if sign is None:
            sign = _sign_of_difference(base)
            sign = 1 if exponent.is_even or sign == 1 else sign if exponent.is_Integer else None
        if sign is None:
            return None
        total *= sign
    return total


def _sign_of_difference(expr: sp.Expr) -> int | None:
    """The sign of a positive term less another one, by whether their quotient is below or above 1."""
    if not (expr.is_Add and len(expr.args) == 2):
        return sign_of(expr)
    signs = [sign_in(a) for a in expr.args]
    if sorted(s or 0 for s in signs) != [-1, 1]:
        return sign_of(expr) if None not in signs else _of_tanh(expr)
    first, second = expr.args if signs[0] == 1 else reversed(expr.args)
    return {True: 1, False: -1, None: None}[_is_below_one(-second / first)]


def _of_tanh(expr: sp.Expr) -> int | None:
    number, rest = expr.as_coeff_Add()
    bounded = isinstance(-rest if rest.could_extract_minus_sign() else rest, (sp.tanh, sp.erf))
    return (1 if number > 0 else -1) if bounded and abs(number) >= 1 else None


def _is_below_one(ratio: sp.Expr) -> bool | None:
    """Whether a positive expression is less than 1 (True) or greater (False); None if that is not seen."""
    if ratio.is_number:
        return None if ratio == 1 else bool(ratio < 1)
    if isinstance(ratio, (fn.sigmoid, fn.ndtr)):
        return True
    if isinstance(ratio, sp.exp):
        sign = sign_in(ratio.args[0])
        return None if not sign else sign < 0
    if isinstance(ratio, sp.Pow):
        below, sign = _is_below_one(ratio.base), sign_in(ratio.exp)
        return None if below is None or not sign else below == (sign > 0)
    if isinstance(ratio, sp.Mul):
        parts = {_is_below_one(a) for a in ratio.args}
        return parts.pop() if len(parts) == 1 else None
    if isinstance(ratio, sp.Add):
        sign = sign_in(ratio - 1)
        return None if not sign else sign < 0
    return None


def _factors(expr: sp.Expr) -> tuple[sp.Expr, ...]:
    return sp.Mul.make_args(sp.factor(expr))


def _cases(claim: _Claim, doubt: sp.Expr, variable: sp.Symbol) -> tuple[_Claim, ...]:
    """The claim in the cases of the signs of one factor of `doubt`."""
    p = sp.Dummy("p", positive=True)
    undecided = [f.as_base_exp()[0] for f in _factors(doubt) if sign_in(f) is None]
    for factor in undecided:
        symbols = sorted(factor.free_symbols, key=lambda s: (s != variable, s.is_positive is True, s.name))
        for symbol in symbols:
            slope = factor.diff(symbol)
            rest = sp.expand(factor - slope * symbol)
            if slope.has(symbol) or rest.has(symbol):
                continue
            if not symbol.is_positive:
                return tuple(claim.changed(symbol, (s * p - rest) / slope) for s in (1, -1))
            rise, shift = sign_in(slope), sign_in(rest)
            if rise is None or shift is None:
                return _cases(claim, slope if rise is None else rest, variable)
            zero = -rest / slope  # positive, since the sign of the factor is open
            return claim.changed(symbol, zero + p), claim.changed(symbol, zero / (1 + p))
    raise _Stuck


def _vanishes(expr: sp.Expr) -> bool:
    """Whether an analytic expression is zero."""
    if expr == 0:
        return True
    if expr.has(sp.nan, sp.zoo, sp.oo, sp.floor):
        return False  # a floor has a piece for every whole number
    expr = fn.expand_definitions(expr)
    if expr.has(sp.tan) or any(sign_in(sp.denom(sp.together(a.args[0]))) is None for a in expr.atoms(sp.atan)):
        return False  # constant between its jumps, it may be another constant in each piece
    if not _zero_somewhere(expr):
        return False
    return all(_is_rationally_zero(expr.diff(s)) for s in sorted(expr.free_symbols, key=lambda s: s.name))


def _zero_somewhere(expr: sp.Expr) -> bool:
    """Whether it is zero to `DIGITS` digits at three points, of those at which it is real."""
    symbols = sorted(expr.free_symbols, key=lambda s: s.name)
    function = numeric(plainly(expr.replace(LogAbs, lambda g: sp.log(PlainAbs(g)))), symbols)
    draw = random.Random(0)
    seen = 0
    with mpmath.workdps(4 * DIGITS):
        for _ in range(_TRIES):
            sizes = [mpmath.mpf(draw.lognormvariate(0.0, 0.6)) for _ in symbols]
            at = [z if s.is_positive else z * draw.choice((1, -1)) for s, z in zip(symbols, sizes, strict=True)]
            try:
                value = function(*at)
            except NO_VALUE:
                continue
            if not mpmath.isfinite(value):
                continue
            if abs(value) > mpmath.mpf(10) ** -DIGITS:
                return False
            seen += 1
            if seen == 3:
                return True
    return seen > 0


def _is_rationally_zero(expr: sp.Expr) -> bool:
    """Whether an expression is zero as a rational function of its exponentials, powers and logarithms."""
    if expr == 0:
        return True
    expr = expr.rewrite([sp.sinh, sp.cosh, sp.tanh], sp.exp)
    expr = sp.expand(expr, deep=True, mul=False, multinomial=False, log=False, basic=False)
    reduced = sp.cancel(sp.together(expr))
    return bool(reduced == 0) or bool(sp.simplify(reduced) == 0)


_PAIRS: dict[type, type] = {
    sp.asinh: sp.sinh, sp.atanh: sp.tanh, fn.logit: fn.sigmoid, fn.ndtri: fn.ndtr, fn.softplus_inverse: fn.softplus,
    fn.softplus: fn.softplus_inverse, fn.sigmoid: fn.logit, fn.ndtr: fn.ndtri, fn.expm1: fn.log1p, fn.log1p: fn.expm1,
    fn.softsign_inverse: fn.softsign, fn.softsign: fn.softsign_inverse, fn.ndtri_exp: fn.log_ndtr,
}  # fmt: skip


def without_pairs(expr: sp.Expr) -> sp.Expr:
    """`expr` where each function of its own inverse function is gone."""
    for outer, inner in _PAIRS.items():
        expr = expr.replace(
            lambda e, o=outer, i=inner: isinstance(e, o) and isinstance(e.args[0], i), lambda e: e.args[0].args[0]
        )
    for outer, inner in ((fn.log1p_scaled, fn.expm1_scaled), (fn.expm1_scaled, fn.log1p_scaled)):
        expr = expr.replace(
            lambda e, o=outer, i=inner: (
                isinstance(e, o) and isinstance(e.args[0], i) and e.args[0].args[1] == e.args[1]
            ),
            lambda e: e.args[0].args[0],
        )
    return expr.replace(
        lambda e: isinstance(e, fn.odd_root) and _roots_out(*e.args)[0] == 1, lambda e: _roots_out(*e.args)[1]
    )
