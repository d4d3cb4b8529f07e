"""The group lasso."""

import numpy as np
from sklearn.base import RegressorMixin

from .. import families, penalties
from ._base import SparseLinearModel
from ._cv import CrossValidated


class _GroupModel(RegressorMixin, SparseLinearModel):
    def _family(self, y):
        return families.Gaussian()

    def _penalty(self):
        groups = self.groups
        if groups is None:
            groups = np.arange(self.n_features_in_)
        return penalties.Group(groups, weights=self.group_weights)

    def predict(self, X):
        """Predicts the target of new rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._predictor(X)


class GroupLasso(_GroupModel):
    """Linear regression in which groups of columns are in or out together.

    Minimizes

    .. math::

        \\frac{1}{2n} \\lVert y - b - X\\beta \\rVert_2^2 + \\alpha \\sum_g w_g \\lVert\\beta_g\\rVert_2

    (Yuan & Lin 2006). For other families and penalties see :class:`SparseRegressor` and
    :class:`SparseClassifier`.

    Parameters
    ----------
    groups : list of lists of columns, dict of them, or array-like of shape (n_features,), default=None
        The columns of each group, by number or name, or a label for each column. Groups that share columns give
        the latent group lasso. Without groups each column is one, which is the lasso.
    alpha : float, default=1.0
        Strength of the penalty, above 0.
    group_weights : array-like of shape (n_groups,), default=None
        The :math:`w_g`: the square roots of the sizes of the groups unless given; 0 is no penalty.
    fit_intercept : bool, default=True
        Fit the intercept :math:`b`.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to variance 1.
    max_iter : int, default=10000
        Newton steps at most. A fit that has used them up warns with the gap it reached.
    tol : float, default=1e-8
        Relative duality gap.
    warm_start : bool, default=False
        Start a refit at the coefficients of the last fit, if they have the same shape. That changes how many
        steps it takes, and its solution within ``tol`` only.
    n_jobs : int, default=None
        Threads; all cores unless given.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients :math:`\\beta`.
    intercept_ : float
        Intercept; 0 if none is fitted.
    n_iter_ : int
        Newton steps.
    dual_gap_ : float
        The objective is within this of its minimum.
    certificate_ : Certificate
        What was proved of the solution.
    sparse_coef_, n_features_in_, feature_names_in_
        See :class:`Lasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from chamfer import GroupLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 6))
    >>> y = X[:, 0] + X[:, 1] + 0.1 * rng.normal(size=100)
    >>> GroupLasso([[0, 1], [2, 3], [4, 5]], alpha=0.2).fit(X, y).coef_.round(1) + 0.0
    array([0.8, 0.8, 0. , 0. , 0. , 0. ])
    """

    def __init__(
        self,
        groups=None,
        alpha=1.0,
        *,
        group_weights=None,
        fit_intercept=True,
        standardize=False,
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        n_jobs=None,
    ):
        self.groups = groups
        self.alpha = alpha
        self.group_weights = group_weights
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.

        Returns
        -------
        self
        """
        X, y = self._validated(X, y)
        problem = self._problem(X, y, self._weights(X, sample_weight))
        return self._keep(self._solve(problem, self.alpha, self._warm_start(problem.shape)))


class GroupLassoCV(CrossValidated, _GroupModel):
    """:class:`GroupLasso` with its strength by cross-validation.

    Parameters
    ----------
    groups, group_weights, fit_intercept, standardize, max_iter, tol, n_jobs
        See :class:`GroupLasso`.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    eps : float, default=1e-3
        The smallest of the strengths relative to the largest.
    cv : int, splitter or iterable, default=None
        How rows are held out; 5 folds unless given.
    verbose : int, default=0
        1 shows a progress bar (needs tqdm).

    Attributes
    ----------
    alpha_ : float
        The strength chosen, with the least mean squared error of held-out rows.
    alphas_ : ndarray of shape (n_alphas,)
        The strengths tried.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared errors of held-out rows.
    coef_, intercept_, n_iter_, dual_gap_, certificate_, sparse_coef_, n_features_in_, feature_names_in_
        See :class:`GroupLasso`.
    """

    def __init__(
        self,
        groups=None,
        *,
        group_weights=None,
        alphas=100,
        eps=1e-3,
        fit_intercept=True,
        standardize=False,
        max_iter=10_000,
        tol=1e-8,
        cv=None,
        n_jobs=None,
        verbose=0,
    ):
        self.groups = groups
        self.group_weights = group_weights
        self.alphas = alphas
        self.eps = eps
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model at every strength, on all rows and without each fold.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.
        **params
            For the splitter, by metadata routing.

        Returns
        -------
        self
        """
        X, y = self._validated(X, y)
        problem = self._problem(X, y, self._weights(X, sample_weight))
        folds = self._folds(X, y, sample_weight, params)
        validated = self._validate(problem, folds, "mse")
        self.alphas_, self.mse_path_ = validated.done["alphas"], validated.measures
        return self._keep_chosen(problem, validated, validated.best)
