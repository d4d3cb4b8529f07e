"""The judge on problems whose solutions are known: ``target/benchmarks/bin/python -m benchmarks.test_judge``."""

import numpy as np

from .judge import CONVEX, Judge
from .problems import Problem


def orthogonal(n=40, p=8):
    """Columns with XᵀX = n I, for which the lasso thresholds Xᵀy/n."""
    rng = np.random.default_rng(1)
    return np.linalg.qr(rng.standard_normal((n, p)))[0] * np.sqrt(n), rng


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def test_gap_is_zero_at_the_lasso_solution():
    X, rng = orthogonal()
    y = rng.standard_normal(40)
    judge = Judge(Problem("t", "lasso", X, y))
    lambdas = judge.lambda_max() * np.array([0.5, 0.1])
    solution = soft((X.T @ y / 40)[:, None], lambdas)
    assert np.all(np.abs(judge(solution, lambdas)["gap"]) < 1e-14)
    assert np.all(judge(solution * 1.01, lambdas)["gap"] > 1e-7)


def test_gap_is_zero_at_the_group_solution():
    X, rng = orthogonal()
    y = rng.standard_normal(40)
    judge = Judge(Problem("t", "group", X, y, group_size=4))
    alpha = 0.3 * judge.lambda_max()
    raw = (X.T @ y / 40).reshape(2, 4)
    norm = np.linalg.norm(raw, axis=1, keepdims=True)
    solution = (raw * np.maximum(1 - 2 * alpha / norm, 0)).reshape(8, 1)
    assert abs(judge(solution, [alpha])["gap"][0]) < 1e-14


def test_gaps_bound_the_suboptimality_and_vanish_above_lambda_max():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((30, 6))
    targets = {
        "lasso": rng.standard_normal(30), "group": rng.standard_normal(30),
        "logistic": rng.choice([-1.0, 1.0], 30), "multitask": rng.standard_normal((30, 2)),
        "cox": np.column_stack([rng.random(30), rng.random(30) < 0.7]),
    }  # fmt: skip
    for model in CONVEX:
        judge = Judge(Problem("t", model, X, targets[model], group_size=2 if model == "group" else 1))
        tasks = (2,) if model == "multitask" else ()
        zero = np.zeros((6, *tasks, 1))
        assert abs(judge(zero, [1.001 * judge.lambda_max()])["gap"][0]) < 1e-14, model
        alpha = [0.5 * judge.lambda_max()]
        some = 0.1 * rng.standard_normal((6, *tasks, 200))
        verdicts = judge(some, np.repeat(alpha, 200))
        # No objective is below any dual value.
        assert verdicts["objective"].min() >= (verdicts["objective"] - verdicts["gap"]).max(), model


def test_stationarity_where_the_penalty_is_not_convex():
    X, rng = orthogonal()
    y = X[:, 0] * 5 + 0.1 * rng.standard_normal(40)
    raw = X.T @ y / 40
    judge = Judge(Problem("t", "mcp", X, y))
    # Above γλ nothing is shrunk, and below λ all is.
    solution = np.where(np.abs(raw) > 3.0, raw, 0.0)[:, None]
    assert judge(solution, [1.0])["stationarity"][0] < 1e-14
    judge = Judge(Problem("t", "lhalf", X, y))
    b = raw[0]
    for _ in range(100):
        b = raw[0] - 1.0 / (2 * np.sqrt(b))
    solution = np.zeros((8, 1))
    solution[0] = b
    assert judge(solution, [1.0])["stationarity"][0] < 1e-14
    assert judge(solution * 1.1, [1.0])["stationarity"][0] > 1e-3


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name)
