"""Ending a running search at any moment: ``python benchmarks/kill.py [--moments 100] [--seed 1]``.

Starts the decomposition search in its watched process, in turn on 2,000 accounts and 25 reps and on
500 accounts and 80 reps, where whole books are looked for, and ends it: its process is killed, or
it is asked to stop, each at a random moment, or it gets a very short limit. What comes back is a
plan that keeps every hard rule and costs what is said, with a bound that no plan beats, or no plan;
and no process stays behind. Prints what came back; ends with 1 when anything else does.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import instances
import numpy as np
import psutil

from optiterr.search.decompose import DECOMPOSE
from optiterr.solution import Limits, Solution
from optiterr.solvers import child
from optiterr.solvers.processes import NURSERY
from optiterr.solvers.supervise import supervised

WAYS = ("killed", "stopped", "short")
"""How a run is ended, in turn."""

SECONDS = 4.0
"""Limit of the runs that are killed or stopped; their moments lie up to a little beyond it."""

START = 1.5
"""Seconds that a process may take to begin, in which it may be killed too."""

SHORT = 0.001, 1.0
"""Shortest and longest of the short limits, drawn by their size."""

CASES = (("geo", 2000, 25, 4), ("books", 500, 80, 1))
"""Families, sizes and how many seeds of each, in turn."""


def children() -> Iterator[psutil.Process]:
    """The watched processes that this one has started and that still run, but the nursery."""
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            watched = child.__file__ in one.cmdline() and one.pid != NURSERY.pid
            if watched and one.status() != psutil.STATUS_ZOMBIE:
                yield one


def kill_at(moment: float, over: threading.Event, hit: threading.Event) -> None:
    """Kill the watched process at ``moment`` seconds from now, unless all is ``over`` before."""
    if over.wait(moment):
        return
    for one in children():
        with contextlib.suppress(psutil.Error):
            one.kill()
            hit.set()


def ended(way: str, case: instances.Instance, rng: np.random.Generator) -> tuple[Solution, bool]:
    """What comes of one run ended in that ``way``, and whether that came before its own end."""
    threads, seed = int(rng.integers(1, 3)), int(rng.integers(100))
    # Nothing, today's books (which break limits) or a plan to start from.
    begin = (None, case.today_choice, case.hidden_choice)[int(rng.integers(3))]
    start = None if begin is None else case.model.picks(begin)
    if way == "short":
        low, high = np.log(SHORT)
        limits = Limits(float(np.exp(rng.uniform(low, high))), threads=threads, seed=seed)
        return supervised(DECOMPOSE, case.model, limits, start), True
    limits = Limits(SECONDS, gap=0.0, threads=threads, seed=seed)
    moment = float(rng.uniform(0.0, SECONDS + START))
    if way == "stopped":
        end, asked = time.perf_counter() + moment, threading.Event()

        def stop() -> bool:
            if time.perf_counter() > end:
                asked.set()
            return asked.is_set()

        return supervised(DECOMPOSE, case.model, limits, start, stop=stop), asked.is_set()
    over, hit = threading.Event(), threading.Event()
    killer = threading.Thread(target=kill_at, args=(moment, over, hit))
    killer.start()
    try:
        return supervised(DECOMPOSE, case.model, limits, start), hit.is_set()
    finally:
        over.set()
        killer.join()


def fault(case: instances.Instance, answer: Solution, least: float) -> str | None:
    """What is wrong with an answer; None when it is a plan, or none. A plan costs ``least``."""
    model = case.model
    if answer.bound is not None and answer.bound > least + 1e-6 * max(1.0, abs(least)):
        return f"{answer.bound} is said to be proved, yet a plan costs {least}"
    if answer.x is None:
        return None if not answer.status.has_plan else f"{answer.status} without a plan"
    if not answer.status.has_plan:
        return f"a plan beside {answer.status}"
    if not np.isin(answer.x, (0.0, 1.0)).all() or (model.choice(answer.x) < 0).any():
        return "values that are no plan"
    value = model.value(answer.x)
    if not np.isfinite(value):
        return "a plan that breaks a hard rule"
    if answer.objective is None or abs(answer.objective - value) > 1e-9 * max(1.0, abs(value)):
        return f"a plan of {value} is said to cost {answer.objective}"
    return None


def main(argv: list[str] | None = None) -> int:
    """Run the campaign; 1 when anything but a plan or none comes back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    begun, wrong, ends = time.perf_counter(), 0, Counter[tuple[str, str]]()
    for number in range(asked.moments):
        rng = np.random.default_rng([asked.seed, number])
        family, accounts, reps, seeds = CASES[number // len(WAYS) % len(CASES)]
        case = instances.make(family, accounts, reps, asked.seed + number % seeds)
        assert case.hidden_choice is not None
        least = case.model.value(case.model.picks(case.hidden_choice))
        way = WAYS[number % len(WAYS)]
        answer, before = ended(way, case, rng)
        said = fault(case, answer, least)
        left = list(children())
        if said is None and left:
            said = f"{len(left)} processes stay behind"
        if said is not None:
            wrong += 1
            print(f"WRONG --seed {asked.seed}, moment {number}, {way}: {said}", flush=True)
        ends[way if before else f"{way} too late", str(answer.status)] += 1
    for (way, status), count in sorted(ends.items()):
        print(f"{count:5} {way:16} {status}")
    print(f"{asked.moments} moments, {wrong} wrong, {time.perf_counter() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
