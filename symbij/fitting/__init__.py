"""Fitting: maximum likelihood with derived gradients."""

from symbij.fitting.fit import fit
from symbij.fitting.result import FitResult

__all__ = ["FitResult", "fit"]
