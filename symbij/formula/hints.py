"""What to write instead of text that the parser cannot read, and of names that parameters cannot have."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from symbij.errors import ParameterError, did_you_mean
from symbij.formula.infinity import infinite
from symbij.formula.vocabulary import CONSTANTS, INTERNAL_WORDS, WORDS

# a number next to a name or a bracket, as in 2x
_NUMBER_AND_NAME = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)[ ]?([A-Za-z_]\w*|\()")
_TWO_NAMES = re.compile(r"(?<![\w.])([A-Za-z_]\w*)[ ]+([A-Za-z_]\w*)")
_LEFT_HAND_SIDE = re.compile(r"\s*[A-Za-z_]\w*\s*(?:\([^()]*\))?\s*=(?!=)")
_SUPERSCRIPT = re.compile("([A-Za-z_]\\w*)?(\u207b?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
_AS_DIGITS = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
_TIMES = "\u00b7\u22c5\u00d7\u2217"
_OTHER_SIGNS = {**dict.fromkeys(_TIMES, "*"), "\u2212": "-", "\u2013": "-", "\u00f7": "/", "\u221a": "sqrt(...)"}
_MEANINGS = {"pi": "the number pi", "e": "Euler's number"}
# Names of other libraries for what has another name here, or none that is one-to-one.
_ELSEWHERE = {"clip": ("max", "min"), "clamp": ("max", "min"), "power": ("pow",), "round": ("floor",)}


def unreadable(text: str, column: int | None) -> str:
    """A hint at what is meant by `text`, which cannot be read from `column` on; nothing if it is not known."""
    if _LEFT_HAND_SIDE.match(text):
        return "; write the right-hand side only"
    if raised := _SUPERSCRIPT.search(text):
        return f"; for a power write {raised[1] or '(...)'}**{_exponent(raised[2].translate(_AS_DIGITS))}"
    for char, meant in _OTHER_SIGNS.items():
        if char in text:
            return f"; for {char} write {meant}"
    if column is None:
        return ""
    number = _NUMBER_AND_NAME.search(text)
    if number and number.start() <= column <= number.end():
        return f"; for a product write {number[1]}*{number[2]}{'...)' if number[2] == '(' else ''}"
    for first, second in (m.groups() for m in _TWO_NAMES.finditer(text) if m.start() <= column <= m.end()):
        if not (keyword.iskeyword(first) or keyword.iskeyword(second)):
            return f"; write {first}({second})" if first in WORDS else f"; for a product write {first}*{second}"
    return "; for an absolute value write abs(x)" if text.count("|") > 1 else ""


def _exponent(digits: str) -> str:
    return f"({digits})" if digits.startswith("-") else digits


def sign_of_product(text: str) -> int | None:
    """Where `text` has a raised dot for a product, which Python takes for a letter; None where it has none."""
    return next((k for k, char in enumerate(text) if char == "\u00b7"), None)


def other_functions(name: str, known: Iterable[str]) -> str:
    """A hint at the functions that may be meant by one that is not known."""
    named = [n for n in known if n not in INTERNAL_WORDS]
    if name.lower() in _ELSEWHERE:
        return f"; did you mean {' or '.join(_ELSEWHERE[name.lower()])}?"
    return did_you_mean(name, named) or "; see sb.functions for those that are known"


def why_no_name(name: str) -> str:
    """Why a parameter cannot have this name, in words; nothing if it can."""
    if name in CONSTANTS:
        return f"it is {_MEANINGS[name]} in formulas; choose another name"
    if infinite(name) is not None or name.lower() == "nan":
        return "it means no number; choose another name"
    if name in WORDS:
        return "it is a function in formulas; choose another name"
    if keyword.iskeyword(name) or not name.isidentifier():
        return "a name is a Python identifier that is no keyword"
    return ""


def not_a_parameter(name: str, names: Iterable[str], keywords: Iterable[str] = ()) -> ParameterError:
    """The error for a constraint on what is none of the parameters; `keywords` are other arguments of the call."""
    names = list(names)
    if name in CONSTANTS:
        return ParameterError(f"constraint given for '{name}', which cannot be a parameter: {why_no_name(name)}")
    return ParameterError(
        f"constraint given for '{name}', which is not a parameter of the formula "
        f"(parameters: {', '.join(names) or 'none'}){did_you_mean(name, [*names, *keywords])}"
    )
