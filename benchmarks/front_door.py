"""A scenario of any size through the command line: written, solved, verified; time and memory.

    python benchmarks/front_door.py geo 1000000 2000 --seconds 700 --threads 2 -o results/door.json

Writes the instance as a scenario file with Parquet tables, runs ``optiterr solve`` and ``optiterr
verify`` on it as a user does, and says what each took: seconds, and the most memory that the
process and those it started held together. Ends with 1 when the plan does not verify.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil
from instance_files import which_instance, write
from instances import tables
from machine import commit, load, machine, versions

TICK = 0.25
"""Seconds between two looks at the memory."""

ROLLUP = "smaps_rollup"
"""Where Linux tells the memory of a process, shared pages in parts."""


def held_mb(process: psutil.Process) -> float:
    """MiB that a process holds; a page that several share counts in parts, where that is told."""
    try:
        text = Path(f"/proc/{process.pid}/{ROLLUP}").read_text(encoding="utf-8")
    except OSError:
        return float(process.memory_info().rss) / 2**20
    line = next(one for one in text.splitlines() if one.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def watched(command: list[str], cwd: Path) -> dict[str, Any]:
    """Exit code, seconds and the most MiB of the command and of every process that it starts."""
    mark, peak, each = perf_counter(), 0.0, [0.0]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=cwd, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            held = []
            try:
                top = psutil.Process(process.pid)
                family = [top, *top.children(recursive=True)]
            except psutil.Error:
                family = []
            for one in family:
                try:
                    held.append(held_mb(one))
                except (psutil.Error, OSError, StopIteration):
                    continue
            if sum(held) > peak:
                peak, each = sum(held), held
            try:
                process.wait(TICK)
            except subprocess.TimeoutExpired:
                continue
        said.seek(0)
        last = said.read()[-2000:].decode(errors="replace")
    return {
        "code": process.returncode,
        "seconds": round(perf_counter() - mark, 1),
        "peak_mb": round(peak, 1),
        "peak_mb_each": [round(one, 1) for one in each],
        "said_last": last if process.returncode else "",
    }


def begun() -> dict[str, Any]:
    """What stands at the head of a record: when, of what files, where."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **commit(),
        "machine": machine(),
        "versions": versions(),
        "load_before": load(),
    }


def reached(plan: Path) -> dict[str, Any]:
    """What the plan file at ``plan`` claims, and the seconds of its phases."""
    held = json.loads(plan.read_text(encoding="utf-8"))
    told = {name: held[name] for name in ("status", "cost", "bound_proved", "gap_proved")}
    return told | {"pairs": held["pairs"]["considered"], "phases": held["solver"]["seconds"]}


def measured(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The record of one instance, solved and verified in ``folder``."""
    told = begun()
    mark = perf_counter()
    said = tables(asked.family, asked.accounts, asked.reps, asked.seed)
    scenario = write(said, folder, "parquet")
    told |= {"instance": said.name, "made_seconds": round(perf_counter() - mark, 1)}
    del said
    plan = folder / "out" / "plan.json"
    cli = [sys.executable, "-m", "optiterr.cli"]
    settings = ["--seconds", str(asked.seconds), "--threads", str(asked.threads)]
    command = [*cli, "solve", str(scenario), *settings, "-o", str(plan.parent)]
    told |= {"asked": settings, "solve": watched(command, folder)}
    if plan.exists():
        told |= reached(plan)
        told["plan_mb"] = round(plan.stat().st_size / 2**20, 1)
        told["verify"] = watched([*cli, "verify", str(plan)], folder)
    return told | {"load_after": load()}


def line(told: dict[str, Any]) -> str:
    """One line about a record."""
    parts = [told["instance"]]
    for name in ("solve", "verify"):
        if name in told:
            one = told[name]
            parts.append(f"{name} {one['seconds']:.0f} s, {one['peak_mb'] / 1024:.1f} GiB")
            if one["code"]:
                parts.append(f"ended with {one['code']}")
    if told.get("gap_proved") is not None:
        parts.append(f"gap {told['gap_proved']:.3%}")
    return "; ".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Measures what was asked for; 1 when there is no plan or it does not verify."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which_instance(parser)
    parser.add_argument("--seconds", type=float, default=700.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, help="a JSON file to write the record to")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="front-door-") as folder:
        told = measured(asked, Path(folder))
    print(line(told))
    if asked.output is not None:
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if "verify" in told and told["verify"]["code"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
