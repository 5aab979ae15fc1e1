"""Maps that change the shape of a law: its skewness, its tails, its spread."""

from __future__ import annotations

from symbij.bijectors.library.declare import declared
from symbij.formula.constraints import positive, real

SinhArcsinh = declared(
    "SinhArcsinh",
    "sinh((asinh(x) + skewness)*tailweight)*2/sinh(asinh(2)*tailweight)",
    "Skews and changes the tails of a law, ℝ → ℝ (Jones & Pewsey 2009), with TensorFlow Probability's signs and scale: "
    "a positive skewness moves the law to the right, tailweight > 1 makes its tails heavier, and 2 stays 2 whatever "
    "the tailweight where the skewness is 0.",
    skewness=(real, 0.0),
    tailweight=(positive, 1.0),
)
JohnsonSU = declared(
    "JohnsonSU",
    "skewness + tailweight*asinh((x - loc)/scale)",
    "The map that makes a law of Johnson's unbounded family standard normal, ℝ → ℝ (Johnson 1949). Names and signs are "
    "those of TensorFlow Probability's distribution `JohnsonSU`, whose samples are the inverse of this map at normal "
    "ones: a positive skewness skews it to the left, and a larger tailweight makes its tails lighter (Johnson's gamma "
    "and delta).",
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
