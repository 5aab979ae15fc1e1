"""Timing contenders against each other in one process.

They take turns: a round times each of them once, and a ratio is taken within a round, so that what the machine does
meanwhile hits all. Before its turn a contender runs once untimed, which wakes its threads and fills caches. Thread
pools may keep spinning for a while after a call, and would take the cores from whoever is timed next; so each turn
begins only when no thread of the process is busy any more.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TURN = 0.02  # seconds that a turn should last
LONGEST_WAIT = 0.5  # seconds to wait for spinning threads


@dataclass(frozen=True)
class Contender:
    """Something to time: `call` runs it to the end; `before` is run, untimed, ahead of each of its turns."""

    name: str
    call: Callable[[], Any]
    before: Callable[[], None] | None = None


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int = 15
    turn: float = TURN
    size: int = 1_000_000  # elements of large arrays
    scale: float = 1.0  # of everything else that can be made smaller

    @classmethod
    def quick(cls) -> Effort:
        return cls(rounds=5, turn=0.005, size=100_000, scale=0.1)


@dataclass
class Quiet:
    """Waits until the threads of this process have stopped to spin, and keeps account of how long that took."""

    nap: float = 0.001
    waited: dict[str, float] = field(default_factory=dict)

    def __call__(self, after: str = "") -> None:
        start = time.perf_counter()
        while True:
            wall, cpu = time.perf_counter(), time.process_time()
            time.sleep(self.nap)
            now = time.perf_counter()
            busy = (time.process_time() - cpu) / (now - wall)
            if busy < 0.2 or now - start > LONGEST_WAIT:
                break
        if after:
            self.waited[after] = max(self.waited.get(after, 0.0), now - start - 2 * self.nap)


QUIET = Quiet()


def elapsed(call: Callable[[], Any], number: int) -> float:
    """Seconds per call, over `number` calls in a row."""
    turns = itertools.repeat(None, number)
    start = time.perf_counter()
    for _ in turns:
        call()
    return (time.perf_counter() - start) / number


def repeats(call: Callable[[], Any], turn: float) -> int:
    """How many calls make up a turn."""
    number = 1
    while True:
        spent = elapsed(call, number) * number
        if spent >= turn / 2:
            return max(1, round(number * turn / spent))
        number = max(2 * number, min(100 * number, int(number * turn / max(spent, 1e-9) / 2)))


def measure(contenders: Sequence[Contender], effort: Effort) -> dict[str, np.ndarray]:
    """Seconds per call of each contender, by round."""
    numbers = {}
    for contender in contenders:
        if contender.before:
            contender.before()
        contender.call()  # compiles
        numbers[contender.name] = repeats(contender.call, effort.turn)
    times = {contender.name: np.empty(effort.rounds) for contender in contenders}
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    previous = ""
    try:
        for turn in range(effort.rounds):
            # Every other round runs backwards, so that nobody always comes after the same one.
            for contender in contenders if turn % 2 == 0 else reversed(contenders):
                QUIET(previous)
                if contender.before:
                    contender.before()
                contender.call()
                times[contender.name][turn] = elapsed(contender.call, numbers[contender.name])
                previous = contender.name
    finally:
        if collecting:
            gc.enable()
    QUIET(previous)
    return times


def spinning_remark() -> str:
    """How long threads went on spinning after a call, at most, for those that did."""
    spun = {name: t for name, t in QUIET.waited.items() if t > 0.002}
    if not spun:
        return "No contender's threads went on spinning after its turn."
    listed = ", ".join(f"{name} {1e3 * t:.0f} ms" for name, t in sorted(spun.items()))
    return f"Threads that went on spinning after a turn were waited for; at most: {listed}."
