"""The command line: what it prints, and that errors are one readable message with the right exit code."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import symbij.bijectors.derived  # noqa: F401  imported here, so that no test is charged for the time it takes
from symbij.cli import main

ROOT = Path(__file__).resolve().parent.parent
FAITHFUL = str(ROOT / "examples" / "data" / "faithful.csv")
GOOD, MATHEMATICS, USE = 0, 1, 2


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def refused(code: int, *arguments: str) -> str:
    """The message of a command that must fail with exit code `code`, checked to be no traceback."""
    result = run(*arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception  # a traceback to the user
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    message = result.output.split("symbij: ")[-1].split("Error: ")[-1].strip()
    assert message
    assert len(message) < 500
    return message


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A table with good, incomplete, negative, textual and logical columns."""
    path = tmp_path / "table.csv"
    path.write_text("good,gap,low,word,flag\n1.5,1.0,1.0,a,True\n2.0,,2.0,b,False\n2.5,3.0,-4.0,c,True\n")
    return str(path)


def test_derive_prints_the_derivation() -> None:
    result = run("derive", "(a*x + b)**3", "--param", "a=nonzero")
    assert result.exit_code == GOOD
    for part in ("f(x) = (a*x + b)**3", "a nonzero, b real", "proved", "x = (-b + cbrt(y))/a", "odd_power"):
        assert part in result.output


def test_derive_prints_latex() -> None:
    result = run("derive", "(a*x + b)**3", "--latex")
    assert result.exit_code == GOOD
    assert result.output.startswith(r"\begin{aligned}")
    assert r"\sqrt[3]{y}" in result.output


def test_derive_takes_a_domain() -> None:
    result = run("derive", "x**2", "--domain", "0,oo")
    assert result.exit_code == GOOD
    assert "x = sqrt(y)" in result.output


def test_derive_takes_a_formula_that_begins_with_a_minus() -> None:
    result = run("derive", "-exp(-x)")
    assert result.exit_code == GOOD, result.output
    assert "x = -log(-y)" in result.output


@pytest.mark.parametrize(
    ("formula", "code", "parts"),
    [
        ("x**2", MATHEMATICS, ["x**2 is not one-to-one", "f(-1) = f(1) = 1", "domain=(0, 'oo')"]),
        ("1/x", MATHEMATICS, ["pole", "domain=(0, 'oo')"]),
        ("x - tanh(2*x)", MATHEMATICS, ["not one-to-one"]),
        ("__import__('os').system('id')", USE, ["plain name", "__import__('os').system('id')\n"]),
        ("9**9**9**9", USE, ["limit", "9**9**9**9\n"]),
        ("(a*x+", USE, ["'(' was never closed", "    (a*x+\n    ^"]),
        ("foo(x)", USE, ["unknown function 'foo'"]),
        ("x.real", USE, ["attribute"]),
        ("a*b", USE, ["does not depend on its variable 'x'"]),
        ("", USE, ["non-empty"]),
        ("+".join(["x"] * 5000), USE, ["9999 characters"]),
        ("(" * 1000 + "x" + ")" * 1000, USE, []),
    ],
)  # fmt: skip
def test_derive_refuses_at_once(formula: str, code: int, parts: list[str]) -> None:
    started = time.perf_counter()
    message = refused(code, "derive", formula)
    assert time.perf_counter() - started < 2.0
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--param", "a"], ["--param 'a'", "NAME=CONSTRAINT"]),
        (["--param", "=positive"], ["--param '=positive'"]),
        (["--param", "a=wat"], ["'wat' is neither a constraint", "positive", "nor a number"]),
        (["--param", "a=wat:1"], ["unknown constraint 'wat'", "positive"]),
        (["--param", "a=positive:wat"], ["'wat'"]),
        (["--param", "q=positive"], ["'q'", "parameters: a, b"]),
        (["--param", "q=3"], ["q", "no such parameter"]),
        (["--domain", "0"], ["expected LO,HI"]),
        (["--domain", "0,wat"], ["unknown name 'wat'"]),
        (["--nonsense"], ["--nonsense"]),
    ],
)
def test_derive_refuses_wrong_options(options: list[str], parts: list[str]) -> None:
    message = refused(USE, "derive", "a*x + b", *options)
    for part in parts:
        assert part in message


def test_fit_prints_derivation_parameters_and_likelihood_and_draws(tmp_path: Path) -> None:
    picture = tmp_path / "faithful.png"
    formula = "a*sinh((x - m)/s) + k*tanh((x - n)/t)"
    options = ["--column", "eruptions", "--formula", formula, "--param", "a,s,k,t=positive", "--plot", str(picture)]
    result = run("fit", FAITHFUL, *options)
    assert result.exit_code == GOOD, result.output
    assert result.output.index("proved") < result.output.index("log-likelihood -263.33")
    for name in "amsknt":
        assert f"bijector.{name} " in result.output
    assert "272 values of 'eruptions'" in result.output
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("method", ["adam", "lbfgs"])
@pytest.mark.parametrize("base", ["normal", "logistic"])
def test_fit_from_given_starts(table: str, method: str, base: str) -> None:
    starts = ["--param", "a=positive:1", "--param", "b=-2"]
    options = [
        "--column",
        "good",
        "--formula",
        "a*x + b",
        "--method",
        method,
        "--base",
        base,
        "--epochs",
        "20",
        *starts,
    ]
    result = run("fit", table, *options, "--quiet")
    assert result.exit_code == GOOD, result.output
    assert "bijector.a" in result.output


def test_fit_is_reproducible(table: str) -> None:
    options = ["--column", "good", "--formula", "a*x + b", "--method", "adam", "--epochs", "5", "--quiet"]
    assert run("fit", table, *options, "--seed", "7").output == run("fit", table, *options, "--seed", "7").output


def test_accuracy_prints_a_table(tmp_path: Path) -> None:
    picture = tmp_path / "errors.png"
    options = ["--param", "a=nonzero:1.5", "--points", "12", "--seed", "3", "--quiet"]
    result = run("accuracy", "(a*x + b)**3", *options, "--plot", str(picture))
    assert result.exit_code == GOOD, result.output
    for part in ("y = (a*x + b)**3", "a = 1.5, b = ", "drawn with seed 3: b", "inverse_log_det", "100%", "wrote"):
        assert part in result.output
    assert picture.stat().st_size > 10_000
    assert run("accuracy", "(a*x + b)**3", *options).output == result.output.split("wrote")[0]


def test_accuracy_takes_a_domain_of_parameters() -> None:
    options = ["--domain", "low,high", "--param", "low=-3", "--param", "high=5", "--points", "8", "--quiet"]
    result = run("accuracy", "(x - low)/(high - low)", *options)
    assert result.exit_code == GOOD, result.output
    assert "low = -3.0, high = 5.0" in result.output
    assert "drawn" not in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["x**2"], MATHEMATICS, ["not one-to-one"]),
        (["a*x +"], USE, ["a*x +"]),
        (["a*x", "--param", "a=positive:-1"], USE, ["positive"]),
        (["a*x", "--param", "q=1"], USE, ["q", "no such parameter"]),
        (["exp(x)", "--points", "0"], USE, ["--points"]),
        (["exp(x)", "--plot", "no/such/folder/picture.png"], USE, ["no/such/folder"]),
        (["x/(high - low)", "--domain", "low,high", "--param", "low=1", "--param", "high=0"], USE, ["empty"]),
    ],
)
def test_accuracy_refuses(arguments: list[str], code: int, parts: list[str]) -> None:
    message = refused(code, "accuracy", *arguments, "--quiet")
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("column", "formula", "code", "parts"),
    [
        ("none", "a*x + b", USE, ["no column 'none'", "good, gap, low, word, flag"]),
        ("word", "a*x + b", USE, ["'word'", "not numeric"]),
        ("flag", "a*x + b", USE, ["'flag'", "not numeric"]),
        ("gap", "a*x + b", MATHEMATICS, ["NaN", "1 of 3", "index 1"]),
        ("low", "s*log(x)", MATHEMATICS, ["outside", "1 of 3", "index 2"]),
        ("good", "x**2", MATHEMATICS, ["not one-to-one"]),
        ("good", "a*x +", USE, ["a*x +"]),
        ("good", "log(x)", USE, ["no parameters"]),
    ],
)
def test_fit_refuses(table: str, column: str, formula: str, code: int, parts: list[str]) -> None:
    message = refused(code, "fit", table, "--column", column, "--formula", formula, "--quiet")
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--param", "a=positive:-3"], "positive"),
        (["--seed", "-1"], "--seed"),
        (["--epochs", "0"], "--epochs"),
        (["--batch-size", "0"], "--batch-size"),
        (["--method", "adam", "--learning-rate", "-1"], "learning"),
        (["--base", "cauchy"], "'cauchy'"),
        (["--plot", "no/such/folder/picture.png"], "no/such/folder"),
        (["--plot", "picture.nonsense"], "nonsense"),
    ],
)  # fmt: skip
def test_fit_refuses_wrong_options(table: str, options: list[str], part: str) -> None:
    message = refused(USE, "fit", table, "--column", "good", "--formula", "a*x + b", "--quiet", *options)
    assert part in message


def test_fit_refuses_unreadable_files(tmp_path: Path) -> None:
    rest = ["--column", "x", "--formula", "a*x + b"]
    assert "no file" in refused(USE, "fit", str(tmp_path / "missing.csv"), *rest)
    assert "cannot read" in refused(USE, "fit", str(tmp_path), *rest)
    for name, content in (("empty.csv", b""), ("binary.csv", b"\xff\xfe\x00\x01")):
        (tmp_path / name).write_bytes(content)
        assert "cannot read" in refused(USE, "fit", str(tmp_path / name), *rest)
    (tmp_path / "header.csv").write_text("x\n")
    assert "no rows" in refused(USE, "fit", str(tmp_path / "header.csv"), *rest)


@pytest.mark.parametrize(
    "arguments", [(), ("derive",), ("fit",), ("nonsense",), ("fit", FAITHFUL, "--column", "waiting")]
)
def test_incomplete_commands_are_wrong_use(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    # without any argument the help is printed; click changed the exit code of that from 0 to 2 in version 8.2
    assert result.exit_code in ((USE, 0) if not arguments else (USE,))
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "arguments", [("--help",), ("derive", "-h"), ("accuracy", "-h"), ("fit", "--help"), ("--version",)]
)
def test_help_and_version(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == GOOD, result.output
    assert result.output


def test_main_is_a_click_command() -> None:
    assert isinstance(main, click.Command)


@pytest.mark.parametrize(
    ("formula", "code", "part"),
    [("log(x)", GOOD, "x = exp(y)"), ("x**2", MATHEMATICS, "f(-1) = f(1) = 1"), ("(a*x+", USE, "never closed")],
)
def test_as_a_program(formula: str, code: int, part: str) -> None:
    command = [sys.executable, "-m", "symbij.cli", "derive", formula]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert part in (done.stdout if code == GOOD else done.stderr)
    assert (done.stderr == "") if code == GOOD else (done.stdout == "")
    assert "Traceback" not in done.stderr
