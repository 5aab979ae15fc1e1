"""One input for each output: the direction never turns, outputs lie in the codomain and fill it, ends are met."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symbij.audit.finding import Check, Status, Witness
from symbij.audit.setting import Case, Setting
from symbij.audit.subject import Ends
from symbij.audit.truth import FormulaTruth

GROUP = "one-to-one"
DENSE = 2001  # inputs at which the direction is looked at
TURN = 1e-6  # relative step back that rounding does not explain
SEEN = 8.0  # times the noise of neighbouring values, which a step back has to exceed
Fold = tuple[float, float, float]  # two inputs, and the output of both


def check(setting: Setting) -> Iterator[Check]:
    """The map as it is computed, whether or not there is a formula that says it is one-to-one."""
    if setting.subject.event_ndims:
        return
    case = setting.own
    if setting.derivation is not None and setting.given:
        word = Status.PROVED if setting.derivation.status == "proved" else Status.PASS
        yield Check(GROUP, "the formula", word, f"{setting.derivation.direction}, {setting.derivation.status}")
    if case.truth.shape:
        yield Check(GROUP, "direction", Status.SKIPPED, "its parameters are arrays")
        return
    yield _direction(setting, case)
    yield _range(case, "forward", case.inputs, setting.subject.codomain, "codomain")
    outputs = case.outputs if case.knows_codomain else case.central_outputs
    yield _range(case, "inverse", outputs, setting.subject.domain, "domain")
    yield _declared(setting, case)
    yield _at_the_ends(case, "forward", case.domain, setting.subject.domain)
    yield _at_the_ends(case, "inverse", case.codomain, setting.subject.codomain)


def _direction(setting: Setting, case: Case) -> Check:
    name = "direction"
    if not setting.subject.has("forward"):
        return Check(GROUP, name, Status.SKIPPED, "it has no forward map")
    at = _dense(case)
    values = case.call("forward", at).numbers(at.shape)
    usable = np.isfinite(values)
    at, values = at[usable], values[usable]
    if at.size < 3:
        return Check(GROUP, name, Status.SKIPPED, "its values are not finite")
    step = max(TURN, setting.tolerance)
    constant = bool(np.all(values == values[0]))
    if constant:
        found: Fold | None = float(case.central[0]), float(case.central[-1]), float(values[0])
    else:
        found = _turn(at, values, _noise(case, at), step) or _flat(at, values, setting.tolerance * _typical(case))
    if found is not None and _within_rounding(case, found, step):
        found = None
    if found is None:
        rising = np.sum(np.sign(np.diff(values))) > 0
        return Check(GROUP, name, Status.PASS, "increasing" if rising else "decreasing")
    x1, x2, y = found
    witness = Witness("forward", np.array([x1, x2]), np.full(2, y), "two different values")
    texts = f"{x1:.6g}", f"{x2:.6g}"
    first, second = texts if texts[0] != texts[1] else (repr(x1), repr(x2))
    why = f"{'constant: ' * constant}not one-to-one: {first} and {second} are both mapped to {y:.6g}"
    return Check(GROUP, name, Status.FAIL, why, witness)


def _within_rounding(case: Case, found: Fold, step: float) -> bool:
    """Whether the formula's own values at the two inputs are the same but for rounding."""
    if not isinstance(case.truth, FormulaTruth):
        return False
    first, second = case.truth.values("forward", np.array(found[:2]))
    return bool(abs(first - second) <= step * max(abs(first), abs(second)))


def _typical(case: Case) -> float:
    """The size of ordinary values, of which terms that cancel elsewhere may leave a rounding."""
    sizes = np.abs(case.call("forward", case.central).numbers(case.central.shape))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return float(np.median(sizes)) if sizes.size else 0.0


def _noise(case: Case, at: np.ndarray) -> np.ndarray:
    """By how much values change over inputs that differ by a few roundings of a number of their size, or of 1."""
    step = float(np.finfo(case.subject.dtype).eps) * np.maximum(1.0, np.abs(at))
    found = [case.call("forward", at).numbers(at.shape)]
    with np.errstate(all="ignore"):
        for k in (-8, -3, 3, 8):
            near = np.clip(at + k * step, case.domain.lo, case.domain.hi)
            near = np.where((near > case.domain.lo) & (near < case.domain.hi), near, at)
            found.append(case.call("forward", near).numbers(at.shape))
        return np.nan_to_num(np.ptp(np.array(found), axis=0), nan=np.inf)


def _dense(case: Case) -> np.ndarray:
    """Many ordinary inputs in order, and those at all scales."""
    central = case.central
    lo, hi = float(central.min()), float(central.max())
    width = hi - lo
    wide = np.linspace(max(case.domain.lo, lo - width), min(case.domain.hi, hi + width), DENSE)
    zero = np.array([0.0]) if case.domain.lo < 0 < case.domain.hi else np.array([])
    together = case.rounded(np.concatenate([wide, case.inputs, zero]))
    return np.unique(together[(together > case.domain.lo) & (together < case.domain.hi)])


def _turn(at: np.ndarray, values: np.ndarray, noise: np.ndarray, step: float) -> Fold | None:
    """Two inputs on either side of a turn with (about) one output, further down than noise explains."""
    sign = 1.0 if np.median(np.sign(np.diff(values))) >= 0 else -1.0
    rising = sign * values
    best = np.maximum.accumulate(rising)
    tops = np.maximum.accumulate(np.where(rising == best, np.arange(at.size), 0))
    size = np.maximum(np.abs(best), np.abs(rising))
    drop = (best - rising) / np.where(size > 0, size, 1.0)
    drop = np.where(best - rising > SEEN * np.maximum(noise, noise[tops]), drop, 0.0)
    turned = np.flatnonzero(drop > max(step, 0.1 * drop.max()))
    if not turned.size:
        return None
    with np.errstate(divide="ignore"):  # of all such points, one whose numbers are easy to read
        k = int(turned[np.argmin(np.abs(np.log(np.abs(values[turned]) + 1e-300)) + np.abs(at[turned]))])
    top = int(np.argmax(rising[: k + 1]))
    level = values[k]
    for i in range(top, 0, -1):  # where the way up passed the level that the way down has reached
        if sign * values[i - 1] <= sign * level <= sign * values[i]:
            share = (level - values[i - 1]) / ((values[i] - values[i - 1]) or 1.0)
            return float(at[i - 1] + share * (at[i] - at[i - 1])), float(at[k]), float(level)
    return float(at[top]), float(at[k]), float(level)


def _flat(at: np.ndarray, values: np.ndarray, least: float) -> Fold | None:
    """A stretch of one value that does not come from rounding: beside it the map moves by far more than rounding (and
    than `least`), and does not flatten out gradually on its way there."""
    same = np.diff(values) == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.view(np.int8), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        length = at[stop] - at[start]
        if length <= 1e-3 * max(abs(at[start]), abs(at[stop])) or stop - start < 3:
            continue
        seen = max(1e6 * np.spacing(abs(values[start])), least)
        for edge, outside in ((start, slice(None, start)), (stop, slice(stop + 1, None))):
            distance = np.abs(at[outside] - at[edge])
            change = np.abs(values[outside] - values[edge])
            order = np.argsort(distance)
            distance, change = distance[order], change[order]
            moved = np.flatnonzero(change > seen)
            if not moved.size:
                continue
            slope = change[moved[0]] / distance[moved[0]]
            if slope * length > seen and slope > 0.1 * np.max(change[moved] / distance[moved]):
                inner = at[start : stop + 1]
                inner = inner[inner != at[edge]]
                other = inner[np.argmin(np.abs(np.abs(inner - at[edge]) - 1.0))]  # one that is easy to read
                return float(other), float(at[edge]), float(values[start])
    return None


def _range(case: Case, operation: str, at: np.ndarray, declared: Ends | None, name: str) -> Check:
    label = f"{operation} stays in its {name}"
    if not case.subject.has(operation):
        return Check(GROUP, label, Status.SKIPPED, f"it has no {operation} map")
    ends = declared or (case.codomain if operation == "forward" else case.domain)
    got = case.call(operation, at).numbers(at.shape)
    eps = 4 * np.finfo(case.subject.dtype).eps
    with np.errstate(all="ignore"):
        below = got < ends.lo - eps * abs(ends.lo) if np.isfinite(ends.lo) else np.zeros(at.shape, bool)
        above = got > ends.hi + eps * abs(ends.hi) if np.isfinite(ends.hi) else np.zeros(at.shape, bool)
        # an end of zero has no rounding error; rounding of the other numbers between ends may pass it by a little
        width = ends.hi - ends.lo
        slack = eps * width if np.isfinite(width) else 0.0
        outside = (below & (got < ends.lo - slack)) | (above & (got > ends.hi + slack))
    if not outside.any():
        return Check(GROUP, label, Status.PASS)
    k = int(np.argmax(outside))
    witness = Witness(operation, float(at[k]), float(got[k]), f"a value in {ends}")
    return Check(GROUP, label, Status.FAIL, f"leaves its {name} {ends}", witness)


def _at_the_ends(case: Case, operation: str, ends: Ends, declared: Ends | None) -> Check:
    """Values at ends that belong to the interval, and what comes of inputs beyond.

    Those are told, and judged only where an inverse makes up an input for what is no value of the map.
    """
    side = "domain" if operation == "forward" else "codomain"
    name = f"{operation} at and beyond the ends of its {side}"
    finite = [(end, sign, end in ends) for end, sign in ((ends.lo, -1), (ends.hi, 1)) if np.isfinite(end)]
    if not case.subject.has(operation) or not isinstance(case.truth, FormulaTruth):
        return Check(GROUP, name, Status.SKIPPED, "there is no formula to compare with")
    if not finite:
        return Check(GROUP, name, Status.SKIPPED, f"the {side} has no finite end")
    notes = []
    for end, sign, inside in finite:
        step = sign * max(1.0, abs(end))
        at = case.rounded(np.array([end, end + 0.5 * step, end + 2.0 * step]))
        got = case.call(operation, at).numbers(at.shape)
        expected = case.truth.values(operation, at[:1])[0] if inside else np.nan
        if inside and np.isfinite(expected) and not np.isclose(got[0], expected, rtol=1e-3, atol=1e-6):
            if declared is not None and end in declared:
                witness = Witness(operation, float(end), float(got[0]), float(expected))
                return Check(GROUP, name, Status.FAIL, f"is wrong at the end {end:g}, which its {side} has", witness)
            notes.append(f"{got[0]:.4g} at {end:g}, where the formula has {expected:.4g}")
        if operation == "inverse":
            k = _made_up(case, at[1:], got[1:])
            if k is not None:
                y, x = float(at[1 + k]), float(got[1 + k])
                witness = Witness(operation, y, x, "no number")
                return Check(GROUP, name, Status.FAIL, f"accepts y = {y:g}, which is no value of the map", witness)
        if np.isfinite(got[1:]).any():
            notes.append(f"numbers come beyond {end:g} ({got[1]:.4g} at {at[1]:g})")
    return Check(GROUP, name, Status.PASS, "; ".join(notes))


def _made_up(case: Case, ys: np.ndarray, xs: np.ndarray) -> int | None:
    """The first y for which an inverse has a number that is no input of it, though its formula has none; or None.

    Not if it gives one and the same number for all y beyond an end: then it clips them on purpose.
    """
    assert isinstance(case.truth, FormulaTruth)
    if not np.isfinite(xs).all() or np.isclose(xs[0], xs[1], rtol=1e-3) or not case.subject.has("forward"):
        return None
    back = case.call("forward", xs).numbers(xs.shape)
    for k, y in enumerate(ys):
        if y not in case.codomain and not np.isclose(back[k], y, rtol=1e-3) and not case.truth.has_preimage(float(y)):
            return k
    return None


def _declared(setting: Setting, case: Case) -> Check:
    """Whether the subject's own domain and codomain are those of the formula."""
    name = "declared codomain"
    declared = setting.subject.codomain
    if declared is None:
        return Check(GROUP, name, Status.SKIPPED, "it declares none")
    if isinstance(case.truth, FormulaTruth):
        image = case.truth.ends()[1]
        if setting.subject.domain is not None and not _same(setting.subject.domain, case.truth.ends()[0]):
            return Check(GROUP, name, Status.SKIPPED, f"its domain {setting.subject.domain} is not the formula's")
        if _same(declared, image):
            return Check(GROUP, name, Status.PASS, str(declared))
        witness = Witness("codomain", str(setting.subject.domain or case.truth.ends()[0]), str(declared), str(image))
        return Check(
            GROUP, name, Status.FAIL, f"the codomain is declared {declared}, but the image is {image}", witness
        )
    if not (setting.subject.has("forward") and setting.subject.has("inverse")):
        return Check(GROUP, name, Status.SKIPPED, "it has no inverse to ask")
    ys = case.rounded(np.array([y for y in _inside(declared) if y in declared]))
    xs = case.subject.call("inverse", ys).numbers(ys.shape)
    back = case.subject.call("forward", xs).numbers(ys.shape)
    wrong = ~np.isclose(back, ys, rtol=1e-3, atol=1e-6)
    if not wrong.any():
        return Check(GROUP, name, Status.PASS, str(declared))
    k = int(np.argmax(wrong))
    witness = Witness("forward(inverse(y))", float(ys[k]), float(back[k]), float(ys[k]))
    return Check(
        GROUP, name, Status.FAIL, f"the codomain {declared} is too large: nothing is mapped to {ys[k]:g}", witness
    )


def _same(a: Ends, b: Ends) -> bool:
    return bool(np.isclose(a.lo, b.lo, rtol=1e-6, atol=1e-12) and np.isclose(a.hi, b.hi, rtol=1e-6, atol=1e-12))


def _inside(ends: Ends) -> np.ndarray:
    """A few ordinary points of an interval."""
    if np.isfinite(ends.lo) and np.isfinite(ends.hi):
        return ends.lo + (ends.hi - ends.lo) * np.array([0.05, 0.3, 0.5, 0.77, 0.95])
    if np.isfinite(ends.lo):
        return ends.lo + np.array([0.05, 0.5, 1.0, 2.3, 8.0])
    if np.isfinite(ends.hi):
        return ends.hi - np.array([0.05, 0.5, 1.0, 2.3, 8.0])
    return np.array([-3.1, -1.0, -0.2, 0.4, 1.7, 4.0])
