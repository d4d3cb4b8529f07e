"""`chamfer path` against scikit-learn's `lasso_path`, on shipped and simulated data."""

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from lasso import column_scales, objective, relative_gap
from sklearn.datasets import dump_svmlight_file
from sklearn.linear_model import lasso_path

AGREEMENT = 1e-8  # relative, in the objective, at every lambda


def simulate(n, p, rho, seed):
    """AR(1) columns of which ten count."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p))
    for j in range(1, p):
        x[:, j] = rho * x[:, j - 1] + np.sqrt(1 - rho**2) * x[:, j]
    beta = np.zeros(p)
    beta[:: p // 10] = rng.choice([-1.0, 1.0], len(beta[:: p // 10]))
    y = x @ beta + rng.standard_normal(n) + 3.0
    return pd.DataFrame(x, columns=[f"x{j}" for j in range(p)]).assign(y=y)


def shipped(name, target):
    path = REPOSITORY / "data" / name
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    return table.rename(columns={target: "y"})


PROBLEMS = {
    "leukemia": (lambda: shipped("leukemia.parquet", "aml"), 1e-2),
    "diabetes": (lambda: shipped("diabetes.csv", "progression"), 1e-4),
    "tall": (lambda: simulate(400, 60, 0.5, 1), 1e-3),
    "wide": (lambda: simulate(80, 400, 0.5, 2), 1e-2),
    "correlated": (lambda: simulate(150, 150, 0.95, 3), 1e-2),
}


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("name", PROBLEMS)
def test_path_agrees_with_scikit_learn(name, standardize, fit_path, tmp_path):
    make, ratio = PROBLEMS[name]
    table = make()
    x = table.drop(columns="y").to_numpy(float)
    y = table["y"].to_numpy(float)
    table.to_parquet(tmp_path / "data.parquet")
    options = [] if standardize else ["--no-standardize"]
    model = fit_path(
        tmp_path / "data.parquet", "--target", "y", "--n-lambdas", 30, "--lambda-min-ratio", ratio,
        "--tol", 1e-10, *options,
    )
    scales = column_scales(x, standardize)
    centred = np.asfortranarray((x - x.mean(axis=0)) / scales)
    alphas = np.array([fit["lambda"] for fit in model["path"]])
    alpha_max = np.abs(centred.T @ (y - y.mean())).max() / len(y)
    assert alphas[0] == pytest.approx(alpha_max, rel=1e-12)
    assert alphas[-1] == pytest.approx(alpha_max * ratio, rel=1e-12)

    # scikit-learn's own coordinate descent needs many passes to come this near.
    _, peer, _ = lasso_path(centred, y - y.mean(), alphas=alphas, tol=1e-12, max_iter=1_000_000)
    columns = list(table.columns.drop("y"))
    for fit, theirs in zip(model["path"], peer.T):
        ours = pd.Series(0.0, index=columns)
        ours[list(fit["coefficients"])] = list(fit["coefficients"].values())
        ours = ours.to_numpy()
        point = (x, y, ours, fit["intercept"], fit["lambda"], scales)
        value = objective(*point)
        best = objective(x, y, theirs / scales, y.mean() - x.mean(axis=0) @ (theirs / scales),
                         fit["lambda"], scales)
        assert value == pytest.approx(fit["objective"], rel=1e-10)
        assert value == pytest.approx(best, rel=AGREEMENT)
        gap = relative_gap(*point)
        assert gap <= 1e-9, f"lambda {fit['lambda']}: recomputed gap {gap}"
        assert fit["nonzero"] == np.count_nonzero(ours)


def test_sparse_file_agrees_with_scikit_learn(fit_path, tmp_path):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((200, 300)) * (rng.random((200, 300)) < 0.1)
    y = x[:, :10].sum(axis=1) + 0.1 * rng.standard_normal(200)
    dump_svmlight_file(x, y, str(tmp_path / "data.svm"), zero_based=False)
    model = fit_path(tmp_path / "data.svm", "--no-standardize", "--n-lambdas", 20, "--tol", 1e-10)
    alphas = [fit["lambda"] for fit in model["path"]]
    centred = np.asfortranarray(x - x.mean(axis=0))
    _, peer, _ = lasso_path(centred, y - y.mean(), alphas=alphas, tol=1e-12, max_iter=1_000_000)
    ones = np.ones(x.shape[1])
    for fit, theirs in zip(model["path"], peer.T):
        intercept = y.mean() - x.mean(axis=0) @ theirs
        best = objective(x, y, theirs, intercept, fit["lambda"], ones)
        assert fit["objective"] == pytest.approx(best, rel=AGREEMENT)


def test_weights_agree_with_scikit_learn(fit_path, tmp_path):
    from sklearn.linear_model import Lasso

    table = simulate(120, 20, 0.3, 6)
    weights = np.random.default_rng(7).random(120) + 0.1
    table.assign(w=weights).to_csv(tmp_path / "data.csv", index=False)
    model = fit_path(
        tmp_path / "data.csv", "--target", "y", "--weights", "w", "--no-standardize",
        "--n-lambdas", 10, "--lambda-min-ratio", 0.01, "--tol", 1e-11,
    )
    x, y = table.drop(columns="y"), table["y"]
    for fit in model["path"][1:]:
        peer = Lasso(alpha=fit["lambda"], tol=1e-14, max_iter=1_000_000)
        peer.fit(x, y, sample_weight=weights)
        loss = weights @ (y - peer.predict(x)) ** 2 / (2 * weights.sum())
        best = loss + fit["lambda"] * np.abs(peer.coef_).sum()
        assert fit["objective"] == pytest.approx(best, rel=AGREEMENT)


def test_predictions_round_trip_through_the_model(chamfer, fit_path, tmp_path):
    table = simulate(60, 30, 0.2, 8)
    table.to_csv(tmp_path / "data.csv", index=False)
    model = fit_path(tmp_path / "data.csv", "--target", "y", "--n-lambdas", 5)
    chamfer("predict", tmp_path / "fit/model.json", tmp_path / "data.csv",
            "--out", tmp_path / "predictions.csv")
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    for fit, column in zip(model["path"], predictions.columns[1:]):
        names = list(fit["coefficients"])
        expected = fit["intercept"] + table[names] @ list(fit["coefficients"].values())
        np.testing.assert_allclose(predictions[column], expected, rtol=1e-12, atol=1e-12)
