"""Selections: which rows of the files belong to the scenario."""

from __future__ import annotations

from typing import Any

import pytest

from optiterr.engine import read
from optiterr.errors import DataError
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario


def data(**changes: Any) -> dict[str, Any]:
    """Three accounts, one of them closed with a cell that holds no number; two reps."""
    return {
        "accounts": {
            "id": "account_id",
            "owner": "owner",
            "records": [
                {"account_id": "a", "state": "open", "workload": 1, "owner": "r1"},
                {"account_id": "b", "state": "closed", "workload": "n/a", "owner": "r9"},
                {"account_id": "c", "state": "open", "workload": 3, "owner": "r2"},
            ],
            **changes.get("accounts", {}),
        },
        "reps": {
            "records": [
                {"rep_id": "r1", "capacity": 9, "region": "east"},
                {"rep_id": "r2", "capacity": 9, "region": "west"},
                {"rep_id": "r3", "capacity": 9, "region": "west"},
            ],
            **changes.get("reps", {}),
        },
        **{key: one for key, one in changes.items() if key not in ("accounts", "reps")},
    }


def problem(**changes: Any) -> Problem:
    rules = {"hours": {"kind": "capacity"}}
    return read(Scenario.from_dict({"name": "s", "data": data(**changes), "rules": rules}))


def test_rows_left_out_may_hold_anything_and_are_counted() -> None:
    """b's workload is no number and its owner is unknown: nobody minds, since b is closed."""
    found = problem(accounts={"where": {"state": "open"}})
    assert found.account_ids.tolist() == ["a", "c"]
    assert found.owner.tolist() == [0, 1]
    assert dict(found.selected) == {"accounts": (2, 3)}


def test_without_a_selection_every_row_counts() -> None:
    """The same table is refused whole."""
    with pytest.raises(DataError, match="'n/a' stands for no number"):
        problem()


def test_rows_keep_their_numbers_in_messages() -> None:
    """The faulty cell is in record 3 of the file, the second of the selection."""
    records = data()["accounts"]["records"]
    records[2] = {**records[2], "workload": "many"}
    with pytest.raises(DataError, match=r"record 3, column 'workload'"):
        problem(accounts={"where": {"state": "open"}, "records": records})


def test_a_filter_column_must_hold_what_is_compared_in_all_rows() -> None:
    """Whether b belongs to the scenario cannot be told from 'n/a'."""
    with pytest.raises(DataError, match="record 2, column 'workload'"):
        problem(accounts={"where": {"workload": {"at_least": 2}}})


def test_an_unknown_filter_column_is_named() -> None:
    """With the nearest known one."""
    with pytest.raises(DataError, match="has no column 'stat'"):
        problem(accounts={"where": {"stat": "open"}})


def test_a_selection_of_nothing_is_refused() -> None:
    """No account, no scenario."""
    with pytest.raises(DataError, match="no row of 3 passes: state is lost"):
        problem(accounts={"where": {"state": "lost"}})


def test_pairs_of_rows_left_out_are_left_out_too() -> None:
    """b and r3 are not in the scenario, so their pairs are not; r2 and c are."""
    pairs = {
        "records": [
            {"account_id": "a", "rep_id": "r1", "value": 1},
            {"account_id": "a", "rep_id": "r3", "value": 2},
            {"account_id": "b", "rep_id": "r1", "value": 3},
            {"account_id": "c", "rep_id": "r2", "value": 4},
        ]
    }
    found = problem(
        accounts={"where": {"state": "open"}},
        reps={"where": {"any": [{"region": "east"}, {"rep_id": "r2"}]}},
        pairs=pairs,
    )
    assert found.rep_ids.tolist() == ["r1", "r2"]
    assert list(zip(found.pairs.account.tolist(), found.pairs.rep.tolist(), strict=True)) == [
        (0, 0),
        (1, 1),
    ]


def test_an_owner_left_out_of_the_roster_is_told() -> None:
    """c belongs to r2, whom the selection leaves out: nobody is quietly made an orphan."""
    with pytest.raises(DataError, match="where leaves 'r2' out: let it keep that rep"):
        problem(accounts={"where": {"state": "open"}}, reps={"where": {"region": "east"}})
