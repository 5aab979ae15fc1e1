"""Constraints on parameters: what values they may take, and what sympy may assume of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbij.errors import ParameterError
from symbij.formula.infinity import infinite

if TYPE_CHECKING:
    import sympy as sp


@dataclass(frozen=True)
class Constraint:
    """The open interval (lo, hi), with `lo` if it is `closed`, without zero if `exclude_zero`; values are finite."""

    name: str
    lo: float = -math.inf
    hi: float = math.inf
    exclude_zero: bool = False
    closed: bool = False

    def symbol(self, name: str) -> sp.Symbol:
        """A sympy symbol that carries the assumptions this constraint justifies."""
        import sympy as sp  # takes long to import, and is not needed where a derivation comes from the disk

        if self.lo >= 0:
            return sp.Symbol(name, nonnegative=True) if self.closed and self.lo == 0 else sp.Symbol(name, positive=True)
        if self.hi <= 0:
            return sp.Symbol(name, negative=True)
        if self.exclude_zero:
            return sp.Symbol(name, real=True, nonzero=True)
        return sp.Symbol(name, real=True)

    def violation(self, value: np.ndarray) -> tuple[tuple[int, ...], float] | None:
        """Index and value of the first element that is not allowed, or None."""
        above = value >= self.lo if self.closed else value > self.lo
        allowed = np.isfinite(value) & above & (value < self.hi)
        if self.exclude_zero:
            allowed &= value != 0
        if np.all(allowed):
            return None
        index = tuple(int(i) for i in np.argwhere(~np.atleast_1d(allowed))[0])
        return index, float(np.atleast_1d(value)[index])

    def check(self, owner: str, parameter: str, value: np.ndarray) -> None:
        """Raise `ParameterError` if `value` has an element outside the constraint."""
        found = self.violation(value)
        if found is not None:
            index, bad = found
            where = "" if np.ndim(value) == 0 else f" at index {list(index)}"
            needed = self.describe()
            if not math.isfinite(bad) and "finite" not in needed:
                needed += " and finite"
            raise ParameterError(
                f"{owner}: parameter '{parameter}' must be {needed}, got {bad!r}{where}; "
                "pass a permitted value (validate_args=False skips this check)"
            )

    def describe(self) -> str:
        finite = math.isfinite(self.lo) or math.isfinite(self.hi)
        if self.name == "interval" or (finite and self.name not in ("positive", "negative", "nonnegative")):
            return f"{self.name} (between {self.lo:g} and {self.hi:g}, exclusive)"
        return f"{self.name} and finite" if self.name == "real" else self.name

    def sample(self, rng: np.random.Generator) -> float:
        """A value that satisfies the constraint, of ordinary size."""
        if math.isfinite(self.lo) and math.isfinite(self.hi):
            return self.lo + (self.hi - self.lo) * float(rng.uniform(0.05, 0.95))
        if math.isfinite(self.lo):
            return self.lo + float(rng.lognormal(0.0, 0.7))
        if math.isfinite(self.hi):
            return self.hi - float(rng.lognormal(0.0, 0.7))
        value = float(rng.normal(0.0, 1.5))
        return value if value != 0.0 else 1.0

    def __str__(self) -> str:
        return f"interval({self.lo:g}, {self.hi:g})" if self.name == "interval" else self.name


real = Constraint("real")
positive = Constraint("positive", lo=0.0)
negative = Constraint("negative", hi=0.0)
nonnegative = Constraint("nonnegative", lo=0.0, closed=True)
nonzero = Constraint("nonzero", exclude_zero=True)
unit = Constraint("unit", lo=0.0, hi=1.0)

NAMED = {c.name: c for c in (real, positive, negative, nonnegative, nonzero, unit)}


def interval(lo: float | str, hi: float | str) -> Constraint:
    """Values strictly between `lo` and `hi`; either may be infinite (`math.inf` or "oo")."""
    try:
        lo, hi = (float(end) if infinite(end) is None else infinite(end) for end in (lo, hi))
    except (TypeError, ValueError):
        raise ParameterError(
            f"interval(lo, hi) needs numbers or 'oo', got {lo!r} and {hi!r}; only ends of a domain can be formulas"
        ) from None
    if not lo < hi:
        raise ParameterError(f"interval(lo, hi) needs lo < hi, got lo={lo!r}, hi={hi!r}")
    return Constraint("interval", lo=lo, hi=hi)


@dataclass(frozen=True)
class Vector:
    """A parameter that has n + `offset` components, each within `constraint`, in a formula for any number n."""

    constraint: Constraint
    offset: int = 0


def vector(constraint: object = real, offset: int = 0) -> Vector:
    """A vector parameter, whose components lie within `constraint`; sum(...) in a formula adds up over them.

    All vectors of a formula have as many components, but for those with an `offset`: -1 for one less, 1 for one more.
    """
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise ParameterError(f"vector(): offset must be a whole number, got {offset!r}")
    return Vector(as_constraint("of vector()", constraint), offset)


def component_names(name: str, count: int) -> tuple[str, ...]:
    """Names of the scalar parameters that the components of a vector are."""
    return tuple(f"{name}_{k}" for k in range(count))


def with_default(value: Any) -> tuple[Any, Any]:
    """A parameter's constraint and its default, None where it has none, of a constraint or a pair of both."""
    if isinstance(value, tuple) and len(value) == 2:
        first = value[0]
        if isinstance(first, (Constraint, Vector)) or (isinstance(first, str) and first in NAMED):
            return first, value[1]
    return value, None


def as_constraint(name: str, value: object) -> Constraint:
    """The constraint meant by `value`: a `Constraint`, its name, or a pair (lo, hi)."""
    if isinstance(value, Constraint):
        return value
    if isinstance(value, Vector):
        raise ParameterError(
            f"parameter '{name}' is a vector, which only a formula in text can have: "
            f'sb.bijector("sum({name}*...)", {name}=sb.vector())'
        )
    if isinstance(value, str) and value in NAMED:
        return NAMED[value]
    if isinstance(value, tuple) and len(value) == 2:
        return interval(*value)
    raise ParameterError(
        f"constraint of parameter '{name}' must be one of {', '.join(NAMED)} or interval(lo, hi), got {value!r}; "
        "with a default, a pair (constraint, default)"
    )
