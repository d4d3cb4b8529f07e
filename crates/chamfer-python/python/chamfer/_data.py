"""Designs and columns from whatever holds them: numpy, scipy.sparse, pandas, polars, Arrow."""

from numbers import Integral

import numpy as np

from .exceptions import DesignError, InputError, PenaltyError, WeightError

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def is_sparse(X):
    """Whether X is one of scipy's sparse matrices or arrays, without importing scipy."""
    return type(X).__module__.startswith("scipy.sparse")


def as_design(X):
    """X as the compiled part takes it, and the names of its columns or None.

    Nothing is copied if X is float64 or float32, and contiguous in either order or compressed sparse.
    """
    if is_sparse(X):
        return _sparse(X), None
    names = None
    if not isinstance(X, np.ndarray):
        names = column_names(X)
        X = _frame(X, names) if names is not None else np.asarray(X)
    if X.ndim != 2:
        raise DesignError(f"X has {X.ndim} dimensions: it must be a matrix, of rows and columns")
    if X.dtype.kind == "c":
        raise DesignError("X has complex numbers: give real and imaginary parts as columns of their own")
    if X.dtype not in FLOATS:
        try:
            X = X.astype(np.float64, order="F")
        except (TypeError, ValueError) as error:
            raise DesignError(f"X has entries that are no numbers ({error}): encode them") from None
    if not (X.flags.c_contiguous or X.flags.f_contiguous) or not X.flags.aligned:
        X = np.asfortranarray(X)
        X = X if X.flags.aligned else X.copy(order="F")
    return X, names


def column_names(X):
    """The names of the columns of a frame, or None where X is none."""
    names = getattr(X, "column_names", None)  # of Arrow, whose columns are arrays
    if names is None and hasattr(X, "shape"):
        names = getattr(X, "columns", None)
    return None if names is None else [str(name) for name in names]


def _frame(X, names):
    if not hasattr(X, "to_numpy"):  # an Arrow table
        X = np.stack([X.column(k).to_numpy() for k in range(len(names))], axis=1)
    else:
        X = X.to_numpy()
    if X.dtype.kind not in "fiub":
        for k, name in enumerate(names):
            try:
                X[:, k].astype(np.float64)
            except (TypeError, ValueError):
                message = f"column {name!r} does not hold numbers: encode it (one-hot, for instance) first"
                raise DesignError(message, None, k) from None
    return X


def _sparse(X):
    if X.format not in ("csc", "csr"):
        X = X.tocsc()
    if X.dtype not in FLOATS:
        X = X.astype(np.float64)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if X.indptr.dtype != X.indices.dtype:
        # The starts are few: they follow the indices, where they fit.
        fits = X.nnz <= np.iinfo(X.indices.dtype).max
        kind = X.indices.dtype if fits else np.dtype(np.int64)
        indices, starts = X.indices.astype(kind, copy=False), X.indptr.astype(kind)
        X = type(X)((X.data, indices, starts), shape=X.shape)
    return X


def as_vector(values, what, n, error=WeightError):
    """A contiguous float64 vector of length n, or None."""
    if values is None:
        return None
    try:
        values = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise error(f"{what} has entries that are no numbers") from None
    if values.ndim == 0:
        values = np.full(n, float(values))
    if values.shape != (n,):
        raise error(f"{what} has shape {values.shape}, but ({n},) is needed: one number for each row")
    return values


def column_numbers(columns, names, n_cols):
    """Numbers of columns that are given by number or name."""
    if columns is None:
        return []
    if isinstance(columns, str):
        columns = [columns]
    columns = np.asarray(columns)
    if columns.dtype == bool:
        if columns.shape != (n_cols,):
            raise PenaltyError(f"the mask of columns has shape {columns.shape}, but X has {n_cols} columns")
        return np.flatnonzero(columns).tolist()
    return [_column_number(column, names, n_cols) for column in columns.tolist()]


def _column_number(column, names, n_cols):
    if isinstance(column, str):
        if names is None:
            raise PenaltyError(f"column {column!r} is named, but X has no column names: use its number")
        if column not in names:
            raise PenaltyError(f"there is no column {column!r} in X")
        return list(names).index(column)
    number = int(column)
    if not -n_cols <= number < n_cols:
        raise PenaltyError(f"there is no column {number}: X has {n_cols}, counted from 0")
    return number % n_cols


def group_lists(groups, names, n_cols):
    """Lists of column numbers, from lists of columns, a dictionary of them, or a label for each column."""
    if groups is None:
        raise PenaltyError("the penalty needs groups: lists of columns, or a label for each column")
    if hasattr(groups, "values") and callable(groups.values) and hasattr(groups, "keys"):
        groups = list(groups.values())
    groups = list(groups)
    if groups and all(np.ndim(group) == 1 and not isinstance(group, str) for group in groups):
        return [column_numbers(group, names, n_cols) for group in groups]
    if len(groups) != n_cols:
        message = f"groups has {len(groups)} labels, but X has {n_cols} columns: one for each is needed"
        raise PenaltyError(message)
    members = {}
    for column, label in enumerate(groups):
        members.setdefault(label, []).append(column)
    return list(members.values())


def check_alphas(alphas, eps):
    """What the compiled part takes for a grid: decreasing strengths, or their number and least ratio."""
    if np.ndim(alphas) == 0:
        number = int(alphas)
        if number != alphas or number < 1:
            raise InputError(f"alphas is {alphas}: it must be an array of strengths, or how many there are to be")
        return (number, float(eps))
    alphas = np.sort(np.asarray(alphas, dtype=np.float64))[::-1]
    if alphas.ndim != 1 or not len(alphas):
        raise InputError(f"alphas has shape {np.shape(alphas)}: it must be a list of strengths")
    return alphas.tolist()


def check_max_iter(max_iter):
    """A number of Newton steps, or None for no limit."""
    if max_iter is None:
        return None
    if isinstance(max_iter, bool) or not isinstance(max_iter, Integral) or max_iter < 1:
        raise InputError(f"max_iter is {max_iter!r}: it must be a whole number, at least 1")
    return int(max_iter)
