"""Python function → expression: the function is called once with symbols that record what is done to them."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import sympy as sp

from symbij.errors import FormulaSyntaxError, UsageError
from symbij.formula.vocabulary import WORDS, Requirement, apply, divide, power, tagged

_UFUNC_NAMES = {"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arcsin": "asin", "arccos": "acos",
                "arctan": "atan", "absolute": "abs", "fabs": "abs", "fmax": "max", "fmin": "min"}  # fmt: skip
_UFUNC_OPERATORS = {
    "add": "__add__", "subtract": "__sub__", "multiply": "__mul__", "divide": "__truediv__",
    "true_divide": "__truediv__",
    "power": "__pow__", "float_power": "__pow__", "negative": "__neg__", "positive": "__pos__", "less": "__lt__",
    "less_equal": "__le__", "greater": "__gt__", "greater_equal": "__ge__", "equal": "__eq__", "not_equal": "__ne__",
    "logical_and": "__and__", "bitwise_and": "__and__", "logical_or": "__or__", "bitwise_or": "__or__",
    "logical_not": "__invert__", "invert": "__invert__",
}  # fmt: skip
# ufuncs of numpy and scipy.special that are no words of formulas, by what they are
_UFUNC_MEANINGS: dict[str, Callable[..., Any]] = {
    "reciprocal": lambda u: 1 / u,
    "exp2": lambda u: 2**u,
    "hypot": lambda u, v: traced_call("sqrt", u * u + v * v),
    "log_expit": lambda u: -traced_call("softplus", -u),
    "xlogy": lambda u, v: u * traced_call("log", v),
    "xlog1py": lambda u, v: u * traced_call("log1p", v),
    "boxcox": lambda u, c: traced_call("expm1_scaled", traced_call("log", u), c),
    "boxcox1p": lambda u, c: traced_call("expm1_scaled", traced_call("log1p", u), c),
    "inv_boxcox": lambda v, c: traced_call("exp", traced_call("log1p_scaled", v, c)),
    "inv_boxcox1p": lambda v, c: traced_call("expm1", traced_call("log1p_scaled", v, c)),
}
_SAME = ("squeeze", "asarray", "copy", "real")  # of numpy's functions: those that leave one number as it is
_OF_ARRAYS = ("shape", "dtype", "ndim", "size")


MAX_SIZE = 5000  # operations of a formula, each repetition counted


@functools.lru_cache(maxsize=10_000)
def _size(expr: sp.Basic) -> int:
    """The number of nodes of an expression. What it shares is counted once only in the time that this takes."""
    return 1 + sum(_size(part) for part in expr.args)


class Traced:
    """A number known only by its formula. Arithmetic, numpy functions and `symbij.functions` extend the formula.

    `requirements` say where the formula is defined; those of a branch of where() hold on that branch only.
    """

    __slots__ = ("expr", "requirements")
    knows_equality = False  # whether where(x == 0, ...) is understood: such points have no neighbours to prove by

    def __init__(self, expr: sp.Basic, requirements: Iterable[Requirement] = ()) -> None:
        self.expr = expr
        self.requirements = tuple(requirements)
        if _size(expr) > MAX_SIZE:
            raise UsageError(f"a formula of more than {MAX_SIZE} operations (a loop?) cannot be traced")

    def _sympy_(self) -> sp.Basic:
        return self.expr

    @classmethod
    def number(cls, value: float) -> sp.Expr:
        """What a number in the code means: the decimal number that it is written as."""
        if not math.isfinite(value):
            raise UsageError(f"a traced formula can be combined with finite real numbers only, got {value!r}")
        return sp.Rational(repr(value))

    @classmethod
    def lifted(cls, value: Any) -> Traced:
        """`value` as a traced number, if it is not one."""
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        return value if isinstance(value, Traced) else cls(cls._expr(value))

    @classmethod
    def _expr(cls, value: Any) -> sp.Basic:
        if isinstance(value, sp.Basic):
            return value
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            return sp.Integer(int(value))
        if isinstance(value, (float, np.floating)):
            return cls.number(float(value))
        number = getattr(value, "value", None)  # a Variable stands for its value
        if isinstance(number, np.ndarray) and number.ndim == 0:
            return cls.number(float(number))
        raise UsageError(
            f"a traced formula can be combined with finite real numbers only, got {type(value).__name__}: {value!r}"
        )

    def _made(self, build: Callable[..., sp.Basic], *operands: Any, numbers: bool = True) -> Traced:
        """`build` of the operands' formulas and a list, to which it may add requirements of its own."""
        values = [self.lifted(v) for v in operands]
        needs = [need for v in values for need in v.requirements]
        expr = build(*(_as_number(v.expr) if numbers else v.expr for v in values), needs)
        return type(self)(expr, dict.fromkeys(needs))

    def __add__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: a + b, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: a - b, self, other)

    def __rsub__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: a - b, other, self)

    def __mul__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: a * b, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Traced:
        return self._made(divide, self, other)

    def __rtruediv__(self, other: Any) -> Traced:
        return self._made(divide, other, self)

    def __pow__(self, other: Any) -> Traced:
        return self._made(power, self, other)

    def __rpow__(self, other: Any) -> Traced:
        return self._made(power, other, self)

    def __neg__(self) -> Traced:
        return self._made(lambda a, _: -a, self)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return self._made(lambda a, _: sp.Abs(a), self)

    def __floor__(self) -> Traced:
        return self._made(lambda a, _: sp.floor(a), self)

    def __lt__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: sp.Lt(a, b), self, other)

    def __le__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: sp.Le(a, b), self, other)

    def __gt__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: sp.Gt(a, b), self, other)

    def __ge__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: sp.Ge(a, b), self, other)

    def __eq__(self, other: Any) -> Any:
        return self._made(lambda a, b, _: sp.Eq(a, b), self, other)

    def __ne__(self, other: Any) -> Any:
        return self._made(lambda a, b, _: sp.Ne(a, b), self, other)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: sp.And(_condition(a), _condition(b)), self, other, numbers=False)

    __rand__ = __and__

    def __or__(self, other: Any) -> Traced:
        return self._made(lambda a, b, _: sp.Or(_condition(a), _condition(b)), self, other, numbers=False)

    __ror__ = __or__

    def __invert__(self) -> Traced:
        return self._made(lambda a, _: sp.Not(_condition(a)), self, numbers=False)

    def __bool__(self) -> bool:
        if self.expr in (sp.true, sp.false):
            return bool(self.expr)
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
        meaning = _UFUNC_MEANINGS.get(ufunc.__name__)
        if operator is not None or meaning is not None:
            first, *rest = (self.lifted(v) for v in inputs)
            return getattr(first, operator)(*rest) if operator is not None else meaning(first, *rest)
        name = _UFUNC_NAMES.get(ufunc.__name__, ufunc.__name__)
        return traced_call(name, *inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = func.__name__
        kwargs = {k: v for k, v in kwargs.items() if k != "dtype"}
        if name == "where" and len(args) == 3 and not kwargs:
            return traced_call("where", *args)
        if name in _SAME:
            return args[0]
        if name == "clip":
            return self._clipped(*args, **kwargs)
        if name in ("zeros_like", "ones_like") and len(args) == 1:
            return self.lifted(1 if name == "ones_like" else 0)
        if name == "full_like" and len(args) == 2:
            return self.lifted(args[1])
        if name == "broadcast_to" and len(args) == 2 and args[1] == ():
            return args[0]
        if name == "select" and len(args) in (2, 3):
            result = args[2] if len(args) == 3 else kwargs.get("default", 0)
            for condition, value in reversed(list(zip(*args[:2], strict=True))):
                result = traced_call("where", self.lifted(condition), value, result)
            return result
        raise UsageError(f"numpy.{name} cannot be traced; use arithmetic, ufuncs or symbij.functions")

    def _clipped(self, u: Any, lo: Any = None, hi: Any = None, **names: Any) -> Any:
        lo, hi = names.pop("a_min", names.pop("min", lo)), names.pop("a_max", names.pop("max", hi))
        if names:
            raise UsageError(f"numpy.clip with {sorted(names)} cannot be traced")
        for name, end in (("max", lo), ("min", hi)):
            # beyond an infinite end there is nothing to cut off
            if end is not None and not (isinstance(end, (float, np.floating)) and math.isinf(end)):
                u = traced_call(name, self.lifted(u), end)
        return u

    def __getattr__(self, name: str) -> Any:
        # numpy applied to an array of objects calls x.exp(), x.log(), ... on each
        name = _UFUNC_NAMES.get(name, name)
        if name in WORDS:
            return lambda: traced_call(name, self)
        if name in _OF_ARRAYS:
            raise AttributeError(f"a traced formula stands for one number: it has no {name}; do without x.{name}")
        raise AttributeError(f"a traced formula has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"Traced({self.expr})"


def _as_number(expr: sp.Basic) -> sp.Basic:
    """A condition counts as 1 where it holds and 0 elsewhere, as in numpy; `Piecewise` chooses the same way."""
    if isinstance(expr, sp.logic.boolalg.Boolean) and not isinstance(expr, sp.Symbol):
        return sp.Piecewise((1, expr), (0, True))
    return expr


def _condition(expr: sp.Basic) -> sp.Basic:
    if isinstance(expr, sp.logic.boolalg.Boolean) and not isinstance(expr, sp.Symbol):
        return expr
    raise UsageError(f"'&', '|' and '~' need comparisons such as x > 0, got {expr}")


def traced_call(name: str, *args: Any) -> Traced:
    """`name(*args)` for arguments of which at least one is traced or symbolic."""
    if name not in WORDS:
        raise UsageError(f"the function '{name}' cannot be traced; known are: {', '.join(sorted(WORDS))}")
    first = next((a for a in args if isinstance(a, Traced)), Traced(sp.S.Zero))
    if name == "where" and len(args) == 3:
        return _chosen(*(first.lifted(a) for a in args))
    return first._made(lambda *parts: apply(name, list(parts[:-1]), parts[-1]), *args)


def _chosen(condition: Traced, yes: Traced, no: Traced) -> Traced:
    """`where`, of which each branch needs to be defined only where it is taken."""
    needs = list(condition.requirements)
    for branch, holds in ((yes, condition.expr), (no, sp.Not(condition.expr))):
        start = len(needs)
        if holds != sp.false:
            needs.extend(branch.requirements)
        if holds != sp.true:
            tagged(needs, start, holds)
    if condition.expr.has(sp.Eq, sp.Ne) and not condition.knows_equality:
        raise UsageError("the condition of where() must be a comparison with <, <=, > or >=, not with == or !=")
    expr = apply("where", [condition.expr, _as_number(yes.expr), _as_number(no.expr)], needs)
    return type(condition)(expr, dict.fromkeys(needs))


def trace(function: Callable[..., Any], symbols: dict[str, sp.Symbol]) -> tuple[sp.Expr, list[Requirement]]:
    """The expression that `function` computes when called with `symbols` as keyword arguments."""
    name = getattr(function, "__name__", "formula")
    requirements: list[Requirement] = []
    try:
        result = function(**{k: Traced(s) for k, s in symbols.items()})
    except (TypeError, AttributeError) as error:
        raise FormulaSyntaxError(f"{name}() cannot be traced to a formula: {error}") from error
    if isinstance(result, Traced):
        requirements = list(result.requirements)
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
