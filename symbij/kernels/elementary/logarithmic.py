"""Logarithms of exponentials and of hyperbolic functions, without over- or underflow on the way."""

from __future__ import annotations

import math

from symbij.kernels.coefficients.logarithmic import LOGCOSH, LOGCOSH_SINGLE, LOGTANHC
from symbij.kernels.elementary.exponential import LN2, LN2_HI, LN2_LO, exp_and_expm1, exp_down, expm1_down
from symbij.kernels.elementary.logarithm import log1p_unit, log_core
from symbij.kernels.values import Real, fma, polynomial, quick_two_sum, select, two_sum


def log1mexp(u: Real) -> Real:
    """log(1 - exp(-u)), for u >= 0 (Maechler 2012)."""
    e, m = exp_and_expm1(-u)
    total, error = quick_two_sum(1.0, -e)
    low = u < LN2
    # -expm1(-u) loses the digits of subnormal u, and is u there
    return log_core(select(low, select(u < 2.0**-54, u, -m), total), select(low, 0.0, error))


def logcosh(u: Real) -> Real:
    """log(cosh(u))."""
    # log(cosh(a)) = a - log(2) + log1p(exp(-2a)), of which a - log(2) is nearly exact; for small a a polynomial
    a = abs(u)
    square = a * a
    half, *rest = LOGCOSH_SINGLE if u.code.single else LOGCOSH
    small = fma(square * square, polynomial(square, tuple(rest)), half * square)
    away = (a - LN2_HI) + (log1p_unit(exp_down(-2.0 * a)) - LN2_LO)
    return select(a < 0.7, small, away)


def logaddexp(a: Real, b: Real) -> Real:
    """log(exp(a) + exp(b))."""
    high, low = select(a > b, a, b), select(a > b, b, a)
    total = high + log1p_unit(exp_down(low - high))
    return select(abs(high).equals(math.inf) & low.equals(low), high, total)


def loghypot1(u: Real) -> Real:
    """log(sqrt(1 + u^2))."""
    a = abs(u)
    large = a > 2.0**28
    square = a * a
    if u.code.single:
        log = log_core(select(large, a, 1.0 + square))
        return select(large, log, 0.5 * select(square < 2.0**-20, fma(-0.5 * square, square, square), log))
    total, error = two_sum(1.0, square)
    error = error + fma(a, a, -square)
    log = log_core(select(large, a, total), select(large, 0.0, error))
    return select(large, log, 0.5 * log)


def logtanhc(u: Real) -> Real:
    """log(tanh(u)/u)."""
    a = abs(u)
    square = a * a
    m = expm1_down(-2.0 * a)
    away = log_core(m / (-(2.0 + m) * a))
    return select(a < 1.2, square * polynomial(square, LOGTANHC), select(a.equals(math.inf), -a, away))
