"""glmnet-rs: glmnet's coordinate descent in Rust."""

import numpy as np

from . import powers


class GlmnetRs:
    name = "glmnet-rs"
    package = "glmnet-rs"
    tolerances = powers(-7, -20)

    @staticmethod
    def handles(problem):
        return problem.model == "lasso" or (problem.model == "logistic" and not problem.is_sparse)

    def __init__(self, problem, threads):
        from glmnetrs import glmnet

        self.glmnet, self.problem = glmnet, problem

    def fit(self, lambdas, tol):
        y, family = self.problem.y, "gaussian"
        if self.problem.model == "logistic":
            y, family = (y + 1) / 2, "binomial"
        return self.glmnet(
            self.problem.X, y, family=family, lambda_=lambdas, standardize=False, intercept=False, thresh=tol,
            maxit=10**9,
        )  # fmt: skip

    def read(self, fit):
        beta = np.asarray(fit.beta)
        return (beta if beta.shape[0] == self.problem.X.shape[1] else beta.T), None


SOLVERS = [GlmnetRs]
