"""How time and memory grow with rows and columns at a fixed support, and what is small: import and a tiny fit.

``python -m benchmarks.scaling`` writes results/scaling.json. Each size has a process of its own, so that the peak
of memory is that of the fit. Linux only, as /proc has the peak.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
from scipy import sparse

from .measure import timed

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
CURVES = {
    "rows, 1,000 columns, f32": [("f32", n, 1_000) for n in SIZES],
    "rows, 1,000 columns, 1 % nonzero": [("csc", n, 1_000) for n in SIZES[2:]],
    "columns, 100 rows, f32": [("f32", 100, p) for p in SIZES],
}
SUPPORT = 4


def status(field):
    """Bytes, from what the kernel says of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024


def data(kind, n, p, rng):
    """Independent columns of variance about 1, and y from a few of them."""
    if kind == "csc":
        per_column = n // 100
        rows = np.sort(rng.integers(0, n, (p, per_column), dtype=np.int32), axis=1)
        values = rng.standard_normal(p * per_column) * 10
        X = sparse.csc_matrix((values, rows.ravel(), np.arange(0, p * per_column + 1, per_column)), shape=(n, p))
        X.sum_duplicates()
        n_bytes = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    else:
        X = np.empty((p, n), dtype=np.float32)
        for row in X:
            rng.standard_normal(dtype=np.float32, out=row)
        X, n_bytes = X.T, X.nbytes
    used = np.linspace(0, p - 1, SUPPORT).astype(int)
    y = np.asarray(X[:, used] @ np.ones(SUPPORT, dtype=X.dtype), dtype=np.float64)
    return X, y + 0.3 * rng.standard_normal(n), n_bytes


def worker(kind, n, p):
    import chamfer

    rng = np.random.default_rng(1)
    # What is loaded at the first fit is not X's.
    chamfer.path(np.asfortranarray(rng.standard_normal((50, 20))), rng.standard_normal(50), alphas=[0.1], n_jobs=1)
    before = status("VmRSS")
    X, y, n_bytes = data(kind, n, p, rng)
    top = np.abs(X.T @ y.astype(X.dtype)).max() / n
    # The peak starts anew.
    Path("/proc/self/clear_refs").write_text("5")
    fit = lambda: chamfer.path(X, y, alphas=[0.6 * top], fit_intercept=False, tol=1e-6, n_jobs=1)  # noqa: E731
    result, cpu, wall = timed(fit)
    peak = status("VmHWM")
    times = [cpu, *(timed(fit)[1] for _ in range(2 if cpu < 5 else 0))]
    print(json.dumps({
        "kind": kind, "n": n, "p": p, "bytes": n_bytes, "cpu": median(times), "nnz": int(result.n_nonzero[0]),
        "gap": float(result.relative_gaps[0]), "memory": (peak - before) / n_bytes,
    }))  # fmt: skip


def small():
    """Seconds of the import, and of one fit and a path of 442 rows and 10 columns with an intercept."""
    code = "import time; t = time.perf_counter(); import chamfer; chamfer.path; print(time.perf_counter() - t)"
    imports = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(7)]
    import chamfer
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    X = np.asfortranarray(X)

    def seconds(alphas):
        times = []
        for _ in range(101):
            start = time.perf_counter()
            chamfer.path(X, y, alphas=alphas, tol=1e-6, n_jobs=1)
            times.append(time.perf_counter() - start)
        return median(times)

    top = float(chamfer.path(X, y, alphas=2).alphas[0])
    return {
        "import": median(imports), "442x10 at max/10": seconds([top / 10]), "442x10 at max/100": seconds([top / 100]),
        "442x10, path of 100": seconds(np.geomspace(top, top / 100, 100)),
    }  # fmt: skip


def slope(points, measure):
    """The exponent of growth of time over the upper decade of sizes."""
    large = [q for q in points if q[measure] >= points[-1][measure] / 11]
    return float(np.polyfit(np.log([q[measure] for q in large]), np.log([q["cpu"] for q in large]), 1)[0])


def main():
    from .run import RESULTS, ROOT, environment

    found = {"small": small(), "curves": {}}
    RESULTS.mkdir(exist_ok=True)
    for name, sizes in CURVES.items():
        points = found["curves"][name] = []
        for kind, n, p in sizes:
            command = [sys.executable, "-m", "benchmarks.scaling", kind, str(n), str(p)]
            done = subprocess.run(command, cwd=ROOT, env=environment(1), stdout=subprocess.PIPE, text=True)
            if done.returncode == 0:
                points.append(json.loads(done.stdout))
            (RESULTS / "scaling.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        worker(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
