"""Ids of listed pairs: looked up at once where all is well, row by row where anything is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from optiterr.errors import Fault
from optiterr.tables import references
from optiterr.tables.asked import Table
from optiterr.tables.places import Place

ACCOUNTS = np.array(["a", "b", "c"], dtype=object)
REPS = np.array(["r", "s"], dtype=object)


def table(rows: list[tuple[str | None, str | None]]) -> Table:
    """A table of pairs as a file of text gives it."""
    frame = pd.DataFrame(rows, columns=["account_id", "rep_id"]).astype("str")
    return Table("data.pairs", Place("pairs.csv"), frame, {}, "")


def at_once(rows: list[tuple[str | None, str | None]]) -> list[list[int]] | None:
    found = references._at_once(table(rows), ACCOUNTS, REPS, ("gone",))
    return None if found is None else [each.tolist() for each in found]


def row_by_row(rows: list[tuple[str | None, str | None]]) -> tuple[list[list[int]], list[Fault]]:
    faults: list[Fault] = []
    found = references._row_by_row(table(rows), ACCOUNTS, REPS, ("gone",), faults)
    return [each.tolist() for each in found], faults


def test_rows_in_any_order_are_found_at_once() -> None:
    """c is 2 and s is 1; a rep who has departed is no position; the table holds its ids on."""
    rows = [("c", "s"), ("a", "gone"), ("a", "r"), ("c", "gone")]
    assert at_once(rows) == [[2, 0, 0, 2], [1, -1, 0, -1]]
    said = table(rows)
    assert references._at_once(said, ACCOUNTS, REPS, ("gone",)) is not None
    assert said.identified == {"account_id", "rep_id"}
    assert said.frame["rep_id"].tolist() == ["s", "gone", "r", "gone"]


def test_what_is_wrong_with_a_row_is_left_to_the_look_at_each() -> None:
    """Unknown, empty, missing, padded, twice: also a departed rep's pair that stands twice."""
    for row in (("d", "r"), ("a", "t"), ("", "r"), ("a", None), ("a ", "r"), ("gone", "r")):
        assert at_once([("b", "r"), row]) is None
    assert at_once([("b", "r"), ("a", "s"), ("b", "r")]) is None
    assert at_once([("b", "gone"), ("a", "s"), ("b", "gone")]) is None


IDS = st.sampled_from(["a", "b", "c", "d", "", "a ", "1", None])
WHO = st.sampled_from(["r", "s", "gone", "t", "", "r\n", None])
SOUND = st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["r", "s", "gone"]))


@given(st.lists(SOUND, min_size=1, max_size=6) | st.lists(st.tuples(IDS, WHO), max_size=5))
def test_both_ways_agree(rows: list[tuple[str | None, str | None]]) -> None:
    """At once is asked only where the look at each row finds no fault, and finds the same."""
    found, faults = row_by_row(rows)
    quick = at_once(rows)
    assert (quick is None) == bool(faults) or not rows
    if quick is not None:
        assert quick == found


def test_a_fault_is_told_with_its_row_as_before() -> None:
    """The second line of the file names a rep who is not there."""
    faults: list[Fault] = []
    home = Table("data.accounts", Place("accounts.csv"), pd.DataFrame(), {}, "")
    references.listed_pairs(table([("a", "rr"), ("b", "s")]), home, ACCOUNTS, REPS, (), faults)
    assert [str(one.where) for one in faults] == ["pairs.csv, row 2, column 'rep_id'"]
    assert faults[0].what == "rep 'rr' is not in data.reps"
