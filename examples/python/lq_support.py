"""
Finding the right columns: ℓ_q against the lasso
================================================

The lasso shrinks what it keeps, and makes up for it with columns that do not belong. Penalties with q < 1 keep
large coefficients as they are. Each fit is certified as a strict local minimum.

    python examples/python/lq_support.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import chamfer
from chamfer import penalties

# %%
# 120 rows, 400 correlated columns, of which 12 matter.
n, p, k = 120, 400, 12
truth = np.zeros(p)
truth[: k * 33 : 33] = 1.0
truth[: k * 33 : 66] = -1.5
kinds = {
    "lasso": penalties.L1(),
    "ℓ_2/3": penalties.Lq(2 / 3),
    "ℓ_1/2": penalties.Lq(1 / 2),
    "MCP": penalties.MCP(),
}


def data(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    return X, X @ truth + rng.normal(size=n)


# %%
# Over ten data sets: how near the nearest point of each path comes, and what it has selected.
print("penalty  error of the best point   columns selected, of them right (means)")
errors = {}
for name, penalty in kinds.items():
    paths = [(chamfer.path(*data(seed), penalty=penalty, alphas=40, eps=0.03)) for seed in range(10)]
    errors[name] = [np.linalg.norm(path.coefs - truth[:, None], axis=0) / np.linalg.norm(truth) for path in paths]
    best = [int(of_path.argmin()) for of_path in errors[name]]
    chosen = [path.coefs[:, at] != 0 for path, at in zip(paths, best)]
    right = np.mean([of_fit[truth != 0].sum() for of_fit in chosen])
    total = np.mean([of_fit.sum() for of_fit in chosen])
    print(f"{name:7s}  {np.mean([e.min() for e in errors[name]]):.3f} {total:30.1f} {right:10.1f}")
    if name != "lasso":
        eigenvalues = [path.smallest_eigenvalues[at] for path, at in zip(paths, best)]
        print(f"         smallest eigenvalue of the Hessian at these points: {min(eigenvalues):.2g} > 0")

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
steps = np.geomspace(1.0, 0.03, 40)
for name, of_paths in errors.items():
    axes[0].plot(steps, np.mean(of_paths, axis=0), label=name)
axes[0].set(xscale="log", xlabel="alpha / largest alpha", ylabel="relative error, mean of ten")
axes[0].set(ylim=(0, 1.5), title="The path of each penalty")
axes[0].invert_xaxis()
axes[0].legend()
X, y = data(0)
for shift, (name, marker) in enumerate({"lasso": "x", "ℓ_1/2": "."}.items()):
    path = chamfer.path(X, y, penalty=kinds[name], alphas=40, eps=0.03)
    at = int(np.linalg.norm(path.coefs - truth[:, None], axis=0).argmin())
    used = np.flatnonzero(path.coefs[:, at])
    axes[1].plot(used, path.coefs[used, at], marker, label=name, color=f"C{2 * shift}")
support = np.flatnonzero(truth)
axes[1].plot(support, truth[support], "o", mfc="none", color="0.4", label="truth", zorder=0)
axes[1].set(xlabel="column", ylabel="coefficient", title="Best point of one data set")
axes[1].set_ylim(-1.8, 1.7)
axes[1].legend(ncols=3, loc="upper center")
figure.savefig(Path(*sys.argv[1:2]) / "lq_support.png", dpi=150)
