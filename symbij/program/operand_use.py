"""Who needs what, in a list of operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from symbij.program.ir import Op


def dependence(ops: Sequence[Op], source: int) -> list[bool]:
    """For every operation, whether the operation `source` reaches it."""
    reached: list[bool] = []
    for index, op in enumerate(ops):
        reached.append(index == source or any(reached[a] for a in op.args))
    return reached


def uses_in_cone(ops: Sequence[Op], outputs: list[int]) -> Counter[int]:
    """How many operands are each operation, among the operations that `outputs` need; an output itself is one."""
    uses: Counter[int] = Counter(outputs)
    needed = set(outputs)
    for index in range(max(outputs), -1, -1):
        if index in needed:
            uses.update(ops[index].args)
            needed.update(ops[index].args)
    return uses
