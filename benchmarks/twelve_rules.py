"""Seconds to compile a scenario of twelve rules and more over a million pairs, rule by rule.

    python benchmarks/twelve_rules.py --pairs 1000000 --repeats 5 -o results.json

Books are read as CSV files by the engine once; then the model is compiled several times and the
median is told. What each rule takes alone is told beside it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import books
import numpy as np
import pandas as pd

from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.scenario.loading import Scenario

TARGET_PAIRS, TARGET_SECONDS = 1_000_000, 4.0

RULES: dict[str, dict[str, Any]] = {
    "hours": {"kind": "capacity"},
    "hours-large": {"kind": "capacity", "limit": 5000, "where": {"segment": ["gold", "silver"]}},
    "fair-revenue": {"kind": "balance", "measure": "revenue", "within": 0.05, "price": 2000},
    "fair-teams": {"kind": "balance", "measure": "revenue", "by": "manager", "within": 0.2},
    "way": {"kind": "travel", "measure": "km", "price": 1},
    "calm": {"kind": "disruption", "of": "revenue", "max_share": 0.3},
    "top-ten": {
        "kind": "disruption",
        "top": 10,
        "top_by": "revenue",
        "rep_out_max_amount": 5,
    },
    "renewals": {
        "kind": "protect",
        "where": {"renewal": {"between": ["today", "30 days"]}, "revenue": {"at_least": 50}},
        "price": 3,
    },
    "loss": {
        "kind": "relationships",
        "price": 0.01,
        "value": "revenue",
        "since": "since",
        "tenure": [[0, 0.0], [1, 0.3], [5, 1.0]],
    },
    "skills": {"kind": "skills", "price": 10},
    "walls": {"kind": "walls", "match": {"region": "region"}, "price": 5},
    "mix": {
        "kind": "mix",
        "where": {"segment": "gold"},
        "share_at_most": 0.6,
        "price": 1,
    },
    "states": {"kind": "focus", "column": "state", "at_most": 6, "price": 50},
}
"""Twelve rules of many kinds, with filters, and ``focus``, which has a row for each pair."""

FAMILIES = {"together": {"kind": "together", "group": "family"}}
"""Kept together: what the contraction of families takes on top."""


def main(arguments: list[str] | None = None) -> int:
    """Measures, writes the JSON file and prints the table; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=TARGET_PAIRS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="JSON file to write")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), asked.pairs, asked.seed)
        report = measured(Path(folder), asked.repeats)
    report |= {"pairs_asked": asked.pairs, "repeats": asked.repeats, "seed": asked.seed}
    if asked.output is not None:
        asked.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for name, seconds in report["median_seconds"].items():
        print(f"{name:<28}{seconds:8.3f} s")
    kept = asked.pairs != TARGET_PAIRS or report["median_seconds"]["all"] <= TARGET_SECONDS
    print(
        "kept" if kept else "MISSED", f": all rules within {TARGET_SECONDS:g} s at a million pairs"
    )
    return int(not kept)


def write(folder: Path, pairs: int, seed: int) -> None:
    """The books of ``books.py`` with the further columns that the rules read."""
    books.write(folder, pairs, seed)
    rng = np.random.default_rng(seed + 1)
    accounts = pd.read_csv(folder / "accounts.csv")
    reps = pd.read_csv(folder / "reps.csv")
    size = len(accounts)
    start = np.datetime64("2027-01-01")
    accounts["segment"] = rng.choice(["gold", "silver", "bronze"], size, p=[0.1, 0.3, 0.6])
    accounts["region"] = rng.choice(["north", "south"], size)
    accounts["state"] = rng.choice([f"S{n:02d}" for n in range(50)], size)
    accounts["skills"] = rng.choice(["", "", "", "cloud", "bank"], size)
    accounts["renewal"] = start + rng.integers(-100, 400, size).astype("timedelta64[D]")
    accounts["since"] = start - rng.integers(0, 3000, size).astype("timedelta64[D]")
    parent = np.where(rng.random(size) < 0.1, rng.integers(0, size, size), -1)
    ids = accounts["account_id"].to_numpy(dtype=object)
    under = (parent >= 0) & (parent < np.arange(size))
    accounts["parent"] = np.where(under, ids[np.maximum(parent, 0)], "")
    reps["region"] = rng.choice(["north", "south"], len(reps))
    reps["skills"] = rng.choice(["cloud", "bank", "cloud;bank"], len(reps))
    reps["manager"] = [f"m{n // 10:04d}" for n in range(len(reps))]
    accounts.to_csv(folder / "accounts.csv", index=False)
    reps.to_csv(folder / "reps.csv", index=False)


def measured(folder: Path, repeats: int) -> dict[str, Any]:
    """Median seconds: reading, all rules together, each alone, and with families contracted."""
    scenario = Scenario.from_dict(
        {
            "name": "twelve",
            "planning_date": "2027-01-01",
            "groups": {"family": {"parent": "parent"}},
            "data": {
                "accounts": {"file": "accounts.csv", "owner": "owner"},
                "reps": {"file": "reps.csv"},
                "pairs": {"file": "pairs.csv"},
            },
            "rules": RULES | FAMILIES,
        },
        folder=folder,
    )
    begun = perf_counter()
    problem = read(scenario)
    seconds = {"read": [perf_counter() - begun]}
    rules = dict(scenario.rules)
    together = rules.pop("together")
    runs = {"all": rules, "all, families as one": {**rules, "together": together}}
    runs |= {f"alone: {name}": {name: rule} for name, rule in rules.items()}
    counts = {}
    for name, some in runs.items():
        for _ in range(repeats):
            begun = perf_counter()
            model = compile_model(some, problem).model
            seconds.setdefault(name, []).append(perf_counter() - begun)
        counts[name] = {"pairs": len(model.pairs), "rows": model.rows}
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "versions": {
            "optiterr": version("optiterr"),
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
        "rules": len(rules),
        "median_seconds": {name: round(statistics.median(one), 4) for name, one in seconds.items()},
        "seconds": {name: [round(each, 4) for each in one] for name, one in seconds.items()},
        "sizes": counts,
    }


if __name__ == "__main__":
    sys.exit(main())
