"""Chain form: a bijection as a sequence of links, each a row of the table or a core.

Every link answers the same questions: its value, its inverse, its log|derivative| from either side, its direction,
where it is defined and where it leads. A chain's answers are composed of its links'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.row import Row
from symbij.calculus.table import POWERS, ROWS
from symbij.formula.interval import Interval
from symbij.formula.too_large import require_writable, require_writable_exponential, require_writable_power

_POINT = sp.Dummy("u", real=True)
_EXPONENTIAL = re.compile(r"\bexp\(")


class Link:
    """One strictly monotone map. `sign` is +1, -1, or a parameter expression whose sign is the direction."""

    name: str

    def forward(self, u: sp.Expr) -> sp.Expr:
        raise NotImplementedError

    def inverse(self) -> Link:
        raise NotImplementedError

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        raise NotImplementedError

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        raise NotImplementedError

    def computed_log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        """`log_det_u` with all the regimes that its accuracy needs."""
        return self.log_det_u(u, v)

    def computed_log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        """`log_det_v` with all the regimes that its accuracy needs."""
        return self.log_det_v(u, v)

    def sign(self, bounds: Bounds) -> int | sp.Expr:
        raise NotImplementedError

    def domain(self, bounds: Bounds) -> Interval:
        raise NotImplementedError

    def codomain(self, bounds: Bounds) -> Interval:
        raise NotImplementedError

    def conditions(self) -> tuple[sp.Expr, ...]:
        """Parameter expressions that must not vanish."""
        return ()

    def mirror(self) -> Link | None:
        """The link -f(-u), where that is one."""
        return None

    def value_at_end(self, end: sp.Expr, bounds: Bounds) -> sp.Expr:
        """The limit of the map at `end`, which lies in or on the boundary of its domain."""
        domain, codomain, sign = self.domain(bounds), self.codomain(bounds), self.sign(bounds)
        for at, increasing, decreasing in (
            (domain.lo, codomain.lo, codomain.hi),
            (domain.hi, codomain.hi, codomain.lo),
        ):
            if end == at or (end.is_number and at.is_finite and at.is_number and sign_of(end - at, bounds) == 0):
                return by_sign(sign, increasing, decreasing)
        if isinstance(end, sp.Piecewise):
            return end.func(*((self.value_at_end(e, bounds), c) for e, c in end.args))
        return self.undone(end)

    def undone(self, end: sp.Expr) -> sp.Expr:
        """The map at `end`, without a round trip: f(f_inverse(c)) is c, which rounding would move off an end."""
        return self.forward(end)


class Core(Link):
    """A link that is more than a formula, and lowered in a way of its own: it maps `where` onto `image`."""

    direction: int | sp.Expr
    where: Interval
    image: Interval

    def sign(self, bounds: Bounds) -> int | sp.Expr:
        return self.direction

    def domain(self, bounds: Bounds) -> Interval:
        return self.where

    def codomain(self, bounds: Bounds) -> Interval:
        return self.image


@dataclass(frozen=True)
class RowLink(Link):
    """A row of the table with its parameters filled in."""

    row: Row
    args: tuple[sp.Expr, ...] = ()

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.row.name

    def forward(self, u: sp.Expr) -> sp.Expr:
        if not u.is_number:
            return self.row.formula(self.row.forward, u, u, self.args)
        require_writable(u)
        if self.row.name in POWERS:
            require_writable_power(u, self.args[0])
        if _EXPONENTIAL.search(self.row.forward):
            require_writable_exponential(u)
        value = self.row.formula(self.row.forward, u, u, self.args)
        require_writable(value)
        return value

    def inverse(self) -> Link:
        texts = self.row.inverse_parameters or self.row.parameters
        return RowLink(ROWS[self.row.inverse], tuple(self.row.formula(t, sp.S.One, sp.S.One, self.args) for t in texts))

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.row.formula(self.row.log_det_u, u, v, self.args, plain=True)

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.row.formula(self.row.log_det_v, u, v, self.args, plain=True)

    def computed_log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.row.formula(self.row.log_det_u, u, v, self.args)

    def computed_log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.row.formula(self.row.log_det_v, u, v, self.args)

    def undone(self, end: sp.Expr) -> sp.Expr:
        pattern = self.inverse().forward(_POINT)
        if isinstance(end, sp.Function) and type(end) is type(pattern) and _POINT in pattern.args:
            place = pattern.args.index(_POINT)
            inner = end.args[place]
            if pattern.xreplace({_POINT: inner}) == end:
                return inner
        return self.forward(end)

    def _parameter(self, name: str) -> sp.Expr:
        return self.args[self.row.parameters.index(name)]

    def sign(self, bounds: Bounds) -> int | sp.Expr:
        if isinstance(self.row.direction, int):
            return self.row.direction
        direction = self.row.formula(self.row.direction, sp.S.One, sp.S.One, self.args)
        return sign_of(direction, bounds) or direction

    def domain(self, bounds: Bounds) -> Interval:
        return self._interval(self.row.domain, bounds)

    def codomain(self, bounds: Bounds) -> Interval:
        return self._interval(self.row.codomain, bounds)

    def _interval(self, interval: Interval, bounds: Bounds) -> Interval:
        # u**p is defined at 0 for p > 0 only
        if self.row.name in POWERS and self.sign(bounds) != 1:
            return replace(interval, lo_open=True)
        if interval.lo.free_symbols or interval.hi.free_symbols:
            return interval.subs(dict(zip((self.row.symbols[p] for p in self.row.parameters), self.args, strict=True)))
        return interval

    def conditions(self) -> tuple[sp.Expr, ...]:
        return tuple(self._parameter(name) for name in self.row.nonzero)

    def mirror(self) -> Link | None:
        if self.row.mirror is None:
            return None
        return RowLink(self.row, tuple(self.row.formula(t, sp.S.One, sp.S.One, self.args) for t in self.row.mirror))


Chain = tuple[Link, ...]


def link(name: str, *args: sp.Expr | int) -> RowLink:
    """The row called `name` as a link, its parameters filled in."""
    return RowLink(ROWS[name], tuple(sp.sympify(a) for a in args))


def scaling(factor: sp.Expr) -> Link:
    """Multiplication by `factor`, as one multiplication or one division."""
    numerator, denominator = sp.fraction(factor)
    if denominator == 1:
        return link("scale", factor)
    if numerator == 1:
        return link("divide", denominator)
    if numerator == -1:
        return link("divide", -denominator)
    return link("scale", factor)


def by_sign(sign: int | sp.Expr, if_positive: sp.Expr, if_negative: sp.Expr) -> sp.Expr:
    """One of two expressions, by a sign that may depend on parameters."""
    if sign == 1:
        return if_positive
    if sign == -1:
        return if_negative
    sign = sign_factor(sign)
    if sign.could_extract_minus_sign():
        sign, if_positive, if_negative = -sign, if_negative, if_positive
    condition = sp.Gt(sign, 0)
    if_positive, if_negative = _assuming(if_positive, condition, 0), _assuming(if_negative, condition, 1)
    if if_positive == if_negative:
        return if_positive
    return sp.Piecewise((if_positive, condition), (if_negative, True))


def sign_factor(expr: sp.Expr) -> sp.Expr:
    """A plainer expression of the same sign: even powers dropped, odd ones replaced by their base."""
    factors = [f.base ** (f.exp % 2) if f.is_Pow and f.exp.is_Integer else f for f in sp.Mul.make_args(expr)]
    return sp.Mul(*(f for f in factors if not f.is_positive))


def _assuming(expr: sp.Expr, condition: sp.Basic, branch: int) -> sp.Expr:
    """`expr`, of which the branch is known if it is a choice by the same condition."""
    if isinstance(expr, sp.Piecewise) and len(expr.args) == 2 and expr.args[0][1] == condition:
        return expr.args[branch][0]
    return expr


def chain_forward(chain: Chain, u: sp.Expr) -> sp.Expr:
    """The output of the chain for the input `u`."""
    for item in chain:
        u = item.forward(u)
    return u


def invert_chain(chain: Chain) -> Chain:
    """The inverses of the links, in reverse order."""
    return tuple(item.inverse() for item in reversed(chain))


def chain_log_det(chain: Chain, u: sp.Expr) -> sp.Expr:
    """log|derivative| at the input `u`, a sum over the links."""
    total: sp.Expr = sp.Integer(0)
    for item in chain:
        v = item.forward(u)
        total = total + item.log_det_u(u, v)
        u = v
    return total


def chain_log_det_from_output(chain: Chain, v: sp.Expr) -> sp.Expr:
    """log|derivative| as a function of the output `v`, each link in its output form."""
    total: sp.Expr = sp.Integer(0)
    for item in reversed(chain):
        u = item.inverse().forward(v)
        total = total + item.log_det_v(u, v)
        v = u
    return total


def combined_sign(chain: Chain, bounds: Bounds) -> int | sp.Expr:
    """The direction of a chain: +1, -1, or an expression whose sign it is."""
    total: int | sp.Expr = 1
    for item in chain:
        total = total * item.sign(bounds)
    return total
