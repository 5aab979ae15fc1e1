"""The cases in PyTorch, in place: `form(x, out, work)` leaves the result in `out`; `work` is scratch memory.

PyTorch runs one kernel after the other, each over its threads; a function that it has as a whole (logsigmoid, logit)
is one pass over memory where the formula written out is several.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tests.benchmarks.forms_numpy import (
    EXPONENT,
    INTERCEPT,
    LOC,
    LOG2,
    LOG_3SLOPE,
    LOG_AB,
    LOG_SCALE,
    LOG_TAIL,
    NDTR_LOC,
    NDTR_SCALE,
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

Form = Callable[[Tensor, Tensor, Tensor], None]


def sigmoid_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    """-|x| - 2 log1p(exp(-|x|))"""
    torch.abs(x, out=out).neg_()
    torch.exp(out, out=work).log1p_()
    out.sub_(work, alpha=2)


def sigmoid_inverse_log_det(y: Tensor, out: Tensor, work: Tensor) -> None:
    torch.addcmul(y, y, y, value=-1, out=out).log_().neg_()


def softplus_inverse(y: Tensor, out: Tensor, work: Tensor) -> None:
    torch.neg(y, out=out).expm1_().neg_().log_().add_(y)


def tanh_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    """2 (log 2 - |x| - log1p(exp(-2|x|)))"""
    torch.abs(x, out=out)
    torch.mul(out, -2, out=work).exp_().log1p_()
    out.add_(work).sub_(LOG2).mul_(-2)


def ndtr_forward(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.sub(x, NDTR_LOC, out=out).mul_(1 / NDTR_SCALE)
    torch.special.ndtr(out, out=out)


def ndtr_inverse(p: Tensor, out: Tensor, work: Tensor) -> None:
    torch.special.ndtri(p, out=out).mul_(NDTR_SCALE).add_(NDTR_LOC)


def sinh_arcsinh_forward(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.asinh(x, out=out).add_(SKEW).mul_(TAIL).sinh_()


def sinh_arcsinh_inverse(y: Tensor, out: Tensor, work: Tensor) -> None:
    torch.asinh(y, out=out).mul_(1 / TAIL).sub_(SKEW).sinh_()


def sinh_arcsinh_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    """log cosh((asinh(x) + s) t) - log1p(x²)/2 + log t"""
    torch.asinh(x, out=out).add_(SKEW).mul_(TAIL).abs_()
    torch.mul(out, -2, out=work).exp_().log1p_()
    out.add_(work)
    torch.mul(x, x, out=work).log1p_()
    out.sub_(work, alpha=0.5).add_(LOG_TAIL - LOG2)


def gumbel_forward(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.sub(x, LOC, out=out).mul_(-1 / SCALE).exp_().neg_().exp_()


def gumbel_inverse(y: Tensor, out: Tensor, work: Tensor) -> None:
    torch.log(y, out=out).neg_().log_().mul_(-SCALE).add_(LOC)


def gumbel_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.sub(x, LOC, out=work).mul_(-1 / SCALE)
    torch.exp(work, out=out).neg_().add_(work).sub_(LOG_SCALE)


def kumaraswamy_forward(x: Tensor, out: Tensor, work: Tensor) -> None:
    """-expm1(b log1p(-exp(a log x)))"""
    torch.log(x, out=out).mul_(A).exp_().neg_().log1p_().mul_(B).expm1_().neg_()


def kumaraswamy_inverse(y: Tensor, out: Tensor, work: Tensor) -> None:
    """exp(log(-expm1(log1p(-y)/b))/a)"""
    torch.neg(y, out=out).log1p_().mul_(1 / B).expm1_().neg_().log_().mul_(1 / A).exp_()


def kumaraswamy_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    """log(ab) + (a - 1) log x + (b - 1) log1p(-exp(a log x))"""
    torch.log(x, out=work)
    torch.mul(work, A, out=out).exp_().neg_().log1p_().mul_(B - 1)
    out.add_(work, alpha=A - 1).add_(LOG_AB)


def softfloor_forward(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.sub(x, 0.5, out=out)
    torch.floor(out, out=work)
    out.sub_(work).sub_(0.5).mul_(0.5 / TEMPERATURE).tanh_().mul_(STEP_HEIGHT).add_(STEP_LOW).add_(work)


def softfloor_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.sub(x, 0.5, out=out)
    out.sub_(torch.floor(out, out=work)).sub_(0.5).abs_().mul_(-1 / TEMPERATURE)
    torch.exp(out, out=work).log1p_()
    out.sub_(work, alpha=2).add_(STEP_LOG_DET)


def cubic_inverse(y: Tensor, out: Tensor, work: Tensor) -> None:
    """PyTorch has no cube root."""
    torch.abs(y, out=out).log_().mul_(1 / 3).exp_().copysign_(y).sub_(INTERCEPT).mul_(1 / SLOPE)


def cubic_log_det(x: Tensor, out: Tensor, work: Tensor) -> None:
    torch.mul(x, SLOPE, out=out).add_(INTERCEPT).abs_().log_().mul_(2).add_(LOG_3SLOPE)


FORMS: dict[str, Form] = {
    "exp_forward": lambda x, out, work: torch.exp(x, out=out),
    "log_forward": lambda x, out, work: torch.log(x, out=out),
    "sigmoid_forward": lambda x, out, work: torch.sigmoid(x, out=out),
    "sigmoid_inverse": lambda y, out, work: torch.logit(y, out=out),
    "sigmoid_log_det": sigmoid_log_det,
    "sigmoid_inverse_log_det": sigmoid_inverse_log_det,
    # beyond the threshold it returns x, which is exact from 40 on
    "softplus_forward": lambda x, out, work: torch._C._nn.softplus(x, 1.0, 40.0, out=out),
    "softplus_inverse": softplus_inverse,
    "softplus_log_det": lambda x, out, work: torch._C._nn.log_sigmoid(x, out=out),
    "tanh_forward": lambda x, out, work: torch.tanh(x, out=out),
    "tanh_log_det": tanh_log_det,
    "power_forward": lambda x, out, work: torch.pow(x, EXPONENT, out=out),
    "ndtr_forward": ndtr_forward,
    "ndtr_inverse": ndtr_inverse,
    "sinh_arcsinh_forward": sinh_arcsinh_forward,
    "sinh_arcsinh_inverse": sinh_arcsinh_inverse,
    "sinh_arcsinh_log_det": sinh_arcsinh_log_det,
    "gumbel_forward": gumbel_forward,
    "gumbel_inverse": gumbel_inverse,
    "gumbel_log_det": gumbel_log_det,
    "kumaraswamy_forward": kumaraswamy_forward,
    "kumaraswamy_inverse": kumaraswamy_inverse,
    "kumaraswamy_log_det": kumaraswamy_log_det,
    "softfloor_forward": softfloor_forward,
    "softfloor_log_det": softfloor_log_det,
    "cubic_inverse": cubic_inverse,
    "cubic_log_det": cubic_log_det,
}
