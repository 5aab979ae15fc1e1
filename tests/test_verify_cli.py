"""`symbij verify`: what it finds, what it prints and writes, its exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symbij.cli import main
from symbij.cli_verify import _parameters, _stan_parameters
from symbij.formula.constraints import positive, unit

GOOD, FAILED, USE = 0, 1, 2
MODULE = '''
import sys

import numpy as np

print("words of a module")


class Scaled:
    """y = a*x + b"""

    def __init__(self, a, b=0.0):
        self.a, self.b = a, b

    def forward(self, x):
        return self.a * x + self.b

    def inverse(self, y):
        return (y - self.b) / self.a

    def forward_log_det(self, x):
        return np.broadcast_to(np.log(np.abs(self.a)), np.shape(x))

    def inverse_log_det(self, y):
        return np.broadcast_to(-np.log(np.abs(self.a)), np.shape(y))


class Wrong(Scaled):
    def forward_log_det(self, x):
        return np.broadcast_to(2.0 * np.log(np.abs(self.a)), np.shape(x))


class Many:
    scaled = Scaled(1.5, -1.0)


def make(a=2.0):
    return Scaled(a)


class Leaving(Scaled):
    def forward(self, x):
        sys.exit(0)


def raises():
    raise RuntimeError("one line\\nand another")


def doubled(x):
    return x + x


wrong = Wrong(1.5)
number = 3
'''


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules to audit, which are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audited_flows.py").write_text(MODULE)
    (tmp_path / "audited_broken.py").write_text("import no_such_module_at_all")
    (tmp_path / "audited_syntax.py").write_text("def f(:")
    (tmp_path / "audited_exits.py").write_text("raise SystemExit(0)")
    path = list(sys.path)
    yield tmp_path
    assert sys.path == path
    for name in [n for n in sys.modules if n.startswith("audited_")]:
        del sys.modules[name]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["verify", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception  # a traceback to the user
    return result


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["audited_flows:Scaled", "--param", "a=1.5"], "a = 1.5"),
        (["audited_flows:Scaled", "--param", "a=-2", "--param", "b=0.5", "--formula", "a*x + b"], "formula a*x + b"),
        (["audited_flows:make"], "a = 2.0"),
        (["audited_flows:make", "--param", "a=3"], "a = 3"),
        (["audited_flows:Scaled", "--param", "a=positive:3"], "a = 3"),
        (["audited_flows:Many.scaled", "--points", "40", "--seed", "5"], "seed 5"),
        (["audited_flows:doubled", "--domain", "0,oo", "--formula", "2*x"], "formula 2*x"),
    ],
)  # fmt: skip
def test_good_ones_exit_with_0(arguments: list[str], shown: str) -> None:
    result = run(*arguments)
    assert result.exit_code == GOOD, result.output
    assert shown in result.output
    assert "FAIL" not in result.output
    assert "words of a module" not in result.stdout


def test_code_that_exits_is_a_failed_check() -> None:
    result = run("audited_flows:Leaving", "--param", "a=1.5")
    assert result.exit_code == FAILED
    assert "raised SystemExit" in result.output


@pytest.mark.parametrize("where", ["audited_flows:Wrong", "audited_flows:wrong"])
def test_wrong_ones_exit_with_1_and_a_diagnosis(where: str) -> None:
    parameters = ["--param", "a=1.5"] if where.endswith("Wrong") else []
    result = run(where, "--formula", "a*x + b", *parameters)
    assert result.exit_code == FAILED
    assert "FAIL" in result.stdout
    assert "forward_log_det at" in result.stdout


def test_json_is_all_that_is_printed_and_html_is_written(workplace: Path) -> None:
    result = run("audited_flows:wrong", "--json", "--html", "report.html")
    assert result.exit_code == FAILED
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert {"FAIL", "PASS"} <= {c["status"] for c in told["checks"]}
    html = (workplace / "report.html").read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "wrote report.html" in result.stderr
    assert "wrote report.html" in run("audited_flows:make", "--html", "report.html").stdout


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["no_such_module_at_all:x"], "cannot import 'no_such_module_at_all'"),
        (["audited_broken:x"], "cannot import 'audited_broken': ModuleNotFoundError"),
        (["audited_syntax:x"], "cannot import 'audited_syntax': SyntaxError"),
        (["audited_exits:x"], "cannot import 'audited_exits': SystemExit"),
        (["audited_flows:nope"], "module 'audited_flows' has no 'nope'"),
        (["audited_flows:Many.nope"], "'Many' has no 'nope'"),
        (["audited_flows:Scaled"], "audited_flows:Scaled() raised TypeError"),
        (["audited_flows:raises"], "audited_flows:raises() raised RuntimeError: one line and another"),
        (["audited_flows:number"], "int"),
        (["audited_flows:make", "--param", "a"], "--param 'a': expected NAME=VALUE"),
        (["audited_flows:make", "--param", "a=b"], "'b' is not a number"),
        (["audited_flows:make", "--domain", "0"], "expected LO,HI"),
        (["audited_flows:make", "--html", "no/such/folder.html"], "no folder"),
        (["audited_flows:make", "--formula", "foo(x)"], "unknown function 'foo'"),
        ([], "give either MODULE:OBJECT or --stan"),
        (["audited_flows:make", "--stan", "log(x)", "--jacobian", "x"], "give either MODULE:OBJECT or --stan"),
        (["--stan", "log(x)"], "--stan and --jacobian belong together"),
        (["--stan", "log(x", "--jacobian", "x"], "was never closed"),
        (["--stan", "log(x)", "--jacobian", "x", "--param", "q=1"], "'q' is no parameter"),
        (["--stan", "log(x)", "--jacobian", "x", "--param", "q=wat:1"], "expected NAME=VALUE"),
    ],
)  # fmt: skip
def test_what_cannot_run_exits_with_2_and_one_line(arguments: list[str], part: str) -> None:
    result = run(*arguments)
    assert result.exit_code == USE, result.output
    assert result.stdout == ""
    message = result.stderr.removeprefix("words of a module\n")
    assert message.startswith("Error: ")
    assert part in message
    assert len(message) < 400
    assert message.count("\n") == 1 or "^" in message  # a wrong formula is quoted with a caret under the token


def test_stan() -> None:
    right = run("--stan", "log(x - lower)", "--jacobian", "-log(x - lower)", "--param", "lower=0")
    assert right.exit_code == GOOD
    assert "is log|dy/dx|, right where x is the parameter" in right.output
    wrong = run("--stan", "log(x - lower)", "--jacobian", "-log(x - lower)", "--direction", "inverse")
    assert wrong.exit_code == FAILED
    assert "expected log|dx/dy|: is log|dy/dx|: the sign is that of the other direction" in wrong.output


def test_values_are_read_as_in_python() -> None:
    read, meant = _parameters(("a=1.5", "n=2", "loc=[0.5, 1]", "flag=true", 'name="x"', "b=-inf"))
    assert read == {"a": 1.5, "n": 2, "loc": [0.5, 1], "flag": True, "name": "x", "b": float("-inf")}
    assert meant == {}
    assert _parameters(("a=positive:1.5", "b = unit")) == ({"a": 1.5}, {"a": positive, "b": unit})
    assert type(read["n"]) is int
    assert _stan_parameters(("a,b=positive", "c=unit:0.5", "d=-1")) == {
        "a": positive, "b": positive, "c": (unit, 0.5), "d": -1,
    }  # fmt: skip


def test_the_current_folder_is_searched_once(workplace: Path) -> None:
    assert os.getcwd() not in sys.path
    assert run("audited_flows:make").exit_code == GOOD
