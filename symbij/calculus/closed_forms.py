"""Sums in which the variable stands twice and that one row of the table is all the same: a u^2 + b u and a u + b/u.

Through one inner function there are many more of them: exp(2x) + exp(x) is t^2 + t with t = exp(x).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from symbij.calculus.affine import is_row
from symbij.calculus.bounds import Bounds, sign_of
from symbij.calculus.chain import Chain, Link, link
from symbij.calculus.cores import POINT, MonotoneCore, OnInterval
from symbij.calculus.parts import ProductPart, SumPart
from symbij.calculus.proof import Folds, Monotone, OutsideDomain, Proof, Prover, Unproved
from symbij.calculus.slopes import value_of
from symbij.formula.functions import cbrt
from symbij.formula.interval import POSITIVE, REALS, Interval


@dataclass(frozen=True)
class Shape:
    """a u^2 + b u, which is `quadratic`, or a u + b/u, a `hyperbola`."""

    name: str
    a: sp.Expr
    b: sp.Expr

    def slope_at(self, end: sp.Expr, bounds: Bounds) -> sp.Expr:
        """The derivative at an end of an interval, or something with the sign of its limit there."""
        if self.name == "quadratic":
            return self.a * sp.sign(end) if end.is_infinite else 2 * self.a * end + self.b
        if end.is_infinite:
            return self.a
        return -self.b if sign_of(end, bounds) == 0 else self.a * end**2 - self.b


def shape_of(part: SumPart | ProductPart) -> Shape | None:
    """The shape of a sum of two powers of the variable, or of a product u (a u + b). None if it is neither, or if
    multiplying out would bring in numbers that cancel."""
    terms = [value_of(term, POINT) for term in part.terms]
    if isinstance(part, ProductPart):
        terms = list(sp.Add.make_args(sp.expand(sp.Mul(*terms)))) if _is_simple_product(terms) else []
    found: dict[sp.Expr, sp.Expr] = {}
    for term in terms:
        coefficient, power = term.as_independent(POINT, as_Add=False)
        base, exponent = power.as_base_exp()
        if base != POINT or exponent in found:
            return None
        found[exponent] = coefficient
    if set(found) == {1, 2}:
        return Shape("quadratic", found[sp.Integer(2)], found[sp.Integer(1)])
    if set(found) == {1, -1}:
        return Shape("hyperbola", found[sp.Integer(1)], found[sp.Integer(-1)])
    return None


def _is_simple_product(factors: list[sp.Expr]) -> bool:
    """Whether the factors are the variable and a sum of two terms."""
    bare = [f for f in factors if not isinstance(f, sp.Add)]
    sums = [f for f in factors if isinstance(f, sp.Add)]
    return len(sums) == 1 and len(sums[0].args) == 2 and sp.Mul(*bare).as_independent(POINT)[1] == POINT


def by_ends(part: SumPart | ProductPart, where: Interval, bounds: Bounds) -> Monotone | None:
    """The derivative of these shapes is monotone itself, so that it has one sign if it has the same at both ends; where
    parameters decide about one of them, on that condition."""
    shape = shape_of(part)
    if shape is None or (shape.name == "hyperbola" and _side(where, bounds) is None):
        return None
    ends = [sp.expand(shape.slope_at(end, bounds)) for end in (where.lo, where.hi)]
    signs = [sign_of(end, bounds) for end in ends]
    known = {s for s in signs if s in (1, -1)}
    if len(known) != 1:
        return None
    direction = known.pop()
    if None not in signs:
        return Monotone(direction, False, (), "its derivative, which is monotone, has one sign at both ends")
    other = sp.expand(direction * ends[signs.index(None)])
    condition = (sp.Ge(other, 0), f"{other} >= 0, so that its derivative, which is monotone, has one sign at both ends")
    return Monotone(direction, False, (condition,), "its derivative, which is monotone, has one sign at both ends")


def closed_form(core: MonotoneCore, bounds: Bounds) -> Chain:
    """Links with formulas for their inverses that are the same as `core`; the core itself if there are none."""
    shape = shape_of(core.part)
    if shape is None:
        return (with_formula(core, bounds),)
    links: list[Link] = []
    a, b, where, image, direction = shape.a, shape.b, core.where, core.image, core.direction
    if shape.name == "hyperbola":
        side = _side(where, bounds)
        if side is None:
            return (core,)
        if side < 0:
            links.append(link("scale", -1))
            a, b, direction = -a, -b, -direction
            where = Interval(-where.hi, -where.lo, where.hi_open, where.lo_open)
    elif isinstance(direction, int):
        image = _far_ends(image, where, direction)
    common = _common_denominator(a, b)
    made = link(shape.name, common * a, common * b, 0, sp.sign(direction))
    links.append(OnInterval(made, direction, where, _times(image, common), core.proof))
    if common != 1:
        links.append(link("divide", common))
    return tuple(links)


def _far_ends(image: Interval, where: Interval, direction: int) -> Interval:
    """The image of a quadratic that goes one way, with infinities for infinities: that goes for a = 0 too, where the
    limit of a u^2 alone, oo sign(a), says nothing."""
    lo, hi = (where.lo, where.hi) if direction > 0 else (-where.hi, -where.lo)
    return Interval(
        -sp.oo if lo == -sp.oo else image.lo, sp.oo if hi == sp.oo else image.hi, image.lo_open, image.hi_open
    )


def _side(where: Interval, bounds: Bounds) -> int | None:
    """On which side of zero an interval lies."""
    if sign_of(where.lo, bounds) in (0, 1):
        return 1
    return -1 if sign_of(where.hi, bounds) in (0, -1) else None


def _common_denominator(*numbers: sp.Expr) -> sp.Expr:
    """What makes doubles of numbers that are fractions, such as 1/3, which doubles are not: between 1/2 and 1, so that
    nothing overflows that did not before; 1 if that is no double itself."""
    if not all(n.is_Rational for n in numbers):
        return sp.S.One
    whole = int(sp.ilcm(*(n.q for n in numbers)))
    while whole % 2 == 0:
        whole //= 2
    if whole >= _DIGITS:
        return sp.S.One
    return sp.Rational(whole, 2 ** (whole - 1).bit_length())


def joined(links: list[Link]) -> list[Link]:
    """Quadratics and hyperbolas of an exponential as one row, and what is added after them taken into them, which may
    cancel: they add up without rounding."""
    made: list[Link] = []
    for item in links:
        if isinstance(item, OnInterval) and item.name in _SHAPES and made and is_row(made[-1], "exp"):
            made.pop()
            item = _of_exponential(item)
        made.append(item)
        if is_row(item, "shift"):
            _take_in_shift(made)
    return made


def _of_exponential(item: OnInterval) -> OnInterval:
    ends = [{sp.oo: sp.oo, sp.S.Zero: -sp.oo}.get(end, sp.log(end)) for end in (item.where.lo, item.where.hi)]
    where = Interval(*ends, item.where.lo_open, item.where.hi_open)
    return OnInterval(link(f"exp_{item.name}", *item.link.args), item.direction, where, item.image, item.proof)


def _take_in_shift(made: list[Link]) -> None:
    """Join a shift at the end with the row before it, which may be multiplied by a number first."""
    divided = len(made) > 2 and is_row(made[-2], "divide")
    place = -3 if divided else -2
    item = made[place] if len(made) >= -place else None
    if not isinstance(item, OnInterval) or item.name not in _WITH_CONSTANT:
        return
    factor = made[-2].args[0] if divided else sp.S.One  # type: ignore[attr-defined]
    a, b, c, s = item.link.args
    c = c + made[-1].args[0] * factor  # type: ignore[attr-defined]
    more = _common_denominator(a, b, c)
    if factor.is_Rational and (factor * more).p >= _DIGITS:
        more = sp.S.One
    image = _times(item.image, more)
    by = (c - item.link.args[2]) * more
    image = Interval(image.lo + by, image.hi + by, image.lo_open, image.hi_open)
    row = link(item.name, a * more, b * more, c * more, s)
    made[place:] = [OnInterval(row, item.direction, item.where, image, item.proof)]
    if factor * more != 1:
        made.append(link("divide", factor * more))


_DIGITS = 2**53  # odd numbers from here on are no doubles
_SHAPES = ("quadratic", "hyperbola")
_WITH_CONSTANT = (*_SHAPES, *(f"exp_{name}" for name in _SHAPES))


def _times(interval: Interval, factor: sp.Expr) -> Interval:
    return Interval(interval.lo * factor, interval.hi * factor, interval.lo_open, interval.hi_open)


def with_formula(core: MonotoneCore, bounds: Bounds) -> MonotoneCore:
    """A cubic that has one real root wherever it is, with the formula for it: with u = t + h the depressed cubic
    t^3 + p t, of which for p > 0 that root is 2 sqrt(p/3) sinh(asinh(3 sqrt(3) w/(2 p^(3/2)))/3) at w (Vieta)."""
    value = value_of((core.part,), POINT)
    if not value.is_polynomial(POINT):
        return core
    poly = sp.Poly(value, POINT)
    if poly.degree() != 3:
        return core
    a, b, c, _ = poly.all_coeffs()
    h, p = -b / (3 * a), sp.cancel((3 * a * c - b**2) / (3 * a**2))
    sign = sign_of(p, bounds)
    if sign != 1 and not (core.where.is_reals and sign != -1):
        return core
    w = (POINT - sp.cancel(poly.eval(h))) / a
    root = 2 * sp.sqrt(p / 3) * sp.sinh(sp.asinh(3 * sp.sqrt(3) * w / (2 * p ** sp.Rational(3, 2))) / 3)
    if sign == 0:
        root = cbrt(w)
    elif sign is None:
        root = sp.Piecewise((root, sp.Gt(p, 0)), (cbrt(w), True))
    return replace(core, formula=root + h)


def plus_root(c: sp.Expr) -> OnInterval:
    """u + sqrt(u^2 + c) for c > 0: of it, (v - c/v)/2 is the inverse."""
    back = link("hyperbola", sp.Rational(1, 2), -c / 2, 0, 1)
    return OnInterval(back, 1, POSITIVE, REALS, "the inverse of (y - c/y)/2, a sum of maps that go one way").inverse()


def through_one(
    part: SumPart | ProductPart, image: Interval, bounds: Bounds, prove: Prover
) -> tuple[sp.Expr, Proof] | None:
    """The proof of one of the shapes after one inner function, and that function. None if the sum is not of that
    kind."""
    from symbij.calculus.recognise import recognise

    found = in_one_function(value_of((part,), POINT), POINT)
    if found is None:
        return None
    g, outer, t = found
    try:
        return g, prove((*recognise(g, POINT), *recognise(outer, t)), image, bounds, False)
    except (Folds, Unproved, OutsideDomain):
        return None


def in_one_function(expr: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr, sp.Symbol] | None:
    """g, f and t with expr = f(t) at t = g(x), where f is one of the shapes and g more than the variable. None if the
    two terms are not of that kind."""
    if not isinstance(expr, sp.Add):
        return None
    return _in_one_power(expr, x) or _in_one_power(_in_exponentials(expr, x), x)


def _in_one_power(expr: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr, sp.Symbol] | None:
    found = _powers(expr, x)
    if found is None or len(found) != 2:
        return None
    (base, first, a), (other, second, b) = found
    if base != other:
        return None
    ratio = sp.cancel(second / first)
    if ratio in (2, -1):
        exponent, powers = first, (sp.S.One, ratio)
    elif ratio == sp.S.Half:
        exponent, powers = second, (sp.Integer(2), sp.S.One)
    else:
        return None
    if ratio == -1 and exponent.could_extract_minus_sign():
        exponent, powers = second, (ratio, sp.S.One)
    g = sp.exp(exponent) if base == sp.E else base**exponent
    if g == x or 1 / g == x:
        return None
    t = sp.Dummy("t", real=True)
    return g, a * t ** powers[0] + b * t ** powers[1], t


def _powers(expr: sp.Expr, x: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]] | None:
    """Base, exponent and coefficient of each term. The base of exponentials is e."""
    found = []
    for term in sp.Add.make_args(expr):
        coefficient, power = term.as_independent(x, as_Add=False)
        if isinstance(power, (sp.Add, sp.Mul)):
            return None
        base, exponent = (sp.E, power.args[0]) if isinstance(power, sp.exp) else power.as_base_exp()
        if base != sp.E and exponent.has(x):
            return None
        found.append((base, exponent, coefficient))
    return found


def _in_exponentials(expr: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """Hyperbolic functions beside exponentials as exponentials too."""
    hyperbolic = [f for f in expr.atoms(sp.sinh, sp.cosh) if f.has(x)]
    if not hyperbolic:
        return expr
    return sp.expand(expr.xreplace({f: sp.expand(f.rewrite(sp.exp)) for f in hyperbolic}), deep=False)
