"""Index, score, lookup and cadence, worked by hand."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from measures_toys import formula, measure, objected, pair_values, refusal, shop, values
from pydantic import ValidationError
from toys import problem

from optiterr.errors import OptiterrWarning
from optiterr.measures.checking import units_of
from optiterr.measures.deriving import derive

# -------------------------------------------------------------------------------------------- index


def test_index_of_three_measures() -> None:
    """Means are 2, 20 and 5. A: 1000 x (60 x 1/2 + 10 x 10/20 + 30 x 10/5) / 100 = 950."""
    data = problem({"work": [1.0, 3.0], "sales": [10.0, 30.0], "potential": [10.0, 0.0]}, 1)
    index = measure("index", of={"work": 60, "sales": 10, "potential": 30})
    assert values(index, data) == pytest.approx([950.0, 1050.0])


def test_an_average_account_has_the_average() -> None:
    """Whatever the weights; and the mean of the index is the average."""
    data = problem({"x": [2.0, 1.0, 3.0], "y": [5.0, 0.0, 10.0]}, 1)
    found = values(measure("index", of={"x": 1, "y": 7}, average=50), data)
    assert found[0] == pytest.approx(50)
    assert np.mean(found) == pytest.approx(50)


def test_index_forgets_units_and_scales() -> None:
    """A column in cents gives the same index as one in dollars."""
    index = measure("index", of={"revenue": 2, "visits": 1})
    cents = shop().accounts.assign(revenue=shop().accounts["revenue"] * 100)
    assert values(index, replace(shop(), accounts=cents)) == pytest.approx(values(index, shop()))
    assert units_of({"m": index}, {}) == {"m": "points"}


def test_index_of_nothing_is_refused() -> None:
    """The mean of zeros is zero: nothing to compare with."""
    data = problem({"x": [0.0, 0.0], "y": [0.0, 0.0]}, 1)
    assert refusal(measure("index", of={"x": 1, "y": 1}), data) == "\n".join(
        f"measure 'm', of, {name!r}: is 0 for every account, so no account can be compared with "
        "the mean\n    fix: leave it out, or name another column"
        for name in "xy"
    )


def test_index_needs_weights_above_zero() -> None:
    """A weight of 0 is a column left out."""
    with pytest.raises(ValidationError):
        measure("index", of={"x": 0})
    with pytest.raises(ValidationError):
        measure("index", of={})


# -------------------------------------------------------------------------------------------- score


def ideal(**settings: Any) -> Any:
    return measure(
        "score",
        points=[
            {"where": {"segment": "A"}, "points": 30, "reason": "our trade"},
            {"where": {"revenue": {"at_least": 20}}, "points": 50},
            {"where": {"visits": {"less_than": 1}}, "points": -10},
        ],
        **settings,
    )


def test_score_adds_what_is_true() -> None:
    """A: 30. B: 50. C: 30 + 50 - 10."""
    assert values(ideal(), shop()) == [30.0, 50.0, 70.0]


def test_score_out_of_a_hundred() -> None:
    """80 points are the best there is: 30 of them are 37.5 of 100."""
    assert values(ideal(out_of=100), shop()) == pytest.approx([37.5, 62.5, 87.5])
    assert units_of({"m": ideal()}, {}) == {"m": "points"}


def test_score_needs_points_to_scale() -> None:
    """With nothing above zero there is no best."""
    with pytest.raises(ValidationError, match="out_of scales the sum of points above 0, and there"):
        measure("score", points=[{"where": {"x": 1}, "points": -1}], out_of=100)
    with pytest.raises(ValidationError, match="score has no points; write at least one"):
        measure("score", points=[])


def test_score_tells_of_statements_that_match_nothing() -> None:
    """Probably a misspelt segment."""
    one = measure("score", points=[{"where": {"segment": "Z"}, "points": 1}])
    said = r"measure 'm': points, entry 1: no account matches it \(segment is Z\)"
    with pytest.warns(OptiterrWarning, match=said):
        derive({"m": one}, shop())


# ------------------------------------------------------------------------------------------- lookup


def test_lookup_by_category() -> None:
    """A has 12 and B 6."""
    assert values(measure("lookup", lookup="segment", values={"A": 12, "B": 6}), shop()) == [
        12.0, 6.0, 12.0,
    ]  # fmt: skip


def test_lookup_of_an_unknown_category() -> None:
    """An error that names accounts, or the number for all others."""
    assert refusal(measure("lookup", lookup="segment", values={"a": 1, "B": 2}), shop()) == (
        "measure 'm', lookup 'segment': 'A' has no number: 2 accounts: a, c\n"
        "    fix: add it under values, or give otherwise"
    )
    assert values(measure("lookup", lookup="segment", values={"B": 2}, otherwise=0), shop()) == [
        0.0, 2.0, 0.0,
    ]  # fmt: skip
    near = problem({"s": ["Entreprise", ""]}, 1)
    said = refusal(measure("lookup", lookup="s", values={"Enterprise": 1}), near)
    assert "'Entreprise' has no number: account a\n    fix: did you mean 'Enterprise'?" in said
    assert "the cell is empty: account b\n    fix: fill the cells, or give otherwise" in said


# ------------------------------------------------------------------------------------------ cadence

PLAN = [
    {"segment": "A", "channel": "visit", "contacts": 12, "hours": 1.5, "preparation": 0.25,
     "travel": True},
    {"segment": "A", "channel": "phone", "contacts": 24, "hours": 0.25},
    {"segment": "B", "channel": "phone", "contacts": 10, "hours": 0.5, "preparation": 0.1},
]  # fmt: skip


def cadence(**settings: Any) -> Any:
    given = {"segment": "segment", "plan": PLAN, "travel_hours": 0.75, **settings}
    return measure("cadence", **{key: one for key, one in given.items() if one is not None})


def override(**settings: Any) -> dict[str, Any]:
    return {"channel": "visit", "owner": "Kim", "reason": "few roads", **settings}


def test_hours_to_the_minute() -> None:
    """A: 12 x (90 + 15 + 45 min) + 24 x 15 min = 1800 + 360 min. B: 10 x (30 + 6 min) = 360."""
    minutes = [value * 60 for value in values(cadence(), shop())]
    assert minutes == pytest.approx([2160, 360, 2160], abs=1e-9)


def test_travel_by_a_column_and_by_a_pair() -> None:
    """Without travel A takes 12 x 105 + 24 x 15 = 1620 min; the 12 trips come on top."""
    minutes = [value * 60 for value in values(cadence(travel_hours="visits / 2"), shop())]
    assert minutes == pytest.approx([1620 + 12 * 30, 360, 1620])
    drive = "2 * distance_km / unit(60, 'km/hours')"
    found = pair_values(cadence(travel_hours=drive), shop())
    degree = 6371.0088 * math.pi / 180  # km; there and back at 60 km/h: 2 degree / 60 hours
    assert found[:2] == pytest.approx([27, 27 + 12 * 2 * degree / 60])
    assert found[2:4].tolist() == [6.0, 6.0]
    assert objected({"m": cadence(travel_hours=drive)}) == []


def test_pairs_of_some_accounts_only() -> None:
    """Left-out pairs are worked out in parts: the last account alone gives the same."""
    asked = cadence(travel_hours="rep.quota / 10")
    whole = pair_values(asked, shop())
    part = asked.at(shop(), np.array([2, 2], dtype=np.int32), np.array([0, 1], dtype=np.int32))
    assert part.tolist() == whole[4:].tolist()
    assert asked.at(shop(), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)).tolist() == []


def test_travel_is_in_hours() -> None:
    """Half a distance is no time."""
    assert objected({"m": cadence(travel_hours="distance_km / 2")}) == [
        (
            "travel_hours, formula, character 1, 'distance_km / 2': travel is in hours, and this "
            "is in km",
            "bring it to hours, for example with / unit(2, 'km/hours')",
        )
    ]
    assert "write unit: hours" in objected({"m": cadence(unit="currency")})[0][1]
    assert units_of({"m": cadence()}, {}) == {"m": "hours"}


def test_the_plan_as_a_table() -> None:
    """The same numbers."""
    table = pd.DataFrame(PLAN).fillna({"preparation": 0.0}).assign(travel=[True, False, False])
    data = replace(shop(), tables={"plan": table})
    assert values(cadence(plan=None, table="plan"), data) == values(cadence(), shop())
    assert refusal(cadence(plan=None, table="plan"), shop()) == (
        "measure 'm', data.tables: there is no table 'plan'\n"
        "    fix: add it under data: tables: plan:"
    )
    bare = replace(shop(), tables={"plan": table.drop(columns="hours")})
    assert "data.tables.plan: has no column 'hours'" in refusal(
        cadence(plan=None, table="plan"), bare
    )
    twice = replace(shop(), tables={"plan": pd.concat([table, table.iloc[:1]])})
    assert refusal(cadence(plan=None, table="plan"), twice) == (
        "measure 'm', table 'plan', record 4: the segment has this channel already\n"
        "    fix: keep one of the two rows"
    )
    still = cadence(plan=None, table="plan", travel_hours=None)
    assert "a channel travels, and nothing says how long" in refusal(still, data)


def test_overrides_change_one_channel_for_some() -> None:
    """C is visited 6 times for 60 minutes: 6 x (60 + 15 + 45) + 360 = 1080 minutes."""
    only_c = override(where={"revenue": {"more_than": 50}}, contacts=6, hours=1)
    minutes = [value * 60 for value in values(cadence(overrides=[only_c]), shop())]
    assert minutes == pytest.approx([2160, 360, 1080])


def test_overrides_of_preparation_and_travel() -> None:
    """A and C without travel and preparation: 12 x 90 + 360 = 1440 minutes."""
    near = override(where={"segment": "A"}, preparation=0, travel=False)
    minutes = [value * 60 for value in values(cadence(overrides=[near]), shop())]
    assert minutes == pytest.approx([1440, 360, 1440])


def test_overrides_may_add_a_channel_to_a_segment_when_complete() -> None:
    """B gets 4 visits of an hour, with 45 minutes of travel when it says so."""
    new = override(where={"segment": "B"}, contacts=4, hours=1, travel=True)
    assert values(cadence(overrides=[new]), shop())[1] * 60 == pytest.approx(360 + 4 * 105)
    half = override(where={"segment": "B"}, contacts=4)
    assert refusal(cadence(overrides=[half]), shop()) == (
        "measure 'm', overrides, entry 1: the plan has no 'visit' for the segment of account b\n"
        "    fix: give both contacts and hours here, or narrow the filter"
    )


def test_two_overrides_of_one_account_and_channel() -> None:
    """Both are named, with their owners; of two channels they may be."""
    both = [
        override(where={"segment": "A"}, contacts=6),
        override(where={"revenue": {"at_least": 60}}, hours=1, owner="Lee"),
        override(where={"segment": "A"}, channel="phone", hours=1),
    ]
    assert refusal(cadence(overrides=both), shop()) == (
        "measure 'm', overrides, entries 1 and 2: both change 'visit' of account c (owners Kim "
        "and Lee)\n    fix: narrow one of them, for example with not"
    )


def test_overrides_end() -> None:
    """On the last day it holds; the day after it is ignored, and said to be."""
    ends = override(where={"segment": "A"}, contacts=0, until="2027-03-31")
    asked = cadence(overrides=[ends])
    assert "it ends, and there is no planning date" in refusal(asked, shop())
    last = replace(shop(), planning_date=dt.date(2027, 3, 31))
    assert values(asked, last)[0] == 6.0
    said = (
        r"measure 'm': overrides, entry 1 \(visit where segment is A, owner Kim\) ended on "
        "2027-03-31, before the planning date 2027-04-01, and is ignored"
    )
    with pytest.warns(OptiterrWarning, match=said):
        after = derive({"m": asked}, replace(last, planning_date=dt.date(2027, 4, 1)))
    assert after.account_number("m")[0] == 36.0


def test_overrides_that_match_nothing_are_told() -> None:
    """Probably a misspelt filter."""
    asked = cadence(overrides=[override(where={"segment": "Z"}, contacts=1)])
    said = r"overrides, entry 1 \(visit where segment is Z, owner Kim\) matches no account"
    with pytest.warns(OptiterrWarning, match=said):
        derive({"m": asked}, shop())


def test_segments_and_channels_that_the_plan_does_not_know() -> None:
    """Accounts, the segment and the nearest one; the nearest channel."""
    data = problem({"segment": ["Gold", "Godl", "", "Godl"]}, 1)
    plan = [{"segment": "Gold", "channel": "visit", "contacts": 1, "hours": 1}]
    assert refusal(cadence(plan=plan), data) == (
        "measure 'm', segment 'segment': the plan has no segment 'Godl' for 2 accounts: b, d\n"
        "    fix: did you mean 'Gold'?\n"
        "measure 'm', segment 'segment': the segment is empty for account c\n"
        "    fix: fill the cells"
    )
    asked = cadence(overrides=[override(channel="vist", where={"segment": "A"}, contacts=1)])
    assert refusal(asked, shop()) == (
        "measure 'm', overrides, entry 1: the plan has no channel 'vist'\n"
        "    fix: did you mean 'visit'?"
    )


def test_travel_below_zero_is_refused() -> None:
    """A formula that goes wrong is told, not clipped."""
    assert "travel_hours: is below 0 for account c" in refusal(
        cadence(travel_hours="visits - 0.5"), shop()
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"plan": []}, "the plan has no rows; write at least one"),
        ({"plan": None}, "cadence needs a plan or a table; give exactly one"),
        ({"table": "t"}, "cadence needs a plan or a table; give exactly one"),
        ({"travel_hours": None}, "a channel travels, and nothing says how long; add travel_hours"),
        ({"plan": PLAN + PLAN[:1]}, "segment 'A' has channel 'visit' twice in the plan; keep one"),
        ({"travel_hours": "2 *"}, "the formula ends too early"),
        ({"travel_hours": -1}, "-1 hours of travel; write 0 or more"),
        ({"overrides": [override(where={"x": 1})]}, "the override changes nothing; write contacts"),
        ({"overrides": [{"where": {"x": 1}, "channel": "v", "hours": 1}]}, "Field required"),
    ],
)
def test_what_is_no_cadence(settings: dict[str, Any], said: str) -> None:
    """Each with its fix; an override without owner and reason is none."""
    with pytest.raises(ValidationError, match=said):
        cadence(**settings)


def test_scaling_contacts_scales_hours() -> None:
    """Twice the contacts, twice the hours; and a scaled column scales a linear formula."""
    plan = [{**row, "contacts": 2 * row["contacts"]} for row in PLAN]
    twice = [2 * value for value in values(cadence(), shop())]
    assert values(cadence(plan=plan), shop()) == pytest.approx(twice)
    scaled = replace(shop(), accounts=shop().accounts.assign(revenue=[30.0, 60.0, 180.0]))
    linear = formula("revenue / 2 + 3 * revenue - if(visits > 1, revenue, 0)")
    assert values(linear, scaled) == pytest.approx([3 * value for value in values(linear, shop())])
