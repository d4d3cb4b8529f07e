"""Sparse minimization of objectives of the user, and the catalogue on arrays."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import chamfer
from chamfer import parametrizations, penalties
from chamfer.exceptions import InputError, OptimizationError, PenaltyError

GROUPS = [[0, 1, 2], [3, 4], [5]]


def quadratic(n=30, p=6, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, p))
    b = A[:, 0] - 2 * A[:, 3] + 0.1 * rng.normal(size=n)

    def value_and_grad(x):
        residual = A @ x - b
        return 0.5 * residual @ residual / n, A.T @ residual / n

    return A, b, value_and_grad


@pytest.mark.parametrize("method", ["lbfgs", "trust-region", "newton-cg", "nonlinear-cg"])
def test_it_finds_the_lasso(method):
    A, b, f = quadratic()
    result = chamfer.minimize(f, np.zeros(6), "l1", 0.2, method=method)
    reference = chamfer.path(A, b, alphas=[0.2], fit_intercept=False, tol=1e-12).coefs[:, 0]
    np.testing.assert_allclose(result.x, reference, atol=1e-5)
    np.testing.assert_array_equal(result.x == 0, reference == 0)
    assert result.success and result.stationarity <= 1e-6 and result.smallest_eigenvalue > 0
    np.testing.assert_allclose(result.fun, f(result.x)[0] + 0.2 * np.abs(result.x).sum())


@pytest.mark.parametrize(
    "penalty",
    [
        "mcp", penalties.SCAD(), penalties.Lq(2 / 3), penalties.NonNegative(), penalties.Group(GROUPS),
        penalties.SparseGroup(GROUPS, 0.3), penalties.L1(weights=[1, 2, 3, 0, 1, 1], unpenalized=[0]),
        penalties.Group([[4, 0], [1, 3, 2], [5]], weights=[1.0, 2.0, 0.0]), penalties.Adaptive([1, 2, 0.1, -1, 0.2, 1]),
    ],
)  # fmt: skip
def test_penalties_mean_the_same_as_for_paths(penalty):
    A, b, f = quadratic()
    result = chamfer.minimize(f, np.full(6, 0.1), penalty, 0.1)
    path = chamfer.path(A, b, penalty=penalty, alphas=[0.1], fit_intercept=False)
    assert result.success
    # Both are local minima; that of the path is the lower one where they differ.
    assert path.objectives[0] <= result.fun + 1e-8
    if penalty not in ("mcp", penalties.SCAD(), penalties.Lq(2 / 3)):
        np.testing.assert_allclose(result.x, path.coefs[:, 0], atol=1e-5)


def test_parts_have_penalties_and_strengths_of_their_own():
    A, b, f = quadratic()
    parts = [(None, 1), (penalties.L1(), 3, 0.4), (parametrizations.GroupProduct([[0, 1]]), 2, 0.1)]
    result = chamfer.minimize(f, np.zeros(6), parts)
    assert result.success and result.x[0] != 0
    gradient = f(result.x)[1]
    assert abs(gradient[0]) < 1e-6
    used = result.x[1:4] != 0
    np.testing.assert_allclose(gradient[1:4][used], -0.4 * np.sign(result.x[1:4][used]), atol=1e-6)
    with pytest.raises(PenaltyError, match="4 coefficients, but x0 has 6"):
        chamfer.minimize(f, np.zeros(6), [("l1", 4)])


def test_shapes_and_hessian_products_are_the_users():
    A, b, f = quadratic()

    def matrix(W):
        assert W.shape == (2, 3)
        value, gradient = f(W.ravel())
        return value, gradient.reshape(2, 3)

    calls = []

    def product(W, D):
        calls.append(1)
        return (A.T @ (A @ D.ravel()) / 30).reshape(2, 3)

    result = chamfer.minimize(matrix, np.zeros((2, 3)), "l1", 0.2, method="trust-region", hess_prod=product)
    assert result.x.shape == (2, 3) and calls
    np.testing.assert_allclose(result.x.ravel(), chamfer.minimize(f, np.zeros(6), "l1", 0.2).x, atol=1e-5)


def test_what_the_objective_raises_is_raised():
    class Mine(Exception):
        pass

    def broken(x):
        raise Mine("here")

    with pytest.raises(Mine, match="here"):
        chamfer.minimize(broken, np.zeros(2))
    with pytest.raises(KeyboardInterrupt):
        chamfer.minimize(lambda x: (_ for _ in ()).throw(KeyboardInterrupt()), np.zeros(2))
    with pytest.raises(InputError, match="length 3, but the point has length 2"):
        chamfer.minimize(lambda x: (0.0, np.zeros(3)), np.zeros(2))
    with pytest.raises(OptimizationError, match="not finite"):
        chamfer.minimize(lambda x: (np.nan, x), np.ones(2))
    with pytest.raises(InputError, match="method"):
        chamfer.minimize(lambda x: (0.0, x), np.zeros(2), method="adam")
    with pytest.raises(PenaltyError, match="in no group"):
        chamfer.minimize(lambda x: (0.0, x), np.zeros(3), penalties.Group([[0, 1]]))


def test_a_gradient_that_lies_is_found_out():
    with pytest.warns(ConvergenceWarning, match="gradient"):
        result = chamfer.minimize(lambda x: (((x - 1) ** 2).sum(), x + 1.0), np.full(2, 0.5), "l1", 0.1, max_iter=50)
    assert not result.success


def test_torch_tensors_are_taken():
    class Tensor:  # what is used of PyTorch's
        def __init__(self, values):
            self.values = values

        def detach(self):
            return self

        def cpu(self):
            return self

        def numpy(self):
            return self.values

        def __float__(self):
            return float(self.values)

    _, _, f = quadratic()
    result = chamfer.minimize(lambda x: tuple(map(Tensor, f(x))), np.zeros(6), "l1", 0.2)
    np.testing.assert_allclose(result.x, chamfer.minimize(f, np.zeros(6), "l1", 0.2).x)


ROWS = [
    parametrizations.HPP(), parametrizations.HDP(), parametrizations.HPPk(3), parametrizations.HDPk(2.5),
    parametrizations.Power(3), parametrizations.SharedProduct(3.5), parametrizations.MCP(), parametrizations.SCAD(),
    parametrizations.GroupProduct(GROUPS), parametrizations.GroupProduct(GROUPS, 3),
    parametrizations.GroupPower(GROUPS, 3.5), parametrizations.Nested(GROUPS, 2, 1),
    parametrizations.SparseGroup(GROUPS), parametrizations.MatrixProduct(2, 3), parametrizations.Unpenalized(),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_rows_of_the_catalogue_keep_their_word(row):
    rng = np.random.default_rng(1)
    beta = rng.normal(size=6)
    for factors in (row.lift(beta), row.start(beta)):
        assert factors.shape == (row.n_factors(6),)
        np.testing.assert_allclose(row.collapse(factors, 6), beta, atol=1e-9)
    # Balanced factors attain the minimum, others do not.
    np.testing.assert_allclose(row.surrogate(row.lift(beta), 6, 0.7), row.penalty(beta, 0.7))
    other = row.lift(beta) * rng.uniform(0.5, 2.0, size=row.n_factors(6))
    assert row.surrogate(other, 6) >= row.penalty(row.collapse(other, 6)) - 1e-12
    # The gradient is that of a linear loss and the surrogate, by differences.
    slope = rng.normal(size=6)

    def smooth(factors):
        return slope @ row.collapse(factors, 6) + row.surrogate(factors, 6, 0.7)

    gradient = row.pullback(other, slope, 0.7)
    for k in range(len(other)):
        step = 1e-6 * np.eye(len(other))[k]
        difference = (smooth(other + step) - smooth(other - step)) / 2e-6
        np.testing.assert_allclose(gradient[k], difference, rtol=1e-5, atol=1e-7)


def test_stationarity_is_zero_at_a_solution():
    _, _, f = quadratic()
    x = chamfer.minimize(f, np.zeros(6), "l1", 0.2).x
    assert parametrizations.HPP().stationarity(x, f(x)[1], 0.2) < 1e-6
    assert parametrizations.HPP().stationarity(x + 0.1, f(x + 0.1)[1], 0.2) > 1e-2


def test_the_catalogue_describes_itself():
    rows = parametrizations.catalogue()
    assert len(rows) == 16 and {"map", "surrogate", "penalty", "source"} <= set(rows[0])
    assert "Hpp" in repr(parametrizations.HPP()) and parametrizations.HPP().facts in rows
    with pytest.raises(PenaltyError):
        parametrizations.HPPk(1)
    with pytest.raises(InputError, match="length"):
        parametrizations.HPP().collapse(np.ones(3), 2)
