"""`Variable`: a parameter that is trained. A plain number is a parameter that is fixed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from symbij.errors import UsageError
from symbij.kernels.broadcast import as_float_array


class Variable(NDArrayOperatorsMixin):
    """A trainable parameter with a starting value (float64, any shape).

    A variable is never changed: a fit returns new objects that hold new variables. In arithmetic and in numpy
    functions it stands for its value.
    """

    trainable = True

    def __init__(self, value: Any, name: str | None = None) -> None:
        array = np.array(as_float_array(value, "the value of a Variable"), dtype=np.float64)
        array.setflags(write=False)
        self._value = array
        self.name = name

    @property
    def value(self) -> np.ndarray:
        """The value, as a read-only float64 array."""
        return self._value

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._value, dtype=dtype) if copy or dtype is not None else self._value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            raise UsageError("a Variable is never changed in place; make a new one")
        return getattr(ufunc, method)(*(i.value if isinstance(i, Variable) else i for i in inputs), **kwargs)

    def __float__(self) -> float:
        return float(self._value)

    def numpy(self) -> np.ndarray:
        """The value, under the name it has in other libraries."""
        return self._value

    def __repr__(self) -> str:
        label = f", name={self.name!r}" if self.name else ""
        return f"Variable({np.array2string(self._value, precision=6, threshold=6)}{label})"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return self is other if isinstance(other, Variable) else np.equal(self._value, other)


class Pick(NamedTuple):
    """Element `index` along the last axis of a parameter: one component of a vector, one logit of a mixture."""

    source: Any
    index: int


def value_of(parameter: Any) -> np.ndarray:
    """The number or array behind a parameter or an element of one, trained or fixed."""
    if isinstance(parameter, Pick):
        return value_of(parameter.source)[..., parameter.index]
    return parameter.value if isinstance(parameter, Variable) else np.asarray(parameter)
