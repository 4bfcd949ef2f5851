"""Each rule has a page with an example, and what the example says is what the rule does."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from pydantic import Field
from rulebook import CASES

from optiterr.compile import compile_model, with_optional
from optiterr.engine import read, solve
from optiterr.errors import SpecError
from optiterr.explain.algebra import lines_of
from optiterr.explain.examples import Example, example, kinds
from optiterr.explain.pages import FOLDER, pages, rule_page
from optiterr.findings import Weight
from optiterr.problem import Problem
from optiterr.rules import Rule, registry, rule_class
from optiterr.solution import Status

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(
    kind for kind, rule in registry().items() if rule.__module__.startswith("optiterr.rules.")
)
OF_PAIRS = {"drive", "score"}
"""Measures of pairs in the cases of the rulebook."""


def judged(shown: Example) -> tuple[Problem, pd.Series[Any]]:
    """The data of an example, and its plan as an assignment."""
    scenario = shown.scenario
    problem = with_optional(scenario.rules, read(scenario))
    plan = pd.Series(shown.plan, dtype=object)
    assert sorted(plan.index) == sorted(problem.account_ids), "the plan names every account"
    plan = plan.reindex(problem.account_ids)
    return problem, plan.where(plan.notna(), None)


def test_every_rule_that_ships_has_an_example() -> None:
    """And no example is left of a rule that is gone."""
    assert list(kinds()) == SHIPPED


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_rule_finds_in_the_plan_what_the_example_says(kind: str) -> None:
    """Rule, weight, place, amount and message of every finding, and no finding more."""
    shown = example(kind)
    problem, plan = judged(shown)
    rules = shown.scenario.rules
    found = [one for name, rule in rules.items() for one in rule.check(name, problem, plan)]

    def told(one: Any) -> tuple[str, Weight, str, str]:
        return one.rule, one.weight, one.where, one.message

    assert sorted(map(told, found)) == sorted(map(told, shown.finds))
    amounts = {told(one): one.amount for one in shown.finds}
    for one in found:
        assert one.amount == pytest.approx(amounts[told(one)], rel=1e-12)
    assert any(rules[one.rule].kind == kind for one in found), "the example shows the rule at work"


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_model_charges_what_the_example_says(kind: str) -> None:
    """Price times amount is the model's charge; a plan with a breach is no plan of the model."""
    shown = example(kind)
    problem, plan = judged(shown)
    rules = shown.scenario.rules
    model = compile_model(rules, problem).model
    choice = model.choose(problem.rep_index.get_indexer(pd.Index(plan, dtype=object)))
    cost = math.inf if (choice < 0).any() else model.value(model.picks(choice))
    broken = any(one.weight is Weight.BREACH for one in shown.finds)
    assert (shown.cost is None) == broken
    if shown.cost is None:
        assert cost == math.inf
        return
    paid = sum(
        (rules[one.rule].price or 0.0) * one.amount
        for one in shown.finds
        if one.weight is Weight.PRICED
    )
    assert cost == pytest.approx(shown.cost, rel=1e-9)
    assert paid == pytest.approx(shown.cost, rel=1e-9)


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_best_plan_costs_what_the_example_says(kind: str) -> None:
    """Solved and audited; where the example has no plan, there is none."""
    shown = example(kind)
    plan = solve(shown.scenario)
    if shown.best is None:
        assert plan.status is Status.INFEASIBLE
        return
    assert plan.status is Status.OPTIMAL
    assert plan.cost == pytest.approx(shown.best, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", SHIPPED)
def test_what_the_example_tells_is_worked_out_in_words(kind: str) -> None:
    """Its arithmetic names the costs that the page shows, and every part is told."""
    shown = example(kind)
    for words in (shown.when, shown.price, shown.finds_what, shown.why):
        assert words.endswith(".")
        assert "optiterr" not in words
    for cost in (shown.cost, shown.best):
        if cost:
            assert f"{cost:g}" in shown.why


@pytest.mark.parametrize("name", ["README.md", *(f"{kind}.md" for kind in SHIPPED)])
def test_page_of_a_rule_is_up_to_date(name: str) -> None:
    """The page says what the rule says; else run make docs."""
    page = (ROOT / FOLDER / name).read_text(encoding="utf-8")
    assert page == pages()[name], "stale: run optiterr explain --rule all --write"


def test_no_page_is_left_of_a_rule_that_is_gone() -> None:
    """A page that nothing writes any more would mislead."""
    assert {path.name for path in (ROOT / FOLDER).iterdir()} == set(pages())


def test_links_of_the_index_lead_somewhere() -> None:
    """Every page that the index names is there."""
    for link in re.findall(r"\]\(([^)]+)\)", pages()["README.md"]):
        assert (ROOT / FOLDER / link).exists(), link


@pytest.mark.parametrize("kind", SHIPPED)
def test_page_of_a_rule_names_every_setting(kind: str) -> None:
    """All fields with their meaning, the law as written, and the scenario to copy."""
    page, rule = rule_page(kind), rule_class(kind)
    for name, field in rule.model_fields.items():
        if name != "kind":
            assert f"| `{name}` |" in page
            assert str(field.description).split("|")[0] in page
    assert " ".join((rule.__doc__ or "").split("\n\n")[0].split()) in page
    assert example(kind).text.rstrip() in page


@pytest.mark.parametrize("kind", SHIPPED)
def test_lines_of_a_rule_tell_settings_apart(kind: str) -> None:
    """Rules of one kind that say different things never read the same, whatever setting it is."""
    seen: dict[str, Rule] = {}
    for case in CASES[kind]:
        rule = rule_class(kind)(**case)
        text = "\n".join(lines_of(rule, OF_PAIRS))
        assert text not in seen or seen[text] == rule, f"{seen[text]!r} reads like {rule!r}"
        seen[text] = rule


@pytest.mark.parametrize("kind", SHIPPED)
def test_lines_of_a_rule_hold_its_own_names(kind: str) -> None:
    """Every text that a case sets stands in its lines: columns, groups, tables, values, reasons."""
    for case in CASES[kind]:
        text = "\n".join(lines_of(rule_class(kind)(**case), OF_PAIRS))
        for name in texts({k: one for k, one in case.items() if k not in WORDS}):
            assert name in text, f"{name!r} of {case} is not in:\n{text}"


WORDS = {"per", "mode", "by_counts", "top_of", "how"}
"""Settings that choose among forms of a rule: they change the lines, and stand in none."""


def texts(value: Any) -> list[str]:
    """All texts in a setting, keys of conditions and counting accounts aside."""
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in (*keys(key), *texts(inner))]
    if isinstance(value, list | tuple):
        return [one for inner in value for one in texts(inner)]
    return [value] if isinstance(value, str) and value != "accounts" else []


def keys(key: str) -> list[str]:
    """A key that is a name of the user, not one of the language."""
    conditions = {"at_least", "at_most", "more_than", "less_than", "between", "before", "after"}
    language = {"not", "any", "all", "is", "has", "is_null", "account", "rep", "reason", "until"}
    settings = {field for rule in registry().values() for field in rule.model_fields}
    return [] if key in conditions | language | settings else [key]


def test_lines_of_a_capacity_read_as_an_engineer_would_write_them() -> None:
    """Hard, stretched, priced by share, and by manager with filters."""
    capacity = rule_class("capacity")
    assert lines_of(capacity(measure="hours", limit="time", slack=0.05)) == [
        "∀ j ∈ J: Σ_{i ∈ I} hours_i x_ij ≤ 1.05 × time_j"
    ]
    assert lines_of(
        capacity(
            measure="drive",
            limit="time",
            at_least=2,
            by="manager",
            price=3,
            per="share",
            where={"segment": ["A", "B"]},
            where_rep={"region": "north"},
        ),
        OF_PAIRS,
    ) == [
        "∀ m ∈ manager(S): Σ_{j ∈ S: manager_j = m} Σ_{i ∈ W} drive_ij x_ij"
        " ≤ Σ_{j ∈ S: manager_j = m} time_j + over_m",
        "∀ m ∈ manager(S): Σ_{j ∈ S: manager_j = m} Σ_{i ∈ W} drive_ij x_ij ≥ 2 − under_m",
        "cost: 3 × Σ_{m ∈ manager(S)} (over_m / Σ_{j ∈ S: manager_j = m} time_j + under_m / 2)",
        "W = {i ∈ I: segment is one of A, B}",
        "S = {j ∈ J: region is north}",
    ]


def test_an_unknown_kind_leads_to_the_nearest() -> None:
    """A misspelt kind is refused by name, in words that lead on."""
    with pytest.raises(SpecError, match="capacity"):
        rule_page("capacty")
    with pytest.raises(SpecError, match="balance"):
        example("balanc")


def test_a_rule_of_another_package_is_explained_by_its_class() -> None:
    """Without an example: its law, its settings, and its algebra in a statement."""

    class Quiet(Rule):
        """Nobody is disturbed."""

        kind: Literal["quiet"] = "quiet"
        price: float | None = Field(2.0, description="cost of each disturbance")

    registry.cache_clear()
    try:
        page = rule_page("quiet")
        assert page.startswith("# quiet\n\nNobody is disturbed.\n\n## Settings\n")
        assert "| `price` | number | 2.0 | cost of each disturbance |" in page
        assert "Worked example" not in page
        assert lines_of(Quiet()) == ["cost: 2 × amount"]
    finally:
        # No other test is to find this rule: its kind is taken back.
        Quiet.model_fields["kind"].default = None
        registry.cache_clear()
