"""The examples run, draw something, and the cubic mixture ends where it should for every seed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SMALL: dict[str, dict[str, Any]] = {
    "cubic_mixture": {"seeds": [0], "epochs": 2, "size": 500},
    "linear_maps": {"size": 20},
    "old_faithful": {},
    "tour": {"size": 200},
}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module that they are of
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def no_windows() -> None:
    matplotlib.use("Agg")


def test_every_example_is_tested() -> None:
    assert {p.stem for p in EXAMPLES.glob("*.py")} == {*SMALL, "audit_libraries"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("library", ["torch", "numpyro", "tfp"])
def test_libraries_are_audited_where_they_are_installed(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = {"tfp": "tensorflow_probability"}.get(library, library)
    found = load("audit_libraries").main(["--library", library, "--only", "Shift" if library == "tfp" else "Affine"])
    lines = capsys.readouterr().out.splitlines()
    if importlib.util.find_spec(module) is None:
        assert lines[0] == f"{library} is not installed: No module named '{module}'"
        return
    assert any(line.startswith(f"ok   {library} ") for line in lines), lines
    assert lines[-1].endswith(f"something found in {found}")


@pytest.mark.parametrize("name", SMALL)
def test_example_draws_its_picture(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "picture.png"
    figure = load(name).main(out=str(picture), **SMALL[name])
    assert isinstance(figure, Figure)
    assert all(axes.has_data() for axes in figure.axes if axes.axison)
    assert picture.stat().st_size > 10_000
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", SMALL)
def test_example_runs_as_a_program(name: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    small = {"cubic_mixture": ["--seeds", "0", "--epochs", "1", "--size", "200"], "tour": ["--size", "200"]}
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--out", str(picture), *small.get(name, [])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, env=environment())
    assert done.returncode == 0, done.stderr
    assert picture.stat().st_size > 10_000


def environment() -> dict[str, str]:
    """This process's environment, in which a program started elsewhere finds the same symbij."""
    import os

    import symbij

    home = str(Path(symbij.__file__).resolve().parent.parent)
    path = os.pathsep.join(p for p in (home, os.environ.get("PYTHONPATH", "")) if p)
    return {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg"}


def test_cubic_mixture_ends_at_the_same_place_for_every_seed() -> None:
    example = load("cubic_mixture")
    fitted = [example.train(seed).parameters for seed in range(10)]
    a = np.array([p["bijector.a"] for p in fitted])
    b = np.array([p["bijector.b"] for p in fitted])
    assert np.all((a > 0.53) & (a < 0.60)), a
    assert 0.55 < np.median(a) < 0.58
    assert -0.44 < np.median(b) < -0.40


def test_cubic_mixture_prints_a_row_for_every_seed(capsys: pytest.CaptureFixture[str]) -> None:
    load("cubic_mixture").main(seeds=[3, 4], epochs=1, size=300)
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["seed", "3", "4", "median"]


def test_old_faithful_beats_two_normals(capsys: pytest.CaptureFixture[str]) -> None:
    load("old_faithful").main()
    printed = capsys.readouterr().out
    assert "log-likelihood: -263.3 (formula), -276.4 (two normals)" in printed
    assert "proved: a chain of strictly monotone, continuous maps" in printed
    assert "±" in printed
