"""TensorFlow Probability's bijectors for our classes, in double, by their own names and parameters."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
import tensorflow_probability as tfp

from tests.accuracy.operations import Array, Operations, Parameters

tfb = tfp.bijectors
# Classes that TFP has under the same name, with the same parameters.
SAME = (
    "Identity", "Shift", "Scale", "Exp", "Expm1", "Log", "Log1p", "Sigmoid", "Softplus", "Tanh", "Softfloor",
    "SoftClip", "Softsign", "Sinh", "Square", "Reciprocal", "Power", "PowerTransform", "GumbelCDF", "WeibullCDF",
    "FrechetCDF", "RayleighCDF", "MoyalCDF", "GompertzCDF", "ShiftedGompertzCDF", "KumaraswamyCDF",
    "GeneralizedExtremeValueCDF", "SinhArcsinh", "LambertWTail", "RationalQuadraticSpline",
)  # fmt: skip


def _standardised(bijector: Any, p: Parameters) -> Any:
    return tfb.Chain([bijector, tfb.Invert(tfb.Scale(p["scale"])), tfb.Shift(-p["loc"])])


# Classes that TFP composes of two or three bijectors of its own.
COMPOSED: dict[str, Callable[[Parameters], Any]] = {
    "NormalCDF": lambda p: _standardised(tfb.NormalCDF(), p),
    "LogisticCDF": lambda p: _standardised(tfb.Sigmoid(), p),
    "UniformCDF": lambda p: tfb.Chain([tfb.Invert(tfb.Scale(p["high"] - p["low"])), tfb.Shift(-p["low"])]),
    "Cubic": lambda p: tfb.Chain([tfb.Power(np.float64(3.0)), tfb.Shift(p["b"]), tfb.Scale(p["a"])]),
    "Logit": lambda p: tfb.Invert(tfb.Sigmoid()),
}


def operations(name: str, parameters: Parameters) -> Operations | None:
    """The operations of TFP's bijector for our class `name`, or None if it has none."""
    exact = {k: np.asarray(v, dtype=np.float64)[()] for k, v in parameters.items()}
    if name in COMPOSED:
        bijector = COMPOSED[name](exact)
    elif name in SAME:
        bijector = getattr(tfb, name)(**exact)
    else:
        return None

    def called(method: str, **options: Any) -> Callable[[Array], Array]:
        # a new tensor each time: bijectors remember the tensors that they have mapped, and return the very same ones
        return lambda at: np.asarray(getattr(bijector, method)(tf.constant(at, tf.float64), **options))

    return {
        "forward": called("forward"),
        "forward_log_det": called("forward_log_det_jacobian", event_ndims=0),
        "inverse": called("inverse"),
        "inverse_log_det": called("inverse_log_det_jacobian", event_ndims=0),
    }
