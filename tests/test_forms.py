"""Other forms of a comparison: independent readers find the numbers and names of the JSON there."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import sys
import webbrowser
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest
from frontier_toys import four, here
from python_calamine import CalamineWorkbook
from test_cli import ACCOUNTS, REPS, SCENARIO, STUDY
from test_outputs import two
from tiny_comparison import RULES, plan_of, tiny

from optiterr import cli
from optiterr.cli.common import Standing
from optiterr.comparison.side_by_side import Comparison, compare, summarise, summarise_today
from optiterr.errors import DataError, SpecError
from optiterr.frontier import frontier
from optiterr.outputs import render
from optiterr.outputs.csvs import tables
from optiterr.outputs.forms import excel_cells
from optiterr.outputs.forms.made import File
from optiterr.outputs.forms.plain import file_names, headings, visible
from optiterr.outputs.forms.writing import FORMS, forms_asked, write_forms
from optiterr.outputs.schemas import schema_of
from optiterr.outputs.terminal import verdict_lines
from optiterr.solution import Improvement

HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd()|' /C calc'!A0",
    "abc\u202edcba\u202c \u200fhidden",
    "🦊 ümläut & \"quotes\" 'single' ]]> <!-- | ../../etc",
    "two\nlines\r\nand\ta tab",
    "nul\x00 and bell\x07, _x0041_, \ufffe",
    "x" * 10_000,
    "🦊" * 20_000,
)
KML = "{http://www.opengis.net/kml/2.2}"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@cache
def hostile() -> Comparison:
    """The tiny case with every id, name, manager and title turned against the reader."""
    problem = tiny()
    ids = [HOSTILE[0], HOSTILE[1], HOSTILE[4], HOSTILE[5], HOSTILE[6]]
    accounts = problem.accounts.assign(account_id=ids, name=list(HOSTILE[3:]))
    reps = problem.reps.assign(
        rep_id=["Con", "cON"], name=[HOSTILE[1], HOSTILE[5]], manager=[HOSTILE[2], HOSTILE[0]]
    )
    problem = replace(problem, accounts=accounts, reps=reps)
    back, rep = dict(zip("abcde", ids, strict=True)), {"r1": "Con", "r2": "cON"}
    cases = []
    for name, served in ((HOSTILE[0], "12211"), ("=Books!$A$1", "11222")):
        given = {back[one]: rep[f"r{at}"] for one, at in zip("abcde", served, strict=True)}
        plan = plan_of(bound=20.0).model_copy(update={"assignment": given})
        cases.append(summarise(name, plan, problem, RULES, scenario_title=name))
    today = summarise_today(problem, RULES, title="Today")
    return compare("study", HOSTILE[4], cases, today)


COMPARISONS = pytest.mark.parametrize("made", [two, hostile], ids=["plain", "hostile"])


def of(form: str, comparison: Comparison) -> dict[str, File]:
    return {file.name: file for file in FORMS[form](comparison, ())}


def told(comparison: Comparison) -> dict[str, Any]:
    """What comparison.json says."""
    found: dict[str, Any] = json.loads(comparison.to_json())
    return found


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def workbook(comparison: Comparison) -> dict[str, list[list[Any]]]:
    return sheets(of("excel", comparison)["comparison.xlsx"].content)


def lines(rows: list[list[Any]]) -> Iterator[dict[str, Any]]:
    head, *body = rows
    for row in body:
        yield dict(zip(head, row, strict=True))


def shown(text: str | None) -> str:
    """Text as a cell gives it back: pictures for what XML forbids, nothing for nobody."""
    return visible(text or "")


def same(cell: Any, value: float | None) -> bool:
    return bool(cell == "") if value is None else type(cell) is float and cell == value


# Excel


@COMPARISONS
def test_every_number_of_the_workbook_is_that_of_the_json(made: Any) -> None:
    """Figures, books, moves and who serves whom, to the last bit; names are those of the JSON."""
    comparison = made()
    data, read = told(comparison), workbook(comparison)
    names = headings([case["name"] for case in (data["today"], *data["cases"])])
    figures = list(lines(read["Figures"]))
    assert len(figures) == len(data["rows"])
    for line, row in zip(figures, data["rows"], strict=True):
        assert line["figure"] == row["figure"]["key"]
        for head, cell in zip(names, row["cells"].values(), strict=True):
            assert same(line[head], cell["value"])
    books = iter(lines(read["Books"]))
    moves = iter(lines(read["Moves"]))
    for case in data["cases"]:
        for book in case["books"]:
            for measure in case["measures"]:
                line = next(books)
                assert (line["case"], line["rep_id"]) == (case["name"], book["rep_id"])
                assert line["rep_name"] == shown(book["name"])
                for part in ("before", "after", "target", "kept", "gained", "lost"):
                    assert same(line[part], book[part].get(measure))
        for move in case["moves"]:
            line = next(moves)
            assert line["account_id"] == shown(move["account_id"])
            assert line["to_rep"] == shown(move["to_rep"])
            assert line["why"] == shown(move["why"])
            assert same(line["worth"], move["worth"])
            assert same(line["revenue"], move["measures"]["revenue"])
    assert (next(books, None), next(moves, None)) == (None, None)
    table, reps = data["accounts"], data["reps"]
    accounts = list(lines(read["Accounts"]))
    assert [line["account_id"] for line in accounts] == [shown(one) for one in table["ids"]]
    for head, served in zip(names, (table["today"], *table["served"].values()), strict=True):
        ids = [reps[at]["rep_id"] if at >= 0 else "" for at in served]
        assert [line[f"rep {head}"] for line in accounts] == ids
    assert [line["latitude"] for line in accounts] == table["latitude"]


@COMPARISONS
def test_measures_stand_side_by_side_in_the_workbook(made: Any) -> None:
    """Flows and differences: a row for each pair of reps, a column for each measure."""
    data, read = told(made()), workbook(made())
    flows = list(lines(read["Flows"]))
    wanted = [(case["name"], flow) for case in data["cases"] for flow in case["flows"]]
    assert len(flows) == len(wanted) > 0
    for line, (case, flow) in zip(flows, wanted, strict=True):
        assert (line["case"], line["to_rep"]) == (case, flow["to_rep"])
        assert {name: line[name] for name in flow["measures"]} == flow["measures"]
    (one,) = data["differences"]
    (line,) = lines(read["Differences"])
    assert {name: line[name] for name in one["measures"]} == one["measures"]
    passages = list(lines(read["Differences by rep"]))
    for line, flow in zip(passages, one["flows"], strict=True):
        assert line["first_rep"] == (flow["first_rep"] or "")
        assert line["second_rep"] == (flow["second_rep"] or "")
        assert {name: line[name] for name in flow["measures"]} == flow["measures"]


@COMPARISONS
def test_nothing_in_the_workbook_is_a_formula_or_a_link(made: Any) -> None:
    """No cell computes, no part leads outside, every part is well-formed XML."""
    content = of("excel", made())["comparison.xlsx"].content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            root = ElementTree.fromstring(parts.read(name))
            tags = [one.tag for one in root.iter()]
            if "/worksheets/sheet" in name:
                assert f"{SHEET}f" not in tags
                assert f"{SHEET}hyperlink" not in tags
            if "/charts/chart" in name:
                spots = {one.text for one in root.iter() if one.tag.endswith("}f")}
                assert spots
                assert all(re.fullmatch(r"'Chart data'![$A-Z0-9:]+", spot or "") for spot in spots)
            assert 'TargetMode="External"' not in parts.read(name).decode()


@COMPARISONS
def test_sheets_are_tables_with_headings_that_stay(made: Any) -> None:
    """A table each; its names are the cells of its heading, or Excel would mend the file."""
    content = of("excel", made())["comparison.xlsx"].content
    wanted = {"Figures", "Books", "Moves", "Accounts", "Differences", "Teams", "Rules"}
    assert wanted | {"Summary", "Charts", "Data dictionary"} <= set(sheets(content))
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        texts = [
            "".join(one.itertext())
            for one in ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
        ]
        found = sorted(name for name in parts.namelist() if name.startswith("xl/tables/"))
        assert len(found) == len(set(found)) >= 17
        heads = [
            [one.attrib["name"] for one in ElementTree.fromstring(parts.read(name)).iter()
             if one.tag == f"{SHEET}tableColumn"]
            for name in found
        ]  # fmt: skip
        frozen = 0
        for name in parts.namelist():
            if "/worksheets/sheet" in name:
                root = ElementTree.fromstring(parts.read(name))
                frozen += any(one.tag == f"{SHEET}pane" for one in root.iter())
                if len(list(root.iter(f"{SHEET}tablePart"))) == 1:
                    row = next(root.iter(f"{SHEET}row"))
                    assert [texts[int(cell[0].text or "")] for cell in row] in heads
        assert frozen == len(found) - 3  # all but the numbers of the three charts
        for head in heads:
            assert len({one.lower() for one in head}) == len(head)
            assert set(head) <= set(texts)


def test_the_same_comparison_gives_the_same_bytes() -> None:
    """Every form but once more: no clock, no order of a set."""
    for name, form in FORMS.items():
        first, second = (list(form(two(), ())) for _ in range(2))
        assert first, name
        assert first == second, name
    content = of("excel", two())["comparison.xlsx"].content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert b"2000-01-01T00:00:00Z" in parts.read("docProps/core.xml")
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


def test_text_that_no_cell_holds_says_so_and_is_whole_in_the_table() -> None:
    """Twenty thousand foxes are 40,000 units of the 32,767; ten thousand signs are all there."""
    file = of("excel", hostile())["comparison.xlsx"]
    read = list(lines(sheets(file.content)["Accounts"]))
    assert read[4]["account_id"] == "x" * 10_000
    name = read[4]["account_name"]
    assert name.endswith("… [cut: 20,000 characters, all of them in the CSV tables]")
    assert len(name.encode("utf-16-le")) <= 2 * 32_767
    assert set(name[:16_000]) == {"🦊"}
    assert any("too long for a cell: cut" in note for note in file.notes)
    assert any("signs that XML forbids" in note for note in file.notes)
    summary = [row[0] for row in sheets(file.content)["Summary"]]
    assert summary[0] == shown(HOSTILE[4])
    assert any("too long for a cell" in line for line in summary)
    rows = list(csv.DictReader(io.StringIO(tables(hostile())["accounts.csv"], newline="")))
    assert rows[4]["account_name"] == HOSTILE[7]
    assert rows[2]["account_name"] == HOSTILE[5]


def test_a_table_that_does_not_fit_on_a_sheet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five accounts and a heading need six rows: five are too few, six are enough."""
    monkeypatch.setattr(excel_cells, "COLUMNS", 10**6)
    monkeypatch.setattr(excel_cells, "ROWS", 5)
    with pytest.raises(DataError, match="with the heading, and a sheet holds 5") as caught:
        list(FORMS["excel"](two(), ()))
    assert caught.value.faults[0].where == "comparison.xlsx, sheet Figures"
    assert "parquet" in caught.value.faults[0].fix
    table = excel_cells.Tidy("t", "", (), ([1.0] * 5,))
    monkeypatch.setattr(excel_cells, "ROWS", 6)
    excel_cells.check_size("t", table)
    monkeypatch.setattr(excel_cells, "ROWS", 5)
    with pytest.raises(DataError, match="6 rows"):
        excel_cells.check_size("t", table)


def test_charts_show_loads_moves_and_the_frontier() -> None:
    """A chart a case, one of moves, one of each frontier of two goals; their numbers are cells."""
    curve = frontier(four(), ["moves", "fair"], workers=1, hands=here(), points=60)
    (file,) = FORMS["excel"](two(), [curve])
    read = sheets(file.content)
    with zipfile.ZipFile(io.BytesIO(file.content)) as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 4
    points = list(lines(read["Frontier"]))
    for line, point in zip(points, curve.points, strict=False):
        assert [line[f"goal {name}"] for name in curve.names] == list(point.values.values())
    data = read["Chart data"]
    assert data[0][0] == "revenue of each rep today and in Tiny"
    assert data[2][:3] == ["Lee", 30.0, 25.0]  # a and b today: 10 + 20; a, d and e: 10 + 5 + 10


# CSV and Parquet


@COMPARISONS
def test_every_column_is_in_the_dictionary(made: Any) -> None:
    """Each column of each table has a meaning and a type, and nothing else is described."""
    files = tables(made())
    rows = list(csv.DictReader(io.StringIO(files["dictionary.csv"], newline="")))
    assert list(rows[0]) == ["table", "column", "meaning", "unit", "type"]
    said = {(row["table"], row["column"]) for row in rows if row["type"] not in ("", "figure")}
    there = {
        (name.removesuffix(".csv"), column)
        for name, text in files.items()
        if name != "dictionary.csv"
        for column in next(csv.reader(io.StringIO(text, newline="")))
    }
    assert said == there
    assert all(row["meaning"] for row in rows)
    keys = {row["column"] for row in rows if row["type"] == "figure"}
    assert keys == {row.figure.key for row in made().rows}


@COMPARISONS
def test_parquet_and_csv_say_the_same(made: Any) -> None:
    """Every cell of every table; numbers to the last bit, text to the last sign."""
    files = tables(made())
    found = of("parquet", made())
    assert {f"parquet/{name.removesuffix('.csv')}.parquet" for name in files} == set(found)
    for name, text in files.items():
        table = pq.read_table(
            io.BytesIO(found[f"parquet/{name.removesuffix('.csv')}.parquet"].content)
        )
        head, *rows = csv.reader(io.StringIO(text, newline=""))
        assert table.column_names == head
        kinds = {field.name: str(field.type) for field in table.schema}
        columns = [column.to_pylist() for column in table.columns]
        for place, row in enumerate(rows):
            for column, cell, values in zip(head, row, columns, strict=True):
                value = values[place]
                if value is None:
                    assert cell == ""
                elif kinds[column] == "string":
                    assert cell == value
                else:
                    assert float(cell) == value
        assert all(field.metadata[b"meaning"] for field in table.schema)


@COMPARISONS
def test_accounts_by_case_are_those_of_the_json(made: Any) -> None:
    """A row for each account in each case, today first; -2 is told apart from nobody."""
    comparison = made()
    table = comparison.accounts
    assert table is not None
    away = (-2, *table.today[1:])
    comparison = comparison.model_copy(
        update={"accounts": table.model_copy(update={"today": away})}
    )
    frame = pq.read_table(io.BytesIO(of("parquet", comparison)["parquet/accounts.parquet"].content))
    rows = frame.to_pylist()
    data = told(comparison)
    reps = data["reps"]
    plans = {"today": data["accounts"]["today"], **data["accounts"]["served"]}
    wanted = [
        (case, one, int(at != -2), reps[at]["rep_id"] if at >= 0 else None)
        for case, served in plans.items()
        for one, at in zip(data["accounts"]["ids"], served, strict=True)
    ]
    assert [(r["case"], r["account_id"], r["in_data"], r["rep_id"]) for r in rows] == wanted
    assert rows[0]["in_data"] == 0
    assert rows[0]["revenue"] == data["accounts"]["measures"]["revenue"][0]


def test_differences_and_teams_are_those_of_the_json() -> None:
    """Amounts between every two plans, the accounts behind them, and teams, from JSON to CSV."""
    data, files = told(hostile()), tables(hostile())
    read = {
        name: list(csv.DictReader(io.StringIO(files[f"{name}.csv"], newline="")))
        for name in ("differences", "passages", "switches", "teams", "flows")
    }
    (one,) = data["differences"]
    amounts = {row["measure"]: float(row["amount"]) for row in read["differences"]}
    assert amounts == {"accounts": float(one["accounts"])} | one["measures"]
    assert [float(row["amount"]) for row in read["switches"]] == [
        switch["amount"] for switch in one["largest"]
    ]
    assert [row["account_id"] for row in read["switches"]] == [
        switch["account_id"] for switch in one["largest"]
    ]
    assert len(read["passages"]) == sum(len(flow["measures"]) for flow in one["flows"]) > 0
    teams = [(row["case"], row["manager"], row["measure"]) for row in read["teams"]]
    assert teams == [
        (team["case"], team["manager"], name) for team in data["teams"] for name in team["after"]
    ]
    after = [float(row["after"]) for row in read["teams"]]
    assert after == [load for team in data["teams"] for load in team["after"].values()]
    flows = [float(row["amount"]) for row in read["flows"]]
    assert flows == [
        amount
        for case in data["cases"]
        for flow in case["flows"]
        for amount in flow["measures"].values()
    ]


# Places


def without_a_place(comparison: Comparison) -> Comparison:
    """The same, with the second account nowhere."""
    table = comparison.accounts
    assert table is not None
    north = (table.latitude[0], None, *table.latitude[2:])
    return comparison.model_copy(update={"accounts": table.model_copy(update={"latitude": north})})


@COMPARISONS
def test_geojson_has_every_account_and_says_who_has_no_place(made: Any) -> None:
    """RFC 7946: longitude first, no geometry where there is no place; names are exact."""
    comparison = without_a_place(made())
    file = of("geojson", comparison)["accounts.geojson"]
    read, data = json.loads(file.content), told(comparison)
    table, reps = data["accounts"], data["reps"]
    assert read["type"] == "FeatureCollection"
    assert (read["about"]["accounts"], read["about"]["without_place"]) == (5, 1)
    assert file.notes == (
        "accounts.geojson: 1 account of 5 without a place: features without geometry, "
        "not on any map",
    )
    for at, feature in enumerate(read["features"]):
        assert feature["type"] == "Feature"
        assert feature["id"] == feature["properties"]["id"] == table["ids"][at]
        assert feature["properties"]["name"] == table["names"][at]
        assert feature["properties"]["measure revenue"] == table["measures"]["revenue"][at]
        place = [table["longitude"][at], table["latitude"][at]]
        point = None if at == 1 else {"type": "Point", "coordinates": place}
        assert feature["geometry"] == point
        for case, served in {"today": table["today"], **table["served"]}.items():
            rep = reps[served[at]]["rep_id"] if served[at] >= 0 else None
            assert feature["properties"][f"rep {case}"] == rep
    homes = json.loads(of("geojson", comparison)["reps.geojson"].content)
    assert [one["id"] for one in homes["features"]] == [rep["rep_id"] for rep in reps]
    assert homes["features"][1]["geometry"]["coordinates"] == [2.0, 0.0]


def test_an_account_that_a_case_does_not_have_is_no_account_of_nobody() -> None:
    """No property where the data does not have it; null where nobody serves it."""
    table = two().accounts
    assert table is not None
    away = table.model_copy(update={"today": (-2, -1, *table.today[2:])})
    comparison = two().model_copy(update={"accounts": away})
    first, second, *_ = json.loads(of("geojson", comparison)["accounts.geojson"].content)[
        "features"
    ]
    assert "rep today" not in first["properties"]
    assert second["properties"]["rep today"] is None
    file = of("kml", comparison)["territories-today.kml"]
    names = [one.text for one in ElementTree.fromstring(file.content).iter(f"{KML}name")]
    assert "Acme" not in names
    assert "Bolt" in names
    assert "territories-today.kml: 1 account not in the data of this case" in file.notes
    cells = list(lines(workbook(comparison)["Accounts"]))
    assert [line["rep today"] for line in cells[:2]] == ["(not in the data)", ""]


@COMPARISONS
def test_kml_has_a_folder_for_each_rep_with_all_it_serves(made: Any) -> None:
    """Folders, points and colours by rep; names are text, with pictures for what XML forbids."""
    comparison = without_a_place(made())
    data = told(comparison)
    table, reps = data["accounts"], data["reps"]
    plans = {"today": table["today"], **table["served"]}
    files = of("kml", comparison)
    assert len(files) == len(plans)
    for (name, file), served in zip(files.items(), plans.values(), strict=True):
        root = ElementTree.fromstring(file.content)
        document = root[0]
        assert f"{name}: 1 account of 5 without a place: in the folders, without a point" in (
            file.notes
        )
        assert "1 account of 5 without a place" in (document.findtext(f"{KML}description") or "")
        found: dict[str, tuple[str, str | None, str]] = {}
        for folder in document.iter(f"{KML}Folder"):
            for mark in folder.iter(f"{KML}Placemark"):
                style = mark.findtext(f"{KML}styleUrl") or ""
                values = {
                    one.attrib["name"]: one.findtext(f"{KML}value")
                    for one in mark.iter(f"{KML}Data")
                }
                if style.startswith("#rep"):
                    point = mark.findtext(f"{KML}Point/{KML}coordinates")
                    assert float(values["revenue"] or "") in table["measures"]["revenue"]
                    found[str(values["id"])] = (values["rep"] or "", point, style)
        assert sorted(found) == sorted(visible(one) for one in table["ids"])
        for at, (one, rep) in enumerate(zip(table["ids"], served, strict=True)):
            serving, point, style = found[visible(one)]
            assert serving == (reps[rep]["rep_id"] if rep >= 0 else "")
            assert style == f"#rep{rep if rep >= 0 else len(reps)}"
            if at == 1:
                assert point is None
            else:
                assert [float(part) for part in (point or "").split(",")] == [
                    table["longitude"][at],
                    table["latitude"][at],
                ]
        colours = [
            one.findtext(f"{KML}IconStyle/{KML}color") for one in document.iter(f"{KML}Style")
        ]
        assert len(set(colours)) == len(reps) + 1
        titles = [one.text for one in document.iter(f"{KML}name")]
        for title in table["names"]:
            assert visible(title) in titles
    strange = [note for file in files.values() for note in file.notes if "XML forbids" in note]
    assert len(strange) == (0 if made is two else len(plans))


def test_places_off_the_globe_are_refused_together() -> None:
    """A latitude of 91 and a longitude of -181, both named; the ends themselves are places."""
    table = two().accounts
    assert table is not None

    def at(north: tuple[float, ...], east: tuple[float, ...]) -> Comparison:
        moved = table.model_copy(update={"latitude": north, "longitude": east})
        return two().model_copy(update={"accounts": moved})

    good = at((90.0, -90.0, 0.0, 0.0, 0.0), (180.0, -180.0, 0.0, 0.0, 0.0))
    assert of("geojson", good)
    bad = at((91.0, 0.0, 0.0, 0.0, 0.0), (0.0, -181.0, 0.0, 0.0, 0.0))
    for form in ("geojson", "kml"):
        with pytest.raises(DataError, match="not on the globe") as caught:
            list(FORMS[form](bad, ()))
        assert [fault.where for fault in caught.value.faults] == ["place of 'a'", "place of 'b'"]


# Route lists


@COMPARISONS
def test_route_lists_hold_every_account_once_a_case(made: Any, tmp_path: Path) -> None:
    """The index leads to each list; together they hold all; who has no place is counted."""
    comparison = without_a_place(made())
    (written,) = write_forms(comparison, tmp_path, ["routes"])
    data = told(comparison)
    table, reps = data["accounts"], data["reps"]
    index = list(rows_of(tmp_path / "routes" / "index.csv"))
    files = {path.relative_to(tmp_path / "routes").as_posix() for path in written.paths}
    assert files == {row["file"] for row in index if row["file"]} | {"index.csv"}
    assert sum(int(row["without_place"]) for row in index) == 3  # once in each of three cases
    assert "1 account without a place stay in the lists" in written.notes[0]
    for case, served in {"today": table["today"], **table["served"]}.items():
        found = {}
        for row in index:
            if row["case"] == case and row["file"]:
                stops = list(rows_of(tmp_path / "routes" / row["file"]))
                assert len(stops) == int(row["accounts"])
                for stop in stops:
                    at = table["ids"].index(stop["id"])
                    found[stop["id"]] = row["rep_id"]
                    assert stop["name"] == table["names"][at]
                    assert float(stop["revenue"]) == table["measures"]["revenue"][at]
                    assert float(stop["longitude"]) == table["longitude"][at]
                    assert (stop["latitude"] == "") == (at == 1)
        assert found == {
            one: reps[at]["rep_id"] if at >= 0 else ""
            for one, at in zip(table["ids"], served, strict=True)
        }


def rows_of(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_file_names_are_safe_and_never_alike() -> None:
    """No way out of the folder, no device, nothing hidden, no two that differ in case only."""
    ids = ["../../etc/passwd", "..", "", "CON", "con.txt", "Ann", "ANN", "ann-2", "a" * 500, "🦊"]
    ids += ["名" * 200, ".hidden", "-rf", "a\x00b", "x.", "r:1", "r/1"]
    names = file_names(ids, ".csv")
    assert len({name.casefold() for name in names}) == len(ids)
    for name in names:
        assert re.fullmatch(r"[\w][\w-]*\.csv", name), name
        assert len(name.encode()) < 255
        assert name.split(".")[0].lower() not in ("con", "")
    assert file_names(["Ann", "ANN"]) == ["Ann", "ANN-2"]
    assert file_names(["R1", "R-2", "r_3"]) == ["R1", "R-2", "r_3"]


def test_headings_are_short_single_lines_and_never_alike() -> None:
    """What Excel would take for one name is told apart."""
    found = headings(["case", "Case", "a\nb", "", "=A1", "_x0041_", "y" * 300, "nul\x00"])
    assert found[:6] == ["case", "Case (2)", "a b", "-", "=A1", "-x0041_"]
    assert (len(found[6]), found[7]) == (120, "nul␀")


# Pictures


@COMPARISONS
def test_pictures_are_the_drawings_of_the_page(made: Any) -> None:
    """SVG and PNG of each, on white, under its title; nothing in them runs or leads outside."""
    files = of("pictures", made())
    index = list(csv.DictReader(io.StringIO(files["pictures/index.csv"].content.decode())))
    assert len(files) == 2 * len(index) + 1
    kinds = {row["file"].split("-")[1] for row in index}
    assert kinds == {
        *("overview", "map", "balance", "capacity", "shares", "flows", "matrix", "solve")
    }
    for row in index:
        svg = files[f"pictures/{row['file']}.svg"].content.decode()
        root = ElementTree.fromstring(svg)
        for one in root.iter():
            assert one.tag.split("}")[1] not in ("script", "a", "image", "foreignObject", "style")
            assert not [name for name in one.attrib if name.startswith("on") or "href" in name]
        tags = [one.tag.split("}")[1] for one in root]
        assert tags[:5] == ["title", "desc", "rect", "g", "rect"]  # nothing lies over the title
        assert set(tags[5:]) == {"text"}
        assert {one.attrib["fill"] for one in root if one.tag.endswith("}rect")} == {"#ffffff"}
        first = next(one for one in root if one.tag.endswith("}text"))
        flat = " ".join(row["title"].split())
        assert flat.startswith((first.text or "").split("…")[0][:20])
        png = files[f"pictures/{row['file']}.png"].content
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        wide = float(root.attrib["viewBox"].split()[2])
        assert int.from_bytes(png[16:20], "big") == pytest.approx(2 * wide, abs=2)


# Which forms, and where


def test_forms_are_asked_by_name() -> None:
    """Commas and repeats, in our order; 'all' is every form; all wrong words are named."""
    assert forms_asked(["kml,excel", " excel "]) == ("excel", "kml")
    assert forms_asked(["all"]) == tuple(FORMS)
    assert forms_asked([]) == ()
    with pytest.raises(SpecError) as caught:
        forms_asked(["exel", "pdf"])
    assert [fault.what for fault in caught.value.faults] == [
        "there is no form 'exel'",
        "there is no form 'pdf'",
    ]
    assert caught.value.faults[0].fix == "did you mean 'excel'?"
    assert "parquet" in caught.value.faults[1].fix


def test_a_comparison_without_accounts_says_what_it_cannot_write(tmp_path: Path) -> None:
    """Read from cases alone: no map, no lists, and a note instead of silence."""
    bare = two().model_copy(update={"accounts": None, "reps": ()})
    written = {one.form: one for one in write_forms(bare, tmp_path)}
    for form in ("geojson", "kml", "routes"):
        assert written[form].paths == ()
        assert "nothing written" in written[form].notes[0]
    assert [path.name for path in written["excel"].paths] == ["comparison.xlsx"]
    assert len(workbook(bare)["Accounts"]) <= 2


def test_all_forms_stand_beside_the_report(tmp_path: Path) -> None:
    """Nothing is written outside the folder, and no form takes the file of another."""
    paths = render(hostile(), tmp_path)
    for one in write_forms(hostile(), tmp_path):
        paths += one.paths
    assert len(paths) == len(set(paths)) == sum(path.is_file() for path in tmp_path.rglob("*"))
    assert all(path.resolve().is_relative_to(tmp_path.resolve()) for path in paths)


def test_a_terminal_shows_the_first_few_verdicts() -> None:
    """One pair, one sentence; of eight, six and how many more."""
    (only,) = verdict_lines(two())
    assert only == two().verdicts[0].words
    many = two().model_copy(update={"verdicts": two().verdicts * 8})
    assert len(list(verdict_lines(many))) == 7
    assert list(verdict_lines(many))[-1].startswith("... and 2 more pairs")


def test_frames_of_excel_open_in_pandas(tmp_path: Path) -> None:
    """The reader most people use gets the same loads."""
    write_forms(two(), tmp_path, ["excel"])
    frame = pd.read_excel(tmp_path / "comparison.xlsx", sheet_name="Books", engine="calamine")
    own = frame[(frame["case"] == "tiny") & (frame["measure"] == "revenue")]
    assert own.set_index("rep_id")["after"].to_dict() == {"r1": 25.0, "r2": 35.0, "r3": 0.0}


# The command line


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    pages: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda page: bool(pages.append(page)) or True)
    return pages


@pytest.fixture
def study(tmp_path: Path) -> Path:
    texts = {"accounts.csv": ACCOUNTS, "reps.csv": REPS, "trees.yaml": SCENARIO}
    for name, text in (texts | {"forest.study.yaml": STUDY}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    handler = signal.getsignal(signal.SIGTERM)

    def run(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["optiterr", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    yield run
    signal.signal(signal.SIGTERM, handler)


def test_run_and_compare_write_forms_and_open_the_page(
    call: Callable[..., tuple[int, str, str]], study: Path, opened: list[str]
) -> None:
    """Both commands: files beside the report, notes on stderr, the page opened once each."""
    out = study / "out"
    words = ("-o", out, "--forms", "excel,routes", "-f", "kml", "--open")
    code, _, err = call("run", study / "forest.study.yaml", *words)
    assert code == 0
    assert {"comparison.xlsx", "routes", "territories-calmer.kml"} <= {
        path.name for path in out.iterdir()
    }
    assert not (out / "pictures").exists()
    assert "6 accounts of 6 without a place" in " ".join(err.split())
    assert "calmer: optimal, cost 8\n" in err  # nobody watches: a line at the end of a case
    plans = [out / name / "plan.json" for name in ("as-is", "calmer")]
    again = study / "again"
    code, text, err = call("compare", *plans, "-o", again, "-f", "parquet", "--open", "--json")
    assert code == 0
    assert json.loads(text) == json.loads((again / "comparison.json").read_text(encoding="utf-8"))
    assert "wrote 15 files to" in err
    assert opened == [(folder / "report.html").as_uri() for folder in (out, again)]
    code, text, _ = call("compare", *plans)
    assert code == 0
    assert "calmer" in text
    assert "two plans of one problem" in text or "proved" in text.lower()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--forms", "exel", "-o", "out"], "did you mean 'excel'?"),
        (["--forms", "excel"], "name one with -o"),
        (["--open"], "there is no folder to write to"),
    ],
    ids=["unknown", "no folder", "nothing to open"],
)
def test_what_cannot_be_written_is_refused_before_plans_are_read(
    call: Callable[..., tuple[int, str, str]], opened: list[str], words: list[str], says: str
) -> None:
    """Exit 2 and how to mend it, although the plan does not exist either."""
    code, _, err = call("compare", "nothing.json", *words)
    assert (code, says in err) == (2, True)
    assert "nothing.json" not in err
    assert opened == []


def test_a_browser_that_does_not_start_is_told(
    call: Callable[..., tuple[int, str, str]], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is written all the same."""
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    code, _, err = call("run", study / "trees.yaml", "-o", study / "out", "--open")
    assert code == 0
    assert "no browser could be started" in err


def test_progress_says_phase_gap_incumbent_and_bound() -> None:
    """Each as soon as it is known; the gap when both are: (12 - 9) / 12. What an improvement does
    not name stays as it was."""
    seen = Standing()
    assert (str(seen), seen.working) == ("", "working")
    seen.see(Improvement(0.1, bound=9.0, phase="prices"))
    assert (str(seen), seen.working) == ("bound 9", "prices, bound 9")
    seen.see(Improvement(0.2, phase="moves"))
    assert seen.working == "moves, bound 9"
    seen.see(Improvement(0.3, incumbent=12.0))
    assert str(seen) == "gap 25.00%, incumbent 12, bound 9"
    assert seen.working == "moves, gap 25.00%, incumbent 12, bound 9"
    assert Standing(9.0, 9.0).working == "gap 0.00%, incumbent 9, bound 9"


@COMPARISONS
def test_the_json_keeps_its_schema(made: Any) -> None:
    """What is written is what the published schema says, and no more."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with altair")
    check = jsonschema.Draft202012Validator(schema_of("comparison"))
    data = told(made())
    assert list(check.iter_errors(data)) == []
    assert list(check.iter_errors(data | {"more": 1}))
    assert list(check.iter_errors({key: one for key, one in data.items() if key != "lead"}))
    assert list(check.iter_errors(data | {"lead": 3}))
