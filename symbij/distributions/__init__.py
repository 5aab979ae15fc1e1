"""Distributions: base laws, mixtures, and laws transformed by bijectors."""

from symbij.distributions.base import Distribution
from symbij.distributions.mixture import Categorical, Mixture
from symbij.distributions.scalar import Logistic, Normal, Uniform
from symbij.distributions.transformed import TransformedDistribution

__all__ = ["Categorical", "Distribution", "Logistic", "Mixture", "Normal", "TransformedDistribution", "Uniform"]
