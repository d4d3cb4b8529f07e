"""celer: working sets with extrapolated dual points."""

import numpy as np

from . import powers


class Celer:
    name = "celer"
    package = "celer"
    tolerances = powers(-4, -12)

    @staticmethod
    def handles(problem):
        dense_only = problem.model == "multitask"
        return problem.model in ("lasso", "group", "logistic", "multitask") and not (problem.is_sparse and dense_only)

    def __init__(self, problem, threads):
        self.problem = problem

    def fit(self, lambdas, tol):
        from celer.homotopy import celer_path, mtl_path

        X, y, model = self.problem.X, self.problem.y, self.problem.model
        limits = {"max_iter": 1000, "max_epochs": 10**6, "tol": tol, "prune": 1}
        if model == "multitask":
            return mtl_path(X, y, alphas=lambdas, **limits)
        if model == "group":
            size = self.problem.group_size
            weights = np.full(X.shape[1] // size, np.sqrt(size))
            return celer_path(X, y, pb="grouplasso", groups=size, weights=weights, alphas=lambdas, **limits)
        if model == "logistic":
            # Its loss is a sum over the rows.
            return celer_path(X, y, pb="logreg", alphas=np.asarray(lambdas) * len(y), use_PN=True, **limits)
        return celer_path(X, y, pb="lasso", alphas=lambdas, **limits)

    def read(self, fit):
        coefs = fit[1]
        return (coefs.swapaxes(0, 1) if coefs.ndim == 3 else coefs), None


SOLVERS = [Celer]
