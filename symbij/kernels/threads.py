"""The cores that kernels use: how many, and the sharing of work between them.

Large arrays are cut into contiguous parts, one a core. Kernels release the interpreter's lock, so that threads run
at the same time; the calling thread takes a part itself.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from symbij.errors import ParameterError

LEAST_SECONDS = 1.5e-4  # of work for a thread
HANDOVER_SECONDS = 1e-4  # until another thread begins: meanwhile the calling thread works on a part larger by so much

_lock = threading.Lock()
_pool: tuple[int, ThreadPoolExecutor] | None = None
_chosen: int | None = None


def available_cores() -> int:
    """The number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_num_threads(count: int | None) -> None:
    """Use at most `count` threads for large arrays; None: as many as the environment variable SYMBIJ_NUM_THREADS says,
    or all cores that the process may run on.

    Results do not depend on the number. Raises `ParameterError` if `count` is not a positive whole number.
    """
    global _chosen
    _chosen = None if count is None else _checked(count, "set_num_threads: the number of threads")


def get_num_threads() -> int:
    """The largest number of threads that a call uses."""
    if _chosen is not None:
        return _chosen
    setting = os.environ.get("SYMBIJ_NUM_THREADS", "")
    if setting:
        return _checked(setting, "the environment variable SYMBIJ_NUM_THREADS")
    return available_cores()


def _checked(value: object, what: str) -> int:
    try:
        count = int(value)  # type: ignore[call-overload]
        if count >= 1 and float(value) == count and not isinstance(value, bool):  # type: ignore[arg-type]
            return count
    except (TypeError, ValueError, OverflowError):
        pass
    raise ParameterError(f"{what} must be a positive whole number, got {value!r}")


def _executor(workers: int) -> ThreadPoolExecutor:
    """A pool with at least `workers` threads. A forked child has none of its parent's threads, and makes its own."""
    global _pool
    with _lock:
        if _pool is None or _pool[0] < workers:
            _pool = (workers, ThreadPoolExecutor(workers, thread_name_prefix="symbij"))
        return _pool[1]


def _after_fork() -> None:
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def share(work: Callable[[int, int], None], count: int, unit: int, seconds: float) -> None:
    """Call work(start, stop) for parts that make up range(count), on several threads if there is enough of it.

    Parts begin at multiples of `unit`; `seconds` is about how long one element takes.
    """
    units = -(-count // unit)
    parts = int(count * seconds / LEAST_SECONDS)
    if parts > 1:  # else the setting is not looked up
        parts = min(parts, get_num_threads(), units)
    if parts <= 1:
        work(0, count)
        return
    ahead = min(int(HANDOVER_SECONDS / (seconds * unit)), units - parts)
    ends = [0, *(min(count, (ahead + (units - ahead) * k // parts) * unit) for k in range(1, parts + 1))]
    futures: list[Future[None]] = []
    own = [(ends[0], ends[1])]
    for start, stop in itertools.pairwise(ends[1:]):
        try:
            futures.append(_executor(parts - 1).submit(work, start, stop))
        except RuntimeError:  # the interpreter is shutting down, and starts no more threads
            own.append((start, stop))
    try:
        for start, stop in own:
            work(start, stop)
    finally:
        for future in futures:
            future.result()
