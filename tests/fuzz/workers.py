"""Formulas examined in processes of their own, each with a hard limit: one that hangs is killed and counted."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.fuzz.grammar import Fuzzed, make
from tests.fuzz.outcome import Outcome, Problem, examine

HARD_LIMIT = 60.0  # seconds for derivation and check, beyond which even a step that no signal interrupts is ended
FORMULAS_A_PROCESS = 150  # then a new one starts, whose caches are empty
COMPILE_EVERY = 50


def _work(connection: Connection, compile_every: int, draws: int) -> None:
    with contextlib.suppress(EOFError, BrokenPipeError):  # whoever asked has gone
        while True:
            job = connection.recv()
            compiled = compile_every > 0 and job.number % compile_every == 0
            connection.send(examine(job, compiled, draws))


class _Worker:
    def __init__(self, context: Any, *arguments: Any) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Fuzzed | None = None
        self.done, self.since = 0, 0.0

    def give(self, job: Fuzzed) -> None:
        self.job, self.since = job, self.clock()
        self.connection.send(job)

    def clock(self) -> float:
        """Seconds of processor time that the process has had, where the system tells; otherwise of the clock."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return time.monotonic()

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def outcomes(
    formulas: Iterable[Fuzzed], jobs: int, compile_every: int = COMPILE_EVERY, draws: int = 3
) -> Iterator[Outcome]:
    """The outcome of every formula, as they come in."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fuzz.outcome"])
    waiting = iter(formulas)
    workers: list[_Worker] = []

    def start() -> None:
        job = next(waiting, None)
        if job is not None:
            workers.append(_Worker(context, compile_every, draws))
            workers[-1].give(job)

    def go_on(worker: _Worker) -> None:
        worker.done += 1
        if worker.done < FORMULAS_A_PROCESS:
            job = next(waiting, None)
            if job is not None:
                worker.give(job)
                return
        workers.remove(worker)
        worker.end()
        start()

    try:
        for _ in range(jobs):
            start()
        while workers:
            ready = wait([w.connection for w in workers], timeout=2.0)
            for worker in list(workers):
                if worker.connection in ready:
                    try:
                        yield worker.connection.recv()
                    except EOFError:
                        yield _lost(worker, "the process died")
                        worker.done = FORMULAS_A_PROCESS
                    go_on(worker)
                elif worker.clock() - worker.since > HARD_LIMIT:
                    yield _lost(worker, "killed: no signal interrupted it")
                    worker.done = FORMULAS_A_PROCESS
                    go_on(worker)
    finally:
        for worker in workers:
            worker.end()


def _lost(worker: _Worker, note: str) -> Outcome:
    assert worker.job is not None
    return Outcome(worker.job, "failed", note, HARD_LIMIT, problems=[Problem("hang", note=note)])


def run(seed: int, numbers: Iterable[int], jobs: int = 2, **settings: int) -> Iterator[Outcome]:
    """The outcomes of these formulas of a seed."""
    return outcomes((make(seed, n) for n in numbers), jobs, **settings)
