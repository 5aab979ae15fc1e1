"""Running kernels: layouts, `out=`, threads, vector instructions, and calls from compiled code of users."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symbij as sb
from symbij.kernels import threads
from symbij.kernels.loops import BLOCK
from symbij.kernels.run import SUM_PIECE, Runner, total_sums
from symbij.program.adjoint import gradient
from symbij.program.ir import Builder
from symbij.program.passes import economised

LARGE = 300_005  # elements, enough for several threads


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    yield
    sb.set_num_threads(None)


def flow(a: object = 0.7, b: object = -0.2) -> sb.Bijector:
    return sb.Chain([sb.SinhArcsinh(skewness=b, tailweight=a), sb.Softplus(), sb.Cubic(a=1.5, b=0.1)])


# Threads


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_results_do_not_depend_on_threads(dtype: type) -> None:
    x = np.random.default_rng(0).normal(size=LARGE).astype(dtype)
    found = []
    for count in (1, 2, 3):
        sb.set_num_threads(count)
        y, log_det = flow().forward_and_log_det(x)
        found.append(
            (y.tobytes(), log_det.tobytes(), flow([0.7, 0.9], 0.1)(x[: LARGE // 2 * 2].reshape(-1, 2)).tobytes())
        )
    assert found[0] == found[1] == found[2]


def test_sums_do_not_depend_on_threads() -> None:
    b = Builder()
    x = b.input("x")
    program = b.finish([b.call("exp", x), x * b.input("c")], ("x", "c"))
    data = np.random.default_rng(0).normal(size=(2, 5 * SUM_PIECE + 77))
    parameters = np.array([[0.3, -2.0]])
    found = []
    for count in (1, 2, 3):
        sb.set_num_threads(count)
        found.append(total_sums(program, data, parameters))
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()
    exact = np.array([[float(np.sum(np.exp(r).astype(np.longdouble))) for r in data], parameters[0] * data.sum(axis=1)])
    np.testing.assert_allclose(found[0], exact, rtol=2e-15, atol=1e-12)


@pytest.mark.parametrize("count", [1, 7, 8, 9, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 3])
def test_sums_of_any_length(count: int) -> None:
    b = Builder()
    program = b.finish([b.input("x")], ("x",))
    data = np.arange(1.0, count + 1.0).reshape(1, -1)
    total = total_sums(program, data, np.empty((0, 1)))
    assert total[0, 0] == count * (count + 1) / 2


@pytest.mark.parametrize("bad", [0, -1, 2.5, "many", True, float("nan")])
def test_number_of_threads_is_checked(bad: object) -> None:
    with pytest.raises(sb.ParameterError, match="positive whole number"):
        sb.set_num_threads(bad)  # type: ignore[arg-type]


def test_environment_sets_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMBIJ_NUM_THREADS", "3")
    assert sb.get_num_threads() == 3
    sb.set_num_threads(2)
    assert sb.get_num_threads() == 2
    sb.set_num_threads(None)
    monkeypatch.setenv("SYMBIJ_NUM_THREADS", "x")
    with pytest.raises(sb.ParameterError, match="SYMBIJ_NUM_THREADS"):
        sb.get_num_threads()


def test_small_arrays_use_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    sb.set_num_threads(4)
    monkeypatch.setattr(threads, "_executor", lambda workers: pytest.fail("a thread was asked for"))
    flow()(np.linspace(0.0, 1.0, 5000))


def test_calls_from_many_threads_at_once() -> None:
    sb.set_num_threads(2)
    x = np.linspace(-2.0, 2.0, LARGE)
    expected = flow()(x)
    with ThreadPoolExecutor(8) as pool:
        for y in pool.map(lambda _: flow()(x), range(24)):
            np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("method", [m for m in multiprocessing.get_all_start_methods() if m != "forkserver"])
def test_processes(method: str, tmp_path: Path) -> None:
    """A child works after its parent has used threads."""
    script = f"""
    import multiprocessing, warnings
    import numpy as np, symbij as sb

    x = np.linspace(-1.0, 1.0, {LARGE})

    def total(_):
        return float(sb.Softplus()(x).sum())

    if __name__ == "__main__":
        warnings.simplefilter("ignore", DeprecationWarning)  # that the process has threads
        sb.set_num_threads(2)
        expected = total(0)
        with multiprocessing.get_context({method!r}).Pool(2) as pool:
            assert pool.map(total, range(4)) == [expected] * 4
        print("ok")
    """
    file = tmp_path / "processes.py"
    file.write_text(textwrap.dedent(script))
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "ok", done.stderr


# Places


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_an_element_has_the_same_result_wherever_it_stands(count: int, offset: int, seed: int) -> None:
    whole = np.random.default_rng(seed).normal(size=offset + count)
    bijector = flow()
    np.testing.assert_array_equal(bijector(whole)[offset:], bijector(whole[offset:].copy()))
    one = [bijector(np.array([v]))[0] for v in whole[offset:][:3]]
    np.testing.assert_array_equal(bijector(whole)[offset:][:3], one)


BATCHES = [(), (1,), (3,), (1, 3), (4, 1), (4, 3), (2, 1, 1), (2, 1, 3), (2, 4, 3)]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("shape", [(), (3,), (1, 3), (4, 3), (2, 4, 3), (2, 1, 1), (300, 2, 4, 3), (2, 4, 300 * 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_broadcast_is_that_of_numpy(batch: tuple[int, ...], shape: tuple[int, ...], dtype: type) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.5, 2.0, batch), rng.normal(size=batch)
    x = rng.normal(size=shape).astype(dtype)
    try:
        expected = (a * x.astype(float) + b) ** 3
    except ValueError:
        with pytest.raises(sb.ShapeError):
            sb.Cubic(a=a, b=b)(x)
        return
    got = sb.Cubic(a=a, b=b)(x)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-12 if dtype is np.float64 else 1e-6, atol=1e-12)


@pytest.mark.parametrize("batch", [(), (5,), (6, 1), (6, 5), (1000,)])
def test_views_of_any_layout(batch: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(12, 10 if batch != (1000,) else 2000))
    bijector = sb.Cubic(a=np.full(batch, 1.3), b=0.2)
    for view in (x[::2, ::2], x[::-2, ::2], np.asfortranarray(x[::2, ::2]), np.ascontiguousarray(x[::2, ::2].T).T):
        np.testing.assert_array_equal(bijector(view), bijector(np.ascontiguousarray(view)))


def test_read_only_input() -> None:
    x = np.linspace(0.0, 1.0, 50)
    x.setflags(write=False)
    np.testing.assert_array_equal(flow()(x), flow()(x.copy()))
    np.testing.assert_array_equal(flow()(np.broadcast_to(x[:1], (4,))), flow()(np.full(4, x[0])))


# out=


@pytest.mark.parametrize("count", [1, 5, 1000, LARGE])
def test_out_is_filled_and_returned(count: int) -> None:
    x = np.random.default_rng(0).normal(size=count)
    expected, expected_log_det = flow().forward_and_log_det(x)
    y, log_det = np.empty(count), np.empty(count)
    assert flow().forward(x, out=y) is y
    np.testing.assert_array_equal(y, expected)
    assert flow().forward_log_det_jacobian(x, out=log_det) is log_det
    np.testing.assert_array_equal(log_det, expected_log_det)
    both = np.empty((2, count))
    first, second = flow().forward_and_log_det(x, out=(both[0], both[1]))
    np.testing.assert_array_equal(both, [expected, expected_log_det])
    assert np.shares_memory(first, both)
    assert np.shares_memory(second, both)
    back = np.empty(count)
    assert flow().inverse(y, out=back) is back
    np.testing.assert_array_equal(back, flow().inverse(y))


def test_out_may_be_the_input_or_overlap_it() -> None:
    x = np.random.default_rng(0).normal(size=1000)
    expected = flow()(x)
    place = x.copy()
    flow().forward(place, out=place)
    np.testing.assert_array_equal(place, expected)
    longer = np.append(x, 0.0)
    flow().forward(longer[:-1], out=longer[1:])
    np.testing.assert_array_equal(longer[1:], expected)


def test_out_shared_by_both_results_is_refused() -> None:
    y = np.empty(4)
    with pytest.raises(sb.UsageError, match="share memory"):
        flow().forward_and_log_det(np.zeros(4), out=(y, y))


def test_in_place_with_a_log_det_that_is_a_view_of_the_input() -> None:
    class ByHand(sb.Bijector):
        def _forward(self, x: np.ndarray) -> np.ndarray:
            return np.exp(x)

        def _forward_log_det_jacobian(self, x: np.ndarray) -> np.ndarray:
            return x

    x, log_det = np.array([0.5, 1.5]), np.empty(2)
    ByHand().forward_and_log_det(x, out=(x, log_det))
    np.testing.assert_array_equal(log_det, [0.5, 1.5])


@pytest.mark.parametrize("layout", ["strided", "fortran", "reversed"])
@pytest.mark.parametrize("a", [0.7, [0.7, 0.8, 0.9, 1.0]])
def test_out_of_any_layout(layout: str, a: object) -> None:
    x = np.random.default_rng(0).normal(size=(30, 4))
    out = {
        "strided": np.empty((30, 8))[:, ::2],
        "fortran": np.empty((30, 4), order="F"),
        "reversed": np.empty((30, 4))[::-1],
    }
    flow(a).forward(x, out=out[layout])
    np.testing.assert_array_equal(out[layout], flow(a)(x))


def test_out_takes_summed_log_dets_and_densities() -> None:
    x = np.random.default_rng(0).normal(size=(30, 4))
    out = np.empty(30)
    assert flow().forward_log_det_jacobian(x, event_ndims=1, out=out) is out
    np.testing.assert_array_equal(out, flow().forward_log_det_jacobian(x, event_ndims=1))
    density = np.empty((30, 4))
    assert sb.Normal(0.0, 1.0).log_prob(x, out=density) is density
    np.testing.assert_array_equal(density, sb.Normal(0.0, 1.0).log_prob(x))
    matrix = sb.ScaleMatvecTriL(np.array([[1.0, 0.0], [0.5, 2.0]]))
    y = np.empty((30, 2))
    assert matrix.forward(x[:, :2], out=y) is y
    np.testing.assert_array_equal(y, matrix.forward(x[:, :2]))


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty(3), sb.ShapeError),
        (np.empty(4, np.float32), sb.DataError),
        ([0.0] * 4, sb.DataError),
        (np.broadcast_to(np.zeros(1), (4,)), sb.DataError),
    ],
)
def test_out_that_does_not_fit(out: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="out"):
        flow().forward(np.zeros(4), out=out)  # type: ignore[arg-type]
    with pytest.raises(error, match="out"):
        sb.ScaleMatvecDiag(np.ones(4)).forward(np.zeros(4), out=out)  # type: ignore[arg-type]
    with pytest.raises(sb.UsageError, match="pair"):
        flow().forward_and_log_det(np.zeros(4), out=np.empty(4))  # type: ignore[arg-type]


def test_many_columns_of_parameters_take_little_room() -> None:
    columns = 25_001
    scale = np.linspace(1.0, 2.0, columns)
    x = np.random.default_rng(0).normal(size=(3, columns))
    np.testing.assert_array_equal(sb.Scale(scale)(x), scale * x)


@pytest.mark.parametrize("formula", ["ndtri(exp(x))", "ndtri(sigmoid(x))", "log(ndtr(x))", "log(exp(x)**0.01)"])
def test_float32_beyond_the_range_of_float(formula: str) -> None:
    """Values inside a kernel are doubles, which go further than floats do."""
    x = -np.geomspace(1.0, 36.0 if "log(ndtr" in formula else 600.0, 200).astype(np.float32)
    bijector = sb.bijector(formula, domain=("-oo", -1))()
    for method in (bijector.forward, bijector.forward_log_det_jacobian):
        # a log-det is a difference of terms of up to 600 here
        np.testing.assert_allclose(method(x), method(x.astype(float)).astype(np.float32), rtol=1e-6)


# Short cuts and passes


@pytest.mark.parametrize("method", ["forward", "inverse", "forward_log_det_jacobian", "inverse_log_det_jacobian"])
def test_later_calls_return_what_the_first_returns(method: str) -> None:
    """From the second call on, small contiguous arrays go straight to the machine code; nothing else may."""
    x = np.linspace(0.1, 2.0, 40)
    unaligned = np.frombuffer(b"1" + x.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    frozen = x.copy()
    frozen.setflags(write=False)
    inputs = [x, x[::2], x[:0], x.reshape(4, 10), x.astype(">f8"), x.astype("f4"), unaligned, frozen, 0.5, list(x)]
    warm = sb.SinhArcsinh(0.3, 1.2)
    getattr(warm, method)(x)
    for array in inputs:
        first, later = getattr(sb.SinhArcsinh(0.3, 1.2), method)(array), getattr(warm, method)(array)
        assert (type(first), first.dtype) == (type(later), later.dtype)
        np.testing.assert_array_equal(first, later)
    if "log_det" in method:
        for wrong in ([], "", -1, 0.5):
            with pytest.raises(sb.ShapeError):
                getattr(warm, method)(x, event_ndims=wrong)
        assert np.ndim(getattr(warm, method)(x, event_ndims=1)) == 0


def test_economised_programs_compute_the_same() -> None:
    b = Builder()
    x, p = b.input("x"), b.input("p")
    u = b.div(x, p)
    outputs = [u, *(b.call(name, u) for name in ("sinh", "cosh", "tanh", "logcosh"))]
    program = b.finish(outputs, ("x", "p"))
    short = economised(program)
    names = [op.name for op in short.ops]
    assert not {"cosh", "tanh", "logcosh"} & set(names)
    points = np.array([0.0, 1e-300, 1e-9, -0.7, 3.0, -300.0, 700.0, np.nan])
    for k in range(len(outputs)):
        before, after = (
            Runner("p", replace(q, outputs=(q.outputs[k],)), np.array([[3.0]]), ())(3.0 * points)[0]
            for q in (program, short)
        )
        np.testing.assert_allclose(after, before, rtol=4e-15)


def test_the_gradient_of_the_logarithm_of_a_size() -> None:
    b = Builder()
    x = b.input("x")
    size = b.call("abs", x)
    log = b.call("log", size)
    with_x, with_size = gradient(b, log, [x])[0], gradient(b, log, [size])[0]
    points = np.array([-2.0, 0.5, -1e-300])
    for output, expected in ((with_x, 1 / points), (with_size, 1 / abs(points))):
        program = b.finish([output], ("x",))
        np.testing.assert_array_equal(Runner("g", program, np.empty((0, 1)), ())(points)[0], expected)


@pytest.mark.parametrize(
    ("text", "sigmoid"),
    [
        ("floor(x) + (sigmoid((frac(x) - 1/2)*7) - sigmoid(-7/2))/(sigmoid(7/2) - sigmoid(-7/2))", False),  # offset 0
        ("floor(x - 1/2) + (sigmoid((frac(x - 1/2) - 1/2)*k) - sigmoid(-k/2))/(sigmoid(k/2) - sigmoid(-k/2))", True),
        ("floor(x - 1/2) + frac(x - 1/2)**2", False),
    ],
)
def test_steps_that_are_sigmoid(text: str, sigmoid: bool) -> None:
    free = {"k": sb.nonzero} if "k" in text else {}
    cls = sb.bijector(text, **free)
    (core,) = (link for link in cls.derivation.chain if link.name == "floor")
    assert (core.sigmoid is not None) == sigmoid
    for k in (-7.3, 0.5, 40.0) if free else (1.0,):
        b = cls(k) if free else cls()
        x = np.linspace(-2.9, 2.9, 201)
        np.testing.assert_allclose(b.inverse(b(x)), x, atol=1e-7)
        step = 1e-6
        slope = (b(x + step) - b(x - step)) / (2 * step)
        smooth = abs(x - np.round(2 * x) / 2) > 1e-3
        np.testing.assert_allclose(np.exp(b.forward_log_det_jacobian(x))[smooth], slope[smooth], rtol=1e-3, atol=1e-7)
