"""Linear maps of the last axis: y = A x for a diagonal, a lower triangular, or any invertible matrix A."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from symbij.bijectors.base import Bijector
from symbij.bijectors.variable import Variable, value_of
from symbij.errors import ParameterError, ShapeError
from symbij.linalg import LinearOperator, LinearOperatorDiag, LinearOperatorLowerTriangular, finite_array


class _ScaleMatvec(Bijector):
    """What the linear maps share: everything but how the operator is made from the parameter."""

    _argument: ClassVar[str]

    def __init__(self, scale: Any, validate_args: bool, name: str) -> None:
        super().__init__(
            validate_args=validate_args,
            forward_min_event_ndims=1,
            is_constant_jacobian=True,
            name=name,
            parameters={self._argument: scale},
        )
        _ = self.scale  # refuse at once what has no inverse

    def _operator(self) -> LinearOperator:
        raise NotImplementedError

    @property
    def scale(self) -> LinearOperator:
        """The matrix, as a linear operator."""
        if "_cache" not in self.__dict__:
            self._cache = self._operator()
        return self._cache

    def _children(self) -> list[tuple[str, Any]]:
        return list(self._parameters.items())

    def _batch_shape(self, event_ndims: int) -> tuple[int, ...]:
        batch = self.scale.batch_shape
        return batch[: max(0, len(batch) + 1 - event_ndims)]  # the matrix mixes one of the axes of an event

    def _forward(self, x: np.ndarray) -> np.ndarray:
        self.scale.result_shape(x.shape, self.name, "x")
        return self.scale.matvec(x)

    def _inverse(self, y: np.ndarray) -> np.ndarray:
        self.scale.result_shape(y.shape, self.name, "y")
        return self.scale.solvevec(y)

    def _forward_log_det_jacobian(self, x: np.ndarray) -> np.ndarray:
        return self._repeated(self.scale.log_abs_determinant(), x, "x")

    def _inverse_log_det_jacobian(self, y: np.ndarray) -> np.ndarray:
        return self._repeated(-self.scale.log_abs_determinant(), y, "y")

    def _repeated(self, log_det: np.ndarray, vectors: np.ndarray, what: str) -> np.ndarray:
        shape = self.scale.result_shape(vectors.shape, self.name, what)[:-1]
        return np.broadcast_to(log_det, shape).astype(vectors.dtype)

    def _forward_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        size = self.scale.domain_dimension
        if not shape or shape[-1] != size:
            raise ShapeError(f"{self.name}: the last axis of an event must have length {size}, got event shape {shape}")
        return shape

    def _inverse_event_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self._forward_event_shape(shape)


class ScaleMatvecDiag(_ScaleMatvec):
    """y_i = d_i x_i, with log|det| = Σ_i log|d_i|.

    Shapes: `scale_diag` is (*batch, n), x is (*points, n); `batch` and `points` broadcast, and each event of n numbers
    has one log-det. An axis of length 1 in x is not stretched to n: that would not be one-to-one.

    Raises `ParameterError` if `scale_diag` has no axes, or holds a zero, NaN or an infinity; `ShapeError` if the last
    axis of x does not have length n. Source: `tfp.bijectors.ScaleMatvecDiag`.
    """

    _argument = "scale_diag"

    def __init__(self, scale_diag: Any, validate_args: bool = False, name: str = "scale_matvec_diag") -> None:
        super().__init__(_held(scale_diag, name, "scale_diag"), validate_args, name)

    def _operator(self) -> LinearOperator:
        return LinearOperatorDiag(value_of(self._parameters["scale_diag"]), self.name, argument="scale_diag")


class ScaleMatvecTriL(_ScaleMatvec):
    """y_i = Σ_{j≤i} L_ij x_j, with log|det| = Σ_i log|L_ii|; the part of `scale_tril` above its diagonal is ignored.

    Shapes: `scale_tril` is (*batch, n, n), x is (*points, n); `batch` and `points` broadcast, and each event of n
    numbers has one log-det.

    Raises `ParameterError` if `scale_tril` is not square, holds NaN or an infinity, or has a zero on its diagonal;
    `ShapeError` if the last axis of x does not have length n. Source: `tfp.bijectors.ScaleMatvecTriL`.
    """

    _argument = "scale_tril"

    def __init__(self, scale_tril: Any, validate_args: bool = False, name: str = "scale_matvec_tril") -> None:
        super().__init__(_held(scale_tril, name, "scale_tril"), validate_args, name)

    def _operator(self) -> LinearOperator:
        return LinearOperatorLowerTriangular(value_of(self._parameters["scale_tril"]), self.name, argument="scale_tril")


class ScaleMatvecLinearOperator(_ScaleMatvec):
    """y = A x for the linear operator A = `scale` (see `symbij.linalg`), with log|det A|.

    Shapes: `scale` has shape (*batch, n, n), x is (*points, n); `batch` and `points` broadcast, and each event of n
    numbers has one log-det.

    Raises `ParameterError` if `scale` is not a `LinearOperator`, or is one of a `Variable` (an operator holds fixed
    numbers); `ShapeError` if the last axis of x does not have length n.
    Source: `tfp.bijectors.ScaleMatvecLinearOperator`.
    """

    _argument = "scale"

    def __init__(
        self, scale: LinearOperator, validate_args: bool = False, name: str = "scale_matvec_linear_operator"
    ) -> None:
        if not isinstance(scale, LinearOperator):
            raise ParameterError(
                f"{name}: scale must be a linear operator of symbij.linalg, got {type(scale).__name__}; "
                "wrap a matrix in LinearOperatorFullMatrix"
            )
        for argument, value in scale.parameters.items():
            if isinstance(value, Variable):
                raise ParameterError(
                    f"{name}: {argument} of the operator is a Variable, but an operator holds fixed numbers; train it "
                    "with ScaleMatvecDiag or ScaleMatvecTriL, or give its .value"
                )
        super().__init__(scale, validate_args, name)

    def _operator(self) -> LinearOperator:
        return self._parameters["scale"]


def _held(value: Any, name: str, argument: str) -> Any:
    """A variable as it is; of anything else a copy that cannot change under the factors found from it."""
    return value if isinstance(value, Variable) else finite_array(value, name, argument)
