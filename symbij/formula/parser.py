"""Formula text → expression, over a whitelist of Python's own syntax tree; user text is never evaluated."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

import sympy as sp

from symbij.errors import FormulaSyntaxError, SymbijError
from symbij.formula.hints import other_functions, sign_of_product, unreadable
from symbij.formula.infinity import infinite
from symbij.formula.splines import SPLINE_WORDS
from symbij.formula.vocabulary import (
    CONSTANTS,
    INTERNAL_WORDS,
    WORDS,
    Requirement,
    apply,
    check_real,
    divide,
    power,
    tagged,
)

MAX_LENGTH = 4000
MAX_NODES = 1000
MAX_DEPTH = 100
MAX_DIGITS = 40
MAX_PARTS = 20_000  # with all sums over vectors written out

_COMPARISONS = {ast.Lt: sp.Lt, ast.LtE: sp.Le, ast.Gt: sp.Gt, ast.GtE: sp.Ge}


Vectors = Mapping[str, tuple[sp.Symbol, ...]]


def parse(
    text: str, symbols: dict[str, sp.Symbol], internal: bool = False, vectors: Vectors | None = None
) -> tuple[sp.Expr, list[Requirement]]:
    """The expression that `text` means and the requirements of its parts; names are looked up in `symbols`.

    Inside sum(...) the names in `vectors` stand for one of their components after the other. `internal` allows the
    helper functions of the table, whose arguments nobody checks.
    """
    return _Parser(text, symbols, internal, vectors or {}).run()


def names_in(text: str) -> list[str]:
    """Names in `text` that are neither functions nor constants, in order of appearance."""
    found: dict[str, None] = {}
    called = set()
    tree = _syntax_tree(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(id(node.func))
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called]
    for node in sorted(nodes, key=lambda n: (n.lineno, n.col_offset)):
        if _is_no_number(node.id):
            column = _column(text.strip(), node.col_offset, in_bytes=True)
            raise FormulaSyntaxError(_no_number(node.id), text.strip(), column)
        if node.id not in CONSTANTS:
            found.setdefault(node.id)
    return list(found)


def _is_no_number(word: str) -> bool:
    return infinite(word) is not None or word.lower() == "nan"


def _no_number(word: str) -> str:
    return f"'{word}' is no number that a formula can hold; infinite ends of the domain are given as domain=(lo, 'oo')"


def _prepared(text: str) -> str:
    """One line, in which `^` means power. `**` is of other width, so columns are mapped back in `_column`."""
    return text.replace("\n", " ").replace("^", "**")


def _syntax_tree(text: str) -> ast.expr:
    if not isinstance(text, str) or not text.strip():
        raise FormulaSyntaxError(f"a formula must be a non-empty string, got {text!r}")
    if len(text) > MAX_LENGTH:
        raise FormulaSyntaxError(f"the formula has {len(text)} characters; the limit is {MAX_LENGTH}", text, None)
    if text != text.strip():
        text = text.strip()
    dot = sign_of_product(text)
    if dot is not None:
        raise FormulaSyntaxError(f"cannot read the formula: for a product write * instead of '{text[dot]}'", text, dot)
    try:
        tree = ast.parse(_prepared(text), mode="eval").body
    except SyntaxError as error:
        column = None if error.offset is None else _column(text, max(0, error.offset - 1))
        if column is not None:
            column = min(column, len(text))
        raise FormulaSyntaxError(
            f"cannot read the formula: {error.msg}{unreadable(text, column)}", text, column
        ) from None
    except (RecursionError, MemoryError, ValueError) as error:
        problem = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise FormulaSyntaxError(f"cannot read the formula: {problem}", text, None) from None
    count = sum(1 for _ in ast.walk(tree))
    if count > MAX_NODES:
        raise FormulaSyntaxError(f"the formula has {count} parts; the limit is {MAX_NODES}", text, None)
    return tree


def _column(text: str, prepared_column: int, in_bytes: bool = False) -> int:
    """Column in `text` for a column in `_prepared(text)`, which syntax trees count in bytes."""
    if in_bytes:
        prepared_column = len(_prepared(text).encode()[:prepared_column].decode(errors="ignore"))
    position = 0
    for index, char in enumerate(text):
        if position >= prepared_column:
            return index
        position += 2 if char == "^" else 1
    return len(text)


class _Parser:
    def __init__(self, text: str, symbols: dict[str, sp.Symbol], internal: bool, vectors: Vectors) -> None:
        self.tree = _syntax_tree(text)
        self.text = text.strip()
        self.symbols = symbols
        self.vectors = vectors
        self.component: int | None = None  # which one the names of vectors stand for, inside a sum
        self.parts = 0
        self.words = WORDS if internal else {name: word for name, word in WORDS.items() if name not in INTERNAL_WORDS}
        self.requirements: list[Requirement] = []

    def run(self) -> tuple[sp.Expr, list[Requirement]]:
        expr = self.visit(self.tree, 0)
        if not isinstance(expr, sp.Expr):
            raise FormulaSyntaxError("a formula must be a number, not a comparison", self.text, 0)
        try:
            check_real(expr)
        except FormulaSyntaxError as error:
            raise FormulaSyntaxError(error.problem, self.text) from None
        return expr, self.requirements

    def fail(self, problem: str, node: ast.AST) -> FormulaSyntaxError:
        column = _column(self.text, getattr(node, "col_offset", 0), in_bytes=True)
        return FormulaSyntaxError(problem, self.text, column)

    def visit(self, node: ast.expr, depth: int) -> sp.Expr:
        if depth > MAX_DEPTH:
            raise self.fail(f"the formula is nested deeper than {MAX_DEPTH} levels", node)
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise self.fail(f"the formula has more than {MAX_PARTS} parts when its sums are written out", node)
        method = getattr(self, "visit_" + type(node).__name__, None)
        if method is None:
            raise self.fail(f"{_describe(node)} is not allowed in a formula", node)
        try:
            return method(node, depth + 1)
        except FormulaSyntaxError as error:
            raise (error if error.text else self.fail(error.problem, node)) from None
        except SymbijError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise self.fail(f"cannot build this part of the formula: {error}", node) from None

    def visit_Constant(self, node: ast.Constant, depth: int) -> sp.Expr:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(f"{value!r} is not a real number", node)
        source = ast.get_source_segment(_prepared(self.text), node) or repr(value)
        if isinstance(value, int):
            if len(source) > MAX_DIGITS:
                raise self.fail(f"the integer has more than {MAX_DIGITS} digits", node)
            return sp.Integer(value)
        if not math.isfinite(value):
            raise self.fail(f"{source} overflows a double", node)
        if value == 0.0 and any(digit in source.lower().split("e")[0] for digit in "123456789"):
            raise self.fail(f"{source} underflows a double", node)
        return sp.Rational(source.replace("_", ""))  # the decimal as written, exactly

    def visit_Name(self, node: ast.Name, depth: int) -> sp.Expr:
        if node.id in self.symbols:
            return self.symbols[node.id]
        if node.id in self.vectors:
            if self.component is None:
                raise self.fail(f"'{node.id}' is a vector, and has a meaning inside sum(...) only", node)
            return self.vectors[node.id][self.component]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if _is_no_number(node.id):
            raise self.fail(_no_number(node.id), node)
        if node.id in WORDS:
            raise self.fail(f"'{node.id}' is a function and needs arguments: {node.id}(...)", node)
        raise self.fail(f"unknown name '{node.id}'", node)

    def visit_UnaryOp(self, node: ast.UnaryOp, depth: int) -> sp.Expr:
        operand = self.number(node.operand, depth)
        if isinstance(node.op, ast.USub):
            return -operand
        if isinstance(node.op, ast.UAdd):
            return operand
        raise self.fail(f"the operator {type(node.op).__name__} is not allowed in a formula", node)

    def visit_BinOp(self, node: ast.BinOp, depth: int) -> sp.Expr:
        left, right = self.number(node.left, depth), self.number(node.right, depth)
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return divide(left, right, self.requirements)
            case ast.Pow():
                try:
                    return power(left, right, self.requirements)
                except FormulaSyntaxError as error:
                    raise self.fail(error.problem, node.right) from None
        raise self.fail(f"the operator {type(node.op).__name__} is not allowed in a formula", node)

    def visit_Compare(self, node: ast.Compare, depth: int) -> sp.Expr:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARISONS:
            hint = "; write the right-hand side only" if isinstance(node.ops[0], ast.Eq) and node is self.tree else ""
            raise self.fail(f"only a single comparison with <, <=, > or >= is allowed{hint}", node)
        left, right = self.number(node.left, depth), self.number(node.comparators[0], depth)
        return _COMPARISONS[type(node.ops[0])](left, right)

    def visit_Call(self, node: ast.Call, depth: int) -> sp.Expr:
        if not isinstance(node.func, ast.Name):
            product = "; for a product write *" if isinstance(node.func, (ast.Constant, ast.BinOp, ast.Call)) else ""
            raise self.fail(f"only functions called by their plain name are allowed in a formula{product}", node)
        name = node.func.id
        if name == "Piecewise":
            return self.piecewise(node, depth)
        if name == "sum":
            return self.total(node, depth)
        if name in SPLINE_WORDS:
            return self.spline(name, node, depth)
        if name in self.symbols or name in self.vectors or name in CONSTANTS:
            product = f"{name}*({ast.unparse(node.args[0])})" if len(node.args) == 1 else f"{name}*(...)"
            raise self.fail(f"'{name}' is not a function; for a product write {product}", node)
        if name not in self.words:
            raise self.fail(f"unknown function '{name}'{other_functions(name, self.words)}", node)
        if node.keywords:
            raise self.fail(f"{name}() takes no keyword arguments", node)
        if name == "where" and len(node.args) == 3:
            return self.where(node, depth)
        args = [self.number(a, depth) for a in node.args]
        return apply(name, args, self.requirements)

    def total(self, node: ast.Call, depth: int) -> sp.Expr:
        """sum(...): its argument once for every component of the vectors in it, added up."""
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            raise self.fail("sum() takes one argument, and adds it up over the components of the vectors in it", node)
        counts = {name: len(self.vectors[name]) for name in _names_outside_sums(node.args[0]) if name in self.vectors}
        if not counts:
            raise self.fail("sum() adds up over vector parameters (w=sb.vector()), and has none in it", node)
        (first, count), *others = counts.items()
        for other, its_count in others:
            if its_count != count:
                problem = f"sum() over '{first}' with {count} and '{other}' with {its_count} components"
                raise self.fail(problem, node)
        outer = self.component
        terms = []
        for self.component in range(count):
            terms.append(self.number(node.args[0], depth))
        self.component = outer
        return sp.Add(*terms)

    def spline(self, name: str, node: ast.Call, depth: int) -> sp.Expr:
        """A spline of x, of vectors by their names, and of numbers."""
        build, kinds = SPLINE_WORDS[name]
        if len(node.args) != len(kinds) or node.keywords:
            raise self.fail(f"{name}() takes {len(kinds)} arguments, got {len(node.args)}", node)
        args: list[sp.Expr | tuple[sp.Symbol, ...]] = []
        for kind, arg in zip(kinds, node.args, strict=True):
            if kind is None:
                args.append(self.number(arg, depth))
            elif isinstance(arg, ast.Name) and arg.id in self.vectors:
                args.append(self.vectors[arg.id])
            else:
                raise self.fail(
                    f"this argument of {name}() must be the name of a vector parameter (w=sb.vector())", arg
                )
        lengths = [len(a) - k for a, k in zip(args, kinds, strict=True) if k is not None and isinstance(a, tuple)]
        if len(set(lengths)) != 1:
            raise self.fail(f"the vectors of {name}() do not have the numbers of components that belong together", node)
        return build(*args)

    def where(self, node: ast.Call, depth: int) -> sp.Expr:
        condition = self.visit(node.args[0], depth)
        yes = self.branch(node.args[1], depth, condition)
        no = self.branch(node.args[2], depth, sp.Not(condition) if isinstance(condition, sp.Basic) else condition)
        return apply("where", [condition, yes, no], self.requirements)

    def branch(self, node: ast.expr, depth: int, *conditions: sp.Basic) -> sp.Expr:
        """A number that is meant only where the conditions hold, and need not be defined elsewhere."""
        start = len(self.requirements)
        value = self.number(node, depth)
        for condition in conditions:
            tagged(self.requirements, start, condition)
        return value

    def piecewise(self, node: ast.Call, depth: int) -> sp.Expr:
        pieces: list[tuple[sp.Expr, sp.Basic | bool]] = []
        before: list[sp.Basic] = []  # the conditions of the pieces above do not hold
        for arg in node.args:
            if not isinstance(arg, ast.Tuple) or len(arg.elts) != 2:
                raise self.fail("Piecewise takes pairs (value, condition)", arg)
            otherwise = isinstance(arg.elts[1], ast.Constant) and arg.elts[1].value is True
            condition = True if otherwise else self.visit(arg.elts[1], depth)
            own = () if otherwise else (condition,)
            pieces.append((self.branch(arg.elts[0], depth, *before, *own), condition))
            before += [sp.Not(c) for c in own]
        if not pieces or pieces[-1][1] is not True:
            raise self.fail("Piecewise needs a last pair (value, True) for what is left", node)
        return sp.Piecewise(*pieces)

    def number(self, node: ast.expr, depth: int) -> sp.Expr:
        value = self.visit(node, depth)
        self.require_number(value, node)
        return value

    def require_number(self, value: object, node: ast.expr) -> None:
        if not isinstance(value, sp.Expr):
            raise self.fail("a comparison cannot be used as a number; use where(condition, a, b)", node)


def _names_outside_sums(node: ast.AST) -> list[str]:
    """Names in a syntax tree in order, but for those inside a sum(), which belong to that."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum":
        return []
    own = [node.id] if isinstance(node, ast.Name) else []
    return own + [name for child in ast.iter_child_nodes(node) for name in _names_outside_sums(child)]


def _describe(node: ast.AST) -> str:
    return {
        "Attribute": "attribute access",
        "Subscript": "indexing",
        "Lambda": "a lambda",
        "BoolOp": "'and'/'or'",
        "IfExp": "'if ... else' (use where(condition, a, b))",
        "ListComp": "a comprehension",
        "JoinedStr": "a string",
        "Tuple": "a tuple",
        "List": "a list",
        "NamedExpr": "an assignment",
        "Starred": "a starred argument",
    }.get(type(node).__name__, f"'{type(node).__name__}'")
