"""Six families against glmnet, whose objective is recomputed here from its coefficients."""

import shutil
import subprocess

import cvxpy as cp
import numpy as np
import pytest
from test_regression import BOUNDS, N, P, regress, targets

pytestmark = pytest.mark.skipif(
    shutil.which("Rscript") is None
    or subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True).returncode != 0,
    reason="needs R with glmnet (Debian's r-cran-glmnet)",
)

SCRIPT = """
suppressMessages(library(glmnet))
glmnet.control(fdev = 0, devmax = 1)
args <- commandArgs(TRUE)
read <- function(name) as.matrix(read.csv(file.path(args[1], name), header = FALSE))
x <- read("x.csv"); y <- read("y.csv"); lambda <- read("lambda.csv")[, 1]
limits <- read("limits.csv")
family <- args[2]
if (family == "cox") y <- survival::Surv(y[, 1], y[, 2])
if (family == "multinomial") y <- factor(y[, 1])
more <- list()
if (family == "multinomial") more$type.multinomial <- args[3]
if (family == "mgaussian") more$standardize.response <- FALSE
fit <- do.call(glmnet, c(list(x, y, family = family, lambda = lambda, alpha = as.numeric(args[4]),
  standardize = FALSE, thresh = 1e-20, maxit = 1e7, lower.limits = limits[, 1],
  upper.limits = limits[, 2]), more))
b <- coef(fit)
if (!is.list(b)) b <- list(b)
write.csv(do.call(rbind, lapply(b, as.matrix)), file.path(args[1], "coefficients.csv"))
"""

CASES = {
    "gaussian": ("gaussian", {}, 1.0),
    "gaussian, bounds": ("gaussian", BOUNDS, 1.0),
    "binomial": ("binomial", {}, 1.0),
    # Not gaussian: there, glmnet's ridge is relative to the standard deviation of the target.
    "binomial, elastic net": ("binomial", dict(l1_ratio=0.4), 0.4),
    "poisson, elastic net": ("poisson", dict(l1_ratio=0.4), 0.4),
    "binomial, bounds": ("binomial", BOUNDS, 1.0),
    "poisson": ("poisson", {}, 1.0),
    "cox": ("cox", {}, 1.0),
    "multinomial": ("multinomial", {}, 1.0),
    "multinomial, rows": ("multinomial", dict(across_outputs=True), 1.0),
    "multi_gaussian": ("multi_gaussian", dict(across_outputs=True), 1.0),
}


@pytest.mark.parametrize("case", CASES)
def test_objectives_are_those_of_glmnet(case, tmp_path):
    family, request, alpha = CASES[case]
    x, fields, loss = targets(family, seed=21)
    points = regress(
        x=x.tolist(), family=family, n_lambdas=4, min_ratio=0.05, **fields, **request
    )[1:]
    outputs = len(points[0]["intercepts"])
    by_rows = request.get("across_outputs", False)
    lambdas = np.array([point["lambda"] for point in points])

    y = np.array(fields["y"])
    if family == "cox":
        y = np.column_stack([y, fields["events"]])
    elif family == "multi_gaussian":
        y = y.reshape(outputs, N).T
    ends = np.column_stack([np.full(P, -np.inf), np.full(P, np.inf)])
    for end, name in enumerate(["lower", "upper"]):
        for j, bound in enumerate(request.get(name, [])):
            ends[j, end] = ends[j, end] if bound is None else bound
    for name, values in [("x", x), ("y", y), ("lambda", lambdas)]:
        np.savetxt(tmp_path / f"{name}.csv", values, delimiter=",", fmt="%.17g")
    limits = "\n".join(",".join(str(v).replace("inf", "Inf") for v in row) for row in ends)
    (tmp_path / "limits.csv").write_text(limits + "\n")
    (tmp_path / "fit.R").write_text(SCRIPT)
    name = {"multi_gaussian": "mgaussian"}.get(family, family)
    kind = "grouped" if by_rows else "ungrouped"
    command = ["Rscript", tmp_path / "fit.R", tmp_path, name, kind, str(alpha)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = np.genfromtxt(tmp_path / "coefficients.csv", delimiter=",", skip_header=1)[:, 1:]

    def objective(intercepts, b, lambda_):
        eta = x @ b + intercepts
        value = loss(cp.Constant(eta if outputs > 1 else eta[:, 0])).value
        size = np.sqrt((b**2).sum(axis=1)).sum() if by_rows else np.abs(b).sum()
        return float(value) + lambda_ * (alpha * size + (1 - alpha) / 2 * (b**2).sum())

    for k, (point, lambda_) in enumerate(zip(points, lambdas)):
        theirs = table[:, k].reshape(outputs, -1).T
        intercepts = np.zeros(outputs) if family == "cox" else theirs[0]
        theirs = theirs if family == "cox" else theirs[1:]
        ours = objective(np.array(point["intercepts"]), np.array(point["coefficients"]).T, lambda_)
        glmnet = objective(intercepts, theirs, lambda_)
        assert point["converged"]
        # Never worse, and the same where glmnet itself is at its minimum.
        assert ours <= glmnet + 1e-9 * abs(glmnet), (case, ours, glmnet)
        assert ours == pytest.approx(glmnet, rel=1e-7), (case, ours, glmnet)
