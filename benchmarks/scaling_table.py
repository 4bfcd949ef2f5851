"""Markdown tables of scaling files: medians over seeds, with the least and the most beside them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Run = dict[str, Any]

NOISE = 1e-9
"""Bounds above a cost by less than this share of it are rounding."""

HEAD = (
    *("family", "size", "solver", "plans", "gap", "gap to prices", "gain open"),
    *("over the best", "1 %", "0.5 %", "0.1 %", "seconds", "MiB"),
)

LEGEND = """\
Median over the seeds (least–most). *gap*: (cost - bound) / cost, by the better of the bound that
row prices prove and the solver's own claim; c: for some seed it is the claim. *gap to prices*: by
row prices alone, the solver's or, where it gives none, those of a short climb. *gain open*: (cost -
bound) / (today's cost - bound), hard limits that today's books break not counted. *over the best*:
cost over that of the best plan of any solver here. *1 %, 0.5 %, 0.1 %*: seconds until plan and
bound were so near, a run that never got there counting as for ever. *MiB*: the solver's
processes."""

GAP_HEAD = ("instance", "best known", "solver", "cost", "over best known", "gap", "seconds")


def report(files: Sequence[dict[str, Any]]) -> str:
    """The tables of all runs in ``files``, what they were made on, and what contradicts."""
    runs = [run for file in files for run in file["runs"]]
    lines: list[str] = []
    for file in files:
        made = file["machine"]
        lines.append(
            f"{file['date']}: {made['cpu']}, {made['cores']} cores, {made['memory_gib']} GiB, "
            f"Python {made['python']}; "
            + ", ".join(f"{name} {version}" for name, version in file["versions"].items())
        )
    lines += ["", *_sales([run for run in runs if run["family"] != "gap"])]
    lines += ["", *_gap([run for run in runs if run["family"] == "gap"])]
    wrong = contradictions(runs)
    lines += ["", *(f"CONTRADICTION: {one}" for one in wrong)] if wrong else []
    return "\n".join(lines).strip()


def contradictions(runs: Iterable[Run]) -> list[str]:
    """Bounds above the recounted cost of another run, and plans that cost other than was said."""
    found = []
    for name, same in _by(runs, lambda run: run.get("instance")):
        costs = [(run["cost"], run["solver"]) for run in same if run.get("cost") is not None]
        best = min(costs, default=None)
        for run in same:
            if run.get("cost_as_claimed") is False:
                found.append(f"{name}: {run['solver']} says {run['claimed_cost']:.9g}")
            for key in ("bound_claimed", "bound_proved", "bound_climbed"):
                bound = run.get(key)
                if best is not None and bound is not None:
                    room = NOISE * max(1.0, abs(best[0]))
                    if bound > best[0] + room:
                        found.append(
                            f"{name}: {key} {bound:.9g} of {run['solver']} is above the cost "
                            f"{best[0]:.9g} of {best[1]}'s plan"
                        )
    return found


def _sales(runs: list[Run]) -> list[str]:
    if not runs:
        return []
    best = {
        name: min((run["cost"] for run in same if run.get("cost") is not None), default=None)
        for name, same in _by(runs, lambda run: run.get("instance"))
    }
    lines = [f"| {' | '.join(HEAD)} |", "|---|---:|---|" + "---:|" * (len(HEAD) - 3)]
    by = _by(runs, lambda run: (run["family"], run["accounts"] or 0, run["reps"], run["solver"]))
    by.sort(key=lambda group: group[0][:3])
    for (family, accounts, reps, solver), same in by:
        plans = [run for run in same if run.get("cost") is not None]
        over = [run["cost"] / best[run["instance"]] - 1 for run in plans if run["cost"]]
        claimed = any(run.get("bound_is") == "claimed" for run in plans)
        cells = [
            family,
            f"{accounts:,} x {reps:,}",
            solver,
            f"{len(plans)}/{len(same)}",
            _shares([run.get("gap") for run in plans]) + (" c" if claimed else ""),
            _shares([_proved_gap(run) for run in plans]),
            _shares([run.get("improvement_gap") for run in plans]),
            _shares(over),
            *(_times([_reached(run, one) for run in same]) for one in ("0.01", "0.005", "0.001")),
            _numbers([run.get("seconds_in_all") for run in same], "{:.1f}"),
            _numbers([run.get("peak_mb") for run in same], "{:.0f}"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", LEGEND, "", *_notes(runs)]
    return lines


def _notes(runs: list[Run]) -> list[str]:
    """Why runs have no plan, each reason once with the number of runs."""
    found: dict[tuple[str, str, str], int] = {}
    for run in runs:
        if run.get("cost") is not None:
            continue
        why = run.get("message") or run["status"]
        if run.get("breaks"):
            why = f"breaks hard rules: {', '.join(run['breaks'])}"
        size = f"{run['accounts'] or 0:,} x {run['reps']:,}"
        key = (f"{run['family']} {size}", run["solver"], why.replace("\n", " ")[:160])
        found[key] = found.get(key, 0) + 1
    return [f"- {size}, {solver}: {why} ({count})" for (size, solver, why), count in found.items()]


def _gap(runs: list[Run]) -> list[str]:
    if not runs:
        return []
    lines = [f"| {' | '.join(GAP_HEAD)} |", "|---|---:|---|" + "---:|" * (len(GAP_HEAD) - 3)]
    for run in runs:
        cost, best = run.get("cost"), run.get("best_known")
        over = None if cost is None or not best else cost / best - 1
        cells = [
            run.get("instance") or run["name"],
            "" if best is None else f"{best:g}",
            run["solver"],
            run["status"] if cost is None else f"{cost:g}",
            "" if over is None else f"{over:.3%}",
            "" if run.get("gap") is None else f"{run['gap']:.3%}",
            "" if run.get("seconds_in_all") is None else f"{run['seconds_in_all']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _proved_gap(run: Run) -> float | None:
    """The gap to the bound that row prices prove: the solver's own, or those of a short climb."""
    bound = run.get("bound_proved", None)
    if bound is None:
        bound = run.get("bound_climbed")
    if bound is None or not run["cost"]:
        return None
    return max(run["cost"] - float(bound), 0.0) / abs(float(run["cost"]))


def _reached(run: Run, gap: str) -> float | None:
    seconds = run.get("reached", {}).get(gap)
    return None if seconds is None else float(seconds)


def _times(seconds: list[float | None]) -> str:
    """The median time over all runs, those that never got there counted as for ever."""
    times = [one for one in seconds if one is not None]
    if not times:
        return "-"
    every = sorted(times) + [float("inf")] * (len(seconds) - len(times))
    middle = statistics.median_high(every)
    shown = "-" if middle == float("inf") else f"{middle:.1f}"
    return shown if len(times) == len(seconds) else f"{shown} ({len(times)}/{len(seconds)})"


def _shares(values: Iterable[float | None]) -> str:
    return _numbers(values, "{:.2%}")


def _numbers(values: Iterable[float | None], form: str) -> str:
    """Median, and least to most where they differ."""
    known = [one for one in values if one is not None]
    if not known:
        return ""
    low, middle, high = (form.format(of(known)) for of in (min, statistics.median, max))
    return middle if low == high else f"{middle} ({low}–{high})"


def _by(runs: Iterable[Run], key: Callable[[Run], Any]) -> list[tuple[Any, list[Run]]]:
    """The runs by key, in the order in which keys first appear."""
    found: dict[Any, list[Run]] = {}
    for run in runs:
        found.setdefault(key(run), []).append(run)
    return list(found.items())
