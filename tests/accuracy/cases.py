"""Points and truth for every class of the library at its parameter sets, found once and kept on disk."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import symbij.accuracy
from symbij.accuracy.reference import Reference, find_reference
from symbij.bijectors.derived import DerivedBijector
from symbij.bijectors.library import ALL
from symbij.formula import functions


@dataclass(frozen=True)
class Case:
    """One class of the library at one of its parameter sets."""

    name: str
    index: int
    bijector: DerivedBijector

    @property
    def values(self) -> dict[str, Any]:
        """The parameters, with the defaults of those not given."""
        arrays = {k: np.asarray(v) for k, v in self.bijector.parameters.items()}
        return {k: float(a) if a.ndim == 0 else a for k, a in arrays.items()}

    @property
    def components(self) -> dict[str, float]:
        """The numbers in place of the parameters of the formula: those of a vector are its components."""
        return {k: float(v) for k, v in self.bijector._values().items()}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={_short(v)}' for k, v in self.values.items())})"


def all_cases(sets: dict[str, list[dict[str, Any]]], only: tuple[str, ...] = ()) -> list[Case]:
    """A case for every class (or those in `only`) and each of its parameter `sets`."""
    names = [n for n in ALL if n in sets and (not only or n in only)]
    return [Case(n, i, ALL[n](**given)) for n in names for i, given in enumerate(sets[n])]


def reference_of(case: Case, folder: Path, points: int, seed: int, precision: int | None) -> Reference:
    """The points and truth of a case: read from the folder if they are there, else found and written."""
    cls = type(case.bijector)
    values = sorted((k, repr(v)) for k, v in case.components.items())
    meaning = (cls.formula.text, str(cls.formula.expr), str(cls.derivation.domain), str(cls.derivation.codomain),
               values, points, seed, precision, _sources())  # fmt: skip
    digest = hashlib.sha256(repr(meaning).encode()).hexdigest()[:16]
    path = folder / f"{case.name}-{case.index}-{digest}.json"
    if path.exists():
        return Reference.from_json(path.read_text(encoding="utf-8"))
    found = find_reference(cls.derivation, case.components, points, seed, precision=precision)
    path.write_text(found.to_json(), encoding="utf-8")
    return found


@functools.cache
def _sources() -> str:
    """A digest of the code that finds truths: what it found before is of no use once it has changed."""
    where = Path(symbij.accuracy.__file__).parent
    paths = [where / f"{n}.py" for n in ("definition", "doubles", "limits", "points", "reference", "truth")]
    content = b"".join(p.read_bytes() for p in [*paths, Path(functions.__file__)])
    return hashlib.sha256(content).hexdigest()


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else np.array2string(value, precision=4, threshold=4)
