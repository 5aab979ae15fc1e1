"""One line that says what is wrong, from how results differ from the truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from symbij.audit.comparison import Comparison, compare
from symbij.audit.famous import name_of
from symbij.audit.regions import around, missing, region_of
from symbij.audit.setting import Case, Setting
from symbij.audit.terms import Term, terms_of
from symbij.audit.terms_in_words import of_term, times
from symbij.audit.truth import FormulaTruth

ENOUGH = 5  # points that must agree before a diagnosis is made of them
CLOSE = 1e-5
DIGITS = 1e-9  # relative errors of results that count for nothing here
NEARLY = 1e-5  # errors smaller than this are lost digits, not another number
POWERS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0)


def explain(setting: Setting, comparison: Comparison) -> str:
    """What is wrong at ordinary points."""
    if comparison.operation.endswith("log_det"):
        return next(_of_log_det(setting, comparison), "") or _shape_of_difference(setting, comparison)
    return next(_of_value(setting, comparison), "is not what the formula says")


def explain_tail(setting: Setting, comparison: Comparison, k: int) -> str:
    """What is wrong at extreme points only; `k` is the position of the witness."""
    got = comparison.got[k]
    if not np.isfinite(got):
        where = region_of(comparison, k, missing)
        if np.isnan(got):
            return f"is NaN for {where}, where the truth is finite"
        if np.isneginf(got) and comparison.operation.endswith("log_det"):
            return f"is -inf for {where}, where the truth is finite: what it takes the logarithm of vanishes or cancels"
        return f"overflows for {where}, where the truth is finite"
    where = region_of(comparison, k)
    if not comparison.excess[k] > 1:  # the derived kernel has the same error, and bounds no region
        where = f"{'y' if comparison.operation.startswith('inverse') else 'x'} near {comparison.at[k]:.6g}"
    return _clipped(comparison, k) or f"correct elsewhere, but cancels for {where}"


def _clipped(c: Comparison, k: int) -> str:
    """Whether results around point `k` are one number where they should differ."""
    together = around(c, k)
    got, expected = c.got[together], c.expected[together]
    if got.size < 3 or np.ptp(got) > 0 or not np.ptp(expected[np.isfinite(expected)]) > 0:
        return ""
    return f"is clipped: always {got[0]:.6g} for {region_of(c, k)}"


def _close(got: np.ndarray, candidate: np.ndarray) -> bool:
    """Whether a candidate explains all results, where both are numbers, and enough of them."""
    with np.errstate(all="ignore"):
        both = np.isfinite(got) & np.isfinite(candidate)
        if both.sum() < min(ENOUGH, got.size):
            return False
        return bool(np.all(np.abs(got - candidate)[both] <= CLOSE * (1 + np.abs(candidate[both]))))


def _of_log_det(setting: Setting, c: Comparison) -> Iterator[str]:
    """Explanations of a wrong log-det, the likeliest first."""
    if missing(c).any():
        yield _of_missing(c)
        return
    yield from _of_digits(c)
    varies = float(np.ptp(c.expected[np.isfinite(c.expected)])) > CLOSE
    known = isinstance(c.case.truth, FormulaTruth)
    with np.errstate(all="ignore"):
        if known and varies and _close(c.got, _elsewhere(c, _other(c.operation))):
            yield f"is the log-det of the {'forward map' if c.operation.startswith('inverse') else 'inverse'}"
        if _close(c.got, -c.expected):
            yield "has the wrong sign"
        if _close(c.got, np.exp(c.expected)):
            yield "is the derivative, not its logarithm"
        for base in (10, 2):
            if varies and _close(c.got, c.expected / np.log(base)):
                yield f"is a logarithm to base {base}"
    constant = _constant(c)
    if constant is not None:
        yield _of_constant(setting, c, constant)
    level = float(c.got[0])
    if varies and level and c.got.size >= ENOUGH and np.ptp(c.got) <= CLOSE * abs(level):
        yield f"is constant, always {level:.6g}, where log|f'| is not"
    if known and varies:
        image = "inverse" if c.operation.startswith("inverse") else "forward"
        if _close(c.got, _moved(c, image)):
            yield "is taken at the output of the map, not at its input"
    yield from _of_terms(setting, c)


def _other(operation: str) -> str:
    return "forward_log_det" if operation.startswith("inverse") else "inverse_log_det"


def _elsewhere(c: Comparison, operation: str) -> np.ndarray:
    """Another operation of the formula at the same points."""
    return _true_values(c.case, operation, c.at)


def _true_values(case: Case, operation: str, at: np.ndarray) -> np.ndarray:
    assert isinstance(case.truth, FormulaTruth)
    if case.truth.shape:
        at = at.reshape(-1, *case.truth.shape)
    with np.errstate(all="ignore"):
        return case.truth.values(operation, at).ravel()


def _moved(c: Comparison, image: str) -> np.ndarray:
    return _true_values(c.case, c.operation, _true_values(c.case, image, c.at))


def _of_digits(c: Comparison) -> Iterator[str]:
    """Results that are nearly right."""
    with np.errstate(all="ignore"):
        unit = 1.0 if c.operation.endswith("log_det") else 0.0
        relative = np.abs(c.got - c.expected) / np.maximum(np.abs(c.expected), unit)
    largest = float(np.nanmax(relative[np.isfinite(relative)], initial=0.0))
    if largest < NEARLY:
        half = " (is single precision used somewhere?)" if 1e-9 < largest < 1e-6 else ""
        yield f"right to {-np.log10(largest):.0f} digits only{half}"


def _of_missing(c: Comparison) -> str:
    """NaN or infinity at ordinary points."""
    gone = missing(c)
    what = "NaN" if np.isnan(c.got[gone]).any() else "infinite"
    falling = _falling(c)
    if what == "NaN" and falling.any() and np.array_equal(gone, falling):
        negative = [n for n in _deciding(c) if np.all(np.asarray(c.case.parameters[n], dtype=float) < 0)]
        if c.operation.endswith("log_det"):
            if falling.all() and len(negative) == 1:
                return f"is NaN where {negative[0]} < 0: parameter {negative[0]} enters without abs"
            return "is NaN where the map decreases: the derivative enters without abs"
    where = "" if gone.all() else f" for {region_of(c, int(np.argmax(gone)), missing)}"
    return f"is {what}{where}, where the truth is finite"


def _deciding(c: Comparison) -> list[str]:
    """The parameters on whose signs it depends whether the map increases."""
    if not isinstance(c.case.truth, FormulaTruth):
        return []
    sign = sp.sympify(c.case.truth.derivation.sign)
    return sorted(s.name for s in sign.free_symbols if s.name in c.case.parameters)


def _falling(c: Comparison) -> np.ndarray:
    """Where the map decreases."""
    truth = c.case.truth
    if isinstance(truth, FormulaTruth):
        rising = np.broadcast_to(truth.bijector._increasing(), truth.shape or (1,))
        return ~np.resize(rising.ravel(), c.at.size)
    name = "inverse" if c.operation.startswith("inverse") else "forward"
    step = 1e-6 * (1 + np.abs(c.at))
    low, high = (c.case.call(name, c.at + s).numbers(c.at.shape) for s in (-step, step))
    return high < low


def _constant(c: Comparison) -> float | None:
    """The difference from the truth, if it is the same everywhere."""
    difference = (c.got - c.expected)[np.isfinite(c.got) & np.isfinite(c.expected)]
    if difference.size < min(ENOUGH, c.at.size):
        return None
    middle = float(np.median(difference))
    # Results of size 1e6 with errors of rounding say something of a difference of size 1.
    size = float(np.abs(c.expected[np.isfinite(c.expected)]).max())
    unit = abs(middle) if c.operation in ("forward", "inverse") else max(1.0, abs(middle))
    return middle if np.ptp(difference) <= CLOSE * unit + DIGITS * size else None


def _of_constant(setting: Setting, c: Comparison, constant: float) -> str:
    """A log-det that is off by the same number everywhere: a missing factor, or a parameter."""
    found = _of_parameters(setting, c, constant)
    if found:
        return found
    name = name_of(float(np.exp(abs(constant))), CLOSE)
    if name and abs(constant) > 2 * CLOSE:
        what = f"missing factor {name}" if constant < 0 else f"factor {name} too many"
        return f"{what}: off by log({name}) everywhere"
    return f"off by {constant:.6g} everywhere, a constant factor {np.exp(constant):.6g}"


def _of_parameters(setting: Setting, c: Comparison, constant: float) -> str:
    """Whether the constant is a multiple of the logarithm of a parameter, also at other values of it."""
    offsets = [(c.case, constant)]
    for case in setting.cases:
        if case is not c.case:
            other = compare(case, c.operation, c.at if not case.changed else _ordinary_points(case, c), c.tolerance)
            if not isinstance(other, str) and (there := _constant(other)) is not None:
                offsets.append((case, there))
    for name, value in c.case.parameters.items():
        if np.ndim(value):
            continue
        for power in POWERS:
            for shown, form in (("log|{}|", lambda v: np.log(np.abs(v))), ("{}", float)):
                with np.errstate(all="ignore"):
                    wanted = [power * form(float(case.parameters[name])) for case, _ in offsets]
                pairs = list(zip(wanted, (o for _, o in offsets), strict=True))
                informative = any(abs(w) > 100 * CLOSE for w, _ in pairs)
                if informative and all(abs(w - o) < CLOSE * (1 + abs(o)) for w, o in pairs):
                    return f"off by {times(power)}{shown.format(name)}"
    return ""


def _ordinary_points(case: Case, c: Comparison) -> np.ndarray:
    return case.central_outputs if c.operation.startswith("inverse") else case.central


def _of_terms(setting: Setting, c: Comparison) -> Iterator[str]:
    """A term of the log-det with another factor, or one that should not be there."""
    finite = np.isfinite(c.got) & np.isfinite(c.expected)
    difference = (c.got - c.expected)[finite]
    if difference.size < ENOUGH:
        return
    for term in terms_of(setting, c):
        values = term.values[finite]
        if not np.all(np.isfinite(values)) or np.unique(np.round(values, 6)).size < ENOUGH:
            continue
        design = np.stack([values, np.ones(values.size)], axis=1)
        (slope, offset), *_ = np.linalg.lstsq(design, difference, rcond=None)
        if np.abs(design @ (slope, offset) - difference).max() > CLOSE * (1 + np.abs(difference).max()):
            continue
        slope = round(float(slope), 6) + 0.0
        if abs(slope) < 100 * CLOSE:
            continue
        also = "" if abs(offset) < 10 * CLOSE else f", and by {offset:.6g} everywhere"
        yield _of_term(term, slope) + also


def _of_term(term: Term, slope: float) -> str:
    if term.factor is None:
        return f"off by {times(slope)}{term.text}"
    return of_term(term.text, *(sp.nsimplify(round(v, 5), rational=True) for v in (term.factor + slope, term.factor)))


def _shape_of_difference(setting: Setting, c: Comparison) -> str:
    """The last resort: whether it is wrong everywhere, or where."""
    bad = c.excess > 1
    if bad.all():
        return f"is not {'-' if c.operation.startswith('inverse') else ''}log|f'| of the map"
    k = int(np.argmax(np.where(np.isnan(c.excess), 0, c.excess)))
    clipped = _clipped(c, k)
    return clipped or f"is wrong for {region_of(c, k)}, right elsewhere"


def _of_value(setting: Setting, c: Comparison) -> Iterator[str]:
    """Explanations of wrong values of the map or its inverse."""
    if missing(c).any():
        yield _of_missing(c)
        return
    yield from _of_digits(c)
    bad = c.excess > 1
    with np.errstate(all="ignore"):
        if c.operation == "inverse":
            subject = c.case.subject
            known = [x for x in (c.expected, c.got) if subject.has("forward")]
            # what forward makes of the true inputs, and of those that came
            images = [subject.call("forward", x).numbers(c.at.shape) for x in known]
            if images and _close(images[0], c.at) and _close(images[1][bad], c.at[bad]):
                where = region_of(c, int(np.argmax(bad)))
                yield f"gives another branch for {where}: another input with the same output"
        if _close(c.got, -c.expected):
            yield "has the wrong sign"
        other = "forward" if c.operation == "inverse" else "inverse"
        if isinstance(c.case.truth, FormulaTruth) and _close(c.got, _elsewhere(c, other)):
            yield f"is the {other} map"
        if not bad.all() and (clipped := _clipped(c, int(np.argmax(bad)))):
            yield clipped
        constant = _constant(c)
        if constant is not None:
            yield f"off by {constant:.6g} everywhere: not what the formula says"
        ratio = c.got / c.expected
        if bad.all() and np.ptp(ratio) < CLOSE * np.abs(ratio).max():
            yield f"off by a factor {ratio[0]:.6g} everywhere: not what the formula says"
    if not bad.all():
        yield f"is not what the formula says for {region_of(c, int(np.argmax(bad)))}"
