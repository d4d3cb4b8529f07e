"""Every convex row of the catalogue against an independent solver, from twenty random starts.

The objectives are recomputed here, from the coefficients and the formulas alone.
"""

import json
import os
import subprocess
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest
from conftest import REPOSITORY
from sklearn.linear_model import ElasticNet, Lasso

AGREEMENT = 1e-8  # relative, in the objective
N, D, SEEDS = 60, 12, 20
GROUPS = [[0, 1, 2], [3, 4], [5, 8, 6, 11], [7], [9, 10]]
OVERLAPPING = [[0, 1, 2, 3], [3, 4, 5], [5, 6, 7, 8], [8, 9, 10, 11], [0, 11]]
TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13, max_iter=500)


@pytest.fixture(scope="module")
def program():
    default = REPOSITORY / "target/release/examples/solve"
    path = Path(os.environ.get("CHAMFER_SOLVE", default))
    assert path.exists(), f"{path} does not exist: `cargo build --release --example solve`"
    return path


def problem(loss, seed):
    """Correlated columns of which some count; a third of the truth is zero."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, D))
    x[:, 1:] = 0.6 * x[:, :-1] + 0.8 * x[:, 1:]
    beta = rng.standard_normal(D) * (np.arange(D) % 3 > 0)
    y = x @ beta + 0.5 * rng.standard_normal(N)
    return x, np.where(y > 0, 1.0, -1.0) if loss == "logistic" else y


def smooth(loss, x, y, beta):
    """The loss for numpy."""
    if loss == "logistic":
        return np.mean(np.logaddexp(0, -y * (x @ beta)))
    return np.sum((y - x @ beta) ** 2) / (2 * len(y))


def smooth_expression(loss, x, y, beta):
    """The loss for cvxpy."""
    if loss == "logistic":
        return cp.sum(cp.logistic(-cp.multiply(y, x @ beta))) / len(y)
    return cp.sum_squares(y - x @ beta) / (2 * len(y))


def group_norms(groups, norm, stack):
    return lambda b: sum(np.sqrt(len(g)) * norm(stack(b, g)) for g in groups)


def latent_norm(b):
    """The latent group lasso's norm: the cheapest way to write b as a sum of group vectors."""
    parts = [cp.Variable(len(g)) for g in OVERLAPPING]
    total = 0
    for part, group in zip(parts, OVERLAPPING):
        embed = np.zeros((D, len(group)))
        embed[group, range(len(group))] = 1
        total = total + embed @ part
    cost = sum(np.sqrt(len(g)) * cp.norm(p, 2) for p, g in zip(parts, OVERLAPPING))
    return cost, total == b


WEIGHTS = np.linspace(0.5, 2.0, D)
PICK = lambda b, g: b[g]
ALPHA = 0.4

# Name: what to ask for, the penalty for numpy, and for cvxpy with its constraints.
ROWS = {
    **{
        row: ({"row": row}, lambda b: np.abs(b).sum(), lambda b: (cp.norm(b, 1), []))
        for row in ["hpp", "hdp", "hpp_k", "hdp_k", "power"]
    },
    "weighted": (
        {"row": "hpp", "weights": WEIGHTS.tolist()},
        lambda b: WEIGHTS @ np.abs(b),
        lambda b: (cp.sum(cp.multiply(WEIGHTS, cp.abs(b))), []),
    ),
    "square": ({"row": "square"}, np.sum, lambda b: (cp.sum(b), [b >= 0])),
    **{
        row: (
            {"row": row, "groups": GROUPS},
            group_norms(GROUPS, np.linalg.norm, PICK),
            lambda b: (group_norms(GROUPS, lambda v: cp.norm(v, 2), PICK)(b), []),
        )
        for row in ["group", "group_k", "nested"]
    },
    "sparse_group": (
        {"row": "sparse_group", "groups": GROUPS, "alpha": ALPHA},
        lambda b: ALPHA * np.abs(b).sum()
        + (1 - ALPHA) * group_norms(GROUPS, np.linalg.norm, PICK)(b),
        lambda b: (
            ALPHA * cp.norm(b, 1)
            + (1 - ALPHA) * group_norms(GROUPS, lambda v: cp.norm(v, 2), PICK)(b),
            [],
        ),
    ),
    "matrix": (
        {"row": "matrix", "shape": [3, 4]},
        lambda b: np.linalg.svd(b.reshape(3, 4, order="F"), compute_uv=False).sum(),
        lambda b: (cp.normNuc(cp.reshape(b, (3, 4), order="F")), []),
    ),
    "fused": (
        {"row": "fused", "order": 1},
        lambda b: np.abs(np.diff(b)).sum(),
        lambda b: (cp.norm(cp.diff(b), 1), []),
    ),
    "trend": (
        {"row": "fused", "order": 2},
        lambda b: np.abs(np.diff(b, 2)).sum(),
        lambda b: (cp.norm(cp.diff(b, 2), 1), []),
    ),
    "overlapping": (
        {"row": "overlapping", "groups": OVERLAPPING},
        None,  # a minimum itself: the program's own value is compared
        lambda b: (lambda cost, constraint: (cost, [constraint]))(*latent_norm(b)),
    ),
    "elastic_net": (
        {"row": "hpp", "ridge": 0.1},
        lambda b: np.abs(b).sum(),
        lambda b: (cp.norm(b, 1), []),
    ),
}


# The tolerances asked of the reference are below what it can always prove.
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("lam", [0.2, 0.02])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("name", ROWS)
def test_every_start_reaches_the_global_optimum(program, name, loss, lam):
    request, penalty, expression = ROWS[name]
    x, y = problem(loss, seed=list(ROWS).index(name))
    mu = request.get("ridge", 0.0)
    asked = {**request, "x": x.tolist(), "y": y.tolist(), "loss": loss, "lambda": lam, "seeds": SEEDS}
    done = subprocess.run([program], input=json.dumps(asked), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)

    def objective(beta):
        return smooth(loss, x, y, beta) + mu / 2 * beta @ beta + lam * penalty(beta)

    beta = cp.Variable(D)
    cost, constraints = expression(beta)
    total = smooth_expression(loss, x, y, beta) + mu / 2 * cp.sum_squares(beta) + lam * cost
    reference = cp.Problem(cp.Minimize(total), constraints)
    reference.solve(**TIGHT)
    assert reference.status in ("optimal", "optimal_inaccurate")

    for answer in answers:
        found = np.array(answer["coefficients"])
        if penalty is not None:
            own = objective(found)
            assert own == pytest.approx(answer["objective"], rel=1e-10)
        else:
            own = answer["objective"]
        assert own <= reference.value * (1 + AGREEMENT)
        # An interior-point method ends above the optimum, by its tolerance; not far below, either.
        assert own >= reference.value * (1 - AGREEMENT)
        assert answer["stationarity"] <= 1e-7
        assert abs(answer["misalignment"]) <= 1e-7
    objectives = [answer["objective"] for answer in answers]
    assert max(objectives) - min(objectives) <= 1e-10 * min(objectives)


@pytest.mark.parametrize(
    "request_, estimator",
    [
        ({"row": "hpp"}, lambda lam: Lasso(lam, fit_intercept=False, tol=1e-13, max_iter=10**6)),
        (
            {"row": "square"},
            lambda lam: Lasso(lam, fit_intercept=False, positive=True, tol=1e-13, max_iter=10**6),
        ),
        (
            {"row": "hdp", "ridge": 0.1},
            lambda lam: ElasticNet(
                lam + 0.1, l1_ratio=lam / (lam + 0.1), fit_intercept=False, tol=1e-13, max_iter=10**6
            ),
        ),
    ],
)
def test_scikit_learn_finds_the_same(program, request_, estimator):
    x, y = problem("squared", seed=99)
    for lam in [0.5, 0.1, 0.01]:
        asked = {**request_, "x": x.tolist(), "y": y.tolist(), "loss": "squared", "lambda": lam}
        done = subprocess.run(
            [program], input=json.dumps({**asked, "seeds": 1}), capture_output=True, text=True
        )
        found = np.array(json.loads(done.stdout)[0]["coefficients"])
        reference = estimator(lam).fit(x, y).coef_
        np.testing.assert_allclose(found, reference, atol=1e-7)
        assert ((found != 0) == (reference != 0)).all()
