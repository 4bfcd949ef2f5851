"""Damaged scenarios: ``python benchmarks/fuzz.py [--mutants 10000] [--seed 1]``.

Takes every shipped scenario, study and model, the examples of the rules' pages, random scenarios
and one that uses the whole language, and damages their text, their trees and their tables. Each
damaged one is loaded, stated, read and compiled, and one in six of those that compile is solved for
two seconds, audited and verified. What comes is either that, or an error of ours of which every
fault says where, what and how to mend it. Anything else is a failure: another exception, another
warning, a hang, words of a library in a message, or a value that was read as another than is
written. A failure is saved with its seed; the command then ends with 1.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from campaigns.goods import Mutant, goods, mutant
from campaigns.mutants import text_of
from campaigns.outcomes import Outcome

SOLVED_EACH = 6
PART = 20

Found = tuple[int, str, str, str, str]
"""Number, what was damaged, stage, end, failure."""


def part(seed: int, keep: Path, numbers: range) -> list[Found]:
    """What comes of some mutants; those that fail are kept."""
    known = goods()
    found: list[Found] = []
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="mutant-") as top:
            folder = Path(top) / "a" / "b" / "c"
            folder.mkdir(parents=True)
            one = mutant(seed, number, known, folder)
            outcome = one.judged(solved=number % SOLVED_EACH == 0)
            found.append((number, one.name, outcome.stage, outcome.end, outcome.failure))
            if outcome.failure:
                _keep(one, keep / f"{seed}-{number}", outcome)
    return found


def _keep(one: Mutant, folder: Path, outcome: Outcome) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(one.folder, folder)
    (folder / "failure.txt").write_text(f"{one.name}: {outcome.failure}\n", encoding="utf-8")
    if one.text is None:
        (folder / "tree.txt").write_text(repr(one.tree), encoding="utf-8")
        (folder / "scenario.yaml").write_text(text_of(one.tree), encoding="utf-8")


def parts(seed: int, keep: Path, mutants: int, processes: int) -> Iterator[list[Found]]:
    """All parts in order, worked out by so many processes."""
    ranges = [range(at, min(at + PART, mutants)) for at in range(0, mutants, PART)]
    if processes == 1:
        yield from map(partial(part, seed, keep), ranges)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(part, seed, keep), ranges)


def main(argv: list[str] | None = None) -> int:
    """Run the campaign; 1 when a mutant fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("out") / "fuzz", help="for failures")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="judge one mutant again")
    asked = parser.parse_args(argv)
    if asked.only is not None:
        print(part(asked.seed, asked.keep, range(asked.only, asked.only + 1)))
        return 0
    begun = time.perf_counter()
    ends, bases, failures = Counter[str](), Counter[str](), 0
    for found in parts(asked.seed, asked.keep, asked.mutants, asked.processes):
        for number, name, stage, end, failure in found:
            ends[f"{end} at {stage}" if end in ("refused", "failed") else end] += 1
            bases[re.sub(r"^(docs|scenarios|models)/.*", r"\1", name)] += 1
            if failure:
                failures += 1
                print(f"FAILS {asked.seed}-{number} {name}, {stage}: {failure}", flush=True)
        if ends.total() % 1000 == 0:
            spent = time.perf_counter() - begun
            print(f"{ends.total()} mutants, {spent:.0f} s", file=sys.stderr, flush=True)
    print(f"\n{ends.total():,} mutants, {time.perf_counter() - begun:.0f} s")
    for counts in (ends, bases):
        for what, count in counts.most_common():
            print(f"{count:7,} {count / ends.total():6.1%} {what}")
        print()
    print("no failure" if not failures else f"{failures} failures, kept in {asked.keep}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
