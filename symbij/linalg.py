"""Invertible linear operators on batches of vectors, with the names and shape rules of `tf.linalg`.

An operator holds one matrix, or a batch of them of shape (*batch, n, n), as float64, and acts on the last axis of an
array of shape (*points, n); `batch` and `points` broadcast as in `numpy.matmul`. Results are computed in float64 and
have the dtype of the vectors. Every operator here can be inverted: a singular matrix is refused when it is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from symbij.errors import DataError, ParameterError, ShapeError
from symbij.kernels.broadcast import as_float_array, broadcast_shape

_EPSILON = float(np.finfo(np.float64).eps)


class LinearOperator:
    """y = A x for an invertible A of shape (*batch, n, n).

    A subclass calls `super().__init__(shape, parameters, name)` and defines `_matvec`, `_solvevec` (of float64 vectors
    whose shape was checked), `log_abs_determinant` and `to_dense`.
    """

    def __init__(self, shape: tuple[int, ...], parameters: dict[str, Any], name: str) -> None:
        self.shape = shape
        self.name = name
        self.parameters = parameters

    # What subclasses define.

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _matvec")

    def _solvevec(self, y: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} does not define _solvevec")

    def log_abs_determinant(self) -> np.ndarray:
        """log|det A|, of shape `batch_shape`."""
        raise NotImplementedError(f"{type(self).__name__} does not define log_abs_determinant")

    def to_dense(self) -> np.ndarray:
        """A as an array of shape `shape`."""
        raise NotImplementedError(f"{type(self).__name__} does not define to_dense")

    # What users call.

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch of matrices; () for a single one."""
        return self.shape[:-2]

    @property
    def domain_dimension(self) -> int:
        """Length of the vectors that A is applied to."""
        return self.shape[-1]

    @property
    def range_dimension(self) -> int:
        """Length of the vectors that A makes."""
        return self.shape[-2]

    def matvec(self, x: Any) -> np.ndarray:
        """A x for every vector on the last axis of `x`."""
        return self._on_vectors(x, "x", self._matvec)

    def solvevec(self, y: Any) -> np.ndarray:
        """The x with A x = y, for every vector on the last axis of `y`."""
        return self._on_vectors(y, "y", self._solvevec)

    def result_shape(self, vectors: tuple[int, ...], owner: str | None = None, what: str = "x") -> tuple[int, ...]:
        """Shape of the result for vectors of shape `vectors`; `ShapeError` if they do not fit the operator."""
        owner = owner or self.name
        if not vectors or vectors[-1] != self.domain_dimension:
            found = f"the last axis of {what} has length {vectors[-1]}" if vectors else f"{what} has no axes"
            raise ShapeError(
                f"{owner}: a matrix of shape {self.shape} acts on vectors of length {self.domain_dimension}, "
                f"but {found} (shape {vectors})"
            )
        return (*broadcast_shape(owner, [self.batch_shape, vectors[:-1]]), self.range_dimension)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and np.array_equal(self.to_dense(), other.to_dense())  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.shape))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape})"

    def _on_vectors(self, value: Any, what: str, operation: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        array = as_float_array(value, f"{self.name}: {what}")
        shape = self.result_shape(array.shape, what=what)
        if 0 in shape:  # LAPACK and BLAS do not take empty arrays
            return np.empty(shape, array.dtype)
        with np.errstate(all="ignore"):  # infinities and NaN in the vectors pass through, as in the kernels
            return operation(array.astype(np.float64, copy=False)).astype(array.dtype, copy=False)


class LinearOperatorDiag(LinearOperator):
    """y_i = d_i x_i: the diagonal matrix with `diag` on its diagonal.

    Shapes: `diag` is (*batch, n). Raises `ParameterError` if `diag` has no axes, or holds NaN, infinities, zeros or
    numbers whose reciprocal overflows. Source: `tf.linalg.LinearOperatorDiag`.
    """

    def __init__(self, diag: Any, name: str = "LinearOperatorDiag", *, argument: str = "diag") -> None:
        array = finite_array(diag, name, argument)
        if array.ndim < 1 or not array.shape[-1]:
            raise ParameterError(
                f"{name}: {argument} must have shape (..., n) with n at least 1, got shape {array.shape}; "
                "for one factor on all axes use Scale"
            )
        _refuse_zeros(array, name, argument, "entry")
        super().__init__((*array.shape, array.shape[-1]), {"diag": diag}, name)
        self.diag = array

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self.diag * x

    def _solvevec(self, y: np.ndarray) -> np.ndarray:
        return y / self.diag

    def log_abs_determinant(self) -> np.ndarray:
        return np.log(np.abs(self.diag)).sum(axis=-1)

    def to_dense(self) -> np.ndarray:
        return self.diag[..., None] * np.eye(self.domain_dimension)


class LinearOperatorLowerTriangular(LinearOperator):
    """y_i = Σ_{j≤i} L_ij x_j: the lower triangle of `tril`, whose part above the diagonal is ignored.

    Solved by forward substitution, which is backward stable row by row: bad scaling of the rows costs no accuracy.

    Shapes: `tril` is (*batch, n, n). Raises `ParameterError` if it is not square, holds NaN or infinities, or has on
    its diagonal a zero or a number whose reciprocal overflows. Source: `tf.linalg.LinearOperatorLowerTriangular`.
    """

    def __init__(self, tril: Any, name: str = "LinearOperatorLowerTriangular", *, argument: str = "tril") -> None:
        array = np.tril(_square(finite_array(tril, name, argument), name, argument))
        array.setflags(write=False)
        _refuse_zeros(_diagonal(array), name, argument, "diagonal entry")
        super().__init__(array.shape, {"tril": tril}, name)
        self._tril = array
        self._stack = _without_unit_batch_axes(array)

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return _by_matrix(x, self.batch_shape, lambda points: points @ _transposed(self._stack))

    def _solvevec(self, y: np.ndarray) -> np.ndarray:
        return _by_matrix(y, self.batch_shape, self._solve_points)

    def _solve_points(self, points: np.ndarray) -> np.ndarray:
        return _transposed(_substitute(self._stack, _transposed(points), lower=True))

    def log_abs_determinant(self) -> np.ndarray:
        return np.log(np.abs(_diagonal(self._tril))).sum(axis=-1)

    def to_dense(self) -> np.ndarray:
        return self._tril


class LinearOperatorFullMatrix(LinearOperator):
    """y_i = Σ_j A_ij x_j: any invertible matrix.

    Solved by LU factors with partial pivoting, found once, of the matrix with its rows and columns scaled by powers of
    two to entries of about 1. The scaling is exact, so that a matrix is judged singular for what it does to directions
    and not for the units of its axes: diag(1e-30, 1) passes.

    Shapes: `matrix` is (*batch, n, n). Raises `ParameterError` if it is not square, holds NaN or infinities, or is
    singular: if the scaled matrix has a reciprocal condition number (in the 1-norm) below 2⁻⁵².
    Source: `tf.linalg.LinearOperatorFullMatrix`; scaling and test as in LAPACK's `dgesvx`.
    """

    def __init__(self, matrix: Any, name: str = "LinearOperatorFullMatrix", *, argument: str = "matrix") -> None:
        array = _square(finite_array(matrix, name, argument), name, argument)
        super().__init__(array.shape, {"matrix": matrix}, name)
        self._matrix = array
        self._stack = _without_unit_batch_axes(array)
        scaled, self._row_exponents, self._column_exponents = _equilibrated(self._stack)
        self._refuse_singular(scaled, argument)
        from scipy.linalg import lu  # takes long to import

        pivots, self._lower, self._upper = lu(scaled, p_indices=True, check_finite=False)
        self._order = np.argsort(pivots, axis=-1)

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return _by_matrix(x, self.batch_shape, lambda points: points @ _transposed(self._stack))

    def _solvevec(self, y: np.ndarray) -> np.ndarray:
        return _by_matrix(y, self.batch_shape, self._solve_points)

    def _solve_points(self, points: np.ndarray) -> np.ndarray:
        # A = 2^r S 2^c with S[order] = L U, so x = 2^-c U⁻¹ L⁻¹ (2^-r y)[order].
        scaled = np.ldexp(points, -self._row_exponents[..., None, :])
        if self._order.ndim == 1:  # six times as fast
            permuted = np.take(scaled, self._order, axis=-1)
        else:
            permuted = np.take_along_axis(scaled, self._order[..., None, :], axis=-1)
        solved = _substitute(self._lower, _transposed(permuted), lower=True)
        solved = _substitute(self._upper, solved, lower=False)
        return np.ldexp(_transposed(solved), -self._column_exponents[..., None, :])

    def log_abs_determinant(self) -> np.ndarray:
        exponents = self._row_exponents.sum(axis=-1) + self._column_exponents.sum(axis=-1)
        log_det = np.log(np.abs(_diagonal(self._upper))).sum(axis=-1) + exponents * math.log(2.0)
        return log_det.reshape(self.batch_shape)

    def to_dense(self) -> np.ndarray:
        return self._matrix

    def _refuse_singular(self, scaled: np.ndarray, argument: str) -> None:
        reciprocal = (1.0 / np.linalg.cond(scaled, 1)).reshape(self.batch_shape)
        bad = np.argwhere(~(reciprocal >= _EPSILON))
        if len(bad):
            index = tuple(int(i) for i in bad[0])
            raise ParameterError(
                f"{self.name}: {_matrix_at(argument, index)} is singular to working precision (reciprocal condition "
                f"number {reciprocal[index]:.2g}, below {_EPSILON:.2g}), so the map has no inverse; give a matrix "
                "whose rows are linearly independent"
            )


def finite_array(value: Any, name: str, argument: str) -> np.ndarray:
    """`value` as a read-only float64 array of its own."""
    try:
        array = np.array(as_float_array(value, f"{name}: {argument}"), dtype=np.float64, order="C")
    except DataError as error:
        raise ParameterError(str(error)) from None
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        raise ParameterError(f"{name}: {argument} must be finite, but the entry at {index} is {array[index]}")
    array.setflags(write=False)
    return array


def _square(array: np.ndarray, name: str, argument: str) -> np.ndarray:
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or not array.shape[-1]:
        raise ParameterError(
            f"{name}: {argument} must be a square matrix, or a batch of them of shape (..., n, n) with n at least 1, "
            f"got shape {array.shape}"
        )
    return array


def _refuse_zeros(diagonal: np.ndarray, name: str, argument: str, what: str) -> None:
    """Division is by the entries, so an entry whose reciprocal overflows is as bad as a zero."""
    with np.errstate(all="ignore"):
        bad = np.argwhere(~np.isfinite(1.0 / diagonal))
    if len(bad):
        *batch, place = (int(i) for i in bad[0])
        found = diagonal[tuple(bad[0])]
        how = "zero" if found == 0 else f"{found:.3g}, whose reciprocal overflows"
        raise ParameterError(
            f"{name}: {_matrix_at(argument, tuple(batch))} is singular: {what} {place} is {how}, so the map has no "
            "inverse; every one must be nonzero"
        )


def _matrix_at(argument: str, index: tuple[int, ...]) -> str:
    return f"{argument} at batch index {index}" if index else argument


def _transposed(matrix: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrix, -1, -2)


def _diagonal(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _without_unit_batch_axes(matrix: np.ndarray) -> np.ndarray:
    return matrix.reshape(*(size for size in matrix.shape[:-2] if size != 1), *matrix.shape[-2:])


def _by_matrix(
    x: np.ndarray, batch_shape: tuple[int, ...], operation: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """`operation` on the vectors of `x`, gathered so that all that share a matrix are the rows of one array.

    The operation gets an array (*matrices, points, n), with an axis for each batch axis of the operator longer than 1,
    and is then a product of large matrices instead of many products with one vector.
    """
    batch = np.broadcast_shapes(batch_shape, x.shape[:-1])
    padded = (1,) * (len(batch) - len(batch_shape)) + batch_shape
    matrices = [axis for axis, size in enumerate(padded) if size != 1]
    order = matrices + [axis for axis, size in enumerate(padded) if size == 1] + [len(batch)]
    moved = x.reshape((1,) * (len(batch) + 1 - x.ndim) + x.shape).transpose(order)
    count = math.prod(moved.shape[len(matrices) : -1])
    result = operation(moved.reshape(*moved.shape[: len(matrices)], count, x.shape[-1]))
    shape = (*batch, x.shape[-1])
    return np.ascontiguousarray(result.reshape([shape[axis] for axis in order]).transpose(np.argsort(order)))


def _substitute(triangle: np.ndarray, columns: np.ndarray, lower: bool) -> np.ndarray:
    """The solution of triangle @ X = columns by substitution, for one triangle or a stack of them."""
    if triangle.ndim == 2:
        from scipy.linalg.blas import dtrsm

        return dtrsm(1.0, triangle, columns, lower=lower)
    size = triangle.shape[-1]
    solved = np.empty((*np.broadcast_shapes(triangle.shape[:-2], columns.shape[:-2]), *columns.shape[-2:]))
    for i in range(size) if lower else reversed(range(size)):  # over rows; each is a product over the whole stack
        known = slice(0, i) if lower else slice(i + 1, size)
        product = (triangle[..., i, None, known] @ solved[..., known, :])[..., 0, :]
        solved[..., i, :] = (columns[..., i, :] - product) / triangle[..., i, i, None]
    return solved


def _equilibrated(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S, r, c with matrix = 2^r_i S_ij 2^c_j and the largest entry of every row and column of S about 1.

    From exponents alone and in one step, so that nothing is rounded even if a row or a column alone would overflow.
    """
    _, exponents = np.frexp(matrix)
    exponents = np.where(matrix == 0.0, np.int32(-10_000), exponents)  # below every exponent of a float64
    rows = exponents.max(axis=-1)
    columns = (exponents - rows[..., :, None]).max(axis=-2)
    return np.ldexp(matrix, -rows[..., :, None] - columns[..., None, :]), rows, columns
