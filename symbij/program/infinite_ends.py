"""Log-derivatives at a finite end that is mapped to infinity.

There one link is infinitely steep, and a root that follows is infinitely flat: oo - oo. The whole is steep for certain:
over a finite stretch it climbs without bound, so that its log-derivative, if it tends to anything, tends to oo.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy as sp

from symbij.program.ir import Builder, Var
from symbij.program.rounded_ends import Step, input_of, is_double, is_infinite


def steep_at_infinite_ends(log_det: Var, x: Var, path: Sequence[Step], env: dict[sp.Symbol, Var], b: Builder) -> Var:
    """`log_det`, that of `path` at `x`, and oo where `x` is a finite end that is mapped to an infinite value."""
    curved = [step for step in path if not step.affine]
    if not b.accurate or len(curved) < 2 or x.index in b.sizes:
        return log_det
    from symbij.program.lower import lower  # which takes these limits by the functions here

    ends = (_mapped_to_infinity(path, k, end) for k, step in enumerate(path) for end in _ends(step))
    for end in dict.fromkeys(end for end in ends if end is not None and end.free_symbols <= env.keys()):
        log_det = b.select(b.compare("ne", x, lower(end, env, b)), log_det, b.const(math.inf))
    return log_det


def _ends(step: Step) -> tuple[sp.Expr, ...]:
    source = () if step.affine else (step.source.lo, step.source.hi)
    return tuple(end for end in source if not (is_infinite(end) or end.has(sp.Piecewise)))


def _mapped_to_infinity(path: Sequence[Step], k: int, end: sp.Expr) -> sp.Expr | None:
    """The finite input that comes to the k-th step as `end` and is infinite from there on; None if there is none."""
    value: sp.Expr | None = end
    for step in path[k:]:
        value = step.onwards(value)
        if value is None or not value.is_infinite or value.is_extended_real is False:
            return None
    source = input_of(path[:k], end)
    if source is None or source.has(sp.nan, sp.zoo, sp.Piecewise) or is_infinite(source):
        return None
    if not (source.is_Symbol or (-source).is_Symbol or is_double(source)):  # others round
        return None
    return source
