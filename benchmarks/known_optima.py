"""Time to proven optima of published instances: ``python benchmarks/known_optima.py [NAME ...]``.

Each instance is written as scenario YAML and CSV files and solved through the public way, with gap
0. Prints one line a solve: instance, solver, status, cost, optimum, bound of the solver, bound
proved by row prices, seconds in all. Without names: every instance of gap1 to gap12 at hand.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from known_instances import gap_optima, write_gap

from optiterr.engine import solve
from optiterr.scenario.loading import load


def main() -> int:
    """Solve what was asked for; 1 when a plan misses its optimum though it is called optimal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="instances; all of gap1 to gap12 without any")
    parser.add_argument("--solver", nargs="+", default=["highs"])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    optima = gap_optima()
    names = asked.names or sorted(name for name in optima if name.startswith("gap"))
    wrong = 0
    print("instance    solver      status       cost  optimum   claimed    proved  seconds")
    for name in names:
        for solver in asked.solver:
            with tempfile.TemporaryDirectory() as folder:
                path = write_gap(name, Path(folder), solver, asked.seconds, asked.threads)
                begun = time.perf_counter()
                plan = solve(load(path))
                spent = time.perf_counter() - begun
            best, cost = optima.get(name), plan.cost
            wrong += plan.status == "optimal" and cost is not None and round(cost, 6) != best
            numbers = (cost, best, plan.bound_claimed, plan.bound_proved)
            shown = "".join("         -" if n is None else f"{n:10.2f}" for n in numbers)
            print(f"{name:11} {solver:8} {plan.status:>10}{shown} {spent:8.1f}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
