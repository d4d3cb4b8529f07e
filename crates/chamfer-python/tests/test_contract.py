"""What users of scikit-learn's linear models rely on: its public promises, in our words."""

import warnings

import numpy as np
import pytest
from problems import RandomProblem
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, ShuffleSplit

import chamfer
from chamfer import _data
from chamfer.exceptions import InputError, PenaltyError, TargetError

LINE = np.array([[-1.0], [0.0], [1.0]])
SINGLE = (chamfer.Lasso, chamfer.ElasticNet, chamfer.GroupLasso, chamfer.SparseRegressor)


@pytest.fixture
def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.mark.parametrize(("alpha", "coef"), [(0.1, 0.85), (0.5, 0.25), (1.0, 0.0)])
def test_lasso_on_a_line_has_the_solution_by_hand(alpha, coef):
    # ½·⅓·2(1 − b)² + α|b| is least at b = 1 − 3α/2.
    model = chamfer.Lasso(alpha).fit(LINE, LINE[:, 0])
    np.testing.assert_allclose(model.coef_, [coef], atol=1e-7)
    np.testing.assert_allclose(model.predict([[2.0], [3.0]]), [2 * coef, 3 * coef], atol=1e-6)
    assert model.dual_gap_ < 1e-8


@pytest.mark.parametrize(("ratio", "coef"), [(0.3, 0.50819672), (0.5, 0.45454545)])
def test_elastic_net_on_a_line_has_the_solution_by_hand(ratio, coef):
    # b = (⅔ − αρ)/(⅔ + α(1 − ρ)).
    model = chamfer.ElasticNet(0.5, l1_ratio=ratio).fit(LINE, LINE[:, 0])
    np.testing.assert_allclose(model.coef_, [coef], atol=1e-7)
    np.testing.assert_allclose(model.coef_, [(2 / 3 - 0.5 * ratio) / (2 / 3 + 0.5 * (1 - ratio))], atol=1e-7)


@pytest.mark.parametrize("estimator", SINGLE)
@pytest.mark.parametrize("value", [0.0, 4.0])
def test_a_constant_target_is_its_own_prediction(estimator, value):
    X = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 3.0]])
    model = estimator(alpha=0.1).fit(X, np.full(3, value))
    assert not model.coef_.any() and model.dual_gap_ == 0.0 and model.certificate_.converged
    np.testing.assert_array_equal(model.predict(X), value)
    assert not estimator(alpha=0.1).fit(np.zeros((3, 1)), [1.0, 2.0, 4.0]).coef_.any()


def test_a_constant_target_is_fine_for_cross_validation(diabetes):
    model = chamfer.LassoCV(alphas=5).fit(diabetes[0], np.full(len(diabetes[1]), 7.0))
    assert not model.coef_.any() and model.intercept_ == 7.0 and (model.mse_path_ == 0).all()


def test_without_a_penalty_lasso_is_least_squares_and_says_so(diabetes):
    X, y = diabetes
    with pytest.warns(UserWarning, match="LinearRegression"):
        model = chamfer.Lasso(alpha=0.0).fit(X, y)
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-5)


def test_all_coefficients_are_zero_from_the_largest_strength_on(diabetes):
    X, y = diabetes
    largest = np.abs(X.T @ (y - y.mean())).max() / len(y)
    model = chamfer.Lasso(largest * (1 + 1e-9)).fit(X, y)
    assert not model.coef_.any()
    np.testing.assert_allclose(model.intercept_, y.mean())
    assert np.count_nonzero(chamfer.Lasso(largest * 0.99).fit(X, y).coef_) == 1


def test_positive_coefficients_are_not_negative(diabetes):
    X, y = diabetes
    free, bound = chamfer.Lasso(0.05).fit(X, y), chamfer.Lasso(0.05, positive=True).fit(X, y)
    assert free.coef_.min() < 0 <= bound.coef_.min()
    assert chamfer.LassoCV(positive=True, alphas=10).fit(X, y).coef_.min() >= 0
    assert chamfer.ElasticNet(0.05, positive=True).fit(X, y).coef_.min() >= 0


def test_an_elastic_net_of_ratio_one_is_the_lasso(diabetes):
    lasso, net = chamfer.Lasso(0.3).fit(*diabetes), chamfer.ElasticNet(0.3, l1_ratio=1.0).fit(*diabetes)
    np.testing.assert_array_equal(lasso.coef_, net.coef_)


def test_a_ridge_is_refused_with_a_hint(diabetes):
    with pytest.raises(PenaltyError, match="Ridge"):
        chamfer.ElasticNet(l1_ratio=0.0).fit(*diabetes)
    with pytest.raises(PenaltyError, match="alpha is -1"):
        chamfer.Lasso(-1.0).fit(*diabetes)


def test_attributes_have_scikit_learns_shapes(diabetes):
    X, y = diabetes
    model = chamfer.Lasso(0.5).fit(X, y)
    assert model.coef_.shape == (10,) and isinstance(model.intercept_, float) and isinstance(model.n_iter_, int)
    assert sparse.issparse(model.sparse_coef_) and model.sparse_coef_.shape == (1, 10)
    np.testing.assert_array_equal(model.sparse_coef_.toarray()[0], model.coef_)
    model = chamfer.Lasso(0.5).fit(X, np.c_[y, -y, y])
    assert model.coef_.shape == (3, 10) and model.intercept_.shape == model.dual_gap_.shape == (3,)
    assert model.predict(X).shape == (len(y), 3) and len(model.n_iter_) == len(model.certificate_) == 3
    np.testing.assert_allclose(model.coef_[1], -model.coef_[0], rtol=1e-6)
    model = chamfer.Lasso(0.5, fit_intercept=False).fit(X, y)
    assert model.intercept_ == 0.0
    with pytest.warns(DataConversionWarning):
        chamfer.GroupLasso(alpha=0.5).fit(X, y[:, None])


def test_parameters_of_coordinate_descent_are_accepted(diabetes):
    X, y = diabetes
    plain = chamfer.Lasso(0.2).fit(X, y)
    model = chamfer.Lasso(
        0.2, precompute=True, copy_X=False, max_iter=500, random_state=3, selection="random"
    )
    for _ in range(2):
        np.testing.assert_array_equal(model.fit(X, y).coef_, plain.coef_)


def restartable(X, y):
    """Estimators with a warm start, and targets for each."""
    groups = np.arange(10) // 2
    return [
        (chamfer.Lasso(0.05), y),
        (chamfer.Lasso(0.05), np.c_[y, y**2 / 100]),
        (chamfer.ElasticNet(0.005), y),
        (chamfer.MultiTaskLasso(0.05), np.c_[y, y**2 / 100]),
        (chamfer.GroupLasso(groups, 0.05), y),
        (chamfer.SparseRegressor("poisson", alpha=0.1), y),
        (chamfer.SparseClassifier(alpha=1e-4), y > 140),
        (chamfer.SparseClassifier(alpha=1e-4), np.digitize(y, [100, 200])),
        (chamfer.CoxRegressor(alpha=1e-3), y),
    ]


def objectives(model):
    return np.array([certificate.objective for certificate in np.atleast_1d(model.certificate_)])


def steps(model):
    return np.sum(model.n_iter_)


@pytest.mark.parametrize("k", range(9))
def test_a_warm_start_saves_steps_and_changes_no_objective(k, diabetes):
    model, y = restartable(*diabetes)[k]
    X = diabetes[0]
    cold = steps(model.fit(X, y))
    reached = objectives(model)
    assert steps(model.fit(X, y)) == cold, "without a warm start a refit is the same fit"
    model.set_params(warm_start=True)
    again = model.fit(X, y)
    # One for each output is the least that is counted.
    assert steps(again) <= max(2, len(reached)) < cold
    np.testing.assert_allclose(objectives(again), reached, rtol=2e-8)
    assert all(certificate.converged for certificate in np.atleast_1d(again.certificate_))


def test_a_warm_start_of_another_shape_is_a_cold_start(diabetes):
    X, y = diabetes
    model = chamfer.Lasso(0.05, warm_start=True).fit(X[:, :6], y)
    cold = chamfer.Lasso(0.05).fit(X, y)
    model.fit(X, y)
    np.testing.assert_array_equal(model.coef_, cold.coef_)
    assert model.n_iter_ == cold.n_iter_
    several = np.c_[y, -y]
    np.testing.assert_array_equal(model.fit(X, several).coef_, chamfer.Lasso(0.05).fit(X, several).coef_)
    np.testing.assert_array_equal(model.fit(X, y).coef_, cold.coef_)
    # Nor does anything start where predictions overflow, or at what is no number.
    counts = chamfer.SparseRegressor("poisson", alpha=0.1, warm_start=True).fit(X, y)
    cold = counts.coef_.copy()
    for value in (1e6, np.nan):
        counts.coef_ = np.full(10, value)
        np.testing.assert_array_equal(counts.fit(X, y).coef_, cold)


@pytest.mark.parametrize("k", range(9))
def test_max_iter_ends_a_fit_with_the_gap_it_reached(k, diabetes):
    model, y = restartable(*diabetes)[k]
    X = diabetes[0]
    best = objectives(model.fit(X, y))
    needed = np.max(model.n_iter_)
    with pytest.warns(ConvergenceWarning, match=r"gap is \d.*The 1 Newton steps of max_iter"):
        model.set_params(max_iter=1).fit(X, y)
    certificates = np.atleast_1d(model.certificate_)
    assert np.max(model.n_iter_) == 1 and not any(certificate.converged for certificate in certificates)
    # What was reached is proved all the same.
    gaps = np.array([certificate.dual_gap for certificate in certificates])
    assert (objectives(model) >= best * (1 - 1e-8)).all() and (objectives(model) - gaps <= best * (1 + 1e-8)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(max_iter=int(needed)).fit(X, y)
    # In parts, each from the end of the one before.
    model.set_params(max_iter=1, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(100):
            model.fit(X, y)
    np.testing.assert_allclose(objectives(model), best, rtol=1e-7)


def test_max_iter_holds_for_cross_validation_and_penalties_that_are_not_convex(diabetes):
    X, y = diabetes
    for model in (chamfer.LassoCV(alphas=5, max_iter=1), chamfer.SparseRegressorCV(alphas=5, max_iter=1)):
        with pytest.warns(ConvergenceWarning, match="of 5 alphas.*The 1 Newton steps") as caught:
            model.fit(X, y)
        assert model.n_iter_ == 1 and caught[0].filename == __file__
    for penalty in ("mcp", "scad", chamfer.penalties.Lq(0.5)):
        model = chamfer.SparseRegressor(penalty=penalty, alpha=0.05)
        with pytest.warns(ConvergenceWarning, match=r"stationarity is \d.*The 1 Newton steps"):
            assert model.set_params(max_iter=1).fit(X, y).n_iter_ == 1


@pytest.mark.parametrize("max_iter", [0, -1, 2.5, "many", True])
def test_max_iter_is_a_number_of_steps(max_iter, diabetes):
    with pytest.raises(InputError, match="max_iter"):
        chamfer.Lasso(max_iter=max_iter).fit(*diabetes)


@pytest.mark.parametrize("estimator", SINGLE)
def test_the_order_and_kind_of_the_data_do_not_matter(estimator):
    problem = RandomProblem("sparse", 0)
    reference = estimator(alpha=0.2).fit(problem.dense, problem.y)
    sparse_kinds = [sparse.csc_array, sparse.csr_array, sparse.csr_matrix, sparse.csc_matrix]
    others = [np.asfortranarray, np.ascontiguousarray, lambda X: X.tolist(), lambda X: np.repeat(X, 2, axis=0)[::2]]
    for convert in [*others, *sparse_kinds]:
        model = estimator(alpha=0.2).fit(convert(problem.dense), problem.y)
        np.testing.assert_allclose(model.coef_, reference.coef_, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(model.predict(convert(problem.dense)), reference.predict(problem.dense))


def test_sparse_matrices_may_be_untidy():
    problem = RandomProblem("sparse", 2)
    reference = chamfer.Lasso(0.1).fit(problem.dense, problem.y).coef_
    X = sparse.csc_array(problem.dense)
    twice = sparse.csc_array(
        (np.r_[X.data / 2, X.data / 2], (np.tile(X.tocoo().coords[0], 2), np.tile(X.tocoo().coords[1], 2))), X.shape
    )
    wide = X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    unsorted = X.copy()
    for j in range(X.shape[1]):
        column = slice(*unsorted.indptr[j : j + 2])
        unsorted.indices[column] = unsorted.indices[column][::-1]
        unsorted.data[column] = unsorted.data[column][::-1]
    unsorted.has_sorted_indices = False
    before = unsorted.indices.copy()
    mixed = X.copy()
    mixed.indices, mixed.indptr = mixed.indices.astype(np.int32), mixed.indptr.astype(np.int64)
    for matrix in (twice, wide, mixed, unsorted, X.tocoo(), X.astype(np.float32), X.tocsr().astype(np.float32)):
        np.testing.assert_allclose(chamfer.Lasso(0.1).fit(matrix, problem.y).coef_, reference, atol=1e-6)
    np.testing.assert_array_equal(unsorted.indices, before)
    assert np.shares_memory(_data.as_design(mixed)[0].indices, mixed.indices)


def test_inputs_are_never_changed(diabetes):
    X, y = np.asfortranarray(diabetes[0]), diabetes[1].copy()
    weights = np.linspace(0, 1, len(y))
    for array in (X, y, weights):
        array.flags.writeable = False
    chamfer.Lasso(0.1, copy_X=False).fit(X, y, weights)
    chamfer.LassoCV(alphas=5, copy_X=False).fit(X, y, weights)


def test_coefficients_have_the_precision_of_the_data(diabetes):
    X, y = diabetes
    for dtype in (np.float32, np.float64):
        assert chamfer.Lasso(0.1).fit(X.astype(dtype), y).coef_.dtype == dtype
    assert chamfer.Lasso(0.1).fit(np.arange(12).reshape(6, 2), [1, 2, 2, 3, 4, 5]).coef_.dtype == np.float64


@pytest.mark.parametrize("estimator", SINGLE)
def test_weights_are_relative_counts(estimator, diabetes):
    X, y = diabetes
    counts = np.random.default_rng(0).integers(0, 4, size=len(y))
    model = estimator(alpha=0.3)
    weighted = model.fit(X, y, sample_weight=counts).coef_
    repeated = model.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts)).coef_
    np.testing.assert_allclose(weighted, repeated, rtol=1e-6)
    np.testing.assert_allclose(model.fit(X, y, sample_weight=1e3 * counts).coef_, weighted, rtol=1e-6)
    np.testing.assert_allclose(model.fit(X, y, sample_weight=2.5).coef_, model.fit(X, y).coef_, rtol=1e-6)


def test_shifts_of_the_data_go_to_the_intercept(diabetes):
    X, y = diabetes
    model, moved = chamfer.Lasso(0.1).fit(X, y), chamfer.Lasso(0.1).fit(X + 5.0, y - 3.0)
    np.testing.assert_allclose(moved.coef_, model.coef_, rtol=1e-5)
    np.testing.assert_allclose(moved.intercept_, model.intercept_ - 3.0 - 5.0 * model.coef_.sum(), rtol=1e-6)


def test_cross_validation_has_scikit_learns_shapes(diabetes):
    X, y = diabetes
    model = chamfer.LassoCV(alphas=20, cv=4).fit(X, y)
    assert model.alphas_.shape == (20,) and model.mse_path_.shape == (20, 4)
    assert (np.diff(model.alphas_) < 0).all() and np.isclose(model.alphas_[-1], 1e-3 * model.alphas_[0])
    assert model.alpha_ == model.alphas_[model.mse_path_.mean(axis=1).argmin()]
    np.testing.assert_allclose(model.coef_, chamfer.Lasso(model.alpha_).fit(X, y).coef_, rtol=1e-5, atol=1e-6)
    given = [0.1, 1.0, 0.01]
    model = chamfer.LassoCV(alphas=given).fit(X, y)
    np.testing.assert_array_equal(model.alphas_, [1.0, 0.1, 0.01])
    model = chamfer.ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=7).fit(X, y)
    assert model.alphas_.shape == (2, 7) and model.mse_path_.shape == (2, 7, 5) and model.l1_ratio_ in (0.5, 1.0)
    # The least strength without coefficients is inversely proportional to the ratio.
    np.testing.assert_allclose(model.alphas_[0], 2 * model.alphas_[1])
    assert chamfer.MultiTaskLassoCV(alphas=6, cv=3).fit(X, np.c_[y, y]).mse_path_.shape == (6, 3)


def test_any_splitter_will_do(diabetes):
    X, y = diabetes
    for cv in (ShuffleSplit(3, test_size=0.2, random_state=0), [(np.arange(300), np.arange(300, 442))]):
        model = chamfer.LassoCV(alphas=5, cv=cv).fit(X, y)
        assert model.mse_path_.shape[1] == (3 if isinstance(cv, ShuffleSplit) else 1)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        chamfer.LassoCV(cv=GroupKFold()).fit(X, y, groups=np.arange(len(y)) % 5)


def test_held_out_errors_are_those_of_fits_without_the_fold(diabetes):
    X, y = diabetes
    train, test = np.arange(300), np.arange(300, 442)
    model = chamfer.LassoCV(alphas=[1.0, 0.1], cv=[(train, test)]).fit(X, y)
    for alpha, error in zip(model.alphas_, model.mse_path_[:, 0], strict=True):
        fit = chamfer.Lasso(alpha).fit(X[train], y[train])
        np.testing.assert_allclose(error, ((y[test] - fit.predict(X[test])) ** 2).mean(), rtol=1e-5)


def test_several_targets_are_sent_to_the_multi_task_lasso(diabetes):
    X, y = diabetes
    with pytest.raises(TargetError, match="MultiTaskLassoCV"):
        chamfer.LassoCV().fit(X, np.c_[y, y])
    for estimator in (chamfer.MultiTaskLasso(), chamfer.MultiTaskLassoCV()):
        with pytest.raises(TargetError, match="use Lasso"):
            estimator.fit(X, y)


def test_equal_tasks_get_equal_coefficients():
    model = chamfer.MultiTaskLasso(0.1).fit(LINE, np.c_[LINE, LINE])
    np.testing.assert_allclose(model.coef_[0], model.coef_[1])
    # Two equal tasks: ½·⅔·2(1 − b)²·½… = per task b = 1 − 3α/(2√2).
    np.testing.assert_allclose(model.coef_[:, 0], 1 - 1.5 * 0.1 / np.sqrt(2), rtol=1e-6)
    assert model.coef_.shape == (2, 1) and model.intercept_.shape == (2,)


def test_a_task_selects_its_columns_for_all():
    problem = RandomProblem("dense", 3, n_targets=4)
    model = chamfer.MultiTaskLasso(problem.alpha(0.3)).fit(problem.X, problem.y)
    used = (model.coef_ != 0).any(axis=0)
    assert 0 < used.sum() < len(used) and (model.coef_[:, used] != 0).all()


def test_a_tolerance_out_of_reach_warns_with_the_gap(diabetes):
    with pytest.warns(ConvergenceWarning, match=r"relative duality gap is \d"):
        model = chamfer.Lasso(0.1, tol=1e-300).fit(*diabetes)
    assert not model.certificate_.converged and model.certificate_.relative_gap < 1e-10
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chamfer.Lasso(0.1).fit(*diabetes).certificate_.converged


def test_bad_parameters_are_value_errors_that_say_which(diabetes):
    for estimator, word in [
        (chamfer.Lasso(tol=0.0), "tolerance"),
        (chamfer.LassoCV(alphas=0), "alphas"),
        (chamfer.LassoCV(alphas=[-1.0]), "alpha"),
        (chamfer.LassoCV(eps=2.0), "ratio"),
        (chamfer.SparseRegressor("binom"), "binomial"),
        (chamfer.SparseRegressor("binomial"), "SparseClassifier"),
        (chamfer.SparseRegressor(penalty="l2"), "l1"),
        (chamfer.SparseRegressorCV(metric="r2"), "deviance"),
        (chamfer.SparseRegressorCV(rule="2se"), "1se"),
        (chamfer.GroupLasso([[0, 1], [10]]), "column 10"),
        (chamfer.GroupLasso([[0, 1]]), "column 2"),
        (chamfer.GroupLasso(["a", "b"]), "10 columns"),
    ]:
        with pytest.raises(InputError, match=word) as caught:
            estimator.fit(*diabetes)
        assert isinstance(caught.value, ValueError)
