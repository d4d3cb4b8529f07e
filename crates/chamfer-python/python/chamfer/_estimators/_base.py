"""What all estimators share: checks of the data, fits and what is set by them."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from .._certificate import Certificate
from .._problem import Problem
from .._progress import warn_unless_converged
from ..exceptions import Interrupted, WeightError

DTYPES = (np.float64, np.float32)


class SparseLinearModel(BaseEstimator):
    """Coefficients for the columns of X, many of them zero.

    Subclasses say which family and penalty their parameters mean.
    """

    def _family(self, y):
        raise NotImplementedError

    def _penalty(self):
        raise NotImplementedError

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags

    @property
    def sparse_coef_(self):
        """The coefficients as a matrix in CSR format, of shape (n_outputs, n_features)."""
        return sparse.csr_array(np.atleast_2d(self.coef_))

    def _validated(self, X, y, *, several=False):
        """X as float64 or float32 in the order in which it came, and y."""
        X, y = validate_data(
            self, X, y, accept_sparse=("csc", "csr"), dtype=DTYPES, multi_output=True, y_numeric=True,
            ensure_min_samples=2,
        )  # fmt: skip
        return X, (y if several else column_or_1d(y, warn=True))

    def _weights(self, X, sample_weight):
        if sample_weight is None:
            return None
        sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not sample_weight.any():
            raise WeightError("all sample weights are 0: give at least two rows a weight above 0")
        return sample_weight

    def _problem(self, X, y, sample_weight=None, offset=None, penalty=None):
        check_consistent_length(X, y)
        return Problem.checked(
            X, y, self._family(y), self._penalty() if penalty is None else penalty,
            sample_weight=sample_weight, offset=offset, fit_intercept=self.fit_intercept,
            standardize=getattr(self, "standardize", False), start=getattr(self, "start", "best"),
            max_iter=self.max_iter,
            names=getattr(self, "feature_names_in_", None),
        )  # fmt: skip

    def _warm_start(self, shape):
        """Coefficients of this shape and intercepts of the last fit; None where a fit starts anew."""
        if not self.warm_start or not hasattr(self, "coef_"):
            return None
        coef = np.array(np.atleast_2d(self.coef_), dtype=np.float64, order="C")
        intercept = np.array(np.atleast_1d(self.intercept_), dtype=np.float64)
        if coef.shape != shape or intercept.size not in (1, shape[0]):
            return None
        # Without intercepts there is one 0 for all.
        return coef, np.resize(intercept, shape[0])

    def _solve(self, problem, alpha, warm_start):
        """The solution at one strength: coefficients, intercept, steps and certificate."""
        n_jobs = getattr(self, "n_jobs", None)
        try:
            done = problem.path([alpha], 1.0, self.tol, n_jobs, warm_start=warm_start)
        except Interrupted:
            # Of one fit there is nothing to keep.
            raise KeyboardInterrupt from None
        warn_unless_converged(done, self.tol, problem.max_iter)
        return Solution(problem, done, 0)

    def _keep(self, solution):
        """Sets what a fit learns."""
        self.coef_ = solution.coef
        self.intercept_ = solution.intercept
        self.n_iter_ = solution.n_iter
        self.dual_gap_ = solution.certificate.dual_gap
        self.certificate_ = solution.certificate
        return self

    def _predictor(self, X):
        """The linear predictor of new rows."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse=("csr", "csc"), dtype=DTYPES)
        return X @ self.coef_.T + self.intercept_


class Solution:
    """The solution at one of the strengths of a path, in the precision of X."""

    def __init__(self, problem, done, at):
        outputs, n_columns = problem.n_outputs, problem.design.shape[1]
        coef = np.zeros((outputs, n_columns))
        for k in range(outputs):
            entries = slice(*done["indptr"][at * outputs + k : at * outputs + k + 2].tolist())
            coef[k, done["indices"][entries]] = done["values"][entries]
        intercept = done["intercepts"][at * outputs : (at + 1) * outputs]
        dtype = problem.design.dtype
        self.coef = np.asfortranarray(coef.astype(dtype, copy=False))
        self.intercept = intercept.astype(dtype)
        if outputs == 1:
            self.coef, self.intercept = self.coef[0].copy(), float(intercept[0])
        # One look at the data is the least.
        self.n_iter = max(1, int(done["n_iter"][at]))
        self.certificate = Certificate(
            objective=float(done["objectives"][at]),
            dual_gap=float(done["dual_gaps"][at]),
            relative_gap=float(done["relative_gaps"][at]),
            stationarity=float(done["stationarity"][at]),
            smallest_eigenvalue=float(done["smallest_eigenvalues"][at]),
            converged=bool(done["converged"][at]),
        )
