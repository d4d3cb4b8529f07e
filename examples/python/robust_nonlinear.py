"""
An objective of your own: robust regression that is not linear
==============================================================

Growth curves with outliers: the final size of each batch depends on a few of many ingredients, and so does how
fast it grows. The model is not linear, the loss is not squares; `chamfer.minimize` needs its gradient only.

    python examples/python/robust_nonlinear.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import chamfer

# %%
# Size at time t: exp(a + Zα) / (1 + exp(−(t − m) exp(c + Zβ))), with five percent wild measurements.
rng = np.random.default_rng(0)
n, d = 500, 25
Z, t = rng.normal(size=(n, d)), rng.uniform(0, 10, size=n)
size, rate = np.zeros(d), np.zeros(d)
size[[0, 4, 9]], rate[[1, 4]] = [0.4, -0.3, 0.3], [0.4, -0.4]
truth = np.concatenate([[1.0, 0.0, 5.0], size, rate])


def curve(x):
    """Sizes, and their derivatives in the parameters."""
    a, c, m = x[:3]
    amplitude, speed = np.exp(a + Z @ x[3 : 3 + d]), np.exp(c + Z @ x[3 + d :])
    share = 1 / (1 + np.exp(-np.clip((t - m) * speed, -500, 500)))
    y = amplitude * share
    slope = amplitude * share * (1 - share)
    of_a, of_c, of_m = y, slope * (t - m) * speed, -slope * speed
    return y, np.column_stack([of_a, of_c, of_m, Z * of_a[:, None], Z * of_c[:, None]])


y = curve(truth)[0] + 0.1 * rng.normal(size=n)
wild = rng.random(n) < 0.05
y[wild] += rng.normal(scale=10, size=wild.sum())


# %%
# The loss ln cosh(r/s) is a square near 0 and straight far out.
def loss(x):
    prediction, jacobian = curve(x)
    r = (prediction - y) / 0.2
    return np.mean(np.logaddexp(r, -r)) - np.log(2), jacobian.T @ np.tanh(r) / (0.2 * n)


# %%
# Three parameters are free, fifty are to be sparse.
start = np.concatenate([[1.0, 0.0, 4.0], np.zeros(2 * d)])
parts = [(None, 3), ("mcp", 2 * d, 0.6)]
result = chamfer.minimize(loss, start, parts)
print(result.message)
print(f"smallest eigenvalue of the Hessian on the support: {result.smallest_eigenvalue:.3g}")
for name, first, right in [("size", 3, size), ("rate", 3 + d, rate)]:
    found = np.flatnonzero(result.x[first : first + d])
    print(f"{name}: ingredients {found.tolist()}, in truth {np.flatnonzero(right).tolist()}")


# %%
# The same with squares follows the outliers.
def squares(x):
    prediction, jacobian = curve(x)
    r = prediction - y
    return 0.5 * np.mean(r**2), jacobian.T @ r / n


plain = chamfer.minimize(squares, start, [(None, 3), ("l1", 2 * d, 0.02)])

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
grid = np.arange(2 * d)
axes[0].axhline(0, color="0.7", linewidth=0.7)
axes[0].plot(grid, truth[3:], "o", mfc="none", color="0.3", label="truth")
axes[0].plot(grid, plain.x[3:], "x", color="C1", label="squares")
axes[0].plot(grid, result.x[3:], ".", color="C0", label="robust")
axes[0].axvline(d - 0.5, color="0.7", linewidth=0.7)
axes[0].set(xlabel="ingredient: for the size (left), for the rate (right)", ylabel="coefficient")
axes[0].legend()
prediction = curve(result.x)[0]
axes[1].plot(prediction[~wild], y[~wild], ".", color="C0", markersize=3, label="measurements")
axes[1].plot(prediction[wild], y[wild], "x", color="C3", markersize=4, label="wild ones")
axes[1].set(xlabel="fitted size", ylabel="measured size", ylim=(-5, 12))
axes[1].legend()
figure.savefig(Path(*sys.argv[1:2]) / "robust_nonlinear.png", dpi=150)
