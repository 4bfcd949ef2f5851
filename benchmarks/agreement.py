"""Every solver against counting: ``python benchmarks/agreement.py [--alone 320] [--together 500]``.

Draws tiny random scenarios, rule by rule and several rules together, counts the best assignment
from the rules' findings alone, and asks each solver for the optimum of the compiled model. Prints
one line per kind of rule and solver; ends with 1 when any answer differs. Solvers run in this
process, so what native code prints goes to stderr.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from test_rules_random import DRAWS, counted_best, random_problem

from optiterr.compile import compile_model
from optiterr.errors import DataError
from optiterr.problem import Problem
from optiterr.rules import Rule, rule_class
from optiterr.solution import Limits, Status
from optiterr.solvers import solver


def disagreement(
    name: str, rules: dict[str, Rule], data: Problem, count: Counter[str]
) -> str | None:
    """What solver ``name`` says wrongly of one scenario; None when it agrees with counting."""
    try:
        model = compile_model(rules, data).model
    except DataError:
        count["refused"] += 1
        return None
    asked = counted_best(rules, data)
    count["instances"] += 1
    count["infeasible"] += not np.isfinite(asked)
    function = solver(name).solve
    assert function is not None
    answer = function(model, Limits(seconds=60, gap=0.0), None, None)
    if not np.isfinite(asked):
        right = answer.status is Status.INFEASIBLE
    else:
        room = 1e-5 * max(1.0, abs(asked))
        right = (
            answer.status.has_plan
            and answer.x is not None
            and abs(model.value(answer.x) - asked) <= room
        )
        count["called feasible only"] += answer.status is Status.FEASIBLE
    return None if right else f"{name} says {answer.status} {answer.objective}, counted {asked}"


def main() -> int:
    """Run the campaign; 1 when any solver disagrees with counting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", type=int, default=320, help="scenarios of each rule alone")
    parser.add_argument("--together", type=int, default=500, help="scenarios of several rules")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--solvers", nargs="+", default=["highs", "cp_sat", "scip", "cbc"])
    asked = parser.parse_args()
    wrong = 0
    for name in asked.solvers:
        for kind in (*DRAWS, "together"):
            rng = np.random.default_rng([asked.seed, *kind.encode()])
            count: Counter[str] = Counter()
            begun = time.perf_counter()
            for _ in range(asked.together if kind == "together" else asked.alone):
                data, rules = random_problem(rng), {}
                if kind == "together":
                    rules["coverage"] = rule_class("coverage")()
                    for extra in range(int(rng.integers(1, 5))):
                        drawn = str(rng.choice(list(DRAWS)[1:]))
                        rules[f"{drawn}-{extra}"] = rule_class(drawn)(**DRAWS[drawn](rng))
                else:
                    rules["rule"] = rule_class(kind)(**DRAWS[kind](rng))
                said = disagreement(name, rules, data, count)
                if said is not None:
                    wrong += 1
                    if wrong <= 3:
                        print(f"WRONG {said}\n{rules}\n{data.accounts}\n{data.reps}", flush=True)
            seconds = time.perf_counter() - begun
            print(f"{name:8} {kind:12} {dict(count)} {seconds:.1f} s", flush=True)
    print("all agree" if not wrong else f"{wrong} answers differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
