"""From tables to a problem: what is refused, what is warned of, and what comes out."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from optiterr.errors import DataError, OptiterrWarning
from optiterr.problem import DEPARTED, NOBODY, Column, Problem
from optiterr.tables import reading
from optiterr.tables.oddities import two_units
from optiterr.tables.reading import read_problem
from optiterr.tables.spec import DataSpec

BROKEN = Path(__file__).with_name("broken") / "tables"
CASES = YAML(typ="safe", pure=True).load(BROKEN / "cases.yaml")
DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"

ACCOUNTS = [
    {"account_id": "a", "own": "r1", "revenue": 10, "tier": "gold"},
    {"account_id": "b", "own": "r2", "revenue": 20.5, "tier": None},
    {"account_id": "c", "own": None, "revenue": 0, "tier": "tin"},
]
REPS: list[dict[str, Any]] = [{"rep_id": "r1"}, {"rep_id": "r2"}, {"rep_id": "r3"}]


def problem(
    accounts: Any = ACCOUNTS, reps: Any = REPS, asked: Sequence[Column] = (), **more: Any
) -> Problem:
    """Read inline records; ``more`` is the rest of the spec."""
    rows = {"records": accounts, "owner": "own", **more.pop("said", {})}
    people = {"records": reps, **more.pop("rep_said", {})}
    options = {key: more.pop(key) for key in ("frames", "eligible", "planning_date") if key in more}
    spec = DataSpec.model_validate({"accounts": rows, "reps": people, **more})
    return read_problem(spec, asked, Path("unused"), **options)


def refusal(*args: Any, **more: Any) -> list[str]:
    """The faults of data that cannot be read, as where: what."""
    with pytest.raises(DataError) as caught:
        problem(*args, **more)
    return [f"{fault.where}: {fault.what}" for fault in caught.value.faults]


def pairs(read: Problem) -> list[tuple[str, str]]:
    """The candidate pairs by id."""
    return [
        (str(read.account_ids[account]), str(read.rep_ids[rep]))
        for account, rep in zip(read.pairs.account, read.pairs.rep, strict=True)
    ]


# ----------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("name", CASES)
def test_broken_tables_are_refused_in_these_words(name: str):
    """Every fault of a broken table is told at once: where it is, what it is, how to mend it."""
    case = dict(CASES[name])
    asked = [Column(*words.split()) for words in case.pop("reads", [])]
    faults = case.pop("faults")
    with pytest.raises(DataError) as caught:
        read_problem(DataSpec.model_validate(case), asked, BROKEN)
    told = [[fault.where, fault.what, fault.fix] for fault in caught.value.faults]
    assert told == faults


def test_no_broken_table_is_left_out():
    """Each file of the corpus belongs to a case."""
    said = str(CASES)
    files = {path.name for path in BROKEN.iterdir()} - {"cases.yaml", ".gitattributes"}
    assert sorted(file for file in files if file not in said) == []
    assert len(CASES) >= 35


def test_only_columns_that_are_asked_for_must_be_valid():
    """A carried column may hold anything and stays as it is."""
    rows = [{**row, "note": note} for row, note in zip(ACCOUNTS, ["1,2", None, 3], strict=True)]
    assert problem(rows).accounts["note"].tolist() == ["1,2", None, 3]


def test_unknown_owners_are_told_once_each_however_many_accounts_they_have():
    """One line per id, with the first rows and the count of the rest."""
    rows = [{"account_id": str(n), "own": "zed"} for n in range(100)]
    assert refusal(rows) == [
        "data.accounts.records, record 1, column 'own': owner 'zed' is not in data.reps; "
        "it stands in records 1, 2, 3, 4, 5 and 95 more"
    ]


def test_the_strictest_of_several_minimums_holds():
    """One rule takes any number, another none below 1: 0 is a fault and told once."""
    asked = [
        Column("measure", "revenue", minimum=None),
        Column("accounts", "revenue", minimum=1),
        Column("measure", "revenue"),
    ]
    assert refusal(asked=asked) == [
        "data.accounts.records, record 3, column 'revenue': 0 is below 1"
    ]


def test_bad_numbers_beyond_the_first_thousands_are_counted():
    """Of 2,100 bad cells 20 are told, 1,980 counted as their kind and 100 as whatever they are."""
    rows = [{"account_id": str(n), "own": None, "revenue": "$1"} for n in range(2100)]
    told = refusal(rows, asked=[Column("measure", "revenue")])
    assert len(told) == 22
    assert told[-2:] == [
        "data.accounts.records, column 'revenue': 1980 more of the kind above, down to record 2000",
        "data.accounts.records, column 'revenue': 100 more cells hold no number, "
        "down to record 2100",
    ]


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch):
    """All pairs of a large scenario do not fit the memory; nearest ones may."""
    monkeypatch.setattr(reading, "MOST_PAIRS", 8)
    assert refusal() == ["data.pairs: 9 candidate pairs are more than 8"]
    monkeypatch.setattr(reading, "MOST_PAIRS", 9)
    assert len(problem().pairs) == 9


# ----------------------------------------------------------------------------------- what comes out


def test_columns_come_under_their_scenario_names(tmp_path: Path):
    """Ids, owner and mapped columns are renamed, one column may have two names, others stay."""
    (tmp_path / "a.csv").write_text("Id,Own,Money,zip\n007,1,5,01234\n008,,6,99999\n")
    (tmp_path / "r.csv").write_text("Rep\n1\n2\n")
    spec = DataSpec.model_validate(
        {
            "accounts": {
                "file": "a.csv",
                "id": "Id",
                "owner": "Own",
                "columns": {"revenue": "Money", "weight": "Money"},
            },
            "reps": {"file": "r.csv", "id": "Rep"},
        }
    )
    read = read_problem(spec, [Column("measure", "revenue")], tmp_path)
    assert list(read.accounts.columns) == ["account_id", "owner_id", "revenue", "weight", "zip"]
    assert read.accounts["account_id"].tolist() == ["007", "008"]
    assert read.accounts["revenue"].tolist() == [5.0, 6.0]
    assert read.accounts["weight"].tolist() == ["5", "6"]
    assert read.accounts["zip"].tolist() == ["01234", "99999"]
    assert read.owner.tolist() == [0, NOBODY]
    assert read.accounts["owner_id"].isna().tolist() == [False, True]


def test_numbers_texts_and_dates_have_one_form():
    """Numbers are floats, an empty text is "", an empty date is NaT; 12.0 as a text is 12."""
    rows = [
        {"account_id": "a", "n": " 1e3 ", "t": 12.0, "d": "2026-07-01"},
        {"account_id": "b", "n": 2, "t": None, "d": None},
        {"account_id": "c", "n": "-.5", "t": True, "d": dt.date(9999, 12, 31)},
    ]
    asked = [
        Column("accounts", "n", minimum=None),
        Column("accounts", "t", "text"),
        Column("accounts", "d", "date"),
    ]
    read = problem(rows, asked=asked, said={"owner": None}).accounts
    assert read["n"].tolist() == [1000.0, 2.0, -0.5]
    assert read["t"].tolist() == ["12", "", "true"]
    assert read["d"].astype(object).astype(str).tolist()[0].startswith("2026-07-01")
    assert read["d"].isna().tolist() == [False, True, False]
    assert read["d"].dt.year.tolist()[2] == 9999


@pytest.mark.parametrize("cell", [dt.datetime(2026, 7, 1, 9), 46000, True, "2026-07-01 00:00"])
def test_what_is_no_plain_date_is_refused(cell: Any):
    """A time of day, a count of days and a date written otherwise; midnight is a date."""
    asked = [Column("accounts", "d", "date")]
    rows = [{"account_id": "a", "d": cell}, {"account_id": "b", "d": dt.datetime(2026, 7, 1)}]
    (fault,) = refusal(rows, asked=asked, said={"owner": None})
    assert fault.startswith("data.accounts.records, record 1, column 'd': ")
    assert fault.endswith(" is no date")


def test_whole_numbers_are_ids_when_all_of_them_are_whole():
    """Ids 7 and 12.0 are "7" and "12"; with 12.5 among them none is an id."""
    frames = {"a": pd.DataFrame({"account_id": [7.0, 12.0], "own": [1.0, np.nan]})}
    people = [{"rep_id": 1}]
    read = read_problem(
        DataSpec.model_validate(
            {"accounts": {"frame": "a", "owner": "own"}, "reps": {"records": people}}
        ),
        [],
        Path("unused"),
        frames,
    )
    assert (read.account_ids.tolist(), read.owner.tolist()) == (["7", "12"], [0, NOBODY])
    assert refusal([{"account_id": 7.0}, {"account_id": 12.5}], said={"owner": None}) == [
        "data.accounts.records, record 2, column 'account_id': id 12.5 is a number with a fraction"
    ]


def test_the_callers_frames_are_never_modified():
    """Reading, renaming and validating work on a copy."""
    mine = pd.DataFrame({"Id": [1, 2], "own": ["r1", None], "revenue": ["5", "6"]})
    before = mine.copy(deep=True)
    spec = DataSpec.model_validate(
        {
            "accounts": {"frame": "crm", "id": "Id", "owner": "own"},
            "reps": {"records": REPS},
        }
    )
    read = read_problem(spec, [Column("measure", "revenue")], Path("unused"), {"crm": mine})
    read.accounts["revenue"] = 0.0
    pd.testing.assert_frame_equal(mine, before)


def test_accounts_of_reps_who_leave_or_left_must_move():
    """r1 leaves and zed left: their accounts have no owner to stay with; ids stay as written."""
    rows = [*ACCOUNTS, {"account_id": "d", "own": "zed", "revenue": 1, "tier": ""}]
    people = [{"rep_id": "r1", "out": "x"}, {"rep_id": "r2", "out": None}]
    read = problem(rows, people, said={"departed": ["zed"]}, rep_said={"leaves": "out"})
    assert read.owner.tolist() == [DEPARTED, 1, NOBODY, DEPARTED]
    assert read.accounts["owner_id"].tolist()[::3] == ["r1", "zed"]
    assert read.serves.tolist() == [False, True]
    assert pairs(read) == [("a", "r2"), ("b", "r2"), ("c", "r2"), ("d", "r2")]
    assert read.possible == 4
    assert read.full(np.arange(1, 3)).pairs.rep.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("cell", "leaves"),
    [
        *((cell, True) for cell in ("TRUE", " Yes ", 1, "x", True, 1.0)),
        *((cell, False) for cell in ("no", 0, False, None, "", "F")),
    ],
)
def test_words_for_true_and_false(cell: Any, leaves: bool):
    """Usual words, in any case; an empty cell is false."""
    people = [{"rep_id": "r1", "out": cell}, {"rep_id": "r2", "out": None}]
    read = problem([{"account_id": "a", "own": None}], people, rep_said={"leaves": "out"})
    assert read.serves.tolist() == [not leaves, True]


def test_leaves_may_be_named_by_the_file_or_by_the_scenario():
    """Both the table's name and our name of the column work."""
    people = [{"rep_id": "r1", "Out": "y"}, {"rep_id": "r2", "Out": "n"}]
    rows = [{"account_id": "a", "own": None}]
    for name in ("Out", "gone"):
        read = problem(rows, people, rep_said={"leaves": name, "columns": {"gone": "Out"}})
        assert read.serves.tolist() == [False, True]


def test_the_count_of_accounts_is_always_known_as_a_measure():
    """No table needs a column of ones."""
    assert problem(asked=[Column("measure", "accounts")]).account_number("accounts").sum() == 3


def test_further_tables_and_hashes_come_along(tmp_path: Path):
    """Tables that rules name are there under their names, each with a hash."""
    locks = {"records": [{"account": "a", "who": "r1"}], "columns": {"rep": "who"}}
    read = problem(tables={"locks": locks}, planning_date=dt.date(2026, 7, 1))
    assert read.tables["locks"].to_dict("list") == {"account": ["a"], "rep": ["r1"]}
    assert sorted(read.hashes) == ["accounts", "reps", "tables.locks"]
    assert {len(one) for one in read.hashes.values()} == {64}
    assert read.planning_date == dt.date(2026, 7, 1)


def test_nearest_reps_are_looked_for_among_those_who_may_serve():
    """Reps at 1, 2, 3 and 4 degrees; r1 leaves; account b may not have r2; a is owned by r4.

    Two nearest: a (at 0) r2 and r3, and its owner r4; b (at 0) r3 and r4.
    """
    rows = [
        {"account_id": one, "own": own, "lat": 0, "lon": 0.5}
        for one, own in (("a", "r4"), ("b", "r1"))
    ]
    people = [
        {"rep_id": f"r{n}", "lat": n, "lon": 0.5, "out": "yes" if n == 1 else ""}
        for n in (1, 2, 3, 4)
    ]
    seen: list[Problem] = []

    def eligible(empty: Problem) -> tuple[Any, Any]:
        seen.append(empty)
        may = np.array([[True, True, True, True], [True, False, True, True]])
        return np.array([0, 1]), may

    read = problem(
        rows,
        people,
        rep_said={"leaves": "out"},
        pairs={"nearest": 2, "by": {"latitude": "lat", "longitude": "lon"}},
        eligible=eligible,
    )
    assert pairs(read) == [("a", "r2"), ("a", "r3"), ("a", "r4"), ("b", "r3"), ("b", "r4")]
    assert (read.candidates, read.possible) == ("nearest", 6)
    assert [len(empty.pairs) for empty in seen] == [0]
    assert seen[0].accounts["lat"].tolist() == [0.0, 0.0]


# ------------------------------------------------------------------------------ pairs from a table

LISTED = [
    {"account_id": "c", "rep_id": "r3", "score": 3},
    {"account_id": "a", "rep_id": "r1", "score": 1},
    {"account_id": "b", "rep_id": "r2", "score": 2},
    {"account_id": "a", "rep_id": "r3", "score": 0.5},
]


def test_measures_of_listed_pairs_go_with_their_pairs():
    """Rows in any order: pairs are sorted by account and rep, and the numbers follow them."""
    read = problem(asked=[Column("measure", "score")], pairs={"records": LISTED})
    assert pairs(read) == [("a", "r1"), ("a", "r3"), ("b", "r2"), ("c", "r3")]
    assert read.pair_columns["score"].tolist() == [1.0, 0.5, 2.0, 3.0]
    assert (read.candidates, read.possible) == ("file", 4)
    assert sorted(read.hashes) == ["accounts", "pairs", "reps"]


def test_an_owner_whose_pair_is_not_listed_is_added_when_nothing_is_measured():
    """Without a measure the owner is a candidate all the same; with one the row must be there."""
    rows = [row for row in LISTED if row["rep_id"] == "r3"] + [
        {"account_id": "b", "rep_id": "r1", "score": 9}
    ]
    read = problem(pairs={"records": rows})
    assert pairs(read) == [("a", "r1"), ("a", "r3"), ("b", "r1"), ("b", "r2"), ("c", "r3")]
    assert read.possible == 5
    assert refusal(asked=[Column("pairs", "score")], pairs={"records": rows}) == [
        "data.accounts.records, record 1, column 'own': 'a' is owned by 'r1', a pair that "
        "data.pairs.records does not list",
        "data.accounts.records, record 2, column 'own': 'b' is owned by 'r2', a pair that "
        "data.pairs.records does not list",
    ]


def test_listed_pairs_of_reps_who_leave_are_no_candidates():
    """r1 leaves and zed left: their rows may stay in the file."""
    people = [{**row, "out": row["rep_id"] == "r1"} for row in REPS]
    rows = [*LISTED, {"account_id": "b", "rep_id": "zed", "score": 1}]
    accounts = [*ACCOUNTS, {"account_id": "d", "own": "zed", "revenue": 1, "tier": ""}]
    rows.append({"account_id": "d", "rep_id": "r2", "score": 1})
    read = problem(
        accounts,
        people,
        said={"departed": ["zed"]},
        rep_said={"leaves": "out"},
        pairs={"records": rows},
    )
    assert pairs(read) == [("a", "r3"), ("b", "r2"), ("c", "r3"), ("d", "r2")]


def test_an_account_measure_serves_where_the_pairs_have_none():
    """revenue is in accounts only: it is no column of pairs."""
    asked = [Column("measure", "revenue"), Column("measure", "score")]
    read = problem(asked=asked, pairs={"records": LISTED})
    assert list(read.pair_columns) == ["score"]
    assert read.pair_number("revenue").tolist() == [10.0, 10.0, 20.5, 0.0]


# -------------------------------------------------------------------------------- odd, but as given


def heard(*args: Any, **more: Any) -> list[str]:
    """The warnings of data that can be read."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        problem(*args, **more)
    assert all(one.category is OptiterrWarning for one in caught)
    return [str(one.message) for one in caught]


def test_zero_zero_is_warned_of():
    """A place in the sea is usually an address that could not be found."""
    rows = [{"account_id": str(n), "latitude": n, "longitude": 0} for n in range(3)]
    people = [{"rep_id": "r", "latitude": 1, "longitude": 1}]
    assert heard(rows, people, said={"owner": None}, pairs={"nearest": 1}) == [
        "data.accounts.records, record 1: latitude 0, longitude 0 lies in the sea off Africa and "
        "often stands for an unknown address; give the true one"
    ]


def test_departed_reps_who_own_nothing_are_warned_of():
    """Probably a misspelt id."""
    assert heard(said={"departed": ["zed"]}) == [
        "data.accounts.departed: 'zed' owns nothing in data.accounts.records: is it the id?"
    ]


def test_revenue_in_thousands_in_some_rows_is_warned_of():
    """27 values near 50,000 and 3 near 50: the warning names the three rows.

    Medians: account 16 of the large ones, 40,000 + 700 * 16 = 51,200; account 6 of the small, 44.2.
    """
    rows = [{"account_id": str(n), "own": None, "revenue": 40_000 + 700 * n} for n in range(1, 31)]
    for n in (5, 6, 21):
        rows[n - 1]["revenue"] = (40_000 + 700 * n) / 1000
    (said,) = heard(rows, asked=[Column("measure", "revenue")])
    assert said == (
        "data.accounts.records, column 'revenue': values fall in two groups about a factor of 1000 "
        "apart, around 44.2 and around 51200; the smaller group has 3 values (records 5, 6 and "
        "21): are they in another unit? Bring them to one unit, or ignore this if they are right"
    )
    assert heard(rows) == []


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("size", [20, 200, 20_000])
def test_heavy_tails_are_not_two_units(sigma: float, size: int):
    """Lognormal and Pareto values span many powers of ten and are one cluster."""
    rng = np.random.default_rng([int(10 * sigma), size])
    for _ in range(20):
        assert two_units(rng.lognormal(8, sigma, size)) is None
        assert two_units(rng.pareto(1 / sigma, size)) is None


def test_one_or_two_far_values_are_no_second_unit():
    """Two of thirty accounts a thousand times larger than the rest may be what they are."""
    values = np.linspace(40, 60, 30)
    values[:2] *= 1000
    assert two_units(values) is None
    values[2] *= 1000
    assert two_units(values) is not None
    assert two_units(values[:19]) is None


@pytest.mark.parametrize("sigma", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_two_units_are_told_apart(sigma: float, share: float):
    """Values of which a share is a thousand times too small: nearly every one is found."""
    rng = np.random.default_rng(7)
    values = rng.lognormal(10, sigma, 2000)
    small = rng.random(2000) < share
    values[small] /= 1000
    found = two_units(values)
    assert found is not None
    odd = small if share < 0.5 else ~small
    assert (found[2] == odd).mean() > 0.99


@pytest.mark.parametrize(
    "table", ["us_hospitals", "us_zip_business", "us_counties", "crm_adventureworks", "crm_maven"]
)
def test_real_columns_raise_no_false_alarm(table: str):
    """Beds, establishments, populations, revenues and quotas as they are in real tables."""
    folder = DATA / table
    if not folder.is_dir():
        pytest.skip(f"shared data set {table} is absent")
    for path in sorted(folder.glob("*.csv")):
        frame = pd.read_csv(path)
        for name in frame.select_dtypes("number"):
            assert two_units(frame[name].to_numpy(float)) is None, f"{path.name}: {name}"


def test_an_owner_column_called_rep_id_is_no_clash():
    """Renamed to the owner, it leaves no column called like the rep of a plan."""
    read = problem([{"account_id": "a", "rep_id": "r1"}], said={"owner": "rep_id"})
    assert set(read.accounts) == {"account_id", "owner_id"}
    assert read.owner.tolist() == [0]
