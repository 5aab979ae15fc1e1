"""Derived maps and densities as numba functions, to be called from functions that users compile themselves."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from symbij.bijectors.base import Bijector
from symbij.bijectors.fused import FusedTransform
from symbij.distributions.base import Distribution
from symbij.errors import UsageError
from symbij.kernels.compile import scalar, uniform
from symbij.kernels.run import Runner

_METHODS = {  # inverse, value, log_det
    "forward": (False, True, False),
    "inverse": (True, True, False),
    "forward_log_det_jacobian": (False, False, True),
    "inverse_log_det_jacobian": (True, False, True),
    "forward_and_log_det": (False, True, True),
    "inverse_and_log_det": (True, True, True),
}


def jitted(owner: Bijector | Distribution, method: str, *, arrays: bool = False) -> Any:
    """A method of a derived bijector, or the `log_prob` of a distribution, as a numba function of one float64.

    f(x) for a number x: a number, or a pair of them for `forward_and_log_det` and `inverse_and_log_det`. With `arrays`,
    f(x, out) for one-dimensional contiguous arrays of one length (and f(x, out, second) for a pair), which works on
    vectors of numbers; `out` may be x itself, but not overlap it otherwise. Parameters are built in as they are now;
    there must be one set of them.

    Raises `UsageError` if the method is none of these, if the owner is not made of formulas, or has a batch of
    parameters.
    """
    runner = _runner(owner, method)
    if not runner.single_set:
        raise UsageError(
            f"{owner.name}: a compiled function has one set of parameters, here there are {runner.packed.shape[1]} "
            f"(batch shape {runner.batch}); make one for each of them"
        )
    values = np.ascontiguousarray(runner.packed[:, 0])
    if not arrays:
        return scalar(runner.program, tuple(repr(v) for v in values.tolist()))
    kernel = uniform(runner.program)
    if runner.outputs == 1:

        @numba.njit(nogil=True)
        def fill(x: Any, out: Any) -> None:
            if out.size != x.size:
                raise ValueError("out must be as long as x")
            kernel(x, values, out)
    else:

        @numba.njit(nogil=True)
        def fill(x: Any, out: Any, second: Any) -> None:  # type: ignore[misc]
            if out.size != x.size or second.size != x.size:
                raise ValueError("both results must be as long as x")
            kernel(x, values, out, second)

    return fill


def _runner(owner: Bijector | Distribution, method: str) -> Runner:
    if not isinstance(owner, (Bijector, Distribution)):
        raise UsageError(f"jitted takes a bijector or a distribution, got {type(owner).__name__}")
    known = list(_METHODS) if isinstance(owner, Bijector) else ["log_prob"]
    if method not in known:
        raise UsageError(f"{owner.name} has no method {method!r} to compile; it has {', '.join(known)}")
    if isinstance(owner, Distribution):
        runner = owner._log_density_runner()
        if runner is not None and not owner.event_shape:
            return runner
    else:
        stages = owner._stages()
        if stages is not None:
            return FusedTransform.of(owner.name, stages).runner(*_METHODS[method])
    raise UsageError(f"{owner.name} is not made of formulas of one number alone, so that there is no kernel to call")
