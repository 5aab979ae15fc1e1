"""Maps that take several inputs to one output, such as x**2, with all their branches."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from symbij.bijectors.declaration import Facts, load_facts, load_program, parameters_of, save_facts, save_program
from symbij.bijectors.derived import DerivedBijector, OnFirstUse, declare
from symbij.bijectors.fused import BoundStage
from symbij.bijectors.numeric import numeric
from symbij.errors import ParameterError, ShapeError
from symbij.program.ir import Program

_TOUCHING = 1e-9  # relative distance of neighbouring branches that is put down to rounding


def _derive(cls: type[ManyToOneBijector]) -> Any:
    from symbij.calculus.branches import derive_branches

    return derive_branches(cls.formula)


def _facts_of(cls: type[ManyToOneBijector]) -> Facts:
    found = load_facts(cls._key)
    if found is not None:
        return found
    derivation = cls.derivation
    ends = [end for d in derivation.branches for end in (d.domain.lo, d.domain.hi)]
    found = Facts(
        text=cls.formula.text or str(cls.formula.expr),
        parameters=parameters_of(cls.formula),
        constant_jacobian=False,
        unconditional=not (derivation.conditions or any(end.free_symbols for end in ends)),
    )
    save_facts(cls._key, found)
    return found


def _branch_classes(cls: type[ManyToOneBijector]) -> tuple[type[DerivedBijector], ...]:
    made = []
    for number, derivation in enumerate(cls.derivation.branches, start=1):
        branch = declare(derivation.formula, f"{cls.__name__}Branch{number}")
        branch._made_derivation = derivation  # type: ignore[attr-defined]
        made.append(branch)
    return tuple(made)


class ManyToOneBijector(DerivedBijector):
    """y = f(x) for a formula that takes several inputs to one output; its branches are derived.

    The domain is split into parts on which f is one-to-one, from left to right; `branches` are these restrictions of f,
    each a bijector. `inverse` returns a tuple: the preimage of y on each branch, NaN where a branch does not reach y. A
    y at which two branches meet has the same preimage on both. `inverse_log_det_jacobian` returns log|dx/dy| on each
    branch. The density of f(X) is the sum over the preimages.

    Shapes: as for every elementwise bijector; since each element of an event has preimages of its own, the log-dets of
    the inverse are not summed over events. Raises `NotBijectiveError` if a part cannot be proved one-to-one.
    """

    is_injective = False
    derivation: ClassVar[Any] = OnFirstUse("made_branches", _derive)
    _facts: ClassVar[Facts] = OnFirstUse("made_facts", _facts_of)  # type: ignore[assignment]
    _branch_classes: ClassVar[tuple[type[DerivedBijector], ...]] = OnFirstUse(  # type: ignore[assignment]
        "made_branch_classes", _branch_classes
    )

    @property
    def branches(self) -> tuple[DerivedBijector, ...]:
        """The map on each part of its domain on which it is one-to-one, from left to right."""
        if "_cache_branches" not in self.__dict__:
            self._cache_branches = tuple(
                c(**self._parameters, validate_args=False, name=f"{self.name}[{k}]")
                for k, c in enumerate(self._branch_classes)
            )
        return self._cache_branches

    def inverse(self, y: Any) -> tuple[np.ndarray, ...]:  # type: ignore[override]
        """All x with f(x) = y, one for every branch; NaN where a branch does not reach y."""
        return tuple(branch.inverse(y) for branch in self.branches)

    def inverse_log_det_jacobian(  # type: ignore[override]
        self, y: Any, event_ndims: int | None = None
    ) -> tuple[np.ndarray, ...]:
        """log|dx/dy| at `y` on every branch; NaN where a branch does not reach y."""
        self._refuse_events(event_ndims)
        return tuple(branch.inverse_log_det_jacobian(y) for branch in self.branches)

    def inverse_and_log_det(  # type: ignore[override]
        self, y: Any, event_ndims: int | None = None
    ) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """`inverse(y)` and `inverse_log_det_jacobian(y)`."""
        self._refuse_events(event_ndims)
        found = [branch.inverse_and_log_det(y) for branch in self.branches]
        return tuple(x for x, _ in found), tuple(log_det for _, log_det in found)

    def _refuse_events(self, event_ndims: int | None) -> None:
        if event_ndims not in (None, 0):
            raise ShapeError(
                f"{self.name}: the log-dets of its inverse have event_ndims=0, got {event_ndims!r}: every element of "
                "an event has several preimages of its own, whose log-dets have no sum"
            )

    @classmethod
    def _program(cls, *operation: bool) -> Program:
        """The program of a forward operation; inverses are the branches' own."""
        found = load_program(cls._key, operation)  # type: ignore[arg-type]
        if found is None:
            from symbij.program.branches import branches_program

            names = tuple(f"s0_{k}" for k in range(len(cls._parameter_list)))
            _, value, log_det = operation
            found = branches_program(cls.derivation.branches, names, value, log_det)
            save_program(cls._key, operation, found)  # type: ignore[arg-type]
        return found

    def _stages(self) -> tuple[BoundStage, ...] | None:
        return None

    def branch_stages(self) -> tuple[BoundStage, ...]:
        """Each branch as a stage, for densities."""
        values = tuple(self._parameters.values())
        return tuple(BoundStage(d, False, values) for d in self.derivation.branches)

    def _increasing(self) -> np.ndarray | None:  # type: ignore[override]
        return None

    def _check_domain(self, values: dict[str, np.ndarray]) -> None:
        self._check_conditions(values)  # first: ends of branches may not be numbers otherwise
        name, derivation = type(self).__name__, self.derivation
        ends = [[numeric(e, values) for e in (d.domain.lo, d.domain.hi)] for d in derivation.branches]
        some = np.logical_or.reduce(np.broadcast_arrays(*(lo < hi for lo, hi in ends)))
        if not np.all(some):
            shown = {k: v.tolist() for k, v in values.items()}
            raise ParameterError(f"{name}: the domain {derivation.domain} is empty for {shown}")
        if derivation.formula.domain is None:
            return
        for left, right in derivation.gaps:
            a, b = numeric(left.hi, values), numeric(right.lo, values)
            if np.any(b - a > _TOUCHING * np.maximum(1.0, np.abs(a))):
                raise ParameterError(
                    f"{name}: is not defined between {left.hi} and {right.lo}, which is part of the given domain "
                    f"{derivation.formula.domain}"
                )
