"""sin, cos, tan and their inverses.

Angles are reduced after Payne and Hanek ("Radian reduction for trigonometric functions", 1983), all in the same way.
x is a multiple of some 2^k, so that bits of 1/(2 pi) with a weight of 2^-k or more contribute whole turns to x/(2 pi)
and may be left out. The others stand in a table, in a row for every 32 exponents of x: T0, at most 53 bits, such that
x T0 less its nearest whole number is exact; then T1, T2 and T3, which go on where T0 ends, with 53 bits each, enough
for the double that comes closest to a multiple of pi/2 (it misses it by about 2^-61). The first row, for x below 2^33,
has no T0. Products and sums are kept with their errors: where x/pi is all but whole, these are what is left.

The digits of pi are those of Machin's formula in whole numbers.

sin and cos are one odd polynomial in f = x/pi, or x/pi + 1/2, less the nearest whole number; tan is a quotient of
polynomials in f = 2 x/pi less the nearest whole number, or minus its inverse. asin is a polynomial up to 1/2, beyond
which it is found from half the angle to 1, by a square root; atan is one up to 1/2, where division brings the rest.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

from llvmlite import ir

from symbij.kernels.coefficients.trigonometric import (
    ARCSINE,
    ARCSINE_SINGLE,
    ARCTANGENT,
    ARCTANGENT_SINGLE,
    SINE,
    SINE_SINGLE,
    TANGENT,
    TANGENT_DENOMINATOR,
    TANGENT_SINGLE,
    TANGENT_SINGLE_DENOMINATOR,
)
from symbij.kernels.values import (
    F64,
    I32,
    ROUNDER,
    Bool,
    Code,
    Int,
    Real,
    copysign,
    fma,
    lesser,
    nearest,
    polynomial,
    quick_two_sum,
    real_of_bits,
    select,
    select_int,
    sqrt,
    two_product,
    two_sum,
)

_BITS = 1400  # of pi: the largest doubles need some 1200
_WORDS = 4  # doubles in a row of the table
_STEP = 5  # a row serves 2^5 exponents
_FIRST = 33  # exponent where the second row begins
_SCALE = -160  # x is multiplied by 2^-160, and the table by 2^160: the words for the largest x would be subnormal
_ROW_OF_ONE = (_FIRST + _SCALE + 1023 >> _STEP) - 1  # the upper bits of the exponent field, less this, give the row
_ROWS = (2047 >> _STEP) - _ROW_OF_ONE + 1  # the last of them are for infinities and NaN only
_SIGN = -(1 << 63)


@cache
def _pi() -> Fraction:
    """pi = 16 atan(1/5) - 4 atan(1/239), to `_BITS` bits."""
    guard = 32

    def atan_of_inverse(n: int) -> int:
        power = (1 << (_BITS + guard)) // n
        total, k = 0, 0
        while power:
            total += (-1) ** k * (power // (2 * k + 1))
            power //= n * n
            k += 1
        return total

    return Fraction(16 * atan_of_inverse(5) - 4 * atan_of_inverse(239) >> guard, 1 << _BITS)


def _parts(value: Fraction, count: int) -> list[float]:
    """Doubles of falling size that add up to `value`, nearly."""
    parts = []
    for _ in range(count):
        parts.append(float(value))
        value -= Fraction(parts[-1])
    return parts


PI, PI_LOW = _parts(_pi(), 2)
_LOW_SHARE = PI_LOW / PI  # the same for pi/2 and pi/4: what makes up for the rounding of such a number


def _row(lowest: int | None, words: int, scale: int = 0) -> list[float]:
    """2^-scale/(2 pi) in parts, the first in turns, the others in half turns, for multiples x of 2^lowest. With
    None for `lowest`, the first part is zero."""
    factor, value, first = Fraction(2) ** -scale, 1 / (2 * _pi()), Fraction(0)
    if lowest is not None:
        value %= Fraction(2) ** -lowest
        unit = Fraction(2) ** (-lowest - 53)
        first = round(value / unit) * unit
    return [float(first * factor), *_parts(2 * (value - first) * factor, words - 1)]


@cache
def _table() -> tuple[float, ...]:
    lowest = [None, *range(_FIRST - 52, 972, 1 << _STEP)]
    values = [word for k in lowest for word in _row(k, _WORDS, _SCALE)]
    return tuple(values + [0.0] * (_WORDS * _ROWS - len(values)))


def _words(code: Code, row: Int) -> list[Real]:
    """A row of the table, for every lane its own."""
    table, start = code.table(_table()), row << 2
    if not code.lanes:
        return [Real(code.builder.load(code.builder.gep(table, [(start + w).ir])), code) for w in range(_WORDS)]
    builder, kind = code.builder, ir.VectorType(F64, _WORDS)
    rows = []  # loaded whole: a gather for every word would make sin take an eighth longer
    for lane in range(code.lanes):
        place = builder.gep(table, [builder.extract_element(start.ir, ir.Constant(I32, lane))])
        rows.append(builder.load(builder.bitcast(place, kind.as_pointer())))
        rows[-1].align = 8
    return [Real(word, code) for word in _transposed(builder, rows)]


def _transposed(builder: ir.IRBuilder, rows: list[Any]) -> list[Any]:
    """The four words of all rows: steps of a transposition of four rows, taken for all such blocks at once. The number
    of rows is a power of two and at least four."""
    count = len(rows)

    def shuffled(a: Any, b: Any, places: list[int]) -> Any:
        return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(I32, len(places)), places))

    def joined(parts: list[Any]) -> Any:
        while len(parts) > 1:
            everything = list(range(2 * parts[0].type.count))
            parts = [shuffled(a, b, everything) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    def in_blocks(pair: list[Any], *places: int) -> Any:
        return shuffled(*pair, [block + place for block in range(0, count, _WORDS) for place in places])

    sides = [joined(rows[i::_WORDS]) for i in range(_WORDS)]  # the i-th rows of all blocks
    pairs = sides[:2], sides[2:]
    even = [in_blocks(pair, 0, count, 2, count + 2) for pair in pairs]
    odd = [in_blocks(pair, 1, count + 1, 3, count + 3) for pair in pairs]
    return [in_blocks(pair, w, w + 1, count + w, count + w + 1) for w in (0, 2) for pair in (even, odd)]


def _reduced(u: Real, doubled: bool = False, shift: float = 0.0) -> tuple[Real, Real | None, Int]:
    """f, its rounding error and n, with f + n = |u|/pi + shift in half turns and |f| <= 1/2, but for a rounding; of n
    only the lowest bit counts. `doubled`: of 2 |u|/pi, in quarter turns."""
    if u.code.single:
        return _reduced_single(u, doubled, shift)
    x = abs(u) * 2.0 ** (_SCALE + doubled)
    row = x.bits().logical_shift(52 + _STEP) - _ROW_OF_ONE
    t0, t1, t2, t3 = _words(u.code, select_int(row > 0, row, 0))
    turns = fma(x, t0, -nearest(x * t0))  # exact
    p1, e1 = two_product(x, t1)
    f, error, n = _remainder(turns, p1, shift)
    p2, e2 = two_product(x, t2)
    q, q_error = two_sum(e1, p2)
    f, f_error = quick_two_sum(f, q)  # f may be smaller, even zero, but is a multiple of q's last bit
    return *quick_two_sum(f, (error + f_error) + (q_error + fma(x, t3, e2))), n


def _remainder(turns: Real, p: Real, shift: float) -> tuple[Real, Real, Int]:
    """2 turns + p + shift less the nearest whole number, its rounding error, and the whole number."""
    total = fma(turns, 2.0, p)
    shifted = (total + shift if shift else total) + ROUNDER
    whole = shifted - ROUNDER
    rest = fma(turns, 2.0, -(whole - shift if shift else whole))  # exact: of p's size, but a multiple of T0's last bit
    return *two_sum(rest, p), shifted.bits()


def _reduced_single(u: Real, doubled: bool, shift: float) -> tuple[Real, None, Int]:
    """As `_reduced` for float32 numbers: two rows of three words do, as their products have 29 bits to spare."""
    x = abs(u) * 2.0 if doubled else abs(u)
    small = x < 2.0**64
    low, high = _row(-23, 3), _row(41, 3)
    t0, t1, t2 = (select(small, a, b) for a, b in zip(low, high, strict=True))
    t0 = select(x < 2.0 ** (128 + doubled), t0, math.nan)  # intermediate results may lie where float32 is infinite
    turns = fma(x, t0, -nearest(x * t0))
    p1, e1 = two_product(x, t1)
    f, _, n = _remainder(turns, p1, shift)
    return f + fma(x, t2, e1), None, n


def _signs(n: Int, u: Real) -> Int:
    """The sign bit of (-1)^n u."""
    return (n << 63) ^ (u.bits() & _SIGN)


def _flipped(value: Real, signs: Int) -> Real:
    return real_of_bits(value.bits() ^ signs)


def _sine(f: Real, low: Real | None = None) -> Real:
    """sin(pi (f + low)) for |f| <= 1/2, = f (3 - 4 f^2) + f p(f^2), of which the latter has a twentieth at most."""
    z, z_low = two_product(f, f)
    if f.code.single:
        return fma(f, polynomial(z, SINE_SINGLE), 0.0)  # never -0, as the sum below
    factor = fma(z, -4.0, 3.0)
    factor_low = fma(z_low, -4.0, fma(z, -4.0, 3.0 - factor))
    high, rest = two_product(f, factor)
    rest = fma(f, factor_low, rest)
    if low is not None:
        rest = fma(low, fma(z, -4.0 * PI, PI), rest)  # cos(pi f) is close enough to 1 - 4 f^2
    return high + fma(f, polynomial(z, SINE), rest)


def sin(u: Real) -> Real:
    """sin(u)."""
    f, low, n = _reduced(u)
    result = _flipped(_sine(f, low), _signs(n, u))
    return result if u.code.single else select(abs(u) < 2.0**-26, u, result)


def cos(u: Real) -> Real:
    """cos(u), as sin(|u| + pi/2)."""
    f, low, n = _reduced(u, shift=0.5)
    return _flipped(_sine(f, low), n << 63)


def tan(u: Real) -> Real:
    """tan(u) = tan(r) or -1/tan(r), where r is |u| less a multiple of pi/2."""
    f, low, n = _reduced(u, doubled=True)
    odd, signs = (n & 1).equals(1), _signs(n, u)
    result = _flipped(_tangent(f, low, odd), signs)
    return result if u.code.single else select(abs(u) < 2.0**-27, u, result)


def _tangent(f: Real, low: Real | None, inverted: Bool) -> Real:
    """tan(pi/2 (f + low)) for |f| <= 1/2, or one over that."""
    z = f * f
    if f.code.single:
        above, below = f * polynomial(z, TANGENT_SINGLE), polynomial(z, TANGENT_SINGLE_DENOMINATOR)
        return select(inverted, below, above) / select(inverted, above, below)
    high, rest = two_product(f, PI / 2.0)
    rest = fma(f, PI_LOW / 2.0, rest)
    if low is not None:
        rest = fma(low, fma(z, 0.92 * PI, PI / 2.0), rest)  # the derivative times the denominator, to a few percent
    above, above_low = quick_two_sum(high, fma(f * z, polynomial(z, TANGENT), rest))
    below, below_low = quick_two_sum(1.0, z * polynomial(z, TANGENT_DENOMINATOR[1:]))
    a, a_low = select(inverted, below, above), select(inverted, below_low, above_low)
    b, b_low = select(inverted, above, below), select(inverted, above_low, below_low)
    inverse = 1.0 / b
    ratio = a * inverse
    rest = fma(-ratio, b, a) + fma(-ratio, b_low, a_low)
    return fma(rest, inverse, ratio)


def _odd(v: Real, z: Real, coefficients: tuple[float, ...], base: Real) -> Real:
    """base + v + v z p(z), for a base of 0 or a multiple of pi/4 that is not below |v|."""
    p = polynomial(z, coefficients)
    if v.code.single:
        return base + fma(v * z, p, v)
    total, rest = quick_two_sum(base, v)
    return total + fma(v * z, p, fma(base, _LOW_SHARE, rest))


def asin(u: Real) -> Real:
    """asin(u) = pi/2 - 2 asin(sqrt((1 - u)/2)), the latter for u > 1/2."""
    x = abs(u)
    large = x > 0.5
    z = select(large, fma(x, -0.5, 0.5), x * x)
    v = select(large, sqrt(z) * -2.0, x)
    base = select(large, PI / 2.0, 0.0)
    return copysign(_odd(v, z, ARCSINE_SINGLE if u.code.single else ARCSINE, base), u)


def acos(u: Real) -> Real:
    """acos(u) = pi/2 - asin(u), or 2 asin(sqrt((1 - u)/2)) for u > 1/2, or pi less that of -u for u < -1/2."""
    x = abs(u)
    large = x > 0.5
    z = select(large, fma(x, -0.5, 0.5), x * x)
    v = select(large, copysign(sqrt(z) * 2.0, u), -u)
    base = select(large, select(u < 0.0, PI, 0.0), PI / 2.0)
    return _odd(v, z, ARCSINE_SINGLE if u.code.single else ARCSINE, base)


def atan(u: Real) -> Real:
    """atan(u) = pi/4 + atan((u - 1)/(u + 1)) for 1/2 < u < 2, pi/2 - atan(1/u) above."""
    x = abs(u)
    small, large = x < 0.5, x > 2.0
    above = select(small, x, select(large, -1.0, x - 1.0))
    below = select(small, 1.0, select(large, x, x + 1.0))
    v = above / below
    base = select(small, 0.0, select(large, PI / 2.0, PI / 4.0))
    return copysign(_odd(v, v * v, ARCTANGENT_SINGLE if u.code.single else ARCTANGENT, base), u)


def cauchy(u: Real, c: Real) -> Real:
    """1/2 + atan(u/c)/pi: below zero atan(-c/u)/pi, so that nothing cancels, and the complement of that above."""
    x, w = abs(u), abs(c)
    small, large = x < 0.5 * w, x > 2.0 * w
    above = select(small, -x, select(large, w, w - x))
    below = select(small, w, select(large, x, x + w))
    v = above / below
    z = v * v
    p = polynomial(z, ARCTANGENT_SINGLE if u.code.single else ARCTANGENT)
    base = select(small, 0.5, select(large, 0.0, 0.25))
    tail = fma(fma(v * z, p, v), 1.0 / PI, base)
    return select(u * copysign(1.0, c) > 0.0, 1.0 - tail, tail)


def cauchy_inverse(u: Real, c: Real) -> Real:
    """c tan(pi (u - 1/2)) = -c/tan(pi u), for 0 <= u <= 1."""
    q = lesser(u, 1.0 - u)  # of a tail, exactly
    inner = q > 0.25
    size = c * _tangent(select(inner, 1.0 - 2.0 * q, 2.0 * q), None, ~inner)
    size = select(q < 2.0**-30, c * (1.0 / PI) / q, size)
    return copysign(1.0, u - 0.5) * select(q >= 0.0, size, math.nan)


def versin(u: Real) -> Real:
    """1 - cos(u) = 2 sin(u/2)^2."""
    s = sin(0.5 * u)
    return 2.0 * (s * s)


def versin_inverse(v: Real) -> Real:
    """acos(1 - v) = 2 asin(sqrt(v/2)), for 0 <= v <= 2: pi less that of 2 - v above 1."""
    high = v > 1.0
    size = 2.0 * asin(sqrt(0.5 * select(high, 2.0 - v, v)))
    return select(high, PI - (size - PI_LOW), select(v < 1e-290, sqrt(2.0 * v), size))
