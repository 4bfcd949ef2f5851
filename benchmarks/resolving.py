"""After an edit: how much sooner a solve ends that begins with the plan and prices before it.

    python benchmarks/resolving.py geo 100000 200 --seconds 300 --threads 2 -o resolving.json

Writes the instance as a scenario, solves it once by ``optiterr solve``, and after each edit again,
cold and with ``--after``. The edits: an account that the plan moved is locked to its owner; the
budget of revenue moved is a twentieth smaller; a rep is hired beside another one. Seconds are those
of the whole command, reading and proof included, and of its search alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from front_door import begun, reached, watched
from instance_files import which_instance, write
from instances import tables
from ruamel.yaml import YAML

BUDGET = "moved-revenue"
"""The rule whose limit is changed."""

Edit = Callable[[dict[str, Any], Path, dict[str, Any]], None]


def lock(scenario: dict[str, Any], folder: Path, plan: dict[str, Any]) -> None:
    """The first account that the plan moved stays with its owner."""
    accounts = pd.read_parquet(folder / "accounts.parquet").set_index("account_id")["owner"]
    moved = next(one for one, rep in plan["assignment"].items() if accounts[one] != rep)
    keep = [{"account": moved, "rep": str(accounts[moved])}]
    scenario["rules"]["promise"] = {"kind": "locks", "keep": keep}


def limit(scenario: dict[str, Any], folder: Path, plan: dict[str, Any]) -> None:
    """A twentieth less revenue may move."""
    scenario["rules"][BUDGET]["max_share"] *= 0.95


def hire(scenario: dict[str, Any], folder: Path, plan: dict[str, Any]) -> None:
    """A rep as the first one, at the same place and for the same accounts."""
    reps = pd.read_parquet(folder / "reps.parquet")
    pairs = pd.read_parquet(folder / "pairs.parquet")
    first = reps.iloc[:1]
    like = pairs[pairs["rep_id"] == first["rep_id"].iloc[0]]
    both = {"reps": (reps, first), "pairs": (pairs, like)}
    for name, (old, new) in both.items():
        text = pd.concat([old, new.assign(rep_id="hired")]).astype({"rep_id": str})
        text.to_parquet(folder / f"{name}-hired.parquet", index=False)
        scenario["data"][name]["file"] = f"{name}-hired.parquet"


EDITS: dict[str, Edit] = {"lock": lock, "limit": limit, "hire": hire}


def solved(path: Path, into: Path, asked: argparse.Namespace, after: Path | None) -> dict[str, Any]:
    """What one ``optiterr solve`` took and reached."""
    command = [sys.executable, "-m", "optiterr.cli", "solve", str(path), "-o", str(into)]
    command += ["--seconds", str(asked.seconds), "--threads", str(asked.threads)]
    command += [] if after is None else ["--after", str(after)]
    took = watched(command, path.parent)
    told = {"seconds": took["seconds"], "peak_mb": took["peak_mb"], "said_last": took["said_last"]}
    plan = into / "plan.json"
    if plan.exists():
        told |= reached(plan)
    return told


def runs(asked: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """The first solve, then each edit with and without it."""
    path = write(tables(asked.family, asked.accounts, asked.reps, asked.seed), folder)
    first = folder / "first"
    yield {"edit": "none", "way": "cold", **solved(path, first, asked, None)}
    plan = json.loads((first / "plan.json").read_text(encoding="utf-8"))
    for name in asked.edits:
        scenario = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        EDITS[name](scenario, folder, plan)
        edited = folder / f"{name}.yaml"
        with edited.open("w", encoding="utf-8") as file:
            YAML().dump(scenario, file)
        ways = {"after": first / "plan.json"} | ({} if asked.warm_only else {"cold": None})
        for way, after in ways.items():
            yield {
                "edit": name,
                "way": way,
                **solved(edited, folder / f"{name}-{way}", asked, after),
            }


def line(told: dict[str, Any]) -> str:
    """One line about a run."""
    gap = told.get("gap_proved")
    search = told.get("phases", {}).get("solve", float("nan"))
    end = told["said_last"][-300:] if gap is None else f"gap {gap:.3%}"
    return f"{told['edit']}, {told['way']}: {told['seconds']:.0f} s, solve {search:.0f} s; {end}"


def main(arguments: list[str] | None = None) -> int:
    """Measures what was asked for; 1 when any run ends without a plan."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which_instance(parser)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--edits", nargs="+", choices=list(EDITS), default=list(EDITS))
    parser.add_argument("--warm-only", action="store_true", help="edits are not solved cold")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file to write the record to")
    asked = parser.parse_args(arguments)
    told: dict[str, Any] = {
        **begun(),
        "instance": f"{asked.family}-{asked.accounts}x{asked.reps}-seed{asked.seed}",
        "runs": [],
    }
    with tempfile.TemporaryDirectory(prefix="resolving-") as folder:
        for one in runs(asked, Path(folder)):
            print(line(one), flush=True)
            told["runs"].append(one)
            if asked.output is not None:
                asked.output.parent.mkdir(parents=True, exist_ok=True)
                asked.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if all("gap_proved" in one for one in told["runs"]) else 1


if __name__ == "__main__":
    sys.exit(main())
