"""Solvers on instances of growing size: how near to the best plan, how soon, in how much memory.

    python benchmarks/scaling.py --families geo books --sizes 500x10 2000x25 --seeds 1 2 3 4 5 \\
        --solvers auto highs cp_sat scip cbc greedy round_robin --seconds 60 \\
        -o benchmarks/results/scaling-<date>.json
    python benchmarks/scaling.py --suite gap --types c d e --solvers auto highs --seconds 60 -o ...
    python benchmarks/scaling.py --report FILE...

Each run is a fresh process, one at a time. The file is written anew after every run, so that a run
that is cut short loses nothing; ``--resume`` goes on from there. What is measured and how is told
in README.md beside this file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from instances import FAMILIES
from machine import commit, load, machine, versions
from published import REAL, gap_names, missing
from scaling_run import BASELINES
from scaling_table import report

HERE = Path(__file__).resolve().parent

OURS = ("auto", "decompose", "greedy", *BASELINES)
"""Solvers for any size; all others are general ones, which ``--general-up-to`` holds back."""

PATIENCE = 900.0
"""A run may take so many seconds beyond twice its limit, to make its instance and to judge."""

KEY = (
    "suite",
    "family",
    "name",
    "accounts",
    "reps",
    "seed",
    "slack",
    "solver",
    "seconds",
    "target",
    "threads",
)
"""What tells two runs apart."""


def main(arguments: list[str] | None = None) -> int:
    """Runs what is asked for, or reads it from files, and prints the tables."""
    asked = _asked(arguments)
    if asked.report:
        print(report([json.loads(path.read_text(encoding="utf-8")) for path in asked.report]))
        return 0
    told = _begun(asked)
    done = {_key(run["asked"]) for run in told["runs"]}
    wanted = [one for one in _wanted(asked) if _key(one) not in done]
    for at, one in enumerate(wanted, start=1):
        run = _run(one)
        told["runs"].append({"asked": one, **run})
        _save(told, asked.output)
        print(f"{at}/{len(wanted)} {_said(run)}", file=sys.stderr, flush=True)
    print(report([told]))
    return 0


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--suite", choices=["sales", "gap"], default="sales")
    parser.add_argument("--families", nargs="+", choices=[*FAMILIES, *REAL], default=["geo"])
    parser.add_argument("--sizes", nargs="+", type=_size, default=[(500, 10)], metavar="500x10")
    parser.add_argument("--reps", nargs="+", type=int, default=[80], help="for real places")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--slack", type=float, help="room in both capacities of books")
    parser.add_argument("--types", nargs="+", default=["c", "d", "e"], help="of the gap suite")
    parser.add_argument("--names", nargs="+", help="instances of the gap suite, instead of types")
    parser.add_argument("--solvers", nargs="+", default=["auto", "highs"])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each solve")
    parser.add_argument("--target", type=float, default=1e-4, help="gap that ends a solve")
    parser.add_argument("--threads", type=int, default=1, help="for solvers that can use them")
    parser.add_argument(
        "--general-up-to", type=int, default=20_000, help="accounts that general solvers get"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the file of -o")
    parser.add_argument("--report", nargs="+", type=Path, metavar="FILE", help="only show files")
    parser.add_argument("-o", "--output", type=Path, help="JSON file to write")
    asked = parser.parse_args(arguments)
    if not asked.report and asked.output is None:
        parser.error("say with -o where to write")
    if asked.output is not None and asked.output.exists() and not asked.resume:
        parser.error(f"{asked.output} is there already: go on with --resume, or name another file")
    return asked


def _size(text: str) -> tuple[int, int]:
    accounts, _, reps = text.partition("x")
    return int(accounts), int(reps)


def _begun(asked: argparse.Namespace) -> dict[str, Any]:
    """The file to go on with, or a new one."""
    if asked.resume and asked.output.exists():
        found: dict[str, Any] = json.loads(asked.output.read_text(encoding="utf-8"))
        return found
    words = " ".join(sys.argv[1:])
    return {
        "schema": 1,
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": f"python benchmarks/scaling.py {words}",
        "machine": machine(),
        "versions": versions(),
        "runs": [],
    }


def _wanted(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What each run is asked for; solvers take turns on one instance."""
    box = {key: getattr(asked, key) for key in ("seconds", "target", "threads")}
    for case in _cases(asked):
        for name in asked.solvers:
            if name not in OURS and (case["accounts"] or 0) > asked.general_up_to:
                continue
            if name == "today" and asked.suite == "gap":
                continue
            yield {"suite": asked.suite, **case, "solver": name, **box}


def _cases(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What makes each instance; what cannot be made here is told."""
    blank: dict[str, Any] = dict.fromkeys(("name", "accounts", "reps", "seed", "slack"))
    if asked.suite == "gap":
        absent = missing("gap")
        if absent is not None:
            raise SystemExit(absent)
        for name in asked.names or gap_names(tuple(asked.types)):
            yield {**blank, "family": "gap", "name": name}
        return
    for family in asked.families:
        if family in REAL:
            absent = missing({"zips": "us_zip_business", "hospitals": "us_hospitals"}[family])
            if absent is not None:
                print(f"left out {family}: {absent}", file=sys.stderr)
                continue
            for reps in asked.reps:
                for seed in asked.seeds:
                    yield {**blank, "family": family, "reps": reps, "seed": seed}
            continue
        for accounts, reps in asked.sizes:
            for seed in asked.seeds:
                case = {"family": family, "accounts": accounts, "reps": reps, "seed": seed}
                yield {**blank, **case, "slack": asked.slack if family == "books" else None}


def _run(one: dict[str, Any]) -> dict[str, Any]:
    """The record of one run, or how its process ended."""
    with tempfile.TemporaryDirectory() as folder:
        said, into = Path(folder) / "asked.json", Path(folder) / "told.json"
        said.write_text(json.dumps(one), encoding="utf-8")
        command = [sys.executable, str(HERE / "scaling_run.py"), str(said), str(into)]
        begun = {"date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), **commit()}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=HERE)
        try:
            errors = process.communicate(timeout=2 * one["seconds"] + PATIENCE)[1]
        except subprocess.TimeoutExpired:
            _end(process)
            return {**begun, **one, "status": "failed", "message": "did not end and was killed"}
        if process.returncode or not into.exists():
            text = errors.strip()[-600:]
            ended = f"ended with {process.returncode}: {text}"
            return {**begun, **one, "status": "failed", "message": ended, "load_after": load()}
        told: dict[str, Any] = json.loads(into.read_text(encoding="utf-8"))
        return {**begun, **told}


def _end(process: subprocess.Popen[str]) -> None:
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for each in family:
        if each.is_running():
            each.kill()
    process.wait()


def _save(told: dict[str, Any], path: Path) -> None:
    """The file, whole at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def _key(one: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(one.get(key) for key in KEY)


def _said(run: dict[str, Any]) -> str:
    """One line about a run."""
    parts = [f"{run.get('instance', run.get('name') or run['family'])}", run["solver"]]
    parts.append(str(run["status"]))
    for key, form in (("cost", "cost {:.6g}"), ("gap", "gap {:.3%}"), ("peak_mb", "{:.0f} MiB")):
        if run.get(key) is not None:
            parts.append(form.format(run[key]))
    if run.get("breaks"):
        parts.append(f"breaks {', '.join(run['breaks'])}")
    if run.get("message") and run.get("cost") is None:
        parts.append(run["message"])
    return ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
