from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from ._params import Parameters

Groups = ArrayLike | Sequence[Sequence[Any]] | Mapping[Any, Sequence[Any]]

class Penalty(Parameters):
    name: str
    def encode(self, names: list[str] | None, n_cols: int, n_outputs: int = ...) -> dict[str, Any]: ...

class L1(Penalty):
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    lower: ArrayLike | None
    upper: ArrayLike | None
    across_outputs: bool
    def __init__(
        self,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
        lower: ArrayLike | None = ...,
        upper: ArrayLike | None = ...,
        across_outputs: bool = ...,
    ) -> None: ...

class MCP(Penalty):
    gamma: float
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    lower: ArrayLike | None
    upper: ArrayLike | None
    def __init__(
        self,
        gamma: float = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
        lower: ArrayLike | None = ...,
        upper: ArrayLike | None = ...,
    ) -> None: ...

class SCAD(Penalty):
    a: float
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    lower: ArrayLike | None
    upper: ArrayLike | None
    def __init__(
        self,
        a: float = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
        lower: ArrayLike | None = ...,
        upper: ArrayLike | None = ...,
    ) -> None: ...

class Adaptive(Penalty):
    first_fit: ArrayLike
    gamma: float
    unpenalized: ArrayLike | None
    l1_ratio: float
    lower: ArrayLike | None
    upper: ArrayLike | None
    def __init__(
        self,
        first_fit: ArrayLike,
        gamma: float = ...,
        *,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
        lower: ArrayLike | None = ...,
        upper: ArrayLike | None = ...,
    ) -> None: ...

class ElasticNet(L1):
    def __init__(
        self,
        l1_ratio: float = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        lower: ArrayLike | None = ...,
        upper: ArrayLike | None = ...,
        across_outputs: bool = ...,
    ) -> None: ...

class Group(Penalty):
    groups: Groups | None
    q: float
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    def __init__(
        self,
        groups: Groups | None = ...,
        q: float = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
    ) -> None: ...

class Lq(Penalty):
    q: float
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    lower: ArrayLike | None
    upper: ArrayLike | None
    def __init__(
        self,
        q: float = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
        lower: ArrayLike | None = ...,
        upper: ArrayLike | None = ...,
    ) -> None: ...

class Nested(Penalty):
    groups: Groups | None
    within: int
    gates: int
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    def __init__(
        self,
        groups: Groups | None = ...,
        within: int = ...,
        gates: int = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
    ) -> None: ...

class NonNegative(Penalty):
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    upper: ArrayLike | None
    def __init__(
        self,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
        upper: ArrayLike | None = ...,
    ) -> None: ...

class SparseGroup(Penalty):
    groups: Groups | None
    l1_share: float
    weights: ArrayLike | None
    unpenalized: ArrayLike | None
    l1_ratio: float
    def __init__(
        self,
        groups: Groups | None = ...,
        l1_share: float = ...,
        *,
        weights: ArrayLike | None = ...,
        unpenalized: ArrayLike | None = ...,
        l1_ratio: float = ...,
    ) -> None: ...

def from_name(penalty: str | Penalty, groups: Groups | None = ...) -> Penalty: ...
