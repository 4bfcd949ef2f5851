"""Frontiers of the shipped scenarios: seconds, points and proved gaps, by the command line's code.

    python benchmarks/frontier.py --points 12 --seconds 285 --workers 2 -o results.json

Every point is recounted from the tables and every line proved again from its file before anything
is told. The gap is relative to the value of the last goal; the gap of the range is relative to what
that goal ranges over, and says more where the value comes near 0.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from optiterr.frontier import frontier, saved, verify_frontier
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import load

RUNS = (
    ("adventureworks", "disruption", "rest"),
    ("adventureworks", "disruption", "balance"),
    ("us_hospitals", "disruption", "rest"),
)
"""Scenario, and the goals between which its frontier lies."""


def main() -> None:
    """Runs all of them and prints a line for each; everything goes to a file when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=285.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    found = [_measured(one, asked) for one in RUNS]
    if asked.output is not None:
        asked.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _measured(one: tuple[str, ...], asked: argparse.Namespace) -> dict[str, Any]:
    name, *between = one
    scenario = load(packaged("scenarios") / name / "balanced.yaml")
    load_before, begun = os.getloadavg()[0], perf_counter()
    made = frontier(scenario, between, asked.points, asked.workers, asked.seconds)
    spent = perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frontier.json"
        saved(made, scenario, path)
        checked = verify_frontier(path)
    gaps = [point.gap for point in made.points]
    ranges = [point.gap_of_range for point in made.points]
    told = {
        "scenario": name,
        "between": between,
        "seconds": round(spent, 1),
        "points": len(made.points),
        "values": [point.values for point in made.points],
        "moves": [point.moves for point in made.points],
        "gaps": gaps,
        "gaps_of_range": ranges,
        "dropped": made.dropped.model_dump(),
        "verified": checked.holds,
        "sentences": made.sentences,
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "machine": platform.platform(),
        "versions": made.versions,
    }
    widest = max(1.0 if gap is None else gap for gap in gaps)
    within = sum(gap is not None and gap <= 0.005 for gap in gaps)
    print(
        f"{name} between {' and '.join(between)}: {spent:.0f} s, {len(gaps)} points, "
        f"{within} with a gap of at most 0.5 %, widest {widest:.2%} of the value, "
        f"{max(one or 0.0 for one in ranges):.2%} of the range; verified {checked.holds}; "
        f"load {load_before:.1f} to {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return told


if __name__ == "__main__":
    main()
