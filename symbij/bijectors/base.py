"""`Bijector`: the contract that derived, structural and hand-written bijectors share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from symbij.bijectors.fused import BoundStage
from symbij.bijectors.tree import Node
from symbij.errors import ShapeError, UsageError
from symbij.kernels.broadcast import as_float_array, broadcast_shape, check_out
from symbij.kernels.run import Out

_FLOAT64 = np.dtype(np.float64)


class Bijector(Node):
    """A differentiable one-to-one map y = f(x) with log|det dy/dx|, vectorised over batches.

    Shapes: `x` is (*batch, *event). `forward_min_event_ndims` is the number of rightmost axes that the map mixes (0 for
    an elementwise map, 1 for a matrix). A log-det has one number for every event of `event_ndims` axes: the
    elementwise log-dets are summed over those axes.

    A hand-written bijector subclasses this, calls `super().__init__(forward_min_event_ndims=...)` and defines
    `_forward`, `_inverse` and `_forward_log_det_jacobian` (and `_inverse_log_det_jacobian` where it can be had more
    accurately than through the inverse), in numpy. It then works in chains, inverses and distributions.
    """

    is_injective: ClassVar[bool] = True  # False: `inverse` returns a tuple with all preimages

    def __init__(
        self,
        *,
        validate_args: bool = False,
        forward_min_event_ndims: int = 0,
        inverse_min_event_ndims: int | None = None,
        is_constant_jacobian: bool = False,
        dtype: Any = None,
        parameters: dict[str, Any] | None = None,
        graph_parents: Any = None,
        name: str | None = None,
    ) -> None:
        self.validate_args = validate_args
        self.forward_min_event_ndims = int(forward_min_event_ndims)
        self.inverse_min_event_ndims = int(
            forward_min_event_ndims if inverse_min_event_ndims is None else inverse_min_event_ndims
        )
        self.is_constant_jacobian = is_constant_jacobian
        self.dtype = dtype
        self.name = name or _snake_case(type(self).__name__)
        # `parameters=dict(locals())` is customary, and holds the object itself
        self._parameters = {k: v for k, v in (parameters or {}).items() if k not in ("self", "__class__")}

    # What subclasses define.

    def _forward(self, x: np.ndarray) -> Any:
        raise NotImplementedError(f"{self.name} does not define _forward")

    def _inverse(self, y: np.ndarray) -> Any:
        raise NotImplementedError(f"{self.name} does not define _inverse")

    def _forward_log_det_jacobian(self, x: np.ndarray) -> Any:
        if type(self)._inverse_log_det_jacobian is Bijector._inverse_log_det_jacobian:
            raise NotImplementedError(f"{self.name} defines neither _forward_log_det_jacobian nor the inverse one")
        return -np.asarray(self._inverse_log_det_jacobian(np.asarray(self._forward(x))))

    def _inverse_log_det_jacobian(self, y: np.ndarray) -> Any:
        return -np.asarray(self._forward_log_det_jacobian(np.asarray(self._inverse(y))))

    def _forward_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def _inverse_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def _stages(self) -> tuple[BoundStage, ...] | None:
        """The derived maps this bijector is made of, or None if part of it is not derived from a formula."""
        return None

    def _batch_shape(self, event_ndims: int) -> tuple[int, ...]:
        """Shape that the parameters broadcast to, without the axes that belong to events of `event_ndims` axes.

        A hand-written elementwise bijector does not say; the shape that it gives to a scalar tells.
        """
        if self.forward_min_event_ndims:
            return ()
        with np.errstate(all="ignore"):
            shape = np.shape(self._forward(np.asarray(0.5)))
        return shape[: max(0, len(shape) - event_ndims)]

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the domain, elementwise."""
        return np.float64(-np.inf), np.float64(np.inf)

    def _range(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the codomain, elementwise."""
        return np.float64(-np.inf), np.float64(np.inf)

    def _increasing(self) -> np.ndarray | None:
        """Whether the map is increasing, elementwise; None if the bijector does not say."""
        return None

    # What users call.

    # `out=` takes an array (a pair of them for value and log-det) to write results to, of their shape and dtype; it may
    # be the input itself. It is returned.

    def forward(self, x: Any, out: np.ndarray | None = None) -> np.ndarray:
        """y = f(x)."""
        if out is None and (found := self._at_once("forward", x)) is not None:
            return found
        array = self._input(x, "x", self.forward_min_event_ndims)
        return delivered(self.name, self._transform(array, True, False, None if out is None else [out])[0], out)

    def inverse(self, y: Any, out: np.ndarray | None = None) -> np.ndarray:
        """x with f(x) = y."""
        if out is None and (found := self._at_once("inverse", y)) is not None:
            return found
        array = self._input(y, "y", self.inverse_min_event_ndims)
        return delivered(self.name, self._inverse_transform(array, True, False, None if out is None else [out])[0], out)

    def forward_log_det_jacobian(
        self, x: Any, event_ndims: int | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """log|det dy/dx| at `x`, summed over the `event_ndims` rightmost axes (default: the minimum)."""
        if out is None and (found := self._at_once("forward_log_det_jacobian", x, event_ndims)) is not None:
            return found
        minimum = self.forward_min_event_ndims
        array = self._input(x, "x", minimum)
        log_det = self._transform(array, False, True, _direct(out, event_ndims, minimum))[-1]
        return delivered(self.name, self._reduced(log_det, array, event_ndims, minimum), out)

    def inverse_log_det_jacobian(
        self, y: Any, event_ndims: int | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """log|det dx/dy| at `y`, summed over the `event_ndims` rightmost axes (default: the minimum)."""
        if out is None and (found := self._at_once("inverse_log_det_jacobian", y, event_ndims)) is not None:
            return found
        minimum = self.inverse_min_event_ndims
        array = self._input(y, "y", minimum)
        log_det = self._inverse_transform(array, False, True, _direct(out, event_ndims, minimum))[-1]
        return delivered(self.name, self._reduced(log_det, array, event_ndims, minimum), out)

    def forward_and_log_det(
        self, x: Any, event_ndims: int | None = None, out: tuple[np.ndarray, np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """`forward(x)` and `forward_log_det_jacobian(x)` in one pass."""
        return self._both(self._transform, x, "x", event_ndims, self.forward_min_event_ndims, out)

    def inverse_and_log_det(
        self, y: Any, event_ndims: int | None = None, out: tuple[np.ndarray, np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """`inverse(y)` and `inverse_log_det_jacobian(y)` in one pass."""
        return self._both(self._inverse_transform, y, "y", event_ndims, self.inverse_min_event_ndims, out)

    def _both(
        self,
        transform: Any,
        given: Any,
        what: str,
        event_ndims: int | None,
        minimum: int,
        out: tuple[np.ndarray, np.ndarray] | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        if out is None:
            targets, first, second = None, None, None
        else:
            if not isinstance(out, (tuple, list)) or len(out) != 2:
                raise UsageError(f"{self.name}: out must be a pair of arrays, for the value and for the log-det")
            first, second = out
            if np.may_share_memory(first, second) and np.shares_memory(first, second):
                raise UsageError(f"{self.name}: out must be a pair of arrays that do not share memory")
            # where log-dets are summed, the input lasts until it is known that both results fit
            targets = None if _direct(second, event_ndims, minimum) is None else [first, second]
        array = self._input(given, what, minimum)
        value, log_det = transform(array, True, True, targets)
        log_det = self._reduced(log_det, array, event_ndims, minimum)
        if first is not None and log_det is not second and np.may_share_memory(log_det, first):
            log_det = log_det.copy()  # a view of the input, which the value is about to be written to
        if second is not None:
            check_out(self.name, second, log_det.shape, log_det.dtype)
        return delivered(self.name, value, first), delivered(self.name, log_det, second)

    def forward_event_shape(self, input_shape: Any) -> tuple[int, ...]:
        """Shape of one event after the map, for the shape of one event before it."""
        return self._forward_event_shape(tuple(int(n) for n in np.atleast_1d(np.asarray(input_shape, dtype=int))))

    def inverse_event_shape(self, output_shape: Any) -> tuple[int, ...]:
        """Shape of one event before the map, for the shape of one event after it."""
        return self._inverse_event_shape(tuple(int(n) for n in np.atleast_1d(np.asarray(output_shape, dtype=int))))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters this bijector was made with, by name."""
        return dict(self._parameters)

    def __call__(self, value: Any, **kwargs: Any) -> Any:
        """`forward` of an array; of a bijector, the chain that applies it first; of a distribution, its transform."""
        if isinstance(value, Bijector):
            from symbij.bijectors.structure import Chain

            return Chain([self, value], **kwargs)
        if hasattr(value, "transformed_by"):
            return value.transformed_by(self, **kwargs)
        if kwargs:
            listed = ", ".join(kwargs)
            way_out = "; write forward(x, out=...)" if "out" in kwargs else ""
            raise UsageError(f"{self.name}: {listed} can be given when a distribution is transformed only{way_out}")
        return self.forward(value)

    def plot(self, x: Any = None, axes: Any = None) -> Any:
        """Forward map, inverse and log-det over `x` (default: a range inside the domain); returns the Axes."""
        from symbij.plotting import plot_bijector

        return plot_bijector(self, x, axes)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return False
        mine, theirs = self._children(), other._children()  # type: ignore[attr-defined]
        return len(mine) == len(theirs) and all(_equal(a, b) for a, b in zip(mine, theirs, strict=True))

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        inner = ", ".join(f"{k}={_short(v)}" for k, v in self._parameters.items())
        return f"{type(self).__name__}({inner})"

    # How the public methods get their numbers; overridden where value and log-det come from one kernel.

    def _transform(self, x: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        """Value, log-det or both. `out` may be used for results, and need not be."""
        results = []
        x = _read_only(x)
        if value:
            results.append(np.asarray(self._forward(x)))
        if log_det:
            results.append(np.asarray(self._forward_log_det_jacobian(x)))
        return results

    def _inverse_transform(self, y: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        results = []
        y = _read_only(y)
        if value:
            results.append(np.asarray(self._inverse(y)))
        if log_det:
            results.append(np.asarray(self._inverse_log_det_jacobian(y)))
        return results

    # What methods return for small arrays of doubles, where there is a kernel for the whole bijector and it has been
    # called before: by the name of the method, from the input, and None for any other input.
    _cached_shortcuts: Mapping[str, Callable[[Any], np.ndarray | None]] = MappingProxyType({})

    def _at_once(self, method: str, given: Any, event_ndims: int | None = None) -> np.ndarray | None:
        shortcut = self._cached_shortcuts.get(method)
        usual = event_ndims is None or (type(event_ndims) is int and event_ndims == 0)
        return shortcut(given) if shortcut is not None and usual else None

    def _input(self, value: Any, what: str, min_event_ndims: int) -> np.ndarray:
        if type(value) is np.ndarray and value.dtype is _FLOAT64:
            array = value
        else:
            array = as_float_array(value, f"{self.name}: {what}")
        if array.ndim < min_event_ndims:
            raise ShapeError(
                f"{self.name}: {what} needs at least {min_event_ndims} axes for one event, got shape {array.shape}"
            )
        return array

    def _reduced(self, log_det: np.ndarray, x: np.ndarray, event_ndims: int | None, minimum: int) -> np.ndarray:
        """`log_det` (one number for every smallest event) summed so that there is one for every event."""
        if event_ndims is None:
            event_ndims = minimum
        if not isinstance(event_ndims, (int, float, np.number)) or int(event_ndims) != event_ndims:
            raise ShapeError(f"{self.name}: event_ndims must be a whole number, got {event_ndims!r}")
        event_ndims = int(event_ndims)
        if event_ndims < minimum:
            raise ShapeError(f"{self.name}: event_ndims must be at least {minimum}, got {event_ndims}")
        batch = x.shape[: x.ndim - minimum]
        extra = event_ndims - minimum
        if extra > len(batch) and extra > log_det.ndim:
            raise ShapeError(f"{self.name}: event_ndims={event_ndims} exceeds the {x.ndim} axes of the input")
        if extra == 0:
            return log_det
        full = np.broadcast_to(log_det, broadcast_shape(self.name, [log_det.shape, batch]))
        return np.asarray(full.sum(axis=tuple(range(full.ndim - extra, full.ndim))))


def _direct(out: np.ndarray | None, event_ndims: int | None, minimum: int) -> Out:
    """`out` for elementwise log-dets, or None if they are summed before they are delivered."""
    return None if out is None or event_ndims not in (None, minimum) else [out]


def delivered(owner: str, result: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    """`result` as it is returned: in `out` if that was given, as a numpy scalar if it has no axes."""
    if out is None:
        return result if result.ndim else result[()]
    if result is not out:
        check_out(owner, out, result.shape, result.dtype)
        out[...] = result
    return out


def _read_only(array: np.ndarray) -> np.ndarray:
    """A view that hand-written code cannot change the caller's array through."""
    view = array.view()
    view.setflags(write=False)
    return view


def _snake_case(name: str) -> str:
    out = ""
    for i, char in enumerate(name):
        if char.isupper() and i and (not name[i - 1].isupper() or (i + 1 < len(name) and name[i + 1].islower())):
            out += "_"
        out += char.lower()
    return out


def _equal(a: tuple[str, Any], b: tuple[str, Any]) -> bool:
    if a[0] != b[0]:
        return False
    x, y = a[1], b[1]
    if isinstance(x, (list, tuple)) and isinstance(y, (list, tuple)):
        return len(x) == len(y) and all(_equal(("", p), ("", q)) for p, q in zip(x, y, strict=True))
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return np.array_equal(np.asarray(x), np.asarray(y))
    return bool(x == y)


def _short(value: Any) -> str:
    return np.array2string(value, precision=6, threshold=6) if isinstance(value, np.ndarray) else repr(value)
