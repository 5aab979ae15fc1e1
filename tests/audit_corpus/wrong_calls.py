"""Right numbers from single calls, wrong behaviour: memory, shapes, dtypes, changed inputs."""

from __future__ import annotations

import mpmath
import numpy as np

import symbij as sb
from tests.audit_corpus.entry import Array, Entry


class CachedLogDet(sb.Bijector):
    """y = sinh(x), which keeps the log-det of its last call and hands it out whatever it is asked for."""

    def __init__(self) -> None:
        super().__init__(forward_min_event_ndims=0)
        self.cached: Array | None = None

    def _forward(self, x: Array) -> Array:
        self.cached = np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2.0)
        return np.sinh(x)

    def _inverse(self, y: Array) -> Array:
        return np.arcsinh(y)

    def _forward_log_det_jacobian(self, x: Array) -> Array:
        if self.cached is None or self.cached.shape != x.shape:
            self._forward(x)
        return self.cached


class BatchNormalisation:
    """y = (x - mean)/deviation, of whatever batch it is given."""

    def __init__(self) -> None:
        self.mean, self.deviation = 0.0, 1.0

    def forward(self, x: Array) -> Array:
        self.mean, self.deviation = np.mean(x), np.std(x) + 1e-3
        return (x - self.mean) / self.deviation

    def inverse(self, y: Array) -> Array:
        return y * self.deviation + self.mean

    def forward_log_det_jacobian(self, x: Array) -> Array:
        return np.full_like(x, -np.log(self.deviation))


class Counter:
    """y = x + n at the n-th call."""

    def __init__(self) -> None:
        self.calls = 0

    def forward(self, x: Array) -> Array:
        self.calls += 1
        return x + self.calls

    def inverse(self, y: Array) -> Array:
        return y - self.calls

    def log_abs_det_jacobian(self, x: Array, y: Array) -> Array:
        return np.zeros_like(x)


def shifted_in_place(x: Array) -> Array:
    x += 0.5
    return 2.0 * x


def unshifted_in_place(y: Array) -> Array:
    y /= 2.0
    y -= 0.5
    return y


ENTRIES = (
    Entry(
        "log-det of the call before",
        lambda: {"subject": CachedLogDet()},
        mpmath.sinh,
        (-2.0, 0.7),
        (("state left from another call",),),
        "state",
        "parameters",
        "pyro-ppl/pyro#2384",  # `log_abs_det_jacobian` will be recalculated when necessary
    ),
    Entry(
        "normalised by the batch",
        lambda: {"subject": BatchNormalisation()},
        lambda x: x,
        (-2.0, 0.7),
        (("state left from another call",),),
        "state",
        "parameters",
        "TuringLang/Bijectors.jl#43",  # Add BatchNorm flow to enable deeply stacked flows ...
        "the log-det cannot hold while the map depends on its batch",
    ),
    Entry(
        "a map that counts its calls",
        lambda: {"subject": Counter()},
        lambda x: x + 1,
        (-2.0, 0.7),
        (("state left from another call",),),
        "state",
        "parameters",
        "tensorflow/probability#430",  # Inconsitent behavior with log
        "what it returns depends on the sequence of calls",
    ),
    Entry(
        "input changed in place",
        lambda: {
            "forward": shifted_in_place,
            "inverse": unshifted_in_place,
            "forward_log_det": lambda x: np.full_like(x, np.log(2.0)),
        },
        lambda x: 2 * (x + 0.5),
        (-2.0, 0.7),
        (("changed its input",),),
        "input",
        "parameters",
        "awslabs/gluonts#1938",  # Fixed autograd inplace operations error in Transformed Distribution
    ),
    Entry(
        "log-det in single precision",
        lambda: {
            "forward": np.tanh,
            "inverse": np.arctanh,
            "forward_log_det": lambda x: (-2 * (np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2.0))).astype(
                np.float32
            ),
        },
        mpmath.tanh,
        (-2.0, 0.7),
        (("dtype", "float32"),),
        "dtype",
        "parameters",
        "tensorflow/probability#861",  # Tanh bijector's fldj/ildj don't preserve dtype when numpy backend is used
    ),
    Entry(
        "double precision by name only",
        lambda: {
            "forward": lambda x: np.exp(np.asarray(x, dtype=np.float32)).astype(np.float64),
            "inverse": np.log,
            "forward_log_det": lambda x: x,
            "formula": "exp(x)",
        },
        mpmath.exp,
        (-110.0, 100.0),
        (("digits",), ("single precision",), ("overflows",)),
        "forward",
        "values",
        "tensorflow/tensorflow#64548",  # `tf.cast` does not preserve requested precision for Python types ...
    ),
    Entry(
        "elementwise log-det summed over the batch",
        lambda: {
            "forward": np.exp,
            "inverse": np.log,
            "forward_log_det": lambda x: np.full_like(x, np.sum(x)),
        },
        mpmath.exp,
        (-2.0, 0.7),
        (("batch",),),
        "state",
        "parameters",
        "pymc-devs/pymc#800",  # fix inappropriate summing
    ),
    Entry(
        "log-det reduced to one number",
        lambda: {"forward": np.exp, "inverse": np.log, "forward_log_det": lambda x: np.sum(x)},
        mpmath.exp,
        (-2.0, 0.7),
        (("summed over batch",),),
        "shape",
        "parameters",
        "pymc-devs/pymc#800",  # fix inappropriate summing
    ),
    Entry(
        "log-det not summed over events",
        lambda: {"forward": np.exp, "inverse": np.log, "forward_log_det": lambda x: x, "event_ndims": 1},
        lambda x: [mpmath.exp(v) for v in x],
        ((-2.0, 0.7, 0.3),),
        (("not summed over event dimensions",),),
        "shape",
        "parameters",
        "pytorch/pytorch#121220",  # Misleading `log_abs_det_jacobian` shape for StackTransform?
    ),
    Entry(
        "log-det that keeps the axis it sums",
        lambda: {
            "forward": np.exp,
            "inverse": np.log,
            "forward_log_det": lambda x: np.sum(x, axis=-1, keepdims=True),
            "event_ndims": 1,
        },
        lambda x: [mpmath.exp(v) for v in x],
        ((-2.0, 0.7, 0.3),),
        (("shape",),),
        "shape",
        "parameters",
    ),
)
