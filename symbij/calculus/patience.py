"""General solvers with a limit on their time: what takes too long counts as not found."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

SECONDS = 1.0


class _OutOfTime(BaseException):
    """Raised inside a solver to stop it. Not an `Exception`, which solvers catch."""


def bounded(solver: Callable[..., Any], *args: Any, seconds: float = SECONDS) -> Any | None:
    """`solver(*args)`, or None if it takes more than `seconds` or fails.

    It runs in a thread of its own, into which the end of its time is raised between two of its instructions.
    """
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(solver(*args))
        except (Exception, _OutOfTime):
            return  # a general solver may fail in any way; the next strategy does without it

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_OutOfTime))
        thread.join(0.05)
    return result[0] if result else None
