"""
A first fit
===========

Which of 4,812 genes tell one leukaemia from the other? A lasso path, each point with its proof.

    python examples/python/first_fit.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import chamfer

# %%
# The data are a frame: 38 patients, a column for each gene, and the diagnosis.
data = pd.read_parquet(Path(__file__).parents[2] / "data" / "leukemia.parquet")
y = data.pop("aml")
print(f"{data.shape[0]} patients, {data.shape[1]} genes")

# %%
# 100 strengths of the penalty, from the least that makes all coefficients zero. `standardize` measures all
# genes on one scale; names of columns are kept.
result = chamfer.path(data, y, standardize=True, eps=0.01)
print(result)
print(f"The objective is within {result.relative_gaps.max():.1e} of its minimum at every alpha.")

# %%
# A row for each alpha.
frame = result.to_frame()
print(frame.loc[:, ["n_nonzero", "deviance_explained", "relative_gap"]].iloc[::25])

# %%
# Ten genes explain most of it.
alpha = result.alphas[result.n_nonzero <= 10][-1]
chosen = frame.loc[alpha, result.feature_names]
print(chosen[chosen != 0].sort_values(key=abs, ascending=False))

# %%
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
result.plot(ax)
ax.axvline(alpha, color="0.3", linewidth=0.8, linestyle=":")
ax.set_title("Genes that tell AML from ALL: coefficients against the strength of the penalty")
figure.savefig(Path(*sys.argv[1:2]) / "first_fit.png", dpi=150)
