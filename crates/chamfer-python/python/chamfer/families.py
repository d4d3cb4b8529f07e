"""How the target depends on the linear predictor :math:`\\eta = b + X\\beta`.

A family can be given by its name (``"poisson"``) or as an object (``Huber(delta=2)``). Losses are means over
the rows, weighted if there are sample weights.

======================  =======================================================================
``Gaussian``            :math:`\\frac12 (y - \\eta)^2`; several columns of ``y`` are fitted together
``Binomial``            :math:`\\ln(1 + e^\\eta) - y\\eta`, two classes
``Multinomial``         :math:`\\ln \\sum_k e^{\\eta_k} - \\eta_y`, several classes
``Poisson``             :math:`e^\\eta - y\\eta`, counts
``Gamma``               :math:`\\eta + y e^{-\\eta}`, amounts above 0
``NegativeBinomial``    counts with variance :math:`\\mu + \\mu^2/\\theta`
``Tweedie``             amounts, many exactly 0, with variance :math:`\\propto \\mu^p`
``Huber``               squares up to ``delta``, then straight lines: robust to outliers
``SquaredHinge``        :math:`\\frac12 \\max(0, 1 - y\\eta)^2`, :math:`y = \\pm 1`: a support vector machine
``Cox``                 the partial likelihood of survival times
======================  =======================================================================
"""

import numpy as np

from ._data import as_vector
from ._params import Parameters
from .exceptions import InputError, TargetError

__all__ = [
    "Binomial",
    "Cox",
    "Family",
    "Gamma",
    "Gaussian",
    "Huber",
    "Multinomial",
    "NegativeBinomial",
    "Poisson",
    "SquaredHinge",
    "Tweedie",
    "from_name",
]


class Family(Parameters):
    """What all families have in common."""

    name = ""
    classifies = False

    def encode(self, y):
        """The target as the compiled part takes it, and the classes, if it has some."""
        y = _numbers(y)
        if y.ndim != 1:
            raise TargetError(f"y has shape {y.shape}, but the {self.name} family takes one number for each row")
        return {"name": self.name, "target": y, **self._parameter()}, None

    def _parameter(self):
        return {}

    def response(self, predictor):
        """The mean of the target at a linear predictor."""
        return predictor


class Gaussian(Family):
    """Least squares, :math:`\\frac{1}{2n} \\lVert y - \\eta \\rVert^2`; ``y`` may have several columns."""

    name = "gaussian"

    def encode(self, y):
        y = _numbers(y)
        if y.ndim == 1:
            return {"name": self.name, "target": y}, None
        if y.ndim != 2:
            raise TargetError(f"y has shape {y.shape}: it must be a vector, or a matrix with a column for each response")
        return {"name": self.name, "target": y.ravel(order="F"), "n_outputs": y.shape[1]}, None


class _Classifier(Family):
    classifies = True

    def encode(self, y):
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1:
            raise TargetError(f"y has shape {y.shape}, but classes are one for each row")
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise TargetError("y has NaN or infinity: drop those rows")
        classes, codes = np.unique(y, return_inverse=True)
        self._check(classes)
        spec = {"name": self.name, "target": codes.astype(np.float64), **self._parameter()}
        return {**spec, **self._size(classes)}, classes

    def _check(self, classes):
        if len(classes) != 2:
            raise TargetError(f"y has {len(classes)} class(es), but the {self.name} family is for two")

    def _size(self, classes):
        return {}


class Binomial(_Classifier):
    """Logistic regression, :math:`\\frac1n \\sum_i \\ln(1 + e^{\\eta_i}) - y_i \\eta_i`; two classes."""

    name = "binomial"

    def response(self, predictor):
        with np.errstate(over="ignore"):
            return 1.0 / (1.0 + np.exp(-predictor))


class SquaredHinge(_Classifier):
    """A linear support vector machine, :math:`\\frac{1}{2n} \\sum_i \\max(0, 1 - y_i \\eta_i)^2`, y = ±1."""

    name = "squared-hinge"


class Multinomial(_Classifier):
    """Several classes with probabilities proportional to :math:`e^{\\eta_k}`, a predictor for each class."""

    name = "multinomial"

    def _check(self, classes):
        if len(classes) < 2:
            raise TargetError(f"y has {len(classes)} class: at least two are needed")

    def _size(self, classes):
        return {"n_outputs": len(classes)}

    def response(self, predictor):
        predictor = np.exp(predictor - predictor.max(axis=1, keepdims=True))
        return predictor / predictor.sum(axis=1, keepdims=True)


class _LogLink(Family):
    def response(self, predictor):
        return np.exp(predictor)


class Poisson(_LogLink):
    """Counts with mean :math:`\\mu = e^\\eta`: :math:`\\frac1n \\sum_i e^{\\eta_i} - y_i \\eta_i`."""

    name = "poisson"


class Gamma(_LogLink):
    """Amounts above 0 with mean :math:`\\mu = e^\\eta` and variance :math:`\\propto \\mu^2`."""

    name = "gamma"


class NegativeBinomial(_LogLink):
    """Counts with mean :math:`\\mu = e^\\eta` and variance :math:`\\mu + \\mu^2/\\theta`.

    Parameters
    ----------
    theta : float, default=1.0
        Above 0; Poisson is the limit at infinity.
    """

    name = "negative-binomial"

    def __init__(self, theta=1.0):
        self.theta = theta

    def _parameter(self):
        return {"parameter": float(self.theta)}


class Tweedie(_LogLink):
    """Amounts with mean :math:`\\mu = e^\\eta`, many exactly 0, and variance :math:`\\propto \\mu^p`.

    Parameters
    ----------
    power : float, default=1.5
        Between 1 (Poisson) and 2 (gamma).
    """

    name = "tweedie"

    def __init__(self, power=1.5):
        self.power = power

    def _parameter(self):
        return {"parameter": float(self.power)}


class Huber(Family):
    """Squares of residuals up to ``delta``, straight lines beyond.

    Parameters
    ----------
    delta : float, default=1.345
        In units of ``y``, above 0.
    """

    name = "huber"

    def __init__(self, delta=1.345):
        self.delta = delta

    def _parameter(self):
        return {"parameter": float(self.delta)}


class Cox(Family):
    """Proportional hazards: the negative logarithm of the partial likelihood, divided by the number of rows.

    The target is a structured array with a field of booleans, whether the event happened, and one of times
    (scikit-survival's convention), or a pair ``(time, event)``, or times alone if all events happened.

    Parameters
    ----------
    ties : {"breslow", "efron"}, default="breslow"
        How rows with the same event time share it.
    strata : array-like of shape (n_samples,), default=None
        Rows are at risk only with those of their stratum.
    """

    name = "cox"

    def __init__(self, ties="breslow", strata=None):
        self.ties = ties
        self.strata = strata

    def encode(self, y):
        if self.ties not in ("breslow", "efron"):
            raise InputError(f"ties is {self.ties!r}: it must be 'breslow' or 'efron'")
        times, events = survival(y)
        spec = {"name": self.name, "target": times, "events": events, "efron": self.ties == "efron"}
        if self.strata is not None:
            strata = np.unique(np.asarray(self.strata), return_inverse=True)[1]
            spec["strata"] = np.ascontiguousarray(strata, dtype=np.int64)
        return spec, None

    def response(self, predictor):
        """The risk relative to a row with predictor 0."""
        return np.exp(predictor)


def survival(y):
    """Times and events."""
    if isinstance(y, tuple) and len(y) == 2:
        times, events = y
    else:
        y = np.asarray(y)
        if y.dtype.names:
            kinds = [y.dtype[name].kind for name in y.dtype.names]
            if len(kinds) != 2 or kinds.count("b") != 1:
                raise TargetError(
                    f"y has the fields {y.dtype.names}, but one of booleans (whether the event happened) and "
                    "one of times are needed"
                )
            event = kinds.index("b")
            events, times = y[y.dtype.names[event]], y[y.dtype.names[1 - event]]
        else:
            times, events = y, np.ones(len(y), dtype=bool)
    times = _numbers(times)
    events = np.ascontiguousarray(events)
    if events.dtype != bool:
        if not np.isin(events, (0, 1)).all():
            raise TargetError("events must be true or false (1 or 0)")
        events = events.astype(bool)
    if times.ndim != 1 or times.shape != events.shape:
        raise TargetError(f"times have shape {times.shape} and events {events.shape}: both are one for each row")
    return times, events


_FAMILIES = {
    cls.name: cls
    for cls in (
        Gaussian, Binomial, Multinomial, Poisson, Gamma, NegativeBinomial, Tweedie, Huber, SquaredHinge, Cox,
    )
}  # fmt: skip


def from_name(family):
    """The family of this name with its usual parameters; families pass through."""
    if isinstance(family, Family):
        return family
    name = str(family).replace("_", "-")
    if isinstance(family, str) and name in _FAMILIES:
        return _FAMILIES[name]()
    raise InputError(f"family is {family!r}: it must be one of {', '.join(_FAMILIES)}, or a family object")


def _numbers(y):
    y = np.asarray(y)
    if y.dtype.kind == "c":
        raise TargetError("y has complex numbers")
    try:
        return np.ascontiguousarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise TargetError("y has entries that are no numbers") from None


def as_offset(offset, n, n_outputs):
    """An offset, output by output."""
    if offset is not None and np.ndim(offset) == 2:
        offset = np.ravel(np.asarray(offset, dtype=np.float64), order="F")
    return as_vector(offset, "the offset", n * n_outputs)
