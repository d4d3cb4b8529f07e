"""The worker: sweeps the tolerance of one solver on one problem, and writes a line of JSON for each setting.

``python -m benchmarks.measure FOLDER JOB`` with the problem in the folder and the job as JSON. Times are CPU seconds
and wall seconds of the fit alone; the coefficients are judged outside of them.
"""

import json
import resource
import sys
import time
import warnings

import numpy as np

from .judge import CONVEX, Judge
from .problems import Problem
from .solvers import Stopped, solvers

# A fit that takes longer is timed once; shorter ones are timed several together, as clocks tick.
LONG = 2.5
SHORT = 0.05
TIGHTEST = 1e-9
# Of address space, for what a solver needs more of is no answer for data of some MB.
MEMORY = 12 << 30
CAPPED = "stopped by the cap"


def timed(fit):
    """What it returns, and its CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = fit()
    return result, time.process_time() - cpu, time.perf_counter() - wall


class Sweep:
    """One solver over its tolerances, until the tightest level is reached or the CPU seconds are spent."""

    def __init__(self, solver, judge, lambdas, repeats, cap):
        self.solver, self.judge, self.lambdas = solver, judge, lambdas
        self.repeats, self.left = repeats, cap
        self.reached = set()

    def run(self):
        for tol in self.solver.tolerances:
            self._limit()
            fit, cpu, wall = self._time(tol)
            self.left -= cpu
            coefs, own = self.solver.read(fit)
            verdict = self.judge(coefs, self.lambdas)
            record = describe(verdict, own, self.judge.model)
            record |= {"tol": tol, "cpu": [cpu], "wall": [wall]}
            worst = record.get("gap", record.get("stationarity"))
            # Fits that decide a level, and short ones, are repeated; the cap does not count that.
            levels = {level for level in (1e-6, 1e-9) if worst <= level} - self.reached
            self.reached |= levels
            repeats = self.repeats if cpu <= LONG and (levels or cpu < 0.5) else 1
            together = int(SHORT / max(wall, 1e-4)) + 1
            if together > 1:
                record |= {"cpu": [], "wall": []}
            while len(record["cpu"]) < repeats:
                self._limit(cpu * together)
                times = np.array([self._time(tol)[1:] for _ in range(together)])
                record["cpu"].append(times[:, 0].mean())
                record["wall"].append(times[:, 1].mean())
            write(record)
            if worst <= TIGHTEST:
                return ""
            if self.left <= 0:
                return CAPPED
        return ""

    def _time(self, tol):
        fit, cpu, wall = timed(lambda: self.solver.fit(self.lambdas, tol))
        # A solver in a process of its own has its own clock.
        return fit, *getattr(fit, "seconds", (cpu, wall))

    def _limit(self, extra=0.0):
        """The system ends this process where a fit goes beyond what is left."""
        seconds = max(self.left, 0.0) + 2 * extra
        if hasattr(self.solver, "limit"):
            self.solver.limit(seconds)
        used = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 2, resource.RLIM_INFINITY))


def describe(verdict, own, model):
    """The numbers of a fit that are kept; gaps are relative to the objective, and of the worst λ."""
    objective = verdict["objective"]
    record = {"objective": objective.tolist(), "nnz": verdict["nnz"].tolist()}
    if model in CONVEX:
        record["gap"] = float(np.max(verdict["gap"] / objective))
    else:
        record["stationarity"] = float(np.max(verdict["stationarity"]))
    if own is not None and not np.isnan(own).all():
        record["own_gap"] = np.asarray(own, dtype=float).tolist()
    return record


def write(record):
    print(json.dumps(record), flush=True)


def main():
    folder, job = sys.argv[1], json.loads(sys.argv[2])
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    problem = Problem.load(folder)
    problem.folder = folder
    lambdas = np.array(job["lambdas"])
    solver = solvers()[job["solver"]](problem, job["threads"])
    judge = Judge(problem)
    # Compilation, imports and pages of memory are not what is compared.
    for warm_up in ([0.7], [0.7, 0.6]):
        solver.fit(judge.lambda_max() * np.array(warm_up), solver.tolerances[0])
    try:
        note = Sweep(solver, judge, lambdas, job["repeats"], job["cap"]).run()
    except Stopped:
        note = CAPPED
    except MemoryError:
        note = "out of memory"
    write({"note": note})


if __name__ == "__main__":
    main()
