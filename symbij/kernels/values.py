"""Values in machine code that is being written: what elementary functions compute with.

A `Real`, `Int` or `Bool` stands for an LLVM value, either one number or a vector with one number a lane. Arithmetic on
them appends instructions, so that an elementary function is an ordinary Python function of `Real`s, run once for every
place where its code is wanted. No instruction carries fast-math flags: what is written is what is computed, in every
lane alike, and compensated steps stay intact.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

ROUNDER = 1.5 * 2.0**52  # adding it rounds to a whole number, which then stands in the low bits of the sum
REGISTER = 8  # doubles in a register of AVX-512
F64, F32 = ir.DoubleType(), ir.FloatType()
I64, I32, I1 = ir.IntType(64), ir.IntType(32), ir.IntType(1)


@dataclass
class Code:
    """Where instructions go. `lanes` is 0 for single numbers. `single` asks for results good enough for float32.
    `avx512` allows the instructions of that set that take numbers apart and scale them; results are the same."""

    builder: ir.IRBuilder
    lanes: int = 0
    single: bool = False
    avx512: bool = False
    _constants: dict[Any, Any] = field(default_factory=dict)

    def type_of(self, element: Any) -> Any:
        """The type of a value with such elements."""
        return ir.VectorType(element, self.lanes) if self.lanes else element

    def constant(self, element: Any, value: float | int) -> Any:
        """The same number in every lane."""
        key = (str(element), repr(value))
        if key not in self._constants:
            number = [value] * self.lanes if self.lanes else value
            self._constants[key] = ir.Constant(self.type_of(element), number)
        return self._constants[key]

    def real(self, value: float) -> Real:
        """A constant number."""
        return Real(self.constant(F64, float(value)), self)

    def intrinsic(self, name: str, *args: Any) -> Any:
        """A call of LLVM's function `name`, overloaded on the type of its result, the type of the first operand."""
        kind = args[0].type
        suffix = f"v{self.lanes}f64" if self.lanes else "f64"
        function = self.declared(f"llvm.{name}.{suffix}", ir.FunctionType(kind, [a.type for a in args]))
        return self.builder.call(function, args)

    def declared(self, name: str, kind: ir.FunctionType) -> Any:
        """The function `name` of the module, declared if need be."""
        module = self.builder.module
        return module.globals[name] if name in module.globals else ir.Function(module, kind, name)

    def by_registers(self, call: Any, *operands: Any) -> Any:
        """call(*operands) for an instruction on whole registers, of which a vector may fill several."""
        if self.lanes == REGISTER:
            return call(*operands)
        b = self.builder
        parts = []
        for first in range(0, self.lanes, REGISTER):
            places = ir.Constant(ir.VectorType(I32, REGISTER), list(range(first, first + REGISTER)))
            parts.append(
                call(*(b.shuffle_vector(v, v, places) if isinstance(v.type, ir.VectorType) else v for v in operands))
            )
        together = ir.Constant(ir.VectorType(I32, self.lanes), list(range(self.lanes)))
        return b.shuffle_vector(*parts, together)

    def table(self, values: tuple[float, ...]) -> Any:
        """A pointer to constant numbers in memory."""
        module = self.builder.module
        kind = ir.ArrayType(F64, len(values))
        name = f"table.{abs(hash(values)):x}"
        if name not in module.globals:
            made = ir.GlobalVariable(module, kind, name)
            made.initializer = ir.Constant(kind, list(values))
            made.global_constant, made.linkage, made.unnamed_addr = True, "private", True
        zero = ir.Constant(I64, 0)
        return module.globals[name].gep([zero, zero])


class _Value:
    __slots__ = ("code", "ir")

    def __init__(self, value: Any, code: Code) -> None:
        self.ir = value
        self.code = code


class Bool(_Value):
    """The outcome of a comparison."""

    __slots__ = ()

    def __and__(self, other: Bool) -> Bool:
        return Bool(self.code.builder.and_(self.ir, other.ir), self.code)

    def __or__(self, other: Bool) -> Bool:
        return Bool(self.code.builder.or_(self.ir, other.ir), self.code)

    def __xor__(self, other: Bool) -> Bool:
        return Bool(self.code.builder.xor(self.ir, other.ir), self.code)

    def __invert__(self) -> Bool:
        return Bool(self.code.builder.xor(self.ir, self.code.constant(I1, 1)), self.code)


class Int(_Value):
    """A 64-bit integer; arithmetic wraps around."""

    __slots__ = ()

    def _lift(self, other: Int | int) -> Any:
        return other.ir if isinstance(other, Int) else self.code.constant(I64, other)

    def __add__(self, other: Int | int) -> Int:
        return Int(self.code.builder.add(self.ir, self._lift(other)), self.code)

    def __sub__(self, other: Int | int) -> Int:
        return Int(self.code.builder.sub(self.ir, self._lift(other)), self.code)

    def __neg__(self) -> Int:
        return 0 - self

    def __rsub__(self, other: int) -> Int:
        return Int(self.code.builder.sub(self._lift(other), self.ir), self.code)

    def __mul__(self, other: Int | int) -> Int:
        return Int(self.code.builder.mul(self.ir, self._lift(other)), self.code)

    def __and__(self, other: Int | int) -> Int:
        return Int(self.code.builder.and_(self.ir, self._lift(other)), self.code)

    def __or__(self, other: Int | int) -> Int:
        return Int(self.code.builder.or_(self.ir, self._lift(other)), self.code)

    def __xor__(self, other: Int | int) -> Int:
        return Int(self.code.builder.xor(self.ir, self._lift(other)), self.code)

    def __lshift__(self, other: Int | int) -> Int:
        return Int(self.code.builder.shl(self.ir, self._lift(other)), self.code)

    def __rshift__(self, other: Int | int) -> Int:
        """Arithmetic shift: keeps the sign."""
        return Int(self.code.builder.ashr(self.ir, self._lift(other)), self.code)

    def logical_shift(self, other: Int | int) -> Int:
        """Shift to the right that fills with zeros."""
        return Int(self.code.builder.lshr(self.ir, self._lift(other)), self.code)

    def __lt__(self, other: Int | int) -> Bool:
        return Bool(self.code.builder.icmp_signed("<", self.ir, self._lift(other)), self.code)

    def __gt__(self, other: Int | int) -> Bool:
        return Bool(self.code.builder.icmp_signed(">", self.ir, self._lift(other)), self.code)

    def equals(self, other: Int | int) -> Bool:
        """Whether both are the same number."""
        return Bool(self.code.builder.icmp_signed("==", self.ir, self._lift(other)), self.code)


class Real(_Value):
    """A double. Comparisons with NaN are false, as in Python."""

    __slots__ = ()

    def _lift(self, other: Real | float) -> Any:
        return other.ir if isinstance(other, Real) else self.code.constant(F64, float(other))

    def _binary(self, kind: str, a: Any, b: Any) -> Real:
        return Real(getattr(self.code.builder, kind)(a, b), self.code)

    def __add__(self, other: Real | float) -> Real:
        return self._binary("fadd", self.ir, self._lift(other))

    def __radd__(self, other: float) -> Real:
        return self._binary("fadd", self._lift(other), self.ir)

    def __sub__(self, other: Real | float) -> Real:
        return self._binary("fsub", self.ir, self._lift(other))

    def __rsub__(self, other: float) -> Real:
        return self._binary("fsub", self._lift(other), self.ir)

    def __mul__(self, other: Real | float) -> Real:
        return self._binary("fmul", self.ir, self._lift(other))

    def __rmul__(self, other: float) -> Real:
        return self._binary("fmul", self._lift(other), self.ir)

    def __truediv__(self, other: Real | float) -> Real:
        return self._binary("fdiv", self.ir, self._lift(other))

    def __rtruediv__(self, other: float) -> Real:
        return self._binary("fdiv", self._lift(other), self.ir)

    def __neg__(self) -> Real:
        return Real(self.code.builder.fneg(self.ir), self.code)

    def __abs__(self) -> Real:
        return Real(self.code.intrinsic("fabs", self.ir), self.code)

    def _compare(self, kind: str, other: Real | float, ordered: bool = True) -> Bool:
        compare = self.code.builder.fcmp_ordered if ordered else self.code.builder.fcmp_unordered
        return Bool(compare(kind, self.ir, self._lift(other)), self.code)

    def __lt__(self, other: Real | float) -> Bool:
        return self._compare("<", other)

    def __le__(self, other: Real | float) -> Bool:
        return self._compare("<=", other)

    def __gt__(self, other: Real | float) -> Bool:
        return self._compare(">", other)

    def __ge__(self, other: Real | float) -> Bool:
        return self._compare(">=", other)

    def equals(self, other: Real | float) -> Bool:
        """Whether both are the same number; 0.0 is -0.0."""
        return self._compare("==", other)

    def differs(self, other: Real | float) -> Bool:
        """Whether they are not the same number; true if one is NaN."""
        return self._compare("!=", other, ordered=False)

    def bits(self) -> Int:
        """The 64 bits of the number."""
        return Int(self.code.builder.bitcast(self.ir, self.code.type_of(I64)), self.code)


def real_of_bits(bits: Int) -> Real:
    """The double with these 64 bits."""
    return Real(bits.code.builder.bitcast(bits.ir, bits.code.type_of(F64)), bits.code)


def _code_of(*values: Any) -> Code:
    return next(v.code for v in values if isinstance(v, _Value))


def lift(value: Real | float, like: _Value) -> Real:
    """A number as a `Real`."""
    return value if isinstance(value, Real) else like.code.real(value)


def fma(a: Real | float, b: Real | float, c: Real | float) -> Real:
    """a*b + c, rounded once."""
    code = _code_of(a, b, c)
    return Real(
        code.intrinsic("fma", *(v.ir if isinstance(v, Real) else code.constant(F64, v) for v in (a, b, c))), code
    )


def select(condition: Bool, yes: Real | float, no: Real | float) -> Real:
    """`yes` where the condition holds, else `no`."""
    code = condition.code
    a, b = (v.ir if isinstance(v, Real) else code.constant(F64, float(v)) for v in (yes, no))
    return Real(code.builder.select(condition.ir, a, b), code)


def select_int(condition: Bool, yes: Int | int, no: Int | int) -> Int:
    """`yes` where the condition holds, else `no`."""
    code = condition.code
    a, b = (v.ir if isinstance(v, Int) else code.constant(I64, v) for v in (yes, no))
    return Int(code.builder.select(condition.ir, a, b), code)


def sqrt(u: Real) -> Real:
    """The square root, correctly rounded; NaN below zero."""
    return Real(u.code.intrinsic("sqrt", u.ir), u.code)


def floor(u: Real) -> Real:
    """The largest whole number that is not above `u`."""
    return Real(u.code.intrinsic("floor", u.ir), u.code)


def nearest(u: Real) -> Real:
    """The nearest whole number, even if there are two."""
    return Real(u.code.intrinsic("rint", u.ir), u.code)


def copysign(size: Real | float, sign: Real) -> Real:
    """The absolute value of `size` with the sign of `sign`."""
    return Real(sign.code.intrinsic("copysign", lift(size, sign).ir, sign.ir), sign.code)


def lesser(a: Real, b: Real | float) -> Real:
    """`a` where a < b or either is NaN (a NaN in `a` passes), else `b`."""
    return select(a > b, b, a)


def greater(a: Real, b: Real | float) -> Real:
    """`a` where a > b or either is NaN (a NaN in `a` passes), else `b`."""
    return select(a < b, b, a)


def scaled(u: Real, k: Real) -> Real:
    """u 2^k for whole k with |k| <= 2000, rounded once."""
    if u.code.avx512:
        return _avx512("scalef", u, k.ir)
    bits = (k + ROUNDER).bits() - bits_of(ROUNDER)
    half = bits >> 1  # two factors, of which each is a normal number; the first product is exact
    return u * _power_of_two(half) * _power_of_two(bits - half)


def _power_of_two(k: Int) -> Real:
    return real_of_bits((k << 52) + bits_of(1.0))


def real_of_int(k: Int) -> Real:
    """A whole number of at most 51 bits as a double."""
    return real_of_bits(k + bits_of(ROUNDER)) - ROUNDER


def split(u: Real) -> tuple[Real, Real]:
    """k and m with u = m 2^k and 3/4 <= m < 3/2, for u > 0; the ends are arranged for logarithms: k is -inf at 0 and
    inf at inf, where m is 1, and m is NaN for negative numbers and for NaN."""
    if u.code.avx512:
        u = u + 0.0  # makes -0.0 a zero like the other
        exponent = _avx512("getexp", u)
        mantissa = _avx512("getmant", u, ir.Constant(I32, _FROM_THREE_QUARTERS | _NAN_IF_NEGATIVE))
        return select(mantissa < 1.0, exponent + 1.0, exponent), mantissa
    tiny = u < _SMALLEST_NORMAL
    bits = select(tiny, u * 2.0**54, u).bits()
    k = (bits - bits_of(0.75)) >> 52
    mantissa = real_of_bits(bits - (k << 52))
    exponent = real_of_bits(k + bits_of(ROUNDER)) - select(tiny, ROUNDER + 54.0, ROUNDER)
    exponent = select(u.equals(0.0), -math.inf, select(u.equals(math.inf), math.inf, exponent))
    mantissa = select(u.equals(0.0) | u.equals(math.inf), 1.0, mantissa)
    return exponent, select(u >= 0.0, mantissa, math.nan)


_SMALLEST_NORMAL = 2.0**-1022
_FROM_THREE_QUARTERS, _NAN_IF_NEGATIVE = 0b0011, 0b1000


def _avx512(name: str, u: Real, *operands: Any) -> Real:
    """An instruction on whole registers in its masked form, in which LLVM has it, with nothing masked out."""
    code = u.code

    def call(part: Any, *others: Any) -> Any:
        args = [part, *others, part, ir.Constant(ir.IntType(8), -1), ir.Constant(I32, 4)]
        kind = ir.FunctionType(part.type, [a.type for a in args])
        return code.builder.call(code.declared(f"llvm.x86.avx512.mask.{name}.pd.512", kind), args)

    return Real(code.by_registers(call, u.ir, *operands), code)


_SHORT = 5  # polynomials with fewer coefficients gain nothing from being split


def polynomial(u: Real, coefficients: tuple[float, ...]) -> Real:
    """c[0] + c[1] u + c[2] u^2 + ...: even and odd powers apart, which halves the time to wait for the result."""
    if len(coefficients) < _SHORT:
        return _horner(u, coefficients)
    square = u * u
    return fma(_horner(square, coefficients[1::2]), u, _horner(square, coefficients[::2]))


def _horner(u: Real, coefficients: tuple[float, ...]) -> Real:
    total: Real | float = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = fma(total, u, c)
    return lift(total, u)


def two_sum(a: Real | float, b: Real) -> tuple[Real, Real]:
    """a + b and its rounding error (Knuth)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def quick_two_sum(a: Real | float, b: Real) -> tuple[Real, Real]:
    """a + b and its rounding error, for |a| >= |b| (Dekker)."""
    total = a + b
    return total, b - (total - a)


def two_product(a: Real, b: Real | float) -> tuple[Real, Real]:
    """a*b and its rounding error."""
    product = a * b
    return product, fma(a, b, -product)


def bits_of(value: float) -> int:
    """The 64 bits of a Python number, as a signed integer."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])
