"""Proofs that an expression is the log of a derivative, for all inputs and parameters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import PlainAbs, PlainSign, diff, numeric, plain, real
from symbij.calculus.patience import bounded
from symbij.formula.formula import Formula
from symbij.formula.interval import Interval

SECONDS = 2.0
MAX_CASES = 16
ANCHOR_BITS = 400
_ZERO = mpf(2) ** -250  # of a difference computed with ANCHOR_BITS at ordinary numbers

# A place in the middle of each case; any will do, as long as nothing special happens there.
_ANCHORS = ("0.734375", "1.328125", "0.453125", "1.890625", "2.171875", "0.890625")


def vanishes(formula: Formula, jacobian: sp.Expr, output: sp.Symbol, domain: Interval | None, sign: int) -> bool:
    """Whether `jacobian` = `sign` * log|df/dx| is shown for all x of the domain and all parameters.

    The difference is constant if its derivatives with respect to x and to each parameter are zero, which are free of
    the logs and so within reach of simplification; and a constant is zero if it is so at one point. The domain and the
    parameters are split by signs, so that each case is connected. False if no proof is found in the time for it.
    """
    if domain is None:
        return False
    return bool(bounded(_vanishes, formula, jacobian, output, domain, sign, seconds=SECONDS))


def _vanishes(formula: Formula, jacobian: sp.Expr, output: sp.Symbol, domain: Interval, sign: int) -> bool:
    f = plain(formula.expr)
    slope = diff(f, formula.variable)
    added = plain(jacobian).xreplace({output: f})
    cases = list(_cases(formula, added, domain))
    if not 0 < len(cases) <= MAX_CASES:
        return False
    for case in cases:
        here, there = (_resolved(e.subs(case, simultaneous=True)) for e in (slope, added))
        if any(_may_jump(e) for e in (here, there)):
            return False
        symbols = sorted(here.free_symbols | there.free_symbols, key=str)
        if not all(_is_zero(_slope_of_log(there, s) - sign * sp.diff(here, s) / here) for s in symbols):
            return False
        if not _zero_somewhere(there, here, sign, symbols):
            return False
    return True


def _zero_somewhere(there: sp.Expr, here: sp.Expr, sign: int, symbols: list[sp.Symbol]) -> bool:
    """Whether `there` = `sign` * log|`here`| at the first place at which both are real numbers."""
    functions = [numeric(e, symbols) for e in (there, here)]
    with mpmath.workprec(ANCHOR_BITS):
        for order in itertools.islice(itertools.permutations(_ANCHORS), 0, None, 37):
            at = [mpf(a) for a, _ in zip(itertools.cycle(order), symbols, strict=False)]
            try:
                got, slope = (real(f(*at)) for f in functions)
                difference = got - sign * mpmath.log(abs(slope))
            except (ArithmeticError, ValueError, TypeError):
                continue
            if mpmath.isfinite(difference):
                return bool(abs(difference) < _ZERO)
    return False


def _cases(formula: Formula, added: sp.Expr, domain: Interval) -> Iterator[Mapping[sp.Symbol, sp.Expr]]:
    """Substitutions by positive symbols that cover the domain and all parameters, but for zeros between the cases,
    where both sides are continuous."""
    x = formula.variable
    choices: dict[sp.Symbol, list[sp.Expr]] = {}
    for symbol in sorted((formula.expr.free_symbols | added.free_symbols) - {x}, key=str):
        p = sp.Dummy(symbol.name, positive=True)
        choices[symbol] = [p] if symbol.is_nonnegative else [-p] if symbol.is_nonpositive else [p, -p]
    t, width = sp.Dummy("t", positive=True), sp.Dummy("width", positive=True)
    lo, hi = domain.lo, domain.hi
    ends = {}
    if hi in choices and not lo.is_infinite:  # so that no case has the ends in the wrong order
        ends = {hi: lo + width}
        del choices[hi]
    if lo.is_infinite and hi.is_infinite:
        places = [t, -t]
    elif hi.is_infinite:
        places = [lo + t]
    elif lo.is_infinite:
        places = [hi - t]
    else:
        places = [(lo + hi * t) / (1 + t)]
    for signs in itertools.product(places, *choices.values()):
        parameters = dict(zip(choices, signs[1:], strict=True))
        parameters |= {end: value.subs(parameters, simultaneous=True) for end, value in ends.items()}
        yield {x: signs[0].subs(parameters, simultaneous=True), **parameters}


def _resolved(expr: sp.Expr) -> sp.Expr:
    """Absolute values and signs of what has a known sign, written without them."""

    def absolute(u: sp.Expr) -> sp.Expr:
        known = sp.factor(u)
        return known if known.is_nonnegative else -known if known.is_nonpositive else PlainAbs(u)

    def signum(u: sp.Expr) -> sp.Expr:
        known = sp.factor(u)
        return sp.Integer(1) if known.is_positive else sp.Integer(-1) if known.is_negative else PlainSign(u)

    return expr.replace(PlainAbs, absolute).replace(PlainSign, signum)


def _may_jump(expr: sp.Expr) -> bool:
    """Whether an expression has parts that are constant on pieces; |u| inside a log is none of them."""
    smooth = expr.replace(sp.log, lambda u: sp.log(u.args[0]) if isinstance(u, PlainAbs) else sp.log(u))
    return smooth.has(PlainAbs, PlainSign, sp.Piecewise, sp.floor, sp.Max, sp.Min)


def _slope_of_log(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """A derivative, in which d log|u| is u'/u."""
    return sp.diff(expr, symbol).replace(PlainSign, lambda u: PlainAbs(u) / u)


def _is_zero(expr: sp.Expr) -> bool:
    if expr == 0:
        return True
    return sp.cancel(sp.together(sp.powsimp(expr))) == 0 or sp.simplify(expr) == 0
