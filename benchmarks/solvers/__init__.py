"""Solvers behind one small interface, each in a module that imports its package only when it is used.

A solver has a name, the tolerances of its sweep from loose to tight, ``handles(problem)``, and is made from a
problem and a number of threads. Then ``fit(lambdas, tol)`` is what is timed, and ``read(fit)`` gives coefficients of
shape (p, k) or (p, tasks, k) and, where the solver reports them, its own relative gaps.
"""

from importlib import import_module

MODULES = ("chamfer", "sklearn", "celer", "skglm", "adelie", "glmnet_r", "glmnet_rs")


class Stopped(Exception):
    """A solver in a process of its own was ended by the system."""


def powers(loosest, tightest):
    """Powers of ten from loose to tight."""
    return [float(f"1e{e}") for e in range(loosest, tightest - 1, -1)]


def solvers():
    """All solvers, by name."""
    found = {}
    for module in MODULES:
        for solver in import_module(f"benchmarks.solvers.{module}").SOLVERS:
            found[solver.name] = solver
    return found
