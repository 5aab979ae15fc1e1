"""The program behind the forward methods of a map with several branches."""

from __future__ import annotations

from collections.abc import Sequence

from symbij.calculus.derivation import Derivation
from symbij.formula.interval import Interval
from symbij.program.ir import Builder, Program, Var
from symbij.program.lower import lower, lower_chain
from symbij.program.operations import Stage, X, interval_conditions, stage_env

_NEXT_TO = 2.0**-49  # relative: some units in the last place


def branches_program(branches: Sequence[Derivation], names: tuple[str, ...], value: bool, log_det: bool) -> Program:
    """The value of the branch in which x lies, its log|derivative|, or both, in that order; NaN outside the domain.

    `branches` stand from left to right, with the same parameters, whose inputs are `names`. Where two of them meet is a
    rounded number, and next to it x may be on the other side: there the log-det of a branch can be the logarithm of a
    tiny negative number, and that of its neighbour is taken.
    """
    b = Builder()
    x = b.input(X)
    env = stage_env(Stage(branches[0], False, names), b)
    nan = b.const(float("nan"))
    results = [lower_chain(d.chain, env, x, b) for d in branches]
    outputs = []
    for name in ["value"] * value + ["log_det"] * log_det:
        chosen = getattr(results[-1], name)
        for k in range(len(branches) - 2, -1, -1):
            left, right = branches[k].domain, branches[k + 1].domain
            end = lower(left.hi, env, b)
            if left.hi != right.lo:  # maybe nothing in between
                chosen = b.select(b.compare("lt", x, lower(right.lo, env, b)), nan, chosen)
            chosen = _beside(x, end, getattr(results[k], name), chosen, b)
        for condition in interval_conditions(x, _closure(branches), env, b):
            chosen = b.select(condition, chosen, nan)
        outputs.append(chosen)
    return b.finish(outputs, (X, *names))


def _beside(x: Var, end: Var, left: Var, right: Var, b: Builder) -> Var:
    """`left` up to `end` and `right` beyond; next to it the one that is a number."""
    near = b.compare("le", b.call("abs", x - end), b.call("abs", end) * _NEXT_TO)
    either = [b.select(b.compare("ne", one, one), other, one) for one, other in ((left, right), (right, left))]
    left, right = b.select(near, either[0], left), b.select(near, either[1], right)
    return b.select(b.compare("le", x, end), left, right)


def _closure(branches: Sequence[Derivation]) -> Interval:
    """All the domain, with its ends: there the map has its limit."""
    return Interval(branches[0].domain.lo, branches[-1].domain.hi, lo_open=False, hi_open=False)
