"""A derivation as text for the terminal and as LaTeX for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symbij.formula.printing import text_of

if TYPE_CHECKING:
    from symbij.calculus.branches import BranchedDerivation
    from symbij.calculus.derivation import Derivation

_ROOT_NOTE = "f_inverse(y) is the one x with f(x) = y, found by a bracketed Newton iteration to full precision"

_FORMULA_NOTE = (
    "the formula is that of the cubic's one real root, which is computed by a bracketed Newton iteration: that is more "
    "accurate"
)


def as_text(d: Derivation) -> str:
    """The whole derivation, one step a line."""
    x = d.variable
    lines = [f"f({x}) = {d.formula.text or text_of(d.forward)}"]
    if d.formula.parameters:
        listed = ", ".join(f"{p.name} {p.constraint}" for p in d.formula.parameters)
        lines.append(f"parameters   {listed}")
    lines += [f"domain       {d.domain}", f"codomain     {d.codomain}", f"direction    {d.direction}"]
    lines += _conditions(d.conditions)
    lines += [f"continued    to {text_of(c)} = 0 by the limit there" for c in d.limits]
    lines += ["", f"{d.status}: a chain of strictly monotone, continuous maps"]
    width = max((len(s.name) for s in d.steps), default=0)
    values = [text_of(s.value) for s in d.steps]
    value_width = min(48, max((len(v) for v in values), default=0))
    for number, (step, value) in enumerate(zip(d.steps, values, strict=True), start=1):
        lines.append(f"  {number:2d}. {step.name:<{width}}  {value:<{value_width}}  → {step.image}, {step.direction}")
    if not d.steps:
        lines.append("  the identity")
    stable = [s.name for s in d.chain]
    if stable != [s.name for s in d.raw]:
        lines.append(f"  in stable form: {' → '.join(stable) or 'the identity'}")
    lines += [
        "",
        "inverse",
        f"  {x} = {text_of(d.inverse)}",
        "log|det J| of the forward map",
        f"  {text_of(d.forward_log_det)}",
        "log|det J| of the inverse, from y",
        f"  {text_of(d.inverse_log_det)}",
    ]
    if "f_inverse(" in str(d.inverse):
        lines.append(_ROOT_NOTE)
    if any(getattr(item, "formula", None) is not None for item in d.raw):
        lines.append(_FORMULA_NOTE)
    return "\n".join(lines)


def branches_as_text(d: BranchedDerivation) -> str:
    """The derivation of a map with several branches: what they share, then each of them."""
    x = d.variable
    lines = [f"f({x}) = {d.formula.text or text_of(d.forward)}"]
    if d.formula.parameters:
        listed = ", ".join(f"{p.name} {p.constraint}" for p in d.formula.parameters)
        lines.append(f"parameters   {listed}")
    codomain = " ∪ ".join(map(str, d.image))
    lines += [f"domain       {d.domain}", f"codomain     {codomain}", *_conditions(d.conditions), ""]
    lines.append(f"proved: {len(d.branches)} branch{'es' * (len(d.branches) > 1)}, on each of which it is one-to-one")
    numeric = False
    for number, branch in enumerate(d.branches, start=1):
        lines += [
            "",
            f"branch {number}: {branch.domain} → {branch.codomain}, {branch.direction}",
            f"  chain     {' → '.join(item.name for item in branch.chain) or 'the identity'}",
            f"  inverse   {x} = {text_of(branch.inverse)}",
            f"  log|det J| of the forward map       {text_of(branch.forward_log_det)}",
            f"  log|det J| of the inverse, from y   {text_of(branch.inverse_log_det)}",
        ]
        numeric = numeric or "f_inverse(" in str(branch.inverse)
    return "\n".join([*lines, _ROOT_NOTE] if numeric else lines)


def _conditions(conditions: tuple[tuple[sp.Basic, str], ...]) -> list[str]:
    return [f"condition    {relation_text(relation)}   ({reason})" for relation, reason in conditions]


def relation_text(relation: sp.Basic) -> str:
    """A condition as text."""
    return f"{text_of(relation.lhs)} != {text_of(relation.rhs)}" if isinstance(relation, sp.Ne) else text_of(relation)


def as_latex(d: Derivation) -> str:
    """The derivation as the rows of an aligned display."""
    x = sp.latex(d.variable)
    rows = [
        rf"f({x}) &= {sp.latex(d.forward)}, \quad {x} \in {d.domain.latex()}",
        rf"f^{{-1}}(y) &= {sp.latex(d.inverse)}, \quad y \in {d.codomain.latex()}",
        rf"\log\left|\tfrac{{dy}}{{d{x}}}\right| &= {sp.latex(d.forward_log_det)}",
        rf"\log\left|\tfrac{{d{x}}}{{dy}}\right| &= {sp.latex(d.inverse_log_det)}",
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def branches_as_latex(d: BranchedDerivation) -> str:
    """The derivation of a map with several branches as the rows of an aligned display."""
    x = sp.latex(d.variable)
    image = r" \cup ".join(where.latex() for where in d.image)
    rows = [rf"f({x}) &= {sp.latex(d.forward)} \in {image}"]
    for k, branch in enumerate(d.branches, start=1):
        rows += [
            rf"f_{{{k}}}^{{-1}}(y) &= {sp.latex(branch.inverse)} \in {branch.domain.latex()}, "
            rf"\quad y \in {branch.codomain.latex()}",
            rf"\log\left|\tfrac{{d{x}}}{{dy}}\right|_{{{k}}} &= {sp.latex(branch.inverse_log_det)}",
        ]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"
