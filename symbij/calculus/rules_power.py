"""Peephole rules for powers and for exponentials of exponentials: what follows a function, and what it becomes.

    u**p - 1                           =  pow_m1(p)                 (1 - u**p, and multiples, likewise)
    (1 + u)**p - 1                     =  pow_1p_m1(p)
    log(1 - u**p)                      =  log_1m_pow(p)             for p > 0
    log(1 - (1 + u)**p)                =  log1mexp(-p*log1p(u))     for p > 0
    1 - (1 - u**p)**q                  =  complement_power(p, q)    for p, q > 0
    (s/u)**p                           =  (u/s)**(-p)               for s > 0
    log(u/s), (u/s)**p                 =  log_quotient(s), pow_quotient(p, s)
    (u/s)**p - 1                       =  expm1(p*log(u/s))         if p is a parameter, part of the conditioning
    u**2/(k*s**2)                      =  (u/s)**2/k                for s > 0: u**2 may over- or underflow
    exp(a*exp(u)), exp(a*expm1(u)) - 1 =  exp_exp(a), expm1_expm1(a), ...
    log(1 + a*expm1(u))                =  log1p_expm1(a)

Each takes the link, the affine runs before and after it, and the links after those; the result takes the place of all
of them, or is None.
"""

from __future__ import annotations

import sympy as sp

from symbij.calculus.affine import Run, is_row, scaled
from symbij.calculus.chain import Chain, Link, RowLink, link


def _first(tail: Chain) -> RowLink | None:
    return tail[0] if tail and isinstance(tail[0], RowLink) else None


def _divisor(before: Run) -> sp.Expr | None:
    """s, if the last that happens before is a division by a positive parameter s."""
    last = before.links[-1] if before.links else None
    if isinstance(last, RowLink) and last.row.name == "divide" and last.args[0].is_positive:
        return None if last.args[0].is_number else last.args[0]
    return None


def rule_power(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """Of `power`."""
    exponent, following = item.args[0], _first(tail)
    if is_row(following, "reciprocal") and after.scale == 1 and after.shift == 1:
        return [*before.links, link("log"), link("scale", -exponent), link("sigmoid"), *tail[1:]]
    if after.links and sp.expand(after.pre + 1) == 0:
        if before.links and sp.expand(before.shift - 1) == 0:
            whole_root = exponent.is_Rational and exponent.p == 1 and exponent.q != 1  # 1/3 would be rounded
            middle = link("root_1p_m1", exponent.q) if whole_root else link("pow_1p_m1", exponent)
            return [*scaled(before.scale), middle, *scaled(after.scale), *tail]
        return [*before.links, link("pow_m1", exponent), *scaled(after.scale), *tail]
    if after.scale == -1 and after.shift == 0 and exponent.is_positive and following is not None:
        if is_row(following, "log1p"):
            if before.links and sp.expand(before.shift - 1) == 0:
                beside_one = [link("log1p"), *scaled(-exponent), link("log1mexp")]
                return [*scaled(before.scale), *beside_one, *tail[1:]]
            return [*before.links, link("log_1m_pow", exponent), *tail[1:]]
        if is_row(following, "pow_1p_m1") and following.args[0].is_positive:
            return [*before.links, link("complement_power", exponent, following.args[0]), link("scale", -1), *tail[1:]]
    if not after.links and is_row(following, "log"):
        return [*before.links, link("log"), link("scale", exponent), *tail[1:]]
    if not after.links and is_row(following, "power"):
        return [*before.links, link("power", exponent * following.args[0]), *tail[1:]]  # type: ignore[union-attr]
    if not after.links and is_row(following, "reciprocal"):
        return [*before.links, link("power", -exponent), *tail[1:]]
    if exponent.is_number and len(after.links) == 1 and not before.links:
        number, symbols = after.scale.as_coeff_Mul()
        root = sp.powdenest(symbols ** (1 / exponent))
        if symbols != 1 and root.is_positive and sp.denom(sp.together(root)) != 1 and not _has_root(root):
            return [link("divide", 1 / root), item, *scaled(number), *tail]
    divisor = _divisor(before)
    if divisor is not None:
        return [*before.links[:-1], link("pow_quotient", exponent, divisor), *after.links, *tail]
    return None


def _has_root(expr: sp.Expr) -> bool:
    return any(not node.exp.is_Integer for node in expr.atoms(sp.Pow))


def rule_pow_m1(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """Of `pow_m1`: where s is a parameter as well as the exponent, through the logarithm of u/s."""
    divisor = _divisor(before)
    if divisor is None or item.args[0].is_number:
        return None
    middle = [link("log_quotient", divisor), link("scale", item.args[0]), link("expm1")]
    return [*before.links[:-1], *middle, *after.links, *tail]


def rule_reciprocal(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """Of `reciprocal`: (s/u)**p."""
    following = _first(tail)
    if following is None or after.shift != 0 or not is_row(following, "power", "pow_m1"):
        return None
    if after.scale != 1 and not after.scale.is_positive:
        return None
    dividing = [link("divide", after.scale)] if after.scale != 1 else []
    return [*before.links, *dividing, link(following.row.name, -following.args[0]), *tail[1:]]


def rule_log(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """Of `log`."""
    divisor = _divisor(before)
    if divisor is None:
        return None
    return [*before.links[:-1], link("log_quotient", divisor), *after.links, *tail]


def rule_log_quotient(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """Of `log_quotient`."""
    if after.links and after.shift == 0 and is_row(_first(tail), "exp"):
        return [*before.links, link("pow_quotient", after.scale, item.args[0]), *tail[1:]]
    return None


def rule_inner_exp(item: RowLink, before: Run, after: Run, tail: Chain) -> list[Link] | None:
    """Of `exp` and `expm1` inside another one, or inside log1p."""
    following = _first(tail)
    if after.shift != 0 or following is None:
        return None
    outer = {
        ("exp", "exp"): "exp_exp",
        ("exp", "expm1"): "expm1_exp",
        ("expm1", "expm1"): "expm1_expm1",
        ("expm1", "log1p"): "log1p_expm1",
    }.get((item.row.name, following.row.name))
    if outer in ("exp_exp", "expm1_exp"):
        divides = is_row(before.links[-1] if before.links else None, "divide")
        width = before.links[-1].args[0] if divides else sp.S.One  # type: ignore[attr-defined]
        return [*(before.links[:-1] if divides else before.links), link(outer, after.scale, width), *tail[1:]]
    return None if outer is None else [*before.links, link(outer, after.scale), *tail[1:]]
