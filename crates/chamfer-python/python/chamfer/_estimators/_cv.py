"""Choice of the strength by cross-validation."""

from types import SimpleNamespace

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import metadata_routing as routing

from .._progress import warn_unless_converged
from ..exceptions import ConstantTargetError, InputError, NoSignalError
from ._base import Solution

SCORES = ("accuracy", "auc", "concordance")
METRICS = ("deviance", "mse", "mae", *SCORES)


class CrossValidated:
    """For estimators with the parameters ``alphas``, ``eps``, ``cv``, ``tol``, ``n_jobs`` and ``verbose``."""

    def get_metadata_routing(self):
        """How metadata go to the splitter.

        Returns
        -------
        MetadataRouter
        """
        mapping = routing.MethodMapping().add(caller="fit", callee="split")
        router = routing.MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=check_cv(self.cv), method_mapping=mapping)

    def _folds(self, X, y, sample_weight, params, classes=None):
        """Pairs of row numbers to train and to test with; ``classes`` are to be in all folds alike."""
        stratify = classes is not None
        splitter = check_cv(self.cv, y if classes is None else classes, classifier=stratify)
        if _routing_enabled():
            given = {} if sample_weight is None else {"sample_weight": sample_weight}
            split_params = routing.process_routing(self, "fit", **given, **params).splitter.split
        elif params:
            message = f"{sorted(params)} are for the splitter, and need `set_config(enable_metadata_routing=True)`"
            raise ValueError(message)
        else:
            split_params = {}
        return list(splitter.split(X, y if classes is None else classes, **split_params))

    def _validate(self, problem, folds, metric, alphas=None):
        """A path, measures of shape (n_alphas, n_folds) with their means, and the best of them."""
        if metric not in METRICS:
            raise InputError(f"metric is {metric!r}: it must be one of {', '.join(METRICS)}")
        alphas = self.alphas if alphas is None else alphas

        def run(alphas):
            return problem.cross_validate(
                alphas, self.eps, self.tol, folds, metric, self.n_jobs, self.verbose
            )

        try:
            done, measures = run(alphas)
        except (NoSignalError, ConstantTargetError):
            if np.ndim(alphas):
                raise
            # All coefficients are zero at any strength, so that any grid will do.
            done, measures = run(np.full(int(alphas), np.finfo(np.float64).resolution))
        warn_unless_converged(done, self.tol, problem.max_iter)
        defined = ~np.isnan(measures).any(axis=0)
        if not defined.any():
            raise InputError(
                f"the metric {metric!r} is not defined for this family, or on any fold: choose another, or fewer "
                "folds that each have what it compares"
            )
        mean = measures[:, defined].mean(axis=1)
        best = int(np.argmin(-mean if metric in SCORES else mean))
        return SimpleNamespace(done=done, measures=measures, mean=mean, best=best, metric=metric, defined=defined)

    def _one_standard_error(self, validated):
        """The largest strength whose mean is within a standard error of the best."""
        measures = validated.measures[:, validated.defined]
        n = measures.shape[1]
        error = measures.std(axis=1, ddof=1) / np.sqrt(n) if n > 1 else np.zeros(len(measures))
        cost = -validated.mean if validated.metric in SCORES else validated.mean
        within = np.flatnonzero(cost[: validated.best + 1] <= cost[validated.best] + error[validated.best])
        return int(within[0])

    def _keep_chosen(self, problem, validated, at):
        """Sets the solution at the chosen place of the path."""
        self.alpha_ = float(validated.done["alphas"][at])
        return self._keep(Solution(problem, validated.done, at))


def _routing_enabled():
    from sklearn import get_config

    return get_config()["enable_metadata_routing"]
