"""Kernels on disk: a second process loads them, and nothing that happens to the folder can fail a call."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import symbij
import symbij as sb

REPOSITORY = Path(symbij.__file__).parents[1]
PROGRAM = """
import json, sys
from symbij.kernels import cache
counts = {"hits": 0, "misses": 0, "saves": 0}
load, save = cache.DiskCache.load_overload, cache.DiskCache.save_overload
def counted_load(self, sig, context):
    found = load(self, sig, context)
    counts["misses" if found is None else "hits"] += 1
    return found
def counted_save(self, sig, data):
    counts["saves"] += 1
    return save(self, sig, data)
cache.DiskCache.load_overload, cache.DiskCache.save_overload = counted_load, counted_save
import numpy as np, symbij as sb
made = sb.bijector("exp(a*x) + log(1 + exp(x)) + 0.37", a=sb.positive)(2.0)
y, log_det = made.forward_and_log_det(np.array([0.5, -1.25]))
counts["values"] = [*y, *log_det, *made.inverse(y)]
counts["folder"] = str(cache.cache_dir())
print(json.dumps(counts))
"""


def environment(**changes: str | None) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k not in ("SYMBIJ_CACHE_DIR", "XDG_CACHE_HOME")}
    env["PYTHONPATH"] = str(REPOSITORY)
    for key, value in changes.items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = value
    return env


def start(**changes: str | None) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error::UserWarning", "-c", PROGRAM]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(**changes), stdout=pipe, stderr=pipe, text=True)


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def run(**changes: str | None) -> dict[str, Any]:
    return result(start(**changes))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A cache folder that one process has filled, and what that process saw."""
    folder = tmp_path_factory.mktemp("cache") / "kernels"
    return folder, run(SYMBIJ_CACHE_DIR=str(folder))


def copy_of(folder: Path, target: Path) -> Path:
    target.mkdir(mode=0o700)
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_second_process_loads_what_the_first_compiled(filled: tuple[Path, dict[str, Any]]) -> None:
    folder, first = filled
    assert first["hits"] == 0
    assert first["saves"] >= 2
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
    assert len([name for name in before if name.endswith(".kernel")]) == first["saves"]
    second = run(SYMBIJ_CACHE_DIR=str(folder))
    assert (second["hits"], second["misses"], second["saves"]) == (first["saves"], 0, 0)
    assert second["values"] == first["values"]
    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == before


def test_a_declaration_seen_before_needs_no_derivation(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np, symbij as sb; C = sb.bijector('(a*x + b)**3', a=sb.nonzero, domain=(-5, 5)); "
        "c = C(2.0, b=1.0); print(c(0.5), c.inverse(8.0), c.forward_log_det_jacobian(0.5), 'sympy' in sys.modules); "
        "print(C.derivation.inverse, C.formula.text, C.__doc__)"
    )
    environment = os.environ | {"SYMBIJ_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
        ).stdout
        for _ in range(2)
    )
    assert first.split("\n")[0].endswith("True")
    assert second.split("\n")[0].endswith("False")
    assert second.replace("False", "True", 1) == first


def test_a_refusal_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMBIJ_CACHE_DIR", str(tmp_path))
    for _ in range(2):
        with pytest.raises(sb.NotBijectiveError):
            sb.bijector("x**2 + 0.5*x")
        with pytest.raises(sb.ParameterError):
            sb.bijector("a*x + validate_args", a=sb.nonzero)


def test_the_folder_is_private(filled: tuple[Path, dict[str, Any]]) -> None:
    folder, first = filled
    assert first["folder"] == str(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(f.stat().st_mode) & 0o022 == 0 for f in folder.iterdir())
    assert not [f for f in folder.iterdir() if f.suffix == ".tmp"]


@pytest.mark.parametrize("damage", ["empty", "half", "flipped", "garbage", "folder"])
def test_damaged_files_only_cost_time(damage: str, filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, first = filled
    copied = copy_of(folder, tmp_path / "copy")
    for file in list(copied.iterdir()):
        content = file.read_bytes()
        if damage == "folder":
            file.unlink()
            file.mkdir()
        else:
            flipped = content[:-1] + bytes([content[-1] ^ 1])
            damaged = {"empty": b"", "half": content[: len(content) // 2], "flipped": flipped, "garbage": b"x" * 99}
            file.write_bytes(damaged[damage])
    again = run(SYMBIJ_CACHE_DIR=str(copied))
    assert again["hits"] == 0
    assert again["values"] == first["values"]
    if damage != "folder":
        assert run(SYMBIJ_CACHE_DIR=str(copied))["hits"] == first["saves"], "the damaged files were not replaced"


def test_switched_off(filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    without = run(SYMBIJ_CACHE_DIR="off", HOME=str(tmp_path))
    assert without["hits"] == 0
    assert without["folder"] == "None"
    assert without["values"] == filled[1]["values"]
    assert list(tmp_path.iterdir()) == []


def test_unusable_places(filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    values = filled[1]["values"]
    assert run(SYMBIJ_CACHE_DIR=str(file / "cache"))["values"] == values
    assert run(SYMBIJ_CACHE_DIR=str(file))["values"] == values
    assert run(HOME=str(file / "home"))["values"] == values
    assert file.read_text() == "not a folder"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert run(SYMBIJ_CACHE_DIR=str(locked / "cache"))["values"] == filled[1]["values"]
    assert run(SYMBIJ_CACHE_DIR=str(locked))["values"] == filled[1]["values"]


def test_the_usual_place_is_under_home(filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    found = run(HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "é cache"))
    assert found["folder"].startswith(str(tmp_path / "é cache"))
    assert found["values"] == filled[1]["values"]


def test_files_that_others_could_have_written_are_not_run(filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, first = filled
    shared = copy_of(folder, tmp_path / "shared")
    shared.chmod(0o777)
    seen = run(SYMBIJ_CACHE_DIR=str(shared))
    assert seen["hits"] == 0, "kernels from a folder that anybody could write to were executed"
    assert seen["values"] == first["values"]


def test_two_processes_at_once(filled: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder = tmp_path / "both"
    pair = [start(SYMBIJ_CACHE_DIR=str(folder)) for _ in range(2)]
    seen = [result(p) for p in pair]
    assert seen[0]["values"] == seen[1]["values"] == filled[1]["values"]
    third = run(SYMBIJ_CACHE_DIR=str(folder))
    assert third["saves"] == 0
    assert not [f for f in folder.iterdir() if f.suffix == ".tmp"]
