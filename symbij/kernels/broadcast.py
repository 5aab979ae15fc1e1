"""Arrays as kernels want them: dtypes, shapes that broadcast, parameters packed into one array."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def check_broadcasting(owner: str, shapes: dict[str, tuple[int, ...]]) -> None:
    """Raise `ShapeError`, with their names, if the shapes of parameters do not broadcast against each other."""
    shapes = {name: shape for name, shape in shapes.items() if shape}
    if len(set(shapes.values())) < 2:
        return
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ShapeError(f"{owner}: the shapes of its parameters do not broadcast: {listed}") from None


def check_out(owner: str, out: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise an error unless `out` is an array that results of this shape and dtype can be written to."""
    if not isinstance(out, np.ndarray):
        raise DataError(f"{owner}: out must be an array of shape {shape} and dtype {dtype}, got {type(out).__name__}")
    if out.shape != shape:
        raise ShapeError(f"{owner}: out must have the shape of the result, {shape}, got {out.shape}")
    if out.dtype != dtype:
        raise DataError(f"{owner}: out must have the dtype of the result, {dtype}, got {out.dtype}")
    if not out.flags.writeable:
        raise DataError(f"{owner}: out is read-only; pass an array that can be written to")


def pack(owner: str, parameters: Sequence[np.ndarray]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Parameters broadcast against each other as P[k, j] with j over their common shape, and that shape."""
    shape = broadcast_shape(owner, [p.shape for p in parameters])
    packed = np.empty((len(parameters), math.prod(shape)))
    for k, p in enumerate(parameters):
        packed[k] = np.broadcast_to(p, shape).reshape(-1)
    return packed, shape
