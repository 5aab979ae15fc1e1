"""The elementwise cases: an operation of a bijector, and points to evaluate it at.

Every contender computes the same formula at the same points with the same parameters. What the peers run stands under
the case's key in `forms_numpy.py`, `forms_jax.py`, `forms_torch.py`, `forms_numexpr.py` and `kernels.c`: the stable
expression that an expert in that library would write, fused or in preallocated memory where it allows that. Where two
stable expressions compete, the faster one stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = 1_000_000
EDGE = 1e-3  # distance of points in (0, 1) from its ends: closer, forms that peers compute in float32 lose their digits

Draw = Callable[[np.random.Generator, int], np.ndarray]

# The parameters of the formulas, in the order (p, q) in which kernels.c takes them.
PARAMETERS: dict[str, tuple[float, float]] = {
    "exp": (0.0, 0.0),
    "log": (0.0, 0.0),
    "sigmoid": (0.0, 0.0),
    "softplus": (0.0, 0.0),
    "tanh": (0.0, 0.0),
    "power": (1.7, 0.0),  # exponent
    "ndtr": (0.2, 1.3),  # loc, scale
    "sinh_arcsinh": (0.3, 1.2),  # skewness, tailweight
    "gumbel": (0.3, 1.7),  # loc, scale
    "kumaraswamy": (1.7, 2.5),  # both exponents
    "softfloor": (0.2, 0.0),  # temperature
    "cubic": (0.5, -0.3),  # slope, intercept
}


@dataclass(frozen=True)
class Case:
    """One operation of one bijector. `key` names the form that the peers run, `draw` makes the points."""

    bijector: str
    operation: str  # "forward", "inverse", "log_det" (of the forward map) or "inverse_log_det"
    draw: Draw

    @property
    def key(self) -> str:
        return f"{self.bijector}_{self.operation}"

    @property
    def title(self) -> str:
        return self.key.replace("sinh_arcsinh", "sinh-arcsinh").replace("log_det", "log-det").replace("_", " ")

    @property
    def parameters(self) -> tuple[float, float]:
        return PARAMETERS[self.bijector]

    def points(self, dtype: str, size: int = SIZE) -> np.ndarray:
        """The points, the same ones in every run."""
        return np.ascontiguousarray(self.draw(np.random.default_rng(0), size), dtype=dtype)


def normal(scale: float) -> Draw:
    """Points from N(0, scale)."""
    return lambda rng, n: rng.normal(0.0, scale, n)


def lognormal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Positive points, of both sides of 1."""
    return rng.lognormal(0.0, 1.0, n)


def uniform(rng: np.random.Generator, n: int) -> np.ndarray:
    """Points in (0, 1)."""
    return rng.uniform(EDGE, 1.0 - EDGE, n)


def positive_softplus(rng: np.random.Generator, n: int) -> np.ndarray:
    """Values of softplus."""
    return np.logaddexp(0.0, rng.normal(0.0, 3.0, n))


def cubes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Values of the cubic."""
    slope, intercept = PARAMETERS["cubic"]
    return (slope * rng.normal(0.0, 2.0, n) + intercept) ** 3


CASES: tuple[Case, ...] = (
    Case("exp", "forward", normal(3.0)),
    Case("log", "forward", lognormal),
    Case("sigmoid", "forward", normal(3.0)),
    Case("sigmoid", "inverse", uniform),
    Case("sigmoid", "log_det", normal(3.0)),
    Case("sigmoid", "inverse_log_det", uniform),
    Case("softplus", "forward", normal(3.0)),
    Case("softplus", "inverse", positive_softplus),
    Case("softplus", "log_det", normal(3.0)),
    Case("tanh", "forward", normal(2.0)),
    Case("tanh", "log_det", normal(2.0)),
    Case("power", "forward", lognormal),
    Case("ndtr", "forward", normal(2.0)),
    Case("ndtr", "inverse", uniform),
    Case("sinh_arcsinh", "forward", normal(3.0)),
    Case("sinh_arcsinh", "inverse", normal(3.0)),
    Case("sinh_arcsinh", "log_det", normal(3.0)),
    Case("gumbel", "forward", normal(2.0)),
    Case("gumbel", "inverse", uniform),
    Case("gumbel", "log_det", normal(2.0)),
    Case("kumaraswamy", "forward", uniform),
    Case("kumaraswamy", "inverse", uniform),
    Case("kumaraswamy", "log_det", uniform),
    Case("softfloor", "forward", normal(3.0)),
    Case("softfloor", "log_det", normal(3.0)),
    Case("cubic", "inverse", cubes),
    Case("cubic", "log_det", normal(2.0)),
)
BY_KEY = {case.key: case for case in CASES}


def bijector_of(name: str) -> Any:
    """symbij's bijector for a case: the library's where it has the formula, else the formula."""
    import symbij as sb
    from tests.benchmarks import flows

    p, q = PARAMETERS[name]
    make: dict[str, Callable[[], Any]] = {
        "exp": lambda: sb.Exp(),
        "log": lambda: sb.bijector("log(x)")(),
        "sigmoid": lambda: sb.bijector("sigmoid(x)")(),
        "softplus": lambda: sb.bijector("softplus(x)")(),
        "tanh": lambda: sb.Tanh(),
        "power": lambda: sb.bijector("x**p", domain=(0, "oo"), p=sb.positive)(p=p),
        "ndtr": lambda: sb.NormalCDF(p, q),
        "sinh_arcsinh": lambda: flows.sinh_arcsinh()(p, q),
        "gumbel": lambda: sb.GumbelCDF(p, q),
        "kumaraswamy": lambda: sb.bijector("1 - (1 - x**a)**b", domain=(0, 1), a=sb.positive, b=sb.positive)(a=p, b=q),
        "softfloor": lambda: sb.Softfloor(p),
        "cubic": lambda: sb.Cubic(p, q),
    }
    return make[name]()


def operation_of(bijector: Any, operation: str) -> Callable[..., Any]:
    """symbij's public method for an operation; it takes the points and `out=`."""
    method = {
        "forward": bijector.forward,
        "inverse": bijector.inverse,
        "log_det": bijector.forward_log_det_jacobian,
        "inverse_log_det": bijector.inverse_log_det_jacobian,
    }
    return method[operation]
