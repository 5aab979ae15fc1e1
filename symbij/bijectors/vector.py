"""Bijectors with vector parameters: a family of formulas, one for each number of components."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from symbij.bijectors.base import _short
from symbij.bijectors.binding import fixed
from symbij.bijectors.declaration import Parameter
from symbij.bijectors.derived import DerivedBijector, declare_parts
from symbij.bijectors.variable import Pick, Variable, value_of
from symbij.errors import FormulaSyntaxError, ParameterError, UsageError
from symbij.formula.constraints import Vector, as_constraint, component_names, real, with_default

if TYPE_CHECKING:
    from symbij.formula.formula import Formula

MAX_SIZE = 256


@dataclass(frozen=True)
class VectorParameter(Parameter):
    """A vector parameter as users see it: n + `offset` components for the size n of the bijector."""

    offset: int = 0

    def describe(self) -> str:
        """How many components it has, and what values they may take, in words."""
        count = "n" if not self.offset else f"n {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        return f"an array of shape (..., {count}), {self.constraint.describe()}"


@dataclass(frozen=True)
class Family:
    """What makes the formula of each size: text in which sum(...) goes over vectors, or a function from the size to
    text in which the components of `w` are called w_0, w_1, ..."""

    source: str | Callable[[int], str]
    domain: Any
    parameters: tuple[Parameter, ...]
    assumed: bool = False

    def text(self, size: int) -> str:
        """The formula for `size`."""
        return self.source if isinstance(self.source, str) else self.source(size)

    def counts(self, size: int) -> dict[str, int]:
        """The number of components of each vector."""
        return {p.name: size + p.offset for p in self.parameters if isinstance(p, VectorParameter)}

    def names(self, size: int) -> dict[str, tuple[str, ...]]:
        """For each parameter the names of the formula's parameters that it stands for."""
        counts = self.counts(size)
        return {
            p.name: component_names(p.name, counts[p.name]) if p.name in counts else (p.name,) for p in self.parameters
        }

    def formula(self, size: int) -> Formula:
        """The formula of `size`, parsed."""
        from symbij.formula.formula import make_formula

        names = self.names(size)
        constraints = {n: p.constraint for p in self.parameters for n in names[p.name]}
        return make_formula(
            self.text(size),
            domain=self.domain,
            constraints=constraints,
            order=tuple(constraints),
            assumed=self.assumed,
            vectors=self.counts(size) if isinstance(self.source, str) else None,
        )

    def key(self, size: int) -> str | None:
        """What identifies the formula of `size` on disk."""
        ends = self.domain if isinstance(self.domain, tuple) else ()
        if not all(isinstance(end, (str, int, float)) for end in ends):
            return None
        listed = [(p.name, repr(p.constraint), getattr(p, "offset", None)) for p in self.parameters]
        return f"vector declaration {(self.text(size), repr(self.domain), listed, size, self.assumed)!r}"


class VectorBijector(DerivedBijector):
    """y = f(x) for a formula with vector parameters: sb.bijector("sum(w*tanh(x - m))", w=sb.vector(sb.positive), ...).

    A vector is given as an array of shape (..., n), whose leading axes broadcast against x and the other parameters; as
    a `Variable` of such a shape; or as a list of n components, where one that is an array or a `Variable` is a
    component that varies by itself. Lists of numbers are read as numpy reads them. The class is a family: an instance's
    class is its member `of_size(n)`, whose `derivation` can be read.

    Raises `ParameterError` for vectors whose numbers of components do not go together.
    """

    _family: ClassVar[Family]
    _size: ClassVar[int | None] = None
    _sizes: ClassVar[dict[int, type[VectorBijector]]]

    def __new__(cls, *args: Any, validate_args: bool = True, name: str | None = None, **kwargs: Any) -> Any:
        if cls._size is None:
            cls = cls.of_size(cls._size_of(cls._bound_values(args, kwargs)))
        return super().__new__(cls)

    @classmethod
    def of_size(cls, size: int) -> type[VectorBijector]:
        """The class for vectors of `size` components (and their offset)."""
        if cls._size is not None:
            return cls.__base__.of_size(size)  # type: ignore[union-attr]
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
            raise ParameterError(f"{cls.__name__}.of_size needs a whole number, got {size!r}")
        least = max([1, *(-count for count in cls._family.counts(0).values())])
        if not least <= size <= MAX_SIZE:
            raise ParameterError(f"{cls.__name__} has from {least} to {MAX_SIZE} components, not {size}")
        found = cls._sizes.get(int(size))
        return found if found is not None else cls._sizes.setdefault(int(size), _sized(cls, int(size)))

    @classmethod
    def _bound_values(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        values = {}
        for p, value in zip(cls._parameter_list, cls._given(args, kwargs).values(), strict=True):
            if isinstance(p, VectorParameter):
                values[p.name] = _vector(cls.__name__, p.name, value)
            else:
                values[p.name] = value if isinstance(value, Variable) else fixed(cls.__name__, p.name, value)
        found = cls._size_of(values)
        if cls._size not in (None, found):
            raise ParameterError(f"{cls.__name__}.of_size({cls._size}) was given parameters of size {found}")
        return values

    @classmethod
    def _shapes(cls, values: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        vectors = cls._family.counts(0)
        known = {k: v for k, v in values.items() if not isinstance(v, tuple)}
        return {k: v.shape[:-1] if k in vectors else v.shape for k, v in known.items()}

    @classmethod
    def _size_of(cls, values: dict[str, Any]) -> int:
        offsets = cls._family.counts(0)
        counts = {name: _count(values[name]) for name in offsets}
        first, count = next(iter(counts.items()))
        for other, found in counts.items():
            wanted = count - offsets[first] + offsets[other]
            if found != wanted:
                raise ParameterError(
                    f"{cls.__name__}: '{first}' has {count} component(s), so that '{other}' must have {wanted}; "
                    f"it has {found}"
                )
        return count - offsets[first]

    def _check_constraints(self, values: dict[str, np.ndarray]) -> None:
        names = self._names()
        for p in self._parameter_list:
            for k, component in enumerate(names[p.name]):
                label = f"{p.name}[..., {k}]" if isinstance(p, VectorParameter) else p.name
                p.constraint.check(type(self).__name__, label, values[component])

    def _names(self) -> dict[str, tuple[str, ...]]:
        return self._family.names(self._size)  # type: ignore[arg-type]

    def _bound(self) -> tuple[Any, ...]:
        bound: list[Any] = []
        for p in self._parameter_list:
            value = self._parameters[p.name]
            bound += _components(value) if isinstance(p, VectorParameter) else (value,)
        return tuple(bound)

    def _values(self) -> dict[str, np.ndarray]:
        names = [n for group in self._names().values() for n in group]
        return {n: value_of(v) for n, v in zip(names, self._bound(), strict=True)}

    def __reduce__(self) -> Any:
        """Pickled by name and size if the class is the library's, else with the family's declaration."""
        cls = type(self)
        made_from = None if cls._in_library else (cls._family, cls.__doc__)
        return _restored, (cls.__name__, made_from, cls._size, self.__getstate__())

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={_shown(v)}" for k, v in self._parameters.items())
        return f"{type(self).__name__}({shown})"


def declare_family(family: Family, name: str, text: str, doc: str | None = None) -> type[VectorBijector]:
    """A class for a family of formulas, described by `text`, none of which is parsed before it is used."""

    def declared() -> Formula:
        raise UsageError(
            f"{name} has a formula for each number of components: ask an instance, or {name}.of_size(n), for it"
        )

    cls: Any = declare_parts(declared, text, family.parameters, name, doc, VectorBijector)
    cls._family, cls._sizes = family, {}
    return cls


def vector_bijector(
    formula: Any, name: str, domain: Any, assumed: bool, constraints: dict[str, Any], keywords: tuple[str, ...] = ()
) -> type[VectorBijector]:
    """The class behind `bijector` where some parameters are vectors. The formula of the smallest size with two
    components and more is derived at once, so that what is wrong with it is said where it is declared."""
    from symbij.formula.hints import not_a_parameter
    from symbij.formula.parser import names_in

    if not isinstance(formula, str):
        raise FormulaSyntaxError(
            f'vector parameters need a formula in text, such as "sum(w*tanh(x))", got {type(formula).__name__}'
        )
    names = [n for n in names_in(formula) if n != "x"]
    unknown = [n for n in constraints if n not in names]
    if unknown:
        raise not_a_parameter(unknown[0], names, keywords)
    listed = [vector_or_scalar(n, *with_default(constraints.get(n, real))) for n in names]
    limits = isinstance(domain, (tuple, list))
    family = Family(
        formula.strip(),
        tuple(domain) if limits else domain,
        tuple(sorted(listed, key=lambda p: p.default is not None)),
        assumed,
    )
    cls = declare_family(family, name, family.text(2))
    cls.of_size(max([2, *(1 - offset for offset in family.counts(0).values())]))._facts  # noqa: B018
    cls._check_defaults()
    return cls


def vector_or_scalar(name: str, constraint: Any, default: Any = None) -> Parameter:
    """A parameter declared by its constraint, or by that of its components."""
    if isinstance(constraint, Vector):
        return VectorParameter(name, constraint.constraint, default, constraint.offset)
    return Parameter(name, as_constraint(name, constraint), default)


def _sized(family: type[VectorBijector], size: int) -> type[VectorBijector]:
    """The member of a family for one size."""
    body = {
        "_declared": staticmethod(functools.partial(family._family.formula, size)),
        "_key": family._family.key(size),
        "_size": size,
        "__doc__": family.__doc__,
        "__module__": family.__module__,
    }
    return type(family.__name__, (family,), body)


def _vector(owner: str, name: str, value: Any) -> Any:
    """What is kept of a vector: a variable, an array, or a tuple of components if there are variables among them."""
    if isinstance(value, Variable):
        kept: Any = value
    elif isinstance(value, (list, tuple)) and any(isinstance(v, (Variable, np.ndarray)) for v in value):
        kept = tuple(v if isinstance(v, Variable) else fixed(owner, f"{name}[{k}]", v) for k, v in enumerate(value))
        if not any(isinstance(v, Variable) for v in kept):
            try:
                kept = fixed(owner, name, np.stack(np.broadcast_arrays(*kept), axis=-1))
            except ValueError:
                shapes = ", ".join(str(v.shape) for v in kept)
                raise ParameterError(f"{owner}: the components of '{name}' do not broadcast: {shapes}") from None
    else:
        kept = fixed(owner, name, value)
    if not isinstance(kept, tuple) and not kept.shape:
        raise ParameterError(f"{owner}: '{name}' is a vector and needs an axis of components, got {value!r}")
    return kept


def _count(value: Any) -> int:
    return len(value) if isinstance(value, tuple) else value.shape[-1]


def _components(value: Any) -> tuple[Any, ...]:
    """The components of what `_vector` keeps."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, Variable):
        return tuple(Pick(value, k) for k in range(value.shape[-1]))
    return tuple(value[..., k] for k in range(value.shape[-1]))


def _shown(value: Any) -> str:
    return "[" + ", ".join(_short(v) for v in value) + "]" if isinstance(value, tuple) else _short(value)


def _restored(name: str, made_from: tuple[Family, str] | None, size: int, state: dict[str, Any]) -> VectorBijector:
    """The instance behind a pickle. Instances of one family share its classes, as they did before."""
    if made_from is None:
        from symbij.bijectors import library

        family: Any = library.ALL[name]
    else:
        declaration, doc = made_from
        key = repr((name, declaration))
        if key not in _RESTORED:
            _RESTORED[key] = declare_family(declaration, name, declaration.text(2), doc)
        family = _RESTORED[key]
    instance = object.__new__(family.of_size(size))
    instance.__dict__.update(state)
    return instance


_RESTORED: dict[str, type[VectorBijector]] = {}
