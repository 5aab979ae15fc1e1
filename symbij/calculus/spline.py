"""The core of a spline: one proved map of the unit interval, scaled into each bin."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace

import sympy as sp

from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import Chain, Core, Link, chain_forward, chain_log_det, invert_chain
from symbij.calculus.proof import Proof, Prover, Unproved
from symbij.calculus.recognise import recognise
from symbij.formula.interval import REALS, Interval
from symbij.formula.printing import text_of
from symbij.formula.splines import A, B, Spline, T

Condition = tuple[sp.Basic, str]


@dataclass(frozen=True)
class SplineCore(Core):
    """y_k + h_k g((u - x_k)/w_k; a_k, b_k) in the bin k that `u` lies in; `g` increases from 0 to 1.

    `inverted` swaps knots and values and inverts g.
    """

    g: Chain
    knots: tuple[sp.Expr, ...]
    values: tuple[sp.Expr, ...]
    shapes: tuple[tuple[sp.Expr, sp.Expr], ...]
    tails: bool
    inverted: bool = False
    name: str = "spline"

    def _pieces(self, u: sp.Expr, in_bin: list[sp.Expr], in_tails: tuple[sp.Expr, sp.Expr]) -> sp.Expr:
        x = self.knots
        pieces = [(in_tails[0], sp.Lt(u, x[0]))] if self.tails else []
        pieces += [(e, sp.Lt(u, x[k + 1])) for k, e in enumerate(in_bin[:-1])]
        pieces.append((in_bin[-1], sp.Le(u, x[-1]) if self.tails else sp.true))
        return sp.Piecewise(*pieces, *([(in_tails[1], sp.true)] if self.tails else []))

    def _scaled(self, of_unit: sp.Expr, u: sp.Expr) -> list[sp.Expr]:
        """Of every bin, an expression in `T` with the place of `u` in the bin and its shape filled in."""
        x = self.knots
        return [
            of_unit.subs({A: a, B: b, T: (u - x[k]) / (x[k + 1] - x[k])}, simultaneous=True)
            for k, (a, b) in enumerate(self.shapes)
        ]

    @property
    def _unit(self) -> Chain:
        return invert_chain(self.g) if self.inverted else self.g

    def forward(self, u: sp.Expr) -> sp.Expr:
        x, y = self.knots, self.values
        scaled = self._scaled(chain_forward(self._unit, T), u)
        in_bin = [y[k] + (y[k + 1] - y[k]) * e for k, e in enumerate(scaled)]
        return self._pieces(u, in_bin, (u + sp.expand(y[0] - x[0]), u + sp.expand(y[-1] - x[-1])))

    def inverse(self) -> Link:
        return replace(self, knots=self.values, values=self.knots, inverted=not self.inverted)

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        x, y = self.knots, self.values
        scaled = self._scaled(chain_log_det(self._unit, T), u)
        in_bin = [sp.log((y[k + 1] - y[k]) / (x[k + 1] - x[k])) + e for k, e in enumerate(scaled)]
        return self._pieces(u, in_bin, (sp.S.Zero, sp.S.Zero))

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return -self.inverse().log_det_u(v, u)

    def sign(self, bounds: Bounds) -> int | sp.Expr:
        return 1

    def domain(self, bounds: Bounds) -> Interval:
        return REALS if self.tails else Interval(self.knots[0], self.knots[-1], False, False)

    def codomain(self, bounds: Bounds) -> Interval:
        return REALS if self.tails else Interval(self.values[0], self.values[-1], False, False)


def steps(ends: tuple[sp.Expr, ...]) -> list[sp.Expr]:
    """The distances between neighbours, of which the common part is taken away before anything is rounded."""
    return [sp.expand(upper - lower) for lower, upper in itertools.pairwise(ends)]


def settle_spline(expr: Spline, bounds: Bounds, prove: Prover) -> tuple[SplineCore, tuple[Condition, ...]]:
    """The core of a spline, with what its knots, values and slopes must satisfy."""
    conditions: list[Condition] = []
    for what, ends in (("knots", expr.knots), ("values at the knots", expr.heights)):
        for lower, upper in itertools.pairwise(ends):
            _require(sp.Gt, sp.expand(upper - lower), f"the {what} must increase", bounds, conditions)
    least, most = expr.bin_bounds
    for shape in expr.shapes():
        for slope in shape:
            reason = "the slopes must not be negative" if least == 0 and most == 3 else "the slopes must be positive"
            _require(sp.Ge if most == 3 else sp.Gt, slope, reason, bounds, conditions)
            if most == 3:
                reason = "the slopes must not exceed three times the secants beside them"
                for choice in slope.args if isinstance(slope, sp.Max) else (slope,):
                    _require(sp.Ge, 3 - choice, reason, bounds, conditions)
    core = SplineCore(bin_proof(type(expr), prove).links, expr.knots, expr.heights, expr.shapes(), expr.tails)
    return core, tuple(conditions)


@functools.lru_cache(maxsize=8)
def bin_proof(kind: type[Spline], prove: Prover) -> Proof:
    """The proof that the map of one bin increases from 0 to 1, whatever the slopes."""
    shape_bounds = {A: kind.bin_bounds, B: kind.bin_bounds}
    proof = prove(recognise(kind.bin_formula, T), Interval(0, 1, False, False), shape_bounds, False)
    if proof.sign != 1 or (proof.codomain.lo, proof.codomain.hi) != (0, 1) or proof.conditions:
        raise Unproved(f"the map of one bin of a {kind.__name__} is not proved to increase from 0 to 1")
    return proof


def _require(relation: type, expr: sp.Expr, reason: str, bounds: Bounds, conditions: list[Condition]) -> None:
    """Check the sign of a parameter expression, or make it a condition."""
    choices = expr.args if isinstance(expr, sp.Max) else (expr,)
    signs = {_sign_of_quotient(c, bounds) for c in choices}
    if 1 in signs or (relation is sp.Ge and 0 in signs):
        return
    if signs <= {-1, 0}:
        raise Unproved(f"{reason}: {text_of(expr)} is never positive")
    condition = (relation(expr, 0), reason)
    if condition not in conditions:
        conditions.append(condition)


def _sign_of_quotient(expr: sp.Expr, bounds: Bounds) -> int | None:
    """The sign of a quotient of polynomials in the parameters, by those of its two parts."""
    signs = [sign_of(sp.expand(part), bounds) for part in sp.fraction(sp.together(expr))]
    return None if None in signs else signs[0] * signs[1]  # type: ignore[operator]
