"""The lasso and the elastic net, as drop-in replacements for scikit-learn's."""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin

from .. import families, penalties
from ..exceptions import PenaltyError, TargetError
from ._base import SparseLinearModel
from ._cv import CrossValidated


def mixture(alpha, l1_ratio, positive, n_columns):
    """The penalty of an elastic net; without ℓ₁ part if alpha is 0."""
    if not isinstance(alpha, Real) or not alpha >= 0.0:
        raise PenaltyError(f"alpha is {alpha}: it must be a number, at least 0")
    if not 0.0 < l1_ratio <= 1.0:
        hint = "; for 0, a ridge, use sklearn.linear_model.Ridge" if l1_ratio == 0.0 else ""
        raise PenaltyError(f"l1_ratio is {l1_ratio}: it must be above 0 and at most 1{hint}")
    if alpha == 0.0:
        warnings.warn(
            "With alpha=0 nothing is penalized: sklearn.linear_model.LinearRegression is made for that",
            UserWarning,
            stacklevel=4,
        )
        unpenalized = np.ones(n_columns, dtype=bool)
        return penalties.L1(unpenalized=unpenalized, lower=0.0 if positive else None)
    kind = penalties.NonNegative if positive else penalties.L1
    return kind(l1_ratio=l1_ratio)


class ElasticNet(MultiOutputMixin, RegressorMixin, SparseLinearModel):
    """Linear regression with ℓ₁ and ℓ₂ penalties, for scikit-learn's estimator of this name.

    Minimizes

    .. math::

        \\frac{1}{2n} \\lVert y - b - X\\beta \\rVert_2^2 + \\alpha\\rho \\lVert\\beta\\rVert_1
            + \\frac{\\alpha (1 - \\rho)}{2} \\lVert\\beta\\rVert_2^2

    with :math:`\\rho` = ``l1_ratio``, by Newton's method on a smooth lift, and proves how close it came.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        Share of the ℓ₁ part, above 0 and at most 1.
    fit_intercept : bool, default=True
        Fit the intercept :math:`b`.
    precompute, copy_X, random_state, selection
        Of coordinate descent. Accepted so that replacing the import suffices, without effect here: X is never
        copied or changed.
    max_iter : int, default=1000
        Newton steps at most. A fit that has used them up warns with the gap it reached.
    tol : float, default=1e-8
        Relative duality gap: the objective is within this fraction of its minimum.
    warm_start : bool, default=False
        Start a refit at the coefficients of the last fit, if they have the same shape. That changes how many
        steps it takes, and its solution within ``tol`` only.
    positive : bool, default=False
        Allow no negative coefficients.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients :math:`\\beta`.
    sparse_coef_ : scipy.sparse.csr_array of shape (n_targets, n_features)
        The same as a sparse matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept :math:`b`; 0 if none is fitted.
    n_iter_ : int or list of int
        Newton steps.
    dual_gap_ : float or ndarray of shape (n_targets,)
        The objective is within this of its minimum.
    certificate_ : Certificate or list of Certificate
        What was proved of the solution.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X was a frame.

    Notes
    -----
    Targets with several columns are fitted one after the other.

    Examples
    --------
    >>> from chamfer import ElasticNet
    >>> model = ElasticNet(alpha=0.1).fit([[0, 1], [1, 0], [2, 1], [3, 3]], [0, 1, 2, 3])
    >>> model.certificate_.relative_gap < 1e-8
    True
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        precompute=False,
        max_iter=1000,
        copy_X=True,
        tol=1e-8,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def _family(self, y):
        return families.Gaussian()

    def fit(self, X, y, sample_weight=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data. Not copied if float64 or float32 and contiguous in either order, or in CSC or CSR format.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.

        Returns
        -------
        self
        """
        X, y = self._validated(X, y, several=True)
        sample_weight = self._weights(X, sample_weight)
        penalty = mixture(self.alpha, self.l1_ratio, self.positive, X.shape[1])
        # Without a penalty any strength is as good.
        alpha = self.alpha or 1.0
        targets = [y] if y.ndim == 1 else list(y.T)
        warm_start = self._warm_start((len(targets), X.shape[1]))
        solutions = []
        for k, target in enumerate(targets):
            problem = self._problem(X, target, sample_weight, penalty=penalty)
            of_target = None if warm_start is None else tuple(values[k : k + 1] for values in warm_start)
            solutions.append(self._solve(problem, alpha, of_target))
        if len(solutions) == 1:
            return self._keep(solutions[0])
        self.coef_ = np.stack([solution.coef for solution in solutions])
        self.intercept_ = np.array([solution.intercept for solution in solutions])
        self.n_iter_ = [solution.n_iter for solution in solutions]
        self.dual_gap_ = np.array([solution.certificate.dual_gap for solution in solutions])
        self.certificate_ = [solution.certificate for solution in solutions]
        return self

    def predict(self, X):
        """Predicts the target of new rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._predictor(X)


class Lasso(ElasticNet):
    """The lasso, for scikit-learn's estimator of this name.

    Minimizes

    .. math::

        \\frac{1}{2n} \\lVert y - b - X\\beta \\rVert_2^2 + \\alpha \\lVert\\beta\\rVert_1

    by Newton's method on a smooth lift, and proves how close it came.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept : bool, default=True
        Fit the intercept :math:`b`.
    precompute, copy_X, random_state, selection
        Of coordinate descent. Accepted so that replacing the import suffices, without effect here: X is never
        copied or changed.
    max_iter : int, default=1000
        Newton steps at most. A fit that has used them up warns with the gap it reached.
    tol : float, default=1e-8
        Relative duality gap: the objective is within this fraction of its minimum.
    warm_start : bool, default=False
        Start a refit at the coefficients of the last fit, if they have the same shape. That changes how many
        steps it takes, and its solution within ``tol`` only.
    positive : bool, default=False
        Allow no negative coefficients.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients :math:`\\beta`.
    sparse_coef_ : scipy.sparse.csr_array of shape (n_targets, n_features)
        The same as a sparse matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept :math:`b`; 0 if none is fitted.
    n_iter_ : int or list of int
        Newton steps.
    dual_gap_ : float or ndarray of shape (n_targets,)
        The objective is within this of its minimum.
    certificate_ : Certificate or list of Certificate
        What was proved of the solution.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X was a frame.

    Examples
    --------
    >>> from chamfer import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0, 0], [1, 1], [2, 2.5]], [0, 1, 2])
    >>> model.predict([[1, 1]]).round(2)
    array([0.88])
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        precompute=False,
        copy_X=True,
        max_iter=1000,
        tol=1e-8,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )


class ElasticNetCV(RegressorMixin, CrossValidated, SparseLinearModel):
    """The elastic net with its strength by cross-validation, for scikit-learn's estimator of this name.

    Minimizes the objective of :class:`ElasticNet` at the ``alpha_`` (and ``l1_ratio_``) whose predictions of
    held-out rows have the least mean squared error.

    Parameters
    ----------
    l1_ratio : float or list of float, default=0.5
        Share of the ℓ₁ part, above 0 and at most 1; the best of a list is taken.
    eps : float, default=1e-3
        The smallest of the strengths relative to the largest.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    fit_intercept : bool, default=True
        Fit the intercept.
    precompute, copy_X, random_state, selection
        Of coordinate descent. Accepted so that replacing the import suffices, without effect here.
    max_iter : int, default=1000
        Newton steps at each strength at most. Fits that have used them up warn with the
        gap they reached.
    tol : float, default=1e-8
        Relative duality gap.
    cv : int, splitter or iterable, default=None
        How rows are held out, as everywhere in scikit-learn; 5 folds unless given.
    verbose : int, default=0
        1 shows a progress bar (needs tqdm).
    n_jobs : int, default=None
        Threads; all cores unless given. Results do not depend on it.
    positive : bool, default=False
        Allow no negative coefficients.

    Attributes
    ----------
    alpha_ : float
        The strength chosen.
    l1_ratio_ : float
        The share chosen.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The strengths tried.
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        Mean squared errors of held-out rows.
    coef_, sparse_coef_, intercept_, n_iter_, dual_gap_, certificate_, n_features_in_, feature_names_in_
        See :class:`ElasticNet`.
    """

    def __init__(
        self,
        *,
        l1_ratio=0.5,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-8,
        cv=None,
        copy_X=True,
        verbose=0,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def _family(self, y):
        return families.Gaussian()

    def _checked_target(self, X, y):
        X, y = self._validated(X, y, several=True)
        if y.ndim == 2 and y.shape[1] > 1:
            raise TargetError("y has several columns: for those use MultiTaskLassoCV")
        if y.ndim == 2:
            X, y = self._validated(X, y)
        return X, y

    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model at every strength, on all rows and without each fold.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,)
            The target.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter. They weigh held-out rows as well.
        **params
            For the splitter, by metadata routing.

        Returns
        -------
        self
        """
        X, y = self._checked_target(X, y)
        weights = self._weights(X, sample_weight)
        folds = self._folds(X, y, sample_weight, params)
        ratios = np.atleast_1d(self.l1_ratio).tolist()
        tried = []
        for ratio in ratios:
            penalty = mixture(1.0, ratio, self.positive, X.shape[1])
            problem = self._problem(X, y, weights, penalty=penalty)
            tried.append((problem, self._validate(problem, folds, "mse")))
        chosen = int(np.argmin([validated.mean[validated.best] for _, validated in tried]))
        self.alphas_ = np.stack([validated.done["alphas"] for _, validated in tried])
        self.mse_path_ = np.stack([validated.measures for _, validated in tried])
        if len(ratios) == 1:
            self.alphas_, self.mse_path_ = self.alphas_[0], self.mse_path_[0]
        elif np.ndim(self.alphas):
            self.alphas_ = self.alphas_[0]
        self.l1_ratio_ = ratios[chosen]
        problem, validated = tried[chosen]
        return self._keep_chosen(problem, validated, validated.best)

    def predict(self, X):
        """Predicts the target of new rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._predictor(X)


class LassoCV(ElasticNetCV):
    """The lasso with its strength by cross-validation, for scikit-learn's estimator of this name.

    Minimizes the objective of :class:`Lasso` at the ``alpha_`` whose predictions of held-out rows have the least
    mean squared error.

    Parameters
    ----------
    eps : float, default=1e-3
        The smallest of the strengths relative to the largest.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    fit_intercept : bool, default=True
        Fit the intercept.
    precompute, copy_X, random_state, selection
        Of coordinate descent. Accepted so that replacing the import suffices, without effect here.
    max_iter : int, default=1000
        Newton steps at each strength at most. Fits that have used them up warn with the
        gap they reached.
    tol : float, default=1e-8
        Relative duality gap.
    cv : int, splitter or iterable, default=None
        How rows are held out, as everywhere in scikit-learn; 5 folds unless given.
    verbose : int, default=0
        1 shows a progress bar (needs tqdm).
    n_jobs : int, default=None
        Threads; all cores unless given. Results do not depend on it.
    positive : bool, default=False
        Allow no negative coefficients.

    Attributes
    ----------
    alpha_ : float
        The strength chosen.
    alphas_ : ndarray of shape (n_alphas,)
        The strengths tried.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared errors of held-out rows.
    coef_, sparse_coef_, intercept_, n_iter_, dual_gap_, certificate_, n_features_in_, feature_names_in_
        See :class:`Lasso`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from chamfer import LassoCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LassoCV(alphas=50).fit(X, y)
    >>> model.mse_path_.shape
    (50, 5)
    """

    def __init__(
        self,
        *,
        eps=1e-3,
        alphas=100,
        fit_intercept=True,
        precompute="auto",
        max_iter=1000,
        tol=1e-8,
        copy_X=True,
        cv=None,
        verbose=False,
        n_jobs=None,
        positive=False,
        random_state=None,
        selection="cyclic",
    ):
        super().__init__(
            l1_ratio=1.0,
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            tol=tol,
            cv=cv,
            copy_X=copy_X,
            verbose=verbose,
            n_jobs=n_jobs,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )
