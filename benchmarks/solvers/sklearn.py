"""scikit-learn: coordinate descent on X or on its Gram matrix, and liblinear."""

import numpy as np

from . import powers


class Descent:
    name = "sklearn"
    package = "scikit-learn"
    tolerances = powers(-4, -12)
    precompute = False

    @staticmethod
    def handles(problem):
        return problem.model == "lasso" or (problem.model == "multitask" and not problem.is_sparse)

    def __init__(self, problem, threads):
        from sklearn.linear_model import lasso_path

        self.path, self.problem = lasso_path, problem

    def fit(self, lambdas, tol):
        options = {"precompute": self.precompute} if self.problem.model == "lasso" else {}
        return self.path(
            self.problem.X, self.problem.y, alphas=lambdas, tol=tol, max_iter=10**7, copy_X=False, **options
        )  # fmt: skip

    def read(self, fit):
        coefs = fit[1]
        return (coefs.swapaxes(0, 1) if coefs.ndim == 3 else coefs), None


class Gram(Descent):
    name = "sklearn-gram"
    precompute = True

    @staticmethod
    def handles(problem):
        return problem.model == "lasso" and not problem.is_sparse and problem.X.shape[1] <= 5_000


class Liblinear:
    name = "sklearn-liblinear"
    package = "scikit-learn"
    tolerances = powers(-2, -10)

    @staticmethod
    def handles(problem):
        return problem.model == "logistic"

    def __init__(self, problem, threads):
        self.problem = problem

    def fit(self, lambdas, tol):
        from sklearn.linear_model import LogisticRegression

        X, y = self.problem.X, self.problem.y
        # It has no warm start.
        return np.column_stack([
            LogisticRegression(
                l1_ratio=1.0, solver="liblinear", C=1 / (alpha * len(y)), fit_intercept=False, tol=tol,
                max_iter=10**6, random_state=0,
            ).fit(X, y).coef_[0]
            for alpha in lambdas
        ])  # fmt: skip

    def read(self, fit):
        return fit, None


SOLVERS = [Descent, Gram, Liblinear]
