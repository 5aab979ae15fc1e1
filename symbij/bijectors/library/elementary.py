"""Elementary maps: affine, powers, exponentials, the logistic and the hyperbolic family."""

from __future__ import annotations

from symbij.bijectors.library.declare import declared
from symbij.formula.constraints import nonzero, positive, real

Identity = declared("Identity", "x", "The identity on ℝ.")
Shift = declared("Shift", "x + shift", "Translation by `shift`.", shift=real)
Scale = declared("Scale", "scale*x", "Multiplication by `scale`, which must not be zero.", scale=nonzero)
Cubic = declared(
    "Cubic",
    "(a*x + b)**3",
    "The cube of an affine map, ℝ → ℝ; the derivative vanishes where a*x + b = 0.",
    a=nonzero,
    b=real,
)
Exp = declared("Exp", "exp(x)", "The exponential, ℝ → (0, ∞).")
Expm1 = declared("Expm1", "expm1(x)", "exp(x) - 1, ℝ → (-1, ∞), accurate about 0.")
Log = declared("Log", "log(x)", "The logarithm, (0, ∞) → ℝ.")
Log1p = declared("Log1p", "log1p(x)", "log(1 + x), (-1, ∞) → ℝ, accurate about 0.")
Reciprocal = declared("Reciprocal", "1/x", "The reciprocal on (0, ∞), decreasing.", domain=(0, "oo"))
Square = declared("Square", "x**2", "The square on [0, ∞).", domain=(0, "oo"))
Power = declared(
    "Power",
    "x**power",
    "A power other than 0 on (0, ∞); with a positive exponent 0 is mapped to 0.",
    power=nonzero,
)
Sigmoid = declared(
    "Sigmoid",
    "low + (high - low)*sigmoid(x)",
    "The logistic function 1/(1 + exp(-x)), rescaled from (0, 1) to (low, high).",
    low=(real, 0.0),
    high=(real, 1.0),
)
Softplus = declared(
    "Softplus",
    "low + hinge_softness*softplus(x/hinge_softness)",
    "A smooth max(x, 0) with a corner of width `hinge_softness`, ℝ → (low, ∞) (mirrored for a negative softness).",
    hinge_softness=(nonzero, 1.0),
    low=(real, 0.0),
)
Logit = declared(
    "Logit",
    "logit(x)",
    "The log-odds log(x/(1 - x)), (0, 1) → ℝ: the inverse of `Sigmoid()`. TensorFlow Probability has it as "
    "`Invert(Sigmoid())`.",
)
SoftClip = declared(
    "SoftClip",
    "high - (high - low)*softplus((high - low - hinge_softness*softplus((x - low)/hinge_softness))/hinge_softness)"
    "/softplus((high - low)/hinge_softness)",
    "A smooth min(max(x, low), high), low < high, with corners of width `hinge_softness`; TensorFlow Probability's.",
    above_zero=("high - low",),
    low=real,
    high=real,
    hinge_softness=(positive, 1.0),
)
Tanh = declared("Tanh", "tanh(x)", "The hyperbolic tangent, ℝ → (-1, 1).")
Sinh = declared("Sinh", "sinh(x)", "The hyperbolic sine, ℝ → ℝ, as TensorFlow Probability's Sinh.")
Arcsinh = declared(
    "Arcsinh",
    "scale*asinh(x/scale)",
    "The inverse hyperbolic sine, ℝ → ℝ: the identity for x far below `scale`, logarithmic beyond; Johnson's "
    "transformation (Johnson 1949). TensorFlow Probability has no such class; with scale 1 it is `Invert(Sinh())`.",
    scale=(positive, 1.0),
)
Softsign = declared(
    "Softsign",
    "x/(1 + abs(x))",
    "A sigmoid with algebraic tails, ℝ → (-1, 1), as TensorFlow Probability's Softsign.",
)
Softfloor = declared(
    "Softfloor",
    "floor(x - 1/2) + (sigmoid((frac(x - 1/2) - 1/2)/temperature) - sigmoid(-1/(2*temperature)))"
    "/(sigmoid(1/(2*temperature)) - sigmoid(-1/(2*temperature))) + sigmoid(-1/(2*temperature))",
    "A differentiable floor, ℝ → ℝ: it approaches floor(x) for small temperatures and the identity for large ones. "
    "The forward map is that of TensorFlow Probability's Softfloor.",
    temperature=positive,
)
