"""
An objective of your own: which terms drive an ODE
==================================================

Predators and prey in three lakes. The rates differ from lake to lake, but the equations have the same terms: a
group lasso over the lakes finds which. What is fitted are trajectories, so each evaluation solves the equations,
and runs back through the solver for the gradient.

    python examples/python/group_ode.py [FOLDER FOR THE FIGURE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import chamfer
from chamfer import penalties

# %%
# dz/dt = C·(1, u, v, u², uv, v²) for z = (u, v), a matrix C for each lake, by the midpoint rule.
TERMS = ["1", "u", "v", "u²", "uv", "v²"]
lakes, h, n = 3, 0.15, 50


def terms(z):
    u, v = z[:, 0], z[:, 1]
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def slopes(z):
    """Derivatives of the terms in u and v."""
    u, v = z[:, 0], z[:, 1]
    zero, one = np.zeros_like(u), np.ones_like(u)
    return np.stack([[zero, one, zero, 2 * u, v, zero], [zero, zero, one, zero, u, 2 * v]]).transpose(2, 1, 0)


def rate(C, z):
    return np.einsum("kij,kj->ki", C, terms(z))


def simulate(C, z):
    path = [z]
    for _ in range(n):
        path.append(path[-1] + h * rate(C, path[-1] + 0.5 * h * rate(C, path[-1])))
    return np.array(path)


rng = np.random.default_rng(0)
truth = np.zeros((lakes, 2, 6))
truth[:, 0, 1], truth[:, 0, 4] = rng.uniform(0.8, 1.2, lakes), -rng.uniform(0.8, 1.2, lakes)
truth[:, 1, 2], truth[:, 1, 4] = -rng.uniform(0.8, 1.2, lakes), rng.uniform(0.8, 1.2, lakes)
first = rng.uniform(0.5, 1.5, size=(lakes, 2))
clean = simulate(truth, first)
data = clean + 0.05 * rng.normal(size=clean.shape)


# %%
# Parameters: where each lake begins, and its matrix. The gradient goes back step by step.
def unpack(x):
    return x[: 2 * lakes].reshape(lakes, 2), x[2 * lakes :].reshape(lakes, 2, 6)


def loss(x):
    z, C = unpack(x)
    with np.errstate(all="ignore"):
        path = simulate(C, z)
    if not np.abs(path).max() < 1e3:  # an explosion: a wall that the line search turns back from
        return 1e6 + (x @ x), 2 * x
    of_z, of_C = (path - data) / data.size, np.zeros_like(C)
    back = of_z[-1].copy()
    for k in range(n - 1, -1, -1):
        z = path[k]
        middle = z + 0.5 * h * rate(C, z)
        of_C += h * np.einsum("ki,kj->kij", back, terms(middle))
        of_middle = h * np.einsum("ki,kij,kjl->kl", back, C, slopes(middle))
        of_C += 0.5 * h * np.einsum("ki,kj->kij", of_middle, terms(z))
        back = back + of_middle + 0.5 * h * np.einsum("ki,kij,kjl->kl", of_middle, C, slopes(z)) + of_z[k]
    return 0.5 * np.sum((path - data) ** 2) / data.size, np.concatenate([back.ravel(), of_C.ravel()])


# %%
# A rough start: each lake's matrix by least squares on differences of the data.
inner = data[1:-1].reshape(-1, lakes, 2)
derivative = (data[2:] - data[:-2]) / (2 * h)
rough = np.stack([np.linalg.lstsq(terms(inner[:, k]), derivative[:, k], rcond=None)[0].T for k in range(lakes)])
start = np.concatenate([data[0].ravel(), 0.9 * rough.ravel()])
differences = [(loss(start + step)[0] - loss(start - step)[0]) / 2e-6 for step in 1e-6 * np.eye(len(start))]
print(f"error of the gradient: {np.abs(loss(start)[1] - differences).max():.1e}")

# %%
# A term of an equation is in for all lakes or for none; the beginnings are free.
groups = [[k * 12 + j for k in range(lakes)] for j in range(12)]
parts = [(None, 2 * lakes), (penalties.Group(groups, q=0.5), 12 * lakes, 1e-4)]
result = chamfer.minimize(loss, start, parts, tol=1e-6)
print(result.message, f"smallest eigenvalue {result.smallest_eigenvalue:.2g}", sep="; ")
C = unpack(result.x)[1]
for equation, name in enumerate(["du/dt", "dv/dt"]):
    found = [term for j, term in enumerate(TERMS) if C[:, equation, j].any()]
    right = [term for j, term in enumerate(TERMS) if truth[:, equation, j].any()]
    print(f"{name} has {found}, in truth {right}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
times, fitted = h * np.arange(n + 1), simulate(C, unpack(result.x)[0])
for k, (name, colour) in enumerate([("prey", "C0"), ("predators", "C3")]):
    axes[0].plot(times, data[:, 0, k], ".", color=colour, markersize=3)
    axes[0].plot(times, fitted[:, 0, k], color=colour, label=name)
axes[0].set(xlabel="time", ylabel="size", title="One lake: data and fit")
axes[0].legend()
labels = [f"{equation}: {term}" for equation in ("u'", "v'") for term in TERMS]
norms = [np.linalg.norm(matrix.reshape(lakes, 12), axis=0) for matrix in (rough, C, truth)]
for shift, (values, name, colour) in enumerate(zip(norms, ["least squares", "group ℓ_1/2", "truth"], ["0.8", "C2", "0.3"])):
    axes[1].barh(np.arange(12) + 0.27 * (1 - shift), values, height=0.25, color=colour, label=name)
axes[1].set_yticks(range(12), labels)
axes[1].invert_yaxis()
axes[1].set(xlabel="norm over the lakes", title="Terms of the equations", xlim=(0, 2.6))
axes[1].legend(loc="lower right")
figure.savefig(Path(*sys.argv[1:2]) / "group_ode.png", dpi=150)
