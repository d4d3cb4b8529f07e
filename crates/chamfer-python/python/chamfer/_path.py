"""Coefficients at each strength of a penalty."""

import numpy as np

from ._data import as_design
from ._problem import Problem
from ._progress import warn_unless_converged
from .exceptions import Interrupted

__all__ = ["PathResult", "path"]


def path(
    X,
    y,
    *,
    family="gaussian",
    penalty="l1",
    groups=None,
    alphas=100,
    eps=1e-3,
    fit_intercept=True,
    standardize=False,
    sample_weight=None,
    offset=None,
    start="best",
    tol=1e-8,
    n_jobs=None,
    verbose=0,
):
    """Fits at each strength of a penalty, each with a certificate.

    Minimizes, for each :math:`\\alpha`,

    .. math::

        P(b, \\beta) = \\frac{1}{\\sum_i w_i} \\sum_i w_i\\, \\ell(y_i,\\; o_i + b + x_i^\\top \\beta)
            + \\alpha \\left( \\rho R(\\beta) + \\frac{1 - \\rho}{2} \\lVert\\beta\\rVert_2^2 \\right)

    with the loss :math:`\\ell` of the family, the :math:`R` and :math:`\\rho` of the penalty, weights
    :math:`w` and offsets :math:`o`. For ``family="gaussian"`` and ``penalty="l1"`` that is
    :math:`\\frac{1}{2n}\\lVert y - b - X\\beta\\rVert_2^2 + \\alpha\\lVert\\beta\\rVert_1`, the scaling of
    scikit-learn and glmnet.

    Parameters
    ----------
    X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
        Not copied if its numbers are float64 or float32 and contiguous in either order, or in CSC or CSR
        format. By column (Fortran order, CSC) is fastest.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target. What else it may be, the families say.
    family : str or Family, default="gaussian"
        See :mod:`chamfer.families`.
    penalty : str or Penalty, default="l1"
        See :mod:`chamfer.penalties`.
    groups : list of lists of columns, dict of them, or array-like of shape (n_features,), default=None
        The columns of each group, by number or name, or a label for each column; for a penalty on groups.
    alphas : int or array-like, default=100
        How many strengths there are to be, equally spaced in their logarithm from the least that makes all
        coefficients zero downwards, or the strengths, in any order.
    eps : float, default=1e-3
        The smallest strength of such a grid, relative to the largest.
    fit_intercept : bool, default=True
        Fit :math:`b`, which is never penalized.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to variance 1. Results are on the original scale.
    sample_weight : array-like of shape (n_samples,), default=None
        At least 0; only ratios matter.
    offset : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        A known part of the linear predictor.
    start : {"best", "previous", "convex", "dense-to-sparse"}, default="best"
        For penalties that are not convex, where the search for a local minimum begins at each strength: at the
        solution of the strength before it ("previous"), at that of the convex penalty on the same terms
        ("convex"), or at both, to keep the lower ("best"). With "dense-to-sparse" the smallest strength is
        solved first, and each larger one from there. Others ignore it.
    tol : float, default=1e-8
        For convex penalties, the relative duality gap: the objective is within that fraction of its optimum.
        For the others, the violation of first-order optimality relative to ``alpha``.
    n_jobs : int, default=None
        Threads; all cores unless given. Results do not depend on it.
    verbose : int, default=0
        1 shows a progress bar (needs tqdm).

    Returns
    -------
    PathResult

    Raises
    ------
    InputError
        If something is wrong with the data or the parameters; a subclass says with what.
    Interrupted
        On Ctrl-C; has what is done.

    Warns
    -----
    ConvergenceWarning
        scikit-learn's, with the gap that was reached.

    Examples
    --------
    >>> import numpy as np
    >>> import chamfer
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 200))
    >>> y = X[:, 0] - 2 * X[:, 1] + 0.1 * rng.normal(size=50)
    >>> result = chamfer.path(X, y, alphas=[0.1])
    >>> np.flatnonzero(result.coefs[:, 0])
    array([0, 1])
    >>> bool(result.relative_gaps[0] < 1e-8)
    True
    """
    problem = Problem.checked(
        X, y, family, penalty, groups=groups, sample_weight=sample_weight, offset=offset,
        fit_intercept=fit_intercept, standardize=standardize, start=start,
    )  # fmt: skip
    try:
        done = problem.path(alphas, eps, tol, n_jobs, verbose)
    except Interrupted as interrupted:
        raise Interrupted(PathResult(problem, interrupted.result)) from None
    warn_unless_converged(done, tol)
    return PathResult(problem, done)


class PathResult:
    """Solutions at each strength of a penalty, with their certificates.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        The strengths, from the largest to the smallest.
    coefs : ndarray of shape (n_features, n_alphas) or (n_outputs, n_features, n_alphas)
        Coefficients, dense; made when first asked for.
    sparse_coefs : scipy.sparse.csr_array of shape (n_alphas * n_outputs, n_features)
        The same without the zeros, alpha by alpha and for each output by output.
    intercepts : ndarray of shape (n_alphas,) or (n_outputs, n_alphas)
        Intercepts; 0 if none were fitted.
    objectives : ndarray of shape (n_alphas,)
        The penalized loss, less the least that the loss can be.
    dual_gaps : ndarray of shape (n_alphas,)
        Objectives are within this of their optima; NaN for penalties that are not convex.
    relative_gaps : ndarray of shape (n_alphas,)
        The same as fractions of the objectives.
    stationarity : ndarray of shape (n_alphas,)
        The largest violation of first-order optimality, relative to alpha.
    smallest_eigenvalues : ndarray of shape (n_alphas,)
        Of the Hessian on the coefficients that are not zero: above 0 at a strict local minimum; NaN for convex
        penalties.
    deviance_explained : ndarray of shape (n_alphas,)
        The fraction of the null deviance explained; :math:`R^2` for least squares.
    converged : ndarray of shape (n_alphas,) of bool
        Whether the tolerance is met.
    n_iter : ndarray of shape (n_alphas,)
        Newton steps.
    n_nonzero : ndarray of shape (n_alphas,)
        Columns with a coefficient that is not zero, for any output.
    feature_names : list of str, or None
        If ``X`` was a frame.
    classes : ndarray, or None
        For families of classes.
    family, penalty
        What was fitted.
    """

    def __init__(self, problem, done):
        self.family = problem.family
        self.penalty = problem.penalty
        self.feature_names = problem.names
        self.classes = problem.classes
        self.n_outputs = problem.n_outputs
        self.n_features = problem.design.shape[1]
        for name in (
            "alphas", "objectives", "dual_gaps", "relative_gaps", "stationarity", "smallest_eigenvalues",
            "deviance_explained", "converged",
        ):  # fmt: skip
            setattr(self, name, done[name])
        self.n_iter = done["n_iter"].astype(np.intp)
        intercepts = done["intercepts"].reshape(-1, self.n_outputs).T
        self.intercepts = intercepts[0] if self.n_outputs == 1 else intercepts
        self._starts = done["indptr"].astype(np.intp)
        self._columns = done["indices"].astype(np.intp)
        self._values = done["values"]
        self._dense = None

    @property
    def _alpha_of_entry(self):
        """For each coefficient that is not zero, the number of its row of `sparse_coefs`."""
        return np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))

    @property
    def coefs(self):
        if self._dense is None:
            dense = np.zeros((len(self.alphas) * self.n_outputs, self.n_features))
            dense[self._alpha_of_entry, self._columns] = self._values
            dense = dense.reshape(len(self.alphas), self.n_outputs, self.n_features).transpose(1, 2, 0)
            self._dense = dense[0] if self.n_outputs == 1 else dense
        return self._dense

    @property
    def sparse_coefs(self):
        from scipy.sparse import csr_array

        shape = (len(self._starts) - 1, self.n_features)
        return csr_array((self._values, self._columns, self._starts), shape=shape)

    @property
    def n_nonzero(self):
        entries = np.stack([self._alpha_of_entry // self.n_outputs, self._columns])
        return np.bincount(np.unique(entries, axis=1)[0], minlength=len(self.alphas))

    def __len__(self):
        return len(self.alphas)

    def __repr__(self):
        if not len(self):
            return "PathResult(no alphas)"
        first, last, n = self.alphas[0], self.alphas[-1], self.n_nonzero
        return (
            f"PathResult({self.family.name}, {self.penalty!r}: {len(self)} alphas from {first:.4g} to {last:.4g}, "
            f"{n[0]} to {n[-1]} of {self.n_features} columns)"
        )

    def index(self, alpha):
        """The place of a strength on the path.

        Parameters
        ----------
        alpha : float
            One of ``alphas``, up to a relative difference of 1e-6.

        Returns
        -------
        int
        """
        nearest = int(np.argmin(np.abs(np.log(self.alphas / alpha)))) if alpha > 0 else -1
        if nearest < 0 or not np.isclose(self.alphas[nearest], alpha, rtol=1e-8, atol=0.0):
            raise ValueError(
                f"alpha = {alpha} is not on the path, whose nearest is {self.alphas[nearest]:.8g}: fit it with "
                "`path(..., alphas=[...])`, as what is between two solutions is none"
            )
        return nearest

    def decision_function(self, X, alpha, offset=None):
        """The linear predictor.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        alpha : float
            One of ``alphas``.
        offset : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            What is added.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        at = self.index(alpha)
        X, _ = as_design(X)
        predictor = X @ self.coefs[..., at].T + self.intercepts[..., at]
        return predictor if offset is None else predictor + np.asarray(offset, dtype=np.float64)

    def predict(self, X, alpha, offset=None):
        """Means, class labels or, for Cox's model, risks relative to a row with predictor 0.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        alpha : float
            One of ``alphas``.
        offset : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            What is added to the linear predictor.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        predictor = self.decision_function(X, alpha, offset)
        if self.classes is None:
            return self.family.response(predictor)
        if predictor.ndim == 1:
            return self.classes[(predictor > 0).astype(np.intp)]
        return self.classes[predictor.argmax(axis=1)]

    def to_frame(self):
        """A pandas data frame with a row for each alpha: intercept, coefficients, and how good the fit is.

        Returns
        -------
        pandas.DataFrame
            Indexed by alpha. With several outputs, coefficients are named ``output:column``.
        """
        import pandas as pd

        names = self.feature_names or [f"x{j}" for j in range(self.n_features)]
        data = {
            "n_nonzero": self.n_nonzero,
            "deviance_explained": self.deviance_explained,
            "objective": self.objectives,
            "relative_gap": self.relative_gaps,
            "stationarity": self.stationarity,
            "converged": self.converged,
        }
        numbers = pd.DataFrame(data, index=pd.Index(self.alphas, name="alpha"))
        if self.n_outputs == 1:
            names, values = ["intercept", *names], np.vstack([self.intercepts[None], self.coefs])
        else:
            outputs = self.classes if self.classes is not None else range(self.n_outputs)
            names = [f"{output}:{name}" for output in outputs for name in ["intercept", *names]]
            values = np.concatenate([self.intercepts[:, None], self.coefs], axis=1)
            values = values.reshape(-1, len(self.alphas))
        coefficients = pd.DataFrame(values.T, index=numbers.index, columns=names)
        return pd.concat([numbers, coefficients], axis=1)

    def plot(self, ax=None, *, n_labels=8):
        """Draws the coefficients against alpha, the largest alpha at the left.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; the current axes unless given.
        n_labels : int, default=8
            Columns with names, those with the largest coefficients; only for one output.

        Returns
        -------
        matplotlib.axes.Axes
        """
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        coefs = self.coefs.reshape(-1, len(self.alphas))
        used = np.flatnonzero((coefs != 0).any(axis=1))
        largest = used[np.argsort(-np.abs(coefs[used, -1]), kind="stable")]
        labelled = set(largest[:n_labels].tolist()) if self.n_outputs == 1 else set()
        # Grey is for the others.
        colours = iter([f"C{k % 10}" for k in range(len(used) + len(used) // 9 + 1) if k % 10 != 7])
        for j in used:
            named = {"linewidth": 1.6, "color": next(colours)} if j in labelled else {}
            ax.plot(self.alphas, coefs[j], **(named or {"linewidth": 0.8, "color": "0.7", "zorder": 1}))
        names = self.feature_names or [f"x{j}" for j in range(self.n_features)]
        _label_ends(ax, [(coefs[j, -1], names[j], ax.lines[k].get_color())
                         for k, j in enumerate(used) if j in labelled], self.alphas[-1])  # fmt: skip
        ax.axhline(0.0, color="0.3", linewidth=0.6, zorder=0)
        ax.set_xscale("log")
        ax.invert_xaxis()
        ax.set_xlabel("alpha")
        ax.set_ylabel("coefficient")
        return ax


def _label_ends(ax, labels, at):
    """Writes names beside the ends of lines, moved apart where they would overlap."""
    if not labels:
        return
    low, high = ax.get_ylim()
    step = 0.045 * (high - low)
    places = []
    for value, name, colour in sorted(labels, key=lambda label: label[0]):
        place = value if not places else max(value, places[-1][0] + step)
        places.append((place, value, name, colour))
    for place, value, name, colour in places:
        ax.annotate(
            name, xy=(at, value), xytext=(1.02, place), textcoords=ax.get_yaxis_transform(),
            color=colour, fontsize="small", va="center", annotation_clip=False,
        )  # fmt: skip
