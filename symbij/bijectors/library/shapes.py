"""Maps that change the shape of a law: its skewness, its tails, its spread."""

from __future__ import annotations

from symbij.bijectors.library.declare import declared
from symbij.formula.constraints import positive, real

SinhArcsinh = declared(
    "SinhArcsinh",
    "sinh((asinh(x) + skewness)*tailweight)",
    "Skews and changes the tails of a law, ℝ → ℝ (Jones & Pewsey 2009).",
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
