"""Contraction: accounts as one account of a smaller model with the same plans at the same cost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optiterr.contraction import contract, units
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band


def model(optional: list[bool] | None = None) -> Model:
    """Accounts a to d and reps r, s: b may not go to r. Costs 1 to 7; loads 1 on a row per rep."""
    pairs = Pairs.of([0, 0, 1, 2, 2, 3, 3], [0, 1, 1, 0, 1, 0, 1], 4)
    names = np.array(list("abcd"), dtype=object), np.array(["r", "s"], dtype=object)
    builder = ModelBuilder(*names, pairs, None if optional is None else np.array(optional))
    builder.add_cost("way", np.arange(1.0, 8.0))
    builder.add_constant("way", 10.0)
    builder.add_rep_rows("load", Band.of(2, upper=3.0), 1.0)
    if optional is not None:
        builder.charge_open("pool", [100.0, 200.0, 300.0, 400.0])
    return builder.build()


def test_accounts_with_a_label_are_one_and_follow_the_first() -> None:
    """b and d share a label: units in the order of their first accounts."""
    labels = np.array([-1, 3, -1, 3])
    found = units([labels], 4)
    assert found is not None
    assert found.tolist() == [0, 1, 2, 1]


def test_labels_of_two_rules_unite() -> None:
    """One rule joins a and b, the other b and c: all three are one; d is alone."""
    found = units([np.array([0, 0, -1, -1]), np.array([-1, 5, 5, -1])], 4)
    assert found is not None
    assert found.tolist() == [0, 0, 0, 1]


def test_the_same_label_of_two_rules_is_not_the_same() -> None:
    """Label 0 of one rule has nothing to do with label 0 of another."""
    found = units([np.array([0, 0, -1, -1]), np.array([-1, -1, 0, 0])], 4)
    assert found is not None
    assert found.tolist() == [0, 0, 1, 1]


def test_nothing_joined_is_no_contraction() -> None:
    """No label, only labels of one account, no rule, or no account."""
    assert units([], 3) is None
    assert units([np.full(3, -1)], 3) is None
    assert units([np.array([0, 1, 2])], 3) is None
    assert units([np.zeros(0, dtype=np.int64)], 0) is None


def test_a_unit_goes_only_where_all_of_it_may() -> None:
    """a and b: only s. Cost 2 + 3, load 2 on the row of s, c and d as before."""
    one = contract(model(), np.array([0, 0, 1, 2]))
    assert one.pairs.account.tolist() == [0, 1, 1, 2, 2]
    assert one.pairs.rep.tolist() == [1, 0, 1, 0, 1]
    assert one.cost.tolist() == [5.0, 4.0, 5.0, 6.0, 7.0]
    assert one.constant == 10.0
    assert one.blocks[0].matrix.toarray().tolist() == [[0, 1, 0, 1, 0], [2, 0, 1, 0, 1]]


def test_a_unit_is_named_after_its_first_account() -> None:
    """And how many more there are; the scenario's ids are kept."""
    one = contract(model(), np.array([0, 1, 0, 0]))
    assert one.account_ids.tolist() == ["a and 2 more", "b"]
    assert one.scenario_ids.tolist() == ["a", "b", "c", "d"]


def test_a_plan_finds_its_way_back() -> None:
    """The unit's rep serves each of its accounts; a plan that parts them has no place."""
    one = contract(model(), np.array([0, 0, 1, 2]))
    choice = one.choose([1, 1, 0, 0])
    assert one.served_by(choice).tolist() == ["s", "s", "r", "r"]
    assert one.choose([0, 1, 0, 0])[0] == -1
    assert one.choose([0, 0, 0, 0])[0] == -1


def test_a_unit_stays_open_only_as_a_whole() -> None:
    """a may stay open and b may not: together they may not. c and d both may: at 300 + 400."""
    half = contract(model([True, False, False, False]), np.array([0, 0, 1, 2]))
    assert (half.choose([-1, -1, 0, 0]) < 0).tolist() == [True, False, False]
    both = contract(model([False, False, True, True]), np.array([0, 1, 2, 2]))
    choice = both.choose([0, 1, -1, -1])
    assert (choice >= 0).all()
    assert both.charge(both.picks(choice))["pool"] == 700.0
    assert both.served_by(choice).tolist() == ["r", "s", None, None]
    assert both.choose([0, 1, -1, 1])[2] == -1


def test_the_digest_tells_a_contracted_model_from_another() -> None:
    """The same pairs and costs with other accounts behind them are another model."""
    digests = {contract(model(), np.array(unit)).digest() for unit in ([0, 1, 0, 2], [0, 1, 2, 0])}
    assert len(digests | {model().digest()}) == 3


@given(st.integers(0, 2**32 - 1))
def test_plans_that_keep_units_together_cost_the_same(seed: int) -> None:
    """Random pairs, costs, loads and units: cost by term and loads agree plan by plan."""
    rng = np.random.default_rng(seed)
    accounts, reps = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    pairs = Pairs.full(accounts, reps)
    pairs = pairs.keep(rng.random(len(pairs)) < 0.8)
    names = [
        np.array([f"{letter}{at}" for at in range(size)], dtype=object)
        for letter, size in (("a", accounts), ("r", reps))
    ]
    builder = ModelBuilder(names[0], names[1], pairs)
    builder.add_cost("cost", rng.integers(-4, 9, len(pairs)) / 4)
    band = Band.of(reps, low=1.0, high=2.0, price_below=0.5, price_above=1.5)
    builder.add_rep_rows("load", band, rng.integers(-2, 9, len(pairs)) / 4)
    full = builder.build()
    unit = units([rng.integers(-1, 3, accounts)], accounts)
    if unit is None:
        return
    small = contract(full, unit)
    allowed = np.zeros((accounts, reps), dtype=bool)
    allowed[pairs.account, pairs.rep] = True
    shared = [allowed[unit == at].all(axis=0) for at in range(unit.max() + 1)]
    assert len(small.pairs) == np.sum(shared)
    for _ in range(20):
        rep = rng.integers(0, reps, unit.max() + 1)[unit]
        wide, narrow = full.choose(rep), small.choose(rep)
        assert (wide >= 0).all() == (narrow >= 0).all()
        if (wide >= 0).all():
            assert full.charge(full.picks(wide)) == small.charge(small.picks(narrow))
