"""The answers that the shipped scenarios are to give."""

from __future__ import annotations

import json
from typing import Any

import pytest

from optiterr.plan import Plan
from optiterr.scenario.layers import packaged

SCENARIOS = packaged("scenarios")
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (SCENARIOS / "expected.json").read_text(encoding="utf-8")
)


def assert_as_expected(plan: Plan, answer: dict[str, Any]) -> None:
    """Same status; same bound to a millionth; cost as good as promised, within the gap asked."""
    assert plan.status == answer["status"]
    assert [one.message for one in plan.blocking] == answer.get("blocking", [])
    if "cost" not in answer:
        assert plan.cost is None
        return
    assert plan.cost is not None
    gap = plan.scenario["solve"]["gap"]
    assert plan.bound_proved == pytest.approx(answer["bound_proved"], rel=1e-6)
    assert plan.cost == pytest.approx(answer["cost"], rel=gap)
    assert not [one for one in plan.findings if one.weight == "breach"]
