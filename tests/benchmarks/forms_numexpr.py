"""The cases in numexpr: one expression each, evaluated block by block over its threads.

Constants have names, since numexpr takes a number such as 0.5 for a double and would compute float32 in float64;
whole numbers are harmless. It has neither the normal distribution function nor its inverse.
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.forms_numpy import (
    EXPONENT,
    INTERCEPT,
    LOC,
    LOG2,
    LOG_3SLOPE,
    LOG_AB,
    LOG_SCALE,
    LOG_TAIL,
    SCALE,
    SKEW,
    SLOPE,
    STEP_HEIGHT,
    STEP_LOG_DET,
    STEP_LOW,
    TAIL,
    TEMPERATURE,
    A,
    B,
)

CONSTANTS: dict[str, float] = {
    "half": 0.5,
    "third": 1 / 3,
    "log_2": LOG2,
    "p": EXPONENT,
    "skew": SKEW,
    "tail": TAIL,
    "tail_inverse": 1 / TAIL,
    "log_tail": LOG_TAIL - LOG2,
    "loc": LOC,
    "scale": SCALE,
    "rate": 1 / SCALE,
    "log_scale": LOG_SCALE,
    "a": A,
    "b": B,
    "a_inverse": 1 / A,
    "b_inverse": 1 / B,
    "log_ab": LOG_AB,
    "slope": 1 / TEMPERATURE,
    "half_slope": 0.5 / TEMPERATURE,
    "height": STEP_HEIGHT,
    "low": STEP_LOW,
    "step_log_det": STEP_LOG_DET,
    "c": SLOPE,
    "c_inverse": 1 / SLOPE,
    "d": INTERCEPT,
    "log_3c": LOG_3SLOPE,
}

FORMS: dict[str, str] = {
    "exp_forward": "exp(x)",
    "log_forward": "log(x)",
    "sigmoid_forward": "1/(1 + exp(-x))",
    "sigmoid_inverse": "log(x/(1 - x))",
    "sigmoid_log_det": "-abs(x) - 2*log1p(exp(-abs(x)))",
    "sigmoid_inverse_log_det": "-log(x*(1 - x))",
    "softplus_forward": "where(x > 0, x, 0) + log1p(exp(-abs(x)))",
    "softplus_inverse": "x + log(-expm1(-x))",
    "softplus_log_det": "where(x < 0, x, 0) - log1p(exp(-abs(x)))",
    "tanh_forward": "tanh(x)",
    "tanh_log_det": "2*(log_2 - abs(x) - log1p(exp(-2*abs(x))))",
    "power_forward": "x**p",
    "sinh_arcsinh_forward": "sinh((arcsinh(x) + skew)*tail)",
    "sinh_arcsinh_inverse": "sinh(arcsinh(x)*tail_inverse - skew)",
    "sinh_arcsinh_log_det": "abs((arcsinh(x) + skew)*tail) + log1p(exp(-2*abs((arcsinh(x) + skew)*tail)))"
    " - half*log1p(x*x) + log_tail",
    "gumbel_forward": "exp(-exp((loc - x)*rate))",
    "gumbel_inverse": "loc - scale*log(-log(x))",
    "gumbel_log_det": "(loc - x)*rate - exp((loc - x)*rate) - log_scale",
    "kumaraswamy_forward": "-expm1(b*log1p(-exp(a*log(x))))",
    "kumaraswamy_inverse": "exp(log(-expm1(log1p(-x)*b_inverse))*a_inverse)",
    "kumaraswamy_log_det": "log_ab + (a - 1)*log(x) + (b - 1)*log1p(-exp(a*log(x)))",
    "softfloor_forward": "floor(x - half) + (height*tanh((x - 1 - floor(x - half))*half_slope) + low)",
    "softfloor_log_det": "-abs((x - 1 - floor(x - half))*slope)"
    " - 2*log1p(exp(-abs((x - 1 - floor(x - half))*slope))) + step_log_det",
    "cubic_inverse": "(where(x < 0, -1, 1)*exp(third*log(abs(x))) - d)*c_inverse",
    "cubic_log_det": "2*log(abs(c*x + d)) + log_3c",
}


def constants(form: str, dtype: np.dtype) -> dict[str, np.ndarray]:
    """The constants that stand in a form, as numbers of the points' type."""
    names = set("".join(c if c.isalnum() or c == "_" else " " for c in form).split())
    return {name: np.asarray(CONSTANTS[name], dtype) for name in names & set(CONSTANTS)}
