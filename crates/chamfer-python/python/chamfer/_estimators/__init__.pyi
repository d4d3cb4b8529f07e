from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from typing_extensions import Self

from .._certificate import Certificate
from ..families import Family
from ..penalties import Groups, Penalty

class Lasso(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float | NDArray[np.floating]
    n_iter_: int | list[int]
    dual_gap_: float | NDArray[np.floating]
    certificate_: Certificate | list[Certificate]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        alpha: float = ...,
        *,
        fit_intercept: bool = ...,
        precompute: Any = ...,
        copy_X: bool = ...,
        max_iter: int = ...,
        tol: float = ...,
        warm_start: bool = ...,
        positive: bool = ...,
        random_state: Any = ...,
        selection: str = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...

class LassoCV(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    mse_path_: NDArray[np.floating]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        *,
        eps: float = ...,
        alphas: int | ArrayLike = ...,
        fit_intercept: bool = ...,
        precompute: Any = ...,
        max_iter: int = ...,
        tol: float = ...,
        copy_X: bool = ...,
        cv: Any = ...,
        verbose: int = ...,
        n_jobs: int | None = ...,
        positive: bool = ...,
        random_state: Any = ...,
        selection: str = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., **params: Any) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def get_metadata_routing(self) -> Any: ...

class ElasticNet(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float | NDArray[np.floating]
    n_iter_: int | list[int]
    dual_gap_: float | NDArray[np.floating]
    certificate_: Certificate | list[Certificate]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        alpha: float = ...,
        *,
        l1_ratio: float = ...,
        fit_intercept: bool = ...,
        precompute: Any = ...,
        max_iter: int = ...,
        copy_X: bool = ...,
        tol: float = ...,
        warm_start: bool = ...,
        positive: bool = ...,
        random_state: Any = ...,
        selection: str = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...

class ElasticNetCV(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    mse_path_: NDArray[np.floating]
    l1_ratio_: float
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        *,
        l1_ratio: float | list[float] = ...,
        eps: float = ...,
        alphas: int | ArrayLike = ...,
        fit_intercept: bool = ...,
        precompute: Any = ...,
        max_iter: int = ...,
        tol: float = ...,
        cv: Any = ...,
        copy_X: bool = ...,
        verbose: int = ...,
        n_jobs: int | None = ...,
        positive: bool = ...,
        random_state: Any = ...,
        selection: str = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., **params: Any) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def get_metadata_routing(self) -> Any: ...

class MultiTaskLasso(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: NDArray[np.floating]
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        alpha: float = ...,
        *,
        fit_intercept: bool = ...,
        copy_X: bool = ...,
        max_iter: int = ...,
        tol: float = ...,
        warm_start: bool = ...,
        random_state: Any = ...,
        selection: str = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...

class MultiTaskLassoCV(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: NDArray[np.floating]
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    mse_path_: NDArray[np.floating]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        *,
        eps: float = ...,
        alphas: int | ArrayLike = ...,
        fit_intercept: bool = ...,
        max_iter: int = ...,
        tol: float = ...,
        copy_X: bool = ...,
        cv: Any = ...,
        verbose: int = ...,
        n_jobs: int | None = ...,
        random_state: Any = ...,
        selection: str = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., **params: Any) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def get_metadata_routing(self) -> Any: ...

class GroupLasso(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        groups: Groups | None = ...,
        alpha: float = ...,
        *,
        group_weights: ArrayLike | None = ...,
        fit_intercept: bool = ...,
        standardize: bool = ...,
        max_iter: int = ...,
        tol: float = ...,
        warm_start: bool = ...,
        n_jobs: int | None = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...

class GroupLassoCV(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    mse_path_: NDArray[np.floating]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        groups: Groups | None = ...,
        *,
        group_weights: ArrayLike | None = ...,
        alphas: int | ArrayLike = ...,
        eps: float = ...,
        fit_intercept: bool = ...,
        standardize: bool = ...,
        max_iter: int = ...,
        tol: float = ...,
        cv: Any = ...,
        n_jobs: int | None = ...,
        verbose: int = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., **params: Any) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def get_metadata_routing(self) -> Any: ...

class SparseRegressor(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float | NDArray[np.floating]
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        family: str | Family = ...,
        penalty: str | Penalty = ...,
        alpha: float = ...,
        *,
        groups: Groups | None = ...,
        fit_intercept: bool = ...,
        standardize: bool = ...,
        start: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        warm_start: bool = ...,
        n_jobs: int | None = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., offset: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any, offset: ArrayLike | None = ...) -> NDArray[Any]: ...

class SparseRegressorCV(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float | NDArray[np.floating]
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    alpha_best_: float
    alpha_1se_: float
    metric_path_: NDArray[np.floating]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        family: str | Family = ...,
        penalty: str | Penalty = ...,
        *,
        groups: Groups | None = ...,
        alphas: int | ArrayLike = ...,
        eps: float = ...,
        fit_intercept: bool = ...,
        standardize: bool = ...,
        start: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        cv: Any = ...,
        metric: str = ...,
        rule: str = ...,
        n_jobs: int | None = ...,
        verbose: int = ...,
    ) -> None: ...
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = ...,
        offset: ArrayLike | None = ...,
        **params: Any,
    ) -> Self: ...
    def predict(self, X: Any, offset: ArrayLike | None = ...) -> NDArray[Any]: ...
    def get_metadata_routing(self) -> Any: ...

class SparseClassifier(ClassifierMixin, BaseEstimator):
    classes_: NDArray[Any]
    coef_: NDArray[np.floating]
    intercept_: NDArray[np.floating]
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        penalty: str | Penalty = ...,
        alpha: float = ...,
        *,
        family: str | Family = ...,
        groups: Groups | None = ...,
        class_weight: dict[Any, float] | str | None = ...,
        fit_intercept: bool = ...,
        standardize: bool = ...,
        start: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        warm_start: bool = ...,
        n_jobs: int | None = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def decision_function(self, X: Any) -> NDArray[np.floating]: ...
    def predict_proba(self, X: Any) -> NDArray[np.floating]: ...
    def predict_log_proba(self, X: Any) -> NDArray[np.floating]: ...

class SparseClassifierCV(ClassifierMixin, BaseEstimator):
    classes_: NDArray[Any]
    coef_: NDArray[np.floating]
    intercept_: NDArray[np.floating]
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    alpha_best_: float
    alpha_1se_: float
    metric_path_: NDArray[np.floating]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        penalty: str | Penalty = ...,
        *,
        family: str | Family = ...,
        groups: Groups | None = ...,
        alphas: int | ArrayLike = ...,
        eps: float = ...,
        class_weight: dict[Any, float] | str | None = ...,
        fit_intercept: bool = ...,
        standardize: bool = ...,
        start: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        cv: Any = ...,
        metric: str = ...,
        rule: str = ...,
        n_jobs: int | None = ...,
        verbose: int = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., **params: Any) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def decision_function(self, X: Any) -> NDArray[np.floating]: ...
    def predict_proba(self, X: Any) -> NDArray[np.floating]: ...
    def predict_log_proba(self, X: Any) -> NDArray[np.floating]: ...
    def get_metadata_routing(self) -> Any: ...

class CoxRegressor(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        penalty: str | Penalty = ...,
        alpha: float = ...,
        *,
        ties: str = ...,
        groups: Groups | None = ...,
        standardize: bool = ...,
        start: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        warm_start: bool = ...,
        n_jobs: int | None = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> float: ...

class CoxRegressorCV(RegressorMixin, BaseEstimator):
    coef_: NDArray[np.floating]
    intercept_: float
    n_iter_: int
    dual_gap_: float
    certificate_: Certificate
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    alpha_: float
    alphas_: NDArray[np.floating]
    alpha_best_: float
    alpha_1se_: float
    metric_path_: NDArray[np.floating]
    @property
    def sparse_coef_(self) -> Any: ...
    def __init__(
        self,
        penalty: str | Penalty = ...,
        *,
        ties: str = ...,
        groups: Groups | None = ...,
        alphas: int | ArrayLike = ...,
        eps: float = ...,
        standardize: bool = ...,
        start: str = ...,
        max_iter: int = ...,
        tol: float = ...,
        cv: Any = ...,
        metric: str = ...,
        rule: str = ...,
        n_jobs: int | None = ...,
        verbose: int = ...,
    ) -> None: ...
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = ..., **params: Any) -> Self: ...
    def predict(self, X: Any) -> NDArray[Any]: ...
    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = ...) -> float: ...
    def get_metadata_routing(self) -> Any: ...
