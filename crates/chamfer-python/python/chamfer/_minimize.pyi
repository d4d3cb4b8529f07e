from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .parametrizations import Parametrization
from .penalties import Penalty

Floats = NDArray[np.float64]
Part = str | Penalty | Parametrization | None

@dataclass(frozen=True)
class MinimizeResult:
    x: Floats
    fun: float
    stationarity: float
    smallest_eigenvalue: float
    misalignment: float
    imbalance: float
    nfev: int
    success: bool
    message: str

def minimize(
    value_and_grad: Callable[[Floats], tuple[Any, Any]],
    x0: ArrayLike,
    penalty: Part | Sequence[tuple[Part, int] | tuple[Part, int, float]] = ...,
    alpha: float = ...,
    *,
    method: str = ...,
    hess_prod: Callable[[Floats, Floats], Any] | None = ...,
    tol: float = ...,
    max_iter: int = ...,
    memory: int = ...,
    second_order: bool = ...,
) -> MinimizeResult: ...
