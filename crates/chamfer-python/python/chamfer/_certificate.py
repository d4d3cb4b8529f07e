"""How optimal a solution is."""

from dataclasses import dataclass

__all__ = ["Certificate"]


@dataclass(frozen=True)
class Certificate:
    """What was proved of a solution, from the data alone.

    Attributes
    ----------
    objective : float
        The penalized loss, less the least that the loss can be.
    dual_gap : float
        ``objective`` is within this of the optimum: the duality gap. NaN where the penalty is not convex.
    relative_gap : float
        ``dual_gap`` as a fraction of ``objective``.
    stationarity : float
        The largest violation of first-order optimality, relative to ``alpha``.
    smallest_eigenvalue : float
        Of the Hessian on the coefficients that are not zero, where the penalty is not convex: above 0 at a
        strict local minimum. NaN for convex penalties.
    converged : bool
        Whether the tolerance that was asked for is met: by ``relative_gap`` where there is one, else by
        ``stationarity`` and ``smallest_eigenvalue``.
    """

    objective: float
    dual_gap: float
    relative_gap: float
    stationarity: float
    smallest_eigenvalue: float
    converged: bool
