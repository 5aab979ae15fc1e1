"""Why a pair is beyond the aim: known limits of the tests, and single points at the edge of the range of doubles."""

from __future__ import annotations

from symbij.accuracy.result import Measured
from tests.library_cases import KNOWN_LIMITS, SMALLEST_OUTPUT

_SUBNORMAL = "y is subnormal: so are the terms of the sum that is inverted, which have few digits there"
_OTHERS = {
    ("GeneralizedExtremeValueCDF", "forward_log_det"): "(x - loc)/scale overflows",
    ("LambertWSkew", "forward"): "exp(skewness*x) overflows before its product with x does",
    ("LaplaceCDF", "inverse_log_det"): "the rounding of a logarithm, half of which cancels",
    ("SinhArcsinh", "forward_log_det"): "log(2*tailweight/sinh(tailweight*asinh(2))) cancels",
    ("TukeyGH", "forward_log_det"): "two factors overflow at the last doubles",
}


def reason_of(name: str, index: int, operation: str, worst: Measured) -> str:
    """In words; "not known" where nobody has looked yet."""
    output = worst.at if operation.startswith("inverse") else worst.truth
    if abs(output) < SMALLEST_OUTPUT.get(name, 0.0):
        return _SUBNORMAL
    return KNOWN_LIMITS.get((name, index, operation)) or _OTHERS.get((name, operation), "not known")
