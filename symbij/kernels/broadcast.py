"""Calling an elementwise kernel: dtypes, broadcasting of parameters against x, and the shape of the result.

A kernel works on x[j, i], row j with its own parameter values. Here the axes of the result along which parameters
vary become the rows and all others the columns, as views where numpy can make one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbij.errors import DataError, ShapeError


def as_float_array(value: Any, what: str) -> np.ndarray:
    """`value` as float64 or float32; integers become float64; anything else is an error."""
    if isinstance(value, (list, tuple)) and any(hasattr(item, "trainable") for item in value):
        raise DataError(f"{what} is a list that holds a Variable; make one Variable of the whole list: Variable([...])")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise DataError(f"{what} has masked elements, which have no value; take compressed() or fill them first")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"{what} is not a rectangular array of numbers: {error}") from None
    if array.dtype.kind == "f" and array.dtype.itemsize in (4, 8):
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    if array.size == 0 and array.dtype == object:
        return array.astype(np.float64)
    raise DataError(
        f"{what} must be float64, float32 or integers, got dtype {array.dtype}; convert it with astype(float)"
    )


def broadcast_shape(owner: str, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to. Raises `ShapeError`."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"{owner}: shapes do not broadcast: {', '.join(map(str, shapes))}") from None


def pack(owner: str, parameters: Sequence[np.ndarray]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Parameters broadcast against each other as P[k, j] with j over their common shape, and that shape."""
    shape = broadcast_shape(owner, [p.shape for p in parameters])
    packed = np.empty((len(parameters), math.prod(shape)))
    for k, p in enumerate(parameters):
        packed[k] = np.broadcast_to(p, shape).reshape(-1)
    return packed, shape


def run(
    kernel: Callable[..., None], owner: str, x: np.ndarray, packed: np.ndarray, batch: tuple[int, ...], outputs: int
) -> list[np.ndarray]:
    """The kernel's outputs for `x` against parameters of shape `batch`, each of the broadcast shape."""
    if packed.shape[1] == 0:
        return [np.empty(broadcast_shape(owner, [x.shape, batch]), x.dtype) for _ in range(outputs)]
    if packed.shape[1] == 1:
        shape = x.shape if len(batch) <= x.ndim else broadcast_shape(owner, [x.shape, batch])
        results = [np.empty(shape, x.dtype) for _ in range(outputs)]
        kernel(x.reshape(1, -1), packed, *(r.reshape(1, -1) for r in results))
        return results
    shape = broadcast_shape(owner, [x.shape, batch])
    padded = (1,) * (len(shape) - len(batch)) + batch
    rows = [axis for axis, size in enumerate(padded) if size > 1]
    columns = [axis for axis, size in enumerate(padded) if size <= 1]
    order, count = rows + columns, packed.shape[1]
    results = [np.empty(shape, x.dtype) for _ in range(outputs)]
    source = _rows_first(_broadcast(x, shape), order, count)
    if order == list(range(len(shape))):
        kernel(source, packed, *(r.reshape(count, -1) for r in results))
    elif columns + rows == list(range(len(shape))):
        kernel(source, packed, *(r.reshape(-1, count).T for r in results))
    else:
        moved = [np.empty(source.shape, x.dtype) for _ in range(outputs)]
        kernel(source, packed, *moved)
        for result, values in zip(results, moved, strict=True):
            result.transpose(order)[...] = values.reshape([shape[axis] for axis in order])
    return results


def _broadcast(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`x` repeated to `shape` without a copy."""
    if x.shape == shape:
        return x
    strides = np.broadcast_to(x, shape).strides
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def _rows_first(x: np.ndarray, order: list[int], count: int) -> np.ndarray:
    width = x.size // count if count else 0
    return x.transpose(order).reshape(count, width)
