"""skglm: working sets with Anderson acceleration, or proximal Newton; numba compiles during the warm-up."""

import numpy as np

from . import powers


class Skglm:
    name = "skglm"
    package = "skglm"
    tolerances = powers(-3, -12)

    @staticmethod
    def handles(problem):
        return not (problem.is_sparse and problem.model in ("multitask", "group"))

    def __init__(self, problem, threads):
        from skglm import datafits, penalties, solvers

        self.problem, self.y = problem, problem.y
        p, size = problem.X.shape[1], problem.group_size
        limits = {"fit_intercept": False, "max_iter": 1000}
        pointers = np.arange(0, p + 1, size, dtype=np.int32)
        indices = np.arange(p, dtype=np.int32)
        weights = np.full(p // size, np.sqrt(size))

        def group(alpha):
            return penalties.WeightedGroupL2(alpha, weights, pointers, indices)

        descent = lambda tol, **more: solvers.AndersonCD(tol=tol, max_epochs=10**6, **limits, **more)  # noqa: E731
        newton = lambda tol: solvers.ProxNewton(tol=tol, max_pn_iter=10**5, **limits)  # noqa: E731
        self.datafit, self.penalty, self.solver = {
            "lasso": lambda: (datafits.Quadratic(), penalties.L1, descent),
            "mcp": lambda: (datafits.Quadratic(), lambda a: penalties.MCPenalty(a, problem.mcp_gamma), descent),
            # With the other strategy it stays at zero.
            "lhalf": lambda: (
                datafits.Quadratic(), penalties.L0_5, lambda tol: descent(tol, ws_strategy="fixpoint")),
            "logistic": lambda: (datafits.Logistic(), penalties.L1, newton),
            "cox": lambda: (datafits.Cox(), penalties.L1, newton),
            "group": lambda: (
                datafits.QuadraticGroup(pointers, indices), group,
                lambda tol: solvers.GroupBCD(tol=tol, max_epochs=10**5, **limits)),
            "multitask": lambda: (
                datafits.QuadraticMultiTask(), penalties.L2_1,
                lambda tol: solvers.MultiTaskBCD(tol=tol, max_epochs=10**6, **limits)),
        }[problem.model]()  # fmt: skip
        if problem.model == "cox":
            self.y = np.asfortranarray(problem.y)

    def fit(self, lambdas, tol):
        X, y, solver = self.problem.X, self.y, self.solver(tol)
        if len(lambdas) > 1 and hasattr(solver, "path"):
            coefs = solver.path(X, y, self.datafit, self.penalty(lambdas[0]), np.asarray(lambdas))[1]
            return coefs.swapaxes(0, 1) if coefs.ndim == 3 else coefs
        tasks = y.shape[1:] if self.problem.model == "multitask" else ()
        w = np.zeros((X.shape[1], *tasks))
        predictor = np.zeros((X.shape[0], *tasks), order="F")
        found = []
        for alpha in lambdas:
            w = solver.solve(X, y, self.datafit, self.penalty(alpha), w.copy(), predictor)[0]
            predictor = np.asfortranarray(X @ w)
            found.append(w)
        return np.stack(found, axis=-1)

    def read(self, fit):
        return fit, None


SOLVERS = [Skglm]
