"""Progress, and warnings of fits that miss their tolerance."""

import contextlib
import os
import sys
import warnings

import numpy as np

from . import exceptions


@contextlib.contextmanager
def progress_bar(verbose, total, what):
    """A function that takes the number of fits done, or None where nothing is to be shown."""
    if not verbose:
        yield None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("verbose=1 shows progress with tqdm: `pip install tqdm`") from error
    with tqdm(total=total, desc=what, unit="fit") as bar:
        yield lambda done: bar.update(done - bar.n)
        bar.update(total - bar.n)


def warn_unless_converged(result, tol, max_iter=None):
    """Warns of the fits that missed the tolerance, with what they reached."""
    missed = np.flatnonzero(~result["converged"])
    if not len(missed):
        return
    from sklearn.exceptions import ConvergenceWarning

    gaps = result["relative_gaps"][missed]
    if np.isnan(gaps).all():
        reached = f"the largest relative stationarity is {result['stationarity'][missed].max():.2g}"
    else:
        reached = f"the largest relative duality gap is {np.nanmax(gaps):.2g}"
    which = f"alpha = {result['alphas'][missed[0]]:.6g}"
    if len(missed) > 1:
        which = f"{len(missed)} of {len(result['alphas'])} alphas (the first is {which})"
    if max_iter is not None and (result["n_iter"][missed] >= max_iter).any():
        advice = f"The {max_iter} Newton steps of max_iter were used up; allow more, or a larger tol."
    else:
        advice = (
            "The solution is as near as double precision allows; a larger alpha, scaled columns or fewer "
            "duplicate columns help."
        )
    warnings.warn(
        f"The tolerance {tol:g} was not met at {which}: {reached}. {advice}",
        ConvergenceWarning,
        stacklevel=_level_outside(),
    )


def _level_outside():
    """How many calls up, from the caller, this package was called."""
    package, level, frame = os.path.dirname(__file__), 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    return level


@contextlib.contextmanager
def named_columns(names):
    """Adds the name of the column to errors that know its number."""
    try:
        yield
    except exceptions.InputError as error:
        if error.column is None or names is None:
            raise
        message = f"{error} (column {error.column} is {str(names[error.column])!r})"
        raise type(error)(message, error.row, error.column) from None


def n_threads(n_jobs):
    """The number of threads for joblib's ``n_jobs``; None for the default."""
    if n_jobs is None:
        return None
    if n_jobs < 0:
        import os

        return max(1, (os.cpu_count() or 1) + 1 + n_jobs)
    if n_jobs == 0:
        raise ValueError("n_jobs is 0: it must be at least 1, or negative to count from all cores")
    return int(n_jobs)
