"""Pairs, distances, and the search for the nearest reps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiterr.pairs import EARTH_RADIUS_KM, Pairs, great_circle_km
from optiterr.tables import candidates
from optiterr.tables.candidates import all_pairs, nearest_pairs, pairs_of


def listed(pairs: Pairs) -> list[tuple[int, int]]:
    """The pairs as tuples."""
    return list(zip(pairs.account.tolist(), pairs.rep.tolist(), strict=True))


def is_whole(pairs: Pairs) -> bool:
    """Whether ``start`` cuts the pairs at the accounts."""
    cut = [
        pairs.account[first:last].tolist()
        for first, last in zip(pairs.start[:-1], pairs.start[1:], strict=True)
    ]
    return cut == [[i] * len(one) for i, one in enumerate(cut)] and pairs.start[-1] == len(pairs)


# ------------------------------------------------------------------------------------------- pairs


def test_start_cuts_the_pairs_at_the_accounts():
    """Accounts without a pair have an empty piece, also at either end."""
    pairs = Pairs.of([1, 1, 3], [0, 2, 1], 5)
    assert pairs.start.tolist() == [0, 0, 2, 2, 3, 3]
    assert (len(pairs), pairs.accounts, is_whole(pairs)) == (3, 5, True)


@pytest.mark.parametrize(("account", "rep"), [([1, 0], [0, 0]), ([0, 0], [1, 0]), ([0, 0], [1, 1])])
def test_pairs_out_of_order_or_given_twice_are_refused(account: list[int], rep: list[int]):
    """Everything else relies on the order."""
    with pytest.raises(ValueError, match="sorted by account and rep, each at most once"):
        Pairs.of(account, rep, 2)


def test_full_has_every_rep_for_the_accounts_asked():
    """Accounts 1 and 2 of 4 with two reps: four pairs; without a range all eight."""
    assert listed(Pairs.over([1, 2], 4, 2)) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert Pairs.over([1, 2], 4, 2).start.tolist() == [0, 0, 2, 4, 4]
    assert len(Pairs.full(4, 2)) == 8
    assert is_whole(Pairs.full(4, 2))


def test_keep_leaves_what_the_mask_says():
    """The cuts follow."""
    pairs = Pairs.full(2, 3).keep(np.array([False, True, False, True, False, True]))
    assert listed(pairs) == [(0, 1), (1, 0), (1, 2)]
    assert pairs.start.tolist() == [0, 1, 3]


def test_find_gives_positions_or_minus_one():
    """Unlisted pairs, negative owners and reps beyond the last are no candidates."""
    pairs = Pairs.of([0, 0, 2], [1, 3, 0], 3)
    assert pairs.find([0, 0, 2, 1, 0, 2, 0], [1, 3, 0, 0, -2, 9, 0]).tolist() == [
        *(0, 1, 2),
        *(-1, -1, -1, -1),
    ]
    assert pairs.find([-1], [3]).tolist() == [-1]
    assert Pairs.of([], [], 3).find([0], [0]).tolist() == [-1]


@given(st.data())
def test_find_agrees_with_a_look_at_every_pair(data: st.DataObject):
    """For any candidates and any question, also about nobody (-1)."""
    accounts, reps = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    mask = data.draw(st.lists(st.booleans(), min_size=accounts * reps, max_size=accounts * reps))
    pairs = Pairs.full(accounts, reps).keep(np.array(mask, dtype=bool))
    known = listed(pairs)
    for account in range(accounts):
        for rep in range(-2, reps + 1):
            at = known.index((account, rep)) if (account, rep) in known else -1
            assert pairs.find([account], [rep]).tolist() == [at]


# --------------------------------------------------------------------------------------- distances


def test_distances_of_known_places():
    """A quarter of the globe, half of it, none of it; Paris to New York is about 5,837 km."""
    quarter = np.pi / 2 * EARTH_RADIUS_KM
    assert great_circle_km(0, 0, 0, 90) == pytest.approx(quarter)
    assert great_circle_km(90, 17, 0, -120) == pytest.approx(quarter)
    assert great_circle_km(10, -170, -10, 10) == pytest.approx(2 * quarter)
    assert great_circle_km(48.8566, 2.3522, 48.8566, 2.3522) == 0
    assert great_circle_km(48.8566, 2.3522, 40.7128, -74.0060) == pytest.approx(5837, abs=1)


def test_a_metre_is_still_seen():
    """One metre north is 360 / (2 pi 6371.0088 km) degrees per km / 1000."""
    metre = 360 / (2 * np.pi * EARTH_RADIUS_KM) / 1000
    assert great_circle_km(50, 8, 50 + metre, 8) == pytest.approx(0.001, rel=1e-6)


# -------------------------------------------------------------------------------------- candidates


def test_all_pairs_leave_out_reps_who_leave():
    """Three reps of whom the middle one leaves."""
    pairs = all_pairs(2, np.array([True, False, True]))
    assert listed(pairs) == [(0, 0), (0, 2), (1, 0), (1, 2)]
    assert is_whole(pairs)


def test_pairs_may_come_in_any_order_and_twice():
    """Sorted, each once."""
    pairs = pairs_of([1, 0, 1], [0, 2, 0], 3, 3)
    assert listed(pairs) == [(0, 2), (1, 0)]
    assert pairs.start.tolist() == [0, 1, 2, 2]


def test_of_reps_equally_far_the_earlier_in_the_roster_is_taken():
    """Four reps one degree from the account and a fifth beside it: the fifth, then the first."""
    north, east = np.array([1.0, -1.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0, 0.1])
    pairs = nearest_pairs(
        (np.zeros(1), np.zeros(1)),
        (north, east),
        np.array([-1]),
        2,
        np.zeros(1, dtype=np.int64),
        np.ones((1, 5), dtype=bool),
    )
    assert listed(pairs) == [(0, 0), (0, 4)]


def test_ties_beyond_the_first_look_are_seen():
    """From the pole thirty reps on one parallel are equally far: the first two are taken."""
    order = np.random.default_rng(3).permutation(30)
    pairs = nearest_pairs(
        (np.array([90.0]), np.array([0.0])),
        (np.full(30, 80.0), order * 12.0 - 180),
        np.array([-1]),
        2,
        np.zeros(1, dtype=np.int64),
        np.ones((1, 30), dtype=bool),
    )
    assert listed(pairs) == [(0, 0), (0, 1)]


def test_across_the_date_line_is_near():
    """179.9 east and 179.9 west are neighbours; at the pole every longitude is."""
    pairs = nearest_pairs(
        (np.array([0.0, 90.0]), np.array([179.9, 0.0])),
        (np.array([0.0, 0.0, 89.0]), np.array([-179.9, 170.0, 180.0])),
        np.array([-1, -1]),
        1,
        np.zeros(2, dtype=np.int64),
        np.ones((1, 3), dtype=bool),
    )
    assert listed(pairs) == [(0, 0), (1, 2)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nearest_agrees_with_measuring_every_pair(data: st.DataObject):
    """Any places (many of them shared or symmetric), kinds, owners and numbers of reps.

    By hand: sort each account's eligible reps by distance in whole millimetres, then by position;
    take the first k; add the owner.
    """
    place = st.one_of(
        st.tuples(st.integers(-2, 2).map(float), st.integers(-2, 2).map(float)),
        st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    )
    account_at = data.draw(st.lists(place, min_size=1, max_size=12))
    rep_at = data.draw(st.lists(place, min_size=1, max_size=20))
    kinds = data.draw(st.integers(1, 3))
    accounts, reps, k = len(account_at), len(rep_at), data.draw(st.integers(1, 9))
    owner = data.draw(
        st.lists(st.integers(-2, reps - 1), min_size=accounts, max_size=accounts).map(np.array)
    )
    kind = data.draw(
        st.lists(st.integers(0, kinds - 1), min_size=accounts, max_size=accounts).map(np.array)
    )
    row = st.lists(st.booleans(), min_size=reps, max_size=reps)
    may = np.array(data.draw(st.lists(row, min_size=kinds, max_size=kinds)), dtype=bool)
    (north, east), (rep_north, rep_east) = np.array(account_at).T, np.array(rep_at).T

    pairs = nearest_pairs((north, east), (rep_north, rep_east), owner, k, kind, may)

    expected = []
    for i in range(accounts):
        far = np.rint(1e6 * great_circle_km(north[i], east[i], rep_north, rep_east))
        near = sorted(np.flatnonzero(may[kind[i]]), key=lambda j: (far[j], j))[:k]
        taken = set(near) | ({owner[i]} if owner[i] >= 0 else set())
        expected += [(i, int(j)) for j in sorted(taken)]
    assert listed(pairs) == expected
    assert is_whole(pairs)


def test_many_reps_at_one_place_and_small_chunks(monkeypatch: pytest.MonkeyPatch):
    """Sixty reps in three offices, k = 25: the 20 of the nearest office, 5 of the second."""
    monkeypatch.setattr(candidates, "CHUNK_ACCOUNTS", 2)
    office = np.arange(60) % 3
    pairs = nearest_pairs(
        (np.array([0.0, 0.0, 0.0]), np.array([0.1, 5.1, 10.1])),
        (np.zeros(60), office * 5.0),
        np.full(3, -1),
        25,
        np.zeros(3, dtype=np.int64),
        np.ones((1, 60), dtype=bool),
    )
    # offices at 0, 5 and 10 degrees; from 5.1 the second nearest is 10 (4.9 against 5.1)
    second = {0: [1, 4, 7, 10, 13], 1: [2, 5, 8, 11, 14], 2: [1, 4, 7, 10, 13]}
    for account in range(3):
        mine = sorted(np.flatnonzero(office == account).tolist() + second[account])
        assert pairs.rep[pairs.account == account].tolist() == mine
