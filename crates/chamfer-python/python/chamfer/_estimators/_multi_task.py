"""The lasso for several targets that share their columns."""

import numpy as np
from sklearn.base import RegressorMixin

from .. import families, penalties
from ..exceptions import TargetError
from ._base import SparseLinearModel
from ._cv import CrossValidated


class _MultiTask(RegressorMixin, SparseLinearModel):
    """Targets of several columns, and a penalty on the rows of coefficients."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags

    def _family(self, y):
        return families.Gaussian()

    def _penalty(self):
        return penalties.L1(across_outputs=True)

    def _checked_targets(self, X, y):
        X, y = self._validated(X, y, several=True)
        if y.ndim == 1:
            raise TargetError("y has one dimension, but several targets are columns: for one, use Lasso")
        return X, y

    def _keep(self, solution):
        super()._keep(solution)
        # One target is still a matrix of coefficients.
        self.coef_ = np.atleast_2d(self.coef_)
        self.intercept_ = np.atleast_1d(self.intercept_)
        return self

    def predict(self, X):
        """Predicts the targets of new rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples, n_targets)
        """
        return self._predictor(X)


class MultiTaskLasso(_MultiTask):
    """The lasso for several targets, for scikit-learn's estimator of this name.

    Minimizes

    .. math::

        \\frac{1}{2n} \\lVert Y - b - X W^\\top \\rVert_F^2 + \\alpha \\sum_j \\lVert W_{\\cdot j} \\rVert_2,

    so that a column is in for all targets or for none.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, above 0.
    fit_intercept : bool, default=True
        Fit an intercept for each target.
    copy_X, random_state, selection
        Of coordinate descent. Accepted so that replacing the import suffices, without effect here.
    max_iter : int, default=1000
        Newton steps at most. A fit that has used them up warns with the gap it reached.
    tol : float, default=1e-8
        Relative duality gap.
    warm_start : bool, default=False
        Start a refit at the coefficients of the last fit, if they have the same shape. That changes how many
        steps it takes, and its solution within ``tol`` only.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients :math:`W`.
    intercept_ : ndarray of shape (n_targets,)
        Intercepts.
    n_iter_ : int
        Newton steps.
    dual_gap_ : float
        The objective is within this of its minimum.
    certificate_ : Certificate
        What was proved of the solution.
    sparse_coef_, n_features_in_, feature_names_in_
        See :class:`Lasso`.
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        copy_X=True,
        max_iter=1000,
        tol=1e-8,
        warm_start=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples, n_targets)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.

        Returns
        -------
        self
        """
        X, y = self._checked_targets(X, y)
        problem = self._problem(X, y, self._weights(X, sample_weight))
        return self._keep(self._solve(problem, self.alpha, self._warm_start(problem.shape)))


class MultiTaskLassoCV(CrossValidated, _MultiTask):
    """:class:`MultiTaskLasso` with its strength by cross-validation, for scikit-learn's estimator of this name.

    Parameters
    ----------
    eps : float, default=1e-3
        The smallest of the strengths relative to the largest.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    fit_intercept : bool, default=True
        Fit an intercept for each target.
    copy_X, random_state, selection
        Of coordinate descent. Accepted so that replacing the import suffices, without effect here.
    max_iter : int, default=1000
        Newton steps at each strength at most. Fits that have used them up warn with the
        gap they reached.
    tol : float, default=1e-8
        Relative duality gap.
    cv : int, splitter or iterable, default=None
        How rows are held out; 5 folds unless given.
    verbose : int, default=0
        1 shows a progress bar (needs tqdm).
    n_jobs : int, default=None
        Threads; all cores unless given.

    Attributes
    ----------
    alpha_ : float
        The strength chosen.
    alphas_ : ndarray of shape (n_alphas,)
        The strengths tried.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared errors of held-out rows, over the targets.
    coef_, intercept_, n_iter_, dual_gap_, certificate_, sparse_coef_, n_features_in_, feature_names_in_
        See :class:`MultiTaskLasso`.
    """

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-8,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        random_state=None,
        selection="cyclic",
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection

    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model at every strength, on all rows and without each fold.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples, n_targets)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.
        **params
            For the splitter, by metadata routing.

        Returns
        -------
        self
        """
        X, y = self._checked_targets(X, y)
        problem = self._problem(X, y, self._weights(X, sample_weight))
        folds = self._folds(X, y, sample_weight, params)
        validated = self._validate(problem, folds, "mse")
        self.alphas_, self.mse_path_ = validated.done["alphas"], validated.measures
        return self._keep_chosen(problem, validated, validated.best)
