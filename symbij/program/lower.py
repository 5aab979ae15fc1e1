"""Lowering: sympy expressions and chains → operations of a `Builder`."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symbij.calculus.chain import Chain, Core, Link
from symbij.calculus.elementary import KERNEL_NAME
from symbij.calculus.parameter_forms import log_constant
from symbij.calculus.truth import constant
from symbij.formula import functions as fn
from symbij.program.infinite_ends import steep_at_infinite_ends
from symbij.program.ir import Builder, Var
from symbij.program.rounded_ends import Moved, Step, kept_inside, with_values_at_ends

Env = dict[sp.Symbol, Var]

_RELATIONS = {sp.StrictLessThan: "lt", sp.LessThan: "le", sp.StrictGreaterThan: "gt", sp.GreaterThan: "ge", sp.Ne: "ne"}
_MULTIPLIED_OUT = 4  # integer powers up to this one are products: u*u*u is off by one rounding a factor at most


def lower(expr: sp.Expr, env: Env, b: Builder) -> Var:
    """The value of `expr` with its symbols bound by `env`."""
    expr = sp.sympify(expr)
    if isinstance(expr, sp.Symbol):
        return env[expr]
    if expr.is_infinite and expr.is_number:
        return b.const(float("inf") if expr.is_extended_positive else float("-inf"))
    if expr.is_number:
        return b.const(constant(expr))
    if isinstance(expr, sp.Add):
        return _lower_sum(expr, env, b)
    if isinstance(expr, sp.Mul):
        return _lower_product(expr, env, b)
    if isinstance(expr, sp.Pow):
        return _lower_power(expr.base, expr.exp, env, b)
    if isinstance(expr, sp.Piecewise):
        value = lower(expr.args[-1][0], env, b)
        if expr.args[-1][1] != True:  # noqa: E712  (a sympy boolean)
            value = b.select(lower_relation(expr.args[-1][1], env, b), value, b.const(float("nan")))
        for piece, condition in reversed(expr.args[:-1]):
            value = b.select(lower_relation(condition, env, b), lower(piece, env, b), value)
        return value
    if isinstance(expr, (sp.Max, sp.Min)):
        name = "max" if isinstance(expr, sp.Max) else "min"
        value, *rest = (lower(a, env, b) for a in expr.args)
        for other in rest:
            value = b.call(name, value, other)
        return value
    if isinstance(expr, sp.LambertW):
        return b.call("lambertw", lower(expr.args[0], env, b))
    if expr.func in KERNEL_NAME or isinstance(expr, (fn.odd_root, fn.moebius)):
        name = KERNEL_NAME.get(expr.func, expr.func.__name__)
        return b.call(name, *(lower(a, env, b) for a in expr.args))
    raise NotImplementedError(f"no kernel for {expr.func.__name__}")


def lower_relation(relation: sp.Basic, env: Env, b: Builder) -> Var:
    """The truth value of a comparison of two expressions."""
    return b.compare(_RELATIONS[type(relation)], lower(relation.lhs, env, b), lower(relation.rhs, env, b))


def _lower_sum(expr: sp.Add, env: Env, b: Builder) -> Var:
    """Positive terms first, so that negative ones are subtractions."""
    positive = [a for a in expr.args if not a.could_extract_minus_sign()]
    negative = [a for a in expr.args if a.could_extract_minus_sign()]
    if not positive:
        return b.neg(_lower_sum_of([-a for a in negative], env, b))
    total = _lower_sum_of(positive, env, b)
    for term in negative:
        total = b.sub(total, lower(-term, env, b))
    return total


def _lower_sum_of(terms: list[sp.Expr], env: Env, b: Builder) -> Var:
    total = lower(terms[0], env, b)
    for term in terms[1:]:
        total = b.add(total, lower(term, env, b))
    return total


def _lower_product(expr: sp.Mul, env: Env, b: Builder) -> Var:
    factor, square = expr.as_coeff_Mul()
    if isinstance(square, sp.Pow) and square.exp == 2 and 0 < abs(factor) < 1:  # u^2 may overflow where u^2/2 does not
        u = lower(square.base, env, b)
        half = b.mul(b.mul(u, b.const(float(abs(factor)))), u)
        return half if factor > 0 else b.neg(half)
    if _is_dyadic(factor):  # one number: u times its numerator may overflow
        numerator, denominator = sp.fraction(square, exact=True)
        scaled = b.mul(b.const(float(abs(factor))), lower(numerator, env, b))
        scaled = scaled if denominator == 1 else b.div(scaled, lower(denominator, env, b))
        return scaled if factor > 0 else b.neg(scaled)
    numerator, denominator = sp.fraction(expr, exact=True)
    if denominator != 1:
        return b.div(lower(numerator, env, b), lower(denominator, env, b))
    factors = list(expr.args)
    if factors[0].is_number and factors[0].is_negative and len(factors) > 1:
        return b.neg(lower(sp.Mul(-factors[0], *factors[1:]), env, b))
    total = lower(factors[0], env, b)
    for factor in factors[1:]:
        total = b.mul(total, lower(factor, env, b))
    return total


def _is_dyadic(factor: sp.Expr) -> bool:
    """Whether a number is p/2^k for an odd p > 1, and a double."""
    return factor.is_Rational and factor.q.bit_count() == 1 < factor.q and 1 < abs(factor.p) < 2**53


def _lower_power(base: sp.Expr, exponent: sp.Expr, env: Env, b: Builder) -> Var:
    u = lower(base, env, b)
    if exponent.is_negative and exponent.is_Rational:
        return b.div(b.const(1.0), _lower_power(base, -exponent, env, b))
    if exponent.is_Integer and exponent <= _MULTIPLIED_OUT:
        return repeated_product(u, int(exponent), b)
    if exponent == sp.Rational(1, 2):
        return b.call("sqrt", u)
    if exponent.is_Rational and exponent.q > 1 and exponent.p <= _MULTIPLIED_OUT and exponent.q % 2 == 1:
        root = b.select(
            b.compare("ge", u, b.const(0.0)), b.call("odd_root", u, b.const(exponent.q)), b.const(float("nan"))
        )
        return repeated_product(root, int(exponent.p), b)  # a rounded exponent would cost up to 100 ulp
    if base == _HALF_LINE:
        if exponent.is_Pow and exponent.exp == -1:
            return b.call("rootr", u, lower(exponent.base, env, b))  # whose exponent 1/p does not round
        return b.call("powr", u, lower(exponent, env, b))
    return b.call("pow", u, lower(exponent, env, b))


def repeated_product(u: Var, n: int, b: Builder) -> Var:
    """u^n for n >= 1."""
    if n == 1:
        return u
    half = repeated_product(u, n // 2, b)
    squared = b.mul(half, half)
    return b.mul(squared, u) if n % 2 else squared


@dataclass(frozen=True)
class Lowered:
    """Value and log|derivative| of a chain or link at a point; of a link, without the part `constant` of it that
    depends on parameters alone: the constants of a chain are added up symbolically, where opposite ones cancel."""

    value: Var
    log_det: Var
    constant: sp.Expr = sp.S.Zero
    offset: Var | None = None  # a part of log|derivative| that is added last, as the constants are

    def reciprocal(self, b: Builder) -> Lowered:
        """The same value with the log|derivative| of the opposite direction."""
        offset = None if self.offset is None else b.neg(self.offset)
        return Lowered(self.value, b.neg(self.log_det), -self.constant, offset)


def lower_chain(chain: Chain, env: Env, u: Var, b: Builder) -> Lowered:
    """The chain at its input `u`, with its log|derivative| in input forms.

    Between two links rounding may carry a value past the end of what the next one takes; it is brought back there.
    """
    return _lower_steps([Step(item, False) for item in chain], env, u, b)


def lower_inverse(chain: Chain, env: Env, v: Var, b: Builder) -> Lowered:
    """The inverse of the chain at `v`, with its log|derivative| in output forms; likewise."""
    return _lower_steps([Step(item, True) for item in reversed(chain)], env, v, b)


def _lower_steps(path: list[Step], env: Env, x: Var, b: Builder) -> Lowered:
    steps, constant, u = [], sp.S.Zero, x
    moved: list[tuple[Moved, list[Step]]] = []
    for k, at in enumerate(path):
        moved.append(([], path[k:]))
        u = kept_inside(u, x, path[:k], at, env, b, moved[-1][0])
        step = lower_link_inverse(at.link, env, u, b).reciprocal(b) if at.inverted else lower_link(at.link, env, u, b)
        steps.append(step)
        constant = constant + step.constant
        u = step.value
    u = with_values_at_ends(u, moved, env, b)
    log_det = b.add(_total(steps, b), lower(log_constant(constant), env, b))
    return Lowered(u, steep_at_infinite_ends(log_det, x, path, env, b))


def _total(steps: list[Lowered], b: Builder) -> Var:
    from symbij.program.lower_far import total_of  # which lowers its formulas by the functions here

    return total_of([step.log_det for step in steps], [step.offset for step in steps if step.offset is not None], b)


# Inputs and outputs of links: never the same as a user's parameter.
_IN, _OUT, _HALF_LINE = sp.Dummy("u", real=True), sp.Dummy("v", real=True), sp.Dummy("u", nonnegative=True)


def lower_link(item: Link, env: Env, u: Var, b: Builder) -> Lowered:
    """Value of the link at `u` and log|dv/du|."""
    if isinstance(item, Core):
        from symbij.program.lower_cores import CORES  # which lower their parts by the functions here

        return CORES[type(item)][0](item, env, u, b)
    from symbij.program.lower_far import by_logarithm  # likewise

    given, u = u, _unsigned_zero(item, u, b)
    point = _HALF_LINE if item.name == "power" else _IN
    inner = env | {point: u}
    v = lower(item.forward(point), inner, b)
    step = _with_log_det(v, item.computed_log_det_u(point, _OUT), inner | {_OUT: v}, b)
    return by_logarithm(item, env, given, step, 1, b)  # type: ignore[arg-type]


def lower_link_inverse(item: Link, env: Env, v: Var, b: Builder) -> Lowered:
    """Input `u` of the link for its output `v`, and log|dv/du| there."""
    if isinstance(item, Core):
        from symbij.program.lower_cores import CORES  # which lower their parts by the functions here

        return CORES[type(item)][1](item, env, v, b)
    from symbij.program.lower_far import by_logarithm  # likewise

    given, v = v, _unsigned_zero(item, v, b)
    inner = env | {_OUT: v}
    inverse = item.inverse()
    point = _HALF_LINE if inverse.name == "power" else _OUT
    u = lower(inverse.forward(point), inner | {point: v}, b)
    step = _with_log_det(u, item.computed_log_det_v(_IN, _OUT), inner | {_IN: u}, b)
    return by_logarithm(inverse, env, given, step, -1, b)  # type: ignore[arg-type]


def _unsigned_zero(item: Link, u: Var, b: Builder) -> Var:
    """`u`, with -0.0 made 0.0 where its reciprocal may be taken: on a half-line zero is its end, never approached from
    the other side. (Emitted as it is: the builder would drop the addition of zero.)"""
    return b.emit("add", u, b.const(0.0)) if item.name in ("power", "reciprocal") else u


def _with_log_det(value: Var, log_det: sp.Expr, env: Env, b: Builder) -> Lowered:
    constant, varying = sp.expand(log_det, deep=False).as_independent(_IN, _HALF_LINE, _OUT, as_Add=True)
    return Lowered(value, lower(varying, env, b), constant)


def by_sign_of(sign: int | sp.Expr, if_positive: Var, if_negative: Var, env: Env, b: Builder) -> Var:
    """One of two values, by the sign of a direction that may depend on parameters."""
    if isinstance(sign, int):
        return if_positive if sign > 0 else if_negative
    return b.select(b.compare("gt", lower(sign, env, b), b.const(0.0)), if_positive, if_negative)
