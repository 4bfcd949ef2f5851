"""Accounts that fit with no rep are told at once, with the limits that they are above."""

from __future__ import annotations

import numpy as np

from optiterr.explain.heavy import too_heavy
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band


def model(load: list[float], upper: list[float], extra: float = 0.0) -> Model:
    """Accounts of these loads, each at any rep; ``extra`` is a load that account 0 adds to all."""
    pairs = Pairs.full(len(load), len(upper))
    ids = np.array([f"a{at}" for at in range(len(load))], dtype=object)
    reps = np.array([f"r{at}" for at in range(len(upper))], dtype=object)
    builder = ModelBuilder(ids, reps, pairs)
    each = np.arange(len(pairs))
    row, pair = np.append(pairs.rep, 0), np.append(each, 0)
    value = np.append(np.array(load)[pairs.account], extra)
    builder.add_rows("load", Band.of(len(upper), upper=upper), reps, row, pair, value)
    return builder.build()


def said(one: Model) -> list[str]:
    return [found.message for found in too_heavy(one)]


def test_an_account_above_every_limit_is_told() -> None:
    """8 is above 5 and 6, though all need 9 and the two have room for 11 together."""
    assert said(model([8, 1], [5, 6])) == [
        "account a0 fits with no rep: alone it is above a limit at each of them, "
        "load (r0: 8 of 5), load (r1: 8 of 6)"
    ]


def test_an_account_that_fits_with_one_rep_is_not_told() -> None:
    """Exactly at the limit of the second, or missing it by less than the tolerance."""
    assert said(model([6, 1], [5, 6])) == []
    assert said(model([6 + 5e-6, 1], [5, 6])) == []


def test_rows_that_others_make_room_in_are_left_alone() -> None:
    """a0 adds -20 to the first row, so 8 may fit there after all."""
    assert said(model([1, 8], [5, 6], extra=-20.0)) == []


def test_many_accounts_are_counted() -> None:
    """23 accounts of 8: 20 are told one by one."""
    found = said(model([8.0] * 23, [5]))
    assert len(found) == 21
    assert found[-1] == "3 more accounts are alone above a limit at every rep: a20, a21, a22"


def test_priced_limits_forbid_nothing() -> None:
    """A price may be paid."""
    pairs = Pairs.full(1, 1)
    names = np.array(["a"], dtype=object)
    builder = ModelBuilder(names, names, pairs)
    builder.add_rep_rows("load", Band.of(1, high=1.0, price_above=2.0), 8.0)
    assert said(builder.build()) == []
