"""Travel, worked by hand."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.findings import Weight
from optiterr.pairs import EARTH_RADIUS_KM
from optiterr.problem import Column
from optiterr.rules.travel import Travel

DEGREE = math.pi * EARTH_RADIUS_KM / 180
"""One degree of a great circle: 111.195 km."""


def books():
    """On the equator: a at 1, b at 3 degrees east; r1 at 0, r2 at 3."""
    return problem(
        {"latitude": [0.0, 0.0], "longitude": [1.0, 3.0], "visits": [10.0, 2.0]},
        {"latitude": [0.0, 0.0], "longitude": [0.0, 3.0]},
    )


def test_travel_price_of_distance():
    """r1 is 1 degree from a and 3 from b, r2 is at b: 1 + 0 degrees, or 4 by r1 alone, at 2."""
    rule = Travel(price=2)
    assert cost(rule, books(), a="r1", b="r2") == pytest.approx(2 * DEGREE)
    assert cost(rule, books(), a="r1", b="r1") == pytest.approx(8 * DEGREE)
    assert amounts(rule, books(), a="r1", b="r1") == pytest.approx({"r1": 4 * DEGREE})
    assert messages(rule, books(), a="r1", b="r1") == ["rep r1 travels 444.78 km to 2 accounts"]


def test_travel_price_times_visits():
    """10 visits over 1 degree and 2 over 3: 16 degrees."""
    rule = Travel(price=1, visits="visits")
    assert cost(rule, books(), a="r1", b="r1") == pytest.approx(16 * DEGREE)
    assert messages(rule, books(), a="r1", b="r1") == [
        "rep r1 travels 1,779.12 km to 2 accounts, each way times its visits"
    ]


def test_travel_holds_within_the_longest_way():
    """112 km allow the degree of a."""
    rule = Travel(max=112)
    assert amounts(rule, books(), a="r1", b="r2") == {}
    assert cost(rule, books(), a="r1", b="r2") == 0.0


def test_travel_fails_beyond_the_longest_way():
    """b is 3 degrees (333.59 km) from r1, 221.59 beyond 112."""
    rule = Travel(max=112)
    assert amounts(rule, books(), a="r1", b="r1") == pytest.approx({"r1": 3 * DEGREE - 112})
    assert cost(rule, books(), a="r1", b="r1") == math.inf
    assert messages(rule, books(), a="r1", b="r1") == [
        "rep r1 serves 1 account beyond 112 km; the farthest, b, is 333.59 km away"
    ]


def test_travel_at_the_limit():
    """Drives of exactly 5 are allowed at 5, those of 5.1 are not."""
    data = problem({"x": [1]}, 2, pairs={("a", "r1"): 5.0, ("a", "r2"): 5.1})
    rule = Travel(measure="value", max=5)
    assert (cost(rule, data, a="r1"), cost(rule, data, a="r2")) == (0.0, math.inf)
    assert amounts(rule, data, a="r1") == {}
    assert amounts(rule, data, a="r2") == pytest.approx({"r2": 0.1})


def test_travel_price_and_limit_of_a_pair_measure():
    """A drive of 5 at 3 is 15; one of 6 is beyond 5 and priced besides."""
    data = problem({"x": [1]}, 2, pairs={("a", "r1"): 5.0, ("a", "r2"): 6.0})
    rule = Travel(measure="value", max=5, price=3)
    assert cost(rule, data, a="r1") == 15.0
    assert cost(rule, data, a="r2") == math.inf
    assert [(one.weight, one.amount) for one in findings(rule, data, a="r2")] == [
        (Weight.PRICED, 6.0),
        (Weight.BREACH, 1.0),
    ]


def test_travel_of_zero_distance_costs_nothing():
    """r2 sits at b."""
    assert amounts(Travel(price=1), books(), b="r2") == {}
    assert cost(Travel(price=1, max=0), books(), a="r1", b="r2") == math.inf


def test_travel_of_empty_books_is_none():
    """Nobody travels; a stranger's way is unknown."""
    assert amounts(Travel(price=1, max=1), books(), a=None, b="stranger") == {}


def test_travel_across_the_date_line():
    """From 179.5 east to 179.5 west is one degree, not 359."""
    data = problem({"lat": [0.0], "lon": [179.5]}, {"lat": [0.0], "lon": [-179.5]})
    rule = Travel(price=1, latitude="lat", longitude="lon")
    assert cost(rule, data, a="r1") == pytest.approx(DEGREE)
    assert amounts(rule, data, a="r1") == pytest.approx({"r1": DEGREE})


def test_travel_reads_coordinates_or_the_measure():
    """Coordinates of both tables, or one column of the pairs file."""
    assert [column.table for column in Travel(price=1).reads()] == [
        "accounts",
        "accounts",
        "reps",
        "reps",
    ]
    assert Travel(price=1, measure="drive", visits="visits").reads() == (
        Column("pairs", "drive"),
        Column("accounts", "visits"),
    )


def test_travel_refuses_impossible_coordinates():
    """Latitude 91, and longitude given as 181."""
    data = problem(
        {"latitude": [91.0], "longitude": [0.0]}, {"latitude": [0.0], "longitude": [181.0]}
    )
    assert refusal(Travel(price=1), data) == (
        "accounts, column 'latitude': 91 is beyond 90 degrees\n"
        "    fix: give coordinates in degrees\n"
        "reps, column 'longitude': 181 is beyond 180 degrees\n"
        "    fix: give coordinates in degrees"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "travel needs a price for each unit of way, a max, or both"),
        ({"max": 1, "visits": "n"}, "visits multiply what is priced"),
        ({"max": -1}, "greater than or equal to 0"),
    ],
)
def test_travel_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Travel(**fields)
    assert message in str(error.value)


@pytest.mark.filterwarnings("error")
def test_travel_at_a_price_beyond_floats_is_refused_in_words():
    """1e308 for each of 111 km is no finite number."""
    data = problem({"latitude": [0.0], "longitude": [0.0]}, {"latitude": [0.0], "longitude": [1.0]})
    assert refusal(Travel(price=1e308), data).endswith(
        ": a coefficient is not finite\n"
        "    fix: use smaller numbers: another unit for the measure, or a smaller price"
    )


def sided():
    """On the equator: a at 1, b and c at 3 degrees east; r1 at 0 flies, r2 at 2 drives."""
    return problem(
        {"latitude": [0.0] * 3, "longitude": [1.0, 3.0, 3.0], "remote": [False, False, True]},
        {"latitude": [0.0, 0.0], "longitude": [0.0, 2.0], "by": ["air", "car"]},
    )


def test_travel_to_some_accounts_costs_nothing_else():
    """c is served by phone: r1 pays 1 + 3 degrees for a and b, and may be as far as it likes."""
    rule = Travel(price=1, max=400, where={"remote": False})
    plan = dict.fromkeys("abc", "r1")
    assert cost(rule, sided(), **plan) == pytest.approx(4 * DEGREE)
    assert amounts(rule, sided(), **plan) == pytest.approx({"r1": 4 * DEGREE})
    near = Travel(max=200, where={"remote": False})
    assert cost(near, sided(), a="r1", b="r2", c="r1") == 0.0
    assert cost(near, sided(), a="r1", b="r1", c="r2") == math.inf
    assert list(amounts(near, sided(), a="r1", b="r1", c="r2")) == ["r1"]


def test_travel_of_some_reps_has_a_price_and_a_limit_for_those_only():
    """Cars go 1 degree to each of a, b and c; r1 flies free and as far as it likes."""
    rule = Travel(price=2, max=112, where_rep={"by": "car"})
    assert cost(rule, sided(), **dict.fromkeys("abc", "r1")) == 0.0
    assert amounts(rule, sided(), **dict.fromkeys("abc", "r1")) == {}
    assert cost(rule, sided(), a="r2", b="r1", c="r2") == pytest.approx(4 * DEGREE)
    assert amounts(rule, sided(), a="r2", b="r1", c="r2") == pytest.approx({"r2": 2 * DEGREE})


def test_travel_by_a_derived_measure():
    """Minutes are worked out for any pair: 30 for r1 and 50 for r2, at most 40."""

    class Minutes:
        def at(self, problem, account, rep):
            return 30.0 + 20.0 * rep

    data = problem({"x": [1, 1]}, 2).with_(pair_measures={"minutes": Minutes()})
    rule = Travel(measure="minutes", max=40, price=0.1)
    assert cost(rule, data, a="r1", b="r1") == pytest.approx(6.0)
    assert cost(rule, data, a="r1", b="r2") == math.inf
    assert messages(rule, data, a="r1", b="r2")[-1] == (
        "rep r2 serves 1 account beyond 40 minutes; the farthest, b, is 50 minutes away"
    )
