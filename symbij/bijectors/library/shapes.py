"""Maps that change the shape of a law: its skewness, its tails, its spread."""

from __future__ import annotations

from symbij.bijectors.library.declare import declared
from symbij.formula.constraints import nonnegative, positive, real

SinhArcsinh = declared(
    "SinhArcsinh",
    "sinh((asinh(x) + skewness)*tailweight)*2/sinh(asinh(2)*tailweight)",
    "Skews and changes the tails of a law, ℝ → ℝ (Jones & Pewsey 2009), with TensorFlow Probability's signs and scale: "
    "a positive skewness moves the law to the right, tailweight > 1 makes its tails heavier, and 2 stays 2 whatever "
    "the tailweight where the skewness is 0.",
    skewness=(real, 0.0),
    tailweight=(positive, 1.0),
)
PowerTransform = declared(
    "PowerTransform",
    "(1 + x*power)**(1/power)",
    "The inverse of the Box-Cox transformation, 1 + x*power > 0 → (0, ∞); its limit exp(x) at power = 0. TensorFlow "
    "Probability's PowerTransform, there for power >= 0 only.",
    power=(real, 0.0),
)
BoxCox = declared(
    "BoxCox",
    "(x**lmbda - 1)/lmbda",
    "The transformation of Box & Cox (1964), (0, ∞) → y*lmbda > -1; its limit log(x) at lmbda = 0.",
    lmbda=(real, 1.0),
)
JohnsonSU = declared(
    "JohnsonSU",
    "skewness + tailweight*asinh((x - loc)/scale)",
    "The map that makes a law of Johnson's unbounded family standard normal, ℝ → ℝ (Johnson 1949: gamma, delta, xi, "
    "lambda). TensorFlow Probability's distribution `JohnsonSU` has samples that are its inverse at normal ones.",
    skewness=real,
    tailweight=positive,
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
JohnsonSB = declared(
    "JohnsonSB",
    "skewness + tailweight*logit((x - loc)/scale)",
    "The map that makes a law of Johnson's bounded family standard normal, (loc, loc + scale) → ℝ (Johnson 1949), with "
    "the names and signs of `JohnsonSU`. TensorFlow Probability does not have it.",
    skewness=real,
    tailweight=positive,
    loc=(real, 0.0),
    scale=(positive, 1.0),
)
TukeyGH = declared(
    "TukeyGH",
    "(exp(g*x) - 1)/g*exp(h*x**2/2)",
    "Tukey's g-and-h map, ℝ → ℝ for h > 0: `g` skews a law, `h` makes its tails heavier (Tukey 1977); its limit "
    "x*exp(h*x**2/2) at g = 0.",
    g=real,
    h=positive,
)
LambertWTail = declared(
    "LambertWTail",
    "shift + scale*((x - shift)/scale*exp(tailweight*((x - shift)/scale)**2/2))",
    "Makes the tails of a law heavier, ℝ → ℝ: the inverse is in terms of Lambert's function W (Goerg 2015). TensorFlow "
    "Probability's LambertWTail.",
    shift=real,
    scale=positive,
    tailweight=nonnegative,
)
LambertWSkew = declared(
    "LambertWSkew",
    "x*exp(skewness*x)",
    "Skews a law, (-1/skewness, ∞) → (-exp(-1)/skewness, ∞): the inverse is W(skewness*y)/skewness (Goerg 2011).",
    domain=("-1/skewness", "oo"),
    skewness=positive,
)
TanhShift = declared(
    "TanhShift",
    "x + k*tanh(x)",
    "The identity with a step of height 2*k around 0, or a plateau for negative k, ℝ → ℝ; k >= -1, and at k = -1 the "
    "derivative vanishes at x = 0.",
    k=real,
)
