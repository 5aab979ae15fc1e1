"""The law of f(X) for a map f that takes several inputs to one output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from symbij.bijectors.derived import DerivedBijector
from symbij.bijectors.many_to_one import ManyToOneBijector
from symbij.bijectors.numeric import numeric
from symbij.distributions.base import Distribution
from symbij.distributions.density import Density, SummedDensity
from symbij.distributions.transformed import TransformedDistribution
from symbij.errors import DomainError, UsageError
from symbij.kernels.broadcast import broadcast_shape

_LOST = 1e-12  # probability between two branches that is put down to rounding
_EPS = np.finfo(np.float64).eps
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


class ManyToOneTransformed(TransformedDistribution):
    """p(y) = sum over the branches k of p_X(x_k(y)) |dx_k/dy|, for the law of Y = f(X).

    The distribution function adds up the probabilities of the parts of the branches on which f(x) <= y; quantiles are
    found from it by bisection, to the last bit. The density is one kernel where the law of X is made of formulas, and
    its parameters can be trained. Shapes: as for `TransformedDistribution`; f works on each element of an event.

    Raises `DomainError` if the law of X has mass where f is not defined, `UsageError` if X is a vector whose elements
    depend on each other.
    """

    bijector: ManyToOneBijector

    def _set_shapes(self, batch_shape: Any, event_shape: Any) -> None:
        if self.distribution.event_shape:
            raise UsageError(
                f"{self.name}: {self.bijector.name} takes several inputs to one output, and can transform scalar laws "
                f"only; {self.distribution.name} has events of shape {self.distribution.event_shape}"
            )
        super()._set_shapes(batch_shape, event_shape)

    def _check_support(self) -> None:
        super()._check_support()
        values, base = self.bijector._values(), self.distribution
        for left, right in self.bijector.derivation.gaps:
            a, b = numeric(left.hi, values), numeric(right.lo, values)
            if np.any((b > a) & (_mass(base, a, np.maximum(a, b)) > _LOST)):
                raise DomainError(
                    f"{base.name} has mass between {np.min(a):g} and {np.max(b):g}, where {self.bijector.name} is not "
                    "defined, so that it would be lost"
                )

    def _density(self) -> Density | None:
        base = self.distribution._density()
        return None if base is None else SummedDensity(base, self.bijector.branch_stages())

    def _trainable_density(self) -> Density:
        return SummedDensity(self.distribution._trainable_density(), self.bijector.branch_stages())

    def _log_prob(self, y: np.ndarray) -> np.ndarray:
        if self._log_density_runner() is not None:
            return super()._log_prob(y)
        terms = []
        with np.errstate(invalid="ignore"):
            for x, log_det in zip(*self.bijector.inverse_and_log_det(y), strict=True):
                log_p = np.where(np.isnan(x), -np.inf, self.distribution._log_prob(np.asarray(x)))
                terms.append(np.where(np.isneginf(log_p), -np.inf, log_p + log_det))
            total = logsumexp(np.stack(np.broadcast_arrays(*terms)), axis=0)
        total = np.where(np.isnan(y), np.nan, total)
        events = len(self._event_shape)
        full = np.broadcast_to(total, broadcast_shape(self.name, [total.shape, self._batch_shape + self._event_shape]))
        return np.array(full.sum(axis=tuple(range(-events, 0))) if events else full)

    def _is_increasing(self) -> np.ndarray:
        raise UsageError(f"{self.name}: {self.bijector.name} is not monotone")

    def _tail(self, y: np.ndarray, lower: bool) -> np.ndarray:
        if self._event_shape:
            raise UsageError(f"{self.name} has events of shape {self._event_shape}: no distribution function")
        y = np.broadcast_to(y, broadcast_shape(self.name, [y.shape, self._batch_shape]))
        begins, ends = [], []
        for piece in self._pieces():
            x = piece.preimage(y)
            from_left = piece.increasing if lower else ~piece.increasing  # where the part with f(x) <= y, or >= y, lies
            begins.append(np.where(piece.empty, 0.0, np.where(from_left, piece.a, x)))
            ends.append(np.where(piece.empty, 0.0, np.where(from_left, x, piece.b)))
        total = _mass(self.distribution, np.stack(begins), np.stack(ends)).sum(axis=0)
        bottom, top = self._support()
        total = np.where(y <= bottom, 1.0 - lower, np.where(y >= top, float(lower), np.clip(total, 0.0, 1.0)))
        return np.where(np.isnan(y), np.nan, total).astype(y.dtype)

    def _quantile(self, p: np.ndarray) -> np.ndarray:
        return self._first(p, 1.0 - p, (p >= 0.0) & (p <= 1.0)).astype(p.dtype)

    def _quantile_from_above(self, p: np.ndarray) -> np.ndarray:
        return self._first(1.0 - p, p, (p >= 0.0) & (p <= 1.0)).astype(p.dtype)

    def _first(self, below: np.ndarray, above: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """The smallest y of the support with cdf(y) >= `below`, or survival(y) <= `above` where that is the smaller of
        the two, by bisection over the doubles in their order."""
        if self._event_shape:
            raise UsageError(f"{self.name} has events of shape {self._event_shape}: no quantiles")
        ends = self._support()
        shape = broadcast_shape(self.name, [below.shape, self._batch_shape])
        lo, hi = (_ordinal(np.broadcast_to(np.asarray(e, np.float64), shape)) for e in ends)
        left = np.broadcast_to(below < above, shape)
        while np.any(hi > lo + 1):
            middle = (lo >> 1) + (hi >> 1) + (lo & hi & 1)  # no overflow
            y = _double(middle)
            yes = np.zeros(shape, bool)
            if np.any(left):
                yes |= left & (self._tail(y, lower=True) >= below)
            if not np.all(left):
                yes |= ~left & (self._tail(y, lower=False) <= above)
            lo, hi = np.where(yes, lo, middle), np.where(yes, middle, hi)
        found = np.where(below == 0.0, ends[0], np.where(above == 0.0, ends[1], _double(hi)))
        return np.where(valid, found, np.nan)

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        if self._event_shape:
            return np.float64(-np.inf), np.float64(np.inf)
        if "_cache_support" not in self.__dict__:
            self._cache_support = self._ends()
        return self._cache_support

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The smallest and the largest value of the branches on the support of X."""
        bottoms, tops = [], []
        begin, end = self.distribution._support()
        for piece in self._pieces():
            at_begin, at_end = (piece.value(np.clip(e, piece.a, piece.b)) for e in (begin, end))
            present = ~piece.empty & (begin < piece.b) & (end > piece.a)
            bottoms.append(np.where(present, np.minimum(at_begin, at_end), np.inf))
            tops.append(np.where(present, np.maximum(at_begin, at_end), -np.inf))
        return np.minimum.reduce(np.broadcast_arrays(*bottoms)), np.maximum.reduce(np.broadcast_arrays(*tops))

    def _pieces(self) -> list[_Piece]:
        if "_cache_pieces" not in self.__dict__:
            self._cache_pieces = [
                _Piece(branch, *branch._support(), *branch._range(), branch._increasing())
                for branch in self.bijector.branches
            ]
        return self._cache_pieces


@dataclass(frozen=True)
class _Piece:
    """A branch, from a to b onto the values from low to high."""

    branch: DerivedBijector
    a: np.ndarray
    b: np.ndarray
    low: np.ndarray
    high: np.ndarray
    increasing: np.ndarray

    @property
    def empty(self) -> np.ndarray:
        """Where the parameters leave nothing of the branch."""
        return ~(self.a < self.b)

    def preimage(self, y: np.ndarray) -> np.ndarray:
        """The x with f(x) = y; for y beyond the codomain the end of the domain that comes closest."""
        inner = np.asarray(np.clip(y, self.low, self.high), np.float64)
        x = self.branch._inverse_transform(inner, True, False)[0]
        x = np.where(y <= self.low, np.where(self.increasing, self.a, self.b), x)
        return np.where(y >= self.high, np.where(self.increasing, self.b, self.a), x)

    def value(self, x: np.ndarray) -> np.ndarray:
        """f(x) for a <= x <= b, with the limits at the ends."""
        y = self.branch._transform(np.asarray(x, np.float64), True, False)[0]
        y = np.where(x <= self.a, np.where(self.increasing, self.low, self.high), y)
        return np.where(x >= self.b, np.where(self.increasing, self.high, self.low), y)


def _mass(base: Distribution, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """P(lo < X < hi), from the tail that is smaller.

    Where the difference of two probabilities cancels, the integral of the density over the interval, which is short
    there, takes its place, as long as it agrees with the difference but for rounding.
    """
    lo, hi = np.broadcast_arrays(np.asarray(lo, np.float64), np.asarray(hi, np.float64))
    both = np.stack([lo, hi])
    (below_lo, below_hi), (above_lo, above_hi) = base._cdf(both), base._survival(both)
    difference = np.where(below_lo < above_hi, below_hi - below_lo, above_lo - above_hi)
    size = np.minimum(below_hi, above_lo)
    cancelled = (difference < 0.05 * size) & np.isfinite(lo) & np.isfinite(hi)
    if np.any(cancelled):
        with np.errstate(all="ignore"):
            middle, half = 0.5 * lo + 0.5 * hi, 0.5 * hi - 0.5 * lo
            nodes = _NODES.reshape((-1,) + (1,) * np.ndim(middle))
            density = np.exp(base._log_prob(np.asarray(middle + half * nodes)))
            integral = half * np.tensordot(_WEIGHTS, density, axes=1)
            agree = np.abs(integral - difference) <= 16 * _EPS * size
        difference = np.where(cancelled & agree, integral, difference)
    return np.maximum(difference, 0.0)


def _ordinal(x: np.ndarray) -> np.ndarray:
    """The place of a double in the order of all doubles; of both zeros: 0."""
    bits = np.ascontiguousarray(x, np.float64).view(np.int64).reshape(np.shape(x))
    return np.where(bits < 0, -(bits & np.int64(0x7FFFFFFFFFFFFFFF)), bits)


def _double(place: np.ndarray) -> np.ndarray:
    bits = np.where(place < 0, -place | np.int64(-0x8000000000000000), place)
    return np.ascontiguousarray(bits, np.int64).view(np.float64).reshape(np.shape(place))
