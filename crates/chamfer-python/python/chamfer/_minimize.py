"""Makes any differentiable objective sparse."""

import warnings
from dataclasses import dataclass

import numpy as np

from . import _core, parametrizations, penalties
from ._data import column_numbers, group_lists
from .exceptions import InputError, PenaltyError

__all__ = ["MinimizeResult", "minimize"]

METHODS = ("lbfgs", "trust-region", "newton-cg", "nonlinear-cg", "gradient-descent")


@dataclass(frozen=True)
class MinimizeResult:
    """What :func:`minimize` found.

    Attributes
    ----------
    x : ndarray
        The solution, in the shape of the start; exact zeros.
    fun : float
        The objective with its penalty.
    stationarity : float
        The largest violation of first-order optimality over the terms of the penalty, in units of the gradient.
    smallest_eigenvalue : float
        Of the Hessian on what is not zero: above 0 at a strict local minimum. NaN if not asked for, or where the
        penalty has no Hessian there.
    misalignment, imbalance : float
        How far the factors at the end were from balance; 0 where the smooth and the sparse problem agree.
    nfev : int
        Calls for a gradient by the optimizer.
    success : bool
        Whether ``stationarity`` is below the tolerance, and no eigenvalue negative.
    message : str
        The same in words.
    """

    x: np.ndarray
    fun: float
    stationarity: float
    smallest_eigenvalue: float
    misalignment: float
    imbalance: float
    nfev: int
    success: bool
    message: str


def minimize(
    value_and_grad,
    x0,
    penalty="l1",
    alpha=1.0,
    *,
    method="lbfgs",
    hess_prod=None,
    tol=1e-6,
    max_iter=10_000,
    memory=10,
    second_order=True,
):
    """Minimizes a differentiable objective of yours plus a sparse penalty.

    Finds a local minimum of

    .. math::

        P(x) = L(x) + \\alpha R(x)

    by a smooth optimizer on :math:`L(K(\\xi)) + \\alpha R_\\xi(\\xi)`, see :mod:`chamfer.parametrizations`; then
    sets to zero what the optimality conditions want there, polishes the rest by Newton's method, and certifies
    the result in the problem that you posed.

    Parameters
    ----------
    value_and_grad : callable
        Takes an array of the shape of ``x0``, returns :math:`L(x)` and :math:`\\nabla L(x)`: numpy arrays, or what
        converts to them, as from ``jax.value_and_grad``; for PyTorch see the example.
    x0 : array-like
        Where to begin. Zeros are free to move.
    penalty : str, Penalty, Parametrization or list of pairs, default="l1"
        A penalty of :mod:`chamfer.penalties` (with its ``groups``, ``weights`` and ``unpenalized``) or a row of
        :mod:`chamfer.parametrizations`, for all of x; or, for its parts one after the other, a list of pairs
        ``(penalty, n)`` or triples ``(penalty, n, alpha)`` with the number of coefficients and their strength.
        None is no penalty.
    alpha : float, default=1.0
        Strength of the penalty.
    method : {"lbfgs", "trust-region", "newton-cg", "nonlinear-cg", "gradient-descent"}, default="lbfgs"
        What descends on the smooth problem. "trust-region" leaves saddles by curvature.
    hess_prod : callable, default=None
        Takes x and a direction d, returns :math:`\\nabla^2 L(x)\\, d`; differences of gradients unless given.
    tol : float, default=1e-6
        On the gradient of the smooth problem, and on the stationarity.
    max_iter : int, default=10000
        Bound on the iterations of one descent; there are two or a few.
    memory : int, default=10
        Pairs of vectors that "lbfgs" keeps.
    second_order : bool, default=True
        Compute the smallest eigenvalue of the Hessian on what is not zero, from a product with it for each.

    Returns
    -------
    MinimizeResult

    Warns
    -----
    ConvergenceWarning
        scikit-learn's, if the certificate misses the tolerance.

    Examples
    --------
    A robust regression with a sparse slope:

    >>> import numpy as np
    >>> import chamfer
    >>> rng = np.random.default_rng(0)
    >>> A = rng.normal(size=(100, 20))
    >>> b = A[:, 0] + 0.1 * rng.standard_cauchy(size=100)
    >>> def loss(x):
    ...     r = A @ x - b
    ...     return np.logaddexp(r, -r).mean(), A.T @ np.tanh(r) / len(b)
    >>> result = chamfer.minimize(loss, np.zeros(20), alpha=0.1)
    >>> np.flatnonzero(result.x), result.success
    (array([0]), True)
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}: it must be one of {', '.join(METHODS)}")
    x0 = np.asarray(x0, dtype=np.float64)
    shape = x0.shape
    blocks, order = _blocks(penalty, x0.size, alpha)
    back = np.argsort(order)

    def as_given(x):
        return x[back].reshape(shape)

    def evaluate(x):
        value, gradient = value_and_grad(as_given(x))
        return float(value), _flat(gradient, "the gradient", x.size)[order]

    def product(x, direction):
        product = hess_prod(as_given(x), as_given(direction))
        return _flat(product, "the product with the Hessian", x.size)[order]

    found = _core.minimize(
        evaluate, None if hess_prod is None else product, x0.ravel()[order], blocks, method,
        int(memory), float(tol), int(max_iter), bool(second_order),
    )  # fmt: skip
    eigenvalue = found.pop("smallest_eigenvalue")
    eigenvalue = np.nan if eigenvalue is None else eigenvalue
    stationary = found["stationarity"] <= tol
    # Differences of gradients have about half of the digits.
    minimal = not eigenvalue < -1e-5
    if stationary and minimal:
        message = f"a local minimum: the stationarity is {found['stationarity']:.2g}"
    elif stationary:
        message = f"a saddle: the smallest eigenvalue on the support is {eigenvalue:.2g}; begin elsewhere"
    else:
        message = (
            f"the tolerance {tol:g} was not met: the stationarity is {found['stationarity']:.2g}; check the "
            "gradient against differences, scale the variables, or allow more iterations"
        )
    result = MinimizeResult(
        **{**found, "x": as_given(found["x"])},
        smallest_eigenvalue=eigenvalue,
        success=stationary and minimal,
        message=message,
    )
    if not result.success:
        from sklearn.exceptions import ConvergenceWarning

        warnings.warn(f"minimize ended at {message}" if stationary else message, ConvergenceWarning, stacklevel=2)
    return result


def _flat(values, what, n):
    if hasattr(values, "detach"):  # PyTorch
        values = values.detach().cpu().numpy()
    values = np.ravel(np.asarray(values, dtype=np.float64))
    if values.size != n:
        raise InputError(f"{what} has length {values.size}, but the point has length {n}")
    return values


def _blocks(penalty, n, alpha):
    """Blocks for the compiled part, and the order that puts the coefficients of each together."""
    if not isinstance(penalty, list):
        return _part(penalty, np.arange(n), alpha)
    blocks, order, first = [], [], 0
    for part in penalty:
        of_part, size, *strength = part
        own, numbers = _part(of_part, np.arange(first, first + size), *(strength or [alpha]))
        blocks += own
        order.append(numbers)
        first += size
    if first != n:
        raise PenaltyError(f"the parts of the penalty have {first} coefficients, but x0 has {n}")
    return blocks, np.concatenate(order)


def _part(penalty, numbers, alpha):
    """The blocks of one penalty on these coefficients, and their order."""
    n = len(numbers)
    if penalty is None:
        return [(parametrizations.Unpenalized()._row, n, 0.0, None)], numbers
    if isinstance(penalty, parametrizations.Parametrization):
        return [(penalty._row, n, float(alpha), None)], numbers
    penalty = penalties.from_name(penalty)
    if penalty.l1_ratio != 1.0:
        raise PenaltyError("l1_ratio is not for minimize: add the ridge to the objective, where it is smooth")
    if getattr(penalty, "lower", None) is not None or getattr(penalty, "upper", None) is not None:
        raise PenaltyError("bounds are not for minimize: use NonNegative, or a map in the objective")
    free = np.zeros(n, dtype=bool)
    free[column_numbers(penalty.unpenalized, None, n)] = True
    weights = getattr(penalty, "weights", None)
    weights = None if weights is None else np.asarray(weights, dtype=np.float64)
    if "groups" in penalty._names():
        groups = group_lists(penalty.groups, None, n)
        if weights is not None:
            for group, weight in zip(groups, weights, strict=True):
                free[group] |= weight == 0.0
            weights = weights[weights != 0.0]
        groups = [[j for j in group if not free[j]] for group in groups]
        groups = [group for group in groups if group]
        kept = np.array([j for group in groups for j in group], dtype=np.intp)
        if len(set(kept.tolist())) < len(kept):
            raise PenaltyError("groups that share coefficients are not for minimize")
        if len(kept) + free.sum() < n:
            raise PenaltyError("a coefficient is in no group: give it one of its own, or leave it unpenalized")
        ends = np.cumsum([len(group) for group in groups])
        row = _grouped(penalty, [list(range(end - len(group), end)) for group, end in zip(groups, ends)])
    else:
        if isinstance(penalty, penalties.Adaptive):
            first_fit = np.abs(np.asarray(penalty.first_fit, dtype=np.float64))
            with np.errstate(divide="ignore"):
                weights = (first_fit / max(first_fit.max(), np.finfo(float).tiny)) ** -penalty.gamma
            weights = np.where(np.isfinite(weights), weights, 1e10)
        if weights is not None:
            if weights.shape != (n,):
                raise PenaltyError(f"weights has shape {weights.shape}, but there are {n} coefficients")
            free |= weights == 0.0
            weights = weights[~free]
        kept, row = np.flatnonzero(~free), _elementwise(penalty)
    blocks = []
    if free.any():
        blocks.append((parametrizations.Unpenalized()._row, int(free.sum()), 0.0, None))
    if len(kept):
        blocks.append((row._row, len(kept), float(alpha), None if weights is None else weights.tolist()))
    return blocks, numbers[np.concatenate([np.flatnonzero(free), kept])]


def _elementwise(penalty):
    if isinstance(penalty, penalties.MCP):
        return parametrizations.MCP(penalty.gamma)
    if isinstance(penalty, penalties.SCAD):
        return parametrizations.SCAD(penalty.a)
    if isinstance(penalty, penalties.NonNegative):
        return parametrizations.Square()
    if isinstance(penalty, penalties.Lq) and penalty.q < 1.0:
        return _of_depth(2.0 / penalty.q, parametrizations.HPPk, parametrizations.HDPk)
    return parametrizations.HPP()


def _grouped(penalty, groups):
    if isinstance(penalty, penalties.SparseGroup):
        return parametrizations.SparseGroup(groups, penalty.l1_share)
    if isinstance(penalty, penalties.Nested):
        return parametrizations.Nested(groups, penalty.within, penalty.gates)
    return _of_depth(
        2.0 / penalty.q,
        lambda depth: parametrizations.GroupProduct(groups, depth),
        lambda depth: parametrizations.GroupPower(groups, depth),
    )


def _of_depth(depth, of_integer, of_real):
    """Products of few whole factors are the smoothest."""
    return of_integer(round(depth)) if abs(depth - round(depth)) < 1e-12 else of_real(depth)
