"""What makes coefficients exactly zero: the term :math:`\\alpha R(\\beta)` of an objective.

A penalty can be given by its name (``"l1"``) or as an object (``Lq(q=0.5)``).

================  ==========================================================  =======
class             :math:`R(\\beta)`                                            convex
================  ==========================================================  =======
``L1``            :math:`\\sum_j w_j |\\beta_j|`                                yes
``ElasticNet``    :math:`\\rho \\lVert\\beta\\rVert_1 + \\frac{1-\\rho}{2} \\lVert\\beta\\rVert_2^2`  yes
``NonNegative``   :math:`\\sum_j w_j \\beta_j`, :math:`\\beta \\ge 0`            yes
``Adaptive``      ``L1`` with weights from a first fit                        yes
``Lq``            :math:`\\sum_j w_j |\\beta_j|^q`                              at q = 1
``MCP``           minimax concave (Zhang 2010)                                no
``SCAD``          smoothly clipped (Fan & Li 2001)                            no
``Group``         :math:`\\sum_g w_g \\lVert\\beta_g\\rVert_2^q`                 at q = 1
``SparseGroup``   :math:`\\sum_g w_g (a \\lVert\\beta_g\\rVert_1 + (1-a) \\sqrt{n_g} \\lVert\\beta_g\\rVert_2)`  yes
``Nested``        :math:`\\sum_g w_g (\\sum_j |\\beta_{gj}|^p)^{q/p}`            rarely
================  ==========================================================  =======

All take, besides what is theirs:

weights : array-like
    Multiplies the penalty of each column, or of each group; 0 is no penalty. Ones for columns and
    :math:`\\sqrt{n_g}` for groups unless given.
unpenalized : list of columns, by number or name, or a mask
    Left out of the penalty.
l1_ratio : float, default=1.0
    :math:`\\rho` in :math:`\\rho R(\\beta) + \\frac{1-\\rho}{2} \\lVert\\beta\\rVert_2^2`, above 0.
lower, upper : float or array-like, for penalties on columns
    Bounds on the coefficients, with 0 between them.
"""

import numpy as np

from ._data import column_numbers, group_lists
from ._params import Parameters
from .exceptions import PenaltyError

__all__ = [
    "L1",
    "MCP",
    "SCAD",
    "Adaptive",
    "ElasticNet",
    "Group",
    "Lq",
    "Nested",
    "NonNegative",
    "Penalty",
    "SparseGroup",
    "from_name",
]


class Penalty(Parameters):
    """What all penalties have in common."""

    name = ""

    def _own(self, names, n_cols):
        """The parameters that only this penalty has."""
        return {}

    def encode(self, names, n_cols, n_outputs=1):
        """The penalty as the compiled part takes it, for a design with these columns."""
        spec = {"name": self.name, "l1_ratio": float(self.l1_ratio), **self._own(names, n_cols)}
        spec["unpenalized"] = column_numbers(self.unpenalized, names, n_cols)
        weights = getattr(self, "weights", None)
        if weights is not None:
            spec["weights"] = np.asarray(weights, dtype=np.float64).tolist()
        lower, upper = getattr(self, "lower", None), getattr(self, "upper", None)
        if lower is not None or upper is not None:
            spec["bounds"] = (_bound(lower, -np.inf, n_cols), _bound(upper, np.inf, n_cols))
        if getattr(self, "across_outputs", False) and n_outputs > 1:
            spec["across_outputs"] = True
        return spec


def _bound(bound, none, n_cols):
    bound = np.asarray(none if bound is None else bound, dtype=np.float64)
    if bound.ndim > 1 or bound.shape not in ((), (n_cols,)):
        raise PenaltyError(f"a bound has shape {bound.shape}, but X has {n_cols} columns")
    return np.broadcast_to(bound, n_cols).tolist()


class L1(Penalty):
    """The lasso, :math:`\\sum_j w_j |\\beta_j|`.

    Parameters
    ----------
    weights, unpenalized, l1_ratio, lower, upper
        See :mod:`chamfer.penalties`.
    across_outputs : bool, default=False
        With several responses or classes, a column is in for all of them or for none:
        :math:`\\sum_j w_j \\lVert\\beta_{j\\cdot}\\rVert_2`.
    """

    name = "l1"

    def __init__(
        self, *, weights=None, unpenalized=None, l1_ratio=1.0, lower=None, upper=None, across_outputs=False
    ):
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio
        self.lower = lower
        self.upper = upper
        self.across_outputs = across_outputs


class ElasticNet(L1):
    """:math:`\\rho \\sum_j w_j |\\beta_j| + \\frac{1-\\rho}{2} \\lVert\\beta\\rVert_2^2`.

    Parameters
    ----------
    l1_ratio : float, default=0.5
        :math:`\\rho`, above 0 and at most 1.
    weights, unpenalized, lower, upper, across_outputs
        See :class:`L1`.
    """

    def __init__(
        self, l1_ratio=0.5, *, weights=None, unpenalized=None, lower=None, upper=None, across_outputs=False
    ):
        super().__init__(
            weights=weights,
            unpenalized=unpenalized,
            l1_ratio=l1_ratio,
            lower=lower,
            upper=upper,
            across_outputs=across_outputs,
        )


class NonNegative(Penalty):
    """The lasso with coefficients that may not be negative.

    Parameters
    ----------
    weights, unpenalized, l1_ratio, upper
        See :mod:`chamfer.penalties`.
    """

    name = "non-negative"

    def __init__(self, *, weights=None, unpenalized=None, l1_ratio=1.0, upper=None):
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio
        self.upper = upper


class Adaptive(Penalty):
    """The adaptive lasso, :math:`\\sum_j |b_j|^{-\\gamma} |\\beta_j|` (Zou 2006).

    Parameters
    ----------
    first_fit : array-like of shape (n_features,)
        The coefficients :math:`b` of a first fit; a column that is 0 there stays 0.
    gamma : float, default=1.0
        Above 0.
    unpenalized, l1_ratio, lower, upper
        See :mod:`chamfer.penalties`.
    """

    name = "adaptive"

    def __init__(self, first_fit, gamma=1.0, *, unpenalized=None, l1_ratio=1.0, lower=None, upper=None):
        self.first_fit = first_fit
        self.gamma = gamma
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio
        self.lower = lower
        self.upper = upper

    def _own(self, names, n_cols):
        first_fit = np.asarray(self.first_fit, dtype=np.float64)
        if first_fit.shape != (n_cols,):
            raise PenaltyError(f"first_fit has shape {first_fit.shape}, but X has {n_cols} columns")
        return {"first_fit": first_fit.tolist(), "shape": float(self.gamma)}


class Lq(Penalty):
    """:math:`\\sum_j w_j |\\beta_j|^q`.

    Parameters
    ----------
    q : float, default=0.5
        Above 0 and at most 1; not convex below 1.
    weights, unpenalized, l1_ratio, lower, upper
        See :mod:`chamfer.penalties`.
    """

    name = "lq"

    def __init__(self, q=0.5, *, weights=None, unpenalized=None, l1_ratio=1.0, lower=None, upper=None):
        self.q = q
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio
        self.lower = lower
        self.upper = upper

    def _own(self, names, n_cols):
        if not 0.0 < self.q <= 1.0:
            raise PenaltyError(f"q is {self.q}: it must be above 0 and at most 1")
        return {"shape": float(self.q)}


class MCP(Penalty):
    """The minimax concave penalty (Zhang 2010).

    Parameters
    ----------
    gamma : float, default=3.0
        Above 1; the lasso is the limit at infinity.
    weights, unpenalized, l1_ratio, lower, upper
        See :mod:`chamfer.penalties`.
    """

    name = "mcp"

    def __init__(self, gamma=3.0, *, weights=None, unpenalized=None, l1_ratio=1.0, lower=None, upper=None):
        self.gamma = gamma
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio
        self.lower = lower
        self.upper = upper

    def _own(self, names, n_cols):
        return {"shape": float(self.gamma)}


class SCAD(Penalty):
    """The smoothly clipped absolute deviation (Fan & Li 2001).

    Parameters
    ----------
    a : float, default=3.7
        Above 2.
    weights, unpenalized, l1_ratio, lower, upper
        See :mod:`chamfer.penalties`.
    """

    name = "scad"

    def __init__(self, a=3.7, *, weights=None, unpenalized=None, l1_ratio=1.0, lower=None, upper=None):
        self.a = a
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio
        self.lower = lower
        self.upper = upper

    def _own(self, names, n_cols):
        return {"shape": float(self.a)}


class Group(Penalty):
    """The group lasso, :math:`\\sum_g w_g \\lVert\\beta_g\\rVert_2^q`.

    Parameters
    ----------
    groups : list of lists of columns, dict of them, or array-like of shape (n_features,)
        The columns of each group, by number or name, or a label for each column. Groups that share columns
        give the latent group lasso.
    q : float, default=1.0
        1, or 2 divided by an integer, or at most 2/3; not convex below 1.
    weights, unpenalized, l1_ratio
        See :mod:`chamfer.penalties`.
    """

    name = "group"

    def __init__(self, groups=None, q=1.0, *, weights=None, unpenalized=None, l1_ratio=1.0):
        self.groups = groups
        self.q = q
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio

    def _own(self, names, n_cols):
        if not 0.0 < self.q <= 1.0:
            raise PenaltyError(f"q is {self.q}: it must be above 0 and at most 1")
        return {"groups": group_lists(self.groups, names, n_cols), "shape": float(self.q)}


class SparseGroup(Penalty):
    """:math:`\\sum_g w_g (a \\lVert\\beta_g\\rVert_1 + (1-a) \\sqrt{n_g} \\lVert\\beta_g\\rVert_2)`.

    Parameters
    ----------
    groups
        See :class:`Group`.
    l1_share : float, default=0.5
        :math:`a`, between 0 and 1.
    weights, unpenalized, l1_ratio
        See :mod:`chamfer.penalties`.
    """

    name = "sparse-group"

    def __init__(self, groups=None, l1_share=0.5, *, weights=None, unpenalized=None, l1_ratio=1.0):
        self.groups = groups
        self.l1_share = l1_share
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio

    def _own(self, names, n_cols):
        return {"groups": group_lists(self.groups, names, n_cols), "shape": float(self.l1_share)}


class Nested(Penalty):
    """:math:`\\sum_g w_g (\\sum_j |\\beta_{gj}|^p)^{q/p}` with ``p = 2/within`` and ``q = 2/(within + gates)``.

    Parameters
    ----------
    groups
        See :class:`Group`.
    within : int, default=1
        Factors of each coefficient.
    gates : int, default=1
        Factors that its group shares.
    weights, unpenalized, l1_ratio
        See :mod:`chamfer.penalties`.
    """

    name = "nested"

    def __init__(self, groups=None, within=1, gates=1, *, weights=None, unpenalized=None, l1_ratio=1.0):
        self.groups = groups
        self.within = within
        self.gates = gates
        self.weights = weights
        self.unpenalized = unpenalized
        self.l1_ratio = l1_ratio

    def _own(self, names, n_cols):
        groups = group_lists(self.groups, names, n_cols)
        return {"groups": groups, "within": int(self.within), "gates": int(self.gates)}


_PENALTIES = {
    "l1": L1,
    "elastic-net": ElasticNet,
    "non-negative": NonNegative,
    "lq": Lq,
    "mcp": MCP,
    "scad": SCAD,
    "group": Group,
    "sparse-group": SparseGroup,
    "nested": Nested,
}


def from_name(penalty, groups=None):
    """The penalty of this name with its usual parameters; penalties pass through.

    ``groups`` is for those that have groups and none yet.
    """
    if isinstance(penalty, str):
        name = penalty.replace("_", "-")
        if name not in _PENALTIES:
            raise PenaltyError(f"penalty is {penalty!r}: it must be one of {', '.join(_PENALTIES)}, or an object")
        penalty = _PENALTIES[name]()
    elif not isinstance(penalty, Penalty):
        raise PenaltyError(f"penalty is {penalty!r}: it must be a name or an object of chamfer.penalties")
    if groups is None:
        return penalty
    if "groups" not in penalty._names():
        raise PenaltyError(f"groups are given, but the penalty {penalty!r} has none: use 'group', for instance")
    return type(penalty)(**{**penalty.get_params(), "groups": groups})
