"""The densities of the likelihood, training and chain groups, in symbij, JAX and PyTorch.

The cubic flow: (a x + b)³ is standard normal. The layered flow: after L layers z ← sinh((asinh(z + m) + s) t) the
result is standard normal; without the shifts m the layers would collapse into one. Its parameters are theta[l] =
(m, s, raw t) with t = softplus(raw t), as symbij trains a positive parameter.

The peers' log-det of a layer is log t + log((1 + z²)/(1 + x²))/2, since cosh(asinh(x)) = sqrt(1 + x²): one logarithm,
where the formula has a logarithm of a hyperbolic cosine and one more.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
CUBIC_START = (0.25, -0.1)


def two_modes(size: int) -> np.ndarray:
    """Draws from 0.45 N(2.3, 0.4) + 0.55 N(-0.8, 0.4)."""
    rng = np.random.default_rng(0)
    return np.where(rng.uniform(size=size) < 0.45, rng.normal(2.3, 0.4, size), rng.normal(-0.8, 0.4, size))


def layer_start(layers: int) -> np.ndarray:
    """theta of the layered flow, close to the identity so that 64 layers stay in a sensible range."""
    k = np.arange(layers)
    tail = 1.0 + 0.05 * np.cos(2.0 * k)
    return np.stack([0.1 * np.sin(k + 1.0), 0.05 * np.cos(k + 1.0), np.log(np.expm1(tail))], axis=1)


# symbij


def symbij_cubic() -> Any:
    """The distribution of the cubic flow."""
    import symbij as sb

    a, b = CUBIC_START
    return sb.TransformedDistribution(
        sb.Normal(0.0, 1.0), sb.Invert(sb.Cubic(sb.Variable(a, "a"), sb.Variable(b, "b")))
    )


@functools.cache
def sinh_arcsinh() -> Any:
    """The class of sinh((asinh(x) + skewness) tailweight), without the scale that the library's has."""
    import symbij as sb

    return sb.bijector("sinh((asinh(x) + skewness)*tailweight)", skewness=sb.real, tailweight=sb.positive)


def symbij_layers(layers: int) -> Any:
    """The distribution of the layered flow."""
    import symbij as sb

    steps: list[Any] = []
    for k, (shift, skew, raw) in enumerate(layer_start(layers)):
        tail = np.logaddexp(0.0, raw)
        steps.append(sb.Shift(sb.Variable(shift, f"{k}.0")))
        steps.append(sinh_arcsinh()(sb.Variable(skew, f"{k}.1"), sb.Variable(tail, f"{k}.2")))
    return sb.TransformedDistribution(sb.Normal(0.0, 1.0), sb.Invert(sb.Chain(steps[::-1])))


def objective_of(distribution: Any) -> Any:
    """symbij's loss: `objective.loss(theta, objective.prepare(data))` is the mean of -log p and its gradient."""
    from symbij.fitting.objective import Objective

    return Objective(distribution, distribution._trainable_density())


def by_name(objective: Any, values: np.ndarray) -> np.ndarray:
    """A vector in the order of the objective, in the order of the variables' names: a, b or layer by layer."""
    names = [variable.name for variable in objective.variables]
    order = sorted(range(len(names)), key=lambda i: [int(p) if p.isdigit() else p for p in names[i].split(".")])
    return np.array([values[objective.offset(objective.variables[i])] for i in order])


# JAX


def jax_cubic(theta: Any, x: Any) -> Any:
    """Mean of -log p of the cubic flow."""
    import jax.numpy as jnp

    u = theta[0] * x + theta[1]
    return jnp.mean(0.5 * (u * u * u) ** 2 - jnp.log(3 * u * u)) + HALF_LOG_2PI - jnp.log(jnp.abs(theta[0]))


def jax_layers(theta: Any, x: Any) -> Any:
    """Mean of -log p of the layered flow."""
    import jax
    import jax.numpy as jnp

    log_det = 0.0
    for shift, skew, raw in theta:
        tail = jax.nn.softplus(raw)
        x = x + shift
        z = jnp.sinh((jnp.arcsinh(x) + skew) * tail)
        log_det += 0.5 * jnp.log((1 + z * z) / (1 + x * x)) + jnp.log(tail)
        x = z
    return jnp.mean(0.5 * x * x - log_det) + HALF_LOG_2PI


# PyTorch


def torch_cubic(theta: Any, x: Any) -> Any:
    """Mean of -log p of the cubic flow."""
    import torch

    u = theta[0] * x + theta[1]
    square = u * u
    return torch.mean(0.5 * (square * u) ** 2 - torch.log(3 * square)) + HALF_LOG_2PI - torch.log(torch.abs(theta[0]))


def torch_layers(theta: Any, x: Any) -> Any:
    """Mean of -log p of the layered flow."""
    import torch

    log_det: Any = 0.0
    for shift, skew, raw in theta:
        tail = torch.nn.functional.softplus(raw)
        x = x + shift
        z = torch.sinh((torch.asinh(x) + skew) * tail)
        log_det = log_det + (0.5 * torch.log((1 + z * z) / (1 + x * x)) + torch.log(tail))
        x = z
    return torch.mean(0.5 * x * x - log_det) + HALF_LOG_2PI
