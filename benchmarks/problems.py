"""The problems on which solvers are timed: data made from a seed, or bundled with scikit-learn."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

SEED = 2307


@dataclass
class Problem:
    """Data, and what is to be minimized on them.

    ``model`` is one of lasso, group, logistic, multitask, cox, lhalf (the penalty of exponent 1/2) and mcp. X is
    dense by column or CSC; ``y`` has two columns, time and event, for Cox's model, and ±1 for the logistic one.
    """

    name: str
    model: str
    X: np.ndarray | sparse.csc_array
    y: np.ndarray
    group_size: int = 1
    mcp_gamma: float = 3.0

    @property
    def is_sparse(self):
        return sparse.issparse(self.X)

    @property
    def n_bytes(self):
        """Of X."""
        if self.is_sparse:
            return self.X.data.nbytes + self.X.indices.nbytes + self.X.indptr.nbytes
        return self.X.nbytes

    def save(self, folder):
        folder = Path(folder)
        if self.is_sparse:
            sparse.save_npz(folder / "X.npz", sparse.csc_matrix(self.X), compressed=False)
        else:
            np.save(folder / "X.npy", self.X)
        np.save(folder / "y.npy", self.y)
        rest = {k: getattr(self, k) for k in ("name", "model", "group_size", "mcp_gamma")}
        (folder / "problem.json").write_text(json.dumps(rest))

    @classmethod
    def load(cls, folder):
        folder = Path(folder)
        # Peers take matrices of scipy rather than arrays.
        sparse_file = folder / "X.npz"
        X = sparse.csc_matrix(sparse.load_npz(sparse_file)) if sparse_file.exists() else np.load(folder / "X.npy")
        return cls(X=X, y=np.load(folder / "y.npy"), **json.loads((folder / "problem.json").read_text()))


def correlated(rng, n, p, rho):
    """Gaussian columns, neighbours correlated with ``rho``: an autoregression."""
    X = rng.standard_normal((p, n))
    for j in range(1, p):
        X[j] *= np.sqrt(1 - rho**2)
        X[j] += rho * X[j - 1]
    return X.T


def unit_columns(X):
    """Columns of mean 0 and variance 1, in Fortran order; those that are constant or repeat others are left out."""
    X = X - X.mean(axis=0)
    scale = X.std(axis=0)
    X = X[:, scale > 1e-10] / scale[scale > 1e-10]
    first = np.unique(X.round(9), axis=1, return_index=True)[1] if X.shape[1] < 5000 else np.arange(X.shape[1])
    return np.asfortranarray(X[:, np.sort(first)])


def truth(rng, p, k, decreasing=True):
    beta = np.zeros(p)
    at = rng.choice(p, k, replace=False)
    beta[at] = rng.choice([-1.0, 1.0], k) * (np.linspace(2, 0.5, k) if decreasing else 1.0)
    return beta


def noisy(rng, signal, ratio):
    """The signal with noise whose variance is ``1/ratio`` of the signal's, scaled to variance 1."""
    y = signal + rng.standard_normal(signal.shape) * signal.std(axis=0) / np.sqrt(ratio)
    return (y - y.mean(axis=0)) / y.std(axis=0)


def labels(rng, signal):
    """±1, with chances that follow the signal."""
    chance = 1 / (1 + np.exp(-3 * signal / signal.std()))
    return np.where(rng.random(len(signal)) < chance, 1.0, -1.0)


def gaussian(name, n, p, rho, k=50, model="lasso", ratio=50.0, group_size=1):
    rng = np.random.default_rng(SEED)
    X = unit_columns(correlated(rng, n, p, rho))
    return Problem(name, model, X, noisy(rng, X @ truth(rng, p, k), ratio), group_size)


def text(name, model="lasso", n=5_000, p=50_000, density=0.002):
    """Word counts: columns of very different frequencies, log-normal values, rows of norm 1."""
    rng = np.random.default_rng(SEED)
    frequency = 1.0 / np.arange(1, p + 1) ** 0.7
    nnz = int(n * p * density)
    columns = rng.choice(p, nnz, p=frequency / frequency.sum())
    X = sparse.csr_array((rng.lognormal(size=nnz), (rng.integers(0, n, nnz), columns)), shape=(n, p))
    norms = np.sqrt(X.multiply(X).sum(axis=1))
    X = sparse.csc_array(sparse.diags_array(1.0 / np.maximum(norms, 1e-12)) @ X)
    signal = X @ truth(rng, p, 200)
    return Problem(name, model, X, labels(rng, signal) if model == "logistic" else noisy(rng, signal, 20.0))


def groups(name, n=1_000, n_groups=1_000, size=10):
    rng = np.random.default_rng(SEED)
    X = unit_columns(correlated(rng, n, n_groups * size, 0.5))
    beta = np.zeros((n_groups, size))
    beta[rng.choice(n_groups, 20, replace=False)] = rng.standard_normal((20, size))
    return Problem(name, "group", X, noisy(rng, X @ beta.ravel(), 50.0), group_size=size)


def logistic(name, n=2_000, p=5_000):
    rng = np.random.default_rng(SEED)
    X = unit_columns(correlated(rng, n, p, 0.5))
    return Problem(name, "logistic", X, labels(rng, X @ truth(rng, p, 50)))


def multitask(name, n=500, p=3_000, tasks=20):
    rng = np.random.default_rng(SEED)
    X = unit_columns(correlated(rng, n, p, 0.5))
    beta = np.zeros((p, tasks))
    beta[rng.choice(p, 40, replace=False)] = rng.standard_normal((40, tasks))
    return Problem(name, "multitask", X, np.asfortranarray(noisy(rng, X @ beta, 50.0)))


def cox(name, n=500, p=2_000):
    """Exponential survival times, a third of them censored; no two alike."""
    rng = np.random.default_rng(SEED)
    X = unit_columns(correlated(rng, n, p, 0.5))
    signal = X @ truth(rng, p, 20)
    time = rng.exponential(size=n) * np.exp(-1.5 * signal / signal.std())
    event = rng.random(n) < 2 / 3
    return Problem(name, "cox", X, np.column_stack([time, event.astype(float)]))


def one_hot(name, n=20_000, columns=10, levels=500):
    """Zeros and ones for the levels of categorical columns; most levels are rare."""
    rng = np.random.default_rng(SEED)
    frequency = 1.0 / np.arange(1, levels + 1) ** 1.2
    drawn = rng.choice(levels, (n, columns), p=frequency / frequency.sum()) + levels * np.arange(columns)
    X = sparse.csr_array((np.ones(drawn.size), (np.repeat(np.arange(n), columns), drawn.ravel())))
    X = sparse.csc_array(X)
    X = X[:, np.flatnonzero(np.diff(X.indptr))]
    beta = rng.standard_normal(X.shape[1]) * (rng.random(X.shape[1]) < 0.2)
    return Problem(name, "lasso", X, noisy(rng, X @ beta, 3.0))


def real(name, data, model, degree, is_one=None, interaction_only=False):
    """Data of scikit-learn with products of their columns."""
    from sklearn import datasets
    from sklearn.preprocessing import PolynomialFeatures

    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    X = unit_columns(X)
    X = PolynomialFeatures(degree, include_bias=False, interaction_only=interaction_only).fit_transform(X)
    y = (y - y.mean()) / y.std() if is_one is None else np.where(is_one(y), 1.0, -1.0)
    return Problem(name, model, unit_columns(X), y)


PROBLEMS = {
    "a.5": ("gaussian 500 × 5,000, correlation 0.5", lambda k: gaussian(k, 500, 5_000, 0.5)),
    "a.9": ("gaussian 500 × 5,000, correlation 0.9", lambda k: gaussian(k, 500, 5_000, 0.9)),
    "b": ("tall 20,000 × 500", lambda k: gaussian(k, 20_000, 500, 0.5, ratio=5.0)),
    "c": ("wide 200 × 20,000", lambda k: gaussian(k, 200, 20_000, 0.5, k=20, ratio=5.0)),
    "d": ("text 5,000 × 50,000, 0.2 % nonzero", text),
    "e": ("1,000 groups of 10, 1,000 rows", groups),
    "f": ("logistic 2,000 × 5,000", logistic),
    "words": ("text, logistic 5,000 × 50,000, 0.2 % nonzero", lambda k: text(k, "logistic")),
    "g": ("ℓ½ 500 × 5,000", lambda k: gaussian(k, 500, 5_000, 0.5, k=20, model="lhalf", ratio=20.0)),
    "h": ("MCP 500 × 5,000", lambda k: gaussian(k, 500, 5_000, 0.5, k=20, model="mcp", ratio=20.0)),
    "multitask": ("20 tasks, 500 × 3,000", multitask),
    "cox": ("Cox 500 × 2,000", cox),
    "onehot": ("one-hot 20,000 × about 4,000, rare levels", one_hot),
    "diabetes": (
        "diabetes, products up to degree 4", lambda k: real(k, "diabetes", "lasso", 4)),
    "cancer": (
        "breast cancer, logistic, pairs", lambda k: real(k, "breast_cancer", "logistic", 2, is_one=lambda y: y == 1)),
    "digits": (
        "digits, odd or even, logistic, pairs",
        lambda k: real(k, "digits", "logistic", 2, is_one=lambda y: y % 2 == 1)),
}  # fmt: skip


def make(name):
    return PROBLEMS[name][1](name)
