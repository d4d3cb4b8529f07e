"""adelie: block coordinate descent on groups, with strong rules. Importing it pins a process to one core."""

import numpy as np

from . import powers


class Adelie:
    name = "adelie"
    package = "adelie"
    tolerances = powers(-9, -22)

    @staticmethod
    def handles(problem):
        return problem.model in ("lasso", "group", "logistic", "multitask", "cox")

    def __init__(self, problem, threads):
        import adelie

        self.adelie, self.problem, self.threads = adelie, problem, threads
        y, glm = problem.y, adelie.glm
        n = len(y)
        self.glm = {
            "logistic": lambda: glm.binomial((y + 1) / 2, dtype=np.float64),
            "cox": lambda: glm.cox(np.zeros(n), y[:, 0], y[:, 1], tie_method="breslow", dtype=np.float64),
            # It divides the loss by the number of tasks as well.
            "multitask": lambda: glm.multigaussian(np.ascontiguousarray(y), dtype=np.float64),
        }.get(problem.model, lambda: glm.gaussian(y, dtype=np.float64))
        self.scale = 1.0 / y.shape[1] if problem.model == "multitask" else 1.0

    def fit(self, lambdas, tol):
        problem, matrix = self.problem, self.adelie.matrix
        make = matrix.sparse if problem.is_sparse else matrix.dense
        options = {"penalty": np.ones(problem.X.shape[1])} if problem.model == "multitask" else {}
        groups = np.arange(0, problem.X.shape[1], problem.group_size) if problem.model == "group" else None
        if problem.model in ("logistic", "cox"):
            options["irls_tol"] = tol
        return self.adelie.grpnet(
            make(problem.X, n_threads=self.threads), self.glm(), groups=groups, intercept=False, tol=tol,
            lmda_path=np.asarray(lambdas) * self.scale, early_exit=False, progress_bar=False, max_iters=10**8,
            irls_max_iters=10**6, n_threads=self.threads, **options,
        )  # fmt: skip

    def read(self, fit):
        betas = np.asarray(fit.betas.todense())
        if self.problem.model == "multitask":
            tasks = self.problem.y.shape[1]
            return betas.reshape(len(betas), -1, tasks).transpose(1, 2, 0), None
        return betas.T, None


SOLVERS = [Adelie]
