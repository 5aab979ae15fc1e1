"""Change of measure: the density of the transformed variable integrates to 1.

For one number, with X of a law on the domain and density p: over y by quadrature,

    integral of p(inverse(y)) * exp(inverse_log_det(y)) dy = 1,

and for the forward log-det, which needs no inverse, as a Stieltjes integral against f itself,

    integral of p(x) * exp(-forward_log_det(x)) df(x) = 1.

For events the first integral is estimated by importance sampling, with its standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.inputs import Events, find_events, results
from symbij.audit.quadrature import NODES, Integral, against, integrate
from symbij.audit.setting import Setting
from symbij.audit.subject import Ends, Subject

GROUP = "measure"
PANELS = 96
FAR = 1e-3  # distance from 1 below which nothing is said
SURE = 20.0  # times the error estimate
RESOLVED = 1e3  # numbers of the dtype that a panel must have between its ends
CERTAIN = 0.05  # of the mass may be left out where the images cannot be told apart
BISECTIONS = 60
BLOCK = PANELS * NODES  # points at a time: some libraries compile anew for every number of points
DRAWS = 4000
NARROW = 0.2  # standard deviation of the base law of events, so that maps are nearly linear over it
FREEDOM = 6  # of Student's t, from which images are proposed
DEVIATIONS = 6.0  # standard errors
SUSPICIOUS = 0.05
FEWEST = 300.0  # effective draws
NAMES = ("transformed density", "density by the forward log-det")


def check(setting: Setting) -> Iterator[Check]:
    """The integral of the transformed density, by the inverse and its log-det, and by the forward log-det."""
    if setting.subject.event_ndims:
        yield _of_events(setting)
        yield Check(GROUP, NAMES[1], Status.SKIPPED, "for elementwise maps only")
        return
    yield _over_outputs(setting)
    yield _over_inputs(setting)


@dataclass(frozen=True, eq=False)
class Base:
    """A law on the domain: its density, and the ends of panels that hold nearly all of it."""

    density: Callable[[np.ndarray], np.ndarray]
    edges: np.ndarray

    @staticmethod
    def on(domain: Ends, dtype: np.dtype) -> Base:
        """Normal on the real line, exponential on half-lines, uniform on intervals."""
        lo, hi = domain.lo, domain.hi
        tail = 13.0 if dtype == np.float32 else 20.0
        if np.isfinite(lo) and np.isfinite(hi):
            width = hi - lo
            grid = 1 / (1 + np.exp(-np.linspace(-tail, tail, PANELS + 1)))
            return Base(lambda x: np.where((x >= lo) & (x <= hi), 1 / width, 0.0), lo + width * grid)
        if np.isfinite(lo) or np.isfinite(hi):
            sign, end = (1.0, lo) if np.isfinite(lo) else (-1.0, hi)
            steps = np.exp(np.linspace(-tail, np.log(36.0), PANELS + 1))
            edges = np.sort(end + sign * steps)
            return Base(lambda x: np.where(sign * (x - end) >= 0, np.exp(-sign * (x - end)), 0.0), edges)
        return Base(lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi), np.linspace(-8.0, 8.0, PANELS + 1))


def _skipped(name: str, why: str) -> Check:
    return Check(GROUP, name, Status.SKIPPED, why)


def _over_outputs(setting: Setting) -> Check:
    name, subject = NAMES[0], setting.subject
    if not subject.has("inverse"):
        return _skipped(name, "there is no inverse")
    if not (subject.has("inverse_log_det") or subject.has("forward_log_det")):
        return _skipped(name, "there is no log-det")
    if not subject.has("forward"):
        return _skipped(name, "there is no forward map")
    base = Base.on(setting.own.domain, subject.dtype)
    call = _caller(subject)
    images = call("forward", base.edges)
    epsilon = setting.epsilon
    with np.errstate(all="ignore"):
        masses = _masses(base)
        width = np.abs(np.diff(images))
        size = np.maximum(np.abs(images[1:]), np.abs(images[:-1]))
        resolved = np.isfinite(width) & np.isfinite(size) & (width > RESOLVED * epsilon * size)
        rounding = np.where(resolved & (width > 0), epsilon * size / width * masses, 0.0)
    if not np.all(np.diff(images)[resolved] > 0) and not np.all(np.diff(images)[resolved] < 0):
        return _skipped(name, "the forward map is not monotone on the points tried")
    lost = float(np.sum(masses[~resolved]))

    def density(y: np.ndarray) -> np.ndarray:
        x = call("inverse", y)
        log_det = call("inverse_log_det", y) if subject.has("inverse_log_det") else -call("forward_log_det", x)
        inside = base.density(x)
        return np.where(inside == 0, 0.0, inside * np.exp(log_det))

    def integrand(y: np.ndarray) -> np.ndarray:
        return density(y) * (np.abs(y[:, -1] - y[:, 0]) / 2)[:, None]

    starts, stops = images[:-1][resolved], images[1:][resolved]
    total = Integral(0.0, 0.0, ())
    for run in _runs(starts, stops):
        total = _added(total, integrate(integrand, run))
    if total.unknown:
        lost += _mass_between(base, lambda x: call("forward", x), np.array(total.unknown))
    error = total.error + float(np.sum(rounding))
    return _judged(name, "inverse", total.value, error, lost)


def _over_inputs(setting: Setting) -> Check:
    name, subject = NAMES[1], setting.subject
    if not (subject.has("forward") and subject.has("forward_log_det")):
        return _skipped(name, "there is no forward map with a log-det")
    base = Base.on(setting.own.domain, subject.dtype)
    call = _caller(subject)

    def integrand(nodes: np.ndarray) -> np.ndarray:
        x = nodes.astype(subject.dtype).astype(float)
        values = call("forward", x)
        center = values[:, values.shape[1] // 2, None]
        with np.errstate(all="ignore"):
            weight = base.density(x) * np.exp(-call("forward_log_det", x))
            span = np.abs(values[:, -1] - values[:, 0])
            size = np.max(np.abs(values), axis=1)
            # where images cannot be told apart, there is no slope to integrate against
            told = span > RESOLVED * setting.epsilon * size
            moved = np.abs(x[:, -1] - x[:, 0]) > RESOLVED * setting.epsilon * np.max(np.abs(x), axis=1)
            found = weight * against(values - center)
        return np.where((told & moved)[:, None], found, np.nan)

    found = integrate(integrand, base.edges)
    lost = sum(_mass(base, a, b) for a, b in found.unknown)
    return _judged(name, "forward", abs(found.value), found.error, lost)


def _judged(name: str, direction: str, value: float, error: float, lost: float) -> Check:
    """`value` leaves out panels that hold the mass `lost`, to which an exact density would give just that."""
    off = abs(value + lost - 1.0)
    if off > max(FAR, SURE * error) + lost:
        text = f"the transformed density integrates to {value + lost:.4g}, not 1"
        witness = Witness(f"integral by {direction}_log_det", "the whole domain", value + lost, 1.0, relative=off)
        return Check(GROUP, name, Status.FAIL, text, witness)
    if lost > CERTAIN or error > CERTAIN:
        return _skipped(name, f"the quadrature does not see {100 * max(lost, min(error, 1.0)):.0f} % of the mass")
    return Check(
        GROUP, name, Status.PASS, f"integrates to {value + lost:.8g}, give or take {max(error + lost, 1e-9):.1g}"
    )


def _caller(subject: Subject) -> Callable[[str, np.ndarray], np.ndarray]:
    """Results of an operation as doubles of the shape given; for the first of the parameters in a batch."""
    name = "forward" if subject.has("forward") else "inverse"
    outcome = subject.call(name, np.float64(0.5))
    held = np.shape(outcome.value) if outcome.parts else ()
    if held == (1,):
        held = ()

    def call(operation: str, values: np.ndarray) -> np.ndarray:
        padded = np.concatenate([values.ravel(), np.full(-values.size % BLOCK, values.ravel()[-1])])
        found = results(subject, operation, padded, 0, held)
        return (
            found[: values.size].reshape(values.shape) if found.size == padded.size else np.full(values.shape, np.nan)
        )

    return call


def _masses(base: Base) -> np.ndarray:
    """What the base law gives to each of its panels, to a few digits."""
    middles = (base.edges[1:] + base.edges[:-1]) / 2
    ends = base.density(base.edges)
    return np.diff(base.edges) * (ends[1:] + ends[:-1] + 4 * base.density(middles)) / 6


def _mass(base: Base, a: float, b: float) -> float:
    return float(abs(b - a) * (base.density(np.array([a, (a + b) / 2, b])) @ np.array([1.0, 4.0, 1.0])) / 6)


def _mass_between(base: Base, forward: Callable[[np.ndarray], np.ndarray], outputs: np.ndarray) -> float:
    """What the base law gives to the inputs whose images lie between the outputs of each row, found by bisection."""
    increasing = forward(base.edges[-1:])[0] > forward(base.edges[:1])[0]
    lo, hi = np.full(outputs.shape, base.edges[0]), np.full(outputs.shape, base.edges[-1])
    for _ in range(BISECTIONS):
        middle = lo / 2 + hi / 2
        above = (forward(middle) > outputs) == increasing
        lo, hi = np.where(above, lo, middle), np.where(above, middle, hi)
    return sum(_mass(base, a, b) for a, b in zip(lo[:, 0], hi[:, 1], strict=True))


def _runs(starts: np.ndarray, stops: np.ndarray) -> Iterator[np.ndarray]:
    """Edges of panels that follow on each other, as runs without gaps."""
    begin = 0
    for k in range(1, len(starts) + 1):
        if k == len(starts) or starts[k] != stops[k - 1]:
            yield np.concatenate([starts[begin:k], stops[k - 1 : k]])
            begin = k


def _added(a: Integral, b: Integral) -> Integral:
    return Integral(a.value + b.value, a.error + b.error, a.unknown + b.unknown)


def _of_events(setting: Setting) -> Check:
    """Importance sampling: images proposed from Student's t with their mean and covariance.

    The base law is normal and narrow, around one input: then the map is nearly linear over it, its images are nearly
    normal, and the weights nearly even.
    """
    name, subject = NAMES[0], setting.subject
    if not (subject.has("forward") and subject.has("inverse")):
        return _skipped(name, "needs both maps")
    if not (subject.has("inverse_log_det") or subject.has("forward_log_det")):
        return _skipped(name, "there is no log-det")
    rng = setting.rng()
    events = find_events(subject, setting.own.domain, 4, rng)
    if isinstance(events, str):
        return _skipped(name, events)
    if events.kind:
        return _skipped(name, f"inputs are {events.kind}")
    worst: Check | None = None
    for center in events.free[:2]:
        worst = _sampled(setting, name, events, center, rng)
        if worst.status is Status.FAIL:
            return worst
    assert worst is not None
    return worst


def _sampled(setting: Setting, name: str, events: Events, center: np.ndarray, rng: np.random.Generator) -> Check:
    subject, n = setting.subject, len(center)
    domain = setting.own.domain
    room = np.minimum(center - domain.lo, domain.hi - center)
    width = np.minimum(NARROW, room / 8)
    x = center + width * rng.normal(size=(DRAWS, n))
    y = events.results("forward", events.lift(x)).reshape(DRAWS, -1)
    if y.shape[1] != n:
        return _skipped(name, "inputs and outputs have different numbers of components")
    y = y[np.all(np.isfinite(y), axis=1)]
    if len(y) < DRAWS // 2:
        return _skipped(name, "the forward map has no finite values near the inputs tried")
    mean, covariance = np.mean(y, axis=0), np.atleast_2d(np.cov(y, rowvar=False))
    try:
        factor = np.linalg.cholesky(covariance * (FREEDOM - 2) / FREEDOM * 1.3)
    except np.linalg.LinAlgError:
        return _skipped(name, "images lie on a surface")
    with np.errstate(all="ignore"):
        if np.linalg.cond(factor) > setting.epsilon**-0.5:
            return _skipped(name, "images lie nearly on a surface")
    normal = rng.normal(size=(DRAWS, n))
    radius = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, DRAWS))
    proposed = mean + (normal * radius[:, None]) @ factor.T
    shape = events.results("forward", events.points[:1]).shape[1:]
    rows = np.asarray(proposed, dtype=subject.dtype).astype(float).reshape(DRAWS, *shape)
    back_events = events.results("inverse", rows)
    if back_events.size != DRAWS * n:
        return _skipped(name, "the inverse returns another shape")
    back = back_events.reshape(DRAWS, n)
    if subject.has("inverse_log_det"):
        log_det = events.results("inverse_log_det", rows)
    else:
        log_det = -events.results("forward_log_det", back_events)
    if log_det.shape != (DRAWS,):
        return _skipped(name, "the log-det has another shape")
    with np.errstate(all="ignore"):
        target = -np.sum(((back - center) / width) ** 2, axis=1) / 2 - np.sum(np.log(width)) + log_det
        proposal = _log_student(normal * radius[:, None], n) - np.linalg.slogdet(factor)[1]
        weights = np.exp(target - n / 2 * np.log(2 * np.pi) - proposal)
    weights = np.where(np.isnan(back).any(axis=1), 0.0, weights)  # outside of the codomain
    if not np.all(np.isfinite(weights)):
        return _skipped(name, "the density is not finite at some of the points tried")
    value, error = float(np.mean(weights)), float(np.std(weights) / np.sqrt(DRAWS))
    effective = float(np.sum(weights) ** 2 / np.sum(weights**2)) if np.any(weights) else 0.0
    off = abs(value - 1)
    if off > max(DEVIATIONS * error, SUSPICIOUS) and effective > FEWEST:
        text = f"the transformed density integrates to {value:.4g}, not 1 (standard error {error:.1g})"
        return Check(GROUP, name, Status.FAIL, text, Witness("integral", "events", value, 1.0, relative=off))
    if effective <= FEWEST:
        return _skipped(name, "too few of the points tried carry weight")
    return Check(GROUP, name, Status.PASS, f"integrates to {value:.4g}, standard error {error:.1g}")


def _log_student(z: np.ndarray, n: int) -> np.ndarray:
    """Log-density of the standard multivariate t."""
    from math import lgamma, log, pi

    constant = lgamma((FREEDOM + n) / 2) - lgamma(FREEDOM / 2) - n / 2 * log(FREEDOM * pi)
    return constant - (FREEDOM + n) / 2 * np.log1p(np.sum(z * z, axis=1) / FREEDOM)
