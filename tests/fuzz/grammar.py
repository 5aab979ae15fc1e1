"""Random formulas as text. Formula number n of seed s depends on (s, n) alone.

Most are made so that they are one-to-one: compositions of invertible words, sums and products of increasing parts,
pieces that fit together. The rest are arbitrary trees. `simple` marks compositions in which the variable stands once
and every link is invertible on all that the one before it can give: those must not be refused.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

Domain = tuple[float | str, float | str]

# Sets that parts of a formula range over: the reals R, positive P, negative N, the unit interval U, (-1, 1) M, above
# one G, above minus one L.
INSIDE: dict[str, str] = {"R": "R", "P": "RPL", "N": "RN", "U": "RPULM", "M": "RLM", "G": "RPLG", "L": "RL"}
# Links by the set they need: text with {u} for what is inside, {s} a positive factor, {n} a nonzero one, {r} a real
# number, {k} an odd whole number; the set they lead to; the direction.
LINKS: dict[str, list[tuple[str, str, int]]] = {
    "R": [
        ("exp({u})", "P", 1), ("expm1({u})", "L", 1), ("sigmoid({u})", "U", 1), ("softplus({u})", "P", 1),
        ("tanh({u})", "M", 1), ("sinh({u})", "R", 1), ("asinh({u})", "R", 1), ("cbrt({u})", "R", 1),
        ("ndtr({u})", "U", 1), ("erf({u})", "M", 1), ("erfc({u})", "P", -1), ("atan({u})", "R", 1),
        ("({u})**{k}", "R", 1), ("{s}*({u})", "R", 1), ("({u})/{s}", "R", 1), ("-({u})", "R", -1),
        ("{n}*({u})", "R", 0), ("({u}) + {r}", "R", 1), ("({u}) - {r}", "R", 1), ("{r} - {s}*({u})", "R", -1),
        ("{s}*({u}) + {r}", "R", 1),
        ("softsign({u})", "M", 1), ("log_ndtr({u})", "N", 1), ("exp(-{s}*({u}))", "P", -1),
    ],
    "P": [
        ("log({u})", "R", 1), ("sqrt({u})", "P", 1), ("({u})**{s}", "P", 1), ("({u})**(-{s})", "P", -1),
        ("1/({u})", "P", -1), ("log1p({u})", "P", 1), ("softplus_inverse({u})", "R", 1), ("lambertw({u})", "P", 1),
        ("{s}*({u})", "P", 1), ("1 + {u}", "G", 1), ("({u}) + {s}", "P", 1), ("{s}/({s} + {u})", "P", -1),
        ("({u})**2", "P", 1), ("1 - exp(-({u}))", "U", 1), ("sinh({u})", "P", 1), ("cosh({u})", "G", 1),
        ("tanh({u})", "U", 1), ("log1mexp({u})", "N", 1), ("log({u})/log(2)", "R", 1), ("exp({u})", "G", 1),
    ],
    "N": [("-({u})", "P", -1), ("exp({u})", "U", 1), ("-expm1({u})", "U", -1), ("{s}*({u})", "N", 1)],
    "U": [
        ("logit({u})", "R", 1), ("ndtri({u})", "R", 1), ("log({u})", "N", 1), ("1 - ({u})", "U", -1),
        ("({u})**{s}", "U", 1), ("-log({u})", "P", -1), ("2*({u}) - 1", "M", 1), ("({u})/(1 - {u})", "P", 1),
        ("sqrt({u})", "U", 1), ("-log1p(-({u}))", "P", 1), ("1 - (1 - ({u})**{s})**{s}", "U", 1),
    ],
    "M": [
        ("atanh({u})", "R", 1), ("(1 + {u})/2", "U", 1), ("log1p({u})", "R", 1), ("asin({u})", "R", 1),
        ("acos({u})", "P", -1), ("erfinv({u})", "R", 1), ("({u})**3", "M", 1), ("tan({u})", "R", 1),
        ("softsign_inverse({u})", "R", 1), ("sin({u})", "M", 1),
    ],
    "G": [("log({u})", "P", 1), ("acosh({u})", "P", 1), ("({u}) - 1", "P", 1), ("1/({u})", "U", -1),
          ("sqrt(({u})**2 - 1)", "P", 1)],
    "L": [("log1p({u})", "R", 1), ("1 + {u}", "P", 1)],
}  # fmt: skip
# The same functions written out, in which the variable stands more than once.
WRITTEN_OUT = [
    ("(exp({u}) - exp(-({u})))/2", "R", "R"), ("(exp({u}) - 1)/(exp({u}) + 1)", "R", "M"),
    ("log(1 + exp({u}))", "R", "P"), ("1/(1 + exp(-({u})))", "R", "U"), ("log({u} + sqrt(({u})**2 + 1))", "R", "R"),
    ("({u})/(1 + abs({u}))", "R", "M"), ("log({u}) - log(1 - ({u}))", "U", "R"), ("({u})*exp({u})", "P", "P"),
    ("exp({u})/(1 + exp({u}))", "R", "U"), ("sign({u})*abs({u})**{s}", "R", "R"),
    ("({u})/sqrt(1 + ({u})**2)", "R", "M"),
    ("floor({u}) + frac({u})**2", "R", "R"), ("({u}) + floor({u})", "R", "R"), ("2*({u}) + abs({u})", "R", "R"),
    ("({s}*({u}) + 1)/(({u}) + 3)", "P", "P"), ("({u})**2 + 2*({u})", "P", "P"), ("tanh({u})**3 + ({u})", "R", "R"),
]  # fmt: skip
# Increasing on the reals (or on the positive numbers) and zero at zero.
THROUGH_ZERO = [
    "x", "{s}*x", "expm1(x)", "sinh(x)", "x**3", "x**3 + x", "tanh(x)", "asinh(x)", "{s}*expm1(x/{s})", "atan(x)",
    "cbrt(x)", "erf(x)", "x*abs(x)", "sign(x)*abs(x)**{s}", "x + {s}*tanh(x)", "x/(1 + abs(x))", "sigmoid(x) - 1/2",
]  # fmt: skip
ARBITRARY_WORDS = (
    "exp", "log", "log1p", "expm1", "sigmoid", "logit", "softplus", "tanh", "atanh", "sinh", "asinh", "cosh", "abs",
    "sign", "floor", "cbrt", "sqrt", "sin", "cos", "tan", "atan", "erf", "erfc", "ndtr", "ndtri", "lambertw", "square",
    "asin", "acos", "acosh", "frac", "softsign",
)  # fmt: skip
CONSTRAINTS = ("real", "positive", "negative", "nonzero", "unit")
NUMBERS = ("2", "3", "0.5", "1.5", "0.1", "7", "0.25", "10")
DOMAINS: tuple[Domain, ...] = (
    (0, "oo"), ("-oo", 0), (0, 1), (-1, 1), (1, 5), (-2, 3), (0.5, 2.5), (1, "oo"), ("-oo", -1), ("-pi/2", "pi/2"),
)  # fmt: skip


@dataclass(frozen=True)
class Fuzzed:
    """One random formula; parameters without a constraint are real."""

    seed: int
    number: int
    kind: str
    text: str
    constraints: dict[str, str] = field(default_factory=dict)
    domain: Domain | None = None
    simple: bool = False

    def __str__(self) -> str:
        given = "".join(f", {k}={v}" for k, v in self.constraints.items() if v != "real")
        within = "" if self.domain is None else f", domain={self.domain}"
        return f"{self.text}{within}{given}"


def make(seed: int, number: int) -> Fuzzed:
    """Formula `number` of `seed`."""
    return _Maker(seed, number).formula()


class _Maker:
    def __init__(self, seed: int, number: int) -> None:
        self.seed, self.number = seed, number
        self.rng = random.Random(f"symbij {seed} {number}")
        self.constraints: dict[str, str] = {}
        self.simple = True

    def formula(self) -> Fuzzed:
        kinds: list[tuple[float, str, Callable[[], str]]] = [
            (0.30, "composition", self.composition),
            (0.17, "sum", self.sum),
            (0.10, "product", self.product),
            (0.15, "piecewise", self.piecewise),
            (0.08, "written out", self.written_out),
            (0.20, "arbitrary", lambda: self.arbitrary(self.rng.randint(2, 6))),
        ]
        _, kind, build = self.rng.choices(kinds, [share for share, _, _ in kinds])[0]
        text = build()
        while "x" not in _names(text) or len(text) > 400:
            self.constraints, self.simple = {}, True
            text = build()
        domain = None
        if kind != "product" and self.rng.random() < (0.4 if kind == "arbitrary" else 0.1):
            domain = self.domain()
        elif kind == "product":
            domain = (0, "oo") if self.rng.random() < 0.85 else None
        simple = kind == "composition" and self.simple and domain is None
        kept = {k: v for k, v in self.constraints.items() if k in _names(text) or k in _names(str(domain))}
        if domain is not None:
            kept = {k: v for k, v in kept.items() if k in _names(text)}
        return Fuzzed(self.seed, self.number, kind, text, kept, domain, simple)

    def domain(self) -> Domain:
        positive = [k for k, v in self.constraints.items() if v == "positive"]
        if positive and self.rng.random() < 0.2:
            return self.rng.choice([(positive[0], "oo"), (0, positive[0]), ("-" + positive[0], positive[0])])
        return self.rng.choice(DOMAINS)

    # parameters and numbers

    def parameter(self, allowed: tuple[str, ...]) -> str | None:
        """A parameter with one of these constraints: one in use already, or a new one, of three at most."""
        known = [k for k, v in self.constraints.items() if v in allowed]
        if known and self.rng.random() < 0.3:
            return self.rng.choice(known)
        if len(self.constraints) >= 3:
            return None
        name = "abc"[len(self.constraints)]
        self.constraints[name] = self.rng.choice(allowed)
        return name

    def factor(self, allowed: tuple[str, ...]) -> str:
        if self.rng.random() < 0.35:
            found = self.parameter(allowed)
            if found is not None:
                return found
        return self.rng.choice(NUMBERS)

    def filled(self, text: str, u: str) -> str:
        while "{s}" in text:
            text = text.replace("{s}", self.factor(("positive", "unit")), 1)
        while "{n}" in text:
            text = text.replace("{n}", self.factor(("nonzero", "negative", "positive")), 1)
        while "{r}" in text:
            text = text.replace("{r}", self.factor(CONSTRAINTS), 1)
        text = text.replace("{k}", self.rng.choice("335"))
        return text.replace("{u}", u)

    # formulas that are one-to-one

    def chain(self, depth: int, inside: str = "x", within: str = "R", increasing: bool = False) -> tuple[str, str]:
        """Links around `inside`, which ranges over `within`: the text, and what it ranges over."""
        for _ in range(depth):
            choices = [link for need in INSIDE[within] for link in LINKS[need] if not increasing or link[2] == 1]
            narrow = [link for need in INSIDE[within][-1:] for link in LINKS[need] if not increasing or link[2] == 1]
            text, to, _ = self.rng.choice(narrow if narrow and self.rng.random() < 0.6 else choices)
            inside, within = self.filled(text, inside), to
        return inside, within

    def composition(self) -> str:
        start = self.rng.random()
        if start < 0.7:
            return self.chain(self.rng.randint(1, 5))[0]
        if start < 0.85:  # defined on a part of the line: x itself is taken for positive
            self.simple = False
            return self.chain(self.rng.randint(1, 4), self.filled("log(x)", "x"), "R")[0]
        self.simple = False
        link = self.rng.choice(["logit(x)", "ndtri(x)", "sqrt(x)", "log1p(x)", "atanh(x)", "lambertw(x)", "x**{s}"])
        return self.chain(self.rng.randint(0, 3), self.filled(link, "x"), "R")[0]

    def sum(self) -> str:
        sign = self.rng.choice([1, 1, 1, -1])
        terms = []
        for _ in range(self.rng.randint(2, 3)):
            inside, _ = self.chain(self.rng.randint(0, 3), increasing=True)
            terms.append(self.filled(self.rng.choice(["{u}", "{s}*({u})"]), inside))
        if self.rng.random() < 0.15:
            terms.append(self.filled("{s}*log(x)", "x"))
        text = " + ".join(terms)
        if sign < 0:
            text = f"-({text})"
        if self.rng.random() < 0.3:
            text, _ = self.chain(self.rng.randint(1, 2), text)
        return text

    def product(self) -> str:
        """Positive increasing factors (x among them on a half-line)."""
        factors = []
        for _ in range(2):
            choice = self.rng.random()
            if choice < 0.35:
                factors.append(self.rng.choice(["x", "x**2", "sqrt(x)", self.filled("x**{s}", "x")]))
            else:
                inside = self.chain(self.rng.randint(0, 1), increasing=True)[0]
                word = self.rng.choice(["exp({u})", "softplus({u})", "sigmoid({u})", "ndtr({u})", "(1 + x)", "cosh(x)"])
                factors.append(self.filled(word, inside))
        text = "*".join(f"({f})" for f in factors)
        return self.chain(self.rng.randint(0, 1), text, "R")[0]

    def piecewise(self) -> str:
        form = self.rng.random()
        f, g = (self.filled(self.rng.choice(THROUGH_ZERO), "x") for _ in range(2))
        if form < 0.4:
            text = f"where(x > 0, {f}, {g})"
        elif form < 0.5:
            c = self.factor(("real", "positive"))
            text = f"where(x < {c}, {f}, ({f}) + {self.filled('{s}', 'x')}*(x - {c}))"
        elif form < 0.65:
            text = f"{self.rng.choice(['max', 'min'])}({f}, {g})"
        elif form < 0.75:
            text = f"{f} + {self.filled('{s}', 'x')}*abs(x)"
        elif form < 0.85:
            text = self.filled("{n}*max(x, 0) + {n}*min(x, 0)", "x")
        elif form < 0.93:
            text = f"where(x > 0, {f}, {g} - {self.filled('{s}', 'x')})"
        else:
            text = f"where(x >= 0, {f}, -({g}))"
        if self.rng.random() < 0.4:
            text, _ = self.chain(self.rng.randint(1, 2), text)
        return text

    def written_out(self) -> str:
        text, need, to = self.rng.choice(WRITTEN_OUT)
        inside, within = self.chain(self.rng.randint(0, 2), "x", "R")
        if need not in INSIDE[within]:
            inside = {"P": "exp", "U": "sigmoid"}[need] + f"({inside})"
        return self.chain(self.rng.randint(0, 2), self.filled(text, inside), to)[0]

    # anything

    def arbitrary(self, depth: int) -> str:
        if depth <= 0 or self.rng.random() < 0.12:
            if self.rng.random() < 0.6:
                return "x"
            return self.factor(CONSTRAINTS)
        form = self.rng.random()
        if form < 0.5:
            return f"{self.rng.choice(ARBITRARY_WORDS)}({self.arbitrary(depth - 1)})"
        if form < 0.62:
            power = self.rng.choice(["2", "3", "-1", "(1/3)", "(3/2)", "(-2)", self.factor(CONSTRAINTS), "0.5"])
            return f"({self.arbitrary(depth - 1)})**{power}"
        a, b = self.arbitrary(depth - 1), self.arbitrary(self.rng.randint(0, depth - 1))
        if form < 0.9:
            return f"({a}) {self.rng.choice('++-**/')} ({b})"
        if form < 0.94:
            return f"{self.rng.choice(['max', 'min'])}({a}, {b})"
        if form < 0.97:
            relation = self.rng.choice(["<", "<=", ">", ">="])
            return f"where({self.arbitrary(0)} {relation} {self.arbitrary(0)}, {a}, {b})"
        return f"-({a})"


def _names(text: str) -> set[str]:
    spaced = "".join(c if c.isalnum() or c == "_" else " " for c in text)
    return set(spaced.split())
