"""Writes expected answers for all of scenarios/: ``python benchmarks/expected_answers.py``.

Run it after a change that is meant to alter answers and show the difference of
scenarios/expected.json in the review. An entry keeps its ``set`` (settings that make a large study
small enough to test) and its ``only`` (the cases solved); new files get a plain entry.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from optiterr.engine import solve
from optiterr.plan import Plan
from optiterr.scenario.loading import Scenario, load
from optiterr.scenario.study import load_study

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


def answer(plan: Plan) -> dict[str, Any]:
    """What has to come out again."""
    found: dict[str, Any] = {"status": str(plan.status)}
    if plan.has_plan:
        assert plan.cost is not None
        assert plan.bound_proved is not None
        found |= {"cost": round(plan.cost, 6), "bound_proved": round(plan.bound_proved, 6)}
    if plan.blocking:
        found["blocking"] = [one.message for one in plan.blocking]
    return found


def solved(name: str, scenario: Scenario) -> dict[str, Any]:
    """The answer of one scenario, with a line on what it took."""
    begun = time.perf_counter()
    plan = solve(scenario)
    gap = "-" if plan.gap_proved is None else f"{plan.gap_proved:.3%}"
    spent = time.perf_counter() - begun
    print(
        f"{name:64} {plan.status:10} cost {plan.cost or 0:12.2f}  proved gap {gap:>7}"
        f"  {plan.solver.name:9} {spent:6.1f} s",
        flush=True,
    )
    return answer(plan)


def main() -> None:
    """Solve every file and write expected.json."""
    target = SCENARIOS / "expected.json"
    before = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    after: dict[str, Any] = {}
    for path in sorted(SCENARIOS.rglob("*.yaml")):
        name = path.relative_to(SCENARIOS).as_posix()
        entry: dict[str, Any] = before.get(name, {})
        kept = {key: entry[key] for key in ("set", "only", "case_of") if key in entry}
        if "case_of" in kept:
            after[name] = kept
        elif name.endswith(".study.yaml"):
            cases = load_study(path, kept.get("set", ())).scenarios()
            chosen = kept.get("only", list(cases))
            answers = {case: solved(f"{name}: {case}", cases[case]) for case in chosen}
            after[name] = {**kept, "cases": answers}
        else:
            after[name] = {**kept, **solved(name, load(path, kept.get("set", ())))}
    target.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
