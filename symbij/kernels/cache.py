"""Compiled kernels and derived programs on disk, keyed by content and versions, in a folder that only this user can
write to.

Compiled code is executed when loaded, so a folder that others could write to is not used. Nothing here can fail a
call: a folder that cannot be written, a truncated file or two processes at once only cost the time to compile.
Set `SYMBIJ_CACHE_DIR` to move the folder, or to `off` to do without.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import stat
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import platformdirs
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps


def cache_dir() -> Path | None:
    """The folder in use, created if need be, or None if there is none that is private and writable."""
    return _private_dir(os.environ.get("SYMBIJ_CACHE_DIR", ""))


@functools.lru_cache(maxsize=8)
def _private_dir(setting: str) -> Path | None:
    if setting.lower() in ("off", "0", "none"):
        return None
    try:
        path = Path(setting) if setting else Path(platformdirs.user_cache_dir("symbij", appauthor=False))
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
        if hasattr(os, "getuid"):
            if status.st_uid != os.getuid():
                return None
            if stat.S_IMODE(status.st_mode) & 0o022:
                return None  # others may have put files there
        return path if os.access(path, os.W_OK | os.R_OK) else None
    except (OSError, RuntimeError):
        return None


@functools.lru_cache(maxsize=1)
def versions() -> str:
    """Everything that derived programs and the machine code of kernels depend on, besides formulas."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for part in ("formula", "calculus", "program", "kernels", "bijectors"):
        for module in sorted((package / part).rglob("*.py")):
            digest.update(module.read_bytes())
    packages = [f"{name} {metadata.version(name)}" for name in ("numba", "llvmlite", "numpy", "sympy", "mpmath")]
    parts = (*packages, sys.version, digest.hexdigest())
    return "|".join(parts)


def load(key: str) -> Any:
    """What `save` has put under this key with these versions, or None."""
    path = _path(key, ".pickle")
    payload = None if path is None else _read(path)
    return None if payload is None else pickle.loads(payload)


def save(key: str, value: Any) -> None:
    """Keep a value that can be pickled."""
    path = _path(key, ".pickle")
    if path is not None:
        _write(path, pickle.dumps(value))


def _path(content: str, ending: str) -> Path | None:
    folder = cache_dir()
    name = hashlib.sha256(f"{content}|{versions()}".encode()).hexdigest()[:40]
    return None if folder is None else folder / (name + ending)


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, payload = content[:32], content[32:]
    return payload if hashlib.sha256(payload).digest() == digest else None  # truncated or damaged: made anew


def _write(path: Path, payload: bytes) -> None:
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            temporary = file.name
            file.write(hashlib.sha256(payload).digest() + payload)
        os.replace(temporary, path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


class DiskCache(_Cache):
    """numba's interface for caching one function's compiled signatures, one file each, named by a digest."""

    def __init__(self, source_key: str) -> None:
        self._source_key = source_key

    @property
    def cache_path(self) -> str:
        return str(cache_dir())

    def enable(self) -> None:
        pass

    disable = flush = enable

    def _file(self, sig: Any, codegen: Any) -> Path | None:
        return _path(repr((self._source_key, str(sig), codegen.magic_tuple())), ".kernel")

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        rtsys.initialize(target_context)  # all that loading needs; a full refresh would take a tenth of a second
        path = self._file(sig, target_context.codegen())
        payload = None if path is None else _read(path)
        return None if payload is None else CompileResult._rebuild(target_context, *pickle.loads(payload))

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        path = self._file(sig, data.codegen)
        if path is not None and not data.lifted and data.library:
            _write(path, dumps(data._reduce()))
