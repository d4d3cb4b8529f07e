"""Cox's proportional hazards."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from .. import _core, families
from ._base import DTYPES
from ._sparse import _AnyPenalty, _ChosenAlpha


class _CoxModel(RegressorMixin, _AnyPenalty):
    # Cox's model has no intercept: it would cancel.
    fit_intercept = False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags

    def _family(self, y):
        return families.Cox(ties=self.ties)

    def _checked(self, X, y, sample_weight):
        X = validate_data(self, X, accept_sparse=("csc", "csr"), dtype=DTYPES, ensure_min_samples=2)
        y = checked_survival(y)
        return X, y, self._problem(X, y, self._weights(X, sample_weight))

    def predict(self, X):
        """The logarithm of the hazard relative to a row of zeros: higher is riskier.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._predictor(X)

    def score(self, X, y, sample_weight=None):
        """Harrell's concordance of the predictions.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : structured array of shape (n_samples,), or times
            As for `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; a pair has the product of its two.

        Returns
        -------
        float
            The share of comparable pairs that the risk orders as the times do; 0.5 is chance.
        """
        times, events = families.survival(checked_survival(y))
        risk = np.ascontiguousarray(self.predict(X), dtype=np.float64)
        weights = np.ones(len(times)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return _core.concordance(risk, times, events, weights)


def checked_survival(y):
    """The target without NaN; a structured array is left as it is."""
    if y is None:
        raise ValueError("CoxRegressor requires y to be passed, but the target y is None")
    if getattr(getattr(y, "dtype", None), "names", None):
        return y
    y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
    return column_or_1d(y, warn=True)


class CoxRegressor(_CoxModel):
    """Cox's proportional hazards with any penalty.

    Minimizes the negative logarithm of the partial likelihood, divided by the number of rows, and
    :math:`\\alpha (\\rho R(\\beta) + \\frac{1-\\rho}{2}\\lVert\\beta\\rVert_2^2)`:

    .. math::

        \\frac1n \\sum_{i:\\, \\mathrm{event}} \\Big( \\ln \\sum_{j:\\, t_j \\ge t_i} e^{x_j^\\top \\beta}
            - x_i^\\top \\beta \\Big) + \\alpha \\left( \\rho R(\\beta)
            + \\frac{1 - \\rho}{2} \\lVert\\beta\\rVert_2^2 \\right)

    Parameters
    ----------
    penalty : str or Penalty, default="l1"
        See :mod:`chamfer.penalties`.
    alpha : float, default=0.01
        Strength of the penalty, above 0.
    ties : {"breslow", "efron"}, default="breslow"
        How rows with the same event time share it.
    groups : default=None
        For penalties on groups; see :func:`path`.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to variance 1.
    start : {"best", "previous", "convex", "dense-to-sparse"}, default="best"
        Where the search for a local minimum of a penalty that is not convex begins; see :func:`path`.
    max_iter : int, default=10000
        Newton steps at most. A fit that has used them up warns with the gap it reached.
    tol : float, default=1e-8
        Relative duality gap, or relative stationarity for penalties that are not convex.
    warm_start : bool, default=False
        Start a refit at the coefficients of the last fit, if they have the same shape. For convex penalties that
        changes how many steps it takes, and its solution within ``tol`` only.
    n_jobs : int, default=None
        Threads; all cores unless given.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients.
    intercept_ : float
        0: Cox's model has none.
    n_iter_ : int
        Newton steps.
    dual_gap_ : float
        The objective is within this of its minimum; NaN where no dual is known.
    certificate_ : Certificate
        What was proved of the solution.
    sparse_coef_, n_features_in_, feature_names_in_
        See :class:`Lasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from chamfer import CoxRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> times = rng.exponential(np.exp(-X[:, 0]))
    >>> events = rng.random(100) < 0.7
    >>> y = np.array(list(zip(events, times)), dtype=[("event", bool), ("time", float)])
    >>> model = CoxRegressor(alpha=0.1).fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0])
    """

    def __init__(
        self,
        penalty="l1",
        alpha=0.01,
        *,
        ties="breslow",
        groups=None,
        standardize=False,
        start="best",
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        n_jobs=None,
    ):
        self.penalty = penalty
        self.alpha = alpha
        self.ties = ties
        self.groups = groups
        self.standardize = standardize
        self.start = start
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
        y : structured array of shape (n_samples,), or times
            With a field of booleans, whether the event happened, and one of times (scikit-survival's
            convention); plain numbers are times at which all had their event.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.

        Returns
        -------
        self
        """
        _, _, problem = self._checked(X, y, sample_weight)
        return self._keep(self._solve(problem, self.alpha, self._warm_start(problem.shape)))


class CoxRegressorCV(_ChosenAlpha, _CoxModel):
    """:class:`CoxRegressor` with its strength by cross-validation.

    Parameters
    ----------
    penalty, ties, groups, standardize, start, max_iter, tol, n_jobs
        See :class:`CoxRegressor`.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    eps : float, default=1e-2
        The smallest of the strengths relative to the largest.
    cv : int, splitter or iterable, default=None
        How rows are held out; 5 folds unless given, with as many events in all where there are enough.
    metric : {"concordance"}, default="concordance"
        What measures predictions of held-out rows.
    rule : {"best", "1se"}, default="best"
        Take the best strength, or the largest within one standard error of it.
    verbose : int, default=0
        1 shows a progress bar (needs tqdm).

    Attributes
    ----------
    alpha_ : float
        The strength chosen by ``rule``.
    alpha_best_, alpha_1se_ : float
        The best strength, and the largest within one standard error of it.
    alphas_ : ndarray of shape (n_alphas,)
        The strengths tried.
    metric_path_ : ndarray of shape (n_alphas, n_folds)
        The metric on held-out rows.
    coef_, intercept_, n_iter_, dual_gap_, certificate_, sparse_coef_, n_features_in_, feature_names_in_
        See :class:`CoxRegressor`.
    """

    def __init__(
        self,
        penalty="l1",
        *,
        ties="breslow",
        groups=None,
        alphas=100,
        eps=1e-2,
        standardize=False,
        start="best",
        max_iter=10_000,
        tol=1e-8,
        cv=None,
        metric="concordance",
        rule="best",
        n_jobs=None,
        verbose=0,
    ):
        self.penalty = penalty
        self.ties = ties
        self.groups = groups
        self.alphas = alphas
        self.eps = eps
        self.standardize = standardize
        self.start = start
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.metric = metric
        self.rule = rule
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y, sample_weight=None, **params):
        """Fits the model at every strength, on all rows and without each fold.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : structured array of shape (n_samples,), or times
            As for :class:`CoxRegressor`.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.
        **params
            For the splitter, by metadata routing.

        Returns
        -------
        self
        """
        X, y, problem = self._checked(X, y, sample_weight)
        events = problem.target["events"]
        enough = min(np.bincount(events, minlength=2)) >= (self.cv if isinstance(self.cv, int) else 5)
        folds = self._folds(X, y, sample_weight, params, classes=events if enough else None)
        return self._choose(problem, folds)
