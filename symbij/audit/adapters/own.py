"""symbij's bijectors as a `Subject`: derived ones, chains and inverses, linear maps, hand-written subclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from symbij.audit.adapters.ends import declared_ends
from symbij.audit.adapters.holding import Holding, holding, number, traceable
from symbij.audit.subject import Ends, Subject
from symbij.bijectors.base import Bijector
from symbij.bijectors.derived import DerivedBijector
from symbij.bijectors.structure import Chain, Invert
from symbij.bijectors.variable import Variable
from symbij.errors import UsageError

_METHODS = {
    "forward": "_forward", "inverse": "_inverse", "forward_log_det": "_forward_log_det_jacobian",
    "inverse_log_det": "_inverse_log_det_jacobian",
}  # fmt: skip


def from_bijector(bijector: Bijector, event_ndims: int | None, dtype: np.dtype[Any] | None) -> Subject:
    """The public methods of a bijector, log-dets summed over at least the axes that it mixes."""
    if not bijector.is_injective:
        raise UsageError(f"{bijector.name} takes several inputs to one output; audit its branches[k], one by one")
    by_hand = not isinstance(bijector, (DerivedBijector, Chain, Invert)) and bijector._stages() is None
    forward_ndims, inverse_ndims = bijector.forward_min_event_ndims, bijector.inverse_min_event_ndims
    extra = max(0, (event_ndims or 0) - forward_ndims)
    held = _held(bijector)
    lo_open, hi_open, bottom_open, top_open = _openness(bijector)
    derived = bijector._stages() is not None
    operations = _operations(bijector, forward_ndims + extra, inverse_ndims + extra)

    def rebuilt(values: Mapping[str, Any]) -> Subject:
        assert held.make is not None
        return from_bijector(held.make({**held.values, **values}), event_ndims, dtype)

    defined = {k: attrgetter(m) for k, m in _METHODS.items() if getattr(type(bijector), m) is not getattr(Bijector, m)}
    return Subject(
        name=type(bijector).__name__ if not isinstance(bijector, (Chain, Invert)) else bijector.name,
        kind="hand-written symbij bijector" if by_hand else "symbij bijector",
        **operations,
        event_ndims=forward_ndims + extra,
        inverse_event_ndims=inverse_ndims + extra,
        domain=_ends(bijector._support, lo_open, hi_open) if derived else None,
        codomain=_ends(bijector._range, bottom_open, top_open) if derived else None,
        dtype=dtype or _dtype_of(bijector),
        parameters=held.values,
        rebuilt=rebuilt if held.make is not None else None,
        traceable=traceable(bijector, held, defined) if by_hand and not forward_ndims else {},
    )


def _operations(bijector: Bijector, forward_ndims: int, inverse_ndims: int) -> dict[str, Any]:
    has = {m: getattr(type(bijector), m) is not getattr(Bijector, m) for m in (*_METHODS.values(), "_transform")}
    whole = has["_transform"]  # value and log-det from one place
    own = (whole or has["_forward_log_det_jacobian"], whole or has["_inverse_log_det_jacobian"])
    log_det = any(own)
    forward, inverse = whole or has["_forward"], whole or has["_inverse"]
    return {
        "forward": bijector.forward if forward else None,
        "inverse": bijector.inverse if inverse else None,
        # The one that is not written the base class takes from the other, through a rounded input: that is no fault.
        "forward_log_det": _summed(bijector.forward_log_det_jacobian, forward_ndims) if own[0] else None,
        "inverse_log_det": _summed(bijector.inverse_log_det_jacobian, inverse_ndims) if own[1] else None,
        "forward_and_log_det": _summed(bijector.forward_and_log_det, forward_ndims) if forward and log_det else None,
        "inverse_and_log_det": _summed(bijector.inverse_and_log_det, inverse_ndims) if inverse and log_det else None,
    }


def _dtype_of(bijector: Bijector) -> np.dtype[Any]:
    """Single precision if that is what the bijector keeps its numbers in, else double."""
    kept = {
        v.dtype for v in vars(bijector).values() if isinstance(v, (np.ndarray, np.floating)) and v.dtype.kind == "f"
    }
    return np.dtype(np.float32 if kept == {np.dtype(np.float32)} else np.float64)


def _summed(method: Callable[..., Any], event_ndims: int) -> Callable[[np.ndarray], Any]:
    return lambda x: method(x, event_ndims=event_ndims)


def _held(bijector: Bijector) -> Holding:
    if not isinstance(bijector, DerivedBijector):
        return holding(bijector, Bijector, _unwrapped)
    values = {k: number(v.value if isinstance(v, Variable) else v) for k, v in bijector.parameters.items()}

    def make(new: Mapping[str, Any]) -> Bijector:
        return type(bijector)(**{**values, **new}, validate_args=bijector.validate_args)

    return Holding(values, make)


def _unwrapped(bijector: Any) -> tuple[Any, Callable[[Any], Any]] | None:
    return (bijector.bijector, Invert) if type(bijector) is Invert else None


def _openness(bijector: Bijector) -> tuple[bool, bool, bool, bool]:
    """Which ends of domain and codomain are open. Of a chain that is not known; there the ends are taken neither for
    inputs nor for forbidden outputs."""
    if isinstance(bijector, DerivedBijector):
        domain, codomain = bijector.derivation.domain, bijector.derivation.codomain
        return domain.lo_open, domain.hi_open, codomain.lo_open, codomain.hi_open
    if isinstance(bijector, Invert) and isinstance(bijector.bijector, DerivedBijector):
        lo, hi, bottom, top = _openness(bijector.bijector)
        return bottom, top, lo, hi
    return True, True, False, False


def _ends(interval: Callable[[], tuple[Any, Any]], lo_open: bool, hi_open: bool) -> Ends | None:
    with np.errstate(all="ignore"):
        lo, hi = interval()
    return declared_ends(lo, hi, lo_open, hi_open)
