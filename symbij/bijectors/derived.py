"""Bijectors made from formulas: `bijector(...)` and the class that everything it makes derives from."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from symbij.bijectors.base import Bijector
from symbij.bijectors.binding import by_name, fixed, shown
from symbij.bijectors.declaration import (
    Facts,
    Parameter,
    facts_of,
    key_of,
    load_facts,
    load_program,
    parameters_of,
    save_facts,
    save_program,
)
from symbij.bijectors.fused import BoundStage, FusedTransform, program_of
from symbij.bijectors.numeric import numeric
from symbij.bijectors.variable import Variable, value_of
from symbij.errors import ParameterError, UsageError
from symbij.formula.constraints import Vector, with_default
from symbij.kernels.broadcast import broadcast_shape, check_broadcasting
from symbij.kernels.run import Out
from symbij.program.ir import Program

if TYPE_CHECKING:
    from symbij.calculus.derivation import Derivation
    from symbij.formula.formula import Formula


class OnFirstUse:
    """A class attribute that is worked out when first asked for, then kept."""

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self._name, self._make = f"_{name}", make

    def __get__(self, instance: object, owner: type[DerivedBijector]) -> Any:
        found = owner.__dict__.get(self._name)
        if found is None:
            found = self._make(owner)
            setattr(owner, self._name, found)
        return found


def _derive(cls: type[DerivedBijector]) -> Derivation:
    from symbij.calculus.derivation import derive

    return derive(cls.formula)


def _formula(cls: type[DerivedBijector]) -> Formula:
    return cls._declared()


def _facts_of(cls: type[DerivedBijector]) -> Facts:
    found = load_facts(cls._key)
    if found is None:
        found = facts_of(cls.derivation)
        save_facts(cls._key, found)
    return found


class DerivedBijector(Bijector):
    """A bijector whose inverse and log-dets are derived from its formula.

    Parameters are given by position, in the order of the formula with those that have a default last, or by name;
    numbers, arrays or `Variable`s, which broadcast against each other and against x. With `validate_args` (the
    default) their constraints are checked.
    """

    formula: ClassVar[Formula] = OnFirstUse("made_formula", _formula)  # type: ignore[assignment]
    derivation: ClassVar[Derivation] = OnFirstUse("made_derivation", _derive)  # type: ignore[assignment]
    _facts: ClassVar[Facts] = OnFirstUse("made_facts", _facts_of)  # type: ignore[assignment]
    _declared: ClassVar[Callable[[], Formula]]
    _parameter_list: ClassVar[tuple[Parameter, ...]]
    _key: ClassVar[str | None] = None  # under which the disk has what is known of the formula
    _in_library: ClassVar[bool] = False

    def __init__(self, *args: Any, validate_args: bool = True, name: str | None = None, **kwargs: Any) -> None:
        values = self._bound_values(args, kwargs)
        check_broadcasting(type(self).__name__, self._shapes(values))
        super().__init__(
            validate_args=validate_args,
            is_constant_jacobian=self._facts.constant_jacobian,
            name=name or (UNNAMED if type(self).__name__ == UNNAMED else None),
            parameters=values,
        )
        if validate_args:
            self._validate()

    @classmethod
    def _given(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, in order, defaults filled in."""
        return by_name(cls.__name__, cls._parameter_list, args, kwargs)

    @classmethod
    def _check_defaults(cls) -> None:
        """Raise `ParameterError` for a default that its own constraint does not permit."""
        for p in cls._parameter_list:
            if p.default is not None and not isinstance(p.default, Variable):
                p.constraint.check(cls.__name__, p.name, fixed(cls.__name__, p.name, p.default))

    @classmethod
    def _bound_values(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """What is kept of the arguments: variables, and arrays that nobody can change."""
        given = cls._given(args, kwargs)
        return {k: v if isinstance(v, Variable) else fixed(cls.__name__, k, v) for k, v in given.items()}

    @classmethod
    def _shapes(cls, values: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters that broadcast against each other."""
        return {k: v.shape for k, v in values.items()}

    def _check_constraints(self, values: dict[str, np.ndarray]) -> None:
        for p in self._parameter_list:
            p.constraint.check(type(self).__name__, p.name, values[p.name])

    def _validate(self) -> None:
        values = self._values()
        self._check_constraints(values)
        if self._facts.unconditional:
            return
        self._check_domain(values)
        self._check_conditions(values)

    def _check_conditions(self, values: dict[str, np.ndarray]) -> None:
        for relation, reason in self.derivation.conditions:
            holds = np.asarray(numeric(relation, values), dtype=bool)
            if not holds.all():
                from symbij.calculus.render import relation_text

                index = tuple(int(i) for i in np.argwhere(~np.atleast_1d(holds))[0])
                shown = {k: float(np.broadcast_to(v, np.atleast_1d(holds).shape)[index]) for k, v in values.items()}
                raise ParameterError(
                    f"{type(self).__name__}: the condition {relation_text(relation)} fails for {shown}: {reason}"
                )

    def _check_domain(self, values: dict[str, np.ndarray]) -> None:
        domain = self.derivation.domain
        if domain.lo.free_symbols or domain.hi.free_symbols:
            lo, hi = self._support()
            if not np.all(lo < hi):
                raise ParameterError(f"{type(self).__name__}: the domain {domain} is empty for {shown(values)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("_parameters", {}):
            raise UsageError(f"{type(self).__name__}: the parameter '{name}' cannot be changed; make a new bijector")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        parameters = self.__dict__.get("_parameters", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __reduce__(self) -> Any:
        """Pickled by name if the class is the library's, else with its formula, from which the class is made again."""
        cls = type(self)
        made_from = None if cls._in_library else (cls.formula, cls.__doc__, cls.__bases__[0])
        return _restored, (cls.__name__, made_from, self.__getstate__())

    def _children(self) -> list[tuple[str, Any]]:
        return list(self._parameters.items())

    def _stages(self) -> tuple[BoundStage, ...]:
        return (BoundStage(self.derivation, False, self._bound()),)

    def _bound(self) -> tuple[Any, ...]:
        """A value for every parameter of the formula, in its order."""
        return tuple(self._parameters.values())

    def _fused(self) -> FusedTransform:
        found = self.__dict__.get("_cache")
        if found is None:
            found = self._cache = FusedTransform(self.name, self._program, self._bound())
            self._cached_shortcuts = found.shortcuts
        return found

    @classmethod
    def _program(cls, *operation: bool) -> Program:
        found = load_program(cls._key, operation)  # type: ignore[arg-type]
        if found is None:
            found = program_of(((cls.derivation, False),), *operation)
            save_program(cls._key, operation, found)  # type: ignore[arg-type]
        return found

    def _transform(self, x: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self._fused().runner(False, value, log_det)(x, out)

    def _inverse_transform(self, y: np.ndarray, value: bool, log_det: bool, out: Out = None) -> list[np.ndarray]:
        return self._fused().runner(True, value, log_det)(y, out)

    def _values(self) -> dict[str, np.ndarray]:
        return {k: value_of(v) for k, v in self._parameters.items()}

    def _batch_shape(self, event_ndims: int) -> tuple[int, ...]:
        shape = broadcast_shape(self.name, [v.shape for v in self._values().values()])
        return shape[: max(0, len(shape) - event_ndims)]

    def _support(self) -> tuple[np.ndarray, np.ndarray]:
        domain, values = self.derivation.domain, self._values()
        return numeric(domain.lo, values), numeric(domain.hi, values)

    def _range(self) -> tuple[np.ndarray, np.ndarray]:
        codomain, values = self.derivation.codomain, self._values()
        return numeric(codomain.lo, values), numeric(codomain.hi, values)

    def _increasing(self) -> np.ndarray:
        return numeric(self.derivation.sign, self._values()) > 0


UNNAMED = "FormulaBijector"  # what classes of strings are called that get no name
_ARGUMENTS = ("name", "domain", "assume_bijective", "many_to_one")  # of `bijector`, beside the constraints


def bijector(
    formula: Any = None,
    *,
    name: str | None = None,
    domain: Any = None,
    assume_bijective: bool = False,
    many_to_one: bool = False,
    **constraints: Any,
) -> Any:
    """A `Bijector` class from one forward formula.

    `formula` is a string ("(a*x + b)**3", with x the variable and every other name a parameter), a sympy expression, or
    a Python function of the variable and the parameters, which is traced (use as a decorator: annotations are
    constraints, defaults are defaults). `domain=(lo, hi)` restricts x; ends are numbers, "oo", or formulas of the
    parameters. Keyword arguments constrain parameters: `a=sb.nonzero`, or with a default value
    `a=(sb.nonzero, 2.0)`; those of which nothing is said are `sb.real`.
    `w=sb.vector(sb.positive)` makes a parameter a vector, over whose components sum(...) in the string adds up (see
    `VectorBijector`). Where symbij finds neither a proof nor a counterexample, `assume_bijective=True` takes your word
    for it: the derivation then says "assumed", and the inverse is found numerically.

    With `many_to_one` the formula may take several inputs to one output: the class is then a `ManyToOneBijector`, whose
    `inverse` returns all of them.

    Raises `FormulaSyntaxError` if the formula cannot be read, `NotBijectiveError` if it is not one-to-one or no proof
    is found, `DomainError` if it is not defined on the domain.
    """
    if formula is None:

        def decorate(function: Callable[..., Any]) -> type[DerivedBijector]:
            return bijector(
                function, name=name, domain=domain, many_to_one=many_to_one, assume_bijective=assume_bijective,
                **constraints,
            )  # fmt: skip

        return decorate
    _check_arguments(name, assume_bijective=assume_bijective, many_to_one=many_to_one)
    own = getattr(formula, "__name__", "")
    title = name or (own if own.isidentifier() and not keyword.iskeyword(own) else UNNAMED)
    doc = inspect.getdoc(formula) if inspect.isfunction(formula) else None
    plain, defaults = {}, {}
    for parameter, given in constraints.items():
        plain[parameter], defaults[parameter] = with_default(given)
    if any(isinstance(c, Vector) for c in plain.values()):
        from symbij.bijectors.vector import vector_bijector

        if many_to_one:
            raise UsageError("many_to_one=True: a map with vector parameters must be one-to-one")
        return vector_bijector(formula, title, domain, assume_bijective, constraints, _ARGUMENTS)
    last = [n for n, value in defaults.items() if value is not None]
    key = key_of(formula, domain, plain)
    if key is not None and last:
        key += f" with defaults for {sorted(last)}"  # whose values are no part of what is kept
    if key is not None and assume_bijective:
        key += " assumed"
    base: type[DerivedBijector] = DerivedBijector
    if many_to_one:
        from symbij.bijectors.many_to_one import ManyToOneBijector

        base = ManyToOneBijector
        key = None if key is None else f"many-to-one {key}"

    def made() -> Formula:
        from symbij.formula.formula import make_formula

        return make_formula(
            formula, domain=domain, constraints=constraints, assumed=assume_bijective, keywords=_ARGUMENTS
        )

    facts = load_facts(key)
    if facts is not None:  # derived before
        parameters = tuple(replace(p, default=defaults.get(p.name)) for p in facts.parameters)
        cls = declare_parts(made, facts.text, parameters, title, doc, base)
        cls._made_facts = facts  # type: ignore[attr-defined]
    else:
        cls = declare(made(), title, doc, base)
        cls._key = key
        _ = cls._facts  # refuses at once what is not one-to-one
    cls._key = key
    cls._check_defaults()
    return cls


def _check_arguments(name: object, **switches: object) -> None:
    if name is not None and not (isinstance(name, str) and name.strip() and name.isprintable()):
        raise UsageError(f"name must be a string that can be printed, got {name!r}")
    for key, value in switches.items():
        if not isinstance(value, (bool, np.bool_)):
            raise UsageError(f"{key} must be True or False, got {value!r}")


# Attributes that instances have beside those of the class, and arguments of the constructor.
_RESERVED = {"self", "validate_args", "name", "dtype", "formula", "graph_parents", "is_constant_jacobian",
             "forward_min_event_ndims", "inverse_min_event_ndims"}  # fmt: skip


def declare(
    formula: Formula, name: str, doc: str | None = None, base: type[DerivedBijector] = DerivedBijector
) -> type[DerivedBijector]:
    """A class for `formula` whose derivation is worked out on first use."""
    text = formula.text or str(formula.expr)
    return declare_parts(lambda: formula, text, parameters_of(formula), name, doc, base)


def declare_parts(
    declared: Callable[[], Formula],
    text: str,
    parameters: tuple[Parameter, ...],
    name: str,
    doc: str | None,
    base: type[DerivedBijector] = DerivedBijector,
) -> type[DerivedBijector]:
    """A class for the formula that `declared` makes when it is first needed."""
    for parameter in (p.name for p in parameters):
        if parameter in dir(base) or parameter in _RESERVED:
            raise ParameterError(f"'{parameter}' cannot be the name of a parameter: every bijector has that attribute")
    signature = inspect.Signature(
        [
            inspect.Parameter(
                p.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=p.default if p.default is not None else inspect.Parameter.empty,
            )
            for p in sorted(parameters, key=lambda p: p.default is not None)
        ]
        + [inspect.Parameter("validate_args", inspect.Parameter.KEYWORD_ONLY, default=True)]
        + [inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None)]
    )
    listed = "".join(f"\n    {p.name}: {p.describe()}" for p in parameters)
    body = {
        "_declared": staticmethod(declared),
        "_parameter_list": parameters,
        "__signature__": signature,
        "__doc__": doc or f"y = {text}" + (f"\n\nParameters:{listed}" if listed else ""),
        "__module__": "symbij.bijectors",
    }
    return type(name, (base,), body)


def _restored(
    name: str, made_from: tuple[Formula, str, type[DerivedBijector]] | None, state: dict[str, Any]
) -> DerivedBijector:
    """The instance behind a pickle. Instances of one formula share one class, as they did before."""
    if made_from is None:
        from symbij.bijectors import library

        cls = library.ALL[name]
    else:
        formula, doc, base = made_from
        limits = [(p.name, p.constraint, p.default) for p in formula.parameters]
        key = repr((name, base, formula.text, formula.expr, formula.domain, limits))
        if key not in _RESTORED:
            _RESTORED[key] = declare(formula, name, doc, base)
        cls = _RESTORED[key]
    instance = object.__new__(cls)
    instance.__dict__.update(state)
    return instance


_RESTORED: dict[str, type[DerivedBijector]] = {}
