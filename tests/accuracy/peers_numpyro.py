"""numpyro's transforms for our classes, in double, and its laws whose distribution function is one of our classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import distributions as laws
from numpyro.distributions import transforms

from tests.accuracy.operations import Array, Operations, Parameters, of_law, of_transform

jax.config.update("jax_enable_x64", True)


def _sigmoid(p: Parameters) -> Any:
    if p["low"] == 0 and p["high"] == 1:
        return transforms.SigmoidTransform()
    scaled = transforms.AffineTransform(p["low"], p["high"] - p["low"])
    return transforms.ComposeTransform([transforms.SigmoidTransform(), scaled])


TRANSFORMS: dict[str, Callable[[Parameters], Any]] = {
    "Identity": lambda p: transforms.IdentityTransform(),
    "Shift": lambda p: transforms.AffineTransform(p["shift"], 1.0),
    "Scale": lambda p: transforms.AffineTransform(0.0, p["scale"]),
    "Exp": lambda p: transforms.ExpTransform(),
    "Log": lambda p: transforms.ExpTransform().inv,
    "Sigmoid": _sigmoid,
    "Logit": lambda p: transforms.SigmoidTransform().inv,
    "Softplus": lambda p: transforms.SoftplusTransform() if p["hinge_softness"] == 1 and p["low"] == 0 else None,
    "Power": lambda p: transforms.PowerTransform(p["power"]),
    "Square": lambda p: transforms.PowerTransform(2.0),
}
LAWS: dict[str, Callable[[Parameters], Any]] = {
    "NormalCDF": lambda p: laws.Normal(p["loc"], p["scale"]),
    "LogisticCDF": lambda p: laws.Logistic(p["loc"], p["scale"]),
    "GumbelCDF": lambda p: laws.Gumbel(p["loc"], p["scale"]),
    "CauchyCDF": lambda p: laws.Cauchy(p["loc"], p["scale"]),
    "LaplaceCDF": lambda p: laws.Laplace(p["loc"], p["scale"]),
    "UniformCDF": lambda p: laws.Uniform(p["low"], p["high"]),
    "WeibullCDF": lambda p: laws.Weibull(p["scale"], p["concentration"]),
    "ParetoCDF": lambda p: laws.Pareto(p["scale"], p["concentration"]),
}


def operations(name: str, parameters: Parameters) -> Operations | None:
    """The operations of numpyro's transform or law for our class `name`, or None if it has none."""
    exact = {k: jnp.asarray(np.asarray(v, dtype=np.float64)) for k, v in parameters.items()}
    if name in LAWS:
        law = LAWS[name](exact)  # computes values outside its support too, with no more than a warning
        return _only_what_it_has(of_law(_array, law.cdf, law.icdf, law.log_prob))
    transform = TRANSFORMS[name](exact) if name in TRANSFORMS else None
    if transform is None:
        return None
    return of_transform(_array, transform, transform.inv, transform.log_abs_det_jacobian)


def _only_what_it_has(found: Operations) -> Operations:
    """Without the operations that the law says it has not."""
    left = {}
    for operation, function in found.items():
        try:
            function(np.array([0.3]))
        except NotImplementedError:
            continue
        left[operation] = function
    return left


def _array(at: Array) -> Any:
    return jnp.asarray(at, dtype=jnp.float64)
