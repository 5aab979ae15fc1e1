"""Numbers from small tables, for every lane its own."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from symbij.kernels.values import F64, I32, I64, REGISTER, Int, Real

STEPS = 16  # numbers in a table: what two vector registers hold


def looked_up(index: Int, *tables: tuple[float, ...]) -> list[Real]:
    """tables[t][i] for the four low bits i of `index`."""
    if index.code.avx512:
        return [_permuted(index, values) for values in tables]
    low = index & (STEPS - 1)
    return [_loaded(low, values) for values in tables]


def _permuted(index: Int, values: tuple[float, ...]) -> Real:
    """The AVX-512 instruction that picks from two registers; it looks at the four low bits alone."""
    code, vector = index.code, ir.VectorType(F64, REGISTER)
    halves = [ir.Constant(vector, list(values[k : k + REGISTER])) for k in (0, REGISTER)]
    kind = ir.FunctionType(vector, [vector, ir.VectorType(I64, REGISTER), vector])
    pick = code.declared("llvm.x86.avx512.vpermi2var.pd.512", kind)
    return Real(code.by_registers(lambda part: code.builder.call(pick, [halves[0], part, halves[1]]), index.ir), code)


def _loaded(index: Int, values: tuple[float, ...]) -> Real:
    """One load, or one for every lane."""
    code = index.code
    b, table = code.builder, code.table(values)
    if not code.lanes:
        return Real(b.load(b.gep(table, [index.ir])), code)
    picked: Any = ir.Constant(code.type_of(F64), ir.Undefined)
    for lane in range(code.lanes):
        place = ir.Constant(I32, lane)
        number = b.load(b.gep(table, [b.extract_element(index.ir, place)]))
        picked = b.insert_element(picked, number, place)
    return Real(picked, code)
