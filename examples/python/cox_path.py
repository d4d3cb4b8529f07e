"""
Survival times
==============

Cox's proportional hazards with a lasso, and its strength by the concordance of held-out patients.

    python examples/python/cox_path.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import chamfer

# %%
# 300 patients with 40 measurements, of which five change the hazard; 40 % are censored. The target is a
# structured array, as in scikit-survival.
rng = np.random.default_rng(1)
X = pd.DataFrame(rng.normal(size=(300, 40))).add_prefix("marker ")
hazard = np.exp(X.iloc[:, :5] @ [1.0, -0.8, 0.6, 0.6, -0.4])
time = rng.exponential(1 / hazard)
censoring = rng.exponential(2 * np.median(time), size=300)
y = np.array(list(zip(time <= censoring, np.minimum(time, censoring))), dtype=[("event", bool), ("time", float)])
print(f"{y['event'].sum()} events, {(~y['event']).sum()} censored")

# %%
model = chamfer.CoxRegressorCV(rule="1se", cv=10, alphas=60, eps=0.02).fit(X, y)
coefficients = pd.Series(model.coef_, X.columns)
print(coefficients[coefficients != 0].round(3))
print(f"concordance on all rows: {model.score(X, y):.3f}")
print(model.certificate_)

# %%
figure, axes = plt.subplots(1, 2, figsize=(12, 4.3), layout="constrained")
figure.get_layout_engine().set(wspace=0.08)
chamfer.path(X, y, family="cox", alphas=model.alphas_).plot(axes[0], n_labels=5)
mean = model.metric_path_.mean(axis=1)
error = model.metric_path_.std(axis=1, ddof=1) / np.sqrt(10)
axes[1].errorbar(model.alphas_, mean, error, fmt=".", color="0.2", ecolor="0.75")
axes[1].set(xscale="log", xlabel="alpha", ylabel="concordance, 10 folds")
axes[1].invert_xaxis()
for ax in axes:
    ax.axvline(model.alpha_best_, color="C3", linewidth=0.9, label="best")
    ax.axvline(model.alpha_1se_, color="C3", linewidth=0.9, linestyle=":", label="one standard error")
axes[1].legend()
figure.savefig(Path(*sys.argv[1:2]) / "cox_path.png", dpi=150)
