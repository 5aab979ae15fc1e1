"""Functions for formulas written in Python: `sb.functions.sigmoid(x)`, one for every function name of the parser.

They take the symbols of a traced formula (or sympy expressions); numpy's functions work there too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbij.errors import UsageError
from symbij.formula.tracer import Traced, traced_call
from symbij.formula.vocabulary import INTERNAL_WORDS, WORDS

__all__ = sorted(set(WORDS) - INTERNAL_WORDS)


def __getattr__(name: str) -> Callable[..., Traced]:
    if name not in WORDS:
        raise AttributeError(f"module 'symbij.functions' has no function {name!r}")

    def function(*args: Any) -> Traced:
        if not any(isinstance(a, Traced) or hasattr(a, "free_symbols") for a in args):
            raise UsageError(f"symbij.functions.{name} is for formulas being traced; use numpy or scipy for numbers")
        return traced_call(name, *args)

    function.__name__ = name
    function.__doc__ = f"The function `{name}` inside a formula."
    return function


def __dir__() -> list[str]:
    return __all__
