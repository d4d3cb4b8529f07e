"""Any family with any penalty."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import families, penalties
from ..exceptions import InputError, TargetError
from ._base import DTYPES, SparseLinearModel
from ._cv import CrossValidated

POSITIVE = ("poisson", "gamma", "negative-binomial", "tweedie")


class _AnyPenalty(SparseLinearModel):
    """For estimators with the parameters ``penalty`` and ``groups``."""

    def _penalty(self):
        return penalties.from_name(self.penalty, self.groups)


class _ChosenAlpha(CrossValidated):
    """For estimators with the parameters ``metric`` and ``rule``."""

    def _choose(self, problem, folds):
        if self.rule not in ("best", "1se"):
            raise InputError(f"rule is {self.rule!r}: it must be 'best' or '1se'")
        validated = self._validate(problem, folds, self.metric)
        self.alphas_, self.metric_path_ = validated.done["alphas"], validated.measures
        self.alpha_best_ = float(self.alphas_[validated.best])
        one_se = self._one_standard_error(validated)
        self.alpha_1se_ = float(self.alphas_[one_se])
        return self._keep_chosen(problem, validated, validated.best if self.rule == "best" else one_se)


class _Regressor(RegressorMixin, _AnyPenalty):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        family = self.family if isinstance(self.family, str) else self.family.name
        tags.target_tags.multi_output = family == "gaussian"
        tags.target_tags.positive_only = family.replace("_", "-") in POSITIVE
        return tags

    def _family(self, y):
        family = families.from_name(self.family)
        if family.classifies or isinstance(family, families.Cox):
            other = "SparseClassifier" if family.classifies else "CoxRegressor"
            raise InputError(f"the {family.name} family is for {other}")
        return family

    def _checked(self, X, y, sample_weight, offset):
        several = isinstance(self._family(y), families.Gaussian)
        X, y = self._validated(X, y, several=several)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        return X, y, self._problem(X, y, self._weights(X, sample_weight), offset)

    def predict(self, X, offset=None):
        """Predicts the mean of the target for new rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        offset : array-like of shape (n_samples,), default=None
            What is added to the linear predictor.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        predictor = self._predictor(X)
        if offset is not None:
            predictor = predictor + np.asarray(offset, dtype=np.float64)
        return families.from_name(self.family).response(predictor)


class SparseRegressor(_Regressor):
    """Regression of any family with any penalty.

    Minimizes

    .. math::

        \\frac{1}{\\sum_i w_i} \\sum_i w_i\\, \\ell(y_i,\\; o_i + b + x_i^\\top \\beta)
            + \\alpha \\left( \\rho R(\\beta) + \\frac{1 - \\rho}{2} \\lVert\\beta\\rVert_2^2 \\right)

    with the loss of the family, and the :math:`R` and :math:`\\rho` of the penalty.

    Parameters
    ----------
    family : str or Family, default="gaussian"
        See :mod:`chamfer.families`; for classes see :class:`SparseClassifier`, for survival times
        :class:`CoxRegressor`.
    penalty : str or Penalty, default="l1"
        See :mod:`chamfer.penalties`. Parameters of an object can be searched over, as in ``penalty__q``.
    alpha : float, default=1.0
        Strength of the penalty, above 0.
    groups : default=None
        For penalties on groups; see :func:`path`.
    fit_intercept : bool, default=True
        Fit the intercept :math:`b`, which is never penalized.
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
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Coefficients :math:`\\beta`.
    intercept_ : float or ndarray of shape (n_outputs,)
        Intercepts; 0 if none are fitted.
    n_iter_ : int
        Newton steps.
    dual_gap_ : float
        The objective is within this of its minimum; NaN for penalties that are not convex.
    certificate_ : Certificate
        What was proved of the solution.
    sparse_coef_, n_features_in_, feature_names_in_
        See :class:`Lasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from chamfer import SparseRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> y = rng.poisson(np.exp(1 + X[:, 0]))
    >>> model = SparseRegressor("poisson", "mcp", alpha=0.3).fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0])
    """

    def __init__(
        self,
        family="gaussian",
        penalty="l1",
        alpha=1.0,
        *,
        groups=None,
        fit_intercept=True,
        standardize=False,
        start="best",
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        n_jobs=None,
    ):
        self.family = family
        self.penalty = penalty
        self.alpha = alpha
        self.groups = groups
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.start = start
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fits the model.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target; several columns for the gaussian family.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.
        offset : array-like of shape (n_samples,), default=None
            A known part of the linear predictor.

        Returns
        -------
        self
        """
        _, _, problem = self._checked(X, y, sample_weight, offset)
        return self._keep(self._solve(problem, self.alpha, self._warm_start(problem.shape)))


class SparseRegressorCV(_ChosenAlpha, _Regressor):
    """:class:`SparseRegressor` with its strength by cross-validation.

    Parameters
    ----------
    family, penalty, groups, fit_intercept, standardize, start, max_iter, tol, n_jobs
        See :class:`SparseRegressor`.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    eps : float, default=1e-3
        The smallest of the strengths relative to the largest.
    cv : int, splitter or iterable, default=None
        How rows are held out; 5 folds unless given.
    metric : {"deviance", "mse", "mae"}, default="deviance"
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
        See :class:`SparseRegressor`.
    """

    def __init__(
        self,
        family="gaussian",
        penalty="l1",
        *,
        groups=None,
        alphas=100,
        eps=1e-3,
        fit_intercept=True,
        standardize=False,
        start="best",
        max_iter=10_000,
        tol=1e-8,
        cv=None,
        metric="deviance",
        rule="best",
        n_jobs=None,
        verbose=0,
    ):
        self.family = family
        self.penalty = penalty
        self.groups = groups
        self.alphas = alphas
        self.eps = eps
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.start = start
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.metric = metric
        self.rule = rule
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y, sample_weight=None, offset=None, **params):
        """Fits the model at every strength, on all rows and without each fold.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target; several columns for the gaussian family.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.
        offset : array-like of shape (n_samples,), default=None
            A known part of the linear predictor.
        **params
            For the splitter, by metadata routing.

        Returns
        -------
        self
        """
        X, y, problem = self._checked(X, y, sample_weight, offset)
        return self._choose(problem, self._folds(X, y, sample_weight, params))


class _Classifier(ClassifierMixin, _AnyPenalty):
    def _family(self, y):
        if self.family == "auto":
            return families.Binomial() if len(self.classes_) == 2 else families.Multinomial()
        family = families.from_name(self.family)
        if not family.classifies:
            raise InputError(f"the {family.name} family has no classes: use SparseRegressor")
        return family

    def _checked(self, X, y, sample_weight, offset=None):
        X, y = validate_data(
            self, X, y, accept_sparse=("csc", "csr"), dtype=DTYPES, ensure_min_samples=2
        )  # fmt: skip
        check_classification_targets(y)
        weights = self._weights(X, sample_weight)
        self.classes_ = np.unique(y)
        counted = self.classes_ if weights is None else np.unique(y[weights > 0])
        if len(counted) < 2:
            raise TargetError("y has one class only (in rows with a weight above 0): at least two are needed")
        if self.class_weight is not None:
            of_class = compute_sample_weight(self.class_weight, y)
            weights = of_class if weights is None else weights * of_class
        problem = self._problem(X, y, weights)
        return X, y, problem

    def _keep(self, solution):
        super()._keep(solution)
        self.coef_ = np.atleast_2d(self.coef_)
        self.intercept_ = np.atleast_1d(self.intercept_)
        return self

    def decision_function(self, X):
        """The linear predictor: above 0 for the second of two classes, or one for each of several.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        predictor = self._predictor(X)
        if len(self.classes_) > 2:
            return predictor
        # Two classes may have a predictor each.
        return predictor[:, -1] - (predictor[:, 0] if predictor.shape[1] == 2 else 0.0)

    def predict(self, X):
        """The most probable class of new rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        predictor = self.decision_function(X)
        at = predictor > 0 if predictor.ndim == 1 else predictor.argmax(axis=1)
        return self.classes_[at.astype(np.intp)]

    def _has_probabilities(self):
        family = self.family if isinstance(self.family, str) else self.family.name
        if family.replace("_", "-") == "squared-hinge":
            raise AttributeError("the squared-hinge family has no probabilities: use 'binomial'")
        return True

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        predictor = self.decision_function(X)
        if predictor.ndim == 2:
            return families.Multinomial().response(predictor)
        second = families.Binomial().response(predictor)
        return np.stack([1.0 - second, second], axis=1)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The data.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))


class SparseClassifier(_Classifier):
    """Classification with any penalty.

    Minimizes

    .. math::

        \\frac{1}{\\sum_i w_i} \\sum_i w_i\\, \\ell(y_i,\\; b + x_i^\\top \\beta)
            + \\alpha \\left( \\rho R(\\beta) + \\frac{1 - \\rho}{2} \\lVert\\beta\\rVert_2^2 \\right).

    With the ℓ₁ penalty and two classes that is scikit-learn's ``LogisticRegression(l1_ratio=1)`` at
    ``C = 1 / (n_samples * alpha)``.

    Parameters
    ----------
    penalty : str or Penalty, default="l1"
        See :mod:`chamfer.penalties`. Parameters of an object can be searched over, as in ``penalty__q``.
    alpha : float, default=0.01
        Strength of the penalty, above 0.
    family : {"auto", "binomial", "multinomial", "squared-hinge"}, default="auto"
        Logistic or a support vector machine; "auto" takes binomial for two classes, else multinomial.
    groups : default=None
        For penalties on groups; see :func:`path`.
    class_weight : dict or "balanced", default=None
        Weights of the classes, as everywhere in scikit-learn.
    fit_intercept : bool, default=True
        Fit an intercept for each predictor.
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
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    n_iter_ : int
        Newton steps.
    dual_gap_ : float
        The objective is within this of its minimum; NaN for penalties that are not convex.
    certificate_ : Certificate
        What was proved of the solution.
    sparse_coef_, n_features_in_, feature_names_in_
        See :class:`Lasso`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from chamfer import SparseClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = SparseClassifier(alpha=0.05, standardize=True).fit(X, y)
    >>> int((model.coef_ != 0).sum()), model.score(X, y) > 0.95
    (4, True)
    """

    def __init__(
        self,
        penalty="l1",
        alpha=0.01,
        *,
        family="auto",
        groups=None,
        class_weight=None,
        fit_intercept=True,
        standardize=False,
        start="best",
        max_iter=10_000,
        tol=1e-8,
        warm_start=False,
        n_jobs=None,
    ):
        self.penalty = penalty
        self.alpha = alpha
        self.family = family
        self.groups = groups
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
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
        y : array-like of shape (n_samples,)
            The classes.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.

        Returns
        -------
        self
        """
        _, _, problem = self._checked(X, y, sample_weight)
        return self._keep(self._solve(problem, self.alpha, self._warm_start(problem.shape)))


class SparseClassifierCV(_ChosenAlpha, _Classifier):
    """:class:`SparseClassifier` with its strength by cross-validation.

    Parameters
    ----------
    penalty, family, groups, class_weight, fit_intercept, standardize, start, max_iter, tol, n_jobs
        See :class:`SparseClassifier`.
    alphas : int or array-like, default=100
        How many strengths there are to be, or the strengths.
    eps : float, default=1e-2
        The smallest of the strengths relative to the largest.
    cv : int, splitter or iterable, default=None
        How rows are held out; 5 folds with as many of each class unless given.
    metric : {"deviance", "accuracy", "auc"}, default="deviance"
        What measures predictions of held-out rows; "auc" for two classes.
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
    classes_, coef_, intercept_, n_iter_, dual_gap_, certificate_, sparse_coef_, n_features_in_, feature_names_in_
        See :class:`SparseClassifier`.
    """

    def __init__(
        self,
        penalty="l1",
        *,
        family="auto",
        groups=None,
        alphas=100,
        eps=1e-2,
        class_weight=None,
        fit_intercept=True,
        standardize=False,
        start="best",
        max_iter=10_000,
        tol=1e-8,
        cv=None,
        metric="deviance",
        rule="best",
        n_jobs=None,
        verbose=0,
    ):
        self.penalty = penalty
        self.family = family
        self.groups = groups
        self.alphas = alphas
        self.eps = eps
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
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
        y : array-like of shape (n_samples,)
            The classes.
        sample_weight : array-like of shape (n_samples,), default=None
            At least 0; only ratios matter.
        **params
            For the splitter, by metadata routing.

        Returns
        -------
        self
        """
        X, y, problem = self._checked(X, y, sample_weight)
        return self._choose(problem, self._folds(X, y, sample_weight, params, classes=y))
