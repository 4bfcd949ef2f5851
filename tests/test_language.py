"""A share of the campaigns: random scenarios over the whole language, and damaged ones."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from campaigns import ranks
from campaigns.agreement import Asked, tried
from campaigns.goods import goods, mutant, tree_of
from campaigns.mutants import changed
from campaigns.outcomes import Outcome, judge_tree
from campaigns.phrases import TODAY, holds
from campaigns.ranks import read, sequence
from campaigns.scenarios import draw
from campaigns.written import differences
from rulebook import DRAWS

from optiterr.engine import solve
from optiterr.errors import SpecError
from optiterr.measures import registry as measures
from optiterr.problem import Problem
from optiterr.rules.capacity import Capacity
from optiterr.scenario.loading import Scenario
from optiterr.tables import columns
from optiterr.tables.roster import STATES

SMALL = {
    "schema": 1,
    "name": "small",
    "data": {
        "accounts": {"records": [{"account_id": "a", "workload": 2, "segment": "gold"}]},
        "reps": {"records": [{"rep_id": "r1", "capacity": 1}]},
    },
    "rules": {"hours": {"kind": "capacity", "price": 2, "where": {"segment": "silver"}}},
}
"""A good scenario of one account and one rep."""

PARTS, EACH = 5, 14
"""Random scenarios are counted in so many parts of so many."""
MUTANTS = 28
"""Mutants in each part."""


@pytest.mark.parametrize("part", range(PARTS))
def test_counting_every_plan_gives_what_the_whole_language_says(part: int) -> None:
    """Every plan costs what findings say, no price proves more, and one goes the whole way."""
    count: Counter[str] = Counter()
    for number in range(EACH):
        rng = np.random.default_rng([29, part, number])
        asked = Asked(("highs",) if number % 5 == 0 else (), whole=number == EACH - 1)
        count[tried(draw(rng), rng, asked).kind] += 1
    print(dict(count))
    assert count.total() == EACH
    assert count["refused"] <= 0.2 * EACH
    assert count["agreed"] >= 0.5 * EACH


def test_every_part_of_the_language_is_drawn() -> None:
    """All kinds of rules and measures, all states, candidates and forms of groups take part."""
    tags: Counter[str] = Counter()
    for number in range(400):
        tags.update(draw(np.random.default_rng([30, number])).tags)
    wanted = {f"rule: {kind}" for kind in DRAWS if kind != "coverage"}
    wanted |= {f"measure: {kind}" for kind in measures()}
    wanted |= {f"state: {state}" for state in STATES}
    wanted |= {f"pairs: {one}" for one in ("all", "file", "nearest")}
    wanted |= {f"groups: {one}" for one in ("parent", "column", "table")}
    wanted |= {f"selection of {one}" for one in ("accounts", "reps", "pairs")}
    wanted |= {f"nested filter, {depth} deep" for depth in (1, 2, 3)}
    wanted |= {f"feature: {one}" for one in ("equal", "closeness", "matrix", "win_rate")}
    wanted |= {
        "priorities",
        "priorities: tolerance",
        "priorities: several rules in a level",
        "priorities: rules without a level",
    }
    wanted |= {"calendar", "frames", "declared unit", "departed", "override of a cadence", "hard"}
    assert not {one: tags[one] for one in wanted if tags[one] < 5}


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_scenarios_are_solved_and_audited_or_refused_with_a_fix(
    part: int, tmp_path: Path
) -> None:
    """No other exception, no other warning, no hang, nothing read as another than is written."""
    known, ends = goods(), Counter[str]()
    for number in range(MUTANTS):
        folder = tmp_path / str(number) / "a" / "b" / "c"
        folder.mkdir(parents=True)
        one = mutant(1000 + part, number, known, folder)
        outcome = one.judged(solved=number % 12 == 0)
        assert not outcome.failure, f"{part}, {number}, {one.name}: {outcome}"
        ends[outcome.end] += 1
    print(dict(ends))
    assert 0.5 < ends["refused"] / MUTANTS < 0.98


def test_the_good_ones_are_good() -> None:
    """Otherwise damaged ones would prove nothing; the one with everything is solved and holds."""
    (rich,) = (one for one in goods() if one.name == "rich")
    assert judge_tree(tree_of(rich.text), Path("."), solved=True).end in ("optimal", "feasible")


# ---------------------------------------------------------------------- what the campaigns found


def test_accounts_is_no_column_that_can_be_filtered_or_read_as_text() -> None:
    """The measure that counts each account as one is a number, and no column of a table."""
    for rule in (
        {"kind": "focus", "column": "accounts", "at_most": 1},
        {"kind": "capacity", "measure": "accounts", "where": {"accounts": {"at_least": 1}}},
    ):
        outcome = judge_tree(SMALL | {"rules": {"rule": rule}}, Path("."), solved=False)
        assert outcome == Outcome("read", "refused")


def test_a_number_too_large_is_refused_without_a_warning() -> None:
    """Of twenty numbers one is infinite: a fault, and nothing to look for two units in."""
    rows = [{"account_id": f"a{at}", "workload": at + 1} for at in range(20)]
    rows[7]["workload"] = "1e999"
    data = SMALL["data"] | {"accounts": {"records": rows}}  # type: ignore[operator]
    rules = {"hours": {"kind": "capacity", "price": 2}}
    tree = SMALL | {"data": data, "rules": rules}
    assert judge_tree(tree, Path("."), solved=False) == Outcome("read", "refused")


def test_true_is_no_version_of_the_format() -> None:
    """True equals 1 in Python; in a file it is another value."""
    with pytest.raises(SpecError, match=r"true is not 1\n    fix: write 1"):
        Scenario.from_dict(SMALL | {"schema": True})


# --------------------------------------------------------------------------- what the judges catch


def small(**cells: object) -> dict[str, object]:
    """The small scenario with other cells of its account."""
    row = SMALL["data"]["accounts"]["records"][0] | cells  # type: ignore[index]
    data = SMALL["data"] | {"accounts": {"records": [row]}}  # type: ignore[operator]
    return SMALL | {"data": data}


def failure(tree: object) -> str:
    return judge_tree(tree, Path("."), solved=False).failure


def test_a_number_that_is_clipped_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """-2 hours are refused; read as 0, they are a silent repair."""
    assert judge_tree(small(workload=-2), Path("."), solved=False).end == "refused"
    real = columns.numbers

    def clipped(cells, place, column, minimum, missing=False):  # type: ignore[no-untyped-def]
        values, found = real(cells, place, column, None, missing)
        return np.maximum(values, minimum or 0.0), found

    monkeypatch.setattr(columns, "numbers", clipped)
    assert "silent repair" in failure(small(workload=-2))
    assert not failure(small(workload=2))


def test_a_percent_sign_that_is_dropped_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """'8%' is refused; read as 8, it is a silent repair."""
    assert judge_tree(small(workload="8%"), Path("."), solved=False).end == "refused"
    real = columns._number
    monkeypatch.setattr(columns, "_number", lambda cell: 8.0 if cell == "8%" else real(cell))
    assert "silent repair" in failure(small(workload="8%"))


def test_another_exception_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A KeyError is named with its file and line."""
    monkeypatch.setattr(Problem, "rep_number", lambda self, name: {}[name])
    assert failure(SMALL).startswith("KeyError: 'capacity' at test_language.py:")


def test_differences_name_what_came_back_as_another() -> None:
    """Equal numbers are equal however written; true is not 1, and what is gone is told."""
    assert list(differences({"a": 1, "b": [1, None]}, {"a": 1.0, "b": [1, None], "c": 2})) == []
    assert list(differences({"a": True}, {"a": 1})) == ["a: True became 1"]
    assert list(differences({"a": {"b": "x"}}, {"a": {}})) == ["a.b: 'x' is gone"]
    assert list(differences({"a": [1, 2]}, {"a": [1]})) == ["a: [1, 2] became [1]"]


def test_a_model_that_ignores_a_filter_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Capacity compiled as if it spoke of everything, and checked as it is written."""
    real = Capacity.compile

    def deaf(self, name, problem, model):  # type: ignore[no-untyped-def]
        real(self.model_copy(update={"where": None}), name, problem, model)

    monkeypatch.setattr(Capacity, "compile", deaf)
    caught = 0
    for number in range(400):
        rng = np.random.default_rng([31, number])
        drawn = draw(rng)
        rules = drawn.settings["rules"].values()
        if any(one["kind"] == "capacity" and "where" in one for one in rules):
            try:
                tried(drawn, rng, Asked())
            except AssertionError as error:
                caught += "the model says" in str(error)
        if caught == 2:
            return
    raise AssertionError("no scenario showed it")


def test_levels_by_hand() -> None:
    """Three plans, the last over pairs that are no candidates.

    First a, at (2, 0) and (1, 5) and (0, 9): least 1 of the candidates, 0 of all; half of it and a
    tenth may be added, the larger is a half: all but the first plan are left. Then b: 5, and 5 of
    all.
    """
    levels = read(
        [{"rules": ["a"], "within": 0.5, "by": 0.1}], {"a": {"price": 1}, "b": {"price": 2}}
    )
    assert levels == [(["a"], 0.5, 0.1), (["b"], 0.0, 0.0)]
    counted = [({"a": 2.0}, True), ({"a": 1.0, "b": 5.0}, True), ({"b": 9.0}, False)]
    first, second = sequence(levels, counted)
    assert (first.best, first.best_of_all, first.most) == (1.0, 0.0, 1.5)
    assert (second.best, second.best_of_all, second.most) == (5.0, 5.0, 5.0)
    assert read([], {"a": {"price": 1}}) == []


def test_levels_that_are_given_up_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of a level that forgets the ceilings before it finds less than counting."""
    real = ranks.aim
    monkeypatch.setattr(ranks, "aim", lambda model, rules, ceilings: real(model, rules, ()))

    def caught(number: int) -> bool:
        rng = np.random.default_rng([32, number])
        drawn = draw(rng)
        if len(drawn.settings.get("priorities", ())) < 2:
            return False
        try:
            tried(drawn, rng, Asked())
        except AssertionError as error:
            return "level " in str(error)
        return False

    assert any(map(caught, range(400)))


def test_a_plan_that_lies_about_its_levels_would_be_caught() -> None:
    """A level that says less than counting, and one that the plan does not keep."""
    rows = [{"account_id": name, "workload": 2, "owner": "r1"} for name in "ab"]
    rules = {
        "even": {"kind": "balance", "measure": "workload", "per": "unit", "price": 1},
        "calm": {"kind": "disruption", "price": 1},
    }
    reps = {"records": [{"rep_id": "r1"}, {"rep_id": "r2"}]}
    data = {"accounts": {"records": rows, "owner": "owner"}, "reps": reps}
    tree = {**SMALL, "data": data, "rules": rules, "priorities": [["even"]], "solve": {"gap": 0}}
    plan = solve(Scenario.from_dict(tree))
    levels = read([["even"]], rules)
    # Both with r1 or both with r2: off by 2 twice, 0 or 2 moves; one each: even, one move.
    counted = [({"even": 4.0}, True), ({"calm": 1.0}, True), ({"even": 4.0, "calm": 2.0}, True)]
    ranks.plan_holds(levels, counted, plan)
    for place, change in ((0, {"value": 4.0}), (1, {"bound_proved": 2.0}), (1, {"final": 0.0})):
        told = [
            one.model_copy(update=change if at == place else {})
            for at, one in enumerate(plan.levels)
        ]
        with pytest.raises(AssertionError, match="level"):
            ranks.plan_holds(levels, counted, plan.model_copy(update={"levels": tuple(told)}))


def test_the_plain_reading_of_filters() -> None:
    """The reading that real filters are compared with, by hand: today is 1 January 2026."""
    row = {"segment": "gold", "tier": 2.0, "renewal": "2026-03-01", "zip": "", "industry": "x; y"}
    yes = (
        {"segment": ["silver", "gold"], "tier": {"between": [2, 3]}},
        {"renewal": {"after": "today", "before": "90 days"}},  # 1 April is the 90th day
        {"zip": {"is_null": True}, "industry": {"has": "y"}},
        {"not": {"zip": "10"}},
        {"any": [{"tier": 1}, {"all": [{"tier": {"not": 1}}]}]},
        {"renewal": {"between": ["2 months", "2026-03-01"]}},
    )
    no = ({"zip": {"not": {"is_null": True}}}, {"zip": "10"}, {"renewal": {"before": "59 days"}})
    assert TODAY.isoformat() == "2026-01-01"
    assert all(holds(one, row) for one in yes)
    assert not any(holds(one, row) for one in no)


def test_damage_changes_something() -> None:
    """At least nine trees of ten come out as others, and never the one that was given."""
    before = str(SMALL)
    others = sum(str(changed(SMALL, random.Random(seed))) != before for seed in range(100))
    assert others >= 90
    assert str(SMALL) == before
