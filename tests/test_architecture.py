"""The shape of the code: which folder imports which, file lengths, style, docstrings, what `import symbij` loads."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import symbij

ROOT = Path(__file__).parents[1] / "symbij"  # the sources beside the tests, also where an installed copy is tested
MODULES = sorted(ROOT.rglob("*.py"))
MAX_LINES = 400

# From the bottom to the top: a part may import from parts with a smaller number, and from itself.
LEVEL = {
    "errors": 0, "lazy": 0, "formula": 1, "functions": 2, "calculus": 2, "program": 3, "kernels": 4, "export": 4,
    "linalg": 5,
    "bijectors": 6, "accuracy": 7, "distributions": 7, "fitting": 8, "audit": 8, "jit": 8, "testing": 9, "plotting": 9,
    "pytest_plugin": 10, "cli_verify": 10, "__init__": 11, "cli": 12, "__main__": 13,
}  # fmt: skip
# Imports against the order, inside functions only, so that they run after both modules are loaded:
# (importing module, imported module).
LAZY_UPWARD = {
    ("accuracy/result.py", "symbij.plotting"),
    ("bijectors/base.py", "symbij.plotting"),
    ("calculus/derivation.py", "symbij.accuracy.measure"),
    ("distributions/base.py", "symbij.plotting"),
    ("fitting/result.py", "symbij.plotting"),
    ("audit/report.py", "symbij.plotting"),
}
# The third-party packages each part may import; `None` means any of the project's dependencies.
PACKAGES: dict[str, set[str] | None] = {
    "errors": set(),
    "formula": {"sympy", "numpy", "mpmath"},
    "functions": set(),
    "calculus": {"sympy", "numpy", "mpmath"},
    "program": {"sympy"},
    "accuracy": {"sympy", "numpy", "mpmath", "tqdm"},
}


def part(path: Path) -> str:
    """The folder or file right under the package that a module belongs to."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int, bool]]:
    """Every imported module, its line, and whether it is inside a function; without imports for type checkers."""
    found: list[tuple[str, int, bool]] = []

    def visit(node: ast.AST, inside: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, node.lineno, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            module = node.module or ""
            submodules = (
                [a.name for a in node.names if importlib.util.find_spec(f"{module}.{a.name}")]
                if _is_package(module)
                else []
            )
            found.extend((f"{module}.{name}", node.lineno, inside) for name in submodules)
            if len(submodules) < len(node.names):
                found.append((module, node.lineno, inside))
        inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return found


def _is_package(module: str) -> bool:
    return module.split(".")[0] == "symbij" and (ROOT.parent / Path(*module.split("."))).is_dir()


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_run_downwards(path: Path) -> None:
    here = part(path)
    assert here in LEVEL, f"{here} has no place in the order of parts"
    wrong = []
    for module, line, lazy in imports(path):
        if module.split(".")[0] != "symbij":
            continue
        target = module.split(".")[1] if "." in module else "__init__"
        target = target if target in LEVEL else "__init__"
        if target == here or LEVEL[target] < LEVEL[here]:
            continue
        if lazy and (ids(path), module) in LAZY_UPWARD:
            continue
        wrong.append(f"{path}:{line}: {here} imports {module}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_lower_parts_need_few_packages(path: Path) -> None:
    allowed = PACKAGES.get(part(path))
    if allowed is None:
        return
    known = sys.stdlib_module_names | {"symbij"} | allowed
    wrong = [f"{path}:{line}: {module}" for module, line, _ in imports(path) if module.split(".")[0] not in known]
    assert not wrong, "\n".join(wrong)


def test_no_cycles_between_modules() -> None:
    """Imports at the top of modules form no cycle, within a folder neither."""
    graph = {}
    for path in MODULES:
        name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = {m for m, _, lazy in imports(path) if m.startswith("symbij") and not lazy}
    state: dict[str, int] = {}

    def walk(name: str, trail: list[str]) -> None:
        if state.get(name) == 2 or name not in graph:
            return
        assert state.get(name) != 1, f"cycle: {' -> '.join([*trail[trail.index(name) :], name])}"
        state[name] = 1
        for other in graph[name]:
            walk(other, [*trail, name])
        state[name] = 2

    for name in graph:
        walk(name, [])


@pytest.mark.parametrize("path", [*MODULES, *sorted(Path(__file__).parent.glob("*.py"))], ids=lambda p: p.name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_what_is_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    missing = [] if ast.get_docstring(tree) else [f"{ids(path)}: the module"]
    for node in tree.body:
        if (
            isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ):
            missing.append(f"{ids(path)}:{node.lineno}: {node.name}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(arguments: list[str]) -> None:
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, str(ROOT), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        cwd=ROOT.parent,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, symbij; heavy = {'sympy', 'numba', 'matplotlib', 'scipy', 'pandas', 'numpy', 'click'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist() -> None:
    for name in symbij.__all__:
        assert getattr(symbij, name) is not None, name
    with pytest.raises(AttributeError):
        _ = symbij.no_such_name
    assert set(symbij.__all__) <= set(dir(symbij))


DECLARATIONS = [
    pytest.param(path, node, id=ast.unparse(node.targets[0]))
    for path in sorted((ROOT / "bijectors" / "library").glob("*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("declared")
]


@pytest.mark.parametrize(("path", "node"), DECLARATIONS)
def test_a_library_class_is_a_formula_of_ten_lines(path: Path, node: ast.Assign) -> None:
    assert len(DECLARATIONS) > 50
    assert (node.end_lineno or 0) - node.lineno < 10, f"{path}:{node.lineno}"


def test_the_page_of_the_library_is_current() -> None:
    from tests.library_table import PAGE, table

    assert table() in PAGE.read_text(encoding="utf-8"), "run python -m tests.library_table"
