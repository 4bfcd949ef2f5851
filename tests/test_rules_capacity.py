"""Capacity, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.rules.capacity import Capacity


class Odd:
    """A pair measure that is worked out: 1 for r1, 3 for r2, and so on."""

    def at(self, problem, account, rep):
        return 1.0 + 2.0 * rep


def books():
    """Workloads 3, 4 and 5; limits 7 and 6; r2 asks for at least 2."""
    return problem({"workload": [3.0, 4.0, 5.0]}, {"capacity": [7.0, 6.0], "floor": [0.0, 2.0]})


def test_capacity_holds_within_the_limit():
    """r1 carries 3 + 4 = 7 of 7, r2 carries 5 of 6."""
    assert amounts(Capacity(), books(), a="r1", b="r1", c="r2") == {}
    assert cost(Capacity(), books(), a="r1", b="r1", c="r2") == 0.0


def test_capacity_fails_above_the_limit():
    """r1 carries 3 + 5 = 8, one above 7; r2 carries 4 of 6."""
    plan = {"a": "r1", "b": "r2", "c": "r1"}
    assert amounts(Capacity(), books(), **plan) == {"r1": 1.0}
    assert cost(Capacity(), books(), **plan) == math.inf
    assert messages(Capacity(), books(), **plan) == [
        "rep r1 carries 8 workload, 1 above the limit of 7"
    ]


def test_capacity_at_the_limit_within_the_tolerance_only():
    """A limit of 7 bears 7.000007 (a millionth of it), but not 7.00001."""
    near = problem({"workload": [7.0 + 6.9e-6]}, {"capacity": [7.0]})
    far = problem({"workload": [7.0 + 1e-5]}, {"capacity": [7.0]})
    assert (amounts(Capacity(), near, a="r1"), cost(Capacity(), near, a="r1")) == ({}, 0.0)
    assert list(amounts(Capacity(), far, a="r1")) == ["r1"]
    assert cost(Capacity(), far, a="r1") == math.inf


def test_capacity_price_of_units():
    """r1 is 8 - 7 = 1 over at 2.5 a unit; r2 carries 4."""
    rule = Capacity(price=2.5)
    assert amounts(rule, books(), a="r1", b="r2", c="r1") == {"r1": 1.0}
    assert cost(rule, books(), a="r1", b="r2", c="r1") == 2.5


def test_capacity_price_of_shares():
    """r2 carries 3 + 4 + 5 = 12: 6 over a limit of 6, one whole share of it, at 2.5."""
    rule = Capacity(price=2.5, per="share")
    assert amounts(rule, books(), a="r2", b="r2", c="r2") == {"r2": 1.0}
    assert cost(rule, books(), a="r2", b="r2", c="r2") == 2.5
    found = findings(rule, books(), a="r2", b="r2", c="r2")
    assert (found[0].weight, found[0].unit) == (Weight.PRICED, "share of the workload asked")


def test_capacity_slack_stretches_the_limit():
    """A limit of 7 stretched by 0.25 is 8.75: 8 is free, 3 + 4 + 5 = 12 is 3.25 over."""
    rule = Capacity(slack=0.25)
    assert amounts(rule, books(), a="r1", b="r2", c="r1") == {}
    assert amounts(rule, books(), a="r1", b="r1", c="r1") == {"r1": 3.25}
    assert messages(rule, books(), a="r1", b="r1", c="r1") == [
        "rep r1 carries 12 workload, 3.25 above the limit of 7, stretched by 0.25 of itself"
    ]


def test_capacity_at_least():
    """r2 asks for 2 and carries nothing; r1 asks for 0."""
    rule = Capacity(limit=None, at_least="floor")
    assert amounts(rule, books(), a="r1", b="r1", c="r1") == {"r2": 2.0}
    assert cost(rule, books(), a="r1", b="r1", c="r1") == math.inf
    assert messages(rule, books(), a="r1", b="r1", c="r1") == [
        "rep r2 carries 0 workload, 2 below the least of 2"
    ]
    priced = Capacity(limit=None, at_least="floor", price=3, per="share")
    # 2 of 2 missing: a share of 1, at 3
    assert cost(priced, books(), a="r1", b="r1", c="r1") == 3.0


def test_capacity_of_one_number_counts_accounts():
    """No more than two accounts each: three are one too many."""
    rule = Capacity(measure="accounts", limit=2)
    assert amounts(rule, books(), a="r2", b="r2", c="r2") == {"r2": 1.0}
    assert amounts(rule, books(), a="r2", b="r2", c="r1") == {}


def test_capacity_zero_limit_bears_nothing():
    """A limit of 0 is broken by the smallest account, and by nothing else."""
    data = problem({"workload": [0.5, 0.0]}, {"capacity": [0.0, 9.0]})
    assert amounts(Capacity(), data, a="r1", b="r2") == {"r1": 0.5}
    assert amounts(Capacity(), data, a="r2", b="r1") == {}


def test_capacity_empty_books_are_judged():
    """Nobody assigned: the limit holds, the least is missed by all of it."""
    rule = Capacity(at_least="floor")
    assert amounts(rule, books(), a=None, b=None, c=None) == {"r2": 2.0}


def test_capacity_of_a_pair_measure():
    """a takes r1 2 hours and r2 5; a limit of 3 leaves r1 only."""
    data = problem({"x": [0.0]}, {"capacity": [3.0, 3.0]}, pairs={("a", "r1"): 2, ("a", "r2"): 5})
    rule = Capacity(measure="value")
    assert amounts(rule, data, a="r2") == {"r2": 2.0}
    assert (cost(rule, data, a="r1"), cost(rule, data, a="r2")) == (0.0, math.inf)


def test_capacity_says_nothing_of_reps_who_leave():
    """r2 leaves with accounts in today's books: another rule's matter."""
    data = problem({"workload": [9.0]}, {"capacity": [1.0, 1.0]}, leaves=["r2"])
    assert amounts(Capacity(at_least=0.5, limit=None), data, a="r2") == {"r1": 0.5}


def test_capacity_reads_its_columns():
    """A number as limit is no column."""
    assert Capacity(at_least="floor").reads() == (
        Column("measure", "workload"),
        Column("reps", "capacity"),
        Column("reps", "floor"),
    )
    assert Capacity(limit=4).reads() == (Column("measure", "workload"),)


def test_capacity_share_of_a_zero_limit_is_refused():
    """No excess is a share of nothing."""
    data = problem({"workload": [1.0]}, {"capacity": [0.0]})
    assert refusal(Capacity(price=1, per="share"), data) == (
        "rule 'rule', rep 'r1': the limit is 0, so an excess is no share of it\n"
        "    fix: write 'per: unit', or correct the limit"
    )


def test_capacity_bounds_that_contradict_are_refused():
    """At least 5 and at most 4 leaves no load."""
    data = problem({"workload": [1.0]}, {"capacity": [4.0], "floor": [5.0]})
    assert refusal(Capacity(at_least="floor"), data) == (
        "rule 'rule', rep 'r1': at_least is 5 but the limit is 4\n"
        "    fix: correct one of the two: no load can be both"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"limit": None}, "capacity needs a limit, an at_least, or both"),
        ({"limit": None, "at_least": 1, "slack": 0.1}, "slack stretches the limit, and there is"),
        ({"limit": 1, "at_least": 2}, "at_least (2) is above the limit (1)"),
        ({"limit": -1}, "greater than or equal to 0"),
    ],
)
def test_capacity_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Capacity(**fields)
    assert message in str(error.value)


def districts():
    """Workloads 3, 4, 5 and 6; r1 and r2 (limits 7 and 6) under mia, r3 (limit 4) under noa."""
    return problem(
        {"workload": [3.0, 4.0, 5.0, 6.0], "segment": ["gold", "gold", "", "silver"]},
        {
            "capacity": [7.0, 6.0, 4.0],
            "floor": [1.0, 4.0, 2.0],
            "manager": ["mia", "mia", "noa"],
            "role": ["hunter", "farmer", "farmer"],
        },
    )


def test_capacity_of_some_accounts_leaves_the_others_free():
    """Gold is 3 + 4 = 7 of r1's 6: one too many. The other 5 + 6 do not count."""
    rule = Capacity(limit=6, where={"segment": "gold"})
    plan = dict.fromkeys("abcd", "r1")
    assert amounts(rule, districts(), **plan) == {"r1": 1.0}
    assert cost(rule, districts(), **plan) == math.inf
    assert cost(rule, districts(), **{**plan, "b": "r2"}) == 0.0


def test_capacity_of_some_reps_bounds_no_other():
    """Farmers carry at most 5: r1, a hunter, may carry all 18; r2 may not carry 6."""
    rule = Capacity(limit=5, at_least=0, where_rep={"role": "farmer"}, price=2)
    assert cost(rule, districts(), **dict.fromkeys("abcd", "r1")) == 0.0
    assert amounts(rule, districts(), a="r1", b="r1", c="r3", d="r2") == {"r2": 1.0}
    assert cost(rule, districts(), a="r1", b="r1", c="r3", d="r2") == 2.0


def test_capacity_by_manager_adds_up_columns_and_loads():
    """mia has 7 + 6 = 13: r1 with all of 3 + 4 + 6 = 13 is at her limit, with 18 five above it."""
    rule = Capacity(by="manager")
    assert amounts(rule, districts(), a="r1", b="r1", c="r3", d="r1") == {"noa": 1.0}
    assert messages(rule, districts(), a="r2", b="r1", c="r1", d="r1") == [
        "manager mia carries 18 workload, 5 above the limit of 13"
    ]
    assert cost(rule, districts(), a="r2", b="r1", c="r1", d="r1") == math.inf
    # noa is alone with 4, and b is 4
    assert cost(rule, districts(), a="r1", b="r3", c="r2", d="r2") == math.inf
    assert cost(Capacity(by="manager", limit=14), districts(), a="r1", b="r3", c="r2", d="r2") == 0


def test_capacity_by_manager_of_one_number_bounds_each_value():
    """At most 10 each: mia carries 14 and noa 4, so four above, at 3 a unit."""
    rule = Capacity(by="manager", limit=10, price=3)
    plan = {"a": "r1", "b": "r3", "c": "r2", "d": "r2"}
    assert amounts(rule, districts(), **plan) == {"mia": 4.0}
    assert cost(rule, districts(), **plan) == 12.0


def test_capacity_by_manager_at_least():
    """mia asks for 1 + 4 = 5, noa for 2: with all at r1, noa is 2 short."""
    rule = Capacity(by="manager", limit=None, at_least="floor", price=1, per="share")
    assert amounts(rule, districts(), **dict.fromkeys("abcd", "r1")) == {"noa": 1.0}
    assert cost(rule, districts(), **dict.fromkeys("abcd", "r1")) == 1.0
    assert messages(rule, districts(), **dict.fromkeys("abcd", "r3")) == [
        "manager mia carries 0 workload, 5 below the least of 5"
    ]


def test_capacity_by_manager_of_some_reps_and_accounts():
    """Of gold (3 and 4) only farmers count: r2 for mia (limit 6), r3 for noa (limit 4)."""
    rule = Capacity(by="manager", where={"segment": "gold"}, where_rep={"role": "farmer"})
    assert amounts(rule, districts(), a="r2", b="r2", c="r3", d="r3") == {"mia": 1.0}
    assert amounts(rule, districts(), a="r1", b="r2", c="r2", d="r2") == {}
    assert cost(rule, districts(), a="r1", b="r2", c="r2", d="r2") == 0.0


def test_capacity_by_manager_does_not_count_reps_who_leave():
    """r2 leaves: mia has 7 only, and what r2 still has in today's books is not hers."""
    data = problem(
        {"workload": [8.0, 9.0]}, {"capacity": [7.0, 6.0], "manager": ["mia", "mia"]}, leaves=["r2"]
    )
    assert amounts(Capacity(by="manager"), data, a="r1", b="r2") == {"mia": 1.0}
    assert cost(Capacity(by="manager", price=2), data, a="r1", b="r1") == 20.0  # 17 of 7


def test_capacity_by_a_column_with_empty_cells_is_refused():
    """Whose limit would r2's be? Reps who leave, or of whom the rule does not speak, may be so."""
    data = problem({"workload": [1.0]}, {"capacity": [7.0, 6.0], "manager": ["mia", None]})
    assert refusal(Capacity(by="manager"), data) == (
        "rule 'rule', rep 'r2': has nothing in column 'manager'\n"
        "    fix: fill it in for every rep who serves"
    )
    heard = Capacity(by="manager", where_rep={"manager": "mia"})
    assert cost(heard, data, a="r2") == 0.0


def test_capacity_by_manager_bounds_that_contradict_are_refused():
    """At least 4 + 5 and at most 4 + 4, for mia alone; a limit of 0 is no whole."""
    data = problem(
        {"workload": [1.0]},
        {"capacity": [4.0, 4.0, 0.0], "floor": [4.0, 5.0, 0.0], "manager": ["mia", "mia", "noa"]},
    )
    assert refusal(Capacity(by="manager", at_least="floor", price=1, per="share"), data) == (
        "rule 'rule', manager 'mia': at_least is 9 but the limit is 8\n"
        "    fix: correct one of the two: no load can be both\n"
        "rule 'rule', manager 'noa': the limit is 0, so an excess is no share of it\n"
        "    fix: write 'per: unit', or correct the limit"
    )


def test_capacity_of_open_accounts_is_zero():
    """Nobody serves a and b: they load no one. r1 carries 5 of 5, r2 carries 6."""
    data = districts().with_(optional=np.ones(4, dtype=bool))
    assert amounts(Capacity(limit=5), data, a=None, b=None, c="r1", d="r2") == {"r2": 1.0}


def test_capacity_of_a_derived_pair_measure():
    """Hours are worked out: 1 for r1 and 3 for r2. Two accounts with r2 are 6, one above 5."""
    data = problem({"x": [0.0, 0.0]}, 2).with_(pair_measures={"hours": Odd()})
    rule = Capacity(measure="hours", limit=5)
    assert amounts(rule, data, a="r2", b="r2") == {"r2": 1.0}
    assert (cost(rule, data, a="r1", b="r2"), cost(rule, data, a="r2", b="r2")) == (0, math.inf)


def test_capacity_says_what_it_compares_with_what():
    """Only rep columns: a number has no unit of its own."""
    assert Capacity(at_least="floor").compares() == (
        ("workload", "capacity"),
        ("workload", "floor"),
    )
    assert Capacity(limit=4).compares() == ()


def test_capacity_reads_the_level():
    """A text column of the reps; filters ask for theirs besides."""
    rule = Capacity(limit=4, by="manager", where={"tier": 1}, where_rep={"role": "x"})
    assert Column("reps", "manager", "text") in rule.reads()
    assert {(one.table, one.name) for one in rule.asks()} == {
        ("measure", "workload"),
        ("reps", "manager"),
        ("accounts", "tier"),
        ("reps", "role"),
    }
