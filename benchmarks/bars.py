"""What Chamfer is to reach, measured: each bar with its figure, met or missed.

``python -m benchmarks.bars`` prints the table from what is in results/. Ratios are of CPU time, with one thread, to
the fastest peer in the same setting that reaches the same level.
"""

import json
from collections import namedtuple

from . import cost, levels
from .judge import CONVEX
from .scaling import slope

Bar = namedtuple("Bar", "subject where measured wanted met")

FASTER = {"path": 8.0, "max/100": 3.0, "max/10": 2.0}


def bars(rows, models, bounds, validation, scaling):
    """All bars for which there is a measurement."""
    rows = [row for row in rows if row["threads"] == 1 and row["problem"] in models]
    places = list(dict.fromkeys((row["problem"], row["setting"]) for row in rows))
    found = []
    for problem, setting in sorted(places, key=lambda at: (list(models).index(at[0]), at[1])):
        here = {row["solver"]: row for row in rows if (row["problem"], row["setting"]) == (problem, setting)}
        if "chamfer" not in here:
            continue
        at = f"{problem} {setting}"
        if models[problem] in CONVEX:
            found += convex(here, models[problem], setting, at, bounds.get((problem, setting)))
        else:
            found += not_convex(here, at)
    return found + cross_validation(validation) + growth(scaling)


def convex(here, model, setting, at, bound):
    own = here["chamfer"]
    wanted = 10.0 if setting == "path" and model in ("group", "logistic") else FASTER[setting]
    yield ratio("gap ≤ 1e-6, times as fast", here, "gap<=1e-6", at, wanted, bound)
    yield ratio("suboptimality ≤ 1e-6, times as fast", here, "subopt<=1e-6", at, 1.5)
    loose, tight = (own["levels"].get(level) for level in ("gap<=1e-6", "gap<=1e-9"))
    if loose:
        cost_of_more = tight["cpu"] / loose["cpu"] if tight else float("inf")
        yield at_most("time for 1e-9 over that for 1e-6", at, cost_of_more, 1.5)
    reaching = [fit for fit in own["fits"] if fit["gap"] <= 1e-6 and "tightness" in fit]
    if reaching:
        # The loosest of those that are good enough.
        worst, middle = reaching[0]["tightness"]
        text = f"{worst:.2g} at the worst λ, {middle:.2g} at the median"
        yield Bar("reported gap over true suboptimality", at, text, "≤ 10", worst <= 10.0)


def ratio(subject, here, level, at, wanted, bound=None):
    own = here["chamfer"]["levels"].get(level)
    peers = {name: row["levels"][level]["cpu"] for name, row in here.items() if level in row["levels"]}
    peers = {name: cpu for name, cpu in peers.items() if not name.startswith("chamfer")}
    if not peers:
        return Bar(subject, at, "no peer reaches it" if own else "nobody reaches it", f"{wanted:g}", bool(own))
    fastest = min(peers, key=peers.get)
    if not own:
        return Bar(subject, at, f"not reached; {fastest} {peers[fastest]:.3g} s", f"{wanted:g}", False)
    if bound and peers[fastest] <= 2 * bound["gram" if fastest == "sklearn-gram" else "any"]:
        # Nobody can be much faster than a peer at the machine's bound, on its own way.
        wanted = 1.0
    measured = peers[fastest] / own["cpu"]
    text = f"{measured:.2f} ({own['cpu']:.3g} s; {fastest} {peers[fastest]:.3g} s)"
    return Bar(subject, at, text, f"{wanted:g}", measured >= wanted)


def at_most(subject, at, measured, most, form="{:.2g}"):
    return Bar(subject, at, form.format(measured), "≤ " + f"{most:g}", measured <= most)


def not_convex(here, at):
    """Against skglm, among the fits of chamfer whose objectives, over all λ, are in sum no worse."""
    subject, level = "stationarity ≤ 1e-6, times as fast as skglm", "stationarity<=1e-6"
    peer = here["skglm"]["levels"].get(level) if "skglm" in here else None
    fits = [fit for name, row in here.items() if name.startswith("chamfer") for fit in row["fits"]]
    fits = [fit for fit in fits if fit["stationarity"] <= 1e-6]
    if not peer:
        yield Bar(subject, at, "skglm does not reach it", "2", bool(fits))
        return
    good = [fit for fit in fits if sum(fit["objective"]) <= sum(peer["objective"]) * (1 + 1e-6)]
    if not good:
        least = min((sum(fit["objective"]) for fit in fits), default=float("nan"))
        excess = least / sum(peer["objective"]) - 1
        yield Bar(subject, at, f"objective worse by {excess:.1e}" if fits else "not reached", "2", False)
        return
    own = min(levels.median(fit["cpu"]) for fit in good)
    measured = peer["cpu"] / own
    yield Bar(subject, at, f"{measured:.2f} ({own:.3g} s; skglm {peer['cpu']:.3g} s)", "2", measured >= 2.0)


def cross_validation(rows):
    """Chamfer at the loosest tolerance whose curve of errors is no less exact than scikit-learn's."""
    found = []
    for problem in dict.fromkeys(row["problem"] for row in rows):
        here = [row for row in rows if row["problem"] == problem]
        peer = [row for row in here if row["solver"] == "sklearn" and row["threads"] == 1]
        own = [row for row in here if row["solver"] == "chamfer"]
        one = [row for row in own if row["threads"] == 1 and peer and row["error"] <= peer[0]["error"]]
        if not one:
            continue
        one = min(one, key=lambda row: row["cpu"])
        measured = peer[0]["cpu"] / one["cpu"]
        text = f"{measured:.2f} ({one['cpu']:.3g} s; {peer[0]['cpu']:.3g} s)"
        found.append(Bar("10-fold CV, times as fast as LassoCV", problem, text, "5", measured >= 5.0))
        two = next(row for row in own if row["threads"] == 2 and row["tol"] == one["tol"])
        speedup = one["wall"] / two["wall"]
        text = f"{speedup:.2f} ({one['wall']:.3g} s; {two['wall']:.3g} s)"
        found.append(Bar("10-fold CV, two threads over one", problem, text, "1.7", speedup >= 1.7))
    return found


def growth(scaling):
    if not scaling:
        return []
    found = []
    for name, points in scaling["curves"].items():
        if len(points) < 3:
            continue
        measure = "p" if name.startswith("columns") else "n"
        found.append(at_most("exponent of time over the largest decade", name, slope(points, measure), 1.1, "{:.2f}"))
        last = points[-1]
        where = f"{name}: {last['n']:,} × {last['p']:,}"
        found.append(at_most("peak memory over that of X", where, last["memory"], 1.3, "{:.2f}"))
    small = scaling["small"]
    for where in ("442x10 at max/10", "442x10 at max/100"):
        found.append(at_most("milliseconds of a fit", where, 1e3 * small[where], 1.0))
    found.append(at_most("seconds of the import", "a fresh process", small["import"], 0.3))
    return found


def markdown(found):
    met = sum(bar.met for bar in found)
    lines = [f"{met} of {len(found)} bars are met.\n", "| bar | where | measured | wanted | |", "|---|---|---|---|---|"]
    for bar in sorted(found, key=lambda bar: bar.subject):
        verdict = "met" if bar.met else "**missed**"
        lines.append(f"| {bar.subject} | {bar.where} | {bar.measured} | {bar.wanted} | {verdict} |")
    return "\n".join(lines) + "\n"


def from_results(results):
    def read(name, otherwise):
        file = results / name
        return json.loads(file.read_text()) if file.exists() else otherwise

    rows, machine = levels.table(results), read("machine.json", None)
    sizes = read("problems.json", {})
    models = {name: size["model"] for name, size in sizes.items()}
    bounds = {}
    if machine:
        for (problem, setting), (_, _, least) in cost.bounds(rows, sizes, machine).items():
            bounds[problem, setting] = {"any": least, "gram": cost.gram(sizes[problem], machine)}
    return bars(rows, models, bounds, read("cross_validation.json", []), read("scaling.json", {}))


if __name__ == "__main__":
    from .run import RESULTS

    print(markdown(from_results(RESULTS)))
