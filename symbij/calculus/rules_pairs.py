"""Peephole rules for a function that nearly undoes the one before it, such as the exponential of a logit.

    u/(1 - u), log             =  logit
    logit, exp                 =  softsign_inverse                (u/(1 - u) for 0 < u < 1)
    logit, -w, exp             =  odds_against: (1 - u)/u
    log, sigmoid               =  softsign                        (u/(1 + u) for u > 0)
    log1p, sigmoid             =  softsign of 1 + u
    softplus, expm1            =  exp
    softplus, exp              =  1 + exp(u)
    softplus, -w, exp          =  sigmoid of -u                   (expm1: -sigmoid of u)
    exp, -w, log1p             =  log1mexp of -u                  (expm1, -w, log likewise)
    exp, logit                 =  -softplus_inverse of -u
    exp, ndtri                 =  ndtri_exp
    exp, atanh                 =  log_tanh_inverse                (exp, erfinv = log_erf_inverse)
    sigmoid, 1/v               =  1 + exp of -u
    exp, u + 1, power(p)       =  softplus, p*v, exp              (exp(u) may overflow where the power does not)
    exp, d*u + c, log          =  softplus of u + log(d/c), + log(c), for numbers c >= 1 and d/c near 1 (log1p likewise)
    sigmoid, power(p)          =  -p*softplus of -u, exp          (sigmoid may underflow)
    exp, odd_power(n)          =  exp of n*u                      (odd_root likewise)
    odd_power(m), odd_power(n) =  odd_power(m*n)                  (power(p), odd_power(n) = power(p*n))
    sinh, atan                 =  gudermann: 2*atan(tanh(u/2))    (sinh may overflow; tan, asinh is its inverse)
    u + 1, acosh               =  acosh_1p: 2*asinh(sqrt(u/2))    (of a small u nothing is left next to 1)
    1 - u, acos                =  versin_inverse: 2*asin(sqrt(u/2))
    u - 1, acos                =  vercos_inverse: pi - versin_inverse(u)
    (2*u - a - b)/(b - a), atanh = log of (u - a)/(b - u), then v/2, for parameters a and b (logit likewise)
    u - 1, atanh               =  logit of u/2, then v/2         (and others of `FROM_END`, at either end)
    cosh, v - 1                =  cosh_m1: 2*sinh(u/2)**2
    asinh, exp                 =  u + sqrt(u**2 + 1), a hyperbola_root (exp makes many roundings of one, far out)
    a*u/(c*u + d)              =  moebius_from_zero, 1/(s/u + t) likewise (its slope is known next to u = 0)

Each takes what the rules of `rules_power` take.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symbij.calculus.affine import Run, is_row, scaled, shifted
from symbij.calculus.chain import Chain, Link, RowLink, link
from symbij.calculus.from_end import FROM_END, below

Rule = Callable[[RowLink, Run, Run, Chain], "list[Link] | None"]
_X = sp.Dummy("x", real=True)
_NEGATE = link("scale", -1)
_ROOT_OF_ONE = link("hyperbola_root", sp.S.Half, -sp.S.Half, 0, 1)
_NEAR_ONE = (sp.Rational(1, 4), sp.Integer(4))  # d/c whose logarithm costs the sum no more than two roundings


def _pair(following: str, *whole: Link, factor: int = 1) -> Rule:
    """f, then `factor`, then the function `following` = `whole`."""

    def rule(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
        if after.scale != factor or after.shift != 0 or not tail or not is_row(tail[0], following):
            return None
        return [*before.links, *whole, *tail[1:]]

    return rule


def _exponent(tail: Chain) -> sp.Expr | None:
    """The exponent, if a power is what follows."""
    if not tail or not is_row(tail[0], "power", "odd_power"):
        return None
    return tail[0].args[0]  # type: ignore[attr-defined]


def _exp_to_a_power(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.links:
        exponent = _exponent(tail)
        if exponent is None or after.scale != 1 or after.shift != 1:
            return None
        return [*before.links, link("softplus"), *scaled(exponent), link("exp"), *tail[1:]]
    if tail and is_row(tail[0], "odd_power"):
        return [*before.links, *scaled(tail[0].args[0]), link("exp"), *tail[1:]]  # type: ignore[attr-defined]
    if tail and is_row(tail[0], "odd_root"):
        return [*before.links, *scaled(1 / tail[0].args[0]), link("exp"), *tail[1:]]  # type: ignore[attr-defined]
    return None


def _exp_to_a_log(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not after.links or not tail or not is_row(tail[0], "log", "log1p"):
        return None
    constant = after.shift + (1 if is_row(tail[0], "log1p") else 0)
    if not (constant.is_number and after.scale.is_number) or not constant >= 1:
        return None
    ratio = after.scale / constant
    if not _NEAR_ONE[0] <= ratio <= _NEAR_ONE[1]:
        return None
    outside = shifted(sp.log(constant))
    return [*before.links, *shifted(sp.log(ratio)), link("softplus"), *outside, *tail[1:]]


def _sigmoid_to_a_power(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    exponent = _exponent(tail)
    if after.links or exponent is None:
        return None
    return [*before.links, _NEGATE, link("softplus"), *scaled(-exponent), link("exp"), *tail[1:]]


def _acosh_beside_one(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if before.shift != 1:
        return None
    return [*scaled(before.scale), link("acosh_1p"), *after.links, *tail]


def _acos_beside_one(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if before.shift not in (1, -1):
        return None
    name = "versin_inverse" if before.shift == 1 else "vercos_inverse"
    return [*scaled(-before.shift * before.scale), link(name), *after.links, *tail]


def _beside_end(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    own = FROM_END.get((item.row.name, int(before.shift))) if before.shift.is_Integer else None
    if own is None:
        return None
    return [*scaled(-before.scale if below(before.shift) else before.scale), *own, *after.links, *tail]


def _between_parameters(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not before.shift.free_symbols:
        return None
    half, one = (sp.S.Half, sp.S.One) if item.row.name == "atanh" else (sp.S.One, sp.S.Zero)
    # u - a and b - u for its ends a and b, up to a common factor
    from_lower, to_upper = (
        sp.together(e) for e in (before.scale * _X + before.shift + one, 1 - before.scale * _X - before.shift)
    )
    over, under = sp.fraction(sp.cancel(from_lower / to_upper))
    numbers = [sp.Poly(e, _X).coeff_monomial(_X**n) for e in (over, under) for n in (1, 0)]
    if any(number.is_Add for number in numbers):
        return None  # an end that has to be computed is no better known than what is there
    return [link("moebius_beside_pole", *numbers), link("log"), *scaled(half), *after.links, *tail]


def _cosh_less_one(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if not after.links or after.pre != -1:
        return None
    return [*before.links, link("cosh_m1"), *scaled(after.scale), *tail]


def _powers(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    if after.links or not tail or not is_row(tail[0], "odd_power"):
        return None
    return [*before.links, link(item.row.name, item.args[0] * tail[0].args[0]), *tail[1:]]  # type: ignore[attr-defined]


def _odds(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    odds = link("moebius", -1, 0, 1, 1)  # of -u
    if item != odds or before.shift != 0 or after.links or not tail or not is_row(tail[0], "log"):
        return None
    return [*scaled(-before.scale), link("logit"), *tail[1:]]


def _from_zero(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    a, b, c, d = item.args
    if b != 0 or not d.is_positive:
        return None
    return [*before.links, link("moebius_from_zero", a, c, d), *after.links, *tail]


def _harmonic(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """1/(s/u + t) = u/(t*u + s), for which 1/u need not exist."""
    if not after.links or not tail or not is_row(tail[0], "reciprocal") or before.shift != 0:
        return None
    if not after.scale.is_positive or not after.shift.is_positive:
        return None
    return [*before.links, link("moebius_from_zero", 1, after.shift, after.scale), *tail[1:]]


PAIR_RULES: dict[str, tuple[Rule, ...]] = {
    "logit": (
        _pair("exp", link("softsign_inverse")),
        _pair("exp", link("odds_against"), factor=-1),
    ),
    "moebius": (_odds, _from_zero),
    "reciprocal": (_harmonic,),
    "asinh": (_pair("exp", _ROOT_OF_ONE),),
    "log": (_pair("sigmoid", link("softsign")),),
    "log1p": (_pair("sigmoid", link("shift", 1), link("softsign")),),
    "softplus": (
        _pair("expm1", link("exp")),
        _pair("exp", link("exp"), link("shift", 1)),
        _pair("exp", _NEGATE, link("sigmoid"), factor=-1),
        _pair("expm1", link("sigmoid"), _NEGATE, factor=-1),
    ),
    "expm1": (_pair("log", _NEGATE, link("log1mexp"), factor=-1),),
    "exp": (
        _pair("log1p", _NEGATE, link("log1mexp"), factor=-1),
        _pair("logit", _NEGATE, link("softplus_inverse"), _NEGATE),
        _pair("ndtri", link("ndtri_exp")),
        _pair("atanh", link("log_tanh_inverse")),
        _pair("erfinv", link("log_erf_inverse")),
        _exp_to_a_power,
        _exp_to_a_log,
    ),
    "acosh": (_acosh_beside_one,),
    "acos": (_acos_beside_one,),
    "cosh": (_cosh_less_one,),
    "sigmoid": (_sigmoid_to_a_power, _pair("reciprocal", _NEGATE, link("exp"), link("shift", 1))),
    "odd_power": (_powers,),
    "power": (_powers,),
    "sinh": (_pair("atan", link("gudermann")),),
    "tan": (_pair("asinh", link("gudermann_inverse")),),
}

# for what no other rule takes: that of exp(u) - 1 is better than what becomes of its end
LATE_RULES: dict[str, tuple[Rule, ...]] = {
    **dict.fromkeys(("erfinv", "erfcinv", "ndtri"), (_beside_end,)),
    **dict.fromkeys(("atanh", "logit"), (_beside_end, _between_parameters)),
}
