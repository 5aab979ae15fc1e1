"""symbij compiles formulas into bijectors: proved one-to-one, inverted, differentiated, lowered to fast kernels.

    import symbij as sb

    Cubic = sb.bijector("(a*x + b)**3", a=sb.nonzero)
    cubic = Cubic(a=2.0, b=1.0)
    y, log_det = cubic.forward_and_log_det(x)

Names are imported when first used, so that `import symbij` is immediate.
"""

from __future__ import annotations

from symbij.lazy import lazy_names as _lazy_names

__version__ = "0.1.0"

_MODULES: dict[str, tuple[str, ...]] = {
    "symbij.errors": (
        "SymbijError", "FormulaSyntaxError", "NotBijectiveError", "DerivationError", "DomainError", "ParameterError",
        "ShapeError", "DataError", "AuditError", "UsageError", "MissingDependencyError",
    ),
    "symbij.formula.constraints": (
        "real", "positive", "negative", "nonnegative", "nonzero", "unit", "interval", "vector",
    ),
    "symbij.bijectors": (
        "Bijector", "Variable", "bijector", "Chain", "Invert", "Identity", "Shift", "Scale", "Exp", "Sigmoid",
        "Softplus", "Tanh", "Softfloor", "GumbelCDF", "NormalCDF", "LogisticCDF", "UniformCDF", "Cubic", "SinhArcsinh",
        "MixtureCDF", "LogisticMixtureCDF", "BernsteinPolynomial",
        "ScaleMatvecDiag", "ScaleMatvecTriL", "ScaleMatvecLinearOperator",
    ),
    "symbij.distributions": (
        "Distribution", "Normal", "Uniform", "Logistic", "Categorical", "Mixture", "TransformedDistribution",
    ),
    "symbij.fitting": ("fit", "FitResult"),
    "symbij.jit": ("jitted",),
    "symbij.audit": ("verify", "Report"),
    "symbij.kernels.threads": ("set_num_threads", "get_num_threads"),
}  # fmt: skip
_SUBMODULES = ("accuracy", "bijectors", "distributions", "fitting", "functions", "linalg", "plotting", "testing")

__all__ = ["__version__", *(name for names in _MODULES.values() for name in names), *_SUBMODULES]
__getattr__, __dir__ = _lazy_names(__name__, globals(), _MODULES, _SUBMODULES)
