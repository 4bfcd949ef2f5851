"""Tables: what a scenario may say about them, and what is read from each kind of file."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import string
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from optiterr.errors import DataError
from optiterr.tables import files
from optiterr.tables.spec import DataSpec, PairSource, TableSource, read_table

HERE = Path("unused")
BASE: dict[str, Any] = {"accounts": {"file": "a.csv"}, "reps": {"file": "r.csv"}}


def refusal(spec: dict[str, Any]) -> str:
    """What pydantic says of ``spec``: the one message, with its place."""
    with pytest.raises(ValidationError) as caught:
        DataSpec.model_validate({**BASE, **spec})
    (error,) = caught.value.errors()
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def read(text: str | bytes, folder: Path, name: str = "t.csv") -> pd.DataFrame:
    """The frame of a file with these contents."""
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(TableSource(file=name), folder)[0]


# ------------------------------------------------------------------------------------------- specs


def test_a_spec_says_everything_after_it_is_written_out():
    """Reading the written form, as Python values or as JSON, gives the same spec."""
    spec = DataSpec.model_validate(
        {
            "accounts": {
                "records": [{"account_id": "007", "n": 1.5, "since": dt.date(2026, 1, 2)}],
                "owner": "Owner",
                "departed": ["r9"],
            },
            "reps": {"file": "r.csv", "leaves": "gone", "columns": {"capacity": "Hours"}},
            "pairs": {"nearest": 30, "by": {"latitude": "lat"}},
            "tables": {"locks": {"file": "locks.xlsx", "sheet": "FY27"}},
        }
    )
    assert DataSpec.model_validate(spec.model_dump()) == spec
    again = DataSpec.model_validate_json(spec.model_dump_json())
    assert again.model_dump_json() == spec.model_dump_json()


def test_defaults_are_the_safe_ones():
    """All pairs, our own names of ids, nobody owns anything, nobody has left."""
    spec = DataSpec.model_validate(BASE)
    assert (spec.pairs, spec.tables) == ("all", {})
    assert (spec.accounts.id, spec.accounts.owner, spec.accounts.departed) == (
        "account_id",
        None,
        (),
    )
    assert (spec.reps.id, spec.reps.leaves) == ("rep_id", None)


def test_every_field_is_described():
    """The schema has a sentence for each key a user may write."""
    schema = DataSpec.model_json_schema()
    for part in [schema, *schema["$defs"].values()]:
        for name, field in part.get("properties", {}).items():
            assert field.get("description"), name


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"accounts": {}},
            "accounts: Value error, no source is given; give exactly one of file, records, frame",
        ),
        (
            {"accounts": {"file": "a.csv", "frame": "a"}},
            "accounts: Value error, file and frame are given; "
            "give exactly one of file, records, frame",
        ),
        (
            {"accounts": {"file": "a.doc"}},
            "accounts: Value error, file 'a.doc' must end in one of .csv, .tsv, .csv.gz, .tsv.gz, "
            ".parquet, .xlsx",
        ),
        (
            {"accounts": {"file": "a.csv", "sheet": "A"}},
            "accounts: Value error, sheet goes with an Excel file (.xlsx) only; leave it out",
        ),
        (
            {"accounts": {"file": "a.csv", "columns": {"account_id": "Id"}}},
            "accounts: Value error, columns may not name 'account_id'; write id: Id instead",
        ),
        (
            {"accounts": {"file": "a.csv", "columns": {"owner_id": "Own"}}},
            "accounts: Value error, columns may not name 'owner_id'; write owner: Own instead",
        ),
        (
            {"reps": {"file": "r.csv", "columns": {"rep_id": "Id"}}},
            "reps: Value error, columns may not name 'rep_id'; write id: Id instead",
        ),
        ({"accounts": {"file": "a.csv", "departed": [7]}}, "accounts.departed.0: Input should be "),
        ({"accounts": {"file": "a.csv", "id": ""}}, "accounts.id: String should have at least 1"),
        ({"accounts": {"file": "a.csv", "own": "x"}}, "accounts.own: Extra inputs are not permit"),
        (
            {"reps": {"records": [{"rep_id": "r", "n": float("nan")}]}},
            "reps.records: Value error, record 1, 'n': nan is no number; write null when empty",
        ),
        (
            {"reps": {"records": [{"rep_id": ["r"]}]}},
            "reps.records: Value error, record 1, 'rep_id': list is no cell; write text, a number, "
            "true, false, a date or null",
        ),
        ({"pairs": "some"}, "pairs.word: Input should be 'all'"),
        (
            {"pairs": {}},
            "pairs.source: Value error, no source is given; "
            "give exactly one of nearest, file, records, frame",
        ),
        ({"pairs": {"nearest": 0}}, "pairs.source.nearest: Input should be greater than or equal"),
        (
            {"pairs": {"nearest": 3, "rep": "R"}},
            "pairs.source: Value error, rep goes with a table of pairs only; leave it out",
        ),
        (
            {"pairs": {"file": "p.csv", "by": {"latitude": "lat"}}},
            "pairs.source: Value error, by goes with nearest only; leave it out",
        ),
    ],
)
def test_a_wrong_spec_is_refused_with_what_to_write(spec: dict[str, Any], says: str):
    """Each refusal names the place and the way out."""
    assert refusal(spec).startswith(says)


# -------------------------------------------------------------------------------------- text files


def test_cells_of_text_files_stay_as_written(tmp_path: Path):
    """Leading zeros, blanks, the words NA and null, and numbers are text until a rule asks."""
    frame = read('id,x\n007, 1.50 \nNA,null\n1e5,""\n', tmp_path)
    assert frame.to_dict("list") == {"id": ["007", "NA", "1e5"], "x": [" 1.50 ", "null", ""]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_byte_order_marks_change_nothing(
    tmp_path: Path, end: str, mark: bytes, last: bool
):
    """UTF-8 with any line ends, with or without a mark or an end of the last line, reads alike."""
    text = end.join(["id,name", "1,Zoë", '2,"a,b"']) + (end if last else "")
    frame = read(mark + text.encode(), tmp_path)
    assert frame.to_dict("list") == {"id": ["1", "2"], "name": ["Zoë", "a,b"]}


def test_mixed_line_ends_are_line_ends(tmp_path: Path):
    """A file glued together from several systems has the rows one sees."""
    assert read("id,x\r\n1,a\n2,b\r3,c\n\n\n", tmp_path)["id"].tolist() == ["1", "2", "3"]


def test_quotes_hold_separators_line_ends_and_quotes(tmp_path: Path):
    """Quoted cells may hold anything; a quote inside an unquoted cell is just a character."""
    frame = read('id,x\n1,"a,\r\nb"\n2,"say ""hi"""\n3,5" pipe\n', tmp_path)
    assert frame["x"].tolist() == ["a,\r\nb", 'say "hi"', '5" pipe']


def test_rows_after_quoted_line_ends_are_numbered_as_a_spreadsheet_does(tmp_path: Path):
    """A cell of three lines is one row: the ragged row below it is row 3."""
    with pytest.raises(DataError, match=r"t\.csv, row 3: has 1 cell, the header has 2"):
        read('id,x\n1,"a\nb\nc"\n2\n', tmp_path)


def test_row_numbers_hold_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rows far down a file are told by their own number, however the file is cut for parsing."""
    monkeypatch.setattr(files, "BLOCK_BYTES", 64)
    lines = ["id,x"] + [f"{n},{'y' * (n % 9)}" for n in range(2, 300)]
    lines[149] += ",more"  # the header is row 1, so this is row 150
    lines[249] = "250"
    with pytest.raises(DataError) as caught:
        read("\n".join(lines), tmp_path)
    assert [fault.where for fault in caught.value.faults] == ["t.csv, row 150", "t.csv, row 250"]


def test_tabs_separate_in_tsv_and_gz_is_unpacked(tmp_path: Path):
    """The end of the name says how to read the file; the hash is of the bytes on disk."""
    packed = gzip.compress(b"id\tx,y\n1\ta,b\n", mtime=0)
    (tmp_path / "t.tsv.gz").write_bytes(packed)
    frame, sha256 = read_table(TableSource(file="t.tsv.gz"), tmp_path)
    assert frame.to_dict("list") == {"id": ["1"], "x,y": ["a,b"]}
    assert sha256 == hashlib.sha256(packed).hexdigest()


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path):
    """Whether rows are needed is for the reader of the table to say."""
    frame = read("id,x", tmp_path)
    assert (list(frame.columns), len(frame)) == (["id", "x"], 0)


def test_empty_cells_at_the_end_are_no_rows(tmp_path: Path):
    """Spreadsheets leave lines of separators below the data; they hold nothing."""
    assert len(read("id,x\n1,a\n,\n,\n\n", tmp_path)) == 1


cells = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("\"',;\t\n\r =+-@0\\ÄØ\u2028\u00a0\ufeff")),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(alphabet=string.ascii_letters, min_size=1), cells, cells), min_size=1
    ),
    st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL)]),
)
def test_whatever_a_csv_writer_writes_is_read_back(
    rows: list[tuple[str, str, str]], style: tuple[str, Any]
):
    """Hostile names and ids survive: formulas, quotes, line breaks, marks, odd blanks."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=style[0], quoting=style[1])
    writer.writerows([("key", "a", "b"), *rows])
    frame = files.read_delimited(text.getvalue().encode(), ",", "t.csv")
    assert list(frame.itertuples(index=False, name=None)) == rows


# -------------------------------------------------------------------------------- other kinds


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    """Write an Excel file with these cells."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, line in enumerate(rows):
                for col, cell in enumerate(line):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(row, col, dt.datetime(*cell.timetuple()[:3]), day)
                    elif isinstance(cell, str):
                        sheet.write_string(row, col, cell)
                    elif cell is not None:
                        sheet.write(row, col, cell)


def test_excel_cells_keep_their_types(tmp_path: Path):
    """Text stays text ("007"), whole numbers are whole, dates are dates, empty is None."""
    rows: list[list[Any]] = [
        ["id", "n", "share", "day", "flag", 2027],
        ["007", 12, 0.5, dt.date(2026, 7, 1), True, None],
        ["A", 13, 2, None, None, "x"],
    ]
    workbook(tmp_path / "t.xlsx", {"A": rows})
    frame, _ = read_table(TableSource(file="t.xlsx"), tmp_path)
    assert frame.to_dict("list") == {
        "id": ["007", "A"],
        "n": [12, 13],
        "share": [0.5, 2.0],
        "day": [dt.date(2026, 7, 1), None],
        "flag": [True, None],
        "2027": [None, "x"],
    }
    assert isinstance(frame["n"][0], int)


def test_the_sheet_named_is_the_sheet_read(tmp_path: Path):
    """Of two sheets the one asked for; empty columns before the table are no columns."""
    workbook(tmp_path / "t.xlsx", {"A": [["id"], ["a"]], "B": [[None, "id"], [None, "b"]]})
    frame, _ = read_table(TableSource(file="t.xlsx", sheet="B"), tmp_path)
    assert frame.to_dict("list") == {"id": ["b"]}


def test_parquet_keeps_whole_numbers_beside_empty_cells(tmp_path: Path):
    """Ids of 19 digits beside an empty cell are not rounded, and a named index is a column."""
    big = 1234567890123456789
    frame = pd.DataFrame({"n": pd.array([big, None], dtype="Int64")}, index=["a", "b"])
    frame.index.name = "id"
    frame.to_parquet(tmp_path / "t.parquet")
    back, _ = read_table(TableSource(file="t.parquet"), tmp_path)
    assert back["id"].tolist() == ["a", "b"]
    assert str(back["n"][0]) == str(big)
    assert back["n"].isna().tolist() == [False, True]


def test_records_may_leave_cells_out():
    """A key that a record lacks is an empty cell; the hash does not depend on the order of keys."""
    one = TableSource(records=({"id": "a", "n": 1}, {"id": "b"}))
    other = TableSource(records=({"n": 1, "id": "a"}, {"id": "b"}))
    frame, sha256 = read_table(one, HERE)
    assert frame.to_dict("list") == {"id": ["a", "b"], "n": [1, None]}
    assert sha256 == read_table(other, HERE)[1]
    assert sha256 != read_table(TableSource(records=({"id": "a", "n": 2}, {"id": "b"})), HERE)[1]


def test_a_frame_is_copied_and_its_named_index_is_a_column():
    """The caller's frame stays as it is, whatever is done to the table read from it."""
    mine = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="id"))
    before = mine.copy(deep=True)
    frame, _ = read_table(TableSource(frame="mine"), HERE, {"mine": mine})
    frame.loc[0, "n"] = 99
    frame["more"] = 1
    pd.testing.assert_frame_equal(mine, before)
    assert list(frame.columns) == ["id", "n", "more"]


def test_equal_frames_have_equal_hashes_and_others_have_not():
    """The hash follows names, values and empty cells, not the index or the memory layout."""
    frame = pd.DataFrame(
        {"id": ["a", None], "n": [1.0, 2.0], "d": pd.to_datetime(["2026-01-01"] * 2)}
    )
    others = [
        frame.rename(columns={"id": "key"}),
        frame.assign(n=[1.0, 3.0]),
        frame.assign(id=["a", "b"]),
        frame.assign(d=pd.to_datetime(["2026-01-01", "2026-01-02"])),
        frame.iloc[:1],
    ]

    def sha256(table: Any) -> str:
        return read_table(TableSource(frame="f"), HERE, {"f": table})[1]

    assert sha256(frame) == sha256(frame.iloc[::-1].iloc[::-1].set_axis([5, 6]))
    assert len({sha256(frame), *map(sha256, others)}) == 6


def test_polars_and_arrow_tables_are_read():
    """Any table that narwhals knows, with whole numbers kept whole beside empty cells."""
    import pyarrow as pa

    arrow = pa.table({"id": ["a", "b"], "n": [2**60 + 1, None]})
    tables: list[Any] = [arrow]
    polars = pytest.importorskip("polars", reason="polars is not installed")
    tables.append(polars.from_arrow(arrow))
    for table in tables:
        frame, _ = read_table(TableSource(frame="t"), HERE, {"t": table})
        assert frame["id"].tolist() == ["a", "b"]
        assert str(frame["n"][0]) == str(2**60 + 1)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([1, 2], "frame 't': is a list, not a table in memory"),
        (pd.DataFrame([[1, 2]]), "frame 't', header: column 1 is named 0, which is no text"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "columns 1 and 2 are all named 'a'"),
    ],
)
def test_what_is_no_table_is_refused(table: Any, says: str):
    """A list, unnamed columns and columns of one name have no meaning as a table."""
    with pytest.raises(DataError) as caught:
        read_table(TableSource(frame="t"), HERE, {"t": table})
    assert says in str(caught.value)


def test_a_frame_that_was_not_handed_over_is_named():
    """The message lists what was handed over instead."""
    with pytest.raises(DataError) as caught:
        read_table(TableSource(frame="crm"), HERE, {"erp": pd.DataFrame()}, "data.accounts")
    assert str(caught.value) == (
        "data.accounts.frame: no frame 'crm' was handed over\n"
        "    fix: pass it from Python; handed over: erp"
    )


def test_pair_sources_are_tables_too(tmp_path: Path):
    """The same reader serves lists of pairs."""
    (tmp_path / "p.csv").write_text("account_id,rep_id\na,r\n")
    frame, _ = read_table(PairSource(file="p.csv"), tmp_path)
    assert frame.to_dict("list") == {"account_id": ["a"], "rep_id": ["r"]}
