"""Declared one-to-one, and not: folds, wide and narrow, jumps, images that are not what is declared."""

from __future__ import annotations

import mpmath
import numpy as np

from tests.audit_corpus.entry import Array, Entry

FOLD = 1.001e-3


class Distance:
    """y = |x - centre|, declared a bijector of volume 1."""

    def __init__(self, centre: float) -> None:
        self.centre = centre

    def forward(self, x: Array) -> Array:
        return np.abs(x - self.centre)

    def inverse(self, y: Array) -> Array:
        return y + self.centre

    def forward_log_det_jacobian(self, x: Array) -> Array:
        return np.zeros_like(x)


def planar(x: Array, w: float, u: float, b: float) -> Array:
    return x + _bounded(w, u) * np.tanh(w * x + b)


def planar_log_det(x: Array, w: float, u: float, b: float) -> Array:
    return np.log(np.abs(1 + w * _bounded(w, u) / np.cosh(w * x + b) ** 2))


def _bounded(w: float, u: float) -> float:
    """u moved so that w*u > -1; it has to be divided by w**2, here it is by |w|."""
    return u + (np.logaddexp(0.0, w * u) - 1 - w * u) * w / np.abs(w)


def mp_planar(x: mpmath.mpf, w: float, u: float, b: float) -> mpmath.mpf:
    moved = u + (mpmath.log1p(mpmath.exp(w * u)) - 1 - w * u) * w / abs(w)
    return x + moved * mpmath.tanh(w * x + b)


ENTRIES = (
    Entry(
        "distance from a centre",
        lambda: {"subject": Distance(1.0)},
        lambda x: abs(x - 1),
        (-2.0, 4.0),
        (("not one-to-one",),),
        "fold",
        "one-to-one",
        "TuringLang/Bijectors.jl#234",  # Questions on custom bijectors
        "the log-det is right",
    ),
    Entry(
        "square with a square root",
        lambda: {
            "forward": lambda x: x**2,
            "inverse": np.sqrt,
            "forward_log_det": lambda x: np.log(2.0) + np.log(np.abs(x)),
        },
        lambda x: x**2,
        (-2.0, 2.0),
        (("not one-to-one",),),
        "fold",
        "one-to-one",
        "pymc-devs/pymc#6414",  # Infer logprob of absolute operations and fix logprob of powers with negative values
    ),
    Entry(
        "sine on the line",
        lambda: {
            "forward": np.sin,
            "inverse": np.arcsin,
            "forward_log_det": lambda x: np.log(np.abs(np.cos(x))),
        },
        mpmath.sin,
        (1.0, 2.0),
        (("not one-to-one",),),
        "fold",
        "one-to-one",
    ),
    Entry(
        "cubic that turns twice",
        lambda: {
            "forward": lambda x: x**3 - x,
            "forward_log_det": lambda x: np.log(np.abs(3 * x**2 - 1)),
            "formula": "x**3 - x",
        },
        lambda x: x**3 - x,
        (0.0, 1.0),
        (("not one-to-one",),),
        "fold",
        "one-to-one",
    ),
    Entry(
        "a narrow fold",
        lambda: {
            "forward": lambda x: x - FOLD * np.tanh(1000 * x),
            "forward_log_det": lambda x: np.log(np.abs(1 - 1.001 * (1 - np.tanh(1000 * x) ** 2))),
            "formula": "x - 0.001001*tanh(1000*x)",
        },
        lambda x: x - FOLD * mpmath.tanh(1000 * x),
        (0.0, 1.0),
        (("not one-to-one",),),
        "fold",
        "one-to-one",
        note="falls for |x| < 3.2e-5 only",
    ),
    Entry(
        "planar step normalised by |w|",
        lambda: {
            "forward": planar,
            "forward_log_det": planar_log_det,
            "parameters": {"w": 0.3, "u": -20.0, "b": 0.1},
        },
        mp_planar,
        (-1 / 3, 30.0),
        (("not one-to-one",),),
        "fold",
        "one-to-one",
        "pyro-ppl/pyro#2192",  # Corrections to planar flow implementation
        "one-to-one for |w| >= 1; the log-det is right",
    ),
    Entry(
        "two lines that overlap",
        lambda: {
            "forward": lambda x: np.where(x < 0, x, 2 * x - 0.5),
            "inverse": lambda y: np.where(y < 0, y, (y + 0.5) / 2),
            "forward_log_det": lambda x: np.where(x < 0, 0.0, np.log(2.0)),
        },
        lambda x: x if x < 0 else 2 * x - 0.5,
        (-0.25, 0.125),
        (("not one-to-one",), ("jumps",)),
        "fold",
        "one-to-one",
    ),
)
