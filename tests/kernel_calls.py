"""Programs that consist of one elementary function, and what runs them."""

from __future__ import annotations

import functools
import inspect

import numpy as np

from symbij.kernels.elementary import FUNCTIONS
from symbij.kernels.run import Runner
from symbij.program.ir import Builder, Program

_INPUTS = ("x", "c", "d", "p", "q")


def arity(name: str) -> int:
    """The number of arguments of an elementary function."""
    return len(inspect.signature(FUNCTIONS[name]).parameters)


def single_call(name: str) -> Program:
    """The program whose output is the function of its inputs."""
    b = Builder()
    inputs = _INPUTS[: arity(name)]
    return b.finish([b.call(name, *(b.input(i) for i in inputs))], inputs)


@functools.lru_cache
def runner(name: str) -> Runner:
    """A function of one argument as programs use it: compiled into a loop."""
    return Runner(name, single_call(name), np.empty((0, 1)), ())


def kernel(name: str, *args: np.ndarray) -> np.ndarray:
    """The function at `x`, of which other arguments have the shape."""
    x = np.asarray(args[0])
    if len(args) == 1:
        return runner(name)(x)[0]
    packed = np.array([np.broadcast_to(a, x.shape) for a in args[1:]], float)
    return Runner(name, single_call(name), packed, x.shape)(x)[0]
