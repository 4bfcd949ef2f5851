"""Walls, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem

from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.rules import walls
from optiterr.rules.walls import Walls

REGION = {"match": {"region": "region"}}


def books():
    """a east, b west, c in no region; r1 east, r2 west, r3 in no region. Zones in hours."""
    return problem(
        {
            "region": ["east", "west", ""],
            "zone": [-5.0, -8.0, math.nan],
            "revenue": [10.0, 20.0, 30.0],
        },
        {
            "region": ["east", "west", None],
            "zone": [-5.0, -7.0, math.nan],
            "manager": ["mia", "noa", "mia"],
        },
        owner=["r1", "gone", "r2"],
    )


def test_walls_holds_inside_a_region():
    """a and b stay in their regions; c is in none and goes to r2."""
    rule = Walls(**REGION)
    assert amounts(rule, books(), a="r1", b="r2", c="r2") == {}
    assert cost(rule, books(), a="r1", b="r2", c="r2") == 0.0


def test_walls_fails_across_regions():
    """a and b change sides."""
    rule = Walls(**REGION)
    assert amounts(rule, books(), a="r2", b="r1", c="r1") == {"r1": 1.0, "r2": 1.0}
    assert cost(rule, books(), a="r2", b="r2", c="r1") == math.inf
    assert messages(rule, books(), a="r2", b="r1", c="r1") == [
        "rep r1 serves 1 account across walls: b (region west to east)",
        "rep r2 serves 1 account across walls: a (region east to west)",
    ]


def test_walls_of_empty_cells():
    """An account in no region may go to anybody; a rep in no region crosses every wall there is."""
    rule = Walls(**REGION)
    for rep in ("r1", "r2", "r3"):
        assert cost(rule, books(), a="r1", b="r2", c=rep) == 0.0
    assert cost(rule, books(), a="r3", b="r2", c="r1") == math.inf
    assert messages(rule, books(), a="r3", b="r2", c="r3") == [
        "rep r3 serves 1 account across walls: a (region east to none)"
    ]


def test_walls_at_the_limit_of_hours():
    """a and r2 are 2 hours apart: most 2 allows it, 1.9 does not. c has no zone, r3 crosses."""
    plan = {"a": "r2", "b": "r2", "c": "r3"}
    assert cost(Walls(within={"zone": "zone"}, most=2), books(), **plan) == 0.0
    tight = Walls(within={"zone": "zone"}, most=1.9)
    assert amounts(tight, books(), **plan) == {"r2": 1.0}
    assert cost(tight, books(), **plan) == math.inf
    assert messages(tight, books(), a="r2", b="r3", c="r3") == [
        "rep r2 serves 1 account across walls: a (zone -5 to -7)",
        "rep r3 serves 1 account across walls: b (zone -8 to none)",
    ]


def test_walls_of_zero_hours_ask_for_the_same_zone():
    """a is in r1's zone; b is one hour from r2's."""
    rule = Walls(within={"zone": "zone"}, most=0)
    assert amounts(rule, books(), a="r1", b="r2", c="r1") == {"r2": 1.0}
    assert cost(rule, books(), a="r1", b="r2", c="r1") == math.inf


def test_walls_at_the_limit_within_the_tolerance_only():
    """Half a millionth over 1 is 1, two millionths are not."""
    for away, kept in ((1 + 5e-7, True), (1 + 2e-6, False)):
        data = problem({"zone": [away]}, {"zone": [0.0]})
        rule = Walls(within={"zone": "zone"}, most=1)
        assert (amounts(rule, data, a="r1") == {}) is kept
        assert (cost(rule, data, a="r1") == 0.0) is kept


def test_walls_around_today_s_owner():
    """a is owned by r1 of mia: r3 is of mia, r2 is not. b's owner is gone, c's is r2 of noa."""
    rule = Walls(owner=["manager"])
    assert cost(rule, books(), a="r3", b="r1", c="r2") == 0.0
    assert amounts(rule, books(), a="r2", b="r2", c="r3") == {"r2": 1.0, "r3": 1.0}
    assert cost(rule, books(), a="r2", b="r2", c="r2") == math.inf
    assert messages(rule, books(), a="r2", b="r2", c="r2") == [
        "rep r2 serves 1 account across walls: a (manager mia to noa)"
    ]


def test_walls_around_an_owner_who_leaves_are_gone():
    """r1 of mia leaves: a may go to noa's r2."""
    data = problem(
        {"x": [1.0]}, {"manager": ["mia", "noa"], "region": ["e", "w"]}, owner=["r1"], leaves=["r1"]
    )
    assert cost(Walls(owner=["manager", "region"]), data, a="r2") == 0.0
    assert amounts(Walls(owner=["manager"]), data, a="r2") == {}
    still = replace(data, owner=np.zeros(1, dtype=np.int32))
    assert cost(Walls(owner=["manager"]), still, a="r2") == 0.0


def test_walls_that_may_be_crossed_both_ways():
    """East and west are open to each other, north to nobody; so are the managers mia and noa."""
    data = problem(
        {"region": ["east", "west", "north"]},
        {"region": ["east", "west", "north"], "manager": ["mia", "noa", "kim"]},
        owner=["r2", None, None],
    )
    rule = Walls(**REGION, crossings=[["west", "east"]])
    assert cost(rule, data, a="r2", b="r1", c="r3") == 0.0
    assert cost(rule, data, a="r1", b="r2", c="r1") == math.inf
    assert amounts(rule, data, a="r2", b="r1", c="r1") == {"r1": 1.0}
    owned = Walls(owner=["manager"], crossings=[["mia", "noa"]])
    assert cost(owned, data, a="r1", b="r3", c="r1") == 0.0
    assert cost(owned, data, a="r3", b="r3", c="r1") == math.inf
    assert amounts(owned, data, a="r3") == {"r3": 1.0}


def test_walls_are_not_opened_by_a_value_that_nobody_has():
    """The way from west to the moon opens none from east to west, nor back."""
    data = problem({"region": ["east", "west"]}, {"region": ["east", "west"]})
    for crossings in ([["west", "moon"]], [["moon", "west"]], [["east", "moon"]]):
        rule = Walls(**REGION, crossings=crossings)
        assert cost(rule, data, a="r2", b="r2") == math.inf
        assert cost(rule, data, a="r1", b="r1") == math.inf
        assert amounts(rule, data, a="r2", b="r1") == {"r1": 1.0, "r2": 1.0}


def test_walls_are_not_opened_by_an_empty_cell():
    """Nothing opens the wall to a rep without a region, whatever may be crossed."""
    data = problem({"region": ["east", "west"]}, {"region": ["", "west", "east"]})
    rule = Walls(**REGION, crossings=[["east", "west"]])
    assert cost(rule, data, a="r2", b="r3") == 0.0
    assert amounts(rule, data, a="r1", b="r1") == {"r1": 2.0}
    assert cost(rule, data, a="r1", b="r2") == cost(rule, data, a="r2", b="r1") == math.inf


def test_walls_price_of_each_wall_by_its_weight():
    """a to r2 crosses region, 2 hours and mia; b to r1 region and 3 hours: 5 walls at 2.

    By revenue 3 * 10 + 2 * 20 = 70, at 0.5.
    """
    fields = {**REGION, "within": {"zone": "zone"}, "most": 1, "owner": ["manager"]}
    plan = {"a": "r2", "b": "r1", "c": "r2"}
    assert amounts(Walls(**fields, price=2), books(), **plan) == {"r1": 2.0, "r2": 3.0}
    assert cost(Walls(**fields, price=2), books(), **plan) == 10.0
    rule = Walls(**fields, price=0.5, weight="revenue")
    assert cost(rule, books(), **plan) == 35.0
    found = findings(rule, books(), **plan)
    assert [(one.weight, one.amount, one.unit) for one in found] == [
        (Weight.PRICED, 40.0, "revenue"),
        (Weight.PRICED, 30.0, "revenue"),
    ]
    assert found[1].message == (
        "rep r2 serves 1 account across walls: "
        "a (region east to west, manager mia to noa, zone -5 to -7)"
    )


def test_walls_stand_only_around_what_the_rule_speaks_of():
    """b is beyond the filter, r2 of noa is too: neither is held, priced or not."""
    for price, broken in ((None, math.inf), (1.0, 1.0)):
        of = Walls(**REGION, where={"revenue": {"at_most": 10}}, price=price)
        assert cost(of, books(), a="r1", b="r1", c="r1") == 0.0
        assert cost(of, books(), a="r2", b="r1", c="r1") == broken
        to = Walls(**REGION, where_rep={"manager": "mia"}, price=price)
        assert cost(to, books(), a="r2", b="r2", c="r1") == 0.0
        assert cost(to, books(), a="r3", b="r2", c="r1") == broken


def test_walls_of_empty_books_hold():
    """Nobody serves, or a stranger does."""
    assert amounts(Walls(**REGION), books(), a=None, b="stranger", c=None) == {}


def test_walls_name_the_first_accounts():
    """Five are named, the rest counted."""
    data = problem({"region": ["x"] * 7}, {"region": ["y"]})
    assert messages(Walls(**REGION), data, **dict.fromkeys("abcdefg", "r1")) == [
        "rep r1 serves 7 accounts across walls: a (region x to y), b (region x to y), "
        "c (region x to y), d (region x to y), e (region x to y) and 2 more"
    ]


def test_walls_say_who_may_serve_whom(monkeypatch):
    """Of a, b and c in order; too many kinds are told pair by pair only."""
    said = Walls(**REGION).eligible(books())
    assert np.array_equal(
        said.may[said.kind], [[True, False, False], [False, True, False], [True, True, True]]
    )
    assert Walls(**REGION, price=1).eligible(books()) is None
    monkeypatch.setattr(walls, "MOST_CELLS", 8)
    assert Walls(**REGION).eligible(books()) is None


def test_walls_read_their_columns():
    """Empty numbers are allowed: they stand for no wall."""
    rule = Walls(
        **REGION, within={"zone": "hours"}, most=1, owner=["team"], price=1, weight="revenue"
    )
    assert rule.reads() == (
        Column("reps", "team", "text"),
        Column("accounts", "region", "text"),
        Column("reps", "region", "text"),
        Column("accounts", "zone", minimum=None, missing=True),
        Column("reps", "hours", minimum=None, missing=True),
        Column("accounts", "revenue"),
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "walls need match, within or owner"),
        ({"within": {"zone": "zone"}}, "say with most how far apart"),
        (REGION | {"most": 1}, "most is the largest difference of within"),
        (
            {"within": {"z": "z"}, "most": 1, "crossings": [["a", "b"]]},
            "crossings are pairs of texts: they need match or owner",
        ),
        (REGION | {"weight": "revenue"}, "weight multiplies what is priced"),
        ({"owner": ["team", "team"]}, "owner names a column twice"),
        (REGION | {"crossings": [["east"]]}, "crossings"),
    ],
)
def test_walls_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Walls(**fields)
    assert message in str(error.value)
