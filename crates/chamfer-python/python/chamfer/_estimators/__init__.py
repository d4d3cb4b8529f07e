"""Estimators in scikit-learn's manner."""

from ._cox import CoxRegressor, CoxRegressorCV
from ._elastic_net import ElasticNet, ElasticNetCV, Lasso, LassoCV
from ._group import GroupLasso, GroupLassoCV
from ._multi_task import MultiTaskLasso, MultiTaskLassoCV
from ._sparse import SparseClassifier, SparseClassifierCV, SparseRegressor, SparseRegressorCV

__all__ = [
    "CoxRegressor",
    "CoxRegressorCV",
    "ElasticNet",
    "ElasticNetCV",
    "GroupLasso",
    "GroupLassoCV",
    "Lasso",
    "LassoCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "SparseClassifier",
    "SparseClassifierCV",
    "SparseRegressor",
    "SparseRegressorCV",
]
