"""Expressions in Stan's language as formulas of symbij's: other names, whole numbers that divide, statements."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass

from symbij.errors import FormulaSyntaxError

# Functions of Stan by what they are in symbij's words; those with one name and meaning in both are not listed.
_TEMPLATES: dict[str, tuple[str, str]] = {
    "inv": ("u", "1/u"),
    "inv_sqrt": ("u", "1/sqrt(u)"),
    "inv_square": ("u", "1/u**2"),
    "exp2": ("u", "2**u"),
    "inv_logit": ("u", "sigmoid(u)"),
    "log_inv_logit": ("u", "-softplus(-u)"),
    "log1m_inv_logit": ("u", "-softplus(u)"),
    "log1p_exp": ("u", "softplus(u)"),
    "log1m": ("u", "log1p(-u)"),
    "log1m_exp": ("u", "log1p(-exp(u))"),
    "log_sum_exp": ("u v", "logaddexp(u, v)"),
    "log_diff_exp": ("u v", "log(exp(u) - exp(v))"),
    "inv_cloglog": ("u", "-expm1(-exp(u))"),
    "Phi": ("u", "ndtr(u)"),
    "inv_Phi": ("u", "ndtri(u)"),
    "Phi_approx": ("u", "sigmoid(0.07056*u**3 + 1.5976*u)"),
    "std_normal_lcdf": ("u", "log_ndtr(u)"),
    "std_normal_lpdf": ("u", "-u**2/2 - log(2*pi)/2"),
    "lambert_w0": ("u", "lambertw(u)"),
    "fmax": ("u v", "max(u, v)"),
    "fmin": ("u v", "min(u, v)"),
    "fma": ("u v w", "u*v + w"),
    "hypot": ("u v", "sqrt(u**2 + v**2)"),
    "lmultiply": ("u v", "u*log(v)"),
    "multiply_log": ("u v", "u*log(v)"),
    "pi": ("", "pi"),
    "e": ("", "e"),
    "sqrt2": ("", "sqrt(2)"),
    "log2": ("", "log(2)"),  # without an argument; with one it is a word of symbij's
    "log10": ("", "log(10)"),
}
_STATEMENT = re.compile(
    r"\s*(?:(?:target|jacobian)\s*\+=|(?:real\s+)?[A-Za-z]\w*\s*=(?!=))?\s*(.*?)\s*;?\s*", re.DOTALL
)
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_WHOLE = {ast.Add: int.__add__, ast.Sub: int.__sub__, ast.Mult: int.__mul__}


@dataclass(frozen=True)
class Translated:
    """`text` for symbij's parser, and `notes` on what means something else in Stan than it looks like."""

    text: str
    notes: tuple[str, ...] = ()


def name_in_formulas(name: str) -> str:
    """A name of Stan as symbij has it: Python's keywords, such as lambda, cannot be names there."""
    return f"{name}_" if keyword.iskeyword(name) else name


def translated(text: str, renamed: Mapping[str, str]) -> Translated:
    """What an expression means, or a statement `target += ...;`, `jacobian += ...;` or `y = ...;` with one in it.

    `renamed` are names to be replaced. Nothing is evaluated: the text is rewritten, and goes through symbij's parser.
    Raises `FormulaSyntaxError`.
    """
    if not isinstance(text, str) or not text.strip():
        raise FormulaSyntaxError(f"an expression must be a non-empty string, got {text!r}")
    match = _STATEMENT.fullmatch(text)
    inner = (match[1] if match else text).replace("\n", " ").replace("^", "**")
    inner = _WORD.sub(lambda m: name_in_formulas(m[0]), inner)
    try:
        tree = ast.parse(inner, mode="eval").body
        rewriter = _Rewriter(renamed)
        return Translated(ast.unparse(rewriter.visit(tree)), tuple(rewriter.notes))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Translated(inner)  # symbij's parser says what is wrong with it


class _Rewriter(ast.NodeTransformer):
    def __init__(self, renamed: Mapping[str, str]) -> None:
        self.renamed = renamed
        self.notes: list[str] = []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.renamed.get(node.id, node.id), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        args = [self.visit(a) for a in node.args]
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        names, template = _TEMPLATES.get(name, ("", ""))
        if not template or node.keywords or len(names.split()) != len(args):
            return ast.Call(node.func, args, node.keywords)
        given = dict(zip(names.split(), args, strict=True))
        return _Filled(given).visit(ast.parse(template, mode="eval").body)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        a, b = _whole(left), _whole(right)
        if isinstance(node.op, ast.Div) and a is not None and b:
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            if quotient * b != a:
                self.notes.append(f"{a}/{b} is {quotient} in Stan, where integers divide to integers: write {a}.0/{b}")
            return _number(quotient)
        return ast.BinOp(left, node.op, right)


class _Filled(ast.NodeTransformer):
    """Puts arguments in the place of a template's names."""

    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.given.get(node.id, node)


def _whole(node: ast.expr) -> int | None:
    """The value of an expression that is an integer for Stan: of literals and +, -, * alone."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _whole(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and type(node.op) in _WHOLE:
        a, b = _whole(node.left), _whole(node.right)
        return None if a is None or b is None else _WHOLE[type(node.op)](a, b)
    return None


def _number(value: int) -> ast.expr:
    constant = ast.Constant(abs(value))
    return constant if value >= 0 else ast.UnaryOp(ast.USub(), constant)
