"""Classes and several targets of the command line, on real data, against scikit-learn and glmnet.

Objectives are recomputed here from the coefficients in model.json and in theirs.
"""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris, load_linnerud, load_wine
from sklearn.linear_model import LogisticRegression, MultiTaskElasticNet, MultiTaskLasso
from sklearn.preprocessing import StandardScaler

pytestmark = pytest.mark.filterwarnings("ignore")

needs_glmnet = pytest.mark.skipif(
    shutil.which("Rscript") is None
    or subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True).returncode != 0,
    reason="needs R with glmnet (Debian's r-cran-glmnet)",
)


def classes(name):
    """A data frame of predictors, and labels as text."""
    if name == "digits":
        found = load_digits(as_frame=True)
        # Pixels that vary, of some rows.
        x, y = found.data.iloc[:300], found.target.iloc[:300]
        x = x.loc[:, x.std() > 0.5]
    else:
        found = {"iris": load_iris, "wine": load_wine}[name](as_frame=True)
        x, y = found.data, found.target
    return x, y.map(lambda label: f"class {label}")


def multinomial_objective(x, y, intercepts, b, lambda_, size):
    eta = x @ b + intercepts
    labels = {label: k for k, label in enumerate(sorted(set(y)))}
    own = eta[np.arange(len(y)), [labels[label] for label in y]]
    most = eta.max(axis=1)
    log_sum = most + np.log(np.exp(eta - most[:, None]).sum(axis=1))
    return np.mean(log_sum - own) + lambda_ * size(b)


def gaussian_objective(x, y, intercepts, b, lambda_, size):
    return ((y - x @ b - intercepts) ** 2).sum() / (2 * len(y)) + lambda_ * size(b)


def of_model(fit, outputs, columns):
    """Intercepts, and coefficients with a column for each output."""
    found = [fit["outputs"][output] for output in outputs]
    b = [[output["coefficients"].get(column, 0.0) for column in columns] for output in found]
    return np.array([output["intercept"] for output in found]), np.array(b).T


def row_norms(b):
    return np.sqrt((b**2).sum(axis=1)).sum()


def agree(ours, theirs, least):
    """Never worse, and the same to 1e-7."""
    assert ours <= theirs + least * abs(theirs), (ours, theirs)
    assert ours == pytest.approx(theirs, rel=1e-7), (ours, theirs)


def lambdas_of(model, indices=(2, 5, 9)):
    return [model["path"][index]["lambda"] for index in indices]


def fit_at(chamfer_path, lambdas, *arguments):
    return chamfer_path(*arguments, "--lambdas", ",".join(f"{l!r}" for l in lambdas), "--tol", "1e-11")


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_multinomial_objectives_are_those_of_scikit_learn(name, fit_path, tmp_path):
    x, y = classes(name)
    x = pd.DataFrame(StandardScaler().fit_transform(x), columns=x.columns)
    x.assign(kind=y).to_csv(tmp_path / "data.csv", index=False)
    common = (tmp_path / "data.csv", "--target", "kind", "--family", "multinomial")
    grid = fit_path(*common, "--n-lambdas", 10, "--lambda-min-ratio", 0.03)
    model = fit_at(fit_path, lambdas_of(grid), *common, "--no-standardize")
    values, labels = x.to_numpy(), sorted(set(y))
    for fit in model["path"]:
        lambda_ = fit["lambda"]
        solver = LogisticRegression(
            C=1 / (len(y) * lambda_), l1_ratio=1.0, solver="saga", tol=1e-12, max_iter=200_000
        )
        solver.fit(values, y)
        l1 = lambda b: np.abs(b).sum()
        theirs = multinomial_objective(values, y, solver.intercept_, solver.coef_.T, lambda_, l1)
        intercepts, b = of_model(fit, labels, x.columns)
        ours = multinomial_objective(values, y, intercepts, b, lambda_, l1)
        agree(ours, theirs, least=1e-10)
        assert ours == pytest.approx(fit["objective"], rel=1e-9)


def test_probabilities_and_labels_are_those_of_the_coefficients(chamfer, fit_path, tmp_path):
    x, y = classes("wine")
    x.assign(kind=y).to_csv(tmp_path / "data.csv", index=False)
    model = fit_path(
        tmp_path / "data.csv", "--target", "kind", "--family", "multinomial", "--n-lambdas", 5
    )
    labels = sorted(set(y))
    assert model["encoding"]["classes"] == labels
    fit = model["path"][3]
    intercepts, b = of_model(fit, labels, x.columns)
    eta = x.to_numpy() @ b + intercepts
    p = np.exp(eta - eta.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)

    def predict(*options):
        out = tmp_path / "predicted.csv"
        chamfer("predict", tmp_path / "fit/model.json", tmp_path / "data.csv",
                "--lambda", repr(fit["lambda"]), "--out", out, *options)
        return pd.read_csv(out)

    predicted = predict()
    assert list(predicted.columns) == ["row"] + [f"P({label})" for label in labels]
    np.testing.assert_allclose(predicted.iloc[:, 1:], p, rtol=1e-10, atol=1e-14)
    assert list(predict("--class")["class"]) == [labels[k] for k in eta.argmax(axis=1)]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_objectives_of_several_targets_are_those_of_scikit_learn(l1_ratio, fit_path, tmp_path):
    found = load_linnerud(as_frame=True)
    x, y = found.data, found.target
    pd.concat([x, y], axis=1).to_csv(tmp_path / "data.csv", index=False)
    common = (tmp_path / "data.csv", "--target", ",".join(y.columns), "--no-standardize",
              "--l1-ratio", l1_ratio)
    grid = fit_path(*common, "--n-lambdas", 10, "--lambda-min-ratio", 0.01)
    model = fit_at(fit_path, lambdas_of(grid), *common)
    size = lambda b: l1_ratio * row_norms(b) + (1 - l1_ratio) / 2 * (b**2).sum()
    for fit in model["path"]:
        settings = dict(alpha=fit["lambda"], tol=1e-14, max_iter=1_000_000)
        if l1_ratio == 1.0:
            solver = MultiTaskLasso(**settings)
        else:
            solver = MultiTaskElasticNet(l1_ratio=l1_ratio, **settings)
        solver.fit(x, y)
        data = (x.to_numpy(), y.to_numpy())
        theirs = gaussian_objective(*data, solver.intercept_, solver.coef_.T, fit["lambda"], size)
        intercepts, b = of_model(fit, y.columns, x.columns)
        ours = gaussian_objective(*data, intercepts, b, fit["lambda"], size)
        agree(ours, theirs, least=1e-10)
        assert ours == pytest.approx(fit["objective"], rel=1e-9)


GLMNET = """
suppressMessages(library(glmnet))
glmnet.control(fdev = 0, devmax = 1)
args <- commandArgs(TRUE)
read <- function(name) read.csv(file.path(args[1], name))
x <- as.matrix(read("x.csv")); y <- read("y.csv"); lambda <- read("lambda.csv")[, 1]
more <- list()
if (args[2] == "multinomial") { y <- factor(y[, 1]); more$type.multinomial <- args[3] }
if (args[2] == "mgaussian") y <- as.matrix(y)
fit <- do.call(glmnet, c(list(x, y, family = args[2], lambda = lambda, thresh = 1e-20, maxit = 1e7), more))
write.csv(do.call(rbind, lapply(coef(fit), as.matrix)), file.path(args[1], "coefficients.csv"))
"""


@needs_glmnet
@pytest.mark.parametrize(
    "name, how",
    [("iris", "ungrouped"), ("wine", "ungrouped"), ("wine", "grouped"), ("digits", "ungrouped"),
     ("digits", "grouped"), ("linnerud", "grouped")],
)
def test_objectives_are_those_of_glmnet(name, how, fit_path, tmp_path):
    if name == "linnerud":
        found = load_linnerud(as_frame=True)
        x, y = found.data, found.target
        family, outputs, glmnet_family = "gaussian", list(y.columns), "mgaussian"
    else:
        x, labels = classes(name)
        y = labels.to_frame("kind")
        family, outputs, glmnet_family = "multinomial", sorted(set(labels)), "multinomial"
    pd.concat([x, y], axis=1).to_csv(tmp_path / "data.csv", index=False)
    common = (tmp_path / "data.csv", "--target", ",".join(y.columns), "--family", family,
              "--across-outputs", how)
    grid = fit_path(*common, "--n-lambdas", 10, "--lambda-min-ratio", 0.05)
    lambdas = lambdas_of(grid)
    model = fit_at(fit_path, lambdas, *common)

    x.to_csv(tmp_path / "x.csv", index=False)
    y.to_csv(tmp_path / "y.csv", index=False)
    pd.DataFrame({"lambda": lambdas}).to_csv(tmp_path / "lambda.csv", index=False)
    (tmp_path / "fit.R").write_text(GLMNET)
    command = ["Rscript", tmp_path / "fit.R", tmp_path, glmnet_family, how]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = np.genfromtxt(tmp_path / "coefficients.csv", delimiter=",", skip_header=1)[:, 1:]

    scales = x.to_numpy().std(axis=0)[:, None]
    norm = row_norms if how == "grouped" else lambda b: np.abs(b).sum()
    size = lambda b: norm(b * scales)

    def objective(intercepts, b, lambda_):
        if family == "gaussian":
            return gaussian_objective(x.to_numpy(), y.to_numpy(), intercepts, b, lambda_, size)
        return multinomial_objective(x.to_numpy(), y["kind"], intercepts, b, lambda_, size)

    for k, fit in enumerate(model["path"]):
        theirs = table[:, k].reshape(len(outputs), -1).T
        ours = objective(*of_model(fit, outputs, x.columns), fit["lambda"])
        agree(ours, objective(theirs[0], theirs[1:], fit["lambda"]), least=1e-9)
        assert ours == pytest.approx(fit["objective"], rel=1e-9)
