"""Cores: links for parts in which the variable stands several times, each proved monotone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import (
    Chain,
    Core,
    Link,
    RowLink,
    chain_forward,
    chain_log_det,
    chain_log_det_from_output,
    invert_chain,
)
from symbij.calculus.parts import Folded, ProductPart, RawChain, SumPart
from symbij.calculus.proof import Unproved
from symbij.calculus.simplified import is_zero
from symbij.calculus.slopes import SYMBOLIC, log_slope, value_of, walk
from symbij.formula import functions as fn
from symbij.formula.interval import Interval

POINT = sp.Symbol("x", real=True)  # where the derivative of a core is taken
ASSUMED = "assumed"  # the proof of a core for which the user vouches


def links_of(raw: RawChain) -> tuple[Link, ...]:
    """All links inside a recognised chain."""
    found: list[Link] = []
    for item in raw:
        if isinstance(item, (SumPart, ProductPart)):
            found += [inner for term in item.terms for inner in links_of(term)]
        elif isinstance(item, Link):
            found.append(item)
    return tuple(found)


@dataclass(frozen=True)
class Near:
    """f(c + t) = t^m p(t) and f'(c + t) = t^n q(t) on |t| < radius, p and q as coefficients, lowest power first; p is
    None where the value does not cancel, q where the slope does not."""

    centre: float
    radius: float
    value: tuple[int, tuple[float, ...]] | None
    slope: tuple[int, tuple[float, ...]] | None


@dataclass(frozen=True)
class Chart:
    """A core by a function of the variable that resolves an end of the domain, and what is left of the core after it:
    for outputs below a level, or above it."""

    level: sp.Expr
    below: bool
    chain: Chain


@dataclass(frozen=True)
class MonotoneCore(Core):
    """A sum or product of chains that is proved monotone on the interval `where`, which it maps onto `image`.

    `aligned`: all terms of its derivative have one sign, so that log|f'| = logsumexp of theirs, free of cancellation.
    The inverse is found numerically, unless `closed` has a formula for it.
    """

    part: SumPart | ProductPart
    direction: int | sp.Expr
    where: Interval
    image: Interval
    aligned: bool = True
    proof: str = ""  # how it is known to be monotone, in words
    derivative: sp.Expr | None = None  # in the symbol `POINT`, where there is a form of it that does not cancel
    log_derivative: sp.Expr | None = None  # log|derivative| likewise
    closed: Chain = ()  # links with formulas for their inverses, which together are the same, where there are any
    formula: sp.Expr | None = None  # of the inverse, in the symbol `POINT`: to be read, as it is not computed by it
    near: Near | None = None  # its series next to a point where its terms cancel
    charts: tuple[Chart, ...] = ()  # for its inverse next to ends where it is infinitely steep

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.part.name

    def forward(self, u: sp.Expr) -> sp.Expr:
        return value_of((self.part,), u)

    def inverse(self) -> Link:
        return NumericInverse(self)

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        if self.log_derivative is not None:
            return self.log_derivative.subs(POINT, u)
        if self.derivative is not None:
            return sp.log(sp.Abs(self.derivative.subs(POINT, u)))
        return log_slope(walk((self.part,), u, SYMBOLIC)[1], self.aligned, SYMBOLIC)

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.log_det_u(u, v)

    def conditions(self) -> tuple[sp.Expr, ...]:
        # a factor of zero does no more to a sum than to drop a term
        return tuple(c for link in links_of((self.part,)) if link.name != "scale" for c in link.conditions())


class _Root(fn.SymbijFunction):
    """Stands for the numeric inverse of a core in printed derivations: the x with f(x) = y."""

    nargs = 1
    definition = staticmethod(lambda v: v)
    latex_name = "f^{-1}"

    def _sympystr(self, printer: object) -> str:
        return f"f_inverse({printer._print(self.args[0])})"  # type: ignore[attr-defined]


@dataclass(frozen=True)
class NumericInverse(Core):
    """The inverse of a core, found by a bracketed Newton iteration in the kernel."""

    core: MonotoneCore
    name: str = "numeric inverse"

    def forward(self, u: sp.Expr) -> sp.Expr:
        if self.core.formula is not None:
            return self.core.formula.subs(POINT, u)
        return chain_forward(invert_chain(self.core.closed), u) if self.core.closed else _Root(u)

    def inverse(self) -> Link:
        return self.core

    def undone(self, end: sp.Expr) -> sp.Expr:
        """The preimage of an end, where it is a plain number. Raises `Unproved`: `_Root` only names any other."""
        lo, hi = self.core.where.lo, self.core.where.hi
        for plain in map(sp.Integer, (0, 1, -1)):
            inside = sign_of(plain - lo) in (0, 1) and sign_of(hi - plain) in (0, 1)
            if inside and is_zero(self.core.forward(plain) - end):
                return plain
        if self.core.closed or self.core.formula is not None:
            return fn.expand_definitions(self.forward(end))
        raise Unproved(
            f"there is no formula for the x with {self.core.forward(POINT)} = {end}, an end of the domain; "
            "give domain=(lo, hi)"
        )

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return -self.core.log_det_u(v, u)

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return -self.core.log_det_u(v, u)

    def sign(self, bounds: Bounds) -> int | sp.Expr:
        return self.core.sign(bounds)

    def domain(self, bounds: Bounds) -> Interval:
        return self.core.codomain(bounds)

    def codomain(self, bounds: Bounds) -> Interval:
        return self.core.domain(bounds)

    def conditions(self) -> tuple[sp.Expr, ...]:
        return self.core.conditions()


@dataclass(frozen=True)
class OnInterval(Core):
    """A row of the table on an interval on which it is proved monotone, whatever its parameters."""

    link: RowLink
    direction: int | sp.Expr
    where: Interval
    image: Interval
    proof: str = ""

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.link.name

    def forward(self, u: sp.Expr) -> sp.Expr:
        return self.link.forward(u)

    def inverse(self) -> OnInterval:
        inverse = self.link.inverse()
        assert isinstance(inverse, RowLink)
        return OnInterval(inverse, self.direction, self.image, self.where, self.proof)

    def undone(self, end: sp.Expr) -> sp.Expr:
        return fn.expand_definitions(self.link.forward(end))

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.link.log_det_u(u, v)

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.link.log_det_v(u, v)


@dataclass(frozen=True)
class PiecewiseCore(Core):
    """One chain on each side of some points, continuous there: pieces[k] up to breaks[k], the last one beyond.

    `levels` are the values at the breaks; `below[k]` tells whether breaks[k] itself belongs to the piece below it.
    """

    pieces: tuple[Chain, ...]
    breaks: tuple[sp.Expr, ...]
    levels: tuple[sp.Expr, ...]
    below: tuple[bool, ...]
    direction: int
    where: Interval
    image: Interval
    name: str = "pieces"

    def choose(self, u: sp.Expr, values: list[sp.Expr]) -> sp.Expr:
        """The one of the values, one a piece, that belongs to the place of `u`."""
        cases = [
            (value, sp.Le(u, point) if own else sp.Lt(u, point))
            for value, point, own in zip(values, self.breaks, self.below, strict=False)
        ]
        return sp.Piecewise(*cases, (values[-1], True))

    def forward(self, u: sp.Expr) -> sp.Expr:
        return self.choose(u, [chain_forward(piece, u) for piece in self.pieces])

    @cached_property
    def inverted(self) -> PiecewiseCore:
        step = self.direction
        return PiecewiseCore(
            tuple(invert_chain(piece) for piece in self.pieces[::step]),
            self.levels[::step],
            self.breaks[::step],
            tuple(own if step > 0 else not own for own in self.below[::step]),
            step,
            self.image,
            self.where,
            "inverse pieces" if self.name == "pieces" else "pieces",
        )

    def inverse(self) -> Link:
        return self.inverted

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.choose(u, [chain_log_det(piece, u) for piece in self.pieces])

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.inverted.choose(v, [chain_log_det_from_output(p, v) for p in self.pieces[:: self.direction]])

    def conditions(self) -> tuple[sp.Expr, ...]:
        return tuple(c for piece in self.pieces for link in piece for c in link.conditions())


def has_folds(raw: RawChain) -> bool:
    """Whether a chain contains a folded function."""
    return any(
        isinstance(item, Folded) or (isinstance(item, (SumPart, ProductPart)) and any(map(has_folds, item.terms)))
        for item in raw
    )
