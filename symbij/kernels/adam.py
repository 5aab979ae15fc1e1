"""One epoch of Adam over minibatches, compiled once for all losses: the loss comes in as the address of a function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

SUMS = types.void(*[types.int64] * 7)  # the type of `sums` of `compile.block_sums`
_MATRIX, _VECTOR = types.Array(types.float64, 2, "C"), types.Array(types.float64, 1, "C")
SIGNATURE = types.Tuple((types.float64, types.int64))(
    types.int64,
    types.Array(types.float64, 2, "C", readonly=True),
    _MATRIX,
    types.Array(types.int64, 2, "C"),
    *[_VECTOR] * 4,
    types.int64,
    *[types.float64] * 4,
    types.Array(types.boolean, 1, "C"),
    _MATRIX,
    _VECTOR,
    types.float64,
)


@intrinsic
def _call(typingctx: Any, address: Any, arguments: Any) -> Any:
    """Call the function of whole numbers at an address."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        numbers = cgutils.unpack_tuple(builder, args[1])
        kind = ir.FunctionType(ir.VoidType(), [a.type for a in numbers])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), numbers)
        return context.get_dummy_value()

    return types.void(address, arguments), codegen


def epoch(
    sums: Any,
    x: Any,
    P: Any,
    slot: Any,
    theta: Any,
    m: Any,
    v: Any,
    powers: Any,
    batch: Any,
    rate: Any,
    beta1: Any,
    beta2: Any,
    eps: Any,
    keep: Any,
    scratch: Any,
    grad: Any,
    events: Any,
) -> Any:
    """Adam (Kingma & Ba 2015) over minibatches of columns of x; returns the mean loss and how many steps were skipped.

    theta[slot[k, j]] is the raw value of parameter k for row j; rows of P beyond the trained ones are fixed. `keep`
    marks values that must not become zero. An observation is `events` rows. `sums` is the address of a function of the
    type SUMS, and `scratch` what it sums in.
    """
    trained, rows = slot.shape
    n = x.shape[1]
    data, parameters, place = np.int64(x.ctypes.data), np.int64(P.ctypes.data), np.int64(scratch.ctypes.data)
    loss = 0.0
    counted = 0.0
    skipped = 0
    start = 0
    while start < n:
        stop = min(start + batch, n)
        for k in range(trained):
            for j in range(rows):
                P[k, j] = theta[slot[k, j]]
        grad[:] = 0.0
        value = 0.0
        for j in range(rows):
            _call(sums, (data, parameters, rows, j, j * n + start, stop - start, place))
            value += scratch[0, 0]
            for k in range(trained):
                grad[slot[k, j]] += scratch[0, k + 1]
        count = (stop - start) * rows / events
        finite = math.isfinite(value)
        for s in range(theta.size):
            finite = finite and math.isfinite(grad[s])
        if finite:
            loss += value
            counted += count
            powers[0] *= beta1
            powers[1] *= beta2
            size, correction, share = rate / (1.0 - powers[0]), 1.0 / (1.0 - powers[1]), 1.0 / count
            for s in range(theta.size):
                g = grad[s] * share
                m[s] = beta1 * m[s] + (1.0 - beta1) * g
                v[s] = beta2 * v[s] + (1.0 - beta2) * g * g
                new = theta[s] - size * m[s] / (math.sqrt(v[s] * correction) + eps)
                if not (keep[s] and new == 0.0):
                    theta[s] = new
        else:
            skipped += 1
        start = stop
    return (loss / counted if counted > 0.0 else math.nan), skipped
