"""`python -m tests.accuracy`: that the page is written, truths are kept, and other libraries compute the same maps."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.accuracy.__main__ import main
from tests.accuracy.operations import of_law, of_transform

# adapter, what it needs, and classes that it has with parameters
LAW = {"loc": 1.0, "scale": 2.0}
BOTH = {"Sigmoid": {"low": -1.0, "high": 2.0}, "NormalCDF": LAW}
PEERS = [
    ("peers_tfp", "tensorflow_probability", BOTH),
    ("peers_torch", "torch", BOTH),
    ("peers_numpyro", "numpyro", BOTH),
    ("peers_scipy", "scipy", {"NormalCDF": LAW, "NormalSurvival": LAW}),
]


def test_page_is_written_and_truths_are_kept(tmp_path: Path) -> None:
    output, folder = tmp_path / "accuracy.md", tmp_path / "truths"
    arguments = ["Exp", "Shift", "--points", "10", "--no-peers", "--folder", str(folder), "--output", str(output)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    page = output.read_text(encoding="utf-8")
    for part in ("# Accuracy", "python -m tests.accuracy Exp Shift", "| symbij | 20 | 100% |", "| Shift | forward |"):
        assert part in page
    kept = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert len(kept) == 5
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == kept
    assert output.read_text(encoding="utf-8") == page


def test_operations_are_assembled_with_the_right_signs() -> None:
    def density(x: np.ndarray) -> np.ndarray:
        return x

    points = np.array([0.5, 2.0])
    exp = of_transform(np.asarray, np.exp, np.log, lambda x, y: x)
    assert np.array_equal(exp["forward_log_det"](points), points)
    assert np.array_equal(exp["inverse_log_det"](points), -np.log(points))
    law = of_law(np.asarray, np.exp, np.log, density)
    assert np.array_equal(law["inverse_log_det"](points), -np.log(points))


@pytest.mark.parametrize(("module", "package", "classes"), PEERS, ids=[p[1] for p in PEERS])
def test_other_libraries_compute_the_same(module: str, package: str, classes: dict[str, dict[str, float]]) -> None:
    pytest.importorskip(package)
    from symbij.bijectors.library import ALL

    adapter = importlib.import_module(f"tests.accuracy.{module}")
    assert adapter.operations("NoSuchClass", {}) is None
    x = np.array([-1.5, 0.25, 2.0])
    for name, parameters in classes.items():
        own, theirs = ALL[name](**parameters), adapter.operations(name, parameters)
        y = own.forward(x)
        np.testing.assert_allclose(theirs["forward"](x), y, rtol=1e-9)
        np.testing.assert_allclose(theirs["inverse"](y), x, rtol=1e-9)
        np.testing.assert_allclose(theirs["forward_log_det"](x), own.forward_log_det_jacobian(x), rtol=1e-9)
        np.testing.assert_allclose(theirs["inverse_log_det"](y), own.inverse_log_det_jacobian(y), rtol=1e-9)
