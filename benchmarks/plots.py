"""Plots: accuracy against time on each problem, and growth of time with size."""

import json
from statistics import median

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter  # noqa: E402

from .problems import PROBLEMS  # noqa: E402

COLOURS = {
    "chamfer": "C3", "chamfer-previous": "C1", "sklearn": "C0", "sklearn-gram": "C9", "sklearn-liblinear": "C9",
    "celer": "C2", "skglm": "C4", "adelie": "C5", "glmnet": "C7", "glmnet-rs": "0.2",
}  # fmt: skip
SETTINGS = {"max/10": "λ = λmax/10", "max/100": "λ = λmax/100", "path": "100 λ to λmax/100"}
FLOOR = 1e-16


def accuracy(rows, problem, threads, folder):
    """One panel for each setting, one line for each solver."""
    here = [row for row in rows if row["problem"] == problem and row["threads"] == threads and row["fits"]]
    if not here:
        return
    clock = "cpu" if threads == 1 else "wall"
    measure = "gap" if "gap" in here[0]["fits"][0] else "stationarity"
    settings = [setting for setting in SETTINGS if any(row["setting"] == setting for row in here)]
    size = (4 * len(settings), 4)
    figure, panels = plt.subplots(1, len(settings), figsize=size, sharey=True, layout="constrained", squeeze=False)
    panels = panels[0]
    for panel, setting in zip(panels, settings, strict=True):
        for row in (row for row in here if row["setting"] == setting):
            points = [(median(fit[clock]), max(fit[measure], FLOOR)) for fit in row["fits"]]
            own = row["solver"].startswith("chamfer")
            panel.loglog(
                *zip(*points, strict=True), marker="o", markersize=3.5, color=COLOURS[row["solver"]],
                linewidth=2.2 if own else 1.2, label=row["solver"], zorder=3 if own else 2,
            )  # fmt: skip
        panel.set_title(SETTINGS[setting], fontsize="medium")
        for level in (1e-6, 1e-9) if measure == "gap" else (1e-6,):
            panel.axhline(level, color="0.6", linewidth=0.7, linestyle=":", zorder=1)
        panel.set_xlabel(f"{'CPU' if threads == 1 else 'wall'} seconds")
        low, high = panel.get_xlim()
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 200 * low else (1,), numticks=9))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.tick_params(axis="x", labelsize="small")
    panels[0].set_ylabel("relative duality gap" if measure == "gap" else "stationarity relative to λ")
    named = {name: line for panel in panels for line, name in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named, loc="outside right upper", fontsize="small", frameon=False)
    figure.suptitle(PROBLEMS[problem][0], fontsize="large")
    figure.savefig(folder / f"accuracy_{problem}{'' if threads == 1 else '_threads'}.png", dpi=110)
    plt.close(figure)


def growth(scaling, folder):
    """Time against rows or columns, beside a straight line."""
    count = len(scaling["curves"])
    figure, panels = plt.subplots(1, count, figsize=(12, 4), sharey=True, layout="constrained", squeeze=False)
    panels = panels[0]
    for panel, (name, points) in zip(panels, scaling["curves"].items(), strict=True):
        measure = "p" if name.startswith("columns") else "n"
        sizes, seconds = [q[measure] for q in points], [q["cpu"] for q in points]
        panel.loglog(sizes, seconds, marker="o", color="C3", label="chamfer")
        if points:
            panel.loglog(sizes, [seconds[-1] * s / sizes[-1] for s in sizes], ":", color="0.5", label="linear")
        panel.set_title(name, fontsize="medium")
        panel.set_xlabel(name.split()[0].rstrip(","))
    panels[0].set_ylabel("CPU seconds, one λ")
    panels[0].legend(frameon=False)
    figure.savefig(folder / "scaling.png", dpi=110)
    plt.close(figure)


def write(rows, results):
    for problem in {row["problem"] for row in rows} & set(PROBLEMS):
        for threads in {row["threads"] for row in rows}:
            accuracy(rows, problem, threads, results)
    if (results / "scaling.json").exists():
        growth(json.loads((results / "scaling.json").read_text()), results)
