"""Every example of docs/families.md runs as it stands, and has the effect that the page states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from optiterr.engine import read, solve
from optiterr.plan import Plan
from optiterr.scenario.loading import Scenario
from optiterr.scenario.tree import Faults
from optiterr.scenario.yamltext import parse

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "families.md").read_text(encoding="utf-8")


def block(number: int) -> dict[str, Any]:
    found = Faults()
    texts = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.S | re.M)
    said: dict[str, Any] = parse(texts[number], "families.md", found).plain()
    found.check()
    return said


def on_top(number: int) -> Scenario:
    """A later block on top of the first, the rules of the first left out where it has its own."""
    base, patch = block(0), block(number)
    rules = {**base["rules"], **patch.pop("rules", {})}
    rules = {name: rule for name, rule in rules.items() if rule is not None}
    return Scenario.from_dict({**base, **patch, "rules": rules})


def reps(plan: Plan, *accounts: str) -> set[str]:
    return {plan.assignment[account] for account in accounts}


def test_the_family_goes_to_lee() -> None:
    """One move at price 1, and the plan is proved."""
    plan = solve(Scenario.from_dict(block(0)))
    assert plan.status == "optimal"
    assert plan.cost == 1.0
    assert reps(plan, "acme", "acme-uk", "acme-leeds") == {"lee"}


@pytest.mark.parametrize(
    ("number", "terms"),
    [(1, {"wish": 8.0}), (2, {"strict": 0.0})],
)
def test_rules_on_top(number: int, terms: dict[str, float]) -> None:
    """Containers and branches hold acme-uk, acme and Leeds with bolt; apart parts each fund."""
    plan = solve(on_top(number))
    assert plan.status == "optimal"
    assert {name: plan.terms[name] for name in terms} == terms


def test_branches_and_containers_stay_together() -> None:
    """The UK with Leeds by level, acme with the UK and Leeds with bolt by ZIP: all but cord."""
    plan = solve(on_top(1))
    assert len(reps(plan, "acme", "acme-uk", "acme-leeds", "bolt")) == 1


def test_roll_ups_are_those_of_the_table() -> None:
    """Own and family amounts of each account, as the page shows them."""
    scenario = on_top(3)
    accounts = read(scenario).accounts
    shown = re.findall(r"^\| ([\w-]+) \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.M)
    columns = ["account_id", "revenue", "own_revenue", "family_revenue"]
    made = accounts[columns].itertuples(index=False)
    assert [tuple(map(str, row)) for row in shown] == [
        (name, *(f"{value:g}" for value in values)) for name, *values in made
    ]
    assert solve(scenario).has_plan
