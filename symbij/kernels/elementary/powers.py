"""Powers of numbers, of sums and of complements, through logarithms in extended precision: an error of the logarithm
would be multiplied by the exponent.

With t = p log u: u^p - 1 = expm1(t), log(1 - u^p) = log1mexp(-t), 1 - (1 - u^p)^q = -expm1(q log1mexp(-t)). None of
them loses what a rounded u^p loses near u = 1.
"""

from __future__ import annotations

from symbij.kernels.elementary.exponential import (
    LN2,
    exp,
    exp_and_expm1,
    exp_down,
    exp_sum,
    exp_sum_times,
    expm1,
    expm1_extended,
    expm1_sum,
)
from symbij.kernels.elementary.logarithm import (
    log1p,
    log1p_extended,
    log_core,
    log_extended,
    quotient_parts,
)
from symbij.kernels.values import Bool, Real, fma, greater, lesser, quick_two_sum, select

_Sum = tuple[Real, Real]  # a number as a sum of two doubles, the second of the size of the rounding error of the first


def _times(p: Real, number: _Sum) -> _Sum:
    high, low = number
    product = p * high
    return product, fma(p, low, fma(p, high, -product))


def _over(number: _Sum, p: Real) -> _Sum:
    high, low = number
    quotient = high / p
    return quotient, (fma(-quotient, p, high) + low) / p


def _exp(number: _Sum) -> Real:
    high, low = number
    return exp_sum(lesser(greater(high, -746.0), 710.0), select(abs(high) < 746.0, low, 0.0))


def power_of_nonnegative(u: Real, p: Real) -> Real:
    """u^p = exp(p log u), for u >= 0; 1 for p = 0."""
    # log u is infinite at 0 and infinity, and so are p log u and its exponential, as they should be
    size = exp(p * log_core(u)) if u.code.single else _exp(_times(p, log_extended(u)))
    return select(p.equals(0.0), 1.0, size)


def root_of_nonnegative(u: Real, p: Real) -> Real:
    """u^(1/p) = exp(log(u)/p), for u >= 0."""
    return exp(log_core(u) / p) if u.code.single else _exp(_over(log_extended(u), p))


def power_minus_one(u: Real, p: Real) -> Real:
    """u^p - 1, for u >= 0."""
    value = expm1(p * log_core(u)) if u.code.single else expm1_sum(*_times(p, log_extended(u)))
    return select(p.equals(0.0), 0.0, value)


def root_of_one_plus(u: Real, p: Real) -> Real:
    """(1 + u)^(1/p), for u >= -1."""
    return exp(log1p(u) / p) if u.code.single else _exp(_over(log1p_extended(u), p))


def power_of_one_plus_minus_one(u: Real, p: Real) -> Real:
    """(1 + u)^p - 1, for u >= -1."""
    value = expm1(p * log1p(u)) if u.code.single else expm1_sum(*_times(p, log1p_extended(u)))
    return select(p.equals(0.0), 0.0, value)


def root_of_one_plus_minus_one(u: Real, p: Real) -> Real:
    """(1 + u)^(1/p) - 1, for u >= -1."""
    return expm1(log1p(u) / p) if u.code.single else expm1_sum(*_over(log1p_extended(u), p))


def power_of_quotient(u: Real, p: Real, s: Real) -> Real:
    """(u/s)^p, for u >= 0 and s > 0, without over- or underflow of u/s."""
    size = _exp(_times(p, log_extended(*quotient_parts(u, s))))
    return select(p.equals(0.0), 1.0, size)


def root_times(u: Real, p: Real, s: Real) -> Real:
    """s u^(1/p), for u >= 0 and s > 0, without over- or underflow of the root."""
    return exp_sum_times(*_over(log_extended(u), p), s)


def log_one_minus_power(u: Real, p: Real) -> Real:
    """log(1 - u^p), for 0 <= u <= 1 and p > 0."""
    return _log1mexp(_times(p, log_extended(u)))


def _log1mexp(number: _Sum) -> Real:
    """log(1 - exp(t)), for t = high + low <= 0."""
    high, low = number
    inside = select(high > -746.0, low, 0.0)
    e, m = exp_and_expm1(high, inside)
    total, error = quick_two_sum(1.0, -e)
    near = high > -LN2
    small = select(high > -(2.0**-54), -high, -m)
    return log_core(select(near, small, total), select(near, 0.0, error))


def root_of_one_minus_exp(u: Real, p: Real) -> Real:
    """(1 - exp(u))^(1/p), for u <= 0 and p > 0."""
    small = u > -(2.0**-54)
    return _root_of_complement(u, select(small, -u, 1.0), u.code.real(0.0), u.code.real(0.0), small, p)


def _root_of_complement(u: Real, q: Real, q_error: Real, n: Real, small: Bool, p: Real) -> Real:
    """(1 - exp(u))^(1/p), with 1 - exp(u) = (q + q_error) 2^n where `small` holds."""
    m, m_low = expm1_extended(u)
    high, low = log_extended(select(small, q, -m), select(small, q_error, -m_low), select(small, n, 0.0))
    far = u < -40.0
    return _exp(_over((select(far, -exp_down(u), high), select(far, 0.0, low)), p))


def complement_power(u: Real, p: Real, q: Real) -> Real:
    """1 - (1 - u^p)^q, for 0 <= u <= 1 and positive p, q."""
    return -expm1(q * log_one_minus_power(u, p))


def complement_root(u: Real, p: Real, q: Real) -> Real:
    """(1 - (1 - u)^(1/q))^(1/p), for 0 <= u <= 1 and positive p, q."""
    t = log1p(-u) / q
    return _root_of_complement(t, *quotient_parts(u, q), t > -(2.0**-54), p)  # where 1 - exp(t) is u/q


def multiple(u: Real, c: Real) -> Real:
    """c u, and 0 for c = 0, whatever u is."""
    return select(c.equals(0.0), 0.0, c * u)
