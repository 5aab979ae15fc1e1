"""C sources compiled by gcc and called through ctypes."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = ("-O3", "-march=native", "-ffast-math")
HERE = Path(__file__).parent


@functools.cache
def compiler() -> str | None:
    """The path of gcc, or None."""
    return shutil.which("gcc")


@functools.cache
def library(source: str) -> ctypes.CDLL:
    """The compiled functions of a C file of this folder."""
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-"))
    try:
        # Linked without -ffast-math: with it, gcc adds code that makes the loading thread flush subnormals to zero, in
        # numpy and all other contenders as well.
        objects, linked = folder / "kernels.o", folder / "kernels.so"
        commands = (
            ["gcc", *FLAGS, "-fPIC", "-c", str(HERE / source), "-o", str(objects)],
            ["gcc", "-shared", str(objects), "-o", str(linked), "-lmvec", "-lm"],
        )
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, text=True)
        return ctypes.CDLL(str(linked))
    finally:
        shutil.rmtree(folder)


def function(key: str, dtype: np.dtype) -> Any:
    """The function of kernels.c for a case; it takes (points, results, count, p, q)."""
    real = ctypes.c_double if dtype == np.float64 else ctypes.c_float
    found = getattr(library("kernels.c"), f"{key}_{np.dtype(dtype).name}")
    found.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, real, real]
    found.restype = None
    return found
