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
