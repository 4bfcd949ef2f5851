"""Medians of runs, what they promise, and how they look as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

BUILD = ("compile", "linearise", "pass")
"""From tables in memory to a model that HiGHS holds."""
TARGET_PAIRS = 1_000_000
TARGET_SECONDS, TARGET_MIB, TARGET_TIMES = 1.5, 0.6 * 1024, 25.0


def build_seconds(run: dict[str, Any], kind: str = "seconds") -> float:
    """Seconds from tables in memory to a model that HiGHS holds."""
    return float(sum(run[kind].get(phase, 0.0) for phase in BUILD))


def medians_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of all runs of one way and size, and the runs themselves."""

    def medians(key: str, digits: int) -> dict[str, float]:
        phases = {phase: None for run in runs for phase in run[key]}
        return {
            phase: round(
                statistics.median(run[key][phase] for run in runs if phase in run[key]), digits
            )
            for phase in phases
        }

    builds = [build_seconds(run) for run in runs]
    return {
        "repeats": len(runs),
        "seconds": medians("seconds", 4),
        "cpu_seconds": medians("cpu_seconds", 4),
        "peak_mb": medians("peak_mb", 1),
        "import_mb": runs[0]["import_mb"],
        "build_seconds": round(statistics.median(builds), 4),
        "build_seconds_range": [round(min(builds), 4), round(max(builds), 4)],
        "build_cpu_seconds": round(
            statistics.median(build_seconds(run, "cpu_seconds") for run in runs), 4
        ),
        "build_peak_mb": statistics.median(
            max(run["peak_mb"].get(phase, 0.0) for phase in BUILD) for run in runs
        ),
        "runs": runs,
    }


def targets(
    sizes: list[dict[str, Any]], libraries: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """What we promise at a million pairs, kept or missed; empty when that size was not run."""
    found = []
    for size in sizes:
        if size["pairs"] != TARGET_PAIRS:
            continue
        own, ways = size["ways"]["optiterr"], size["ways"]
        seconds, peak = own["build_seconds"], own["build_peak_mb"]
        found += [
            _target(f"build in {TARGET_SECONDS} s", f"{seconds:.2f} s", seconds <= TARGET_SECONDS),
            _target(f"within {TARGET_MIB:.0f} MiB", f"{peak:.0f} MiB", peak <= TARGET_MIB),
        ]
        for way, least in (("pulp", TARGET_TIMES), ("linopy", 1.0)):
            for name in libraries[way]:
                if name in ways:
                    times = ways[name]["times_optiterr"]
                    what = f"at least {least:g} times as fast as {name}"
                    found.append(_target(what, f"{times:g} times", times >= least))
    return found


def _target(what: str, found: str, kept: bool) -> dict[str, Any]:
    return {"what": what, "found": found, "kept": kept}


def table(report: dict[str, Any]) -> str:
    """The medians of a report as a Markdown table."""
    heads = [
        *("pairs", "way", "runs", "read", *BUILD, "build", "range"),
        *("CPU", "times", "peak MiB", "import MiB"),
    ]
    lines = [f"| {' | '.join(heads)} |", "|---:|---|" + "---:|" * (len(heads) - 2)]
    for size in report["sizes"]:
        for way, one in size["ways"].items():
            seconds = one["seconds"]
            low, high = one["build_seconds_range"]
            cells = [
                f"{size['pairs']:,}",
                way,
                str(one["repeats"]),
                *(_cell(seconds.get(phase)) for phase in ("read", *BUILD)),
                _cell(one["build_seconds"]),
                f"{_cell(low)}–{_cell(high)}",
                _cell(one["build_cpu_seconds"]),
                f"{one['times_optiterr']:.1f}",
                f"{one['build_peak_mb']:.0f}",
                "" if one["import_mb"] is None else f"{one['import_mb']:.0f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| pairs | way | solve | ended | gap | audit | proof | digest |"]
    lines += ["|---:|---|---:|---|---:|---:|---:|---:|"]
    for size in report["sizes"]:
        for way, one in size["ways"].items():
            solve, seconds = one["runs"][0].get("solve"), one["seconds"]
            after = [_cell(seconds.get(phase)) for phase in ("audit", "proof", "digest")]
            if solve is None and not any(after):
                continue
            told = [_cell(seconds.get("solve")), "not tried", ""]
            if solve is not None:
                gap = "" if solve["gap"] is None else f"{solve['gap']:.4f}"
                told[1:] = [solve["status"], gap]
            cells = [f"{size['pairs']:,}", way, *told, *after]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f}" if seconds >= 10 else f"{seconds:.3f}"
