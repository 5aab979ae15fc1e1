"""Running an elementwise program over arrays: which kernel, over which pieces of memory, on how many threads.

The axes of the result along which parameters vary decide:
- nowhere: one set of parameters, any layout of x and of the results;
- the first axes: a set of parameters for every row, each row as above;
- the last axes, or all: parameters come again with a period, and are read along with x;
- anything else: parameters are spread out beforehand, a piece at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from symbij.kernels.broadcast import broadcast_shape, check_out
from symbij.kernels.compile import block_sums, entry_point, uniform, varying
from symbij.kernels.emit import LANES
from symbij.kernels.loops import BLOCK, frontier_size
from symbij.kernels.segments import seconds_per_element
from symbij.kernels.threads import share
from symbij.program.ir import Program

_PERIOD = 4096  # columns to which a short period of parameters is repeated, so that vectors are full
_PIECE = 16384  # elements copied at a time where memory is not contiguous: small enough to stay in cache
_SHORTEST_ROW = 256  # with shorter ones it pays to read parameters along with x instead of calling once a row
SUM_PIECE = 64 * BLOCK  # elements summed by one call; pieces do not depend on the number of threads
_empty = np.empty
_FLOAT64 = np.dtype(np.float64)
_NO_WORK = np.empty((0, 0))

Out = Sequence["np.ndarray | None"] | None  # arrays for results, one for each; None: make one


class Runner:
    """An elementwise program with its parameters P[k, j], j over a batch of the given shape."""

    def __init__(self, owner: str, program: Program, packed: np.ndarray, batch: tuple[int, ...]) -> None:
        self.owner, self.program, self.packed, self.batch = owner, program, packed, batch
        self.outputs = len(program.outputs)
        self.single_set = packed.shape[1] == 1
        self._first = np.ascontiguousarray(packed[:, 0]) if self.single_set else None
        self._small = uniform(program) if self.single_set else None
        self._entry = entry_point(self._small) if self.single_set and not batch and self.outputs == 1 else None

    def __call__(self, x: np.ndarray, out: Out = None) -> list[np.ndarray]:
        """The outputs at `x` (float64 or float32), in arrays of the broadcast shape: those of `out` that are given."""
        small = self._small
        if small is not None and x.size <= _PIECE and x.dtype is _FLOAT64 and x.ndim >= len(self.batch):
            if out is not None or self.outputs > 1:
                return self._fill_small(x, out)
            result = _empty(x.shape)
            if x.ndim == 1 and x.flags.c_contiguous:
                small(x, self._first, result)
            else:
                small(np.ascontiguousarray(x).reshape(-1), self._first, result.reshape(-1))
            return [result]
        shape = broadcast_shape(self.owner, [x.shape, self.batch])
        results = self._results(x, shape, out)
        if math.prod(shape):
            direct = self.single_set or all(r.flags.c_contiguous for r in results)
            safe = [r if direct and _usable(r, x) else np.empty(shape, x.dtype) for r in results]
            self._fill(x, shape, safe)
            for result, values in zip(results, safe, strict=True):
                if result is not values:
                    result[...] = values
        return results

    def at_once(self, x: Any) -> np.ndarray | None:
        """The only output at a small contiguous array of doubles, with nothing around the kernel; None if `x` is
        anything else."""
        if type(x) is not np.ndarray or x.dtype is not _FLOAT64 or x.ndim != 1 or x.size > _PIECE:
            return None
        flags = x.flags
        if self._entry is None or not (flags.c_contiguous and flags.aligned):
            return None
        result = _empty(x.size)
        self._entry(x, self._first, result)
        return result

    def _fill_small(self, x: np.ndarray, out: Out) -> list[np.ndarray]:
        """For small arrays: as little as possible around the kernel."""
        results = [np.empty(x.shape) for _ in self.program.outputs] if out is None else self._results(x, x.shape, out)
        flat = x if x.ndim == 1 and x.flags.c_contiguous else np.ascontiguousarray(x).reshape(-1)
        if out is None or all(r.flags.c_contiguous and _usable(r, x) for r in results):
            self._small(flat, self._first, *(r if r.ndim == 1 else r.reshape(-1) for r in results))  # type: ignore[misc]
            return results
        for result, values in zip(results, self._fill_small(x, None), strict=True):
            result[...] = values
        return results

    def _results(self, x: np.ndarray, shape: tuple[int, ...], out: Out) -> list[np.ndarray]:
        out = out or [None] * self.outputs
        for given in out:
            if given is not None:
                check_out(self.owner, given, shape, x.dtype)
        return [np.empty(shape, x.dtype) if given is None else given for given in out]

    def _fill(self, x: np.ndarray, shape: tuple[int, ...], results: list[np.ndarray]) -> None:
        if self.single_set:
            self._fill_uniform(np.broadcast_to(x, shape), self._first, results)
            return
        padded = (1,) * (len(shape) - len(self.batch)) + self.batch
        axes = [axis for axis, size in enumerate(padded) if size > 1]
        last = axes[-1] + 1
        row = math.prod(shape[last:])
        if all(padded[a] == shape[a] for a in range(last)) and row >= _SHORTEST_ROW:
            self._fill_rows(x, shape, last, results)
        elif all(padded[a] == shape[a] for a in range(axes[0], len(shape))):
            self._fill_periodic(np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(-1), results)
        else:
            index = np.arange(self.packed.shape[1]).reshape(padded)
            self._fill_spread(np.broadcast_to(x, shape), np.broadcast_to(index, shape), results)

    def _fill_uniform(self, x: np.ndarray, p: Any, results: list[np.ndarray]) -> None:
        kernel = uniform(self.program, x.dtype == np.float32)
        order = _order_of_memory(x, results)
        if order is not None:
            flat, *flat_results = (a.reshape(-1, order=order) for a in (x, *results))
            share(
                lambda start, stop: kernel(flat[start:stop], p, *(r[start:stop] for r in flat_results)),
                x.size,
                LANES,
                seconds_per_element(self.program),
            )
            return
        with _pieces([x], results) as pieces:
            for piece, *filled in pieces:
                kernel(piece, p, *filled)

    def _fill_rows(self, x: np.ndarray, shape: tuple[int, ...], last: int, results: list[np.ndarray]) -> None:
        spread = np.broadcast_to(x, shape)
        for j, index in enumerate(np.ndindex(*shape[:last])):
            self._fill_uniform(spread[index], np.ascontiguousarray(self.packed[:, j]), [r[index] for r in results])

    def _fill_periodic(self, x: np.ndarray, results: list[np.ndarray]) -> None:
        columns = self.packed.shape[1]
        repeated = columns < x.size and columns <= _PERIOD  # more of them are read round by round, from one copy
        repeats = 1
        if repeated:
            repeats = LANES // math.gcd(columns, LANES)
            repeats *= max(1, min(_PERIOD, x.size) // (columns * repeats))
        row = -(-columns * repeats // LANES) * LANES
        parameters = np.ones((len(self.packed), row))
        parameters[:, : columns * repeats] = np.tile(self.packed, repeats)
        kernel = varying(self.program, x.dtype == np.float32, repeated)
        flat = [r.reshape(-1) for r in results]
        rows = frontier_size(self.program) if repeated else 0
        around = x.size if repeated else columns

        def round_from(first: int) -> None:
            def work(start: int, stop: int) -> None:
                scratch = np.empty((rows, row)) if repeated else _NO_WORK
                part = slice(first + start, first + stop)
                kernel(x[part], parameters, start % row, scratch, *(r[part] for r in flat))

            share(work, around, LANES, seconds_per_element(self.program))

        for first in range(0, x.size, around):
            round_from(first)

    def _fill_spread(self, x: np.ndarray, index: np.ndarray, results: list[np.ndarray]) -> None:
        kernel = varying(self.program, x.dtype == np.float32)
        with _pieces([x, index], results) as pieces:
            for piece, at, *filled in pieces:
                parameters = np.ones((len(self.packed), -(-len(at) // LANES) * LANES))
                parameters[:, : len(at)] = self.packed[:, at]
                kernel(piece, parameters, 0, _NO_WORK, *filled)


def _pieces(read: list[np.ndarray], written: list[np.ndarray]) -> Any:
    """Contiguous pieces of arrays of any layout, copied to and fro where that is needed."""
    operands = [["readonly", "contig"]] * len(read) + [["writeonly", "contig"]] * len(written)
    flags: Any = ["external_loop", "buffered", "zerosize_ok"]
    return np.nditer([*read, *written], flags, operands, buffersize=_PIECE)  # type: ignore[arg-type]


def scratch_for(count: int, outputs: int) -> np.ndarray:
    """What a sum over `count` elements needs to work in."""
    return np.zeros((max(1, -(-count // BLOCK)), outputs))


def total_sums(program: Program, x: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """totals[k, j]: output k summed over x[j], with parameters P[:, j].

    The sums over pieces of fixed size are added pairwise, so that the result is the same on any number of threads.
    """
    sums, outputs = block_sums(program), len(program.outputs)
    rows, columns = x.shape
    pieces = max(1, -(-columns // SUM_PIECE))
    found = np.empty((pieces, rows, outputs))
    x, packed = np.ascontiguousarray(x, float), np.ascontiguousarray(packed, float)

    def work(start: int, stop: int) -> None:
        scratch = scratch_for(min(columns, SUM_PIECE), outputs)
        for task in range(start, stop):
            row, piece = divmod(task, pieces)
            first = piece * SUM_PIECE
            count = min(columns - first, SUM_PIECE)
            data, parameters, place = x.ctypes.data, packed.ctypes.data, scratch.ctypes.data
            sums(data, parameters, packed.shape[1], row, row * columns + first, count, place)
            found[piece, row] = scratch[0]

    share(work, rows * pieces, 1, min(columns, SUM_PIECE) * seconds_per_element(program))
    while len(found) > 1:
        even = len(found) // 2 * 2
        found = np.concatenate([found[0:even:2] + found[1:even:2], found[even:]])
    return found[0].T


def _usable(result: np.ndarray, x: np.ndarray) -> bool:
    """Whether a kernel may write there while it reads x: in place is fine, any other overlap is not."""
    if result is x or not np.may_share_memory(result, x):
        return True
    starts = [a.__array_interface__["data"][0] for a in (result, x)]
    return starts[0] == starts[1] and result.strides == x.strides and result.shape == x.shape


def _order_of_memory(x: np.ndarray, results: list[np.ndarray]) -> Any:
    """The order in which all arrays are contiguous, or None."""
    arrays = [x, *results]
    if all(a.flags.c_contiguous for a in arrays):
        return "C"
    return "F" if all(a.flags.f_contiguous for a in arrays) else None
