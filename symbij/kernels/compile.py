"""Programs → compiled functions: generated source through numba, kept in memory and on disk."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import numba

from symbij.kernels.cache import DiskCache
from symbij.kernels.codegen import EPOCH_SOURCE, Source, elementwise_source, namespace, sums_source
from symbij.program.ir import Program

# 'contract' allows fused multiply-adds, which only ever round less. Flags that assume no NaN or infinity are wrong
# here, and reassociation would undo compensated steps.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def _build(source: Source, entries: tuple[str, ...]) -> dict[str, Any]:
    """Compile the functions of `source`; the named entries are cached on disk, helpers as part of them."""
    parts = [*source.helpers, "\n".join(source.lines)]
    text = "\n\n".join(parts)
    scope = namespace()
    exec(compile(text, "<symbij kernel>", "exec"), scope)  # generated from operations only, see codegen
    for name in [line[4:].split("(")[0] for line in text.splitlines() if line.startswith("def ")]:
        function = numba.njit(**_OPTIONS)(scope[name])
        if name in entries:
            function._cache = DiskCache(hashlib.sha256(f"{name}\n{text}".encode()).hexdigest())
        scope[name] = function
    return scope


@functools.lru_cache(maxsize=4096)
def elementwise(program: Program) -> Callable[..., None]:
    """The compiled `kernel(x, P, out0, ...)` of `program`."""
    return _build(elementwise_source(program), ("kernel",))["kernel"]


@functools.lru_cache(maxsize=512)
def training(program: Program) -> tuple[Callable[..., None], Callable[..., tuple[float, int]]]:
    """The compiled `sums` of a program that computes a loss and its gradient, and the Adam `epoch` around it."""
    source = sums_source(program)
    source.lines += EPOCH_SOURCE.splitlines()
    scope = _build(source, ("sums", "epoch"))
    return scope["sums"], scope["epoch"]
