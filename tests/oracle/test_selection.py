"""Information criteria, refits, penalty weights and adaptive fits of the command line against other libraries."""

import json

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

N, P = 120, 15


def table(tmp_path, seed, family="gaussian"):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, P)) * rng.uniform(0.5, 3, P)
    eta = x[:, :4] @ np.array([1.0, -0.8, 0.6, 0.3]) + 0.5
    if family == "gaussian":
        y = eta + rng.standard_normal(N)
    elif family == "binomial":
        y = (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
    else:
        y = rng.poisson(np.exp(0.4 * eta)).astype(float)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(P)]).assign(y=y)
    path = tmp_path / "data.csv"
    frame.to_csv(path, index=False)
    return path, x, y


def coefficients(record):
    return np.array([record["coefficients"].get(f"x{j}", 0.0) for j in range(P)])


@pytest.mark.parametrize("name", ["aic", "bic"])
@pytest.mark.parametrize("seed", range(5))
def test_criteria_choose_as_on_the_lars_path(chamfer, tmp_path, seed, name):
    """Between the knots of scikit-learn's LARS, whose coefficients are linear there.

    LassoLarsIC looks at the knots alone and takes the noise variance from the least squares fit, where ours is that
    of each fit. So the prices are recomputed on the LARS path, and its own choice must be a neighbour of ours.
    """
    from sklearn.linear_model import LassoLarsIC, lars_path

    data, x, y = table(tmp_path, seed)
    knots, _, path = lars_path(x - x.mean(axis=0), y - y.mean(), method="lasso")
    middles, paths = (knots[:-1] + knots[1:]) / 2, (path[:, :-1] + path[:, 1:]) / 2
    rss = np.sum(((y - y.mean())[:, None] - (x - x.mean(axis=0)) @ paths) ** 2, axis=0)
    price = 2.0 if name == "aic" else np.log(N)
    theirs = N * np.log(rss / N) + price * (1 + np.count_nonzero(paths, axis=0))
    lambdas = ",".join(repr(float(alpha)) for alpha in middles)
    out = tmp_path / "fit"
    options = ["--lambdas", lambdas, "--no-standardize", "--tol", "1e-12", "--criterion", name]
    printed = chamfer("path", data, "--target", "y", *options, "--out", out)
    ours = pd.read_csv(out / "path.csv")
    np.testing.assert_allclose(ours[name], theirs, atol=1e-6)
    best = int(np.argmin(theirs))
    assert f"least {name}: lambda " in printed and int(ours[name].idxmin()) == best
    peer = LassoLarsIC(criterion=name).fit(x, y)
    at = int(np.argmin(np.abs(knots - peer.alpha_)))
    assert at - 2 <= best <= at + 1, (at, best)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_refits_are_those_of_statsmodels(fit_path, tmp_path, family):
    import statsmodels.api as sm

    data, x, y = table(tmp_path, 7, family)
    model = fit_path(
        data, "--target", "y", "--family", family, "--relax", "--n-lambdas", 6, "--lambda-min-ratio", 0.05
    )
    peer = {"gaussian": sm.families.Gaussian, "binomial": sm.families.Binomial, "poisson": sm.families.Poisson}
    for record in model["path"]:
        support = np.flatnonzero(coefficients(record))
        design = sm.add_constant(x[:, support], has_constant="add")
        fit = sm.GLM(y, design, peer[family]()).fit(tol=1e-12, maxiter=200)
        refit = record["relaxed"]
        ours = np.r_[refit["intercept"], coefficients(refit)[support]]
        np.testing.assert_allclose(ours, fit.params, atol=1e-6)
        explained = 1 - fit.deviance / fit.null_deviance
        assert refit["deviance_explained"] == pytest.approx(explained, abs=1e-9)
        assert refit["converged"] and refit["relative_stationarity"] < 1e-9


def test_relaxed_cross_validation_is_a_loop_over_folds(chamfer, tmp_path):
    """Blends of lasso and least squares on its support, by scikit-learn, outside of each fold."""
    from sklearn.linear_model import Lasso, LinearRegression

    data, x, y = table(tmp_path, 8)
    folds = np.arange(N) % 4
    frame = pd.read_csv(data).assign(fold=folds)
    frame.to_csv(data, index=False)
    lambdas = [0.8, 0.4, 0.1, 0.03]
    out = tmp_path / "cv"
    chamfer(
        *("cv", data, "--target", "y", "--no-standardize", "--relax", "--fold-column", "fold"),
        *("--lambdas", ",".join(map(str, lambdas)), "--tol", "1e-12", "--out", out),
    )
    cv = json.loads((out / "model.json").read_text())["cv"]["relaxed"]
    for blend in cv["blends"]:
        gamma = blend["gamma"]
        for k, alpha in enumerate(lambdas):
            errors = []
            for fold in range(4):
                train, test = folds != fold, folds == fold
                lasso = Lasso(alpha=alpha, tol=1e-14, max_iter=1_000_000).fit(x[train], y[train])
                support = np.flatnonzero(lasso.coef_)
                refit = LinearRegression().fit(x[train][:, support], y[train])
                prediction = gamma * lasso.predict(x[test]) + (1 - gamma) * refit.predict(x[test][:, support])
                errors.append(np.mean((y[test] - prediction) ** 2))
            assert blend["mean"][k] == pytest.approx(np.mean(errors), rel=1e-6), (gamma, alpha)
    best = min((mean, blend["gamma"]) for blend in cv["blends"] for mean in blend["mean"])
    assert cv["gamma_best"] == best[1]


def test_penalty_weights_are_rescaled_columns(fit_path, tmp_path):
    """A weight w on a column is a lasso on the column divided by w."""
    from sklearn.linear_model import Lasso

    data, x, y = table(tmp_path, 9)
    weights = np.linspace(0.5, 2, P)
    weights[2] = 0
    listed = tmp_path / "weights.csv"
    listed.write_text("".join(f"x{j},{w}\n" for j, w in enumerate(weights)))
    model = fit_path(
        *(data, "--target", "y", "--no-standardize", "--penalty-weights", listed),
        *("--lambdas", "0.5,0.1", "--tol", "1e-12"),
    )
    for record in model["path"]:
        # Free columns are projected out.
        free = np.column_stack([np.ones(N), x[:, 2]])
        project = lambda z: z - free @ np.linalg.lstsq(free, z, rcond=None)[0]
        others = np.flatnonzero(weights)
        peer = Lasso(alpha=record["lambda"], fit_intercept=False, tol=1e-14, max_iter=1_000_000)
        peer.fit(project(x[:, others]) / weights[others], project(y))
        np.testing.assert_allclose(
            coefficients(record)[others], peer.coef_ / weights[others], atol=1e-6
        )


def test_an_adaptive_lasso_is_two_lassos_of_scikit_learn(fit_path, tmp_path):
    """Lasso, and then Lasso on columns divided by the weights, as Zou (2006, section 3.5) computes it."""
    from sklearn.linear_model import Lasso

    data, x, y = table(tmp_path, 10)
    x = x / x.std(axis=0)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(P)]).assign(y=y, fold=np.arange(N) % 5)
    frame.to_csv(data, index=False)
    lambdas = np.geomspace(0.5, 0.005, 12)
    out = tmp_path / "fit"
    options = ["--lambdas", ",".join(repr(float(alpha)) for alpha in lambdas), "--tol", "1e-12"]
    fit_path(data, "--target", "y", "--exclude", "fold", "--no-standardize", "--adaptive", *options)
    model = json.loads((out / "model.json").read_text())
    adaptive = model["penalty"]["adaptive"]
    # The first fit, at the λ that cross-validation chose.
    first = Lasso(alpha=adaptive["lambda"], tol=1e-14, max_iter=1_000_000).fit(x, y).coef_
    live = np.flatnonzero(np.abs(first) > 1e-10)
    assert {f"x{j}" for j in live} == set(adaptive["factors"])
    weights = np.abs(first[live]).max() / np.abs(first[live])
    ours = np.array([adaptive["factors"][f"x{j}"] for j in live])
    np.testing.assert_allclose(ours, weights, rtol=1e-5)
    for record in model["path"]:
        second = Lasso(alpha=record["lambda"], tol=1e-14, max_iter=1_000_000).fit(x[:, live] / weights, y)
        expected = np.zeros(P)
        expected[live] = second.coef_ / weights
        np.testing.assert_allclose(coefficients(record), expected, atol=1e-5)


def test_adaptive_cross_validation_has_a_first_fit_for_each_fold(chamfer, tmp_path):
    """The estimate of a loop in which LassoCV on the other folds gives the weights."""
    from sklearn.linear_model import Lasso, LassoCV
    from sklearn.model_selection import PredefinedSplit

    data, x, y = table(tmp_path, 11)
    folds = np.arange(N) % 4
    pd.read_csv(data).assign(fold=folds).to_csv(data, index=False)
    lambdas, out = [0.5, 0.1, 0.02], tmp_path / "cv"
    chamfer(
        *("cv", data, "--target", "y", "--no-standardize", "--adaptive", "--fold-column", "fold"),
        *("--lambdas", ",".join(map(str, lambdas)), "--tol", "1e-12", "--out", out),
    )
    cv = json.loads((out / "model.json").read_text())["cv"]
    centred = x - x.mean(axis=0)
    grid = np.abs(centred.T @ (y - y.mean())).max() / N * np.geomspace(1, 1e-4, 100)
    errors = []
    for fold in range(4):
        train, test = folds != fold, folds == fold
        split = PredefinedSplit(folds[train])
        peer = LassoCV(alphas=grid, cv=split, tol=1e-10, max_iter=1_000_000).fit(x[train], y[train])
        first = Lasso(alpha=peer.alpha_, tol=1e-14, max_iter=1_000_000).fit(x[train], y[train]).coef_
        live = np.flatnonzero(np.abs(first) > 1e-10)
        weights = np.abs(first).max() / np.abs(first[live])
        errors.append([])
        for alpha in lambdas:
            second = Lasso(alpha=alpha, tol=1e-14, max_iter=1_000_000)
            second.fit(x[train][:, live] / weights, y[train])
            prediction = second.predict(x[test][:, live] / weights)
            errors[-1].append(np.mean((y[test] - prediction) ** 2))
    np.testing.assert_allclose(cv["mean"], np.mean(errors, axis=0), rtol=1e-5)
