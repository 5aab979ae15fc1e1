"""`python -m tests.accuracy [NAME ...]`: measure the library and its peers, and write docs/accuracy.md."""

from __future__ import annotations

import importlib
import tempfile
import warnings
from pathlib import Path
from types import ModuleType

import click
import numpy as np
from tqdm import tqdm

from symbij.accuracy.measure import judge, own_operations
from symbij.accuracy.reference import Reference
from tests.accuracy.cases import Case, all_cases, reference_of
from tests.accuracy.operations import Operations
from tests.accuracy.table import Pair, page
from tests.library_cases import PARAMETERS, START

DOCS = Path(__file__).parents[2] / "docs"
PEERS = {"TFP": "peers_tfp", "PyTorch": "peers_torch", "numpyro": "peers_numpyro", "scipy": "peers_scipy"}
SEED = 0


@click.command(help="Measure the classes NAMES of the library, or all, and write the table.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--folder", type=click.Path(path_type=Path), help="Keeps points and truths for the next run.")
@click.option("--points", type=click.IntRange(min=8), default=80, show_default=True, help="Points of each operation.")
@click.option("--output", type=click.Path(path_type=Path), default=DOCS / "accuracy.md", show_default=True)
@click.option("--peers/--no-peers", default=True, show_default=True, help="Whether to measure other libraries.")
def main(names: tuple[str, ...], folder: Path | None, points: int, output: Path, peers: bool) -> None:
    """Measure and write."""
    modules, left_out = _imported() if peers else ({}, [])
    with tempfile.TemporaryDirectory() as temporary:
        folder = folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        pairs: list[Pair] = []
        bar = tqdm(all_cases(PARAMETERS, names), desc="accuracy", unit="case", disable=None)
        for case in bar:
            bar.set_postfix_str(str(case))
            reference = reference_of(case, folder, points, SEED, START.get(case.name))
            left_out += [
                f"{case}: no point of {name} with a truth to compare with ({samples[0].reason})"
                for name, samples in reference.samples.items()
                if all(s.reason for s in samples)
            ]
            pairs += _pairs("symbij", case, reference, own_operations(case.bijector))
            for library, module in modules.items():
                found, reason = _of_peer(module, case, reference)
                if found is not None:
                    judged, problems = _judged_by_operation(library, case, reference.without_ends(), found)
                    pairs += judged
                    left_out += problems
                elif reason:
                    left_out.append(f"{library}, {case}: {reason}")
    command = " ".join(["python -m tests.accuracy", *names])
    output.write_text(page(pairs, left_out, command, points), encoding="utf-8")
    own = [p for p in pairs if p.library == "symbij"]
    within = sum(p.worst <= 4 for p in own)
    click.echo(f"symbij: {within} of {len(own)} pairs within 4 ulp/κ; wrote {output}")


def _imported() -> tuple[dict[str, ModuleType], list[str]]:
    """The adapters of the libraries that are installed, and a line for each of the others."""
    modules, missing = {}, []
    for library, name in PEERS.items():
        try:
            modules[library] = importlib.import_module(f"tests.accuracy.{name}")
        except ImportError as error:
            missing.append(f"{library}: not installed ({error})")
    return modules, missing


def _of_peer(module: ModuleType, case: Case, reference: Reference) -> tuple[Operations | None, str]:
    """The operations of a library's bijector for a case, unless it has none or its forward map is another one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            operations = module.operations(case.name, case.values)
    except (ValueError, TypeError, NotImplementedError) as error:
        return None, f"refuses these parameters ({str(error).splitlines()[0][:100]})"
    if operations is None:
        return None, ""
    if not _is_same_map(reference, operations):
        return None, "its forward map is another one"
    return operations, ""


def _is_same_map(reference: Reference, operations: Operations) -> bool:
    """Whether most ordinary points go where they should, to three digits."""
    ordinary = [s for s in reference.samples["forward"] if not s.reason and 1e-6 < abs(s.truth) < 1e6]
    if not ordinary:
        return True
    truth = np.array([float(s.truth) for s in ordinary])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = np.asarray(operations["forward"](np.array([s.at for s in ordinary])))
    return bool(np.mean(np.abs(got - truth) <= 1e-3 * np.abs(truth)) > 0.5)


def _pairs(library: str, case: Case, reference: Reference, operations: Operations) -> list[Pair]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judged = judge(reference, operations)
    return [Pair(library, case, name, accuracy) for name, accuracy in judged.operations.items() if accuracy.points]


def _judged_by_operation(
    library: str, case: Case, reference: Reference, operations: Operations
) -> tuple[list[Pair], list[str]]:
    """What `_pairs` gives for those of a peer's operations that run, and a line for each that raises."""
    pairs, problems = [], []
    for name, operation in operations.items():
        try:
            pairs += _pairs(library, case, reference, {name: operation})
        except Exception as error:  # whatever another library raises
            said = " ".join(str(error).split())[:100]
            problems.append(f"{library}, {case}: {name} raises {type(error).__name__} ({said})")
    return pairs, problems


if __name__ == "__main__":
    main()
