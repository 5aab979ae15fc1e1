"""Python function → expression: the function is called once with symbols that record what is done to them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from symbij.errors import FormulaSyntaxError, UsageError
from symbij.formula.vocabulary import WORDS, Requirement, apply, divide, power

_UFUNC_NAMES = {"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arcsin": "asin", "arccos": "acos",
                "arctan": "atan", "absolute": "abs", "fabs": "abs"}  # fmt: skip
_UFUNC_OPERATORS = {
    "add": "__add__", "subtract": "__sub__", "multiply": "__mul__", "divide": "__truediv__",
    "true_divide": "__truediv__",
    "power": "__pow__", "float_power": "__pow__", "negative": "__neg__", "positive": "__pos__", "less": "__lt__",
    "less_equal": "__le__", "greater": "__gt__", "greater_equal": "__ge__",
}  # fmt: skip


class Traced:
    """A number known only by its formula. Arithmetic, numpy functions and `symbij.functions` extend the formula."""

    __slots__ = ("expr", "requirements")

    def __init__(self, expr: sp.Basic, requirements: list[Requirement]) -> None:
        self.expr = expr
        self.requirements = requirements

    def _sympy_(self) -> sp.Basic:
        return self.expr

    def _new(self, expr: sp.Basic) -> Traced:
        return Traced(expr, self.requirements)

    def __add__(self, other: Any) -> Traced:
        return self._new(self.expr + _expr(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Traced:
        return self._new(self.expr - _expr(other))

    def __rsub__(self, other: Any) -> Traced:
        return self._new(_expr(other) - self.expr)

    def __mul__(self, other: Any) -> Traced:
        return self._new(self.expr * _expr(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Traced:
        return self._new(divide(self.expr, _expr(other), self.requirements))

    def __rtruediv__(self, other: Any) -> Traced:
        return self._new(divide(_expr(other), self.expr, self.requirements))

    def __pow__(self, other: Any) -> Traced:
        return self._new(power(self.expr, _expr(other), self.requirements))

    def __rpow__(self, other: Any) -> Traced:
        return self._new(power(_expr(other), self.expr, self.requirements))

    def __neg__(self) -> Traced:
        return self._new(-self.expr)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return self._new(sp.Abs(self.expr))

    def __floor__(self) -> Traced:
        return self._new(sp.floor(self.expr))

    def __lt__(self, other: Any) -> Traced:
        return self._new(sp.Lt(self.expr, _expr(other)))

    def __le__(self, other: Any) -> Traced:
        return self._new(sp.Le(self.expr, _expr(other)))

    def __gt__(self, other: Any) -> Traced:
        return self._new(sp.Gt(self.expr, _expr(other)))

    def __ge__(self, other: Any) -> Traced:
        return self._new(sp.Ge(self.expr, _expr(other)))

    def __bool__(self) -> bool:
        raise UsageError(
            "a traced formula cannot branch on a value with 'if', 'and', 'or' or chained comparisons; "
            "use symbij.functions.where(condition, a, b)"
        )

    def __float__(self) -> float:
        raise UsageError(
            "a traced formula has no numeric value: functions of the math module cannot be used in it; "
            "use numpy's (np.exp) or symbij.functions"
        )

    __int__ = __float__  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise UsageError(f"numpy.{ufunc.__name__}.{method} with {sorted(kwargs)} cannot be traced")
        operator = _UFUNC_OPERATORS.get(ufunc.__name__)
        if operator is not None:
            first, *rest = (v if isinstance(v, Traced) else self._new(_expr(v)) for v in inputs)
            return getattr(first, operator)(*rest)
        name = _UFUNC_NAMES.get(ufunc.__name__, ufunc.__name__)
        return traced_call(name, *inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func.__name__ == "where" and len(args) == 3:
            return traced_call("where", *args)
        if func.__name__ in ("squeeze", "asarray"):
            return args[0]
        raise UsageError(f"numpy.{func.__name__} cannot be traced; use arithmetic, ufuncs or symbij.functions")

    def __getattr__(self, name: str) -> Any:
        # numpy applied to an array of objects calls x.exp(), x.log(), ... on each
        name = _UFUNC_NAMES.get(name, name)
        if name in WORDS:
            return lambda: traced_call(name, self)
        raise AttributeError(f"a traced formula has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"Traced({self.expr})"


def _expr(value: Any) -> sp.Basic:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, Traced):
        return value.expr
    if isinstance(value, sp.Basic):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return sp.Integer(int(value))
    if isinstance(value, (float, np.floating)) and math.isfinite(value):
        return sp.Rational(repr(float(value)))
    number = getattr(value, "value", None)  # a Variable stands for its value
    if isinstance(number, np.ndarray) and number.ndim == 0:
        return sp.Rational(repr(float(number)))
    raise UsageError(
        f"a traced formula can be combined with finite real numbers only, got {type(value).__name__}: {value!r}"
    )


def traced_call(name: str, *args: Any) -> Traced:
    """`name(*args)` for arguments of which at least one is traced or symbolic."""
    if name not in WORDS:
        raise UsageError(f"the function '{name}' cannot be traced; known are: {', '.join(sorted(WORDS))}")
    requirements = next((a.requirements for a in args if isinstance(a, Traced)), [])
    return Traced(apply(name, [_expr(a) for a in args], requirements), requirements)


def trace(function: Callable[..., Any], symbols: dict[str, sp.Symbol]) -> tuple[sp.Expr, list[Requirement]]:
    """The expression that `function` computes when called with `symbols` as keyword arguments."""
    requirements: list[Requirement] = []
    name = getattr(function, "__name__", "formula")
    try:
        result = function(**{k: Traced(s, requirements) for k, s in symbols.items()})
    except (TypeError, AttributeError) as error:
        raise FormulaSyntaxError(f"{name}() cannot be traced to a formula: {error}") from error
    if isinstance(result, Traced):
        result = result.expr
    if isinstance(result, (int, float)):
        raise FormulaSyntaxError(f"{name}() returned the constant {result!r}; it must depend on its first argument")
    if not isinstance(result, sp.Expr):
        raise FormulaSyntaxError(f"{name}() must return one expression, got {type(result).__name__}")
    return result, requirements


def signature_of(function: Callable[..., Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Variable name, annotations and defaults of the parameters of a formula written as a function."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise FormulaSyntaxError(f"{function!r} cannot be traced: it has no signature") from None
    if not parameters:
        raise FormulaSyntaxError(f"{function.__name__}() needs at least one argument: the variable")
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise FormulaSyntaxError(f"{function.__name__}() must name its parameters; *args and **kwargs cannot be traced")
    try:
        hints = inspect.get_annotations(function, eval_str=True)
    except NameError as error:
        raise FormulaSyntaxError(f"{function.__name__}(): an annotation cannot be resolved: {error}") from None
    variable, *rest = parameters
    annotations = {p.name: hints.get(p.name) for p in rest}
    defaults = {p.name: p.default for p in rest if p.default is not p.empty}
    return variable.name, annotations, defaults
