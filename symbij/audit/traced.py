"""A subject's code run once with symbols, which gives its formulas: what can be proved is proved of these.

Parameters become symbols; where the code branches on one of them (`if self.scale > 0`), that one keeps its value, and
what is shown is shown for that value. Numbers are read by `famous.meaning`.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp

from symbij.audit.famous import meaning
from symbij.audit.subject import FAULTS, OPERATIONS, Ends, Subject
from symbij.calculus.patience import bounded
from symbij.errors import UsageError
from symbij.formula.constraints import Constraint, nonzero, positive, real
from symbij.formula.formula import Formula, Parameter, make_formula
from symbij.formula.tracer import Traced, traced_call
from symbij.formula.vocabulary import NONZERO, Requirement

X = sp.Symbol("x", real=True)
SECONDS = 0.8  # for one function
_MAKES_ARRAYS = ("asarray", "asanyarray", "array", "ascontiguousarray", "atleast_1d")
_ONE_AT_A_TIME = threading.RLock()


class Probe(Traced):
    """A traced number in code that expects an array: as a scalar it has the shape () and the dtype float64."""

    __slots__ = ()
    knows_equality = True
    __hash__ = object.__hash__
    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    dtype = np.dtype(np.float64)

    @classmethod
    def number(cls, value: float) -> sp.Expr:
        """The exact number meant by a double; infinities and NaN stand in branches that are not taken."""
        if math.isnan(value):
            return sp.nan
        return meaning(value) if math.isfinite(value) else sp.oo * (1 if value > 0 else -1)

    def astype(self, dtype: Any, **_: Any) -> Probe:
        """The number itself: a formula has no rounding."""
        return self

    def copy(self) -> Probe:
        """A number that can be changed without changing this one."""
        return Probe(self.expr, self.requirements)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func.__name__ in ("empty_like", "full_like", "zeros_like", "ones_like", "copy"):
            fill = {"empty_like": math.nan, "zeros_like": 0, "ones_like": 1}.get(func.__name__)
            fill = fill if fill is not None else self if func.__name__ == "copy" else args[1]
            return Probe.lifted(fill).copy()  # type: ignore[attr-defined]
        if func.__name__ in ("shape", "ndim", "size"):
            return getattr(self, func.__name__)
        if func.__name__ == "result_type":
            return self.dtype
        return super().__array_function__(func, types, args, kwargs)

    def __getitem__(self, chosen: Any) -> Probe:
        if _is_all(chosen):
            return self
        self._mask(chosen)
        return self  # the elements that a mask chooses, which come together with others that it chooses

    def __setitem__(self, chosen: Any, value: Any) -> None:
        if not _is_all(chosen):
            value = traced_call("where", self._mask(chosen), value, self)
        value = self.lifted(value)
        self.expr, self.requirements = value.expr, value.requirements

    def _mask(self, chosen: Any) -> Probe:
        if isinstance(chosen, Probe) and isinstance(chosen.expr, sp.logic.boolalg.Boolean):
            return chosen
        raise UsageError("a traced formula stands for one number, which has no elements to choose from")


def _is_all(chosen: Any) -> bool:
    return chosen is Ellipsis or (isinstance(chosen, tuple) and not chosen)


@dataclass(frozen=True)
class Operation:
    """What one function of a subject computes: `expr` in X and parameters, defined where all `requirements` hold.

    `fixed` are the parameters that kept their values, because the code branches on them.
    """

    expr: sp.Expr
    requirements: tuple[Requirement, ...]
    fixed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Code:
    """The operations of a subject that could be traced; and why each of the others could not."""

    operations: Mapping[str, Operation]
    failures: Mapping[str, str]
    parameters: Mapping[str, Parameter]


def trace_subject(subject: Subject, formula: Formula | None = None) -> Code:
    """The formulas of `subject`, over the parameters of `formula` where it has those of the same name.

    Other parameters are real numbers of which nothing is known. A parameter that is given as an int or a flag keeps its
    value: code may count with it.
    """
    known = {p.name: p for p in formula.parameters} if formula is not None else {}
    parameters = {
        name: known.get(name) or Parameter(name, real.symbol(name), real)
        for name, value in subject.parameters.items()
        if name in known or _is_number(value)
    }
    operations: dict[str, Operation] = {}
    failures: dict[str, str] = {}
    for name in OPERATIONS:
        function = subject.traceable.get(name)
        if function is None:
            if subject.has(name):
                failures[name] = "its code is no numpy-style Python that can be run with symbols"
            continue
        # code with loops of where() grows without end when it is run with symbols
        found = bounded(_attempt, function, subject, parameters, bool(known), seconds=SECONDS)
        if isinstance(found, Operation):
            operations[name] = found
        else:
            error = found or "it takes too long"
            failures[name] = f"it cannot be traced: {' '.join(str(error).split())[:140]}"
    return Code(operations, failures, parameters)


def traced_formula(subject: Subject, domain: Ends | tuple[Any, Any] | None = None) -> Formula | None:
    """The forward map as a formula of its parameters, each any real number; None where it cannot be traced.

    `why_not_traced` then says why. Parameters that the code branches on keep their values in the formula.
    """
    try:
        return _formula(subject, domain)
    except FAULTS:  # of the subject's code, or of what makes formulas
        return None


def why_not_traced(subject: Subject, domain: Ends | tuple[Any, Any] | None = None) -> str:
    """Why `traced_formula` found no formula; empty where it found one."""
    try:
        _formula(subject, domain)
    except FAULTS as error:
        return " ".join(str(error).split())
    return ""


def _formula(subject: Subject, domain: Ends | tuple[Any, Any] | None) -> Formula:
    if subject.event_ndims:
        raise UsageError("it maps events, not single numbers")
    if "forward" not in subject.traceable:
        raise UsageError("its code is no numpy-style Python that can be run with symbols")
    code = trace_subject(subject)
    if "forward" not in code.operations:
        raise UsageError(code.failures["forward"])
    forward = code.operations["forward"]
    expr, parted = _without_equalities(forward.expr)
    if expr.has(sp.nan, sp.oo, -sp.oo, sp.zoo):
        raise UsageError("it computes infinities or NaN in one of its branches")
    ends = (domain.lo, domain.hi) if isinstance(domain, Ends) else domain
    if ends is not None and all(isinstance(e, (int, float)) and math.isinf(e) for e in ends):
        ends = None
    formula = make_formula(expr, domain=ends, constraints=_constraints(subject, code, expr))
    # What the code needs, which sympy may have simplified away: log(exp(x)) is x, but exp(log(x)) needs x > 0.
    names = {s.name: s for s in (formula.variable, *(p.symbol for p in formula.parameters))}
    needs = [_renamed(r, names) for r in (*forward.requirements, *parted)]
    return replace(formula, requirements=tuple(dict.fromkeys(n for n in needs if n is not None)))


def _constraints(subject: Subject, code: Code, expr: sp.Expr) -> dict[str, Constraint]:
    """What the code says of its parameters: where it takes log(scale), scale is meant to be positive."""
    needs = [n for operation in code.operations.values() for n in operation.requirements
             if all(c.free_symbols <= {X} for c in n.under)]  # fmt: skip
    found = {}
    for name, parameter in code.parameters.items():
        intervals = [n.interval for n in needs if n.expr == parameter.symbol]
        held = np.asarray(subject.parameters[name], dtype=float)
        if parameter.symbol not in expr.free_symbols:
            continue
        if any(i.lo == 0 for i in intervals) and np.all(held > 0):
            found[name] = positive
        elif any(i is NONZERO for i in intervals) and np.all(held != 0):
            found[name] = nonzero
    return found


def implied_relations(subject: Subject, code: Code, among_several: bool = False) -> list[sp.Basic]:
    """Relations that code puts on its parameters, of those that hold at their values: log(scale) is for scale > 0.

    With `among_several`, only linear ones between several parameters, such as hi - lo > 0: the order that their names
    mean, which a formula cannot say.
    """
    found: list[sp.Basic] = []
    for operation in code.operations.values():
        for need in operation.requirements:
            symbols = need.expr.free_symbols
            if not symbols or symbols & {X} or not all(c.free_symbols <= {X} for c in need.under):
                continue
            if among_several and (len(symbols) < 2 or any(sp.diff(need.expr, s).free_symbols for s in symbols)):
                continue
            found += _relations(need)
    held = {n: p.symbol for n, p in code.parameters.items() if np.size(subject.parameters[n])}
    return [r for r in dict.fromkeys(found) if r not in (sp.true, sp.false) and _holds(r, subject.parameters, held)]


def _relations(need: Requirement) -> list[sp.Basic]:
    if need.interval is NONZERO:
        return []
    if isinstance(need.expr, sp.Abs):
        return [sp.Ne(need.expr.args[0], 0)]
    ends = ((sp.Gt, need.interval.lo), (sp.Lt, need.interval.hi))
    return [relation(need.expr, end) for relation, end in ends if not end.is_infinite]


def _holds(relation: sp.Basic, values: Mapping[str, Any], held: Mapping[str, sp.Symbol]) -> bool:
    """Whether a relation holds at the values of parameters; for arrays, at all of them."""
    names = [n for n, s in held.items() if s in relation.free_symbols]
    arrays = np.broadcast_arrays(*(np.asarray(values[n], dtype=float) for n in names))
    sets = zip(*(np.ravel(a) for a in arrays), strict=True)
    return all(relation.xreplace({held[n]: meaning(float(v)) for n, v in zip(names, each, strict=True)}) == sp.true
               for each in sets)  # fmt: skip


def _renamed(need: Requirement, names: Mapping[str, sp.Symbol]) -> Requirement | None:
    """A requirement over the symbols of a formula; None if it is about what the formula does not depend on."""
    symbols = need.expr.free_symbols.union(*(c.free_symbols for c in need.under))
    if not need.expr.free_symbols or any(s.name not in names for s in symbols):
        return None
    under = [_without_equalities(c)[0] for c in need.under]
    if sp.false in under:
        return None
    change = {s: names[s.name] for s in symbols}
    under = [c.xreplace(change) for c in under if c != sp.true]
    return Requirement(need.expr.xreplace(change), need.interval, tuple(under))


def _without_equalities(expr: sp.Basic) -> tuple[Any, list[Requirement]]:
    """`expr` away from the points that code treats on their own (`where(x == 0, ...)`), and the parameters' such."""
    needs = [
        Requirement(node.lhs - node.rhs, NONZERO) for node in expr.atoms(sp.Eq, sp.Ne) if not node.has(X)
    ]  # fmt: skip
    expr = expr.replace(lambda e: isinstance(e, sp.Eq), lambda e: sp.false)
    return expr.replace(lambda e: isinstance(e, sp.Ne), lambda e: sp.true), needs


def _attempt(*args: Any) -> Operation | BaseException:
    try:
        return _traced(*args)
    except FAULTS as error:  # whatever a subject's code raises when it is run with symbols
        return error


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, int, np.integer, np.bool_)):
        return False
    return isinstance(value, (float, np.floating)) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def _traced(
    function: Callable[..., Any], subject: Subject, parameters: Mapping[str, Parameter], known: bool
) -> Operation:
    """The function traced with as many parameters as symbols as it can be; `known` if a formula says what they are."""
    held = dict(subject.parameters)
    own = {n: float(np.ravel(held[n])[0]) for n in parameters if n in held and np.size(held[n]) == 1}
    attempts: list[tuple[str, ...]] = [(), *((n,) for n in own if len(own) > 1), tuple(own)]
    problem: BaseException | None = None
    for fixed in attempts:
        values = {n: Probe(parameters[n].symbol) if n in parameters and n not in fixed else v for n, v in held.items()}
        values |= {n: own[n] for n in fixed}
        try:
            expr, requirements = _run(function, values)
        except FAULTS as error:  # as above; another attempt may do better
            problem = problem or error
            continue
        on_half_line = subject.domain is not None and subject.domain.lo >= 0
        counted = (
            []
            if known or on_half_line
            else _whole_exponents(expr, requirements, {parameters[n].symbol: own[n] for n in own if n not in fixed})
        )
        if counted:  # x**n is defined for negative x at n = 3, not at a symbol n
            names = [*fixed, *(s.name for s in counted)]
            expr, requirements = _run(function, values | {n: own[n] for n in names})
            fixed = tuple(names)
        return Operation(expr, requirements, {n: own[n] for n in fixed})
    assert problem is not None
    raise problem


def _whole_exponents(
    expr: sp.Expr, requirements: tuple[Requirement, ...], own: Mapping[sp.Symbol, float]
) -> list[sp.Symbol]:
    """Parameters with whole values in exponents of what may be negative."""
    powers = [p for e in (expr, *(r.expr for r in requirements)) for p in e.atoms(sp.Pow)]
    powers = [p for p in powers if p.base.is_positive is not True and p.base.has(X)]
    return [s for s, value in own.items() if value.is_integer() and any(p.exp.has(s) for p in powers)]


def _run(function: Callable[..., Any], values: Mapping[str, Any]) -> tuple[sp.Expr, tuple[Requirement, ...]]:
    with _arrays_of_symbols(), np.errstate(all="ignore"):
        result = function(Probe(X), **values)
    while isinstance(result, (np.ndarray, list)) and np.size(result) == 1 and not isinstance(result, Probe):
        result = np.asarray(result).item() if isinstance(result, np.ndarray) else result[0]
    if isinstance(result, np.ndarray):
        raise UsageError(f"it returned an array of shape {result.shape} for one number")
    result = Probe.lifted(result)
    if not isinstance(result.expr, sp.Expr):
        raise UsageError(f"it returned {result.expr}, which is no number")
    return result.expr.replace(sp.Piecewise, _flat), result.requirements


def _flat(*pieces: tuple[sp.Expr, Any]) -> sp.Expr:
    """A Piecewise without another one as its last piece, and without pieces that are never reached."""
    found: list[tuple[sp.Expr, Any]] = []
    for value, condition in pieces:
        if condition == sp.true and isinstance(value, sp.Piecewise):
            found.extend(tuple(p) for p in value.args)
        else:
            found.append((value, condition))
    for k in range(len(found)):
        if sp.Or(*(c for _, c in found[: k + 1])) == sp.true:
            return sp.Piecewise(*found[:k], (found[k][0], True))
    return sp.Piecewise(*found)


@contextlib.contextmanager
def _arrays_of_symbols() -> Iterator[None]:
    """Within it `np.asarray(x, dtype=float)` and its like leave a traced number alone, and anything else as ever.

    numpy offers no hook for these functions, with which much code begins.
    """

    def passing(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(value: Any, *args: Any, **kwargs: Any) -> Any:
            return value if isinstance(value, Probe) else make(value, *args, **kwargs)

        return made

    with _ONE_AT_A_TIME:
        originals = {name: getattr(np, name) for name in _MAKES_ARRAYS}
        try:
            for name, make in originals.items():
                setattr(np, name, passing(make))
            yield
        finally:
            for name, make in originals.items():
                setattr(np, name, make)
