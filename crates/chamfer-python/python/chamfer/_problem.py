"""A regression as the compiled part takes it."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from . import _core, families, penalties
from ._data import as_design, as_vector, check_alphas, check_max_iter
from ._progress import n_threads, named_columns, progress_bar
from .exceptions import TargetError


@dataclass
class Problem:
    """Checked data, family and penalty."""

    design: object
    names: list | None
    family: families.Family
    penalty: penalties.Penalty
    target: dict
    classes: np.ndarray | None
    weights: np.ndarray | None
    offset: np.ndarray | None
    fit_intercept: bool
    standardize: bool
    start: str = "best"
    max_iter: int | None = None

    @classmethod
    def checked(
        cls, X, y, family, penalty, *, groups=None, sample_weight=None, offset=None, fit_intercept=True,
        standardize=False, names=None, start="best", max_iter=None,
    ):  # fmt: skip
        design, found = as_design(X)
        n = design.shape[0]
        family = families.from_name(family)
        target, classes = family.encode(y)
        outputs = target.get("n_outputs", 1)
        # Classes are numbers, however many predictors they have.
        rows = len(target["target"]) // (outputs if classes is None else 1)
        if rows != n:
            raise TargetError(f"X has {n} rows, but y has {rows}")
        return cls(
            design=design,
            names=found if names is None else list(names),
            family=family,
            penalty=penalties.from_name(penalty, groups),
            target=target,
            classes=classes,
            weights=as_vector(sample_weight, "sample_weight", n),
            offset=families.as_offset(offset, n, outputs),
            fit_intercept=bool(fit_intercept),
            standardize=bool(standardize),
            start=start,
            max_iter=check_max_iter(max_iter),
        )

    @property
    def n_outputs(self):
        return self.target.get("n_outputs", 1)

    @property
    def shape(self):
        """Of the coefficients: (n_outputs, n_features)."""
        return self.n_outputs, self.design.shape[1]

    def path(self, alphas, eps, tol, n_jobs=None, verbose=0, warm_start=None):
        """A dictionary of arrays, one entry for each alpha.

        ``warm_start`` has coefficients of shape (n_outputs, n_features) and intercepts.
        """
        with self._request(alphas, eps, tol, n_jobs, verbose, 1) as request:
            request["warm_start"] = warm_start
            return _core.path(request)

    def cross_validate(self, alphas, eps, tol, folds, metric, n_jobs=None, verbose=0):
        """A path, and its measures of shape (n_alphas, n_folds).

        ``folds`` has pairs of row numbers, to train and to test with.
        """
        n = self.design.shape[0]
        weights = np.ones(n) if self.weights is None else self.weights
        train, test = np.zeros((2, len(folds), n))
        for k, (train_rows, test_rows) in enumerate(folds):
            for of_fold, rows in ((train[k], train_rows), (test[k], test_rows)):
                of_fold[:] = np.bincount(rows, minlength=n) * weights
        with self._request(alphas, eps, tol, n_jobs, verbose, 1 + len(folds)) as request:
            done, measures = _core.cross_validate(request, train, test, metric)
        return done, measures.reshape(len(folds), -1).T

    @contextmanager
    def _request(self, alphas, eps, tol, n_jobs, verbose, n_paths):
        grid = check_alphas(alphas, eps)
        n_alphas = grid[0] if isinstance(grid, tuple) else len(grid)
        total, what = n_alphas * n_paths, "path" if n_paths == 1 else "cross-validation"
        n_columns = self.design.shape[1]
        with named_columns(self.names), progress_bar(verbose, total, what) as progress:
            yield {
                "design": self.design,
                "family": self.target,
                "penalty": self.penalty.encode(self.names, n_columns, self.n_outputs),
                "weights": self.weights,
                "offset": self.offset,
                "intercept": self.fit_intercept,
                "standardize": self.standardize,
                "alphas": grid,
                "tolerance": float(tol),
                "start": self.start,
                "warm_start": None,
                "max_iter": self.max_iter,
                "threads": n_threads(n_jobs),
                "progress": progress,
            }
