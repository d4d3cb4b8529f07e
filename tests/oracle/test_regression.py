"""Every family and penalty of the regression engine against independent solvers.

Objectives are recomputed here from the coefficients and the formulas alone.
"""

import json
import os
import subprocess

import cvxpy as cp
import numpy as np
import pytest
from conftest import REPOSITORY

pytestmark = pytest.mark.filterwarnings("ignore")

N, P = 80, 12
GROUPS = [[0, 1, 2], [3, 4], [5], [6, 7, 8, 9], [10, 11]]


def regress(**request):
    path = os.environ.get("REGRESS", REPOSITORY / "target/release/examples/regress")
    done = subprocess.run([path], input=json.dumps(request), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def data(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, P))
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    eta = 0.9 * x[:, 0] - 0.7 * x[:, 3] + 0.5 * x[:, 6] + 0.2
    return rng, x, eta


def targets(family, seed):
    """The design, the request's fields for the target, and the loss as a cvxpy expression of eta."""
    rng, x, eta = data(seed)
    noise = rng.standard_normal(N)
    mean = lambda terms: cp.sum(terms) / N
    if family == "gaussian":
        y = eta + noise
        return x, dict(y=y.tolist()), lambda e: mean(cp.square(y - e)) / 2
    if family == "binomial":
        y = (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
        return x, dict(y=y.tolist()), lambda e: mean(cp.logistic(e) - cp.multiply(y, e))
    if family == "poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
        return x, dict(y=y.tolist()), lambda e: mean(cp.exp(e) - cp.multiply(y, e))
    if family == "gamma":
        y = np.exp(eta) * rng.gamma(2.0, 0.5, N)
        return x, dict(y=y.tolist()), lambda e: mean(e + cp.multiply(y, cp.exp(-e)))
    if family == "negative_binomial":
        theta = 2.0
        y = rng.poisson(np.exp(eta) * rng.gamma(theta, 1 / theta, N)).astype(float)
        loss = lambda e: mean(
            cp.multiply(y + theta, cp.logistic(e - np.log(theta))) - cp.multiply(y, e)
        )
        return x, dict(y=y.tolist(), parameter=theta), loss
    if family == "tweedie":
        y = np.round(np.exp(eta) * rng.gamma(1.0, 1.0, N)) / 2
        loss = lambda e: mean(cp.exp(0.5 * e) / 0.5 + cp.multiply(y, cp.exp(-0.5 * e)) / 0.5)
        return x, dict(y=y.tolist(), parameter=1.5), loss
    if family == "huber":
        y = eta + noise * (1 + 5 * (rng.random(N) < 0.1))
        return x, dict(y=y.tolist(), parameter=0.7), lambda e: mean(cp.huber(y - e, 0.7)) / 2
    if family == "squared_hinge":
        y = (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
        s = 2 * y - 1
        return x, dict(y=y.tolist()), lambda e: mean(cp.square(cp.pos(1 - cp.multiply(s, e)))) / 2
    if family == "multi_gaussian":
        y = np.stack([eta + noise, 0.5 * x[:, 2] - eta + rng.standard_normal(N)], axis=1)
        fields = dict(y=y.T.ravel().tolist(), parameter=2)
        return x, fields, lambda e: cp.sum_squares(y - e) / (2 * N)
    if family == "multinomial":
        scores = np.stack([eta, -eta, 0.5 * x[:, 2]], axis=1) + rng.gumbel(size=(N, 3))
        classes = scores.argmax(axis=1)
        hot = np.eye(3)[classes]
        fields = dict(y=classes.tolist(), parameter=3)
        loss = lambda e: (cp.sum(cp.log_sum_exp(e, axis=1)) - cp.sum(cp.multiply(hot, e))) / N
        return x, fields, loss
    assert family in ("cox", "cox_efron")
    time = np.ceil(8 * rng.exponential(np.exp(-eta)))  # ties
    event = rng.random(N) < 0.7
    fields = dict(y=time.tolist(), events=event.tolist(), efron=family == "cox_efron")

    def loss(e):
        terms = []
        for t in np.unique(time[event]):
            risk, dying = np.flatnonzero(time >= t), np.flatnonzero((time == t) & event)
            for rank in range(len(dying)):
                left = np.zeros(len(risk))
                if fields["efron"] and rank:
                    left[np.isin(risk, dying)] = np.log(1 - rank / len(dying))
                terms.append(cp.log_sum_exp(e[risk] + left))
            terms.append(-cp.sum(e[dying]))
        return cp.sum(cp.hstack(terms)) / N

    return x, fields, loss


FAMILIES = [
    "gaussian",
    "binomial",
    "poisson",
    "gamma",
    "negative_binomial",
    "tweedie",
    "huber",
    "squared_hinge",
    "multi_gaussian",
    "multinomial",
    "cox",
    "cox_efron",
]

WEIGHTS = np.linspace(0.5, 1.5, P)
# Column 0 has a bound that holds although the column may be unpenalized, 3 none, 6 a sign.
BOUNDS = dict(
    lower=[-0.1, -0.1, 0.0] + 3 * [None] + [0.0] + 5 * [-0.05],
    upper=[0.2, None, 0.1] + 3 * [None] + 6 * [0.3],
)

PENALTIES = {
    "l1": (dict(penalty="l1"), lambda b: cp.sum(cp.abs(b))),
    "weighted": (
        dict(penalty="l1", penalty_weights=WEIGHTS.tolist(), unpenalized=[4]),
        lambda b: cp.sum(cp.multiply(np.where(np.arange(P) == 4, 0, WEIGHTS), cp.norm1(b, axis=1))),
    ),
    "elastic_net": (
        dict(penalty="l1", l1_ratio=0.6),
        lambda b: 0.6 * cp.sum(cp.abs(b)) + 0.2 * cp.sum_squares(b),
    ),
    "non_negative": (dict(penalty="non_negative"), lambda b: cp.sum(b)),
    "bounds": (dict(penalty="l1", **BOUNDS), lambda b: cp.sum(cp.abs(b))),
    "bounds_elastic_net": (
        dict(penalty="l1", l1_ratio=0.6, unpenalized=[0], **BOUNDS),
        lambda b: 0.6 * cp.sum(cp.abs(b[1:])) + 0.2 * cp.sum_squares(b[1:]),
    ),
    "rows": (dict(penalty="l1", across_outputs=True), None),
    "group": (
        dict(penalty="group", groups=GROUPS),
        lambda b: sum(np.sqrt(b[g].size) * cp.norm(cp.vec(b[g], "C"), 2) for g in GROUPS),
    ),
    "sparse_group": (
        dict(penalty="sparse_group", groups=GROUPS, shape=0.3),
        lambda b: 0.3 * cp.sum(cp.abs(b))
        + 0.7 * sum(np.sqrt(b[g].size) * cp.norm(cp.vec(b[g], "C"), 2) for g in GROUPS),
    ),
}


def rows_penalty(b):
    return cp.sum(cp.norm(b, 2, axis=1))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", PENALTIES)
def test_convex_solutions_are_those_of_an_independent_solver(family, name):
    x, fields, loss = targets(family, seed=7)
    request, penalty = PENALTIES[name]
    if penalty is None:
        penalty = rows_penalty
    family_name = "cox" if family == "cox_efron" else family
    points = regress(x=x.tolist(), family=family_name, n_lambdas=3, min_ratio=0.1, **fields, **request)
    outputs = len(points[0]["intercepts"])
    b, c = cp.Variable((P, outputs)), cp.Variable((1, outputs))
    eta = x @ b + (0 if family_name == "cox" else np.ones((N, 1)) @ c)
    scale = cp.Parameter(nonneg=True)
    vector = eta if outputs > 1 else eta[:, 0]
    constraints = [b >= 0] if name == "non_negative" else []
    if name.startswith("bounds"):
        for j, (lower, upper) in enumerate(zip(BOUNDS["lower"], BOUNDS["upper"])):
            constraints += [b[j] >= lower] if lower is not None else []
            constraints += [b[j] <= upper] if upper is not None else []
    problem = cp.Problem(cp.Minimize(loss(vector) + scale * penalty(b)), constraints)
    for point in points[1:]:
        assert point["converged"], point
        scale.value = point["lambda"]
        best = problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
        b.value = np.array(point["coefficients"]).T
        c.value = np.array([point["intercepts"]])
        ours = problem.objective.value
        assert ours <= best + 1e-7 * max(1e-3, abs(best)), (family, name, ours, best)
        assert all(constraint.violation().max() <= 1e-12 for constraint in constraints)
        if point["relative_gap"] is not None:
            assert point["relative_gap"] <= 1e-9


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_weights_and_offsets(family):
    x, fields, _ = targets(family, seed=3)
    rng = np.random.default_rng(5)
    w = rng.integers(0, 4, N).astype(float)
    offset = 0.3 * rng.standard_normal(N)
    weighted = regress(
        x=x.tolist(), family=family, weights=w.tolist(), offset=offset.tolist(), **fields
    )
    # The same as rows repeated.
    rows = np.repeat(np.arange(N), w.astype(int))
    repeated = regress(
        x=x[rows].tolist(),
        family=family,
        y=np.array(fields["y"])[rows].tolist(),
        offset=offset[rows].tolist(),
    )
    for a, b in zip(weighted, repeated):
        assert a["lambda"] == pytest.approx(b["lambda"], rel=1e-9)
        assert a["objective"] == pytest.approx(b["objective"], rel=1e-9)
        np.testing.assert_allclose(a["coefficients"], b["coefficients"], atol=1e-5)


def test_logistic_regression_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x, fields, _ = targets("binomial", seed=11)
    (point,) = regress(x=x.tolist(), family="binomial", lambdas=[0.03], **fields)
    model = LogisticRegression(
        l1_ratio=1.0, C=1 / (0.03 * N), solver="saga", tol=1e-12, max_iter=200_000
    )
    model.fit(x, fields["y"])
    np.testing.assert_allclose(point["coefficients"][0], model.coef_[0], atol=1e-6)
    assert point["intercepts"][0] == pytest.approx(model.intercept_[0], abs=1e-6)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma", "negative_binomial", "tweedie"])
def test_refits_of_the_support_are_those_of_statsmodels(family):
    import statsmodels.api as sm

    x, fields, _ = targets(family, seed=13)
    request = dict(x=x.tolist(), family=family, n_lambdas=4, min_ratio=0.1, **fields)
    parameter = fields.get("parameter")
    log = sm.families.links.Log()
    family = {
        "gaussian": lambda: sm.families.Gaussian(),
        "binomial": lambda: sm.families.Binomial(),
        "poisson": lambda: sm.families.Poisson(),
        "gamma": lambda: sm.families.Gamma(log),
        "negative_binomial": lambda: sm.families.NegativeBinomial(log, alpha=1 / parameter),
        "tweedie": lambda: sm.families.Tweedie(log, var_power=parameter),
    }[family]()
    for point in regress(relax=True, **request)[1:]:
        b = np.array(point["coefficients"][0])
        support = np.flatnonzero(b)
        model = sm.GLM(fields["y"], sm.add_constant(x[:, support], has_constant="add"), family)
        fit = model.fit(tol=1e-12, maxiter=200)
        np.testing.assert_allclose([point["intercepts"][0], *b[support]], fit.params, atol=1e-6)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_criteria_are_those_of_statsmodels(family):
    import statsmodels.api as sm

    x, fields, _ = targets(family, seed=14)
    y = np.array(fields["y"])
    points = regress(x=x.tolist(), family=family, n_lambdas=4, min_ratio=0.1, **fields)[1:]

    def prices(point):
        eta = x @ np.array(point["coefficients"][0]) + point["intercepts"][0]
        df = 1 + np.count_nonzero(point["coefficients"][0])
        if family == "gaussian":
            variance = np.mean((y - eta) ** 2)
            log_likelihood = sm.families.Gaussian().loglike(y, eta, scale=variance)
        else:
            of = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
            log_likelihood = of.loglike(y, of.link.inverse(eta))
        return np.array([2 * df, df * np.log(N)]) - 2 * log_likelihood

    # Up to a constant that depends on the target alone.
    ours = np.array([point["criteria"] for point in points])
    theirs = np.array([prices(point) for point in points])
    np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], atol=1e-6)
    np.testing.assert_allclose(ours[:, 1] - ours[:, 0], theirs[:, 1] - theirs[:, 0], atol=1e-6)


def nonconvex_objective(x, y, point, penalty):
    b = np.array(point["coefficients"][0])
    residual = y - x @ b - point["intercepts"][0]
    return residual @ residual / (2 * len(y)) + penalty(np.abs(b))


@pytest.mark.parametrize("q", [0.5, 2 / 3])
def test_lq_is_no_worse_than_skglm_on_fifty_problems(q):
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Quadratic
    from skglm.penalties import L0_5, L2_3
    from skglm.solvers import AndersonCD

    rows = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        n, p = 50, 100
        x = rng.standard_normal((n, p))
        x = 0.7 * x + 0.5 * rng.standard_normal((n, 1))
        y = x[:, :5] @ rng.choice([-1.5, 1.0, 2.0], 5) + 0.5 * rng.standard_normal(n)
        x, y = x - x.mean(axis=0), y - y.mean()
        largest = np.abs(x.T @ y / n).max()
        alpha = largest * rng.choice([0.03, 0.1, 0.3])
        penalty = L0_5(alpha) if q == 0.5 else L2_3(alpha)
        solver = AndersonCD(tol=1e-10, max_iter=500, fit_intercept=False)
        peer = GeneralizedLinearEstimator(Quadratic(), penalty, solver).fit(x, y)
        value = lambda b: np.sum((y - x @ b) ** 2) / (2 * n) + alpha * np.sum(np.abs(b) ** q)
        (point,) = regress(
            x=x.tolist(), y=y.tolist(), penalty="lq", shape=q, lambdas=[alpha], intercept=False
        )
        assert point["converged"], point
        rows.append((value(np.array(point["coefficients"][0])), value(peer.coef_)))
    ours, theirs = np.array(rows).T
    worse = ours > theirs * (1 + 1e-7)
    assert not worse.any(), np.c_[np.flatnonzero(worse), ours[worse], theirs[worse]]


@pytest.mark.parametrize("penalty, shape", [("mcp", 3.0), ("scad", 3.7)])
def test_mcp_and_scad_are_no_worse_than_skglm(penalty, shape):
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Quadratic
    from skglm.penalties import SCAD, MCPenalty
    from skglm.solvers import AndersonCD

    for seed in range(20):
        rng = np.random.default_rng(seed)
        n, p = 60, 100
        x = rng.standard_normal((n, p))
        y = x[:, :5] @ np.array([2.0, -1.5, 1.0, 1.0, 3.0]) + 0.5 * rng.standard_normal(n)
        x, y = x - x.mean(axis=0), y - y.mean()
        x /= np.sqrt((x**2).mean(axis=0))
        alpha = 0.2 * np.abs(x.T @ y / n).max()
        of_peer = (MCPenalty if penalty == "mcp" else SCAD)(alpha, shape)
        solver = AndersonCD(tol=1e-10, fit_intercept=False, max_iter=1000)
        peer = GeneralizedLinearEstimator(Quadratic(), of_peer, solver).fit(x, y)

        def value(b):
            size = np.abs(b)
            if penalty == "mcp":
                r = np.minimum(size, shape * alpha)
                price = alpha * r - r**2 / (2 * shape)
            else:
                middle = (2 * shape * alpha * size - size**2 - alpha**2) / (2 * (shape - 1))
                price = np.where(size <= alpha, alpha * size, middle)
                price = np.where(size > shape * alpha, alpha**2 * (shape + 1) / 2, price)
            return np.sum((y - x @ b) ** 2) / (2 * n) + price.sum()

        (point,) = regress(
            x=x.tolist(), y=y.tolist(), penalty=penalty, shape=shape, lambdas=[alpha], intercept=False
        )
        assert point["converged"], point
        ours, theirs = value(np.array(point["coefficients"][0])), value(peer.coef_)
        assert ours <= theirs * (1 + 1e-7), (seed, ours, theirs)


def test_cross_validation_is_that_of_scikit_learn():
    from sklearn.linear_model import LassoCV
    from sklearn.model_selection import PredefinedSplit

    x, fields, _ = targets("gaussian", seed=21)
    folds = np.random.default_rng(1).integers(0, 5, N)
    alphas = np.geomspace(0.5, 0.005, 20)
    peer = LassoCV(alphas=alphas, cv=PredefinedSplit(folds), tol=1e-12, max_iter=100_000)
    peer.fit(x, fields["y"])
    (of_folds, mean, best), one_se = regress(
        x=x.tolist(), folds=folds.tolist(), metric="mse", lambdas=alphas.tolist(), **fields
    )
    np.testing.assert_allclose(np.array(of_folds).T, peer.mse_path_, rtol=1e-6)
    assert alphas[best] == peer.alpha_
    errors = np.std(of_folds, axis=0, ddof=1) / np.sqrt(5)
    assert mean[one_se] <= mean[best] + errors[best] < mean[one_se - 1]


def test_metrics_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    x, fields, _ = targets("binomial", seed=22)
    y = np.array(fields["y"])
    folds = np.arange(N) % 4
    for metric, score in [("auc", roc_auc_score), ("accuracy", None), ("deviance", None)]:
        (of_folds, _, _), _ = regress(
            x=x.tolist(), family="binomial", folds=folds.tolist(), metric=metric, lambdas=[0.05], **fields
        )
        for fold in range(4):
            train, test = folds != fold, folds == fold
            model = LogisticRegression(
                l1_ratio=1.0, C=1 / (0.05 * train.sum()), solver="saga", tol=1e-10, max_iter=200_000
            )
            model.fit(x[train], y[train])
            p = model.predict_proba(x[test])[:, 1]
            expected = {
                "auc": roc_auc_score(y[test], p),
                "accuracy": accuracy_score(y[test], p > 0.5),
                "deviance": 2 * log_loss(y[test], p),
            }[metric]
            assert of_folds[fold][0] == pytest.approx(expected, abs=1e-6)
