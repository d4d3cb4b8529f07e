"""R's glmnet, in a process of R that keeps the data and has its own clock, of milliseconds."""

import resource
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import numpy as np
from scipy import sparse

from . import Stopped, powers

Fit = namedtuple("Fit", "seconds beta")


class GlmnetR:
    name = "glmnet"
    package = "glmnet"
    tolerances = powers(-7, -20)

    @staticmethod
    def handles(problem):
        return shutil.which("Rscript") is not None and problem.model in ("lasso", "logistic", "multitask", "cox")

    def __init__(self, problem, threads):
        self.problem, self.folder = problem, Path(problem.folder)
        n, p = problem.X.shape
        kind = "sparse" if problem.is_sparse else "dense"
        self.tasks = 1 if problem.y.ndim == 1 else problem.y.shape[1]
        (self.folder / "header.txt").write_text(f"{problem.model} {n} {p} {self.tasks} {kind}\n")
        problem.y.ravel(order="F").tofile(self.folder / "y.bin")
        if problem.is_sparse:
            problem.X.data.tofile(self.folder / "x.bin")
            problem.X.indices.astype(np.int32).tofile(self.folder / "i.bin")
            problem.X.indptr.astype(np.int32).tofile(self.folder / "p.bin")
        else:
            problem.X.ravel(order="F").tofile(self.folder / "x.bin")
        script = Path(__file__).with_name("glmnet.R")
        self.r = subprocess.Popen(
            ["Rscript", "--vanilla", script, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip

    def limit(self, seconds):
        """The system ends R as well where a fit goes beyond the cap."""
        used = sum(float(t) for t in Path(f"/proc/{self.r.pid}/stat").read_text().split()[13:15]) / 100
        resource.prlimit(self.r.pid, resource.RLIMIT_CPU, (int(used + seconds) + 2, resource.RLIM_INFINITY))

    def fit(self, lambdas, tol):
        self.r.stdin.write(" ".join(f"{float(v):.17g}" for v in [tol, *lambdas]) + "\n")
        self.r.stdin.flush()
        answer = self.r.stdout.readline().split()
        if len(answer) != 3:
            raise Stopped
        cpu, wall, k = (float(part) for part in answer)
        parts = [np.fromfile(self.folder / f"out_{a}.bin", np.float64 if a == "x" else np.int32) for a in "xip"]
        rows = self.problem.X.shape[1] * (self.tasks if self.problem.model == "multitask" else 1)
        return Fit((cpu, wall), sparse.csc_matrix(tuple(parts), shape=(rows, int(k))))

    def read(self, fit):
        beta = fit.beta.toarray()
        if self.problem.model == "multitask":
            return beta.reshape(self.tasks, -1, beta.shape[1]).swapaxes(0, 1), None
        return beta, None


SOLVERS = [GlmnetR]
