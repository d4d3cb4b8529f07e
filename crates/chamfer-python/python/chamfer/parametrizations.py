"""The catalogue of parametrizations, on numpy arrays.

A parametrization writes coefficients as a smooth function of factors, :math:`\\beta = K(\\xi)`, and has a smooth
penalty :math:`R_\\xi` on the factors such that

.. math::

    R(\\beta) = \\min \\{ R_\\xi(\\xi) : K(\\xi) = \\beta \\}

is the sparse penalty that it stands for. With it, :math:`L(K(\\xi)) + \\alpha R_\\xi(\\xi)` is smooth, and has the
minima of :math:`L(\\beta) + \\alpha R(\\beta)`. Use the methods of :class:`Parametrization` to write such an
objective for your own optimizer; :func:`chamfer.minimize` does it for you.

=====================  ==================================  =======================================================
function               :math:`K`                           :math:`R`
=====================  ==================================  =======================================================
``HPP``                :math:`u \\circ v`                   :math:`\\lVert\\beta\\rVert_1`
``HDP``                :math:`u \\circ u - v \\circ v`       :math:`\\lVert\\beta\\rVert_1`
``Square``             :math:`u \\circ u`                   :math:`\\sum_j \\beta_j`, :math:`\\beta \\ge 0`
``HPPk``               :math:`u_1 \\circ \\dots \\circ u_k`   :math:`\\sum_j |\\beta_j|^{2/k}`
``HDPk``               :math:`|u|^k - |v|^k`               :math:`\\sum_j |\\beta_j|^{2/k}`
``Power``              :math:`v \\circ |v|^{k-1}`           :math:`\\sum_j |\\beta_j|^{2/k}`
``SharedProduct``      :math:`u \\circ |v|^{k-1}`           :math:`\\sum_j |\\beta_j|^{2/k}`
``MCP``, ``SCAD``                                          folded concave
``GroupProduct``       :math:`u_g \\prod_l \\nu_{g,l}`       :math:`\\sum_g \\lVert\\beta_g\\rVert_2^{2/k}`
``GroupPower``         :math:`u_g |\\nu_g|^{k-1}`           :math:`\\sum_g \\lVert\\beta_g\\rVert_2^{2/k}`
``Nested``             factors and gates                   :math:`\\sum_g (\\sum_j |\\beta_{gj}|^p)^{q/p}`
``SparseGroup``                                            ℓ₁ and groups
``MatrixProduct``      :math:`U V^\\top`                    the nuclear norm
``Unpenalized``        :math:`\\xi`                         0
=====================  ==================================  =======================================================
"""

import numpy as np

from . import _core
from ._data import group_lists

__all__ = [
    "HDP",
    "HPP",
    "MCP",
    "SCAD",
    "GroupPower",
    "GroupProduct",
    "HDPk",
    "HPPk",
    "MatrixProduct",
    "Nested",
    "Parametrization",
    "Power",
    "SharedProduct",
    "SparseGroup",
    "Square",
    "Unpenalized",
    "catalogue",
]


class Parametrization:
    """One row of the catalogue; made by the functions of this module."""

    def __init__(self, row):
        self._row = row

    def __repr__(self):
        return f"<{self.facts['type_name']}: {self.facts['map']}>"

    @property
    def facts(self):
        """What the catalogue says of it, by name: map, surrogate, penalty, source, …"""
        return self._row.facts()

    def n_factors(self, n):
        """The number of factors for ``n`` coefficients.

        Parameters
        ----------
        n : int
            Number of coefficients.

        Returns
        -------
        int
        """
        return self._row.n_factors(n)

    def collapse(self, factors, n):
        """:math:`\\beta = K(\\xi)`.

        Parameters
        ----------
        factors : array-like of shape (n_factors(n),)
            :math:`\\xi`.
        n : int
            Number of coefficients.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self._row.collapse(n, _vector(factors))

    def lift(self, coefficients):
        """Balanced factors: :math:`K(\\xi) = \\beta` and :math:`R_\\xi(\\xi) = R(\\beta)`.

        Parameters
        ----------
        coefficients : array-like of shape (n,)
            :math:`\\beta`.

        Returns
        -------
        ndarray of shape (n_factors(n),)
        """
        return self._row.lift(_vector(coefficients), False)

    def start(self, coefficients):
        """Factors to begin an optimization with: :math:`K(\\xi) = \\beta`, where zeros are free to move.

        Parameters
        ----------
        coefficients : array-like of shape (n,)
            :math:`\\beta`.

        Returns
        -------
        ndarray of shape (n_factors(n),)
        """
        return self._row.lift(_vector(coefficients), True)

    def surrogate(self, factors, n, alpha=1.0, weights=None):
        """:math:`\\alpha R_\\xi(\\xi)`, the smooth penalty on the factors.

        Parameters
        ----------
        factors : array-like of shape (n_factors(n),)
            :math:`\\xi`.
        n : int
            Number of coefficients.
        alpha : float, default=1.0
            Strength.
        weights : array-like, default=None
            Of the terms: coefficients or groups.

        Returns
        -------
        float
        """
        return self._row.surrogate(n, _vector(factors), float(alpha), _weights(weights))

    def penalty(self, coefficients, alpha=1.0, weights=None):
        """:math:`\\alpha R(\\beta)`, the sparse penalty on the coefficients.

        Parameters
        ----------
        coefficients : array-like of shape (n,)
            :math:`\\beta`.
        alpha : float, default=1.0
            Strength.
        weights : array-like, default=None
            Of the terms: coefficients or groups.

        Returns
        -------
        float
        """
        return self._row.penalty(_vector(coefficients), float(alpha), _weights(weights))

    def pullback(self, factors, gradient, alpha=1.0, weights=None):
        """The gradient of :math:`L(K(\\xi)) + \\alpha R_\\xi(\\xi)` in the factors.

        Parameters
        ----------
        factors : array-like of shape (n_factors(n),)
            :math:`\\xi`.
        gradient : array-like of shape (n,)
            :math:`\\nabla L` at :math:`K(\\xi)`.
        alpha : float, default=1.0
            Strength.
        weights : array-like, default=None
            Of the terms: coefficients or groups.

        Returns
        -------
        ndarray of shape (n_factors(n),)
        """
        return self._row.pullback(_vector(factors), _vector(gradient), float(alpha), _weights(weights))

    def stationarity(self, coefficients, gradient, alpha=1.0, weights=None):
        """The largest violation of :math:`-\\nabla L(\\beta) \\in \\alpha \\partial R(\\beta)` over the terms.

        Parameters
        ----------
        coefficients : array-like of shape (n,)
            :math:`\\beta`.
        gradient : array-like of shape (n,)
            :math:`\\nabla L(\\beta)`.
        alpha : float, default=1.0
            Strength.
        weights : array-like, default=None
            Of the terms: coefficients or groups.

        Returns
        -------
        float
        """
        return self._row.stationarity(_vector(coefficients), _vector(gradient), float(alpha), _weights(weights))


def _vector(values):
    return np.ascontiguousarray(values, dtype=np.float64)


def _weights(weights):
    return None if weights is None else np.asarray(weights, dtype=np.float64).tolist()


def _groups(groups):
    groups = list(groups)
    of_lists = groups and all(np.ndim(group) == 1 and not isinstance(group, str) for group in groups)
    n = 1 + max((max(group, default=0) for group in groups), default=0) if of_lists else len(groups)
    return group_lists(groups, None, n)


def HPP():
    """Hadamard product :math:`u \\circ v`: the lasso."""
    return Parametrization(_core.Parametrization.hpp())


def HDP():
    """Hadamard difference :math:`u \\circ u - v \\circ v`: the lasso."""
    return Parametrization(_core.Parametrization.hdp())


def Square():
    """:math:`u \\circ u`: the lasso for coefficients at least 0."""
    return Parametrization(_core.Parametrization.square())


def HPPk(depth):
    """Product of ``depth`` (an integer) factors: :math:`\\ell_q` with ``q = 2/depth``."""
    return Parametrization(_core.Parametrization.hpp_k(int(depth)))


def HDPk(depth):
    """:math:`|u|^k - |v|^k` with ``k = depth`` ≥ 2: :math:`\\ell_q` with ``q = 2/depth``."""
    return Parametrization(_core.Parametrization.hdp_k(float(depth)))


def Power(depth):
    """:math:`v \\circ |v|^{k-1}` with ``k = depth`` ≥ 2: :math:`\\ell_q` with ``q = 2/depth``."""
    return Parametrization(_core.Parametrization.power(float(depth)))


def SharedProduct(depth):
    """:math:`u \\circ |v|^{k-1}` with ``k = depth`` ≥ 3: :math:`\\ell_q` with ``q = 2/depth``."""
    return Parametrization(_core.Parametrization.shared_product(float(depth)))


def MCP(gamma=3.0):
    """The minimax concave penalty with shape ``gamma`` > 1."""
    return Parametrization(_core.Parametrization.mcp(float(gamma)))


def SCAD(a=3.7):
    """The smoothly clipped absolute deviation with shape ``a`` > 2."""
    return Parametrization(_core.Parametrization.scad(float(a)))


def GroupProduct(groups, depth=2):
    """A vector times ``depth - 1`` gates for each group: the group lasso at depth 2, :math:`\\ell_{2,2/depth}`."""
    return Parametrization(_core.Parametrization.group_product(_groups(groups), int(depth)))


def GroupPower(groups, depth):
    """:math:`u_g |\\nu_g|^{k-1}` with real ``k = depth`` ≥ 3: :math:`\\ell_{2,2/depth}`."""
    return Parametrization(_core.Parametrization.group_power(_groups(groups), float(depth)))


def Nested(groups, within=1, gates=1):
    """``within`` factors of each coefficient and ``gates`` of each group: :math:`\\ell_{p,q}`."""
    return Parametrization(_core.Parametrization.nested(_groups(groups), int(within), int(gates)))


def SparseGroup(groups, l1_share=0.5):
    """The sparse group lasso; ``l1_share`` between 0 and 1 is that of the ℓ₁ part."""
    return Parametrization(_core.Parametrization.sparse_group(_groups(groups), float(l1_share)))


def MatrixProduct(rows, columns, depth=2, rank=None):
    """:math:`U V^\\top`, column by column: the nuclear norm at depth 2, Schatten norms below."""
    rank = None if rank is None else int(rank)
    return Parametrization(_core.Parametrization.matrix_product(int(rows), int(columns), int(depth), rank))


def Unpenalized():
    """The coefficients themselves, without a penalty."""
    return Parametrization(_core.Parametrization.unpenalized())


def catalogue():
    """All rows, as dictionaries.

    Returns
    -------
    list of dict
        With the entries ``name``, ``type_name``, ``map``, ``surrogate``, ``penalty``, ``convex``,
        ``extra_factors``, ``smoothness`` and ``source``.
    """
    return _core.catalogue()
