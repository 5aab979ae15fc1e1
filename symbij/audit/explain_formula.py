"""One line that says what is wrong with a formula: which known mistake, if it were made, gives what the code gives.

Every explanation is tested with hundreds of bits at all points at which code and truth were compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import mpmath
import sympy as sp
from mpmath import mpf

from symbij.accuracy.definition import PlainAbs, numeric, real
from symbij.audit.claims import BITS, Claim, Point
from symbij.audit.extremes import plainly
from symbij.audit.famous import meaning
from symbij.audit.terms_in_words import bars, of_term
from symbij.audit.traced import X
from symbij.formula.interval import Interval

_CLOSE = mpf(10) ** -12
_WRONG = (ArithmeticError, ValueError, TypeError, mpmath.libmp.NoConvergence)
_LARGEST_FACTOR = 12
NEARLY = 4.5  # digits from which on results are nearly right, and not others


@dataclass(frozen=True)
class Truth:
    """The formula y = f(x), f', log|f'| as terms, and the inverse if there is one."""

    forward: sp.Expr
    slope: sp.Expr
    log_det: sp.Expr
    inverse: sp.Expr | None = None


def explain_value(claim: Claim, points: Sequence[Point]) -> str:
    """Why the forward map is not the formula's."""
    missing = _of_missing(claim, points)
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
    missing = _of_missing(claim, points)
    if missing:
        return missing
    refuted = [p for p in points if p.refuted]
    nearly = _digits(points)
    if nearly:
        return nearly
    images = _values(truth.forward, points)
    moved = _values(truth.forward, [Point({**p.values, X: p.got}, p.got, p.expected, 0.0, False) for p in points])
    same = [abs(a - b) <= _CLOSE * abs(a) for p, a, b in zip(points, images, moved, strict=True) if p.refuted]
    if same and all(same):
        sign = "negative" if all(p.expected < 0 for p in refuted) else "positive"
        known = all(p.expected < 0 for p in refuted) or all(p.expected > 0 for p in refuted)
        return "gives another branch" + (f" for {sign} x" if known and len(refuted) < len(points) else "")
    if all(abs(a + b) <= _CLOSE * abs(a) for p, a, b in zip(points, images, moved, strict=True) if p.refuted):
        return "gives another branch: it loses the sign of y"
    if _all(points, lambda p: abs(p.got + p.expected) <= _CLOSE * abs(p.expected)):
        return "has the wrong sign: it gives -x"
    again = _values(truth.forward.xreplace({X: truth.forward}), points)
    if all(_is(p.got, v) for p, v in zip(points, again, strict=True)):
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
    return next(_of_log_det(claim, points, truth, inverse))


def _of_log_det(claim: Claim, points: Sequence[Point], truth: Truth, inverse: bool) -> Iterator[str]:
    missing = _of_missing(claim, points)
    if missing:
        yield missing
        return
    sign = -1 if inverse else 1

    def explains(guess: sp.Expr) -> bool:
        values = _values(guess, points)
        return _all(list(zip(points, values, strict=True)), lambda pair: _is(pair[0].got, pair[1]))

    log_det = sp.log(PlainAbs(truth.slope))
    slope = truth.slope if not inverse else 1 / truth.slope
    if explains(slope) or explains(PlainAbs(slope)):
        yield "is the derivative, not its logarithm"
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
    yield from _of_terms(points, truth, None if inverse else claim.got)
    yield f"is not {'-' * inverse}log|d forward/dx|{' at the preimage' * inverse}"


def _of_terms(points: Sequence[Point], truth: Truth, code: sp.Expr | None) -> Iterator[str]:
    """Which term of log|f'| has a wrong factor; `code` is the log-det as written, where that is a function of x."""
    sign = 1 if code is not None else -1
    errors = [sign * (p.got - p.expected) for p in points]  # of log|f'|
    constant = _same(errors)
    nearly = _digits(points)
    if nearly:
        yield nearly
    if constant is not None and abs(constant) > _CLOSE:
        factor = _number(mpmath.exp(abs(constant)))
        yield f"missing factor {factor}" if constant < 0 else f"has a factor {factor} too many"
    terms = sorted(_terms(truth.log_det).items(), key=lambda t: sp.default_sort_key(t[0]))
    for core, factor in terms:
        if X in core.free_symbols:
            share = _share(errors, core, points)
            if share is not None:
                yield of_term(bars(core), factor + share, factor)
    for core, factor in sorted(_terms(code or sp.S.Zero).items(), key=lambda t: sp.default_sort_key(t[0])):
        share = _share(errors, core, points) if X in core.free_symbols else None
        if share is not None:
            yield of_term(bars(core), factor, factor - share)
    share = _share(errors, sp.log(PlainAbs(truth.slope)), points)
    if share is not None:
        yield f"is {1 + share} times what it should be"
    for symbol in sorted({s for p in points for s in p.values if s != X}, key=lambda s: s.name):
        share = _share(errors, sp.log(PlainAbs(symbol)), points)
        if share is not None:
            many = "" if abs(share) == 1 else f"{_fraction(abs(share))}*"
            which = "is missing" if share < 0 else "is counted too often"
            yield f"off by {many}log|{symbol}|: parameter {symbol} {which}"
    for core, factor in terms:
        if X not in core.free_symbols:
            share = _share(errors, core, points)
            if share is not None:
                yield of_term(bars(core), factor + share, factor)
    for core, name in ((X, "x"), (sp.log(PlainAbs(X)), "log|x|"), (sp.log(PlainAbs(truth.forward)), "log|y|")):
        share = _share(errors, core, points)
        if share is not None:
            yield f"off by {_fraction(share)}*{name}"
    by_set: dict[tuple[float, ...], list[mpf]] = {}
    for p, e in zip(points, errors, strict=True):
        by_set.setdefault(tuple(as_values(p.values).values()), []).append(e)
    if len(by_set) > 1 and all(_same(v) is not None for v in by_set.values()):
        yield "off by a term that depends on the parameters alone"


def _of_missing(claim: Claim, points: Sequence[Point]) -> str:
    """What code does that has no real value; empty if it has values everywhere."""
    missing = [p for p in points if not mpmath.isfinite(p.got)]
    if not missing:
        return ""
    what = "NaN" if any(mpmath.isnan(p.got) for p in missing) else "infinite"
    for need in claim.needs:
        broken = [p for p, v in zip(missing, _values(need.expr, missing), strict=True) if not _within(v, need.interval)]
        if need.interval.lo != 0 or len(broken) < len(missing):
            continue
        mended = claim.got.replace(sp.log, lambda u: sp.log(PlainAbs(u)))
        values = _values(mended, points)
        if not all(_is(v, p.expected) for p, v in zip(points, values, strict=True)):
            return f"is {what} where {need.expr} < 0, where the truth is finite"
        if len(need.expr.free_symbols) == 1 and X not in need.expr.free_symbols:
            (symbol,) = need.expr.free_symbols
            return f"off by log|{symbol}|: parameter {symbol} enters without abs, and is NaN where {need.expr} < 0"
        return f"is NaN where {need.expr} < 0: {need.expr} enters the logarithm without abs"
    return f"is {what} where the truth is finite"


def _within(value: mpf, interval: Interval) -> bool:
    return not (interval.lo.is_number and not interval.lo.is_infinite and value < mpf(interval.lo.evalf(40)))


def _terms(expr: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """The terms of a sum of logarithms with their factors."""
    found: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        factor, core = term.as_coeff_Mul()
        if not core.is_number:
            found[core] = found.get(core, sp.S.Zero) + factor
    return found


def _share(errors: Sequence[mpf], core: sp.Expr, points: Sequence[Point]) -> sp.Rational | None:
    """The simple number by which a term is off, if that explains all errors."""
    values = _values(core, points)
    if not any(errors) or any(not mpmath.isfinite(v) for v in values):
        return None
    ratio = _same(e / v for e, v in zip(errors, values, strict=True) if v)
    if ratio is None or abs(ratio) < _CLOSE:
        return None
    simple = sp.Rational(str(mpmath.nstr(ratio, 20))).limit_denominator(_LARGEST_FACTOR)
    return simple if abs(mpf(simple.p) / simple.q - ratio) < _CLOSE else None


def _values(expr: sp.Expr, points: Sequence[Point]) -> list[mpf]:
    symbols = list(points[0].values) if points else []
    function = numeric(plainly(expr), symbols)
    found = []
    with mpmath.workprec(BITS[0]):
        for p in points:
            try:
                found.append(real(function(*(mpf(p.values[s]) for s in symbols))))
            except _WRONG:
                found.append(mpf("nan"))
    return found


def _is(a: mpf, b: mpf) -> bool:
    return bool(abs(a - b) <= _CLOSE * max(1, abs(a), abs(b)))


def _all(items: Sequence[object], holds: Callable[..., bool]) -> bool:
    return bool(items) and all(holds(i) for i in items)


def _digits(points: Sequence[Point]) -> str:
    """Results that are nearly right; empty for others."""
    least = min(p.digits for p in points)
    return f"right to {least:.0f} digits only" if least > NEARLY and all(mpmath.isfinite(p.got) for p in points) else ""


def _same(values: object) -> mpf | None:
    """The number that all values are."""
    found = list(values)  # type: ignore[call-overload]
    if len(found) < 2 or not all(mpmath.isfinite(v) for v in found):
        return None
    return found[0] if all(_is(v, found[0]) for v in found) else None


def _number(value: mpf) -> str:
    exact = meaning(float(mpmath.nstr(value, 17)))
    text = str(exact)
    return text if len(text) <= 16 else f"{float(value):.6g}"


def _fraction(value: sp.Expr) -> str:
    return str(value)


def as_values(values: Mapping[sp.Symbol, float]) -> dict[str, float]:
    """Parameters by their names, without x."""
    return {s.name: v for s, v in sorted(values.items(), key=lambda i: i[0].name) if s != X}
