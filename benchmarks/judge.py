"""Objective, duality gap and stationarity of any solver's coefficients, by code that shares nothing with one.

Everything is in float64, for all λ of a path at once. Coefficients have the shape (p, k) for k values of λ, or
(p, tasks, k). The dual point is the negative gradient of the loss at the predictor, scaled down until it is
feasible; where the penalty is not convex there is no gap but a stationarity residual relative to λ.
"""

import numpy as np

CONVEX = ("lasso", "group", "logistic", "multitask", "cox")


class Judge:
    def __init__(self, problem):
        self.problem = problem
        self.X, self.y, self.model = problem.X, problem.y, problem.model
        self.n, self.p = self.X.shape
        if self.model == "cox":
            # By falling time, so that those at risk at an event come before it.
            self.order = np.argsort(-self.y[:, 0], kind="stable")
            self.events = np.flatnonzero(self.y[self.order, 1] > 0)

    def lambda_max(self):
        """The least λ at which the convex penalty of the model makes all coefficients zero."""
        shape = (self.n, self.y.shape[1], 1) if self.model == "multitask" else (self.n, 1)
        return float(self._dual_norm(self._correlations(self._loss(np.zeros(shape))[1]))[0])

    def __call__(self, coefs, lambdas):
        """A dictionary of arrays with an entry for each λ."""
        coefs = np.asarray(coefs, dtype=np.float64)
        lambdas = np.asarray(lambdas, dtype=np.float64)
        loss, force, dual = self._loss(self._predict(coefs))
        correlations = self._correlations(force)
        objective = loss + self._penalty(coefs, lambdas)
        verdict = {"objective": objective, "nnz": (coefs.reshape(self.p, -1, len(lambdas)) != 0).any(1).sum(0)}
        if self.model in CONVEX:
            norm = self._dual_norm(correlations)
            scale = np.minimum(1.0, lambdas / np.maximum(norm, 1e-300))
            verdict["gap"] = objective - dual(scale)
        else:
            verdict["stationarity"] = self._stationarity(coefs, correlations, lambdas) / lambdas
        return verdict

    def _predict(self, coefs):
        flat = coefs.reshape(self.p, -1)
        used = np.flatnonzero(flat.any(axis=1))
        flat = self.X[:, used] @ flat[used]
        return flat.reshape(self.n, *coefs.shape[1:])

    def _correlations(self, force):
        return (self.X.T @ force.reshape(self.n, -1)).reshape(self.p, *force.shape[1:])

    def _loss(self, predictor):
        """The loss, minus its gradient in the predictor, and the dual objective at that times a scale."""
        if self.model == "logistic":
            return self._logistic(predictor)
        if self.model == "cox":
            return self._cox(predictor)
        y = self.y[..., None]
        residual = y - predictor
        axes = tuple(range(residual.ndim - 1))
        square = (residual**2).sum(axis=axes) / self.n
        cross = (residual * y).sum(axis=axes) / self.n
        # ½‖y‖² − ½‖y − sr‖², without the difference of what is nearly equal.
        return square / 2, residual / self.n, lambda s: s * cross - s**2 * square / 2

    def _logistic(self, predictor):
        y = self.y[:, None]
        margin = y * predictor
        chance = np.exp(-np.logaddexp(0.0, margin))  # of the other class

        def dual(s):
            a = s * chance
            rest = np.where(s == 1.0, np.exp(-np.logaddexp(0.0, -margin)), 1.0 - a)
            return -(_xlogx(a) + _xlogx(rest)).mean(axis=0)

        return np.logaddexp(0.0, -margin).mean(axis=0), y * chance / self.n, dual

    def _cox(self, predictor):
        """Breslow's partial likelihood of times that differ.

        Its dual variables are, for each event, a distribution over those at risk; towards the certain one, that
        of the patient who died, the gradient shrinks, which gives a feasible point for any scale.
        """
        eta = predictor[self.order]
        k = eta.shape[1]
        loss, force, negentropies = np.empty(k), np.zeros_like(eta), []
        at_risk = np.arange(self.n)[None, :] <= self.events[:, None]
        died = (np.arange(len(self.events)), self.events)
        for t in range(k):
            log_sum = np.logaddexp.accumulate(eta[:, t])[self.events]
            loss[t] = (log_sum - eta[self.events, t]).sum() / self.n
            pi = np.where(at_risk, np.exp(np.minimum(eta[:, t][None, :] - log_sum[:, None], 0.0)), 0.0)
            force[:, t] = -pi.sum(axis=0) / self.n
            force[self.events, t] += 1.0 / self.n
            negentropies.append(pi)

        def dual(scale):
            values = np.empty(k)
            for t, s in enumerate(scale):
                pi = s * negentropies[t]
                pi[died] += 1.0 - s
                values[t] = -_xlogx(pi).sum() / self.n
            return values

        back = np.empty_like(force)
        back[self.order] = force
        return loss, back, dual

    def _norms(self, coefs):
        """Absolute values, or norms of the groups or of the rows, with the groups' weight √size in front."""
        if self.model == "group":
            size = self.problem.group_size
            return np.sqrt((coefs.reshape(self.p // size, size, -1) ** 2).sum(axis=1))
        if self.model == "multitask":
            return np.sqrt((coefs**2).sum(axis=1))
        return np.abs(coefs)

    def _dual_norm(self, correlations):
        weight = np.sqrt(self.problem.group_size) if self.model == "group" else 1.0
        return self._norms(correlations).max(axis=0) / weight

    def _penalty(self, coefs, lambdas):
        size = self._norms(coefs)
        if self.model == "lhalf":
            return lambdas * np.sqrt(size).sum(axis=0)
        if self.model == "mcp":
            gamma = self.problem.mcp_gamma
            inside = lambdas * size - size**2 / (2 * gamma)
            return np.where(size <= gamma * lambdas, inside, gamma * lambdas**2 / 2).sum(axis=0)
        weight = np.sqrt(self.problem.group_size) if self.model == "group" else 1.0
        return lambdas * weight * size.sum(axis=0)

    def _stationarity(self, coefs, correlations, lambdas):
        """The largest violation of first-order optimality, coordinate by coordinate."""
        size = np.abs(coefs)
        if self.model == "lhalf":
            slope = lambdas / (2 * np.sqrt(np.where(size > 0, size, 1.0)))
            # At zero the penalty rises without bound, so that zero is always stationary.
            at_zero = np.zeros_like(size)
        else:
            slope = np.maximum(lambdas - size / self.problem.mcp_gamma, 0.0)
            at_zero = np.maximum(np.abs(correlations) - lambdas, 0.0)
        violation = np.where(size > 0, np.abs(correlations - np.sign(coefs) * slope), at_zero)
        return violation.max(axis=0)


def _xlogx(x):
    return x * np.log(np.where(x > 0, x, 1.0))
