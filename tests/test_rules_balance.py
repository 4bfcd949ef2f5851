"""Balance, worked by hand."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError
from toys import amounts, cost, messages, problem, refusal

from optiterr import compile
from optiterr.rules.balance import Balance


def books():
    """Revenue 10, 20 and 30, together 60; seats 1 and 2; teams of one."""
    return problem({"revenue": [10.0, 20.0, 30.0]}, {"seats": [1.0, 2.0], "team": ["east", "west"]})


def test_balance_holds_when_all_carry_their_part():
    """Equal parts are 30 each: 10 + 20 and 30."""
    rule = Balance(measure="revenue")
    assert amounts(rule, books(), a="r1", b="r1", c="r2") == {}
    assert cost(rule, books(), a="r1", b="r1", c="r2") == 0.0


def test_balance_fails_off_the_part():
    """10 and 50 against 30 each: 20 under and 20 over, in units where there is no price."""
    rule = Balance(measure="revenue")
    assert amounts(rule, books(), a="r1", b="r2", c="r2") == {"r1": 20.0, "r2": 20.0}
    assert cost(rule, books(), a="r1", b="r2", c="r2") == math.inf
    assert messages(rule, books(), a="r1", b="r2", c="r2") == [
        "rep r1 carries 10 revenue, 20 under the fair part of 30",
        "rep r2 carries 50 revenue, 20 over the fair part of 30",
    ]


def test_balance_at_the_limit_of_the_band():
    """20 and 40 against 30: within a third (10) it holds, within 0.3 (9) it is 1 off each."""
    plan = {"a": "r2", "b": "r1", "c": "r2"}
    assert amounts(Balance(measure="revenue", within=1 / 3), books(), **plan) == {}
    assert cost(Balance(measure="revenue", within=1 / 3), books(), **plan) == 0.0
    tight = Balance(measure="revenue", within=0.3)
    assert amounts(tight, books(), **plan) == pytest.approx({"r1": 1.0, "r2": 1.0})
    assert cost(tight, books(), **plan) == math.inf
    assert messages(tight, books(), **plan)[0] == (
        "rep r1 carries 20 revenue, 1 under the fair part of 30 with 9 either way"
    )


def test_balance_in_proportion_to_a_column():
    """Seats 1 and 2: parts are 20 and 40."""
    rule = Balance(measure="revenue", proportional_to="seats")
    assert amounts(rule, books(), a="r2", b="r1", c="r2") == {}
    # r1 carries 30, r2 carries 30
    assert amounts(rule, books(), a="r2", b="r2", c="r1") == {"r1": 10.0, "r2": 10.0}


def test_balance_price_of_shares():
    """10 and 50 against 30: 2/3 of a part under and over, 4/3 together, at 6."""
    rule = Balance(measure="revenue", price=6)
    assert amounts(rule, books(), a="r1", b="r2", c="r2") == pytest.approx(
        {"r1": 2 / 3, "r2": 2 / 3}
    )
    assert cost(rule, books(), a="r1", b="r2", c="r2") == pytest.approx(8.0)


def test_balance_price_of_units_beyond_the_band():
    """20 off and 0.5 of 30 free: 5 beyond each, at 2, together 20."""
    rule = Balance(measure="revenue", price=2, per="unit", within=0.5)
    assert amounts(rule, books(), a="r1", b="r2", c="r2") == {"r1": 5.0, "r2": 5.0}
    assert cost(rule, books(), a="r1", b="r2", c="r2") == 20.0


def test_balance_hard_within_beside_a_price():
    """20 off of 30 costs 40 at 2; with hard_within 0.5 (15) it is forbidden besides, by 5."""
    plan = {"a": "r1", "b": "r2", "c": "r2"}
    assert (
        cost(Balance(measure="revenue", price=2, per="unit", hard_within=1), books(), **plan) == 80
    )
    rule = Balance(measure="revenue", price=2, per="unit", hard_within=0.5)
    assert cost(rule, books(), **plan) == math.inf
    assert messages(rule, books(), **plan) == [
        "rep r1 carries 10 revenue, 20 under the fair part of 30",
        "rep r1 carries 10 revenue, 5 under the fair part of 30 with 15 either way",
        "rep r2 carries 50 revenue, 20 over the fair part of 30",
        "rep r2 carries 50 revenue, 5 over the fair part of 30 with 15 either way",
    ]


def teams():
    """Revenue 10, 20, 30 and 40; r1 and r2 in the east, r3 in the west."""
    return problem({"revenue": [10.0, 20.0, 30.0, 40.0]}, {"team": ["east", "east", "west"]})


def test_balance_inside_groups_follows_the_plan():
    """The east carries 10 + 20 + 30 = 60, so 30 each; r3 is the west and always even."""
    rule = Balance(measure="revenue", groups="team")
    assert amounts(rule, teams(), a="r1", b="r1", c="r2", d="r3") == {}
    # the east now carries 10 and 20: 15 each, 5 off; a whole team may carry anything
    assert amounts(rule, teams(), a="r1", b="r2", c="r3", d="r3") == {"r1": 5.0, "r2": 5.0}
    assert cost(rule, teams(), a="r1", b="r2", c="r3", d="r3") == math.inf
    assert cost(rule, teams(), a="r1", b="r1", c="r2", d="r3") == 0.0


def test_balance_price_inside_groups():
    """5 off of 15 each; 0.2 of 15 is free, 2 beyond it each: 4 units at 3."""
    rule = Balance(measure="revenue", groups="team", within=0.2, price=3, per="unit")
    plan = {"a": "r1", "b": "r2", "c": "r3", "d": "r3"}
    assert amounts(rule, teams(), **plan) == {"r1": 2.0, "r2": 2.0}
    assert cost(rule, teams(), **plan) == pytest.approx(12.0)


def test_balance_of_a_pair_measure_has_a_moving_target():
    """a costs r1 2 hours and r2 4, b both 2: 2 and 2 is even, 4 and 2 is 1 off the mean of 3."""
    data = problem(
        {"x": [0, 0]},
        2,
        pairs={("a", "r1"): 2, ("a", "r2"): 4, ("b", "r1"): 2, ("b", "r2"): 2},
    )
    rule = Balance(measure="value")
    assert amounts(rule, data, a="r1", b="r2") == {}
    assert amounts(rule, data, a="r2", b="r1") == {"r1": 1.0, "r2": 1.0}
    assert cost(rule, data, a="r2", b="r1") == math.inf


def test_balance_share_of_a_moving_target_is_refused():
    """The share of something that the plan decides has no fixed price."""
    assert refusal(Balance(measure="revenue", groups="team", price=1), teams()) == (
        "rule 'rule': the target is a share of what the group carries, so it moves with the plan, "
        "and a deviation cannot be priced as a share of it\n"
        "    fix: write 'per: unit' and give the price of one unit"
    )


def test_balance_zero_target_is_refused_as_share():
    """A rep with 0 seats has a target of 0: units can be counted, shares cannot."""
    data = problem({"revenue": [10.0, 5.0]}, {"seats": [0.0, 2.0]})
    rule = Balance(measure="revenue", proportional_to="seats", price=1)
    assert refusal(rule, data) == (
        "rule 'rule', rep 'r1': the target is 0, so a deviation is no share of it\n"
        "    fix: write 'per: unit', or correct 'seats'"
    )
    units = rule.model_copy(update={"per": "unit"})
    # r1 carries 5 against 0, r2 carries 10 against 15
    assert cost(units, data, a="r2", b="r1") == 10.0


def test_balance_zero_column_is_refused():
    """Parts in proportion to nothing but zeros."""
    data = problem({"revenue": [1.0]}, {"seats": [0.0]})
    assert refusal(Balance(measure="revenue", proportional_to="seats"), data) == (
        "rule 'rule', rep 'r1': column 'seats' adds up to 0 in its group\n"
        "    fix: give at least one rep of the group a positive number"
    )


def test_balance_reps_without_a_group_are_refused():
    """A rep who serves belongs to a group."""
    data = problem({"revenue": [1.0]}, {"team": ["east", None]})
    assert refusal(Balance(measure="revenue", groups="team"), data) == (
        "rule 'rule', rep 'r2': names no group in column 'team'\n"
        "    fix: name one for every rep who serves"
    )


def test_balance_empty_books_miss_the_whole_part():
    """Nobody assigned: the parts are still 30 each, since the accounts are still there."""
    assert amounts(Balance(measure="revenue"), books(), a=None, b=None, c=None) == {
        "r1": 30.0,
        "r2": 30.0,
    }


def test_balance_leaves_out_reps_who_leave():
    """r2 leaves: r1 alone has a part, all 30."""
    data = problem({"revenue": [10.0, 20.0]}, 2, leaves=["r2"])
    assert amounts(Balance(measure="revenue"), data, a="r1", b="r1") == {}
    assert amounts(Balance(measure="revenue"), data, a="r1", b="r2") == {"r1": 20.0}
    assert cost(Balance(measure="revenue"), data, a="r1", b="r1") == 0.0


def test_balance_counts_accounts():
    """Three accounts and two reps: 1.5 each."""
    rule = Balance(measure="accounts", price=1, per="unit")
    assert cost(rule, books(), a="r1", b="r1", c="r2") == 1.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hard_within": 0.1}, "hard_within stands beside a price"),
        ({"hard_within": 0.1, "within": 0.2, "price": 1}, "is narrower than within (0.2)"),
        ({"within": -0.1}, "greater than or equal to 0"),
    ],
)
def test_balance_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Balance(measure="revenue", **fields)
    assert message in str(error.value)


@pytest.mark.filterwarnings("error")
def test_balance_of_loads_beyond_floats_is_refused_in_words():
    """1e308 twice adds up to no finite number."""
    data = problem({"revenue": [1e308, 1e308]}, 2)
    assert refusal(Balance(measure="revenue"), data) == (
        "rule 'rule': a hard limit of a band leaves no load at all\n"
        "    fix: use smaller numbers: another unit for the measure, or a smaller price"
    )


def test_balance_inside_large_groups_is_priced_in_smaller_chunks(monkeypatch):
    """Two groups of 2 and 1: 4 entries a pair, 8 with two bands. 24 entries are 6 pairs or 3."""
    data = problem({"revenue": [1.0, 2.0, 3.0, 4.0]}, {"team": ["east", "east", "west"]})
    rule = Balance(measure="revenue", groups="team")
    both = Balance(measure="revenue", groups="team", price=1, per="unit", hard_within=0.5)
    assert rule.entries_per_pair(data) == 4
    assert both.entries_per_pair(data) == 8
    assert Balance(measure="revenue").entries_per_pair(data) == 1
    monkeypatch.setattr(compile, "CHUNK_ENTRIES", 24)
    for one, chunks in ((rule, [6, 6]), (both, [3, 3, 3, 3]), (Balance(measure="revenue"), [12])):
        models = list(compile.models_of_all_pairs({"rule": one}, data))
        assert [len(model.pairs) for model in models] == chunks


def districts():
    """Revenue 10, 20, 30 and 40; r1 and r2 under mia, r3 under noa; seats 1, 2 and 1."""
    return problem(
        {"revenue": [10.0, 20.0, 30.0, 40.0], "segment": ["gold", "gold", "", "gold"]},
        {
            "seats": [1.0, 2.0, 1.0],
            "manager": ["mia", "mia", "noa"],
            "area": ["north", "north", "south"],
            "role": ["hunter", "farmer", "farmer"],
        },
    )


def test_balance_of_some_accounts_is_a_part_of_those():
    """Gold is 10 + 25 + 35 = 70, so 35 for each of two reps; the 30 of c go anywhere."""
    data = problem({"revenue": [10.0, 25.0, 30.0, 35.0], "segment": ["g", "g", "", "g"]}, 2)
    rule = Balance(measure="revenue", where={"segment": "g"})
    for free in ("r1", "r2"):
        assert amounts(rule, data, a="r1", b="r1", c=free, d="r2") == {}
        assert cost(rule, data, a="r1", b="r1", c=free, d="r2") == 0.0
    assert amounts(rule, data, a="r1", b="r2", c="r1", d="r2") == {"r1": 25.0, "r2": 25.0}
    assert cost(rule, data, a="r1", b="r2", c="r1", d="r2") == math.inf


def test_balance_of_some_accounts_has_a_price_in_shares_of_those():
    """10 and 60 against 35: 25 / 35 of a part under and over, at 7."""
    data = problem({"revenue": [10.0, 25.0, 30.0, 35.0], "segment": ["g", "g", "", "g"]}, 2)
    rule = Balance(measure="revenue", where={"segment": "g"}, price=7)
    assert cost(rule, data, a="r1", b="r2", c="r1", d="r2") == pytest.approx(10.0)


def test_balance_of_accounts_that_are_not_there_holds():
    """No account is platinum: nothing to share, at a price or without."""
    for more in ({}, {"price": 2}, {"price": 2, "per": "unit"}):
        rule = Balance(measure="revenue", where={"segment": "platinum"}, **more)
        assert cost(rule, districts(), **dict.fromkeys("abcd", "r1")) == 0.0
        assert amounts(rule, districts(), **dict.fromkeys("abcd", "r1")) == {}


def test_balance_of_some_reps_is_a_part_of_what_they_carry():
    """Farmers r2 and r3 carry 20 + 30 = 50 when r1 has 10 and 40: 25 each, 5 off."""
    rule = Balance(measure="revenue", where_rep={"role": "farmer"}, price=1, per="unit")
    plan = {"a": "r1", "b": "r2", "c": "r3", "d": "r1"}
    assert amounts(rule, districts(), **plan) == {"r2": 5.0, "r3": 5.0}
    assert cost(rule, districts(), **plan) == 10.0
    assert cost(rule, districts(), **dict.fromkeys("abcd", "r1")) == 0.0
    hard = Balance(measure="revenue", where_rep={"role": "farmer"}, within=0.2)
    # 0.2 of 25 is 5
    assert cost(hard, districts(), **plan) == 0.0
    assert cost(hard, districts(), **{**plan, "a": "r3"}) == math.inf


def test_balance_of_some_reps_cannot_be_priced_in_shares():
    """What they carry together moves with the plan."""
    rule = Balance(measure="revenue", where_rep={"role": "farmer"}, price=1)
    assert "it moves with the plan" in refusal(rule, districts())


def test_balance_by_manager_shares_alike():
    """100 in all: 50 for mia's two reps together and 50 for noa's one."""
    rule = Balance(measure="revenue", by="manager")
    assert amounts(rule, districts(), a="r3", b="r1", c="r2", d="r3") == {}
    assert cost(rule, districts(), a="r3", b="r1", c="r2", d="r3") == 0.0
    assert messages(rule, districts(), a="r1", b="r1", c="r2", d="r3") == [
        "manager mia carries 60 revenue, 10 over the fair part of 50",
        "manager noa carries 40 revenue, 10 under the fair part of 50",
    ]
    assert cost(rule, districts(), a="r1", b="r1", c="r2", d="r3") == math.inf


def test_balance_by_manager_in_proportion_to_a_sum():
    """Seats 1 + 2 and 1: 75 for mia, 25 for noa. 70 and 30 are 5 off each."""
    rule = Balance(
        measure="revenue", by="manager", proportional_to="seats", price=2, per="unit", within=0.04
    )
    # 0.04 of 75 and of 25 are 3 and 1: 2 and 4 beyond
    plan = {"a": "r1", "b": "r1", "c": "r3", "d": "r2"}
    assert amounts(rule, districts(), **plan) == pytest.approx({"mia": 2.0, "noa": 4.0})
    assert cost(rule, districts(), **plan) == pytest.approx(12.0)


def test_balance_by_manager_within_a_hard_band():
    """mia 60 and noa 40 of 50: 10 off at 0.5; with 0.1 of 50 allowed it is forbidden by 5."""
    rule = Balance(measure="revenue", by="manager", price=0.5, per="unit", hard_within=0.1)
    plan = {"a": "r1", "b": "r1", "c": "r2", "d": "r3"}
    assert cost(rule, districts(), **plan) == math.inf
    loose = rule.model_copy(update={"hard_within": 0.2})
    assert cost(loose, districts(), **plan) == 10.0
    assert [one.split(",")[1] for one in messages(rule, districts(), **plan)] == [
        " 10 over the fair part of 50",
        " 5 over the fair part of 50 with 5 either way",
        " 10 under the fair part of 50",
        " 5 under the fair part of 50 with 5 either way",
    ]


def test_balance_by_manager_inside_groups_follows_the_plan():
    """Managers mia and lea of the north carry 10 + 20 together: 15 each; noa has her own south."""
    data = problem(
        {"revenue": [10.0, 20.0, 30.0]},
        {
            "manager": ["mia", "lea", "noa", "mia"],
            "area": ["north", "north", "south", "north"],
        },
    )
    rule = Balance(measure="revenue", by="manager", groups="area", price=1, per="unit")
    assert amounts(rule, data, a="r1", b="r2", c="r3") == {"lea": 5.0, "mia": 5.0}
    assert cost(rule, data, a="r4", b="r2", c="r3") == 10.0
    assert cost(rule, data, a="r3", b="r3", c="r3") == 0.0
    assert rule.entries_per_pair(data) == 4
    assert rule.model_copy(update={"groups": None}).entries_per_pair(data) == 1


def test_balance_by_manager_across_groups_is_refused():
    """mia's reps are hunters and farmers: whose part would hers be?"""
    assert refusal(Balance(measure="revenue", by="manager", groups="role"), districts()) == (
        "rule 'rule', manager 'mia': its reps are in several groups of column 'role'\n"
        "    fix: name a column that is the same for all reps of a manager, or drop groups"
    )
    farmers = Balance(
        measure="revenue", by="manager", groups="role", where_rep={"role": "farmer"}, within=1
    )
    assert cost(farmers, districts(), a="r1", b="r2", c="r3", d="r1") == 0.0


def test_balance_by_manager_of_zero_seats_is_refused():
    """noa's reps have no seats: no share of her target of 0, and none at all for both."""
    data = problem({"revenue": [1.0]}, {"seats": [1.0, 0.0], "manager": ["mia", "noa"]})
    rule = Balance(measure="revenue", by="manager", proportional_to="seats", price=1)
    assert refusal(rule, data).startswith("rule 'rule', manager 'noa': the target is 0, so")
    data = problem({"revenue": [1.0]}, {"seats": [0.0, 0.0], "manager": ["mia", "noa"]})
    assert refusal(rule, data).startswith("rule 'rule', manager 'mia': column 'seats' adds up to 0")


def test_balance_by_a_column_with_empty_cells_is_refused():
    """Only of reps who serve and of whom the rule speaks."""
    data = problem({"revenue": [1.0]}, {"manager": ["mia", ""]})
    assert refusal(Balance(measure="revenue", by="manager"), data) == (
        "rule 'rule', rep 'r2': has nothing in column 'manager'\n"
        "    fix: fill it in for every rep who serves"
    )
    gone = problem({"revenue": [1.0]}, {"manager": ["mia", ""]}, leaves=["r2"])
    assert cost(Balance(measure="revenue", by="manager"), gone, a="r1") == 0.0


def test_balance_of_a_derived_pair_measure_has_a_moving_target():
    """Hours are worked out: 1 for r1, 3 for r2. One each: 2 on average, 1 off."""

    class Odd:
        def at(self, problem, account, rep):
            return 1.0 + 2.0 * rep

    data = problem({"x": [0.0, 0.0]}, 2).with_(pair_measures={"hours": Odd()})
    rule = Balance(measure="hours", price=1, per="unit")
    assert amounts(rule, data, a="r1", b="r2") == {"r1": 1.0, "r2": 1.0}
    assert cost(rule, data, a="r1", b="r2") == 2.0
