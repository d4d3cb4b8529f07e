from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._problem import Problem
from .families import Family
from .penalties import Groups, Penalty

def path(
    X: Any,
    y: Any,
    *,
    family: str | Family = ...,
    penalty: str | Penalty = ...,
    groups: Groups | None = ...,
    alphas: int | ArrayLike = ...,
    eps: float = ...,
    fit_intercept: bool = ...,
    standardize: bool = ...,
    sample_weight: ArrayLike | None = ...,
    offset: ArrayLike | None = ...,
    start: str = ...,
    tol: float = ...,
    n_jobs: int | None = ...,
    verbose: int = ...,
) -> PathResult: ...

class PathResult:
    family: Family
    penalty: Penalty
    feature_names: list[str] | None
    classes: NDArray[Any] | None
    n_outputs: int
    n_features: int
    alphas: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    objectives: NDArray[np.float64]
    dual_gaps: NDArray[np.float64]
    relative_gaps: NDArray[np.float64]
    stationarity: NDArray[np.float64]
    smallest_eigenvalues: NDArray[np.float64]
    deviance_explained: NDArray[np.float64]
    converged: NDArray[np.bool_]
    n_iter: NDArray[np.intp]
    def __init__(self, problem: Problem, done: dict[str, NDArray[Any]]) -> None: ...
    @property
    def coefs(self) -> NDArray[np.float64]: ...
    @property
    def sparse_coefs(self) -> Any: ...
    @property
    def n_nonzero(self) -> NDArray[np.intp]: ...
    def __len__(self) -> int: ...
    def index(self, alpha: float) -> int: ...
    def decision_function(self, X: Any, alpha: float, offset: ArrayLike | None = ...) -> NDArray[np.floating]: ...
    def predict(self, X: Any, alpha: float, offset: ArrayLike | None = ...) -> NDArray[Any]: ...
    def to_frame(self) -> Any: ...
    def plot(self, ax: Any = ..., *, n_labels: int = ...) -> Any: ...
