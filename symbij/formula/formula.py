"""`Formula`: one forward map with its variable, its parameters and the set on which it is meant."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from symbij.errors import DomainError, FormulaSyntaxError, ParameterError
from symbij.formula.constraints import Constraint, as_constraint, component_names, real, with_default
from symbij.formula.hints import not_a_parameter, why_no_name
from symbij.formula.infinity import infinite
from symbij.formula.interval import Interval
from symbij.formula.parser import Vectors, names_in, parse
from symbij.formula.printing import text_of
from symbij.formula.splines import Spline
from symbij.formula.tracer import Traced, signature_of, trace
from symbij.formula.vocabulary import KNOWN_FUNCTIONS, NONZERO, Requirement, check_real, divide, power, tagged


@dataclass(frozen=True)
class Parameter:
    """A parameter of a formula: its symbol carries what the constraint lets sympy assume."""

    name: str
    symbol: sp.Symbol
    constraint: Constraint
    default: Any = None


@dataclass(frozen=True)
class Formula:
    """`text` as the user wrote it, `expr` its meaning, `domain` the interval the user asked for, if any."""

    text: str
    expr: sp.Expr
    variable: sp.Symbol
    parameters: tuple[Parameter, ...]
    requirements: tuple[Requirement, ...]
    domain: Interval | None = None
    assumed: bool = False  # whether the user vouches for it where no proof is found

    @property
    def bounds(self) -> dict[sp.Symbol, tuple[float, float]]:
        """Numeric bounds that the constraints put on the parameters."""
        return {p.symbol: (p.constraint.lo, p.constraint.hi) for p in self.parameters}

    @property
    def bounds_with_domain(self) -> dict[sp.Expr, tuple[float, float]]:
        """The same, and that of the width of a given domain: it is not empty, which binding parameters checks."""
        width = sp.S.Zero if self.domain is None else self.domain.hi - self.domain.lo
        return {**self.bounds, **({width: (0.0, math.inf)} if width.free_symbols and not width.is_infinite else {})}


def make_formula(
    source: str | sp.Expr | Callable[..., Any],
    *,
    domain: tuple[Any, Any] | Constraint | None = None,
    constraints: dict[str, Any] | None = None,
    order: tuple[str, ...] = (),
    assumed: bool = False,
    vectors: dict[str, int] | None = None,
    keywords: tuple[str, ...] = (),
) -> Formula:
    """The `Formula` meant by a string, a sympy expression, or a Python function of the variable and parameters.

    A constraint may be a pair (constraint, default). Parameters stand in the order of the formula, but for those that
    `order` puts first, and those with a default, which stand last. `keywords` are other arguments that the caller takes
    by name, which an unknown constraint may be meant for. `vectors` are those names in a
    string that stand for vectors, with their numbers of components: each component is a parameter (`component_names`).
    """
    if isinstance(source, Traced):
        source = source.expr  # type: ignore[assignment]
    constraints = dict(constraints or {})
    defaults: dict[str, Any] = {}
    variable_name = "x"
    if isinstance(source, str):
        names = [n for n in names_in(source) if n != "x"]
        names = _with_components(names, vectors or {})
        text = source.strip()
    elif isinstance(source, sp.Expr):
        names = sorted(s.name for s in source.free_symbols if s.name != "x")
        text = text_of(source)
    elif callable(source) and not isinstance(source, np.ufunc):
        variable_name, annotations, defaults = signature_of(source)
        names = list(annotations)
        for name, annotation in annotations.items():
            if annotation is not None:
                constraints.setdefault(name, annotation)
        text = ""
    else:
        raise FormulaSyntaxError(
            f"a formula is a string, a sympy expression or a function, got {type(source).__name__}"
        )
    for name, given in constraints.items():
        if name not in names:
            raise not_a_parameter(name, names, keywords)
        constraints[name], default = with_default(given)
        if default is not None:
            defaults[name] = default
    names.sort(key=lambda n: (defaults.get(n) is not None, order.index(n) if n in order else len(order)))
    parameters = tuple(
        _parameter(name, as_constraint(name, constraints.get(name, real)), defaults.get(name)) for name in names
    )
    variable = sp.Symbol(variable_name, real=True)
    symbols = {variable_name: variable} | {p.name: p.symbol for p in parameters}
    components = {n: tuple(symbols[c] for c in component_names(n, k)) for n, k in (vectors or {}).items()}
    if isinstance(source, str):
        expr, requirements = parse(source, symbols, vectors=components)
    elif isinstance(source, sp.Expr):
        expr = source.xreplace({s: symbols[s.name] for s in source.free_symbols})
        expr, requirements = _rebuilt(expr)
        check_real(expr)
    else:
        expr, requirements = trace(source, symbols)
        check_real(expr)
        text = text_of(expr)
    if variable not in expr.free_symbols:
        other = [n for n in names if n.lower() == variable_name.lower()]
        hint = f"; names are case-sensitive, so that '{other[0]}' is a parameter" if other else ""
        raise FormulaSyntaxError(f"the formula does not depend on its variable '{variable_name}'{hint}", text, None)
    where = make_domain(domain, symbols, variable, components)
    return Formula(text, expr, variable, parameters, tuple(requirements), where, assumed)


def _with_components(names: list[str], vectors: dict[str, int]) -> list[str]:
    """Names of parameters, those of vectors replaced by those of their components."""
    found = [part for n in names for part in (component_names(n, vectors[n]) if n in vectors else (n,))]
    twice = [n for n in names if found.count(n) > 1]
    if twice:
        raise ParameterError(f"'{twice[0]}' is both a parameter and the name of a component of a vector; rename one")
    return found


def _parameter(name: str, constraint: Constraint, default: Any) -> Parameter:
    if reason := why_no_name(name):
        raise FormulaSyntaxError(f"'{name}' cannot be the name of a parameter: {reason}")
    return Parameter(name, constraint.symbol(name), constraint, default)


def make_domain(
    domain: tuple[Any, Any] | Constraint | None,
    symbols: dict[str, sp.Symbol],
    variable: sp.Symbol,
    vectors: Vectors | None = None,
) -> Interval | None:
    """The interval meant by `domain=`: a pair of numbers, infinities or formulas of the parameters, or a constraint."""
    if domain is None:
        return None
    if isinstance(domain, Constraint):
        if domain.exclude_zero:
            raise DomainError("domain=nonzero is not one interval; choose positive or negative")
        domain = (domain.lo, domain.hi)
    if isinstance(domain, np.ndarray) and domain.ndim == 1:
        domain = tuple(domain.tolist())
    if not isinstance(domain, (tuple, list)) or len(domain) != 2:
        raise DomainError(f"domain must be a pair (lo, hi) or a constraint such as sb.positive, got {domain!r}")
    lo, hi = (_domain_end(end, symbols, variable, vectors) for end in domain)
    if lo.is_number and hi.is_number and not bool(lo < hi):
        raise DomainError(f"domain must have lo < hi, got ({text_of(lo)}, {text_of(hi)})")
    return Interval(lo, hi, lo_open=False, hi_open=False)


def _domain_end(end: Any, symbols: dict[str, sp.Symbol], variable: sp.Symbol, vectors: Vectors | None) -> sp.Expr:
    endless = infinite(end)
    if endless is not None:
        return sp.oo if endless > 0 else -sp.oo
    allowed = {name: s for name, s in symbols.items() if s != variable}
    if isinstance(end, str):
        try:
            return parse(end, allowed, vectors=vectors)[0]
        except FormulaSyntaxError as error:
            problem = f"an end of the domain: {error.problem}; {_permitted_ends(allowed)}"
            raise FormulaSyntaxError(problem, error.text, error.column) from None
    if isinstance(end, sp.Expr):
        unknown = sorted(s.name for s in end.free_symbols if s.name not in allowed)
        if unknown:
            raise DomainError(f"an end of the domain: unknown name '{unknown[0]}'; {_permitted_ends(allowed)}")
        return end.xreplace({s: allowed[s.name] for s in end.free_symbols})
    try:
        value = float(end)
    except (TypeError, ValueError):
        raise DomainError(f"an end of the domain must be a number, 'oo' or a formula, got {end!r}") from None
    if math.isnan(value):
        raise DomainError("an end of the domain is NaN")
    if math.isinf(value):
        return sp.oo if value > 0 else -sp.oo
    return sp.Integer(int(value)) if value.is_integer() else sp.Rational(repr(value))


def _permitted_ends(allowed: dict[str, sp.Symbol]) -> str:
    return f"ends are numbers, 'oo' or formulas of the parameters ({', '.join(allowed) or 'none'})"


def _rebuilt(expr: sp.Expr) -> tuple[sp.Expr, list[Requirement]]:
    """A sympy expression over our real symbols, with the requirements of its parts collected."""
    requirements: list[Requirement] = []
    expr = expr.replace(lambda e: e.is_Float, lambda e: sp.Rational(str(e)))
    for node in expr.atoms(sp.Function):
        if type(node) not in KNOWN_FUNCTIONS and not isinstance(node, Spline):
            raise FormulaSyntaxError(f"the function {node.func.__name__} is not known to symbij", str(expr), None)
    _collect(expr, requirements)
    return expr, [r for r in requirements if r.interval is NONZERO or r.expr.free_symbols]


def _collect(node: sp.Basic, requirements: list[Requirement]) -> None:
    """What the parts of an expression need, those of a Piecewise only where they are meant."""
    if isinstance(node, sp.Piecewise):
        before: list[sp.Basic] = []
        for value, condition in node.args:
            start = len(requirements)
            _collect(value, requirements)
            for known in (*before, *(() if condition == sp.true else (condition,))):
                tagged(requirements, start, known)
            before.append(sp.Not(condition))
        return
    if isinstance(node, sp.Pow):
        base, exponent = node.args
        if exponent == -1:
            divide(sp.Integer(1), base, requirements)
        else:
            power(base, exponent, requirements)
    elif isinstance(node, sp.log):
        requirements.append(Requirement(node.args[0], Interval(0, sp.oo)))
    for arg in node.args:
        _collect(arg, requirements)
