"""Writes the table of the library into docs/library.md: `python -m tests.library_table`."""

from __future__ import annotations

from pathlib import Path

from symbij.bijectors.library import distribution_functions, elementary, pieces, shapes, vectors
from symbij.bijectors.vector import VectorBijector

PAGE = Path(__file__).parents[1] / "docs" / "library.md"
START, END = "<!-- table -->", "<!-- end of table -->"
PARTS = {
    "Elementary maps": elementary,
    "Distribution functions": distribution_functions,
    "Pieces": pieces,
    "Shapes": shapes,
    "Vector parameters": vectors,
}


def table() -> str:
    """One line for each class: name and parameters, formula, domain and codomain."""
    lines = []
    for title, module in PARTS.items():
        lines += ["", f"### {title}", "", "| class | y = | from → to |", "|---|---|---|"]
        for name, cls in vars(module).items():
            if not hasattr(cls, "_parameter_list") or name == "VectorBijector":
                continue
            derivation = (cls.of_size(2) if issubclass(cls, VectorBijector) else cls).derivation
            arguments = ", ".join(p.name for p in cls._parameter_list)
            formula = str(cls.__doc__).split("\n")[0].removeprefix("y = ").replace("|", "\\|")
            where = f"{_plain(derivation.domain)} → {_plain(derivation.codomain)}"
            lines.append(f"| `{name}({arguments})` | `{formula}` | {where} |")
    return "\n".join(lines).strip()


def _plain(interval: object) -> str:
    """An interval, or a word where its ends depend on parameters in a longer way."""
    text = str(interval)
    return text if len(text) < 30 else "by the parameters"


def main() -> None:
    """Replace what stands between the two marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(START)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{START}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
