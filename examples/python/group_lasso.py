"""
Groups of categorical columns
=============================

A category is coded as several columns. The lasso picks single levels; the group lasso takes a category or
leaves it.

    python examples/python/group_lasso.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import chamfer

# %%
# Rents of 600 flats: district, floor and heating matter; the letter and colour of the door do not.
rng = np.random.default_rng(3)
n = 600
levels = {
    "district": 8, "floor": 6, "heating": 4, "door colour": 7, "door letter": 12, "agent": 9,
}  # fmt: skip
codes = pd.DataFrame({name: rng.integers(0, k, n) for name, k in levels.items()}).astype("category")
effects = {name: rng.normal(scale=40, size=levels[name]) for name in ("district", "floor", "heating")}
rent = 800 + sum(effects[name][codes[name].cat.codes] for name in effects) + rng.normal(scale=80, size=n)

# %%
# One column for each level, and the groups by the names of the columns.
X = pd.get_dummies(codes, prefix_sep="=", dtype=float)
groups = {name: [column for column in X if column.startswith(f"{name}=")] for name in levels}

# %%
# Both choose their strength by cross-validation, the largest within a standard error of the best.
lasso = chamfer.SparseRegressorCV(penalty="l1", rule="1se", cv=10).fit(X, rent)
group = chamfer.SparseRegressorCV(penalty="group", groups=groups, rule="1se", cv=10).fit(X, rent)


def used(model):
    return {name: int((model.coef_[[X.columns.get_loc(c) for c in columns]] != 0).sum())
            for name, columns in groups.items()}  # fmt: skip


print("levels used by the lasso:      ", used(lasso))
print("levels used by the group lasso:", used(group))
print("certificate of the latter:", group.certificate_)

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 4.5), sharey=True, layout="constrained")
for ax, (title, penalty) in zip(axes, [("lasso", {}), ("group lasso", {"groups": groups, "penalty": "group"})]):
    result = chamfer.path(X, rent, alphas=60, eps=0.02, **penalty)
    for (name, columns), colour in zip(groups.items(), plt.get_cmap("tab10").colors):
        lines = ax.plot(result.alphas, result.coefs[[X.columns.get_loc(c) for c in columns]].T, color=colour, lw=1)
        lines[0].set_label(name)
    ax.set(xscale="log", xlabel="alpha", title=title)
    ax.invert_xaxis()
axes[0].set_ylabel("coefficient")
axes[0].legend(fontsize="small", loc="upper left")
figure.savefig(Path(*sys.argv[1:2]) / "group_lasso.png", dpi=150)
