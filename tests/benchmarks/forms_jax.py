"""The cases in JAX: `form(x)` is jitted as a whole, so that XLA fuses it into one loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfc, ndtri

from tests.benchmarks.forms_numpy import (
    EXPONENT,
    INTERCEPT,
    LOC,
    LOG2,
    LOG_3SLOPE,
    LOG_AB,
    LOG_SCALE,
    LOG_TAIL,
    NDTR_LOC,
    NDTR_SCALE,
    SCALE,
    SKEW,
    SLOPE,
    STEP_HEIGHT,
    STEP_LOG_DET,
    STEP_LOW,
    TAIL,
    TEMPERATURE,
    A,
    B,
)

jax.config.update("jax_enable_x64", True)


def sigmoid_log_det(x: Any) -> Any:
    """-softplus(x) - softplus(-x) with one exponential."""
    return -jnp.abs(x) - 2 * jnp.log1p(jnp.exp(-jnp.abs(x)))


def softplus(x: Any) -> Any:
    """As jax.nn.softplus, without its treatment of NaN, which costs time."""
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def logcosh(x: Any) -> Any:
    """log cosh(x) without overflow."""
    return jnp.abs(x) + jnp.log1p(jnp.exp(-2 * jnp.abs(x))) - LOG2


def sinh_arcsinh_log_det(x: Any) -> Any:
    return logcosh((jnp.arcsinh(x) + SKEW) * TAIL) - 0.5 * jnp.log1p(x * x) + LOG_TAIL


def gumbel_log_det(x: Any) -> Any:
    z = (LOC - x) * (1 / SCALE)
    return z - jnp.exp(z) - LOG_SCALE


def kumaraswamy_log_det(x: Any) -> Any:
    log_x = jnp.log(x)
    return LOG_AB + (A - 1) * log_x + (B - 1) * jnp.log1p(-jnp.exp(A * log_x))


def softfloor_forward(x: Any) -> Any:
    step = jnp.floor(x - 0.5)
    return step + (STEP_HEIGHT * jnp.tanh((x - 0.5 - step - 0.5) * (0.5 / TEMPERATURE)) + STEP_LOW)


def softfloor_log_det(x: Any) -> Any:
    v = x - 0.5
    return sigmoid_log_det((v - jnp.floor(v) - 0.5) * (1 / TEMPERATURE)) + STEP_LOG_DET


FORMS: dict[str, Callable[[Any], Any]] = {
    "exp_forward": jnp.exp,
    "log_forward": jnp.log,
    "sigmoid_forward": jax.nn.sigmoid,
    "sigmoid_inverse": lambda y: jnp.log(y / (1 - y)),
    "sigmoid_log_det": sigmoid_log_det,
    "sigmoid_inverse_log_det": lambda y: -jnp.log(y * (1 - y)),
    "softplus_forward": softplus,
    "softplus_inverse": lambda y: y + jnp.log(-jnp.expm1(-y)),
    "softplus_log_det": lambda x: jnp.minimum(x, 0) - jnp.log1p(jnp.exp(-jnp.abs(x))),
    "tanh_forward": jnp.tanh,
    "tanh_log_det": lambda x: -2 * logcosh(x),
    "power_forward": lambda x: x**EXPONENT,
    # jax.scipy.special.ndtr takes several times as long
    "ndtr_forward": lambda x: 0.5 * erfc((x - NDTR_LOC) * (-np.sqrt(0.5).item() / NDTR_SCALE)),
    "ndtr_inverse": lambda p: NDTR_LOC + NDTR_SCALE * ndtri(p),
    "sinh_arcsinh_forward": lambda x: jnp.sinh((jnp.arcsinh(x) + SKEW) * TAIL),
    "sinh_arcsinh_inverse": lambda y: jnp.sinh(jnp.arcsinh(y) * (1 / TAIL) - SKEW),
    "sinh_arcsinh_log_det": sinh_arcsinh_log_det,
    "gumbel_forward": lambda x: jnp.exp(-jnp.exp((LOC - x) * (1 / SCALE))),
    "gumbel_inverse": lambda y: LOC - SCALE * jnp.log(-jnp.log(y)),
    "gumbel_log_det": gumbel_log_det,
    "kumaraswamy_forward": lambda x: -jnp.expm1(B * jnp.log1p(-jnp.exp(A * jnp.log(x)))),
    "kumaraswamy_inverse": lambda y: jnp.exp(jnp.log(-jnp.expm1(jnp.log1p(-y) * (1 / B))) * (1 / A)),
    "kumaraswamy_log_det": kumaraswamy_log_det,
    "softfloor_forward": softfloor_forward,
    "softfloor_log_det": softfloor_log_det,
    # jnp.cbrt takes twice as long
    "cubic_inverse": lambda y: (jnp.sign(y) * jnp.exp(jnp.log(jnp.abs(y)) * (1 / 3)) - INTERCEPT) * (1 / SLOPE),
    "cubic_log_det": lambda x: 2 * jnp.log(jnp.abs(SLOPE * x + INTERCEPT)) + LOG_3SLOPE,
}
