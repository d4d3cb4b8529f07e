"""Chamfer."""

import numpy as np

from . import powers


class Chamfer:
    name = "chamfer"
    package = "chamfer"
    tolerances = [*powers(-2, -6), 1e-9, 1e-10]
    start = "best"

    @staticmethod
    def handles(problem):
        return True

    def __init__(self, problem, threads):
        from chamfer import path, penalties

        self.path, self.problem = path, problem
        self.options = {"fit_intercept": False, "n_jobs": threads, "start": self.start}
        self.y = problem.y
        if problem.model == "logistic":
            self.options["family"] = "binomial"
        if problem.model == "cox":
            self.options["family"] = "cox"
            self.y = (problem.y[:, 0], problem.y[:, 1] > 0)
        p, size = problem.X.shape[1], problem.group_size
        self.options["penalty"] = {
            "group": lambda: penalties.Group(np.repeat(np.arange(p // size), size)),
            "multitask": lambda: penalties.L1(across_outputs=True),
            "lhalf": lambda: penalties.Lq(0.5),
            "mcp": lambda: penalties.MCP(problem.mcp_gamma),
        }.get(problem.model, lambda: "l1")()

    def fit(self, lambdas, tol):
        return self.path(self.problem.X, self.y, alphas=lambdas, tol=tol, **self.options)

    def read(self, fit):
        coefs = fit.coefs.swapaxes(0, 1) if fit.coefs.ndim == 3 else fit.coefs
        return coefs, fit.relative_gaps


class FromPrevious(Chamfer):
    """Only one start at each λ, as other solvers."""

    name = "chamfer-previous"
    start = "previous"

    @staticmethod
    def handles(problem):
        return problem.model in ("lhalf", "mcp")


SOLVERS = [Chamfer, FromPrevious]
