"""All that is written from what was measured: tables, JSON, bars, costs and plots.

``python -m benchmarks.report`` writes it anew.
"""

import json
from pathlib import Path

from . import bars, cost, levels, plots
from .problems import PROBLEMS

HEADINGS = list(levels.LEVELS)


def seconds(level, clock="cpu"):
    return f"{level[clock]:.3g}" if level else "–"


def markdown(rows, threads=1):
    """A table of the seconds for each level: of CPU for one thread, of the wall for several."""
    clock = "cpu" if threads == 1 else "wall"
    lines = [
        "| problem | setting | solver | " + " | ".join(HEADINGS) + " | best gap or stationarity | nnz | note |",
        "|---|---|---|" + "--:|" * (len(HEADINGS) + 2) + "---|",
    ]
    order = {name: k for k, name in enumerate(PROBLEMS)}
    of_these = [row for row in rows if row["threads"] == threads and row["problem"] in order]
    for row in sorted(of_these, key=lambda row: (order[row["problem"]], _setting(row), _rank(row))):
        cells = [seconds(row["levels"].get(name), clock) for name in HEADINGS]
        accuracy = [fit.get("gap", fit.get("stationarity")) for fit in row["fits"]]
        best = f"{min(accuracy):.0e}" if accuracy else "–"
        nnz = row["fits"][-1]["nnz"][-1] if row["fits"] else "–"
        lines.append(
            f"| {row['problem']} | {row['setting']} | {row['solver']} | " + " | ".join(cells)
            + f" | {best} | {nnz} | {row['note']} |"
        )  # fmt: skip
    return "\n".join(lines) + "\n"


def summary(rows, level="gap<=1e-6"):
    """Chamfer's CPU seconds with one thread, and how many times as long the fastest peer takes."""
    measure = levels.LEVELS[level][0]
    rows = [row for row in rows if row["threads"] == 1 and any(measure in fit for fit in row["fits"])]
    lines = ["| problem | " + " | ".join(plots.SETTINGS.values()) + " |", "|---|" + "--:|" * len(plots.SETTINGS)]
    for problem, (title, _) in PROBLEMS.items():
        cells = []
        for setting in plots.SETTINGS:
            here = [row for row in rows if (row["problem"], row["setting"]) == (problem, setting)]
            seconds_of = {row["solver"]: row["levels"][level]["cpu"] for row in here if level in row["levels"]}
            own = seconds_of.get("chamfer")
            peers = {name: cpu for name, cpu in seconds_of.items() if not name.startswith("chamfer")}
            if own is None:
                cells.append("not reached" if here else "")
            elif not peers:
                cells.append(f"{own:.3g} s, no peer")
            else:
                fastest = min(peers, key=peers.get)
                cells.append(f"{own:.3g} s, **{peers[fastest] / own:.2g}×** {fastest}")
        if any(cells):
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _setting(row):
    return ("max/10", "max/100", "path").index(row["setting"])


def _rank(row):
    first = row["levels"].get("gap<=1e-6") or row["levels"].get("stationarity<=1e-6")
    return first["cpu"] if first else float("inf")


def write(results):
    rows = levels.table(results)
    (results / "results.json").write_text(json.dumps(rows, indent=1))
    text = ["# Least seconds to each level of accuracy\n"]
    names = {"gap<=1e-6": "a relative gap", "subopt<=1e-6": "a suboptimality", "stationarity<=1e-6": "a stationarity"}
    for level, name in names.items():
        text.append(f"\n## To {name} of 1e-6, and the time of the fastest peer over it\n\n" + summary(rows, level))
    for threads in sorted({row["threads"] for row in rows}):
        clock = "CPU seconds" if threads == 1 else "wall seconds"
        text.append(f"\n## {threads} thread{'s' * (threads > 1)}, {clock}\n\n" + markdown(rows, threads))
    (results / "table.md").write_text("".join(text))
    (results / "bars.md").write_text("# Bars\n\n" + bars.markdown(bars.from_results(results)))
    machine, problems = (results / "machine.json", results / "problems.json")
    if machine.exists() and problems.exists():
        sizes = json.loads(problems.read_text())
        (results / "cost.md").write_text("# Cost\n\n" + cost.table(rows, sizes, json.loads(machine.read_text())))
    plots.write(rows, results)


if __name__ == "__main__":
    write(Path(__file__).resolve().parent / "results")
