"""How arrays go into another library's functions and come back as numpy arrays."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbij.audit.subject import FAULTS

# Inputs of probing calls: shapes of one and of several events, and numbers that lie in most domains.
_PROBED_SHAPES = ((2,), (3,), (1,), (4, 2), (4, 3), (2, 2), (3, 3))
_PROBE_LOW, _PROBE_HIGH = 0.25, 0.75
_SHORT = 16  # numbers in a vector that is not filled up
# What numpy says to code that is written for one number at a time.
_SCALAR_ONLY = ("can be converted to Python scalars", "truth value of an array", "can be converted to python scalars")


@dataclass(frozen=True)
class Backend:
    """A library of arrays: `enter` makes its arrays of numpy's, `leave` the reverse, `context` surrounds each call."""

    name: str
    enter: Callable[[np.ndarray], Any]
    leave: Callable[[Any], Any]
    context: Callable[[], AbstractContextManager[Any]] = nullcontext
    flushes_subnormals: bool = False

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` as one from numpy arrays to numpy arrays (a pair of them where it returns a pair)."""

        def called(*arrays: np.ndarray, **parameters: Any) -> Any:
            with self.context():
                return self.leave(function(*(self.enter(a) for a in arrays), **parameters))

        return called


def _as_is(value: Any) -> Any:
    return value


NUMPY = Backend("numpy", _as_is, _as_is)


def torch_backend() -> Backend:
    """PyTorch. A tensor shares the memory of its array, so that a change in place shows; gradients are cut off."""
    import torch

    return Backend("torch", torch.as_tensor, _leave)


def jax_backend(dtype: np.dtype[Any]) -> Backend:
    """JAX; in double precision for float64 during a call only, whatever the global setting."""
    import jax
    import jax.numpy as jnp

    wide = dtype == np.float64
    switch = getattr(jax, "enable_x64", None)
    if switch is None:
        from jax.experimental import enable_x64 as switch
    return Backend("jax", jnp.asarray, _leave, lambda: switch(wide), flushes_subnormals=True)


def tensorflow_backend() -> Backend:
    """TensorFlow. Each call gets a fresh tensor, which no cache knows."""
    import tensorflow as tf

    return Backend("tensorflow", tf.constant, _leave, flushes_subnormals=True)


def in_few_sizes(function: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], Any]:
    """An elementwise function with long vectors filled up to one of few lengths: JAX compiles anew for every length.

    Only vectors of more than a few numbers are; what the function does with shapes stays to be seen.
    """

    def called(array: np.ndarray) -> Any:
        if array.ndim != 1 or len(array) <= _SHORT:
            return function(array)
        count = len(array)
        length = _SHORT
        while length < count:
            length *= 4
        returned = function(np.concatenate([array, np.full(length - count, array[-1], array.dtype)]))
        parts = returned if isinstance(returned, tuple) else (returned,)
        if any(np.shape(p) not in ((length,), ()) for p in parts):
            return function(array)  # it is not elementwise after all
        cut = tuple(p[:count] if np.ndim(p) else p for p in parts)
        return cut if isinstance(returned, tuple) else cut[0]

    return called


def _leave(value: Any) -> Any:
    """What a function returned, as numpy; lists and tuples of arrays as tuples."""
    if isinstance(value, (tuple, list)):
        return tuple(_leave(v) for v in value)
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return np.asarray(value)


def backend_of_value(value: Any, dtype: np.dtype[Any]) -> Backend | None:
    """The library whose array `value` is; None if it is none of the three."""
    if isinstance(value, (tuple, list)) and value:
        return backend_of_value(value[0], dtype)
    library = type(value).__module__.partition(".")[0]
    if library == "torch":
        return torch_backend()
    if library in ("jax", "jaxlib"):
        return jax_backend(dtype)
    return tensorflow_backend() if library == "tensorflow" else None


def find_backend(function: Callable[..., Any], dtype: np.dtype[Any]) -> Backend:
    """The library that `function` is written with, found by calling it; numpy where no call tells."""
    for shape in _PROBED_SHAPES:
        returned, error = probe(function, shape, dtype)
        if error is None:
            return backend_of_value(returned, dtype) or NUMPY
    if "torch" in sys.modules and not takes_one_number(function, dtype):  # its functions take nothing but tensors
        backend = torch_backend()
        for shape in _PROBED_SHAPES:
            if probe(lambda x: function(backend.enter(x)), shape, dtype)[1] is None:
                return backend
    return NUMPY


def probe(
    function: Callable[..., Any], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[Any, BaseException | None]:
    """What `function` returns for some array of a shape, and what it raised."""
    count = int(np.prod(shape, dtype=int))
    array = np.linspace(_PROBE_LOW, _PROBE_HIGH, max(count, 2), dtype=dtype)[:count].reshape(shape)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(array), None
    except FAULTS as error:  # whatever goes wrong in a subject is told by the checks, not here
        return None, error


def takes_one_number(function: Callable[..., Any], dtype: np.dtype[Any]) -> bool:
    """Whether `function` is written for one number at a time: it refuses an array, in the words numpy has for that."""
    error = probe(function, (2,), dtype)[1]
    return isinstance(error, (TypeError, ValueError)) and any(words in str(error) for words in _SCALAR_ONLY)


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one number, for each element of an array.

    Where it raises for an element (math.log(0), math.exp(1000), 1/0), the result there is NaN.
    """

    def one(value: float, **parameters: Any) -> Any:
        try:
            return function(value, **parameters)
        except (ArithmeticError, ValueError):
            return np.nan

    def each(array: np.ndarray, **parameters: Any) -> np.ndarray:
        flat = [one(value, **parameters) for value in np.ravel(array).tolist()]
        return np.asarray(flat, dtype=np.result_type(array)).reshape(np.shape(array))

    return each
