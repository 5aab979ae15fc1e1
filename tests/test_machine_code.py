"""Machine code of kernels: vector instructions, with and without AVX-512, and calls from compiled code of users."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from kernel_calls import arity, single_call

import symbij as sb
from symbij.bijectors.library import ALL
from symbij.bijectors.vector import VectorParameter
from symbij.kernels import emit
from symbij.kernels.compile import uniform
from symbij.kernels.elementary import FUNCTIONS
from symbij.kernels.emit import LANES


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels that come from the disk are without their assembly."""
    monkeypatch.setenv("SYMBIJ_CACHE_DIR", "off")


def flow(a: object = 0.7, b: object = -0.2) -> sb.Bijector:
    return sb.Chain([sb.SinhArcsinh(skewness=b, tailweight=a), sb.Softplus(), sb.Cubic(a=1.5, b=0.1)])


# Machine code

_VECTOR = re.compile(
    r"\bv?(?:fn?m(?:add|sub)\w*|mul|add|sub|div|and|min|max|cmp\w*|perm\w*|blend\w*|rndscale)p[ds]\b.*%[yz]mm"
)
_VECTOR_ARM = re.compile(r"\bf(?:mla|mls|mul|add|sub|div)\s+v\d+\.(?:2d|4s)")
# numba calls through a register: movabsq $fma, %r15; callq *%r15
_LIBRARY_CALL = re.compile(r"[$\s]_?(?:exp|log|pow|sin|cos|tan|tanh|erf|fma|floor|rint)f?[,@\s]")


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("sqrt", "abs", "floor")])
@pytest.mark.parametrize("single", [False, True])
def test_elementary_functions_work_on_vectors(name: str, single: bool, no_cache: None) -> None:
    assert_vectorised(uniform.__wrapped__(single_call(name), single))


@pytest.mark.parametrize("name", ALL)
def test_bijectors_work_on_vectors(name: str, no_cache: None) -> None:
    cls = ALL[name]
    values = [np.full(2 + p.offset, 0.7) if isinstance(p, VectorParameter) else 0.7 for p in cls._parameter_list]
    bijector = cls(*values, validate_args=False)
    for inverse in (False, True):
        runner = bijector._fused().runner(inverse, True, True)
        assert_vectorised(uniform.__wrapped__(runner.program), trivial=len(runner.program.ops) < 8)


def test_calls_of_the_library_would_be_seen() -> None:
    assert _LIBRARY_CALL.search("\tmovabsq\t$fma, %r15\n\tcallq\t*%r15\n")
    assert _LIBRARY_CALL.search("\tbl\texp\n")
    assert not _LIBRARY_CALL.search("\tvfmadd213pd\t%zmm1, %zmm2, %zmm3\n\tvrndscalepd\t$9, %zmm1, %zmm2\n")


def assert_vectorised(kernel: object, trivial: bool = False) -> None:
    (assembly,) = kernel.inspect_asm().values()  # type: ignore[attr-defined]
    assert not _LIBRARY_CALL.search(assembly)
    assert trivial or _VECTOR.search(assembly) or _VECTOR_ARM.search(assembly), assembly[:2000]


@pytest.mark.skipif(not emit.has_avx512(), reason="the processor has no AVX-512, so that there is one way only")
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if arity(n) == 1])
@pytest.mark.parametrize("single", [False, True])
def test_the_same_without_avx512(name: str, single: bool, no_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instructions of AVX-512 and what stands in for them elsewhere agree to the last bit."""
    rng = np.random.default_rng(0)
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e-310, 1.0, -1.0, 1.7e308, -1.7e308, 710.0, -745.1]
    points = np.concatenate(
        [special, rng.normal(size=300), rng.uniform(0, 1, 300), rng.integers(0, 2**63, 300).view(np.float64)]
    )
    with np.errstate(over="ignore"):
        points = points.astype(np.float32 if single else np.float64)
    results = []
    for has in (True, False):
        monkeypatch.setattr(emit, "has_avx512", lambda has=has: has)
        results.append(np.empty_like(points))
        uniform.__wrapped__(single_call(name), single)(points, np.empty(0), results[-1])
    np.testing.assert_array_equal(*results)
    numbers = ~np.isnan(results[0])
    np.testing.assert_array_equal(*(np.signbit(r[numbers]) for r in results))


# Calls from compiled code


def test_jitted_functions_in_compiled_code() -> None:
    bijector, law = (
        flow(),
        sb.Mixture(cat=sb.Categorical(probs=[0.3, 0.7]), components=[sb.Normal(0.0, 1.0), sb.Normal(2.0, 0.5)]),
    )
    forward, both, log_prob = (
        sb.jitted(bijector, "forward"),
        sb.jitted(bijector, "inverse_and_log_det"),
        sb.jitted(law, "log_prob"),
    )

    @numba.njit
    def summed(x: np.ndarray) -> float:
        total = 0.0
        for i in range(x.size):
            y = forward(x[i])
            total += y + both(y)[1] + log_prob(x[i])
        return total

    x = np.linspace(-1.0, 2.0, 100)
    y = bijector(x)
    expected = y.sum() + bijector.inverse_log_det_jacobian(y).sum() + law.log_prob(x).sum()
    assert summed(x) == pytest.approx(expected, rel=1e-12)
    for v in x[:5]:  # numbers and vectors get the same arithmetic
        assert forward(v) == bijector(v)


def test_jitted_functions_check_lengths() -> None:
    """What compiled code wrote past the end of an array would damage the process."""
    fill, both = (sb.jitted(flow(), m, arrays=True) for m in ("forward", "forward_and_log_det"))
    with pytest.raises(ValueError, match="as long as x"):
        fill(np.ones(16), np.empty(1))
    with pytest.raises(ValueError, match="as long as x"):
        both(np.ones(16), np.empty(16), np.empty(15))


def test_jitted_functions_tell_zeros_apart() -> None:
    for shift in (0.0, -0.0):
        assert np.signbit(sb.jitted(sb.Shift(shift), "forward")(-0.0)) == np.signbit(sb.Shift(shift)(-0.0))


def test_functions_from_the_disk_are_not_taken_for_each_other(tmp_path: Path) -> None:
    """Two processes compile one function each; a third loads both and calls them in one of its own."""
    start = (
        "import numba, numpy as np, symbij as sb\nnormal, shift, x = sb.Normal(0.0, 1.0), sb.Shift(100.0), np.ones(9)\n"
    )
    use = (
        "a, b = sb.jitted(normal, 'log_prob', arrays=True), sb.jitted(shift, 'forward', arrays=True)\n"
        "@numba.njit\ndef both(x, y, z): a(x, y); b(x, z)\n"
        "y, z = np.empty(9), np.empty(9); both(x, y, z); print(y[0], z[0])"
    )
    environment = os.environ | {"SYMBIJ_CACHE_DIR": str(tmp_path / "cache")}
    for script in ("normal.log_prob(x)", "shift.forward(x)", use):
        done = subprocess.run(
            [sys.executable, "-c", start + script], capture_output=True, text=True, env=environment, check=True
        )
    density, shifted = map(float, done.stdout.split())
    assert density == pytest.approx(-0.5 - 0.5 * math.log(2 * math.pi), rel=1e-15)
    assert shifted == 101.0


def test_jitted_functions_of_arrays() -> None:
    both = sb.jitted(flow(), "forward_and_log_det", arrays=True)

    @numba.njit
    def apply(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y, log_det = np.empty_like(x), np.empty_like(x)
        both(x, y, log_det)
        return y, log_det

    x = np.linspace(-1.0, 2.0, 4 * LANES + 3)
    np.testing.assert_array_equal(apply(x), flow().forward_and_log_det(x))


def test_what_cannot_be_jitted() -> None:
    with pytest.raises(sb.UsageError, match="no method"):
        sb.jitted(flow(), "log_prob")
    with pytest.raises(sb.UsageError, match="takes a bijector"):
        sb.jitted(3.0, "forward")  # type: ignore[arg-type]
    with pytest.raises(sb.UsageError, match="one set of parameters"):
        sb.jitted(flow([0.1, 0.2]), "forward")
    with pytest.raises(sb.UsageError, match="formulas"):
        sb.jitted(sb.ScaleMatvecDiag(np.ones(2)), "forward")
