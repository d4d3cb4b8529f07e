"""Times every solver on every problem and appends what is measured, at once, to results/measurements.jsonl.

Later measurements of the same problem, setting, solver and number of threads replace earlier ones.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from . import cost, cross_validation, levels, measure, report, scaling
from .judge import Judge
from .problems import PROBLEMS, make
from .solvers import solvers

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
SETTINGS = {"max/10": [0.1], "max/100": [0.01], "path": np.geomspace(1.0, 0.01, 100)}
OTHERS = {"cv": cross_validation.main, "scaling": scaling.main}
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip


def environment(threads):
    return os.environ | {name: str(threads) for name in THREAD_VARIABLES}


def append(record, file="measurements.jsonl"):
    RESULTS.mkdir(exist_ok=True)
    with open(RESULTS / file, "a") as out:
        out.write(json.dumps(record) + "\n")


def describe(problem, lambda_max):
    """Keeps the size of a problem, and once for all what the machine can do."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / "problems.json"
    sizes = json.loads(file.read_text()) if file.exists() else {}
    n, p = problem.X.shape
    entries = problem.X.nnz if problem.is_sparse else n * p
    sizes[problem.name] = {
        "model": problem.model, "n": n, "p": p, "entries": entries, "bytes": problem.n_bytes, "lambda_max": lambda_max,
    }  # fmt: skip
    file.write_text(json.dumps(sizes, indent=1))
    machine = RESULTS / "machine.json"
    if not machine.exists():
        machine.write_text(json.dumps(cost.measured_machine(environment(1)) | {"cores": os.cpu_count()}))


def sweep(folder, key, lambdas, repeats, cap):
    """Runs a worker and keeps its lines as they come."""
    job = {"solver": key["solver"], "threads": key["threads"], "lambdas": list(lambdas), "repeats": repeats, "cap": cap}
    command = [sys.executable, "-m", "benchmarks.measure", folder, json.dumps(job)]
    run = f"{time.time():.2f}"
    append(key | {"run": run, "begin": True})
    note = None
    with open(RESULTS / "errors.txt", "a") as errors:
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment(key["threads"]), stdout=subprocess.PIPE, stderr=errors, text=True
        )  # fmt: skip
        with worker:
            for line in worker.stdout:
                record = json.loads(line)
                note = record.get("note", note)
                if "note" not in record:
                    append(key | {"run": run} | record)
    if note is None:
        note = measure.CAPPED if worker.returncode < 0 else "failed, see errors.txt"
    append(key | {"run": run, "end": True, "note": note})
    return note


def arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh", description="Times chamfer beside its peers.")
    listed = lambda text: text.split(",")  # noqa: E731
    parser.add_argument(
        "--problems", type=listed, default=[*PROBLEMS, *OTHERS], help="of " + ",".join([*PROBLEMS, *OTHERS])
    )
    parser.add_argument("--settings", type=listed, default=list(SETTINGS), help="of max/10,max/100,path")
    parser.add_argument("--solvers", type=listed, default=list(solvers()), help="of " + ",".join(solvers()))
    parser.add_argument("--threads", type=listed, default=["1"], help="1, all, or 1,all")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--cap", type=float, default=20.0, help="CPU seconds of a sweep at one λ")
    parser.add_argument("--cap-path", type=float, default=45.0, help="CPU seconds of a sweep of paths")
    parser.add_argument("--quick", action="store_true", help="one run each, and a fifth of the caps")
    parser.add_argument("--resume", action="store_true", help="leave out what has been measured")
    return parser.parse_args()


def main():
    given = arguments()
    repeats, share = (1, 0.2) if given.quick else (given.repeats, 1.0)
    chosen = {name: solver for name, solver in solvers().items() if name in given.solvers}
    for name in given.problems:
        if name in OTHERS:
            OTHERS[name]()
            report.write(RESULTS)
            continue
        problem = make(name)
        lambda_max = Judge(problem).lambda_max()
        describe(problem, lambda_max)
        with tempfile.TemporaryDirectory() as folder:
            problem.save(folder)
            for setting in given.settings:
                lambdas = lambda_max * np.asarray(SETTINGS[setting])
                cap = share * (given.cap_path if setting == "path" else given.cap)
                for threads in given.threads:
                    threads = os.cpu_count() if threads == "all" else int(threads)
                    for solver in (s for s in chosen if chosen[s].handles(problem)):
                        key = {"problem": name, "setting": setting, "solver": solver, "threads": threads}
                        if given.resume and levels.measured(RESULTS, key):
                            continue
                        note = sweep(folder, key, lambdas, repeats, cap)
                        print(f"{name:>10} {setting:>8} {solver:<18} {threads} thread(s)  {note}", flush=True)
        report.write(RESULTS)


if __name__ == "__main__":
    main()
