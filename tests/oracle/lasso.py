"""The lasso's objective and duality gap, written from the formulas and sharing no code with Chamfer."""

import numpy as np


def column_scales(x, standardize):
    """What each |coefficient| is multiplied by in the penalty; 1 for a constant column."""
    if not standardize:
        return np.ones(x.shape[1])
    scales = x.std(axis=0)
    return np.where(scales > 0, scales, 1.0)


def objective(x, y, coefficients, intercept, alpha, scales):
    """1/(2n) ||y - Xb - c||^2 + alpha sum_j s_j |b_j|."""
    residual = y - x @ coefficients - intercept
    return residual @ residual / (2 * len(y)) + alpha * np.sum(scales * np.abs(coefficients))


def relative_gap(x, y, coefficients, intercept, alpha, scales):
    """Duality gap over objective, with the residual scaled to a feasible dual point."""
    n = len(y)
    residual = y - x @ coefficients - intercept
    residual = residual - residual.mean()
    # x is centred before the product: with raw columns, cancellation would spoil the certificate.
    correlation = (x - x.mean(axis=0)).T @ residual / n / scales
    theta = residual * min(1.0, alpha / np.abs(correlation).max())
    dual = ((y - y.mean()) @ theta - 0.5 * theta @ theta) / n
    primal = objective(x, y, coefficients, intercept, alpha, scales)
    return (primal - dual) / primal
