"""Programs → compiled functions: emitted instructions inside numba functions, kept in memory and on disk."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils, errors
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from symbij.kernels import adam
from symbij.kernels.cache import DiskCache
from symbij.kernels.emit import single_point
from symbij.kernels.loops import block_sums_loop, periodic_loop, uniform_loop, varying_loop
from symbij.kernels.values import I64
from symbij.program.ir import Program

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_POINTS = {False: types.float64, True: types.float32}


def _compiled(function: Callable[..., Any], signature: Any, key: str) -> Any:
    """`function` compiled for one signature, or loaded from the disk."""
    dispatcher = numba.njit(**_OPTIONS)(_named(function, key))
    dispatcher._cache = DiskCache(key)
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher


def entry_point(dispatcher: Any) -> Callable[..., Any]:
    """The machine code of a compiled function, called without a look at the types of its arguments: these must be
    what it was compiled for."""
    (result,) = dispatcher.overloads.values()
    return result.entry_point  # type: ignore[no-any-return]


def _named(function: Callable[..., Any], key: str) -> Callable[..., Any]:
    """`function` under a name of its own. The name becomes that of its machine code, by which compiled code is linked:
    two kernels of one name, from different runs, would be taken for each other."""
    function.__name__ = function.__qualname__ = f"symbij_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    return function


def _array(context: Any, builder: ir.IRBuilder, kind: Any, value: Any) -> Any:
    return make_array(kind)(context, builder, value)


def _contiguous(*arrays: Any) -> None:
    for array in arrays:
        if not (isinstance(array, types.Array) and array.layout == "C"):
            raise errors.TypingError("kernels take C-contiguous arrays")


def _readable(number: Any, dimensions: int) -> types.Array:
    """The type of an array that is only read; arrays that can be written to are accepted too."""
    return types.Array(number, dimensions, "C", readonly=True)


def _written(number: Any, dimensions: int) -> types.Array:
    return types.Array(number, dimensions, "C")


@functools.lru_cache(maxsize=4096)
def uniform(program: Program, single: bool = False) -> Callable[..., None]:
    """`kernel(x, p, out0, ...)`: out_k[i] = output k at x[i] with parameters p, all one-dimensional and contiguous.

    x and the outputs are float32 if `single`, else float64; p is float64.
    """

    @intrinsic
    def body(typingctx: Any, x: Any, p: Any, outs: Any) -> Any:
        _contiguous(x, p, *outs)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            source, parameters = (_array(context, builder, signature.args[i], args[i]) for i in (0, 1))
            targets = _unpacked(context, builder, signature.args[2], args[2])
            uniform_loop(builder, program, single, source.nitems, source.data, parameters.data, targets)
            return context.get_dummy_value()

        return types.void(x, p, outs), codegen

    if len(program.outputs) == 1:

        def kernel(x: Any, p: Any, out: Any) -> None:
            body(x, p, (out,))
    else:

        def kernel(x: Any, p: Any, out: Any, second: Any) -> None:  # type: ignore[misc]
            body(x, p, (out, second))

    point = _POINTS[single]
    arrays = [_written(point, 1)] * len(program.outputs)
    signature = types.void(_readable(point, 1), _readable(types.float64, 1), *arrays)
    return _compiled(kernel, signature, f"uniform {single} {program.key}")


@functools.lru_cache(maxsize=1024)
def scalar(program: Program, parameters: tuple[str, ...]) -> Callable[[float], Any]:
    """f(x) for one number: the output of the program, or a tuple if there are several.

    The parameters are given as text, which tells 0.0 from -0.0. Not kept on disk, where every value would make a file.
    """
    number = types.float64
    returned = number if len(program.outputs) == 1 else types.UniTuple(number, len(program.outputs))

    @intrinsic
    def body(typingctx: Any, x: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            values = single_point(builder, program, args[0], [float(p) for p in parameters])
            return values[0] if len(values) == 1 else context.make_tuple(builder, returned, values)

        return returned(number), codegen

    def function(x: Any) -> Any:
        return body(x)

    return numba.njit(returned(number), **_OPTIONS)(_named(function, f"scalar {parameters!r} {program.key}"))


def _unpacked(context: Any, builder: ir.IRBuilder, kinds: Any, arrays: Any) -> list[Any]:
    """The data pointers of a tuple of arrays."""
    return [
        _array(context, builder, kind, value).data
        for kind, value in zip(kinds, cgutils.unpack_tuple(builder, arrays), strict=True)
    ]


@functools.lru_cache(maxsize=4096)
def varying(program: Program, single: bool = False, periodic: bool = False) -> Callable[..., None]:
    """`kernel(x, P, start, work, out0, ...)`: out_k[i] = output k at x[i] with parameters P[:, start + i].

    Rows of P have a multiple of LANES numbers, and `start` is one. If `periodic`, columns of P begin again after the
    last, and `work`, of shape (frontier_size(program), P.shape[1]), takes what is computed once for all rounds.
    """

    @intrinsic
    def body(typingctx: Any, x: Any, p: Any, start: Any, work: Any, outs: Any) -> Any:
        _contiguous(x, p, work, *outs)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            source, parameters, scratch = (_array(context, builder, signature.args[i], args[i]) for i in (0, 1, 3))
            targets = _unpacked(context, builder, signature.args[4], args[4])
            row = builder.extract_value(parameters.shape, 1)
            count, x_data, p_data = source.nitems, source.data, parameters.data
            if periodic:
                periodic_loop(builder, program, single, count, x_data, p_data, row, args[2], scratch.data, targets)
            else:
                p_data = builder.gep(p_data, [args[2]])
                varying_loop(builder, program, single, count, x_data, p_data, row, targets)
            return context.get_dummy_value()

        return types.void(x, p, start, work, outs), codegen

    if len(program.outputs) == 1:

        def kernel(x: Any, p: Any, start: Any, work: Any, out: Any) -> None:
            body(x, p, start, work, (out,))
    else:

        def kernel(x: Any, p: Any, start: Any, work: Any, out: Any, second: Any) -> None:  # type: ignore[misc]
            body(x, p, start, work, (out, second))

    point = _POINTS[single]
    arrays = [_written(point, 1)] * len(program.outputs)
    packed = _readable(types.float64, 2)
    signature = types.void(_readable(point, 1), packed, types.int64, _written(types.float64, 2), *arrays)
    return _compiled(kernel, signature, f"varying {periodic} {single} {program.key}")


@functools.lru_cache(maxsize=512)
def block_sums(program: Program) -> Any:
    """`sums(x, P, columns, row, start, count, scratch)`: scratch[0, k] = sum of output k over `count` elements of x
    from `start` on.

    Parameters are P[:, row]; `scratch` has a row for every block of BLOCK elements. Arrays are given by the addresses
    of their first elements, and P by its number of columns as well: a step of training calls this once, and would pay
    more for descriptions of arrays than for some of its arithmetic. All are contiguous arrays of doubles.
    """
    number = ir.DoubleType().as_pointer()

    @intrinsic
    def body(typingctx: Any, x: Any, p: Any, columns: Any, row: Any, start: Any, count: Any, sums: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            source, parameters, target = (builder.inttoptr(args[i], number) for i in (0, 1, 6))
            places = [
                builder.gep(parameters, [builder.add(builder.mul(ir.Constant(I64, k), args[2]), args[3])])
                for k in range(len(program.inputs) - 1)
            ]
            block_sums_loop(builder, program, args[5], builder.gep(source, [args[4]]), places, target)
            return context.get_dummy_value()

        return types.void(x, p, columns, row, start, count, sums), codegen

    def kernel(x: Any, p: Any, columns: Any, row: Any, start: Any, count: Any, sums: Any) -> None:
        body(x, p, columns, row, start, count, sums)

    return _compiled(kernel, adam.SUMS, f"sums {program.key}")


def address_of(dispatcher: Any) -> int:
    """Where the machine code of a compiled function of whole numbers begins; for as long as the function is kept."""
    (result,) = dispatcher.overloads.values()
    return result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=1)
def adam_epoch() -> Any:
    """The compiled `adam.epoch`; its first argument is the address of what `block_sums` makes of a loss with its
    gradient."""
    return entry_point(_compiled(adam.epoch, adam.SIGNATURE, "epoch"))
