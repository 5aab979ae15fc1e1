"""One line that says what is wrong with a formula: which known mistake, if it were made, gives what the code gives.

Every explanation is tested with hundreds of bits at all points at which code and truth were compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import PlainAbs, number_at, numeric
from symbij.audit.claims import BITS, Claim, Point
from symbij.audit.extremes import plainly
from symbij.audit.famous import meaning, name_of
from symbij.audit.terms_in_words import bars, of_term, times
from symbij.audit.traced import X
from symbij.formula.functions import expand_definitions
from symbij.formula.interval import Interval

_CLOSE = mpf(10) ** -12
_LARGEST_FACTOR = 12
_FACTORS = (1, -1, 2, -2, 3, -3, 0.5, -0.5)  # of the logarithm of a parameter, in the order of trial
NEARLY = 4.5  # digits from which on results are nearly right, and not others


@dataclass(frozen=True)
class Truth:
    """The formula y = f(x), f', log|f'| as terms, and the inverse if there is one."""

    forward: sp.Expr
    slope: sp.Expr
    log_det: sp.Expr
    inverse: sp.Expr | None = None


@dataclass(frozen=True)
class Words:
    """How things are called: the log-det and the derivative that are meant, and the user's names of symbols. `close`
    is the relative error up to which numbers are the same."""

    log_det: str = ""
    slope: str = "the derivative"
    names: Mapping[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    close: mpf = _CLOSE

    def shown(self, expr: sp.Expr) -> str:
        """An expression in the user's words: without functions that only symbij has, where names are given."""
        return bars(expand_definitions(expr) if self.names else expr, self.names)


def explain_value(claim: Claim, points: Sequence[Point]) -> str:
    """Why the forward map is not the formula's."""
    missing = _of_missing(claim, points, Words())
    if missing:
        return missing
    nearly = _digits(points)
    if nearly:
        return nearly
    if _all(points, lambda p: p.got == 0 or abs(p.got + p.expected) <= _CLOSE * abs(p.expected)):
        return "has the wrong sign: it is minus what the formula says"
    difference = _same(p.got - p.expected for p in points)
    if difference is not None:
        return f"is not what the formula says: off by {_number(difference)}"
    ratio = _same(p.got / p.expected for p in points if p.expected)
    if ratio is not None:
        return f"is not what the formula says: {_number(ratio)} times as large"
    return "is not what the formula says"


def explain_inverse(claim: Claim, points: Sequence[Point], truth: Truth) -> str:
    """Why the inverse does not lead back."""
    missing = _of_missing(claim, points, Words())
    if missing:
        return missing
    refuted = [p for p in points if p.refuted]
    nearly = _digits(points)
    if nearly:
        return nearly
    images = values_at(truth.forward, points)
    moved = values_at(truth.forward, [Point({**p.values, X: p.got}, p.got, p.expected, 0.0, False) for p in points])
    same = [abs(a - b) <= _CLOSE * abs(a) for p, a, b in zip(points, images, moved, strict=True) if p.refuted]
    if same and all(same):
        sign = "negative" if all(p.expected < 0 for p in refuted) else "positive"
        known = all(p.expected < 0 for p in refuted) or all(p.expected > 0 for p in refuted)
        return "gives another branch" + (f" for {sign} x" if known and len(refuted) < len(points) else "")
    if all(abs(a + b) <= _CLOSE * abs(a) for p, a, b in zip(points, images, moved, strict=True) if p.refuted):
        return "gives another branch: it loses the sign of y"
    if _all(points, lambda p: abs(p.got + p.expected) <= _CLOSE * abs(p.expected)):
        return "has the wrong sign: it gives -x"
    again = values_at(truth.forward.xreplace({X: truth.forward}), points)
    if all(is_close(p.got, v) for p, v in zip(points, again, strict=True)):
        return "is the forward map once more"
    factor = _same(p.got / p.expected for p in points if p.expected)
    if factor is not None:
        return f"does not lead back: it gives {_number(factor)} times x"
    shift = _same(p.got - p.expected for p in points)
    if shift is not None:
        return f"does not lead back: it is off by {_number(shift)}"
    part = "" if len(refuted) == len(points) else " everywhere"
    return f"does not lead back{part}: it is not the inverse of the forward map"


def explain_log_det(claim: Claim, points: Sequence[Point], truth: Truth, inverse: bool) -> str:
    """Why a log-det is not log|f'|, or not -log|f'| at the preimage."""
    return next(explanations(claim, points, truth, inverse, Words()), (0, ""))[1] or (
        f"is not {'-' * inverse}log|d forward/dx|{' at the preimage' * inverse}"
    )


def explanations(
    claim: Claim, points: Sequence[Point], truth: Truth, inverse: bool, words: Words
) -> Iterator[tuple[int, str]]:
    """All explanations of a wrong log-det, the likeliest first, each with its place in the order of trial.

    They are the same for code, of which `inverse` log-dets are compared at f(x), and for expressions.
    """
    missing = _of_missing(claim, points, words)
    if missing:
        yield 0, missing
        return
    sign = -1 if inverse else 1
    ways = (
        lambda: _of_other_functions(points, truth, inverse, words),
        lambda: _of_constants(points, sign, words),
        lambda: _of_parameters(points, sign, words),
        lambda: _of_multiples(points, truth, sign, words),
        lambda: _of_terms(points, truth, sign, None if inverse else claim.got, words),
        lambda: _of_what_is_left(points, truth, sign, words),
    )
    for k, way in enumerate(ways, 1):
        yield from ((k, text) for text in way())


def _of_other_functions(points: Sequence[Point], truth: Truth, inverse: bool, words: Words) -> Iterator[str]:
    """Another function of the right formula, at the right point or at another one."""
    sign = -1 if inverse else 1

    def explains(guess: sp.Expr) -> bool:
        values = values_at(guess, points)
        return all(is_close(p.got, v, words.close) for p, v in zip(points, values, strict=True))

    log_det = sp.log(PlainAbs(truth.slope))
    slope = truth.slope if not inverse else 1 / truth.slope
    if explains(slope) or explains(PlainAbs(slope)):
        yield f"is {words.slope}, not its logarithm"
    for base in (10, 2):
        if explains(sign * log_det / sp.log(base)):
            yield f"is a logarithm to base {base}"
    if explains(-sign * log_det):
        other = "forward map" if inverse else "inverse"
        yield f"has the wrong sign: it is the log-det of the {other} at the same point"
    if inverse and explains(log_det.xreplace({X: truth.forward})):
        yield "is the log-det of the forward map: it has the wrong sign, and is taken at y"
    if not inverse and truth.inverse is not None and explains(-log_det.xreplace({X: truth.inverse})):
        yield "is the log-det of the inverse"
    if explains(sign * log_det.xreplace({X: truth.forward})):
        yield "is taken at the output of the map, not at its input"
    nearly = _digits(points)
    if nearly:
        yield nearly


def _errors(points: Sequence[Point], sign: int) -> list[mpf]:
    """By how much log|f'| is off."""
    return [sign * (p.got - p.expected) for p in points]


def _of_constants(points: Sequence[Point], sign: int, words: Words) -> Iterator[str]:
    """A factor of the derivative that is missing or too many."""
    constant = _same(_errors(points, sign), words.close)
    if constant is not None and abs(constant) > words.close:
        yield _of_factor(constant, words)


def _of_factor(constant: mpf, words: Words) -> str:
    size = mpmath.exp(abs(constant))
    factor = name_of(size, float(words.close)) or _number(size)
    return f"missing factor {factor}" if constant < 0 else f"has a factor {factor} too many"


def _of_parameters(points: Sequence[Point], sign: int, words: Words) -> Iterator[str]:
    """Terms of the parameters alone: logarithms of them, of their differences and of their sums."""
    errors = _errors(points, sign)
    symbols = sorted({s for p in points for s in p.values if s != X}, key=lambda s: s.name)
    by_set: dict[tuple[float, ...], list[mpf]] = {}
    for p, e in zip(points, errors, strict=True):
        by_set.setdefault(tuple(as_values(p.values).values()), []).append(e)
    if len(by_set) < 2 or any(len(v) > 1 and _same(v, words.close) is None for v in by_set.values()):
        return
    cores = {words.shown(s): s for s in symbols}
    pairs = list(itertools.combinations(cores.items(), 2))
    cores |= {f"{m} - {n}": b - a for (n, a), (m, b) in pairs} | {f"{m} + {n}": b + a for (n, a), (m, b) in pairs}
    for shown, core in cores.items():
        values = [mpmath.log(abs(v)) if v else mpf("nan") for v in values_at(core, points)]
        for factor in _FACTORS:
            left = _same((e - factor * v for e, v in zip(errors, values, strict=True)), words.close)
            if left is None:
                continue
            term = f"{times(abs(factor))}log|{shown}|"
            more = "" if abs(left) < words.close else f", and {_of_factor(left, words)}"
            of = f" of {words.log_det}" if words.log_det else ""
            missing = f"missing the term {term}{of}" if factor < 0 else f"the term {term} is counted too often"
            yield f"{missing}: off by {term}{more}"
    yield "off by a term that depends on the parameters alone"


def _of_multiples(points: Sequence[Point], truth: Truth, sign: int, words: Words) -> Iterator[str]:
    """A multiple of the right log-det."""
    share = _share(_errors(points, sign), sp.log(PlainAbs(truth.slope)), points, words)
    if share is not None and share != -1:
        yield f"is {1 + share} times {words.log_det or 'what it should be'}"


def _of_terms(points: Sequence[Point], truth: Truth, sign: int, code: sp.Expr | None, words: Words) -> Iterator[str]:
    """Which term of log|f'| has a wrong factor; `code` is the log-det as written, where that is a function of x."""
    errors = _errors(points, sign)
    terms = _terms(truth.log_det)
    for with_x in (True, False):
        for core, factor in terms:
            share = _share(errors, core, points, words) if with_x == (X in core.free_symbols) else None
            if share is not None:
                yield of_term(words.shown(core), factor + share, factor, words.log_det)
        for core, factor in _terms(code or sp.S.Zero) if with_x else ():
            share = _share(errors, core, points, words) if X in core.free_symbols else None
            if share is not None:
                yield of_term(words.shown(core), factor, factor - share, words.log_det)


def _of_what_is_left(points: Sequence[Point], truth: Truth, sign: int, words: Words) -> Iterator[str]:
    """Terms that are in none of both, but often confused with one that is."""
    for core, name in ((X, "x"), (sp.log(PlainAbs(X)), "log|x|"), (sp.log(PlainAbs(truth.forward)), "log|y|")):
        share = _share(_errors(points, sign), core, points, words)
        if share is not None:
            yield f"off by {times(share)}{name}"


def _of_missing(claim: Claim, points: Sequence[Point], words: Words) -> str:
    """What code does that has no real value; empty if it has values everywhere."""
    missing = [p for p in points if not mpmath.isfinite(p.got)]
    if not missing:
        return ""
    what = "NaN" if any(mpmath.isnan(p.got) for p in missing) else "infinite"
    for need in claim.needs:
        broken = [
            p for p, v in zip(missing, values_at(need.expr, missing), strict=True) if not _within(v, need.interval)
        ]
        if need.interval.lo != 0 or len(broken) < len(missing):
            continue
        mended = claim.got.replace(sp.log, lambda u: sp.log(PlainAbs(u)))
        values = values_at(mended, points)
        shown = words.shown(need.expr)
        if not all(is_close(v, p.expected, words.close) for p, v in zip(points, values, strict=True)):
            if len(missing) == len(points):
                break
            return f"is {what} where {shown} < 0, where the truth is finite"
        if len(need.expr.free_symbols) == 1 and X not in need.expr.free_symbols:
            return f"off by log|{shown}|, and NaN where {shown} < 0: parameter {shown} enters without abs"
        return f"is NaN where {shown} < 0: {shown} enters the logarithm without abs"
    if len(missing) == len(points):
        return "is not a real number anywhere" if what == "NaN" else "is infinite everywhere"
    return f"is {what} where the truth is finite"


def _within(value: mpf, interval: Interval) -> bool:
    return not (interval.lo.is_number and not interval.lo.is_infinite and value < mpf(interval.lo.evalf(40)))


def _terms(expr: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """The terms of a sum of logarithms with their factors."""
    found: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        factor, core = term.as_coeff_Mul()
        if not core.is_number:
            found[core] = found.get(core, sp.S.Zero) + factor
    return sorted(found.items(), key=lambda t: sp.default_sort_key(t[0]))


def _share(errors: Sequence[mpf], core: sp.Expr, points: Sequence[Point], words: Words) -> sp.Rational | None:
    """The simple number by which a term is off, if that explains all errors."""
    values = values_at(core, points)
    if not any(errors) or any(not mpmath.isfinite(v) for v in values):
        return None
    ratio = _same((e / v for e, v in zip(errors, values, strict=True) if abs(v) > words.close), words.close)
    if ratio is None or abs(ratio) < words.close:
        return None
    simple = sp.Rational(str(mpmath.nstr(ratio, 20))).limit_denominator(_LARGEST_FACTOR)
    return simple if abs(mpf(simple.p) / simple.q - ratio) < words.close else None


def values_at(expr: sp.Expr, points: Sequence[Point]) -> list[mpf]:
    """An expression at all points, NaN where it has no real value."""
    symbols = list(points[0].values) if points else []
    function = numeric(plainly(expr), symbols)
    found = []
    with mpmath.workprec(BITS[0]):
        for p in points:
            found.append(number_at(function, [mpf(p.values[s]) for s in symbols]))
    return found


def is_close(a: mpf, b: mpf, close: mpf = _CLOSE) -> bool:
    """Whether two numbers are the same to a relative error, absolute below 1."""
    return bool(abs(a - b) <= close * max(1, abs(a), abs(b)))


def _all(items: Sequence[object], holds: Callable[..., bool]) -> bool:
    return bool(items) and all(holds(i) for i in items)


def _digits(points: Sequence[Point]) -> str:
    """Results that are nearly right; empty for others."""
    least = min(p.digits for p in points)
    return f"right to {least:.0f} digits only" if least > NEARLY and all(mpmath.isfinite(p.got) for p in points) else ""


def _same(values: Iterable[mpf], close: mpf = _CLOSE) -> mpf | None:
    """The number that all values are."""
    found = list(values)
    if len(found) < 2 or not all(mpmath.isfinite(v) for v in found):
        return None
    return found[0] if all(is_close(v, found[0], close) for v in found) else None


def _number(value: mpf) -> str:
    exact = meaning(float(mpmath.nstr(value, 17)))
    text = str(exact)
    return text if len(text) <= 16 else f"{float(value):.6g}"


def as_values(values: Mapping[sp.Symbol, float]) -> dict[str, float]:
    """Parameters by their names, without x."""
    return {s.name: v for s, v in sorted(values.items(), key=lambda i: i[0].name) if s != X}
