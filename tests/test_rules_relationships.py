"""Relationships, worked by hand."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.findings import Weight
from optiterr.problem import Problem
from optiterr.rules.pool import Pool
from optiterr.rules.relationships import Relationships

TODAY = dt.date(2026, 1, 1)

TENURE = ((0.0, 0.0), (1.0, 0.3), (3.0, 1.0))
RECENCY = ((0.0, 1.0), (90.0, 0.8), (365.0, 0.2))


def one(days: float | None, column: str = "since", day: dt.date | None = TODAY) -> Problem:
    """One account of r1 with a date so many days before 2026-01-01, or none, worth 100."""
    date = None if days is None else pd.Timestamp(TODAY) - pd.Timedelta(days=days)
    return problem(
        {"revenue": [100.0], column: pd.to_datetime([date])}, 2, owner=["r1"], planning_date=day
    )


@pytest.mark.parametrize(
    ("days", "lost"),
    [
        (0, 0.0),
        # 183 / 365.25 of the way from 0 to 0.3
        (183, 100 * 0.3 * 183 / 365.25),
        # 1461 days are 4 years, beyond the last point
        (1461, 100.0),
        # 731 / 365.25 years: 0.3 and (0.7 / 2) for each year beyond the first
        (731, 100 * (0.3 + 0.35 * (731 / 365.25 - 1))),
    ],
)
def test_the_curve_of_tenure(days: int, lost: float) -> None:
    """Points at 0, 1 and 3 years: 0, 0.3, 1; straight between, level beyond."""
    rule = Relationships(price=1, value="revenue", since="since", tenure=TENURE)
    assert cost(rule, one(days), a="r2") == pytest.approx(lost)
    assert sum(amounts(rule, one(days), a="r2").values()) == pytest.approx(lost)


@pytest.mark.parametrize(
    ("days", "lost"),
    [
        (0, 100.0),
        (45, 90.0),  # half of the way from 1 to 0.8
        (90, 80.0),
        (200, 56.0),  # 110 of 275 days from 0.8 to 0.2: 0.8 - 0.6 * 0.4
        (365, 20.0),
        (1000, 20.0),
    ],
)
def test_the_curve_of_recency_to_the_limit_of_its_points(days: int, lost: float) -> None:
    """Points at 0, 90 and 365 days: 1, 0.8, 0.2; at a point exactly, and beyond the last one."""
    rule = Relationships(price=1, value="revenue", last_touch="seen", recency=RECENCY)
    assert cost(rule, one(days, "seen"), a="r2") == pytest.approx(lost)
    assert amounts(rule, one(days, "seen"), a="r2") == {"r1": pytest.approx(lost)}


def test_a_curve_is_level_before_its_first_point() -> None:
    """A year is before 2 years: 0.5; and one point alone is level everywhere."""
    late = Relationships(price=1, since="since", tenure=((2, 0.5), (3, 1.0)))
    point = Relationships(price=1, since="since", tenure=((2, 0.5),))
    for rule in (late, point):
        assert cost(rule, one(365), a="r2") == 0.5
        assert amounts(rule, one(365), a="r2") == {"r1": 0.5}
    assert cost(point, one(3650), a="r2") == 0.5


def books() -> Problem:
    """r1 has a for 4 years and b for 0.3 (of a year 110 days); r2 c without a date; d is nobody's,
    e's owner left after 4 years. Touched 90 days ago: a; never: all others."""
    return problem(
        {
            "revenue": [100.0, 50.0, 10.0, 99.0, 8.0],
            "since": pd.to_datetime(["2022-01-01", "2025-09-13", None, None, "2022-01-01"]),
            "seen": pd.to_datetime(["2025-10-03", None, None, None, None]),
        },
        {"manager": ["mia", "mia", "noa"], "state": ["", "", ""]},
        owner=["r1", "r1", "r2", None, "gone"],
        planning_date=TODAY,
    )


HOME = {"a": "r1", "b": "r1", "c": "r2", "d": "r3", "e": "r3"}
FULL = {
    "value": "revenue",
    "since": "since",
    "tenure": TENURE,
    "last_touch": "seen",
    "recency": RECENCY,
    "unknown": 0.5,
}


def test_each_relationship_holds_where_owners_keep_their_books() -> None:
    """d is nobody's; e's owner left: 8 * 1 * 0.5 is noted and not paid."""
    rule = Relationships(price=2, **FULL)
    assert cost(rule, books(), **HOME) == 0.0
    assert [(it.weight, it.amount, it.message) for it in findings(rule, books(), **HOME)] == [
        (
            Weight.NOTE,
            4.0,
            "1 account had an owner who leaves or has left: relationships worth 4 revenue are "
            "lost by no decision here",
        )
    ]


def test_price_of_value_times_tenure_times_recency() -> None:
    """a: 100 * 1 * 0.8; b: 50 * 0.3 * 110 / 365.25 * 0.5; c: 10 * 0.5 * 0.5. All at 2."""
    rule = Relationships(price=2, **FULL)
    plan = {**HOME, "a": "r3", "b": "r2", "c": "r1"}
    young = 50 * 0.3 * 110 / 365.25 * 0.5
    assert cost(rule, books(), **plan) == pytest.approx(2 * (80 + young + 2.5))
    assert amounts(rule, books(), **plan) == {"r1": pytest.approx(80 + young), "r2": 2.5}
    assert messages(rule, books(), **plan)[1:] == [
        "rep r1 loses 2 accounts, and relationships worth 82.26 revenue with them: a, b",
        "rep r2 loses 1 account, and relationships worth 2.5 revenue with it: c",
    ]


def test_a_new_rep_like_the_owner_keeps_a_part() -> None:
    """r1 and r2 have one manager, so half of a's 1 is lost to r2 and all to r3."""
    rule = Relationships(price=4, same={"manager": 0.5})
    assert cost(rule, books(), **{**HOME, "a": "r2"}) == 2.0
    assert cost(rule, books(), **{**HOME, "a": "r3"}) == 4.0
    assert amounts(rule, books(), **{**HOME, "a": "r2"}) == {"r1": 0.5}
    # two empty states are not the same state
    empty = Relationships(price=4, same={"state": 0.0})
    assert cost(empty, books(), **{**HOME, "a": "r2"}) == 4.0
    assert amounts(empty, books(), **{**HOME, "a": "r2"}) == {"r1": 1.0}


def test_only_accounts_and_owners_spoken_of_lose() -> None:
    """b has less than 60; r2's c is not r1's."""
    rule = Relationships(price=1, same={"manager": 1.0}, where={"revenue": {"at_least": 60}})
    assert cost(rule, books(), **{**HOME, "a": "r3", "b": "r3", "c": "r3"}) == 1.0
    owners = Relationships(price=1, same={"manager": 1.0}, where_rep={"manager": "noa"})
    assert cost(owners, books(), **{**HOME, "a": "r3", "b": "r3", "c": "r3"}) == 0.0


def test_an_account_left_open_loses_all() -> None:
    """Nobody serves a: 100 * 0.8, however alike the others are."""
    rule = Relationships(price=1, **FULL, same={"manager": 0.5})
    model = compile_model({"rule": rule, "pool": Pool(max_amount=1)}, books()).model
    picked = model.picks(model.choose([-1, 0, 1, 2, 2]))
    assert model.charge(picked)["rule"] == 80.0
    assert amounts(rule, books(), **{**HOME, "a": None}) == {"r1": 80.0}


def test_more_years_never_lose_less_and_more_silence_never_more() -> None:
    """Where the points rise (fall), so does what is lost, on 200 random days and 20 curves."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        place = np.sort(rng.choice(40, 4, replace=False) / 4)
        factor = np.sort(rng.integers(0, 9, 4) / 4)
        days = np.sort(rng.integers(0, 4000, 10))
        data = problem(
            {"since": pd.Timestamp(TODAY) - pd.to_timedelta(days, unit="D")},
            2,
            owner=["r1"] * 10,
            planning_date=TODAY,
        )
        up = tuple(zip(place.tolist(), factor.tolist(), strict=True))
        down = tuple(zip((365 * place).tolist(), factor[::-1].tolist(), strict=True))
        for rule, sign in (
            (Relationships(price=1, since="since", tenure=up), 1),
            (Relationships(price=1, last_touch="since", recency=down), -1),
        ):
            model = compile_model({"rule": rule}, data).model
            lost = model.cost[1::2]
            assert all(sign * (after - before) >= -1e-12 for before, after in pairwise(lost))


def test_zero_factors_and_empty_books_lose_nothing() -> None:
    """A factor of 0 is no loss; nobody's books have none to lose."""
    rule = Relationships(price=1, since="since", tenure=((0, 0.0),), unknown=0.0)
    assert cost(rule, books(), **{**HOME, "a": "r3"}) == 0.0
    assert amounts(rule, books(), **{**HOME, "a": "r3"}) == {}
    free = problem({"since": pd.to_datetime([None])}, 2, planning_date=TODAY)
    hard = Relationships(price=1, since="since", tenure=TENURE)
    assert cost(hard, free, a="r2") == 0.0
    assert findings(hard, free, a="r2") == []


def test_reading_fails_on_empty_dates_without_a_factor() -> None:
    """All that is wrong with the dates at once; d is nobody's and needs none."""
    fields = {**FULL, "unknown": None}
    assert refusal(Relationships(price=1, **fields), books()) == (
        "accounts, column 'since': 1 account with an owner has no date: c\n"
        "    fix: fill in the dates, or say which factor an empty date has, for example "
        "unknown: 1\n"
        "accounts, column 'seen': 3 accounts with an owner have no date: b, c, e\n"
        "    fix: fill in the dates, or say which factor an empty date has, for example "
        "unknown: 1"
    )


def test_dates_yet_to_come_and_no_planning_date_are_refused() -> None:
    """The day itself is the limit."""
    rule = Relationships(price=1, since="since", tenure=TENURE)
    assert cost(rule, one(0), a="r2") == 0.0
    assert refusal(rule, one(-1)) == (
        "accounts, column 'since': 1 account has a date after the planning date 2026-01-01: a\n"
        "    fix: correct the dates, or set planning_date to a later day"
    )
    assert refusal(rule, one(3, day=None)) == (
        "relationships, since: days are counted up to the planning date, and there is none\n"
        "    fix: set planning_date: YYYY-MM-DD in the scenario"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"price": 1}, "relationships need since and tenure, last_touch and recency, or same"),
        ({"same": {"manager": 0.5}}, "price\n  Field required"),
        ({"price": None, "same": {"manager": 0.5}}, "should be a valid number"),
        ({"price": 1, "since": "since"}, "since needs tenure beside it"),
        ({"price": 1, "recency": [[0, 1]]}, "recency needs last_touch beside it"),
        ({"price": 1, "same": {"manager": 1.5}}, "less than or equal to 1"),
        ({"price": 1, "same": {"manager": 0.5}, "unknown": 1}, "unknown stands for empty dates"),
        ({"price": 1, "since": "x", "tenure": []}, "at least 1 item"),
        ({"price": 1, "since": "x", "tenure": [[0, -1]]}, "greater than or equal to 0"),
        (
            {"price": 1, "since": "x", "tenure": [[0, 1], [3, 1], [3, 2]]},
            "points must rise from left to right, and 3 follows 3: sort them",
        ),
    ],
)
def test_settings_without_meaning_are_refused(fields: dict[str, object], words: str) -> None:
    """Each with what to write instead."""
    with pytest.raises(ValidationError, match=words):
        Relationships(**fields)
