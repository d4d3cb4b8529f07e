"""
An objective of your own: a sparse mixture of regressions
=========================================================

Two kinds of customers, and nobody knows who is who. Each kind follows a regression of its own, on few of many
columns. The likelihood of the mixture has no solver in the usual packages, but a gradient.

    python examples/python/sparse_mixture.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit, logsumexp

import chamfer

# %%
rng = np.random.default_rng(0)
n, d = 600, 30
X = rng.normal(size=(n, d))
slopes = np.zeros((2, d))
slopes[0, [0, 3]], slopes[1, [0, 5, 7]] = [2.0, 1.0], [-1.5, 1.0, -1.0]
intercepts, kind = np.array([1.0, -1.0]), (rng.random(n) < 0.4).astype(int)
y = intercepts[kind] + np.einsum("ij,ij->i", X, slopes[kind]) + 0.5 * rng.normal(size=n)


# %%
# Parameters: the log-odds of the kinds, the spread of both (0.1 at least), two intercepts, two rows of slopes.
def unpack(x):
    return x[0], 0.1 + np.exp(x[1]), x[2:4], x[4:].reshape(2, d)


def loss(x):
    """The negative log-likelihood, a mean over the rows."""
    odds, spread, b, B = unpack(x)
    r = (y[:, None] - b - X @ B.T) / spread
    prior = -np.logaddexp(0, [odds, -odds])  # logarithms of the shares of the kinds
    log_density = prior - np.log(spread) - 0.5 * r**2
    total = logsumexp(log_density, axis=1)
    posterior = np.exp(log_density - total[:, None])
    of_mean = posterior * r / spread
    of_spread = np.exp(x[1]) / spread * (1 - (posterior * r**2).sum(axis=1).mean())
    of_odds = expit(odds) - posterior[:, 1].mean()
    return -total.mean(), np.concatenate(
        [[of_odds, of_spread], -of_mean.mean(axis=0), -(of_mean.T @ X / n).ravel()]
    )


# %%
# The gradient against differences, as one should.
x = rng.normal(size=4 + 2 * d)
differences = [(loss(x + step)[0] - loss(x - step)[0]) / 2e-6 for step in 1e-6 * np.eye(len(x))]
print(f"error of the gradient: {np.abs(loss(x)[1] - differences).max():.1e}")

# %%
# A mixture has many local minima. With a weak penalty the best of a few starts is taken; from there the penalty
# grows, and each fit starts from the one before. Slopes are penalized, the rest is free.
def fit(start, alpha):
    return chamfer.minimize(loss, start, [(None, 4), ("l1", 2 * d, alpha)])


starts = [np.concatenate([np.zeros(2), np.quantile(y, [0.7, 0.3]), rng.normal(size=2 * d)]) for _ in range(4)]
best = min((fit(start, 0.02) for start in starts), key=lambda result: result.fun)
for alpha in [0.02, 0.04, 0.08, 0.12]:
    best = fit(best.x, alpha)
    print(f"alpha {alpha}: {np.count_nonzero(best.x[4:])} slopes; {best.message}")
odds, spread, b, B = unpack(best.x)
order = np.argsort(-b)
for k, which in enumerate(order):
    print(f"kind {k}: columns {np.flatnonzero(B[which]).tolist()}, in truth {np.flatnonzero(slopes[k]).tolist()}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for k, which in enumerate(order):
    axes[0].plot(np.arange(d), slopes[k], "o", mfc="none", color=f"C{k}", label=f"truth, kind {k}")
    axes[0].plot(np.arange(d), B[which], ".", color=f"C{k}", label=f"fit, kind {k}")
axes[0].axhline(0, color="0.7", linewidth=0.7)
axes[0].set(xlabel="column", ylabel="slope")
axes[0].legend(fontsize="small")
for k in (0, 1):
    axes[1].plot(X[kind == k, 0], y[kind == k], ".", color=f"C{k}", markersize=3, alpha=0.6)
    line = np.linspace(-3, 3, 2)
    axes[1].plot(line, b[order[k]] + B[order[k], 0] * line, color=f"C{k}")
axes[1].set(xlabel="column 0", ylabel="y", title="What both share, each with a slope of its own")
figure.savefig(Path(*sys.argv[1:2]) / "sparse_mixture.png", dpi=150)
