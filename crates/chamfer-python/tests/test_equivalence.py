"""The same objectives as scikit-learn's estimators, on random problems of all kinds."""

import warnings

import numpy as np
import pytest
from problems import CASES, RandomProblem, assert_same_objective
from sklearn import linear_model

import chamfer

EXACT = {"tol": 1e-14, "max_iter": 1_000_000}


def theirs(estimator, problem, **fit):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # In double precision, whatever that of ours.
        X = problem.X.astype(np.float64)
        return estimator.fit(X, problem.y, **fit)


def of_weights(problem):
    return {} if problem.weights is None else {"sample_weight": problem.weights}


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_lasso(kind, seed):
    problem = RandomProblem(kind, seed)
    alpha = problem.alpha([0.5, 0.2, 0.1, 0.05, 0.02][seed])
    ours = chamfer.Lasso(alpha, **problem.options).fit(problem.X, problem.y, **of_weights(problem))
    reference = theirs(linear_model.Lasso(alpha, **problem.options, **EXACT), problem, **of_weights(problem))
    assert_same_objective(
        problem.objective(ours.coef_, ours.intercept_, alpha),
        problem.objective(reference.coef_, reference.intercept_, alpha),
    )
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=1e-3)
    assert ours.certificate_.converged and ours.certificate_.relative_gap <= 1e-8
    assert ours.coef_.shape == reference.coef_.shape and ours.coef_.dtype == problem.X.dtype


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_elastic_net(kind, seed):
    problem = RandomProblem(kind, seed)
    ratio = [0.9, 0.7, 0.5, 0.3, 0.1][seed]
    alpha = problem.alpha(0.1) / ratio
    options = {"l1_ratio": ratio, **problem.options}
    ours = chamfer.ElasticNet(alpha, **options).fit(problem.X, problem.y, **of_weights(problem))
    reference = theirs(linear_model.ElasticNet(alpha, **options, **EXACT), problem, **of_weights(problem))
    assert_same_objective(
        problem.objective(ours.coef_, ours.intercept_, alpha, ratio),
        problem.objective(reference.coef_, reference.intercept_, alpha, ratio),
    )
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=1e-3)


@pytest.mark.parametrize(("kind", "seed"), [case for case in CASES if case[0] != "positive"])
def test_multi_task_lasso(kind, seed):
    problem = RandomProblem(kind, seed, n_targets=3)
    alpha = problem.alpha(0.1)
    ours = chamfer.MultiTaskLasso(alpha, **problem.options)
    ours.fit(problem.X, problem.y, **of_weights(problem))
    objective = problem.objective(ours.coef_, ours.intercept_, alpha)
    if kind == "weighted":
        # Theirs has no weights: rows that are scaled by their roots, with a column for the intercept removed.
        w = problem.weights / problem.weights.sum()
        problem.dense = problem.X = np.sqrt(w * len(w))[:, None] * (problem.X - w @ problem.X)
        problem.y = np.sqrt(w * len(w))[:, None] * (problem.y - w @ problem.y)
        problem.weights, problem.options = None, {"fit_intercept": False}
    if kind == "sparse":
        problem.X = problem.dense
    reference = theirs(linear_model.MultiTaskLasso(alpha, **problem.options, **EXACT), problem)
    assert_same_objective(objective, problem.objective(reference.coef_, reference.intercept_, alpha))
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=1e-3)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_lasso_cv(kind, seed):
    problem = RandomProblem(kind, seed)
    options = {"alphas": 12, "eps": 0.05, "cv": 3, **problem.options}
    ours = chamfer.LassoCV(**options).fit(problem.X, problem.y, **of_weights(problem))
    reference = theirs(linear_model.LassoCV(**options, **EXACT), problem, **of_weights(problem))
    if kind == "positive":
        # Theirs begins its grid where a negative coefficient would come in, which may be too early.
        grid = reference.alphas_
        ours = chamfer.LassoCV(**{**options, "alphas": grid}).fit(problem.X, problem.y)
    np.testing.assert_allclose(ours.alphas_, reference.alphas_, rtol=1e-5)
    np.testing.assert_allclose(ours.mse_path_, reference.mse_path_, rtol=1e-3)
    np.testing.assert_allclose(ours.alpha_, reference.alpha_, rtol=1e-5)
    assert_same_objective(
        problem.objective(ours.coef_, ours.intercept_, ours.alpha_),
        problem.objective(reference.coef_, reference.intercept_, ours.alpha_),
        1e-7,
    )


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_elastic_net_cv(kind, seed):
    problem = RandomProblem(kind, seed)
    grid = problem.alpha(1.0) * np.geomspace(2.0, 0.05, 8)
    options = {"alphas": grid, "cv": 3, "l1_ratio": [0.3, 0.8], **problem.options}
    ours = chamfer.ElasticNetCV(**options).fit(problem.X, problem.y, **of_weights(problem))
    reference = theirs(linear_model.ElasticNetCV(**options, **EXACT), problem, **of_weights(problem))
    np.testing.assert_allclose(ours.mse_path_, reference.mse_path_, rtol=1e-3)
    assert (ours.alpha_, ours.l1_ratio_) == (reference.alpha_, reference.l1_ratio_)
    np.testing.assert_allclose(ours.alphas_, reference.alphas_)
    assert_same_objective(
        problem.objective(ours.coef_, ours.intercept_, ours.alpha_, ours.l1_ratio_),
        problem.objective(reference.coef_, reference.intercept_, ours.alpha_, ours.l1_ratio_),
    )


@pytest.mark.parametrize("seed", range(5))
def test_multi_task_lasso_cv(seed):
    problem = RandomProblem("dense", seed, n_targets=2)
    options = {"alphas": 8, "eps": 0.1, "cv": 3}
    ours = chamfer.MultiTaskLassoCV(**options).fit(problem.X, problem.y)
    reference = theirs(linear_model.MultiTaskLassoCV(**options, **EXACT), problem)
    np.testing.assert_allclose(ours.alphas_, reference.alphas_)
    np.testing.assert_allclose(ours.mse_path_, reference.mse_path_, rtol=1e-3)
    assert_same_objective(
        problem.objective(ours.coef_, ours.intercept_, ours.alpha_),
        problem.objective(reference.coef_, reference.intercept_, ours.alpha_),
    )


def logistic_objective(problem, coef, intercept, classes, alpha):
    coef = coef.astype(np.float64)
    predictor = problem.dense @ coef.T + intercept
    if predictor.shape[1] == 1:
        predictor = np.hstack([np.zeros_like(predictor), predictor])
    own = np.take_along_axis(predictor, classes[:, None], axis=1)[:, 0]
    most = predictor.max(axis=1)
    log_sum = most + np.log(np.exp(predictor - most[:, None]).sum(axis=1))
    return problem._normalized_weights() @ (log_sum - own) + alpha * np.abs(coef).sum()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind, seed in CASES if kind != "positive" and seed in (0, 2, 4)]
)
def test_logistic_regression(kind, seed, n_classes):
    problem = RandomProblem(kind, seed)
    classes = np.digitize(problem.y, np.quantile(problem.y, np.arange(1, n_classes) / n_classes))
    alpha = 0.03
    ours = chamfer.SparseClassifier(alpha=alpha, **problem.options)
    ours.fit(problem.X, classes, **of_weights(problem))
    problem.y = classes
    total = len(classes) if problem.weights is None else problem.weights.sum()
    reference = linear_model.LogisticRegression(
        l1_ratio=1.0, C=1.0 / (total * alpha), solver="saga", tol=1e-9, max_iter=100_000, random_state=0,
        **problem.options,
    )  # fmt: skip
    reference = theirs(reference, problem, **of_weights(problem))
    own = logistic_objective(problem, ours.coef_, ours.intercept_, classes, alpha)
    other = logistic_objective(problem, reference.coef_, reference.intercept_, classes, alpha)
    assert_same_objective(own, other)
    np.testing.assert_allclose(ours.predict_proba(problem.X), reference.predict_proba(problem.dense), atol=1e-3)
