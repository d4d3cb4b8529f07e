"""Random problems, and objectives written down independently of the package."""

import numpy as np
from scipy import sparse

KINDS = ("dense", "sparse", "weighted", "f32", "positive", "no intercept")
CASES = [(kind, seed) for kind in KINDS for seed in range(5)]


class RandomProblem:
    """A linear problem of one kind, of a size that depends on the seed."""

    def __init__(self, kind, seed, n_targets=None):
        rng = np.random.default_rng([KINDS.index(kind), seed])
        self.kind = kind
        n, p = [(40, 15), (30, 60), (100, 10), (25, 100), (60, 30)][seed]
        X = rng.normal(size=(n, p)) + rng.normal(size=p)
        if kind == "sparse":
            X = X * (rng.random((n, p)) < 0.2)
        # Neighbours are correlated.
        X[:, 1:] += 0.5 * X[:, :-1] * (X[:, 1:] != 0)
        shape = (p,) if n_targets is None else (p, n_targets)
        beta = rng.normal(size=shape) * (rng.random(p) < 0.3).reshape(-1, *[1] * (len(shape) - 1))
        noise = rng.normal(size=(n,) if n_targets is None else (n, n_targets))
        self.dense = X.astype(np.float32).astype(np.float64) if kind == "f32" else X
        self.y = self.dense @ beta + noise + 3.0
        self.X = {"sparse": sparse.csc_array(X), "f32": X.astype(np.float32)}.get(kind, X)
        self.weights = rng.exponential(size=n) if kind == "weighted" else None
        self.options = {"fit_intercept": kind != "no intercept"}
        if kind == "positive":
            self.options["positive"] = True
        self.rng = rng

    def alpha(self, share):
        """A share of the least strength at which all coefficients are zero."""
        w = self._normalized_weights()
        centred = self.options["fit_intercept"]
        y = self.y - w @ self.y if centred else self.y
        X = self.dense - w @ self.dense if centred else self.dense
        correlations = X.T @ (w[:, None] * y.reshape(len(w), -1))
        return share * np.linalg.norm(correlations, axis=1).max()

    def _normalized_weights(self):
        w = np.ones(len(self.y)) if self.weights is None else self.weights
        return w / w.sum()

    def objective(self, coef, intercept, alpha, l1_ratio=1.0):
        """Of the elastic net, or of the multi-task lasso for a matrix of coefficients."""
        coef, intercept = np.asarray(coef, dtype=np.float64), np.asarray(intercept, dtype=np.float64)
        residual = self.y - self.dense @ coef.T - intercept
        loss = 0.5 * self._normalized_weights() @ (residual.reshape(len(residual), -1) ** 2).sum(axis=1)
        norm = np.abs(coef).sum() if coef.ndim == 1 else np.linalg.norm(coef, axis=0).sum()
        return loss + alpha * (l1_ratio * norm + 0.5 * (1 - l1_ratio) * (coef**2).sum())


def assert_same_objective(ours, theirs, tolerance=1e-8):
    """Ours may be lower."""
    assert ours <= theirs * (1 + tolerance), (ours, theirs)
    assert theirs <= ours * (1 + 100 * tolerance), (ours, theirs)
