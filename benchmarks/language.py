"""The whole language against counting: ``python benchmarks/language.py [--scenarios 5000]``.

Draws tiny random scenarios over all rules, measures, groups, calendars, roster states, selections
and filters, reads each as a file would be, and counts every plan from the rules' findings alone.
The model says the same of every plan; no prices prove more than the least cost; HiGHS agrees on
one in five, CP-SAT and SCIP on one in twenty-five, and one in fifty is solved, audited, saved and
verified from end to end. Nothing is skipped: what is refused is counted by reason. Ends with 1 when
anything differs, or more than a tenth is refused; each difference names the seed that draws it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from campaigns.agreement import Asked, tried
from campaigns.scenarios import Drawn, draw

HIGHS_EACH, OTHERS_EACH, WHOLE_EACH = 5, 25, 50
"""One scenario in so many is solved by HiGHS, by the other exact solvers, and from end to end."""
MOST_REFUSED = 0.1
PART = 25
"""Scenarios that a process is given at once."""

Found = tuple[int, str, str, int, tuple[str, ...]]
"""Number, outcome, reason or what differs, plans counted, what of the language took part."""


def drawn(seed: int, number: int) -> tuple[Drawn, np.random.Generator]:
    """Scenario ``number`` of a campaign, and what draws the prices that are tried on it."""
    rng = np.random.default_rng([seed, number])
    return draw(rng), rng


def asked_of(number: int) -> Asked:
    """What is tried of scenario ``number`` beside counting."""
    solvers = ("highs",) if number % HIGHS_EACH == 0 else ()
    if number % OTHERS_EACH == 0:
        solvers = (*solvers, "cp_sat", "scip")
    return Asked(solvers, number % WHOLE_EACH == 0)


def part(seed: int, numbers: range) -> list[Found]:
    """What comes of some scenarios."""
    found: list[Found] = []
    for number in numbers:
        scenario, rng = drawn(seed, number)
        tags = tuple(sorted(scenario.tags))
        try:
            outcome = tried(scenario, rng, asked_of(number))
            found.append(
                (number, outcome.kind, outcome.reason, outcome.plans, (*tags, *outcome.tags))
            )
        except Exception:  # noqa: BLE001  the campaign goes on and tells
            found.append((number, "WRONG", traceback.format_exc(limit=-4), 0, tags))
    return found


def parts(seed: int, scenarios: int, processes: int) -> Iterator[list[Found]]:
    """All parts in order, worked out by so many processes."""
    ranges = [range(at, min(at + PART, scenarios)) for at in range(0, scenarios, PART)]
    if processes == 1:
        yield from map(partial(part, seed), ranges)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(part, seed), ranges)


def main(argv: list[str] | None = None) -> int:
    """Run the campaign; 1 when anything disagrees with counting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print one scenario and stop")
    asked = parser.parse_args(argv)
    if asked.show is not None:
        print(json.dumps(drawn(asked.seed, asked.show)[0].settings, indent=1, default=str))
        return 0
    begun = time.perf_counter()
    ends, reasons, tags, open_tags = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    plans = 0
    for found in parts(asked.seed, asked.scenarios, asked.processes):
        for number, end, said, count, took_part in found:
            ends[end] += 1
            plans += count
            tags.update(took_part)
            open_tags.update(took_part if end == "agreed" else ())
            if end == "refused":
                reasons[said] += 1
            elif end == "WRONG":
                print(f"WRONG --seed {asked.seed} --show {number}\n{said}", flush=True)
        done = ends.total()
        if done % 500 == 0:
            spent = time.perf_counter() - begun
            print(f"{done} scenarios, {spent:.0f} s, {dict(ends)}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - begun
    return told(asked.scenarios, ends, reasons, tags, open_tags, plans, seconds)


def told(
    scenarios: int,
    ends: Counter[str],
    reasons: Counter[str],
    tags: Counter[str],
    open_tags: Counter[str],
    plans: int,
    seconds: float,
) -> int:
    """Print what came of all, and what took part; 1 when the promise is broken."""
    print(f"\n{scenarios:,} scenarios, {plans:,} plans counted, {seconds:.0f} s")
    for end in ("agreed", "infeasible", "refused", "WRONG"):
        print(f"{end:10} {ends[end]:7,} {ends[end] / max(1, scenarios):7.1%}")
    print("\nrefused, by the first reason")
    for reason, count in reasons.most_common():
        print(f"{count:7,} {reason}")
    print("\ntook part in scenarios, and in those with a plan")
    for tag in sorted(tags):
        print(f"{tags[tag]:7,} {open_tags[tag]:7,} {tag}")
    wrong = ends["WRONG"] > 0 or ends["refused"] > MOST_REFUSED * scenarios
    print("all agree" if not wrong else "NOT all agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
