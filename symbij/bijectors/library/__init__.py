"""The library: bijectors that are one formula each. Inverses and log-dets are derived, none is written here."""

from __future__ import annotations

from symbij.bijectors.derived import DerivedBijector
from symbij.bijectors.library import distribution_functions, elementary, pieces, shapes, vectors

ALL: dict[str, type[DerivedBijector]] = {
    cls.__name__: cls
    for module in (elementary, distribution_functions, pieces, shapes, vectors)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, DerivedBijector) and cls is not DerivedBijector
}
