"""The machine and the versions that a run took place with."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "jax", "torch", "numexpr", "tensorflow-probability")


def cpu_model() -> str:
    """The name of the processor."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    return platform.processor() or platform.machine()


def vector_extensions() -> str:
    """The widest vector registers, as far as the system says."""
    information = Path("/proc/cpuinfo")
    flags = information.read_text(encoding="utf-8").split() if information.exists() else []
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else platform.machine()


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> float:
    """Bytes of memory that can be taken, or infinity where the system does not say."""
    information = Path("/proc/meminfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable"):
                return 1024.0 * int(line.split()[1])
    return float("inf")


class Others:
    """Watches how much of the machine is used by others than this process and those it started."""

    def __init__(self) -> None:
        self._start = self._read()

    @staticmethod
    def _read() -> tuple[float, float, float] | None:
        """Seconds of cores in use, of cores at all, and of this process and its children; None if not told."""
        statistics = Path("/proc/stat")
        if not statistics.exists():
            return None
        ticks = [int(value) for value in statistics.read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
        own = sum(os.times()[:4])
        rate = os.sysconf("SC_CLK_TCK")
        return (sum(ticks) - ticks[3] - ticks[4]) / rate, sum(ticks) / rate, own

    def share(self) -> float:
        """The share of the machine's cores that others used since the start, 0 if the system does not say."""
        now = self._read()
        if now is None or self._start is None:
            return 0.0
        used, time, own = (after - before for after, before in zip(now, self._start, strict=True))
        return max(0.0, (used - own) / max(time, 1e-9))


def gcc_version() -> str | None:
    """The first line that gcc says about itself."""
    try:
        done = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def description() -> list[str]:
    """What a reader needs to know to judge the numbers."""
    versions = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    gcc = gcc_version()
    if gcc:
        versions.append(f"gcc {gcc}")
    return [
        f"Processor: {cpu_model()}, {cores()} cores in use, {vector_extensions()}; {platform.system()}.",
        f"Versions: {', '.join(versions)}.",
        f"Date: {datetime.date.today().isoformat()}.",
    ]
