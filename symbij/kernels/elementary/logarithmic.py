"""Logarithms of exponentials and of hyperbolic functions, without over- or underflow on the way."""

from __future__ import annotations

import math

from symbij.kernels.coefficients.logarithmic import LOGCOSH, LOGCOSH_SINGLE, LOGTANHC
from symbij.kernels.elementary.exponential import LN2, exp, exp_and_expm1, expm1_halved
from symbij.kernels.elementary.logarithm import log_core, log_or_end
from symbij.kernels.values import Real, fma, polynomial, quick_two_sum, select, two_sum


def log1mexp(u: Real) -> Real:
    """log(1 - exp(-u)), for u >= 0 (Maechler 2012)."""
    e, m = exp_and_expm1(-u)
    total, error = quick_two_sum(1.0, -e)
    low = u < LN2
    return log_or_end(select(low, -m, total), select(low, 0.0, error)) + select(u < 0.0, math.nan, u.code.real(0.0))


def logcosh(u: Real) -> Real:
    """log(cosh(u))."""
    # cosh(a) = exp(a) (2 + m)/2 with m = expm1(-2a); for small a a polynomial
    a = abs(u)
    square = a * a
    small = square * polynomial(square, LOGCOSH_SINGLE if u.code.single else LOGCOSH)
    away = a + log_core(*quick_two_sum(2.0, expm1_halved(-2.0 * a, 0)), -1.0)
    return select(a < 1.1, small, away)


def logaddexp(a: Real, b: Real) -> Real:
    """log(exp(a) + exp(b))."""
    high, low = select(a > b, a, b), select(a > b, b, a)
    total = high + log_core(*quick_two_sum(1.0, exp(low - high)))
    return select(abs(high).equals(math.inf) & low.equals(low), high, total)


def loghypot1(u: Real) -> Real:
    """log(sqrt(1 + u^2))."""
    a = abs(u)
    large = a > 2.0**28
    square = a * a
    total, error = two_sum(1.0, square)
    error = error + fma(a, a, -square)
    log = log_or_end(select(large, a, total), select(large, 0.0, error))
    return select(large, log, 0.5 * log)


def logtanhc(u: Real) -> Real:
    """log(tanh(u)/u)."""
    a = abs(u)
    square = a * a
    m = expm1_halved(-2.0 * a, 0)
    away = log_or_end(m / (-(2.0 + m) * a))
    return select(a < 1.2, square * polynomial(square, LOGTANHC), select(a.equals(math.inf), -a, away))
