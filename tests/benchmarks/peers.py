"""The contenders of the elementwise cases: symbij with one and two threads, and the peers that are installed."""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.cases import Case, bijector_of, operation_of
from tests.benchmarks.measure import Contender

THREADS = 2

SYMBIJ, SYMBIJ_ONE = "symbij", "symbij, 1 thread"
NUMPY, JAX, TORCH, NUMEXPR, C = "numpy", "JAX", "PyTorch", "numexpr", "C"


@dataclass(frozen=True)
class Entry:
    """A contender of one case, with a look at its result, which is filled by a call."""

    contender: Contender
    result: Callable[[], np.ndarray]


def limit_cores() -> None:
    """Keep the process to as many cores as contenders have threads: the only way to tell JAX how many to use."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:THREADS])


@functools.cache
def missing(name: str) -> str | None:
    """Why a contender cannot run, or None."""
    if name == C:
        return None if importlib.import_module("tests.benchmarks.forms_c").compiler() else "gcc is not installed"
    module = {NUMPY: "numpy", JAX: "jax", TORCH: "torch", NUMEXPR: "numexpr"}.get(name, "symbij")
    if importlib.util.find_spec(module) is None:
        return f"{module} is not installed"
    if module == "symbij":
        try:
            importlib.import_module("symbij.bijectors")
        except ImportError as error:
            return f"symbij cannot be imported: {error}"
    return None


def available(only: str | None = None) -> list[str]:
    """The contenders that take part; `only` is "peers", "symbij" or None for both."""
    names = {"peers": [], "symbij": [], None: []}
    names["symbij"] = [SYMBIJ, SYMBIJ_ONE]
    names["peers"] = [JAX, TORCH, NUMEXPR, NUMPY, C]
    names[None] = names["symbij"] + names["peers"]
    return [name for name in names[only] if missing(name) is None]


def skipped(only: str | None = None) -> list[str]:
    """A line for each contender that does not take part."""
    everyone = (SYMBIJ, JAX, TORCH, NUMEXPR, NUMPY, C)
    lines = [f"{name} is skipped: {missing(name)}." for name in everyone if missing(name)]
    if only:
        lines.append(f"Only {only} took part.")
    return lines


def symbij_threads(count: int) -> Callable[[], None]:
    """Ahead of a turn of symbij: sets its number of threads."""

    def before() -> None:
        import symbij as sb

        sb.set_num_threads(count)

    return before


def _symbij(case: Case, x: np.ndarray, name: str) -> Entry:
    operation, out = operation_of(bijector_of(case.bijector), case.operation), np.empty_like(x)
    before = symbij_threads(THREADS if name == SYMBIJ else 1)
    if case.operation.endswith("log_det"):
        return Entry(Contender(name, lambda: operation(x, event_ndims=0, out=out), before), lambda: out)
    return Entry(Contender(name, lambda: operation(x, out=out), before), lambda: out)


def _numpy(case: Case, x: np.ndarray) -> Entry:
    from tests.benchmarks.forms_numpy import FORMS

    form, out, work = FORMS[case.key], np.empty_like(x), np.empty_like(x)
    return Entry(Contender(NUMPY, lambda: form(x, out, work)), lambda: out)


def _jax(case: Case, x: np.ndarray) -> Entry:
    import jax
    import jax.numpy as jnp

    from tests.benchmarks.forms_jax import FORMS

    compiled, points = jax.jit(FORMS[case.key]), jnp.asarray(x)
    return Entry(Contender(JAX, lambda: compiled(points).block_until_ready()), lambda: np.asarray(compiled(points)))


def _torch(case: Case, x: np.ndarray) -> Entry:
    import torch

    from tests.benchmarks.forms_torch import FORMS

    torch.set_num_threads(THREADS)
    form, points = FORMS[case.key], torch.from_numpy(x)
    out, work = torch.empty_like(points), torch.empty_like(points)

    @torch.inference_mode()
    def call() -> None:
        form(points, out, work)

    return Entry(Contender(TORCH, call), out.numpy)


def _numexpr(case: Case, x: np.ndarray) -> Entry | None:
    import numexpr

    from tests.benchmarks.forms_numexpr import FORMS, constants

    form = FORMS.get(case.key)
    if form is None:
        return None
    numexpr.set_num_threads(THREADS)
    out = np.empty_like(x)
    names: dict[str, Any] = {"x": x, **constants(form, x.dtype)}
    numexpr.evaluate(form, local_dict=names, global_dict={}, out=out)
    found = numexpr.evaluate(form, local_dict=names | {"x": x[:2]}, global_dict={})
    assert found.dtype == x.dtype, f"numexpr computes {case.key} in {found.dtype}"
    return Entry(
        Contender(NUMEXPR, lambda: numexpr.evaluate(form, local_dict=names, global_dict={}, out=out)), lambda: out
    )


def _c(case: Case, x: np.ndarray) -> Entry:
    from tests.benchmarks.forms_c import function

    compiled, out = function(case.key, x.dtype), np.empty_like(x)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, out)]  # they keep the arrays alive
    arguments = (*pointers, x.size, *case.parameters)
    return Entry(Contender(C, lambda: compiled(*arguments)), lambda: out)


def entry(name: str, case: Case, x: np.ndarray) -> Entry | None:
    """The contender `name` of a case at the points x, or None if it cannot express the case."""
    make: dict[str, Callable[[Case, np.ndarray], Entry | None]] = {
        SYMBIJ: lambda case, x: _symbij(case, x, SYMBIJ),
        SYMBIJ_ONE: lambda case, x: _symbij(case, x, SYMBIJ_ONE),
        NUMPY: _numpy,
        JAX: _jax,
        TORCH: _torch,
        NUMEXPR: _numexpr,
        C: _c,
    }
    return make[name](case, x)


# How far a contender may be from numpy in float64: peers differ in accuracy, wrong formulas by more than this.
TOLERANCE = {"float64": (1e-9, 1e-11), "float32": (1e-3, 1e-4)}  # relative, absolute


def check(case: Case, found: dict[str, Entry], x: np.ndarray) -> None:
    """Run every contender once and compare it with numpy in float64. Raises `AssertionError`."""
    from tests.benchmarks.forms_numpy import FORMS

    exact = x.astype(np.float64)
    truth = np.empty_like(exact)
    FORMS[case.key](exact, truth, np.empty_like(exact))
    relative, absolute = TOLERANCE[x.dtype.name]
    for name, one in found.items():
        if one.contender.before:
            one.contender.before()
        one.contender.call()
        result = one.result()
        assert result.dtype == x.dtype, f"{name} computes {case.title} in {result.dtype}"
        wrong = ~(np.abs(result - truth) <= relative * np.abs(truth) + absolute)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise AssertionError(
                f"{name} computes {case.title} wrongly at {int(wrong.sum())} of {x.size} points, "
                f"first at {x[at]!r}: {result[at]!r} instead of {truth[at]!r}"
            )
