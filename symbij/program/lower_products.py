"""Products of which a factor leaves the range of doubles: by the sum of the factors' logarithms.

cosh(u)*(1 + u) is infinite from u = 704 on, and u**10*sigmoid(u) zero below 1e-33; what follows, asinh for one, needs
their logarithms. With m_i + o_i = log|f_i|, as `lower_far` knows it,

    log|f| = sum m_i + sum o_i,    log|f'| = log|f| + log sum exp(log|f_i'| - log|f_i|)

for factors that all drive f the same way. Within the range of doubles log|f'| is computed in another way, which does
not cancel where a factor is close to zero.
"""

from __future__ import annotations

import math

from symbij.calculus.chain import Chain, Link
from symbij.calculus.parameter_forms import log_constant
from symbij.calculus.parts import ProductPart
from symbij.program.ir import Builder, Size, Var
from symbij.program.lower import Env, Lowered, lower, lower_link
from symbij.program.lower_far import logarithm, regimes, total_of


def with_far_factors(part: ProductPart, env: Env, u: Var, step: Lowered, b: Builder) -> Lowered:
    """`step`, the product at `u`, also where a factor under- or overflows; notes its logarithm."""
    chains = [term for term in part.terms if all(isinstance(item, Link) for item in term)]
    if not b.accurate or len(chains) < len(part.terms):
        return step
    factors = [_Factor(chain, env, u, b) for chain in chains]  # type: ignore[arg-type]
    if not any(f.known for f in factors):
        return step
    beyond = [condition for f in factors for condition in f.beyond]
    main, offset = b.const(0.0), b.const(0.0)
    for f in factors:
        main, offset = b.add(main, f.log[0]), b.add(offset, f.log[1])
    size, rate = b.call("exp", b.add(main, offset)), factors[0].log_rate
    for f in factors[1:]:
        rate = b.call("logaddexp", rate, f.log_rate)
    for f in factors:
        size = b.select(f.negative, b.neg(size), size)
    value, log_det, rest = step.value, step.log_det, step.offset or b.const(0.0)
    for condition in beyond:
        value, log_det = b.select(condition, size, value), b.select(condition, main, log_det)
        rest = b.select(condition, b.add(offset, rate), rest)
    b.sizes[value.index] = Size((main, offset), (main, offset))
    return Lowered(value, log_det, step.constant, rest)


class _Factor:
    """A factor at `u`: its value, its logarithm as main part and offset, and log|f'/f|."""

    def __init__(self, chain: Chain, env: Env, u: Var, b: Builder) -> None:
        self.b = b
        parts, offsets = [], []
        for item in chain:
            step = lower_link(item, env, u, b)
            parts.append(step.log_det)
            offsets.append(lower(log_constant(step.constant), env, b))
            if step.offset is not None:
                offsets.append(step.offset)
            u = step.value
        self.value = u
        self.known = b.sizes.get(u.index)
        self.log = logarithm(u, self.known, b)
        self.log_rate = total_of([*parts, b.neg(self.log[0])], [*offsets, b.neg(self.log[1])], b)

    @property
    def beyond(self) -> list[Var]:
        """The conditions under which the factor has left the range of doubles, and its logarithm is known."""
        b = self.b
        size = b.call("abs", self.value)
        known = self.known or Size(None, None)
        return [b.compare(kind, size, b.const(bound)) for log, kind, bound in regimes(known) if log is not None]

    @property
    def negative(self) -> Var:
        """Whether the factor is below zero, which of a zero its sign tells."""
        b = self.b
        inside = b.compare("lt", b.call("abs", self.value), b.const(math.inf))
        return b.compare("lt", b.select(inside, b.div(b.const(1.0), self.value), self.value), b.const(0.0))
