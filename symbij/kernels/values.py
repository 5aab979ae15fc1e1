"""Values in machine code that is being written: what elementary functions compute with.

A `Real`, `Int` or `Bool` stands for an LLVM value, either one number or a vector with one number a lane. Arithmetic on
them appends instructions, so that an elementary function is an ordinary Python function of `Real`s, run once for every
place where its code is wanted. No instruction carries fast-math flags: what is written is what is computed, in every
lane alike, and compensated steps stay intact.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

F64, F32, I64, I1 = ir.DoubleType(), ir.FloatType(), ir.IntType(64), ir.IntType(1)


@dataclass
class Code:
    """Where instructions go. `lanes` is 0 for single numbers. `single` asks for results good enough for float32."""

    builder: ir.IRBuilder
    lanes: int = 0
    single: bool = False
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

    def int(self, value: int) -> Int:
        """A constant 64-bit integer."""
        return Int(self.constant(I64, int(value)), self)

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

    def gather(self, table: Any, index: Int) -> Real:
        """table[index], for every lane its own."""
        if not self.lanes:
            return Real(self.builder.load(self.builder.gep(table, [index.ir])), self)
        result: Any = ir.Constant(self.type_of(F64), ir.Undefined)
        for lane in range(self.lanes):  # LLVM makes one gather of these where there is one
            place = ir.Constant(ir.IntType(32), lane)
            element = self.builder.load(self.builder.gep(table, [self.builder.extract_element(index.ir, place)]))
            result = self.builder.insert_element(result, element, place)
        return Real(result, self)


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


def polynomial(u: Real, coefficients: tuple[float, ...]) -> Real:
    """c[0] + c[1] u + c[2] u^2 + ..., by Horner's scheme."""
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


Emitter = Callable[..., Real]
