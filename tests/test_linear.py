"""Linear maps against numpy.linalg and mpmath: values, log-dets, batches, dtypes, refusals, and chains."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from symbij.bijectors.library.elementary import Exp, Scale, Shift
from symbij.bijectors.linear import ScaleMatvecDiag, ScaleMatvecLinearOperator, ScaleMatvecTriL
from symbij.bijectors.structure import Chain, Invert
from symbij.bijectors.tree import substitute
from symbij.bijectors.variable import Variable
from symbij.errors import ParameterError, ShapeError
from symbij.linalg import LinearOperator, LinearOperatorDiag, LinearOperatorFullMatrix, LinearOperatorLowerTriangular

KINDS = ["diag", "tril", "full"]
BATCHES = [(), (2,), (1,), (3, 1), (1, 2), (3, 2)]
POINTS = [(), (7,), (2,), (5, 2), (5, 1), (4, 3, 2), (5, 1, 1), (1, 3, 1)]
CLASHES = [((2,), (7,)), ((1, 2), (7,)), ((3, 2), (7,))] + [((3, k), (5, m)) for k in (1, 2) for m in (1, 2)]


def random_matrix(kind: str, batch: tuple[int, ...], n: int, seed: int = 0) -> np.ndarray:
    """A well-conditioned dense matrix of the kind."""
    matrix = np.random.default_rng(seed).normal(size=(*batch, n, n)) + 3.0 * np.eye(n)
    return {"diag": matrix * np.eye(n), "tril": np.tril(matrix), "full": matrix}[kind]


def operator_of(kind: str, dense: np.ndarray) -> LinearOperator:
    if kind == "diag":
        return LinearOperatorDiag(np.diagonal(dense, axis1=-2, axis2=-1))
    return {"tril": LinearOperatorLowerTriangular, "full": LinearOperatorFullMatrix}[kind](dense)


def bijector_of(kind: str, dense: np.ndarray) -> Any:
    if kind == "diag":
        return ScaleMatvecDiag(np.diagonal(dense, axis1=-2, axis2=-1))
    return ScaleMatvecTriL(dense) if kind == "tril" else ScaleMatvecLinearOperator(LinearOperatorFullMatrix(dense))


def product(dense: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A x by sums, without a product of matrices."""
    return (dense * x[..., None, :]).sum(axis=-1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("points", POINTS)
def test_operator_acts_as_the_dense_matrix(kind: str, batch: tuple[int, ...], points: tuple[int, ...]) -> None:
    dense = random_matrix(kind, batch, 4)
    operator = operator_of(kind, dense)
    x = np.random.default_rng(1).normal(size=(*points, 4))
    if (batch, points) in CLASHES:
        with pytest.raises(ShapeError, match="do not broadcast"):
            operator.matvec(x)
        return
    expected = product(dense, x)
    y = operator.matvec(x)
    assert y.shape == expected.shape
    assert_allclose(y, expected, rtol=1e-13, atol=1e-13)
    assert_allclose(operator.solvevec(y), np.broadcast_to(x, y.shape), rtol=1e-11, atol=1e-12)
    assert_allclose(operator.log_abs_determinant(), np.linalg.slogdet(dense)[1], rtol=1e-13, atol=1e-14)
    assert_array_equal(operator.to_dense(), dense)


@pytest.mark.parametrize("kind", KINDS)
def test_operator_shapes_and_equality(kind: str) -> None:
    dense = random_matrix(kind, (3, 2), 4)
    operator = operator_of(kind, dense)
    assert operator.shape == (3, 2, 4, 4)
    assert operator.batch_shape == (3, 2)
    assert operator.domain_dimension == operator.range_dimension == 4
    assert operator.log_abs_determinant().shape == (3, 2)
    assert operator == operator_of(kind, dense.copy())
    assert hash(operator) == hash(operator_of(kind, dense.copy()))
    assert operator != operator_of(kind, 2.0 * dense)


def test_lower_triangular_ignores_what_stands_above_the_diagonal() -> None:
    full, x = random_matrix("full", (2,), 4), np.random.default_rng(2).normal(size=(10, 2, 4))
    for y in (LinearOperatorLowerTriangular(full).matvec(x), ScaleMatvecTriL(full)(x)):
        assert_allclose(y, product(np.tril(full), x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", ["tril", "full"])
@pytest.mark.parametrize("n", [1, 2, 33, 150])
def test_sizes_against_numpy(kind: str, n: int) -> None:
    dense = random_matrix(kind, (2,), n, seed=n) + 2.0 * np.sqrt(n) * np.eye(n)
    y = np.random.default_rng(n).normal(size=(3, 2, n))
    expected = np.linalg.solve(dense, y[..., None])[..., 0]
    assert_allclose(operator_of(kind, dense).solvevec(y), expected, rtol=1e-9, atol=1e-12)
    single = operator_of(kind, dense[1])
    assert_allclose(single.solvevec(y[:, 1]), expected[:, 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("batch", [(), (2,)])
def test_badly_scaled_matrix_against_mpmath(seed: int, batch: tuple[int, ...]) -> None:
    """Rows and columns in units from 1e-120 to 1e120 cost no accuracy: not in the solution, nor in the log-det."""
    rng = np.random.default_rng(seed)
    core = rng.normal(size=(*batch, 4, 4)) + 2.0 * np.eye(4)
    rows, columns = 10.0 ** rng.integers(-120, 120, size=4), 10.0 ** rng.integers(-120, 120, size=4)
    dense = rows[:, None] * core * columns
    y = rows * rng.normal(size=(*batch, 4))
    operator = LinearOperatorFullMatrix(dense)
    solved, log_det = operator.solvevec(y), operator.log_abs_determinant()
    with mpmath.workdps(400):
        for index in np.ndindex(*batch):
            exact = mpmath.matrix(dense[index].tolist())
            truth = mpmath.lu_solve(exact, mpmath.matrix(y[index].tolist()))
            assert_allclose(solved[index], [float(v) for v in truth], rtol=1e-12)
            assert_allclose(log_det[index], float(mpmath.log(abs(mpmath.det(exact)))), rtol=1e-14, atol=1e-12)


def test_determinants_beyond_the_range_of_a_double() -> None:
    for kind in KINDS:
        for unit in (1e-200, 1e200):
            operator = operator_of(kind, unit * random_matrix(kind, (), 5))
            expected = 5 * np.log(unit) + np.linalg.slogdet(random_matrix(kind, (), 5))[1]
            assert_allclose(operator.log_abs_determinant(), expected, rtol=1e-14)
            assert_allclose(operator.solvevec(operator.matvec(np.ones(5))), np.ones(5), rtol=1e-13)


def test_non_finite_vectors_stay_to_themselves() -> None:
    for kind in KINDS:
        for batch in [(), (2,)]:
            operator = operator_of(kind, random_matrix(kind, batch, 3))
            clean = np.random.default_rng(3).normal(size=(6, 2, 3))
            spoilt = clean.copy()
            spoilt[1, 0, 1], spoilt[4, 1, 2] = np.nan, np.inf
            others = np.ones((6, 2), dtype=bool)
            others[1, 0] = others[4, 1] = False
            for act in (operator.matvec, operator.solvevec):
                assert_allclose(act(spoilt)[others], act(clean)[others], rtol=1e-14)
                assert np.isnan(act(spoilt)[1, 0, 1])


def test_the_matrix_stays_when_the_caller_changes_theirs() -> None:
    for cls in (ScaleMatvecTriL, LinearOperatorLowerTriangular, LinearOperatorFullMatrix):
        source = np.eye(2)
        made = cls(source)
        source[...] = 7.0
        result = made(np.ones(2)) if cls is ScaleMatvecTriL else made.solvevec(np.ones(2))
        assert_array_equal(result, np.ones(2))


NOT_SQUARE, NOT_NUMBERS = r"square matrix.*got shape", r"array of numbers|got dtype"
REFUSED = {
    NOT_SQUARE: [3.0, [1.0, 2.0], np.ones((2, 3)), np.ones((4, 2, 3)), np.ones((0, 0))],
    NOT_NUMBERS: [[[1.0, 2.0], [3.0]], "matrix", [[1j]]],
    r"must be finite, but the entry at \(1, 0\) is": [[[1.0, 0.0], [bad, 1.0]] for bad in (np.nan, np.inf, -np.inf)],
}


@pytest.mark.parametrize("cls", [LinearOperatorLowerTriangular, LinearOperatorFullMatrix, ScaleMatvecTriL])
@pytest.mark.parametrize("pattern", REFUSED)
def test_not_a_matrix(cls: Any, pattern: str) -> None:
    for value in REFUSED[pattern]:
        with pytest.raises(ParameterError, match=pattern):
            cls(value)


@pytest.mark.parametrize("cls", [LinearOperatorDiag, ScaleMatvecDiag])
def test_not_a_diagonal(cls: Any) -> None:
    no_axis, empty = r"shape \(\.\.\., n\)", r"got shape \(0,\)"
    for value, pattern in [(3.0, no_axis), ([], empty), ([1.0, np.nan], "finite"), ("d", NOT_NUMBERS)]:
        with pytest.raises(ParameterError, match=pattern):
            cls(value)


def test_zero_on_a_diagonal_names_parameter_batch_index_and_place() -> None:
    tril = random_matrix("tril", (3, 2), 4)
    tril[2, 1, 3, 3] = 0.0
    assert_allclose(ScaleMatvecTriL([[1e-30, 0.0], [1.0, 1.0]]).inverse([1e-30, 3.0]), [1.0, 2.0])  # small is not zero
    with pytest.raises(ParameterError, match=r"scale_matvec_tril: scale_tril at batch index \(2, 1\).*entry 3 is zero"):
        ScaleMatvecTriL(tril)
    with pytest.raises(ParameterError, match=r"rescale: scale_diag is singular: entry 1 is zero.*must be nonzero"):
        ScaleMatvecDiag([2.0, 0.0], name="rescale")
    with pytest.raises(ParameterError, match="reciprocal overflows"):
        ScaleMatvecDiag([1.0, 1e-310])


SINGULAR = [
    [[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0 + 2**-52]],
    [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[1e200, 1e-200], [1e200, 1e-200]], [[0.0]],
]  # fmt: skip


@pytest.mark.parametrize("matrix", SINGULAR)
def test_singular_full_matrix(matrix: Any) -> None:
    with pytest.raises(ParameterError, match=r"LinearOperatorFullMatrix: matrix is singular.*linearly independent"):
        LinearOperatorFullMatrix(matrix)
    batch = np.array([np.eye(len(matrix)), matrix])
    with pytest.raises(ParameterError, match=r"matrix at batch index \(1,\) is singular"):
        LinearOperatorFullMatrix(batch)


@pytest.mark.parametrize("n", [2, 3, 8, 40])
def test_rank_deficient_up_to_rounding_is_singular(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(50):
        matrix = rng.normal(size=(n, n))
        matrix[-1] = rng.normal(size=n - 1) @ matrix[:-1]
        with pytest.raises(ParameterError, match="singular"):
            LinearOperatorFullMatrix(matrix)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_length_of_the_last_axis_names_both(kind: str) -> None:
    bijector = bijector_of(kind, random_matrix(kind, (2,), 4))
    for length in (1, 3):  # 1 too: stretching it would not be one-to-one
        x = np.ones((5, 2, length))
        pattern = rf"{bijector.name}.*\(2, 4, 4\).*length 4.*length {length} \(shape \(5, 2, {length}\)\)"
        for act in (bijector.forward, bijector.inverse, bijector.forward_log_det_jacobian):
            with pytest.raises(ShapeError, match=pattern):
                act(x)
        for act, value in [(bijector.scale.solvevec, x), (bijector.forward_event_shape, [length]), (bijector, 1.0)]:
            with pytest.raises(ShapeError):
                act(value)
    with pytest.raises(ShapeError, match="event_ndims must be at least 1"):
        bijector.forward_log_det_jacobian(np.ones(4), event_ndims=0)


def test_linear_operator_is_required() -> None:
    with pytest.raises(ParameterError, match="LinearOperatorFullMatrix"):
        ScaleMatvecLinearOperator(np.eye(2))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="matrix of the operator is a Variable"):
        ScaleMatvecLinearOperator(LinearOperatorFullMatrix(Variable(np.eye(2))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(100, 2, 4), (100, 1, 4), (1, 4), (4,), (0, 2, 4)])
def test_batch_of_two(kind: str, shape: tuple[int, ...]) -> None:
    dense = random_matrix(kind, (2,), 4)
    bijector = bijector_of(kind, dense)
    x = np.random.default_rng(4).normal(size=shape)
    expected = product(dense, x)
    y, log_det = bijector.forward_and_log_det(x)
    assert y.shape == expected.shape
    assert_allclose(y, expected, rtol=1e-13, atol=1e-13)
    assert log_det.shape == y.shape[:-1]
    assert_allclose(log_det, np.broadcast_to(np.linalg.slogdet(dense)[1], y.shape[:-1]), rtol=1e-14)
    back, inverse_log_det = bijector.inverse_and_log_det(y)
    assert_allclose(back, np.broadcast_to(x, y.shape), atol=1e-12)
    assert_array_equal(inverse_log_det, -log_det)
    log_det[...] = 0.0  # an array of its own, not a view of one number
    assert not np.any(log_det)


@pytest.mark.parametrize("kind", KINDS)
def test_event_ndims(kind: str) -> None:
    dense = random_matrix(kind, (2,), 4)
    bijector, one = bijector_of(kind, dense), np.linalg.slogdet(dense)[1]
    x = np.ones((100, 2, 4))
    for ndims, expected in [(None, np.tile(one, (100, 1))), (1, np.tile(one, (100, 1))), (2, np.full(100, one.sum()))]:
        assert_allclose(bijector.forward_log_det_jacobian(x, ndims), expected, rtol=1e-13)
        assert_allclose(bijector.inverse_log_det_jacobian(x, ndims), -expected, rtol=1e-13)
    assert_allclose(bijector.forward_log_det_jacobian(x, event_ndims=3), 100 * one.sum(), rtol=1e-12)
    single = bijector_of(kind, dense[0])
    assert np.ndim(single.forward_log_det_jacobian(np.ones(4))) == 0
    assert_allclose(single.forward_log_det_jacobian(np.ones((3, 4)), event_ndims=2), 3 * one[0], rtol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_dtype_is_that_of_the_input(kind: str) -> None:
    bijector = bijector_of(kind, random_matrix(kind, (), 3))
    for given_dtype, expected in [(np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64)]:
        x = np.ones((5, 3), dtype=given_dtype)
        calls = [bijector.forward_and_log_det(x), bijector.inverse_and_log_det(x), bijector.inverse_and_log_det(x[0])]
        results = [np.asarray(part) for pair in calls for part in pair]
        assert {r.dtype for r in results} == {np.dtype(expected)}


def test_attributes() -> None:
    diag = ScaleMatvecDiag([1.5, -0.5])
    tril = ScaleMatvecTriL([[-1, 0], [-1, -1]], name="shear")
    operator = LinearOperatorFullMatrix([[0.5, 1.5], [1.5, 0.5]])
    full = ScaleMatvecLinearOperator(operator, validate_args=True)
    assert_array_equal(diag.parameters["scale_diag"], [1.5, -0.5])
    assert_array_equal(tril.parameters["scale_tril"], [[-1, 0], [-1, -1]])
    batched = bijector_of("diag", random_matrix("diag", (3, 2), 4))
    assert [batched._batch_shape(event_ndims) for event_ndims in (1, 2, 3)] == [(3, 2), (3,), ()]
    assert full.parameters["scale"] is operator is full.scale
    assert [b.name for b in (diag, tril, full)] == ["scale_matvec_diag", "shear", "scale_matvec_linear_operator"]
    for bijector in (diag, tril, full):
        assert bijector.forward_min_event_ndims == bijector.inverse_min_event_ndims == 1
        assert bijector.is_constant_jacobian
        assert bijector.forward_event_shape([7, 2]) == bijector.inverse_event_shape([7, 2]) == (7, 2)
        assert type(bijector).__name__ in repr(bijector)


def test_equality() -> None:
    matrix = [[2.0, 0.0], [1.0, 3.0]]
    assert ScaleMatvecTriL(matrix) == ScaleMatvecTriL(np.array(matrix))
    assert ScaleMatvecTriL(matrix) != ScaleMatvecTriL(np.eye(2))
    assert ScaleMatvecDiag([1.0, 2.0]) != ScaleMatvecTriL(np.diag([1.0, 2.0]))
    assert bijector_of("full", np.array(matrix)) == bijector_of("full", np.array(matrix))
    assert bijector_of("full", np.array(matrix)) != bijector_of("full", np.eye(2))
    assert Shift(1.0)(ScaleMatvecTriL(matrix)) == Chain([Shift(1.0), ScaleMatvecTriL(matrix)])


def test_variables_are_found_and_replaced() -> None:
    variable = Variable([[2.0, 0.0], [1.0, 3.0]])
    bijector = Chain([Shift(1.0), ScaleMatvecTriL(variable)])
    assert bijector.trainable_variables == (variable,)
    assert_array_equal(bijector([1.0, 1.0]), [3.0, 5.0])
    replaced = substitute(bijector, {variable: Variable([[4.0, 0.0], [1.0, 3.0]])})
    assert_array_equal(replaced([1.0, 1.0]), [5.0, 5.0])
    assert_allclose(replaced.forward_log_det_jacobian([1.0, 1.0]), np.log(12.0), rtol=1e-15)
    assert_array_equal(bijector([1.0, 1.0]), [3.0, 5.0])


FITTING = [((), (6, 4)), ((2,), (6, 2, 4)), ((2,), (6, 1, 4)), ((2,), (4,)), ((), (4,))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("batch", "shape"), FITTING)
def test_chain_with_elementwise_maps(kind: str, batch: tuple[int, ...], shape: tuple[int, ...]) -> None:
    dense = random_matrix(kind, batch, 4)
    linear = bijector_of(kind, dense)
    x = np.random.default_rng(5).normal(size=shape)
    log_det_of_matrix, moved = np.linalg.slogdet(dense)[1], product(dense, x)

    after = Chain([Exp(), linear])
    y, log_det = after.forward_and_log_det(x)
    assert_allclose(y, np.exp(moved), rtol=1e-12)
    assert_allclose(log_det, log_det_of_matrix + moved.sum(axis=-1), rtol=1e-12, atol=1e-12)
    assert log_det.shape == y.shape[:-1]

    before = Chain([linear, Exp(), Shift(0.5)])
    y, log_det = before.forward_and_log_det(x)
    assert_allclose(y, product(dense, np.exp(x + 0.5)), rtol=1e-12, atol=1e-12)
    expected = np.broadcast_to(log_det_of_matrix + (x + 0.5).sum(axis=-1), y.shape[:-1])
    assert_allclose(log_det, expected, rtol=1e-12, atol=1e-12)

    for chain in (after, before):
        y, log_det = chain.forward_and_log_det(x)
        back, inverse_log_det = chain.inverse_and_log_det(y)
        assert_allclose(back, np.broadcast_to(x, y.shape), atol=1e-10)
        assert_allclose(inverse_log_det, -log_det, rtol=1e-10, atol=1e-10)
        assert_allclose(Invert(chain).forward_log_det_jacobian(y), inverse_log_det, rtol=1e-14)
        if y.ndim == x.ndim > 1:
            summed = chain.forward_log_det_jacobian(x, event_ndims=2)
            assert_allclose(summed, log_det.sum(axis=-1), rtol=1e-12, atol=1e-12)


def test_chain_of_linear_maps_is_the_product_of_the_matrices() -> None:
    lower, full = random_matrix("tril", (), 3), random_matrix("full", (), 3, seed=1)
    chain = Chain([ScaleMatvecTriL(lower), Scale(2.0), ScaleMatvecLinearOperator(LinearOperatorFullMatrix(full))])
    matrix = 2.0 * lower @ full
    x = np.random.default_rng(7).normal(size=(5, 3))
    y, log_det = chain.forward_and_log_det(x)
    assert_allclose(y, x @ matrix.T, rtol=1e-12, atol=1e-12)
    assert_allclose(log_det, np.full(5, np.linalg.slogdet(matrix)[1]), rtol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_jacobian_by_finite_differences(kind: str) -> None:
    """log|det| of the whole chain's Jacobian, which central differences give column by column."""
    chain = Chain([Shift(0.3), Exp(), bijector_of(kind, random_matrix(kind, (), 4)), Scale([0.5, -1.0, 2.0, 1.5])])
    x, h = np.array([0.2, -0.1, 0.05, 0.3]), 1e-6
    columns = [(chain(x + h * e) - chain(x - h * e)) / (2.0 * h) for e in np.eye(4)]
    expected = np.linalg.slogdet(np.stack(columns, axis=-1))[1]
    assert_allclose(chain.forward_log_det_jacobian(x), expected, atol=1e-7)


numbers = st.floats(-2.0, 2.0, allow_subnormal=False)
shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS), n=st.integers(1, 5), common=shapes)
def test_round_trip_and_log_det(data: st.DataObject, kind: str, n: int, common: tuple[int, ...]) -> None:
    """Any batch against any points: x comes back, and the log-det is numpy's, with its sign turned on the way back."""

    def part_of(shape: tuple[int, ...]) -> tuple[int, ...]:
        kept = shape[data.draw(st.integers(0, len(shape))) :]
        return tuple(data.draw(st.sampled_from([1, size])) for size in kept)

    batch, points = part_of(common), part_of(common)
    noise = data.draw(arrays(np.float64, (*batch, n, n), elements=numbers))
    signs = data.draw(arrays(np.float64, n, elements=st.sampled_from([-1.0, 1.0])))
    dense = noise + 2.5 * n * np.diag(signs)  # diagonally dominant, so that it can be inverted whatever is drawn
    dense = {"diag": dense * np.eye(n), "tril": np.tril(dense), "full": dense}[kind]
    x = data.draw(arrays(np.float64, (*points, n), elements=numbers))
    bijector = bijector_of(kind, dense)
    y, log_det = bijector.forward_and_log_det(x)
    back, inverse_log_det = bijector.inverse_and_log_det(y)
    shape = np.broadcast_shapes(batch, points)
    assert y.shape == (*shape, n)
    assert_allclose(y, product(dense, x), rtol=1e-12, atol=1e-12)
    assert_allclose(back, np.broadcast_to(x, y.shape), rtol=1e-11, atol=1e-12)
    assert_allclose(log_det, np.broadcast_to(np.linalg.slogdet(dense)[1], shape), rtol=1e-12, atol=1e-12)
    assert_array_equal(inverse_log_det, -np.asarray(log_det))
