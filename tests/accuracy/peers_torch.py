"""PyTorch's transforms for our classes, in double, and the laws whose distribution function is one of our classes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import distributions as laws
from torch.distributions import transforms

from tests.accuracy.operations import Array, Operations, Parameters, of_transform

# laws compute what they can outside their support too, instead of raising an error for the whole array
laws.Distribution.set_default_validate_args(False)


def _law(law: Callable[[Parameters], Any]) -> Callable[[Parameters], Any]:
    return lambda p: transforms.CumulativeDistributionTransform(law(p))


def _sigmoid(p: Parameters) -> Any:
    if p["low"] == 0 and p["high"] == 1:
        return transforms.SigmoidTransform()
    scaled = transforms.AffineTransform(p["low"], p["high"] - p["low"])
    return transforms.ComposeTransform([transforms.SigmoidTransform(), scaled])


def _zero() -> torch.Tensor:
    return torch.zeros((), dtype=torch.float64)


def _one() -> torch.Tensor:
    return torch.ones((), dtype=torch.float64)


TRANSFORMS: dict[str, Callable[[Parameters], Any]] = {
    "Identity": lambda p: transforms.identity_transform,
    "Shift": lambda p: transforms.AffineTransform(p["shift"], _one()),
    "Scale": lambda p: transforms.AffineTransform(_zero(), p["scale"]),
    "Exp": lambda p: transforms.ExpTransform(),
    "Log": lambda p: transforms.ExpTransform().inv,
    "Sigmoid": _sigmoid,
    "Logit": lambda p: transforms.SigmoidTransform().inv,
    "Softplus": lambda p: transforms.SoftplusTransform() if p["hinge_softness"] == 1 and p["low"] == 0 else None,
    "Tanh": lambda p: transforms.TanhTransform(),
    "Power": lambda p: transforms.PowerTransform(p["power"]),
    "Square": lambda p: transforms.PowerTransform(2 * _one()),
    "NormalCDF": _law(lambda p: laws.Normal(p["loc"], p["scale"])),
    "GumbelCDF": _law(lambda p: laws.Gumbel(p["loc"], p["scale"])),
    "CauchyCDF": _law(lambda p: laws.Cauchy(p["loc"], p["scale"])),
    "LaplaceCDF": _law(lambda p: laws.Laplace(p["loc"], p["scale"])),
    "UniformCDF": _law(lambda p: laws.Uniform(p["low"], p["high"])),
    "WeibullCDF": _law(lambda p: laws.Weibull(p["scale"], p["concentration"])),
    "ParetoCDF": _law(lambda p: laws.Pareto(p["scale"], p["concentration"])),
    "KumaraswamyCDF": _law(lambda p: laws.Kumaraswamy(p["concentration1"], p["concentration0"])),
}


def operations(name: str, parameters: Parameters) -> Operations | None:
    """The operations of PyTorch's transform for our class `name`, or None if it has none."""
    if name not in TRANSFORMS:
        return None
    exact = {k: torch.tensor(np.asarray(v), dtype=torch.float64) for k, v in parameters.items()}
    with contextlib.suppress(ValueError):  # parameters that it refuses
        transform = TRANSFORMS[name](exact)
        if transform is not None:
            return of_transform(_tensor, transform, transform.inv, transform.log_abs_det_jacobian)
    return None


def _tensor(at: Array) -> torch.Tensor:
    return torch.tensor(at, dtype=torch.float64)
