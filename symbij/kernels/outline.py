"""Putting part of a kernel into a function of its own, so that compilation takes time in proportion to the length of a
program: optimisers take more than twice as long for a function of twice the length."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from llvmlite import ir


@contextlib.contextmanager
def outlined(builder: ir.IRBuilder, name: str) -> Iterator[None]:
    """What is appended inside becomes a function, which is called here; values from outside become its arguments."""
    caller = builder.block
    function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), []), builder.module.get_unique_name(name))
    function.linkage = "internal"
    for attribute in ("noinline", "nounwind"):
        function.attributes.add(attribute)
    builder.position_at_end(function.append_basic_block("entry"))
    yield
    builder.ret_void()
    captured = _captured(function)
    function.ftype = ir.FunctionType(ir.VoidType(), [value.type for value in captured])
    function.type = function.ftype.as_pointer()
    function.args = tuple(ir.Argument(function, value.type) for value in captured)
    for value, argument in zip(captured, function.args, strict=True):
        if isinstance(value, ir.AllocaInstr):
            argument.add_attribute("noalias")
        for block in function.blocks:
            for instruction in block.instructions:
                _replace(instruction, value, argument)
    builder.position_at_end(caller)
    builder.call(function, captured)


def _replace(instruction: ir.Instruction, old: Any, new: Any) -> None:
    instruction.replace_usage(old, new)
    if isinstance(instruction, ir.GEPInstr):  # which keeps its operands a second time
        instruction.pointer = new if instruction.pointer is old else instruction.pointer
        instruction.indices = [new if i is old else i for i in instruction.indices]


def _captured(function: ir.Function) -> list[Any]:
    """The values that the instructions of `function` use and others define, each once."""
    found: dict[int, Any] = {}
    for block in function.blocks:
        for instruction in block.instructions:
            used = (
                [v for v, _ in instruction.incomings] if isinstance(instruction, ir.PhiInstr) else instruction.operands
            )
            for value in used:
                owner = value.parent if isinstance(value, ir.Argument) else None
                if isinstance(value, ir.Instruction):
                    owner = value.parent.function
                if owner is not None and owner is not function:
                    found[id(value)] = value
    return list(found.values())
