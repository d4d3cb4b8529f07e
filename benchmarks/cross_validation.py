"""10-fold cross-validation: chamfer's LassoCV beside scikit-learn's, with one and two threads.

``python -m benchmarks.cross_validation`` writes results/cross_validation.json and .md. scikit-learn runs at its usual
tolerance; chamfer's is swept. celer's LassoCV does not work with scikit-learn 1.9. How exact a curve of errors is, is
its largest relative distance from chamfer's at a gap of 1e-10.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from statistics import median

import numpy as np

from .measure import timed
from .problems import Problem, make

PROBLEMS = ("a.5", "b", "diabetes")
# Solver, tolerance.
FITS = [("chamfer", 1e-10), ("chamfer", 1e-4), ("chamfer", 1e-6), ("chamfer", 1e-8), ("sklearn", 1e-4)]


def worker(folder, solver, tol, threads, repeats):
    """Prints times and the curve of errors."""
    warnings.simplefilter("ignore")
    problem = Problem.load(folder)
    if solver == "chamfer":
        from chamfer import LassoCV
    else:
        from sklearn.linear_model import LassoCV
    model = LassoCV(alphas=100, eps=1e-2, cv=10, tol=tol, n_jobs=threads)
    times = []
    while len(times) < repeats:
        _, cpu, wall = timed(lambda: model.fit(problem.X, problem.y))
        times.append((cpu, wall))
        if wall > 20:
            break
    curve = model.mse_path_.mean(axis=1).tolist()
    print(json.dumps({"cpu": [t[0] for t in times], "wall": [t[1] for t in times], "curve": curve}))


def measure(repeats=3, problems=PROBLEMS):
    from .run import ROOT, environment

    rows = []
    for name in problems:
        with tempfile.TemporaryDirectory() as folder:
            make(name).save(folder)
            for solver, tol in FITS:
                for threads in (1, 2):
                    job = [folder, solver, str(tol), str(threads), str(repeats)]
                    done = subprocess.run(
                        [sys.executable, "-m", "benchmarks.cross_validation", *job], cwd=ROOT,
                        env=environment(threads), stdout=subprocess.PIPE, text=True,
                    )  # fmt: skip
                    if done.returncode == 0:
                        row = {"problem": name, "solver": solver, "tol": tol, "threads": threads}
                        rows.append(row | json.loads(done.stdout))
    for row in rows:
        exact = np.array(next(r["curve"] for r in rows if r["problem"] == row["problem"]))
        row["error"] = float(np.max(np.abs(np.array(row["curve"]) / exact - 1)))
    for row in rows:
        row["cpu"], row["wall"], _ = median(row["cpu"]), median(row["wall"]), row.pop("curve")
    return rows


def markdown(rows):
    lines = [
        "| problem | solver | tol | threads | CPU s | wall s | error of the curve |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['problem']} | {row['solver']} | {row['tol']:.0e} | {row['threads']} | {row['cpu']:.3g} "
            f"| {row['wall']:.3g} | {row['error']:.0e} |"
        )
    return "\n".join(lines) + "\n"


def main():
    from .run import RESULTS

    rows = measure()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cross_validation.json").write_text(json.dumps(rows, indent=1))
    (RESULTS / "cross_validation.md").write_text(markdown(rows))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        worker(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
