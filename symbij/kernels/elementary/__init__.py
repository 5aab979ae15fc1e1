"""The elementary functions: emitters by the names that programs call them by, one for every name in the table's
`ELEMENTARY`.

All are branch-free, so that they work on vectors. With `code.single` they may stop at an accuracy that is far beyond
a float's, which results are then rounded to. NaN, infinities, signed zeros and subnormals behave as in numpy.
"""

from __future__ import annotations

from collections.abc import Callable

from symbij.kernels.elementary import (
    algebraic,
    exponential,
    hyperbolic,
    logarithm,
    logarithmic,
    logistic,
    normal,
    special,
    trigonometric,
)
from symbij.kernels.values import Real, floor, sqrt

FUNCTIONS: dict[str, Callable[..., Real]] = {
    "exp": exponential.exp,
    "expm1": exponential.expm1,
    "log": logarithm.log,
    "log1p": logarithm.log1p,
    "sqrt": sqrt,
    "sinh": hyperbolic.sinh,
    "cosh": hyperbolic.cosh,
    "tanh": hyperbolic.tanh,
    "asinh": hyperbolic.asinh,
    "acosh": hyperbolic.acosh,
    "atanh": hyperbolic.atanh,
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "tan": trigonometric.tan,
    "asin": trigonometric.asin,
    "acos": trigonometric.acos,
    "atan": trigonometric.atan,
    "erf": normal.erf,
    "erfc": normal.erfc,
    "erfinv": normal.erfinv,
    "ndtr": normal.ndtr,
    "ndtri": normal.ndtri,
    "log_ndtr": normal.log_ndtr,
    "abs": abs,
    "floor": floor,
    "pow": algebraic.power,
    "powr": algebraic.power_of_nonnegative,
    "rootr": algebraic.root_of_nonnegative,
    "max": algebraic.maximum,
    "min": algebraic.minimum,
    "sign": algebraic.sign,
    "softsign": algebraic.softsign,
    "softsign_inverse": algebraic.softsign_inverse,
    "moebius": algebraic.moebius,
    "sigmoid": logistic.sigmoid,
    "logit": logistic.logit,
    "softplus": logistic.softplus,
    "softplus_inverse": logistic.softplus_inverse,
    "softplus_scaled": logistic.softplus_scaled,
    "softplus_scaled_inverse": logistic.softplus_scaled_inverse,
    "sigmoid_increment": logistic.sigmoid_increment,
    "sigmoid_increment_inverse": logistic.sigmoid_increment_inverse,
    "sigmoid_step": logistic.sigmoid_step,
    "sigmoid_between": logistic.sigmoid_between,
    "logit_between": logistic.logit_between,
    "log1mexp": logarithmic.log1mexp,
    "logcosh": logarithmic.logcosh,
    "loghypot1": logarithmic.loghypot1,
    "logtanhc": logarithmic.logtanhc,
    "logaddexp": logarithmic.logaddexp,
    "odd_root": special.odd_root,
    "cbrt": special.cbrt,
    "lambertw": special.lambertw,
    "lgamma": special.lgamma,
    "digamma": special.digamma,
}
