"""Seconds and memory of each phase, beside the same model written by hand with other libraries.

    python benchmarks/phases.py --sizes 10000 100000 1000000 --repeats 5 --against pulp linopy

Each run is a fresh process; each number is a median of its runs, and every run is kept. What is
measured and how is told in README.md beside this file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from machine import commit, load, machine
from medians import build_seconds, medians_of, table, targets

HERE = Path(__file__).resolve().parent

WAYS = {"pulp": ("pulp", "pulp-quick"), "linopy": ("linopy", "linopy-sparse")}
"""The ways in which the model is built with each library."""
INSTALL = {"pulp": "pip install 'pulp>=3.3,<5'", "linopy": "pip install 'linopy>=0.10'"}
AGREE_ON = 400
"""Pairs of the books that every way solves to the end, to see that all build the same model."""
AGREE = 1e-6


def main(arguments: list[str] | None = None) -> int:
    """Measures, writes the JSON file and prints the table; 1 when a target is missed."""
    asked = _asked(arguments)
    ways = ["optiterr", *(way for library in asked.against for way in WAYS[library])]
    with tempfile.TemporaryDirectory() as folder:
        report = _report(asked, ways, Path(folder))
    text = json.dumps(report, indent=1)
    if asked.output is not None:
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(text + "\n", encoding="utf-8")
    print(table(report))
    for target in report["targets"]:
        print(f"{'kept' if target['kept'] else 'MISSED'}: {target['what']}: {target['found']}")
    return int(not all(target["kept"] for target in report["targets"]))


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], metavar="PAIRS")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each way and size")
    parser.add_argument("--against", nargs="*", choices=WAYS, help="default: those installed")
    parser.add_argument("--seed", type=int, default=0, help="of the books and of the solver")
    parser.add_argument("--solve-up-to", type=int, default=100_000, metavar="PAIRS")
    parser.add_argument("--seconds", type=float, default=60.0, help="time box of one solve")
    parser.add_argument("--gap", type=float, default=0.01, help="relative gap that ends a solve")
    parser.add_argument(
        "--patience", type=float, default=60.0, help="a run longer than this is not repeated"
    )
    parser.add_argument("-o", "--output", type=Path, help="JSON file to write")
    asked = parser.parse_args(arguments)
    if min(asked.sizes) < AGREE_ON or asked.repeats < 1:
        parser.error(f"at least {AGREE_ON} pairs and one repeat")
    missing = [library for library in WAYS if find_spec(library) is None]
    if asked.against is None:
        asked.against = [library for library in WAYS if library not in missing]
        for library in missing:
            print(f"without {library}; to measure it too: {INSTALL[library]}")
    elif set(asked.against) & set(missing):
        parser.error("; ".join(INSTALL[name] for name in missing if name in asked.against))
    return asked


def _report(asked: argparse.Namespace, ways: list[str], folder: Path) -> dict[str, Any]:
    began = dt.datetime.now(dt.UTC)
    told = {**machine(), "load_before": load()}
    small = _books(folder, AGREE_ON, asked.seed)
    agreement = _agreement(ways, small, asked)
    sizes = [_size(pairs, ways, small, folder, asked) for pairs in asked.sizes]
    versions = {
        name: version
        for size in sizes
        for way in size["ways"].values()
        for name, version in way["runs"][0]["versions"].items()
    }
    return {
        "schema": 1,
        "date": began.isoformat(timespec="seconds"),
        "minutes": round((dt.datetime.now(dt.UTC) - began).total_seconds() / 60, 1),
        "command": _command(asked),
        **commit(),
        "machine": {**told, "load_after": load()},
        "versions": dict(sorted(versions.items())),
        "seed": asked.seed,
        "agreement": agreement,
        "sizes": sizes,
        "targets": targets(sizes, WAYS),
    }


def _command(asked: argparse.Namespace) -> str:
    said = {
        "sizes": asked.sizes,
        "repeats": [asked.repeats],
        "against": asked.against,
        "seed": [asked.seed],
        "solve-up-to": [asked.solve_up_to],
        "seconds": [asked.seconds],
        "gap": [asked.gap],
        "patience": [asked.patience],
    }
    words = " ".join(f"--{key} {' '.join(map(str, values))}" for key, values in said.items())
    return f"python benchmarks/phases.py {words}"


def _books(folder: Path, pairs: int, seed: int) -> Path:
    made = folder / str(pairs)
    _start("books", made, folder / "none", pairs=pairs, seed=seed)
    return made


def _start(way: str, books: Path, into: Path, **options: Any) -> None:
    """Runs measured.py in a fresh process; its words are shown only when it fails."""
    words = [str(word) for key, value in options.items() for word in (f"--{key}", value)]
    command = [sys.executable, str(HERE / "measured.py"), way, str(books), str(into), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        raise SystemExit(f"{way} ends with {done.returncode}:\n{done.stderr[-3000:]}")


def _run(way: str, books: Path, small: Path, asked: argparse.Namespace, **options: Any) -> Any:
    into = books / "measured.json"
    _start(way, books, into, first=small, seed=asked.seed, **options)
    return json.loads(into.read_text())


def _agreement(ways: list[str], small: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The optimum of the small books in every way; ends the benchmark when two differ."""
    found = {way: _run(way, small, small, asked, seconds=300, gap=0)["solve"] for way in ways}
    values = {way: solve["objective"] for way, solve in found.items()}
    if {solve["status"] for solve in found.values()} != {"Optimal"}:
        raise SystemExit(f"not all ways end with an optimum: {found}")
    low, high = min(values.values()), max(values.values())
    if high - low > AGREE * abs(high):
        raise SystemExit(f"the ways do not build the same model: {values}")
    return {"pairs": AGREE_ON, "optimum": values}


def _size(
    pairs: int, ways: list[str], small: Path, folder: Path, asked: argparse.Namespace
) -> dict[str, Any]:
    """All runs of one size; the ways take turns, so that a busy moment meets all of them."""
    books = _books(folder, pairs, asked.seed)
    runs: dict[str, list[Any]] = {way: [] for way in ways}
    impatient: set[str] = set()
    for turn in range(asked.repeats):
        box = asked.seconds if turn == 0 and pairs <= asked.solve_up_to else 0
        for way in [way for way in ways if way not in impatient]:
            begun, before = perf_counter(), load()
            run = _run(way, books, small, asked, seconds=box, gap=asked.gap)
            runs[way].append({**run, "load_before": before})
            if perf_counter() - begun - run["seconds"].get("solve", 0.0) > asked.patience:
                impatient.add(way)
            spent = build_seconds(run)
            print(f"{pairs:>9,} pairs, turn {turn + 1}, {way}: {spent:.3f} s", file=sys.stderr)
    _same_shape(pairs, {way: made[0] for way, made in runs.items()})
    done = {way: medians_of(made) for way, made in runs.items()}
    own = done["optiterr"]
    for one in done.values():
        one["times_optiterr"] = round(one["build_seconds"] / own["build_seconds"], 2)
        one["times_optiterr_cpu"] = round(one["build_cpu_seconds"] / own["build_cpu_seconds"], 2)
    return {"pairs": pairs, "ways": done}


def _same_shape(pairs: int, made: dict[str, Any]) -> None:
    """Ends the benchmark when the models differ by more than the free deviation's columns."""
    own = made["optiterr"]
    reps = (own["columns"] - pairs) // 2
    for way, one in made.items():
        more = one["columns_more"] * reps
        wanted = (own["rows"], own["columns"] + more, own["nonzeros"] + more)
        if (one["rows"], one["columns"], one["nonzeros"]) != wanted:
            raise SystemExit(f"{way} builds another model: {one}, expected {wanted}")


if __name__ == "__main__":
    sys.exit(main())
