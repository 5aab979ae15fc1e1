"""Compiled kernels on disk, keyed by content and versions, in a folder that only this user can write to.

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
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np
import platformdirs
import scipy
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
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
    """Everything besides its own source that the machine code of a kernel depends on."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    parts = (numba.__version__, np.__version__, scipy.__version__, os.sys.version, digest.hexdigest())  # type: ignore[attr-defined]
    return "|".join(parts)


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
        folder = cache_dir()
        if folder is None:
            return None
        content = repr((self._source_key, versions(), str(sig), codegen.magic_tuple()))
        return folder / (hashlib.sha256(content.encode()).hexdigest()[:40] + ".kernel")

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        target_context.refresh()
        path = self._file(sig, target_context.codegen())
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, payload = content[:32], content[32:]
        if hashlib.sha256(payload).digest() != digest:
            return None  # truncated or damaged: compile again and overwrite it
        return CompileResult._rebuild(target_context, *pickle.loads(payload))

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        path = self._file(sig, data.codegen)
        if path is None or data.lifted or not data.library:
            return
        payload = dumps(data._reduce())
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
