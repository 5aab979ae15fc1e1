"""Elementary functions as numba functions, one for every name in the table's `ELEMENTARY`.

Where a function is built from others, the comment gives the range in which each form is accurate. NaN, infinities,
signed zeros and subnormals behave as in numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
from numba import njit, types
from numba.extending import get_cython_function_address
from scipy.special import cython_special

LN2 = 0.6931471805599453

_OPTIONS = {"error_model": "numpy", "nogil": True, "inline": "never"}


def _elementary(function: Callable[..., float]) -> Callable[..., float]:
    return njit(**_OPTIONS)(function)


def _from_scipy(name: str, symbol: str) -> Callable[[float], float]:
    """A scalar function of scipy.special, linked by symbol name so that compiled code can be cached.

    Of a function with several specialisations the one of signature `double (double, int)` is taken; the second
    argument is Cython's own and ignored.
    """
    exported = cython_special.__pyx_capi__
    candidates = [k for k in exported if k == name or (k.startswith("__pyx_fuse_") and k[12:] == name)]
    chosen = next(k for k in candidates if '"double (double, int' in repr(exported[k]))
    llvm.add_symbol(symbol, get_cython_function_address("scipy.special.cython_special", chosen))
    return types.ExternalFunction(symbol, types.float64(types.float64, types.int32))


_ndtri = _from_scipy("ndtri", "symbij_scipy_ndtri")
_erfinv = _from_scipy("erfinv", "symbij_scipy_erfinv")
_log_ndtr = _from_scipy("log_ndtr", "symbij_scipy_log_ndtr")


@_elementary
def sigmoid(u: float) -> float:
    """1/(1 + exp(-u))."""
    e = math.exp(-abs(u))
    return (1.0 if u >= 0 else e) / (1.0 + e)


@_elementary
def logit(u: float) -> float:
    """log(u/(1 - u))."""
    return math.log(u) - math.log1p(-u)


@_elementary
def softplus(u: float) -> float:
    """log(1 + exp(u))."""
    return max(u, 0.0) + math.log1p(math.exp(-abs(u))) if u == u else u


@_elementary
def softplus_inverse(u: float) -> float:
    """log(exp(u) - 1), for u > 0."""
    if u > LN2:  # exp(-u) < 1/2
        return u + math.log1p(-math.exp(-u))
    return math.log(math.expm1(u))


@_elementary
def softplus_scaled(u: float, h: float) -> float:
    """h log(1 + exp(u/h)), without overflow of u/h."""
    t = u / h
    if t > 37.0:  # exp(-t) is below rounding; t itself may have overflowed
        return u + h * math.exp(-t)
    if t < -700.0 and t > -math.inf:  # exp(t) is about to lose digits, which the factor h may bring back
        return math.copysign(math.exp(t + math.log(abs(h))), h)
    return h * softplus(t)


@_elementary
def softplus_scaled_inverse(v: float, h: float) -> float:
    """h log(exp(v/h) - 1), without over- or underflow of v/h."""
    t = v / h
    if t > LN2:
        return v + h * math.log1p(-math.exp(-t))
    if 0.0 <= t < 1e-300 and v != 0.0:  # t underflows, or has lost digits
        return h * (math.log(abs(v)) - math.log(abs(h)))
    return h * math.log(math.expm1(t))


@_elementary
def log1mexp(u: float) -> float:
    """log(1 - exp(-u)), for u > 0 (Maechler 2012)."""
    if u > LN2:
        return math.log1p(-math.exp(-u))
    return math.log(-math.expm1(-u))


@_elementary
def logcosh(u: float) -> float:
    """log(cosh(u))."""
    a = abs(u)
    if a < 0.5:  # cosh(u) = 1 + 2 sinh(u/2)^2
        s = math.sinh(0.5 * a)
        return math.log1p(2.0 * s * s)
    return a + (math.log1p(math.exp(-2.0 * a)) - LN2)


@_elementary
def loghypot1(u: float) -> float:
    """log(sqrt(1 + u^2))."""
    a = abs(u)
    if a <= 1.0:
        return 0.5 * math.log1p(a * a)
    return math.log(a) + 0.5 * math.log1p(1.0 / (a * a))


@_elementary
def softsign(u: float) -> float:
    """u/(1 + |u|)."""
    if math.isinf(u):
        return math.copysign(1.0, u)
    return u / (1.0 + abs(u))


@_elementary
def softsign_inverse(u: float) -> float:
    """u/(1 - |u|), for |u| <= 1."""
    if abs(u) > 1.0:
        return math.nan
    return u / (1.0 - abs(u))


@_elementary
def sigmoid_increment(u: float, c: float) -> float:
    """s(u + c) - s(c), with s the sigmoid."""
    # s(u+c) - s(c) = -expm1(-u) s(u+c) s(-c); mirrored for u < 0 so that expm1 does not overflow
    if u >= 0:
        return -math.expm1(-u) * sigmoid(u + c) * sigmoid(-c)
    return math.expm1(u) * sigmoid(-u - c) * sigmoid(c)


@_elementary
def sigmoid_increment_inverse(v: float, c: float) -> float:
    """logit(v + s(c)) - c, with s the sigmoid."""
    # log1p(v/s(c)) - log1p(-v/s(-c)); where s underflows, log s(c) = -softplus(-c) is added after the logarithm
    lower, upper = sigmoid(c), sigmoid(-c)
    left = math.log1p(v / lower) if v < 1e300 * lower else math.log(v) + softplus(-c)
    right = math.log1p(-v / upper) if -v < 1e300 * upper else math.log(-v) + softplus(c)
    return left - right


@_elementary
def moebius(u: float, a: float, b: float, c: float, d: float) -> float:
    """(a u + b)/(c u + d)."""
    if abs(u) > 1.0:  # divided by u, which may overflow when multiplied, or be infinite
        return (a + b / u) / (c + d / u)
    return (a * u + b) / (c * u + d)


@_elementary
def sigmoid_between(u: float, low: float, high: float) -> float:
    """low s(-u) + high s(u), with s the sigmoid."""
    return low * sigmoid(-u) + high * sigmoid(u)


@_elementary
def logit_between(v: float, low: float, high: float) -> float:
    """log((v - low)/(high - v))."""
    a, b = v - low, high - v
    if a / b > 2.0 or a / b < 0.5:
        return math.log(a / b)
    return math.log1p((2.0 * v - (low + high)) / b)  # near the middle; 2 v - (low + high) does not round there


# log(tanh(u)/u) = sum of -4 (2^(2n-1) - 1) B(2n) 2^(2n-1) / ((2n)! 2n) u^(2n), the integral of 2 csch(2u) - 1/u, for
# n = 28 down to 1; at u = 3/4 the terms left out are below 1e-18 of the sum.
LOGTANHC = (
    3.716454797803656e-13,
    -9.509613718591421e-13,
    2.436649409674115e-12,
    -6.252679091784168e-12,
    1.6070695073664656e-11,
    -4.1376887694157585e-11,
    1.0673398632342351e-10,
    -2.7589629601895756e-10,
    7.147841655756634e-10,
    -1.8564834069408695e-09,
    4.835171934255097e-09,
    -1.263209140595238e-08,
    3.311646349261652e-08,
    -8.71590382951853e-08,
    2.3041747112932198e-07,
    -6.122655704661073e-07,
    1.6365967309227563e-06,
    -4.405243475584632e-06,
    1.1956444309602021e-05,
    -3.277917723116302e-05,
    9.098826077765802e-05,
    -0.00025656491264956874,
    0.0007384225938017826,
    -0.0021848110736999624,
    0.00671957671957672,
    -0.021869488536155203,
    0.07777777777777778,
    -0.3333333333333333,
)


@_elementary
def logtanhc(u: float) -> float:
    """log(tanh(u)/u)."""
    a = abs(u)
    if a >= 0.75:
        return math.log(math.tanh(a) / a)
    square = a * a
    total = 0.0
    for c in LOGTANHC:
        total = total * square + c
    return total * square


@_elementary
def ndtr(u: float) -> float:
    """The distribution function of the standard normal law."""
    return 0.5 * math.erfc(-u * 0.7071067811865476)


@_elementary
def ndtri(u: float) -> float:
    """The inverse of `ndtr`."""
    return _ndtri(u, 0)


@_elementary
def log_ndtr(u: float) -> float:
    """log(ndtr(u))."""
    return _log_ndtr(u, 0)


@_elementary
def erfinv(u: float) -> float:
    """The inverse of erf."""
    return _erfinv(u, 0)


@_elementary
def logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a == b:  # also equal infinities, whose difference is NaN
        return a + LN2
    return max(a, b) + math.log1p(math.exp(-abs(a - b))) if a == a and b == b else math.nan


@_elementary
def odd_root(u: float, n: float) -> float:
    """The real root of odd order n."""
    # one Newton step on r^n = |u| takes out the error of the rounded exponent 1/n; scaled against under- and overflow
    a = abs(u)
    if a == 0.0 or not math.isfinite(a):
        return u
    scale = 1.0
    if a < 1e-200:
        a *= 2.0 ** (33.0 * n) if n <= 15.0 else 1.0
        scale = 2.0**-33 if n <= 15.0 else 1.0
    r = math.pow(a, 1.0 / n)
    power = 1.0
    for _ in range(int(n) - 1):
        power *= r
    if 1e-290 < power < 1e290:
        r -= (r - a / power) / n
    return math.copysign(r * scale, u)


@_elementary
def lambertw(u: float) -> float:
    """The w >= -1 with w exp(w) = u."""
    # Halley's iteration on w exp(w) = u, principal branch
    if not u >= -0.36787944117144233:
        return math.nan
    if u == 0.0 or u == math.inf:
        return u
    p = math.sqrt(max(0.0, 2.0 * (math.e * u + 1.0)))
    if u < -0.25:
        w = -1.0 + p * (1.0 - p * (1.0 / 3.0 - p * 11.0 / 72.0))
    elif u < 3.0:
        w = math.log1p(u) * (1.0 - math.log1p(math.log1p(u)) / (2.0 + math.log1p(u)))
    else:
        w = math.log(u) - math.log(math.log(u))
    if p < 1e-7:
        return w
    for _ in range(20):
        e = math.exp(w)
        f = w - u / e  # scaled by exp(-w), so that nothing overflows
        step = f / (w + 1.0 - (w + 2.0) * f / (2.0 * w + 2.0))
        w -= step
        if abs(step) <= 1e-16 * abs(w):
            break
    return w


@_elementary
def maximum(a: float, b: float) -> float:
    """The larger of two numbers; NaN if one is."""
    return a if a > b or a != a else b


@_elementary
def minimum(a: float, b: float) -> float:
    """The smaller of two numbers; NaN if one is."""
    return a if a < b or a != a else b


@_elementary
def arccosh(u: float) -> float:
    """acosh(u), NaN below 1 (the C library's may raise)."""
    return math.acosh(u) if u >= 1.0 else math.nan


@_elementary
def sign(u: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if u > 0 else (-1.0 if u < 0 else u + 0.0)  # -0.0 + 0.0 is 0.0


@_elementary
def select(condition: bool, yes: float, no: float) -> float:
    """One of two numbers."""
    # a call instead of an 'if' keeps generated code free of branches, of which every one costs compile time
    return yes if condition else no


FUNCTIONS: dict[str, object] = {
    "exp": math.exp,
    "log": math.log,
    "expm1": math.expm1,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": arccosh,
    "atanh": math.atanh,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "erf": math.erf,
    "erfc": math.erfc,
    "abs": abs,
    "floor": np.floor,
    "pow": math.pow,
    "select": select,
    "max": maximum,
    "min": minimum,
    "sign": sign,
    "sigmoid": sigmoid,
    "logit": logit,
    "softplus": softplus,
    "softplus_inverse": softplus_inverse,
    "softplus_scaled": softplus_scaled,
    "softplus_scaled_inverse": softplus_scaled_inverse,
    "log1mexp": log1mexp,
    "logcosh": logcosh,
    "loghypot1": loghypot1,
    "softsign": softsign,
    "softsign_inverse": softsign_inverse,
    "sigmoid_increment": sigmoid_increment,
    "sigmoid_increment_inverse": sigmoid_increment_inverse,
    "moebius": moebius,
    "sigmoid_between": sigmoid_between,
    "logit_between": logit_between,
    "logtanhc": logtanhc,
    "ndtr": ndtr,
    "ndtri": ndtri,
    "log_ndtr": log_ndtr,
    "erfinv": erfinv,
    "logaddexp": logaddexp,
    "odd_root": odd_root,
    "lambertw": lambertw,
}
