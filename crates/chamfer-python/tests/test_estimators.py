"""Estimators within scikit-learn: its own checks, searches, pipelines, frames, pickles, metadata."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from problems import RandomProblem
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import chamfer
from chamfer import families, penalties
from chamfer.exceptions import InputError, TargetError

NAMES = [name for name in chamfer.__all__ if chamfer._HOMES.get(name) == "_estimators"]
ESTIMATORS = [getattr(chamfer, name)() for name in NAMES]
GROUPS = np.arange(10) // 2


@parametrize_with_checks(
    [
        *ESTIMATORS,
        chamfer.SparseRegressor("poisson", alpha=0.01),
        chamfer.SparseRegressor("huber", penalties.MCP(), alpha=0.01),
        chamfer.SparseClassifier(family="multinomial"),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=NAMES)
def test_pickles_and_clones(estimator, tmp_path):
    X, y = load_diabetes(return_X_y=True)
    if "Classifier" in type(estimator).__name__:
        y = y > y.mean()
    if "MultiTask" in type(estimator).__name__:
        y = np.c_[y, -y]
    estimator = clone(estimator)
    if "alpha" in estimator.get_params():
        estimator.set_params(alpha=0.05)
    else:
        estimator.set_params(alphas=5, cv=3)
    estimator.fit(X, y)
    path = tmp_path / "model.joblib"
    joblib.dump(estimator, path)
    for again in (pickle.loads(pickle.dumps(estimator)), joblib.load(path)):
        np.testing.assert_array_equal(again.predict(X), estimator.predict(X))
        assert repr(again.certificate_) == repr(estimator.certificate_)
    assert not hasattr(clone(estimator), "coef_")


def test_searches_over_strengths_penalties_and_their_parameters():
    X, y = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), chamfer.SparseRegressor(penalty=penalties.Lq()))
    grid = {
        "sparseregressor__alpha": [0.1, 1.0],
        "sparseregressor__penalty__q": [0.5, 1.0],
    }
    search = GridSearchCV(model, grid, cv=3, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.4
    assert search.best_estimator_[-1].penalty.q == search.best_params_["sparseregressor__penalty__q"]
    grid = {"penalty": ["l1", penalties.MCP(), penalties.Group(GROUPS)], "alpha": [0.1]}
    assert GridSearchCV(chamfer.SparseRegressor(), grid, cv=3).fit(X, y).best_score_ > 0.4


def test_threads_and_processes_give_the_same():
    X, y = load_diabetes(return_X_y=True)
    scores = [cross_val_score(chamfer.LassoCV(alphas=20), X, y, cv=3, n_jobs=jobs) for jobs in (1, 2)]
    np.testing.assert_array_equal(*scores)
    with joblib.parallel_backend("threading"):
        np.testing.assert_array_equal(cross_val_score(chamfer.LassoCV(alphas=20), X, y, cv=3, n_jobs=2), scores[0])
    with joblib.parallel_backend("multiprocessing"):
        np.testing.assert_array_equal(cross_val_score(chamfer.LassoCV(alphas=20), X, y, cv=3, n_jobs=2), scores[0])
    ones, many = (chamfer.LassoCV(n_jobs=jobs).fit(X, y) for jobs in (1, 4))
    np.testing.assert_array_equal(ones.mse_path_, many.mse_path_)


def test_frames_give_names_to_columns():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    frames = [X, pl.DataFrame(X.to_dict("list")), X.astype(np.float32), X.convert_dtypes()]
    for frame in frames:
        model = chamfer.GroupLasso([["age", "sex"], ["bmi", "bp"], [*X.columns[4:]]], alpha=0.5).fit(frame, y)
        assert list(model.feature_names_in_) == list(X.columns)
        with_numbers = chamfer.GroupLasso([[0, 1], [2, 3], list(range(4, 10))], alpha=0.5).fit(X.to_numpy(), y)
        np.testing.assert_allclose(model.coef_, with_numbers.coef_, rtol=1e-4)
        assert model.predict(frame).shape == y.shape
    with pytest.raises(InputError, match="no column 'height'"):
        chamfer.SparseRegressor(penalty=penalties.L1(unpenalized=["height"])).fit(X, y)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[X.columns[::-1]])


def test_output_of_a_pipeline_can_be_a_frame():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), chamfer.Lasso(0.5)).set_output(transform="pandas").fit(X, y)
    assert list(model[-1].feature_names_in_) == list(X.columns)
    model = make_pipeline(StandardScaler(), chamfer.Lasso(0.5)).set_output(transform="polars").fit(X, y)
    assert list(model[-1].feature_names_in_) == list(X.columns)


def test_metadata_are_routed():
    X, y = load_diabetes(return_X_y=True)
    groups, weights = np.arange(len(y)) % 7, np.linspace(0.5, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = chamfer.LassoCV(alphas=5, cv=GroupKFold(7).set_split_request(groups=True))
        model.set_fit_request(sample_weight=True)
        assert model.fit(X, y, groups=groups, sample_weight=weights).mse_path_.shape == (5, 7)
        lasso = chamfer.Lasso().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(lasso, {"alpha": [0.1, 1.0]}, cv=3)
        weighted = search.fit(X, y, sample_weight=weights).best_estimator_
    np.testing.assert_allclose(
        weighted.coef_, chamfer.Lasso(search.best_params_["alpha"]).fit(X, y, weights).coef_, rtol=1e-6
    )


def test_families_predict_means():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    mean = np.exp(0.5 + X[:, 0] - 0.5 * X[:, 1])
    exposure = rng.uniform(0.5, 2.0, size=400)
    targets = {
        "poisson": rng.poisson(mean * exposure),
        "gamma": rng.gamma(3.0, mean * exposure / 3.0) + 1e-9,
        "negative-binomial": rng.poisson(rng.gamma(5.0, mean * exposure / 5.0)),
        "tweedie": rng.poisson(mean * exposure) * rng.gamma(4.0, 0.25, size=400),
    }
    for family, y in targets.items():
        model = chamfer.SparseRegressor(family, alpha=0.02).fit(X, y, offset=np.log(exposure))
        assert model.certificate_.converged
        np.testing.assert_allclose(model.coef_[:2], [1.0, -0.5], atol=0.15)
        np.testing.assert_allclose(
            model.predict(X, offset=np.log(exposure)), model.predict(X) * exposure, rtol=1e-9
        )
        # The derivative in the intercept is 0: predictions are right on the whole.
        if family == "poisson":
            np.testing.assert_allclose(model.predict(X, offset=np.log(exposure)).sum(), y.sum(), rtol=1e-6)
    with pytest.raises(TargetError, match="row|value"):
        chamfer.SparseRegressor("gamma").fit(X, np.zeros(400))


def test_huber_ignores_outliers():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 5))
    y = X[:, 0] + 0.1 * rng.normal(size=200)
    y[:10] += 1000.0
    robust = chamfer.SparseRegressor(families.Huber(0.5), alpha=0.01).fit(X, y)
    np.testing.assert_allclose(robust.coef_, [1, 0, 0, 0, 0], atol=0.1)


def test_several_responses():
    problem = RandomProblem("dense", 2, n_targets=3)
    model = chamfer.SparseRegressor(penalty=penalties.L1(across_outputs=True), alpha=problem.alpha(0.2))
    model.fit(problem.X, problem.y)
    reference = chamfer.MultiTaskLasso(problem.alpha(0.2)).fit(problem.X, problem.y)
    np.testing.assert_allclose(model.coef_, reference.coef_)
    # Without that each response has the lasso of its own.
    model = chamfer.SparseRegressor(alpha=0.3).fit(problem.X, problem.y)
    for k in range(3):
        of_one = chamfer.Lasso(0.3).fit(problem.X, problem.y[:, k]).coef_
        np.testing.assert_allclose(model.coef_[k], of_one, atol=1e-4)


def test_classes_may_be_anything():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = chamfer.SparseClassifier(alpha=0.01).fit(X, names)
    assert model.coef_.shape == (3, 4) and model.score(X, names) > 0.93
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    grouped = chamfer.SparseClassifier(penalties.L1(across_outputs=True), alpha=0.2).fit(X, names)
    assert {0, 3} >= set((grouped.coef_ != 0).sum(axis=0))
    two = chamfer.SparseClassifier(alpha=0.01).fit(X[y < 2], names[y < 2])
    assert two.coef_.shape == (1, 4) and two.intercept_.shape == (1,)
    hinge = chamfer.SparseClassifier(alpha=0.01, family="squared-hinge").fit(X[y < 2], names[y < 2])
    assert hinge.score(X[y < 2], names[y < 2]) == 1.0 and not hasattr(hinge, "predict_proba")
    with pytest.raises(TargetError, match="two"):
        chamfer.SparseClassifier(family="binomial").fit(X, names)


def test_class_weights_are_scikit_learns():
    X, y = load_breast_cancer(return_X_y=True)
    X, alpha = StandardScaler().fit_transform(X), 0.02
    model = chamfer.SparseClassifier(alpha=alpha, class_weight="balanced").fit(X, y)
    reference = LogisticRegression(
        l1_ratio=1.0, C=1 / (len(y) * alpha), solver="saga", class_weight="balanced", tol=1e-9, max_iter=10_000
    )
    np.testing.assert_allclose(model.coef_, reference.fit(X, y).coef_, atol=1e-4)


def test_classifiers_choose_their_strength():
    X, y = load_breast_cancer(return_X_y=True)
    for metric, worst in [("deviance", 0.0), ("accuracy", 0.93), ("auc", 0.97)]:
        model = chamfer.SparseClassifierCV(alphas=10, cv=3, standardize=True, metric=metric, rule="1se").fit(X, y)
        assert model.metric_path_.shape == (10, 3) and model.score(X, y) > 0.93
        assert model.alpha_ == model.alpha_1se_ >= model.alpha_best_
        if worst:
            assert model.metric_path_.mean(axis=1).max() > worst
    with pytest.raises(InputError, match="not defined"):
        chamfer.SparseClassifierCV(metric="concordance", alphas=3).fit(X, y)


def survival_data(n=200):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n, 8))
    times = rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 1])).round(2) + 0.01
    events = rng.random(n) < 0.7
    return X, times, events


def cox_objective(X, times, events, beta, alpha):
    """Breslow's, written row by row."""
    eta = X @ beta
    terms = [np.log(np.exp(eta[times >= times[i]]).sum()) - eta[i] for i in np.flatnonzero(events)]
    return np.sum(terms) / len(times) + alpha * np.abs(beta).sum()


def test_cox_takes_structured_arrays_and_minimizes_the_partial_likelihood():
    X, times, events = survival_data()
    y = np.array(list(zip(events, times, strict=True)), dtype=[("status", bool), ("days", float)])
    model = chamfer.CoxRegressor(alpha=0.05).fit(X, y)
    assert model.coef_[0] > 0.5 > 0 > model.coef_[1] and model.intercept_ == 0.0
    assert model.score(X, y) > 0.7
    best = cox_objective(X, times, events, model.coef_, 0.05)
    rng = np.random.default_rng(3)
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(20):
            moved = model.coef_ + size * rng.normal(size=8)
            assert cox_objective(X, times, events, moved, 0.05) >= best - 1e-9
    swapped = np.array(list(zip(times, events, strict=True)), dtype=[("days", float), ("status", bool)])
    np.testing.assert_array_equal(chamfer.CoxRegressor(alpha=0.05).fit(X, swapped).coef_, model.coef_)
    with pytest.raises(TargetError, match="booleans"):
        chamfer.CoxRegressor().fit(X, np.zeros(200, dtype=[("a", float), ("b", float)]))


def test_cox_is_cross_validated_and_searched():
    X, times, events = survival_data()
    y = np.array(list(zip(events, times, strict=True)), dtype=[("event", bool), ("time", float)])
    model = chamfer.CoxRegressorCV(alphas=10, cv=4).fit(X, y)
    assert model.metric_path_.shape == (10, 4) and model.metric_path_.mean(axis=1).max() > 0.65
    search = GridSearchCV(chamfer.CoxRegressor(), {"alpha": [0.01, 0.1]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.65


def test_pandas_series_and_masked_columns():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    mask = np.array(X.columns == "bmi")
    model = chamfer.SparseRegressor(penalty=penalties.L1(unpenalized=mask), alpha=100.0).fit(X, y)
    assert np.flatnonzero(model.coef_).tolist() == [2]
    weights = pd.Series(np.ones(len(y)))
    np.testing.assert_allclose(model.fit(X, y, sample_weight=weights).coef_[2], model.coef_[2])
