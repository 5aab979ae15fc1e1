"""Shift, scale and divide: runs of such links, read as one affine map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import sympy as sp

from symbij.calculus.chain import Chain, Link, RowLink, link, scaling

AFFINE = ("shift", "scale", "divide")


@dataclass(frozen=True)
class Run:
    """v = scale*u + shift, and equally scale*(u + pre)."""

    scale: sp.Expr
    shift: sp.Expr
    pre: sp.Expr
    links: Chain


def is_row(item: object, *names: str) -> bool:
    """Whether `item` is a row of the table with one of these names."""
    return isinstance(item, RowLink) and item.row.name in names


def is_affine(item: object) -> bool:
    """Whether `item` is a shift, a scale or a divide."""
    return is_row(item, *AFFINE)


def factor_of(item: Link) -> sp.Expr:
    """What a `scale` or `divide` multiplies by."""
    assert isinstance(item, RowLink)
    return item.args[0] if item.row.name == "scale" else 1 / item.args[0]


def run_of(links: Sequence[Link]) -> Run:
    """The affine map that affine links are together."""
    scale, shift, pre = sp.S.One, sp.S.Zero, sp.S.Zero
    for item in links:
        assert isinstance(item, RowLink)
        if item.row.name == "shift":
            shift = shift + item.args[0]
            pre = pre + item.args[0] / scale
        else:
            scale, shift = scale * factor_of(item), shift * factor_of(item)
    return Run(scale, shift, pre, tuple(links))


def leading_run(links: Sequence[Link]) -> Run:
    """The affine run with which `links` begin."""
    return run_of(tuple(takewhile(is_affine, links)))


def scaled(factor: sp.Expr) -> list[Link]:
    """Multiplication by `factor`, if it does anything."""
    return [] if factor == 1 else [scaling(factor)]


def shifted(term: sp.Expr) -> list[Link]:
    """Addition of `term`, if it does anything."""
    return [] if term == 0 else [link("shift", term)]
