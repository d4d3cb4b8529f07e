"""From what was measured to the least time with which each solver reaches each level of accuracy."""

import json
from pathlib import Path
from statistics import median

import numpy as np

KEY = ("problem", "setting", "solver", "threads")
LEVELS = {
    "gap<=1e-6": ("gap", 1e-6),
    "gap<=1e-9": ("gap", 1e-9),
    "subopt<=1e-6": ("subopt", 1e-6),
    "stationarity<=1e-6": ("stationarity", 1e-6),
}
# Relative to an objective.
ROUNDING = 1e-12


def read(results):
    """For each key the fits of its last run and how that ended."""
    runs = {}
    file = Path(results) / "measurements.jsonl"
    for line in file.read_text().splitlines() if file.exists() else []:
        record = json.loads(line)
        key = tuple(record[k] for k in KEY)
        if record.get("begin"):
            runs[key] = {"run": record["run"], "fits": [], "note": None}
        elif record["run"] != runs[key]["run"]:
            continue
        elif record.get("end"):
            runs[key]["note"] = record["note"]
        else:
            runs[key]["fits"].append(record)
    return {key: run for key, run in runs.items() if run["fits"] or run["note"] is not None}


def measured(results, key):
    run = read(results).get(tuple(key[k] for k in KEY))
    return run is not None and run["note"] is not None


def add_suboptimality(runs):
    """To each fit, the worst distance from the best objective that any solver reached, relative to that."""
    best = {}
    for (problem, setting, *_), run in runs.items():
        for fit in run["fits"]:
            at = (problem, setting)
            best[at] = np.minimum(best.get(at, np.inf), fit["objective"])
    for (problem, setting, *_), run in runs.items():
        for fit in run["fits"]:
            known = best[problem, setting]
            excess = (np.array(fit["objective"]) - known) / np.abs(known)
            fit["subopt"] = float(excess.max())
            if "own_gap" in fit:
                # Where both are at rounding, their ratio says nothing.
                tightness = np.array(fit["own_gap"]) / np.maximum(excess, ROUNDING)
                fit["tightness"] = [float(np.max(tightness)), float(np.median(tightness))]
    return runs


def table(results):
    """A row for each key, with the fit that reaches each level first, by the CPU or with several threads the wall."""
    rows = []
    for key, run in add_suboptimality(read(results)).items():
        row = dict(zip(KEY, key, strict=True)) | {"note": run["note"] or "", "levels": {}, "fits": run["fits"]}
        clock = "cpu" if row["threads"] == 1 else "wall"
        for name, (measure, level) in LEVELS.items():
            reaching = [fit for fit in run["fits"] if measure in fit and fit[measure] <= level]
            if reaching:
                least = min(reaching, key=lambda fit: median(fit[clock]))
                row["levels"][name] = {
                    "cpu": median(least["cpu"]), "wall": median(least["wall"]), "runs": len(least["cpu"]),
                    "tol": least["tol"], "objective": least["objective"],
                }  # fmt: skip
        rows.append(row)
    return rows
