"""Cox's model, its refits and concordance against scikit-survival."""

import json

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from test_regression import regress

pytestmark = pytest.mark.filterwarnings("ignore")

N, P = 150, 10


def survival(seed, ties):
    """Columns, times (whole numbers with many ties, or none) and events."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, P))
    x[:, 1] = 0.7 * x[:, 0] + 0.7 * x[:, 1]
    eta = 0.8 * x[:, 0] - 0.6 * x[:, 2] + 0.4 * x[:, 5]
    time = rng.exponential(np.exp(-eta))
    time = np.ceil(6 * time) if ties else time
    event = rng.random(N) < 0.7
    return x, time, event


def structured(time, event):
    return np.array(list(zip(event, time)), dtype=[("event", bool), ("time", float)])


def breslow(x, time, event, b):
    """The mean negative log partial likelihood, with ties by Breslow."""
    eta = x @ b
    terms = [np.log(np.exp(eta[time >= t]).sum()) - e for t, e in zip(time[event], eta[event])]
    return sum(terms) / len(time)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("ties", [False, True])
def test_paths_are_those_of_coxnet(ties, l1_ratio):
    """Coxnet has ties by Breslow, the loss over n, and the penalty of glmnet's elastic net."""
    from sksurv.linear_model import CoxnetSurvivalAnalysis

    x, time, event = survival(1, ties)
    lambdas = [0.1, 0.05, 0.02, 0.005]
    peer = CoxnetSurvivalAnalysis(alphas=lambdas, l1_ratio=l1_ratio, tol=1e-14, max_iter=1_000_000)
    peer.fit(x, structured(time, event))
    points = regress(
        x=x.tolist(), y=time.tolist(), events=event.tolist(), family="cox", lambdas=lambdas, l1_ratio=l1_ratio
    )

    def objective(b, alpha):
        return breslow(x, time, event, b) + alpha * (
            l1_ratio * np.abs(b).sum() + (1 - l1_ratio) / 2 * b @ b
        )

    for k, point in enumerate(points):
        assert point["converged"] and point["relative_gap"] < 1e-9
        b = np.array(point["coefficients"][0])
        ours, theirs = (objective(beta, lambdas[k]) for beta in (b, peer.coef_[:, k]))
        assert ours <= theirs + 1e-9 * abs(theirs), (lambdas[k], ours, theirs)
        np.testing.assert_allclose(b, peer.coef_[:, k], atol=1e-4)


@pytest.mark.parametrize("efron", [False, True])
def test_strata_are_a_sum_of_partial_likelihoods(efron):
    """scikit-survival has no strata; the sum over them is minimized by cvxpy."""
    x, time, event = survival(5, ties=True)
    strata = np.arange(N) % 3
    request = dict(x=x.tolist(), y=time.tolist(), events=event.tolist(), efron=efron, family="cox")
    points = regress(strata=strata.tolist(), lambdas=[0.05, 0.01], **request)
    b, alpha = cp.Variable(P), cp.Parameter(nonneg=True)
    eta, terms = x @ b, []
    for stratum in range(3):
        inside = strata == stratum
        for t in np.unique(time[event & inside]):
            risk = np.flatnonzero(inside & (time >= t))
            dying = np.flatnonzero(inside & event & (time == t))
            for rank in range(len(dying)):
                left = np.where(np.isin(risk, dying), np.log1p(-rank / len(dying)), 0) * efron
                terms.append(cp.log_sum_exp(eta[risk] + left))
            terms.append(-cp.sum(eta[dying]))
    problem = cp.Problem(cp.Minimize(cp.sum(cp.hstack(terms)) / N + alpha * cp.norm1(b)))
    for point in points:
        alpha.value = point["lambda"]
        options = dict(tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
        best = problem.solve(solver=cp.CLARABEL, **options)
        b.value = np.array(point["coefficients"][0])
        assert point["converged"] and problem.objective.value <= best + 1e-7 * abs(best)


@pytest.mark.parametrize("efron", [False, True])
def test_refits_are_those_of_the_unpenalized_model(efron):
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    x, time, event = survival(2, ties=True)
    points = regress(
        x=x.tolist(), y=time.tolist(), events=event.tolist(), efron=efron, family="cox",
        lambdas=[0.1, 0.03], penalty="l1",
    )
    refits = regress(
        x=x.tolist(), y=time.tolist(), events=event.tolist(), efron=efron, family="cox",
        lambdas=[0.1, 0.03], penalty="l1", relax=True,
    )
    for point, refit in zip(points, refits):
        support = np.flatnonzero(point["coefficients"][0])
        peer = CoxPHSurvivalAnalysis(ties="efron" if efron else "breslow", tol=1e-14, n_iter=200)
        peer.fit(x[:, support], structured(time, event))
        ours = np.array(refit["coefficients"][0])[support]
        np.testing.assert_allclose(ours, peer.coef_, atol=1e-6)


@pytest.mark.parametrize("ties", [False, True])
def test_concordance_is_that_of_scikit_survival(ties):
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.metrics import concordance_index_censored

    x, time, event = survival(3, ties)
    folds = np.arange(N) % 3
    lambdas = [0.08, 0.03]
    (of_folds, _, _), _ = regress(
        x=x.tolist(), y=time.tolist(), events=event.tolist(), family="cox", lambdas=lambdas,
        folds=folds.tolist(), metric="concordance",
    )
    for fold in range(3):
        train, test = folds != fold, folds == fold
        peer = CoxnetSurvivalAnalysis(alphas=lambdas, l1_ratio=1.0, tol=1e-12, max_iter=1_000_000)
        peer.fit(x[train], structured(time, event)[train])
        for k in range(2):
            risk = x[test] @ peer.coef_[:, k]
            expected = concordance_index_censored(event[test], time[test], risk)[0]
            assert of_folds[fold][k] == pytest.approx(expected, abs=1e-9)


def test_the_command_line_fits_the_same_model(chamfer, tmp_path):
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    x, time, event = survival(4, ties=True)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(P)]).assign(days=time, died=event.astype(int))
    data, out = tmp_path / "data.csv", tmp_path / "fit"
    frame.to_csv(data, index=False)
    options = ["--family", "cox", "--time", "days", "--event", "died", "--ties", "efron"]
    chamfer("fit", data, *options, "--lambda", 0.05, "--relax", "--out", out)
    (record,) = json.loads((out / "model.json").read_text())["path"]
    support = sorted(record["coefficients"])
    peer = CoxPHSurvivalAnalysis(ties="efron", tol=1e-14, n_iter=200)
    peer.fit(frame[support].to_numpy(), structured(time, event))
    ours = [record["relaxed"]["coefficients"][name] for name in support]
    np.testing.assert_allclose(ours, peer.coef_, atol=1e-6)
