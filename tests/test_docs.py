"""README.md and docs/*.md are true: their Python runs, their outputs are what is printed, their commands work.

Conventions: the ```python blocks of a file share one namespace and run in order. A statement that ends in `# → text`
must print, or have as its value, that text; a ```text block right after a ```python block is what that block prints.
In ```sh and ```console blocks every `symbij` command is run; in the latter its output and exit code are shown beneath.
In all outputs `...` stands for anything.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from click.testing import CliRunner

from symbij.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#]+)[^)]*\)")


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    line: int
    follows: bool  # whether nothing but blank lines stands between it and the block before


def blocks_of(page: Path) -> list[Block]:
    content = page.read_text(encoding="utf-8")
    blocks, end = [], 0
    for match in FENCE.finditer(content):
        line = content.count("\n", 0, match.start(2)) + 1
        blocks.append(Block(match[1], match[2], line, not content[end : match.start()].strip()))
        end = match.end()
    return blocks


def agrees(expected: str, got: str) -> bool:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(expected.strip() + "\n", got.strip() + "\n", flags)


def run_python(block: Block, page: Path, namespace: dict[str, Any]) -> str:
    """Execute a block statement by statement, check its `# →` comments, and return what it printed."""
    printed = ""
    lines = block.text.splitlines()
    for statement in ast.parse(block.text).body:
        where = f"{page.name}:{block.line + statement.lineno - 1}"
        out, value = io.StringIO(), None
        with contextlib.redirect_stdout(out):
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), where, "eval"), namespace)
            else:
                exec(compile(ast.Module([statement], []), where, "exec"), namespace)
        printed += out.getvalue()
        _, arrow, expected = lines[(statement.end_lineno or 1) - 1].partition("# → ")
        if arrow:
            got = out.getvalue() or shown(value)
            assert agrees(expected, got), f"{where}: expected {expected!r}, got {got!r}"
    return printed


def shown(value: Any) -> str:
    """A value as the documentation shows it: rounded to what can be relied upon."""
    if isinstance(value, float):
        return str(float(f"{value:.12g}"))
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=8, suppress_small=True)
    return str(value)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the examples in it, in which nothing opens a window."""
    import matplotlib.pyplot as plt

    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    yield tmp_path
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_python_blocks_run_and_print_what_is_shown(page: Path, workplace: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    before, printed = "", ""
    for block in blocks_of(page):
        if block.kind == "python":
            printed = run_python(block, page, namespace)
        elif block.kind == "text" and before == "python" and block.follows:
            assert agrees(block.text, printed), f"{page.name}:{block.line}: the block before printed\n{printed}"
        before = block.kind


def symbij_commands(text: str) -> list[list[str]]:
    """The arguments of every `symbij` command on the lines of a shell block, other programs skipped."""
    commands = []
    for line in text.splitlines():
        for part in re.split(r"\s&&\s", line.removeprefix("$ ")):
            if part.startswith("symbij "):
                commands.append(shlex.split(part, comments=True)[1:])
    return commands


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_shell_commands_work(page: Path, workplace: Path) -> None:
    for block in blocks_of(page):
        if block.kind == "sh":
            for arguments in symbij_commands(block.text):
                result = CliRunner().invoke(main, arguments)
                assert result.exit_code == 0, f"{page.name}:{block.line}: symbij {arguments}\n{result.output}"
                if "--plot" in arguments:
                    assert (workplace / arguments[arguments.index("--plot") + 1]).stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_consoles_show_what_commands_print(page: Path, workplace: Path) -> None:
    for block in blocks_of(page):
        if block.kind != "console":
            continue
        exit_code = 0
        for exchange in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, expected = exchange.partition("\n")
            if command == "echo $?":
                assert expected.strip() == str(exit_code), f"{page.name}:{block.line}: the exit code is {exit_code}"
            for arguments in symbij_commands(command):
                result = CliRunner().invoke(main, arguments)
                exit_code = result.exit_code
                assert agrees(expected, result.output), f"{page.name}:{block.line}: {command}\n{result.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_and_pictures_exist(page: Path) -> None:
    content = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(content) + PICTURE.findall(content):
        if "://" not in target:
            assert (page.parent / target.strip()).is_file(), f"{page.name} points to {target}, which does not exist"


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert picture.stat().st_size < 150_000, f"{picture.name} is too large"


def test_readme_gives_the_two_commands() -> None:
    commands = next(b for b in blocks_of(ROOT / "README.md") if b.kind == "sh").text.splitlines()
    assert len(commands) == 2
    assert commands[0].startswith(
        "pip install . && symbij fit examples/data/faithful.csv --column eruptions --formula "
    )
    assert commands[1] == 'pip install ".[test]" && pytest'
