"""Values of any kind as plain JSON types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """`value` in numbers, texts, lists and dicts; 'nan', 'inf' and '-inf' for what JSON has no numbers for."""
    if value is None or isinstance(value, (bool, int, str)):
        return _unmarked(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if hasattr(value, "__float__"):
        try:
            return plain(float(value))
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass  # an array of a library, or a number beyond the doubles
    return str(value)


def _unmarked(value: Any) -> Any:
    """Texts and numbers of subclasses (members of an enumeration) as the plain thing."""
    if isinstance(value, str):
        return str(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
