"""How users write infinity, in ends of domains and of constraints."""

from __future__ import annotations

import math
import re

_INFINITY = re.compile(r"\s*([+-]?)\s*(?:oo|inf|infinity|∞)\s*", re.IGNORECASE)


def infinite(given: object) -> float | None:
    """The infinity that `given` is in words ("oo", "inf" or "infinity", in any case and with any sign), or None."""
    found = _INFINITY.fullmatch(given) if isinstance(given, str) else None
    return None if found is None else -math.inf if found[1] == "-" else math.inf
