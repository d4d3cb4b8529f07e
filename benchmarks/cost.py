"""The least that any solver moves and computes on a problem, and what this machine needs for that.

``python -m benchmarks.cost`` measures the machine, with numpy. The bound is loose on purpose: X is read twice, once for
what correlates with the target and once to certify the solution, with two flops for each number; and at the other λ of
a path the columns of the support are, too, or the Gram matrix of the last support, made once: whatever is faster. The
larger of the times for bytes and for flops counts.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def measure():
    """Bytes per second of a dot product of what fits no cache, and flops per second of a product of matrices."""
    a, b = np.ones(2 * 10**7), np.ones(2 * 10**7)
    m = np.random.default_rng(0).standard_normal((1_200, 1_200))
    return {
        "bandwidth": 2 * a.nbytes / _least(lambda: a @ b, 15),
        "flops": 2 * 1_200**3 / _least(lambda: m @ m, 9),
    }


def _least(run, times):
    best = np.inf
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def bound(n_bytes, n_entries, p, nnz, machine):
    """Bytes, flops and seconds at the least, with the numbers of nonzero coefficients at each λ."""
    moved, flops = 2 * n_bytes, 4 * n_entries
    shares = sum(s / p for s in nnz[:-1])
    square = sum(s * s for s in nnz[:-1])
    ways = [(moved + 2 * shares * n_bytes, flops + 4 * shares * n_entries)]
    if shares:
        last = nnz[-1] / p
        ways.append((moved + last * n_bytes + 8 * square, flops + last * nnz[-1] * n_entries + 2 * square))
    return min(
        ((*way, max(way[0] / machine["bandwidth"], way[1] / machine["flops"])) for way in ways), key=lambda w: w[2]
    )


def gram(size, machine):
    """Seconds for the products of all columns with each other, half of which are the same as the other half."""
    return size["entries"] * size["p"] / machine["flops"]


def table(rows, problems, machine):
    """For each problem and setting the bound, and the time for a gap of 1e-6 as a multiple of it."""
    lines = [
        f"One thread reads {machine['bandwidth'] / 1e9:.1f} GB/s and computes {machine['flops'] / 1e9:.0f} GFLOP/s.\n",
        "| problem | setting | MB at least | Mflop at least | ms at least | chamfer, times that | GB/s of these bytes "
        "| fastest peer, times that |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for (problem, setting), (moved, flops, least) in bounds(rows, problems, machine).items():
        own, peer = _times(rows, problem, setting)
        cells = [f"{own / least:.1f}", f"{moved / own / 1e9:.1f}"] if own else ["–", "–"]
        cells.append(f"{peer / least:.1f}" if peer else "–")
        lines.append(
            f"| {problem} | {setting} | {moved / 1e6:.1f} | {flops / 1e6:.1f} | {1e3 * least:.2f} | "
            + " | ".join(cells) + " |"
        )  # fmt: skip
    return "\n".join(lines) + "\n"


def _times(rows, problem, setting):
    level = lambda row: row["levels"].get("gap<=1e-6") or row["levels"].get("stationarity<=1e-6")  # noqa: E731
    here = [row for row in rows if (row["problem"], row["setting"], row["threads"]) == (problem, setting, 1)]
    own = [level(row)["cpu"] for row in here if row["solver"].startswith("chamfer") and level(row)]
    peers = [level(row)["cpu"] for row in here if not row["solver"].startswith("chamfer") and level(row)]
    return min(own, default=None), min(peers, default=None)


def bounds(rows, problems, machine):
    """By problem and setting, from the support of chamfer's most accurate solution."""
    found = {}
    for row in rows:
        if row["solver"] == "chamfer" and row["threads"] == 1 and row["fits"] and row["problem"] in problems:
            size = problems[row["problem"]]
            nnz = row["fits"][-1]["nnz"]
            found[row["problem"], row["setting"]] = bound(size["bytes"], size["entries"], size["p"], nnz, machine)
    return found


def measured_machine(environment):
    """In a process of one thread."""
    command = [sys.executable, "-m", "benchmarks.cost"]
    root = Path(__file__).resolve().parent.parent
    return json.loads(subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, check=True).stdout)


if __name__ == "__main__":
    print(json.dumps(measure()))
