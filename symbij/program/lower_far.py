"""Values that under- or overflow between two links: the next link takes their logarithm instead.

ndtr(-50) is zero in doubles, so that of asin(ndtr(u))'s log-det -log1msq(v)/2 and the like nothing would be left; its
logarithm, log_ndtr(-50), is as good as any number. `SIZES` holds log|f(u)| of the functions that can leave the range of
normal doubles, and of those that pass such values on. `FAR` holds what functions make of an input that has left it:
value and log|derivative| by its logarithm, to leading order, which is exact there to far more digits than doubles have.

In the formulas `u` is the input of the function and `v` is log|u|. Only programs that are not differentiated do this:
in a reverse sweep the derivative of what is not selected is multiplied by zero, and it may be infinite here.
"""

from __future__ import annotations

import math
from dataclasses import replace

import sympy as sp

from symbij.calculus.chain import RowLink
from symbij.calculus.parameter_forms import log_constant
from symbij.program.ir import Builder, Size, Var
from symbij.program.lower import Env, Lowered, lower

_NORMAL, _LARGEST = 2.0**-1022, math.nextafter(math.inf, 0.0)
_IN, _LOG = sp.Dummy("u", real=True), sp.Dummy("v", real=True)

# log|f(u)| where it is below the normal doubles, and where it is infinite; None: it never is, or it is not known. Each
# is a main part, and an offset that sums of logarithms add last: next to 1e80 nothing would be left of it. The formulas
# are that of the main part, what an offset of log|u| is multiplied by, and what is added to it.
_Log = tuple[str, str, str]
_SAME: _Log = ("v", "1", "0")
_OF_EXP: _Log = ("u", "0", "0")
_OF_SINH: _Log = ("logcosh(u)", "0", "0")  # as its log-det, which is to cancel it, is rounded
_OF_XEXP: _Log = ("u + log(u)", "0", "0")  # where it is infinite
_OF_POWER: _Log = ("p*v", "p", "0")
_OF_ODD_POWER: _Log = ("n*v", "n", "0")
SIZES: dict[str, tuple[_Log | None, _Log | None]] = {
    "exp": (_OF_EXP, _OF_EXP),
    "expm1": (None, _OF_EXP),
    "sigmoid": (("-softplus(-u)", "0", "0"), None),
    "softplus": (_OF_EXP, None),
    "ndtr": (("log_ndtr(u)", "0", "0"), None),
    "erfc": (("log_ndtr(-sqrt(2)*u)", "0", "log(2)"), None),
    "sinh": (None, _OF_SINH),
    "cosh": (None, ("u", "0", "-log(2)")),
    "power": (_OF_POWER, _OF_POWER),
    "odd_power": (_OF_ODD_POWER, _OF_ODD_POWER),
    "versin": (("2*v", "2", "-log(2)"), None),
    "exp_quadratic": (None, ("2*u", "0", "log(abs(a))")),
    "exp_hyperbola": (None, ("abs(u)", "0", "where(u > 0, log(abs(a)), log(abs(b)))")),
    "xexp": (None, _OF_XEXP),
}

# the same of functions that pass a logarithm on, if there is one of their input
_TIMES_A: _Log = ("v", "1", "log(abs(a))")
_OVER_A: _Log = ("v", "1", "-log(abs(a))")
_RECIPROCAL_OF: _Log = ("-v", "-1", "0")
_ROOT_OF: _Log = ("v/n", "1/n", "0")
PASSED: dict[str, tuple[_Log | None, _Log | None]] = {
    "scale": (_TIMES_A, _TIMES_A),
    "divide": (_OVER_A, _OVER_A),
    "shift": (None, _SAME),
    "reciprocal": (_RECIPROCAL_OF, _RECIPROCAL_OF),
    "odd_root": (_ROOT_OF, _ROOT_OF),
    "expm1": (_SAME, _OF_EXP),
    "sinh": (_SAME, _OF_SINH),
    "softplus": (_OF_EXP, _SAME),
    "erf": (("v", "1", "log(2) - log(pi)/2"), None),
    "versin_inverse": (("v/2", "1/2", "log(2)/2"), None),
    "softplus_inverse": (None, _SAME),
    **{name: (_SAME, None) for name in (
        "tanh", "atanh", "asinh", "sin", "asin", "tan", "atan", "log1p", "softsign", "softsign_inverse", "lambertw",
    )},
    "xexp": (_SAME, _OF_XEXP),
}  # fmt: skip

# of an input below the normal doubles, and of an infinite one: the value (None: as it is) and log|derivative|, which is
# the second formula times v plus the third one
_Far = tuple[str | None, str, str]
_POWER: _Far = ("exp(p*v)", "p - 1", "log(abs(p))")
_ODD_POWER: _Far = (None, "n - 1", "log(n)")
_ODD_ROOT: _Far = ("sign(u)*exp(v/n)", "1/n - 1", "-log(n)")
_ODD_ROOT_NEAR_ZERO: _Far = ("where(1/u > 0, exp(v/n), -exp(v/n))", "1/n - 1", "-log(n)")  # a zero has a sign
_RECIPROCAL: _Far = ("exp(-v)", "-2", "0")
_LOG_ROW: _Far = ("v", "-1", "0")
# W(u) = w where w + log(w) = v: two of Newton's steps from v - log(v), for v from 709 on; beyond 1e25 it is v
_W_0 = "(v - log(v))"
_W_1 = f"({_W_0}*((1 + v - log({_W_0}))/(1 + {_W_0})))"
_W_2 = f"({_W_1}*((1 + v - log({_W_1}))/(1 + {_W_1})))"
FAR: dict[str, tuple[_Far | None, _Far | None]] = {
    "lambertw": (None, (f"where(v < 1e25, {_W_2}, v)", "-1", f"where(v < 1e25, -log1p(1/{_W_2}), -1/v)")),
    "power": (_POWER, _POWER),
    "odd_power": (_ODD_POWER, _ODD_POWER),
    "odd_root": (_ODD_ROOT_NEAR_ZERO, _ODD_ROOT),
    "reciprocal": (_RECIPROCAL, _RECIPROCAL),
    "log": (_LOG_ROW, _LOG_ROW),
    "log1p": (None, _LOG_ROW),
    "asinh": (None, ("sign(u)*(v + log(2))", "-1", "0")),
    "acosh": (None, ("v + log(2)", "-1", "0")),
    "softsign": (None, (None, "-2", "0")),
    "atan": (None, (None, "-2", "0")),
    "cauchy": (None, (None, "-2", "log(abs(c)) - log(pi)")),
    "logit": (_LOG_ROW, None),
    "softplus_inverse": (_LOG_ROW, None),
    "versin_inverse": (("exp((v + log(2))/2)", "-1/2", "-log(2)/2"), None),
    "exp_quadratic_root": (None, ("(v - log(abs(a)))/2", "-1", "-log(2)")),
    "exp_hyperbola_root": (
        None,
        ("where(u*a > 0, v - log(abs(a)), log(abs(b)) - v)", "-1", "0"),
    ),
    "ndtri": (("ndtri_exp(v)", "-1", "log(mills(abs(ndtri_exp(v)))) + log(2*pi)/2"), None),
    "erfcinv": (
        (
            "-ndtri_exp(v - log(2))/sqrt(2)",
            "-1",
            "log(2*mills(abs(ndtri_exp(v - log(2))))) - log(2) + log(pi)/2",
        ),
        None,
    ),
}


def by_logarithm(item: RowLink, env: Env, u: Var, step: Lowered, sign: int, b: Builder) -> Lowered:
    """`step`, which is `item` at `u`, with what the logarithm of `u` says where `u` itself is not known; notes the
    logarithm of the result. `sign` is -1 if the log-derivative of `step` is that of the inverse of `item`."""
    if not b.accurate:
        return step
    known = b.sizes.get(u.index)
    if known is not None:
        step = _far(item, env, u, known, step, sign, b)
    formulas = SIZES.get(item.name) if known is None else PASSED.get(item.name, SIZES.get(item.name))
    if formulas is None or _is_root(item) or b.value_of(step.value) is not None:
        return step
    log = logarithm(u, known, b)
    low, high = (None if pair is None else _pair(item, pair, env, u, log, b) for pair in formulas)
    if known is not None and item.name not in SIZES:  # which pass on what there is
        below, above = (known.high, known.low) if item.name == "reciprocal" else (known.low, known.high)
        low, high = below and low, above and high
    if known is not None and item.name in ("scale", "divide"):
        step = replace(step, value=_back_in_range(step.value, u, known, low, high, b))
    if low is not None or high is not None:
        b.sizes[step.value.index] = Size(low, high)
    return step


def _back_in_range(
    value: Var, u: Var, known: Size, low: tuple[Var, Var] | None, high: tuple[Var, Var] | None, b: Builder
) -> Var:
    """`value`, a multiple of `u` with the logarithm `low` or `high` where `u` has left the range of normal doubles,
    computed from that logarithm where the multiple is within the range again."""
    size = b.call("abs", u)
    for log, (_, kind, bound) in zip((low, high), regimes(known), strict=True):
        if log is None:
            continue
        whole = b.add(*log)
        inside, magnitude = b.compare(kind, size, b.const(bound)), b.call("exp", whole)
        for relation, end in (("gt", _NORMAL), ("lt", _LARGEST)):
            magnitude = b.select(b.compare(relation, whole, b.const(math.log(end))), magnitude, b.call("abs", value))
        side = b.div(b.const(1.0), value) if kind == "lt" else value  # a zero has a sign
        signed = b.select(b.compare("gt", side, b.const(0.0)), magnitude, b.neg(magnitude))
        value = b.select(inside, signed, value)
    return value


def total_of(parts: list[Var], offsets: list[Var], b: Builder) -> Var:
    """The sum of the parts, and of the offsets last; with what each addition rounds away where there are offsets, since
    next to main parts that cancel, of 1e80, nothing would be left of the other parts."""
    total, rest = b.const(0.0), b.const(0.0)
    for part in parts:
        before, total = total, b.add(total, part)
        if offsets:
            back = b.sub(total, before)
            lost = b.add(b.sub(before, b.sub(total, back)), b.sub(part, back))
            finite = b.compare("lt", b.call("abs", total), b.const(math.inf))
            rest = b.add(rest, b.select(finite, lost, b.const(0.0)))
    for offset in offsets:
        rest = b.add(rest, offset)
    return b.add(total, rest)


def note_choice(value: Var, inside: list[Var], steps: list[Var], b: Builder) -> None:
    """Note the logarithm of a `value` that is that of one of `steps`, by conditions that hold up to one each."""
    sizes = [b.sizes.get(step.index, Size(None, None)) for step in steps]
    chosen: list[tuple[Var, Var] | None] = []
    for k in (0, 1):
        if all(size[k] is None for size in sizes):
            chosen.append(None)
            continue
        pairs = [size[k] or logarithm(step, None, b) for size, step in zip(sizes, steps, strict=True)]
        main, offset = pairs[-1]
        for condition, pair in zip(inside[::-1], pairs[-2::-1], strict=True):
            main, offset = b.select(condition, pair[0], main), b.select(condition, pair[1], offset)
        chosen.append((main, offset))
    if any(chosen):
        b.sizes[value.index] = Size(*chosen)


def _is_root(item: RowLink) -> bool:
    """Whether a power is a root, which leaves the range of doubles for no input."""
    return item.name == "power" and item.args[0].is_number and bool(abs(item.args[0]) <= 1)


def logarithm(u: Var, known: Size | None, b: Builder) -> tuple[Var, Var]:
    """log|u| as main part and offset, in the ways known."""
    size = b.call("abs", u)
    log, offset = b.call("log", size), b.const(0.0)
    for pair, kind, bound in regimes(known or Size(None, None)):
        if pair is not None:
            beyond = b.compare(kind, size, b.const(bound))
            log, offset = b.select(beyond, pair[0], log), b.select(beyond, pair[1], offset)
    return log, offset


def regimes(known: Size) -> tuple[tuple[tuple[Var, Var] | None, str, float], ...]:
    """What is known of a logarithm, and the comparison of a size that tells where it is needed."""
    return (known.low, "lt", _NORMAL), (known.high, "gt", _LARGEST)


def _far(item: RowLink, env: Env, u: Var, known: Size, step: Lowered, sign: int, b: Builder) -> Lowered:
    size = b.call("abs", u)
    for (log, kind, bound), formulas in zip(regimes(known), FAR.get(item.name, (None, None)), strict=True):
        if log is None or formulas is None:
            continue
        beyond = b.compare(kind, size, b.const(bound))
        whole = b.add(*log)
        value = step.value
        if formulas[0] is not None:
            value = b.select(beyond, _lower(item, formulas[0], env, u, whole, b), value)
        times, rest = (_lower(item, text, env, u, whole, b) for text in formulas[1:])
        main, offset = b.mul(times, log[0]), b.add(b.mul(times, log[1]), rest)
        if sign < 0:
            main, offset = b.neg(main), b.neg(offset)
        offset = b.sub(offset, lower(log_constant(step.constant), env, b))
        offset = b.select(beyond, offset, step.offset or b.const(0.0))
        step = Lowered(value, b.select(beyond, main, step.log_det), step.constant, offset)
    return step


def _pair(item: RowLink, texts: _Log, env: Env, u: Var, log: tuple[Var, Var], b: Builder) -> tuple[Var, Var]:
    main, times, rest = (_lower(item, text, env, u, log[0], b) for text in texts)
    return main, rest if b.value_of(times) == 0 else b.add(b.mul(times, log[1]), rest)


def _lower(item: RowLink, text: str, env: Env, u: Var, log: Var, b: Builder) -> Var:
    return lower(item.row.formula(text, _IN, _LOG, item.args), env | {_IN: u, _LOG: log}, b)
