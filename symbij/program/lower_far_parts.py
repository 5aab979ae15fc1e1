"""Sums and products of which a part leaves the range of doubles: by the logarithms of the parts.

cosh(u)*(1 + u) is infinite from u = 704 on, u**10*sigmoid(u) zero below 1e-33, and u**3 + u infinite from 1e103 on;
what follows, asinh for one, needs their logarithms. With m_i + o_i = log|t_i|, as `lower_far` knows it, and all terms
driving f the same way,

    product:  log|f| = sum m_i + sum o_i          log|f'| = log|f| + log sum exp(log|t_i'| - m_i - o_i)
    sum:      log|f| = m + log sum exp(m_i - m + o_i),  log|f'| = m + log sum exp(log|t_i'| - m),  where m = max m_i

in which the m_i, of 1e80, cancel before anything small is added. Terms of a sum have one sign where it is infinite.
Within the range of doubles log|f'| is computed in another way, which does not cancel where a factor is close to zero.
"""

from __future__ import annotations

import math

from symbij.calculus.chain import Chain, Link
from symbij.calculus.cores import MonotoneCore
from symbij.calculus.leading import leading_terms
from symbij.calculus.parameter_forms import log_constant
from symbij.calculus.parts import ProductPart, SumPart
from symbij.program.far_forms import SIZES
from symbij.program.ir import Builder, Size, Var
from symbij.program.lower import Env, Lowered, lower, lower_inverse, lower_link
from symbij.program.lower_far import LARGEST, beyond_doubles, logarithm, total_of
from symbij.program.lower_leading import preimage_by_leading_term

_BESIDE = 45.0  # the logarithm of what a double has no digits for


def with_far_parts(part: SumPart | ProductPart, env: Env, u: Var, step: Lowered, b: Builder) -> Lowered:
    """`step`, the sum or product at `u`, also where a part under- or overflows; notes its logarithm."""
    chains = [term for term in part.terms if all(isinstance(item, Link) for item in term)]
    if not b.accurate or len(chains) < len(part.terms):
        return step
    terms = [_Term(chain, env, u, b) for chain in chains]  # type: ignore[arg-type]
    far = _far_product(terms, b) if isinstance(part, ProductPart) else _far_sum(terms, step.value, b)
    if far is None:
        return step
    beyond, size, main, offset, rate = far
    # of what is infinite or zero in truth too, no logarithm tells more; main parts are oo - oo there
    known_here = b.compare("lt", b.call("abs", main), b.const(math.inf))
    value, log_det, rest = step.value, step.log_det, step.offset or b.const(0.0)
    size, main_here, rate = (
        b.select(known_here, new, old) for new, old in ((size, value), (main, log_det), (rate, rest))
    )
    for condition in beyond:
        value, log_det = b.select(condition, size, value), b.select(condition, main_here, log_det)
        rest = b.select(condition, rate, rest)
    plain = b.call("log", b.call("abs", step.value))
    known = (b.select(known_here, main, plain), b.select(known_here, offset, b.const(0.0)))
    b.sizes[value.index] = Size(known if isinstance(part, ProductPart) else None, known)
    return Lowered(value, log_det, step.constant, rest)


class _Term:
    """A term at `u`: its value, its logarithm as main part and offset, and the parts of log|t'|."""

    def __init__(self, chain: Chain, env: Env, u: Var, b: Builder) -> None:
        self.b = b
        self.parts: list[Var] = []
        self.offsets: list[Var] = []
        for item in chain:
            step = lower_link(item, env, u, b)
            self.parts.append(step.log_det)
            self.offsets.append(lower(log_constant(step.constant), env, b))
            if step.offset is not None:
                self.offsets.append(step.offset)
            u = step.value
        self.value = u
        self.known = b.sizes.get(u.index, Size(None, None))
        self.log = logarithm(u, self.known, b)

    def log_slope_over(self, main: Var, offset: Var | None = None) -> Var:
        """log|t'| - main - offset."""
        b = self.b
        return total_of([*self.parts, b.neg(main)], [*self.offsets, *([] if offset is None else [b.neg(offset)])], b)

    def beyond(self) -> list[Var]:
        """The conditions under which the term has left the range of doubles, and its logarithm is known."""
        b = self.b
        size = b.call("abs", self.value)
        return [
            b.compare(kind, size, b.const(bound)) for log, kind, bound in beyond_doubles(self.known) if log is not None
        ]

    def is_negative(self) -> Var:
        """Whether the term is below zero, which of a zero its sign tells."""
        b = self.b
        inside = b.compare("lt", b.call("abs", self.value), b.const(math.inf))
        return b.compare("lt", b.select(inside, b.div(b.const(1.0), self.value), self.value), b.const(0.0))


# Conditions under which the far forms hold, the value there, the main part and the offset of its logarithm, and what
# log|f'| is beside the main part.
_Far = tuple[list[Var], Var, Var, Var, Var]


def _far_product(terms: list[_Term], b: Builder) -> _Far | None:
    beyond = [condition for t in terms for condition in t.beyond()]
    if not beyond:
        return None
    main, offset = b.const(0.0), b.const(0.0)
    for t in terms:
        main, offset = b.add(main, t.log[0]), b.add(offset, t.log[1])
    size = b.call("exp", b.add(main, offset))
    for t in terms:
        size = b.select(t.is_negative(), b.neg(size), size)
    rate = _log_sum([t.log_slope_over(*t.log) for t in terms], b)
    return beyond, size, main, offset, b.add(offset, rate)


def _far_sum(terms: list[_Term], value: Var, b: Builder) -> _Far | None:
    if all(t.known.high is None for t in terms):
        return None
    main = terms[0].log[0]
    for t in terms[1:]:
        main = b.call("max", main, t.log[0])
    offset = _log_sum([b.add(b.sub(t.log[0], main), t.log[1]) for t in terms], b)
    rate = _log_sum([t.log_slope_over(main) for t in terms], b)
    return [b.compare("gt", b.call("abs", value), b.const(LARGEST))], value, main, offset, rate


def _log_sum(logs: list[Var], b: Builder) -> Var:
    """log(sum exp(logs))."""
    total = logs[0]
    for log in logs[1:]:
        total = b.call("logaddexp", total, log)
    return total


def preimage_far_out(core: MonotoneCore, env: Env, u: Var, v: Var, b: Builder) -> Var:
    """`u`, the preimage of `v`, also where `v` is infinite though its logarithm is known, as for asinh(u**3 + u) = 711:
    that of one term, where the others are too small beside it to change a digit."""
    known, leading = b.sizes.get(v.index, Size(None, None)).high, leading_terms(core)
    if known is None:
        return u
    if leading is not None:
        return preimage_by_leading_term(leading, core.direction, u, v, known, b)
    chains = [term for term in core.part.terms if all(isinstance(item, Link) for item in term)]
    if not isinstance(core.part, SumPart) or len(chains) < len(core.part.terms):
        return u
    level = b.sub(b.add(*known), b.const(_BESIDE))
    beyond = b.compare("gt", b.call("abs", v), b.const(LARGEST))
    for k, chain in enumerate(chains):
        if not any(SIZES.get(item.name, (None, None))[1] for item in chain):
            continue  # it is infinite where its input is
        at = lower_inverse(chain, env, v, b).value  # type: ignore[arg-type]
        found = b.select(b.compare("lt", b.call("abs", at), b.const(math.inf)), at, u)
        # sizes have no sign: exp(u) has that of a large negative v, too
        own = _Term(chain, env, at, b)  # type: ignore[arg-type]
        same_sign = b.compare("gt", b.select(own.is_negative(), b.neg(v), v), b.const(0.0))
        found = b.select(same_sign, found, u)
        for other in (*chains[:k], *chains[k + 1 :]):
            log = b.add(*_Term(other, env, at, b).log)  # type: ignore[arg-type]
            found = b.select(b.compare("lt", log, level), found, u)
        u = b.select(beyond, found, u)
    return u
