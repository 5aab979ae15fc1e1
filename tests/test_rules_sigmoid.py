"""Every rewrite rule by itself: what it makes of its links, that both say the same, and what the rewriting gains."""

from __future__ import annotations

from dataclasses import dataclass, field

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf
from truth import Forward, rounded, ulp_error

from symbij.calculus.chain import Chain, Link, chain_forward, link
from symbij.calculus.parameter_forms import log_constant
from symbij.calculus.rules import simplify_chain
from symbij.formula import functions as fn
from symbij.kernels.run import Runner
from symbij.program.ir import Builder
from symbij.program.lower import lower_chain

X = sp.Symbol("x", real=True)
C, S, K = (sp.Symbol(name, positive=True) for name in "csk")
T = sp.Symbol("t", real=True)
LOW, HIGH, H = sp.Symbol("low", real=True), sp.Symbol("high", real=True), sp.Symbol("h", positive=True)
HALF, ROOT2, PI = sp.Rational(1, 2), sp.sqrt(2), sp.pi
BOUND = 4.0  # ulp, times the condition number


def chain(*links: str | tuple[object, ...]) -> Chain:
    return tuple(link(item) if isinstance(item, str) else link(*item) for item in links)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Rule:
    """`left` becomes `right`; `points` are where the two are compared, `gains` whether `left` fails at one of them."""

    left: Chain
    right: Chain
    points: tuple[float, ...]
    gains: bool = True
    values: dict[sp.Symbol, float] = field(default_factory=dict)


def softclip() -> Chain:
    fall = fn.softplus((HIGH - LOW) / H)
    return chain(("shift", -LOW), ("divide", H), "softplus", ("scale", -H), ("shift", HIGH - LOW), ("divide", H),
                 "softplus", ("scale", -(HIGH - LOW) / fall), ("shift", HIGH))  # fmt: skip


NEGATE = ("scale", -1)
RULES: dict[str, Rule] = {
    "exp - 1": Rule(
        chain("exp", ("scale", S), ("shift", -S)), chain("expm1", ("scale", S)), (1e-10, -3.0, 20.0), values={S: 0.7}
    ),
    "log(u + 1)": Rule(chain(("shift", 1), "log"), chain("log1p"), (1e-12, 3.0)),
    "log1p(exp)": Rule(chain("exp", "log1p"), chain("softplus"), (800.0, 3.0, -30.0)),
    "log(expm1)": Rule(chain("expm1", "log"), chain("softplus_inverse"), (800.0, 1e-5, 0.7)),
    "1/(1 + exp)": Rule(
        chain("exp", ("shift", 1), "reciprocal"), chain(NEGATE, "sigmoid"), (-3.0, 0.1, 700.0), gains=False
    ),
    "exp**p": Rule(chain("exp", ("power", S)), chain(("scale", S), "exp"), (-800.0, 3.0), values={S: 0.5}),
    "1/exp": Rule(chain("exp", "reciprocal"), chain(NEGATE, "exp"), (-3.0, 720.0)),
    "exp(p*log)": Rule(
        chain("log", ("scale", S), "exp"), chain(("power", S)), (1e-300, 3.0, 1e100), gains=False, values={S: 0.9}
    ),
    "log(sigmoid)": Rule(chain("sigmoid", "log"), chain(NEGATE, "softplus", NEGATE), (40.0, -800.0, 1.0)),
    "s/(c*u + d) + t": Rule(
        chain(("shift", 1), "reciprocal", NEGATE, ("shift", 1)), chain(("moebius_from_zero", 1, 1, 1)),
        (1e-10, 2.0, 1e300),
    ),
    "2*s*sigmoid - s": Rule(
        chain("sigmoid", ("scale", 2 * S), ("shift", -S)), chain(("divide", 2), "tanh", ("scale", S)), (1e-10, 3.0),
        values={S: 1.3},
    ),
    "sigmoid(u + c) - sigmoid(c)": Rule(
        chain(("shift", C), "sigmoid", ("shift", -fn.sigmoid(C))), chain(("sigmoid_increment", C)), (1e-10, -3.0),
        values={C: 0.7},
    ),
    "(u + 1)**p - 1": Rule(
        chain(("shift", 1), ("power", S), ("shift", -1)), chain(("pow_1p_m1", S)), (1e-10, 3.0),
        values={S: 2.5},
    ),
    "s*u**p - s": Rule(
        chain(("power", S), ("scale", K), ("shift", -K)), chain(("pow_m1", S), ("scale", K)), (2.0, 1e9),
        values={S: 1e-6, K: 3.0},
    ),
    "1/(u**p + 1)": Rule(
        chain(("power", S), ("shift", 1), "reciprocal"), chain("log", ("scale", -S), "sigmoid"), (1e-5, 3.0, 1e80),
        gains=False, values={S: 3.5},
    ),
    "log(u**p)": Rule(
        chain(("power", S), "log"), chain("log", ("scale", S)), (1e-200, 3.0), values={S: 3.5}
    ),
    "(u**p)**q": Rule(
        chain(("power", S), ("power", K)), chain(("power", K * S)), (1e-200, 3.0), values={S: 4.0, K: 0.25}
    ),
    "sigmoid - 1": Rule(chain("sigmoid", ("shift", -1)), chain(NEGATE, "sigmoid", NEGATE), (40.0, -3.0)),
    "ndtr - 1": Rule(chain("ndtr", ("shift", -1)), chain(NEGATE, "ndtr", NEGATE), (9.0, -3.0)),
    "tanh + 1": Rule(chain("tanh", ("shift", 1)), chain(("scale", 2), "sigmoid", ("scale", 2)), (-30.0, 1.0)),
    "tanh - 1": Rule(chain("tanh", ("shift", -1)), chain(("scale", -2), "sigmoid", ("scale", -2)), (30.0, 1.0)),
    "(erf + 1)/2": Rule(
        chain("erf", ("shift", 1), ("divide", 2)), chain(("scale", ROOT2), "ndtr"), (-7.0, 0.3)
    ),
    "erf - 1": Rule(chain("erf", ("shift", -1)), chain("erfc", NEGATE), (7.0, 0.3)),
    "s*sigmoid + t": Rule(
        chain("sigmoid", ("scale", S), ("shift", T)), chain(("sigmoid_between", T, S + T)), (-3.0, 30.0),
        gains=False, values={S: 3.0, T: -3.0},
    ),
    "h*softplus(u/h)": Rule(
        chain(("divide", H), "softplus", ("scale", H)), chain(("softplus_scaled", H)), (1e10, -1e-305),
        values={H: 1e-300},
    ),
    "f, then its inverse": Rule(chain("sinh", "asinh"), (), (800.0, 1.0)),
    "k*asinh(u/c)": Rule(
        chain(("shift", T), ("divide", C), "asinh", ("scale", K)), chain(("shift", T), ("asinh_scaled", C, K)),
        (1e200, 3.0, -1e-150), values={C: 1e-200, K: 2.0, T: 0.1},
    ),
    "h*asinh(u/h)": Rule(
        chain(("divide", H), "asinh", ("scale", H)), chain(("asinh_stretched", H)), (1e-200, 1e190, -3e220),
        values={H: 1e200},
    ),
    "c*sinh(u)": Rule(chain("sinh", ("scale", C)), chain(("sinh_scaled", C, 1)), (720.0, 3.0), values={C: 1e-250}),
    "h*sinh(u/h)": Rule(
        chain(("divide", H), "sinh", ("scale", H)), chain(("sinh_stretched", H)), (1e-200, 3e198, -3e200),
        values={H: 1e200},
    ),
    "log(cosh)": Rule(chain("cosh", "log"), chain("logcosh"), (800.0, 1e-5, 1.0)),
    "log1p(tanh)": Rule(chain("tanh", "log1p"), chain("log1p_tanh"), (-30.0, 1e-5, 20.0)),
    "atanh(expm1)": Rule(chain("expm1", "atanh"), chain("atanh_expm1"), (-50.0, 1e-5, 0.5)),
    "log(tanh)": Rule(chain("tanh", "log"), chain("log_tanh"), (30.0, 1e-5, 0.5)),
    "sigmoid(a*logit + b)": Rule(
        chain("logit", ("scale", 3), ("shift", 1), "sigmoid"), chain(("logit_affine", 3, 1)), (1e-100, 0.5, 0.3, 0.999)
    ),
    "log(erf)": Rule(chain("erf", "log"), chain("log_erf"), (5.0, 1e-5, 1.0)),
    "2*ndtr": Rule(chain("ndtr", ("scale", 2)), chain(("divide", -ROOT2), "erfc"), (-38.45, 1.0), gains=False),
    "ndtr - 1/2": Rule(
        chain("ndtr", ("shift", -HALF)), chain(("divide", ROOT2), "erf", ("divide", 2)), (1e-10, 3.0)
    ),
    "erfc - 1": Rule(chain("erfc", ("shift", -1)), chain("erf", NEGATE), (1e-10, 3.0)),
    "erfc - 2": Rule(chain("erfc", ("shift", -2)), chain(NEGATE, "erfc", NEGATE), (-6.0, 1.0)),
    "cos - 1": Rule(chain("cos", ("shift", -1)), chain("versin", NEGATE), (1e-5, 2.0)),
    "cos + 1": Rule(
        chain("cos", ("shift", 1)), chain("vercos"), (3.14159, 1.0)
    ),
    "atan + pi/2": Rule(
        chain(("divide", C), "atan", ("shift", PI / 2)), chain(("cauchy", C), ("scale", PI)), (-1e10, -0.7, 0.3, 5.0),
        values={C: 2.0},
    ),
    "atan - pi/2": Rule(
        chain("atan", ("shift", -PI / 2)), chain(NEGATE, ("cauchy", 1), ("scale", -PI)), (1e10, -0.7, 0.3, -5.0)
    ),
    "tan(w - pi/2)": Rule(
        chain(("scale", PI), ("shift", -PI / 2), "tan"), chain(("cauchy_inverse", 1)), (1e-10, 0.3, 0.500001, 0.9)
    ),
    "tan(w + pi/2)": Rule(
        chain(("scale", PI), ("shift", PI / 2), "tan"), chain(NEGATE, ("cauchy_inverse", 1), NEGATE), (-1e-10, -0.3)
    ),
    "soft clipping": Rule(
        softclip(), chain(("soft_clip", LOW, HIGH, H)), (-40.0, 0.1, 0.4, 1.0, 30.0),
        values={LOW: 0.0, HIGH: 1.0, H: 0.1},
    ),
}  # fmt: skip


def computed(links: Chain, rule: Rule) -> np.ndarray:
    b = Builder()
    env = {symbol: b.input(symbol.name) for symbol in rule.values}
    value = lower_chain(links, env, b.input("x"), b).value
    program = b.finish([value], ("x", *(s.name for s in rule.values)))
    parameters = np.array([[v] for v in rule.values.values()], float).reshape(len(rule.values), 1)
    return Runner("rule", program, parameters, ())(np.array(rule.points))[0]


def errors(links: Chain, rule: Rule) -> list[float]:
    """Of every point, in ulp over the condition number."""
    truth = Forward(chain_forward(rule.left, X), X, rule.values)
    found = []
    for x, got in zip(rule.points, computed(links, rule), strict=True):
        value, sensitivity = truth.forward(x)[:2]
        found.append(ulp_error(float(got), value) / max(1.0, rounded(abs(sensitivity / value))))
    return found


@pytest.mark.parametrize("name", RULES)
def test_rewriting(name: str) -> None:
    rule = RULES[name]
    assert simplify_chain(rule.left) == rule.right


@pytest.mark.parametrize("name", RULES)
def test_both_sides_are_the_same_function(name: str) -> None:
    rule = RULES[name]
    left, right = (Forward(chain_forward(side, X), X, rule.values) for side in (rule.left, rule.right))
    with mpmath.workprec(3000):
        for point in rule.points:
            expected, got = left.value(mpf(point)), right.value(mpf(point))
            assert abs(got - expected) <= mpf(2) ** -200 * abs(expected)


@pytest.mark.parametrize("name", RULES)
def test_what_a_rule_gains(name: str) -> None:
    rule = RULES[name]
    assert max(errors(rule.right, rule)) <= BOUND
    assert (max(errors(rule.left, rule)) > BOUND) == rule.gains


def test_logarithms_of_parameters_are_joined() -> None:
    t = sp.Symbol("t", positive=True)
    assert log_constant(sp.log(t) - sp.log(sp.sinh(t))) == sp.log(t / sp.sinh(t))
    assert log_constant(sp.log(2 / sp.sinh(t)) + sp.log(t)) == sp.log(t / sp.sinh(t)) + sp.log(2)
    assert log_constant(sp.log(C) - sp.log(S)) == sp.log(C) - sp.log(S)  # nothing that would cancel
    assert log_constant(sp.log(sp.Abs(T)) - sp.log(S)) == sp.log(sp.Abs(T)) - sp.log(S)
    assert log_constant(sp.S.Zero) == 0


def test_rules_apply_to_parameters_only_where_they_gain() -> None:
    """Numbers before an inverse sine cannot overflow more than a factor's worth of the range of doubles."""
    plain: list[Link] = [link("scale", 2), link("asinh"), link("scale", 3)]
    assert simplify_chain(tuple(plain)) == tuple(plain)
