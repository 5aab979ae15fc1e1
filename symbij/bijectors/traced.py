"""Hand-written bijectors in kernels: their numpy code, traced with symbols, becomes a link like any other.

Calling such a bijector runs the user's own code. Fitting needs derivatives, which numpy code has not; there its
methods are run once with symbols in place of x and of its variables, and the formulas that come out are compiled.
Nothing is proved of them: they are taken as the user wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from symbij.bijectors.base import Bijector
from symbij.bijectors.fused import BoundStage
from symbij.bijectors.structure import Chain, Invert
from symbij.bijectors.tree import substitute, walk
from symbij.bijectors.variable import Variable
from symbij.calculus.bounds import Bounds
from symbij.calculus.chain import Link
from symbij.calculus.derivation import Derivation
from symbij.errors import SymbijError, UsageError
from symbij.formula.constraints import real
from symbij.formula.formula import Formula, Parameter
from symbij.formula.interval import REALS, Interval
from symbij.formula.tracer import Traced

_X = sp.Symbol("x", real=True)


@dataclass(frozen=True, eq=False)
class TracedLink(Link):
    """A link whose four formulas, in the symbol x, were written by the user."""

    name: str
    value: sp.Expr
    log_det: sp.Expr
    inverse_value: sp.Expr
    inverse_log_det: sp.Expr

    def forward(self, u: sp.Expr) -> sp.Expr:
        return self.value.subs(_X, u)

    def inverse(self) -> Link:
        return TracedLink(self.name, self.inverse_value, self.inverse_log_det, self.value, self.log_det)

    def log_det_u(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return self.log_det.subs(_X, u)

    def log_det_v(self, u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return -self.inverse_log_det.subs(_X, v)

    def sign(self, bounds: Bounds) -> int:
        return 1  # unknown, and not asked for: nothing is proved of a traced link

    def domain(self, bounds: Bounds) -> Interval:
        return REALS

    def codomain(self, bounds: Bounds) -> Interval:
        return REALS


def stages_by_tracing(bijector: Bijector) -> tuple[BoundStage, ...]:
    """The stages of `bijector`, hand-written parts of it traced. Raises `UsageError` where that fails."""
    stages = bijector._stages()
    if stages is not None:
        return stages
    if isinstance(bijector, Chain):
        return tuple(s for part in reversed(bijector.bijectors) for s in stages_by_tracing(part))
    if isinstance(bijector, Invert):
        return tuple(s.flipped() for s in reversed(stages_by_tracing(bijector.bijector)))
    if "_cache_traced" not in bijector.__dict__:
        bijector.__dict__["_cache_traced"] = _trace(bijector)
    return bijector.__dict__["_cache_traced"]


def _trace(bijector: Bijector) -> tuple[BoundStage, ...]:
    if bijector.forward_min_event_ndims or bijector.inverse_min_event_ndims:
        raise UsageError(f"{bijector.name} cannot be fitted: it maps events of {bijector.forward_min_event_ndims} axes")
    variables = list(dict.fromkeys(v for _, v in walk(bijector)))
    symbols = {v: sp.Dummy(f"p{i}", real=True) for i, v in enumerate(variables)}
    clone = substitute(bijector, {v: Traced(s, []) for v, s in symbols.items()})
    x = Traced(_X, [])
    methods = ("_forward", "_forward_log_det_jacobian", "_inverse", "_inverse_log_det_jacobian")
    try:
        value, log_det, inverse, inverse_log_det = (_expression(getattr(clone, m)(x)) for m in methods)
    except (SymbijError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{bijector.name} cannot be fitted: its numpy code could not be traced to a formula ({error}); "
            "write it with arithmetic and numpy's elementwise functions, or as sb.bijector(formula)"
        ) from error
    link = TracedLink(bijector.name, value, log_det, inverse, inverse_log_det)
    parameters = tuple(Parameter(s.name, s, real) for s in symbols.values())
    formula = Formula(bijector.name, value, _X, parameters, ())
    derivation = Derivation(formula, (link,), (link,), REALS, REALS, 1, (), (REALS,), status="assumed")
    return (BoundStage(derivation, False, tuple(variables)),)


def _expression(result: Any) -> sp.Expr:
    """The expression behind what a traced method returned: a traced value, a number, or an array of one of them."""
    if isinstance(result, np.ndarray):
        if result.ndim:
            raise UsageError(f"it returned an array of shape {result.shape}")
        result = result.item()
    if isinstance(result, Traced):
        return result.expr  # type: ignore[return-value]
    if isinstance(result, Variable):
        raise UsageError("it returned a variable")
    return sp.Rational(repr(float(result)))
