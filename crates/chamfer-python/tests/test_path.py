"""Paths: certificates that the data confirm, errors, names, frames, interruption."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from problems import RandomProblem
from scipy import sparse

import chamfer
from chamfer import families, penalties
from chamfer.exceptions import (
    BugError,
    ChamferError,
    ConstantTargetError,
    DesignError,
    InputError,
    NoSignalError,
    PenaltyError,
    TargetError,
    WeightError,
)


def python(code, **options):
    """Runs code in a new interpreter."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def data():
    problem = RandomProblem("dense", 0)
    return problem.X, problem.y


def loss_gradients(family, X, y, coefs, intercepts):
    """Derivatives of the mean loss in the coefficients, for each alpha."""
    eta = X @ coefs + intercepts
    mean = {"gaussian": lambda e: e, "binomial": lambda e: 1 / (1 + np.exp(-e)), "poisson": np.exp}[family](eta)
    residual = mean - y[:, None]
    np.testing.assert_allclose(residual.mean(axis=0), 0, atol=1e-6)
    return X.T @ residual / len(y)


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize("penalty", ["l1", "group", "mcp"])
def test_the_optimality_conditions_hold_in_numpy(family, penalty, data):
    X, eta = data
    X, eta = X / X.std(axis=0), (eta - eta.mean()) / eta.std()
    y = {"gaussian": eta, "binomial": (eta > 0).astype(float), "poisson": np.floor(np.exp(eta))}[family]
    groups = np.arange(15) // 3
    options = {"groups": groups} if penalty == "group" else {}
    result = chamfer.path(X, y, family=family, penalty=penalty, alphas=8, eps=0.2, tol=1e-10, **options)
    gradients = loss_gradients(family, X, y, result.coefs, result.intercepts)
    assert result.converged.all()
    for alpha, beta, gradient in zip(result.alphas, result.coefs.T, gradients.T, strict=True):
        if penalty == "group":
            for g in range(5):
                b, s = beta[groups == g], gradient[groups == g]
                strength = alpha * np.sqrt(3)
                if b.any():
                    np.testing.assert_allclose(s, -strength * b / np.linalg.norm(b), atol=1e-4)
                else:
                    assert np.linalg.norm(s) <= strength * (1 + 1e-5)
            continue
        used = beta != 0
        slope = np.full(15, alpha) if penalty == "l1" else np.maximum(alpha - np.abs(beta) / 3.0, 0)
        np.testing.assert_allclose(gradient[used], -(slope * np.sign(beta))[used], atol=1e-4)
        assert (np.abs(gradient[~used]) <= alpha * (1 + 1e-5)).all()


def test_gaps_bracket_the_optimum(data):
    X, y = data
    problem = RandomProblem("dense", 0)
    loose, exact = (chamfer.path(X, y, alphas=[0.3, 0.1], tol=tol) for tol in (0.5, 1e-12))
    for k in range(2):
        own = problem.objective(loose.coefs[:, k], loose.intercepts[k], loose.alphas[k])
        np.testing.assert_allclose(own, loose.objectives[k])
        assert exact.objectives[k] >= own - loose.dual_gaps[k] - 1e-12
        assert own >= exact.objectives[k] - 1e-12
    np.testing.assert_allclose(exact.relative_gaps, exact.dual_gaps / exact.objectives)


def test_arrays_have_scikit_learns_shapes(data):
    X, y = data
    result = chamfer.path(X, y, alphas=7)
    assert result.coefs.shape == (15, 7) and result.intercepts.shape == (7,) and len(result) == 7
    np.testing.assert_array_equal(result.sparse_coefs.toarray().T, result.coefs)
    np.testing.assert_array_equal(result.n_nonzero, (result.coefs != 0).sum(axis=0))
    several = chamfer.path(X, np.c_[y, -y], alphas=7)
    assert several.coefs.shape == (2, 15, 7) and several.intercepts.shape == (2, 7)
    assert several.predict(X, several.alphas[3]).shape == (40, 2)
    np.testing.assert_array_equal(several.n_nonzero, (several.coefs != 0).any(axis=0).sum(axis=0))
    classes = chamfer.path(X, np.digitize(y, [2, 4]), family="multinomial", alphas=5, eps=0.1)
    assert classes.coefs.shape == (3, 15, 5) and set(classes.predict(X, classes.alphas[-1])) <= {0, 1, 2}
    np.testing.assert_array_equal(several.alphas, np.sort(several.alphas)[::-1])
    assert "7 alphas" in repr(result)


def test_predictions_are_on_the_path_only(data):
    X, y = data
    result = chamfer.path(X, y, alphas=[0.1, 0.5])
    prediction = result.predict(X, 0.5)
    np.testing.assert_allclose(prediction, X @ result.coefs[:, 0] + result.intercepts[0])
    np.testing.assert_allclose(result.predict(sparse.csr_array(X), 0.5), prediction)
    for alpha in (0.3, -1.0, np.nan):
        with pytest.raises(ValueError, match="path"):
            result.predict(X, alpha)


def test_a_frame_has_everything(data):
    X, y = data
    frame = chamfer.path(pd.DataFrame(X).add_prefix("c"), y, alphas=5).to_frame()
    assert list(frame.columns[-15:]) == [f"c{j}" for j in range(15)] and frame.index.name == "alpha"
    assert frame["converged"].all() and len(frame) == 5
    several = chamfer.path(X, np.c_[y, y], alphas=3).to_frame()
    assert {"0:intercept", "1:x14"} <= set(several.columns)


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.DataFrame, lambda X: pa.table(dict(X.items())), lambda X: X.convert_dtypes()]
)
def test_frames_of_any_kind(make, data):
    X, y = data
    names = [f"column {j}" for j in range(15)]
    frame = make(pd.DataFrame(X, columns=names))
    result = chamfer.path(frame, y, alphas=5, penalty=penalties.L1(unpenalized=["column 3"]))
    assert result.feature_names == names and (result.coefs[3] != 0).all()
    np.testing.assert_allclose(result.coefs, chamfer.path(X, y, alphas=5, penalty=penalties.L1(unpenalized=[3])).coefs)
    np.testing.assert_allclose(result.predict(frame, result.alphas[2]), result.predict(X, result.alphas[2]))


def test_columns_that_hold_no_numbers_are_named():
    frame = pd.DataFrame({"age": [1.0, 2.0, 4.0], "city": ["a", "b", "c"]})
    with pytest.raises(DesignError, match="'city'"):
        chamfer.path(frame, [1.0, 2.0, 3.0])
    frame["city"] = [1.0, np.nan, 2.0]
    with pytest.raises(DesignError, match=r"\(1, 1\).*'city'") as caught:
        chamfer.path(frame, [1.0, 2.0, 3.0])
    assert (caught.value.row, caught.value.column) == (1, 1)


def test_errors_have_classes_and_say_what_to_do(data):
    X, y = data
    cases = [
        (TargetError, "40 rows, but y has 39", (X, y[1:]), {}),
        (DesignError, "dimensions", (X[0], y), {}),
        (DesignError, "not finite", (np.where(X > 2, np.inf, X), y), {}),
        (DesignError, "complex", (X + 1j, y), {}),
        (TargetError, "nan|NaN", (X, np.where(y > 3, np.nan, y)), {}),
        (ConstantTargetError, "in every row", (X, np.ones(40)), {}),
        (NoSignalError, "correlated", (np.ones((40, 2)), y), {}),
        (TargetError, "poisson", (X, -np.abs(y)), {"family": "poisson"}),
        (WeightError, "weight 0 is -1", (X, y), {"sample_weight": -np.ones(40)}),
        (WeightError, "shape", (X, y), {"sample_weight": np.ones(3)}),
        (WeightError, "offset", (X, y), {"offset": np.full(40, np.nan)}),
        (PenaltyError, "alpha is -1", (X, y), {"alphas": [-1.0]}),
        (InputError, "alphas", (X, y), {"alphas": 0.5}),
        (InputError, "tolerance", (X, y), {"tol": 2.0}),
        (ValueError, "n_jobs", (X, y), {"n_jobs": 0}),
        (PenaltyError, "q is 1.5", (X, y), {"penalty": penalties.Lq(1.5)}),
        (PenaltyError, "column 99", (X, y), {"penalty": penalties.Group([[0, 99]])}),
        (PenaltyError, "needs groups", (X, y), {"penalty": "group"}),
        (PenaltyError, "has none", (X, y), {"groups": np.arange(15)}),
        (PenaltyError, "bounds", (X, y), {"penalty": penalties.L1(lower=1.0)}),
        (InputError, "gamma|is 0.5", (X, y), {"penalty": penalties.MCP(0.5)}),
        (InputError, "l1 ratio", (X, y), {"penalty": penalties.ElasticNet(0.0)}),
        (InputError, "power", (X, np.abs(y)), {"family": families.Tweedie(3.0)}),
        (InputError, "must be one of gaussian", (X, y), {"family": "normal"}),
    ]
    for error, words, arguments, options in cases:
        with pytest.raises(error, match=words) as caught:
            chamfer.path(*arguments, **options)
        assert isinstance(caught.value, ValueError), words


def test_a_panic_is_a_bug_and_nothing_worse():
    result = python(
        """
        import chamfer._core, chamfer.exceptions
        try:
            chamfer._core._panic()
        except chamfer.exceptions.BugError as error:
            print(error)
        """
    )
    assert "report" in result.stdout and result.returncode == 0, result.stderr
    assert issubclass(BugError, ChamferError)


def test_bounds_weights_and_unpenalized_columns(data):
    X, y = data
    result = chamfer.path(X, y, penalty=penalties.L1(lower=-0.1, upper=np.full(15, 0.2)), alphas=5)
    assert result.coefs.min() >= -0.1 and result.coefs.max() == 0.2 and result.converged.all()
    weighted = chamfer.path(X, y, penalty=penalties.L1(weights=np.arange(15)), alphas=5)
    assert (weighted.coefs[0] != 0).all()
    adaptive = chamfer.path(X, y, penalty=penalties.Adaptive(weighted.coefs[:, -1]), alphas=5)
    assert not adaptive.coefs[weighted.coefs[:, -1] == 0].any()


def test_standardized_columns_have_one_scale(data):
    X, y = data
    scales = np.geomspace(1e-3, 1e3, 15)
    one = chamfer.path(X, y, alphas=5, standardize=True)
    other = chamfer.path(X * scales, y, alphas=5, standardize=True)
    np.testing.assert_allclose(other.coefs * scales[:, None], one.coefs, rtol=1e-6, atol=1e-9)


def test_groups_by_label_list_and_name(data):
    X, y = data
    labels = np.array(list("aabbbccccddddee"))
    lists = [np.flatnonzero(labels == label) for label in "abcde"]
    frame = pd.DataFrame(X).add_prefix("c")
    named = {label: [f"c{j}" for j in columns] for label, columns in zip("abcde", lists, strict=True)}
    # The frame lies in memory by columns, so its sums are rounded in another way: a step more or less, at the tolerance.
    results = [
        chamfer.path(X, y, penalty="group", groups=labels, alphas=5, tol=1e-12),
        chamfer.path(X, y, penalty="group", groups=lists, alphas=5, tol=1e-12),
        chamfer.path(frame, y, penalty=penalties.Group(named), alphas=5, tol=1e-12),
    ]
    for result in results[1:]:
        np.testing.assert_allclose(result.coefs, results[0].coefs, rtol=1e-9, atol=1e-12)
    for penalty in (penalties.SparseGroup(labels), penalties.Nested(labels), penalties.Group(labels, q=0.5)):
        result = chamfer.path(X, y, penalty=penalty, alphas=4, eps=0.2)
        assert result.converged.all() and (result.n_nonzero[1:] > 0).all()


def test_penalties_are_their_parameters():
    penalty = penalties.Group([[0, 1]], q=0.5)
    assert penalty == penalties.Group([[0, 1]], q=0.5) != penalties.Group([[0, 1]])
    assert repr(penalty) == "Group(groups=[[0, 1]], q=0.5)" and repr(penalties.L1()) == "L1()"
    assert penalty.set_params(q=1.0).q == 1.0
    with pytest.raises(ValueError, match="no parameter 'p'"):
        penalty.set_params(p=1)


def test_cox_targets_in_all_forms():
    rng = np.random.default_rng(0)
    X, times, events = rng.normal(size=(60, 4)), rng.exponential(size=60).round(1) + 0.1, rng.random(60) < 0.6
    structured = np.array(list(zip(events, times, strict=True)), dtype=[("e", bool), ("t", float)])
    first = chamfer.path(X, structured, family="cox", alphas=4, eps=0.2)
    second = chamfer.path(X, (times, events.astype(int)), family="cox", alphas=4, eps=0.2)
    np.testing.assert_array_equal(first.coefs, second.coefs)
    strata = chamfer.path(X, structured, family=families.Cox("efron", strata=["a", "b"] * 30), alphas=4, eps=0.2)
    assert strata.converged.all() and not np.allclose(strata.coefs, first.coefs)
    np.testing.assert_allclose(first.predict(X, first.alphas[-1]), np.exp(X @ first.coefs[:, -1]))


@pytest.mark.parametrize("penalty", [penalties.MCP(), penalties.SCAD(), penalties.Lq(0.5)])
def test_starts_of_a_path_lead_to_local_minima(penalty, data):
    X, y = data
    results = {
        start: chamfer.path(X, y, penalty=penalty, alphas=12, eps=0.02, standardize=True, start=start)
        for start in ("best", "previous", "convex", "dense-to-sparse")
    }
    for start, result in results.items():
        assert result.converged.all(), start
        assert (np.diff(result.alphas) < 0).all(), start
    # What a fit of one strength ends at does not depend on the others if it starts at the convex solution.
    at = results["convex"].alphas[7]
    model = chamfer.SparseRegressor(penalty=penalty, alpha=at, standardize=True, start="convex").fit(X, y)
    np.testing.assert_allclose(model.certificate_.objective, results["convex"].objectives[7], rtol=1e-6)
    objectives = {start: result.objectives.sum() for start, result in results.items()}
    assert len({round(total, 6) for total in objectives.values()}) > 1, "they differ somewhere"
    with pytest.raises(InputError, match="'dense-to-sparse'"):
        chamfer.path(X, y, penalty=penalty, start="sparse-to-dense")


def test_results_do_not_depend_on_threads(data):
    X, y = data
    one, many = (chamfer.path(X, y, n_jobs=jobs, penalty="mcp", alphas=10) for jobs in (1, 4))
    np.testing.assert_array_equal(one.coefs, many.coefs)


def test_other_threads_run_while_it_fits():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1000))
    y = X[:, :20].sum(axis=1) + rng.normal(size=500) > 0
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = len(ticks)
    chamfer.path(X, y, family="binomial", alphas=20, eps=0.05, n_jobs=1)
    during = len(ticks) - before
    done.set()
    thread.join()
    # With the lock held there would be one or two.
    assert during > 10


SLOW = """
    import sys, numpy as np, chamfer
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3000))
    y = X[:, :300].sum(axis=1) + rng.normal(size=2000) > 0
    print("ready", flush=True)
    try:
        chamfer.path(X, y, family="binomial", alphas=1000, eps=1e-3)
    except chamfer.exceptions.Interrupted as interrupted:
        print("stopped", 0 < len(interrupted.result) < 1000, interrupted.result.converged.all())
"""


def test_ctrl_c_ends_a_path_and_keeps_what_is_done():
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(3)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "stopped True True\n", err


def test_progress_is_shown_and_its_errors_are_raised(data, capsys):
    X, y = data
    chamfer.path(X, y, alphas=5, verbose=1)
    assert "5/5" in capsys.readouterr().err


def test_the_import_is_light():
    code = """
        import sys, numpy
        before = set(sys.modules)
        import chamfer
        X = numpy.eye(4)
        chamfer.path(X, [1.0, 2.0, 3.0, 5.0], alphas=2)
        chamfer.minimize(lambda x: (x @ x - x.sum(), 2 * x - 1), numpy.zeros(2), alpha=0.1)
        heavy = {"sklearn", "scipy", "pandas", "matplotlib", "joblib", "tqdm"}
        print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
    """
    assert python(code).stdout == "[]\n"


def test_a_path_is_drawn(data, tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    X, y = data
    figure, ax = plt.subplots()
    result = chamfer.path(pd.DataFrame(X).add_prefix("c"), y, alphas=20)
    assert result.plot(ax) is ax
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 20]
    assert len(drawn) == (result.coefs != 0).any(axis=1).sum()
    assert {text.get_text() for text in ax.texts} <= set(result.feature_names)
    figure.savefig(tmp_path / "path.png")
    plt.close(figure)
