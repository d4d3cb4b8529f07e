"""Sparse learning by smooth optimization, every answer with a certificate.

A sparse penalty such as the lasso's has kinks. Chamfer writes the coefficients as products of factors,
:math:`\\beta = u \\circ v`, with a ridge penalty on the factors: a smooth problem with the same solutions,
which Newton's method solves, exact zeros included.

=================  ==========================================================================
``path``           coefficients at each strength of any penalty, for any family of responses
``minimize``       makes any differentiable objective of yours sparse
``Lasso`` …        estimators in scikit-learn's manner
``penalties``      what makes coefficients zero: ``L1``, ``Group``, ``Lq``, ``MCP``, …
``families``       how the target depends on the data: ``Gaussian``, ``Poisson``, ``Cox``, …
``parametrizations``  the catalogue of smooth maps behind them, on numpy arrays
=================  ==========================================================================

Estimators need scikit-learn, which is imported when the first of them is used.
"""

from importlib import import_module as _import_module

_MODULES = ("exceptions", "families", "parametrizations", "penalties")
_HOMES = {
    "path": "_path",
    "PathResult": "_path",
    "minimize": "_minimize",
    "MinimizeResult": "_minimize",
    "Certificate": "_certificate",
    "Lasso": "_estimators",
    "LassoCV": "_estimators",
    "ElasticNet": "_estimators",
    "ElasticNetCV": "_estimators",
    "MultiTaskLasso": "_estimators",
    "MultiTaskLassoCV": "_estimators",
    "GroupLasso": "_estimators",
    "GroupLassoCV": "_estimators",
    "SparseRegressor": "_estimators",
    "SparseRegressorCV": "_estimators",
    "SparseClassifier": "_estimators",
    "SparseClassifierCV": "_estimators",
    "CoxRegressor": "_estimators",
    "CoxRegressorCV": "_estimators",
}

__all__ = [*_MODULES, *_HOMES]
__version__ = "0.1.0"


def __getattr__(name):
    if name in _MODULES:
        return _import_module(f"chamfer.{name}")
    if name in _HOMES:
        value = getattr(_import_module(f"chamfer.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'chamfer' has no attribute {name!r}")


def __dir__():
    return [*__all__, "__version__"]
